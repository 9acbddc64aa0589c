"""What the brief assumes, on what evidence, and which guesses could turn its answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from gridsim.measures import MEASURES
from gridsim.scenario.parameters import PARAMETERS, REGISTRY
from gridsim.scenario.policies import BASELINE
from gridsim.scenario.ranges import has_range
from gridsim.scenario.scenario import builtin_scenarios
from gridsim.studies.comparison import Comparison
from gridsim.studies.paired import CONFIDENCE, holm
from gridsim.studies.saved import Saved, rows_of
from gridsim.views.baseline_table import AGREEMENT
from gridsim.views.brief_terms import letters, parameter_label, value_label
from gridsim.views.labels import interval, measure_label, number, option_label, say, term, unit_label
from gridsim.views.spread import drawn_keys

GRADES = "SDABCX"
# What the patterns of a city do not identify, whatever the policy: how many incidents arise, how soon they are noticed
# or vanish, and which cases make up those still open (dropped ones, or slow departments).
UNIDENTIFIED = (
    "arrivals.per_100_residents",
    "latent.lapse_days",
    "patrol.detection",
    "residents.report_rate",
    "linkage.drop",
    "linkage.stalled",
    "linkage.report_in",
    "departments.duration",
    "linkage.hop",
)
LEAST_DRAWS = 20  # below which a parameter's influence cannot be told from chance


def assumed(saved: Saved, lang: str) -> dict[str, Any]:
    """What stands behind the numbers: evidence grades of all parameters, and the policies' own levers."""
    c = saved.comparison
    count: Counter[str] = Counter(p.grade for p in PARAMETERS)
    grades = [{"grade": g, "text": say(f"grade_{g}", lang), "count": count[g]} for g in GRADES]
    keys = {(key, p.name): p for o in c.options for p in o.policies for key in p.set}
    rows = [
        {
            "name": parameter_label(key, lang),
            "today": value_label(c.scenario.get(key), lang),
            "set": value_label(c.scenario.replace(p.set, where=p.name).get(key), lang),
            "grade": REGISTRY[key].grade,
            "source": term("sources", REGISTRY[key].source, lang),
            "policy": (p.chinese if lang == "zh" else p.title) or p.name,
            "policy_source": term("sources", p.source, lang),
        }
        for (key, _), p in keys.items()
        if c.scenario.replace(p.set, where=p.name).get(key) != c.scenario.get(key)
    ]
    return {"grades": grades, "rows": rows}


def turn(saved: Saved, lang: str) -> dict[str, Any]:
    """Which guesses could turn the answer: as far as draws and baselines tell, else how to find out."""
    c = saved.comparison
    name = c.scenario.name if c.scenario.name in builtin_scenarios() else "scenario.toml"
    other = "daqing-2021-b" if name == "daqing-2021" else "another.toml"
    return {
        "draws": _draws(c, lang),
        "baselines": None if saved.baselines is None else baseline_rows(saved, lang),
        "how_vary": f"gridsim compare {name} --vary",
        "how_baselines": f"gridsim compare {name} {other}",
        "open": [
            {"letter": "", "title": say("turn_unidentified", lang), "rows": _open_rows(c, UNIDENTIFIED, lang)},
            *(
                {"letter": letter, "title": option_label(c, name, lang), "rows": open_behind(c, name, lang)}
                for name, letter in letters(c).items()
                if len(next(o for o in c.options if o.name == name).steps) == 1
            ),
        ],
    }


def open_behind(c: Comparison, name: str, lang: str) -> list[dict[str, str]]:
    """Open parameters (grade X or C, with a range) of the sections whose levers an option moves."""
    option = next(o for o in c.options if o.name == name)
    moved = {key for p in option.policies for key in p.set}
    sections = {key.split(".")[0] for key in moved}
    there = [p for p in PARAMETERS if p.section in sections and p.key not in moved and p.key not in UNIDENTIFIED]
    return _open_rows(c, [p.key for p in there if p.grade in "XC" and has_range(p)], lang)


