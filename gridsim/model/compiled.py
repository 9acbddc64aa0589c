"""The two decorators of compiled code, and a cache that notices edited sources.

``entry`` marks what Python calls, ``rule`` everything else: rules carry no Python wrapper, which makes the
first compilation several times faster. Neither counts references (``_nrt=False``): compiled code writes into tables
that Python made and allocates nothing, which is twice as fast and keeps two threads from fighting over counters. With
``NUMBA_DISABLE_JIT=1`` both leave plain Python functions.

Numba's own cache does not notice an edited helper in another file and answers with the old machine code; the
cache folder is therefore named by a hash of all sources that compiled code can come from.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from platformdirs import user_cache_dir


def _sources_hash() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    package = Path(__file__).parents[1]
    for path in sorted([*package.glob("model/*.py"), *package.glob("scenario/*.py")]):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _cache_folder() -> Path | None:
    wished = os.environ.get("NUMBA_CACHE_DIR")
    roots = (
        [Path(wished)]
        if wished
        else [
            Path(user_cache_dir("gridsim", appauthor=False)),
            Path(tempfile.gettempdir()) / f"gridsim-{os.environ.get('USER', 'cache')}",
        ]
    )
    for root in roots:
        folder = root / "compiled" / SOURCES
        if _writable(folder):
            return folder
    return None


SOURCES = _sources_hash()
FOLDER = _cache_folder()
_DECORATING = threading.Lock()


def entry(function: Callable[..., Any]) -> Any:
    """Compile what Python calls: releases the GIL, cached on disk where a folder is writable."""
    before = numba.config.CACHE_DIR
    try:
        numba.config.CACHE_DIR = str(FOLDER or "")  # only while decorating: other users' caches stay theirs
        return numba.njit(nogil=True, cache=FOLDER is not None, _nrt=False)(function)
    finally:
        numba.config.CACHE_DIR = before


def rule(*signature: str) -> Any:
    """Compile what only compiled code calls; an explicit signature keeps draws from being typed again."""
    return numba.njit(*signature, nogil=True, no_cpython_wrapper=True, no_cfunc_wrapper=True, _nrt=False)


def hook(function: Callable[..., Any], tables: Any, cached: bool = False) -> Any:
    """Compile a function (tables, day) → int that the engine takes as an argument; plain Python without compilation.

    Its type is the same whatever it does (``numba.types.FunctionType``), so that the engine, compiled for one, takes
    every other without being compiled again.
    """
    if numba.config.DISABLE_JIT:
        return function
    with _DECORATING:
        before = numba.config.CACHE_DIR
        try:
            numba.config.CACHE_DIR = str(FOLDER or "")
            signature = numba.int64(numba.typeof(tables), numba.int64)
            return numba.cfunc(signature, nopython=True, cache=cached and FOLDER is not None)(function)
        finally:
            numba.config.CACHE_DIR = before


def is_compiled() -> bool:
    """True when this machine's cache already holds the compiled model, so that the first run starts at once."""
    version = f"py{sys.version_info.major}{sys.version_info.minor}"
    return bool(numba.config.DISABLE_JIT) or (FOLDER is not None and any(FOLDER.rglob(f"day.advance*.{version}.*.nbc")))
