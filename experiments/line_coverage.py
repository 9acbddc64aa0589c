"""Lines of gridsim that tests reach, file by file; exit code 1 below 95 %.

    pip install ".[dev]" && python experiments/line_coverage.py [--quick]

Compiled functions are not traced. So the rules run as plain Python first (``NUMBA_DISABLE_JIT=1``): the quick subset of
``mutation.py``, and the tiny cities of the regression. Then the whole suite runs compiled, for the rest; ``--quick``
leaves it out, which tells about ``gridsim/model`` only. Settings stand in pyproject.toml under ``[tool.coverage]``.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from mutation import QUICK, ROOT

from gridsim.verification.regression import cities

LEAST = 95  # % of lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="only the rules as plain Python")
    a = parser.parse_args()
    tiny = [name for name in cities() if name != "neighbourhood"]
    pytest = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "addopts=")
    with tempfile.TemporaryDirectory() as work:
        files = {**os.environ, "COVERAGE_FILE": str(Path(work) / "data"), "PYTHONPATH": str(ROOT)}

        def coverage(*command: str, **environment: str) -> int:
            whole = [sys.executable, "-m", "coverage", *command]
            return subprocess.run(whole, cwd=ROOT, env=files | environment).returncode

        codes = [
            coverage("run", *pytest, *QUICK, NUMBA_DISABLE_JIT="1"),
            coverage("run", "-m", "gridsim.verification.regression", *tiny, NUMBA_DISABLE_JIT="1"),
        ]
        if not a.quick:
            codes.append(coverage("run", *pytest))
        coverage("combine", "-q")
        report = coverage("report", f"--fail-under={0 if a.quick else LEAST}")
    return 1 if any([*codes, report]) else 0


if __name__ == "__main__":
    sys.exit(main())
