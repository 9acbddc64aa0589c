"""Propose the integer teams of a scenario's departments for a wished utilisation, as TOML to store in the file.

    python experiments/size_departments.py daqing-2021 0.85

The load is arithmetic on the scenario (incidents · P(reported) · P(needs a department) · departments · effort), not a
simulation. It was run once for each built-in scenario; the result is stored there and never derived again.
"""

from __future__ import annotations

import sys

import numpy as np

from gridsim.model.settings import mean_departments, needs_after_exhaustion
from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario, load_scenario


def team_days(s: Scenario) -> dict[str, np.ndarray]:
    """Team-days of active effort a calendar day, by district (and ``city``) and field."""
    w = World(s.replace({"rules.stalled_stock": False}))
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


def main(name: str, utilisation: float) -> None:
    s = load_scenario(name)
    ones = dict.fromkeys(s.fields, 1)
    s = Scenario.from_dict({**s.to_dict(), "teams": dict.fromkeys([*s.districts, "city"], ones)}, name)
    week = 7 / 5 if s.time.calendar == "office" else 1.0
    for district, load in team_days(s).items():
        teams = np.maximum(np.maximum(1, np.rint(load * week / utilisation)), np.ceil(load * week / 0.95)).astype(int)
        print(f"[teams.{district}]\n" + "\n".join(f"{f} = {n}" for f, n in zip(s.fields, teams, strict=True)))
        print("# expected utilisation " + ", ".join(f"{u:.2f}" for u in load * week / teams) + "\n")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 0.85)
