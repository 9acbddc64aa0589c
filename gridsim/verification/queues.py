"""Single queues against theory: Erlang, Pollaczek and Khinchine, Cobham, Barrer, Little, and a queue that only grows.

Waits of one run hang together, so the unit is a replication: every interval is over their means.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import stats

from gridsim.model.cases import CLOSED_FORMALLY, EMERGENCY, RESOLVED
from gridsim.model.settings import DEPARTMENT, SERVICE
from gridsim.scenario.scenario import Scenario
from gridsim.verification import formulas
from gridsim.verification.check import LEVEL, Finding, Size, check, exact_finding, mean_finding
from gridsim.verification.runs import (
    A_DAY,
    WHICH,
    deterministic,
    exponential,
    first_durations,
    gamma,
    lognormal,
    reported,
    varied,
    waits,
    worlds,
)

SERVICE_DAYS = 0.01  # mean service in all of them: a hundred a day and server
NUMBER = 20  # replications
SETTLED = 40  # days until the empty start is forgotten
QUEUES = ((1, 0.5, 160), (1, 0.9, 400), (2, 0.8, 100), (3, 0.9, 160), (5, 0.8, 60), (10, 0.95, 80))  # c, ρ, days


def erlang_queue(where: str, servers: int, rho: float) -> Scenario:
    """M/M/c at a ``"department"`` or a ``"grid"``."""
    rate = servers * rho / SERVICE_DAYS
    if where == "department":
        return varied("erlang-c", arrivals__per_100_residents=rate, teams__d__field0=servers)
    return varied("erlang-c-grid", arrivals__per_100_residents=rate, staff__full_time=servers)


def _erlang(where: str, size: Size) -> Iterator[Finding]:
    """Mean wait C/(cμ − λ), and the whole distribution P(W > t) = C exp(−(cμ − λ)t)."""
    for servers, rho, days in QUEUES:
        days *= size.effort
        scenario = erlang_queue(where, servers, rho)
        start, more = (SETTLED, 10) if servers == 1 else (15, 3)  # until the empty start is forgotten; until all end
        last = start + days
        runs = [waits(w.advance(last + more), WHICH[where], start, last) for w in worlds(scenario, NUMBER)]
        chance, spare = formulas.erlang_c(servers, servers * rho), servers * (1 - rho) / SERVICE_DAYS
        setting = f"c = {servers}, ρ = {rho}"
        means = [24 * x.mean() for x in runs]
        yield mean_finding(f"mean wait, {setting}", means, 24 * chance / spare, "h", 0.15)
        yield mean_finding(f"chance to wait, {setting}", [np.mean(x > 0) for x in runs], chance, "share", 0.04)
        for t in (0.5, 1.0, 2.0):
            beyond, theory = [np.mean(x > t / spare) for x in runs], chance * math.exp(-t)
            yield mean_finding(f"wait beyond {t} of its mean scale, {setting}", beyond, theory, "share", 0.1 + 0.12 * t)


@check("erlang-c", "Erlang C at a department", kind="theory", rules="R11 R12", source="Erlang 1917")
def erlang_at_department(size: Size) -> Iterator[Finding]:
    """M/M/c: teams of a department."""
    yield from _erlang("department", size)


@check("erlang-c-grid", "Erlang C at a grid", kind="theory", rules="R9", source="Erlang 1917")
def erlang_at_grid(size: Size) -> Iterator[Finding]:
    """M/M/c: gridworkers of a grid."""
    yield from _erlang("grid", size)


@check("pollaczek-khinchine", "M/G/1 at a grid", kind="theory", rules="R9", source="Pollaczek 1930, Khinchine 1932")
def general_service(size: Size) -> Iterator[Finding]:
    """Mean wait by the first two moments of service; whoever arrives waits with chance ρ whatever they are."""
    rho, days, hours = 0.8, 360 * size.effort, 24 * SERVICE_DAYS
    laws = {
        "deterministic": (deterministic(hours), 0.0),
        "gamma of shape 4": (gamma(hours, 4.0), 1 / 4),
        "gamma of shape .5": (gamma(hours, 0.5), 2.0),
        "lognormal of log sd .8": (lognormal(hours * math.exp(-0.32), 0.8), math.expm1(0.64)),
    }
    for name, (law, scv) in laws.items():
        scenario = varied("pollaczek-khinchine", handling__service=law)
        runs = [
            waits(w.advance(SETTLED + days + 20), SERVICE, SETTLED, SETTLED + days) for w in worlds(scenario, NUMBER)
        ]
        theory = 24 * formulas.pollaczek_khinchine(rho / SERVICE_DAYS, SERVICE_DAYS, scv)
        yield mean_finding(f"mean wait, {name}", [24 * x.mean() for x in runs], theory, "h", 0.1)
        yield mean_finding(f"chance to wait, {name}", [np.mean(x > 0) for x in runs], rho, "share", 0.015)


@check("priorities", "Urgent cases first", kind="theory", rules="R2 R9 R12", source="Cobham 1954")
def two_classes(size: Size) -> Iterator[Finding]:
    """M/M/1 at a grid, M/M/3 at a department; three in ten are emergencies, and nobody is interrupted."""
    days, urgent, rho = 200 * size.effort, 0.3, 0.8
    at_grid = varied("priorities", categories__any__emergency=urgent)
    at_department = varied("erlang-c", rules__escalation=True, escalation__rate=0.0, categories__any__emergency=urgent)
    for where, scenario, servers in (("grid", at_grid, 1), ("department", at_department, 3)):
        means = []
        for world in worlds(scenario, NUMBER):
            world.advance(SETTLED + days + 20)
            w = 24 * waits(world, WHICH[where], SETTLED, SETTLED + days)
            first = reported(world, SETTLED, SETTLED + days).grade == EMERGENCY
            means.append([w[first].mean(), w[~first].mean()])
        theory = formulas.cobham(servers, servers * rho, urgent)
        for who, column, law, resolution in zip(
            ("urgent", "others"), np.transpose(means), theory, (0.05, 0.1), strict=True
        ):
            yield mean_finding(f"mean wait, {who}, {where}", column, 24 * SERVICE_DAYS * law, "h", resolution)


@check("little", "Little's law and the department's ledger", kind="theory", rules="R12", source="Little 1961")
def littles_law(size: Size) -> Iterator[Finding]:
    """Open case-days are the sum of the stays of cases, to the last digit (L = λW); in M/M/3 as Erlang says."""
    days, rho, servers = 160 * size.effort, 0.8, 3
    open_, busy, ledger, counted = [], [], [], 0
    for world in worlds(erlang_queue("department", servers, rho), NUMBER):
        c, d = world.advance(days).cases, world.tables.department[0]
        stayed = np.where(c.state == RESOLVED, c.resolved, days) - c.reported
        open_.append(float(world.days.case_days[SETTLED:].sum()) / (days - SETTLED))
        busy.append(float(d.team_days) / days)
        done = c[c.state == RESOLVED]
        waited = np.sum(done.resolved - done.reported - first_durations(world, DEPARTMENT, done) / A_DAY[DEPARTMENT])
        ledger.append((float(world.days.case_days.sum()) - float(stayed.sum()), float(d.waited) - float(waited)))
        counted += int(d.received) - int(d.done) - int(d.busy) - int(d.queue)
    drift = np.abs(ledger).max(axis=0)
    yield exact_finding("open case-days less the sum of stays, largest of all runs", 0.0, drift[0], "d", 1e-6)
    yield exact_finding("received less done, in hand and waiting", 0.0, counted, "cases")
    yield exact_finding("waits in the ledger less those of its cases (some begun at the end)", 0.0, drift[1], "d", 1.0)
    load = servers * rho
    waiting = formulas.erlang_c(servers, load) * rho / (1 - rho)
    yield mean_finding("open cases, M/M/3 at .8", open_, load + waiting, "cases", 0.05)
    yield mean_finding("busy teams", busy, load, "teams", 0.01)


@check("overload", "A queue beyond capacity", kind="theory", rules="R12", source="difference of two Poisson streams")
def growth(size: Size) -> Iterator[Finding]:
    """The backlog grows by λ − cμ a day, with variance λ + cμ a day."""
    rate, capacity, days, first = 330.0, 300.0, 100, 10
    slopes = []
    for world in worlds(varied("overload"), 24 * size.effort):
        d = world.advance(days).days
        slopes.append((float(d.open[-1]) - float(d.open[first - 1])) / (days - first))
    yield mean_finding("growth of the backlog, λ = 330, cμ = 300", slopes, rate - capacity, "cases/day", 0.08)
    known = math.sqrt((rate + capacity) / (days - first) / len(slopes))
    half, mean = stats.norm.ppf((1 + LEVEL) / 2) * known, float(np.mean(slopes))
    within = abs(mean - (rate - capacity)) <= half
    note = "interval from the known variance"
    yield Finding("the same", rate - capacity, mean, mean - half, mean + half, "cases/day", within, note)


def patience_law(steps: int, mean: float) -> np.ndarray:
    """Mid-quantiles of an exponential: ``steps`` values of the same chance."""
    return -mean * np.log1p(-(np.arange(steps) + 0.5) / steps)


def _impatient_grid() -> Scenario:
    changes = {"rules.deadlines": True, "closure.formal": 1.0, "closure.reopen": 0.0}
    return varied("erlang-c-grid", **changes, categories__any__deadline_days=0.02)


def _many_patiences(base: Scenario, law: np.ndarray) -> Scenario:
    """A category for each patience; a hundred times slower, as no deadline is below .01 d."""
    data = base.to_dict()
    row = data["categories"].pop("any")
    data["categories"] = {
        f"c{k}": row | {"share": 1 / len(law), "deadline_days": d} for k, d in enumerate(law.tolist())
    }
    return Scenario.from_dict(data).replace(
        {"departments.duration": exponential(1.0), "arrivals.per_100_residents": 3.3}
    )


def _hardly_patient(base: Scenario) -> Scenario:
    changes = {"departments.duration": exponential(10.0), "categories.any.deadline_days": 0.01}
    return base.replace(changes | {"arrivals.per_100_residents": 0.24})


@check(
    "patience",
    "Waiting cases closed at their deadline",
    kind="theory",
    rules="R13",
    source="Barrer 1957; Baccelli & Hebuterne 1981",
)
def impatience(size: Size) -> Iterator[Finding]:
    """M/M/c+D: whoever waits at his deadline leaves (closed on paper, never reopened); who is served stays.

    The model has no exponential patience, so Erlang A cannot be stated exactly. It is approached by twenty categories
    with deadlines at the mid-quantiles of an exponential, and held against the exact theory of just that law. Erlang B,
    patience nought, is approached by a deadline of a thousandth of a service (its share lost is within 1 % of the
    theory held against here).
    """
    days, steps = 60 * size.effort, 20
    base = varied("patience")
    mean = base.departments.duration.average
    law = 100 * patience_law(steps, 2 * mean)
    cases = (
        ("M/M/3+D at 1.1, department", base, 330.0, 100.0, [0.02], [1.0], 1),
        ("M/M/3+D at .8, grid", _impatient_grid(), 240.0, 100.0, [0.02], [1.0], 1),
        ("M/M/3+G in 20 steps of an exponential", _many_patiences(base, law), 3.3, 1.0, law, [1 / steps] * steps, 100),
        ("M/M/3+D of a thousandth of a service", _hardly_patient(base), 0.24, 0.1, [0.01], [1.0], 300),
    )
    for name, scenario, rate, speed, patience, weights, stretch in cases:
        theory = formulas.Impatient(rate, speed, 3, patience, weights)
        lost, late = [], []
        half = float(np.median(patience)) / 2
        for world in worlds(scenario, NUMBER):
            world.advance((10 + days) * stretch)
            c = reported(world, 5 * stretch, days * stretch)
            lost.append(np.mean(c.state == CLOSED_FORMALLY))
            which = SERVICE if not scenario.rules.departments else DEPARTMENT
            served = c[c.state == RESOLVED]
            wait = served.resolved - served.reported - first_durations(world, which, served) / A_DAY[which]
            late.append(np.sum(wait > half) / len(c))
        yield mean_finding(f"closed on paper, {name}", lost, theory.lost, "share", 0.06)
        if stretch == 1:  # served after half the patience: a wait between half of it and all of it
            between = theory.beyond(half) - theory.lost
            yield mean_finding(f"served after more than half the patience, {name}", late, between, "share", 0.06)
    theory_b = formulas.erlang_b(3, 2.4)
    near = formulas.Impatient(0.24, 0.1, 3, [0.01]).lost
    yield exact_finding("that theory beside Erlang B", theory_b, near, "share", 0.01 * theory_b)
