"""The synthetic city: counts of the paper and the census, tiers, staffing, sites, teams, and consolidation."""

from __future__ import annotations

import tomllib
from collections import Counter

import networkx as nx
import numpy as np
import pytest
from conftest import LEVEL, chained
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gridsim.model.city import City
from gridsim.model.gridworkers import CHIEF, FULL_TIME, PART_TIME
from gridsim.model.staffing import kept_grids, shared_out
from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario, builtin_folder, load_scenario

UNDERSTAFFED = ("sartu", "ranghulu", "honggang", "high_tech")


@pytest.fixture(scope="module")
def daqing() -> Scenario:
    return load_scenario("daqing-2021", city__persons_per_agent=20)


@pytest.fixture(scope="module")
def city(daqing: Scenario) -> City:
    return City(daqing)


@pytest.fixture(scope="module")
def whole() -> City:
    """Every resident an agent."""
    return City(load_scenario("daqing-2021"))


# --- counts -----------------------------------------------------------------------------------------------------------


def test_population_of_the_census(whole: City) -> None:
    s, g, p = whole.scenario, whole.grid, whole.place
    assert s.population == 2_781_562 == whole.n_residents == len(whole.resident) == len(whole.propensity)
    assert int(g.population.sum()) == int(p.population.sum()) == 2_781_562
    for d, row in enumerate(s.districts.values()):
        assert int(g.population[g.district == d].sum()) == row.population == int(p.population[p.district == d].sum())
    homes = p[p.site < 0]
    assert np.array_equal(np.bincount(homes.grid, homes.population).astype(int), g.population[g.dedicated == 0])
    assert np.all(p.population[p.site >= 0] == 0) and np.all(homes.population > 0)
    assert np.array_equal(np.bincount(whole.resident.place, minlength=len(homes)), homes.population)


def test_persons_per_agent_thins_residents_and_nothing_else(city: City, whole: City) -> None:
    assert city.n_residents == 2_781_562 // 20
    homes = city.place[city.place.site < 0]
    assert np.all(np.abs(homes.residents - homes.population / 20) < 1)
    for name in ("grid", "community", "worker"):
        assert getattr(city, name).tobytes() == getattr(whole, name).tobytes()
    for name in ("rate", "population", "grid", "district", "edge_share"):
        assert np.array_equal(city.place[name], whole.place[name])


def test_grids_and_workers_of_the_paper(city: City) -> None:
    g, w = city.grid, city.worker
    assert (int(np.sum(g.dedicated == 0)), int(np.sum(g.dedicated == 1))) == (4_740, 1_585)
    assert (int(np.sum(w.role == FULL_TIME)), int(np.sum(w.role == PART_TIME))) == (4_807, 3_671)
    assert int(np.sum(w.role >= CHIEF)) == 1_585  # one a site
    assert np.array_equal(g.dedicated[w.grid] == 1, w.role >= CHIEF)
    t = World(city.scenario.replace({"rules.stalled_stock": False}), city).tables
    for row in (0, 17, 4_739, 4_740, len(g) - 1):  # workers of a grid are chained, lower numbers first
        assert chained(t, row) == np.flatnonzero(t.worker.grid == row).tolist()
    assert sum(len(chained(t, row)) for row in range(len(g))) == len(w)


def test_grids_go_by_population(city: City) -> None:
    """Districts have grids and sites in proportion to residents, rounded by largest remainders."""
    people = np.array([d.population for d in city.scenario.districts.values()], float)
    for kind, total in ((0, 4_740), (1, 1_585)):
        number = np.bincount(city.grid.district[city.grid.dedicated == kind], minlength=len(people))
        assert np.all(np.abs(number - total * people / people.sum()) < 1.5)


