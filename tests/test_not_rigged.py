"""Not rigged: every policy can lose or do nothing, and what does nothing is told to do nothing.

Tiny cities, in which one mechanism is left at a time: a test says which cost, gain or shortage sets the sign.
``experiments/losing_regions.py`` shows the same on the neighbourhood.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import LEVEL, deterministic, exponential, packed, single_queue
from scipy import stats

from gridsim.measures import measure_windows
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.parameters import EXPERT_FIELDS
from gridsim.scenario.policies import LEVERS, Option, Policy
from gridsim.scenario.scenario import Scenario, load_scenario
from gridsim.studies.comparison import Comparison, compare
from gridsim.studies.judge import judge
from gridsim.studies.paired import paired

PRIMARY = ("time_to_resolution", "backlog")
INCIDENT = ("place", "ordinal", "onset", "category")


def versus(scenario: Scenario, replications: int, **levers: dict[str, Any]) -> Comparison:
    """Compare named patches of levers with the scenario as it stands."""
    known = {name: Policy(name=name, set=patch) for name, patch in levers.items()}
    return compare(scenario, list(known), replications=replications, known=known)


def verdicts(c: Comparison, policy: str) -> list[str]:
    return [c.row(policy, m).verdict for m in PRIMARY]


def two_worlds(scenario: Scenario, levers: dict[str, Any], seed: int = 1) -> tuple[World, World]:
    """The same history without and with a patch of levers from day 0 on."""
    warm = World(scenario, City(scenario), seed).warm_up()
    option = Option("policy", (Policy(name="policy", set=levers),))
    return warm.copy().run(), warm.copy().under(option.phases(scenario)).run()


def assert_same_incidents(a: World, b: World) -> None:
    """Incidents are the same to the bit, whoever handles them; complexity where both have opened a file."""
    assert len(a.cases) == len(b.cases) > 100
    for column in INCIDENT:
        assert a.cases[column].tobytes() == b.cases[column].tobytes(), column
    both = ~np.isnan(a.cases.reported) & ~np.isnan(b.cases.reported)
    assert a.cases.complexity[both].tobytes() == b.cases.complexity[both].tobytes()


# --- linkage -------------------------------------------------------------------------------------------------------

BUSY: dict[str, Any] = {  # departments and nothing else; two teams at 4 · 0.475 ÷ 2 = 95 % if nothing is linked
    "rules__grid_handling": False,
    "departments__duration": exponential(0.475),
    "departments__hold_team": "active",
    "departments__active_share": 1.0,
    "linkage__rate": 0.2,
    "linkage__drop": 0.0,
    "time__warmup_days": 200,
    "time__days": 200,
    "time__window_days": 200,
    "time__follow_up_days": 90,
}
MORE = {"linkage.rate": 1.0}


def departments(teams: int = 2, per_day: float = 4.0, fields: int = 1, **changes: Any) -> Scenario:
    return single_queue(per_day, need=1.0, teams=teams, fields=fields, **(BUSY | changes))


@pytest.mark.parametrize("cost", [{"linkage__coordination": 0.3}, {"linkage__false_whistles": 0.2}])
def test_more_linkage_loses_where_whistles_cost_and_departments_are_full(cost):
    """Nothing is dropped unlinked, so that all a whistle brings is work: coordination, or false alarms."""
    c = versus(departments(**cost), 8, more=MORE)
    assert c.row("more", "department_utilisation").baseline > 0.95
    assert verdicts(c, "more") == ["worse", "worse"]
    assert c.row("more", "linkage_rate").difference > 0.7


def test_linkage_does_nothing_where_it_saves_no_step_and_costs_nothing():
    """One department, nobody drops a case, no cost: linked or not is then only a word, to the bit."""
    a, b = two_worlds(departments(), MORE)
    assert b.days.linked.sum() > 2 * a.days.linked.sum() > 0
    assert a.cases.resolved.tobytes() == b.cases.resolved.tobytes()


def test_without_costs_the_sign_of_linkage_is_structural():
    """Linkage that costs nothing can only help: no case whatever is resolved later.

    Enough teams, report-in at once, coordination, false whistles and fatigue 0: the longest of K sub-tasks against
    their sum, and no department that lets the case lie. So a gain found at zero cost is no finding.
    """
    dropped = {"linkage__drop": 0.4, "linkage__stalled": exponential(30.0), "departments__extra": 1.0}
    a, b = two_worlds(departments(teams=50, fields=4, **dropped), MORE)
    done = a.cases.reported < 200
    times = [np.where(np.isnan(w.cases.resolved), np.inf, w.cases.resolved)[done] for w in (a, b)]
    began = a.cases.reported[done] >= 0  # reported once the policy was in force
    assert np.all(times[1] <= times[0])
    assert np.mean(times[1][began] < times[0][began]) > 0.3


def test_linkage_without_cost_still_loses_if_departments_report_in_late():
    c = versus(departments(teams=50, linkage__report_in=exponential(5.0)), 4, more=MORE)
    assert verdicts(c, "more") == ["worse", "worse"]
    assert c.row("more", "time_to_resolution").difference == pytest.approx(0.8 * 5.0, rel=0.1)  # 1.0 − 0.2 of them


def test_whistles_wear_departments_out():
    """Raising ρ from .4 to .8 links fewer more cases where departments are overloaded and tire (θ > 0)."""

    def gain(teams: int, fatigue: float) -> tuple[float, float]:
        s = departments(teams, 6.0, linkage__rate=0.4, linkage__fatigue=fatigue)
        row = versus(s, 8, more={"linkage.rate": 0.8}).row("more", "linkage_rate")
        return row.ci_low, row.ci_high

    assert gain(teams=2, fatigue=1.0)[1] < gain(teams=2, fatigue=0.0)[0]
    assert gain(teams=50, fatigue=1.0) == gain(teams=50, fatigue=0.0)  # who is not overloaded does not tire


RESIDENTS = ("trust", "participation", "grievance", "self_resolution", "outreach", "warning", "security")
STOIC = {f"rules__{name}": False for name in RESIDENTS}  # people who learn nothing: what moves is the handling alone

# --- experts -------------------------------------------------------------------------------------------------------

TOWN = load_scenario(
    "neighbourhood",
    districts__neighbourhood__population=16_000,
    city__comprehensive_grids=24,
    city__dedicated_grids=0,
    city__communities_per_street=1,
    staff__full_time=24,
    staff__part_time=0,
    staff__nominal_share=0.0,
    experts__training_relief=0.0,
    time__warmup_days=60,
    time__days=180,
    time__window_days=180,
    time__follow_up_days=90,
    **STOIC,
)
ONLY_AGRICULTURE = {f"experts.weight_{f}": 0.0 for f in EXPERT_FIELDS if f != "agriculture"}
ROSTER = {"experts.per_full_time": 1.0}


def assert_experts_do_nothing(scenario: Scenario, levers: dict[str, Any]) -> None:
    a, b = two_worlds(scenario, levers)
    assert len(b.tables.expert) == 24 and len(a.tables.expert) == 0
    assert packed(a.cases) == packed(b.cases)
    flows = [n for n in a.days.dtype.names if n != "expert_budget"]
    assert packed(a.days[flows]) == packed(b.days[flows])


def test_experts_of_a_field_that_nobody_needs_change_nothing():
    """No category lies in agriculture: hours are paid for, and every case runs as before, to the bit."""
    assert_experts_do_nothing(TOWN, ROSTER | ONLY_AGRICULTURE)


def test_experts_without_substitution_relief_and_cases_of_their_field_change_nothing():
    nothing = {f"categories.{c}.expert_share": 0.0 for c in TOWN.categories}
    assert_experts_do_nothing(TOWN.replace(nothing | {"experts.substitution_factor": 0.0}), ROSTER)
    a, b = two_worlds(TOWN, ROSTER)  # and the test can see experts who do something
    assert b.days.expert_attempts.sum() > 50 and packed(a.cases) != packed(b.cases)


def test_relief_from_training_is_all_that_experts_of_a_wrong_field_bring():
    relief = TOWN.replace({"experts.training_relief": 0.3})
    a, b = two_worlds(relief, ROSTER | ONLY_AGRICULTURE)
    assert b.days.expert_attempts.sum() == 0
    ratio = b.tables.patrol_hazard / a.tables.patrol_hazard  # 12 of 40 hours of training go to 500 of patrol
    assert ratio == pytest.approx(512 / 500)


def test_experts_saturate():
    """From one expert a full-timer on, each doubling brings less than the one before; the last next to nothing.

    The same gridworkers throughout, since who quits is noise here: with careers it takes 24 replications to see it (steps
    of .245, .115 and .022 d against .242, .107 and .023 without).
    """
    sizes = (1.0, 2.0, 4.0, 8.0)
    c = versus(TOWN.replace({"rules.careers": False}), 8, **{f"x{k}": {"experts.per_full_time": k} for k in sizes})
    for measure in PRIMARY:
        gain = [-c.row(f"x{k}", measure).difference for k in sizes]
        steps = [b - a for a, b in pairwise(gain)]
        assert steps[0] > steps[1] > 0, measure
        assert steps[1] < 0.5 * steps[0] and abs(steps[2]) < 0.05 * gain[-1], measure


def test_a_long_handover_makes_experts_harmful():
    c = versus(TOWN.replace({"experts.handover": exponential(60.0)}), 12, experts=ROSTER)
    assert verdicts(c, "experts") == ["worse", "worse"]
    good = versus(TOWN, 12, experts=ROSTER)
    assert verdicts(good, "experts")[0] == "better" and good.row("experts", "backlog").ci_high < 0


def test_seconded_experts_cost_the_departments_their_strength():
    """People lent to the grids are missing from nearly full departments; if their field is not asked for, that is all."""
    full = TOWN.replace({"departments.active_share": 0.55, "linkage.drop": 0.0, "experts.hours_per_week": 20.0})
    lent = ROSTER | ONLY_AGRICULTURE
    c = versus(full, 8, lent=lent | {"experts.kind": "seconded"}, outside=lent)
    assert verdicts(c, "lent") == ["worse", "worse"]
    assert [c.row("outside", m).difference for m in PRIMARY] == [0.0, 0.0]


# --- consolidation of dedicated grids --------------------------------------------------------------------------------

EQUAL: dict[str, Any] = STOIC | {  # eight equal grids, eight equal sites, all places alike; nobody waits for a worker
    "rules__careers": False,  # an hour is an hour, whoever works it: gridworkers learn and leave, firm staff do not
    "rules__roles": False,
    "districts__neighbourhood__population": 16_000,
    "city__comprehensive_grids": 8,
    "city__dedicated_grids": 8,
    "city__cells_per_grid": 1,
    "city__grid_size_cv": 0.0,
    "city__place_effect_sd": 0.0,
    "residents__place_share": 0.0,
    "staff__full_time": 8,
    "staff__part_time": 0,
    "staff__nominal_share": 0.0,
    "staff__travel_penalty": 0.0,
    "staff__periphery_penalty": 0.0,
    "staff__cover_below_fte": 0.05,
    "staff__help_above_load": 1e6,
    "rules__hours": False,
    "handling__service": deterministic(0.0),
    "handling__on_the_spot": deterministic(0.0),
    "intake__unregistered_hours": 0.0,
    "dedicated__site_size_shape": 1e300,
    "dedicated__local_bonus": 1.0,
    "dedicated__boundary_friction": 0.0,
    "time__warmup_days": 60,
    "time__days": 180,
    "time__window_days": 180,
    "time__follow_up_days": 90,
}
FULL = {"dedicated__staff_per_grid": 3, "dedicated__staff_fte": 0.25, "dedicated__incident_share": 3 / 7}  # .75 : 1
THIN = FULL | {"dedicated__staff_per_grid": 1, "dedicated__staff_fte": 0.05}
DISSOLVED = {"dedicated.kept_share": 0.0, "dedicated.redeployment": "comprehensive"}
WAITING = {
    "rules__hours": True,
    "handling__service": {"distribution": "lognormal", "median": 3.0, "sigma": 0.8},
    "handling__on_the_spot": exponential(1.0),
}


LIVELY: dict[str, Any] = dict.fromkeys(STOIC, True) | {"participation__initial": 0.3}  # all rules of residents


def equal_city(**changes: Any) -> Scenario:
    return load_scenario("neighbourhood", **(EQUAL | changes))


@pytest.mark.parametrize("kept", [0.0, 0.5])
@pytest.mark.parametrize("people", [{}, LIVELY], ids=["stoic", "lively"])
def test_consolidation_at_equal_effort_changes_nothing_where_nobody_waits(kept, people):
    """Bonus 1, friction 0 and the same hours for the same ground before and after: every hazard and every case equal.

    People who answer to what they live through have nothing to answer to.
    """
    a, b = two_worlds(equal_city(**FULL, **people), DISSOLVED | {"dedicated.kept_share": kept})
    assert b.tables.grid.active.sum() == 8 + 8 * kept
    np.testing.assert_allclose(b.tables.patrol_hazard, a.tables.patrol_hazard, rtol=1e-14)
    assert_same_incidents(a, b)
    np.testing.assert_allclose(b.cases.reported, a.cases.reported, rtol=0, atol=1e-9)
    np.testing.assert_allclose(b.cases.resolved, a.cases.resolved, rtol=0, atol=1e-9)


def test_where_people_wait_fewer_pools_of_the_same_hours_are_quicker():
    """With hours that are scarce, twelve pools of hours serve worse than eight: a queue's economy of scale, no bonus."""
    c = versus(equal_city(**FULL, **WAITING), 8, gone=DISSOLVED)
    assert verdicts(c, "gone")[0] == "better"
    assert c.row("gone", "detection_rate").difference == 0.0


