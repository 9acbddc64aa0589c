"""Careers of gridworkers (R17): load, strain and burnout, who quits, posts that stand vacant, and who is at work.

A row of ``WORKER_DTYPE`` is a post. Who holds it may leave; it is vacant then, until a new person takes it over, who
has everything to learn. Careers have the full-timers 专职 and part-timers 兼职 who work hours. Nominal people (挂名)
neither tire nor leave, and firm staff are replaced by their firm at once, by people who know the site. Numbers of staff
are posts: some of them are vacant at any moment.

Of "1+3+N" a comprehensive grid has full- and part-timers only. Its chief 网格长, supervisor 督导员 and police 警务员
have no rows: the paper gives neither their number nor their hours.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gridsim.model.compiled import entry, rule
from gridsim.model.draws import CAREERS, CITY_STAFF, uniforms
from gridsim.model.gridworkers import CHIEF, FULL_TIME, GUIDE, PART_TIME, YEAR, accrue, allot_patrol, regroup, skill
from gridsim.scenario.scenario import Scenario

WEEKS = 28
"""Days between two looks at everybody's career."""
FIRST_LOOK = 2048
"""Number of the look of day 0: numbers of earlier ones, in a warm-up of at most 100 years, are positive too."""


@rule()
def has_career(worker):
    """R17. Full-timers and part-timers who are neither nominal nor away; their post may be vacant."""
    return worker.role < CHIEF and worker.nominal == 0 and worker.away == 0


@rule()
def look_at_staff(t, day):
    """R17. Every four weeks: how hard everybody worked, who leaves, and which vacant posts are filled.

    On days divisible by 28 with ``rules.careers``, before the day's incidents and events, by the levers then in force:
    ``next_weeks`` for all rows in order. If that changed whether a post is held, the account of hours is credited up to
    ``day`` − 1 (``accrue``, with the fte that held until now): it belongs to the post, and a vacant one earns nothing.
    If any changed, ``muster``, then ``regroup`` at the first moment of the day: patrol, cover and queues follow at
    once. Last, ``take_stock``.
    """
    p = t.settings[0]
    if p.rules_careers == 0 or day % WEEKS != 0:
        return
    changed = False
    for w in range(len(t.worker)):
        if next_weeks(t, w, day):
            accrue(t, w, day - 1)
            changed = True
    if changed:
        muster(t)
        regroup(t, float(day))
    take_stock(t, day)


