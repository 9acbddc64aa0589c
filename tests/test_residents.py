"""Residents, R6 and R14 to R18: arithmetic by hand, properties of random cities, both circles, and what may lose.

The first part runs cities of a handful of people in which one mechanism is left at a time, the last part compares
policies in a small city.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from conftest import deterministic, hand_placed, single_queue
from hypothesis import given, settings
from hypothesis import strategies as st
from test_rules_by_hand import word

from gridsim.model import draws
from gridsim.model.cases import BY_RESIDENT, LATENT, RESOLVED, SELF_RESOLVED
from gridsim.model.residents import ENCOURAGED, NEVER_REACHED, SILENT, STEPS_OF_THRESHOLD, TAKES_PART
from gridsim.model.settings import EXPERT_FIELDS
from gridsim.model.society import MONTH
from gridsim.model.world import World
from gridsim.scenario.scenario import load_scenario

GAIN, LOSS, START = 0.135, 0.127, 0.42  # trust.gain, trust.loss, trust.expectation
GRID, DEPARTMENT = 0.63, 0.50
NEVER = 1e5  # h, eleven years

# --- one resident ----------------------------------------------------------------------------------------------------

STILL: dict[str, Any] = {  # trust moves by what he lives through and by nothing else
    "rules__residents": True,
    "rules__trust": True,
    "residents__report_rate": 50.0,
    "feedback__share": 1.0,
    "feedback__hours": 0.0,
    "trust__hearsay": 0.0,
    "trust__memory_days": 1e6,
    "trust__exit": 0.0,
    "handling__service": deterministic(0.0),
    "rules__departments": False,
}


def one_resident(per_day: float = 0.1, **changes: Any) -> World:
    """A city of one place and one resident, whom every incident concerns."""
    people = {"districts__d__population": 10_000, "city__persons_per_agent": 10_000}
    world = World(single_queue(per_day * 3.65, **(people | STILL | changes)))
    assert world.city.n_residents == 1
    return world


def report_rates(world: World) -> np.ndarray:
    """The rate at which each reported incident was reported, by its keyed exposure: −ln(word 1) ÷ the days it took."""
    c = world.cases
    exposure = [-math.log(word(1, draws.CLOCKS, 0, int(k))) for k in c.ordinal]
    return np.asarray(exposure / (c.reported - c.onset))


@pytest.mark.parametrize(("told", "first"), [(1.0, 1.57), (0.0, None)])
def test_a_first_report_truly_fixed_raises_the_next_by_57_percent(told: float, first: float | None) -> None:
    """Fixed in time and told: × 1.57. Untold, half the trust is won: exp(3.4 · ½ · half the gain) · encouragement."""
    world = one_resident(feedback__share=told).advance(80)
    c, rates = world.cases, report_rates(world)
    assert rates[0] == pytest.approx(50.0) and c.resolved[0] <= c.deadline[0] and c.channel[0] == BY_RESIDENT
    second = np.flatnonzero(c.onset > c.resolved[0])[0]
    assert not ((c.resolved < c.onset[second]) & (np.arange(len(c)) > 0)).any()  # his second experience comes later
    won = GAIN * (1 - GRID)
    if first is None:
        first = 1.57 * math.exp(3.4 * 0.5 * (0.5 * won - won))
    assert rates[second] / rates[0] == pytest.approx(first, rel=1e-5)
    assert world.tables.standing[0] & ENCOURAGED


def until(world: World, flow: str) -> World:
    """Advanced to the end of the first day on which something of this kind happens."""
    while not world.days[flow].sum():
        world.advance(world.day + 1)
    return world


def test_trust_is_asymmetric() -> None:
    """Expectation at its start: a full success wins .05 at .63, a full failure costs .08; departments are not judged."""
    good = until(one_resident(), "resolved")
    assert good.days.resolved.sum() == 1
    assert good.tables.trust[0] == pytest.approx([GRID + GAIN * (1 - GRID), DEPARTMENT], abs=1e-6)
    assert good.tables.trust[0, 0] - GRID == pytest.approx(0.05, abs=1e-4)

    slow = {"handling__service": deterministic(NEVER), "rules__deadlines": True, "closure__formal": 0.0}
    for told, left in ((0.0, 1.0), (1.0, 0.7)):  # an explanation cushions it
        bad = one_resident(feedback__share=told, **slow)
        while bad.tables.trust[0, 0] == np.float32(GRID):
            bad.advance(bad.day + 1)
        assert bad.tables.trust[0] == pytest.approx([GRID - left * LOSS * GRID, DEPARTMENT], abs=1e-6)
        assert not bad.tables.standing[0] & ENCOURAGED
    assert abs(LOSS * GRID - 0.08) < 1e-4


def test_where_departments_are_needed_both_are_judged() -> None:
    changes = {"rules__departments": True, "rules__grid_handling": False, "departments__duration": deterministic(0)}
    world = until(one_resident(**changes), "resolved")
    assert world.days.resolved.sum() == 1
    expected = [t + GAIN * (1 - t) for t in (GRID, DEPARTMENT)]
    assert world.tables.trust[0] == pytest.approx(expected, abs=1e-6)


TO_DEPARTMENTS: dict[str, Any] = {
    "fields": 3,
    "rules__departments": True,
    "rules__grid_handling": False,
    "departments__duration": deterministic(0.0),
    "linkage__rate": 1.0,
    "departments__extra": 3.0,
}
TO_AN_EXPERT: dict[str, Any] = {
    "need": 1.0,
    "rules__departments": True,
    "rules__experts": True,
    "experts__ability": 60.0,
    "experts__complexity_slope": 0.0,
    "experts__handover": deterministic(0.0),
    "experts__handover_hours": 0.0,
    "experts__participation": 1.0,
    "experts__training_relief": 0.0,
    "experts__pool": "district",
    "staff__full_time": 10,
    "experts__per_full_time": 0.1,
    "experts__hours_per_week": 40.0,
} | {f"experts__weight_{f}": float(f == "law") for f in EXPERT_FIELDS}
LAW_ALONE = {"expert": "law", "expert_share": 1.0, "substitutable": 1.0}


@pytest.mark.parametrize("who", ["worker", "department", "expert"])
def test_whoever_takes_a_case_up_first_tells_its_reporter_and_nobody_else(who: str) -> None:
    """Telling takes 3 h, the rest no time: of the hours of all who work, 3 are worked, and by him, however many help."""
    changes = {"worker": {}, "department": TO_DEPARTMENTS, "expert": TO_AN_EXPERT}[who]
    scenario = one_resident(0.01, feedback__hours=3.0, **changes).scenario
    if who == "expert":
        scenario = scenario.replace({f"categories.any.{k}": v for k, v in LAW_ALONE.items()})
    world = until(World(scenario), "resolved")
    assert world.days.resolved.sum() == 1
    t = world.tables
    hours = {
        "worker": t.worker.event_hours.sum(),
        "department": t.department.team_days.sum() * t.settings.hours_a_day[0],
        "expert": t.expert.used.sum(),
    }
    assert hours == pytest.approx({"worker": 0.0, "department": 0.0, "expert": 0.0} | {who: 3.0})
    if who == "department":
        assert t.department.done.sum() > 1  # others helped


def test_rising_expectations_make_the_same_success_please_less() -> None:
    """Success 1 − .58 · .9ⁿ after n cases; expectation closes a tenth of the gap a month, and the gain shrinks with it."""
    world = one_resident(0.5)
    trust, success, expectation = GRID, START, START
    gains = []
    for day in range(120):
        world.advance(day + 1)
        for _ in range(int(world.days.resolved[day])):
            success += 0.1 * (1 - success)
            gain = GAIN * (1 - expectation) / (1 - START)
            trust += gain * (1 - trust)
            gains.append(gain)
        if day % MONTH == 0:
            expectation += 0.1 * (success - expectation)
        place = world.tables.place[0]
        assert (place.success, place.expectation) == pytest.approx((success, expectation))
        assert world.tables.trust[0, 0] == pytest.approx(trust, abs=1e-4)
    assert len(gains) > 30 and gains[0] == GAIN and gains[-1] < 0.9 * GAIN


def test_who_is_let_down_gives_up_reporting_and_taking_part_and_returns() -> None:
    """No trust left, exit certain: silent from the first breach on; a year is 13 meetings, and here one is enough."""
    changes = {"trust__exit": 1.0, "rules__deadlines": True, "closure__formal": 0.0, "rules__participation": True}
    slow = {
        "handling__service": deterministic(NEVER),
        "participation__initial": 1.0,
        "participation__leaving": 0.0,
    }
    world = one_resident(0.5, **changes, **slow, trust__exit_days=1.0)
    world.tables.trust[:] = 0.0
    assert world.tables.standing[0] & TAKES_PART
    until(world, "given_up")
    assert world.tables.standing[0] & SILENT and not world.tables.standing[0] & TAKES_PART
    silent_since, reported = world.day, int(world.days.valid_residents.sum())
    back = MONTH * math.ceil(silent_since / MONTH)
    world.advance(back)
    assert world.days.given_up.sum() == 1
    new = world.cases[(world.cases.onset >= silent_since)]
    assert len(new) > 3 and np.all(new.state == LATENT) and np.isnan(new.reported).all()  # nobody tells of them
    assert world.days.valid_residents.sum() >= reported
    world.advance(back + 1)
    assert not world.tables.standing[0] & SILENT  # 1 − exp(−28 ÷ 1) is certainty to 12 digits
    after = back + 1
    world.advance(after + 4)
    later = world.cases[world.cases.onset >= after]
    assert len(later) > 0 and (later.channel == BY_RESIDENT).any()


# --- self-resolution -------------------------------------------------------------------------------------------------

SETTLING: dict[str, Any] = {
    "rules__residents": True,
    "residents__report_rate": 0.0,
    "rules__self_resolution": True,
    "participation__initial": 1.0,
    "self_resolution__rate": 0.4,
    "self_resolution__allowed": 0.5,
    "self_resolution__returns": deterministic(5.0),
    "categories__any__self_resolvable": 1.0,
}


def settling(**changes: Any) -> World:
    people = {"districts__d__population": 10_000, "city__persons_per_agent": 100}
    return hand_placed([0.25, 0.25, 0.25], **(people | SETTLING | changes))


def exposure(place: int, course: int) -> float:
    return -math.log(word(0, draws.SIGNS, place, 1, course)) / (0.4 * 0.5)


def test_residents_settle_incidents_when_their_clock_runs_out() -> None:
    c = settling(self_resolution__failure=0.0).advance(150).cases
    assert np.all(c.state == SELF_RESOLVED) and np.isnan(c.reported).all()
    assert c.resolved == pytest.approx([0.25 + exposure(k, 0) for k in c.place])


def test_self_resolution_that_fails_comes_back_one_step_more_severe_after_its_delay() -> None:
    """It fails each time: at .25 + x, back after 5 d; the next attempt has an exposure of its own; severity 1, 2, 3."""
    world = settling(self_resolution__failure=1.0)
    for place in range(3):
        first = 0.25 + exposure(place, 0) + 5.0
        second = first + exposure(place, 64) + 5.0
        for moment, times in ((first, 1), (second, 2)):
            again = settling(self_resolution__failure=1.0).advance(math.ceil(moment - 5.0))
            case = again.cases[again.cases.place == place][0]
            row = next(r for r in again.tables.latent[: int(again.tables.tally.latent[0])] if r.place == place)
            assert (case.state, case.worsened, row.since) == (LATENT, times, pytest.approx(moment))
    world.advance(200)
    assert np.all(world.cases.worsened > 2) and world.days.settled_in_vain.sum() == world.cases.worsened.sum()
    assert world.days.self_resolved.sum() == 0


def test_an_incident_made_worse_is_reported_sooner() -> None:
    """Report odds 1.5 a step: after one failure the rate is 1.5 times the first, after k at most three steps count."""
    world = settling(self_resolution__failure=1.0, residents__report_rate=1e-6, escalation__report_odds=1.5)
    world.advance(120)
    rows = world.tables.latent[: int(world.tables.tally.latent[0])]
    worsened = world.cases.worsened[rows["case"]]
    assert len(rows) == 3
    assert rows["report_rate"] == pytest.approx(1e-6 * 1.5 ** np.minimum(worsened, 3))


# --- participation as complex contagion ------------------------------------------------------------------------------

EAGER: dict[str, Any] = {  # who sees enough examples begins at the next meeting, and nobody ceases or begins otherwise
    "rules__participation": True,
    "participation__initial": 0.0,
    "participation__contagion": 1.0,
    "participation__spontaneous": 0.0,
    "participation__leaving": 0.0,
    "ties__near": 4,
    "ties__far": 0,
}


def society(people: int, examples: list[int], level: int | None = None, **changes: Any) -> World:
    """A place of so many people in which these take part at first, all of one threshold (in 250ths of their ties)."""
    size = {"districts__d__population": 10 * people, "city__persons_per_agent": 10}
    world = World(single_queue(1e-9, **(size | EAGER | changes)))
    assert world.city.n_residents == people
    if level is not None:
        world.tables.threshold[:] = level
    world.tables.standing[examples] |= TAKES_PART
    return world


def taking_part(world: World) -> np.ndarray:
    return np.flatnonzero(world.tables.standing & TAKES_PART)


def meetings(world: World, n: int) -> np.ndarray:
    """Who takes part after n social months."""
    return taking_part(world.advance(world.day + (n - 1) * MONTH + 1))


TWO_OF_FOUR, ONE_OF_FOUR = STEPS_OF_THRESHOLD // 2, 1


def test_what_needs_two_examples_spreads_along_a_clustered_ring() -> None:
    """Ring of four near ties, two neighbours seeded: at each meeting one more on either side sees two, nobody else."""
    world = society(40, [10, 11], TWO_OF_FOUR)
    for n in range(1, 9):
        assert meetings(world, 1).tolist() == list(range(10 - n, 12 + n))
        world.advance(n * MONTH)


def test_what_needs_two_examples_does_not_spread_on_long_ties_and_simple_contagion_does() -> None:
    """Centola & Macy (2007): 2,000 people, four ties all across; that anybody has two to both seeds: about 1 %.

    One example is enough: long ties reach 1 + 4 times as many at each meeting, the ring only four more.
    """
    lone = society(2000, [1000, 1001], TWO_OF_FOUR, ties__structure="long")
    assert lone.city.tie.shape[1] == 4 and meetings(lone, 12).tolist() == [1000, 1001]
    ring = meetings(society(2000, [1000, 1001], TWO_OF_FOUR), 12)
    assert len(ring) == 2 + 2 * 12

    near, far = (
        meetings(society(2000, [1000, 1001], ONE_OF_FOUR, ties__structure=s), 4) for s in ("clustered", "long")
    )
    assert len(near) == 2 + 4 * 4
    assert len(far) > 10 * len(near)


def test_without_ties_there_is_no_contagion() -> None:
    people = list(range(0, 200, 2))
    alone = society(200, people, 0, ties__near=0)
    assert meetings(alone, 24).tolist() == people
    assert len(meetings(society(200, people, 0), 2)) == 200  # and with ties there is


def test_above_one_the_threshold_is_never_reached() -> None:
    people = list(range(0, 200, 2))
    world = society(200, people, participation__threshold=1.01)
    assert np.all(world.tables.threshold == NEVER_REACHED)
    assert meetings(world, 24).tolist() == people
    at_one = society(4, [0, 1, 2], participation__threshold=1.0)  # all others of a place of four
    assert meetings(at_one, 1).tolist() == [0, 1, 2, 3]


def test_nobody_begins_where_success_is_far_below_what_was_expected() -> None:
    """1 + gain · (success − expectation at first) is 0 at gain 2.5 and success .02: the reinforcement works downwards."""
    world = society(200, [0, 1], 0, participation__matthew=2.5, participation__spontaneous=1.0)
    world.tables.place.success[:] = START - 0.4
    assert meetings(world, 6).tolist() == [0, 1]


def test_begin_and_cease_by_their_words() -> None:
    """Word i mod 4 of (SOCIAL, (i ÷ 4, month)): spontaneous .3 for those who do not, leaving .5 · (1 − .42) who do."""
    start = list(range(0, 100, 3))
    world = society(
        100,
        start,
        NEVER_REACHED,
        participation__spontaneous=0.3,
        participation__leaving=0.5,
        participation__matthew=0.0,
    )
    now = set(start)
    for month in range(3):
        u = [word(i % 4, draws.SOCIAL, i // 4, month + 4096) for i in range(100)]
        now = {i for i in range(100) if (u[i] >= 0.5 * (1 - START) if i in now else u[i] < 0.3)}
        world.advance(month * MONTH + 1)
        assert set(taking_part(world)) == now
    assert len(now) > 10


# --- properties --------------------------------------------------------------------------------------------------------

share = st.floats(0.0, 1.0)
ANYTHING = {
    "trust.gain": share,
    "trust.loss": share,
    "trust.expectation": st.floats(0.01, 0.99),
    "trust.grid": st.floats(0.01, 0.99),
    "trust.hearsay": share,
    "trust.recent": st.floats(0.001, 1.0),
    "trust.rise": share,
    "trust.fall": share,
    "trust.exit": share,
    "trust.exit_days": st.floats(1.0, 400.0),
    "trust.memory_days": st.floats(1.0, 1e4),
    "feedback.share": share,
    "feedback.untold": share,
    "feedback.cushion": share,
    "grievance.growth": share,
    "participation.initial": share,
    "participation.spontaneous": share,
    "participation.contagion": share,
    "participation.leaving": share,
    "participation.matthew": st.floats(0.0, 10.0),
    "participation.threshold": st.floats(0.0, 2.0),
    "participation.trust_slope": st.floats(0.0, 20.0),
    "residents.trust_slope": st.floats(0.0, 20.0),
    "ties.near": st.sampled_from([0, 2, 6, 12]),
    "ties.far": st.integers(0, 4),
    "ties.structure": st.sampled_from(["clustered", "long"]),
    "organisations.coverage": share,
    "organisations.recruiting": share,
    "outreach.hours": st.floats(0.0, 5.0),
    "outreach.gain": share,
    "outreach.content": share,
    "self_resolution.failure": share,
    "self_resolution.allowed": share,
    "warning.sensitivity": share,
    "closure.formal": share,
}
ALL_ON = ("residents", "trust", "participation", "grievance", "outreach", "warning", "security", "self_resolution")
LIVELY = single_queue(
    2.0,
    need=0.3,
    city__persons_per_agent=500,
    city__comprehensive_grids=3,
    staff__full_time=3,
    rules__lapse=True,
    rules__deadlines=True,
    rules__escalation=True,
    residents__report_rate=0.1,
    handling__service={"distribution": "lognormal", "median": 12.0, "sigma": 1.0},
    categories__any__self_resolvable=1.0,
    categories__any__signs=1.0,
    categories__any__security=True,
    categories__any__mediated=True,
    categories__any__deadline_days=2.0,
    **{f"rules__{name}": True for name in ALL_ON},
)


@settings(max_examples=25, deadline=None)
@given(st.fixed_dictionaries({}, optional=ANYTHING), st.integers(0, 10**6))
def test_trust_and_participation_stay_between_0_and_1(changes: dict[str, Any], seed: int) -> None:
    world = World(LIVELY.replace(changes), seed=seed)
    for until in (1, 29, 90):
        world.advance(until)
        t = world.tables
        assert np.all((t.trust >= 0) & (t.trust <= 1))
        for column in ("success", "expectation", "grievance", "taking_part"):
            assert np.all((t.place[column] >= 0) & (t.place[column] <= 1)), column
        assert not np.any((t.standing & SILENT > 0) & (t.standing & TAKES_PART > 0))
    d = world.days
    stocks = d.latent + d.lapsed_so_far + d.open + d.resolved_so_far + d.formal_so_far + d.self_resolved_so_far
    assert np.array_equal(stocks, d.arisen_so_far)
    assert np.all(d.told <= d.heard) and d.taking_part.max() <= world.city.n_residents
    assert np.isnan(world.cases.reported[world.cases.state == SELF_RESOLVED]).all()


def test_what_random_cities_are_made_of_happens() -> None:
    """The property above is about something: cases settled, people who give up, begin and are told."""
    world = World(LIVELY).advance(120)
    d = world.days
    for flow in ("self_resolved", "settled_in_vain", "valid_residents", "resolved", "told", "given_up"):
        assert d[flow].sum() > 0, flow
    assert (world.cases.state == RESOLVED).sum() > 20


# --- both circles ------------------------------------------------------------------------------------------------------


def circle(hours: float) -> World:
    """Two years in which a case takes a worker so many hours and is due after two days."""
    changes = {"rules.self_resolution": False, "rules.escalation": False, "departments.need_factor": 0.0}
    people = {"city.persons_per_agent": 20, "handling.service": deterministic(hours), "participation.initial": 0.2}
    calm = {
        "rules.warning": False,
        "rules.security": False,
        "residents.report_rate": 0.1,
        "arrivals.per_100_residents": 2.0,
    }
    return World(LIVELY.replace(changes | people | calm)).advance(730)


def test_the_virtuous_and_the_vicious_circle() -> None:
    """The same people: served within hours they trust, report and take part; kept waiting they turn away, and out."""
    good, bad = circle(1.0), circle(24.0 * 20)
    trust = [w.tables.trust.mean() for w in (good, bad)]
    assert trust[0] > (GRID + DEPARTMENT) / 2 > trust[1]
    part = [w.days.taking_part[-1] / w.city.n_residents for w in (good, bad)]
    before = good.days.taking_part[0] / good.city.n_residents
    assert part[0] > before > part[1]
    assert good.days.silent[-1] == 0 < bad.days.silent[-1]
    assert bad.days.grievance[-1] > good.days.grievance[-1] == 0.0
    found = [w.days.valid_residents.sum() / w.days.arisen.sum() for w in (good, bad)]
    assert found[0] > found[1]
    assert bad.days.arisen.sum() > good.days.arisen.sum()  # grievance breeds disputes


# --- policies that residents make better or worse ------------------------------------------------------------------------

TOWN = load_scenario(
    "neighbourhood",
    districts__neighbourhood__population=16_000,
    city__comprehensive_grids=24,
    city__dedicated_grids=0,
    city__communities_per_street=1,
    staff__full_time=24,
    staff__part_time=0,
    staff__nominal_share=0.0,
    time__warmup_days=60,
    time__days=365,
    time__window_days=365,
    time__follow_up_days=90,
)


def test_better_service_raises_voice_and_self_resolution_lowers_cases() -> None:
    """Two effects of trust in people that must not be taken for one another: each is seen alone, and with its interval.

    Nobody patrols, and departments link up or let cases lie: linked up they are in time, more is reported, and there are
    more cases. Where residents may settle more, there are fewer.
    """
    from gridsim.scenario.policies import Policy
    from gridsim.studies.comparison import compare

    generous = {f"categories.{c}.deadline_days": 20.0 for c in TOWN.categories}
    base = TOWN.replace(
        generous
        | {"rules.patrol": False, "residents.report_rate": 0.03, "linkage.rate": 0.2, "departments.need_factor": 1.4}
        | {"participation.initial": 0.3, "self_resolution.rate": 0.3, "rules.grievance": False, "rules.security": False}
    )
    known = {
        "served": Policy(name="served", set={"linkage.rate": 0.95, "feedback.share": 0.9}),
        "allowed": Policy(name="allowed", set={"self_resolution.allowed": 1.0}),
    }
    c = compare(base, list(known), replications=6, known=known)
    assert c.row("served", "valid_residents").ci_low > 0
    assert c.row("served", "trust").ci_low > 0
    assert c.row("allowed", "valid_cases").ci_high < 0 < c.row("allowed", "self_resolved_share").ci_low
    arisen = c.daily.groupby(["policy", "replicate"]).arisen.sum().unstack(0)
    assert (arisen.served == arisen.baseline).all() and (arisen.allowed == arisen.baseline).all()  # the same troubles


@pytest.mark.parametrize("careers", [False, True])
def test_outreach_without_gain_of_trust_is_worse(careers: bool) -> None:
    """Hours doubled that win nobody: patrol sees less, incidents last longer. Good governance can lose.

    Where the same people stay for ever, patrol loses hour for hour what the public gets. With careers fewer finds are
    less strain, so that other people leave and the hours at work differ a little.
    """
    from gridsim.scenario.policies import Policy
    from gridsim.studies.comparison import compare

    base = TOWN.replace(
        {"outreach.hours": 3.0, "outreach.gain": 0.0, "rules.grievance": False, "rules.security": False}
        | {"rules.careers": careers}
    )
    known = {"doubled": Policy(name="doubled", set={"outreach.hours": 6.0})}
    c = compare(base, "doubled", replications=6, known=known)
    public, patrol = c.row("doubled", "hours_public"), c.row("doubled", "hours_patrol")
    if careers:
        assert c.row("doubled", "strain").ci_high < 0
    else:
        assert public.difference == pytest.approx(public.baseline)
        assert patrol.difference == pytest.approx(-public.difference)
    assert c.row("doubled", "detection_rate").ci_high < 0
    assert c.row("doubled", "unresolved_days").ci_low > 0
