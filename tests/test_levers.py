"""Levers and what they cost, by hand: dispatch, green channel, follow-up, hours, posts, whistles, appraisal, patrol."""

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
    chained,
    deterministic,
    differing,
    exponential,
    replications,
    single_queue,
    waits,
)
from scipy import stats

from gridsim.model import departments
from gridsim.model.cases import BY_PATROL, BY_RESIDENT, CLOSED_FORMALLY
from gridsim.model.city import City
from gridsim.model.draws import CITY_STAFF, FOLLOW_UP, chances
from gridsim.model.gridworkers import CHIEF, FULL_TIME, GUIDE, PART_TIME
from gridsim.model.settings import PATROL, SERVICE, settings_record
from gridsim.model.world import World
from gridsim.scenario.hours import year_of_hours
from gridsim.scenario.policies import Phase
from gridsim.scenario.scenario import Scenario, load_scenario

NEVER = 1 - LEVEL
QUIET = {"rules.stalled_stock": False, "city.persons_per_agent": 1000}


def neighbourhood(**changes: Any) -> Scenario:
    return load_scenario("neighbourhood").replace(QUIET | {k.replace("__", "."): v for k, v in changes.items()})


# --- R7, R8: dispatch, green channel, periphery ---------------------------------------------------------------------


def test_automatic_dispatch_saves_hops_and_has_its_own_accuracy() -> None:
    """Half at once and right with .9, the others a hop of a day and right with .6; each return takes two days."""
    base = single_queue(
        300,
        rules__departments=False,
        rules__triage=True,
        triage__accuracy=0.6,
        triage__automatic_accuracy=0.9,
        triage__hops=1,
        linkage__hop=deterministic(1.0),
        staff__full_time=99,
        triage__return_delay=deterministic(2.0),
        handling__service=deterministic(0.0),
    )
    before = np.zeros(0, bool)
    for share in (0.2, 0.5):
        c = World(base.replace({"triage.automatic": share}), seed=3).advance(120).cases
        c = c[c.reported < 80]
        by_itself = c.hops == 0
        assert_share(by_itself.sum(), len(c), share, "automatic")
        assert np.allclose(c.resolved - c.reported, 2.0 * c.returns + 1.0 * ~by_itself, atol=1e-9)
        for part, accuracy in ((by_itself, 0.9), (~by_itself, 0.6)):
            counts = np.bincount(c.returns[part], minlength=5)
            law = part.sum() * np.append(accuracy * (1 - accuracy) ** np.arange(4), (1 - accuracy) ** 4)
            assert stats.chisquare(np.append(counts[:4], counts[4:].sum()), law).pvalue > NEVER / 4
        assert np.all(by_itself[: len(before)] >= before)  # more of it takes nobody's away
        before = by_itself


@pytest.mark.parametrize("open_channel", [True, False])
def test_green_channel_takes_from_others_what_it_gives(open_channel: bool) -> None:
    """M/M/1 at .8, residents .3 of it: Cobham's two classes with the channel, one class without; the mean is the same."""
    rho, mean, share = 0.8, 0.01, 0.3
    scenario = single_queue(
        rho / mean,
        rules__patrol=True,
        rules__residents=True,
        rules__departments=False,
        patrol__coverage=1.0,
        patrol__detection=0.7,
        residents__report_rate=share,
        handling__service=exponential(24 * mean),
        handling__on_the_spot_share=0.0,
        intake__green_channel=open_channel,
    )
    told, found, both = [], [], []
    for world in replications(scenario, 320, 30):
        c = world.cases
        c = c[(c.reported >= 40) & (c.reported < 300)]
        w = waits(world, SERVICE, 40, 300)
        assert set(c.channel.tolist()) == {BY_PATROL, BY_RESIDENT}
        told.append(w[c.channel == BY_RESIDENT].mean())
        found.append(w[c.channel == BY_PATROL].mean())
        both.append(w.mean())
    left, ahead = rho * mean, rho * share * open_channel
    assert_mean(told, left / (1 - ahead if open_channel else 1 - rho), 0.1, "residents")
    assert_mean(found, left / ((1 - ahead) * (1 - rho)), 0.1, "patrol")
    assert_mean(both, left / (1 - rho), 0.1, "all")


