"""A baseline against its patterns, in words: what was put in, what was fitted, what came out by itself."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gridsim.scenario.patterns import fit_status
from gridsim.scenario.scenario import Scenario
from gridsim.studies.fit import Round
from gridsim.studies.versions import engine_hash
from gridsim.views.labels import aligned, measure_label, number, say, unit_label

ROLES = {"input": "role_input", "fitted": "role_fitted", "emergent": "role_emergent"}


def pattern_report(table: pd.DataFrame, scenario: Scenario, lang: str) -> str:
    """Title, table and the note on what is not identified."""
    window = scenario.time.window_days
    parts = [
        say("patterns_title", lang, days=window),
        pattern_table(table, scenario, lang),
        say("patterns_legend", lang),
    ]
    status = fit_status(scenario, engine_hash())
    if status is not None:
        parts.append(fit_line(status, lang))
    return "\n\n".join([*parts, say("not_identified", lang)])


def pattern_table(table: pd.DataFrame, scenario: Scenario, lang: str) -> str:
    """Target, band, model, met, role and grade of every pattern, aligned for a terminal."""
    names = ("pattern", "unit", "target", "band", "model", "met", "role", "grade")
    several = bool((table.least < table.most).any())
    rows = [[say(f"col_{k}", lang) for k in names] + ([say("col_range", lang)] if several else [])]
    for r in table.to_dict(orient="records"):
        unit = r["unit"]
        target, low, high, model, least, most = (
            number(r[k], unit) for k in ("target", "low", "high", "model", "least", "most")
        )
        row = [
            (scenario.patterns[r["pattern"]].chinese if lang == "zh" else "") or measure_label(r["measure"], lang),
            "" if unit == "share" else unit_label(unit, lang),
            target,
            f"{low} – {high}",
            model,
            say("met_yes" if r["met"] else "met_no", lang),
            say(ROLES[r["role"]], lang).replace("{by}", r["by"]),
            r["grade"],
        ]
        rows.append(row + ([f"{least} – {most}"] if several else []))
    return aligned(rows, right=(2, 4))


def round_line(r: Round, lang: str) -> str:
    """One round of a fit."""
    values = ", ".join(f"{k} {v:g}" for k, v in r.parameters.items())
    found = ", ".join(f"{k} {v:,.6g}" for k, v in r.achieved.items())
    worst = f"{r.misfit[r.worst]:+.2f}".replace("-", "−")
    return say("fit_round", lang, n=r.number, values=values, found=found, worst=worst, pattern=r.worst)


def fit_line(status: dict[str, Any], lang: str) -> str:
    """Whether the fit that a scenario carries still holds for it."""
    if status["holds"]:
        return say("fit_holds" if status["same_engine"] else "fit_other_engine", lang, hash=status["hash"][:10])
    changed = ", ".join(status["changed"])
    if changed:
        return say("fit_changed", lang, hash=status["hash"][:10], changed=changed)
    return say("fit_stale", lang, hash=status["hash"][:10])
