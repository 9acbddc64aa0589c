"""A scenario made from a planner's tables: what was read, what was missing and where it was taken from."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import tomli_w

from gridsim.model.gridworkers import PART_TIME
from gridsim.model.staffing import take_cases
from gridsim.scenario.department_table import read_department_table
from gridsim.scenario.errors import ScenarioError
from gridsim.scenario.grid_table import GridTable, Taken, read_grid_table
from gridsim.scenario.parameters import CATEGORY_COLUMNS, REGISTRY
from gridsim.scenario.scenario import Scenario, read_base, scenario_on
from gridsim.studies.sizing import UTILISATION, size_teams

# What decides most about a city's level and stands in neither table: a planner should know whose number it is.
OF_THE_CITY = (
    "arrivals.per_100_residents",
    "dedicated.incident_share",
    "city.registered_share",
    "staff.nominal_share",
    "patrol.detection",
    "residents.report_rate",
    "linkage.rate",
    "linkage.drop",
    "departments.city_level_share",
)


@dataclass(frozen=True)
class OwnCity:
    """A city from tables.

    Attributes
    ----------
    scenario : Scenario
        What the scenario file says, resolved.
    toml, csv : str
        Text of the scenario file and of the cleaned table of grids.
    taken : list of Taken
        What the tables did not say.
    ignored : list of str
        Columns of the table of grids that were not used.

    """

    scenario: Scenario
    toml: str
    csv: str
    taken: list[Taken]
    ignored: list[str]

    @property
    def table(self) -> GridTable:
        """The grids."""
        table: GridTable = self.scenario.grids
        return table

    @property
    def counts(self) -> dict[str, int]:
        """How many of what was read."""
        t = self.table
        return {
            "comprehensive": t.comprehensive,
            "dedicated": t.dedicated,
            "districts": len(t.populations),
            "streets": len(set(t.columns["street"])),
            "communities": len(set(t.columns["community"])),
            "people": sum(t.columns["population"]),
            "full_time": sum(t.columns["full_time"]),
            "part_time": sum(t.columns["part_time"]),
            "teams": sum(sum(row.values()) for row in self.scenario.teams.values()),
        }

    @property
    def part_timers_handle(self) -> bool:
        """Whether part-timers take cases of the queue, too."""
        return bool(take_cases(PART_TIME, self.scenario)) and self.scenario.staff.part_time_fte > 0

    @property
    def without_handler(self) -> dict[str, list[str]]:
        """Comprehensive ``grids``, and whole ``communities``, in which nobody takes cases (R9); names in order."""
        c = self.table.columns
        rows = range(self.table.comprehensive) if self.scenario.rules.grid_handling else ()
        handlers = {k: c["full_time"][k] + (c["part_time"][k] if self.part_timers_handle else 0) for k in rows}
        able = {c["community"][k] for k in rows if handlers[k]}
        return {
            "grids": [c["name"][k] for k in rows if not handlers[k]],
            "communities": list(dict.fromkeys(c["community"][k] for k in rows if c["community"][k] not in able)),
        }


def own_city(
    name: str,
    grids: Path,
    departments: Path | None,
    base: str,
    folder: Path,
    sizing: Callable[[], None] | None = None,
) -> OwnCity:
    """Make a scenario from tables; nothing is written.

    Parameters
    ----------
    name : str
        Name of the scenario and of its files.
    grids, departments : Path
        CSV tables; teams are sized by arithmetic where the second does not state them.
    base : str
        Scenario that says everything else.
    folder : Path
        Where the scenario file will lie, from which it names a base that is a file.
    sizing : callable, optional
        Called before teams are sized, which needs the compiled model.

    Raises
    ------
    ScenarioError
        With every error of all tables at once.

    """
    parent = read_base(base)
    table: GridTable | None = None
    taken: list[Taken] = []
    ignored: list[str] = []
    errors: list[str] = []
    try:
        table, taken, ignored = read_grid_table(grids)
    except ScenarioError as error:
        errors += error.errors
    teams: dict[str, dict[str, int]] = {}
    names: dict[str, str] = {}
    if departments is not None:
        try:
            city_level = parent.get("departments", {}).get("city_level_share", 0) > 0
            known = None if table is None else table.populations
            teams, names = read_department_table(departments, parent.get("fields", {}), known, city_level)
        except ScenarioError as error:
            errors += error.errors
    if table is None or errors:
        raise ScenarioError(errors)
    file = f"{name}.toml"
    data = _facts(name, table, [grids, *([departments] if departments else [])])
    if names:
        data["fields"] = names
    levels = [*table.populations, "city"]
    ones = {d: dict.fromkeys(parent.get("fields", {}), 1) for d in levels}
    bare = scenario_on(parent, {**data, "teams": ones, "grids": table}, file)
    data["teams"], sized = _teams(bare, teams, sizing)
    scenario = bare.replace({"teams": data["teams"]}, file)
    taken = [_of_base(t, scenario, base) for t in taken] + ([sized] if sized is not None else [])
    near = base if not base.endswith(".toml") else Path(os.path.relpath(base, folder)).as_posix()
    toml = _toml(name, near, data, sized is not None)
    return OwnCity(scenario, toml, table.to_csv(), taken + _inherited(scenario, base), ignored)


def _facts(name: str, table: GridTable, sources: list[Path]) -> dict[str, Any]:
    """What the table says about the city, as a scenario states it."""
    c = table.columns
    staff: dict[str, dict[str, int]] = {}
    for key, n in table.posts.items():
        section, _, part = key.partition(".")
        staff.setdefault(section, {})[part] = n
    urban = dict.fromkeys(table.populations, 0)
    for district, people, yes in zip(c["district"], c["population"], c["urban"], strict=True):
        urban[district] += people if yes else 0
    return {
        "title": name,
        "chinese": name,
        "description": f"{sum(c['population']):,} residents in {table.comprehensive:,} comprehensive and "
        f"{table.dedicated:,} dedicated grids of its own.",
        "source": ", ".join(p.name for p in sources),
        "city": {"comprehensive_grids": table.comprehensive, "dedicated_grids": table.dedicated},
        **staff,
        "districts": {
            d: {
                "chinese": d if re.search(r"[\u4e00-\u9fff]", d) else "",
                "population": people,
                "urban": 2 * urban[d] >= people,
                "understaffed": False,
            }
            for d, people in table.populations.items()
        },
    }


def _teams(
    bare: Scenario, stated: Mapping[str, Mapping[str, int]], sizing: Callable[[], None] | None
) -> tuple[dict[str, dict[str, int]], Taken | None]:
    """Teams as stated; what is not is sized."""
    levels = [*bare.districts, *(["city"] if bare.departments.city_level_share > 0 else [])]
    silent = sum(f not in stated.get(d, {}) for d in levels for f in bare.fields)
    if not silent:
        return {d: {f: stated[d][f] for f in bare.fields} for d in levels}, None
    if sizing:
        sizing()
    sized = size_teams(bare).teams
    teams = {d: {f: stated.get(d, {}).get(f, sized[d][f]) for f in bare.fields} for d in levels}
    total = sum(teams[d][f] for d in levels for f in bare.fields if f not in stated.get(d, {}))
    facts = {"total": f"{total:,}", "utilisation": f"{UTILISATION:g}"}
    return teams, Taken("teams", "taken_teams", "X", "taken_teams_source", silent, facts)


def _inherited(s: Scenario, base: str) -> list[Taken]:
    share = next(c for c in CATEGORY_COLUMNS if c.name == "share")
    mix = Taken("categories", "taken_categories", share.grade, share.source, facts={"n": str(len(s.categories))})
    out = [mix]
    return [*out, *(_of_base(Taken(key, "", "X", "", facts={"parameter": key}), s, base) for key in OF_THE_CITY)]


def _of_base(t: Taken, s: Scenario, base: str) -> Taken:
    """What is a parameter's value: the scenario's, and the registry's source if it has that value from there."""
    key = t.facts.get("parameter")
    if key is None:
        return t
    p, value = REGISTRY[key], s.get(key)
    text = f"{value:g}" if key == t.what else f"{key} = {value:g}"
    if value == p.default:
        return replace(t, value=text, grade=p.grade, source=p.source)
    return replace(t, value=text, grade="X", source="taken_from_base", facts={**t.facts, "base": base})


def _toml(name: str, base: str, data: Mapping[str, Any], sized: bool) -> str:
    """The scenario file: short, with a word on every part."""
    texts = {k: data[k] for k in ("title", "chinese", "description", "source")}
    counts = {k: data[k] for k in ("city", "staff", "dedicated", "fields") if k in data}
    how = (
        f"sized by gridsim new for a utilisation of {UTILISATION:g} (assumed) where no table stated them"
        if sized
        else "as the table of departments states them"
    )
    parts = [
        f"# {name}: a city of its own, made from tables by gridsim new.\n"
        "# What is not stated here is as in the scenario it is based on; what that leaves open: gridsim parameters.",
        tomli_w.dumps({"based_on": base, **texts, "grids": f"{name}-grids.csv"}),
        "# These must agree with the table of grids: change both, or change staff in a policy.",
        tomli_w.dumps(counts),
        "# Residents by district: the sums of their grids. Urban: where most of them live.",
        tomli_w.dumps({"districts": data["districts"]}),
        f"# Teams of each department: {how}.",
        tomli_w.dumps({"teams": data["teams"]}),
    ]
    return "\n".join(p.rstrip("\n") if p.startswith("#") else p for p in parts)
