"""Figures of a ladder: what each component adds, and the outcome along the continuum."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from gridsim.measures import BY_KEY
from gridsim.studies.ladder import Ladder
from gridsim.views.figures import NOTE, wrapped
from gridsim.views.labels import measure_label, say, unit_label, window_label
from gridsim.views.ladder_words import PRIMARY, component_label, end, origin_label

BARS = {"better": "#8C8C8C", "worse": "#FFFFFF"}  # filled or empty: reads in grey
UNCLEAR = "#DCDCDC"
MARKS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("alone", {"marker": ">", "color": "#0072B2", "markerfacecolor": "white", "markersize": 6.5}),
    ("left_out", {"marker": "D", "color": "#D55E00", "markerfacecolor": "white", "markersize": 5}),
)


def shares_figure(ladder: Ladder, lang: str) -> Figure:
    """Bars: Shapley values with their 95 % intervals; marks: alone and left out; a panel for each primary outcome."""
    components = ladder.plan.components
    rows = [*(c.name for c in components), ""]
    figure = Figure(figsize=(9.2, 2.3 + 0.52 * len(rows)), layout="constrained")
    panels = figure.subplots(1, len(PRIMARY), sharey=True)
    for axes, key in zip(panels, PRIMARY, strict=True):
        for y, name in enumerate(rows):
            r = ladder.row("shapley" if name else "whole", key, name)
            bar = {"color": BARS.get(r.verdict, UNCLEAR), "edgecolor": "black", "linewidth": 0.8}
            axes.barh(y, r.difference, height=0.62, hatch="" if name else "///", **bar)
            axes.plot([r.ci_low, r.ci_high], [y, y], color="black", linewidth=1.8)
            for kind, mark in MARKS if name else ():
                d = ladder.row(kind, key, name).difference
                axes.plot(d, y + (0.16 if kind == "alone" else -0.16), linestyle="", markeredgewidth=1.4, **mark)
        axes.axhline(len(components) - 0.5, color="#999999", linewidth=0.7)
        axes.axvline(0, color="black", linewidth=0.9)
        axes.grid(axis="x", alpha=0.25)
        side = say("fig_better_left" if BY_KEY[key].better == "lower" else "fig_better_right", lang)
        axes.set(xlabel=f"{unit_label(BY_KEY[key].unit, lang)} ({side})", title=measure_label(key, lang))
        axes.title.set_fontsize(10.5)
    names = [f"{wrapped(component_label(c, lang), 26)}\n[{origin_label(c, lang)}]" for c in components]
    panels[0].set_yticks(range(len(rows)), [*names, say("kind_whole", lang)], fontsize=8.5)
    panels[0].set_ylim(len(rows) - 0.45, -0.55)
    _legend(figure, _note(ladder, "fig_ladder_note", lang), lang)
    ends = {"first": end(ladder.plan.first, lang), "second": end(ladder.plan.second, lang)}
    figure.suptitle(say("fig_ladder", lang, **ends, window=window_label(ladder.headline, lang)), fontsize=12)
    return figure


def _legend(figure: Figure, note: str, lang: str) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    colours = {**BARS, "unclear": UNCLEAR}
    handles: list[Any] = [
        Patch(facecolor=colour, edgecolor="black", linewidth=0.8, label=say(f"fig_share_{kind}", lang))
        for kind, colour in colours.items()
    ]
    handles += [
        Line2D([], [], linestyle="", markeredgewidth=1.4, label=say(f"kind_{kind}", lang), **mark)
        for kind, mark in MARKS
    ]
    place: dict[str, Any] = {"loc": "outside lower center", "ncols": 5, "frameon": False, "fontsize": 8}
    legend = figure.legend(handles=handles, title=note, title_fontsize=NOTE["fontsize"], **place)
    legend.get_title().set_color(NOTE["color"])


def _note(ladder: Ladder, key: str, lang: str) -> str:
    rests = say("fig_rests", lang, seed=ladder.plan.seed, hash=ladder.plan.base.hash[:10])
    return say(key, lang, n=len(ladder.finished)) + " " + rests


def continuum_figure(ladder: Ladder, lang: str) -> Figure | None:
    """Difference from the first along the continuum, with its 95 % interval; None where it was not run."""
    if ladder.continuum is None:
        return None
    figure = Figure(figsize=(8.5, 3.9), layout="constrained")
    for axes, key in zip(figure.subplots(1, len(PRIMARY)), PRIMARY, strict=True):
        here = ladder.continuum[(ladder.continuum.window == ladder.headline) & (ladder.continuum.measure == key)]
        axes.plot(here.g, here.difference, color="black", marker="o", markersize=4.5)
        if len(ladder.finished) > 1:
            axes.fill_between(here.g, here.ci_low, here.ci_high, color="black", alpha=0.18, linewidth=0)
        axes.axhline(0, color="#555555", linewidth=0.8)
        axes.grid(axis="y", alpha=0.25)
        axes.set(xlabel=say("fig_g", lang), ylabel=unit_label(BY_KEY[key].unit, lang), title=measure_label(key, lang))
        axes.title.set_fontsize(10.5)
    ends = {"first": end(ladder.plan.first, lang), "second": end(ladder.plan.second, lang)}
    figure.suptitle(say("fig_continuum", lang, **ends, window=window_label(ladder.headline, lang)), fontsize=12)
    figure.supxlabel(_note(ladder, "fig_continuum_note", lang), **NOTE)
    return figure
