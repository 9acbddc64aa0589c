"""Professional gridworkers (R10): called after failures, or instead of departments, in one field."""

from __future__ import annotations

import math

from gridsim.verification.reference import draws
from gridsim.verification.reference.careers import Careers
from gridsim.verification.reference.clock import TINY, Kind
from gridsim.verification.reference.incidents import Case
from gridsim.verification.reference.terms import logistic
from gridsim.verification.reference.town import Expert, Line

FIELDS = 7


class Experts(Careers):
    """R10."""

    def line_of(self, case: Case) -> Line | None:
        """R10. The line of its area and field, or None."""
        if not self.s.rules.experts or case.expert_field < 0 or self.terms.expert_session_hours <= 0:
            return None
        place = self.town.places[case.place]
        area = (place.community, self.town.communities[place.community].street, place.district)[self.terms.expert_area]
        line = self.town.lines[area * FIELDS + case.expert_field]
        return line if line.experts else None

    def can_hand_over(self, case: Case) -> bool:
        """R10. An expert can be called, and not too many wait."""
        line = self.line_of(case)
        return line is not None and len(line.queue) < self.s.experts.waiting_limit * len(line.experts)

    def hand_over(self, case: Case, now: float) -> bool:
        """R10. Send it to its line; False where it cannot be."""
        if not self.can_hand_over(case):
            return False
        delay = self.duration(draws.HANDOVER, case, case.reopened)
        self.agenda.push(now + delay, Kind.AT_EXPERT, case.id, case.version)
        return True

    def arrive_at_expert(self, case: Case, now: float) -> None:
        """R10. It joins the line, or goes on where there is none."""
        line = self.line_of(case)
        if line is None:
            self.without_expert(case, now)
            return
        case.handler, case.queued = line.id, 2
        line.queue.join(case, self.is_urgent(case, now))
        self.call_expert(line, now)

    def leave_expert(self, case: Case) -> None:
        """R10, R13. Out of its line."""
        self.town.lines[case.handler].queue.leave(case)
        case.queued = 0

    def is_session(self, e: Expert, day: int) -> bool:
        """R10. One of his weekdays."""
        weekday, n = day % 7, self.terms.expert_sessions
        return weekday < 5 and (weekday - e.first_session) % 5 in [5 * k // n for k in range(n)]

    def worked_off(self, e: Expert, now: float, hours: float) -> float:
        """R10. When an expert who takes up ``hours`` now has done them."""
        first = day = math.floor(now)
        while day < first + 100 * 365:
            if self.is_session(e, day):
                start = max(now, day + self.clock.opens)
                left = (day + self.clock.opens - start) * 24 + self.terms.expert_session_hours
                if left > 0 and left >= hours - TINY:
                    return start + hours / 24
                hours -= max(left, 0.0)
            day += 1
        return float(day)

    def call_expert(self, line: Line, now: float) -> None:
        """R10. Idle experts on duty take waiting cases."""
        while len(line.queue):
            idle = [self.town.experts[k] for k in line.experts if self.town.experts[k].case is None]
            if not idle:
                return
            then, number = min((self.worked_off(e, now, 0.0), e.id) for e in idle)
            if then > now:
                if not now < line.called_for <= then:
                    line.called_for = then
                    self.agenda.push(then, Kind.EXPERT_CALLED, line.id)
                return
            e, case = self.town.experts[number], line.queue.take(self.s.handling.selectivity)
            case.queued = 0
            hours = self.duration(draws.SERVICE, case, case.attempts) / self.s.experts.speed
            if case.expert_tries == 0:
                hours += self.s.experts.handover_hours
            if self.tells(case):
                hours += self.s.feedback.hours
                self.seen["an expert tells"] += 1
            self.take_up(case, now)
            e.case = case
            e.used += hours
            e.cases += 1
            self.count("expert_attempts")
            self.count("expert_hours", hours)
            self.agenda.push(self.worked_off(e, now, hours), Kind.EXPERT_DONE, e.id)

    def expert_done(self, e: Expert, now: float) -> None:
        """R10. An attempt ends, and what follows."""
        case: Case = e.case
        e.case, case.in_hand = None, 0
        luck = self.luck.uniforms(draws.ATTEMPT, case.place, case.ordinal, case.attempts)[0]
        case.attempts += 1
        case.expert_tries += 1
        x = self.s.experts
        if luck < logistic(x.ability - x.complexity_slope * case.complexity) * self.mediation(case, now):
            self.count("settled_by_experts")
            self.agenda.push(now, Kind.SETTLED, case.id, case.version)
        elif case.expert_tries >= x.attempts:
            self.without_expert(case, now)
        else:
            self.agenda.push(now, Kind.AT_EXPERT, case.id, case.version)
        if not e.away:
            self.call_expert(self.town.lines[e.line], now)

    def without_expert(self, case: Case, now: float) -> None:
        """R10. No expert can settle it."""
        case.instead = 0
        used_up = case.expert_tries >= self.s.experts.attempts and self.s.rules.departments
        if case.needs > 0 or used_up:
            self.go_to_departments(case, now)
        else:
            self.try_again(case, now)

    def recall(self, now: float) -> None:
        """R10. After a policy: idle experts are called, by line."""
        for line in self.town.lines:
            self.call_expert(line, now)
