"""A case followed into two worlds, as text and as a figure."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from gridsim.scenario.parameters import EXPERT_FIELDS
from gridsim.scenario.policies import BASELINE
from gridsim.scenario.scenario import Scenario
from gridsim.studies.saved import rows_of
from gridsim.studies.trace import PHASES, Telling, Trace
from gridsim.views.figures import wrapped
from gridsim.views.labels import aligned, district_label, field_label, group_label, number, say

SHORT = 1 / 1440  # days: what is shorter than a minute is not told


def told(trace: Trace, lang: str) -> str:
    """The whole text that ``gridsim trace`` prints."""
    parts = [say("trace_title", lang), facts(trace, lang), chosen(trace, lang)]
    if trace.fork:
        parts.append(_heading(say("trace_same", lang)) + "\n" + aligned(step_rows(trace, 0, lang)[: trace.fork]))
    for k, t in enumerate(trace.tellings):
        rows = step_rows(trace, k, lang)[trace.fork :]
        parts.append(_heading(world_label(t, lang)) + "\n" + (aligned(rows) if rows else "–"))
    parts.append(aligned(phase_rows(trace, lang), right=(1, 2, 3)))
    return "\n\n".join([*parts, "\n".join(answer(trace, lang)), say("trace_note", lang)])


def _heading(text: str) -> str:
    return text + ":"


def facts(trace: Trace, lang: str) -> str:
    """What the incident is, in a sentence or two."""
    c, s = trace.case, trace.scenario
    where = say("list_comma", lang).join([district_label(s, c["district"], lang), unit_label(s, c["grid"], lang)])
    return say(
        "trace_case",
        lang,
        case_id=c["case_id"],
        category=group_label(s, "category", c["category"], lang),
        where=where,
        complexity=f"{c['complexity']:.2f}",
        needs=c["needs"],
        onset=moment(s, c["onset"], lang),
        seed=trace.seed,
        replicate=trace.replicate,
    )


def chosen(trace: Trace, lang: str) -> str:
    """How the case was chosen, and among which."""
    first, end = trace.among
    return say(f"trace_chosen_{trace.chosen}", lang, first=first, last=end - 1)


def world_label(t: Telling, lang: str) -> str:
    """Title of a world."""
    if t.name == BASELINE:
        return say("baseline", lang)
    return t.chinese if lang == "zh" else t.title


def step_rows(trace: Trace, which: int, lang: str) -> list[list[str]]:
    """Number, moment and sentence of each step of a world; sub-tasks that others outlast are in brackets."""
    s, t = trace.scenario, trace.tellings[which]
    rows = []
    for k, r in enumerate(rows_of(t.steps), 1):
        text = say(
            f"step_{r.step}",
            lang,
            unit=unit_label(s, r.unit, lang),
            n=f"{r.amount:.0f}",
            hours=f"{r.amount:.1f}",
            due=moment(s, r.amount, lang),
        )
        rows.append([str(k), moment(s, r.time, lang), text if r.decides else f"({text})"])
    if t.ended == "open":
        rows.append(["", "", say("trace_open", lang, time=moment(s, t.end, lang))])
    return rows


def phase_rows(trace: Trace, lang: str) -> list[list[str]]:
    """Days spent in each phase under both worlds, and the difference, summed up in the last row."""
    first, second = trace.tellings
    head = [say("trace_phase", lang), *(world_label(t, lang) for t in trace.tellings), say("trace_difference", lang)]
    rows = [head]
    for p in PHASES:
        a, b = first.phases[p], second.phases[p]
        if max(a, b) >= SHORT:
            rows.append([say(f"phase_{p}", lang), f"{a:.2f}", f"{b:.2f}", number(b - a, "d", True)])
    a, b = (t.end - trace.case["onset"] for t in trace.tellings)
    return [*rows, [say("trace_sum", lang), f"{a:.2f}", f"{b:.2f}", number(b - a, "d", True)]]


def answer(trace: Trace, lang: str) -> list[str]:
    """Which step saved or cost the days, and where the worlds part."""
    lines = []
    worlds = {"first": world_label(trace.tellings[0], lang), "second": world_label(trace.tellings[1], lang)}
    if not trace.solved:
        ends = {f"{k}_end": say(f"trace_end_{t.ended}", lang) for k, t in zip(worlds, trace.tellings, strict=True)}
        lines.append(say("trace_censored", lang, **worlds, **ends))
    elif not trace.decisive:
        lines.append(say("trace_alike", lang))
    else:
        days = f"{abs(trace.gained):.1f}"
        lines.append(say("trace_sooner" if trace.gained > 0 else "trace_later", lang, days=days, **worlds))
        named = [
            say("trace_share", lang, phase=say(f"phase_{p}", lang), days=number(-trace.shares[p], "d", True))
            for p in trace.decisive
        ]
        key = "trace_one_step" if len(named) == 1 else "trace_steps"
        lines[-1] += ("" if lang == "zh" else " ") + say(key, lang, steps=say("list_comma", lang).join(named))
    if trace.parting is not None:
        rows = [step_rows(trace, k, lang) for k in (0, 1)]
        first, second = (r[trace.parting][2] if trace.parting < len(r) else "–" for r in rows)
        lines.append(say("trace_fork", lang, n=trace.parting + 1, first=first, second=second))
    return lines


def moment(s: Scenario, time: float, lang: str) -> str:
    """``day 383 Thu 04:48``; day 0 is a Monday, and weekdays are not told on the continuous calendar."""
    minutes = round(time * 1440)
    day, rest = divmod(minutes, 1440)
    weekday = say("trace_weekdays", lang).split()[day % 7] if s.time.calendar == "office" else ""
    text = say(
        "trace_clock",
        lang,
        day=f"{day:,}".replace("-", "−"),
        weekday=weekday,
        clock=f"{rest // 60:02d}:{rest % 60:02d}",
    )
    return " ".join(text.split())


def unit_label(s: Scenario, unit: str, lang: str) -> str:
    """Name of who or where a step is."""
    if s.grids is not None and unit in s.grids.columns["name"]:
        return unit
    kind, _, rest = unit.partition("-")
    if kind in ("grid", "worker") and rest:
        return say(f"trace_unit_{kind}", lang, n=rest)
    if kind == "expert" and rest:
        n, field = rest.split()
        return say("trace_unit_expert", lang, n=n, field=_expert_field(field, lang))
    if unit in EXPERT_FIELDS:
        return _expert_field(unit, lang)
    if "." in unit:
        district, field = unit.split(".")
        where = district_label(s, district, lang) if district in s.districts else say("city_level", lang)
        name = field_label(s, field, lang)
        return say("trace_unit_department" if len(s.districts) > 1 else "trace_unit_own", lang, field=name, where=where)
    if unit == "at onset":
        return say("trace_unit_onset", lang)
    return group_label(s, "channel", unit, lang) if unit else ""


def _expert_field(field: str, lang: str) -> str:
    return EXPERT_FIELDS[field] if lang == "zh" else field.replace("_", " ")


# A colour and a hatch for each phase, light enough for letters, so that the bars read without colours too.
LOOKS = {
    "unnoticed": ("#dddddd", ""),
    "sent_back": ("#a6cee3", "//"),
    "disputed": ("#a6cee3", "xx"),
    "climbing": ("#a6cee3", ".."),
    "grid_queue": ("#b2df8a", ""),
    "grid_work": ("#b2df8a", "\\\\"),
    "handover": ("#cab2d6", "//"),
    "expert_queue": ("#cab2d6", ""),
    "expert_work": ("#cab2d6", "\\\\"),
    "report_in": ("#fdbf6f", ".."),
    "referral": ("#fdbf6f", "//"),
    "stalled": ("#fb9a99", "xx"),
    "department_queue": ("#fdbf6f", ""),
    "department_work": ("#fdbf6f", "\\\\"),
    "department_wait": ("#fdbf6f", "--"),
    "on_paper": ("#999999", "oo"),
}
WIDE = 0.16  # share of the axis from which on a spell bears its name


def story_figure(trace: Trace, lang: str) -> Figure:
    """Two bars, a world each: what the case waited for and who worked on it, day by day."""
    onset = trace.case["onset"]
    longest = max(t.end for t in trace.tellings) - onset
    figure = Figure(figsize=(8.5, 3.6), layout="constrained")
    axes = figure.subplots()
    shown: dict[str, Any] = {}
    for y, t in enumerate(trace.tellings):
        for first, last, phase in t.spells(onset):
            if last - first < SHORT:
                continue
            colour, hatch = LOOKS[phase]
            look: dict[str, Any] = {"facecolor": colour, "edgecolor": "#444444", "linewidth": 0.5, "hatch": hatch}
            bar = axes.barh(y, last - first, left=first - onset, height=0.55, **look)
            shown.setdefault(phase, bar)
            if last - first > WIDE * longest:
                name = say(f"phase_{phase}", lang)
                box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
                axes.text((first + last) / 2 - onset, y, name, ha="center", va="center", fontsize=8, bbox=box)
        end = f" {t.end - onset:.1f}{'+' if t.ended == 'open' else ''}"
        axes.annotate(end, (t.end - onset, y), va="center", fontsize=9)
    axes.set_yticks([0, 1], [wrapped(world_label(t, lang), 26).replace("$", r"\$") for t in trace.tellings])
    axes.invert_yaxis()
    axes.set(xlabel=say("trace_axis", lang), xlim=(0, 1.08 * longest))
    ordered = [p for p in LOOKS if p in shown]
    names = [say(f"phase_{p}", lang) for p in ordered]
    figure.legend([shown[p] for p in ordered], names, loc="outside lower center", ncols=3, frameon=False, fontsize=8)
    facts = {"case_id": trace.case["case_id"], "seed": trace.seed, "replicate": trace.replicate}
    figure.suptitle(say("trace_figure", lang, **facts), fontsize=11)
    return figure
