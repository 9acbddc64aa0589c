"""A planner's own city: tables are read or refused in clear lines, and the city built is the one they state."""

import dataclasses
import json
import shutil
from itertools import pairwise

import networkx as nx
import numpy as np
import pandas as pd
import pytest

from gridsim.cli import main
from gridsim.measures.load import load
from gridsim.measures.territory import grid_register, tier_names
from gridsim.model.city import City
from gridsim.model.gridworkers import CHIEF, FULL_TIME, PART_TIME
from gridsim.model.world import World
from gridsim.scenario.department_table import read_department_table
from gridsim.scenario.grid_table import HEADERS, GridTable, grid_table, read_grid_table
from gridsim.scenario.scenario import ScenarioError, builtin_folder, load_scenario
from gridsim.studies.comparison import compare
from gridsim.studies.own_city import own_city
from gridsim.studies.sizing import MOST, size_teams
from gridsim.studies.trace import trace
from gridsim.views import story
from gridsim.views.labels import place_label
from gridsim.views.own_city import city_warnings

SAMPLES = builtin_folder() / "samples"
HEAD = "grid,kind,district,street,community,population,full_time,part_time,host,size,staff"
GOOD = [
    HEAD,
    "A1,comprehensive,East,North Street,Alder,900,1,1,,,",
    "A2,comprehensive,East,North Street,Alder,700,2,0,,,",
    "B1,comprehensive,East,South Street,Birch,600,1,1,,,",
    "C1,comprehensive,West,Mill Street,Cedar,500,1,0,,,",
    "School,dedicated,,,Alder,,,,,2,1",
    "Plant,dedicated,,,,,,,C1,6,3",
]
TEAMS = "district,field,teams\n"


def write(folder, lines, name="grids.csv", encoding="utf-8"):
    path = folder / name
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def changed(row, old, new):
    """The good table with a piece of one line (counted as a spreadsheet does) replaced."""
    lines = list(GOOD)
    assert old in lines[row - 1]
    lines[row - 1] = lines[row - 1].replace(old, new, 1)
    return lines


def errors_of(path):
    with pytest.raises(ScenarioError) as caught:
        read_grid_table(path)
    return caught.value.errors


def with_columns(names, *values):
    """The good table with columns at its end; ``values`` by row, the last for the remaining ones."""
    cells = [names, *values, *[values[-1]] * (len(GOOD) - 1 - len(values))]
    return [f"{line},{cell}" for line, cell in zip(GOOD, cells, strict=True)]


ALL_0 = [GOOD[0], *(x.replace(",1,1,", ",0,0,").replace(",2,0,", ",0,0,").replace(",1,0,", ",0,0,") for x in GOOD[1:])]
BAD = {
    "total row": ([*GOOD, "合计,,,,,2700,5,2,,,"], "row 8: '合计' is a total; leave the row out"),
    "subtotal in another column": ([*GOOD, ",,East total:,,,2200,4,2,,,"], "row 8: 'East total:' is a total"),
    "nobody works": (ALL_0, "full_time: is 0 in every comprehensive grid, so nobody would work; give each grid its"),
    "missing column": ([",".join(x.split(",")[:5] + x.split(",")[6:]) for x in GOOD], "row 1: column population"),
    "misspelt column": (
        changed(1, "population", "popullation"),
        "row 1, popullation: unknown column; did you mean pop",
    ),
    "column twice": (with_columns("居民", "1"), "row 1, 居民: names the same column as 'population'"),
    "duplicate grid": (changed(4, "B1", "A1"), "row 4, grid: 'A1' stands in row 2 already"),
    "no name": (changed(4, "B1", ""), "row 4, grid: is empty"),
    "unknown kind": (changed(2, "comprehensive", "comprehensiv"), "did you mean comprehensive?"),
    "negative population": (changed(3, "700", "-700"), "row 3, population: must be a whole number from 1"),
    "fraction of a person": (changed(3, "700", "700.5"), "row 3, population: must be a whole number"),
    "absurd population": (changed(3, "700", "7000000"), "(got '7000000')"),
    "text for a number": (changed(3, "700", "about 700"), "row 3, population: must be a whole number"),
    "not a thousand": (changed(3, "700", '"7,00"'), "(got '7,00')"),
    "no population": (changed(3, "700", ""), "row 3, population: is empty; every comprehensive grid"),
    "community in two streets": (changed(4, "Birch", "Alder"), "'Alder' lies in street 'South Street' here and in 'N"),
    "street in two districts": (changed(5, "Mill Street", "South Street"), "row 5, street: 'South Street' lies in dis"),
    "site without a place": (changed(6, "Alder", ""), "row 6, host: is empty; a dedicated grid needs its host"),
    "unknown host": (changed(7, "C1", "C2"), "row 7, host: no comprehensive grid 'C2'; did you mean"),
    "host elsewhere": (changed(7, ",,,,,", ",East,,,,"), "row 7, district: is 'East', but its host lies in 'West'"),
    "community nobody lives in": (changed(6, "Alder", "Aldre"), "row 6, community: 'Aldre' has no comprehensive"),
    "district without grids": (changed(7, ",,,,,", ",Eastt,,,,"), "row 7, district: 'Eastt' has no comprehensive grid"),
    "residents at a site": (changed(7, ",,,,,,,", ",,,,50,,,"), "row 7, population: a dedicated grid has no residents"),
    "firm staff at home": (changed(2, ",,,", ",,,2"), "row 2, staff: is for dedicated grids only"),
    "unknown neighbour": (with_columns("neighbours", "A2;B9", ""), "row 2, neighbours: no grid 'B9'; did you mean B1?"),
    "its own neighbour": (with_columns("neighbours", "A1", ""), "row 2, neighbours: a grid is not its own neighbour"),
    "some coordinates": (with_columns("x,y", "1,2", "3,4", ","), "row 4, x: is empty and 1 more, but 2 comprehensive"),
    "half a position": (with_columns("x,y", *["1,2"] * 5, "1,"), "row 7, y: is empty, but x is not"),
    "sites only placed": (with_columns("x,y", *[","] * 4, "1,2"), "row 6, x: is given, but no comprehensive grid"),
    "ragged row": (changed(3, ",700", ",700,x"), "row 3: has 12 cells, but the header has 11"),
    "quotation mark left open": (changed(5, "Cedar", '"Cedar'), "row 5: is not valid CSV"),
    "workers do not add up": (
        with_columns("workers", "3", ""),
        "row 2, workers: is 3, but full_time and part_time add",
    ),
    "district called city": ([x.replace("West", "city") for x in GOOD], "row 5, district: may not be 'city'"),
    "header only": (GOOD[:1], "grids.csv: has a header but no rows"),
    "only sites": ([HEAD, "School,dedicated,,,Alder,,,,,2,1"], "row 2, community: 'Alder' has no comprehensive grid"),
}


