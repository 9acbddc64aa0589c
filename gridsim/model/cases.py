"""Incident 事件 and case 案件: how one arises, grows worse, and how its file is closed (R1, R2, lapse, R13).

An incident is what happened; it becomes a case once somebody who matters knows. A row of ``CASE_DTYPE`` holds both, and
is never removed: open rows are counted, never dropped. Its row number is the case id. First stand the stalled cases of
the start, then all incidents by the day of onset, by place within a day, by time within a place.
"""

from __future__ import annotations

import math

import numpy as np

from gridsim.model.agenda import AT_GRID, DEADLINE_DUE, REFERRED, REOPENED, REPORTED, push
from gridsim.model.compiled import entry, rule
from gridsim.model.draws import (
    ARRIVAL,
    CLOCKS,
    DEADLINE,
    ESCALATION,
    EXPERIENCE,
    FOLLOW_UP,
    NATURE,
    PARTNERS,
    SIGNS,
    chances,
    duration,
    uniforms,
)
from gridsim.model.queues import ROW_COLUMNS
from gridsim.model.residents import voice
from gridsim.model.settings import QUANTILES, REOPEN, SELF_RETURN
from gridsim.model.story import (
    BREACHED,
    CLOSED_ON_PAPER,
    COMES_BACK,
    NOBODY,
    OPENED,
    SETTLED_BY_RESIDENTS,
    SETTLED_IN_VAIN,
    SOLVED,
    note,
)

# States. Conservation: every incident is in exactly one of them; stalled is a flag of open.
LATENT, LAPSED, OPEN, RESOLVED, CLOSED_FORMALLY, SELF_RESOLVED = range(6)
"""States. LATENT also covers what was noticed and is not yet audited (its REPORTED event is on the agenda)."""
STATES = ("latent", "lapsed", "open", "resolved", "closed formally", "self-resolved")
BY_NOBODY, BY_PATROL, BY_RESIDENT, AT_ONSET, BY_VIDEO, BY_WARNING = range(6)
"""Channels through which an incident became known; AT_ONSET where neither patrol nor residents are simulated."""
CHANNELS = ("", "patrol", "resident", "at onset", "video", "warning")
MOST_SEVERE = 4
"""The highest severity; the lowest is 1."""
EMERGENCY = 3
"""Severity at which an emergency begins."""
MOST_DEPARTMENTS = 4
"""The most departments that one case needs."""

CASE_DTYPE = np.dtype(
    [
        ("onset", "f8"),
        ("reported", "f8"),
        ("deadline", "f8"),
        ("closed", "f8"),
        ("resolved", "f8"),
        ("lapsed", "f8"),
        ("formal_at", "f8"),
        ("reopened_at", "f8"),
        ("contacted", "f8"),
        ("complexity", "f8"),
        ("worse", "f8"),
        ("place", "i4"),
        ("ordinal", "i4"),
        ("resident", "i4"),
        ("grid", "i4"),
        ("handler", "i4"),
        *ROW_COLUMNS,
        ("version", "i4"),
        ("department", "i4", (MOST_DEPARTMENTS,)),
        ("rejections", "i2"),
        ("drops", "i2"),
        ("returns", "i2"),
        ("hops", "i2"),
        ("stage", "i2"),
        ("category", "i2"),
        ("state", "i1"),
        ("channel", "i1"),
        ("grade", "i1"),
        ("needs", "i1"),
        ("attempts", "i4"),
        ("pending", "i1"),
        ("in_hand", "i1"),
        ("expert_field", "i1"),
        ("expert_tries", "i4"),
        ("instead", "i1"),
        ("whistled", "i1"),
        ("edge", "i1"),
        ("on_the_spot", "i1"),
        ("exhausted", "i1"),
        ("linked", "i1"),
        ("ever_linked", "i1"),
        ("together", "i1"),
        ("stalled", "i1"),
        ("reopened", "i1"),
        ("queued", "i1"),
        ("overdue", "i1"),
        ("worsened", "i4"),
    ],
    align=True,
)
"""Columns of a case. A new row is 0 throughout, except where −1 or NaN is told.

- ``onset``, ``reported``, ``deadline``, ``closed``, ``resolved``, ``lapsed``, ``formal_at`` (last closure on paper),
  ``reopened_at``, ``contacted`` (``take_up``): moments, NaN at first (``onset`` apart).
- ``complexity``: 0 to 1, of the case for good (``nature``). ``grade``, ``worse``: severity last asked for (0: never)
  and when it grows next.
- ``place``, ``ordinal``: key of the incident. ``resident``: row of the one concerned, −1 if nobody. ``category``: row.
- ``grid``: grid of the place when last dispatched or queued. ``handler``: grid that serves it, or the expert line it
  waits in; −1 at first. ``next``, ``back``, ``turn``: place in a queue (``queues``), −1, −1, 0.
- ``version``: closures so far; what carries an older one is void. ``department``: rows of the departments needed, −1
  where none.
- ``rejections``: times wrongly rejected. ``drops``: times let lie. ``returns``: misroutes. ``hops``: tiers climbed.
  ``stage``: department it is at, 0 first.
- ``state``, ``channel``: codes. ``needs``: number of departments needed, K; 0 if none. ``attempts``: of workers and
  experts together. ``expert_tries``: of experts.
- ``pending``: sub-tasks of this course not yet done. ``in_hand``: 1 while a worker or expert has it, or the number of
  teams at it. ``expert_field``: −1 or the field that can help. ``instead``: 1 if an expert can settle it instead of
  departments, until that has failed.
- ``whistled``, ``linked`` (last whistle answered), ``ever_linked``, ``together`` (side by side), ``stalled``,
  ``reopened``, ``exhausted`` (departments called after all attempts failed), ``overdue``, ``edge``, ``on_the_spot``: 0
  or 1.
- ``queued``: 0 no, 1 in a grid's queue, 2 in an expert line. ``worsened``: self-resolutions that failed, each of which
  left it one step more severe (R6).
"""

