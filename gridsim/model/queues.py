"""Waiting lines: urgent first, then by a rank between first come and easiest first (R9, R12; selectivity 选择性治理).

A line is any record with ``head``, ``tail`` and ``urgent_tail`` (−1: none); who waits in it is a row of a table with
``next``, ``complexity`` and ``easier``, the number of those waiting that are easier. Rank = (1 − σ) · place in line + σ
· easiness rank; σ = ``handling.selectivity``, and 0 is exactly first come, first served. Urgent rows stand in front and
are served as they came. Nobody who has been taken up is put back for somebody else.

Grids and expert lines queue cases (rows of ``case``), departments sub-tasks (rows of ``task``). Whether a row is urgent
is asked once, when it joins. Place in line counts from 0 at the head, over those waiting at the moment; the easiness
rank is ``easier``, also over those waiting at the moment, the row itself not counted.
"""

from __future__ import annotations

from gridsim.model.compiled import rule


@rule()
def enqueue(rows, line, n, urgent, sigma):
    """R9, R12. Row ``n`` joins the line: an urgent one behind the last urgent, or at the head if there is none; any
    other at the tail.
    """
    row = rows[n]
    row.easier = 0
    if sigma > 0.0:
        k = line.head
        while k >= 0:
            if _easier(rows, n, k):
                rows[k].easier += 1
            else:
                row.easier += 1
            k = rows[k].next
    before = line.urgent_tail if urgent else line.tail
    if before < 0:
        row.next = line.head
        line.head = n
    else:
        row.next = rows[before].next
        rows[before].next = n
    if line.tail == before:
        line.tail = n
    if urgent:
        line.urgent_tail = n


@rule()
def _easier(rows, a, b):
    """True when a is easier than b: less complex, or as complex and of the lower row number."""
    x, y = rows[a].complexity, rows[b].complexity
    return x < y or (x == y and a < b)


@rule()
def take_first(rows, line, sigma):
    """R9, R12. Remove and return the row to be served next; −1 if nobody waits.

    While an urgent row waits, or with σ = 0, it is the head. Else it is the row with the least rank (1 − σ) · place + σ
    · easier, and among equals the one that stands further in front.
    """
    best, ahead = line.head, -1
    if best < 0:
        return -1
    if sigma > 0.0 and line.urgent_tail < 0:
        least = sigma * rows[best].easier
        before, k, place = best, rows[best].next, 1
        while k >= 0:
            rank = (1.0 - sigma) * place + sigma * rows[k].easier
            if rank < least:
                best, ahead, least = k, before, rank
            before, k, place = k, rows[k].next, place + 1
    _unlink(rows, line, best, ahead, sigma)
    return best


@rule()
def leave(rows, line, n, sigma):
    """Take row ``n`` out of the middle of its line."""
    before, k = -1, line.head
    while k != n:
        before, k = k, rows[k].next
    _unlink(rows, line, n, before, sigma)


@rule()
def _unlink(rows, line, n, before, sigma):
    """Take row ``n`` out, ``before`` being the row in front of it (−1: it is the head); those harder than it have one
    easier less.
    """
    if before < 0:
        line.head = rows[n].next
    else:
        rows[before].next = rows[n].next
    if line.tail == n:
        line.tail = before
    if line.urgent_tail == n:
        line.urgent_tail = before
    rows[n].next = -1
    if sigma > 0.0:
        k = line.head
        while k >= 0:
            if _easier(rows, n, k):
                rows[k].easier -= 1
            k = rows[k].next


@rule()
def recount(rows, line, sigma):
    """R9, R12. Count anew who is easier than whom, after selectivity has been changed; nobody counts where it is 0."""
    k = line.head
    while k >= 0:
        rows[k].easier = 0
        j = line.head if sigma > 0.0 else -1
        while j >= 0:
            if _easier(rows, j, k):
                rows[k].easier += 1
            j = rows[j].next
        k = rows[k].next
