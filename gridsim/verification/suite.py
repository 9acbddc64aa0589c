"""All checks: every module of this package is imported, so that a new one is found without being listed."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import gridsim.verification as package
from gridsim.verification.check import CHECKS, KINDS, Check, Finding, Size, findings

for module in pkgutil.iter_modules(package.__path__):
    importlib.import_module(f"{package.__name__}.{module.name}")


def all_checks(full: bool = True) -> list[Check]:
    """The checks by kind, those of the long table only if asked."""
    chosen = [c for c in CHECKS.values() if full or not c.only_full]
    return sorted(chosen, key=lambda c: KINDS.index(c.kind))


def run_checks(
    names: Iterable[str], size: Size, jobs: int | None = None, done: Callable[[str], None] = lambda name: None
) -> dict[str, list[Finding]]:
    """Run checks over threads (compiled rules release the lock), tell ``done`` after each; in the order asked."""
    asked = list(names)

    def one(name: str) -> list[Finding]:
        found = findings(name, size)
        done(name)
        return found

    pool = ThreadPoolExecutor(jobs or os.cpu_count() or 1)
    try:
        return dict(zip(asked, pool.map(one, asked), strict=True))
    finally:
        pool.shutdown(cancel_futures=True)  # an interrupt does not wait for those not begun
