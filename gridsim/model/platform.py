"""The platform 综治平台: audits reports (R7), finds the owner (R8), and whistles departments or refers (R11)."""

from __future__ import annotations

import math

from gridsim.model.agenda import AT_DEPARTMENT, AT_GRID, ON_THE_SPOT_CALL, REFERRED, RESUMED, SETTLED, push
from gridsim.model.cases import (
    AT_ONSET,
    BY_PATROL,
    BY_RESIDENT,
    BY_VIDEO,
    BY_WARNING,
    MOST_DEPARTMENTS,
    OPEN,
    become_latent,
    blank,
    count_open,
    how_many,
    is_followed,
    nature,
    open_file,
    partners,
)
from gridsim.model.compiled import rule
from gridsim.model.departments import FALSE, answered, new_task
from gridsim.model.draws import DROP, INTAKE, STOCK, STOCK_LIES, TRIAGE, WHISTLE, chances, duration, sample, uniforms
from gridsim.model.experts import can_hand_over, hand_over
from gridsim.model.settings import DISPUTE, HOP, REPORT_IN, RETURN, STALLED
from gridsim.model.story import (
    CLIMBS,
    DEPARTMENTS_CALLED,
    DISPUTED,
    LIES_STALLED,
    LINKED_UP,
    NOBODY,
    NOT_LINKED,
    REFERRED_TO,
    REJECTED,
    REPORTED_BY,
    REPORTS_IN,
    SENT_BACK,
    TAKEN_UP_AGAIN,
    note,
)

MOST_RETURNS = 20
"""Returns of one dispatch are cut at this."""


@rule()
def intake(t, n, now):
    """R7. Audit a report: an invalid one is no incident, a duplicate is known, a real one may be wrongly rejected.

    False reports and duplicates are counted in a ledger of their own, outside conservation: beside every genuine report
    false ones come in such a ratio (whole part certain) that the share v of all passes the audit, wrongly rejected ones
    (w) and duplicates taken into account. An incident wrongly rejected is latent again and looked for from the next day
    on.

    Each report counts by its channel, one AT_ONSET not at all. With ``rules.intake``, and unless it is reported
    AT_ONSET, one call (INTAKE, attempt = rejections so far). Extra false reports: r = ``false_patrol``,
    ``false_residents`` or ``warning.false`` by channel, 0 for cameras; floor(r), and one more if word 1 < r − floor(r);
    they count as reports of the channel and as invalid. A resident's report is doubled if word 2 < d ÷ (1 − d), d =
    ``intake.duplicates``: one more report and one duplicate. Wrongly rejected if word 0 < ``intake.wrong_rejection``:
    one more invalid, rejections + 1, channel 0, and ``become_latent`` since floor(now) + 1, with new exposures; nothing
    else happens. The state stays LATENT.

    Else it is valid (AT_ONSET among the valid ones of residents), ``lately`` of its place grows by 1, then
    ``open_file`` and ``dispatch``.
    """
    p = t.settings[0]
    tally = t.tally[0]
    today = t.day[tally.day]
    case = t.case[n]
    patrolled = case.channel == BY_PATROL
    note(t, n, now, REPORTED_BY, case.channel, NOBODY, 0.0)
    if patrolled:
        today.patrol_reports += 1
    elif case.channel == BY_RESIDENT:
        today.resident_reports += 1
    elif case.channel == BY_VIDEO:
        today.video_reports += 1
    elif case.channel == BY_WARNING:
        today.warnings += 1
    if p.rules_intake == 1 and case.channel != AT_ONSET:
        wrong, false, twice, _ = chances(t, INTAKE, case, case.rejections)
        ratio = p.false_patrol if patrolled else (p.false_residents if case.channel == BY_RESIDENT else 0.0)
        if case.channel == BY_WARNING:
            ratio = p.warning_false
        repeats = p.intake_duplicates / (1.0 - p.intake_duplicates)
        extra = int(ratio) + (1 if false < ratio - int(ratio) else 0)
        if patrolled:
            today.patrol_reports += extra
        elif case.channel == BY_WARNING:
            today.warnings += extra
        elif case.channel == BY_RESIDENT:
            today.resident_reports += extra
            if twice < repeats:
                today.resident_reports += 1
                today.duplicates += 1
        today.invalid += extra
        if wrong < p.intake_wrong_rejection:
            today.invalid += 1
            case.rejections += 1
            note(t, n, now, REJECTED, NOBODY, NOBODY, 0.0)
            case.channel = 0
            become_latent(t, n, math.floor(now) + 1.0)
            return
    if patrolled:
        today.valid_patrol += 1
    elif case.channel == BY_VIDEO:
        today.valid_video += 1
    elif case.channel == BY_WARNING:
        today.valid_warnings += 1
    else:
        today.valid_residents += 1
    t.place[case.place].lately += 1.0
    open_file(t, n, now)
    dispatch(t, n, now)


