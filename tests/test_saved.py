"""A damaged or strange folder of results is refused in one clear sentence; an interrupted verify tells what is done."""

import json
import shutil

import pytest

from gridsim.cli import main
from gridsim.scenario.scenario import ScenarioError, load_scenario
from gridsim.studies.baselines import baseline_table
from gridsim.studies.comparison import compare
from gridsim.studies.saved import STORY, TABLES, fingerprint, load_comparison, load_several
from gridsim.studies.trace import trace
from gridsim.verification.check import CHECKS, Check, Finding
from gridsim.views.output import write_csv, write_tables

SMALL = load_scenario("neighbourhood", time__warmup_days=30, time__days=30, time__follow_up_days=30)
CHANGED = "is not the one that was written (changed or cut off)"


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """One baseline with a story and drawn parameters, and the table over baselines."""
    where = tmp_path_factory.mktemp("saved") / "one"
    c = compare(SMALL, "raise-linkage", replications=3, vary="linkage")
    write_tables(c, where, command="x", baselines=baseline_table([c]), story=trace(SMALL, "raise-linkage"))
    return where


@pytest.fixture
def folder(written, tmp_path):
    return shutil.copytree(written, tmp_path / "copy")


def refused(folder, capsys):
    """The one line of the error."""
    assert main(["report", str(folder)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and err.startswith(f"gridsim: {folder}")
    assert not (folder / "report.html").exists()
    return err


def test_the_manifest_lists_what_was_written(written):
    listed = json.loads((written / "manifest.json").read_text(encoding="utf-8"))["tables"]
    assert set(listed) == {*TABLES.values(), "draws.csv", "baselines.csv", "scenario.toml", "trace.json"}
    assert all(entry["sha256"] == fingerprint(written / name) for name, entry in listed.items())
    saved = load_comparison(written)
    for attribute, name in TABLES.items():
        assert listed[name]["rows"] == len(getattr(saved.comparison, attribute))
    assert saved.story is not None and saved.baselines is not None and len(saved.comparison.draws) == 3


def cut(data):
    """The first half of the lines, a table still."""
    lines = data.splitlines(keepends=True)
    return b"".join(lines[: len(lines) // 2])


CHANGES = {
    "empty": lambda data: b"",
    "no columns": lambda data: b"\n\n",
    "cut at a line": cut,
    "cut in a letter": lambda data: data[:-1],
    "column renamed": lambda data: data.replace(b"policy", b"p", 1) + b"\n",
    "text for a number": lambda data: data.replace(b"1", b"one"),
    "no text": lambda data: b"\xff\xfe" + data,
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "name", ["groups.csv", "daily.csv", "comparison.csv", "draws.csv", "trace.json", "baselines.csv"]
)
def test_a_changed_table_is_refused(folder, capsys, name, change):
    path = folder / name
    path.write_bytes(CHANGES[change](path.read_bytes()))
    assert refused(folder, capsys) == f"gridsim: {folder}: {name} {CHANGED}; run gridsim compare again\n"


def test_filtered_rows_and_a_changed_scenario_are_refused(folder, capsys):
    path = folder / "comparison.csv"
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(line for line in lines if ",backlog," not in line), encoding="utf-8")
    assert CHANGED in refused(folder, capsys)
    shutil.copy(folder.parent / "copy" / "runs.csv", folder / "scenario.toml")
    with pytest.raises(ScenarioError) as caught:
        load_comparison(folder)
    assert [("comparison.csv" in e, "scenario.toml" in e) for e in caught.value.errors] == [
        (True, False),
        (False, True),
    ]


def without(key):
    def change(facts):
        del facts[key]
        return json.dumps(facts).encode()

    return change


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda facts: b"", "cut off or no JSON"),
        (lambda facts: json.dumps(facts).encode()[:-40], "cut off or no JSON"),
        (lambda facts: '{"a": "网'.encode()[:-1], "cut off or no JSON"),
        (lambda facts: b"[" * 100_000, "cut off or no JSON"),
        (lambda facts: b"[]", "no table of facts"),
        (lambda facts: b"{}", "gridsim, engine_sources"),
        (without("options"), "options missing"),
        (without("tables"), "written by an older gridsim"),
        (lambda facts: json.dumps(facts | {"tables": [1]}).encode(), "no table of sums"),
        (lambda facts: json.dumps(facts | {"tables": {}}).encode(), "comparison.csv"),
        (lambda facts: json.dumps(facts | {"options": {"a": {}}}).encode(), "options: no policies"),
    ],
)
def test_a_damaged_manifest_is_refused(folder, capsys, change, what):
    path = folder / "manifest.json"
    path.write_bytes(change(json.loads(path.read_text(encoding="utf-8"))))
    line = refused(folder, capsys)
    assert "manifest.json is damaged (" in line and what in line and "run gridsim compare again" in line


