"""Two interventions that come with the model: a storm, and gridworkers sent where the work is.

Their numbers are examples, not evidence: an intervention is a question of the researcher's. ``changes`` tells what one
is and what it may do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gridsim.model.gridworkers import FULL_TIME
from gridsim.scenario.scenario import ScenarioError

if TYPE_CHECKING:
    from gridsim.model.world import World

FOR_EVER = 10**6  # days


class Storm:
    """暴雨: incidents arise ``factor`` times as often in some districts, for some days.

    Parameters
    ----------
    districts : list of str
    factor : float
        At most ``arrivals.headroom``, other causes included.
    first, days : int
        First day, and how many.
    categories : list of str, optional
        Only these; all by default.

    Examples
    --------
    No incident of a calm year is missing in a stormy one, where none breeds another:

    >>> from gridsim import Storm, World, load_scenario
    >>> scenario = load_scenario("neighbourhood", time__warmup_days=0, time__days=60)
    >>> scenario = scenario.replace({"rules.grievance": False, "rules.security": False})
    >>> storm = Storm(list(scenario.districts)[:1], factor=3.0, first=30, days=14)
    >>> calm, wet = World(scenario, seed=1).run(), World(scenario, seed=1).with_interventions([storm]).run()
    >>> keys = [set(zip(w.cases.place.tolist(), w.cases.ordinal.tolist())) for w in (calm, wet)]
    >>> keys[0] < keys[1]
    True

    """

    def __init__(
        self,
        districts: Sequence[str],
        factor: float = 3.0,
        first: int = 30,
        days: int = 14,
        categories: Sequence[str] | None = None,
    ) -> None:
        self.districts, self.factor, self.categories = districts, factor, categories
        self.first, self.length = first, days
        self.days = (first, first + days)
        self.blowing = False

    def __repr__(self) -> str:
        return (
            f"Storm(districts={self.districts!r}, factor={self.factor!r}, first={self.first!r}, days={self.length!r}, "
            f"categories={self.categories!r})"
        )

    def check(self, world: World) -> None:
        """Refuse what this city cannot have: unknown names, a factor beyond the headroom."""
        if not isinstance(self.length, int) or self.length < 1:
            raise ScenarioError([f"days: must be a whole number, 1 or more (got {self.length!r})"])
        if self.factor <= 0.0:
            raise ScenarioError([f"factor: must be above 0 (got {self.factor!r})"])
        before = world.tables.rate_factor.copy()
        try:
            world.multiply_rate(self.factor, self.districts, self.categories)
        finally:
            world.tables.rate_factor[:] = before

    def __call__(self, world: World, day: int) -> None:
        """Begin or end."""
        if day == self.first:
            world.multiply_rate(self.factor, self.districts, self.categories)
            self.blowing = True
        elif self.blowing:
            world.multiply_rate(1.0 / self.factor, self.districts, self.categories)
            self.blowing = False


class Redeployment:
    """调剂: full-time gridworkers go from the grids of a district with least work to those with most, every so often.

    Work is live cases per full-time equivalent of a comprehensive grid. One after another, up to ``share`` of those at
    work in the district: from the grid with least work that keeps somebody at work and has a full-timer without a case
    in hand (the lowest row of these goes), to the grid with most; it ends where the giver would have as much work as
    the receiver has. Ties go to the lower grid. Nobody moves twice on one day.

    Parameters
    ----------
    every : int
        Days between, 91 for each quarter.
    share : float
        Of a district's full-timers at work, at most, from 0 to 1.
    first : int
        First day.

    Examples
    --------
    >>> from gridsim import Redeployment, World, load_scenario
    >>> world = World(load_scenario("neighbourhood"), seed=1)
    >>> world.with_interventions([Redeployment(every=91, share=0.2)]).run().day == world.horizon
    True

    """

    def __init__(self, every: int = 91, share: float = 0.1, first: int = 0) -> None:
        self.every, self.share, self.first = every, share, first
        self.days = range(first, FOR_EVER, every) if isinstance(every, int) and every > 0 else ()

    def __repr__(self) -> str:
        return f"Redeployment(every={self.every!r}, share={self.share!r}, first={self.first!r})"

    def check(self, world: World) -> None:
        """Refuse numbers that mean nothing."""
        errors = []
        if not isinstance(self.every, int) or self.every < 1:
            errors.append(f"every: must be a whole number of days, 1 or more (got {self.every!r})")
        if not 0.0 <= self.share <= 1.0:
            errors.append(f"share: must be a number from 0 to 1 (got {self.share!r})")
        if errors:
            raise ScenarioError(errors)

    def __call__(self, world: World, day: int) -> None:
        """Move people in every district."""
        t = world.tables
        moves = [m for d in range(len(world.scenario.districts)) for m in self._moves(t, d)]
        if moves:
            world.move_workers(*np.array(moves).T)

    def _moves(self, t: Any, district: int) -> list[tuple[int, int]]:
        """Worker and new grid of each move in a district."""
        grids = np.flatnonzero((t.grid.district == district) & (t.grid.dedicated == 0))
        w = t.worker
        at_work = np.flatnonzero((w.role == FULL_TIME) & (w.fte > 0) & np.isin(w.grid, grids))
        free: dict[int, list[int]] = {int(g): [] for g in grids}
        for row in at_work[w.case[at_work] < 0]:
            free[int(w.grid[row])].append(int(row))
        fte, live = t.grid.fte[grids].copy(), t.grid.load[grids].astype(float)
        spare = np.array([len(free[int(g)]) for g in grids])
        moves: list[tuple[int, int]] = []
        for _ in range(int(self.share * len(at_work))):
            work = _per_hand(live, fte)
            to = int(np.argmax(work))
            giving = (spare > 0) & (fte > 1.0)
            giving[to] = False
            least = int(np.argmin(np.where(giving, work, np.inf)))
            if not giving[least] or live[least] / (fte[least] - 1.0) >= work[to]:
                break
            moves.append((free[int(grids[least])].pop(0), int(grids[to])))
            spare[least] -= 1
            fte[least] -= 1.0
            fte[to] += 1.0
        return moves


def _per_hand(live: np.ndarray, fte: np.ndarray) -> np.ndarray:
    """Live cases per full-time equivalent; infinite where nobody serves them, 0 where there are none."""
    return np.divide(live, fte, out=np.where(live > 0, np.inf, 0.0), where=fte > 0)
