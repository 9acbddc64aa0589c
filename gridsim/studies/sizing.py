"""How many teams the departments of a scenario need for a wished utilisation: arithmetic, not a simulation.

Load = incidents · P(reported) · P(needs a department) · departments · effort. The result is stored in a scenario as
whole numbers and never derived again while it runs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gridsim.model.settings import mean_departments, needs_after_exhaustion
from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario

UTILISATION = 0.85  # X: assumed where nothing is known about a city's departments
MOST = 0.95  # expected utilisation beyond which a rounded number of teams gets one more
PERSONS_PER_AGENT = 10_000  # residents play no part in the load


@dataclass(frozen=True)
class Sizing:
    """Teams and expected utilisation by district (and ``city``) and department field."""

    teams: dict[str, dict[str, int]]
    utilisation: dict[str, dict[str, float]]


def team_days(s: Scenario) -> dict[str, np.ndarray]:
    """Team-days of active effort a calendar day, by district (and ``city``) and field."""
    w = World(s.replace({"rules.stalled_stock": False, "city.persons_per_agent": PERSONS_PER_AGENT}))
    c, place = w.tables.category, w.city.place
    walk = w.tables.patrol_hazard[:, None] * c.visibility * (5 / 7 if s.time.calendar == "office" else 1.0)
    found = walk + s.residents.report_rate * c.reporting
    shares = np.diff(c.share_below, prepend=0.0)
    cases = place.rate[:, None] * shares * found / (found + c.lapse_rate) * needs_after_exhaustion(s)
    fields = len(s.fields)
    extra = (mean_departments(s) - 1) / max(fields - 1, 1)
    lead = np.zeros((len(s.districts), fields))
    np.add.at(lead, (place.district[:, None], np.broadcast_to(c.lead, cases.shape)), cases)
    tasks = lead + extra * (lead.sum(axis=1, keepdims=True) - lead)
    effort = s.departments.duration.average * s.departments.active_share * (1 + s.linkage.coordination * s.linkage.rate)
    local = tasks * effort * (1 - s.departments.city_level_share)
    out = dict(zip(s.districts, local, strict=True))
    if s.departments.city_level_share:
        out["city"] = tasks.sum(axis=0) * effort * s.departments.city_level_share
    return out


def size_teams(s: Scenario, utilisation: float = UTILISATION) -> Sizing:
    """Whole teams nearest to a wished utilisation: at least one a department, and none above ``MOST``.

    Parameters
    ----------
    s : Scenario
        Its own teams do not matter.
    utilisation : float
        Expected share of working time that a team is busy.

    """
    week = 7 / 5 if s.time.calendar == "office" else 1.0  # the work of seven days is done in five
    bare = s.replace({"teams": {d: dict.fromkeys(s.fields, 1) for d in [*s.districts, "city"]}})
    teams: dict[str, dict[str, int]] = {}
    busy: dict[str, dict[str, float]] = {}
    for district, load in team_days(bare).items():
        n = np.maximum(np.maximum(1, np.rint(load * week / utilisation)), np.ceil(load * week / MOST)).astype(int)
        teams[district] = {f: int(k) for f, k in zip(s.fields, n, strict=True)}
        busy[district] = {f: float(x) for f, x in zip(s.fields, load * week / n, strict=True)}
    return Sizing(teams, busy)
