"""The same three networks in gridsim, SimPy and Ciw: M/M/3, grid and department with feedback, two classes of priority.

Waits of one run hang together, so each run is thinned: of every kind of value so many are kept, evenly spaced, that two
are five relaxation times of the slowest queue apart, 1/(cμ(1 − √ρ)²), after which a correlation is down to e⁻⁵ = .007.
On these, as good as independent, every two simulators are compared by the two-sample Kolmogorov–Smirnov test; and their
means by Welch's test on batches five times as long, which is the sharper. Holm's correction is over both together.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import combinations
from typing import Any

import numpy as np
from scipy import stats

from gridsim.model.cases import EMERGENCY
from gridsim.model.settings import DEPARTMENT, SERVICE
from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario
from gridsim.studies.paired import holm
from gridsim.verification.check import LEVEL, Finding, Size, check, ks_resolution, not_run, pvalue_finding
from gridsim.verification.runs import SEED, exponential, reported, varied, waits

NAMES = ("gridsim", "SimPy", "Ciw")
KEPT = 600  # thinned values of a run
BATCH = 5  # of them in a batch
START, END = 5.0, 5.0  # days left out at the beginning, and at the end, where cases are not over
Values = dict[str, np.ndarray]  # what is compared, by its name; each in the order of arrival


@dataclass(frozen=True)
class Network:
    """One network, stated four times.

    Attributes
    ----------
    apart : float
        Days between two values kept: five relaxation times.
    scenario : Scenario
    gridsim, simpy, ciw : callable
        ``gridsim`` takes a world that has run; the others a seed and the days to run.

    """

    name: str
    apart: float
    scenario: Scenario
    gridsim: Callable[[World, float], Values]
    simpy: Callable[[int, float], Values]
    ciw: Callable[[int, float], Values]


def _source(env: Any, draw: random.Random, rate: float, case: Callable[[], Any]) -> Any:
    while True:
        yield env.timeout(draw.expovariate(rate))
        env.process(case())


def _in_order(rows: Sequence[tuple[float, ...]], until: float) -> np.ndarray:
    """Rows (arrived, …) of the cases that arrived between START and ``until``, by arrival."""
    x = np.array(sorted(rows))
    return x[(x[:, 0] >= START) & (x[:, 0] < until)]


# --- M/M/3: 180 a day, three servers of 100 a day: ρ = .6, five relaxation times are .33 d


def _mm3_gridsim(world: World, until: float) -> Values:
    return {"wait": waits(world, DEPARTMENT, START, until)}


def _mm3_simpy(seed: int, until: float) -> Values:
    import simpy

    draw, env = random.Random(seed), simpy.Environment()
    rows: list[tuple[float, ...]] = []
    servers = simpy.Resource(env, capacity=3)

    def case() -> Any:
        arrived = env.now
        with servers.request() as turn:
            yield turn
            rows.append((arrived, env.now - arrived))
            yield env.timeout(draw.expovariate(100.0))

    env.process(_source(env, draw, 180.0, case))
    env.run(until=until + END)
    return {"wait": _in_order(rows, until)[:, 1]}


def _mm3_ciw(seed: int, until: float) -> Values:
    import ciw

    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(180.0)],
        service_distributions=[ciw.dists.Exponential(100.0)],
        number_of_servers=[3],
    )
    rows = [(r.arrival_date, r.waiting_time) for r in _ciw_records(network, seed, until)]
    return {"wait": _in_order(rows, until)[:, 1]}


def _ciw_records(network: Any, seed: int, until: float) -> Any:
    import ciw

    ciw.seed(seed)
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_time(until + END)
    return simulation.get_all_records(only=["service"])


# --- grid, second attempt, department: 120 a day; M/M/3 at .6, M/M/1 at .4; five relaxation times are .49 d


def _stays(rows: np.ndarray) -> Values:
    """By rows (arrived, whole time, went to the department)."""
    return {"time in the system": rows[:, 1], "the same, by the department": rows[rows[:, 2] > 0, 1]}


def _feedback_gridsim(world: World, until: float) -> Values:
    c = reported(world, START, until)
    return _stays(np.column_stack([c.reported, c.resolved - c.reported, c.exhausted]))


def _feedback_simpy(seed: int, until: float) -> Values:
    import simpy

    draw, env = random.Random(seed), simpy.Environment()
    rows: list[tuple[float, ...]] = []
    grid, department = simpy.Resource(env, capacity=3), simpy.Resource(env, capacity=1)

    def served(node: Any, rate: float) -> Any:
        with node.request() as turn:
            yield turn
            yield env.timeout(draw.expovariate(rate))

    def case() -> Any:
        arrived, failed = env.now, 0
        while failed < 2:
            yield from served(grid, 100.0)
            if draw.random() < 0.5:
                break
            failed += 1
        if failed == 2:
            yield from served(department, 75.0)
        rows.append((arrived, env.now - arrived, failed == 2))

    env.process(_source(env, draw, 120.0, case))
    env.run(until=until + END)
    return _stays(_in_order(rows, until))


def _feedback_ciw(seed: int, until: float) -> Values:
    import ciw

    def route(individual: Any, simulation: Any) -> list[int]:
        return [] if random.random() < 0.5 else [1] if random.random() < 0.5 else [1, 2]

    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(120.0), None],
        service_distributions=[ciw.dists.Exponential(100.0), ciw.dists.Exponential(75.0)],
        number_of_servers=[3, 1],
        routing=ciw.routing.ProcessBased(route),
    )
    visits: dict[int, list[Any]] = {}
    for r in _ciw_records(network, seed, until):
        visits.setdefault(r.id_number, []).append((r.arrival_date, r.exit_date, r.node))
    rows = [(min(v)[0], max(x[1] for x in v) - min(v)[0], float(any(x[2] == 2 for x in v))) for v in visits.values()]
    return _stays(_in_order(rows, until))


# --- two classes: 60 a day, one server of 100 a day, three in ten go first; five relaxation times are .98 d


def _classes(rows: np.ndarray) -> Values:
    """By rows (arrived, wait, urgent)."""
    return {"wait of the urgent": rows[rows[:, 2] > 0, 1], "wait of the others": rows[rows[:, 2] == 0, 1]}


def _priority_gridsim(world: World, until: float) -> Values:
    c, w = reported(world, START, until), waits(world, SERVICE, START, until)
    return _classes(np.column_stack([c.reported, w, c.grade == EMERGENCY]))


def _priority_simpy(seed: int, until: float) -> Values:
    import simpy

    draw, env = random.Random(seed), simpy.Environment()
    rows: list[tuple[float, ...]] = []
    server = simpy.PriorityResource(env, capacity=1)

    def case() -> Any:
        arrived, urgent = env.now, draw.random() < 0.3
        with server.request(priority=0 if urgent else 1) as turn:
            yield turn
            rows.append((arrived, env.now - arrived, urgent))
            yield env.timeout(draw.expovariate(100.0))

    env.process(_source(env, draw, 60.0, case))
    env.run(until=until + END)
    return _classes(_in_order(rows, until))


def _priority_ciw(seed: int, until: float) -> Values:
    import ciw

    network = ciw.create_network(
        arrival_distributions={"urgent": [ciw.dists.Exponential(18.0)], "other": [ciw.dists.Exponential(42.0)]},
        service_distributions={"urgent": [ciw.dists.Exponential(100.0)], "other": [ciw.dists.Exponential(100.0)]},
        number_of_servers=[1],
        priority_classes={"urgent": 0, "other": 1},
    )
    rows = [(r.arrival_date, r.waiting_time, r.customer_class == "urgent") for r in _ciw_records(network, seed, until)]
    return _classes(_in_order(rows, until))


def networks() -> list[Network]:
    """The three."""
    mm3 = varied("erlang-c", arrivals__per_100_residents=180.0)
    feedback = varied("network", arrivals__per_100_residents=120.0, departments__duration=exponential(1 / 75))
    classes = varied("priorities", arrivals__per_100_residents=60.0)
    return [
        Network("M/M/3", 0.33, mm3, _mm3_gridsim, _mm3_simpy, _mm3_ciw),
        Network("feedback", 0.49, feedback, _feedback_gridsim, _feedback_simpy, _feedback_ciw),
        Network("priorities", 0.98, classes, _priority_gridsim, _priority_simpy, _priority_ciw),
    ]


@check("simulators", "The same networks in SimPy and Ciw", kind="simulator", rules="R2 R9 R12", source="SimPy 4, Ciw 3")
def simulators(size: Size) -> Iterator[Finding]:
    """Distributions of waits and of times in the system, every two of the three simulators."""
    here = [n for n in NAMES if n == "gridsim" or find_spec(n.lower())]
    for name in NAMES:
        if name not in here:
            yield not_run(f"gridsim beside {name}", "not run: pip install gridsim[verify]")
    kept = KEPT * size.effort
    told: list[tuple[str, Values, Values]] = []
    for net in networks():
        until = START + kept * net.apart
        runs = {name: _run(net, name, until) for name in here}
        for a, b in combinations(here, 2):
            pairs = {what: (_both(x, kept), _both(runs[b][what], kept)) for what, x in runs[a].items()}
            told += [(f"{net.name}: {what}, {a} and {b}", x, y) for what, (x, y) in pairs.items()]
    if told:
        yield from _compared(told, kept)


def _run(net: Network, name: str, until: float) -> Values:
    if name == "gridsim":
        return net.gridsim(World(net.scenario, seed=SEED).advance(int(np.ceil(until + END))), until)
    values: Values = getattr(net, name.lower())(SEED, until)
    return values


def _both(x: np.ndarray, kept: int) -> Values:
    """Values as good as independent: thinned, and the means of batches (in hours)."""
    batches = np.array_split(24 * x, kept // BATCH)
    return {"thinned": x[np.linspace(0, len(x) - 1, kept).astype(int)], "means": np.array([b.mean() for b in batches])}


def _compared(told: list[tuple[str, Values, Values]], kept: int) -> Iterator[Finding]:
    """Every pair by its distribution and by its mean, one family."""
    laws = [stats.ks_2samp(x["thinned"], y["thinned"]) for _, x, y in told]
    means = [stats.ttest_ind(x["means"], y["means"], equal_var=False) for _, x, y in told]
    adjusted = holm(np.array([test.pvalue for test in laws + means]))
    sees = f"n = {kept} each, sees {ks_resolution(kept, kept, len(adjusted)):.2f}"
    for (what, _, _), test, p in zip(told, laws, adjusted[: len(told)], strict=True):
        yield pvalue_finding(f"{what}: law", test.statistic, p, f"Kolmogorov–Smirnov, {sees}, Holm")
    for (what, x, y), test, p in zip(told, means, adjusted[len(told) :], strict=True):
        interval, mean, other = test.confidence_interval(LEVEL), float(x["means"].mean()), float(y["means"].mean())
        half = float(interval.high - interval.low) / 2
        sharp, note = half <= 0.3 * other, f"Welch over {len(x['means'])} batches, Holm, p = {p:.2g}"
        yield Finding(f"{what}: mean", other, mean, mean - half, mean + half, "h", bool(sharp and p > 1 - LEVEL), note)
