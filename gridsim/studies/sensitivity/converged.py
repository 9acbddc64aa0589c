"""Is the sample large enough? The same analysis at N/4, N/2 and N, and a plain verdict."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from gridsim.studies.point import DUMMY
from gridsim.studies.sensitivity.indices import MAIN, analysed
from gridsim.studies.sensitivity.spec import LEAST, MORRIS, SOBOL, Spec

WIDTH = 0.05  # half-width that an index between 0 and 1 may have; of Morris and regional: of the largest one
RELATIVE = (MORRIS, "regional")
PARTS = (4, 2, 1)
FEWEST = {MORRIS: 20}  # never enough below: intervals of a handful of effects are too narrow to judge by
MOST_AGAIN = 3  # times the sample, to decide on what is close to the dummy


class Step(NamedTuple):
    """What a part of the sample says."""

    half_width: float
    above: tuple[str, ...]
    undecided: tuple[str, ...]
    short: float  # by what factor the widest undecided interval is too wide


def main_of(table: pd.DataFrame, spec: Spec) -> pd.DataFrame:
    """The rows of the index by which factors are ranked."""
    return table[table["index"] == MAIN[spec.method]].set_index("factor")


def above_floor(table: pd.DataFrame, spec: Spec) -> list[str]:
    """Factors whose interval lies above the dummy's, the largest first."""
    main = main_of(table, spec)
    floor = main.ci_high[DUMMY]
    return list(main[main.ci_low > floor].sort_values("value", ascending=False).index)


def convergence(spec: Spec, y: np.ndarray, whole: pd.DataFrame, width: float | None, resamples: int) -> pd.DataFrame:
    """The answer at parts of the sample.

    Parameters
    ----------
    y : ndarray of shape (points,)
    whole : DataFrame
        ``indices.analysed`` of it.
    width : float or None
        Half-width that every main index is to have (of the largest, for Morris and regional); None asks only which
        factors stand above the dummy.

    Returns
    -------
    DataFrame
        ``n, half_width, above, undecided, enough, more``, a row a part. Undecided is a factor whose value lies above
        the dummy's interval and whose own interval reaches down into it. Enough: the same factors stand above the
        dummy as in the part before, none is undecided, the largest half-width is ``width`` or less, and there are 20
        trajectories of Morris or more. More: what is still to be run, told by half-widths that shrink as 1/√n; at least
        as much again where the factors changed, at most three times as much again for undecided ones, of which some may
        lie at the dummy for good. The first part is never enough.

    """
    rows: list[dict[str, object]] = []
    before: Step | None = None
    for part in PARTS:
        n = spec.n // part
        if n < LEAST[spec.method] // 2:
            continue
        cut = spec.first(n)
        table = whole if part == 1 else analysed(cut, y[: len(cut.x)], resamples=resamples)
        now = _step(cut, table)
        same = before is not None and set(now.above) == set(before.above)
        clear = width is not None or not now.undecided
        enough = same and clear and (width is None or now.half_width <= width) and n >= FEWEST.get(spec.method, 0)
        rows.append(
            {
                "n": n,
                "half_width": now.half_width,
                "above": " ".join(now.above),
                "undecided": " ".join(now.undecided),
                "enough": enough,
                "more": 0 if enough else _more(spec, n, now, width, same),
            }
        )
        before = now
    return pd.DataFrame(rows)


def _step(spec: Spec, table: pd.DataFrame) -> Step:
    main = main_of(table, spec)
    above = above_floor(table, spec)
    scale = float(main.value.max()) if spec.method in RELATIVE else 1.0
    half = float((main.ci_high - main.ci_low).max()) / 2 / scale if scale > 0 else float("nan")
    over = main.value - main.ci_high[DUMMY]
    open_ = over[(over > 0) & ~over.index.isin(above)]
    short = float(((main.value - main.ci_low)[open_.index] / open_).max()) if len(open_) else 1.0
    return Step(half, tuple(above), tuple(open_.index), short)


def _more(spec: Spec, n: int, now: Step, width: float | None, same: bool) -> int:
    """What is still to be run."""
    wanted = float(max(n if same else 2 * n, FEWEST.get(spec.method, 0)))
    if width is not None and np.isfinite(now.half_width):
        wanted = max(wanted, n * (now.half_width / width) ** 2)
    elif width is None:
        wanted = max(wanted, n * min(now.short**2, MOST_AGAIN + 1))
    total = int(np.ceil(wanted))
    if spec.method == SOBOL:
        total = 1 << (total - 1).bit_length()
    return max(1, total - n)
