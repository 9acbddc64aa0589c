"""What every world promises at the end of every day, whatever its scenario: conservation, order of times, hands.

Each promise yields a sentence and whether it is kept; :func:`broken` names those that are not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gridsim.model import agenda
from gridsim.model.cases import (
    AT_ONSET,
    BY_NOBODY,
    BY_PATROL,
    BY_RESIDENT,
    BY_VIDEO,
    BY_WARNING,
    CLOSED_FORMALLY,
    LAPSED,
    LATENT,
    OPEN,
    RESOLVED,
    SELF_RESOLVED,
)
from gridsim.model.gridworkers import PART_TIME
from gridsim.model.residents import SILENT, TAKES_PART
from gridsim.model.society import MONTH
from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario

Promise = Iterator[tuple[str, bool]]
COURSE = (
    agenda.SETTLED,
    agenda.REOPENED,
    agenda.ON_THE_SPOT_CALL,
    agenda.AT_GRID,
    agenda.AT_EXPERT,
    agenda.REFERRED,
    agenda.RESUMED,
)
OF_TASKS = (agenda.AT_DEPARTMENT, agenda.TEAM_DONE, agenda.TASK_DONE)
SECOND = 1 / 86_400
CHANNELS = (BY_PATROL, BY_RESIDENT, BY_VIDEO, BY_WARNING, AT_ONSET)
CENTURY = 36_000  # days, less than ``gridworkers.deliver`` looks ahead


def conserved(w: World) -> Promise:
    """Every day's partition of what has arisen, flows that explain the stocks, and a recount from the rows."""
    d, c, count = w.days, w.cases, w.tables.tally[0]
    parts = d.latent + d.self_resolved_so_far + d.lapsed_so_far + d.open + d.resolved_so_far + d.formal_so_far
    yield (
        "arisen = latent + self-resolved + lapsed + open + resolved + closed on paper, each day",
        bool(np.all(parts == d.arisen_so_far)),
    )
    yield "a row a day", np.array_equal(d.day, np.arange(w.day - len(d), w.day))
    known = d.valid_patrol + d.valid_residents + d.valid_video + d.valid_warnings
    flows = {
        "arisen_so_far": d.arisen,
        "lapsed_so_far": d.lapsed,
        "self_resolved_so_far": d.self_resolved,
        "resolved_so_far": d.resolved,
        "formal_so_far": d.closed_formally - d.reopened,
        "open": known + d.reopened - d.resolved - d.closed_formally,
    }
    for stock, flow in flows.items():
        yield f"the flow of a day explains {stock}", np.array_equal(np.diff(d[stock]), flow[1:])
    if w.scenario.rules.patrol or w.scenario.rules.residents:  # else known at onset, without a report
        raw = d.patrol_reports + d.resident_reports + d.video_reports + d.warnings
        yield "reports = valid + invalid + duplicates, each day", np.array_equal(raw, known + d.invalid + d.duplicates)
    now, last = np.bincount(c.state, minlength=6), d[-1]
    stocks = ("latent", "lapsed_so_far", "open", "resolved_so_far", "formal_so_far", "self_resolved_so_far")
    yield "stocks are counts of rows", [now[s] for s in range(6)] == [last[k] for k in stocks]
    tallied = [count.latent, count.lapsed, count.open, count.resolved, count.formal, count.self_resolved, count.arisen]
    yield "the tally is a count of rows", [int(x) for x in tallied] == [*now.tolist(), len(c)]
    yield "files to reopen are among those closed on paper", 0 <= count.to_reopen <= now[CLOSED_FORMALLY]
    yield "stalled is a count of rows", last.stalled == np.sum(c.stalled == 1) == count.stalled
    yield "stalled is open", not np.any((c.stalled == 1) & (c.state != OPEN))


