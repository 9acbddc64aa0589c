"""Incidents and cases: how one arises, grows worse, is noticed, and how its file is closed (R1–R6, R8, R13)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from gridsim.verification.reference import draws
from gridsim.verification.reference.clock import Kind
from gridsim.verification.reference.residents import Residents
from gridsim.verification.reference.terms import Category
from gridsim.verification.reference.town import Place

LATENT, LAPSED, OPEN, RESOLVED, CLOSED_FORMALLY, SELF_RESOLVED = range(6)
BY_NOBODY, BY_PATROL, BY_RESIDENT, AT_ONSET, BY_VIDEO, BY_WARNING = range(6)
MOST_SEVERE = 4
NAN = math.nan


@dataclass(eq=False)
class Case:
    """事件 and 案件 in one; the names are those of the engine's columns."""

    id: int
    onset: float
    place: int
    ordinal: int
    category: int
    grid: int
    reported: float = NAN
    deadline: float = NAN
    closed: float = NAN
    resolved: float = NAN
    lapsed: float = NAN
    formal_at: float = NAN
    reopened_at: float = NAN
    contacted: float = NAN
    complexity: float = 0.0
    resident: int = -1
    handler: int = -1
    version: int = 0
    departments: list[int] = field(default_factory=list)
    rejections: int = 0
    drops: int = 0
    returns: int = 0
    hops: int = 0
    stage: int = 0
    state: int = LATENT
    channel: int = BY_NOBODY
    needs: int = 0
    attempts: int = 0
    pending: int = 0
    in_hand: int = 0
    expert_field: int = -1
    expert_tries: int = 0
    instead: int = 0
    whistled: int = 0
    edge: int = 0
    on_the_spot: int = 0
    exhausted: int = 0
    linked: int = 0
    ever_linked: int = 0
    together: int = 0
    stalled: int = 0
    reopened: int = 0
    queued: int = 0
    overdue: int = 0
    worsened: int = 0
    steps: list[float] | None = None  # moments at which severity grows
    first_severity: int = 1


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


