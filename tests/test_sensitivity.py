"""Sensitivity analysis: SALib called directly, theory, arithmetic by hand, and every known trap seen to be closed."""

import subprocess
import sys
import warnings
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from SALib import ProblemSpec
from scipy import stats

from gridsim.scenario.policies import builtin_policies, parse_options
from gridsim.scenario.scenario import ScenarioError, load_scenario
from gridsim.studies.plan import Plan
from gridsim.studies.sensitivity import resampled
from gridsim.studies.sensitivity.converged import above_floor, convergence
from gridsim.studies.sensitivity.design import refuse_impossible, spec_of
from gridsim.studies.sensitivity.factors import CHOICE, LUCK_FACTOR, NUMBER, WHOLE, Factor, acting, factors_of
from gridsim.studies.sensitivity.indices import analysed, effects
from gridsim.studies.sensitivity.noise import NOISE, dummy_pairs, noise_of
from gridsim.studies.sensitivity.spec import DELTA, METHODS, MORRIS, PAWN, RBD, REGIONAL, SOBOL, Spec, drawn
from gridsim.studies.study import Study
from gridsim.views.sensitivity_figures import LABEL, NAMED, spaced

X = [Factor(f"x{i}", NUMBER, 0, 1) for i in (1, 2, 3)]
SIZES = {MORRIS: 8, SOBOL: 256, PAWN: 300, DELTA: 300, RBD: 600, REGIONAL: 300}


@cache
def cached(method, n, factors, seed, how):
    return drawn(method, [*factors, LUCK_FACTOR], n, seed, **{k: list(v) if k == "groups" else v for k, v in how})


def design(method, n=None, factors=X, seed=1, **how):
    told = tuple((k, tuple(v) if k == "groups" else v) for k, v in how.items())
    return cached(method, n or SIZES[method], tuple(factors), seed, told)


def ishigami(x, a=7.0, b=0.1):
    z = np.pi * (2 * x - 1)
    return np.sin(z[:, 0]) + a * np.sin(z[:, 1]) ** 2 + b * z[:, 2] ** 4 * np.sin(z[:, 0])


def sobol_g(x, a=(0.0, 1.0, 4.5)):
    return np.prod([(np.abs(4 * x[:, k] - 2) + c) / (1 + c) for k, c in enumerate(a)], axis=0)


def ishigami_indices(a=7.0, b=0.1):
    v1, v2, v13 = 0.5 * (1 + b * np.pi**4 / 5) ** 2, a**2 / 8, b**2 * np.pi**8 * 8 / 225
    v = v1 + v2 + v13
    return [v1 / v, v2 / v, 0.0], [(v1 + v13) / v, v2 / v, v13 / v], v13 / v


def g_indices(a=(0.0, 1.0, 4.5)):
    part = np.array([1 / (3 * (1 + c) ** 2) for c in a])
    v = np.prod(1 + part) - 1
    return part / v, [part[k] * np.prod(1 + np.delete(part, k)) / v for k in range(3)]


def rows(table, index):
    return table[(table["index"] == index) & (table.other == "")].set_index("factor")


# --- SALib and theory ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("function, theory", [(ishigami, ishigami_indices), (sobol_g, g_indices)])
def test_sobol_is_salibs_and_theory_lies_in_its_intervals(function, theory):
    spec = design(SOBOL, 1024, second_order=function is ishigami)
    table = analysed(spec, function(spec.x), resamples=200)
    direct = ProblemSpec({"names": ["x1", "x2", "x3", "dummy"], "bounds": [[0, 1]] * 4, "outputs": ["Y"]})
    direct.sample_sobol(1024, calc_second_order=spec.second_order, seed=2)
    direct.set_results(function(direct.samples))
    direct.analyze_sobol(calc_second_order=spec.second_order, num_resamples=200, seed=2)
    first, total, *_ = theory()
    for index, true in (("S1", first), ("ST", total)):
        got = rows(table, index)
        assert np.array_equal(got.value, direct.analysis[index])
        assert np.allclose(got.ci_high - got.value, direct.analysis[f"{index}_conf"], atol=1e-12)
        mine = got.loc[["x1", "x2", "x3"]]
        assert ((mine.ci_low - 0.02 <= true) & (true <= mine.ci_high + 0.02)).all()
        assert got.value["dummy"] == 0  # it moves nothing in a function without luck
    if function is ishigami:
        pair = table[(table["index"] == "S2") & (table.factor == "x1") & (table.other == "x3")].iloc[0]
        assert pair.ci_low <= theory()[2] <= pair.ci_high


