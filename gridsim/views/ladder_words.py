"""A ladder in words: what stands between two configurations, whose each part is, and what it adds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gridsim.measures import BY_KEY
from gridsim.scenario.policies import Option, Policy
from gridsim.studies.ladder import Ladder
from gridsim.studies.ladder_plan import Component
from gridsim.studies.ladder_table import MEASURED
from gridsim.studies.saved import rows_of
from gridsim.studies.shapley import PAIRS
from gridsim.views.labels import (
    aligned,
    interval,
    measure_label,
    number,
    say,
    term,
    unit_label,
    window_label,
)
from gridsim.views.words import CLEAR, FEW, MANY

PRIMARY = tuple(k for k in MEASURED if BY_KEY[k].primary)
PARTS = ("alone", "left_out", "shapley")


def ladder_report(ladder: Ladder, lang: str, everything: bool = False) -> str:
    """The whole text that ``gridsim ladder`` prints; ``everything`` takes every measure apart."""
    keys = MEASURED if everything else PRIMARY
    parts = [header(ladder, lang), say("ladder_components", lang) + "\n" + components_table(ladder, lang)]
    parts += [heading(key, lang) + "\n" + parts_table(ladder, key, lang) for key in keys]
    parts.append(say("ladder_others", lang) + "\n" + others_table(ladder, lang))
    for line, shares in answer(ladder, lang):
        parts.append("\n".join([line, *(f"  – {share}" for share in shares)]))
    if ladder.continuum is not None:
        parts.append(say("ladder_continuum", lang) + "\n" + aligned(continuum_rows(ladder, lang), right=(1, 2, 3, 4)))
    parts.append(say("ladder_legend", lang))
    told = cautions(ladder, lang)
    first = told[:1] if ladder.interrupted else []
    return "\n\n".join([*first, *parts, *told[len(first) :]])


def heading(key: str, lang: str) -> str:
    """Name and unit of a measure."""
    return f"{measure_label(key, lang)}{'，' if lang == 'zh' else ', '}{unit_label(BY_KEY[key].unit, lang)}"


def header(ladder: Ladder, lang: str) -> str:
    """The city, the two ends, and what the numbers rest on."""
    s = ladder.plan.base
    told = say(
        "header",
        lang,
        title=(s.chinese if lang == "zh" else s.title) or s.name,
        people=s.population,
        comprehensive=s.city.comprehensive_grids,
        dedicated=s.city.dedicated_grids,
        n=len(ladder.finished),
        seed=ladder.plan.seed,
        days=s.time.days,
    )
    window = window_label(ladder.headline, lang)
    return (
        told
        + "\n"
        + say(
            "ladder_between",
            lang,
            first=end(ladder.plan.first, lang),
            second=end(ladder.plan.second, lang),
            window=window,
        )
    )


def end(option: Option, lang: str) -> str:
    """Title of one end of the ladder."""
    return option.chinese if lang == "zh" else option.title


def component_label(c: Component, lang: str) -> str:
    """Name of a component: its dimension, or the title of the policy that it is."""
    for p in (*c.after, *c.before):
        if p.name == c.name:
            return (p.chinese if lang == "zh" else p.title) or p.name
    return term("dimensions", c.name, lang).replace("-", " ").capitalize()


def origin_label(c: Component, lang: str) -> str:
    """Whose a component is: the paper's, ours, or one left for the other."""
    return " → ".join(say(f"origin_{o}", lang) for o in c.origins) or say("ladder_no_policy", lang)


def policies_label(policies: Sequence[Policy], lang: str) -> str:
    """What an end has in a dimension, with its label; the scenario's own values where there is nothing."""
    named = [
        f"{(p.chinese if lang == 'zh' else p.title) or p.name} [{say(f'origin_{p.origin}', lang)}]" for p in policies
    ]
    return " + ".join(named) or say("ladder_own_values", lang)


def components_table(ladder: Ladder, lang: str) -> str:
    """What each end has in every dimension."""
    rows = [["  " + say("col_component", lang), end(ladder.plan.first, lang), "", end(ladder.plan.second, lang)]]
    for c in ladder.plan.components:
        before, after = policies_label(c.before, lang), policies_label(c.after, lang)
        rows.append(["  " + component_label(c, lang), before, "→", after])
    return aligned(rows)


def change(r: Any, lang: str, verdict: bool = True) -> str:
    """A difference with its interval and verdict."""
    if r.difference == r.ci_low == r.ci_high == 0:
        return say("identical", lang)
    told = f"{number(r.difference, r.unit, True, lang)} {interval(r)}"
    return f"{told} {say(r.verdict, lang)}" if verdict else told


def parts_table(ladder: Ladder, key: str, lang: str) -> str:
    """One measure taken apart: a line a component, then the whole and what interacts."""
    rows = [["  " + say("col_component", lang), say("col_origin", lang), *(say(f"kind_{k}", lang) for k in PARTS)]]
    for c in ladder.plan.components:
        cells = [change(ladder.row(kind, key, c.name), lang) for kind in PARTS]
        rows.append(["  " + component_label(c, lang), origin_label(c, lang), *cells])
    for kind in ("interaction", "whole"):
        rows.append(["  " + say(f"kind_{kind}", lang), "", "", "", change(ladder.row(kind, key), lang)])
    return aligned(rows)


