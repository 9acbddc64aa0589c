"""The ledger: one SQLite file that holds a study's plan and a row a finished run, written as they come.

A run is known by the contents that made it (``plan.Key``): hashes of scenario, point, option and the user's code, seed
and replicate; the file belongs to one version of the engine (``versions.results_hash``), whose results are never mixed
with another's. Whatever is killed, and when: what is in the file is whole, and what is not is run again, to the same
bits. One process writes (a lock beside the file, which dies with its holder); any number may read meanwhile. Not for
network file systems, on which SQLite's locks cannot be relied upon.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
import sqlite3
import zlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import gridsim
from gridsim.scenario.errors import ScenarioError
from gridsim.studies.plan import Batch, Key, Plan
from gridsim.studies.trial import DONE, FAILED, LOST, Row
from gridsim.studies.versions import results_hash

SCHEMA = """
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS run (
  scenario TEXT, point TEXT, option TEXT, code TEXT, seed INTEGER, replicate INTEGER,
  status TEXT NOT NULL, seconds REAL, measures BLOB, error TEXT,
  PRIMARY KEY (scenario, point, option, code, seed, replicate)
) WITHOUT ROWID;
"""
WHERE = "scenario=? AND point=? AND option=? AND code=? AND seed=? AND replicate=?"
MAGIC = 0x67726964  # "grid": marks the file as ours
MEMORY = ":memory:"
LIBRARIES = ("numpy", "numba", "SALib")  # whose versions could change a number


class Ledger:
    """A study's plan and its finished runs.

    Open one with :meth:`write` (one process at a time) or :meth:`read`.

    Attributes
    ----------
    plan : Plan
    path : str

    """

    def __init__(self, connection: sqlite3.Connection, path: str, lock: sqlite3.Connection | None) -> None:
        self.db, self.path, self._lock = connection, path, lock
        self.plan: Plan

    @classmethod
    def write(cls, path: str | Path | None, plan: Plan | None = None) -> Ledger:
        """Open a ledger to run what is missing; without a path one in memory, which is gone with the process.

        Parameters
        ----------
        plan : Plan, optional
            Of a new ledger; a plan that extends an older one's (more replications, points, options) takes its place.

        Raises
        ------
        ScenarioError
            If the file holds another study, is another version's, is no ledger, or is being written to.

        """
        path = MEMORY if path is None else str(path)
        if plan is not None:
            _ = plan.hash  # what is wrong with the user's own code is told before there is a file
        elif path == MEMORY or not Path(path).exists():
            raise ScenarioError([f"{path}: no such file"])
        if path != MEMORY and _is_something_else(path):
            raise _no_ledger(path)  # before a lock stands beside it
        lock = None if path == MEMORY else _locked(path)
        try:
            self = cls(_opened(path, create=True), path, lock)
            if self._stored("plan") is None:
                self._begin(plan)
            else:
                self._take_over(plan)
            self._set("writer", f"process {os.getpid()} on {platform.node()}, since {_now()}")
        except BaseException:
            if lock is not None:
                lock.close()
            raise
        return self

    @classmethod
    def read(cls, path: str | Path) -> Ledger:
        """Open a ledger of any version to look at it.

        Raises
        ------
        ScenarioError
            If there is no ledger of that name.

        """
        if not Path(path).is_file():
            raise ScenarioError([f"{path}: no such file"])
        self = cls(_opened(str(path), create=False), str(path), None)
        self.plan = Plan.from_dict(self._stored_plan(), look_at_code=False)
        return self

    def close(self) -> None:
        """Close the file and let go of the lock."""
        self.db.close()
        if self._lock is not None:
            self._lock.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, plan: Plan | None) -> None:
        if plan is None:
            raise ScenarioError([f"{self.path}: was begun but holds no plan; run gridsim study again"])
        self.plan = plan
        self._set("engine", results_hash())
        self._set("gridsim", gridsim.__version__)
        self._set("begun", _now())
        self._store(plan)

    def _take_over(self, plan: Plan | None) -> None:
        """The ledger of an earlier session: same engine, and the same study or a part of it."""
        if self.engine != results_hash():
            raise ScenarioError(
                [
                    f"{self.path}: its runs are of another version of the engine ({self.engine}, gridsim "
                    f"{self.version}; this one is {results_hash()}, gridsim {gridsim.__version__}) and are never "
                    "mixed with this one's; read it with gridsim export, or begin a new file"
                ]
            )
        stored = Plan.from_dict(self._stored_plan(), look_at_code=plan is None)
        if plan is not None and plan.hash != stored.hash:
            if not plan.extends(stored):
                what = _differences(stored, plan)
                raise ScenarioError([f"{self.path}: holds another study ({what} differ); name a new file"])
            self._store(plan)
        self.plan = plan or stored

    @property
    def engine(self) -> str:
        """Hash of the code whose runs these are."""
        return str(self._stored("engine") or "")

    @property
    def version(self) -> str:
        """Version of gridsim that began the ledger."""
        return str(self._stored("gridsim") or "")

    @property
    def writer(self) -> str:
        """Who has it open for writing, or had last."""
        return str(self._stored("writer") or "")

    @property
    def software(self) -> list[str]:
        """Python, libraries and machine of the processes that wrote runs; several where that was changed between."""
        return list(json.loads(self._stored("software") or "[]"))

    def _stored(self, name: str) -> Any:
        row = self.db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return None if row is None else row[0]

    def _set(self, name: str, value: Any) -> None:
        with self.db:
            self.db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))

    def _store(self, plan: Plan) -> None:
        self._set("plan", zlib.compress(json.dumps(plan.to_dict(), ensure_ascii=False).encode("utf-8"), 3))

    def _stored_plan(self) -> dict[str, Any]:
        data = self._stored("plan")
        if data is None:
            raise ScenarioError([f"{self.path}: was begun but holds no plan; run gridsim study again"])
        found: dict[str, Any] = json.loads(zlib.decompress(data))
        return found

    # --- runs ---------------------------------------------------------------------------------------------------

    def record(self, rows: Iterable[tuple[Batch, Row]]) -> None:
        """Write finished runs, all together or none; a run that is there already is replaced by the same.

        Raises
        ------
        ScenarioError
            If the file cannot be written, as on a full disk.

        """
        found = [
            (
                *self.plan.key(b.scenario, b.point, row.option, b.replicate),
                row.status,
                row.seconds,
                row.measures or None,
                row.error or None,
            )
            for b, row in rows
        ]
        try:
            with self.db:
                self.db.executemany(f"INSERT OR REPLACE INTO run VALUES ({', '.join('?' * 10)})", found)
                if (here := software()) not in (known := self.software):
                    told = json.dumps([*known, here])
                    self.db.execute("INSERT OR REPLACE INTO fact VALUES ('software', ?)", (told,))
        except sqlite3.OperationalError as error:
            raise ScenarioError([f"{self.path}: cannot be written: {error}; what is in it is whole"]) from None

    def status(self, key: Key) -> str | None:
        """Status of a run, or None if it has not been run."""
        row = self.db.execute(f"SELECT status FROM run WHERE {WHERE}", key).fetchone()
        return None if row is None else str(row[0])

    def missing(self, again: tuple[str, ...] = (LOST,)) -> Iterator[Batch]:
        """What is still to be run, in the plan's order; runs of equal content once.

        Parameters
        ----------
        again : tuple of str
            Statuses that do not count as run.

        """
        for batch in self.plan.batches():
            keys: dict[Key, int] = {}
            for k in batch.options:
                keys.setdefault(self.plan.key(batch.scenario, batch.point, k, batch.replicate), k)
            wanted = tuple(k for key, k in keys.items() if self.status(key) in (None, *again))
            if wanted:
                yield batch._replace(options=wanted)

    def counts(self) -> dict[str, int]:
        """Number of the plan's runs that are done, failed, lost and missing."""
        out = {DONE: 0, FAILED: 0, LOST: 0, "missing": 0}
        for run in self.plan.runs():
            out[self.status(self.plan.key(*run)) or "missing"] += 1
        return out

    def seconds(self) -> float:
        """Processor seconds of a finished run, mean; NaN without any."""
        found = self.db.execute("SELECT avg(seconds) FROM run WHERE status = ?", (DONE,)).fetchone()[0]
        return float("nan") if found is None else float(found)

    def errors(self, most: int = 20) -> list[tuple[str, str]]:
        """(status, traceback) of runs that came to nothing."""
        query = "SELECT status, error FROM run WHERE status != ? LIMIT ?"
        return [(str(s), str(e)) for s, e in self.db.execute(query, (DONE, most))]

    def digest(self) -> str:
        """Hash of every number of every run, in plan order: equal if and only if the results are, to the bit."""
        out = hashlib.sha256()
        for run, status, _, numbers, _ in self._rows():
            out.update(json.dumps([*run, status]).encode() + (numbers or b""))
        return out.hexdigest()

    def _rows(self) -> Iterator[tuple[tuple[int, int, int, int], str, float, bytes | None, str | None]]:
        """Position, status, seconds, numbers and error of every run in plan order."""
        for run in self.plan.runs():
            key = self.plan.key(*run)
            row = self.db.execute(f"SELECT status, seconds, measures, error FROM run WHERE {WHERE}", key).fetchone()
            yield (run, *(row or ("missing", float("nan"), None, None)))

    def frames(self, windows: str = "last", size: int = 20_000) -> Iterator[pd.DataFrame]:
        """:meth:`frame` in parts of ``size`` runs, for results that do not fit into memory."""
        part: list[Any] = []
        for row in self._rows():
            part.append(row)
            if len(part) >= size:
                yield self._framed(part, windows)
                part = []
        if part:
            yield self._framed(part, windows)

    def frame(self, windows: str = "last") -> pd.DataFrame:
        """Tidy results: a row a run (and window), in plan order.

        Parameters
        ----------
        windows : "last" or "all"

        Returns
        -------
        DataFrame
            ``scenario`` (name), ``point`` (row of the design), a column a factor, ``option``, ``replicate``, ``seed``,
            ``status`` (done, failed, lost, missing), ``seconds``, ``window``, and a column a measure, NaN where the run
            is not done.

        """
        return pd.concat(list(self.frames(windows)), ignore_index=True)

    def _framed(self, rows: list[Any], windows: str) -> pd.DataFrame:
        plan, columns = self.plan, self.plan.columns
        names = list(dict.fromkeys(w for w, _ in columns))
        data = np.full((len(rows), len(columns)), np.nan)
        for k, (_, _, _, numbers, _) in enumerate(rows):
            if numbers:
                data[k] = np.frombuffer(numbers, dtype="<f8")
        at = [r[0] for r in rows]
        head: dict[str, Any] = {
            "scenario": [plan.scenarios[s].name for s, _, _, _ in at],
            "point": [p for _, p, _, _ in at],
        }
        head |= {f: [plan.points[p][k] for _, p, _, _ in at] for k, f in enumerate(plan.factors) if f != "seed"}
        head |= {
            "option": [plan.options[o].name for _, _, o, _ in at],
            "replicate": [r for _, _, _, r in at],
            "seed": [plan.seed_of(plan.points[p]) for _, p, _, _ in at],
            "status": [r[1] for r in rows],
            "seconds": [r[2] for r in rows],
        }
        parts = []
        for window in names if windows == "all" else names[-1:]:
            here = {m: data[:, k] for k, (w, m) in enumerate(columns) if w == window}
            parts.append(pd.DataFrame(head | {"window": window} | here))
        together = pd.concat(parts)
        return together.sort_index(kind="stable").reset_index(drop=True) if len(parts) > 1 else together

    def wide(self, measure: str, option: str, against: str | None = None, window: str | None = None) -> np.ndarray:
        """One measure as an array, what an analysis of a design needs.

        Parameters
        ----------
        measure, option : str
        against : str, optional
            An option whose value is subtracted, run by run: the paired effect.
        window : str, optional
            The last one by default.

        Returns
        -------
        ndarray of shape (scenarios, points, replications)
            Row k of the second axis answers row k of ``plan.points``. NaN where a run is not done or not measured.

        """
        plan = self.plan
        column = plan.columns.index((window or plan.columns[-1][0], measure))
        named = [o.name for o in plan.options]
        out = np.full((len(plan.scenarios), len(plan.points), plan.replications), np.nan)
        for sign, name in ((1.0, option), (-1.0, against)):
            if name is None:
                continue
            part = np.full(out.shape, np.nan)
            o = named.index(name)
            for at in np.ndindex(out.shape):
                key = plan.key(at[0], at[1], o, at[2])
                row = self.db.execute(f"SELECT measures FROM run WHERE {WHERE}", key).fetchone()
                if row is not None and row[0]:
                    part[at] = np.frombuffer(row[0], dtype="<f8")[column]
            out = part if sign > 0 else out - part
        return out


