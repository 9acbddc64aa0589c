"""A comparison in words: the table a planner reads, and what moved and why.

"Better" is said only where the verdict says it; detection, closure and backlog are told apart.
"""

from __future__ import annotations

import pandas as pd

from gridsim.measures import MEASURES
from gridsim.measures.load import SATURATED
from gridsim.scenario.policies import BASELINE
from gridsim.studies.comparison import Comparison
from gridsim.studies.groups import extremes, overloaded, saturated
from gridsim.views.labels import (
    aligned,
    group_label,
    interval,
    measure_label,
    number,
    option_label,
    place_label,
    say,
    unit_label,
    window_label,
)
from gridsim.views.spread import spread_lines, uncertainty_lines

SHOWN = (  # the others are in comparison.csv, and printed with --all
    "time_to_resolution",
    "resolution_median",
    "unresolved_days",
    "true_resolution_rate",
    "on_time_share",
    "closure_rate",
    "formal_share",
    "backlog",
    "stalled",
    "detection_rate",
    "linked_share",
    "worker_utilisation",
    "department_utilisation",
    "theil",
)
MANY = 4  # options beyond which verdicts by chance are spoken of
FEW = 10  # replications below which verdicts on secondary measures are hardly possible
NAMED = 6  # saturated units named in an alarm
CLEAR = ("better", "worse", "higher", "lower")


def report(c: Comparison, lang: str, everything: bool = False) -> str:
    """The whole text that ``gridsim compare`` prints; ``everything`` shows every measure."""
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
    parts += alarm(c, BASELINE, lang)
    if c.draws is not None and (c.draws.meets_patterns == True).sum() < 0.5 * len(c.draws):  # noqa: E712
        parts.append(say("draws_unlike", lang))
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
        parts.append("\n".join([table(c, option.name, lang, everything), *spread_lines(c, option.name, lang)]))
        parts += alarm(c, option.name, lang)
        parts.append(
            say("what_moved", lang) + "\n" + "\n".join(f"  – {line}" for line in what_moved(c, option.name, lang))
        )
    if len(c.options) > 1 and len(c.finished) > 1:
        parts.append(say("ranking", lang) + "\n" + "\n".join(f"  – {line}" for line in ranking_lines(c, lang)))
    parts.append("\n".join([say("legend", lang), *uncertainty_lines(c, lang), *precision_lines(c, lang)]))
    if late := late_policies(c):
        parts.append(say("starts_late", lang, names=", ".join(late), window=window_label(c.headline, lang)))
    parts.append(" ".join(cautions(c, lang)))
    if s.time.days < 2 * s.time.window_days:
        parts.append(say("transition_only", lang))
    if len(c.finished) == 1:
        parts.append(say("one_replication", lang))
    elif len(c.finished) < FEW:
        parts.append(say("few_replications", lang, n=len(c.finished)))
    parts.extend([*own_code(c, lang), *(say("both_set", lang, what=note) for note in c.notes)])
    if c.interrupted:
        parts.insert(0, say("interrupted", lang, done=len(c.finished), asked=c.asked))
    return "\n\n".join(parts)


def ranking_lines(c: Comparison, lang: str) -> list[str]:
    """Today and all options in order, measure by measure: how likely each is the best, who is told apart from it."""
    lines = []
    for measure, here in c.ranking.groupby("measure", sort=False):
        named = []
        for r in here.itertuples(index=False):
            name = say("baseline", lang) if r.policy == BASELINE else option_label(c, str(r.policy), lang)
            told = {"rank": r.rank, "name": name, "value": number(float(str(r.value)), str(r.unit), lang=lang)}
            told |= {
                "best": f"{100 * float(str(r.probability_best)):.0f} %",
                "standing": say(f"rank_{r.standing}".replace(" ", "_"), lang),
            }
            named.append(say("rank_one", lang, **told))
        text = say("list_semicolon", lang).join(named)
        lines.append(say("rank_line", lang, measure=measure_label(str(measure), lang), ranks=text))
    return lines


def precision_lines(c: Comparison, lang: str) -> list[str]:
    """Whether the precision that was wished for was reached, and what the intervals allow for."""
    p = c.precision
    if p is None:
        return []
    wish = say("precision_matters", lang) if p.relative is None else f"{100 * p.relative:g} %"
    key = "precision_reached" if p.reached else "precision_missed"
    return [say(key, lang, wish=wish, n=len(c.finished), looks=p.looks, most=p.most)]


def own_code(c: Comparison, lang: str) -> list[str]:
    """The line that names the user's own code, if there was any."""
    named = "; ".join(x["what"] + (f" ({x['file']})" if x["file"] else "") for x in c.own_code)
    return [say("own_code", lang, what=named)] if named else []


def late_policies(c: Comparison) -> list[str]:
    """Policies that start after the judged window has begun."""
    begins = int(c.headline.split()[1].split("-")[0])
    return list(dict.fromkeys(p.name for o in c.options for p in o.policies if p.starts > begins))


def cautions(c: Comparison, lang: str) -> list[str]:
    """What no reader may forget: what the baseline rests on, how many options were judged, whose sizes these are."""
    s = c.scenario
    lines = [say("caution" if s.fit is not None or s.patterns else "caution_unfitted", lang)]
    if len(c.options) > MANY:
        lines.append(say("caution_many", lang, n=len(c.options), k=f"{2 * len(c.options) / 20:.1g}"))
    return [*lines, say("caution_brief", lang)]


