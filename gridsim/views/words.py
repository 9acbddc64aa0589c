"""A comparison in words: the table a planner reads, and what moved and why.

"Better" is said only where the verdict says it; detection, closure and backlog are told apart.
"""

from __future__ import annotations

import pandas as pd

from gridsim.measures import MEASURES
from gridsim.studies.comparison import Comparison
from gridsim.views.labels import (
    aligned,
    interval,
    measure_label,
    number,
    option_label,
    say,
    unit_label,
    window_label,
)
from gridsim.views.spread import spread_lines, uncertainty_lines

SHOWN = (
    "time_to_resolution",
    "backlog",
    "unresolved_days",
    "unresolved_days_lasting",
    "true_resolution_rate",
    "on_time_share",
    "formal_share",
    "closure_rate",
    "closure_p90",
    "stalled",
    "detection_rate",
    "latent",
    "valid_cases",
    "linked_share",
    "department_utilisation",
    "worker_utilisation",
)
FEW = 10  # replications below which verdicts on secondary measures are hardly possible
CLEAR = ("better", "worse", "higher", "lower")


def report(c: Comparison, lang: str) -> str:
    """The whole text that ``gridsim compare`` prints."""
    s = c.scenario
    title = (s.chinese if lang == "zh" else s.title) or s.name
    parts = [
        say(
            "header",
            lang,
            title=title,
            people=s.population,
            comprehensive=s.city.comprehensive_grids,
            dedicated=s.city.dedicated_grids,
            n=len(c.finished),
            seed=c.seed,
            days=s.time.days,
        )
    ]
    for option in c.options:
        parts.append(
            say(
                "option",
                lang,
                title=option_label(c, option.name, lang),
                name=option.name,
                window=window_label(c.headline, lang),
            )
        )
        parts.append("\n".join([table(c, option.name, lang), *spread_lines(c, option.name, lang)]))
        parts.append(
            say("what_moved", lang) + "\n" + "\n".join(f"  – {line}" for line in what_moved(c, option.name, lang))
        )
    parts.append("\n".join([say("legend", lang), *uncertainty_lines(c, lang)]))
    parts.append(say("caution", lang))
    if s.time.days < 2 * s.time.window_days:
        parts.append(say("transition_only", lang))
    if len(c.finished) == 1:
        parts.append(say("one_replication", lang))
    elif len(c.finished) < FEW:
        parts.append(say("few_replications", lang, n=len(c.finished)))
    parts.extend(say("both_set", lang, what=note) for note in c.notes)
    if c.interrupted:
        parts.insert(0, say("interrupted", lang, done=len(c.finished), asked=c.asked))
    return "\n\n".join(parts)


def table(c: Comparison, policy: str, lang: str) -> str:
    """Measures of one option in the headline window, aligned for a terminal."""
    head = ["", *(say(f"col_{k}", lang) for k in ("measure", "unit", "baseline", "value", "difference", "verdict"))]
    rows = [head]
    for m in MEASURES:
        if m.key in SHOWN:
            r = c.row(policy, m.key)
            unit = "" if m.unit == "share" else unit_label(m.unit, lang)
            rows.append(
                [
                    "*" if m.primary else "",
                    measure_label(m.key, lang),
                    unit,
                    number(r.baseline, m.unit),
                    number(r.value, m.unit),
                    _change(r, lang),
                    say(r.verdict, lang),
                ]
            )
    return aligned(rows, right=(3, 4, 5))


def what_moved(c: Comparison, policy: str, lang: str) -> list[str]:
    """Sentences on what moved and why, each only where its verdict is clear."""
    lines: list[str] = []

    def tell(key: str, row: pd.Series, **more: str) -> None:
        lines.append(say(key, lang, difference=number(row.difference, row.unit, True), interval=interval(row), **more))

    primary = [c.row(policy, m.key) for m in MEASURES if m.primary]
    for r in primary:
        tell(
            "say_primary",
            r,
            measure=measure_label(r.measure, lang),
            baseline=number(r.baseline, r.unit),
            value=number(r.value, r.unit),
            unit=unit_label(r.unit, lang),
            verdict=say(r.verdict, lang),
        )
    overall = c.row(policy, "unresolved_days")
    if overall.verdict == "worse" and any(r.verdict == "better" for r in primary):
        tell("say_all_incidents", overall)
        lines.insert(0, lines.pop())
    backlog = primary[1]
    if not any(r.verdict in ("better", "worse") for r in primary):
        lines.append(say("say_nothing", lang))

    first = str(c.table.window.iloc[0])
    if first != c.headline and backlog.verdict in ("better", "worse"):
        early = c.row(policy, "backlog", first)
        if abs(early.difference) < 0.8 * abs(backlog.difference):
            tell("say_transition", early, window=window_label(first, lang))
    detection = c.row(policy, "detection_rate")
    if detection.verdict == "better":
        tell("say_detection_up", detection)
    elif detection.verdict == "worse":
        tell("say_detection_down", detection)
    stalled = c.row(policy, "stalled")
    if (
        stalled.verdict in CLEAR
        and backlog.verdict in CLEAR
        and stalled.difference * backlog.difference > 0
        and abs(stalled.difference) > 0.5 * abs(backlog.difference)
    ):
        tell("say_stalled", stalled, backlog=number(backlog.difference, backlog.unit, True))
    linked = c.row(policy, "linkage_rate")
    if linked.verdict == "higher":
        tell("say_linked", linked)
    busy = c.row(policy, "department_utilisation")
    if busy.verdict == "higher":
        tell("say_busier", busy)
    formal = c.row(policy, "formal_share")
    if formal.verdict == "worse":
        tell("say_formal_up", formal)
    closure, solved = c.row(policy, "closure_rate"), c.row(policy, "true_resolution_rate")
    if closure.verdict == "higher" and solved.verdict != "better":
        tell("say_closure_only", closure)
    ends, lasts = c.row(policy, "unresolved_days"), c.row(policy, "unresolved_days_lasting")
    if {ends.verdict, lasts.verdict} == {"better", "worse"}:
        lines.append(say("say_conventions", lang))
    cost = c.costs[c.costs.policy == policy].iloc[0]
    lines.append(say("say_cost", lang, yearly=f"{cost.yearly:,.0f}", once=f"{cost.once:,.0f}"))
    return lines


def _change(row: pd.Series, lang: str) -> str:
    """Difference and interval; identical runs say so instead of printing zeros."""
    if row.difference == row.ci_low == row.ci_high == 0:
        return say("identical", lang)
    return f"{number(row.difference, row.unit, True)} {interval(row)}"
