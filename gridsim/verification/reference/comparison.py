"""Both minds side by side: every case, day, worker, expert and department."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

from gridsim.model.world import World
from gridsim.scenario.policies import Phase
from gridsim.scenario.scenario import Scenario
from gridsim.verification.reference.mind import Mind

TOLERANCE = 1e-9  # days, hours: last bits of sums taken in another order
CASE_COLUMNS = (
    *(
        "onset",
        "reported",
        "deadline",
        "closed",
        "resolved",
        "lapsed",
        "formal_at",
        "reopened_at",
        "contacted",
        "complexity",
    ),
    *("place", "ordinal", "resident", "category", "grid", "handler", "version", "rejections", "drops", "returns"),
    *("hops", "stage", "state", "channel", "needs", "attempts", "pending", "in_hand", "expert_field", "expert_tries"),
    *("instead", "whistled", "edge", "on_the_spot", "exhausted", "linked", "ever_linked", "together", "stalled"),
    *("reopened", "queued", "overdue", "worsened"),
)
PLACE_COLUMNS = ("success", "expectation", "grievance", "taking_part", "unsafe", "organised", "lately", "heat")
COMMUNITY_COLUMNS = ("alerts", "alert_until", "alert_factor")
SINGLE = 1e-6  # trust is kept in single precision
WORKER_COLUMNS = (
    *(
        "event_hours",
        "events",
        "bank",
        "fte",
        "handles",
        "vacant",
        "since",
        "load",
        "strain",
        "burnout",
        "owed",
        "counted",
    ),
)


def differ(a: float, b: float) -> bool:
    """True where two values differ by more than rounding; NaN equals NaN."""
    if math.isnan(a) or math.isnan(b):
        return math.isnan(a) != math.isnan(b)
    return abs(a - b) > TOLERANCE


def disagreements(world: World, mind: Mind) -> list[str]:
    """Where the engine and the reference differ: row, column, and both values (the engine's first)."""
    return list(_all(world, mind))


def _all(world: World, mind: Mind) -> Iterator[str]:
    rows = world.cases
    if len(rows) != len(mind.cases):
        yield f"cases: {len(rows)} and {len(mind.cases)}"
    yield from _table("case", rows, mind.cases, CASE_COLUMNS)
    for row, case in zip(rows, mind.cases, strict=False):
        theirs, ours = [int(d) for d in row.department[: row.needs]], case.departments[: case.needs]
        if theirs != ours:
            yield f"case {case.id} department: {theirs} and {ours}"
    t, town = world.tables, mind.town
    yield from _table("place", t.place, town.places, PLACE_COLUMNS)
    yield from _table("community", t.community, town.communities, COMMUNITY_COLUMNS)
    for i, r in enumerate(town.residents):
        if (
            int(t.standing[i]) != r.standing
            or max(abs(a - b) for a, b in zip(t.trust[i].tolist(), r.trust, strict=True)) > SINGLE
        ):
            yield f"resident {i} trust, standing: {t.trust[i].tolist()}, {t.standing[i]} and {r.trust}, {r.standing}"
    yield from _table("worker", t.worker, town.workers, WORKER_COLUMNS)
    yield from _table("grid", t.grid, town.grids, ("fte", "hands", "guide", "fallback", "load"))
    yield from _table("expert", t.expert, town.experts, ("used", "cases"))
    yield from _table("department", t.department, town.departments, ("busy", "received", "done", "team_days"))
    for k, (d, own) in enumerate(zip(t.department, town.departments, strict=True)):
        if int(d.queue) != len(own.queue) or [int(n) for n in d.recent] != own.recent:
            yield f"department {k} queue, recent: {d.queue}, {d.recent} and {len(own.queue)}, {own.recent}"
    if len(world.days) != len(mind.days):
        yield f"days: {len(world.days)} and {len(mind.days)}"
    for row, own_day in zip(world.days, mind.days, strict=False):
        for name in row.dtype.names:
            a, b = float(row[name]), float(own_day.get(name, 0))
            if differ(a, b):
                yield f"day {own_day['day']} {name}: {a!r} and {b!r}"


def _table(what: str, rows: Any, own: Sequence[Any], columns: Sequence[str]) -> Iterator[str]:
    for column in columns:
        values = rows[column][: len(own)].tolist()
        for k, (a, mine) in enumerate(zip(values, own, strict=False)):
            b = getattr(mine, column)
            if a != b and differ(float(a), float(b)):
                yield f"{what} {k} {column}: {a!r} and {b!r}"


def largest_time_difference(world: World, mind: Mind) -> float:
    """Largest difference of any moment of any case, in days."""
    largest = 0.0
    for column in CASE_COLUMNS[:9]:
        for a, case in zip(world.cases[column].tolist(), mind.cases, strict=False):
            b = getattr(case, column)
            if not (math.isnan(a) or math.isnan(b)):
                largest = max(largest, abs(a - b))
    return largest


def same_city(
    scenario: Scenario,
    phases: Sequence[Phase] = (),
    until: int = 80,
    seed: int = 0,
    replicate: int = 0,
    mind: type[Mind] = Mind,
) -> tuple[World, Mind]:
    """Both minds on the same city, up to the beginning of day ``until``."""
    world = World(scenario, seed=seed, replicate=replicate)
    world.under(phases)
    world.advance(until)
    return world, mind(scenario, seed, replicate, phases, world.city).advance(until)
