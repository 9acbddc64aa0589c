"""Studies that are killed, again and again: nothing finished is lost, and the result is the same to the bit."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from gridsim.scenario.policies import Policy
from gridsim.scenario.scenario import load_scenario
from gridsim.studies.ledger import Ledger
from gridsim.studies.plan import TODAY, Option, Plan
from gridsim.studies.runner import run_study

TINY = load_scenario("neighbourhood", time__warmup_days=5, time__days=10, time__follow_up_days=5)
PLAN = Plan(
    (TINY,),
    (TODAY, Option("more", (Policy(name="more", set={"linkage.rate": 0.9}),))),
    replications=60,
    factors=("linkage.drop",),
    points=((0.3,), (0.6,)),
)
KILLS = 10

# A process with everything loaded and no threads, which makes a process for each order: "executor ledger address".
NEST = """
import os, sys
import distributed
from gridsim.studies import dispatch
from gridsim.studies.runner import run_study
from gridsim.studies.trial import compile_once
compile_once()
dispatch.TASK_SECONDS = 0.02  # so that a kill finds much to do
for line in sys.stdin:
    executor, ledger, address = line.split()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        run_study(None, executor, ledger, 2, scheduler=None if address == "-" else address).close()
        os._exit(0)
    print(pid, flush=True)
    os.waitpid(pid, 0)
    print("gone", flush=True)
"""


@pytest.fixture(scope="module")
def digest():
    return run_study(PLAN).digest()


@pytest.fixture(scope="module")
def nest():
    with subprocess.Popen(
        [sys.executable, "-c", NEST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.stdin.close()


def rows(path: Path) -> dict[tuple, bytes]:
    """Finished runs, read as anybody may while another writes."""
    with sqlite3.connect(path) as db:
        return {
            tuple(r[:6]): r[6]
            for r in db.execute(
                "SELECT scenario, point, option, code, seed, replicate, measures FROM run WHERE status = 'done'"
            )
        }


def begin(nest, executor: str, path: Path, address: str = "-") -> int:
    nest.stdin.write(f"{executor} {path} {address}\n")
    nest.stdin.flush()
    return int(nest.stdout.readline())


def until_more(path: Path, before: int, pid: int) -> None:
    """Wait until something more is finished, or the study is over."""
    while len(rows(path)) <= before and psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie":
        time.sleep(0.002)


def workers_of(pid: int) -> list[int]:
    """Processes that do the runs of a study; the server that forks them, and what watches over them, are not."""
    try:
        below = psutil.Process(pid).children(recursive=True)
        return [p.pid for p in below if p.ppid() != pid and not p.children()]
    except psutil.NoSuchProcess:
        return []


def kill_again_and_again(nest, executor, path, digest, spared=range(KILLS), workers=None, address="-"):
    """Ten kills at random moments; those in ``spared`` are of workers, the others of the study's process."""
    Ledger.write(path, PLAN).close()
    luck, kills, kept = random.Random(os.getpid()), 0, {}
    while kills < KILLS:
        pid = begin(nest, executor, path, address)
        while True:
            until_more(path, len(rows(path)), pid)
            time.sleep(luck.uniform(0, 0.03))
            assert len(rows(path)) < len(PLAN), "choose a longer study: it was over before it was killed"
            if workers is None or kills not in spared:
                break
            if doomed := workers(pid):
                os.kill(luck.choice(doomed), signal.SIGKILL)
                kills += 1
        os.kill(pid, signal.SIGKILL)
        kills += 1
        assert nest.stdout.readline() == "gone\n"
        now = rows(path)
        assert kept.items() <= now.items()  # nothing that was finished is lost, or another
        kept = now
    begin(nest, executor, path, address)
    assert nest.stdout.readline() == "gone\n"
    with Ledger.read(path) as book:
        assert book.counts() == {"done": len(PLAN), "failed": 0, "lost": 0, "missing": 0}
        assert book.digest() == digest


def test_threads(nest, tmp_path, digest):
    kill_again_and_again(nest, "threads", tmp_path / "a.ledger", digest)


def test_processes(nest, tmp_path, digest):
    of_workers = {1, 2, 3, 5, 6, 7}
    kill_again_and_again(nest, "processes", tmp_path / "a.ledger", digest, of_workers, workers_of)


def test_two_dask_workers(nest, tmp_path, digest):
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster) as client,
    ):

        def workers(_: int) -> list[int]:
            return [w.pid for w in cluster.workers.values() if w.pid and psutil.pid_exists(w.pid)]

        assert len(client.nthreads()) == 2
        path = tmp_path / "a.ledger"
        kill_again_and_again(nest, "dask", path, digest, {1, 4, 7}, workers, cluster.scheduler_address)


def test_workers_go_when_their_study_is_killed(nest, tmp_path):
    path = tmp_path / "a.ledger"
    Ledger.write(path, PLAN).close()
    pid = begin(nest, "processes", path)
    until_more(path, 0, pid)
    below = psutil.Process(pid).children(recursive=True)
    os.kill(pid, signal.SIGKILL)
    assert nest.stdout.readline() == "gone\n"
    assert below
    _, alive = psutil.wait_procs(below, timeout=20)
    assert not alive
