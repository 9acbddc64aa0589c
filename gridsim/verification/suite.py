"""All checks: every module of this package is imported, so that a new one is found without being listed."""

from __future__ import annotations

import contextlib
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
    names: Iterable[str],
    size: Size,
    jobs: int | None = None,
    done: Callable[[str], None] = lambda name: None,
    stopping: Callable[[], None] = lambda: None,
) -> dict[str, list[Finding]]:
    """Run checks over threads (compiled rules release the lock), tell ``done`` after each; in the order asked.

    Interrupted (Ctrl-C), it tells ``stopping``, waits for the checks in progress, begins no other, and returns only
    those that are finished; a second interrupt does not wait.
    """
    asked = list(names)
    found: dict[str, list[Finding]] = {}

    def one(name: str) -> None:
        found[name] = findings(name, size)
        done(name)

    pool = ThreadPoolExecutor(jobs or os.cpu_count() or 1)
    try:
        for future in [pool.submit(one, name) for name in asked]:
            future.result()
    except KeyboardInterrupt:
        with contextlib.suppress(KeyboardInterrupt):
            stopping()
            pool.shutdown(cancel_futures=True)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    return {name: found[name] for name in asked if name in found}
