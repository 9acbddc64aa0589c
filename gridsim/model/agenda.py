"""The agenda of a day: an event queue, and the working-time calendar.

Events are ordered by (time, kind, id), an order a person can restate. Time is in days; day 0 is the first measured day
and a Monday, warm-up days are negative. The day of a moment is its floor, the weekday day mod 7 (0 is Monday; the
remainder is never negative), the hour 24 times the fraction.

The office calendar works Monday to Friday from ``opens`` to ``closes`` (fractions of a day), without holidays; the
continuous one works always (``office`` 0, opens 0, closes 1). A working day is ``length`` = closes − opens of a day.
Only the attempts of workers and experts and the efforts of departments run in working hours; all other delays (hops,
returns, disputes, report-in, handover, stalled, reopening, deadlines) are calendar time.
"""

from __future__ import annotations

import math

import numpy as np

from gridsim.model.compiled import rule

TINY = 1e-9  # working days; work that fills a day to within rounding ends at its close, not the next morning
"""Rounding: what fits to within this much fits. In working days in ``work_end``, in hours in ``deliver`` and
``worked_off``.
"""

EVENT_DTYPE = np.dtype([("time", "f8"), ("kind", "i4"), ("id", "i4"), ("stamp", "i4")], align=True)
"""An event: ``time`` in days; ``kind``; ``id`` of a case, worker, expert, expert line or sub-task, by kind; ``stamp``,
the version of its case when it was pushed.
"""

# Kinds of event, in the order in which ties are served: what frees hands comes before what asks for them.
(
    WORKER_DONE,
    EXPERT_DONE,
    TEAM_DONE,
    TASK_DONE,
    SETTLED,
    REPORTED,
    DEADLINE_DUE,
    REOPENED,
    ON_THE_SPOT_CALL,
    EXPERT_CALLED,
    AT_GRID,
    AT_EXPERT,
    REFERRED,
    RESUMED,
    AT_DEPARTMENT,
) = range(15)
"""The id is of: WORKER_DONE the worker; EXPERT_DONE the expert; TEAM_DONE, TASK_DONE and AT_DEPARTMENT the row of the
sub-task; EXPERT_CALLED the expert line; all others the case. Events of equal time, kind and id can only be one live and
others void, or calls of one line: their order tells nothing.
"""


@rule()
def _before(a, time, kind, ident):
    """Order of the agenda: the earlier time first, then the lower kind, then the lower id."""
    if a.time != time:
        return a.time < time
    if a.kind != kind:
        return a.kind < kind
    return a.id < ident


@rule()
def push(t, time, kind, ident, stamp):
    """Schedule an event; ``stamp`` is the case's version, so that events of an abandoned course go stale."""
    heap = t.agenda
    tally = t.tally[0]
    i = tally.agenda
    tally.agenda = i + 1
    while i > 0:
        parent = (i - 1) >> 1
        if _before(heap[parent], time, kind, ident):
            break
        heap[i] = heap[parent]
        i = parent
    e = heap[i]
    e.time, e.kind, e.id, e.stamp = time, kind, ident, stamp


@rule()
def pop(t):
    """Remove the first event; returns (time, kind, id, stamp). The agenda must not be empty."""
    heap = t.agenda
    tally = t.tally[0]
    first = heap[0]
    out = (first.time, first.kind, first.id, first.stamp)
    n = tally.agenda - 1
    tally.agenda = n
    last = heap[n]
    time, kind, ident, stamp = last.time, last.kind, last.id, last.stamp
    i = 0
    while True:
        child = 2 * i + 1
        if child >= n:
            break
        if child + 1 < n:
            right = heap[child + 1]
            if _before(right, heap[child].time, heap[child].kind, heap[child].id):
                child += 1
        c = heap[child]
        if not _before(c, time, kind, ident):
            break
        heap[i] = heap[child]
        i = child
    e = heap[i]
    e.time, e.kind, e.id, e.stamp = time, kind, ident, stamp
    return out


@rule()
def is_workday(p, day):
    """Monday to Friday (day mod 7 below 5), or every day on the continuous calendar."""
    return p.office == 0 or day % 7 < 5


@rule()
def next_open(p, time):
    """First moment at or after ``time`` that lies in working hours.

    Within opens ≤ time < closes of a working day it is ``time`` itself; the moment of closing already belongs to the
    next working day's opening. On the continuous calendar it is always ``time``.
    """
    if p.office == 0:
        return time
    day = int(math.floor(time))
    if is_workday(p, day):
        if time < day + p.opens:
            return day + p.opens
        if time < day + p.closes:
            return time
    day += 1
    while not is_workday(p, day):
        day += 1
    return day + p.opens


@rule()
def worked_by(p, time):
    """Working days elapsed since day 0, fractions included; non-decreasing in ``time``.

    5 · week + weekday + (time − day − opens) ÷ length, the last term cut to 0…1; on Saturday and Sunday 5 · week + 5.
    Negative before day 0. The continuous calendar counts every day: it is ``time`` itself.
    """
    if p.office == 0:
        return time
    day = int(math.floor(time))
    week, weekday = day // 7, day % 7
    if weekday >= 5:
        return week * 5.0 + 5.0
    inside = (time - day - p.opens) / (p.closes - p.opens)
    return week * 5.0 + weekday + min(1.0, max(0.0, inside))


@rule()
def work_end(p, time, work):
    """When ``work`` working days that begin at ``time`` are done; nothing is done outside working hours.

    No work ends at ``time`` itself, even outside hours. Else start = next_open(time), and left = (day + closes − start)
    ÷ length is what today still holds. If work ≤ left + TINY, it ends at the smaller of start + work · length and
    today's close. Else rest = work − left; whole = max(0, ceil(rest − TINY) − 1) further days are filled, and it ends
    on the working day after those at opens + min(1, rest − whole) · length. So work that just fills a day ends at its
    close. On the continuous calendar: time + work.
    """
    if work <= 0.0:
        return time
    if p.office == 0:
        return time + work
    start = next_open(p, time)
    day = int(math.floor(start))
    length = p.closes - p.opens
    left = (day + p.closes - start) / length
    if work <= left + TINY:
        return min(start + work * length, day + p.closes)
    rest = work - left
    whole = max(0, int(math.ceil(rest - TINY)) - 1)
    last = (day // 7) * 5 + day % 7 + 1 + whole  # the working day on which it ends, counted from day 0
    return (last // 5) * 7 + last % 5 + p.opens + min(1.0, rest - whole) * length