def test_consolidation_hurts_where_full_teams_know_their_ground():
    """What is lost is noticing: incidents last longer, and the backlog is shorter only because fewer are known."""
    c = versus(equal_city(**FULL, dedicated__local_bonus=1.6), 12, gone=DISSOLVED)
    assert c.row("gone", "unresolved_days").verdict == "worse"
    assert c.row("gone", "detection_rate").verdict == "worse"
    assert c.row("gone", "time_to_resolution").verdict != "better"  # it counts from the report on
    assert c.row("gone", "backlog").difference < 0


def test_consolidation_helps_through_boundaries_and_interoperation_takes_that_help_away():
    friction = FULL | {"dedicated__boundary_friction": 1.5, "dedicated__dispute_delay": exponential(4.0)}
    apart = versus(equal_city(**friction, dedicated__interoperation=0.0), 8, gone=DISSOLVED)
    assert verdicts(apart, "gone") == ["better", "better"]
    a, b = two_worlds(equal_city(**friction, dedicated__interoperation=1.0), DISSOLVED)
    assert a.cases.edge.sum() > 50 and a.days.disputes.sum() == 0
    np.testing.assert_allclose(b.cases.resolved, a.cases.resolved, rtol=0, atol=1e-9)


@pytest.mark.parametrize("levers", [DISSOLVED, {"dedicated.kept_share": 0.25, "dedicated.rule": "merge"}])
def test_incidents_are_the_same_whatever_becomes_of_grids(levers):
    """Whatever people and staff make of it, but for the two rules by which incidents breed incidents (R15, R19)."""
    alive = LIVELY | {"rules__careers": True, "rules__roles": True, "rules__grievance": False, "rules__security": False}
    s = equal_city(**FULL, **WAITING, **alive, dedicated__local_bonus=1.6, dedicated__boundary_friction=1.5)
    a, b = two_worlds(s, levers)
    assert_same_incidents(a, b)
    assert np.nansum(np.abs(a.cases.resolved - b.cases.resolved)) > 1  # though they are handled otherwise


