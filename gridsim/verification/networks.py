"""Networks of queues: traffic equations, independent nodes (Jackson, Kelly, BCMP), pooled against split servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gridsim.model.settings import SERVICE
from gridsim.model.world import World
from gridsim.verification import formulas
from gridsim.verification.check import Finding, Size, check, mean_finding
from gridsim.verification.runs import snapshots, varied, waits, worlds

NUMBER = 20
MOST = 6  # numbers in a node that are told apart
SETTLED = 20


def _at_nodes(world: World) -> tuple[int, int]:
    """Cases at the grid and at the department, waiting or in hand."""
    d = world.tables.department[0]
    return int(world.tables.grid.load[0]), int(d.queue) + int(d.busy)


def _law_of(name: str, seen: list[np.ndarray], law: np.ndarray, resolution: float) -> Iterator[Finding]:
    """Hold how often a node had 0, 1, 2, 4 cases, and MOST or more, against the law of M/M/c."""
    for k in (0, 1, 2, 4, MOST):
        shares = [float(np.mean(x >= k if k == MOST else x == k)) for x in seen]
        yield mean_finding(
            f"{k}{' or more' if k == MOST else ''} at {name}", shares, float(law[k]), "share", resolution
        )


@check(
    "jackson", "A network of grid and department", kind="theory", rules="R9 R11 R12", source="Jackson 1957; Kelly 1975"
)
def jackson(size: Size) -> Iterator[Finding]:
    """Failed attempts come back to the queue, and after two a department is called: traffic equations, product form.

    λ_grid = λ(1 + q), λ_department = λq² with q the chance to fail; each node is an M/M/c by itself, and at any moment
    the two numbers are independent, though the grid feeds the department.
    """
    scenario, days = varied("network"), 200 * size.effort
    rate, fail = scenario.arrivals.per_100_residents, 0.5
    attempts, received, seen = [], [], []
    for world in worlds(scenario, NUMBER):
        seen.append(np.array(snapshots(world, SETTLED, SETTLED + days, _at_nodes)))
        attempts.append(float(world.days.attempts[SETTLED:].mean()))
        received.append(float(world.days.whistles[SETTLED:].mean()))
    yield mean_finding("attempts at the grid", attempts, rate * (1 + fail), "1/d", 0.01)
    yield mean_finding("arrivals at the department", received, rate * fail**2, "1/d", 0.02)
    grid = formulas.queue_length(3, rate * (1 + fail) * 0.01, MOST)
    department = formulas.queue_length(1, rate * fail**2 * 0.02, MOST)
    yield from _law_of("the grid, M/M/3", [x[:, 0] for x in seen], grid, 0.3)
    yield from _law_of("the department, M/M/1", [x[:, 1] for x in seen], department, 0.35)
    for a, b in ((0, 0), (2, 1), (MOST, MOST)):
        pairs = [np.mean((np.minimum(x, MOST) == (a, b)).all(axis=1)) for x in seen]
        what = f"{a} at the grid and {b} at the department together" if a < MOST else f"{MOST} or more at both"
        yield mean_finding(what, pairs, float(grid[a] * department[b]), "share", 0.7)


@check(
    "referral",
    "Stalled cases and departments in tandem",
    kind="theory",
    rules="R11 R12",
    source="Burke 1956; BCMP 1975",
)
def tandem(size: Size) -> Iterator[Finding]:
    """Whoever is dropped lies and tries again (an infinite server, any law of lying), then queues at one department,
    most then at the next: the stalled are Poisson, both departments M/M/2 at their traffic equations' rates.
    """
    scenario, days = varied("referral"), 120 * size.effort
    rate, drop = scenario.arrivals.per_100_residents, scenario.linkage.drop
    onward = 1 - np.exp(-scenario.departments.extra)  # chance to need the second too
    flows, stalled, seen = [], [], []

    def see(world: World) -> tuple[Any, ...]:
        d = world.tables.department
        return int(world.tables.tally.stalled[0]), *(int(d.queue[k]) + int(d.busy[k]) for k in (0, 1))

    for world in worlds(scenario, NUMBER):
        before = world.advance(SETTLED).tables.department.received[:2].copy()
        x = np.array(snapshots(world, SETTLED, SETTLED + days, see))
        seen.append(x)
        flows.append((world.tables.department.received[:2] - before) / days)
        stalled.append((x[:, 0].mean(), x[::5, 0].var(ddof=1)))
    law = rate * (1 + onward) * drop / (1 - drop) * scenario.linkage.stalled.average
    yield mean_finding("stalled cases", [m for m, _ in stalled], law, "cases", 0.03)
    yield mean_finding("their variance, that of a Poisson law", [v for _, v in stalled], law, "cases²", 0.25)
    for k, flow in enumerate((rate, rate * onward)):
        yield mean_finding(f"arrivals at department {k + 1}", [f[k] for f in flows], flow, "1/d", 0.03)
        node = formulas.queue_length(2, flow * 0.01, MOST)
        yield from _law_of(f"department {k + 1}, M/M/2", [x[:, k + 1] for x in seen], node, 0.6)


@check(
    "reopening", "Closed on paper and reopened", kind="theory", rules="R11 R12 R13", source="Jackson 1957; BCMP 1975"
)
def reopening(size: Size) -> Iterator[Finding]:
    """Dropped with chance p, closed at the deadline, reopened with chance r, referred again: λ(1 − p)(1 + pr) arrive.

    Lying and the delay of reopening are infinite servers, so the department is an M/M/2 at that rate, and those about
    to be reopened are Poisson. Who is dropped a second time lies to the end.
    """
    scenario, days = varied("reopening"), 120 * size.effort
    rate, drop, back = scenario.arrivals.per_100_residents, scenario.linkage.drop, scenario.closure.reopen
    flow, flows, reopened, due, seen = rate * (1 - drop) * (1 + drop * back), [], [], [], []

    def see(world: World) -> tuple[int, int]:
        return int(world.tables.tally.to_reopen[0]), _at_nodes(world)[1]

    for world in worlds(scenario, NUMBER):
        before = int(world.advance(SETTLED).tables.department.received[0])
        x = np.array(snapshots(world, SETTLED, SETTLED + days, see))
        seen.append(x[:, 1])
        flows.append((int(world.tables.department.received[0]) - before) / days)
        reopened.append(float(world.days.reopened[SETTLED:].mean()))
        due.append((x[:, 0].mean(), x[::5, 0].var(ddof=1)))
    law = rate * drop * back * scenario.closure.reopen_delay.average
    yield mean_finding("reopened", reopened, rate * drop * back, "1/d", 0.03)
    yield mean_finding("arrivals at the department", flows, flow, "1/d", 0.02)
    yield mean_finding("about to be reopened", [m for m, _ in due], law, "cases", 0.05)
    yield mean_finding("their variance, that of a Poisson law", [v for _, v in due], law, "cases²", 0.25)
    node = formulas.queue_length(2, flow * scenario.departments.duration.average, MOST)
    yield from _law_of("the department, M/M/2", seen, node, 0.5)


@check("pooling", "Two queues or one", kind="theory", rules="R9", source="Haight 1958; Gross et al., ch. 2 and 3")
def pooling(size: Size) -> Iterator[Finding]:
    """Two workers who do not help are two M/M/1; a grid of both is M/M/2; with the help rule a case goes to the less
    loaded of the two, the law of the shorter queue (solved as a chain, no closed form).
    """
    days, service, rho = 150 * size.effort, 0.01, 0.8
    split = varied("split")
    ways = {
        "two grids without help": (split, formulas.pollaczek_khinchine(rho, 1.0, 1.0)),
        "two grids that help": (split.replace({"rules.cover": True}), formulas.shorter_queue(2 * rho) / (2 * rho) - 1),
        "one grid of two": (
            split.replace({"city.comprehensive_grids": 1}),
            formulas.erlang_c(2, 2 * rho) / (2 * (1 - rho)),
        ),
    }
    for name, (scenario, theory) in ways.items():
        means = [
            24 * waits(w.advance(SETTLED + days + 10), SERVICE, SETTLED, SETTLED + days).mean()
            for w in worlds(scenario, NUMBER)
        ]
        yield mean_finding(f"mean wait, {name}", means, 24 * service * theory, "h", 0.1)