def test_grid_sizes_vary_as_stated(city: City) -> None:
    """Lognormal weights with a coefficient of variation of .5, within each district."""
    g = city.grid[city.grid.dedicated == 0]
    mean = np.bincount(g.district, g.population) / np.bincount(g.district)
    x = np.log(g.population / mean[g.district])
    assert x.std() == pytest.approx(np.sqrt(np.log(1.25)), rel=0.05)
    assert stats.kstest((x - x.mean()) / x.std(), "norm").pvalue > 1 - LEVEL


# --- tiers ------------------------------------------------------------------------------------------------------------


def test_communities_are_runs_of_grids(city: City) -> None:
    g, c, s = city.grid, city.community, city.scenario
    comprehensive = g.community[: city.n_comprehensive]
    at = 0
    for k, row in enumerate(c):
        assert row.first_grid == at and 1 <= row.grids <= s.city.grids_per_community
        members = np.arange(at, at + row.grids)
        assert np.all(comprehensive[members] == k) and np.all(g.district[members] == row.district)
        at += int(row.grids)
    assert at == 4_740
    streets = Counter(c.street.tolist())
    assert set(streets) == set(range(city.n_streets)) and max(streets.values()) <= s.city.communities_per_street
    assert all(len(set(c.district[c.street == k].tolist())) == 1 for k in range(city.n_streets))
    site = g[g.dedicated == 1]
    assert np.array_equal(site.community, g.community[site.host])
    assert np.array_equal(site.district, g.district[site.host]) and np.all(g.dedicated[site.host] == 0)


def test_tree_has_five_tiers(city: City) -> None:
    tree = city.tree
    assert nx.is_arborescence(tree)
    tier = nx.get_node_attributes(tree, "tier")
    assert Counter(tier.values()) == {
        "city": 1,
        "district": 10,
        "street": city.n_streets,
        "community": len(city.community),
        "grid": 4_740 + 1_585,
    }
    depth = nx.single_source_shortest_path_length(tree, "city")
    assert {tier[n]: d for n, d in depth.items()} == {"city": 0, "district": 1, "street": 2, "community": 3, "grid": 4}
    assert all(tier[n] == "grid" for n in tree if tree.out_degree(n) == 0)
    for name, row in (("grid-0", 0), ("grid-6000", 6_000)):
        path = nx.shortest_path(tree, "city", name)
        assert path[1] == city.district_names[city.grid.district[row]]
        assert path[3] == f"community-{city.grid.community[row]}" and tree.nodes[name]["row"] == row


def test_neighbours_share_a_district_and_touch(city: City) -> None:
    graph, g = city.neighbours, city.grid
    assert set(graph) == set(range(len(g)))
    for a, b in graph.edges:
        assert g.district[a] == g.district[b]
        if not g.dedicated[a] and not g.dedicated[b]:
            assert abs(g.x[a] - g.x[b]) + abs(g.y[a] - g.y[b]) == 1
        else:
            site, host = (a, b) if g.dedicated[a] else (b, a)
            assert g.host[site] == host and graph.degree(site) == 1
    seen = Counter(zip(g.x[:4_740].tolist(), g.y[:4_740].tolist(), strict=True))
    assert max(seen.values()) == 1  # no two grids on one spot
    for d in range(10):
        assert nx.is_connected(graph.subgraph(np.flatnonzero(g.district == d).tolist()))


# --- staff ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gap", [0.0, 0.2, 0.4])
def test_understaffed_units_lack_the_stated_share(daqing: Scenario, gap: float) -> None:
    s = daqing.replace({"staff.understaffed_gap": gap})
    assert tuple(d for d, row in s.districts.items() if row.understaffed) == UNDERSTAFFED
    city = City(s)
    g, w = city.grid, city.worker
    grids = np.bincount(g.district[g.dedicated == 0])
    full = np.bincount(g.district[w.grid[w.role == FULL_TIME]])
    lacking = np.array([row.understaffed for row in s.districts.values()])
    others = full[~lacking].sum() / grids[~lacking].sum()
    assert full.sum() == 4_807
    assert np.all(np.abs(full[~lacking] - others * grids[~lacking]) < 1.5)
    assert np.all(np.abs(full[lacking] - (1 - gap) * others * grids[lacking]) < 1.5)  # whole persons
    part = np.bincount(g.district[w.grid[w.role == PART_TIME]])
    assert np.all(np.abs(part - 3_671 * grids / 4_740) < 1)  # part-timers are spread evenly


