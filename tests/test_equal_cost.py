"""Policies at equal cost: outlays by hand, budgets met within a unit, and what may be said of options there."""

import json
import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gridsim.cli import main
from gridsim.model.city import City
from gridsim.scenario.policies import BASELINE, Cost, Option, Policy, builtin_policies, parse_options, read_policies
from gridsim.scenario.scale import at_intensity, part_paid, reach
from gridsim.scenario.scenario import ScenarioError, load_scenario
from gridsim.studies.dominance import DOMINATED, MIXED, STANDS, UNTOLD, dominance, frontier, marks
from gridsim.studies.equal_cost import AGREED, Staircase, judged, plan
from gridsim.studies.outlay import _case_days, off_roster
from gridsim.studies.paired import paired
from gridsim.studies.saved import load_comparison
from gridsim.views.equal_cost import equal_cost_figure, report

KNOWN = builtin_policies()
SMALL, DISTRICT = load_scenario("neighbourhood"), load_scenario("district")
CITIES = {s.name: (s, City(s)) for s in (SMALL, DISTRICT)}
CAN = (
    "raise-linkage,add-experts,more-full-timers,follow-up-officer,more-teams,staff-incentives,raise-linkage+add-experts"
)
STAIRS = {o.name: Staircase(o, SMALL, CITIES["neighbourhood"][1]) for o in parse_options(CAN, KNOWN, SMALL)}


def planned(name, budget, city="neighbourhood", known=KNOWN):
    """The one plan of an option at a budget."""
    base, town = CITIES[city]
    (p,) = plan(parse_options([name], known, base), base, town, str(budget), known).plans
    return p


# --- outlay by hand: neighbourhood has 61 full-timers, 8 departments, 1 street; one-off outlay is spread over 5 years ----


@pytest.mark.parametrize(
    ("name", "city", "stated"),
    [
        ("raise-linkage", "neighbourhood", 8 * 30_000 + 8 * 200_000 / 5),
        ("add-experts", "neighbourhood", 12 * (6 * 52 * 150 + 0.5 * 3_000)),  # 61 / 5 = 12.2 experts
        ("consolidate-dedicated-grids", "neighbourhood", 19 * 2_000 / 5),  # one of twenty stays
        ("more-full-timers", "neighbourhood", 6 * 60_000),
        ("follow-up-officer", "neighbourhood", 2 * 60_000),
        ("more-teams", "neighbourhood", 8 * 320_000),
        ("staff-dedicated-grids", "neighbourhood", 20 * 2 * 12_000),
        ("automatic-dispatch", "neighbourhood", 2_000_000 / 5),
        ("devices", "neighbourhood", (61 + 46 + 20) * 2_500 / 5),
        ("real-posts", "neighbourhood", 0),
        ("staff-incentives", "neighbourhood", 61 * 6_000 + 46 * 0.08 * 6_000),
        ("add-experts", "district", 89 * (6 * 52 * 150 + 0.5 * 3_000)),  # 445 / 5
        ("more-full-timers", "district", 45 * 60_000),  # 44.5, rounded up
        ("consolidate-dedicated-grids", "district", (168 - 9) * 2_000 / 5),  # 5.49 % of 168 is 9.2
        ("more-teams", "district", 8 * 320_000),
    ],
)
def test_what_an_option_costs_as_stated(name, city, stated):
    assert planned(name, 1e6, city).stated == pytest.approx(stated, rel=1e-12)


def test_one_off_outlay_is_spread_over_its_life():
    base = SMALL.replace({"cost.life_years": 10.0})
    (option,) = parse_options("raise-linkage", KNOWN, base)
    assert Staircase(option, base, City(base)).stated() == 8 * 30_000 + 8 * 200_000 / 10


