"""What a researcher's own code may do to a world: interventions called at a day's beginning, a rule, usual changes.

``World`` has these methods. They keep the tables consistent. Whoever writes into ``world.tables`` directly keeps these
himself: fetch the tables anew on every call (they are replaced when they grow); rows beyond the counts of ``tally`` are
not in use; a case's state, queues and agenda belong to the engine; ``worker.grid`` goes with the chains
``grid.first_worker`` and ``worker.next`` and with ``grid.fte`` (use ``move_workers``); ``settings``, ``duration``,
``department.teams``, ``worker.fte`` and all that hangs on a lever are made anew when a dated policy takes effect;
``category``, ``community``, ``resident`` and ``propensity`` are shared by all copies and must not be written.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from gridsim.model import day as days
from gridsim.model.census import Strength, strength
from gridsim.model.draws import keyed_uniforms, own_stream
from gridsim.model.gridworkers import PART_TIME
from gridsim.model.own_rule import OwnRule, no_rule, own_rule
from gridsim.model.staffing import count_hands
from gridsim.scenario.scenario import Scenario, ScenarioError, nearest

if TYPE_CHECKING:
    from gridsim.model.city import City
    from gridsim.model.world import World

EXACT = 1e-12


class Intervention(Protocol):
    """What happens at the beginning of a day, in Python: any callable of ``(world, day)``.

    Attributes
    ----------
    days : collection of int, optional
        Days on which it is called, such as a ``range``, a set or a tuple (anything that knows ``in``); every day, those
        of the warm-up (below 0) included, if it has none.

    A method ``check(world)``, if it has one, is called before anything runs and raises ``ScenarioError`` for what
    cannot be done in that city. Every run has a deep copy of its own, so that what one keeps never meets another run.

    """

    def __call__(self, world: World, day: int, /) -> None:
        """Change the world at the beginning of ``day``, after the policies of that date and before its incidents."""


class Changes:
    """The part of a world that a user's code works with."""

    scenario: Scenario
    in_force: Scenario
    city: City
    seed: int
    replicate: int
    tables: Any
    day: int
    strengths: list[Strength]
    _grow: Callable[[int, int, int], None]
    department_names: Any

    def _unchanged(self) -> None:
        """The state at the start: no code of the user's."""
        self.interventions: list[Any] = []
        self.rule: OwnRule | None = None
        self.moved: dict[int, int] = {}  # workers whom an intervention moved, and where to
        self.more_teams = np.zeros(len(self.tables.department), np.int32)
        self._compiled_rule = no_rule(self.tables)
        self._begun: int | None = None  # day whose beginning has been

    def _own_changes(self) -> None:
        """After a copy: share nothing that is written."""
        self.interventions = copy.deepcopy(self.interventions)
        self.moved, self.more_teams = dict(self.moved), self.more_teams.copy()

    def with_interventions(self, interventions: Iterable[Intervention]) -> Self:
        """Call these, in their order, at the beginning of every day that they name, from now on; returns self.

        The world takes deep copies. Former ones are let go.

        Raises
        ------
        ScenarioError
            For what is not callable, or cannot be done in this city.

        """
        errors: list[str] = []
        mine: list[Any] = []
        for x in interventions:
            try:
                mine.append(copy.deepcopy(x))
            except Exception as error:
                errors.append(f"intervention {_shown(x)}: cannot be copied, as every run needs its own: {error}")
        for x in mine:
            if not callable(x) or inspect.isclass(x):
                errors.append(f"intervention {_shown(x)}: is not callable; give an object or function of (world, day)")
            elif not hasattr(getattr(x, "days", ()), "__contains__"):
                errors.append(f"intervention {_shown(x)}: days must be a collection such as a range (got {x.days!r})")
            elif hasattr(x, "check"):
                try:
                    x.check(self)
                except ScenarioError as error:
                    errors += [f"intervention {_shown(x)}: {line}" for line in error.errors]
        if errors:
            raise ScenarioError(errors)
        self.interventions = mine
        return self

    def with_rule(self, rule: OwnRule | Callable[[Any, int], None] | None) -> Self:
        """Have the engine call a rule of the user's once a day from now on (see ``own_rule``); returns self."""
        self.rule = None if rule is None else own_rule(rule)
        self._compiled_rule = no_rule(self.tables) if self.rule is None else self.rule.compiled(self.tables)
        return self

    def _next_call(self, until: int) -> int:
        """The first day after today on which an intervention is called, at most ``until``."""
        return next((d for d in range(self.day + 1, until) if any(_is_due(x, d) for x in self.interventions)), until)

    def _intervene(self) -> None:
        if self._begun != self.day:  # a day that had no room begins twice
            self._begun = self.day
            for x in self.interventions:
                if _is_due(x, self.day):
                    x(self, self.day)

    def _broken(self) -> ScenarioError:
        assert self.rule is not None
        where = f"on day {self.day} (seed {self.seed}, replicate {self.replicate})"
        return ScenarioError(
            [f"rule {self.rule.name}: raised an error {where}; set NUMBA_DISABLE_JIT=1 in the environment to see which"]
        )

    def luck(self, stream: str, place: ArrayLike, ordinal: ArrayLike = 0, attempt: ArrayLike = 0) -> np.ndarray:
        """Keyed uniforms of a user's own: the same key has the same luck under every policy, whatever else happens.

        Parameters
        ----------
        stream : str
            A name for what is drawn; its number is that of ``draws.own_stream``, apart from all streams of the model.
        place, ordinal : int or array of int
            Whose luck it is. Of cases: their columns ``place`` and ``ordinal``; else any number from 0 of your own.
        attempt : int or array of int
            The how manieth draw for the same one.

        Returns
        -------
        ndarray
            Four uniforms in (0, 1) along the last axis, for each of the keys (which are broadcast).

        Examples
        --------
        >>> from gridsim import World, load_scenario
        >>> world = World(load_scenario("neighbourhood"), seed=1)
        >>> world.luck("flood", place=[3, 4], ordinal=7).shape
        (2, 4)

        """
        return keyed_uniforms(self.seed, self.replicate, own_stream(stream), place, ordinal, attempt)

    def places_in(self, districts: str | Iterable[str]) -> np.ndarray:
        """Rows of the places of one or several districts."""
        named = [districts] if isinstance(districts, str) else list(districts)
        known = list(self.scenario.districts)
        _refuse_unknown("district", named, known)
        return np.flatnonzero(np.isin(self.tables.place.district, [known.index(d) for d in named]))

    def multiply_rate(
        self,
        factor: float,
        places: Iterable[str] | ArrayLike | None = None,
        categories: Sequence[str] | None = None,
    ) -> None:
        """Multiply the rate at which incidents arise, from today on (R1); multiply by the inverse to end it.

        Incidents keep their identities: a higher rate adds some, a lower one leaves some out, nothing else changes.

        Parameters
        ----------
        factor : float
            0 or more. The product of all causes may be at most ``arrivals.headroom`` anywhere.
        places : list of str or of int, optional
            Names of districts, or rows of places; everywhere by default.
        categories : list of str, optional
            All by default.

        Raises
        ------
        ScenarioError

        """
        if not 0.0 <= factor < np.inf:
            raise ScenarioError([f"factor: must be a number, 0 or more (got {factor!r})"])
        known = list(self.scenario.categories)
        _refuse_unknown("category", categories or [], known)
        columns = np.arange(len(known)) if categories is None else np.array([known.index(c) for c in categories], int)
        rows = self._places(places)
        now = self.tables.rate_factor[np.ix_(rows, columns)] * factor
        now[np.abs(now - 1.0) < EXACT] = 1.0
        headroom = float(self.in_force.arrivals.headroom)
        if now.size and now.max() > headroom * (1 + EXACT):
            raise ScenarioError(
                [
                    f"factor: the rate would be {now.max():g} times the usual one, more than arrivals.headroom = "
                    f"{headroom:g}; raise arrivals.headroom in the scenario"
                ]
            )
        self.tables.rate_factor[np.ix_(rows, columns)] = now

    def _places(self, places: Any) -> np.ndarray:
        if places is None:
            return np.arange(len(self.tables.place))
        if isinstance(places, str) or any(isinstance(p, str) for p in places):
            return self.places_in(places)
        return _rows("places", places, len(self.tables.place))

    def move_workers(self, workers: ArrayLike, grids: ArrayLike) -> None:
        """Send full- and part-time gridworkers to other comprehensive grids, from today on.

        Dated policies leave them there. Chains, full-time equivalents, patrol hazards and fallbacks are made anew and
        idle hands called. Each keeps his account of hours; who has a case in hand finishes the attempt, for the grid
        that it belongs to. In tables by community, people and their hours stay with the community of their post
        (``worker.home``).

        Parameters
        ----------
        workers, grids : array of int
            Rows, of the same number.

        Raises
        ------
        ScenarioError

        """
        t = self.tables
        who, where = _rows("workers", workers, len(t.worker)), _rows("grids", grids, len(t.grid))
        errors = []
        if len(who) != len(where):
            errors.append(f"move_workers: {len(who)} workers and {len(where)} grids; name a grid for each")
        if np.any(t.worker.role[who] > PART_TIME):
            errors.append("move_workers: staff of a firm belongs to its dedicated grid; move full- or part-timers")
        if np.any(t.grid.dedicated[where] == 1):
            errors.append("move_workers: a dedicated grid has people of its own; name comprehensive grids")
        if errors:
            raise ScenarioError(errors)
        self.moved |= dict(zip(who.tolist(), where.tolist(), strict=True))
        t.worker.grid[who] = where
        count_hands(t, self.in_force)
        self._grow(0, 0, 0)
        days.take_effect(self.tables, float(self.day))

    def add_teams(self, departments: str | Iterable[str], teams: int = 1) -> None:
        """Give departments, named ``district.field`` or ``city.field``, more teams from today on, for good.

        Their cost counts in the running cost from that day.
        """
        named = [departments] if isinstance(departments, str) else list(departments)
        _refuse_unknown("department", named, self.department_names)
        if teams < 1:
            raise ScenarioError([f"add_teams: must add 1 or more (got {teams!r})"])
        rows = [self.department_names.index(d) for d in named]
        self.more_teams[rows] += teams
        self.tables.department.teams[rows] += teams
        self._grow(0, 0, 0)
        days.take_effect(self.tables, float(self.day))
        self.strengths.append(strength(self.tables, self.day, self.in_force))


