"""Residents 居民: who they are (R4), what they hear of their case (R14), how trust and reporting answer to it (R15).

People are rows from the city's building on. What moves is trust, one number for the grid and one for departments, and
the standing: whether they take part, were encouraged by a fixed report, or have given up reporting. The two circles
meet here: what is fixed in time wins trust and further reports, what is let down loses both.
"""

from __future__ import annotations

import math

import numpy as np

from gridsim.model.agents import RowAgent, columns
from gridsim.model.compiled import entry, rule
from gridsim.model.draws import CITY_PEOPLE, EXPERIENCE, chances, normal, uniforms
from gridsim.model.story import NOBODY, TOLD, note

RESIDENT_DTYPE = np.dtype([("place", "i4"), ("registered", "i1")], align=True)
"""A resident: ``place`` of the home; ``registered`` on the platform, 0 or 1. His reporting propensity is the float32
array ``propensity`` (mean 1); ``trust``, float32, his trust in the grid (column 0) and in departments (1); ``standing``
a byte of flags; ``threshold`` a byte, ``tie`` the rows he has far ties to (−1: none).
"""
TAKES_PART, ENCOURAGED, SILENT, IN_GROUP = 1, 2, 4, 8
"""Flags of ``standing``: takes part (R16); a report of his was fixed as he would wish; has given up reporting; is in a
WeChat group of his grid.
"""
STEPS_OF_THRESHOLD = 250
"""A ``threshold`` of b means the share b ÷ 250 of one's ties."""
NEVER_REACHED = 255
"""The threshold of those whom no example moves."""
BY_RESIDENT = 2  # the channel, as in ``cases``
LET_DOWN, BREACHED, FIXED = range(3)
"""Outcomes of a case that people notice: closed on paper, deadline passed, truly resolved."""


@entry
def populate(seed, sigma, place_share, registered_share, reach, initial, levels, place_of, community_of, people, near):
    """R4, R16. Give every resident a propensity, say who is registered, who takes part, at what threshold, with whom
    tied.

    Propensity = exp(σ · (√(1 − w) · z + √w · z′) − σ² ÷ 2), rounded to float32: z = normal(words 0, 1) of the resident,
    z′ that of the community, w = ``residents.place_share``, σ such that the 90 % quantile is ``residents.disparity``
    times the 10 % quantile. Registered if word 2 < ``city.registered_share``.

    One call (CITY_PEOPLE, (2, resident)): in a WeChat group if word 0 < ``residents.wechat_reach``; threshold =
    ``levels`` [floor(256 · word 1)]; takes part at first if word 2 < ``participation.initial``.

    Parameters
    ----------
    levels : byte array, shape (256,)
        Thresholds by quantile, see ``threshold_levels``.
    place_of, community_of : array of int
        Home place of each resident, community of each place.
    people : tuple of arrays
        ``propensity`` (float32), ``resident``, ``standing``, ``threshold``, ``tie``; filled in place.
    near : tuple of arrays
        First row and number of residents of the district of each place: whom far ties reach.

    """
    propensity, resident, standing, threshold, tie = people
    first, many, everybody = near
    own, shared = math.sqrt(1.0 - place_share), math.sqrt(place_share)
    for i in range(len(place_of)):
        place = place_of[i]
        u, v, w, _ = uniforms(seed, 0, CITY_PEOPLE, 0, i, 0)
        a, b, _, _ = uniforms(seed, 0, CITY_PEOPLE, 1, community_of[place], 0)
        propensity[i] = np.exp(sigma * (own * normal(u, v) + shared * normal(a, b)) - sigma * sigma / 2)
        resident[i].place = place
        resident[i].registered = 1 if w < registered_share else 0
        group, level, part, _ = uniforms(seed, 0, CITY_PEOPLE, 2, i, 0)
        standing[i] = (IN_GROUP if group < reach else 0) + (TAKES_PART if part < initial else 0)
        threshold[i] = levels[int(level * 256)]
        _tie_far(seed, i, standing[i], first[place], many[place], everybody, tie)


