"""Replications to a wished-for precision, and options ranked: arithmetic by hand, coverage, and a run end to end."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student_t

import gridsim
from gridsim.measures import MEASURES
from gridsim.scenario.policies import BASELINE
from gridsim.scenario.scenario import ScenarioError, load_scenario
from gridsim.studies.paired import CONFIDENCE, paired
from gridsim.studies.precision import AHEAD, LOOKS, Precision, look
from gridsim.studies.ranking import probability_best, ranked

S = load_scenario("neighbourhood")
PRIMARY = [m.key for m in MEASURES if m.primary]


def frame(**columns):
    """Runs of a baseline and policies with these values of both primary outcomes."""
    rows = []
    for policy, values in columns.items():
        rows += [
            {"policy": policy, "replicate": r, "seed": 1, "window": "days 0-365", **dict.fromkeys(PRIMARY, float(x))}
            for r, x in enumerate(values)
        ]
    return pd.DataFrame(rows)


def test_what_may_be_asked_for():
    assert Precision.read("5%", 9) == Precision.read("0.05", 9) == Precision(0.05, 9)
    assert Precision.read("matters", 9).relative is None
    for text in ("0", "2", "-5%", "soon", "nan"):
        with pytest.raises(ScenarioError, match="--until-precision: must be a share"):
            Precision.read(text, 9)


def test_half_width_by_hand():
    """Law and Kelton: γ/(1 + γ) of the difference; the interval is that of one look in five."""
    d = np.array([9.0, 11.0, 10.0, 10.5, 9.5])
    half = student_t.ppf(1 - 0.05 / LOOKS / 2, 4) * d.std(ddof=1) / 5**0.5
    rule = Precision(0.1, 100)
    assert rule.confidence == pytest.approx(0.99)
    assert rule.short(d, 0.25) == pytest.approx(half / (0.1 / 1.1 * 10.0))
    assert Precision(None, 100).short(d, 0.25) == pytest.approx(half / 0.25)
    assert rule.short(d - 10.0, 5.0) <= 1  # a difference surely too small to matter is precise enough
    assert rule.short(np.zeros(5), 0.25) == 0 and np.isnan(rule.short(np.array([1.0, np.nan, 2.0]), 0.25))


def test_a_look_says_how_many_more():
    rng = np.random.default_rng(1)
    base = rng.normal(100, 5, 40)
    rough = frame(baseline=base, a=base + 10 + rng.normal(0, 6, 40))
    rule = Precision(0.05, 4000)
    found = look(rule, rough, ["a"], S, 1)
    d = (rough[rough.policy == "a"][PRIMARY[0]].to_numpy() - base) if BASELINE == "baseline" else None
    short = max(rule.short(d, 0.25), 1)
    assert not found.reached and found.after == int(np.ceil(1.1 * 40 * short**2))
    assert look(rule, rough, ["a"], S, LOOKS - 1).after == 4000  # the last look is at the most
    fine = frame(baseline=base, a=base + 10 + rng.normal(0, 0.05, 40))
    assert look(rule, fine, ["a"], S, 1).reached
    late = base + 10 + rng.normal(0, 0.05, 40)
    late[-3] += 12  # precise now or not, it was disturbed within the last few
    held = look(Precision(0.5, 4000), frame(baseline=base[:38], a=late[:38]), ["a"], S, 1)
    before = look(Precision(0.5, 4000), frame(baseline=base[:37], a=late[:37]), ["a"], S, 1)
    assert before.reached and AHEAD > 1 and held.n == 38


def test_coverage_survives_the_looking():
    """Stopping at the first precise look, the interval still holds the truth at least 95 times in a hundred."""
    rng = np.random.default_rng(7)
    rule, hits, n_runs = Precision(0.3, 320), 0, 400
    for _ in range(n_runs):
        d = rng.normal(1.0, 1.2, 320)
        for n in (20, 40, 80, 160, 320):
            if rule.short(d[:n], 0.0) <= 1 or n == 320:
                _, low, high, _ = paired(d[:n], rule.confidence)
                hits += low <= 1.0 <= high
                break
    assert hits >= 0.95 * n_runs


def test_probability_of_being_best():
    rng = np.random.default_rng(2)
    luck = rng.normal(0, 5, (60, 1))
    y = luck + np.array([[0.0, 0.0, 3.0]]) + rng.normal(0, 0.5, (60, 3))
    best = probability_best(y, 1)
    assert best.sum() == pytest.approx(1) and best[2] == 0
    z = (y[:, 0] - y[:, 1]).mean() / ((y[:, 0] - y[:, 1]).std(ddof=1) / 60**0.5)
    assert best[1] == pytest.approx(student_t.cdf(z, 59), abs=0.06)
    assert probability_best(np.ones((9, 4)), 1).tolist() == [0.25] * 4  # ties share
    assert np.isnan(probability_best(np.array([[1.0, np.nan]]), 1)).all()


@pytest.mark.parametrize("n", [2, 3, 10])
def test_of_equals_neither_is_soon_called_the_best(n):
    """Either of two equal options has 95 % or more once in ten times, however few the replications."""
    rng = np.random.default_rng(n)
    sure = np.mean([probability_best(rng.normal(size=(n, 2)), k).max() >= 0.95 for k in range(400)])
    assert 0.05 < sure < 0.16
    assert np.isnan(probability_best(rng.normal(size=(1, 2)), 1)).all()


def test_ranking_by_hand():
    base = np.array([10.0, 12.0, 11.0, 13.0, 12.0, 10.0])
    jitter = np.array([0.1, -0.1, 0.2, -0.2, 0.05, -0.05])
    runs = frame(baseline=base, a=base - 3 + jitter, b=base - 3 + 2 * jitter[::-1])
    table = ranked(runs, ["a", "b"], 1)
    one = table[table.measure == PRIMARY[0]].set_index("policy")
    assert one.loc["baseline", "rank"] == 3 and one.loc["baseline", "standing"] == "behind"
    assert sorted(one.standing) == ["behind", "first", "not told apart"]
    first = one.index[one["rank"] == 1][0]
    d = base - runs[runs.policy == first][PRIMARY[0]].to_numpy()
    mean, low, high, p = paired(d)
    assert (one.behind["baseline"], one.ci_low["baseline"], one.ci_high["baseline"]) == pytest.approx((mean, low, high))
    assert p <= one.p_adjusted["baseline"] <= 3 * p * 1.0001  # Holm over three pairs
    higher = ranked(runs, ["a", "b"], 1, confidence=0.99).set_index(["measure", "policy"])
    assert higher.p_adjusted[PRIMARY[0], "baseline"] == pytest.approx(5 * one.p_adjusted["baseline"])


def test_compare_goes_on_until_it_is_precise(tmp_path):
    from gridsim.studies.saved import load_comparison
    from gridsim.views import words
    from gridsim.views.output import write_tables

    tiny = load_scenario("neighbourhood", time__warmup_days=2, time__days=6, time__follow_up_days=2)
    rule = Precision(0.001, 14)
    c = gridsim.compare(tiny, "raise-linkage,add-experts", replications=4, until=rule)
    assert len(c.finished) == 14 and c.precision.looks >= 2 and not c.precision.reached
    plain = gridsim.compare(tiny, "raise-linkage,add-experts", replications=14)
    both = [x.row("raise-linkage", "backlog") for x in (c, plain)]
    assert both[0].difference == both[1].difference
    ratio = (both[0].ci_high - both[0].ci_low) / (both[1].ci_high - both[1].ci_low)
    assert ratio == pytest.approx(student_t.ppf(0.995, 13) / student_t.ppf(0.5 + CONFIDENCE / 2, 13))
    assert c.runs.equals(plain.runs)
    write_tables(c, tmp_path)
    again = load_comparison(tmp_path).comparison
    assert again.precision == c.precision and len(again.ranking) == len(c.ranking) == 6
    assert "NOT reached with 14 replications" in words.report(again, "en") and "排序" in words.report(again, "zh")