# Clocks of the latent: what is left of each exposure (unit exponential) and the rates that consume it. A table of its
# own, dense, because every day sweeps all of it.
LATENT_DTYPE = np.dtype(
    [
        ("patrol", "f8"),
        ("report", "f8"),
        ("lapse", "f8"),
        ("video", "f8"),
        ("visibility", "f8"),
        ("report_rate", "f8"),
        ("lapse_rate", "f8"),
        ("video_rate", "f8"),
        ("settle", "f8"),
        ("sign", "f8"),
        ("settle_rate", "f8"),
        ("sign_rate", "f8"),
        ("worse", "f8"),
        ("since", "f8"),
        ("case", "i4"),
        ("place", "i4"),
        ("security", "i4"),
    ],
    align=True,
)
"""Columns of a latent incident: ``patrol``, ``report``, ``lapse``, ``video``, ``settle``, ``sign``, the exposures left;
``visibility`` and ``report_rate``, ``lapse_rate``, ``video_rate``, ``settle_rate``, ``sign_rate`` a day; ``security``,
1 if an alert concerns it; ``worse``, when its severity grows next; ``since``, from when the clocks run; ``case`` and
``place``, rows. The order of rows has no effect.
"""


@rule()
def arise(t, day):
    """R1. New incidents of a day: a Poisson stream per place, thinned from a dominating one.

    Candidate ``n`` of a place has its own keyed gap, acceptance, category and resident; a rate that a policy or a shock
    changes accepts other candidates but never renames them. ``place.rate`` is the base rate a day, for good; the table
    ``rate_factor`` (place, category) is the product of all that changes it for a time, 1 where nothing does.

    Places in order of their rows; at each, all candidates before ``day`` + 1 in order of time. Candidate n = 1, 2, …
    has ordinal n and one call (ARRIVAL, place, n, attempt 0). Word 0 is the gap that follows it: candidate n + 1 comes
    at time − ln(word 0) ÷ (rate · ``arrivals.headroom``). Word 2 picks the category (``category_of``). It is an
    incident if word 1 · headroom < ``pressure`` of its place and category, its ordinal being used up either way; so a
    pressure up to headroom multiplies the rate, and a larger one adds nothing more. Word 3 picks the resident
    (``_begin``).
    """
    p = t.settings[0]
    for i in range(len(t.next_arrival)):
        while t.next_arrival[i] < day + 1:
            now = t.next_arrival[i]
            place = t.place[i]
            ordinal = place.ordinal
            place.ordinal = ordinal + 1
            gap, accept, kind, who = uniforms(p.seed, p.replicate, ARRIVAL, i, ordinal, 0)
            t.next_arrival[i] = now - math.log(gap) / (place.rate * p.arrivals_headroom)
            if accept * p.arrivals_headroom < pressure(t, i, category_of(t, kind)):
                _begin(t, i, ordinal, now, kind, who)


