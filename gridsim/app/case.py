"""A case in both worlds up to today, as HTML."""

from __future__ import annotations

from html import escape

from gridsim.studies.trace import Trace
from gridsim.views.labels import say
from gridsim.views.story import LOOKS, SHORT, answer, chosen, facts, step_rows, world_label


def case_html(trace: Trace, day: int, lang: str) -> str:
    """What the case is, how it was chosen, and for each world a bar of phases and its steps up to ``day``."""
    head = f"<p>{escape(facts(trace, lang))} {escape(chosen(trace, lang))}</p>"
    onset = trace.case["onset"]
    if day <= onset:
        return head + f"<p>{escape(say('app_case_not_yet', lang, day=int(onset)))}</p>"
    known = trace.until(float(day))
    longest = max(t.end for t in known.tellings) - onset
    worlds = "".join(_world(known, k, longest, lang) for k in (0, 1))
    over = all(t.end <= day for t in trace.tellings)
    end = "".join(f"<p>{escape(line)}</p>" for line in answer(trace, lang)) if over else ""
    return f'{head}<div class="gridsim-worlds">{worlds}</div>{end}'


def _world(trace: Trace, which: int, longest: float, lang: str) -> str:
    t = trace.tellings[which]
    title = f"{say(f'app_side_{which}', lang)}: {world_label(t, lang)}"
    spells = [s for s in t.spells(trace.case["onset"]) if s[1] - s[0] >= SHORT]
    bar = "".join(
        f'<span style="width:{100 * (last - first) / longest:.3f}%;background:{LOOKS[phase][0]}" '
        f'title="{escape(say(f"phase_{phase}", lang))}: {last - first:.1f}"></span>'
        for first, last, phase in spells
    )
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in step_rows(trace, which, lang)
    )
    return f'<div><h3>{escape(title)}</h3><div class="gridsim-bar">{bar}</div><table>{rows}</table></div>'
