"""What holds in every run: conservation, Little's law, working hours, budgets, copies, chunks and common luck."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from conftest import deterministic, exponential, gamma, hand_placed, lognormal, single_queue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridsim.model.cases import AT_ONSET, BY_PATROL, BY_RESIDENT, CLOSED_FORMALLY, LATENT, OPEN, RESOLVED
from gridsim.model.city import City
from gridsim.model.gridworkers import YEAR
from gridsim.model.settings import settings_record
from gridsim.model.world import World
from gridsim.scenario.parameters import REGISTRY
from gridsim.scenario.policies import Phase, builtin_policies, parse_options
from gridsim.scenario.scenario import Scenario, ScenarioError, load_scenario
from gridsim.verification import monotone
from gridsim.verification.check import CHECKS, Size, findings
from gridsim.verification.cities import CITY, random_city, random_plan, random_policy, small_city
from gridsim.verification.invariants import BACK, END, LOOKS, MOST_ADDED
from gridsim.verification.monotone import EXCEPTIONS, RELATIONS, Relation, compared
from gridsim.verification.promises import PROMISES, broken, case_days, differing, packed, staff_of, used_tables

BUSY: dict[str, Any] = {  # the neighbourhood with enough cases that everything is used
    "time.warmup_days": 60,
    "arrivals.per_100_residents": 30.0,
    "city.persons_per_agent": 4,
    "staff.admin_share": 0.45,
}


ALIKE: dict[str, Any] = {"rules.grievance": False, "rules.security": False}  # the two that let other incidents arise
STOIC = ALIKE | {f"rules.{name}": False for name in ("trust", "participation", "self_resolution")}


def neighbourhood(**changes: Any) -> Scenario:
    return load_scenario("neighbourhood").replace(BUSY | {k.replace("__", "."): v for k, v in changes.items()})


@pytest.fixture(scope="module")
def run() -> World:
    """Two years and a half of the neighbourhood, deadlines and reopening on."""
    return World(neighbourhood(), seed=1).warm_up().advance(800)


@pytest.fixture(scope="module")
def no_deadlines() -> World:
    return World(neighbourhood(rules__deadlines=False, rules__stalled_stock=False), seed=2).warm_up().advance(400)


# --- conservation ---------------------------------------------------------------------------------------------------


def test_conservation_times_and_hands(run: World, no_deadlines: World) -> None:
    for world in (run, no_deadlines):
        assert broken(world) == []
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
    world = World(small_city(departments__active_share=0.9, arrivals__per_100_residents=200.0), seed=3)
    busiest = 0
    for day in range(-19, 60):
        assert broken(world.advance(day)) == []
        busiest = max(busiest, int(np.sum(world.tables.worker.case >= 0)))
    assert busiest > 5 and world.days.waiting_at_departments.max() > 5


# --- Little ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("window", [(0, 365), (100, 101), (37, 255), (-60, 400)])
def test_littles_law_holds_exactly(no_deadlines: World, window: tuple[int, int]) -> None:
    """The integral of the backlog is the sum of the times that cases were open: L = λW over any window."""
    d = no_deadlines.days
    inside = (d.day >= window[0]) & (d.day < window[1])
    assert float(d.case_days[inside].sum()) == pytest.approx(case_days(no_deadlines.cases, *window), rel=1e-9)


def test_littles_law_with_formal_closure() -> None:
    """Without reopening, a closed file is over: the law holds again."""
    world = World(neighbourhood(closure__reopen=0.0, closure__formal=0.4, rules__stalled_stock=False), seed=4)
    world.advance(200)
    assert int(world.days.closed_formally.sum()) > 100
    assert float(world.days.case_days.sum()) == pytest.approx(case_days(world.cases, -60, 200), rel=1e-9)


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
        rules__careers=False,
        rules__roles=False,
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
        if name not in ("category", "resident", "propensity", "threshold", "tie"):
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
    city = City(small_city())
    first, again = (World(small_city(), city, seed=8, replicate=2).advance(30) for _ in range(2))
    assert differing(first, again) == []
    for other in (World(small_city(), city, seed=8, replicate=3), World(small_city(), city, seed=9, replicate=2)):
        assert not set(other.advance(30).cases.onset) & set(first.cases.onset)


def warmed_up(seed: int = 10) -> World:
    return World(neighbourhood(), seed=seed).warm_up()


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
    alike = neighbourhood().replace(ALIKE)
    start = World(alike, seed=11).warm_up()
    plain = start.copy().advance(200)
    key = ["place", "ordinal", "onset", "category", "resident"]
    patches = [{k: v} for k, v in LEVERS.items()] + [LEVERS]
    named = "raise-linkage,consolidate-dedicated-grids,raise-linkage+consolidate-dedicated-grids"
    phases = [[Phase(0, alike.replace(p))] for p in patches]
    phases += [o.phases(alike) for o in parse_options(named, builtin_policies(), alike)]
    for plan in phases:
        other = start.copy().under(plan).advance(200)
        assert packed(other.cases[key]) == packed(plain.cases[key])
        assert {"case", "day"} <= set(differing(plain, other)), plan  # every lever has some effect
        both = (plain.cases.complexity > 0) & (other.cases.complexity > 0)
        assert np.array_equal(plain.cases.complexity[both], other.cases.complexity[both])


def test_other_rules_and_staff_leave_incidents_alone() -> None:
    """Not levers, but common luck all the same: rules, staff and hours do not shift anybody's arrivals."""
    scenario = small_city(rules__stalled_stock=False).replace(ALIKE)
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
    base = small_city(rules__intake=False, rules__stalled_stock=False, time__warmup_days=0).replace(STOIC)
    city = City(base)
    slow, fast = (World(base.replace({"patrol.coverage": c}), city, seed=13).advance(200).cases for c in (0.1, 0.4))
    known = ~np.isnan(slow.reported)
    assert np.all(fast.reported[known] <= slow.reported[known])
    assert np.mean(fast.reported[known] < slow.reported[known]) > 0.3


