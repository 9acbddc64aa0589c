"""Where runs are done: threads, processes, a Dask cluster, or any executor of the user's."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from typing import Any

from gridsim.scenario.errors import ScenarioError

NAMES = ("threads", "processes", "dask")


class ExecutorError(RuntimeError):
    """The executor is gone, or cannot run gridsim: one sentence; what is finished is kept."""


class Pool:
    """An executor and what the dispatcher must know of it.

    Parameters
    ----------
    make : callable
        Makes the executor; called again when it is broken, where ``renewable``.
    jobs : int
        Workers.
    threads : bool
        True if it shares this process's memory.
    own : bool
        True if it is shut down when all is done.
    look : callable, optional
        Raises an error if the executor is gone, called when nothing has come back for a while.
    after : callable, optional
        Called when all is done.

    """

    def __init__(
        self,
        make: Callable[[], Any],
        jobs: int,
        *,
        threads: bool = False,
        own: bool = True,
        renewable: bool = False,
        look: Callable[[], None] | None = None,
        after: Callable[[], None] | None = None,
    ) -> None:
        self.make, self.jobs, self.threads, self.own, self.renewable = make, jobs, threads, own, renewable
        self.look, self.after = look or (lambda: None), after
        self.executor = make()

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """A future of a call."""
        return self.executor.submit(function, *arguments)

    def renew(self, error: BaseException) -> None:
        """A new executor in place of a broken one; raises ExecutorError where there is none to be had."""
        if not self.renewable:
            raise ExecutorError(f"the executor broke and cannot be made anew here: {error!r}") from error
        self.executor.shutdown(wait=False)
        self.executor = self.make()

    def close(self, wait: bool, flying: Iterable[Future[Any]]) -> None:
        """Cancel what has not begun and, if asked, wait for the rest."""
        if self.own:
            self.executor.shutdown(wait=wait, cancel_futures=True)
        else:
            _let_go(list(flying), wait)
        if self.after:
            self.after()


def _let_go(flying: list[Future[Any]], until_done: bool) -> None:
    for future in flying:
        future.cancel()
    if until_done:
        wait(flying)


def pool_of(executor: str | Executor | Any | None, jobs: int | None, most: int, scheduler: str | None = None) -> Pool:
    """The pool for a study.

    Parameters
    ----------
    executor : str, Executor or None
        ``threads`` (default; the engine releases the GIL), ``processes``, ``dask``; or any object whose ``submit``
        returns ``concurrent.futures.Future``, such as ``dask.distributed.Client(…).get_executor(pure=False)`` or
        ``mpi4py.futures.MPIPoolExecutor()``, which is not shut down.
    jobs : int, optional
        Workers; all cores (all workers of the cluster) by default.
    most : int
        Tasks there are: no more threads than that.
    scheduler : str, optional
        Address of a Dask scheduler; a cluster on this machine by default.

    Raises
    ------
    ScenarioError

    """
    cores = jobs or os.cpu_count() or 1
    if executor is None or executor == "threads":
        n = max(1, min(cores, most))
        return Pool(lambda: ThreadPoolExecutor(n), n, threads=True)
    if executor == "processes":
        n = max(1, min(cores, most))
        return Pool(lambda: _processes(n), n, renewable=True)
    if executor == "dask":
        return _dask(jobs, scheduler)
    if isinstance(executor, str):
        raise ScenarioError([f"--executor: no executor {executor!r}; allowed are {', '.join(NAMES)}"])
    if not callable(getattr(executor, "submit", None)):
        raise TypeError(f"executor: needs a method submit that returns futures (got {executor!r})")
    workers = jobs or getattr(executor, "_max_workers", None) or os.cpu_count() or 1
    return Pool(lambda: executor, int(workers), threads=isinstance(executor, ThreadPoolExecutor), own=False)


def _processes(n: int) -> ProcessPoolExecutor:
    """Processes from a server that has no threads (else fresh ones): a fork of ours would copy locks that threads hold.

    The server has gridsim loaded, so that a worker in place of a dead one begins at once.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return ProcessPoolExecutor(n, mp_context=multiprocessing.get_context("spawn"), initializer=_begin_worker)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["gridsim.studies.warm"])
    return ProcessPoolExecutor(n, mp_context=context, initializer=_begin_worker)


def _begin_worker() -> None:
    """A worker leaves Ctrl-C to its parent, and goes when the parent is gone, however that died."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def follow() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _dask(jobs: int | None, scheduler: str | None) -> Pool:
    try:
        from distributed import Client, LocalCluster
    except ImportError:
        raise ScenarioError(['--executor dask: Dask is not installed; pip install "gridsim[cluster]"']) from None
    for name in ("distributed.scheduler", "distributed.nanny", "distributed.worker"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what dies is told by the ledger
    cluster = None
    try:
        if scheduler is None:
            n = jobs or os.cpu_count() or 1
            cluster = LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=None)
        client = Client(cluster or scheduler, timeout=20)
    except OSError as error:
        raise ScenarioError([f"--scheduler: no Dask scheduler answers at {scheduler}: {error}"]) from None

    def look() -> None:
        if client.status != "running":
            raise ExecutorError(f"the Dask scheduler {scheduler or ''} is gone; what is finished is kept")

    def after() -> None:
        client.close()
        if cluster is not None:
            cluster.close()

    workers = jobs or sum(client.nthreads().values()) or 1
    return Pool(lambda: client.get_executor(pure=False), workers, own=False, look=look, after=after)
