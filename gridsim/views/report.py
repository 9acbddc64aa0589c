"""One self-contained page and one workbook from a saved comparison, for ``compare`` and for ``report``."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from matplotlib.figure import Figure

from gridsim.studies.comparison import Comparison
from gridsim.studies.elements import card
from gridsim.studies.saved import BASELINES, MANIFEST, TABLES, Saved, load_comparison, load_several, write_csv
from gridsim.views.brief import SECTIONS, answer_sentence, title_of
from gridsim.views.brief_doubts import baseline_rows
from gridsim.views.drawing import share_letters, svg
from gridsim.views.elements import elements_figure
from gridsim.views.equal_cost import equal_cost_figure
from gridsim.views.figures import FONTS, backlog_figure, curves_figure, paired_figure, save, style
from gridsim.views.figures_city import linkage_figure, map_figure, tree_figure
from gridsim.views.figures_effort import hours_figure, utilisation_figure
from gridsim.views.labels import languages, say
from gridsim.views.story import story_figure
from gridsim.views.workbook import write_workbook

PAGE, WORKBOOK, CARD = "report.html", "report.xlsx", "elements.csv"
FIGURES: dict[str, Callable[[Comparison, str], Figure | None]] = {
    "paired": paired_figure,
    "backlog": backlog_figure,
    "curves": curves_figure,
    "map": map_figure,
    "hours": hours_figure,
    "utilisation": utilisation_figure,
    "tree": tree_figure,
    "linkage": linkage_figure,
    "equal_cost": equal_cost_figure,
    "elements": elements_figure,
}
TAGS = {"en": "en", "zh": "zh-Hans"}
NAMES = {"en": "English", "zh": "中文"}


@cache
def templates() -> Environment:
    """The templates; everything that is put into them is escaped, and a name that is missing is an error."""
    return Environment(loader=PackageLoader("gridsim.views"), autoescape=True, undefined=StrictUndefined)


def write_report(saved: Saved, lang: str) -> list[str]:
    """Write page, workbook, card and two figures beside the tables they are made from; returns the file names."""
    c, folder = saved.comparison, saved.folder
    (folder / PAGE).write_text(page(saved, lang), encoding="utf-8")
    write_workbook(saved, folder / WORKBOOK, lang)
    write_csv(card(c), folder / CARD)
    names = [PAGE, WORKBOOK, CARD]
    with style():
        for tongue in languages(lang):
            end = ".png" if tongue == languages(lang)[0] else f".{tongue}.png"
            save(backlog_figure(c, tongue), folder / f"backlog{end}")
            save(paired_figure(c, tongue), folder / f"differences{end}")
            names += [f"backlog{end}", f"differences{end}"]
    return names


def remake(folder: Path, lang: str) -> list[str]:
    """Write the report of a results folder again, of one baseline or of several; returns the file names.

    Raises
    ------
    ScenarioError
        If it is no folder of results, or a file of it is missing or damaged.

    """
    one = (MANIFEST, TABLES["table"])  # which the folder over several baselines has not
    if any((folder / name).is_file() for name in one) or not (folder / BASELINES).is_file():
        return write_report(load_comparison(folder), lang)
    each = load_several(folder)  # all of them, before anything is written
    files = [f"{saved.folder.name}/{file}" for saved in each for file in write_report(saved, lang)]
    return [*write_several(folder, lang), *files]


def write_several(folder: Path, lang: str) -> list[str]:
    """Write the page over several baselines, each with a report in a folder of its own; returns the file names."""
    (folder / PAGE).write_text(several_page(load_several(folder), lang), encoding="utf-8")
    return [PAGE]


def page(saved: Saved, lang: str) -> str:
    """The brief as one page of HTML that needs nothing else."""
    articles = []
    for tongue in languages(lang):
        title = say("brief_title", tongue, title=title_of(saved.comparison, tongue))
        articles.append(article(saved.manifest, tongue, title, sections(saved, tongue)))
    return whole_page(articles, lang)


def several_page(each: Sequence[Saved], lang: str) -> str:
    """The page over several baselines: how far the answer depends on them, and the way to each brief."""
    articles = []
    for tongue in languages(lang):
        values = {
            "text": say("several_text", tongue, n=len(each)),
            "baselines": baseline_rows(each[0], tongue),
            "each": [
                {
                    "name": s.comparison.scenario.name,
                    "title": title_of(s.comparison, tongue),
                    "link": f"{s.comparison.scenario.name}/{PAGE}",
                    "answer": answer_sentence(s.comparison, tongue),
                }
                for s in each
            ],
        }
        body = _fill("several", values, tongue, None)
        heading = say("brief_several", tongue)
        title = say("baselines_title", tongue, n=len(each))
        parts = [{"name": "several", "heading": heading, "body": body}]
        articles.append(article(each[0].manifest, tongue, title, parts))
    return whole_page(articles, lang)


def sections(saved: Saved, lang: str) -> list[dict[str, Any]]:
    """The sections that have something to say, each with its heading and its HTML."""
    out = []
    for name, fill in SECTIONS:
        values = fill(saved, lang)
        if values is not None:
            out.append({"name": name, "heading": say(f"brief_{name}", lang), "body": _fill(name, values, lang, saved)})
    return out


def _fill(name: str, values: dict[str, Any], lang: str, saved: Saved | None) -> Markup:
    def figure(of: str) -> Markup:
        assert saved is not None
        return _figure(saved, of, lang)

    tell = partial(_say, lang)
    return Markup(templates().get_template(f"{name}.html").render(say=tell, figure=figure, **values))


def _say(lang: str, key: str, **values: Any) -> str:
    return say(key, lang, **values)


def _figure(saved: Saved, name: str, lang: str) -> Markup:
    """A figure with its caption; nothing where there is nothing to draw."""
    with style():
        if name == "story" and saved.story:
            made: Figure | None = story_figure(saved.story, lang)
        else:
            made = FIGURES[name](saved.comparison, lang)
        if made is None:
            return Markup("")
        return drawn(made, name, lang)


def drawn(figure: Figure, name: str, lang: str) -> Markup:
    """A figure as an element of a page, with its caption ``caption_<name>``."""
    drawing, caption = svg(figure, f"{lang}-{name}"), say(f"caption_{name}", lang)
    drawing = drawing.replace("<svg", f'<svg role="img" aria-label="{Markup.escape(caption)}"', 1)
    return Markup("<figure>{}<figcaption>{}</figcaption></figure>").format(Markup(drawing), caption)


def article(facts: Mapping[str, Any], lang: str, title: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    """One language's part of a page, from a manifest, a title and its sections (name, heading, body)."""
    footer = say(
        "brief_footer",
        lang,
        version=facts["gridsim"],
        written=facts["written"][:10],
        seed=facts["seed"],
        hash=facts["scenario_hash"][:10],
    )
    return {"lang": lang, "tag": TAGS[lang], "name": NAMES[lang], "title": title, "sections": parts, "footer": footer}


