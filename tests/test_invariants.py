"""What holds in every run: conservation, Little's law, working hours, budgets, copies, chunks and common luck."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import (
    chained,
    deterministic,
    differing,
    exponential,
    gamma,
    hand_placed,
    lognormal,
    packed,
    single_queue,
    used_tables,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gridsim.model import agenda
from gridsim.model.cases import (
    AT_ONSET,
    BY_NOBODY,
    BY_PATROL,
    BY_RESIDENT,
    BY_VIDEO,
    CLOSED_FORMALLY,
    LAPSED,
    LATENT,
    OPEN,
    RESOLVED,
)
from gridsim.model.city import City
from gridsim.model.gridworkers import YEAR
from gridsim.model.settings import PATROL, settings_record
from gridsim.model.world import World
from gridsim.scenario.policies import Phase, builtin_policies, parse_options
from gridsim.scenario.scenario import Scenario, ScenarioError, load_scenario

BUSY: dict[str, Any] = {  # the neighbourhood with enough cases that everything is used
    "time.warmup_days": 60,
    "arrivals.per_100_residents": 30.0,
    "city.persons_per_agent": 4,
    "staff.admin_share": 0.45,
}


def neighbourhood(**changes: Any) -> Scenario:
    return load_scenario("neighbourhood").replace(BUSY | {k.replace("__", "."): v for k, v in changes.items()})


def small(**changes: Any) -> Scenario:
    """Two thousand residents in six grids and three sites."""
    data = load_scenario("neighbourhood").to_dict()
    data["districts"]["neighbourhood"]["population"] = 2_000
    return Scenario.from_dict(data).replace(
        {
            "city.comprehensive_grids": 6,
            "city.dedicated_grids": 3,
            "city.grids_per_community": 3,
            "staff.full_time": 7,
            "staff.part_time": 4,
            "arrivals.per_100_residents": 60.0,
            "time.warmup_days": 20,
        }
        | {k.replace("__", "."): v for k, v in changes.items()}
    )


@pytest.fixture(scope="module")
def run() -> World:
    """Two years and a half of the neighbourhood, deadlines and reopening on."""
    return World(neighbourhood(), seed=1).warm_up().advance(800)


@pytest.fixture(scope="module")
def no_deadlines() -> World:
    return World(neighbourhood(rules__deadlines=False, rules__stalled_stock=False), seed=2).warm_up().advance(400)


# --- conservation ---------------------------------------------------------------------------------------------------


def check_stocks(w: World) -> None:
    """Every day's partition of what has arisen, flows that explain the stocks, and a recount from the rows."""
    d, c, count = w.days, w.cases, w.tables.tally[0]
    assert np.all(d.latent + d.lapsed_so_far + d.open + d.resolved_so_far + d.formal_so_far == d.arisen_so_far)
    assert np.array_equal(d.day, np.arange(d.day[0], w.day))
    for stock, flow in (
        (d.arisen_so_far, d.arisen),
        (d.lapsed_so_far, d.lapsed),
        (d.resolved_so_far, d.resolved),
        (d.formal_so_far, d.closed_formally - d.reopened),
    ):
        assert np.array_equal(np.diff(stock), flow[1:])
    assert np.array_equal(
        np.diff(d.open),
        (d.valid_patrol + d.valid_residents + d.valid_video + d.reopened - d.resolved - d.closed_formally)[1:],
    )
    now = np.bincount(c.state, minlength=5)
    last = d[-1]
    assert [now[LATENT], now[LAPSED], now[OPEN], now[RESOLVED], now[CLOSED_FORMALLY], len(c)] == [
        last.latent,
        last.lapsed_so_far,
        last.open,
        last.resolved_so_far,
        last.formal_so_far,
        last.arisen_so_far,
    ]
    assert last.stalled == np.sum(c.stalled == 1) == count.stalled
    assert not np.any((c.stalled == 1) & (c.state != OPEN))


