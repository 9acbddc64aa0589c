"""``gridsim fit``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from gridsim.commands.shared import FAILED, OK, Adder, announce, print_json, records, whole


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("fit", "Fit the open parameters of a baseline to its patterns, without any policy.", _run)
    sub.add_argument("scenario", metavar="SCENARIO", help="built-in name, or a .toml file")
    sub.add_argument("--seed", type=whole("seed", 0), default=2021, help="key of all draws (default 2021)")
    sub.add_argument("--replications", type=whole("replications", 1, 1000), default=4, help="a round (default 4)")
    sub.add_argument("--rounds", type=whole("rounds", 1, 1000), default=30, help="most rounds (default 30)")
    sub.add_argument("--jobs", type=whole("jobs", 1, 1024), help="threads (default: all cores)")
    where = sub.add_mutually_exclusive_group()
    where.add_argument("--out", type=Path, metavar="FILE", help="file to write (default: SCENARIO-fitted.toml here)")
    where.add_argument("--in-place", action="store_true", help="put the values into the scenario's own file")


def _run(a: argparse.Namespace) -> int:
    from gridsim.scenario.rewrite import rewrite_fit, scenario_path, write_variant
    from gridsim.scenario.scenario import ScenarioError, builtin_folder, builtin_scenarios, load_scenario
    from gridsim.studies.fit import check_fittable, fit
    from gridsim.views.labels import say
    from gridsim.views.pattern_table import pattern_report, round_line

    scenario = load_scenario(a.scenario)
    check_fittable(scenario)
    if a.in_place and a.scenario in builtin_scenarios() and builtin_folder().name == "builtin":
        lines = [f"--in-place: {a.scenario} lies inside the installed package; name a file with --out, or use a clone"]
        raise ScenarioError(lines)
    path = scenario_path(a.scenario) if a.in_place else _free_path(a.out, scenario.name)
    announce(a.lang)

    def told(round_: Any) -> None:
        print(round_line(round_, a.lang), file=sys.stderr if a.json else sys.stdout, flush=True)

    result = fit(scenario, replications=a.replications, seed=a.seed, most_rounds=a.rounds, jobs=a.jobs, told=told)
    if result.reached and a.in_place:
        rewrite_fit(path, result.scenario)
    elif result.reached:
        write_variant(result.scenario, path, a.scenario)
    if a.json:
        found = {"reached": result.reached, "rounds": len(result.rounds), "parameters": result.best.parameters}
        status = None if result.scenario.fit is None or not result.reached else result.scenario.fit.model_dump()
        print_json(
            found
            | {"at_bound": list(result.at_bound), "patterns": records(result.patterns), "fit": status}
            | {"file": str(path) if result.reached else None}
        )
        return OK if result.reached else FAILED
    print("\n" + pattern_report(result.patterns, result.scenario, a.lang) + "\n")
    if result.at_bound:
        print(say("fit_bound", a.lang, keys=", ".join(result.at_bound)))
    if not result.reached:
        print(say("fit_failed", a.lang, pattern=result.best.worst, rounds=len(result.rounds)))
        return FAILED
    print(say("fit_written", a.lang, file=path, rounds=len(result.rounds)))
    return OK


def _free_path(wished: Path | None, name: str) -> Path:
    """Where to write, checked before anything runs: no file is overwritten that was not named."""
    from gridsim.scenario.scenario import ScenarioError
    from gridsim.views.output import check_writable

    path = wished or Path(f"{name}-fitted.toml")
    if path.suffix != ".toml":
        raise ScenarioError([f"--out: {path}: a scenario file's name ends in .toml"])
    if wished is None and path.exists():
        raise ScenarioError([f"{path}: exists already; name another file with --out, or use --in-place"])
    try:
        check_writable(path.parent)
    except OSError as error:
        raise ScenarioError([f"--out: cannot write to {path.parent}: {error.strerror}; name another"]) from None
    return path
