"""Bootstrap intervals where SALib gives none, or takes minutes for one: each statistic equals SALib's on the sample."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.stats import norm, rankdata

SLICES, BINS = 10, 10  # conditioning intervals of PAWN; bins of the output in the regional analysis


def half_width(
    statistic: Callable[[np.ndarray, np.ndarray], np.ndarray], x: np.ndarray, y: np.ndarray, resamples: int, seed: int
) -> np.ndarray:
    """Half-width of the 95 % interval of a statistic of (points, factors) and (points,): 1.96 bootstrap errors."""
    return np.asarray(norm.ppf(0.975) * resamples_of(statistic, x, y, resamples, seed).std(axis=0, ddof=1))


def percentiles(effects: np.ndarray, resamples: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """95 % interval of the column means of (trajectories, factors): percentiles over resampled rows."""
    rows = np.random.default_rng(seed).integers(len(effects), size=(resamples, len(effects)))
    means = np.array([effects[k].mean(axis=0) for k in rows])
    low, high = np.quantile(means, (0.025, 0.975), axis=0)
    return low, high


def resamples_of(
    statistic: Callable[[np.ndarray, np.ndarray], np.ndarray], x: np.ndarray, y: np.ndarray, resamples: int, seed: int
) -> np.ndarray:
    """A statistic of bootstrap samples, a row each."""
    rows = np.random.default_rng(seed).integers(len(y), size=(resamples, len(y)))
    return np.array([statistic(x[k], y[k]) for k in rows])


def borgonovo(grid: np.ndarray) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """Borgonovo's delta by factor (Plischke, Borgonovo & Smith 2013, equation 26), densities read on a grid of y."""

    def density(y: np.ndarray) -> np.ndarray:
        width = float(y.std(ddof=1)) * (len(y) * 0.75) ** -0.2  # Silverman
        z = (grid[:, None] - y) / width
        return np.asarray(np.exp(-0.5 * z * z).mean(axis=1) / (width * (2 * np.pi) ** 0.5))

    def statistic(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        cuts = np.linspace(0, len(y), classes(len(y)) + 1)
        whole, out = density(y), np.zeros(x.shape[1])
        for k in range(x.shape[1]):
            rank = rankdata(x[:, k], method="ordinal")
            for a, b in pairwise(cuts):
                inside = y[(rank > a) & (rank <= b)]
                if np.ptp(inside) > 0:
                    out[k] += len(inside) / (2 * len(y)) * np.trapezoid(np.abs(whole - density(inside)), grid)
        return out

    return statistic


def classes(n: int) -> int:
    """Classes of a factor for n points, as SALib has them."""
    return round(min(int(np.ceil(n ** (2.0 / (7.0 + np.tanh((1500.0 - n) / 500.0))))), 48))


def pawn_median(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """PAWN (Pianosi & Wagener 2018): median over slices of a factor of the Kolmogorov–Smirnov distance, by factor."""
    order = np.argsort(y, kind="stable")
    last = np.append(np.diff(y[order]) > 0, True)  # the last of equal values: where distributions are read
    overall = (np.arange(1, len(y) + 1) / len(y))[last]
    edges = np.quantile(x, np.linspace(0, 1, SLICES + 1), axis=0)
    out = np.empty(x.shape[1])
    for k in range(x.shape[1]):
        column, cut = x[order, k], edges[:, k]
        inside = (column[:, None] >= cut[:-1]) & (column[:, None] < cut[1:])
        counts = inside.sum(axis=0)
        conditional = inside.cumsum(axis=0)[last] / np.maximum(counts, 1)
        distance = np.abs(conditional - overall[:, None]).max(axis=0)
        out[k] = np.median(distance[counts > 0])
    return out


def regional(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cramér–von Mises distance of a factor inside a bin of the output and outside it, (bins, factors).

    Hornberger & Spear (1981) with every tenth of the output as behaviour in turn.
    """
    edges = np.quantile(y, np.linspace(0, 1, BINS + 1))
    ranks = np.apply_along_axis(rankdata, 0, x)
    out = np.full((BINS, x.shape[1]), np.nan)
    for b in range(BINS):
        inside = (y > edges[b]) & (y <= edges[b + 1]) if b else (y >= edges[0]) & (y <= edges[1])
        n, m = int(inside.sum()), int((~inside).sum())
        if not n or not m or np.unique(y[inside]).size < 2:
            continue
        r, s = np.sort(ranks[inside], axis=0), np.sort(ranks[~inside], axis=0)
        first = n * ((r - np.arange(1, n + 1)[:, None]) ** 2).sum(axis=0)
        second = m * ((s - np.arange(1, m + 1)[:, None]) ** 2).sum(axis=0)
        out[b] = (first + second) / (n * m * (n + m)) - (4 * m * n - 1) / (6 * (m + n))
    return out


def regional_summary(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Mean over the bins, lowest tenth, highest tenth; (3 · factors,)."""
    found = regional(x, y)
    return np.concatenate([np.nanmean(found, axis=0), found[0], found[-1]])
