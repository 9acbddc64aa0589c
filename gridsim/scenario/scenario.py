"""A scenario: the full, frozen set of parameters that a run is told, read from a TOML file."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from gridsim.scenario.checks import consistency_errors
from gridsim.scenario.errors import ScenarioError, clear_errors, nearest
from gridsim.scenario.grid_checks import unstated_posts
from gridsim.scenario.grid_table import GridTable, grid_table, read_grid_table
from gridsim.scenario.parameters import (
    CATEGORY_COLUMNS,
    COST_COLUMNS,
    DISTRICT_COLUMNS,
    PARAMETERS,
    REGISTRY,
    UNIT_COSTS,
    Column,
)
from gridsim.scenario.patterns import APART, collect_apart

DESCRIPTIVE = ("name", "title", "chinese", "description", "source")
TABLES = ("districts", "categories", "costs", "fields", "teams")


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _section_model(section: str) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for p in PARAMETERS:
        if p.section == section:
            limited = p.minimum is not None or p.maximum is not None
            fields[p.name] = (p.type, Field(default=p.default, ge=p.minimum, le=p.maximum) if limited else p.default)
    return create_model(f"{section.title()}Section", __base__=_Row, **fields)


def _row_model(name: str, columns: tuple[Column, ...]) -> type[BaseModel]:
    fields: dict[str, Any] = {}
    for c in columns:
        limited = c.type not in (str, bool)
        fields[c.name] = (c.type, Field(default=c.default, ge=c.minimum, le=c.maximum) if limited else c.default)
    return create_model(name, __base__=_Row, **fields)


SECTIONS: dict[str, type[BaseModel]] = {s: _section_model(s) for s in dict.fromkeys(p.section for p in PARAMETERS)}
ROWS: dict[str, type[BaseModel]] = {
    "districts": _row_model("District", DISTRICT_COLUMNS),
    "categories": _row_model("Category", CATEGORY_COLUMNS),
    "costs": _row_model("UnitCost", COST_COLUMNS),
}


class Scenario:
    """Frozen scenario; sections are attributes (``scenario.linkage.rate``).

    Build one with :func:`load_scenario` or :meth:`Scenario.from_dict`, change one with :meth:`replace`.

    Attributes
    ----------
    name, title, chinese, description, source : str
    districts, categories, costs : dict of str to row
        Rows have the columns of ``DISTRICT_COLUMNS``, ``CATEGORY_COLUMNS`` and ``COST_COLUMNS``.
    fields : dict of str to str
        Department field and its Chinese name.
    teams : dict of str to dict of str to int
        Teams by district (and ``city``) and department field: stored integers, never re-derived.
    patterns : dict of str to Pattern
        What the baseline should look like; no part of the content.
    fit : Fit or None
        Record of the fit to them; no part of the content.
    grids : GridTable or None
        A city's own grids; None for a synthetic city.

    """

    def __init__(self, parts: dict[str, Any]) -> None:
        object.__setattr__(self, "_parts", parts)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return object.__getattribute__(self, "_parts")[name]
        except KeyError:
            raise AttributeError(f"a scenario has no {name!r}; it has {', '.join(self._parts)}") from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("a scenario is frozen; use scenario.replace({'section.key': value})")

    def __repr__(self) -> str:
        return f"<Scenario {self.name!r} {self.hash[:10]}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Scenario) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return int(self.hash[:15], 16)

    def __reduce__(self) -> tuple[Any, ...]:
        return Scenario.from_dict, (self.to_dict(),)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "scenario") -> Scenario:
        """Check plain nested data and freeze it.

        Raises
        ------
        ScenarioError
            With every error at once, each naming ``where`` and the key.

        """
        parts, errors = _validate(data, where)
        if errors:
            raise ScenarioError(errors)
        return cls(parts)

    def to_dict(self) -> dict[str, Any]:
        """Plain nested data, complete: every default written out."""
        out: dict[str, Any] = {k: self._parts[k] for k in DESCRIPTIVE}
        out |= {s: self._parts[s].model_dump() for s in SECTIONS}
        for table in ROWS:
            out[table] = {k: row.model_dump() for k, row in self._parts[table].items()}
        out["fields"] = dict(self.fields)
        out["teams"] = {k: dict(v) for k, v in self.teams.items()}
        if self.patterns:
            out["patterns"] = {k: p.model_dump() for k, p in self.patterns.items()}
        if self.fit:
            out["fit"] = self.fit.model_dump()
        if self.grids is not None:
            out["grids"] = self.grids.to_dict()
        return out

    def to_toml(self) -> str:
        """The resolved scenario as TOML; loading it gives an equal scenario."""
        return tomli_w.dumps(self.to_dict())

    def items(self) -> Iterator[tuple[str, Any]]:
        """All leaves of the content as (dotted key, value), tables included."""
        yield from _leaves({k: v for k, v in self.to_dict().items() if k not in (*DESCRIPTIVE, *APART)})

    def get(self, key: str) -> Any:
        """Value of a registry parameter by its dotted key."""
        section, _, name = key.partition(".")
        return getattr(self._parts[section], name)

    def replace(self, changes: Mapping[str, Any], where: str = "override") -> Scenario:
        """A new scenario with dotted keys changed, checked as a whole.

        Parameters
        ----------
        changes : mapping of dotted key to value
            For example ``{"linkage.rate": 0.9}``; ``section__key`` is accepted for keyword use.

        """
        data = self.to_dict()
        if self.grids is not None:
            data["grids"] = self.grids  # checked once; nothing in it can be replaced
        errors: list[str] = []
        for key, value in changes.items():
            dotted = key.replace("__", ".")
            path = dotted.split(".")
            node: Any = data
            for step in path[:-1]:
                node = node.get(step) if isinstance(node, dict) else None
            if not isinstance(node, dict) or (path[-1] not in node and path[0] not in TABLES):
                errors.append(f"{where}: {dotted}: unknown key{nearest(dotted, REGISTRY)}")
            else:
                node[path[-1]] = value.model_dump() if isinstance(value, BaseModel) else value
        if errors:
            raise ScenarioError(errors)
        return Scenario.from_dict(data, where)

    def diff(self, other: Scenario) -> dict[str, tuple[Any, Any]]:
        """Leaves that differ: dotted key to (value here, value there); None where a side has none."""
        a, b = dict(self.items()), dict(other.items())
        return {k: (a.get(k), b.get(k)) for k in sorted(a.keys() | b.keys()) if a.get(k) != b.get(k)}

    @property
    def hash(self) -> str:
        """SHA-256 of the content (not of texts, patterns, fit), the same on every machine."""
        content = {k: v for k, v in self.to_dict().items() if k not in (*DESCRIPTIVE, *APART)}
        return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode("utf-8")).hexdigest()

    @property
    def population(self) -> int:
        """Residents of all districts."""
        return sum(d.population for d in self.districts.values())


def _leaves(data: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in data.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _validate(data: Mapping[str, Any], where: str) -> tuple[dict[str, Any], list[str]]:
    parts: dict[str, Any] = {}
    errors: list[str] = []
    known = [*DESCRIPTIVE, *SECTIONS, *TABLES, *APART, "grids"]
    errors += [f"{where}: {k}: unknown key{nearest(k, [*known, *REGISTRY])}" for k in data if k not in known]
    for key in DESCRIPTIVE:
        parts[key] = data.get(key, "")
        if not isinstance(parts[key], str):
            errors.append(f"{where}: {key}: must be a text in quotes (got {parts[key]!r})")
    for section, model in SECTIONS.items():
        allowed = [p.key for p in PARAMETERS if p.section == section] + list(REGISTRY)
        collect(model, data.get(section, {}), where, section, allowed, parts, errors)
    for table, model in ROWS.items():
        rows = data.get(table, {})
        if table == "costs" and isinstance(rows, Mapping):  # what a scenario does not price has the registry's price
            rows = {**UNIT_COSTS, **{k: _priced(k, v) for k, v in rows.items()}}
        if not isinstance(rows, Mapping) or not rows:
            errors.append(f"{where}: {table}: needs at least one row, such as [{table}.some_name]")
            continue
        done: dict[str, Any] = {}
        before = len(errors)
        for name, row in rows.items():
            allowed = [f"{table}.{name}.{c}" for c in model.model_fields]
            collect(model, row, where, f"{table}.{name}", allowed, done, errors)
        if len(errors) == before:
            parts[table] = {n: done[f"{table}.{n}"] for n in rows}
    _collect_plain(data, where, parts, errors)
    collect_apart(data, where, parts, errors)
    _collect_grids(data.get("grids"), where, parts, errors)
    errors += consistency_errors(parts, where)
    return parts, errors


def _priced(name: str, row: Any) -> Any:
    """A row of ``costs`` over the registry's; a price that a scenario replaces has not the registry's source."""
    known = UNIT_COSTS.get(name, {})
    if not isinstance(row, Mapping):
        return row
    out = {**known, **row}
    if known and out.get("yuan") != known["yuan"] and row.get("source") in (None, known.get("source", "assumption")):
        out |= {"source": "stated in the scenario", "grade": "X"}
    return out


def collect(
    model: type[BaseModel], raw: Any, where: str, key: str, allowed: list[str], into: dict[str, Any], errors: list[str]
) -> None:
    """Check one table against its model: the frozen row into ``into[key]``, or its errors."""
    if not isinstance(raw, Mapping):
        errors.append(f"{where}: {key}: must be a table of keys (got {raw!r})")
        return
    try:
        into[key] = model.model_validate(dict(raw))
    except ValidationError as error:
        errors.extend(clear_errors(error, where, key, allowed))


def _collect_plain(data: Mapping[str, Any], where: str, parts: dict[str, Any], errors: list[str]) -> None:
    fields = data.get("fields", {})
    if not isinstance(fields, Mapping) or not fields or not all(isinstance(v, str) for v in fields.values()):
        errors.append(f'{where}: fields: needs at least one department field, such as justice = "司法行政"')
    else:
        parts["fields"] = dict(fields)
    teams = data.get("teams", {})
    if not isinstance(teams, Mapping) or not all(isinstance(v, Mapping) for v in teams.values()):
        errors.append(f"{where}: teams: must give teams by district, such as [teams.sartu] justice = 2")
        return
    bad = [
        f"{where}: teams.{d}.{f}: must be a whole number, 0 or more (got {n!r})"
        for d, row in teams.items()
        for f, n in row.items()
        if not isinstance(n, int) or isinstance(n, bool) or not 0 <= n <= 100_000
    ]
    errors.extend(bad)
    if not bad:
        parts["teams"] = {d: dict(row) for d, row in teams.items()}


def _collect_grids(grids: Any, where: str, parts: dict[str, Any], errors: list[str]) -> None:
    if grids is None or isinstance(grids, GridTable):
        parts["grids"] = grids
    elif isinstance(grids, Mapping):
        try:
            parts["grids"] = grid_table(grids, where)
        except ScenarioError as error:
            errors.extend(error.errors)
    else:
        errors.append(f"{where}: grids: must be the name of a CSV file in quotes, or columns (got {grids!r})")


def read_toml(path: Path) -> dict[str, Any]:
    """Read a TOML file, or say in one line why not."""
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise ScenarioError([f"{path}: no such file"]) from None
    except UnicodeDecodeError:
        raise ScenarioError([f"{path}: is not UTF-8 text; save it as UTF-8"]) from None
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError([f"{path}: is not valid TOML: {error}"]) from None
    except RecursionError:
        raise ScenarioError([f"{path}: is not valid TOML: brackets stand too deep in each other"]) from None
    except ValueError:  # Python reads no whole number of more than 4,300 digits
        raise ScenarioError([f"{path}: is not valid TOML: a number in it has thousands of digits"]) from None
    except OSError as error:
        raise ScenarioError([f"{path}: cannot be read: {error.strerror}"]) from None


def builtin_folder() -> Path:
    """Folder of the built-in scenarios: inside the wheel, or the repository's ``scenarios/``."""
    packaged = Path(__file__).resolve().parents[1] / "builtin"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[2] / "scenarios"


