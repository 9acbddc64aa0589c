"""A full-timer's year in hours (R17): what goes to administration, training, patrol and events, and what is freed.

Names in the texts are the scenario's, of the sections staff, experts and platform.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from gridsim.scenario.parameters import EXPERT_FIELDS

WEEKS = 52  # of rostered hours a year
PATROL_DAYS = 250  # working days a year on which hours_per_year is stated (1,875 h = 250 × 7.5 h)


class Hours(NamedTuple):
    """Hours a year of a full-timer; they add up to ``staff.hours_per_year``."""

    administration: float
    training: float
    patrol: float
    events: float
    public: float


def full_time_posts(staff: Any) -> int:
    """R17. Full-timers, those added by a lever included: whole people, full_time + floor(full_time · added_share +
    0.5).
    """
    return int(staff.full_time + math.floor(staff.full_time * staff.added_share + 0.5))


def hours_given(experts: Any) -> float:
    """R10. Hours a week that an expert gives: the roster, times how many come; retired people give more.

    hours_per_week · (retired_hours if the kind is "retired", else 1) · (participation + (1 − participation) ·
    incentive).
    """
    x = experts
    longer = x.retired_hours if x.kind == "retired" else 1.0
    return float(x.hours_per_week * longer * (x.participation + (1 - x.participation) * x.incentive))


def has_roster(experts: Any, rules: Any) -> bool:
    """R10. True when there are experts at all: switched on, some, and in some field (rules.experts, per_full_time > 0,
    weights not all 0).
    """
    fields = sum(getattr(experts, f"weight_{name}") for name in EXPERT_FIELDS)
    return bool(rules.experts and experts.per_full_time > 0 and fields > 0)


def training_taken_over(staff: Any, experts: Any, rules: Any) -> float:
    """R17. Training hours a year of a full-timer that experts give instead, in classes, within the hours they have.

    min(training_hours · training_relief · min(1, per_full_time ÷ relief_from), class_size · per_full_time ·
    ``hours_given`` · 52); 0 without a roster.
    """
    x = experts
    if not has_roster(x, rules):
        return 0.0
    wished = staff.training_hours * x.training_relief * min(1.0, x.per_full_time / x.relief_from)
    return float(min(wished, x.class_size * x.per_full_time * hours_given(x) * WEEKS))


def teaching_hours(staff: Any, experts: Any, rules: Any) -> float:
    """R10, R17. Hours a week that this costs each expert: what is taken over ÷ (class_size · per_full_time) ÷ 52."""
    taken = training_taken_over(staff, experts, rules)
    return taken / (experts.class_size * experts.per_full_time) / WEEKS if taken else 0.0


def hours_for_the_public(outreach: Any, warning: Any, rules: Any) -> float:
    """R18, R5. Hours a year of a full-timer for policy publicity and for watching public opinion.

    52 · (outreach.hours, with rules.outreach, + warning.hours · warning.sensitivity, with rules.warning).
    """
    hours = outreach.hours * rules.outreach + warning.hours * warning.sensitivity * rules.warning
    return float(WEEKS * hours)


def year_of_hours(s: Any) -> Hours:
    """R17. Split a full-timer's year of scenario ``s``.

    Joined databases end duplicate entry in proportion, devices save part of the entry that is left, and experts take
    over part of the training once there are enough of them; the hours so freed go to patrol or to events, nowhere else.
    Policy publicity and watching public opinion take theirs from patrol or from events. What no other activity takes is
    for events; it is negative where the others take more than there is.

    A = admin_share · hours_per_year, entry E = A · entry_share, left l = (1 − duplicate_entry · data_integration) · (1
    − devices · device_saving), freed F = E (1 − l) + ``training_taken_over``; public U = ``hours_for_the_public``.
    Patrol = 250 · patrol_hours, plus F if freed_hours is "patrol", less U if outreach.taken_from is "patrol" (never
    below 0); events = hours_per_year − A − training_hours − 250 · patrol_hours, plus F, less what of F went to patrol
    (all of it or nothing: added and taken off again, so that the last digit may differ), less what of U patrol did not
    bear.
    """
    staff, platform, experts, rules = s.staff, s.platform, s.experts, s.rules
    administration = staff.admin_share * staff.hours_per_year
    entry = administration * staff.entry_share
    left = (1 - staff.duplicate_entry * platform.data_integration) * (1 - staff.devices * staff.device_saving)
    relief = training_taken_over(staff, experts, rules)
    freed = entry * (1 - left) + relief
    to_patrol = freed if staff.freed_hours == "patrol" else 0.0
    patrol = PATROL_DAYS * staff.patrol_hours + to_patrol
    public = hours_for_the_public(s.outreach, s.warning, rules)
    borne = min(patrol, public) if s.outreach.taken_from == "patrol" else 0.0
    events = staff.hours_per_year - administration - staff.training_hours - PATROL_DAYS * staff.patrol_hours
    return Hours(
        administration - entry * (1 - left),
        staff.training_hours - relief,
        patrol - borne,
        events + freed - to_patrol - (public - borne),
        public,
    )
