"""Regression: fixed cities whose numbers are stored, so that whatever moves them is noticed and told by name.

Stored numbers say that something changed, never that it was right before: theory, arithmetic and invariants do that.
Each city is some dozens of counts, sums and measures, kept as they are and compared with a tolerance. A hash of
rounded values would do neither: it does not tell what moved, and a value on a rounding border moves it without cause.

A change that is meant is written anew, and the output says what it moved::

    python -m gridsim.verification.regression --write
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gridsim.measures import measure_windows, window_name
from gridsim.model.cases import CHANNELS, STATES
from gridsim.model.world import World
from gridsim.scenario.errors import ScenarioError, nearest
from gridsim.scenario.parameters import REGISTRY
from gridsim.scenario.policies import Phase
from gridsim.scenario.scenario import Scenario, load_scenario
from gridsim.verification.check import Finding, Size, check, exact_finding

STORED = Path(__file__).with_suffix(".json")
TOLERANCE = 1e-9  # relative: mathematical libraries differ in the last bit, rules do not
SEED, DAYS, YEAR = 3, 40, 365
MOST_TOLD = 6
TINY: dict[str, Any] = {
    "districts.neighbourhood.population": 900,
    "city.comprehensive_grids": 4,
    "city.dedicated_grids": 2,
    "city.grids_per_community": 2,
    "staff.full_time": 4,
    "staff.part_time": 3,
    "staff.help_above_load": 2.0,
    "time.warmup_days": 20,
    "arrivals.per_100_residents": 200.0,
    "linkage.stalled": {"distribution": "gamma", "mean": 30.0, "shape": 0.7},
    "linkage.false_whistles": 0.3,
    "linkage.fatigue": 1.0,
    "experts.per_full_time": 0.6,
    "video.detection": 0.1,
    "escalation.rate": 0.1,
    "follow_up.share": 0.4,
    "triage.automatic": 0.3,
    "handling.selectivity": 0.3,
    "residents.report_rate": 0.04,
    "feedback.share": 0.5,
    "trust.exit": 0.8,
    "grievance.growth": 1.0,
    "grievance.disputes": 1.5,
    "participation.initial": 0.3,
    "participation.contagion": 0.3,
    "participation.leaving": 0.2,
    "organisations.coverage": 0.5,
    "self_resolution.rate": 1.0,
    "self_resolution.failure": 0.4,
    "outreach.hours": 1.0,
    "warning.sensitivity": 0.5,
    "warning.rate": 0.3,
    "security.tips": 0.3,
    "security.alert": True,
    "careers.turnover": 6.0,
    "careers.vacancy_days": 40.0,
    "careers.strain_days": 20.0,
    "careers.brisk_from": 0.2,
    "careers.tired_from": 0.3,
    "careers.wear": 0.5,
}
LEVERS: dict[str, Any] = {
    "experts.per_full_time": 1.5,
    "experts.pool": "district",
    "experts.kind": "seconded",
    "handling.selectivity": 0.0,
    "intake.green_channel": True,
    "staff.full_time": 9,
    "dedicated.rule": "merge",
    "dedicated.kept_share": 0.5,
    "dedicated.staff_per_grid": 3,
    "departments.added_teams": 1,
    "patrol.strategy": "district-first",
    "careers.incentive": 1.0,
    "feedback.share": 1.0,
    "outreach.form": "videos",
    "patrol.all_subject": 0.5,
    "self_resolution.allowed": 1.0,
    "security.alert": False,
    "warning.sensitivity": 1.0,
    "roles.part_time_handling": True,
}
CHOICES: dict[str, tuple[Any, ...]] = {
    k: p.choices for k, p in REGISTRY.items() if p.choices and k != "time.calendar"
} | {
    "intake.green_channel": (False, True),
    "linkage.parallel": (True, False),
    "roles.part_time_handling": (False, True),
    "security.alert": (False, True),
}
"""What can be chosen; the calendar has a city of its own."""
TIMES = ("onset", "reported", "deadline", "closed", "resolved", "lapsed", "formal_at", "reopened_at", "contacted")
COUNTED = (
    *("attempts", "expert_tries", "hops", "returns", "drops", "rejections", "needs", "whistled", "ever_linked"),
    *("exhausted", "overdue", "on_the_spot", "edge", "place", "category", "resident", "version", "worsened"),
)
Numbers = dict[str, float]


def cities() -> dict[str, Scenario]:
    """The cities by name: tiny ones for every switch and choice, and the neighbourhood."""
    city = load_scenario("neighbourhood")
    tiny = city.replace(TINY)
    out = {"all rules": tiny, "levers pulled and given back": tiny}
    out |= {f"without {k.removeprefix('rules.')}": tiny.replace({k: False}) for k in REGISTRY if k.startswith("rules.")}
    out["without careers and roles"] = tiny.replace({"rules.careers": False, "rules.roles": False})
    out["known at onset"] = tiny.replace({"rules.patrol": False, "rules.residents": False})
    out["round the clock"] = tiny.replace({"time.calendar": "continuous"})
    for i in range(max(map(len, CHOICES.values()))):
        others = {k: choices[min(i, len(choices) - 1)] for k, choices in CHOICES.items()}
        out[f"choices {i + 1}"] = tiny.replace(others | {"dedicated.kept_share": 0.5})
    return out | {"neighbourhood": city}


def simulate(name: str, scenario: Scenario) -> World:
    """A city run to the day at which its numbers are taken."""
    world = World(scenario, seed=SEED)
    if name == "levers pulled and given back":
        world.under([Phase(10, scenario.replace(LEVERS)), Phase(25, scenario)])
    return world.advance(YEAR if name == "neighbourhood" else DAYS)


def numbers_of(name: str, scenario: Scenario) -> Numbers:
    """Counts and sums of a city at its day, and the measures of the days until then, told once they are followed up."""
    days = YEAR if name == "neighbourhood" else DAYS
    world = simulate(name, scenario.replace({"time.days": days}))
    return summary(world) | measured(world.run())


def measured(world: World) -> Numbers:
    """All measures by window; left out is what could not be measured."""
    return {
        f"{key}, {window_name(window)}": float(f"{value:.12g}")
        for window, values in measure_windows(world).items()
        for key, value in values.items()
        if not math.isnan(value)
    }


def summary(world: World) -> Numbers:
    """Counts and sums of a run, by name.

    Times are counted from the start of the run (days, so that sums do not cancel), those of what has not happened left
    out. What stands "by row" is weighted by row number, so that it also moves when two rows change places.
    """
    c, d, t = world.cases, world.days, world.tables
    out: Numbers = {"incidents": len(c), "events served": int(t.tally.events[0])}
    out |= {f"state {s}": int(n) for s, n in zip(STATES, np.bincount(c.state, minlength=len(STATES)), strict=True)}
    found = np.bincount(c.channel, minlength=len(CHANNELS))
    out |= {f"channel {s or 'none'}": int(n) for s, n in zip(CHANNELS, found, strict=True)}
    out |= {f"sum of {k}": int(c[k].sum(dtype=np.int64)) for k in COUNTED}
    out["sum of department"] = int((c.department + 1).sum())
    out["sum of complexity"] = float(c.complexity.sum())
    for k in TIMES:
        past = np.nan_to_num(c[k] - d.day[0])
        out[f"sum of {k}"], out[f"{k} by row"] = float(past.sum()), _by_row(past)
    out |= {f"daily {k}": d[k].sum().item() for k in d.dtype.names or () if k != "day"}
    for k in ("success", "expectation", "grievance", "taking_part", "unsafe"):
        out[f"{k} of places by row"] = _by_row(t.place[k])
    out["trust by row"], out["standing by row"] = _by_row(t.trust.sum(axis=1, dtype=float)), _by_row(t.standing)
    out["hours of workers by row"] = _by_row(t.worker.event_hours)
    out["hours of experts by row"] = _by_row(t.expert.used)
    out["waits at departments by row"] = _by_row(t.department.waited)
    out["parts done by departments by row"] = _by_row(t.department.done)
    return {k: v if isinstance(v, int) else float(f"{v:.12g}") for k, v in out.items()}


def _by_row(x: np.ndarray) -> float:
    return float((x * (1 + np.arange(len(x)) % 7)).sum())


def moved(stored: Numbers, now: Numbers) -> list[str]:
    """What differs, in words: ``daily resolved 812 → 815``; numbers that only one of them has are named too."""
    told = []
    for k in dict.fromkeys([*stored, *now]):
        a, b = stored.get(k), now.get(k)
        if a is None or b is None or not math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE):
            told.append(f"{k} {'nothing' if a is None else f'{a:.10g}'} → {'nothing' if b is None else f'{b:.10g}'}")
    return told


def stored_numbers() -> dict[str, Numbers]:
    """The file's numbers by city; nothing where there is no file."""
    return json.loads(STORED.read_text(encoding="utf-8")) if STORED.exists() else {}


