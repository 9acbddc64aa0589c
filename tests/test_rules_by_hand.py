"""Rules by hand: a few incidents at a time, and the answer computed here from the keyed words and plain arithmetic.

Every test takes a moment also with the rules as plain Python (``NUMBA_DISABLE_JIT=1``): they are part of the quick
subset that ``experiments/mutation.py`` runs against broken rules.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from conftest import clock, deterministic, exponential, hand_placed, single_queue
from scipy import stats

from gridsim.model import draws
from gridsim.model.cases import (
    AT_ONSET,
    BY_PATROL,
    BY_RESIDENT,
    BY_VIDEO,
    CLOSED_FORMALLY,
    LAPSED,
    LATENT,
    OPEN,
    count_escalations,
    measured_columns,
)
from gridsim.model.draws import DURATION, philox_block
from gridsim.model.experts import EXPERT_FIELDS
from gridsim.model.settings import DURATIONS
from gridsim.model.world import World
from gridsim.scenario.policies import Phase

HOUR = 1 / 24
MON, TUE, WED = range(3)
OFFICE: dict[str, Any] = {"time__calendar": "office", "time__opens": 9.0, "time__closes": 17.0}
NO_DEPARTMENTS: dict[str, Any] = {"rules__departments": False, "handling__service": deterministic(0.0)}
AT_DEPARTMENTS: dict[str, Any] = {"rules__grid_handling": False, "fields": 4, "teams": 99}  # each case goes to them


def word(which: int, stream: int, place: int, ordinal: int = 1, attempt: int = 0) -> float:
    """A word of a keyed call: the counter and the key as the paper of Philox says, seed and replicate 0."""
    counter = np.array([[ordinal, place, stream, attempt]], np.uint64)
    return float((philox_block(counter, np.zeros((1, 2), np.uint64))[0, which] + 0.5) * 2.0**-32)


def words(which: int, stream: int, n: int, attempt: int = 0) -> np.ndarray:
    """The same for the first incident of places 0 to n − 1."""
    return np.array([word(which, stream, i, 1, attempt) for i in range(n)])


def drawn(key: str, mean: float, place: int, attempt: int) -> float:
    """An exponential duration of an incident."""
    return -mean * math.log(word(0, DURATION + DURATIONS.index(key), place, 1, attempt))


def by_place(world: World, days: float) -> np.recarray:
    """The cases of a run by place."""
    c = world.advance(int(days)).cases
    return c[np.argsort(c.place)]


def placed(times: list[float], **changes: Any) -> World:
    """Incidents at these times, a place and a worker each, ten places a grid."""
    grids = max(1, len(times) // 10)
    usual = {"city__comprehensive_grids": grids, "city__cells_per_grid": len(times) // grids}
    return hand_placed(times, **usual | {"staff__full_time": len(times), "staff__periphery_penalty": 0.0} | changes)


def together(n: int, **changes: Any) -> World:
    """``n`` incidents at the first moment."""
    return placed([0.0] * n, **changes)


def test_words_are_those_that_the_authors_of_philox_publish() -> None:
    """Known answers of Random123 for philox4x32-10: all zeros, and all ones."""
    for bits, answer in (
        (0, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (2**32 - 1, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ):
        got = philox_block(np.full((1, 4), bits, np.uint64), np.full((1, 2), bits, np.uint64))[0]
        assert " ".join(f"{int(w):08x}" for w in got) == answer


# --- R1 arise, R2 escalation ------------------------------------------------------------------------------------------


def test_incidents_arise_by_the_words_of_their_place() -> None:
    """Gaps of a stream three times as dense, one in three accepted; the ordinal is used up either way."""
    world = World(single_queue(20, city__cells_per_grid=3, arrivals__headroom=3.0, **NO_DEPARTMENTS)).advance(4)
    expected = []
    for place, rate in enumerate(world.tables.place.rate):
        now, n = 0.0, 0
        while (now := now - math.log(word(0, draws.ARRIVAL, place, n)) / (3 * rate)) < 4:
            n += 1
            if word(1, draws.ARRIVAL, place, n) < 1 / 3:
                expected.append((place, n, now))
    c = world.cases
    order = np.lexsort((c.ordinal, c.place))
    assert np.column_stack([c.place, c.ordinal, c.onset])[order] == pytest.approx(np.array(expected))
    assert 50 < len(c) < 120


def escalating(**changes: Any) -> dict[str, Any]:
    """Half of them emergencies; the rest escalate at .05 (1 + 2 · age ÷ 7) a day."""
    row = {"categories__any__emergency": 0.5, "categories__any__escalation": 2.0}
    return {"rules__escalation": True, "escalation__rate": 0.05, **row, **changes}


def test_deadlines_foresee_the_steps_of_severity() -> None:
    """Each step halves what is left; steps by the words of ESCALATION, at the age that solves age + age²/7 = used/.05."""
    c = by_place(together(40, escalation__deadline_factor=0.5, **escalating(), **NO_DEPARTMENTS), 1)
    for i in range(40):
        emergency = word(3, draws.ESCALATION, i) < 0.5
        due, used = (7.0 / 4 if emergency else 7.0), 0.0
        for k in (2,) if emergency else (0, 1, 2):
            used -= math.log(word(k, draws.ESCALATION, i))
            step = max(x.real for x in np.roots([1 / 7, 1.0, -used / 0.05]))
            due = step + (due - step) / 2 if step < due else due
        assert c.deadline[i] == pytest.approx(due), i


def test_steps_are_counted_until_the_incident_is_over() -> None:
    """Steps at −Σ ln(word) ÷ .5 days; everything is settled by the department on day 3."""
    world = together(
        20,
        **AT_DEPARTMENTS,
        departments__duration=deterministic(3.0),
        rules__escalation=True,
        escalation__rate=0.5,
        categories__any__escalation=0.0,
        categories__any__emergency=0.0,
    ).advance(9)
    steps = np.cumsum([-np.log(words(k, draws.ESCALATION, 20)) / 0.5 for k in range(3)], axis=0)
    for first, last in ((0.0, 9.0), (1.0, 2.0), (4.0, 9.0)):
        expected = np.sum((steps >= first) & (steps < min(last, 3.0)))
        assert count_escalations(world.tables, first, last) == expected, (first, last)
    assert 0 < np.sum(steps < 3.0) < 60


def test_measures_read_the_columns_as_they_stand() -> None:
    c = together(20, need=0.5, departments__extra=1.0, fields=4).advance(30).cases
    for name, column in measured_columns(c).items():
        assert np.array_equal(column, c[name], equal_nan=True), name


def test_nothing_arises_where_the_rate_is_nothing() -> None:
    world = World(single_queue(0.0, **NO_DEPARTMENTS)).advance(9)
    assert len(world.cases) == 0 and np.all(np.isinf(world.tables.next_arrival)) and len(world.days) == 9


def test_the_severe_are_served_first_and_others_as_they_came() -> None:
    """Ten cases a minute apart, an hour each: the first is in hand, then emergencies by arrival, then the others."""
    world = hand_placed(
        [(9 - k) / 1440 for k in range(10)],
        **escalating(escalation__rate=0.0),
        **NO_DEPARTMENTS | {"handling__service": deterministic(1.0)},
    )
    c = by_place(world, 2)
    urgent = words(3, draws.ESCALATION, 10) < 0.5
    order = [9, *(k for k in range(8, -1, -1) if urgent[k]), *(k for k in range(8, -1, -1) if not urgent[k])]
    assert urgent[:9].sum() > 1 and order != sorted(order, reverse=True)
    assert np.argsort(c.resolved).tolist() == order


def test_attempts_until_the_luck_of_one_suffices() -> None:
    """Luck is word 0 of ATTEMPT by attempt; chance logistic(.5 − 2 c), and e^(−.3 · 2) of it for what has escalated."""
    world = together(
        40,
        **escalating(escalation__rate=0.0, escalation__success_decay=0.3, categories__any__mediated=True),
        handling__ability=0.5,
        handling__complexity_slope=2.0,
        handling__max_attempts=20,
        **NO_DEPARTMENTS | {"handling__service": deterministic(1.0)},
    )
    c = by_place(world, 30)
    for i in range(40):
        severity = 3 if word(3, draws.ESCALATION, i) < 0.5 else 1
        chance = math.exp(-0.3 * (severity - 1)) / (1 + math.exp(2 * c.complexity[i] - 0.5))
        tries = 1
        while word(0, draws.ATTEMPT, i, 1, tries - 1) >= chance:
            tries += 1
        takes = tries * HOUR if tries <= 20 else tries - 20 + HOUR  # beyond the most attempts, one a day
        assert c.attempts[i] == tries and c.resolved[i] == pytest.approx(takes), i
    assert c.attempts.max() > 3


# --- R3, R4, R5, lapse ------------------------------------------------------------------------------------------------


def patrolled(exposure: float, hazard: float, onset: float) -> float:
    """When an exposure is used up, at ``hazard`` a working day, walked from 9:00 to 17:00."""
    day = math.floor(onset)
    while True:
        opens = max(onset, clock(day, 9))
        window = clock(day, 17) - opens if day % 7 < 5 else 0.0
        if window > 0 and hazard * window * 3 >= exposure:
            return opens + exposure / (3 * hazard)
        exposure -= hazard * max(window, 0.0) * 3
        day += 1


CLOCKS_ON: dict[str, Any] = {
    **{f"rules__{k}": True for k in ("patrol", "residents", "lapse", "video")},
    "residents__report_rate": 0.0,
    "patrol__coverage": 0.0,
    "handling__on_the_spot_share": 0.0,
    "categories__any__lapse": 0.0,
}


def test_patrol_finds_in_working_hours_only() -> None:
    """Monday 15:00 and Friday 16:00; the hazard is the place's · 1.5 visible."""
    onsets = [clock(MON, 15)] * 10 + [clock(4, 16)] * 10
    world = placed(
        onsets,
        **CLOCKS_ON | {"patrol__coverage": 1.0, "patrol__detection": 0.1, "categories__any__visibility": 1.5},
        **OFFICE,
        **NO_DEPARTMENTS,
    )
    hazards = world.tables.patrol_hazard * 1.5
    c = by_place(world, 40)
    expected = [patrolled(-math.log(word(0, draws.CLOCKS, i)), hazards[i], onsets[i]) for i in range(20)]
    assert np.all(c.channel == BY_PATROL) and c.reported == pytest.approx(expected, abs=1e-9)
    assert len({math.floor(x) for x in expected}) > 3


