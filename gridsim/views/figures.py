"""Figures of time (matplotlib): each says its unit, its replications and what its band is.

Lines differ in dash and marker, bars in hatch, maps in lightness: every figure reads in grey.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.figure import Figure
from scipy.stats import t as student_t

from gridsim.measures import BY_KEY
from gridsim.measures.registry import RESTRICTED_TO
from gridsim.scenario.policies import BASELINE
from gridsim.studies.comparison import Comparison
from gridsim.views.labels import measure_label, option_label, say, width, window_label

# Colours of Okabe & Ito 2008 with line styles, so that figures also read in grey.
STYLES = (
    ("#000000", "-"),
    ("#0072B2", "--"),
    ("#D55E00", "-."),
    ("#009E73", ":"),
    ("#CC79A7", (0, (5, 1))),
    ("#56B4E9", (0, (3, 1, 1, 1))),
    ("#E69F00", (0, (1, 1))),
)
MARKS = "osD^vPX"
HATCHES = ("", "///", "...", "xx", "\\\\\\", "++")
NOTE: dict[str, Any] = {"fontsize": 7.5, "color": "#444444"}
FONTS = Path(__file__).parent / "fonts"
FOREST = (
    "time_to_resolution",
    "backlog",
    "unresolved_days",
    "true_resolution_rate",
    "on_time_share",
    "stalled",
    "detection_rate",
    "formal_share",
)


@contextmanager
def style() -> Iterator[None]:
    """Our look, with a Chinese font that comes with the package; the user's settings return afterwards."""
    for path in FONTS.glob("*.otf"):
        font_manager.fontManager.addfont(str(path))
    with matplotlib.rc_context(
        {
            "font.family": ["DejaVu Sans", "Noto Sans CJK SC"],
            "axes.unicode_minus": False,
            "svg.fonttype": "path",
            "svg.hashsalt": "gridsim",  # the same figure is the same bytes
            "hatch.linewidth": 0.6,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "font.size": 10,
            "figure.dpi": 120,
            "figure.constrained_layout.w_pad": 0.09,  # inches; the layout of an SVG is a little off at the edges
        }
    ):
        yield


def names_of(c: Comparison) -> list[str]:
    """The baseline and every option, in order."""
    return [BASELINE, *(o.name for o in c.options)]


def label_of(c: Comparison, name: str, lang: str) -> str:
    """Name of the baseline or of an option, safe in a figure."""
    text = say("baseline", lang) if name == BASELINE else option_label(c, name, lang)
    return text.replace("$", r"\$")  # a dollar sign would start mathematics


