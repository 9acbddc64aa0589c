"""What a check is: a named question with findings, each a number beside what it should be.

A check is a generator of findings, registered by :func:`check`; ``gridsim verify`` runs all of them and the tests run
the same ones. A finding holds when what was simulated agrees with what theory says within a stated interval or test,
and the interval is narrow enough to have caught an error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

KINDS = ("theory", "simulator", "reference", "draws", "invariant", "regression")  # in the order in which they are told
LEVEL = 0.999  # of every interval and test: seeds are fixed, so what passes once passes always


@dataclass(frozen=True)
class Finding:
    """One number beside what it should be.

    Attributes
    ----------
    quantity : str
        What was compared, with its setting: ``"mean wait, c = 3, ρ = 0.9"``.
    theory, simulation : float
        What it should be, and what came out, both in ``unit``.
    low, high : float
        Interval of ``simulation`` (NaN where the comparison is exact or a test).
    unit : str
    holds : bool
    note : str
        How it was decided, where that is not the interval: ``"equal"``, ``"Kolmogorov–Smirnov, p = 0.31"``.
    ran : bool
        False where it could not be looked at, for the reason in ``note``; it then counts neither way.

    """

    quantity: str
    theory: float
    simulation: float
    low: float
    high: float
    unit: str
    holds: bool
    note: str = ""
    ran: bool = True

    def __post_init__(self) -> None:
        """Plain numbers, whatever numpy made of them, so that a finding can be written as JSON."""
        for name in ("theory", "simulation", "low", "high"):
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "holds", bool(self.holds))


@dataclass(frozen=True)
class Size:
    """How much work a check may do: ``full`` for the long table; replications and days are multiplied by ``effort``."""

    full: bool = False

    @property
    def effort(self) -> int:
        """1, or 4 in full: intervals half as wide."""
        return 4 if self.full else 1


@dataclass(frozen=True)
class Check:
    """A named question.

    Attributes
    ----------
    name : str
        Short, as typed after ``--only``.
    title : str
    kind : str
        One of ``KINDS``.
    rules : str
        Ids of the rules that it can find wrong: ``"R9 R12"``.
    source : str
        Where the theory stands.
    only_full : bool
        True where it is too slow for the short table.

    """

    name: str
    title: str
    kind: str
    rules: str
    source: str
    only_full: bool
    run: Callable[[Size], Iterator[Finding]]


CHECKS: dict[str, Check] = {}


def check(
    name: str, title: str, *, kind: str, rules: str = "", source: str = "", only_full: bool = False
) -> Callable[[Callable[[Size], Iterator[Finding]]], Callable[[Size], Iterator[Finding]]]:
    """Register a check; the decorated function yields its findings."""
    if kind not in KINDS:
        raise ValueError(f"check {name}: kind must be one of {', '.join(KINDS)} (got {kind!r})")

    def register(run: Callable[[Size], Iterator[Finding]]) -> Callable[[Size], Iterator[Finding]]:
        CHECKS[name] = Check(name, title, kind, rules, source, only_full, run)
        return run

    return register


def mean_finding(quantity: str, samples: ArrayLike, theory: float, unit: str, resolution: float) -> Finding:
    """Hold the mean of independent values against theory by Student's interval at ``LEVEL``.

    ``resolution``: largest half width, as a share of theory, at which the comparison still says something.
    """
    x = np.asarray(samples, float)
    half = float(stats.t.ppf((1 + LEVEL) / 2, len(x) - 1) * x.std(ddof=1) / math.sqrt(len(x)))
    mean = float(x.mean())
    sharp = half <= resolution * abs(theory)
    note = "" if sharp else f"interval too wide to say (± {half / abs(theory):.0%} of theory, at most {resolution:.0%})"
    holds = bool(sharp and abs(mean - theory) <= half)
    return Finding(quantity, float(theory), mean, mean - half, mean + half, unit, holds, note)


def share_finding(quantity: str, successes: int, trials: int, theory: float) -> Finding:
    """Hold a count against a binomial share by the exact test; the interval is Clopper and Pearson's."""
    test = stats.binomtest(int(successes), int(trials), theory)
    low, high = test.proportion_ci(LEVEL)
    holds, note = bool(test.pvalue > 1 - LEVEL), f"binomial test, p = {test.pvalue:.2g}"
    return Finding(quantity, theory, float(successes / trials), float(low), float(high), "share", holds, note)


def exact_finding(quantity: str, theory: float, simulation: float, unit: str, tolerance: float = 0.0) -> Finding:
    """Hold a number against one that it must equal, up to ``tolerance`` of rounding."""
    holds = abs(simulation - theory) <= tolerance
    note = "equal" if tolerance == 0 else f"equal within {tolerance:g}"
    return Finding(quantity, float(theory), float(simulation), math.nan, math.nan, unit, bool(holds), note)


def pvalue_finding(quantity: str, statistic: float, pvalue: float, test: str) -> Finding:
    """A finding that is a hypothesis test: theory is a statistic of nought, and it holds above 1 − ``LEVEL``."""
    holds, note = bool(pvalue > 1 - LEVEL), f"{test}, p = {pvalue:.2g}"
    return Finding(quantity, 0.0, float(statistic), math.nan, math.nan, "statistic", holds, note)


def ks_resolution(n: float, m: float = math.inf, tests: int = 1) -> float:
    """Largest distance of two distributions that a Kolmogorov–Smirnov test at ``LEVEL`` may well miss (power .9).

    By Massey's bound (1950); ``m`` is infinite for a sample against a law, ``tests`` the size of Holm's family.
    """
    critical = math.sqrt(-math.log((1 - LEVEL) / tests / 2) / 2)
    return (critical + stats.norm.ppf(0.9) / 2) * math.sqrt(1 / n + 1 / m)


def not_run(quantity: str, why: str) -> Finding:
    """A finding that could not be made here, as when another simulator is not installed."""
    return Finding(quantity, math.nan, math.nan, math.nan, math.nan, "", True, why, ran=False)


def findings(name: str, size: Size) -> list[Finding]:
    """Run one check; an exception is a finding that does not hold, not the end of the others."""
    try:
        return list(CHECKS[name].run(size))
    except Exception as error:
        return [Finding("runs to its end", math.nan, math.nan, math.nan, math.nan, "", False, _told(error))]


def _told(error: Any) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0]
