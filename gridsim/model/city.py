"""The city: a five-tier tree 市—县区—乡镇街道—社区村—网格, and the places where incidents arise.

Built once from the scenario and the city's own seed, and the same in every replication. Places never change; a grid is
a set of places, and a policy changes only which grid a place belongs to.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np

from gridsim.model.agents import RowAgent, columns
from gridsim.model.draws import CITY_CELLS, CITY_GRIDS, CITY_SITES, CITY_STAFF, uniform_block
from gridsim.model.gridworkers import FIRM_STAFF, FULL_TIME, PART_TIME, WORKER_DTYPE
from gridsim.model.residents import RESIDENT_DTYPE, populate
from gridsim.scenario.distributions import lognormal_sigma
from gridsim.scenario.scenario import Scenario, ScenarioError

PLACE_DTYPE = np.dtype(
    [
        ("rate", "f8"),
        ("edge_share", "f8"),
        ("ordinal", "i8"),
        ("first_resident", "i4"),
        ("residents", "i4"),
        ("grid", "i4"),
        ("host", "i4"),
        ("community", "i4"),
        ("district", "i4"),
        ("population", "i4"),
        ("site", "i4"),
        ("extent", "f8"),
        ("ground", "f8"),
    ],
    align=True,
)
GRID_DTYPE = np.dtype(
    [
        ("dedicated", "i2"),
        ("active", "i2"),
        ("community", "i4"),
        ("district", "i4"),
        ("host", "i4"),
        ("head", "i4"),
        ("tail", "i4"),
        ("load", "i4"),
        ("first_worker", "i4"),
        ("workers", "i4"),
        ("fallback", "i4"),
        ("population", "i4"),
        ("fte", "f8"),
        ("local_gain", "f8"),
        ("ground", "f8"),
        ("ground_at_first", "f8"),
        ("extent", "f8"),
        ("x", "f8"),
        ("y", "f8"),
    ],
    align=True,
)
COMMUNITY_DTYPE = np.dtype([("first_grid", "i4"), ("grids", "i4"), ("street", "i4"), ("district", "i4")], align=True)


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


class City:
    """Immutable build of a scenario's city; ``World`` copies its tables.

    Attributes
    ----------
    place, grid, community, worker, resident : record arrays
        One row per individual; column meanings are the field names.
    propensity : float32 array, shape (residents,)

    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.district_names = list(scenario.districts)
        self._build_grids()
        self._build_places()
        self._build_residents()
        self._build_workers()

    def _draw(self, stream: int, n: int, axis: int = 0) -> np.ndarray:
        return uniform_block(self.scenario.city.seed, 0, stream, axis, n)

    def _normal(self, stream: int, n: int, axis: int = 0) -> np.ndarray:
        u = self._draw(stream, n, axis)
        return np.asarray(np.sqrt(-2 * np.log(u[:, 0])) * np.cos(2 * np.pi * u[:, 1]))

    def _build_grids(self) -> None:
        s, c = self.scenario, self.scenario.city
        people = np.array([d.population for d in s.districts.values()])
        per_district = shared_out(c.comprehensive_grids, people, least=1)
        sites = shared_out(c.dedicated_grids, people) if c.dedicated_grids else np.zeros(len(people), int)
        n, m = c.comprehensive_grids, c.dedicated_grids
        self.n_comprehensive, self.n_dedicated = n, m
        g = self.grid = np.zeros(n + m, GRID_DTYPE).view(np.recarray)
        g.dedicated[n:] = 1
        g.active[:] = 1
        g.head[:] = g.tail[:] = g.host[:] = -1
        g.district[:n] = np.repeat(np.arange(len(people)), per_district)
        g.district[n:] = np.repeat(np.arange(len(people)), sites)
        g.local_gain[:] = 1.0

        sigma = np.sqrt(np.log1p(c.grid_size_cv**2))
        weight = np.exp(sigma * self._normal(CITY_GRIDS, n))
        communities: list[tuple[int, int, int, int]] = []
        streets = 0
        for d, total in enumerate(people):
            rows = np.flatnonzero(g.district[:n] == d)
            g.population[rows] = shared_out(int(total), weight[rows], least=c.cells_per_grid)
            for k, first in enumerate(range(0, len(rows), c.grids_per_community)):
                if k % c.communities_per_street == 0:
                    streets += 1
                members = rows[first : first + c.grids_per_community]
                g.community[members] = len(communities)
                communities.append((int(members[0]), len(members), streets - 1, d))
            self._lay_out(rows, d)
        self.n_streets = streets
        self.community = np.array(communities, COMMUNITY_DTYPE).view(np.recarray)

        u = self._draw(CITY_SITES, m) if m else np.zeros((0, 4))
        for j in range(m):  # a site lies in a comprehensive grid of its district
            rows = np.flatnonzero(g.district[:n] == g.district[n + j])
            host = rows[int(u[j, 0] * len(rows))]
            g.host[n + j] = host
            g.community[n + j] = g.community[host]
            g.x[n + j] = g.x[host] + 0.5 * (u[j, 1] - 0.5)
            g.y[n + j] = g.y[host] + 0.5 * (u[j, 2] - 0.5)
        g.extent[n:] = (1 - u[:, 3]) ** (-1 / s.dedicated.site_size_shape)

    def _lay_out(self, rows: np.ndarray, district: int) -> None:
        """Schematic coordinates: each district a square block of grids, five blocks a row."""
        side = int(np.ceil(np.sqrt(len(rows))))
        k = np.arange(len(rows))
        widest = int(np.ceil(np.sqrt(self.n_comprehensive))) + 2
        self.grid.x[rows] = k % side + widest * (district % 5)
        self.grid.y[rows] = k // side + widest * (district // 5)

    def _build_places(self) -> None:
        s, c, g = self.scenario, self.scenario.city, self.grid
        n, m, cells = self.n_comprehensive, self.n_dedicated, self.scenario.city.cells_per_grid
        place = self.place = np.zeros(n * cells + m, PLACE_DTYPE).view(np.recarray)
        home = slice(0, n * cells)
        site = slice(n * cells, None)
        place.grid[home] = place.host[home] = np.repeat(np.arange(n), cells)
        share, rest = np.divmod(g.population[:n], cells)
        place.population[home] = np.repeat(share, cells) + (np.tile(np.arange(cells), n) < np.repeat(rest, cells))
        place.grid[site] = np.arange(n, n + m)
        place.host[site] = g.host[n:]
        place.site[:] = -1
        place.site[site] = np.arange(m)
        place.community[:] = g.community[place.grid]
        place.district[:] = g.district[place.grid]
        place.extent[site] = g.extent[n:]

        at_sites = s.dedicated.incident_share if m else 0.0
        total = s.population * s.arrivals.per_100_residents / 100 / 365
        place.ground[home] = (1 - at_sites) * place.population[home] / s.population
        if m:
            place.ground[site] = at_sites * g.extent[n:] / g.extent[n:].sum()
        effect = np.exp(c.place_effect_sd * self._normal(CITY_CELLS, len(place)))
        for part in (home, site):  # the effect spreads incidents between places, never changes their total
            weight = place.ground[part] * effect[part]
            if weight.sum() > 0:
                place.rate[part] = total * place.ground[part].sum() * weight / weight.sum()
        if m:  # perimeter to area: small sites have more edge; mean factor 1
            perimeter = g.extent[n:] ** -0.5
            place.edge_share[site] = 1 - np.exp(-s.dedicated.boundary_friction * perimeter / perimeter.mean())
        g.ground_at_first[:] = np.bincount(place.grid, place.ground, len(g))

    def _build_residents(self) -> None:
        s, place = self.scenario, self.place
        n = self.n_comprehensive * s.city.cells_per_grid
        edges = np.concatenate([[0], np.cumsum(place.population[:n].astype(np.int64))]) // s.city.persons_per_agent
        place.first_resident[:n], place.residents[:n] = edges[:-1], np.diff(edges)
        for j in range(n, len(place)):  # people attached to a site live in its community
            first, last = self._cells_of_community(int(place.community[j]))
            place.first_resident[j] = place.first_resident[first]
            place.residents[j] = place.first_resident[last] + place.residents[last] - place.first_resident[first]
        self.n_residents = int(edges[-1])
        self.propensity = np.empty(self.n_residents, np.float32)
        self.resident = np.zeros(self.n_residents, RESIDENT_DTYPE).view(np.recarray)
        home = np.repeat(np.arange(n, dtype=np.int32), place.residents[:n])
        populate(
            s.city.seed,
            lognormal_sigma(s.residents.disparity),
            s.city.registered_share,
            home,
            self.propensity,
            self.resident,
        )

    def _cells_of_community(self, k: int) -> tuple[int, int]:
        c, cells = self.community[k], self.scenario.city.cells_per_grid
        return int(c.first_grid * cells), int((c.first_grid + c.grids) * cells - 1)

    def _build_workers(self) -> None:
        s, g, n, m = self.scenario, self.grid, self.n_comprehensive, self.n_dedicated
        understaffed = np.array([d.understaffed for d in s.districts.values()])
        in_district = np.bincount(g.district[:n], minlength=len(understaffed))
        full = shared_out(s.staff.full_time, in_district * (1 - s.staff.understaffed_gap * understaffed))
        part = shared_out(s.staff.part_time, in_district)
        grids: list[np.ndarray] = []
        roles: list[np.ndarray] = []
        order = self._draw(CITY_STAFF, n, axis=1)
        for role, numbers in ((FULL_TIME, full), (PART_TIME, part)):
            for d, number in enumerate(numbers):  # one each in a shuffled order, then a second round
                rows = np.flatnonzero(g.district[:n] == d)
                shuffled = rows[np.argsort(order[rows, role], kind="stable")]
                grids.append(shuffled[np.arange(number) % len(rows)])
                roles.append(np.full(number, role))
        firm = int(round(s.dedicated.staff_per_grid * m))
        if m:
            grids.append(n + np.arange(firm) % m)
            roles.append(np.full(firm, FIRM_STAFF))
        where, role_of = np.concatenate(grids).astype(int), np.concatenate(roles).astype(int)
        by_grid = np.lexsort((role_of, where))
        w = self.worker = np.zeros(len(where), WORKER_DTYPE).view(np.recarray)
        w.grid[:], w.role[:] = where[by_grid], role_of[by_grid]
        w.case[:] = -1
        w.bank_day[:] = w.today[:] = -(10**9)
        g.workers[:] = np.bincount(where, minlength=n + m)
        g.first_worker[:] = np.concatenate([[0], np.cumsum(g.workers)[:-1]])
        self.nominal_luck = self._draw(CITY_STAFF, len(w), axis=2)[:, 0]

    @cached_property
    def tree(self) -> nx.DiGraph:
        """The five tiers as a directed graph; nodes carry ``tier``; the four above the grids are centres (中心)."""
        tree = nx.DiGraph(name=self.scenario.name)
        tree.add_node("city", tier="city")
        for d in self.district_names:
            tree.add_edge("city", d)
            tree.nodes[d]["tier"] = "district"
        for k, c in enumerate(self.community):
            district, street, community = self.district_names[c.district], f"street-{c.street}", f"community-{k}"
            tree.add_edge(district, street)
            tree.add_edge(street, community)
            tree.nodes[street]["tier"], tree.nodes[community]["tier"] = "street", "community"
        for row, g in enumerate(self.grid):
            tree.add_edge(f"community-{g.community}", f"grid-{row}")
            tree.nodes[f"grid-{row}"].update(tier="grid", row=row, dedicated=bool(g.dedicated))
        for _, data in tree.nodes(data=True):
            data["centre"] = data["tier"] != "grid"
        return tree

    @cached_property
    def neighbours(self) -> nx.Graph:
        """Adjacent grids (schematic): lattice neighbours in a district, and each dedicated grid with its host."""
        graph = nx.Graph()
        at: dict[tuple[float, float], int] = {}
        for row, g in enumerate(self.grid):
            graph.add_node(row, dedicated=bool(g.dedicated), pos=(float(g.x), float(g.y)))
            if not g.dedicated:
                at[float(g.x), float(g.y)] = row
            else:
                graph.add_edge(row, int(g.host))
        for (x, y), row in at.items():
            for other in ((x + 1, y), (x, y + 1)):
                if other in at and self.grid.district[at[other]] == self.grid.district[row]:
                    graph.add_edge(row, at[other])
        return graph

    def counts(self, scenario: Scenario) -> dict[str, float]:
        """How many of each thing a policy's cost can be charged for."""
        fields, districts = len(scenario.fields), len(scenario.districts)
        city_level = fields if scenario.departments.city_level_share > 0 else 0
        return {
            "city": 1,
            "department": fields * districts + city_level,
            "comprehensive_grid": self.n_comprehensive,
            "dedicated_grid_dissolved": self.n_dedicated - kept_grids(scenario, self.n_dedicated),
            "full_time": scenario.staff.full_time,
        }


