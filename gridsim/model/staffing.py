"""Who works where: gridworkers and firm staff placed by a scenario's levers, and which places a grid has.

People are rows that are never removed: a policy that adds posts appends rows, one that cuts them sends people away, and
what a person is – nominal or not, one of those who stay – hangs on keyed luck, so that stronger levers nest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gridsim.model.careers import muster
from gridsim.model.draws import CITY_STAFF
from gridsim.model.gridworkers import (
    CHIEF,
    FULL_TIME,
    GUIDE,
    INFORMATION_OFFICER,
    PART_TIME,
    WORKER_DTYPE,
)
from gridsim.scenario.hours import full_time_posts
from gridsim.scenario.scenario import Scenario, ScenarioError

TEAM = 3  # of a dedicated grid: chief 网格长, guide 指导员, information officer 信息员 ("1+2")
NEVER = -(10**9)
MANY = 10**9


def shared_out(total: int, weights: np.ndarray, least: int = 0) -> np.ndarray:
    """Split a whole number by weights, largest remainders first (Hamilton), at least ``least`` each."""
    weights = np.asarray(weights, float)
    left = total - least * len(weights)
    if left < 0:
        raise ValueError(f"{total} cannot give {least} to each of {len(weights)}")
    exact = left * weights / weights.sum() if weights.sum() > 0 else np.full(len(weights), left / len(weights))
    out = np.floor(exact).astype(np.int64)
    short = left - int(out.sum())
    out[np.argsort(-(exact - out), kind="stable")[:short]] += 1
    return out + least


def first_staff(city: Any) -> np.recarray:
    """Everybody of the scenario as it stands: rows ordered by grid, then role; firm staff at the dedicated sites.

    By the city's own table of grids, if it has one: levers add to these people or send some away later.
    """
    table, sites = city.scenario.grids, _site_posts(city, city.scenario.dedicated.staff_per_grid)
    if table is None:
        posts = _spread(city)
    else:
        columns = {FULL_TIME: "full_time", PART_TIME: "part_time"}
        posts = [(np.repeat(np.arange(len(table)), table.column(c)), kind) for kind, c in columns.items()]
    grids = np.concatenate([*(where for where, _ in posts), sites[0]])
    kinds = np.concatenate([*(np.full(len(where), kind) for where, kind in posts), sites[1]])
    by_grid = np.lexsort((kinds, grids))
    return _people(grids[by_grid], kinds[by_grid])


def _spread(city: Any) -> list[tuple[np.ndarray, int]]:
    """Grids and role of gridworkers in a synthetic city.

    Full-timers by district, fewer where it is marked understaffed, one a grid in shuffled order and then a second
    round; part-timers likewise.
    """
    s, g, n = city.scenario, city.grid, city.n_comprehensive
    understaffed = np.array([d.understaffed for d in s.districts.values()])
    in_district = np.bincount(g.district[:n], minlength=len(understaffed))
    full = shared_out(s.staff.full_time, in_district * (1 - s.staff.understaffed_gap * understaffed))
    part = shared_out(s.staff.part_time, in_district)
    order = city.draw(CITY_STAFF, n, axis=1)
    posts: list[tuple[np.ndarray, int]] = []
    for kind, numbers in ((FULL_TIME, full), (PART_TIME, part)):
        for d, number in enumerate(numbers):
            rows = np.flatnonzero(g.district[:n] == d)
            shuffled = rows[np.argsort(order[rows, kind], kind="stable")]
            posts.append((shuffled[np.arange(number) % len(rows)], kind))
    return posts


def _people(grids: np.ndarray, roles: np.ndarray) -> np.recarray:
    w = np.zeros(len(grids), WORKER_DTYPE).view(np.recarray)
    w.home[:], w.role[:] = grids, roles
    w.grid[:] = w.home
    w.case[:] = w.next[:] = -1
    w.bank_day[:] = w.today[:] = NEVER
    return w


def posts_at_sites(city: Any, per_grid: int) -> np.ndarray:
    """People wanted in each dedicated grid.

    The lever's number; in a city whose own table states them, nobody has fewer than the lever says and, once it is
    below the smallest of them, nobody has more.
    """
    table = city.scenario.grids
    if table is None or "staff" not in table.columns:
        return np.full(city.n_dedicated, per_grid)
    stated = table.column("staff")[city.n_comprehensive :]
    return np.maximum(stated, per_grid) if per_grid >= stated.min(initial=MANY) else np.full(len(stated), per_grid)


def _site_posts(city: Any, per_grid: int, have: np.ndarray | int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Posts beyond the ``have`` of each dedicated grid; beyond the team of three, more officers."""
    sites, wanted = city.n_comprehensive + np.arange(city.n_dedicated), posts_at_sites(city, per_grid)
    posts = np.arange(wanted.max(initial=0))
    post, site = np.nonzero((posts[:, None] >= have) & (posts[:, None] < wanted))
    return sites[site], np.array([CHIEF, GUIDE, INFORMATION_OFFICER])[np.minimum(post, TEAM - 1)]