def test_how_many_people_there_are_sets_how_many_dedicated_grids_are_best():
    """The same city and bonus: with full teams it is best to keep all, with a twentieth of a post each to keep none."""
    shares = (0.0, 0.25, 0.5, 0.75)
    best = []
    for staff in (FULL, THIN):
        c = versus(
            equal_city(**staff, dedicated__local_bonus=1.6),
            8,
            **{f"k{k}": DISSOLVED | {"dedicated.kept_share": k} for k in shares},
        )
        rows = [c.row(f"k{k}", "detection_rate") for k in shares]
        value = {1.0: rows[0].baseline} | {k: r.value for k, r in zip(shares, rows, strict=True)}
        best.append(max(value, key=value.__getitem__))
        assert rows[0].ci_low > 0 or rows[0].ci_high < 0  # none against all is told apart
    assert best == [1.0, 0.0]


# --- placebo -----------------------------------------------------------------------------------------------------------

SHORT = load_scenario("neighbourhood", time__warmup_days=60, time__days=120, time__follow_up_days=30)
PLACEBOS: dict[str, dict[str, Any]] = {
    "empty": {},
    "every lever as it stands": {k: SHORT.get(k) for k in LEVERS},
    "no teams added": {"departments.added_teams": 0},
    "nobody follows up": {"follow_up.share": 0.0},
    "a more accurate dispatcher without any case": {"triage.automatic_accuracy": 0.98},
    "eager experts, none of them": {
        "experts.incentive": 1.0,
        "experts.hours_per_week": 20.0,
        "experts.kind": "retired",
    },
    "hours that nobody freed": {"staff.freed_hours": "events"},
    "merge, all kept": {"dedicated.rule": "merge", "dedicated.redeployment": "dedicated"},
    "videos of the best content that nobody has hours for": {"outreach.form": "videos", "outreach.content": 0.9},
    "hours for the public, of which there are none": {"outreach.taken_from": "events"},
    "residents empowered as they are": {"self_resolution.allowed": SHORT.get("self_resolution.allowed")},
}
NETS: dict[str, Any] = {  # levers of residents at full strength
    "feedback.share": 1.0,
    "self_resolution.allowed": 1.0,
    "organisations.coverage": 1.0,
    "outreach.hours": 4.0,
    "warning.sensitivity": 1.0,
    "security.tips": 1.0,
    "security.alert": True,
}


