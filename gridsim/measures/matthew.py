"""The Matthew effect 马太效应: does success grow where it is already high, and do grids drift apart?

Growth against level needs care: a grid has some 26 cases a year, so a grid that was lucky this year falls back the
next, and a plain regression would always show the opposite of a Matthew effect. Each grid's cases of the year before
are therefore split in two halves by the parity of the incident's number: one half gives the level, the other is the
instrument for it (the luck of the two is independent), so that the slope is free of that fall-back. Where the halves
hardly agree the instrument is weak and the slope may be anything: it is given only where the first stage is strong (F
of level on instrument at least 10; Staiger & Stock 1997).
"""

from __future__ import annotations

import numpy as np

from gridsim.measures.equity import gini
from gridsim.model.world import World
from gridsim.scenario.windows import Window

NAN = float("nan")
STRONG = 10.0  # least F of the first stage
KEYS = ("matthew_success", "matthew_participation", "participation_gini", "success_gini")


def matthew(world: World, c: dict[str, np.ndarray], window: Window) -> dict[str, float]:
    """Slopes of growth against level over comprehensive home grids, from the window before to this one; inequality.

    ``matthew_success``: growth of the share of cases resolved on time, per unit of its level a window before
    (instrumented, see the module; NaN where the instrument is weak). ``matthew_participation``: growth during this
    window of the share of residents who take part, per unit of its level at the beginning. Above 0: who has more gets
    more; −1: all differences are gone within the window.
    """
    first, last = window
    out = dict.fromkeys(KEYS, NAN)
    n = world.city.n_comprehensive
    now_total, now_good = _on_time(world, c, (first, last), np.ones(len(c["onset"]), bool), n)
    seen = now_total > 0
    if seen.any():
        out["success_gini"] = gini(now_good[seen] / now_total[seen], now_total[seen].astype(float))
    length = last - first
    if first - length >= world.days.day[0]:
        odd = c["ordinal"].astype(np.int64) % 2 == 1
        halves = [_on_time(world, c, (first - length, first), half, n) for half in (odd, ~odd)]
        able = seen & (halves[0][0] > 0) & (halves[1][0] > 0)
        level, instrument = (good[able] / total[able] for total, good in halves)
        growth = now_good[able] / now_total[able] - level
        out["matthew_success"] = slope(growth, level, instrument)
    a, b = world.censuses.get(first), world.censuses.get(last)
    if a is not None and b is not None:
        lived = (a.residents > 0) & (b.residents > 0)
        start, end = (x.taking_part[lived] / x.residents[lived] for x in (a, b))
        out["matthew_participation"] = slope(end - start, start, start)
        out["participation_gini"] = gini(end, b.residents[lived])
    return out


def slope(growth: np.ndarray, level: np.ndarray, instrument: np.ndarray) -> float:
    """Instrumental slope cov(growth, instrument) ÷ cov(level, instrument).

    NaN where there is nothing to tell: fewer than three grids, no differences, or a weak first stage. Of n grids with
    correlation r of level and instrument, F = (n − 2) r² ÷ (1 − r²), and it must be at least 10; so with n = 500, r² at
    least .02. Halves that differ the opposite way (r < 0) are no instrument for a level.
    """
    n = len(level)
    if n < 3:
        return NAN
    z, x = instrument - instrument.mean(), level - level.mean()
    both, vary = float(z @ x), float(z @ z) * float(x @ x)
    if both <= 0 or vary <= 1e-24 or (n - 2) * both**2 < STRONG * (vary - both**2):
        return NAN
    return float(z @ (growth - growth.mean())) / both


def _on_time(
    world: World, c: dict[str, np.ndarray], window: Window, among: np.ndarray, n: int
) -> tuple[np.ndarray, np.ndarray]:
    """Cases reported in a window by comprehensive home grid, and those of them resolved by their deadline."""
    with np.errstate(invalid="ignore"):
        rows = np.flatnonzero((c["reported"] >= window[0]) & (c["reported"] < window[1]) & among)
        good = c["resolved"][rows] <= c["deadline"][rows]
    home = world.city.place.host[c["place"][rows].astype(np.int64)]
    return np.bincount(home, minlength=n), np.bincount(home, good, n)
