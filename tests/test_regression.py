"""The stored numbers of the regression are met, and it can fail: a changed default, rule or file is told by number."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import gridsim
from gridsim.scenario.scenario import ScenarioError, builtin_folder
from gridsim.verification import regression
from gridsim.verification.check import Size, findings

PACKAGE = Path(gridsim.__file__).parent


def test_this_version_gives_the_stored_numbers():
    found = findings("regression", Size())
    assert [f.note for f in found if not f.holds] == []
    assert len(found) == len(regression.cities()) > 20


def test_cities_cover_every_switch_and_choice():
    cities = regression.cities().values()
    for key, p in regression.REGISTRY.items():
        if key.startswith("rules.") or p.choices or p.type is bool:
            assert {s.get(key) for s in cities} == set(p.choices or (False, True)), key


def test_every_number_says_something():
    """A number that is 0 in every city could never move."""
    stored = regression.stored_numbers()
    assert set(stored) == set(regression.cities())
    assert {k for k in stored["all rules"] if not any(city[k] for city in stored.values())} == set()


def run_regression(folder: Path, *cities: str) -> subprocess.CompletedProcess[str]:
    """The command in a copy of the package, with rules as plain Python."""
    return subprocess.run(
        [sys.executable, "-m", "gridsim.verification.regression", *cities],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder), "NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the package; unchanged it passes, with the rules as plain Python too."""
    folder = tmp_path_factory.mktemp("copy")
    shutil.copytree(PACKAGE, folder / "gridsim", ignore=shutil.ignore_patterns("__pycache__", "builtin"))
    shutil.copytree(builtin_folder(), folder / "scenarios")
    whole = run_regression(folder, "all rules")
    assert (whole.returncode, whole.stderr) == (0, "") and "all rules: 0 of" in whole.stdout
    return folder


@pytest.mark.parametrize(
    ("file", "old", "new", "moved"),
    [
        ("scenario/parameters.py", '"形式办结率", 0.12,', '"形式办结率", 0.13,', "daily closed_formally"),
        ("model/departments.py", "task.rest = total - held", "task.rest = total", "sum of resolved"),
    ],
    ids=["default", "rule"],
)
def test_a_changed_default_or_rule_is_told(file, old, new, moved, copy):
    source = copy / "gridsim" / file
    text = source.read_text(encoding="utf-8")
    assert text.count(old) == 1
    source.write_text(text.replace(old, new), encoding="utf-8")
    broken = run_regression(copy, "all rules")
    source.write_text(text, encoding="utf-8")
    assert (broken.returncode, broken.stderr) == (1, "") and f"  {moved} " in broken.stdout


@pytest.fixture
def tampered(tmp_path, monkeypatch):
    """A file of its own in which one number of one city is another, and one is missing."""
    numbers = regression.stored_numbers()
    numbers["all rules"]["daily resolved"] += 1
    del numbers["all rules"]["incidents"]
    monkeypatch.setattr(regression, "STORED", tmp_path / "stored.json")
    regression.STORED.write_text(json.dumps(numbers), encoding="utf-8")
    return numbers


def test_a_tampered_file_is_told_and_written_anew_on_purpose(tampered, capsys):
    was = tampered["all rules"]["daily resolved"]
    (finding, other) = findings("regression", Size())[:2]
    assert (finding.holds, finding.simulation, other.holds) == (False, 2.0, True)
    assert f"daily resolved {was} → {was - 1}" in finding.note and "incidents nothing → " in finding.note
    assert regression.main(["all rules"]) == 1 and regression.main(["without patrol"]) == 0
    assert f"  daily resolved {was} → {was - 1}" in capsys.readouterr().out
    assert regression.main(["all rules", "--write"]) == 0 and regression.main(["all rules"]) == 0
    assert json.loads(regression.STORED.read_text(encoding="utf-8"))["without patrol"] == tampered["without patrol"]


def test_rounding_is_no_difference_and_a_last_digit_more_is():
    assert regression.moved({"x": 1.0, "y": 0.0}, {"x": 1.0 + 1e-12, "y": 1e-12}) == []
    assert regression.moved({"x": 1.0}, {"x": 1.0 + 1e-8}) == ["x 1 → 1.00000001"]


def test_an_unknown_city_names_the_nearest():
    with pytest.raises(ScenarioError, match="no city 'all rule'; did you mean all rules"):
        list(regression.differences(["all rule"]))
