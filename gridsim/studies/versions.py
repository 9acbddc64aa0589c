"""Which code made a result: hashes of sources, in which comments and docstrings do not count."""

from __future__ import annotations

import ast
import hashlib
import io
import tokenize
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import gridsim
from gridsim.model import city as city_module

NO_RULES = (
    "__init__.py",
    "agents.py",
    "changes.py",
    "compiled.py",
    "interventions.py",
    "model.py",
    "own_rule.py",
    "rulebook.py",
    "story.py",
)  # shown and told, not ruled
SHOWN = ("__init__.py", "agents.py", "model.py", "rulebook.py")  # no run's numbers come from them
COUNTED = ("scenario", "model", "measures")  # what a run's numbers come from
RUN = ("studies/point.py", "studies/trial.py")  # how a study makes a run of a scenario


def engine_hash() -> str:
    """Hash of the files that hold rules of the model, the same on every machine; what is only text does not count."""
    return _hash_of(Path(city_module.__file__).parent, without=NO_RULES)


@cache
def results_hash() -> str:
    """Hash of all that a run's numbers come from: parameters, rules, measures, runs. Those of two are never mixed."""
    package = Path(gridsim.__file__).parent
    return _hash_of(*(package / layer for layer in COUNTED), without=SHOWN, more=[package / name for name in RUN])


def source_hash(source: str) -> str:
    """Hash of a source as it is run."""
    return hashlib.sha256("\n".join(code_lines(source)).encode()).hexdigest()[:16]


def _hash_of(*folders: Path, without: tuple[str, ...], more: Sequence[Path] = ()) -> str:
    digest = hashlib.sha256()
    for path in (*(p for folder in folders for p in sorted(folder.glob("*.py"))), *more):
        if path.name not in without:
            digest.update(path.name.encode() + "\n".join(code_lines(path.read_text(encoding="utf-8"))).encode())
    return digest.hexdigest()[:16]


def code_lines(source: str) -> list[str]:
    """The lines of a module without docstrings, comments and blanks."""
    lines = source.splitlines()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
            before = lines[first].encode()[: node.col_offset].strip()
            after = lines[last].encode()[node.end_col_offset :].split(b"#")[0]
            if not before and not after.strip(b" ;"):  # a line that holds code too stays whole
                lines[first : last + 1] = [""] * (last + 1 - first)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    return [line.rstrip() for line in lines if line.strip()]
