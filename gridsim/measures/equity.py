"""Who waits how much longer than whom: inequality between home grids, and gaps between kinds of cases.

Home grids are the comprehensive grids that host a place; no policy moves them. A grid has some 26 cases a year, so
chance alone makes grids differ: ``theil_by_chance`` says how much. Policies that make times more alike lower that part
too, so fairness is judged by ``theil_ratio``: how many times what chance alone would give.
"""

from __future__ import annotations

import numpy as np
from scipy.special import xlogy

from gridsim.measures.survival import censored_before, restricted_mean
from gridsim.model.cases import BY_PATROL, BY_RESIDENT
from gridsim.model.city import City

NAN = float("nan")


def theil(values: np.ndarray, weights: np.ndarray) -> float:
    """Theil's T of group means: Σ w·r·ln r ÷ Σ w with r = value ÷ mean; NaN with fewer than two groups."""
    total = weights.sum()
    middle = float(weights @ values) / total if total > 0 else 0.0
    if len(values) < 2 or middle <= 0:
        return NAN
    r = values / middle
    return float(max(0.0, float(weights @ xlogy(r, r)) / total))


def gini(values: np.ndarray, weights: np.ndarray) -> float:
    """Gini coefficient of group means: mean absolute difference of two members ÷ twice the mean."""
    total = weights.sum()
    if len(values) < 2 or total <= 0 or weights @ values <= 0:
        return NAN
    order = np.argsort(values, kind="stable")
    p = weights[order] / total
    reached = np.cumsum(p * values[order])
    lorenz = np.concatenate([[0.0], reached / reached[-1]])
    return max(0.0, float(1 - p @ (lorenz[1:] + lorenz[:-1])))


def outer_half(city: City) -> np.ndarray:
    """For every place: True where its home grid lies further out than the median one of its district."""
    n = city.n_comprehensive
    away, district = city.grid.periphery[:n], city.grid.district[:n]
    middle = np.array([np.median(away[district == d]) for d in range(len(city.district_names))])
    outer = away > middle[district]
    return np.asarray(outer[city.place.host])


def equity(
    city: City, k: dict[str, np.ndarray], until: np.ndarray, done: np.ndarray, horizon: float
) -> dict[str, float]:
    """Equity of the time from report to true resolution, restricted to ``horizon``.

    Parameters
    ----------
    k : dict of array
        Columns of the cases reported in the window.
    until, done : array
        Days from report to resolution or the end of observation, and which of the two it was.

    """
    place = k["place"].astype(np.int64)
    out = _between_grids(city, place, until, done, horizon)

    def gap(one: np.ndarray, other: np.ndarray) -> float:
        return restricted_mean(until[one], done[one], horizon) - restricted_mean(until[other], done[other], horizon)

    outer = outer_half(city)[place]
    site = city.place.site[place] >= 0
    middle = np.median(k["complexity"]) if len(place) else NAN
    out["centre_edge_gap"] = gap(outer, ~outer)
    out["easy_hard_gap"] = gap(k["complexity"] > middle, k["complexity"] < middle)
    out["site_home_gap"] = gap(site, ~site)
    out["resident_patrol_gap"] = gap(k["channel"] == BY_RESIDENT, k["channel"] == BY_PATROL)
    return out


def _between_grids(
    city: City, place: np.ndarray, until: np.ndarray, done: np.ndarray, horizon: float
) -> dict[str, float]:
    """Theil and Gini of grid means; none where times are cut off before the horizon, as a grid has few cases."""
    if not len(place) or censored_before(until, done, horizon):
        return dict.fromkeys(("theil", "theil_by_chance", "theil_ratio", "gini"), NAN)
    times = np.minimum(until, horizon)
    home = city.place.host[place]
    cases = np.bincount(home, minlength=city.n_comprehensive)
    total = np.bincount(home, times, city.n_comprehensive)
    seen = cases > 0
    means, weights = total[seen] / cases[seen], cases[seen].astype(float)
    spread = (times.std(ddof=1) / times.mean()) ** 2 if len(times) > 1 and times.mean() > 0 else NAN
    between = theil(means, weights)
    # variance of a grid's mean under random allotment, and T ≈ half the squared variation for small differences
    by_chance = (len(means) - 1) / (2 * len(times)) * float(spread) if len(means) > 1 else NAN
    return {
        "theil": between,
        "theil_by_chance": by_chance,
        "theil_ratio": between / by_chance if by_chance > 0 else NAN,
        "gini": gini(means, weights),
    }