def kept_grids(scenario: Scenario, dedicated: int) -> int:
    """Number of dedicated grids that ``dedicated.kept_share`` leaves."""
    return int(np.floor(scenario.dedicated.kept_share * dedicated + 0.5))


@columns(GRID_DTYPE, "grid")
class Grid(RowAgent):
    """综合网格 / 专属网格: a management unit, a set of places."""

    @property
    def places(self) -> list[int]:
        """Rows of the places that belong to this grid now."""
        return [int(i) for i in np.flatnonzero(self.model.world.tables.place.grid == self.row)]

    @property
    def kind(self) -> str:
        """Comprehensive or dedicated."""
        return "dedicated" if self.dedicated else "comprehensive"


def staff_places(tables: Any, city: City, scenario: Scenario) -> None:
    """Put the levers of a scenario that concern grids and staff into force, in place.

    Nominal workers (挂名) are counted and work zero hours; dedicated grids beyond ``dedicated.kept_share``
    dissolve into their hosts, smallest first, and their firm staff leave; patrol hours spread over a
    grid's whole ground.

    Patrol hazard per working day (R3) = coverage · detection · (hours ÷ standard hours) ·
    (usual ground ÷ ground now) · local gain; the gain = 1 + (bonus − 1) · min(1, staff ÷ 3) in a dedicated grid. The
    usual ground, for which standard hours are stated, is a comprehensive grid's own at first, and for a dedicated grid
    that of the mean comprehensive grid: an hour walked counts the same for its ground whoever walks it.
    """
    s, g, w, place = scenario, tables.grid, tables.worker, tables.place
    n = city.n_comprehensive
    fte = np.array([1.0, s.staff.part_time_fte, s.dedicated.staff_fte])[w.role]
    w.nominal[:] = (city.nominal_luck < s.staff.nominal_share) & (w.role != FIRM_STAFF)
    w.fte[:] = np.where(w.nominal == 1, 0.0, fte)

    kept = kept_grids(s, city.n_dedicated)
    by_size = n + np.argsort(-city.grid.extent[n:], kind="stable")
    g.active[by_size[:kept]] = 1
    g.active[by_size[kept:]] = 0
    own = city.place.grid
    place.grid[:] = np.where(g.active[own] == 1, own, city.place.host)
    w.fte[g.active[w.grid] == 0] = 0.0

    g.fte[:] = np.bincount(w.grid, w.fte, len(g))
    team = np.minimum(1.0, g.workers / 3)
    g.local_gain[:] = np.where(g.dedicated == 1, 1 + (s.dedicated.local_bonus - 1) * team, 1.0)
    g.ground[:] = np.bincount(place.grid, place.ground, len(g))
    here = place.grid
    usual = np.where(g.dedicated == 1, g.ground_at_first[:n].mean(), g.ground_at_first)
    spread = np.divide(usual[here], g.ground[here], out=np.ones(len(place)), where=g.ground[here] > 0)
    hours = g.fte[here] * s.staff.patrol_hours / s.staff.standard_patrol_hours
    if s.rules.grid_handling and not np.any(g.fte[g.dedicated == 0] > 0):
        raise ScenarioError(
            [
                f"{s.name}: staff: every gridworker is nominal (挂名) in this city, so nobody works; "
                "raise staff.full_time or lower staff.nominal_share"
            ]
        )
    tables.patrol_hazard[:] = s.patrol.coverage * s.patrol.detection * hours * spread * g.local_gain[here]
    _fallbacks(tables, s)


def _fallbacks(tables: Any, s: Scenario) -> None:
    """For communities without any staffed grid: the nearest staffed grid in row order of the same district."""
    g = tables.grid
    able = np.flatnonzero((g.fte >= s.staff.cover_below_fte) & (g.fte > 0) & (g.dedicated == 0))
    if not len(able):
        g.fallback[:] = np.arange(len(g))
        return
    home = np.where(g.dedicated == 1, g.host, np.arange(len(g)))
    right = np.clip(np.searchsorted(able, home), 0, len(able) - 1)
    left = np.clip(right - 1, 0, len(able) - 1)
    distance = np.abs(able[[left, right]] - home) + 10**6 * (g.district[able[[left, right]]] != g.district[home])
    g.fallback[:] = np.where(distance[0] <= distance[1], able[left], able[right])