def test_placebos_are_bit_identical_and_read_no_clear_difference():
    c = versus(SHORT, 3, **PLACEBOS)
    measured = c.table[c.table.verdict != "not measured"]
    assert len(measured) > 15 * len(PLACEBOS)
    assert set(measured.verdict) == {"no clear difference"}
    assert np.all(measured[["difference", "ci_low", "ci_high"]] == 0.0)


def test_levers_of_rules_that_are_off_change_nothing_and_of_rules_that_are_on_they_do():
    """Relabelled: a policy of all nets reads no clear difference, to the bit, in a city whose residents are silent."""
    off = SHORT.replace(STOIC)
    a, b = two_worlds(off, NETS)
    assert packed(a.cases) == packed(b.cases) and packed(a.days) == packed(b.days)
    for lever, value in NETS.items():  # and each of them does something where its rule is on
        a, b = two_worlds(SHORT, {lever: value})
        assert packed(a.cases) != packed(b.cases), lever


@pytest.mark.parametrize("lever", ["outreach.hours", "self_resolution.allowed", "warning.sensitivity", "security.tips"])
def test_levers_of_zero_effect_change_no_case(lever):
    """Zero strength: publicity that wins nobody, residents who settle nothing, signs nobody sees, tips that tell nothing.

    Their hours are paid for all the same where they have any, so those are set to zero here.
    """
    without = {
        "outreach.gain": 0.0,
        "outreach.taken_from": "events",
        "self_resolution.rate": 0.0,
        "warning.rate": 0.0,
        "warning.hours": 0.0,
        "security.tip_factor": 0.0,
        "rules.hours": False,  # so that hours for publicity are missed by nobody
    }
    a, b = two_worlds(SHORT.replace(without), {lever: NETS[lever]})
    assert packed(a.cases) == packed(b.cases)


