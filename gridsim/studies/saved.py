"""A comparison read back from its folder of tables: what ``gridsim report`` starts from, without running anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gridsim.scenario.policies import Option, Policy
from gridsim.scenario.scenario import ScenarioError, load_scenario
from gridsim.studies.comparison import Comparison, conflicts
from gridsim.studies.trace import Trace

# Attribute of a comparison and the file that holds it.
TABLES = {
    "table": "comparison.csv",
    "runs": "runs.csv",
    "daily": "daily.csv",
    "groups": "groups.csv",
    "load": "load.csv",
    "costs": "costs.csv",
    "curves": "curves.csv",
    "grids": "grids.csv",
    "register": "map.csv",
    "joint": "linkage.csv",
}
DRAWS, BASELINES, STORY = "draws.csv", "baselines.csv", "trace.json"
SCENARIO, MANIFEST = "scenario.toml", "manifest.json"


@dataclass(frozen=True)
class Saved:
    """A results folder.

    Attributes
    ----------
    folder : Path
    comparison : Comparison
    manifest : dict
        Versions, hashes, command and dates, as ``compare`` wrote them.
    baselines : DataFrame or None
        The effects at every baseline, where several were compared.
    story : Trace or None
        One case followed into two worlds.

    """

    folder: Path
    comparison: Comparison
    manifest: dict[str, Any]
    baselines: pd.DataFrame | None = None
    story: Trace | None = None


def read_csv(path: Path) -> pd.DataFrame:
    """A table as it was written; only an empty cell is missing."""
    return pd.read_csv(path, encoding="utf-8-sig", keep_default_na=False, na_values=[""])


def rows_of(table: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table, its columns as attributes."""
    return iter(table.itertuples(index=False))


def load_comparison(folder: str | Path) -> Saved:
    """Read the folder that ``gridsim compare`` wrote for one baseline.

    Raises
    ------
    ScenarioError
        If it is no such folder, or a table is missing.

    """
    folder = Path(folder)
    needed = [*TABLES.values(), SCENARIO, MANIFEST]
    missing = [name for name in needed if not (folder / name).is_file()]
    if len(missing) == len(needed):
        raise ScenarioError([f"{folder}: no folder of results; name one that gridsim compare wrote"])
    if missing:
        raise ScenarioError([f"{folder}: {', '.join(missing)} missing; run gridsim compare again"])
    facts = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    options = tuple(
        Option(name, tuple(Policy.model_validate(p) for p in option["policies"]))
        for name, option in facts["options"].items()
    )
    tables = {attribute: read_csv(folder / name) for attribute, name in TABLES.items()}
    tables["costs"]["why_empty"] = tables["costs"]["why_empty"].fillna("")
    comparison = Comparison(
        scenario=load_scenario(folder / SCENARIO),
        options=options,
        seed=facts["seed"],
        asked=facts["replications_asked"],
        finished=tuple(facts["replications"]),
        notes=conflicts(options),
        draws=read_csv(folder / DRAWS) if (folder / DRAWS).is_file() else None,
        **tables,
    )
    several, told = folder / BASELINES, folder / STORY
    return Saved(
        folder,
        comparison,
        facts,
        read_csv(several) if several.is_file() else None,
        Trace.from_dict(comparison.scenario, json.loads(told.read_text(encoding="utf-8"))) if told.is_file() else None,
    )
