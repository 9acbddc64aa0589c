"""Parts of the site that are made from the code when it is built, so that none can be stale.

A page says where a part stands: ``<!-- made: parameters -->``. Every public function below is such a part, by its name
with hyphens; words after it are its arguments.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import gridsim
from gridsim.cli import build_parser
from gridsim.commands.shared import short
from gridsim.measures import MEASURES
from gridsim.model.rulebook import Note, keys, rule_ids, rulebook
from gridsim.scenario.parameters import PARAMETERS
from gridsim.views.labels import unit_label
from gridsim.views.price_list import cost_line

ROOT = Path(__file__).resolve().parents[2]  # of the clone: README.md, CHANGELOG.md and experiments/ are read too
MARK = re.compile(r"^<!-- made: ([a-z-]+)(.*?) -->$", re.M)
CODE = re.compile(r"(``.+?``)", re.S)
ARROWS = {"lower": "lower", "higher": "higher", None: "not judged"}


def fill(markdown: str) -> str:
    """A page with every mark replaced by the part that it names."""
    return MARK.sub(lambda m: PARTS[m[1]](*m[2].split()), markdown)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; bars within cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(map(_cell, row)) + " |" for row in lines)


def _cell(text: str) -> str:
    return str(text).replace("|", "\\|").replace("\n", " ")


def plain(text: str) -> str:
    """Text of a docstring as Markdown: ``code`` as code, and nothing else taken for a mark."""
    parts = CODE.split(text)
    return "".join(
        f"`{part[2:-2]}`" if part.startswith("``") else re.sub(r"([*_<>\[\]|])", r"\\\1", part) for part in parts
    )


def version() -> str:
    """The version that the site tells of."""
    return f"gridsim {gridsim.__version__}"


def parameters(level: str = "2") -> str:
    """Every parameter of the registry, a table a section, under headings of a level."""
    sections = dict.fromkeys(p.section for p in PARAMETERS)
    return "\n\n".join(f"{'#' * int(level)} {s}\n\n{section(s)}" for s in sections)


def section(name: str) -> str:
    """The parameters of one section."""
    head = ["key", "default", "range", "grade", "meaning", "source"]
    return table(head, [_parameter(p) for p in PARAMETERS if p.section == name])


def _parameter(p: Any) -> list[str]:
    spread = "" if p.low is None else f"{p.low:g}–{p.high:g}"
    chosen = f" One of {', '.join(p.choices)}." if p.choices else ""
    return [
        f"`{p.key}` {p.chinese}" + (" **lever**" if p.lever else ""),
        f"{plain(short(p.default))} {p.unit}",
        spread,
        p.grade,
        plain(p.text + chosen),
        plain(p.source),
    ]


def switches() -> str:
    """The switches of the rules."""
    rows = [[f"`{p.key}`", p.chinese, plain(p.text)] for p in PARAMETERS if p.section == "rules"]
    return table(["switch", "术语", "rule"], rows)


def evidence() -> str:
    """The parameters whose default is not our assumption."""
    rows = [[f"`{p.key}` {p.chinese}", p.grade, plain(p.source)] for p in PARAMETERS if p.grade in "SDAB"]
    return table(["parameter", "grade", "source"], rows)


def grades() -> str:
    """How many parameters have each evidence grade."""
    counted = {g: sum(p.grade == g for p in PARAMETERS) for g in "SDABCX"}
    return table(["grade", "parameters"], [[g, str(n)] for g, n in counted.items()])


def measures() -> str:
    """Every measure with its definition."""
    rows = [
        [f"`{m.key}`", f"{m.english} {m.chinese}", unit_label(m.unit, "en"), ARROWS[m.better], plain(m.text)]
        for m in sorted(MEASURES, key=lambda m: not m.primary)
    ]
    return table(["key", "measure", "unit", "better", "definition"], rows)


def policies() -> str:
    """Every built-in policy and configuration: what it sets, from what to what, and its cost."""
    scenario = gridsim.load_scenario("neighbourhood")
    return "\n\n".join(_policy(p, scenario) for p in gridsim.builtin_policies().values())


def _policy(p: Any, scenario: Any) -> str:
    told = [f"## {p.name}\n\n**{p.title}** {p.chinese}. {plain(p.text)}"]
    told += [f"Source: {plain(p.source or 'not stated')}."]
    if p.set:
        rows = [[f"`{k}`", plain(short(scenario.get(k))), plain(short(v))] for k, v in p.set.items()]
        told += [table(["lever", "neighbourhood today", "under the policy"], rows)]
    if p.components:
        told += [table(["dimension", "component"], [[d, f"[{c}](#{c})"] for d, c in p.components.items()])]
    if p.cost:
        told += ["\n".join(f"- Cost: {plain(cost_line(c, scenario))}" for c in p.cost)]
    return "\n\n".join(told)


def costs() -> str:
    """The unit costs of the neighbourhood."""
    rows = [
        [f"`{name}`", f"{c.yuan:,.0f}", c.grade, plain(c.source)]
        for name, c in gridsim.load_scenario("neighbourhood").costs.items()
    ]
    return table(["unit cost", "yuan", "grade", "source"], rows)


def scenarios() -> str:
    """The built-in scenarios."""
    found = [gridsim.load_scenario(name) for name in gridsim.builtin_scenarios()]
    rows = [[f"`{s.name}`", f"{s.title} {s.chinese}", plain(s.description), plain(s.source)] for s in found]
    return table(["name", "title", "description", "source"], rows)


def patterns(name: str) -> str:
    """The patterns of a scenario, and what each is worth."""
    head = ["pattern", "measure", "target", "band", "role", "by", "grade", "source"]
    return table(head, [_pattern(p) for p in gridsim.load_scenario(name).patterns.values()])


def _pattern(p: Any) -> list[str]:
    target, half = f"{p.target:,.10g}", f"±{p.half_width:,.4g}"
    by = f"`{p.by}`" if p.by else ""
    return [p.chinese, f"`{p.measure}`", target, half, p.role, by, p.grade, plain(p.source)]


def rules() -> str:
    """The whole rulebook, a chapter a module."""
    return "\n\n".join(_chapter(c) for c in rulebook())


def _chapter(chapter: Any) -> str:
    parts = [f"## gridsim.{chapter.module}", _prose(chapter.text)]
    parts += [_note(n) for n in chapter.notes]
    for r in chapter.rules:
        ids = f" ({', '.join(r.ids)})" if r.ids else ""
        parts.append(f"### {plain(r.name)}{ids}\n\n`{r.signature}` – {r.kind}\n\n{_prose(r.text)}")
    return "\n\n".join(parts)


def _note(note: Note) -> str:
    if note.columns:
        shown = ", ".join(f"`{name}` {kind}" for name, kind in note.columns.items())
    else:
        shown = ", ".join(f"`{k}` = {plain(repr(v))}" for k, v in note.values.items())
    named = ", ".join(f"`{n}`" for n in note.names)
    return f"**{named}**" + (f": {shown}" if shown else "") + f"\n\n{_prose(note.text)}"


def _prose(text: str) -> str:
    """Text of a docstring: numpydoc's underlined words are no headings, numbers of a list are no lists of their own."""
    text = re.sub(r"^(\w+)\n-+$", r"\1:\n", plain(text), flags=re.M)
    return re.sub(r"^- (\d+)\. ", r"- \1\\. ", text, flags=re.M)


