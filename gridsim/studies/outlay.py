"""What policies cost and what a case-day saved costs, at the unit costs of the scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from gridsim.model.city import City
from gridsim.scenario.policies import Cost, Option
from gridsim.scenario.scenario import Scenario

PAID_BY_FIRMS = ("added_firm_staff",)
# What the measured running cost has already: people added, expert hours and teams, at these prices or the line's own.
ON_THE_ROSTER = ("added_full_time", "added_part_time", "added_firm_staff", "added_team", "expert_hour")
ROSTER_PRICES = (None, "full_timer", "part_timer", "firm_staff", "team")
COLUMNS = [
    "policy",
    "yearly",
    "once",
    "annual",
    "saved_yearly",
    "saved_once",
    "saved_by_firms",
    "running_baseline",
    "running",
    "case_days_saved",
    "case_day_cost",
    "case_day_cost_low",
    "case_day_cost_high",
    "why_empty",
]


def outlays(options: Sequence[Option], city: City, base: Scenario, table: pd.DataFrame) -> pd.DataFrame:
    """Costs of each option in yuan: gross outlay, savings apart, running cost, and what a case-day saved costs.

    ``annual`` is the gross outlay a year with the one-off outlay spread over ``cost.life_years``. Running cost is what
    the runs measured, and under a policy also its yearly lines (savings taken off) that are not on the roster: where
    its lines tell all it changes, the two differ by its outlay a year less its savings a year.

    A case-day is one case open for one day; those saved a year are the difference of the mean backlog in the last
    window times 365. Their cost is ``annual`` divided by them; savings are not taken off. The outlay is planned and has
    no spread, so that Fieller's limits of the ratio are the outlay divided by the limits of the case-days.
    """
    rows = []
    last = table.window.iloc[-1]
    for option in options:
        counts = city.counts(option.phases(base)[-1].scenario, base)
        spent = option.outlay(counts, base.costs)
        here = table[(table.policy == option.name) & (table.window == last)].set_index("measure")
        running = here.loc["running_cost"]
        rows.append(
            {"policy": option.name}
            | spent
            | {"saved_by_firms": saved_by_firms(option, counts, base)}
            | {"annual": (annual := option.annual(counts, base))}
            | {"running_baseline": running.baseline * 1e6}
            | {"running": running.value * 1e6 + off_roster(option, counts, base)}
            | _case_days(here.loc["backlog"], here.loc["time_to_resolution"], annual)
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def saved_by_firms(option: Option, counts: Mapping[str, float], base: Scenario) -> float:
    """Part of the yearly savings, in yuan, that is not the city's: people whom firms no longer put into their grids."""
    lines = [c for p in option.policies for c in p.cost if c.every == "year" and c.per in PAID_BY_FIRMS]
    return -sum(min(0.0, c.total(counts, base.costs)) for c in lines)


def off_roster(option: Option, counts: Mapping[str, float], base: Scenario) -> float:
    """Yuan a year of an option's lines, savings taken off, for what is not on the roster: duty officers, incentives."""
    lines = [c for p in option.policies for c in p.cost if c.every == "year"]
    return sum(c.total(counts, base.costs) for c in lines if not _on_the_roster(c))


def _on_the_roster(c: Cost) -> bool:
    return c.per in ON_THE_ROSTER and (c.unit in ROSTER_PRICES or str(c.unit).startswith("expert_hour"))


def _case_days(backlog: pd.Series, time: pd.Series, annual: float) -> dict[str, float | str]:
    out: dict[str, float | str] = dict.fromkeys(COLUMNS[-4:-1], float("nan"))
    out["case_days_saved"] = -backlog.difference * 365
    if backlog.verdict != "better":
        return out | {"why_empty": f"backlog: {backlog.verdict}"}
    if time.verdict == "worse":  # fewer open files are no gain where cases wait longer: closed on paper, or never known
        return out | {"why_empty": "time to resolution: worse"}
    if annual <= 0:
        return out | {"why_empty": "no outlay"}
    few, many = -backlog.ci_high * 365, -backlog.ci_low * 365
    return out | {
        "case_day_cost": annual / (-backlog.difference * 365),
        "case_day_cost_low": annual / many,
        "case_day_cost_high": annual / few,
        "why_empty": "",
    }
