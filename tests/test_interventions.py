"""Python called at a day's beginning: what it changes, what it leaves alone, and that it is part of what a run is."""

import doctest
import json
import threading

import numpy as np
import pytest
from conftest import chained, differing
from scipy import stats

from gridsim import GovernanceModel, Redeployment, Storm, World, compare, load_scenario
from gridsim.cli import main
from gridsim.model import changes, interventions
from gridsim.model.changes import described
from gridsim.model.draws import OWN, own_stream, uniform_block
from gridsim.model.gridworkers import FULL_TIME
from gridsim.scenario.policies import Phase
from gridsim.scenario.scenario import ScenarioError
from gridsim.studies.trace import trace
from gridsim.verification.check import LEVEL
from gridsim.verification.promises import broken
from gridsim.verification.runs import deterministic

DISTRICT = '[districts.{0}]\nchinese = "区"\npopulation = {1}\nurban = true\nunderstaffed = false\n[teams.{0}]\n'
FIELDS = [
    "urban_management",
    "public_works",
    "housing",
    "emergency",
    "justice",
    "civil_affairs",
    "traffic",
    "public_security",
]
SEED = 11


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    """Three districts, sixty days from an empty start. No incident breeds another: what differs is the intervention's."""
    text = 'based_on = "neighbourhood"\n[time]\nwarmup_days = 0\ndays = 50\nfollow_up_days = 10\n'
    text += "[rules]\ngrievance = false\nsecurity = false\n"
    for name, people in (("north", 9000), ("south", 14000)):
        text += DISTRICT.format(name, people) + "".join(f"{f} = 1\n" for f in FIELDS)
    path = tmp_path_factory.mktemp("city") / "three.toml"
    path.write_text(text, encoding="utf-8")
    return load_scenario(path)


@pytest.fixture(scope="module")
def calm(city):
    return World(city, seed=SEED).run()


def arrivals(world, rows=None):
    """Key → (onset, category, resident) of the incidents, of some rows."""
    c = world.cases if rows is None else world.cases[rows]
    keys = zip(c.place.tolist(), c.ordinal.tolist(), strict=True)
    return dict(zip(keys, zip(c.onset.tolist(), c.category.tolist(), c.resident.tolist(), strict=True), strict=True))


def within(world, places, first, last):
    c = world.cases
    return np.isin(c.place, places) & (c.onset >= first) & (c.onset < last)


def assert_poisson(count, mean):
    low, high = stats.poisson.interval(LEVEL, mean)
    assert low <= count <= high, (count, mean)


def test_a_storm_triples_arrivals_where_it_blows_and_nowhere_else(city, calm):
    storm = Storm(["north", "south"], factor=3.0, first=10, days=20)
    world = World(city, seed=SEED).with_interventions([storm]).run()
    hit = world.places_in(["north", "south"])
    spared = np.setdiff1d(np.arange(len(world.tables.place)), hit)
    rate = float(world.tables.place.rate[hit].sum())
    assert_poisson(within(world, hit, 10, 30).sum(), 3 * 20 * rate)
    assert_poisson(within(calm, hit, 10, 30).sum(), 20 * rate)
    assert 3 * 20 * rate > stats.poisson.interval(LEVEL, 20 * rate)[1] * 2  # the two cannot be confused
    for rows in ((spared, 0, 60), (hit, 0, 10), (hit, 30, 60)):
        assert arrivals(world, within(world, *rows)) == arrivals(calm, within(calm, *rows)) != {}
    assert arrivals(calm).items() < arrivals(world).items()  # same keys, moments, categories and residents
    assert np.all(world.tables.rate_factor == 1.0)
    assert broken(world) == []


def test_what_a_storm_breeds_comes_after_it_and_near_it(city):
    """With near repetition (R19) on, a storm of safety incidents leaves more of them behind, in its places alone."""
    rules = {"rules.security": True, "rules.trust": False}  # people's readiness to report would move the rest
    breeding = city.replace(rules | {"security.repeat": 1.0, "arrivals.per_100_residents": 60.0})
    safety = [name for name, row in city.categories.items() if row.security]
    storm = Storm(["north"], 2.0, 10, 20, safety)
    plain, world = World(breeding, seed=SEED).run(), World(breeding, seed=SEED).with_interventions([storm]).run()
    assert arrivals(plain).items() < arrivals(world).items()
    after = arrivals(world, world.cases.onset >= 30).items() - arrivals(plain).items()
    assert len(after) > 10
    names = list(city.categories)
    assert {names[category] for _, (_, category, _) in after} <= set(safety)
    assert {place for (place, _), _ in after} <= set(world.places_in(["north"]).tolist())


