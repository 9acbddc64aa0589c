"""What ``gridsim ladder`` leaves behind: tables, manifest, figures, and one self-contained page."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from markupsafe import Markup

from gridsim.measures import BY_KEY
from gridsim.scenario.policies import Policy
from gridsim.studies.ladder import Ladder
from gridsim.studies.ladder_table import MEASURED
from gridsim.studies.saved import MANIFEST, SCENARIO, fingerprint
from gridsim.views.brief_terms import levers
from gridsim.views.figures import save, style
from gridsim.views.figures_ladder import continuum_figure, shares_figure
from gridsim.views.labels import interval, languages, measure_label, number, say, term, unit_label
from gridsim.views.ladder_words import (
    PARTS,
    PRIMARY,
    answer,
    cautions,
    component_label,
    continuum_rows,
    end,
    header,
    heading,
    origin_label,
)
from gridsim.views.output import manifest, write_csv, write_json
from gridsim.views.report import PAGE, article, drawn, templates, whole_page

TABLE, COALITIONS, CONTINUUM = "ladder.csv", "coalitions.csv", "continuum.csv"
TODAY = ("first_today", "second_today")


def write_ladder(ladder: Ladder, folder: Path, lang: str = "en", *, command: str = "") -> list[str]:
    """Write tables, scenario, manifest, figures and page of a ladder; returns the file names."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {TABLE: ladder.table, COALITIONS: ladder.runs}
    tables |= {} if ladder.continuum is None else {CONTINUUM: ladder.continuum}
    for name, table in tables.items():
        write_csv(table, folder / name)
    (folder / SCENARIO).write_text(ladder.plan.base.to_toml(), encoding="utf-8")
    facts = _facts(ladder, command)
    facts["tables"] = {name: {"sha256": fingerprint(folder / name)} for name in (*tables, SCENARIO)}
    facts = manifest(ladder.plan.base, **facts)
    write_json(facts, folder / MANIFEST)
    names = [*tables, SCENARIO, MANIFEST, PAGE]
    (folder / PAGE).write_text(ladder_page(ladder, facts, lang), encoding="utf-8")
    with style():
        for tongue in languages(lang):
            last = ".png" if tongue == languages(lang)[0] else f".{tongue}.png"
            for stem, figure in (("ladder", shares_figure), ("continuum", continuum_figure)):
                if (made := figure(ladder, tongue)) is not None:
                    save(made, folder / f"{stem}{last}")
                    names.append(f"{stem}{last}")
    return names


def _facts(ladder: Ladder, command: str) -> dict[str, Any]:
    plan = ladder.plan

    def dumped(policies: Sequence[Policy]) -> list[dict[str, Any]]:
        return [p.model_dump(mode="json") for p in policies]

    return {
        "seed": plan.seed,
        "replications_asked": ladder.asked,
        "replications": list(ladder.finished),
        "days": plan.base.time.days,
        "command": command,
        "first": plan.first.name,
        "second": plan.second.name,
        "components": [
            {"name": c.name, "origins": list(c.origins), "first": dumped(c.before), "second": dumped(c.after)}
            for c in plan.components
        ],
        "coalitions": "all" if plan.is_exact else "drawn orders",
        "outlay": ladder.outlay,
    }


def ladder_page(ladder: Ladder, facts: dict[str, Any], lang: str) -> str:
    """The page of a ladder in one language or both."""
    articles = []
    for tongue in languages(lang):
        ends = {"first": end(ladder.plan.first, tongue), "second": end(ladder.plan.second, tongue)}
        parts = [
            {"name": name, "heading": say(f"ladder_part_{name}", tongue), "body": _fill(name, values, tongue)}
            for name, values in _sections(ladder, facts, tongue).items()
        ]
        articles.append(article(facts, tongue, say("ladder_title", tongue, **ends), parts))
    return whole_page(articles, lang)


def _fill(name: str, values: dict[str, Any], lang: str) -> Markup:
    tell = partial(_say, lang)
    return Markup(templates().get_template("ladder.html").render(part=name, say=tell, **values))


def _say(lang: str, key: str, **values: Any) -> str:
    return say(key, lang, **values)


def _sections(ladder: Ladder, facts: dict[str, Any], lang: str) -> dict[str, dict[str, Any]]:
    """The values of each section of the page, in order."""
    found = {
        "answer": _answer(ladder, lang),
        "components": _components(ladder, lang),
        "shares": _shares(ladder, lang),
        "measures": _measures(ladder, lang),
    }
    with style():
        line = continuum_figure(ladder, lang)
        if line is not None:
            rows = continuum_rows(ladder, lang)
            found["continuum"] = {"figure": drawn(line, "continuum", lang), "rows": rows}
    return found | {"again": _again(ladder, facts, lang)}