def _open_rows(c: Comparison, keys: Sequence[str], lang: str) -> list[dict[str, str]]:
    drawn = set(drawn_keys(c))
    return [
        {
            "name": parameter_label(p.key, lang),
            "value": value_label(c.scenario.get(p.key), lang),
            "range": f"{p.low:g}–{p.high:g} {'' if p.unit == 'share' else unit_label(p.unit, lang)}".strip(),
            "grade": p.grade,
            "drawn": say("taken_yes", lang) if p.key in drawn else "–",
        }
        for p in (REGISTRY[key] for key in keys)
    ]


def _draws(c: Comparison, lang: str) -> dict[str, Any] | None:
    """Drawn parameters that the effects clearly hang on; None where nothing was drawn."""
    if c.draws is None:
        return None
    rows = influences(c)
    shown = [
        {
            "option": f"{letters(c)[r.policy]} {option_label(c, r.policy, lang)}",
            "measure": measure_label(r.measure, lang),
            "parameter": parameter_label(r.parameter, lang),
            "range": f"{REGISTRY[r.parameter].low:g}–{REGISTRY[r.parameter].high:g}",
            "low": number(r.low, r.unit, True, lang),
            "high": number(r.high, r.unit, True, lang),
            "turns": say("taken_yes", lang) if r.low * r.high < 0 else "–",
        }
        for r in rows_of(rows)
    ]
    few = len(c.finished) < LEAST_DRAWS
    return {"rows": shown, "n": len(c.finished), "few": few, "keys": len(drawn_keys(c))}


def influences(c: Comparison) -> pd.DataFrame:
    """Drawn parameters whose rank correlation with an effect is clear after Holm's correction over all of them.

    Returns
    -------
    DataFrame
        ``policy, measure, unit, parameter``, and the mean effect in the third of the draws where the parameter is
        lowest (``low``) and highest (``high``). Empty with fewer than 20 draws.

    """
    columns = ["policy", "measure", "unit", "parameter", "low", "high"]
    if c.draws is None or len(c.finished) < LEAST_DRAWS:
        return pd.DataFrame(columns=columns)
    drawn = c.draws.set_index("replicate")
    keys = [k for k in drawn_keys(c) if drawn[k].nunique() > 1]
    here = c.runs[c.runs.window == c.headline].set_index(["policy", "replicate"])
    rows = []
    for o in c.options:
        for m in (m for m in MEASURES if m.primary):
            effect = (here[m.key].loc[o.name] - here[m.key].loc[BASELINE]).loc[drawn.index]
            if effect.isna().any() or effect.nunique() < 2 or not keys:
                continue
            p = holm(np.array([spearmanr(drawn[k], effect).pvalue for k in keys]))
            for key in (k for k, value in zip(keys, p, strict=True) if value < 1 - CONFIDENCE):
                third = len(effect) // 3
                order = effect.loc[drawn[key].sort_values(kind="stable").index]
                rows.append((o.name, m.key, m.unit, key, order[:third].mean(), order[-third:].mean()))
    return pd.DataFrame(rows, columns=columns)


def baseline_rows(saved: Saved, lang: str) -> list[dict[str, str]]:
    """The effects at every baseline, and whether they point the same way."""
    c, rows = saved.comparison, []
    assert saved.baselines is not None
    for r in rows_of(saved.baselines):
        verdict = say(AGREEMENT[r.agreement], lang)
        if r.ratio == r.ratio:
            verdict += say("agree_ratio", lang, ratio=f"{r.ratio:.1f}")
        rows.append(
            {
                "option": f"{letters(c)[r.policy]} {option_label(c, r.policy, lang)}",
                "measure": measure_label(r.measure, lang),
                "unit": unit_label(r.unit, lang),
                "baseline": r.baseline,
                "today": number(r.today, r.unit),
                "change": f"{number(r.difference, r.unit, True, lang)} {interval(r)}",
                "verdict": say(r.verdict, lang),
                "agreement": verdict,
            }
        )
    return rows