@pytest.mark.parametrize(
    ("name", "budget", "expected", "unit", "lever", "value"),
    [
        ("add-experts", 500_000, 10 * 48_300, 48_300, "experts.per_full_time", 10 / 61),  # 10.35 experts
        ("add-experts", 510_000, 11 * 48_300, 48_300, "experts.per_full_time", 11 / 61),  # 10.56
        ("add-experts", 5_000, 48_300, 48_300, "experts.per_full_time", 1 / 61),  # never nothing
        ("more-full-timers", 600_000, 600_000, 60_000, "staff.added_share", 10 / 61),
        ("raise-linkage", 200_000, 3 * 70_000, 70_000, "linkage.rate", 0.7 + 3 / 8 * 0.2),  # 3 of 8 departments
        ("follow-up-officer", 190_000, 3 * 60_000, 60_000, "follow_up.share", 0.75),  # 3 officers, where 2 watch half
        ("staff-dedicated-grids", 700_000, 720_000, 240_000, "dedicated.staff_per_grid", 4),
        (
            "staff-incentives",
            97_020,
            15 * 6_000 + 12 * 480,
            6_000,
            "careers.incentive",
            (11.5 / 46 + 15.5 / 61) / 2,
        ),  # 15 full-timers up to 15.5 / 61, 12 part-timers from 11.5 / 46: the middle
        ("more-teams", 6_000_000, 2 * 2_560_000, 2_560_000, "departments.added_teams", 2),
    ],
)
def test_an_option_is_scaled_by_whole_units(name, budget, expected, unit, lever, value):
    p = planned(name, budget)
    assert (p.why, p.planned, p.unit) == ("", pytest.approx(expected, rel=1e-9), pytest.approx(unit, rel=1e-6))
    assert p.option.policies[0].set[lever] == pytest.approx(value, abs=1e-5)


def test_levers_that_go_along_go_the_same_part_of_their_way():
    levers = planned("raise-linkage", 280_000).option.policies[0].set  # half: 4 departments of 8
    assert levers["linkage.rate"] == pytest.approx(0.8, abs=1e-6)
    assert levers["linkage.report_in"]["mean"] == pytest.approx(1.5, abs=1e-5)  # 2 today, 1 as stated
    assert levers["platform.data_integration"] == pytest.approx(0.25, abs=1e-6)
    assert levers["linkage.parallel"] is True


def test_the_policy_whose_budget_it_is_stays_as_it_is():
    base, city = CITIES["district"]
    options = parse_options("add-experts,raise-linkage", KNOWN, base)
    made = plan(options, base, city, "dearest", KNOWN)
    assert (made.source, made.budget) == ("add-experts", 89 * 48_300)
    assert made.options[0] == options[0]
    again = plan(options, base, city, "raise-linkage", KNOWN)
    assert again.budget == 560_000 and again.options[1] == options[1]
    assert again.plans[0].planned == 12 * 48_300  # 11.6 experts


def test_a_stack_has_one_intensity():
    p = planned("raise-linkage+add-experts", 560_000)  # of 12.2 experts and 8 departments as stated
    experts, departments = math.floor(12.2 * p.intensity + 0.5), math.floor(8 * p.intensity + 0.5)
    assert p.planned == pytest.approx(48_300 * experts + 70_000 * departments)
    assert (experts, departments) == (6, 4)  # 569,800; a step below, 5 and 4, is 521,500: further off
    a, b = p.option.policies
    assert b.set["experts.per_full_time"] / 0.2 == pytest.approx(p.intensity)
    assert (a.set["linkage.rate"] - 0.7) / 0.2 == pytest.approx(p.intensity)


def test_what_cannot_be_scaled_stands_at_its_own_cost_and_says_why():
    saves = planned("consolidate-dedicated-grids", 560_000)
    assert (saves.why, saves.planned) == ("not scaled", 7_600) and "saves money" in saves.option.policies[0].own_cost
    full = planned("raise-linkage", 10_000_000)
    assert (full.why, full.planned, full.limit) == ("cannot absorb", 560_000, 560_000)
    assert planned("real-posts", 560_000).why == "no outlay"
    mixed = planned("raise-linkage+automatic-dispatch", 300_000)  # the system alone costs 400,000 a year
    assert (mixed.why, mixed.limit) == ("cannot be so small", 400_000)
    base = SMALL.replace({"linkage.rate": 0.9})
    (there,) = plan(parse_options("raise-linkage", KNOWN, base), base, City(base), "100000", KNOWN).plans
    assert there.why == "there already"


