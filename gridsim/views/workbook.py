"""The workbook beside the brief: tables as sheets, Excel's own charts, and a sheet that explains columns."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from gridsim.measures import BY_KEY, MEASURES
from gridsim.scenario.parameters import PARAMETERS
from gridsim.scenario.policies import BASELINE
from gridsim.studies.comparison import Comparison
from gridsim.studies.saved import Saved, rows_of
from gridsim.views.brief_terms import parameter_label, value_label
from gridsim.views.elements import elements_sheet
from gridsim.views.equal_cost import how, price, standing
from gridsim.views.labels import (
    group_label,
    languages,
    measure_label,
    option_label,
    place_label,
    say,
    term,
    unit_label,
    window_label,
)

WIDEST = 44  # characters of a column
DASHES = ("solid", "dash", "dash_dot", "round_dot", "long_dash", "square_dot", "long_dash_dot")
COLOURS = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
NUMBERS = {"share": "0.00%", "whole": "#,##0", "fine": "#,##0.00", "index": "0.000", "p": "0.0000"}


class Book:
    """A workbook in one language or both: every label is told once, with a stroke between two languages."""

    def __init__(self, saved: Saved, path: Path, lang: str) -> None:
        self.c: Comparison = saved.comparison
        self.tongues = languages(lang)
        self.book = xlsxwriter.Workbook(str(path), {"nan_inf_to_errors": False, "in_memory": True})
        written = datetime.fromisoformat(saved.manifest["written"]).replace(tzinfo=None)
        self.book.set_properties(
            {"title": self.say("brief_book"), "created": written, "comments": f"gridsim {saved.manifest['gridsim']}"}
        )
        self.head = self.book.add_format({"bold": True, "text_wrap": True, "bottom": 1, "valign": "top"})
        self.formats = {k: self.book.add_format({"num_format": f}) for k, f in NUMBERS.items()}
        self.wrap = self.book.add_format({"text_wrap": True, "valign": "top"})
        self.columns: list[tuple[str, str, str]] = []  # sheet, heading, explanation

    def both(self, label: Any) -> str:
        """A label in the languages of the book: ``label(lang)`` for each."""
        return " / ".join(dict.fromkeys(str(label(t)) for t in self.tongues))

    def say(self, key: str) -> str:
        """A text of the catalogue."""
        return self.both(lambda t: say(key, t))

    def policy(self, name: str) -> str:
        """Title of an option or of the baseline."""
        return self.both(lambda t: say("baseline", t) if name == BASELINE else option_label(self.c, name, t))

    def sheet(
        self, name: str, columns: dict[str, str], rows: list[list[Any]], formats: list[list[str]] | None = None
    ) -> Any:
        """A sheet with a frozen header, filters, widths and number formats; ``columns`` gives each its explanation.

        Parameters
        ----------
        columns : dict
            Catalogue key of each heading, and of the sentence that explains it.
        formats : list of list of str, optional
            Name of the number format of every cell, empty for none.

        """
        sheet = self.book.add_worksheet(self.both(lambda t: say(name, t))[:31].replace("/", "|"))
        heads = [self.say(key) for key in columns]
        sheet.write_row(0, 0, heads, self.head)
        for i, row in enumerate(rows, start=1):
            for j, value in enumerate(row):
                if not isinstance(value, str) and (value is None or value != value):
                    continue  # not measured: an empty cell
                kind = formats[i - 1][j] if formats else ""
                if isinstance(value, str):
                    sheet.write_string(i, j, value, self.wrap if len(value) > WIDEST else None)
                else:
                    sheet.write_number(i, j, float(value), self.formats.get(kind))
        for j, head in enumerate(heads):
            longest = max([min(len(head), 16), *(_wide(row[j]) for row in rows[:400])], default=8)
            sheet.set_column(j, j, min(WIDEST, longest + 2))
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, len(rows)), len(heads) - 1)
        self.columns += [(self.say(name), key, text) for key, text in columns.items()]
        return sheet


def _wide(value: Any) -> int:
    return sum(2 if ord(x) > 0x2E7F else 1 for x in value) if isinstance(value, str) else 12


def write_workbook(saved: Saved, path: Path, lang: str) -> None:
    """Write ``report.xlsx``; the same tables give the same bytes."""
    b = Book(saved, path, lang)
    _comparison(b)
    _differences(b)
    _backlog(b)
    _curves(b)
    elements_sheet(b)
    _groups(b)
    _load(b)
    _costs(b)
    _equal_cost(b)
    _assumptions(b)
    _measures(b)
    _explanations(b)
    b.book.close()


def _kind(unit: str) -> str:
    return "share" if unit.startswith("share") else "index" if unit == "index" else "fine"


def _comparison(b: Book) -> None:
    columns = {
        "col_policy": "x_policy", "col_measure": "x_measure", "col_unit": "x_unit", "col_window": "x_window",
        "col_baseline": "x_baseline", "col_value": "x_value", "col_gap": "x_gap", "col_low": "x_low",
        "col_high": "x_high", "col_verdict": "x_verdict", "col_n": "x_n", "col_p": "x_p",
    }  # fmt: skip
    rows, formats = [], []
    order = {b.c.headline: 0}
    for r in sorted(rows_of(b.c.table), key=lambda r: order.get(r.window, 1)):
        k = _kind(r.unit)
        rows.append(
            [b.policy(r.policy), b.both(lambda t, r=r: measure_label(r.measure, t)),
             b.both(lambda t, r=r: unit_label(r.unit, t)),
             b.both(lambda t, r=r: window_label(r.window, t)), r.baseline, r.value, r.difference, r.ci_low, r.ci_high,
             b.say(r.verdict), r.replications, r.p_adjusted]
        )  # fmt: skip
        formats.append(["", "", "", "", k, k, k, k, k, "", "whole", "p"])
    b.sheet("sheet_comparison", columns, rows, formats)


def _differences(b: Book) -> None:
    """Primary differences in per cent of today, with error bars: one chart of bars."""
    columns = {"col_policy": "x_policy"}
    primary = [m for m in MEASURES if m.primary]
    for m in primary:
        columns |= {f"rel_{m.key}": "x_relative", f"err_{m.key}": "x_half"}
    rows = []
    for o in b.c.options:
        row: list[Any] = [b.policy(o.name)]
        for m in primary:
            r = b.c.row(o.name, m.key)
            scale = 1 / abs(r.baseline) if r.baseline else float("nan")
            row += [r.difference * scale, (r.ci_high - r.ci_low) / 2 * scale]
        rows.append(row)
    sheet = b.sheet("sheet_differences", columns, rows, [["", *["share"] * 4] for _ in rows])
    name, last = sheet.get_name(), len(rows)
    chart = b.book.add_chart({"type": "bar"})
    for k in range(len(primary)):
        at, bar = 1 + 2 * k, f"='{name}'!${'BCDE'[1 + 2 * k]}$2:${'BCDE'[1 + 2 * k]}${last + 1}"
        half = [float(row[at + 1]) if row[at + 1] == row[at + 1] else 0.0 for row in rows]
        errors = {"type": "custom", "plus_values": bar, "minus_values": bar, "plus_data": half, "minus_data": half}
        pattern = {"pattern": "wide_upward_diagonal", "fg_color": "black", "bg_color": "white"} if k else None
        chart.add_series(
            {"name": [name, 0, at], "categories": [name, 1, 0, last, 0], "values": [name, 1, at, last, at],
             "y_error_bars": errors, "border": {"color": "black"},
             **({"pattern": pattern} if pattern else {"fill": {"color": "#777777"}})}
        )  # fmt: skip
    chart.set_title({"name": b.say("book_differences"), "name_font": {"size": 11}})
    chart.set_x_axis({"name": b.say("fig_relative"), "num_format": "0%"})
    chart.set_y_axis({"reverse": True, "label_position": "low"})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 820, "height": 140 + 70 * last})
    sheet.insert_chart(last + 2, 0, chart)


def _lines(b: Book, name: str, index: str, wide: pd.DataFrame, heading: str, axis: str, kind: str, title: str) -> None:
    """A sheet of one column a policy with a line chart."""
    columns = {index: "x_day" if index == "col_day" else "x_since"} | {f"policy:{p}": heading for p in wide.columns}
    rows = [[float(day), *map(float, values)] for day, values in zip(wide.index, wide.to_numpy(), strict=True)]
    sheet = b.book.add_worksheet(b.say(name)[:31].replace("/", "|"))
    heads = [b.say(index), *(b.policy(p) for p in wide.columns)]
    sheet.write_row(0, 0, heads, b.head)
    for i, row in enumerate(rows, start=1):
        sheet.write_number(i, 0, row[0])
        for j, value in enumerate(row[1:], start=1):
            if value == value:
                sheet.write_number(i, j, value, b.formats[kind])
    sheet.set_column(0, len(heads) - 1, 18)
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, len(rows), len(heads) - 1)
    chart = b.book.add_chart({"type": "scatter", "subtype": "straight"})
    for j in range(1, len(heads)):
        line = {"color": COLOURS[(j - 1) % len(COLOURS)], "dash_type": DASHES[(j - 1) % len(DASHES)], "width": 1.75}
        chart.add_series(
            {"name": [sheet.get_name(), 0, j], "categories": [sheet.get_name(), 1, 0, len(rows), 0],
             "values": [sheet.get_name(), 1, j, len(rows), j], "line": line}
        )  # fmt: skip
    chart.set_title({"name": b.say(title), "name_font": {"size": 11}})
    chart.set_x_axis({"name": b.say(index), "min": 0, "max": rows[-1][0], "major_gridlines": {"visible": False}})
    chart.set_y_axis({"name": b.say(axis), "min": 0, "num_format": NUMBERS[kind]})
    chart.set_legend({"position": "bottom"})
    chart.set_size({"width": 820, "height": 420})
    sheet.insert_chart(1, len(heads) + 1, chart)
    b.columns += [(b.say(name), key, text) for key, text in columns.items()]


def _mean(table: pd.DataFrame, index: str, values: str) -> pd.DataFrame:
    policies = list(dict.fromkeys(table.policy))
    return table.groupby([index, "policy"])[values].mean().unstack("policy")[policies]


def _backlog(b: Book) -> None:
    measured = b.c.daily[b.c.daily.day < b.c.scenario.time.days]
    _lines(b, "sheet_backlog", "col_day", _mean(measured, "day", "open"), "x_open", "fig_cases", "whole", "fig_backlog")


def _curves(b: Book) -> None:
    here = b.c.curves[b.c.curves.window == b.c.headline]
    wide = _mean(here, "day", "unresolved")
    _lines(b, "sheet_curves", "col_since", wide, "x_unresolved", "fig_unresolved", "share", "book_curves")


def _groups(b: Book) -> None:
    columns = {
        "col_policy": "x_policy", "col_family": "x_family", "col_group": "x_group", "col_window": "x_window",
        "col_cases": "x_cases", "col_baseline": "x_group_time", "col_value": "x_group_time", "col_gap": "x_gap",
        "col_low": "x_low", "col_high": "x_high", "col_verdict": "x_verdict", "col_sooner": "x_sooner",
        "col_later": "x_later", "col_same": "x_same",
    }  # fmt: skip
    rows = []
    for r in rows_of(b.c.groups):
        group = (
            b.say("group_all")
            if r.family == "all"
            else b.both(lambda t, r=r: group_label(b.c.scenario, r.family, r.group, t))
        )
        rows.append(
            [b.policy(r.policy), b.say(f"family_{r.family}"), group, b.both(lambda t, r=r: window_label(r.window, t)),
             r.cases, r.baseline, r.value, r.difference, r.ci_low, r.ci_high, b.say(r.verdict),
             r.sooner, r.later, r.same]
        )  # fmt: skip
    kinds = ["", "", "", "", "whole", *["fine"] * 5, "", "share", "share", "share"]
    b.sheet("sheet_groups", columns, rows, [kinds] * len(rows))


def _load(b: Book) -> None:
    columns = {
        "col_policy": "x_policy", "col_unit_of": "x_unit_of", "col_window": "x_window",
        "col_utilisation": "x_utilisation", "col_queue_start": "x_queue", "col_queue_end": "x_queue",
    }  # fmt: skip
    rows = [
        [b.policy(r.policy), b.both(lambda t, r=r: place_label(b.c.scenario, r.kind, r.unit, t)),
         b.both(lambda t, r=r: window_label(r.window, t)), r.utilisation, r.queue_start, r.queue_end]
        for r in rows_of(b.c.load)
    ]  # fmt: skip
    b.sheet("sheet_load", columns, rows, [["", "", "", "share", "fine", "fine"]] * len(rows))


def _costs(b: Book) -> None:
    columns = {
        "col_policy": "x_policy", "cost_yearly": "x_yearly", "cost_once": "x_once", "cost_annual": "x_annual",
        "cost_saved": "x_saved", "cost_saved_once": "x_saved", "cost_running_today": "x_running",
        "cost_running_policy": "x_running", "cost_case_days": "x_case_days", "cost_case_day": "x_case_day",
        "col_low": "x_case_low", "col_high": "x_case_high",
    }  # fmt: skip
    rows = [
        [b.policy(r.policy), r.yearly, r.once, r.annual, r.saved_yearly, r.saved_once, r.running_baseline, r.running,
         r.case_days_saved, r.case_day_cost, r.case_day_cost_low, r.case_day_cost_high]
        for r in rows_of(b.c.costs)
    ]  # fmt: skip
    b.sheet("sheet_costs", columns, rows, [["", *["whole"] * 8, *["fine"] * 3]] * len(rows))


def _equal_cost(b: Book) -> None:
    """How the options were scaled to the budget, and what may be said of them there; no sheet where they were not."""
    if b.c.equal_cost is None:
        return
    columns = {
        "col_policy": "x_policy", "equal_budget": "x_equal_budget", "equal_stated": "x_equal_stated",
        "equal_planned": "x_annual", "equal_share": "x_equal_share", "equal_units": "x_equal_unit",
        "equal_how": "x_equal_how", "cost_case_days": "x_case_days", "col_low": "x_low", "col_high": "x_high",
        "cost_case_day": "x_equal_case_day", "equal_mark": "x_equal_mark",
    }  # fmt: skip
    named = {t: {o.name: option_label(b.c, o.name, t) for o in b.c.options} for t in b.tongues}
    rows = [
        [b.policy(r.policy), r.budget, r.stated, r.planned, r.share, r.unit, b.both(lambda t, r=r: how(b.c, r, t)),
         r.case_days, r.case_days_low, r.case_days_high, b.both(lambda t, r=r: price(b.c, r, t)),
         b.both(lambda t, r=r: standing(r, named[t], t))]
        for r in rows_of(b.c.equal_cost)
    ]  # fmt: skip
    kinds = ["", "whole", "whole", "whole", "share", "whole", "", "whole", "whole", "whole", "", ""]
    b.sheet("sheet_equal_cost", columns, rows, [kinds] * len(rows))


def _assumptions(b: Book) -> None:
    columns = {
        "col_key": "x_key", "col_parameter": "x_parameter", "col_unit": "x_unit", "col_baseline": "x_parameter_value",
        "col_low": "x_range", "col_high": "x_range", "col_grade": "x_grade", "col_source": "x_source",
    }  # fmt: skip
    rows = [
        [p.key, b.both(lambda t, p=p: parameter_label(p.key, t)), b.both(lambda t, p=p: unit_label(p.unit, t)),
         b.both(lambda t, p=p: value_label(b.c.scenario.get(p.key), t)), p.low, p.high, p.grade,
         b.both(lambda t, p=p: term("sources", p.source, t))]
        for p in PARAMETERS
    ]  # fmt: skip
    b.sheet("sheet_assumptions", columns, rows)


def _measures(b: Book) -> None:
    columns = {
        "col_measure": "x_measure",
        "col_unit": "x_unit",
        "col_better": "x_better",
        "col_definition": "x_definition",
    }
    rows = [
        [b.both(lambda t, m=m: measure_label(m.key, t)), b.both(lambda t, m=m: unit_label(m.unit, t)),
         b.say(f"better_{m.better or 'none'}"),
         b.both(lambda t, m=m: BY_KEY[m.key].chinese_text if t == "zh" else m.text)]
        for m in MEASURES
    ]  # fmt: skip
    b.sheet("sheet_measures", columns, rows)


def _explanations(b: Book) -> None:
    """What every column of every sheet holds."""
    rows = []
    for sheet, key, text in list(b.columns):
        head = b.policy(key.removeprefix("policy:")) if key.startswith("policy:") else b.say(key)
        rows.append([sheet, head, b.say(text)])
    b.sheet("sheet_columns", {"col_sheet": "x_sheet", "col_column": "x_column", "col_definition": "x_definition"}, rows)