def test_green_channel_spares_residents_the_hop() -> None:
    scenario = single_queue(
        50,
        rules__patrol=True,
        rules__residents=True,
        rules__departments=False,
        triage__hops=1,
        linkage__hop=deterministic(1.0),
        staff__full_time=99,
        handling__service=deterministic(0.0),
        handling__on_the_spot_share=0.0,
        intake__green_channel=True,
    )
    c = World(scenario).advance(60).cases
    c = c[c.reported < 50]
    assert np.allclose(c.resolved - c.reported, 1.0 * (c.channel == BY_PATROL), atol=1e-9)
    assert len(set(c.channel.tolist())) == 2


def test_the_periphery_takes_longer_by_hand() -> None:
    """Nine grids in a square: nothing extra in the middle, .2 in the corners, .2/√2 at the sides."""
    scenario = single_queue(
        20,
        city__comprehensive_grids=9,
        city__grids_per_community=9,
        staff__full_time=900,
        rules__departments=False,
        handling__service=deterministic(2.4),
        staff__periphery_penalty=0.2,
    )
    world = World(scenario).advance(40)
    c = world.cases[world.cases.reported < 38]
    away = np.array([1, 2**-0.5, 1, 2**-0.5, 0, 2**-0.5, 1, 2**-0.5, 1])
    assert world.tables.grid.periphery == pytest.approx(away)
    assert np.allclose(c.resolved - c.reported, 0.1 * (1 + 0.2 * away[c.grid]), atol=1e-9) and len(set(c.grid)) == 9


# --- follow-up --------------------------------------------------------------------------------------------------------


@numba.njit
def watched_luck(t, out):
    for n in range(len(out)):
        u = chances(t, FOLLOW_UP, t.case[n], 0)
        out[n, 0], out[n, 1] = u[0], u[1]


def luck(world: World) -> np.ndarray:
    out = np.empty((len(world.cases), 2))
    watched_luck(world.tables, out)
    return out


def test_follow_up_shortens_returns_and_stalled_time() -> None:
    """A watched case loses a quarter of the days that another does, by a return (2 d) and by lying (40 d)."""
    scenario = single_queue(
        300,
        rules__grid_handling=False,
        rules__triage=True,
        teams=1000,
        triage__accuracy=0.7,
        linkage__silo=0.0,
        linkage__rate=0.0,
        linkage__drop=0.3,
        triage__return_delay=deterministic(2.0),
        linkage__stalled=deterministic(40.0),
        departments__duration=deterministic(0.0),
        follow_up__share=0.4,
        follow_up__delay_factor=0.25,
    )
    world = World(scenario).advance(300)
    c, u = world.cases, luck(world)
    old = c.reported < 40
    factor = np.where(u[:, 0] < 0.4, 0.25, 1.0)
    assert_share(np.sum(factor < 1), len(c), 0.4, "watched")
    lost = 2.0 * c.returns + 40.0 * c.drops
    done = old & ~np.isnan(c.resolved)
    assert done.sum() > 10_000 and np.allclose((c.resolved - c.reported)[done], (factor * lost)[done], atol=1e-8)


def test_follow_up_prevents_paper_closures() -> None:
    """All overdue at the deadline: closed on paper with .5, of the watched .3 only .5 · (1 − .8)."""
    scenario = single_queue(
        300,
        rules__grid_handling=False,
        rules__deadlines=True,
        linkage__report_in=deterministic(1000.0),
        closure__formal=0.5,
        closure__reopen=0.0,
        follow_up__share=0.3,
        follow_up__prevents_formal=0.8,
    )
    world = World(scenario).advance(60)
    c, u = world.cases, luck(world)
    due = c.reported < 50
    for watched, share in ((u[:, 0] < 0.3, 0.1), (u[:, 0] >= 0.3, 0.5)):
        part = due & watched
        assert_share(np.sum(c.state[part] == CLOSED_FORMALLY), int(part.sum()), share, "closed on paper")


