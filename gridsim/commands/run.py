"""``gridsim run``."""

from __future__ import annotations

import argparse

from gridsim.commands.shared import (
    OK,
    Adder,
    announce,
    known_policies,
    print_json,
    records,
    results_folder,
    run_options,
)


def define(add: Adder) -> None:
    """The command and its options."""
    sub = add("run", "Run one scenario once and print its measures.", _run)
    sub.add_argument("scenario", metavar="SCENARIO", help="built-in name, or a .toml file")
    run_options(sub)
    sub.add_argument("--policies", metavar="A+B", default="", help="policies in force (default: none)")
    sub.add_argument("--cases", action="store_true", help="also write cases.csv, a row an incident")


def _run(a: argparse.Namespace) -> int:
    from gridsim.measures import BY_KEY, measure_run
    from gridsim.model.world import World
    from gridsim.scenario.policies import Option, parse_options
    from gridsim.scenario.scenario import load_scenario
    from gridsim.views.labels import aligned, measure_label, number, unit_label, window_label
    from gridsim.views.output import manifest, write_csv, write_json

    known = known_policies(a.policy_file)
    scenario = load_scenario(a.scenario)
    if a.days is not None:
        scenario = scenario.replace({"time.days": a.days}, where="--days")
    option = parse_options([a.policies], known, scenario)[0] if a.policies else Option("baseline", ())
    folder = results_folder(a.out, scenario.name) if a.out or a.cases else None
    announce(a.lang)
    world = World(scenario, seed=a.seed).warm_up().under(option.phases(scenario)).run()
    table = measure_run(world)
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        write_csv(table, folder / "measures.csv")
        write_csv(world.day_frame(), folder / "daily.csv", index=True)
        (folder / "scenario.toml").write_text(scenario.to_toml(), encoding="utf-8")
        write_json(manifest(scenario, seed=a.seed, option=option.name), folder / "manifest.json")
        if a.cases:
            write_csv(world.case_frame(), folder / "cases.csv", index=True)
    if a.json:
        print_json(
            {
                "scenario": scenario.name,
                "hash": scenario.hash,
                "seed": a.seed,
                "option": option.name,
                "measures": records(table),
            }
        )
        return OK
    names = list(dict.fromkeys(table.window))
    print(f"{scenario.name} · {option.name} · seed {a.seed} · {scenario.hash[:10]}\n")
    values = table.pivot(index="measure", columns="window", values="value")
    rows = [["", "", *(window_label(w, a.lang) for w in names)]]
    rows += [
        [
            measure_label(k, a.lang),
            "" if m.unit == "share" else unit_label(m.unit, a.lang),
            *(number(values.loc[k, w], m.unit) for w in names),
        ]
        for k, m in BY_KEY.items()
    ]
    print(aligned(rows, right=tuple(range(2, 2 + len(names)))))
    if folder is not None:
        print(f"\n{folder}")
    return OK