def test_residents_report_by_propensity_and_severity() -> None:
    """Rate .2 · .7 · the resident's propensity · 1.5² for an emergency, at whatever hour."""
    world = together(
        30,
        **CLOCKS_ON | {"residents__report_rate": 0.2, "categories__any__reporting": 0.7, "residents__disparity": 5.0},
        **escalating(escalation__rate=0.0, escalation__report_odds=1.5),
        **OFFICE | NO_DEPARTMENTS,
        city__persons_per_agent=100,
    )
    propensity = world.tables.propensity
    c = by_place(world, 200)
    rate = 0.2 * 0.7 * propensity[c.resident] * np.where(words(3, draws.ESCALATION, 30) < 0.5, 1.5**2, 1.0)
    assert np.ptp(propensity[c.resident]) > 0.5 and np.all(c.channel == BY_RESIDENT)
    assert c.reported == pytest.approx(-np.log(words(1, draws.CLOCKS, 30)) / rate)


def test_a_step_of_severity_raises_the_rate_of_report_from_the_next_day_on() -> None:
    """At .1 a day until the day after the step from 1 to 2, then ten times as much."""
    row = {"categories__any__escalation": 0.0, "categories__any__emergency": 0.0, "categories__any__reporting": 1.0}
    world = together(
        30,
        **CLOCKS_ON | {"residents__report_rate": 0.1, "residents__disparity": 1.0},
        **{"rules__escalation": True, "escalation__rate": 0.5, "escalation__report_odds": 10.0} | row,
        **NO_DEPARTMENTS,
    )
    c = by_place(world, 60)
    exposure = -np.log(words(1, draws.CLOCKS, 30))
    step = np.ceil(-np.log(words(0, draws.ESCALATION, 30)) / 0.5)
    expected = np.where(exposure <= 0.1 * step, exposure / 0.1, step + (exposure - 0.1 * step) / 1.0)
    soon = expected < step + 1  # within a day of that step no other counts yet
    assert np.sum(soon & (expected < step)) > 3 and np.sum(soon & (expected > step)) > 10
    assert c.reported[soon] == pytest.approx(expected[soon])