def test_morris_is_salibs_on_optimal_trajectories():
    spec = design(MORRIS)
    table = analysed(spec, ishigami(spec.x))
    direct = ProblemSpec({"names": ["x1", "x2", "x3", "dummy"], "bounds": [[0, 1]] * 4, "outputs": ["Y"]})
    direct.sample_morris(40, num_levels=4, optimal_trajectories=8, seed=2)
    assert np.array_equal(direct.samples, spec.x)
    direct.set_results(ishigami(direct.samples))
    direct.analyze_morris(num_levels=4, num_resamples=1000, seed=2)
    for index in ("mu_star", "mu", "sigma"):
        assert np.allclose(rows(table, index).value, direct.analysis[index].astype(float))


def test_rbd_fast_pawn_and_regional_are_salibs():
    for method, sample, analyse, index, theirs in (
        (RBD, "sample_latin", "analyze_rbd_fast", "S1", lambda a: a["S1"]),
        (PAWN, "sample_latin", "analyze_pawn", "median", lambda a: a["median"]),
        (REGIONAL, "sample_latin", "analyze_rsa", "cvm_highest", lambda a: [a[n][-1] for n in a["names"]]),
    ):
        spec = design(method)
        table = analysed(spec, ishigami(spec.x), resamples=100)
        direct = ProblemSpec({"names": ["x1", "x2", "x3", "dummy"], "bounds": [[0, 1]] * 4, "outputs": ["Y"]})
        getattr(direct, sample)(SIZES[method], seed=2)
        direct.set_results(ishigami(direct.samples))
        how = {"S": 10} if method == PAWN else {"bins": 10, "target": "Y"} if method == REGIONAL else {}
        getattr(direct, analyse)(**how)
        assert np.allclose(rows(table, index).value, np.array(theirs(direct.analysis), dtype=float)), method


def test_what_is_resampled_is_what_salib_computes():
    from SALib.analyze.delta import calc_delta
    from SALib.analyze.pawn import analyze as pawn
    from SALib.analyze.rsa import rsa

    rng = np.random.default_rng(3)
    x = rng.random((200, 3))
    y = ishigami(x)
    tied = rng.integers(200, size=200)  # a bootstrap sample, with ties
    problem = {"num_vars": 3, "names": ["a", "b", "c"], "bounds": [[0, 1]] * 3}
    for a, b in ((x, y), (x[tied], y[tied])):
        assert np.allclose(resampled.pawn_median(a, b), pawn(problem, a, b, S=10)["median"])
        assert np.allclose(resampled.regional(a, b), rsa(a, b, bins=10, target="Y"))
        grid, cuts = np.linspace(b.min(), b.max(), 100), np.linspace(0, 200, resampled.classes(200) + 1)
        assert np.allclose(resampled.borgonovo(grid)(a, b), [calc_delta(b, grid, a[:, k], cuts) for k in range(3)])


def test_delta_of_a_sum_of_equals_and_of_nothing():
    """Two factors that enter alike have one index; the dummy's interval tells the estimator's own floor."""
    spec = design(DELTA, 500)
    got = rows(analysed(spec, spec.x[:, 0] + spec.x[:, 1], resamples=200), "delta")
    assert abs(got.value["x1"] - got.value["x2"]) < 0.06
    assert got.ci_low["x1"] > got.ci_high["dummy"] and got.value["x3"] < got.ci_high["dummy"] + 0.03


# --- the dummy -------------------------------------------------------------------------------------------------------


def test_the_dummy_is_the_share_of_luck():
    """ST of the dummy is v/(v + R·V), and the others keep their luck: no index rises above what the factor does."""
    spec = design(SOBOL, 1024)
    luck = np.array([np.random.default_rng(p[-1]).normal() for p in spec.points])
    signal = np.sqrt(12) * spec.x[:, 0]  # variance 1
    for r in (1, 4):
        got = rows(analysed(spec, signal + luck / r**0.5), "ST")
        want = 1 / (1 + r)
        assert got.ci_low["dummy"] - 0.03 <= want <= got.ci_high["dummy"] + 0.03
        assert abs(got.value["x1"] - (1 - want)) < 0.08 and got.value["x2"] == got.value["x3"] == 0


