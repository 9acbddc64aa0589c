"""People, hours and money of a window, from who was there on which day; and how the staff fared (R17)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gridsim.measures.survival import ratio
from gridsim.model.census import Strength
from gridsim.model.world import World
from gridsim.scenario.costs import running_cost
from gridsim.scenario.hours import year_of_hours
from gridsim.scenario.windows import Window

HOURS = ("hours_patrol", "hours_training", "hours_administration", "hours_public")
CAREERS = ("vacancy_share", "quits", "strain", "burnout", "skill")


def in_force(world: World, window: Window) -> Iterator[tuple[int, int, Strength]]:
    """Who was there in a window: (first day, day after the last, strength), without gaps."""
    steps = world.strengths
    for k, now in enumerate(steps):
        until = steps[k + 1].day if k + 1 < len(steps) else window[1]
        first, last = max(now.day, window[0]), min(until, window[1])
        if first < last:
            yield first, last, now


def workdays(world: World, first: int, last: int) -> int:
    """Working days in [first, last)."""
    if world.scenario.time.calendar != "office":
        return last - first
    return int(np.sum(np.arange(first, last) % 7 < 5))


def effort(world: World, window: Window) -> dict[str, float]:
    """People at work, their hours by activity and what the city costs to run, a year."""
    length, days = window[1] - window[0], world.days
    out = dict.fromkeys((*HOURS, "people_at_work", "fte_at_work", "running_cost"), 0.0)
    capacity = 0.0
    for first, last, now in in_force(world, window):
        part, s = (last - first) / length, now.scenario
        here = days[(days.day >= first) & (days.day < last)]
        fte = float(now.fte.sum()) - float(here.vacant_fte.mean())
        h = year_of_hours(s)
        for key, hours in zip(HOURS, (h.patrol, h.training, h.administration, h.public), strict=True):
            out[key] += part * fte * hours if s.rules.hours else float("nan")
        out["people_at_work"] += part * (float(now.at_work.sum()) - float(here.vacant.mean()))
        out["fte_at_work"] += part * fte
        teams = float(now.teams.sum())
        out["running_cost"] += part * running_cost(s, now.full_time, now.part_time, now.firm_staff, teams) / 1e6
        capacity += teams * workdays(world, first, last)
    d = days[(days.day >= window[0]) & (days.day < window[1])]
    out["hours_events"] = float(d.event_hours.sum()) * 365 / length
    out["worker_utilisation"] = ratio(d.event_hours.sum(), d.event_budget.sum())
    out["expert_utilisation"] = ratio(d.expert_hours.sum(), d.expert_budget.sum())
    out["department_utilisation"] = ratio(d.team_days.sum(), capacity)
    return out | careers(world, d)


def careers(world: World, d: np.recarray) -> dict[str, float]:
    """R17. Vacancies, people who leave, and means over those at work, over some days; NaN without ``rules.careers``."""
    if not world.scenario.rules.careers:
        return dict.fromkeys(CAREERS, float("nan"))
    means = {key: float(d[key].mean()) for key in ("strain", "burnout", "skill")}
    return means | {
        "vacancy_share": ratio(d.vacant.sum(), d.posts.sum()),
        "quits": float(d.quits.sum()) * 365 / len(d),
    }