def builtin_scenarios() -> list[str]:
    """Names of the built-in scenarios."""
    return sorted(p.stem for p in builtin_folder().glob("[!_]*.toml"))


def verification_scenarios() -> list[str]:
    """Names of the scenarios whose behaviour is known in closed form: ``verification/erlang-c`` and others."""
    return sorted(f"verification/{p.stem}" for p in (builtin_folder() / "verification").glob("[!_]*.toml"))


def load_scenario(name: str | Path | Scenario, **overrides: Any) -> Scenario:
    """Load a built-in scenario by name, or a TOML file by path.

    Parameters
    ----------
    name : str, Path or Scenario
        ``"neighbourhood"``, ``"daqing-2021"``, ``"verification/erlang-c"``, or a path ending in ``.toml``.
    **overrides
        Registry keys with two underscores for the dot, e.g. ``linkage__rate=0.9``.

    Raises
    ------
    ScenarioError
        All errors at once, each with file and key.

    """
    if isinstance(name, Scenario):
        scenario = name
    else:
        data, where = _read_with_base(str(name), seen=())
        parts, errors = _validate(data, where)
        errors += unstated_posts(data, parts.get("grids"), where)
        if errors:
            raise ScenarioError(errors)
        scenario = Scenario(parts)
    return scenario.replace(overrides) if overrides else scenario


