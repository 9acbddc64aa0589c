"""Gridworkers 网格员: hours (R17), patrol of the latent (R3, with R4 and lapse as competing clocks), handling (R9).

A worker serves the queue of the grid he belongs to, one attempt at a time, and whatever the hour: an attempt taken up
outside working hours begins when they open, and one that does not fit into a day's hours goes on the next working day
(``deliver``). ``grid.load`` is the number of live cases at a grid, waiting or in hand: +1 when a case joins its queue
or is begun on the spot, −1 when an attempt ends or a waiting case is taken out of the queue.
"""

from __future__ import annotations

import math

import numpy as np

from gridsim.model.agenda import AT_GRID, REPORTED, TINY, WORKER_DONE, is_workday, next_open, push, work_end
from gridsim.model.agents import RowAgent, columns
from gridsim.model.cases import (
    BY_PATROL,
    BY_RESIDENT,
    BY_VIDEO,
    BY_WARNING,
    LAPSED,
    is_urgent,
    mediation,
    settled_by_residents,
    severity,
    take_up,
    tells,
)
from gridsim.model.compiled import entry, rule
from gridsim.model.draws import ATTEMPT, chances, duration
from gridsim.model.queues import enqueue, leave, take_first
from gridsim.model.settings import ON_THE_SPOT, SERVICE
from gridsim.model.story import ATTEMPT_FAILED, ATTEMPT_WORKED, NOBODY, QUEUES_AT_GRID, VANISHED, WORKER_BEGINS, note

FULL_TIME, PART_TIME, CHIEF, GUIDE, INFORMATION_OFFICER = range(5)
"""Roles 专职, 兼职, and of a dedicated grid ("1+2") 网格长, 指导员 and 信息员: the people of firms."""
ROLES = ("full-time", "part-time", "chief", "guide", "information officer")
YEAR = 365

WORKER_DTYPE = np.dtype(
    [
        ("grid", "i4"),
        ("home", "i4"),
        ("next", "i4"),
        ("role", "i2"),
        ("nominal", "i1"),
        ("away", "i1"),
        ("vacant", "i1"),
        ("handles", "i1"),
        ("fte", "f8"),
        ("case", "i4"),
        ("bank", "f8"),
        ("bank_day", "i8"),
        ("today", "i8"),
        ("used_today", "f8"),
        ("event_hours", "f8"),
        ("events", "i8"),
        ("since", "f8"),
        ("load", "f8"),
        ("strain", "f8"),
        ("burnout", "f8"),
        ("owed", "f8"),
        ("counted", "f8"),
    ],
    align=True,
)
"""Columns of a worker.

- ``grid``: where he works now; ``home``: grid of his post. ``next``: next worker of his grid, by number, −1 at the end.
  ``role``: code. ``nominal``: 1 if counted but never at work. ``away``: 1 if a lever has sent him away.
- ``vacant``: 1 while nobody holds the post. ``handles``: 1 if he takes cases from the queue of his grid.
- ``fte``: full-time equivalent; 0 if nominal, away or vacant. ``case``: in hand, −1 if none.
- ``bank``: event hours in the account, ``bank_day``: the last day credited (−10⁹: never). ``used_today``: event hours
  booked on the day ``today``.
- ``event_hours``, ``events``: hours and attempts so far, of all who have held the post.
- ``since``: day on which he took the post. ``load``: share of the event hours of the last four weeks that was used, 0
  to 1; ``strain``: its running mean; ``burnout``: 0 to 1. ``owed``: hours booked and not yet worked, ``counted``:
  event hours at the last look (``careers``).
"""


