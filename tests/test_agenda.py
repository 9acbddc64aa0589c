"""The working-time calendar and the event queue."""

from __future__ import annotations

import heapq
import math
from collections import namedtuple

import numba
import numpy as np
import pytest
from conftest import clock
from hypothesis import given, settings
from hypothesis import strategies as st

from gridsim.model import agenda

MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
CALENDAR = np.dtype([("office", "i8"), ("opens", "f8"), ("closes", "f8")])


def calendar(opens: float = 9, closes: float = 17, office: int = 1) -> np.ndarray:
    return np.array([(office, opens / 24, closes / 24)], CALENDAR).view(np.recarray)


OFFICE, ROUND_THE_CLOCK = calendar(), calendar(0, 24, office=0)


@numba.njit
def work_end(c, time, work):
    return agenda.work_end(c[0], time, work)


@numba.njit
def next_open(c, time):
    return agenda.next_open(c[0], time)


@numba.njit
def worked_by(c, time):
    return agenda.worked_by(c[0], time)


@numba.njit
def is_workday(c, day):
    return agenda.is_workday(c[0], day)


def hours(h: float, c: np.ndarray = OFFICE) -> float:
    """Working hours as working days of a calendar."""
    return h / 24 / float(c.closes[0] - c.opens[0])


@pytest.mark.parametrize(
    ("start", "work", "end"),
    [
        (clock(MON, 9), 3, clock(MON, 12)),
        (clock(MON, 12), 6, clock(TUE, 10)),
        (clock(FRI, 16), 2, clock(FRI + 3, 10)),  # Friday 16:00 + 2 h = Monday 10:00
        (clock(FRI, 18), 2, clock(FRI + 3, 11)),
        (clock(SAT, 12), 2, clock(SAT + 2, 11)),
        (clock(SUN, 23.99), 0.5, clock(SUN + 1, 9.5)),
        (clock(MON, 3), 1, clock(MON, 10)),
        (clock(TUE, 20), 1, clock(WED, 10)),
        (clock(WED, 10), 40, clock(WED + 7, 10)),  # five working days are a week
        (clock(THU, 13), 3 * 8 + 1, clock(THU + 5, 14)),
        (clock(FRI - 7, 16), 2, clock(MON, 10)),  # warm-up days are negative
        (clock(SAT - 14, 1), 41, clock(MON, 10)),  # the Monday after that Saturday is day −7
        (clock(MON, 9), 0, clock(MON, 9)),
        (clock(SAT, 2), 0, clock(SAT, 2)),  # no work takes no time, even on a Saturday
    ],
)
def test_work_end_by_hand(start: float, work: float, end: float) -> None:
    assert work_end(OFFICE, start, hours(work)) == pytest.approx(end, abs=1e-9)


@pytest.mark.parametrize(
    ("time", "opens"),
    [
        (clock(MON, 8), clock(MON, 9)),
        (clock(MON, 9), clock(MON, 9)),
        (clock(MON, 16.9), clock(MON, 16.9)),
        (clock(MON, 17), clock(TUE, 9)),
        (clock(FRI, 17.5), clock(FRI + 3, 9)),
        (clock(SUN, 0), clock(SUN + 1, 9)),
        (clock(SAT - 7, 5), clock(MON, 9)),
        (clock(FRI - 7, 10), clock(FRI - 7, 10)),
    ],
)
def test_next_open_by_hand(time: float, opens: float) -> None:
    assert next_open(OFFICE, time) == pytest.approx(opens, abs=1e-12)


@pytest.mark.parametrize(
    ("time", "days"),
    [
        (clock(MON, 9), 0),
        (clock(MON, 13), 0.5),
        (clock(MON, 20), 1),
        (clock(WED, 11), 2.25),
        (clock(SAT, 12), 5),
        (clock(SUN, 12), 5),
        (clock(7 + TUE, 9), 6),
        (clock(FRI - 7, 13), -0.5),
        (clock(MON - 7, 0), -5),
    ],
)
def test_worked_by_by_hand(time: float, days: float) -> None:
    assert worked_by(OFFICE, time) == pytest.approx(days, abs=1e-12)


def test_workdays_are_monday_to_friday() -> None:
    assert [is_workday(OFFICE, d) for d in range(-7, 7)] == [True] * 5 + [False] * 2 + [True] * 5 + [False] * 2
    assert all(is_workday(ROUND_THE_CLOCK, d) for d in range(-7, 7))


def test_continuous_calendar_is_plain_addition() -> None:
    for t, w in ((0.3, 1.4), (-5.2, 0.1), (6.9, 12.0)):
        assert work_end(ROUND_THE_CLOCK, t, w) == t + w
        assert next_open(ROUND_THE_CLOCK, t) == t
        assert worked_by(ROUND_THE_CLOCK, t) == t


CALENDARS = st.sampled_from([OFFICE, calendar(8, 18), calendar(8.5, 17.25), calendar(0, 24), calendar(22, 23)])
TIMES = st.floats(-800, 3000)
WORK = st.floats(1e-6, 300)