@pytest.mark.parametrize("text", ["{}", '{"tellings": 3}', "["])
def test_a_story_that_is_none_is_refused(folder, capsys, text):
    (folder / STORY).write_text(text, encoding="utf-8")
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    facts["tables"][STORY] = {"sha256": fingerprint(folder / STORY)}
    (folder / "manifest.json").write_text(json.dumps(facts), encoding="utf-8")
    assert "trace.json is damaged" in refused(folder, capsys)


@pytest.mark.parametrize("name", ["trace.json", "draws.csv", "curves.csv", "comparison.csv", "manifest.json"])
def test_a_listed_file_that_is_missing_is_said(folder, capsys, name):
    (folder / name).unlink()
    assert f"{name} missing; run gridsim compare again" in refused(folder, capsys)


def test_a_story_left_by_an_earlier_comparison_is_not_told(folder):
    facts = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    del facts["tables"][STORY]
    (folder / "manifest.json").write_text(json.dumps(facts), encoding="utf-8")
    assert load_comparison(folder).story is None


def test_folders_of_other_commands_are_named(tmp_path, capsys):
    assert main(["run", "neighbourhood", "--days", "5", "--out", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    assert "is a folder of gridsim run; name one that gridsim compare wrote" in refused(tmp_path / "run", capsys)


def test_the_folder_above_asks_which(folder, capsys):
    assert f"no folder of results; did you mean {folder}?" in refused(folder.parent, capsys)
    assert "name one that gridsim compare wrote" in refused(folder.parent / "absent", capsys)


@pytest.mark.parametrize("change", [*CHANGES, "other columns"])
def test_a_damaged_table_over_baselines_is_refused(written, tmp_path, capsys, change):
    shutil.copytree(written, tmp_path / "neighbourhood")
    path = tmp_path / "baselines.csv"
    write_csv(load_comparison(written).baselines, path)
    assert [s.folder.name for s in load_several(tmp_path)] == ["neighbourhood"]
    data = path.read_bytes()
    path.write_bytes(b"a,b\n1,2\n" if change == "other columns" else CHANGES[change](data))
    assert "baselines.csv is" in refused(tmp_path, capsys)


@pytest.fixture
def interrupted(monkeypatch):
    """Two checks, the second interrupted."""

    def holds(size):
        yield Finding("one and one", 2, 2, float("nan"), float("nan"), "", True, "equal")

    def stops(size):
        raise KeyboardInterrupt
        yield

    for name, run in (("holds", holds), ("stops", stops), ("waits", stops)):
        monkeypatch.setitem(CHECKS, name, Check(name, name, "theory", "", "", False, run))


def test_an_interrupted_verify_tells_what_is_done(interrupted, tmp_path, capsys):
    document = tmp_path / "v.md"
    argv = ["verify", "--only", "holds,stops,waits", "--jobs", "1", "--out", str(document)]
    assert main(argv) == 130
    out, err = capsys.readouterr()
    assert "one and one" in out and "interrupted; 1 of 3 checks done" in err and "replication" not in err
    assert not document.exists()
    assert main(["verify", "--only", "stops", "--lang", "zh"]) == 130
    out, err = capsys.readouterr()
    assert out == "" and "已完成 0 项检验（共 1 项）" in err


@pytest.mark.parametrize(
    ("only", "said"), [("", "name at least one check"), (" ", "name at least one check"), ("equity,", "'equity,'")]
)
def test_verify_wants_names(only, said, capsys):
    assert main(["verify", "--only", only]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("gridsim: --only: ") and said in err and err.count("\n") == 1
