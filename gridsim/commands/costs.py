"""``gridsim costs``."""

from __future__ import annotations

import argparse

from gridsim.commands.shared import OK, Adder, print_json


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("costs", "List the unit costs with source and evidence grade.", _run)
    sub.add_argument("scenario", nargs="?", default="neighbourhood", metavar="SCENARIO", help="whose prices to list")


def _run(a: argparse.Namespace) -> int:
    from gridsim.scenario.scenario import load_scenario
    from gridsim.views.price_list import price_list

    scenario = load_scenario(a.scenario)
    if a.json:
        print_json({name: row.model_dump() for name, row in scenario.costs.items()})
    else:
        print(price_list(scenario, a.lang))
    return OK