def check_times(w: World) -> None:
    """Each state has the times it must have and no others, in order."""
    c = w.cases
    state, channel = c.state, c.channel
    known = np.isin(state, (OPEN, RESOLVED, CLOSED_FORMALLY))
    assert np.array_equal(known, ~np.isnan(c.reported)) and np.array_equal(known, ~np.isnan(c.deadline))
    assert np.array_equal(known, np.isin(channel, (BY_PATROL, BY_RESIDENT, BY_VIDEO, AT_ONSET)))
    assert np.all(channel[~known] == BY_NOBODY)
    assert np.array_equal(state == LAPSED, ~np.isnan(c.lapsed))
    assert np.array_equal(state == RESOLVED, ~np.isnan(c.resolved))
    assert np.array_equal(np.isin(state, (RESOLVED, CLOSED_FORMALLY)), ~np.isnan(c.closed))
    assert np.all(c.onset < w.day) and np.all(c.onset[known] <= c.reported[known])
    assert np.all(c.lapsed[state == LAPSED] >= c.onset[state == LAPSED])
    over = ~np.isnan(c.closed)
    assert np.all(c.reported[over] <= c.closed[over]) and np.all(c.closed[over] < w.day)
    assert np.array_equal(c.resolved[state == RESOLVED], c.closed[state == RESOLVED])
    assert np.all(c.closed[state == CLOSED_FORMALLY] == c.deadline[state == CLOSED_FORMALLY])
    formal = ~np.isnan(c.formal_at)
    assert np.all(formal[(state == CLOSED_FORMALLY) | (c.reopened == 1)])
    assert np.array_equal(c.reopened == 1, ~np.isnan(c.reopened_at)) and not np.any(c.reopened_at < c.formal_at)
    assert np.all((c.overdue == 1)[formal])


def check_hands(w: World, given_back: int = 0) -> None:
    """Nobody has two things in hand, no queue is left alone by idle hands, and the agenda agrees with both.

    Teams that a policy gave back (at most so many a department) finish what they have begun.
    """
    t, c = w.tables, w.cases
    n = int(t.tally.agenda[0])
    events = t.agenda[:n]
    assert n == 0 or events.time.min() >= w.day  # all that was due has been served
    in_hand = t.worker.case[t.worker.case >= 0]
    assert len(set(in_hand.tolist())) == len(in_hand)
    assert np.all(c.state[in_hand] == OPEN) and np.all(c.in_hand[in_hand] == 1) and not np.any(c.queued[in_hand])
    assert sorted(events.id[events.kind == agenda.WORKER_DONE]) == np.flatnonzero(t.worker.case >= 0).tolist()
    d = t.department
    assert np.all((d.busy >= 0) & (d.busy <= d.teams + given_back)) and np.all(d.queue >= 0)
    held = t.task.department[events.id[events.kind == agenda.TEAM_DONE]]
    assert np.array_equal(np.bincount(held, minlength=len(d)), d.busy)
    ledger = d.done + d.busy + d.queue  # a file closed on paper takes its sub-task out of the queue, unserved
    assert np.all(d.received >= ledger) if w.scenario.rules.deadlines else np.array_equal(d.received, ledger)
    assert not np.any((d.busy < d.teams) & (d.queue > 0))
    waiting = c[c.queued == 1]
    assert np.all(waiting.state == OPEN)
    for row in np.unique(waiting.handler):
        staff = t.worker[chained(t, row)]
        assert np.all((staff.case >= 0) | (staff.fte == 0.0))
    queue_of = [walk(w, g) for g in range(len(t.grid))]
    assert [len(q) for q in queue_of] == np.bincount(waiting.handler, minlength=len(t.grid)).tolist()
    loads = np.bincount(c.handler[in_hand], minlength=len(t.grid)) + [len(q) for q in queue_of]
    assert np.array_equal(t.grid.load, loads)

    check_experts(w)
    check_whereabouts(w)


def check_experts(w: World) -> None:
    """No expert has two cases, no case two handlers; lines hold who waits, and nobody idle watches them."""
    t, c = w.tables, w.cases
    events = t.agenda[: int(t.tally.agenda[0])]
    held = t.expert.case[t.expert.case >= 0]
    assert len(set(held.tolist()) | set(t.worker.case[t.worker.case >= 0].tolist())) == len(held) + np.sum(
        t.worker.case >= 0
    )
    assert np.all(c.in_hand[held] == 1) and np.all(c.state[held] == OPEN) and not np.any(c.queued[held])
    assert sorted(events.id[events.kind == agenda.EXPERT_DONE]) == np.flatnonzero(t.expert.case >= 0).tolist()
    waiting = c[c.queued == 2]
    assert np.all(waiting.state == OPEN)
    assert t.expert_line.waiting.tolist() == np.bincount(waiting.handler, minlength=len(t.expert_line)).tolist()
    for k, line in enumerate(t.expert_line):
        here, queue = int(line.head), []
        while here >= 0:
            queue.append(here)
            assert len(queue) <= len(c)
            here = int(c.next[here])
        assert len(queue) == line.waiting and np.all(c.handler[queue] == k) and np.all(c.expert_field[queue] == k % 7)
        mine = (t.expert.line == k) & (t.expert.away == 0)
        assert line.experts == mine.sum()
        called = line.called_for >= w.day  # when the next idle one is on duty
        assert not queue or (mine.any() and (called or np.all(t.expert.case[mine] >= 0)))


