"""A server for the page on this machine, and a browser to show it."""

from __future__ import annotations

import logging
import os
import socket
import threading
import warnings
import webbrowser
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gridsim.app.pair import Setup
from gridsim.scenario.scenario import ScenarioError

# Distributions, and the major version of those with which the page is known to work without internet.
NEEDS = {
    "solara": "1",
    "solara-assets": "1",
    "ipyvuetify": "1",
    "ipyvue": "1",
    "starlette": "0",
    "uvicorn": "",
    "altair": "",
}
HOST = "127.0.0.1"
NOWHERE = "http://127.0.0.1:9/"  # where solara would look for what its installed assets lack: nobody answers


def lacking() -> list[str]:
    """What the page needs and is not installed, or not in the version that it needs."""
    out = []
    for name, major in NEEDS.items():
        try:
            if major not in ("", version(name).split(".")[0]):
                out.append(f"{name} {major}")
        except PackageNotFoundError:
            out.append(name)
    return out


def check_installed() -> None:
    """Raise a ScenarioError where the extra is not installed."""
    if names := lacking():
        raise ScenarioError([f'app: {", ".join(names)} not installed; the page needs pip install "gridsim[app]"'])


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
    setup.warm(rng)
    os.environ |= {"SOLARA_APP": "gridsim.app.page", "SOLARA_MODE": "production", "SOLARA_ASSETS_CDN": NOWHERE}
    os.environ |= {"SOLARA_TELEMETRY_MIXPANEL_ENABLE": "false", "SOLARA_THEME_SHOW_BANNER": "false"}
    warnings.filterwarnings("ignore", module="solara")  # of its cookies on http, and of Mesa's code
    import uvicorn

    from gridsim.app import page

    page.TOLD.setup, page.TOLD.lang, page.TOLD.rng = setup, lang, rng

    class Server(uvicorn.Server):
        def handle_exit(self, *signal: Any) -> None:
            logging.disable(logging.CRITICAL)  # a page that is playing has nobody to talk to any more, and says so
            super().handle_exit(*signal)

    config = uvicorn.Config("solara.server.starlette:app", log_level="warning", timeout_graceful_shutdown=1)
    server = Server(config)
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
    if os.name == "posix":  # elsewhere it would take the port from another program
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError as error:
        raise ScenarioError([f"--port: {port} cannot be used ({error.strerror}); name another, or 0 for any"]) from None
    return listening
