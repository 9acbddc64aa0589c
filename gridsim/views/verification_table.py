"""The table of ``gridsim verify``: for people on a terminal, and as a Markdown document."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from datetime import UTC, datetime

import gridsim
from gridsim.model.compiled import SOURCES
from gridsim.verification.check import KINDS, LEVEL, Check, Finding
from gridsim.views.labels import aligned, say

KIND_LABELS = {
    "theory": "verify_theory",
    "simulator": "verify_simulator",
    "reference": "verify_reference",
    "draws": "verify_draws",
    "invariant": "verify_invariant",
    "regression": "verify_regression",
}
COLUMNS = ("check", "quantity", "unit", "theory", "simulation", "interval", "verdict")
NUMBERS = (3, 4, 5)  # columns set flush right
Found = Mapping[str, list[Finding]]


def verdict(f: Finding, lang: str) -> str:
    """Whether it holds, and how that was decided."""
    if not f.ran:
        return f.note
    word = say("verify_holds" if f.holds else "verify_fails", lang)
    return f"{word} ({f.note})" if f.note else word


def _number(x: float) -> str:
    return "–" if x != x else f"{x:.5g}".replace("-", "−")


def _row(name: str, f: Finding, lang: str) -> list[str]:
    between = "–" if f.low != f.low else f"[{_number(f.low)}, {_number(f.high)}]"
    return [name, f.quantity, f.unit, _number(f.theory), _number(f.simulation), between, verdict(f, lang)]


def _by_kind(checks: Mapping[str, Check], found: Found, lang: str) -> dict[str, list[list[str]]]:
    """Heading of each kind that occurs, and its rows; the name of a check once."""
    out: dict[str, list[list[str]]] = {}
    for kind in KINDS:
        rows = [
            _row(name if k == 0 else "", f, lang)
            for name, findings in found.items()
            if checks[name].kind == kind
            for k, f in enumerate(findings)
        ]
        if rows:
            out[say(KIND_LABELS[kind], lang)] = rows
    return out


def summary(found: Found, lang: str) -> str:
    """One line: how many findings hold, and which do not."""
    every = [(name, f) for name, findings in found.items() for f in findings if f.ran]
    wrong = [f"{name}: {f.quantity}" for name, f in every if not f.holds]
    absent = sum(not f.ran for findings in found.values() for f in findings)
    counts = {"n": len(every), "m": len(found)}
    line = say("verify_all_hold", lang, **counts)
    if wrong:
        line = say("verify_some_fail", lang, **counts, wrong=len(wrong), which="; ".join(wrong))
    return line + (say("verify_not_run", lang, n=absent) if absent else "")


def verification_text(checks: Mapping[str, Check], found: Found, lang: str) -> str:
    """The table by kind, aligned, and the summary."""
    heading = [say(f"col_{c}", lang) for c in COLUMNS]
    parts = [
        f"{title}\n\n{aligned([heading, *rows], NUMBERS)}" for title, rows in _by_kind(checks, found, lang).items()
    ]
    return "\n\n".join([*parts, summary(found, lang)])


def verification_document(checks: Mapping[str, Check], found: Found, full: bool, lang: str) -> str:
    """A Markdown document: what was verified, where and when, a table a kind, what each check asks."""
    facts = say(
        "verify_facts",
        lang,
        version=gridsim.__version__,
        python=platform.python_version(),
        engine=SOURCES[:12],
        machine=f"{platform.system()} {platform.machine()}",
        date=datetime.now(UTC).date().isoformat(),
        length=say("verify_long" if full else "verify_short", lang),
    )
    how = say("verify_how", lang, level=f"{100 * LEVEL:g}")
    parts = [f"# {say('verify_title', lang)}", facts, summary(found, lang), how]
    heading = [say(f"col_{c}", lang) for c in COLUMNS]
    for title, rows in _by_kind(checks, found, lang).items():
        parts += [f"## {title}", _markdown([heading, *rows])]
    asked = [["", *(say(f"col_{c}", lang) for c in ("check", "rules", "source"))]]
    asked += [[name, checks[name].title, checks[name].rules, checks[name].source] for name in found]
    parts += [f"## {say('verify_asked', lang)}", _markdown(asked)]
    return "\n\n".join(parts) + "\n"


def _markdown(rows: list[list[str]]) -> str:
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def list_of_checks(checks: list[Check], lang: str) -> str:
    """Names, titles, rules and sources; those of the long table are marked."""
    rows = [["", *(say(f"col_{c}", lang) for c in ("check", "rules", "source"))]]
    rows += [[c.name, c.title + (" (--full)" if c.only_full else ""), c.rules, c.source] for c in checks]
    return aligned(rows)
