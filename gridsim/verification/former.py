"""The model before residents had trust and staff had careers: switched off, the new rules change not a bit.

``daqing-2021-handling`` is the baseline as it was fitted with handling alone. What a run of it gave in the engine that
did not have these rules yet (version 0.3.0, with one change: the waiting lines of today, ``queues``) is stored as a
hash of every column of cases and of days; sums beside them tell what moved, and decide where another machine's
mathematics differs in a last bit.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.policies import BASELINE, builtin_policies, parse_options
from gridsim.scenario.scenario import load_scenario
from gridsim.verification.check import Finding, Size, check, exact_finding

STORED = Path(__file__).with_suffix(".json")
SCENARIO, SEED = "daqing-2021-handling", 0
OPTIONS = (BASELINE, "raise-linkage+consolidate-dedicated-grids+add-experts")
TOLERANCE = 1e-9
Digest = dict[str, dict[str, Any]]


def digest(world: World, columns: list[str]) -> Digest:
    """Hash and sum of each column, named ``case.onset`` or ``day.arisen``; what is not a number left out of the sum."""
    tables = {"case": world.cases, "day": world.days}
    out: Digest = {}
    for name in columns:
        table, _, column = name.partition(".")
        values = np.ascontiguousarray(tables[table][column])
        total = float(np.nansum(values.astype(float)))
        out[name] = {"sha256": hashlib.sha256(values.tobytes()).hexdigest()[:16], "sum": total}
    return out


def stored() -> dict[str, Digest]:
    """What was stored, by option."""
    return dict(json.loads(STORED.read_text(encoding="utf-8")))


def runs(options: tuple[str, ...] = OPTIONS) -> Iterator[tuple[str, World]]:
    """The former baseline under each option, to its horizon."""
    scenario = load_scenario(SCENARIO)
    warm = World(scenario, City(scenario), seed=SEED).warm_up()
    for name in options:
        world = warm.copy()
        if name != BASELINE:
            world.under(parse_options([name], builtin_policies(), scenario)[0].phases(scenario))
        yield name, world.run()


def moved(was: Digest, now: Digest) -> tuple[list[str], list[str]]:
    """Columns whose bits differ, and those of them whose sums do too."""
    bits = [k for k, v in was.items() if v["sha256"] != now[k]["sha256"]]
    return bits, [k for k in bits if not math.isclose(was[k]["sum"], now[k]["sum"], rel_tol=TOLERANCE)]


@check(
    "former",
    "With the new rules switched off the former baseline is what it was, bit for bit",
    kind="regression",
    rules="R6 R14 R15 R16 R17 R18 R19",
    source="gridsim/verification/former.json: hashes of all columns, made by the engine without these rules",
)
def former(size: Size) -> Iterator[Finding]:
    """A finding an option: how many columns moved."""
    was = stored()
    for name, world in runs(OPTIONS if size.full else OPTIONS[:1]):
        bits, sums = moved(was[name], digest(world, list(was[name])))
        f = exact_finding(f"{name}: columns moved, of {len(was[name])}", 0.0, float(len(sums)), "columns")
        note = "bit for bit" if not bits else f"bits differ in {', '.join(bits[:6])}; sums differ in {len(sums)}"
        yield Finding(f.quantity, f.theory, f.simulation, f.low, f.high, f.unit, f.holds, note)
