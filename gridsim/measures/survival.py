"""Times to an event where some have not had it yet: Kaplan–Meier, never dropping what is still open."""

from __future__ import annotations

import numpy as np
from scipy.stats import CensoredData, ecdf


def restricted_mean(times: np.ndarray, events: np.ndarray, horizon: float) -> float:
    """Restricted mean survival time over ``horizon``, from the Kaplan–Meier curve.

    Parameters
    ----------
    times : array of float
        Time to the event, or to the end of observation.
    events : array of bool
        False where censored. With no censoring before the horizon this is the plain mean of min(time, horizon).

    """
    if not len(times):
        return float("nan")
    cut = np.minimum(times, horizon)
    if not censored_before(times, events, horizon):
        return float(cut.mean())
    seen = events | (times >= horizon)
    curve = ecdf(CensoredData(uncensored=cut[seen], right=cut[~seen])).sf
    knots = np.concatenate([[0.0], curve.quantiles[curve.quantiles < horizon], [horizon]])
    heights = np.concatenate([[1.0], curve.probabilities[curve.quantiles < horizon]])
    return float(np.sum(np.diff(knots) * heights))


def censored_before(times: np.ndarray, events: np.ndarray, horizon: float) -> bool:
    """True when somebody was lost from sight before the horizon."""
    return bool(np.any(~events & (times < horizon)))


def survival_quantiles(times: np.ndarray, events: np.ndarray, shares: tuple[float, ...]) -> list[float]:
    """Kaplan–Meier quantiles: when the share that has had the event first reaches each of ``shares``; NaN if never."""
    if not np.any(events):
        return [float("nan")] * len(shares)
    curve = ecdf(CensoredData(uncensored=times[events], right=times[~events])).cdf
    at = np.searchsorted(curve.probabilities, np.array(shares) - 1e-12)
    return [float(curve.quantiles[k]) if k < len(curve.quantiles) else float("nan") for k in at]


def quantile(times: np.ndarray, q: float, followed: float) -> float:
    """Quantile of times with infinity for what has not happened; NaN when it is beyond what was followed up."""
    if not len(times):
        return float("nan")
    value = float(np.quantile(times, q, method="inverted_cdf"))
    return value if value <= followed else float("nan")


def mean(x: np.ndarray) -> float:
    """Mean, NaN of nothing."""
    return float(x.mean()) if len(x) else float("nan")


def ratio(a: float, b: float) -> float:
    """``a / b``, NaN where there is nothing to divide by."""
    return float(a) / float(b) if b else float("nan")
