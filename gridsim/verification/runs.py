"""Runs that the checks are made of: degenerate cities, replications, and what each case waited."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np

from gridsim.model.cases import RESOLVED
from gridsim.model.city import City
from gridsim.model.compiled import entry
from gridsim.model.draws import DURATION, sample
from gridsim.model.settings import DEPARTMENT, SERVICE, duration_table
from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario, load_scenario, read_base

SEED = 77  # of all checks: what holds once holds always
WHICH = {"grid": SERVICE, "department": DEPARTMENT}  # the keyed service at each kind of queue
A_DAY = {SERVICE: 24.0, DEPARTMENT: 1.0}  # units of that duration in a day


def deterministic(value: float) -> dict[str, Any]:
    """Always ``value``."""
    return {"distribution": "deterministic", "value": float(value)}


def exponential(mean: float) -> dict[str, Any]:
    """Exponential of this mean."""
    return {"distribution": "exponential", "mean": float(mean)}


def gamma(mean: float, shape: float) -> dict[str, Any]:
    """Gamma; its squared coefficient of variation is 1 ÷ shape."""
    return {"distribution": "gamma", "mean": float(mean), "shape": float(shape)}


def lognormal(median: float, sigma: float) -> dict[str, Any]:
    """Lognormal with median and sd of the logarithm."""
    return {"distribution": "lognormal", "median": float(median), "sigma": float(sigma)}


@cache
def _base() -> dict[str, Any]:
    return read_base("verification/_queue")


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
    data = copy.deepcopy(_base())
    names = [f"field{k}" for k in range(fields)]
    data["name"] = "single queue"
    data["arrivals"] = {"per_100_residents": float(per_day)}
    data["fields"] = {n: n for n in names}
    data["categories"]["any"]["needs_department"] = need
    data["teams"] = {"d": dict.fromkeys(names, teams)}
    return Scenario.from_dict(data).replace(changes)


def varied(name: str, **changes: Any) -> Scenario:
    """A scenario of ``verification/`` with some registry keys changed (two underscores for the dot)."""
    return load_scenario(f"verification/{name}", **changes)


def worlds(scenario: Scenario, number: int, seed: int = SEED) -> Iterable[World]:
    """Independent replications of one city, one after another, so that only one is held in memory."""
    city = City(scenario)
    return (World(scenario, city, seed, replicate) for replicate in range(number))


def replications(scenario: Scenario, days: int, number: int) -> list[World]:
    """Worlds advanced to the beginning of day ``days``."""
    return [world.advance(days) for world in worlds(scenario, number)]


@entry
def _fill_durations(kind, scale, shape, seed, replicate, stream, place, ordinal, out):
    for i in range(len(out)):
        out[i] = sample(kind, scale, shape, seed, replicate, stream, place[i], ordinal[i], 0)


def first_durations(world: World, which: int, cases: np.recarray) -> np.ndarray:
    """The keyed duration that each case draws at its first attempt (or first department)."""
    d = duration_table(world.scenario)[which]
    law = (float(d["kind"]), float(d["scale"]), float(d["spread"]))
    out = np.empty(len(cases))
    places, ordinals = (np.ascontiguousarray(cases[column]) for column in ("place", "ordinal"))
    _fill_durations(*law, world.seed, world.replicate, DURATION + which, places, ordinals, out)
    return out


def reported(world: World, first: float, last: float) -> np.recarray:
    """Cases reported in [first, last)."""
    c = world.cases
    return c[(c.reported >= first) & (c.reported < last)]


def waits(world: World, which: int, first: float, last: float) -> np.ndarray:
    """Days that each case reported in [first, last) waited, its keyed service taken off its whole time.

    Raises
    ------
    ValueError
        If some of them are not resolved, or ended before their service could.

    """
    c = reported(world, first, last)
    if not np.all(c.state == RESOLVED):
        raise ValueError(
            f"{world.scenario.name}: cases of days {first:g} to {last:g} are still open; run it for longer"
        )
    wait = c.resolved - c.reported - first_durations(world, which, c) / A_DAY[which]
    if wait.min(initial=0.0) < -1e-9:
        raise ValueError(f"{world.scenario.name}: a case ended {-wait.min():g} d before its service could")
    return np.where(wait < 1e-9, 0.0, wait)


def snapshots(world: World, first: int, last: int, see: Callable[[World], Any]) -> list[Any]:
    """What is seen at the end of each day in [first, last)."""
    world.advance(first)
    return [see(world.advance(day + 1)) for day in range(first, last)]