def test_a_storm_of_some_categories_leaves_the_others(city, calm):
    name = list(city.categories)[1]
    world = World(city, seed=SEED).with_interventions([Storm(["north"], 2.0, 5, 40, [name])]).run()
    new = arrivals(world).items() - arrivals(calm).items()
    assert arrivals(calm).items() < arrivals(world).items() and {category for _, (_, category, _) in new} == {1}
    share = np.diff(calm.tables.category.share_below, prepend=0.0)[1]
    rate = float(calm.tables.place.rate[calm.places_in("north")].sum()) * share
    assert_poisson(len(new), 40 * rate)


def test_a_lull_leaves_some_out_and_causes_multiply(city, calm):
    lull = World(city, seed=SEED).with_interventions([Storm(["north"], 0.5, 5, 40)]).run()
    assert arrivals(lull).items() < arrivals(calm).items()
    both = World(city, seed=SEED)
    both.multiply_rate(2.0, ["north"])
    both.multiply_rate(1.5, both.places_in("north"), list(city.categories)[:2])
    factor = both.tables.rate_factor[both.places_in("north")]
    assert np.all(factor[:, :2] == 3.0) and np.all(factor[:, 2:] == 2.0)
    assert np.all(both.tables.rate_factor[both.places_in("south")] == 1.0)


def test_two_runs_are_identical_up_to_the_day_of_the_first_act(city):
    plain = World(city, seed=SEED).advance(20)
    wet = World(city, seed=SEED).with_interventions([Storm(["north"], first=20, days=5)]).advance(20)
    assert differing(plain, wet) == []
    assert differing(plain.advance(21), wet.advance(21)) != []


def test_called_on_its_days_only_in_any_chunks_and_after_the_policies(city):
    class Diary:
        def __init__(self, days=None):
            self.written = []
            if days is not None:
                self.days = days

        def __call__(self, world, day):
            self.written.append((day, world.day, world.tables.tally.day[0], world.in_force.staff.full_time))

    later = city.replace({"staff.full_time": 70})
    some, every = Diary({3, 7, 900}), Diary()
    world = World(city, seed=SEED).under([Phase(7, later)]).with_interventions([some, every])
    world.advance(2).advance(2).advance(3).copy().advance(9)
    world.advance(8)
    mine, all_days = world.interventions
    assert mine.written == [(3, 3, 3, 61), (7, 7, 7, 70)]
    assert [d for d, *_ in all_days.written] == list(range(8))
    assert some.written == every.written == []  # the world has copies of its own


def test_nothing_done_changes_nothing(city, calm):
    world = World(city, seed=SEED).with_interventions([lambda world, day: None])
    half = world.advance(33).copy()
    assert differing(calm, world.run()) == differing(calm, half.run()) == []
    world = World(city, seed=SEED).with_interventions([Storm(["north"], factor=1.0, first=4)]).run()
    assert differing(calm, world) == []


def test_redeployment_keeps_people_and_hours(city):
    kept = {}

    def keep(world, day):
        w = world.tables.worker
        kept[day] = (w.grid.copy(), w.case.copy(), w.bank.copy(), float(w.fte.sum()))

    keep.days = (14,)
    after = lambda world, day: kept.update({-day: world.tables.worker.grid.copy()})  # noqa: E731
    after.days = (14,)
    world = World(city, seed=SEED).with_interventions([keep, Redeployment(every=14, share=0.3, first=14), after])
    world.advance(15)
    t = world.tables
    before, case, bank, fte = kept[14]
    moved = np.flatnonzero(before != kept[-14])
    assert 0 < len(moved) <= 0.3 * (t.worker.role == FULL_TIME).sum()
    assert np.all(t.worker.role[moved] == FULL_TIME) and np.all(case[moved] < 0)
    assert np.all(t.grid.district[before[moved]] == t.grid.district[kept[-14][moved]])
    assert t.worker.fte.sum() == fte and len(t.worker) == len(bank)
    assert np.bincount(t.worker.grid, t.worker.fte, len(t.grid)) == pytest.approx(t.grid.fte)
    for g in range(len(t.grid)):
        assert chained(t, g) == np.flatnonzero(t.worker.grid == g).tolist()
    world.run()
    assert broken(world) == []  # hours of the day are those of the workers, budgets hold, every queue is whole
    assert set(moved) <= set(world.moved)


