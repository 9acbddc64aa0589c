"""Figures of studies, one a design: paired differences with their 95 % intervals, by policy, term or level."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gridsim.measures import BY_KEY
from gridsim.studies.sensitivity.design import Sensitivity
from gridsim.studies.study import Study
from gridsim.views import sensitivity_figures
from gridsim.views.figures import MARKS, NOTE, STYLES, wrapped
from gridsim.views.labels import measure_label, say, unit_label

SENSITIVITY = Sensitivity.name
PANELS = 4  # measures drawn
TERMS = {"sum of the parts": "study_term_sum", "left over": "study_term_left"}
Tables = dict[str, pd.DataFrame]


def compare_figure(study: Study, tables: Tables, lang: str) -> Figure:
    """Every policy against today; scenarios side by side."""
    return _forest(study, tables["effects"], "policy", "difference", lang)


def factorial_figure(study: Study, tables: Tables, lang: str) -> Figure:
    """Main effects, interactions, and what is left over when all are together."""
    return _forest(study, tables["factorial"], "term", "effect", lang)


def levels_figure(study: Study, tables: Tables, lang: str) -> Figure:
    """The paired difference along one lever, a line for each value of the other."""
    table = tables["effects"]
    levers = list(study.told.design["levels"])
    figure, axes = _panels(study, table, lang)
    for a, measure in zip(axes, _drawn(study), strict=False):
        here = table[(table.measure == measure) & (table.scenario == table.scenario.iloc[0])]
        groups = list(here.groupby(levers[1], sort=True)) if len(levers) == 2 else [("", here)]
        many = len(groups)
        for i, (value, line) in enumerate(groups):
            line = line.sort_values(levers[0])
            x, y = line[levers[0]].to_numpy(dtype=float), line.difference.to_numpy()
            x = x + 0.012 * (x.max() - x.min()) * (i - (many - 1) / 2)  # beside each other, not on
            spread = np.nan_to_num(np.abs(np.array([y - line.ci_low, line.ci_high - y])))
            colour, dash = STYLES[i % len(STYLES)]
            label = f"{levers[1]} = {value:g}" if len(levers) == 2 else None
            a.errorbar(x, y, spread, color=colour, linestyle=dash, marker=MARKS[i % len(MARKS)], capsize=3, label=label)
        a.axhline(0, color="#888888", linewidth=0.8)
        a.set_xlabel(levers[0])
    _note(study, table, figure, axes, lang)
    return figure


FIGURES: dict[str, Callable[[Study, Tables, str], Figure]] = {
    "compare": compare_figure,
    "factorial": factorial_figure,
    "levels": levels_figure,
    SENSITIVITY: sensitivity_figures.bars,
}
MORE_FIGURES: dict[str, dict[str, Callable[[Study, Tables, str], Figure | None]]] = {
    SENSITIVITY: sensitivity_figures.MORE
}


def _drawn(study: Study) -> list[str]:
    return study.told.measures[:PANELS]


def _panels(
    study: Study, table: pd.DataFrame, lang: str, height: float = 3.2, shared: bool = False
) -> tuple[Figure, list[Any]]:
    """A panel a measure, two a row, under the study's title."""
    measures = _drawn(study)
    columns = min(2, len(measures))
    rows = -(-len(measures) // columns)
    figure = Figure(figsize=(10, height * rows + 0.8), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False, sharey="row" if shared else False).flat)
    for empty in axes[len(measures) :]:
        empty.set_visible(False)
    figure.suptitle((lang == "zh" and study.told.chinese) or study.told.title, fontsize=12)
    for a, m in zip(axes, measures, strict=False):
        unit = unit_label(BY_KEY[m].unit, lang)
        a.set_title(f"{measure_label(m, lang)} ({unit})", fontsize=10)
    return figure, axes


def _forest(study: Study, table: pd.DataFrame, rows: str, value: str, lang: str) -> Figure:
    """Dots with intervals, a line a row of the table, scenarios side by side; zero is drawn."""
    names = list(dict.fromkeys(table[rows]))
    scenarios = list(dict.fromkeys(table.scenario))
    height = max(2.2, 0.5 + 0.3 * len(names) * max(1, 0.6 * len(scenarios)))
    figure, axes = _panels(study, table, lang, height, shared=True)
    step = 0.7 / len(scenarios)
    for a, measure in zip(axes, _drawn(study), strict=False):
        for i, scenario in enumerate(scenarios):
            here = table[(table.measure == measure) & (table.scenario == scenario)].set_index(rows).loc[names]
            y = np.arange(len(names)) + (i - (len(scenarios) - 1) / 2) * step
            x = here[value].to_numpy()
            spread = np.nan_to_num(np.abs(np.array([x - here.ci_low, here.ci_high - x])))
            style = {"color": STYLES[i % len(STYLES)][0], "marker": MARKS[i % len(MARKS)], "label": scenario}
            a.errorbar(x, y, xerr=spread, linestyle="none", capsize=3, **style)
        a.axvline(0, color="#888888", linewidth=0.8)
        shown = [say(TERMS[n], lang) if n in TERMS else wrapped(n.replace("+", " + "), 34) for n in names]
        a.set_yticks(np.arange(len(names)), shown, fontsize=8)
        a.set_ylim(len(names) - 0.5, -0.5)
    _note(study, table, figure, axes, lang)
    return figure


def _note(study: Study, table: pd.DataFrame, figure: Figure, axes: list[Any], lang: str) -> None:
    """What the figure rests on, in small print, over the names of its lines where there are several."""
    note = say("study_fig_note", lang, n=int(table.replications.max()), seed=study.told.seed)
    lines, names = axes[0].get_legend_handles_labels()
    if len(names) < 2:
        figure.supxlabel(note, **NOTE)
        return
    legend = figure.legend(lines, names, loc="outside lower center", ncols=2, frameon=False, title=note)
    legend.get_title().set(**NOTE)