def with_added_staff(worker: np.recarray, city: Any, s: Scenario) -> np.recarray:
    """The table with rows appended for posts that a lever adds: to the grids that have fewest, ties by luck."""
    n = city.n_comprehensive
    luck = city.draw(CITY_STAFF, n, axis=3)
    more: list[np.recarray] = []
    for kind, wanted in ((FULL_TIME, full_time_posts(s.staff)), (PART_TIME, s.staff.part_time)):
        have = int((worker.role == kind).sum())
        if wanted > have:
            start = int((city.worker.role == kind).sum())  # the k-th post added is the same under every policy
            held = np.bincount(city.worker.home[city.worker.role == kind], minlength=n)[:n]
            need = np.lexsort((luck[:, kind], held))
            more.append(_people(need[np.arange(have - start, wanted - start) % n], np.full(wanted - have, kind)))
    held = np.bincount(worker.home[worker.role >= CHIEF], minlength=len(city.grid))[n:]
    if np.any(posts_at_sites(city, s.dedicated.staff_per_grid) > held):
        more.append(_people(*_site_posts(city, s.dedicated.staff_per_grid, held)))
    return np.concatenate([worker, *more]).view(np.recarray) if more else worker


def kept_grids(scenario: Scenario, dedicated: int) -> int:
    """Number of dedicated grids that ``dedicated.kept_share`` leaves."""
    return int(np.floor(scenario.dedicated.kept_share * dedicated + 0.5))


def put_into_force(tables: Any, city: Any, s: Scenario, moved: Mapping[int, int]) -> None:
    """Put the levers of a scenario that concern grids and people into force, in place.

    Nominal workers (挂名) are counted and work zero hours. Dedicated grids beyond ``dedicated.kept_share`` go, smallest
    first: dissolved into their comprehensive grid, or merged into the nearest one kept of their district. Of a grid
    that is dissolved the guide returns to the community and the others leave, unless ``dedicated.redeployment`` sends
    them on; a merged grid brings its people along. Posts that a policy adds are filled only where a grid is kept.

    Local gain of a dedicated grid: 1 + (``dedicated.local_bonus`` − 1) · min(1, n ÷ 3), n its workers not away; 1 of a
    comprehensive one. Full-time equivalents, cover and patrol follow from who is there: last, ``muster``. ``moved``:
    workers whom an intervention has sent elsewhere, row to grid.
    """
    g, w, place = tables.grid, tables.worker, tables.place
    absorbed_by = _partition(g, city, s)
    place.grid[:] = absorbed_by[city.place.grid]
    _place_people(w, g, city, s, absorbed_by)
    w.grid[list(moved.keys())] = list(moved.values())
    g.ground[:] = np.bincount(place.grid, place.ground, len(g))
    place.organised[:] = place.organisation < s.organisations.coverage
    tables.watched[:] = (place.urban == 1) & (place.camera < s.video.coverage)
    count_hands(tables, s)


def count_hands(tables: Any, s: Scenario) -> None:
    """Whatever follows from who works in which grid (``worker.grid``): chains of workers, the grids' local gain, and by
    ``muster`` full-time equivalents, cover and patrol.
    """
    g, w = tables.grid, tables.worker
    _line_up(w, g)
    _somebody_works(w, g, s)
    at_work = np.bincount(w.grid[w.away == 0], minlength=len(g))
    team = np.minimum(1.0, at_work / TEAM)
    g.local_gain[:] = np.where(g.dedicated == 1, 1 + (s.dedicated.local_bonus - 1) * team, 1.0)
    muster(tables)


def post_rates(s: Scenario) -> np.ndarray:
    """Full-time equivalents of a post that is held, by role."""
    return np.array([1.0, s.staff.part_time_fte] + [s.dedicated.staff_fte] * TEAM)


def take_cases(role: np.ndarray | int, s: Scenario) -> Any:
    """R9. True for the roles that take cases from a queue: all but part-timers who are kept from it (``muster``)."""
    return (role != PART_TIME) | (not s.rules.roles) | s.roles.part_time_handling


