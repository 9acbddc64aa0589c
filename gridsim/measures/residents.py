"""What residents do and think: participation, trust, self-resolution, feedback, first contact (R6, R14–R16)."""

from __future__ import annotations

import numpy as np

from gridsim.measures.registry import RESTRICTED_TO
from gridsim.measures.survival import mean, ratio, restricted_mean
from gridsim.model.world import World
from gridsim.scenario.windows import Window

NAN = float("nan")


def residents(world: World, c: dict[str, np.ndarray], window: Window) -> dict[str, float]:
    """Measures of residents in a window; what is switched off is not measured.

    Parameters
    ----------
    c : dict of array
        ``measured_columns`` of the run's cases.

    """
    first, last = window
    d = world.days[(world.days.day >= first) & (world.days.day < last)]
    on, people = world.scenario.rules, max(world.city.n_residents, 1)
    with np.errstate(invalid="ignore"):
        arose = (c["onset"] >= first) & (c["onset"] < last)
        reported = (c["reported"] >= first) & (c["reported"] < last)
    out = {
        "participation": float(d.taking_part.mean()) / people,
        "trust": NAN,
        "trust_grid": NAN,
        "trust_department": NAN,
        "trust_drift": NAN,
        "expectation": NAN,
        "silent_share": NAN,
        "grievance": float(d.grievance.mean()) if on.grievance else NAN,
        "told_share": NAN,
        "hazard_signs": float(d.valid_warnings.sum()) * 365 / (last - first) if on.warning else NAN,
        "alerts": float(d.alerts.sum()) * 365 / (last - first) if on.security else NAN,
    }
    if on.trust:
        both = (d.trust_grid + d.trust_department) / 2
        out |= {
            "trust": float(both.mean()),
            "trust_grid": float(d.trust_grid.mean()),
            "trust_department": float(d.trust_department.mean()),
            "trust_drift": float(both[-1] - both[0]) * 365 / (last - first),
            "expectation": float(d.expectation.mean()),
            "silent_share": float(d.silent.mean()) / people,
            "told_share": ratio(d.told.sum(), d.heard.sum()),
        }
    return out | _self_resolved(world, c, d, arose) | _contact(world, c, reported)


def _self_resolved(world: World, c: dict[str, np.ndarray], d: np.recarray, arose: np.ndarray) -> dict[str, float]:
    """Incidents that residents settled within 90 days of onset, and what of their attempts failed."""
    if not world.scenario.rules.self_resolution:
        return {"self_resolved_share": NAN, "self_resolution_failures": NAN}
    with np.errstate(invalid="ignore"):
        done = np.isnan(c["reported"]) & (c["resolved"] - c["onset"] <= RESTRICTED_TO)
    tried = d.self_resolved.sum() + d.settled_in_vain.sum()
    return {
        "self_resolved_share": mean(done[arose]),
        "self_resolution_failures": ratio(d.settled_in_vain.sum(), tried),
    }


def _contact(world: World, c: dict[str, np.ndarray], reported: np.ndarray) -> dict[str, float]:
    """Report to first contact, restricted to 90 days; and disputes truly resolved within 90 days."""
    end = float(world.horizon)
    met, since = c["contacted"][reported], c["reported"][reported]
    done = ~np.isnan(met)
    mediated = np.array([row.mediated for row in world.scenario.categories.values()])
    disputes = reported & mediated[c["category"].astype(int)]
    with np.errstate(invalid="ignore"):
        settled = c["resolved"][disputes] - c["reported"][disputes] <= RESTRICTED_TO
    followed = end - c["reported"][disputes].max(initial=-np.inf) >= RESTRICTED_TO
    return {
        "first_contact": restricted_mean(np.where(done, met, end) - since, done, RESTRICTED_TO),
        "disputes_settled": mean(settled) if followed else NAN,
    }
