"""R10 professional gridworkers: calendar, pooled queue, success, substitution, exhaustion, roster, by hand and by law."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
import pytest
from conftest import (
    LEVEL,
    assert_mean,
    assert_share,
    clock,
    deterministic,
    exponential,
    first_durations,
    single_queue,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from gridsim import GovernanceModel
from gridsim.model import experts
from gridsim.model.cases import OPEN, RESOLVED
from gridsim.model.city import City
from gridsim.model.experts import FIELDS, roster
from gridsim.model.settings import SERVICE, expert_hours, settings_record, team_strength
from gridsim.model.world import World
from gridsim.scenario.policies import Phase
from gridsim.scenario.scenario import Scenario, load_scenario
from gridsim.verification.promises import broken

NEVER = 1 - LEVEL
LAW = list(experts.EXPERT_FIELDS).index("law")
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
ONLY_LAW = {f"experts__weight_{f}": float(f == "law") for f in experts.EXPERT_FIELDS}
OFFICE: dict[str, Any] = {"time__calendar": "office", "time__opens": 9.0, "time__closes": 17.0}
CERTAIN = {"experts__ability": 60.0, "experts__complexity_slope": 0.0}


def fielded(per_day: float = 50, place: dict[str, Any] | None = None, **changes: Any) -> Scenario:
    """Every case lies in the field of law; gridworkers never succeed; the experts stated, six hours a week, all come."""
    usual = {
        "rules__experts": True,
        "handling__ability": -60.0,
        "handling__max_attempts": 20,
        "handling__service": deterministic(0.0),
        "experts__participation": 1.0,
        "experts__speed": 1.0,
        "experts__handover_hours": 0.0,
        "experts__waiting_limit": 1e9,
        "experts__training_relief": 0.0,
        "experts__handover": deterministic(0.0),
        "experts__pool": "district",
        "staff__full_time": 10,
    }
    row = {"categories.any.expert": "law", "categories.any.expert_share": 1.0} | (place or {})
    return single_queue(per_day, **usual | ONLY_LAW | CERTAIN | changes).replace(row)


def placed(times: list[float], **changes: Any) -> World:
    """The same with incidents at exactly these times."""
    scenario = fielded(1e-9, **{"city__cells_per_grid": len(times), "arrivals__headroom": 1.0} | changes)
    world = World(scenario)
    world.tables.next_arrival[:] = times
    return world


def resolved_at(world: World, days: int) -> list[float]:
    c = world.advance(days).cases
    return c.resolved[np.argsort(c.place)].tolist()


# --- calendar ---------------------------------------------------------------------------------------------------------


@numba.njit
def worked_off(t, e, now, hours):
    return experts.worked_off(t, e, now, hours)


@numba.njit
def is_session(t, e, day):
    return experts.is_session(t, e, day)


@pytest.mark.parametrize(
    ("hours", "sessions"), [(1.0, 1), (3.0, 1), (6.0, 2), (7.0, 3), (12.0, 4), (15.0, 5), (40.0, 5)]
)
def test_sessions_of_a_week(hours: float, sessions: int) -> None:
    """At most 3 h a session if five a week suffice; spread over the working days, on none of the weekend."""
    world = World(fielded(experts__hours_per_week=hours, experts__per_full_time=5.0, **OFFICE))
    p = world.tables.settings[0]
    assert (p.expert_sessions, p.expert_session_hours * p.expert_sessions) == (sessions, pytest.approx(hours))
    firsts = set()
    for e in range(len(world.tables.expert)):
        days = [d for d in range(-7, 7) if is_session(world.tables, e, d)]
        assert len(days) == 2 * sessions and all(d % 7 < 5 for d in days)
        assert [d - 7 for d in days[sessions:]] == days[:sessions]
        firsts.add(int(world.tables.expert.first_session[e]))
        gaps = np.diff([d % 7 for d in days[:sessions]])
        assert sessions == 1 or 5 // sessions <= gaps.min() <= gaps.max() <= math.ceil(5 / sessions) + 1
    assert firsts == set(range(5))


def test_expert_hours_by_hand() -> None:
    """6 h · .7 who come = 4.2; an incentive of .5 closes half of what is missing: 5.1; retired people give 1.5 times it."""
    s = load_scenario("neighbourhood")
    assert expert_hours(s) == pytest.approx(4.2)
    assert expert_hours(s.replace({"experts.incentive": 0.5})) == pytest.approx(5.1)
    assert expert_hours(s.replace({"experts.incentive": 0.5, "experts.kind": "retired"})) == pytest.approx(7.65)
    most = {"experts.hours_per_week": 40.0, "experts.retired_hours": 5.0, "experts.kind": "retired"}
    assert expert_hours(s.replace(most)) == 40.0  # five working days hold no more


def test_one_expert_by_hand() -> None:
    """6 h a week, Mondays and Wednesdays 9:00–12:00. A of 4 h: Mon 9–12, Wed 9–10. B of 4 h: Wed 10–12, Mon 9–11."""
    world = placed(
        [clock(MON, 8), clock(MON, 10)],
        experts__per_full_time=0.1,
        experts__hours_per_week=6.0,
        handling__service=deterministic(4.0),
        rules__grid_handling=True,
        handling__selectivity=0.0,
        **OFFICE,
    )
    world.tables.expert.first_session[:] = 0
    days = [d for d in range(7) if is_session(world.tables, 0, d)]
    assert days == [MON, THU] or days == [MON, WED]
    second = days[1]
    # a gridworker first tries in vain for 4 h: A until 13:00, B until 14:00 – the sessions are those after it
    assert resolved_at(world, 30) == pytest.approx([clock(7, 10), clock(7 + second, 11)], abs=1e-9)
    assert world.tables.expert.used[0] == pytest.approx(8.0) and world.tables.expert.cases[0] == 2
    assert world.days.expert_hours.sum() == pytest.approx(8.0) and world.days.expert_attempts.sum() == 2


def test_no_expert_works_outside_sessions_or_beyond_them() -> None:
    """Whatever the start and the length of the work: done hours = session time between them."""
    world = World(fielded(experts__hours_per_week=7.0, experts__per_full_time=0.5, **OFFICE))
    rng = np.random.default_rng(3)
    p = world.tables.settings[0]
    each = float(p.expert_session_hours)
    for start, hours in zip(rng.uniform(-30, 30, 200), rng.exponential(5.0, 200), strict=True):
        e = int(rng.integers(len(world.tables.expert)))
        end = worked_off(world.tables, e, start, hours)
        on = 0.0
        for day in range(math.floor(start), math.floor(end) + 1):
            if is_session(world.tables, e, day):
                a = max(start, clock(day, 9))
                on += max(0.0, min(end, clock(day, 9 + each)) - a) * 24
        assert on == pytest.approx(hours, abs=1e-6)
        day = math.floor(end)
        assert is_session(world.tables, e, day) and 9 - 1e-6 <= (end - day) * 24 <= 9 + each + 1e-6


def test_experts_who_give_no_hours_are_not_called() -> None:
    teams = {"teams": 50, "departments__duration": deterministic(0.1)}
    c = World(fielded(50, experts__per_full_time=1.0, experts__hours_per_week=0.0, **teams)).advance(40).cases
    assert len(c) > 1000 and not np.any(c.expert_tries) and not np.any(c.queued == 2)
    assert np.all(c.state[c.reported < 30] == RESOLVED)  # by the departments


# --- a pooled line ------------------------------------------------------------------------------------------------------


def plain_line(world: World, c: np.recarray, hours: np.ndarray, number: int) -> np.ndarray:
    """Who ends when: first come, first served, by the idle expert who is on duty first; its own calendar arithmetic."""
    p = world.tables.settings[0]
    each, sessions = float(p.expert_session_hours), int(p.expert_sessions)
    first = world.tables.expert.first_session

    def on_duty(e: int, day: int) -> bool:
        return day % 7 < 5 and (day % 7 - first[e]) % 5 in {k * 5 // sessions for k in range(sessions)}

    def finish(e: int, now: float, work: float) -> float:
        day = math.floor(now)
        while True:
            if on_duty(e, day):
                left = each - max(0.0, (now - day) * 24 - 9)
                if left > 0 and left >= work - 1e-9:
                    return max(now, clock(day, 9)) + work / 24
                work -= max(0.0, left)
            day, now = day + 1, max(now, day + 1.0)

    free, ends, last = np.full(number, -np.inf), [], -np.inf
    for n in range(len(c)):
        start = [finish(e, max(c.reported[n], free[e], last), 0.0) for e in range(number)]
        best = min(range(number), key=lambda e: (start[e], e))
        last = start[best]
        free[best] = finish(best, last, hours[n])
        ends.append(free[best])
    return np.array(ends)


def test_a_line_serves_as_a_plain_simulation_of_the_same_jobs() -> None:
    """Three experts of six hours a week, utilised by .9: every case ends when a simulation of its own says."""
    rate = 0.9 * 3 * 6 / 7 / 2.0
    world = World(
        fielded(
            rate,
            {"categories.any.needs_department": 1.0, "categories.any.substitutable": 1.0},
            experts__per_full_time=0.3,
            handling__service=exponential(2.0),
            departments__need_factor=1.0,
            **OFFICE,
        ),
        seed=4,
    ).advance(600)
    c = world.cases[np.argsort(world.cases.reported)]
    ends = plain_line(world, c, first_durations(world, SERVICE, c), 3)
    done = c.state == RESOLVED
    assert done.sum() > 500 and np.allclose(c.resolved[done], ends[done], atol=1e-8)
    assert np.all(ends[~done] >= 600)
    idle = world.tables.expert[world.tables.expert.case < 0]
    budget = float(world.tables.tally.expert_budget[0]) * 600
    assert len(idle) <= 3 and 0.8 < float(world.tables.expert.used.sum()) / budget < 1.0


def test_a_line_of_long_jobs_waits_as_erlang_says() -> None:
    """M/M/2 where a job takes weeks of sessions, so that nights and weekends average out: chance to wait and mean wait."""
    load, number, weeks = 1.4, 2, 4.0
    scenario = fielded(
        load / (weeks * 7),
        {"categories.any.needs_department": 1.0, "categories.any.substitutable": 1.0},
        experts__per_full_time=0.2,
        experts__hours_per_week=15.0,
        handling__service=exponential(15 * weeks),
        **OFFICE,
    )
    city, waited, mean = City(scenario), [], []
    for r in range(60):
        world = World(scenario, city, seed=6, replicate=r).advance(40_000)
        c = world.cases[np.argsort(world.cases.reported)]
        inside = (c.reported > 2_000) & (c.reported < 38_000)
        wait = (c.resolved - c.reported - first_durations(world, SERVICE, c) / 15 * 7)[inside]
        waited.append(np.mean(wait > 4.0))  # a week's sessions are rounded by half a week
        mean.append(wait.mean())
    p = load**2 / 2 * number / (number - load)
    chance = p / (1 + load + p)
    spare = (number - load) / (weeks * 7)
    assert_mean(mean, chance / spare, 0.15, "mean wait")
    assert abs(np.mean(waited) - chance * math.exp(-4.0 * spare)) < 0.04


# --- success, handover, route ------------------------------------------------------------------------------------------


def test_success_is_logistic_in_complexity() -> None:
    """Attempts ~ the curve: P(solved at the first) = E[logistic(ability − slope·c)], c ~ Beta(3, 3)."""
    scenario = fielded(
        100, experts__ability=1.0, experts__complexity_slope=3.0, experts__per_full_time=5.0, experts__attempts=2
    )
    c = World(scenario, seed=2).advance(120).cases
    c = c[c.reported < 90]
    tried = c[c.expert_tries > 0]
    law = stats.beta(3, 3)
    hit = lambda x: 1 / (1 + math.exp(3 * x - 1))  # noqa: E731
    first = integrate.quad(lambda x: hit(x) * law.pdf(x), 0, 1)[0]
    both = integrate.quad(lambda x: (1 - hit(x)) ** 2 * law.pdf(x), 0, 1)[0]
    assert len(tried) == len(c) > 8000
    done = c.state == RESOLVED
    assert_share(np.sum(done & (c.expert_tries == 1) & (c.exhausted == 0)), len(c), first, "solved at the first")
    assert_share(np.sum(c.exhausted == 1), len(c), both, "exhausted, so a department is called")
    assert np.all(c.needs[c.exhausted == 1] == 1) and np.all(c.expert_tries[c.exhausted == 1] == 2)


def test_handover_costs_its_delay_and_hours() -> None:
    """Round the clock but for sessions: from the failed attempt one day of handover, then 2 h/1.6 + .5 h of work."""
    world = placed(
        [clock(MON, 0)],
        experts__per_full_time=0.1,
        experts__hours_per_week=40.0,
        experts__handover=deterministic(1.0),
        experts__handover_hours=0.5,
        experts__speed=1.6,
        handling__service=deterministic(2.0),
    )
    # tried in vain from 0:00 to 2:00, handed over until Tuesday 2:00, done after 1.75 h
    assert resolved_at(world, 5) == pytest.approx([clock(TUE, 2 + 2 / 1.6 + 0.5)], abs=1e-9)
    assert world.tables.expert.used[0] == pytest.approx(1.75)


def test_only_cases_of_a_field_with_experts_go_to_them() -> None:
    """A share of .6 lies in the field; another field's roster, or a switch off, leaves all to the departments."""
    share = {"categories.any.expert_share": 0.6}
    c = World(fielded(100, share, experts__per_full_time=5.0)).advance(60).cases
    c = c[c.reported < 40]
    assert_share(np.sum(c.expert_tries > 0), len(c), 0.6, "own field")
    assert np.array_equal(c.expert_tries > 0, c.expert_field == LAW)
    other = {f"experts__weight_{f}": float(f == "medicine") for f in experts.EXPERT_FIELDS}
    for off in (other, {"rules__experts": False}, {"experts__per_full_time": 0.0}):
        c = World(fielded(100, share, **{"experts__per_full_time": 5.0} | off)).advance(40).cases
        assert not np.any(c.expert_tries) and np.all(c.attempts[c.reported < 30] == 20)


