"""The world of one run: all record tables together, warmed up once, copied for every policy, advanced by days."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from gridsim.model import day
from gridsim.model.agenda import EVENT_DTYPE
from gridsim.model.careers import begin_careers, take_stock
from gridsim.model.cases import CASE_DTYPE, CHANNELS, LATENT_DTYPE, STATES
from gridsim.model.census import Census, Strength, census, strength
from gridsim.model.changes import Changes
from gridsim.model.city import City
from gridsim.model.departments import DEPARTMENT_DTYPE, TASK_DTYPE
from gridsim.model.experts import EXPERT_DTYPE, EXPERT_LINE_DTYPE, roster, roster_size
from gridsim.model.settings import (
    category_table,
    duration_table,
    expert_hours,
    mean_departments,
    needs_after_exhaustion,
    settings_record,
)
from gridsim.model.staffing import put_into_force, with_added_staff
from gridsim.model.story import MOST_STEPS, STEP_DTYPE
from gridsim.scenario.hours import year_of_hours
from gridsim.scenario.policies import Phase
from gridsim.scenario.scenario import Scenario, ScenarioError
from gridsim.scenario.windows import windows

TALLY_DTYPE = np.dtype(
    [
        ("cases", "i8"),
        ("latent", "i8"),
        ("tasks", "i8"),
        ("live_tasks", "i8"),
        ("free_task", "i8"),
        ("agenda", "i8"),
        ("day", "i8"),
        ("events", "i8"),
        ("arisen", "i8"),
        ("lapsed", "i8"),
        ("open", "i8"),
        ("stalled", "i8"),
        ("resolved", "i8"),
        ("formal", "i8"),
        ("self_resolved", "i8"),
        ("taking_part", "i8"),
        ("silent", "i8"),
        ("trust_grid", "f8"),
        ("trust_department", "f8"),
        ("success", "f8"),
        ("expectation", "f8"),
        ("grievance", "f8"),
        ("to_reopen", "i8"),
        ("event_budget", "f8"),
        ("expert_budget", "f8"),
        ("posts", "i8"),
        ("vacant", "i8"),
        ("vacant_fte", "f8"),
        ("strain", "f8"),
        ("burnout", "f8"),
        ("skill", "f8"),
        ("open_since", "f8"),
        ("followed", "i8"),
        ("steps", "i8"),
        ("fields", "i8"),
        ("districts", "i8"),
    ]
)
"""Running totals. Rows in use: ``cases``, ``latent``, ``tasks`` (``live_tasks`` of them in use, ``free_task`` the first
free one), ``agenda``, ``day``. ``events`` served. Stocks: ``arisen``, ``lapsed``, ``open`` (``stalled`` of them),
``resolved``, ``formal`` (closed on paper and not reopened), ``self_resolved``, ``to_reopen`` (closed on paper, will be
reopened). ``event_budget``, ``expert_budget``: hours a day in force. ``posts`` of those with a career, ``vacant`` ones,
the ``vacant_fte`` these lack; mean ``strain``, ``burnout`` and ``skill`` of those who hold one (``careers``). As of the
last social month (``count_society``): residents who take part (``taking_part``) or are ``silent``; means over residents
of ``trust_grid``, ``trust_department``, and of their place's ``success``, ``expectation``, ``grievance``.
``open_since``: moment up to which case-days are counted. ``followed``: the case whose story is written down (−1: none),
``steps`` of it so far. ``fields``, ``districts``: their numbers.
"""
DAY_DTYPE = np.dtype(
    [
        ("day", "i8"),
        # stocks at the end of the day; the first five and self_resolved_so_far are a partition of arisen_so_far
        ("latent", "i8"),
        ("lapsed_so_far", "i8"),
        ("open", "i8"),
        ("resolved_so_far", "i8"),
        ("formal_so_far", "i8"),
        ("arisen_so_far", "i8"),
        ("stalled", "i8"),
        ("waiting_at_departments", "i8"),
        # flows of the day
        ("arisen", "i8"),
        ("lapsed", "i8"),
        ("patrol_reports", "i8"),
        ("resident_reports", "i8"),
        ("invalid", "i8"),
        ("duplicates", "i8"),
        ("valid_patrol", "i8"),
        ("valid_residents", "i8"),
        ("video_reports", "i8"),
        ("valid_video", "i8"),
        ("resolved", "i8"),
        ("closed_formally", "i8"),
        ("reopened", "i8"),
        ("disputes", "i8"),
        ("whistles", "i8"),
        ("linked", "i8"),
        ("false_whistles", "i8"),
        ("attempts", "i8"),
        ("expert_attempts", "i8"),
        ("settled_by_experts", "i8"),
        ("substituted", "i8"),
        ("tasks_started", "i8"),
        ("quits", "i8"),
        # posts of gridworkers who work hours, and the mean over those that are held
        ("posts", "i8"),
        ("vacant", "i8"),
        ("vacant_fte", "f8"),
        ("strain", "f8"),
        ("burnout", "f8"),
        ("skill", "f8"),
        # integrals
        ("case_days", "f8"),
        ("event_hours", "f8"),
        ("event_budget", "f8"),
        ("expert_hours", "f8"),
        ("expert_budget", "f8"),
        ("team_days", "f8"),
        # residents: stocks at the end of the day, as of the last social month, then flows
        ("self_resolved_so_far", "i8"),
        ("taking_part", "i8"),
        ("silent", "i8"),
        ("trust_grid", "f8"),
        ("trust_department", "f8"),
        ("success", "f8"),
        ("expectation", "f8"),
        ("grievance", "f8"),
        ("self_resolved", "i8"),
        ("settled_in_vain", "i8"),
        ("warnings", "i8"),
        ("valid_warnings", "i8"),
        ("alerts", "i8"),
        ("heard", "i8"),
        ("told", "i8"),
        ("given_up", "i8"),
    ]
)
"""The record of a day: stocks at its end, flows during it (a sweep's lapses on the day they happen; attempts, hours and
effort on the day they begin; a case settled by experts on the day the attempt ends), integrals over it.
"""


class Tables(NamedTuple):
    """Everything the compiled rules see. Tables of places, people and cases are record arrays, a row per individual."""

    settings: np.recarray
    duration: np.recarray
    category: np.recarray
    community: np.recarray
    place: np.recarray
    next_arrival: np.ndarray
    rate_factor: np.ndarray
    patrol_hazard: np.ndarray
    watched: np.ndarray
    pool: np.ndarray
    grid: np.recarray
    worker: np.recarray
    expert: np.recarray
    expert_line: np.recarray
    resident: np.recarray
    propensity: np.ndarray
    threshold: np.ndarray
    tie: np.ndarray
    trust: np.ndarray
    standing: np.ndarray
    before: np.ndarray
    department: np.recarray
    case: np.recarray
    latent: np.recarray
    task: np.recarray
    agenda: np.recarray
    tally: np.recarray
    day: np.recarray
    story: np.recarray


MOST_INCIDENTS = 200_000_000  # 30 GB of case rows
SHARED = ("category", "resident", "propensity", "threshold", "tie")  # never written: one copy serves every run


def _table(dtype: np.dtype, n: int) -> np.recarray:
    return np.zeros(n, dtype).view(np.recarray)


def _copied(table: np.ndarray, rows: int) -> Any:
    """A copy with room for ``rows`` rows (those beyond the table are zero); whole memory at once, not by columns."""
    if table.dtype.names is None:
        return table.copy()
    out = _table(table.dtype, rows)
    n = min(rows, len(table)) * table.dtype.itemsize
    out.view(np.ndarray).view(np.uint8)[:n] = table.view(np.ndarray).view(np.uint8)[:n]
    return out


def _hours_differ(a: Scenario, b: Scenario) -> bool:
    """True when a gridworker's account of event hours may accrue at another rate."""
    rates = [year_of_hours(s).events for s in (a, b)]
    return rates[0] != rates[1] or a.staff != b.staff or a.dedicated != b.dedicated