def test_staff_goes_round_by_round(city: City) -> None:
    """No grid of a district has two full-timers more than another."""
    g, w = city.grid, city.worker
    full = np.bincount(w.grid[w.role == FULL_TIME], minlength=4_740)[:4_740]
    for d in range(10):
        mine = full[g.district[:4_740] == d]
        assert mine.max() - mine.min() <= 1


def test_nominal_workers_work_zero_hours(city: City, daqing: Scenario) -> None:
    daqing = daqing.replace({"rules.careers": False})  # no post is vacant
    w = World(daqing, city).tables.worker
    named = w.role < CHIEF
    n, nominal = int(named.sum()), int(np.sum(w.nominal[named]))
    assert stats.binomtest(nominal, n, daqing.staff.nominal_share).pvalue > 1 - LEVEL
    assert np.all(w.fte[w.nominal == 1] == 0) and not np.any(w.nominal[~named])
    expected = np.array([1.0, daqing.staff.part_time_fte, daqing.dedicated.staff_fte])
    assert np.array_equal(w.fte[w.nominal == 0], expected[w.role[w.nominal == 0]])
    fewer = World(daqing.replace({"staff.nominal_share": 0.05}), city).tables.worker
    assert np.all(fewer.nominal <= w.nominal)  # a lower share frees some and makes nobody else nominal


# --- incidents --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["daqing-2021", "neighbourhood"])
def test_incident_rate_is_the_stated_one(name: str) -> None:
    s = load_scenario(name, city__persons_per_agent=100).replace(
        {"dedicated.incident_share": 0.1, "arrivals.per_100_residents": 12.0}
    )
    p = City(s).place
    total = s.population * 12.0 / 100 / 365
    assert float(p.rate.sum()) == pytest.approx(total, rel=1e-12)
    assert float(p.rate[p.site >= 0].sum()) == pytest.approx(0.1 * total, rel=1e-12)
    assert float(p.ground.sum()) == pytest.approx(1.0) and np.all(p.rate > 0)


def test_incidents_do_arise_at_that_rate() -> None:
    """The stated rate is that of the place; grievance and safety cases nearby raise it (R15, R19), so they are off."""
    alone = {"rules__grievance": False, "rules__security": False, "rules__stalled_stock": False}
    s = load_scenario("neighbourhood", arrivals__per_100_residents=300.0, **alone)
    world = World(s, seed=3).advance(-265)
    c = world.cases
    expected = s.population * 3.0 / 365 * 100
    assert abs(len(c) - expected) < stats.norm.ppf((1 + LEVEL) / 2) * np.sqrt(expected)
    assert stats.binomtest(int(np.sum(world.city.place.site[c.place] >= 0)), len(c), 0.1).pvalue > 1 - LEVEL
    counts = np.bincount(c.place, minlength=len(world.city.place))
    rate = world.city.place.rate * 100
    assert stats.chi2.sf(np.sum((counts - rate) ** 2 / rate), len(rate)) > 1 - LEVEL  # each place its own
    assert stats.kstest((c.onset + 365) / 100, "uniform").pvalue > 1 - LEVEL
    shares = np.array([x.share for x in s.categories.values()])
    assert stats.chisquare(np.bincount(c.category), len(c) * shares / shares.sum()).pvalue > 1 - LEVEL


