"""What runner and ledger cost beside the runs themselves, and whether memory stays flat: prints the numbers.

    python experiments/overhead.py [RUNS]

Bounds: at most 5 % for runs of 50 ms or more, at most 1 ms a run below; memory flat over RUNS (100,000) runs of a tiny
city. The bare loop does what a worker does (warm-up, copy, run, measures) with one thread and nothing around it; the
runner gets one thread too. Processor time says the same where other work shares the machine.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path

from gridsim.measures import measure_windows
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.policies import builtin_policies, parse_options
from gridsim.scenario.scenario import Scenario, load_scenario
from gridsim.studies.plan import TODAY, Plan
from gridsim.studies.runner import run_study
from gridsim.studies.trial import compile_once

SHORT = {"time__warmup_days": 1, "time__days": 1, "time__follow_up_days": 1}
CASES = (
    ("1 day of a queue", load_scenario("verification/erlang-c", **SHORT), 200),
    ("3 days of a neighbourhood", load_scenario("neighbourhood", **SHORT), 150),
    ("two years of a neighbourhood", load_scenario("neighbourhood"), 12),
    ("two years of a district", load_scenario("district"), 4),
)


def bare(plan: Plan) -> tuple[float, float]:
    """Seconds of the runs alone: on the clock, and of the processor."""
    began = time.perf_counter(), time.process_time()
    scenario = plan.scenarios[0]
    city, phases = City(scenario), [o.phases(scenario) for o in plan.options]
    for r in range(plan.replications):
        warm = World(scenario, city, plan.seed, r).warm_up()
        for phase in phases:
            measure_windows(warm.copy().under(phase).run())
    return time.perf_counter() - began[0], time.process_time() - began[1]


def kept(plan: Plan) -> tuple[float, float]:
    """The same of the study, with a ledger on disk."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter(), time.process_time()
        run_study(plan, "threads", Path(folder) / "study.ledger", 1).close()
        return time.perf_counter() - began[0], time.process_time() - began[1]


def plan_of(scenario: Scenario, replications: int) -> Plan:
    options = parse_options(["patrol-random"], builtin_policies(), scenario)
    return Plan((scenario,), (TODAY, *options), replications)


def memory() -> float:
    """Memory in use, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def main(runs: int) -> None:
    compile_once()
    print(f"{'milliseconds a run, one thread':32s}{'clock':>24s}{'processor':>34s}")
    print(f"{'(best of 3)':32s}" + 2 * f"{'bare':>9s}{'study':>9s}{'more':>8s}{'%':>8s}")
    for name, scenario, replications in CASES:
        plan = plan_of(scenario, replications)
        alone, ours = (
            [min(x) / len(plan) * 1e3 for x in zip(*(f(plan) for _ in range(3)), strict=True)] for f in (bare, kept)
        )
        cells = [f"{a:9.2f}{b:9.2f}{b - a:8.2f}{100 * (b / a - 1):8.1f}" for a, b in zip(alone, ours, strict=True)]
        print(f"{name:32s}" + "".join(cells), flush=True)

    tiny = plan_of(CASES[0][1], runs // 2)
    seen: list[float] = []

    def progress(done: int, total: int) -> None:
        if done % max(1, total // 10) == 0:
            seen.append(memory())
            print(f"{done:9,} of {total:,} runs: {seen[-1]:.1f} MB", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.ledger"
        began = time.perf_counter()
        run_study(tiny, None, path, 2, progress).close()
        seconds = time.perf_counter() - began
        size = path.stat().st_size / 1e6
    print(
        f"{len(tiny):,} runs in {seconds:.0f} s, ledger {size:.1f} MB; "
        f"memory {seen[-1] - seen[0]:+.1f} MB over the last 90 %"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
