"""Figures of the city: who gains and loses by grid, the five tiers, and departments that work together."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from scipy.spatial import cKDTree

from gridsim.scenario.policies import BASELINE
from gridsim.scenario.scenario import Scenario
from gridsim.studies.comparison import Comparison
from gridsim.studies.saved import rows_of
from gridsim.views.figures import NOTE, head, label_of, rests_on, wrapped
from gridsim.views.labels import district_label, field_label, say, window_label

# Lightness falls all the way from gain to loss, so that the sign is seen in grey.
GAIN_TO_LOSS = LinearSegmentedColormap.from_list(
    "gain_to_loss", ["#FFF6B8", "#DCC564", "#A0A0A0", "#6A51A3", "#1B0433"]
)
COLUMNS = 2  # maps beside each other
FEW_GRIDS = 500  # below which every grid has an outline


def map_figure(c: Comparison, lang: str) -> Figure:
    """Every grid coloured by the difference of its mean open cases, a map for each option."""
    n = len(c.options)
    columns = min(COLUMNS, n)
    rows = math.ceil(n / columns)
    real = c.scenario.grids is not None and "x" in c.scenario.grids.columns
    place = c.register if real else packed(c.register)
    span_x, span_y = (float(np.ptp(place[k])) + 1 for k in ("x", "y"))
    width = 8.5 / columns
    figure = Figure(figsize=(8.5, 1.5 + rows * (0.55 + min(width * span_y / span_x, 4.2))), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False)
    changes = c.grids[c.grids.policy != BASELINE].backlog_difference.abs()
    most = float(np.quantile(changes, 0.98)) or float(changes.max()) or 1.0
    norm = Normalize(-most, most)
    for axes, option in zip(panels.flat, c.options, strict=False):
        here = c.grids[c.grids.policy == option.name]
        paint_grids(axes, c.scenario, place, GAIN_TO_LOSS, norm, lang)(here.backlog_difference.to_numpy())
        text = wrapped(label_of(c, option.name, lang), 56)
        axes.set_title(f"{text}\n{_shares(here, lang)}", fontsize=8, pad=12)
    for axes in panels.flat[n:]:
        axes.set_visible(False)
    bar = figure.colorbar(
        _mappable(norm), ax=list(panels.flat), orientation="horizontal", shrink=0.7, aspect=40, pad=0.02, extend="both"
    )
    bar.set_label(say("fig_map_bar", lang), fontsize=9)
    title = say("fig_map", lang, window=window_label(c.headline, lang))
    figure.suptitle(title + (f" · {say('schematic', lang)}" if not real else ""), fontsize=12)
    figure.supxlabel(rests_on(c, "fig_map_note", lang, grids=f"{len(place):,}"), fontsize=7.5, color="#444444")
    return figure


def packed(register: pd.DataFrame) -> pd.DataFrame:
    """Districts of a schematic map moved together, side by side in rows: where they lie means nothing."""
    place = register.copy()
    groups = list(place.groupby("district", sort=False).groups.items())
    across = math.ceil(math.sqrt(1.6 * len(groups)))
    left = low = tallest = 0.0
    for k, (_, rows) in enumerate(groups):
        if k % across == 0:
            left, low, tallest = 0.0, low - tallest, 0.0
        x, y = place.x[rows], place.y[rows]
        place.loc[rows, "x"], place.loc[rows, "y"] = x - x.min() + left, y - y.max() + low
        left += float(np.ptp(x)) + 4.0
        tallest = max(tallest, float(np.ptp(y)) + 7.0)
    return place


def paint_grids(
    axes: Any, scenario: Scenario, place: pd.DataFrame, cmap: Any, norm: Normalize, lang: str
) -> Callable[[np.ndarray], None]:
    """Draw every grid, a square or (dedicated) a diamond; what is returned colours them by a value each.

    Parameters
    ----------
    place : DataFrame
        One row a grid, as ``measures.territory.grid_register`` has them.

    """
    shapes: list[tuple[np.ndarray, PolyCollection]] = []
    span = float(np.ptp(place.x)) + 1
    side = _side(place[place.kind == "comprehensive"][["x", "y"]].to_numpy())
    corners = {
        "comprehensive": np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)]),
        "dedicated": np.array([(0, -0.36), (0.36, 0), (0, 0.36), (-0.36, 0)]),
    }
    for kind, shape in corners.items():
        k = (place.kind == kind).to_numpy()
        middles = place[k][["x", "y"]].to_numpy()
        outlines: Any = middles[:, None, :] + side * shape
        edge: dict[str, Any] = (
            {"edgecolors": "black", "linewidths": 0.3} if len(place) < FEW_GRIDS else {"linewidths": 0}
        )
        cells = PolyCollection(outlines, cmap=cmap, norm=norm, rasterized=True, **edge)
        axes.add_collection(cells)
        shapes.append((k, cells))
    axes.autoscale_view()
    for _, inside in place[place.kind == "comprehensive"].groupby("district"):
        low, high = inside[["x", "y"]].min() - 0.5 * side, inside[["x", "y"]].max() + 0.5 * side
        axes.add_patch(Rectangle((low.x, low.y), high.x - low.x, high.y - low.y, fill=False, linewidth=0.5))
    if len(scenario.districts) > 1:
        for name, inside in place.groupby("district"):
            text = district_label(scenario, str(name), lang)
            axes.text(
                inside.x.mean(),
                inside.y.max() + 0.5 * side + 0.006 * span,
                text,
                ha="center",
                va="bottom",
                fontsize=5.5,
            )
    axes.set_aspect("equal")
    axes.margins(0.04)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)

    def colour(values: np.ndarray) -> None:
        for rows, cells in shapes:
            cells.set_array(values[rows])

    return colour


def _side(middles: np.ndarray) -> float:
    """Side of a grid on the map: how far its nearest neighbour is, in the middle of all grids."""
    if len(middles) < 2:
        return 1.0
    return float(np.median(cKDTree(middles).query(middles, k=2)[0][:, 1])) or 1.0


def _shares(here: Any, lang: str) -> str:
    """How many grids have fewer and more open cases, and for how many the interval excludes zero."""
    change = here.backlog_difference
    shares = {"fewer": (change < 0).mean(), "more": (change > 0).mean()}
    shown = {k: f"{100 * v:.0f} %" for k, v in shares.items()}
    if here.backlog_ci_low.isna().all():
        return say("fig_map_shares", lang, **shown)
    clear = {"clearly_fewer": (here.backlog_ci_high < 0).mean(), "clearly_more": (here.backlog_ci_low > 0).mean()}
    return say("fig_map_clear", lang, **shown, **{k: f"{100 * v:.0f} %" for k, v in clear.items()})


def _mappable(norm: Normalize) -> Any:
    from matplotlib.cm import ScalarMappable

    return ScalarMappable(norm, GAIN_TO_LOSS)


TIERS = ("tier_city", "tier_district", "tier_street", "tier_community", "tier_grid")


def tree_figure(c: Comparison, lang: str) -> Figure:
    """The five tiers, aggregated: one row a district, with the number of its streets, communities and grids."""
    tree, texts, places = nx.DiGraph(), {}, {}
    districts = list(c.scenario.districts)
    counts = {d: _counts(c, d) for d in districts}
    middle = (len(districts) - 1) / 2
    tree.add_node("city")
    texts["city"], places["city"] = say("tier_city", lang), (0.0, middle)
    for k, d in enumerate(districts):
        before = "city"
        streets, communities, comprehensive, dedicated = counts[d]
        cells = [
            district_label(c.scenario, d, lang),
            f"{streets:,}",
            f"{communities:,}",
            f"{comprehensive:,} + {dedicated:,}",
        ]
        for tier, text in enumerate(cells, start=1):
            node = f"{d}/{tier}"
            tree.add_edge(before, node)
            texts[node], places[node] = text, (float(tier), float(k))
            before = node
    figure = Figure(figsize=(8.5, 1.4 + 0.34 * len(districts)), layout="constrained")
    axes = figure.subplots()
    nx.draw_networkx_edges(tree, places, ax=axes, arrows=False, edge_color="#888888", width=0.9)
    for node, (x, y) in places.items():
        box = {"facecolor": "white", "edgecolor": "black", "linewidth": 0.7, "boxstyle": "round,pad=0.25"}
        axes.text(x, y, texts[node], ha="center", va="center", fontsize=8, bbox=box)
    total = [sum(v[k] for v in counts.values()) for k in range(4)]
    sums = ["1", f"{len(districts):,}", f"{total[0]:,}", f"{total[1]:,}", f"{total[2]:,} + {total[3]:,}"]
    for tier, (key, number) in enumerate(zip(TIERS, sums, strict=True)):
        axes.text(
            tier, -0.85, f"{say(key, lang)}: {number}", ha="center", va="bottom", fontsize=8.5, fontweight="normal"
        )
    axes.set(xlim=(-0.45, 4.5), ylim=(len(districts) - 0.4, -1.2))
    axes.axis("off")
    head(figure, axes, say("fig_tree", lang), say("fig_tree_note", lang, hash=c.scenario.hash[:10]))
    return figure


def _counts(c: Comparison, district: str) -> tuple[int, int, int, int]:
    here = c.register[c.register.district == district]
    dedicated = int((here.kind == "dedicated").sum())
    return here.street.nunique(), here.community.nunique(), len(here) - dedicated, dedicated


def linkage_figure(c: Comparison, lang: str) -> Figure | None:
    """Departments joined by the cases they worked on together: today, and the option with the most such cases."""
    total = c.joint.groupby("policy", sort=False).cases.sum()
    if not total.max() > 0:
        return None
    options = total.drop(BASELINE)
    shown = [BASELINE, str(options.idxmax())]
    figure = Figure(figsize=(8.5, 4.2), layout="constrained")
    panels = figure.subplots(1, 2)
    widest = float(c.joint.cases[c.joint.policy.isin(shown)].max())
    for axes, name in zip(panels, shown, strict=True):
        _network(axes, c, name, widest, lang)
        axes.set_title(
            f"{label_of(c, name, lang)}\n{say('fig_linkage_total', lang, total=f'{total[name]:,.0f}')}", fontsize=9
        )
    figure.suptitle(say("fig_linkage", lang, window=window_label(c.headline, lang)), fontsize=12)
    figure.supxlabel(rests_on(c, "fig_linkage_note", lang), **NOTE)
    return figure


def _network(axes: Any, c: Comparison, name: str, widest: float, lang: str) -> None:
    graph = nx.Graph()
    graph.add_nodes_from(c.scenario.fields)
    for r in rows_of(c.joint[(c.joint.policy == name) & (c.joint.cases > 0)]):
        graph.add_edge(r.one, r.other, weight=r.cases)
    places = nx.circular_layout(graph)
    shares = np.array([d["weight"] for _, _, d in graph.edges(data=True)]) / widest
    nx.draw_networkx_edges(
        graph, places, ax=axes, width=list(0.3 + 6 * shares), edge_color=[str(0.8 - 0.6 * s) for s in shares]
    )
    nx.draw_networkx_nodes(graph, places, ax=axes, node_size=90, node_color="white", edgecolors="black")
    for field, (x, y) in places.items():
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.2, "alpha": 0.85}
        side = "center" if abs(x) < 0.1 else "left" if x > 0 else "right"  # outside the ring, over no line
        axes.text(x * 1.12, y * 1.14, field_label(c.scenario, field, lang), ha=side, va="center", fontsize=8, bbox=box)
    heaviest = sorted(graph.edges(data=True), key=lambda e: -e[2]["weight"])[:3]
    for one, other, d in heaviest:
        at = (places[one] + places[other]) / 2
        box = {"facecolor": "white", "edgecolor": "black", "linewidth": 0.4, "pad": 1.2}
        axes.text(*at, f"{d['weight']:,.0f}", ha="center", va="center", fontsize=8, bbox=box)
    axes.set(xlim=(-2.1, 2.1), ylim=(-1.25, 1.25), aspect="equal")
    axes.axis("off")