@entry
def allot_patrol(t):
    """R3. Where the patrol hours go: the hazard of every place on a working day (patrol.strategy).

    Hazard = coverage · detection · (hours spent there ÷ standard hours) · (usual ground ÷ ground there) · local gain.
    Hours of a pool – a grid, or the comprehensive grids of a community, a district, the city – are shared out by
    ground, or in part by the cases recorded lately (``place.heat``). The usual ground, for which standard hours are
    stated, is a comprehensive grid's own at first, and for a dedicated grid that of the mean one; in a larger pool it
    is the mean over its hours. So an hour walked counts the same for its ground whoever walks it, and no strategy has
    more effort than another.

    For a pool k (``_pool_of``): hours_k = Σ fte of its grids; usual_k = Σ fte · u, with u = ``ground_at_first`` of a
    comprehensive grid and for a dedicated one the mean of that over all comprehensive grids; ground_k, heat_k = Σ over
    the places that belong to its grids now. Per hour: a = ``patrol.coverage`` · ``patrol.detection`` ·
    ``patrol_hours_now`` ÷ ``staff.standard_patrol_hours``. Density of a place: δ = 1 ÷ ground_k; where heat_k > 0 and
    the grid is comprehensive, δ = (1 − w) ÷ ground_k + w · heat ÷ (heat_k · ground), w = ``patrol_weight``, heat and
    ground those of the place. Hazard = a · usual_k · δ · ``local_gain`` of the place's grid; 0 where the place has no
    ground or the pool no hours.

    Counted anew whenever levers are put into force, and by ``cool_down`` where w > 0.
    """
    p = t.settings[0]
    hours, ground, heat, usual = t.pool[0], t.pool[1], t.pool[2], t.pool[3]
    t.pool[:] = 0.0
    mean, comprehensive = 0.0, 0
    for g in range(len(t.grid)):
        if t.grid[g].dedicated == 0:
            mean += t.grid[g].ground_at_first
            comprehensive += 1
    mean /= comprehensive
    for g in range(len(t.grid)):
        grid = t.grid[g]
        k = _pool_of(t, g)
        hours[k] += grid.fte
        usual[k] += grid.fte * (mean if grid.dedicated == 1 else grid.ground_at_first)
    for i in range(len(t.place)):
        k = _pool_of(t, t.place[i].grid)
        ground[k] += t.place[i].ground
        heat[k] += t.place[i].heat
    per_hour = p.patrol_coverage * p.patrol_detection * p.patrol_hours_now / p.staff_standard_patrol_hours
    for i in range(len(t.place)):
        place = t.place[i]
        k = _pool_of(t, place.grid)
        if place.ground <= 0.0 or hours[k] <= 0.0:
            t.patrol_hazard[i] = 0.0
            continue
        density = 1.0 / ground[k]
        if heat[k] > 0.0 and t.grid[place.grid].dedicated == 0:
            density = (1.0 - p.patrol_weight) * density + p.patrol_weight * place.heat / (heat[k] * place.ground)
        t.patrol_hazard[i] = per_hour * usual[k] * density * t.grid[place.grid].local_gain


@rule()
def _pool_of(t, g):
    """R3. Which pool of patrol hours a grid belongs to; a dedicated grid's people stay with their firm.

    ``patrol_pool``: 0 each grid its own, 1 its community, 2 its district, 3 the city; a dedicated grid always its own.
    """
    p = t.settings[0]
    grid = t.grid[g]
    if p.patrol_pool == 0 or grid.dedicated == 1:
        return len(t.community) + t.tally[0].districts + 1 + g
    if p.patrol_pool == 1:
        return 1 + t.tally[0].districts + grid.community
    return 1 + grid.district if p.patrol_pool == 2 else 0


@rule()
def cool_down(t, day):
    """R3. Every four weeks old cases count less for a hotspot, and hours that follow them are allotted anew.

    What was recorded since the last time (``lately``) joins only now: so the hours follow these days alone, and a
    policy that has nothing to do with patrol cannot move them by its date.

    On days divisible by 28, before the day's incidents arise: heat = (heat + lately) · exp(−28 ÷
    ``patrol.memory_days``), lately = 0, for every place; then ``allot_patrol`` if ``patrol_weight`` > 0.
    """
    p = t.settings[0]
    if day % 28 != 0:
        return
    left = math.exp(-28.0 / p.patrol_memory_days)
    for i in range(len(t.place)):
        t.place[i].heat = (t.place[i].heat + t.place[i].lately) * left
        t.place[i].lately = 0.0
    if p.patrol_weight > 0.0:
        allot_patrol(t)


