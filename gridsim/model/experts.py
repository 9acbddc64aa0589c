"""Professional gridworkers 专业网格员 (R10): called after failures, or instead of departments, in one field.

Experts serve an area – a community, a street or a district – and a field each; those of one area and field share one
queue. They work to their own calendar, a few hours a week: sessions on weekdays from opening time on (also on the
continuous calendar, where that is midnight).
"""

from __future__ import annotations

import heapq
import math
from typing import Any

import numpy as np

from gridsim.model.agenda import AT_EXPERT, EXPERT_CALLED, EXPERT_DONE, TINY, push
from gridsim.model.agents import RowAgent, columns
from gridsim.model.cases import is_urgent, mediation, take_up, tells
from gridsim.model.compiled import rule
from gridsim.model.draws import ATTEMPT, CITY_EXPERTS, chances, duration
from gridsim.model.queues import LINE_COLUMNS, enqueue, leave, take_first
from gridsim.model.settings import EXPERT_FIELDS, HANDOVER, SERVICE
from gridsim.model.story import (
    EXPERT_BEGINS,
    EXPERT_FAILED,
    EXPERT_WORKED,
    HANDED_OVER,
    NOBODY,
    QUEUES_AT_EXPERT,
    note,
)
from gridsim.scenario.costs import roster_size
from gridsim.scenario.scenario import Scenario

FIELDS = len(EXPERT_FIELDS)
"""Number of fields, in the order of the parameters ``experts.weight_…``; the line of an area and field is row
area · FIELDS + field."""
EXPERT_DTYPE = np.dtype(
    [
        ("line", "i4"),
        ("next", "i4"),
        ("case", "i4"),
        ("subject", "i2"),
        ("first_session", "i2"),
        ("away", "i2"),
        ("used", "f8"),
        ("cases", "i8"),
    ],
    align=True,
)
"""Columns of an expert: ``line``, row of his area and field; ``next``, next expert of the line by number, −1 at the
end; ``case`` in hand, −1 if none; ``subject``, his field; ``first_session``, weekday of his first session; ``away``, 1
once off the roster; ``used`` hours and ``cases``, attempts so far.
"""
# One row an area and field: who serves it, and who waits.
EXPERT_LINE_DTYPE = np.dtype(
    [
        *LINE_COLUMNS,
        ("first_expert", "i4"),
        ("experts", "i4"),
        ("waiting", "i4"),
        ("called_for", "f8"),
    ],
    align=True,
)
"""Columns of an expert line: ``head``, ``tail``, ``urgent_tail``, ``turns``, ``of_level``, ``first_of``,
``ahead_of``, its queue (``queues``); ``first_expert`` and number of
``experts``; ``waiting`` cases; ``called_for``, the moment of the last call pushed (−∞ at first).
"""


def roster(city: Any, s: Scenario, before: np.recarray) -> tuple[np.recarray, np.recarray]:
    """R10. The experts and lines of a scenario.

    Fields by their weights; within a field, seats go to areas by population (Webster's method, which nests: a larger
    roster keeps every seat of a smaller one). Rows of ``before`` that are in the middle of a case finish it.

    Expert e has the field of seat e; the k-th expert of a field has the area of seat k. First session: floor(5 · word
    0) of (CITY_EXPERTS, place 0, ordinal e).
    """
    areas = _areas(city, s)
    number = roster_size(s)
    weights = np.array([s.get(f"experts.weight_{f}") for f in EXPERT_FIELDS])
    field = _seats(weights, number) if weights.sum() > 0 else np.zeros(0, int)
    area = np.zeros(len(field), int)
    for f in range(FIELDS):
        area[field == f] = _seats(areas, int((field == f).sum()))
    expert = np.zeros(max(len(field), len(before)), EXPERT_DTYPE).view(np.recarray)
    expert.case[:] = expert.next[:] = -1
    expert[: len(before)] = before
    expert.away[:] = 1
    n = len(field)
    expert.away[:n] = 0
    expert.subject[:n], expert.line[:n] = field, area * FIELDS + field
    expert.first_session[:n] = np.floor(5 * city.draw(CITY_EXPERTS, n)[:, 0])
    line = np.zeros(len(areas) * FIELDS, EXPERT_LINE_DTYPE).view(np.recarray)
    line.head[:] = line.tail[:] = line.urgent_tail[:] = line.first_expert[:] = -1
    line.called_for[:] = -np.inf
    line.experts[:] = np.bincount(expert.line[:n], minlength=len(line))
    for e in range(n - 1, -1, -1):
        expert.next[e] = line.first_expert[expert.line[e]]
        line.first_expert[expert.line[e]] = e
    return expert, line