def test_place_effects_spread_incidents_and_keep_the_total() -> None:
    s = load_scenario("neighbourhood")
    p = City(s).place
    even = City(s.replace({"city.place_effect_sd": 0.0})).place
    homes = even.site < 0
    assert even.rate[homes] == pytest.approx(0.9 * s.population * 12 / 36_500 * even.population[homes] / s.population)
    effect = np.log(p.rate[homes] / even.rate[homes])
    assert effect.std(ddof=1) == pytest.approx(0.5, rel=0.25)  # 120 places: sd of an sd is 6.5 %


def test_site_sizes_are_pareto(city: City) -> None:
    x = city.grid.extent[city.grid.dedicated == 1]
    assert stats.kstest(x, stats.pareto(2.0).cdf).pvalue > 1 - LEVEL
    sites = city.place[city.place.site >= 0]
    assert sites.ground == pytest.approx(0.1 * x / x.sum())
    assert np.all((sites.edge_share > 0) & (sites.edge_share < 1)) and not np.any(city.place.edge_share[: 2 * 4_740])
    order = np.argsort(sites.extent)
    assert np.all(np.diff(sites.edge_share[order]) <= 0)  # small sites have more edge
    perimeter = sites.extent**-0.5
    assert -np.log1p(-sites.edge_share) / perimeter * perimeter.mean() == pytest.approx(0.5)


def test_people_of_a_site_live_in_its_community() -> None:
    city = City(load_scenario("neighbourhood"))
    p, g = city.place, city.grid
    for row in p[p.site >= 0]:
        mine = np.arange(row.first_resident, row.first_resident + row.residents)
        homes = city.resident.place[mine]
        assert np.all(g.community[p.grid[homes]] == row.community)
        assert len(mine) == int(p.population[(p.community == row.community) & (p.site < 0)].sum())


REPORTED = (0.22, 0.16, 0.16, 0.14, 0.12, 0.12, 0.05, 0.03)  # the reported mix, from the hotlines
PATROL_HAZARD, REPORT_HAZARD, LAPSE_DAYS = 0.0179, 0.0083, 22.4  # of the fit with which the mix was inverted


@pytest.mark.parametrize("name", ["daqing-2021", "neighbourhood"])
def test_category_shares_are_reported_shares_over_detection(name: str) -> None:
    rows = list(load_scenario(name).categories.values())
    assert sum(REPORTED) == pytest.approx(1.0)
    found = np.array([PATROL_HAZARD * c.visibility + REPORT_HAZARD * c.reporting for c in rows])
    lost = np.array([c.lapse / LAPSE_DAYS for c in rows])
    arisen = np.array(REPORTED) * (found + lost) / found
    assert [c.share for c in rows] == pytest.approx((arisen / arisen.sum()).tolist(), abs=0.0005)
    assert sum(c.share for c in rows) == pytest.approx(1.0, abs=0.0005)


def test_visibility_and_reporting_have_mean_one() -> None:
    """The column's promise: mean 1 over incidents."""
    rows = list(load_scenario("daqing-2021").categories.values())
    for column in ("visibility", "reporting"):
        assert sum(c.share * getattr(c, column) for c in rows) == pytest.approx(1.0, abs=0.02)


# --- teams and consolidation ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("persons", [20, 1_000])
def test_teams_are_those_of_the_file(persons: int) -> None:
    with (builtin_folder() / "daqing-2021.toml").open("rb") as file:
        stated = tomllib.load(file)["teams"]
    world = World(load_scenario("daqing-2021", city__persons_per_agent=persons, rules__stalled_stock=False))
    assert len(stated) == 11 and len(world.tables.department) == 88
    for name, row in zip(world.department_names, world.tables.department, strict=True):
        district, field = name.split(".")
        assert row.teams == stated[district][field]
        assert (
            (
                [
                    "sartu",
                    "ranghulu",
                    "longfeng",
                    "honggang",
                    "datong",
                    "zhaozhou",
                    "zhaoyuan",
                    "lindian",
                    "dorbod",
                    "high_tech",
                    "city",
                ][row.district]
            )
            == district
        )