def whole_page(articles: list[dict[str, Any]], lang: str) -> str:
    """A page of HTML that needs nothing else, its fonts inside."""
    values = {"articles": articles, "languages": languages(lang), "title": articles[0]["title"]}
    template = templates().get_template("report.html")
    text = template.render(font="", **values)
    return share_letters(template.render(font=Markup(font_face(set(text))), **values))


def font_face(characters: set[str]) -> str:
    """The page's own Chinese font, as CSS: only the characters that stand in it, so that they show on any machine."""
    chinese = {c for c in characters if ord(c) > 0x7F}
    font = TTFont(next(FONTS.glob("*.otf")), recalcTimestamp=False)
    options = Options()
    options.layout_features, options.hinting, options.notdef_outline = [], False, True
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=sorted(map(ord, chinese)))
    subsetter.subset(font)
    font.flavor = "woff"
    out = io.BytesIO()
    font.save(out)
    data = base64.b64encode(out.getvalue()).decode("ascii")
    source = f'url("data:font/woff;base64,{data}") format("woff")'
    # First in the list of fonts, but for Chinese alone: a fallback is not always looked up again once it is loaded.
    return f"@font-face {{ font-family: gridsim; src: {source}; unicode-range: U+2E80-9FFF, U+FF00-FFEF; }}"