def wrapped(text: str, columns: int) -> str:
    """A stack's long name on several lines, broken after a plus sign; Chinese characters take two columns."""
    lines = [""]
    for part in text.split(" + "):
        longer = f"{lines[-1]} + {part}" if lines[-1] else part
        if lines[-1] and width(longer) > columns:
            lines[-1] += " +"
            lines.append(part)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def line_of(i: int, points: int) -> dict[str, Any]:
    """Colour, dash and marker of the i-th line, its markers staggered so that no two lines share them."""
    colour, dash = STYLES[i % len(STYLES)]
    step = max(1, points // 8)
    return {
        "color": colour,
        "linestyle": dash,
        "linewidth": 1.6,
        "marker": MARKS[i % len(MARKS)],
        "markersize": 4.5,
        "markerfacecolor": "white" if i % 2 else colour,
        "markevery": (i * step // 6 % step, step),
    }


def rests_on(c: Comparison, key: str, lang: str, **values: Any) -> str:
    """The small print of a figure: what it shows, on how many replications, and of which seed and scenario."""
    return (
        say(key, lang, n=len(c.finished), **values)
        + " "
        + say("fig_rests", lang, seed=c.seed, hash=c.scenario.hash[:10])
    )


def head(figure: Figure, axes: Any, title: str, note: str) -> None:
    """Title, and under it in small print what the figure rests on."""
    figure.suptitle(title, fontsize=12)
    axes.set_title(note, **NOTE)


def legend_below(figure: Figure, c: Comparison) -> None:
    """One legend for all panels; one name a line where names are long."""
    figure.legend(loc="outside lower center", ncols=1 if len(c.options) > 2 else 3, frameon=False)


def mean_band(wide: Any) -> tuple[Any, Any]:
    """Mean over the columns (replications) and half the width of its 95 % interval; None where there is only one."""
    n = wide.shape[1]
    if n < 2:
        return wide.mean(axis=1), None
    return wide.mean(axis=1), student_t.ppf(0.975, n - 1) * wide.std(axis=1, ddof=1) / np.sqrt(n)


def _lines(axes: Any, c: Comparison, table: Any, index: str, values: str, lang: str) -> None:
    for i, name in enumerate(names_of(c)):
        wide = table[table.policy == name].pivot(index=index, columns="replicate", values=values)
        mean, half = mean_band(wide)
        axes.plot(wide.index, mean, label=label_of(c, name, lang), **line_of(i, len(wide)))
        if half is not None:
            axes.fill_between(
                wide.index, mean - half, mean + half, color=STYLES[i % len(STYLES)][0], alpha=0.18, linewidth=0
            )


def backlog_figure(c: Comparison, lang: str) -> Figure:
    """Open cases by day for today and every option, mean and its 95 % interval."""
    figure = Figure(figsize=(8.5, 4.8), layout="constrained")
    axes = figure.subplots()
    _lines(axes, c, c.daily[c.daily.day < c.scenario.time.days], "day", "open", lang)
    axes.set(xlabel=say("fig_day", lang), ylabel=say("fig_cases", lang))
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.yaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
    legend_below(figure, c)
    head(figure, axes, say("fig_backlog", lang), rests_on(c, "fig_band", lang))
    return figure


def curves_figure(c: Comparison, lang: str) -> Figure:
    """Share of the cases still unresolved by days since report, cut at 90 days, and the difference from today."""
    figure = Figure(figsize=(8.5, 4.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    here = c.curves[c.curves.window == c.headline]
    _lines(left, c, here, "day", "unresolved", lang)
    left.set(ylabel=say("fig_unresolved", lang), ylim=(0, 1))
    left.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1.0))
    wide = here.set_index(["policy", "replicate", "day"]).unresolved
    change = ((wide - wide.loc[BASELINE]) * 100).rename("change").reset_index()
    _lines(right, c, change, "day", "change", lang)
    right.set(ylabel=say("fig_unresolved_change", lang))
    right.axhline(0, color="#555555", linewidth=0.8)
    for axes in (left, right):
        axes.set(xlabel=say("fig_since", lang), xlim=(0, RESTRICTED_TO))
        axes.grid(axis="y", alpha=0.25)
    handles, names = left.get_legend_handles_labels()
    left.legend(handles, [wrapped(n, 34) for n in names], loc="upper right", fontsize=8, frameon=False)
    figure.suptitle(say("fig_curves", lang, window=window_label(c.headline, lang)), fontsize=12)
    figure.supxlabel(rests_on(c, "fig_curves_note", lang), **NOTE)
    return figure


def paired_figure(c: Comparison, lang: str) -> Figure:
    """Forest plot of the main measures; their primary outcomes are marked."""
    names = {k: ("* " if BY_KEY[k].primary else "") + measure_label(k, lang) for k in FOREST}
    return forest_figure(c, lang, names, "fig_paired")


def forest_figure(c: Comparison, lang: str, names: dict[str, str], title: str, beyond: float = np.inf) -> Figure:
    """Forest plot: paired differences with 95 % intervals, in per cent of today's value, headline window.

    Parameters
    ----------
    names : dict
        Measures and their labels, from the top down.
    title : str
        Key of the catalogue.
    beyond : float
        Per cent at which the axis ends at the latest; an arrow shows what lies beyond.

    """
    n, keys = len(c.options), list(names)
    figure = Figure(figsize=(9.0, 1.6 + 0.34 * len(keys) * max(1.0, 0.55 * n)), layout="constrained")
    axes = figure.subplots()
    reach = 1.0
    for i, option in enumerate(c.options):
        colour = STYLES[(i + 1) % len(STYLES)][0]
        mark: dict[str, Any] = {"marker": MARKS[(i + 1) % len(MARKS)], "color": colour, "markersize": 6}
        for k, key in enumerate(keys):
            r = c.row(option.name, key)
            scale = 100 / abs(r.baseline) if r.baseline else np.nan
            y = k + (i - (n - 1) / 2) * 0.7 / max(n, 1)
            at, filled = r.difference * scale, r.verdict in ("better", "worse")
            ends = np.array([r.ci_low, r.ci_high]) * scale
            axes.plot(ends, [y, y], color=colour, linewidth=2)
            if abs(at) > beyond:
                far: dict[str, Any] = mark | {"marker": "<" if at < 0 else ">"}
                axes.plot(np.sign(at) * beyond, y, markerfacecolor=colour if filled else "white", linestyle="", **far)
            axes.plot(at, y, markerfacecolor=colour if filled else "white", linestyle="", **mark)
            reach = max([reach, *(abs(x) for x in (*ends, at) if np.isfinite(x))])
        axes.plot([], [], label=label_of(c, option.name, lang), linestyle="", **mark)
    reach = min(reach, beyond) * 1.08
    for k, key in enumerate(keys):  # the better side of each measure is shaded and says so
        side = -1 if BY_KEY[key].better == "lower" else 1
        axes.fill_between([0, side * reach], k - 0.46, k + 0.46, color="#EDEDED", linewidth=0, zorder=0)
        word = say("fig_better_left" if side < 0 else "fig_better_right", lang)
        axes.text(side * reach * 0.99, k - 0.42, word, ha="left" if side < 0 else "right", va="top", **NOTE)
    axes.axvline(0, color="#555555", linewidth=1)
    axes.set_yticks(range(len(keys)), list(names.values()))
    axes.set(xlabel=say("fig_relative", lang), xlim=(-reach, reach), ylim=(len(keys) - 0.5, -0.5))
    axes.grid(axis="x", alpha=0.25)
    legend_below(figure, c)
    head(figure, axes, say(title, lang, window=window_label(c.headline, lang)), rests_on(c, "fig_interval", lang))
    return figure


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG (or by the path's suffix)."""
    figure.savefig(path, dpi=150)
