"""Security 平安: safety incidents breed others at the same place, and an alert mobilises a community (R19).

What breeds is the incident, seen or not (``cases.pressure``): to notice one does not bring another.
"""

from __future__ import annotations

import math

from gridsim.model.cases import EMERGENCY, severity
from gridsim.model.compiled import rule
from gridsim.model.society import MONTH


@rule()
def take_note(t, n, now):
    """R19. A safety case has been recorded: if it is severe, an alert goes out.

    Only with ``rules.security`` and a category of security, at the moment its file is opened. With ``security.alert``
    and severity now ≥ 3, the community is alerted: ``alert_factor`` = 1 + (``security.alert_factor`` − 1) ·
    ``security.alert_wear`` ^ alerts, alerts being those remembered before this one, or the factor of an alert that
    still runs (``alert_until`` > now) if that is larger; ``alert_until`` = now + ``security.alert_days``; then alerts +
    1. It tells from the next day's sweep on.
    """
    p = t.settings[0]
    case = t.case[n]
    if p.rules_security == 0 or t.category[case.category].security == 0:
        return
    place = t.place[case.place]
    if p.security_alert == 1 and severity(t, case, now) >= EMERGENCY:
        community = t.community[place.community]
        factor = 1.0 + (p.security_alert_factor - 1.0) * p.security_alert_wear**community.alerts
        runs = community.alert_until > now
        community.alert_factor = max(factor, community.alert_factor) if runs else factor
        community.alert_until = now + p.security_alert_days
        community.alerts += 1.0
        t.day[t.tally[0].day].alerts += 1


@rule()
def grow_calm(t, day):
    """R19. At the end of days divisible by 28 what was recorded counts less: ``unsafe`` of places and ``alerts`` of
    communities, times exp(−28 ÷ ``security.memory_days``).
    """
    if day % MONTH != 0:
        return
    left = math.exp(-MONTH / t.settings[0].security_memory_days)
    for i in range(len(t.place)):
        t.place[i].unsafe *= left
    for k in range(len(t.community)):
        t.community[k].alerts *= left
