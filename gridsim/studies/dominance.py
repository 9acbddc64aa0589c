"""Which options are dominated: dearer and not better, told only from paired differences between the two.

Costs are planned outlays a year and have no spread; effects are paired by replication. Of two options scaled to one
budget neither is dearer, as near as whole units come, and either may dominate the other. Today costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd

from gridsim.scenario.policies import BASELINE
from gridsim.scenario.scenario import Scenario
from gridsim.studies.judge import least_of
from gridsim.studies.paired import holm, judgement, paired

DOMINATED, MIXED, STANDS, UNTOLD = "dominated", "dominated by a mix", "not dominated", "not told apart"
JUDGED = (DOMINATED, MIXED, STANDS, UNTOLD)
OUTCOMES = {"time_to_resolution": "time", "backlog": "backlog"}  # primary, lower is better
COLUMNS = ["policy", "other", "mix", "share", "dearer_by", "verdict"]
COLUMNS += [f"{name}{end}" for name in OUTCOMES.values() for end in ("", "_low", "_high", "_p")]
YEAR = 365


def dominance(
    runs: pd.DataFrame,
    window: str,
    outlay: Mapping[str, float],
    tolerance: Callable[[str, str], float],
    scenario: Scenario,
) -> pd.DataFrame:
    """Every option held against every other that is not dearer, today included, and against mixes of two.

    A difference between two options is **told** if its 95 % interval excludes zero, its p stays below 5 % after Holm's
    correction over all pairs of options and both primary outcomes, and it is no smaller than the smallest difference
    that matters (``matters.*``, relative to today). An option is **dominated** by another that is not dearer if no
    primary outcome is better under it on average and at least one is told to be worse; it is **not dominated** if one
    is told to be better; else the two are **not told apart**. It is **dominated by a mix** (extended dominance) of a
    cheaper and a dearer option, in the shares that cost as much, if the mix would save more case-days, told in the same
    way with Holm's correction over all mixes of the comparison. Only mixes that dominate are listed.

    Parameters
    ----------
    runs : DataFrame
        As ``Comparison.runs``.
    outlay : mapping of option to yuan a year
        Planned gross outlay; that of today is 0.
    tolerance : callable
        Of two options: yuan a year within which their outlays count as equal.
    scenario : Scenario
        Today's, for ``matters.*``.

    Returns
    -------
    DataFrame
        ``policy, other, mix, share, dearer_by, verdict`` and the differences policy − other with their 95 % intervals:
        ``time`` in days and ``backlog`` in cases, and p after Holm's correction (``_p``). For a mix, ``share`` is that
        of ``other``, the rest is ``mix``.

    """
    cost = {BASELINE: 0.0, **outlay}
    here = runs[runs.window == window]
    of = {name: here[here.policy == name].sort_values("replicate") for name in cost}
    least = {n: least_of(key, float(of[BASELINE][key].mean()), scenario) for key, n in OUTCOMES.items()}
    pairs = [(a, b) for a in outlay for b in cost if a != b and cost[a] >= cost[b] - tolerance(a, b)]
    rows = [_pair(a, b, of, cost[a] - cost[b]) for a, b in pairs]
    _correct(rows)
    for row in rows:
        row["verdict"] = _verdict(row, least)
    mixes = [row for a in outlay for row in _mixes(a, of, cost, tolerance)]
    if mixes:
        for row, p in zip(mixes, holm(np.array([row["backlog_p"] for row in mixes])), strict=True):
            row["backlog_p"] = p
    rows += [row for row in mixes if _told(row, "backlog", least) > 0]
    return pd.DataFrame(rows, columns=COLUMNS)


def marks(table: pd.DataFrame) -> pd.DataFrame:
    """What is said of each option: its ``mark``, the worst verdict on it, and by or from whom (``by``)."""
    rows = []
    for policy, mine in table.groupby("policy", sort=False):
        mark = next(m for m in (DOMINATED, MIXED, UNTOLD, STANDS) if (mine.verdict == m).any())
        there = mine[mine.verdict == mark]
        named = there.other + np.where(there["mix"] == "", "", " / " + there["mix"])
        rows.append([policy, mark, "" if mark == STANDS else "; ".join(named)])
    return pd.DataFrame(rows, columns=["policy", "mark", "by"])


def case_days(runs: pd.DataFrame, window: str, policy: str) -> np.ndarray:
    """Case-days saved a year against today, by replication."""
    here = runs[runs.window == window]
    base, mine = (here[here.policy == n].sort_values("replicate").backlog.to_numpy() for n in (BASELINE, policy))
    return np.asarray((base - mine) * YEAR)


def frontier(saved: Mapping[str, np.ndarray], outlay: Mapping[str, float], marked: pd.DataFrame) -> list[str]:
    """The efficient options in order of outlay, from today on, as far as they are told apart.

    From the last point on, of the options that are dearer, not dominated, and save clearly more, the next is the one
    that saves most case-days for a yuan more; it is taken only if that is told, in paired replications, from every
    other of them; else the frontier ends there.

    Parameters
    ----------
    saved : mapping of option to ndarray (replications,)
        Case-days saved a year.

    """
    gone = set(marked[marked.mark.isin((DOMINATED, MIXED))].policy)
    path, cost, effect = [BASELINE], 0.0, np.zeros(len(next(iter(saved.values()))))
    while True:
        more = {
            a: (max(outlay[a] - cost, 1.0), saved[a] - effect)  # a yuan at least, so that what is free can be ranked
            for a in saved
            if a not in gone and a not in path and outlay[a] >= cost and paired(saved[a] - effect)[1] > 0
        }
        if not more:
            return path
        best = max(more, key=lambda a: float(more[a][1].mean()) / more[a][0])
        yuan, gain = more[best]
        rivals = (gain * other[0] - other[1] * yuan for a, other in more.items() if a != best)
        if any(not paired(lead)[1] > 0 for lead in rivals):
            return path
        path, cost, effect = [*path, best], outlay[best], saved[best]


def _pair(a: str, b: str, of: Mapping[str, pd.DataFrame], dearer: float) -> dict[str, Any]:
    """The differences a − b, with p as it is."""
    row: dict[str, Any] = {"policy": a, "other": b, "mix": "", "share": 1.0, "dearer_by": dearer}
    for key, name in OUTCOMES.items():
        row |= _difference(name, of[a][key].to_numpy() - of[b][key].to_numpy())
    return row


def _difference(name: str, d: np.ndarray) -> dict[str, float]:
    mean, low, high, p = paired(d)
    return {name: mean, f"{name}_low": low, f"{name}_high": high, f"{name}_p": p if p == p else 1.0}


def _correct(rows: list[dict[str, Any]]) -> None:
    """Holm's correction over all pairs and outcomes; two options held against each other both ways are one pair."""
    at = [(frozenset((row["policy"], row["other"])), name) for row in rows for name in OUTCOMES.values()]
    every = dict(zip(at, (row[f"{name}_p"] for row in rows for name in OUTCOMES.values()), strict=True))
    sure = dict(zip(every, holm(np.array(list(every.values()))), strict=True))
    for row in rows:
        row |= {f"{n}_p": float(sure[frozenset((row["policy"], row["other"])), n]) for n in OUTCOMES.values()}


