"""The Mesa face: ``GovernanceModel``, a ``mesa.Model`` whose ``step()`` is one day."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from numbers import Integral
from typing import Any

import mesa
import networkx as nx
import pandas as pd

from gridsim.model.changes import Intervention
from gridsim.model.city import City, Grid
from gridsim.model.departments import Department
from gridsim.model.experts import Expert
from gridsim.model.gridworkers import Gridworker
from gridsim.model.own_rule import OwnRule
from gridsim.model.residents import Resident
from gridsim.model.world import World
from gridsim.scenario.policies import BASELINE, Option, builtin_policies, parse_options
from gridsim.scenario.scenario import Scenario, load_scenario

OUTCOMES = ("time_to_resolution", "mean_backlog")  # the primary outcomes of the last window, NaN until the run is over
LIVE_RESIDENTS = 200_000  # beyond this, resident agents are made on demand
REPORTED_DAILY = (
    "open",
    "latent",
    "stalled",
    "arisen",
    "lapsed",
    "valid_patrol",
    "valid_residents",
    "resolved",
    "closed_formally",
    "case_days",
    "event_hours",
    "team_days",
)


class GovernanceModel(mesa.Model):
    """A city under grid governance; ``step()`` is one day.

    Parameters
    ----------
    scenario : str, Path or Scenario
        Built-in name, TOML path, or a scenario.
    policies : str or Option
        Policies in force, such as ``"raise-linkage"`` or ``"a+b"``; ``"baseline"`` for none.
    rng : int, optional
        Seed below 2**32. A fresh one is drawn and recorded in ``seed_used`` when not given.
    interventions : iterable of Intervention
        Called at the beginning of the days that they name, those of the warm-up included (see ``model.changes``).
    rule : OwnRule or function, optional
        Called by the engine once a day (see ``model.own_rule``).
    **overrides
        Registry keys with two underscores for the dot: ``linkage__rate=0.9``.

    Notes
    -----
    The warm-up runs on construction, so that day 0 is the first step. Residents are live agents up to
    ``LIVE_RESIDENTS``; in a larger city ``resident(row)`` makes one on demand, while their state is always there.

    """

    def __init__(
        self,
        scenario: Any = "neighbourhood",
        policies: str | Option = BASELINE,
        *,
        rng: int | None = None,
        interventions: Iterable[Intervention] = (),
        rule: OwnRule | Callable[[Any, int], None] | None = None,
        **overrides: Any,
    ) -> None:
        if rng is not None and (not isinstance(rng, Integral) or not 0 <= rng < 2**32):
            raise ValueError(f"rng: must be a whole number from 0 to 2**32 − 1 (got {rng!r})")
        seed = secrets.randbits(32) if rng is None else int(rng)
        super().__init__(rng=seed)
        self._setting = load_scenario(scenario, **overrides)
        self.seed_used = seed
        self.option = _option(policies, self.scenario)
        self.city = City(self.scenario)
        world = World(self.scenario, self.city, seed=seed).with_interventions(interventions).with_rule(rule)
        self.world = world.warm_up().under(self.option.phases(self.scenario))
        self._create_agents()
        self.datacollector = mesa.DataCollector(
            model_reporters={"day": "last_day", "seed": "seed_used"}
            | {name: _reporter(name) for name in REPORTED_DAILY}
            | {name: _outcome(name) for name in OUTCOMES}
        )
        self.running = True

    def _create_agents(self) -> None:
        t = self.world.tables
        kinds: list[tuple[type[mesa.Agent], int]] = [
            (Grid, len(t.grid)),
            (Gridworker, len(t.worker)),
            (Expert, len(t.expert)),
            (Department, len(t.department)),
        ]
        if self.city.n_residents <= LIVE_RESIDENTS:
            kinds.append((Resident, self.city.n_residents))
        for cls, n in kinds:
            cls.create_agents(self, n, list(range(n)))
        self._live = len(self.agents)
        live = Resident in self.agents_by_type
        self._numbered = self._live + (0 if live else self.city.n_residents)  # residents' numbers are kept for them
        self._residents = {a.row: a for a in self.agents_by_type.get(Resident, ())}
        self._let_go()

    def _welcome(self) -> None:
        """Agents for the people whom a policy has added."""
        for cls, table in ((Gridworker, self.world.tables.worker), (Expert, self.world.tables.expert)):
            have = len(self.agents_by_type.get(cls, ()))
            if len(table) > have:
                for agent in cls.create_agents(self, len(table) - have, list(range(have, len(table)))):
                    self._numbered += 1
                    agent.unique_id = self._numbered  # Mesa would count from 1 again
                self._let_go()

    def _let_go(self) -> None:
        """Mesa 3.3 keeps every model alive through a table of agent numbers: take this model out of it."""
        numbers = getattr(mesa.Agent, "_ids", None)
        if numbers is not None:
            numbers.pop(self, None)

    @property
    def scenario(self) -> Scenario:
        """The scenario (Mesa 3.5 would write a reference to the model into it; ours is frozen and shared)."""
        return self._setting

    @scenario.setter
    def scenario(self, value: Any) -> None:
        if hasattr(self, "_setting"):  # Mesa 3.5 assigns one of its own kind on construction: let that pass
            raise AttributeError("a model's scenario is fixed; make a new GovernanceModel(scenario)")

    @property
    def last_day(self) -> int:
        """Day simulated last, as in ``daily``; −1 before the first step."""
        return self.world.day - 1

    @property
    def day(self) -> int:
        """Day about to be simulated; day 0 is the first measured day."""
        return self.world.day

    def resident(self, row: int) -> Resident:
        """The resident of a row, as an agent."""
        if not 0 <= row < self.city.n_residents:
            raise IndexError(f"resident {row}: there are {self.city.n_residents:,}")
        if row not in self._residents:
            agent = Resident(self, row)
            agent.unique_id = self._live + row + 1  # as if all had been made, whatever the order of asking
            self._residents[row] = agent
            self._let_go()
        return self._residents[row]

    def step(self) -> None:
        """One day, in the order of ``model/day.py``; the last one sets ``running`` to False."""
        if self.day < self.world.horizon:
            self.world.advance(self.day + 1)
            self._welcome()
            self.datacollector.collect(self)
        if self.day >= self.world.horizon:
            self.running = False

    def run(self) -> GovernanceModel:
        """Step to the horizon (measured days and follow-up); returns the model."""
        while self.running:
            self.step()
        return self

    @property
    def cases(self) -> pd.DataFrame:
        """All incidents and cases, a row each."""
        return self.world.case_frame()

    @property
    def daily(self) -> pd.DataFrame:
        """The daily record, warm-up days (negative) first."""
        return self.world.day_frame()

    @property
    def city_tree(self) -> nx.DiGraph:
        """City, districts, streets, communities, grids."""
        return self.city.tree

    @property
    def grid_network(self) -> nx.Graph:
        """Adjacent grids (schematic)."""
        return self.city.neighbours

    @property
    def linkage_network(self) -> nx.Graph:
        """Departments joined by the cases that both worked on after a whistle; edge ``weight`` counts them."""
        names = self.world.department_names
        graph = nx.Graph()
        graph.add_nodes_from(n for n, d in zip(names, self.world.tables.department, strict=True) if d.teams > 0)
        rows = self.world.cases
        for row in rows[(rows.linked == 1) & (rows.needs > 1)]:
            members = [names[d] for d in row.department[: row.needs]]
            for i, a in enumerate(members):
                for b in members[i + 1 :]:
                    weight = graph.get_edge_data(a, b, {"weight": 0})["weight"]
                    graph.add_edge(a, b, weight=weight + 1)
        return graph

    def measures(self) -> pd.DataFrame:
        """Measures of this run by window; needs the run to have reached its horizon."""
        from gridsim.measures import measure_run

        return measure_run(self.world)


def _option(policies: str | Option, scenario: Scenario) -> Option:
    if isinstance(policies, Option):
        return policies
    if policies in (BASELINE, ""):
        return Option(BASELINE, ())
    return parse_options([policies], builtin_policies(), scenario)[0]


def _outcome(name: str) -> Any:
    def settled(model: GovernanceModel) -> float:
        if model.world.day < model.world.horizon:
            return float("nan")
        table = model.measures()
        last = table[table.window == table.window.iloc[-1]].set_index("measure").value
        return float(last[name.removeprefix("mean_")])

    return settled


def _reporter(name: str) -> Any:
    def last(model: GovernanceModel) -> float:
        return float(model.world.days[name][-1])

    return last
