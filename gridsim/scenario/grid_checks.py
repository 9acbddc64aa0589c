"""What must hold between the rows of a table of grids, and between the table and the rest of its scenario."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridsim.scenario.errors import nearest
from gridsim.scenario.sheet import Sheet

Row = dict[str, Any]
HOME_ONLY = ("population", "workers", "full_time", "part_time")
SITE_ONLY = ("size", "staff", "host")
EXPLAIN = {
    "population": "has no residents of its own; leave it empty",
    "workers": "has firm staff only; put them in column staff",
}


def check_grids(sheet: Sheet, rows: list[Row]) -> None:
    """Note in ``sheet.errors`` everything that is wrong between cells; those wrong by themselves are None."""
    if not all(c in sheet.headers for c in ("name", "kind")) and sheet.headers:
        return  # without these columns all that follows would be noise
    homes = [r for r in rows if r.get("kind") == "comprehensive"]
    sites = [r for r in rows if r.get("kind") == "dedicated"]
    _present(sheet, rows, homes)
    _unique(sheet, rows)
    _tiers(sheet, homes)
    _wrong_kind(sheet, homes, sites)
    _people(sheet, homes)
    _hosts(sheet, homes, sites, {r.get("name") for r in rows if r.get("kind") is None})
    _neighbours(sheet, rows)
    _positions(sheet, homes, sites)
    if rows and not homes and not sheet.errors:
        sheet.errors.append(f"{sheet.where}: has no comprehensive grid; residents live in comprehensive grids")


def neighbour_names(cell: str) -> list[str]:
    """Names in a cell of neighbours."""
    return [name.strip() for name in cell.replace("；", ";").split(";") if name.strip()]


def _present(sheet: Sheet, rows: list[Row], homes: list[Row]) -> None:
    """Required cells; a column that is missing altogether has been reported once already."""
    for r in rows:
        for c in ("name", "kind"):
            if c not in r:
                sheet.wrong(r["row"], c, "is empty")
    for r in homes:
        for c in ("district", "street", "community", "population"):
            if c not in r and (c in sheet.headers or not sheet.headers):
                sheet.wrong(r["row"], c, "is empty; every comprehensive grid needs it")
    for r in rows:
        district = r.get("district", "")
        if "." in district or district == "city":
            sheet.wrong(r["row"], "district", f"may not be 'city' nor hold a dot (got {district!r})")


def _unique(sheet: Sheet, rows: list[Row]) -> None:
    first: dict[str, int] = {}
    for r in rows:
        name = r.get("name")
        if name is None:
            continue
        if name in first:
            sheet.wrong(r["row"], "name", f"{name!r} stands in {sheet.unit} {first[name]} already")
        elif ";" in name or "；" in name:
            sheet.wrong(r["row"], "name", f"{name!r} may not hold a semicolon, which separates neighbours")
        first.setdefault(name, r["row"])


def _tiers(sheet: Sheet, homes: list[Row]) -> None:
    """A community lies in one street, a street in one district."""
    for low, high in (("community", "street"), ("street", "district")):
        first: dict[str, tuple[str, int]] = {}
        told: set[tuple[str, str]] = set()
        for r in homes:
            if low not in r or high not in r:
                continue
            above, row = first.setdefault(r[low], (r[high], r["row"]))
            if above != r[high] and (r[low], r[high]) not in told:
                told.add((r[low], r[high]))
                sheet.wrong(
                    r["row"],
                    low,
                    f"{r[low]!r} lies in {high} {r[high]!r} here and in {above!r} in {sheet.unit} {row}; "
                    f"if there are two of that name, write the {high} before it",
                )


def _wrong_kind(sheet: Sheet, homes: list[Row], sites: list[Row]) -> None:
    for r in sites:
        for c in HOME_ONLY:
            if r.get(c):
                sheet.wrong(r["row"], c, f"a dedicated grid {EXPLAIN.get(c, EXPLAIN['workers'])}")
    for r in homes:
        for c in SITE_ONLY:
            if r.get(c):
                sheet.wrong(r["row"], c, "is for dedicated grids only; leave it empty")


def _people(sheet: Sheet, homes: list[Row]) -> None:
    for r in homes:
        workers, full, part = (r.get(c) for c in ("workers", "full_time", "part_time"))
        if workers is None or (full is None and part is None):
            continue
        known = (full or 0) + (part or 0)
        both = full is not None and part is not None
        if known > workers or (both and known != workers):
            sheet.wrong(r["row"], "workers", f"is {workers}, but full_time and part_time add up to {known}")
    for c in ("full_time", "workers"):
        if (
            homes
            and all(r.get(c) == 0 for r in homes)
            and not (c == "workers" and any("full_time" in r for r in homes))
        ):
            name = sheet.headers.get(c, c)
            sheet.errors.append(
                f"{sheet.where}: {name}: is 0 in every comprehensive grid, so nobody would work; give each grid its "
                "gridworkers, or leave the column out (then Daqing's ratio of gridworkers to grids is taken)"
            )


def _hosts(sheet: Sheet, homes: list[Row], sites: list[Row], unclear: set[str | None]) -> None:
    """A dedicated grid lies in a comprehensive one, or at least in a community of one."""
    grids = {r["name"]: r for r in homes if "name" in r}
    communities = {r["community"]: r for r in homes if "community" in r}
    districts = {r["district"] for r in homes if "district" in r}
    for r in sites:
        if "district" in r and r["district"] not in districts:
            sheet.wrong(
                r["row"],
                "district",
                f"{r['district']!r} has no comprehensive grid{nearest(r['district'], districts)}",
            )
            continue
        if "host" in r:
            home = grids.get(r["host"])
            if home is None and r["host"] not in unclear:
                sheet.wrong(r["row"], "host", f"no comprehensive grid {r['host']!r}{nearest(r['host'], grids)}")
        elif "community" in r:
            home = communities.get(r["community"])
            if home is None:
                near = nearest(r["community"], communities)
                sheet.wrong(r["row"], "community", f"{r['community']!r} has no comprehensive grid{near}")
        else:
            home = None
            sheet.wrong(r["row"], "host", "is empty; a dedicated grid needs its host or its community")
        for c in ("district", "street", "community"):
            if home is not None and c in r and c in home and r[c] != home[c]:
                of = "its host" if "host" in r else "its community"
                sheet.wrong(r["row"], c, f"is {r[c]!r}, but {of} lies in {home[c]!r}")


def _neighbours(sheet: Sheet, rows: list[Row]) -> None:
    names = {r["name"] for r in rows if "name" in r}
    for r in rows:
        for other in neighbour_names(r.get("neighbours", "")):
            if other not in names:
                sheet.wrong(r["row"], "neighbours", f"no grid {other!r}{nearest(other, names)}")
            elif other == r.get("name"):
                sheet.wrong(r["row"], "neighbours", "a grid is not its own neighbour")


def _positions(sheet: Sheet, homes: list[Row], sites: list[Row]) -> None:
    """All comprehensive grids have a position or none; a dedicated one may lie where its host does."""
    for r in [*homes, *sites]:
        for one, other in (("x", "y"), ("y", "x")):
            if one in r and other not in r:
                sheet.wrong(r["row"], other, f"is empty, but {one} is not; give both or neither")
    bare = [r for r in homes if "x" not in r and "y" not in r]
    if homes and len(bare) == len(homes):
        for r in (r for r in sites if "x" in r and "y" in r):
            sheet.wrong(r["row"], "x", "is given, but no comprehensive grid has coordinates; give all of them or none")
            break
    elif bare:
        placed, more = len(homes) - len(bare), f" and {len(bare) - 1} more" if len(bare) > 1 else ""
        text = f"is empty{more}, but {placed} comprehensive grids have coordinates; give all of them or none"
        sheet.wrong(bare[0]["row"], "x", text)


def disagreements(table: Any, city: Any, districts: Any) -> list[str]:
    """Where the rest of a scenario contradicts its table of grids; one line each."""
    if table is None:
        return []
    stated = {"city.comprehensive_grids": table.comprehensive, "city.dedicated_grids": table.dedicated}
    out = [
        f"{key}: is {getattr(city, key[5:]):,}, but the table of grids has {n:,}; set it to {n}"
        for key, n in stated.items()
        if getattr(city, key[5:]) != n
    ]
    for d, people in table.populations.items():
        if d not in districts:
            out.append(f"districts.{d}: is missing, but the table of grids names it{nearest(d, districts)}")
        elif districts[d].population != people:
            out.append(
                f"districts.{d}.population: is {districts[d].population:,}, but its grids add up to {people:,}; "
                f"set it to {people}"
            )
    out += [
        f"districts.{d}: has no comprehensive grid in the table of grids"
        for d in districts
        if d not in table.populations
    ]
    empty = [k for k in range(table.comprehensive) if table.columns["population"][k] < city.cells_per_grid]
    if empty:
        name, people = table.columns["name"][empty[0]], table.columns["population"][empty[0]]
        more = f" and {len(empty) - 1} more" if len(empty) > 1 else ""
        few = f"{people} residents of grid {name!r}{more} are too few for {city.cells_per_grid} cells"
        out.append(f"city.cells_per_grid: {few}; lower it, or make a place without residents a dedicated grid")
    return out


def unstated_posts(data: Mapping[str, Any], table: Any, where: str) -> list[str]:
    """Levers of staffing in a file that are not where its table of grids puts them.

    Beside a CSV file they must agree, so that the two cannot drift apart. Columns in the scenario itself say where
    people start; there a lever must be stated, and may have been moved.
    """
    out = []
    for key, n in (table.posts if table is not None else {}).items():
        section, name = key.split(".")
        part = data.get(section, {})
        value = part.get(name) if isinstance(part, Mapping) else None
        if value is None:
            out.append(f"{where}: {key}: is missing; by the table of grids it is {n}")
        elif value != n and not isinstance(data["grids"], Mapping):
            out.append(
                f"{where}: {key}: is {value}, but by the table of grids it is {n}; set it to {n}, "
                "and change it in a policy"
            )
    return out
