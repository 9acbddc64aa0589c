"""Measures of one run, computed from its tables and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import CensoredData, ecdf

from gridsim.measures.registry import BY_KEY, MEASURES, RESTRICTED_TO
from gridsim.model.cases import BY_PATROL, measured_columns
from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario

Window = tuple[int, int]


def windows(scenario: Scenario) -> list[Window]:
    """Reporting windows [first, last): whole years (``time.window_days``); what is left over is in no window.

    Fewer days than one window are one window, in which no policy can have settled.
    """
    days, length = int(scenario.time.days), int(scenario.time.window_days)
    return [(a, a + length) for a in range(0, days - length + 1, length)] or [(0, days)]


def window_name(window: Window) -> str:
    """``days 0-365`` for [0, 365)."""
    return f"days {window[0]}-{window[1]}"


def restricted_mean(times: np.ndarray, events: np.ndarray, horizon: float) -> float:
    """Restricted mean survival time over ``horizon``, from the Kaplan–Meier curve.

    Parameters
    ----------
    times : array of float
        Time to the event, or to the end of observation.
    events : array of bool
        False where censored. With no censoring before the horizon this is the plain mean of min(time, horizon).

    """
    if not len(times):
        return float("nan")
    cut = np.minimum(times, horizon)
    if not np.any(~events & (times < horizon)):
        return float(cut.mean())
    seen = events | (times >= horizon)
    curve = ecdf(CensoredData(uncensored=cut[seen], right=cut[~seen])).sf
    knots = np.concatenate([[0.0], curve.quantiles[curve.quantiles < horizon], [horizon]])
    heights = np.concatenate([[1.0], curve.probabilities[curve.quantiles < horizon]])
    return float(np.sum(np.diff(knots) * heights))


def quantile(times: np.ndarray, q: float, followed: float) -> float:
    """Quantile of times with infinity for what has not happened; NaN when it is beyond what was followed up."""
    if not len(times):
        return float("nan")
    value = float(np.quantile(times, q, method="inverted_cdf"))
    return value if value <= followed else float("nan")


def measure_windows(world: World) -> dict[Window, dict[str, float]]:
    """All measures by window; the run must have reached its horizon."""
    if world.day < world.horizon:
        raise ValueError(f"measures need a finished run: day {world.day} of {world.horizon}")
    columns = measured_columns(world.cases)
    return {w: _measure(world, columns, w) for w in windows(world.scenario)}


def _measure(world: World, c: dict[str, np.ndarray], window: Window) -> dict[str, float]:
    first, last = window
    end, horizon = float(world.horizon), RESTRICTED_TO
    followed = end - last
    with np.errstate(invalid="ignore"):
        cohort = (c["reported"] >= first) & (c["reported"] < last)
        arose = (c["onset"] >= first) & (c["onset"] < last)
    k = {name: values[cohort] for name, values in c.items()}
    out: dict[str, float] = {}

    done = ~np.isnan(k["resolved"])
    until = np.where(done, k["resolved"], end) - k["reported"]
    out["time_to_resolution"] = restricted_mean(until, done, horizon)
    seen = followed >= horizon  # a share within 90 days can only be told where everybody was followed for 90 days
    out["true_resolution_rate"] = _mean(done & (until <= horizon)) if seen else float("nan")
    due = bool(np.all(k["deadline"] <= end))
    out["on_time_share"] = (
        _mean(done & (np.where(done, k["resolved"], np.inf) <= k["deadline"])) if due else float("nan")
    )
    with np.errstate(invalid="ignore"):
        shut_on_paper = (k["formal_at"] <= last) & (k["reopened_at"] > last)  # and came back only later
        closed = (k["closed"] <= last) | shut_on_paper
    patrol = k["channel"] == BY_PATROL
    out["closure_rate"] = _mean(closed[patrol])
    out["closure_rate_all"] = _mean(closed)
    out["formal_share"] = _mean(~np.isnan(k["formal_at"]))
    to_closure = np.where(np.isnan(k["closed"]), np.inf, k["closed"] - k["reported"])
    out["closure_median"] = quantile(to_closure, 0.5, followed)
    out["closure_p90"] = quantile(to_closure, 0.9, followed)
    finite = to_closure[np.isfinite(to_closure)]
    out["log_sd"] = float(np.log(np.maximum(finite, 0.02)).std(ddof=1)) if len(finite) > 1 else float("nan")

    onset, reported, lapsed, resolved = (c[n][arose] for n in ("onset", "reported", "lapsed", "resolved"))
    with np.errstate(invalid="ignore"):
        found = reported - onset <= horizon
        harm_ends = np.fmin(resolved, lapsed)
    out["detection_rate"] = _mean(found) if seen else float("nan")
    out["detection_delay"] = _mean((reported - onset)[found]) if seen else float("nan")
    out["unresolved_days"] = _unresolved(onset, harm_ends, end)
    out["unresolved_days_lasting"] = _unresolved(onset, resolved, end)

    d = world.days[(world.days.day >= first) & (world.days.day < last)]
    years = (last - first) / 365
    valid = int(d.valid_patrol.sum() + d.valid_residents.sum())
    out["backlog"] = float(d.case_days.sum() / (last - first))
    out["latent"], out["stalled"] = float(d.latent.mean()), float(d.stalled.mean())
    out["valid_cases"], out["patrol_reports"] = valid / years, d.patrol_reports.sum() / years
    out["valid_residents"] = d.valid_residents.sum() / years
    out["registered_share"] = _mean(world.tables.resident.registered == 1)
    out["valid_share"] = _ratio(d.valid_patrol.sum(), d.patrol_reports.sum())
    called, linked = k["needs"] > 0, (k["ever_linked"] == 1).sum()
    out["linked_share"] = _ratio(linked, len(called))
    out["linkage_rate"] = _ratio(linked, called.sum())
    out["returns"] = _mean(k["returns"])
    out["worker_utilisation"] = _ratio(d.event_hours.sum(), d.event_budget.sum())
    workdays = int(np.sum(d.day % 7 < 5)) if world.scenario.time.calendar == "office" else last - first
    out["department_utilisation"] = _ratio(d.team_days.sum(), float(world.tables.department.teams.sum()) * workdays)
    return {m.key: out[m.key] for m in MEASURES}


def _unresolved(onset: np.ndarray, over: np.ndarray, end: float) -> float:
    """Mean days within ``RESTRICTED_TO`` of onset before the harm is over."""
    done = ~np.isnan(over)
    return restricted_mean(np.where(done, over, end) - onset, done, RESTRICTED_TO)


def _mean(x: np.ndarray) -> float:
    return float(x.mean()) if len(x) else float("nan")


def _ratio(a: Any, b: Any) -> float:
    return float(a) / float(b) if b else float("nan")


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