@rule()
def dispatch(t, n, now):
    """R8. Find the owner: misrouted dispatches return (geometric), edge cases of a dedicated grid are disputed.

    A case settled on the spot needs no dispatch: ON_THE_SPOT_CALL now. Any other climbs ``triage.hops`` tiers to the
    centre that registers and dispatches it, or ``linkage.hops`` tiers if it needs departments. A share is dispatched
    automatically and residents' reports through a green channel, without hops unless departments are needed; what a
    camera found climbs down to the community from where video command ends. A department case that an expert can settle
    is handed to him instead (R10).

    Automatic if word 1 of (TRIAGE, attempt 0) < ``triage.automatic``. Delay, with ``rules.triage``: ``_returns`` of
    course 0 at ``triage.automatic_accuracy`` or ``triage.accuracy``. With ``rules.boundary``, for an edge case of a
    dedicated grid: disputed unless word 0 of (TRIAGE, attempt 9999) < ``agreement``; a dispute adds DISPUTE
    (attempt 0).

    Hops h: 0 if automatic, or a resident's report through ``intake.green_channel``; else 4 − ``video.command_depth``
    for a camera's; else ``triage.hops``. Then, time = now + delay + climb of course 0:

    - K = 0: climb h, AT_GRID.
    - ``instead`` = 1 and ``can_hand_over`` now: climb h, then ``hand_over`` at that time; counted as substituted.
    - else: ``instead`` = 0, climb ``linkage.hops`` (automatic or not), REFERRED.
    """
    p = t.settings[0]
    case = t.case[n]
    if case.on_the_spot == 1:
        push(t, now, ON_THE_SPOT_CALL, n, case.version)
        return
    automatic = chances(t, TRIAGE, case, 0)[1] < p.triage_automatic
    delay = 0.0
    if p.rules_triage == 1:
        delay += _returns(t, n, p.triage_automatic_accuracy if automatic else p.triage_accuracy, 0, now)
    if p.rules_boundary == 1 and case.edge == 1 and t.grid[case.grid].dedicated == 1:
        agree = chances(t, TRIAGE, case, 9999)[0]
        if agree >= agreement(t, case.grid):
            t.day[t.tally[0].day].disputes += 1
            note(t, n, now + delay, DISPUTED, NOBODY, NOBODY, 0.0)
            delay += duration(t, DISPUTE, case, 0)
    if automatic or (p.intake_green_channel == 1 and case.channel == BY_RESIDENT):
        hops = 0
    elif case.channel == BY_VIDEO:
        hops = COMMUNITY_TIER - p.video_command_depth
    else:
        hops = p.triage_hops
    if case.needs == 0:
        push(t, now + delay + climb(t, n, hops, 0, now + delay), AT_GRID, n, case.version)
    elif case.instead == 1 and can_hand_over(t, n):
        hand_over(t, n, now + delay + climb(t, n, hops, 0, now + delay))
        t.day[t.tally[0].day].substituted += 1
    else:
        case.instead = 0
        push(t, now + delay + climb(t, n, p.linkage_hops, 0, now + delay), REFERRED, n, case.version)


@rule()
def agreement(t, g):
    """R8. Chance that a dedicated grid and the community agree on the owner of an edge case without a dispute.

    ``dedicated.interoperation`` = i; with ``rules.roles``, where a guide 指导员 is at work (``guide`` 1), he links the
    two: 1 − (1 − i) · (1 − ``roles.guide_bridge``).
    """
    p = t.settings[0]
    if p.rules_roles == 1 and t.grid[g].guide == 1:
        return 1.0 - (1.0 - p.dedicated_interoperation) * (1.0 - p.roles_guide_bridge)
    return p.dedicated_interoperation


