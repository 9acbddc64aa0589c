"""The Matthew effect: the slope finds a known one in a simulated panel, where plain regression does not; and by hand."""

import numpy as np
import pytest
from conftest import single_queue

from gridsim.measures import measure_windows
from gridsim.measures.equity import gini
from gridsim.measures.matthew import matthew, slope
from gridsim.model.cases import measured_columns
from gridsim.model.world import World
from gridsim.studies.paired import paired

GRIDS, CASES = 500, 26  # of a district, and a grid's cases a year


def panel(rng: np.random.Generator, truth: float) -> tuple[float, float]:
    """Slopes with and without instrument: levels p, then p + truth · (p − mean), each seen through a year's cases."""
    p = np.clip(rng.normal(0.5, 0.12, GRIDS), 0.05, 0.95)
    later = np.clip(p + truth * (p - p.mean()), 0.0, 1.0)
    level, instrument = (rng.binomial(CASES // 2, p) / (CASES // 2) for _ in range(2))
    growth = rng.binomial(CASES, later) / CASES - level
    return slope(growth, level, instrument), slope(growth, level, level)


@pytest.mark.parametrize("truth", [0.3, 0.0, -0.5])
def test_the_instrument_removes_falling_back_by_chance(truth):
    """Each half year's share has a variance of some .018 about levels of variance .0144: the plain slope is far lower.

    Plain: cov(growth, level) = truth · V − N, over V + N, V the variance of levels and N that of a half's share.
    """
    rng = np.random.default_rng(7)
    slopes = np.array([panel(rng, truth) for _ in range(60)])
    mean, low, high, _ = paired(slopes[:, 0])
    assert low < truth < high and high - low < 0.1, (mean, low, high)
    v = 0.12**2
    n = (0.25 - v) / (CASES // 2)  # mean of p (1 − p) ÷ 13
    _, low, high, _ = paired(slopes[:, 1] - (truth * v - n) / (v + n))
    assert low - 0.03 < 0 < high + 0.03  # cut at .05 and .95, V is a little less
    assert slopes[:, 1].max() < truth - 0.2  # and never near the truth


def test_slope_by_hand():
    """Levels 0, 1, 2 with growth 1, 1, 4: cov 1.5 ÷ var 1 = 1.5; nothing to tell from equal levels, or two grids."""
    level = np.array([0.0, 1.0, 2.0])
    assert slope(np.array([1.0, 1.0, 4.0]), level, level) == pytest.approx(1.5)
    assert np.isnan(slope(level, np.ones(3), np.ones(3))) and np.isnan(slope(level[:2], level[:2], level[:2]))


def test_a_weak_instrument_gives_no_slope():
    """By hand: n = 42, r² = .2 is F = 40 · .2 ÷ .8 = 10, the least that is strong. And of noise nearly nothing is told."""
    x = np.repeat([1.0, -1.0], 21)
    across = np.tile([1.0, -1.0], 21)
    across -= x * (across @ x) / 42  # nothing in common with x
    across *= np.sqrt(42 / (across @ across))
    for r2, told in ((0.201, True), (0.199, False)):
        level = np.sqrt(r2) * x + np.sqrt(1 - r2) * across
        assert np.isnan(slope(0.5 * level, level, x)) != told
        assert np.isnan(slope(0.5 * level, level, -x))
    assert slope(0.5 * x, x, x) == pytest.approx(0.5)
    rng = np.random.default_rng(11)
    noise = [slope(*rng.normal(size=(3, GRIDS))) for _ in range(400)]
    assert np.mean(np.isfinite(noise)) < 0.01  # F ≥ 10 and r > 0 by luck: .0008


def test_growth_of_participation_by_hand():
    """Three grids of a hundred people, 10, 20 and 30 take part; at the window's end 12, 30 and 60: slope .1 (.30 − .02) ÷ .02.

    The end's Gini: pairs differ by .18, .48 and .30, so that it is 2 · .96 ÷ (2 · 9 · .34).
    """
    s = single_queue(
        1e-9, city__comprehensive_grids=3, city__persons_per_agent=100, staff__full_time=3, rules__participation=True,
        participation__initial=0.0, participation__spontaneous=0.0, time__days=56, time__window_days=56,
    )  # fmt: skip
    world = World(s.replace({"districts.d.population": 30_000}))
    assert world.tables.place.people.tolist() == [100, 100, 100]
    start, end = np.array([0.10, 0.20, 0.30]), np.array([0.12, 0.30, 0.60])
    world.run()
    first, last = world.censuses[0], world.censuses[56]
    world.censuses[0] = first._replace(taking_part=100 * start)
    world.censuses[56] = last._replace(taking_part=100 * end)
    m = matthew(world, measured_columns(world.cases), (0, 56))
    assert m["matthew_participation"] == pytest.approx(((0.30 - 0.02) * 0.1) / 0.02)
    assert m["participation_gini"] == pytest.approx(2 * 0.96 / (2 * 9 * 0.34)) == pytest.approx(gini(end, np.ones(3)))


def test_growth_of_success_by_hand():
    """Three grids, two windows of thirty days; of each grid's cases of the first, odd ones give the level, even ones the
    instrument. The sums are done here from the table of cases. One grid is given all the time and one none, so that the
    halves agree: grids that are alike but for luck would be a weak instrument."""
    s = single_queue(
        6.0, city__comprehensive_grids=3, staff__full_time=3, time__days=60, time__window_days=30,
        handling__service={"distribution": "lognormal", "median": 6.0, "sigma": 1.0}, categories__any__deadline_days=0.5,
    )  # fmt: skip
    world = World(s).run()
    c = world.cases
    home = world.city.place.host[c.place]
    c.deadline[home == 0], c.deadline[home == 2] = np.inf, -1.0
    good = c.resolved <= c.deadline

    def share(first: float, last: float, among: np.ndarray) -> np.ndarray:
        rows = (c.reported >= first) & (c.reported < last) & among
        return np.array([good[rows & (home == g)].mean() for g in range(3)])

    odd = c.ordinal % 2 == 1
    level, other = share(0, 30, odd), share(0, 30, ~odd)
    growth = share(30, 60, np.ones(len(c), bool)) - level
    dz = other - other.mean()
    expected = (dz * (growth - growth.mean())).sum() / (dz * (level - level.mean())).sum()
    z = level - level.mean()
    assert (dz @ z) ** 2 > 0.95 * (dz @ dz) * (z @ z)  # F above 19
    both = measure_windows(world)
    assert both[30, 60]["matthew_success"] == pytest.approx(expected)
    assert np.isnan(both[0, 30]["matthew_success"])  # there is no window before
