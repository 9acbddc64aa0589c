"""Where capacity runs out: utilisation and queue of every department and community over a window."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridsim.measures.effort import in_force, workdays
from gridsim.measures.territory import tier_names
from gridsim.model.world import World
from gridsim.scenario.hours import year_of_hours
from gridsim.scenario.windows import Window, window_name, windows

SATURATED = 0.95  # utilisation above which, with a queue that has grown, a unit is called saturated
COLUMNS = ["window", "kind", "unit", "utilisation", "queue_start", "queue_end"]


def load(world: World) -> pd.DataFrame:
    """One row per window and department or community.

    Utilisation of a department is team-days begun ÷ available; of a community, event hours begun by its gridworkers ÷
    those of their posts' budget (vacant ones too), or ÷ their working hours where ``rules.hours`` is off. The queues
    are the sub-tasks that wait at a department, and the live cases of a community's grids, at the window's first and
    last moment.
    """
    return pd.concat([_window(world, w) for w in windows(world.scenario)], ignore_index=True)


def _window(world: World, window: Window) -> pd.DataFrame:
    a, b = (world.censuses[d] for d in window)
    team_days, hours = np.zeros(len(a.team_days)), np.zeros(len(a.event_hours))
    for first, last, now in in_force(world, window):
        days = workdays(world, first, last)
        team_days += now.teams * days
        s = now.scenario
        if s.rules.hours:
            yearly = year_of_hours(s).events
            hours += now.fte * yearly * (last - first) / 365
        else:
            hours += now.at_work * days * float(world.tables.settings.hours_a_day[0])
    names = tier_names(world.city, "community")
    parts = [
        ("department", world.department_names, b.team_days - a.team_days, team_days, a.queue, b.queue),
        ("community", names, b.event_hours - a.event_hours, hours, a.live_cases, b.live_cases),
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
