"""Unit costs and the cost lines of policies, as people read them."""

from __future__ import annotations

from gridsim.scenario.policies import Cost
from gridsim.scenario.scenario import Scenario
from gridsim.views.labels import aligned, say


def price_list(scenario: Scenario, lang: str) -> str:
    """The unit costs of a scenario, each with its source and evidence grade."""
    head = ["", *(say(key, lang) for key in ("col_price", "col_yuan", "col_for", "col_grade", "col_source"))]
    rows = [[name, r.chinese, f"{r.yuan:,.0f}", r.unit, r.grade, r.source] for name, r in scenario.costs.items()]
    return aligned([head, *rows], right=(2,))


def cost_line(cost: Cost, scenario: Scenario) -> str:
    """One line of what a policy costs, at the scenario's prices, and where the price comes from."""
    source, grade = cost.source, cost.grade
    if cost.unit is not None:
        row = scenario.costs[cost.unit]
        source, grade = f"{row.source} ({cost.unit})", row.grade
    every = "a year" if cost.every == "year" else "once"
    price = cost.price(scenario.costs)
    return (
        f"{cost.item} {cost.chinese}: {price:,.0f} yuan per {cost.per.replace('_', ' ')}, {every} [{grade}: {source}]"
    )
