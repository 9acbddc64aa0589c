"""What ``gridsim verify`` runs, run as tests; that its checks can fail; and its command line."""

import dataclasses
import json
import math

import numpy as np
import pytest

from gridsim.cli import main
from gridsim.measures import equity
from gridsim.measures import run as one_run
from gridsim.measures.equity import gini
from gridsim.scenario.scenario import builtin_scenarios, load_scenario, verification_scenarios
from gridsim.studies import judge, outlay
from gridsim.studies.paired import judgement, paired
from gridsim.verification import formulas, queues, simulators, suite
from gridsim.verification.check import (
    CHECKS,
    KINDS,
    Check,
    Finding,
    Size,
    exact_finding,
    findings,
    ks_resolution,
    mean_finding,
    pvalue_finding,
    share_finding,
)
from gridsim.verification.runs import exponential, varied, waits

QUICK = "equity,linked-share"


ELSEWHERE = ("second-mind", "regression")  # with the draws and the invariants, each in the file of its own tests


@pytest.mark.parametrize(
    "name",
    [c.name for c in suite.all_checks(full=False) if c.kind not in ("draws", "invariant") and c.name not in ELSEWHERE],
)
def test_every_finding_holds(name):
    found = findings(name, Size())
    assert found
    assert [f for f in found if not f.holds] == []
    assert all(f.ran for f in found)  # the other simulators belong to the extra [test]
    assert len({f.quantity for f in found}) == len(found)


# --- a check can fail ---------------------------------------------------------------------------------------------------


def test_a_wrong_theory_does_not_hold(monkeypatch):
    """Four per cent more waiting than Erlang says, as from a queue of one more case in thirty."""
    monkeypatch.setattr(queues, "QUEUES", ((3, 0.8, 100),))
    assert all(f.holds for f in findings("erlang-c", Size()))
    monkeypatch.setattr(formulas, "erlang_c", lambda c, load: 1.04 * 0.6471910112359549)
    assert not all(f.holds for f in findings("erlang-c", Size()))


def test_another_service_does_not_hold(monkeypatch):
    """Service longer by a twentieth, or of the same mean and another law."""
    for law in (exponential(0.0105), {"distribution": "gamma", "mean": 0.01, "shape": 2.0}):
        monkeypatch.setattr(queues, "QUEUES", ((3, 0.8, 60),))
        monkeypatch.setattr(queues, "varied", lambda n, law=law, **c: varied(n, **c, departments__duration=law))
        assert not all(f.holds for f in findings("erlang-c", Size()))


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("overload", "teams.d.field0", 4),
        ("priorities", "escalation.urgent_from", 5),
        ("patience", "closure.formal", 0.9),
    ],
)
def test_a_rule_off_does_not_hold(name, key, value, monkeypatch):
    monkeypatch.setattr(queues, "varied", lambda n, **c: varied(n, **c).replace({key: value}))
    found = findings(name, Size())
    assert not all(f.holds for f in found)
    assert all(f.quantity != "runs to its end" for f in found)


def test_a_disagreeing_simulator_is_found(monkeypatch):
    """SimPy with waits half as long again, as a tenth more service would make them."""
    net = simulators.networks()[0]
    longer = dataclasses.replace(net, simpy=lambda *a: {"wait": 1.5 * net.simpy(*a)["wait"]})
    monkeypatch.setattr(simulators, "networks", lambda: [longer])
    monkeypatch.setattr(simulators, "NAMES", ("gridsim", "SimPy"))
    assert not all(f.holds for f in findings("simulators", Size()))


@pytest.mark.parametrize(
    ("module", "name", "broken", "told"),
    [
        (one_run, "RESTRICTED_TO", 60.0, "time_to_resolution"),
        (one_run, "BY_PATROL", 2, "closure_rate"),
        (equity, "theil", lambda values, weights: gini(values, weights), "theil"),
    ],
)
def test_a_broken_measure_is_told_by_its_name(module, name, broken, told, monkeypatch):
    monkeypatch.setattr(module, name, broken)
    wrong = [f.quantity for f in findings("recount", Size()) if not f.holds]
    assert any(quantity.endswith(f": {told}") for quantity in wrong)
    assert not any("returns" in quantity for quantity in wrong)


