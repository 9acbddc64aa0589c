"""Where it happened, and which departments worked together: outcomes by grid, and joint handling by field."""

from __future__ import annotations

import numpy as np
import pandas as pd

from gridsim.measures.registry import RESTRICTED_TO
from gridsim.measures.run import Columns, cohort
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.windows import Window

NAN = float("nan")


def first_grid(city: City) -> np.ndarray:
    """The grid each place belongs to as the city is built: no policy changes this, so grids can be compared."""
    place = city.place
    return np.where(place.site >= 0, city.n_comprehensive + place.site, place.host).astype(np.int64)


def by_grid(world: World, c: Columns, window: Window) -> np.ndarray:
    """Cases reported, their restricted days to true resolution, and mean open cases, by the grid as first drawn.

    Returns
    -------
    array, shape (grids, 3)
        ``cases`` (number), ``days`` (sum of min(days from report to resolution, 90) over them; NaN where the run was
        not followed for 90 days, as a grid has too few cases to estimate what was cut off), ``backlog`` (mean number
        of open cases over the window).

    """
    city = world.city
    grid, n = first_grid(city)[c["place"].astype(np.int64)], len(city.grid)
    rows = cohort(c, window)
    resolved, end = c["resolved"][rows], float(world.horizon)
    cases = np.bincount(grid[rows], minlength=n).astype(float)
    if end - window[1] >= RESTRICTED_TO:
        waited = np.where(np.isnan(resolved), np.inf, resolved) - c["reported"][rows]
        days = np.bincount(grid[rows], np.minimum(waited, RESTRICTED_TO), n)
    else:
        days = np.full(n, NAN)
    known = np.flatnonzero(~np.isnan(c["reported"]))
    shut, back = c["closed"][known], c["reopened_at"][known]
    first, last = window
    opened = _overlap(c["reported"][known], np.where(np.isnan(shut), np.inf, shut), first, last)
    away = np.where(np.isnan(back), 0.0, _overlap(c["formal_at"][known], back, first, last))
    backlog = np.bincount(grid[known], opened - away, n) / (last - first)
    return np.column_stack([cases, days, backlog])


def _overlap(start: np.ndarray, stop: np.ndarray, first: float, last: float) -> np.ndarray:
    """Days that [start, stop) and [first, last) have in common."""
    return np.maximum(np.minimum(stop, last) - np.maximum(start, first), 0.0)


def tier_names(city: City, tier: str) -> list[str]:
    """Names of a tier's rows (``grid``, ``community``, ``street``): the table's own, else the tier and a number."""
    community, table = city.community, city.scenario.grids
    rows = {"grid": len(city.grid), "community": len(community), "street": city.n_streets}[tier]
    if table is None:
        return [f"{tier}-{k}" for k in range(rows)]
    if tier == "grid":
        return list(table.columns["name"])
    names = [table.columns[tier][row] for row in community.first_grid]
    if tier == "community":
        return names
    return [names[k] for k in np.unique(community.street, return_index=True)[1]]


def grid_register(city: City) -> pd.DataFrame:
    """One row a grid as first drawn: name, kind, district, street, community, position.

    Positions are the table's coordinates, or those of a schematic map.
    """
    g = city.grid
    streets, communities = (np.array(tier_names(city, tier), dtype=object) for tier in ("street", "community"))
    return pd.DataFrame(
        {
            "grid": tier_names(city, "grid"),
            "kind": np.where(g.dedicated == 1, "dedicated", "comprehensive"),
            "district": [city.district_names[d] for d in g.district],
            "street": streets[city.community.street[g.community]],
            "community": communities[g.community],
            "x": g.x,
            "y": g.y,
        }
    )


def joint_handling(world: World, window: Window) -> pd.DataFrame:
    """Cases reported in a window that departments of two fields worked on together after a whistle, a row a pair.

    ``one`` and ``other`` are department fields, ``cases`` the number of cases that both had a part in.
    """
    fields = list(world.scenario.fields)
    names = [name.split(".")[1] for name in world.department_names]
    code = np.array([fields.index(n) for n in names], dtype=np.int64)
    rows = world.cases
    with np.errstate(invalid="ignore"):
        inside = (rows.reported >= window[0]) & (rows.reported < window[1])
    rows = rows[inside & (rows.linked == 1) & (rows.needs > 1)]
    department, needs = rows.department, rows.needs
    count = np.zeros((len(fields), len(fields)), dtype=np.int64)
    for i in range(department.shape[1]):
        for j in range(i + 1, department.shape[1]):
            both = needs > j
            a, b = code[department[both, i]], code[department[both, j]]
            np.add.at(count, (np.minimum(a, b), np.maximum(a, b)), 1)
    one, other = np.triu_indices(len(fields), 1)
    return pd.DataFrame(
        {"one": [fields[k] for k in one], "other": [fields[k] for k in other], "cases": count[one, other]}
    )
