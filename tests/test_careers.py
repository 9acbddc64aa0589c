"""Careers and roles (R17): against arithmetic by hand, the stationary law, and what must not change."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from conftest import assert_mean, assert_share, deterministic, differing, hand_placed, packed
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gridsim.measures import measure_windows
from gridsim.model.careers import WEEKS
from gridsim.model.city import City
from gridsim.model.draws import CAREERS, CITY_STAFF, uniform_block
from gridsim.model.gridworkers import CHIEF, FULL_TIME, GUIDE, INFORMATION_OFFICER, PART_TIME
from gridsim.model.world import World
from gridsim.scenario.policies import BASELINE, Option, Phase, builtin_policies
from gridsim.scenario.scenario import Scenario, ScenarioError, load_scenario
from gridsim.verification.cities import random_city, random_plan
from gridsim.verification.promises import broken

YEAR, MONTH = 365, 28
BOTH_OFF = {"rules.careers": False, "rules.roles": False}
AS_BEFORE = {  # nobody leaves, no post is vacant, everybody knows the work and does it at one pace
    "careers.turnover": 0.0,
    "careers.unskilled": 0.0,
    "careers.speed_up": 0.0,
    "careers.overwork": 0.0,
    "roles.part_time_handling": True,
    "roles.guide_bridge": 0.0,
}
STEADY = {"careers.wear": 0.0, "careers.recovery": 0.0}  # burnout stays at its base
NEW = ("posts", "vacant", "vacant_fte", "strain", "burnout", "skill", "since", "load", "owed", "counted", "handles")


def people(n: int, **changes: Any) -> Scenario:
    """``n`` full-timers, a grid each, in a city without incidents; burnout is steady."""
    usual = {"time__warmup_days": 0, "arrivals__per_100_residents": 0.0, "staff__nominal_share": 0.0}
    usual |= {"city__comprehensive_grids": n, "city__dedicated_grids": 0, "staff__full_time": n, "staff__part_time": 0}
    usual |= {"city__persons_per_agent": 100, "rules__stalled_stock": False}
    return load_scenario("neighbourhood", **usual | changes).replace(STEADY)


def monthly(s: Scenario) -> tuple[float, float]:
    """Chances, every four weeks, that a held post is left and that a vacant one is filled."""
    hazard = s.careers.turnover * (1 - s.careers.incentive_effect * s.careers.incentive)
    return 1 - math.exp(-hazard * MONTH / YEAR), MONTH / s.careers.vacancy_days


def working(times: list[float], **changes: Any) -> World:
    """Incidents at these moments in one grid of one full-timer with a career, an attempt of 24 hours each."""
    usual = {"rules__careers": True, "rules__departments": False, "handling__service": deterministic(24.0)}
    return hand_placed(times, **usual | changes)


# --- off, and on without effect ---------------------------------------------------------------------------------------


def test_without_effect_the_rules_change_nothing() -> None:
    """Nobody leaves, learns or tires, part-timers handle, guides link nothing: cases and days as with the rules off."""
    base = load_scenario("neighbourhood", time__warmup_days=60).replace({"dedicated.staff_per_grid": 1})
    off, on = (World(base.replace(c), seed=3).advance(120) for c in (BOTH_OFF, {**AS_BEFORE, **STEADY}))
    assert packed(off.cases) == packed(on.cases)
    for name in off.days.dtype.names or ():
        if name not in NEW:  # which are 0 where the rules are off
            assert off.days[name] == pytest.approx(on.days[name], rel=1e-12), name
    assert not off.days.quits.any() and not off.days.vacant.any() and not off.tables.worker.vacant.any()


def test_off_nothing_of_the_section_matters() -> None:
    base = load_scenario("neighbourhood", time__warmup_days=60).replace(BOTH_OFF)
    wild = base.replace({"careers.turnover": 9.0, "careers.unskilled": 0.6, "careers.incentive": 1.0})
    wild = wild.replace({"roles.part_time_handling": True, "roles.guide_bridge": 0.6, "careers.overwork": 3.0})
    assert differing(World(base, seed=1).advance(60), World(wild, seed=1).advance(60)) in ([], ["settings"])


@pytest.mark.parametrize("k", range(0, 24, 3))
def test_promises_hold_with_careers_and_roles(k: int) -> None:
    """Conservation, hands, hours and accounts of random cities under random plans; a policy of nothing is identical."""
    busy = {"rules.careers": True, "rules.roles": True, "careers.turnover": 6.0, "careers.vacancy_days": 40.0}
    scenario = random_city(k)
    plan = random_plan(k, scenario)
    try:
        phases = [Phase(p.day, p.scenario.replace(busy | {"careers.incentive": 1.0})) for p in plan]
        world = World(scenario.replace(busy), seed=k).under(phases)
        for day in (1, 29, 57, 85):
            assert broken(world.advance(day), 2) == []
    except ScenarioError:
        pytest.skip("this city has nobody to handle cases")
    before = [p.scenario for p in phases if p.day <= 37]
    again = World(scenario.replace(busy), seed=k)
    again.under([*phases, Phase(37, before[-1] if before else scenario.replace(busy))])
    if 37 not in {p.day for p in phases}:
        assert differing(world, again.advance(85)) == []


# --- who leaves -------------------------------------------------------------------------------------------------------


def test_tenure_and_vacancies_are_stationary() -> None:
    """Vacant share = q v ÷ (1 + q v), and tenure geometric by four weeks, at the start and years later."""
    s = people(4000, careers__turnover=0.8, careers__vacancy_days=90.0)
    leave, fill = monthly(s)
    q, v = leave * YEAR / MONTH, MONTH / fill / YEAR
    share = q * v / (1 + q * v)
    assert share == pytest.approx(leave / (leave + fill))
    start = World(s, seed=4)
    assert_share(int(start.tables.worker.vacant.sum()), 4000, share, "vacant at the start")
    tenure = -start.tables.worker.since[start.tables.worker.vacant == 0]
    assert stats.kstest(tenure, stats.expon(scale=YEAR / s.careers.turnover).cdf).pvalue > 0.001
    worlds = [World(s, start.city, seed=10 + k).advance(6 * YEAR) for k in range(3)]
    late = [w.days[w.days.day >= 4 * YEAR] for w in worlds]
    vacant = np.concatenate([d.vacant[:: 4 * MONTH] / 4000 for d in late])  # four months apart: nearly independent
    assert_mean(vacant, share, 0.05, "vacant, years later")
    w = worlds[0].tables.worker
    months = (6 * YEAR // MONTH * MONTH - w.since[w.vacant == 0]) / MONTH
    new = months[w.since[w.vacant == 0] >= 0]  # by now nearly everybody
    for k in (1, 4, 13):
        assert_share(int((new < k).sum()), len(months), 1 - (1 - leave) ** k, f"in the post for less than {k} months")


def test_quits_are_those_of_the_keyed_words() -> None:
    """Word 0 of (CAREERS, row, 2048 + look) below the chance of a month; by the generator's own function."""
    s = people(300, careers__turnover=2.0, careers__vacancy_days=4000.0 / 3)
    world = World(s, seed=9)
    held = world.tables.worker.vacant == 0
    leave, fill = monthly(s)
    for look in range(4):
        luck = np.array([uniform_block(9, 0, CAREERS, row, 2049 + look)[-1] for row in range(300)])
        before = held.copy()
        held = np.where(before, luck[:, 0] >= leave, luck[:, 1] < fill)
        world.advance(look * MONTH + 1)
        assert np.array_equal(world.tables.worker.vacant == 0, held)
        assert world.days.quits[-1] == (before & ~held).sum() and world.days.vacant[-1] == (~held).sum()
        assert world.tables.grid.fte.sum() == held.sum() == world.tables.worker.fte.sum()


