"""Detection and lapse as competing clocks: who finds an incident, how soon, or whether it vanishes first."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy import stats

from gridsim.model.cases import BY_PATROL, BY_RESIDENT, LAPSED, LATENT
from gridsim.model.world import World
from gridsim.verification.check import (
    Finding,
    Size,
    check,
    exact_finding,
    ks_resolution,
    mean_finding,
    pvalue_finding,
    share_finding,
)
from gridsim.verification.runs import SEED, varied

# Hazards a day of verification/clocks: coverage · detection · workers · visibility; rate · reporting; lapse ÷ mean.
HAZARDS = {"patrol": 0.5 * 0.1 * 2 * 1.5, "residents": 0.04 * 0.7, "lapse": 1.6 / 20.0}


def fates(world: World, before: float) -> tuple[np.recarray, dict[str, np.ndarray]]:
    """Incidents that arose before a day, and which of them each clock ended."""
    c = world.cases[world.cases.onset < before]
    if np.any(c.state == LATENT):
        raise ValueError("some incidents are still latent")
    gone = c.state == LAPSED
    return c, {"patrol": c.channel == BY_PATROL, "residents": c.channel == BY_RESIDENT, "lapse": gone}


@check("clocks", "Competing clocks of the latent", kind="theory", rules="R3 R4", source="competing exponential risks")
def clocks(size: Size) -> Iterator[Finding]:
    """Fates in proportion to their hazards; whatever the fate, the time to it is exponential with the total hazard.

    Latent incidents are an infinite-server queue: Poisson in number, mean rate ÷ total hazard.
    """
    days = 150 * size.effort
    world = World(varied("clocks"), seed=SEED).advance(days + 100)
    c, ended = fates(world, days)
    total = sum(HAZARDS.values())
    until = np.where(ended["lapse"], c.lapsed, c.reported) - c.onset
    for name, hazard in HAZARDS.items():
        yield share_finding(f"ended by {name}, of {len(c):,}", ended[name].sum(), len(c), hazard / total)
        test = stats.kstest(until[ended[name]], stats.expon(scale=1 / total).cdf)
        what = f"time until ended by {name}, exponential"
        n = int(ended[name].sum())
        told = f"Kolmogorov–Smirnov, n = {n:,}, sees {ks_resolution(n):.3f}"
        yield pvalue_finding(what, test.statistic, test.pvalue, told)
    yield mean_finding("mean time latent", until, 1 / total, "d", 0.02)
    latent = world.days.latent[60 :: round(3 / total)]  # three mean lives apart: correlation e^−3
    yield mean_finding("latent incidents", latent, 300.0 / total, "incidents", 0.06)


@check("clocks-off", "A clock switched off", kind="theory", rules="R3 R4", source="competing exponential risks")
def clocks_off(size: Size) -> Iterator[Finding]:
    """Without one clock the others divide the incidents between them."""
    for off in HAZARDS:
        days = 80 * size.effort
        world = World(varied("clocks", **{f"rules.{off}": False}), seed=SEED).advance(days + 400)
        c, ended = fates(world, days)
        left = {name: h for name, h in HAZARDS.items() if name != off}
        yield exact_finding(f"ended by {off}, switched off", 0, int(ended[off].sum()), "incidents")
        name = next(iter(left))
        share = left[name] / sum(left.values())
        yield share_finding(f"ended by {name} without {off}", ended[name].sum(), len(c), share)