def times(w: World) -> Promise:
    """Each state has the times it must have and no others, in order."""
    c = w.cases
    state, channel = c.state, c.channel
    known = np.isin(state, (OPEN, RESOLVED, CLOSED_FORMALLY))
    yield "reported if known", np.array_equal(known, ~np.isnan(c.reported))
    yield "a deadline if known", np.array_equal(known, ~np.isnan(c.deadline))
    yield "a channel if known", np.array_equal(known, np.isin(channel, CHANNELS))
    yield "no channel if not", bool(np.all(channel[~known] == BY_NOBODY))
    yield "lapsed has its time", np.array_equal(state == LAPSED, ~np.isnan(c.lapsed))
    gone = np.isin(state, (RESOLVED, SELF_RESOLVED))
    yield "resolved, by whomever, has its time", np.array_equal(gone, ~np.isnan(c.resolved))
    yield "onset ≤ resolved ≤ now", bool(np.all((c.onset <= c.resolved) & (c.resolved < w.day) | ~gone))
    touched = ~np.isnan(c.contacted)
    yield "reported ≤ first contact ≤ now", bool(np.all((c.reported <= c.contacted) & (c.contacted < w.day) | ~touched))
    yield (
        "in hand or truly closed: somebody had taken it up",
        bool(np.all(touched[(c.in_hand > 0) | (state == RESOLVED)])),
    )
    over = ~np.isnan(c.closed)
    yield "closed has its time", np.array_equal(np.isin(state, (RESOLVED, CLOSED_FORMALLY)), over)
    yield "onset ≤ now", bool(np.all(c.onset < w.day))
    yield "onset ≤ reported", bool(np.all(c.onset[known] <= c.reported[known]))
    yield "onset ≤ lapsed", bool(np.all(c.lapsed[state == LAPSED] >= c.onset[state == LAPSED]))
    yield "reported ≤ closed ≤ now", bool(np.all((c.reported <= c.closed) & (c.closed < w.day) | ~over))
    yield "resolved = closed", np.array_equal(c.resolved[state == RESOLVED], c.closed[state == RESOLVED])
    paper = state == CLOSED_FORMALLY
    yield "closed on paper at the deadline", np.array_equal(c.closed[paper], c.deadline[paper])
    formal = ~np.isnan(c.formal_at)
    yield "closed on paper has its time", bool(np.all(formal[paper | (c.reopened == 1)]))
    yield "reopened has its time", np.array_equal(c.reopened == 1, ~np.isnan(c.reopened_at))
    yield "closed on paper ≤ reopened", not np.any(c.reopened_at < c.formal_at)
    yield "closed on paper was overdue", bool(np.all((c.overdue == 1)[formal]))


def office_hours(w: World) -> Promise:
    """Nothing is finished, now or on the agenda, while offices are closed."""
    s = w.scenario.time
    if s.calendar != "office" or any(_takes_no_time(p) for p in (w.scenario, *(p.scenario for p in w.phases))):
        return
    events: Any = w.tables.agenda[: int(w.tables.tally.agenda[0])]
    ahead = np.isin(events.kind, (agenda.WORKER_DONE, agenda.TEAM_DONE, agenda.EXPERT_DONE))
    served = events.time[ahead & (events.time < w.day + CENTURY)]  # what is never done has no hour
    for name, when in (("resolved", w.cases.resolved[w.cases.state == RESOLVED]), ("served", served)):
        hour, weekday = when % 1 * 24, np.floor(when) % 7
        inside = (hour >= s.opens - SECOND) & (hour <= s.closes + SECOND) & (weekday < 5)
        yield f"{name} within working hours", bool(np.all(inside))


def residents(w: World) -> Promise:
    """R15, R16, R19: what moves lies within its bounds; who has given up takes no part; the record is a count."""
    t, last = w.tables, w.days[-1]
    yield "trust lies in 0 to 1", bool(np.all((t.trust >= 0) & (t.trust <= 1)))
    for name in ("success", "expectation", "grievance", "taking_part"):
        yield f"{name} lies in 0 to 1", bool(np.all((t.place[name] >= 0) & (t.place[name] <= 1)))
    yield "nothing remembered is negative", bool(np.all(t.place.unsafe >= 0) and np.all(t.community.alerts >= 0))
    part, silent = t.standing & TAKES_PART > 0, t.standing & SILENT > 0
    yield "who has given up takes no part", not np.any(part & silent)
    yield "nobody gives up with rules.trust off", bool(w.scenario.rules.trust or not np.any(silent))
    if (w.day - 1) % MONTH == 0:
        counts = (last.taking_part, last.silent) == (part.sum(), silent.sum())
        yield "who takes part, and who is silent, is a count", counts
        means = t.trust.sum(axis=0, dtype=float) / max(len(t.trust), 1)
        recorded = np.allclose([last.trust_grid, last.trust_department], means, rtol=0.0, atol=1e-9)
        yield "trust as recorded is its mean", recorded


