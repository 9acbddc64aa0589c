"""The decision brief: what stands in each section, from a saved comparison and nothing else.

A section is a function of (saved comparison, language) that gives the values of its template
``templates/<name>.html``, or None where there is nothing to say; its heading is ``brief_<name>`` of the catalogue. To
add one, write the function and the template and name it in ``SECTIONS``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gridsim.measures import BY_KEY, MEASURES
from gridsim.scenario.policies import BASELINE
from gridsim.studies.comparison import Comparison
from gridsim.studies.judge import between
from gridsim.studies.saved import Saved, rows_of
from gridsim.views import story, words
from gridsim.views.brief_doubts import assumed, turn
from gridsim.views.brief_terms import again, configuration_of, glossary, letters, policies_of
from gridsim.views.elements import elements
from gridsim.views.equal_cost import equal_cost
from gridsim.views.figures_effort import HOURS
from gridsim.views.labels import (
    group_label,
    interval,
    measure_label,
    number,
    option_label,
    say,
    term,
    unit_label,
    window_label,
)
from gridsim.views.spread import spread_lines, uncertainty_lines

# Measures of the main table, by what they tell.
BLOCKS = {
    "block_time": (
        "time_to_resolution",
        "resolution_median",
        "unresolved_days",
        "unresolved_days_lasting",
        "true_resolution_rate",
        "on_time_share",
    ),
    "block_backlog": ("backlog", "stalled", "backlog_age"),
    "block_detection": ("detection_rate", "detection_delay", "latent"),
    "block_handling": ("linkage_rate", "linked_share", "returns", "worker_utilisation", "department_utilisation"),
    "block_closure": ("closure_rate", "formal_share"),
    "block_equity": ("theil", "centre_edge_gap"),
}
BETTER, WORSE = "better", "worse"
# What is said of an option, by its verdicts on the two primary outcomes; the first that fits holds.
ANSWERS: tuple[tuple[str, Callable[[str, str], bool]], ...] = (
    ("answer_both", lambda time, backlog: time == backlog == BETTER),
    ("answer_mixed", lambda time, backlog: {time, backlog} == {BETTER, WORSE}),
    ("answer_time", lambda time, backlog: time == BETTER),
    ("answer_backlog", lambda time, backlog: backlog == BETTER),
    ("answer_worse", lambda time, backlog: WORSE in (time, backlog)),
    ("answer_not_judged", lambda time, backlog: "not judged" in (time, backlog)),
    ("answer_not_measured", lambda time, backlog: "not measured" in (time, backlog)),
    ("answer_none", lambda time, backlog: True),
)


def answer(saved: Saved, lang: str) -> dict[str, Any]:
    """The question, the answer in a sentence, and what to be careful about."""
    c = saved.comparison
    s = c.scenario
    named = [f"{letter} {option_label(c, name, lang)}" for name, letter in letters(c).items()]
    return {
        "question": say("brief_question", lang, title=title_of(c, lang), options=say("list_comma", lang).join(named)),
        "answer": answer_sentence(c, lang),
        "between": between_sentence(c, lang),
        "cautions": cautions(c, lang),
        "setting": say(
            "header",
            lang,
            title=title_of(c, lang),
            people=s.population,
            comprehensive=s.city.comprehensive_grids,
            dedicated=s.city.dedicated_grids,
            n=len(c.finished),
            seed=c.seed,
            days=s.time.days,
        ),
        "judged": say("brief_judged", lang, window=window_label(c.headline, lang)),
    }


def title_of(c: Comparison, lang: str) -> str:
    """Title of the city compared."""
    return (c.scenario.chinese if lang == "zh" else c.scenario.title) or c.scenario.name


def answer_sentence(c: Comparison, lang: str) -> str:
    """Which options are better, worse or neither, by the verdicts on the two primary outcomes and nothing else."""
    if len(c.finished) == 1:
        return say("answer_single", lang)
    found: dict[str, list[str]] = {}
    for name, letter in letters(c).items():
        time, backlog = c.row(name, "time_to_resolution"), c.row(name, "backlog")
        key = next(k for k, fits in ANSWERS if fits(time.verdict, backlog.verdict))
        told = key in ("answer_worse", "answer_mixed")  # of the two, which is which
        change = [_change(r, lang, told) for r in (time, backlog)]
        text = say(
            "answer_sizes", lang, option=f"{letter} {option_label(c, name, lang)}", time=change[0], backlog=change[1]
        )
        found.setdefault(key, []).append(text)
    clauses = [f"{say(k, lang)}{say('list_semicolon', lang).join(found[k])}" for k, _ in ANSWERS if k in found]
    return say("answer_against", lang) + say("list_stop", lang).join(clauses) + say("full_stop", lang)


def _change(r: Any, lang: str, with_verdict: bool) -> str:
    """Difference, interval and unit of a row, and its verdict where that is not said already."""
    text = f"{number(r.difference, r.unit, True, lang)} {interval(r)} {unit_label(r.unit, lang)}"
    return f"{text}{say('list_comma', lang)}{say(r.verdict, lang)}" if with_verdict else text


def between_sentence(c: Comparison, lang: str) -> str:
    """Of two options, the second against the first; nothing where that cannot be judged."""
    if len(c.options) != 2 or len(c.finished) == 1 or c.precision is not None or "not judged" in set(c.table.verdict):
        return ""  # with precision the number of replications hangs on the differences from the baseline
    first, second = (o.name for o in c.options)
    table = between(c.runs, first, second, c.scenario)
    rows = table[table.window == c.headline].set_index("measure")
    a, b = letters(c).values()
    time, backlog = (_change(rows.loc[key], lang, True) for key in ("time_to_resolution", "backlog"))
    return say("answer_between", lang, first=a, second=b, time=time, backlog=backlog)


def cautions(c: Comparison, lang: str) -> list[str]:
    """What a reader must know before he believes the answer."""
    lines = []
    if c.equal_cost is not None:
        lines.append(say("caution_equal_cost", lang, budget=f"{c.equal_cost.budget.iloc[0]:,.0f}"))
    if c.interrupted:
        lines.append(say("interrupted", lang, done=len(c.finished), asked=c.asked))
    if len(c.finished) == 1:
        lines.append(say("one_replication", lang))
    elif len(c.finished) < words.FEW:
        lines.append(say("few_replications", lang, n=len(c.finished)))
    if c.draws is not None and (c.draws.meets_patterns == True).sum() < 0.5 * len(c.draws):  # noqa: E712
        lines.append(say("draws_unlike", lang))
    if c.scenario.time.days < 2 * c.scenario.time.window_days:
        lines.append(say("transition_only", lang))
    lines += words.alarm(c, BASELINE, lang)
    for o in c.options:
        lines += words.alarm(c, o.name, lang)
    late = words.late_policies(c)
    if late:
        lines.append(say("starts_late", lang, names=", ".join(late), window=window_label(c.headline, lang)))
    lines += [*words.own_code(c, lang), *(say("both_set", lang, what=note) for note in c.notes)]
    lines += [line for o in c.options for line in worse_elsewhere(c, o.name, lang)]
    return [*lines, *uncertainty_lines(c, lang), *words.precision_lines(c, lang), *words.cautions(c, lang)]


def worse_elsewhere(c: Comparison, name: str, lang: str) -> list[str]:
    """What an option makes worse, where it betters a primary outcome: one line, or none."""
    if BETTER not in {c.row(name, m.key).verdict for m in MEASURES if m.primary}:
        return []
    rows = [r for r in (c.row(name, m.key) for m in MEASURES) if r.verdict == WORSE]
    named = []
    for r in rows:
        unit = "" if r.unit.startswith("share") else f" {unit_label(r.unit, lang)}"
        change = f"{number(r.difference, r.unit, True, lang)} {interval(r)}{unit}"
        named.append(f"{measure_label(r.measure, lang)} ({change})")
    option = f"{letters(c)[name]} {option_label(c, name, lang)}"
    return [say("caution_worse", lang, option=option, measures=say("list_comma", lang).join(named))] if rows else []


def options(saved: Saved, lang: str) -> dict[str, Any]:
    """Options × measures, with paired differences, intervals, verdicts and cost."""
    c = saved.comparison
    names = [o.name for o in c.options]
    blocks = []
    for key, measures in BLOCKS.items():
        rows = []
        for m in (BY_KEY[k] for k in measures):
            cells = [_cell(c, name, m.key, lang) for name in names]
            unit = "" if m.unit == "share" else unit_label(m.unit, lang)
            today = number(c.row(names[0], m.key).baseline, m.unit)
            rows.append(
                {"measure": m, "label": measure_label(m.key, lang), "unit": unit, "today": today, "cells": cells}
            )
        blocks.append({"title": say(key, lang), "rows": rows})
    return {
        "options": [
            {
                "letter": letter,
                "name": name,
                "title": option_label(c, name, lang),
                "policies": policies_of(c, name, lang),
                "configuration": configuration_of(c, name, lang),
            }
            for name, letter in letters(c).items()
        ],
        "blocks": blocks,
        "costs": [_cost_row(c, name, lang) for name in names],
        "legend": say("brief_legend", lang),
        "ranking": words.ranking_lines(c, lang) if len(names) > 1 and len(c.finished) > 1 else [],
    }


def _cell(c: Comparison, name: str, key: str, lang: str) -> dict[str, Any]:
    r = c.row(name, key)
    return {
        "policy": name,
        "value": number(r.value, r.unit),
        "same": r.difference == r.ci_low == r.ci_high == 0,
        "change": number(r.difference, r.unit, True, lang),
        "interval": interval(r),
        "verdict": say(r.verdict, lang),
        "judged": r.verdict if r.verdict in (BETTER, WORSE) else "",
    }


def _cost_row(c: Comparison, name: str, lang: str) -> dict[str, str]:
    r = c.costs[c.costs.policy == name].iloc[0]
    if r.case_day_cost == r.case_day_cost:
        low, high = number(r.case_day_cost_low, "yuan"), number(r.case_day_cost_high, "yuan")
        case_day, between = number(r.case_day_cost, "yuan"), f"[{low}, {high}]"
    else:
        case_day, between = why_no_case_day(r.why_empty, lang), ""
    return {
        "policy": name,
        "yearly": f"{r.yearly:,.0f}",
        "once": f"{r.once:,.0f}",
        "annual": f"{r.annual:,.0f}",
        "saved": f"{r.saved_yearly:,.0f}",
        "running": f"{r.running / 1e6:,.2f}",
        "running_today": f"{r.running_baseline / 1e6:,.2f}",
        "case_day": case_day,
        "between": between,
    }


def why_no_case_day(reason: str, lang: str) -> str:
    """Why no cost of a case-day saved is given, in a language."""
    if reason == "no outlay":
        return say("why_no_outlay", lang)
    measure, _, verdict = reason.partition(": ")
    key = "backlog" if measure == "backlog" else "time_to_resolution"
    return f"– ({measure_label(key, lang)}{say('list_colon', lang)}{say(verdict, lang)})"


def moved(saved: Saved, lang: str) -> dict[str, Any]:
    """What moved and why, option by option, with the figures of time."""
    c = saved.comparison
    told = [
        {
            "letter": letter,
            "title": option_label(c, name, lang),
            "lines": words.moved(c, name, lang) + spread_lines(c, name, lang),
        }
        for name, letter in letters(c).items()
    ]
    return {"told": told}


def waits(saved: Saved, lang: str) -> dict[str, Any]:
    """Who waits longer and who less, by group and by grid."""
    c = saved.comparison
    names = [o.name for o in c.options]
    here = c.groups[c.groups.window == c.headline]
    at = {(r.policy, r.family, r.group): r for r in rows_of(here)}
    families = []
    first = here[here.policy == names[0]]
    for family in dict.fromkeys(map(str, first.family)):
        rows = []
        for group in map(str, first.group[first.family == family]):
            of = [at[name, family, group] for name in names]
            label = say("group_all", lang) if family == "all" else group_label(c.scenario, family, group, lang)
            numbers = {"cases": f"{of[0].cases:,.0f}", "today": number(of[0].baseline, "d")}
            rows.append({"label": label, **numbers, "cells": [_days(r) for r in of]})
        families.append({"title": say(f"family_{family}", lang), "rows": rows})
    told = [
        {"letter": letter, "title": option_label(c, name, lang), "lines": words.who_waits(c, name, lang)}
        for name, letter in letters(c).items()
    ]
    return {"families": families, "told": told, "letters": list(letters(c).values())}


def _days(r: Any) -> dict[str, Any]:
    low, high = number(r.ci_low, "d", True), number(r.ci_high, "d", True)
    return {
        "same": r.difference == r.ci_low == r.ci_high == 0,
        "change": number(r.difference, "d", True),
        "interval": f"[{low}, {high}]" if r.ci_low == r.ci_low else "[–]",
        "judged": r.verdict if r.verdict in (BETTER, WORSE) else "",
    }


def effort(saved: Saved, lang: str) -> dict[str, Any]:
    """Hours and utilisation, the city's tiers and the departments that work together: mostly figures."""
    c = saved.comparison
    today = c.runs[(c.runs.policy == BASELINE) & (c.runs.window == c.headline)][list(HOURS)].mean(skipna=False)
    if today.isna().any() or not today.sum() > 0:
        return {"text": say("brief_effort_unlimited", lang)}
    shares = {key.removeprefix("hours_"): number(today[key] / today.sum(), "share") for key in HOURS}
    return {"text": say("brief_effort_text", lang, **shares)}


