"""Shared helpers: degenerate cities whose behaviour is known, hand-placed incidents, intervals."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from gridsim.model.world import World
from gridsim.verification.check import LEVEL as LEVEL
from gridsim.verification.runs import deterministic as deterministic
from gridsim.verification.runs import exponential as exponential
from gridsim.verification.runs import first_durations as first_durations
from gridsim.verification.runs import gamma as gamma
from gridsim.verification.runs import lognormal as lognormal
from gridsim.verification.runs import replications as replications
from gridsim.verification.runs import single_queue as single_queue
from gridsim.verification.runs import waits as waits


def hand_placed(times: list[float], **changes: Any) -> World:
    """A world in which incidents arise at exactly these times (days, day 0 a Monday), a place each, and no others."""
    scenario = single_queue(1e-9, **{"city__cells_per_grid": len(times), "arrivals__headroom": 1.0} | changes)
    world = World(scenario)
    world.tables.next_arrival[:] = times
    return world


def clock(day: int, hour: float) -> float:
    """Time of an hour of a day."""
    return day + hour / 24


def assert_mean(samples: ArrayLike, theory: float, resolution: float, what: str = "") -> None:
    """The mean of independent values agrees with theory, and the interval is narrow enough to have caught an error."""
    x = np.asarray(samples, float)
    half = stats.t.ppf((1 + LEVEL) / 2, len(x) - 1) * x.std(ddof=1) / np.sqrt(len(x))
    assert half <= resolution * abs(theory), f"{what}: interval ±{half:.4g} is too wide to test {theory:.4g}"
    assert abs(x.mean() - theory) <= half, f"{what}: mean {x.mean():.5g} ± {half:.2g}, theory {theory:.5g}"


def assert_share(successes: int, trials: int, theory: float, what: str = "") -> None:
    """A count agrees with a binomial share."""
    p = stats.binomtest(int(successes), int(trials), theory).pvalue
    assert p > 1 - LEVEL, f"{what}: {successes} of {trials} = {successes / trials:.4f}, theory {theory:.4f} (p {p:.1e})"


def packed(table: np.ndarray) -> bytes:
    """A table as bytes, field by field: without the padding of its rows, which numpy leaves to chance in copies."""
    if table.dtype.names is None:
        return np.ascontiguousarray(table).tobytes()
    return b"".join(np.ascontiguousarray(table[name]).tobytes() for name in table.dtype.names)


def used_tables(world: World) -> dict[str, bytes]:
    """Every table's rows in use, as bytes."""
    rows = world._rows()
    tables = {k: v for k, v in world.tables._asdict().items() if k != "pool"}  # which is scratch paper
    return {name: packed(table[: rows.get(name, len(table))]) for name, table in tables.items()}


def chained(tables: Any, grid: int) -> list[int]:
    """Rows of the workers of a grid, in the order of its chain."""
    out, here = [], int(tables.grid.first_worker[grid])
    while here >= 0:
        out.append(here)
        assert len(out) <= len(tables.worker)
        here = int(tables.worker.next[here])
    return out


def differing(a: World, b: World) -> list[str]:
    """Names of the tables in which two worlds differ."""
    x, y = used_tables(a), used_tables(b)
    return [name for name in x if x[name] != y[name]]
