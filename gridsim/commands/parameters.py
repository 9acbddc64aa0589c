"""``gridsim parameters``."""

from __future__ import annotations

import argparse

from gridsim.commands.shared import OK, Adder, print_json, short


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("parameters", "List every parameter with unit, range, source and evidence grade.", _run)
    sub.add_argument("section", nargs="?", metavar="SECTION", help="only this section, such as linkage")


def _run(a: argparse.Namespace) -> int:
    from gridsim.scenario.parameters import PARAMETERS
    from gridsim.scenario.scenario import SECTIONS, ScenarioError, nearest
    from gridsim.views.labels import aligned

    if a.section and a.section not in SECTIONS:
        raise ScenarioError(
            [
                f"parameters: no section {a.section!r}{nearest(a.section, SECTIONS) or '.'} "
                f"Sections are {', '.join(SECTIONS)}"
            ]
        )
    chosen = [p for p in PARAMETERS if a.section in (None, p.section)]
    if a.json:
        print_json(
            [
                {
                    "key": p.key,
                    "chinese": p.chinese,
                    "unit": p.unit,
                    "text": p.text,
                    "source": p.source,
                    "grade": p.grade,
                    "default": p.default.model_dump() if hasattr(p.default, "model_dump") else p.default,
                    "low": p.low,
                    "high": p.high,
                    "minimum": p.minimum,
                    "maximum": p.maximum,
                    "lever": p.lever,
                }
                for p in chosen
            ]
        )
        return OK
    rows = [["parameter", "术语", "default", "unit", "range", "grade", "lever", "meaning", "source"]]
    rows += [
        [
            p.key,
            p.chinese,
            short(p.default),
            p.unit,
            "" if p.low is None else f"{p.low:g}–{p.high:g}",
            p.grade,
            "yes" if p.lever else "",
            p.text,
            p.source,
        ]
        for p in chosen
    ]
    print(aligned(rows))
    return OK
