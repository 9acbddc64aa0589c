"""The share of cases that is still unresolved, by days since their report."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.stats import CensoredData, ecdf

from gridsim.measures.registry import RESTRICTED_TO
from gridsim.measures.run import Columns, cohort
from gridsim.measures.survival import censored_before
from gridsim.model.world import World
from gridsim.scenario.windows import window_name, windows

# Days since report at which the curve is kept: much is settled on the first day, little after the first month.
DAYS = np.concatenate([np.arange(0, 3, 0.25), np.arange(3, 14, 0.5), np.arange(14, RESTRICTED_TO + 1)])


def unresolved_share(until: np.ndarray, done: np.ndarray, days: np.ndarray = DAYS) -> np.ndarray:
    """Kaplan–Meier share of cases without a true resolution after each of ``days``.

    A file closed on paper is no resolution: such a case stays unresolved, as in ``time_to_resolution``, which is the
    area under this curve from 0 to 90 days.

    Parameters
    ----------
    until, done : array, shape (cases,)
        Days from report to true resolution or the end of observation, and which of the two it was.
    days : array
        Days since report, ascending.

    Returns
    -------
    array, shape (len(days),)
        Shares from 0 to 1; NaN without cases.

    """
    if not len(until):
        return np.full(len(days), np.nan)
    if not censored_before(until, done, float(days[-1])):
        return 1 - np.searchsorted(np.sort(np.where(done, until, np.inf)), days, side="right") / len(until)
    return np.asarray(ecdf(CensoredData(uncensored=until[done], right=until[~done])).sf.evaluate(days))


def curves(world: World, columns: Columns) -> pd.DataFrame:
    """One row per window and day since report: the share of the cases reported in the window still unresolved."""
    frames = []
    for w in windows(world.scenario):
        rows = cohort(columns, w)
        done = ~np.isnan(columns["resolved"][rows])
        until = np.where(done, columns["resolved"][rows], float(world.horizon)) - columns["reported"][rows]
        frames.append(
            pd.DataFrame({"window": window_name(w), "day": DAYS, "unresolved": unresolved_share(until, done)})
        )
    return pd.concat(frames, ignore_index=True)