@pytest.mark.parametrize(
    ("module", "name", "broken", "told"),
    [
        (judge, "paired", lambda d, *level: paired(-d, *level), "sooner: backlog, difference"),
        (judge, "holm", lambda p: p, "by hand: measures with another p_adjusted"),
        (
            judge,
            "judgement",
            lambda d, low, high, p, least, b: judgement(d, low, high, p, 0.0, b),
            "too small to matter",
        ),
        (outlay, "PAID_BY_FIRMS", (), "sooner: saved_by_firms"),
    ],
)
def test_a_broken_verdict_or_cost_is_told(module, name, broken, told, monkeypatch):
    monkeypatch.setattr(module, name, broken)
    assert any(told in f.quantity for f in findings("verdicts", Size()) if not f.holds)


def test_an_absent_simulator_is_said_and_is_no_failure(monkeypatch, capsys):
    monkeypatch.setattr(simulators, "find_spec", lambda name: None)
    found = findings("simulators", Size())
    assert [(f.ran, f.holds) for f in found] == [(False, True)] * 2
    assert main(["verify", "--only", "simulators"]) == 0
    assert "pip install gridsim[verify]" in (out := capsys.readouterr().out) and "2 could not be run" in out


def test_findings_by_hand():
    x = [9.0, 10.0, 11.0, 10.0]
    assert mean_finding("m", x, 10.0, "d", 1.0).holds
    assert not mean_finding("m", x, 20.0, "d", 1.0).holds
    wide = mean_finding("m", x, 10.0, "d", 0.1)
    assert not wide.holds and "too wide" in wide.note
    assert share_finding("s", 50, 100, 0.5).holds and not share_finding("s", 90, 100, 0.5).holds
    assert exact_finding("e", 1.0, 1.0, "d").holds and not exact_finding("e", 1.0, 1.1, "d", 0.05).holds
    assert not exact_finding("e", 1.0, math.nan, "d", 0.05).holds
    assert pvalue_finding("p", 1.0, 0.002, "t").holds and not pvalue_finding("p", 1.0, 0.0005, "t").holds
    assert ks_resolution(100) == pytest.approx((1.949 + 0.641) / 10, rel=1e-3)
    assert ks_resolution(100, 100, 10) > 1.5 * ks_resolution(100)


# --- formulas against each other ----------------------------------------------------------------------------------------


def test_formulas_agree_where_they_meet():
    assert formulas.erlang_b(1, 0.5) == pytest.approx(1 / 3) and formulas.erlang_c(1, 0.7) == pytest.approx(0.7)
    assert formulas.erlang_c(3, 2.4) == pytest.approx(0.6471910112)  # Gross et al.'s sum, worked out apart
    law = formulas.queue_length(3, 2.4, 400)
    assert law[3:].sum() == pytest.approx(formulas.erlang_c(3, 2.4)) and law.sum() == pytest.approx(1)
    assert formulas.cobham(1, 0.8, 0.0)[1] == pytest.approx(formulas.pollaczek_khinchine(0.8, 1.0, 1.0))
    assert formulas.shorter_queue(0.01) == pytest.approx(0.01, rel=0.01)


def test_impatience_meets_erlang_and_the_infinite_server():
    """Patience nought: Erlang B. Patience for ever: Erlang C. Exponential, as quick as service: M/M/∞ in law."""
    assert formulas.Impatient(330, 100, 3, [1e-9]).lost == pytest.approx(formulas.erlang_b(3, 3.3), rel=1e-5)
    endless = formulas.Impatient(240, 100, 3, [100.0])
    assert endless.waiting == pytest.approx(formulas.erlang_c(3, 2.4)) and endless.lost == pytest.approx(0)
    assert endless.beyond(1 / 60) == pytest.approx(formulas.erlang_c(3, 2.4) * math.exp(-1))
    law = formulas.Impatient(150, 100, 1, queues.patience_law(2000, 0.01), np.full(2000, 1 / 2000))
    assert law.waiting == pytest.approx(1 - math.exp(-1.5), rel=1e-4)
    assert law.lost == pytest.approx(1 - (1 - math.exp(-1.5)) / 1.5, rel=1e-4)


# --- suite, scenarios, command line -------------------------------------------------------------------------------------


