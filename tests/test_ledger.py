"""Plans and ledgers: every run once, known by its content, never mixed, the same numbers wherever it is run."""

import json
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import gridsim
from gridsim.cli import main
from gridsim.measures import BY_KEY, MEASURES
from gridsim.scenario.errors import ScenarioError
from gridsim.scenario.policies import Option, Policy, builtin_policies, parse_options
from gridsim.scenario.scenario import load_scenario
from gridsim.studies import ledger
from gridsim.studies.comparison import compare
from gridsim.studies.ledger import Ledger
from gridsim.studies.plan import TODAY, Plan
from gridsim.studies.point import at_point
from gridsim.studies.runner import run_study
from gridsim.studies.trial import packed
from gridsim.studies.versions import results_hash, source_hash

TINY = load_scenario("neighbourhood", time__warmup_days=5, time__days=10, time__follow_up_days=5)
LINK = parse_options("raise-linkage", builtin_policies(), TINY)[0]


def plan(**changes) -> Plan:
    return Plan(**{"scenarios": (TINY,), "options": (TODAY, LINK), "replications": 3} | changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("ledger") / "study.ledger"
    with run_study(plan(), ledger=path) as book:
        assert book.counts() == {"done": 6, "failed": 0, "lost": 0, "missing": 0}
    return path


def test_the_numbers_are_those_of_compare(finished):
    theirs = compare(TINY, "raise-linkage", replications=3).runs.rename(columns={"policy": "option"})
    with Ledger.read(finished) as book:
        ours = book.frame("all")
    names = ["option", "replicate", "window", *(m.key for m in MEASURES)]
    order = ["option", "replicate"]
    a, b = (f[names].sort_values(order, ignore_index=True) for f in (theirs, ours))
    pd.testing.assert_frame_equal(a, b, check_exact=True)


def test_wide_is_the_paired_effect_in_the_order_of_the_design(finished):
    with Ledger.read(finished) as book:
        frame = book.frame().set_index(["option", "replicate"]).backlog
        paired = book.wide("backlog", "raise-linkage", against="baseline")
        plain = book.wide("backlog", "raise-linkage")
    assert paired.shape == plain.shape == (1, 1, 3)
    assert list(plain[0, 0]) == list(frame["raise-linkage"])
    assert list(paired[0, 0]) == list(frame["raise-linkage"] - frame["baseline"])


def test_what_is_finished_is_not_run_again(finished):
    calls = []
    with run_study(plan(), ledger=finished, progress=lambda *a: calls.append(a)) as book:
        assert not calls and not list(book.missing())
        digest = book.digest()
    with run_study(None, ledger=finished) as book:  # the plan of the file
        assert book.digest() == digest


def test_a_longer_plan_goes_on_where_the_shorter_ended(tmp_path):
    path, calls = tmp_path / "a.ledger", []
    run_study(plan(replications=1), ledger=path).close()
    with run_study(plan(), ledger=path, progress=lambda *a: calls.append(a)) as book:
        assert [c[0] for c in calls] == [3, 4, 5, 6] and calls[0][1] == 6
        assert book.digest() == run_study(plan()).digest()


def test_another_study_is_refused(finished):
    for other in (plan(seed=2), plan(replications=2), plan(options=(TODAY,)), plan(factors=("dummy",), points=((1,),))):
        with pytest.raises(ScenarioError, match="holds another study"):
            Ledger.write(finished, other)


def test_a_ledger_of_another_version_is_refused_but_read(finished, tmp_path):
    other = tmp_path / "other.ledger"
    other.write_bytes(finished.read_bytes())
    with sqlite3.connect(other) as db:
        db.execute("UPDATE fact SET value = 'beefbeefbeefbeef' WHERE name = 'engine'")
    for asked in (plan(), None):
        with pytest.raises(ScenarioError, match="another version of the engine .beefbeefbeefbeef.*never mixed"):
            run_study(asked, ledger=other)
    with Ledger.read(other) as book:
        assert book.engine != results_hash() and len(book.frame()) == 6


def test_two_writers_at_once_are_refused(finished):
    with Ledger.write(finished, plan()):
        with pytest.raises(ScenarioError, match=r"is being written to by process \d+ on"):
            Ledger.write(finished, plan())
        with Ledger.read(finished) as book:  # readers may
            assert book.counts()["done"] == 6
    Ledger.write(finished, plan()).close()


def test_what_is_no_ledger_is_refused(tmp_path):
    text = tmp_path / "x.ledger"
    text.write_text("not a ledger", encoding="utf-8")
    foreign = tmp_path / "y.ledger"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE t (a)")
    for path, why in ((text, "is no ledger"), (foreign, "is no ledger"), (tmp_path / "z", "no such file")):
        with pytest.raises(ScenarioError, match=why):
            Ledger.read(path)
        if path.exists():
            with pytest.raises(ScenarioError, match=why):
                Ledger.write(path, plan())
    assert {p.name for p in tmp_path.iterdir()} == {"x.ledger", "y.ledger"}  # and no lock beside them


def test_the_software_that_made_runs_is_told_and_a_change_of_it(tmp_path, monkeypatch, capsys):
    path = tmp_path / "a.ledger"
    run_study(plan(), ledger=path, most=1).close()
    with Ledger.read(path) as book:
        (one,) = book.software
        assert f"numpy {np.__version__}" in one and book.counts()["missing"] == 4
    run_study(plan(), ledger=path, most=1).close()
    with Ledger.read(path) as book:
        assert book.software == [one]
    monkeypatch.setattr(ledger, "software", lambda: "Python 4.0")
    Ledger.write(path).close()  # looked at, but nothing was run
    with Ledger.read(path) as book:
        assert book.software == [one]
    assert main(["resume", str(path)]) == 0 and "not all made with the same software" in capsys.readouterr().err
    assert main(["status", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["software"] == [one, "Python 4.0"]
    monkeypatch.setattr(ledger, "software", lambda: "Python 5.0")  # nothing is left to run
    assert main(["resume", str(path)]) == 0
    assert "5.0" not in capsys.readouterr().err


@pytest.mark.parametrize("name", ["studies/point.py", "studies/trial.py", "scenario/ranges.py"])
def test_what_makes_a_run_is_part_of_the_version(name, tmp_path, monkeypatch):
    package = Path(gridsim.__file__).parent
    for folder in ("scenario", "model", "measures", "studies"):
        shutil.copytree(package / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(gridsim, "__file__", str(tmp_path / "__init__.py"))
    assert results_hash.__wrapped__() == results_hash()
    source = (tmp_path / name).read_text(encoding="utf-8")
    (tmp_path / name).write_text(source + "X = 1\n", encoding="utf-8")
    assert results_hash.__wrapped__() != results_hash()


def test_what_cannot_be_opened_is_told_as_it_is(tmp_path):
    with pytest.raises(ScenarioError, match="cannot be written: unable to open"):
        Ledger.write(tmp_path / "none" / "x.ledger", plan())
    path = tmp_path / "a.ledger"
    Ledger.write(path, plan()).close()
    (tmp_path / "a.ledger.lock").unlink(missing_ok=True)
    (tmp_path / "a.ledger.lock").mkdir()  # not another process
    with pytest.raises(ScenarioError, match="cannot be written: unable to open"):
        Ledger.write(path, plan())


def test_a_failed_run_is_a_row_with_its_traceback(tmp_path):
    code = tmp_path / "mine.py"
    code.write_text(
        "MEASURES = ['days']\ndef measure(world):\n"
        "    if world.replicate == 1:\n        raise ValueError('not today')\n    return {'days': world.day}\n",
        encoding="utf-8",
    )
    with run_study(plan(code=str(code))) as book:
        assert book.counts() == {"done": 4, "failed": 2, "lost": 0, "missing": 0}
        status, error = book.errors(1)[0]
        assert status == "failed" and "ValueError: not today" in error and "mine.py" in error
        frame = book.frame()
        assert list(frame.days[frame.status == "done"]) == [15.0] * 4
        assert frame.backlog[frame.status == "failed"].isna().all()


def test_code_of_the_users_own_is_part_of_the_key(tmp_path):
    path, code = tmp_path / "a.ledger", tmp_path / "mine.py"
    code.write_text("def prepare(world):\n    return world\n", encoding="utf-8")
    run_study(plan(code=str(code), replications=1), ledger=path).close()
    code.write_text("# a comment changes nothing\ndef prepare(world):\n    return world\n", encoding="utf-8")
    run_study(None, ledger=path).close()
    code.write_text("def prepare(world):\n    world.seed = 7\n    return world\n", encoding="utf-8")
    with pytest.raises(ScenarioError, match="has changed since the study began"):
        run_study(None, ledger=path)
    with Ledger.read(path) as book:  # looking needs no file, and runs nothing of it
        assert book.counts()["done"] == 2
    for text, why in (
        ("x = 1", "needs prepare"),
        ("1/0", "cannot be run"),
        ("MEASURES = ['backlog']\nmeasure = 1", "is the name of"),
    ):
        code.write_text(text, encoding="utf-8")
        with pytest.raises(ScenarioError, match=why):
            plan(code=str(code)).columns  # noqa: B018


def test_modules_beside_the_users_code_count(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    mine, helper = tmp_path / "mine.py", tmp_path / "helper_of_mine.py"
    mine.write_text(
        "import os\nfrom helper_of_mine import by\ndef prepare(world):\n    return by(world)\n", encoding="utf-8"
    )
    helper.write_text("def by(world):\n    return world\n", encoding="utf-8")
    before = plan(code=str(mine))
    stored = before.to_dict()
    helper.write_text("def by(world):\n    world.seed = 7\n    return world\n", encoding="utf-8")
    assert plan(code=str(mine)).hash != before.hash
    with pytest.raises(ScenarioError, match="has changed since the study began"):
        Plan.from_dict(stored)


def test_code_beside_a_docstring_counts():
    line = 'def prepare(world): "mine"; world.seed = 7; return world\n'
    assert source_hash(line) != source_hash(line.replace("7", "8"))
    doc = 'def prepare(world):\n    "mine"  # told\n    return world\n'
    assert source_hash(doc) == source_hash(doc.replace("mine", "ours").replace("told", "said"))


def test_points_are_answered_in_the_order_of_the_design():
    """And points of equal values, whatever a dummy says, are run once."""
    points = ((0.9, 0.1), (0.2, 0.5), (0.9, 0.7))
    calls = []
    book = run_study(
        plan(factors=("linkage.rate", "dummy"), points=points, replications=2), progress=lambda *a: calls.append(a)
    )
    assert len(calls) == 2 * 2 * 2  # two points of three, two options, two replications
    wide = book.wide("linkage_rate", "baseline")[0]
    assert (wide[0] == wide[2]).all() and (wide[0] > wide[1]).all()
    frame = book.frame()
    assert list(frame.point) == sorted(frame.point) and list(frame["linkage.rate"][:4]) == [0.9] * 4
    alone = run_study(plan(scenarios=(TINY.replace({"linkage.rate": 0.2}),), replications=2))
    assert (alone.wide("backlog", "raise-linkage") == book.wide("backlog", "raise-linkage")[:, 1]).all()


def test_values_of_points_move_durations_and_round_counts():
    s = at_point(TINY, {"departments.duration": 9.0, "handling.max_attempts": 2.6, "linkage.parallel": False})
    assert s.departments.duration.median == 9.0 and s.departments.duration.sigma == TINY.departments.duration.sigma
    assert s.handling.max_attempts == 3 and s.linkage.parallel is False
    assert s.time == TINY.time


def test_a_point_that_a_city_cannot_have_is_a_failed_row():
    book = run_study(plan(factors=("staff.patrol_hours",), points=((2.0,), (900.0,)), replications=1))
    frame = book.frame()
    assert list(frame.status) == ["done", "done", "failed", "failed"]
    assert "ScenarioError" in book.errors()[0][1]


def test_seed_as_a_factor_is_another_history():
    book = run_study(plan(factors=("seed",), points=((1,), (5,)), replications=2))
    assert book.counts()["missing"] == 0  # points that differ in nothing else are both run
    assert (book.wide("backlog", "baseline")[0, 0] == run_study(plan()).wide("backlog", "baseline")[0, 0, :2]).all()
    assert (book.wide("backlog", "baseline")[0, 1] != book.wide("backlog", "baseline")[0, 0]).all()
    assert list(book.frame().seed) == [1] * 4 + [5] * 4
    other = plan(factors=("seed",), points=((1,), (6,)))
    assert not plan(factors=("seed",), points=((1,), (5,))).extends(other)


def test_what_is_finished_is_balanced_at_any_moment():
    points, two = tuple((x / 10,) for x in range(1, 7)), (TINY, TINY.replace({"linkage.rate": 0.1}))
    p = plan(scenarios=two, factors=("linkage.drop",), points=points, replications=4)
    done = dict.fromkeys([(s, k) for s in range(2) for k in range(6)], 0)
    first = []
    for batch in p.batches():
        done[batch.scenario, batch.point] += 1
        first.append(batch.point)
        assert max(done.values()) - min(done.values()) <= 1
    assert set(done.values()) == {4}
    assert first[:12:2] != sorted(first[:12:2])  # no order of the design


def test_plans_are_checked_all_at_once():
    with pytest.raises(ScenarioError) as caught:
        Plan((TINY,), (TODAY, TODAY), 0, -1, factors=("linkage.rat", "time.days"), points=((1,),))
    text = "\n".join(caught.value.errors)
    for part in ("replications", "seed", "'baseline' stands twice", "did you mean linkage.rate", "time.days", "row 0"):
        assert part in text
    long = TINY.replace({"time.days": 20})
    with pytest.raises(ScenarioError, match="different reporting windows"):
        Plan((TINY, long))


def test_a_plan_is_the_same_after_json():
    p = plan(options=(TODAY, LINK, Option("later", (Policy(name="later", starts=3, set={"linkage.rate": 0.8}),))))
    again = Plan.from_dict(p.to_dict())
    assert again.hash == p.hash and again.extends(p) and list(again.batches()) == list(p.batches())
    assert not p.extends(plan(seed=3)) and p.extends(plan()) and not plan().extends(p)


def test_every_nan_is_the_same_nan_and_no_bit_is_lost():
    odd = np.frombuffer(b"\x01\x00\x00\x00\x00\x00\xf8\xff", "<f8")[0]
    assert packed([float("nan"), 0.1]) == packed([odd, 0.1])
    assert np.frombuffer(packed([0.1 + 0.2]), "<f8")[0] == 0.1 + 0.2


def test_columns_are_all_measures_of_all_windows(finished):
    with Ledger.read(finished) as book:
        assert [m for _, m in book.plan.columns] == list(BY_KEY)
        assert (book.frame().seconds > 0).all() and book.seconds() > 0
