"""The city: a five-tier tree 市—县区—乡镇街道—社区村—网格, and the places where incidents arise.

Built once from the scenario and the city's own seed, and the same in every replication. Places never change; a grid is
a set of places, and a policy changes only which grid a place belongs to.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import Any

import networkx as nx
import numpy as np

from gridsim.model.agents import RowAgent, columns
from gridsim.model.city_table import adjacency, build_grids, label_tree
from gridsim.model.counts import count_all
from gridsim.model.draws import CITY_CELLS, CITY_GRIDS, CITY_SITES, uniform_block
from gridsim.model.queues import LINE_COLUMNS
from gridsim.model.residents import RESIDENT_DTYPE, populate
from gridsim.model.settings import threshold_levels
from gridsim.model.staffing import first_staff, shared_out
from gridsim.scenario.distributions import lognormal_sigma
from gridsim.scenario.scenario import Scenario

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
        ("urban", "i4"),
        ("extent", "f8"),
        ("ground", "f8"),
        ("camera", "f8"),
        ("heat", "f8"),
        ("lately", "f8"),
        ("organisation", "f8"),
        ("organised", "i4"),
        ("people", "i4"),
        ("success", "f8"),
        ("expectation", "f8"),
        ("grievance", "f8"),
        ("taking_part", "f8"),
        ("unsafe", "f8"),
    ],
    align=True,
)
"""Columns of a place.

- ``rate``: incidents a day, for good. ``edge_share``: chance that one lies at the edge of a dedicated grid.
  ``ordinal``: of the next candidate (R1).
- ``first_resident``, ``residents``: rows of the people concerned. ``population``: persons who live there.
- ``grid``: it belongs to now. ``host``: comprehensive grid it lies in. ``community``, ``district``: rows, for good.
  ``site``: number of the dedicated site, −1 for a neighbourhood cell. ``urban``: 0 or 1. ``extent``: size of the site
  (Pareto), 0 for a cell.
- ``ground``: share of the city's ground to patrol (all places add up to 1). ``camera``: luck in [0, 1); ``watched`` is
  1 where the place is urban and this is below ``video.coverage``.
- ``heat``, ``lately``: cases recorded, faded, and since the last four-weekly count (R3).
- ``organisation``: luck in [0, 1) of its community; ``organised`` is 1 where this is below ``organisations.coverage``.
  ``people``: resident rows who live there (0 at a site).
- ``success``: recent part of the cases resolved in time (R15). ``expectation``: what people expect of it.
  ``grievance``: 0 to 1. ``taking_part``: share of its residents who take part, at a site that of the community's.
- ``unsafe``: safety incidents that arose, seen or not, fading (R19).
"""
GRID_DTYPE = np.dtype(
    [
        ("dedicated", "i2"),
        ("active", "i2"),
        ("community", "i4"),
        ("district", "i4"),
        ("host", "i4"),
        *LINE_COLUMNS,
        ("load", "i4"),
        ("first_worker", "i4"),
        ("fallback", "i4"),
        ("population", "i4"),
        ("guide", "i4"),
        ("fte", "f8"),
        ("hands", "f8"),
        ("local_gain", "f8"),
        ("ground", "f8"),
        ("ground_at_first", "f8"),
        ("periphery", "f8"),
        ("extent", "f8"),
        ("x", "f8"),
        ("y", "f8"),
    ],
    align=True,
)
"""Columns of a grid.

- ``dedicated``: 0 comprehensive, 1 dedicated. ``active``: 1 unless dissolved. ``community``, ``district``: rows.
  ``host``: comprehensive grid that a dedicated one lies in, −1 for a comprehensive one. ``population``: persons.
  ``extent``: size of the site. ``x``, ``y``: position on a schematic map.
- ``head``, ``tail``, ``urgent_tail``, ``turns``, ``of_level``, ``first_of``, ``ahead_of``: its queue (``queues``).
  ``load``: live cases. ``first_worker``: first of its workers, by
  number, −1 if none. ``fallback``: who serves it when nobody of its community can. ``fte``: full-time equivalents at
  work; ``hands``: of those who take cases from its queue. ``guide``: 1 in a dedicated grid with a guide at work.