def test_the_least_loaded_gives_to_the_most_loaded(city):
    world = World(city, seed=SEED)
    t, one = world.tables, Redeployment(share=1.0)
    grids = np.flatnonzero((t.grid.district == 0) & (t.grid.dedicated == 0))
    rich = grids[np.argmax(t.grid.fte[grids])]
    t.grid.load[grids] = np.where(t.grid.fte[grids] > 0, 5, 0)
    t.grid.load[rich], t.grid.load[grids[-1]] = 0, 50
    moves = one._moves(t, 0)
    assert moves[0] == (
        min(w for w in chained(t, rich) if t.worker.role[w] == FULL_TIME and t.worker.fte[w]),
        grids[-1],
    )
    assert len({w for w, _ in moves}) == len(moves)


def test_moved_people_stay_when_a_dated_policy_comes(city):
    world = World(city, seed=SEED).under([Phase(10, city.replace({"linkage.rate": 0.9}))]).advance(5)
    t = world.tables
    who = np.flatnonzero((t.worker.role == FULL_TIME) & (t.worker.fte > 0))[:3]
    where = np.flatnonzero((t.grid.dedicated == 0) & (t.grid.fte == 0))[:3]
    hazard = t.patrol_hazard.copy()
    world.move_workers(who, where)
    assert np.all(t.grid.fte[where] == 1.0) and not np.array_equal(hazard, t.patrol_hazard)
    fte = t.grid.fte.copy()
    world.advance(12)
    assert np.array_equal(world.tables.grid.fte, fte) and world.tables.worker.grid[who].tolist() == where.tolist()
    assert broken(world.run()) == []


def test_who_has_a_case_in_hand_finishes_it_for_the_grid_it_belongs_to(city):
    slow = city.replace({"handling.service": deterministic(20.0)})
    world = World(slow, seed=SEED).advance(8)
    t = world.tables
    busy = np.flatnonzero((t.worker.case >= 0) & (t.worker.role == FULL_TIME))[:5]
    cases, home, load = t.worker.case[busy].copy(), t.worker.grid[busy].copy(), int(t.grid.load.sum())
    elsewhere = np.flatnonzero((t.grid.dedicated == 0) & ~np.isin(np.arange(len(t.grid)), home))[: len(busy)]
    assert len(elsewhere) == len(busy) >= 2 and np.array_equal(t.case.handler[cases], home)
    world.move_workers(busy, elsewhere)
    t = world.tables
    assert np.array_equal(t.worker.case[busy], cases) and np.array_equal(t.case.handler[cases], home)
    assert int(t.grid.load.sum()) == load  # whom nobody serves any more is sent on at the day's first moment
    attempts = t.case.attempts[cases].copy()
    world.advance(30)
    assert np.all(world.tables.case.attempts[cases] > attempts) and broken(world) == []


def test_more_teams_stay_and_are_counted(city):
    world = World(city, seed=SEED).under([Phase(10, city.replace({"linkage.rate": 0.9}))]).advance(5)
    before = int(world.tables.department.teams.sum())
    world.add_teams(["north.justice", "south.traffic"], 2)
    world.advance(12)
    assert int(world.tables.department.teams.sum()) == before + 4
    assert [int(s.teams.sum()) - before for s in world.strengths] == [0, 4, 4]
    assert broken(world.run()) == []


def test_luck_is_keyed_and_apart_from_the_models(city):
    world, other = (World(city, seed=SEED, replicate=r) for r in (0, 1))
    luck = world.luck("mood", [3, 3, 4], [0, 1, 0])
    assert luck.shape == (3, 4) and len(np.unique(luck)) == 12 and luck.min() > 0 and luck.max() < 1
    assert np.array_equal(luck[1], world.luck("mood", 3, 1)) and not np.any(
        luck == other.luck("mood", [3, 3, 4], [0, 1, 0])
    )
    assert not np.any(luck == world.luck("mood", [3, 3, 4], [0, 1, 0], attempt=1))
    assert np.array_equal(luck[:2], uniform_block(SEED, 0, own_stream("mood"), 3, 2))
    assert own_stream("mood") == 1_822_274_905 and own_stream("mood ") != own_stream("mood") >= OWN
    many = world.luck("mood", np.arange(4000))
    assert stats.kstest(many.ravel(), "uniform").pvalue > 1 - LEVEL


