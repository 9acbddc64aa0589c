"""Designs: what is run to answer a study's question, and the tables in which the answer stands.

A design is a model of the table ``[design]`` of a study file, with the two methods of :class:`Design`; ``DESIGNS``
lists them by ``kind``. ``views.study_page`` has its figure and its words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations, product
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gridsim.measures import BY_KEY, held_against, whole_first_window, windows
from gridsim.scenario.errors import ScenarioError, clear_errors, nearest
from gridsim.scenario.policies import BASELINE, LEVERS, Option, Policy, parse_options
from gridsim.scenario.scenario import Scenario
from gridsim.studies.judge import judge
from gridsim.studies.ledger import Ledger
from gridsim.studies.paired import holm, paired
from gridsim.studies.plan import TODAY, Plan
from gridsim.studies.study import Study, refuse_infeasible
from gridsim.studies.trial import DONE

Tables = dict[str, pd.DataFrame]
MOST_OPTIONS = 500


class Design(BaseModel):
    """The table ``[design]``, and how it is run and read."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: str
    name: ClassVar[str]

    def plan(self, study: Study) -> Plan:
        """The runs.

        Raises
        ------
        ScenarioError

        """
        raise NotImplementedError

    def tables(self, study: Study, book: Ledger) -> Tables:
        """The answer, a tidy table by name; what is not done in every option of a replication is left out."""
        raise NotImplementedError


class Compare(Design):
    """Policies against today, in one scenario or several: paired differences with verdicts.

    Attributes
    ----------
    policies : list of str
        Options, ``a+b`` to stack.
    against : str
        What they are held against, one of them; today by default.

    """

    name = "compare"
    policies: list[str] = Field(min_length=1)
    against: str = BASELINE

    def plan(self, study: Study) -> Plan:
        """Today and every option, in every scenario."""
        options = tuple(parse_options(self.policies, study.known, study.scenarios[0]))
        if self.against not in (BASELINE, *(o.name for o in options)):
            raise ScenarioError([f"{study.name}.toml: design.against: {self.against!r} is none of the policies"])
        return _planned(study, (TODAY, *options))

    def tables(self, study: Study, book: Ledger) -> Tables:
        """``effects``: against today; ``against``: against the other one; ``patterns``: does today's city fit?"""
        runs = balanced(book)
        names = [o.name for o in book.plan.options]
        out = {"effects": effects(study, book.plan, runs)}
        if self.against != BASELINE:
            others = [n for n in names if n not in (BASELINE, self.against)]
            out["against"] = effects(study, book.plan, runs, self.against, others)
        if any(s.patterns and whole_first_window(s) for s in book.plan.scenarios):
            out["patterns"] = patterns(book)
        return out


class Factorial(Design):
    """Policies alone and together, every combination: 2^k options.

    Attributes
    ----------
    policies : list of str
        Two to eight of them, in the order in which they stack.

    """

    name = "factorial"
    policies: list[str] = Field(min_length=2, max_length=8)

    def plan(self, study: Study) -> Plan:
        """Today and every stack."""
        stacks = ["+".join(c) for k in range(1, len(self.policies) + 1) for c in combinations(self.policies, k)]
        return _planned(study, (TODAY, *parse_options(stacks, study.known, study.scenarios[0])))

    def tables(self, study: Study, book: Ledger) -> Tables:
        """``effects``: every stack against today; ``factorial``: main effects, interactions, and the sum of parts."""
        runs = balanced(book)
        last = runs[runs.window == book.plan.columns[-1][0]]
        parts = [self._contrasts(study, s.name, last[last.scenario == s.name]) for s in book.plan.scenarios]
        return {"effects": effects(study, book.plan, runs), "factorial": pd.concat(parts, ignore_index=True)}

    def _contrasts(self, study: Study, scenario: str, runs: pd.DataFrame) -> pd.DataFrame:
        """Factorial contrasts of Yates, replication by replication.

        The effect of a set S of policies is the sum over all 2^k stacks of ± the measure, divided by 2^(k−1), the sign
        being the product over S of + where a policy is in the stack and − where it is not: for one policy the mean of
        what it adds to every stack of the others, for two half of what one changes in the other's effect. ``left over``
        is all together − today − the sum of what each adds alone. Holm's correction is over the 2^k − 1 contrasts of a
        measure.
        """
        rows: list[dict[str, Any]] = []
        stacks = [c for k in range(len(self.policies) + 1) for c in combinations(self.policies, k)]
        for measure in study.told.measures:
            wide = runs.pivot(index="replicate", columns="option", values=measure)
            y = {c: wide["+".join(c) or BASELINE].to_numpy() for c in stacks}
            found = []
            for s in stacks[1:]:
                signs = {c: (-1) ** sum(p not in c for p in s) for c in stacks}
                contrast = sum(signs[c] * y[c] for c in stacks) / 2 ** (len(self.policies) - 1)
                found.append((" × ".join(s), "main effect" if len(s) == 1 else "interaction", contrast))
            alone = sum(y[(p,)] - y[()] for p in self.policies)
            found.append(("sum of the parts", "sum", alone))
            found.append(("left over", "left over", y[tuple(self.policies)] - y[()] - alone))
            for term, kind, d in found:
                mean, low, high, p = paired(np.asarray(d))
                rows.append(
                    {
                        "scenario": scenario,
                        "measure": measure,
                        "unit": BY_KEY[measure].unit,
                        "term": term,
                        "kind": kind,
                        "effect": mean,
                        "ci_low": low,
                        "ci_high": high,
                        "replications": len(d),
                        "p_adjusted": p,
                    }
                )
        table = pd.DataFrame(rows)
        tested = table[table.kind.isin(("main effect", "interaction")) & table.p_adjusted.notna()]
        for _, family in tested.groupby("measure", sort=False):
            table.loc[family.index, "p_adjusted"] = holm(family.p_adjusted.to_numpy())
        table["clear"] = (table.ci_low > 0) | (table.ci_high < 0)
        return table


