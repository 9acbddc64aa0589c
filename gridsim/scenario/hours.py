"""A full-timer's year in hours (R17): what goes to administration, training, patrol and events, and what is freed."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

PATROL_DAYS = 250  # working days a year on which hours_per_year is stated (1,875 h = 250 × 7.5 h)


class Hours(NamedTuple):
    """Hours a year of a full-timer; they add up to ``staff.hours_per_year``."""

    administration: float
    training: float
    patrol: float
    events: float


def full_time_posts(staff: Any) -> int:
    """Full-timers, those added by a lever included: whole people."""
    return int(staff.full_time + math.floor(staff.full_time * staff.added_share + 0.5))


def year_of_hours(staff: Any, platform: Any, experts: Any, rules: Any) -> Hours:
    """Split a full-timer's year (MECHANISMS 2.6).

    Joined databases end duplicate entry in proportion, devices save part of the entry that is left, and experts take
    over part of the training once there are enough of them; the hours so freed go to patrol or to events, nowhere
    else. What no other activity takes is for events; it is negative where the others take more than there is.
    """
    administration = staff.admin_share * staff.hours_per_year
    entry = administration * staff.entry_share
    left = (1 - staff.duplicate_entry * platform.data_integration) * (1 - staff.devices * staff.device_saving)
    relief = staff.training_hours * experts.training_relief * min(1.0, experts.per_full_time / experts.relief_from)
    relief = relief if rules.experts else 0.0
    freed = entry * (1 - left) + relief
    to_patrol = freed if staff.freed_hours == "patrol" else 0.0
    patrol = PATROL_DAYS * staff.patrol_hours + to_patrol
    events = staff.hours_per_year - administration - staff.training_hours - PATROL_DAYS * staff.patrol_hours
    return Hours(administration - entry * (1 - left), staff.training_hours - relief, patrol, events + freed - to_patrol)
