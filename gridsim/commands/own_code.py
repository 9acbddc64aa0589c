"""A user's own code on the command line: ``--interventions FILE.py:NAME[,NAME]`` and ``--rule FILE.py:NAME``."""

from __future__ import annotations

import argparse
import importlib.util
import inspect
import sys
import traceback
from pathlib import Path
from typing import Any

INTERVENTIONS, RULE = "--interventions", "--rule"


def own_code_options(sub: argparse.ArgumentParser) -> None:
    """The options of every command that simulates with a user's own code."""
    sub.add_argument(
        INTERVENTIONS,
        action="append",
        default=[],
        metavar="FILE.py:A[,B]",
        help="Python objects or classes called at the beginning of a day, in every run",
    )
    sub.add_argument(
        RULE, metavar="FILE.py:NAME", help="function (t, day), compiled and called once a day in every run"
    )


def read_own_code(a: argparse.Namespace) -> dict[str, Any]:
    """The arguments ``interventions`` and ``rule`` of the simulating functions; all that is wrong is said at once."""
    from gridsim.model.own_rule import own_rule
    from gridsim.scenario.scenario import ScenarioError

    errors: list[str] = []
    found: list[Any] = []
    rule = None
    for typed in a.interventions:
        for name, x in _named(INTERVENTIONS, typed, errors):
            try:
                made = x() if inspect.isclass(x) else x
            except TypeError as error:
                errors.append(
                    f"{INTERVENTIONS}: {name}: {error}; make one in the file (x = {x.__name__}(…)) and name that"
                )
                continue
            if callable(made):
                found.append(made)
            else:
                errors.append(
                    f"{INTERVENTIONS}: {name} is not callable; name an object, class or function of (world, day)"
                )
    if a.rule:
        for _, x in _named(RULE, a.rule, errors)[:1]:
            try:
                rule = own_rule(x)
            except ScenarioError as error:
                errors += [f"{RULE}: {line}" for line in error.errors]
        if "," in a.rule.rsplit(":", 1)[-1]:
            errors.append(f"{RULE}: name one rule; it may call others (got {a.rule})")
    if errors:
        raise ScenarioError(errors)
    return {"interventions": tuple(found), "rule": rule}


def own_code_facts(own: dict[str, Any]) -> list[dict[str, str]]:
    """What the manifest tells of it."""
    from gridsim.model.changes import described

    return list(described(**own))


def own_code_typed(a: argparse.Namespace) -> list[str]:
    """The options as they were typed."""
    typed = [w for text in a.interventions for w in (INTERVENTIONS, text)]
    return typed + ([RULE, a.rule] if a.rule else [])


def _named(option: str, typed: str, errors: list[str]) -> list[tuple[str, Any]]:
    """The objects named by ``file.py:A,B``; what cannot be found is added to the errors."""
    from gridsim.scenario.scenario import nearest

    file, _, names = typed.rpartition(":")
    if not file or not names.strip():
        errors.append(f"{option}: write FILE.py:NAME (got {typed!r})")
        return []
    if not Path(file).is_file():
        errors.append(f"{option}: no file {file}")
        return []
    try:
        module = _module(Path(file))
    except Exception as error:
        errors.append(f"{option}: {_told(error, Path(file))}")
        return []
    public = [n for n in vars(module) if not n.startswith("_")]
    out = []
    for name in (n.strip() for n in names.split(",")):
        if hasattr(module, name):
            out.append((name, getattr(module, name)))
        else:
            errors.append(f"{option}: {file}: has no {name!r}{nearest(name, public)}")
    return out


def _told(error: Exception, path: Path) -> str:
    """Where in a file something went wrong, and what."""
    if isinstance(error, SyntaxError):
        return f"{path}, line {error.lineno}: SyntaxError: {error.msg}"
    frames = [
        f.lineno for f in traceback.extract_tb(error.__traceback__) if Path(f.filename).resolve() == path.resolve()
    ]
    line = f", line {frames[-1]}" if frames else ""
    return f"{path}{line}: {type(error).__name__}: {error}"


def _module(path: Path) -> Any:
    """Run a Python file and return it as a module."""
    name = f"gridsim_own_code_{path.resolve().as_posix()}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python file (.py)")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses and copies look their own classes up
    spec.loader.exec_module(module)
    return module
