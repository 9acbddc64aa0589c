"""The measures counted again from the rows of cases, in plain loops written from their definitions.

Nothing of ``gridsim.measures`` is used but the values held against: a definition that is changed there, by mistake or
on purpose, is told by the name of its measure. Stocks are counted at each day's end of a run made day by day.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from gridsim.measures import measure_windows
from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario, load_scenario
from gridsim.verification.check import Finding, Size, check, exact_finding
from gridsim.verification.regression import TINY
from gridsim.verification.runs import SEED

ROUNDING = 1e-9  # relative
DAYS_90 = 90.0  # times are restricted to this many days
WINDOWS = ((0, 40), (40, 80))  # of the cities here
SHORT = TINY | {
    "rules.careers": False,
    "time.days": 80,
    "time.window_days": 40,
    "time.warmup_days": 20,
    "time.follow_up_days": 150,
}
PAPER = {
    "closure.formal": 0.6,
    "closure.reopen": 0.6,
    "staff.nominal_share": 0.4,
    "staff.part_time_fte": 0.4,
    "dedicated.kept_share": 0.75,
    "dedicated.staff_per_grid": 2,
    "dedicated.local_bonus": 1.6,
}
Row = dict[str, Any]


def cities() -> dict[str, Scenario]:
    """The two cities that are counted: one as it is, one in which much is closed on paper and many are nominal."""
    city = load_scenario("neighbourhood").replace(SHORT)
    return {"a small city": city, "a city on paper": city.replace(PAPER)}


def rows_of(world: World) -> list[Row]:
    """Its cases as plain numbers, None for what never happened."""
    names = (
        *("onset", "reported", "deadline", "closed", "resolved", "lapsed", "formal_at", "reopened_at"),
        *("place", "channel", "whistled", "ever_linked", "returns", "hops"),
    )
    columns = {n: world.cases[n].tolist() for n in names}
    return [
        {n: None if isinstance(v, float) and math.isnan(v) else v for n, v in zip(names, values, strict=True)}
        for values in zip(*columns.values(), strict=True)
    ]


def within(moment: float | None, first: float, last: float) -> bool:
    """Whether something happened in [first, last)."""
    return moment is not None and first <= moment < last


def average(values: Sequence[float]) -> float:
    """Their mean."""
    return math.fsum(values) / len(values)


# --- what became of cases and incidents ------------------------------------------------------------------------------


def days_to_resolution(row: Row) -> float:
    """Report to true resolution, 90 at most; who is open, or closed on paper only, counts 90."""
    return DAYS_90 if row["resolved"] is None else min(DAYS_90, row["resolved"] - row["reported"])


def days_unresolved(row: Row, vanishing_ends_it: bool) -> float:
    """Days within 90 of the onset before the harm was over."""
    over = row["onset"] + DAYS_90
    if row["resolved"] is not None:
        over = min(over, row["resolved"])
    if vanishing_ends_it and row["lapsed"] is not None:
        over = min(over, row["lapsed"])
    return float(over - row["onset"])


def shut_at(row: Row, moment: float) -> bool:
    """Closed, truly or on paper, and not reopened by then."""
    if row["closed"] is not None and row["closed"] <= moment:
        return True
    on_paper = row["formal_at"] is not None and row["formal_at"] <= moment
    return on_paper and row["reopened_at"] is not None and row["reopened_at"] > moment


def days_open(row: Row, first: float, last: float) -> float:
    """Days of a window in which the file was open; one reopened was shut in between."""
    end = last if row["closed"] is None else min(last, row["closed"])
    spent = max(0.0, end - max(first, row["reported"]))
    if row["reopened_at"] is not None:
        spent -= max(0.0, min(last, row["reopened_at"]) - max(first, row["formal_at"]))
    return float(spent)


def theil_of(cases: list[Row], home: list[int]) -> float:
    """Σ n/N · (m/M) · ln(m/M) over home grids: n cases with a mean time of m days, N and M those of all."""
    by_grid: dict[int, list[float]] = {}
    for row in cases:
        by_grid.setdefault(home[row["place"]], []).append(days_to_resolution(row))
    middle = average([days_to_resolution(row) for row in cases])
    out = 0.0
    for times in by_grid.values():
        ratio = average(times) / middle
        out += len(times) / len(cases) * (ratio * math.log(ratio) if ratio > 0 else 0.0)
    return out


def theil_times_chance(cases: list[Row], home: list[int]) -> float:
    """Theil's index ÷ (grids − 1) · s² ÷ (2 · cases · mean²): half the squared variation of a grid's mean by luck."""
    times = [days_to_resolution(row) for row in cases]
    middle = average(times)
    variance = math.fsum((x - middle) ** 2 for x in times) / (len(times) - 1)
    grids = len({home[row["place"]] for row in cases})
    return theil_of(cases, home) * 2 * len(times) * middle**2 / ((grids - 1) * variance)


def primary(rows: list[Row], first: float, last: float) -> dict[str, float]:
    """The two primary outcomes: mean days to resolution, and mean open cases."""
    return {
        "time_to_resolution": average([days_to_resolution(r) for r in rows if within(r["reported"], first, last)]),
        "backlog": math.fsum(days_open(r, first, last) for r in rows if r["reported"] is not None) / (last - first),
    }


def counted(rows: list[Row], home: list[int], first: float, last: float) -> dict[str, float]:
    """Measures of the cases reported, and of the incidents that arose, in a window."""
    cases = [r for r in rows if within(r["reported"], first, last)]
    arose = [r for r in rows if within(r["onset"], first, last)]
    patrol = [r for r in cases if r["channel"] == 1]  # 1 patrol, 2 resident
    found = [r for r in arose if r["reported"] is not None and r["reported"] - r["onset"] <= DAYS_90]

    def share(ask: Callable[[Row], bool], of: list[Row]) -> float:
        return sum(bool(ask(r)) for r in of) / len(of)

    def resolved_by(r: Row, moment: float) -> bool:
        return r["resolved"] is not None and r["resolved"] <= moment

    linked = sum(r["ever_linked"] for r in cases)
    return primary(rows, first, last) | {
        "unresolved_days": average([days_unresolved(r, True) for r in arose]),
        "unresolved_days_lasting": average([days_unresolved(r, False) for r in arose]),
        "true_resolution_rate": share(lambda r: resolved_by(r, r["reported"] + DAYS_90), cases),
        "on_time_share": share(lambda r: resolved_by(r, r["deadline"]), cases),
        "closure_rate": share(lambda r: shut_at(r, last), patrol),
        "closure_rate_all": share(lambda r: shut_at(r, last), cases),
        "formal_share": share(lambda r: r["formal_at"] is not None, cases),
        "detection_rate": len(found) / len(arose),
        "detection_delay": average([r["reported"] - r["onset"] for r in found]),
        "linked_share": linked / len(cases),
        "linkage_rate": linked / sum(r["whistled"] for r in cases),
        "returns": average([r["returns"] for r in cases]),
        "hops": average([r["hops"] for r in cases]),
        "valid_cases": len(cases) * 365 / (last - first),
        "theil": theil_of(cases, home),
        "theil_ratio": theil_times_chance(cases, home),
    }


def state_and_stalled(world: World) -> list[tuple[int, int]]:
    """Of every incident, now."""
    return list(zip(world.cases.state.tolist(), world.cases.stalled.tolist(), strict=True))


def stocks(scenario: Scenario, windows: tuple[tuple[int, int], ...]) -> list[dict[str, float]]:
    """Open, stalled and latent at each day's end of a run made day by day: means, and the most and the last open."""
    world, out = World(scenario, seed=SEED), []
    for first, last in windows:
        world.advance(first)
        seen = [state_and_stalled(world.advance(day + 1)) for day in range(first, last)]
        is_open = [sum(state == 2 for state, _ in rows) for rows in seen]  # 0 latent, 2 open
        stalled = [sum(state == 2 and stalled == 1 for state, stalled in rows) for rows in seen]
        latent = [sum(state == 0 for state, _ in rows) for rows in seen]
        out.append(
            {
                "backlog_peak": max(is_open),
                "backlog_end": is_open[-1],
                "stalled": average(stalled),
                "latent": average(latent),
            }
        )
    return out


