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

How a policy is scaled to a budget stands in ``[my-policy.scale]`` (see ``scenario.scale``); one that cannot be says why
in ``own_cost``.
A *configuration* (治理形态) is a named stack of other policies, one a dimension, instead of levers of its own::

    [my-configuration]
    [my-configuration.components]
    linkage = "raise-linkage"       # dimension = name of a policy
    experts = "add-experts"
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gridsim.scenario.continuum import costs_between, patch_between, same_start, split
from gridsim.scenario.costs import unknown_units
from gridsim.scenario.parameters import REGISTRY, Grade
from gridsim.scenario.scale import Scale, scale_errors
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
KEPT_SIGNS = "+,~@"  # of the names of options
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

    The price is a unit cost of the scenario (``unit``) or stands in the line (``yuan``). Negative is a saving. ``part``
    is the part of those counted that is paid for: less or more than 1 only where a policy is scaled to a budget.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    item: str
    chinese: str = ""
    per: Per
    unit: str | None = None
    yuan: float | None = Field(default=None, strict=True)
    amount: float = Field(default=1.0, strict=True)
    every: Literal["year", "once"] = "year"
    part: float = Field(default=1.0, strict=True, ge=0)
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

    def total(self, counts: Mapping[str, float], costs: Mapping[str, Any]) -> float:
        """Yuan for all that are counted, every year or once."""
        return self.price(costs) * counts[self.per] * self.part


