"""``gridsim rules``."""

from __future__ import annotations

import argparse
import textwrap
from typing import Any

from gridsim.commands.shared import OK, Adder, print_json


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("rules", "Tell the rules in words: what each does, in which order, and every keyed draw.", _run)
    sub.add_argument("ids", nargs="*", metavar="ID", help="only these rules, such as R9")


def _run(a: argparse.Namespace) -> int:
    from gridsim.model.rulebook import keys, rule_ids, rulebook
    from gridsim.scenario.errors import ScenarioError, nearest

    asked, known = [i.upper() for i in a.ids], rule_ids()
    wrong = [i for i in asked if i not in known]
    if wrong:
        rules = ", ".join(known)
        raise ScenarioError([f"rules: no rule {i!r}{nearest(i, known) or '.'} Rules are {rules}" for i in wrong])
    chapters, drawn = rulebook(), keys()
    if asked:
        chapters = [
            c._replace(text="", notes=(), rules=tuple(r for r in c.rules if set(r.ids) & set(asked))) for c in chapters
        ]
        chapters = [c for c in chapters if c.rules]
        drawn = [k for k in drawn if set(k.rules.split()) & set(asked)]
    if a.json:
        print_json({"chapters": [_plain(c) for c in chapters], "keys": [k._asdict() for k in drawn]})
    else:
        print("\n\n\n".join([*(_chapter(c) for c in chapters), *([_key_table(drawn)] if drawn else [])]))
    return OK


def _plain(chapter: Any) -> dict[str, Any]:
    rows = {"notes": [n._asdict() for n in chapter.notes], "rules": [r._asdict() for r in chapter.rules]}
    return chapter._asdict() | rows


def _chapter(chapter: Any) -> str:
    title = f"gridsim.{chapter.module}"
    parts = [f"{title}\n{'=' * len(title)}", *([chapter.text] if chapter.text else [])]
    return "\n\n".join([*parts, *(_note(n) for n in chapter.notes), *(_rule(r) for r in chapter.rules)])


def _note(note: Any) -> str:
    if note.columns:
        cells = ", ".join(f"{name} {kind}" for name, kind in note.columns.items())
        lines = [f"{', '.join(note.names)}: {cells}"]
    else:
        lines = [", ".join(f"{k} = {v!r}" for k, v in note.values.items()) or ", ".join(note.names)]
    head = textwrap.fill(lines[0], 118, subsequent_indent="  ", break_on_hyphens=False)
    return f"{head}\n{textwrap.indent(note.text, '    ')}"


def _rule(rule: Any) -> str:
    ids = f"[{', '.join(rule.ids)}]  " if rule.ids else ""
    return f"{ids}{rule.signature}  ({rule.kind})\n{textwrap.indent(rule.text, '    ')}"


def _key_table(drawn: list[Any]) -> str:
    from gridsim.views.labels import aligned

    title = "The key table: every keyed draw"
    rows = [["stream", "no.", "entity", "attempt", "words", "rules", "function"]]
    rows += [[str(cell) for cell in k] for k in drawn]
    return f"{title}\n{'=' * len(title)}\n\n{aligned(rows, right=(1,))}"
