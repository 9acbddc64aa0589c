"""``gridsim report``: the brief and the workbook again, from saved tables."""

from __future__ import annotations

import argparse
from pathlib import Path

from gridsim.commands.shared import BOTH, OK, Adder, print_json, spoken


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("report", "Make brief and workbook again from a folder of results, without running anything.", _run, BOTH)
    sub.add_argument("folder", type=Path, metavar="DIR", help="folder that gridsim compare wrote")


def _run(a: argparse.Namespace) -> int:
    from gridsim.views.labels import say
    from gridsim.views.report import remake

    files = remake(a.folder, a.lang)
    if a.json:
        print_json({"folder": str(a.folder), "files": files})
    else:
        print(say("written", spoken(a.lang)[0], folder=a.folder, files=", ".join(files)))
    return OK
