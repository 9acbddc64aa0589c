"""``gridsim new``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gridsim.commands.shared import OK, Adder, announce, print_json

GUIDE = "gridsim/docs/pages/guides/city.md"  # page "Put in your own city" of the site


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("new", "Make a scenario of your own city from CSV tables.", _run)
    sub.add_argument("name", nargs="?", metavar="NAME", help="writes NAME.toml and NAME-grids.csv")
    sub.add_argument("--grids", type=Path, metavar="FILE", help=f"CSV table of grids; its columns: {GUIDE}")
    sub.add_argument(
        "--departments", type=Path, metavar="FILE", help="CSV table of teams (default: sized by arithmetic)"
    )
    sub.add_argument(
        "--from", dest="base", default="_categories", metavar="SCENARIO", help="says all else (default: the registry)"
    )
    sub.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="folder of the files (default: here)")
    sub.add_argument("--sample", type=Path, metavar="FOLDER", help="only copy sample tables there, to start from")


def _run(a: argparse.Namespace) -> int:
    from gridsim.scenario.scenario import ScenarioError
    from gridsim.studies.own_city import own_city
    from gridsim.views.own_city import city_files, city_json, city_text, city_warnings, write_city

    if a.sample is not None:
        return _sample(a)
    needed = {"NAME": a.name, "--grids": a.grids}
    missing = " and ".join(what for what, given in needed.items() if given is None)
    if missing:
        raise ScenarioError([f"new: {missing} needed; gridsim new --sample FOLDER gives tables to start from"])
    name = a.name.removesuffix(".toml")
    files = city_files(name, a.out)
    city = own_city(name, a.grids, a.departments, a.base, a.out, lambda: announce(a.lang))
    write_city(city, files)
    if a.json:
        print_json(city_json(city, files, a.lang))
        for line in city_warnings(city, a.lang):  # which the text holds
            print(f"gridsim: {line}", file=sys.stderr)
    else:
        print(city_text(city, files, a.lang))
    return OK


def _sample(a: argparse.Namespace) -> int:
    from gridsim.views.labels import say
    from gridsim.views.own_city import copy_sample

    files = copy_sample(a.sample)
    if a.json:
        print_json({"files": [str(f) for f in files]})
    else:
        shown = ", ".join(map(str, files))
        print(say("new_sample", a.lang, files=shown, grids=files[0], departments=files[1]))
    return OK
