"""The numbers of a ladder from its runs: wholes, steps alone and left out, Shapley values, what interacts, verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from gridsim.measures import BY_KEY
from gridsim.scenario.policies import BASELINE
from gridsim.scenario.scenario import Scenario
from gridsim.studies.judge import verdict
from gridsim.studies.ladder_plan import Plan
from gridsim.studies.paired import holm, judgement, paired
from gridsim.studies.shapley import everyone, exact, sampled

MEASURED = (
    "time_to_resolution",
    "backlog",
    "unresolved_days",
    "true_resolution_rate",
    "on_time_share",
    "formal_share",
    "stalled",
    "detection_rate",
    "escalations",
    "theil_ratio",
)
# What a row is: the whole difference; a component added alone to the first; what the second loses without it; its
# Shapley value; the whole less all of them alone; the first and the second against today.
KINDS = ("whole", "alone", "left_out", "shapley", "interaction", "first_today", "second_today")
COLUMNS = [
    "measure",
    "unit",
    "window",
    "component",
    "origin",
    "kind",
    "start",
    "difference",
    "ci_low",
    "ci_high",
    "n",
    "p_adjusted",
    "verdict",
    "sampling_se",
]


def ladder_table(plan: Plan, runs: pd.DataFrame) -> pd.DataFrame:
    """All differences of a ladder with paired 95 % intervals over replications and verdicts; see ``KINDS``.

    As in a comparison, primary outcomes are judged as they are and the others after Holm's correction over the measures
    of one kind, component and window. An interaction is no policy: it is told as higher or lower, never as better.
    """
    rows: list[dict[str, Any]] = []
    for window in dict.fromkeys(runs.window):
        here = runs[runs.window == window].set_index(["run", "replicate"])
        for key in MEASURED:
            m = BY_KEY[key]
            for found in _differences(plan, here[key]):
                mean, low, high, p = paired(found.pop("differences"))
                told = {"difference": mean, "ci_low": low, "ci_high": high, "p_adjusted": p}
                rows.append({"measure": key, "unit": m.unit, "window": window, "sampling_se": 0.0, **found, **told})
    table = pd.DataFrame(rows)
    table["n"] = runs.replicate.nunique()
    origins = {c.name: "+".join(c.origins) for c in plan.components}
    table["origin"] = table.component.map(origins).fillna("")
    secondary = table[~table.measure.map(lambda k: BY_KEY[k].primary) & table.p_adjusted.notna()]
    for _, family in secondary.groupby(["kind", "component", "window"], sort=False):
        table.loc[family.index, "p_adjusted"] = holm(family.p_adjusted.to_numpy())
    table["verdict"] = [_verdict(r, plan.base) for _, r in table.iterrows()]
    return table[COLUMNS]


def _verdict(row: pd.Series, scenario: Scenario) -> str:
    row["baseline"] = row.start
    told = verdict(row, scenario)
    if row.kind == "interaction" and told in ("better", "worse"):
        return judgement(row.difference, row.ci_low, row.ci_high, row.p_adjusted, 0.0, None)
    return told


def _differences(plan: Plan, values: pd.Series) -> Iterator[dict[str, Any]]:
    """Every difference of one measure in one window, a number a replication."""
    replicates = list(values.index.get_level_values("replicate").unique())

    def of(run: str) -> np.ndarray:
        return values.loc[run].loc[replicates].to_numpy(float)

    def coalition(c: int) -> np.ndarray:
        return of(plan.name(c))

    none, every, today = coalition(0), coalition(everyone(plan.size)), of(BASELINE)
    from_first = {"component": "", "start": float(none.mean())}
    yield {"kind": "whole", "differences": every - none, **from_first}
    alone = [coalition(1 << i) - none for i in range(plan.size)]
    shares, errors = _shares(plan, values, replicates)
    for i, c in enumerate(plan.components):
        own = from_first | {"component": c.name}
        last = every - coalition(everyone(plan.size) & ~(1 << i))
        yield {"kind": "alone", "differences": alone[i], **own}
        yield {"kind": "left_out", "differences": last, **own}
        yield {"kind": "shapley", "differences": shares[i], **own, "sampling_se": float(errors[i])}
    yield {"kind": "interaction", "differences": every - none - sum(alone, np.zeros(len(none))), **from_first}
    against = {"component": "", "start": float(today.mean())}
    yield {"kind": "first_today", "differences": none - today, **against}
    yield {"kind": "second_today", "differences": every - today, **against}


def _shares(plan: Plan, values: pd.Series, replicates: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Shapley values, shape (components, replications); standard error that drawing orders leaves in their means."""
    if plan.is_exact:
        wide = {c: values.loc[plan.name(c)].loc[replicates].to_numpy(float) for c in plan.coalitions(0)}
        return exact(wide, plan.size), np.zeros(plan.size)
    found = []
    for r in replicates:
        own = values.xs(r, level="replicate")
        found.append(sampled({c: float(own[plan.name(c)]) for c in plan.coalitions(r)}, plan.drawn(r)))
    shares, errors = (np.array(x).T for x in zip(*found, strict=True))
    return shares, np.sqrt((errors**2).sum(axis=1)) / len(replicates)


def continuum_table(plan: Plan, runs: pd.DataFrame) -> pd.DataFrame:
    """Outcomes along the continuum: value, and the paired difference from the first with its 95 % interval."""
    rows: list[dict[str, Any]] = []
    for window in dict.fromkeys(runs.window):
        here = runs[runs.window == window].set_index(["run", "replicate"])
        for key in MEASURED:
            at = {o.name: here[key].loc[o.name].to_numpy(float) for o in plan.steps}
            first = at[plan.steps[0].name]
            for name, x in at.items():
                mean, low, high, _ = paired(x - first)
                where = {"measure": key, "unit": BY_KEY[key].unit, "window": window, "g": float(name.split("=")[1])}
                rows.append(
                    where | {"value": float(x.mean()), "difference": mean, "ci_low": low, "ci_high": high, "n": len(x)}
                )
    return pd.DataFrame(rows)