def test_checks_are_told_and_found_by_themselves():
    assert {c.kind for c in suite.all_checks()} <= set(KINDS)
    assert all(c.title and (c.run.__doc__ or "").strip() for c in CHECKS.values())
    kinds = [KINDS.index(c.kind) for c in suite.all_checks()]
    assert kinds == sorted(kinds)


def test_scenarios_of_known_behaviour_are_listed_apart(capsys):
    names = verification_scenarios()
    assert "verification/erlang-c" in names and not set(names) & set(builtin_scenarios())
    for name in names:
        s = load_scenario(name)
        assert s.title and s.chinese and s.description and s.source
    assert main(["scenarios"]) == 0 and "erlang" not in capsys.readouterr().out
    assert main(["scenarios", "--verification"]) == 0 and "erlang-c" in capsys.readouterr().out
    assert main(["run", "verification/erlang-c", "--days", "5"]) == 0
    assert main(["run", "verification/erlang"]) == 2
    assert "did you mean verification/erlang-c?" in capsys.readouterr().err


def test_waits_refuse_unfinished_cases():
    from gridsim.model.settings import DEPARTMENT
    from gridsim.model.world import World

    with pytest.raises(ValueError, match="still open"):
        waits(World(varied("overload")).advance(5), DEPARTMENT, 0, 5)


def test_verify_prints_a_table_and_writes_a_document(tmp_path, capsys):
    out = tmp_path / "verification.md"
    assert main(["verify", "--only", QUICK, "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "linked cases, .3 · .7" in printed and printed.splitlines()[-1].endswith("all hold.")
    text = out.read_text(encoding="utf-8")
    assert text.startswith("# gridsim: verification") and "linked cases, .3 · .7" in text and "99.9 %" in text
    assert str(tmp_path) not in text
    assert main(["verify", "--only", QUICK, "--lang", "zh"]) == 0
    assert "全部成立" in capsys.readouterr().out


def test_verify_as_json_and_the_same_again(capsys):
    runs = []
    for jobs in ("1", "2"):
        assert main(["verify", "--only", QUICK, "--json", "--jobs", jobs]) == 0
        runs.append(json.loads(capsys.readouterr().out, parse_constant=lambda c: pytest.fail(f"{c} is not JSON")))
    assert runs[0] == runs[1]
    assert {row["check"] for row in runs[0]} == set(QUICK.split(","))


def test_verify_lists_without_running(capsys):
    assert main(["verify", "--list"]) == 0
    assert "erlang-c-grid" in capsys.readouterr().out
    assert main(["verify", "--list", "--json"]) == 0
    assert {c["name"] for c in json.loads(capsys.readouterr().out)} == set(CHECKS)


def test_a_finding_that_fails_is_exit_1_and_named(monkeypatch, capsys):
    def wrong(size):
        yield Finding("two and two", 5.0, 4.0, 4.0, 4.0, "", False)

    def broken(size):
        raise ValueError("no such thing\nwith a second line")
        yield

    for name, run in (("wrong", wrong), ("broken", broken)):
        monkeypatch.setitem(CHECKS, name, Check(name, name, "theory", "", "", False, run))
    assert main(["verify", "--only", "wrong,broken"]) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert "wrong: two and two" in last and "broken: runs to its end" in last
    assert findings("broken", Size())[0].note == "ValueError: no such thing"


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--only", "erlang"], "did you mean erlang-c?"),
        (["--only", "qqq"], "gridsim verify --list"),
        (["--jobs", "0"], "must be a whole number from 1"),
        (["--out", "no/such/folder/x.md", "--only", "equity"], "name a file in a folder that exists"),
        (["--ful"], "did you mean --full?"),
    ],
)
def test_bad_input_is_one_line_and_exit_2(argv, expected, capsys):
    try:
        code = main(["verify", *argv])
    except SystemExit as stop:
        code = stop.code
    err = capsys.readouterr().err
    assert code == 2 and expected in err and len(err.strip().splitlines()) == 1


def test_numbers_of_numpy_can_be_written_as_json():
    told = Finding("x", np.float64(1), np.float32(1), np.nan, np.nan, "", np.bool_(False))
    assert json.loads(json.dumps(vars(told)))["holds"] is False and type(told.theory) is float
