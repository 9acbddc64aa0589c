"""A city's own grids: one row a grid, from a CSV file or from the columns in a scenario, checked and made complete.

A complete table is in the order of the city that is built from it: comprehensive grids first, those of a community
together. What may be left out is filled by stated rules, and every filling is reported as :class:`Taken`.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from gridsim.scenario.errors import ScenarioError, nearest
from gridsim.scenario.grid_checks import check_grids, neighbour_names
from gridsim.scenario.parameters import PAPER, REGISTRY, Column, Grade
from gridsim.scenario.sheet import NO, YES, Sheet, read_sheet

COMPREHENSIVE, DEDICATED = "comprehensive", "dedicated"
KINDS = {
    COMPREHENSIVE: (COMPREHENSIVE, "综合", "综合网格"),
    DEDICATED: (DEDICATED, "专属", "专属网格"),
}
PER_GRID = {"full_time": 4_807 / 4_740, "part_time": 3_671 / 4_740}  # Daqing's gridworkers to its comprehensive grids
FULL_OF_ALL = 4_807 / (4_807 + 3_671)
MOST_PEOPLE, MOST_WORKERS, MOST_STAFF, FAR = 100_000, 1_000, 10, 1e9

# fmt: off
GRID_COLUMNS: tuple[Column, ...] = (
    Column("name", "网格", "text", "Name of the grid, each its own.", type=str),
    Column("kind", "类型", "comprehensive/dedicated", "综合网格 or 专属网格.", type=str),
    Column("district", "区县", "text", "District or county.", type=str),
    Column("street", "街道", "text", "Street, town or township.", type=str),
    Column("community", "社区", "text", "Community or village.", type=str),
    Column("population", "人口", "persons", "Residents of a comprehensive grid.", minimum=1,
           maximum=MOST_PEOPLE, type=int),
    Column("workers", "网格员", "persons", "Gridworkers, where full and part time are not told apart.",
           maximum=MOST_WORKERS, type=int),
    Column("full_time", "专职", "persons", "Full-time gridworkers.", maximum=MOST_WORKERS, type=int,
           source=PAPER + ": 4,807 in 4,740 grids", grade="D"),
    Column("part_time", "兼职", "persons", "Part-time gridworkers.", maximum=MOST_WORKERS, type=int,
           source=PAPER + ": 3,671 in 4,740 grids", grade="D"),
    Column("urban", "城区", "yes/no", "Urban or rural; urban places can have cameras.", type=bool),
    Column("size", "规模", "ratio", "Size of a dedicated site relative to the others.", minimum=1e-6, maximum=1e6),
    Column("staff", "单位人员", "persons", "People whom the firm puts into a dedicated grid.",
           maximum=MOST_STAFF, type=int),
    Column("host", "所在网格", "text", "Comprehensive grid in which a dedicated one lies.", type=str),
    Column("x", "横坐标", "any unit of length", "Position, to the east.", minimum=-FAR, maximum=FAR),
    Column("y", "纵坐标", "any unit of length", "Position, to the north.", minimum=-FAR, maximum=FAR),
    Column("neighbours", "相邻网格", "text", "Names of adjacent grids, separated by semicolons.", type=str),
)
# Names that a header may have; the first is written.
HEADERS: dict[str, tuple[str, ...]] = {
    "name": ("grid", "网格", "网格名称", "网格名", "name", "grid_name"),
    "kind": ("kind", "类型", "网格类型", "type"),
    "district": ("district", "区县", "县区", "所属区县", "区", "县"),
    "street": ("street", "街道", "乡镇街道", "街道乡镇", "乡镇", "镇街", "所属街道", "town"),
    "community": ("community", "社区", "社区村", "村社区", "村", "所属社区", "village"),
    "population": ("population", "人口", "人口数", "常住人口", "居民", "居民数", "居民人数", "residents"),
    "workers": ("workers", "网格员", "网格员数", "网格员人数"),
    "full_time": ("full_time", "专职", "专职人数", "专职网格员", "专职网格员数", "专职网格员人数"),
    "part_time": ("part_time", "兼职", "兼职人数", "兼职网格员", "兼职网格员数", "兼职网格员人数"),
    "urban": ("urban", "城区", "是否城区"),
    "size": ("size", "规模", "单位规模"),
    "staff": ("staff", "单位人员", "专属网格人员", "专属人员"),
    "host": ("host", "所在网格", "所在综合网格"),
    "x": ("x", "横坐标"),
    "y": ("y", "纵坐标"),
    "neighbours": ("neighbours", "相邻网格", "邻接网格", "neighbors"),
}
# fmt: on
REQUIRED = ("name", "kind", "district", "street", "community", "population")
TIERS = ("district", "street", "community")
ALWAYS = ("name", "kind", *TIERS, "population", "full_time", "part_time", "urban", "host")
BY_NAME = {c.name: c for c in GRID_COLUMNS}
Row = dict[str, Any]  # values by column, those left blank left out, and "row", its number in the file


@dataclass(frozen=True)
class Taken:
    """Something that the tables did not say: what was taken instead, how good that is, and from where.

    Attributes
    ----------
    what : str
        Column or parameter.
    value : str
        What was taken: a key of the catalogue of labels, filled with ``facts``; anything else is said as it stands.
    grade, source : str
        As in the registry of parameters; ``source`` is put in words like ``value``.
    rows : int
        Rows concerned; 0 where that makes no sense.
    facts : dict
        Values for the slots of the two texts; ``parameter`` where it is a parameter's value.

    """

    what: str
    value: str
    grade: Grade
    source: str
    rows: int = 0
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class GridTable:
    """The grids of a city, complete; row k is row k of the city built from it.

    Attributes
    ----------
    columns : dict of str to tuple
        ``name, kind, district, street, community, population, full_time, part_time, urban, host`` always; ``size``,
        ``staff``, ``x`` and ``y``, ``neighbours`` where the city states them. A ``host`` left blank is drawn.

    """

    columns: dict[str, tuple[Any, ...]]

    def __len__(self) -> int:
        return len(self.columns["name"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GridTable) and self.columns == other.columns

    def __hash__(self) -> int:
        return hash(self.columns["name"])

    def to_dict(self) -> dict[str, list[Any]]:
        """The columns as plain lists."""
        return {c: list(values) for c, values in self.columns.items()}

    def column(self, name: str) -> np.ndarray:
        """A column as an array."""
        return np.array(self.columns[name])

    @cached_property
    def comprehensive(self) -> int:
        """Number of comprehensive grids; they are the first rows."""
        return self.columns["kind"].count(COMPREHENSIVE)

    @property
    def dedicated(self) -> int:
        """Number of dedicated grids."""
        return len(self) - self.comprehensive

    @cached_property
    def populations(self) -> dict[str, int]:
        """Residents by district, in order of first appearance."""
        out = dict.fromkeys(self.columns["district"], 0)
        for d, people in zip(self.columns["district"], self.columns["population"], strict=True):
            out[d] += people
        return out

    @property
    def posts(self) -> dict[str, int]:
        """The levers of staffing at which the table's people are neither too many nor too few."""
        out = {f"staff.{k}": sum(self.columns[k]) for k in PER_GRID}
        if "staff" in self.columns and self.dedicated:
            out["dedicated.staff_per_grid"] = min(self.columns["staff"][self.comprehensive :])
        return out

    def to_csv(self) -> str:
        """The table as CSV text; reading it gives an equal table."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow([HEADERS[c][0] for c in self.columns])
        for k, row in enumerate(zip(*self.columns.values(), strict=True)):
            kept = [_is_for(c, k < self.comprehensive) for c in self.columns]
            writer.writerow([_cell(v) if keep else "" for v, keep in zip(row, kept, strict=True)])
        return out.getvalue()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value!r}" if isinstance(value, float) else str(value)


def _is_for(column: str, comprehensive: bool) -> bool:
    """Whether a column says anything about a grid of that kind."""
    only = {"population": True, "workers": True, "full_time": True, "part_time": True}
    only |= {"size": False, "staff": False, "host": False}
    return only.get(column, comprehensive) == comprehensive


def read_grid_table(path: Path) -> tuple[GridTable, list[Taken], list[str]]:
    """Read a table of grids from a CSV file.

    Returns
    -------
    GridTable, list of Taken, list of str
        The table, what it did not say, and headers that were not used.

    Raises
    ------
    ScenarioError
        With every error at once, each naming file, row and column.

    """
    sheet = read_sheet(path, HEADERS, REQUIRED)
    table, taken = _from_sheet(sheet)
    return table, taken, sheet.ignored


def grid_table(columns: Mapping[str, Any], where: str) -> GridTable:
    """The same from columns of plain lists, as a scenario holds them."""
    sheet = Sheet(f"{where}: grids", unit="entry")
    allowed = list(BY_NAME)
    for name, values in columns.items():
        if name not in BY_NAME:
            sheet.errors.append(f"{sheet.where}.{name}: unknown column{nearest(name, allowed)}")
        elif not isinstance(values, list | tuple):
            sheet.errors.append(f"{sheet.where}.{name}: must be an array, one value a grid (got {values!r})")
    lengths = {name: len(v) for name, v in columns.items() if isinstance(v, list | tuple)}
    if len(set(lengths.values())) > 1:
        stated = ", ".join(f"{name} {n}" for name, n in lengths.items())
        sheet.errors.append(f"{sheet.where}: columns must have one value a grid each, but have {stated}")
    sheet.errors += [f"{sheet.where}.{c}: is missing" for c in REQUIRED if c not in columns]
    if not sheet.errors and not any(lengths.values()):
        sheet.errors.append(f"{sheet.where}: has no grids")
    if sheet.errors:
        raise ScenarioError(sheet.errors)
    cells = zip(*columns.values(), strict=True)
    for k, row in enumerate(cells, start=1):
        comprehensive = str(row[list(columns).index("kind")]) in KINDS[COMPREHENSIVE]
        told = {c: _cell(v) for c, v in zip(columns, row, strict=True) if _is_for(c, comprehensive) or v}
        sheet.rows.append((k, {c: text for c, text in told.items() if text}))
    return _from_sheet(sheet)[0]


def _from_sheet(sheet: Sheet) -> tuple[GridTable, list[Taken]]:
    rows = [_typed(sheet, number, cells) for number, cells in sheet.rows]
    check_grids(sheet, rows)
    if sheet.errors:
        raise ScenarioError(sheet.errors)
    return _complete(_in_order(rows))


def _typed(sheet: Sheet, number: int, cells: dict[str, str]) -> Row:
    """A row with numbers for numbers; what was wrong is None and stands in the errors."""
    row: Row = {"row": number}
    for name, cell in cells.items():
        c = BY_NAME[name]
        if name == "kind":
            row[name] = sheet.choice(number, name, cell, KINDS)
        elif c.type is bool:
            row[name] = sheet.choice(number, name, cell, {True: YES, False: NO})
        elif c.type is str:
            row[name] = cell
        else:
            limits = (c.minimum or 0, c.maximum or 0)
            row[name] = (
                sheet.whole(number, name, cell, *map(int, limits))
                if c.type is int
                else sheet.number(number, name, cell, *limits)
            )
    return row


def _in_order(rows: list[Row]) -> list[Row]:
    """Comprehensive grids first, by district, street and community in the order in which they first appear."""
    homes = {r["name"]: r for r in rows}
    site_of = {r["community"]: r for r in rows if r["kind"] == COMPREHENSIVE}
    for r in rows:  # a dedicated grid lies where its host does, or its community
        if r["kind"] == DEDICATED:
            home = homes[r["host"]] if "host" in r else site_of[r["community"]]
            r |= {c: home[c] for c in ("district", "street", "community")}
    rank = {key: k for k, key in enumerate(dict.fromkeys((c, r[c]) for r in rows for c in TIERS))}
    return sorted(rows, key=lambda r: (r["kind"] == DEDICATED, *(rank[c, r[c]] for c in TIERS)))


def _complete(rows: list[Row]) -> tuple[GridTable, list[Taken]]:
    taken: list[Taken] = []
    n = sum(r["kind"] == COMPREHENSIVE for r in rows)
    homes, sites = rows[:n], rows[n:]
    _staff(homes, taken)
    silent = [r for r in homes if "urban" not in r]
    for r in silent:
        r["urban"] = True
    if silent:
        taken.append(Taken("urban", "taken_yes", "X", "taken_assumed", len(silent)))
    near = _homes_of(sites, homes)
    open_sites = [r for r in sites if "host" not in r]
    if open_sites:
        taken.append(Taken("host", "taken_drawn", "X", "taken_by_seed", len(open_sites)))
    for r in sites:
        if "urban" not in r:
            r["urban"] = sum(h["urban"] for h in near[r["name"]]) * 2 >= len(near[r["name"]])
    _sites(sites, taken)
    columns = {c: tuple(r.get(c, _blank(c)) for r in rows) for c in ALWAYS}
    for c in ("size", "staff"):
        if any(c in r for r in sites):
            columns[c] = tuple(r.get(c, _blank(c)) for r in rows)
    columns |= _positions(homes, sites, near, taken)
    if any(r.get("neighbours") for r in rows):
        columns["neighbours"] = tuple(";".join(neighbour_names(r.get("neighbours", ""))) for r in rows)
    else:
        how = "taken_nearest" if "x" in columns else "taken_next"
        taken.append(Taken("neighbours", how, "X", "taken_for_network", len(rows)))
    return GridTable(columns), taken


def _homes_of(sites: list[Row], homes: list[Row]) -> dict[str, list[Row]]:
    """Comprehensive grids in which a dedicated one may lie: its host, or those of its community."""
    by_name, members = {r["name"]: r for r in homes}, defaultdict(list)
    for r in homes:
        members[r["community"]].append(r)
    return {r["name"]: [by_name[r["host"]]] if "host" in r else members[r["community"]] for r in sites}


def _blank(column: str) -> Any:
    return BY_NAME[column].type()


def _staff(homes: list[Row], taken: list[Taken]) -> None:
    """Gridworkers that the table does not state: split from ``workers``, or at Daqing's ratio to grids."""
    split = [r for r in homes if "workers" in r and "full_time" not in r and "part_time" not in r]
    for r in split:
        r["full_time"] = max(min(1, r["workers"]), round(FULL_OF_ALL * r["workers"]))
    if split:
        facts = {"share": f"{FULL_OF_ALL:.1%}", "paper": PAPER}
        taken.append(Taken("full_time, part_time", "taken_split", "D", "taken_split_source", len(split), facts))
    for column, other in (("full_time", "part_time"), ("part_time", "full_time")):
        for r in homes:
            if column not in r and "workers" in r:
                r[column] = r["workers"] - r[other]
        silent = [r for r in homes if column not in r]
        total = round(PER_GRID[column] * len(silent))
        each, rest = divmod(total, max(len(silent), 1))
        for k, r in enumerate(sorted(silent, key=lambda r: -r["population"])):  # whole people, to the largest grids
            r[column] = each + (k < rest)
        if silent:
            c, facts = BY_NAME[column], {"total": f"{total:,}", "ratio": f"{PER_GRID[column]:.3f}"}
            taken.append(Taken(column, "taken_ratio", c.grade, c.source, len(silent), facts))