def test_cameras_see_what_they_watch() -> None:
    world = together(
        20,
        **CLOCKS_ON | {"video__detection": 0.5, "video__coverage": 0.5, "categories__any__video": 0.6},
        **NO_DEPARTMENTS,
    )
    watched = world.tables.watched == 1
    assert 3 < watched.sum() < 17
    c = by_place(world, 60)
    assert np.all(c.channel[watched] == BY_VIDEO) and np.all(c.state[~watched] == LATENT)
    assert c.reported[watched] == pytest.approx((-np.log(words(3, draws.CLOCKS, 20)) / 0.3)[watched])


def test_what_nobody_notices_lapses() -> None:
    """At .5 ÷ 4 days, over as many days as it takes."""
    c = by_place(
        together(20, **CLOCKS_ON | {"categories__any__lapse": 0.5, "latent__lapse_days": 4.0}, **NO_DEPARTMENTS), 90
    )
    assert np.all(c.state == LAPSED) and c.lapsed == pytest.approx(-np.log(words(2, draws.CLOCKS, 20)) * 8)


# --- R7 intake, R8 triage ---------------------------------------------------------------------------------------------


def test_the_audit_by_hand() -> None:
    """Residents' reports: .4 wrongly rejected and looked for anew from the next day on; 1.3 false ones beside each."""
    wrong, doubled, n, rate = 0.4, 0.2, 30, 0.8
    valid = (1 - wrong + doubled) / (1 + 1.3 + doubled)
    world = together(
        n,
        **CLOCKS_ON | {"residents__report_rate": rate, "categories__any__reporting": 1.0, "residents__disparity": 1.0},
        rules__intake=True,
        intake__wrong_rejection=wrong,
        intake__duplicates=doubled / (1 + doubled),
        intake__valid_residents=valid,
        **NO_DEPARTMENTS,
    )
    c = by_place(world, 150)
    reports = false = twice = 0
    for i in range(n):
        tries, since = 0, 0.0
        while True:
            since -= math.log(word(1, draws.CLOCKS, i, 1, tries)) / rate
            reports += 1
            false += 1 + (word(1, draws.INTAKE, i, 1, tries) < 0.3)
            twice += word(2, draws.INTAKE, i, 1, tries) < doubled
            if word(0, draws.INTAKE, i, 1, tries) >= wrong:
                break
            tries, since = tries + 1, math.floor(since) + 1.0
        assert c.rejections[i] == tries and c.reported[i] == pytest.approx(since), i
    d = world.days
    assert d.resident_reports.sum() == reports + false + twice and d.duplicates.sum() == twice > 0
    assert d.invalid.sum() == false + c.rejections.sum() and d.valid_residents.sum() == n


