"""The levers that the page lets one move, with unit and range from the registry."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gridsim.scenario.parameters import REGISTRY, Parameter
from gridsim.scenario.policies import Option, Policy
from gridsim.scenario.ranges import at_level, level
from gridsim.scenario.scenario import Scenario

BY_HAND = "by-hand"
KEYS = (
    "linkage.rate",
    "linkage.report_in",
    "experts.per_full_time",
    "dedicated.kept_share",
    "staff.added_share",
    "outreach.hours",
)
MOST_STOPS = 100  # of a slider


@dataclass(frozen=True)
class Lever:
    """A lever with the range of its slider: the plausible one of the registry, or (where that states none) from what
    the model accepts at least to where the built-in policies end when they are scaled.
    """

    parameter: Parameter
    low: float
    high: float

    @property
    def key(self) -> str:
        """Key of the registry."""
        return self.parameter.key

    @property
    def step(self) -> float:
        """Between two stops of the slider: a power of ten, or twice or five times one."""
        least = (self.high - self.low) / MOST_STOPS
        ten = 10.0 ** math.floor(math.log10(least))
        return next(round(k * ten, 9) for k in (1, 2, 5, 10) if k * ten >= least * (1 - 1e-9))

    def value(self, scenario: Scenario) -> float:
        """What a scenario has, of a duration its mean or median."""
        return level(scenario.get(self.key))

    def moved(self, scenario: Scenario, number: float) -> Any:
        """What a scenario has, moved to a number."""
        return at_level(scenario.get(self.key), min(max(number, self.low), self.high))


def page_levers(policies: Iterable[Policy]) -> dict[str, Lever]:
    """The levers of the page, by key; ``policies`` are those whose scales may bound them."""
    scales = [p.scale for p in policies if p.scale is not None]
    return {key: Lever(REGISTRY[key], *_range(REGISTRY[key], scales)) for key in KEYS}


def _range(p: Parameter, scales: Iterable[Any]) -> tuple[float, float]:
    if p.low is not None and p.high is not None:
        return p.low, p.high
    ends = [s.most for s in scales if s.lever == p.key and s.most is not None]
    most = min([max(ends)] if ends else [p.maximum], key=float)
    assert p.minimum is not None and most is not None, p.key
    return float(p.minimum), float(most)


def in_force(option: Option, base: Scenario) -> Scenario:
    """The scenario under an option once all of its policies have begun."""
    return option.phases(base)[-1].scenario


def by_hand(
    option: Option, base: Scenario, numbers: dict[str, float], levers: dict[str, Lever], title: dict[str, str]
) -> Option:
    """An option with levers moved by hand on top, from day 0 on; ``title`` is what to call that, by language."""
    if not numbers:
        return option
    held = in_force(option, base)
    patch = {key: levers[key].moved(held, number) for key, number in numbers.items()}
    policy = Policy(name=BY_HAND, title=title["en"], chinese=title["zh"], set=patch)
    return Option(f"{option.name}+{BY_HAND}", (*option.policies, policy), (*option.steps, policy))