COURSE = ("SETTLED", "REOPENED", "ON_THE_SPOT_CALL", "AT_GRID", "AT_EXPERT", "REFERRED", "RESUMED")


def check_whereabouts(w: World) -> None:
    """Every open case is in exactly one place: a queue, a hand, an event ahead, or its live sub-tasks."""
    t, c, n = w.tables, w.cases, len(w.cases)
    events = t.agenda[: int(t.tally.agenda[0])]
    places = np.bincount(t.worker.case[t.worker.case >= 0], minlength=n)
    places += np.bincount(t.expert.case[t.expert.case >= 0], minlength=n)
    places += c.queued > 0
    ahead = events[np.isin(events.kind, [getattr(agenda, k) for k in COURSE])]
    places += np.bincount(ahead.id[ahead.stamp == c.version[ahead.id]], minlength=n)
    rows = events.id[np.isin(events.kind, [agenda.AT_DEPARTMENT, agenda.TEAM_DONE, agenda.TASK_DONE])].tolist()
    for d in t.department:
        here, length = int(d.head), 0
        while here >= 0:
            rows.append(here)
            length += 1
            here = int(t.task.next[here])
        assert length == d.queue
    assert len(set(rows)) == len(rows) == t.tally.live_tasks[0]
    task = t.task[rows]
    live = (task.part >= 0) & (task.stamp == c.version[task.case])
    parts = np.bincount(task.case[live], minlength=n)
    is_open = c.state == OPEN
    assert np.all((places + (parts > 0))[is_open] == 1)
    assert np.array_equal(parts[is_open], np.where(places == 0, c.pending, 0)[is_open]) and not np.any(parts[~is_open])


def walk(w: World, row: int) -> list[int]:
    """Cases in the queue of a grid, head to tail."""
    grid, out = w.tables.grid[row], []
    here = int(grid.head)
    while here >= 0:
        out.append(here)
        assert len(out) <= len(w.cases)
        here = int(w.cases.next[here])
    assert (out[-1] if out else -1) == grid.tail
    return out


def test_conservation_times_and_hands(run: World, no_deadlines: World) -> None:
    for world in (run, no_deadlines):
        check_stocks(world)
        check_times(world)
        check_hands(world)
    assert all(
        int(run.days[k].sum()) > 0
        for k in (  # the run has seen everything that can happen
            "lapsed",
            "valid_patrol",
            "valid_residents",
            "invalid",
            "duplicates",
            "resolved",
            "closed_formally",
            "reopened",
            "disputes",
            "whistles",
            "linked",
            "attempts",
            "tasks_started",
            "stalled",
            "waiting_at_departments",
        )
    )


def test_hands_at_every_day_end() -> None:
    world = World(small(departments__active_share=0.9, arrivals__per_100_residents=200.0), seed=3)
    busiest = 0
    for day in range(-19, 60):
        check_hands(world.advance(day))
        busiest = max(busiest, int(np.sum(world.tables.worker.case >= 0)))
    assert busiest > 5 and world.days.waiting_at_departments.max() > 5


# --- Little ---------------------------------------------------------------------------------------------------------


def overlap(c: np.recarray, first: float, last: float) -> float:
    """Case-days within a window, from the rows: every open stretch cut to the window."""
    begun = c[~np.isnan(c.reported)]
    until = np.where(np.isnan(begun.closed), np.inf, begun.closed)
    return float(np.sum(np.clip(np.minimum(until, last) - np.maximum(begun.reported, first), 0, None)))


@pytest.mark.parametrize("window", [(0, 365), (100, 101), (37, 255), (-60, 400)])
def test_littles_law_holds_exactly(no_deadlines: World, window: tuple[int, int]) -> None:
    """The integral of the backlog is the sum of the times that cases were open: L = λW over any window."""
    d = no_deadlines.days
    inside = (d.day >= window[0]) & (d.day < window[1])
    assert float(d.case_days[inside].sum()) == pytest.approx(overlap(no_deadlines.cases, *window), rel=1e-9)


