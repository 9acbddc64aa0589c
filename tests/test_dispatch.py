"""Batches over any executor: nothing is lost with a worker, nothing runs twice unasked, little is in flight."""

import os
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from gridsim.scenario.errors import ScenarioError
from gridsim.studies.dispatch import AHEAD, dispatch
from gridsim.studies.executors import pool_of


def double(batch):
    yield 2 * batch
    yield 2 * batch + 1


def poison(batch):
    """A batch that kills its worker, whenever it is tried."""
    if batch == 5:
        os._exit(1)
    yield batch


def once(batch):
    """A worker that dies once: the mark says that it has."""
    number, mark = batch
    if number == 5 and not os.path.exists(mark):
        open(mark, "w").close()
        os._exit(1)
    yield number


def hopeless(batch):
    os._exit(1)
    yield


def gathered(work, batches, **options):
    found, told, lost = {}, [], []
    whole = dispatch(
        iter(batches),
        work,
        lambda landed: found.update(landed),
        told=told.append,
        lost=lambda batch, error: lost.append(batch),
        **options,
    )
    return whole, found, told, lost


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_every_batch_once_with_its_own_results(executor):
    whole, found, told, lost = gathered(double, range(40), pool=pool_of(executor, 2, 40))
    assert whole and not lost
    assert found == {k: [2 * k, 2 * k + 1] for k in range(40)}
    assert sorted(told) == list(range(80))


def test_a_batch_that_kills_its_worker_costs_only_itself():
    whole, found, _, lost = gathered(poison, range(20), pool=pool_of("processes", 2, 20))
    assert whole and lost == [5]
    assert sorted(found) == [k for k in range(20) if k != 5]


def test_a_worker_that_dies_once_costs_nothing(tmp_path):
    batches = [(k, str(tmp_path / "died")) for k in range(20)]
    whole, found, _, lost = gathered(once, batches, pool=pool_of("processes", 2, 20))
    assert whole and not lost
    assert sorted(number for (number, _) in found) == list(range(20))


def test_an_executor_that_can_run_nothing_is_told():
    with pytest.raises(RuntimeError, match="cannot run gridsim"):
        gathered(hopeless, range(20), pool=pool_of("processes", 2, 20))


def test_an_error_in_a_thread_ends_everything():
    def wrong(batch):
        yield 1 / (batch - 3)

    with pytest.raises(ZeroDivisionError):
        gathered(wrong, range(10), pool=pool_of("threads", 2, 10))


def test_few_batches_are_drawn_ahead():
    drawn, landed, most = [], [], []

    def batches():
        for k in range(200):
            drawn.append(k)
            most.append(len(drawn) - len(landed))
            yield k

    dispatch(batches(), double, landed.extend, pool=pool_of("threads", 2, 200))
    assert len(landed) == 200 and max(most) <= AHEAD * 2


class Stepwise:
    """An executor that is no class of ours or of Python's: only submit, futures, nothing else."""

    def __init__(self):
        self.calls = 0

    def submit(self, function, *arguments):
        self.calls += 1
        future = Future()
        future.set_result(function(*arguments))
        return future


def test_any_executor_with_submit():
    mine = Stepwise()
    whole, found, _, _ = gathered(double, range(100), pool=pool_of(mine, 2, 100))
    assert whole and len(found) == 100
    assert mine.calls < 50  # short batches travel together
    with pytest.raises(TypeError, match="needs a method submit"):
        pool_of(object(), 1, 1)
    with pytest.raises(ScenarioError, match="allowed are threads, processes, dask"):
        pool_of("thread", 1, 1)


def test_an_executor_of_the_users_is_not_shut_down():
    with ThreadPoolExecutor(2) as mine:
        gathered(double, range(4), pool=pool_of(mine, None, 4))
        assert mine.submit(int, "7").result() == 7


def test_interrupt_keeps_what_is_finished_and_says_so():
    def slow(batch):
        time.sleep(0.01)
        yield batch

    found = {}

    def interrupt(_):
        if len(found) >= 3:
            raise KeyboardInterrupt

    whole = dispatch(iter(range(1000)), slow, found.update, pool=pool_of("threads", 2, 1000), told=interrupt)
    assert not whole and 3 <= len(found) < 20
