"""The design ``sensitivity`` of a study file: what is drawn, and the tables in which the answer stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from gridsim.measures import BY_KEY
from gridsim.scenario.errors import ScenarioError
from gridsim.scenario.parameters import REGISTRY
from gridsim.scenario.policies import Option, parse_options
from gridsim.scenario.scenario import Scenario
from gridsim.studies.designs import Design, Tables
from gridsim.studies.ledger import Ledger
from gridsim.studies.plan import TODAY, Plan
from gridsim.studies.point import DUMMY, at_point, set_by
from gridsim.studies.sensitivity.converged import WIDTH, above_floor, convergence
from gridsim.studies.sensitivity.factors import acting, factors_of
from gridsim.studies.sensitivity.indices import MAIN, RESAMPLES, analysed, is_constant
from gridsim.studies.sensitivity.noise import noises, output, outputs_of
from gridsim.studies.sensitivity.spec import MORRIS, Spec, drawn
from gridsim.studies.study import Study

NAMED = 5  # impossible points named in a refusal


class Sensitivity(Design):
    """Which factors move the measures, and the paired effect of policies.

    Attributes
    ----------
    method : str
        ``morris`` (screening), ``sobol`` (shares of variance), ``pawn``, ``delta``, ``rbd-fast``, ``regional``.
    n : int
        Morris: trajectories; Sobol: base sample; else points.
    factors : "open" or list of str
        See ``factors.factors_of``; of ``open`` those that act in the scenario.
    without : list of str
        Keys taken out of them.
    ranges : dict of key to [low, high]
        Instead of the registry's.
    policies : list of str
        Options whose paired effect is analysed too.
    second_order : bool
        Of Sobol: interactions of pairs, for twice the points.
    groups : bool
        Sections of the registry are moved as one (Morris, Sobol).
    width : float, optional
        Half-width wanted of the index (``converged.convergence``); for Morris none: it asks which factors matter.
    resamples : int
        Of the bootstrap.

    """

    name = "sensitivity"
    method: Literal["morris", "sobol", "pawn", "delta", "rbd-fast", "regional"]
    n: int = Field(ge=1, le=1_000_000)
    factors: Literal["open"] | list[str] = "open"
    without: list[str] = Field(default=[])
    ranges: dict[str, list[float]] = Field(default={})
    policies: list[str] = Field(default=[])
    second_order: bool = False
    groups: bool = False
    width: float | None = Field(default=None, gt=0, lt=1)
    resamples: int = Field(default=RESAMPLES, ge=100, le=100_000)

    def plan(self, study: Study) -> Plan:
        """Today and every policy at every point of the design; the design goes with the plan."""
        where = f"{study.name}.toml: design"
        options = [TODAY, *(parse_options(self.policies, study.known, study.scenarios[0]) if self.policies else [])]
        factors, idle = factors_of(self.factors, self.ranges, study.scenarios[0], where, self.without), dict[str, str]()
        if self.factors == "open":
            factors, idle = acting(factors, study.scenarios[0], options, study.told.seed)
        groups = [f.key.split(".")[0] for f in factors] if self.groups else []
        spec = drawn(
            self.method, factors, self.n, study.told.seed, second_order=self.second_order, groups=groups, where=where
        )
        refuse_impossible(spec, study.scenarios, where, options)
        return Plan(
            scenarios=study.scenarios,
            options=tuple(options),
            replications=study.told.replications,
            seed=study.told.seed,
            factors=spec.columns,
            points=spec.points,
            code=study.code,
            question=study.to_dict() | {"sensitivity": spec.to_dict() | {"idle": idle}},
        )

    def tables(self, study: Study, book: Ledger) -> Tables:
        """``indices``; ``convergence``; ``noise``; ``factors`` (what was varied); ``refused`` (outputs left out)."""
        spec, idle = spec_of(book.plan)
        parts, grown, refused = [], [], []
        for measure in study.told.measures:
            for effect_of in outputs_of(book.plan):
                means = output(book, measure, effect_of).mean(axis=2)
                for scenario, y in zip(book.plan.scenarios, means, strict=True):
                    at = {"scenario": scenario.name, "measure": measure, "effect_of": effect_of}
                    what = f"{measure}, effect of {effect_of}" if effect_of else measure
                    try:
                        table = analysed(spec, y, what, self.resamples)
                    except ScenarioError as error:
                        lacking = int((~np.isfinite(y)).sum())
                        refused.append(at | {"lacking": lacking, "points": len(y), "why": error.errors[0]})
                        continue
                    parts.append(_told(table, spec, at))
                    if not is_constant(y):
                        width = self.width or (None if self.method == MORRIS else WIDTH)
                        grown.append(convergence(spec, y, table, width, self.resamples).assign(**at))
        if not parts:
            raise ScenarioError([r["why"] for r in refused])
        return {
            "indices": pd.concat(parts, ignore_index=True),
            "convergence": pd.concat(grown, ignore_index=True) if grown else pd.DataFrame(),
            "noise": pd.DataFrame(noises(book, study.told.measures, spec)),
            "factors": _factors(spec, idle, book.plan.scenarios[0]),
            "refused": pd.DataFrame(refused, columns=["scenario", "measure", "effect_of", "lacking", "points", "why"]),
        }


def spec_of(plan: Plan) -> tuple[Spec, dict[str, str]]:
    """The design that drew a plan's points, and why factors were left out, by key.

    Raises
    ------
    ScenarioError
        If the design is not the one that the points come from.

    """
    told = plan.question.get("sensitivity")
    if told is None:
        raise ScenarioError(["the ledger holds no design of a sensitivity analysis; run its study file again"])
    spec = Spec.from_dict({k: v for k, v in told.items() if k != "idle"})
    if spec.columns != plan.factors or spec.points != plan.points:
        raise ScenarioError(["the ledger's design is not the one that its points were drawn by; nothing was analysed"])
    return spec, dict(told["idle"])


def refuse_impossible(
    spec: Spec, scenarios: Sequence[Scenario], where: str, options: Sequence[Option] = (TODAY,)
) -> None:
    """Refuse points that a city cannot have, today or under an option, before anything runs.

    Raises
    ------
    ScenarioError
        Naming points and reasons: a run that is missing there would spoil the whole analysis.

    """
    found: dict[str, list[int]] = {}
    known: dict[str, list[str]] = {}
    for k, point in enumerate(spec.points):
        values = set_by(spec.columns, point)
        if (key := repr(values)) not in known:
            known[key] = _impossible(scenarios, values, options)
        for about in dict.fromkeys(_about(why) for why in known[key]):
            found.setdefault(about, []).append(k)
    if found:
        bad = {k for points in found.values() for k in points}
        lines = [f"{where}: the city is impossible at {len(bad):,} of {len(spec.x):,} points of the design"]
        for key, points in list(found.items())[:NAMED]:
            named = ", ".join(map(str, points[:NAMED])) + (", …" if len(points) > NAMED else "")
            first = _impossible(scenarios, set_by(spec.columns, spec.points[points[0]]), options)
            text = next(w for w in first if _about(w) == key)
            lines.append(f"{where}: points {named}: {text}; narrow ranges under [design.ranges]")
        raise ScenarioError(lines)


def _about(why: str) -> str:
    """What an error is about, mostly a key: ``where: key: reason (got value)``."""
    return why.split(" (got")[0].split(": ")[:2][-1].strip()


def _impossible(scenarios: Sequence[Scenario], values: dict[str, Any], options: Sequence[Option]) -> list[str]:
    errors: list[str] = []
    for s in scenarios:
        try:
            here = at_point(s, values)
        except ScenarioError as error:
            errors += error.errors
            continue
        for option in options:
            try:
                option.phases(here)
            except ScenarioError as error:
                errors += error.errors
    return errors


def _told(table: pd.DataFrame, spec: Spec, at: dict[str, str]) -> pd.DataFrame:
    """The tidy table of one output: the dummy's index beside every one, and whether a factor stands above it."""
    own = table[(table.factor == DUMMY) & (table.other == "")].set_index("index").value
    above = set(above_floor(table, spec)) if table.value.notna().any() else set()
    return table.assign(
        floor=table["index"].map(own),
        above_floor=table.factor.isin(above) & (table["index"] == MAIN[spec.method]),
        **at,
        unit=BY_KEY[at["measure"]].unit,
        method=spec.method,
        n=spec.n,
    )


def _factors(spec: Spec, idle: Mapping[str, str], scenario: Scenario) -> pd.DataFrame:
    """What was varied, from where to where; and what was not, as it does not act."""
    rows = []
    for f in spec.factors:
        p = REGISTRY.get(f.key)
        ends = [f.choices[0], f.choices[-1]] if f.choices else [f.value(0.0, 0), f.value(1.0, 0)]
        ends = ["", ""] if f.key == DUMMY else ends
        rows.append(
            [f.key, p.chinese if p else "虚拟因子", f.kind, *ends, p.unit if p else "", p.grade if p else "", ""]
        )
    rows += [[k, REGISTRY[k].chinese, "", "", "", REGISTRY[k].unit, REGISTRY[k].grade, why] for k, why in idle.items()]
    return pd.DataFrame(rows, columns=["factor", "chinese", "kind", "low", "high", "unit", "grade", "left_out"])
