"""Mutated input for as long as one likes: what the commands may not do with it is printed with the mutant's number.

    python experiments/fuzz.py --seconds 600 --first 0

The mutators are those of the tests (gridsim/verification/fuzz.py); nothing is simulated but scenarios that are
accepted, some days of each. Exit code 1 when anything was found.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from unittest import mock

from gridsim import cli
from gridsim.model.world import World
from gridsim.scenario.scenario import ScenarioError, load_scenario
from gridsim.verification.fuzz import KINDS, complaints, mutant, small_enough
from gridsim.verification.promises import broken

SIMULATORS = ("gridsim.commands.run._simulate", "gridsim.commands.compare._simulate", "gridsim.studies.fit.fit")
SLOW = 20.0  # seconds after which a mutant is told as one that hangs
DAYS = 14


class Reached(Exception):
    """A command has checked its input and would simulate now."""


def main(argv: list[str]) -> int:
    """The command line, up to the simulation."""
    try:
        return cli.main(argv)
    except Reached:
        return 0


def runs(path: Path) -> list[str]:
    """What is wrong with a few days of the scenario of a file, where it is one and small."""
    scenario = small_enough(path) if path.exists() else None
    if scenario is None:
        return []
    try:
        world = World(scenario)
        return [f"{name}: {sentence}" for name, sentence in broken(world.advance(world.day + DAYS))]
    except ScenarioError:
        return []
    except Exception as error:
        return [f"an accepted scenario does not run: {type(error).__name__}: {error}"]


def one(k: int) -> list[str]:
    """Everything wrong with mutant ``k``."""
    before = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        wrong = complaints(mutant(k), main, Path(name)) or runs(Path(name) / "city.toml")
        os.chdir("/")
    took = time.monotonic() - before
    return wrong + ([f"took {took:.0f} s"] if took > SLOW else [])


def fuzz(seconds: float, first: int) -> int:
    """Mutants from number ``first`` on; returns how many were wrong."""
    end, k, tried, wrong = time.monotonic() + seconds, first, Counter[str](), 0
    while time.monotonic() < end:
        kind = KINDS[k % len(KINDS)].__name__
        tried[kind] += 1
        for line in one(k):
            wrong += 1
            print(f"mutant {k} ({kind}: {mutant(k).what[:100]}): {line}", flush=True)
        k += 1
    print(
        f"{k - first:,} mutants from {first:,} on, {wrong} complaints; "
        + ", ".join(f"{n} {v}" for n, v in tried.items())
    )
    return wrong


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--first", type=int, default=0, help="number of the first mutant")
    a = parser.parse_args()
    World(load_scenario("neighbourhood")).advance(-360)  # compiled before the clock runs
    for simulator in SIMULATORS:
        mock.patch(simulator, side_effect=Reached).start()
    sys.exit(1 if fuzz(a.seconds, a.first) else 0)
