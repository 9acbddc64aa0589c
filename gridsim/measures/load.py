"""Where capacity runs out: utilisation and queue of every department and community over a window."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridsim.measures.effort import in_force, workdays
from gridsim.measures.survival import ratio
from gridsim.measures.territory import tier_names
from gridsim.model.gridworkers import PART_TIME
from gridsim.model.staffing import take_cases
from gridsim.model.world import World
from gridsim.scenario.hours import year_of_hours
from gridsim.scenario.windows import Window, window_name, windows

SATURATED = 0.95  # utilisation above which, with a queue that has grown, a unit is called saturated
COLUMNS = ["window", "kind", "unit", "utilisation", "queue_start", "queue_end"]


def load(world: World) -> pd.DataFrame:
    """One row per window and department or community.

    Utilisation of a department is team-days begun ÷ available; of a community, event hours begun by those of its full-
    and part-timers who take cases from a queue ÷ the budget of their posts, of which the city's share of vacant posts
    is taken off. Staff of dedicated grids are not among them, nor part-timers who are kept from cases at the window's
    end: their time is no help to those who wait. Where ``rules.hours`` is off there is no budget, and the hours are ÷
    the working hours of everybody at work in the community. The queues are the sub-tasks that wait at a department, and
    the live cases of a community's grids, at the window's first and last moment.
    """
    return pd.concat([_window(world, w) for w in windows(world.scenario)], ignore_index=True)


def _window(world: World, window: Window) -> pd.DataFrame:
    a, b = (world.censuses[d] for d in window)
    team_days, hours = np.zeros(len(a.team_days)), np.zeros(len(a.live_cases))
    for first, last, now in in_force(world, window):
        days = workdays(world, first, last)
        team_days += now.teams * days
        s = now.scenario
        if s.rules.hours:
            here = world.days[(world.days.day >= first) & (world.days.day < last)]
            held = 1.0 - ratio(here.vacant.sum(), here.posts.sum()) if s.rules.careers else 1.0
            hours += held * now.handling * year_of_hours(s).events * (last - first) / 365
        else:
            hours += np.where(now.handling > 0, now.at_work, 0) * days * float(world.tables.settings.hours_a_day[0])
    begun = b.full_time_hours - a.full_time_hours
    if take_cases(PART_TIME, s):
        begun = begun + b.part_time_hours - a.part_time_hours
    names = tier_names(world.city, "community")
    parts = [
        ("department", world.department_names, b.team_days - a.team_days, team_days, a.queue, b.queue),
        ("community", names, begun, hours, a.live_cases, b.live_cases),
    ]
    frames = []
    for kind, units, used, there, queue_start, queue_end in parts:
        f = pd.DataFrame(
            {"unit": units, "utilisation": np.divide(used, there, np.full(len(used), np.nan), where=there > 0)}
        )
        f["kind"], f["queue_start"], f["queue_end"] = kind, queue_start, queue_end
        frames.append(f[there > 0])  # a department without teams is none
    out = pd.concat(frames)
    out["window"] = window_name(window)
    return out[COLUMNS]
