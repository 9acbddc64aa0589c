"""Measure gridsim's speed and memory on this machine, beside Mesa, SimPy and Ciw, and print one table.

    python experiments/benchmark.py            # everything, some minutes; on an otherwise idle machine
    python experiments/benchmark.py --quick    # small sizes; no cold compile, no tenfold city
    python experiments/benchmark.py --out DIR  # also DIR/benchmark.csv

Timings are medians of several runs after compilation. Figures marked EXTRAPOLATED were not measured. SimPy and Ciw come
with ``pip install gridsim[benchmark]``.
"""

from __future__ import annotations

import argparse
import csv
import os
import platform
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from statistics import mean, median
from time import perf_counter, process_time
from types import SimpleNamespace
from typing import Any

import mesa

from gridsim.model.cases import RESOLVED
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario, load_scenario

YEAR = 365
HEADINGS = ("what", "value", "unit", "bound", "holds")
FIRST_DAY = """
from gridsim.model.world import World
from gridsim.scenario.scenario import load_scenario
world = World(load_scenario("neighbourhood"))
world.advance(world.day + 1)
"""
PEAK_MEMORY = """
import resource, sys
from gridsim.model.world import World
from gridsim.scenario.scenario import load_scenario
world = World(load_scenario("daqing-2021"), seed=1).warm_up()
world.copy().advance(365)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10))
"""
FULL = SimpleNamespace(
    runs=5,
    compiles=3,
    tenfold=True,
    small_copies=100,
    replications=8,
    residents=(20_000, 60_000),
    mesa_days=30,
    cases={"gridsim": 200_000, "SimPy": 100_000, "Ciw": 100_000},
    tolerance="5 %",
)
QUICK = SimpleNamespace(
    runs=3,
    compiles=0,
    tenfold=False,
    small_copies=20,
    replications=4,
    residents=(2_000, 6_000),
    mesa_days=10,
    cases={"gridsim": 20_000, "SimPy": 5_000, "Ciw": 2_000},
    tolerance="30 %",
)


class Table:
    """Rows of (what, value, unit, bound, holds)."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []

    def add(self, what: str, value: Any, unit: str = "", bound: str = "") -> None:
        """Append a row; a bound such as ``<= 30``, ``>= 1.7`` or ``42.2 ± 5 %`` is checked at once."""
        match bound.split():
            case "<=", limit:
                holds = "yes" if value <= float(limit) else "NO"
            case ">=", limit:
                holds = "yes" if value >= float(limit) else "NO"
            case middle, "±", percent, "%":
                holds = "yes" if abs(value / float(middle) - 1) <= float(percent) / 100 else "NO"
            case _:
                holds = ""
        self.rows.append((what, value, unit, bound, holds))

    def __str__(self) -> str:
        shown = [HEADINGS, *((what, _shown(value), *rest) for what, value, *rest in self.rows)]
        a, b, c, d, _ = (max(map(len, column)) for column in zip(*shown, strict=True))
        return "\n".join(f"{r[0]:{a}}  {r[1]:>{b}}  {r[2]:{c}}  {r[3]:{d}}  {r[4]}".rstrip() for r in shown)


def _shown(v: Any) -> str:
    return v if isinstance(v, str) else f"{v:,.0f}" if isinstance(v, int) or v >= 1000 else f"{v:.3g}"


def timed(work: Callable[[], Any], runs: int = 1, clock: Callable[[], float] = perf_counter) -> float:
    """Median seconds of ``work``."""
    marks = [(clock(), work(), clock()) for _ in range(runs)]
    return median(end - start for start, _, end in marks)


def machine(table: Table) -> None:
    """Facts about the machine and the versions in use."""
    table.add("machine", f"{platform.system()} {platform.machine()}")
    table.add("cores", os.cpu_count() or 0)
    if hasattr(os, "getloadavg"):
        table.add("load average before the start", os.getloadavg()[0], "processes")
    table.add("python", platform.python_version())
    for package in ("numba", "numpy", "mesa", "simpy", "ciw"):
        table.add(package, version(package) if find_spec(package) else "missing")


# --- 1. in a process of its own ---------------------------------------------------------------------------------------
def child(code: str, **environment: str) -> str:
    """Run code in a fresh interpreter; returns what it printed."""
    return subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def processes(table: Table, size: SimpleNamespace) -> None:
    """Cold and warm first run, and peak memory; comes first, as a child may inherit its parent's peak."""
    cold, again = [], []
    for _ in range(size.compiles):
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as cache:
            for seconds in (cold, again):
                seconds.append(timed(partial(child, FIRST_DAY, NUMBA_CACHE_DIR=cache)))
    if cold:
        table.add("compile: first run on a cold cache less a warm one", median(cold) - median(again), "s", "<= 30")
        table.add("compile: the warm one, whole process", median(again), "s")
    child(FIRST_DAY)  # fills the cache, so that the compiler's memory is not counted
    if find_spec("resource"):  # not on Windows
        table.add("daqing-2021: peak memory", float(child(PEAK_MEMORY)), "MB", "<= 700")