def test_burnout_by_hand_and_what_it_does_to_the_hazard() -> None:
    """Without work demands are the administration's alone; a month adds wear · gap and takes back the recovery."""
    rules = {"careers.wear": 0.3, "careers.recovery": 0.2, "careers.resources": 0.4, "careers.turnover": 0.5}
    s = people(2000).replace(rules | {"careers.burnout_slope": 4.0, "careers.vacancy_days": 28.0})
    world, burnout, chances = World(s, seed=2), 0.5, []
    for look in range(5):
        burnout += 0.3 * (s.staff.admin_share - 0.4) - 0.2 * (burnout - 0.5)
        chances.append(1 - math.exp(-0.5 * math.exp(4.0 * (burnout - 0.5)) * MONTH / YEAR))
        world.advance(look * MONTH + 1)
        w = world.tables.worker
        first = (w.vacant == 0) & (w.since < 0)
        assert w.burnout[first] == pytest.approx(burnout)
        if look == 0:  # all at the same burnout: nobody new yet
            assert_share(int(world.days.quits[-1]), 2000 - int(World(s, seed=2).tables.worker.vacant.sum()), chances[0])
    assert chances[-1] > 1.3 * chances[0]
    assert world.tables.tally.burnout[0] == pytest.approx(w.burnout[w.vacant == 0].mean())


