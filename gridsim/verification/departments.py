"""Cases of several departments: side by side the longest, one after another the sum; and who is linked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from scipy import stats

from gridsim.model.cases import RESOLVED
from gridsim.model.world import World
from gridsim.verification.check import (
    Finding,
    Size,
    check,
    exact_finding,
    ks_resolution,
    mean_finding,
    pvalue_finding,
    share_finding,
)
from gridsim.verification.runs import SEED, deterministic, exponential, reported, varied

FOLLOWED = 40  # days after which the last case is over: a sum of four exponentials, beyond 1e-13


def _ran(size: Size, **changes: Any) -> World:
    return World(varied("linked", **changes), seed=SEED).advance(60 * size.effort + FOLLOWED)


def _times(world: World, needs: int) -> np.ndarray:
    """From report to resolution, of cases that K departments worked on; independent, as no case waits for another."""
    c = reported(world, 0, world.day - FOLLOWED)
    c = c[c.needs == needs]
    if not np.all(c.state == RESOLVED):
        raise ValueError("some cases are still open")
    return c.resolved - c.reported


def _counts(world: World) -> Iterator[Finding]:
    c = world.cases
    pmf = stats.poisson(1.2).pmf(range(3))
    counts = np.bincount(c.needs, minlength=6)
    stray = int(counts[0] + counts[5])
    test = stats.chisquare(counts[1:5], (len(c) - stray) * np.append(pmf, 1 - pmf.sum()))
    yield pvalue_finding(
        f"1 + Poisson(1.2), at most 4, {len(c):,} cases", test.statistic, test.pvalue * (stray == 0), "χ²"
    )
    four = c[c.needs == 4]
    wrong = sum(row[0] != 0 or len(set(row)) != 4 for row in four.department.tolist())
    yield exact_finding("lead is not the category's own, or a department called twice", 0, wrong, "cases")
    for k in (1, 2, 3):
        test = stats.chisquare(np.bincount(four.department[:, k], minlength=5)[1:])
        yield pvalue_finding(f"partner {k} is any other department alike", test.statistic, test.pvalue, "χ²")


@check("linked", "Departments side by side", kind="theory", rules="R11 R12", source="order statistics")
def longest_of_k(size: Size) -> Iterator[Finding]:
    """The maximum of K exponentials: mean H_K, distribution (1 − e^{−t})^K; report-in delays come before it."""
    world = _ran(size)
    yield from _counts(world)
    for needs in (1, 2, 3, 4):
        x = _times(world, needs)
        yield mean_finding(f"mean time, {needs} linked", x, sum(1 / k for k in range(1, needs + 1)), "d", 0.06)
        yield _held_against(f"its distribution, {needs} linked", x, _longest(needs))
    late = _ran(size, linkage__report_in=exponential(0.5), departments__duration=deterministic(2.0))
    whole = 0.5 * (1 + 1 / 2 + 1 / 3) + 2.0
    yield mean_finding("three that report in late: longest delay, then 2 d", _times(late, 3), whole, "d", 0.03)


@check("one-by-one", "Departments one after another", kind="theory", rules="R11 R12", source="Erlang's distribution")
def sum_of_k(size: Size) -> Iterator[Finding]:
    """Referred, or linked without working in parallel: the sum of K exponentials."""
    modes: dict[str, dict[str, Any]] = {
        "referred": {"linkage__rate": 0.0, "linkage__drop": 0.0},
        "linked in turn": {"linkage__parallel": False},
    }
    for mode, changes in modes.items():
        world = _ran(size, **changes)
        for needs in (1, 2, 3, 4):
            x = _times(world, needs)
            yield mean_finding(f"mean time, {needs} {mode}", x, needs, "d", 0.06)
            yield _held_against(f"its distribution, {needs} {mode}", x, stats.gamma(needs).cdf)


def _longest(k: int) -> Callable[[np.ndarray], np.ndarray]:
    """Distribution of the maximum of ``k`` unit exponentials."""
    return lambda t: np.asarray((-np.expm1(-t)) ** k)


def _held_against(what: str, x: np.ndarray, law: Callable[[np.ndarray], np.ndarray]) -> Finding:
    test = stats.kstest(x, law)
    told = f"Kolmogorov–Smirnov, n = {len(x):,}, sees {ks_resolution(len(x)):.3f}"
    return pvalue_finding(what, test.statistic, test.pvalue, told)


@check("linked-share", "Linked share is m·ρ", kind="theory", rules="R11", source="binomial")
def linked_share(size: Size) -> Iterator[Finding]:
    """Of all cases m need departments, and of those ρ are linked."""
    world = World(varied("linked-share"), seed=SEED).advance(100 * size.effort)
    c = reported(world, 0, world.day - 5)
    yield share_finding("cases needing departments, .6 · .5", np.sum(c.needs > 0), len(c), 0.3)
    yield share_finding("linked cases, .3 · .7", np.sum(c.linked == 1), len(c), 0.21)
