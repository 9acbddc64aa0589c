"""Several baselines: the same comparison at each, and how far the answer depends on which is true."""

import json
from types import SimpleNamespace

import pandas as pd
import pytest

import gridsim
from gridsim.cli import main
from gridsim.scenario.scenario import ScenarioError, load_scenario
from gridsim.studies.baselines import AGREEMENTS, agreement, baseline_table, effect_ratio
from gridsim.views.baseline_table import AGREEMENT

FAST = 'based_on = "neighbourhood"\n[time]\nwarmup_days = 20\ndays = 40\nfollow_up_days = 10\n'


def row(difference: float, half: float = 1.0) -> SimpleNamespace:
    return SimpleNamespace(difference=difference, ci_low=difference - half, ci_high=difference + half)


@pytest.mark.parametrize(
    "rows, expected, ratio",
    [
        ([row(-4), row(-2), row(-6)], "same direction in all", 3.0),
        ([row(4), row(5)], "same direction in all", 1.25),
        ([row(-4), row(4)], "opposite directions", None),
        ([row(-4), row(0.5), row(4)], "opposite directions", None),
        ([row(-4), row(0.5)], "clear in some only", None),
        ([row(-0.5), row(0.5)], "clear in none", None),
        ([row(0.0, 0.0), row(0.0, 0.0)], "clear in none", None),
        ([row(float("nan")), row(-4)], "clear in some only", None),
    ],
)
def test_verdict_over_baselines(rows, expected, ratio):
    assert agreement(rows) == expected
    assert effect_ratio(rows) == (pytest.approx(ratio) if ratio else pytest.approx(float("nan"), nan_ok=True))


def test_every_verdict_has_words():
    assert set(AGREEMENT) == set(AGREEMENTS)


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.toml").write_text(FAST, encoding="utf-8")
    (tmp_path / "b.toml").write_text(FAST + "[linkage]\ndrop = 0.2\n", encoding="utf-8")
    return tmp_path


def test_each_baseline_is_compared_as_if_alone(here):
    both = gridsim.compare_baselines(["a.toml", "b.toml"], "raise-linkage", replications=3, seed=2)
    assert [c.scenario.name for c in both.comparisons] == ["a", "b"]
    for c in both.comparisons:
        alone = gridsim.compare(f"{c.scenario.name}.toml", "raise-linkage", replications=3, seed=2)
        assert alone.table.equals(c.table)
        mine = both.table[both.table.baseline == c.scenario.name].set_index("measure")
        for measure in ("time_to_resolution", "backlog"):
            r = alone.row("raise-linkage", measure)
            assert (mine.loc[measure].difference, mine.loc[measure].ci_low) == (r.difference, r.ci_low)
            assert mine.loc[measure].relative == pytest.approx(r.difference / r.baseline)
    assert not both.interrupted and len(both.table) == 4
    one = baseline_table(both.comparisons[:1])
    assert (one.ratio.dropna() == 1).all()  # a single baseline differs from none


def test_one_baseline_twice_agrees_with_itself(here):
    a = load_scenario("a.toml")
    twin = gridsim.Scenario.from_dict({**a.to_dict(), "name": "twin"})
    table = gridsim.compare_baselines([a, twin], "raise-linkage", replications=6).table
    assert not table.agreement.isin(["opposite directions", "clear in some only"]).any()
    assert (table.ratio.dropna() == 1).all()


def test_command_writes_a_folder_each_and_one_table(here, capsys):
    base = ["compare", "a.toml", "b.toml", "--policies", "raise-linkage", "--replications", "2"]
    assert main([*base, "--lang", "both", "--out", "o"]) == 0
    out = capsys.readouterr().out
    assert out.index("How far the answer depends") < out.index("=== Baseline a") < out.index("=== Baseline b")
    assert sorted(p.name for p in (here / "o").iterdir()) == ["a", "b", "baselines.csv", "report.html"]
    assert (here / "o/b/runs.csv").exists()
    table = pd.read_csv("o/baselines.csv")
    assert list(table.baseline) == ["a", "b"] * 2 and table.agreement.isin(AGREEMENTS).all()
    own = pd.read_csv("o/b/comparison.csv").query("measure == 'backlog'").iloc[0]
    assert table.query("baseline == 'b' and measure == 'backlog'").iloc[0].difference == own.difference
    assert "结论对基线的依赖程度" in out
    assert main([*base, "--json", "--out", "j"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert set(data["comparisons"]) == {"a", "b"} and len(data["baselines"]) == 4


def test_many_baselines_are_told_short(here, capsys):
    (here / "c.toml").write_text(FAST + "[linkage]\ndrop = 0.3\n", encoding="utf-8")
    names = ["a.toml", "b.toml", "c.toml"]
    assert main(["compare", *names, "--policies", "raise-linkage", "--replications", "1", "--days", "30"]) == 0
    out = capsys.readouterr().out
    assert "How far the answer depends" in out and "=== Baseline" not in out
    assert [p.name for p in (here / "gridsim-results").iterdir()] == ["a-and-b-and-c-001"]


def test_what_is_wrong_in_any_baseline_is_said_at_once(here):
    (here / "bad.toml").write_text(FAST + "[linkage]\nrate = 2.0\n", encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        gridsim.compare_baselines(["bad.toml", "a.toml", "nieghbourhood"], "raise-linkage", replications=1)
    assert len(caught.value.errors) == 2
    with pytest.raises(ScenarioError, match="a: two baselines have this name"):
        gridsim.compare_baselines(["a.toml", load_scenario("a.toml")], "raise-linkage", replications=1)