def test_a_full_incentive_of_full_effect_keeps_everybody() -> None:
    s = people(200, careers__turnover=6.0, careers__incentive_effect=1.0, careers__incentive=1.0)
    world = World(s, seed=1).advance(YEAR)
    assert not world.days.quits.any() and not world.days.vacant.any() and world.days.skill[-1] == 1.0


@settings(max_examples=8, deadline=None, derandomize=True)
@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.integers(0, 9))
def test_a_stronger_incentive_nests(weak: float, strong: float, seed: int) -> None:
    """Who first leaves under the stronger one leaves under the weaker one at the same time or before."""
    weak, strong = sorted((weak, strong))
    base = people(150, careers__turnover=3.0, careers__incentive_effect=0.8)
    city = City(base)
    first = []
    for incentive in (weak, strong):
        world = World(base, city, seed=seed).under([Phase(0, base.replace({"careers.incentive": incentive}))])
        left = np.full(150, np.inf)
        held = world.tables.worker.vacant == 0
        for look in range(6):
            world.advance(look * MONTH + 1)
            left[held & (world.tables.worker.vacant == 1) & (left == np.inf)] = look
        first.append(left)
    assert np.all(first[0] <= first[1])


def test_nominal_people_and_those_of_firms_neither_leave_nor_tire() -> None:
    s = load_scenario("neighbourhood", time__warmup_days=0, careers__turnover=50.0, staff__nominal_share=0.4)
    s = s.replace({"careers.vacancy_days": 3650.0})
    world = World(s, seed=3).advance(1)
    w = world.tables.worker
    real = (w.nominal == 0) & (w.role < CHIEF)
    assert w.vacant[real].mean() > 0.9 and not w.vacant[w.role >= CHIEF].any()
    assert np.all(w.burnout[~real] == 0.5) and not w.strain[~real].any()
    assert world.days.posts[-1] == real.sum() and np.all(w.fte[w.role >= CHIEF] > 0)
    luck = uniform_block(s.city.seed, 0, CITY_STAFF, 4, len(w))[:, 0]
    leave, fill = monthly(s)
    assert np.array_equal(World(s).tables.worker.vacant == 1, (luck < leave / (leave + fill)) & (w.role < CHIEF))


# --- the case in hand, hours, learning, pace --------------------------------------------------------------------------


@pytest.mark.parametrize("third", [27.95, 40.0])
def test_who_leaves_finishes_the_case_in_hand_and_the_next_waits(third: float) -> None:
    """Everybody leaves on day 28, with an attempt of 24 hours in hand until 28.9; the post is filled on day 56."""
    sure = {"careers__turnover": 1000.0 / 20, "careers__vacancy_days": 28.0, "careers__unskilled": 0.0}
    world = working([26.5, 27.9, third], **sure).advance(1)
    world.tables.worker.vacant[:] = 0
    world.enforce(world.scenario)
    world.advance(28)
    assert world.tables.worker.case[0] == 1
    world.advance(29)
    w = world.tables.worker
    assert (w.vacant[0], w.fte[0], w.case[0], w.events[0]) == (1, 0.0, -1, 2)
    assert world.days.event_budget[-2:].tolist() == [
        pytest.approx(float(world.tables.settings.event_hours_year[0]) / 365),
        0,
    ]
    world.advance(60)
    assert world.cases.resolved[:3] == pytest.approx([27.5, 28.9, 57.0])
    assert world.days.quits[28] == 1 and (w.vacant[0], w.since[0], w.events[0]) == (0, 56.0, 3)


