"""Mesa's page in our languages, and the look of the page."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import solara

from gridsim.scenario.parameters import PARAMETERS
from gridsim.views.labels import catalogue, terms
from gridsim.views.report import font_face

MESA = "app_mesa_"


class _Worded:
    """Solara, with the labels that Mesa gives it looked up in our catalogue; what is not there stays as it is."""

    def __init__(self, lang: str) -> None:
        words = {t["en"]: t[lang] for key, t in catalogue().items() if key.startswith(MESA)}
        for name in ("Button", "Card", "Checkbox", "SliderInt", "Text"):
            setattr(self, name, self._worded(getattr(solara, name), words))

    def __getattr__(self, name: str) -> Any:
        return getattr(solara, name)

    @staticmethod
    def _worded(component: Any, words: dict[str, str]) -> Any:
        def worded(text: Any) -> Any:
            if not isinstance(text, str):
                return text
            head, blank, rest = text.partition(" ")
            return words.get(text) or (words[head] + blank + rest if head.endswith(":") and head in words else text)

        def element(*args: Any, **options: Any) -> Any:
            return component(*map(worded, args), **{k: worded(v) if k == "label" else v for k, v in options.items()})

        return element


def in_language(module: ModuleType, lang: str) -> None:
    """Let a module of Mesa, which says its words in English only, say them in a language."""
    module.solara = _cached(lang)  # type: ignore[attr-defined]


_cached = cache(_Worded)


@cache
def style_sheet(lang: str, names: str) -> str:
    """The page's CSS, in Chinese with the letters of our words and of ``names``, which it needs."""
    text = (Path(__file__).parent / "page.css").read_text(encoding="utf-8")
    if lang != "zh":
        return text
    words = [t for entry in (*catalogue().values(), *terms().values()) for t in entry.values()]
    return font_face(set(names).union(*words, *(p.chinese for p in PARAMETERS))) + text