def test_every_builtin_policy_is_scaled_or_says_why_not_in_both_languages():
    for p in KNOWN.values():
        if p.components:  # a configuration is scaled, or not, by the policies that it is made of
            assert p.scale is None and not p.own_cost and set(p.components.values()) <= set(KNOWN), p.name
            continue
        assert (p.scale is None) == bool(p.own_cost) == bool(p.chinese_own_cost), p.name
        assert p.scale is None or p.cost, p.name


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(list(STAIRS)), budget=st.floats(1_000, 3_000_000))
def test_budgets_agree_within_one_percent_or_one_unit(name, budget):
    p = planned(name, repr(budget))
    if not p.why:
        assert abs(p.planned - budget) <= max(AGREED * budget, p.unit) * (1 + 1e-9) and p.planned > 0
        low, high = STAIRS[name].ends
        others = {STAIRS[name].outlay(x) for x in np.linspace(low, high, 31)} - {0.0}
        assert all(
            abs(y - budget) >= abs(p.planned - budget) - 1 for y in others
        )  # none is nearer, but for nothing at all
    else:
        assert p.why == "cannot absorb" and p.limit < budget and p.planned == p.stated


def test_parts_that_are_paid():
    assert part_paid("department", 1.0, 8, 0.49) == 4 / 8 and part_paid("department", 0.5, 8, 0.49) == 4 / 8
    assert part_paid("street", 2.0, 1, 0.75) == 1.0 and part_paid("street", 2.0, 1, 0.5) == 0.5
    assert part_paid("street", 2.0, 1, 2.0) == 2.0
    assert part_paid("city", 1.0, 1, 0.01) == 1.0 and part_paid("expert", 1.0, 12, 0.3) == 1.0
    assert reach(KNOWN["add-experts"], SMALL) == (0.0, 10.0)
    assert at_intensity(KNOWN["real-posts"], SMALL, 0.5) == KNOWN["real-posts"]


def test_a_lever_that_falls_is_scaled_between_its_limits():
    text = {"lever": "dedicated.kept_share", "least": 0.2, "most": 0.9}
    p = Policy(name="p", set={"dedicated.kept_share": 0.5}, cost=(Cost(item="x", per="city", yuan=1.0),), scale=text)
    assert reach(p, SMALL) == pytest.approx((0.2, 1.6))  # from 1 today: .9 is a fifth of the way, .2 is 1.6 of it
    assert at_intensity(p, SMALL, 9.0).set["dedicated.kept_share"] == pytest.approx(0.2)


def test_a_duration_is_scaled_by_its_mean_and_never_to_nothing():
    never = {"distribution": "exponential", "mean": 1.5}
    p = Policy(name="p", set={"linkage.report_in": never}, scale={"lever": "linkage.report_in", "least": 0.0})
    assert reach(p, SMALL) == (0.0, 4.0)  # 2 today, half a day on the way
    assert at_intensity(p, SMALL, 3.0).set["linkage.report_in"]["mean"] == pytest.approx(0.5)
    assert at_intensity(p, SMALL, 4.0).set["linkage.report_in"]["mean"] == 0.01


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("budget", "text"),
    [
        ("add-expert", "'add-expert' is neither yuan a year nor a policy; did you mean add-experts?"),
        ("-5", "a budget must be a number of yuan a year above 0 (got -5)"),
        ("nan", "a budget must be a number of yuan a year above 0 (got nan)"),
        ("0", "a budget must be a number of yuan a year above 0 (got 0)"),
        ("real-posts", "real-posts has no outlay, so it gives no budget"),
    ],
)
def test_a_budget_that_is_none(budget, text, capsys):
    argv = ["compare", "neighbourhood", "--policies", "add-experts", "--equal-cost", budget]
    assert main(argv) == 2
    err = capsys.readouterr().err
    assert text in err and err.count("\n") == 1 and err.startswith("gridsim: --equal-cost: ")