@pytest.mark.parametrize(("appraisal", "formal", "back"), [("closure", 0.4, 0.3), ("residents", 0.2, 0.6)])
def test_appraisal_moves_paper_closure_or_reopening(appraisal: str, formal: float, back: float) -> None:
    """Factor 2 on .2 closed on paper, or on .3 that come back."""
    scenario = single_queue(
        300,
        rules__grid_handling=False,
        rules__deadlines=True,
        linkage__report_in=deterministic(1000.0),
        closure__formal=0.2,
        closure__reopen=0.3,
        closure__appraisal=appraisal,
        closure__reopen_delay=deterministic(1.0),
    )
    c = World(scenario).advance(60).cases
    c = c[c.reported < 50]
    closed = ~np.isnan(c.formal_at)
    assert_share(closed.sum(), len(c), formal, "closed on paper")
    assert_share(np.sum(c.reopened == 1), int(closed.sum()), back, "reopened")


# --- R17 hours, by hand ---------------------------------------------------------------------------------------------------


def test_year_of_hours_by_hand() -> None:
    """1,875 h: administration .55 = 1,031.25, of it entry .3 = 309.375; training 40; patrol 500; events 303.75.

    Half-joined databases end .35 · .5 of entry, devices for half save .2 · .5 of the rest: 309.375 · (1 − .825 · .9)
    = 79.6641 h; .1 experts a full-timer take over .3 · .5 of training = 6 h; all of it goes to patrol or to events. No
    hours go to the public until a lever says so.
    """
    s = load_scenario("neighbourhood")
    plain = year_of_hours(s)
    assert plain == pytest.approx((1031.25, 40.0, 500.0, 303.75, 0.0))
    levers = {"platform.data_integration": 0.5, "staff.devices": 0.5, "experts.per_full_time": 0.1}
    freed = 309.375 * (1 - 0.825 * 0.9) + 6.0
    for where, patrol, events in (("patrol", 500 + freed, 303.75), ("events", 500.0, 303.75 + freed)):
        t = s.replace(levers | {"staff.freed_hours": where})
        h = year_of_hours(t)
        assert h == pytest.approx((1031.25 - 309.375 * (1 - 0.825 * 0.9), 34.0, patrol, events, 0.0))
        assert sum(h) == pytest.approx(1875.0)
        p = settings_record(t)
        assert float(p.patrol_hours_now[0]) == pytest.approx(patrol / 250)
        assert float(p.event_hours_year[0]) == pytest.approx(events)
    off = s.replace(levers | {"rules.experts": False})
    assert year_of_hours(off).training == 40.0


def test_data_integration_lowers_the_barrier() -> None:
    """Referral accuracy .8 · (1 − .5 · .6 · (1 − x)): .56, .68, .8 for x = 0, .5, 1."""
    for x, accuracy in ((0.0, 0.56), (0.5, 0.68), (1.0, 0.8)):
        p = settings_record(load_scenario("neighbourhood", platform__data_integration=x))
        assert float(p.referral_accuracy[0]) == pytest.approx(accuracy)


# --- posts ----------------------------------------------------------------------------------------------------------------


def people(world: World) -> np.recarray:
    t = world.tables
    rows = [r for g in range(len(t.grid)) for r in chained(t, g)]
    assert sorted(rows) == list(range(len(t.worker)))  # everybody is in one chain, once
    assert t.grid.fte == pytest.approx(np.bincount(t.worker.grid, t.worker.fte, len(t.grid)))
    return t.worker


def test_posts_are_added_where_there_are_fewest_and_nest() -> None:
    """No post is moved by another that is added; nobody is counted twice; whoever was there stays as he was."""
    base = neighbourhood(staff__full_time=100, staff__nominal_share=0.0, time__warmup_days=0, rules__careers=False)
    city, before = City(base), None
    held = np.bincount(city.worker.home[city.worker.role == FULL_TIME], minlength=60)[:60]
    assert set(held.tolist()) == {1, 2}
    for number in (100, 110, 120, 150):
        world = World(base, city).under([Phase(0, base), Phase(5, base.replace({"staff.full_time": number}))])
        w = people(world.advance(6))
        at = w.home[(w.role == FULL_TIME) & (w.away == 0)]
        assert len(at) == number == np.sum(w.fte == 1.0)
        assert np.array_equal(w[["home", "role", "nominal"]][: len(city.worker)].home, city.worker.home)
        now = np.bincount(at, minlength=60)
        if number == 120:
            assert np.all(now == 2)  # the twenty grids with one have two now
        assert before is None or np.all(now >= before)
        before = now