def test_littles_law_with_formal_closure() -> None:
    """Without reopening, a closed file is over: the law holds again."""
    world = World(neighbourhood(closure__reopen=0.0, closure__formal=0.4, rules__stalled_stock=False), seed=4)
    world.advance(200)
    assert int(world.days.closed_formally.sum()) > 100
    assert float(world.days.case_days.sum()) == pytest.approx(overlap(world.cases, -60, 200), rel=1e-9)


def test_the_backlog_of_a_day_is_between_its_stocks() -> None:
    """Hand-placed: one case open from 0.25 to 2.75 makes .75, 1 and .75 case-days."""
    world = hand_placed([0.25], rules__departments=False, handling__service=deterministic(60.0)).advance(4)
    assert world.days.case_days.tolist() == pytest.approx([0.75, 1.0, 0.75, 0.0], abs=1e-12)
    assert world.days.open.tolist() == [1, 1, 0, 0]


# --- working hours and budgets --------------------------------------------------------------------------------------


def test_no_service_ends_outside_working_hours(run: World) -> None:
    s = run.scenario
    c = run.cases[(run.cases.state == RESOLVED)]
    assert len(c) > 1000
    hour, weekday = c.resolved % 1 * 24, np.floor(c.resolved) % 7
    assert np.all(weekday < 5)
    assert np.all((hour >= s.time.opens - 1e-6) & (hour <= s.time.closes + 1e-6))
    found = run.cases[(run.cases.channel == BY_PATROL) & (run.cases.drops < 8)]
    found = found[found.onset >= -60]
    assert np.all(found.reported % 7 < 5)
    # residents tell at all hours
    told = run.cases.reported[run.cases.channel == BY_RESIDENT]
    assert 0.6 < np.mean((told % 1 * 24 < s.time.opens) | (told % 1 * 24 > s.time.closes)) < 0.73


@pytest.mark.parametrize("time__calendar", ["office", "continuous"])
@pytest.mark.parametrize("rules__cover", [True, False])
def test_event_hours_of_a_year_never_exceed_the_remainder(rules__cover: bool, time__calendar: str) -> None:
    """R17: 1,875 h less 45 % administration, 40 h training, 250 · 2 h patrol = 491.25 h, by full-time equivalent.

    Hours are booked when a service begins: the last one of a year may end in the next, hence one service more.
    Overloaded, so that the budget binds.
    """
    service = 5.0
    scenario = neighbourhood(
        time__warmup_days=365,
        time__calendar=time__calendar,
        arrivals__per_100_residents=80.0,
        handling__service=deterministic(service),
        handling__on_the_spot=deterministic(1.0),
        staff__event_hours=4.0,
        rules__cover=rules__cover,
        rules__departments=False,
        rules__deadlines=False,
    )
    yearly = 1875 * (1 - 0.45) - 40 - 250 * 2
    assert float(settings_record(scenario).event_hours_year[0]) == pytest.approx(yearly)
    longest = service * 1.2 * 1.15 + 0.25  # the periphery, travel, and entering an unregistered reporter
    world, before = World(scenario, seed=5), 0.0
    for year in range(3):
        world.advance(YEAR * year)
        t = world.tables
        spent, before = t.worker.event_hours - before, t.worker.event_hours.copy()
        assert np.all(spent <= yearly * t.worker.fte + longest)
        assert np.all(spent[t.worker.fte == 0] == 0)
    full = t.worker.fte == 1.0
    assert np.mean(spent[full] > yearly - 2 * longest) > 0.8  # most of them used up
    assert world.days.event_hours.sum() == pytest.approx(t.worker.event_hours.sum())


# --- copies, chunks, policies ---------------------------------------------------------------------------------------


def test_a_copy_is_independent() -> None:
    world = World(neighbourhood(), seed=6).warm_up().advance(30)
    before = used_tables(world)
    twin = world.copy()
    assert differing(world, twin) == []
    twin.advance(150)
    assert used_tables(world) == before and world.day == 30 and twin.day == 150
    world.advance(150)  # and the original goes on as if nothing had been
    assert differing(world, twin) == []
    for name, table in world.tables._asdict().items():
        if name not in ("category", "community", "resident", "propensity"):
            assert not np.shares_memory(table, getattr(twin.tables, name)), name


def test_one_go_or_day_by_day_or_in_chunks() -> None:
    city = City(neighbourhood())
    worlds = [World(neighbourhood(), city, seed=7) for _ in range(3)]
    worlds[0].advance(300)
    for day in range(-60, 301):
        worlds[1].advance(day)
    for day in (-59, -1, 0, 1, 90, 91, 300):
        worlds[2].advance(day)
        worlds[2] = worlds[2].copy()
    assert differing(worlds[0], worlds[1]) == differing(worlds[0], worlds[2]) == []


