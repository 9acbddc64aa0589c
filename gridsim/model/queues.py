"""Waiting lines: urgent first, then by a rank between first come and easiest first (R9, R12; selectivity 选择性治理).

A line is any record with ``LINE_COLUMNS``; who waits in it is a row of a table with ``ROW_COLUMNS`` and ``complexity``.
Nobody tells .31 from .32 at a glance: the level of ease is floor(20 · complexity), at most 19. Rank = (1 − σ) · place
in line + σ · easiness rank; σ = ``handling.selectivity``, and 0 is exactly first come, first served. Urgent rows stand
in front and are served as they came. Nobody who has been taken up is put back for somebody else.

Grids and expert lines queue cases (rows of ``case``), departments sub-tasks (rows of ``task``). Whether a row is urgent
is asked once, when it joins. Place in line counts from 0 at the head; the easiness rank is the number of those waiting
whose level is lower; both over those waiting at the moment.

Of one level the foremost always has the least rank, so a line remembers for each level who that is and how many stand
before him: a line of ten thousand costs no more than one of ten.
"""

from __future__ import annotations

from gridsim.model.compiled import rule

EASE_LEVELS = 20
"""Levels of ease that people tell apart (X)."""
ROW_COLUMNS = [("next", "i4"), ("back", "i4"), ("turn", "i4")]
"""Columns of who waits: the rows behind and before (−1: none); the number of the turn, 0 if urgent."""
LINE_COLUMNS = [
    ("head", "i4"),
    ("tail", "i4"),
    ("urgent_tail", "i4"),
    ("turns", "i4"),
    ("of_level", "i4", (EASE_LEVELS,)),
    ("first_of", "i4", (EASE_LEVELS,)),
    ("ahead_of", "i4", (EASE_LEVELS,)),
]
"""Columns of a line: first, last and last urgent row (−1: none); turns given so far; and of those not urgent, by level
of ease: how many wait, the foremost, and how many stand before him.
"""


@rule()
def ease_level(complexity):
    """R9, R12. floor(20 · complexity), at most 19: 0 is easiest."""
    return min(EASE_LEVELS - 1, int(EASE_LEVELS * complexity))


@rule()
def enqueue(rows, line, n, urgent):
    """R9, R12. Row ``n`` joins the line: an urgent one behind the last urgent, or at the head if there is none; any
    other at the tail.
    """
    row = rows[n]
    before = line.urgent_tail if urgent else line.tail
    row.back = before
    row.next = line.head if before < 0 else rows[before].next
    if before < 0:
        line.head = n
    else:
        rows[before].next = n
    if row.next >= 0:
        rows[row.next].back = n
    if line.tail == before:
        line.tail = n
    if urgent:
        row.turn = 0
        line.urgent_tail = n
        return
    line.turns += 1
    row.turn = line.turns
    level = ease_level(row.complexity)
    if line.of_level[level] == 0:
        line.first_of[level] = n
        line.ahead_of[level] = 0
        for j in range(EASE_LEVELS):
            line.ahead_of[level] += line.of_level[j]
    line.of_level[level] += 1


@rule()
def take_first(rows, line, sigma):
    """R9, R12. Remove and return the row to be served next; −1 if nobody waits.

    While an urgent row waits, or with σ = 0, it is the head. Else it is the row with the least rank (1 − σ) · place + σ
    · easier, ``easier`` the number of those waiting of a lower level, and among equals the one further in front.
    """
    best = line.head
    if best < 0:
        return -1
    if sigma > 0.0 and line.urgent_tail < 0 and best != line.tail:
        easier, least, place = 0, 0.0, -1
        for j in range(EASE_LEVELS):
            if line.of_level[j] > 0:
                rank = (1.0 - sigma) * line.ahead_of[j] + sigma * easier
                if place < 0 or rank < least or (rank == least and line.ahead_of[j] < place):
                    best, least, place = line.first_of[j], rank, line.ahead_of[j]
                easier += line.of_level[j]
    leave(rows, line, best)
    return best


@rule()
def leave(rows, line, n):
    """Take row ``n`` out of its line, wherever it stands."""
    row = rows[n]
    if row.turn > 0:
        _step_aside(rows, line, row, n)
    if row.back < 0:
        line.head = row.next
    else:
        rows[row.back].next = row.next
    if row.next < 0:
        line.tail = row.back
    else:
        rows[row.next].back = row.back
    if line.urgent_tail == n:
        line.urgent_tail = row.back
    row.next = row.back = -1


@rule()
def _step_aside(rows, line, row, n):
    """The foremost of other levels have one less before them if ``n`` stood there; the next of its own follows it."""
    level = ease_level(row.complexity)
    line.of_level[level] -= 1
    for j in range(EASE_LEVELS):
        if j != level and line.of_level[j] > 0 and rows[line.first_of[j]].turn > row.turn:
            line.ahead_of[j] -= 1
    if line.of_level[level] > 0 and line.first_of[level] == n:
        k = row.next
        while ease_level(rows[k].complexity) != level:
            line.ahead_of[level] += 1
            k = rows[k].next
        line.first_of[level] = k
