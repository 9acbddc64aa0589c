"""Show for each policy a region of parameters in which it wins and one in which it loses, as paired differences.

    python experiments/losing_regions.py                      # every policy; some minutes
    python experiments/losing_regions.py merge-dedicated-grids green-channel
    python experiments/losing_regions.py --replications 20

A region is the neighbourhood with the parameters named under it: places where the sign of a policy turns, chosen to
show the mechanism and not to say which region a real city is in. They were searched for, so an interval here is no test
of a policy. A star marks an interval that excludes zero. A policy may win by one measure and lose by another: each
region names the one it speaks of, and all four are printed; only the first two are primary outcomes.
"""

from __future__ import annotations

import argparse
from time import perf_counter
from typing import Any, NamedTuple

from gridsim.scenario.scenario import load_scenario
from gridsim.studies.comparison import Comparison, compare

MEASURES = ("time_to_resolution", "backlog", "unresolved_days", "unresolved_days_lasting")
YEAR = {"time.warmup_days": 365, "time.days": 365, "time.follow_up_days": 90}


def waits(mean: float) -> dict[str, Any]:
    """An exponential delay, in days."""
    return {"distribution": "exponential", "mean": mean}


class Region(NamedTuple):
    """Parameters that differ from the neighbourhood, what they do to a policy, and by which measure."""

    why: str
    set: dict[str, Any]
    measure: str = "time_to_resolution"


FULL_DEPARTMENTS = {"departments.active_share": 0.42}
SHORT_HOURS = {"staff.admin_share": 0.62}
AMPLE_HOURS = {"rules.hours": False, "city.place_effect_sd": 1.0}
NO_TIERS = {"triage.hops": 0, "linkage.hops": 0}
COSTLY_WHISTLES = {
    **FULL_DEPARTMENTS,
    "linkage.coordination": 0.5,
    "linkage.false_whistles": 0.2,
    "linkage.false_slope": 0.5,
    "linkage.drop": 0.0,
    "linkage.silo": 0.0,
    "triage.accuracy": 1.0,
}
MUCH_BOUNDARY = {
    "dedicated.boundary_friction": 1.5,
    "dedicated.interoperation": 0.0,
    "dedicated.dispute_delay": waits(4.0),
    "dedicated.incident_share": 0.25,
}
FULL_TEAMS = {
    "dedicated.staff_per_grid": 3,
    "dedicated.staff_fte": 0.5,
    "dedicated.local_bonus": 1.6,
    "dedicated.boundary_friction": 0.0,
    "dedicated.incident_share": 0.25,
}
SLIVERS = {"dedicated.staff_fte": 0.05, "dedicated.incident_share": 0.25}
EASY_FIRST = {"handling.selectivity": 1.0}
LASTING = "unresolved_days_lasting"

TODAY = Region("the neighbourhood as it stands", {})
SEES_MORE = Region("ample hours, places that differ: more is noticed", AMPLE_HOURS, LASTING)
SWAMPED = Region("short hours: hot grids exceed their worker's year", SHORT_HOURS)
CONGESTED = Region("full departments: more cases, longer queues", FULL_DEPARTMENTS, "backlog")
NOTICES = Region("the neighbourhood as it stands: more is noticed", {}, LASTING)

