"""Verdicts and costs of a small comparison, reckoned again from its runs by the rules as they are written for readers.

Nothing of ``gridsim.studies`` is used but the tables held against. What is better, and by how much it must be, stands
here once more, as ``gridsim measures`` prints it: a sign turned over there is told here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import pandas as pd
from scipy.stats import t as student_t

from gridsim.measures import BY_KEY, MEASURES
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.policies import BASELINE, Cost, Phase, Policy
from gridsim.scenario.scenario import Scenario, load_scenario
from gridsim.studies.comparison import Comparison, compare
from gridsim.studies.judge import judge, verdict
from gridsim.verification.check import Finding, Size, check, exact_finding
from gridsim.verification.recount import ROUNDING, SHORT, average, primary, rows_of
from gridsim.verification.runs import SEED

REPLICATIONS, DAYS = 4, 40
Row = tuple[float, float, float, float]  # difference, its limits, p
PRIMARY = ("time_to_resolution", "backlog")
CERTAIN = ("registered_share", "running_cost")
MORE_IS_BETTER = (
    *("true_resolution_rate", "on_time_share", "detection_rate", "participation", "self_resolved_share", "told_share"),
    *("trust", "trust_grid", "trust_department", "disputes_settled", "skill"),
)
LESS_IS_BETTER = (
    *PRIMARY,
    *("resolution_median", "resolution_p90", "onset_to_resolution", "unresolved_days", "unresolved_days_lasting"),
    *("formal_share", "closure_median", "closure_p90", "backlog_peak", "backlog_end", "overload", "stalled", "latent"),
    *("returns", "hops", "escalations", "theil", "theil_ratio", "gini", "self_resolution_failures", "grievance"),
    *("silent_share", "first_contact", "participation_gini", "success_gini", "vacancy_share", "quits", "burnout"),
)
MATTERS = {
    "d": 0.25,
    "share": 0.005,
    "per year": 0.005,
    "per unit": 0.005,
    "share/year": 0.10,
}  # by unit; anything else: 2 % of the baseline
RELATIVE = 0.02
CITY = SHORT | {
    "time.days": DAYS,
    "time.window_days": 365,
    "time.follow_up_days": 90,
    "arrivals.per_100_residents": 100.0,
}
POLICIES = {
    "sooner": Policy(
        name="sooner",
        set={
            "linkage.rate": 1.0,
            "linkage.report_in": {"distribution": "exponential", "mean": 0.3},
            "linkage.stalled": {"distribution": "exponential", "mean": 3.0},
            "staff.full_time": 8,
            "dedicated.kept_share": 0.5,
        },
        cost=(
            Cost(item="officers", per="department", unit="duty_officer", amount=0.5),
            Cost(item="gridworkers", per="added_full_time", unit="full_timer"),
            Cost(item="experts", per="expert_hour", unit="expert_hour_outside"),
            Cost(item="links", per="department", unit="data_link", every="once"),
            Cost(item="redrawing", per="dedicated_grid_dissolved", unit="redraw_grid", every="once"),
            Cost(item="firms", per="added_firm_staff", unit="firm_staff"),
            Cost(item="paper", per="city", yuan=-7000.0, amount=2.0),
            Cost(item="an office sold", per="city", yuan=-900.0, every="once"),
        ),
    ),
    "never": Policy(name="never", set={"linkage.rate": 0.0}, cost=(Cost(item="a plan", per="city", yuan=5000.0),)),
}


# --- the written rules -----------------------------------------------------------------------------------------------


def interval(differences: Sequence[float]) -> Row:
    """Mean, 95 % limits and two-sided p of paired differences, Student's t over replications."""
    n = len(differences)
    if any(math.isnan(x) for x in differences):
        return (math.nan,) * 4
    if all(x == 0 for x in differences):
        return 0.0, 0.0, 0.0, 1.0
    mean = average(differences)
    error = math.sqrt(math.fsum((x - mean) ** 2 for x in differences) / (n - 1) / n)
    if error <= ROUNDING * abs(mean):
        return mean, mean, mean, 0.0
    half = float(student_t.ppf(0.975, n - 1)) * error
    return mean, mean - half, mean + half, 2 * float(student_t.sf(abs(mean) / error, n - 1))


def holm_of(p: dict[str, float]) -> dict[str, float]:
    """Holm: the smallest of m times m, the next times m − 1, and so on; none below the one before, none above 1."""
    out, least = {}, 0.0
    for k, key in enumerate(sorted(p, key=lambda key: p[key])):
        least = max(least, min(1.0, p[key] * (len(p) - k)))
        out[key] = least
    return out


def said(key: str, difference: float, low: float, high: float, p: float, baseline: float) -> str:
    """Clear: nought outside the interval. Confirmed: p below .05. Large enough: the least that matters."""
    least = MATTERS.get(BY_KEY[key].unit, RELATIVE * abs(baseline))
    if math.isnan(difference):
        return "not measured"
    if low <= 0 <= high:
        return "no clear difference"
    if p >= 0.05:
        return "not confirmed"
    if abs(difference) < least:
        return "too small to matter"
    if key in LESS_IS_BETTER:
        return "better" if difference < 0 else "worse"
    if key in MORE_IS_BETTER:
        return "better" if difference > 0 else "worse"
    return "higher" if difference > 0 else "lower"


