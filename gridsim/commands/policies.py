"""``gridsim policies``."""

from __future__ import annotations

import argparse
from typing import Any

from gridsim.commands.shared import OK, Adder, known_policies, policy_file_option, print_json, short


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("policies", "Explain the policies: what they change, from what to what, at what cost.", _run)
    sub.add_argument("names", nargs="*", metavar="NAME", help="only these policies or configurations")
    sub.add_argument(
        "--scenario", default="neighbourhood", metavar="SCENARIO", help="scenario whose values are patched"
    )
    policy_file_option(sub)


def _run(a: argparse.Namespace) -> int:
    from gridsim.scenario.costs import unknown_units
    from gridsim.scenario.scenario import ScenarioError, load_scenario, nearest
    from gridsim.views.labels import say

    known = known_policies(a.policy_file)
    scenario = load_scenario(a.scenario)
    errors = [line for p in known.values() for line in unknown_units(p, scenario.costs)]
    errors += [f"policies: no policy {n!r}{nearest(n, known)}" for n in a.names if n not in known]
    if errors:
        raise ScenarioError(errors)
    wished = [known[n] for n in a.names] or list(known.values())
    if a.json:
        print_json([p.model_dump(mode="json") for p in wished])
        return OK
    for p in wished:
        print(_told(p, known, scenario, a.lang) + "\n")
    print(say("policies_legend", a.lang))
    return OK


def _told(p: Any, known: Any, scenario: Any, lang: str) -> str:
    """One policy or configuration in lines."""
    from gridsim.scenario.parameters import REGISTRY
    from gridsim.views.labels import aligned, say
    from gridsim.views.price_list import cost_line

    lines = [
        f"{p.name}  {p.title}  {p.chinese}",
        f"    {(p.chinese_text if lang == 'zh' else '') or p.text}",
        f"    Source: {p.source or 'not stated'}." + ("" if p.components else f" Starts on day {p.starts}."),
        *([] if p.components else [f"    [{say(f'origin_{p.origin}', lang)}]"]),
    ]
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
    rows += [
        [f"    {dimension}:", name, known[name].chinese, f"({say(f'origin_{known[name].origin}', lang)})"]
        for dimension, name in p.components.items()
    ]
    lines += [aligned(rows)] if rows else []
    return "\n".join([*lines, *(f"    Cost: {cost_line(c, scenario)}" for c in p.cost)])