@rule()
def _returns(t, n, accuracy, course, now):
    """R8, R11. Delay of Geometric(accuracy) returns, each with its own keyed delay; ``course`` tells the dispatches
    apart.

    Word 0 of (TRIAGE, attempt = course) is u; the number k of returns is the least with u ≤ Σ a (1 − a)^j over j = 0…k,
    a the accuracy, at most MOST_RETURNS. The delay is the sum of RETURN (attempts course · 64 + 0 … k − 1), calendar
    days, times ``follow_up.delay_factor`` if it is followed. Course 0 is the dispatch, 1 + stage + 8 · reopened a
    referral.
    """
    p = t.settings[0]
    case = t.case[n]
    u = chances(t, TRIAGE, case, course)[0]
    delay = 0.0
    k = 0
    within = accuracy
    while u > within and k < MOST_RETURNS:
        delay += duration(t, RETURN, case, course * 64 + k)
        k += 1
        within += accuracy * (1.0 - accuracy) ** k
    case.returns += k
    if k > 0:
        note(t, n, now, SENT_BACK, NOBODY, NOBODY, float(k))
    return delay * p.follow_up_delay_factor if k > 0 and is_followed(t, case) else delay


@rule()
def climb(t, n, hops, course, now):
    """R8. Delay of ``hops`` hops up the tiers of centres; hop k of a case takes the same time under every policy.

    The sum of HOP (attempts course · 64 + 0 … hops − 1), calendar days; ``hops`` of the case grow. Course 0 is the
    dispatch, 1 the way to departments after all attempts failed. No hops, no delay.
    """
    case = t.case[n]
    delay = 0.0
    for k in range(hops):
        delay += duration(t, HOP, case, course * 64 + k)
    case.hops += hops
    if hops > 0:
        note(t, n, now, CLIMBS, NOBODY, NOBODY, float(hops))
    return delay


@rule()
def whistle(t, n, now):
    """R11. The grid whistles (网格吹哨): the departments answer with chance ρ, or the case is referred one by one.

    The chance falls when the lead department is over-whistled; and with genuine whistles come false ones, which keep a
    team busy too if they are answered.

    Answered: each department reports in after its own delay and all work side by side, so the case takes the longest of
    them; with ``linkage.parallel`` off they follow one another.

    One call (WHISTLE, attempt = reopened); ρ by ``answered``. First: if word 1 < ``false_share`` and word 2 < ρ, a
    false whistle: a new sub-task (part −1) that is AT_DEPARTMENT after REPORT_IN (attempt 100 + reopened). Then:
    whistled 1, stage 0, linked if word 0 < ρ. Linked: ever_linked 1, together = ``linkage.parallel``; pending = K side
    by side, else 1; ``_report_in`` for parts 0…pending − 1, in order. Not linked: ``refer``.
    """
    p = t.settings[0]
    case = t.case[n]
    today = t.day[t.tally[0].day]
    today.whistles += 1
    answer, false, taken_in, _ = chances(t, WHISTLE, case, case.reopened)
    rho = answered(t, case.department[0])
    if false < p.false_share and taken_in < rho:
        today.false_whistles += 1
        task = new_task(t, n, FALSE)
        push(t, now + duration(t, REPORT_IN, case, 100 + case.reopened), AT_DEPARTMENT, task, case.version)
    case.whistled = 1
    case.linked = 1 if answer < rho else 0
    case.stage = 0
    if case.linked == 1:
        case.ever_linked = 1
        note(t, n, now, LINKED_UP, NOBODY, NOBODY, float(case.needs))
        today.linked += 1
        case.together = p.linkage_parallel  # a course once begun is kept when the lever changes
        at_once = case.needs if case.together == 1 else 1
        case.pending = at_once
        for k in range(at_once):
            _report_in(t, n, k, now)
    else:
        note(t, n, now, NOT_LINKED, NOBODY, NOBODY, float(case.needs))
        refer(t, n, now)


@rule()
def _report_in(t, n, k, now):
    """R11. A department of a linked case reports in: a new sub-task is AT_DEPARTMENT after REPORT_IN (attempt =
    reopened · 8 + part).

    Calendar days; it may arrive outside working hours.
    """
    case = t.case[n]
    task = new_task(t, n, k)
    note(t, n, now, REPORTS_IN, case.department[k], k, 0.0)
    push(t, now + duration(t, REPORT_IN, case, case.reopened * 8 + k), AT_DEPARTMENT, task, case.version)


