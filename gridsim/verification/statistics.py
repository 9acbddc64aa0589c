"""The measures themselves: Kaplan–Meier under known censoring, Theil and Gini of known laws, Holm, by hand."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import special, stats

from gridsim.measures.equity import gini, theil
from gridsim.measures.survival import restricted_mean, survival_quantiles
from gridsim.studies.paired import holm, paired
from gridsim.verification.check import Finding, Size, check, exact_finding, mean_finding, share_finding
from gridsim.verification.runs import SEED

ROUNDING = 1e-12


@check("survival", "Kaplan–Meier and restricted means", kind="theory", source="Kaplan & Meier 1958; Irwin 1949")
def survival(size: Size) -> Iterator[Finding]:
    """Exponential lives, mean 30 d: the restricted mean is (1 − e^{−λτ})/λ however many are lost from sight."""
    rng, horizon, mean, n = np.random.default_rng(SEED), 90.0, 30.0, 4000
    ways = {
        "none": lambda: np.full(n, np.inf),
        "exponential of mean 40 d": lambda: rng.exponential(40.0, n),
        "all, after 60 to 120 d": lambda: rng.uniform(60, 120, n),
    }
    for name, lost_at in ways.items():
        means, medians, late = [], [], []
        for _ in range(100 * size.effort):
            life, lost = rng.exponential(mean, n), lost_at()
            times, events = np.minimum(life, lost), life <= lost
            means.append(restricted_mean(times, events, horizon))
            q = survival_quantiles(times, events, (0.5, 0.8))
            medians.append(q[0])
            late.append(q[1])
        theory = mean * -math.expm1(-horizon / mean)
        yield mean_finding(f"restricted mean, lost from sight: {name}", means, theory, "d", 0.01)
        yield mean_finding(f"median, lost from sight: {name}", medians, mean * math.log(2), "d", 0.015)
        yield mean_finding(f"time by which .8 are over, lost from sight: {name}", late, mean * math.log(5), "d", 0.015)
    # by hand: S = 1; 5/6 from 1; 5/6 · 3/4 from 3; 5/8 · 1/2 from 5, with losses at 2, 4 and 7
    times, events = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 7.0]), np.array([True, False, True, False, True, False])
    area = 1 + 2 * 5 / 6 + 2 * 5 / 8 + 5 * 5 / 16
    yield exact_finding("restricted mean by hand, six cases", area, restricted_mean(times, events, 10.0), "d", ROUNDING)
    got = survival_quantiles(times, events, (0.5,))[0]
    yield exact_finding("median by hand, six cases", 5.0, got, "d")


@check("equity", "Theil and Gini", kind="theory", source="Theil 1967; Gini 1912")
def inequality(size: Size) -> Iterator[Finding]:
    """Against arithmetic, and against lognormal and exponential laws at a hundred thousand quantiles."""
    two, one = np.array([1.0, 3.0]), np.ones(2)
    by_hand = 0.5 * (0.5 * math.log(0.5) + 1.5 * math.log(1.5))
    yield exact_finding("Theil of 1 and 3", by_hand, theil(two, one), "index", ROUNDING)
    yield exact_finding("Gini of 1 and 3", 0.25, gini(two, one), "index", ROUNDING)
    weighed, spelt = gini(two, np.array([3.0, 1.0])), gini(np.array([1.0, 1.0, 1.0, 3.0]), np.ones(4))
    yield exact_finding("Gini by weights as by rows", spelt, weighed, "index", ROUNDING)
    n = 100_000
    u, ones = (np.arange(n) + 0.5) / n, np.ones(n)
    for sigma in (0.5, 1.0):
        x = np.exp(sigma * special.ndtri(u))
        yield exact_finding(f"Theil, lognormal of log sd {sigma}", sigma**2 / 2, theil(x, ones), "index", 1e-3)
        yield exact_finding(f"Gini, lognormal of log sd {sigma}", math.erf(sigma / 2), gini(x, ones), "index", 1e-3)
    yield exact_finding("Gini, exponential", 0.5, gini(-np.log1p(-u), ones), "index", 1e-4)
    yield exact_finding(
        "Theil, exponential: 1 − Euler's constant", 1 - np.euler_gamma, theil(-np.log1p(-u), ones), "index", 1e-4
    )


@check("intervals", "Paired intervals and Holm's correction", kind="theory", source="Student 1908; Holm 1979")
def intervals(size: Size) -> Iterator[Finding]:
    """Of no difference, one interval in twenty misses nought, and one family of true nulls in twenty is rejected."""
    rng, trials = np.random.default_rng(SEED + 1), 4000 * size.effort
    misses = np.array([_misses(rng.normal(size=12)) for _ in range(trials)])
    yield share_finding("95 % intervals that miss, 12 pairs of no difference", misses.sum(), trials, 0.05)
    p = stats.uniform.rvs(size=(trials, 20), random_state=rng)
    wrong = sum(holm(row).min() < 0.05 for row in p)
    yield share_finding("families of 20 true nulls with a rejection", wrong, trials, 1 - (1 - 0.05 / 20) ** 20)
    raw = np.array([0.03, 0.01, 0.5, 0.02])
    for p, value, theory in zip(raw, holm(raw), (0.06, 0.04, 0.5, 0.06), strict=True):
        yield exact_finding(f"Holm by hand, {p} of four values", theory, float(value), "p", ROUNDING)


def _misses(differences: np.ndarray) -> bool:
    _, low, high, _ = paired(differences)
    return bool(low > 0 or high < 0)
