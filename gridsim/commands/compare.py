"""``gridsim compare``: at one baseline, or at several."""

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

IN_FULL = 2  # baselines beyond which their own reports are only written, not printed


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("compare", "Compare policies with today, on the same cases.", _run, BOTH)
    sub.add_argument(
        "scenarios", nargs="+", metavar="SCENARIO", help="built-in name, or a .toml file; several are several baselines"
    )
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
    sub.add_argument(
        "--until-precision",
        metavar="0.05",
        help="go on until every main difference is known to this share of itself, or to what matters (matters)",
    )
    sub.add_argument(
        "--most",
        type=whole("most", 1, 100_000),
        default=400,
        help="with --until-precision: replications at which it ends in any case (default 400)",
    )
    sub.add_argument("--jobs", type=whole("jobs", 1, 1024), help="threads (default: all cores)")
    sub.add_argument("--all", action="store_true", help="print every measure, not only the main ones")
    sub.add_argument("--vary", action="store_true", help="draw every open parameter from its range, anew each time")
    sub.add_argument("--only", metavar="A,B.C", help="with --vary: only these sections or parameters")


def _run(a: argparse.Namespace) -> int:
    from gridsim.scenario.policies import parse_options
    from gridsim.scenario.scenario import ScenarioError
    from gridsim.studies.baselines import Baselines, baseline_table, load_baselines
    from gridsim.studies.vary import varied_keys

    if a.only and not a.vary:
        raise ScenarioError(["--only: says what --vary draws; give --vary too"])
    until = _until(a)
    varied_keys(a.only)  # what cannot be drawn is refused before anything runs
    known = known_policies(a.policy_file)
    scenarios = load_baselines(a.scenarios, a.policies, known)
    options = [o.name for o in parse_options(a.policies, known, scenarios[0])]
    folder = results_folder(a.out, "-and-".join(s.name for s in scenarios))
    announce(spoken(a.lang)[0])
    done = _simulate(a, scenarios, options, known, until)
    if len(scenarios) == 1:
        _tell_one(done[0], folder, a)
        return INTERRUPTED if done[0].interrupted else OK
    result = Baselines(tuple(done), baseline_table(done))
    _tell_several(result, folder, a)
    return INTERRUPTED if result.interrupted or len(done) < len(scenarios) else OK


def _until(a: argparse.Namespace) -> Any:
    """The precision that is wished for, if any."""
    from gridsim.scenario.scenario import ScenarioError
    from gridsim.studies.precision import Precision

    if a.until_precision is None:
        return None
    if a.most < a.replications:
        raise ScenarioError([f"--most: is less than --replications ({a.most} and {a.replications})"])
    return Precision.read(a.until_precision, a.most)


def _simulate(a: argparse.Namespace, scenarios: list[Any], options: list[str], known: Any, until: Any) -> list[Any]:
    """One comparison a baseline, under one progress bar; on Ctrl-C those that are finished."""
    from tqdm import tqdm

    from gridsim.studies.baselines import compare_baselines
    from gridsim.views.labels import say

    lang = spoken(a.lang)[0]

    def stopping() -> None:
        print("\n" + say("stopping", lang), file=sys.stderr, flush=True)

    each = a.replications * (len(options) + 1)
    before = -each
    with tqdm(total=each * len(scenarios), unit=f" {say('progress', lang)}", leave=False) as bar:

        def begun(_: Any) -> None:
            nonlocal before
            before += each

        def progress(done: int, total: int) -> None:
            bar.total = max(bar.total, before + total)  # further looks
            bar.update(before + done - bar.n)

        result = compare_baselines(
            scenarios,
            options,
            known=known,
            begun=begun,
            replications=a.replications,
            seed=a.seed,
            days=a.days,
            jobs=a.jobs,
            vary=(a.only or True) if a.vary else False,
            until=until,
            progress=progress,
            stopping=stopping,
        )
    return list(result.comparisons)


def _as_json(c: Any, folder: Path) -> dict[str, Any]:
    found = {
        "folder": str(folder),
        "replications": len(c.finished),
        "asked": c.asked,
        "comparison": records(c.table),
        "groups": records(c.groups),
        "costs": records(c.costs),
        "ranking": records(c.ranking),
    }
    return found if c.draws is None else found | {"draws": records(c.draws)}


def _tell_one(c: Any, folder: Path, a: argparse.Namespace) -> None:
    from gridsim.studies.trace import telling_case
    from gridsim.views import words
    from gridsim.views.labels import say
    from gridsim.views.output import write_comparison

    files = write_comparison(c, folder, a.lang, command=_command(a), story=telling_case(c))
    if a.json:
        print_json(_as_json(c, folder))
        return
    print("\n\n".join(words.report(c, lang, a.all) for lang in spoken(a.lang)))
    print("\n" + say("written", spoken(a.lang)[0], folder=folder, files=", ".join(files)))


def _tell_several(b: Any, folder: Path, a: argparse.Namespace) -> None:
    from gridsim.studies.trace import telling_case
    from gridsim.views.labels import say
    from gridsim.views.output import write_comparison, write_csv
    from gridsim.views.report import write_several

    folders = {c.scenario.name: folder / c.scenario.name for c in b.comparisons}
    for c in b.comparisons:
        write_comparison(
            c,
            folders[c.scenario.name],
            a.lang,
            command=_command(a),
            baselines=b.table,
            story=telling_case(c),
        )
    write_csv(b.table, folder / "baselines.csv")
    pages = write_several(folder, a.lang)
    if a.json:
        each = {c.scenario.name: _as_json(c, folders[c.scenario.name]) for c in b.comparisons}
        print_json({"folder": str(folder), "baselines": records(b.table), "comparisons": each})
        return
    for lang in spoken(a.lang):
        _print_several(b, lang, a.all)
    files = ", ".join(["baselines.csv", *pages, *(f"{name}/" for name in folders)])
    print("\n" + say("written", spoken(a.lang)[0], folder=folder, files=files))


def _print_several(b: Any, lang: str, everything: bool) -> None:
    from gridsim.views import words
    from gridsim.views.baseline_table import baselines_report
    from gridsim.views.labels import say

    print(baselines_report(b, lang))
    if len(b.comparisons) <= IN_FULL:
        for c in b.comparisons:
            heading = say("at_baseline", lang, name=c.scenario.name)
            print(f"\n=== {heading} ===\n\n{words.report(c, lang, everything)}")


def _command(a: argparse.Namespace) -> str:
    """What was typed, every option that changes the numbers written out."""
    words = ["gridsim", "compare", *a.scenarios]
    words += ["--policies", a.policies] if a.policies else []
    words += [w for file in a.policy_file for w in ("--policy-file", file)]
    words += ["--replications", str(a.replications), "--seed", str(a.seed)]
    words += ["--until-precision", a.until_precision, "--most", str(a.most)] if a.until_precision else []
    words += ["--days", str(a.days)] if a.days else []
    words += ["--vary"] if a.vary else []
    words += ["--only", a.only] if a.only else []
    return shlex.join([*words, "--lang", a.lang])