def _is_due(x: Any, day: int) -> bool:
    called: Collection[int] | None = getattr(x, "days", None)
    return called is None or day in called


def _rows(what: str, rows: ArrayLike, number: int) -> np.ndarray:
    out = np.atleast_1d(np.asarray(rows))
    if out.size == 0:
        return np.zeros(0, np.int64)
    if out.dtype.kind not in "iu" or out.min() < 0 or out.max() >= number:
        raise ScenarioError([f"{what}: must be rows from 0 to {number - 1} (got {rows!r})"])
    if what != "grids" and len(np.unique(out)) < len(out):
        raise ScenarioError([f"{what}: a row is named twice"])
    return out


def _refuse_unknown(what: str, named: Iterable[str], known: Sequence[str]) -> None:
    unknown = [
        f"no {what} {n!r}{nearest(str(n), known) or '; there are ' + ', '.join(known)}" for n in named if n not in known
    ]
    if unknown:
        raise ScenarioError(unknown)


def _shown(x: Any) -> str:
    """How an object is written, without its place in memory."""
    if inspect.isfunction(x) or inspect.isclass(x):
        return str(x.__qualname__)
    if type(x).__repr__ is not object.__repr__:
        return repr(x)
    return f"{type(x).__qualname__}({', '.join(f'{k}={v!r}' for k, v in sorted(vars(x).items()))})"


def described(
    interventions: Iterable[Any], rule: OwnRule | Callable[[Any, int], None] | None
) -> tuple[dict[str, str], ...]:
    """What a run was changed by, as a manifest tells it: ``kind``, ``what`` (as written), ``file``, ``sha256`` of it.

    File and hash are empty where the code came from no file.
    """
    every: list[tuple[str, Any, Any]] = [
        ("intervention", x, x if inspect.isfunction(x) else type(x)) for x in interventions
    ]
    if rule is not None:
        mine = own_rule(rule)
        every.append(("rule", mine.function, mine.function))
    out = []
    for kind, x, home in every:
        try:
            file = Path(inspect.getsourcefile(home) or "")
            source = hashlib.sha256(file.read_bytes()).hexdigest()
        except (TypeError, OSError):
            file, source = Path(), ""
        out.append({"kind": kind, "what": _shown(x), "file": file.name, "sha256": source})
    return tuple(out)
