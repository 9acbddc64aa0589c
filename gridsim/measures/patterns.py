"""A baseline held against its scenario's patterns: target, band, model, met or not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from gridsim.measures.registry import BY_KEY
from gridsim.measures.run import Window
from gridsim.scenario.scenario import Scenario, ScenarioError, nearest


def check_patterns(scenario: Scenario) -> None:
    """Refuse patterns of measures that do not exist; all errors at once.

    Raises
    ------
    ScenarioError

    """
    errors = [
        f"{scenario.name}: patterns.{name}.measure: no measure {p.measure!r}{nearest(p.measure, BY_KEY)}"
        for name, p in scenario.patterns.items()
        if p.measure not in BY_KEY
    ]
    if errors:
        raise ScenarioError(errors)


def whole_first_window(scenario: Scenario) -> bool:
    """True when a run is long enough for the patterns, which are of a whole first window (a year)."""
    return bool(scenario.time.days >= scenario.time.window_days)


def held_against(scenario: Scenario, runs: Sequence[Mapping[Window, Mapping[str, float]]]) -> pd.DataFrame:
    """The patterns of a scenario beside the first window of baseline runs.

    Parameters
    ----------
    runs : sequence of measures by window
        One or more runs of the baseline, as from ``measure_windows``.

    Returns
    -------
    DataFrame
        A row a pattern: ``model`` is the mean over the runs, ``least`` and ``most`` their range; ``met`` says whether
        the mean lies in the band.

    """
    check_patterns(scenario)
    first = [next(iter(r.values())) for r in runs]
    rows = []
    for name, p in scenario.patterns.items():
        values = np.array([r[p.measure] for r in first])
        low, high = p.band
        model = float(values.mean())
        rows.append(
            {
                "pattern": name,
                "measure": p.measure,
                "unit": BY_KEY[p.measure].unit,
                "target": p.target,
                "low": low,
                "high": high,
                "model": model,
                "least": float(values.min()),
                "most": float(values.max()),
                "met": bool(low <= model <= high),
                "role": p.role,
                "by": p.by,
                "grade": p.grade,
            }
        )
    return pd.DataFrame(rows)