def test_luck_is_the_dummys_alone_and_differs_between_trajectories():
    spec = design(MORRIS)
    keys = np.array([p[-1] for p in spec.points]).reshape(8, 5)
    assert all(len(set(k)) == 2 for k in keys.tolist())  # one change of luck in a trajectory
    assert len(set(keys.ravel().tolist())) == 16
    assert spec.columns[-1] == "seed" and spec.columns[:-1] == ("x1", "x2", "x3")


def test_points_that_differ_in_luck_alone_are_both_run():
    plan = Plan(
        (load_scenario("neighbourhood"),), factors=("linkage.rate", "seed"), points=((0.5, 1), (0.5, 2), (0.5, 1))
    )
    assert sorted(b.point for b in plan.batches()) == [0, 1]
    assert len({plan.key(0, k, 0, 0) for k in range(3)}) == 2


@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_the_dummy_and_finds_what_matters(method):
    spec = design(method)
    y = 10 * spec.x[:, 0] + np.array([np.random.default_rng(p[-1]).normal(0, 0.3) for p in spec.points])
    table = analysed(spec, y, resamples=200)
    assert "dummy" in set(table.factor)
    assert above_floor(table, spec) == ["x1"]


# --- traps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_a_hole_is_refused_and_named(method):
    """SALib answers 0, a mask, or nothing."""
    spec = design(method)
    y = ishigami(spec.x)
    y[[3, 7]] = np.nan
    with pytest.raises(ScenarioError, match=r"backlog: has no number at 2 of .* points \(3, 7\)"):
        analysed(spec, y, "backlog")


def test_sizes_and_orders_cannot_be_mistaken():
    """A sample without second order, analysed with it, is 0.80 .60 .82 for Ishigami and no error: here it is no choice."""
    spec = design(SOBOL, 256, factors=X[:1] + X[1:2] + X[2:])
    whole = rows(analysed(spec, ishigami(spec.x)), "ST")
    assert not spec.second_order and abs(whole.value["x1"] - 0.56) < 0.1
    with pytest.raises(ScenarioError, match="1,535 numbers for 1,536 points"):
        analysed(spec, ishigami(spec.x)[:-1])
    with pytest.raises(TypeError):
        analysed(spec, ishigami(spec.x), second_order=True)


def test_the_ledgers_design_must_be_that_of_its_points():
    scenario = load_scenario("neighbourhood")
    factors = factors_of(["linkage.rate", "handling.max_attempts"], {}, scenario, "design")
    spec = drawn(SOBOL, factors, 8, 1)
    told = {"sensitivity": spec.to_dict() | {"idle": {}}}
    plan = Plan((scenario,), factors=spec.columns, points=spec.points, question=told)
    again, idle = spec_of(Plan.from_dict(plan.to_dict()))
    assert again == spec and idle == {} and np.array_equal(again.x, spec.x)
    for other in (drawn(SOBOL, factors, 8, 2), drawn(PAWN, factors, 40, 1), drawn(SOBOL, factors[::-1], 8, 1)):
        wrong = replace(plan, question={"sensitivity": other.to_dict() | {"idle": {}}})
        with pytest.raises(ScenarioError, match="not the one that its points were drawn by"):
            spec_of(wrong)


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_says_so_without_warnings(method):
    spec = design(method)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rounding = np.where(np.arange(len(spec.x)) % 2, 0.1, np.nextafter(0.1, 1))  # not equal, and yet constant
        table = analysed(spec, rounding)
    assert table.value.fillna(0).eq(0).all() and table.factor.nunique() == 4


def test_whole_numbers_and_choices_are_alike():
    """round(U[1, 3]) gives the ends half their weight; floor(U[1, 4)) does not."""
    u = (np.arange(3000) + 0.5) / 3000
    assert np.bincount([Factor("n", WHOLE, 1, 3).value(x) for x in u]).tolist() == [0, 1000, 1000, 1000]
    f = Factor("c", CHOICE, choices=("a", "b", "c", "d", "e"))
    assert {v: [f.value(x) for x in u].count(v) for v in f.choices} == dict.fromkeys(f.choices, 600)
    switch = Factor("s", CHOICE, choices=(False, True))
    assert [switch.value(x) for x in (0, 1 / 3, 0.5, 2 / 3, 1)] == [False, False, True, True, True]