def test_returns_and_hops_by_hand() -> None:
    """A return takes two days, a hop one, and two hops are climbed; k returns have probability .6 · .4^k."""
    world = together(
        30,
        rules__triage=True,
        triage__accuracy=0.6,
        triage__return_delay=deterministic(2.0),
        triage__hops=2,
        linkage__hop=deterministic(1.0),
        **NO_DEPARTMENTS,
    )
    c = by_place(world, 60)
    k = stats.geom(0.6).ppf(words(0, draws.TRIAGE, 30)) - 1
    assert c.returns.tolist() == k.tolist() and k.max() > 1 and np.all(c.hops == 2)
    assert c.resolved == pytest.approx(2.0 * k + 2.0)


def test_disputes_at_the_edge_of_dedicated_grids_by_hand() -> None:
    """Edge cases by word 0 of NATURE; agreed at once by word 0 of TRIAGE (9999), else three days of dispute."""
    world = together(
        30,
        rules__boundary=True,
        dedicated__interoperation=0.6,
        dedicated__dispute_delay=deterministic(3.0),
        **NO_DEPARTMENTS,
    )
    world.tables.place.edge_share[:] = 0.7
    world.tables.grid.dedicated[:] = 1
    c = by_place(world, 9)
    edge = words(0, draws.NATURE, 30, attempt=1) < 0.7
    disputed = edge & (words(0, draws.TRIAGE, 30, attempt=9999) >= 0.6)
    assert np.array_equal(c.edge == 1, edge) and c.resolved == pytest.approx(np.where(disputed, 3.0, 0.0))
    assert world.days.disputes.sum() == disputed.sum() > 3


def test_nature_by_the_words_of_the_key_table() -> None:
    """Complexity by word 0, departments by word 1, their number by word 2; the lead first, each once."""
    world = together(60, fields=4, need=0.5, departments__extra=1.0, teams=9)
    c = by_place(world, 1)
    k = world.scenario.handling.complexity_concentration / 2
    assert c.complexity == pytest.approx(stats.beta(k, k).ppf(words(0, draws.NATURE, 60)), abs=0.005)
    needs = words(1, draws.NATURE, 60) < 0.5
    number = np.minimum(4, 1 + stats.poisson(1.0).ppf(words(2, draws.NATURE, 60)))
    assert c.needs.tolist() == np.where(needs, number, 0).tolist()
    for i in np.flatnonzero(needs):
        called = [int(d) for d in c.department[i] if d >= 0]
        left = [0, 1, 2, 3]
        ranks = [0] + [int(word(0, draws.PARTNERS, i, 1, j) * (4 - j)) for j in range(1, c.needs[i])]
        assert called == [left.pop(r) for r in ranks], i


# --- R9 grid handling, R17 hours --------------------------------------------------------------------------------------


def three_grids(times: list[float], **changes: Any) -> World:
    """A community of three grids with a worker each and two places each; ten hours a case, half as much more abroad."""
    usual = {
        "city__comprehensive_grids": 3,
        "city__grids_per_community": 3,
        "city__cells_per_grid": 2,
        "staff__full_time": 3,
        "staff__travel_penalty": 0.5,
        "staff__periphery_penalty": 0.0,
        "rules__cover": True,
        "handling__service": deterministic(10.0),
    }
    return hand_placed(times, **NO_DEPARTMENTS | usual | changes)


def test_a_busy_grid_is_helped_by_the_least_loaded_by_hand() -> None:
    """The first case stays; the second finds its grid busy and goes to grid 1, the next to grid 2, the last stays."""
    world = three_grids([0.0, HOUR, 2 * HOUR, 3 * HOUR, 99.0, 99.0], staff__help_above_load=0.5)
    c = by_place(world, 3)
    assert c.grid.tolist() == [0, 0, 1, 1] and c.handler.tolist() == [0, 1, 2, 0]
    # the fourth waits for the first case of grid 0 and travels: 10 + 15 h
    assert c.resolved == pytest.approx(np.array([10.0, 16.0, 17.0, 25.0]) * HOUR)


