"""``gridsim app``."""

from __future__ import annotations

import argparse
import json

from gridsim.commands.shared import OK, Adder, announce, known_policies, policy_file_option, seed_option, whole


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("app", 'Watch two policies side by side in the browser, day by day (pip install "gridsim[app]").', _run)
    sub.add_argument(
        "scenario", nargs="?", default="neighbourhood", metavar="SCENARIO", help="built-in name, or a .toml file"
    )
    seed_option(sub)
    policy_file_option(sub)
    sub.add_argument(
        "--policies", metavar="A[,B]", default="raise-linkage", help="one policy (beside today) or two, left and right"
    )
    sub.add_argument("--port", type=whole("port", 0, 65_535), default=8765, help="of the page (default 8765; 0: any)")
    sub.add_argument("--no-open", action="store_true", help="open no browser, only say where the page is")


def _run(a: argparse.Namespace) -> int:
    from gridsim.app.pair import Setup
    from gridsim.app.serve import check_installed, serve
    from gridsim.views.labels import say

    check_installed()
    setup = Setup(a.scenario, a.policies, known_policies(a.policy_file))
    announce(a.lang)

    def ready(url: str) -> None:
        print(json.dumps({"url": url}) if a.json else say("app_ready", a.lang, url=url), flush=True)

    serve(setup, a.lang, a.seed, a.port, not a.no_open, ready)
    return OK
