"""The second mind: a reference in plain Python, written from the texts, held case by case against the engine."""

from __future__ import annotations

from collections.abc import Iterator

from gridsim.scenario.policies import Phase
from gridsim.scenario.scenario import Scenario
from gridsim.verification.check import Finding, Size, check, exact_finding
from gridsim.verification.cities import random_city, random_plan
from gridsim.verification.reference.comparison import TOLERANCE, disagreements, largest_time_difference, same_city
from gridsim.verification.reference.mind import Mind

CITIES, CITIES_IN_FULL = 30, 400  # a quarter of them without a policy
DAYS, DAYS_IN_FULL = 45, 100  # up to which they are run: no policy of theirs starts later than day 40


def plan(k: int) -> tuple[Scenario, list[Phase]]:
    """City ``k`` and its dated policies; every fourth city is left alone."""
    scenario = random_city(k)
    return scenario, random_plan(k, scenario) if k % 4 else []


@check(
    "second-mind",
    "A second implementation, written from the rules' texts, agrees case by case (city and levers are shared)",
    kind="reference",
    rules="R1 R2 R3 R4 R5 R7 R8 R9 R10 R11 R12 R13 R17",
    source="texts of the rules (gridsim rules); Philox4x32-10: Salmon et al. 2011",
)
def second_mind(size: Size, mind: type[Mind] = Mind) -> Iterator[Finding]:
    """Random small cities with random policies, run by both: all columns of all cases, the days, people and teams."""
    cities, days = (CITIES_IN_FULL, DAYS_IN_FULL) if size.full else (CITIES, DAYS)
    cases, found, largest, first = 0, 0, 0.0, ""
    agreeing = 0
    for k in range(cities):
        scenario, phases = plan(k)
        world, own = same_city(scenario, phases, days, seed=k, replicate=k % 3, mind=mind)
        wrong = disagreements(world, own)
        cases += len(own.cases)
        found += len(wrong)
        agreeing += not wrong
        largest = max(largest, largest_time_difference(world, own))
        first = first or (f"city {k}: {wrong[0]}" if wrong else "")
    yield exact_finding("random cities that agree", cities, agreeing, "cities")
    told = f"first: {first}" if first else f"in {cases:,} cases"
    yield exact_finding(f"values that disagree, {told}", 0, found, "values")
    yield exact_finding("largest difference of a moment", 0, largest, "d", TOLERANCE)
