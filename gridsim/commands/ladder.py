"""``gridsim ladder``: which component of a configuration makes the difference."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

from gridsim.commands.shared import (
    BOTH,
    INTERRUPTED,
    OK,
    Adder,
    announce,
    known_policies,
    print_json,
    records,
    results_folder,
    run_options,
    spoken,
    whole,
)


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("ladder", "Take the difference between two configurations apart, component by component.", _run, BOTH)
    sub.add_argument("scenario", metavar="SCENARIO", help="built-in name, or a .toml file")
    run_options(sub)
    for option, dest, default in (("--from", "first", "management"), ("--to", "second", "good-governance")):
        sub.add_argument(
            option,
            dest=dest,
            default=default,
            metavar="NAME",
            help=f"configuration, policy, stack a+b, or baseline (default {default})",
        )
    sub.add_argument(
        "--replications",
        type=whole("replications", 1, 100_000),
        default=10,
        help="whole histories of the city (default 10)",
    )
    sub.add_argument("--jobs", type=whole("jobs", 1, 1024), help="threads (default: all cores)")
    sub.add_argument("--steps", type=whole("steps", 1, 100), help="also the way in between, in so many steps")
    sub.add_argument("--all", action="store_true", help="take every measure apart, not only the primary ones")


def _run(a: argparse.Namespace) -> int:
    from gridsim.scenario.scenario import load_scenario
    from gridsim.studies.ladder_plan import plan_ladder
    from gridsim.views.labels import say
    from gridsim.views.ladder_page import write_ladder
    from gridsim.views.ladder_words import ladder_report

    known = known_policies(a.policy_file)
    scenario = load_scenario(a.scenario)
    plan_ladder(scenario, a.first, a.second, known, a.seed, a.steps)  # what cannot be is refused before anything runs
    folder = results_folder(a.out, f"{scenario.name}-ladder")
    announce(spoken(a.lang)[0])
    found = _simulate(a, scenario, known)
    files = write_ladder(found, folder, a.lang, command=_command(a))
    if a.json:
        print_json(_as_json(found, folder))
    else:
        print("\n\n".join(ladder_report(found, lang, a.all) for lang in spoken(a.lang)))
        print("\n" + say("written", spoken(a.lang)[0], folder=folder, files=", ".join(files)))
    return INTERRUPTED if found.interrupted else OK


def _simulate(a: argparse.Namespace, scenario: Any, known: Any) -> Any:
    """The ladder under a progress bar, its time told first; on Ctrl-C with what is finished."""
    from tqdm import tqdm

    from gridsim.studies.ladder import ladder
    from gridsim.views.labels import say

    lang = spoken(a.lang)[0]

    def estimated(runs: int, seconds: float, threads: int) -> None:
        told = f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"
        bar.write(say("ladder_estimate", lang, runs=f"{runs:,}", time=told, threads=threads), file=sys.stderr)
        bar.reset(runs)

    def stopping() -> None:
        print("\n" + say("stopping", lang), file=sys.stderr, flush=True)

    with tqdm(total=0, unit=f" {say('progress', lang)}", leave=False, disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.update(done - bar.n)

        return ladder(
            scenario,
            a.first,
            a.second,
            known=known,
            replications=a.replications,
            seed=a.seed,
            days=a.days,
            jobs=a.jobs,
            steps=a.steps,
            estimated=estimated,
            progress=progress,
            stopping=stopping,
        )


def _as_json(found: Any, folder: Path) -> dict[str, Any]:
    data = {
        "folder": str(folder),
        "replications": len(found.finished),
        "asked": found.asked,
        "ladder": records(found.table),
        "outlay": found.outlay,
    }
    return data if found.continuum is None else data | {"continuum": records(found.continuum)}


def _command(a: argparse.Namespace) -> str:
    """What was typed, every option that changes the numbers written out."""
    words = ["gridsim", "ladder", a.scenario, "--from", a.first, "--to", a.second]
    words += [w for file in a.policy_file for w in ("--policy-file", file)]
    words += ["--replications", str(a.replications), "--seed", str(a.seed)]
    words += ["--days", str(a.days)] if a.days else []
    words += ["--steps", str(a.steps)] if a.steps else []
    return shlex.join([*words, "--lang", a.lang])
