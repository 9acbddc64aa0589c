"""Paired differences over replications: intervals, Holm's correction, and what may be said of them."""

from __future__ import annotations

import numpy as np
from scipy.stats import t as student_t

CONFIDENCE = 0.95


def paired(difference: np.ndarray, confidence: float = CONFIDENCE) -> tuple[float, float, float, float]:
    """Mean, interval (95 %) and two-sided p of paired differences (Student's t over replications).

    Differences that are all zero are exactly zero: interval [0, 0], p = 1. One pair gives no interval. A pair in which
    the measure could not be taken makes the whole row unmeasured: the other pairs would be a selection.
    """
    d = difference
    if len(d) == 0 or np.any(np.isnan(d)):
        return (float("nan"),) * 4
    mean = float(d.mean())
    if np.all(d == 0):
        return 0.0, 0.0, 0.0, 1.0
    if len(d) < 2:
        return mean, float("nan"), float("nan"), 1.0
    error = float(d.std(ddof=1)) / len(d) ** 0.5
    if error <= 1e-12 * abs(mean):
        return mean, mean, mean, 0.0
    half = float(student_t.ppf((1 + confidence) / 2, len(d) - 1)) * error
    return mean, mean - half, mean + half, float(2 * student_t.sf(abs(mean) / error, len(d) - 1))


def holm(p: np.ndarray) -> np.ndarray:
    """Holm's (1979) step-down adjusted p values."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(np.minimum(1.0, p[order] * (len(p) - np.arange(len(p)))))
    out = np.empty_like(stepped)
    out[order] = stepped
    return out


def judgement(difference: float, low: float, high: float, p_adjusted: float, least: float, better: str | None) -> str:
    """What may be said of a difference: it must be clear, confirmed, and large enough to matter.

    Parameters
    ----------
    least : float
        Smallest difference that matters.
    better : "lower", "higher" or None
        None: higher or lower is said, but not judged.

    """
    if np.isnan(difference):
        return "not measured"
    if np.isnan(low) or low <= 0 <= high:
        return "no clear difference"
    if p_adjusted >= 1 - CONFIDENCE:
        return "not confirmed"
    if abs(difference) < least:
        return "too small to matter"
    if better is None:
        return "higher" if difference > 0 else "lower"
    return "better" if (difference < 0) == (better == "lower") else "worse"