def _areas(city: Any, s: Scenario) -> np.ndarray:
    """Residents of each area that shares experts."""
    people = np.bincount(city.place.community, city.place.population, len(city.community))
    if s.experts.pool == "community":
        return people
    column = city.community.street if s.experts.pool == "street" else city.community.district
    return np.bincount(column, people)


def _seats(weights: np.ndarray, number: int) -> np.ndarray:
    """Webster's method: the index that gets each of ``number`` seats, in the order in which they are given.

    Each seat goes to the greatest weight ÷ (seats held + 0.5), ties to the lower index.
    """
    queue = [(-w / 0.5, i, 0) for i, w in enumerate(weights.tolist()) if w > 0]
    heapq.heapify(queue)
    seats = np.zeros(number, int)
    for seat in range(number):
        _, i, held = queue[0]
        seats[seat] = i
        heapq.heapreplace(queue, (-weights[i] / (held + 1.5), i, held + 1))
    return seats


@rule()
def line_of(t, n):
    """R10. The expert line of a case's area and field; −1 where no expert can be called.

    None with ``rules.experts`` off, without an expert's field, with no hours a session, or where the line has no
    experts. The area is that of the place: its community, or the street or district of that (``expert_area`` 0, 1, 2).
    """
    p = t.settings[0]
    case = t.case[n]
    if p.rules_experts == 0 or case.expert_field < 0 or p.expert_session_hours <= 0.0:
        return -1
    area = t.place[case.place].community
    if p.expert_area == 1:
        area = t.community[area].street
    elif p.expert_area == 2:
        area = t.community[area].district
    line = area * FIELDS + case.expert_field
    return line if t.expert_line[line].experts > 0 else -1


@rule()
def can_hand_over(t, n):
    """R10. True where an expert can be called and not too many wait for him already: waiting <
    ``experts.waiting_limit`` · experts of the line.
    """
    which = line_of(t, n)
    if which < 0:
        return False
    line = t.expert_line[which]
    return line.waiting < t.settings[0].experts_waiting_limit * line.experts


@rule()
def hand_over(t, n, now):
    """R10. Send a case to its expert line, which costs a handover; returns False where none can be called.

    AT_EXPERT at ``now`` + handover duration (attempt = reopened), in calendar days.
    """
    if not can_hand_over(t, n):
        return False
    case = t.case[n]
    note(t, n, now, HANDED_OVER, line_of(t, n), NOBODY, 0.0)
    push(t, now + duration(t, HANDOVER, case, case.reopened), AT_EXPERT, n, case.version)
    return True


@rule()
def arrive_at_expert(t, n, now):
    """R10. A case joins the line of its area and field; False when its experts have left meanwhile.

    handler = the line, queued 2, waiting + 1, ``enqueue`` with ``is_urgent`` now, then ``call_expert``. The limit is
    not asked again.
    """
    which = line_of(t, n)
    if which < 0:
        return False
    case = t.case[n]
    line = t.expert_line[which]
    case.handler = which
    case.queued = 2
    note(t, n, now, QUEUES_AT_EXPERT, which, NOBODY, 0.0)
    line.waiting += 1
    enqueue(t.case, line, n, is_urgent(t, case, now))
    call_expert(t, which, now)
    return True


@rule()
def leave_expert(t, n):
    """R10, R13. Take a waiting case out of its line, because its file was closed on paper."""
    case = t.case[n]
    t.expert_line[case.handler].waiting -= 1
    leave(t.case, t.expert_line[case.handler], n)
    case.queued = 0


@rule()
def is_session(t, e, day):
    """R10. True on the weekdays on which an expert comes: evenly spread from his first.

    With n = ``expert_sessions`` a week: Monday to Friday, if (weekday − first_session) mod 5 is one of floor(5 k ÷ n),
    k = 0…n − 1.
    """
    p = t.settings[0]
    if day % 7 >= 5:
        return False
    since = (day % 7 - t.expert[e].first_session) % 5
    for k in range(p.expert_sessions):  # noqa: SIM110 (compiled)
        if k * 5 // p.expert_sessions == since:
            return True
    return False


@rule()
def worked_off(t, e, now, hours):
    """R10. When an expert who takes up ``hours`` of work now has done them; with 0, when he is next on duty.

    On each day of session from floor(now) on, he is there from day + opens for ``expert_session_hours``. start =
    max(now, day + opens), left = (day + opens − start) · 24 + expert_session_hours. If left > 0 and left ≥ hours −
    TINY, it ends at start + hours ÷ 24; else hours fall by left (at least 0). What would take 100 · 365 days ends then.
    """
    p = t.settings[0]
    day = int(math.floor(now))
    for _ in range(100 * 365):
        if is_session(t, e, day):
            start = max(now, day + p.opens)
            left = (day + p.opens - start) * 24.0 + p.expert_session_hours
            if left > 0.0 and left >= hours - TINY:
                return start + hours / 24.0
            hours -= max(left, 0.0)
        day += 1
    return now + 100.0 * 365


