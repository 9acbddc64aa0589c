"""Options at equal cost, in words, as a table and as a figure."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from gridsim.scenario.policies import BASELINE, Option
from gridsim.studies.comparison import Comparison
from gridsim.studies.dominance import DOMINATED, MIXED, STANDS
from gridsim.studies.equal_cost import scaled_levers
from gridsim.studies.saved import Saved, rows_of
from gridsim.views.brief_terms import letters, parameter_label, value_label
from gridsim.views.figures import MARKS, STYLES, head, label_of, legend_below, rests_on
from gridsim.views.labels import aligned, number, option_label, say, window_label

HEADS = ("equal_option", "equal_planned", "equal_share", "equal_how", "cost_case_days", "cost_case_day", "equal_mark")
TURNS = 0.012  # of the width: options that cost the same stand so far beside each other


def equal_cost(saved: Saved, lang: str) -> dict[str, Any] | None:
    """The section of the brief; None where the options were compared as they are stated."""
    c = saved.comparison
    if c.equal_cost is None:
        return None
    named = {name: f"{letter} {option_label(c, name, lang)}" for name, letter in letters(c).items()}
    return {
        "intro": intro(c, lang),
        "heads": [say(key, lang) for key in HEADS],
        "rows": [[named[r.policy], *cells(c, r, letters(c), lang)[1:]] for r in rows_of(c.equal_cost)],
        "notes": [say("equal_rule", lang), say("equal_dominance", lang)],
    }


def report(c: Comparison, lang: str) -> str:
    """The same for a terminal."""
    assert c.equal_cost is not None
    named = {o.name: o.name for o in c.options}
    rows = [cells(c, r, named, lang) for r in rows_of(c.equal_cost)]
    table = aligned(
        [[say(HEADS[k], lang) for k in (0, 1, 2, 4, 5)], *([r[k] for k in (0, 1, 2, 4, 5)] for r in rows)], (1, 2)
    )
    told = [f"  – {r[0]}{say('list_colon', lang)}{r[3]} {r[6]}" for r in rows]
    return "\n".join([say("brief_equal_cost", lang) + say("list_colon", lang), intro(c, lang), table, *told,
                      say("equal_rule", lang) + " " + say("equal_dominance", lang)])  # fmt: skip


def intro(c: Comparison, lang: str) -> str:
    """The budget and what it is made of."""
    assert c.equal_cost is not None
    return say(
        "equal_intro",
        lang,
        budget=f"{c.equal_cost.budget.iloc[0]:,.0f}",
        years=f"{c.scenario.cost.life_years:g}",
        window=window_label(c.headline, lang),
    )


def cells(c: Comparison, r: Any, named: dict[str, str], lang: str) -> list[str]:
    """One option, in the order of ``HEADS``."""
    span = f"[{number(r.case_days_low, 'x', True)}, {number(r.case_days_high, 'x', True)}]"
    return [
        named[r.policy],
        f"{r.planned:,.0f}",
        f"{100 * r.share:,.1f} %",
        how(c, r, lang),
        f"{number(r.case_days, 'x', True)} {span if r.case_days_low == r.case_days_low else '[–]'}",
        price(c, r, lang),
        standing(r, named, lang),
    ]


def how(c: Comparison, r: Any, lang: str) -> str:
    """What scaling moved, or why an option stands at its own cost."""
    option = next(o for o in c.options if o.name == r.policy)
    if r.why:
        limit = f"{r.limit:,.0f}" if r.limit == r.limit else ""
        return say("equal_own", lang) + say("list_colon", lang) + _why(option, r.why, limit, lang)
    parts = [
        f"{parameter_label(key, lang)} {value_label(c.scenario.get(key), lang)} → "
        f"{value_label(c.scenario.replace({key: p.set[key]}).get(key), lang)}"
        for p, key in scaled_levers(option, c.scenario)
    ]
    return (
        say("list_semicolon", lang).join(parts)
        + say("list_semicolon", lang)
        + say("equal_unit", lang, unit=f"{r.unit:,.0f}")
        + say("full_stop", lang)
    )


def _why(option: Option, why: str, limit: str, lang: str) -> str:
    own = [(p.chinese_own_cost if lang == "zh" else "") or p.own_cost for p in option.policies]
    if why in ("not scaled", "no outlay") and all(own):
        return " ".join(dict.fromkeys(own))
    return say(f"equal_why_{why.replace(' ', '_')}", lang, limit=limit)


def price(c: Comparison, r: Any, lang: str) -> str:
    """Yuan for a case-day saved with its interval, or why there is no such number."""
    cost = c.costs[c.costs.policy == r.policy].iloc[0]
    if cost.case_day_cost == cost.case_day_cost:
        low, high = number(cost.case_day_cost_low, "yuan"), number(cost.case_day_cost_high, "yuan")
        return f"{number(cost.case_day_cost, 'yuan')} [{low}, {high}]"
    if not (r.case_days_low > 0 or r.case_days_high < 0):
        return say("equal_undefined", lang) + _side(c, r.policy, lang)
    if r.case_days < 0:
        return say("equal_undefined_more", lang)
    key = "equal_undefined_free" if cost.why_empty == "no outlay" else "equal_undefined_other"
    measure, _, verdict = str(cost.why_empty).partition(": ")
    name = "backlog" if measure == "backlog" else "time"
    return say(key, lang, what=say(f"equal_{name}", lang), verdict=say(verdict or "not measured", lang))


def _side(c: Comparison, policy: str, lang: str) -> str:
    """Which of today and the option dominates, where the case-days do not tell them apart."""
    assert c.dominance is not None
    d = c.dominance
    verdict = d[(d.policy == policy) & (d.other == BASELINE) & (d["mix"] == "")].verdict.iloc[0]
    key = {DOMINATED: "equal_side_today", STANDS: "equal_side_option"}.get(verdict, "equal_side_neither")
    return say(key, lang)


def standing(r: Any, named: dict[str, str], lang: str) -> str:
    """What is said of an option beside the others."""
    by = say("list_semicolon", lang).join(_names(part, named, lang) for part in r.by.split("; ")) if r.by else ""
    return say(f"equal_mark_{r.mark.replace(' ', '_')}", lang, by=by)


def _names(part: str, named: dict[str, str], lang: str) -> str:
    """Names of one option, or of the two of a mix."""
    return " / ".join(named.get(name, say("baseline", lang)) for name in part.split(" / "))


def equal_cost_figure(c: Comparison, lang: str) -> Figure | None:
    """Case-days saved a year against planned outlay, with intervals; the frontier through what is told apart."""
    if c.equal_cost is None:
        return None
    t = c.equal_cost
    figure = Figure(figsize=(8.5, 5.0), layout="constrained")
    axes = figure.subplots()
    scale = 1e4
    reach = max(t.planned.max(), t.budget.iloc[0]) / scale
    axes.axvline(t.budget.iloc[0] / scale, color="#888888", linestyle=":", linewidth=1)
    axes.axhline(0, color="#555555", linewidth=0.8)
    axes.plot(0, 0, marker=MARKS[0], color="black", linestyle="", label=say("baseline", lang))
    places = _beside(list(t.planned / scale), reach)
    for i, (r, x) in enumerate(zip(rows_of(t), places, strict=True), start=1):
        colour, mark = STYLES[i % len(STYLES)][0], MARKS[i % len(MARKS)]
        gone = r.mark in (DOMINATED, MIXED)
        axes.plot([x, x], [r.case_days_low, r.case_days_high], color=colour, linewidth=2)
        axes.plot(x, r.case_days, marker=mark, color=colour, markerfacecolor="white" if gone else colour, linestyle="",
                  markersize=8, label=f"{letters(c)[r.policy]} {label_of(c, r.policy, lang)}")  # fmt: skip
        axes.annotate(letters(c)[r.policy], (x, r.case_days), xytext=(7, 3), textcoords="offset points", fontsize=9)
    path = sorted((r.frontier, x, r.case_days) for r, x in zip(rows_of(t), places, strict=True) if r.frontier > 0)
    if path:
        axes.plot([0, *(x for _, x, _ in path)], [0, *(y for _, _, y in path)], color="black", linewidth=1, zorder=0,
                  label=say("fig_equal_frontier", lang))  # fmt: skip
    axes.set(xlabel=say("fig_equal_x", lang), ylabel=say("fig_equal_y", lang))
    axes.set_xlim(-0.03 * reach, 1.1 * reach)
    axes.yaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
    axes.grid(alpha=0.25)
    legend_below(figure, c)
    head(
        figure, axes, say("fig_equal", lang, window=window_label(c.headline, lang)), rests_on(c, "fig_equal_note", lang)
    )
    return figure


def _beside(places: list[float], reach: float) -> list[float]:
    """Places along the axis, those that would lie on each other moved to the right by a little each."""
    out = list(places)
    order = sorted(range(len(out)), key=lambda k: out[k])
    for before, k in pairwise(order):
        out[k] = max(out[k], out[before] + TURNS * reach)
    return out
