"""A city's own departments: a CSV file with the teams of each field in each district."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from gridsim.scenario.errors import ScenarioError, nearest
from gridsim.scenario.sheet import plain, read_sheet

HEADERS: dict[str, tuple[str, ...]] = {  # the first is the preferred one
    "district": ("district", "区县", "县区", "所属区县", "区", "县"),
    "field": ("field", "部门", "领域", "department"),
    "teams": ("teams", "队伍", "队伍数", "处置队伍"),
    "chinese": ("chinese", "中文名", "部门名称"),
}
CITY_LEVEL = ("city", "市", "市级", "全市")
MOST_TEAMS = 10_000


def read_department_table(
    path: Path, fields: Mapping[str, str], districts: Collection[str] | None, city_level: bool
) -> tuple[dict[str, dict[str, int]], dict[str, str]]:
    """Read teams by district and field, and the fields' own Chinese names where they are given.

    Parameters
    ----------
    fields : mapping of field to Chinese name
        Fields of the scenario; a row may use either.
    districts : collection of str or None
        Districts of the table of grids; None where it could not be read, and nothing is said about districts.
    city_level : bool
        Whether the scenario has departments of the whole city.

    Raises
    ------
    ScenarioError
        With every error at once, each naming file, row and column.

    """
    sheet = read_sheet(path, HEADERS, ("district", "field", "teams"))
    by_word = {plain(word): f for f, chinese in fields.items() for word in (f, chinese) if word}
    teams: dict[str, dict[str, int]] = {}
    names: dict[str, str] = {}
    for row, cells in sheet.rows:
        for c in ("district", "field", "teams"):
            if c not in cells and c in sheet.headers:
                sheet.wrong(row, c, "is empty")
        district, word = cells.get("district"), cells.get("field")
        if district is not None and plain(district) in CITY_LEVEL:
            district = "city"
            if not city_level:
                sheet.wrong(
                    row,
                    "district",
                    "departments of the whole city need departments.city_level_share above 0; leave the row out, or "
                    "name a scenario that has it (--from)",
                )
        elif district is not None and districts is not None and district not in districts:
            sheet.wrong(
                row, "district", f"no district {district!r} in the table of grids{nearest(district, districts)}"
            )
        field = by_word.get(plain(word)) if word is not None else None
        if word is not None and field is None:
            sheet.wrong(row, "field", f"no department field {word!r}{_near(word, by_word, fields)}")
        count = sheet.whole(row, "teams", cells["teams"], 1, MOST_TEAMS) if "teams" in cells else None
        if district is None or field is None:
            continue
        if field in teams.setdefault(district, {}):
            sheet.wrong(row, "field", f"{word!r} of {district!r} stands in an earlier row already")
        teams[district][field] = count or 0
        chinese = cells.get("chinese", names.get(field, ""))
        if names.setdefault(field, chinese) not in ("", chinese):
            sheet.wrong(row, "chinese", f"is {chinese!r}, but {names[field]!r} in an earlier row")
        names[field] = chinese
    if sheet.errors:
        raise ScenarioError(sheet.errors)
    return teams, {f: chinese for f, chinese in names.items() if chinese}


def _near(word: str, by_word: Mapping[str, str], fields: Mapping[str, str]) -> str:
    return nearest(plain(word), by_word) or f". Fields are {', '.join(f'{f} {c}'.strip() for f, c in fields.items())}"