# --- 2. to 4. gridsim -------------------------------------------------------------------------------------------------
def run_years(twins: list[World], threads: int = 1) -> None:
    """Run the year after warm-up in every world, by so many threads."""
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda w: w.advance(YEAR), twins))


def arisen(world: World) -> int:
    """Incidents so far."""
    return int(world.tables.tally.arisen[0])


def daqing(table: Table, size: SimpleNamespace) -> float:
    """Daqing one to one; returns the seconds of its year."""
    s = load_scenario("daqing-2021")
    city = City(s)
    world = World(s, city, seed=1).warm_up()
    seconds = []
    for _ in range(2 * size.runs + 1):
        twin = world.copy()
        seconds.append(timed(partial(twin.advance, YEAR)))
    year, incidents = median(seconds), arisen(twin) - arisen(world)
    events = int(twin.tables.tally.events[0] - world.tables.tally.events[0])
    table.add("daqing-2021: residents, each an agent", s.population, "persons")
    table.add("daqing-2021: build the city", timed(partial(City, s), size.runs), "s")
    table.add(
        "daqing-2021: start and warm up, 365 days", timed(lambda: World(s, city, seed=1).warm_up(), size.runs), "s"
    )
    table.add("daqing-2021: copy the warm world", timed(world.copy, size.runs), "s")
    table.add("daqing-2021: 365 days, one core (aim 0.5)", year, "s", "<= 1.0")
    table.add(f"daqing-2021: the fastest of {len(seconds)} such runs", min(seconds), "s")
    table.add("daqing-2021: incidents in them", incidents, "incidents")
    table.add("daqing-2021: events in them", events, "events")
    table.add("daqing-2021: cost of an incident", year / incidents * 1e6, "µs")
    table.add("daqing-2021: cost of an event", year / events * 1e6, "µs")
    return year


def tenfold(s: Scenario) -> Scenario:
    """Ten copies of every district of a city, with their grids, staff and teams."""
    numbers = ("city.comprehensive_grids", "city.dedicated_grids", "staff.full_time", "staff.part_time")
    data = s.replace({key: 10 * s.get(key) for key in numbers}).to_dict()
    at_city = {f: 10 * n for f, n in data["teams"].pop("city", {}).items()}
    for part in ("districts", "teams"):
        data[part] = {f"{d}_{k}": row for k in range(10) for d, row in data[part].items()}
    data["teams"]["city"] = at_city
    return Scenario.from_dict(data)


def growth(table: Table, size: SimpleNamespace) -> None:
    """Processor time of an incident in cities of three sizes, in turns, so that the ratios meet the same machine."""
    city = load_scenario("daqing-2021")
    cities = {"neighbourhood": (load_scenario("neighbourhood"), size.small_copies), "daqing-2021": (city, 1)}
    if size.tenfold:
        cities["ten times daqing-2021"] = (tenfold(city), 1)
    worlds = {name: (World(s, seed=1).warm_up(), copies) for name, (s, copies) in cities.items()}
    cost: dict[str, list[float]] = {name: [] for name in cities}
    for _ in range(size.runs):
        for name, (world, copies) in worlds.items():
            twins = [world.copy() for _ in range(copies)]
            seconds = timed(partial(run_years, twins), clock=process_time)
            cost[name].append(seconds / copies / (arisen(twins[0]) - arisen(world)))
    for name, values in cost.items():
        table.add(f"growth: cost of an incident, {name}", median(values) * 1e6, "µs")
    for (small, a), (large, b) in pairwise(cost.items()):
        bound = "<= 2.5" if small == "neighbourhood" else "<= 1.6"
        table.add(f"growth: {large} / {small}", median(y / x for x, y in zip(a, b, strict=True)), "ratio", bound)


def threads(table: Table, size: SimpleNamespace) -> None:
    """The same independent replications by one thread and by two; other work on the machine spoils it."""
    s = load_scenario("daqing-2021")
    city = City(s)
    worlds = [World(s, city, seed=1, replicate=k).warm_up() for k in range(size.replications)]
    wall, work = ({1: [], 2: []} for _ in range(2))
    for n in (1, 2) * size.runs:
        twins, start = [w.copy() for w in worlds], process_time()
        wall[n].append(timed(partial(run_years, twins, n)))
        work[n].append(process_time() - start)
    table.add(f"threads: {len(worlds)} years of daqing-2021 by one", median(wall[1]), "s")
    table.add(f"threads: {len(worlds)} years of daqing-2021 by two", median(wall[2]), "s")
    share = median(w / (2 * t) for w, t in zip(work[2], wall[2], strict=True))
    table.add("threads: part of two cores that the two got (idle machine: 1)", share, "share")
    table.add("threads: processor time by two / by one", median(work[2]) / median(work[1]), "ratio")
    table.add("threads: speed-up", median(wall[1]) / median(wall[2]), "ratio", ">= 1.7")