# --- any small city -------------------------------------------------------------------------------------------------

MOST = len(CITY)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(0, 2**32 - 1), st.integers(0, MOST).map(lambda n: MOST - n), st.integers(0, END - 1))
def test_any_small_city(k: int, most: int, pause: int) -> None:
    """City ``k``, of which ``most`` keys differ from the neighbourhood's; what fails is shrunk to few."""
    scenario = random_city(k, most)
    city = City(scenario)
    plan = [*(p for p in random_plan(k, scenario) if p.day < BACK), Phase(BACK, scenario)]  # levers are given back
    world = World(scenario, city, seed=k).under(plan)
    for day in LOOKS:
        assert broken(world.advance(day), MOST_ADDED) == []
    c, s = world.cases, scenario
    if not s.rules.deadlines:
        assert not np.any(~np.isnan(c.formal_at) | (c.overdue == 1) & (c.ordinal < 2**30))
        assert float(world.days.case_days.sum()) == pytest.approx(
            case_days(c, -s.time.warmup_days, END), rel=1e-9, abs=1e-9
        )
    if not s.rules.departments:
        assert not np.any(c.needs) and int(world.days.whistles.sum()) == 0
    if not s.rules.grid_handling:
        assert np.array_equal(c.attempts, c.expert_tries) and np.all(c.needs[~np.isnan(c.reported)] >= 1)
    if not (s.rules.patrol or s.rules.residents):
        assert np.all(c.channel[c.ordinal < 2**30] == AT_ONSET) and np.all(c.state != LATENT)
    twin = World(scenario, city, seed=k).under(plan).advance(pause).copy()
    assert differing(world, twin.advance(END)) == []


@pytest.mark.parametrize("name", [n for n, c in CHECKS.items() if c.kind == "invariant"])
def test_findings_hold(name: str) -> None:
    assert [f for f in findings(name, Size()) if not f.holds] == []