@given(st.integers(-5, 5), st.integers(1, 30), st.floats(0, 1))
def test_whole_numbers_stay_in_their_range(low, count, u):
    f = Factor("n", WHOLE, low, low + count)
    assert low <= f.value(u) <= low + count and isinstance(f.value(u), int)
    assert f.value(0.0) == low and f.value(1.0) == low + count


@given(st.floats(1e-3, 1e3), st.floats(1.01, 100))
def test_numbers_are_logarithmic_from_a_factor_of_three(low, factor):
    f = Factor("x", NUMBER, low, low * factor)
    middle = low * factor**0.5 if low * factor >= 3 * low else low * (1 + factor) / 2
    assert f.value(0.5) == pytest.approx(middle, rel=1e-4)
    assert f.value(0.0) == pytest.approx(low, rel=1e-5) and f.value(1.0) == pytest.approx(low * factor, rel=1e-5)


def test_a_mapped_factor_has_the_index_of_its_values():
    """y = value of a log-uniform and of three whole numbers: variances by hand, indices from raw unit samples."""
    factors = [Factor("x", NUMBER, 1, np.e**2), Factor("n", WHOLE, 1, 3)]
    spec = design(SOBOL, 1024, factors=factors)
    got = rows(analysed(spec, np.array([p[0] + 2 * p[1] for p in spec.points])), "ST")
    e2, e4 = np.e**2, np.e**4
    v_x, v_n = (e4 - 1) / 4 - ((e2 - 1) / 2) ** 2, 4 * 2 / 3
    assert got.value["x"] == pytest.approx(v_x / (v_x + v_n), abs=0.05)
    assert got.value["n"] == pytest.approx(v_n / (v_x + v_n), abs=0.05)


def test_morris_effects_of_steps_are_of_the_whole_range():
    """SALib divides by a step of 2/3 although a switch goes all the way: 1.5 times too much."""
    factors = [Factor("s", CHOICE, choices=(False, True)), Factor("n", WHOLE, 0, 2), Factor("x", NUMBER, 0, 1)]
    spec = design(MORRIS, factors=factors)
    y = np.array([6.0 * p[0] + 3.0 * p[1] + 6.0 * p[2] for p in spec.points])
    got = rows(analysed(spec, y), "mu_star")
    assert got.value["s"] == pytest.approx(6) and got.value["n"] == pytest.approx(6)
    assert got.value["x"] == pytest.approx(6, rel=1e-5) and got.value["dummy"] == 0
    grouped = design(MORRIS, factors=factors, groups=["switch", "rest", "rest", "dummy"])
    y = np.array([6.0 * p[0] for p in grouped.points])
    assert rows(analysed(grouped, y), "mu_star").value["switch"] == pytest.approx(6)  # alone in its group


@pytest.mark.parametrize("count", range(2, 13))
def test_every_step_of_morris_goes_equally_far(count):
    """Three whole numbers on the levels 0, 1/3, 2/3, 1: by floor 0, 1, 2, 2, of whose steps one is 2 and the other 1."""
    f = Factor("n", WHOLE, 0, count - 1)
    spec = design(MORRIS, factors=[f, *X])
    levels = np.arange(spec.levels) / (spec.levels - 1)
    half = spec.levels // 2
    values = np.array([f.value(u, on_levels=True) for u in levels])
    steps = values[half:] - values[:half]
    assert values[0] == 0 and values[-1] == count - 1 and (values + values[::-1] == count - 1).all()
    assert (steps == steps[0]).all() and steps[0] == f.distance(0, spec.levels / (2 * (spec.levels - 1))) * (count - 1)
    got = rows(analysed(spec, np.array([2.0 * p[0] for p in spec.points])), "mu_star")
    assert got.value["n"] == pytest.approx(2 * (count - 1)) == got.ci_low["n"] == got.ci_high["n"]


def test_intervals_of_morris_are_percentiles_of_resampled_trajectories():
    """Effects that are 0 in most trajectories and large in a few: skewed, and never below 0."""
    spec = design(MORRIS, 20)
    y = np.where(spec.x[:, 0] > 0.9, 30.0 * (spec.x[:, 1] > 0.9) + spec.x[:, 2], spec.x[:, 2])
    got = rows(analysed(spec, y), "mu_star")
    assert (got.ci_low >= 0).all() and (got.ci_low <= got.value).all() and (got.value <= got.ci_high).all()
    own = effects(spec, y)
    assert np.allclose(own.mean(axis=0), got.value)
    again = stats.bootstrap((own[:, 1],), np.mean, method="percentile", n_resamples=4000, rng=1).confidence_interval
    assert (got.ci_low["x2"], got.ci_high["x2"]) == pytest.approx(tuple(again), rel=0.2, abs=0.4)


