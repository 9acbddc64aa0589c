"""Departments 部门 (R12): teams, a queue, and sub-tasks; one a field and district, and one a field of the city.

A team is held for the active effort; after it the sub-task waits off-team until the total has passed. Teams are stored
integers of the scenario, never re-derived.
"""

from __future__ import annotations

import numpy as np

from gridsim.model.agenda import TASK_DONE, TEAM_DONE, push, work_end
from gridsim.model.agents import RowAgent, columns
from gridsim.model.compiled import rule
from gridsim.model.draws import duration
from gridsim.model.settings import DEPARTMENT

DEPARTMENT_DTYPE = np.dtype(
    [
        ("subject", "i4"),
        ("district", "i4"),
        ("teams", "i4"),
        ("busy", "i4"),
        ("head", "i4"),
        ("tail", "i4"),
        ("queue", "i4"),
        ("received", "i4"),
        ("done", "i4"),
        ("team_days", "f8"),
        ("waited", "f8"),
    ],
    align=True,
)
TASK_DTYPE = np.dtype(
    [
        ("case", "i4"),
        ("department", "i4"),
        ("stamp", "i4"),
        ("next", "i4"),
        ("part", "i2"),
        ("cancelled", "i2"),
        ("arrived", "f8"),
        ("rest", "f8"),
    ],
    align=True,
)


@rule()
def new_task(t, n, part):
    """Take a free row for sub-task ``part`` of case ``n`` (rows are reused once done)."""
    tally = t.tally[0]
    if tally.free_task >= 0:
        row = tally.free_task
        tally.free_task = t.task[row].next
    else:
        row = tally.tasks
        tally.tasks += 1
    tally.live_tasks += 1
    task = t.task[row]
    task.case, task.part, task.stamp = n, part, t.case[n].version
    task.department = t.case[n].department[part]
    task.next = -1
    return row


@rule()
def free_task(t, row):
    """Give the row of a finished or abandoned sub-task back."""
    tally = t.tally[0]
    t.task[row].next = tally.free_task
    tally.free_task = row
    tally.live_tasks -= 1


@rule()
def is_live(t, row):
    """False once its case was closed on paper: the sub-task is abandoned."""
    return t.task[row].stamp == t.case[t.task[row].case].version


@rule()
def join(t, row, now):
    """R12. A sub-task joins its department's queue, first come, first served."""
    task = t.task[row]
    d = t.department[task.department]
    task.arrived = now
    d.received += 1
    if d.tail >= 0:
        t.task[d.tail].next = row
    else:
        d.head = row
    d.tail = row
    d.queue += 1
    serve(t, task.department, now)


@rule()
def serve(t, which, now):
    """R12. Free teams take the next sub-tasks.

    Total T working days; the team is held for ``departments.active_share`` of it (or throughout), lengthened by the
    coordination effort of a linked case; then the sub-task waits off-team.
    """
    p = t.settings[0]
    d = t.department[which]
    while d.busy < d.teams and d.head >= 0:
        row = d.head
        task = t.task[row]
        d.head = task.next
        if d.head < 0:
            d.tail = -1
        d.queue -= 1
        if not is_live(t, row):
            free_task(t, row)
            continue
        case = t.case[task.case]
        total = duration(t, DEPARTMENT, case, case.reopened * 8 + task.part)
        held = total if p.throughout == 1 else total * p.departments_active_share
        task.rest = total - held
        if case.linked == 1:
            held *= 1.0 + p.linkage_coordination
        d.busy += 1
        d.waited += now - task.arrived
        d.team_days += held
        today = t.day[t.tally[0].day]
        today.team_days += held
        today.tasks_started += 1
        case.in_hand += 1
        push(t, work_end(p, now, held), TEAM_DONE, row, task.stamp)


@rule()
def team_done(t, row, now):
    """The active effort is over: the team is free for the next, the sub-task waits for its end."""
    task = t.task[row]
    which = task.department
    d = t.department[which]
    d.busy -= 1
    d.done += 1
    t.case[task.case].in_hand -= 1
    p = t.settings[0]
    push(t, work_end(p, now, task.rest), TASK_DONE, row, task.stamp)
    serve(t, which, now)


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
