"""The city as the engine built it: copied once into plain objects, before anything has happened in it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from gridsim.model.world import World

NEVER = -(10**9)


class Queue:
    """A waiting line: the urgent in front, in the order in which they came; then the others, in theirs."""

    def __init__(self) -> None:
        self.urgent: list[Any] = []
        self.others: list[Any] = []

    def __len__(self) -> int:
        return len(self.urgent) + len(self.others)

    def join(self, who: Any, urgent: bool) -> None:
        """Join the urgent, or the end."""
        (self.urgent if urgent else self.others).append(who)

    def leave(self, who: Any) -> None:
        """Leave from anywhere."""
        line = self.urgent if any(w is who for w in self.urgent) else self.others
        line[:] = [w for w in line if w is not who]

    def take(self, sigma: float) -> Any:
        """Who is served next: urgent first, then the least (1 − σ) · place + σ · easiness rank."""
        if self.urgent:
            return self.urgent.pop(0)
        if sigma == 0 or len(self.others) == 1:
            return self.others.pop(0)
        ease = [min(19, math.floor(20 * w.complexity)) for w in self.others]
        ranks = [(1 - sigma) * k + sigma * sum(x < own for x in ease) for k, own in enumerate(ease)]
        return self.others.pop(ranks.index(min(ranks)))

    def everybody(self) -> list[Any]:
        """From the head on."""
        return [*self.urgent, *self.others]


@dataclass(eq=False)
class Place:
    """地点: where incidents arise."""

    id: int
    rate: float
    edge_share: float
    first_resident: int
    residents: int
    grid: int
    community: int
    district: int
    urban: bool
    ground: float
    camera: float
    heat: float
    lately: float
    people: int
    organisation: float
    success: float
    expectation: float
    grievance: float
    taking_part: float
    unsafe: float
    site: bool
    organised: bool = False
    ordinal: int = 0
    next_arrival: float = 0.0
    hazard: float = 0.0
    watched: float = 0.0


@dataclass(eq=False)
class Community:
    """社区村: its comprehensive grids, its street, and the alerts it remembers."""

    first_grid: int
    grids: int
    street: int
    alerts: float
    alert_until: float
    alert_factor: float


@dataclass(eq=False)
class Resident:
    """居民: trust in the grid and in departments (single precision), standing, and ties."""

    place: int
    registered: bool
    propensity: float
    trust: list[float]
    takes_part: bool
    encouraged: bool
    silent: bool
    in_group: bool
    threshold: int
    far: list[int]

    @property
    def standing(self) -> int:
        """Flags as the engine keeps them."""
        return self.takes_part + 2 * self.encouraged + 4 * self.silent + 8 * self.in_group


def single(x: float) -> float:
    """Rounded to single precision."""
    return float(np.float32(x))


@dataclass(eq=False)
class Grid:
    """网格: what of a grid a policy can move, its queue and its load."""

    id: int
    dedicated: bool = False
    community: int = 0
    district: int = 0
    fallback: int = -1
    host: int = -1
    fte: float = 0.0
    hands: float = 0.0
    guide: bool = False
    local_gain: float = 1.0
    ground_at_first: float = 0.0
    periphery: float = 0.0
    load: int = 0
    workers: list[int] = field(default_factory=list)
    queue: Queue = field(default_factory=Queue)


@dataclass(eq=False)
class Worker:
    """网格员: a post, where it works, its account of hours, and who holds it since when."""

    id: int
    since: float
    burnout: float
    role: int = 0
    nominal: bool = False
    away: bool = False
    vacant: bool = False
    handles: bool = True
    grid: int = 0
    fte: float = 0.0
    load: float = 0.0
    strain: float = 0.0
    owed: float = 0.0
    counted: float = 0.0
    case: Any = None
    bank: float = 0.0
    bank_day: int = NEVER
    today: int = NEVER
    used_today: float = 0.0
    event_hours: float = 0.0
    events: int = 0


@dataclass(eq=False)
class Expert:
    """专业网格员: his line, his days, the case in hand."""

    id: int
    line: int = 0
    first_session: int = 0
    away: bool = False
    case: Any = None
    used: float = 0.0
    cases: int = 0


@dataclass(eq=False)
class Line:
    """An expert line of an area and field."""

    id: int
    experts: list[int] = field(default_factory=list)
    called_for: float = -math.inf
    queue: Queue = field(default_factory=Queue)


@dataclass(eq=False)
class Department:
    """部门: teams and a queue."""

    id: int
    teams: int = 0
    busy: int = 0
    queue: Queue = field(default_factory=Queue)
    recent: list[int] = field(default_factory=lambda: [0] * 5)
    received: int = 0
    done: int = 0
    team_days: float = 0.0


class Town:
    """Places and people; ``follow`` reads the levers in force from a world in which nothing has happened."""

    def __init__(self, world: World) -> None:
        t = world.tables
        self.places = [
            Place(
                i,
                float(p.rate),
                float(p.edge_share),
                int(p.first_resident),
                int(p.residents),
                int(p.grid),
                int(p.community),
                int(p.district),
                bool(p.urban),
                float(p.ground),
                float(p.camera),
                float(p.heat),
                float(p.lately),
                int(p.people),
                float(p.organisation),
                float(p.success),
                float(p.expectation),
                float(p.grievance),
                float(p.taking_part),
                float(p.unsafe),
                bool(p.site >= 0),
            )
            for i, p in enumerate(t.place)
        ]
        self.communities = [
            Community(
                int(c.first_grid),
                int(c.grids),
                int(c.street),
                float(c.alerts),
                float(c.alert_until),
                float(c.alert_factor),
            )
            for c in t.community
        ]
        self.residents = [
            Resident(
                int(r.place),
                bool(r.registered),
                float(t.propensity[i]),
                [float(x) for x in t.trust[i]],
                takes_part=bool(t.standing[i] & 1),
                encouraged=bool(t.standing[i] & 2),
                silent=bool(t.standing[i] & 4),
                in_group=bool(t.standing[i] & 8),
                threshold=int(t.threshold[i]),
                far=[int(k) for k in t.tie[i] if k >= 0],
            )
            for i, r in enumerate(t.resident)
        ]
        self.grids = [Grid(k) for k in range(len(t.grid))]
        self.departments = [Department(k) for k in range(len(t.department))]
        self.workers: list[Worker] = []
        self.experts: list[Expert] = []
        self.lines: list[Line] = []
        for row in t.worker:
            self.add_worker(float(row.since), float(row.burnout), bool(row.vacant))
        self.follow(world)
        self.new_lines(world)

    def add_worker(self, since: float, burnout: float, vacant: bool = False) -> None:
        """A post; until the lever that adds it is in force nobody works there."""
        self.workers.append(Worker(len(self.workers), since, burnout, vacant=vacant))

    def follow(self, world: World) -> None:
        """Grids, people and teams as the levers have them now."""
        t = world.tables
        for place, row in zip(self.places, t.place, strict=True):
            place.grid = int(row.grid)
        for grid, row in zip(self.grids, t.grid, strict=True):
            grid.dedicated, grid.community, grid.district = bool(row.dedicated), int(row.community), int(row.district)
            grid.host, grid.local_gain = int(row.host), float(row.local_gain)
            grid.ground_at_first, grid.periphery = float(row.ground_at_first), float(row.periphery)
            grid.workers = []
        for k, row in enumerate(t.worker):
            w = self.workers[k]
            w.grid, w.role, w.nominal, w.away = int(row.grid), int(row.role), bool(row.nominal), bool(row.away)
            self.grids[int(row.grid)].workers.append(k)
        for department, row in zip(self.departments, t.department, strict=True):
            department.teams = int(row.teams)

    def new_lines(self, world: World) -> None:
        """The roster of experts; whoever has a case in hand keeps it."""
        t = world.tables
        self.lines = [Line(k) for k in range(len(t.expert_line))]
        for k, row in enumerate(t.expert):
            if k == len(self.experts):
                self.experts.append(Expert(k))
            e = self.experts[k]
            e.line, e.first_session, e.away = int(row.line), int(row.first_session), bool(row.away)
            if not e.away:
                self.lines[e.line].experts.append(k)