def test_morris_reaches_every_choice():
    six = Factor("c", CHOICE, choices=tuple("abcdef"))
    spec = design(MORRIS, factors=[six, *X])
    assert spec.levels == 6 and {p[0] for p in spec.points} == set("abcdef")


def test_groups_move_together_and_keep_their_names():
    spec = design(MORRIS, groups=["late", "early", "late", "dummy"])
    assert spec.names == ["late", "early", "dummy"] and len(spec.x) == 8 * 4
    got = rows(analysed(spec, 3 * spec.x[:, 1]), "mu_star")
    assert got.value["early"] == pytest.approx(3) and got.value["late"] == got.value["dummy"] == 0
    spec = design(SOBOL, 256, groups=["late", "early", "late", "dummy"])
    got = rows(analysed(spec, spec.x[:, 0] + spec.x[:, 2]), "ST")
    assert got.value["late"] == pytest.approx(1, abs=0.1) and got.value["early"] == 0
    with pytest.raises(ScenarioError, match="dummy is a group of its own"):
        design(MORRIS, groups=["a", "a", "a", "a"])
    with pytest.raises(ScenarioError, match="groups: are for morris and sobol"):
        design(PAWN, groups=["a", "a", "b", "dummy"])


@pytest.mark.parametrize("method", [MORRIS, SOBOL, RBD, PAWN])
def test_an_offset_or_a_unit_changes_no_index(method):
    spec = design(method)
    y = ishigami(spec.x)
    for scale, offset in ((1.0, 1e5), (1e-6, 0.0)):
        a, b = (analysed(spec, z, resamples=100) for z in (y, scale * y + offset))
        by = scale if method == MORRIS else 1.0
        assert np.allclose(by * a.value, b.value, rtol=1e-6, atol=1e-8 * by)


@pytest.mark.parametrize("seed", [0, 7])
def test_a_seed_is_a_seed_and_the_process_is_left_alone(seed):
    """SALib takes seed 0 for none, and sets NumPy's own state."""
    for method in METHODS:
        state = np.random.get_state()[1].copy()
        a, b = (drawn(method, [*X, LUCK_FACTOR], SIZES[method], seed) for _ in range(2))
        assert (np.random.get_state()[1] == state).all()
        assert a == b and a != design(method, seed=seed + 1)
        y = ishigami(a.x)
        np.random.seed(5)
        first = analysed(a, y, resamples=100)
        np.random.seed(6)
        expected = np.random.get_state()[1].copy()
        assert first.equals(analysed(b, y, resamples=100)), method
        assert (np.random.get_state()[1] == expected).all()


def test_the_first_of_twice_as_many_are_the_same():
    small, large = design(SOBOL, 64), design(SOBOL, 128)
    assert large.points[: len(small.points)] == small.points and large.first(64).x.tolist() == small.x.tolist()


def test_wrong_designs_are_refused_all_at_once():
    scenario = load_scenario("neighbourhood")
    with pytest.raises(ScenarioError) as error:
        factors_of(["linkage.rat", "time.days", "handling.service"], {"handling.service": [3.0, 3.0]}, scenario, "d")
    text = "\n".join(error.value.errors)
    assert "linkage.rate" in text and "time.days" in text and "must go up" in text
    with pytest.raises(ScenarioError, match=r"design.without: linkage.rat is no factor"):
        factors_of(["linkage.rate"], {}, scenario, "design", ["linkage.rat"])
    assert [f.key for f in factors_of(["dedicated"], {}, scenario, "d", ["dedicated.kept_share"])].count("dummy") == 1
    for ranges, what in (({"linkage.rate": [0.1, 1.5]}, "leaves what the model accepts"), ({"x": [0, 1]}, "no factor")):
        with pytest.raises(ScenarioError, match=what):
            factors_of(["linkage.rate"], ranges, scenario, "d")
    with pytest.raises(ScenarioError, match="power of two"):
        design(SOBOL, 100)
    with pytest.raises(ScenarioError, match="stands twice"):
        design(MORRIS, factors=[X[0], X[0]])
    with pytest.raises(ScenarioError, match="has one value only"):
        design(MORRIS, factors=[Factor("n", WHOLE, 2, 2)])


