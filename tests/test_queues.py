"""Waiting lines against a plain list, and selectivity against a plain simulation and the law of priorities."""

from __future__ import annotations

import itertools
from typing import Any

import numba
import numpy as np
import pytest
from conftest import assert_mean, exponential, first_durations, gamma, replications, single_queue, waits
from hypothesis import given, settings
from hypothesis import strategies as st

from gridsim.model import queues
from gridsim.model.cases import RESOLVED
from gridsim.model.settings import SERVICE
from gridsim.model.world import World

ROW = np.dtype([*queues.ROW_COLUMNS, ("complexity", "f8")], align=True)
LINE = np.dtype(queues.LINE_COLUMNS, align=True)


def empty_line() -> np.recarray:
    line = np.zeros(1, LINE).view(np.recarray)
    line.head[:] = line.tail[:] = line.urgent_tail[:] = -1
    return line


@numba.njit
def enqueue(rows, lines, n, urgent):
    queues.enqueue(rows, lines[0], n, urgent)


@numba.njit
def take_first(rows, lines, sigma):
    return queues.take_first(rows, lines[0], sigma)


@numba.njit
def leave(rows, lines, n):
    queues.leave(rows, lines[0], n)


def level(complexity: float) -> int:
    """In which twentieth of the scale."""
    return min(19, int(20 * complexity))


class Plain:
    """The same line as a list of (row, urgent), its rule restated word for word."""

    def __init__(self, complexity: np.ndarray) -> None:
        self.complexity, self.waiting = complexity, []

    def join(self, n: int, urgent: bool) -> None:
        at = sum(u for _, u in self.waiting) if urgent else len(self.waiting)
        self.waiting.insert(at, (n, urgent))

    def easier_than(self, n: int) -> int:
        return sum(level(self.complexity[m]) < level(self.complexity[n]) for m, _ in self.waiting)

    def take(self, sigma: float) -> int:
        if not self.waiting:
            return -1
        best = 0
        if not self.waiting[0][1]:
            ranks = [(1 - sigma) * k + sigma * self.easier_than(n) for k, (n, _) in enumerate(self.waiting)]
            best = ranks.index(min(ranks))
        return self.waiting.pop(best)[0]


def chain(rows: np.recarray, line: np.recarray) -> list[int]:
    out, here = [], int(line.head[0])
    while here >= 0:
        out.append(here)
        assert len(out) <= len(rows)
        here = int(rows.next[here])
    assert int(line.tail[0]) == (out[-1] if out else -1)
    assert rows.back[out].tolist() == [-1, *out][: len(out)]
    return out


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("join"), st.booleans(), st.just(0)),
        st.tuples(st.just("join"), st.just(False), st.just(0)),
        st.tuples(st.just("take"), st.just(False), st.just(0)),
        st.tuples(st.just("leave"), st.just(False), st.integers(0, 40)),
        st.tuples(st.just("lever"), st.just(False), st.integers(0, 2)),
    ),
    max_size=60,
)
EASE = st.lists(st.sampled_from([0.0, 0.11, 0.14, 0.2, 0.5, 0.7, 0.9, 1.0]), min_size=60, max_size=60)
SIGMAS = (0.0, 0.3, 1.0)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(STEPS, EASE, st.sampled_from([*SIGMAS, 0.5]))
def test_a_line_is_the_plain_list_of_its_rule(steps: list[Any], ease: list[float], sigma: float) -> None:
    """Joining, being taken, leaving from the middle, and selectivity that changes while people wait."""
    rows = np.zeros(60, ROW).view(np.recarray)
    rows.complexity[:] = ease
    line = empty_line()
    plain, new = Plain(rows.complexity), 0
    for what, urgent, k in steps:
        if what == "join":
            enqueue(rows, line, new, urgent)
            plain.join(new, urgent)
            new += 1
        elif what == "take":
            assert take_first(rows, line, sigma) == plain.take(sigma)
        elif what == "leave" and plain.waiting:
            gone = plain.waiting.pop(k % len(plain.waiting))[0]
            leave(rows, line, gone)
        elif what == "lever":
            sigma = SIGMAS[k]
        here = [n for n, _ in plain.waiting]
        assert chain(rows, line) == here
        urgent_rows = [n for n, u in plain.waiting if u]
        assert int(line.urgent_tail[0]) == (urgent_rows[-1] if urgent_rows else -1)
        others = [level(ease[n]) for n, u in plain.waiting if not u]
        assert line.of_level[0].tolist() == [others.count(j) for j in range(20)]
        assert all(int(line.ahead_of[0][j]) == others.index(j) for j in set(others))