@rule()
def first_arrival(t, start):
    """R1. Give every place the time of its first candidate; ordinal 0 is the stretch before it.

    start − ln(word 0 of ordinal 0) ÷ (rate · headroom); never where the rate is 0.
    """
    p = t.settings[0]
    for i in range(len(t.next_arrival)):
        place = t.place[i]
        if place.rate > 0.0:
            gap = uniforms(p.seed, p.replicate, ARRIVAL, i, 0, 0)[0]
            t.next_arrival[i] = start - math.log(gap) / (place.rate * p.arrivals_headroom)
        else:
            t.next_arrival[i] = math.inf
        place.ordinal = 1


@rule()
def category_of(t, kind):
    """R1. Category by its word: the first whose ``share_below`` is not below ``kind``."""
    category = 0
    while kind > t.category[category].share_below:
        category += 1
    return category


@rule()
def pressure(t, i, category):
    """R1, R15, R19. Arrivals of a category at a place relative to its base rate.

    ``rate_factor`` of the place and category (1 unless an intervention has set it) times f: f = 1; for a mediated
    category with ``rules.grievance``, plus ``grievance.disputes`` · the place's grievance; for one of security with
    ``rules.security``, plus ``security.repeat`` · min(2, the place's ``unsafe``). Grievance is that of the day's
    beginning; ``unsafe`` counts the incidents that arose before, seen or not, those of the same day included.
    """
    p = t.settings[0]
    factor = 1.0
    if p.rules_grievance == 1 and t.category[category].mediated == 1:
        factor += p.grievance_disputes * t.place[i].grievance
    if p.rules_security == 1 and t.category[category].security == 1:
        factor += p.security_repeat * min(2.0, t.place[i].unsafe)
    return factor * t.rate_factor[i, category]


@rule()
def blank(t, i, ordinal, now, kind):
    """R1. Append a case row for an incident at place ``i``; returns its id.

    Category by ``category_of``. State LATENT; ``grid`` is that of the place now.
    """
    tally = t.tally[0]
    n = tally.cases
    tally.cases = n + 1
    place = t.place[i]
    case = t.case[n]
    case.onset = now
    case.reported = case.deadline = case.closed = case.resolved = case.lapsed = math.nan
    case.formal_at = case.reopened_at = case.contacted = math.nan
    case.place, case.ordinal, case.category = i, ordinal, category_of(t, kind)
    case.grid, case.handler, case.next, case.resident = place.grid, -1, -1, -1
    case.state = LATENT
    case.expert_field = -1
    for k in range(MOST_DEPARTMENTS):
        case.department[k] = -1
    return n


@rule()
def _begin(t, i, ordinal, now, kind, who):
    """R1. An incident: its resident, and who may notice it.

    Resident: row first_resident + floor(word 3 · residents) of the place, −1 where it has none. With neither patrol nor
    residents simulated (``passive``) it is REPORTED at its onset, channel AT_ONSET; else it becomes latent since its
    onset. With ``rules.security`` one of a category of security makes the place less safe: ``unsafe`` grows by 1 (R19).
    """
    p = t.settings[0]
    n = blank(t, i, ordinal, now, kind)
    case = t.case[n]
    place = t.place[i]
    if p.rules_security == 1 and t.category[case.category].security == 1:
        place.unsafe += 1.0
    case.resident = place.first_resident + int(who * place.residents) if place.residents > 0 else -1
    tally = t.tally[0]
    tally.arisen += 1
    t.day[tally.day].arisen += 1
    if p.passive == 1:
        case.channel = AT_ONSET
        push(t, now, REPORTED, n, 0)
    else:
        become_latent(t, n, now)


@rule()
def severity(t, case, now):
    """R2. Severity (1 to 4) of a case at a moment not earlier than the last one asked for.

    The same as ``escalation`` at that moment; kept in ``grade`` and ``worse`` until it grows.
    """
    if case.grade == 0 or now >= case.worse:
        case.grade, case.worse = escalation(t, case, now)
    return case.grade


