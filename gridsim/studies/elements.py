"""The card of the ten elements of good governance 善治十要素: today's values and every option's paired differences."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from gridsim.measures.elements import ELEMENTS, symmetric_change
from gridsim.scenario.policies import BASELINE
from gridsim.studies.comparison import Comparison
from gridsim.studies.paired import paired

PROXY, BESIDE, INDEX = "element", "beside", "index"
COLUMNS = [
    "policy",
    "kind",
    "element",
    "chinese",
    "measure",
    "unit",
    "baseline",
    "value",
    "difference",
    "ci_low",
    "ci_high",
    "verdict",
    "replications",
    "window",
]
FROM_TABLE = ("unit", "baseline", "value", "difference", "ci_low", "ci_high", "verdict", "replications", "window")


def card(c: Comparison) -> pd.DataFrame:
    """Ten elements of every option in the judged window, and last an equal-weight index of them.

    Returns
    -------
    DataFrame
        ``policy, kind, element, chinese, measure, unit, baseline, value, difference, ci_low, ci_high, verdict,
        replications, window``. Rows of kind ``element``, and ``beside`` for what is shown with one, are those of the
        comparison, verdicts included. The row of kind ``index`` has a difference only: the mean over the ten of
        ``symmetric_change``, turned so that more is better, its interval paired over replications; it is our choice,
        has no verdict, and is empty where an element is not measured.

    """
    rows: list[dict[str, Any]] = []
    for o in c.options:
        for e in ELEMENTS:
            for key in (e.measure, *e.beside):
                r = c.row(o.name, key)
                kind = PROXY if key == e.measure else BESIDE
                names = {"policy": o.name, "kind": kind, "element": e.key, "chinese": e.chinese, "measure": key}
                rows.append(names | {k: r[k] for k in FROM_TABLE})
        mean, low, high, _ = paired(index_of(c, o.name))
        rows.append(
            {
                "policy": o.name,
                "kind": INDEX,
                "element": INDEX,
                "chinese": "等权指数",
                "measure": "",
                "unit": "index",
                "baseline": np.nan,
                "value": np.nan,
                "difference": mean,
                "ci_low": low,
                "ci_high": high,
                "verdict": "",
                "replications": len(c.finished),
                "window": c.headline,
            }
        )
    return pd.DataFrame(rows, columns=COLUMNS)


def index_of(c: Comparison, option: str) -> np.ndarray:
    """The index of an option in every replication of the judged window; NaN where an element is not measured."""
    here = c.runs[c.runs.window == c.headline].set_index("replicate")
    before, after = (here[here.policy == p].sort_index() for p in (BASELINE, option))
    changes = [
        e.sign * symmetric_change(before[e.measure].to_numpy(float), after[e.measure].to_numpy(float)) for e in ELEMENTS
    ]
    return np.asarray(np.mean(changes, axis=0))
