"""The continuum (连续谱) between two stacks of policies: what a lever and a line of cost are in between."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from gridsim.scenario.errors import ScenarioError

if TYPE_CHECKING:
    from gridsim.scenario.policies import Cost
    from gridsim.scenario.scenario import Scenario

FLIP = 0.5  # share from which on a switch or a choice is that of the second
# What a cost is charged for whose number levers move: it grows along the continuum with the lever itself.
MOVED = (
    "dedicated_grid_dissolved",
    "added_full_time",
    "added_part_time",
    "added_firm_staff",
    "added_team",
    "expert",
    "expert_hour",
    "device",
    "camera",
)


def split(name: str) -> tuple[str, str, float]:
    """``"a~b@0.25"`` as (a, b, 0.25).

    Raises
    ------
    ScenarioError
        If it is not written so, or the share does not lie from 0 to 1.

    """
    found = re.fullmatch(r"([^~@]+)~([^~@]+)@(\d*\.?\d+|\d+\.)", name)
    if found is None or not 0 <= float(found[3]) <= 1:
        raise ScenarioError(
            [
                f"policies: {name}: a point between two policies or configurations is written FROM~TO@SHARE with a "
                "share from 0 to 1, such as management~good-governance@0.25"
            ]
        )
    return found[1].strip(), found[2].strip(), float(found[3])


def between(a: Any, b: Any, g: float) -> Any:
    """The value at ``g`` of the way from ``a`` to ``b``, exactly ``a`` at 0 and ``b`` at 1.

    Numbers (1 − g)·a + g·b, whole numbers rounded half up; durations of one kind likewise, number by number; switches,
    choices and durations of different kinds are ``b``'s from g = .5 on.
    """
    if a == b:
        return a
    if isinstance(a, BaseModel) and type(a) is type(b):
        return type(a)(**{f: between(getattr(a, f), getattr(b, f), g) for f in type(a).model_fields})
    if isinstance(a, bool | str | BaseModel):
        return b if g >= FLIP else a
    x = (1 - g) * a + g * b
    return math.floor(round(x, 9) + 0.5) if isinstance(a, int) else x


def patch_between(a: Scenario, b: Scenario, keys: Iterable[str], g: float) -> dict[str, Any]:
    """The levers ``keys`` at ``g`` of the way from scenario ``a`` to scenario ``b``, as a policy sets them."""
    values = {k: between(a.get(k), b.get(k), g) for k in keys}
    return {k: v.model_dump() if isinstance(v, BaseModel) else v for k, v in values.items()}


def costs_between(a: Sequence[Cost], b: Sequence[Cost], g: float) -> tuple[Cost, ...]:
    """The lines of cost at ``g`` of the way: those of ``a`` at 1 − g and those of ``b`` at g of their amount.

    A line of both stands once. What is counted by something that levers move (``MOVED``) already grows with the lever:
    it stands in full, unless the other side charges for the same thing at another price.
    """
    lines = [(line, 1.0) for line in a if line in b]
    for own, other, share in ((a, b, 1 - g), (b, a, g)):
        priced = {line.per for line in other if line.per in MOVED}
        lines += [
            (line, 1.0 if line.per in MOVED and line.per not in priced else share)
            for line in own
            if line not in other and share > 0
        ]
    return tuple(line.model_copy(update={"amount": line.amount * share}) for line, share in lines)


def same_start(starts: Mapping[str, int], name: str) -> int:
    """The one day on which all policies of a continuum start; raises ScenarioError if they differ."""
    days = sorted(set(starts.values()))
    if len(days) > 1:
        told = ", ".join(f"{policy} on day {day:,}" for policy, day in starts.items())
        raise ScenarioError([f"policies: {name}: what lies between needs one day of start for all; they start {told}"])
    return days[0] if days else 0