def test_replications_differ_and_repeat() -> None:
    city = City(small())
    first, again = (World(small(), city, seed=8, replicate=2).advance(30) for _ in range(2))
    assert differing(first, again) == []
    for other in (World(small(), city, seed=8, replicate=3), World(small(), city, seed=9, replicate=2)):
        assert not set(other.advance(30).cases.onset) & set(first.cases.onset)


def warmed_up(seed: int = 10) -> World:
    return World(neighbourhood(), seed=seed).warm_up()


def options(text: str) -> list[list[Phase]]:
    return [o.phases(neighbourhood()) for o in parse_options(text, builtin_policies(), neighbourhood())]


def test_a_phase_that_patches_nothing_changes_nothing() -> None:
    start = warmed_up()
    plain = start.copy().advance(200)
    same = neighbourhood()
    nothing = start.copy().under([Phase(0, same), Phase(17, same.replace({})), Phase(90, same)]).advance(200)
    assert differing(plain, nothing) == []


def test_two_policies_are_one_until_the_day_they_differ() -> None:
    start, day = warmed_up(), 61
    first = neighbourhood().replace({"linkage.rate": 0.9, "staff.nominal_share": 0.05})
    a = start.copy().under([Phase(0, first)])
    second = first.replace({"patrol.coverage": 0.5, "triage.accuracy": 0.95})
    b = start.copy().under([Phase(0, first), Phase(day, second)])
    assert differing(a.advance(day), b.advance(day)) == []
    assert {"case", "day", "settings", "patrol_hazard"} <= set(differing(a.advance(150), b.advance(150)))
    rows = a.days.day < day
    assert packed(a.days[rows]) == packed(b.days[rows])


LEVERS = {
    "linkage.rate": 0.95,
    "linkage.silo": 0.0,
    "linkage.parallel": False,
    "linkage.hop": exponential(0.1),
    "linkage.report_in": deterministic(0.2),
    "patrol.coverage": 0.6,
    "triage.accuracy": 0.97,
    "dedicated.kept_share": 0.0,
    "dedicated.interoperation": 1.0,
    "staff.nominal_share": 0.0,
    "staff.admin_share": 0.3,
    "staff.training_hours": 10.0,
    "staff.patrol_hours": 1.0,
    "handling.service": lognormal(2.0, 0.5),
}


def test_incidents_are_the_same_under_every_policy() -> None:
    """The same place, ordinal, onset, category and resident, whatever lever is moved; and the same nature."""
    start = warmed_up(11)
    plain = start.copy().advance(200)
    key = ["place", "ordinal", "onset", "category", "resident"]
    patches = [{k: v} for k, v in LEVERS.items()] + [LEVERS]
    phases = [[Phase(0, neighbourhood().replace(p))] for p in patches] + options(
        "raise-linkage,consolidate-dedicated-grids,raise-linkage+consolidate-dedicated-grids"
    )
    for plan in phases:
        other = start.copy().under(plan).advance(200)
        assert packed(other.cases[key]) == packed(plain.cases[key])
        assert {"case", "day"} <= set(differing(plain, other)), plan  # every lever has some effect
        both = (plain.cases.complexity > 0) & (other.cases.complexity > 0)
        assert np.array_equal(plain.cases.complexity[both], other.cases.complexity[both])


def test_other_rules_and_staff_leave_incidents_alone() -> None:
    """Not levers, but common luck all the same: rules, staff and hours do not shift anybody's arrivals."""
    scenario = small(rules__stalled_stock=False)
    plain = World(scenario, seed=12).advance(60).cases[["place", "ordinal", "onset", "category"]]
    for change in (
        {"rules.patrol": False},
        {"rules.departments": False},
        {"staff.full_time": 30},
        {"rules.hours": False},
        {"time.calendar": "continuous"},
        {"linkage.drop": 0.9},
        {"rules.deadlines": False},
    ):
        other = World(scenario.replace(change), seed=12).advance(60).cases[["place", "ordinal", "onset", "category"]]
        assert packed(other) == packed(plain)