- ``local_gain``: factor of patrol and of success of a dedicated grid with people, 1 elsewhere. ``ground``,
  ``ground_at_first``: ground of its places now, and before any policy. ``periphery``: 0 in the middle of the district,
  1 furthest out.
"""
COMMUNITY_DTYPE = np.dtype(
    [
        ("first_grid", "i4"),
        ("grids", "i4"),
        ("street", "i4"),
        ("district", "i4"),
        ("people", "i4"),
        ("part", "i4"),
        ("alerts", "f8"),
        ("alert_until", "f8"),
        ("alert_factor", "f8"),
    ],
    align=True,
)
"""Columns of a community: its comprehensive grids are ``first_grid`` and the ``grids`` − 1 rows after it; ``street``,
``district``: rows; ``people``, ``part``: residents, and those who take part. ``alerts``: alerts, fading;
``alert_until``, ``alert_factor``: the last one, from −10⁹ and 1 at first (R19).
"""


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
        if scenario.grids is None:
            self._build_grids()
        else:
            build_grids(self, scenario.grids)
        self._set_periphery()
        self._build_places()
        self._build_residents()
        self.worker = first_staff(self)
        self.firm_staff: dict[tuple[Any, Any], float] = {}  # people of firms by section ``dedicated`` today and then

    def draw(self, stream: int, n: int, axis: int = 0) -> np.ndarray:
        """Keyed uniforms of the city itself, the same in every replication; shape (n, 4)."""
        return uniform_block(self.scenario.city.seed, 0, stream, axis, n)

    def _normal(self, stream: int, n: int, axis: int = 0) -> np.ndarray:
        u = self.draw(stream, n, axis)
        return np.asarray(np.sqrt(-2 * np.log(u[:, 0])) * np.cos(2 * np.pi * u[:, 1]))

    def _build_grids(self) -> None:
        s, c = self.scenario, self.scenario.city
        people = np.array([d.population for d in s.districts.values()])
        per_district = shared_out(c.comprehensive_grids, people, least=1)
        sites = shared_out(c.dedicated_grids, people) if c.dedicated_grids else np.zeros(len(people), int)
        n, m = c.comprehensive_grids, c.dedicated_grids
        g = self.new_grids(n, m)
        g.district[:n] = np.repeat(np.arange(len(people)), per_district)
        g.district[n:] = np.repeat(np.arange(len(people)), sites)

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
            self.lay_out(rows, d)
        self.set_communities(communities)

        u = self.draw(CITY_SITES, m) if m else np.zeros((0, 4))
        for j in range(m):  # a site lies in a comprehensive grid of its district
            rows = np.flatnonzero(g.district[:n] == g.district[n + j])
            host = rows[int(u[j, 0] * len(rows))]
            g.host[n + j] = host
            g.community[n + j] = g.community[host]
            g.x[n + j] = g.x[host] + 0.5 * (u[j, 1] - 0.5)
            g.y[n + j] = g.y[host] + 0.5 * (u[j, 2] - 0.5)
        g.extent[n:] = (1 - u[:, 3]) ** (-1 / s.dedicated.site_size_shape)

    def new_grids(self, n: int, m: int) -> np.recarray:
        """Fresh rows for ``n`` comprehensive and ``m`` dedicated grids."""
        self.n_comprehensive, self.n_dedicated = n, m
        g = self.grid = np.zeros(n + m, GRID_DTYPE).view(np.recarray)
        g.dedicated[n:] = 1
        g.active[:] = 1
        g.head[:] = g.tail[:] = g.urgent_tail[:] = g.first_worker[:] = g.host[:] = -1
        g.local_gain[:] = 1.0
        return g

    def set_communities(self, rows: list[tuple[int, int, int, int]]) -> None:
        """Set the table of communities: first grid, number of grids, street, district."""
        c = self.community = np.zeros(len(rows), COMMUNITY_DTYPE).view(np.recarray)
        c.first_grid[:], c.grids[:], c.street[:], c.district[:] = np.array(rows).T
        c.alert_until[:], c.alert_factor[:] = -1e9, 1.0
        self.n_streets = int(self.community.street.max()) + 1

    def _set_periphery(self) -> None:
        """0 in the middle of the district, 1 furthest out."""
        g = self.grid
        for d in range(len(self.district_names)):
            here = g.district == d
            x, y = g.x[here], g.y[here]
            away = np.hypot(x - x.mean(), y - y.mean())
            g.periphery[here] = away / away.max() if len(away) and away.max() > 0 else 0.0

    def lay_out(self, rows: np.ndarray, district: int) -> None:
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
        place.urban[:] = np.array([d.urban for d in s.districts.values()])[place.district]
        if s.grids is not None:
            place.urban[:] = s.grids.column("urban")[place.grid]
        place.camera[:] = self.draw(CITY_CELLS, len(place), axis=1)[:, 0]  # which places are connected first
        place.organisation[:] = self.draw(CITY_CELLS, len(self.community), axis=2)[place.community, 0]

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
        place.people[:n] = place.residents[:n]
        self.propensity = np.empty(self.n_residents, np.float32)
        self.resident = np.zeros(self.n_residents, RESIDENT_DTYPE).view(np.recarray)
        self.standing = np.zeros(self.n_residents, np.uint8)
        self.threshold = np.zeros(self.n_residents, np.uint8)
        all_far = s.ties.near if s.ties.structure == "long" else 0
        self.tie = np.empty((self.n_residents, s.ties.far + all_far), np.int32)
        by_district = [place.first_resident[:n][place.district[:n] == d] for d in range(len(self.district_names))]
        first_row = np.array([rows.min() for rows in by_district])
        many = np.bincount(place.district[:n], place.people[:n], len(first_row)).astype(np.int64)
        populate(
            s.city.seed,
            lognormal_sigma(s.residents.disparity),
            s.residents.place_share,
            s.city.registered_share,
            s.residents.wechat_reach,
            s.participation.initial,
            threshold_levels(s),
            np.repeat(np.arange(n, dtype=np.int32), place.residents[:n]),
            np.ascontiguousarray(place.community),
            (self.propensity, self.resident, self.standing, self.threshold, self.tie),
            (first_row[place.district], many[place.district], s.ties.far),
        )

    def _cells_of_community(self, k: int) -> tuple[int, int]:
        c, cells = self.community[k], self.scenario.city.cells_per_grid
        return int(c.first_grid * cells), int((c.first_grid + c.grids) * cells - 1)

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
        if self.scenario.grids is not None:
            label_tree(tree, self)
        return tree

    @cached_property
    def neighbours(self) -> nx.Graph:
        """Adjacent grids (schematic): lattice neighbours in a district, and each dedicated grid with its host.

        Where a city's own table states neighbours or positions, these hold instead of the lattice.
        """
        graph = nx.Graph()
        at: dict[tuple[float, float], int] = {}
        for row, g in enumerate(self.grid):
            graph.add_node(row, dedicated=bool(g.dedicated), pos=(float(g.x), float(g.y)))
            if not g.dedicated:
                at[float(g.x), float(g.y)] = row
            else:
                graph.add_edge(row, int(g.host))
        stated = adjacency(self)
        if stated is not None:
            graph.add_edges_from(stated)
            return graph
        for (x, y), row in at.items():
            for other in ((x + 1, y), (x, y + 1)):
                if other in at and self.grid.district[at[other]] == self.grid.district[row]:
                    graph.add_edge(row, at[other])
        return graph

    def counts(
        self, scenario: Scenario, base: Scenario | None = None, only: Collection[str] | None = None
    ) -> dict[str, float]:
        """How many of each thing a policy's cost can be charged for, beside ``base`` (the city's own scenario)."""
        return count_all(self, base or self.scenario, scenario, only)


@columns(GRID_DTYPE, "grid")
class Grid(RowAgent):
    """综合网格 / 专属网格: a management unit, a set of places."""

    @property
    def name(self) -> str:
        """Name in the city's own table of grids, or ``grid-`` and the row."""
        table = self.model.scenario.grids
        return f"grid-{self.row}" if table is None else table.columns["name"][self.row]

    @property
    def places(self) -> list[int]:
        """Rows of the places that belong to this grid now."""
        return [int(i) for i in np.flatnonzero(self.model.world.tables.place.grid == self.row)]

    @property
    def kind(self) -> str:
        """Comprehensive or dedicated."""
        return "dedicated" if self.dedicated else "comprehensive"
