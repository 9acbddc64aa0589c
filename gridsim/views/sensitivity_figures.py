"""Figures of a sensitivity analysis: bars with intervals, Morris' plane, second orders; the dummy is in each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from gridsim.scenario.parameters import REGISTRY
from gridsim.studies.point import DUMMY
from gridsim.studies.sensitivity.indices import MAIN
from gridsim.studies.sensitivity.spec import MORRIS
from gridsim.studies.study import Study
from gridsim.views.figures import NOTE, wrapped
from gridsim.views.labels import measure_label, say, unit_label

SHOWN, MEASURES_SHOWN, OUTPUTS_SHOWN = 15, 2, 2  # factors a panel, measures, and outputs of each (today, one policy)
NAMED, LABEL = 12, 0.075  # points named in a plane, the dummy among them; height of a name, of the plane's
GREY, BLUE, RED = "#999999", "#0072B2", "#D55E00"
Tables = dict[str, pd.DataFrame]


def factor_label(key: str, lang: str) -> str:
    """Name of a factor or of a group."""
    if key == DUMMY:
        return say("sens_dummy", lang)
    return f"{REGISTRY[key].chinese} {key}" if lang == "zh" and key in REGISTRY else key


def output_label(measure: str, effect_of: str, lang: str) -> str:
    """Name of an output: a measure, or a policy's effect on it."""
    name = measure_label(measure, lang)
    return say("sens_effect", lang, policy=effect_of, measure=name) if effect_of else name


def index_label(index: str, unit: str, lang: str) -> str:
    """Name of an index, with its unit where it has one."""
    text = say(f"sens_index_{index}", lang)
    return f"{text} ({unit_label(unit, lang)})" if index in ("mu_star", "sigma") else text


def bars(study: Study, tables: Tables, lang: str) -> Figure:
    """The main index of the largest factors and of the dummy, with 95 % intervals; the dummy's line runs through."""
    panels = list(_panels(study, tables["indices"]))
    figure, axes = _figure(study, panels, tables["indices"], 4.4, lang)
    for a, (_, _, table) in zip(axes, panels, strict=False):
        index = MAIN[str(table.method.iloc[0])]
        main = _largest(table, index)
        y, x = np.arange(len(main)), main.value.to_numpy(dtype=float)
        colours = [
            RED if f == DUMMY else BLUE if up else GREY for f, up in zip(main.factor, main.above_floor, strict=True)
        ]
        spread = np.nan_to_num(np.abs(np.array([x - main.ci_low, main.ci_high - x])))
        hatches = ["//" if f == DUMMY else "" for f in main.factor]
        a.barh(y, x, xerr=spread, color=colours, hatch=hatches, edgecolor="white", capsize=2, height=0.7)
        dummy = main[main.factor == DUMMY].iloc[0]
        a.axvline(dummy.value, color=RED, linestyle="--", linewidth=1)
        a.axvspan(max(0.0, dummy.ci_low), max(0.0, dummy.ci_high), color=RED, alpha=0.12, linewidth=0)
        a.set_yticks(y, [wrapped(factor_label(f, lang), 36) for f in main.factor], fontsize=7.5)
        a.invert_yaxis()
        a.set_xlabel(index_label(index, str(main.unit.iloc[0]), lang), fontsize=9)
    return figure


def plane(study: Study, tables: Tables, lang: str) -> Figure | None:
    """Morris' plane: mean absolute effect and its spread; named are the largest factors above the dummy."""
    if tables["indices"].method.iloc[0] != MORRIS:
        return None
    panels = list(_panels(study, tables["indices"]))
    figure, axes = _figure(study, panels, tables["indices"], 4.2, lang)
    for a, (_, _, table) in zip(axes, panels, strict=False):
        wide = table.pivot(index="factor", columns="index", values="value")
        above = set(table[table.above_floor].factor)
        unit = str(table.unit.iloc[0])
        for f, row in wide.iterrows():
            mark, colour = ("D", RED) if f == DUMMY else ("o", BLUE) if f in above else ("o", GREY)
            a.plot(row.mu_star, row.sigma, mark, color=colour, markersize=5)
        main = _largest(table, "mu_star").factor
        named = [f for f in main if f in above and f != DUMMY][: NAMED - 1]
        floor = table[(table.factor == DUMMY) & (table["index"] == "mu_star")].ci_high.iloc[0]
        a.axvline(floor, color=RED, linestyle="--", linewidth=1)
        most = float(np.nanmax(wide[["mu_star"]].to_numpy()))
        a.plot([0, most], [0, most], color="black", linestyle=":", linewidth=1)
        a.set_xlabel(index_label("mu_star", unit, lang), fontsize=9)
        a.set_ylabel(index_label("sigma", unit, lang), fontsize=9)
        _name_beside(a, wide.loc[[*named, DUMMY]], lang)
    return figure


