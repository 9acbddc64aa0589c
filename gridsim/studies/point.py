"""A point of a design: the values of its factors, and the scenario and the key of all draws that come of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from gridsim.scenario.parameters import REGISTRY
from gridsim.scenario.ranges import at_level
from gridsim.scenario.scenario import Scenario

SEED, DUMMY = "seed", "dummy"  # factors that are no parameters: another key of the draws; nothing at all


def set_by(factors: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    """The parameters that a point sets."""
    return {f: plain(v) for f, v in zip(factors, values, strict=True) if f != SEED and not f.startswith(DUMMY)}


def seed_at(factors: Sequence[str], values: Sequence[Any], usual: int) -> int:
    """The key of all draws at a point."""
    return int(values[factors.index(SEED)]) if SEED in factors else usual


def at_point(scenario: Scenario, values: Mapping[str, Any]) -> Scenario:
    """A scenario with the values that a point sets (``set_by``).

    Raises
    ------
    ScenarioError
        Where the city cannot have these values.

    """
    changes = {}
    for key, value in values.items():
        number = isinstance(value, int | float) and not isinstance(value, bool)
        changes[key] = at_level(scenario.get(key), value) if number and key in REGISTRY else value
    return scenario.replace(changes, where="point") if changes else scenario


def plain(value: Any) -> Any:
    """A value as JSON can hold it: numbers of NumPy and durations too."""
    if isinstance(value, BaseModel):
        return value.model_dump()
    if isinstance(value, Mapping):
        return {k: plain(v) for k, v in value.items()}
    return value.item() if hasattr(value, "item") else value