def test_load_is_counted_by_full_time_equivalent() -> None:
    """One case each: of grids with .5, .8 and .7 full-time equivalents, the second is the least loaded."""
    world = three_grids([0.0, HOUR, 0.0, 99.0, 0.0, 99.0], staff__help_above_load=0.4, staff__cover_below_fte=0.2)
    world.tables.grid.hands[:3] = 0.5, 0.8, 0.7
    c = by_place(world, 1)
    assert c.handler.tolist() == [0, 1, 1, 2] and c.place.tolist() == [0, 1, 2, 4]


def test_without_departments_a_hopeless_case_is_tried_once_a_day() -> None:
    """Two attempts of an hour, then one a day at its beginning: done at 1, 2, 25, 49 and 73 h."""
    world = together(1, handling__ability=-60.0, handling__max_attempts=2, **NO_DEPARTMENTS)
    world.tables.duration.scale[:] = 1.0  # every duration an hour or a day
    tried = [int(world.advance(day).cases.attempts[0]) for day in (1, 2, 3, 4)]
    assert tried == [2, 3, 4, 5] and world.cases.state[0] == OPEN


def test_an_account_that_is_not_used_lapses_with_the_year() -> None:
    """On Tuesday, day 365, the account is a twelfth and a day of the new year, .1 h a working day; nothing of the old.

    The old one was ample: the same work was done within a day of it the week before.
    """
    yearly = 26.1 * 12 / 11
    world = hand_placed(
        [clock(358, 9), clock(365, 9)],
        staff__full_time=1,
        rules__hours=True,
        staff__hours_per_year=yearly,
        staff__admin_share=0.0,
        staff__training_hours=0.0,
        staff__patrol_hours=0.0,
        **OFFICE,
        **NO_DEPARTMENTS | {"handling__service": deterministic(yearly / 12 + 0.1 + 0.05)},
    )
    done = clock(358, 9 + yearly / 12 + 0.15), clock(366, 9.05)
    assert by_place(world, 367).resolved == pytest.approx(done)


def test_nobody_patrols_where_nobody_works() -> None:
    world = three_grids([0.0] * 6, staff__full_time=1, rules__patrol=True)
    staffed = world.tables.grid.fte[world.tables.place.grid] > 0
    assert staffed.sum() == 2 and np.array_equal(world.tables.patrol_hazard > 0, staffed)


def test_a_grid_that_loses_its_worker_sends_those_who_wait_to_another() -> None:
    """Two days a case. The one in hand is finished; the one that waits is the last of the worker who stays."""
    world = hand_placed(
        [0.0, 0.1, 0.0, 0.1],
        city__comprehensive_grids=2,
        city__grids_per_community=2,
        city__cells_per_grid=2,
        staff__full_time=2,
        staff__travel_penalty=0.0,
        staff__periphery_penalty=0.0,
        staff__help_above_load=99.0,
        rules__cover=True,
        **NO_DEPARTMENTS | {"handling__service": deterministic(48.0)},
    )
    world.under([Phase(1, world.scenario.replace({"staff.full_time": 1}))])
    c = by_place(world, 9)
    assert sorted(c.resolved) == pytest.approx([2.0, 2.0, 4.0, 6.0])
    assert len(set(c.handler.tolist())) == 2 and np.sum(c.handler != c.grid) == 1


def test_the_worker_with_the_fuller_account_is_called() -> None:
    world = together(1, staff__full_time=2, **NO_DEPARTMENTS | {"handling__service": deterministic(1.0)})
    world.tables.worker.event_hours[:] = 5.0, 1.0  # without a budget: who has worked less
    world.advance(1)
    assert world.tables.worker.event_hours.tolist() == [5.0, 2.0]


# --- R10 experts ------------------------------------------------------------------------------------------------------


def with_experts(times: list[float], **changes: Any) -> World:
    """One expert of law, there Monday to Friday; all lies in his field; gridworkers try in vain for an hour."""
    usual = {
        "rules__experts": True,
        "handling__ability": -60.0,
        "handling__max_attempts": 9,
        "handling__service": deterministic(1.0),
        "categories__any__expert": "law",
        "categories__any__expert_share": 1.0,
        "experts__ability": 60.0,
        "experts__participation": 1.0,
        "experts__hours_per_week": 40.0,
        "experts__per_full_time": 0.2,
        "experts__training_relief": 0.0,
        "experts__pool": "district",
        "experts__handover": deterministic(0.0),
        "experts__handover_hours": 0.0,
        "experts__speed": 1.0,
        "staff__full_time": 5,
        "rules__departments": False,
        **{f"experts__weight_{f}": float(f == "law") for f in EXPERT_FIELDS},
        **OFFICE,
    }
    return hand_placed(times, **usual | changes)


