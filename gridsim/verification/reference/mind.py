"""The order of a day, dated policies, and the stationary stock of the start."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence

from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.policies import Phase
from gridsim.scenario.scenario import Scenario
from gridsim.verification.reference import draws
from gridsim.verification.reference.clock import Kind
from gridsim.verification.reference.incidents import BY_PATROL, OPEN, Case
from gridsim.verification.reference.residents import BREACHED, FIXED, LET_DOWN
from gridsim.verification.reference.security import Security
from gridsim.verification.reference.terms import Terms
from gridsim.verification.reference.town import Town


class Mind(Security):
    """One run."""

    def __init__(
        self,
        scenario: Scenario,
        seed: int = 0,
        replicate: int = 0,
        phases: Sequence[Phase] = (),
        city: City | None = None,
    ) -> None:
        self.world = World(scenario, city, seed=seed, replicate=replicate)  # only ever asked for levers in force
        super().__init__(scenario, Town(self.world), seed, replicate)
        self.phases = list(phases)
        self.watch()
        self.muster()
        self.take_stock(self.day)
        self.count_society()
        self.stock()
        self.first_arrivals()

    # --- days ------------------------------------------------------------------------------------------------------

    def advance(self, until: int) -> Mind:
        """Simulate up to the beginning of day ``until``."""
        while self.day < until:
            for phase in self.phases:
                if phase.day == self.day:
                    self.enforce(phase.scenario)
            self.one_day(self.day)
            self.day += 1
        return self

    def one_day(self, day: int) -> None:
        """A day, in order."""
        self.cool_down(day)
        self.look_at_staff(day)
        self.arise(day)
        self.sweep(day)
        while (event := self.agenda.pop_before(day + 1.0)) is not None:
            self.happen(*event)
        self.social_month(day)
        self.grow_calm(day)
        self.record(day)

    def happen(self, now: float, kind: int, ident: int, stamp: int) -> None:
        """Pass an event on."""
        if kind == Kind.WORKER_DONE:
            self.worker_done(self.town.workers[ident], now)
        elif kind == Kind.EXPERT_DONE:
            self.expert_done(self.town.experts[ident], now)
        elif kind == Kind.TEAM_DONE:
            self.team_done(self.task(ident), now)
        elif kind == Kind.TASK_DONE:
            self.task_done(self.task(ident), now)
        elif kind == Kind.AT_DEPARTMENT:
            self.at_department(self.task(ident), now)
        elif kind == Kind.EXPERT_CALLED:
            if ident < len(self.town.lines):
                self.call_expert(self.town.lines[ident], now)
        else:
            self.happen_to(self.cases[ident], now, kind, stamp)

    def happen_to(self, case: Case, now: float, kind: int, stamp: int) -> None:
        """An event of a case."""
        if kind == Kind.REPORTED:
            if self.intake(case, now):
                self.take_note(case, now)
        elif kind == Kind.DEADLINE_DUE:
            self.deadline_passed(case, now)
        elif stamp == case.version:
            {
                Kind.SETTLED: self.settled,
                Kind.REOPENED: self.reopen,
                Kind.AT_GRID: self.arrive_at_grid,
                Kind.REFERRED: self.whistle,
                Kind.RESUMED: self.resume,
                Kind.AT_EXPERT: self.arrive_at_expert,
                Kind.ON_THE_SPOT_CALL: self.on_the_spot_call,
            }[Kind(kind)](case, now)

    def deadline_passed(self, case: Case, now: float) -> None:
        """R13, R14. The deadline, and what people make of it."""
        queued, was_open = case.queued, case.state == OPEN
        closed = self.deadline_due(case, now)
        if was_open:
            self.experience(case, now, LET_DOWN if closed else BREACHED)
        if closed and queued:
            (self.leave_queue if queued == 1 else self.leave_expert)(case)

    def settled(self, case: Case, now: float) -> None:
        """R13, R14. True resolution, and what people make of it."""
        self.settle(case, now)
        self.experience(case, now, FIXED)

    def record(self, day: int) -> None:
        """Stocks at the day's end, flows during it."""
        self.count_open(day + 1.0, 0)
        stocks = {
            "day": day,
            "latent": len(self.latent),
            "lapsed_so_far": self.lapsed,
            "open": self.open,
            "resolved_so_far": self.resolved,
            "formal_so_far": self.formal,
            "arisen_so_far": self.arisen,
            "stalled": self.stalled,
            "waiting_at_departments": sum(len(d.queue) for d in self.town.departments),
            "self_resolved_so_far": self.self_resolved,
            **self.society,
            **self.staff,
            "expert_budget": self.terms.roster_size * self.terms.expert_session_hours * self.terms.expert_sessions / 7,
        }
        self.days.append({**stocks, **self.today})
        self.today = Counter()
        self.new_week_day(day)

    # --- policies --------------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """R5, R16. Places whose cameras are connected, and where there is a social organisation."""
        for p in self.town.places:
            p.watched = float(p.urban and p.camera < self.s.video.coverage)
            p.organised = p.organisation < self.s.organisations.coverage

    def enforce(self, scenario: Scenario) -> None:
        """Put a scenario's levers into force, and set the queues right."""
        now, before, hours = float(self.day), self.roster(self.s), self.hours(self.s)
        self.world.enforce(scenario)
        for _ in range(len(self.world.tables.worker) - len(self.town.workers)):
            self.add_post(scenario, now)
        if self.hours(scenario) != hours:
            self.settle_accounts(self.day)  # still at the old rates
        self.heed(scenario)
        self.town.follow(self.world)
        self.watch()
        self.muster()
        if self.roster(scenario) != before:
            waiting = [c for c in self.cases if c.queued == 2]
            self.town.new_lines(self.world)
            for case in waiting:
                case.queued = 0
                self.agenda.push(now, Kind.AT_EXPERT, case.id, case.version)
        self.regroup(now)
        self.recall(now)
        self.recall_teams(now)

    def add_post(self, scenario: Scenario, now: float) -> None:
        """R17. A post that a lever adds is held from its day on."""
        if scenario.rules.careers:
            self.town.add_worker(now, scenario.careers.burnout_base)
        else:
            self.town.add_worker(0.0, 0.0)

    def hours(self, s: Scenario) -> tuple[object, ...]:
        """What hours hang on: all that is said of staff and of dedicated grids, and a full-timer's hours for events."""
        return s.staff, s.dedicated, Terms(s).event_hours_year

    def roster(self, s: Scenario) -> tuple[object, ...]:
        """What the roster hangs on: all that is said of experts, and their number."""
        return s.experts, s.rules.experts, Terms(s).roster_size

    # --- the start -------------------------------------------------------------------------------------------------

    def stock(self) -> None:
        """R11. The stationary stock of stalled cases."""
        s, t = self.s, self.terms
        drop = s.linkage.drop
        if not (s.rules.stalled_stock and s.rules.departments) or drop == 0 or s.linkage.rate == 1:
            return
        cells = [self.referred(p.id, k) for p in self.town.places for k in range(len(t.categories))]
        rate = sum(cells)
        if rate <= 0:
            return
        below, running = [], 0.0
        for x in cells:
            running += x
            below.append(running / rate)
        span = 8 * s.linkage.stalled.average * t.mean_departments() / (1 - min(drop, 0.95))
        formal = s.closure.formal * (1 - s.closure.reopen) if s.rules.deadlines else 0.0
        since, i = self.start - span, 0
        while True:
            u = self.luck.uniforms(draws.STOCK, 0, i, 0)
            since -= math.log(u[0]) / rate
            if since >= self.start:
                return
            i += 1
            if u[3] < formal:
                continue
            cell = min(bisect_left(below, u[1]), len(below) - 1)
            needed = t.how_many(u[2])
            stage, until = self.lottery(i, since, needed)
            if until >= self.start and stage < needed:
                self.lay_down(*divmod(cell, len(t.categories)), i, since, needed, stage, until)

    def referred(self, place: int, category: int) -> float:
        """R11. Unlinked referrals a day of a place and category."""
        s, t = self.s, self.terms
        p, c = self.town.places[place], t.categories[category]
        found = 0.0
        if s.rules.patrol:
            found += p.hazard * c.visibility * (5 / 7 if t.office else 1.0)
        if s.rules.residents:
            active = s.participation.initial if s.rules.participation else 0.0
            found += s.residents.report_rate * c.reporting * (1 - active + active * s.participation.reporting)
        if s.rules.video:
            found += p.watched * c.video * s.video.detection
        if s.rules.warning:
            found += s.warning.rate * s.warning.sensitivity * c.signs * s.residents.wechat_reach
        gone = c.lapse_rate
        if s.rules.self_resolution:
            x = s.self_resolution
            gone += x.rate * x.allowed * c.self_resolvable * s.participation.initial * (1 - x.failure)
        reported = 1.0 if t.passive else found / (found + gone) if found > 0 else 0.0
        return float(p.rate * c.share * reported * t.needs_after_exhaustion(c) * (1 - s.linkage.rate))

    def lottery(self, i: int, since: float, needed: int) -> tuple[int, float]:
        """R11. Stage reached, and until when it lies there."""
        stage, drops, now = 0, 0, since
        while now < self.start and stage < needed:
            key = (1 + stage, i, 1 + drops)
            if self.luck.uniforms(draws.STOCK, *key)[0] < self.s.linkage.drop:
                now += self.luck.sample(self.terms.laws[draws.STALLED], draws.STOCK_LIES, *key)
                drops += 1
            else:
                stage += 1
        return stage, now

    def lay_down(self, place: int, category: int, i: int, since: float, needed: int, stage: int, until: float) -> None:
        """R11. A case of the stock."""
        case = self.new_case(self.town.places[place], 2**31 - 1 - i, since, category)
        case.reported, case.state, case.channel = since, OPEN, BY_PATROL
        case.deadline, case.overdue = since + self.kind_of(case).deadline, 1
        self.nature(case)
        case.needs, case.on_the_spot = needed, 0
        self.partners(case)
        case.stage, case.stalled, case.drops = stage, 1, 8
        self.stalled += 1
        self.open += 1
        self.agenda.push(until, Kind.RESUMED, case.id, 0)


def simulate(
    scenario: Scenario, seed: int = 0, replicate: int = 0, until: int | None = None, phases: Sequence[Phase] = ()
) -> Mind:
    """Run a city from its warm-up to the beginning of day ``until`` (by default its horizon)."""
    horizon = int(scenario.time.days + scenario.time.follow_up_days)
    return Mind(scenario, seed, replicate, phases).advance(horizon if until is None else until)
