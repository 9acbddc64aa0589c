"""The fit: it finds what is there to be found, says when it does not, and has never seen a policy."""

import ast
import json
import re
from pathlib import Path

import numpy as np
import pytest

import gridsim
from gridsim.cli import main
from gridsim.scenario import policies
from gridsim.scenario.patterns import fit_hash, fit_status
from gridsim.scenario.scenario import Scenario, ScenarioError, load_scenario
from gridsim.studies import fit as fit_module
from gridsim.studies.fit import fit
from gridsim.studies.versions import code_lines
from gridsim.views.pattern_table import fit_line

TIME = {"warmup_days": 60, "days": 120, "window_days": 60, "follow_up_days": 0}
TRUE = {"patrol.detection": 0.15, "residents.report_rate": 0.012}


def city(targets: dict[str, float] | None = None, **more) -> Scenario:
    """The neighbourhood with two fitted patterns; the tolerance is 3 % of the target."""
    data = load_scenario("neighbourhood").to_dict()
    measures = {"reports": ("patrol_reports", "patrol.detection"), "told": ("valid_residents", "residents.report_rate")}
    patterns = {
        n: {
            "measure": m,
            "target": (targets or {}).get(n, 1000.0),
            "tolerance": 0.03,
            "tolerance_kind": "relative",
            "role": "fitted",
            "by": by,
        }
        for n, (m, by) in measures.items()
    }
    patterns["linked"] = {"measure": "linked_share", "target": 0.28, "tolerance": 0.02, "role": "emergent"}
    return Scenario.from_dict({**data, "time": data["time"] | TIME, "patterns": patterns, **more})


@pytest.fixture(scope="module")
def truth() -> dict[str, float]:
    """What the patterns are where the parameters are known."""
    return fit(city().replace(TRUE), replications=2, most_rounds=1).best.achieved


def test_known_parameters_are_found_again(truth):
    told = []
    result = fit(city(truth), replications=2, told=told.append)
    assert result.reached and result.at_bound == () and tuple(told) == result.rounds
    assert 3 < len(result.rounds) <= 20
    for key, true in TRUE.items():
        assert result.best.parameters[key] == pytest.approx(true, rel=0.03)
        assert result.scenario.get(key) == result.best.parameters[key]
    assert result.best.misfit == {
        n: pytest.approx((result.best.achieved[n] - t) / (0.03 * t)) for n, t in truth.items()
    }
    assert max(map(abs, result.best.misfit.values())) <= 0.2
    changed = city(truth).diff(result.scenario)
    assert set(changed) == set(TRUE)  # nothing else is moved
    assert set(result.patterns.pattern) == {"reports", "told", "linked"}  # the emergent one is shown, not chased


def test_the_record_holds_until_something_is_changed(truth):
    s = fit(city(truth), replications=2).scenario
    status = fit_status(s)
    assert status["holds"] and status["hash"] == fit_hash(s) and status["changed"] == {}
    assert status["targets"]["reports"] == truth["reports"] and status["seed"] == 2021
    moved = fit_status(s.replace({"patrol.detection": 0.3}))
    assert not moved["holds"]
    assert moved["changed"] == {"patrol.detection": {"fitted": s.patrol.detection, "used": 0.3}}
    other = fit_status(s.replace({"linkage.hops": 3}))
    assert not other["holds"] and other["changed"] == {}
    assert s.hash == city(truth).replace({k: s.get(k) for k in TRUE}).hash  # the record is no content
    assert fit_status(city(truth)) is None


def test_the_same_fit_twice_and_on_any_number_of_threads(truth):
    a, b = (fit(city(truth), replications=2, jobs=j) for j in (1, 2))
    assert a.rounds == b.rounds and a.scenario == b.scenario


def test_out_of_reach_is_said(truth):
    result = fit(city(truth | {"reports": 3 * truth["reports"]}), replications=1, most_rounds=25)
    assert not result.reached and "patrol.detection" in result.at_bound
    assert result.best.parameters["patrol.detection"] == pytest.approx(0.6)
    assert result.best.worst == "reports" and result.scenario.fit is None


