"""Batches of runs over any executor: bounded in flight, balanced, and none is lost with the worker that had it.

Knows nothing of cities. ``work(batch)`` is a generator of the batch's results. In threads it is followed result by
result and stops between two of them; elsewhere (processes, a cluster) whole batches come back, several in one task
where they are short.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from itertools import islice
from typing import Any

from gridsim.studies.executors import ExecutorError, Pool

AHEAD = 2  # tasks in flight for each worker: one at work, one waiting for it
TASK_SECONDS, MOST_TOGETHER = 0.25, 64  # short batches travel together
LOOK_SECONDS = 15.0  # of silence, after which the cluster is asked whether it is still there
HOPELESS = 3  # batches lost before any has come back: the executor cannot run gridsim at all

Landed = list[tuple[Any, list[Any]]]


def dispatch(
    batches: Iterator[Any],
    work: Callable[[Any], Iterator[Any]],
    received: Callable[[Landed], None],
    *,
    pool: Pool,
    told: Callable[[Any], None] | None = None,
    lost: Callable[[Any, BaseException], None] | None = None,
    stopping: Callable[[], None] | None = None,
) -> bool:
    """Do all batches; returns False when it was interrupted.

    Parameters
    ----------
    batches : iterator
        Drawn from as room becomes free, so that there may be any number of them.
    work : callable
        Picklable, unless the pool is of threads.
    received : callable
        Called in the calling thread with [(batch, its results)] of every task that is back.
    told : callable, optional
        Called with each result: in threads as soon as there is one, by the thread that made it, one at a time.
    lost : callable, optional
        Called with a batch whose worker died twice, the second time with nothing else in flight, and the last error.
        Without it, and in threads, an error of a worker ends everything and is raised.
    stopping : callable, optional
        Called on Ctrl-C, before the batches at work are waited for; a second Ctrl-C does not wait for them.

    """
    return _Dispatch(batches, work, received, pool, told, lost).run(stopping)


class _Dispatch:
    def __init__(self, batches: Any, work: Any, received: Any, pool: Pool, told: Any, lost: Any) -> None:
        self.batches, self.work, self.received, self.pool = batches, work, received, pool
        self.told, self.lost = told or (lambda _: None), lost
        self.stop, self.lock = threading.Event(), threading.Lock()
        self.flying: dict[Future[Any], list[Any]] = {}
        self.suspects: deque[Any] = deque()  # their worker died: each is tried again alone
        self.alone = False
        self.landed = self.gone = 0
        self.seconds = float("nan")  # of a batch, at work

    def run(self, stopping: Callable[[], None] | None) -> bool:
        try:
            self._refill()
            while self.flying:
                done, _ = wait(self.flying, LOOK_SECONDS, return_when=FIRST_COMPLETED)
                if not done:
                    self.pool.look()
                self._land(done)
                self._refill()
        except KeyboardInterrupt:
            self.stop.set()
            with contextlib.suppress(KeyboardInterrupt):  # a second one: what is at work is not waited for
                if stopping:
                    stopping()
                self.pool.close(wait=True, flying=self.flying)
            self._take([f for f in self.flying if f.done() and _error(f) is None])
            return False
        except BaseException:
            self.stop.set()
            raise
        finally:
            self.pool.close(wait=not self.stop.is_set(), flying=self.flying)
        return True

    def _refill(self) -> None:
        while self.suspects:
            if self.flying:
                return
            self.alone = self._fly([self.suspects.popleft()])
        self.alone = self.alone and bool(self.flying)
        while len(self.flying) < AHEAD * self.pool.jobs and not self.alone:
            task = list(islice(self.batches, self._together()))
            if not task:
                return
            if not self._fly(task):
                return self._refill()

    def _together(self) -> int:
        """Batches in a task: in threads always one, as nothing is to be gained."""
        short = self.seconds > 0 and not self.pool.threads
        return int(min(max(TASK_SECONDS / self.seconds, 1), MOST_TOGETHER)) if short else 1

    def _fly(self, task: list[Any]) -> bool:
        try:
            if self.pool.threads:
                future = self.pool.submit(self._follow, task)
            else:
                future = self.pool.submit(_whole, self.work, task)
        except BrokenExecutor as error:  # a worker died while nothing was looked at
            self.suspects.extendleft(reversed(task))
            if not self.flying:  # else those in flight will tell
                self.pool.renew(error)
            return False
        self.flying[future] = task
        return True

    def _follow(self, task: list[Any]) -> tuple[float, list[list[Any]]]:
        """In a thread: tell every result at once, and stop between two when asked to."""
        began, out = time.perf_counter(), []
        for batch in task:
            results: list[Any] = []
            out.append(results)
            for result in self.work(batch):
                results.append(result)
                with self.lock:
                    if not self.stop.is_set():
                        self.told(result)
                if self.stop.is_set():
                    return 0.0, out
        return time.perf_counter() - began, out

    def _land(self, done: Any) -> None:
        if broken := self._take(done):
            wait(self.flying)  # they all break; what was finished counts
            self._take(list(self.flying))
            self.pool.renew(broken)

    def _take(self, done: Any) -> BrokenExecutor | None:
        """Hand over what is back, then look at what failed; returns the error of a broken pool."""
        errors = {f: _error(f) for f in done}
        landed: Landed = []
        for future in (f for f, error in errors.items() if error is None):
            seconds, results = future.result()
            landed += zip(self.flying[future], results, strict=False)
            each = seconds / len(self.flying[future])
            self.seconds = each if not self.seconds > 0 else 0.7 * self.seconds + 0.3 * each
        if landed:
            self.landed += len(landed)
            self.received(landed)
            for result in [] if self.pool.threads else [r for _, results in landed for r in results]:
                self.told(result)
        broken = None
        for future, error in errors.items():
            task = self.flying.pop(future)
            if error is not None:
                if self.lost is None or self.pool.threads or isinstance(error, KeyboardInterrupt):
                    raise error
                self._suspect(task, error)
                broken = error if isinstance(error, BrokenExecutor) else broken
        return broken

    def _suspect(self, task: list[Any], error: BaseException) -> None:
        """The worker of a task died: its batches are tried again one by one; one that was alone is lost."""
        if not self.alone:
            self.suspects.extend(task)
            return
        self.gone += 1
        if self.gone >= HOPELESS and not self.landed:
            raise ExecutorError(f"the executor cannot run gridsim: {error!r}") from error
        self.lost(task[0], error)


def _error(future: Future[Any]) -> BaseException | None:
    return CancelledError() if future.cancelled() else future.exception()


def _whole(work: Callable[[Any], Iterator[Any]], task: list[Any]) -> tuple[float, list[list[Any]]]:
    """In another process: all results of a task, and the seconds they took."""
    began = time.perf_counter()
    out = [list(work(batch)) for batch in task]
    return time.perf_counter() - began, out