@rule()
def escalation(t, case, now):
    """R2. Severity (1 to 4) at a moment, and when it grows next if nothing is done (infinity: never).

    Hazard of one step more = escalation.rate · (1 + α · age ÷ deadline), α by category; emergencies begin at 3. It runs
    from the onset until the incident is over. A pure function of the incident and its age, so nothing has to be kept or
    swept: whoever needs the severity asks for it.

    With ``rules.escalation`` off it is 1, and only failed self-resolutions raise it. One call (ESCALATION, attempt 0):
    it begins at 3 if word 3 < the category's ``emergency``, else at 1. The step from 1 to 2 uses word 0, from 2 to 3
    word 1, from 3 to 4 word 2. Going up from the first severity, used grows by −ln(word) at each step, over all steps
    so far; x = used ÷ rate, b = α ÷ deadline of the category in days; the step is taken at age x if b = 0, else at age
    (√(1 + 2 b x) − 1) ÷ b, which solves age + b age² ÷ 2 = x. At exactly that moment the step has been taken. So an
    emergency's one step uses word 2 from its onset. No step at rate 0, nor beyond 4. Every self-resolution that failed
    (``worsened``) puts one step on top of that severity, at most up to 4; its next step comes when that of the severity
    below does, and at 4 there is none.
    """
    p = t.settings[0]
    if p.rules_escalation == 0:
        return min(MOST_SEVERE, 1 + case.worsened), math.inf
    category = t.category[case.category]
    a, b, c, first = chances(t, ESCALATION, case, 0)
    s = 1
    if first < category.emergency:
        s = EMERGENCY
    if p.escalation_rate <= 0.0:
        return min(MOST_SEVERE, s + case.worsened), math.inf
    used = 0.0
    while s + case.worsened < MOST_SEVERE:
        used -= math.log(a if s == 1 else (b if s == 2 else c))
        x = used / p.escalation_rate  # rate · (age + α age² ÷ (2 · deadline)) = used
        bend = category.escalation / category.deadline
        age = x if bend == 0.0 else (math.sqrt(1.0 + 2.0 * bend * x) - 1.0) / bend
        if case.onset + age > now:
            return s + case.worsened, case.onset + age
        s += 1
    return MOST_SEVERE, math.inf


@rule()
def is_urgent(t, case, now):
    """R2. Cases served before all others: severe ones, and residents' reports where there is a green channel.

    Residents' reports (BY_RESIDENT) with ``intake.green_channel``; else, with ``rules.escalation``, severity now ≥
    ``escalation.urgent_from``.
    """
    p = t.settings[0]
    if p.intake_green_channel == 1 and case.channel == BY_RESIDENT:
        return True
    return p.rules_escalation == 1 and severity(t, case, now) >= p.escalation_urgent_from


@rule()
def mediation(t, case, now):
    """R2. Factor of success: what is mediated is the harder to settle the further it has escalated.

    exp(−``escalation.success_decay`` · (severity now − 1)) for a mediated category under ``rules.escalation``, else 1.
    """
    p = t.settings[0]
    if t.category[case.category].mediated == 0 or p.rules_escalation == 0:
        return 1.0
    return math.exp(-p.escalation_success_decay * (severity(t, case, now) - 1))


@rule()
def is_followed(t, case):
    """R13. True when a follow-up officer watches the case: word 0 of (FOLLOW_UP, attempt 0) < ``follow_up.share``."""
    p = t.settings[0]
    return p.follow_up_share > 0.0 and chances(t, FOLLOW_UP, case, 0)[0] < p.follow_up_share


@rule()
def is_told(t, case):
    """R14. True when the reporter is told what becomes of the case: word 0 of (EXPERIENCE, attempt 0) <
    ``feedback.share``.
    """
    return chances(t, EXPERIENCE, case, 0)[0] < t.settings[0].feedback_share


@rule()
def tells(t, case):
    """R14. True for whoever takes up the case first: it is then that the reporter is told, which takes time.

    With ``rules.trust``: a resident reported it, the resident is known, nobody has had it in hand (``contacted`` is
    empty), and ``is_told``. It is asked just before ``take_up``. So a gridworker bears it at the first attempt; where
    the case goes to an expert or to departments without one, the expert, or the team that first takes up a part of it.
    """
    mine = t.settings[0].rules_trust == 1 and case.channel == BY_RESIDENT and case.resident >= 0
    return mine and math.isnan(case.contacted) and is_told(t, case)