@rule()
def refer(t, n, now):
    """R11. Unlinked: the department of this stage may let the case lie (stalled, taken up again later), or takes it.

    Dropped with chance ``linkage.drop``, again at every resumption; otherwise it arrives after the returns of a
    referral, whose accuracy the information silo lowers. Stalled is never for ever: re-entry after ``linkage.stalled``.

    Dropped if word 0 of (DROP, attempt = (reopened · 8 + stage) · 256 + drops) < ``linkage.drop``: stalled 1, RESUMED
    after STALLED (attempt = drops before this one; calendar days, times ``follow_up.delay_factor`` if followed), then
    drops + 1; drops count over all stages. Else, with ``rules.triage``, the delay is ``_returns`` of course 1 + stage +
    8 · reopened at ``referral_accuracy``; a new sub-task (part = stage) is AT_DEPARTMENT after it, pending = 1.
    """
    p = t.settings[0]
    case = t.case[n]
    luck = chances(t, DROP, case, (case.reopened * 8 + case.stage) * 256 + case.drops)[0]  # each stage and try
    if luck < p.linkage_drop:
        case.stalled = 1
        t.tally[0].stalled += 1
        note(t, n, now, LIES_STALLED, case.department[case.stage], case.stage, 0.0)
        lies = duration(t, STALLED, case, case.drops)
        lies *= p.follow_up_delay_factor if is_followed(t, case) else 1.0
        push(t, now + lies, RESUMED, n, case.version)
        case.drops += 1
        return
    note(t, n, now, REFERRED_TO, case.department[case.stage], case.stage, 0.0)
    course = 1 + case.stage + 8 * case.reopened
    delay = _returns(t, n, p.referral_accuracy, course, now) if p.rules_triage == 1 else 0.0
    task = new_task(t, n, case.stage)
    case.pending = 1
    push(t, now + delay, AT_DEPARTMENT, task, case.version)


@rule()
def resume(t, n, now):
    """R11. A stalled case is taken up again: no longer stalled, then ``refer`` at the same stage."""
    case = t.case[n]
    case.stalled = 0
    t.tally[0].stalled -= 1
    note(t, n, now, TAKEN_UP_AGAIN, case.department[case.stage], case.stage, 0.0)
    refer(t, n, now)


@rule()
def part_done(t, n, now):
    """R11, R12. A department has finished its part: the case is settled when none is left, else it goes on to the next.

    pending − 1; while others work, nothing more. If the departments come one by one (not linked, or linked and not
    together) and stage + 1 < K: stage + 1, and for a linked case pending = 1 and ``_report_in``, else ``refer``.
    Otherwise SETTLED now. Departments do not fail.
    """
    case = t.case[n]
    case.pending -= 1
    if case.pending > 0:
        return
    one_by_one = case.linked == 0 or case.together == 0
    if one_by_one and case.stage + 1 < case.needs:
        case.stage += 1
        if case.linked == 1:
            case.pending = 1
            _report_in(t, n, case.stage, now)
        else:
            refer(t, n, now)
    else:
        push(t, now, SETTLED, n, case.version)


@rule()
def exhausted(t, n, now):
    """R9, R10, R11. Every attempt failed: departments are called, those the case needs or else one (K = 1), up the
    tiers.

    If K = 0: exhausted 1, K = 1, ``partners`` (its own field). Then ``climb`` of ``linkage.hops`` with course 1, and
    REFERRED.
    """
    p = t.settings[0]
    case = t.case[n]
    if case.needs == 0:
        case.exhausted = 1
        case.needs = 1
        partners(t, n)
    note(t, n, now, DEPARTMENTS_CALLED, NOBODY, NOBODY, float(case.needs))
    push(t, now + climb(t, n, p.linkage_hops, 1, now), REFERRED, n, case.version)