def test_more_patrol_only_brings_detection_forward() -> None:
    """R3: with the same luck, more coverage never makes a detection later, nor lets one lapse that was detected."""
    base = small(rules__intake=False, rules__stalled_stock=False, time__warmup_days=0)
    city = City(base)
    slow, fast = (World(base.replace({"patrol.coverage": c}), city, seed=13).advance(200).cases for c in (0.1, 0.4))
    known = ~np.isnan(slow.reported)
    assert np.all(fast.reported[known] <= slow.reported[known])
    assert np.mean(fast.reported[known] < slow.reported[known]) > 0.3


# --- any small city -------------------------------------------------------------------------------------------------

SHARE = st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0])
LAWS = st.one_of(
    st.floats(0, 6).map(deterministic),
    st.floats(0.1, 6).map(exponential),
    st.tuples(st.floats(0.1, 6), st.sampled_from([0.3, 1.0, 4.0])).map(lambda x: gamma(*x)),
    st.tuples(st.floats(0.1, 6), st.floats(0, 1.5)).map(lambda x: lognormal(*x)),
)
SWITCHES = (
    "escalation",
    "video",
    "experts",
    "patrol",
    "residents",
    "lapse",
    "intake",
    "triage",
    "boundary",
    "grid_handling",
    "cover",
    "departments",
    "deadlines",
    "hours",
    "stalled_stock",
)
CITIES = st.fixed_dictionaries(
    {f"rules.{k}": st.booleans() for k in SWITCHES}
    | {
        "time.calendar": st.sampled_from(["office", "continuous"]),
        "time.warmup_days": st.integers(0, 20),
        "city.persons_per_agent": st.sampled_from([1, 7, 500, 10_000]),
        "city.comprehensive_grids": st.integers(1, 8),
        "city.dedicated_grids": st.integers(0, 4),
        "city.cells_per_grid": st.integers(1, 3),
        "city.seed": st.integers(0, 99),
        "staff.full_time": st.integers(2, 10),
        "staff.part_time": st.integers(0, 6),
        "staff.nominal_share": st.sampled_from([0.0, 0.3]),
        "staff.event_hours": st.floats(0.5, 7.5),
        "dedicated.staff_per_grid": st.integers(0, 3),
        "dedicated.boundary_friction": st.floats(0, 3),
        "arrivals.per_100_residents": st.floats(0, 300),
        "arrivals.headroom": st.sampled_from([1.0, 3.0]),
        "residents.report_rate": st.floats(0, 1),
        "residents.disparity": st.floats(1, 6),
        "latent.lapse_days": st.floats(0.5, 60),
        "patrol.coverage": SHARE,
        "intake.wrong_rejection": st.floats(0, 0.9),
        "intake.valid_residents": SHARE,
        "triage.hops": st.integers(0, 3),
        "triage.accuracy": st.floats(0.05, 1),
        "handling.service": LAWS,
        "handling.on_the_spot_share": SHARE,
        "handling.ability": st.floats(-3, 6),
        "handling.max_attempts": st.integers(1, 4),
        "linkage.rate": SHARE,
        "linkage.drop": st.sampled_from([0.0, 0.3, 0.9]),
        "linkage.parallel": st.booleans(),
        "linkage.report_in": LAWS,
        "linkage.hops": st.integers(0, 3),
        "linkage.stalled": LAWS,
        "departments.extra": st.floats(0, 3),
        "departments.duration": LAWS,
        "departments.active_share": st.floats(0.05, 1),
        "departments.hold_team": st.sampled_from(["active", "throughout"]),
        "escalation.rate": st.sampled_from([0.0, 0.004, 0.5]),
        "escalation.urgent_from": st.integers(2, 5),
        "video.detection": st.floats(0, 0.2),
        "handling.selectivity": SHARE,
        "experts.per_full_time": st.sampled_from([0.0, 0.4, 2.0]),
        "experts.participation": SHARE,
        "experts.attempts": st.integers(1, 3),
        "experts.substitution_factor": st.floats(0, 2),
        "experts.handover": LAWS,
        "linkage.false_whistles": SHARE,
        "linkage.fatigue": st.sampled_from([0.0, 0.3, 2.0]),
        "closure.formal": SHARE,
        "closure.reopen": SHARE,
        "closure.reopen_delay": LAWS,
    }
)


