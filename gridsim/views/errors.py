"""Error lines in Chinese: their usual pieces are replaced where they are printed; all else stays as it was raised."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from pathlib import Path

SLOTS = {"a": r".+?", "b": r".+?", "n": r"\d+", "m": r"\d+"}


@cache
def pieces() -> list[tuple[re.Pattern[str], str]]:
    """Patterns and what stands for them in Chinese, in order."""
    told = tomllib.loads((Path(__file__).parent / "errors.toml").read_text(encoding="utf-8"))
    return [(re.compile(_pattern(en)), re.sub(r"\{(\w)\}", r"\\g<\1>", zh)) for en, zh in told.items()]


def _pattern(english: str) -> str:
    return re.sub(r"\\\{(\w)\\\}", lambda m: f"(?P<{m[1]}>{SLOTS[m[1]]})", re.escape(english))


def error_line(line: str, lang: str) -> str:
    """A line of an error in a language."""
    if lang == "zh":
        for pattern, chinese in pieces():
            line = pattern.sub(chinese, line)
    return line
