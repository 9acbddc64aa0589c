"""The second mind: a reference in plain Python, written from the texts, held case by case against the engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

from gridsim.scenario.policies import Phase
from gridsim.scenario.scenario import Scenario
from gridsim.verification.check import Finding, Size, check, exact_finding
from gridsim.verification.cities import random_city, random_plan
from gridsim.verification.reference.comparison import TOLERANCE, disagreements, largest_time_difference, same_city
from gridsim.verification.reference.mind import Mind

CITIES, CITIES_IN_FULL = 40, 400  # a quarter of them without a policy
DAYS, DAYS_IN_FULL = 90, 120  # up to which they are run: four social months, and no policy starts after day 40
FLOWS = ("self_resolved", "settled_in_vain", "valid_warnings", "alerts", "heard", "told", "given_up", "quits")
SEEN = (
    *("safety case near another", "dispute out of grievance", "report under alert", "encouraged", "speaks again"),
    *("failure that an organisation prevented", "ceases to take part", "begins to take part", "threshold reached"),
    *("reached by publicity", "post filled", "dispute that a guide averted"),
)
"""What must have happened in these cities: flows of their days, and what only the second mind counts."""


def plan(k: int) -> tuple[Scenario, list[Phase]]:
    """City ``k`` and its dated policies; every fourth city is left alone."""
    scenario = random_city(k)
    return scenario, random_plan(k, scenario) if k % 4 else []


@check(
    "second-mind",
    "A second implementation, written from the rules' texts, agrees case by case (city and levers are shared)",
    kind="reference",
    rules="R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12 R13 R14 R15 R16 R17 R18 R19",
    source="texts of the rules (gridsim rules); Philox4x32-10: Salmon et al. 2011",
)
def second_mind(size: Size, mind: type[Mind] = Mind) -> Iterator[Finding]:
    """Random small cities with random policies, run by both: all columns of all cases, the days, people and teams.

    Residents' trust, which is kept in single precision, agrees within 10⁻⁶, all else within 10⁻⁹.
    """
    cities, days = (CITIES_IN_FULL, DAYS_IN_FULL) if size.full else (CITIES, DAYS)
    cases, found, largest, first = 0, 0, 0.0, ""
    agreeing = 0
    happened: Counter[str] = Counter()
    for k in range(cities):
        scenario, phases = plan(k)
        world, own = same_city(scenario, phases, days, seed=k, replicate=k % 3, mind=mind)
        wrong = disagreements(world, own)
        cases += len(own.cases)
        found += len(wrong)
        agreeing += not wrong
        largest = max(largest, largest_time_difference(world, own))
        happened += own.seen + Counter({name: int(sum(d.get(name, 0) for d in own.days)) for name in FLOWS})
        first = first or (f"city {k}: {wrong[0]}" if wrong else "")
    yield exact_finding("random cities that agree", cities, agreeing, "cities")
    told = f"first: {first}" if first else f"in {cases:,} cases"
    yield exact_finding(f"values that disagree, {told}", 0, found, "values")
    yield exact_finding("largest difference of a moment", 0, largest, "d", TOLERANCE)
    never = [name for name in (*FLOWS, *SEEN) if not happened[name]]
    told = ", ".join(f"{name.replace('_', ' ')} {happened[name]:,}" for name in (*FLOWS, *SEEN))
    yield replace(exact_finding("what never happened in these cities", 0, len(never), "kinds"), note=told)
