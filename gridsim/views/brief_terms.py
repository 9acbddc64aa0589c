"""The brief's own words: letters of the options, what a policy sets, how to run it again, the glossary."""

from __future__ import annotations

import shlex
import tomllib
from functools import cache
from pathlib import Path
from string import ascii_uppercase
from typing import Any

from gridsim.scenario.parameters import REGISTRY
from gridsim.scenario.policies import Policy
from gridsim.scenario.scenario import Scenario
from gridsim.studies.comparison import Comparison
from gridsim.studies.saved import Saved
from gridsim.studies.vary import varied_keys
from gridsim.views.labels import say, term, unit_label
from gridsim.views.spread import drawn_keys


def letters(c: Comparison) -> dict[str, str]:
    """A short letter for every option; a stack is the sum of those of its policies where each stands alone too."""
    alone = [o.name for o in c.options if len(o.steps) == 1]
    out: dict[str, str] = {}
    free = iter([*ascii_uppercase, *(f"A{k}" for k in range(1, 10_000))])
    for name in alone:
        out[name] = next(free)
    for o in c.options:
        if o.name not in out:
            parts = [out.get(p.name) for p in o.steps]
            out[o.name] = next(free) if None in parts else "+".join(p for p in parts if p)
    return {o.name: out[o.name] for o in c.options}


def policies_of(c: Comparison, name: str, lang: str) -> list[dict[str, Any]]:
    """The policies of an option: what each is, and what it sets."""
    option = next(o for o in c.options if o.name == name)
    return [
        {
            "name": p.name,
            "title": (p.chinese if lang == "zh" else p.title) or p.name,
            "text": (p.chinese_text if lang == "zh" else "") or p.text,
            "starts": p.starts,
            "source": term("sources", p.source, lang),
            "origin": say(f"origin_{p.origin}", lang),
            "levers": levers(c.scenario, p, lang),
        }
        for p in option.policies
    ]


def configuration_of(c: Comparison, name: str, lang: str) -> dict[str, str] | None:
    """Name and text of the one configuration that an option is; None for policies and stacks."""
    steps = next(o for o in c.options if o.name == name).steps
    if len(steps) != 1 or not steps[0].components:
        return None
    return {"name": name, "text": (steps[0].chinese_text if lang == "zh" else "") or steps[0].text}


def levers(base: Scenario, policy: Policy, lang: str) -> list[dict[str, str]]:
    """What a policy changes: parameter, today's value, the policy's, unit; not the levers that are so already."""
    under = base.replace(policy.set, where=policy.name)
    return [
        {
            "key": key,
            "name": parameter_label(key, lang),
            "today": value_label(base.get(key), lang),
            "set": value_label(under.get(key), lang),
            "unit": "" if REGISTRY[key].unit in ("choice", "on/off") else unit_label(REGISTRY[key].unit, lang),
        }
        for key in policy.set
        if under.get(key) != base.get(key)
    ]


def parameter_label(key: str, lang: str) -> str:
    """Name of a parameter: its Chinese term, or its key as words."""
    return REGISTRY[key].chinese if lang == "zh" else key.replace(".", ": ").replace("_", " ")


def value_label(value: Any, lang: str) -> str:
    """A parameter's value as people read it."""
    if isinstance(value, bool):
        return term("choices", "true" if value else "false", lang) if lang == "zh" else ("yes" if value else "no")
    if isinstance(value, str):
        return term("choices", value, lang)
    if isinstance(value, int | float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    data = value.model_dump()
    comma = say("list_comma", lang)
    inside = comma.join(f"{term('distributions', k, lang)} {v:g}" for k, v in data.items() if k != "distribution")
    return f"{term('distributions', data['distribution'], lang)} ({inside})"


def again(saved: Saved, lang: str) -> dict[str, Any]:
    """How to run it again, and what exactly was run."""
    c, facts = saved.comparison, saved.manifest
    options = ",".join(o.name for o in c.options)
    rebuilt = shlex.join(
        [
            "gridsim",
            "compare",
            "scenario.toml",
            "--policies",
            options,
            "--replications",
            str(c.asked),
            "--seed",
            str(c.seed),
        ]
    )
    if c.equal_cost is not None:
        rebuilt += f" --equal-cost {c.equal_cost.budget.iloc[0]!r}"
    if c.draws is not None:
        keys = drawn_keys(c)
        rebuilt += " --vary" + ("" if keys == varied_keys() else f" --only {','.join(keys)}")
    if c.own_code:
        rebuilt += "  # + " + ", ".join(x["what"] for x in c.own_code)
    rows = [
        ("again_command", facts.get("command") or rebuilt),
        ("again_folder", rebuilt),
        ("again_report", "gridsim report ."),
        ("again_seed", str(c.seed)),
        ("again_replications", f"{len(c.finished)} / {c.asked}"),
        ("again_scenario", f"{c.scenario.name} {facts['scenario_hash']}"),
        ("again_engine", f"gridsim {facts['gridsim']}, {facts['engine_sources']}"),
        ("again_versions", ", ".join(f"{k} {v}" for k, v in facts["versions"].items()) + f", Python {facts['python']}"),
        ("again_written", facts["written"]),
    ]
    return {"rows": [(say(key, lang), text) for key, text in rows], "text": say("again_text", lang)}


@cache
def glossary_entries() -> dict[str, dict[str, str]]:
    """The glossary, key to term, English and explanations."""
    return tomllib.loads((Path(__file__).parent / "glossary.toml").read_text(encoding="utf-8"))


def glossary(saved: Saved, lang: str) -> dict[str, Any]:
    """The words of the trade."""
    return {
        "entries": [{"term": e["term"], "english": e["english"], "text": e[lang]} for e in glossary_entries().values()]
    }
