"""Careers of gridworkers (R17): load, strain, burnout, quitting, vacancies; who is at work, and who covers (R9)."""

from __future__ import annotations

import math

from gridsim.verification.reference import draws
from gridsim.verification.reference.gridworkers import FULL_TIME, GUIDE, PART_TIME, Gridworkers
from gridsim.verification.reference.town import Grid, Worker

WEEKS, FIRST_LOOK = 28, 2048


class Careers(Gridworkers):
    """R17's careers."""

    def has_career(self, w: Worker) -> bool:
        """R17. Full- and part-timers who work, or whose post is vacant."""
        return w.role in (FULL_TIME, PART_TIME) and not w.nominal and not w.away

    def look_at_staff(self, day: int) -> None:
        """R17. Every four weeks."""
        if day % WEEKS or not self.s.rules.careers:
            return
        changed = False
        for w in self.town.workers:
            if self.has_career(w) and self.next_weeks(w, day):
                self.accrue(w, day - 1)
                w.vacant = not w.vacant
                changed = True
        if changed:
            self.muster()
            self.regroup(float(day))
        self.take_stock(day)

    def next_weeks(self, w: Worker, day: int) -> bool:
        """R17. One post; True if it is left or filled now."""
        c = self.s.careers
        leaves, fills, _, _ = self.luck.uniforms(draws.CAREERS, w.id, FIRST_LOOK + day // WEEKS, 0)
        if w.vacant:
            if fills >= WEEKS / c.vacancy_days or w.case is not None:
                return False
            w.since, w.burnout = float(day), c.burnout_base
            w.load = w.strain = w.owed = 0.0
            self.seen["post filled"] += 1
            return True
        self.tire(w)
        demands = self.terms.admin_share_now + (1 - self.terms.admin_share_now) * w.strain
        more = c.wear * (demands - c.resources) - c.recovery * (w.burnout - c.burnout_base)
        w.burnout = min(1.0, max(0.0, w.burnout + more))
        hazard = c.turnover * math.exp(c.burnout_slope * (w.burnout - c.burnout_base))
        hazard *= 1 - c.incentive_effect * c.incentive
        if leaves >= 1 - math.exp(-hazard * WEEKS / 365):
            return False
        self.count("quits")
        return True

    def tire(self, w: Worker) -> None:
        """R17. Load of the last four weeks, and strain, its running mean."""
        w.owed += w.event_hours - w.counted
        w.counted = w.event_hours
        budget = self.terms.event_hours_year * w.fte * WEEKS / 365
        if not self.s.rules.hours:
            budget = self.terms.hours_a_day * WEEKS * (5 / 7 if self.terms.office else 1.0)
        w.load = min(1.0, w.owed / budget) if budget > 0 else 0.0
        w.owed = max(0.0, w.owed - budget)
        w.strain += (1 - math.exp(-WEEKS / self.s.careers.strain_days)) * (w.load - w.strain)

    def take_stock(self, day: int) -> None:
        """R17. Means over the posts that are held."""
        held = [w for w in self.town.workers if self.has_career(w) and not w.vacant]
        if self.s.rules.careers:
            n = max(len(held), 1)
            self.staff |= {
                "strain": sum(w.strain for w in held) / n,
                "burnout": sum(w.burnout for w in held) / n,
                "skill": sum(self.skill(w, float(day)) for w in held) / n,
            }

    def muster(self) -> None:
        """R17. Who is at work, and what hangs on it."""
        s, town = self.s, self.town
        worth = (1.0, s.staff.part_time_fte, s.dedicated.staff_fte)
        for w in town.workers:
            w.fte = 0.0 if w.nominal or w.away or w.vacant else worth[min(w.role, 2)]
            w.handles = not (w.role == PART_TIME and s.rules.roles and not s.roles.part_time_handling)
        for g in town.grids:
            people = [town.workers[k] for k in g.workers]
            g.fte = sum(w.fte for w in people)
            g.hands = sum(w.fte for w in people if w.handles)
            g.guide = g.dedicated and any(w.role == GUIDE and w.fte > 0 for w in people)
        self.staff["event_budget"] = self.terms.event_hours_year * sum(w.fte for w in town.workers) / 365
        if s.rules.careers:
            posts = [w for w in town.workers if self.has_career(w)]
            vacant = [w for w in posts if w.vacant]
            lacking = sum(worth[w.role] for w in vacant)
            self.staff |= {"posts": len(posts), "vacant": len(vacant), "vacant_fte": lacking}
        self.back_up()
        self.allot_patrol()

    def back_up(self) -> None:
        """R9. Who serves when nobody of the community can."""
        grids, least = self.town.grids, self.s.staff.cover_below_fte
        hands = [g for g in grids if not g.dedicated and g.hands > 0]
        able = [g for g in hands if g.hands >= least] or hands
        for g in grids:
            home = grids[g.host] if g.dedicated else g
            if not able:
                g.fallback = g.id
                continue
            at = next((k for k, x in enumerate(able) if x.id >= home.id), len(able) - 1)
            g.fallback = min((self.apart(home, x), x.id) for x in (able[at], able[max(at - 1, 0)]))[1]

    @staticmethod
    def apart(home: Grid, other: Grid) -> int:
        """R9. Rows between two grids, and a million where their districts differ."""
        return abs(home.id - other.id) + 10**6 * (home.district != other.district)