def _name_beside(axes: Any, points: pd.DataFrame, lang: str) -> None:
    """Name points of the plane in a column right of it, in the order of their height, with a line to each."""
    points = points.sort_values("sigma")
    low, high = axes.get_ylim()
    heights = (points.sigma.to_numpy(dtype=float) - low) / (high - low)
    for (f, row), y in zip(points.iterrows(), spaced(heights, LABEL), strict=True):
        axes.annotate(
            wrapped(factor_label(str(f), lang), 28), (row.mu_star, row.sigma), (1.03, y), fontsize=7, va="center",
            textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.5, "relpos": (0, 0.5), "shrinkB": 3},
        )  # fmt: skip


def spaced(heights: np.ndarray, gap: float) -> np.ndarray:
    """Heights from 0 to 1, in order, moved up and then down as little as leaves ``gap`` between neighbours."""
    out = np.clip(heights, 0.0, 1.0)
    for k in range(1, len(out)):
        out[k] = max(out[k], out[k - 1] + gap)
    top = 1.0
    for k in range(len(out) - 1, -1, -1):
        out[k] = min(out[k], top)
        top = out[k] - gap
    return out


def second_order(study: Study, tables: Tables, lang: str) -> Figure | None:
    """Heat map of second-order indices; a pair whose interval excludes zero has a frame of dots."""
    if "S2" not in set(tables["indices"]["index"]):
        return None
    panels = list(_panels(study, tables["indices"]))
    figure, axes = _figure(study, panels, tables["indices"], 4.6, lang)
    for a, (_, _, table) in zip(axes, panels, strict=False):
        pairs = table[table["index"] == "S2"]
        names = list(dict.fromkeys([*pairs.factor, *pairs.other]))
        grid = np.full((len(names), len(names)), np.nan)
        for r in pairs.itertuples(index=False):
            j, k = names.index(str(r.factor)), names.index(str(r.other))
            grid[k, j] = float(str(r.value))
            if float(str(r.ci_low)) > 0 or float(str(r.ci_high)) < 0:
                a.plot(j, k, "o", color="black", markersize=3)
        most = max(0.05, float(np.nanmax(np.abs(grid))))
        image = a.imshow(grid, cmap="PuOr", vmin=-most, vmax=most)
        labels = [wrapped(factor_label(n, lang), 24) for n in names]
        a.set_xticks(range(len(names)), labels, fontsize=6.5, rotation=90)
        a.set_yticks(range(len(names)), labels, fontsize=6.5)
        figure.colorbar(image, ax=a, shrink=0.7, label=index_label("S2", "", lang))
    return figure


MORE: dict[str, Callable[[Study, Tables, str], Figure | None]] = {
    "plane.png": plane,
    "second_order.png": second_order,
}


def _panels(study: Study, indices: pd.DataFrame) -> Iterator[tuple[str, str, pd.DataFrame]]:
    """(measure, policy, its rows) of the outputs drawn: the first measures, today and under the first policy."""
    here = indices[(indices.scenario == indices.scenario.iloc[0]) & indices.value.notna()]
    outputs = list(dict.fromkeys(indices.effect_of))[:OUTPUTS_SHOWN]
    for measure in [m for m in study.told.measures if m in set(here.measure)][:MEASURES_SHOWN]:
        for effect_of in outputs:
            table = here[(here.measure == measure) & (here.effect_of == effect_of)]
            if not table.empty:
                yield measure, effect_of, table


def _largest(table: pd.DataFrame, index: str) -> pd.DataFrame:
    """The rows of an index, the largest first; the dummy is always among them."""
    rows = table[(table["index"] == index) & (table.other == "")].sort_values("value", ascending=False)
    kept = rows[rows.factor != DUMMY].head(SHOWN)
    return pd.concat([kept, rows[rows.factor == DUMMY]]).sort_values("value", ascending=False)


def _figure(
    study: Study, panels: list[tuple[str, str, pd.DataFrame]], indices: pd.DataFrame, height: float, lang: str
) -> tuple[Figure, list[Any]]:
    columns = min(2, max(1, len(panels)))
    rows = max(1, -(-len(panels) // columns))
    figure = Figure(figsize=(11, height * rows + 0.8), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for empty in axes[len(panels) :]:
        empty.set_visible(False)
    for a, (measure, effect_of, _) in zip(axes, panels, strict=False):
        a.set_title(wrapped(output_label(measure, effect_of, lang), 60), fontsize=10)
    figure.suptitle((lang == "zh" and study.told.chinese) or study.told.title, fontsize=12)
    told = {"method": say(f"sens_{indices.method.iloc[0].replace('-', '_')}", lang), "n": int(indices.n.iloc[0])}
    note = say("sens_fig_note", lang, seed=study.told.seed, replications=study.told.replications, **told)
    figure.text(0.5, -0.01, note, ha="center", va="top", **NOTE)
    return figure, axes