@rule()
def become_latent(t, n, since):
    """R3, R4, R5, R6. Start the competing clocks of an incident; also of one wrongly rejected, or settled in vain.

    Course = rejections + 64 · ``worsened``. One call (CLOCKS, attempt = course): the exposures of patrol, report, lapse
    and video are −ln of words 0, 1, 2, 3. With ``rules.self_resolution`` or ``rules.warning`` another (SIGNS, attempt =
    course): those of self-resolution and early warning are −ln of words 0 and 1.

    Rates: lapse = the category's; report = ``residents.report_rate`` · the category's reporting · the resident's
    propensity · his ``voice`` (both 1 without a resident), times ``escalation.report_odds`` for each step of severity
    above 1 reached by ``since``; with ``rules.security``, for a category of security, times 1 + ``security.tips`` ·
    ``security.tip_factor`` · the place's ``taking_part``. Video = ``video.detection`` · the category's video.
    Self-resolution = ``self_resolution.rate`` · ``self_resolution.allowed`` · the category's self_resolvable ·
    ``taking_part``; warning = ``warning.rate`` · ``warning.sensitivity`` · the category's signs ·
    ``residents.wechat_reach``. A rate whose rule is off is 0. ``visibility`` = (1 − ``patrol.all_subject``) · the
    category's + ``patrol.all_subject``. The next step of severity is noted in ``worse``. These rates stay as they are
    now, whatever a policy or people change later; the patrol hazard, the cameras (``watched``) and the alerts of a
    place are those of the day.
    """
    case = t.case[n]
    case.state = LATENT
    tally = t.tally[0]
    row = t.latent[tally.latent]
    tally.latent += 1
    p = t.settings[0]
    place = t.place[case.place]
    course = case.rejections + 64 * int(case.worsened)
    a, b, c, d = chances(t, CLOCKS, case, course)
    row.patrol, row.report, row.lapse, row.video = -math.log(a), -math.log(b), -math.log(c), -math.log(d)
    category = t.category[case.category]
    row.visibility = (1.0 - p.patrol_all_subject) * category.visibility + p.patrol_all_subject
    row.lapse_rate = category.lapse_rate
    row.report_rate = p.residents_report_rate * category.reporting if p.rules_residents == 1 else 0.0
    if case.resident >= 0:
        row.report_rate *= t.propensity[case.resident]
        row.report_rate *= voice(t, case.resident)
    if p.rules_security == 1 and category.security == 1:
        row.report_rate *= 1.0 + p.security_tips * p.security_tip_factor * place.taking_part
    row.video_rate = p.video_detection * category.video if p.rules_video == 1 else 0.0
    row.settle_rate = row.sign_rate = 0.0
    if p.rules_self_resolution == 1:
        by_all = p.self_resolution_rate * p.self_resolution_allowed
        row.settle_rate = by_all * category.self_resolvable * place.taking_part
    if p.rules_warning == 1:
        row.sign_rate = p.warning_rate * p.warning_sensitivity * category.signs * p.residents_wechat_reach
    if row.settle_rate > 0.0 or row.sign_rate > 0.0:
        x, y, _, _ = chances(t, SIGNS, case, course)
        row.settle, row.sign = -math.log(x), -math.log(y)
    row.security = category.security
    for _ in range(1, severity(t, case, since)):
        row.report_rate *= p.escalation_report_odds
    row.worse = case.worse
    row.since = since
    row.case, row.place = n, case.place


@rule()
def settled_by_residents(t, n, now):
    """R6. Residents settle a latent incident themselves (自治解决), or believe so.

    It fails if word 2 of the call of its clocks (SIGNS, attempt = course) < ``self_resolution.failure``, times 1 −
    ``organisations.skill`` where the place has a social organisation (``organised``). Then it is there again after
    SELF_RETURN (attempt = ``worsened``; calendar days), one step more severe: worsened + 1, and ``become_latent`` since
    then, with new exposures. It stays LATENT meanwhile. Else the state is SELF_RESOLVED, resolved = now; it never was a
    case. Called by ``sweep_latent``, once the row of the latent is gone.
    """
    p = t.settings[0]
    tally = t.tally[0]
    today = t.day[tally.day]
    case = t.case[n]
    fails = p.self_resolution_failure
    if t.place[case.place].organised == 1:
        fails *= 1.0 - p.organisations_skill
    if chances(t, SIGNS, case, case.rejections + 64 * int(case.worsened))[2] < fails:
        note(t, n, now, SETTLED_IN_VAIN, NOBODY, NOBODY, 0.0)
        back = now + duration(t, SELF_RETURN, case, int(case.worsened))
        case.worsened += 1
        case.grade = 0
        today.settled_in_vain += 1
        become_latent(t, n, back)
        return
    case.state = SELF_RESOLVED
    case.resolved = now
    note(t, n, now, SETTLED_BY_RESIDENTS, NOBODY, NOBODY, 0.0)
    tally.self_resolved += 1
    today.self_resolved += 1


