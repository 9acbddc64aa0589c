"""Which uncertainty an interval holds, and the range of an effect when parameters are drawn."""

from __future__ import annotations

from gridsim.scenario.parameters import REGISTRY
from gridsim.studies.comparison import Comparison
from gridsim.studies.vary import effect_ranges
from gridsim.views.labels import measure_label, number, say, unit_label

FEW_KEYS = 6  # parameters that are still named one by one


def drawn_keys(c: Comparison) -> list[str]:
    """Keys of the parameters that were drawn, in the order of the registry."""
    return [] if c.draws is None else [k for k in c.draws.columns if k in REGISTRY]


def spread_lines(c: Comparison, policy: str, lang: str) -> list[str]:
    """The range of the effects of one option over the draws; empty when nothing was drawn."""
    if c.draws is None or len(c.finished) < 2:
        return []
    ranges = effect_ranges(c.runs, [policy], c.headline)
    lines = [
        say(
            "spread",
            lang,
            measure=measure_label(r["measure"], lang),
            low=number(r["low"], r["unit"], True, lang),
            high=number(r["high"], r["unit"], True, lang),
            median=number(r["median"], r["unit"], True, lang),
            unit=unit_label(r["unit"], lang),
            share=f"{100 * r['share_better']:.0f} %",
            n=len(c.finished),
        )
        for r in ranges.to_dict(orient="records")
    ]
    option = next(o for o in c.options if o.name == policy)
    own = [k for k in drawn_keys(c) if any(k in p.set for p in option.policies)]
    return lines + ([say("spread_overridden", lang, keys=", ".join(own))] if own else [])


def uncertainty_lines(c: Comparison, lang: str) -> list[str]:
    """What the intervals hold; with draws also what was drawn, what was held, and how many draws meet the patterns."""
    if c.draws is None:
        return [say("holds_chance", lang)]
    keys = drawn_keys(c)
    named = ": " + ", ".join(keys) if len(keys) <= FEW_KEYS else ""
    lines = [say("holds_parameters", lang, n=len(keys), named=named)]
    if redrawn := int(c.draws.redrawn.sum()):
        lines.append(say("redrawn", lang, n=redrawn))
    met = c.draws.meets_patterns.dropna()
    if len(met):
        lines.append(say("draws_meet", lang, met=int(met.sum()), n=len(met)))
    return lines