@pytest.mark.parametrize(("share", "kept"), [(0.0549, 87), (0.0, 0), (1.0, 1_585), (0.5, 793)])
def test_consolidation_keeps_the_largest_sites(city: City, daqing: Scenario, share: float, kept: int) -> None:
    s = daqing.replace({"dedicated.kept_share": share, "rules.stalled_stock": False})
    assert kept_grids(s, 1_585) == kept
    t = World(s, city).tables
    site = np.flatnonzero(t.grid.dedicated == 1)
    stay = t.grid.active[site] == 1
    assert int(stay.sum()) == kept and np.all(t.grid.active[t.grid.dedicated == 0] == 1)
    extent = city.grid.extent[site]
    if 0 < kept < 1_585:
        assert extent[stay].min() >= extent[~stay].max()
    places = t.place[t.place.site >= 0]
    assert np.array_equal(places.grid, np.where(stay, site, city.grid.host[site]))
    assert np.array_equal(t.place.grid[t.place.site < 0], city.place.grid[city.place.site < 0])
    firm = t.worker[t.worker.role >= CHIEF]
    assert np.array_equal(firm.fte > 0, t.grid.active[firm.home] == 1)  # the firm staff of dissolved grids leave
    assert float(t.grid.ground.sum()) == pytest.approx(1.0)
    assert not np.any(t.grid.ground[site[~stay]]) and np.array_equal(t.place.rate, city.place.rate)


def test_consolidation_can_be_undone(city: City, daqing: Scenario) -> None:
    s = daqing.replace({"rules.stalled_stock": False})
    before, world = World(s, city).tables, World(s.replace({"dedicated.kept_share": 0.0}), city)
    world.enforce(s)
    for name in ("grid", "fte", "ground"):
        here, there = (getattr(t.place if name == "grid" else t.grid, name) for t in (before, world.tables))
        assert np.array_equal(here, there), name
    assert np.array_equal(before.patrol_hazard, world.tables.patrol_hazard)


def test_covered_grids_fall_back_on_staffed_ones_of_their_district(city: City, daqing: Scenario) -> None:
    t = World(daqing.replace({"rules.stalled_stock": False}), city).tables
    g, threshold = t.grid, daqing.staff.cover_below_fte
    assert np.sum((g.fte < threshold) & (g.dedicated == 0)) > 100
    assert np.all(g.fte[g.fallback] >= threshold) and np.all(g.dedicated[g.fallback] == 0)
    assert np.array_equal(g.district[g.fallback], g.district)


# --- shares of whole numbers ------------------------------------------------------------------------------------------


@settings(deadline=None, derandomize=True)
@given(st.integers(0, 10_000), st.lists(st.floats(0, 1e6), min_size=1, max_size=40), st.integers(0, 3))
def test_shared_out(total: int, weights: list[float], least: int) -> None:
    w, left = np.array(weights), total - least * len(weights)
    if left < 0:
        with pytest.raises(ValueError, match="cannot give"):
            shared_out(total, w, least)
        return
    out = shared_out(total, w, least)
    assert out.sum() == total and out.min() >= least
    exact = left * w / w.sum() if w.sum() > 0 else np.full(len(w), left / len(w))
    assert np.all(np.abs(out - least - exact) < 1 + 1e-6)
    assert np.all(np.diff(out[np.argsort(w, kind="stable")]) >= -1)  # more weight, not fewer (ties aside)


def test_shared_out_by_hand() -> None:
    """Seven by 3 : 2 : 1.5 is 3.23, 2.15, 1.62: the last has the largest remainder."""
    assert shared_out(7, np.array([3.0, 2.0, 1.5])).tolist() == [3, 2, 2]
    assert shared_out(7, np.array([3.0, 2.0, 1.5]), least=1).tolist() == [3, 2, 2]  # 1.85, 1.23, .92 beside one each
    assert shared_out(3, np.zeros(3)).tolist() == [1, 1, 1]