def posts(w: World) -> Promise:
    """R17: nobody works at a post that is vacant, and what is remembered of people lies within its bounds."""
    row, last, s = w.tables.worker, w.days[-1], w.in_force
    worth = np.array([1.0, s.staff.part_time_fte, s.dedicated.staff_fte])[np.minimum(row.role, 2)]
    gone = (row.nominal == 1) | (row.away == 1) | (row.vacant == 1)
    yield "whoever is there works, and nobody else", np.array_equal(row.fte, np.where(gone, 0.0, worth))
    for name in ("load", "strain", "burnout"):
        yield f"{name} lies in 0 to 1", bool(np.all((row[name] >= 0) & (row[name] <= 1)))
    yield "hours owed are not negative", bool(np.all(row.owed >= 0))
    yield "no post is vacant with rules.careers off", bool(s.rules.careers or not np.any(row.vacant))
    if s.rules.careers:
        career = (row.role <= PART_TIME) & (row.nominal == 0) & (row.away == 0)
        counted = (career.sum(), (career & (row.vacant == 1)).sum())
        yield "posts, and vacant ones, are counts", (last.posts, last.vacant) == counted


def _takes_no_time(s: Scenario) -> bool:
    """Work of no length is done at any hour: a degenerate setting, in which nobody works."""
    laws = (s.handling.service, s.handling.on_the_spot, s.departments.duration, s.linkage.false_effort)
    return min(law.average for law in laws) == 0.0


def hours(w: World) -> Promise:
    """R17: no more event hours a day than stated, none that the account does not hold, and each one booked once."""
    worker, days, s = w.tables.worker, w.days, w.in_force
    booked = np.isclose(worker.event_hours.sum(), days.event_hours.sum(), rtol=1e-9)
    yield "hours of workers are those of days", bool(booked)
    if s.rules.hours:
        yield "event hours a day within their limit", bool(np.all(worker.used_today <= s.staff.event_hours + 1e-6))
        yield "no account of hours is overdrawn", bool(np.all(worker.bank >= -1e-6))
    if s.rules.careers:
        held = (worker.vacant == 0) | (worker.fte == 0)
        yield "a vacant post has no hours", bool(np.all(held))
        for name in ("load", "strain", "burnout"):
            yield f"{name} is from 0 to 1", bool(np.all((worker[name] >= 0) & (worker[name] <= 1)))
        grid: Any = np.bincount(worker.grid, worker.fte, len(w.tables.grid))
        yield "a grid has the hours of its people", np.array_equal(grid, w.tables.grid.fte)


def hands(w: World, given_back: int = 0) -> Promise:
    """Nobody has two things in hand, no queue is left alone by idle hands, and the agenda agrees with both."""
    t, c = w.tables, w.cases
    events: Any = t.agenda[: int(t.tally.agenda[0])]
    yield "all that was due has been served", len(events) == 0 or events.time.min() >= w.day
    in_hand = t.worker.case[t.worker.case >= 0]
    yield "no case is in two hands", len(set(in_hand.tolist())) == len(in_hand)
    held = (c.state[in_hand] == OPEN) & (c.in_hand[in_hand] == 1) & (c.queued[in_hand] == 0)
    yield "a case in hand is open and does not wait", bool(np.all(held))
    done = sorted(events.id[events.kind == agenda.WORKER_DONE].tolist())
    yield "busy workers are those on the agenda", done == np.flatnonzero(t.worker.case >= 0).tolist()
    d = t.department
    yield "busy teams ≤ teams", bool(np.all((d.busy >= 0) & (d.busy <= d.teams + given_back) & (d.queue >= 0)))
    teams = t.task.department[events.id[events.kind == agenda.TEAM_DONE]]
    yield "busy teams are those on the agenda", np.array_equal(np.bincount(teams, minlength=len(d)), d.busy)
    ledger = d.done + d.busy + d.queue  # a file closed on paper takes its sub-task out of the queue, unserved
    kept = np.all(d.received >= ledger) if w.scenario.rules.deadlines else np.array_equal(d.received, ledger)
    yield "received = done + busy + waiting", bool(kept)
    yield "no team is idle beside a queue", not np.any((d.busy < d.teams) & (d.queue > 0))
    waiting: Any = c[c.queued == 1]
    yield "what waits is open", bool(np.all(waiting.state == OPEN))
    watching = [w for g in set(waiting.handler.tolist()) for w in staff_of(t, g)]
    able = (t.worker.fte[watching] > 0) & (t.worker.handles[watching] == 1)
    yield "no worker is idle beside a queue", not np.any((t.worker.case[watching] < 0) & able)
    lengths = [len(queue_of(w, g)) for g in range(len(t.grid))]
    yield "queues are the cases that wait", lengths == np.bincount(waiting.handler, minlength=len(t.grid)).tolist()
    loads = np.bincount(c.handler[in_hand], minlength=len(t.grid)) + lengths
    yield "a grid's load is what it has in hand and in line", np.array_equal(t.grid.load, loads)


