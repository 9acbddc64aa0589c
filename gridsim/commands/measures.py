"""``gridsim measures``."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from gridsim.commands.shared import OK, Adder, print_json


def define(add: Adder) -> None:
    """The command and its options."""
    add("measures", "Explain the measures: unit, direction, definition.", _run)


def _run(a: argparse.Namespace) -> int:
    from gridsim.measures import MEASURES
    from gridsim.views.labels import unit_label

    if a.json:
        print_json([asdict(m) for m in MEASURES])
        return OK
    for m in MEASURES:
        name, other = (m.chinese, m.english) if a.lang == "zh" else (m.english, m.chinese)
        better = {"lower": "↓", "higher": "↑", None: ""}[m.better]
        print(f"{'* ' if m.primary else ''}{name} ({other}) [{unit_label(m.unit, a.lang)}] {better}")
        print(f"    {m.key}: {m.chinese_text if a.lang == 'zh' else m.text}")
    return OK