def test_two_fields_share_a_category_evenly() -> None:
    c = World(fielded(200, {"categories.any.expert_second": "psychology"})).advance(30).cases
    counts = np.bincount(c.expert_field, minlength=FIELDS)
    assert_share(counts[LAW], len(c), 0.5, "the first field")
    assert counts.sum() == counts[LAW] + counts[list(experts.EXPERT_FIELDS).index("psychology")]


def test_substitution_is_the_stated_share_and_nests() -> None:
    """share · factor of department cases are the expert's instead; more of it keeps every one that less had."""
    row = {
        "categories.any.needs_department": 0.7,
        "categories.any.substitutable": 0.4,
        "categories.any.expert_share": 0,
    }
    base = fielded(150, row | {"categories.any.expert_share": 0.0}, experts__per_full_time=5.0)
    before, city = None, City(base)
    for factor in (0.0, 0.5, 1.0, 2.0):
        world = World(base.replace({"experts.substitution_factor": factor}), city, seed=3).advance(60)
        c = world.cases
        instead = c.expert_field >= 0
        needing = int(np.sum(c.needs > 0) - np.sum(c.exhausted == 1))
        assert_share(instead.sum(), needing, 0.4 * factor, f"factor {factor}") if factor else None
        assert int(world.days.substituted.sum()) == instead.sum()
        assert before is None or np.all(instead[before])
        before = instead
        done = c[(c.expert_field >= 0) & (c.state == RESOLVED)]
        assert np.all(done.whistled == 0) and (factor == 0 or len(done) > 500)


