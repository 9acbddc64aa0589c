"""Make the Chinese font that the figures use: a subset of Noto Sans CJK SC (SIL Open Font License 1.1).

    apt-get download fonts-noto-cjk && dpkg-deb -x fonts-noto-cjk_*.deb noto
    python experiments/make_font.py noto/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc

Keeps ASCII, Latin-1, GB 2312, and the punctuation and signs that the labels use. The Debian package carries the licence
(usr/share/doc/fonts-noto-cjk/copyright); it is shipped as gridsim/views/fonts/OFL.txt.
"""

from __future__ import annotations

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection

TARGET = Path(__file__).resolve().parents[1] / "gridsim" / "views" / "fonts" / "NotoSansSC-gridsim.otf"
EXTRA = "–—−→←↑↓·…“”‘’≤≥±×÷ρλμσΔ√∞％℃①②③④⑤⑥⑦⑧⑨⑩"


def gb2312() -> set[str]:
    rows = (bytes([a, b]) for a in range(0xA1, 0xF8) for b in range(0xA1, 0xFF))
    return {c for raw in rows for c in raw.decode("gb2312", errors="ignore")}


def main(source: str) -> None:
    fonts = TTCollection(source).fonts
    font = next(f for f in fonts if f["name"].getDebugName(1) == "Noto Sans CJK SC")
    options = Options()
    options.layout_features = []
    options.name_IDs = ["*"]
    options.notdef_outline = True
    options.hinting = False
    options.desubroutinize = False
    subsetter = Subsetter(options)
    latin = {chr(i) for i in range(0x20, 0x7F)} | {chr(i) for i in range(0xA0, 0x100)}
    subsetter.populate(text="".join(sorted(latin | gb2312() | set(EXTRA))))
    subsetter.subset(font)
    font.save(TARGET)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1e6:.2f} MB, version {font['name'].getDebugName(5)}")


if __name__ == "__main__":
    main(sys.argv[1])
