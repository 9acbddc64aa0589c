"""R2 escalation and R5 video against their closed forms, incident by incident where the luck is known."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numba
import numpy as np
import pytest
from conftest import LEVEL, assert_share, deterministic, single_queue
from scipy import stats

from gridsim.model import cases
from gridsim.model.cases import (
    BY_PATROL,
    BY_RESIDENT,
    BY_VIDEO,
    EMERGENCY,
    LAPSED,
    LATENT,
    MOST_SEVERE,
    RESOLVED,
    count_escalations,
)
from gridsim.model.city import City
from gridsim.model.draws import CLOCKS, chances
from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario, load_scenario

NEVER = 1 - LEVEL


@numba.njit
def severity_at(t, now, out):
    for n in range(len(out)):
        out[n, 0], out[n, 1] = cases.escalation(t, t.case[n], now[n])


@numba.njit
def asked_at(t, now, out):
    """As the rules ask, through the memory of the last answer."""
    for n in range(len(out)):
        out[n] = cases.severity(t, t.case[n], now[n])


@numba.njit
def report_luck(t, out):
    for n in range(len(out)):
        out[n] = -math.log(chances(t, CLOCKS, t.case[n], 0)[1])


def pure(world: World, now: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Severity at a moment and the time of the next step, of every incident."""
    out = np.empty((len(now), 2))
    severity_at(world.tables, np.ascontiguousarray(now), out)
    return out[:, 0], out[:, 1]


def steps_of(world: World) -> tuple[np.ndarray, list[np.ndarray]]:
    """Severity at onset, and the times of the steps that follow it."""
    now, times = world.cases.onset.copy(), []
    first, worse = pure(world, now)
    while np.any(np.isfinite(worse)):
        times.append(worse)
        now = np.where(np.isfinite(worse), worse, now)
        worse = pure(world, now)[1]
    return first, times


def severe(per_day: float = 300, **changes: Any) -> Scenario:
    """Incidents that escalate fast: rate .05 a day, α 2, a deadline of 7 d, a fifth of them emergencies."""
    base = single_queue(
        per_day,
        rules__departments=False,
        rules__escalation=True,
        escalation__rate=0.05,
        staff__full_time=5,
        handling__service=deterministic(0.01),
    )
    row = {"categories.any.escalation": 2.0, "categories.any.emergency": 0.2}
    return base.replace(row | {k.replace("__", "."): v for k, v in changes.items()})


# --- severity as a function of age ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("rate", "alpha"), [(0.004, 0.0), (0.004, 1.0), (0.05, 2.0), (0.5, 100.0)])
def test_steps_come_at_the_stated_hazard(rate: float, alpha: float) -> None:
    """Hazard rate · (1 + α·age/deadline): what each step uses of its integral is unit exponential, step by step."""
    world = World(severe(**{"escalation.rate": rate, "categories.any.escalation": alpha})).advance(60)
    c = world.cases
    first, times = steps_of(world)
    assert len(times) == MOST_SEVERE - 1 and set(first) == {1, EMERGENCY}
    assert_share(np.sum(first == EMERGENCY), len(c), 0.2, "emergencies")
    used = np.zeros(len(c))
    for k, worse in enumerate(times):
        here = np.isfinite(worse)
        assert np.array_equal(here, first == 1) if k else np.all(here)  # an emergency has one step left
        age = (worse - c.onset)[here]
        so_far = rate * (age + alpha * age**2 / (2 * 7.0))
        assert stats.kstest(so_far - used[here], "expon").pvalue > NEVER / 12, f"step {k + 1}"
        used[here] = so_far


def test_severity_is_a_pure_function_of_age() -> None:
    """Asked at ever later moments with memory, or at any moment without: the same answer; it never falls."""
    world = World(severe(**{"escalation.rate": 0.2})).advance(40)
    rng = np.random.default_rng(1)
    n = len(world.cases)
    world.cases.grade[:] = 0
    before, now = np.zeros(n), world.cases.onset.copy()
    seen = set()
    for _ in range(8):
        asked = np.empty(n)
        asked_at(world.tables, now, asked)
        answer, worse = pure(world, now)
        assert np.array_equal(asked, answer) and np.all(answer >= before) and np.all(worse > now)
        assert np.array_equal(world.cases.grade, answer) and np.array_equal(world.cases.worse, worse)
        seen |= set(answer.tolist())
        before, now = answer, now + rng.exponential(4.0, n)
    assert seen == {1, 2, 3, 4}


