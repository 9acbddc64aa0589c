"""Comparisons: the same cases under every policy, whatever the machine does."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest

from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.policies import Option, Policy
from gridsim.scenario.scenario import load_scenario
from gridsim.studies.comparison import compare

SMALL = load_scenario("neighbourhood", time__warmup_days=60, time__days=120, time__follow_up_days=30)
NOTHING = Policy(name="nothing")
RESTATED = Policy(name="restated", set={"linkage.rate": SMALL.linkage.rate, "dedicated.kept_share": 1.0})
LATER = Policy(name="later", starts=70, set={"linkage.rate": 0.95, "dedicated.kept_share": 0.1})


def run(*policies: Policy) -> World:
    option = Option("+".join(p.name for p in policies), policies)
    return World(SMALL, City(SMALL), seed=3).warm_up().copy().under(option.phases(SMALL)).run()


def used(world: World) -> dict[str, bytes]:
    """Every column of every table, as bytes (padding between columns is nobody's)."""
    rows = world._rows()
    out = {}
    for name, table in world.tables._asdict().items():
        for column in table.dtype.names or [...]:
            out[f"{name}.{column}"] = table[column][: rows.get(name, len(table))].tobytes()
    return out


def test_a_policy_that_changes_nothing_gives_bit_identical_tables():
    baseline = used(run())
    assert used(run(NOTHING)) == baseline
    assert used(run(RESTATED)) == baseline
    assert used(run(LATER)) != baseline  # and the comparison can see a difference


def test_two_policies_are_identical_until_the_day_they_differ():
    a, b = run(), run(LATER)
    same = a.days.day < 70
    assert a.days[same].tobytes() == b.days[same].tobytes()
    assert a.days[~same].tobytes() != b.days[~same].tobytes()


def test_incidents_are_the_same_under_every_policy():
    a, b = run(), run(LATER)
    for column in ("onset", "place", "ordinal", "category", "resident"):
        assert np.array_equal(a.cases[column], b.cases[column]), column
    both = ~np.isnan(a.cases.reported) & ~np.isnan(b.cases.reported)
    assert np.array_equal(a.cases.complexity[both], b.cases.complexity[both])


def test_jobs_change_nothing():
    one, two = (compare(SMALL, "raise-linkage", replications=4, jobs=j) for j in (1, 2))
    pd.testing.assert_frame_equal(one.runs, two.runs, check_exact=True)
    pd.testing.assert_frame_equal(one.table, two.table, check_exact=True)


def test_order_and_number_of_options_change_nothing():
    a = compare(SMALL, "raise-linkage,consolidate-dedicated-grids", replications=2)
    b = compare(SMALL, "consolidate-dedicated-grids,raise-linkage", replications=3)
    for policy in ("baseline", "raise-linkage", "consolidate-dedicated-grids"):
        x, y = (c.runs[(c.runs.policy == policy) & (c.runs.replicate < 2)].reset_index(drop=True) for c in (a, b))
        pd.testing.assert_frame_equal(x, y, check_exact=True)


SCRIPT = """
import sys
from gridsim.scenario.scenario import load_scenario
from gridsim.studies.comparison import compare
from gridsim.views.output import write_csv
s = load_scenario("neighbourhood", time__warmup_days=30, time__days=60, time__follow_up_days=20)
write_csv(compare(s, replications=2, jobs=int(sys.argv[2])).runs, sys.argv[1])
"""


def test_hash_seed_and_process_change_nothing(tmp_path):
    files = []
    for hash_seed, jobs in (("0", "1"), ("4242", "2")):
        path = tmp_path / f"runs-{hash_seed}.csv"
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(path), jobs], check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed}
        )
        files.append(path.read_bytes())
    assert files[0] == files[1] and len(files[0]) > 500


def test_difference_is_value_minus_baseline_of_the_same_seeds():
    c = compare(SMALL, "raise-linkage", replications=5, seed=9)
    wide = c.runs.pivot(index="replicate", columns="policy", values="backlog")
    d = wide["raise-linkage"] - wide["baseline"]
    row = c.row("raise-linkage", "backlog")
    assert row.difference == pytest.approx(d.mean())
    assert row.value - row.baseline == pytest.approx(row.difference)
    half = 2.7764451051977987 * d.std(ddof=1) / 5**0.5  # t quantile of 4 degrees of freedom
    assert (row.ci_low, row.ci_high) == pytest.approx((d.mean() - half, d.mean() + half))
    assert list(c.table.columns[:10]) == [
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


def test_pairing_reduces_variance():
    c = compare(SMALL, "raise-linkage", replications=12)
    wide = c.runs.pivot(index="replicate", columns="policy", values="time_to_resolution")
    paired = (wide["raise-linkage"] - wide["baseline"]).var(ddof=1)
    assert paired < 0.5 * (wide["raise-linkage"].var(ddof=1) + wide["baseline"].var(ddof=1))


def test_interrupt_keeps_what_is_finished():
    calls = []

    def stop_after_five(done: int, total: int) -> None:
        calls.append(done)
        if done == 5:
            raise KeyboardInterrupt

    c = compare(SMALL, "raise-linkage", replications=10, jobs=1, progress=stop_after_five)
    assert c.interrupted and c.asked == 10 and c.finished == (0, 1)  # two whole pairs; half a pair is not used
    assert set(c.table.replications) == {2}
    whole = compare(SMALL, "raise-linkage", replications=2)
    pd.testing.assert_frame_equal(c.runs, whole.runs, check_exact=True)


def test_a_second_interrupt_keeps_what_is_finished(monkeypatch):
    """Ctrl-C, and again while the runs in progress are waited for: nothing that was finished is lost."""
    waited = []

    def stop_after_five(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    def impatient(pool, wait=True, **options) -> None:
        waited.append(wait)
        if wait:
            raise KeyboardInterrupt
        shutdown(pool, wait=True, **options)  # so that no run goes on after the test

    shutdown = ThreadPoolExecutor.shutdown
    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", impatient)
    c = compare(SMALL, "raise-linkage", replications=10, jobs=1, progress=stop_after_five)
    assert waited == [True, False]
    assert c.interrupted and c.finished == (0, 1) and set(c.table.replications) == {2}


def test_a_second_interrupt_while_it_says_that_it_stops():
    def again() -> None:
        raise KeyboardInterrupt

    def stop_after_five(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    c = compare(SMALL, "raise-linkage", replications=10, jobs=1, progress=stop_after_five, stopping=again)
    assert c.interrupted and c.finished == (0, 1)


def test_interrupt_before_the_first_pair_says_so():
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(SMALL, "raise-linkage", replications=3, jobs=1, progress=stop)


def test_linkage_can_lose():
    """Where coordination costs half as much again and departments are nearly full, answering more whistles is worse."""
    busy = SMALL.replace(
        {
            "linkage.coordination": 0.5,
            "linkage.rate": 0.0,
            "linkage.drop": 0.0,
            "linkage.silo": 0.0,
            "triage.accuracy": 1.0,
            "departments.extra": 0.0,
            "departments.active_share": 0.46,
            "time.days": 300,
            "time.follow_up_days": 90,
        }
    )
    c = compare(busy, "more", replications=8, known={"more": Policy(name="more", set={"linkage.rate": 1.0})})
    assert c.row("more", "department_utilisation").baseline > 0.7
    assert c.row("more", "time_to_resolution").verdict == "worse"
    assert c.row("more", "backlog").verdict == "worse"