def experts(w: World) -> Promise:
    """No expert has two cases, no case two handlers; lines hold who waits, and nobody idle watches them."""
    t, c = w.tables, w.cases
    events: Any = t.agenda[: int(t.tally.agenda[0])]
    held = t.expert.case[t.expert.case >= 0]
    both = [*held.tolist(), *t.worker.case[t.worker.case >= 0].tolist()]
    yield "no case is with two experts, or with one and a worker", len(set(both)) == len(both)
    kept = (c.in_hand[held] == 1) & (c.state[held] == OPEN) & (c.queued[held] == 0)
    yield "an expert's case is open and does not wait", bool(np.all(kept))
    done = sorted(events.id[events.kind == agenda.EXPERT_DONE].tolist())
    yield "busy experts are those on the agenda", done == np.flatnonzero(t.expert.case >= 0).tolist()
    waiting: Any = c[c.queued == 2]
    yield "what waits for experts is open", bool(np.all(waiting.state == OPEN))
    counts = np.bincount(waiting.handler, minlength=len(t.expert_line)).tolist()
    yield "lines of experts count who waits", t.expert_line.waiting.tolist() == counts
    calls = set(events.id[events.kind == agenda.EXPERT_CALLED].tolist())
    for k, line in enumerate(t.expert_line):
        queue = chain(int(line.head), c.next)
        mine = (t.expert.line == k) & (t.expert.away == 0)
        right = len(queue) == line.waiting and np.all(c.handler[queue] == k) and np.all(c.expert_field[queue] == k % 7)
        yield "a line of experts holds its cases", bool(right) and line.experts == mine.sum()
        called = k in calls  # when the next idle one is on duty
        looked_after = bool(mine.any() and (called or np.all(t.expert.case[mine] >= 0)))
        yield "no expert is idle beside a line", not queue or looked_after


def whereabouts(w: World) -> Promise:
    """Every open case is in exactly one place: a queue, a hand, an event ahead, or its live sub-tasks."""
    t, c, n = w.tables, w.cases, len(w.cases)
    events: Any = t.agenda[: int(t.tally.agenda[0])]
    places = np.bincount(t.worker.case[t.worker.case >= 0], minlength=n)
    places += np.bincount(t.expert.case[t.expert.case >= 0], minlength=n)
    places += c.queued > 0
    ahead = events[np.isin(events.kind, COURSE)]
    places += np.bincount(ahead.id[ahead.stamp == c.version[ahead.id]], minlength=n)
    task: Any = t.task[live_tasks(w)]
    live = (task.part >= 0) & (task.stamp == c.version[task.case])
    parts = np.bincount(task.case[live], minlength=n)
    is_open = c.state == OPEN
    yield "an open case is in exactly one place", bool(np.all((places + (parts > 0))[is_open] == 1))
    pending = np.where(places == 0, c.pending, 0)[is_open]
    yield "sub-tasks are those a case waits for", np.array_equal(parts[is_open], pending)
    yield "a case that is not open has no sub-tasks", not np.any(parts[~is_open])


def lists(w: World) -> Promise:
    """The agenda is a heap, free rows are free, the latent are listed once, lines of tasks are as long as they say."""
    t, tally = w.tables, w.tables.tally[0]
    events: Any = t.agenda[: int(tally.agenda)]
    order = list(zip(events.time.tolist(), events.kind.tolist(), events.id.tolist(), strict=True))
    yield "the agenda is a heap", all(order[(i - 1) >> 1] <= order[i] for i in range(1, len(order)))
    live, free = live_tasks(w), chain(int(tally.free_task), t.task.next)
    yield "no sub-task is in two places", len(set(live)) == len(live) == tally.live_tasks
    yield "every row of sub-tasks is live or free", sorted([*live, *free]) == list(range(int(tally.tasks)))
    lengths = [len(chain(int(d.head), t.task.next)) for d in t.department]
    yield "lines of sub-tasks are as long as told", lengths == t.department.queue.tolist()
    latent = t.latent.case[: int(tally.latent)]
    yield "the latent are listed once", sorted(latent.tolist()) == np.flatnonzero(w.cases.state == LATENT).tolist()


