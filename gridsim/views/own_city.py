"""A planner's own city on the screen and on disk: what was read, what was taken instead, the files of the scenario."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gridsim.scenario.errors import ScenarioError
from gridsim.scenario.grid_table import Taken
from gridsim.scenario.scenario import builtin_folder
from gridsim.studies.own_city import OwnCity
from gridsim.views.labels import aligned, catalogue, say

SAMPLE = ("grids.csv", "departments.csv")
FORBIDDEN = set('/\\:*?"<>|')
NAMED = 3  # grids or communities that a warning names


def city_files(name: str, folder: Path) -> tuple[Path, Path]:
    """Scenario file and table of grids of a new city, neither of which exists yet.

    Raises
    ------
    ScenarioError
        For a name that is none for a file, and for files that would be overwritten.

    """
    if not name.strip() or name.startswith(("_", ".")) or FORBIDDEN & set(name):
        raise ScenarioError(
            [f"new: {name!r} cannot name a scenario; use letters, digits and '-', and --out for a folder"]
        )
    files = folder / f"{name}.toml", folder / f"{name}-grids.csv"
    _refuse_to_overwrite(files)
    return files


def write_city(city: OwnCity, files: tuple[Path, Path]) -> None:
    """Write the scenario file and its table of grids (with a byte-order mark, so that Excel shows Chinese)."""
    toml, csv = files
    _make_folder(toml.parent)
    csv.write_text(city.csv, encoding="utf-8-sig", newline="\n")
    toml.write_text(city.toml, encoding="utf-8", newline="\n")


def copy_sample(folder: Path) -> list[Path]:
    """Copy the sample tables into a folder, overwriting nothing."""
    targets = [folder / name for name in SAMPLE]
    _refuse_to_overwrite(targets)
    _make_folder(folder)
    for target in targets:
        shutil.copyfile(builtin_folder() / "samples" / target.name, target)
    return targets


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ScenarioError([f"new: cannot write to {folder}: {error.strerror}; name another folder"]) from None


def _refuse_to_overwrite(files: Iterable[Path]) -> None:
    there = [f for f in files if f.exists()]
    if there:
        raise ScenarioError([f"new: {f} exists already; choose another name or folder, or remove it" for f in there])


def city_text(city: OwnCity, files: tuple[Path, Path], lang: str) -> str:
    """What ``gridsim new`` prints."""
    parts = [say("new_read", lang, **{k: f"{n:,}" for k, n in city.counts.items()})]
    if city.ignored:
        parts.append(say("new_ignored", lang, columns=", ".join(city.ignored)))
    head = [say(k, lang) for k in ("new_what", "new_value", "new_rows", "new_grade", "new_source")]
    rows = [head, *(list(row.values()) for row in taken_rows(city, lang))]
    parts.append(say("new_taken", lang) + "\n" + aligned(rows, right=(2,)))
    parts.append(say("new_grades", lang))
    parts += city_warnings(city, lang)
    parts.append(say("new_written", lang, files=", ".join(map(str, files)), toml=files[0]))
    return "\n\n".join(parts)


def city_warnings(city: OwnCity, lang: str) -> list[str]:
    """A sentence on grids and communities in which nobody takes cases, if there are any."""
    found = city.without_handler
    if not found["grids"]:
        return []
    told = {k: {"n": f"{len(v):,}", "first": _first(v, lang)} for k, v in found.items()}
    whole = say("new_nobody_communities", lang, **told["communities"]) if found["communities"] else ""
    why = say("new_nobody_at_all" if city.part_timers_handle else "new_nobody_full_time", lang)
    then = say("new_nobody_cover" if city.scenario.rules.cover else "new_nobody_waits", lang)
    return [
        say("new_nobody", lang, **told["grids"], all=f"{city.table.comprehensive:,}", whole=whole, why=why, then=then)
    ]


def _first(names: list[str], lang: str) -> str:
    more = [say("new_more", lang, n=f"{len(names) - NAMED:,}")] if len(names) > NAMED else []
    return say("list_comma", lang).join([*names[:NAMED], *more])


def taken_rows(city: OwnCity, lang: str) -> list[dict[str, str]]:
    """What was taken, in words, a row each."""
    return [
        {
            "what": t.what,
            "value": _told(t.value, t, lang),
            "rows": f"{t.rows:,}" if t.rows else "",
            "grade": t.grade,
            "source": _told(t.source, t, lang),
        }
        for t in city.taken
    ]


def _told(text: str, t: Taken, lang: str) -> str:
    return say(text, lang, **t.facts) if text in catalogue() else text


def city_json(city: OwnCity, files: tuple[Path, Path], lang: str) -> dict[str, Any]:
    """The same for programs."""
    return {
        "files": [str(f) for f in files],
        "hash": city.scenario.hash,
        "read": city.counts,
        "ignored": city.ignored,
        "taken": taken_rows(city, lang),
        "without_handler": city.without_handler,
    }