# Of each policy a region where it wins and one where it loses; None where none is known.
REGIONS: dict[str, tuple[Region, Region | None]] = {
    "raise-linkage": (TODAY, Region("whistles cost, departments full, unlinked cases do fine", COSTLY_WHISTLES)),
    "add-experts": (TODAY, Region("a handover takes two months", {"experts.handover": waits(60.0)})),
    "consolidate-dedicated-grids": (
        Region("much friction, no interoperation", MUCH_BOUNDARY),
        Region("full teams that know their ground, no friction", FULL_TEAMS, "unresolved_days"),
    ),
    "merge-dedicated-grids": (
        Region("much friction, no interoperation", {**MUCH_BOUNDARY, "dedicated.local_bonus": 1.6}, LASTING),
        Region("a twentieth of a post each: a case takes weeks", SLIVERS),
    ),
    "staff-dedicated-grids": (NOTICES, CONGESTED),
    "link-dedicated-grids": (Region("much friction, no interoperation", MUCH_BOUNDARY), None),
    "real-posts": (NOTICES, CONGESTED),
    "devices": (NOTICES, CONGESTED),
    "data-integration": (NOTICES, CONGESTED),
    "connect-video": (
        Region("sharp cameras: more is noticed", {"video.detection": 0.02}, LASTING),
        Region("sharp cameras, full departments", {"video.detection": 0.02, **FULL_DEPARTMENTS}),
    ),
    "automatic-dispatch": (
        TODAY,
        Region(
            "people dispatch better, without tiers",
            {**NO_TIERS, "triage.accuracy": 0.97, "triage.return_delay": waits(4.0)},
        ),
    ),
    "green-channel": (
        TODAY,
        Region(
            "no departments, no tiers to skip, easy cases first, short hours",
            {**NO_TIERS, **SHORT_HOURS, **EASY_FIRST, "rules.departments": False},
        ),
    ),
    "follow-up-officer": (
        TODAY,
        Region(
            "returns no quicker, many paper closures: prevented ones stay open",
            {"follow_up.delay_factor": 1.0, "closure.formal": 0.4},
            "backlog",
        ),
    ),
    "first-come-first-served": (
        Region(
            "full departments that took the easy first: none is starved", {**FULL_DEPARTMENTS, **EASY_FIRST}, "backlog"
        ),
        Region("short hours that took the easy, quick ones first", {**SHORT_HOURS, **EASY_FIRST}),
    ),
    "patrol-cooperative": (Region("ample hours: thin grids are walked too", AMPLE_HOURS, LASTING), SWAMPED),
    "patrol-random": (Region("ample hours: thin grids are walked too", AMPLE_HOURS, LASTING), SWAMPED),
    "patrol-hotspots": (SEES_MORE, SWAMPED),
    "patrol-community-first": (SEES_MORE, SWAMPED),
    "patrol-district-first": (SEES_MORE, SWAMPED),
    "more-teams": (TODAY, None),
    "appraise-by-closure": (
        Region("the neighbourhood as it stands: files are shut, nothing solved", {}, "backlog"),
        TODAY,
    ),
    "appraise-by-residents": (
        TODAY,
        Region("the neighbourhood as it stands: what came back is open", {}, "backlog"),
    ),
}


def told(c: Comparison, policy: str, measure: str) -> str:
    """Difference and interval, starred where the interval excludes zero."""
    r = c.row(policy, measure)
    clear = "*" if r.ci_low > 0 or r.ci_high < 0 else " "
    return f"{r.difference:+8.2f} [{r.ci_low:+7.2f}, {r.ci_high:+7.2f}]{clear}"


def outcome(c: Comparison, policy: str, region: Region) -> str:
    """Wins or loses by the region's own measure, every one of which is better when lower."""
    r = c.row(policy, region.measure)
    if r.ci_low <= 0 <= r.ci_high:
        return "no clear difference"
    return "wins" if r.difference < 0 else "loses"


def show(policy: str, replications: int) -> list[str]:
    """Print the regions of one policy; returns what came out otherwise than expected."""
    surprises = []
    print(f"\n{policy}")
    for region, expected in zip(REGIONS[policy], ("wins", "loses"), strict=True):
        if region is None:
            print("  no losing region known: its levers only take work or waiting away, and what it costs is money")
            continue
        c = compare(load_scenario("neighbourhood").replace(YEAR | region.set), policy, replications=replications)
        found = outcome(c, policy, region)
        busy = c.row(policy, "department_utilisation").baseline, c.row(policy, "worker_utilisation").baseline
        print(
            f"  {found} by {region.measure}: {region.why} (departments {busy[0]:.2f} busy, gridworkers {busy[1]:.2f})"
        )
        print("    " + "  ".join(told(c, policy, m) for m in MEASURES))
        if found != expected:
            surprises.append(f"{policy}: {region.why}: {found}, not {expected}")
    return surprises


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="Regions in which policies win and lose.")
    parser.add_argument("policies", nargs="*", default=list(REGIONS), help="all by default")
    parser.add_argument("--replications", type=int, default=12)
    asked = parser.parse_args()
    unknown = [p for p in asked.policies if p not in REGIONS]
    if unknown:
        parser.error(f"{', '.join(unknown)}: no region; allowed are {', '.join(REGIONS)}")
    began = perf_counter()
    print("Paired differences, policy − baseline, with 95 % intervals; lower is better in every column:")
    print("    " + "  ".join(f"{m:<29}" for m in MEASURES))
    surprises = [line for p in asked.policies for line in show(p, asked.replications)]
    print(f"\n{len(surprises)} otherwise than expected{': ' if surprises else ''}{'; '.join(surprises)}")
    print(f"{asked.replications} replications, {perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
