"""Two worlds on the same keys, a Mesa model: ``step()`` takes both through a day."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import mesa
import numpy as np

from gridsim.app.levers import Lever, by_hand, in_force, page_levers
from gridsim.measures.curves import DAYS, unresolved_share
from gridsim.measures.run import cohort, open_at
from gridsim.measures.survival import ratio
from gridsim.measures.territory import first_grid
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.policies import BASELINE, Option, Policy, builtin_policies, parse_options
from gridsim.scenario.scenario import Scenario, load_scenario
from gridsim.studies.trace import Trace, follow, two_options
from gridsim.views.labels import catalogue

SHOWN_BEFORE = 28  # days of the common past that the charts show
FIRST_DAYS = 60  # in which the case arises that is followed,
FOLLOWED = 240  # and those up to which it is: one wants to see the end of it
AFTER = 7.0  # days after the report, at which the table states the share unresolved
FACTS = ("open", "mean_open", "reported", "resolved", "on_paper", "unresolved")


@dataclass(frozen=True)
class Side:
    """One of the two worlds: a policy, and levers moved by hand on top of it (numbers, by key)."""

    option: Option
    moved: Mapping[str, float] = field(default_factory=dict)


class Setup:
    """What is put side by side: a city and two sides. Shared by all pairs of a page, which reset to it.

    Parameters
    ----------
    scenario : str, Path or Scenario
    policies : str or list of str
        One option (right, with today on the left) or two.
    known : mapping of name to Policy, optional
        The policies there are; the built-in ones by default.

    Raises
    ------
    ScenarioError
        For an unusable scenario or policy.

    """

    def __init__(
        self,
        scenario: Any = "neighbourhood",
        policies: str | Sequence[str] = "raise-linkage",
        known: Mapping[str, Policy] | None = None,
    ) -> None:
        self.scenario: Scenario = load_scenario(scenario)
        self.known = builtin_policies() if known is None else known
        self.levers: dict[str, Lever] = page_levers(builtin_policies().values())
        self.sides = [Side(option) for option in two_options(policies, self.known, self.scenario)]
        self.city = City(self.scenario)
        self.rest: Callable[[], None] = lambda: None  # called before each day: returns once the last one is drawn
        self.searching = threading.Lock()  # for a case
        self._warm: tuple[int, World] | None = None

    @cached_property
    def names(self) -> str:
        """All names of the city and its policies, run together."""
        policies = [p.chinese + p.chinese_text for p in self.known.values()]
        return "".join([json.dumps(self.scenario.to_dict(), ensure_ascii=False, default=str), *policies])

    def own(self) -> Setup:
        """A setup of one's own, with the same city."""
        twin = object.__new__(Setup)
        twin.__dict__.update(self.__dict__)
        twin.sides = list(self.sides)
        return twin

    def option(self, name: str) -> Option:
        """The option of a name."""
        return Option(BASELINE, ()) if name == BASELINE else parse_options([name], self.known, self.scenario)[0]

    def choose(self, which: int, name: str) -> None:
        """Put another policy on a side; levers moved by hand return to the policy's."""
        self.sides[which] = Side(self.option(name))

    def move(self, which: int, key: str, number: float) -> None:
        """Move a lever of a side."""
        side = self.sides[which]
        self.sides[which] = replace(side, moved={**side.moved, key: number})

    def number(self, which: int, key: str) -> float:
        """Where a lever of a side stands."""
        side = self.sides[which]
        return side.moved.get(key, self.levers[key].value(in_force(side.option, self.scenario)))

    def option_of(self, which: int) -> Option:
        """All that is in force on a side, as one option."""
        side = self.sides[which]
        return by_hand(side.option, self.scenario, dict(side.moved), self.levers, catalogue()["app_by_hand"])

    def warm(self, rng: int) -> World:
        """The world of a seed at day 0, which both sides begin with; the last one is kept."""
        if self._warm is None or self._warm[0] != rng:
            self._warm = (rng, World(self.scenario, self.city, seed=rng).warm_up())
        return self._warm[1]