@rule()
def stalled_stock(t, start, rate, span, below, formal_for_good):
    """R11. Fill the start with its stationary stock of stalled cases.

    Relaxation takes stalled time ÷ (1 − drop), hundreds of days, so warm-up alone cannot reach it. Referrals of the
    last ``span`` days before ``start`` come at ``rate`` a day to a place and category drawn from ``below`` (cumulative,
    shape places × categories), play only the lottery of being dropped and taken up, and those still lying at ``start``
    are opened with their true age. Rate, span, below and formal_for_good: ``World._stock_law``.

    s = start − span, i = 0. Repeat: one call (STOCK, place 0, ordinal i, attempt 0); s grows by −ln(word 0) ÷ rate;
    stop if s ≥ start; i + 1, and every later key of this referral uses the increased i. Skip it if word 3 <
    ``formal_for_good`` (closed on paper for good). Cell: the first whose ``below`` is not below word 1 (the last at
    most); place = cell ÷ categories, category = the remainder. K by ``how_many``(word 2).

    Then stage 0, drops 0, now = s; while now < start and stage < K: dropped if word 0 of (STOCK, place 1 + stage,
    ordinal i, attempt 1 + drops) < ``linkage.drop``; then now grows by a draw of ``linkage.stalled`` keyed (STOCK_LIES,
    place 1 + stage, ordinal i, attempt 1 + drops) and drops + 1; else stage + 1, at once. If now ≥ start and stage < K,
    it is laid down (``_lay_down``), reported at s, stalled until now.
    """
    p = t.settings[0]
    categories = len(t.category)
    s, i = start - span, 0
    while True:
        gap, where, many, gone = uniforms(p.seed, p.replicate, STOCK, 0, i, 0)
        s -= math.log(gap) / rate
        if s >= start:
            break
        i += 1
        if gone < formal_for_good:
            continue
        cell = min(int(_search(below, where)), len(below) - 1)
        place, category = cell // categories, cell % categories
        stage, drops, now = 0, 0, s
        needed = how_many(t, many)
        while now < start and stage < needed:
            luck = uniforms(p.seed, p.replicate, STOCK, 1 + stage, i, 1 + drops)[0]
            if luck < p.linkage_drop:
                d = t.duration[STALLED]
                now += sample(d.kind, d.scale, d.spread, p.seed, p.replicate, STOCK_LIES, 1 + stage, i, 1 + drops)
                drops += 1
            else:
                stage += 1
        if now >= start and stage < needed:
            _lay_down(t, place, category, i, s, needed, stage, now)


@rule()
def _search(below, u):
    """First index whose cumulative value reaches ``u`` (binary search)."""
    low, high = 0, len(below)
    while low < high:
        mid = (low + high) // 2
        if below[mid] < u:
            low = mid + 1
        else:
            high = mid
    return low


@rule()
def _lay_down(t, place, category, i, reported, needed, stage, until):
    """R11. A case of the stock: an open file, stalled, overdue, to be taken up again at ``until``.

    A row by ``blank`` with ordinal 2³¹ − 1 − i (i as increased) at its place, onset = reported = s, the category drawn,
    found by patrol, no resident, deadline = s + the category's (no severity asked), no DEADLINE_DUE, overdue 1.
    ``nature`` as for every case; then K as in the lottery and ``partners`` anew (none beyond K), on_the_spot 0. Stage
    as reached, stalled 1, drops 8. Counted as arisen (in the tally, not in a day), open and stalled. RESUMED at
    ``until``, version 0.
    """
    tally = t.tally[0]
    n = blank(t, place, 2**31 - 1 - i, reported, 0.0)
    case = t.case[n]
    case.category = category
    case.channel = BY_PATROL
    case.state = OPEN
    case.reported = reported
    case.deadline = reported + t.category[category].deadline
    case.overdue = 1
    nature(t, n)
    for k in range(needed, MOST_DEPARTMENTS):
        case.department[k] = -1
    case.needs = needed  # as the lottery that it has gone through had it
    partners(t, n)
    case.on_the_spot = 0
    case.stage = stage
    case.stalled = 1
    case.drops = 8  # its own lotteries begin beyond those it has already played
    tally.arisen += 1
    tally.stalled += 1
    count_open(t, tally.open_since, 1)
    push(t, until, RESUMED, n, 0)


COMMUNITY_TIER = 4  # city 1, district 2, street 3, community 4
"""Tier of a community: city 1, district 2, street 3, community 4."""
MOST_TASKS = 2 * MOST_DEPARTMENTS + 2  # of a case: its course, the one abandoned before its reopening, false whistles
MOST_EVENTS = MOST_TASKS + 3  # and its own next step, its deadline, its reopening