@pytest.mark.parametrize("lines, expected", BAD.values(), ids=BAD.keys())
def test_each_broken_table_gives_one_clear_line(lines, expected, tmp_path):
    found = errors_of(write(tmp_path, lines))
    assert len(found) == 1 and found[0].startswith("grids.csv: ") and expected in found[0], found


BYTES = {
    "empty file": (b"", "is empty; the first row must name the columns"),
    "workbook": (b"PK\x03\x04rest", "is an Excel workbook; save it as CSV"),
    "UTF-16": ("grid,kind".encode("utf-16"), "is UTF-16 text"),
    "binary": (b"\x00\x01\x02\x03grid", "is not text in UTF-8 or GBK"),
    "other encoding": ("grid,kind\nMünchen,é".encode("latin-1"), "is not text in UTF-8 or GBK"),
}


@pytest.mark.parametrize("raw, expected", BYTES.values(), ids=BYTES.keys())
def test_a_file_that_is_no_table_is_refused(raw, expected, tmp_path):
    path = tmp_path / "grids.csv"
    path.write_bytes(raw)
    found = errors_of(path)
    assert len(found) == 1 and expected in found[0]
    assert "no such file" in errors_of(tmp_path / "none.csv")[0]


def test_all_errors_at_once_and_not_too_many(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, [HEAD, *(f"G{k},comprehensive,D,S,C,-5,1,1,,," for k in range(30))])
    (tmp_path / "teams.csv").write_text(TEAMS + "D,justise,1\nD,traffic,0\n", encoding="utf-8")
    assert main(["new", "mine", "--grids", "grids.csv", "--departments", "teams.csv"]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 21 and lines[20] == "gridsim: and 12 more"
    assert lines[0].startswith("gridsim: grids.csv: row 2, population: ")
    assert not list(tmp_path.glob("mine*"))


FIELDS = {"justice": "司法行政", "traffic": "交通"}
BAD_TEAMS = {
    "unknown district": (
        "Eastt,traffic,1",
        "row 2, district: no district 'Eastt' in the table of grids; did you mean East?",
    ),
    "unknown field": ("East,trafic,1", "row 2, field: no department field 'trafic'; did you mean traffic?"),
    "no field like it": ("East,zzz,1", "Fields are justice 司法行政, traffic 交通"),
    "no teams": ("East,traffic,0", "row 2, teams: must be a whole number from 1"),
    "half a team": ("East,traffic,1.5", "row 2, teams: must be a whole number from 1"),
    "teams left out": ("East,traffic,", "row 2, teams: is empty"),
    "twice": ("East,traffic,1\nEast,交通,2", "row 3, field: '交通' of 'East' stands in an earlier row already"),
    "city level unknown": ("city,traffic,1", "need departments.city_level_share above 0"),
    "ragged": ("East,traffic", "row 2: has 2 cells, but the header has 3"),
}


@pytest.mark.parametrize("rows, expected", BAD_TEAMS.values(), ids=BAD_TEAMS.keys())
def test_each_broken_table_of_departments_gives_one_clear_line(rows, expected, tmp_path):
    path = write(tmp_path, [TEAMS.strip(), *rows.split("\n")], "teams.csv")
    with pytest.raises(ScenarioError) as caught:
        read_department_table(path, FIELDS, ["East", "West"], city_level=False)
    assert len(caught.value.errors) == 1 and expected in caught.value.errors[0]


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
@pytest.mark.parametrize("separator", [",", "\t"])
def test_chinese_headers_and_encodings_give_the_same_table(encoding, separator, tmp_path):
    chinese = "网格,网格类型,区县,街道,社区,人口（人）,专职,兼职,所在网格,规模,单位人员"
    lines = [chinese, *(x.replace("comprehensive", "综合网格").replace("dedicated", "专属") for x in GOOD[1:])]
    lines[1] = lines[1].replace("900", "９００")
    lines = [x.replace("Alder", "和平社区").replace(",", separator) for x in lines]
    table = read_grid_table(write(tmp_path, lines, encoding=encoding))[0]
    plain = [x.replace("Alder", "和平社区").replace(",900,", ',"900",') for x in GOOD]
    assert table == read_grid_table(write(tmp_path, plain, "plain.csv"))[0]


def test_thousands_blank_rows_and_own_columns(tmp_path):
    lines = changed(3, "700", '"1,700"')
    lines = [*(f"{x},{note}" for x, note in zip(lines, ["电话", *["138"] * 6], strict=True)), "," * 11, ""]
    table, _, ignored = read_grid_table(write(tmp_path, lines))
    assert table.columns["population"][1] == 1_700 and len(table) == 6 and ignored == ["电话"]


def invented(n, seed, stated=True):
    """``n`` grids of an invented city as CSV lines: nested tiers, a fifth dedicated, rows in any order."""
    rng = np.random.default_rng(seed)
    homes = max(1, round(0.8 * n))
    extra = ["urban", "x", "y", "neighbours"] if stated else []
    rows = []
    for k in range(homes):
        c = k // 6
        where = [f"district {c // 12}", f"street {c // 4}", f"community {c}"]
        row = [f"grid {k}", "comprehensive", *where, int(rng.integers(100, 1500))]
        row += [int(rng.integers(0, 3)) + (k == 0), int(rng.integers(0, 3)), "", "", ""] if stated else [""] * 5
        row += [rng.choice(["yes", "no"]), rng.normal(), rng.normal(), f"grid {(k + 1) % homes}"] if stated else []
        rows.append(row if homes > 1 or not stated else [*row[:-1], ""])
    for k in range(n - homes):
        at = int(rng.integers(homes))
        row = [f"site {k}", "dedicated", "", "", f"community {at // 6}", "", "", ""]
        row += [
            f"grid {at}" if rng.random() < 0.5 else "",
            *([rng.pareto(2) + 1, int(rng.integers(0, 4))] if stated else ["", ""]),
        ]
        rows.append([*row, *([""] * len(extra))])
    return [",".join([HEAD, *extra]), *(",".join(map(str, rows[k])) for k in rng.permutation(len(rows)))]


@pytest.mark.parametrize(
    "n, seed, stated", [(1, 0, True), (7, 1, False), (60, 2, True), (333, 3, False), (400, 4, True)]
)
def test_cleaned_copy_and_columns_give_the_same_table(n, seed, stated, tmp_path):
    table = read_grid_table(write(tmp_path, invented(n, seed, stated)))[0]
    (tmp_path / "copy.csv").write_text(table.to_csv(), encoding="utf-8")
    again, taken, _ = read_grid_table(tmp_path / "copy.csv")
    assert again == table == grid_table(table.to_dict(), "x")
    assert not {t.what for t in taken} & {"full_time", "part_time", "urban"}  # nothing is taken twice
    kinds, communities = table.columns["kind"], table.columns["community"][: table.comprehensive]
    assert list(kinds) == ["comprehensive"] * table.comprehensive + ["dedicated"] * table.dedicated
    assert sum(a != b for a, b in pairwise(communities)) == len(set(communities)) - 1


def test_gridworkers_not_stated_come_at_daqings_ratio(tmp_path):
    rows = [f"G{k},comprehensive,D,S,C,{100 + k}" for k in range(474)]
    table, taken, _ = read_grid_table(write(tmp_path, [",".join(HEAD.split(",")[:6]), *rows]))
    full, part = table.column("full_time"), table.column("part_time")
    assert (full.sum(), part.sum()) == (481, 367)  # 474 · 4,807 ÷ 4,740 = 480.7; 474 · 3,671 ÷ 4,740 = 367.1
    assert full.tolist() == [1] * 467 + [2] * 7 and part.tolist() == [0] * 107 + [1] * 367  # more where more people are
    assert {(t.what, t.rows, t.grade) for t in taken} >= {("full_time", 474, "D"), ("part_time", 474, "D")}


def test_workers_are_split_or_completed(tmp_path):
    lines = [HEAD.replace("full_time,part_time", "workers,part_time"), "A,comprehensive,D,S,C,500,10,,,,"]
    lines += ["B,comprehensive,D,S,C,500,1,,,,", "C,comprehensive,D,S,C,500,7,5,,,", "D,comprehensive,D,S,C,500,0,,,,"]
    table = read_grid_table(write(tmp_path, lines))[0]
    assert table.columns["full_time"] == (6, 1, 2, 0) and table.columns["part_time"] == (4, 0, 5, 0)  # 5.67 of 10


# --- the city that is built -------------------------------------------------------------------------------------------


@pytest.fixture
def made(tmp_path, monkeypatch):
    """An own city on disk, from the sample tables."""
    monkeypatch.chdir(tmp_path)
    assert main(["new", "--sample", "."]) == 0
    assert main(["new", "mine", "--grids", "grids.csv", "--departments", "departments.csv"]) == 0
    return tmp_path


def scenario_of(folder, lines, **changes):
    path = write(folder, lines)
    scenario = own_city("mine", path, None, "_categories", folder).scenario
    return scenario.replace(changes) if changes else scenario


def test_the_city_is_the_one_of_the_table(tmp_path):
    lines = invented(150, 5)
    city = City(scenario_of(tmp_path, lines))
    stated = pd.read_csv(tmp_path / "grids.csv").set_index("grid")
    table, g = city.scenario.grids, city.grid
    rows = stated.loc[list(table.columns["name"])]
    homes, sites = rows.kind == "comprehensive", rows.kind == "dedicated"
    n = city.n_comprehensive
    assert n == homes.sum() and city.n_dedicated == sites.sum()
    assert g.population[:n].tolist() == rows.population[homes].tolist() and city.n_residents == rows.population.sum()
    assert [city.district_names[d] for d in g.district[:n]] == rows.district[homes].tolist()
    names = table.columns["name"]
    host = rows.host[sites]
    assert all(names[h] == want for h, want in zip(g.host[n:], host, strict=True) if isinstance(want, str))
    community = rows.community.to_numpy()
    assert all(community[h] == c for h, c in zip(g.host[n:], community[n:], strict=True))
    assert g.extent[n:] == pytest.approx(rows["size"][sites].to_numpy())
    assert g.x[:n] == pytest.approx(rows.x[homes].to_numpy())
    for kind, column in ((FULL_TIME, "full_time"), (PART_TIME, "part_time")):
        held = np.bincount(city.worker.home[city.worker.role == kind], minlength=len(g))
        assert held[:n].tolist() == rows[column][homes].astype(int).tolist() and not held[n:].any()
    firm = np.bincount(city.worker.home[city.worker.role >= CHIEF], minlength=len(g))[n:]
    assert firm.tolist() == rows.staff[sites].astype(int).tolist()
    for k, c in enumerate(city.community):
        members = np.arange(c.first_grid, c.first_grid + c.grids)
        assert len(set(community[members])) == 1 and np.all(g.community[members] == k)
        assert c.grids == (community[:n] == community[c.first_grid]).sum()
    assert city.n_streets == rows.street[homes].nunique()
    cells = city.place.site < 0
    assert np.array_equal(city.place.urban[cells], (rows.urban == "yes").to_numpy()[city.place.grid[cells]])


def test_tree_and_network_have_the_names_and_edges_of_the_table(tmp_path):
    city = City(scenario_of(tmp_path, invented(60, 6)))
    table = city.scenario.grids
    path = nx.shortest_path(city.tree, "city", "grid-7")
    labels = [city.tree.nodes[p].get("label") for p in path[2:]]
    assert labels == [table.columns[c][7] for c in ("street", "community", "name")]
    stated = {
        frozenset((k, table.columns["name"].index(other)))
        for k, other in enumerate(table.columns["neighbours"])
        if other
    }
    assert {frozenset(e) for e in city.neighbours.edges if max(e) < city.n_comprehensive} == stated
    bare = [",".join(x.split(",")[:-1]) for x in invented(60, 6)]  # positions without neighbours
    graph = City(scenario_of(tmp_path, bare)).neighbours
    assert all(graph.degree(k) >= 4 for k in range(city.n_comprehensive))


def test_incidents_of_sites_go_by_stated_size(tmp_path):
    s = scenario_of(tmp_path, GOOD)
    p = City(s).place
    assert p.ground[p.site >= 0] == pytest.approx(s.dedicated.incident_share * np.array([2, 6]) / 8)
    assert float(p.rate.sum()) == pytest.approx(2_700 * s.arrivals.per_100_residents / 36_500)
    assert p.ground[p.grid == 0].sum() == pytest.approx((1 - s.dedicated.incident_share) * 900 / 2_700)


def test_hosts_not_stated_are_drawn_in_their_community(tmp_path):
    lines = [GOOD[0], *(f"H{k},comprehensive,D,S,C{k // 4},500,1,1,,," for k in range(12))]
    lines += [f"S{k},dedicated,,,C1,,,,,1,1" for k in range(200)]
    s = scenario_of(tmp_path, lines)
    host = City(s).grid.host[12:]
    assert set(host.tolist()) == {4, 5, 6, 7} and np.bincount(host)[4:].min() > 25  # 50 each, sd 6
    assert np.array_equal(host, City(s).grid.host[12:])
    assert not np.array_equal(host, City(s.replace({"city.seed": 1})).grid.host[12:])


def test_results_name_communities_and_streets_as_the_table_does(tmp_path):
    lines = invented(80, 8)
    city = City(scenario_of(tmp_path, lines, **{"time.window_days": 30, "time.days": 30, "time.warmup_days": 0}))
    stated = pd.read_csv(tmp_path / "grids.csv").set_index("grid")
    register = grid_register(city).set_index("grid")
    homes = stated.index[stated.kind == "comprehensive"]
    for tier in ("street", "community"):
        assert register.loc[homes, tier].tolist() == stated.loc[homes, tier].tolist()
    assert register.loc[stated.index, "community"].tolist() == stated.community.tolist()
    found = load(World(city.scenario, city).warm_up().run())
    units = found.unit[found.kind == "community"].tolist()
    assert units == list(dict.fromkeys(register.community)) and len(units) == 11  # 64 grids, six a community
    for lang in ("en", "zh"):
        assert place_label(city.scenario, "community", "community 3", lang) == "community 3"
        assert place_label(city.scenario, "community", "和平社区", lang) == "和平社区"
    plain = City(load_scenario("neighbourhood"))
    assert tier_names(plain, "community")[1] == "community-1" and tier_names(plain, "street")[0] == "street-0"


def test_a_case_is_followed_through_grids_named_as_in_the_table(tmp_path):
    s = scenario_of(tmp_path, invented(80, 8), **{"time.window_days": 60, "time.days": 60, "time.warmup_days": 0})
    tried = np.flatnonzero(World(s, seed=1).warm_up().run().cases.attempts > 0)
    found = trace(s, "raise-linkage", case=int(tried[0]))
    names = set(pd.read_csv(tmp_path / "grids.csv").grid)
    grid = found.case["grid"]
    assert grid in names and not any(name.startswith("grid-") for name in names)
    steps = pd.concat([t.steps for t in found.tellings])
    at_grid = steps.unit[steps.step == "queues_at_grid"]
    assert len(at_grid) and set(at_grid) <= names
    for lang in ("en", "zh"):
        assert story.told(found, lang).count(grid) >= 2


# --- nobody who takes cases -------------------------------------------------------------------------------------------

BARE = [  # Alder has full-timers in one of two grids, Birch only a part-timer, Cedar nobody at all
    HEAD,
    "A1,comprehensive,East,North Street,Alder,900,4,1,,,",
    "A2,comprehensive,East,North Street,Alder,700,0,2,,,",
    "B1,comprehensive,East,South Street,Birch,600,0,1,,,",
    "C1,comprehensive,West,Mill Street,Cedar,500,0,0,,,",
    "Plant,dedicated,,,,,,,C1,6,3",
]


@pytest.mark.parametrize(
    "changes, grids, communities",
    [
        ({}, ["A2", "B1", "C1"], ["Birch", "Cedar"]),
        ({"roles.part_time_handling": True}, ["C1"], ["Cedar"]),
        ({"rules.roles": False}, ["C1"], ["Cedar"]),
        ({"rules.grid_handling": False}, [], []),
    ],
)
def test_grids_without_a_handler_are_those_without_hands(changes, grids, communities, tmp_path):
    city = own_city("mine", write(tmp_path, BARE), None, "_categories", tmp_path)
    s = city.scenario.replace({"staff.nominal_share": 0.0, "rules.careers": False, **changes})
    city = dataclasses.replace(city, scenario=s)
    assert city.without_handler == {"grids": grids, "communities": communities}
    if s.rules.grid_handling:  # the model says the same
        hands = World(s, City(s)).tables.grid.hands[:4]
        assert [n for n, h in zip(("A1", "A2", "B1", "C1"), hands, strict=True) if h == 0] == grids
    assert len(city_warnings(city, "en")) == len(city_warnings(city, "zh")) == bool(grids)


def test_new_warns_of_grids_in_which_nobody_takes_cases(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, [*BARE, *(f"D{k},comprehensive,West,Mill Street,Dogwood,500,0,1,,," for k in range(4))])
    assert main(["new", "mine", "--grids", "grids.csv"]) == 0
    out, err = capsys.readouterr()
    assert not err
    told = [line for line in out.splitlines() if "Nobody takes cases" in line]
    assert len(told) == 1 and "in 7 of 8 comprehensive grids (A2, B1, C1, and 4 more)" in told[0]
    assert "3 communities (Birch, Cedar, Dogwood): they have no full-time gridworker" in told[0]
    assert main(["new", "other", "--grids", "grids.csv", "--json"]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["without_handler"]["communities"] == ["Birch", "Cedar", "Dogwood"]
    assert err.strip() == f"gridsim: {told[0]}"  # which JSON must not hold
    write(tmp_path, GOOD)
    assert main(["new", "good", "--grids", "grids.csv"]) == 0
    assert "Nobody" not in "".join(capsys.readouterr())


# --- levers -----------------------------------------------------------------------------------------------------------


def at_work(world, kind, city):
    w = world.tables.worker
    return np.bincount(w.home[(w.role == kind) & (w.away == 0)], minlength=len(city.grid))


def test_posts_can_be_added_to_and_cut_from_the_table(tmp_path):
    s = scenario_of(tmp_path, GOOD)
    city = City(s)
    base = World(s, city)
    assert at_work(base, FULL_TIME, city).tolist() == [1, 2, 1, 1, 0, 0]
    more = World(s.replace({"staff.full_time": 9}), city)  # 5 by the table; the first three to the grids that have one
    assert at_work(more, FULL_TIME, city).sum() == 9
    assert np.all(at_work(World(s.replace({"staff.full_time": 8}), city), FULL_TIME, city)[:4] == 2)
    fewer = World(s.replace({"staff.full_time": 3}), city)
    assert at_work(fewer, FULL_TIME, city).sum() == 3
    assert np.all(at_work(fewer, FULL_TIME, city) <= at_work(base, FULL_TIME, city))
    more.enforce(s)
    assert at_work(more, FULL_TIME, city).tolist() == [1, 2, 1, 1, 0, 0]  # and back again


@pytest.mark.parametrize("lever, people", [(0, [0, 0]), (1, [1, 3]), (2, [2, 3]), (3, [3, 3]), (5, [5, 5])])
def test_firm_staff_is_the_tables_and_at_least_the_levers(lever, people, tmp_path):
    s = scenario_of(tmp_path, GOOD)
    assert s.dedicated.staff_per_grid == 1  # the least of the table
    city = City(s)
    for world in (World(s.replace({"dedicated.staff_per_grid": lever}), city), World(s, city)):
        world.enforce(s.replace({"dedicated.staff_per_grid": lever}))
        w = world.tables.worker
        held = np.bincount(w.home[(w.role >= CHIEF) & (w.away == 0)], minlength=6)[4:]
        assert held.tolist() == people


def test_people_of_firms_are_counted_as_the_model_has_them(tmp_path):
    """The table has one and three; the smaller grid goes, the other keeps its three: one fewer, not two more."""
    s = scenario_of(tmp_path, GOOD)
    city = City(s)
    policy = s.replace({"dedicated.kept_share": 0.5, "dedicated.staff_per_grid": 3})
    assert city.counts(policy, s)["added_firm_staff"] == -1.0
    world = World(s, city)
    before = world.strengths[-1].firm_staff
    world.enforce(policy)
    assert world.strengths[-1].firm_staff - before == -1  # whom the running cost pays


def test_consolidation_dissolves_the_smallest_by_stated_size(tmp_path):
    s = scenario_of(tmp_path, GOOD)
    t = World(s.replace({"dedicated.kept_share": 0.5}), City(s)).tables
    assert t.grid.active[4:].tolist() == [0, 1]  # the school (2) goes, the plant (6) stays
    assert t.grid.host[4] == t.place.grid[t.place.site == 0][0] in (0, 1)


# --- the scenario -----------------------------------------------------------------------------------------------------


def test_scenario_holds_the_columns_and_its_hash_is_of_the_content(made):
    s = load_scenario("mine.toml")
    assert isinstance(s.grids, GridTable) and s.to_dict()["grids"]["name"][0] == "河滨1网格"
    (made / "whole.toml").write_text(s.to_toml(), encoding="utf-8")
    again = load_scenario("whole.toml")
    assert again == s and again.hash == s.hash and s.diff(again) == {}
    shutil.move("mine-grids.csv", "other.csv")
    text = (made / "mine.toml").read_text(encoding="utf-8").replace("mine-grids.csv", "other.csv")
    (made / "mine.toml").write_text(text, encoding="utf-8")
    assert load_scenario("mine.toml").hash == s.hash
    moved = (made / "other.csv").read_text(encoding="utf-8").replace(",6.0,2", ",7.0,2")
    (made / "other.csv").write_text(moved, encoding="utf-8")
    assert load_scenario("mine.toml").hash != s.hash
    assert "grids" not in load_scenario("neighbourhood").to_dict()


def test_what_new_makes_is_what_the_files_say(made):
    city = own_city("mine", made / "grids.csv", made / "departments.csv", "_categories", made)
    assert city.scenario == load_scenario("mine.toml")
    assert (made / "mine.toml").read_text(encoding="utf-8") == city.toml
    s = load_scenario("mine.toml")
    stated = pd.read_csv("departments.csv")
    assert s.teams == {d: dict(zip(x.field, x.teams, strict=True)) for d, x in stated.groupby("district", sort=False)}
    table = pd.read_csv("grids.csv")
    assert {d: row.population for d, row in s.districts.items()} == dict(table.groupby("district").population.sum())
    assert s.staff.full_time == table.full_time.sum() and s.dedicated.staff_per_grid == table.staff.min()


DISAGREEMENTS = [
    (",711,2,1,", ",711,3,1,", "staff.full_time: is 30, but by the table of grids it is 31; set it to 31"),
    (",711,2,1,", ",712,2,1,", "population: is 14,980, but its grids add up to 14,981; set it to 14981"),
    ("粮库,dedicated", "粮库2,dedicated", None),
]


@pytest.mark.parametrize("old, new, expected", DISAGREEMENTS)
def test_a_table_edited_alone_is_noticed(old, new, expected, made, capsys):
    path = made / "mine-grids.csv"
    text = path.read_text(encoding="utf-8-sig")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8-sig")
    assert main(["run", "mine.toml", "--days", "5"]) == (0 if expected is None else 2)
    err = capsys.readouterr().err
    assert expected is None or (f"mine.toml: {expected}" in err or f"mine.toml: districts.东城区.{expected}" in err)


def test_counts_and_posts_must_agree(made):
    def errors(text):
        (made / "wrong.toml").write_text(text, encoding="utf-8")
        with pytest.raises(ScenarioError) as caught:
            load_scenario("wrong.toml")
        return caught.value.errors

    text = (made / "mine.toml").read_text(encoding="utf-8")
    found = errors(text.replace("comprehensive_grids = 26", "comprehensive_grids = 25"))
    assert found == ["wrong.toml: city.comprehensive_grids: is 25, but the table of grids has 26; set it to 26"]
    found = errors(text.replace("full_time = 30\n", ""))
    assert found == ["wrong.toml: staff.full_time: is missing; by the table of grids it is 30"]
    whole = load_scenario("mine.toml").replace({"staff.full_time": 33})  # a lever: moved in Python, written, read again
    (made / "moved.toml").write_text(whole.to_toml(), encoding="utf-8")
    assert load_scenario("moved.toml") == whole
    assert errors(text.replace('"mine-grids.csv"', "7"))[0].startswith("wrong.toml: grids: must be the name of a CSV")


def test_columns_in_a_scenario_are_checked_like_a_file(made):
    data = load_scenario("mine.toml").to_dict()
    bad = {**data["grids"], "popultion": data["grids"]["population"]}
    with pytest.raises(ScenarioError, match=r"grids\.popultion: unknown column; did you mean population\?"):
        grid_table(bad, "x.toml")
    with pytest.raises(ScenarioError, match="columns must have one value a grid each"):
        grid_table({**data["grids"], "population": [5]}, "x.toml")
    with pytest.raises(ScenarioError, match=r"x\.toml: grids: entry 3, population: must be a whole number"):
        grid_table({**data["grids"], "population": [9, 9, "many", *data["grids"]["population"][3:]]}, "x.toml")


def test_a_variant_inherits_the_grids_and_a_city_replaces_those_of_its_base(made):
    (made / "variant.toml").write_text('based_on = "mine.toml"\n[linkage]\nrate = 0.5\n', encoding="utf-8")
    s, v = load_scenario("mine.toml"), load_scenario("variant.toml")
    assert s.diff(v) == {"linkage.rate": (0.7, 0.5)}
    sub = made / "sub"
    assert main(["new", "two", "--grids", "grids.csv", "--from", "variant.toml", "--out", str(sub)]) == 0
    two = load_scenario(sub / "two.toml")
    assert two.linkage.rate == 0.5 and two.grids == s.grids
    assert main(["new", "three", "--grids", "grids.csv", "--from", "daqing-2021"]) == 0
    three = load_scenario("three.toml")
    taken = own_city("four", made / "grids.csv", None, "daqing-2021", made).taken
    (level,) = [t for t in taken if t.what == "departments.city_level_share"]
    assert (level.value, level.grade, level.facts["base"]) == ("0.11", "X", "daqing-2021")
    assert list(three.districts) == ["东城区", "北山县"] and "city" in three.teams  # none of Daqing's ten
    assert three.departments.city_level_share == load_scenario("daqing-2021").departments.city_level_share


# --- sizing -----------------------------------------------------------------------------------------------------------


def test_teams_are_sized_by_load():
    s = load_scenario("neighbourhood", arrivals__per_100_residents=60.0)
    one, two = size_teams(s), size_teams(s.replace({"arrivals.per_100_residents": 120.0}))
    for f in s.fields:
        load = [x.teams["neighbourhood"][f] * x.utilisation["neighbourhood"][f] for x in (one, two)]
        assert load[1] == pytest.approx(2 * load[0])  # twice the incidents, twice the work
        for x in (one, two):
            n, busy = x.teams["neighbourhood"][f], x.utilisation["neighbourhood"][f]
            assert n >= 1 and busy <= MOST
            nearest = max(1, round(n * busy / 0.85))
            assert n == nearest or (n == nearest + 1 and n * busy / nearest > MOST)
    assert size_teams(s, 0.3).teams["neighbourhood"]["justice"] > one.teams["neighbourhood"]["justice"]
    shared = size_teams(s.replace({"departments.city_level_share": 0.25, "teams.city": dict.fromkeys(s.fields, 1)}))
    total = sum(shared.teams[d][f] * shared.utilisation[d][f] for d in shared.teams for f in s.fields)
    whole = sum(one.teams[d][f] * one.utilisation[d][f] for d in one.teams for f in s.fields)
    assert set(shared.teams) == {"neighbourhood", "city"} and total == pytest.approx(whole)


# --- the command ------------------------------------------------------------------------------------------------------


def test_new_tells_what_it_took_and_overwrites_nothing(made, capsys):
    (made / "plain.csv").write_text("\n".join(x.rsplit(",", 5)[0] for x in GOOD), encoding="utf-8")
    before = {p.name: p.read_bytes() for p in made.iterdir()}
    capsys.readouterr()
    assert main(["new", "mine", "--grids", "plain.csv"]) == 2
    assert "mine.toml exists already" in capsys.readouterr().err
    assert main(["new", "--sample", "."]) == 2
    assert "grids.csv exists already" in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in made.iterdir()} == before
    lines = [",".join([*x.split(",")[:6], *x.split(",")[8:]]) for x in GOOD]
    write(made, lines, "plain.csv")
    assert main(["new", "plain", "--grids", "plain.csv"]) == 0
    out = capsys.readouterr().out
    assert "4 comprehensive and 2 dedicated grids in 2 districts, 3 streets and 3 communities; 2,700 residents" in out
    for what in ("full_time", "part_time", "urban", "host", "x, y", "teams", "categories", "linkage.rate"):
        assert any(line.startswith(f"{what} ") for line in out.splitlines()), what
    assert main(["new", "zh", "--grids", "plain.csv", "--lang", "zh"]) == 0
    assert "居民 2,700 人" in capsys.readouterr().out
    assert main(["new", "j", "--grids", "plain.csv", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["read"]["people"] == 2_700 and {"what", "value", "rows", "grade", "source"} == set(data["taken"][0])


@pytest.mark.parametrize(
    "argv, expected",
    [
        (["new"], "NAME and --grids needed"),
        (["new", "x"], "--grids needed"),
        (["new", "a/b", "--grids", "grids.csv"], "cannot name a scenario"),
        (["new", "x", "--grids", "none.csv"], "none.csv: no such file"),
        (["new", "x", "--grids", "grids.csv", "--from", "neighborhood"], "did you mean neighbourhood?"),
        (["new", "x", "--grids", "grids.csv", "--out", "grids.csv/y"], "cannot write to"),
    ],
)
def test_bad_command_lines(argv, expected, made, capsys):
    capsys.readouterr()
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert expected in err and len(err.strip().splitlines()) == 1


def test_500_invented_grids_run_and_compare(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, invented(500, 8))
    assert main(["new", "town", "--grids", "grids.csv"]) == 0
    short = {"time__warmup_days": 20, "time__days": 40, "time__follow_up_days": 5, "city__persons_per_agent": 10}
    s = load_scenario("town.toml", **short)
    assert (s.city.comprehensive_grids, s.city.dedicated_grids) == (400, 100)
    result = compare(s, "raise-linkage,consolidate-dedicated-grids", replications=2)
    assert result.row("raise-linkage", "linkage_rate").difference > 0
    (tmp_path / "scenario.toml").write_text(result.scenario.to_toml(), encoding="utf-8")
    again = compare("scenario.toml", "raise-linkage,consolidate-dedicated-grids", replications=2)
    pd.testing.assert_frame_equal(result.runs, again.runs)


def test_headers_are_names_of_one_column_only():
    names = [alias for aliases in HEADERS.values() for alias in aliases]
    assert len(set(names)) == len(names)


CELLS = [
    "",
    "A1",
    "B1",
    "C1",
    "nan",
    "-1",
    "1e400",
    "0",
    "1",
    "2.5",
    "１",
    "综合",
    "dedicated",
    "Alder",
    "city",
    "a.b",
    ";",
    "'",
]


def test_any_table_is_taken_or_refused_in_clear_lines(tmp_path):
    """Cells thrown about at random: never a traceback, and what is taken makes a city with the people it states."""
    rng = np.random.default_rng(11)
    taken = 0
    for k in range(200):
        rows = [x.split(",") for x in with_columns("workers,x,y,neighbours,urban", "2,1,2,B1,yes", ",1,3,,")]
        for _ in range(1 + k % 3):
            rows[1 + rng.integers(len(rows) - 1)][rng.integers(len(rows[0]))] = CELLS[rng.integers(len(CELLS))]
        if k % 2:
            rows = [[*r[:12], *r[14:]] for r in rows]  # without x and y
        if k % 4 == 1:
            rows = [[*r[:11], *r[12:]] for r in rows]  # nor workers
        path = write(tmp_path, [",".join(r) for r in rows])
        try:
            city = own_city("mine", path, None, "neighbourhood", tmp_path)
        except ScenarioError as error:
            assert error.errors and all("\n" not in e and ": " in e for e in error.errors)
        else:
            taken += 1
            built = City(city.scenario)
            assert int(built.place.population.sum()) == city.counts["people"] == city.scenario.population
            assert read_grid_table(write(tmp_path, city.csv.splitlines(), "copy.csv"))[0] == city.table
    assert 20 < taken < 180
