"""Indices of sensitivity, by SALib, with 95 % intervals; one row an index of a factor (or of a pair)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import norm
from scipy.stats import t as student_t

from gridsim.scenario.errors import ScenarioError
from gridsim.studies.sensitivity import resampled
from gridsim.studies.sensitivity.spec import DELTA, MORRIS, PAWN, RBD, REGIONAL, SOBOL, Spec, quiet, salib_seed

RESAMPLES = 1000
NAMED = 8  # points named in a refusal
# The index by which factors are ranked and held against the dummy.
MAIN = {MORRIS: "mu_star", SOBOL: "ST", PAWN: "median", DELTA: "delta", RBD: "S1", REGIONAL: "cvm"}
COLUMNS = ["factor", "other", "index", "value", "ci_low", "ci_high"]


class Index(NamedTuple):
    """Values and intervals of an index, in the order of ``Spec.names``."""

    name: str
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray


def around(name: str, value: Any, half: Any) -> Index:
    """An index whose interval is symmetrical."""
    value, half = np.asarray(value, dtype=float), np.asarray(half, dtype=float)
    return Index(name, value, value - half, value + half)


def analysed(spec: Spec, y: np.ndarray, what: str = "the output", resamples: int = RESAMPLES) -> pd.DataFrame:
    """The indices of an output.

    Parameters
    ----------
    y : ndarray of shape (points,)
    what : str
        Name of the output, for errors.

    Returns
    -------
    DataFrame
        ``factor, other, index, value, ci_low, ci_high``; ``other`` only of second order. An output that never changes
        has NaN, or an effect of 0 (Morris).

    Raises
    ------
    ScenarioError
        If the output lacks a number at some point: no method of SALib says so, and some answer 0.

    """
    y = np.asarray(y, dtype=float)
    if len(y) != len(spec.x):
        raise ScenarioError([f"{what}: {len(y):,} numbers for {len(spec.x):,} points of the design"])
    lacking = np.flatnonzero(~np.isfinite(y))
    if len(lacking):
        named = ", ".join(map(str, lacking[:NAMED])) + (", …" if len(lacking) > NAMED else "")
        raise ScenarioError(
            [f"{what}: has no number at {len(lacking):,} of {len(y):,} points ({named}), so nothing can be said of it"]
        )
    if is_constant(y):
        zero = np.zeros(len(spec.names)) if spec.method == MORRIS else np.full(len(spec.names), np.nan)
        return _tidy(spec.names, [Index(MAIN[spec.method], zero, zero, zero)])
    with quiet():
        found, pairs = ANALYSES[spec.method](spec, y, resamples)
    table = _tidy(spec.names, found)
    return pd.concat([table, pairs], ignore_index=True) if pairs is not None else table


def is_constant(y: np.ndarray) -> bool:
    """True if nothing but rounding moves."""
    return bool(np.ptp(y) <= 1e-12 * np.abs(y).max())


def _tidy(names: list[str], found: list[Index]) -> pd.DataFrame:
    rows = [
        [n, "", i.name, float(v), float(low), float(high)]
        for i in found
        for n, v, low, high in zip(names, i.value, i.low, i.high, strict=True)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _salib(spec: Spec, y: np.ndarray, method: str, **how: Any) -> Any:
    problem = spec.problem()
    problem.set_samples(spec.x)
    problem.set_results(y)
    getattr(problem, f"analyze_{method}")(seed=salib_seed(spec.seed), **how)
    return problem.analysis


Found = tuple[list[Index], pd.DataFrame | None]


def _morris(spec: Spec, y: np.ndarray, resamples: int) -> Found:
    """Elementary effects per whole range: those of counts and choices are scaled to the steps that they take.

    Intervals of mu* are percentiles over resampled trajectories: symmetrical ones reach below 0. The dummy's effects
    are not scaled down, though luck has no range: a factor of which nothing but other luck comes is extrapolated to its
    whole range just so, and the floor is there for it.
    """
    si = _salib(spec, y, "morris", num_levels=spec.levels, num_resamples=2)  # its own intervals are not used
    by = _step_scale(spec)
    mu, star, sigma = (np.ma.filled(si[k], np.nan) * by for k in ("mu", "mu_star", "sigma"))
    error = float(student_t.ppf(0.975, spec.n - 1)) * sigma / spec.n**0.5
    none = np.full(len(mu), np.nan)
    low, high = resampled.percentiles(effects(spec, y) * by, resamples, spec.seed)
    return [Index("mu_star", star, low, high), around("mu", mu, error), around("sigma", sigma, none)], None


def effects(spec: Spec, y: np.ndarray) -> np.ndarray:
    """Sizes of the elementary effects of a Morris design, (trajectories, names), per unit of the cube."""
    moved = (np.diff(spec.x.reshape(spec.n, spec.block, -1), axis=1) != 0).argmax(axis=2)  # a factor of what moved
    name = np.array([spec.names.index(g) for g in spec.groups or spec.names])[moved]
    out = np.empty((spec.n, len(spec.names)))
    np.put_along_axis(out, name, np.abs(np.diff(y.reshape(spec.n, spec.block), axis=1)) / _step(spec), axis=1)
    return out


def _step(spec: Spec) -> float:
    """How far a step of Morris goes in the unit cube."""
    return spec.levels / (2 * (spec.levels - 1))


def _step_scale(spec: Spec) -> np.ndarray:
    """Morris' step over the distance that a factor really goes in it: 1 for a continuum, and for a group of several."""
    by = np.ones(len(spec.names))
    groups = spec.groups or tuple(spec.names)
    for k, f in enumerate(spec.factors):
        if f.count and groups.count(groups[k]) == 1:
            by[spec.names.index(groups[k])] = _step(spec) / f.distance(0.0, _step(spec))
    return by


