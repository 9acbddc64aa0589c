"""Working time, and the agenda: events in order of (time, kind, id)."""

from __future__ import annotations

import heapq
import math
from enum import IntEnum

TINY = 1e-9


class Kind(IntEnum):
    """Kinds of events; at equal times the lower comes first."""

    WORKER_DONE = 0
    EXPERT_DONE = 1
    TEAM_DONE = 2
    TASK_DONE = 3
    SETTLED = 4
    REPORTED = 5
    DEADLINE_DUE = 6
    REOPENED = 7
    ON_THE_SPOT_CALL = 8
    EXPERT_CALLED = 9
    AT_GRID = 10
    AT_EXPERT = 11
    REFERRED = 12
    RESUMED = 13
    AT_DEPARTMENT = 14


Event = tuple[float, int, int, int]


class Agenda:
    """Events waiting; the last of the four numbers is the version of the case."""

    def __init__(self) -> None:
        self.heap: list[Event] = []

    def push(self, time: float, kind: Kind, ident: int, stamp: int = 0) -> None:
        """Schedule an event."""
        heapq.heappush(self.heap, (time, int(kind), ident, stamp))

    def pop_before(self, end: float) -> Event | None:
        """The next event before ``end``, or None."""
        return heapq.heappop(self.heap) if self.heap and self.heap[0][0] < end else None


class Clock:
    """The office calendar, or one unbroken clock."""

    def __init__(self, office: bool, opens: float, closes: float) -> None:
        self.office, self.opens, self.closes = office, opens, closes
        self.length = closes - opens

    def is_workday(self, day: int) -> bool:
        """Monday to Friday, or every day."""
        return not self.office or day % 7 < 5

    def next_open(self, time: float) -> float:
        """First moment from ``time`` on in working hours."""
        if not self.office:
            return time
        day = math.floor(time)
        if self.is_workday(day):
            if time - day < self.opens:
                return day + self.opens
            if time - day < self.closes:
                return time
        day += 1
        while not self.is_workday(day):
            day += 1
        return day + self.opens

    def worked_by(self, time: float) -> float:
        """Working days since day 0."""
        if not self.office:
            return time
        day = math.floor(time)
        week, weekday = divmod(day, 7)
        if weekday >= 5:
            return 5.0 * week + 5.0
        return 5.0 * week + weekday + min(1.0, max(0.0, (time - day - self.opens) / self.length))

    def slot(self, day: int) -> int:
        """Slot of a department's week for the working day on or after ``day``."""
        return int(self.worked_by(float(day))) % 5

    def work_end(self, time: float, work: float) -> float:
        """When ``work`` working days begun at ``time`` are done."""
        if not self.office:
            return time + work
        if work <= 0:
            return time
        start = self.next_open(time)
        day = math.floor(start)
        left = (day + self.closes - start) / self.length
        if work <= left + TINY:
            return min(start + work * self.length, day + self.closes)
        rest = work - left
        whole = max(0, math.ceil(rest - TINY) - 1)
        filled = 0
        while True:
            day += 1
            if self.is_workday(day):
                if filled == whole:
                    return day + self.opens + min(1.0, rest - whole) * self.length
                filled += 1