def test_what_cannot_be_fitted_is_refused(truth):
    with pytest.raises(ScenarioError, match="nothing to fit"):
        fit(load_scenario("neighbourhood"))
    with pytest.raises(ScenarioError, match=r"patrol\.detection: 0\.01 lies outside its range 0\.05 to 0\.6"):
        fit(city(truth).replace({"patrol.detection": 0.01}))
    short = city(truth | {"told": 1.0})
    rows = short.to_dict()["patterns"]
    rows["told"] |= {"measure": "true_resolution_rate"}  # cannot be told without 90 days of follow-up
    with pytest.raises(ScenarioError, match="true_resolution_rate could not be measured"):
        fit(Scenario.from_dict({**short.to_dict(), "patterns": rows}), replications=1)


def test_a_duration_is_fitted_by_its_mean(truth):
    rows = city(truth).to_dict()["patterns"]
    rows = {"d": rows["reports"] | {"measure": "stalled", "by": "linkage.stalled", "tolerance": 0.2, "target": 100.0}}
    s = Scenario.from_dict({**city(truth).to_dict(), "patterns": rows})
    found = fit(s, replications=1, most_rounds=12)
    assert found.reached, found.rounds
    assert found.scenario.linkage.stalled.distribution == "exponential"
    assert found.scenario.fit.parameters["linkage.stalled"] == found.scenario.linkage.stalled.model_dump()
    assert found.scenario.linkage.stalled.mean != s.linkage.stalled.mean


