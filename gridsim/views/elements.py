"""The card of the ten elements of good governance 善治十要素: for the terminal, the brief, and the workbook."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.figure import Figure

from gridsim.measures.elements import ELEMENTS
from gridsim.studies.comparison import Comparison
from gridsim.studies.elements import BESIDE, INDEX, REST, card
from gridsim.studies.saved import Saved, rows_of
from gridsim.views.brief_terms import letters
from gridsim.views.figures import forest_figure
from gridsim.views.labels import aligned, interval, measure_label, number, option_label, say, unit_label, window_label

INDICES = (INDEX, REST)
INPUT = "※"  # beside what a lever of the option sets directly
ELEMENT = {e.key: e for e in ELEMENTS}
NOTES = ("elements_note", "elements_input_note", "elements_index_note")
BEYOND = 100.0  # per cent of today's value at which the figure's axis ends


def element_label(key: str, lang: str) -> str:
    """Name of an element, or of the index; in English the Chinese term beside it."""
    e = ELEMENT[key]
    return e.chinese if lang == "zh" else f"{e.english} {e.chinese}"


def report(c: Comparison, lang: str) -> str:
    """The cards of all options, as ``gridsim compare --elements`` prints them."""
    table = card(c)
    parts = []
    for o in c.options:
        names = {"title": option_label(c, o.name, lang), "name": o.name, "window": window_label(c.headline, lang)}
        mine = table[table.policy == o.name]
        parts.append(f"{say('elements_head', lang, **names)}\n{_aligned(mine, lang)}\n{index_line(mine, lang)}")
    return "\n\n".join([*parts, *(say(key, lang) for key in NOTES)])


def _aligned(mine: pd.DataFrame, lang: str) -> str:
    keys = ("element", "proxy", "unit", "baseline", "value", "difference", "verdict")
    rows = [[say(f"col_{k}", lang) for k in keys]]
    for r in rows_of(mine[~mine.kind.isin(INDICES)]):
        cells = _cells(r, lang)
        change = cells["change"] if cells["interval"] == "[–]" else f"{cells['change']} {cells['interval']}"
        rows.append(
            [
                cells["element"] + cells["sign"],
                cells["label"],
                cells["unit"],
                cells["today"],
                cells["value"],
                change,
                cells["verdict"],
            ]
        )
    return aligned(rows, right=(3, 4, 5))


def _cells(r: Any, lang: str) -> dict[str, str]:
    """A row of the card in words; what stands beside an element does not repeat its name."""
    name = measure_label(r.measure, lang)
    return {
        "policy": r.policy,
        "element": "" if r.kind == BESIDE else element_label(r.element, lang),
        "label": say("elements_beside", lang, measure=name) if r.kind == BESIDE else name,
        "measure": r.measure,
        "unit": "" if r.unit == "share" else unit_label(r.unit, lang),
        "today": number(r.baseline, r.unit),
        "value": number(r.value, r.unit),
        "change": number(r.difference, r.unit, True, lang),
        "interval": interval(r),
        "verdict": say(r.verdict, lang),
        "sign": f" {INPUT}" if r.set_by else "",
        "judged": r.verdict if r.verdict in ("better", "worse") else "",
    }


def index_line(mine: pd.DataFrame, lang: str) -> str:
    """The index of an option, said to be our choice, and that of outcomes only; or that there is none."""
    lines = []
    for r in rows_of(mine[mine.kind.isin(INDICES)]):
        if r.difference != r.difference:
            if r.kind == INDEX:
                lines.append(say("elements_index_none", lang))
            continue
        key = "elements_index" if r.kind == INDEX else "elements_index_rest"
        lines.append(say(key, lang, difference=number(r.difference, r.unit, True), interval=interval(r)))
    if levers := "; ".join(x for x in mine.set_by if x):
        lines.append(say("elements_inputs", lang, levers=levers))
    return "\n".join(lines)


def elements(saved: Saved, lang: str) -> dict[str, Any]:
    """The card of the brief: a row an element, a column an option, and under it the index of each."""
    c = saved.comparison
    table = card(c)
    rows: dict[str, dict[str, Any]] = {}
    for r in rows_of(table[~table.kind.isin(INDICES)]):
        cells = _cells(r, lang)
        rows.setdefault(r.measure, cells | {"cells": []})["cells"].append(cells)
    indices = [
        {"letter": letter, "line": index_line(table[table.policy == name], lang)} for name, letter in letters(c).items()
    ]
    return {
        "letters": list(letters(c).values()),
        "rows": list(rows.values()),
        "indices": indices,
        "note": say("elements_note", lang),
        "input_note": say("elements_input_note", lang),
        "index_note": say("elements_index_note", lang),
    }


def elements_figure(c: Comparison, lang: str) -> Figure:
    """Forest plot of the ten proxies."""
    keys = [e.measure for e in ELEMENTS]
    names = [f"{e.chinese if lang == 'zh' else e.english}: {measure_label(e.measure, lang)}" for e in ELEMENTS]
    return forest_figure(c, lang, dict(zip(keys, names, strict=True)), "fig_elements", BEYOND)


def elements_sheet(b: Any) -> None:
    """The card as a sheet of the workbook ``b``."""
    columns = {
        "col_policy": "x_policy", "col_element": "x_element", "col_proxy": "x_proxy", "col_unit": "x_unit",
        "col_window": "x_window", "col_baseline": "x_baseline", "col_value": "x_value", "col_gap": "x_gap",
        "col_low": "x_low", "col_high": "x_high", "col_verdict": "x_verdict",
        "col_set_by": "x_set_by",
    }  # fmt: skip
    rows, formats = [], []
    for r in rows_of(card(b.c)):
        kind = "share" if r.unit.startswith("share") else "index" if r.unit == "index" else "fine"
        if r.kind in INDICES:
            element, proxy = b.say("elements_index_short" if r.kind == INDEX else "elements_rest_short"), ""
        else:
            element = b.both(lambda t, r=r: element_label(r.element, t))
            proxy = b.both(lambda t, r=r: _cells(r, t)["label"])
        rows.append(
            [b.policy(r.policy), element, proxy, b.both(lambda t, r=r: unit_label(r.unit, t)),
             b.both(lambda t, r=r: window_label(r.window, t)), r.baseline, r.value, r.difference, r.ci_low, r.ci_high,
             b.say(r.verdict) if r.verdict else "", r.set_by]
        )  # fmt: skip
        formats.append(["", "", "", "", "", *[kind] * 5, "", ""])
    b.sheet("sheet_elements", columns, rows, formats)
