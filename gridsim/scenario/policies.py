"""Policies: named, dated, costed patches of levers that stack on a scenario.

A policy file is TOML, one table a policy::

    [my-policy]
    title = "Answer the whistle sooner"
    starts = 0                      # day it takes effect
    [my-policy.set]
    "linkage.rate" = 0.9
    [[my-policy.cost]]
    item = "Duty officers"
    per = "department"              # what the city is charged for: see ``Per``
    unit = "duty_officer"           # a unit cost of the scenario; or yuan = 30000.0
    amount = 1.0                    # how many of it for each ``per``
    every = "year"                  # or "once"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gridsim.scenario.costs import unknown_units
from gridsim.scenario.parameters import REGISTRY, Grade
from gridsim.scenario.scenario import (
    SECTIONS,
    Scenario,
    ScenarioError,
    builtin_folder,
    clear_errors,
    nearest,
    read_toml,
)

BASELINE = "baseline"
LEVERS = [key for key, p in REGISTRY.items() if p.lever]


# What a cost is charged for. Those that begin with "added", and the experts, are counted beyond the baseline.
Per = Literal[
    "city",
    "district",
    "street",
    "community",
    "department",
    "comprehensive_grid",
    "dedicated_grid_dissolved",
    "full_time",
    "part_time",
    "added_full_time",
    "added_part_time",
    "added_firm_staff",
    "added_team",
    "expert",
    "expert_hour",
    "device",
    "camera",
]


class Cost(BaseModel):
    """One line of what a policy costs: ``amount`` times a price for each ``per``, every year or once.

    The price is a unit cost of the scenario (``unit``) or stands in the line (``yuan``). Negative is a saving.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    item: str
    chinese: str = ""
    per: Per
    unit: str | None = None
    yuan: float | None = Field(default=None, strict=True)
    amount: float = Field(default=1.0, strict=True)
    every: Literal["year", "once"] = "year"
    source: str = "assumption"
    grade: Grade = "X"

    @model_validator(mode="after")
    def _one_price(self) -> Cost:
        if (self.unit is None) == (self.yuan is None):
            raise ValueError("needs exactly one of unit (the name of a unit cost) and yuan (a price)")
        return self

    def price(self, costs: Mapping[str, Any]) -> float:
        """Yuan for each ``per``, at the scenario's unit costs."""
        return self.amount * float(self.yuan if self.yuan is not None else costs[str(self.unit)].yuan)


