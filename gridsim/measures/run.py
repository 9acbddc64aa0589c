"""Measures of one run, computed from its tables and nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridsim.measures.effort import effort
from gridsim.measures.equity import equity
from gridsim.measures.matthew import matthew
from gridsim.measures.registry import BY_KEY, MEASURES, RESTRICTED_TO
from gridsim.measures.residents import residents
from gridsim.measures.survival import mean, quantile, ratio, restricted_mean, survival_quantiles
from gridsim.model.cases import BY_PATROL, count_escalations, measured_columns
from gridsim.model.world import World
from gridsim.scenario.windows import Window, window_name, windows

Columns = dict[str, np.ndarray]
NAN = float("nan")


def measure_windows(world: World, columns: Columns | None = None) -> dict[Window, dict[str, float]]:
    """All measures by window; the run must have reached its horizon.

    Parameters
    ----------
    columns : dict of array, optional
        ``measured_columns`` of the run's cases, where the caller has them already.

    """
    if world.day < world.horizon:
        raise ValueError(f"measures need a finished run: day {world.day} of {world.horizon}")
    c = measured_columns(world.cases) if columns is None else columns
    out = {}
    for window in windows(world.scenario):
        parts = (
            _cases(world, c, window),
            _incidents(world, c, window),
            _daily(world, c, window),
            effort(world, window),
            residents(world, c, window),
            matthew(world, c, window),
        )
        found = {key: value for part in parts for key, value in part.items()}
        out[window] = {m.key: float(found[m.key]) for m in MEASURES}
    return out


def cohort(c: Columns, window: Window) -> np.ndarray:
    """Rows of the cases reported in a window."""
    with np.errstate(invalid="ignore"):
        return np.flatnonzero((c["reported"] >= window[0]) & (c["reported"] < window[1]))


def _cases(world: World, c: Columns, window: Window) -> dict[str, float]:
    """What became of the cases reported in the window."""
    last, end, horizon = window[1], float(world.horizon), RESTRICTED_TO
    followed = end - last
    rows = cohort(c, window)
    k = {name: values[rows] for name, values in c.items()}
    out: dict[str, float] = {}
    done = ~np.isnan(k["resolved"])
    over = np.where(done, k["resolved"], end)
    until = over - k["reported"]
    out["time_to_resolution"] = restricted_mean(until, done, horizon)
    out["resolution_median"], out["resolution_p90"] = survival_quantiles(until, done, (0.5, 0.9))
    out["onset_to_resolution"] = restricted_mean(over - k["onset"], done, horizon)
    seen = followed >= horizon  # a share within 90 days can only be told where everybody was followed for 90 days
    out["true_resolution_rate"] = mean(done & (until <= horizon)) if seen else NAN
    due = bool(np.all(k["deadline"] <= end))
    out["on_time_share"] = mean(done & (np.where(done, k["resolved"], np.inf) <= k["deadline"])) if due else NAN
    with np.errstate(invalid="ignore"):
        shut_on_paper = (k["formal_at"] <= last) & (k["reopened_at"] > last)  # and came back only later
        closed = (k["closed"] <= last) | shut_on_paper
    out["closure_rate"] = mean(closed[k["channel"] == BY_PATROL])
    out["closure_rate_all"] = mean(closed)
    out["formal_share"] = mean(~np.isnan(k["formal_at"]))
    to_closure = np.where(np.isnan(k["closed"]), np.inf, k["closed"] - k["reported"])
    out["closure_median"] = quantile(to_closure, 0.5, followed)
    out["closure_p90"] = quantile(to_closure, 0.9, followed)
    with np.errstate(invalid="ignore"):
        finite = to_closure[k["closed"] <= last + horizon]  # the same cases however long the run goes on
    out["log_sd"] = float(np.log(np.maximum(finite, 0.02)).std(ddof=1)) if len(finite) > 1 else NAN
    called, linked = k["whistled"] == 1, (k["ever_linked"] == 1).sum()
    out["linked_share"] = ratio(linked, len(called))
    out["linkage_rate"] = ratio(linked, called.sum())
    out["returns"], out["hops"] = mean(k["returns"]), mean(k["hops"])
    return out | equity(world.city, k, until, done, horizon)


def _incidents(world: World, c: Columns, window: Window) -> dict[str, float]:
    """What became of the incidents that arose in the window, seen or not."""
    end, horizon = float(world.horizon), RESTRICTED_TO
    arose = (c["onset"] >= window[0]) & (c["onset"] < window[1])
    onset, reported, lapsed, resolved = (c[n][arose] for n in ("onset", "reported", "lapsed", "resolved"))
    with np.errstate(invalid="ignore"):
        found = reported - onset <= horizon
        harm_ends = np.fmin(resolved, lapsed)
    seen = end - window[1] >= horizon
    return {
        "detection_rate": mean(found) if seen else NAN,
        "detection_delay": mean((reported - onset)[found]) if seen else NAN,
        "unresolved_days": _unresolved(onset, harm_ends, end),
        "unresolved_days_lasting": _unresolved(onset, resolved, end),
    }


def _daily(world: World, c: Columns, window: Window) -> dict[str, float]:
    """Stocks and flows of the window's days."""
    first, last = window
    d = world.days[(world.days.day >= first) & (world.days.day < last)]
    years = (last - first) / 365
    valid = int(d.valid_patrol.sum() + d.valid_residents.sum() + d.valid_video.sum() + d.valid_warnings.sum())
    vain = float(d.settled_in_vain.sum())  # each leaves an incident a step more severe (R6)
    steps = (
        vain + count_escalations(world.tables, float(first), float(last)) if world.scenario.rules.escalation else NAN
    )
    backlog = float(d.case_days.sum() / (last - first))
    slope = float(np.polyfit(d.day, d.open, 1)[0]) if len(d) > 1 else NAN
    return {
        "backlog": backlog,
        "backlog_peak": float(d.open.max()),
        "backlog_end": float(d.open[-1]),
        "backlog_slope": slope,
        "overload": ratio(slope * 365, backlog),
        "backlog_age": mean(last - c["reported"][open_at(c, last)]),
        "escalations": steps * 1000 / world.scenario.population / years,
        "latent": float(d.latent.mean()),
        "stalled": float(d.stalled.mean()),
        "valid_cases": valid / years,
        "patrol_reports": float(d.patrol_reports.sum()) / years,
        "valid_residents": float(d.valid_residents.sum()) / years,
        "registered_share": mean(world.tables.resident.registered == 1),
        "valid_share": ratio(d.valid_patrol.sum(), d.patrol_reports.sum()),
    }


def open_at(c: Columns, moment: float) -> np.ndarray:
    """Rows of the cases whose file was open just before a moment; one reopened was shut in between."""
    with np.errstate(invalid="ignore"):
        shut = (c["closed"] < moment) | ((c["formal_at"] < moment) & ~(c["reopened_at"] < moment))
        return np.flatnonzero((c["reported"] < moment) & ~shut)


def _unresolved(onset: np.ndarray, over: np.ndarray, end: float) -> float:
    """Mean days within ``RESTRICTED_TO`` of onset before the harm is over."""
    done = ~np.isnan(over)
    return restricted_mean(np.where(done, over, end) - onset, done, RESTRICTED_TO)


def measure_run(world: World) -> pd.DataFrame:
    """Measures of a finished run as a data frame: window, measure, unit, value."""
    return pd.DataFrame(
        [
            (window_name(w), key, BY_KEY[key].unit, value)
            for w, values in measure_windows(world).items()
            for key, value in values.items()
        ],
        columns=["window", "measure", "unit", "value"],
    )