@pytest.mark.parametrize("tenure", [0.0, 45.0, 400.0])
def test_learning_by_hand(tenure: float) -> None:
    """Success of many first attempts = logistic(ability) · (1 − .4 · exp(−t ÷ 90)), t at the attempt's end."""
    n = 2000
    world = hand_placed(
        [0.5] * n,
        rules__careers=True,
        rules__departments=False,
        careers__turnover=0.0,
        city__comprehensive_grids=n // 10,
        city__cells_per_grid=10,
        staff__full_time=n,
        staff__periphery_penalty=0.0,
        handling__service=deterministic(12.0),
        handling__ability=1.0,
        handling__complexity_slope=0.0,
        handling__max_attempts=1,
    )
    world.room = 2 * n
    world.tables.worker.since[:] = 1.0 - tenure
    world.advance(2)
    at_first = (world.cases.resolved == 1.0).sum()
    assert_share(int(at_first), n, (1 - 0.4 * math.exp(-tenure / 90)) / (1 + math.exp(-1.0)), f"{tenure:g} days")


def test_load_strain_and_pace_by_hand() -> None:
    """20 of 28 days at work, then 28 and more: what is booked and not yet worked is carried on."""
    slow = {"handling__service": deterministic(20 * 24.0), "careers__turnover": 0.0, "careers__speed_up": 1.0}
    world = working([0.5, 30.0, 30.0, 30.0], **slow, careers__brisk_from=0.6, careers__tired_from=0.5)
    world.tables.worker.counted[0] = 0.0
    w = world.tables.worker
    fade = 1 - math.exp(-MONTH / 84)
    world.advance(29)
    assert (w.load[0], w.owed[0]) == pytest.approx((20 / 28, 0.0))
    strain = fade * 20 / 28
    assert w.strain[0] == pytest.approx(strain)
    world.advance(57)  # two were begun, the second on day 30 + 20 ÷ speed, at the same speed: 2 · 20 d ÷ speed booked
    speed = 1 + 1.0 * (20 / 28 - 0.6)
    booked = 40 / speed
    assert world.cases.resolved[1] == pytest.approx(30 + 20 / speed)
    assert w.load[0] == 1.0 and w.owed[0] == pytest.approx((booked - 28) * 24)
    strain += fade * (1 - strain)
    assert w.strain[0] == pytest.approx(strain) and strain > 0.4
    world.advance(85)
    tired = 1 + 1.0 * 0.4 - 1.5 * max(0.0, strain - 0.5)
    assert world.cases.resolved[3] - world.cases.resolved[2] == pytest.approx(20 / tired)


def test_a_vacant_post_earns_no_hours() -> None:
    """Hours of a post in an accounting year are at most those of the days on which it was held, and the advance."""
    s = load_scenario("neighbourhood", time__warmup_days=0, arrivals__per_100_residents=80.0)
    s = s.replace({"rules.departments": False, "rules.deadlines": False, "careers.turnover": 3.0})
    world = World(s, seed=5)
    w, held = world.tables.worker, np.zeros(len(world.tables.worker))
    yearly = float(world.tables.settings.event_hours_year[0])
    for day in range(YEAR):
        world.advance(day + 1)
        held += w.fte if day % 7 < 5 else 0.0
    earned = yearly * (11 / 12) / 261 * held + yearly / 12
    longest = 3.0 * math.exp(0.8 * 4)
    assert np.all(w.event_hours[w.role == FULL_TIME] <= earned[w.role == FULL_TIME] + longest)
    assert world.days.quits.sum() > 50 and world.days.vacant.max() > 10
    spent = world.days.event_hours[-90:].sum() / world.days.event_budget[-90:].sum()
    assert spent > 0.5  # the bound was near


# --- roles ------------------------------------------------------------------------------------------------------------


def test_part_timers_settle_on_the_spot_and_leave_the_queue() -> None:
    base = load_scenario("neighbourhood", time__warmup_days=0).replace({"rules.careers": False})
    for handling in (False, True):
        world = World(base.replace({"roles.part_time_handling": handling}), seed=2)
        used = []
        for day in range(200):
            world.advance(day)
            w = world.tables.worker
            busy = w.case[(w.role == PART_TIME) & (w.case >= 0)]
            used += world.cases.on_the_spot[busy].tolist()
        assert w.events[w.role == PART_TIME].sum() > 0
        assert handling == (0 in used)
        hands = np.bincount(w.grid, np.where((w.role == PART_TIME) & (not handling), 0.0, w.fte), 80)
        assert np.array_equal(world.tables.grid.hands, hands)
    with pytest.raises(ScenarioError, match="part_time_handling"):
        for seed in range(40):
            World(base.replace({"staff.full_time": 2, "staff.nominal_share": 0.5, "city.seed": seed}))