def _opened(path: str, create: bool) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(path, timeout=30)
    except sqlite3.OperationalError as error:
        raise ScenarioError([f"{path}: cannot be opened: {error}"]) from None
    try:
        empty = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if empty and create:
            db.execute("PRAGMA journal_mode=WAL")
            db.executescript(f"BEGIN; PRAGMA application_id={MAGIC}; {SCHEMA} COMMIT;")  # whole, or not at all
        elif empty or db.execute("PRAGMA application_id").fetchone()[0] != MAGIC:
            raise sqlite3.DatabaseError
        db.execute("PRAGMA synchronous=NORMAL")
    except sqlite3.OperationalError as error:  # locked, or of a folder that may not be written to
        db.close()
        raise ScenarioError([f"{path}: cannot be opened: {error}"]) from None
    except sqlite3.DatabaseError:
        db.close()
        raise _no_ledger(path) from None
    return db


def _is_something_else(path: str) -> bool:
    """True for a file whose contents are no ledger's; nothing is written to find out."""
    if not Path(path).is_file():
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True)) as db:
            tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            return bool(tables and db.execute("PRAGMA application_id").fetchone()[0] != MAGIC)
    except sqlite3.OperationalError:
        return False  # locked, or not to be opened: told as it is when it is opened to write
    except sqlite3.DatabaseError:
        return True


def _no_ledger(path: str) -> ScenarioError:
    return ScenarioError([f"{path}: is no ledger of a study; name a file that gridsim study wrote"])


@cache
def software() -> str:
    """Python, libraries and kind of machine of this process."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"Python {platform.python_version()}, {libraries}, {platform.machine()}"


def _locked(path: str) -> sqlite3.Connection:
    """A lock that only one process can hold, and that is gone when the process is, however it ends."""
    try:
        lock = sqlite3.connect(f"{path}.lock", timeout=0, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise ScenarioError([f"{path}: cannot be written: {error}"]) from None
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise ScenarioError([f"{path}: cannot be written: {error}"]) from None
        who = "another process"
        with contextlib.suppress(ScenarioError, sqlite3.Error), Ledger.read(path) as other:
            who = other.writer or who
        raise ScenarioError([f"{path}: is being written to by {who}; wait for it, or stop it"]) from None
    return lock


def _differences(stored: Plan, plan: Plan) -> str:
    """What makes a plan another study, shortly."""
    parts = ("scenarios", "options", "factors", "points", "replications", "seed", "code")
    a, b = stored.to_dict(), plan.to_dict()
    return ", ".join(p for p in parts if a[p] != b[p]) or "contents"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
