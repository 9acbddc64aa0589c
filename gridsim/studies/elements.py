"""The card of the ten elements of good governance 善治十要素: today's values and every option's paired differences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from gridsim.measures.elements import ELEMENTS, Element, symmetric_change
from gridsim.scenario.policies import BASELINE, Option
from gridsim.scenario.scenario import Scenario
from gridsim.studies.comparison import Comparison
from gridsim.studies.paired import paired

PROXY, BESIDE, INDEX, REST = "element", "beside", "index", "index of outcomes"
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
    "set_by",
]
FROM_TABLE = ("unit", "baseline", "value", "difference", "ci_low", "ci_high", "verdict", "replications", "window")


def card(c: Comparison) -> pd.DataFrame:
    """Ten elements of every option in the judged window, and last equal-weight indices of them.

    Returns
    -------
    DataFrame
        ``policy, kind, element, chinese, measure, unit, baseline, value, difference, ci_low, ci_high, verdict,
        replications, window, set_by``. Rows of kind ``element``, and ``beside`` for what is shown with one, are those
        of the comparison, verdicts included. The row of kind ``index`` has a difference only: the mean over the ten of
        ``symmetric_change``, turned so that more is better, its interval paired over replications; it is our choice,
        has no verdict, and is empty where an element is not measured. ``set_by`` names the levers of the option that
        set a proxy directly (``inputs``); where there are any, a row of kind ``index of outcomes`` follows, the mean
        over the other elements.

    """
    rows: list[dict[str, Any]] = []
    for o in c.options:
        given = {e.key: inputs(e, o, c.scenario) for e in ELEMENTS}
        for e in ELEMENTS:
            for key in (e.measure, *e.beside):
                r = c.row(o.name, key)
                kind = PROXY if key == e.measure else BESIDE
                names = {"policy": o.name, "kind": kind, "element": e.key, "chinese": e.chinese, "measure": key}
                said = "; ".join(given[e.key]) if kind == PROXY else ""
                rows.append(names | {k: r[k] for k in FROM_TABLE} | {"set_by": said})
        rows.append(_index_row(c, o.name, INDEX, "等权指数"))
        if moved := [key for key, levers in given.items() if levers]:
            rows.append(_index_row(c, o.name, REST, "结果要素等权指数", moved))
    return pd.DataFrame(rows, columns=COLUMNS)


def inputs(e: Element, o: Option, base: Scenario) -> list[str]:
    """The levers of an option that set the proxy of an element directly, to another value than today's."""
    keys = dict.fromkeys(key for p in o.policies for key in p.set if key.startswith(e.levers or ("\0",)))
    return [
        key
        for key in keys
        if any(base.replace({key: p.set[key]}).get(key) != base.get(key) for p in o.policies if key in p.set)
    ]


def _index_row(c: Comparison, option: str, kind: str, chinese: str, without: Sequence[str] = ()) -> dict[str, Any]:
    mean, low, high, _ = paired(index_of(c, option, without))
    names = {"policy": option, "kind": kind, "element": kind, "chinese": chinese, "measure": "", "unit": "index"}
    values = {"baseline": np.nan, "value": np.nan, "difference": mean, "ci_low": low, "ci_high": high, "verdict": ""}
    return names | values | {"replications": len(c.finished), "window": c.headline, "set_by": ""}


def index_of(c: Comparison, option: str, without: Sequence[str] = ()) -> np.ndarray:
    """The index of an option in every replication of the judged window; NaN where an element is not measured.

    Elements ``without`` are left out.
    """
    here = c.runs[c.runs.window == c.headline].set_index("replicate")
    before, after = (here[here.policy == p].sort_index() for p in (BASELINE, option))
    changes = [
        e.sign * symmetric_change(before[e.measure].to_numpy(float), after[e.measure].to_numpy(float))
        for e in ELEMENTS
        if e.key not in without
    ]
    return np.asarray(np.mean(changes, axis=0))
