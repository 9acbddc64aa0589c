"""What policies cost and what a case-day saved costs, at the unit costs of the scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from gridsim.model.city import City
from gridsim.scenario.policies import Option
from gridsim.scenario.scenario import Scenario

PAID_BY_FIRMS = ("added_firm_staff",)
COLUMNS = [
    "policy",
    "yearly",
    "once",
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

    A case-day is one case open for one day; those saved a year are the difference of the mean backlog in the last
    window times 365. Their cost is the gross yearly outlay alone: neither one-off outlay, which stands beside it, nor
    savings are spread over them.
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
            | {"running_baseline": running.baseline * 1e6, "running": running.value * 1e6}
            | _case_days(here.loc["backlog"], here.loc["time_to_resolution"], spent["yearly"])
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def saved_by_firms(option: Option, counts: Mapping[str, float], base: Scenario) -> float:
    """Part of the yearly savings, in yuan, that is not the city's: people whom firms no longer put into their grids."""
    lines = [c for p in option.policies for c in p.cost if c.every == "year" and c.per in PAID_BY_FIRMS]
    return -sum(min(0.0, c.price(base.costs) * counts[c.per]) for c in lines)


def _case_days(backlog: pd.Series, time: pd.Series, yearly: float) -> dict[str, float | str]:
    out: dict[str, float | str] = dict.fromkeys(COLUMNS[-4:-1], float("nan"))
    out["case_days_saved"] = -backlog.difference * 365
    if backlog.verdict != "better":
        return out | {"why_empty": f"backlog: {backlog.verdict}"}
    if time.verdict == "worse":  # fewer open files are no gain where cases wait longer: closed on paper, or never known
        return out | {"why_empty": "time to resolution: worse"}
    if yearly <= 0:
        return out | {"why_empty": "no yearly outlay"}
    few, many = -backlog.ci_high * 365, -backlog.ci_low * 365
    return out | {
        "case_day_cost": yearly / (-backlog.difference * 365),
        "case_day_cost_low": yearly / many,
        "case_day_cost_high": yearly / few,
        "why_empty": "",
    }
