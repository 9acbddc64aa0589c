"""The ladder between two configurations: what each of their components adds alone, last, and in fair shares.

A component is one dimension, switched from the first configuration's policy to the second's. Every coalition of them is
run on the same cases, from the same warmed-up state; a share is computed inside each replication from the values of its
coalitions, so that shares have a paired mean and interval and sum to the whole difference.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field

import pandas as pd

from gridsim.measures import check_patterns, measure_windows, window_name
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.policies import Option, Policy, builtin_policies
from gridsim.scenario.scenario import Scenario, load_scenario
from gridsim.studies.ladder_plan import Plan, distinct_options, plan_ladder
from gridsim.studies.ladder_table import MEASURED, continuum_table, ladder_table

Outcomes = list[dict[str, object]]  # a row a run and window: its measures
Work = list[tuple[list[Option], dict[str, str]]]  # by replication: the options that differ, and which one each equals


@dataclass(frozen=True, repr=False)
class Ladder:
    """Result of :func:`ladder`.

    Attributes
    ----------
    runs : DataFrame
        One row per replication, run and window, a column per measure; ``run`` is "baseline", a coalition (a 0 or 1 for
        each component, in order) or a step "g=0.25".
    table : DataFrame
        Tidy: ``measure, unit, window, component, origin, kind, start, difference, ci_low, ci_high, n, p_adjusted,
        verdict, sampling_se``; kinds whole, alone, left_out, shapley, interaction, and first / second against today.
    continuum : DataFrame or None
        Outcome along the way from the first to the second.
    outlay : dict
        Gross yearly and one-off outlay, and savings, of both configurations in yuan.

    """

    plan: Plan
    asked: int
    finished: tuple[int, ...]
    runs: pd.DataFrame
    table: pd.DataFrame
    continuum: pd.DataFrame | None = None
    outlay: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def interrupted(self) -> bool:
        """True when fewer replications are finished than were asked for."""
        return len(self.finished) < self.asked

    @property
    def headline(self) -> str:
        """The window that is judged: the last one, when policies have settled."""
        return str(self.table.window.iloc[-1])

    def __repr__(self) -> str:
        p, n = self.plan, len(self.finished)
        return f"<Ladder {p.base.name!r}: {p.first.name} → {p.second.name}; {p.size} components, {n} replications>"

    def row(self, kind: str, measure: str, component: str = "", window: str | None = None) -> pd.Series:
        """One row of the table."""
        t = self.table
        pick = (t.kind == kind) & (t.measure == measure) & (t.component == component)
        found = t[pick & (t.window == (window or self.headline))]
        if found.empty:
            raise KeyError(f"no row of kind {kind!r}, measure {measure!r}, component {component!r}")
        return found.iloc[0]


def ladder(
    scenario: str | Scenario,
    first: str = "management",
    second: str = "good-governance",
    *,
    known: Mapping[str, Policy] | None = None,
    replications: int = 10,
    seed: int = 1,
    days: int | None = None,
    jobs: int | None = None,
    steps: int | None = None,
    estimated: Callable[[int, float, int], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
    stopping: Callable[[], None] | None = None,
) -> Ladder:
    """Take the difference between two configurations apart, component by component, on the same cases.

    Parameters
    ----------
    scenario : str, Path or Scenario
    first, second : str
        A configuration, a policy, a stack of them (``a+b``), or "baseline".
    known : mapping, optional
        Policies by name; the built-in ones by default.
    replications, seed, days, jobs
        As in :func:`~gridsim.studies.comparison.compare`.
    steps : int, optional
        Run also the continuum between the two, in this many steps.
    estimated : callable, optional
        Told (runs, seconds expected in all, threads) before anything else runs; the first run is timed for it.
    progress : callable, optional
        Told (runs done, runs in all).
    stopping : callable, optional
        Called on Ctrl-C, while the runs in progress are waited for.

    Returns
    -------
    Ladder
        On Ctrl-C with the replications that are finished, if any.

    Raises
    ------
    ScenarioError
        For an unusable scenario or policy, with every error at once.

    """
    base = load_scenario(scenario)
    check_patterns(base)
    if days is not None:
        base = base.replace({"time.days": days}, where="--days")
    plan = plan_ladder(base, first, second, builtin_policies() if known is None else known, seed, steps)
    city = City(base)
    threads = max(1, min(jobs or os.cpu_count() or 1, replications))
    work: Work = [distinct_options(plan, r) for r in range(replications)]
    trial = World(base, city)  # what this city cannot take is refused before anything runs
    every = {o.name: o for distinct, _ in work for o in distinct}
    for phase in (p for o in every.values() for p in plan.phases(o)):
        trial.enforce(phase.scenario)
    total = sum(len(distinct) for distinct, _ in work)
    if estimated:
        estimated(total, _seconds(plan, city, work) / threads, threads)
    rows = _run_all(plan, city, work, threads, progress, stopping)
    done = tuple(sorted(rows))
    if not done:
        raise KeyboardInterrupt
    runs = pd.DataFrame([row for r in done for row in rows[r]])
    ends = {o.name: _outlay(o, city, base) for o in (plan.first, plan.second)}
    return Ladder(
        plan,
        replications,
        done,
        runs,
        ladder_table(plan, runs),
        continuum_table(plan, runs) if plan.steps else None,
        ends,
    )


def _outcomes(plan: Plan, city: City, replicate: int, options: Sequence[Option], after: Callable[[], bool]) -> Outcomes:
    """Run options on one replication, from one warmed-up state: a row a run and window, in their order.

    ``after`` is called after each run; where it says True, the rest is left.
    """
    warm = World(plan.base, city, plan.seed, replicate).warm_up()
    rows: Outcomes = []
    for option in options:
        world = warm.copy().under(plan.phases(option)).run()
        for window, found in measure_windows(world).items():
            where = {"replicate": replicate, "run": option.name, "window": window_name(window)}
            rows.append(where | {key: found[key] for key in MEASURED})
        if after():
            break
    return rows


def _seconds(plan: Plan, city: City, work: Work) -> float:
    """Processor time expected for all runs: today's of the first replication, run once to compile and once to time."""
    today = work[0][0][:1]
    _outcomes(plan, city, 0, today, lambda: False)
    begun = time.perf_counter()
    warm = World(plan.base, city, plan.seed, 0).warm_up()
    warmed = time.perf_counter()
    measure_windows(warm.under(plan.phases(today[0])).run())
    one = time.perf_counter() - warmed
    return (warmed - begun) * len(work) + one * sum(len(distinct) for distinct, _ in work)


