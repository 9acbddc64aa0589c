"""A comparison read back from its folder of tables: what ``gridsim report`` starts from, without running anything."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from gridsim.scenario.policies import Option, Policy
from gridsim.scenario.scenario import Scenario, ScenarioError, load_scenario
from gridsim.studies.comparison import Comparison, conflicts
from gridsim.studies.precision import Reached
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
    "ranking": "ranking.csv",
}
MORE = {"draws": "draws.csv", "equal_cost": "equal_cost.csv", "dominance": "dominance.csv"}  # where there are any
BASELINES, STORY = "baselines.csv", "trace.json"
TEXTS = {"costs": ["why_empty"], "equal_cost": ["moved", "why", "by"], "dominance": ["mix"]}  # which may be empty
SCENARIO, MANIFEST = "scenario.toml", "manifest.json"
OTHERS = {
    "measures.csv": "gridsim run",
    "trace.csv": "gridsim trace",
    "ladder.csv": "gridsim ladder",
}  # what only these commands write
FACTS = (
    "gridsim",
    "engine_sources",
    "scenario_hash",
    "written",
    "seed",
    "replications_asked",
    "replications",
    "options",
)
OWN_CODE = ("kind", "what", "file", "sha256")
AGAIN = "run gridsim compare again"


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
    """A table as it was written; only an empty cell is missing.

    Raises
    ------
    ScenarioError
        If it is no table: empty, no text, or rows of different lengths.

    """
    try:
        return pd.read_csv(path, encoding="utf-8-sig", keep_default_na=False, na_values=[""])
    except ValueError as error:  # pandas' own errors and those of the encoding are of this kind
        raise damaged(path, str(error).splitlines()[0].rstrip(".").lower()) from None


def write_csv(frame: pd.DataFrame, path: Path, index: bool = False) -> None:
    """CSV for people and programs: UTF-8 with byte-order mark, full precision, Unix line ends."""
    frame.to_csv(path, index=index, encoding="utf-8-sig", lineterminator="\n")


def damaged(path: Path, what: str) -> ScenarioError:
    """The error of a file that cannot be used."""
    return ScenarioError([f"{path.parent}: {path.name} is damaged ({what}); {AGAIN}"])


def fingerprint(path: Path) -> str:
    """SHA-256 of the bytes of a file, in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rows_of(table: pd.DataFrame) -> Iterator[Any]:
    """The rows of a table, its columns as attributes."""
    return iter(table.itertuples(index=False))


def load_comparison(folder: str | Path) -> Saved:
    """Read the folder that ``gridsim compare`` wrote for one baseline.

    Every table must be, byte for byte, the one that the manifest lists: a brief is never made from other numbers.

    Raises
    ------
    ScenarioError
        If it is no such folder, or a file is missing, damaged or not the one that was written.

    """
    folder = Path(folder)
    needed = [*TABLES.values(), SCENARIO, MANIFEST]
    missing = [name for name in needed if not (folder / name).is_file()]
    if TABLES["table"] in missing:
        _refuse_other(folder, len(missing) == len(needed))
    if MANIFEST not in missing:
        facts = _manifest(folder / MANIFEST)
        missing += [name for name in facts["tables"] if name not in needed and not (folder / name).is_file()]
    if missing:
        raise ScenarioError([f"{folder}: {', '.join(missing)} missing; {AGAIN}"])
    check_written(folder, facts)
    tables = {attribute: read_csv(folder / name) for attribute, name in TABLES.items()}
    tables |= {a: read_csv(folder / name) for a, name in MORE.items() if name in facts["tables"]}
    for attribute, texts in TEXTS.items():
        if attribute in tables:
            tables[attribute][texts] = tables[attribute][texts].astype(object).fillna("")
    options = _options(folder / MANIFEST, facts)
    comparison = Comparison(
        scenario=load_scenario(folder / SCENARIO),
        options=options,
        seed=facts["seed"],
        asked=facts["replications_asked"],
        finished=tuple(facts["replications"]),
        notes=conflicts(options),
        precision=Reached(**facts["precision"]) if facts.get("precision") else None,
        own_code=_own_code(folder / MANIFEST, facts),
        **tables,
    )
    story = _story(folder / STORY, comparison.scenario) if STORY in facts["tables"] else None
    several = folder / BASELINES
    return Saved(folder, comparison, facts, read_csv(several) if several.is_file() else None, story)