def reckoned(runs: pd.DataFrame, policy: str) -> tuple[dict[str, Row], dict[str, str]]:
    """Difference, limits and p of every measure of a policy in a single window; and the verdicts."""
    values = {(r["policy"], r["replicate"]): r for r in runs.to_dict("records")}
    replicates = sorted({r for _, r in values})
    found, base = {}, {}
    for m in MEASURES:
        before = [values[BASELINE, r][m.key] for r in replicates]
        after = [values[policy, r][m.key] for r in replicates]
        found[m.key] = interval([b - a for a, b in zip(before, after, strict=True)])
        base[m.key] = average(before)
    others = {k: v[3] for k, v in found.items() if k not in (*PRIMARY, *CERTAIN) and not math.isnan(v[3])}
    adjusted = holm_of(others)
    numbers = {k: (v[0], v[1], v[2], adjusted.get(k, v[3])) for k, v in found.items()}
    return numbers, {k: said(k, *v, base[k]) for k, v in numbers.items()}


# --- held against the tables -----------------------------------------------------------------------------------------


def as_told(name: str, runs: pd.DataFrame, table: pd.DataFrame, policy: str) -> Iterator[Finding]:
    """Differences and intervals of the primary outcomes; of all measures, how many are told otherwise."""
    mine, verdict_of = reckoned(runs, policy)
    told = table[table.policy == policy].set_index("measure")
    columns = ("difference", "ci_low", "ci_high", "p_adjusted")
    for key in PRIMARY:
        for k, column in enumerate(columns):
            label, value = f"{name}: {key}, {column}", mine[key][k]
            yield exact_finding(label, value, told[column][key], "", ROUNDING * max(1.0, abs(value)))
    for k, column in enumerate(columns):
        wrong = [key for key in mine if not _same(mine[key][k], told[column][key])]
        yield _none(f"{name}: measures with another {column}", wrong)
    yield _none(f"{name}: measures with another verdict", [k for k in mine if verdict_of[k] != told.verdict[k]])


def _same(a: float, b: float) -> bool:
    return (math.isnan(a) and math.isnan(b)) or math.isclose(a, b, rel_tol=1e-7, abs_tol=1e-9)


def _none(quantity: str, wrong: Sequence[str]) -> Finding:
    note = ", ".join(wrong) or "equal"
    return Finding(quantity, 0.0, float(len(wrong)), math.nan, math.nan, "measures", not wrong, note)


def from_rows(c: Comparison) -> Iterator[Finding]:
    """The primary outcomes of the first and the last replication, counted from the rows of the same runs made again."""
    city = City(c.scenario)
    phases: dict[str, list[Phase]] = {BASELINE: []} | {o.name: o.phases(c.scenario) for o in c.options}
    runs = c.runs.set_index(["policy", "replicate"])
    wrong: dict[str, list[str]] = {key: [] for key in PRIMARY}
    for r in (0, REPLICATIONS - 1):
        warm = World(c.scenario, city, c.seed, r).warm_up()
        for name, phase in phases.items():
            world = warm.copy().under(phase) if phase else warm.copy()
            for key, value in primary(rows_of(world.run()), 0, DAYS).items():
                if not _same(value, runs[key][name, r]):
                    wrong[key].append(f"{name}, replication {r}")
    for key, names in wrong.items():
        yield _none(f"runs with another {key} than from their rows", names)


def money(c: Comparison) -> Iterator[Finding]:
    """Outlay of the costed policy from its lines, plain counts and unit prices; what a case-day saved costs."""
    s, price = c.scenario, {k: v.yuan for k, v in c.scenario.costs.items()}
    departments = len(s.fields) * (len(s.districts) + (s.departments.city_level_share > 0))
    experts = [math.floor(s.experts.per_full_time * n + 0.5) for n in (4, 8)]  # full-timers before and after
    hours = (experts[1] - experts[0]) * s.experts.hours_per_week * 52
    yearly = 0.5 * departments * price["duty_officer"] + 4 * price["full_timer"] + hours * price["expert_hour_outside"]
    firms = s.dedicated.staff_per_grid * price["firm_staff"]  # one of two grids goes
    mine = {
        "yearly": yearly,
        "once": departments * price["data_link"] + price["redraw_grid"],
        "saved_yearly": firms + 2 * 7000.0,
        "saved_once": 900.0,
        "saved_by_firms": firms,
    }
    backlog = reckoned(c.runs, "sooner")[0]["backlog"]
    mine["case_days_saved"] = -backlog[0] * 365
    mine["annual"] = yearly + mine["once"] / s.cost.life_years
    mine["case_day_cost"] = mine["annual"] / (-backlog[0] * 365)
    mine["case_day_cost_low"] = mine["annual"] / (-backlog[1] * 365)  # the most that may have been saved
    mine["case_day_cost_high"] = mine["annual"] / (-backlog[2] * 365)
    roster = c.runs[c.runs.policy == "sooner"].running_cost.mean() * 1e6
    mine["running"] = roster + 0.5 * departments * price["duty_officer"] - 2 * 7000.0  # what is not on the roster
    costs = c.costs.set_index("policy")
    for column, value in mine.items():
        got = float(costs[column]["sooner"])
        yield exact_finding(f"sooner: {column}", value, got, "yuan", ROUNDING * max(1.0, abs(value)))
    yield exact_finding("never: yearly", 5000.0, float(costs["yearly"]["never"]), "yuan")
    told = [n for n in ("case_day_cost", "case_day_cost_low", "case_day_cost_high") if costs[n].notna()["never"]]
    yield _none("never: costs of a case-day, of which none is saved", told)


