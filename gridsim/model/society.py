"""Society 社会: what people make of each other's experience, every four weeks (R15 hearsay and grievance, R16, R18).

Participation spreads as complex contagion (Centola & Macy 2007): one example is not enough, a share of one's ties must
take part. Ties are a small world (Newman & Watts 1999): the next residents of the same place, and far ones through
WeChat groups; or all far, to see what clustering does. Success where one lives makes people begin and keeps them: the
Matthew effect 马太效应, which also works downwards.
"""

from __future__ import annotations

import math

from gridsim.model.compiled import rule
from gridsim.model.draws import SOCIAL, uniforms
from gridsim.model.residents import IN_GROUP, NEVER_REACHED, SILENT, STEPS_OF_THRESHOLD, TAKES_PART, trust_won

MONTH = 28
"""Days of a social month."""
MONTHS_BEFORE = 4096
"""Added to the number of the month, floor(day ÷ 28), so that the key of warm-up months is positive."""


@rule()
def social_month(t, day):
    """R15, R16, R18. At the end of days divisible by 28: ``drift``, ``meet``, ``count_society``, in this order."""
    if day % MONTH != 0:
        return
    drift(t)
    meet(t, day // MONTH + MONTHS_BEFORE)
    count_society(t)


@rule()
def drift(t):
    """R15. Expectation follows success, faster upwards; disappointment becomes grievance, which fades.

    For every place, with d = success − expectation before: expectation moves by ``trust.rise`` · d if d > 0, else by
    ``trust.fall`` · d (nothing with ``rules.trust`` off). With ``rules.grievance``, grievance g becomes g · exp(−28 ÷
    ``grievance.memory_days``), then grows by ``grievance.growth`` · max(0, −d) · (1 − g).
    """
    p = t.settings[0]
    fades = math.exp(-MONTH / p.grievance_memory_days)
    for i in range(len(t.place)):
        place = t.place[i]
        d = place.success - place.expectation
        if p.rules_trust == 1:
            place.expectation += (p.trust_rise if d > 0.0 else p.trust_fall) * d
        if p.rules_grievance == 1:
            g = place.grievance * fades
            place.grievance = g + p.grievance_growth * max(0.0, -d) * (1.0 - g)


@rule()
def meet(t, month):
    """R15, R16, R18. Every resident: trust fades, hearsay and publicity move it; who begins, ceases, or speaks again.

    Places in order of their rows, of each the residents who live there (``people`` rows from ``first_resident`` on).
    All examples are those before this meeting. The luck u of resident i is word i mod 4 of (SOCIAL, (i ÷ 4, month)).

    Trust, with ``rules.trust``, for the grid and departments alike, in this order: T moves by (1 − exp(−28 ÷
    ``trust.memory_days``)) · (baseline − T); then, with h = ``trust.hearsay`` · (success − expectation) of the place
    after ``drift``, by h · (1 − T) if h > 0, else by h · T; then by ``outreach_now`` · r · (1 − T), r = 1 in a WeChat
    group, else ``outreach.door_to_door`` if registered, else 0.

    Then, with ``rules.trust``, one who is SILENT is so no longer if u < 1 − exp(−28 ÷ ``trust.exit_days``); whatever
    comes of it, that is all for him. Else, with ``rules.participation``: one who takes part ceases if u <
    ``participation.leaving`` · (1 − success of the place); any other begins if u < ``_inclination``.
    """
    p = t.settings[0]
    for i in range(len(t.standing)):
        t.before[i] = t.standing[i]
    returns = 1.0 - math.exp(-MONTH / p.trust_exit_days)
    most = math.exp(p.participation_trust_slope * (1.0 - 0.5 * (p.trust_grid + p.trust_department)))
    a = b = c = d = 0.0
    for n in range(len(t.place)):
        place = t.place[n]
        first = place.first_resident
        if p.rules_trust == 1:
            _hear(t, first, first + place.people, p.trust_hearsay * (place.success - place.expectation))
        boost = max(0.0, 1.0 + p.participation_matthew * (place.success - p.trust_expectation))
        ends = p.participation_leaving * (1.0 - place.success)
        joins = p.organisations_recruiting * place.organised + p.participation_spontaneous
        bound = (joins + p.participation_contagion) * boost * most  # no hazard is above it
        for i in range(first, first + place.people):
            j = i & 3  # i mod 4
            if i == first or j == 0:
                a, b, c, d = uniforms(p.seed, p.replicate, SOCIAL, i >> 2, month, 0)
            u = a if j == 0 else (b if j == 1 else (c if j == 2 else d))
            standing = t.before[i]
            if p.rules_trust == 1 and standing & SILENT:
                if u < returns:
                    t.standing[i] = standing & (255 - SILENT)
            elif p.rules_participation == 1:
                if standing & TAKES_PART:
                    if u < ends:
                        t.standing[i] = standing & (255 - TAKES_PART)
                elif u < bound and u < _inclination(t, i, u, (first, place.people), joins, boost):
                    t.standing[i] = standing | TAKES_PART


@rule()
def _hear(t, first, last, hearsay):
    """R15, R18. Trust of residents ``first`` to ``last`` − 1 after fading, hearsay and publicity, as in ``meet``."""
    p = t.settings[0]
    fades = 1.0 - math.exp(-MONTH / p.trust_memory_days)
    if p.outreach_now == 0.0:  # the plain loop is what a processor does four at a time
        for i in range(first, last):
            t.trust[i, 0] = _moved(t.trust[i, 0], p.trust_grid, fades, hearsay, 0.0)
            t.trust[i, 1] = _moved(t.trust[i, 1], p.trust_department, fades, hearsay, 0.0)
        return
    for i in range(first, last):
        reached = p.outreach_now
        if not t.before[i] & IN_GROUP:
            reached *= p.outreach_door_to_door * t.resident[i].registered
        t.trust[i, 0] = _moved(t.trust[i, 0], p.trust_grid, fades, hearsay, reached)
        t.trust[i, 1] = _moved(t.trust[i, 1], p.trust_department, fades, hearsay, reached)


@rule()
def _moved(trust, baseline, fades, hearsay, reached):
    """R15, R18. Trust after fading, hearsay and publicity, by the text of ``meet``."""
    trust += fades * (baseline - trust)
    trust += hearsay * (1.0 - trust if hearsay > 0.0 else trust)
    return trust + reached * (1.0 - trust)


@rule()
def _inclination(t, i, u, home, joins, boost):
    """R16. Hazard of beginning to take part, in 28 days.

    (``participation.spontaneous`` + ``organisations.recruiting`` where the place is ``organised`` +
    ``participation.contagion`` if the threshold is reached) · exp(``participation.trust_slope`` · ``trust_won``) ·
    max(0, 1 + ``participation.matthew`` · (success of the place − ``trust.expectation``)). The slope and the gain
    multiply, so that nobody begins where there is neither occasion nor example.

    The threshold is reached if at least one of his ties takes part and their share is not below threshold ÷ 250; a
    threshold of NEVER_REACHED never is. Ties: with ``ties.structure`` clustered (``near_ties``), the ``ties.near`` ÷ 2
    residents before and after him among the place's, taken as a ring, or all others where there are no more than
    ``ties.near``; and the rows of ``tie`` that are not −1.

    Where ``u`` lies below what comes without example, or above what comes with it, the ties are not looked at.
    """
    p = t.settings[0]
    first, people = home
    warmth = p.participation_trust_slope * trust_won(t, i)
    most = (joins + p.participation_contagion) * boost
    if warmth < 0.5 and u * (1.0 - warmth) >= most:  # e^x ≤ 1 ÷ (1 − x), which saves most of the exponentials
        return 0.0
    gain = math.exp(warmth) * boost
    if u < joins * gain:
        return joins * gain
    reached = False
    if t.threshold[i] != NEVER_REACHED and u < (joins + p.participation_contagion) * gain:
        ties, examples = 0, 0
        if p.near_ties > 0 and people <= p.near_ties:
            for j in range(first, first + people):
                if j != i:
                    ties += 1
                    examples += int(t.before[j] & TAKES_PART)
        else:
            for k in range(1, p.near_ties // 2 + 1):
                ties += 2
                right, left = i + k, i - k  # a ring: no more than once around, as people > near_ties
                examples += int(t.before[right if right < first + people else right - people] & TAKES_PART)
                examples += int(t.before[left if left >= first else left + people] & TAKES_PART)
        for k in range(t.tie.shape[1]):
            j = t.tie[i, k]
            if j >= 0:
                ties += 1
                examples += int(t.before[j] & TAKES_PART)
        reached = examples > 0 and examples * STEPS_OF_THRESHOLD >= int(t.threshold[i]) * ties
    return (joins + (p.participation_contagion if reached else 0.0)) * gain


@rule()
def count_society(t):
    """R15, R16. Who takes part, by place; and what the days' records tell of residents until the next month.

    ``taking_part`` of a place = residents who take part ÷ residents who live there, 0 where nobody lives; at a site it
    is the share of its community. For the record: how many take part, how many are SILENT; the means over residents of
    both trusts, and of the success, expectation and grievance of the place where they live.
    """
    tally = t.tally[0]
    tally.taking_part = tally.silent = 0
    tally.trust_grid = tally.trust_department = tally.success = tally.expectation = tally.grievance = 0.0
    for k in range(len(t.community)):
        t.community[k].people = t.community[k].part = 0
    for n in range(len(t.place)):
        place = t.place[n]
        part = 0
        for i in range(place.first_resident, place.first_resident + place.people):
            part += int(t.standing[i] & TAKES_PART)
            tally.silent += int(t.standing[i] & SILENT) // SILENT
            tally.trust_grid += t.trust[i, 0]
            tally.trust_department += t.trust[i, 1]
        tally.taking_part += part
        tally.success += place.people * place.success
        tally.expectation += place.people * place.expectation
        tally.grievance += place.people * place.grievance
        place.taking_part = part / place.people if place.people > 0 else 0.0
        t.community[place.community].people += place.people
        t.community[place.community].part += part
    for n in range(len(t.place)):
        place = t.place[n]
        community = t.community[place.community]
        if place.site >= 0 and community.people > 0:
            place.taking_part = community.part / community.people
    everybody = max(len(t.standing), 1)
    tally.trust_grid /= everybody
    tally.trust_department /= everybody
    tally.success /= everybody
    tally.expectation /= everybody
    tally.grievance /= everybody
