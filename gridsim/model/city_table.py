"""A city built from its own table of grids: tiers, hosts, sizes and positions as stated, the rest drawn."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
from scipy.spatial import cKDTree

from gridsim.model.draws import CITY_SITES
from gridsim.scenario.grid_checks import neighbour_names
from gridsim.scenario.grid_table import GridTable

NEAREST = 4  # grids that count as adjacent where only positions are known


def build_grids(city: Any, table: GridTable) -> None:
    """Fill a city's tables of grids and communities; row k of the table is row k of the city."""
    n, m = table.comprehensive, table.dedicated
    g = city.new_grids(n, m)
    rank = {d: k for k, d in enumerate(city.district_names)}
    g.district[:] = [rank[d] for d in table.columns["district"]]
    g.population[:] = table.column("population")
    _set_communities(city, table)
    u = city.draw(CITY_SITES, m) if m else np.zeros((0, 4))
    row_of = {name: k for k, name in enumerate(table.columns["name"])}
    for j, host in enumerate(table.columns["host"][n:]):
        c = city.community[g.community[n + j]]
        g.host[n + j] = row_of[host] if host else c.first_grid + int(u[j, 0] * c.grids)
    _set_positions(city, table, u)
    if "size" in table.columns:
        g.extent[n:] = table.column("size")[n:]
    else:
        g.extent[n:] = (1 - u[:, 3]) ** (-1 / city.scenario.dedicated.site_size_shape)


def _set_communities(city: Any, table: GridTable) -> None:
    g, n = city.grid, table.comprehensive
    names = table.columns["community"]
    number = {name: k for k, name in enumerate(dict.fromkeys(names[:n]))}
    streets = {name: k for k, name in enumerate(dict.fromkeys(table.columns["street"][:n]))}
    g.community[:] = [number[name] for name in names]
    first, size = np.unique(g.community[:n], return_index=True, return_counts=True)[1:]
    city.set_communities(
        [
            (int(a), int(k), streets[table.columns["street"][a]], int(g.district[a]))
            for a, k in zip(first, size, strict=True)
        ]
    )


def _set_positions(city: Any, table: GridTable, u: np.ndarray) -> None:
    g, n = city.grid, table.comprehensive
    if "x" in table.columns:
        g.x[:], g.y[:] = table.column("x"), table.column("y")
        return
    for d in range(len(city.district_names)):
        city.lay_out(np.flatnonzero(g.district[:n] == d), d)
    host = g.host[n:]
    g.x[n:], g.y[n:] = g.x[host] + 0.5 * (u[:, 1] - 0.5), g.y[host] + 0.5 * (u[:, 2] - 0.5)


def adjacency(city: Any) -> list[tuple[int, int]] | None:
    """Pairs of adjacent grids by the table: as stated, else the nearest of the district; None on a schematic map."""
    table = city.scenario.grids
    if table is None:
        return None
    if "neighbours" in table.columns:
        row_of = {name: k for k, name in enumerate(table.columns["name"])}
        cells = table.columns["neighbours"]
        return [(k, row_of[other]) for k, cell in enumerate(cells) for other in neighbour_names(cell)]
    if "x" not in table.columns:
        return None
    g, pairs = city.grid, []
    for d in range(len(city.district_names)):
        rows = np.flatnonzero(g.district[: table.comprehensive] == d)
        points = np.column_stack([g.x[rows], g.y[rows]])
        near = cKDTree(points).query(points, k=min(NEAREST + 1, len(rows)))[1].reshape(len(rows), -1)
        pairs += [(int(rows[a]), int(rows[b])) for a, others in enumerate(near) for b in others if a != b]
    return pairs


def label_tree(tree: nx.DiGraph, city: Any) -> None:
    """Give streets, communities and grids of the tree their real names, as attribute ``label``."""
    table = city.scenario.grids
    for row, name in enumerate(table.columns["name"]):
        tree.nodes[f"grid-{row}"]["label"] = name
    for k, c in enumerate(city.community):
        tree.nodes[f"community-{k}"]["label"] = table.columns["community"][c.first_grid]
        tree.nodes[f"street-{c.street}"]["label"] = table.columns["street"][c.first_grid]
