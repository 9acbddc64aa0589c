"""Files that a comparison or a run leaves behind: UTF-8, CSV with a byte-order mark so that Excel shows Chinese."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

import gridsim
from gridsim.model.compiled import SOURCES
from gridsim.scenario.patterns import fit_status
from gridsim.scenario.scenario import Scenario
from gridsim.studies.comparison import Comparison
from gridsim.studies.saved import BASELINES, MANIFEST, MORE, SCENARIO, STORY, TABLES, fingerprint, load_comparison
from gridsim.studies.saved import write_csv as write_csv
from gridsim.studies.trace import Trace
from gridsim.studies.versions import engine_hash
from gridsim.views.report import write_report
from gridsim.views.spread import drawn_keys

LIBRARIES = (
    "mesa",
    "numpy",
    "numba",
    "scipy",
    "pandas",
    "networkx",
    "matplotlib",
    "pydantic",
    "jinja2",
    "xlsxwriter",
    "SALib",
)


def fresh_folder(root: Path, name: str) -> Path:
    """A new folder ``root/name-001``, numbered on, so that no earlier result is overwritten."""
    name = re.sub(r"[^\w.-]+", "-", name).strip(".-")[:60] or "scenario"
    k = 1
    while (root / f"{name}-{k:03d}").exists():
        k += 1
    return root / f"{name}-{k:03d}"


def check_writable(folder: Path) -> None:
    """Raise OSError before any simulation has run if the folder cannot be written; leave nothing behind."""
    made = [p for p in (folder, *folder.parents) if not p.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    probe = folder / f".write-test-{os.getpid()}"
    probe.write_bytes(b"")
    probe.unlink()
    for empty in made:
        empty.rmdir()


def manifest(scenario: Scenario, **facts: Any) -> dict[str, Any]:
    """What is needed to know and repeat a result: versions, hashes, seeds, machine."""
    return {
        "gridsim": gridsim.__version__,
        "engine_sources": SOURCES,
        "scenario": scenario.name,
        "scenario_hash": scenario.hash,
        "fit": fit_status(scenario, engine_hash()),
        **facts,
        "versions": {name: importlib.metadata.version(name) for name in LIBRARIES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def write_json(data: Any, path: Path) -> None:
    """JSON in UTF-8, Chinese readable."""
    path.write_text(json.dumps(data, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")


def write_tables(
    c: Comparison,
    folder: Path,
    *,
    command: str = "",
    baselines: pd.DataFrame | None = None,
    story: Trace | None = None,
) -> list[str]:
    """Write tables, resolved scenario and, last, the manifest that lists them; returns the file names.

    Parameters are those of :func:`write_comparison`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tables = {name: getattr(c, attribute) for attribute, name in (TABLES | MORE).items()} | {BASELINES: baselines}
    tables = {name: table for name, table in tables.items() if table is not None}
    for name, table in tables.items():
        write_csv(table, folder / name)
    (folder / SCENARIO).write_text(c.scenario.to_toml(), encoding="utf-8")
    names = [*tables, SCENARIO]
    if story is not None:
        write_json(story.to_dict(), folder / STORY)
        names.append(STORY)
    rows = {name: {"rows": len(table)} for name, table in tables.items()}
    listed = {name: rows.get(name, {}) | {"sha256": fingerprint(folder / name)} for name in names}
    facts = {
        "seed": c.seed,
        "replications_asked": c.asked,
        "replications": list(c.finished),
        "days": c.scenario.time.days,
        "command": command,
        "own_code": list(c.own_code),
        "options": {
            o.name: {
                "hash": [p.scenario.hash for p in o.phases(c.scenario)],
                "policies": [p.model_dump(mode="json") for p in o.policies],
                "named": [p.model_dump(mode="json") for p in o.named],
            }
            for o in c.options
        },
        "costs": c.costs.astype(object).where(c.costs.notna(), None).to_dict(orient="records"),
        "unit_costs": {name: row.model_dump() for name, row in c.scenario.costs.items()},
        "varied": drawn_keys(c),
        "precision": asdict(c.precision) if c.precision else None,
        "tables": listed,
    }
    write_json(manifest(c.scenario, **facts), folder / MANIFEST)
    return [*names, MANIFEST]


def write_comparison(
    c: Comparison,
    folder: Path,
    lang: str = "en",
    *,
    command: str = "",
    baselines: pd.DataFrame | None = None,
    story: Trace | None = None,
) -> list[str]:
    """Write the tables of a comparison and, from them, its brief, workbook and figures; returns the file names.

    Parameters
    ----------
    lang : "en", "zh" or "both"
    command : str
        What was typed, to be repeated in the brief.
    baselines : DataFrame, optional
        The effects at every baseline, where this comparison is one of several.
    story : Trace, optional
        One case followed into two worlds.

    """
    names = write_tables(c, folder, command=command, baselines=baselines, story=story)
    return names + write_report(load_comparison(folder), lang)
