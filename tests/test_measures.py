"""Measures against arithmetic by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gridsim.measures import MEASURES, measure_windows, windows
from gridsim.measures.survival import quantile, restricted_mean, survival_quantiles
from gridsim.model.world import World
from gridsim.scenario.scenario import load_scenario
from gridsim.studies.judge import judge
from gridsim.studies.paired import holm, paired


def test_restricted_mean_without_censoring():
    times, events = np.array([10.0, 50.0, 200.0]), np.array([True, True, False])
    assert restricted_mean(times, events, 90) == pytest.approx((10 + 50 + 90) / 3)


def test_restricted_mean_with_censoring_by_hand():
    # Deaths at 2 and 6, one censored at 4: S = 1, then 2/3 from 2, then 0 from 6 -> 2 + 4 · 2/3
    assert restricted_mean(np.array([2.0, 4.0, 6.0]), np.array([True, False, True]), 10) == pytest.approx(2 + 4 * 2 / 3)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.floats(0.01, 50), st.booleans()), min_size=1, max_size=30))
def test_restricted_mean_equals_product_limit(rows):
    """Against the product-limit formula written out."""
    times, events = np.array([t for t, _ in rows]), np.array([e for _, e in rows])
    horizon, s, area, last = 40.0, 1.0, 0.0, 0.0
    for t in np.unique(times[(times <= horizon)]):
        area += s * (t - last)
        at_risk, died = (times >= t).sum(), ((times == t) & events).sum()
        s *= 1 - died / at_risk
        last = t
    assert restricted_mean(times, events, horizon) == pytest.approx(area + s * (horizon - last), rel=1e-9)


def test_survival_quantiles_by_hand():
    # S = 2/3 from 2 on, the one at 4 is lost from sight, S = 0 from 6 on
    times, events = np.array([6.0, 2.0, 4.0]), np.array([True, True, False])
    assert survival_quantiles(times, events, (0.3, 0.5, 0.9)) == [2.0, 6.0, 6.0]
    assert survival_quantiles(times[1:], events[1:], (0.5, 0.9))[0] == 2.0  # one of two
    assert np.isnan(survival_quantiles(times[1:], events[1:], (0.9,))).all()  # never reached
    assert np.isnan(survival_quantiles(times[2:], events[2:], (0.5,))).all() and np.isnan(
        survival_quantiles(np.zeros(0), np.zeros(0, bool), (0.5,))
    )


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(st.floats(0.01, 50), min_size=1, max_size=40), st.floats(0.05, 0.95))
def test_survival_quantile_of_complete_times_is_the_plain_one(times, q):
    x = np.array(times)
    (got,) = survival_quantiles(x, np.ones(len(x), bool), (q,))
    assert got == np.quantile(x, q, method="inverted_cdf")


def test_quantile_counts_open_cases():
    times = np.array([1.0, 2.0, 3.0, np.inf])
    assert quantile(times, 0.5, 90) == 2.0
    assert np.isnan(quantile(times, 0.9, 90))


def test_windows_divide_the_measured_days():
    s = load_scenario("neighbourhood")
    assert windows(s) == [(0, 365), (365, 730)]
    assert windows(s.replace({"time.days": 100})) == [(0, 100)]
    assert windows(s.replace({"time.days": 400})) == [(0, 365)]  # a stub is no window
    assert windows(s.replace({"time.days": 731})) == [(0, 365), (365, 730)]


def test_measures_equal_a_slow_recount():
    """Each measure once more from the data frame, row by row, on a real run."""
    world = World(load_scenario("neighbourhood", time__days=365), seed=5).run()
    got = measure_windows(world)[0, 365]
    f = world.case_frame()
    cohort = f[(f.reported >= 0) & (f.reported < 365)]
    days = [min(r.resolved - r.reported, 90) if not np.isnan(r.resolved) else 90 for r in cohort.itertuples()]
    assert got["time_to_resolution"] == pytest.approx(np.mean(days))
    assert got["true_resolution_rate"] == pytest.approx(np.mean(np.array(days) < 90))
    patrol = cohort[cohort.channel == "patrol"]
    back_later = (patrol.formal_at <= 365) & (patrol.reopened_at > 365)  # shut at the window's end, reopened after it
    assert got["closure_rate"] == pytest.approx(((patrol.closed <= 365) | back_later).mean())
    arose = f[(f.onset >= 0) & (f.onset < 365)]
    end = [np.nanmin([r.resolved, r.lapsed, r.onset + 90]) for r in arose.itertuples()]
    assert got["unresolved_days"] == pytest.approx(np.mean(np.minimum(np.array(end) - arose.onset, 90)))
    assert got["detection_rate"] == pytest.approx(((arose.reported - arose.onset) <= 90).mean())
    assert got["linked_share"] == pytest.approx((cohort.ever_linked == 1).mean())
    # backlog: case-days open inside the window, from each row (a reopened file was shut for a while)
    stays = 0.0
    for r in f[f.reported.notna()].itertuples():
        stop = min(365.0, r.closed if not np.isnan(r.closed) else np.inf)
        stays += max(0.0, stop - max(0.0, r.reported))
    for r in f[f.reopened == 1].itertuples():  # a reopened file was shut for a while
        stays -= max(0.0, min(365.0, r.reopened_at) - max(0.0, r.formal_at))
    assert got["backlog"] * 365 == pytest.approx(stays)
    assert set(got) == {m.key for m in MEASURES}
    # the newer ones
    last = [r.resolved if not np.isnan(r.resolved) else np.inf for r in cohort.itertuples()]
    assert got["onset_to_resolution"] == pytest.approx(np.mean(np.minimum(np.array(last) - cohort.onset, 90)))
    assert got["resolution_median"] == np.quantile(last - cohort.reported, 0.5, method="inverted_cdf")
    assert got["hops"] == pytest.approx(cohort.hops.mean())
    shut = (f.closed < 365) | ((f.formal_at < 365) & ~(f.reopened_at < 365))
    waiting = f[(f.reported < 365) & ~shut]
    assert got["backlog_end"] == len(waiting) and got["backlog_age"] == pytest.approx((365 - waiting.reported).mean())


def test_shares_within_90_days_need_90_days():
    """With a shorter follow-up they would be censored, so they are not measured; time to resolution is, by Kaplan–Meier."""
    s = load_scenario("neighbourhood", time__warmup_days=60, time__days=100)
    full, short = (
        measure_windows(World(s.replace({"time.follow_up_days": f}), seed=2).run())[0, 100] for f in (90, 30)
    )
    for key in ("true_resolution_rate", "detection_rate", "detection_delay"):
        assert full[key] > 0 and np.isnan(short[key])
    assert short["time_to_resolution"] == pytest.approx(full["time_to_resolution"], rel=0.35)


def test_a_pair_not_measured_makes_the_row_unmeasured():
    assert np.isnan(paired(np.array([1.0, np.nan, 1.2]))).all()


def test_verdict_between_interval_and_holm_is_not_confirmed():
    """A difference whose plain interval excludes zero, but among some twenty measures does not survive Holm."""
    d = np.array([0.2, 1.1, 0.4, 1.6, -0.3, 0.9, 0.5, 1.2, -0.2, 0.8, 0.1, 0.7]) * 0.5
    s = load_scenario("neighbourhood")
    _, low, _, p = paired(d)
    assert low > 0 and p * 1 < 0.05
    many = {m.key: np.random.default_rng(k).normal(size=12) for k, m in enumerate(MEASURES) if not m.primary}
    t = judge(frame({**many, "closure_p90": d - d.mean() + 0.30, "time_to_resolution": d}), ["p"], s).set_index(
        "measure"
    )
    assert t.verdict["time_to_resolution"] == "worse"  # primary: judged as it is
    row = t.loc["closure_p90"]
    assert row.ci_low > 0 and row.p_adjusted >= 0.05 and row.verdict == "not confirmed"


def test_unfinished_run_is_refused():
    with pytest.raises(ValueError, match="finished run"):
        measure_windows(World(load_scenario("neighbourhood")).warm_up())


def test_holm_by_hand():
    # 0.01·4, then max with 0.02·3, 0.03·2, 0.5·1
    assert holm(np.array([0.03, 0.01, 0.5, 0.02])) == pytest.approx([0.06, 0.04, 0.5, 0.06])


def test_paired_interval_by_hand():
    d = np.array([1.0, 2.0, 3.0, 4.0])
    half = 3.182446305284263 * np.std(d, ddof=1) / 2  # t quantile of 3 degrees of freedom
    assert paired(d)[:3] == pytest.approx((2.5, 2.5 - half, 2.5 + half))
    assert paired(np.zeros(5)) == (0.0, 0.0, 0.0, 1.0)
    assert np.isnan(paired(np.array([2.0]))[1])


def frame(shift: dict[str, np.ndarray], n: int = 12) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    rows = []
    for r in range(n):
        base = {m.key: 10 + rng.normal() for m in MEASURES}
        rows.append({"policy": "baseline", "replicate": r, "seed": 1, "window": "days 0-365", **base})
        moved = {k: v + (shift[k][r] if k in shift else 0.0) for k, v in base.items()}
        rows.append({"policy": "p", "replicate": r, "seed": 1, "window": "days 0-365", **moved})
    return pd.DataFrame(rows)


def test_verdicts_follow_interval_direction_and_size():
    s = load_scenario("neighbourhood")
    noise = np.random.default_rng(1).normal(size=12)
    t = (
        judge(
            frame(
                {
                    "time_to_resolution": -1 + 0.01 * noise,  # clearly lower, and lower is better
                    "backlog": 0.05 + 0.001 * noise,  # clear, yet half a per cent of 10: too small
                    "true_resolution_rate": -0.2 + 0.01 * noise,  # clearly lower, and higher is better
                    "latent": noise,  # no clear difference
                    "linked_share": 0.3 + 0.01 * noise,  # not judged
                }
            ),
            ["p"],
            s,
        )
        .set_index("measure")
        .verdict
    )
    assert t["time_to_resolution"] == "better"
    assert t["backlog"] == "too small to matter"
    assert t["true_resolution_rate"] == "worse"
    assert t["latent"] == "no clear difference"
    assert t["linked_share"] == "higher"
    assert t["stalled"] == "no clear difference"  # identical