def test_putting_a_policy_into_force_gives_nobody_hours_twice():
    """A lever without effect here: hours booked ahead for work in hand stay booked when accounts are settled."""
    s = SHORT.replace({"rules.boundary": False, "staff.admin_share": 0.6})
    a, b = two_worlds(s, {"dedicated.interoperation": 0.8})
    np.testing.assert_allclose(b.cases.resolved, a.cases.resolved, rtol=0, atol=1e-9)


TINY = departments(
    per_day=3.0,
    linkage__rate=0.5,
    linkage__drop=0.3,
    linkage__stalled=exponential(20.0),
    time__warmup_days=20,
    time__days=40,
    time__window_days=40,
)
PAIRS, A_COMPARISON, DEALS = 600, 6, 20  # 2,000 comparisons of six pairs each


@pytest.fixture(scope="module")
def pairs() -> list[tuple[list[dict[str, float]], np.ndarray]]:
    """Two options that differ, on the same cases: the measures of both, and the difference in time case by case."""

    def see(*worlds: World) -> tuple[list[dict[str, float]], np.ndarray]:
        times = []
        for w in worlds:
            k = w.cases[(w.cases.reported >= 0) & (w.cases.reported < TINY.time.days)]
            times.append(np.fmin(k.resolved - k.reported, 90.0))
        return both_measures(*worlds), times[1] - times[0]

    return seen_in_pairs(TINY, {"linkage.rate": 0.6}, see)


