"""Figures of effort: where the hours go, and how busy departments, gridworkers and experts are."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from gridsim.measures.load import SATURATED
from gridsim.studies.comparison import Comparison
from gridsim.views.figures import HATCHES, MARKS, STYLES, head, label_of, legend_below, names_of, rests_on, wrapped
from gridsim.views.labels import field_label, measure_label, say, window_label

HOURS = ("hours_administration", "hours_patrol", "hours_training", "hours_public", "hours_events")
GREYS = ("#BBBBBB", "#FFFFFF", "#DDDDDD", "#FFFFFF", "#555555")
SMALL = 0.06  # share of a bar below which its figure stands beside it, not in it


def hours_figure(c: Comparison, lang: str) -> Figure | None:
    """Gridworkers' hours a year by activity, a bar for today and every option; None where hours are not limited."""
    here = c.runs[c.runs.window == c.headline].groupby("policy")[list(HOURS)].mean()
    if here.isna().to_numpy().any():
        return None
    names = names_of(c)
    figure = Figure(figsize=(8.5, 1.9 + 0.5 * len(names)), layout="constrained")
    axes = figure.subplots()
    unit = 1e6 if here.sum(axis=1).max() >= 1e6 else 1e3
    start = np.zeros(len(names))
    whole = here.loc[names].sum(axis=1).to_numpy()
    for key, hatch, colour in zip(HOURS, HATCHES, GREYS, strict=False):
        values = here.loc[names, key].to_numpy()
        if not values.any():
            continue
        axes.barh(
            range(len(names)), values / unit, left=start / unit, height=0.62, color=colour, edgecolor="black",
            linewidth=0.7, hatch=hatch, label=measure_label(key, lang),
        )  # fmt: skip
        for y, (value, left) in enumerate(zip(values, start, strict=True)):
            if value > SMALL * whole[y] and key != HOURS[-1]:
                box = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
                text = f"{value / unit:.2f}"
                axes.text((left + value / 2) / unit, y, text, ha="center", va="center", fontsize=8, bbox=box)
        start = start + values
    events = here.loc[names, "hours_events"].to_numpy()
    for y, value in enumerate(events):
        axes.text(whole[y] / unit * 1.008, y, f"{value / unit:.3f}", va="center", fontsize=8)
    axes.set_yticks(range(len(names)), [wrapped(label_of(c, n, lang), 30) for n in names])
    axes.invert_yaxis()
    axes.set_xlim(0, whole.max() / unit * 1.09)
    axes.set_xlabel(say("fig_hours_million" if unit == 1e6 else "fig_hours_thousand", lang))
    figure.legend(loc="outside lower center", ncols=4, frameon=False)
    title = say("fig_hours", lang, window=window_label(c.headline, lang))
    head(figure, axes, title, rests_on(c, "fig_hours_note", lang))
    return figure


def utilisation_figure(c: Comparison, lang: str) -> Figure:
    """How busy each field of departments, the gridworkers and the experts are: mean, and least to most busy unit."""
    here = c.load[c.load.window == c.headline]
    field = here.unit.where(here.kind == "community", here.unit.str.split(".").str[-1])
    here = here.assign(row=field.where(here.kind == "department", "gridworkers"))
    rows = [f for f in c.scenario.fields if (here.row == f).any()] + ["gridworkers"]
    experts = c.runs[c.runs.window == c.headline].groupby("policy").expert_utilisation.mean()
    if experts.notna().any():
        rows.append("experts")
    names = names_of(c)
    figure = Figure(figsize=(8.5, 1.8 + len(rows) * max(0.34, 0.13 * len(names))), layout="constrained")
    axes = figure.subplots()
    for i, name in enumerate(names):
        colour = STYLES[i % len(STYLES)][0]
        mark: dict[str, Any] = {
            "marker": MARKS[i % len(MARKS)],
            "color": colour,
            "markerfacecolor": "white" if i % 2 else colour,
        }
        for k, row in enumerate(rows):
            y = k + (i - (len(names) - 1) / 2) * 0.72 / len(names)
            values = here[(here.policy == name) & (here.row == row)].utilisation
            middle = float(experts[name]) if row == "experts" else values.mean()
            if len(values) > 1:
                axes.plot([values.min(), values.max()], [y, y], color=colour, linewidth=1)
            axes.plot(middle, y, linestyle="", markersize=5, **mark)
        axes.plot([], [], label=label_of(c, name, lang), linestyle="", **mark)
    for k in range(1, len(rows)):
        axes.axhline(k - 0.5, color="#CCCCCC", linewidth=0.6)
    axes.axvline(SATURATED, color="black", linestyle=(0, (4, 2)), linewidth=1)
    shown = {"gridworkers": say("util_gridworkers", lang), "experts": say("util_experts", lang)}
    axes.set_yticks(range(len(rows)), [shown.get(r) or field_label(c.scenario, r, lang) for r in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(left=0, right=max(1.0, float(here.utilisation.max()) * 1.03))
    axes.xaxis.set_major_formatter(lambda x, _: f"{100 * x:.0f} %")
    axes.set_xlabel(say("fig_utilisation_axis", lang))
    legend_below(figure, c)
    title = say("fig_utilisation", lang, window=window_label(c.headline, lang))
    head(figure, axes, title, rests_on(c, "fig_utilisation_note", lang, limit=f"{100 * SATURATED:.0f} %"))
    return figure
