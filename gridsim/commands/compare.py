"""``gridsim compare``."""

from __future__ import annotations

import argparse
import sys

from gridsim.commands.shared import (
    INTERRUPTED,
    OK,
    Adder,
    announce,
    known_policies,
    print_json,
    records,
    results_folder,
    run_options,
    whole,
)


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("compare", "Compare policies with today, on the same cases.", _run)
    sub.add_argument("scenario", metavar="SCENARIO", help="built-in name, or a .toml file")
    run_options(sub)
    sub.add_argument(
        "--policies", metavar="A,B+C", help="options, comma between, + to stack (default: each alone, and all)"
    )
    sub.add_argument(
        "--replications",
        type=whole("replications", 1, 100_000),
        default=20,
        help="whole histories of the city (default 20)",
    )
    sub.add_argument("--jobs", type=whole("jobs", 1, 1024), help="threads (default: all cores)")


def _run(a: argparse.Namespace) -> int:
    from tqdm import tqdm

    from gridsim.scenario.policies import parse_options
    from gridsim.scenario.scenario import load_scenario
    from gridsim.studies.comparison import compare
    from gridsim.views import words
    from gridsim.views.labels import say
    from gridsim.views.output import write_comparison

    known = known_policies(a.policy_file)
    scenario = load_scenario(a.scenario)
    options = [o.name for o in parse_options(a.policies, known, scenario)]
    folder = results_folder(a.out, scenario.name)
    announce(a.lang)

    def stopping() -> None:
        print("\n" + say("stopping", a.lang), file=sys.stderr, flush=True)

    with tqdm(total=a.replications * (len(options) + 1), unit=f" {say('progress', a.lang)}", leave=False) as bar:

        def progress(done: int, total: int) -> None:
            bar.update(done - bar.n)

        result = compare(
            scenario,
            options,
            replications=a.replications,
            seed=a.seed,
            days=a.days,
            jobs=a.jobs,
            known=known,
            progress=progress,
            stopping=stopping,
        )
    files = write_comparison(result, folder, a.lang)
    if a.json:
        print_json(
            {
                "folder": str(folder),
                "replications": len(result.finished),
                "asked": result.asked,
                "comparison": records(result.table),
            }
        )
    else:
        print(words.report(result, a.lang))
        print("\n" + say("written", a.lang, folder=folder, files=", ".join(files)))
    return INTERRUPTED if result.interrupted else OK