LATER = st.fixed_dictionaries(
    {},
    optional={  # levers that a policy moves on the way
        "linkage.rate": SHARE,
        "linkage.silo": SHARE,
        "linkage.hop": LAWS,
        "linkage.report_in": LAWS,
        "patrol.coverage": SHARE,
        "triage.accuracy": st.floats(0.05, 1),
        "dedicated.kept_share": SHARE,
        "dedicated.interoperation": SHARE,
        "staff.admin_share": st.floats(0.1, 0.65),
        "staff.patrol_hours": st.floats(0, 2),
        "handling.service": LAWS,
        "linkage.parallel": st.booleans(),
        "handling.selectivity": SHARE,
        "staff.full_time": st.integers(2, 15),
        "staff.part_time": st.integers(0, 12),
        "staff.nominal_share": st.sampled_from([0.0, 0.3]),
        "staff.devices": SHARE,
        "staff.freed_hours": st.sampled_from(["patrol", "events"]),
        "dedicated.staff_per_grid": st.integers(0, 5),
        "dedicated.rule": st.sampled_from(["dissolve", "merge"]),
        "dedicated.redeployment": st.sampled_from(["none", "dedicated", "comprehensive"]),
        "patrol.strategy": st.sampled_from(list(PATROL)),
        "video.coverage": SHARE,
        "video.command_depth": st.integers(1, 4),
        "triage.automatic": SHARE,
        "intake.green_channel": st.booleans(),
        "follow_up.share": SHARE,
        "platform.data_integration": SHARE,
        "experts.per_full_time": st.sampled_from([0.0, 0.4, 3.0]),
        "experts.kind": st.sampled_from(["outside", "seconded", "retired"]),
        "experts.pool": st.sampled_from(["community", "street", "district"]),
        "experts.hours_per_week": st.sampled_from([0.0, 1.0, 6.0, 40.0]),
        "experts.incentive": SHARE,
        "experts.weight_law": st.sampled_from([0.0, 1.0, 20.0]),
        "departments.added_teams": st.integers(0, 2),
        "closure.appraisal": st.sampled_from(["neither", "closure", "residents"]),
    },
)


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(CITIES, LATER, st.integers(0, 2**32 - 1), st.integers(0, 59))
def test_any_small_city(changes: dict[str, Any], later: dict[str, Any], seed: int, pause: int) -> None:
    assume(changes["rules.grid_handling"] or changes["rules.departments"])
    scenario = small(**changes)
    city = City(scenario)
    try:
        plan = [Phase(20, scenario.replace(later)), Phase(45, scenario)]  # levers are pulled, and given back
        World(scenario.replace(later), city)
    except ScenarioError as error:
        assert any("staff." in line for line in error.errors)  # nobody would work, or no hours are left
        assume(False)
    world = World(scenario, city, seed=seed).under(plan)
    for day in (21, 44, 46, 60):
        world.advance(day)
        check_hands(world, later.get("departments.added_teams", 0) if day > 45 else 0)
    check_stocks(world)
    check_times(world)
    c = world.cases
    if not scenario.rules.deadlines:
        assert not np.any(~np.isnan(c.formal_at) | (c.overdue == 1) & (c.ordinal < 2**30))
        assert float(world.days.case_days.sum()) == pytest.approx(
            overlap(c, -scenario.time.warmup_days, 60), rel=1e-9, abs=1e-9
        )
    if not scenario.rules.departments:
        assert not np.any(c.needs) and int(world.days.whistles.sum()) == 0
    if not scenario.rules.grid_handling:
        assert np.array_equal(c.attempts, c.expert_tries) and np.all(c.needs[~np.isnan(c.reported)] >= 1)
    if not (scenario.rules.patrol or scenario.rules.residents):
        assert np.all(c.channel[c.ordinal < 2**30] == AT_ONSET) and np.all(c.state != LATENT)
    twin = World(scenario, city, seed=seed).under(plan).advance(pause).copy()
    assert differing(world, twin.advance(60)) == []


def test_long_queue_keeps_first_come_first_served() -> None:
    """One worker, no failures: cases are resolved in the order of their reports, whatever their services."""
    world = World(single_queue(30, rules__departments=False, handling__service=gamma(1.2, 0.5))).advance(200)
    c = world.cases[world.cases.state == RESOLVED]
    assert len(c) > 3000
    assert np.all(np.diff(c.resolved[np.argsort(c.reported, kind="stable")]) >= 0)


# --- levers that move staff leave nobody waiting for ever -----------------------------------------------------------


def drained(scenario: Scenario, lever: dict[str, Any], days: int) -> World:
    """Warm up, pull the lever, let arrivals stop after a day and wait."""
    world = World(scenario).warm_up().under([Phase(0, scenario.replace(lever))]).advance(1)
    world.tables.next_arrival[:] = np.inf
    return world.advance(days)


