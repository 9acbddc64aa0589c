"""Gridworkers: patrol hours (R3), the hours account (R17), handling (R9)."""

from __future__ import annotations

import math
from collections import defaultdict

from gridsim.verification.reference import draws
from gridsim.verification.reference.clock import TINY, Kind
from gridsim.verification.reference.incidents import BY_RESIDENT, Case
from gridsim.verification.reference.latent import Detection
from gridsim.verification.reference.terms import logistic
from gridsim.verification.reference.town import Grid, Worker

FULL_TIME, PART_TIME, CHIEF, GUIDE, INFORMATION_OFFICER = range(5)
ORDER = {GUIDE: 0, INFORMATION_OFFICER: 1, FULL_TIME: 2, PART_TIME: 2, CHIEF: 3}  # in dedicated grids


class Gridworkers(Detection):
    """R3's hours, R17 and R9."""

    # --- R3 --------------------------------------------------------------------------------------------------------

    def pool_of(self, g: Grid) -> tuple[str, int]:
        """R3. Which pool of patrol hours a grid belongs to."""
        if g.dedicated or self.terms.patrol_pool == 0:
            return "grid", g.id
        return [("community", g.community), ("district", g.district), ("city", 0)][self.terms.patrol_pool - 1]

    def allot_patrol(self) -> None:
        """R3. Hazard of every place on a working day."""
        s, grids = self.s, self.town.grids
        own = [g.ground_at_first for g in grids if not g.dedicated]
        mean = sum(own) / len(own)
        hours: defaultdict[tuple[str, int], float] = defaultdict(float)
        usual, ground, heat = hours.copy(), hours.copy(), hours.copy()
        for g in grids:
            pool = self.pool_of(g)
            hours[pool] += g.fte
            usual[pool] += g.fte * (mean if g.dedicated else g.ground_at_first)
        for p in self.town.places:
            pool = self.pool_of(grids[p.grid])
            ground[pool] += p.ground
            heat[pool] += p.heat
        a = s.patrol.coverage * s.patrol.detection * self.terms.patrol_hours_now / s.staff.standard_patrol_hours
        w = self.terms.patrol_weight
        for p in self.town.places:
            g = grids[p.grid]
            pool = self.pool_of(g)
            p.hazard = 0.0
            if p.ground > 0 and hours[pool] > 0:
                density = 1 / ground[pool]
                if heat[pool] > 0 and not g.dedicated:
                    density = (1 - w) / ground[pool] + w * p.heat / (heat[pool] * p.ground)
                p.hazard = a * usual[pool] * density * g.local_gain

    def cool_down(self, day: int) -> None:
        """R3. Every four weeks."""
        if day % 28:
            return
        for p in self.town.places:
            p.heat = (p.heat + p.lately) * math.exp(-28 / self.s.patrol.memory_days)
            p.lately = 0.0
        if self.terms.patrol_weight > 0:
            self.allot_patrol()

    # --- R17 -------------------------------------------------------------------------------------------------------

    def accrue(self, w: Worker, day: int) -> None:
        """R17. Bring his account up to ``day``."""
        if day < w.bank_day:
            return
        year = self.terms.event_hours_year * w.fte
        first = day // 365 * 365
        if w.bank_day < first:
            w.bank, w.bank_day = year / 12, first - 1
        worked = sum(self.clock.is_workday(d) for d in range(w.bank_day + 1, day + 1))
        w.bank += worked * (year * (11 / 12) / self.terms.workdays)
        w.bank_day = day
        if w.today != day:
            w.today, w.used_today = day, 0.0

    def settle_accounts(self, day: int) -> None:
        """R17. Credit everybody up to the day before."""
        for w in self.town.workers:
            self.accrue(w, day - 1)

    def deliver(self, w: Worker, now: float, hours: float) -> float:
        """R17. When ``hours`` of event work begun now are done."""
        w.event_hours += hours
        w.events += 1
        self.count("event_hours", hours)
        if not self.s.rules.hours:
            return self.clock.work_end(now, hours / self.terms.hours_a_day)
        last = now + 100 * 365
        while now < last:
            now = self.clock.next_open(now)
            day = math.floor(now)
            self.accrue(w, day)
            left = min((day + self.clock.closes - now) * 24, self.s.staff.event_hours - w.used_today, w.bank)
            if left >= hours - TINY:
                w.used_today += hours
                w.bank -= hours
                return min(now + hours / 24, day + self.clock.closes)
            left = max(left, 0.0)
            w.used_today += left
            w.bank -= left
            hours -= left
            now = day + 1.0
        return now

    # --- R9 --------------------------------------------------------------------------------------------------------

    def handler_of(self, g: Grid) -> Grid:
        """R9. Who serves a grid."""
        s = self.s.staff
        if not self.s.rules.cover:
            return g
        if g.hands > 0 and g.hands >= s.cover_below_fte and g.load <= s.help_above_load * g.hands:
            return g
        c = self.town.communities[g.community]
        own = self.town.grids[c.first_grid : c.first_grid + c.grids]
        able = [x for x in own if x.hands > 0 and x.hands >= s.cover_below_fte]
        if not able:
            return self.town.grids[g.fallback]
        return min(able, key=lambda x: (x.load / x.hands, x.id))

    def arrive_at_grid(self, case: Case, now: float) -> None:
        """R9. It joins the queue of the grid that handles it."""
        case.grid = self.town.places[case.place].grid
        g = self.handler_of(self.town.grids[case.grid])
        case.handler, case.queued = g.id, 1
        g.queue.join(case, self.is_urgent(case, now))
        g.load += 1
        self.call_worker(g, now)

    def leave_queue(self, case: Case) -> None:
        """R9, R13. Out of its grid's queue."""
        g = self.town.grids[case.handler]
        g.queue.leave(case)
        g.load -= 1
        case.queued = 0

    def idle_worker(self, g: Grid, now: float, anybody: bool = False) -> Worker | None:
        """R9, R17. The idle worker with the most event hours left; in a dedicated grid his role goes before."""
        idle = [self.town.workers[k] for k in g.workers]
        idle = [w for w in idle if w.case is None and w.fte > 0 and (anybody or w.handles)]
        if not idle:
            return None
        if self.s.rules.hours:
            for w in idle:
                self.accrue(w, self.day_of(now))
        if g.dedicated and self.s.rules.roles:
            first = min(ORDER[w.role] for w in idle)
            idle = [w for w in idle if ORDER[w.role] == first]
        if not self.s.rules.hours:
            return min(idle, key=lambda w: (w.event_hours, w.id))
        return max(idle, key=lambda w: (w.bank, -w.id))

    def call_worker(self, g: Grid, now: float) -> None:
        """R9. Idle workers take waiting cases."""
        s = self.s
        while len(g.queue) and (w := self.idle_worker(g, now)) is not None:
            case: Case = g.queue.take(s.handling.selectivity)
            case.queued = 0
            hours = self.duration(draws.SERVICE, case, case.attempts)
            hours *= 1 + s.staff.periphery_penalty * self.town.grids[case.grid].periphery
            if case.grid != g.id:
                hours *= 1 + s.staff.travel_penalty
            first = case.channel == BY_RESIDENT and case.attempts == 0 and case.resident >= 0
            if s.rules.intake and first and not self.town.residents[case.resident].registered:
                hours += s.intake.unregistered_hours
            if self.tells(case):
                hours += s.feedback.hours
            self.begin_attempt(w, case, now, hours)

    def on_the_spot_call(self, case: Case, now: float) -> None:
        """R9. Settled at once if somebody of the grid is free."""
        g = self.town.grids[case.grid]
        w = self.idle_worker(g, now, anybody=True)
        if w is None:
            self.agenda.push(now, Kind.AT_GRID, case.id, case.version)
            return
        case.handler = g.id
        g.load += 1
        self.begin_attempt(w, case, now, self.duration(draws.ON_THE_SPOT, case, 0))

    def begin_attempt(self, w: Worker, case: Case, now: float, hours: float) -> None:
        """R9. A worker takes a case in hand (the text's ``begin``)."""
        w.case = case
        self.take_up(case, now)
        self.count("attempts")
        self.agenda.push(self.deliver(w, now, hours / self.pace(w)), Kind.WORKER_DONE, w.id)

    def worker_done(self, w: Worker, now: float) -> None:
        """R9, R10. An attempt ends, and what follows."""
        case: Case = w.case
        w.case, case.in_hand = None, 0
        g, s = self.town.grids[case.handler], self.s
        g.load -= 1
        luck = self.luck.uniforms(draws.ATTEMPT, case.place, case.ordinal, case.attempts)[0]
        case.attempts += 1
        chance = self.success(case) * g.local_gain * self.mediation(case, now) * self.skill(w, now)
        if luck < chance:
            self.agenda.push(now, Kind.SETTLED, case.id, case.version)
        elif case.attempts >= s.handling.max_attempts and s.rules.departments:
            self.go_to_departments(case, now)
        elif not self.hand_over(case, now):
            self.try_again(case, now)
        self.call_worker(self.town.grids[w.grid], now)

    def learns(self, w: Worker) -> bool:
        """R17. Whom skill and pace concern: not the people of firms."""
        return bool(self.s.rules.careers and w.role in (FULL_TIME, PART_TIME))

    def skill(self, w: Worker, now: float) -> float:
        """R9, R17. New people have to learn."""
        c = self.s.careers
        return 1 - c.unskilled * math.exp(-(now - w.since) / c.learning_days) if self.learns(w) else 1.0

    def pace(self, w: Worker) -> float:
        """R9, R17. Load makes faster, overwork slower."""
        if not self.learns(w):
            return 1.0
        c = self.s.careers
        faster = c.speed_up * max(0.0, w.load - c.brisk_from)
        return float(max(0.5, 1 + faster - c.overwork * max(0.0, w.strain - c.tired_from)))

    def success(self, case: Case) -> float:
        """R9. Logistic in complexity."""
        return logistic(self.s.handling.ability - self.s.handling.complexity_slope * case.complexity)

    def try_again(self, case: Case, now: float) -> None:
        """R9. A failed case arrives at its grid anew."""
        in_vain = case.attempts >= self.s.handling.max_attempts
        self.agenda.push(math.floor(now) + 1.0 if in_vain else now, Kind.AT_GRID, case.id, case.version)

    def regroup(self, now: float) -> None:
        """R9. After a policy."""
        for g in self.town.grids:
            if g.hands > 0:
                self.call_worker(g, now)
                continue
            for case in g.queue.everybody():
                if self.handler_of(self.town.grids[self.town.places[case.place].grid]) is not g:
                    self.leave_queue(case)
                    self.agenda.push(now, Kind.AT_GRID, case.id, case.version)