@pytest.mark.parametrize(
    ("sigma", "order"), [(0.0, [0, 1, 2, 3]), (1.0, [3, 1, 2, 0]), (0.5, [1, 0, 2, 3]), (0.6, [1, 3, 2, 0])]
)
def test_selectivity_by_hand(sigma: float, order: list[int]) -> None:
    """Complexities .9, .3, .6, .1 in the order of coming.

    At .5 ranks are 1.5, 1, 2, 1.5: the second goes, then all are level and go as they came. At .6 they are 1.8, 1, 2,
    1.2, then 1.2, 1, .8 of those left, then .6 and .4.
    """
    rows = np.zeros(4, ROW).view(np.recarray)
    rows.complexity[:] = [0.9, 0.3, 0.6, 0.1]
    line = empty_line()
    for n in range(4):
        enqueue(rows, line, n, False)
    assert [take_first(rows, line, sigma) for _ in range(4)] == order
    assert take_first(rows, line, sigma) == -1


# --- in the model -----------------------------------------------------------------------------------------------------

DAYS = 0.01  # mean service


def schedule(c: np.recarray, hours: np.ndarray, easiest: bool) -> np.ndarray:
    """One server by itself: when each job ends, non-preemptive; of those waiting the easiest, or the first."""
    ends, waiting, k, free = np.full(len(c), np.nan), [], 0, 0.0
    while k < len(c) or waiting:
        if not waiting:
            free = max(free, c.reported[k])
        while k < len(c) and c.reported[k] <= free:
            waiting.append(k)
            k += 1
        n = min(waiting, key=lambda i: (level(c.complexity[i]), i)) if easiest else waiting[0]
        waiting.remove(n)
        free += hours[n] / 24
        ends[n] = free
    return ends


@pytest.mark.parametrize("easiest", [False, True])
def test_one_worker_serves_as_a_plain_simulation_of_the_same_jobs(easiest: bool) -> None:
    """M/G/1 at .9 with σ 0 or 1: every single case ends when a ten-line simulation of the same jobs says."""
    world = World(
        single_queue(
            0.9 / DAYS,
            rules__departments=False,
            handling__service=gamma(24 * DAYS, 0.5),
            handling__selectivity=float(easiest),
        ),
        seed=3,
    ).advance(60)
    c = world.cases[np.argsort(world.cases.reported)]
    ends = schedule(c, first_durations(world, SERVICE, c), easiest)
    done = c.state == RESOLVED
    assert done.sum() > 5000
    assert np.allclose(c.resolved[done], ends[done], atol=1e-9)
    assert np.all(ends[~done] >= 60)


def test_easiest_first_waits_as_the_law_of_priorities_says() -> None:
    """σ = 1, service independent of ease: W(u) = W₀/(1 − ρu)² at quantile u of complexity, and the mean is FCFS's."""
    rho = 0.8
    scenario = single_queue(
        rho / DAYS,
        rules__departments=False,
        handling__service=exponential(24 * DAYS),
        handling__selectivity=1.0,
        arrivals__headroom=1.0,
    )
    means, parts = [], []
    for world in replications(scenario, 320, 16):
        c = world.cases
        hard = c.complexity[(c.reported >= 30) & (c.reported < 300)]
        w = waits(world, SERVICE, 30, 300)
        means.append(w.mean())
        edges = np.quantile(hard, [0, 0.25, 0.5, 0.75, 1])
        parts.append([w[(hard >= a) & (hard <= b)].mean() for a, b in itertools.pairwise(edges)])
    left = rho * DAYS  # residual work met: λE[S²]/2
    assert_mean(means, left / (1 - rho), 0.08, "mean wait")
    for k, x in enumerate(np.array(parts).T):
        a, b = k / 4, (k + 1) / 4
        theory = left * (1 / (1 - rho * b) - 1 / (1 - rho * a)) / (rho * (b - a))
        assert_mean(x, theory, 0.15, f"quarter {k + 1} of complexity")