class Policy(BaseModel):
    """A named patch of levers.

    Attributes
    ----------
    default : bool
        False for a policy that is compared only when it is named.
    starts : int
        Day on which it takes effect; day 0 is the first measured day.
    set : dict of lever to value
        Only registry parameters marked as levers.
    cost : tuple of Cost
        Gross outlay; savings are separate lines with a negative amount.

    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    name: str
    title: str = ""
    chinese: str = ""
    text: str = ""
    chinese_text: str = ""
    source: str = ""
    default: bool = Field(default=True, strict=True)
    starts: int = Field(default=0, ge=0, strict=True)
    set: dict[str, Any] = Field(default_factory=dict)
    cost: tuple[Cost, ...] = ()


@dataclass(frozen=True)
class Phase:
    """From ``day`` on, the city runs under ``scenario``."""

    day: int
    scenario: Scenario


@dataclass(frozen=True)
class Option:
    """What ``compare`` sets beside the baseline: a stack of policies, written ``a+b``."""

    name: str
    policies: tuple[Policy, ...]

    @property
    def title(self) -> str:
        """English titles joined."""
        return " + ".join(p.title or p.name for p in self.policies) or "Baseline"

    @property
    def chinese(self) -> str:
        """Chinese titles joined."""
        return " + ".join(p.chinese or p.title or p.name for p in self.policies) or "现状"

    def phases(self, base: Scenario) -> list[Phase]:
        """The scenario in force from each day on, in order; the first phase is from day 0 on.

        Policies stack in the order written: where two set the same lever, the later one holds.
        """
        days = sorted({0, *(p.starts for p in self.policies)})
        phases = []
        for day in days:
            patch: dict[str, Any] = {}
            for p in self.policies:
                if p.starts <= day:
                    patch |= p.set
            phases.append(Phase(day, base.replace(patch, where=f"policy {self.name}") if patch else base))
        return phases

    def outlay(self, counts: Mapping[str, float], costs: Mapping[str, Any]) -> dict[str, float]:
        """Gross yearly and one-off outlay, and savings apart, in yuan.

        Parameters
        ----------
        counts : mapping of ``Cost.per`` to number in this city
        costs : mapping of name to unit cost
            ``costs`` of the scenario.

        """
        lines = [(c, c.price(costs) * counts[c.per]) for p in self.policies for c in p.cost]
        return {
            "yearly": sum(v for c, v in lines if c.every == "year" and v > 0),
            "once": sum(v for c, v in lines if c.every == "once" and v > 0),
            "saved_yearly": -sum(v for c, v in lines if c.every == "year" and v < 0),
            "saved_once": -sum(v for c, v in lines if c.every == "once" and v < 0),
        }


def read_policies(path: Path) -> dict[str, Policy]:
    """All policies of one TOML file, checked; raises ScenarioError with every error at once."""
    found: dict[str, Policy] = {}
    errors: list[str] = []
    for name, raw in read_toml(path).items():
        if not isinstance(raw, dict):
            errors.append(f"{path.name}: {name}: must be a table, such as [{name}.set]")
            continue
        if "+" in name or "," in name or name == BASELINE:
            errors.append(f"{path.name}: {name}: a policy's name may not be '{BASELINE}' nor hold '+' or ','")
        try:
            policy = Policy.model_validate({**raw, "name": name})
        except ValidationError as error:
            errors += clear_errors(error, path.name, name, [f"{name}.{k}" for k in Policy.model_fields if k != "name"])
            continue
        errors += [f"{path.name}: {name}.set.{key}: {why}" for key, why in _lever_errors(policy.set)]
        found[name] = policy
    if errors:
        raise ScenarioError(errors)
    return found


def _lever_errors(patch: Mapping[str, Any]) -> list[tuple[str, str]]:
    out = []
    for key, value in patch.items():
        if key not in REGISTRY:
            out.append((key, f"unknown lever{nearest(key, LEVERS)}"))
        elif not REGISTRY[key].lever:
            out.append((key, f"is not a lever that a policy can set{nearest(key, LEVERS, 'the nearest lever is')}"))
        else:
            section = REGISTRY[key].section
            try:
                SECTIONS[section].model_validate({REGISTRY[key].name: value})
            except ValidationError as error:
                out += [(key, line.split(": ", 2)[2]) for line in clear_errors(error, "", section, [])]
    return out


def builtin_policies() -> dict[str, Policy]:
    """The policies that come with gridsim."""
    found: dict[str, Policy] = {}
    for path in sorted((builtin_folder() / "policies").glob("*.toml"), key=lambda f: (f.stem != "paper", f.stem)):
        found |= read_policies(path)
    return found


def parse_options(text: str | Sequence[str] | None, known: Mapping[str, Policy], base: Scenario) -> list[Option]:
    """``"a,b+c"`` as options; None means every usual policy alone and all of them together.

    Raises
    ------
    ScenarioError
        For unknown names and for patches that this scenario cannot take.

    """
    if text is None:
        usual = [name for name, policy in known.items() if policy.default]
        names = [*usual, *(["+".join(usual)] if len(usual) > 1 else [])]
    else:
        names = [n.strip() for n in (text.split(",") if isinstance(text, str) else text)]
    errors: list[str] = []
    options: list[Option] = []
    for name in dict.fromkeys("+".join(s.strip() for s in n.split("+")) for n in names):
        steps = name.split("+")
        unknown = [s for s in steps if s not in known]
        errors += [f"policies: no policy {s!r}{nearest(s, known) or '.'} Known are {', '.join(known)}" for s in unknown]
        if unknown:
            continue
        if len(set(steps)) < len(steps):
            errors.append(f"policies: {name}: names the same policy twice")
            continue
        late = [s for s in steps if known[s].starts >= base.time.days]
        if late:
            errors += [
                f"policies: {s} starts on day {known[s].starts:,}, but the last day measured is {base.time.days - 1:,}"
                for s in late
            ]
            continue
        unpriced = [line for s in steps for line in unknown_units(known[s], base.costs)]
        if unpriced:
            errors += [line for line in unpriced if line not in errors]
            continue
        option = Option("+".join(steps), tuple(known[s] for s in steps))
        try:
            option.phases(base)
        except ScenarioError as error:
            errors += error.errors
            continue
        options.append(option)
    if errors:
        raise ScenarioError(errors)
    return options
