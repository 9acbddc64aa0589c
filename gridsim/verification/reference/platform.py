"""The platform: audits reports (R7), finds the owner (R8), whistles departments or refers (R11)."""

from __future__ import annotations

import math

from gridsim.verification.reference import draws
from gridsim.verification.reference.clock import Kind
from gridsim.verification.reference.departments import Departments
from gridsim.verification.reference.incidents import AT_ONSET, BY_PATROL, BY_RESIDENT, BY_VIDEO, BY_WARNING, Case

WHO = {BY_PATROL: "patrol", BY_VIDEO: "video", BY_WARNING: "warnings"}
REPORTS = {"patrol": "patrol_reports", "video": "video_reports", "warnings": "warnings"}


class Platform(Departments):
    """R7, R8 and R11."""

    def intake(self, case: Case, now: float) -> bool:
        """R7. Audit a report; True if that opens a file."""
        s, t = self.s, self.terms
        who = WHO.get(case.channel, "residents")
        reports = REPORTS.get(who, "resident_reports")
        if case.channel != AT_ONSET:
            self.count(reports)
        if s.rules.intake and case.channel != AT_ONSET:
            u = self.luck.uniforms(draws.INTAKE, case.place, case.ordinal, case.rejections)
            false = {BY_PATROL: t.false_patrol, BY_RESIDENT: t.false_residents, BY_WARNING: s.warning.false}
            r = false.get(case.channel, 0.0)
            extra = math.floor(r) + (u[1] < r - math.floor(r))
            self.count(reports, extra)
            self.count("invalid", extra)
            if case.channel == BY_RESIDENT and u[2] < t.doubled:
                self.count(reports)
                self.count("duplicates")
            if u[0] < s.intake.wrong_rejection:
                self.count("invalid")
                case.rejections += 1
                case.channel = 0
                self.become_latent(case, math.floor(now) + 1.0)
                return False
        self.count(f"valid_{who}")
        self.town.places[case.place].lately += 1
        self.open_file(case, now)
        self.dispatch(case, now)
        return True

    def dispatch(self, case: Case, now: float) -> None:
        """R8. Find the owner."""
        s = self.s
        if case.on_the_spot:
            self.agenda.push(now, Kind.ON_THE_SPOT_CALL, case.id, case.version)
            return
        automatic = self.luck.uniforms(draws.TRIAGE, case.place, case.ordinal, 0)[1] < s.triage.automatic
        delay = 0.0
        if s.rules.triage:
            delay = self.returns(case, s.triage.automatic_accuracy if automatic else s.triage.accuracy, 0)
        if s.rules.boundary and case.edge and self.town.grids[case.grid].dedicated and self.is_disputed(case):
            self.count("disputes")
            delay += self.duration(draws.DISPUTE, case, 0)
        if automatic or (case.channel == BY_RESIDENT and s.intake.green_channel):
            hops = 0
        else:
            hops = 4 - s.video.command_depth if case.channel == BY_VIDEO else s.triage.hops
        if case.needs == 0:
            self.agenda.push(now + delay + self.climb(case, hops, 0), Kind.AT_GRID, case.id, case.version)
        elif case.instead and self.can_hand_over(case):
            self.count("substituted")
            self.hand_over(case, now + delay + self.climb(case, hops, 0))
        else:
            case.instead = 0
            climb = self.climb(case, s.linkage.hops, 0)
            self.agenda.push(now + delay + climb, Kind.REFERRED, case.id, case.version)

    def is_disputed(self, case: Case) -> bool:
        """R8. No agreement between the dedicated grid and its neighbours."""
        apart = 1 - self.s.dedicated.interoperation
        if self.s.rules.roles and self.town.grids[case.grid].guide:
            apart *= 1 - self.s.roles.guide_bridge
        u = self.luck.uniforms(draws.TRIAGE, case.place, case.ordinal, 9999)[0]
        self.seen["dispute that a guide averted"] += self.s.dedicated.interoperation <= u < 1 - apart
        return u >= 1 - apart

    def returns(self, case: Case, accuracy: float, course: int) -> float:
        """R8, R11. Delay of the returns of one dispatch."""
        u = self.luck.uniforms(draws.TRIAGE, case.place, case.ordinal, course)[0]
        k, term = 0, accuracy
        below = term
        while u > below and k < 20:
            k += 1
            term *= 1 - accuracy
            below += term
        case.returns += k
        delay = 0.0
        for j in range(k):
            delay += self.duration(draws.RETURN, case, course * 64 + j)
        return delay * self.haste(case) if k else 0.0

    def haste(self, case: Case) -> float:
        """R13. What follow-up leaves of returns and of stalled time."""
        return self.s.follow_up.delay_factor if self.is_followed(case) else 1.0

    def climb(self, case: Case, hops: int, course: int) -> float:
        """R8. Delay of hops up the tiers."""
        delay = 0.0
        for k in range(hops):
            delay += self.duration(draws.HOP, case, course * 64 + k)
        case.hops += hops
        return delay

    def whistle(self, case: Case, now: float) -> None:
        """R11. The grid whistles."""
        u = self.luck.uniforms(draws.WHISTLE, case.place, case.ordinal, case.reopened)
        answered = self.answered(self.town.departments[case.departments[0]])
        self.count("whistles")
        if u[1] < self.terms.false_share and u[2] < answered:
            self.count("false_whistles")
            row = self.new_task(case, -1)
            delay = self.duration(draws.REPORT_IN, case, 100 + case.reopened)
            self.agenda.push(now + delay, Kind.AT_DEPARTMENT, row)
        case.whistled, case.stage, case.linked = 1, 0, int(u[0] < answered)
        if not case.linked:
            self.refer(case, now)
            return
        self.count("linked")
        case.ever_linked, case.together = 1, int(self.s.linkage.parallel)
        case.pending = case.needs if case.together else 1
        for k in range(case.pending):
            self.report_in(case, k, now)

    def report_in(self, case: Case, part: int, now: float) -> None:
        """R11. A department of a linked case reports in."""
        row = self.new_task(case, part)
        delay = self.duration(draws.REPORT_IN, case, 8 * case.reopened + part)
        self.agenda.push(now + delay, Kind.AT_DEPARTMENT, row)

    def refer(self, case: Case, now: float) -> None:
        """R11. Unlinked: this department lets it lie, or takes it."""
        attempt = (case.reopened * 8 + case.stage) * 256 + case.drops
        if self.luck.uniforms(draws.DROP, case.place, case.ordinal, attempt)[0] < self.s.linkage.drop:
            case.stalled = 1
            self.stalled += 1
            lies = self.duration(draws.STALLED, case, case.drops) * self.haste(case)
            case.drops += 1
            self.agenda.push(now + lies, Kind.RESUMED, case.id, case.version)
            return
        delay = 0.0
        if self.s.rules.triage:
            delay = self.returns(case, self.terms.referral_accuracy, 1 + case.stage + 8 * case.reopened)
        row = self.new_task(case, case.stage)
        case.pending = 1
        self.agenda.push(now + delay, Kind.AT_DEPARTMENT, row)

    def resume(self, case: Case, now: float) -> None:
        """R11. A stalled case is taken up again."""
        case.stalled = 0
        self.stalled -= 1
        self.refer(case, now)

    def part_done(self, case: Case, now: float) -> None:
        """R11, R12. A department has finished its part."""
        case.pending -= 1
        if case.pending > 0:
            return
        one_by_one = not (case.linked and case.together)
        if one_by_one and case.stage + 1 < case.needs:
            case.stage += 1
            if case.linked:
                case.pending = 1
                self.report_in(case, case.stage, now)
            else:
                self.refer(case, now)
        else:
            self.agenda.push(now, Kind.SETTLED, case.id, case.version)

    def go_to_departments(self, case: Case, now: float) -> None:
        """R9, R10, R11. Every attempt failed (the text's ``exhausted``)."""
        if case.needs == 0:
            case.exhausted, case.needs = 1, 1
            self.partners(case)
        climb = self.climb(case, self.s.linkage.hops, 1)
        self.agenda.push(now + climb, Kind.REFERRED, case.id, case.version)
