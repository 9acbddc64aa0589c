"""Replications until differences are precise: looks at stated sizes, intervals that allow for the looking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from gridsim.measures import MEASURES
from gridsim.scenario.policies import BASELINE
from gridsim.scenario.scenario import Scenario, ScenarioError
from gridsim.studies.judge import least_of
from gridsim.studies.paired import CONFIDENCE, paired

LOOKS = 5  # most looks; the intervals of every one have 1 − (1 − .95)/5, so that all hold together with 95 %
AHEAD = 5  # replications before a look at which the precision must have held already
MATTERS = "matters"


@dataclass(frozen=True)
class Precision:
    """The rule.

    Attributes
    ----------
    relative : float or None
        γ: the half-width of every primary outcome's difference is at most γ/(1 + γ) of the difference (Law & Kelton),
        or the whole interval lies inside the smallest difference that matters. None: at most that smallest difference.
    most : int
        Replications at which it ends in any case.

    """

    relative: float | None
    most: int

    @classmethod
    def read(cls, text: str, most: int) -> Precision:
        """From what was typed: ``0.05``, ``5%`` or ``matters``.

        Raises
        ------
        ScenarioError

        """
        if text == MATTERS:
            return cls(None, most)
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            share = float("nan")
        if not 0.001 <= share <= 1:
            raise ScenarioError(
                [f"--until-precision: must be a share from 0.001 to 1, such as 0.05 or 5%, or {MATTERS} (got {text!r})"]
            )
        return cls(share, most)

    @property
    def confidence(self) -> float:
        """Of the interval at each look."""
        return 1 - (1 - CONFIDENCE) / LOOKS

    def short(self, d: np.ndarray, least: float) -> float:
        """By what factor the half-width of a difference is too wide; at most 1 is precise, NaN cannot be told."""
        mean, low, high, _ = paired(d, self.confidence)
        half = (high - low) / 2
        if np.isnan(half):
            return float("nan")
        if self.relative is None:
            return half / least if least > 0 else float("inf") if half > 0 else 0.0
        if -least < low and high < least:
            return min(1.0, half / least)
        wanted = self.relative / (1 + self.relative) * abs(mean)
        return half / wanted if wanted > 0 else float("inf") if half > 0 else 0.0


@dataclass(frozen=True)
class Reached:
    """What came of a rule: what it asked for, after how many looks it ended, and whether it was met."""

    relative: float | None
    most: int
    looks: int
    reached: bool


@dataclass(frozen=True)
class Look:
    """What a look found.

    Attributes
    ----------
    n : int
        Replications.
    reached : bool
        Every difference was precise now and at each of the last ``AHEAD`` sizes (Hoad, Robinson & Davies 2010).
    after : int
        Replications at the next look: as many as the variances seen so far ask for, and a tenth more.

    """

    n: int
    reached: bool
    after: int


def look(rule: Precision, runs: pd.DataFrame, options: Sequence[str], scenario: Scenario, number: int) -> Look:
    """Look at the differences of all primary outcomes in the last window, ``number``-th time.

    Parameters
    ----------
    runs : DataFrame
        Rows of ``Comparison.runs``.

    """
    here = runs[runs.window == runs.window.iloc[-1]].set_index("replicate")
    base = here[here.policy == BASELINE].sort_index()
    n, worst, held = len(base), 0.0, True
    for option in options:
        other = here[here.policy == option].sort_index()
        for m in (m for m in MEASURES if m.primary):
            d = other[m.key].to_numpy() - base[m.key].to_numpy()
            least = least_of(m.key, float(base[m.key].mean(skipna=False)), scenario)
            short = [rule.short(d[:k], least) for k in range(max(2, n - AHEAD), n + 1)]
            held = held and all(x <= 1 for x in short)
            worst = max(worst, short[-1]) if not np.isnan(short[-1]) else float("inf")
    needed = np.ceil(1.1 * n * max(worst, 1.0) ** 2) if np.isfinite(worst) else float("inf")
    after = rule.most if number + 1 >= LOOKS else int(min(max(needed, n + AHEAD), rule.most))
    return Look(n, held, after)
