"""``gridsim scenarios``."""

from __future__ import annotations

import argparse
from typing import Any

from gridsim.commands.shared import OK, Adder, print_json


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("scenarios", "List the scenarios; show one resolved; or show how two differ.", _run)
    sub.add_argument("--verification", action="store_true", help="list those of known behaviour instead")
    sub.add_argument("names", nargs="*", metavar="SCENARIO", help="none: list; one: show it; two: differences")


def _run(a: argparse.Namespace) -> int:
    from gridsim.scenario.scenario import ScenarioError, builtin_scenarios, load_scenario, verification_scenarios
    from gridsim.views.labels import aligned

    if len(a.names) > 2:
        raise ScenarioError([f"scenarios: at most two names, to compare them (got {len(a.names)})"])
    listed = verification_scenarios() if a.verification else builtin_scenarios()
    found = [load_scenario(n) for n in a.names or listed]
    if len(a.names) == 2:
        difference = found[0].diff(found[1])
        if a.json:
            print_json(difference)
        elif difference:
            print(
                aligned(
                    [
                        ["", found[0].name, found[1].name],
                        *([k, _brief(x), _brief(y)] for k, (x, y) in difference.items()),
                    ]
                )
            )
        else:
            print("no difference")
    elif len(a.names) == 1:
        if a.json:
            print_json(found[0].to_dict())
        else:
            print(found[0].to_toml(), end="")
    elif a.json:
        print_json([{"name": s.name, "title": s.title, "chinese": s.chinese, "hash": s.hash} for s in found])
    else:
        print("\n\n".join(f"{s.name}  {s.title}  {s.chinese}\n    {s.description}\n    {s.source}" for s in found))
    return OK


def _brief(value: Any) -> str:
    """A value on one line: a column of a table of grids is only counted."""
    if not isinstance(value, list):
        return str(value)
    return f"[{value[0]}, … {len(value):,}]" if value else "[]"