def test_posts_are_cut_by_luck_and_come_back() -> None:
    base = neighbourhood(staff__nominal_share=0.0, time__warmup_days=0, rules__careers=False)
    city = City(base)
    left: list[set[int]] = []
    for number in (60, 40, 20):
        w = people(World(base.replace({"staff.part_time": 10, "staff.full_time": number}), city))
        stay = set(np.flatnonzero((w.role == FULL_TIME) & (w.away == 0)).tolist())
        assert len(stay) == number and np.sum((w.role == PART_TIME) & (w.away == 0)) == 10
        assert np.all(w.fte[w.away == 1] == 0) and len(w) == len(city.worker)
        assert not left or stay < left[-1]
        left.append(stay)
    world = World(base, city).under([Phase(0, base), Phase(3, base.replace({"staff.full_time": 20})), Phase(6, base)])
    before = world.tables.worker[["home", "grid", "fte", "away"]].copy()
    gone = world.advance(5).tables.worker
    assert np.sum(gone.away) == 41
    after = world.advance(8).tables.worker[["home", "grid", "fte", "away"]]
    assert all(np.array_equal(before[k], after[k]) for k in before.dtype.names)


def test_cut_staff_finish_what_they_have_in_hand() -> None:
    base = neighbourhood(arrivals__per_100_residents=60.0, time__warmup_days=20)
    world = World(base).under([Phase(0, base.replace({"staff.full_time": 5, "staff.part_time": 0}))])
    world.warm_up()
    busy = np.flatnonzero(world.tables.worker.case >= 0)
    world.advance(1)
    w = world.tables.worker
    gone = busy[w.away[busy] == 1]
    count = w.events[gone].copy()
    assert len(gone) > 5
    w = world.advance(30).tables.worker
    assert np.all(w.case[gone] < 0) and np.array_equal(w.events[gone], count)  # and have taken up nothing since


def test_merging_and_redeployment_by_hand() -> None:
    """Twenty sites of three people, four kept. Dissolved: guides return; merged: all come along; or all are placed."""
    base = neighbourhood(dedicated__staff_per_grid=3, dedicated__kept_share=0.2)
    city = City(base)
    kept = 60 + np.argsort(-city.grid.extent[60:], kind="stable")[:4]
    firm = city.worker.role >= CHIEF

    def at_work(**levers: Any) -> tuple[np.recarray, np.ndarray, World]:
        world = World(base.replace({k.replace("__", "."): v for k, v in levers.items()}), city)
        w = people(world)
        return w, firm & (w.away == 0), world

    w, here, world = at_work()
    assert set(np.flatnonzero(world.tables.grid.active[60:]) + 60) == set(kept.tolist())
    moved = here & ~np.isin(w.home, kept)
    assert here.sum() == 4 * 3 + 16 and np.all(w.role[moved] == GUIDE)
    assert np.array_equal(w.grid[moved], city.grid.host[w.home[moved]])
    w, here, _ = at_work(dedicated__redeployment="comprehensive")
    assert here.sum() == 60 and np.array_equal(w.grid[here & ~np.isin(w.home, kept)] < 60, np.ones(48, bool))
    w, here, world = at_work(dedicated__rule="merge")
    assert here.sum() == 60 and set(w.grid[here]) == set(kept.tolist())
    x, y = city.grid.x, city.grid.y
    for row in w[here]:  # the nearest one kept
        apart = (x[kept] - x[row.home]) ** 2 + (y[kept] - y[row.home]) ** 2
        assert row.grid == (row.home if row.home in kept else kept[np.argmin(apart)])
    places = world.tables.place
    assert set(places.grid[places.site >= 0]) == set(kept.tolist())
    # sent on to the sites kept: each of these has one of three people, so two seats a site, largest first
    base = neighbourhood(dedicated__staff_per_grid=1, dedicated__kept_share=0.2)
    city, firm = City(base), None
    w = people(World(base.replace({"dedicated.redeployment": "dedicated"}), city))
    staff = w[(w.role >= CHIEF) & (w.away == 0)]
    assert np.bincount(staff.grid, minlength=80)[kept].tolist() == [3, 3, 3, 3] and len(staff) == 12