def test_the_fit_is_blind_to_policies(truth, monkeypatch):
    """Its module names no policy, and it runs with every door to policies locked."""
    tree = ast.parse(Path(fit_module.__file__).read_text(encoding="utf-8"))
    imported = {n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not any(re.search("polic|comparison|baselines|vary", m or "") for m in imported)

    def locked(*_, **__):
        raise AssertionError("a policy was looked at")

    for door in ("builtin_policies", "read_policies", "parse_options"):
        monkeypatch.setattr(policies, door, locked)
    monkeypatch.setattr(policies.Option, "phases", locked)
    monkeypatch.setattr(policies.Policy, "__init__", locked)
    with pytest.raises(AssertionError):
        gridsim.Policy(name="any")
    assert fit(city(truth), replications=1, most_rounds=3).rounds


FILE = """# my city
based_on = "neighbourhood"
[time]
warmup_days = 60
days = 60
window_days = 60
follow_up_days = 0

[patrol]
coverage = 0.25
detection = 0.3  # a guess

[linkage]
hops = 2 # as it is

[patterns.reports]
measure = "patrol_reports"
target = {target}
tolerance = 0.03
tolerance_kind = "relative"
role = "fitted"
by = "patrol.detection"

[patterns.told]
measure = "valid_residents"
target = {told}
tolerance = 0.03
tolerance_kind = "relative"
role = "fitted"
by = "residents.report_rate"
"""


@pytest.fixture
def here(tmp_path, monkeypatch, truth):
    monkeypatch.chdir(tmp_path)
    text = FILE.format(target=round(truth["reports"], 1), told=round(truth["told"], 1))
    (tmp_path / "city.toml").write_text(text, encoding="utf-8")
    return tmp_path


def test_in_place_changes_the_fitted_values_and_nothing_else(here, capsys):
    before = (here / "city.toml").read_text(encoding="utf-8").splitlines()
    for _ in range(2):  # a second fit replaces the record of the first
        assert main(["fit", "city.toml", "--replications", "2", "--in-place"]) == 0
    assert "Fitted in 1 rounds" in capsys.readouterr().out
    after = (here / "city.toml").read_text(encoding="utf-8").splitlines()
    assert after.count("[fit]") == 1
    own = after[: after.index("[fit]")]
    assert any(re.fullmatch(r"detection = 0\.1\d+  # a guess", line) for line in own)
    new = [line for line in own if line not in before]
    assert [line.split(" = ")[0] for line in new] == ["[residents]", "report_rate", "detection"]
    assert [line for line in before if line not in own] == ["detection = 0.3  # a guess"]
    s = load_scenario("city.toml")
    assert fit_status(s)["holds"]
    assert sorted(p.name for p in here.iterdir()) == ["city.toml"]


def test_out_writes_a_variant_and_manifests_say_whether_it_holds(here, capsys):
    assert main(["fit", "city.toml", "--replications", "2", "--out", "sub/fitted.toml", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["reached"] and printed["fit"]["hash"] == load_scenario("sub/fitted.toml").fit.hash
    assert main(["run", "sub/fitted.toml", "--out", "a"]) == 0
    assert f"Fit {printed['fit']['hash'][:10]}: holds" in capsys.readouterr().out
    fitted = json.loads((here / "a/manifest.json").read_text(encoding="utf-8"))["fit"]
    assert fitted["holds"] and fitted["same_engine"] and fitted["hash"] == printed["fit"]["hash"]
    other = fit_line(fit_status(load_scenario("sub/fitted.toml"), engine="another"), "en")
    assert "rules of the model are not those" in other
    (here / "mine.toml").write_text('based_on = "sub/fitted.toml"\n[patrol]\ndetection = 0.2\n', encoding="utf-8")
    assert main(["compare", "mine.toml", "--policies", "raise-linkage", "--replications", "1", "--out", "b"]) == 0
    changed = json.loads((here / "b/manifest.json").read_text(encoding="utf-8"))["fit"]
    assert not changed["holds"] and list(changed["changed"]) == ["patrol.detection"]
    assert main(["compare", "b/scenario.toml", "--policies", "raise-linkage", "--replications", "1", "--out", "c"]) == 0
    assert (here / "b/runs.csv").read_bytes() == (here / "c/runs.csv").read_bytes()
    assert load_scenario("c/scenario.toml").fit == load_scenario("sub/fitted.toml").fit


def test_failure_is_exit_code_1_and_writes_nothing(here, capsys):
    text = (here / "city.toml").read_text(encoding="utf-8")
    far = re.sub(r"target = [\d.]+", "target = 1e9", text, count=1)
    (here / "city.toml").write_text(far, encoding="utf-8")
    assert main(["fit", "city.toml", "--replications", "1", "--rounds", "8"]) == 1
    out = capsys.readouterr().out
    assert "NOT fitted" in out and "reports is still off" in out and out.splitlines()[0].startswith("1: ")
    assert main(["fit", "city.toml", "--replications", "1", "--rounds", "2", "--in-place"]) == 1
    assert (here / "city.toml").read_text(encoding="utf-8") == far and len(list(here.iterdir())) == 1


def test_a_file_that_was_not_named_is_not_overwritten(here, capsys):
    (here / "city-fitted.toml").write_text("precious", encoding="utf-8")
    assert main(["fit", "city.toml"]) == 2
    assert "exists already" in capsys.readouterr().err
    assert (here / "city-fitted.toml").read_text(encoding="utf-8") == "precious"


def test_misfit_falls_to_zero_where_the_answer_is_linear(monkeypatch):
    """Broyden on a known map: measures linear in the scaled parameters are solved after one probe of the slopes."""
    slopes = np.array([[900.0, -300.0], [-100.0, 700.0]])
    s = city({"reports": 700.0, "told": 500.0})

    def observed(scenario, *_):
        f = fit_module._scale
        u = np.array([f(k).unit(scenario.get(k)) for k in TRUE])
        reports, told = np.array([400.0, 300.0]) + slopes @ u
        m = dict.fromkeys((x.key for x in gridsim.measures.MEASURES), 0.0)
        return [{(0, 60): m | {"patrol_reports": reports, "valid_residents": told}}]

    monkeypatch.setattr(fit_module, "_observe", observed)
    result = fit(s, within=1e-3)
    assert result.reached and len(result.rounds) <= 6
    want = np.linalg.solve(slopes, [300.0, 200.0])
    got = [fit_module._scale(k).unit(result.scenario.get(k)) for k in TRUE]
    assert np.allclose(got, want, atol=1e-4)


def test_what_is_only_text_does_not_change_the_engines_hash():
    source = (
        '"""Doc."""\nx = 1  # one\n\n\ndef f():\n    """Told\n    at length."""\n    return "# no comment"  # yes\n'
    )
    assert code_lines(source) == ["x = 1", "def f():", '    return "# no comment"']
    assert code_lines(source.replace("x = 1", "x = 2")) != code_lines(source)
    assert code_lines(source.replace("at length", "shortly").replace("# one", "# uno")) == code_lines(source)