def both_measures(*worlds: World) -> list[dict[str, float]]:
    return [next(iter(measure_windows(w).values())) for w in worlds]


def seen_in_pairs(scenario: Scenario, levers: dict[str, Any], see: Callable[..., Any]) -> list[Any]:
    """What is seen in the same histories without and with these levers; the worlds are let go."""
    city = City(scenario)
    phases = Option("policy", (Policy(name="policy", set=levers),)).phases(scenario)

    def pair(r: int) -> Any:
        warm = World(scenario, city, 7, r).warm_up()
        return see(warm.copy().run(), warm.copy().under(phases).run())

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(pair, range(PAIRS)))


def deals() -> list[tuple[np.ndarray, np.ndarray]]:
    """Comparisons dealt at random: six pairs each, and in every pair which of the two is called the policy (±1)."""
    rng = np.random.default_rng(20220201)
    order = [rng.permutation(PAIRS).reshape(-1, A_COMPARISON) for _ in range(DEALS)]
    return [(rows, rng.choice([-1, 1], A_COMPARISON)) for table in order for rows in table]


def quiet_share(intervals: list[tuple[float, float]]) -> float:
    """Share of intervals that include zero."""
    return float(np.mean([low <= 0 <= high for low, high in intervals]))


def is_95_percent(share: float) -> bool:
    n = DEALS * PAIRS // A_COMPARISON
    return bool(stats.binomtest(round(share * n), n, 0.95).pvalue > 1 - LEVEL)


def test_policies_dealt_out_at_random_read_no_clear_difference_in_19_of_20_comparisons(pairs):
    """No label is better than the other, since which of two options bears it is tossed for in every pair."""
    for measure in PRIMARY:
        d = np.array([b[measure] - a[measure] for (a, b), _ in pairs])
        share = quiet_share([paired(d[rows] * sign)[1:3] for rows, sign in deals()])
        assert is_95_percent(share), f"{measure}: {share}"


