"""Departments 部门 (R12): teams, a queue, and sub-tasks; one a field and district, and one a field of the city.

A team is held for the active effort; after it the sub-task waits off-team until the total has passed. Teams are stored
integers of the scenario, never re-derived.

The row number of a sub-task settles ties of the agenda and of the queue, so its allotment is part of the rules:
``new_task`` takes the row freed last, and a new one only if none is free.
"""

from __future__ import annotations

import math

import numpy as np

from gridsim.model.agenda import TASK_DONE, TEAM_DONE, is_workday, push, work_end, worked_by
from gridsim.model.agents import RowAgent, columns
from gridsim.model.cases import is_urgent, take_up, tells
from gridsim.model.compiled import rule
from gridsim.model.draws import duration
from gridsim.model.queues import LINE_COLUMNS, ROW_COLUMNS, enqueue, take_first
from gridsim.model.settings import DEPARTMENT, FALSE_EFFORT
from gridsim.model.story import QUEUES_AT_DEPARTMENT, TEAM_BEGINS, TEAM_IS_DONE, note

WEEK = 5  # working days over which a department's load is told
"""Working days over which a department's load is told: today and the four before."""
FALSE = -1  # the part of a sub-task that turns out to be a false whistle

DEPARTMENT_DTYPE = np.dtype(
    [
        ("subject", "i4"),
        ("district", "i4"),
        ("teams", "i4"),
        ("busy", "i4"),
        *LINE_COLUMNS,
        ("queue", "i4"),
        ("received", "i4"),
        ("done", "i4"),
        ("recent", "i4", (WEEK,)),
        ("team_days", "f8"),
        ("waited", "f8"),
    ],
    align=True,
)
"""Columns of a department: ``subject`` (field) and ``district`` (the number of districts stands for the city);
``teams``, and ``busy`` of them; ``head``, ``tail``, ``urgent_tail``, ``turns``, ``of_level``, ``first_of``,
``ahead_of``, its queue (``queues``), and its length ``queue`` (void rows included);
``received`` sub-tasks, ``done`` efforts; ``recent``, received by working day modulo 5; ``team_days``
held; ``waited``, days in the queue of those served.
"""
TASK_DTYPE = np.dtype(
    [
        ("case", "i4"),
        ("department", "i4"),
        ("stamp", "i4"),
        *ROW_COLUMNS,
        ("part", "i4"),
        ("complexity", "f8"),
        ("arrived", "f8"),
        ("rest", "f8"),
    ],
    align=True,
)
"""Columns of a sub-task: ``case`` and ``department``; ``stamp``, version of the case when it was made; ``next``,
``back`` and ``turn`` in the queue; ``part``, which of the case's departments (−1 a false whistle); ``complexity`` of
the case; ``arrived``, when it joined; ``rest``, working days off-team.
"""


@rule()
def new_task(t, n, part):
    """R11, R12. Take a free row for sub-task ``part`` of case ``n`` (rows are reused once done).

    The row freed last, else the next new one. A false whistle goes to the case's first department.
    """
    tally = t.tally[0]
    if tally.free_task >= 0:
        row = tally.free_task
        tally.free_task = t.task[row].next
    else:
        row = tally.tasks
        tally.tasks += 1
    tally.live_tasks += 1
    task = t.task[row]
    case = t.case[n]
    task.case, task.part, task.stamp = n, part, case.version
    task.department = case.department[max(part, 0)]
    task.complexity = case.complexity
    task.next = -1
    return row


@rule()
def free_task(t, row):
    """R12. Give the row of a finished or abandoned sub-task back: it is the next to be taken."""
    tally = t.tally[0]
    t.task[row].next = tally.free_task
    tally.free_task = row
    tally.live_tasks -= 1


@rule()
def is_live(t, row):
    """R12. False once its case was closed on paper: the sub-task is abandoned. A false whistle has no case to abandon.

    Live: part −1, or stamp = the case's version.
    """
    task = t.task[row]
    return task.part == FALSE or task.stamp == t.case[task.case].version


@rule()
def join(t, row, now):
    """R12. A sub-task joins its department's queue: urgent ones first, then by rank (R9's discipline).

    Its arrival counts towards ``received`` and towards ``recent`` of slot worked_by(floor(now)) mod 5: the working day
    it comes on, on a weekend the Monday after. Urgent if ``is_urgent`` now; a false whistle never is. Then ``serve``.
    """
    task = t.task[row]
    d = t.department[task.department]
    task.arrived = now
    if task.part != FALSE:
        note(t, task.case, now, QUEUES_AT_DEPARTMENT, task.department, task.part, 0.0)
    d.received += 1
    d.recent[int(worked_by(t.settings[0], math.floor(now))) % WEEK] += 1  # by its day, also after closing time
    d.queue += 1
    urgent = task.part != FALSE and is_urgent(t, t.case[task.case], now)
    enqueue(t.task, d, row, urgent)
    serve(t, task.department, now)


