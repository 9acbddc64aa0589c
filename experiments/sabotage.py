"""Break the engine on purpose and see that every check of ``gridsim verify`` fails.

    python experiments/sabotage.py            # some minutes; exit 1 if a check holds that should not

Each act of sabotage is a few lines changed in a copy of the package, compiled, and verified by the checks that should
notice. Together the acts name every check; ``experiments/mutation.py`` breaks rule lines one at a time.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from gridsim.verification import suite
from gridsim.verification.check import CHECKS

ROOT = Path(__file__).resolve().parents[1]


class Act(NamedTuple):
    """Lines changed, (file, old text, new text), and the checks that should fail for it."""

    name: str
    changes: tuple[tuple[str, str, str], ...]
    noticed_by: tuple[str, ...]


ACTS = (
    Act(
        "services a fifth longer, lapse quicker, fewer whistles answered, files closed half a deadline early",
        (
            ("model/departments.py", "total = duration(t, DEPARTMENT,", "total = 1.2 * duration(t, DEPARTMENT,"),
            ("model/gridworkers.py", "hours = duration(t, SERVICE, case,", "hours = 1.2 * duration(t, SERVICE, case,"),
            ("model/cases.py", "row.lapse_rate = category.lapse_rate", "row.lapse_rate = 1.2 * category.lapse_rate"),
            ("model/platform.py", "1 if answer < rho else 0", "1 if answer < 0.9 * rho else 0"),
            ("model/cases.py", "left = t.category[case.category].deadline", "left = 0.5 * t.category[case.category].deadline"),
        ),
        (
            *("linked", "one-by-one", "linked-share", "clocks", "clocks-off", "jackson", "referral", "reopening"),
            *("pooling", "erlang-c", "erlang-c-grid", "pollaczek-khinchine", "little", "overload", "patience"),
            *("simulators", "second-mind", "regression", "former"),
        ),
    ),
    Act(
        "nothing is urgent, resolutions not counted, case-days overstated, more teams slower",
        (
            ("model/cases.py", "return p.rules_escalation == 1 and severity(", "return p.rules_escalation == 9 and severity("),
            ("model/cases.py", "    tally.resolved += 1\n", "    tally.resolved += 0\n"),
            ("model/cases.py", "tally.open * (now - tally.open_since)", "1.01 * tally.open * (now - tally.open_since)"),
            ("model/departments.py", "        held /= p.team_strength\n", "        held *= 0.5 + 0.5 * d.teams / p.team_strength\n"),
        ),
        ("priorities", "promises", "littles-law", "monotone"),
    ),
    Act(
        "draws: a wrong multiplier, no place in the key, a wrong gamma",
        (
            ("model/draws.py", "np.uint64(0xD2511F53)", "np.uint64(0xD2511F55)"),
            ("model/draws.py", "        np.uint64(place),\n", "        np.uint64(place * 0),\n"),
            ("model/draws.py", "d = boosted - 1.0 / 3.0", "d = boosted - 0.2"),
        ),
        ("philox", "uniformity", "independence", "distributions", "people"),
    ),
    Act(
        "luck that hangs on a lever and on Python's hash, and copies that share their people",
        (
            ("model/draws.py", "uniforms(p.seed, p.replicate, stream, case.place", "uniforms(p.seed + int(1e6 * p.linkage_rate), p.replicate, stream, case.place"),
            ("model/cases.py", "uniforms(p.seed, p.replicate, ARRIVAL, i, ordinal, 0)", "uniforms(p.seed + int(1e6 * p.linkage_rate + 1e6 * p.patrol_detection), p.replicate, ARRIVAL, i, ordinal, 0)"),
            ("model/world.py", 'SHARED = ("category",', 'SHARED = ("trust", "category",'),
            ("model/world.py", "        self.seed, self.replicate = seed, replicate\n", '        self.seed, self.replicate = seed + hash("luck") % 7, replicate\n'),
        ),
        ("pairing", "common-luck", "one-course", "order"),
    ),
    Act(
        "measures: the restricted mean cut off, Theil doubled, intervals too narrow",
        (
            ("measures/survival.py", "cut = np.minimum(times, horizon)", "cut = np.minimum(times, 0.7 * horizon)"),
            ("measures/equity.py", "float(weights @ xlogy(r, r)) / total", "2 * float(weights @ xlogy(r, r)) / total"),
            ("studies/paired.py", "error = float(d.std(ddof=1)) / len(d) ** 0.5", "error = 0.5 * float(d.std(ddof=1)) / len(d) ** 0.5"),
        ),
        ("survival", "equity", "intervals", "recount", "verdicts"),
    ),
)  # fmt: skip


def sabotaged(act: Act, folder: Path) -> Path:
    """A copy of package and scenarios with the act's lines changed; each old text must stand there exactly once."""
    for name in ("gridsim", "scenarios"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file, old, new in act.changes:
        path = folder / "gridsim" / file
        text = path.read_text(encoding="utf-8")
        if text.count(old) != 1:
            sys.exit(f"{file}: {old!r} is there {text.count(old)} times, not once")
        path.write_text(text.replace(old, new), encoding="utf-8")
    return folder


def told(act: Act) -> dict[str, list[str]]:
    """What does not hold any more, by check."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as work:
        folder = sabotaged(act, Path(work))
        environment = {**os.environ, "PYTHONPATH": str(folder), "NUMBA_CACHE_DIR": str(folder / "cache")}
        command = [sys.executable, "-m", "gridsim", "verify", "--json", "--only", ",".join(act.noticed_by)]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    if done.returncode not in (0, 1):
        sys.exit(f"{act.name}: gridsim verify ended with {done.returncode}: {done.stderr[-500:]}")
    out: dict[str, list[str]] = {name: [] for name in act.noticed_by}
    for finding in json.loads(done.stdout[done.stdout.index("[") :]):
        if not finding["holds"]:
            out[finding["check"]].append(finding["quantity"])
    return out


def main() -> int:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    suite.all_checks(full=True)
    missing = set(CHECKS) - {name for act in ACTS for name in act.noticed_by}
    blind = [f"no act for {name}" for name in sorted(missing)]
    for act in ACTS:
        print(f"{act.name}:", flush=True)
        for name, lines in told(act).items():
            print(f"  {name:<20} {f'{len(lines)} do not hold, first: {lines[0]}' if lines else 'HOLDS'}", flush=True)
            blind += [] if lines else [f"{name} holds"]
    print("Every check was seen to fail." if not blind else "; ".join(blind))
    return 1 if blind else 0


if __name__ == "__main__":
    sys.exit(main())
