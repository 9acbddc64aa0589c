"""How much of a policy: its levers on the way from today's value to the policy's, and whole pieces of what it pays for.

An intensity of 0 is today, 1 the policy as it is stated, 2 twice the way. A policy file says which lever carries it::

    [my-policy.scale]
    lever = "linkage.rate"          # one that the policy sets: a number, or a duration by its mean
    also = ["linkage.report_in"]    # others that go the same part of their way
    least = 0.3                     # of the lever; unless stated, it goes from today's value
    most = 0.9                      # to the policy's own, and no further
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from gridsim.scenario.errors import nearest
from gridsim.scenario.parameters import REGISTRY
from gridsim.scenario.ranges import at_level, level

if TYPE_CHECKING:
    from gridsim.scenario.policies import Policy
    from gridsim.scenario.scenario import Scenario

SHORTEST = 0.01  # of a duration's mean or median, in its unit: scaling ends there
# What there is whatever a policy does: lines for these are paid for a part of them, in whole pieces. All else follows
# the levers; the city is one and is paid for whole.
PER_PLACE = ("district", "street", "community", "department", "comprehensive_grid", "full_time", "part_time")


class Scale(BaseModel):
    """The lever that carries a policy's intensity, within its limits, and those that go along."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    lever: str
    also: tuple[str, ...] = ()
    least: float | None = Field(default=None, strict=True)
    most: float | None = Field(default=None, strict=True)


def scale_errors(policy: Policy) -> list[tuple[str, str]]:
    """What is wrong with a policy's scale: (key, sentence); nothing where it has none."""
    if (scale := policy.scale) is None:
        return []
    if policy.own_cost:
        return [("own_cost", "says why there is no scale, but there is one; take one of them away")]
    if not any(c.yuan or c.unit for c in policy.cost):
        return [("scale", f"needs something to buy: a [[{policy.name}.cost]] that is not 0")]
    out = []
    for i, key in enumerate((scale.lever, *scale.also)):
        where = "scale.lever" if i == 0 else f"scale.also.{i - 1}"
        if key not in policy.set:
            out.append((where, f"must be a lever that the policy sets (got {key!r}){nearest(key, policy.set)}"))
        elif isinstance(policy.set[key], str | bool):
            out.append((where, f"must be a number or a duration, of which there can be more or less (got {key!r})"))
    return out or _limit_errors(scale, level(as_held(scale.lever, policy.set[scale.lever])))


def _limit_errors(scale: Scale, own: float) -> list[tuple[str, str]]:
    p = REGISTRY[scale.lever]
    out = []
    for name, value in (("least", scale.least), ("most", scale.most)):
        low, high = (0.0 if p.minimum is None else p.minimum), (math.inf if p.maximum is None else p.maximum)
        if value is not None and not low <= value <= high:
            out.append((f"scale.{name}", f"must be from {low:g} to {high:g}, as {p.key} (got {value:g})"))
    least, most = (own if v is None else v for v in (scale.least, scale.most))
    if not out and not least <= own <= most:
        out.append(("scale", f"least and most must hold the policy's own value between them ({p.key} = {own:g})"))
    return out


def reach(policy: Policy, base: Scenario) -> tuple[float, float] | None:
    """Least and most intensity of a policy on a scenario; None where it states no scale or would move nothing.

    With t the lever's value today and v the policy's, a limit m is the intensity (m − t) ÷ (v − t), never below 0; what
    is not stated is 0 on today's side and 1 on the policy's.
    """
    if (scale := policy.scale) is None:
        return None
    today, own = level(base.get(scale.lever)), level(as_held(scale.lever, policy.set[scale.lever]))
    if today == own:
        return None
    near, far = (scale.least, scale.most) if own > today else (scale.most, scale.least)
    way = own - today
    return (0.0 if near is None else max(0.0, (near - today) / way)), (1.0 if far is None else (far - today) / way)


def moved(policy: Policy, base: Scenario, intensity: float) -> dict[str, Any]:
    """What the policy sets at an intensity: today + intensity · (policy − today) for its scale's levers.

    Of a duration the mean or median moves, down to ``SHORTEST``; whole numbers are rounded; nothing leaves what the
    model accepts. Levers outside the scale are set as stated.
    """
    if policy.scale is None or intensity == 1:
        return dict(policy.set)
    out = dict(policy.set)
    for key in (policy.scale.lever, *policy.scale.also):
        p = REGISTRY[key]
        today, own = base.get(key), as_held(key, policy.set[key])
        value = level(today) + intensity * (level(own) - level(today))
        low, high = (SHORTEST if p.minimum is None else p.minimum), (math.inf if p.maximum is None else p.maximum)
        new = at_level(own, min(max(value, low), high))
        out[key] = new.model_dump() if isinstance(new, BaseModel) else new
    return out


def as_held(key: str, value: Any) -> Any:
    """A value as a policy file writes it, as the value that a scenario holds."""
    from gridsim.scenario.scenario import SECTIONS

    p = REGISTRY[key]
    return getattr(SECTIONS[p.section].model_validate({p.name: value}), p.name)


def part_paid(per: str, amount: float, number: float, intensity: float) -> float:
    """Part of a line that is paid at an intensity: a whole number of pieces, of all there are.

    A line for what there is anyway (``PER_PLACE``) has number · amount pieces where the amount is a whole number, such
    as two officers a street, else number; floor(intensity · pieces + 0.5) of them are paid. Any other line is paid for
    every one counted, and counts follow the levers.
    """
    pieces = number * amount if amount == int(amount) and amount >= 1 else number
    if per not in PER_PLACE or pieces <= 0:
        return 1.0
    return math.floor(intensity * pieces + 0.5) / pieces


def at_intensity(policy: Policy, base: Scenario, intensity: float, counts: Mapping[str, float] | None = None) -> Policy:
    """The policy at an intensity within its reach; one without a reach stays as it is stated.

    Parameters
    ----------
    counts : mapping of ``Cost.per`` to number, optional
        In the city with the levers so moved; without them only the levers are moved, not what is paid.

    """
    ends = reach(policy, base)
    if ends is None:
        return policy
    x = min(max(intensity, ends[0]), ends[1])
    lines = policy.cost
    if counts is not None:
        lines = tuple(c.model_copy(update={"part": part_paid(c.per, c.amount, counts[c.per], x)}) for c in policy.cost)
    return policy.model_copy(update={"set": moved(policy, base, x), "cost": lines})
