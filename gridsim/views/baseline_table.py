"""How far an answer depends on the baseline, in words."""

from __future__ import annotations

from gridsim.studies.baselines import Baselines
from gridsim.views.labels import aligned, interval, measure_label, number, option_label, say, unit_label

AGREEMENT = {
    "same direction in all": "agree_same",
    "opposite directions": "agree_opposite",
    "clear in some only": "agree_some",
    "clear in none": "agree_none",
}


def baselines_report(b: Baselines, lang: str) -> str:
    """Title, table and legend."""
    parts = [
        say("baselines_title", lang, n=len(b.comparisons)),
        baselines_table(b, lang),
        say("baselines_legend", lang),
    ]
    return "\n\n".join(parts)


def baselines_table(b: Baselines, lang: str) -> str:
    """A row per policy, primary outcome and baseline; the verdict over all baselines on the first of them."""
    names = ("policy", "measure", "unit", "of_baseline", "baseline", "difference", "verdict", "agreement")
    rows = [[say(f"col_{k}", lang) for k in names]]
    last: tuple[str, str] = ("", "")
    for _, r in b.table.iterrows():
        new_policy, new = r.policy != last[0], (r.policy, r.measure) != last
        last = (r.policy, r.measure)
        verdict = say(AGREEMENT[r.agreement], lang)
        if r.ratio == r.ratio:
            verdict += say("agree_ratio", lang, ratio=f"{r.ratio:.1f}")
        change = f"{number(r.difference, r.unit, True, lang)} {interval(r)}"
        if r.relative == r.relative:
            change += f" ({100 * r.relative:+.0f} %)".replace("-", "−")
        rows.append(
            [
                option_label(b.comparisons[0], r.policy, lang) if new_policy else "",
                measure_label(r.measure, lang) if new else "",
                unit_label(r.unit, lang) if new else "",
                r.baseline,
                number(r.today, r.unit),
                change,
                say(r.verdict, lang),
                verdict if new else "",
            ]
        )
    return aligned(rows, right=(4, 5))
