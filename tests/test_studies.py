"""Study files: read, run, told in words; the three designs against arithmetic by hand."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gridsim.cli import main
from gridsim.scenario.errors import ScenarioError
from gridsim.scenario.policies import builtin_policies, read_policies
from gridsim.scenario.scenario import load_scenario
from gridsim.studies.designs import Factorial, Levels, balanced, plan_of
from gridsim.studies.ledger import Ledger
from gridsim.studies.study import Study, between

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
QUICK = '{ "time.warmup_days" = 5, "time.days" = 10, "time.follow_up_days" = 5 }'


def write(folder: Path, design: str, more: str = "", settings: str = QUICK) -> Path:
    path = folder / "asked.toml"
    path.write_text(
        f'title = "Asked"\nscenario = "neighbourhood"\nreplications = 3\nsettings = {settings}\n{more}\n'
        f'measures = ["backlog", "linkage_rate"]\n[design]\n{design}\n',
        encoding="utf-8",
    )
    return path


def test_the_city_is_possible_wherever_sobol_goes():
    """Of the whole study file, not of its quick form: a range that leaves no hours for events is refused at once."""
    study = Study.read(EXPERIMENTS / "sobol.toml")
    data = study.to_dict()
    data["told"]["design"]["n"] = 32
    assert len(plan_of(Study.from_dict(data)).points) == 32 * 13  # base points, and their crossings: factors, dummy, 2


def test_the_policies_that_take_good_governance_apart_are_todays_patrol_and_its_own():
    apart, lever = read_policies(EXPERIMENTS / "answers" / "good-governance" / "policies.toml"), "staff.patrol_hours"
    own = builtin_policies()["proactive-and-even-handed"].set[lever]
    assert apart["patrol-as-today"].set == {lever: load_scenario("daqing-2021").staff.patrol_hours}
    assert apart["longer-patrol"].set == {lever: own}


@pytest.mark.parametrize("file", sorted(EXPERIMENTS.glob("*.toml")), ids=lambda f: f.stem)
def test_every_study_runs_quickly(file, tmp_path, capsys):
    asked = Study.read(file, quick=True).told.design.get("policies", [])
    if absent := [p for name in asked for p in name.split("+") if p not in builtin_policies()]:
        assert main(["study", str(file), "--quick", "--out", str(tmp_path)]) == 2
        assert f"no policy '{absent[0]}'" in capsys.readouterr().err
        pytest.skip(f"there is no policy {absent[0]} yet")
    both = file.stem == "three-policies"
    lang = ["--lang", "both"] if both else []
    assert main(["study", str(file), "--quick", "--out", str(tmp_path / "a"), *lang]) == 0
    out, study = capsys.readouterr().out, Study.read(file)
    assert f"# {study.told.title}" in out and "## Limits" in out
    indices = study.told.design["kind"] == "sensitivity"  # it has indices, and says how large a sample they need
    table, warning = (
        ("indices.csv", "Sample: not enough; run ") if indices else ("effects.csv", "replications: a first look")
    )
    for name in ("study.ledger", "runs.csv", table, "figure.png", *(["figure-zh.png"] if both else [])):
        assert (tmp_path / "a" / name).stat().st_size > 0
    page = (tmp_path / "a" / "page.md").read_text(encoding="utf-8")
    assert not re.search(r"\bnan\b", page) and warning in page
    assert not both or f"# {study.told.chinese}" in (tmp_path / "a" / "page-zh.md").read_text(encoding="utf-8")


TWO_WINDOWS = '{ "time.warmup_days" = 5, "time.days" = 730, "time.follow_up_days" = 5 }'


@pytest.mark.parametrize(
    ("design", "table", "term", "options"),
    [
        (
            'kind = "factorial"\npolicies = ["raise-linkage", "devices"]',
            "factorial",
            {"term": "raise-linkage × devices"},
            ["raise-linkage+devices", "raise-linkage", "devices", "baseline", 0.5],
        ),
        (
            'kind = "levels"\n[design.levels]\n"linkage.rate" = [0.5, 0.9]\n"staff.devices" = [0.0, 1.0]',
            "interaction",
            {"what": "difference"},
            [f"linkage.rate={a} staff.devices={b}" for a, b in ((0.9, 1), (0.5, 1), (0.9, 0), (0.5, 0))] + [1.0],
        ),
    ],
)
def test_of_several_windows_the_last_is_read(tmp_path, capsys, design, table, term, options):
    """An interaction by hand from the runs: both − one − the other + neither (halved, as Yates has it), later year."""
    assert main(["study", str(write(tmp_path, design, "", TWO_WINDOWS)), "--out", str(tmp_path / "r")]) == 0
    runs, found = pd.read_csv(tmp_path / "r" / "runs.csv"), pd.read_csv(tmp_path / "r" / f"{table}.csv")
    assert runs.window.unique().tolist() == ["days 0-365", "days 365-730"]
    last = runs[runs.window == "days 365-730"].pivot(index="replicate", columns="option", values="backlog")
    both, one, other, neither = (last[name] for name in options[:4])
    row = found[(found.measure == "backlog") & np.logical_and.reduce([found[k] == v for k, v in term.items()])]
    assert row.effect.item() == pytest.approx((both - one - other + neither).mean() * options[4])


def test_commands_end_to_end(tmp_path, capsys):
    file, out = write(tmp_path, 'kind = "compare"\npolicies = ["raise-linkage"]'), str(tmp_path / "r")
    assert main(["study", str(file), "--out", out, "--sitting", "1", "--jobs", "1", "--json"]) == 0
    told = capsys.readouterr()
    assert "of 6 runs are done and kept; gridsim resume" in told.err
    assert json.loads(told.out) == {
        "folder": out,
        "runs": {"done": 2, "failed": 0, "lost": 0, "missing": 4},
        "files": [],
    }
    assert main(["study", str(file), "--out", out, "--sitting", "1", "--jobs", "1"]) == 0
    assert capsys.readouterr().out == ""
    assert main(["status", out, "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["runs"] == {"done": 4, "failed": 0, "lost": 0, "missing": 2} and status["resumable"]
    assert main(["resume", out, "--json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert str(tmp_path) not in (tmp_path / "r" / "manifest.json").read_text(encoding="utf-8")
    assert main(["study", str(file), "--out", out, "--json"]) == 0  # nothing is left to run
    again = json.loads(capsys.readouterr().out)
    assert again["digest"] == first["digest"] and again["runs"]["done"] == 6
    assert main(["status", f"{out}/study.ledger", "--lang", "zh"]) == 0
    assert "完成 6" in capsys.readouterr().out
    for wrong in (str(tmp_path), str(tmp_path / "none" / "x.csv")):
        assert main(["export", out, "--out", wrong]) == 2
        assert "must be a file in a folder that exists" in capsys.readouterr().err
    assert main(["export", out]) == 0 and main(["export", out, "--parquet"]) == 0
    table, other = pd.read_csv(f"{out}/study.csv"), pd.read_parquet(f"{out}/study.parquet")
    with Ledger.read(f"{out}/study.ledger") as book:
        frame = book.frame("all")
    assert list(table.columns) == list(frame.columns) == list(other.columns)
    pd.testing.assert_frame_equal(frame, other, check_dtype=False, check_exact=True)
    assert (table.backlog == frame.backlog).all() and len(table) == 6


def test_a_study_not_begun_has_no_time_a_run(tmp_path, capsys):
    Ledger.write(
        tmp_path / "new.ledger", plan_of(Study.read(write(tmp_path, 'kind = "compare"\npolicies = ["devices"]')))
    ).close()
    assert main(["status", str(tmp_path / "new.ledger")]) == 0
    told = capsys.readouterr().out
    assert "6 not yet run." in told and "nan" not in told


def test_a_study_goes_on_from_any_folder(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text("def prepare(world):\n    return world\n", encoding="utf-8")
    write(tmp_path, 'kind = "compare"\npolicies = ["devices"]', 'code = "mine.py"')
    monkeypatch.chdir(tmp_path)
    plan = plan_of(Study.read("asked.toml"))
    monkeypatch.chdir("/")
    assert type(plan).from_dict(plan.to_dict()).hash == plan.hash  # what resume does with the ledger's plan


def test_a_ledger_of_another_version_is_told_by_status_and_export(tmp_path, capsys):
    import sqlite3

    file, out = write(tmp_path, 'kind = "compare"\npolicies = ["raise-linkage"]'), tmp_path / "r"
    assert main(["study", str(file), "--out", str(out)]) == 0
    with sqlite3.connect(out / "study.ledger") as db:
        db.execute("UPDATE fact SET value = 'beef' WHERE name = 'engine'")
    capsys.readouterr()
    assert main(["resume", str(out)]) == 2 and main(["study", str(file), "--out", str(out)]) == 2
    assert capsys.readouterr().err.count("never mixed") == 2
    assert main(["status", str(out)]) == 0 and "it can be exported, not resumed" in capsys.readouterr().out
    assert main(["export", str(out)]) == 0 and (out / "study.csv").exists()


def test_a_study_with_failed_runs_says_so_and_leaves_them_out(tmp_path, capsys):
    (tmp_path / "mine.py").write_text(
        "MEASURES = ['days']\ndef measure(world):\n    assert world.replicate != 2, 'out of order'\n    return {'days': 1}\n",
        encoding="utf-8",
    )
    file = write(tmp_path, 'kind = "compare"\npolicies = ["raise-linkage"]', 'code = "mine.py"')
    assert main(["study", str(file), "--out", str(tmp_path / "r")]) == 1
    assert "**2 runs are not done** (2 failed" in capsys.readouterr().out
    assert set(pd.read_csv(tmp_path / "r" / "effects.csv").replications) == {2}
    assert main(["status", str(tmp_path / "r")]) == 0 and "out of order" in capsys.readouterr().out
    shutil.move(tmp_path / "mine.py", tmp_path / "gone.py")
    assert main(["resume", str(tmp_path / "r")]) == 2 and "mine.py: cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("design", "more", "told"),
    [
        ('kind = ["compare"]', "", "no design \"['compare']\""),
        ('kind = "factoriall"\npolicies = ["a"]', "", "no design 'factoriall'; did you mean factorial?"),
        ('kind = "compare"', "", "design.policies: is missing"),
        ('kind = "compare"\npolicies = ["raise-linkag"]', "", "no policy 'raise-linkag'; did you mean raise-linkage?"),
        ('kind = "compare"\npolicies = ["devices"]\nagainst = "x"', "", "'x' is none of the policies"),
        ('kind = "levels"\nlevels = { "linkage.drop" = [0.1] }', "", "linkage.drop: is not a lever"),
        ('kind = "levels"\nlevels = { "linkage.rate" = [1.5] }', "", "linkage.rate: must be at most 1"),
        ('kind = "levels"\nlevels = { "patrol.strategy" = ["own"] }', "", "levels are numbers or switches"),
        ('kind = "levels"\nlevels = { "linkage.rate" = [0.5, 0.50000001] }', "", "linkage.rate: 0.5 stands twice"),
        ('kind = "levels"\nlevel = 1', "", "design.level: unknown key; did you mean design.levels?"),
        ('kind = "compare"\npolicies = ["devices"]', "between = 2", "between: is said of two scenarios"),
        (
            'kind = "compare"\npolicies = ["devices"]',
            "replicate = 2",
            "replicate: unknown key; did you mean replications?",
        ),
        ('kind = "compare"\npolicies = ["devices"]', 'policy_files = ["none.toml"]', "none.toml: no such file"),
        ('kind = "compare"\npolicies = ["devices"]', 'code = "none.py"', "none.py: cannot be read"),
    ],
)
def test_what_is_wrong_with_a_study_is_told(tmp_path, capsys, design, more, told):
    assert main(["study", str(write(tmp_path, design, more)), "--out", str(tmp_path / "r")]) == 2
    assert told in capsys.readouterr().err
    assert not (tmp_path / "r" / "study.ledger").exists()


def test_wrong_files_are_told(tmp_path, capsys):
    for argument, told in (("a.txt", "a study is a .toml file"), ("none.toml", "no such file")):
        assert main(["study", argument]) == 2 and told in capsys.readouterr().err
    for command in ("resume", "status", "export"):
        assert main([command, str(tmp_path / "none.ledger")]) == 2 and "no such file" in capsys.readouterr().err
    file = write(tmp_path, 'kind = "compare"\npolicies = ["devices"]', 'seed = -1\nquick = { scenario = "x" }')
    assert main(["study", str(file)]) == 2 and "seed: must be at least 0" in capsys.readouterr().err


def test_quick_replaces_levels_whole_and_settings_key_by_key(tmp_path):
    path = tmp_path / "q.toml"
    path.write_text(
        'title = "Q"\nscenario = "district"\nsettings = { "time.days" = 9, "linkage.drop" = 0.2 }\n[design]\n'
        'kind = "levels"\n[design.levels]\n"linkage.rate" = [0.1, 0.2]\n[quick]\nscenario = "neighbourhood"\n'
        'settings = { "time.days" = 7 }\ndesign = { levels = { "experts.per_full_time" = [0.1] } }\n',
        encoding="utf-8",
    )
    told = Study.read(path, quick=True).told
    assert told.scenario == "neighbourhood" and told.settings == {"time.days": 7, "linkage.drop": 0.2}
    assert told.design == {"kind": "levels", "levels": {"experts.per_full_time": [0.1]}}
    assert Study.read(path).told.scenario == "district"


def runs(values: dict[str, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"scenario": "s", "replicate": r, "option": o, "backlog": x}
            for o, xs in values.items()
            for r, x in enumerate(xs)
        ]
    )


def study(measures=("backlog",)) -> Study:
    told = {"title": "t", "scenario": "neighbourhood", "measures": list(measures), "design": {"kind": "factorial"}}
    return Study.from_dict({"name": "t", "folder": ".", "told": told})


def test_factorial_contrasts_by_hand():
    """Today 10, a −4, b −2, and together one is lost: the effects of Yates, and what is left over."""
    luck = np.array([0.0, 1.0, 5.0])
    y = {"baseline": 10 + luck, "a": 6 + luck, "b": 8 + luck, "a+b": 5 + luck}
    table = Factorial(kind="factorial", policies=["a", "b"])._contrasts(study(), "s", runs(y)).set_index("term")
    assert table.effect.to_dict() == pytest.approx(
        {"a": -3.5, "b": -1.5, "a × b": 0.5, "sum of the parts": -6.0, "left over": 1.0}
    )
    assert table.loc["a"].ci_low == table.loc["a"].ci_high == pytest.approx(-3.5)  # luck is common
    noisy = y | {"a": y["a"] + [1.0, 0.0, -1.0]}
    a = (
        Factorial(kind="factorial", policies=["a", "b"])
        ._contrasts(study(), "s", runs(noisy))
        .set_index("term")
        .loc["a"]
    )
    half = 4.302652729749464 * (0.5 / 3**0.5)  # t quantile of 2 degrees of freedom; contrast is ½ of a − … + …
    assert (a.ci_low, a.ci_high) == pytest.approx((-3.5 - half, -3.5 + half))


def test_three_policies_without_interaction_have_none():
    names, effect = ["a", "b", "c"], {"a": -1.0, "b": 2.0, "c": 0.5}
    design = Factorial(kind="factorial", policies=names)
    stacks = ["", "a", "b", "c", "a+b", "a+c", "b+c", "a+b+c"]
    y = {s or "baseline": [sum(effect[p] for p in s.split("+") if p) + r for r in (0.0, 3.0)] for s in stacks}
    table = design._contrasts(study(), "s", runs(y)).set_index("term").effect
    for term in ("a × b", "a × c", "b × c", "a × b × c", "left over"):
        assert table[term] == pytest.approx(0.0)
    assert [table[n] for n in names] == pytest.approx([-1.0, 2.0, 0.5]) and table["sum of the parts"] == 1.5


def test_corners_of_two_levers_by_hand():
    design = Levels(kind="levels", levels={"u": [0.0, 1.0], "v": [5.0, 9.0]})
    y = {"u=0 v=5": [1.0, 2.0], "u=1 v=5": [4.0, 5.0], "u=0 v=9": [7.0, 7.0], "u=1 v=9": [8.0, 8.0]}
    table = design._corners(study(), runs(y)).set_index("what").effect
    assert table.to_dict() == {"at the lowest": 3.0, "at the highest": 1.0, "difference": -2.0}


def test_levels_are_levers_of_policies(tmp_path):
    design = 'kind = "levels"\nalso = { "experts.incentive" = 0.5 }\nlevels = { "experts.per_full_time" = [0, 0.2] }'
    plan = plan_of(Study.read(write(tmp_path, design)))
    assert [o.name for o in plan.options] == ["baseline", "experts.per_full_time=0", "experts.per_full_time=0.2"]
    phase = plan.options[2].phases(plan.scenarios[0])[0].scenario
    assert (phase.experts.per_full_time, phase.experts.incentive) == (0.2, 0.5)


def test_between_two_scenarios_by_arithmetic():
    a = load_scenario("daqing-2021")
    b = load_scenario("daqing-2021-b")
    half = between(a, b, 0.5)
    assert half.departments.duration.median == 4.5 and half.linkage.hop.mean == 0.75
    assert half.linkage.drop == pytest.approx((a.linkage.drop + b.linkage.drop) / 2)
    assert half.teams["longfeng"]["emergency"] == 8  # 8.5, rounded to even
    assert set(half.patterns) == set(a.patterns) and half.name == "daqing-2021~daqing-2021-b@0.5"
    assert set(half.diff(a)) <= set(b.diff(a))
    with pytest.raises(ScenarioError, match="differ in more than numbers"):
        between(a, load_scenario("district"), 0.5)


def test_half_a_replication_is_not_used(tmp_path):
    file = write(tmp_path, 'kind = "compare"\npolicies = ["raise-linkage"]')
    with Ledger.write(tmp_path / "a.ledger", plan_of(Study.read(file))) as book:
        with pytest.raises(ScenarioError, match="no replication is done under every option"):
            balanced(book)
        from gridsim.studies.runner import run_study

        run_study(None, ledger=book)
        with book.db:
            book.db.execute("DELETE FROM run WHERE replicate = 1 AND option = ?", (book.plan.key(0, 0, 1, 1).option,))
        frame = balanced(book)
    assert sorted(set(frame.replicate)) == [0, 2] and len(frame) == 4
