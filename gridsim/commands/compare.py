"""``gridsim compare``: at one baseline, or at several."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

from gridsim.commands.own_code import own_code_options, own_code_typed, read_own_code
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
    own_code_options(sub)
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
    sub.add_argument("--elements", action="store_true", help="print the card of the ten elements of good governance")
    sub.add_argument("--vary", action="store_true", help="draw every open parameter from its range, anew each time")
    sub.add_argument("--only", metavar="A,B.C", help="with --vary: only these sections or parameters")
    sub.add_argument(
        "--equal-cost",
        nargs="?",
        const="dearest",
        metavar="YUAN|POLICY",
        help="scale policies to one outlay a year: yuan, that of a policy, or (alone) the dearest's",
    )


def _run(a: argparse.Namespace) -> int:
    from gridsim.model.city import City
    from gridsim.scenario.policies import parse_options
    from gridsim.scenario.scenario import ScenarioError
    from gridsim.studies import equal_cost
    from gridsim.studies.baselines import Baselines, baseline_table, load_baselines
    from gridsim.studies.vary import varied_keys

    if a.only and not a.vary:
        raise ScenarioError(["--only: says what --vary draws; give --vary too"])
    until = _until(a)
    if a.equal_cost is not None and len(a.scenarios) > 1:
        raise ScenarioError(["--equal-cost: scales policies to one city's budget; give one scenario at a time"])
    varied_keys(a.only)  # what cannot be drawn is refused before anything runs
    a.own = read_own_code(a)
    known = known_policies(a.policy_file)
    scenarios = load_baselines(a.scenarios, a.policies, known)
    options = parse_options(a.policies, known, scenarios[0])
    made = None
    if a.equal_cost is not None:
        made = equal_cost.plan(options, scenarios[0], City(scenarios[0]), a.equal_cost, known)
        options = made.options
    folder = results_folder(a.out, "-and-".join(s.name for s in scenarios))
    announce(spoken(a.lang)[0])
    done = _simulate(a, scenarios, options, known, until)
    if len(scenarios) == 1:
        _tell_one(equal_cost.judged(done[0], made) if made else done[0], folder, a)
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


def _simulate(a: argparse.Namespace, scenarios: list[Any], options: list[Any], known: Any, until: Any) -> list[Any]:
    """One comparison a baseline, under one progress bar; on Ctrl-C those that are finished."""
    from tqdm import tqdm

    from gridsim.studies.baselines import compare_baselines
    from gridsim.views.labels import say

    lang = spoken(a.lang)[0]

    def stopping() -> None:
        print("\n" + say("stopping", lang), file=sys.stderr, flush=True)

    each = a.replications * (len(options) + 1)
    before = -each
    hidden = not sys.stderr.isatty()
    with tqdm(total=each * len(scenarios), unit=f" {say('progress', lang)}", leave=False, disable=hidden) as bar:

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
            **a.own,
        )
    return list(result.comparisons)


def _as_json(c: Any, folder: Path) -> dict[str, Any]:
    from gridsim.studies.elements import card

    found = {
        "folder": str(folder),
        "replications": len(c.finished),
        "asked": c.asked,
        "comparison": records(c.table),
        "groups": records(c.groups),
        "costs": records(c.costs),
        "ranking": records(c.ranking),
        "elements": records(card(c)),
    }
    more = {"draws": c.draws, "equal_cost": c.equal_cost, "dominance": c.dominance}
    return found | {name: records(table) for name, table in more.items() if table is not None}


def _tell_one(c: Any, folder: Path, a: argparse.Namespace) -> None:
    from gridsim.studies.trace import telling_case
    from gridsim.views import elements, equal_cost, words
    from gridsim.views.labels import say
    from gridsim.views.output import write_comparison

    files = write_comparison(c, folder, a.lang, command=_command(a), story=telling_case(c, **a.own))
    if a.json:
        print_json(_as_json(c, folder))
        return
    for lang in spoken(a.lang):
        print(words.report(c, lang, a.all) + "\n")
        if c.equal_cost is not None:
            print(equal_cost.report(c, lang) + "\n")
        if a.elements:
            print(elements.report(c, lang) + "\n")
    print(say("written", spoken(a.lang)[0], folder=folder, files=", ".join(files)))


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
            story=telling_case(c, **a.own),
        )
    write_csv(b.table, folder / "baselines.csv")
    pages = write_several(folder, a.lang)
    if a.json:
        each = {c.scenario.name: _as_json(c, folders[c.scenario.name]) for c in b.comparisons}
        print_json({"folder": str(folder), "baselines": records(b.table), "comparisons": each})
        return
    for lang in spoken(a.lang):
        _print_several(b, lang, a.all, a.elements)
    files = ", ".join(["baselines.csv", *pages, *(f"{name}/" for name in folders)])
    print("\n" + say("written", spoken(a.lang)[0], folder=folder, files=files))


def _print_several(b: Any, lang: str, everything: bool, card: bool) -> None:
    from gridsim.views import elements, words
    from gridsim.views.baseline_table import baselines_report
    from gridsim.views.labels import say

    print(baselines_report(b, lang))
    if len(b.comparisons) <= IN_FULL:
        for c in b.comparisons:
            heading = say("at_baseline", lang, name=c.scenario.name)
            print(f"\n=== {heading} ===\n\n{words.report(c, lang, everything)}")
    if card:
        for c in b.comparisons:
            print(f"\n=== {say('at_baseline', lang, name=c.scenario.name)} ===\n\n{elements.report(c, lang)}")


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
    words += ["--equal-cost", a.equal_cost] if a.equal_cost is not None else []
    return shlex.join([*words, *own_code_typed(a), "--lang", a.lang])
