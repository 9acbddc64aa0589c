"""Words in English and Chinese: one catalogue, looked up by key."""

from __future__ import annotations

import tomllib
import unicodedata
from functools import cache
from pathlib import Path
from typing import Any

from gridsim.measures import BY_KEY
from gridsim.scenario.scenario import Scenario
from gridsim.studies.comparison import Comparison

LANGUAGES = ("en", "zh")
BOTH = "both"
CATALOGUES = ("labels.toml", "story.toml", "elements.toml")


def languages(lang: str) -> tuple[str, ...]:
    """The languages of an option ``--lang``: one, or both."""
    return LANGUAGES if lang == BOTH else (lang,)


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """The whole catalogue, key to language to text."""
    here = Path(__file__).parent
    return {k: v for f in CATALOGUES for k, v in tomllib.loads((here / f).read_text(encoding="utf-8")).items()}


@cache
def terms() -> dict[str, dict[str, str]]:
    """Chinese of units, choices, sources and the like, by kind and English term."""
    return tomllib.loads((Path(__file__).parent / "terms.toml").read_text(encoding="utf-8"))


def term(kind: str, text: str, lang: str) -> str:
    """A term of the registry or of a policy in a language; what a user has written himself stays as it is."""
    return terms()[kind].get(text, text) if lang == "zh" else text


def say(key: str, lang: str, **values: Any) -> str:
    """The text of a key in a language, with its values filled in."""
    text = catalogue()[key][lang]
    return text.format(**values) if values else text


def measure_label(key: str, lang: str) -> str:
    """Name of a measure."""
    m = BY_KEY[key]
    return m.chinese if lang == "zh" else m.english


def unit_label(unit: str, lang: str) -> str:
    """Unit of a measure."""
    return term("units", unit, lang)


def option_label(comparison: Comparison, name: str, lang: str) -> str:
    """Title of a policy option."""
    option = next(o for o in comparison.options if o.name == name)
    return option.chinese if lang == "zh" else option.title


GROUPS = {
    "patrol": "group_patrol",
    "resident": "group_resident",
    "video": "group_video",
    "warning": "group_warning",
    "easy": "group_easy",
    "middle": "group_middle",
    "hard": "group_hard",
    "home": "group_home",
    "site": "group_site",
    "rural": "group_rural",
    "urban": "group_urban",
    "centre": "group_centre",
    "edge": "group_edge",
}


def group_label(scenario: Scenario, family: str, group: str, lang: str) -> str:
    """Name of a group of cases: a category, a district, or one of the catalogue."""
    table = {"category": scenario.categories, "district": scenario.districts}.get(family)
    if table is None:
        return say(GROUPS[group], lang)
    return (table[group].chinese if lang == "zh" else "") or group.replace("_", " ")


def field_label(scenario: Scenario, field: str, lang: str) -> str:
    """Name of a department field."""
    return (scenario.fields[field] if lang == "zh" else "") or field.replace("_", " ")


def district_label(scenario: Scenario, district: str, lang: str) -> str:
    """Name of a district."""
    return (scenario.districts[district].chinese if lang == "zh" else "") or district.replace("_", " ")


def place_label(scenario: Scenario, kind: str, unit: str, lang: str) -> str:
    """Name of a department (``district.field``) or a community (its own, or ``community-3`` where it has none)."""
    if kind == "community" and scenario.grids is None:
        return unit.replace("community-", say("community", lang) + " ")
    if kind == "community" or lang != "zh":
        return unit
    district, field = unit.split(".")
    where = scenario.districts[district].chinese if district in scenario.districts else say("city_level", lang)
    return f"{where or district}·{scenario.fields[field]}"


def window_label(window: str, lang: str) -> str:
    """``days 365-730`` in a language."""
    first, last = window.removeprefix("days ").split("-")
    return say("window", lang, first=first, last=last)


def number(x: float, unit: str, sign: bool = False, lang: str = "en") -> str:
    """A value as people read it: shares in per cent, their differences in points, counts whole, times to hundredths."""
    if x != x:
        return "–"
    plus = "+" if sign else ""
    if unit.startswith("share"):
        points = "个百分点" if lang == "zh" else "pp"
        return (f"{100 * x:{plus}.2f} {points}" if sign else f"{100 * x:.2f} %").replace("-", "−")
    digits = 3 if unit == "index" else 0 if abs(x) >= 1000 else 1 if abs(x) >= 100 else 2
    return f"{x:{plus},.{digits}f}".replace("-", "−")


def interval(row: Any) -> str:
    """``[low, high]`` of a row of the comparison."""
    if row.ci_low != row.ci_low:
        return "[–]"
    if row.unit.startswith("share"):
        return f"[{100 * row.ci_low:+.2f}, {100 * row.ci_high:+.2f}]".replace("-", "−")
    return f"[{number(row.ci_low, row.unit, True)}, {number(row.ci_high, row.unit, True)}]"


def width(text: str) -> int:
    """Columns a text takes on a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def pad(text: str, columns: int, right: bool = False) -> str:
    """Fill a text with blanks to a width in columns."""
    blanks = " " * max(0, columns - width(text))
    return blanks + text if right else text + blanks


def aligned(rows: list[list[str]], right: tuple[int, ...] = ()) -> str:
    """Rows of cells as an aligned table; ``right`` lists the columns set flush right."""
    widths = [max(width(r[i]) for r in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(pad(c, w, i in right) for i, (c, w) in enumerate(zip(r, widths, strict=True))) for r in rows]
    return "\n".join(line.rstrip() for line in lines)