def test_departments_lack_the_people_whom_they_second() -> None:
    """2 teams of 4; 4 experts of 10 h a week are one of eight people: strength 7/8, whatever a team holds takes 8/7."""
    changes = {
        "experts.kind": "seconded",
        "experts.per_full_time": 0.4,
        "experts.hours_per_week": 10.0,
        "rules.grid_handling": False,
        "categories.any.expert_share": 0.0,
    }
    scenario = fielded(1, teams=2, departments__duration=deterministic(0.7)).replace(changes)
    assert team_strength(scenario) == pytest.approx(7 / 8)
    assert team_strength(scenario.replace({"experts.kind": "outside"})) == 1.0
    assert team_strength(scenario.replace({"rules.experts": False})) == 1.0
    c = World(scenario).advance(60).cases
    first = c[np.argmin(c.reported)]
    assert first.resolved - first.reported == pytest.approx(0.7 * 8 / 7)


# --- roster ------------------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=30).filter(any), st.integers(0, 60))
def test_seats_are_websters_and_nest(weights: list[int], number: int) -> None:
    """No transfer of a seat helps: w/(s + ½) of the best next ≤ w/(s − ½) of the worst held; and a prefix is a roster."""
    w = np.array(weights, float)
    seats = experts._seats(w, number)
    held = np.bincount(seats, minlength=len(w))
    assert held.sum() == number and not np.any(held[w == 0])
    if number:
        assert (w / (held + 0.5)).max() <= (w / (held - 0.5))[held > 0].min() * (1 + 1e-12)
    assert experts._seats(w, number + 1)[:number].tolist() == seats.tolist()