def _sobol(spec: Spec, y: np.ndarray, resamples: int) -> Found:
    si = _salib(spec, y, "sobol", calc_second_order=spec.second_order, num_resamples=resamples)
    found = [around(k, si[k], si[f"{k}_conf"]) for k in ("S1", "ST")]
    if not spec.second_order:
        return found, None
    names = spec.names
    rows = [
        [a, b, "S2", v := float(si["S2"][j, k]), v - float(si["S2_conf"][j, k]), v + float(si["S2_conf"][j, k])]
        for j, a in enumerate(names)
        for k, b in enumerate(names)
        if j < k
    ]
    return found, pd.DataFrame(rows, columns=COLUMNS)


def _pawn(spec: Spec, y: np.ndarray, resamples: int) -> Found:
    si = _salib(spec, y, "pawn", S=resampled.SLICES)
    half = resampled.half_width(resampled.pawn_median, spec.x, y, resamples, spec.seed)
    none = np.full(len(half), np.nan)
    return [around("median", si["median"], half), around("maximum", si["maximum"], none)], None


def _delta(spec: Spec, y: np.ndarray, resamples: int) -> Found:
    """Borgonovo's delta, twice the estimate less the mean of its resamples (Plischke, Borgonovo & Smith 2013, 26, 30).

    The estimate is SALib's on the sample itself; SALib's own analysis begins from a resample, tries two further ways
    to draw them, and needs minutes for a thousand.
    """
    from SALib.analyze.delta import calc_delta

    grid = np.linspace(y.min(), y.max(), 100)
    cuts = np.linspace(0, len(y), resampled.classes(len(y)) + 1)
    estimate = np.array([calc_delta(y, grid, column, cuts) for column in spec.x.T])
    again = resampled.resamples_of(resampled.borgonovo(grid), spec.x, y, resamples, spec.seed)
    return [around("delta", 2 * estimate - again.mean(axis=0), norm.ppf(0.975) * again.std(axis=0, ddof=1))], None


def _rbd(spec: Spec, y: np.ndarray, resamples: int) -> Found:
    si = _salib(spec, y, "rbd_fast", num_resamples=resamples)
    return [around("S1", si["S1"], si["S1_conf"])], None


def _regional(spec: Spec, y: np.ndarray, resamples: int) -> Found:
    """Which factors drive the lowest and the highest tenth of the output, and its tenths on the whole."""
    si = _salib(spec, y, "rsa", bins=resampled.BINS, target="Y")
    by_bin = np.array([si[name] for name in spec.names]).T
    halves = resampled.half_width(resampled.regional_summary, spec.x, y, resamples, spec.seed).reshape(3, -1)
    values = (np.nanmean(by_bin, axis=0), by_bin[0], by_bin[-1])
    return [around(k, v, h) for k, v, h in zip(("cvm", "cvm_lowest", "cvm_highest"), values, halves, strict=True)], None


ANALYSES: dict[str, Callable[[Spec, np.ndarray, int], Found]] = {
    MORRIS: _morris,
    SOBOL: _sobol,
    PAWN: _pawn,
    DELTA: _delta,
    RBD: _rbd,
    REGIONAL: _regional,
}
