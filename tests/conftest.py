"""Shared helpers: degenerate cities whose behaviour is known, hand-placed incidents, intervals."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from gridsim.model.cases import RESOLVED
from gridsim.model.city import City
from gridsim.model.draws import DURATION, sample
from gridsim.model.settings import SERVICE, duration_table
from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario
from gridsim.verification.promises import packed as packed
from gridsim.verification.promises import staff_of as chained  # noqa: F401

LEVEL = 0.999  # of every interval and test: seeds are fixed, so a pass stays a pass
RULES_OFF = (
    "patrol",
    "residents",
    "lapse",
    "intake",
    "triage",
    "boundary",
    "cover",
    "deadlines",
    "hours",
    "stalled_stock",
    "escalation",
    "video",
    "experts",
)
PEOPLE = 36_500  # so that incidents per 100 residents and year are incidents a day

SINGLE: dict[str, Any] = {
    "name": "single queue",
    "time": {"calendar": "continuous", "warmup_days": 0, "days": 365, "follow_up_days": 0},
    "rules": dict.fromkeys(RULES_OFF, False),
    "city": {
        "comprehensive_grids": 1,
        "dedicated_grids": 0,
        "cells_per_grid": 1,
        "persons_per_agent": 10_000,
        "place_effect_sd": 0.0,
        "grid_size_cv": 0.0,
    },
    "staff": {"full_time": 1, "part_time": 0, "nominal_share": 0.0},
    "residents": {"disparity": 1.0},
    "handling": {"ability": 60.0, "selectivity": 0.0},  # logistic(60 − 4 · complexity) is 1 to 24 digits
    "departments": {"extra": 0.0, "need_factor": 1.0, "hold_team": "throughout"},
    "triage": {"hops": 0},
    "linkage": {
        "hops": 0,
        "rate": 1.0,
        "coordination": 0.0,
        "false_whistles": 0.0,
        "false_slope": 0.0,
        "fatigue": 0.0,
        "report_in": {"distribution": "deterministic", "value": 0.0},
    },
    "districts": {"d": {"population": PEOPLE}},
}


def single_queue(per_day: float, fields: int = 1, teams: int = 1, need: float = 0.0, **changes: Any) -> Scenario:
    """A city of one grid and one district on one unbroken clock, every rule off: incidents are reported at onset.

    Parameters
    ----------
    per_day : float
        Poisson rate of incidents.
    fields, teams : int
        Department fields, and teams of each.
    need : float
        Chance that a case needs a department.
    **changes
        Registry keys with two underscores for the dot.
    """
    names = [f"field{k}" for k in range(fields)]
    category = {"share": 1.0, "needs_department": need, "complexity": 0.5, "deadline_days": 7.0, "field": names[0]}
    data = SINGLE | {
        "arrivals": {"per_100_residents": float(per_day)},
        "fields": {n: n for n in names},
        "categories": {"any": category},
        "teams": {"d": dict.fromkeys(names, teams)},
    }
    return Scenario.from_dict(data).replace(changes)


def deterministic(value: float) -> dict[str, Any]:
    return {"distribution": "deterministic", "value": float(value)}


def exponential(mean: float) -> dict[str, Any]:
    return {"distribution": "exponential", "mean": float(mean)}


def gamma(mean: float, shape: float) -> dict[str, Any]:
    return {"distribution": "gamma", "mean": float(mean), "shape": float(shape)}


def lognormal(median: float, sigma: float) -> dict[str, Any]:
    return {"distribution": "lognormal", "median": float(median), "sigma": float(sigma)}


def hand_placed(times: list[float], **changes: Any) -> World:
    """A world in which incidents arise at exactly these times (days, day 0 a Monday), a place each, and no others."""
    scenario = single_queue(1e-9, **{"city__cells_per_grid": len(times), "arrivals__headroom": 1.0} | changes)
    world = World(scenario)
    world.tables.next_arrival[:] = times
    return world


def clock(day: int, hour: float) -> float:
    """Time of an hour of a day."""
    return day + hour / 24


@numba.njit
def _fill_durations(kind, scale, shape, seed, replicate, stream, place, ordinal, out):
    for i in range(len(out)):
        out[i] = sample(kind, scale, shape, seed, replicate, stream, place[i], ordinal[i], 0)


def first_durations(world: World, which: int, cases: np.recarray) -> np.ndarray:
    """The keyed duration that each case draws at its first attempt (or first department)."""
    d = duration_table(world.scenario)[which]
    out = np.empty(len(cases))
    _fill_durations(
        float(d["kind"]),
        float(d["scale"]),
        float(d["spread"]),
        world.seed,
        world.replicate,
        DURATION + which,
        np.ascontiguousarray(cases.place),
        np.ascontiguousarray(cases.ordinal),
        out,
    )
    return out


def replications(scenario: Scenario, days: int, number: int) -> list[World]:
    city = City(scenario)
    return [World(scenario, city, seed=77, replicate=r).advance(days) for r in range(number)]


def waits(world: World, which: int, first: float, last: float) -> np.ndarray:
    """Days that each case reported in [first, last) waited, its keyed service taken off its whole time."""
    c = world.cases
    c = c[(c.reported >= first) & (c.reported < last)]
    assert np.all(c.state == RESOLVED)
    per_day = 24.0 if which == SERVICE else 1.0
    wait = c.resolved - c.reported - first_durations(world, which, c) / per_day
    assert wait.min() > -1e-9
    return np.where(wait < 1e-9, 0.0, wait)


def assert_mean(samples: ArrayLike, theory: float, resolution: float, what: str = "") -> None:
    """The mean of independent values agrees with theory, and the interval is narrow enough to have caught an error."""
    x = np.asarray(samples, float)
    half = stats.t.ppf((1 + LEVEL) / 2, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))
    assert half <= resolution * abs(theory), f"{what}: interval ±{half:.4g} is too wide to test {theory:.4g}"
    assert abs(x.mean() - theory) <= half, f"{what}: mean {x.mean():.5g} ± {half:.2g}, theory {theory:.5g}"


def assert_share(successes: int, trials: int, theory: float, what: str = "") -> None:
    """A count agrees with a binomial share."""
    p = stats.binomtest(int(successes), int(trials), theory).pvalue
    assert p > 1 - LEVEL, f"{what}: {successes} of {trials} = {successes / trials:.4f}, theory {theory:.4f} (p {p:.1e})"
