"""What holds in every city under every policy: promises of a day's end, Little's law, copies, chunks, common luck.

Checks draw random small cities (see ``cities``) by their number, so that what is broken can be had again. Each finding
counts what is broken, which must be nothing; relations between two cities stand in ``monotone``.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.policies import Phase, builtin_policies
from gridsim.scenario.scenario import Scenario
from gridsim.studies.comparison import compare
from gridsim.verification.check import Finding, Size, check, exact_finding
from gridsim.verification.cities import LAST_START, random_city, random_plan, small_city
from gridsim.verification.promises import PROMISES, broken, case_days, differing, packed, used_tables

FEW, MANY = 24, 300  # cities of the short and of the long table
END, BACK = 60, 45  # last day, and the day on which all levers are given back
LOOKS = (1, LAST_START + 1, BACK - 1, BACK + 1, END)  # days at whose beginning a city is looked at
MOST_ADDED = 2  # teams that a random policy adds, and may take away again
INCIDENT = ["place", "ordinal", "onset", "category", "resident"]
FLOWS = (
    *("resolved", "closed_formally", "reopened", "linked", "settled_by_experts", "video_reports", "self_resolved"),
    *("settled_in_vain", "valid_warnings", "alerts", "heard", "told", "given_up", "quits"),
)  # which must all happen in these cities
ELSEWHERE = """
from gridsim.verification.invariants import fingerprint, planned
print(" ".join(fingerprint(planned(k)) for k in {numbers}))
"""


def cities(size: Size) -> range:
    """Numbers of the cities that a check looks at."""
    return range(MANY if size.full else FEW)


def planned(k: int, until: int = END) -> World:
    """City ``k`` under its plan, all levers given back on day ``BACK``."""
    scenario = random_city(k)
    plan = [p for p in random_plan(k, scenario) if p.day < BACK]
    return World(scenario, seed=k).under([*plan, Phase(BACK, scenario)]).advance(until)


def fingerprint(world: World) -> str:
    """A short hash of every table in use."""
    digest = hashlib.sha256()
    for name, table in used_tables(world).items():
        digest.update(name.encode() + table)
    return digest.hexdigest()[:16]


def none_broken(quantity: str, wrong: list[str], unit: str) -> Finding:
    """A finding that nothing is broken; the first that is stands in the note."""
    finding = exact_finding(quantity, 0.0, float(len(wrong)), unit)
    return replace(finding, note=f"first: {wrong[0]}") if wrong else finding


@check(
    "promises",
    "Conservation, order of times, working hours, budgets and hands in random cities",
    kind="invariant",
    rules="R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12 R13 R14 R15 R16 R17 R18 R19",
    source="texts of the rules (gridsim rules); ODD description, sections 2 and 3",
)
def promises(size: Size) -> Iterator[Finding]:
    """Every promise, in every city, on several days, under dated policies."""
    wrong: dict[str, list[str]] = {name: [] for name in PROMISES}
    events: Counter[str] = Counter()
    for k in cities(size):
        world = planned(k, LOOKS[0])
        for day in LOOKS:
            world.advance(day)
            for name, sentence in broken(world, MOST_ADDED):
                wrong[name].append(f"city {k}, day {day}: {sentence}")
        for flow in FLOWS:
            events[flow] += int(world.days[flow].sum())
    for name, lines in wrong.items():
        yield none_broken(f"{name}: broken in {len(cities(size))} cities", lines, "promises")
    silent = [flow for flow, n in events.items() if n == 0]
    yield none_broken("what may happen, but never did in these cities", silent, "flows")


@check(
    "littles-law",
    "L = λW over any window, exactly",
    kind="invariant",
    rules="R9 R12",
    source="Little 1961; Stidham 1974 (sample paths)",
)
def littles_law(size: Size) -> Iterator[Finding]:
    """The integral of the backlog, as the days record it, against the sum of open stretches, as the cases do."""
    worst = 0.0
    for k in cities(size):
        scenario = random_city(k).replace({"rules.deadlines": False})  # a reopened file has two stretches
        world = World(scenario, seed=k).under(random_plan(k, scenario)).advance(END)
        start = int(world.days.day[0]) if len(world.days) else END
        for first, last in ((start, END), (0, END), (7, 31), (20, 21)):
            inside = (world.days.day >= first) & (world.days.day < last)
            stretches = case_days(world.cases, first, last)
            recorded = float(world.days.case_days[inside].sum())
            worst = max(worst, abs(recorded - stretches) / max(stretches, 1.0))
    yield exact_finding("largest relative gap of case-days, 4 windows a city", 0.0, worst, "share", 1e-9)


@check(
    "one-course",
    "One go, day by day, in chunks, from a copy, and under a policy of nothing: bit-identical",
    kind="invariant",
    source="ODD description, sections 3 and 4 (stochasticity)",
)
def one_course(size: Size) -> Iterator[Finding]:
    """A run is a function of its scenario, its policies and its keys alone."""
    wrong: dict[str, list[str]] = {
        name: []
        for name in ("day by day", "in chunks, from copies", "its original, while a copy ran on", "no-op policy")
    }
    for k in cities(size):
        scenario = random_city(k)
        city, plan = City(scenario), random_plan(k, scenario)
        plain = World(scenario, city, seed=k).under(plan).advance(END)
        daily = World(scenario, city, seed=k).under(plan)
        for day in range(daily.day, END + 1):
            daily.advance(day)
        chunks = World(scenario, city, seed=k).under(plan)
        for day in (0, 1, 13, 41, END):
            chunks = chunks.advance(day).copy()
        start = World(scenario, city, seed=k).under(plan).advance(END // 2)
        before = fingerprint(start)
        start.copy().advance(END)
        nothing = [*plan, *(Phase(d, _in_force(plan, d)) for d in (5, 17, 44) if d not in {p.day for p in plan})]
        noop = World(scenario, city, seed=k).under(nothing).advance(END)
        others = {"day by day": daily, "in chunks, from copies": chunks, "no-op policy": noop}
        for name, other in others.items():
            wrong[name] += [f"city {k}: {', '.join(d)}" for d in [differing(plain, other)] if d]
        bare = World(scenario, city, seed=k).advance(END)
        moved = differing(bare, World(scenario, city, seed=k).under([Phase(0, scenario)]).advance(END))
        wrong["no-op policy"] += [f"city {k} without a plan: {', '.join(moved)}"] if moved else []
        if fingerprint(start) != before or differing(plain, start.advance(END)):
            wrong["its original, while a copy ran on"].append(f"city {k}")
    for name, lines in wrong.items():
        yield none_broken(f"cities that differ: {name}", lines, "cities")


def _in_force(plan: list[Phase], day: int) -> Scenario:
    """What a plan has in force on a day that changes nothing."""
    return [p for p in plan if p.day <= day][-1].scenario


@check(
    "common-luck",
    "The same incidents under every policy, and one history until policies differ",
    kind="invariant",
    rules="R1",
    source="ODD description, section 4 (stochasticity)",
)
def common_luck(size: Size) -> Iterator[Finding]:
    """Two plans of one city: no lever moves an incident, and none has an effect before its day.

    With grievance or security on, incidents follow what has happened: others may arise, but the same one is the same.
    """
    moved, renamed, early, noticed = [], [], [], 0
    for k in cities(size):
        scenario = random_city(k)
        city, plan = City(scenario), random_plan(k, scenario)
        plain, other = (World(scenario, city, seed=k).under(p).advance(END) for p in ([Phase(0, scenario)], plan))
        if not (scenario.rules.grievance or scenario.rules.security):
            moved += [f"city {k}"] if packed(plain.cases[INCIDENT]) != packed(other.cases[INCIDENT]) else []
        a, b = ({(c[0], c[1]): c for c in w.cases[INCIDENT].tolist()} for w in (plain, other))
        renamed += [f"city {k}, place and ordinal {c}" for c in a.keys() & b.keys() if a[c] != b[c]]
        first = min((p.day for p in plan if p.scenario != scenario), default=END)
        rows = plain.days.day < first
        if packed(plain.days[rows]) != packed(other.days[rows]):
            early.append(f"city {k}, day {first}")
        twins = [World(scenario, city, seed=k).under(p).advance(first) for p in ([Phase(0, scenario)], plan)]
        early += [f"city {k}, day {first}: {', '.join(d)}" for d in [differing(*twins)] if d]
        noticed += plain.cases.tobytes() != other.cases.tobytes()
    yield none_broken("cities where a policy moved an incident, without grievance and security", moved, "cities")
    yield none_broken("incidents that are others under another policy", renamed, "incidents")
    yield none_broken("cities that differ before a policy's day", early, "cities")
    least = len(cities(size)) // 2
    yield replace(
        exact_finding(f"cities where the policies had some effect (at least {least})", least, noticed, "cities"),
        holds=noticed >= least,
        note="≥",
    )


@check(
    "order",
    "Threads, the order of policies and the hash seed of Python change nothing",
    kind="invariant",
    source="ODD description, section 4 (stochasticity)",
)
def order(size: Size) -> Iterator[Finding]:
    """The same comparison with one thread and with three, in two orders; the same cities in other processes."""
    base = small_city(time__days=60, time__follow_up_days=10, time__window_days=30, time__warmup_days=10)
    names = [n for n, p in builtin_policies().items() if p.default][:2]
    n = 4 * size.effort
    ways = ((names, 1), (names, 3), (names[::-1], 2))
    runs = [compare(base, options, replications=n, jobs=jobs, seed=5).runs for options, jobs in ways]
    sorted_runs = [r.sort_values(["policy", "replicate", "window"], ignore_index=True) for r in runs]
    for what, frame in zip(("one thread and three", "two orders of policies"), sorted_runs[1:], strict=True):
        wrong = [] if frame.equals(sorted_runs[0]) else ["some measure"]
        yield none_broken(f"comparisons that differ: {what}", wrong, "comparisons")
    numbers = list(range(4 * size.effort))
    here = [fingerprint(planned(k)) for k in reversed(numbers)][::-1]
    for seed in ("0", "12345"):
        there = _elsewhere(numbers, seed)
        wrong = [f"city {k}" for k, a, b in zip(numbers, here, there, strict=True) if a != b]
        yield none_broken(f"cities that differ in a process with PYTHONHASHSEED={seed}", wrong, "cities")


def _elsewhere(numbers: list[int], hash_seed: str) -> list[str]:
    """Fingerprints of planned cities from another process."""
    code = ELSEWHERE.format(numbers=numbers)
    own = str(Path(__file__).resolve().parents[2])  # the code that is running here, whatever stands in the folder
    path = os.pathsep.join(p for p in (own, os.environ.get("PYTHONPATH")) if p)
    env = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-P", "-c", code], env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    return done.stdout.split()