def test_new_posts_of_sites_are_filled_where_a_grid_is_kept() -> None:
    """A policy that keeps four of twenty sites with full teams: twelve people, not sixty; local gain by the team."""
    base = neighbourhood()
    city = City(base)
    world = World(base, city)
    world.enforce(base.replace({"dedicated.kept_share": 0.2, "dedicated.staff_per_grid": 3}))
    w, g = people(world), world.tables.grid
    assert np.sum((w.role >= CHIEF) & (w.away == 0)) == 12
    assert g.local_gain[(g.dedicated == 1) & (g.active == 1)] == pytest.approx(1.25)
    world.enforce(base)
    assert g.local_gain[g.dedicated == 1] == pytest.approx(1 + 0.25 / 3) and np.sum(people(world).away[107:127]) == 0


def test_dedicated_grids_with_staff_enough_handle_their_own() -> None:
    """.5 full-time equivalents are the threshold: a team of three (.6) does, one person (.2) is covered."""
    for number, own in ((3, True), (1, False)):
        s = neighbourhood(dedicated__staff_per_grid=number, dedicated__incident_share=0.5, staff__help_above_load=1e9)
        world = World(s).advance(-100)
        c = world.cases[(world.cases.attempts > 0) & (world.cases.grid >= 60) & (world.cases.on_the_spot == 0)]
        assert len(c) > 100 and np.all((c.handler >= 60) == own)


# --- R11 whistles -------------------------------------------------------------------------------------------------------


def test_false_whistles_are_counted_and_keep_teams_busy() -> None:
    """f = .1 + .5 · (.9 − .8) = .15 a whistle, taken in with ρ = .9; each holds a team for its time to find out."""
    scenario = single_queue(
        200,
        teams=1000,
        rules__grid_handling=False,
        linkage__rate=0.9,
        linkage__drop=0.0,
        linkage__false_whistles=0.1,
        linkage__false_slope=0.5,
        linkage__false_effort=deterministic(0.25),
        departments__duration=deterministic(1.0),
    )
    world = World(scenario).advance(200)
    d = world.days
    whistles, false = int(d.whistles.sum()), int(d.false_whistles.sum())
    assert whistles == len(world.cases)
    assert_share(false, whistles, 0.15 * 0.9, "false whistles")
    assert_share(int(d.linked.sum()), whistles, 0.9, "linked")
    started = int(d.tasks_started.sum())
    assert started == whistles + false
    assert float(d.team_days.sum()) == pytest.approx(whistles * 1.0 + false * 0.25)
    c = world.cases[world.cases.reported < 190]
    assert np.allclose(c.resolved - c.reported, 1.0)  # a case does not wait for its false whistle


@numba.njit
def answered(t, which):
    return departments.answered(t, which)


