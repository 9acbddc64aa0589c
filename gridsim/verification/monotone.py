"""What more of something must do to every single case, under common luck; and what it need not do, with an example.

A relation says that in a *setting* a change of levers makes no case later (or its detection, or its closure on paper
no earlier). Under common random numbers the same case meets the same luck, so this is asked case by case, and one case
the other way is an error. It must hold where the setting is work-conserving and nobody's luck hangs on anybody else's.

Must hold (``RELATIONS``)
-------------------------
one more worker; faster service
    One queue, first come, first served: every start is the least time at which a server is free, which is
    non-decreasing in the times at which servers become free (Kiefer & Wolfowitz 1955, the workload vector).
one more team; shorter effort
    Departments side by side, each such a queue, arrivals at each fixed by the whistles: a linked case takes the longest
    of them, which is non-decreasing in each.
sooner report-in, hops, returns, disputes; better triage; interoperation; side by side
    Nobody waits: a case's time is a sum (or the longest) of keyed delays, non-decreasing in each.
higher linkage rate
    Nobody waits, report-in at once, no extra effort: the longest of the departments is no more than their sum.
more patrol
    Competing clocks: a hazard brings the first of them forward. No wrong rejections, and patrol where it always goes.
later deadline
    Nobody waits or is at work: a file that is open at its deadline is closed on paper then or never.

Need not hold (``EXCEPTIONS``), each with a city in which it does not
---------------------------------------------------------------------
more staff, where grids cover and help each other
    Whoever is hired ends a grid's cover, or draws cases to a grid with a longer line.
one more worker, where easy cases go first
    Not first come, first served: an easy case that finds a worker free is no longer there to wait, and those behind it
    are ranked anew.
one more worker, where urgent cases go first
    A case becomes urgent as it waits; served in another order, another one has overtaken.
one more worker, where attempts fail
    A case tried sooner fails sooner, and stands before others in the line to which it returns.
one more worker, in a network of stages
    Cases reach departments sooner, and in another order: those that came first there before now come behind.
faster service, in a network of stages
    The same.
higher linkage rate, where departments are busy
    Linked cases bring all their departments work at once, with the effort of coordination.
higher linkage rate, where departments report in slowly
    A referral that finds its way may be faster than the slowest of those that come by themselves.
better triage, where whistles tire departments
    Cases reach departments on other days, so that other whistles than before meet a tired one.
more patrol, where it goes to hotspots
    What is recorded moves the patrol: more hours in one place later are fewer in another.
later deadline, where work in hand goes on
    What somebody is working on at its deadline is not closed on paper; at a later one nobody may be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario, load_scenario
from gridsim.verification.check import Finding, Size, check
from gridsim.verification.cities import between, law, one_of, whole
from gridsim.verification.invariants import FEW, none_broken

DAYS = 60
TOLERANCE = 1e-7  # of a day: a hundredth of a second of rounding
SETTING_KEY = 3
RESIDENTS = ("self_resolution", "trust", "participation", "grievance", "outreach", "warning", "security")
"""What answers to how cases fared: with it other incidents arise, or none is found first."""
OFF = (
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
    "careers",
    "roles",
    *RESIDENTS,
)
AT_ONCE = {"distribution": "deterministic", "value": 0.0}
Changes = dict[str, Any]

# One grid, one department a case, everybody succeeds, first come, first served.
PLAIN: Changes = {f"rules.{rule}": False for rule in OFF} | {
    "time.warmup_days": 0,
    "city.comprehensive_grids": 1,
    "city.dedicated_grids": 0,
    "city.cells_per_grid": 1,
    "city.persons_per_agent": 10_000,
    "staff.part_time": 0,
    "staff.nominal_share": 0.0,
    "handling.ability": 100.0,
    "handling.complexity_slope": 0.0,
    "handling.selectivity": 0.0,
    "triage.hops": 0,
    "linkage.hops": 0,
    "linkage.rate": 1.0,
    "linkage.coordination": 0.0,
    "linkage.false_whistles": 0.0,
    "linkage.false_slope": 0.0,
    "linkage.fatigue": 0.0,
    "linkage.drop": 0.0,
    "departments.extra": 0.0,
    "departments.added_teams": 0,
}
QUEUE: Changes = PLAIN | {"rules.departments": False}
TEAMS: Changes = PLAIN | {"rules.grid_handling": False, "departments.need_factor": 1.0, "departments.extra": 1.5}
NOBODY_WAITS: Changes = TEAMS | {
    "departments.added_teams": 1_000,
    "rules.triage": True,
    "rules.boundary": True,
    "city.comprehensive_grids": 4,
    "city.dedicated_grids": 3,
    "dedicated.incident_share": 0.5,
    "dedicated.boundary_friction": 2.0,
    "linkage.rate": 0.5,
    "linkage.drop": 0.3,
    "linkage.hops": 2,
}
FOUND: Changes = {f"rules.{rule}": False for rule in RESIDENTS} | {
    "rules.intake": False,
    "rules.stalled_stock": False,
    "staff.nominal_share": 0.0,
    "time.warmup_days": 0,
    "patrol.strategy": "own",
    "patrol.coverage": 0.1,
}


ALIVE: Changes = {f"rules.{rule}": True for rule in RESIDENTS if rule not in ("grievance", "security")}
"""Residents who answer, without what breeds other incidents."""


@dataclass(frozen=True)
class Relation:
    """In a setting, a change makes no case later.

    Attributes
    ----------
    name : str
    setting : dict
        Over the small neighbourhood.
    more : dict
        Levers moved: to a value, by a number (``("+", n)``), or a distribution by a factor (``("×", f)``).
    column : str
        Time that is compared, of a case: infinite where it never came.
    later : bool
        True where the change must make it no earlier, instead of no later.
    city : int
        Of an exception, a city in which it does not hold.

    """

    name: str
    setting: Mapping[str, Any]
    more: Mapping[str, Any]
    column: str = "resolved"
    later: bool = False
    city: int = 0


def scaled(value: Any, change: Any) -> Any:
    """A value changed as a relation says."""
    match change:
        case ("+", n):
            return value + n
        case ("×", f):
            data = value.model_dump()
            key = next(k for k in ("value", "mean", "median") if k in data)
            return data | {key: data[key] * f}
    return change


def changed(scenario: Scenario, more: Mapping[str, Any]) -> Scenario:
    """A scenario with levers moved; ``deadlines`` are those of every category."""
    out = {key: scaled(scenario.get(key), change) for key, change in more.items() if key != "deadlines"}
    if "deadlines" in more:
        rows = scenario.categories.items()
        out |= {f"categories.{n}.deadline_days": row.deadline_days * more["deadlines"][1] for n, row in rows}
    return scenario.replace(out)


def setting_of(relation: Relation, k: int) -> Scenario:
    """City ``k`` of a relation: its setting, with everything else that may differ drawn."""
    rng = np.random.default_rng([SETTING_KEY, k])
    data = load_scenario("neighbourhood").to_dict()
    data["districts"]["neighbourhood"]["population"] = 2_000
    data["teams"] = {d: {f: int(rng.integers(1, 4)) for f in data["fields"]} for d in ("neighbourhood", "city")}
    for row in data["categories"].values():
        row["deadline_days"] = float(rng.uniform(0.5, 8.0))
    drawn: Changes = {
        "time.calendar": one_of("office", "continuous")(rng),
        "city.comprehensive_grids": 6,
        "city.dedicated_grids": 3,
        "city.grids_per_community": 3,
        "city.seed": whole(0, 99)(rng),
        "staff.full_time": whole(1, 4)(rng),
        "staff.part_time": 4,
        "arrivals.per_100_residents": between(30.0, 300.0)(rng),
        "handling.service": law(rng),
        "departments.duration": law(rng),
        "departments.active_share": between(0.1, 1.0)(rng),
        "departments.hold_team": one_of("active", "throughout")(rng),
        "linkage.report_in": law(rng),
        "linkage.hop": law(rng),
        "triage.return_delay": law(rng),
        "dedicated.dispute_delay": law(rng),
        "triage.accuracy": between(0.2, 0.8)(rng),
        "latent.lapse_days": between(5.0, 60.0)(rng),
        "residents.report_rate": between(0.0, 0.1)(rng),
    }
    return Scenario.from_dict(data).replace(drawn | {**relation.setting})


def compared(relation: Relation, k: int, days: int = DAYS) -> tuple[int, int, int]:
    """Cases of city ``k``: those that were compared, moved the right way, and moved the wrong way."""
    less = setting_of(relation, k)
    at = [_times(s, k, relation.column, days) for s in (less, changed(less, relation.more))]
    known = np.isfinite(at[0]) | np.isfinite(at[1])
    with np.errstate(invalid="ignore"):  # never in both
        gap = np.where(known, at[1] - at[0], 0.0) * (-1 if relation.later else 1)
    return int(known.sum()), int(np.sum(gap < -TOLERANCE)), int(np.sum(gap > TOLERANCE))


def _times(scenario: Scenario, k: int, column: str, days: int) -> np.ndarray:
    cases = World(scenario, City(scenario), seed=k).advance(days).cases
    return np.where(np.isnan(cases[column]), np.inf, cases[column])


HELP = {"rules.cover": True, "city.comprehensive_grids": 6, "city.dedicated_grids": 3}
URGENT = {"rules.escalation": True, "escalation.rate": 0.2}
BUSY = {"linkage.rate": 0.3, "linkage.coordination": 0.3, "linkage.report_in": AT_ONCE}
TIRED = {"departments.added_teams": 0, "linkage.fatigue": 2.0}
ONE_MORE = {"staff.full_time": ("+", 1)}
FASTER = {"handling.service": ("×", 0.8)}
LINKED = {"linkage.rate": 0.9}
FARTHER = {"patrol.coverage": 0.4}
TRIED = {"triage.accuracy": 0.95}
LONGER = {"deadlines": ("×", 2.0)}
HOT = {"patrol.strategy": "hotspots", "patrol.focus": 1.0, "patrol.memory_days": 28, "time.warmup_days": 60}
FAIL = {"handling.ability": 0.0}
STAGES = PLAIN | FAIL | {"handling.max_attempts": 1}
NEVER_IN_HAND = {"departments.active_share": 0.0, "departments.hold_team": "active"}
PAPER = {"rules.deadlines": True, "closure.formal": 0.5, "closure.reopen": 0.0}
RELATIONS = (
    Relation("one more worker", QUEUE, ONE_MORE),
    Relation("faster service", QUEUE, FASTER),
    Relation("one more team", TEAMS, {"departments.added_teams": ("+", 1)}),
    Relation("shorter effort in departments", TEAMS, {"departments.duration": ("×", 0.8)}),
    Relation("sooner report-in", NOBODY_WAITS, {"linkage.report_in": ("×", 0.5)}),
    Relation("faster hops", NOBODY_WAITS, {"linkage.hop": ("×", 0.5)}),
    Relation("faster returns", NOBODY_WAITS, {"triage.return_delay": ("×", 0.5)}),
    Relation("shorter disputes", NOBODY_WAITS, {"dedicated.dispute_delay": ("×", 0.5)}),
    Relation("better triage", NOBODY_WAITS, TRIED),
    Relation("interoperation", NOBODY_WAITS, {"dedicated.interoperation": 0.9}),
    Relation("side by side", NOBODY_WAITS | {"linkage.parallel": False}, {"linkage.parallel": True}),
    Relation("higher linkage rate", NOBODY_WAITS | {"linkage.report_in": AT_ONCE}, LINKED),
    Relation("more patrol", FOUND, FARTHER, "reported"),
    Relation("later deadline", NOBODY_WAITS | PAPER | NEVER_IN_HAND, LONGER, "formal_at", later=True),
)
EXCEPTIONS = (
    Relation("more staff, where grids cover and help each other", QUEUE | HELP, ONE_MORE, city=5),
    Relation("one more worker, where easy cases go first", QUEUE | {"handling.selectivity": 0.9}, ONE_MORE),
    Relation("one more worker, where urgent cases go first", QUEUE | URGENT, ONE_MORE),
    Relation("one more worker, where attempts fail", QUEUE | FAIL, ONE_MORE, city=4),
    Relation("one more worker, in a network of stages", STAGES, ONE_MORE),
    Relation("faster service, in a network of stages", STAGES, FASTER),
    Relation("higher linkage rate, where departments are busy", TEAMS | BUSY, LINKED),
    Relation("higher linkage rate, where departments report in slowly", NOBODY_WAITS, LINKED),
    Relation("better triage, where whistles tire departments", NOBODY_WAITS | TIRED, TRIED),
    Relation("more patrol, where it goes to hotspots", FOUND | HOT | ALIVE, {"patrol.coverage": 0.11}, "reported"),
    Relation("later deadline, where work in hand goes on", NOBODY_WAITS | PAPER, LONGER, "formal_at", later=True),
)


@check(
    "monotone",
    "More of it never makes a case later, where that must hold",
    kind="invariant",
    rules="R3 R8 R9 R11 R12 R13",
    source="Kiefer & Wolfowitz 1955 (queues); coupling by common luck",
)
def monotone(size: Size) -> Iterator[Finding]:
    """Every relation in random cities, case by case: none moved the wrong way, and some the right way."""
    for relation in RELATIONS:
        wrong, cases, moved = [], 0, 0
        for k in range(FEW * size.effort):
            n, right, others = compared(relation, k)
            cases, moved = cases + n, moved + right
            wrong += [f"city {k}"] * others
        finding = none_broken(f"{relation.name}: cases moved the wrong way, of {cases:,}", wrong, "cases")
        yield replace(finding, holds=finding.holds and moved > 0, note=finding.note if moved else "no case was moved")
