"""What a worker does with a batch: one warm-up, a run for each option, and a row for each run, whatever happens."""

from __future__ import annotations

import json
import pickle
import time
import traceback
from collections.abc import Callable, Iterator
from functools import cache, cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np

from gridsim.measures import measure_windows
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.policies import Option, Phase, builtin_policies, parse_options
from gridsim.scenario.scenario import Scenario, load_scenario
from gridsim.studies.plan import Batch, OwnCode, Plan
from gridsim.studies.point import at_point, seed_at, set_by
from gridsim.studies.versions import results_hash

DONE, FAILED, LOST = "done", "failed", "lost"
CITIES_KEPT = 4  # built cities that a process remembers


class Row(NamedTuple):
    """The outcome of one run; ``measures`` are numbers in the order of ``Plan.columns``, as bytes ("<f8")."""

    option: int
    status: str
    seconds: float
    measures: bytes
    error: str
    engine: str


class Trial:
    """The part of a plan that a worker needs: everything but the points, of which each batch brings its own."""

    def __init__(self, plan: Plan) -> None:
        self.scenarios: tuple[Scenario, ...] = plan.scenarios
        self.options: tuple[Option, ...] = plan.options
        self.factors = plan.factors
        self.seed = plan.seed
        self.own: OwnCode | None = plan.own

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k not in ("setting", "functions")}

    @cached_property
    def setting(self) -> Callable[..., tuple[Scenario, City, dict[int, list[Phase]]]]:
        """Scenario, city and phases already put together, by scenario and point."""
        return lru_cache(CITIES_KEPT)(self._setting)

    def _setting(self, number: int, point: str) -> tuple[Scenario, City, dict[int, list[Phase]]]:
        scenario = at_point(self.scenarios[number], json.loads(point))
        return scenario, City(scenario), {}

    @cached_property
    def functions(self) -> dict[str, Callable[[World], Any]]:
        """The user's own functions."""
        return self.own.functions() if self.own else {}

    def rows(self, batch: Batch) -> Iterator[Row]:
        """The rows of a batch, one by one; an error is a row with its traceback, not the end."""
        began = time.perf_counter()
        try:
            point = json.dumps(set_by(self.factors, batch.values))
            scenario, city, phases = self.setting(batch.scenario, point)
            seed = seed_at(self.factors, batch.values, self.seed)
            world = World(scenario, city, seed, batch.replicate)
            warm = self.functions.get("prepare", _as_it_is)(world).warm_up()
        except Exception:
            for k in batch.options:
                yield _failed(k, began)
            return
        for k in batch.options:
            try:
                if k not in phases:
                    phases[k] = self.options[k].phases(scenario)
                world = warm.copy().under(phases[k]).run()
                yield Row(k, DONE, time.perf_counter() - began, self._numbers(world), "", results_hash())
            except Exception:
                yield _failed(k, began)
            began = time.perf_counter()

    def _numbers(self, world: World) -> bytes:
        values = [x for window in measure_windows(world).values() for x in window.values()]
        if self.own is not None and self.own.names:
            told = self.functions["measure"](world)
            if absent := [n for n in self.own.names if n not in told]:
                raise KeyError(f"{self.own.file}: measure(world) did not return {', '.join(absent)}")
            values += [float(told[n]) for n in self.own.names]
        return packed(values)


def packed(values: list[float]) -> bytes:
    """Numbers as bytes; every NaN is the same NaN."""
    x = np.array(values, dtype="<f8")
    x[np.isnan(x)] = np.nan
    return x.tobytes()


def _as_it_is(world: World) -> World:
    return world


def _failed(option: int, began: float) -> Row:
    return Row(option, FAILED, time.perf_counter() - began, b"", traceback.format_exc(), results_hash())


def rows_of(trial: Trial | bytes, batch: Batch) -> Iterator[Row]:
    """Rows of a batch; elsewhere the trial comes as bytes, which a process unpacks once."""
    return (_unpacked(trial) if isinstance(trial, bytes) else trial).rows(batch)


@lru_cache(2)
def _unpacked(data: bytes) -> Trial:
    compile_once()
    trial = pickle.loads(data)
    assert isinstance(trial, Trial)
    return trial


@cache
def compile_once() -> None:
    """Compile (or load) every rule on a toy city: half a minute on a new machine, before any bar or clock begins."""
    toy = load_scenario("neighbourhood", time__warmup_days=1, time__days=2, time__follow_up_days=1)
    option = parse_options(None, builtin_policies(), toy)[-1]
    measure_windows(World(toy).warm_up().copy().under(option.phases(toy)).run())
