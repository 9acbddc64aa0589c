"""Who waits longer and who less: restricted mean times by group, and the same cases followed into two worlds.

What group a case is in is settled by the first world (the baseline): its place, category and complexity are the same in
every world, its channel and the limits of the complexity thirds are those of the baseline.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridsim.measures.equity import outer_half
from gridsim.measures.registry import RESTRICTED_TO
from gridsim.measures.run import Columns, cohort
from gridsim.measures.survival import censored_before, restricted_mean
from gridsim.model.cases import BY_PATROL, BY_RESIDENT, BY_VIDEO, BY_WARNING
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.windows import Window, window_name, windows

NOBODY = -1  # in no group of a family
THIRDS = ("easy", "middle", "hard")
CHANNELS = {"patrol": BY_PATROL, "resident": BY_RESIDENT, "video": BY_VIDEO, "warning": BY_WARNING}
KEPT = ("place", "ordinal", "reported", "resolved", "channel")  # of the baseline's cases
COLUMNS = ["window", "family", "group", "cases", "time", "paired", "sooner", "later", "same"]


class Baseline:
    """The baseline run of a replication, to which the other worlds are held.

    Attributes
    ----------
    families : dict of str to list of str
        Groups by family; ``all`` holds every case. Families that tell nothing apart in this city are left out.

    """

    def __init__(self, world: World, columns: Columns) -> None:
        self.scenario, self.city = world.scenario, world.city
        self._columns = {name: columns[name].copy() for name in KEPT}
        self._thirds = {}
        for w in windows(world.scenario):
            complexity = columns["complexity"][cohort(columns, w)]
            self._thirds[w] = np.quantile(complexity, [1 / 3, 2 / 3]) if len(complexity) else np.zeros(2)
        self._by_place = _families_of_places(self.city)
        self.families = {
            "all": ["all"],
            "category": list(self.scenario.categories),
            "channel": list(CHANNELS),
            "complexity": list(THIRDS),
        } | {name: groups for name, (groups, _) in self._by_place.items()}

    def groups(self, world: World, columns: Columns) -> pd.DataFrame:
        """One row per window, family and group: cases and their restricted mean time in a world, and pairs.

        ``paired`` counts the cases known in both worlds; ``sooner``, ``later`` and ``same`` are shares of them by the
        day of true resolution, where a difference of up to ``matters.days`` is the same, as is unresolved in both.
        """
        here = self._match(columns)
        rows = []
        for w in windows(self.scenario):
            rows += self._window(world, columns, here, w)
        return pd.DataFrame(rows, columns=COLUMNS)

    def _match(self, c: Columns) -> np.ndarray:
        """The baseline's row of each case of a world; −1 where the incident did not arise there."""
        b = self._columns
        if len(c["place"]) == len(b["place"]) and all(np.array_equal(c[n], b[n]) for n in ("place", "ordinal")):
            return np.arange(len(c["place"]))
        theirs, ours = same_incidents(b, c)
        out = np.full(len(c["place"]), NOBODY)
        out[ours] = theirs
        return out

    def _window(self, world: World, c: Columns, here: np.ndarray, window: Window) -> list[tuple[object, ...]]:
        mine = cohort(c, window)
        end = float(world.horizon)
        done = ~np.isnan(c["resolved"][mine])
        until = np.where(done, c["resolved"][mine], end) - c["reported"][mine]
        times, counts = {}, {}
        for family, codes in self._codes(c, here, mine, window).items():
            n = len(self.families[family])
            counts[family] = np.bincount(codes[codes >= 0], minlength=n)
            times[family] = group_times(until, done, codes, n)
        pairs = mine[here[mine] >= 0]
        theirs = here[pairs]
        both = ~np.isnan(self._columns["reported"][theirs])
        pairs, theirs = pairs[both], theirs[both]
        moved = _moved(self._columns["resolved"][theirs], c["resolved"][pairs], self.scenario.matters.days)
        out: list[tuple[object, ...]] = []
        for family, codes in self._codes(c, here, pairs, window).items():
            n = len(self.families[family])
            known = np.bincount(codes[codes >= 0], minlength=n)
            shares = [np.bincount(codes[(codes >= 0) & (moved == m)], minlength=n) for m in (-1, 1, 0)]
            with np.errstate(invalid="ignore"):
                sooner, later, same = (x / known for x in shares)
            name = window_name(window)
            for g, group in enumerate(self.families[family]):
                out.append(
                    (name, family, group, counts[family][g], times[family][g], known[g], sooner[g], later[g], same[g])
                )
        return out

    def _codes(self, c: Columns, here: np.ndarray, rows: np.ndarray, window: Window) -> dict[str, np.ndarray]:
        """Group of each of these rows, by family."""
        place = c["place"][rows].astype(np.int64)
        theirs = here[rows]
        channel = np.where(theirs >= 0, self._columns["channel"][theirs], NOBODY)
        out = {
            "all": np.zeros(len(rows), np.int64),
            "category": c["category"][rows].astype(np.int64),
            "channel": np.select([channel == v for v in CHANNELS.values()], range(len(CHANNELS)), NOBODY),
            "complexity": np.searchsorted(self._thirds[window], c["complexity"][rows]),
        }
        return out | {name: codes[place] for name, (_, codes) in self._by_place.items()}


def same_incidents(a: Any, b: Any) -> tuple[np.ndarray, np.ndarray]:
    """Rows of two worlds' cases that are the same incident: those of equal place and ordinal, in both.

    Their numbers differ where a policy lets other incidents arise before them (grievance, safety cases nearby).
    """
    one, other = (x["place"].astype(np.int64) * 2**32 + x["ordinal"].astype(np.int64) for x in (a, b))
    _, first, second = np.intersect1d(one, other, assume_unique=True, return_indices=True)
    return first, second


def _families_of_places(city: City) -> dict[str, tuple[list[str], np.ndarray]]:
    """Groups, and the group of each place, by family; only families with more than one group in this city."""
    place = city.place
    families = {
        "district": (list(city.district_names), place.district.astype(np.int64)),
        "site": (["home", "site"], (place.site >= 0).astype(np.int64)),
        "area": (["rural", "urban"], place.urban.astype(np.int64)),
        "position": (["centre", "edge"], outer_half(city).astype(np.int64)),
    }
    return {name: (groups, codes) for name, (groups, codes) in families.items() if len(np.unique(codes)) > 1}


def _moved(before: np.ndarray, after: np.ndarray, least: float) -> np.ndarray:
    """−1 sooner, 1 later, 0 the same, by the day of resolution; unresolved is later than any day."""
    a, b = (np.where(np.isnan(x), np.inf, x) for x in (before, after))
    with np.errstate(invalid="ignore"):
        return np.where(b - a > least, 1, np.where(a - b > least, -1, 0))


def group_times(until: np.ndarray, done: np.ndarray, codes: np.ndarray, n: int) -> np.ndarray:
    """Restricted mean time of each group; NaN of an empty one."""
    if censored_before(until, done, RESTRICTED_TO):
        return np.array([restricted_mean(until[codes == g], done[codes == g], RESTRICTED_TO) for g in range(n)])
    seen = codes >= 0
    cut = np.minimum(until[seen], RESTRICTED_TO)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.bincount(codes[seen], cut, n) / np.bincount(codes[seen], minlength=n))
