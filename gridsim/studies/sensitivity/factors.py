"""Factors (因子): what a design varies, and the stated way from the unit interval to a value of it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from gridsim.measures import measure_windows
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.parameters import REGISTRY, Parameter
from gridsim.scenario.policies import Option
from gridsim.scenario.ranges import Scale
from gridsim.scenario.scenario import SECTIONS, Scenario, ScenarioError, nearest
from gridsim.studies.point import DUMMY, at_point
from gridsim.studies.trial import compile_once, packed
from gridsim.studies.vary import ASKED_GRADES, why_held

NUMBER, WHOLE, CHOICE, LUCK = "number", "whole", "choice", "luck"
GRADES = (*ASKED_GRADES, "A", "S")  # what a range is stated for may be varied, however good its evidence
IDLE, IMPOSSIBLE = "idle", "impossible"  # why a factor is left out
PROBE = {"time.warmup_days": 60, "time.days": 90, "time.follow_up_days": 10}  # of one factor moved alone


@dataclass(frozen=True)
class Factor:
    """One factor.

    Attributes
    ----------
    key : str
        Registry parameter, or ``dummy``.
    kind : str
        ``number``: low + u·(high − low), on a logarithmic scale where the range spans a factor of three (u of a
        duration moves its mean or median); ``whole``: the floor(u·m)-th of the m whole numbers of low..high, each
        alike; ``choice``: likewise of m values (switches are off, on); ``luck``: a key of all draws. u = 1 belongs to
        the last value. On the levels of Morris, where u = 1 is as frequent as u = 0, it is the value nearest to
        u·(m − 1) instead: then every step of a factor goes equally far.
    low, high : float
        Of numbers.
    choices : tuple
        Of choices.

    """

    key: str
    kind: str
    low: float = 0.0
    high: float = 1.0
    choices: tuple[Any, ...] = ()

    @property
    def count(self) -> int:
        """Number of values; 0 for a continuum."""
        return {WHOLE: int(self.high - self.low) + 1, CHOICE: len(self.choices)}.get(self.kind, 0)

    def value(self, u: float, seed: int = 0, block: int = 0, on_levels: bool = False) -> Any:
        """The value at ``u``, which may be one of Morris' levels; that of luck is a key of (seed, block, u)."""
        if self.kind == LUCK:
            return int.from_bytes(hashlib.sha256(f"{seed} {block} {u!r}".encode()).digest()[:4], "big")
        if self.kind == NUMBER:
            return Scale(self.low, self.high).value(u)
        place = self._place(u, on_levels)
        return self.choices[place] if self.kind == CHOICE else int(self.low) + place

    def distance(self, u: float, v: float) -> float:
        """How far two levels lie apart, the whole range being 1; of choices without an order 1 if they differ."""
        if not self.count:
            return abs(u - v)
        steps = abs(self._place(u, True) - self._place(v, True))
        return float(steps > 0) if self.kind == CHOICE else steps / (self.count - 1)

    def _place(self, u: float, on_levels: bool) -> int:
        if on_levels:
            return round(u * (self.count - 1))  # never half-way: the levels are even in number
        return min(int(u * self.count + 1e-9), self.count - 1)

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self) | {"choices": list(self.choices)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Factor:
        """From :meth:`to_dict`."""
        return cls(**{**data, "choices": tuple(data["choices"])})


LUCK_FACTOR = Factor(DUMMY, LUCK)


def factors_of(
    named: str | Sequence[str],
    ranges: Mapping[str, Sequence[float]],
    scenario: Scenario,
    where: str,
    without: Sequence[str] = (),
) -> list[Factor]:
    """The factors that a study file names; the dummy comes last.

    Parameters
    ----------
    named : "open" or list of str
        ``open``: every number and duration of the registry with a plausible range, be it a lever or not, except what
        says how the model is run and counts of the city's structure. Else keys or sections; a key may also be a choice
        or a switch.
    ranges : mapping of key to (low, high)
        Instead of the registry's.
    where : str
        What errors begin with.
    without : list of str
        Keys taken out of them.

    Raises
    ------
    ScenarioError
        With all that is wrong.

    """
    every = [k for k, p in REGISTRY.items() if not why_held(p, GRADES)]
    errors: list[str] = []
    keys: list[str] = list(every) if named == "open" else []
    for name in [] if named == "open" else [named] if isinstance(named, str) else named:
        inside = [k for k in every if REGISTRY[k].section == name]
        keys += [name] if name in REGISTRY else inside
        if name not in REGISTRY and not inside:
            errors.append(f"{where}.factors: no parameter or section {name!r}{nearest(name, [*REGISTRY, *SECTIONS])}")
    errors += [f"{where}.factors: {k} stands twice" for k in dict.fromkeys(keys) if keys.count(k) > 1]
    errors += [f"{where}.without: {k} is no factor of this study{nearest(k, keys)}" for k in without if k not in keys]
    keys = [k for k in keys if k not in without]
    errors += [f"{where}.ranges: {k} is no factor of this study{nearest(k, keys)}" for k in ranges if k not in keys]
    found = []
    for key in keys:
        made = _factor(REGISTRY[key], ranges.get(key))
        if isinstance(made, Factor):
            found.append(made)
        else:
            errors.append(f"{where}: {key}: {made}")
    if not found and not errors:
        errors.append(f"{where}.factors: names no factor")
    if errors:
        raise ScenarioError(errors)
    for f in found:
        scenario.get(f.key)
    return [*found, LUCK_FACTOR]


def _factor(p: Parameter, own: Sequence[float] | None) -> Factor | str:
    """The factor of a parameter, or why it cannot be one."""
    if p.choices or isinstance(p.default, bool):
        return "is a choice; it has no range" if own else Factor(p.key, CHOICE, choices=p.choices or (False, True))
    if own is None:
        if why := why_held(p, GRADES):
            return f"is not varied: {why}"
        own = (float(p.low or 0), float(p.high or 0))
    if len(own) != 2 or not all(isinstance(x, int | float) and not isinstance(x, bool) for x in own):
        return f"its range must be two numbers, [low, high] (got {list(own)!r})"
    if not own[0] < own[1]:
        return f"its range must go up (got {own[0]:g} to {own[1]:g})"
    least, most = (
        (-float("inf") if p.minimum is None else p.minimum),
        (float("inf") if p.maximum is None else p.maximum),
    )
    if own[0] < least or own[1] > most:
        return f"its range {own[0]:g} to {own[1]:g} leaves what the model accepts, {least:g} to {most:g}"
    return Factor(p.key, WHOLE if isinstance(p.default, int) else NUMBER, float(own[0]), float(own[1]))


def acting(
    factors: Sequence[Factor], scenario: Scenario, options: Sequence[Option], seed: int
) -> tuple[list[Factor], dict[str, str]]:
    """Those factors that act in a scenario, and why the others are left out (``IDLE`` or ``IMPOSSIBLE``), by key.

    A factor acts if some measure, under some option, changes at all when the factor alone goes to one end of its range
    or the other, in 90 days with the same luck. A factor with an end that the city cannot have, all else as stated, is
    left out.
    """
    short = scenario.replace(PROBE)
    compile_once()

    def told(values: dict[str, Any]) -> Iterator[bytes]:
        s = at_point(short, values)
        warm = World(s, City(s), seed, 0).warm_up()
        for o in options:
            world = warm.copy().under(o.phases(s)).run()
            yield packed([x for window in measure_windows(world).values() for x in window.values()])

    now = list(told({}))

    def left_out(f: Factor) -> str:
        if f.kind == LUCK:
            return ""
        ends = f.choices if f.kind == CHOICE else (f.value(0.0), f.value(1.0))
        try:
            return "" if any(a != b for x in ends for a, b in zip(told({f.key: x}), now, strict=True)) else IDLE
        except ScenarioError:
            return IMPOSSIBLE

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        why = {f.key: w for f, w in zip(factors, pool.map(left_out, factors), strict=True) if w}
    return [f for f in factors if f.key not in why], why
