"""Fit a baseline to its patterns: open parameters are moved, nothing else, and no policy is anywhere in sight.

Method: Broyden's (1965) secant method with a first Jacobian by finite differences, on parameters scaled to their
registry range (logarithmically where it spans a factor of three) and kept inside it by bounded least squares, with
steps halved while they do not help. Every round uses the same keyed random numbers, so that a difference between
rounds is the parameters'.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import lsq_linear

from gridsim.measures import check_patterns, held_against, measure_windows
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.parameters import REGISTRY
from gridsim.scenario.patterns import fit_hash
from gridsim.scenario.ranges import DIGITS, Scale, at_level, level
from gridsim.scenario.scenario import Scenario, ScenarioError
from gridsim.studies.versions import engine_hash

PROBE_STEP, LONGEST_STEP, HALVINGS = 0.05, 0.3, 3  # of a parameter's range


@dataclass(frozen=True)
class Round:
    """One evaluation: parameters, what the fitted measures were, and misfits in units of their tolerance."""

    number: int
    parameters: dict[str, float]
    achieved: dict[str, float]
    misfit: dict[str, float]

    @property
    def worst(self) -> str:
        """The pattern furthest off."""
        return max(self.misfit, key=lambda k: abs(self.misfit[k]))


@dataclass(frozen=True, repr=False)
class FitResult:
    """Result of :func:`fit`.

    Attributes
    ----------
    scenario : Scenario
        The scenario with the best values found and, when they were reached, the record of the fit.
    reached : bool
        True when every fitted pattern is within the asked fraction of its tolerance.
    at_bound : tuple of str
        Fitted parameters that stand at an end of their registry range.
    rounds : tuple of Round
    patterns : DataFrame
        All patterns, the emergent ones too, at those values (see ``held_against``).

    """

    scenario: Scenario
    reached: bool
    at_bound: tuple[str, ...]
    rounds: tuple[Round, ...]
    best: Round
    patterns: pd.DataFrame

    def __repr__(self) -> str:
        reached = "reached" if self.reached else "NOT reached"
        return f"<FitResult {self.scenario.name!r}: {reached}, {len(self.rounds)} rounds>"


def _scale(key: str) -> Scale:
    """A parameter's registry range as [0, 1]."""
    p = REGISTRY[key]
    assert p.low is not None and p.high is not None
    return Scale(p.low, p.high)


class _Baseline:
    """The scenario as a function from fitted parameters to misfits; remembers every round."""

    def __init__(self, scenario: Scenario, replications: int, seed: int, jobs: int, told: Any) -> None:
        self.scenario, self.replications, self.seed, self.jobs, self.told = scenario, replications, seed, jobs, told
        self.patterns = {n: p for n, p in scenario.patterns.items() if p.role == "fitted"}
        self.scales = {p.by: _scale(p.by) for p in self.patterns.values()}
        self.rounds: list[Round] = []
        self.held: list[pd.DataFrame] = []

    def at(self, u: np.ndarray) -> Scenario:
        """The scenario with its fitted parameters moved."""
        moved = {k: s.value(x) for (k, s), x in zip(self.scales.items(), u, strict=True)}
        return self.scenario.replace({k: at_level(self.scenario.get(k), x) for k, x in moved.items()}, where="fit")

    def __call__(self, u: np.ndarray) -> np.ndarray:
        s = self.at(u)
        held = held_against(s, _observe(s, self.replications, self.seed, self.jobs))
        achieved = {r["pattern"]: r["model"] for r in held.to_dict(orient="records") if r["pattern"] in self.patterns}
        misfit = {n: (achieved[n] - p.target) / p.half_width for n, p in self.patterns.items()}
        if unmeasured := [n for n, x in misfit.items() if np.isnan(x)]:
            lines = [f"{s.name}: patterns.{n}: {s.patterns[n].measure} could not be measured" for n in unmeasured]
            raise ScenarioError(lines)
        parameters = {k: level(s.get(k)) for k in self.scales}
        self.rounds.append(Round(len(self.rounds) + 1, parameters, achieved, misfit))
        self.held.append(held)
        if self.told:
            self.told(self.rounds[-1])
        return np.array(list(misfit.values()))


def _observe(scenario: Scenario, replications: int, seed: int, jobs: int) -> list[Any]:
    """Measures of the first window, by replication."""
    short = scenario.replace({"time.days": scenario.time.window_days})
    city = City(short)

    def one(r: int) -> Any:
        return measure_windows(World(short, city, seed, r).run())

    with ThreadPoolExecutor(max(1, min(jobs, replications))) as pool:
        return list(pool.map(one, range(replications)))