def draws() -> str:
    """The key table: every keyed draw."""
    rows = [
        [f"`{k.stream}`", str(k.number), *map(plain, (k.entity, k.attempt, k.words, k.rules, k.function))]
        for k in keys()
    ]
    return table(["stream", "no.", "entity", "attempt", "words", "rules", "function"], rows)


def rule(wanted: str) -> str:
    """The functions that one rule is made of, each with its first sentence."""
    rows = [
        [f"`{chapter.module}.{r.name}`", plain(_first(r.text))]
        for chapter in rulebook()
        for r in chapter.rules
        if wanted in r.ids
    ]
    return table([f"{wanted} in the code", "what it does"], rows)


def _first(text: str) -> str:
    told = re.sub(r"^(R\d+(?:, R\d+)*)\. ", "", text).split("\n\n")[0]
    return " ".join(told.split())


def rule_count() -> str:
    """How many rules there are."""
    ids = rule_ids()
    return f"{len(ids)} rules, {ids[0]} to {ids[-1]}"


def columns(name: str) -> str:
    """The columns of a record table, as its own text tells them."""
    note = next(n for c in rulebook() for n in c.notes if name in n.names)
    return _note(note)


def commands() -> str:
    """Every command with its arguments and options, from argparse."""
    sub = next(a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return "\n\n".join(_command(name, parser) for name, parser in sub.choices.items())


def _command(name: str, parser: argparse.ArgumentParser) -> str:
    usage = " ".join(parser.format_usage().removeprefix("usage: ").split())
    rows = [
        [f"`{_flag(a)}`", plain((a.help or "") % _told(a, parser))]
        for a in parser._actions
        if a.help != argparse.SUPPRESS and not isinstance(a, argparse._HelpAction)
    ]
    text = plain(parser.description or "")
    return f"## gridsim {name}\n\n{text}\n\n```text\n{usage}\n```\n\n{table(['argument', 'meaning'], rows)}"


def _told(action: argparse.Action, parser: argparse.ArgumentParser) -> dict[str, Any]:
    return {**vars(action), "prog": parser.prog}


def _flag(action: argparse.Action) -> str:
    if not action.option_strings:
        return str(action.metavar or action.dest)
    shown = action.metavar or (f"{{{','.join(map(str, action.choices))}}}" if action.choices else action.dest.upper())
    value = "" if action.nargs == 0 else f" {shown if isinstance(shown, str) else ' '.join(shown)}"
    return ", ".join(action.option_strings) + value


def python() -> str:
    """The public names, for mkdocstrings."""
    return "\n\n".join(f"::: gridsim.{name}" for name in gridsim.__all__)


def verification() -> str:
    """The long table that ``gridsim verify --full`` wrote, without its title."""
    return (ROOT / "experiments" / "verification.md").read_text(encoding="utf-8").split("\n", 1)[1].strip()


def answers() -> str:
    """What the studies of the project said, without its title and its links into folders that the site has not."""
    text = (ROOT / "experiments" / "answers" / "README.md").read_text(encoding="utf-8").split("\n", 1)[1].strip()
    return re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)


def changelog() -> str:
    """CHANGELOG.md without its title."""
    return (ROOT / "CHANGELOG.md").read_text(encoding="utf-8").split("\n", 1)[1].strip()


def citation() -> str:
    """How to cite this version, from CITATION.cff."""
    stated = dict(re.findall(r'^([a-z-]+): "?([^"\n]*)"?$', (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.M))
    return f"> The gridsim developers ({stated['date-released'][:4]}). {stated['title']}. Version {stated['version']}."


def dependencies() -> str:
    """What an installation needs."""
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"Python {wanted['requires-python']}; " + ", ".join(f"`{d}`" for d in wanted["dependencies"])


PARTS = {
    name.replace("_", "-"): part
    for name, part in list(globals().items())
    if callable(part) and getattr(part, "__module__", "") == __name__ and not name.startswith("_")
}