# --- 5. an idiomatic Mesa model of the same residents -----------------------------------------------------------------
class Resident(mesa.Agent):
    """Asked every day whether an incident arises, is reported or lapses; nobody handles what is reported."""

    def __init__(self, model: Residents, place: int) -> None:
        super().__init__(model)
        self.place, self.propensity, self.since = place, model.random.lognormvariate(-0.09, 0.43), None

    def step(self) -> None:
        model = self.model
        if self.since is None:
            if model.random.random() < model.arises:
                self.since = model.steps
        elif model.random.random() < model.told * self.propensity:
            model.reported += 1
            self.since = None
        elif model.random.random() < model.lapses:
            model.lapsed += 1
            self.since = None


class Residents(mesa.Model):
    """All residents, 293 to a place as in Daqing; ``activation`` names the agent set's method."""

    def __init__(self, residents: int, activation: str) -> None:
        super().__init__(seed=1)
        s, self.activation, self.reported, self.lapsed = load_scenario("daqing-2021"), activation, 0, 0
        self.arises = s.arrivals.per_100_residents / 100 / YEAR
        self.told, self.lapses = s.residents.report_rate, 1 / s.latent.lapse_days
        for k in range(residents):
            Resident(self, k // 293)

    def step(self) -> None:
        getattr(self.agents, self.activation)("step")


def mesa_residents(table: Table, size: SimpleNamespace, gridsim_year: float) -> None:
    """A year in Mesa: measured at feasible sizes, extrapolated in proportion to residents and days."""
    people = load_scenario("daqing-2021").population
    for activation in ("shuffle_do", "do"):
        cost = []
        for n in size.residents:
            cost.append(timed(Residents(n, activation).step, size.mesa_days) / n)
            table.add(f"mesa, {activation}: a resident's day, {n:,} residents", cost[-1] * 1e6, "µs")
        table.add(f"mesa, {activation}: larger / smaller (linear: 1)", cost[1] / cost[0], "ratio", "<= 1.5")
        whole = cost[1] * people * YEAR
        table.add(f"mesa, {activation}: year of {people:,}, EXTRAPOLATED", whole, "s")
        table.add(f"mesa, {activation}: that / gridsim's year, EXTRAPOLATED", whole / gridsim_year, "ratio")


# --- 6. one queueing network in three simulators ----------------------------------------------------------------------
ARRIVALS, NEEDS = 30.0, 0.4  # cases a day; share that needs the department
FLOWS = (ARRIVALS * (1 - NEEDS), ARRIVALS * NEEDS)  # to grid and department
SERVERS, SERVICE = (3, 2), 0.1  # at grid and department, each busy for .6 of the time; mean service in days
OFF = (
    *("patrol", "residents", "video", "lapse", "escalation", "intake", "triage", "boundary", "cover", "experts"),
    *("deadlines", "hours", "stalled_stock"),
)


def erlang_wait(arrivals: float, servers: int) -> float:
    """Mean wait in M/M/c (Erlang C)."""
    load, blocked = arrivals * SERVICE, 1.0
    for k in range(1, servers + 1):
        blocked = load * blocked / (k + load * blocked)  # Erlang B
    return blocked / (1 - load / servers * (1 - blocked)) * SERVICE / (servers - load)


def queue_scenario() -> Scenario:
    """The network as an ordinary scenario: one grid, one department, every other rule off."""
    people, work = 20_000, {"distribution": "exponential", "mean": SERVICE}
    return Scenario.from_dict(
        {
            "rules": dict.fromkeys(OFF, False),
            "time": {"calendar": "continuous", "warmup_days": 0},
            "city": {"comprehensive_grids": 1, "dedicated_grids": 0, "cells_per_grid": 1},
            "staff": {"full_time": SERVERS[0], "part_time": 0, "nominal_share": 0.0},
            "triage": {"hops": 0},
            "arrivals": {"per_100_residents": ARRIVALS * YEAR / people * 100, "headroom": 1.0},
            "handling": {"service": {**work, "mean": 24 * SERVICE}, "ability": 60.0, "selectivity": 0.0},
            "linkage": {
                "rate": 1.0,
                "report_in": {"distribution": "deterministic", "value": 0.0},
                "coordination": 0.0,
                "hops": 0,
                "drop": 0.0,
                "false_whistles": 0.0,
                "false_slope": 0.0,
                "fatigue": 0.0,
            },
            "departments": {"need_factor": 1.0, "extra": 0.0, "hold_team": "throughout", "duration": work},
            "districts": {"town": {"population": people}},
            "fields": {"office": "部门"},
            "teams": {"town": {"office": SERVERS[1]}},
            "categories": {
                "any": {
                    "share": 1.0,
                    "needs_department": NEEDS,
                    "complexity": 0.5,
                    "deadline_days": 7.0,
                    "field": "office",
                }
            },
        }
    )


def gridsim_queue(cases: int, seed: int) -> tuple[float, int, float, float]:
    """Seconds, completed cases and mean waits (days) at grid and department, in gridsim."""
    world = World(queue_scenario(), seed=seed)
    seconds = timed(lambda: world.advance(int(cases / ARRIVALS)))
    done, department = world.cases[world.cases.state == RESOLVED], world.tables.department[0]
    at_grid = done[done.needs == 0]
    service = world.days.event_hours.sum() / 24 / world.days.attempts.sum()
    return (
        seconds,
        len(done),
        float((at_grid.resolved - at_grid.reported).mean() - service),
        float(department.waited / (department.done + department.busy)),
    )


def simpy_queue(cases: int, seed: int) -> tuple[float, int, float, float]:
    """The same in SimPy: a process per case."""
    import simpy

    draw, env, waits = random.Random(seed), simpy.Environment(), ([], [])
    nodes = [simpy.Resource(env, capacity=c) for c in SERVERS]

    def case(node: int) -> Any:
        arrived = env.now
        with nodes[node].request() as turn:
            yield turn
            began = env.now
            yield env.timeout(draw.expovariate(1 / SERVICE))
        waits[node].append(began - arrived)

    def source() -> Any:
        while True:
            yield env.timeout(draw.expovariate(ARRIVALS))
            env.process(case(1 if draw.random() < NEEDS else 0))

    env.process(source())
    return timed(lambda: env.run(until=cases / ARRIVALS)), len(waits[0] + waits[1]), mean(waits[0]), mean(waits[1])


def ciw_queue(cases: int, seed: int) -> tuple[float, int, float, float]:
    """The same in Ciw; the split Poisson stream is stated as two Poisson streams, which is the same in law."""
    import ciw

    ciw.seed(seed)
    simulation = ciw.Simulation(
        ciw.create_network(
            arrival_distributions=[ciw.dists.Exponential(flow) for flow in FLOWS],
            number_of_servers=list(SERVERS),
            service_distributions=[ciw.dists.Exponential(1 / SERVICE)] * 2,
            routing=[[0.0, 0.0], [0.0, 0.0]],
        )
    )
    seconds = timed(lambda: simulation.simulate_until_max_time(cases / ARRIVALS))
    records = simulation.get_all_records(only=["service"])
    at_grid, at_department = (mean(r.waiting_time for r in records if r.node == node) for node in (1, 2))
    return seconds, len(records), at_grid, at_department


def queueing(table: Table, size: SimpleNamespace) -> None:
    """Mean waits beside Erlang C, and the cost of a completed case, in three simulators."""
    theory = [erlang_wait(flow, c) * 24 * 60 for flow, c in zip(FLOWS, SERVERS, strict=True)]
    cost: dict[str, float] = {}
    for name, run in (("gridsim", gridsim_queue), ("SimPy", simpy_queue), ("Ciw", ciw_queue)):
        if not find_spec(name.lower()):
            continue
        results = [run(size.cases[name], seed) for seed in range(1, size.runs + 1)]
        for k, node in enumerate(("grid", "department")):
            wait = mean(r[2 + k] for r in results) * 24 * 60
            table.add(
                f"queue: mean wait at the {node}, {name} (bound: Erlang C)",
                wait,
                "min",
                f"{theory[k]:.4g} ± {size.tolerance}",
            )
        cost[name] = median(r[0] / r[1] for r in results)
        table.add(f"queue: cost of a case, {name} ({size.runs} x {size.cases[name]:,})", cost[name] * 1e6, "µs")
    for name in list(cost)[1:]:
        table.add(f"queue: {name} / gridsim", cost[name] / cost["gridsim"], "ratio")


def main() -> None:
    """Run every measurement and print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, under a minute")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder for benchmark.csv")
    options = parser.parse_args()
    size, table = QUICK if options.quick else FULL, Table()
    machine(table)
    processes(table, size)
    seconds = daqing(table, size)
    growth(table, size)
    threads(table, size)
    mesa_residents(table, size, seconds)
    queueing(table, size)
    print(table)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        with open(options.out / "benchmark.csv", "w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows([HEADINGS, *table.rows])


if __name__ == "__main__":
    main()