def load_several(folder: Path) -> list[Saved]:
    """Read the folder that ``gridsim compare`` wrote for several baselines, each in a folder of its own.

    Raises
    ------
    ScenarioError
        As :func:`load_comparison`.

    """
    table = read_csv(folder / BASELINES)
    if "baseline" not in table or table.empty:
        raise damaged(folder / BASELINES, "no baseline in it")
    each = [load_comparison(folder / name) for name in dict.fromkeys(map(str, table["baseline"]))]
    for saved in each:  # each lists the table over all
        check_written(folder, saved.manifest, (BASELINES,))
    return each


def check_written(folder: Path, facts: Mapping[str, Any], names: Iterable[str] | None = None) -> None:
    """Raise ScenarioError for files in ``folder`` that are not those that the manifest ``facts`` lists."""
    listed: Mapping[str, Any] = facts["tables"]
    wrong = [
        f"{folder}: {name} is not the one that was written (changed or cut off); {AGAIN}"
        for name in (listed if names is None else names)
        if name in listed and fingerprint(folder / name) != listed[name]["sha256"]
    ]
    if wrong:
        raise ScenarioError(wrong)


def _refuse_other(folder: Path, empty: bool) -> None:
    """Raise ScenarioError for a folder that something else wrote, or that only holds folders of results."""
    for name, command in OTHERS.items():
        if (folder / name).is_file():
            raise ScenarioError([f"{folder}: is a folder of {command}; name one that gridsim compare wrote"])
    if not empty:
        return
    inside = sorted(folder.iterdir()) if folder.is_dir() else []
    results = [str(p) for p in inside if any((p / name).is_file() for name in (TABLES["table"], BASELINES))]
    text = "name one that gridsim compare wrote"
    if results:
        text = f"did you mean {' or '.join(results[-3:])}?"  # the last ones are the newest
    raise ScenarioError([f"{folder}: no folder of results; {text}"])


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise damaged(path, "cut off or no JSON") from None


def _manifest(path: Path) -> dict[str, Any]:
    """The manifest, with all that is needed in it."""
    facts = _json(path)
    if not isinstance(facts, dict):
        raise damaged(path, "no table of facts")
    if absent := [key for key in FACTS if key not in facts]:
        raise damaged(path, f"{', '.join(absent)} missing")
    if "tables" not in facts:
        raise damaged(path, "tables missing, or written by an older gridsim")
    try:
        listed = {name: str(entry["sha256"]) for name, entry in facts["tables"].items()}
    except (AttributeError, KeyError, TypeError):
        raise damaged(path, "tables: no table of sums") from None
    if absent := [name for name in (*TABLES.values(), SCENARIO) if name not in listed]:
        raise damaged(path, f"tables: {', '.join(absent)} missing")
    return facts


def _options(path: Path, facts: Mapping[str, Any]) -> tuple[Option, ...]:
    """The options as the manifest tells them."""
    try:
        return tuple(
            Option(
                name, *(tuple(map(Policy.model_validate, ps)) for ps in (option["policies"], option.get("named", ())))
            )
            for name, option in facts["options"].items()
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        raise damaged(path, "options: no policies") from None


def _own_code(path: Path, facts: Mapping[str, Any]) -> tuple[dict[str, str], ...]:
    """Interventions and rule as the manifest tells them; none in a folder that an older gridsim wrote."""
    try:
        return tuple({key: str(code[key]) for key in OWN_CODE} for code in facts.get("own_code", ()))
    except (KeyError, TypeError):
        raise damaged(path, "own_code: no list of interventions and rules") from None


def _story(path: Path, scenario: Scenario) -> Trace:
    try:
        return Trace.from_dict(scenario, _json(path))
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, ScenarioError):
            raise
        raise damaged(path, "no two tellings of a case") from None