def test_policies_without_outlay_give_no_budget_and_one_scenario_at_a_time(capsys):
    assert main(["compare", "neighbourhood", "--policies", "real-posts", "--equal-cost"]) == 2
    assert "none of the options has an outlay" in capsys.readouterr().err
    assert main(["compare", "neighbourhood", "district", "--equal-cost"]) == 2
    assert "one scenario at a time" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("scale", "text"),
    [
        (
            'lever = "linkage.rat"',
            "a.scale.lever: must be a lever that the policy sets (got 'linkage.rat'); did you mean",
        ),
        ('lever = "linkage.parallel"', "a.scale.lever: must be a number or a duration"),
        ('lever = "linkage.rate"\nalso = ["linkage.parallel"]', "a.scale.also.0: must be a number or a duration"),
        ('lever = "linkage.rate"\nmost = 1.5', "a.scale.most: must be from 0 to 1, as linkage.rate (got 1.5)"),
        ('lever = "linkage.rate"\nmost = 0.8', "a.scale: least and most must hold the policy's own value"),
        ('lever = "linkage.rate"\nstep = 1', "a.scale.step: unknown key"),
    ],
)
def test_a_scale_that_is_none(scale, text, tmp_path):
    path = tmp_path / "mine.toml"
    levers = '[a.set]\n"linkage.rate" = 0.9\n"linkage.parallel" = true\n'
    path.write_text(f'{levers}[[a.cost]]\nitem = "x"\nper = "city"\nyuan = 1.0\n[a.scale]\n{scale}\n', encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        read_policies(path)
    assert len(caught.value.errors) == 1 and text in caught.value.errors[0]


def test_a_scale_needs_something_to_buy_and_no_excuse(tmp_path):
    path = tmp_path / "mine.toml"
    text = '[a]\n{}\n[a.set]\n"linkage.rate" = 0.9\n[a.scale]\nlever = "linkage.rate"\n'
    path.write_text(text.format(""), encoding="utf-8")
    with pytest.raises(ScenarioError, match="a.scale: needs something to buy"):
        read_policies(path)
    path.write_text(text.format('own_cost = "No."'), encoding="utf-8")
    with pytest.raises(ScenarioError, match="a.own_cost: says why there is no scale, but there is one"):
        read_policies(path)


# --- cost of a case-day, running cost -----------------------------------------------------------------------------------


def test_the_interval_of_a_ratio_is_fiellers_and_near_the_bootstraps():
    """Fieller 1954 by its quadratic, with a numerator without variance; the bootstrap of scipy beside it."""
    saved = np.random.default_rng(5).normal(20.0, 6.0, 40)
    outlay = 7_300_000.0
    mean, low, high, _ = paired(-saved)
    row = pd.Series({"verdict": "better", "difference": mean, "ci_low": low, "ci_high": high})
    got = _case_days(row, pd.Series({"verdict": "better"}), outlay)
    e, v, t = saved.mean() * 365, saved.var(ddof=1) * 365**2 / 40, stats.t.ppf(0.975, 39)
    roots = np.sort(np.roots([e**2 - t**2 * v, -2 * outlay * e, outlay**2]))  # (outlay − r e)² = t² r² v
    assert (got["case_day_cost_low"], got["case_day_cost_high"]) == pytest.approx(tuple(roots), rel=1e-9)
    sampled = stats.bootstrap(
        (saved,), lambda x, axis: outlay / (x.mean(axis=axis) * 365), rng=np.random.default_rng(1)
    )
    between = sampled.confidence_interval
    assert got["case_day_cost_low"] == pytest.approx(between.low, rel=0.03)
    assert got["case_day_cost_high"] == pytest.approx(between.high, rel=0.03)


def test_running_cost_holds_what_is_not_on_the_roster():
    names = ("raise-linkage", "add-experts", "more-full-timers", "consolidate-dedicated-grids")
    city = CITIES["neighbourhood"][1]
    off = {}
    for name in names:
        (option,) = parse_options(name, KNOWN, SMALL)
        off[name] = off_roster(option, city.counts(option.phases(SMALL)[-1].scenario, SMALL), SMALL)
    assert off == {
        "raise-linkage": 8 * 30_000,
        "add-experts": 12 * 1_500,  # the hours are on the roster
        "more-full-timers": 0,
        "consolidate-dedicated-grids": 0,
    }


# --- dominance by hand ----------------------------------------------------------------------------------------------------


def runs_of(**backlogs):
    """Four replications; time to resolution is a tenth of the backlog."""
    frames = [
        pd.DataFrame(
            {"policy": n, "replicate": range(4), "window": "w", "backlog": b, "time_to_resolution": np.array(b) / 10}
        )
        for n, b in backlogs.items()
    ]
    return pd.concat(frames, ignore_index=True)


NOISE = np.array([0.0, 1.0, -1.0, 0.5])
RUNS = runs_of(
    baseline=100 + NOISE, cheap=80 + 2 * NOISE, middle=79.5 + NOISE, dear=60 + 3 * NOISE, alike=60.2 + 2 * NOISE[::-1]
)
OUTLAY = {"cheap": 100.0, "middle": 200.0, "dear": 300.0, "alike": 310.0}


def verdicts(table):
    return {(r.policy, r.other): r.verdict for r in table[table["mix"] == ""].itertuples()}


def test_dominance_by_hand():
    table = dominance(RUNS, "w", OUTLAY, lambda a, b: 0.0, SMALL)
    said = verdicts(table)
    assert ("cheap", "middle") not in said  # it is cheaper: nothing that is dearer dominates it
    assert said["cheap", BASELINE] == said["dear", BASELINE] == said["dear", "middle"] == STANDS
    assert said["middle", "cheap"] == UNTOLD  # .5 fewer, on differences of 1
    assert said["alike", "dear"] == UNTOLD
    mixes = table[table.verdict == MIXED]
    row = mixes[(mixes.other == "cheap") & (mixes["mix"] == "dear")].iloc[0]
    assert (row.policy, row.share) == ("middle", 0.5) and row.backlog == pytest.approx(
        79.5 + NOISE.mean() - 70 - 2.5 * NOISE.mean()
    )
    marked = marks(table).set_index("policy").mark
    assert dict(marked) == {"cheap": STANDS, "middle": MIXED, "dear": STANDS, "alike": UNTOLD}


def test_equal_outlays_dominate_either_way():
    outlay = OUTLAY | {"middle": 305.0}
    said = verdicts(dominance(RUNS, "w", outlay, lambda a, b: 10.0, SMALL))
    assert said["middle", "dear"] == DOMINATED and said["dear", "middle"] == STANDS
    assert (
        verdicts(dominance(RUNS, "w", {"cheap": 100.0, "dear": 50.0}, lambda a, b: 0.0, SMALL))["cheap", "dear"]
        == DOMINATED
    )


def test_a_claim_needs_an_interval_that_excludes_zero():
    wild = runs_of(baseline=100 + NOISE, x=[50, 160, 90, 140], y=[100, 90, 95, 105])
    table = dominance(wild, "w", {"x": 200.0, "y": 100.0}, lambda a, b: 0.0, SMALL)
    assert set(table.verdict) == {UNTOLD}
    one = wild[wild.replicate == 0]
    assert set(dominance(one, "w", {"x": 200.0, "y": 100.0}, lambda a, b: 0.0, SMALL).verdict) == {UNTOLD}


def test_a_claim_holds_beside_all_other_pairs_and_matters():
    """By hand: two options and today are three pairs, with two outcomes six tests; of x − y, d = 6 ± 2 in four pairs.

    Time is a tenth, so that both have t = 6 ÷ (sd ÷ 2) on 3 degrees of freedom. The rest differ by 0: p = 1.
    """
    d = np.array([4.0, 8.0, 5.0, 7.0])
    runs = runs_of(baseline=100 + NOISE, y=100 + NOISE, x=100 + NOISE + d)
    outlay = {"x": 200.0, "y": 100.0}
    p = 2 * stats.t.sf(6 / (d.std(ddof=1) / 2), 3)  # .0063
    table = dominance(runs, "w", outlay, lambda a, b: 0.0, SMALL)
    row = table[(table.policy == "x") & (table.other == "y")].iloc[0]
    assert p < 0.05 / 4 < 6 * p  # four tests of six have this p: two pairs, two outcomes
    assert row.backlog_p == row.time_p == pytest.approx(6 * p) and row.verdict == DOMINATED
    wide = runs_of(baseline=100 + NOISE, y=100 + NOISE, x=100 + NOISE + d * [0.4, 1.3, 1, 1])
    alone = paired(d * [0.4, 1.3, 1, 1])
    row = dominance(wide, "w", outlay, lambda a, b: 0.0, SMALL).iloc[1]
    assert alone[1] > 0 and 6 * alone[3] > 0.05 and row.verdict == UNTOLD  # its own interval excludes zero
    small = runs_of(baseline=100 + NOISE, y=100 + NOISE, x=100 + NOISE + d / 4)  # 1.5 cases of 100, .15 d
    assert set(verdicts(dominance(small, "w", outlay, lambda a, b: 0.0, SMALL)).values()) == {UNTOLD}
    fine = SMALL.replace({"matters.relative": 0.01})
    assert verdicts(dominance(small, "w", outlay, lambda a, b: 0.0, fine))["x", "y"] == DOMINATED


@pytest.mark.parametrize("alike", [False, True])
def test_noise_dominates_nothing(alike):
    """Ten options that differ by luck alone, large enough to matter: a comparison with any claim is one of twenty at most."""
    rng = np.random.default_rng(3)
    names = [BASELINE, *(f"o{k}" for k in range(10))]
    outlay = {name: 100.0 if alike else 100.0 * k for k, name in enumerate(names) if k}
    claims = []
    for _ in range(60):
        runs = pd.concat(
            pd.DataFrame({"policy": n, "replicate": range(8), "window": "w", "backlog": 100 + 15 * rng.normal(size=8),
                          "time_to_resolution": 30 + 5 * rng.normal(size=8)}) for n in names
        )  # fmt: skip
        table = dominance(runs, "w", outlay, lambda a, b: 0.0, SMALL)
        claims.append((table.verdict.isin((DOMINATED, MIXED))).any())
    assert stats.binomtest(sum(claims), len(claims), 0.05, alternative="greater").pvalue > 0.05, sum(claims)


def test_the_frontier_ends_where_options_are_not_told_apart():
    saved = {n: (100 - b) for n, b in {"cheap": 60 + NOISE, "dear": 40 - NOISE, "alike": 40.1 + 2 * NOISE}.items()}
    nothing = pd.DataFrame({"policy": list(saved), "mark": STANDS})
    two = {k: saved[k] for k in ("cheap", "dear")}
    assert frontier(two, {"cheap": 100.0, "dear": 300.0}, nothing) == [BASELINE, "cheap", "dear"]
    assert frontier(saved, {"cheap": 100.0, "dear": 300.0, "alike": 300.0}, nothing) == [BASELINE, "cheap"]
    gone = nothing.assign(mark=[DOMINATED, STANDS, STANDS])
    assert frontier(two, {"cheap": 100.0, "dear": 300.0}, gone) == [BASELINE, "dear"]


# --- end to end -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    where = tmp_path_factory.mktemp("equal") / "one"
    policies = "raise-linkage,add-experts,raise-linkage+add-experts,consolidate-dedicated-grids,real-posts"
    argv = ["compare", "neighbourhood", "--policies", policies, "--equal-cost", "raise-linkage", "--days", "60"]
    assert main([*argv, "--replications", "3", "--lang", "both", "--out", str(where)]) == 0
    return where


def test_compare_at_equal_cost_end_to_end(folder):
    c = load_comparison(folder).comparison
    t = c.equal_cost.set_index("policy")
    assert list(t.planned) == [560_000, 12 * 48_300, pytest.approx(569_800), 7_600, 0]
    assert list(t.why) == ["", "", "", "not scaled", "no outlay"]
    np.testing.assert_allclose(c.costs.annual, t.planned)
    np.testing.assert_allclose(t.case_days, c.costs.case_days_saved)
    np.testing.assert_allclose(
        c.costs.running - c.costs.running_baseline, c.costs.yearly - c.costs.saved_yearly, atol=1
    )
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 'id="en-equal_cost"' in page and 'id="zh-equal_cost"' in page and "stands at its own cost" in page
    text = report(c, "en")
    assert "Budget: 560,000 yuan a year" in text and "experts: per full time 0 → 0.2" in text
    assert "--equal-cost raise-linkage" in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["command"]
    assert "按自身成本" in report(c, "zh") and equal_cost_figure(c, "en") is not None


def test_the_ratio_is_not_a_number_where_the_effect_is_not_told(folder):
    c = load_comparison(folder).comparison
    for r in c.equal_cost.itertuples():
        cost = c.costs[c.costs.policy == r.policy].case_day_cost.iloc[0]
        if not r.case_days_low > 0:
            assert np.isnan(cost), r.policy
    zero = c.equal_cost.assign(case_days_low=-1.0, case_days_high=1.0)
    nothing = replace(c, equal_cost=zero, costs=c.costs.assign(case_day_cost=np.nan))
    assert report(nothing, "en").count("not defined: the effect is not told from zero") == len(c.options)


def test_nothing_is_marked_where_nothing_is_judged(folder):
    c = load_comparison(folder).comparison
    base, city = CITIES["neighbourhood"]
    made = plan(list(c.options), base, city, "560000", KNOWN)
    unlike = replace(c, table=c.table.assign(verdict="not judged"))
    assert (
        set(judged(unlike, made).equal_cost.mark) == {"not judged"}
        and not judged(unlike, made).equal_cost.frontier.any()
    )


def test_a_made_option_stands_for_itself_in_a_list():
    option = Option("mine", (Policy(name="mine", set={"linkage.rate": 0.8}),))
    assert parse_options([option, "add-experts"], KNOWN, SMALL)[0] is option