class Levels(Design):
    """Levers set to several values, every combination, against today.

    Attributes
    ----------
    levels : dict of lever to list
        One or two levers, of numbers or switches.
    also : dict
        Further levers, set in every combination.

    """

    name = "levels"
    levels: dict[str, list[Any]] = Field(min_length=1, max_length=2)
    also: dict[str, Any] = {}

    def plan(self, study: Study) -> Plan:
        """Today and every combination."""
        where = f"{study.name}.toml: design.levels"
        wrong = [
            f"{where}: {k}: is not a lever that a policy can set{nearest(k, LEVERS)}"
            for k in (*self.levels, *self.also)
            if k not in LEVERS
        ]
        wrong += [f"{where}: {k}: needs values in a list" for k, v in self.levels.items() if not v]
        for k, values in self.levels.items():
            odd = [v for v in values if not isinstance(v, int | float)]
            wrong += [
                f"{where}: {k}: levels are numbers or switches; compare others as policies (got {v!r})" for v in odd
            ]
            told = [] if odd else [_level(v) for v in values]
            wrong += [
                f"{where}: {k}: {v} stands twice (six digits count)" for v in dict.fromkeys(told) if told.count(v) > 1
            ]
        if wrong:
            raise ScenarioError(wrong)
        combos = list(product(*self.levels.values()))
        if len(combos) > MOST_OPTIONS:
            raise ScenarioError([f"{where}: {len(combos):,} combinations; at most {MOST_OPTIONS}"])
        made = {
            name: Policy(name=name, set=self.also | dict(zip(self.levels, c, strict=True))) for name, c in self._named()
        }
        for scenario in study.scenarios:
            options = parse_options(list(made), made, scenario)
        return _planned(study, (TODAY, *options))

    def _named(self) -> list[tuple[str, tuple[Any, ...]]]:
        return [
            (" ".join(f"{k}={_level(v)}" for k, v in zip(self.levels, c, strict=True)), c)
            for c in product(*self.levels.values())
        ]

    def tables(self, study: Study, book: Ledger) -> Tables:
        """``effects``: every combination against today; ``interaction``: does one lever's effect hang on the other?"""
        runs = balanced(book)
        table = effects(study, book.plan, runs)
        named = dict(self._named())
        for k, lever in enumerate(self.levels):
            table.insert(2 + k, lever, [named[p][k] for p in table.policy])
        out = {"effects": table}
        if len(self.levels) == 2:
            out["interaction"] = self._corners(study, runs[runs.window == book.plan.columns[-1][0]])
        return out

    def _corners(self, study: Study, runs: pd.DataFrame) -> pd.DataFrame:
        """What the first lever, from lowest to highest, does at the second one's highest, minus at its lowest."""
        (a, b), (x, y) = self.levels, self.levels.values()
        rows = []
        for (scenario,), here in runs.groupby(["scenario"], sort=False):
            for measure in study.told.measures:
                wide = here.pivot(index="replicate", columns="option", values=measure)

                def at(u: Any, v: Any, wide: pd.DataFrame = wide) -> np.ndarray:
                    return np.asarray(wide[f"{a}={_level(u)} {b}={_level(v)}"])

                step = [at(max(x), v) - at(min(x), v) for v in (min(y), max(y))]
                for what, d in (
                    ("at the lowest", step[0]),
                    ("at the highest", step[1]),
                    ("difference", step[1] - step[0]),
                ):
                    mean, low, high, _ = paired(d)
                    rows.append([scenario, measure, BY_KEY[measure].unit, a, b, what, mean, low, high, len(d)])
        names = ["scenario", "measure", "unit", "lever", "other", "what", "effect", "ci_low", "ci_high", "replications"]
        return pd.DataFrame(rows, columns=names)