def test_without_the_rule_or_a_rate_nothing_escalates() -> None:
    for off, starts in (({"rules.escalation": False}, {1}), ({"escalation.rate": 0.0}, {1, EMERGENCY})):
        world = World(severe(**off)).advance(20)
        answer, worse = pure(world, world.cases.onset + 1000)
        assert set(answer) == starts and np.all(np.isinf(worse))
        assert count_escalations(world.tables, -1e9, 1e9) == 0


@pytest.mark.parametrize("window", [(0.0, 60.0), (13.5, 14.25), (40.0, 400.0)])
def test_escalations_are_counted_until_the_incident_is_over(window: tuple[float, float]) -> None:
    scenario = severe(**{"rules.residents": True, "rules.lapse": True, "residents.report_rate": 0.05})
    world = World(scenario).advance(60)
    c = world.cases
    over = np.where(c.state == RESOLVED, c.resolved, np.where(c.state == LAPSED, c.lapsed, np.inf))
    assert len({LATENT, LAPSED, RESOLVED} & set(c.state.tolist())) == 3
    by_hand = sum(int(np.sum((x >= window[0]) & (x < window[1]) & (x < over))) for x in steps_of(world)[1])
    assert count_escalations(world.tables, *window) == by_hand > 0


# --- what severity does ---------------------------------------------------------------------------------------------


def test_the_deadline_is_spent_twice_as_fast_a_step() -> None:
    """What is left of the category's time halves with every step: ∫ 2^(severity − 1) over report to deadline = 7 d."""
    changes = {"rules.residents": True, "residents.report_rate": 0.1, "escalation.rate": 0.2}
    world = World(severe(**changes)).advance(60)
    known = ~np.isnan(world.cases.reported)
    c = world.cases[known]
    first, times = steps_of(world)
    severity, spent, since = first[known].copy(), np.zeros(len(c)), c.reported.copy()
    for step in times:
        worse = step[known]
        until = np.clip(worse, c.reported, c.deadline)
        spent += np.where(np.isfinite(worse), (until - since) * 2 ** (severity - 1), 0.0)
        since = np.where(np.isfinite(worse), until, since)
        severity += np.isfinite(worse)
    spent += (c.deadline - since) * 2 ** (severity - 1)
    assert len(c) > 5000 and np.allclose(spent, 7.0, atol=1e-9)
    length = c.deadline - c.reported
    assert length.min() == pytest.approx(7 / 8) and length.max() <= 7 + 1e-9 and len(np.unique(length.round(6))) > 1000


def test_residents_report_the_severe_more_readily() -> None:
    """Each report comes exactly when the exposure that its luck allows is used up, at rate · odds^steps from the next day."""
    rate, odds = 0.02, 2.0
    changes = {"rules.residents": True, "residents.report_rate": rate, "escalation.report_odds": odds}
    world = World(severe(**changes, **{"escalation.rate": 0.1, "categories.any.escalation": 0.0})).advance(300)
    c = world.cases
    first, times = steps_of(world)
    left = np.empty(len(c))
    report_luck(world.tables, left)
    now, rate_now, told = c.onset.copy(), rate * odds ** (first - 1), np.full(len(c), np.nan)
    for step in [*times, np.full(len(c), np.inf)]:
        day = np.where(np.isfinite(step), np.ceil(step), np.inf)  # the day after
        at = now + left / rate_now
        here = np.isnan(told) & (at <= day)
        told[here] = at[here]
        more = np.isnan(told) & np.isfinite(day)
        left[more] -= (rate_now * (np.maximum(day, now) - now))[more]
        now[more], rate_now[more] = np.maximum(day, now)[more], rate_now[more] * odds
    same_day = np.zeros(len(c), bool)  # two steps in one day count one a day: leave those out
    for a, b in itertools.pairwise(times):
        same_day |= np.isfinite(b) & (np.ceil(a) == np.ceil(b))
    sure = ~same_day & (told < 290)
    assert sure.sum() > 50_000 and np.allclose(c.reported[sure], told[sure], atol=1e-6)


def test_emergencies_are_found_sooner_by_the_closed_form() -> None:
    """Severity 3 for good: reports at rate · odds² against lapse, the share r/(r + l)."""
    changes = {"rules.residents": True, "rules.lapse": True, "residents.report_rate": 0.04, "latent.lapse_days": 20.0}
    more = {"escalation.rate": 0.0, "categories.any.emergency": 1.0, "escalation.report_odds": 1.5}
    world = World(severe(**changes, **more)).advance(150)
    c = world.cases[world.cases.onset < 40]
    assert not np.any(c.state == LATENT)
    told = 0.04 * 1.5**2
    assert_share(np.sum(c.channel == BY_RESIDENT), len(c), told / (told + 1 / 20), "reported")