def test_an_expert_takes_over_once_and_works_faster() -> None:
    """A worker 9–10, handover until 10:30; .25 h to take over and 1 h ÷ 2 the first time, then .5 h a failed attempt."""
    world = with_experts(
        [clock(MON, 9)],
        experts__speed=2.0,
        experts__handover=deterministic(0.5 * HOUR),
        experts__handover_hours=0.25,
        experts__attempts=3,
        experts__ability=0.5,
        experts__complexity_slope=0.0,
    )
    chance = 1 / (1 + math.exp(-0.5))
    tries = 1  # the worker's attempt was number 0
    while word(0, draws.ATTEMPT, 0, 1, tries) >= chance:
        tries += 1
    assert tries <= 3
    c = by_place(world, 1)
    assert (c.expert_tries[0], c.attempts[0]) == (tries, tries + 1)
    assert c.resolved[0] == pytest.approx(clock(MON, 10.75 + 0.5 * tries))


def test_experts_try_as_often_as_stated_and_then_departments_are_called() -> None:
    """A worker, two attempts of the expert an hour each, and a department for two days of eight hours."""
    world = with_experts(
        [clock(MON, 9)],
        experts__attempts=2,
        experts__ability=-60.0,
        rules__departments=True,
        departments__duration=deterministic(2.0),
    )
    c = by_place(world, 4)
    assert (c.attempts[0], c.expert_tries[0], c.exhausted[0], c.needs[0]) == (3, 2, 1, 1)
    assert c.resolved[0] == pytest.approx(clock(WED, 12))


def test_no_more_wait_for_an_expert_than_stated() -> None:
    """Workers fail at 10:00, 10:06 and 10:12: one case in the expert's hands, one waits, and the third finds the limit."""
    world = with_experts([clock(MON, 9), clock(MON, 9.1), clock(MON, 9.2)], experts__waiting_limit=1.0)
    c = by_place(world, 1)
    # the third is tried again by a worker until 11:12; since 11:00 the second is in hand and nobody waits
    assert c.attempts.tolist() == [2, 2, 3]
    assert c.resolved == pytest.approx([clock(MON, 11), clock(MON, 12), clock(MON, 13)])


@pytest.mark.parametrize(
    ("lever", "done", "tries"),
    [
        ({}, [clock(MON, 17), clock(TUE, 13), clock(TUE, 17)], [1, 1, 1]),
        # the roster made anew, and sessions from 9:00 to 13:00
        ({"experts.hours_per_week": 20.0}, [clock(MON, 17), clock(TUE, 13), clock(WED, 13)], [1, 1, 1]),
        # the queue set in order only: what is easier comes first
        ({"handling.selectivity": 1.0}, [clock(MON, 17), clock(TUE, 13), clock(TUE, 17)], [1, 1, 1]),
        # no expert any more: workers try on, in vain
        ({"experts.per_full_time": 0.0}, [clock(MON, 17), math.nan, math.nan], [1, 0, 0]),
    ],
)
def test_a_policy_sets_the_line_of_an_expert_right(lever: dict[str, Any], done: list[float], tries: list[int]) -> None:
    """Three cases of four hours; workers fail at 13:00. On Tuesday, while two wait, the lever is pulled."""
    world = with_experts([clock(MON, 9)] * 3, handling__service=deterministic(4.0), handling__selectivity=0.0)
    world.under([Phase(1, world.scenario.replace(lever))])
    c = by_place(world, 4)
    rest = c[1:][np.argsort(c.complexity[1:])] if "handling.selectivity" in lever else c[1:]
    assert [c.resolved[0], *rest.resolved] == pytest.approx(done, nan_ok=True) and c.expert_tries.tolist() == tries
    assert np.all(c.attempts[c.expert_tries == 0] > 1)


# --- R11 linkage, R12 departments -------------------------------------------------------------------------------------


@pytest.mark.parametrize("parallel", [True, False])
def test_linked_departments_take_the_longest_or_the_sum_by_hand(parallel: bool) -> None:
    """Report-in by the words of each part, two days of work each."""
    world = together(
        20,
        **AT_DEPARTMENTS,
        departments__extra=1.5,
        departments__duration=deterministic(2.0),
        linkage__parallel=parallel,
        linkage__report_in=exponential(1.0),
    )
    c = by_place(world, 60)
    assert len(set(c.needs.tolist())) == 4 and np.all(c.ever_linked == 1)
    for i in range(20):
        parts = [drawn("linkage.report_in", 1.0, i, k) + 2.0 for k in range(c.needs[i])]
        assert c.resolved[i] == pytest.approx(max(parts) if parallel else sum(parts)), i


