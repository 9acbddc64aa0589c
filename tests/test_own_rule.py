"""A compiled rule of the user's: called once a day, exact, and without compiling the engine again."""

import doctest
import os
import subprocess
import sys

import pytest
from conftest import differing

from gridsim import GovernanceModel, Storm, World, compare, load_scenario, own_rule
from gridsim.cli import main
from gridsim.model import day
from gridsim.model import own_rule as home
from gridsim.scenario.scenario import ScenarioError

SHORT = load_scenario("neighbourhood", time__warmup_days=10, time__days=40, time__follow_up_days=10)


@own_rule
def nothing(t, day):
    pass


@own_rule
def storm(t, day):
    if day == 5:
        t.rate_factor[:] *= 3.0
    if day == 19:
        t.rate_factor[:] /= 3.0


def watched(world, day):
    if day == 7:
        world.tables.watched[:] = 1.0


@own_rule
def watching(t, day):
    if day == 7:
        for i in range(len(t.watched)):
            t.watched[i] = 1.0


def test_a_rule_that_does_nothing_changes_nothing():
    plain = World(SHORT, seed=2).run()
    assert differing(plain, World(SHORT, seed=2).with_rule(nothing).run()) == []
    assert differing(plain, World(SHORT, seed=2).with_rule(storm).with_rule(None).run()) == []


@pytest.mark.parametrize(
    "rule, same", [(storm, Storm(["neighbourhood"], 3.0, 5, 14)), (watching, watched)], ids=["storm", "cameras"]
)
def test_a_rule_equals_the_same_change_made_by_an_intervention(rule, same):
    seen = SHORT.replace({"video.detection": 0.5})
    ruled = World(seen, seed=2).with_rule(rule).run()
    assert differing(ruled, World(seen, seed=2).with_interventions([same]).run()) == []
    assert differing(ruled, World(seen, seed=2).run()) != []
    copied = World(seen, seed=2).with_rule(rule).advance(6).copy().advance(11).run()
    assert differing(ruled, copied) == []


def test_it_is_called_after_the_calendar_and_before_arrivals_on_every_day():
    """A rule that counts in a column nobody uses: days so far, and what had arisen when it was called."""

    @own_rule
    def counts(t, day):
        t.place[0].camera += 1.0
        t.place[1].camera = float(t.day[t.tally[0].day].arisen)
        t.place[2].camera = t.place[0].lately

    world = World(SHORT, seed=2).with_rule(counts)
    before = float(world.tables.place.camera[0])
    world.advance(0)  # which ends before the hotspots of day 0 are cooled down
    lately = float(world.tables.place.lately[0])
    world.tables.place.lately[0] = lately + 1.0
    world.advance(1)
    camera = world.tables.place.camera
    assert camera[0] - before == 11 and camera[1] == 0.0 and camera[2] == 0.0 and world.days.arisen[-1] > 0


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="nothing is compiled")
def test_the_engine_is_compiled_once_whatever_the_rule():
    World(SHORT, seed=2).advance(0)
    before = list(day.advance.signatures)
    misses = sum(day.advance.stats.cache_misses.values())
    for rule in (nothing, storm, watching):
        World(SHORT, seed=2).with_rule(rule).advance(0)
    assert day.advance.signatures == before
    assert sum(day.advance.stats.cache_misses.values()) == misses


SCRIPT = """
import hashlib
from gridsim import World, load_scenario, own_rule
from gridsim.model import compiled, day
from gridsim.model.draws import chances, own_stream
MOOD = own_stream("mood")
@own_rule
def moody(t, day):
    tally = t.tally[0]
    for n in range(max(0, tally.cases - 50), tally.cases):
        case = t.case[n]
        if case.state == 0 and chances(t, MOOD, case, 0)[0] < 0.3:
            t.place[case.place].lately += 1.0
s = load_scenario("neighbourhood").replace({"districts.neighbourhood.population": 900, "city.comprehensive_grids": 4,
    "city.dedicated_grids": 2, "staff.full_time": 4, "staff.part_time": 3, "time.warmup_days": 5,
    "patrol.strategy": "hotspots"})
w = World(s, seed=3).with_rule(moody).advance(40)
plain = World(s, seed=3).advance(40)
if hasattr(day.advance, "stats") and compiled.FOLDER is not None:
    assert not day.advance.stats.cache_misses and sum(day.advance.stats.cache_hits.values()) == 1
for x in (w, plain):
    print(hashlib.sha256(x.case_frame().round(9).to_csv().encode()).hexdigest(), float(x.tables.place.heat.sum().round(9)))
"""


