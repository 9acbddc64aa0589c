"""The latent: who notices an incident, who settles it, or whether it vanishes first (R3–R6, R19)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gridsim.verification.reference import draws
from gridsim.verification.reference.clock import Kind
from gridsim.verification.reference.incidents import (
    BY_PATROL,
    BY_RESIDENT,
    BY_VIDEO,
    BY_WARNING,
    LAPSED,
    SELF_RESOLVED,
    Case,
    Incidents,
)
from gridsim.verification.reference.terms import Category
from gridsim.verification.reference.town import Place


@dataclass(eq=False)
class Latent:
    """The clocks of an incident that nobody has noticed."""

    case: Case
    since: float
    patrol: float
    report: float
    lapse: float
    video: float
    settle: float
    sign: float
    visibility: float
    report_rate: float
    video_rate: float
    settle_rate: float
    sign_rate: float
    worse: float


class Detection(Incidents):
    """R3–R6: competing clocks."""

    def become_latent(self, case: Case, since: float) -> None:
        """R3, R4, R5, R6. Start the competing clocks."""
        course = case.rejections + 64 * case.worsened
        u = self.luck.uniforms(draws.CLOCKS, case.place, case.ordinal, course)
        v = self.luck.uniforms(draws.SIGNS, case.place, case.ordinal, course)
        patrol, report, lapse, video = (-math.log(x) for x in u)
        settle, sign = -math.log(v[0]), -math.log(v[1])
        c, s, place = self.kind_of(case), self.s, self.town.places[case.place]
        report_rate = settle_rate = sign_rate = 0.0
        if s.rules.residents:
            who = (
                self.town.residents[case.resident].propensity * self.voice(case.resident) if case.resident >= 0 else 1.0
            )
            report_rate = s.residents.report_rate * c.reporting * who
            report_rate *= s.escalation.report_odds ** (self.severity(case, since) - 1)
            if s.rules.security and c.security:
                report_rate *= 1 + s.security.tips * s.security.tip_factor * place.taking_part
        if s.rules.self_resolution:
            settle_rate = s.self_resolution.rate * s.self_resolution.allowed * c.self_resolvable * place.taking_part
        if s.rules.warning:
            sign_rate = s.warning.rate * s.warning.sensitivity * c.signs * s.residents.wechat_reach
        self.latent.append(
            Latent(
                case,
                since,
                *(patrol, report, lapse, video, settle, sign),
                visibility=(1 - s.patrol.all_subject) * c.visibility + s.patrol.all_subject,
                report_rate=report_rate,
                video_rate=s.video.detection * c.video if s.rules.video else 0.0,
                settle_rate=settle_rate,
                sign_rate=sign_rate,
                worse=next((w for w in self.steps_of(case) if w > since), math.inf),
            )
        )

    def sweep(self, day: int) -> None:
        """R3, R4, R5, R6. Who notices what during the day, what residents settle, and what lapses."""
        waiting, kept = self.latent, []
        self.latent = []
        while waiting:
            x = waiting.pop()
            if not self.swept(x, day):
                kept.append(x)
            waiting += self.latent  # what was settled in vain
            self.latent = []
        self.latent = kept

    def swept(self, x: Latent, day: int) -> bool:
        """R3, R4, R5, R6. One incident on one day; True when it is no longer latent."""
        start, end = max(x.since, float(day)), day + 1.0
        if x.since >= end:
            return False
        case, c = x.case, self.kind_of(x.case)
        if x.worse <= start:
            x.report_rate *= self.s.escalation.report_odds
            x.worse = next((w for w in self.steps_of(case) if w > x.worse), math.inf)
        place, time = self.town.places[case.place], end - start
        walked, patrol_rate, patrol_time = start, 0.0, 0.0
        if self.s.rules.patrol and self.clock.is_workday(day):
            walked = max(start, day + self.clock.opens)
            patrol_time = max(0.0, day + self.clock.closes - walked)
            patrol_rate = place.hazard * x.visibility / self.clock.length
        clocks = [
            (c.lapse_rate, time, x.lapse, start, "lapse"),
            (x.settle_rate, time, x.settle, start, "settle"),
            (patrol_rate, patrol_time, x.patrol, walked, "patrol"),
            (x.report_rate * self.alarm(place, c, start), time, x.report, start, "report"),
            (x.video_rate * place.watched, time, x.video, start, "video"),
            (x.sign_rate, time, x.sign, start, "sign"),
        ]
        out = [(b + left / rate, k) for k, (rate, span, left, b, _) in enumerate(clocks) if rate * span >= left > 0]
        if not out:
            for rate, span, left, _, name in clocks:
                setattr(x, name, left - rate * span)
            return False
        moment, which = min(out)
        if which == 0:
            case.state, case.lapsed = LAPSED, moment
            self.lapsed += 1
            self.count("lapsed")
        elif which == 1:
            self.settled_by_residents(case, moment)
        else:
            case.channel = (BY_PATROL, BY_RESIDENT, BY_VIDEO, BY_WARNING)[which - 2]
            self.seen["report under alert"] += which == 3 and self.alarm(place, c, start) > 1
            self.agenda.push(moment, Kind.REPORTED, case.id)
        return True

    def alarm(self, place: Place, c: Category, now: float) -> float:
        """R19. Factor of reports while the community is under alert."""
        community, s = self.town.communities[place.community], self.s
        alerted = s.rules.security and s.security.alert and c.security and community.alert_until > now
        return community.alert_factor if alerted else 1.0

    def settled_by_residents(self, case: Case, now: float) -> None:
        """R6. Residents settle it, or believe so."""
        x, n = self.s.self_resolution, case.worsened
        organised = self.town.places[case.place].organised
        failure = x.failure * (1 - self.s.organisations.skill if organised else 1.0)
        u = self.luck.uniforms(draws.SIGNS, case.place, case.ordinal, case.rejections + 64 * n)[2]
        self.seen["failure that an organisation prevented"] += failure <= u < x.failure
        if u < failure:
            self.count("settled_in_vain")
            case.worsened += 1
            self.become_latent(case, now + self.duration(draws.SELF_RETURN, case, n))
            return
        case.state, case.resolved = SELF_RESOLVED, now
        self.self_resolved += 1
        self.count("self_resolved")