@pytest.mark.parametrize("pool", ["community", "street", "district"])
def test_a_larger_roster_keeps_every_seat_of_a_smaller(pool: str) -> None:
    base = load_scenario("neighbourhood").replace({"experts.pool": pool})
    city, none = City(base), np.zeros(0, experts.EXPERT_DTYPE).view(np.recarray)
    before = np.zeros(1, int)
    for ratio in (0.05, 0.1, 0.2, 0.5, 2.0):
        s = base.replace({"experts.per_full_time": ratio})
        expert, line = roster(city, s, none)
        assert len(expert) == math.floor(ratio * 61 + 0.5) and line.experts.sum() == len(expert)
        seats = np.bincount(expert.line, minlength=len(line))
        assert np.array_equal(seats, line.experts) and np.all(expert.line % FIELDS == expert.subject)
        assert np.all(seats[: len(before)] >= before) if len(before) == len(seats) else True
        fields = np.bincount(expert.subject, minlength=FIELDS)
        assert fields.max() - fields.min() <= 1
        before = seats


def pooled(**changes: Any) -> Scenario:
    """A neighbourhood that keeps its experts busy."""
    usual = {
        "time.warmup_days": 30,
        "arrivals.per_100_residents": 60.0,
        "city.persons_per_agent": 100,
        "experts.per_full_time": 0.4,
        "experts.hours_per_week": 2.0,
    }
    return load_scenario("neighbourhood").replace(usual | {k.replace("__", "."): v for k, v in changes.items()})


