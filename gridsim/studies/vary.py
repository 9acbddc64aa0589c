"""What is not known is drawn: every open parameter from its range, anew in each replication, alike for all policies.

A draw is a pure function of seed, replicate, parameter and attempt (Philox, see ``model.draws``): no parameter added to
the registry later changes another one's draw, and neither does a policy or the order of runs.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from gridsim.measures import BY_KEY, MEASURES
from gridsim.model.city import City
from gridsim.model.draws import uniform_block
from gridsim.model.world import World
from gridsim.scenario.parameters import PARAMETERS, REGISTRY, Parameter
from gridsim.scenario.policies import BASELINE, Option, Phase
from gridsim.scenario.ranges import at_level, has_range, level
from gridsim.scenario.scenario import SECTIONS, Scenario, ScenarioError, nearest

STREAM = 2**31  # far from every stream of the model
MOST_ATTEMPTS = 100
GRADES = ("X", "C")  # drawn unasked; a parameter of grade D or B is drawn when it is named
ASKED_GRADES = ("X", "C", "D", "B")
NOT_WORLD = ("matters", "time", "cost")  # sections that say how we look, not what the world is
NOT_DRAWN = ("arrivals.headroom",)
RANGE = (5.0, 95.0)  # per cent of the draws between which an effect is said to lie


def varied_keys(only: str | Sequence[str] | None = None) -> list[str]:
    """Keys of the parameters that are drawn.

    Parameters
    ----------
    only : str or list of str, optional
        Sections or keys, comma between; all open parameters by default. A key named in full may also have grade D or B.

    Raises
    ------
    ScenarioError
        For unknown names and for parameters that cannot be drawn, all at once.

    """
    every = [p.key for p in PARAMETERS if not why_held(p, GRADES)]
    if only is None:
        return every
    chosen: list[str] = []
    errors: list[str] = []
    for name in [n.strip() for n in (only.split(",") if isinstance(only, str) else only)]:
        inside = [k for k in every if REGISTRY[k].section == name]
        if name in REGISTRY and (why := why_held(REGISTRY[name], ASKED_GRADES)):
            errors.append(f"--only: {name} is not drawn: {why}")
        elif name in SECTIONS and not inside:
            errors.append(f"--only: section {name} has no open parameter with a range (gridsim parameters {name})")
        elif name not in REGISTRY and name not in SECTIONS:
            errors.append(f"--only: no section or parameter {name!r}{nearest(name, [*SECTIONS, *REGISTRY])}")
        chosen += [name] if name in REGISTRY else inside
    if errors:
        raise ScenarioError(errors)
    return [p.key for p in PARAMETERS if p.key in chosen]


def why_held(p: Parameter, grades: Sequence[str]) -> str:
    """Why a parameter is not drawn, or an empty string."""
    if p.section in NOT_WORLD or p.key in NOT_DRAWN:
        return "it says how the model is run or read, not what the city is"
    if not has_range(p):
        return "it is a choice, a switch, or has no range low–high"
    if p.section == "city" and isinstance(p.default, int):
        return "it is a count of the city's structure"
    if p.grade not in grades:
        return f"its evidence has grade {p.grade}; grades {', '.join(grades)} are open"
    return ""


def uniform_of(key: str, seed: int, replicate: int, attempt: int = 0) -> float:
    """The keyed uniform of a parameter, from (0, 1)."""
    block = uniform_block(seed, replicate, STREAM, zlib.crc32(key.encode("utf-8")), attempt + 1)
    return float(block[attempt, 0])


def drawn_values(keys: Sequence[str], seed: int, replicate: int, attempt: int = 0) -> dict[str, float]:
    """A number for each parameter, uniform on its range; each whole number of a range is equally likely."""
    out = {}
    for key in keys:
        p, u = REGISTRY[key], uniform_of(key, seed, replicate, attempt)
        assert p.low is not None and p.high is not None
        whole = isinstance(p.default, int)
        out[key] = float(p.low + int(u * (p.high - p.low + 1))) if whole else p.low + u * (p.high - p.low)
    return out


@dataclass(frozen=True)
class Draw:
    """The parameters of one replication; ``attempts`` counts infeasible draws before it."""

    replicate: int
    attempts: int
    values: dict[str, float]


class Draws:
    """Draws by replication, each with the city built for it and the phases of every option."""

    def __init__(self, base: Scenario, keys: Sequence[str], seed: int, options: Sequence[Option]) -> None:
        self.base, self.keys, self.seed, self.options = base, list(keys), seed, list(options)
        self.made: dict[int, Draw] = {}

    def setting(self, replicate: int) -> tuple[Scenario, City, dict[str, list[Phase]]]:
        """Scenario, city and phases by option of a replication: the first draw that every option can take."""
        error = ScenarioError([])
        for attempt in range(MOST_ATTEMPTS):
            values = drawn_values(self.keys, self.seed, replicate, attempt)
            try:
                s = self.base.replace({k: at_level(self.base.get(k), x) for k, x in values.items()}, where="--vary")
                city = City(s)
                phases = {o.name: o.phases(s) for o in self.options}
                trial = World(s, city, self.seed, replicate)
                for phase in (p for name in phases for p in phases[name]):
                    trial.enforce(phase.scenario)
            except ScenarioError as found:
                error = found
                continue
            self.made[replicate] = Draw(replicate, attempt, {k: level(s.get(k)) for k in self.keys})
            return s, city, phases
        raise ScenarioError(
            [
                f"--vary: {MOST_ATTEMPTS} draws of replication {replicate} were all infeasible; the last one:",
                *error.errors,
            ]
        )

    def frame(self, meets: dict[int, bool | None]) -> pd.DataFrame:
        """A row a finished replication: infeasible draws before it, whether it meets the patterns, its parameters."""
        rows = [
            {"replicate": r, "redrawn": self.made[r].attempts, "meets_patterns": met, **self.made[r].values}
            for r, met in meets.items()
        ]
        return pd.DataFrame(rows, columns=["replicate", "redrawn", "meets_patterns", *self.keys])


def effect_ranges(runs: pd.DataFrame, options: Sequence[str], window: str) -> pd.DataFrame:
    """Range of the paired effect over replications, and the share of them in which a policy is better.

    Returns
    -------
    DataFrame
        ``policy, measure, unit, low, median, high, share_better`` of the primary outcomes: low and high are the 5 and
        95 % quantiles of the paired differences – the range of the effect, not the interval of its mean.

    """
    here = runs[runs.window == window].set_index("replicate")
    rows: list[dict[str, Any]] = []
    for option in options:
        base, other = (here[here.policy == p].sort_index() for p in (BASELINE, option))
        for m in (m for m in MEASURES if m.primary):
            d = other[m.key].to_numpy() - base[m.key].to_numpy()
            low, median, high = np.percentile(d, [RANGE[0], 50, RANGE[1]])
            better = d < 0 if BY_KEY[m.key].better == "lower" else d > 0
            share = float(better.mean()) if not np.isnan(d).any() else float("nan")
            rows.append(
                {
                    "policy": option,
                    "measure": m.key,
                    "unit": m.unit,
                    "low": low,
                    "median": median,
                    "high": high,
                    "share_better": share,
                }
            )
    return pd.DataFrame(rows)