def test_guides_come_first_and_chiefs_last() -> None:
    """Three cases at once in a dedicated grid of a team that nobody covers: guide, information officer, chief."""
    city = {"city__dedicated_grids": 1, "dedicated__staff_per_grid": 3, "rules__roles": True}
    for roles, order in ((True, [GUIDE, INFORMATION_OFFICER, CHIEF]), (False, [CHIEF, GUIDE, INFORMATION_OFFICER])):
        scenario = hand_placed([0.0], **city, rules__departments=False).scenario
        world = World(scenario.replace({"rules.roles": roles, "handling.service": deterministic(2400.0)}))
        world.tables.next_arrival[:] = np.inf
        site = int(np.flatnonzero(world.tables.place.site >= 0)[0])
        world.tables.place.rate[site] = 0.1  # arrivals days apart, by luck of the place
        world.tables.next_arrival[site] = 0.1
        seen: list[int] = []
        for day in range(1, 90):
            world.advance(day)
            w = world.tables.worker
            for role in w.role[w.case >= 0].tolist():
                if role not in seen:
                    seen.append(role)
        assert seen == order


def test_a_guide_averts_disputes() -> None:
    """Edge cases at sites: disputed with (1 − i)(1 − b) where there is a guide, 1 − i where there is none."""
    base = load_scenario("neighbourhood", time__warmup_days=0, arrivals__per_100_residents=80.0)
    base = base.replace(
        {
            "rules.stalled_stock": False,
            "dedicated.incident_share": 0.5,
            "dedicated.boundary_friction": 5.0,
            "roles.guide_bridge": 0.5,
        }
    )
    for staff, expected in ((1, 0.7), (3, 0.35)):
        world = World(base.replace({"dedicated.staff_per_grid": staff}), seed=6).advance(60)
        c = world.cases
        asked = (c.edge == 1) & (world.city.place.site[c.place] >= 0) & ~np.isnan(c.reported) & (c.on_the_spot == 0)
        assert_share(int(world.days.disputes.sum()), int(asked.sum()), expected, f"{staff} in a grid")


# --- measures and costs -----------------------------------------------------------------------------------------------


def test_measures_of_careers_equal_a_count_day_by_day() -> None:
    s = load_scenario("neighbourhood", time__warmup_days=30, time__days=90, time__window_days=90, careers__turnover=2.0)
    world, vacant, fte = World(s, seed=8), [], []
    held = world.tables.worker.vacant == 0
    quits = 0
    for day in range(-30, 90):
        w = world.advance(day + 1).tables.worker
        if day >= 0:
            real = (w.role < CHIEF) & (w.nominal == 0)
            quits += int((held & (w.vacant == 1)).sum())
            vacant.append((w.vacant[real] == 1).mean())
            fte.append(w.fte.sum())
        held = w.vacant == 0
    got = measure_windows(world.run())[0, 90]
    assert got["vacancy_share"] == pytest.approx(np.mean(vacant)) and got["fte_at_work"] == pytest.approx(np.mean(fte))
    assert got["quits"] == pytest.approx(quits * YEAR / 90) and quits > 10
    assert 0.6 < got["skill"] < 1 and 0 <= got["strain"] <= 1 and 0 <= got["burnout"] <= 1
    off = measure_windows(World(s.replace({"rules.careers": False}), seed=8).run())[0, 90]
    assert all(np.isnan(off[k]) for k in ("vacancy_share", "quits", "strain", "burnout", "skill"))


def test_incentives_cost_a_tenth_and_reach_everybody() -> None:
    base = load_scenario("neighbourhood")
    option = Option("staff-incentives", (builtin_policies()["staff-incentives"],))
    after = option.phases(base)[-1].scenario
    outlay = option.outlay(City(base).counts(after, base), base.costs)
    assert outlay["yearly"] == pytest.approx(61 * 6_000 + 46 * 480)
    assert after.careers.incentive == 1.0 and option.name != BASELINE and WEEKS == MONTH
