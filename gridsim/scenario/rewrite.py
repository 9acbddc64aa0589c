"""Write a fit down: a variant of its scenario, or the fitted values in the scenario's own file, comments kept."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import tomli_w

from gridsim.scenario.scenario import Scenario, ScenarioError, builtin_folder, builtin_scenarios, load_scenario

HEADER = re.compile(r"^\s*\[\[?\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")


def scenario_path(name: str) -> Path:
    """The file of a scenario given by built-in name or path."""
    return builtin_folder() / f"{name}.toml" if name in builtin_scenarios() else Path(name)


def write_variant(scenario: Scenario, path: Path, base: str) -> None:
    """Write a file based on ``base`` that states only the fitted values, and the record of the fit."""
    based_on = base if base in builtin_scenarios() else os.path.relpath(Path(base).resolve(), path.resolve().parent)
    data: dict[str, Any] = {"based_on": Path(based_on).as_posix()}
    for key, value in scenario.fit.parameters.items():
        section, _, name = key.partition(".")
        data.setdefault(section, {})[name] = value
    data["fit"] = scenario.fit.model_dump()
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_checked(path, tomli_w.dumps(data), scenario)


def rewrite_fit(path: Path, scenario: Scenario) -> None:
    """Put the fitted values and the ``[fit]`` table into a scenario's own file and leave every other line as it is.

    Raises
    ------
    ScenarioError
        When the edited file would not give exactly this scenario; the file is then untouched.

    """
    lines = _without_table(path.read_text(encoding="utf-8-sig").splitlines(), "fit")
    for key, value in scenario.fit.parameters.items():
        section, _, name = key.partition(".")
        lines = _with_value(lines, section, name, _inline(value))
    while lines and not lines[-1].strip():
        lines.pop()
    record = tomli_w.dumps({"fit": scenario.fit.model_dump()}).strip()
    _write_checked(path, "\n".join(lines) + "\n\n" + record + "\n", scenario)


def _write_checked(path: Path, text: str, scenario: Scenario) -> None:
    """Write through a file beside it that is first read back, so that what stands there is what was meant."""
    trial = path.with_name(f".{path.name}.{os.getpid()}.toml")
    trial.write_text(text, encoding="utf-8", newline="\n")
    try:
        again = load_scenario(trial)
        if again.hash != scenario.hash or again.fit != scenario.fit:
            raise ScenarioError([f"{path}: the fitted values cannot be put into this file; use --out FILE instead"])
        os.replace(trial, path)
    finally:
        trial.unlink(missing_ok=True)


def _header(line: str) -> str | None:
    found = HEADER.match(line)
    return found.group(1).replace('"', "").replace(" ", "") if found else None


def _without_table(lines: list[str], table: str) -> list[str]:
    out, inside = [], False
    for line in lines:
        name = _header(line)
        if name is not None:
            inside = name == table or name.startswith(f"{table}.")
        if not inside:
            out.append(line)
    return out


def _with_value(lines: list[str], section: str, name: str, value: str) -> list[str]:
    """The lines with one key of a section set: where it stands, else under its header, else in a new section."""
    key = re.compile(rf"^(\s*){re.escape(name)}\s*=\s*[^#]*?(\s*#.*)?$")
    at: int | None = None
    here: str | None = None
    first_table = len(lines)
    for k, line in enumerate(lines):
        found = _header(line)
        if found is not None:
            here, first_table = found, min(first_table, k)
            if found == section:
                at = k
        elif here == section and (old := key.match(line)):
            return [*lines[:k], f"{old.group(1)}{name} = {value}{old.group(2) or ''}", *lines[k + 1 :]]
    if at is not None:
        return [*lines[: at + 1], f"{name} = {value}", *lines[at + 1 :]]
    return [*lines[:first_table], f"[{section}]", f"{name} = {value}", "", *lines[first_table:]]


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k} = {_inline(v)}" for k, v in value.items()) + " }"
    return tomli_w.dumps({"x": value}).removeprefix("x = ").strip()