# --- rows made by hand -----------------------------------------------------------------------------------------------

BY_HAND = (  # measure, baseline, difference, low, high, p: what may be said
    ("time_to_resolution", 20.0, -2.0, -3.0, -1.0, 0.01, "better"),
    ("time_to_resolution", 20.0, 2.0, 1.0, 3.0, 0.01, "worse"),
    ("time_to_resolution", 20.0, -0.24, -0.3, -0.2, 0.01, "too small to matter"),
    ("time_to_resolution", 20.0, -0.26, -0.3, -0.2, 0.01, "better"),
    ("time_to_resolution", 20.0, -2.0, -4.1, 0.1, 0.06, "no clear difference"),
    ("time_to_resolution", 20.0, math.nan, math.nan, math.nan, math.nan, "not measured"),
    ("backlog", 100.0, -1.9, -2.0, -1.8, 0.01, "too small to matter"),
    ("backlog", 100.0, -2.1, -2.2, -2.0, 0.01, "better"),
    ("stalled", 50.0, -5.0, -6.0, -4.0, 0.06, "not confirmed"),
    ("true_resolution_rate", 0.9, 0.02, 0.01, 0.03, 0.01, "better"),
    ("true_resolution_rate", 0.9, -0.02, -0.03, -0.01, 0.01, "worse"),
    ("on_time_share", 0.5, 0.0049, 0.004, 0.006, 0.01, "too small to matter"),
    ("detection_rate", 0.5, 0.0051, 0.004, 0.006, 0.01, "better"),
    ("overload", 0.1, 0.09, 0.08, 0.10, 0.01, "too small to matter"),
    ("overload", 0.1, 0.11, 0.10, 0.12, 0.01, "worse"),
    ("closure_rate", 0.9, -0.02, -0.03, -0.01, 0.01, "lower"),
    ("linked_share", 0.3, 0.02, 0.01, 0.03, 0.01, "higher"),
)


def by_hand(scenario: Scenario) -> Iterator[Finding]:
    """What is said of rows made by hand."""
    for key, baseline, difference, low, high, p, expected in BY_HAND:
        row = {"measure": key, "baseline": baseline, "difference": difference, "ci_low": low, "ci_high": high}
        got = verdict(pd.Series(row | {"p_adjusted": p}), scenario)
        label = f"verdict of {key}, {difference:+g} on {baseline:g}, p = {p:g}: {expected}"
        yield Finding(label, 1.0, float(got == expected), math.nan, math.nan, "", got == expected, f"told: {got}")


def made_runs() -> pd.DataFrame:
    """Twelve pairs by hand, in which effects of many sizes meet: clear, small, and lost in Holm's correction."""
    rows = []
    for r in range(12):
        base, other = {}, {}
        for k, m in enumerate(MEASURES):
            noise = math.sin(7.0 * r + k)
            base[m.key] = 10.0 + math.cos(r + k)
            other[m.key] = base[m.key] + (-1.0) ** k * (0.02 + 0.6 * (k % 9) / 8) + 0.3 * (1 + k % 4) * noise
        for policy, values in ((BASELINE, base), ("p", other)):
            rows.append({"policy": policy, "replicate": r, "window": "days 0-365", **values})
    return pd.DataFrame(rows)


@check(
    "verdicts",
    "Differences, verdicts and costs reckoned again, by the written rules",
    kind="reference",
    source="the guide Read a result; definitions of gridsim measures; Student 1908; Holm 1979",
)
def verdicts(size: Size) -> Iterator[Finding]:
    """Four replications of a tiny city under a policy that helps and one that harms; rows and runs made by hand."""
    scenario = load_scenario("neighbourhood").replace(CITY)
    c = compare(scenario, list(POLICIES), replications=REPLICATIONS, seed=SEED, jobs=1, known=POLICIES)
    for policy in POLICIES:
        yield from as_told(policy, c.runs, c.table, policy)
    yield from from_rows(c)
    yield from money(c)
    yield from by_hand(scenario)
    runs = made_runs()
    yield from as_told("by hand", runs, judge(runs, ["p"], scenario), "p")
    turned = [m.key for m in MEASURES if m.better != _direction(m.key)]
    yield _none("measures with another direction than is written", turned)


def _direction(key: str) -> str | None:
    return "lower" if key in LESS_IS_BETTER else "higher" if key in MORE_IS_BETTER else None
