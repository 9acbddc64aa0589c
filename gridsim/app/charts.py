"""The charts of the page. Each is drawn once and then only given new values, so that it shows many days a second."""

from __future__ import annotations

import io
import threading
from typing import Any

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator
from PIL import Image

from gridsim.app.pair import SHOWN_BEFORE, Pair
from gridsim.measures.registry import RESTRICTED_TO
from gridsim.measures.territory import grid_register
from gridsim.views.figures import STYLES, style
from gridsim.views.figures_city import packed, paint_grids
from gridsim.views.labels import say

SIZE = (5.4, 3.3)  # inches, of a chart
DPI = 110
FEWEST = 4  # cases at the dark end of the map, at least
LAST_DAYS = (28, 56, 91, 182, 365, 547, 730, 820, 1095)  # at which the time axis may end
_whole = FuncFormatter(lambda x, _: f"{x:,.0f}".replace("-", "−"))
_matplotlib = threading.Lock()  # its settings are the process's


class Chart:
    """A figure drawn anew from a pair. Its ground (axes, ticks, letters) is drawn only where the limits change."""

    def __init__(self, pair: Pair, lang: str) -> None:
        self.lang = lang
        self.drawn: tuple[Any, Any] = (-1, None)  # limits, and the ground drawn for them
        with _matplotlib, style():
            self.figure = Figure(figsize=SIZE, dpi=DPI)
            self.canvas = FigureCanvasAgg(self.figure)
            self.axes = self.figure.add_axes((0.115, 0.15, 0.865, 0.82))
            self.moving = self.set_up(pair)
        for artist in self.moving:
            artist.set_animated(True)

    def set_up(self, pair: Pair) -> list[Any]:
        """Draw what stays; returns the artists that change with the days."""
        raise NotImplementedError

    def refresh(self, pair: Pair) -> Any:
        """Give these artists today's values; returns the limits that the ground depends on."""
        raise NotImplementedError

    def png(self, pair: Pair) -> bytes:
        """The chart of a pair as it is, the same bytes for the same state."""
        with _matplotlib:
            limits = self.refresh(pair)
            if self.drawn[0] != limits:
                self.canvas.draw()
                self.drawn = limits, self.canvas.copy_from_bbox(self.figure.bbox)
            self.canvas.restore_region(self.drawn[1])
            for artist in self.moving:
                self.figure.draw_artist(artist)
            out = io.BytesIO()
            Image.fromarray(np.asarray(self.canvas.buffer_rgba())).convert("RGB").save(out, "png", compress_level=1)
        return out.getvalue()

    def _lines(self) -> list[Any]:
        looks: list[dict[str, Any]] = [{"color": c, "linestyle": d, "linewidth": 1.8} for c, d in STYLES[:2]]
        names = [say(f"app_side_{k}", self.lang) for k in (0, 1)]
        return [self.axes.plot([], [], **look, label=name)[0] for look, name in zip(looks, names, strict=True)]

    def _finish(self, x: str) -> None:
        self.axes.set_xlabel(say(x, self.lang))
        self.axes.grid(axis="y", alpha=0.25)
        self.axes.legend(loc="upper right", frameon=False, fontsize=9, ncols=2)


class Backlog(Chart):
    """Open cases by day, both sides; the common past is left of the upright line."""

    def set_up(self, pair: Pair) -> list[Any]:
        """Axes, a line each."""
        self.lines = self._lines()
        self.axes.axvline(0, color="#888888", linewidth=0.8)
        self.axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
        self.axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))
        for axis in (self.axes.xaxis, self.axes.yaxis):
            axis.set_major_formatter(_whole)
        self._finish("fig_day")
        return self.lines

    def refresh(self, pair: Pair) -> Any:
        """Days up to now."""
        most = 1.0
        for k, line in enumerate(self.lines):
            days, cases = pair.daily(k, "open")
            line.set_data(days, cases)
            most = max(most, float(cases.max(initial=0)))
        limits = next((d for d in LAST_DAYS if d >= pair.day), pair.day), _round_up(1.12 * most)
        self.axes.set(xlim=(-SHOWN_BEFORE, limits[0]), ylim=(0, limits[1]))
        return limits


class Unresolved(Chart):
    """Share of the cases reported since day 0 that is still unresolved, by days since the report, both sides."""

    def set_up(self, pair: Pair) -> list[Any]:
        """Axes, a line each."""
        self.lines = self._lines()
        self.axes.set(xlim=(0, RESTRICTED_TO), ylim=(0, 1.0))
        self.axes.xaxis.set_major_locator(FixedLocator(range(0, int(RESTRICTED_TO) + 1, 15)))
        self.axes.xaxis.set_major_formatter(_whole)
        self.axes.yaxis.set_major_formatter(matplotlib.ticker.PercentFormatter(1.0, decimals=0))
        self._finish("fig_since")
        return self.lines

    def refresh(self, pair: Pair) -> Any:
        """Cases up to now."""
        for k, line in enumerate(self.lines):
            line.set_data(*pair.unresolved(k))
        return None


class Map(Chart):
    """The grids, coloured by their open cases; one scale for both sides."""

    def __init__(self, pair: Pair, lang: str, which: int) -> None:
        self.which = which
        super().__init__(pair, lang)

    def set_up(self, pair: Pair) -> list[Any]:
        """Grids and bar."""
        scenario = pair.setup.scenario
        place = grid_register(pair.setup.city)
        if scenario.grids is None or "x" not in scenario.grids.columns:
            place = packed(place)
        self.norm = Normalize(0, FEWEST)
        self.axes.set_position((0.02, 0.02, 0.82, 0.96))
        cmap = matplotlib.colormaps["YlOrBr"]
        before = set(self.axes.get_children())
        self.colour = paint_grids(self.axes, scenario, place, cmap, self.norm, self.lang)
        moving = [a for a in self.axes.get_children() if a not in before]
        bar = self.figure.add_axes((0.88, 0.1, 0.028, 0.8))
        shades = matplotlib.cm.ScalarMappable(self.norm, cmap)
        self.figure.colorbar(shades, cax=bar, ticks=MaxNLocator(4, integer=True), format=_whole)
        return moving

    def refresh(self, pair: Pair) -> Any:
        """Colours, and the scale that both sides share."""
        both = [pair.open_by_grid(k) for k in (0, 1)]
        self.norm.vmax = _round_up(max(FEWEST, *(x.max() for x in both)))
        self.colour(both[self.which].astype(float))
        return self.norm.vmax


def _round_up(x: float) -> float:
    """The next 1, 1.2, 1.6, 2, 3, 4, 6, 8 or 10 times a power of ten."""
    ten = 10.0 ** np.floor(np.log10(x))
    return float(next(k * ten for k in (1, 1.2, 1.6, 2, 3, 4, 6, 8, 10) if k * ten >= x))
