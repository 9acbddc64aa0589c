"""Security (R19): an alert mobilises a community; what breeds safety incidents stands with the incidents."""

from __future__ import annotations

import math

from gridsim.verification.reference.incidents import Case
from gridsim.verification.reference.platform import Platform


class Security(Platform):
    """R19."""

    def take_note(self, case: Case, now: float) -> None:
        """R19. A safety case has been recorded."""
        s = self.s.security
        if not (self.s.rules.security and self.kind_of(case).security):
            return
        place = self.town.places[case.place]
        if s.alert and self.severity(case, now) >= 3:
            c = self.town.communities[place.community]
            running = [c.alert_factor] if c.alert_until > now else []
            c.alert_factor = max([1 + (s.alert_factor - 1) * s.alert_wear**c.alerts, *running])
            self.seen["alert upon alert"] += len(running)
            c.alert_until = now + s.alert_days
            c.alerts += 1
            self.count("alerts")

    def grow_calm(self, day: int) -> None:
        """R19. Every four weeks what was recorded counts less."""
        if day % 28 == 0:
            left = math.exp(-28 / self.s.security.memory_days)
            for p in self.town.places:
                p.unsafe *= left
            for c in self.town.communities:
                c.alerts *= left