def test_unlinked_cases_are_let_lie_by_a_lottery_of_each_try() -> None:
    """Dropped at each department with .5, three days a time, again and again; then a day of work."""
    world = together(
        20,
        **AT_DEPARTMENTS,
        departments__extra=1.0,
        departments__duration=deterministic(1.0),
        linkage__rate=0.0,
        linkage__drop=0.5,
        linkage__stalled=deterministic(3.0),
    )
    c = by_place(world, 99)
    for i in range(20):
        drops = 0
        for stage in range(c.needs[i]):
            while word(0, draws.DROP, i, 1, stage * 256 + drops) < 0.5:
                drops += 1
        assert c.drops[i] == drops and c.resolved[i] == pytest.approx(3.0 * drops + c.needs[i]), i
    assert c.drops.max() > 2 and np.all(c.ever_linked == 0)


def test_a_referral_is_misrouted_by_the_silo() -> None:
    """Accuracy .8 · (1 − .5 · .6 · (1 − .5)) = .68 at each department, its own word each, a day a return."""
    world = together(
        20,
        **AT_DEPARTMENTS,
        rules__triage=True,
        triage__accuracy=0.8,
        triage__return_delay=deterministic(1.0),
        departments__extra=1.0,
        departments__duration=deterministic(1.0),
        linkage__rate=0.0,
        linkage__drop=0.0,
        linkage__silo_weight=0.5,
        linkage__silo=0.6,
        platform__data_integration=0.5,
    )
    c = by_place(world, 60)
    for i in range(20):
        k = stats.geom(0.8).ppf(word(0, draws.TRIAGE, i)) - 1
        for stage in range(c.needs[i]):
            k += stats.geom(0.68).ppf(word(0, draws.TRIAGE, i, 1, 1 + stage)) - 1
        assert c.returns[i] == k and c.resolved[i] == pytest.approx(k + c.needs[i]), i
    assert c.returns.max() > 1


def test_whistles_answered_and_false_ones_by_the_words() -> None:
    """ρ = .6, a false one beside .5 of them, taken in with ρ too; each holds a team for .25 days."""
    world = together(
        40,
        **AT_DEPARTMENTS,
        departments__duration=deterministic(1.0),
        linkage__rate=0.6,
        linkage__drop=0.0,
        linkage__false_whistles=0.5,
        linkage__false_effort=deterministic(0.25),
    )
    c = by_place(world, 5)
    answered = words(0, draws.WHISTLE, 40) < 0.6
    false = (words(1, draws.WHISTLE, 40) < 0.5) & (words(2, draws.WHISTLE, 40) < 0.6)
    assert np.array_equal(c.ever_linked == 1, answered) and 0 < false.sum() < answered.sum()
    assert world.days.false_whistles.sum() == false.sum()
    assert world.days.team_days.sum() == pytest.approx(40 * 1.0 + false.sum() * 0.25)


def test_coordination_holds_the_teams_of_linked_cases_longer_by_hand() -> None:
    """A quarter of four days with the team; half as much more if linked; a second case waits for the only team."""
    for rate, held in ((1.0, 1.5), (0.0, 1.0)):
        world = together(
            2,
            rules__grid_handling=False,
            departments__duration=deterministic(4.0),
            departments__hold_team="active",
            departments__active_share=0.25,
            linkage__coordination=0.5,
            linkage__drop=0.0,
            linkage__rate=rate,
        )
        c = by_place(world, 9)
        assert c.resolved == pytest.approx([held + 3.0, 2 * held + 3.0])
        assert world.days.team_days.sum() == pytest.approx(2 * held) and world.tables.department.done[0] == 2


def test_seconded_people_are_missed_at_their_departments() -> None:
    """At half the strength a team is held twice as long."""
    world = together(1, rules__grid_handling=False, departments__duration=deterministic(1.0))
    world.tables.settings.team_strength[0] = 0.5
    assert by_place(world, 3).resolved[0] == pytest.approx(2.0)


def test_a_team_added_by_a_policy_is_put_to_work_at_once() -> None:
    """Three days each and one team; the second team comes on day 1 and takes the case that waits."""
    world = together(2, rules__grid_handling=False, departments__duration=deterministic(3.0))
    world.under([Phase(1, world.scenario.replace({"departments.added_teams": 1}))])
    assert sorted(by_place(world, 9).resolved) == pytest.approx([3.0, 4.0])