def check_fittable(scenario: Scenario) -> None:
    """Refuse a scenario that cannot be fitted; all errors at once.

    Raises
    ------
    ScenarioError

    """
    check_patterns(scenario)
    fitted = {n: p for n, p in scenario.patterns.items() if p.role == "fitted"}
    errors = [] if fitted else [f'{scenario.name}: patterns: none has role = "fitted", so there is nothing to fit']
    for p in fitted.values():
        r, now = REGISTRY[p.by], level(scenario.get(p.by))
        if not r.low <= now <= r.high:  # type: ignore[operator]
            errors.append(
                f"{scenario.name}: {p.by}: {now:g} lies outside its range {r.low:g} to {r.high:g}; start inside"
            )
    if errors:
        raise ScenarioError(errors)


def fit(
    scenario: Scenario,
    *,
    replications: int = 4,
    seed: int = 2021,
    within: float = 0.2,
    most_rounds: int = 30,
    jobs: int | None = None,
    told: Callable[[Round], None] | None = None,
) -> FitResult:
    """Move the open parameters of the fitted patterns until the baseline meets them.

    Parameters
    ----------
    scenario : Scenario
        Its patterns of role "fitted" are the targets, their ``by`` the parameters moved.
    replications, seed : int
        Replications r = 0, 1, … of this seed, the same in every round.
    within : float
        Reached when every misfit is at most this fraction of its tolerance.
    most_rounds : int
        Evaluations after which the search gives up.
    told : callable, optional
        Called after every round.

    Returns
    -------
    FitResult

    Raises
    ------
    ScenarioError
        When a scenario has nothing to fit or starts outside a range.

    """
    check_fittable(scenario)
    baseline = _Baseline(scenario, replications, seed, jobs or os.cpu_count() or 1, told)
    _search(baseline, within, most_rounds)
    k = int(np.argmin([max(map(abs, r.misfit.values())) for r in baseline.rounds]))
    best = baseline.rounds[k]
    units = np.array([s.unit(best.parameters[key]) for key, s in baseline.scales.items()])
    at_bound = tuple(key for key, u in zip(baseline.scales, units, strict=True) if not 1e-6 < u < 1 - 1e-6)
    reached = max(map(abs, best.misfit.values())) <= within
    found = scenario.replace({key: at_level(scenario.get(key), x) for key, x in best.parameters.items()})
    if reached:
        found = _recorded(found, baseline.held[k], replications, seed, len(baseline.rounds))
    return FitResult(found, reached, at_bound, tuple(baseline.rounds), best, baseline.held[k])


def _search(f: _Baseline, within: float, most_rounds: int) -> None:
    """Damped Broyden in the unit cube; every evaluation is kept in ``f.rounds``."""
    u = np.array([s.unit(level(f.scenario.get(k))) for k, s in f.scales.items()]).clip(0, 1)
    y = f(u)
    slopes: np.ndarray | None = None
    while np.abs(y).max() > within and len(f.rounds) < most_rounds:
        fresh = slopes is None
        slopes = _probe(f, u, y) if slopes is None else slopes
        step = _step(slopes, u, y)
        if np.abs(step).max() < 1e-6:  # held by a bound, or nothing moves the measures
            return
        for _ in range(HALVINGS + 1):
            new = (u + step).clip(0, 1)
            moved = new - u
            y_new = f(new)
            better = np.linalg.norm(y_new) < np.linalg.norm(y)
            slopes = slopes + np.outer(y_new - y - slopes @ moved, moved) / max(moved @ moved, 1e-12)
            if better or len(f.rounds) >= most_rounds:
                break
            step = step / 2
        if better:
            u, y = new, y_new
        elif fresh:  # not even fresh slopes lead on: what is left is noise or out of reach
            return
        else:
            slopes = None


def _probe(f: _Baseline, u: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Slopes by one-sided differences, towards the inside of the range."""
    columns = []
    for k in range(len(u)):
        beside = u.copy()
        beside[k] += PROBE_STEP if u[k] < 0.5 else -PROBE_STEP
        columns.append((f(beside) - y) / (beside[k] - u[k]))
    return np.array(columns).T


def _step(slopes: np.ndarray, u: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The step that the slopes say is best, among those that stay in the range and are not too long."""
    inside = np.maximum(-u, -LONGEST_STEP), np.minimum(1 - u, LONGEST_STEP)
    return np.asarray(lsq_linear(slopes, -y, bounds=inside, method="bvls").x)


def _recorded(found: Scenario, held: pd.DataFrame, replications: int, seed: int, rounds: int) -> Scenario:
    """The fitted scenario with the record of its fit."""
    rows = [r for r in held.to_dict(orient="records") if np.isfinite(r["model"])]
    moved = [p.by for p in found.patterns.values() if p.role == "fitted"]
    record = {
        "hash": fit_hash(found),
        "gridsim": version("gridsim"),
        "engine": engine_hash(),
        "seed": seed,
        "replications": replications,
        "rounds": rounds,
        "parameters": {k: getattr(v, "model_dump", lambda v=v: v)() for k in moved for v in [found.get(k)]},
        "targets": {r["pattern"]: float(r["target"]) for r in rows},
        "achieved": {r["pattern"]: float(f"{r['model']:.{DIGITS}g}") for r in rows},
    }
    return Scenario.from_dict({**found.to_dict(), "fit": record}, found.name)