def _read_with_base(name: str, seen: tuple[str, ...], near: Path | None = None) -> tuple[dict[str, Any], str]:
    names, known = builtin_scenarios(), verification_scenarios()
    only_base = name.rpartition("/")[2].startswith("_") and not name.endswith(".toml")  # a base for others
    if name in names or name in known or only_base:
        path = builtin_folder() / f"{name}.toml"
    elif name.endswith(".toml"):
        path = Path(name)
        if near is not None and not path.is_absolute():
            path = near / path
    else:
        raise ScenarioError(
            [
                f"{name}: no such scenario{nearest(name, names + known) or '.'} Built in are {', '.join(names)}; "
                "a file's name ends in .toml"
            ]
        )
    if str(path.resolve()) in seen:
        raise ScenarioError([f"{path}: based_on goes round in a circle"])
    data = read_toml(path)
    where = path.name
    base = data.pop("based_on", None)
    data.setdefault("name", path.stem)
    if isinstance(data.get("grids"), str):
        data["grids"] = read_grid_table(path.parent / data["grids"])[0]
    own_title = "title" in data or "chinese" in data
    if base is None:
        return data, where
    if not isinstance(base, str):
        raise ScenarioError([f"{where}: based_on: must be the name of a scenario in quotes (got {base!r})"])
    parent, _ = _read_with_base(base, (*seen, str(path.resolve())), path.parent)
    merged = _lay_over(parent, data)
    if not own_title:  # a user's variant is not announced under the title of what it is based on
        merged["title"] = f"{data['name']} (based on {parent.get('title') or parent['name']})"
        merged["chinese"] = f"{data['name']}（基于{parent.get('chinese') or parent['name']}）"
    return merged, where