@rule()
def call_expert(t, which, now):
    """R10. Idle experts of a line who are on duty take waiting cases; while none is, the line is called again then.

    Until then a case waits: it can be overtaken by an urgent one, or closed on paper. Hours: the attempt at an expert's
    speed, at the first of them what it takes to take a case over, and what it takes to tell its reporter.

    While a case waits: of the idle experts, the one who is on duty soonest (``worked_off`` with 0 hours), ties to the
    lower number; nobody idle: done. If that is later than now, EXPERT_CALLED of the line is pushed for then, unless the
    last call pushed lies after now and not after then; done. Else ``take_first``, waiting − 1, queued 0, hours =
    service duration (SERVICE, attempt = attempts so far) ÷ ``experts.speed``, plus ``experts.handover_hours`` if
    expert_tries = 0, plus ``feedback.hours`` if it is for him to tell (``tells``); ``take_up``; EXPERT_DONE of the
    expert at worked_off(now, hours).
    """
    p = t.settings[0]
    line = t.expert_line[which]
    while line.head >= 0:
        best, soonest = -1, math.inf
        e = line.first_expert
        while e >= 0:
            if t.expert[e].case < 0:
                free = worked_off(t, e, now, 0.0)
                if free < soonest:
                    best, soonest = e, free
            e = t.expert[e].next
        if best < 0:
            return
        if soonest > now:
            if not now < line.called_for <= soonest:
                line.called_for = soonest
                push(t, soonest, EXPERT_CALLED, which, 0)
            return
        n = take_first(t.case, line, p.handling_selectivity)
        line.waiting -= 1
        case = t.case[n]
        case.queued = 0
        hours = duration(t, SERVICE, case, case.attempts) / p.experts_speed
        if case.expert_tries == 0:
            hours += p.experts_handover_hours
        if tells(t, case):
            hours += p.feedback_hours
        expert = t.expert[best]
        expert.case = n
        expert.used += hours
        expert.cases += 1
        take_up(t, n, now)
        note(t, n, now, EXPERT_BEGINS, best, NOBODY, hours)
        today = t.day[t.tally[0].day]
        today.expert_hours += hours
        today.expert_attempts += 1
        push(t, worked_off(t, best, now, hours), EXPERT_DONE, best, case.version)


@rule()
def expert_over(t, e, now):
    """R10. An expert's attempt ends; success = logistic(ability − slope · complexity), flatter than a generalist's.

    Returns (case, 1 solved, 0 to try again, −1 the experts' attempts are exhausted).

    Idle, in_hand 0. Luck is word 0 of (ATTEMPT, attempt = attempts before this one), the count shared with the workers;
    then attempts + 1 and expert_tries + 1. Solved if luck < 1 ÷ (1 + exp(−(``experts.ability`` −
    ``experts.complexity_slope`` · c))) · ``mediation`` now; exhausted if expert_tries ≥ ``experts.attempts``.
    """
    p = t.settings[0]
    expert = t.expert[e]
    n = expert.case
    expert.case = -1
    case = t.case[n]
    case.in_hand = 0
    luck = chances(t, ATTEMPT, case, case.attempts)[0]
    case.attempts += 1
    case.expert_tries += 1
    chance = 1.0 / (1.0 + math.exp(-(p.experts_ability - p.experts_complexity_slope * case.complexity)))
    if luck < chance * mediation(t, case, now):
        t.day[t.tally[0].day].settled_by_experts += 1
        note(t, n, now, EXPERT_WORKED, e, NOBODY, 0.0)
        return n, 1
    note(t, n, now, EXPERT_FAILED, e, NOBODY, 0.0)
    return n, -1 if case.expert_tries >= p.experts_attempts else 0


@rule()
def reroster(t, now):
    """R10. After the roster changed: whoever waited, in order of case ids, is sent to the line that serves him now
    (AT_EXPERT now).
    """
    for n in range(t.tally[0].cases):
        case = t.case[n]
        if case.queued == 2:
            case.queued = 0
            case.next = -1
            push(t, now, AT_EXPERT, n, case.version)


@rule()
def recall(t, now):
    """R10. After a policy changed hours or staff: idle experts are called where somebody waits, by line."""
    for k in range(len(t.expert_line)):
        if t.expert_line[k].head >= 0:
            call_expert(t, k, now)


@columns(EXPERT_DTYPE, "expert")
class Expert(RowAgent):
    """专业网格员: an expert of one field who serves an area a few hours a week."""

    @property
    def field_name(self) -> str:
        """Field in words."""
        return list(EXPERT_FIELDS)[self.subject]

    @property
    def is_busy(self) -> bool:
        """True while a case is in hand."""
        return self.case >= 0
