"""Verdicts on measures: paired differences of every policy against the baseline, and what may be said of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from gridsim.measures import BY_KEY, MEASURES
from gridsim.scenario.policies import BASELINE
from gridsim.scenario.scenario import Scenario
from gridsim.studies.paired import CONFIDENCE, holm, judgement, paired

VERDICTS = (
    "better",
    "worse",
    "no clear difference",
    "too small to matter",
    "not confirmed",
    "higher",
    "lower",
    "not measured",
    "not judged",
)
COLUMNS = [
    "policy",
    "measure",
    "unit",
    "baseline",
    "value",
    "difference",
    "ci_low",
    "ci_high",
    "replications",
    "verdict",
    "window",
    "p_adjusted",
]


def judge(
    runs: pd.DataFrame, options: Sequence[str], scenario: Scenario, confidence: float = CONFIDENCE
) -> pd.DataFrame:
    """Paired differences of every policy, measure and window against the baseline, with verdicts.

    The two primary outcomes are judged at 95 % as they are; the other measures after Holm's correction over those of
    the same policy and window, so that a verdict does not hang on what else was compared; what follows from the
    scenario without chance is not among them. A verdict also needs the smallest difference that matters
    (``matters.*``). A higher confidence of the intervals, for several looks, raises every p in proportion.
    """
    looks = (1 - CONFIDENCE) / (1 - confidence)
    rows: list[dict[str, Any]] = []
    names = list(dict.fromkeys(runs.window))
    for option in options:
        for window in names:
            here = runs[runs.window == window].set_index("replicate")
            base, other = (here[here.policy == p].sort_index() for p in (BASELINE, option))
            for m in MEASURES:
                mean, low, high, p = paired(other[m.key].to_numpy() - base[m.key].to_numpy(), confidence)
                rows.append(
                    {
                        "policy": option,
                        "measure": m.key,
                        "unit": m.unit,
                        "baseline": base[m.key].mean(skipna=False),
                        "value": other[m.key].mean(skipna=False),
                        "difference": mean,
                        "ci_low": low,
                        "ci_high": high,
                        "replications": len(base),
                        "window": window,
                        "p_adjusted": min(1.0, looks * p) if p == p else p,
                    }
                )
    table = pd.DataFrame(rows)
    primary = table.measure.map(lambda k: BY_KEY[k].primary)
    certain = table.measure.map(lambda k: BY_KEY[k].certain)
    secondary = table[~primary & ~certain & table.p_adjusted.notna()]
    for _, family in secondary.groupby(["policy", "window"], sort=False):
        table.loc[family.index, "p_adjusted"] = holm(family.p_adjusted.to_numpy())
    table["verdict"] = [verdict(r, scenario) for _, r in table.iterrows()]
    return table[COLUMNS]


def between(
    runs: pd.DataFrame, first: str, second: str, scenario: Scenario, confidence: float = CONFIDENCE
) -> pd.DataFrame:
    """Paired differences of option ``second`` against ``first`` instead of the baseline: the rows of ``judge``."""
    here = runs[runs.policy.isin((first, second))]
    return judge(here.assign(policy=here.policy.where(here.policy == second, BASELINE)), [second], scenario, confidence)


def verdict(row: pd.Series, scenario: Scenario) -> str:
    """Better / worse / no clear difference / too small to matter; higher / lower for what is not judged."""
    m = BY_KEY[row.measure]
    least = least_of(row.measure, row.baseline, scenario)
    return judgement(row.difference, row.ci_low, row.ci_high, row.p_adjusted, least, m.better)


def least_of(measure: str, baseline: float, scenario: Scenario) -> float:
    """Smallest difference of a measure that matters; that of counts and hours is relative to the baseline."""
    matters = BY_KEY[measure].matters
    return float(scenario.get(f"matters.{matters}") * (abs(baseline) if matters == "relative" else 1.0))
