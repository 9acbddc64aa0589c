"""Which parameters are open – nobody knows them – and how to move one, a duration by its mean or median."""

from __future__ import annotations

from typing import Any

import numpy as np
from pydantic import BaseModel

from gridsim.scenario.parameters import Parameter

OPEN_GRADES = ("X", "C", "D")  # assumed, weak, or worked out from what is assumed
WIDE = 3.0  # a range that spans this factor is looked at on a logarithmic scale
DIGITS = 6  # significant digits of a value read off a scale: what is written is what is simulated


class Scale:
    """A range of numbers as [0, 1]: logarithmic where its ends are positive and a factor of ``WIDE`` apart."""

    def __init__(self, low: float, high: float) -> None:
        self.log = low > 0 and high >= WIDE * low
        self.low, self.high = (np.log([low, high]) if self.log else np.array([low, high])).tolist()

    def unit(self, x: float) -> float:
        """Where a number stands, 0 at the low end, 1 at the high one."""
        return float(((np.log(x) if self.log else x) - self.low) / (self.high - self.low))

    def value(self, u: float) -> float:
        """The number that stands at ``u``."""
        x = self.low + u * (self.high - self.low)
        return float(f"{np.exp(x) if self.log else x:.{DIGITS}g}")


def level(value: Any) -> float:
    """The number of a value; of a duration its mean, median or fixed length, as its range is stated."""
    if isinstance(value, BaseModel):
        return float(getattr(value, _level_field(value)))
    return float(value)


def at_level(value: Any, number: float) -> Any:
    """``value`` moved to ``number``: whole numbers rounded, durations keeping their kind and shape."""
    if isinstance(value, BaseModel):
        return value.model_copy(update={_level_field(value): float(number)})
    return round(number) if isinstance(value, int) else float(number)


def _level_field(value: BaseModel) -> str:
    return next(f for f in ("mean", "median", "value") if f in type(value).model_fields)


def has_range(p: Parameter) -> bool:
    """True for a number or duration whose plausible range is stated."""
    return p.low is not None and p.high is not None and not p.choices and not isinstance(p.default, bool)


def why_not_open(p: Parameter) -> str:
    """Why a parameter may not be fitted, or an empty string."""
    if p.lever:
        return "it is a lever, which policies set"
    if p.grade not in OPEN_GRADES:
        return f"it has evidence of grade {p.grade}; only {', '.join(OPEN_GRADES)} are open"
    if not has_range(p) or isinstance(p.default, int):
        return "it has no range low–high of real numbers to be moved in"
    return ""
