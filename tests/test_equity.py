"""Equity and groups: against arithmetic by hand, and the same cases followed into two worlds."""

import numpy as np
import pandas as pd
import pytest
from conftest import deterministic, hand_placed, single_queue

from gridsim.measures import MEASURES, measure_windows
from gridsim.measures.equity import gini, outer_half, theil
from gridsim.measures.groups import Baseline, group_times
from gridsim.measures.run import open_at
from gridsim.model.cases import measured_columns
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.policies import BASELINE, Policy
from gridsim.scenario.scenario import load_scenario
from gridsim.studies.comparison import compare
from gridsim.studies.groups import extremes, judge_groups
from gridsim.studies.paired import paired

TWO_GRIDS = {
    "city__comprehensive_grids": 2,
    "city__cells_per_grid": 2,
    "staff__full_time": 2,
    "staff__periphery_penalty": 0.0,
}
TIMES = [0.25, 50.25, 0.25, 0.25]  # places 0 and 1 are of grid 0, places 2 and 3 of grid 1


def two_grids(hours: float, times: list[float] = TIMES, **changes) -> World:
    """One worker a grid; at grid 1 two incidents arise at once, so that the second waits for the first."""
    scenario = single_queue(
        1e-9, **TWO_GRIDS, handling__service=deterministic(hours), arrivals__headroom=1.0, **changes
    )
    world = World(scenario)
    world.tables.next_arrival[:] = times
    return world.run()


def test_inequality_between_grids_by_hand():
    m = measure_windows(two_grids(24.0))[0, 365]
    # days 1, 1 at grid 0 and 1, 2 at grid 1: means 1 and 1.5 around 1.25
    assert m["time_to_resolution"] == pytest.approx(1.25)
    assert m["theil"] == pytest.approx(0.5 * (0.8 * np.log(0.8) + 1.2 * np.log(1.2)))
    assert m["gini"] == pytest.approx(0.25 / (2 * 1.25))  # half of all pairs of members differ, by .5
    assert m["theil_by_chance"] == pytest.approx((2 - 1) / (2 * 4) * 0.25 / 1.25**2)  # variance of 1, 1, 1, 2 is .25
    assert m["theil_ratio"] == pytest.approx(m["theil"] / 0.02)


def test_theil_and_gini_of_known_cases():
    w = np.ones(4)
    assert theil(np.full(4, 3.0), w) == gini(np.full(4, 3.0), w) == 0
    one_has_all = np.array([0.0, 0.0, 0.0, 8.0])
    assert theil(one_has_all, w) == pytest.approx(np.log(4))
    assert gini(one_has_all, w) == pytest.approx(3 / 4)
    weighted, spelt_out = (np.array([1.0, 5.0]), np.array([3.0, 1.0])), (np.array([1.0, 1.0, 1.0, 5.0]), w)
    for measure in (theil, gini):
        assert measure(*weighted) == pytest.approx(measure(*spelt_out))
        assert measure(2 * weighted[0], weighted[1]) == pytest.approx(measure(*weighted))  # the unit does not matter
        assert np.isnan(measure(np.array([2.0]), np.ones(1))) and np.isnan(measure(np.zeros(3), np.ones(3)))


def test_the_part_of_chance_is_what_shuffled_cases_give():
    rng = np.random.default_rng(5)
    times, grid = rng.exponential(20, 2600), np.arange(2600) % 100
    cases = np.bincount(grid)
    shuffled = [theil(np.bincount(grid, rng.permutation(times)) / cases, cases.astype(float)) for _ in range(200)]
    expected = 99 / (2 * 2600) * (times.std(ddof=1) / times.mean()) ** 2
    assert np.mean(shuffled) == pytest.approx(expected, rel=0.05)


def test_gaps_by_hand():
    world = two_grids(24.0)
    k = world.cases
    # complexity splits the four cases into two and two
    days, hard = k.resolved - k.reported, k.complexity > np.median(k.complexity)
    m = measure_windows(world)[0, 365]
    assert m["easy_hard_gap"] == pytest.approx(days[hard].mean() - days[~hard].mean()) and hard.sum() == 2
    for key in ("site_home_gap", "resident_patrol_gap", "centre_edge_gap"):  # no sites, no patrol, one distance
        assert np.isnan(m[key]), key