@rule()
def next_weeks(t, which, day):
    """R17. One post's next four weeks; returns True if it was left or filled.

    Nothing for those without a career (``has_career``). One call (CAREERS, entity (row, 2048 + floor(day ÷ 28)),
    attempt 0). A vacant post is filled if word 1 < 28 ÷ ``careers.vacancy_days`` and nothing is in hand: so vacancies
    last four weeks or a multiple, geometric, of that mean. The new person has since = ``day``, burnout =
    ``careers.burnout_base``, and load, strain and owed 0.

    In a held post, hours = ``event_hours`` less ``counted``, which becomes ``event_hours``. They join those ``owed``:
    work is booked when it begins and may take months. Budget = ``event_hours_year`` · fte · 28 ÷ 365, or with
    ``rules.hours`` off hours_a_day · 28 (· 5 ÷ 7 in office hours). load = min(1, owed ÷ budget), 0 without a budget;
    then owed falls by the budget, to 0 at least. strain += (1 − exp(−28 ÷ ``careers.strain_days``)) · (load − strain).

    Burnout (job demands and resources: Demerouti et al. 2001; domain form B ← B + ω (demands − resources), recovery):
    demands = a + (1 − a) · strain, a = ``admin_share_now``; burnout += ``careers.wear`` · (demands −
    ``careers.resources``) − ``careers.recovery`` · (burnout − burnout_base), cut to 0…1.

    Hazard a year = ``careers.turnover`` · exp(``careers.burnout_slope`` · (burnout − burnout_base)) · (1 −
    ``careers.incentive_effect`` · ``careers.incentive``). The person leaves now if word 0 < 1 − exp(−hazard · 28 ÷
    365); quits of the day + 1. A case in hand is finished: the attempt runs to its end by the leaver's skill and pace.
    So a stronger incentive only ever keeps some of those who would have left.
    """
    p = t.settings[0]
    worker = t.worker[which]
    if not has_career(worker):
        return False
    leaves, filled, _, _ = uniforms(p.seed, p.replicate, CAREERS, which, FIRST_LOOK + day // WEEKS, 0)
    if worker.vacant == 1:
        if worker.case >= 0 or filled >= WEEKS / p.careers_vacancy_days:
            return False
        worker.vacant = 0
        worker.since = day
        worker.burnout = p.careers_burnout_base
        worker.load = worker.strain = worker.owed = 0.0
        worker.counted = worker.event_hours
        return True
    budget = p.event_hours_year * worker.fte * WEEKS / YEAR
    if p.rules_hours == 0:
        budget = p.hours_a_day * WEEKS * (5.0 / 7.0 if p.office == 1 else 1.0)
    worker.owed += worker.event_hours - worker.counted
    worker.counted = worker.event_hours
    worker.load = min(1.0, worker.owed / budget) if budget > 0.0 else 0.0
    worker.owed = max(0.0, worker.owed - budget)
    worker.strain += (1.0 - math.exp(-WEEKS / p.careers_strain_days)) * (worker.load - worker.strain)
    demands = p.admin_share_now + (1.0 - p.admin_share_now) * worker.strain
    above = worker.burnout - p.careers_burnout_base
    burnout = worker.burnout + p.careers_wear * (demands - p.careers_resources) - p.careers_recovery * above
    worker.burnout = min(1.0, max(0.0, burnout))
    hazard = p.careers_turnover * math.exp(p.careers_burnout_slope * (worker.burnout - p.careers_burnout_base))
    hazard *= 1.0 - p.careers_incentive_effect * p.careers_incentive
    if leaves >= 1.0 - math.exp(-hazard * WEEKS / YEAR):
        return False
    worker.vacant = 1
    t.day[t.tally[0].day].quits += 1
    return True


@entry
def take_stock(t, day):
    """R17. Means over the posts held by those with a career: ``strain``, ``burnout``, and ``skill`` at ``day``; 0 if
    none.

    In the tally until the next time, from the start on; the sum runs over rows in order. With ``rules.careers`` off
    they stay 0.
    """
    tally = t.tally[0]
    if t.settings[0].rules_careers == 0:
        return
    n, strain, burnout, learnt = 0, 0.0, 0.0, 0.0
    for w in range(len(t.worker)):
        worker = t.worker[w]
        if has_career(worker) and worker.vacant == 0:
            n += 1
            strain += worker.strain
            burnout += worker.burnout
            learnt += skill(t, worker, float(day))
    tally.strain, tally.burnout, tally.skill = strain / max(n, 1), burnout / max(n, 1), learnt / max(n, 1)


@entry
def muster(t):
    """R17. Who is at work, and what hangs on it: full-time equivalents, hands, cover, patrol, the budget of hours.

    fte of a worker: 1 for a full-timer, ``staff.part_time_fte``, ``dedicated.staff_fte`` for staff of a firm; 0 if
    nominal, away, or vacant. He handles cases (``handles`` 1) unless he is a part-timer, ``rules.roles`` is on and
    ``roles.part_time_handling`` off. A grid has the sum of its workers' fte, and ``hands``, the sum over those who
    handle, both in order of rows; ``guide`` is 1 in a dedicated grid where a guide has fte > 0.

    With ``rules.careers``, in the tally: ``posts`` of those with a career, ``vacant`` ones, the fte that these lack,
    and the event budget a day = ``event_hours_year`` · Σ fte ÷ 365, in order of rows. Last, ``back_up`` and
    ``allot_patrol``.
    """
    p = t.settings[0]
    tally = t.tally[0]
    for g in range(len(t.grid)):
        grid = t.grid[g]
        grid.fte = grid.hands = 0.0
        grid.guide = 0
    tally.posts = tally.vacant = 0
    tally.vacant_fte = 0.0
    everybody = 0.0
    for w in range(len(t.worker)):
        worker = t.worker[w]
        grid = t.grid[worker.grid]
        kept = worker.role == PART_TIME and p.rules_roles == 1 and p.roles_part_time_handling == 0
        worker.handles = 0 if kept else 1
        worker.fte = 0.0
        if worker.nominal == 1 or worker.away == 1:
            continue
        rate = p.dedicated_staff_fte
        if worker.role == FULL_TIME:
            rate = 1.0
        elif worker.role == PART_TIME:
            rate = p.staff_part_time_fte
        if worker.role < CHIEF and p.rules_careers == 1:
            tally.posts += 1
        if worker.vacant == 1:
            tally.vacant += 1
            tally.vacant_fte += rate
            continue
        worker.fte = rate
        everybody += rate
        grid.fte += rate
        if worker.handles == 1:
            grid.hands += rate
        if worker.role == GUIDE and grid.dedicated == 1 and rate > 0.0:
            grid.guide = 1
    if p.rules_careers == 1:
        tally.event_budget = p.event_hours_year * everybody / YEAR
    back_up(t)
    allot_patrol(t)


@rule()
def back_up(t):
    """R9. The grid that serves when nobody of the community can (``fallback``): the nearest able one in row order, of
    the same district if any.

    Able: comprehensive, with hands > 0 and at least ``staff.cover_below_fte``; if there is none in the city, with hands
    > 0; if there is none either, each grid its own. By the grid's own row, or that of its host if it is dedicated: of
    the first able row at or above it (the last of all where there is none) and the able row before that one (the same
    where there is none), the one less rows away, one of another district counting 10⁶ more; ties to the lower row.
    """
    least = t.settings[0].staff_cover_below_fte
    after, before = t.pool[0], t.pool[1]  # scratch: rows of the able
    last = -1
    for attempt in range(2):
        last = -1
        for g in range(len(t.grid)):
            grid = t.grid[g]
            before[g] = last
            if grid.dedicated == 0 and grid.hands > 0.0 and (grid.hands >= least or attempt == 1):
                last = g
                after[g] = g
            else:
                after[g] = -1.0
        if last >= 0:
            break
    following = last
    for g in range(len(t.grid) - 1, -1, -1):
        if after[g] >= 0.0:
            following = g
        after[g] = following
    for g in range(len(t.grid)):
        grid = t.grid[g]
        if last < 0:
            grid.fallback = g
            continue
        home = grid.host if grid.dedicated == 1 else g
        right = int(after[home])
        left = int(before[right]) if before[right] >= 0.0 else right
        grid.fallback = left if _apart(t, home, left, grid.district) <= _apart(t, home, right, grid.district) else right


@rule()
def _apart(t, home, other, district):
    """R9. Rows between two grids, and 10⁶ if the other is not of the district."""
    return abs(other - home) + (1_000_000 if t.grid[other].district != district else 0)


def begin_careers(worker: Any, first: int, city: Any, s: Scenario, day: int, at_start: bool) -> None:
    """R17. State of the posts from row ``first`` on, in place: the stationary law at the start, new people later.

    Everybody: burnout = ``careers.burnout_base``, load and strain 0. Posts that a lever adds later are held, since
    ``day``. At the start, with h = turnover · (1 − incentive_effect · incentive) a year and one call of the city a row
    (axis 4): people of firms and all others are there since ``day`` + 365 ÷ h · ln(word 1) (−10⁹ where h = 0), and
    posts of gridworkers are vacant if word 0 < p ÷ (p + 28 ÷ vacancy_days), p = 1 − exp(−h · 28 ÷ 365). Nothing with
    ``rules.careers`` off.
    """
    if not s.rules.careers:
        return
    c = s.careers
    worker.burnout[first:] = c.burnout_base
    worker.since[first:] = day
    if at_start:
        luck = city.draw(CITY_STAFF, len(worker), axis=4)
        hazard = c.turnover * (1 - c.incentive_effect * c.incentive)
        leave = -np.expm1(-hazard * WEEKS / YEAR)
        worker.since[:] = day + YEAR / hazard * np.log(luck[:, 1]) if hazard > 0 else -1e9
        worker.vacant[:] = (luck[:, 0] < leave / (leave + WEEKS / c.vacancy_days)) & (worker.role < CHIEF)
