"""Random small cities and policies: every switch, choice and distribution that a scenario can state, from one number.

A city is a pure function of its number, so that a finding can be had again by naming it. What a number draws cannot
always be run (nobody works, no hours are left for events); it is then drawn anew under the same number.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gridsim.model.city import City
from gridsim.model.settings import PATROL
from gridsim.model.world import World
from gridsim.scenario.parameters import EXPERT_FIELDS, REGISTRY
from gridsim.scenario.policies import Option, Phase, Policy
from gridsim.scenario.scenario import Scenario, ScenarioError, load_scenario

Draw = Callable[[np.random.Generator], Any]
CITY_KEY, POLICY_KEY = 1, 2  # of numpy's generators: only the inputs are drawn from them, never a run
PEOPLE, FROM_CASES, MOST_TRIES = 2_000, 20, 1_000
LAST_START = 40  # latest day on which a random policy starts


def small_city(**changes: Any) -> Scenario:
    """Two thousand residents in six grids and three sites: the neighbourhood, shrunk.

    Parameters
    ----------
    **changes
        Registry keys with two underscores for the dot.

    """
    data = load_scenario("neighbourhood").to_dict()
    data["districts"]["neighbourhood"]["population"] = PEOPLE
    return Scenario.from_dict(data).replace(
        {
            "city.comprehensive_grids": 6,
            "city.dedicated_grids": 3,
            "city.grids_per_community": 3,
            "staff.full_time": 7,
            "staff.part_time": 4,
            "arrivals.per_100_residents": 60.0,
            "time.warmup_days": FROM_CASES,
        }
        | {k.replace("__", "."): v for k, v in changes.items()}
    )


# --- how a value is drawn -------------------------------------------------------------------------------------------


def one_of(*values: Any) -> Draw:
    """One of some values, each as likely."""
    return lambda r: values[int(r.integers(len(values)))]


def between(low: float, high: float) -> Draw:
    """A number between two."""
    return lambda r: float(r.uniform(low, high))


def whole(low: int, high: int) -> Draw:
    """A whole number from ``low`` to ``high``."""
    return lambda r: int(r.integers(low, high + 1))


def law(r: np.random.Generator) -> dict[str, Any]:
    """A distribution of any kind, of a mean or median up to 6."""
    scale = float(r.uniform(0.0, 6.0)) * float(r.random() < 0.9)  # one in ten takes no time at all
    return [
        {"distribution": "deterministic", "value": scale},
        {"distribution": "exponential", "mean": scale},
        {"distribution": "gamma", "mean": scale, "shape": float(r.choice([0.3, 1.0, 4.0]))},
        {"distribution": "lognormal", "median": scale, "sigma": float(r.uniform(0.0, 1.5))},
    ][int(r.integers(4))]


SHARE = one_of(0.0, 0.1, 0.5, 0.9, 1.0)
FLAG = one_of(False, True)

# What a policy can move; a city starts from any of it.
LEVERS: dict[str, Draw] = {
    "staff.full_time": whole(2, 15),
    "staff.added_share": one_of(0.0, 0.2, 1.0),
    "staff.part_time": whole(0, 12),
    "staff.nominal_share": one_of(0.0, 0.3),
    "staff.admin_share": between(0.1, 0.65),
    "staff.devices": SHARE,
    "staff.freed_hours": one_of("patrol", "events"),
    "staff.training_hours": between(0.0, 60.0),
    "staff.patrol_hours": between(0.0, 2.0),
    "dedicated.staff_per_grid": whole(0, 5),
    "dedicated.interoperation": SHARE,
    "dedicated.kept_share": SHARE,
    "dedicated.rule": one_of("dissolve", "merge"),
    "dedicated.redeployment": one_of("none", "dedicated", "comprehensive"),
    "patrol.coverage": SHARE,
    "patrol.strategy": one_of(*PATROL),
    "video.coverage": SHARE,
    "video.command_depth": whole(1, 4),
    "triage.accuracy": between(0.05, 1.0),
    "triage.automatic": SHARE,
    "triage.automatic_accuracy": between(0.05, 1.0),
    "intake.green_channel": FLAG,
    "follow_up.share": SHARE,
    "platform.data_integration": SHARE,
    "handling.service": law,
    "handling.selectivity": SHARE,
    "experts.per_full_time": one_of(0.0, 0.4, 3.0),
    "experts.kind": one_of("outside", "seconded", "retired"),
    "experts.pool": one_of("community", "street", "district"),
    "experts.hours_per_week": one_of(0.0, 1.0, 6.0, 40.0),
    "experts.incentive": SHARE,
    **{f"experts.weight_{f}": one_of(0.0, 1.0, 20.0) for f in EXPERT_FIELDS},
    "linkage.rate": SHARE,
    "linkage.report_in": law,
    "linkage.parallel": FLAG,
    "linkage.hop": law,
    "departments.added_teams": whole(0, 2),
    "closure.appraisal": one_of("neither", "closure", "residents"),
    "feedback.share": SHARE,
    "organisations.coverage": SHARE,
    "self_resolution.allowed": SHARE,
    "outreach.hours": one_of(0.0, 1.0, 5.0),
    "outreach.taken_from": one_of("patrol", "events"),
    "outreach.content": SHARE,
    "outreach.form": one_of("notices", "videos"),
    "warning.sensitivity": SHARE,
    "patrol.all_subject": SHARE,
    "security.tips": SHARE,
    "security.alert": FLAG,
    "careers.incentive": SHARE,
    "roles.part_time_handling": FLAG,
}
CITY: dict[str, Draw] = LEVERS | {
    **{key: FLAG for key in REGISTRY if key.startswith("rules.")},
    "time.calendar": one_of("office", "continuous"),
    "time.warmup_days": whole(0, 20),
    "time.days": whole(30, 60),
    "time.window_days": whole(5, 90),
    "city.seed": whole(0, 99),
    "city.persons_per_agent": one_of(1, 1, 7, 500, 10_000),
    "city.comprehensive_grids": whole(1, 8),
    "city.dedicated_grids": whole(0, 4),
    "city.grids_per_community": whole(1, 8),
    "city.communities_per_street": whole(1, 4),
    "city.cells_per_grid": whole(1, 3),
    "city.grid_size_cv": between(0.0, 1.0),
    "city.place_effect_sd": between(0.0, 1.0),
    "city.registered_share": SHARE,
    "staff.event_hours": between(0.5, 7.5),
    "staff.cover_below_fte": SHARE,
    "staff.help_above_load": between(0.0, 3.0),
    "dedicated.incident_share": between(0.0, 0.5),
    "dedicated.boundary_friction": between(0.0, 3.0),
    "dedicated.dispute_delay": law,
    "arrivals.per_100_residents": between(0.0, 300.0),
    "arrivals.headroom": one_of(1.0, 3.0, 3.0),
    "escalation.rate": one_of(0.0, 0.004, 0.5),
    "escalation.urgent_from": whole(2, 5),
    "residents.report_rate": between(0.0, 1.0),
    "residents.disparity": between(1.0, 6.0),
    "careers.turnover": one_of(0.0, 0.2, 3.0),
    "careers.vacancy_days": one_of(28.0, 60.0, 100.0),
    "careers.incentive_effect": SHARE,
    "careers.burnout_base": SHARE,
    "careers.burnout_slope": between(0.0, 10.0),
    "careers.wear": SHARE,
    "careers.resources": SHARE,
    "careers.recovery": SHARE,
    "careers.strain_days": one_of(1.0, 84.0),
    "careers.speed_up": between(0.0, 5.0),
    "careers.brisk_from": SHARE,
    "careers.overwork": between(0.0, 5.0),
    "careers.tired_from": SHARE,
    "careers.unskilled": SHARE,
    "careers.learning_days": between(1.0, 200.0),
    "roles.guide_bridge": SHARE,
    "residents.place_share": SHARE,
    "residents.experience": between(1.0, 3.0),
    "residents.trust_slope": between(0.0, 10.0),
    "residents.wechat_reach": SHARE,
    "feedback.hours": one_of(0.0, 0.5, 10.0),
    "feedback.untold": SHARE,
    "feedback.cushion": SHARE,
    "trust.grid": between(0.05, 0.95),
    "trust.department": between(0.05, 0.95),
    "trust.gain": SHARE,
    "trust.loss": SHARE,
    "trust.expectation": between(0.05, 0.95),
    "trust.rise": SHARE,
    "trust.fall": one_of(0.0, 0.03, 0.5),
    "trust.hearsay": SHARE,
    "trust.recent": between(0.01, 1.0),
    "trust.memory_days": one_of(10.0, 730.0),
    "trust.exit": one_of(0.1, 1.0),
    "trust.exit_days": one_of(10.0, 365.0),
    "grievance.growth": one_of(0.1, 1.0),
    "grievance.memory_days": one_of(10.0, 180.0),
    "grievance.disputes": between(0.5, 2.0),
    "participation.initial": SHARE,
    "participation.threshold": one_of(0.0, 0.25, 0.25, 0.6, 1.0, 1.5),
    "participation.threshold_concentration": one_of(0.5, 8.0),
    "participation.spontaneous": one_of(0.0, 0.05),
    "participation.contagion": SHARE,
    "participation.trust_slope": between(0.0, 10.0),
    "participation.matthew": between(0.0, 10.0),
    "participation.leaving": SHARE,
    "participation.reporting": between(0.0, 5.0),
    "ties.near": one_of(0, 2, 6, 12),
    "ties.far": whole(0, 4),
    "ties.structure": one_of("clustered", "long"),
    "organisations.recruiting": SHARE,
    "organisations.skill": SHARE,
    "self_resolution.rate": one_of(0.1, 1.0, 10.0),
    "self_resolution.failure": SHARE,
    "self_resolution.returns": law,
    "outreach.gain": SHARE,
    "outreach.door_to_door": SHARE,
    "warning.rate": one_of(0.03, 0.3),
    "warning.hours": between(0.0, 3.0),
    "warning.false": between(0.0, 3.0),
    "security.repeat": SHARE,
    "security.memory_days": one_of(5.0, 28.0),
    "security.tip_factor": between(0.0, 15.0),
    "security.alert_factor": between(1.0, 6.0),
    "security.alert_days": one_of(0.5, 7.0, 60.0),
    "security.alert_wear": SHARE,
    "latent.lapse_days": between(0.5, 60.0),
    "video.detection": between(0.0, 0.2),
    "intake.wrong_rejection": between(0.0, 0.9),
    "intake.valid_patrol": one_of(0.1, 0.9, 1.0),
    "intake.valid_residents": one_of(0.1, 0.5, 1.0),
    "intake.duplicates": between(0.0, 0.5),
    "triage.hops": whole(0, 3),
    "triage.return_delay": law,
    "handling.on_the_spot": law,
    "handling.on_the_spot_share": SHARE,
    "handling.ability": between(-3.0, 6.0),
    "handling.max_attempts": whole(1, 4),
    "experts.participation": SHARE,
    "experts.attempts": whole(1, 3),
    "experts.substitution_factor": between(0.0, 2.0),
    "experts.handover": law,
    "experts.waiting_limit": between(0.0, 4.0),
    "linkage.silo": SHARE,
    "linkage.coordination": between(0.0, 0.5),
    "linkage.false_whistles": SHARE,
    "linkage.false_effort": law,
    "linkage.fatigue": one_of(0.0, 0.3, 2.0),
    "linkage.hops": whole(0, 3),
    "linkage.drop": one_of(0.0, 0.3, 0.9),
    "linkage.stalled": law,
    "departments.extra": between(0.0, 3.0),
    "departments.city_level_share": one_of(0.0, 0.0, 0.4),
    "departments.duration": law,
    "departments.active_share": between(0.05, 1.0),
    "departments.hold_team": one_of("active", "throughout"),
    "closure.formal": SHARE,
    "closure.reopen": SHARE,
    "closure.reopen_delay": law,
}


# --- cities and policies --------------------------------------------------------------------------------------------


def random_city(k: int, most: int | None = None) -> Scenario:
    """City number ``k``, which can be run.

    Parameters
    ----------
    k : int
        0 or more.
    most : int, optional
        Keys that may differ from the small neighbourhood: those drawn first; by default all of them.

    """
    for attempt in range(MOST_TRIES):
        rng = np.random.default_rng([CITY_KEY, k, attempt])
        drawn = {key: draw(rng) for key, draw in CITY.items()}
        kept = rng.permutation(list(drawn))[:most]
        districts = int(rng.integers(1, 4))
        try:
            scenario = _of_districts(districts, rng).replace({key: drawn[key] for key in kept})
            World(scenario)
        except ScenarioError:
            continue
        return scenario.replace({"name": f"city {k}"})
    raise RuntimeError(f"city {k}: nothing that can be run in {MOST_TRIES:,} tries")


def _of_districts(n: int, rng: np.random.Generator) -> Scenario:
    """The small neighbourhood in ``n`` districts, with one to three teams in each department."""
    data = small_city().to_dict()
    row = data["districts"].pop("neighbourhood")
    names = [f"district{i}" for i in range(n)]
    data["districts"] = {d: row | {"population": PEOPLE // n, "understaffed": bool(rng.integers(2))} for d in names}
    data["teams"] = {d: {f: int(rng.integers(1, 4)) for f in data["fields"]} for d in [*names, "city"]}
    return Scenario.from_dict(data)


def random_policy(k: int) -> Policy:
    """Policy number ``k``: one to ten levers, from a day up to ``LAST_START`` on."""
    rng = np.random.default_rng([POLICY_KEY, k])
    levers = rng.permutation(list(LEVERS))[: int(rng.integers(1, 11))]
    patch = {key: LEVERS[key](rng) for key in levers}
    return Policy(name=f"policy{k}", starts=int(rng.integers(LAST_START + 1)), set=patch)


def random_plan(k: int, scenario: Scenario) -> list[Phase]:
    """Up to three random policies, each dated, that this city can take."""
    rng = np.random.default_rng([POLICY_KEY, k, 0])
    chosen: tuple[Policy, ...] = ()
    city = City(scenario)
    for policy in (random_policy(3 * k + i) for i in range(int(rng.integers(1, 4)))):
        trial = (*chosen, policy)
        try:
            for phase in Option("trial", trial).phases(scenario):
                World(phase.scenario, city)
        except ScenarioError:
            continue
        chosen = trial
    return Option("chosen", chosen).phases(scenario)