def test_the_stock_of_stalled_cases_by_the_words_of_its_lottery() -> None:
    """Referrals before the start, one in ten closed for good; those that lie at the start are laid down, oldest first."""
    changes = {
        "fields": 4,
        "need": 0.5,
        "rules__stalled_stock": True,
        "rules__deadlines": True,
        "closure__formal": 0.2,
        "closure__reopen": 0.5,
        "departments__extra": 1.0,
        "linkage__rate": 0.0,
        "linkage__drop": 0.4,
        "linkage__stalled": deterministic(30.0),
    }
    world = World(single_queue(2.0, **changes))
    rate, span, below, for_good = world._stock_law()
    assert for_good == pytest.approx(0.1) and rate == pytest.approx(1.0) and len(below) == 1
    s, i, expected = -span, 0, []
    while (s := s - math.log(word(0, draws.STOCK, 0, i)) / rate) < 0:
        many, gone = word(2, draws.STOCK, 0, i), word(3, draws.STOCK, 0, i)
        i += 1
        needs = min(4, 1 + int(stats.poisson(1.0).ppf(many)))
        stage = drops = 0
        while gone >= for_good and s + 30.0 * drops < 0 and stage < needs:
            lies = word(0, draws.STOCK, 1 + stage, i, 1 + drops) < 0.4
            drops, stage = drops + lies, stage + (not lies)
        if gone >= for_good and stage < needs:
            expected.append((s, needs, stage))
    c = world.cases
    assert np.column_stack([c.reported, c.needs, c.stage]) == pytest.approx(np.array(expected))
    assert len(c) > 15 and np.all((c.stalled == 1) & (c.state == OPEN)) and world.tables.tally.stalled[0] == len(c)


# --- R13 closure ------------------------------------------------------------------------------------------------------

ON_PAPER: dict[str, Any] = {"rules__deadlines": True, "closure__formal": 1.0, "closure__reopen": 0.0}


def test_closed_on_paper_and_reopened_by_the_words() -> None:
    """At the deadline .5 are closed, of which .6 come back after two days; .5 · .7 are kept open by an officer."""
    world = together(
        40,
        **AT_DEPARTMENTS,
        **ON_PAPER | {"closure__formal": 0.5, "closure__reopen": 0.6},
        closure__reopen_delay=deterministic(2.0),
        linkage__report_in=deterministic(50.0),
        follow_up__share=0.5,
        follow_up__prevents_formal=0.7,
    )
    c = by_place(world, 30)
    kept = (words(0, draws.FOLLOW_UP, 40) < 0.5) & (words(1, draws.FOLLOW_UP, 40) < 0.7)
    closed = (words(0, draws.DEADLINE, 40) < 0.5) & ~kept
    back = closed & (words(1, draws.DEADLINE, 40) < 0.6)
    assert np.array_equal(~np.isnan(c.formal_at), closed) and np.allclose(c.formal_at[closed], 7.0)
    assert np.array_equal(c.reopened == 1, back) and np.allclose(c.reopened_at[back], 9.0)
    assert np.array_equal(c.state == CLOSED_FORMALLY, closed & ~back) and kept.any() and back.any()


def test_work_in_hand_is_not_abandoned_and_who_waits_is() -> None:
    """Ten days of work by the only worker: at the deadlines the first is in hand, the second waits and is closed."""
    world = hand_placed([0.0, 0.5], **ON_PAPER, **NO_DEPARTMENTS | {"handling__service": deterministic(240.0)})
    c = by_place(world, 25)
    assert c.resolved[0] == pytest.approx(10.0) and math.isnan(c.formal_at[0]) and c.overdue.tolist() == [1, 1]
    assert (c.state[1], c.closed[1]) == (CLOSED_FORMALLY, 7.5) and world.tables.worker.events[0] == 1


def test_a_course_given_up_is_void_and_begins_anew() -> None:
    """On its way to the department until day 10; closed on day 7, reopened on 9: there again on 19, done on 20."""
    world = together(
        1,
        **AT_DEPARTMENTS,
        **ON_PAPER | {"closure__reopen": 1.0},
        closure__reopen_delay=deterministic(2.0),
        linkage__report_in=deterministic(10.0),
        departments__duration=deterministic(1.0),
    )
    c = by_place(world, 30)
    assert c.resolved[0] == pytest.approx(20.0) and world.tables.department.done[0] == 1
    assert c.channel[0] == AT_ONSET and world.days.case_days.sum() == pytest.approx(7 + 11)


def test_what_was_closed_on_paper_while_it_waited_takes_no_team() -> None:
    """One team, ten days a case: the second is closed on day 7 as it waits, the third, of day 8, begins on day 10."""
    changes = {"rules__grid_handling": False, "departments__duration": deterministic(10.0)}
    c = by_place(world := hand_placed([0.0, 0.0, 8.0], **ON_PAPER, **changes), 30)
    assert c.resolved == pytest.approx([10.0, math.nan, 20.0], nan_ok=True) and c.closed[1] == 7.0
    d = world.tables.department[0]
    assert (d.received, d.done, d.queue, world.tables.tally.live_tasks[0]) == (3, 2, 0, 0)


def test_without_hours_for_events_work_never_ends() -> None:
    world = hand_placed([0.0], rules__hours=True, **NO_DEPARTMENTS | {"handling__service": deterministic(1.0)})
    world.tables.settings.event_hours_year[0] = 0.0
    c = by_place(world, 30)
    assert (c.state[0], c.in_hand[0]) == (OPEN, 1)