def differences(names: Sequence[str] = ()) -> Iterator[tuple[str, Numbers, list[str]]]:
    """(city, its numbers now, what moved) of the cities named, by default of all."""
    known, stored = cities(), stored_numbers()
    wrong = [n for n in names if n not in known]
    if wrong:
        raise ScenarioError([f"regression: no city {n!r}{nearest(n, known) or '.'}" for n in wrong])
    for name in names or known:
        now = numbers_of(name, known[name])
        yield name, now, moved(stored.get(name, {}), now)


@check(
    "regression",
    "Fixed cities give the numbers stored with this version",
    kind="regression",
    rules="R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12 R13 R14 R15 R16 R17 R18 R19",
    source="gridsim/verification/regression.json",
)
def regression(size: Size) -> Iterator[Finding]:
    """A finding a city: how many of its numbers moved, which must be none."""
    for name, now, told in differences():
        f = exact_finding(f"{name}: numbers moved, of {len(now)}", 0.0, float(len(told)), "numbers")
        more = f" and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
        note = "; ".join(told[:MOST_TOLD]) + more if told else f"equal within {TOLERANCE:g} of each"
        yield Finding(f.quantity, f.theory, f.simulation, f.low, f.high, f.unit, f.holds, note)


def main(argv: Sequence[str] | None = None) -> int:
    """Say what moved; exit code 1 if anything did, unless it was to be written anew."""
    parser = argparse.ArgumentParser(prog="python -m gridsim.verification.regression", description=main.__doc__)
    parser.add_argument("cities", nargs="*", help="only these, by default all")
    parser.add_argument("--write", action="store_true", help="store the numbers as they are now")
    a = parser.parse_args(argv)
    numbers, broken = stored_numbers(), 0
    for name, now, told in differences(a.cities):
        numbers[name] = now
        broken += bool(told)
        print(f"{name}: {len(told)} of {len(now)} numbers moved", *told, sep="\n  ")
    if not a.write:
        return 1 if broken else 0
    kept = {name: numbers[name] for name in cities() if name in numbers}
    STORED.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    print(f"Written to {STORED}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