def table(c: Comparison, policy: str, lang: str, everything: bool = False) -> str:
    """Measures of one option in the headline window, aligned for a terminal."""
    head = ["", *(say(f"col_{k}", lang) for k in ("measure", "unit", "baseline", "value", "difference", "verdict"))]
    rows = [head]
    for m in MEASURES:
        if everything or m.key in SHOWN:
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
    """Sentences on what moved and why, who waits longer, and what it costs."""
    return moved(c, policy, lang) + who_waits(c, policy, lang) + what_it_costs(c, policy, lang)


def moved(c: Comparison, policy: str, lang: str) -> list[str]:
    """Sentences on what moved and why, each only where its verdict is clear."""
    lines: list[str] = []

    def tell(key: str, row: pd.Series, **more: str) -> None:
        size = number(row.difference, row.unit, True, lang)
        lines.append(say(key, lang, difference=size, interval=interval(row), **more))

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
    time = primary[0]
    if backlog.measure != "backlog":
        backlog, time = time, backlog
    if backlog.verdict == "better" and time.verdict == "worse":
        lines.insert(0, say("say_files_only", lang))
    if not any(r.verdict in ("better", "worse") for r in primary):
        lines.append(say("say_nothing", lang))

    first = str(c.table.window.iloc[0])
    if first != c.headline and backlog.verdict == "better":
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
        tell("say_stalled", stalled, backlog=number(backlog.difference, backlog.unit, True, lang))
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
    if closure.verdict == "higher" and not solved.ci_low > 0:
        tell("say_closure_only", closure)
    ends, lasts = c.row(policy, "unresolved_days"), c.row(policy, "unresolved_days_lasting")
    if {ends.verdict, lasts.verdict} == {"better", "worse"}:
        lines.append(say("say_conventions", lang))
    return lines


def who_waits(c: Comparison, policy: str, lang: str) -> list[str]:
    """The groups that gain and lose most, each only where its verdict is clear, and how the same cases fared."""
    lines = []
    for key, groups in zip(("say_gain", "say_lose"), extremes(c.groups, policy, c.headline), strict=True):
        named = [
            f"{group_label(c.scenario, r.family, r.group, lang)} "
            f"({number(r.difference, 'd', True, lang)} {unit_label('d', lang)} [{number(r.ci_low, 'd', True, lang)}, "
            f"{number(r.ci_high, 'd', True, lang)}])"
            for _, r in groups.iterrows()
        ]
        if named:
            lines.append(say(key, lang, groups=say("list_comma", lang).join(named)))
    return lines + pairs(c, policy, lang)


def pairs(c: Comparison, policy: str, lang: str) -> list[str]:
    """How the same cases fared in both worlds: a sentence, or none where all are alike."""
    g = c.groups
    everyone = g[(g.policy == policy) & (g.window == c.headline) & (g.family == "all")].iloc[0]
    if not everyone.same < 1:
        return []
    shares = {k: number(everyone[k], "share") for k in ("sooner", "later", "same")}
    return [say("say_pairs", lang, least=f"{c.scenario.matters.days:g}", **shares)]


def what_it_costs(c: Comparison, policy: str, lang: str) -> list[str]:
    """Gross outlay, savings apart, and the cost of a case-day saved where the backlog is clearly better."""
    cost = c.costs[c.costs.policy == policy].iloc[0]
    lines = [say("say_cost", lang, yearly=f"{cost.yearly:,.0f}", once=f"{cost.once:,.0f}")]
    if cost.saved_yearly > 0 or cost.saved_once > 0:
        lines.append(say("say_saved", lang, yearly=f"{cost.saved_yearly:,.0f}", once=f"{cost.saved_once:,.0f}"))
        if cost.saved_by_firms > 0:
            lines[-1] += say("say_saved_firms", lang, yearly=f"{cost.saved_by_firms:,.0f}")
    if cost.case_day_cost == cost.case_day_cost:
        names = {"cost": "case_day_cost", "low": "case_day_cost_low", "high": "case_day_cost_high"}
        price = {k: number(cost[column], "yuan") for k, column in names.items()}
        years = f"{c.scenario.cost.life_years:g}"
        lines.append(say("say_case_day", lang, days=f"{cost.case_days_saved:,.0f}", years=years, **price))
    elif cost.annual > 0:
        lines.append(say("say_no_case_day", lang))
    return lines


def alarm(c: Comparison, policy: str, lang: str) -> list[str]:
    """One line where the backlog clearly grows in the headline window, with what is saturated."""
    growth = overloaded(c.runs, policy, c.headline, c.scenario.matters.growth)
    if growth is None:
        return []
    who = say("baseline", lang) if policy == BASELINE else option_label(c, policy, lang)
    mean, low, high = (number(x, "share", True).removesuffix(" pp") for x in growth)
    line = say(
        "alarm", lang, who=who, growth=f"{mean} %", interval=f"[{low}, {high}]", window=window_label(c.headline, lang)
    )
    full = saturated(c.load, policy, c.headline, SATURATED)
    names = [place_label(c.scenario, r.kind, r.unit, lang) for _, r in full.iterrows()]
    if len(names) > NAMED:
        names = [*names[:NAMED], say("alarm_more", lang, n=len(names) - NAMED)]
    where = say("alarm_where", lang, units=say("list_comma", lang).join(names)) if names else say("alarm_nowhere", lang)
    if c.draws is not None and not names:  # means over draws hide the saturated ones
        where = say("alarm_draws", lang)
    return [f"{line} {where}"]


def _change(row: pd.Series, lang: str) -> str:
    """Difference and interval; identical runs say so instead of printing zeros."""
    if row.difference == row.ci_low == row.ci_high == 0:
        return say("identical", lang)
    return f"{number(row.difference, row.unit, True, lang)} {interval(row)}"
