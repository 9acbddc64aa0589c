"""The order of a day. READ THIS FIRST.

One simulated day is: calendar, what happens in the city, who notices, and then the handling of cases in continuous
time. A rule stands in the file of its noun and never calls another noun's rule: it schedules an event, and
``dispatch_event`` below passes it on. Rules that a later version adds have their place named here.

The start. The world begins at day −``time.warmup_days``: the levers are put into force (tables of grids and people,
patrol hazards, teams), ``begin`` runs, and then ``one_day`` for each day up to ``time.days`` + ``time.follow_up_days``.
Nothing but the tables below is carried from day to day; every draw is keyed (``draws``), so only the order told here
matters.

A researcher's own code has two places. Interventions (``interventions``, Python) are called at the beginning of a day,
after the dated policies that take effect on it and before anything below. A rule of one's own (``own_rule``, compiled)
is called once a day in ``one_day``, after the calendar and before the day's incidents arise. Without them the course is
the same to the bit.
"""

from __future__ import annotations

from gridsim.model.agenda import (
    AT_DEPARTMENT,
    AT_EXPERT,
    AT_GRID,
    DEADLINE_DUE,
    EXPERT_CALLED,
    EXPERT_DONE,
    ON_THE_SPOT_CALL,
    REFERRED,
    REOPENED,
    REPORTED,
    RESUMED,
    SETTLED,
    TASK_DONE,
    TEAM_DONE,
    WORKER_DONE,
    pop,
    push,
)
from gridsim.model.careers import look_at_staff
from gridsim.model.cases import OPEN, arise, count_open, deadline_due, first_arrival, is_told, reopen, settle
from gridsim.model.compiled import entry, rule
from gridsim.model.departments import free_task, is_live, join, new_week_day, recall_teams, team_done
from gridsim.model.experts import arrive_at_expert, call_expert, expert_over, hand_over, leave_expert, recall, reroster
from gridsim.model.gridworkers import (
    accrue,
    arrive_at_grid,
    attempt_over,
    call_worker,
    cool_down,
    leave_queue,
    on_the_spot,
    regroup,
    sweep_latent,
    try_again,
)
from gridsim.model.platform import MOST_EVENTS, MOST_TASKS, exhausted, intake, part_done, resume, stalled_stock, whistle
from gridsim.model.residents import BREACHED, FIXED, LET_DOWN, experience
from gridsim.model.security import grow_calm, take_note
from gridsim.model.society import count_society, social_month
from gridsim.model.story import PART_IS_DONE, note

BROKEN = -(2**62)  # far from every day


@entry
def begin(t, start, rate, span, below, formal_for_good):
    """Set the city going at ``start``: first arrivals, and the stationary stock of stalled cases.

    First ``count_society``. Stock cases come first, so theirs are the lowest case ids. The stock is laid only
    where its ``rate`` is above 0.
    """
    t.tally[0].open_since = start
    count_society(t)
    first_arrival(t, start)
    if rate > 0.0:
        stalled_stock(t, start, rate, span, below, formal_for_good)


@entry
def settle_accounts(t, day):
    """R17. Credit every worker's hours up to the day before ``day``, at the rates that held until now.

    Called when a policy of that day changes the hours.
    """
    for w in range(len(t.worker)):
        accrue(t, w, day - 1)


@entry
def take_effect(t, now):
    """A dated policy has changed grids, staff, experts or teams: set the queues right before the day begins.

    In this order: ``regroup``, ``recall``, ``recall_teams``, all at the first moment of the day, before its events.
    """
    regroup(t, now)
    recall(t, now)
    recall_teams(t, now)


@entry
def change_roster(t, now):
    """The experts' roster was made anew: whoever waited for one is sent to his line."""
    reroster(t, now)


@entry
def advance(t, first, last, room, own):
    """Run days ``first`` to ``last`` − 1; returns the first day not run (``BROKEN`` + day, if ``own`` raised on it).

    Stops early when a table could overflow within the next day, so that the caller can enlarge it: ``room`` is a bound
    on the incidents of one day. ``own`` is a user's rule, or one that does nothing (``own_rule``).
    """
    for day in range(first, last):
        if not _has_room(t, room):
            return day
        if not one_day(t, day, own):
            return BROKEN + day
    return last


