"""The design of a sensitivity analysis, drawn with SALib; it is kept in the plan and holds all that its analysis needs.

There is no other way to an analysis than through the design that drew the points: method, sample size, orders, levels,
groups and seed are never told twice.
"""

from __future__ import annotations

import base64
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.metadata import version
from typing import Any

import numpy as np

from gridsim.scenario.errors import ScenarioError
from gridsim.studies.point import DUMMY, SEED
from gridsim.studies.sensitivity.factors import LUCK, Factor

MORRIS, SOBOL, PAWN, DELTA, RBD, REGIONAL = "morris", "sobol", "pawn", "delta", "rbd-fast", "regional"
METHODS = (MORRIS, SOBOL, PAWN, DELTA, RBD, REGIONAL)
GROUPED = (MORRIS, SOBOL)  # for the others SALib averages over a group, which is no index of the group
LEAST = {MORRIS: 4, SOBOL: 8, PAWN: 40, DELTA: 40, RBD: 80, REGIONAL: 40}
POOL = 5  # random trajectories drawn for each one that is kept, at least POOL_LEAST
POOL_LEAST, LEVELS = 40, 4
MOST_CHOSEN = 50  # trajectories beyond which they are taken as they come: choosing takes hours and gains little


@dataclass(frozen=True)
class Spec:
    """A design.

    Attributes
    ----------
    method : str
    factors : tuple of Factor
        In the order of the columns.
    n : int
        Morris: trajectories; Sobol: base sample, a power of two; else points.
    seed : int
    second_order : bool
        Of Sobol.
    groups : tuple of str
        The group of each factor; empty for none.
    drawn : str
        Version of SALib.
    sample : str
        The unit cube's points, a row a point, as base64 of little-endian doubles.

    """

    method: str
    factors: tuple[Factor, ...]
    n: int
    seed: int
    second_order: bool = False
    groups: tuple[str, ...] = ()
    drawn: str = ""
    sample: str = ""

    @property
    def names(self) -> list[str]:
        """What indices are told of: factors, or groups in the order in which they first stand."""
        return list(dict.fromkeys(self.groups)) or [f.key for f in self.factors]

    @property
    def block(self) -> int:
        """Points that belong together: a trajectory, a base point and its crossings, one."""
        d = len(self.names)
        return {MORRIS: d + 1, SOBOL: 2 * d + 2 if self.second_order else d + 2}.get(self.method, 1)

    @property
    def levels(self) -> int:
        """Levels of Morris: even, and enough to reach every choice."""
        most = max((len(f.choices) for f in self.factors), default=0)
        return max(LEVELS, most + most % 2)

    @cached_property
    def x(self) -> np.ndarray:
        """Points of the unit cube, (points, factors)."""
        return np.frombuffer(base64.b64decode(self.sample), dtype="<f8").reshape(-1, len(self.factors)).copy()

    @property
    def columns(self) -> tuple[str, ...]:
        """The factors as a plan names them: the dummy is the key of all draws."""
        return tuple(SEED if f.kind == LUCK else f.key for f in self.factors)

    @cached_property
    def points(self) -> tuple[tuple[Any, ...], ...]:
        """Values at every point; a trajectory of Morris has luck of its own."""
        morris = self.method == MORRIS
        size = self.block if morris else len(self.x)
        return tuple(
            tuple(f.value(float(u), self.seed, k // size, morris) for f, u in zip(self.factors, row, strict=True))
            for k, row in enumerate(self.x)
        )

    def problem(self) -> Any:
        """The problem as SALib has it: every factor on the unit interval, no matter what it is mapped to."""
        from SALib import ProblemSpec

        told: dict[str, Any] = {"names": [f.key for f in self.factors], "outputs": ["Y"]}
        told["bounds"] = [[0.0, 1.0]] * len(self.factors)
        return ProblemSpec(told | ({"groups": list(self.groups)} if self.groups else {}))

    def first(self, n: int) -> Spec:
        """The design cut down to its first ``n``."""
        rows = self.x[: n * self.block]
        return replace(self, n=n, sample=_packed(rows))

    def to_dict(self) -> dict[str, Any]:
        """As plain data."""
        apart = {"factors": [f.to_dict() for f in self.factors], "groups": list(self.groups)}
        names = ("method", "n", "seed", "second_order", "drawn", "sample")
        return {k: getattr(self, k) for k in names} | apart

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Spec:
        """From :meth:`to_dict`."""
        factors = tuple(Factor.from_dict(f) for f in data["factors"])
        return cls(**{**data, "factors": factors, "groups": tuple(data["groups"])})


def drawn(
    method: str,
    factors: Sequence[Factor],
    n: int,
    seed: int,
    *,
    second_order: bool = False,
    groups: Sequence[str] = (),
    where: str = "design",
) -> Spec:
    """Draw a design.

    Morris (1991): trajectories on four levels (more where a choice has more values), the ``n`` furthest apart of five
    times as many (Ruano et al. 2012; beyond 50 as they come). Sobol: Saltelli's (2010) crossings of a scrambled Sobol'
    sequence, so that the first N of 2N are the N. Else a Latin hypercube.

    Raises
    ------
    ScenarioError

    """
    spec = Spec(method, tuple(factors), n, seed, second_order, tuple(groups), f"SALib {version('SALib')}")
    errors = _wrong(spec, where)
    if errors:
        raise ScenarioError(errors)
    problem = spec.problem()
    with quiet():
        if method == MORRIS:
            best = n if n <= MOST_CHOSEN else None
            pool = max(POOL * n, POOL_LEAST) if best else n
            problem.sample_morris(pool, num_levels=spec.levels, optimal_trajectories=best, seed=salib_seed(seed))
        elif method == SOBOL:
            problem.sample_sobol(n, calc_second_order=second_order, seed=salib_seed(seed))
        else:
            problem.sample_latin(n, seed=salib_seed(seed))
    return replace(spec, sample=_packed(problem.samples))


def _wrong(spec: Spec, where: str) -> list[str]:
    keys = [f.key for f in spec.factors]
    errors = [f"{where}: {k} stands twice" for k in dict.fromkeys(keys) if keys.count(k) > 1]
    errors += [f"{where}: {f.key}: has one value only" for f in spec.factors if f.count == 1]
    if spec.method not in METHODS:
        return [*errors, f"{where}.method: no method {spec.method!r}; allowed are {', '.join(METHODS)}"]
    if len(spec.names) < 2:
        errors.append(f"{where}: needs at least one factor beside the dummy")
    if spec.n < LEAST[spec.method]:
        errors.append(f"{where}.n: {spec.method} needs {LEAST[spec.method]} or more (got {spec.n})")
    if spec.method == SOBOL and spec.n & (spec.n - 1):
        errors.append(f"{where}.n: must be a power of two for sobol, such as {1 << spec.n.bit_length()} (got {spec.n})")
    if spec.second_order and spec.method != SOBOL:
        errors.append(f"{where}.second_order: is for sobol")
    if spec.groups:
        if spec.method not in GROUPED:
            errors.append(f"{where}.groups: are for {' and '.join(GROUPED)}")
        if len(spec.groups) != len(keys):
            errors.append(f"{where}.groups: {len(keys)} factors, but {len(spec.groups)} names of groups")
        elif [g for g, k in zip(spec.groups, keys, strict=True) if (g == DUMMY) != (k == DUMMY)]:
            errors.append(f"{where}.groups: the dummy is a group of its own, called {DUMMY}")
    return errors


def _packed(x: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(x, dtype="<f8").tobytes()).decode("ascii")


def salib_seed(seed: int) -> int:
    """The seed as SALib gets it: its analyses take 0 for no seed at all."""
    return seed + 1 if seed < 2**32 - 1 else 1


@contextmanager
def quiet() -> Iterator[None]:
    """SALib leaves the process as it was: some of its analyses set NumPy's random state and how warnings are shown."""
    state, shown = np.random.get_state(), warnings.formatwarning
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        np.random.set_state(state)
        warnings.formatwarning = shown
