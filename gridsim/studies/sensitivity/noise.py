"""Luck and parameters told apart: variance within a point and between points, and the replications that follow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from gridsim.scenario.policies import BASELINE
from gridsim.studies.ledger import Ledger
from gridsim.studies.plan import Plan
from gridsim.studies.point import SEED
from gridsim.studies.sensitivity.factors import LUCK
from gridsim.studies.sensitivity.spec import MORRIS, SOBOL, Spec

PILOT_POINTS, PILOT_REPLICATIONS = 20, 20
NOISE = 0.05  # share of the variance of replication means that luck may have


@dataclass(frozen=True)
class Noise:
    """Variances of one output.

    Attributes
    ----------
    within : float
        Variance at a point from luck alone, of one replication; NaN where the runs cannot tell.
    between : float
        Variance of the true means between points, at least 0.
    replications : int
        R of the study.

    """

    within: float
    between: float
    replications: int

    @property
    def share(self) -> float:
        """Share of luck in the variance of means of R replications: v / (v + R·V)."""
        total = self.within + self.replications * self.between
        return self.within / total if total > 0 else float("nan")

    @property
    def needed(self) -> int | None:
        """Replications for which that share is ``NOISE`` or less: (1 − s)/s · v/V; None where no number would do."""
        if not self.between > 0 or np.isnan(self.within):
            return None
        return max(1, int(np.ceil((1 - NOISE) / NOISE * self.within / self.between - 1e-9)))


def noise_of(y: np.ndarray, spec: Spec | None = None) -> Noise:
    """Variances of (points, replications), by analysis of variance.

    With one replication the pairs of points that differ only in the dummy tell: v = mean of half their squared
    differences (Morris and Sobol designs; else unknown).
    """
    means = y.mean(axis=1)
    total, r = float(means.var(ddof=1)), y.shape[1]
    if r > 1:
        within = float(y.var(axis=1, ddof=1).mean())
    else:
        pairs = dummy_pairs(spec) if spec else np.empty((0, 2), dtype=int)
        apart = means[pairs[:, 0]] - means[pairs[:, 1]]
        within = float((apart**2).mean() / 2) if len(pairs) else float("nan")
    return Noise(within, max(0.0, total - within / r), r)


def dummy_pairs(spec: Spec) -> np.ndarray:
    """Rows of the design that differ in the dummy alone, (pairs, 2)."""
    if spec.method not in (MORRIS, SOBOL):
        return np.empty((0, 2), dtype=int)
    luck = next(k for k, f in enumerate(spec.factors) if f.kind == LUCK)
    others = [k for k in range(len(spec.factors)) if k != luck]
    starts = range(0, len(spec.x), spec.block)
    steps = range(1, spec.block)
    near = [(s if spec.method == SOBOL else s + k - 1, s + k) for s in starts for k in steps]
    return np.array(
        [
            (i, j)
            for i, j in near
            if spec.x[i, luck] != spec.x[j, luck] and (spec.x[i, others] == spec.x[j, others]).all()
        ],
        dtype=int,
    ).reshape(-1, 2)


def pilot_of(plan: Plan, points: int = PILOT_POINTS, replications: int = PILOT_REPLICATIONS) -> Plan:
    """A study's pilot: a few of its points, evenly from its design, many times over, each with luck of its own."""
    chosen = np.unique(np.linspace(0, len(plan.points) - 1, points).astype(int))
    return replace(plan, points=tuple(plan.points[k] for k in chosen), replications=replications)


def outputs_of(plan: Plan) -> list[str]:
    """What is analysed: the measure itself today (empty text), and the paired effect of every policy."""
    names = [o.name for o in plan.options]
    return ["", *(n for n in names if n != BASELINE)]


def output(book: Ledger, measure: str, effect_of: str) -> np.ndarray:
    """An output, (scenarios, points, replications)."""
    return book.wide(measure, effect_of or BASELINE, BASELINE if effect_of else None)


def noises(book: Ledger, measures: Sequence[str], spec: Spec | None = None) -> list[dict[str, object]]:
    """A row an output and scenario: its variances, the share of luck, and the replications it takes."""
    rows: list[dict[str, object]] = []
    for measure in measures:
        for effect_of in outputs_of(book.plan):
            for s, y in zip(book.plan.scenarios, output(book, measure, effect_of), strict=True):
                told = noise_of(y, spec if SEED in book.plan.factors else None)
                rows.append(
                    {
                        "scenario": s.name,
                        "measure": measure,
                        "effect_of": effect_of,
                        "within": told.within,
                        "between": told.between,
                        "replications": told.replications,
                        "noise_share": told.share,
                        "replications_needed": told.needed,
                    }
                )
    return rows