@rule()
def one_day(t, day, own):
    """A day, in order.

    - 1. ``cool_down``: hotspots of patrol, every four weeks; then ``look_at_staff``: careers, every four weeks. Then
      ``own``, the user's rule; if it raised, the day ends here and False is returned (else True).
    - 2. ``arise``: all incidents of the day (R1).
    - 3. Severity (R2) is a function of the incident's age and is asked for where it matters.
    - 4. ``sweep_latent``: who notices what during the day (R3, R4, R5), what residents settle (R6), and what lapses.
      Known at once, reported as events.
    - 5. and 6. ``handle_until`` the day's end: intake R7, triage R8, grid R9, experts R10, whistle R11, departments
      R12, closure R13; and what the reporter hears and makes of it (R14, R15) as each case has its outcome.
    - 7. ``social_month``: trust, participation, publicity, every four weeks (R15, R16, R18).
    - 8. ``grow_calm``: hotspots of safety cases and alerts fade, every four weeks (R19).
    - 9. ``record``.
    """
    # 1. calendar: dated policies took effect before the day began; budgets accrue as workers are called (R17)
    cool_down(t, day)  # hotspots of patrol
    look_at_staff(t, day)  # R17 careers: of the four weeks that begin
    if own(t, day) != 0:  # a user's rule
        return False
    arise(t, day)  # 2. R1
    # 3. R2 escalation: severity is a function of an incident's age, asked for where it matters (cases.severity)
    sweep_latent(t, day)  # 4. R3 patrol, R4 residents, R5 video and warning, R6 self-resolution, lapse
    handle_until(t, day + 1.0)  # 5. and 6.: R7 intake, R8 triage, R9 grid, R10 experts, R11 whistle, R12, R13 closure
    social_month(t, day)  # 7. R15 trust, R16 participation, R18 outreach; R14 feedback came with each case
    grow_calm(t, day)  # 8. R19
    record(t, day)  # 9.
    return True


@rule()
def handle_until(t, end):
    """Serve all events before ``end``, in order of (time, kind, id).

    An event at exactly ``end`` belongs to the next day. Events pushed at the present moment are served in the same
    order among those still waiting: one of a lower kind comes next, whatever was pushed first.
    """
    tally = t.tally[0]
    while tally.agenda > 0 and t.agenda[0].time < end:
        now, kind, ident, stamp = pop(t)
        tally.events += 1
        dispatch_event(t, now, kind, ident, stamp)


@rule()
def dispatch_event(t, now, kind, ident, stamp):
    """Pass an event to its noun. An event of a case whose course was abandoned (another version) is void.

    - WORKER_DONE: ``_worker_done``. EXPERT_DONE: ``_expert_done``. TEAM_DONE: ``team_done``. Never void.
    - EXPERT_CALLED: ``call_expert`` for the line, if there still is a line of that number.
    - TASK_DONE: the row is freed; if the sub-task was live (``is_live``, asked before) then ``part_done`` of its case.
    - AT_DEPARTMENT: ``join`` if live, else the row is freed.
    - REPORTED: ``intake``; if that opened a file, ``take_note``. Never void.
    - DEADLINE_DUE: ``deadline_due``; if the case was open, ``experience`` (LET_DOWN if that closed the file, else
      BREACHED); if it was closed, a case that waited at a grid (queued 1) or an expert line
      (queued 2) leaves its queue. Its stamp is not looked at: it asks for the state.
    - The others are void unless the stamp equals the case's version: SETTLED ``settle``, then ``experience`` (FIXED);
      REOPENED ``reopen``; AT_GRID ``arrive_at_grid``; REFERRED ``whistle``; RESUMED ``resume``; AT_EXPERT
      ``arrive_at_expert``, and ``_without_expert`` where that finds no line; ON_THE_SPOT_CALL ``on_the_spot``, and
      AT_GRID at the same moment where that finds nobody.

    A version is 0 at first and grows by one at a closure, true or on paper; a reopening does not change it.
    """
    if kind == WORKER_DONE:
        _worker_done(t, ident, now)
    elif kind == EXPERT_DONE:
        _expert_done(t, ident, now)
    elif kind == EXPERT_CALLED:
        if ident < len(t.expert_line):  # a line of a roster before
            call_expert(t, ident, now)
    elif kind == TEAM_DONE:
        team_done(t, ident, now)
    elif kind == TASK_DONE:
        live, n = is_live(t, ident), t.task[ident].case
        if live:
            note(t, n, now, PART_IS_DONE, t.task[ident].department, t.task[ident].part, 0.0)
        free_task(t, ident)
        if live:
            part_done(t, n, now)
    elif kind == AT_DEPARTMENT:
        if is_live(t, ident):
            join(t, ident, now)
        else:
            free_task(t, ident)
    elif kind == REPORTED:
        intake(t, ident, now)
        if t.case[ident].state == OPEN:
            take_note(t, ident, now)
    elif kind == DEADLINE_DUE:
        was_open = t.case[ident].state == OPEN
        closed = deadline_due(t, ident, now)
        if was_open:
            experience(t, ident, now, LET_DOWN if closed else BREACHED, is_told(t, t.case[ident]))
        if closed:
            if t.case[ident].queued == 1:
                leave_queue(t, ident)
            elif t.case[ident].queued == 2:
                leave_expert(t, ident)
    elif stamp != t.case[ident].version:
        return
    elif kind == AT_GRID:
        arrive_at_grid(t, ident, now)
    elif kind == AT_EXPERT:
        if not arrive_at_expert(t, ident, now):
            _without_expert(t, ident, now)
    elif kind == REFERRED:
        whistle(t, ident, now)
    elif kind == RESUMED:
        resume(t, ident, now)
    elif kind == SETTLED:
        settle(t, ident, now)
        experience(t, ident, now, FIXED, is_told(t, t.case[ident]))
    elif kind == ON_THE_SPOT_CALL:
        if not on_the_spot(t, ident, now):
            push(t, now, AT_GRID, ident, stamp)
    elif kind == REOPENED:
        reopen(t, ident, now)


