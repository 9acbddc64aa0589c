"""``gridsim verify``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from gridsim.commands.shared import FAILED, INTERRUPTED, OK, Adder, announce, print_json, whole


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("verify", "Check the installed version: theory, other simulators, a second implementation, laws.", _run)
    sub.add_argument("--full", action="store_true", help="the long table, with intervals half as wide (some minutes)")
    sub.add_argument("--only", metavar="NAME[,NAME]", help="only these checks")
    sub.add_argument("--list", action="store_true", help="list the checks and run none")
    sub.add_argument("--jobs", type=whole("jobs", 1, 1024), help="threads (default: one a core)")
    sub.add_argument("--out", type=Path, metavar="FILE.md", help="also write the table as a document")


def _run(a: argparse.Namespace) -> int:
    from gridsim.verification.check import CHECKS
    from gridsim.verification.suite import all_checks
    from gridsim.views.labels import say
    from gridsim.views.verification_table import list_of_checks, verification_document, verification_text

    checks = all_checks(a.full or a.list) if a.only is None else _chosen(a.only)
    if a.list:
        if a.json:
            print_json(
                [{k: getattr(c, k) for k in ("name", "title", "kind", "rules", "source", "only_full")} for c in checks]
            )
        else:
            print(list_of_checks(checks, a.lang))
        return OK
    if a.out is not None:
        _check_file(a.out)
    announce(a.lang)
    found = _run_all([c.name for c in checks], a)
    if a.out is not None and len(found) == len(checks):  # a part is no document
        a.out.write_text(verification_document(CHECKS, found, a.full, a.lang), encoding="utf-8")
    if a.json:
        print_json([_plain(CHECKS[name], f) for name, findings in found.items() for f in findings])
    elif found:
        print(verification_text(CHECKS, found, a.lang))
    if len(found) < len(checks):
        print(f"gridsim: {say('verify_interrupted', a.lang, done=len(found), asked=len(checks))}", file=sys.stderr)
        return INTERRUPTED
    return OK if all(f.holds for findings in found.values() for f in findings) else FAILED


def _run_all(names: list[str], a: argparse.Namespace) -> dict[str, list[Any]]:
    """The findings of the checks that were finished, with a bar on a terminal."""
    from tqdm import tqdm

    from gridsim.verification.check import Size
    from gridsim.verification.suite import run_checks
    from gridsim.views.labels import say

    with tqdm(total=len(names), unit="check", leave=False, disable=not sys.stderr.isatty()) as bar:

        def done(name: str) -> None:
            bar.set_postfix_str(name)
            bar.update()

        def stopping() -> None:
            print("\n" + say("stopping_checks", a.lang), file=sys.stderr, flush=True)

        return run_checks(names, Size(a.full), a.jobs, done, stopping)


def _chosen(only: str) -> list[Any]:
    from gridsim.scenario.errors import ScenarioError, nearest
    from gridsim.verification.suite import all_checks

    known = {c.name: c for c in all_checks()}
    names = list(dict.fromkeys(n.strip() for n in only.split(",")))
    if "" in names:
        text = "name at least one check" if names == [""] else f"a name is missing in {only!r}"
        raise ScenarioError([f"--only: {text}; gridsim verify --list"])
    unknown = [
        f"--only: no check {n!r}{nearest(n, list(known)) or '; gridsim verify --list'}" for n in names if n not in known
    ]
    if unknown:
        raise ScenarioError(unknown)
    return [known[n] for n in known if n in names]


def _check_file(path: Path) -> None:
    from gridsim.scenario.errors import ScenarioError

    if path.is_dir() or not path.parent.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        raise ScenarioError([f"--out: cannot write {path}; name a file in a folder that exists"])


def _plain(check: Any, finding: Any) -> dict[str, Any]:
    """A finding as JSON can hold it."""
    values = {k: None if isinstance(v, float) and v != v else v for k, v in vars(finding).items()}
    return {"check": check.name, "kind": check.kind, **values}