def test_outer_half_is_the_half_further_out_in_each_district():
    city = City(load_scenario("neighbourhood"))
    outer = outer_half(city)
    homes = city.place.site < 0
    away = city.grid.periphery[city.place.host]
    assert away[outer].min() >= away[~outer].max() and 0.35 < outer[homes].mean() <= 0.5
    assert np.array_equal(outer[~homes], outer[2 * city.place.host[~homes]])  # a site lies where its host lies


def test_nothing_measured_is_not_zero():
    m = measure_windows(two_grids(24.0, [np.inf] * 4))[0, 365]
    for key in ("theil", "gini", "easy_hard_gap", "resolution_median", "backlog_age", "overload", "hops"):
        assert np.isnan(m[key]), key
    assert m["backlog"] == m["backlog_peak"] == m["backlog_end"] == 0


def test_backlog_peak_end_slope_and_age_by_hand():
    m = measure_windows(two_grids(24.0, [0.25, 363.75, 0.25, 0.25]))[0, 365]
    open_by_day = np.zeros(365)
    open_by_day[[0, 1, 363]] = 3, 1, 1  # three at the end of day 0, the waiting one at the end of day 1
    x = np.arange(365) - 182.0
    slope = (x @ open_by_day) / (x @ x)
    assert m["backlog_peak"] == 3 and m["backlog_end"] == 0 and m["backlog_slope"] == pytest.approx(slope)
    assert m["overload"] == pytest.approx(slope * 365 / (5 / 365))  # five case-days: 1, 1, 1 and 2
    late = measure_windows(two_grids(24.0, [364.25, 364.5, np.inf, np.inf]))[0, 365]
    assert late["backlog_end"] == 2 and late["backlog_age"] == pytest.approx((0.75 + 0.5) / 2)


def test_open_at_agrees_with_the_daily_record():
    """Reopened and paper-closed files included."""
    world = World(
        load_scenario("neighbourhood", time__warmup_days=60, time__days=200, closure__formal=0.4), seed=3
    ).run()
    columns, d = measured_columns(world.cases), world.days
    assert np.nansum(columns["reopened_at"] > 0) > 20
    for day in (0, 99, 250):
        assert len(open_at(columns, day + 1.0)) == d.open[d.day == day][0]


def test_same_cases_in_two_worlds_by_hand():
    slow, fast = two_grids(24.0), two_grids(12.0)
    base = Baseline(slow, measured_columns(slow.cases))
    own = base.groups(slow, measured_columns(slow.cases)).set_index(["family", "group"])
    assert own.loc["all", "all"][["cases", "paired", "sooner", "later", "same"]].tolist() == [4, 4, 0, 0, 1]
    other = base.groups(fast, measured_columns(fast.cases)).set_index(["family", "group"])
    assert other.loc["all", "all"].time == pytest.approx((0.5 + 0.5 + 0.5 + 1.0) / 4)
    assert other.loc["all", "all"].sooner == 1
    tolerant = slow.scenario.replace({"matters.days": 0.6})
    base.scenario = tolerant  # only the case that waited gains more than .6 d
    assert base.groups(fast, measured_columns(fast.cases)).iloc[0].sooner == pytest.approx(1 / 4)


def test_an_incident_that_arose_in_one_world_only_is_in_no_pair():
    both, fewer = two_grids(24.0), two_grids(24.0, [0.25, np.inf, 0.25, 0.25])
    base = Baseline(both, measured_columns(both.cases))
    row = base.groups(fewer, measured_columns(fewer.cases)).iloc[0]
    assert (row.cases, row.paired, row.same) == (3, 3, 1)
    base = Baseline(fewer, measured_columns(fewer.cases))
    row = base.groups(both, measured_columns(both.cases)).iloc[0]
    assert (row.cases, row.paired, row.same) == (4, 3, 1)


def test_groups_by_place_are_left_out_where_they_tell_nothing_apart():
    city = load_scenario("neighbourhood", time__warmup_days=0, time__days=30, time__follow_up_days=0)
    world = World(city).run()
    families = set(Baseline(world, measured_columns(world.cases)).families)
    assert families == {"all", "category", "channel", "complexity", "site", "position"}  # one district, all urban


