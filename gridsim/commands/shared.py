"""What several commands share: exit codes, common options, policies and folders."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

OK, FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
RESULTS = Path("gridsim-results")
BOTH = ("en", "zh", "both")  # languages of the commands that write for readers
Adder = Callable[..., argparse.ArgumentParser]  # (name, text, run, languages)


def whole(name: str, least: int, most: int = 2**32 - 1) -> Callable[[str], int]:
    """An argparse type: a whole number in a range."""

    def check(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most} (got {text!r})")
        return value

    check.__name__ = name
    return check


def spoken(lang: str) -> tuple[str, ...]:
    """The languages of ``--lang``; the first is that of messages."""
    return ("en", "zh") if lang == "both" else (lang,)


def seed_option(sub: argparse.ArgumentParser) -> None:
    """The option --seed."""
    sub.add_argument("--seed", type=whole("seed", 0), default=1, help="key of all draws (default 1)")


def policy_file_option(sub: argparse.ArgumentParser) -> None:
    """The option --policy-file."""
    sub.add_argument("--policy-file", action="append", default=[], metavar="FILE", help="TOML file with more policies")


def run_options(sub: argparse.ArgumentParser) -> None:
    """The options of every command that simulates policies."""
    seed_option(sub)
    sub.add_argument("--days", type=whole("days", 1, 36500), help="days measured, instead of the scenario's")
    policy_file_option(sub)
    sub.add_argument(
        "--out", type=Path, metavar="DIR", help=f"folder for the results (default: a new one in {RESULTS}/)"
    )


def known_policies(files: list[str]) -> dict[str, Any]:
    """Built-in policies and those of the files, by name."""
    from gridsim.scenario.policies import builtin_policies, configuration_errors, read_policies
    from gridsim.scenario.scenario import ScenarioError

    known = builtin_policies()
    errors: list[str] = []
    for name in files:
        try:
            more = read_policies(Path(name))
            errors += [
                f"{name}: {p}: is the name of another policy already; choose your own" for p in more if p in known
            ]
            known |= more
        except ScenarioError as error:
            errors += error.errors
    if not errors:  # components may stand in another file
        errors = [line for p in known.values() for line in configuration_errors(p, known)]
    if errors:
        raise ScenarioError(errors)
    return known


def results_folder(wished: Path | None, name: str) -> Path:
    """The folder for results, checked before anything runs."""
    from gridsim.scenario.scenario import ScenarioError
    from gridsim.views.output import check_writable, fresh_folder

    folder = wished or fresh_folder(RESULTS, name)
    try:
        check_writable(folder)
    except OSError as error:
        raise ScenarioError([f"--out: cannot write to {folder}: {error.strerror}; name another folder"]) from None
    return folder


def announce(lang: str) -> None:
    """Say that the model must first be compiled, if so, and compile it: no bar is to stand still for it."""
    from gridsim.model.compiled import is_compiled
    from gridsim.studies.trial import compile_once
    from gridsim.views.labels import say

    if not is_compiled():
        print(say("compiling", lang), file=sys.stderr, flush=True)
        compile_once()


def short(value: Any) -> str:
    """A value as one word or two."""
    data = value.model_dump() if hasattr(value, "model_dump") else value
    if isinstance(data, dict):
        inside = ", ".join(f"{k} {v:g}" for k, v in data.items() if k != "distribution")
        return f"{data.get('distribution', '')} ({inside})"
    return f"{data:g}" if isinstance(data, float) else str(data)


def records(table: Any) -> list[dict[str, Any]]:
    """Rows of a table as JSON can hold them."""
    return [
        {k: (None if isinstance(v, float) and math.isnan(v) else v) for k, v in row.items()}
        for row in table.to_dict(orient="records")
    ]


def print_json(data: Any) -> None:
    """Print JSON, Chinese readable."""
    print(json.dumps(data, ensure_ascii=False, indent=2))