@pytest.mark.parametrize(
    "lever",
    [
        {"experts.pool": "community"},
        {"experts.pool": "district", "experts.kind": "seconded"},
        {"experts.per_full_time": 0.0},
        {"experts.per_full_time": 0.1, "handling.selectivity": 0.0},
        {"experts.hours_per_week": 0.0},
        {"experts.weight_law": 0.0, "experts.weight_education": 9.0},
        {"staff.full_time": 200},
    ],
    ids=lambda x: "-".join(x),
)
def test_a_changed_roster_loses_nobody(lever: dict[str, Any]) -> None:
    """A policy on day 30: cases in hand are finished, those waiting find another line, a department or a gridworker."""
    base = pooled(rules__stalled_stock=False)
    world = World(base, seed=5).under([Phase(0, base), Phase(30, base.replace(lever))]).advance(30)
    assert np.sum(world.cases.queued == 2) > 20 and np.sum(world.tables.expert.case >= 0) > 10
    waiting = world.cases.queued == 2
    number = len(world.cases)
    world.advance(31)
    assert broken(world) == []
    world.advance(120)
    assert broken(world) == []
    if lever.get("experts.per_full_time") == 0.0:
        assert not np.any(world.cases.queued == 2) and np.all(world.tables.expert.case < 0)
        assert np.mean(world.cases.state[:number][waiting] != OPEN) > 0.5