def test_a_broken_promise_is_told() -> None:
    """Each promise can be broken: one number of the tables wrong, and the check that looks at it says so."""
    slips = {
        "conservation": lambda t: t.day["open"].__setitem__(5, 999),
        "order of times": lambda t: t.case["reported"].__setitem__(slice(None), -1e6),
        "working hours": lambda t: t.case["resolved"].__setitem__(slice(None), 0.01),
        "hours of workers": lambda t: t.worker["event_hours"].__iadd__(1.0),
        "whereabouts of cases": lambda t: t.case["queued"].__setitem__(slice(None), 1),
        "lists": lambda t: t.agenda["time"].__setitem__(0, 1e9),
        "hands and teams": lambda t: t.department["busy"].__iadd__(1),
        "experts": lambda t: t.expert_line["waiting"].__iadd__(1),
        "residents": lambda t: t.trust.__iadd__(1.0),
        "posts": lambda t: t.worker["burnout"].__iadd__(2.0),
    }
    assert set(slips) == set(PROMISES)
    world = World(small_city(experts__per_full_time=2.0), seed=3).advance(40)
    for name, slip in slips.items():
        twin = world.copy()
        slip(twin.tables)
        assert name in {promise for promise, _ in broken(twin)}, name
    assert broken(world) == []


def test_random_cities_are_functions_of_their_number() -> None:
    again = [(random_city(k), random_policy(k)) for k in (0, 1, 2)]
    assert [(random_city(k), random_policy(k)) for k in (0, 1, 2)] == again
    assert len({s.hash for s, _ in again}) == 3
    assert random_city(4, 0).rules == load_scenario("neighbourhood").rules


def test_random_cities_state_every_key_that_decides_a_course() -> None:
    """Every lever and switch is drawn; left out are numbers that only scale what is drawn, named here one by one."""
    drawn = set(CITY) | {"rules.careers", "rules.roles", "careers.incentive", "roles.part_time_handling"}  # not yet
    assert {k for k, p in REGISTRY.items() if p.lever or k.startswith("rules.")} <= drawn
    assert all(
        {True, False} == {random_city(k).get(key) for k in range(40)} for key in ("rules.experts", "rules.hours")
    )
    kinds = {random_city(k).handling.service.distribution for k in range(40)}
    assert kinds == {"deterministic", "exponential", "gamma", "lognormal"}
    assert {len(random_city(k).districts) for k in range(20)} == {1, 2, 3}
    assert any(random_city(k).departments.city_level_share > 0 for k in range(20))


# --- what more of something must do, and what it need not -----------------------------------------------------------


@settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(RELATIONS), st.integers(0, 2**32 - 1))
def test_more_never_makes_a_case_later(relation: Relation, k: int) -> None:
    assert compared(relation, k)[2] == 0


@pytest.mark.parametrize("relation", EXCEPTIONS, ids=lambda r: r.name)
def test_what_need_not_hold_does_not(relation: Relation) -> None:
    """A counterexample each: some case is later, and others are sooner, so that the change did what it says."""
    _, right, wrong = compared(relation, relation.city)
    assert wrong > 0 and right > 0


def test_every_exception_is_explained() -> None:
    explained = monotone.__doc__.split("Need not hold")[1]
    assert all(r.name in explained for r in EXCEPTIONS)
    assert len({r.name for r in (*RELATIONS, *EXCEPTIONS)}) == len(RELATIONS) + len(EXCEPTIONS)


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
            {"arrivals.per_100_residents": 100.0, "dedicated.incident_share": 0.3, "rules.cover": False}
            | {"rules.careers": False},
            {"dedicated.kept_share": 0.0},
        ),
    ],
    ids=["workers become nominal", "sites dissolve, no cover"],
)
def test_a_queue_that_lost_its_workers_is_still_served(changes: dict[str, Any], lever: dict[str, Any]) -> None:
    off = {"rules.deadlines": False, "rules.departments": False, "rules.stalled_stock": False, "time.warmup_days": 30}
    world = drained(load_scenario("neighbourhood").replace(off | changes), lever, 4000)
    staffed = world.tables.grid.hands > 0
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
    idle = [
        g
        for g in np.flatnonzero(waiting)
        if t.grid["head"][g] >= 0
        and np.any(((t.worker.case < 0) & (t.worker.handles == 1) & (t.worker.fte > 0))[staff_of(t, g)])
    ]
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


@pytest.mark.parametrize("k", [18, 129])
def test_an_expert_is_called_during_warm_up_too(k: int) -> None:
    """A line that nobody has called for is not taken for one called for on day 0: its cases would wait for ever."""
    s = random_city(k)
    assert broken(World(s).advance(20)) == []
    planted = World(s)
    planted.tables.expert_line.called_for[:] = 0.0
    assert ("experts", "no expert is idle beside a line") in broken(planted.advance(20))