def test_plain_python_and_compiled_rules_are_the_same():
    """Also the keyed luck of a rule's own. The compiled engine comes from the disk, whatever the rule."""
    World(SHORT, seed=2).advance(-9)
    out = []
    for environment in ({}, {"NUMBA_DISABLE_JIT": "1"}):
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], capture_output=True, text=True, env={**os.environ, **environment}
        )
        assert done.returncode == 0, done.stderr[-2000:]
        out.append(done.stdout)
    assert out[0] == out[1]
    ruled, plain = out[0].splitlines()
    assert ruled != plain


def test_parallel_jobs_and_every_way_in_give_the_same():
    one, two = (compare(SHORT, "raise-linkage", replications=3, jobs=j, seed=2, rule=storm) for j in (1, 2))
    assert one.runs.equals(two.runs)
    assert [x["kind"] for x in one.own_code] == ["rule"] and one.own_code[0]["file"] == "test_own_rule.py"
    model = GovernanceModel(SHORT, rng=2, rule=storm).run()
    assert differing(model.world, World(SHORT, seed=2).with_rule(storm).run()) == []


def raises(t, day):
    if day == 4:
        raise ValueError("no")


def beyond(t, day):
    if day == 4:
        t.place[len(t.place)].rate = 1.0


@pytest.mark.parametrize("function", [raises, beyond])
def test_what_a_rule_raises_ends_the_run(function):
    with pytest.raises((ValueError, IndexError)) as error:
        World(SHORT, seed=2).with_rule(function).run()
    if "NUMBA_DISABLE_JIT" not in os.environ:
        assert f"rule {function.__name__}: raised an error on day 4 (seed 2, replicate 0)" in str(error.value)


def no_column(t, day):
    t.tally[0].nonsense = 1


def no_name(t, day):
    nowhere(t)  # noqa: F821


BAD = {
    "one argument": (lambda t: None, "takes (t); a rule takes two arguments, (t, day)"),
    "keyword": (lambda t, *, day: None, "a rule takes two arguments, (t, day)"),
    "no function": (3, "rule: 3 is not a function"),
}


@pytest.mark.parametrize("what, expected", BAD.values(), ids=BAD.keys())
def test_wrong_signatures_are_refused(what, expected):
    with pytest.raises(ScenarioError) as error:
        World(SHORT).with_rule(what)
    assert expected in str(error.value)


@pytest.mark.skipif("NUMBA_DISABLE_JIT" in os.environ, reason="nothing is compiled")
@pytest.mark.parametrize("function, expected", [(no_column, "no column 'nonsense'"), (no_name, "nowhere")])
def test_what_cannot_be_compiled_is_told_in_one_line(function, expected):
    with pytest.raises(ScenarioError) as error:
        compare(SHORT, "raise-linkage", replications=1, rule=function)
    (line,) = error.value.errors
    assert line.startswith(f"rule {function.__name__}: cannot be compiled: ") and expected in line and "\n" not in line


def test_command_line(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "def rain(t, day):\n    if day == 2:\n        t.rate_factor[:] *= 2.0\n\n\ndef wrong(t):\n    pass\n\n\nthing = 3\n"
    )
    fast = 'based_on = "neighbourhood"\n[time]\nwarmup_days = 2\ndays = 10\nfollow_up_days = 2\n'
    (tmp_path / "fast.toml").write_text(fast, encoding="utf-8")
    assert main(["run", "fast.toml", "--rule", "mine.py:rain", "--out", "a"]) == 0
    assert main(["run", "fast.toml", "--out", "b"]) == 0
    assert (tmp_path / "a" / "daily.csv").read_bytes() != (tmp_path / "b" / "daily.csv").read_bytes()
    assert '"what": "rain"' in (tmp_path / "a" / "manifest.json").read_text(encoding="utf-8")
    capsys.readouterr()
    for typed, expected in (
        ("mine.py:wrong", "takes (t); a rule takes two arguments, (t, day)"),
        ("mine.py:thing", "3 is not a function"),
        ("mine.py:reign", "mine.py: has no 'reign'; did you mean rain?"),
        ("none.py:rain", "no file none.py"),
        ("mine.py:rain,rain", "name one rule; it may call others"),
    ):
        assert main(["run", "fast.toml", "--rule", typed]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith("gridsim: --rule: ") and expected in line


def test_examples():
    found = doctest.testmod(home)
    assert found.attempted > 0 and found.failed == 0
