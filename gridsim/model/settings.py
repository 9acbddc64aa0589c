"""The scenario as the compiled rules read it: one record of numbers, one table of durations, one of categories.

Field names are the registry's keys with an underscore for the dot: ``linkage.rate`` is ``p.linkage_rate``. What the
texts of the rules call ``section.name`` is the scenario's own value (true and false are 1 and 0); a name without a dot,
such as ``formal_now``, is derived from it in ``settings_record``.
``gridsim scenarios NAME --json`` prints a scenario's values, ``gridsim parameters`` what each of them means.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.stats import beta

from gridsim.model.residents import NEVER_REACHED, STEPS_OF_THRESHOLD
from gridsim.scenario.costs import roster_size
from gridsim.scenario.hours import PATROL_DAYS, hours_given, teaching_hours, year_of_hours
from gridsim.scenario.parameters import EXPERT_FIELDS, REGISTRY, Parameter
from gridsim.scenario.scenario import Scenario

WORKDAYS = 261  # most weekdays a 365-day year can hold; hours stated on 250 days are spread over them
"""Working days over which a year's event hours accrue: the most weekdays a 365-day year can hold; hours stated on 250
days are spread over them.
"""
QUANTILES = 257
"""Quantiles of complexity kept for each category, at 0, 1/256, …, 1."""


def _is_duration(p: Parameter) -> bool:
    return hasattr(p.default, "coded")


# A duration's place in this list keys its draws: append, never reorder.
DURATIONS: tuple[str, ...] = (
    "dedicated.dispute_delay",
    "triage.return_delay",
    "handling.service",
    "handling.on_the_spot",
    "linkage.report_in",
    "linkage.hop",
    "linkage.stalled",
    "departments.duration",
    "closure.reopen_delay",
    "experts.handover",
    "linkage.false_effort",
    "self_resolution.returns",
)
"""Durations in order of their rows; the stream of row k is 64 + k. Unit by the registry: hours for handling.service and
handling.on_the_spot (work), working days for departments.duration and linkage.false_effort (work), calendar days for
all others.
"""
(
    DISPUTE,
    RETURN,
    SERVICE,
    ON_THE_SPOT,
    REPORT_IN,
    HOP,
    STALLED,
    DEPARTMENT,
    REOPEN,
    HANDOVER,
    FALSE_EFFORT,
    SELF_RETURN,
) = range(len(DURATIONS))

# Strategy of patrol: pool of hours (0 grid, 1 community, 2 district, 3 city), weight of recorded cases (None: focus).
PATROL: dict[str, tuple[int, float | None]] = {
    "own": (0, 0.0),
    "random": (3, 0.0),
    "cooperative": (1, 0.0),
    "community-first": (1, None),
    "district-first": (2, None),
    "hotspots": (1, 0.5),
}
"""Strategy of patrol: (``patrol_pool``, ``patrol_weight``), None meaning ``patrol.focus``."""

DURATION_DTYPE = np.dtype([("kind", "f8"), ("scale", "f8"), ("spread", "f8")])
"""A coded distribution: ``kind`` (0 deterministic, 1 exponential, 2 gamma, 3 lognormal), ``scale`` (value; mean; mean ÷
shape; median) and ``spread`` (0; 0; shape; σ).
"""

_DERIVED: list[tuple[str, str]] = [
    ("seed", "i8"),
    ("replicate", "i8"),
    ("office", "i8"),
    ("opens", "f8"),
    ("closes", "f8"),
    ("hours_a_day", "f8"),
    ("referral_accuracy", "f8"),
    ("event_hours_year", "f8"),
    ("patrol_hours_now", "f8"),
    ("admin_share_now", "f8"),
    ("patrol_pool", "i8"),
    ("patrol_weight", "f8"),
    ("workdays", "f8"),
    ("passive", "i8"),
    ("false_patrol", "f8"),
    ("false_residents", "f8"),
    ("throughout", "i8"),
    ("formal_now", "f8"),
    ("reopen_now", "f8"),
    ("expert_area", "i8"),
    ("expert_sessions", "i8"),
    ("expert_session_hours", "f8"),
    ("team_strength", "f8"),
    ("usual_effort", "f8"),
    ("false_share", "f8"),
    ("encouragement", "f8"),
    ("outreach_now", "f8"),
    ("near_ties", "i8"),
]
AREAS = ("community", "street", "district")
SESSION = 3.0  # h, at most, of an expert's visit if five a week suffice for his hours
SETTINGS_DTYPE = np.dtype(
    [
        (k.replace(".", "_"), "f8" if isinstance(p.default, float) else "i8")
        for k, p in REGISTRY.items()
        if not _is_duration(p) and not p.choices
    ]
    + _DERIVED
)
"""All numbers of the registry by key, then those derived. Texts (choices) are not among them: they only act through
what is derived.
"""
CATEGORY_DTYPE = np.dtype(
    [
        ("share_below", "f8"),
        ("needs", "f8"),
        ("deadline", "f8"),
        ("visibility", "f8"),
        ("reporting", "f8"),
        ("lapse_rate", "f8"),
        ("lead", "i8"),
        ("emergency", "f8"),
        ("escalation", "f8"),
        ("mediated", "i8"),
        ("video", "f8"),
        ("expert", "i8"),
        ("expert_second", "i8"),
        ("expert_share", "f8"),
        ("substitutable", "f8"),
        ("self_resolvable", "f8"),
        ("signs", "f8"),
        ("security", "i8"),
        ("complexity", "f8", (QUANTILES,)),
    ]
)
"""Columns of a category: see ``category_table``."""


def settings_record(s: Scenario, seed: int = 0, replicate: int = 0) -> np.recarray:
    """The scenario's numbers as a record array of length 1. What is derived:

    - ``office``: 1 if ``time.calendar`` is "office"; then ``opens``, ``closes`` = ``time.opens``, ``time.closes`` ÷ 24
      and ``hours_a_day`` = closes − opens in hours; else 0, 1 and 24.
    - ``referral_accuracy`` = max(0.01, triage.accuracy · (1 − linkage.silo_weight · linkage.silo · (1 −
      platform.data_integration))).
    - ``event_hours_year`` = max(0, event hours of ``year_of_hours``); ``patrol_hours_now`` = its patrol hours ÷ 250;
      ``admin_share_now`` = its administration hours ÷ hours_per_year; ``workdays`` = 261 in office hours, else 365.
    - ``patrol_pool``, ``patrol_weight``: of ``patrol.strategy``, by the table PATROL.
    - ``passive``: 1 if neither rules.patrol nor rules.residents is on.
    - With w = intake.wrong_rejection and t = d ÷ (1 − d), d = intake.duplicates: ``false_patrol`` = max(0, (1 − w) ÷
      intake.valid_patrol − 1); ``false_residents`` = max(0, (1 − w + t) ÷ max(intake.valid_residents, 0.01) − 1 − t).
    - ``throughout``: 1 if departments.hold_team is "throughout". ``usual_effort`` = mean of departments.duration
      (median · exp(σ² ÷ 2) of a lognormal), times departments.active_share unless throughout.
    - ``formal_now`` = min(1, closure.formal · (closure.appraisal_factor if closure.appraisal is "closure", else 1));
      ``reopen_now`` = min(1, closure.reopen · (the same factor if it is "residents", else 1)).
    - ``expert_area``: 0 community, 1 street, 2 district, by experts.pool. ``expert_sessions`` = ceil(``expert_hours`` ÷
      3), at least 1 and at most 5; ``expert_session_hours`` = ``expert_hours`` ÷ sessions.
    - ``team_strength``: by the function of that name.
    - ``false_share`` = linkage.false_whistles + linkage.false_slope · max(0, linkage.rate − 0.8).
    - ``encouragement`` = max(1, residents.experience ÷ exp(residents.trust_slope · ½ · trust.gain · (1 − trust.grid))):
      what a fixed first report adds beyond the trust it wins, so that both together are residents.experience.
    - ``outreach_now``, at most 1 = outreach.gain · outreach.content · (outreach.video_factor if outreach.form is
      "videos", else 1) · h ÷ (h + outreach.half_hours), h = outreach.hours; 0 with rules.outreach off. ``near_ties``:
      ties.near if ties.structure is "clustered", else 0.
    """
    r = np.zeros(1, SETTINGS_DTYPE).view(np.recarray)
    for key, p in REGISTRY.items():
        if not _is_duration(p) and not p.choices:
            r[key.replace(".", "_")][0] = s.get(key)
    office = s.time.calendar == "office"
    hours = year_of_hours(s)
    pool, weight = PATROL[s.patrol.strategy]
    twice = s.intake.duplicates / (1 - s.intake.duplicates)
    appraised = s.closure.appraisal_factor
    sessions = min(5, max(1, math.ceil(expert_hours(s) / SESSION)))
    throughout = s.departments.hold_team == "throughout"
    silo = s.linkage.silo * (1 - s.platform.data_integration)
    derived: dict[str, Any] = {
        "seed": seed,
        "replicate": replicate,
        "office": office,
        "opens": s.time.opens / 24 if office else 0.0,
        "closes": s.time.closes / 24 if office else 1.0,
        "hours_a_day": s.time.closes - s.time.opens if office else 24.0,
        "referral_accuracy": max(0.01, s.triage.accuracy * (1 - s.linkage.silo_weight * silo)),
        "event_hours_year": max(hours.events, 0.0),
        "patrol_hours_now": hours.patrol / PATROL_DAYS,
        "admin_share_now": hours.administration / s.staff.hours_per_year,
        "patrol_pool": pool,
        "patrol_weight": s.patrol.focus if weight is None else weight,
        "workdays": WORKDAYS if office else 365,
        "passive": not (s.rules.patrol or s.rules.residents),
        # false reports beside each genuine one, so that the audited share comes out as stated
        "false_patrol": max(0.0, (1 - s.intake.wrong_rejection) / s.intake.valid_patrol - 1),
        "false_residents": max(
            0.0, (1 - s.intake.wrong_rejection + twice) / max(s.intake.valid_residents, 0.01) - 1 - twice
        ),
        "throughout": throughout,
        "formal_now": min(1.0, s.closure.formal * (appraised if s.closure.appraisal == "closure" else 1.0)),
        "reopen_now": min(1.0, s.closure.reopen * (appraised if s.closure.appraisal == "residents" else 1.0)),
        "expert_area": AREAS.index(s.experts.pool),
        "expert_sessions": sessions,
        "expert_session_hours": expert_hours(s) / sessions,
        "team_strength": team_strength(s),
        "usual_effort": s.departments.duration.average * (1.0 if throughout else s.departments.active_share),
        "false_share": s.linkage.false_whistles + s.linkage.false_slope * max(0.0, s.linkage.rate - 0.8),
        "encouragement": max(1.0, s.residents.experience / math.exp(s.residents.trust_slope * first_gain(s))),
        "outreach_now": outreach_effect(s),
        "near_ties": s.ties.near if s.ties.structure == "clustered" else 0,
    }
    for name, value in derived.items():
        r[name][0] = value
    return r


def first_gain(s: Scenario) -> float:
    """R15. Mean trust gained by a first report that the grid fixed in time and told of: ½ · gain · (1 − trust.grid)."""
    return float(0.5 * s.trust.gain * (1 - s.trust.grid))


def outreach_effect(s: Scenario) -> float:
    """R18. Trust gained in 28 days by one who is reached; see ``settings_record``."""
    x = s.outreach
    if not s.rules.outreach or x.hours <= 0:
        return 0.0
    form = x.video_factor if x.form == "videos" else 1.0
    return float(min(1.0, x.gain * x.content * form * x.hours / (x.hours + x.half_hours)))


def expert_hours(s: Scenario) -> float:
    """R10. Hours a week that an expert has for cases: given, never more than five working days, less teaching.

    max(0, min(5 · hours_a_day, ``hours_given``) − ``teaching_hours``).
    """
    most = 5 * (s.time.closes - s.time.opens if s.time.calendar == "office" else 24.0)
    return max(0.0, min(most, hours_given(s.experts)) - teaching_hours(s.staff, s.experts, s.rules))


def team_strength(s: Scenario) -> float:
    """R12. What is left of the departments' strength when their people are seconded as experts (40 h weeks).

    1 unless ``experts.kind`` is "seconded" and ``rules.experts`` is on; then max(0.05, 1 − L ÷ max(P, 1)), L = roster
    size · ``hours_given`` ÷ 40, P = ``departments.people_per_team`` · all teams of the scenario's table (added ones not
    counted).
    """
    if s.experts.kind != "seconded" or not s.rules.experts:
        return 1.0
    people = s.departments.people_per_team * sum(n for row in s.teams.values() for n in row.values())
    lent = roster_size(s) * hours_given(s.experts) / 40
    return max(0.05, 1 - lent / max(people, 1))


def duration_table(s: Scenario) -> np.recarray:
    """Coded distributions, a row for each of ``DURATIONS``."""
    rows = [tuple(map(float, s.get(k).coded)) for k in DURATIONS]
    return np.array(rows, DURATION_DTYPE).view(np.recarray)


def category_table(s: Scenario) -> np.recarray:
    """Categories with cumulative shares and quantiles of complexity (Beta, mean and concentration).

    - ``share_below``: cumulative share, normed to 1.
    - ``needs`` = needs_department, 0 with rules.departments off; ``deadline`` in days; ``visibility``; ``reporting``;
      ``lapse_rate`` = lapse ÷ latent.lapse_days a day, 0 with rules.lapse off; ``lead``, row of its field.
    - ``emergency``, ``escalation`` (α), ``mediated``, ``video``, ``expert_share``, ``substitutable``,
      ``self_resolvable``, ``signs``, ``security`` as stated; ``expert``, ``expert_second``: rows of EXPERT_FIELDS, −1
      none.
    - ``complexity``: quantiles j ÷ 256, j = 0…256, of Beta(k m, k (1 − m)), m = the category's complexity, k =
      handling.complexity_concentration.
    """
    r = np.zeros(len(s.categories), CATEGORY_DTYPE).view(np.recarray)
    fields, experts = list(s.fields), list(EXPERT_FIELDS)
    shares = np.array([c.share for c in s.categories.values()])
    r.share_below[:] = np.cumsum(shares / shares.sum())
    r.share_below[-1] = 1.0
    levels = np.linspace(0, 1, QUANTILES)
    k = s.handling.complexity_concentration
    for row, c in zip(r, s.categories.values(), strict=True):
        row.needs = c.needs_department if s.rules.departments else 0.0
        row.deadline = c.deadline_days
        row.visibility, row.reporting = c.visibility, c.reporting
        row.lapse_rate = c.lapse / s.latent.lapse_days if s.rules.lapse else 0.0
        row.lead = fields.index(c.field)
        row.emergency, row.escalation, row.mediated, row.video = c.emergency, c.escalation, c.mediated, c.video
        row.expert, row.expert_second = (experts.index(f) if f else -1 for f in (c.expert, c.expert_second))
        row.expert_share, row.substitutable = c.expert_share, c.substitutable
        row.self_resolvable, row.signs, row.security = c.self_resolvable, c.signs, c.security
        row.complexity[:] = beta.ppf(levels, k * c.complexity, k * (1 - c.complexity))
    return r


def threshold_levels(s: Scenario) -> np.ndarray:
    """R16. Thresholds of participation by quantile, 256 bytes; 250 is all of one's ties, 255 never.

    Level j = ceil(250 · q), q the quantile (j + ½) ÷ 256 of Beta(k m, k (1 − m)), m = participation.threshold, k =
    participation.threshold_concentration; all 0 for m < 10⁻¹², all 250 for m = 1, all 255 beyond.
    """
    m, k = s.participation.threshold, s.participation.threshold_concentration
    if m > 1:
        return np.full(256, NEVER_REACHED, np.uint8)
    if m < 1e-12 or m == 1:  # less would overflow the quantiles
        return np.full(256, int(m) * STEPS_OF_THRESHOLD, np.uint8)
    q = beta.ppf((np.arange(256) + 0.5) / 256, k * m, k * (1 - m))
    return np.ceil(q * STEPS_OF_THRESHOLD).astype(np.uint8)


def success(s: Scenario, complexity: np.ndarray) -> np.ndarray:
    """R9. Success probability of a grid attempt, logistic(ability − slope · complexity)."""
    return 1 / (1 + np.exp(-(s.handling.ability - s.handling.complexity_slope * complexity)))


def needs_after_exhaustion(s: Scenario) -> np.ndarray:
    """R11. Chance per category of reaching a department by need or after all attempts failed (m).

    Where there are experts, what they settle instead does not come so far (R10).

    With rules.grid_handling off it is 1. Else n (1 − s) + (1 − n) · e (e = 0 with rules.departments off), where n =
    min(1, needs · departments.need_factor); e = the mean over the 256 middles c of neighbouring quantiles of (1 −
    success(c))^handling.max_attempts; s = 0 without a roster, without expert hours or without an expert's field, else
    min(1, substitutable · experts.substitution_factor) · (1 − the mean over c of f(c)^experts.attempts), f = 1 ÷ (1 +
    exp(experts.ability − experts.complexity_slope · c)).
    """
    table = category_table(s)
    if not s.rules.grid_handling:
        return np.ones(len(table))
    mid = (table.complexity[:, :-1] + table.complexity[:, 1:]) / 2
    exhausted = ((1 - success(s, mid)) ** s.handling.max_attempts).mean(axis=1)
    needs = np.minimum(1.0, table.needs * s.departments.need_factor)
    instead = np.zeros(len(table))
    if roster_size(s) > 0 and expert_hours(s) > 0:
        fails = 1 / (1 + np.exp(s.experts.ability - s.experts.complexity_slope * mid))
        settled = 1 - (fails**s.experts.attempts).mean(axis=1)
        instead = np.minimum(1.0, table.substitutable * s.experts.substitution_factor) * (table.expert >= 0) * settled
    return needs * (1 - instead) + (1 - needs) * exhausted * (1.0 if s.rules.departments else 0.0)


def mean_departments(s: Scenario) -> float:
    """R11. Mean of 1 + Poisson(extra), cut at four and at the number of fields."""
    most = min(4, len(s.fields))
    x = s.departments.extra
    pmf = [math.exp(-x) * x**k / math.factorial(k) for k in range(most)]
    return sum((1 + k) * q for k, q in enumerate(pmf)) + (1 - sum(pmf)) * most