@rule()
def sweep_latent(t, day):
    """R3, R4, R5, R6. Patrol, residents, video, warning, self-resolution, lapse: competing clocks of every latent
    incident, in continuous time.

    Each clock holds a unit-exponential exposure that its hazard uses up: patrol only in working hours, at
    ``patrol_hazard[place] · visibility`` a working day; residents, cameras of a connected place, and lapse all day
    long. The first to run out decides, so more patrol can only bring a detection forward. Residents report the more
    readily the more severe it has become (R2), from the day after, by one step a day at most.

    For a day: start = max(since, day), end = day + 1; an incident with since ≥ end waits. If the noted step of severity
    lies at or before start, the report rate is multiplied by ``escalation.report_odds`` once, and the next step after
    that one is noted (a second step of the same day is counted on the day after that). Residents of a community under
    alert (``rules.security``, ``security.alert``; its ``alert_until`` > start) report what concerns security at its
    ``alert_factor`` times their rate, all that day. On a working day with
    ``rules.patrol``, patrol walks from max(start, day + opens) to day + closes at the hazard ÷ length a day (length =
    closes − opens). The cameras' rate is the video rate times ``watched`` (0 or 1) of the place.

    A clock runs out today if rate · time ≥ its exposure left, namely at its beginning + exposure ÷ rate. If none does,
    each exposure falls by rate · time. Else the earliest decides, ties in the order lapse, self-resolution, patrol,
    resident, video, warning: on lapse the state is LAPSED at that moment; on self-resolution ``settled_by_residents``
    at that moment, after the row is gone; on the others the channel is set and REPORTED pushed for that moment (state
    still LATENT). It is no longer latent in the tally from this sweep on. An incident that ``settled_by_residents``
    puts back is swept on the same day if its ``since`` lies before the day's end.
    """
    p = t.settings[0]
    tally = t.tally[0]
    today = t.day[tally.day]
    work = is_workday(p, day)
    length = p.closes - p.opens
    alerts = p.rules_security == 1 and p.security_alert == 1
    j = 0
    while j < tally.latent:
        row = t.latent[j]
        start = max(row.since, float(day))
        end = day + 1.0
        if start >= end:
            j += 1
            continue
        if row.worse <= start:
            row.report_rate *= p.escalation_report_odds
            severity(t, t.case[row.case], row.worse)
            row.worse = t.case[row.case].worse
        walk = 0.0
        opens = max(start, day + p.opens)
        window = day + p.closes - opens
        if work and window > 0.0 and p.rules_patrol == 1:
            walk = t.patrol_hazard[row.place] * row.visibility / length
        found = opens + row.patrol / walk if walk * window >= row.patrol and walk > 0.0 else math.inf
        reporting = row.report_rate
        if alerts and row.security == 1 and t.community[t.place[row.place].community].alert_until > start:
            reporting *= t.community[t.place[row.place].community].alert_factor
        told = start + row.report / reporting if reporting * (end - start) >= row.report else math.inf
        gone = start + row.lapse / row.lapse_rate if row.lapse_rate * (end - start) >= row.lapse else math.inf
        film = row.video_rate * t.watched[row.place] if row.video_rate > 0.0 else 0.0
        seen = start + row.video / film if film * (end - start) >= row.video and film > 0.0 else math.inf
        done = sign = math.inf
        if row.settle_rate > 0.0 and row.settle_rate * (end - start) >= row.settle:
            done = start + row.settle / row.settle_rate
        if row.sign_rate > 0.0 and row.sign_rate * (end - start) >= row.sign:
            sign = start + row.sign / row.sign_rate
        first = min(found, told, gone, seen, done, sign)
        if first == math.inf:
            row.patrol -= walk * max(window, 0.0)
            row.report -= reporting * (end - start)
            row.lapse -= row.lapse_rate * (end - start)
            row.video -= film * (end - start)
            row.settle -= row.settle_rate * (end - start)
            row.sign -= row.sign_rate * (end - start)
            j += 1
            continue
        n = row.case
        case = t.case[n]
        if first == gone:
            case.state = LAPSED
            case.lapsed = gone
            note(t, n, gone, VANISHED, NOBODY, NOBODY, 0.0)
            tally.lapsed += 1
            today.lapsed += 1
        elif first != done:
            heard = BY_VIDEO if first == seen else BY_WARNING
            case.channel = BY_PATROL if first == found else (BY_RESIDENT if first == told else heard)
            push(t, first, REPORTED, n, 0)
        tally.latent -= 1  # the last row fills the gap
        if j < tally.latent:
            t.latent[j] = t.latent[tally.latent]
        if first == done and first != gone:
            settled_by_residents(t, n, done)


