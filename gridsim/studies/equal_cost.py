"""Policies scaled to one budget: as much of each as the same gross outlay a year buys.

The outlay of an option at an intensity is a staircase, since people, teams, devices and links are whole: a budget is
met within one step, the indivisible unit there. Savings are never part of it, and are not reinvested.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from gridsim.model.city import City
from gridsim.scenario.policies import Option, Policy, parse_options
from gridsim.scenario.scale import at_intensity, reach
from gridsim.scenario.scenario import Scenario, ScenarioError, nearest
from gridsim.studies.comparison import Comparison
from gridsim.studies.dominance import case_days, dominance, frontier, marks
from gridsim.studies.paired import paired

DEAREST = "dearest"
AGREED = 0.01  # budgets agree within this part of them, or within one indivisible unit where that is more
FINE = 1e-7  # of the way between least and most intensity; a step of the staircase is found to this
REASONS = ("", "no outlay", "not scaled", "there already", "cannot absorb", "cannot be so small")
COLUMNS = ["policy", "budget", "stated", "planned", "share", "unit", "intensity", "moved", "why", "limit"]


@dataclass(frozen=True)
class Planned:
    """An option at a budget.

    Attributes
    ----------
    option : Option
        What is compared: scaled, or as stated where ``why`` says so.
    stated, planned : float
        Gross outlay a year, in yuan, as stated and as compared.
    unit : float
        Indivisible unit at the budget, in yuan a year; 0 where it stands at its own cost.
    intensity : float
        Common to all policies of the option that can be scaled.
    why : str
        One of ``REASONS``; empty where it is scaled.
    limit : float
        Most or least outlay a year that its levers allow, where ``why`` says that this is short of the budget.

    """

    option: Option
    stated: float
    planned: float
    unit: float = 0.0
    intensity: float = 1.0
    why: str = ""
    limit: float = float("nan")


@dataclass(frozen=True)
class EqualCost:
    """Options planned at one budget, in yuan a year; ``source`` is the option it is taken from, empty where given."""

    budget: float
    source: str
    plans: tuple[Planned, ...]

    @property
    def options(self) -> list[Option]:
        """What to compare."""
        return [p.option for p in self.plans]

    def table(self, base: Scenario) -> pd.DataFrame:
        """One row an option: ``policy, budget, stated, planned, share, unit, intensity, moved, why, limit``."""
        rows = [
            [p.option.name, self.budget, p.stated, p.planned, p.planned / self.budget, p.unit, p.intensity,
             "; ".join(moves(p.option, base)) if not p.why else "", p.why, p.limit]
            for p in self.plans
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=COLUMNS)


def plan(options: Sequence[Option], base: Scenario, city: City, budget: str, known: Mapping[str, Policy]) -> EqualCost:
    """Scale options to a budget.

    A stack is scaled by one intensity common to its policies, each held at the limits of its own lever; those that
    cannot be scaled stand in it as stated. Of the outlays that whole units allow, the one nearest to the budget is
    taken, the lower of two as near, but never nothing; of the intensities with that outlay the one of the policy as
    stated, or else the limit, or else the middle. An option whose levers end before the budget is met, within 1 % or
    one unit, stands as stated.

    Parameters
    ----------
    budget : str
        Yuan a year, the name of a policy or stack, or ``"dearest"``: the dearest of the options.
    known : mapping
        Policies by name, among which ``budget`` may be.

    Raises
    ------
    ScenarioError
        If the budget is no such thing, or nothing is spent under the policy named.

    """
    stairs = [Staircase(o, base, city) for o in options]
    yuan, source = _budget(budget, stairs, base, city, known)
    return EqualCost(yuan, source, tuple(_planned(s, yuan) for s in stairs))


class Staircase:
    """The gross outlay a year of an option, by intensity."""

    def __init__(self, option: Option, base: Scenario, city: City) -> None:
        self.option, self.base, self.city = option, base, city
        ends = [e for p in option.policies if (e := reach(p, base)) is not None]
        self.ends = (min(e[0] for e in ends), max(e[1] for e in ends)) if ends else None
        self.charged = {c.per for p in option.policies for c in p.cost}
        self.known: dict[float, float] = {}

    def at(self, intensity: float) -> tuple[Option, float]:
        """The option at an intensity, with the parts of its lines that are paid, and its outlay."""
        o, base = self.option, self.base
        bare = Option(o.name, tuple(at_intensity(p, base, intensity) for p in o.policies), o.named)
        counts = self.city.counts(bare.phases(base)[-1].scenario, base, self.charged)
        full = Option(o.name, tuple(at_intensity(p, base, intensity, counts) for p in o.policies), o.named)
        return full, full.annual(counts, base)

    def outlay(self, intensity: float) -> float:
        """Gross outlay a year in yuan."""
        if intensity not in self.known:
            self.known[intensity] = self.at(intensity)[1]
        return self.known[intensity]

    def stated(self) -> float:
        """Gross outlay a year of the option as it is stated."""
        counts = self.city.counts(self.option.phases(self.base)[-1].scenario, self.base, self.charged)
        return self.option.annual(counts, self.base)


def judged(c: Comparison, made: EqualCost) -> Comparison:
    """The comparison of ``made.options`` with what may be said of them at equal cost.

    ``equal_cost`` gets, after the plan: case-days saved a year with their interval, ``mark`` and ``by`` (see
    ``studies.dominance.marks``), and the place on the frontier, 0 where an option is not on it. Nothing is marked where
    the comparison itself was not judged. Two options that were both scaled cost the same within 1 % of the budget, or
    within the finer of their two units where that is more.
    """
    table = made.table(c.scenario)
    outlay = {p.option.name: p.planned for p in made.plans}
    units = {p.option.name: p.unit for p in made.plans if not p.why}

    def tolerance(a: str, b: str) -> float:
        return max(AGREED * made.budget, min(units[a], units[b])) if a in units and b in units else 0.0

    pairs = dominance(c.runs, c.headline, outlay, tolerance, c.scenario)
    saved = {name: case_days(c.runs, c.headline, name) for name in outlay}
    spans = [paired(d)[:3] for d in saved.values()]
    table[["case_days", "case_days_low", "case_days_high"]] = pd.DataFrame(spans, index=table.index, dtype=float)
    marked = marks(pairs)
    path = frontier(saved, outlay, marked)
    if (c.table.verdict == "not judged").any():
        pairs = pairs.assign(verdict="not judged")
        marked, path = marked.assign(mark="not judged", by=""), path[:1]
    table = table.merge(marked, on="policy", how="left")
    table["frontier"] = [path.index(name) if name in path else 0 for name in table.policy]
    return replace(c, equal_cost=table, dominance=pairs)


def _planned(s: Staircase, budget: float) -> Planned:
    stated = s.stated()
    alone = Planned(s.option, stated, stated)
    if stated <= 0:
        return _why(alone, "no outlay")
    if s.ends is None:
        known = any(p.scale for p in s.option.policies)
        return _why(alone, "there already" if known else "not scaled")
    low, high = s.ends
    if budget >= s.outlay(high):
        a, b = _edge(lambda x: s.outlay(x) < s.outlay(high), low, high)
        near, unit = b, s.outlay(high) - s.outlay(a)
        if abs(budget - s.outlay(high)) > max(AGREED * budget, unit):
            return _why(alone, "cannot absorb", s.outlay(high))
    elif budget < s.outlay(low):
        if s.outlay(low) - budget > AGREED * budget:
            return _why(alone, "cannot be so small", s.outlay(low))
        near, unit = low, 0.0
    else:
        a, b = _edge(lambda x: s.outlay(x) <= budget, low, high)
        below, above = s.outlay(a), s.outlay(b)
        unit = above - below
        near = a if below > 0 and budget - below <= above - budget else b
    intensity = _settled(s, near)
    option, planned = s.at(intensity)
    return Planned(option, stated, planned, unit, intensity)


def _why(p: Planned, why: str, limit: float = float("nan")) -> Planned:
    return Planned(p.option, p.stated, p.planned, why=why, limit=limit)


def _edge(below: Callable[[float], bool], low: float, high: float) -> tuple[float, float]:
    """The last intensity for which ``below`` holds and the first for which it does not, a hair apart."""
    if not below(low):
        return low, low
    fine = FINE * (high - low)
    while high - low > fine:
        middle = (low + high) / 2
        low, high = (middle, high) if below(middle) else (low, middle)
    return low, high


def _settled(s: Staircase, near: float) -> float:
    """Of the intensities with the same outlay as ``near``: 1, or else a limit, or else the middle."""
    assert s.ends is not None
    low, high = s.ends
    level = s.outlay(near)
    first = _edge(lambda x: s.outlay(x) < level, low, near)[1]
    last = high if s.outlay(high) <= level else _edge(lambda x: s.outlay(x) <= level, near, high)[0]
    if first <= 1 <= last:
        return 1.0
    return high if last == high else (first + last) / 2


def _budget(
    text: str, stairs: Sequence[Staircase], base: Scenario, city: City, known: Mapping[str, Policy]
) -> tuple[float, str]:
    """The budget in yuan a year, and the option it is taken from."""
    if text == DEAREST:
        yuan, source = max(((s.stated(), s.option.name) for s in stairs), key=lambda pair: pair[0])
        if yuan <= 0:
            raise ScenarioError(["--equal-cost: none of the options has an outlay; give a budget in yuan a year"])
        return yuan, source
    try:
        yuan = float(text.replace(",", "").replace("_", ""))
    except ValueError:
        return _budget_of(text, base, city, known), "+".join(s.strip() for s in text.split("+"))
    if not 0 < yuan < float("inf"):
        raise ScenarioError([f"--equal-cost: a budget must be a number of yuan a year above 0 (got {text})"])
    return yuan, ""


def _budget_of(name: str, base: Scenario, city: City, known: Mapping[str, Policy]) -> float:
    if unknown := [s for s in (part.strip() for part in name.split("+")) if s not in known and "~" not in s]:
        raise ScenarioError(
            [
                f"--equal-cost: {s!r} is neither yuan a year nor a policy{nearest(s, known) or '.'} "
                f"Known are {', '.join(known)}"
                for s in unknown
            ]
        )
    (option,) = parse_options([name], known, base)
    yuan = Staircase(option, base, city).stated()
    if yuan <= 0:
        raise ScenarioError([f"--equal-cost: {option.name} has no outlay, so it gives no budget; name one that costs"])
    return yuan


def moves(option: Option, base: Scenario) -> list[str]:
    """What scaling moved, a line a lever: ``experts.per_full_time 0 -> 0.19``."""
    return [f"{key} {_plain(base.get(key))} -> {_plain(p.set[key])}" for p, key in scaled_levers(option, base)]


def scaled_levers(option: Option, base: Scenario) -> list[tuple[Policy, str]]:
    """The levers of an option that scaling moves, with the policy that sets each."""
    return [
        (p, key)
        for p in option.policies
        if p.scale is not None and reach(p, base) is not None
        for key in (p.scale.lever, *p.scale.also)
    ]


def _plain(value: Any) -> str:
    data = value.model_dump() if hasattr(value, "model_dump") else value
    if isinstance(data, Mapping):
        return ", ".join(f"{k} {v:.6g}" for k, v in data.items() if k != "distribution")
    return f"{data:.6g}"