def count_workdays(first: int, last: int) -> int:
    return sum(d % 7 < 5 for d in range(first, last))


@settings(deadline=None, derandomize=True, max_examples=500)
@given(CALENDARS, TIMES, WORK)
def test_work_is_exactly_done_and_only_in_working_hours(c: np.ndarray, time: float, work: float) -> None:
    start, end = next_open(c, time), work_end(c, time, work)
    opens, closes = float(c.opens[0]), float(c.closes[0])
    assert time <= start <= end
    assert worked_by(c, end) - worked_by(c, start) == pytest.approx(work, abs=1e-8)
    for t in (start, end):
        day = math.floor(t - 1e-9) if t == end else math.floor(t)
        assert day % 7 < 5
        assert opens - 1e-9 <= t - day <= closes + 1e-9
    # and counted in another way: full days between the two, and the parts of the first and the last
    first, last = math.floor(start), math.floor(end - 1e-9)
    parts = (last + closes - end, start - first - opens)
    full = count_workdays(first, last + 1)
    assert full - sum(parts) / (closes - opens) == pytest.approx(work, abs=1e-6)


@settings(deadline=None, derandomize=True, max_examples=500)
@given(CALENDARS, TIMES, TIMES, WORK, WORK)
def test_calendar_is_monotone(c: np.ndarray, s: float, t: float, v: float, w: float) -> None:
    s, t = sorted((s, t))
    v, w = sorted((v, w))
    assert worked_by(c, s) <= worked_by(c, t)
    assert next_open(c, s) <= next_open(c, t)
    assert work_end(c, s, w) <= work_end(c, t, w) + 1e-9
    assert work_end(c, s, v) <= work_end(c, s, w)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(CALENDARS, TIMES, st.floats(0.01, 50), st.floats(0.01, 50))
def test_work_can_be_interrupted(c: np.ndarray, time: float, v: float, w: float) -> None:
    """Work done in two stretches takes as much working time as in one."""
    once, twice = work_end(c, time, v + w), work_end(c, work_end(c, time, v), w)
    assert worked_by(c, twice) == pytest.approx(worked_by(c, once), abs=1e-8)


@settings(deadline=None, derandomize=True, max_examples=300)
@given(CALENDARS, TIMES)
def test_next_open_is_the_first_moment_of_work(c: np.ndarray, time: float) -> None:
    opening = next_open(c, time)
    assert next_open(c, opening) == opening
    assert worked_by(c, opening) == pytest.approx(worked_by(c, time), abs=1e-9)  # nothing could be done in between
    assert worked_by(c, opening + 1e-3) > worked_by(c, time)  # and from then on it can


# --- the event queue ---------------------------------------------------------------------------------------------

Queue = namedtuple("Queue", "agenda tally")


def queue(room: int) -> Queue:
    return Queue(
        np.zeros(room, agenda.EVENT_DTYPE).view(np.recarray),
        np.zeros(1, np.dtype([("agenda", "i8")])).view(np.recarray),
    )


@numba.njit
def push(t, time, kind, ident, stamp):
    agenda.push(t, time, kind, ident, stamp)


@numba.njit
def pop(t):
    return agenda.pop(t)


EVENTS = st.tuples(st.integers(-6, 6).map(lambda k: k / 4), st.integers(0, 11), st.integers(0, 5))


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.lists(EVENTS, unique=True, max_size=80))
def test_events_come_out_by_time_kind_id(events: list[tuple[float, int, int]]) -> None:
    q = queue(100)
    for stamp, (time, kind, ident) in enumerate(events):
        push(q, time, kind, ident, stamp)
    out = [pop(q) for _ in events]
    assert [e[:3] for e in out] == sorted(events)
    assert [events[e[3]] for e in out] == [e[:3] for e in out]  # each with its own stamp
    assert q.tally.agenda[0] == 0


@settings(deadline=None, derandomize=True, max_examples=200)
@given(
    st.lists(
        st.one_of(st.none(), st.tuples(st.floats(-1e3, 1e3), st.integers(0, 11), st.integers(0, 10**6))), max_size=150
    )
)
def test_pushes_and_pops_mixed(steps: list[tuple[float, int, int] | None]) -> None:
    """Against Python's heapq; None means pop."""
    q, reference = queue(200), []
    for step in steps:
        if step is None:
            if reference:
                assert pop(q)[:3] == heapq.heappop(reference)
        else:
            push(q, *step, 0)
            heapq.heappush(reference, step)
        assert q.tally.agenda[0] == len(reference)
    while reference:
        assert pop(q)[:3] == heapq.heappop(reference)


def test_kinds_that_free_hands_come_first() -> None:
    """At one moment: hands are freed, files settled and reported, before anybody asks for hands."""
    frees = (agenda.WORKER_DONE, agenda.TEAM_DONE, agenda.TASK_DONE)
    asks = (agenda.ON_THE_SPOT_CALL, agenda.AT_GRID, agenda.REFERRED, agenda.RESUMED, agenda.AT_DEPARTMENT)
    assert max(frees) < min(asks)
