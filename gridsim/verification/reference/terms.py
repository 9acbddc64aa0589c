"""What a scenario means for the rules: derived numbers, laws of durations, categories."""

from __future__ import annotations

import math
from typing import Any

from scipy.stats import beta

from gridsim.scenario.distributions import Lognormal
from gridsim.scenario.parameters import EXPERT_FIELDS
from gridsim.scenario.scenario import Scenario
from gridsim.verification.reference import draws

PATROL = {"own": (0, 0.0), "random": (3, 0.0), "cooperative": (1, 0.0), "hotspots": (1, 0.5)}
DURATIONS = {
    draws.DISPUTE: "dedicated.dispute_delay",
    draws.RETURN: "triage.return_delay",
    draws.SERVICE: "handling.service",
    draws.ON_THE_SPOT: "handling.on_the_spot",
    draws.REPORT_IN: "linkage.report_in",
    draws.HOP: "linkage.hop",
    draws.STALLED: "linkage.stalled",
    draws.DEPARTMENT: "departments.duration",
    draws.REOPEN: "closure.reopen_delay",
    draws.HANDOVER: "experts.handover",
    draws.FALSE_EFFORT: "linkage.false_effort",
    draws.SELF_RETURN: "self_resolution.returns",
}
_quantiles: dict[tuple[float, float], list[float]] = {}


def quantiles(mean: float, concentration: float) -> list[float]:
    """Quantiles j ÷ 256 of complexity."""
    key = (mean, concentration)
    if key not in _quantiles:
        levels = [j / 256 for j in range(257)]
        _quantiles[key] = [float(q) for q in beta.ppf(levels, concentration * mean, concentration * (1 - mean))]
    return _quantiles[key]


class Category:
    """A category of incidents, as the rules need it."""

    def __init__(self, row: Any, below: float, share: float, s: Scenario) -> None:
        self.share_below, self.share = below, share
        self.needs = row.needs_department if s.rules.departments else 0.0
        self.deadline = row.deadline_days
        self.visibility, self.reporting, self.video = row.visibility, row.reporting, row.video
        self.lapse_rate = row.lapse / s.latent.lapse_days if s.rules.lapse else 0.0
        self.lead = list(s.fields).index(row.field)
        self.emergency, self.escalation, self.mediated = row.emergency, row.escalation, row.mediated
        self.expert_share, self.substitutable = row.expert_share, row.substitutable
        self.self_resolvable, self.signs, self.security = row.self_resolvable, row.signs, row.security
        known = list(EXPERT_FIELDS)
        self.expert = known.index(row.expert) if row.expert else -1
        self.expert_second = known.index(row.expert_second) if row.expert_second else -1
        self.complexity = quantiles(row.complexity, s.handling.complexity_concentration)


