"""One case in two worlds: the same incident followed step by step, and which step made the difference."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridsim.measures.groups import same_incidents
from gridsim.measures.territory import tier_names
from gridsim.model import story as st
from gridsim.model.cases import CHANNELS, RESOLVED, SELF_RESOLVED
from gridsim.model.changes import Intervention
from gridsim.model.experts import FIELDS
from gridsim.model.own_rule import OwnRule
from gridsim.model.settings import EXPERT_FIELDS
from gridsim.model.world import World
from gridsim.scenario.policies import BASELINE, Option, Phase, Policy, builtin_policies, parse_options
from gridsim.scenario.scenario import Scenario, ScenarioError, load_scenario
from gridsim.scenario.windows import windows
from gridsim.studies.comparison import Comparison

# What an incident waits for, or who works on it; in the order of its way.
PHASES = (
    "unnoticed",
    "sent_back",
    "disputed",
    "climbing",
    "grid_queue",
    "grid_work",
    "handover",
    "expert_queue",
    "expert_work",
    "report_in",
    "referral",
    "stalled",
    "department_queue",
    "department_work",
    "department_wait",
    "on_paper",
)
# The phase that a step begins; steps that are not here begin none.
BEGINS = {
    "rejected": "unnoticed",
    "sent_back": "sent_back",
    "disputed": "disputed",
    "climbs": "climbing",
    "queues_at_grid": "grid_queue",
    "worker_begins": "grid_work",
    "attempt_failed": "grid_queue",
    "handed_over": "handover",
    "queues_at_expert": "expert_queue",
    "expert_begins": "expert_work",
    "expert_failed": "expert_queue",
    "reports_in": "report_in",
    "referred_to": "referral",
    "lies_stalled": "stalled",
    "queues_at_department": "department_queue",
    "team_begins": "department_work",
    "team_is_done": "department_wait",
    "closed_on_paper": "on_paper",
}
COLUMNS = ["time", "step", "unit", "part", "amount", "decides"]
WORKERS = (st.WORKER_BEGINS, st.ATTEMPT_FAILED, st.ATTEMPT_WORKED)
EXPERTS = (st.EXPERT_BEGINS, st.EXPERT_FAILED, st.EXPERT_WORKED)
LINES = (st.HANDED_OVER, st.QUEUES_AT_EXPERT)
IN_DEPARTMENTS = (
    st.REPORTS_IN,
    st.REFERRED_TO,
    st.LIES_STALLED,
    st.TAKEN_UP_AGAIN,
    st.QUEUES_AT_DEPARTMENT,
    st.TEAM_BEGINS,
    st.TEAM_IS_DONE,
    st.PART_IS_DONE,
)


@dataclass(frozen=True)
class Telling:
    """What happened to the case in one world.

    Attributes
    ----------
    steps : DataFrame
        One row a step, in order: ``time`` (day), ``step`` (a name of ``story.STEPS``), ``unit`` (who or where),
        ``part`` (sub-task from 1, 0 if none), ``amount``, ``decides`` (False for a sub-task that others outlast).
    phases : dict of str to float
        Days spent in each of ``PHASES``; they add up to ``end`` − onset.
    end : float
        Day of true resolution, by the grid system or by residents, of lapse, or the horizon.
    ended : str
        ``solved``, ``settled`` (by residents, never a case), ``vanished`` or ``open``; ``not yet``, see ``until``.

    """

    name: str
    title: str
    chinese: str
    steps: pd.DataFrame
    phases: dict[str, float]
    end: float
    ended: str

    def spells(self, onset: float) -> list[tuple[float, float, str]]:
        """(first day, last day, phase) one after another, from onset to the end."""
        return _spells(self.steps, onset, self.end)

    def until(self, moment: float, onset: float) -> Telling:
        """What is known of it at a moment."""
        if self.end <= moment:
            return self
        steps, end = self.steps[self.steps.time <= moment], max(moment, onset)
        return replace(self, steps=steps, end=end, ended="not yet", phases=_phases(steps, onset, end))


@dataclass(frozen=True)
class Trace:
    """One case in two worlds; made by :func:`trace`.

    Attributes
    ----------
    case : dict
        What is the same in both: ``case_id, category, place, ordinal, district, street, community, grid, complexity,
        needs, onset``.
    tellings : tuple of two Telling
    chosen : str
        How the case was chosen: ``id``, ``sooner`` or ``later``.
    among : tuple of int
        First day and the day after the last one, in which the incidents arise that it was chosen among.

    """

    scenario: Scenario
    seed: int
    replicate: int
    case: dict[str, Any]
    tellings: tuple[Telling, Telling]
    chosen: str
    among: tuple[int, int]

    @property
    def solved(self) -> bool:
        """True where it is truly resolved in both worlds, so that their days can be compared."""
        return all(t.ended == "solved" for t in self.tellings)

    @property
    def gained(self) -> float:
        """Days by which the second world is done sooner; to the horizon where it is not done."""
        return self.tellings[0].end - self.tellings[1].end

    @property
    def shares(self) -> dict[str, float]:
        """Days saved (positive) or lost in each phase; they add up to ``gained``."""
        first, second = (t.phases for t in self.tellings)
        return {p: first[p] - second[p] for p in PHASES if first[p] or second[p]}

    @property
    def decisive(self) -> list[str]:
        """The phases whose differences make up the days gained or lost, the largest first, up to four fifths of them.

        Empty where the worlds do not differ by a minute, or it is not truly resolved in both.
        """
        if abs(self.gained) < 1 / 1440 or not self.solved:
            return []
        way = math.copysign(1, self.gained)
        out: list[str] = []
        for p in sorted(self.shares, key=lambda p: -way * self.shares[p]):
            if sum(self.shares[q] for q in out) * way >= 0.8 * abs(self.gained):
                break
            out.append(p)
        return out

    @property
    def fork(self) -> int:
        """Number of steps at the beginning that are the same in both worlds, to the moment."""
        return self._alike("time", "step", "unit", "part")

    @property
    def parting(self) -> int | None:
        """Index of the first step at which something else happens, whenever it does; None where nothing does."""
        same = self._alike("step", "unit", "part")
        return same if any(same < len(t.steps) for t in self.tellings) else None

    def until(self, moment: float) -> Trace:
        """What is known of it at a moment: later steps are left out; where it ends later, ``ended`` is ``not yet``."""
        tellings = [t.until(moment, self.case["onset"]) for t in self.tellings]
        return replace(self, tellings=(tellings[0], tellings[1]))

    def _alike(self, *columns: str) -> int:
        first, second = (t.steps[list(columns)].itertuples(index=False, name=None) for t in self.tellings)
        same = 0
        for a, b in zip(first, second, strict=False):
            if a != b:
                break
            same += 1
        return same

    def to_dict(self) -> dict[str, Any]:
        """Everything but the scenario, as JSON can hold it."""
        told = [vars(t) | {"steps": t.steps.to_dict(orient="records")} for t in self.tellings]
        own = {
            k: getattr(self, k) for k in ("seed", "replicate", "case", "chosen", "among", "gained", "decisive", "fork")
        }
        return own | {"tellings": told}

    @classmethod
    def from_dict(cls, scenario: Scenario, data: Mapping[str, Any]) -> Trace:
        """The trace that ``to_dict`` wrote down."""
        first, second = (Telling(**{**t, "steps": pd.DataFrame(t["steps"], columns=COLUMNS)}) for t in data["tellings"])
        return cls(
            scenario,
            data["seed"],
            data["replicate"],
            data["case"],
            (first, second),
            data["chosen"],
            tuple(data["among"]),
        )


def trace(
    scenario: str | Path | Scenario = "neighbourhood",
    policies: str | Sequence[str] = "raise-linkage",
    *,
    case: int | None = None,
    most_changed: str = "sooner",
    among: tuple[int, int] | None = None,
    seed: int = 1,
    replicate: int = 0,
    days: int | None = None,
    known: Mapping[str, Policy] | None = None,
    interventions: Sequence[Intervention] = (),
    rule: OwnRule | Callable[[Any, int], None] | None = None,
) -> Trace:
    """Follow the same case into two worlds.

    Parameters
    ----------
    scenario : str, Path or Scenario
    policies : str or list of str
        One option (held against today) or two.
    case : int, optional
        Id of the case, as in the first world's ``cases.csv``; else the one that ``most_changed`` names.
    most_changed : {"sooner", "later"}
        Of the incidents that arise in the days ``among`` and are truly resolved in both worlds: the one that the second
        world resolves most days sooner, or later.
    among : tuple of int, optional
        First day, and the day after the last one; the measured days by default.
    seed, replicate : int
        The history, as in :func:`~gridsim.studies.comparison.compare`.
    days : int, optional
        Days measured, instead of the scenario's.
    interventions, rule
        Called in both worlds, as in :func:`~gridsim.studies.comparison.compare`.

    Raises
    ------
    ScenarioError
        For an unusable scenario or policy, a case that does not exist, or worlds in which no case differs.

    """
    base = load_scenario(scenario)
    if days is not None:
        base = base.replace({"time.days": days}, where="--days")
    options = two_options(policies, builtin_policies() if known is None else known, base)
    start = World(base, seed=seed, replicate=replicate).with_interventions(interventions).with_rule(rule)
    return follow(start, options, case=case, most_changed=most_changed, among=among)


def follow(
    start: World,
    options: Sequence[Option],
    *,
    case: int | None = None,
    most_changed: str = "sooner",
    among: tuple[int, int] | None = None,
) -> Trace:
    """As :func:`trace`, in the history that begins with ``start`` (not warmed up, and left as it is), two options."""
    base = start.scenario
    phases = [o.phases(base) for o in options]
    chosen = "id" if case is not None else most_changed
    among = among or (0, int(base.time.days))
    warm = start.copy().warm_up()
    first, second = _run_each([warm, warm], phases)  # to know the number that the incident has in each
    if case is None:
        numbers = _most_changed(first, second, most_changed == "later", among)
    else:
        numbers = _numbers(first, second, case)
    warm = start.copy().follow(numbers[0]).warm_up()  # what arises in it has the same number in both
    worlds = _run_each([warm.copy().follow(n) for n in numbers], phases)
    tellings = [_telling(w, o, n) for w, o, n in zip(worlds, options, numbers, strict=True)]
    facts = _facts(worlds[0], numbers[0])
    return Trace(base, start.seed, start.replicate, facts, (tellings[0], tellings[1]), chosen, among)


def _run_each(warm: Sequence[World], phases: Sequence[Sequence[Phase]]) -> list[World]:
    with ThreadPoolExecutor(len(phases)) as pool:
        return list(pool.map(lambda w, p: w.copy().under(p).run(), warm, phases))


def _numbers(first: World, second: World, case: int) -> tuple[int, int]:
    """Number of the incident in each world, that in the first given."""
    if case >= len(first.cases):
        raise ScenarioError([f"--case: no case {case}; the last one of this history is {len(first.cases) - 1}"])
    a, b = same_incidents(first.cases, second.cases)
    other = b[a == case]
    if len(other) == 0:
        raise ScenarioError([f"--case: case {case} does not arise in the second world; name another"])
    return case, int(other[0])


def telling_case(
    c: Comparison,
    interventions: Sequence[Intervention] = (),
    rule: OwnRule | Callable[[Any, int], None] | None = None,
) -> Trace | None:
    """The most changed case of a comparison's first replication, under the single policy that moves time most.

    Interventions and rule are those of the comparison.

    It arises in the judged window. Of the policies that are better there, if any is, the case with the most days saved;
    else of all, the one that the policy's own direction says. None where nothing was run as stated, or no case differs.
    """
    if c.draws is not None or c.interrupted:
        return None
    single = [o for o in c.options if len(o.steps) == 1] or c.options
    rows = {o.name: c.row(o.name, "time_to_resolution") for o in single}
    better = {name: r for name, r in rows.items() if r.verdict == "better"} or rows
    name = max(better, key=lambda k: abs(better[k].difference))
    chosen = next(o for o in c.options if o.name == name)  # at equal cost each has its own policies
    known = {p.name: p for p in (*chosen.policies, *chosen.steps)}
    way = "later" if rows[name].difference > 0 else "sooner"
    try:
        return trace(
            c.scenario,
            name,
            most_changed=way,
            among=windows(c.scenario)[-1],
            seed=c.seed,
            replicate=c.finished[0],
            known=known,
            interventions=interventions,
            rule=rule,
        )
    except ScenarioError:
        return None


def two_options(policies: str | Sequence[str], known: Mapping[str, Policy], base: Scenario) -> list[Option]:
    """Today and an option, or two options, by their names (``"a"``, ``"a,b"`` or a list); ScenarioError if neither."""
    names = [n.strip() for n in (policies.split(",") if isinstance(policies, str) else policies)]
    if not 1 <= len(names) <= 2 or len(set(names)) < len(names) or names == [BASELINE]:
        raise ScenarioError(["policies: name one policy, which is held against today, or two, with a comma between"])
    today = Option(BASELINE, ())
    options = {o.name: o for o in parse_options([n for n in names if n != BASELINE], known, base)}
    options[BASELINE] = today
    ordered = [options["+".join(s.strip() for s in n.split("+"))] for n in names]
    return ordered if len(ordered) == 2 else [today, *ordered]


def _most_changed(first: World, second: World, later: bool, among: tuple[int, int]) -> tuple[int, int]:
    rows = same_incidents(first.cases, second.cases)
    a, b = (w.cases[r] for w, r in zip((first, second), rows, strict=True))
    within = (a.onset >= among[0]) & (a.onset < among[1])
    both = np.flatnonzero((a.state == RESOLVED) & (b.state == RESOLVED) & within)
    change = (b.resolved[both] - a.resolved[both]) * (-1 if later else 1)
    if len(both) == 0 or change.min() > -1 / 1440:
        way = "later" if later else "sooner"
        raise ScenarioError([f"--most-changed: no case is resolved {way} in the second world; name one by --case"])
    n = both[np.argmin(change)]
    return int(rows[0][n]), int(rows[1][n])


def _facts(world: World, n: int) -> dict[str, Any]:
    """What the incident is, wherever it goes."""
    c, s = world.cases[n], world.scenario
    place = world.city.place[c.place]
    return {
        "case_id": n,
        "category": list(s.categories)[c.category],
        "place": int(c.place),
        "ordinal": int(c.ordinal),
        "district": world.city.district_names[place.district],
        "street": tier_names(world.city, "street")[world.city.community[place.community].street],
        "community": tier_names(world.city, "community")[place.community],
        "grid": tier_names(world.city, "grid")[place.grid],
        "complexity": float(c.complexity),
        "needs": int(c.needs),
        "onset": float(c.onset),
    }


def _telling(world: World, option: Option, n: int) -> Telling:
    case = world.cases[n]
    end, ended = float(world.horizon), "open"
    if case.state == RESOLVED:
        end, ended = float(case.resolved), "solved"
    elif case.state == SELF_RESOLVED:
        end, ended = float(case.resolved), "settled"
    elif not np.isnan(case.lapsed):
        end, ended = float(case.lapsed), "vanished"
    rows = _valid(world.story, end)
    decides = _decides(rows)
    steps = pd.DataFrame(
        {
            "time": rows.time,
            "step": np.array(st.STEPS)[rows.step],
            "unit": [_unit(world, r) for r in rows],
            "part": np.where(rows.part >= 0, rows.part + 1, 0),
            "amount": rows.amount,
            "decides": decides,
        }
    )
    phases = _phases(steps, float(case.onset), end)
    return Telling(option.name, option.title, option.chinese, steps[COLUMNS], phases, end, ended)


def _valid(rows: np.recarray, end: float) -> np.recarray:
    """Steps in order of time, without those that lay ahead when the file was closed on paper, or lie beyond the end."""
    keep = rows.time <= end
    for i in np.flatnonzero(rows.step == st.CLOSED_ON_PAPER):
        keep[:i] &= rows.time[:i] <= rows.time[i]
    kept = rows[keep]
    return kept[np.argsort(kept["time"], kind="stable")].view(np.recarray)


def _decides(rows: np.recarray) -> np.ndarray:
    """False for the sub-tasks of departments side by side that another one outlasts (or may, where none is over)."""
    out = np.ones(len(rows), bool)
    starts = [*np.flatnonzero(rows.step == st.LINKED_UP), len(rows)]
    for first, last in pairwise(starts):
        course = np.arange(first, last)
        back = np.flatnonzero(rows.step[course] == st.COMES_BACK)
        course = course[: back[0]] if len(back) else course
        asked = rows[course][rows.step[course] == st.REPORTS_IN]
        side_by_side = asked.part[asked.time == rows.time[first]]
        if len(side_by_side) < 2:
            continue
        done = {int(r.part): float(r.time) for r in rows[course] if r.step == st.PART_IS_DONE}
        slowest = max(side_by_side, key=lambda k: done.get(int(k), math.inf))
        out[course] &= (rows.part[course] < 0) | (rows.part[course] == slowest)
    return out


def _spells(steps: pd.DataFrame, onset: float, end: float) -> list[tuple[float, float, str]]:
    out = []
    now, phase = onset, "unnoticed"
    for time, step in steps.loc[steps.decides, ["time", "step"]].itertuples(index=False):
        if step in BEGINS and time < end:
            out.append((now, time, phase))
            now, phase = time, BEGINS[step]
    return [*out, (now, end, phase)]


def _phases(steps: pd.DataFrame, onset: float, end: float) -> dict[str, float]:
    """Days spent in each of ``PHASES``."""
    phases = dict.fromkeys(PHASES, 0.0)
    for first, last, phase in _spells(steps, onset, end):
        phases[phase] += last - first
    return phases


def _unit(world: World, r: Any) -> str:
    """Who or where: a grid by its name, ``worker-17``, ``expert-2 law``, ``district.field``, a channel; else empty."""
    if r.which < 0:
        return ""
    if r.step == st.REPORTED_BY:
        return CHANNELS[r.which]
    if r.step == st.QUEUES_AT_GRID:
        return tier_names(world.city, "grid")[r.which]
    if r.step in WORKERS:
        return f"worker-{r.which}"
    if r.step in LINES:
        return list(EXPERT_FIELDS)[r.which % FIELDS]
    if r.step in EXPERTS:
        return f"expert-{r.which} {list(EXPERT_FIELDS)[world.tables.expert[r.which].subject]}"
    return world.department_names[r.which] if r.step in IN_DEPARTMENTS else ""
