"""What a ladder runs: the components between two configurations, their coalitions, and the scenario under each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from gridsim.scenario.policies import BASELINE, Option, Phase, Policy, parse_options, parts_of
from gridsim.scenario.scenario import Scenario, ScenarioError
from gridsim.studies.shapley import MOST_EXACT, coalitions_along, everyone, orders


@dataclass(frozen=True)
class Component:
    """One dimension in which two configurations differ.

    Attributes
    ----------
    name : str
        The dimension; for a policy that is in no configuration its own name.
    before, after : tuple of Policy
        What the first and the second have there; empty: the scenario's own.

    """

    name: str
    before: tuple[Policy, ...]
    after: tuple[Policy, ...]

    @property
    def origins(self) -> tuple[str, ...]:
        """Whose it is, "paper" or "ours": of what is left, then of what is entered, once where they agree."""
        return tuple(dict.fromkeys(p.origin for p in (*self.before, *self.after)))


@dataclass(frozen=True)
class Plan:
    """What a ladder runs: both ends, the components between them, and the scenario under all of it."""

    base: Scenario
    first: Option
    second: Option
    components: tuple[Component, ...]
    seed: int
    steps: tuple[Option, ...] = ()

    @property
    def size(self) -> int:
        """Number of components."""
        return len(self.components)

    @property
    def is_exact(self) -> bool:
        """True where all coalitions are run."""
        return self.size <= MOST_EXACT

    def drawn(self, replicate: int) -> list[list[int]]:
        """The orders drawn for a replication, where there are too many coalitions to run all."""
        return orders(self.size, self.seed, replicate)

    def coalitions(self, replicate: int) -> list[int]:
        """The coalitions that a replication runs, in rising order."""
        if self.is_exact:
            return list(range(1 << self.size))
        every = everyone(self.size)
        ends = {c for i in range(self.size) for c in (1 << i, every & ~(1 << i))}
        return sorted(ends | coalitions_along(self.drawn(replicate)))

    def option(self, coalition: int) -> Option:
        """The stack in which the components of a coalition are the second's and all others the first's."""
        parts = [c.after if coalition >> i & 1 else c.before for i, c in enumerate(self.components)]
        return Option(self.name(coalition), tuple(p for part in parts for p in part))

    def name(self, coalition: int) -> str:
        """Name of a coalition's run: 0 and 1 by component, in their order."""
        return "".join(str(coalition >> i & 1) for i in range(self.size)) or "0"

    def options(self, replicate: int) -> list[Option]:
        """All that a replication runs: today, the coalitions, and the steps along the continuum."""
        return [Option(BASELINE, ()), *map(self.option, self.coalitions(replicate)), *self.steps]

    @cached_property
    def _phases(self) -> dict[str, list[Phase]]:
        return {}

    def phases(self, option: Option) -> list[Phase]:
        """The phases of an option, worked out once."""
        if option.name not in self._phases:
            self._phases[option.name] = option.phases(self.base)
        return self._phases[option.name]


def plan_ladder(
    base: Scenario, first: str, second: str, known: Mapping[str, Policy], seed: int = 1, steps: int | None = None
) -> Plan:
    """The plan of a ladder, checked; raises ScenarioError with every error at once."""
    ends, errors = [], []
    for name in (first, second):
        try:
            here = Option(BASELINE, ()) if name == BASELINE else parse_options([name], known, base)[0]
            ends.append(here)
        except ScenarioError as error:
            errors += [line for line in error.errors if line not in errors]
    if errors:
        raise ScenarioError(errors)
    if steps and any("+" in o.name or "@" in o.name for o in ends):
        raise ScenarioError(["--steps: lie between two policies or configurations, not between stacks or mixtures"])
    parts = [_dimensions(o, known) for o in ends]
    names = [*(d for d in parts[0] if d not in parts[1]), *parts[1]]  # in the second's order
    components = tuple(Component(d, parts[0].get(d, ()), parts[1].get(d, ())) for d in names)
    if errors := _shared_levers(components):
        raise ScenarioError(errors)
    between = []
    if steps:
        shares = [k / steps for k in range(steps + 1)]
        made = parse_options([f"{first}~{second}@{g:.6g}" for g in shares], known, base)
        between = [Option(f"g={g:.6g}", o.policies) for g, o in zip(shares, made, strict=True)]
    return Plan(base, ends[0], ends[1], components, seed, tuple(between))


def _dimensions(option: Option, known: Mapping[str, Policy]) -> dict[str, tuple[Policy, ...]]:
    """The policies of an option by dimension."""
    out: dict[str, tuple[Policy, ...]] = {}
    for step in option.steps:
        for dimension, policy in parts_of(step, known).items():
            if policy in option.policies:
                out[dimension] = (*out.get(dimension, ()), policy)
    return out


def _shared_levers(components: Sequence[Component]) -> list[str]:
    """A line for each lever that two components set: what each of them adds would hang on the order of a stack."""
    owner: dict[str, str] = {}
    errors: list[str] = []
    for c in components:
        for key in dict.fromkeys(k for p in (*c.before, *c.after) for k in p.set):
            if key in owner:
                errors.append(
                    f"ladder: {key} is set by {owner[key]} and by {c.name}: a lever must belong to one component; give "
                    "both the same dimension in a configuration"
                )
            owner[key] = c.name
    return errors


def distinct_options(plan: Plan, replicate: int) -> tuple[list[Option], dict[str, str]]:
    """The options of a replication that differ, and for each of all the one that it equals."""
    seen: dict[tuple[tuple[int, str], ...], str] = {}
    distinct: list[Option] = []
    like: dict[str, str] = {}
    for option in plan.options(replicate):
        content = tuple((p.day, p.scenario.hash) for p in plan.phases(option))
        if content not in seen:
            seen[content] = option.name
            distinct.append(option)
        like[option.name] = seen[content]
    return distinct, like