def _told(row: Mapping[str, Any], name: str, least: Mapping[str, float]) -> int:
    """1 where the option is told to be worse in an outcome, −1 where better, else 0."""
    said = judgement(row[name], row[f"{name}_low"], row[f"{name}_high"], row[f"{name}_p"], least[name], "lower")
    return {"worse": 1, "better": -1}.get(said, 0)


def _verdict(row: Mapping[str, Any], least: Mapping[str, float]) -> str:
    told = [_told(row, name, least) for name in OUTCOMES.values()]
    if -1 in told:
        return STANDS
    return DOMINATED if 1 in told and all(row[name] >= 0 for name in OUTCOMES.values()) else UNTOLD


def _mixes(
    a: str, of: Mapping[str, pd.DataFrame], cost: Mapping[str, float], tolerance: Callable[[str, str], float]
) -> list[dict[str, Any]]:
    """All mixes of a cheaper and a dearer option that cost as much as ``a``, with p as it is."""
    rows: list[dict[str, Any]] = []
    for b, c in permutations((n for n in cost if n != a), 2):
        if not cost[b] + tolerance(a, b) < cost[a] < cost[c] - tolerance(a, c):
            continue
        share = (cost[c] - cost[a]) / (cost[c] - cost[b])
        mixed = share * of[b].backlog.to_numpy() + (1 - share) * of[c].backlog.to_numpy()
        row = {"policy": a, "other": b, "mix": c, "share": share, "dearer_by": 0.0, "verdict": MIXED}
        rows.append(row | _difference("backlog", of[a].backlog.to_numpy() - mixed))
    return rows
