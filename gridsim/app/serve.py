"""A server for the page on this machine, and a browser to show it."""

from __future__ import annotations

import os
import socket
import threading
import warnings
import webbrowser
from collections.abc import Callable
from importlib.util import find_spec

from gridsim.app.pair import Setup
from gridsim.scenario.scenario import ScenarioError

NEEDS = ("solara", "altair", "ipyvuetify", "uvicorn", "starlette")
HOST = "127.0.0.1"
NOWHERE = "http://127.0.0.1:9/"  # where solara would look for what its installed assets lack: nobody answers


def check_installed() -> None:
    """Raise a ScenarioError where what the page needs is not installed."""
    missing = [name for name in NEEDS if find_spec(name) is None]
    if missing:
        raise ScenarioError(
            [f'app: the page needs what is not installed ({", ".join(missing)}); pip install "gridsim[app]"']
        )


def serve(setup: Setup, lang: str, rng: int, port: int, open_browser: bool, ready: Callable[[str], None]) -> None:
    """Serve the page until interrupted.

    Parameters
    ----------
    port : int
        0 for any that is free.
    ready : callable
        Called with the address once the page can be opened.

    Raises
    ------
    ScenarioError
        Where something is not installed, or the port is taken.

    """
    check_installed()
    listening = bound(port)
    os.environ |= {"SOLARA_APP": "gridsim.app.page", "SOLARA_MODE": "production", "SOLARA_ASSETS_CDN": NOWHERE}
    os.environ |= {"SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false", "SOLARA_THEME_SHOW_BANNER": "false"}
    warnings.filterwarnings("ignore", module="solara")  # of its cookies on http, and of Mesa's code
    import uvicorn

    from gridsim.app import page

    page.TOLD.setup, page.TOLD.lang, page.TOLD.rng = setup, lang, rng
    config = uvicorn.Config("solara.server.starlette:app", log_level="warning", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    url = f"http://{HOST}:{listening.getsockname()[1]}"

    def tell() -> None:
        while not server.started:
            if server.should_exit:
                return
            threading.Event().wait(0.05)
        ready(url)
        if open_browser:
            webbrowser.open(url)

    threading.Thread(target=tell, daemon=True).start()
    server.run(sockets=[listening])


def bound(port: int) -> socket.socket:
    """A socket of this machine at a port; ScenarioError where that is taken."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        raise ScenarioError([f"--port: {port} cannot be used ({error.strerror}); name another, or 0 for any"]) from None
    return listening
