"""The rules as text: what the sources say of themselves, in the order of a day.

Nothing is written here twice: module texts, docstrings and the strings below tables and constants are read from the
sources; only columns and values come from the imported modules.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gridsim.model import draws, settings

# Modules in order, each with the functions that are told beside the compiled ones.
CHAPTERS: dict[str, tuple[str, ...]] = {
    "model.day": (),
    "model.agenda": (),
    "model.draws": (),
    "model.cases": (),
    "model.residents": (),
    "model.society": (),
    "model.security": (),
    "model.gridworkers": (),
    "model.careers": ("begin_careers",),
    "model.experts": ("roster", "_areas", "_seats"),
    "model.departments": (),
    "model.platform": (),
    "model.queues": (),
    "model.settings": (
        "settings_record",
        "expert_hours",
        "team_strength",
        "duration_table",
        "category_table",
        "threshold_levels",
        "success",
        "first_gain",
        "outreach_effect",
        "needs_after_exhaustion",
        "mean_departments",
    ),
    "scenario.hours": (
        "full_time_posts",
        "hours_given",
        "has_roster",
        "training_taken_over",
        "teaching_hours",
        "hours_for_the_public",
        "year_of_hours",
    ),
    "scenario.costs": ("roster_size",),
    "model.city": (),
    "model.staffing": ("put_into_force",),
    "model.story": (),
    "model.world": ("World.enforce", "World._stock_law"),
}
IDS = re.compile(r"(R\d+(?:, R\d+)*)\. ")


class Rule(NamedTuple):
    """A function: ``kind`` is entry or rule (compiled) or function; ``ids`` are the rules that it is part of."""

    name: str
    kind: str
    signature: str
    ids: tuple[str, ...]
    text: str


class Note(NamedTuple):
    """The text below a table or constant, with the columns of the one (name and type) and the values of the other."""

    names: tuple[str, ...]
    columns: dict[str, str]
    values: dict[str, Any]
    text: str


class Chapter(NamedTuple):
    """A module."""

    module: str
    text: str
    notes: tuple[Note, ...]
    rules: tuple[Rule, ...]


class Key(NamedTuple):
    """A row of the key table (``draws.KEYS``) with the number of its stream."""

    stream: str
    number: int
    entity: str
    attempt: str
    words: str
    rules: str
    function: str


def rulebook() -> list[Chapter]:
    """All chapters, in the order of a day."""
    return [_chapter(module, told) for module, told in CHAPTERS.items()]


def keys() -> list[Key]:
    """Every keyed draw of the model."""
    rows = (line.split(" | ") for line in draws.KEYS.strip().splitlines())
    return [Key(stream, stream_number(stream), *rest) for stream, *rest in rows]


def stream_number(name: str) -> int:
    """Number of a stream, or of the stream of a duration."""
    return int(getattr(draws, name)) if hasattr(draws, name) else draws.DURATION + int(getattr(settings, name))


def rule_ids() -> list[str]:
    """Ids of all rules that have a function, R1 first."""
    found = {i for chapter in rulebook() for rule in chapter.rules for i in rule.ids}
    return sorted(found, key=lambda i: int(i[1:]))


def functions(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions and methods of a module with their names; a method's has its class before it."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from ((f"{node.name}.{m.name}", m) for m in node.body if isinstance(m, ast.FunctionDef))


def source(module: str) -> ast.Module:
    """The parsed source of a module of this package, such as ``model.day``."""
    path = Path(__file__).parents[1].joinpath(*module.split(".")).with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


def _chapter(module: str, told: tuple[str, ...]) -> Chapter:
    tree = source(module)
    rules = [_rule(name, f) for name, f in functions(tree) if _kind(f) != "function" or name in told]
    return Chapter(module, ast.get_docstring(tree) or "", tuple(_notes(module, tree)), tuple(rules))


def _kind(f: ast.FunctionDef) -> str:
    marks = {ast.unparse(d).split("(")[0] for d in f.decorator_list}
    return next((kind for kind in ("entry", "rule") if kind in marks), "function")


def _rule(name: str, f: ast.FunctionDef) -> Rule:
    text = ast.get_docstring(f) or ""
    led = IDS.match(text + " ")
    return Rule(name, _kind(f), f"{name}({ast.unparse(f.args)})", tuple(led[1].split(", ")) if led else (), text)


def _notes(module: str, tree: ast.Module) -> Iterator[Note]:
    """Assignments with a string below them."""
    live = importlib.import_module(f"gridsim.{module}")
    for node, below in zip(tree.body, tree.body[1:], strict=False):
        if not isinstance(node, ast.Assign | ast.AnnAssign) or not isinstance(below, ast.Expr):
            continue
        if isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = tuple(n.id for t in targets for n in ast.walk(t) if isinstance(n, ast.Name))
            found = {name: getattr(live, name) for name in names}
            tables = [v for v in found.values() if isinstance(v, np.dtype)]
            columns = {c: _type(t[c]) for t in tables for c in t.names or ()}
            values = {k: v for k, v in found.items() if not isinstance(v, np.dtype | str)}
            yield Note(names, columns, values, _unindented(below.value.value))


def _type(column: np.dtype) -> str:
    return column.base.str[1:] + (f" × {column.shape[0]}" if column.shape else "")


def _unindented(text: str) -> str:
    return "\n".join(line.strip() if not line.startswith("  ") else line.rstrip() for line in text.strip().splitlines())
