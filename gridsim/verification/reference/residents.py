"""Residents (R4, R14, R15) and what they make of each other's experience, every four weeks (R15, R16, R18)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from gridsim.verification.reference import draws
from gridsim.verification.reference.base import Base
from gridsim.verification.reference.town import Place, Resident, single

if TYPE_CHECKING:
    from gridsim.verification.reference.incidents import Case

MONTH, MONTHS_BEFORE = 28, 4096
NEVER_REACHED, STEPS_OF_THRESHOLD = 255, 250
LET_DOWN, BREACHED, FIXED = range(3)
BY_RESIDENT = 2


def moved(trust: float, by: float) -> float:
    """R15. Up by a part of what is missing, or down by a part of what is there."""
    by = max(-1.0, min(1.0, by))
    return trust + by * (1 - trust if by > 0 else trust)


class Residents(Base):
    """R4, R14, R15, R16, R18."""

    # --- R4, R14, R15: one resident, one case ----------------------------------------------------------------------

    def baseline(self) -> tuple[float, float]:
        """R15. Trust in the grid and in departments to which people return."""
        return self.s.trust.grid, self.s.trust.department

    def trust_won(self, r: Resident) -> float:
        """R15. Mean of trust less its baseline."""
        return sum(t - b for t, b in zip(r.trust, self.baseline(), strict=True)) / 2

    def voice(self, who: int) -> float:
        """R4, R15. Readiness to report, relative to the first day."""
        r, s, x = self.town.residents[who], self.s, 1.0
        if s.rules.trust:
            if r.silent:
                return 0.0
            x = math.exp(s.residents.trust_slope * self.trust_won(r))
            x *= self.terms.encouragement if r.encouraged else 1.0
        if s.rules.participation and r.takes_part:
            x *= s.participation.reporting
        return float(x)

    def is_told(self, case: Case) -> bool:
        """R14. The reporter is told what becomes of it."""
        return self.luck.uniforms(draws.EXPERIENCE, case.place, case.ordinal, 0)[0] < self.s.feedback.share

    def tells(self, case: Case) -> bool:
        """R14. Whoever takes it up first has to tell."""
        known = case.channel == BY_RESIDENT and case.resident >= 0
        return self.s.rules.trust and known and math.isnan(case.contacted) and self.is_told(case)

    def experience(self, case: Case, now: float, outcome: int) -> None:
        """R14, R15. What the neighbourhood makes of an outcome, and the reporter."""
        s, place = self.s, self.town.places[case.place]
        if not s.rules.trust:
            return
        in_time = now <= case.deadline
        counted = outcome == FIXED and bool(case.overdue)
        quality = 0.0
        if outcome == FIXED:
            quality = 1.0 if in_time else min(1.0, (case.deadline - case.reported) / (now - case.reported))
        weight = s.trust.false_closure if outcome == LET_DOWN else 1.0
        if counted and not in_time:
            self.seen["late, and yet better than usual"] += quality > place.success
            place.success += s.trust.recent * max(0.0, quality - place.success)
        else:
            place.success += min(1.0, s.trust.recent * weight) * ((outcome == FIXED and in_time) - place.success)
        if case.channel != BY_RESIDENT or case.resident < 0:
            return
        r, told = self.town.residents[case.resident], self.is_told(case)
        if outcome != BREACHED:
            self.count("heard")
            self.count("told", told)
        pleased = quality - place.expectation
        if pleased >= 0:
            by = s.trust.gain * pleased / (1 - s.trust.expectation) * (1.0 if told else s.feedback.untold)
        else:
            by = s.trust.loss * weight * pleased / s.trust.expectation * (1 - s.feedback.cushion if told else 1.0)
        for k in range(2 if case.needs > 0 else 1):
            if pleased >= 0 or not counted:
                r.trust[k] = single(moved(r.trust[k], by))
        if outcome == FIXED:
            self.seen["encouraged"] += pleased >= 0 and not r.encouraged
            r.encouraged = r.encouraged or pleased >= 0
            return
        r.encouraged = False
        u = self.luck.uniforms(draws.EXPERIENCE, case.place, case.ordinal, 1)[0]
        if u < s.trust.exit * (1 - sum(r.trust) / 2):
            self.count("given_up", not r.silent)
            r.silent, r.takes_part = True, False

    # --- R15, R16, R18: four weeks ---------------------------------------------------------------------------------

    def social_month(self, day: int) -> None:
        """R15, R16, R18. At the end of days divisible by 28."""
        if day % MONTH == 0:
            self.drift()
            self.meet(day // MONTH + MONTHS_BEFORE)
            self.count_society()

    def drift(self) -> None:
        """R15. Expectation follows success; disappointment becomes grievance."""
        s = self.s
        for p in self.town.places:
            d = p.success - p.expectation
            if s.rules.trust:
                p.expectation += (s.trust.rise if d > 0 else s.trust.fall) * d
            if s.rules.grievance:
                p.grievance *= math.exp(-MONTH / s.grievance.memory_days)
                p.grievance += s.grievance.growth * max(0.0, -d) * (1 - p.grievance)

    def meet(self, month: int) -> None:
        """R15, R16, R18. Every resident at the end of a month."""
        s, t = self.s, self.town
        example = [r.takes_part for r in t.residents]
        back = 1 - math.exp(-MONTH / s.trust.exit_days)
        for p in t.places:
            for i in range(p.first_resident, p.first_resident + p.people):
                r = t.residents[i]
                u = self.luck.uniforms(draws.SOCIAL, i // 4, month, 0)[i % 4]
                if s.rules.trust:
                    self.hear(r, p)
                    if r.silent:
                        r.silent = u >= back
                        self.seen["speaks again"] += not r.silent
                        continue
                if s.rules.participation:
                    if r.takes_part:
                        r.takes_part = u >= s.participation.leaving * (1 - p.success)
                        self.seen["ceases to take part"] += not r.takes_part
                    else:
                        r.takes_part = u < self.inclination(i, p, example)
                        self.seen["begins to take part"] += r.takes_part

    def hear(self, r: Resident, p: Place) -> None:
        """R15, R18. Trust fades, and hearsay and publicity move it."""
        s = self.s
        fades = 1 - math.exp(-MONTH / s.trust.memory_days)
        hearsay = s.trust.hearsay * (p.success - p.expectation)
        reached = 1.0 if r.in_group else s.outreach.door_to_door if r.registered else 0.0
        for k, baseline in enumerate(self.baseline()):
            x = r.trust[k]
            x += fades * (baseline - x)
            x += hearsay * (1 - x if hearsay > 0 else x)
            x += self.terms.outreach_now * reached * (1 - x)
            self.seen["reached by publicity"] += self.terms.outreach_now * reached > 0
            r.trust[k] = single(x)

    def inclination(self, i: int, p: Place, example: list[bool]) -> float:
        """R16. Hazard of beginning to take part."""
        s, r = self.s.participation, self.town.residents[i]
        occasion = s.spontaneous + (self.s.organisations.recruiting if p.organised else 0.0)
        ties = [example[k] for k in self.near(i, p) + r.far]
        if r.threshold != NEVER_REACHED and any(ties) and sum(ties) * STEPS_OF_THRESHOLD >= r.threshold * len(ties):
            occasion += s.contagion
            self.seen["threshold reached"] += 1
        gain = max(0.0, 1 + s.matthew * (p.success - self.s.trust.expectation))
        return float(occasion * math.exp(s.trust_slope * self.trust_won(r)) * gain)

    def near(self, i: int, p: Place) -> list[int]:
        """R16. The next residents of a place, taken as a ring, on either side; or all others."""
        wished, first, n = self.terms.near_ties, p.first_resident, p.people
        if wished == 0:
            return []
        if n - 1 <= wished:
            return [k for k in range(first, first + n) if k != i]
        steps = [k for k in range(-(wished // 2), wished // 2 + 1) if k]
        return [first + (i - first + k) % n for k in steps]

    def count_society(self) -> None:
        """R15, R16. Who takes part, by place; and what the days' records tell until the next month."""
        t = self.town
        part: dict[int, int] = {}
        people: dict[int, int] = {}
        for p in t.places:
            here = sum(r.takes_part for r in t.residents[p.first_resident : p.first_resident + p.people])
            part[p.community] = part.get(p.community, 0) + here * (p.people > 0)
            people[p.community] = people.get(p.community, 0) + p.people
            p.taking_part = here / p.people if p.people else 0.0
        for p in t.places:
            if p.site:
                p.taking_part = part[p.community] / max(people[p.community], 1)
        n = max(1, len(t.residents))
        homes = [t.places[r.place] for r in t.residents]
        self.society = {
            "taking_part": sum(r.takes_part for r in t.residents),
            "silent": sum(r.silent for r in t.residents),
            "trust_grid": math.fsum(r.trust[0] for r in t.residents) / n,
            "trust_department": math.fsum(r.trust[1] for r in t.residents) / n,
            "success": math.fsum(p.success for p in homes) / n,
            "expectation": math.fsum(p.expectation for p in homes) / n,
            "grievance": math.fsum(p.grievance for p in homes) / n,
        }