@rule()
def accrue(t, which, day):
    """R17. Bring a worker's account of event hours up to ``day``.

    A year's remainder (hours less administration, training and patrol) accrues evenly over its working days, with one
    month's worth in advance on the first day of each accounting year; what is unused lapses at its end. Hence events
    can never take more than the year's remainder. Nothing happens where hours are booked beyond ``day`` already: work
    in hand is booked to its end, and going back would give those hours a second time.

    If ``day`` < bank_day: nothing at all. Y = ``event_hours_year`` · fte; a working day gives Y · (11/12) ÷
    ``workdays``. The accounting year is floor(day ÷ 365), from day 0 (and −365, …). If bank_day lies before its first
    day, the bank is set to Y ÷ 12 and bank_day to the day before its first day: so a worker first asked in mid-year is
    credited from the year's beginning. Then the bank grows by the daily amount for each working day after bank_day up
    to and including ``day``; bank_day = ``day``. If ``today`` is another day, it becomes ``day`` and used_today 0.
    """
    p = t.settings[0]
    w = t.worker[which]
    if day < w.bank_day:
        return
    yearly = p.event_hours_year * w.fte
    daily = yearly * (11.0 / 12.0) / p.workdays
    year = day // YEAR
    if w.bank_day < year * YEAR:
        w.bank = yearly / 12.0
        w.bank_day = year * YEAR - 1
    a, b = w.bank_day + 1, day + 1
    if p.office == 1:
        days = (b // 7 - a // 7) * 5 + min(b % 7, 5) - min(a % 7, 5)
    else:
        days = b - a
    w.bank += daily * days
    w.bank_day = day
    if w.today != day:
        w.today = day
        w.used_today = 0.0


@rule()
def deliver(t, which, now, hours):
    """R17. When ``hours`` of event work that a worker begins now are done, within day and year budgets.

    At most ``staff.event_hours`` a working day and never more than the account holds; unfinished work is resumed on the
    next working day.

    The hours are added to the worker's and the day's ``event_hours`` at once, on the day of the beginning. With
    ``rules.hours`` off: work_end(now, hours ÷ hours_a_day). Else, repeat: now = next_open(now); ``accrue`` up to its
    day; left = min((day + closes − now) · 24, ``staff.event_hours`` − used_today, bank). If left ≥ hours − TINY,
    used_today grows and the bank falls by hours, and the work is done at min(now + hours ÷ 24, day + closes). Else left
    (at least 0) is booked likewise, hours fall by it, and now = day + 1. What would take 100 · 365 days ends then.
    """
    p = t.settings[0]
    w = t.worker[which]
    w.event_hours += hours
    t.day[t.tally[0].day].event_hours += hours
    if p.rules_hours == 0:
        return work_end(p, now, hours / p.hours_a_day)
    end_of_time = now + 100.0 * YEAR  # a budget of next to nothing: not within anybody's horizon
    while now < end_of_time:
        now = next_open(p, now)
        day = int(math.floor(now))
        accrue(t, which, day)
        left = min((day + p.closes - now) * 24.0, p.staff_event_hours - w.used_today, w.bank)
        if left >= hours - TINY:
            w.used_today += hours
            w.bank -= hours
            return min(now + hours / 24.0, day + p.closes)
        left = max(left, 0.0)
        w.used_today += left
        w.bank -= left
        hours -= left
        now = day + 1.0
    return end_of_time


@rule()
def handler_of(t, g):
    """R9. Who serves a grid: itself, or the least-loaded of its community when it is thinly staffed or busy.

    Hands are the full-time equivalents of those who handle (``muster``). Thin: below ``staff.cover_below_fte``. Busy:
    more than ``staff.help_above_load`` live cases per full-time equivalent; the least loaded may then be the grid
    itself. Without such help the few grids whose incidents exceed one worker's year would grow a backlog for ever, and
    one more worker could slow cases down by ending their cover. Ties go to the lower grid number.

    Itself, if ``rules.cover`` is off; or if hands > 0, hands ≥ cover_below_fte and load ≤ help_above_load · hands (load
    before this case). Else, of the comprehensive grids of its community (``first_grid`` on; a dedicated grid is never
    among them) with hands > 0 and hands ≥ cover_below_fte, the one of the least load ÷ hands; if there is none,
    ``grid.fallback``.
    """
    p = t.settings[0]
    grid = t.grid[g]
    able = grid.hands > 0.0 and grid.hands >= p.staff_cover_below_fte
    if p.rules_cover == 0 or (able and grid.load <= p.staff_help_above_load * grid.hands):
        return g
    community = t.community[grid.community]
    best, least = grid.fallback, math.inf
    for h in range(community.first_grid, community.first_grid + community.grids):
        other = t.grid[h]
        if other.hands > 0.0 and other.hands >= p.staff_cover_below_fte and other.load / other.hands < least:
            best, least = h, other.load / other.hands
    return best


@rule()
def arrive_at_grid(t, n, now):
    """R9. A case joins the queue of the grid that handles it: urgent ones first, then by rank.

    ``grid`` is set to the grid of its place now, ``handler`` by ``handler_of``; queued 1, ``enqueue`` with
    ``is_urgent`` now, load + 1, then ``call_worker``.
    """
    case = t.case[n]
    case.grid = t.place[case.place].grid  # the partition in force now
    g = handler_of(t, case.grid)
    case.handler = g
    note(t, n, now, QUEUES_AT_GRID, g, NOBODY, 0.0)
    grid = t.grid[g]
    case.queued = 1
    enqueue(t.case, grid, n, is_urgent(t, case, now))
    grid.load += 1
    call_worker(t, g, now)


@rule()
def leave_queue(t, n):
    """R9, R13. Take a waiting case out of its grid's queue, because its file was closed on paper (or nobody is left to
    serve it).

    Load − 1, queued 0.
    """
    case = t.case[n]
    grid = t.grid[case.handler]
    leave(t.case, grid, n)
    grid.load -= 1
    case.queued = 0


@rule()
def idle_worker(t, g, now, anybody):
    """R9, R17. The idle worker of a grid with the most event hours left, or −1; ties go to the lower number.

    Idle: no case in hand and fte > 0; unless ``anybody`` will do, only one who ``handles`` cases of the queue. Each
    such worker's account is first brought up to today (``accrue``). Without the hours budget (``rules.hours`` off): the
    one with the fewest event hours so far. In a dedicated grid with ``rules.roles`` the role goes before hours: guide
    指导员, then information officer 信息员, chief 网格长 last.
    """
    p = t.settings[0]
    grid = t.grid[g]
    by_role = p.rules_roles == 1 and grid.dedicated == 1
    best, most, turn = -1, 0.0, 0
    w = grid.first_worker
    while w >= 0:
        worker = t.worker[w]
        if worker.case < 0 and worker.fte > 0.0 and (anybody or worker.handles == 1):
            if p.rules_hours == 1:
                accrue(t, w, int(math.floor(now)))
            left = worker.bank if p.rules_hours == 1 else -worker.event_hours
            mine = (worker.role + 3 - GUIDE) % 3 if by_role else 0
            if best < 0 or mine < turn or (mine == turn and left > most):
                best, most, turn = w, left, mine
        w = worker.next
    return best


@rule()
def skill(t, worker, now):
    """R9, R17. Factor of success of whoever holds the post: new people have to learn (learning curve 学习曲线).

    1 − ``careers.unskilled`` · exp(−(``now`` − since) ÷ ``careers.learning_days``) for full- and part-timers with
    ``rules.careers``, else 1: a firm sends people who know the site.
    """
    p = t.settings[0]
    if p.rules_careers == 0 or worker.role >= CHIEF:
        return 1.0
    return 1.0 - p.careers_unskilled * math.exp(-(now - worker.since) / p.careers_learning_days)


@rule()
def pace(t, worker):
    """R9, R17. Speed of an attempt: load makes people faster, overwork slower again (KC & Terwiesch 2009; Delasay et
    al. 2016).

    1 + ``careers.speed_up`` · max(0, load − ``careers.brisk_from``) − ``careers.overwork`` · max(0, strain −
    ``careers.tired_from``), but at least 0.5, for full- and part-timers with ``rules.careers``, else 1. Both lie in 0
    to 1, so that it is bounded above as well.
    """
    p = t.settings[0]
    if p.rules_careers == 0 or worker.role >= CHIEF:
        return 1.0
    brisk = p.careers_speed_up * max(0.0, worker.load - p.careers_brisk_from)
    return max(0.5, 1.0 + brisk - p.careers_overwork * max(0.0, worker.strain - p.careers_tired_from))


@rule()
def call_worker(t, g, now):
    """R9. Idle workers take waiting cases. Hours: the attempt, entry of an unregistered reporter, travel.

    While a case waits and ``idle_worker`` finds who handles: ``take_first``, queued 0, hours = service duration
    (SERVICE, attempt = attempts so far) · (1 + ``staff.periphery_penalty`` · periphery of ``case.grid``), times 1 +
    ``staff.travel_penalty`` if ``case.grid`` is not the grid that serves it; plus, with ``rules.intake``,
    ``intake.unregistered_hours`` if a resident reported it, nobody has tried yet (attempts = 0), and the resident is
    known and not registered; and ``feedback.hours`` if it is for him to tell (``tells``). Then ``begin``.
    """
    p = t.settings[0]
    grid = t.grid[g]
    while grid.head >= 0:
        which = idle_worker(t, g, now, False)
        if which < 0:
            return
        n = take_first(t.case, grid, p.handling_selectivity)
        case = t.case[n]
        case.queued = 0
        hours = duration(t, SERVICE, case, case.attempts)
        hours *= 1.0 + p.staff_periphery_penalty * t.grid[case.grid].periphery
        if case.grid != g:
            hours *= 1.0 + p.staff_travel_penalty
        if p.rules_intake == 1 and case.channel == BY_RESIDENT and case.attempts == 0 and case.resident >= 0:
            hours += p.intake_unregistered_hours * (1 - t.resident[case.resident].registered)
        if tells(t, case):
            hours += p.feedback_hours
        begin(t, which, n, now, hours)


@rule()
def on_the_spot(t, n, now):
    """R9. A patrolling worker settles it at once, if one of the grid is free; otherwise it goes the usual way.

    Returns False when nobody of ``case.grid`` is idle (``idle_worker``, anybody): then it is AT_GRID at that moment.
    Else handler = ``case.grid``, load + 1, and ``begin`` with the duration ON_THE_SPOT (attempt 0), without penalties.
    It still draws success, and a failure counts as an attempt.
    """
    case = t.case[n]
    which = idle_worker(t, case.grid, now, True)
    if which < 0:
        return False
    case.handler = case.grid
    t.grid[case.grid].load += 1
    begin(t, which, n, now, duration(t, ON_THE_SPOT, case, 0))
    return True


@rule()
def begin(t, which, n, now, hours):
    """R9. A worker takes a case in hand; no worker ever has two.

    ``take_up``; the hours are divided by the worker's ``pace``; WORKER_DONE of the worker when ``deliver`` says that
    they are done.
    """
    worker = t.worker[which]
    case = t.case[n]
    hours /= pace(t, worker)
    worker.case = n
    worker.events += 1
    take_up(t, n, now)
    note(t, n, now, WORKER_BEGINS, which, NOBODY, hours)
    t.day[t.tally[0].day].attempts += 1
    push(t, deliver(t, which, now, hours), WORKER_DONE, which, case.version)


@rule()
def attempt_over(t, which, now):
    """R9. An attempt ends; success = logistic(ability − slope · complexity), times the local bonus of a dedicated grid
    whose own people handle it.

    Complexity belongs to the case, so a hard one stays hard; what is mediated is harder once it has escalated (R2).
    Returns (case, 1 solved, 0 to try again, −1 exhausted).

    The worker is idle, in_hand 0, load of the handler − 1. Luck is word 0 of (ATTEMPT, attempt = attempts before this
    one); then attempts + 1. Solved if luck < 1 ÷ (1 + exp(−(``handling.ability`` − ``handling.complexity_slope`` · c)))
    · ``local_gain`` of the handler · ``mediation`` now · ``skill`` of the worker now. Else exhausted if attempts ≥
    ``handling.max_attempts`` (experts' attempts included) and ``rules.departments`` is on.
    """
    p = t.settings[0]
    worker = t.worker[which]
    n = worker.case
    worker.case = -1
    case = t.case[n]
    case.in_hand = 0
    t.grid[case.handler].load -= 1
    luck = chances(t, ATTEMPT, case, case.attempts)[0]
    case.attempts += 1
    chance = 1.0 / (1.0 + math.exp(-(p.handling_ability - p.handling_complexity_slope * case.complexity)))
    if luck < chance * t.grid[case.handler].local_gain * mediation(t, case, now) * skill(t, worker, now):
        note(t, n, now, ATTEMPT_WORKED, which, NOBODY, 0.0)
        return n, 1
    note(t, n, now, ATTEMPT_FAILED, which, NOBODY, 0.0)
    if case.attempts >= p.handling_max_attempts and p.rules_departments == 1:
        return n, -1
    return n, 0


@rule()
def try_again(t, n, now):
    """R9. A failed case arrives at its grid anew (AT_GRID now); where no department can be called, after a day once in
    vain.

    In vain: attempts ≥ ``handling.max_attempts``; then AT_GRID at the beginning of the next day, floor(now) + 1. It
    joins the end of the queue, or of the urgent, and ``handler_of`` is asked again.
    """
    case = t.case[n]
    vain = case.attempts >= t.settings[0].handling_max_attempts
    push(t, math.floor(now) + 1.0 if vain else now, AT_GRID, n, case.version)


@rule()
def regroup(t, now):
    """R9. After a policy moved staff or grids: queues without anybody to serve them are sent on, idle hands are called.

    Grids in order of their rows, where somebody waits. With hands 0, from the head on, who would be served elsewhere
    (``handler_of`` the grid of its place now) leaves the queue and is AT_GRID now; the others wait on. Then,
    with hands, ``call_worker``.
    """
    for g in range(len(t.grid)):
        grid = t.grid[g]
        n = grid.head
        while n >= 0 and grid.hands == 0.0:
            behind = t.case[n].next
            if handler_of(t, t.place[t.case[n].place].grid) != g:
                leave_queue(t, n)
                push(t, now, AT_GRID, n, t.case[n].version)
            n = behind
        if grid.head >= 0 and grid.hands > 0.0:
            call_worker(t, g, now)


@columns(WORKER_DTYPE, "worker")
class Gridworker(RowAgent):
    """网格员: full-time 专职, part-time 兼职, or staff of the firm in a dedicated grid."""

    @property
    def role_name(self) -> str:
        """Role in words."""
        return ROLES[self.role]

    @property
    def is_busy(self) -> bool:
        """True while a case is in hand."""
        return self.case >= 0