def test_compare_gives_every_run_the_same_storm_whatever_the_jobs(city):
    storm = Storm(["north"], first=5, days=20)
    one, two = (compare(city, "raise-linkage", replications=3, jobs=j, seed=3, interventions=[storm]) for j in (1, 2))
    assert one.runs.equals(two.runs) and one.own_code == two.own_code == described([storm], None)
    assert not storm.blowing
    plain = compare(city, "raise-linkage", replications=3, jobs=2, seed=3)
    assert plain.own_code == () and not plain.runs.equals(one.runs)
    arisen = one.daily.pivot_table(index=["replicate", "day"], columns="policy", values="arisen")
    assert arisen["baseline"].equals(arisen["raise-linkage"].rename("baseline"))
    assert trace(city, "raise-linkage", interventions=[storm]).case != trace(city, "raise-linkage").case


def test_the_model_of_mesa_calls_them_too():
    short = {"time__warmup_days": 10, "time__days": 20, "time__follow_up_days": 5}
    short |= {"rules__grievance": False, "rules__security": False}  # no incident breeds another
    storm = Storm(["neighbourhood"], first=-3, days=10)
    model = GovernanceModel("neighbourhood", rng=4, interventions=[storm], **short).run()
    plain = GovernanceModel("neighbourhood", rng=4, **short).run()
    change = model.daily.arisen - plain.daily.arisen
    assert (change.loc[-10:-4] == 0).all() and (change.loc[-3:6] > 0).all() and (change.loc[7:] == 0).all()


BAD = {
    "unknown district": (Storm(["nort"]), "no district 'nort'; did you mean north?"),
    "unknown category": (Storm(["north"], categories=["litterr"]), "no category 'litterr'"),
    "beyond the headroom": (Storm(["north"], factor=4.0), "4 times the usual one, more than arrivals.headroom = 3"),
    "no factor": (Storm(["north"], factor=-1.0), "factor: must be above 0 (got -1.0)"),
    "no days": (Storm(["north"], days=0), "days: must be a whole number, 1 or more (got 0)"),
    "share": (Redeployment(share=1.5), "share: must be a number from 0 to 1 (got 1.5)"),
    "every": (Redeployment(every=0), "every: must be a whole number of days, 1 or more (got 0)"),
    "class": (Storm, "intervention Storm: is not callable; give an object or function of (world, day)"),
    "number": (3, "intervention 3: is not callable"),
    "lock": (threading.Lock(), "cannot be copied, as every run needs its own"),
}


@pytest.mark.parametrize("what, expected", BAD.values(), ids=BAD.keys())
def test_what_cannot_be_done_is_refused_before_anything_runs(city, what, expected):
    with pytest.raises(ScenarioError) as error:
        compare(city, "raise-linkage", replications=1, interventions=[what, what])
    assert len(error.value.errors) == 2 and expected in error.value.errors[0]


def test_helpers_refuse_what_would_break_the_tables(city):
    world = World(city, seed=SEED)
    t = world.tables
    firm, site = int(np.flatnonzero(t.worker.role > 1)[0]), int(np.flatnonzero(t.grid.dedicated == 1)[0])
    for call, expected in (
        (lambda: world.move_workers([0, 1], [0]), "2 workers and 1 grids"),
        (lambda: world.move_workers([firm], [0]), "staff of a firm"),
        (lambda: world.move_workers([0], [site]), "dedicated grid has people of its own"),
        (lambda: world.move_workers([0, 0], [1, 2]), "a row is named twice"),
        (lambda: world.move_workers([10**6], [1]), "must be rows from 0 to"),
        (lambda: world.add_teams("north.justise"), "did you mean north.justice?"),
        (lambda: world.add_teams("north.justice", 0), "must add 1 or more"),
        (lambda: world.multiply_rate(float("nan")), "must be a number, 0 or more"),
        (lambda: world.multiply_rate(2.0, [10**6]), "must be rows from 0 to"),
    ):
        with pytest.raises(ScenarioError, match=expected.replace("(", r"\(")):
            call()
    assert differing(world, World(city, seed=SEED)) == []


