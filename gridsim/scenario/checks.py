"""What must hold between the keys of a scenario, beyond each key's own limits."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, get_args

from gridsim.scenario.grid_checks import disagreements
from gridsim.scenario.hours import year_of_hours
from gridsim.scenario.parameters import EXPERT_FIELDS, UNIT_COSTS, Grade

MOST_AGENTS = 100_000_000
LEAST_HOURS = 10.0  # h a year that must be left for events


def consistency_errors(parts: dict[str, Any], where: str) -> list[str]:
    """All contradictions among the sections that were themselves valid, one line each."""
    out: list[str] = []
    for needs, check in CHECKS:
        if all(n in parts for n in needs):
            out.extend(f"{where}: {line}" for line in check(*(parts[n] for n in needs)))
    return out


def _time(time: Any) -> list[str]:
    if time.calendar == "office" and not time.opens < time.closes:
        return [f"time.opens: must be earlier than time.closes (got {time.opens:g} and {time.closes:g})"]
    return []


def _hours(staff: Any, platform: Any, experts: Any, rules: Any, outreach: Any, warning: Any) -> list[str]:
    """Hours of a full-timer must cover what is not events; the remainder is for events (R17)."""
    parts = SimpleNamespace(
        staff=staff, platform=platform, experts=experts, rules=rules, outreach=outreach, warning=warning
    )
    h = year_of_hours(parts)
    if rules.hours and h.events < LEAST_HOURS:
        return [
            f"staff.admin_share: administration, training and patrol take {staff.hours_per_year - h.events:,.0f} of "
            f"{staff.hours_per_year:,.0f} h a year and leave none for events; lower one of staff.admin_share, "
            "staff.training_hours, staff.patrol_hours, outreach.hours"
        ]
    return []


def _headroom(arrivals: Any, grievance: Any, security: Any, rules: Any) -> list[str]:
    """R1. Candidates are thinned from a bound: no cause may carry a place beyond it."""
    causes = {
        "grievance.disputes": 1 + grievance.disputes * rules.grievance,
        "security.repeat": 1 + 2 * security.repeat * rules.security,
    }
    return [
        f"arrivals.headroom: {key} can raise arrivals {most:g}-fold, beyond the headroom of {arrivals.headroom:g}; "
        f"raise it or lower {key}"
        for key, most in causes.items()
        if most > arrivals.headroom
    ]


def _ties(ties: Any) -> list[str]:
    if ties.near % 2:
        return [f"ties.near: must be even, half of them on either side (got {ties.near})"]
    return []


def _categories(categories: Any) -> list[str]:
    total = sum(c.share for c in categories.values())
    if abs(total - 1) > 0.005:
        return [f"categories: shares must add up to 1 (got {total:.4g})"]
    return []


def _fields(categories: Any, fields: Any) -> list[str]:
    from gridsim.scenario.scenario import nearest

    return [
        f"categories.{n}.field: no department field {c.field!r}{nearest(c.field, fields)}"
        for n, c in categories.items()
        if c.field not in fields
    ] + [
        f"categories.{n}.{column}: no expert field {field!r}{nearest(field, EXPERT_FIELDS) or '.'} Fields are "
        + ", ".join(EXPERT_FIELDS)
        for n, c in categories.items()
        for column, field in (("expert", c.expert), ("expert_second", c.expert_second))
        if field and field not in EXPERT_FIELDS
    ]


def _teams(districts: Any, fields: Any, teams: Any, departments: Any, rules: Any) -> list[str]:
    from gridsim.scenario.scenario import nearest

    out = []
    levels = [*districts, "city"]
    for name, row in teams.items():
        if name not in levels:
            out.append(f"teams.{name}: no such district{nearest(name, levels)}")
        out += [f"teams.{name}.{f}: no such department field{nearest(f, fields)}" for f in row if f not in fields]
    if not rules.departments:
        return out
    needed = levels if departments.city_level_share > 0 else list(districts)
    out += [
        f"teams.{d}.{f}: is missing or 0; every department needs at least one team"
        for d in needed
        for f in fields
        if teams.get(d, {}).get(f, 0) < 1
    ]
    return out


def _names(districts: Any, categories: Any, fields: Any) -> list[str]:
    tables = {"districts": districts, "categories": categories, "fields": fields}
    out = [
        f"{t}.{n}: a name may not hold a dot or be empty"
        for t, rows in tables.items()
        for n in rows
        if not n or "." in n
    ]
    if "city" in districts:
        out.append("districts.city: this name is kept for the city level of departments; choose another")
    return out


def _people(city: Any, districts: Any) -> list[str]:
    people = sum(d.population for d in districts.values())
    agents = people // city.persons_per_agent
    if agents > MOST_AGENTS:
        return [f"city.persons_per_agent: {people:,} residents make {agents:,} agents; raise it, {MOST_AGENTS:,} fit"]
    return []


def _grids(city: Any, districts: Any) -> list[str]:
    out = []
    if city.comprehensive_grids < len(districts):
        out.append(
            f"city.comprehensive_grids: must be at least one a district (got {city.comprehensive_grids} "
            f"for {len(districts)} districts)"
        )
    people = sum(d.population for d in districts.values())
    if people < city.comprehensive_grids * city.cells_per_grid:
        out.append(
            f"city.comprehensive_grids: {people:,} residents are too few for {city.comprehensive_grids:,} "
            f"grids of {city.cells_per_grid} cells"
        )
    return out


def _handlers(rules: Any, staff: Any) -> list[str]:
    out = []
    if not rules.grid_handling and not rules.departments:
        out.append("rules: grid_handling and departments are both off, so nobody could ever handle a case")
    if rules.grid_handling and staff.full_time * (1 - staff.nominal_share) < 1:
        out.append(
            "staff.full_time: at least one gridworker who works is needed while rules.grid_handling is on (got "
            f"{staff.full_time:,}, of whom staff.nominal_share {staff.nominal_share:g} are nominal)"
        )
    return out


def _costs(costs: Any) -> list[str]:
    """A misspelt name would leave the price that was meant to be replaced as it is."""
    from gridsim.scenario.scenario import nearest

    return [
        f"costs.{n}: no such unit cost{nearest(n, UNIT_COSTS) or '.'} A new one needs its unit beside its price, "
        'such as unit = "person-year"'
        for n, row in costs.items()
        if n not in UNIT_COSTS and not row.unit
    ] + [
        f"costs.{n}.grade: must be one of {', '.join(get_args(Grade))} (got {row.grade!r})"
        for n, row in costs.items()
        if row.grade not in get_args(Grade)
    ]


CHECKS: tuple[tuple[tuple[str, ...], Any], ...] = (
    (("time",), _time),
    (("staff", "platform", "experts", "rules", "outreach", "warning"), _hours),
    (("arrivals", "grievance", "security", "rules"), _headroom),
    (("ties",), _ties),
    (("categories",), _categories),
    (("categories", "fields"), _fields),
    (("districts", "fields", "teams", "departments", "rules"), _teams),
    (("city", "districts"), _grids),
    (("rules", "staff"), _handlers),
    (("costs",), _costs),
    (("districts", "categories", "fields"), _names),
    (("city", "districts"), _people),
    (("grids", "city", "districts"), disagreements),
)