def read_base(name: str) -> dict[str, Any]:
    """What a scenario file says together with what it is based on: plain data, not checked as a whole."""
    return _read_with_base(name, seen=())[0]


def scenario_on(parent: Mapping[str, Any], data: Mapping[str, Any], where: str) -> Scenario:
    """The scenario of a file ``where`` that says ``data`` and is based on ``parent``, data of another."""
    return Scenario.from_dict(_lay_over(dict(parent), {"name": Path(where).stem, **data}), where)


def _lay_over(parent: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    if "grids" in data:  # a city of its own takes the place of the parent's
        parent = {k: v for k, v in parent.items() if k not in ("grids", "districts", "teams", "patterns", "fit")}
    merged = _merge(parent, data)
    if "fit" in data:  # a fit is one record, never mixed with another
        merged["fit"] = data["fit"]
    if data.get("patterns") == {}:  # [patterns] with nothing in it: none of the base's
        merged["patterns"] = {}
    return merged


def _merge(base: dict[str, Any], top: dict[str, Any]) -> dict[str, Any]:
    """Lay ``top`` over ``base``; a distribution is replaced whole, never mixed."""
    out = dict(base)
    for key, value in top.items():
        below = out.get(key)
        mixes = isinstance(below, dict) and isinstance(value, dict) and "distribution" not in value
        out[key] = _merge(below, value) if mixes and isinstance(below, dict) else value
    return out
