"""How many of each thing in a city a policy's cost can be charged for, beside the same city without the policy."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from gridsim.model.staffing import kept_grids
from gridsim.scenario.costs import roster_size, rostered_hours
from gridsim.scenario.hours import full_time_posts
from gridsim.scenario.scenario import Scenario


def _departments(city: Any, base: Scenario, policy: Scenario) -> float:
    city_level = len(policy.fields) if policy.departments.city_level_share > 0 else 0
    return len(policy.fields) * len(policy.districts) + city_level


def _teams(city: Any, base: Scenario, policy: Scenario) -> float:
    staffed = sum(n > 0 for row in policy.teams.values() for n in row.values())
    return staffed * (policy.departments.added_teams - base.departments.added_teams)


def _firm_staff(city: Any, base: Scenario, s: Scenario) -> float:
    """People of firms on the roster once ``s`` is in force, as the model has it (dissolved, merged, of a table).

    They hang on the section ``dedicated`` alone, and a city keeps what was counted.
    """
    from gridsim.model.world import World  # which is made of a city, whose counts these are

    key = (base.dedicated, s.dedicated)
    if key not in city.firm_staff:
        world = World(base, city)
        if s is not base:
            world.enforce(s)
        city.firm_staff[key] = float(world.strengths[-1].firm_staff)
    return float(city.firm_staff[key])


def _devices(s: Scenario, firm_staff: float) -> float:
    people = full_time_posts(s.staff) + s.staff.part_time + firm_staff
    return float(np.floor(people * s.staff.devices + 0.5))


def _watched(city: Any, s: Scenario) -> int:
    return int(((city.place.urban == 1) & (city.place.camera < s.video.coverage)).sum())


# Each takes (city, baseline scenario, scenario under the policy).
COUNTS: dict[str, Callable[[Any, Scenario, Scenario], float]] = {
    "city": lambda city, base, policy: 1,
    "district": lambda city, base, policy: len(policy.districts),
    "street": lambda city, base, policy: city.n_streets,
    "community": lambda city, base, policy: len(city.community),
    "department": _departments,
    "comprehensive_grid": lambda city, base, policy: city.n_comprehensive,
    "dedicated_grid_dissolved": lambda city, base, policy: max(
        0, kept_grids(base, city.n_dedicated) - kept_grids(policy, city.n_dedicated)
    ),
    "full_time": lambda city, base, policy: full_time_posts(policy.staff),
    "part_time": lambda city, base, policy: policy.staff.part_time,
    # beyond the baseline; fewer than there is negative, a saving
    "added_full_time": lambda city, base, policy: full_time_posts(policy.staff) - full_time_posts(base.staff),
    "added_part_time": lambda city, base, policy: policy.staff.part_time - base.staff.part_time,
    "added_team": _teams,
    "expert": lambda city, base, policy: roster_size(policy) - roster_size(base),
    "expert_hour": lambda city, base, policy: rostered_hours(policy) - rostered_hours(base),
    "camera": lambda city, base, policy: max(0, _watched(city, policy) - _watched(city, base)),
}
OF_FIRMS = ("added_firm_staff", "device")  # what hangs on the people of firms


def count_all(city: Any, base: Scenario, policy: Scenario, only: Collection[str] | None = None) -> dict[str, float]:
    """The number of everything that ``Cost.per`` can name, or of ``only`` these; devices given up are not sold."""
    found = {name: float(count(city, base, policy)) for name, count in COUNTS.items() if only is None or name in only}
    if only is not None and not set(only) & set(
        OF_FIRMS
    ):  # people of firms are counted in two worlds, which takes time
        return found
    before, after = (_firm_staff(city, base, s) for s in (base, policy))
    return found | {
        "added_firm_staff": after - before,
        "device": max(0.0, _devices(policy, after) - _devices(base, before)),
    }