@pytest.mark.parametrize(
    ("changes", "lever"),
    [
        ({"arrivals.per_100_residents": 30.0, "staff.admin_share": 0.6}, {"staff.nominal_share": 0.6}),
        (
            {"arrivals.per_100_residents": 100.0, "dedicated.incident_share": 0.3, "rules.cover": False},
            {"dedicated.kept_share": 0.0},
        ),
    ],
    ids=["workers become nominal", "sites dissolve, no cover"],
)
def test_a_queue_that_lost_its_workers_is_still_served(changes: dict[str, Any], lever: dict[str, Any]) -> None:
    off = {"rules.deadlines": False, "rules.departments": False, "rules.stalled_stock": False, "time.warmup_days": 30}
    world = drained(load_scenario("neighbourhood").replace(off | changes), lever, 4000)
    staffed = world.tables.grid.fte > 0
    stuck = world.cases[(world.cases.state == OPEN) & staffed[world.cases.grid]]
    assert len(stuck) == 0


def test_hands_that_a_lever_frees_are_called_at_once() -> None:
    base = load_scenario("neighbourhood").replace(
        {"staff.nominal_share": 0.7, "time.warmup_days": 60, "arrivals.per_100_residents": 60.0}
    )
    world = World(base).warm_up()
    waiting = world.tables.grid["head"] >= 0
    world.under([Phase(0, base.replace({"staff.nominal_share": 0.0}))]).advance(1)
    t = world.tables
    idle = [g for g in np.flatnonzero(waiting) if t.grid["head"][g] >= 0 and np.any((t.worker.case < 0)[chained(t, g)])]
    assert waiting.any() and idle == []


def test_a_city_where_nobody_works_is_refused_in_a_sentence() -> None:
    lost = 0
    for seed in range(8):
        changes = {"staff.full_time": 2, "staff.part_time": 0, "staff.nominal_share": 0.5, "city.seed": seed}
        try:
            world = World(load_scenario("neighbourhood").replace(changes))
        except ScenarioError as error:
            assert "nobody works" in str(error)
            lost += 1
        else:
            assert world.tables.worker.fte[world.tables.worker.role == 0].sum() > 0
    assert 0 < lost < 8


def test_cover_threshold_of_zero_runs() -> None:
    world = World(load_scenario("neighbourhood", staff__cover_below_fte=0.0)).advance(0)
    assert world.days.resolved_so_far[-1] > 500


def test_a_phase_of_a_past_day_is_refused() -> None:
    base = load_scenario("neighbourhood")
    with pytest.raises(ValueError, match="day 0 has passed"):
        World(base).advance(5).under([Phase(0, base)])


def test_next_to_no_hours_and_hopeless_cases_end_all_the_same() -> None:
    """No department, no success, no time: tried once a day, never an endless loop; a budget of seconds likewise."""
    hopeless = {
        "rules.departments": False,
        "handling.ability": -60.0,
        "handling.max_attempts": 1,
        "rules.hours": False,
        "handling.service": {"distribution": "deterministic", "value": 0.0},
    }
    world = World(load_scenario("neighbourhood").replace(hopeless | {"time.warmup_days": 20})).advance(10)
    assert world.days.resolved_so_far[-1] == 0 and world.days.open[-1] > 0
    seconds = {"staff.admin_share": (1875 - 40 - 500 - 10.5) / 1875, "time.warmup_days": 20}
    World(load_scenario("neighbourhood").replace(seconds)).advance(30)


def test_many_files_reopened_on_one_day_fit_their_tables() -> None:
    """Every case is closed on paper at once and comes back on the same later day, with four sub-tasks each."""
    scenario = single_queue(
        5000.0,
        fields=4,
        teams=10,
        need=1.0,
        rules__grid_handling=False,
        rules__deadlines=True,
        arrivals__headroom=1.0,
        linkage__rate=1.0,
        linkage__report_in=deterministic(10.0),
        departments__extra=3.0,
        closure__formal=1.0,
        closure__reopen=1.0,
        closure__reopen_delay=deterministic(7.985),
        time__warmup_days=0,
    ).replace({"categories.any.deadline_days": 0.01})
    world = World(scenario).advance(14)
    t, tally = world.tables, world.tables.tally[0]
    assert tally.tasks <= len(t.task) and tally.agenda <= len(t.agenda) and tally.cases <= len(t.case)
    assert tally.to_reopen == np.sum(world.cases.state == CLOSED_FORMALLY) > 30_000
    assert tally.open == np.sum(world.cases.state == OPEN) > 20_000
