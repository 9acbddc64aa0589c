"""Shared helpers: degenerate cities whose behaviour is known, hand-placed incidents, intervals."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from gridsim.model.world import World
from gridsim.verification.check import LEVEL as LEVEL
from gridsim.verification.promises import differing as differing
from gridsim.verification.promises import packed as packed
from gridsim.verification.promises import staff_of as chained  # noqa: F401
from gridsim.verification.runs import deterministic as deterministic
from gridsim.verification.runs import exponential as exponential
from gridsim.verification.runs import first_durations as first_durations
from gridsim.verification.runs import gamma as gamma
from gridsim.verification.runs import lognormal as lognormal
from gridsim.verification.runs import replications as replications
from gridsim.verification.runs import single_queue as single_queue
from gridsim.verification.runs import waits as waits

# Processes that tests start import the package that is tested, not the folder ./gridsim, and so compile nothing anew.
os.environ["PYTHONSAFEPATH"] = "1"
# What makes the site, and runs its snippets. The wheel has none, so it is read where it stands.
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "gridsim" / "docs"))


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


LONG = ("invariants", "killed", "verify", "docs", "patterns", "cli", "app", "reference", "baselines", "not_rigged")


def pytest_collection_modifyitems(config: Any, items: list[Any]) -> None:
    """Of several processes none works on a long file alone at the end: those come first. One process goes as asked."""
    if not hasattr(config, "workerinput"):
        return
    place = {f"test_{name}": k for k, name in enumerate(LONG)}
    items.sort(key=lambda item: place.get(item.path.stem, len(LONG)))