def _level(value: float) -> str:
    """A level as an option's name has it: a plus would stack policies."""
    return f"{value:g}".replace("e+", "e")


DESIGNS: dict[str, type[Design]] = {d.name: d for d in (Compare, Factorial, Levels)}


def designs() -> dict[str, type[Design]]:
    """All designs by kind."""
    from gridsim.studies.sensitivity.design import Sensitivity  # itself a design

    return DESIGNS | {Sensitivity.name: Sensitivity}


def design_of(study: Study) -> Design:
    """The design of a study, checked.

    Raises
    ------
    ScenarioError

    """
    kind, where, known = str(study.told.design.get("kind")), f"{study.name}.toml", designs()
    if kind not in known:
        near = nearest(kind, known) or "."
        raise ScenarioError([f"{where}: design.kind: no design {kind!r}{near} Allowed are {', '.join(known)}"])
    model = known[kind]
    try:
        return model.model_validate(study.told.design)
    except ValidationError as error:
        allowed = [f"design.{f}" for f in model.model_fields]
        raise ScenarioError(clear_errors(error, where, "design", allowed)) from None


def plan_of(study: Study) -> Plan:
    """The plan of a study; a policy that a city cannot take is refused.

    Raises
    ------
    ScenarioError

    """
    plan = design_of(study).plan(study)
    refuse_infeasible(plan.scenarios, plan.options)
    return plan


def _planned(study: Study, options: Sequence[Option]) -> Plan:
    return Plan(
        scenarios=study.scenarios,
        options=tuple(options),
        replications=study.told.replications,
        seed=study.told.seed,
        code=study.code,
        question=study.to_dict(),
    )


def balanced(book: Ledger) -> pd.DataFrame:
    """All windows of the runs of those replications that are done under every option, scenario by scenario and point.

    Raises
    ------
    ScenarioError
        If there is none.

    """
    frame = book.frame("all")
    names = ["scenario", "point", "replicate"]
    whole = frame.groupby(names)["status"].transform(lambda s: (s == DONE).all())
    if not whole.any():
        told = [text.strip().splitlines()[-1] for _, text in book.errors(1)]
        raise ScenarioError([f"{book.path}: no replication is done under every option; {''.join(told) or 'resume it'}"])
    return frame[whole]


def effects(
    study: Study, plan: Plan, runs: pd.DataFrame, against: str = BASELINE, options: Sequence[str] | None = None
) -> pd.DataFrame:
    """Paired differences of the study's measures in the last window, with verdicts (``studies.judge``).

    Returns
    -------
    DataFrame
        ``scenario`` and the columns of a comparison.

    """
    names = [o.name for o in plan.options if o.name != BASELINE] if options is None else list(options)
    parts = []
    for scenario in plan.scenarios:
        here = runs[runs.scenario == scenario.name].rename(columns={"option": "policy"})
        if against != BASELINE:  # the verdicts are against the option called baseline
            here = here[here.policy != BASELINE].replace({"policy": {against: BASELINE}})
        table = judge(here, names, scenario)
        last = table.window == table.window.iloc[-1]
        parts.append(table[last & table.measure.isin(study.told.measures)].assign(scenario=scenario.name))
    found = pd.concat(parts, ignore_index=True)
    return found[["scenario", *(c for c in found.columns if c != "scenario")]]


def patterns(book: Ledger) -> pd.DataFrame:
    """Today's city in every scenario, held against the patterns."""
    first = windows(book.plan.scenarios[0])[0]
    frame = book.frame("all")
    frame = frame[(frame.window == book.plan.columns[0][0]) & (frame.option == BASELINE) & (frame.status == DONE)]
    parts = []
    for s in book.plan.scenarios:
        rows: list[Mapping[str, float]] = frame[frame.scenario == s.name][list(BY_KEY)].to_dict(orient="records")
        if rows and s.patterns and whole_first_window(s):
            parts.append(held_against(s, [{first: row} for row in rows]).assign(scenario=s.name))
    return pd.concat(parts, ignore_index=True)


def scenario_named(plan: Plan, name: str) -> Scenario:
    """A scenario of a plan."""
    return next(s for s in plan.scenarios if s.name == name)