def test_impossible_points_are_refused_by_number_and_reason():
    scenario = load_scenario("district")
    factors = factors_of(["staff.admin_share", "staff.patrol_hours", "staff.hours_per_year"], {}, scenario, "design")
    spec = drawn(MORRIS, factors, 10, 1)
    with pytest.raises(ScenarioError) as error:
        refuse_impossible(spec, (scenario,), "design")
    assert "impossible at" in error.value.errors[0] and "leave none for events" in error.value.errors[1]
    assert "points" in error.value.errors[1]


def test_points_that_a_policy_cannot_have_are_refused_too():
    """The city has hours left for events at these ends, and none once the policy takes its own."""
    scenario = load_scenario("neighbourhood")
    keys = {
        "staff.admin_share": 0.6,
        "staff.patrol_hours": 2.3,
        "staff.hours_per_year": 1750,
        "staff.training_hours": 90,
    }
    factors = [*(Factor(k, CHOICE, choices=(v, v)) for k, v in keys.items()), LUCK_FACTOR]
    spec = drawn(SOBOL, factors, 8, 1)
    refuse_impossible(spec, (scenario,), "design")
    policy = parse_options("good-governance", builtin_policies(), scenario)
    with pytest.raises(ScenarioError, match="policy good-governance: staff.admin_share"):
        refuse_impossible(spec, (scenario,), "design", policy)


# --- noise and size --------------------------------------------------------------------------------------------------


def test_variances_within_and_between_by_hand():
    y = np.array([[1.0, 3.0], [5.0, 7.0], [9.0, 11.0]])  # within 2; means 2, 6, 10: variance 16
    told = noise_of(y)
    assert (told.within, told.between) == (2.0, 15.0)
    assert told.share == pytest.approx(2 / (2 + 2 * 15))
    assert told.needed == 3  # 19 · 2 / 15 = 2.53
    r = told.needed
    assert told.within / (told.within + r * told.between) <= NOISE


def test_with_one_replication_the_dummys_pairs_tell():
    for method, n in ((MORRIS, 200), (SOBOL, 512)):
        spec = design(method, n)
        luck = np.array([np.random.default_rng(p[-1]).normal(0, 2) for p in spec.points])
        assert len(dummy_pairs(spec)) == n
        told = noise_of((30 * spec.x[:, 0] + luck)[:, None], spec)
        assert told.within == pytest.approx(4, rel=0.25)
    assert np.isnan(noise_of(np.zeros((300, 1)), design(PAWN)).share)


def test_the_verdict_on_the_sample():
    spec = design(SOBOL, 256)
    y = ishigami(spec.x)
    table = analysed(spec, y)
    steps = convergence(spec, y, table, 0.05, 200)
    assert list(steps.n) == [64, 128, 256] and not steps.enough.any()
    last = steps.iloc[-1]
    wanted = 256 * (last.half_width / 0.05) ** 2
    assert wanted <= 256 + last.more < 2 * wanted and (256 + last.more) & (255 + last.more) == 0
    assert convergence(spec, y, table, 0.9, 200).enough.tolist()[-1]
    spec = design(MORRIS, 20)
    y = 5 * spec.x[:, 0]
    steps = convergence(spec, y, analysed(spec, y), None, 200)
    assert steps.enough.tolist() == [False, False, True] and set(steps.above) == {"x1"}
    few = design(MORRIS, 4)  # all is clear, and yet four effects are no sample
    last = convergence(few, 5 * few.x[:, 0], analysed(few, 5 * few.x[:, 0]), None, 200).iloc[-1]
    assert not last.enough and last.more == 16


# --- words -----------------------------------------------------------------------------------------------------------

CITY = [Factor("linkage.rate", NUMBER, 0, 1), Factor("linkage.drop", NUMBER, 0, 1)]


