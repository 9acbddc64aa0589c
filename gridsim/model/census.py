"""Head counts beside the tables: who is there when levers change, and the queues at the bounds of a window.

Tables hold a running total or today's state; what measures need of an earlier day is counted here, on that day.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from gridsim.model.gridworkers import CHIEF, FULL_TIME, PART_TIME
from gridsim.model.staffing import post_rates, take_cases
from gridsim.scenario.scenario import Scenario


class Strength(NamedTuple):
    """Who is there from ``day`` on. On the roster are nominal gridworkers too; at work are those who work hours.

    Posts are counted, those that stand vacant with the others: the days tell how many of them do.
    """

    day: int
    scenario: Scenario
    full_time: int
    part_time: int
    firm_staff: int
    at_work: np.ndarray  # persons, by community of the post's first grid
    fte: np.ndarray  # likewise
    handling: np.ndarray  # likewise, of the full- and part-timers who take cases from a queue
    teams: np.ndarray  # by department


class Census(NamedTuple):
    """State at the beginning of a day: work done so far, and what waits."""

    full_time_hours: np.ndarray  # on events, by community
    part_time_hours: np.ndarray
    live_cases: np.ndarray  # at its grids
    team_days: np.ndarray  # by department
    queue: np.ndarray
    taking_part: np.ndarray  # residents who take part, by comprehensive grid that they live in
    residents: np.ndarray  # of it


def strength(t: Any, day: int, scenario: Scenario) -> Strength:
    """Count the people and teams in force."""
    w = t.worker
    here = w.away == 0
    posts = here & (w.nominal == 0)
    fte = np.where(posts, post_rates(scenario)[w.role], 0.0)
    return Strength(
        day,
        scenario,
        full_time=int((here & (w.role == FULL_TIME)).sum()),
        part_time=int((here & (w.role == PART_TIME)).sum()),
        firm_staff=int((here & (w.role >= CHIEF)).sum()),
        at_work=_by_community(t, w.home, posts),
        fte=_by_community(t, w.home, fte),
        handling=_by_community(t, w.home, fte * (take_cases(w.role, scenario) & (w.role < CHIEF))),
        teams=t.department.teams.copy(),
    )


def census(t: Any) -> Census:
    """Count work done and queues."""
    w = t.worker
    return Census(
        _by_community(t, w.home, w.event_hours * (w.role == FULL_TIME)),
        _by_community(t, w.home, w.event_hours * (w.role == PART_TIME)),
        _by_community(t, np.arange(len(t.grid)), t.grid.load),
        t.department.team_days.copy(),
        t.department.queue.copy(),
        _by_home(t, t.place.taking_part * t.place.people),
        _by_home(t, t.place.people.astype(float)),
    )


def _by_home(t: Any, value: np.ndarray) -> np.ndarray:
    return np.bincount(t.place.host, value, int((t.grid.dedicated == 0).sum()))


def _by_community(t: Any, grid: np.ndarray, value: np.ndarray) -> np.ndarray:
    return np.bincount(t.grid.community[grid], value, len(t.community))