def _sites(sites: list[Row], taken: list[Taken]) -> None:
    """Sizes and firm staff: none stated, then the scenario's law holds; some stated, then the others follow them."""
    shape, per_grid = REGISTRY["dedicated.site_size_shape"], REGISTRY["dedicated.staff_per_grid"]
    for column, law in (("size", shape), ("staff", per_grid)):
        stated = [r[column] for r in sites if column in r]
        silent = [r for r in sites if column not in r]
        if not silent:
            continue
        if not stated:
            facts = {"parameter": law.key}  # whose value the scenario says
            taken.append(Taken(column, f"{law.key} = {law.default:g}", law.grade, law.source, len(silent), facts))
            continue
        value = BY_NAME[column].type(np.median(stated))
        for r in silent:
            r[column] = value
        taken.append(Taken(column, f"{value:g}", "X", "taken_median", len(silent)))


def _positions(
    homes: list[Row], sites: list[Row], near: dict[str, list[Row]], taken: list[Taken]
) -> dict[str, tuple[Any, ...]]:
    if "x" not in homes[0]:
        taken.append(Taken("x, y", "taken_lattice", "X", "taken_assumed", len(homes) + len(sites)))
        return {}
    silent = [r for r in sites if "x" not in r]
    for r in silent:
        r |= {c: float(np.mean([h[c] for h in near[r["name"]]])) for c in ("x", "y")}
    if silent:
        taken.append(Taken("x, y", "taken_as_host", "X", "taken_assumed", len(silent)))
    return {c: tuple(r[c] for r in [*homes, *sites]) for c in ("x", "y")}
