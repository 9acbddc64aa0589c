"""Policies compared: the same seeds under every policy, paired differences with intervals and verdicts.

The unit is a city-year replication, paired by seed; cases and grids are never replicates. Tables are
warmed up once a seed and copied to every policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from gridsim.measures import (
    check_patterns,
    held_against,
    measure_windows,
    whole_first_window,
    window_name,
)
from gridsim.measures.curves import curves
from gridsim.measures.groups import Baseline
from gridsim.measures.load import load
from gridsim.measures.territory import by_grid, grid_register, joint_handling
from gridsim.model.cases import measured_columns
from gridsim.model.changes import Intervention, described
from gridsim.model.city import City
from gridsim.model.own_rule import OwnRule
from gridsim.model.world import World
from gridsim.scenario.policies import BASELINE, Option, Phase, Policy, builtin_policies, parse_options
from gridsim.scenario.scenario import Scenario, load_scenario
from gridsim.scenario.windows import windows
from gridsim.studies.dispatch import Landed, dispatch
from gridsim.studies.executors import pool_of
from gridsim.studies.groups import judge_groups, mean_load
from gridsim.studies.judge import judge
from gridsim.studies.outlay import outlays
from gridsim.studies.paired import CONFIDENCE
from gridsim.studies.precision import LOOKS, Precision, Reached, look
from gridsim.studies.ranking import ranked
from gridsim.studies.territory import grid_effects
from gridsim.studies.vary import Draws, varied_keys

DAILY = (
    "open",
    "latent",
    "stalled",
    "arisen",
    "lapsed",
    "valid_patrol",
    "valid_residents",
    "resolved",
    "closed_formally",
    "case_days",
)


class Run(NamedTuple):
    """What is kept of one run; its tables are let go."""

    option: str
    replicate: int
    measures: dict[tuple[int, int], dict[str, float]]
    daily: np.ndarray
    groups: pd.DataFrame
    load: pd.DataFrame
    curves: pd.DataFrame
    grids: np.ndarray
    joint: pd.DataFrame


@dataclass(frozen=True, repr=False)
class Comparison:
    """Result of :func:`compare`.

    Attributes
    ----------
    table : DataFrame
        One row per policy, measure and window: ``policy, measure, unit, baseline, value, difference, ci_low, ci_high,
        replications, verdict, window, p_adjusted``. Differences are policy − baseline, intervals are paired 95 %.
    runs : DataFrame
        One row per replication, policy and window, a column per measure.
    daily : DataFrame
        One row per replication, policy and day.
    costs : DataFrame
        Gross yearly and one-off outlay, both as outlay a year, yearly and one-off savings, running cost, case-days
        saved a year and the cost of one, of each policy, in yuan.
    groups : DataFrame
        Time to resolution by group of cases, paired differences, and shares of the same cases resolved sooner or later.
    load : DataFrame
        Utilisation and queues of departments and communities, baseline included, means over replications.
    curves : DataFrame
        Share of cases still unresolved by days since report, per policy, replication and window, baseline included.
    grids, register : DataFrame
        Cases, time and backlog of every grid under every policy, and the grids themselves, in the headline window.
    joint : DataFrame
        Cases that departments of two fields worked on together, mean over replications, headline window.
    ranking : DataFrame
        Today and all options in order, with the probability of being best (see ``studies.ranking``).
    precision : Reached or None
        What came of the wish for precise differences; intervals then allow for the looks.
    asked : int
        Replications asked for; fewer are finished when it was interrupted.
    own_code : tuple of dict
        Interventions and rule under which every option was run: kind, as written, file and its SHA-256.
    draws : DataFrame or None
        With ``vary``, the parameters of each replication, and whether its baseline meets the patterns.
    equal_cost, dominance : DataFrame or None
        At equal cost: how each option was scaled to the budget and what may be said of it (``studies.equal_cost``), and
        every pair of options held against each other (``studies.dominance``).

    """

    scenario: Scenario
    options: tuple[Option, ...]
    seed: int
    asked: int
    finished: tuple[int, ...]
    table: pd.DataFrame
    runs: pd.DataFrame
    daily: pd.DataFrame
    costs: pd.DataFrame
    groups: pd.DataFrame = field(default_factory=pd.DataFrame)
    load: pd.DataFrame = field(default_factory=pd.DataFrame)
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    grids: pd.DataFrame = field(default_factory=pd.DataFrame)
    register: pd.DataFrame = field(default_factory=pd.DataFrame)
    joint: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = field(default=())
    draws: pd.DataFrame | None = None
    ranking: pd.DataFrame = field(default_factory=pd.DataFrame)
    precision: Reached | None = None
    equal_cost: pd.DataFrame | None = None
    dominance: pd.DataFrame | None = None
    own_code: tuple[dict[str, str], ...] = ()

    @property
    def interrupted(self) -> bool:
        """True when fewer replications are finished than were asked for."""
        return len(self.finished) < self.asked

    @property
    def headline(self) -> str:
        """The window in which the primary outcomes are judged: the last one, when policies have settled."""
        return str(self.table.window.iloc[-1])

    def __repr__(self) -> str:
        names = ", ".join(o.name for o in self.options)
        return f"<Comparison {self.scenario.name!r}: {names}; {len(self.finished)} replications, seed {self.seed}>"

    def row(self, policy: str, measure: str, window: str | None = None) -> pd.Series:
        """One row of the table."""
        t = self.table
        pick = t[(t.policy == policy) & (t.measure == measure) & (t.window == (window or self.headline))]
        if pick.empty:
            raise KeyError(f"no row for policy {policy!r}, measure {measure!r}, window {window or self.headline!r}")
        return pick.iloc[0]


def compare(
    scenario: str | Path | Scenario = "neighbourhood",
    policies: str | Sequence[str | Option] | None = None,
    *,
    replications: int = 20,
    seed: int = 1,
    days: int | None = None,
    jobs: int | None = None,
    known: Mapping[str, Policy] | None = None,
    vary: bool | str | Sequence[str] = False,
    until: Precision | None = None,
    interventions: Sequence[Intervention] = (),
    rule: OwnRule | Callable[[Any, int], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
    stopping: Callable[[], None] | None = None,
) -> Comparison:
    """Compare policies with the baseline on the same cases.

    Parameters
    ----------
    scenario : str, Path or Scenario
    policies : str or list of str or Option, optional
        ``"a,b+c"``; by default every known policy alone and all together.
    replications : int
        City-year replications, each under every policy.
    seed : int
        Key of all draws; replication r uses (seed, r).
    days : int, optional
        Days measured, instead of the scenario's.
    jobs : int, optional
        Threads; all cores by default. Results do not depend on it.
    known : mapping, optional
        Policies by name; the built-in ones by default.
    vary : bool, str or list of str
        True draws every open parameter from its range, anew in each replication; a string or list names the sections
        or keys to draw (see ``studies.vary``).
    until : Precision, optional
        Go on after ``replications`` until differences are that precise (see ``studies.precision``).
    interventions : sequence of Intervention
        Called in every run, the baseline's too, each with a copy of its own, from the warm-up on (see
        ``model.changes``). What they cost is not counted.
    rule : OwnRule or function, optional
        Called by the engine once a day in every run, the baseline's too (see ``model.own_rule``).
    progress : callable, optional
        Called with (runs done, runs in all).
    stopping : callable, optional
        Called on Ctrl-C, before the runs in progress are waited for.

    Returns
    -------
    Comparison
        On Ctrl-C with the replications finished so far, if any; on a second one without waiting for those in progress.

    Raises
    ------
    ScenarioError
        For an unusable scenario or policy, with every error at once.

    """
    base = load_scenario(scenario)
    check_patterns(base)
    if days is not None:
        base = base.replace({"time.days": days}, where="--days")
    options = parse_options(policies, builtin_policies() if known is None else known, base)
    if not options:
        raise ValueError("policies: name at least one policy to compare with the baseline")
    everyone = [Option(BASELINE, ()), *options]
    for name, value in (("replications", replications), ("jobs", 1 if jobs is None else jobs)):
        if not isinstance(value, int) or value < 1:
            raise ValueError(f"{name}: must be a whole number, 1 or more (got {value!r})")
    city = City(base)

    def changed(world: World) -> World:
        return world.with_interventions(interventions).with_rule(rule)

    trial = changed(World(base, city))  # a policy that this city cannot take is refused before anything runs
    for phase in (p for option in options for p in option.phases(base)):
        trial.enforce(phase.scenario)
    draws = None if vary is False else Draws(base, varied_keys(None if vary is True else vary), seed, everyone)
    as_stated = (base, city, {o.name: o.phases(base) for o in everyone})
    setting = draws.setting if draws else lambda _: as_stated

    def replicated(replicates: range) -> dict[tuple[int, str], Run]:
        return _replicate_all(setting, everyone, seed, replicates, jobs, progress, stopping, changed)

    runs, asked, reached = _until_precise(replicated, everyone, base, seed, replications, until)
    done = _whole(runs, asked, everyone)
    kept = [runs[r, o.name] for r in done for o in everyone]
    names = [o.name for o in options]
    confidence = CONFIDENCE if until is None else until.confidence
    frame, register = _runs_frame(kept, seed), grid_register(city)
    table = judge(frame, names, base, confidence)
    drawn = draws.frame({r: _meets(base, runs[r, BASELINE]) for r in done}) if draws else None
    if drawn is not None and (drawn.meets_patterns == True).sum() < 0.5 * len(done):  # noqa: E712 (None: not known)
        table.loc[table.verdict.isin(("better", "worse")), "verdict"] = "not judged"  # cities unlike this one
    return Comparison(
        scenario=base,
        options=tuple(options),
        seed=seed,
        asked=asked,
        finished=done,
        table=table,
        runs=frame,
        daily=_daily_frame(kept),
        costs=outlays(options, city, base, table),
        groups=judge_groups(_told(kept, "groups"), names, base),
        load=mean_load(_told(kept, "load")),
        curves=_told(kept, "curves")[["policy", "replicate", "window", "day", "unresolved"]],
        grids=grid_effects({o.name: [runs[r, o.name].grids for r in done] for o in everyone}, list(register.grid)),
        register=register,
        joint=_told(kept, "joint").groupby(["policy", "one", "other"], sort=False)["cases"].mean().reset_index(),
        notes=conflicts(options),
        draws=drawn,
        ranking=ranked(frame, names, seed, confidence),
        precision=reached,
        own_code=described(interventions, rule),
    )


def _until_precise(
    replicated: Callable[[range], dict[tuple[int, str], Run]],
    everyone: list[Option],
    base: Scenario,
    seed: int,
    replications: int,
    until: Precision | None,
) -> tuple[dict[tuple[int, str], Run], int, Reached | None]:
    """Runs by (replicate, option), replications asked for in all, and what came of the wish for precision."""
    names = [o.name for o in everyone]
    runs: dict[tuple[int, str], Run] = {}
    met, begun, asked, looks = False, 0, replications, 0
    while True:
        runs |= replicated(range(begun, asked))
        done = _whole(runs, asked, everyone)
        if not done:
            raise KeyboardInterrupt
        if until is None or len(done) < asked:
            break
        looks += 1
        found = look(until, _runs_frame([runs[r, n] for r in done for n in names], seed), names[1:], base, looks)
        met = found.reached
        if met or asked >= until.most or looks == LOOKS:
            break
        begun, asked = asked, found.after
    return runs, asked, Reached(until.relative, until.most, looks, met) if until else None


def _whole(runs: dict[tuple[int, str], Run], asked: int, everyone: list[Option]) -> tuple[int, ...]:
    """Replications that are finished under every option."""
    return tuple(r for r in range(asked) if all((r, o.name) in runs for o in everyone))


def _meets(base: Scenario, run: Run) -> bool | None:
    """Whether a baseline run meets every pattern; None where there are none, or the run is too short for them."""
    if not base.patterns or not whole_first_window(base):
        return None
    return bool(held_against(base, [run.measures]).met.all())


def _replicate_all(
    setting: Callable[[int], tuple[Scenario, City, dict[str, list[Phase]]]],
    options: list[Option],
    seed: int,
    replicates: range,
    jobs: int | None,
    progress: Callable[[int, int], None] | None,
    stopping: Callable[[], None] | None,
    changed: Callable[[World], World],
) -> dict[tuple[int, str], Run]:
    """All runs that finished, by (replicate, option); on Ctrl-C those in progress too, on a second one without them."""
    runs: dict[tuple[int, str], Run] = {}
    told = replicates.start * len(options)

    def replicate(r: int) -> Iterator[Run]:
        own, town, phases = setting(r)
        warm = changed(World(own, town, seed, r)).warm_up()
        baseline: Baseline | None = None  # the first option
        for option in options:
            world = warm.copy().under(phases[option.name]).run()
            columns = measured_columns(world.cases)
            baseline = baseline or Baseline(world, columns)
            yield _kept(world, columns, option.name, baseline)

    def count(_: Run) -> None:
        nonlocal told
        told += 1
        if progress:
            progress(told, replicates.stop * len(options))

    def received(landed: Landed) -> None:
        runs.update({(run.replicate, run.option): run for _, done in landed for run in done})

    pool = pool_of("threads", jobs, len(replicates))
    dispatch(iter(replicates), replicate, received, pool=pool, told=count, stopping=stopping)
    return runs


def _kept(world: World, columns: dict[str, np.ndarray], option: str, baseline: Baseline) -> Run:
    """What is kept of a finished world."""
    days = world.days[world.days.day >= 0]
    last = windows(world.scenario)[-1]
    return Run(
        option=option,
        replicate=world.replicate,
        measures=measure_windows(world, columns),
        daily=np.array([days.day, *(days[c] for c in DAILY)], dtype=float).T,
        groups=baseline.groups(world, columns),
        load=load(world),
        curves=curves(world, columns),
        grids=by_grid(world, columns, last),
        joint=joint_handling(world, last),
    )


def _runs_frame(runs: list[Run], seed: int) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"policy": run.option, "replicate": run.replicate, "seed": seed, "window": window_name(w), **values}
            for run in runs
            for w, values in run.measures.items()
        ]
    )


def _daily_frame(runs: list[Run]) -> pd.DataFrame:
    frames = []
    for run in runs:
        f = pd.DataFrame(run.daily, columns=["day", *DAILY])
        whole = [c for c in f.columns if c != "case_days"]
        f[whole] = f[whole].astype("int64")
        f.insert(0, "replicate", run.replicate)
        f.insert(0, "policy", run.option)
        frames.append(f)
    return pd.concat(frames, ignore_index=True)


def _told(runs: list[Run], name: str) -> pd.DataFrame:
    """The frames of all runs, with their policy and replicate."""
    return pd.concat([getattr(r, name).assign(policy=r.option, replicate=r.replicate) for r in runs], ignore_index=True)


def conflicts(options: Sequence[Option]) -> tuple[str, ...]:
    """Policies of a stack that set the same lever to different values, one line a pair."""
    notes = []
    for o in options:
        for i, a in enumerate(o.policies):
            for b in o.policies[i + 1 :]:
                both = sorted(k for k in a.set.keys() & b.set.keys() if a.set[k] != b.set[k])
                if both:
                    notes.append(f"{a.name}, {b.name}: {', '.join(both)}")
    return tuple(notes)