class Policy(BaseModel):
    """A named patch of levers; or, with ``components``, a configuration: a named stack of other policies.

    Attributes
    ----------
    default : bool
        False for a policy that is compared only when it is named.
    origin : "paper" or "ours"
        Who proposes it: the source paper names the thing (how far it moves is always ours), or it is our construct.
    starts : int
        Day on which it takes effect; day 0 is the first measured day.
    set : dict of lever to value
        Only registry parameters marked as levers.
    cost : tuple of Cost
        Gross outlay; savings are separate lines with a negative amount.
    scale : Scale or None
        How it is scaled to a budget.
    own_cost, chinese_own_cost : str
        Why it cannot be, in a sentence, where it cannot.
    components : dict of dimension to policy name
        Of a configuration, in the order in which they stack. What they set, cost and when they start is their own.

    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    name: str
    title: str = ""
    chinese: str = ""
    text: str = ""
    chinese_text: str = ""
    source: str = ""
    default: bool = Field(default=True, strict=True)
    origin: Literal["paper", "ours"] = "ours"
    starts: int = Field(default=0, ge=0, strict=True)
    set: dict[str, Any] = Field(default_factory=dict)
    cost: tuple[Cost, ...] = ()
    scale: Scale | None = None
    own_cost: str = ""
    chinese_own_cost: str = ""
    components: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_kind(self) -> Policy:
        own = [k for k in ("set", "cost", "starts") if getattr(self, k)]
        if self.components and own:
            raise ValueError(f"has both components and {', '.join(own)}; these belong to the policies it is made of")
        return self


@dataclass(frozen=True)
class Phase:
    """From ``day`` on, the city runs under ``scenario``."""

    day: int
    scenario: Scenario


@dataclass(frozen=True)
class Option:
    """What ``compare`` sets beside the baseline: a stack of policies, written ``a+b``.

    Attributes
    ----------
    policies : tuple of Policy
        Patches in the order in which they stack, those of a configuration one by one.
    named : tuple of Policy
        What the name is made of, where it names a configuration.

    """

    name: str
    policies: tuple[Policy, ...]
    named: tuple[Policy, ...] = ()

    @property
    def steps(self) -> tuple[Policy, ...]:
        """Policies and configurations that the name is made of."""
        return self.named or self.policies

    @property
    def title(self) -> str:
        """English titles joined."""
        return " + ".join(p.title or p.name for p in self.steps) or "Baseline"

    @property
    def chinese(self) -> str:
        """Chinese titles joined."""
        return " + ".join(p.chinese or p.title or p.name for p in self.steps) or "现状"

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
        lines = [(c, c.total(counts, costs)) for p in self.policies for c in p.cost]
        return {
            "yearly": sum(v for c, v in lines if c.every == "year" and v > 0),
            "once": sum(v for c, v in lines if c.every == "once" and v > 0),
            "saved_yearly": -sum(v for c, v in lines if c.every == "year" and v < 0),
            "saved_once": -sum(v for c, v in lines if c.every == "once" and v < 0),
        }

    def annual(self, counts: Mapping[str, float], base: Scenario) -> float:
        """Gross outlay a year in yuan, one-off outlay spread over ``cost.life_years``; savings are not in it."""
        spent = self.outlay(counts, base.costs)
        return spent["yearly"] + spent["once"] / base.cost.life_years


def read_policies(path: Path) -> dict[str, Policy]:
    """All policies of one TOML file, checked; raises ScenarioError with every error at once."""
    found: dict[str, Policy] = {}
    errors: list[str] = []
    for name, raw in read_toml(path).items():
        if not isinstance(raw, dict):
            errors.append(f"{path.name}: {name}: must be a table, such as [{name}.set]")
            continue
        if set(KEPT_SIGNS) & set(name) or name == BASELINE:
            errors.append(
                f"{path.name}: {name}: a policy's name may not be '{BASELINE}' nor hold any of {' '.join(KEPT_SIGNS)}"
            )
        try:
            policy = Policy.model_validate({**raw, "name": name})
        except ValidationError as error:
            errors += clear_errors(error, path.name, name, [f"{name}.{k}" for k in Policy.model_fields if k != "name"])
            continue
        wrong = [f"{path.name}: {name}.set.{key}: {why}" for key, why in _lever_errors(policy.set)]
        errors += wrong or [f"{path.name}: {name}.{key}: {why}" for key, why in scale_errors(policy)]
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


def parse_options(
    text: str | Sequence[str | Option] | None, known: Mapping[str, Policy], base: Scenario
) -> list[Option]:
    """``"a,b+c"`` as options; None means every usual policy alone and all of them together.

    In a list, an option that is made already stands for itself.

    Raises
    ------
    ScenarioError
        For unknown names and for patches that this scenario cannot take.

    """
    names: list[str | Option]
    if text is None:
        usual = [name for name, policy in known.items() if policy.default]
        names = [*usual, *(["+".join(usual)] if len(usual) > 1 else [])]
    else:
        names = [*text.split(",")] if isinstance(text, str) else list(text)
    errors: list[str] = []
    options: list[Option] = []
    for name, given in {n.name if isinstance(n, Option) else _spaced(n): n for n in names}.items():
        try:
            options.append(_fitting(given, base) if isinstance(given, Option) else _option(name, known, base))
        except ScenarioError as error:
            errors += [line for line in error.errors if line not in errors]
    if errors:
        raise ScenarioError(errors)
    return options


def _spaced(name: str) -> str:
    return "+".join(s.strip() for s in name.split("+"))


def _fitting(option: Option, base: Scenario) -> Option:
    """The option itself, if this scenario can take it."""
    errors = [
        f"policies: {p.name} starts on day {p.starts:,}, but the last day measured is {base.time.days - 1:,}"
        for p in option.policies
        if p.starts >= base.time.days
    ]
    errors = errors or [line for p in option.policies for line in unknown_units(p, base.costs)]
    if errors:
        raise ScenarioError(errors)
    option.phases(base)
    return option


def _option(name: str, known: Mapping[str, Policy], base: Scenario) -> Option:
    """The option of a name, if this scenario can take it."""
    steps = name.split("+")
    errors: list[str] = []
    named: list[Policy] = []
    for s in steps:
        try:
            named.append(_step(s, known, base))
        except ScenarioError as error:
            errors += error.errors
    if len(set(steps)) < len(steps):
        errors.append(f"policies: {name}: names the same policy twice")
    if errors:
        raise ScenarioError(errors)
    stacked = [p for step in named for p in parts_of(step, known).values()]
    policies = tuple(p for k, p in enumerate(stacked) if p not in stacked[k + 1 :])  # named twice, the later one holds
    return _fitting(Option(name, policies, () if policies == tuple(named) else tuple(named)), base)


def _step(name: str, known: Mapping[str, Policy], base: Scenario) -> Policy:
    """A policy or configuration by its name, or a point between two of them."""
    if name in known:
        if errors := configuration_errors(known[name], known):
            raise ScenarioError(errors)
        return known[name]
    if set("~@") & set(name):
        return _mixture(name, known, base)
    raise ScenarioError([f"policies: no policy {name!r}{nearest(name, known) or '.'} Known are {', '.join(known)}"])


def parts_of(step: Policy, known: Mapping[str, Policy]) -> dict[str, Policy]:
    """The policies that a configuration is made of, by dimension; a policy is its own only part."""
    return {dimension: known[p] for dimension, p in step.components.items()} or {step.name: step}


def configuration_errors(configuration: Policy, known: Mapping[str, Policy]) -> list[str]:
    """What is wrong with the components of a configuration, a line each."""
    errors: list[str] = []
    setters: dict[str, str] = {}
    for dimension, name in configuration.components.items():
        where = f"policies: {configuration.name}: components.{dimension}"
        if name not in known:
            errors.append(f"{where}: no policy {name!r}{nearest(name, [k for k, p in known.items() if p.set])}")
        elif known[name].components:
            errors.append(f"{where}: {name} is itself a configuration; a component is a policy that sets levers")
        else:
            both = [key for key in known[name].set if key in setters]
            errors += [f"{where}: {name} sets {key}, as {setters[key]} does; a lever has one component" for key in both]
            setters |= dict.fromkeys(known[name].set, dimension)
    return errors


def _mixture(name: str, known: Mapping[str, Policy], base: Scenario) -> Policy:
    """The point ``from~to@share`` between two policies or configurations (or the baseline), as one policy."""
    first, second, g = split(name)
    nothing = Policy(name=BASELINE, title="Baseline", chinese="现状")
    ends, errors = [], []
    for step in (first, second):
        try:
            ends.append(nothing if step == BASELINE else _step(step, known, base))
        except ScenarioError as error:
            errors += [line for line in error.errors if line not in errors]
    if errors:
        raise ScenarioError(errors)
    stacks = [tuple(parts_of(end, known).values()) for end in ends]
    patches = [{k: v for p in stack for k, v in p.set.items()} for stack in stacks]
    starts = same_start({p.name: p.starts for stack in stacks for p in stack if p.set}, name)
    a, b = (base.replace(patch, where=f"policy {end.name}") for patch, end in zip(patches, ends, strict=True))
    costs = [[c for p in stack for c in p.cost] for stack in stacks]
    return Policy(
        name=name,
        title=f"{ends[0].title or first} → {ends[1].title or second}, {g:g}",
        chinese=f"{ends[0].chinese or first} → {ends[1].chinese or second}，{g:g}",
        text=f"{100 * g:.3g} % of the way: numbers in between, switches and choices of the nearer end.",
        chinese_text=f"两者之间的 {100 * g:.3g}% 处：数值按比例取值，开关和选项取较近的一端。",
        source="interpolated",
        default=False,
        starts=starts,
        set=patch_between(a, b, patches[0] | patches[1], g),
        cost=costs_between(costs[0], costs[1], g),
    )