def _run_all(
    plan: Plan,
    city: City,
    work: Work,
    threads: int,
    progress: Callable[[int, int], None] | None,
    stopping: Callable[[], None] | None,
) -> dict[int, Outcomes]:
    """The rows of every replication that is finished, copies for the runs that equal another one."""
    stop, lock = threading.Event(), threading.Lock()
    total, count = sum(len(distinct) for distinct, _ in work), 0
    done: dict[int, Outcomes] = {}

    def after() -> bool:
        nonlocal count
        with lock:
            count += 1
            if progress and not stop.is_set():
                progress(count, total)
        return stop.is_set()

    def replicate(r: int) -> None:
        distinct, like = work[r]
        if stop.is_set():
            return
        rows = _outcomes(plan, city, r, distinct, after)
        by_run: dict[str, Outcomes] = {}
        for row in rows:
            by_run.setdefault(str(row["run"]), []).append(row)
        if len(by_run) == len(distinct):
            whole = [{**row, "run": name} for name, same in like.items() for row in by_run[same]]
            with lock:
                done[r] = whole

    pool = ThreadPoolExecutor(threads)
    futures = [pool.submit(replicate, r) for r in range(len(work))]
    try:
        for future in as_completed(futures):
            future.result()
    except KeyboardInterrupt:
        stop.set()
        with contextlib.suppress(KeyboardInterrupt):  # a second one: what is in progress is not waited for
            if stopping:
                stopping()
            pool.shutdown(wait=True, cancel_futures=True)
    except BaseException:
        stop.set()
        raise
    finally:
        pool.shutdown(wait=not stop.is_set(), cancel_futures=True)
    with lock:
        return dict(done)


def _outlay(option: Option, city: City, base: Scenario) -> dict[str, float]:
    return option.outlay(city.counts(option.phases(base)[-1].scenario, base), base.costs)