def words(spec, y, lang="en", refused=()):
    import pandas as pd

    from gridsim.studies.sensitivity.design import _factors, _told
    from gridsim.views.sensitivity_page import sensitivity_limits, sensitivity_words

    at, table, noise = {"scenario": "s", "measure": "backlog", "effect_of": ""}, analysed(spec, y), noise_of(y[:, None])
    tables = {
        "indices": _told(table, spec, at),
        "convergence": convergence(spec, y, table, 0.05, 100).assign(**at),
        "noise": pd.DataFrame([at | {"noise_share": noise.share, "replications": 1, "replications_needed": None}]),
        "factors": _factors(spec, {}, load_scenario("neighbourhood")),
        "refused": pd.DataFrame([at | r for r in refused], columns=[*at, "lacking", "points", "why"]),
    }
    told = {"title": "t", "scenario": "neighbourhood", "measures": ["backlog"], "design": {"method": spec.method}}
    study = Study.from_dict({"name": "t", "folder": ".", "told": told})
    return "\n".join([*sensitivity_words(study, tables, lang), *sensitivity_limits(study, None, tables, lang)])


def test_what_does_less_than_luck_is_not_called_noise():
    """Common luck: a factor of half the variance of luck has an index clear of zero, and below the dummy's."""
    spec = design(SOBOL, 512, factors=CITY)
    luck = np.array([np.random.default_rng(p[-1]).normal() for p in spec.points])
    y = luck + np.sqrt(6) * spec.x[:, 0]
    got = rows(analysed(spec, y), "ST")
    assert got.ci_low["linkage.rate"] > 0 and got.ci_high["linkage.rate"] < got.ci_low["dummy"]
    told = words(spec, y)
    assert (
        "Not above the dummy" in told
        and "Indistinguishable" not in told
        and "as much as its own interval reaches" in told
    )


def test_what_is_far_larger_than_luck_but_not_sure_is_undecided():
    """A factor that acts in one trajectory of eight, by far more than luck: its wide interval holds the dummy's."""
    spec = design(MORRIS, factors=CITY)
    luck = np.array([np.random.default_rng(p[-1]).normal(0, 0.1) for p in spec.points])
    first = np.arange(len(spec.x)) < spec.block
    y = luck + 10 * spec.x[:, 1] + 50 * spec.x[:, 0] * first
    star = rows(analysed(spec, y), "mu_star")
    assert star.value["linkage.rate"] > 10 * star.ci_high["dummy"] and star.ci_low["linkage.rate"] == 0
    told = words(spec, y).split("\n")
    line = next(t for t in told if "linkage.rate" in t)
    assert "cannot tell (1)" in line and not any("Not above the dummy" in t for t in told)


def test_where_every_point_has_its_luck_the_dummy_is_no_share_of_it():
    """Half of the variance is luck, and the dummy's first-order index is next to nothing: no word of luck reaching it."""
    spec = design(RBD, 2000, factors=CITY)
    luck = np.array([np.random.default_rng(p[-1]).normal() for p in spec.points])
    y = luck + np.sqrt(12) * spec.x[:, 0]
    assert rows(analysed(spec, y), "S1").ci_high["dummy"] < 0.1
    told = words(spec, y)
    assert "Luck alone" not in told and "does not tell how much is luck" in told and "keep the luck" not in told


def test_a_choice_has_no_direction():
    choice = Factor("patrol.strategy", CHOICE, choices=("own", "random", "cooperative", "hotspots"))
    spec = design(MORRIS, factors=[CITY[0], choice])
    place = np.array([choice.choices.index(p[1]) for p in spec.points])
    assert rows(analysed(spec, 5.0 * place), "mu").ci_low["patrol.strategy"] > 0
    assert "higher makes it" not in words(spec, 5.0 * place)
    assert "higher makes it higher" in words(spec, 5.0 * spec.x[:, 0])


def test_what_is_not_analysed_is_told_in_chinese_too():
    spec = design(MORRIS, factors=CITY)
    hole = {"lacking": 3, "points": 24, "why": "backlog: has no number"}
    told = words(spec, spec.x[:, 0], "zh", [hole])
    assert "24 个样本点中有 3 个没有数值" in told and "no number" not in told


def test_more_points_go_on_only_where_the_first_ones_stay():
    """Twice the base of Sobol extends a study; twice the trajectories of Morris is another one, and the page says so."""
    scenario = load_scenario("neighbourhood")
    factors = factors_of(["linkage.rate"], {}, scenario, "design")
    for method, n, told in ((SOBOL, 8, "in the same folder"), (MORRIS, 4, "in a new folder"), (PAWN, 40, "in a new")):
        small, large = (drawn(method, factors, k, 1) for k in (n, 2 * n))
        plans = [Plan((scenario,), factors=s.columns, points=s.points) for s in (small, large)]
        assert plans[1].extends(plans[0]) == (method == SOBOL)
        text = words(small, np.random.default_rng(1).random(len(small.x)))
        assert told in text and "Sample: not enough" in text and "n = " in text


