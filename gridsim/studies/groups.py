"""Who waits longer and who less under a policy: paired differences by group of cases."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from gridsim.scenario.policies import BASELINE
from gridsim.scenario.scenario import Scenario
from gridsim.studies.paired import holm, judgement, paired

SHARES = ["sooner", "later", "same"]
COLUMNS = [
    "policy",
    "family",
    "group",
    "cases",
    "baseline",
    "value",
    "difference",
    "ci_low",
    "ci_high",
    "verdict",
    *SHARES,
    "window",
    "p_adjusted",
]


def judge_groups(runs: pd.DataFrame, options: Sequence[str], scenario: Scenario) -> pd.DataFrame:
    """Time to resolution of every group beside the baseline's, and how the same cases fared.

    Holm's correction is over all groups of one policy and window, so that the groups named as gaining or losing most
    are not merely the luckiest. ``cases`` is the baseline's mean number; the shares are means over replications.

    Parameters
    ----------
    runs : DataFrame
        One row per policy, replicate, window, family and group, as ``measures.groups`` gives them.

    """
    keys = ["window", "family", "group"]
    base = runs[runs.policy == BASELINE].set_index([*keys, "replicate"])
    parts = []
    for option in options:
        here = runs[runs.policy == option].set_index([*keys, "replicate"])
        rows = []
        for (window, family, group), theirs in here.groupby(level=keys, sort=False):
            before = base.loc[theirs.index]
            mean, low, high, p = paired(theirs.time.to_numpy() - before.time.to_numpy())
            rows.append(
                {
                    "policy": option,
                    "family": family,
                    "group": group,
                    "cases": before.cases.mean(),
                    "baseline": before.time.mean(skipna=False),
                    "value": theirs.time.mean(skipna=False),
                    "difference": mean,
                    "ci_low": low,
                    "ci_high": high,
                    **{s: theirs[s].mean() for s in SHARES},
                    "window": window,
                    "p_adjusted": p,
                }
            )
        parts.append(pd.DataFrame(rows))
    table = pd.concat(parts, ignore_index=True)
    tested = table[(table.family != "all") & table.p_adjusted.notna()]
    for _, together in tested.groupby(["policy", "window"], sort=False):
        table.loc[together.index, "p_adjusted"] = holm(together.p_adjusted.to_numpy())
    least = scenario.matters.days
    numbers = table[["difference", "ci_low", "ci_high", "p_adjusted"]].to_numpy(dtype=float)
    table["verdict"] = [judgement(a, b, c, p, least, "lower") for a, b, c, p in numbers]
    return table[COLUMNS]


def extremes(groups: pd.DataFrame, policy: str, window: str, most: int = 2) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The groups that gain most and those that lose most, each at most ``most`` and only where the verdict is clear."""
    here = groups[(groups.policy == policy) & (groups.window == window) & (groups.family != "all")]
    gain = here[here.verdict == "better"].sort_values("difference", kind="stable").head(most)
    lose = here[here.verdict == "worse"].sort_values("difference", ascending=False, kind="stable").head(most)
    return gain, lose


def saturated(load: pd.DataFrame, policy: str, window: str, limit: float) -> pd.DataFrame:
    """Departments and communities busier than ``limit`` whose queue is longer at the window's end than at its start."""
    here = load[(load.policy == policy) & (load.window == window)]
    full = here[(here.utilisation > limit) & (here.queue_end > here.queue_start)]
    return full.sort_values("utilisation", ascending=False, kind="stable")


def mean_load(runs: pd.DataFrame) -> pd.DataFrame:
    """Utilisation and queues of every department and community, means over the replications."""
    keys = ["policy", "window", "kind", "unit"]
    return runs.groupby(keys, sort=False)[["utilisation", "queue_start", "queue_end"]].mean().reset_index()


def overloaded(runs: pd.DataFrame, policy: str, window: str, least: float) -> tuple[float, float, float] | None:
    """Growth of the backlog a year with its interval where it is clearly above ``least``; None where it is not."""
    here = runs[(runs.policy == policy) & (runs.window == window)]
    growth, low, high, _ = paired(here.overload.to_numpy(dtype=float))
    return (growth, low, high) if not np.isnan(low) and low > 0 and growth > least else None
