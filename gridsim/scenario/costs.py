"""What a city costs to run: people, rostered expert hours and teams at the unit costs of its scenario."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from gridsim.scenario.hours import WEEKS, has_roster, hours_given
from gridsim.scenario.scenario import Scenario, nearest


def roster_size(s: Scenario) -> int:
    """R10. Professional gridworkers of a scenario: whole people; none while ``rules.experts`` is off.

    floor(experts.per_full_time · staff.full_time + 0.5) where ``has_roster``, else 0.
    """
    return math.floor(s.experts.per_full_time * s.staff.full_time + 0.5) if has_roster(s.experts, s.rules) else 0


def rostered_hours(s: Scenario) -> float:
    """Hours a year of all professional gridworkers that are paid: those rostered, or given where they give more."""
    return float(roster_size(s) * max(s.experts.hours_per_week, hours_given(s.experts)) * WEEKS)


def running_cost(s: Scenario, full_time: float, part_time: float, firm_staff: float, teams: float) -> float:
    """Yuan a year: everybody on the roster, nominal gridworkers included, at the scenario's unit costs.

    Parameters
    ----------
    full_time, part_time, firm_staff, teams : float
        People of each kind, and teams of all departments.

    """
    price = {name: row.yuan for name, row in s.costs.items()}
    return float(
        full_time * price["full_timer"]
        + part_time * price["part_timer"]
        + firm_staff * price["firm_staff"]
        + rostered_hours(s) * price[f"expert_hour_{s.experts.kind}"]
        + (teams * price["team"] if s.rules.departments else 0.0)
    )


def unknown_units(policy: Any, costs: Mapping[str, Any]) -> list[str]:
    """One line for each cost of a policy that names a unit cost the scenario does not have."""
    return [
        f"policy {policy.name}: cost {c.item!r}: unit: no unit cost {c.unit!r}{nearest(c.unit, costs) or '.'} "
        f"Unit costs are {', '.join(costs)}"
        for c in policy.cost
        if c.unit is not None and c.unit not in costs
    ]