@rule()
def nature(t, n):
    """R8, R10. What the incident is like, the same under every policy: complexity, departments needed, edge, expert's
    field.

    Complexity c ~ Beta(category mean, concentration); departments K = 1 + Poisson(extra), at most four. An expert can
    help with a case of a field of theirs, and settle a stated share of the department cases instead (R10).

    Drawn when the file is opened. First call (NATURE, attempt 0). Complexity: x = word 0 · 256, j = floor(x), c = q[j]
    + (x − j)(q[j+1] − q[j]), q the category's 257 quantiles (``category_table``). Departments are needed if word 1 <
    min(1, category's needs · ``departments.need_factor``), and always with ``rules.grid_handling`` off: then K by
    ``how_many``(word 2), and ``partners``. If none is needed, the case is settled on the spot if it was found by patrol
    and word 3 < ``handling.on_the_spot_share``.

    Second call (NATURE, attempt 1). Edge if word 0 < the place's ``edge_share``. ``instead`` = 1 if K > 0,
    ``rules.grid_handling`` is on and word 3 < the category's substitutable · ``experts.substitution_factor``. An
    expert's field is set if the category has one, and either ``instead`` = 1, or K = 0 and word 1 < the category's
    ``expert_share``: the second field if there is one and word 2 ≥ 0.5, else the first.
    """
    p = t.settings[0]
    case = t.case[n]
    category = t.category[case.category]
    u, need, many, spot = chances(t, NATURE, case, 0)
    x = u * (QUANTILES - 1)
    j = int(x)
    case.complexity = category.complexity[j] + (x - j) * (category.complexity[j + 1] - category.complexity[j])
    if p.rules_grid_handling == 0 or need < min(1.0, category.needs * p.departments_need_factor):
        case.needs = how_many(t, many)
        partners(t, n)
    else:
        case.on_the_spot = 1 if case.channel == BY_PATROL and spot < p.handling_on_the_spot_share else 0
    edge, lies, which, instead = chances(t, NATURE, case, 1)
    case.edge = 1 if edge < t.place[case.place].edge_share else 0
    can = case.needs > 0 and p.rules_grid_handling == 1
    case.instead = 1 if can and instead < category.substitutable * p.experts_substitution_factor else 0
    if category.expert >= 0 and (case.instead == 1 or (case.needs == 0 and lies < category.expert_share)):
        second = category.expert_second >= 0 and which >= 0.5
        case.expert_field = category.expert_second if second else category.expert


@rule()
def how_many(t, u):
    """R8. K = 1 + Poisson(extra) by inversion, at most four and at most the number of fields.

    K − 1 is the smallest k with ``u`` ≤ Σ e^(−x) x^j ÷ j! over j = 0…k, x = ``departments.extra``; then cut.
    """
    p = t.settings[0]
    most = min(MOST_DEPARTMENTS, t.tally[0].fields)
    term = math.exp(-p.departments_extra)
    below = term
    k = 1
    while u > below and k < most:
        term *= p.departments_extra / k
        below += term
        k += 1
    return k


@rule()
def partners(t, n):
    """R8. Departments the case needs: the category's own first, further ones drawn without repetition.

    Departments stand in rows of ``district · fields + field``; city-level ones follow the districts.

    For k = 0…K − 1 one call (PARTNERS, attempt k). The field is the category's own (``lead``) for k = 0; else the one
    of rank floor(word 0 · (fields − k)), from 0, among the fields not taken so far, in their order. The level is the
    city (number of districts, as a district) if word 1 < ``departments.city_level_share``, else the place's district,
    for each k anew.
    """
    p = t.settings[0]
    case = t.case[n]
    fields = t.tally[0].fields
    district = t.place[case.place].district
    for k in range(case.needs):
        pick, high, _, _ = chances(t, PARTNERS, case, k)
        field = t.category[case.category].lead
        if k > 0:  # the field of rank `rank` among those not taken yet
            rank = int(pick * (fields - k))
            field = -1
            while rank >= 0:
                field += 1
                taken = False
                for j in range(k):
                    taken = taken or case.department[j] % fields == field
                rank -= 0 if taken else 1
        level = t.tally[0].districts if high < p.departments_city_level_share else district
        case.department[k] = level * fields + field