def test_group_times_with_and_without_censoring_agree_on_what_both_know():
    until, codes = np.array([1.0, 3.0, 200.0, 5.0]), np.array([0, 0, 1, 1])
    done = np.array([True, True, False, True])
    assert group_times(until, done, codes, 3)[:2] == pytest.approx([2.0, (90 + 5) / 2])
    assert np.isnan(group_times(until, done, codes, 3)[2])
    early = np.array([True, True, False, True])
    censored = group_times(np.array([1.0, 3.0, 4.0, 5.0]), early, codes, 2)  # the third is lost from sight at 4
    assert censored == pytest.approx([2.0, 5.0])


def judged(shift: float, noise: float = 0.1, n: int = 8) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    rows = []
    for r in range(n):
        for group in ("easy", "hard"):
            row = {"window": "days 0-365", "family": "complexity", "group": group, "replicate": r, "cases": 10}
            row |= {"paired": 9, "sooner": 0.5, "later": 0.2, "same": 0.3}
            base, moved = 20 + rng.normal(), shift if group == "hard" else -shift
            rows += [
                row | {"policy": BASELINE, "time": base},
                row | {"policy": "p", "time": base + moved + noise * rng.normal()},
            ]
    return judge_groups(pd.DataFrame(rows), ["p"], load_scenario("neighbourhood"))


def test_who_gains_and_who_loses_needs_a_clear_difference():
    clear = judged(2.0)
    gain, lose = extremes(clear, "p", "days 0-365")
    assert gain.group.tolist() == ["easy"] and lose.group.tolist() == ["hard"]
    assert clear.sooner.tolist() == [0.5, 0.5]
    for table in (judged(0.1, 0.01), judged(0.2, 3.0)):  # too small to matter; lost in noise
        gain, lose = extremes(table, "p", "days 0-365")
        assert gain.empty and lose.empty


def test_groups_of_a_comparison_add_up():
    small = load_scenario("neighbourhood", time__warmup_days=60, time__days=90, time__follow_up_days=90)
    known = {"nothing": Policy(name="nothing"), "more": Policy(name="more", set={"linkage.rate": 0.95})}
    c = compare(small, "nothing,more", replications=3, known=known)
    g = c.groups[c.groups.policy == "more"]
    for family in ("category", "complexity", "site", "position"):
        assert g[g.family == family].cases.sum() == pytest.approx(g[g.family == "all"].cases.item())
    empty = g.baseline.isna()
    assert g[empty].group.tolist() == ["warning"] and g[empty].cases.item() == 0  # nobody watches public opinion here
    assert np.allclose((g.sooner + g.later + g.same)[~empty], 1)
    everyone = g[g.family == "all"].iloc[0]
    assert everyone.difference == pytest.approx(c.row("more", "time_to_resolution").difference)
    assert 0 < everyone.same < 1
    still = c.groups[c.groups.policy == "nothing"]
    seen = still.difference.notna()  # a rare group may be empty in a replication
    assert seen.sum() >= 15 and (still.difference[seen] == 0).all() and (still.same[seen] == 1).all()


def test_what_is_certain_takes_no_part_in_the_correction():
    n, rng = 10, np.random.default_rng(2)
    tested = [m.key for m in MEASURES if not m.primary and not m.certain]
    base = {m.key: 10.0 for m in MEASURES}
    noise = rng.normal(size=n)
    rows = []
    for r in range(n):
        rows.append({"policy": BASELINE, "replicate": r, "window": "w", **base})
        moved = {k: 10.0 + (0.5 + noise[r] if k == "latent" else 0.0) for k in tested}
        rows.append({"policy": "p", "replicate": r, "window": "w", **base, **moved, "running_cost": 11.0})
    from gridsim.studies.judge import judge

    t = judge(pd.DataFrame(rows), ["p"], load_scenario("neighbourhood")).set_index("measure")
    p = paired(0.5 + noise)[3]
    assert t.p_adjusted["latent"] == pytest.approx(min(1.0, p * len(tested)))
    assert t.verdict["running_cost"] == "higher"


def test_hand_placed_world_has_one_home_grid_and_no_inequality_to_measure():
    m = measure_windows(hand_placed([0.5, 1.5]).run())[0, 365]
    assert np.isnan(m["theil"]) and m["resolution_median"] > 0