def cost(saved: Saved, lang: str) -> dict[str, Any]:
    """Every line of what the options cost, with its price, source and grade."""
    c = saved.comparison
    rows = []
    for p in {p.name: p for o in c.options for p in o.policies}.values():
        title = (p.chinese if lang == "zh" else p.title) or p.name
        for line in p.cost:
            price = c.scenario.costs[line.unit] if line.unit is not None else line
            rows.append(
                {
                    "policy": title,
                    "item": (line.chinese if lang == "zh" else "") or line.item,
                    "price": f"{line.price(c.scenario.costs):,.0f}",
                    "per": term("per", line.per, lang).replace("_", " "),
                    "every": say("every_year" if line.every == "year" else "every_once", lang),
                    "grade": price.grade,
                    "source": term("sources", price.source, lang),
                }
            )
    told = [
        {"letter": letter, "title": option_label(c, name, lang), "lines": words.what_it_costs(c, name, lang)}
        for name, letter in letters(c).items()
    ]
    return {"rows": rows, "told": told}


def one_case(saved: Saved, lang: str) -> dict[str, Any] | None:
    """The same case under two policies, step by step, where one was followed."""
    if (t := saved.story) is None:
        return None
    return {
        "facts": story.facts(t, lang),
        "chosen": story.chosen(t, lang),
        "others": words.pairs(saved.comparison, t.tellings[1].name, lang),
        "answer": story.answer(t, lang),
        "phases": story.phase_rows(t, lang),
        "worlds": [(story.world_label(x, lang), story.step_rows(t, k, lang)) for k, x in enumerate(t.tellings)],
    }


Section = Callable[[Saved, str], dict[str, Any] | None]
SECTIONS: tuple[tuple[str, Section], ...] = (  # in the order of the page
    ("answer", answer),
    ("options", options),
    ("moved", moved),
    ("waits", waits),
    ("elements", elements),
    ("story", one_case),
    ("effort", effort),
    ("cost", cost),
    ("equal_cost", equal_cost),
    ("assumed", assumed),
    ("turn", turn),
    ("again", again),
    ("glossary", glossary),
)