def test_so_do_policies_of_residents():
    """The same deal where trust, participation and self-resolution are at work, for what they move too."""
    people = {f"rules.{name}": True for name in ("residents", "lapse", "trust", "participation", "self_resolution")}
    lively = {"residents.report_rate": 0.2, "categories.any.self_resolvable": 1.0, "city.persons_per_agent": 500}
    s = TINY.replace(people | lively | {"participation.initial": 0.4, "self_resolution.rate": 0.4})
    values = seen_in_pairs(s, {"self_resolution.allowed": 1.0, "feedback.share": 1.0}, both_measures)
    for measure in (*PRIMARY, "trust", "self_resolved_share", "detection_rate"):
        d = np.array([b[measure] - a[measure] for a, b in values])
        share = quiet_share([paired(d[rows] * sign)[1:3] for rows, sign in deals()])
        assert is_95_percent(share), f"{measure}: {share}"
    low = paired(np.array([b["self_resolved_share"] - a["self_resolved_share"] for a, b in values]))[1]
    assert low > 0  # as it is, without a deal, the policy moves it


def test_verdicts_follow_those_intervals(pairs):
    rows, expected = [], []
    for k, (chosen, sign) in enumerate(deals()[:30]):
        for r, s in zip(chosen, sign, strict=True):
            both = pairs[r][0][::s]
            rows += [
                {"policy": name, "replicate": r, "window": f"comparison {k}", **values}
                for name, values in zip(("baseline", "policy"), both, strict=True)
            ]
        d = np.array([pairs[r][0][1]["backlog"] - pairs[r][0][0]["backlog"] for r in chosen]) * sign
        expected.append(quiet_share([paired(d)[1:3]]) == 1)
    table = judge(pd.DataFrame(rows), ["policy"], TINY)
    said = table.verdict[table.measure == "backlog"] == "no clear difference"
    assert said.tolist() == expected and not all(expected)


def test_unpaired_intervals_and_cases_as_replicates_would_fail_that_test(pairs):
    """Intervals made wrongly say nothing nearly always, or far too rarely: the test above can tell."""
    value = np.array([[m["time_to_resolution"] for m in both] for both, _ in pairs])
    unpaired, as_replicates = [], []
    for rows, sign in deals():
        first, second = value[rows, (sign < 0).astype(int)], value[rows, (sign > 0).astype(int)]
        interval = stats.ttest_ind(second, first).confidence_interval(0.95)
        unpaired.append((interval.low, interval.high))
        as_replicates.append(paired(np.concatenate([pairs[r][1] * s for r, s in zip(rows, sign, strict=True)]))[1:3])
    assert quiet_share(unpaired) > 0.98 and not is_95_percent(quiet_share(unpaired))
    assert quiet_share(as_replicates) < 0.8 and not is_95_percent(quiet_share(as_replicates))


# --- closing a file is not resolving a case ------------------------------------------------------------------------------


def test_appraisal_by_closure_closes_files_and_resolves_nothing():
    """Closure rate up, true resolution down, time to resolution longer, even though the backlog looks shorter."""
    s = departments(
        teams=4, rules__deadlines=True, linkage__rate=0.4, linkage__drop=0.4, linkage__stalled=exponential(30.0)
    )
    c = versus(s, 8, appraised={"closure.appraisal": "closure"})
    assert c.row("appraised", "closure_rate_all").verdict == "higher"
    assert c.row("appraised", "true_resolution_rate").verdict == "worse"
    assert c.row("appraised", "formal_share").verdict == "worse"
    assert c.row("appraised", "time_to_resolution").verdict == "worse"
    assert c.row("appraised", "backlog").difference < 0


def test_more_staff_for_the_same_cases_are_not_slower():
    """Without patrol, posts add hands and not cases: every case is known alike, and none should wait longer for it."""
    same = {"rules.patrol": False, "residents.report_rate": 0.025, "time.days": 365, "time.warmup_days": 180}
    c = versus(load_scenario("neighbourhood", **STOIC).replace(same), 8, more={"staff.added_share": 0.3})
    r = c.row("more", "time_to_resolution")
    assert c.row("more", "valid_cases").difference == 0 and r.ci_high < 0