def live_tasks(w: World) -> list[int]:
    """Rows of sub-tasks on the agenda and in the departments' lines."""
    t = w.tables
    events: Any = t.agenda[: int(t.tally.agenda[0])]
    rows = events.id[np.isin(events.kind, OF_TASKS)].tolist()
    return rows + [row for d in t.department for row in chain(int(d.head), t.task.next)]


def chain(head: int, following: np.ndarray) -> list[int]:
    """Rows of a linked list from its head on; raises ValueError where it goes round."""
    out: list[int] = []
    while head >= 0:
        out.append(head)
        if len(out) > len(following):
            raise ValueError("a linked list goes round in a circle")
        head = int(following[head])
    return out


def queue_of(w: World, grid: int) -> list[int]:
    """Cases in the queue of a grid, head to tail; raises ValueError where the tail is not its last."""
    out, row = chain(int(w.tables.grid.head[grid]), w.tables.case.next), w.tables.grid[grid]
    if (out[-1] if out else -1) != row.tail:
        raise ValueError(f"grid {grid}: its queue ends in {out[-1:]}, but its tail is {row.tail}")
    return out


def staff_of(tables: Any, grid: int) -> list[int]:
    """Rows of the workers of a grid, in the order of its chain."""
    return chain(int(tables.grid.first_worker[grid]), tables.worker.next)


def case_days(c: np.recarray, first: float, last: float) -> float:
    """Case-days within a window, from the rows: every open stretch cut to it. Right where none was reopened."""
    begun = c[~np.isnan(c.reported)]
    until = np.where(np.isnan(begun.closed), np.inf, begun.closed)
    return float(np.sum(np.clip(np.minimum(until, last) - np.maximum(begun.reported, first), 0, None)))


PROMISES: dict[str, Callable[[World], Promise]] = {
    "conservation": conserved,
    "order of times": times,
    "working hours": office_hours,
    "hours of workers": hours,
    "residents": residents,
    "posts": posts,
    "experts": experts,
    "whereabouts of cases": whereabouts,
    "lists": lists,
    "hands and teams": hands,
}


def broken(w: World, given_back: int = 0) -> list[tuple[str, str]]:
    """Promises that a world does not keep: the name in ``PROMISES``, and the sentence that is not true.

    Parameters
    ----------
    given_back : int
        Teams of a department that a policy took away again: they finish what they have begun.

    """
    out = []
    for name, promise in PROMISES.items():
        try:
            told = list(hands(w, given_back) if promise is hands else promise(w))
        except (ValueError, IndexError) as error:  # rows that point nowhere
            told = [(f"cannot be looked at: {error}", False)]
        out += [(name, sentence) for sentence, true in told if not true]
    return out


# --- two worlds -----------------------------------------------------------------------------------------------------


def packed(table: np.ndarray) -> bytes:
    """A table as bytes, field by field: without the padding of its rows, which numpy leaves to chance in copies."""
    if table.dtype.names is None:
        return np.ascontiguousarray(table).tobytes()
    return b"".join(np.ascontiguousarray(table[name]).tobytes() for name in table.dtype.names)


def used_tables(world: World) -> dict[str, bytes]:
    """Every table's rows in use, as bytes; the agenda in order, since how a heap lies decides nothing."""
    rows = world._rows()
    live = world.tables._asdict()
    tables = {k: v[: rows.get(k, len(v))] for k, v in live.items() if k != "pool"}  # which is scratch paper
    tables["agenda"] = np.sort(tables["agenda"].view(np.ndarray), order=["time", "kind", "id", "stamp"])
    return {name: packed(table) for name, table in tables.items()}


def differing(a: World, b: World) -> list[str]:
    """Names of the tables in which two worlds differ."""
    x, y = used_tables(a), used_tables(b)
    return [name for name in x if x[name] != y[name]]