@rule()
def count_open(t, now, change):
    """Keep the stock of open cases and its integral over time (case-days), for the exact mean backlog.

    The day's ``case_days`` grow by open · (now − the last change); then open changes.
    """
    tally = t.tally[0]
    today = t.day[tally.day]
    today.case_days += tally.open * (now - tally.open_since)
    tally.open_since = now
    tally.open += change


@rule()
def open_file(t, n, now):
    """R7, R13. The incident becomes a case: reported, given a deadline, open.

    State OPEN; deadline by ``deadline_of``; ``grid`` is that of the place now; one open case more; then ``nature``.
    With ``rules.deadlines`` a DEADLINE_DUE is pushed at the deadline, once in a case's life.
    """
    case = t.case[n]
    p = t.settings[0]
    case.state = OPEN
    case.reported = now
    case.deadline = deadline_of(t, case, now)
    case.grid = t.place[case.place].grid
    count_open(t, now, 1)
    nature(t, n)
    note(t, n, now, OPENED, NOBODY, NOBODY, case.deadline)
    if p.rules_deadlines == 1:
        push(t, case.deadline, DEADLINE_DUE, n, 0)


@rule()
def take_up(t, n, now):
    """R9, R10, R12. Somebody – a worker, an expert, a team – takes the case in hand; ``contacted`` is the first time.

    in_hand + 1.
    """
    case = t.case[n]
    case.in_hand += 1
    if math.isnan(case.contacted):
        case.contacted = now


@rule()
def deadline_of(t, case, now):
    """R2, R13. The category's time from the report, of which every step of severity leaves a part.

    left = the category's deadline (calendar days) · f^(severity now − 1), f = ``escalation.deadline_factor``; due = now
    + left. Then, for each later step of severity at w, while w < due: due = w + (due − w) · f. So the deadline foresees
    the steps to come, and is not changed afterwards.
    """
    p = t.settings[0]
    left = t.category[case.category].deadline
    for _ in range(1, severity(t, case, now)):
        left *= p.escalation_deadline_factor
    due, worse = now + left, case.worse
    while worse < due:
        due = worse + (due - worse) * p.escalation_deadline_factor
        worse = escalation(t, case, worse)[1]
    return due


@rule()
def settle(t, n, now):
    """R13. True resolution: the problem is gone and the file is closed.

    State RESOLVED, resolved = closed = now, version + 1, one open case fewer. Cases at departments, with an expert or a
    worker alike.
    """
    case = t.case[n]
    case.state = RESOLVED
    case.resolved = case.closed = now
    note(t, n, now, SOLVED, NOBODY, NOBODY, 0.0)
    case.version += 1
    count_open(t, now, -1)
    tally = t.tally[0]
    tally.resolved += 1
    t.day[tally.day].resolved += 1


@rule()
def deadline_due(t, n, now):
    """R13. At its first breached deadline an open case may be closed on paper (形式办结), the problem unsolved.

    Chance ``closure.formal``, once; more often where closures are what is appraised, and not where a follow-up officer
    prevents it. Work in hand is not abandoned: a case that somebody has taken up stays open, so that fewer of the cases
    due are closed than this chance says. Some of them come back: ``closure.reopen`` after ``closure.reopen_delay``.
    Returns True if closed.

    In order: not open: nothing. ``overdue`` = 1. One call (DEADLINE, attempt 0): not closed if word 0 ≥ ``formal_now``,
    or if ``in_hand`` > 0 (a worker, an expert, or a team has it; a sub-task that waits off-team, or in a queue, or a
    stalled case is not in hand). Not closed if it is followed (``is_followed``) and word 1 of (FOLLOW_UP, attempt 0) <
    ``follow_up.prevents_formal``.

    Closed: state CLOSED_FORMALLY, closed = formal_at = now, version + 1 (its events and sub-tasks become void), pending
    0, one open case fewer; no longer stalled. Sub-tasks in a department's queue stay there as void rows until they come
    to its head. If word 1 of DEADLINE < ``reopen_now``, REOPENED is pushed at now + the reopening delay (attempt 0), in
    calendar days. The caller takes it out of a grid's or expert's queue.
    """
    case = t.case[n]
    p = t.settings[0]
    if case.state != OPEN:
        return False
    case.overdue = 1
    note(t, n, now, BREACHED, NOBODY, NOBODY, 0.0)
    close, back, _, _ = chances(t, DEADLINE, case, 0)
    if close >= p.formal_now or case.in_hand > 0:
        return False
    if is_followed(t, case) and chances(t, FOLLOW_UP, case, 0)[1] < p.follow_up_prevents_formal:
        return False
    case.state = CLOSED_FORMALLY
    case.closed = case.formal_at = now
    note(t, n, now, CLOSED_ON_PAPER, NOBODY, NOBODY, 0.0)
    case.version += 1
    case.pending = 0
    count_open(t, now, -1)
    tally = t.tally[0]
    tally.formal += 1
    t.day[tally.day].closed_formally += 1
    if case.stalled == 1:
        case.stalled = 0
        tally.stalled -= 1
    if back < p.reopen_now:
        t.tally[0].to_reopen += 1
        push(t, now + duration(t, REOPEN, case, 0), REOPENED, n, case.version)
    return True