@rule()
def answered(t, which):
    """R11. Chance that a whistle is answered: ρ · min(1, capacity ÷ load)^θ, the fatigue of over-whistled departments.

    Load: sub-tasks received in the last five working days, at their usual effort. Capacity: five days of the teams.

    θ = ``linkage.fatigue``; if it is 0, ρ = ``linkage.rate``. Load = Σ ``recent`` · ``usual_effort`` ÷
    ``team_strength``, at least 10⁻⁹; capacity = 5 · teams. Asked of the case's first department.
    """
    p = t.settings[0]
    d = t.department[which]
    if p.linkage_fatigue == 0.0:
        return p.linkage_rate
    load = 0
    for k in range(WEEK):
        load += d.recent[k]
    busy = load * p.usual_effort / p.team_strength
    return p.linkage_rate * min(1.0, WEEK * d.teams / max(busy, 1e-9)) ** p.linkage_fatigue


@rule()
def new_week_day(t, day):
    """R11. Forget what was received five working days ago.

    At the end of a working day ``day`` the slot worked_by(day + 1) mod 5, that of the next working day, is set to 0.
    """
    p = t.settings[0]
    if is_workday(p, day):
        slot = int(worked_by(p, day + 1.0)) % WEEK
        for d in range(len(t.department)):
            t.department[d].recent[slot] = 0


@rule()
def serve(t, which, now):
    """R12. Free teams take the next sub-tasks.

    Total T working days; the team is held for ``departments.active_share`` of it (or throughout), lengthened by the
    coordination effort of a linked case and by people lent out as experts; then the sub-task waits off-team. A false
    whistle holds a team until it is seen to be false.

    While a team is free and somebody waits: ``take_first``; a row no longer live is freed and takes no team. False
    whistle: held = FALSE_EFFORT (attempt = reopened), rest 0. Else T = DEPARTMENT (attempt = reopened · 8 + part); held
    = T · active_share, or T if ``throughout``; rest = T − held; only then is held multiplied by 1 +
    ``linkage.coordination`` if the case is linked, ``feedback.hours`` ÷ ``hours_a_day`` are added if the team has to
    tell (``tells``), and ``take_up``. Last, held is divided by ``team_strength``.
    TEAM_DONE at work_end(now, held): a team may be taken at any hour, and works from the next opening.
    """
    p = t.settings[0]
    d = t.department[which]
    while d.busy < d.teams and d.head >= 0:
        row = take_first(t.task, d, p.handling_selectivity)
        task = t.task[row]
        d.queue -= 1
        if not is_live(t, row):
            free_task(t, row)
            continue
        case = t.case[task.case]
        if task.part == FALSE:
            held = duration(t, FALSE_EFFORT, case, case.reopened)
            task.rest = 0.0
        else:
            total = duration(t, DEPARTMENT, case, case.reopened * 8 + task.part)
            held = total if p.throughout == 1 else total * p.departments_active_share
            task.rest = total - held
            if case.linked == 1:
                held *= 1.0 + p.linkage_coordination
            if tells(t, case):
                held += p.feedback_hours / p.hours_a_day
            take_up(t, task.case, now)
            note(t, task.case, now, TEAM_BEGINS, which, task.part, held / p.team_strength)
        held /= p.team_strength
        d.busy += 1
        d.waited += now - task.arrived
        d.team_days += held
        today = t.day[t.tally[0].day]
        today.team_days += held
        today.tasks_started += 1
        push(t, work_end(p, now, held), TEAM_DONE, row, task.stamp)


@rule()
def team_done(t, row, now):
    """R12. The active effort is over: the team is free for the next, the sub-task waits for its end.

    A false whistle's row is freed. Else in_hand falls by 1 and TASK_DONE comes at work_end(now, rest): at once if there
    is no rest. Then ``serve``.
    """
    task = t.task[row]
    which = task.department
    d = t.department[which]
    d.busy -= 1
    d.done += 1
    if task.part == FALSE:
        free_task(t, row)
    else:
        t.case[task.case].in_hand -= 1
        note(t, task.case, now, TEAM_IS_DONE, which, task.part, 0.0)
        p = t.settings[0]
        push(t, work_end(p, now, task.rest), TASK_DONE, row, task.stamp)
    serve(t, which, now)


@rule()
def recall_teams(t, now):
    """R12. After a policy changed teams: free teams are called where somebody waits, department by department."""
    for d in range(len(t.department)):
        if t.department[d].head >= 0:
            serve(t, d, now)


@columns(DEPARTMENT_DTYPE, "department")
class Department(RowAgent):
    """部门: a department of one field in one district, or of the whole city."""

    @property
    def name(self) -> str:
        """``district.field``, as in the scenario's table of teams."""
        return self.model.world.department_names[self.row]

    @property
    def utilisation(self) -> float:
        """Share of teams busy at this moment."""
        return self.busy / self.teams if self.teams else 0.0
