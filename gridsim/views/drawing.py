"""Figures as SVG inside a page: no ids that clash, no more bytes than print can show, the same bytes every time."""

from __future__ import annotations

import base64
import io
import re

from matplotlib.figure import Figure
from PIL import Image

GLYPH = r"(?:DejaVuSans|NotoSans)[\w-]*-[0-9a-f]+"  # ids of the outlines of letters


def svg(figure: Figure, name: str) -> str:
    """A figure as an SVG element; ``name`` keeps its ids apart from other figures', letters are the same in all."""
    out = io.StringIO()
    figure.savefig(out, format="svg", dpi=110, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>\s*", "", text, flags=re.S)
    text = re.sub(r'data:image/png;base64,\s*([^"]+)', lambda m: _fewer_colours(m.group(1)), text)
    own = rf"(?!{GLYPH}\b)([^\")]+)"
    text = re.sub(rf'\bid="{own}"', rf'id="{name}-\1"', text)
    text = re.sub(rf'href="#{own}"', rf'href="#{name}-\1"', text)
    text = re.sub(rf"url\(#{own}\)", rf"url(#{name}-\1)", text)
    text = re.sub(r' (?:width|height)="[\d.]+pt"', "", text, count=2)
    text = re.sub(r' d="[^"]*"', lambda d: re.sub(r"(\d\.\d)\d+", r"\1", d.group()), text)  # a tenth of a point
    return re.sub(r"\n\s+", "\n", text)


def share_letters(page: str) -> str:
    """A page in which the outline of every letter stands once, in the first figure that needs it."""
    seen: set[str] = set()

    def once(found: re.Match[str]) -> str:
        if found.group(1) in seen:
            return ""
        seen.add(found.group(1))
        return found.group()

    return re.sub(rf'<path id="({GLYPH})"[^>]*?/>\s*', once, page, flags=re.S)


def _fewer_colours(data: str) -> str:
    """A raster inside an SVG as a PNG of 64 colours: a map takes a fifth of the bytes and looks the same."""
    image = Image.open(io.BytesIO(base64.b64decode(data))).quantize(64, method=Image.Quantize.FASTOCTREE)
    out = io.BytesIO()
    image.save(out, format="png", optimize=True)
    return "data:image/png;base64," + base64.b64encode(out.getvalue()).decode("ascii")