class Incidents(Residents):
    """R1–R6 and R13."""

    # --- R1 --------------------------------------------------------------------------------------------------------

    def first_arrivals(self) -> None:
        """R1. The first candidate of every place."""
        for p in self.town.places:
            gap = p.rate * self.s.arrivals.headroom
            u = self.luck.uniforms(draws.ARRIVAL, p.id, 0, 0)
            p.ordinal, p.next_arrival = 1, (self.start - math.log(u[0]) / gap if gap > 0 else math.inf)

    def arise(self, day: int) -> None:
        """R1. All incidents of a day."""
        headroom = self.s.arrivals.headroom
        for p in self.town.places:
            while p.next_arrival < day + 1:
                now, n = p.next_arrival, p.ordinal
                u = self.luck.uniforms(draws.ARRIVAL, p.id, n, 0)
                p.ordinal, p.next_arrival = n + 1, now - math.log(u[0]) / (p.rate * headroom)
                c = self.terms.categories[self.category_of(u[2])]
                if u[1] * headroom < self.pressure(p, c):
                    if u[1] * headroom >= 1:
                        self.seen["safety case near another" if c.security else "dispute out of grievance"] += 1
                    self.begin_incident(p, n, now, u[2], u[3])

    def pressure(self, p: Place, c: Category) -> float:
        """R1, R15, R19. Arrivals of a category at a place, relative to its base rate."""
        s, x = self.s, 1.0
        if s.rules.grievance and c.mediated:
            x += s.grievance.disputes * p.grievance
        if s.rules.security and c.security:
            x += s.security.repeat * min(2.0, p.unsafe)
        return float(min(x, s.arrivals.headroom))

    def new_case(self, p: Place, ordinal: int, now: float, category: int) -> Case:
        """R1. A row."""
        case = Case(len(self.cases), now, p.id, ordinal, category, p.grid)
        self.cases.append(case)
        self.arisen += 1
        return case

    def category_of(self, u: float) -> int:
        """R1. The first category whose cumulative share is not below ``u``."""
        below = (k for k, c in enumerate(self.terms.categories) if c.share_below >= u)
        return next(below, len(self.terms.categories) - 1)

    def begin_incident(self, p: Place, ordinal: int, now: float, kind: float, who: float) -> None:
        """R1. An incident, its resident, and who may notice it."""
        case = self.new_case(p, ordinal, now, self.category_of(kind))
        self.count("arisen")
        if self.s.rules.security and self.kind_of(case).security:
            p.unsafe += 1
        if p.residents > 0:
            case.resident = p.first_resident + math.floor(who * p.residents)
        if self.terms.passive:
            case.channel = AT_ONSET
            self.agenda.push(now, Kind.REPORTED, case.id)
        else:
            self.become_latent(case, now)

    def kind_of(self, case: Case) -> Category:
        """Its category."""
        return self.terms.categories[case.category]

    # --- R2 --------------------------------------------------------------------------------------------------------

    def steps_of(self, case: Case) -> list[float]:
        """R2. Moments at which severity grows, if nothing is done; failed self-resolutions took the last ones ahead."""
        if case.steps is None:
            case.steps, rate = [], self.s.escalation.rate
            if self.s.rules.escalation:
                c = self.kind_of(case)
                u = self.luck.uniforms(draws.ESCALATION, case.place, case.ordinal, 0)
                case.first_severity = 3 if u[3] < c.emergency else 1
                b, used = c.escalation / c.deadline, 0.0
                for severity in range(case.first_severity, 4 if rate > 0 else 0):
                    used -= math.log(u[severity - 1])
                    x = used / rate
                    age = x if b == 0 else (math.sqrt(1.0 + 2.0 * b * x) - 1.0) / b
                    case.steps.append(case.onset + age)
        return case.steps[: max(0, MOST_SEVERE - case.first_severity - case.worsened)]

    def severity(self, case: Case, now: float) -> int:
        """R2. Severity at a moment."""
        taken = sum(w <= now for w in self.steps_of(case))
        return min(MOST_SEVERE, case.first_severity + case.worsened + taken)

    def is_urgent(self, case: Case, now: float) -> bool:
        """R2. Served before all others."""
        if case.channel == BY_RESIDENT and self.s.intake.green_channel:
            return True
        return bool(self.s.rules.escalation and self.severity(case, now) >= self.s.escalation.urgent_from)

    def mediation(self, case: Case, now: float) -> float:
        """R2. What is mediated is harder the further it has escalated."""
        if not (self.s.rules.escalation and self.kind_of(case).mediated):
            return 1.0
        return math.exp(-self.s.escalation.success_decay * (self.severity(case, now) - 1))

    # --- R3, R4, R5, R6 --------------------------------------------------------------------------------------------

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

    # --- R8, R10: what it is like ----------------------------------------------------------------------------------

    def nature(self, case: Case) -> None:
        """R8, R10. Complexity, departments needed, edge, expert's field."""
        s, c, place = self.s, self.kind_of(case), self.town.places[case.place]
        u = self.luck.uniforms(draws.NATURE, case.place, case.ordinal, 0)
        v = self.luck.uniforms(draws.NATURE, case.place, case.ordinal, 1)
        x = u[0] * 256
        j = math.floor(x)
        case.complexity = c.complexity[j] + (x - j) * (c.complexity[j + 1] - c.complexity[j])
        if u[1] < min(1.0, c.needs * s.departments.need_factor) or not s.rules.grid_handling:
            case.needs = self.terms.how_many(u[2])
            self.partners(case)
        elif case.channel == BY_PATROL and u[3] < s.handling.on_the_spot_share:
            case.on_the_spot = 1
        case.edge = int(v[0] < place.edge_share)
        substitutes = v[3] < c.substitutable * s.experts.substitution_factor
        case.instead = int(case.needs > 0 and s.rules.grid_handling and substitutes)
        if c.expert >= 0 and (case.instead or (case.needs == 0 and v[1] < c.expert_share)):
            case.expert_field = c.expert_second if c.expert_second >= 0 and v[2] >= 0.5 else c.expert

    def partners(self, case: Case) -> None:
        """R8. The departments it needs, its own field first."""
        case.departments, free = [], list(range(self.terms.fields))
        for k in range(case.needs):
            u = self.luck.uniforms(draws.PARTNERS, case.place, case.ordinal, k)
            subject = self.kind_of(case).lead if k == 0 else free[math.floor(u[0] * (self.terms.fields - k))]
            free.remove(subject)
            of_city = u[1] < self.s.departments.city_level_share
            district = self.terms.districts if of_city else self.town.places[case.place].district
            case.departments.append(district * self.terms.fields + subject)

    # --- R9, R10, R12 ------------------------------------------------------------------------------------------------

    def take_up(self, case: Case, now: float) -> None:
        """R9, R10, R12. Somebody takes the case in hand; the first time is noted."""
        case.in_hand += 1
        if math.isnan(case.contacted):
            case.contacted = now

    # --- R13 -------------------------------------------------------------------------------------------------------

    def open_file(self, case: Case, now: float) -> None:
        """R7, R13. The incident becomes a case."""
        case.state, case.reported, case.grid = OPEN, now, self.town.places[case.place].grid
        case.deadline = self.deadline_of(case, now)
        self.count_open(now, 1)
        self.nature(case)
        if self.s.rules.deadlines:
            self.agenda.push(case.deadline, Kind.DEADLINE_DUE, case.id, case.version)

    def deadline_of(self, case: Case, now: float) -> float:
        """R2, R13. Every step of severity leaves a part of the time."""
        f = self.s.escalation.deadline_factor
        due = now + self.kind_of(case).deadline * f ** (self.severity(case, now) - 1)
        for w in self.steps_of(case):
            if now < w < due:
                due = w + (due - w) * f
        return float(due)

    def settle(self, case: Case, now: float) -> None:
        """R13. True resolution."""
        case.state, case.resolved, case.closed = RESOLVED, now, now
        case.version += 1
        self.resolved += 1
        self.count("resolved")
        self.count_open(now, -1)

    def is_followed(self, case: Case) -> bool:
        """R13. A follow-up officer watches it."""
        return self.luck.uniforms(draws.FOLLOW_UP, case.place, case.ordinal, 0)[0] < self.s.follow_up.share

    def deadline_due(self, case: Case, now: float) -> bool:
        """R13. Closed on paper at the first breached deadline? True if so."""
        if case.state != OPEN:
            return False
        case.overdue = 1
        u = self.luck.uniforms(draws.DEADLINE, case.place, case.ordinal, 0)
        if u[0] >= self.terms.formal_now or case.in_hand > 0:
            return False
        if self.is_followed(case):
            prevented = self.luck.uniforms(draws.FOLLOW_UP, case.place, case.ordinal, 0)[1]
            if prevented < self.s.follow_up.prevents_formal:
                return False
        case.state, case.closed, case.formal_at = CLOSED_FORMALLY, now, now
        case.version += 1
        case.pending = 0
        self.count_open(now, -1)
        self.stalled -= case.stalled
        case.stalled = 0
        self.formal += 1
        self.count("closed_formally")
        if u[1] < self.terms.reopen_now:
            later = self.duration(draws.REOPEN, case, 0)
            self.agenda.push(now + later, Kind.REOPENED, case.id, case.version)
        return True

    def reopen(self, case: Case, now: float) -> None:
        """R13. The problem was never solved."""
        case.state, case.closed, case.reopened, case.reopened_at = OPEN, NAN, 1, now
        case.linked = case.stage = case.pending = 0
        self.formal -= 1
        self.count("reopened")
        self.count_open(now, 1)
        self.agenda.push(now, Kind.REFERRED if case.needs > 0 else Kind.AT_GRID, case.id, case.version)