def _somebody_works(w: Any, g: Any, s: Scenario) -> None:
    """Refuse a city whose comprehensive grids have nobody to handle a case, vacant posts apart."""
    works = (w.nominal == 0) & (w.away == 0) & (post_rates(s)[w.role] > 0) & (g.dedicated[w.grid] == 0)
    if s.rules.grid_handling and not (works & take_cases(w.role, s)).any():
        who, more = ("gridworker", "")
        if works.any():
            who, more = "full-timer", ", or set roles.part_time_handling"
        raise ScenarioError(
            [
                f"{s.name}: staff: every {who} is nominal (挂名) in this city, so nobody works on cases; "
                f"raise staff.full_time or lower staff.nominal_share{more}"
            ]
        )


def _partition(g: Any, city: Any, s: Scenario) -> np.ndarray:
    """Mark the dedicated grids kept; returns the grid that each grid's places now belong to."""
    n, m = city.n_comprehensive, city.n_dedicated
    kept = kept_grids(s, m)
    by_size = n + np.argsort(-city.grid.extent[n:], kind="stable")
    g.active[by_size[:kept]] = 1
    g.active[by_size[kept:]] = 0
    into = np.arange(n + m)
    gone = by_size[kept:]
    into[gone] = city.grid.host[gone]
    if s.dedicated.rule == "merge":
        for d in range(len(s.districts)):
            stay = by_size[:kept][city.grid.district[by_size[:kept]] == d]
            go = gone[city.grid.district[gone] == d]
            if len(stay) and len(go):
                x, y = city.grid.x, city.grid.y
                apart = (x[go, None] - x[None, stay]) ** 2 + (y[go, None] - y[None, stay]) ** 2
                into[go] = stay[np.argmin(apart, axis=1)]
    return into


def _place_people(w: Any, g: Any, city: Any, s: Scenario, absorbed_by: np.ndarray) -> None:
    """Decide who is nominal, who has left, and which grid each person works in."""
    luck = city.draw(CITY_STAFF, len(w), axis=2)
    firm = w.role >= CHIEF
    w.nominal[:] = (luck[:, 0] < s.staff.nominal_share) & ~firm
    w.away[:] = 0
    for kind, wanted in ((FULL_TIME, full_time_posts(s.staff)), (PART_TIME, s.staff.part_time)):
        rows = np.flatnonzero(w.role == kind)
        added = rows >= len(city.worker)
        order = rows[np.lexsort((rows, np.where(added, 0.0, luck[rows, 1]), added))]
        w.away[order[wanted:]] = 1
    posts = np.zeros(len(w), int)  # the how manieth of its site
    rows = np.flatnonzero(firm)
    rows = rows[np.lexsort((rows, w.home[rows]))]
    if len(rows):
        first = np.concatenate([[True], w.home[rows][1:] != w.home[rows][:-1]])
        posts[rows] = np.arange(len(rows)) - np.maximum.accumulate(np.where(first, np.arange(len(rows)), 0))
    none = np.zeros(city.n_comprehensive, int)
    levers = (s.dedicated.staff_per_grid, city.scenario.dedicated.staff_per_grid)
    now, before = (np.concatenate([none, posts_at_sites(city, k)])[w.home] for k in levers)
    new = posts >= before  # posts that a policy adds, only where a grid is kept
    w.away[firm & ((posts >= now) | (new & (g.active[w.home] == 0)))] = 1
    w.grid[:] = absorbed_by[w.home]
    dissolved = firm & (g.active[w.home] == 0) & (g.dedicated[w.grid] == 0)
    stays = w.role == GUIDE  # a community worker or officer, whom the firm only borrowed
    if s.dedicated.redeployment == "comprehensive":
        stays = np.ones(len(w), bool)
    elif s.dedicated.redeployment == "dedicated":
        free = np.flatnonzero(dissolved & ~stays & (w.away == 0))
        kept = np.flatnonzero((g.dedicated == 1) & (g.active == 1))
        kept = kept[np.argsort(-city.grid.extent[kept], kind="stable")]
        here = np.bincount(w.grid[firm & (w.away == 0) & ~dissolved], minlength=len(g))[kept]
        seats = np.concatenate([kept[here <= k] for k in range(TEAM)] + [np.zeros(0, int)])
        moved = free[: len(seats)]
        w.grid[moved] = seats[: len(moved)]
        dissolved[moved] = False
    w.away[dissolved & ~stays] = 1


def _line_up(w: Any, g: Any) -> None:
    """Chain the workers of each grid, lower numbers first."""
    order = np.lexsort((np.arange(len(w)), w.grid))
    grids = w.grid[order]
    last = np.concatenate([grids[1:] != grids[:-1], [True]]) if len(order) else np.zeros(0, bool)
    w.next[order] = np.where(last, -1, np.concatenate([order[1:], [-1]]) if len(order) else order)
    g.first_worker[:] = -1
    first = np.concatenate([[True], grids[1:] != grids[:-1]]) if len(order) else np.zeros(0, bool)
    g.first_worker[grids[first]] = order[first]
