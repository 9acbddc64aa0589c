"""``gridsim run``."""

from __future__ import annotations

import argparse
from typing import Any

from gridsim.commands.own_code import own_code_facts, own_code_options, read_own_code
from gridsim.commands.shared import (
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
    sub = add("run", "Run one scenario, print its measures, and hold it against its patterns.", _run)
    sub.add_argument("scenario", metavar="SCENARIO", help="built-in name, or a .toml file")
    run_options(sub)
    own_code_options(sub)
    sub.add_argument("--seeds", type=whole("seeds", 1, 10_000), default=1, help="how many seeds, from --seed on")
    sub.add_argument("--policies", metavar="A+B", default="", help="policies in force (default: none)")
    sub.add_argument("--cases", action="store_true", help="also write cases.csv, a row an incident of the first seed")


def _run(a: argparse.Namespace) -> int:
    import pandas as pd

    from gridsim.measures import check_patterns, held_against, whole_first_window
    from gridsim.scenario.policies import Option, parse_options
    from gridsim.scenario.scenario import load_scenario
    from gridsim.views.labels import say
    from gridsim.views.pattern_table import pattern_report

    own = read_own_code(a)
    known = known_policies(a.policy_file)
    scenario = load_scenario(a.scenario)
    check_patterns(scenario)
    if a.days is not None:
        scenario = scenario.replace({"time.days": a.days}, where="--days")
    option = parse_options([a.policies], known, scenario)[0] if a.policies else Option("baseline", ())
    folder = results_folder(a.out, scenario.name) if a.out or a.cases else None
    announce(a.lang)
    runs, first = _simulate(scenario, option, range(a.seed, a.seed + a.seeds), own)
    table = pd.concat([_measure_frame(m, s) for s, m in runs.items()], ignore_index=True)
    changed = option.policies or own["interventions"] or own["rule"]
    asked = bool(scenario.patterns) and not changed  # patterns are of the baseline
    held = held_against(scenario, list(runs.values())) if asked and whole_first_window(scenario) else None
    if folder is not None:
        _write(folder, scenario, option, table, held, first, a, own)
    if a.json:
        found: dict[str, Any] = {"scenario": scenario.name, "hash": scenario.hash, "seed": a.seed, "seeds": a.seeds}
        patterns = None if held is None else records(held)
        shown = table if a.seeds > 1 else table.drop(columns="seed")
        print_json(found | {"option": option.name, "measures": records(shown), "patterns": patterns})
        return OK
    print(f"{scenario.name} · {option.name} · seed {a.seed} · {scenario.hash[:10]}\n")
    print(_measure_table(table, a.lang))
    if a.seeds > 1:
        print("\n" + say("seeds", a.lang, n=a.seeds, first=a.seed, last=a.seed + a.seeds - 1))
    if held is not None:
        print("\n" + pattern_report(held, scenario, a.lang))
    elif asked:
        print("\n" + say("patterns_too_short", a.lang, days=scenario.time.window_days))
    if folder is not None:
        print(f"\n{folder}")
    return OK


def _simulate(scenario: Any, option: Any, seeds: range, own: dict[str, Any]) -> tuple[dict[int, Any], Any]:
    """Measures by window of every seed, and the world of the first."""
    import os
    from concurrent.futures import ThreadPoolExecutor

    from gridsim.measures import measure_windows
    from gridsim.model.city import City
    from gridsim.model.world import World

    city, phases = City(scenario), option.phases(scenario)

    def one(seed: int) -> tuple[Any, Any]:
        world = World(scenario, city, seed).with_interventions(own["interventions"]).with_rule(own["rule"])
        world = world.warm_up().under(phases).run()
        return measure_windows(world), world if seed == seeds.start else None

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        done = list(pool.map(one, seeds))
    return dict(zip(seeds, (m for m, _ in done), strict=True)), done[0][1]


def _measure_frame(measures: Any, seed: int) -> Any:
    import pandas as pd

    from gridsim.measures import BY_KEY, window_name

    rows = [(window_name(w), k, BY_KEY[k].unit, v, seed) for w, values in measures.items() for k, v in values.items()]
    return pd.DataFrame(rows, columns=["window", "measure", "unit", "value", "seed"])


def _measure_table(table: Any, lang: str) -> str:
    from gridsim.measures import BY_KEY
    from gridsim.views.labels import aligned, measure_label, number, unit_label, window_label

    names = list(dict.fromkeys(table.window))
    several = table.seed.nunique() > 1
    groups = {key: g.value for key, g in table.groupby(["measure", "window"])}

    def cell(k: str, w: str, unit: str) -> str:
        v = groups[k, w]
        mean = number(v.mean(skipna=False), unit)
        return f"{mean}  [{number(v.min(), unit)}, {number(v.max(), unit)}]" if several else mean

    rows = [["", "", *(window_label(w, lang) for w in names)]]
    rows += [
        [
            measure_label(k, lang),
            "" if m.unit == "share" else unit_label(m.unit, lang),
            *(cell(k, w, m.unit) for w in names),
        ]
        for k, m in BY_KEY.items()
    ]
    return aligned(rows, right=tuple(range(2, 2 + len(names))))


def _write(
    folder: Any,
    scenario: Any,
    option: Any,
    table: Any,
    held: Any,
    world: Any,
    a: argparse.Namespace,
    own: dict[str, Any],
) -> None:
    from gridsim.views.output import manifest, write_csv, write_json

    folder.mkdir(parents=True, exist_ok=True)
    write_csv(table if a.seeds > 1 else table.drop(columns="seed"), folder / "measures.csv")
    if held is not None:
        write_csv(held, folder / "patterns.csv")
    write_csv(world.day_frame(), folder / "daily.csv", index=True)
    (folder / "scenario.toml").write_text(scenario.to_toml(), encoding="utf-8")
    facts = {"seed": a.seed, "seeds": a.seeds, "option": option.name, "own_code": own_code_facts(own)}
    write_json(manifest(scenario, **facts), folder / "manifest.json")
    if a.cases:
        write_csv(world.case_frame(), folder / "cases.csv", index=True)