@rule()
def _worker_done(t, which, now):
    """R9, R10. What follows a worker's attempt (``attempt_over``); then the grid of the worker calls again.

    Solved: SETTLED now. Exhausted: ``exhausted``. Failed: an expert is called wherever one can be (``hand_over``),
    after the first failure and after any later one; else ``try_again``. Last, ``call_worker`` for the grid that the
    worker belongs to now.
    """
    home = t.worker[which].grid
    n, outcome = attempt_over(t, which, now)
    if outcome == 1:
        push(t, now, SETTLED, n, t.case[n].version)
    elif outcome < 0:
        exhausted(t, n, now)
    elif not hand_over(t, n, now):  # R10: an expert is called after a first failure
        try_again(t, n, now)
    call_worker(t, home, now)


@rule()
def _expert_done(t, which, now):
    """R10. What follows an expert's attempt (``expert_over``); then the line calls again, unless the expert has left.

    Solved: SETTLED now. To try again: AT_EXPERT now, without a new handover. Attempts exhausted: ``_without_expert``.
    Last, ``call_expert`` for the line the expert belonged to when he finished.
    """
    line = t.expert[which].line
    n, outcome = expert_over(t, which, now)
    case = t.case[n]
    if outcome == 1:
        push(t, now, SETTLED, n, case.version)
    elif outcome == 0:
        push(t, now, AT_EXPERT, n, case.version)
    else:
        _without_expert(t, n, now)
    if t.expert[which].away == 0:
        call_expert(t, line, now)


@rule()
def _without_expert(t, n, now):
    """R10. No expert can settle it: departments are called, or where there are none the grid tries on.

    ``instead`` is cleared. Then ``exhausted``, if the case needs departments, or if the experts' attempts are used up
    (expert_tries ≥ ``experts.attempts``) and ``rules.departments`` is on; else ``try_again``. So a case that no
    department was needed for goes to one when the experts have failed, whatever attempts the grid had left.
    """
    case = t.case[n]
    case.instead = 0
    if case.needs > 0 or (case.expert_tries >= t.settings[0].experts_attempts and t.settings[0].rules_departments == 1):
        exhausted(t, n, now)
    else:
        try_again(t, n, now)


@rule()
def record(t, day):
    """Write the stocks at the day's end, as of the moment ``day`` + 1.

    First the integral of open cases is brought up to that moment (``count_open`` with no change). Waiting at
    departments is the sum of the departments' ``queue``. Last, ``new_week_day`` forgets the oldest day of the whistle
    load.
    """
    tally = t.tally[0]
    count_open(t, day + 1.0, 0)
    row = t.day[tally.day]
    row.day = day
    row.latent = tally.latent
    row.open = tally.open
    row.stalled = tally.stalled
    row.arisen_so_far = tally.arisen
    row.lapsed_so_far = tally.lapsed
    row.resolved_so_far = tally.resolved
    row.formal_so_far = tally.formal
    row.self_resolved_so_far = tally.self_resolved
    row.taking_part, row.silent = tally.taking_part, tally.silent
    row.trust_grid, row.trust_department = tally.trust_grid, tally.trust_department
    row.success, row.expectation, row.grievance = tally.success, tally.expectation, tally.grievance
    waiting = 0
    for d in range(len(t.department)):
        waiting += t.department[d].queue
    row.event_budget = tally.event_budget
    row.waiting_at_departments = waiting
    new_week_day(t, day)
    row.expert_budget = tally.expert_budget
    row.posts, row.vacant, row.vacant_fte = tally.posts, tally.vacant, tally.vacant_fte
    row.strain, row.burnout, row.skill = tally.strain, tally.burnout, tally.skill
    tally.day += 1


@rule()
def _has_room(t, room):
    """True when no table can overflow within a day that brings at most ``room`` incidents.

    Whatever can be open that day – open, latent, about to be reopened, or new – may take ``MOST_TASKS`` rows of
    sub-tasks and ``MOST_EVENTS`` places on the agenda; every worker, expert and sub-task in being one place.
    """
    tally = t.tally[0]
    cases = tally.open + tally.latent + tally.to_reopen + room
    return (
        tally.cases + room <= len(t.case)
        and tally.latent + room <= len(t.latent)
        and tally.tasks + cases * MOST_TASKS <= len(t.task)
        and tally.agenda + cases * MOST_EVENTS + len(t.worker) + 2 * len(t.expert) + tally.live_tasks <= len(t.agenda)
        and tally.day < len(t.day)
    )
