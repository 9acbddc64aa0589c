"""``gridsim trace``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from gridsim.commands.own_code import own_code_facts, own_code_options, read_own_code
from gridsim.commands.shared import (
    OK,
    Adder,
    announce,
    known_policies,
    print_json,
    results_folder,
    run_options,
    whole,
)


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("trace", "Follow the same case into two worlds, step by step.", _run)
    sub.add_argument("scenario", metavar="SCENARIO", help="built-in name, or a .toml file")
    run_options(sub)
    own_code_options(sub)
    sub.add_argument(
        "--policies", metavar="A[,B]", default="raise-linkage", help="one policy (held against today) or two"
    )
    sub.add_argument("--replicate", type=whole("replicate", 0), default=0, help="replication of the seed (default 0)")
    which = sub.add_mutually_exclusive_group()
    which.add_argument("--case", type=whole("case", 0, 2**31 - 1), metavar="ID", help="case_id, as in cases.csv")
    which.add_argument(
        "--most-changed",
        nargs="?",
        choices=["sooner", "later"],
        const="sooner",
        help="the case with the most days saved (sooner, default) or lost (later)",
    )


def _run(a: argparse.Namespace) -> int:
    from gridsim.scenario.scenario import load_scenario
    from gridsim.studies.trace import trace
    from gridsim.views.story import told

    own = read_own_code(a)
    known = known_policies(a.policy_file)
    scenario = load_scenario(a.scenario)
    folder = results_folder(a.out, f"{scenario.name}-trace") if a.out else None
    announce(a.lang)
    found = trace(
        scenario,
        a.policies,
        case=a.case,
        most_changed=a.most_changed or "sooner",
        seed=a.seed,
        replicate=a.replicate,
        days=a.days,
        known=known,
        **own,
    )
    if folder is not None:
        _write(found, folder, a.lang, own)
    if a.json:
        print_json({"scenario": scenario.name, "hash": found.scenario.hash} | found.to_dict())
        return OK
    print(told(found, a.lang))
    if folder is not None:
        print(f"\n{folder}")
    return OK


def _write(found: Any, folder: Path, lang: str, own: dict[str, Any]) -> None:
    """trace.json, the steps of both worlds as a table, the figure, scenario and manifest."""
    import pandas as pd

    from gridsim.views.figures import save, style
    from gridsim.views.output import manifest, write_csv, write_json
    from gridsim.views.story import story_figure

    folder.mkdir(parents=True, exist_ok=True)
    write_json(found.to_dict(), folder / "trace.json")
    steps = [t.steps.assign(policy=t.name) for t in found.tellings]
    write_csv(pd.concat(steps)[["policy", *steps[0].columns[:-1]]], folder / "trace.csv")
    (folder / "scenario.toml").write_text(found.scenario.to_toml(), encoding="utf-8")
    facts = {"seed": found.seed, "replicate": found.replicate, "own_code": own_code_facts(own)}
    write_json(manifest(found.scenario, **facts), folder / "manifest.json")
    with style():
        save(story_figure(found, lang), folder / "trace.png")