# --- people ----------------------------------------------------------------------------------------------------------


def people(world: World) -> dict[str, float]:
    """At work, in full-time equivalents, and what everybody costs a year, from the rows of people and unit prices."""
    s, w = world.scenario, world.tables.worker
    price = {name: row.yuan for name, row in s.costs.items()}
    at_work = fte = yuan = 0.0
    for role, nominal, away in zip(w.role.tolist(), w.nominal.tolist(), w.away.tolist(), strict=True):
        if away:
            continue
        worth = (1.0, s.staff.part_time_fte, s.dedicated.staff_fte)[min(role, 2)]  # full-time, part-time, of a firm
        yuan += price[("full_timer", "part_timer", "firm_staff")[min(role, 2)]]  # the nominal are paid too
        at_work += not nominal
        fte += 0.0 if nominal else worth
    teams = sum(n for row in s.teams.values() for n in row.values())
    experts = math.floor(s.experts.per_full_time * s.staff.full_time + 0.5)
    hours = experts * s.experts.hours_per_week * 52
    yuan += teams * price["team"] + hours * price[f"expert_hour_{s.experts.kind}"]
    return {"people_at_work": at_work, "fte_at_work": fte, "running_cost": yuan / 1e6}


def posts(name: str, world: World) -> Iterator[Finding]:
    """Who is there, against the numbers that the scenario states; what a dedicated grid gains from its staff."""
    s, g, w = world.scenario, world.tables.grid, world.tables.worker
    kept = math.floor(s.dedicated.kept_share * s.city.dedicated_grids + 0.5)  # the half rounds up
    full = [k for k in range(len(w)) if w.role[k] == 0 and not w.away[k]]
    part = [k for k in range(len(w)) if w.role[k] == 1 and not w.away[k]]
    firm = [k for k in range(len(w)) if w.role[k] >= 2 and not w.away[k]]
    for what, stated, there in (
        ("dedicated grids kept", kept, sum(g.dedicated[k] and g.active[k] for k in range(len(g)))),
        ("full-timers", s.staff.full_time, len(full)),
        ("part-timers", s.staff.part_time, len(part)),
        ("people of firms in dedicated grids", kept * s.dedicated.staff_per_grid, sum(_of_kept(g, w, k) for k in firm)),
        ("people of firms who are nominal", 0, sum(w.nominal[k] for k in firm)),
    ):
        yield exact_finding(f"{name}: {what}", stated, float(there), "")
    gains = teams = 0
    for k in range(len(g)):
        here = [p for p in range(len(w)) if w.grid[p] == k and not w.away[p]]
        gain = 1 + (s.dedicated.local_bonus - 1) * min(1.0, len(here) / 3) if g.dedicated[k] else 1.0
        gains += bool((g.active[k] or not g.dedicated[k]) and abs(g.local_gain[k] - gain) > ROUNDING)
        teams += bool(abs(g.fte[k] - math.fsum(w.fte[p] for p in here)) > ROUNDING)
    yield exact_finding(f"{name}: grids with another local gain than by their staff", 0, gains, "grids")
    yield exact_finding(f"{name}: grids with other full-time equivalents than their staff's", 0, teams, "grids")


def _of_kept(g: Any, w: Any, k: int) -> bool:
    return bool(g.dedicated[w.grid[k]] and g.active[w.grid[k]])


@check(
    "recount",
    "Measures counted again from the rows, by their definitions",
    kind="reference",
    rules="R17",
    source="definitions of gridsim measures",
)
def recount(size: Size) -> Iterator[Finding]:
    """Two small cities of two windows: each measure that is a count, a share or a mean."""
    for name, scenario in cities().items():
        world = World(scenario, seed=SEED).run()
        rows, home = rows_of(world), world.city.place.host.tolist()
        told = measure_windows(world)
        yield exact_finding(f"{name}: windows told", len(WINDOWS), len(told), "")
        for (first, last), more in zip(WINDOWS, stocks(scenario, WINDOWS), strict=True):
            mine = counted(rows, home, first, last) | more | people(world)
            for key, value in mine.items():
                got, label = told[first, last][key], f"{name}, days {first}–{last}: {key}"
                yield exact_finding(label, value, got, "", ROUNDING * max(1.0, abs(value)))
        yield from posts(name, world)
