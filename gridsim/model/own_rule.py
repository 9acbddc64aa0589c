"""A rule of one's own: a compiled function that the engine calls once a day, without being compiled again.

The published signature is ``(t, day) -> None``: the tables (``world.Tables``) and the day about to be simulated. It is
called on every day, warm-up included, after the calendar and before the day's incidents arise (``day.one_day``). It
reads and writes the rows that the engine does; ``changes`` tells what must be kept. Keyed luck: ``draws.chances`` with
a stream of ``draws.own_stream``.

The engine takes the rule as an argument of a fixed type, a first-class function of Numba: one indirect call a day.
There is none for every event: the tables are passed by value, some 80 ns a call, which a million events a year would
feel.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

import numba

from gridsim.model.compiled import hook
from gridsim.scenario.errors import ScenarioError


class OwnRule:
    """A user's rule; made by :func:`own_rule`."""

    def __init__(self, function: Callable[[Any, int], None]) -> None:
        self.function = function
        self.name = getattr(function, "__name__", repr(function))
        self._compiled: dict[Any, Any] = {}
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"own_rule({self.name})"

    def __deepcopy__(self, memo: Any) -> OwnRule:
        return self  # it keeps no state of a run

    def __call__(self, t: Any, day: int) -> None:
        """Call it as plain Python, for tests of the rule."""
        self.function(t, day)

    def compiled(self, tables: Any) -> Any:
        """The rule as the engine takes it: returns 0, or 1 where it raised.

        Raises
        ------
        ScenarioError
            If it cannot be compiled.

        """
        if numba.config.DISABLE_JIT:
            return _plain(self.function)
        key = numba.typeof(tables)
        with self._lock:
            if key not in self._compiled:
                try:
                    self._compiled[key] = hook(_guarded(self.function), tables)
                except Exception as error:  # Numba lets other kinds of error than its own pass, too
                    raise ScenarioError([f"rule {self.name}: cannot be compiled: {_reason(error)}"]) from error
            return self._compiled[key]


def own_rule(function: Callable[[Any, int], None] | OwnRule) -> OwnRule:
    """Make a function a rule of the model (decorator).

    Parameters
    ----------
    function : callable
        ``(t, day) -> None``, in the part of Python that Numba compiles (https://numba.readthedocs.io). An index beyond
        a table ends the run with a clear error, and so does anything that it raises.

    Raises
    ------
    ScenarioError
        If it is not a function of two positional arguments.

    Examples
    --------
    In July and August everything happens a fifth more often, in every place and category; where no incident breeds
    another, the other days are as they were:

    >>> from gridsim import World, load_scenario, own_rule
    >>> @own_rule
    ... def summer(t, day):
    ...     if day == 181:
    ...         t.rate_factor[:] *= 1.2
    ...     if day == 243:
    ...         t.rate_factor[:] /= 1.2
    >>> scenario = load_scenario("neighbourhood", time__warmup_days=0, time__days=250)
    >>> scenario = scenario.replace({"rules.grievance": False, "rules.security": False})
    >>> plain, hot = (World(scenario, seed=1).with_rule(r).run().days.arisen for r in (None, summer))
    >>> bool((plain[:181] == hot[:181]).all() and (plain[243:] == hot[243:]).all())
    True
    >>> bool(1.0 < hot[181:243].sum() / plain[181:243].sum() < 1.4)
    True

    """
    if isinstance(function, OwnRule):
        return function
    if not inspect.isfunction(function):
        raise ScenarioError(
            [f"rule: {function!r} is not a function; write one of (t, day) and put @own_rule before it"]
        )
    kinds = [p.kind for p in inspect.signature(function).parameters.values()]
    if len(kinds) != 2 or any(
        k not in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for k in kinds
    ):
        raise ScenarioError(
            [f"rule {function.__name__}: takes {inspect.signature(function)}; a rule takes two arguments, (t, day)"]
        )
    return OwnRule(function)


def _guarded(function: Callable[[Any, int], None]) -> Callable[[Any, int], int]:
    """Exceptions as a number: nobody could catch them across the engine."""
    inner = numba.njit(nogil=True, boundscheck=True)(function)

    def guarded(t, day):
        try:
            inner(t, day)
        except Exception:
            return 1
        return 0

    return guarded


def _plain(function: Callable[[Any, int], None]) -> Callable[[Any, int], int]:
    def called(t: Any, day: int) -> int:
        function(t, day)
        return 0

    return called


def _reason(error: Exception) -> str:
    """One line of a compiler's many."""
    if isinstance(error, KeyError):
        return f"no column {error.args[0]!r}"
    lines = [line.strip() for line in str(error).splitlines()]
    told = [line for line in lines if line and not line.startswith(("Failed in", "During:", "^", "File", "-"))]
    return told[0].removesuffix(".") if told else type(error).__name__


def _nothing(t, day):
    return 0


_NOTHING: dict[Any, Any] = {}


def no_rule(tables: Any) -> Any:
    """The rule that does nothing, as the engine takes it."""
    key = None if numba.config.DISABLE_JIT else numba.typeof(tables)
    if key not in _NOTHING:
        _NOTHING[key] = hook(_nothing, tables, cached=True)
    return _NOTHING[key]
