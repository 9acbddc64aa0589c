"""Figures (matplotlib): each says its unit, its replications and what its band is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.figure import Figure
from scipy.stats import t as student_t

from gridsim.measures import BY_KEY
from gridsim.scenario.policies import BASELINE
from gridsim.studies.comparison import Comparison
from gridsim.views.labels import measure_label, option_label, say, window_label

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
            "axes.spines.top": False,
            "axes.spines.right": False,
            "font.size": 10,
            "figure.dpi": 120,
        }
    ):
        yield


def backlog_figure(c: Comparison, lang: str) -> Figure:
    """Open cases by day for today and every option, mean and its 95 % interval."""
    figure = Figure(figsize=(8.5, 4.8), layout="constrained")
    axes = figure.subplots()
    measured = c.daily[c.daily.day < c.scenario.time.days]
    for i, name in enumerate([BASELINE, *(o.name for o in c.options)]):
        colour, line = STYLES[i % len(STYLES)]
        wide = measured[measured.policy == name].pivot(index="day", columns="replicate", values="open")
        mean, n = wide.mean(axis=1), wide.shape[1]
        label = say("baseline", lang) if name == BASELINE else _plain(option_label(c, name, lang))
        axes.plot(wide.index, mean, color=colour, linestyle=line, linewidth=1.6, label=label)
        if n > 1:
            half = student_t.ppf(0.975, n - 1) * wide.std(axis=1, ddof=1) / np.sqrt(n)
            axes.fill_between(wide.index, mean - half, mean + half, color=colour, alpha=0.18, linewidth=0)
    axes.set(xlabel=say("fig_day", lang), ylabel=say("fig_cases", lang))
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)
    axes.yaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
    figure.legend(loc="outside lower center", ncols=1 if len(c.options) > 2 else 3, frameon=False)
    _head(
        figure,
        say("fig_backlog", lang),
        say("fig_band", lang, n=len(c.finished), seed=c.seed, hash=c.scenario.hash[:10]),
    )
    return figure


def paired_figure(c: Comparison, lang: str) -> Figure:
    """Forest plot: paired differences with 95 % intervals, in per cent of today's value, headline window."""
    n = len(c.options)
    figure = Figure(figsize=(9.0, 1.6 + 0.34 * len(FOREST) * max(1.0, 0.55 * n)), layout="constrained")
    axes = figure.subplots()
    marks = "osD^vP"
    for i, option in enumerate(c.options):
        colour = STYLES[(i + 1) % len(STYLES)][0]
        for k, key in enumerate(FOREST):
            r = c.row(option.name, key)
            scale = 100 / abs(r.baseline) if r.baseline else np.nan
            y = k + (i - (n - 1) / 2) * 0.7 / max(n, 1)
            filled = r.verdict in ("better", "worse")
            axes.plot([r.ci_low * scale, r.ci_high * scale], [y, y], color=colour, linewidth=2)
            axes.plot(
                r.difference * scale,
                y,
                marks[i % len(marks)],
                color=colour,
                markersize=6,
                markerfacecolor=colour if filled else "white",
            )
        name = _plain(option_label(c, option.name, lang))
        axes.plot([], [], marks[i % len(marks)], color=colour, markersize=6, label=name)
    axes.axvline(0, color="#555555", linewidth=1)
    axes.set_yticks(range(len(FOREST)), [("* " if BY_KEY[k].primary else "") + measure_label(k, lang) for k in FOREST])
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.25)
    axes.set(xlabel=say("fig_relative", lang))
    figure.legend(loc="outside lower center", ncols=1 if n > 2 else 3, frameon=False)
    _head(
        figure,
        say("fig_paired", lang, window=window_label(c.headline, lang)),
        say("fig_interval", lang, n=len(c.finished), seed=c.seed, hash=c.scenario.hash[:10]),
    )
    return figure


def _plain(text: str) -> str:
    return text.replace("$", r"\$")  # a dollar sign would start mathematics


def _head(figure: Figure, title: str, note: str) -> None:
    """Title, and under it in small print what the figure rests on."""
    figure.suptitle(title, fontsize=12)
    figure.axes[0].set_title(note, fontsize=7.5, color="#444444")


def save(figure: Figure, path: Path) -> None:
    """Write a figure as PNG (or by the path's suffix)."""
    figure.savefig(path, dpi=150)