# --- the city --------------------------------------------------------------------------------------------------------


def test_open_factors_are_those_with_a_range_that_act():
    scenario = load_scenario("neighbourhood")
    every = {f.key for f in factors_of("open", {}, scenario, "design")}
    assert {"linkage.rate", "experts.speed", "handling.max_attempts", "dummy"} <= every
    assert not {k for k in every if k.split(".")[0] in ("time", "matters")}
    some = factors_of(["linkage.rate", "experts.speed", "departments.hold_team"], {}, scenario, "design")
    options = parse_options("raise-linkage", builtin_policies(), scenario)
    kept, idle = acting(some, scenario, options, 1)
    assert [f.key for f in kept] == ["linkage.rate", "departments.hold_team", "dummy"] and idle == {
        "experts.speed": "idle"
    }
    kept, idle = acting(some, scenario, parse_options("add-experts", builtin_policies(), scenario), 1)
    assert idle == {}
    city = factors_of(["departments.city_level_share"], {}, load_scenario("district"), "design")
    assert acting(city, load_scenario("district"), options, 1)[1] == {"departments.city_level_share": "impossible"}


TINY = """
title = "Tiny"
scenario = "neighbourhood"
replications = 2
measures = ["time_to_resolution", "backlog"]
settings = { "time.warmup_days" = 5, "time.days" = 20, "time.follow_up_days" = 5 }
[design]
kind = "sensitivity"
method = "METHOD"
n = SIZE
factors = ["linkage.rate", "arrivals.per_100_residents"]
policies = ["raise-linkage"]
second_order = SECOND
resamples = 100
"""


@pytest.mark.parametrize("method, n, second", [("morris", 4, False), ("sobol", 8, True)])
def test_a_study_end_to_end(tmp_path, method, n, second):
    from gridsim.studies.designs import design_of, plan_of
    from gridsim.studies.runner import run_study
    from gridsim.views.study_page import write_study

    text = TINY.replace("METHOD", method).replace("SIZE", str(n)).replace("SECOND", str(second).lower())
    (tmp_path / "tiny.toml").write_text(text, encoding="utf-8")
    study = Study.read(tmp_path / "tiny.toml")
    plan = plan_of(study)
    assert len(plan.points) == n * (4 if method == MORRIS else 8)
    with run_study(plan, ledger=tmp_path / "study.ledger") as book:
        tables = design_of(study).tables(study, book)
        files = write_study(study, book, tmp_path, "both")
    here = tables["indices"]
    assert set(here.effect_of) == {"", "raise-linkage"} and set(here.factor) >= {"linkage.rate", "dummy"}
    assert {"factor", "index", "value", "ci_low", "ci_high", "floor", "measure", "effect_of"} <= set(here.columns)
    drawn_figures = {"figure.png", "plane.png"} if method == MORRIS else {"figure.png", "second_order.png"}
    assert drawn_figures | {"page.md", "page-zh.md", "indices.csv", "convergence.csv", "noise.csv"} <= set(files)
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "dummy" in page and ("run" in page or "enough" in page)
    assert "虚拟因子" in (tmp_path / "page-zh.md").read_text(encoding="utf-8")


@given(st.lists(st.floats(-0.5, 1.5), min_size=1, max_size=NAMED))
def test_names_in_a_plane_stand_apart_in_order_and_inside(heights):
    found = spaced(np.sort(heights), LABEL)
    assert np.all(np.diff(found) > LABEL - 1e-9) and found[0] > -1e-9 and found[-1] <= 1
    assert np.allclose(spaced(found, LABEL), found)  # what stands apart already is left alone


def test_salib_is_loaded_only_when_it_is_used():
    code = "import sys, gridsim, gridsim.cli, gridsim.studies.designs, gridsim.views.study_page; print('SALib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_spec_is_plain_data():
    import json

    spec = design(SOBOL, 16, factors=[*X, Factor("c", CHOICE, choices=("a", "b"))])
    assert Spec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
