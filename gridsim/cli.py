"""The command ``gridsim``: compare, run, and look things up.

Exit codes: 0 done, 2 wrong input (one clear line for each thing wrong), 130 interrupted (what is finished is kept).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NoReturn

OK, WRONG_INPUT, INTERRUPTED = 0, 2, 130
RESULTS = Path("gridsim-results")
MOST_ERRORS = 20  # lines printed of a table with many


class _Parser(argparse.ArgumentParser):
    """One line an error, with the nearest right name, and exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line and exit."""
        from gridsim.scenario.scenario import nearest

        if "invalid choice: '" in message:
            word = message.split("invalid choice: '")[1].split("'")[0]
            choices = [c.strip(" '") for c in message.split("choose from ")[1].rstrip(")").split(",")]
            message = f"no command or choice {word!r}{nearest(word, choices) or '.'} Allowed are {', '.join(choices)}"
        elif message.startswith("unrecognized arguments: "):
            word = message.removeprefix("unrecognized arguments: ").split()[0]
            known = [o for a in self._actions for o in a.option_strings]
            message = f"unknown {'option' if word.startswith('-') else 'argument'} {word}{nearest(word, known)}"
        self.exit(WRONG_INPUT, f"{self.prog}: {message}\n")

    def command(self, name: str) -> argparse.ArgumentParser:
        """The parser of one command."""
        return next(a.choices[name] for a in self._actions if isinstance(a, argparse._SubParsersAction))


def _whole(name: str, least: int, most: int = 2**32 - 1) -> Callable[[str], int]:
    def check(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {most} (got {text!r})")
        return value

    check.__name__ = name
    return check


def build_parser() -> _Parser:
    """The command line as an argparse parser."""
    import gridsim

    parser = _Parser(
        prog="gridsim",
        description="Simulate urban grid governance (网格治理): the same case under every policy.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"gridsim {gridsim.__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND", parser_class=_Parser)

    def command(name: str, text: str, run: Callable[[argparse.Namespace], int]) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
        sub.set_defaults(run=run)
        sub.add_argument("--lang", choices=["en", "zh"], default="en", help="language (语言)")
        sub.add_argument("--json", action="store_true", help="print JSON instead of text")
        return sub

    def common(sub: argparse.ArgumentParser) -> None:
        sub.add_argument("scenario", metavar="SCENARIO", help="built-in name, or a .toml file")
        sub.add_argument("--seed", type=_whole("seed", 0), default=1, help="key of all draws (default 1)")
        sub.add_argument("--days", type=_whole("days", 1, 36500), help="days measured, instead of the scenario's")
        sub.add_argument(
            "--policy-file", action="append", default=[], metavar="FILE", help="TOML file with more policies"
        )
        sub.add_argument(
            "--out", type=Path, metavar="DIR", help=f"folder for the results (default: a new one in {RESULTS}/)"
        )

    sub = command("compare", "Compare policies with today, on the same cases.", _compare)
    common(sub)
    sub.add_argument(
        "--policies", metavar="A,B+C", help="options, comma between, + to stack (default: each alone, and all)"
    )
    sub.add_argument(
        "--replications",
        type=_whole("replications", 1, 100_000),
        default=20,
        help="whole histories of the city (default 20)",
    )
    sub.add_argument("--jobs", type=_whole("jobs", 1, 1024), help="threads (default: all cores)")
    sub.add_argument("--all", action="store_true", help="print every measure, not only the main ones")

    sub = command("run", "Run one scenario once and print its measures.", _run)
    common(sub)
    sub.add_argument("--policies", metavar="A+B", default="", help="policies in force (default: none)")
    sub.add_argument("--cases", action="store_true", help="also write cases.csv, a row an incident")

    sub = command("new", "Make a scenario of your own city from CSV tables.", _new)
    sub.add_argument("name", nargs="?", metavar="NAME", help="writes NAME.toml and NAME-grids.csv")
    sub.add_argument("--grids", type=Path, metavar="FILE", help="CSV table of grids (see the README for its columns)")
    sub.add_argument(
        "--departments", type=Path, metavar="FILE", help="CSV table of teams (default: sized by arithmetic)"
    )
    sub.add_argument(
        "--from", dest="base", default="_categories", metavar="SCENARIO", help="says all else (default: the registry)"
    )
    sub.add_argument("--out", type=Path, default=Path(), metavar="FOLDER", help="folder of the files (default: here)")
    sub.add_argument("--sample", type=Path, metavar="FOLDER", help="only copy sample tables there, to start from")

    sub = command("scenarios", "List the scenarios; show one resolved; or show how two differ.", _scenarios)
    sub.add_argument("names", nargs="*", metavar="SCENARIO", help="none: list; one: show it; two: differences")

    sub = command("policies", "Explain the policies: what they change, from what to what, at what cost.", _policies)
    sub.add_argument(
        "--scenario", default="neighbourhood", metavar="SCENARIO", help="scenario whose values are patched"
    )
    sub.add_argument("--policy-file", action="append", default=[], metavar="FILE", help="TOML file with more policies")

    sub = command("parameters", "List every parameter with unit, range, source and evidence grade.", _parameters)
    sub.add_argument("section", nargs="?", metavar="SECTION", help="only this section, such as linkage")

    sub = command("costs", "List the unit costs with source and evidence grade.", _costs)
    sub.add_argument("scenario", nargs="?", default="neighbourhood", metavar="SCENARIO", help="whose prices to list")

    command("measures", "Explain the measures: unit, direction, definition.", _measures)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    from gridsim.scenario.scenario import ScenarioError

    lang = "en"
    try:
        parser = build_parser()
        arguments, extra = parser.parse_known_args(argv)
        if extra:  # let the command itself say which of its options was meant
            parser.command(arguments.command).error(f"unrecognized arguments: {' '.join(extra)}")
        lang = arguments.lang
        return int(arguments.run(arguments))
    except ScenarioError as error:
        _complain(error.errors, lang)
        return WRONG_INPUT
    except KeyboardInterrupt:
        from gridsim.views.labels import say

        print(f"gridsim: {say('nothing_kept', lang)}", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of a pipe has gone, as in `gridsim parameters | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return OK


def _complain(errors: list[str], lang: str) -> None:
    from gridsim.views.labels import say

    for line in errors[:MOST_ERRORS]:
        print(f"gridsim: {line}", file=sys.stderr)
    if len(errors) > MOST_ERRORS:
        print(f"gridsim: {say('more_errors', lang, n=len(errors) - MOST_ERRORS)}", file=sys.stderr)


def _known_policies(files: list[str]) -> dict[str, Any]:
    from gridsim.scenario.policies import builtin_policies, read_policies
    from gridsim.scenario.scenario import ScenarioError

    known = builtin_policies()
    errors: list[str] = []
    for name in files:
        try:
            more = read_policies(Path(name))
            errors += [
                f"{name}: {p}: is the name of another policy already; choose your own" for p in more if p in known
            ]
            known |= more
        except ScenarioError as error:
            errors += error.errors
    if errors:
        raise ScenarioError(errors)
    return known


def _results_folder(wished: Path | None, name: str) -> Path:
    from gridsim.scenario.scenario import ScenarioError
    from gridsim.views.output import check_writable, fresh_folder

    folder = wished or fresh_folder(RESULTS, name)
    try:
        check_writable(folder)
    except OSError as error:
        raise ScenarioError([f"--out: cannot write to {folder}: {error.strerror}; name another folder"]) from None
    return folder


def _announce(lang: str) -> None:
    from gridsim.model.compiled import is_compiled
    from gridsim.views.labels import say

    if not is_compiled():
        print(say("compiling", lang), file=sys.stderr, flush=True)


def _compare(a: argparse.Namespace) -> int:
    from tqdm import tqdm

    from gridsim.scenario.policies import parse_options
    from gridsim.scenario.scenario import load_scenario
    from gridsim.studies.comparison import compare
    from gridsim.views import words
    from gridsim.views.labels import say
    from gridsim.views.output import write_comparison

    known = _known_policies(a.policy_file)
    scenario = load_scenario(a.scenario)
    options = [o.name for o in parse_options(a.policies, known, scenario)]
    folder = _results_folder(a.out, scenario.name)
    _announce(a.lang)

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
        print(
            json.dumps(
                {
                    "folder": str(folder),
                    "replications": len(result.finished),
                    "asked": result.asked,
                    "comparison": _records(result.table),
                    "groups": _records(result.groups),
                    "costs": _records(result.costs),
                },
                ensure_ascii=False,
                indent=2,
            )
        )
    else:
        print(words.report(result, a.lang, a.all))
        print("\n" + say("written", a.lang, folder=folder, files=", ".join(files)))
    return INTERRUPTED if result.interrupted else OK


def _run(a: argparse.Namespace) -> int:
    from gridsim.measures import BY_KEY, measure_run
    from gridsim.model.world import World
    from gridsim.scenario.policies import Option, parse_options
    from gridsim.scenario.scenario import load_scenario
    from gridsim.views.labels import aligned, measure_label, number, unit_label, window_label
    from gridsim.views.output import manifest, write_csv, write_json

    known = _known_policies(a.policy_file)
    scenario = load_scenario(a.scenario)
    if a.days is not None:
        scenario = scenario.replace({"time.days": a.days}, where="--days")
    option = parse_options([a.policies], known, scenario)[0] if a.policies else Option("baseline", ())
    folder = _results_folder(a.out, scenario.name) if a.out or a.cases else None
    _announce(a.lang)
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
        print(
            json.dumps(
                {
                    "scenario": scenario.name,
                    "hash": scenario.hash,
                    "seed": a.seed,
                    "option": option.name,
                    "measures": _records(table),
                },
                ensure_ascii=False,
                indent=2,
            )
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


def _new(a: argparse.Namespace) -> int:
    from gridsim.scenario.scenario import ScenarioError
    from gridsim.studies.own_city import own_city
    from gridsim.views.labels import say
    from gridsim.views.own_city import city_files, city_json, city_text, copy_sample, write_city

    if a.sample is not None:
        files = copy_sample(a.sample)
        if a.json:
            print(json.dumps({"files": [str(f) for f in files]}, ensure_ascii=False, indent=2))
        else:
            shown = ", ".join(map(str, files))
            print(say("new_sample", a.lang, files=shown, grids=files[0], departments=files[1]))
        return OK
    needed = {"NAME": a.name, "--grids": a.grids}
    missing = [what for what, given in needed.items() if given is None]
    if missing:
        raise ScenarioError(
            [f"new: {' and '.join(missing)} needed; gridsim new --sample FOLDER gives tables to start from"]
        )
    target = city_files(a.name.removesuffix(".toml"), a.out)
    city = own_city(
        target[0].name.removesuffix(".toml"), a.grids, a.departments, a.base, a.out, lambda: _announce(a.lang)
    )
    write_city(city, target)
    if a.json:
        print(json.dumps(city_json(city, target, a.lang), ensure_ascii=False, indent=2))
    else:
        print(city_text(city, target, a.lang))
    return OK


def _scenarios(a: argparse.Namespace) -> int:
    from gridsim.scenario.scenario import ScenarioError, builtin_scenarios, load_scenario
    from gridsim.views.labels import aligned

    if len(a.names) > 2:
        raise ScenarioError([f"scenarios: at most two names, to compare them (got {len(a.names)})"])
    found = [load_scenario(n) for n in a.names or builtin_scenarios()]
    if len(a.names) == 2:
        difference = found[0].diff(found[1])
        if a.json:
            print(json.dumps(difference, ensure_ascii=False, indent=2))
        elif difference:
            print(
                aligned(
                    [
                        ["", found[0].name, found[1].name],
                        *([k, _brief(x), _brief(y)] for k, (x, y) in difference.items()),
                    ]
                )
            )
        else:
            print("no difference")
    elif len(a.names) == 1:
        print(json.dumps(found[0].to_dict(), ensure_ascii=False, indent=2) if a.json else found[0].to_toml(), end="")
    elif a.json:
        print(
            json.dumps(
                [{"name": s.name, "title": s.title, "chinese": s.chinese, "hash": s.hash} for s in found],
                ensure_ascii=False,
                indent=2,
            )
        )
    else:
        print("\n\n".join(f"{s.name}  {s.title}  {s.chinese}\n    {s.description}\n    {s.source}" for s in found))
    return OK


def _policies(a: argparse.Namespace) -> int:
    from gridsim.scenario.costs import unknown_units
    from gridsim.scenario.parameters import REGISTRY
    from gridsim.scenario.scenario import ScenarioError, load_scenario
    from gridsim.views.labels import aligned
    from gridsim.views.price_list import cost_line

    known = _known_policies(a.policy_file)
    scenario = load_scenario(a.scenario)
    unpriced = [line for p in known.values() for line in unknown_units(p, scenario.costs)]
    if unpriced:
        raise ScenarioError(unpriced)
    if a.json:
        print(json.dumps([p.model_dump(mode="json") for p in known.values()], ensure_ascii=False, indent=2))
        return OK
    for p in known.values():
        print(
            f"{p.name}  {p.title}  {p.chinese}\n    {p.text}\n    Source: {p.source or 'not stated'}. "
            f"Starts on day {p.starts}."
        )
        rows = [
            [
                f"    {k}",
                REGISTRY[k].chinese,
                _short(scenario.get(k)),
                "→",
                _short(v),
                REGISTRY[k].unit,
                f"[{REGISTRY[k].grade}]",
            ]
            for k, v in p.set.items()
        ]
        if rows:
            print(aligned(rows))
        for c in p.cost:
            print(f"    Cost: {cost_line(c, scenario)}")
        print()
    print("Grades: S the paper, D arithmetic, A published, B press, C weak, X assumed.")
    return OK


def _costs(a: argparse.Namespace) -> int:
    from gridsim.scenario.scenario import load_scenario
    from gridsim.views.price_list import price_list

    scenario = load_scenario(a.scenario)
    if a.json:
        print(json.dumps({k: r.model_dump() for k, r in scenario.costs.items()}, ensure_ascii=False, indent=2))
    else:
        print(price_list(scenario, a.lang))
    return OK


def _brief(value: Any) -> str:
    """A value on one line: a column of a table of grids is only counted."""
    if not isinstance(value, list):
        return str(value)
    return f"[{value[0]}, … {len(value):,}]" if value else "[]"


def _short(value: Any) -> str:
    data = value.model_dump() if hasattr(value, "model_dump") else value
    if isinstance(data, dict):
        inside = ", ".join(f"{k} {v:g}" for k, v in data.items() if k != "distribution")
        return f"{data.get('distribution', '')} ({inside})"
    return f"{data:g}" if isinstance(data, float) else str(data)


def _parameters(a: argparse.Namespace) -> int:
    from gridsim.scenario.parameters import PARAMETERS
    from gridsim.scenario.scenario import SECTIONS, ScenarioError, nearest
    from gridsim.views.labels import aligned

    if a.section and a.section not in SECTIONS:
        raise ScenarioError(
            [
                f"parameters: no section {a.section!r}{nearest(a.section, SECTIONS) or '.'} "
                f"Sections are {', '.join(SECTIONS)}"
            ]
        )
    chosen = [p for p in PARAMETERS if a.section in (None, p.section)]
    if a.json:
        print(
            json.dumps(
                [
                    {
                        "key": p.key,
                        "chinese": p.chinese,
                        "unit": p.unit,
                        "text": p.text,
                        "source": p.source,
                        "grade": p.grade,
                        "default": p.default.model_dump() if hasattr(p.default, "model_dump") else p.default,
                        "low": p.low,
                        "high": p.high,
                        "minimum": p.minimum,
                        "maximum": p.maximum,
                        "lever": p.lever,
                    }
                    for p in chosen
                ],
                ensure_ascii=False,
                indent=2,
            )
        )
        return OK
    rows = [["parameter", "术语", "default", "unit", "range", "grade", "lever", "meaning", "source"]]
    rows += [
        [
            p.key,
            p.chinese,
            _short(p.default),
            p.unit,
            "" if p.low is None else f"{p.low:g}–{p.high:g}",
            p.grade,
            "yes" if p.lever else "",
            p.text,
            p.source,
        ]
        for p in chosen
    ]
    print(aligned(rows))
    return OK


def _measures(a: argparse.Namespace) -> int:
    from gridsim.measures import MEASURES
    from gridsim.views.labels import unit_label

    if a.json:
        print(json.dumps([asdict(m) for m in MEASURES], ensure_ascii=False, indent=2))
        return OK
    for m in MEASURES:
        name, other = (m.chinese, m.english) if a.lang == "zh" else (m.english, m.chinese)
        better = {"lower": "↓", "higher": "↑", None: ""}[m.better]
        print(f"{'* ' if m.primary else ''}{name} ({other}) [{unit_label(m.unit, a.lang)}] {better}")
        print(f"    {m.key}: {m.text}")
    return OK


def _records(table: Any) -> list[dict[str, Any]]:
    return [
        {k: (None if isinstance(v, float) and math.isnan(v) else v) for k, v in row.items()}
        for row in table.to_dict(orient="records")
    ]


if __name__ == "__main__":
    sys.exit(main())
