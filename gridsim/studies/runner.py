"""``run_study``: all runs of a plan, on any executor, into a ledger; what is in the ledger already is not run again."""

from __future__ import annotations

import itertools
import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from gridsim.studies.dispatch import Landed, dispatch
from gridsim.studies.executors import ExecutorError, pool_of
from gridsim.studies.ledger import Ledger
from gridsim.studies.plan import Batch, Plan
from gridsim.studies.trial import FAILED, LOST, Row, Trial, compile_once, rows_of
from gridsim.studies.versions import results_hash


@dataclass
class Estimate:
    """How long what is left will take, told by the runs so far.

    Attributes
    ----------
    runs : int
        Runs left.
    seconds_each : float
        Processor seconds of a run, its part of the warm-up included.
    seconds : float
        Wall-clock seconds left.
    jobs : int
        Runs at a time.

    """

    runs: int
    seconds_each: float
    seconds: float
    jobs: int


def run_study(
    plan: Plan | None,
    executor: Any = None,
    ledger: str | Path | Ledger | None = None,
    jobs: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    scheduler: str | None = None,
    estimated: Callable[[Estimate], None] | None = None,
    stopping: Callable[[], None] | None = None,
    most: int | None = None,
    retry_failed: bool = False,
) -> Ledger:
    """Run what is missing of a study.

    Parameters
    ----------
    plan : Plan or None
        None takes the plan of the ledger. How a design's points map to runs: see ``studies.plan``.
    executor : str or Executor, optional
        ``threads`` (default), ``processes``, ``dask``, or any object whose ``submit`` returns futures
        (see ``studies.executors.pool_of``).
    ledger : path or Ledger, optional
        File that keeps the runs, made if need be; by default they are kept in memory only.
    jobs : int, optional
        Workers; all cores by default. Results depend neither on it nor on the executor.
    progress : callable, optional
        Called with (runs finished, runs in all), those finished earlier included.
    scheduler : str, optional
        Address of a Dask scheduler.
    estimated : callable, optional
        Called once, after the first batch, with an :class:`Estimate` of the rest.
    stopping : callable, optional
        Called on Ctrl-C before the batches at work are waited for; a second Ctrl-C does not wait.
    most : int, optional
        Stop after about this many batches: the rest is for another sitting.
    retry_failed : bool
        Run those that failed again; those lost with their worker are always run again.

    Returns
    -------
    Ledger
        Open; ``frame()`` has the results, ``counts()`` says what is missing after Ctrl-C. A run that failed is a row
        with its traceback.

    Raises
    ------
    ScenarioError
        For a ledger of another study, of another version, or in use.
    ExecutorError
        If workers are of another version, or the executor cannot run gridsim at all.

    """
    book = ledger if isinstance(ledger, Ledger) else Ledger.write(ledger, plan)
    again = (LOST, FAILED) if retry_failed else (LOST,)
    left = sum(len(batch.options) for batch in book.missing(again))
    if not left:
        return book
    compile_once()
    pool = pool_of(executor, jobs, -(-left // len(book.plan.options)), scheduler)
    trial = Trial(book.plan)
    told = _Told(left, book.plan, pool.jobs, progress, estimated)
    batches = itertools.islice(book.missing(again), most)
    dispatch(
        batches,
        partial(rows_of, trial if pool.threads else pickle.dumps(trial)),
        partial(_record, book),
        pool=pool,
        told=told,
        lost=partial(_lose, book, told),
        stopping=stopping,
    )
    return book


class _Told:
    """Counts finished runs and passes it on; estimates the rest after the first batch."""

    def __init__(self, left: int, plan: Plan, jobs: int, progress: Any, estimated: Any) -> None:
        self.left, self.total, self.jobs, self.progress, self.estimated = left, len(plan), jobs, progress, estimated
        self.begun, self.seconds, self.batch = left, 0.0, len(plan.options)

    def __call__(self, row: Row) -> None:
        self.left = max(0, self.left - 1)
        self.seconds += row.seconds
        if self.progress:
            self.progress(self.total - self.left, self.total)
        if self.estimated and self.begun - self.left >= self.batch:  # a warm-up and all that share it
            each = self.seconds / (self.begun - self.left)
            self.estimated(Estimate(self.left, each, self.left * each / self.jobs, self.jobs))
            self.estimated = None


def _record(book: Ledger, landed: Landed) -> None:
    """Rows of finished batches, into the ledger; those of a worker of another version end the study."""
    rows = [(batch, row) for batch, results in landed for row in results]
    if other := next((row.engine for _, row in rows if row.engine != results_hash()), None):
        raise ExecutorError(
            f"a worker has another version of gridsim ({other}; this one is {results_hash()}): install the same "
            "everywhere; nothing of it was kept"
        )
    book.record(rows)


def _lose(book: Ledger, told: Callable[[Row], None], batch: Batch, error: BaseException) -> None:
    text = "".join(traceback.format_exception(error))
    rows = [Row(k, LOST, float("nan"), b"", text, results_hash()) for k in batch.options]
    book.record([(batch, row) for row in rows])
    for row in rows:
        told(row)
