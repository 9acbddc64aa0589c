"""A case in both worlds up to today, as HTML."""

from __future__ import annotations

from html import escape

from gridsim.studies.trace import Trace
from gridsim.views.labels import say
from gridsim.views.story import LOOKS, SHORT, answer, chosen, facts, step_rows, world_label

_LINE = "#0006 0 1px, transparent 1px 5px"
# The hatches of ``views.story.LOOKS`` in CSS.
HATCHES = {
    "//": f"repeating-linear-gradient(-45deg, {_LINE})",
    "\\\\": f"repeating-linear-gradient(45deg, {_LINE})",
    "--": f"repeating-linear-gradient(0deg, {_LINE})",
    "xx": f"repeating-linear-gradient(45deg, {_LINE}), repeating-linear-gradient(-45deg, {_LINE})",
    "..": "radial-gradient(#0006 1px, transparent 1.2px) 0 0/4px 4px",
    "oo": "radial-gradient(#0006 2px, transparent 2.2px) 0 0/7px 7px",
}


def case_html(trace: Trace, day: int, lang: str) -> str:
    """What the case is, how it was chosen, and for each world a bar of phases and its steps up to ``day``."""
    head = _paragraph(f"{facts(trace, lang)} {chosen(trace, lang)}")
    onset = trace.case["onset"]
    if day <= onset:
        return head + _paragraph(say("app_case_not_yet", lang, day=int(onset)))
    known = trace.until(float(day))
    longest = max(t.end for t in known.tellings) - onset
    worlds = "".join(_world(known, k, longest, lang) for k in (0, 1))
    over = all(t.end <= day for t in trace.tellings)
    end = "".join(_paragraph(line) for line in answer(trace, lang)) if over else ""
    return f'{head}{_key(known, lang)}<div class="gridsim-worlds">{worlds}</div>{end}'


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _look(phase: str) -> str:
    colour, hatch = LOOKS[phase]
    return f"background:{HATCHES[hatch]}, {colour}" if hatch else f"background:{colour}"


def _key(trace: Trace, lang: str) -> str:
    """The phases that occur, and how they look."""
    seen = {
        phase for t in trace.tellings for first, last, phase in t.spells(trace.case["onset"]) if last - first >= SHORT
    }
    names = [f'<span><i style="{_look(p)}"></i>{escape(say(f"phase_{p}", lang))}</span>' for p in LOOKS if p in seen]
    return f'<div class="gridsim-key">{" ".join(names)}</div>'


def _world(trace: Trace, which: int, longest: float, lang: str) -> str:
    t = trace.tellings[which]
    title = say("app_side_title", lang, side=say(f"app_side_{which}", lang), policy=world_label(t, lang))
    bar = "".join(
        f'<span style="width:{100 * (last - first) / longest:.3f}%;{_look(phase)}"></span>'
        for first, last, phase in t.spells(trace.case["onset"])
        if last - first >= SHORT
    )
    rows = step_rows(trace, which, lang)
    rows += [["", "", say("app_case_goes_on", lang)]] if t.ended == "not yet" else []
    table = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div><h3>{escape(title)}</h3><div class="gridsim-bar">{bar}</div><table>{table}</table></div>'
