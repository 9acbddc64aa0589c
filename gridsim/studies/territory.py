"""Grids that gain and grids that lose under a policy: means over replications, with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.stats import t as student_t

from gridsim.scenario.policies import BASELINE
from gridsim.studies.paired import CONFIDENCE

COLUMNS = [
    "policy",
    "grid",
    "cases",
    "time",
    "time_difference",
    "backlog",
    "backlog_difference",
    "backlog_ci_low",
    "backlog_ci_high",
]


def grid_effects(found: Mapping[str, Sequence[np.ndarray]], names: Sequence[str]) -> pd.DataFrame:
    """One row per policy (baseline first) and grid, in the headline window.

    ``cases`` and ``backlog`` are means over the replications; ``time`` is the restricted mean of all cases of the grid
    in all replications (a single one has some 26 cases a year and grid: too few). Differences are from the baseline;
    the interval of the backlog's is paired over replications and not corrected for the number of grids: of grids that
    nothing changes, one in twenty is outside it by chance.

    Parameters
    ----------
    found : mapping of policy to arrays, each of shape (grids, 3)
        What ``measures.territory.by_grid`` gives, one a replication, in the same order for every policy.
    names : list of str
        The grids.

    """
    first = np.stack(list(found[BASELINE]))
    n = len(first)
    at = student_t.ppf((1 + CONFIDENCE) / 2, n - 1) if n > 1 else np.nan
    frames = []
    for policy, arrays in found.items():
        here = np.stack(list(arrays))
        change = here[:, :, 2] - first[:, :, 2]
        half = at * change.std(axis=0, ddof=1) / n**0.5 if n > 1 else np.full(change.shape[1], np.nan)
        mean = change.mean(axis=0)
        frames.append(
            pd.DataFrame(
                {
                    "policy": policy,
                    "grid": names,
                    "cases": here[:, :, 0].mean(axis=0),
                    "time": _time(here),
                    "time_difference": _time(here) - _time(first),
                    "backlog": here[:, :, 2].mean(axis=0),
                    "backlog_difference": mean,
                    "backlog_ci_low": mean - half,
                    "backlog_ci_high": mean + half,
                },
                columns=COLUMNS,
            )
        )
    return pd.concat(frames, ignore_index=True)


def _time(found: np.ndarray) -> np.ndarray:
    """Days a case by grid, all replications together; NaN without cases."""
    cases = found[:, :, 0].sum(axis=0)
    return np.divide(found[:, :, 1].sum(axis=0), cases, np.full(len(cases), np.nan), where=cases > 0)
