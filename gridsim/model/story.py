"""The story of one case: what happened to it, and when, written down as it happens.

A world follows at most one incident (``World.follow``); while it follows none, a step costs one comparison. Notes are
made by the rules where the thing happens and change nothing, so a followed world is bit for bit the one not followed.
"""

from __future__ import annotations

import numpy as np

from gridsim.model.compiled import rule

# What can happen to an incident. STEPS has the names of these codes.
(
    REPORTED_BY,
    REJECTED,
    VANISHED,
    OPENED,
    SENT_BACK,
    DISPUTED,
    CLIMBS,
    QUEUES_AT_GRID,
    WORKER_BEGINS,
    ATTEMPT_FAILED,
    ATTEMPT_WORKED,
    HANDED_OVER,
    QUEUES_AT_EXPERT,
    EXPERT_BEGINS,
    EXPERT_FAILED,
    EXPERT_WORKED,
    DEPARTMENTS_CALLED,
    LINKED_UP,
    NOT_LINKED,
    REPORTS_IN,
    REFERRED_TO,
    LIES_STALLED,
    TAKEN_UP_AGAIN,
    QUEUES_AT_DEPARTMENT,
    TEAM_BEGINS,
    TEAM_IS_DONE,
    PART_IS_DONE,
    BREACHED,
    CLOSED_ON_PAPER,
    COMES_BACK,
    SOLVED,
    SETTLED_BY_RESIDENTS,
    SETTLED_IN_VAIN,
    TOLD,
) = range(34)
STEPS = (
    "reported_by",
    "rejected",
    "vanished",
    "opened",
    "sent_back",
    "disputed",
    "climbs",
    "queues_at_grid",
    "worker_begins",
    "attempt_failed",
    "attempt_worked",
    "handed_over",
    "queues_at_expert",
    "expert_begins",
    "expert_failed",
    "expert_worked",
    "departments_called",
    "linked_up",
    "not_linked",
    "reports_in",
    "referred_to",
    "lies_stalled",
    "taken_up_again",
    "queues_at_department",
    "team_begins",
    "team_is_done",
    "part_is_done",
    "breached",
    "closed_on_paper",
    "comes_back",
    "solved",
    "settled_by_residents",
    "settled_in_vain",
    "told",
)

# ``which``: the row of a grid, worker, expert, line or department, or a channel; ``part``: the sub-task, −1 if none;
# ``amount``: how many, or hours, or the deadline, as the step has it.
STEP_DTYPE = np.dtype([("time", "f8"), ("amount", "f8"), ("which", "i4"), ("step", "i2"), ("part", "i2")], align=True)
MOST_STEPS = 4096  # a case that takes more keeps its first ones
NOBODY = -1


@rule()
def note(t, n, time, step, which, part, amount):
    """Write a step of case ``n`` down, if it is the one that is followed.

    ``time`` may lie ahead, where a rule settles several delays at once; such a step is void if the case leaves that
    course first, by closure on paper.
    """
    tally = t.tally[0]
    if tally.followed != n:
        return
    if tally.steps < len(t.story):
        row = t.story[tally.steps]
        row.time, row.amount, row.which, row.step, row.part = time, amount, which, step, part
        tally.steps += 1