def _roster_differs(a: Scenario, b: Scenario) -> bool:
    """True when a policy changes who serves as an expert, or where."""
    return a.experts != b.experts or roster_size(a) != roster_size(b)


class World(Changes):
    """One replication of one scenario, from warm-up to horizon; what a user's code may change: ``model.changes``.

    Parameters
    ----------
    scenario : Scenario
    city : City, optional
        Built from the scenario when not given; pass it to share it between replications.
    seed, replicate : int
        Keys of every draw, each below 2**32.

    """

    def __init__(self, scenario: Scenario, city: City | None = None, seed: int = 0, replicate: int = 0) -> None:
        for name, key in (("seed", seed), ("replicate", replicate)):
            if not isinstance(key, int | np.integer) or not 0 <= key < 2**32:
                raise ValueError(f"{name}: must be a whole number from 0 to 2**32 − 1 (got {key!r})")
        self.scenario = scenario
        self.city = city or City(scenario)
        self.seed, self.replicate = seed, replicate
        self.phases: list[Phase] = []
        self.strengths: list[Strength] = []  # who was there, from each day on which levers took effect
        self.censuses: dict[int, Census] = {}  # queues and work done so far, at the bounds of the reporting windows
        self.in_force = scenario
        self.day = -int(scenario.time.warmup_days)
        self.room = self._room()
        most = self.incident_rate * (self.horizon - self.day)
        if most > MOST_INCIDENTS:
            raise ScenarioError(
                [
                    f"{scenario.name}: {most:,.0f} incidents would arise; at most {MOST_INCIDENTS:,} fit; lower "
                    "arrivals.per_100_residents, the population, or time.days"
                ]
            )
        self.tables = self._new_tables()
        self.tables.place.success[:] = self.tables.place.expectation[:] = scenario.trust.expectation
        self._unchanged()
        self.enforce(scenario, settle=False)
        t = self.tables
        rate, span, below, for_good = self._stock_law()
        drop = scenario.linkage.drop
        law = rate * mean_departments(scenario) * drop / (1 - drop) * scenario.linkage.stalled.average
        stock = int(law + 12 * math.sqrt(law)) + 1000
        self._grow(stock, stock, 1)
        t = self.tables
        day.begin(t, float(self.day), rate, span, below, for_good)

    @property
    def horizon(self) -> int:
        """First day that is not simulated: measured days and follow-up."""
        return int(self.scenario.time.days + self.scenario.time.follow_up_days)

    @property
    def incident_rate(self) -> float:
        """Incidents a day, all places together."""
        return float(self.city.place.rate.sum())

    @property
    def department_names(self) -> list[str]:
        """``district.field`` of each row of the department table."""
        s = self.scenario
        return [f"{d}.{f}" for d in [*s.districts, "city"] for f in s.fields]

    def _room(self) -> int:
        most = self.incident_rate * self.scenario.arrivals.headroom
        return int(most + 12 * math.sqrt(most) + 64)

    def _new_tables(self) -> Tables:
        s, city = self.scenario, self.city
        department = _table(DEPARTMENT_DTYPE, (len(s.districts) + 1) * len(s.fields))
        department.head[:] = department.tail[:] = department.urgent_tail[:] = -1
        rows = np.arange(len(department))
        department.subject[:], department.district[:] = rows % len(s.fields), rows // len(s.fields)
        tally = _table(TALLY_DTYPE, 1)
        tally.free_task[0] = tally.followed[0] = -1
        tally.fields[0], tally.districts[0] = len(s.fields), len(s.districts)
        return Tables(
            settings=settings_record(s, self.seed, self.replicate),
            duration=duration_table(s),
            category=category_table(s),
            community=city.community.copy(),
            place=city.place.copy(),
            next_arrival=np.zeros(len(city.place)),
            rate_factor=np.ones((len(city.place), len(s.categories))),
            patrol_hazard=np.zeros(len(city.place)),
            watched=np.zeros(len(city.place), np.float32),
            pool=np.zeros((4, 1 + len(s.districts) + len(city.community) + len(city.grid))),
            grid=city.grid.copy(),
            worker=city.worker.copy(),
            expert=_table(EXPERT_DTYPE, 0),
            expert_line=_table(EXPERT_LINE_DTYPE, 0),
            resident=city.resident,
            propensity=city.propensity,
            threshold=city.threshold,
            tie=city.tie,
            trust=np.full((city.n_residents, 2), (s.trust.grid, s.trust.department), np.float32),
            standing=city.standing.copy(),
            before=np.zeros(city.n_residents, np.uint8),
            department=department,
            case=_table(CASE_DTYPE, 0),
            latent=_table(LATENT_DTYPE, 0),
            task=_table(TASK_DTYPE, 0),
            agenda=_table(EVENT_DTYPE, 0),
            tally=tally,
            day=_table(DAY_DTYPE, 0),
            story=_table(STEP_DTYPE, 0),
        )

    def enforce(self, scenario: Scenario, settle: bool = True) -> None:
        """Put a scenario's levers into force from now on; places, incidents and keys stay as they are.

        In order: rows of people and experts that levers add (their fte is 0 until they are placed), with
        ``begin_careers`` of these, at the start of all;
        ``settle_accounts``, where anything in the sections staff or dedicated differs from what was in force, or
        ``event_hours_year`` does, were it only by rounding; settings, durations, grids and people anew
        (``put_into_force``, with ``muster``); teams of a department = the scenario's, plus
        ``departments.added_teams`` where it has any, and those that interventions added; budgets a day
        (``event_hours_year`` · Σ fte ÷ 365, roster size · ``expert_hours`` ÷ 7); ``change_roster``, where anything in
        the section experts differs or the roster's size does: lines are then empty and not called for. ``take_effect``
        follows, also where nothing differs. At the start only the tables are set.
        """
        known = len(self.tables.worker) if settle else 0
        self.tables = self.tables._replace(worker=with_added_staff(self.tables.worker, self.city, scenario))
        begin_careers(self.tables.worker, known, self.city, scenario, self.day, at_start=not settle)
        anew = not settle or _roster_differs(scenario, self.in_force)
        if anew:
            expert, line = roster(self.city, scenario, self.tables.expert)
            self.tables = self.tables._replace(expert=expert, expert_line=line)
        t = self.tables
        if settle and _hours_differ(scenario, self.in_force):
            day.settle_accounts(t, self.day)  # up to yesterday at the old rates
        self.in_force = scenario
        t.settings[:] = settings_record(scenario, self.seed, self.replicate)
        t.duration[:] = duration_table(scenario)
        put_into_force(t, self.city, scenario, self.moved)
        teams = [scenario.teams.get(d, {}).get(f, 0) for d in [*scenario.districts, "city"] for f in scenario.fields]
        t.department.teams[:] = [n + scenario.departments.added_teams if n > 0 else 0 for n in teams]
        t.department.teams += self.more_teams
        if not scenario.rules.careers:  # else ``muster`` has counted it, who does so every four weeks
            t.tally.event_budget[0] = float(t.settings.event_hours_year[0]) * float(t.worker.fte.sum()) / 365
        t.tally.expert_budget[0] = roster_size(scenario) * expert_hours(scenario) / 7
        if not settle:
            take_stock(t, self.day)
        if settle and anew:
            self._grow(0, 0, 0)
            day.change_roster(self.tables, float(self.day))
        self.strengths.append(strength(t, self.day, scenario))

    def _stock_law(self) -> tuple[float, float, np.ndarray, float]:
        """R11. Rate, span and distribution over (place, category) of the referrals that could have stalled before the
        start.

        Expected unlinked referrals = incidents · P(reported) · P(needs a department) · (1 − ρ), by place and category.

        No stock where rules.stalled_stock or rules.departments is off, linkage.drop is 0 or linkage.rate 1. Found, a
        day: f = patrol_hazard · visibility · (5/7 in office hours, else 1) + residents.report_rate · reporting · v +
        watched · video · video.detection + warning.rate · warning.sensitivity · signs · residents.wechat_reach, each
        term only with its rule on (propensity and severity left out); v = 1 + participation.initial ·
        (participation.reporting − 1) with rules.participation, else 1. g = self_resolution.rate ·
        self_resolution.allowed · self_resolvable · participation.initial · (1 − self_resolution.failure), with
        rules.self_resolution. P(reported) = f ÷ (f + g + lapse_rate), 1 if ``passive``. Cell
        (place, category), category running fastest:
        place.rate · the category's share · P(reported) · ``needs_after_exhaustion`` · (1 − linkage.rate). rate = the
        sum over cells, below = the running sum ÷ rate; span = 8 · mean of linkage.stalled · ``mean_departments`` ÷ (1 −
        min(drop, 0.95)); formal_for_good = closure.formal · (1 − closure.reopen), 0 with rules.deadlines off. All by
        the scenario at the start.
        """
        s, t = self.scenario, self.tables
        drop = s.linkage.drop
        if not (s.rules.stalled_stock and s.rules.departments) or drop == 0 or s.linkage.rate == 1:
            return 0.0, 0.0, np.ones(1), 0.0
        c = t.category
        walk = t.patrol_hazard[:, None] * c.visibility * (5 / 7 if s.time.calendar == "office" else 1.0)
        active = s.participation.initial
        louder = 1 + active * (s.participation.reporting - 1) if s.rules.participation else 1.0
        told = s.residents.report_rate * c.reporting[None, :] * louder
        seen = t.watched[:, None] * c.video[None, :] * s.video.detection
        signs = s.warning.rate * s.warning.sensitivity * s.residents.wechat_reach * c.signs[None, :]
        found = walk * s.rules.patrol + told * s.rules.residents + seen * s.rules.video + signs * s.rules.warning
        x = s.self_resolution
        settled = x.rate * x.allowed * active * (1 - x.failure) * c.self_resolvable[None, :] * s.rules.self_resolution
        passive = not (s.rules.patrol or s.rules.residents)
        known = np.ones_like(walk) if passive else found / np.maximum(found + settled + c.lapse_rate, 1e-300)
        shares = np.diff(c.share_below, prepend=0.0)
        rate = t.place.rate[:, None] * shares * known * needs_after_exhaustion(s) * (1 - s.linkage.rate)
        span = 8 * s.linkage.stalled.average * mean_departments(s) / (1 - min(drop, 0.95))
        below = np.cumsum(rate.ravel())
        for_good = s.closure.formal * (1 - s.closure.reopen) if s.rules.deadlines else 0.0
        return float(below[-1]), span, below / max(below[-1], 1e-300), for_good

    def copy(self) -> World:
        """An independent world in the same state; tables that are never written are shared."""
        twin = object.__new__(World)
        twin.__dict__.update(self.__dict__)
        rows = self._rows() | self._needed(*self._ahead(self.horizon))
        live = self.tables._asdict()
        twin.tables = Tables(**{k: v if k in SHARED else _copied(v, rows.get(k, len(v))) for k, v in live.items()})
        twin.phases, twin.strengths, twin.censuses = list(self.phases), list(self.strengths), dict(self.censuses)
        twin._own_changes()
        return twin

    def _rows(self) -> dict[str, int]:
        c = self.tables.tally[0]
        return {
            "case": int(c.cases),
            "latent": int(c.latent),
            "task": int(c.tasks),
            "agenda": int(c.agenda),
            "day": int(c.day),
        }

    def _ahead(self, until: int) -> tuple[int, int, int]:
        """Incidents to expect up to ``until`` (8 standard deviations up), alive at once beyond today's, and days."""
        days = max(0, until - self.day)
        expected = self.incident_rate * days
        return int(expected + 8 * math.sqrt(expected)) + self.room, 3 * self.room, days

    def _needed(self, cases: int, live: int, days: int) -> dict[str, int]:
        """Rows that hold ``cases`` more incidents, ``live`` of them alive at once, and ``days`` more days."""
        c = self.tables.tally[0]
        alive = int(c.open + c.latent + c.to_reopen) + live
        hands = len(self.tables.worker) + 2 * len(self.tables.expert)
        return {
            "case": int(c.cases) + cases,
            "latent": int(c.latent) + live,
            "task": int(c.tasks) + alive * day.MOST_TASKS,
            "agenda": int(c.agenda) + alive * day.MOST_EVENTS + hands + int(c.live_tasks),
            "day": int(c.day) + days,
        }

    def _grow(self, cases: int, live: int, days: int) -> None:
        """Enlarge the tables that are too small for that."""
        wanted = self._needed(cases, live, days)
        small = {k: rows for k, rows in wanted.items() if rows > len(getattr(self.tables, k))}
        self.tables = self.tables._replace(**{k: _copied(getattr(self.tables, k), n) for k, n in small.items()})

    def under(self, phases: Sequence[Phase]) -> World:
        """Set the scenarios in force by day (see ``Option.phases``); returns self."""
        late = [p.day for p in phases if p.day < self.day]
        if late:
            raise ValueError(f"phases: day {late[0]} has passed; the world is at day {self.day}")
        self.phases = sorted(phases, key=lambda p: p.day)
        return self

    def advance(self, until: int) -> World:
        """Simulate up to the beginning of day ``until``.

        At the beginning of a day the policies of that date are put into force, and then the interventions are called.
        """
        bounds = {d for w in windows(self.scenario) for d in w}
        reserved: int | None = None  # day up to which there is room; not asked anew at every call of an intervention
        while self.day < until:
            self._count(bounds)
            stop = min([until, *(d for d in {p.day for p in self.phases} | bounds if d > self.day)])
            if stop != reserved:
                cases, live, days = self._ahead(stop)
                self._grow(cases, live, days)
                reserved = stop
            stop = self._next_call(stop)
            for phase in self.phases:
                if phase.day == self.day:
                    self.enforce(phase.scenario)
                    day.take_effect(self.tables, float(self.day))
            self._intervene()
            reached = day.advance(self.tables, self.day, stop, self.room, self._compiled_rule)
            if reached < day.BROKEN // 2:
                self.day = reached - day.BROKEN
                raise self._broken()
            if reached == self.day:  # the live stocks outgrew their tables: double the room
                alive = int(self.tables.tally.open[0] + self.tables.tally.latent[0] + self.tables.tally.to_reopen[0])
                self._grow(cases, alive + 2 * live, days)
            if reached < stop:
                reserved = None
            self.day = reached
        self._count(bounds)
        return self

    def _count(self, bounds: set[int]) -> None:
        if self.day in bounds and self.day not in self.censuses:
            self.censuses[self.day] = census(self.tables)

    def warm_up(self) -> World:
        """Run the warm-up, up to day 0."""
        return self.advance(0)

    def run(self) -> World:
        """Run to the horizon."""
        return self.advance(self.horizon)

    @property
    def cases(self) -> np.recarray:
        """Rows of all incidents and cases so far."""
        return self.tables.case[: int(self.tables.tally.cases[0])].view(np.recarray)

    @property
    def days(self) -> np.recarray:
        """Rows of all days so far, warm-up first."""
        return self.tables.day[: int(self.tables.tally.day[0])].view(np.recarray)

    def follow(self, case: int) -> World:
        """Write down what happens to one case from now on (see ``model.story``); returns self."""
        self.tables.tally.followed[0], self.tables.tally.steps[0] = case, 0
        self.tables = self.tables._replace(story=_table(STEP_DTYPE, MOST_STEPS))
        return self

    @property
    def story(self) -> np.recarray:
        """Steps of the case that is followed, in the order in which they were written down."""
        return self.tables.story[: int(self.tables.tally.steps[0])].view(np.recarray)

    def case_frame(self) -> pd.DataFrame:
        """Incidents and cases as a data frame with names for codes; index is the case id."""
        rows = self.cases
        skip = {"next", "back", "turn", "version", "queued", "in_hand", "pending"}
        data: dict[str, Any] = {k: rows[k] for k in CASE_DTYPE.names or () if k not in skip and k != "department"}
        data["category"] = np.array(list(self.scenario.categories))[rows.category]
        data["state"] = np.array(STATES)[rows.state]
        data["channel"] = np.array(CHANNELS)[rows.channel]
        names = np.array([*self.department_names, ""])
        for k in range(rows.department.shape[1]):
            data[f"department_{k + 1}"] = names[rows.department[:, k]]
        return pd.DataFrame(data).rename_axis("case_id")

    def day_frame(self) -> pd.DataFrame:
        """The daily record as a data frame indexed by day."""
        return pd.DataFrame(self.days).set_index("day")