def others_table(ladder: Ladder, lang: str) -> str:
    """All measures: both ends against today and against each other."""
    rows = [
        [
            "  " + say("col_measure", lang),
            say("col_baseline", lang),
            *(say(f"kind_{k}", lang, **_ends(ladder, lang)) for k in ("first_today", "second_today")),
            say("kind_whole", lang),
        ]
    ]
    for key in MEASURED:
        each = [ladder.row(kind, key) for kind in ("first_today", "second_today", "whole")]
        name = f"  {'* ' if BY_KEY[key].primary else ''}{measure_label(key, lang)}"
        rows.append([name, number(each[0].start, each[0].unit), *(change(r, lang) for r in each)])
    return aligned(rows, right=(1,))


def _ends(ladder: Ladder, lang: str) -> dict[str, str]:
    return {"first": end(ladder.plan.first, lang), "second": end(ladder.plan.second, lang)}


def answer(ladder: Ladder, lang: str) -> list[tuple[str, list[str]]]:
    """A sentence a primary outcome, and the components whose share is clear, the largest first."""
    found = []
    for key in PRIMARY:
        whole = ladder.row("whole", key)
        shares = [(c, ladder.row("shapley", key, c.name)) for c in ladder.plan.components]
        clear = sorted((x for x in shares if x[1].verdict in CLEAR), key=lambda x: -abs(x[1].difference))
        named = [f"{component_label(c, lang)} [{origin_label(c, lang)}]: {change(r, lang)}" for c, r in clear]
        values = {
            "measure": measure_label(key, lang),
            "start": number(whole.start, whole.unit),
            "end": number(whole.start + whole.difference, whole.unit),
        }
        line = say("ladder_answer", lang, **values, unit=unit_label(whole.unit, lang), change=change(whole, lang))
        found.append((line, named or [say("ladder_none_clear", lang)]))
    return found


def worse_lines(ladder: Ladder, lang: str) -> list[str]:
    """What the second makes worse, against the first and against today."""
    lines = []
    for kind, other in (("whole", end(ladder.plan.first, lang)), ("second_today", say("baseline", lang))):
        rows = [r for r in (ladder.row(kind, key) for key in MEASURED) if r.verdict == "worse"]
        named = [f"{measure_label(r.measure, lang)} ({change(r, lang, False)})" for r in rows]
        told = {"second": end(ladder.plan.second, lang), "measures": say("list_comma", lang).join(named)}
        lines += [say("ladder_worse", lang, other=other, **told)] if rows else []
    return lines


def continuum_rows(ladder: Ladder, lang: str) -> list[list[str]]:
    """The primary outcomes along the continuum, as rows of cells with a head."""
    assert ladder.continuum is not None
    head = ["g"]
    for key in PRIMARY:
        head += [heading(key, lang), say("col_difference", lang)]
    here = ladder.continuum[ladder.continuum.window == ladder.headline]
    rows = [head]
    for g, found in here.groupby("g"):
        at = {r.measure: r for r in rows_of(found)}
        cells = [
            (number(at[k].value, at[k].unit), f"{number(at[k].difference, at[k].unit, True, lang)} {interval(at[k])}")
            for k in PRIMARY
        ]
        rows.append([f"{g:.3g}", *(x for pair in cells for x in pair)])
    return rows


def cautions(ladder: Ladder, lang: str) -> list[str]:
    """What a reader must know before he believes the shares."""
    p, n = ladder.plan, len(ladder.finished)
    lines = [say("interrupted", lang, done=n, asked=ladder.asked)] if ladder.interrupted else []
    if n == 1:
        lines.append(say("one_replication", lang))
    elif n < FEW:
        lines.append(say("few_replications", lang, n=n))
    lines += [*worse_lines(ladder, lang), say("ladder_caution", lang)]
    if p.size > MANY:
        lines.append(say("ladder_many", lang, n=p.size))
    if not p.is_exact:
        worst = max(
            (ladder.row("shapley", k, c.name) for k in PRIMARY for c in p.components),
            key=lambda r: r.sampling_se / abs(ladder.row("whole", r.measure).difference or 1),
        )
        size = f"{number(worst.sampling_se, worst.unit)} {unit_label(worst.unit, lang)}"
        lines.append(
            say(
                "ladder_sampled",
                lang,
                orders=2 * PAIRS,
                k=p.size,
                size=size,
                measure=measure_label(worst.measure, lang),
            )
        )
    for option in (p.first, p.second):
        values = {k: f"{v:,.0f}" for k, v in ladder.outlay[option.name].items()}
        lines.append(say("ladder_outlay", lang, option=end(option, lang), **values))
    if ladder.outlay[p.first.name] != ladder.outlay[p.second.name]:
        lines.append(say("ladder_unequal", lang))
    return [
        *lines,
        say("ladder_sizes", lang),
        say("caution" if p.base.fit is not None or p.base.patterns else "caution_unfitted", lang),
    ]