@rule()
def _tie_far(seed, i, standing, first, many, everybody, tie):
    """R16. Far ties of a resident: rows drawn from those of his district, for members of WeChat groups only.

    Tie k is first + floor(word k mod 4 of (CITY_PEOPLE, (3 + k ÷ 4, resident)) · residents of the district); −1 where
    that is himself. Of the ``ties.far`` first ones only members of a group have any; the others (``ties.structure``
    "long", as many as ``ties.near``) everybody has.
    """
    for k in range(tie.shape[1]):
        tie[i, k] = -1
        if k >= everybody or standing & IN_GROUP:
            words = uniforms(seed, 0, CITY_PEOPLE, 3 + k // 4, i, 0)
            j = k % 4
            u = words[0] if j == 0 else (words[1] if j == 1 else (words[2] if j == 2 else words[3]))
            other = first + int(u * many)
            tie[i, k] = other if other != i else -1


@rule()
def voice(t, i):
    """R4, R15. Readiness of a resident to report, relative to what he was at first.

    With ``rules.trust``: 0 if SILENT; else exp(``residents.trust_slope`` · Δ), times ``encouragement`` if ENCOURAGED. Δ
    is the mean over grid and departments of his trust less its baseline (``trust.grid``, ``trust.department``). With
    ``rules.participation``, times ``participation.reporting`` if he takes part.
    """
    p = t.settings[0]
    standing = t.standing[i]
    factor = 1.0
    if p.rules_trust == 1:
        if standing & SILENT:
            return 0.0
        factor = math.exp(p.residents_trust_slope * trust_won(t, i))
        if standing & ENCOURAGED:
            factor *= p.encouragement
    if p.rules_participation == 1 and standing & TAKES_PART:
        factor *= p.participation_reporting
    return factor


@rule()
def trust_won(t, i):
    """R15. Mean over grid and departments of trust less its baseline."""
    p = t.settings[0]
    return 0.5 * ((t.trust[i, 0] - p.trust_grid) + (t.trust[i, 1] - p.trust_department))


@rule()
def experience(t, n, now, outcome, told):
    """R14, R15. A case has an outcome: what the neighbourhood makes of it, and the reporter.

    Nothing with ``rules.trust`` off. Outcomes: FIXED when the case is resolved; at its deadline, if it was open,
    LET_DOWN when that closed it on paper, else BREACHED. ``told``: by ``is_told``.

    The place: its ``success`` moves by ``trust.recent`` · (o − success), with o = 1 for FIXED at or before the
    deadline, 0 for any other outcome; but a FIXED that is ``overdue`` and late, whose breach was counted, moves it by
    ``trust.recent`` · max(0, q − success), q as below: late is better than never. LET_DOWN counts
    ``trust.false_closure`` times: by min(1, ``trust.recent`` · that).

    The reporter (channel BY_RESIDENT, and there is one): performance q = min(1, (deadline − reported) ÷ (now −
    reported)) for FIXED (1 at or before the deadline), 0 otherwise; satisfaction s = q − ``expectation`` of the place.
    With E₀ = ``trust.expectation``: if s ≥ 0, trust T grows by min(1, ``trust.gain`` · s ÷ (1 − E₀) · a) · (1 − T), a =
    1 if he is told, else ``feedback.untold``; if s < 0 it falls by min(1, ``trust.loss`` · (−s) ÷ E₀ · a) · T, a = 1 −
    ``feedback.cushion`` if he is told, else 1, times
    ``trust.false_closure`` if LET_DOWN; but a FIXED that is ``overdue`` never lowers it, as the breach did. So it is
    for trust in the grid, and for that in departments if the case needs any. FIXED with s ≥ 0 makes him
    ENCOURAGED; LET_DOWN and BREACHED end that, and if word 0 of (EXPERIENCE, attempt 1) < ``trust.exit`` · (1 − the
    mean of his two trusts now) he is SILENT and takes part no longer.

    Flows of the day: ``heard``, such reporters with FIXED or LET_DOWN (a breach alone is no news); ``told``, those of
    them who are told; ``given_up``, those who become SILENT.
    """
    p = t.settings[0]
    if p.rules_trust == 0:
        return
    case = t.case[n]
    place = t.place[case.place]
    in_time = outcome == FIXED and now <= case.deadline
    counted = outcome == FIXED and case.overdue == 1  # its breach was an outcome before
    lie = p.trust_false_closure if outcome == LET_DOWN else 1.0
    q = 0.0
    if outcome == FIXED:
        q = 1.0 if in_time else (case.deadline - case.reported) / (now - case.reported)
    if counted and not in_time:
        place.success += p.trust_recent * max(0.0, q - place.success)
    else:
        place.success += min(1.0, p.trust_recent * lie) * ((1.0 if in_time else 0.0) - place.success)
    i = case.resident
    if case.channel != BY_RESIDENT or i < 0:
        return
    pleased = q - place.expectation
    if pleased >= 0.0:
        by = p.trust_gain * pleased / (1.0 - p.trust_expectation) * (1.0 if told else p.feedback_untold)
    else:
        by = p.trust_loss * pleased / p.trust_expectation * lie * (1.0 - p.feedback_cushion if told else 1.0)
    if pleased >= 0.0 or not counted:
        for k in range(2 if case.needs > 0 else 1):
            _move_trust(t, i, k, by)
    today = t.day[t.tally[0].day]
    if outcome != BREACHED:
        today.heard += 1
        if told:
            note(t, n, now, TOLD, NOBODY, NOBODY, 0.0)
            today.told += 1
    if outcome == FIXED:
        if pleased >= 0.0:
            t.standing[i] |= ENCOURAGED
        return
    t.standing[i] &= 255 - ENCOURAGED
    mistrust = 1.0 - 0.5 * (t.trust[i, 0] + t.trust[i, 1])
    if not t.standing[i] & SILENT and chances(t, EXPERIENCE, case, 1)[0] < p.trust_exit * mistrust:
        t.standing[i] = (t.standing[i] & (255 - TAKES_PART)) | SILENT
        today.given_up += 1


@rule()
def _move_trust(t, i, k, by):
    """R15. Trust T grows by min(1, by) · (1 − T), or falls by min(1, −by) · T where ``by`` is negative."""
    trust = t.trust[i, k]
    if by >= 0.0:
        t.trust[i, k] = trust + min(1.0, by) * (1.0 - trust)
    else:
        t.trust[i, k] = trust - min(1.0, -by) * trust


@columns(RESIDENT_DTYPE, "resident")
class Resident(RowAgent):
    """居民: a household member at a home place, registered on the platform or not."""

    @property
    def propensity(self) -> float:
        """Reporting propensity relative to the mean person."""
        return float(self.model.world.tables.propensity[self.row])

    @property
    def trust_in_grid(self) -> float:
        """Trust in the grid, 0 to 1."""
        return float(self.model.world.tables.trust[self.row, 0])

    @property
    def trust_in_departments(self) -> float:
        """Trust in departments, 0 to 1."""
        return float(self.model.world.tables.trust[self.row, 1])

    @property
    def takes_part(self) -> bool:
        """True while he takes part in the affairs of his grid."""
        return bool(self.model.world.tables.standing[self.row] & TAKES_PART)

    @property
    def is_silent(self) -> bool:
        """True once he has given up reporting, until he returns."""
        return bool(self.model.world.tables.standing[self.row] & SILENT)

    @property
    def in_group(self) -> bool:
        """True for a member of a WeChat group of his grid."""
        return bool(self.model.world.tables.standing[self.row] & IN_GROUP)
