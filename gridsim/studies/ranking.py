"""Several options ranked: who is told apart from the best, and how likely each is the best."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from gridsim.measures import MEASURES
from gridsim.scenario.policies import BASELINE
from gridsim.studies.paired import CONFIDENCE, holm, paired

RESAMPLES = 1000
COLUMNS = [
    "measure",
    "unit",
    "policy",
    "rank",
    "value",
    "behind",
    "ci_low",
    "ci_high",
    "p_adjusted",
    "probability_best",
    "standing",
    "replications",
]


def ranked(runs: pd.DataFrame, options: Sequence[str], seed: int, confidence: float = CONFIDENCE) -> pd.DataFrame:
    """Today and all options in the order of their means, for each primary outcome in the last window.

    Returns
    -------
    DataFrame
        ``behind``: paired difference from the first, with its interval; ``p_adjusted``: of that difference, after
        Holm's correction over all pairs of options (and of the looks, at a higher confidence); ``probability_best``:
        share of 1,000 draws of the true means in which its own is best, ties shared; ``standing``: ``first``,
        ``behind`` or ``not told apart`` (from the first).

    """
    here = runs[runs.window == runs.window.iloc[-1]]
    names = [BASELINE, *options]
    rows: list[dict[str, Any]] = []
    for m in (m for m in MEASURES if m.primary):
        wide = here.pivot(index="replicate", columns="policy", values=m.key)[names].to_numpy()
        sign = 1.0 if m.better == "lower" else -1.0
        means = wide.mean(axis=0)
        order = np.argsort(sign * means, kind="stable")
        first = int(order[0])
        pairs = list(combinations(range(len(names)), 2))
        p = np.array([paired(wide[:, b] - wide[:, a])[3] for a, b in pairs])
        looks = (1 - CONFIDENCE) / (1 - confidence)
        clear = np.isfinite(p).all()
        adjusted = dict(zip(pairs, np.minimum(1.0, holm(p) * looks) if clear else p, strict=True))
        best = probability_best(sign * wide, seed)
        for rank, k in enumerate(order.tolist(), 1):
            behind, low, high, _ = paired(wide[:, k] - wide[:, first], confidence)
            at = adjusted.get((min(k, first), max(k, first)), float("nan"))
            standing = "first" if k == first else "behind" if at < 1 - CONFIDENCE else "not told apart"
            numbers = [rank, means[k], behind, low, high, at, best[k], standing, len(wide)]
            rows.append(dict(zip(COLUMNS, [m.key, m.unit, names[k], *numbers], strict=True)))
    return pd.DataFrame(rows, columns=COLUMNS)


def probability_best(y: np.ndarray, seed: int) -> np.ndarray:
    """Share of draws of the true means in which a column's is the lowest; columns that tie share it.

    Draws of the multivariate t: mean + √((n − 1)/χ²) · N(0, S/n), S the covariance of the rows. Of two columns it is
    1 − the one-sided p of their paired t test, so that of two equal ones either has 95 % or more once in ten times,
    with two rows as with twenty (a bootstrap of two rows says 100 % every other time). NaN for one row.
    """
    n = len(y)
    if n < 2 or np.isnan(y).any():
        return np.full(y.shape[1], np.nan)
    rng = np.random.default_rng(seed)
    spread = rng.standard_normal((RESAMPLES, n)) @ (y - y.mean(axis=0)) / (n * (n - 1)) ** 0.5
    means = y.mean(axis=0) + spread * ((n - 1) / rng.chisquare(n - 1, (RESAMPLES, 1))) ** 0.5
    lowest = means <= means.min(axis=1, keepdims=True) + 1e-12 * np.abs(means).max()
    return np.asarray((lowest / lowest.sum(axis=1, keepdims=True)).mean(axis=0))