def test_experts_without_strength_change_nothing() -> None:
    """No field, no substitution and no relief of training: the same cases as without any expert."""
    base = load_scenario("neighbourhood").replace({"time.warmup_days": 30, "experts.training_relief": 0.0})
    data = base.to_dict()
    for row in data["categories"].values():
        row["expert_share"] = row["substitutable"] = 0.0
    base = Scenario.from_dict(data)
    many = base.replace({"experts.per_full_time": 1.0})
    city = City(base)
    a, b = (World(s, city, seed=2).advance(60) for s in (base, many))
    assert len(b.tables.expert) == 61 and a.case_frame().equals(b.case_frame())


def test_the_mesa_model_creates_agents_for_people_whom_a_policy_adds() -> None:
    from gridsim.model.experts import Expert
    from gridsim.model.gridworkers import Gridworker
    from gridsim.scenario.policies import Option, Policy

    late = Policy(name="late", starts=3, set={"experts.per_full_time": 0.5, "staff.full_time": 70})
    short = {"time__warmup_days": 10, "time__days": 8, "time__follow_up_days": 0}
    model = GovernanceModel("neighbourhood", Option("late", (late,)), rng=1, **short)
    before = len(model.agents)
    while model.day < 3:
        model.step()
    assert len(model.agents) == before and len(model.agents_by_type.get(Expert, ())) == 0
    model.step()
    assert len(model.agents_by_type[Expert]) == 35 and len(model.agents_by_type[Gridworker]) == 70 + 46 + 20
    assert len({a.unique_id for a in model.agents}) == len(model.agents) == before + 35 + 9
    names = {e.field_name for e in model.agents_by_type[Expert]}
    assert names == set(experts.EXPERT_FIELDS)
    model.run()
    busy = model.agents_by_type[Expert].select(lambda e: e.is_busy)
    assert len(busy) == int(np.sum(model.world.tables.expert.case >= 0))


def test_training_relief_is_complete_at_the_stated_roster() -> None:
    """40 h · .3 relief: all of it from .2 experts a full-timer on, half at .1; the hours go to patrol."""
    s = load_scenario("neighbourhood")
    for ratio, hours in ((0.0, 0.0), (0.1, 6.0), (0.2, 12.0), (0.5, 12.0)):
        p = settings_record(s.replace({"experts.per_full_time": ratio}))
        assert float(p.patrol_hours_now[0]) == pytest.approx(2.0 + hours / 250)


def test_no_case_is_handed_over_to_a_line_where_too_many_wait() -> None:
    """Five cases a day for one expert of six hours a week: with a limit, the line stays short and departments help."""
    changes = {"experts__per_full_time": 0.1, "handling__service": deterministic(2.0), "teams": 50}
    place = {"categories.any.needs_department": 1.0, "categories.any.substitutable": 1.0}
    for limit in (1.0, 3.0):
        w = World(fielded(5, place, **changes, experts__waiting_limit=limit, departments__need_factor=1.0))
        longest = 0
        for day in range(1, 120):
            w.advance(day)
            longest = max(longest, int(w.tables.expert_line.waiting.max()))
        assert longest == limit
        assert 0 < int(w.days.substituted.sum()) < 0.5 * len(w.cases)
        assert w.days.whistles.sum() > 0.5 * len(w.cases)
    swamped = World(fielded(5, place, **changes, departments__need_factor=1.0)).advance(120)
    assert int(swamped.tables.expert_line.waiting.max()) > 300