def _answer(ladder: Ladder, lang: str) -> dict[str, Any]:
    ends = {"first": end(ladder.plan.first, lang), "second": end(ladder.plan.second, lang)}
    return {
        "question": say("ladder_question", lang, **ends),
        "answer": answer(ladder, lang),
        "cautions": cautions(ladder, lang),
        "setting": header(ladder, lang),
    }


def _components(ladder: Ladder, lang: str) -> dict[str, Any]:
    plan = ladder.plan

    def told(p: Policy) -> dict[str, Any]:
        return {
            "name": p.name,
            "title": (p.chinese if lang == "zh" else p.title) or p.name,
            "text": (p.chinese_text if lang == "zh" else "") or p.text,
            "origin": say(f"origin_{p.origin}", lang),
            "source": term("sources", p.source, lang),
            "levers": levers(plan.base, p, lang),
        }

    rows = [
        {
            "label": component_label(c, lang),
            "origin": origin_label(c, lang),
            "sides": [[told(p) for p in side] for side in (c.before, c.after)],
        }
        for c in plan.components
    ]
    return {"first": end(plan.first, lang), "second": end(plan.second, lang), "components": rows}


def _cell(r: Any, lang: str) -> dict[str, Any]:
    """A difference as a cell of a table."""
    return {
        "key": r.kind,
        "same": r.difference == r.ci_low == r.ci_high == 0,
        "change": number(r.difference, r.unit, True, lang),
        "interval": interval(r),
        "verdict": say(r.verdict, lang),
        "judged": r.verdict if r.verdict in ("better", "worse") else "",
    }


def _shares(ladder: Ladder, lang: str) -> dict[str, Any]:
    with style():
        figure = drawn(shares_figure(ladder, lang), "ladder", lang)
    measures = []
    for key in PRIMARY:
        rows = [
            {
                "name": c.name,
                "label": component_label(c, lang),
                "origin": origin_label(c, lang),
                "cells": [_cell(ladder.row(kind, key, c.name), lang) for kind in PARTS],
            }
            for c in ladder.plan.components
        ]
        sums = [(say(f"kind_{k}", lang), _cell(ladder.row(k, key), lang)) for k in ("interaction", "whole")]
        measures.append({"key": key, "title": heading(key, lang), "rows": rows, "sums": sums})
    return {"figure": figure, "measures": measures, "kinds": [say(f"kind_{k}", lang) for k in PARTS]}


def _measures(ladder: Ladder, lang: str) -> dict[str, Any]:
    """Every measure: both ends against today and each other; and the shares of all components."""
    ends = {"first": end(ladder.plan.first, lang), "second": end(ladder.plan.second, lang)}
    rows, shares = [], []
    for key in MEASURED:
        unit = "" if BY_KEY[key].unit == "share" else unit_label(BY_KEY[key].unit, lang)
        about = {"key": key, "label": ("* " if BY_KEY[key].primary else "") + measure_label(key, lang), "unit": unit}
        each = [ladder.row(kind, key) for kind in (*TODAY, "whole")]
        today = number(each[0].start, each[0].unit)
        rows.append(about | {"today": today, "cells": [_cell(r, lang) for r in each]})
        own = [ladder.row("shapley", key, c.name) for c in ladder.plan.components]
        shares.append(about | {"cells": [_cell(r, lang) for r in own]})
    return {
        "heads": [*(say(f"kind_{k}", lang, **ends) for k in TODAY), say("kind_whole", lang)],
        "rows": rows,
        "labels": [(component_label(c, lang), origin_label(c, lang)) for c in ladder.plan.components],
        "shares": shares,
    }


def _again(ladder: Ladder, facts: dict[str, Any], lang: str) -> dict[str, Any]:
    rows = [
        ("again_command", facts["command"]),
        ("again_seed", str(ladder.plan.seed)),
        ("again_replications", f"{len(ladder.finished)} / {ladder.asked}"),
        ("again_scenario", f"{ladder.plan.base.name} {facts['scenario_hash']}"),
        ("again_engine", f"gridsim {facts['gridsim']}, {facts['engine_sources']}"),
        ("again_written", facts["written"]),
    ]
    return {"rows": [(say(key, lang), text) for key, text in rows]}