class Terms:
    """Derived numbers of one scenario; ``s`` is the scenario itself."""

    def __init__(self, s: Scenario) -> None:
        self.s = s
        self.laws = {stream: s.get(key).coded for stream, key in DURATIONS.items()}
        total = sum(row.share for row in s.categories.values())
        self.categories: list[Category] = []
        running = 0.0
        for row in s.categories.values():
            running += row.share
            self.categories.append(Category(row, running / total, row.share / total, s))
        self.fields, self.districts = len(s.fields), len(s.districts)
        self._hours()
        self._platform()
        self._experts()
        self._departments()
        self._society()

    def _hours(self) -> None:
        s = self.s
        self.office = s.time.calendar == "office"
        self.opens: float = s.time.opens / 24 if self.office else 0.0
        self.closes: float = s.time.closes / 24 if self.office else 1.0
        self.hours_a_day = s.time.closes - s.time.opens if self.office else 24.0
        self.workdays = 261 if self.office else 365
        x, staff = s.experts, s.staff
        weights = sum(getattr(x, f"weight_{f}") for f in EXPERT_FIELDS)
        self.roster = bool(s.rules.experts and x.per_full_time > 0 and weights > 0)
        longer = x.retired_hours if x.kind == "retired" else 1.0
        self.hours_given = x.hours_per_week * longer * (x.participation + (1 - x.participation) * x.incentive)
        taken = 0.0
        if self.roster:
            wished = staff.training_hours * x.training_relief * min(1.0, x.per_full_time / x.relief_from)
            taken = min(wished, x.class_size * x.per_full_time * self.hours_given * 52)
        self.teaching = taken / (x.class_size * x.per_full_time) / 52 if taken else 0.0
        administration = staff.admin_share * staff.hours_per_year
        entry = administration * staff.entry_share
        left = 1 - staff.duplicate_entry * s.platform.data_integration
        left *= 1 - staff.devices * staff.device_saving
        freed = entry * (1 - left) + taken
        to_patrol = freed if staff.freed_hours == "patrol" else 0.0
        patrol = 250 * staff.patrol_hours + to_patrol
        events = staff.hours_per_year - administration - staff.training_hours - 250 * staff.patrol_hours
        public = 52 * (s.outreach.hours * s.rules.outreach + s.warning.hours * s.warning.sensitivity * s.rules.warning)
        borne = min(patrol, public) if s.outreach.taken_from == "patrol" else 0.0
        self.admin_share_now = (administration - entry * (1 - left)) / staff.hours_per_year
        self.patrol_hours_now = (patrol - borne) / 250
        self.event_hours_year = max(0.0, events + freed - to_patrol - (public - borne))
        self.patrol_pool, self.patrol_weight = PATROL.get(s.patrol.strategy, (0, 0.0))
        if s.patrol.strategy.endswith("-first"):
            self.patrol_pool = 1 if s.patrol.strategy == "community-first" else 2
            self.patrol_weight = s.patrol.focus

    def _platform(self) -> None:
        s = self.s
        silo = s.linkage.silo_weight * s.linkage.silo * (1 - s.platform.data_integration)
        self.referral_accuracy = max(0.01, s.triage.accuracy * (1 - silo))
        self.passive = not (s.rules.patrol or s.rules.residents)
        w, d = s.intake.wrong_rejection, s.intake.duplicates
        t = d / (1 - d)
        self.doubled = t
        self.false_patrol = max(0.0, (1 - w) / s.intake.valid_patrol - 1) if s.intake.valid_patrol else math.inf
        self.false_residents = max(0.0, (1 - w + t) / max(s.intake.valid_residents, 0.01) - 1 - t)
        factor, how = s.closure.appraisal_factor, s.closure.appraisal
        self.formal_now = min(1.0, s.closure.formal * (factor if how == "closure" else 1.0))
        self.reopen_now = min(1.0, s.closure.reopen * (factor if how == "residents" else 1.0))
        self.false_share = s.linkage.false_whistles + s.linkage.false_slope * max(0.0, s.linkage.rate - 0.8)

    def _experts(self) -> None:
        x = self.s.experts
        self.expert_area = ("community", "street", "district").index(x.pool)
        hours = max(0.0, min(5 * self.hours_a_day, self.hours_given) - self.teaching)
        self.expert_sessions = min(5, max(1, math.ceil(hours / 3)))
        self.expert_session_hours = hours / self.expert_sessions
        self.roster_size = math.floor(x.per_full_time * self.s.staff.full_time + 0.5) if self.roster else 0

    def _departments(self) -> None:
        s = self.s
        law = s.departments.duration
        mean = law.median * math.exp(law.sigma**2 / 2) if isinstance(law, Lognormal) else law.average
        self.throughout = s.departments.hold_team == "throughout"
        self.usual_effort = mean * (1.0 if self.throughout else s.departments.active_share)
        self.team_strength = 1.0
        if s.experts.kind == "seconded" and s.rules.experts:
            people = s.departments.people_per_team * sum(sum(row.values()) for row in s.teams.values())
            self.team_strength = max(0.05, 1 - self.roster_size * self.hours_given / 40 / max(people, 1))
        self.departments_law = self._how_many_below()

    def _society(self) -> None:
        s, o = self.s, self.s.outreach
        first = 0.5 * s.trust.gain * (1 - s.trust.grid)
        self.encouragement = max(1.0, s.residents.experience / math.exp(s.residents.trust_slope * first))
        form = o.video_factor if o.form == "videos" else 1.0
        reach = o.gain * o.content * form * o.hours / (o.hours + o.half_hours)
        self.outreach_now = min(1.0, reach) if s.rules.outreach else 0.0
        self.near_ties = s.ties.near if s.ties.structure == "clustered" else 0

    def _how_many_below(self) -> list[float]:
        """Chance of at most k further departments, k = 0, 1, 2, …"""
        x, below, term = self.s.departments.extra, [], 0.0
        for j in range(4):
            term += math.exp(-x) * x**j / math.factorial(j)
            below.append(term)
        return below

    def how_many(self, u: float) -> int:
        """R8. K = 1 + Poisson(extra), cut."""
        k = next((k for k, below in enumerate(self.departments_law) if u <= below), 3)
        return min(1 + k, 4, self.fields)

    def mean_departments(self) -> float:
        """R11. Mean of the same."""
        mean, before = 0.0, 0.0
        for k in range(4):
            upto = self.departments_law[k] if k < 3 else 1.0
            mean += (upto - before) * min(1 + k, self.fields)
            before = upto
        return mean

    def needs_after_exhaustion(self, c: Category) -> float:
        """R11. Chance of reaching a department by need or after all attempts."""
        s = self.s
        if not s.rules.grid_handling:
            return 1.0
        n = min(1.0, c.needs * s.departments.need_factor)
        middles = [(a + b) / 2 for a, b in zip(c.complexity, c.complexity[1:], strict=False)]
        e = x = 0.0
        h, q = s.handling, s.experts
        if s.rules.departments:
            fails = [1 - logistic(h.ability - h.complexity_slope * m) for m in middles]
            e = sum(f**h.max_attempts for f in fails) / 256
        if self.roster and self.expert_session_hours > 0 and c.expert >= 0:
            fails = [1 / (1 + math.exp(q.ability - q.complexity_slope * m)) for m in middles]
            x = min(1.0, c.substitutable * q.substitution_factor) * (1 - sum(f**q.attempts for f in fails) / 256)
        return n * (1 - x) + (1 - n) * e


def logistic(x: float) -> float:
    """1 ÷ (1 + exp(−x))."""
    return 1.0 / (1.0 + math.exp(-x))