@pytest.mark.parametrize("theta", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("load", [0, 10, 30, 60])
def test_fatigue_formula_at_known_loads(theta: float, load: int) -> None:
    """ρ · min(1, 5 days · 2 teams ÷ (load · .5 days of effort))^θ."""
    scenario = single_queue(
        1, teams=2, linkage__rate=0.8, linkage__fatigue=theta, departments__duration=deterministic(0.5)
    )
    t = World(scenario).tables
    t.department.recent[0] = [load // 5] * 5
    share = min(1.0, 10 / max(load * 0.5, 1e-9)) ** theta
    assert answered(t, 0) == pytest.approx(0.8 * share)


@pytest.mark.parametrize("start", [0, -70])
@pytest.mark.parametrize("calendar", ["office", "continuous"])
def test_load_is_what_came_in_the_last_five_working_days(calendar: str, start: int) -> None:
    """At every day's end, before the next working day: four working days back and this one, evenings and weekends too."""
    scenario = single_queue(
        40,
        teams=500,
        rules__grid_handling=False,
        departments__duration=deterministic(0.1),
        linkage__fatigue=0.3,
        linkage__drop=0.0,
        time__calendar=calendar,
        time__warmup_days=-start,
    )
    world = World(scenario)
    for day in range(start + 1, start + 40):
        c = world.advance(day).cases
        today = day - 1
        if calendar == "office" and today % 7 >= 5:
            continue
        back = 0  # the slot of the next working day is already free: four working days stand, today the last
        first = today
        while back < 3:
            first -= 1
            back += calendar == "continuous" or first % 7 < 5
        if calendar == "office" and first % 7 == 0:
            first -= 2  # what came at the weekend counts to the Monday
        assert world.tables.department.recent[0].sum() == np.sum(c.reported >= first), day


def test_overwhistled_departments_answer_less() -> None:
    """Twice the capacity, θ = 1: about half of ρ is answered, against all of it at a tenth."""
    shares = []
    for rate in (4.0, 80.0):
        scenario = single_queue(
            rate,
            teams=4,
            rules__grid_handling=False,
            departments__duration=deterministic(0.1),
            linkage__fatigue=1.0,
            linkage__rate=0.8,
            linkage__drop=0.0,
        )
        d = World(scenario).advance(200).days[20:]
        shares.append(float(d.linked.sum() / d.whistles.sum()))
    assert abs(shares[0] - 0.8) < 0.05
    # seen by a whistle: four whole days and half of this one, so 4.5 · 80 · .1 = 36 against a capacity of 20
    assert abs(shares[1] - 0.8 * 20 / 36) < 0.03


# --- R3 patrol -----------------------------------------------------------------------------------------------------------


def heated(**changes: Any) -> World:
    """A neighbourhood of uneven heat, four weeks and more into its life."""
    return World(neighbourhood(arrivals__per_100_residents=60.0, **changes), seed=3).advance(-300)


def hazards(world: World) -> np.ndarray:
    return world.tables.patrol_hazard.copy()


def test_every_strategy_spends_the_same_effort() -> None:
    """Hazard · ground adds up to the same for all six, dedicated grids' own share apart, which none touches."""
    world = heated()
    place = world.tables.place
    own = hazards(world)
    for strategy in PATROL:
        world.enforce(world.scenario.replace({"patrol.strategy": strategy}))
        h = hazards(world)
        assert (h * place.ground).sum() == pytest.approx((own * place.ground).sum())
        site = place.site >= 0
        assert h[site] == pytest.approx(own[site]) and np.all(h >= 0)
        assert np.array_equal(h, own) == (strategy == "own")


def test_cooperative_patrol_is_the_mean_of_its_community() -> None:
    """Pooled evenly: one hazard a community, the mean of own hazards by ground; random: one a city."""
    world = heated()
    place = world.tables.place
    own, homes = hazards(world), place.site < 0
    for strategy, pool in (("cooperative", place.community), ("random", np.zeros(len(place), int))):
        world.enforce(world.scenario.replace({"patrol.strategy": strategy}))
        h = hazards(world)
        for k in np.unique(pool[homes]):
            here = homes & (pool == k)
            assert h[here] == pytest.approx(np.average(own[here], weights=place.ground[here]))


@pytest.mark.parametrize(("strategy", "weight"), [("hotspots", 0.5), ("community-first", 0.8), ("district-first", 0.8)])
def test_hotspots_follow_recorded_cases(strategy: str, weight: float) -> None:
    """Hazard = (1 − w) · even + w · effort · heat ÷ (heat of the pool · ground): more where more was recorded."""
    world = heated()
    place = world.tables.place
    own, homes = hazards(world), place.site < 0
    pool = place.district if strategy == "district-first" else place.community
    world.enforce(world.scenario.replace({"patrol.strategy": strategy}))
    h = hazards(world)
    assert place.heat[homes].sum() > 100
    for k in np.unique(pool[homes]):
        here = homes & (pool == k)
        effort, ground, heat = (own * place.ground)[here].sum(), place.ground[here], place.heat[here]
        assert h[here] == pytest.approx(effort * ((1 - weight) / ground.sum() + weight * heat / heat.sum() / ground))


def test_heat_cools_down_every_four_weeks() -> None:
    """Each recorded case counts e^(−28/90) from the next fourth Monday on, and so on: added up from the cases."""
    world = World(neighbourhood(), seed=4).advance(-100)
    c = world.cases[~np.isnan(world.cases.reported)]
    lately = np.zeros(len(world.tables.place))
    heat = np.zeros(len(world.tables.place))
    last = -112  # the last multiple of 28 before day −100
    for row in c:
        if row.reported >= last:
            lately[row.place] += 1
        else:
            times = (last - 28 * math.floor(row.reported / 28)) // 28
            heat[row.place] += math.exp(-28 / 90 * times)
    assert world.tables.place.heat == pytest.approx(heat) and heat.sum() > 100
    assert np.array_equal(world.tables.place.lately, lately) and lately.sum() > 10


@pytest.mark.parametrize(
    "changes", [{"patrol.strategy": "hotspots"}, {"handling.selectivity": 0.0}, {"experts.per_full_time": 0.3}]
)
def test_a_date_changes_nothing_whatever_the_scenario(changes: dict[str, Any]) -> None:
    """A policy without effect on day 17 is bit-identical, also where patrol follows hotspots or queues are plain."""
    base = neighbourhood(time__warmup_days=40, arrivals__per_100_residents=60.0).replace(changes)
    start = World(base, seed=5).warm_up()
    plain = start.copy().advance(60)
    dated = start.copy().under([Phase(0, base), Phase(17, base.replace({}))]).advance(60)
    assert differing(plain, dated) == []
    # and one that concerns departments alone leaves patrol as it was
    other = start.copy().under([Phase(17, base.replace({"departments.added_teams": 1}))]).advance(30)
    assert np.array_equal(other.tables.patrol_hazard, start.copy().advance(30).tables.patrol_hazard)


# --- edges ------------------------------------------------------------------------------------------------------------------


def test_a_hopeless_case_is_tried_for_years() -> None:
    """No department and no success: one attempt a day, also beyond what a small whole number holds."""
    world = World(
        single_queue(
            0.01,
            handling__service=deterministic(1.0),
            rules__departments=False,
            handling__ability=-60.0,
            handling__max_attempts=1,
            staff__full_time=50,
        )
    ).advance(700)
    c = world.cases
    assert c.attempts.max() > 300 and c.attempts.min() >= 0
    assert np.all(c.attempts >= 700 - c.reported - 2)


def test_where_all_are_thinly_staffed_nobody_waits_for_ever() -> None:
    """Full-timers all nominal, part-timers' .2 in a few of ten grids, the threshold .5: the nearest covers the others."""
    scenario = single_queue(
        2,
        city__comprehensive_grids=10,
        rules__cover=True,
        rules__departments=False,
        staff__full_time=4,
        staff__part_time=6,
        staff__nominal_share=0.6,
        staff__part_time_fte=0.2,
        staff__cover_below_fte=0.5,
        handling__service=deterministic(0.1),
    )
    for seed in range(200):  # a city where luck has it so
        city = City(scenario.replace({"city.seed": seed}))
        nominal = city.draw(CITY_STAFF, 10, axis=2)[:, 0] < 0.6
        full = city.worker.role == FULL_TIME
        if np.all(nominal[full]) and 1 <= np.sum(~nominal) <= 3:
            break
    world = World(city.scenario, city)
    assert 0 < world.tables.grid.fte.max() < 0.5 and np.sum(world.tables.grid.fte == 0) >= 7
    c = world.advance(40).cases
    assert len(c) > 40 and np.all(~np.isnan(c.resolved[c.reported < 38]))