class Pair(mesa.Model):
    """Two worlds with the same past and the same luck, each under its own policy; ``step()`` is one day of both.

    Parameters
    ----------
    setup : Setup, optional
        By default today and ``raise-linkage`` in the neighbourhood.
    rng : int
        The seed below 2**32, as that of ``gridsim compare``.

    """

    def __init__(self, setup: Setup | None = None, rng: int = 1) -> None:
        super().__init__(rng=rng)
        self.setup = setup or Setup()
        self.seed_used = int(rng)
        self.lock = threading.RLock()  # of the worlds: one thread plays, another draws
        self.worlds = [self._begun(k) for k in (0, 1)]
        self.grid_of_place = first_grid(self.setup.city)
        self.running = True
        self._known: dict[tuple[str, int], Any] = {}  # what was counted of the worlds as they are

    def _begun(self, which: int) -> World:
        s = self.setup
        return s.warm(self.seed_used).copy().under(s.option_of(which).phases(s.scenario))

    @property
    def day(self) -> int:
        """Day about to be simulated in both worlds."""
        return self.worlds[0].day

    def step(self) -> None:
        """One day of both worlds; the last one sets ``running`` to False."""
        self.setup.rest()
        with self.lock:
            if self.day < self.worlds[0].horizon:
                for world in self.worlds:
                    world.advance(world.day + 1)
                self._known = {}
            self.running = self.day < self.worlds[0].horizon

    def rebuild(self, which: int) -> None:
        """Let a side live through its days again, from day 0 on under what the setup now says; the other one stays."""
        with self.lock:
            self.worlds[which] = self._begun(which).advance(self.day)
            self._known = {}

    def _once(self, name: str, which: int, count: Callable[[int], Any]) -> Any:
        with self.lock:
            if (name, which) not in self._known:
                self._known[name, which] = count(which)
            return self._known[name, which]

    def daily(self, which: int, column: str) -> tuple[np.ndarray, np.ndarray]:
        """Days from ``SHOWN_BEFORE`` before day 0 on, and a column of the daily record, of a side."""
        days = self.worlds[which].days
        shown = days[days.day >= -SHOWN_BEFORE]
        return shown.day, shown[column]

    def open_by_grid(self, which: int) -> np.ndarray:
        """Cases open at the end of yesterday, by the grid as first drawn, of a side."""
        return np.asarray(self._once("open", which, self._open_by_grid))

    def _open_by_grid(self, which: int) -> np.ndarray:
        cases = self.worlds[which].cases
        rows = open_at({k: cases[k] for k in ("reported", "closed", "formal_at", "reopened_at")}, float(self.day))
        return np.bincount(self.grid_of_place[cases.place[rows]], minlength=len(self.setup.city.grid))

    def unresolved(self, which: int) -> tuple[np.ndarray, np.ndarray]:
        """Days since report and share of the cases reported since day 0 not truly resolved by then, of a side.

        As far as anybody has been followed (see ``measures.curves.unresolved_share``).
        """
        days, share = self._once("unresolved", which, self._unresolved)
        return days, share

    def _unresolved(self, which: int) -> tuple[np.ndarray, np.ndarray]:
        cases = self.worlds[which].cases
        rows = cohort({"reported": cases.reported}, (0, self.day))
        reported, resolved = cases.reported[rows], cases.resolved[rows]
        done = ~np.isnan(resolved)
        until = np.where(done, resolved, float(self.day)) - reported
        days = DAYS[: np.searchsorted(DAYS, until.max(initial=-1.0), side="right")]
        return days, unresolved_share(until, done, days) if len(days) else days

    def facts(self, which: int) -> dict[str, float]:
        """What the table states of a side, by the names of ``FACTS``; NaN where there is nothing yet."""
        world = self.worlds[which]
        d = world.days[world.days.day >= 0]
        since, share = self.unresolved(which)
        followed = len(since) and since[-1] >= AFTER
        return {
            "open": float(world.days.open[-1]),
            "mean_open": ratio(d.case_days.sum(), len(d)),
            "reported": float(len(cohort({"reported": world.cases.reported}, (0, self.day)))),
            "resolved": float(d.resolved.sum()),
            "on_paper": float(d.closed_formally.sum()),
            "unresolved": float(share[np.searchsorted(since, AFTER)]) if followed else float("nan"),
        }

    def trace(self, case: int | None = None, most_changed: str = "sooner") -> Trace:
        """One case in both worlds, of those that arise in the first ``FIRST_DAYS``, as ``gridsim trace`` tells it.

        It is followed up to day ``FOLLOWED``, so that it is chosen among those resolved by then in both.
        """
        s, t = self.setup, self.setup.scenario.time
        days = min(FOLLOWED, int(t.days + t.follow_up_days))
        short = s.scenario.replace({"time.days": days, "time.follow_up_days": 0})
        options = [s.option_of(k) for k in (0, 1)]
        among = (0, min(FIRST_DAYS, int(t.days)))
        start = World(short, s.city, seed=self.seed_used)
        return follow(start, options, case=case, most_changed=most_changed, among=among)