@pytest.mark.parametrize(("mediated", "chance"), [(True, math.exp(-0.3 * 2)), (False, 1.0)])
def test_mediation_is_the_harder_the_more_severe(mediated: bool, chance: float) -> None:
    """Severity 3 for good and certain ability: attempts are geometric with exp(−decay · 2)."""
    changes = {"escalation.success_decay": 0.3, "escalation.rate": 0.0, "categories.any.emergency": 1.0}
    world = World(severe(100, **changes, **{"categories.any.mediated": mediated, "staff.full_time": 99})).advance(60)
    c = world.cases[world.cases.reported < 50]
    assert_share(np.sum(c.attempts == 1), len(c), chance, "settled at once") if mediated else None
    assert np.all(c.attempts == 1) != mediated


# --- R5 video --------------------------------------------------------------------------------------------------------


def test_cameras_watch_the_stated_share_of_urban_places() -> None:
    """A share of the urban places, none elsewhere; a higher coverage keeps every place that a lower one watches."""
    data = load_scenario("neighbourhood").to_dict()
    data["districts"]["village"] = data["districts"]["neighbourhood"] | {"urban": False}
    data["teams"]["village"] = data["teams"]["neighbourhood"]
    base = Scenario.from_dict(data).replace(
        {"city.comprehensive_grids": 1200, "staff.full_time": 1200, "rules.stalled_stock": False}
    )
    city = City(base)
    before = np.zeros(len(city.place), bool)
    for coverage in (0.0, 0.35, 0.8, 1.0):
        watched = World(base.replace({"video.coverage": coverage}), city).tables.watched == 1
        assert not np.any(watched & (city.place.urban == 0)) and np.all(watched[before])
        assert_share(watched.sum(), int(city.place.urban.sum()), coverage, "watched") if 0 < coverage < 1 else None
        before = watched
    assert np.array_equal(before, city.place.urban == 1)


@pytest.mark.parametrize("urban", [True, False])
def test_cameras_compete_with_patrol_residents_and_lapse(urban: bool) -> None:
    """Four clocks: patrol .05·2, residents .04, lapse 1/20, cameras .08·.5 where urban and connected."""
    scenario = single_queue(
        300,
        rules__patrol=True,
        rules__residents=True,
        rules__lapse=True,
        rules__video=True,
        rules__departments=False,
        staff__full_time=2,
        patrol__coverage=0.5,
        patrol__detection=0.1,
        residents__report_rate=0.04,
        latent__lapse_days=20.0,
        video__coverage=1.0,
        video__detection=0.08,
        handling__service=deterministic(0.001),
        handling__on_the_spot_share=0.0,
    ).replace({"categories.any.video": 0.5, "districts.d.urban": urban})
    world = World(scenario, seed=2).advance(200)
    c = world.cases[world.cases.onset < 100]
    assert not np.any(c.state == LATENT)
    counts = np.array(
        [np.sum(c.channel == k) for k in (BY_PATROL, BY_RESIDENT, BY_VIDEO)] + [np.sum(c.state == LAPSED)]
    )
    hazards = np.array([0.1, 0.04, 0.04 * urban, 0.05])
    on = hazards > 0
    assert counts[~on].sum() == 0 and counts.sum() == len(c) > 25_000
    assert stats.chisquare(counts[on], len(c) * hazards[on] / hazards.sum()).pvalue > NEVER
    seen = (c.reported - c.onset)[c.channel == BY_VIDEO]
    if urban:
        assert stats.kstest(seen, stats.expon(scale=1 / hazards.sum()).cdf).pvalue > NEVER
    d = world.days
    assert d.valid_video.sum() == d.video_reports.sum() == np.sum(world.cases.channel == BY_VIDEO)


@pytest.mark.parametrize("depth", [1, 2, 3, 4])
def test_command_depth_is_hops_saved(depth: int) -> None:
    """What a camera found climbs down 4 − depth tiers; what residents told climbs triage.hops."""
    scenario = single_queue(
        100,
        rules__residents=True,
        rules__video=True,
        rules__departments=False,
        residents__report_rate=0.1,
        video__coverage=1.0,
        video__detection=0.1,
        video__command_depth=depth,
        triage__hops=1,
        linkage__hop=deterministic(0.5),
        staff__full_time=99,
        handling__service=deterministic(0.0),
    ).replace({"categories.any.video": 1.0})
    c = World(scenario).advance(60).cases
    c = c[c.reported < 50]
    hops = np.where(c.channel == BY_VIDEO, 4 - depth, 1)
    assert set(c.channel.tolist()) == {BY_RESIDENT, BY_VIDEO}
    assert np.array_equal(c.hops, hops) and np.allclose(c.resolved - c.reported, 0.5 * hops, atol=1e-9)
