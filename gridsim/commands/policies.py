"""``gridsim policies``."""

from __future__ import annotations

import argparse

from gridsim.commands.shared import OK, Adder, known_policies, policy_file_option, print_json, short


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("policies", "Explain the policies: what they change, from what to what, at what cost.", _run)
    sub.add_argument(
        "--scenario", default="neighbourhood", metavar="SCENARIO", help="scenario whose values are patched"
    )
    policy_file_option(sub)


def _run(a: argparse.Namespace) -> int:
    from gridsim.scenario.costs import unknown_units
    from gridsim.scenario.parameters import REGISTRY
    from gridsim.scenario.scenario import ScenarioError, load_scenario
    from gridsim.views.labels import aligned
    from gridsim.views.price_list import cost_line

    known = known_policies(a.policy_file)
    scenario = load_scenario(a.scenario)
    unpriced = [line for p in known.values() for line in unknown_units(p, scenario.costs)]
    if unpriced:
        raise ScenarioError(unpriced)
    if a.json:
        print_json([p.model_dump(mode="json") for p in known.values()])
        return OK
    for p in known.values():
        text = (p.chinese_text if a.lang == "zh" else "") or p.text
        print(
            f"{p.name}  {p.title}  {p.chinese}\n    {text}\n    Source: {p.source or 'not stated'}. "
            f"Starts on day {p.starts}."
        )
        rows = [
            [
                f"    {k}",
                REGISTRY[k].chinese,
                short(scenario.get(k)),
                "→",
                short(v),
                REGISTRY[k].unit,
                f"[{REGISTRY[k].grade}]",
            ]
            for k, v in p.set.items()
        ]
        if rows:
            print(aligned(rows))
        for c in p.cost:
            print(f"    Cost: {cost_line(c, scenario)}")
        print()
    print("Grades: S the paper, D arithmetic, A published, B press, C weak, X assumed.")
    return OK