@rule()
def reopen(t, n, now):
    """R13. The problem was never solved and the case comes back; attempts that failed before still count.

    State OPEN, closed NaN, ``reopened`` 1, ``linked``, ``stage`` and ``pending`` 0; one open case more, one closed
    formally fewer. Attempts, drops and complexity stay, and no new deadline is set. At once REFERRED if it needs
    departments (K > 0, also if only by exhaustion), else AT_GRID: no intake, no triage, no hops. ``reopened`` = 1 is
    what later keys call a course of its own.
    """
    case = t.case[n]
    case.state = OPEN
    case.closed = math.nan
    case.reopened = 1
    case.reopened_at = now
    note(t, n, now, COMES_BACK, NOBODY, NOBODY, 0.0)
    case.stage = case.pending = 0
    case.linked = 0
    count_open(t, now, 1)
    tally = t.tally[0]
    tally.formal -= 1
    tally.to_reopen -= 1
    t.day[tally.day].reopened += 1
    push(t, now, REFERRED if case.needs > 0 else AT_GRID, n, case.version)


@entry
def count_escalations(t, first, last):
    """R2. Steps of severity that incidents took between two moments, each counted until it was over. A measure, no part
    of a day.
    """
    steps = 0
    for n in range(t.tally[0].cases):
        case = t.case[n]
        over = (
            case.resolved
            if case.state == RESOLVED or case.state == SELF_RESOLVED
            else (case.lapsed if case.state == LAPSED else math.inf)
        )
        now = case.onset
        if over < first or now >= last:
            continue
        while True:
            worse = escalation(t, case, now)[1]
            if worse >= last or worse >= over:
                break
            steps += 1 if worse >= first else 0
            now = worse
    return steps


MEASURED = (
    "onset",
    "reported",
    "deadline",
    "closed",
    "resolved",
    "lapsed",
    "channel",
    "needs",
    "ever_linked",
    "returns",
    "formal_at",
    "reopened_at",
    "place",
    "ordinal",
    "category",
    "complexity",
    "hops",
    "whistled",
    "contacted",
    "resident",
)


@entry
def _fill_columns(case, out):
    """Copy the columns of ``MEASURED`` into rows of a float array, for the measures."""
    for i in range(len(case)):
        c = case[i]
        out[0, i], out[1, i], out[2, i] = c.onset, c.reported, c.deadline
        out[3, i], out[4, i], out[5, i] = c.closed, c.resolved, c.lapsed
        out[6, i], out[7, i], out[8, i], out[9, i] = c.channel, c.needs, c.ever_linked, c.returns
        out[10, i], out[11, i] = c.formal_at, c.reopened_at
        out[12, i], out[13, i], out[14, i], out[15, i] = c.place, c.ordinal, c.category, c.complexity
        out[16, i], out[17, i], out[18, i], out[19, i] = c.hops, c.whistled, c.contacted, c.resident


def measured_columns(case: np.recarray) -> dict[str, np.ndarray]:
    """The columns that measures read, as contiguous float arrays, in one pass over the rows."""
    out = np.empty((len(MEASURED), len(case)))
    _fill_columns(case, out)
    return dict(zip(MEASURED, out, strict=True))