OWN_FILE = """
from gridsim import Redeployment, Storm

storm = Storm(["neighbourhood"], factor=2.0, first=3, days=5)
number = 3


class Quarterly(Redeployment):
    pass


class Needy:
    def __init__(self, what):
        pass

    def __call__(self, world, day):
        pass
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(OWN_FILE, encoding="utf-8")
    (tmp_path / "broken.py").write_text("x = 1\ny = (\n", encoding="utf-8")
    (tmp_path / "failing.py").write_text("x = 1\n1 / 0\n", encoding="utf-8")
    fast = 'based_on = "neighbourhood"\n[time]\nwarmup_days = 5\ndays = 20\nfollow_up_days = 5\n'
    (tmp_path / "fast.toml").write_text(fast, encoding="utf-8")
    return tmp_path


def test_command_line(folder, capsys):
    own = ["--interventions", "mine.py:storm,Quarterly"]
    assert main(["run", "fast.toml", *own, "--out", "run"]) == 0
    assert main(["run", "fast.toml", "--out", "plain"]) == 0
    assert main(["trace", "fast.toml", *own, "--out", "trace"]) == 0
    capsys.readouterr()
    assert (
        main(
            [
                "compare",
                "fast.toml",
                "--policies",
                "raise-linkage",
                "--replications",
                "2",
                *own,
                "--lang",
                "both",
                "--out",
                "cmp",
            ]
        )
        == 0
    )
    assert "Storm(districts=['neighbourhood'], factor=2.0" in capsys.readouterr().out
    for name in ("run", "trace", "cmp"):
        told = json.loads((folder / name / "manifest.json").read_text(encoding="utf-8"))["own_code"]
        assert [x["kind"] for x in told] == ["intervention"] * 2 and all(len(x["sha256"]) == 64 for x in told)
        assert told[0]["file"] == "interventions.py" and told[1]["file"] == "mine.py"
    assert json.loads((folder / "plain" / "manifest.json").read_text(encoding="utf-8"))["own_code"] == []
    assert (folder / "run" / "daily.csv").read_bytes() != (folder / "plain" / "daily.csv").read_bytes()
    assert "--interventions mine.py:storm,Quarterly" in (folder / "cmp" / "report.html").read_text(encoding="utf-8")
    assert "自编程序" in (folder / "cmp" / "report.html").read_text(encoding="utf-8")


WRONG = {
    "mine.py": "write FILE.py:NAME (got 'mine.py')",
    "none.py:x": "no file none.py",
    "mine.py:strom": "mine.py: has no 'strom'; did you mean storm?",
    "mine.py:number": "number is not callable",
    "mine.py:Needy": "Needy: Needy.__init__() missing 1 required positional argument: 'what'; make one in the file",
    "broken.py:x": "broken.py, line 2: SyntaxError",
    "failing.py:x": "failing.py, line 2: ZeroDivisionError: division by zero",
    "fast.toml:x": "fast.toml: ImportError: not a Python file",
}


@pytest.mark.parametrize("command", ["run", "compare", "trace"])
def test_wrong_names_are_told_at_once(folder, capsys, command):
    typed = [w for name in WRONG for w in ("--interventions", name)]
    assert main([command, "fast.toml", *typed]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == len(WRONG)
    for line, expected in zip(lines, WRONG.values(), strict=True):
        assert line.startswith("gridsim: --interventions: ") and expected in line


def test_description_tells_values_not_places_in_memory():
    class Plain:
        def __init__(self):
            self.b, self.a = 2, 1

        def __call__(self, world, day):
            pass

    told = described([Plain(), test_command_line], None)
    assert told[0]["what"].endswith("Plain(a=1, b=2)") and told[1]["what"] == "test_command_line"
    assert {x["file"] for x in told} == {"test_interventions.py"}


@pytest.mark.parametrize("module", [changes, interventions])
def test_examples(module):
    found = doctest.testmod(module)
    assert found.attempted > 0 and found.failed == 0
