"""The command line as a stranger meets it."""

import argparse
import inspect
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pandas as pd
import pytest

import gridsim
from gridsim.cli import main
from gridsim.views import errors

FAST = 'based_on = "neighbourhood"\n[time]\nwarmup_days = 20\ndays = 40\nfollow_up_days = 10\n'


@pytest.fixture
def fast(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fast.toml").write_text(FAST, encoding="utf-8")
    return tmp_path


def test_compare_writes_what_it_says(fast, capsys):
    assert main(["compare", "fast.toml", "--replications", "3", "--out", "out"]) == 0
    printed = capsys.readouterr().out
    assert "better" in printed or "no clear difference" in printed
    names = [
        "comparison.csv",
        "runs.csv",
        "daily.csv",
        "groups.csv",
        "load.csv",
        "costs.csv",
        "curves.csv",
        "grids.csv",
        "map.csv",
        "linkage.csv",
        "scenario.toml",
        "manifest.json",
        "trace.json",
        "report.html",
        "report.xlsx",
        "elements.csv",
        "ranking.csv",
        "backlog.png",
        "differences.png",
    ]
    assert sorted(p.name for p in (fast / "out").iterdir()) == sorted(names)
    table = pd.read_csv(fast / "out" / "comparison.csv")
    assert list(table.columns[:10]) == [
        "policy",
        "measure",
        "unit",
        "baseline",
        "value",
        "difference",
        "ci_low",
        "ci_high",
        "replications",
        "verdict",
    ]
    assert (fast / "out" / "comparison.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    manifest = json.loads((fast / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["seed"] == 1 and manifest["replications"] == [0, 1, 2] and len(manifest["scenario_hash"]) == 64
    for name in ("backlog.png", "differences.png"):
        assert (fast / "out" / name).read_bytes().startswith(b"\x89PNG")


def test_the_printed_numbers_stand_in_the_file(fast, capsys):
    assert main(["compare", "fast.toml", "--replications", "3", "--policies", "raise-linkage", "--out", "o"]) == 0
    row = pd.read_csv("o/comparison.csv").query("measure == 'backlog'").iloc[0]
    line = next(x for x in capsys.readouterr().out.splitlines() if "open cases (backlog)" in x)
    assert f"{row.baseline:.1f}" in line and f"{row.value:.1f}" in line and row.verdict in line


def test_resolved_scenario_runs_again_to_the_same_numbers(fast):
    assert main(["compare", "fast.toml", "--replications", "2", "--out", "a"]) == 0
    assert main(["compare", "a/scenario.toml", "--replications", "2", "--out", "b"]) == 0
    assert (fast / "a/runs.csv").read_bytes() == (fast / "b/runs.csv").read_bytes()


def test_default_folder_is_new_each_time(fast):
    for _ in range(2):
        assert main(["compare", "fast.toml", "--replications", "1", "--policies", "raise-linkage"]) == 0
    assert sorted(p.name for p in (fast / "gridsim-results").iterdir()) == ["fast-001", "fast-002"]


def test_chinese(fast, capsys):
    assert main(["compare", "fast.toml", "--replications", "2", "--lang", "zh", "--out", "zh"]) == 0
    printed = capsys.readouterr().out
    assert "实际解决时长" in printed and "变化及原因" in printed and "time to resolution" not in printed


def test_json_is_strict_json(fast, capsys):
    assert main(["compare", "fast.toml", "--replications", "1", "--json"]) == 0
    data = json.loads(capsys.readouterr().out, parse_constant=lambda c: pytest.fail(f"{c} is not JSON"))
    assert data["comparison"][0]["ci_low"] is None  # one replication has no interval
    for command in (
        ["scenarios"],
        ["policies"],
        ["parameters"],
        ["measures"],
        ["scenarios", "neighbourhood", "fast.toml"],
    ):
        assert main([*command, "--json"]) == 0
        json.loads(capsys.readouterr().out)


def test_run_and_its_files(fast, capsys):
    assert main(["run", "fast.toml", "--policies", "raise-linkage", "--out", "r", "--cases"]) == 0
    assert "open cases (backlog)" in capsys.readouterr().out
    cases = pd.read_csv("r/cases.csv")
    assert {"onset", "reported", "closed", "resolved", "state", "category"} <= set(cases.columns)


def test_look_ups(fast, capsys):
    assert main(["scenarios"]) == 0
    assert "daqing-2021" in capsys.readouterr().out
    assert main(["scenarios", "neighbourhood", "fast.toml"]) == 0
    out = capsys.readouterr().out
    assert "time.days" in out and "linkage" not in out
    assert main(["policies"]) == 0
    out = capsys.readouterr().out
    assert "部门联动提效" in out and "linkage.rate" in out and "30,000 yuan per department" in out
    assert main(["parameters", "linkage"]) == 0
    out = capsys.readouterr().out
    assert "部门联动率" in out and "staff." not in out


BAD = [
    (["compare", "nieghbourhood"], "did you mean neighbourhood?"),
    (["compare", "missing.toml"], "no such file"),
    (["compare", "fast.toml", "--policies", "raise-linkge"], "did you mean raise-linkage?"),
    (["compare", "fast.toml", "--replications", "0"], "must be a whole number from 1"),
    (["compare", "fast.toml", "--replications", "many"], "must be a whole number from 1"),
    (["compare", "fast.toml", "--seed", "-1"], "must be a whole number from 0"),
    (["compare", "fast.toml", "--days", "0"], "must be a whole number from 1"),
    (["compare", "fast.toml", "--lang", "fr"], "Allowed are en, zh"),
    (["compare", "fast.toml", "--replication", "3"], "did you mean --replications?"),
    (["compare"], "SCENARIO"),
    (["comprae", "fast.toml"], "did you mean compare?"),
    (["compare", "fast.toml", "--out", "fast.toml/x"], "cannot write to"),
    (["compare", "fast.toml", "--policy-file", "none.toml"], "none.toml: no such file"),
    (["run", "fast.toml", "--policies", "a+b"], "no policy 'a'"),
    (["compare", "fast.toml", "--policies", "raise-linkage+raise-linkage"], "names the same policy twice"),
    (["compare", "fast.toml", "nieghbourhood"], "did you mean neighbourhood?"),
    (["compare", "fast.toml", "fast.toml"], "two baselines have this name"),
    (["compare", "fast.toml", "--only", "linkage"], "give --vary too"),
    (["compare", "fast.toml", "--vary", "--only", "linkag"], "did you mean linkage?"),
    (["run", "fast.toml", "daqing-2021"], "unknown argument daqing-2021"),
    (["run", "fast.toml", "--seeds", "0"], "must be a whole number from 1"),
    (["fit", "fast.toml"], "there is nothing to fit"),
    (["policies", "--langg", "zh"], "did you mean --lang?"),
    (["parameters", "linkag"], "did you mean linkage?"),
    (["scenarios", "a", "b", "c"], "at most two names"),
    ([], "COMMAND"),
]


@pytest.mark.parametrize("argv, expected", BAD, ids=[" ".join(a) or "nothing" for a, _ in BAD])
def test_bad_command_lines_give_one_clear_line(argv, expected, fast, capsys):
    try:
        code = main(argv)
    except SystemExit as stop:
        code = stop.code
    err = capsys.readouterr().err
    assert code == 2
    assert expected in err and "Traceback" not in err
    lines = [x for x in err.splitlines() if x.strip()]
    assert len(lines) == (2 if argv[-1:] == ["a+b"] else 1), lines  # a+b: two policies, each unknown
    assert not (fast / "gridsim-results").exists()


CHINESE = [
    (["compare"], "gridsim compare: 缺少参数：SCENARIO"),
    (["compar"], "没有此命令或选项 'compar'；是否应为 compare？可用：compare, "),
    (["compare", "fast.toml", "--seeed", "3"], "没有此选项 --seeed；是否应为 --seed？"),
    (["run", "fast.toml", "more"], "多余的参数 more"),
    (["run", "fast.toml", "--days", "x"], "参数 --days：须为整数，范围 1 至 36500（现为 'x'）"),
    (["compare", "neighborhood"], "neighborhood: 没有此情景；是否应为 neighbourhood？内置情景：daqing-2021, "),
    (["compare", "fast.toml", "--policies", "raise-linkge"], "没有政策 'raise-linkge'；是否应为 raise-linkage？已有："),
    (["compare", "none.toml"], "none.toml: 没有此文件"),
    (["run", "bad.toml"], "bad.toml: linkage.rat: 没有此键；是否应为 linkage.rate？"),
    (["run", "bad.toml"], "bad.toml: linkage.rate: 不得大于 1（现为 1.6）"),
    (["run", "bad.toml"], "bad.toml: staff.full_time: 须为整数（现为 'x'）"),
    (["new", "x", "--grids", "bad.csv"], "bad.csv：第 2 行，人口: 须为整数，范围 1 至 100,000（现为 '-3'）"),
    (["new", "x", "--grids", "bad.csv"], "bad.csv：第 3 行：有 2 格，而表头有 6 格；含逗号的格须加引号"),
    (["new", "x", "--grids", "bad.csv"], "bad.csv：第 4 行，网格: 'A' 已在第 2 行出现"),
]


@pytest.mark.parametrize("argv, expected", CHINESE)
def test_usual_errors_are_chinese_when_chinese_is_asked_for(argv, expected, fast, capsys):
    text = 'based_on = "neighbourhood"\n[linkage]\nrat = 0.6\nrate = 1.6\n[staff]\nfull_time = "x"\n'
    (fast / "bad.toml").write_text(text, encoding="utf-8")
    rows = "网格,类型,区县,街道,社区,人口\nA,综合,D,S,C,-3\nB,综合\nA,综合,D,S,C,5\n"
    (fast / "bad.csv").write_text(rows, encoding="utf-8")
    for zh in (["--lang", "zh"], ["--lang=zh"]):
        try:
            code = main([*argv, *zh])
        except SystemExit as stop:
            code = stop.code
        assert code == 2 and expected in capsys.readouterr().err


def test_chinese_pieces_are_pieces_of_errors_that_are_raised():
    """A sentence that is changed in the code is changed in the catalogue too, or would be English again."""
    sources = "".join(p.read_text(encoding="utf-8") for p in Path(gridsim.__file__).parent.rglob("*.py"))
    sources += inspect.getsource(argparse)
    pieces = tomllib.loads((Path(errors.__file__).with_suffix(".toml")).read_text(encoding="utf-8"))
    longest = {max(re.split(r"\{\w\}", en), key=len).strip(" ;:?.,()") for en in pieces}
    composed = {"unknown option", "unknown argument", "stands in row"}  # of two pieces; tried above
    assert {part for part in longest if part not in sources} == composed
    for en, zh in pieces.items():
        assert sorted(re.findall(r"\{(\w)\}", en)) == sorted(re.findall(r"\{(\w)\}", zh)), en


def test_module_and_pipe(fast):
    out = subprocess.run([sys.executable, "-m", "gridsim", "--version"], capture_output=True, text=True, check=True)
    assert out.stdout.startswith("gridsim ")
    p = subprocess.run(
        f'"{sys.executable}" -m gridsim parameters | head -1',
        shell=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert p.returncode == 0 and p.stderr == "" and p.stdout.startswith("parameter")
