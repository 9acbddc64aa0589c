"""One comparison at each of several baselines: how far the answer depends on which of them is true."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gridsim.measures import MEASURES, check_patterns
from gridsim.scenario.policies import Option, Policy, builtin_policies, parse_options
from gridsim.scenario.scenario import Scenario, ScenarioError, load_scenario
from gridsim.studies.comparison import Comparison, compare

SAME, OPPOSITE, SOME, NONE = "same direction in all", "opposite directions", "clear in some only", "clear in none"
AGREEMENTS = (SAME, OPPOSITE, SOME, NONE)
COLUMNS = ("policy", "measure", "unit", "baseline", "today", "difference", "ci_low", "ci_high", "relative", "verdict")


@dataclass(frozen=True, repr=False)
class Baselines:
    """Result of :func:`compare_baselines`.

    Attributes
    ----------
    comparisons : tuple of Comparison
        One a baseline, in the order given.
    table : DataFrame
        One row per policy, primary outcome and baseline: ``today``, the paired ``difference`` with its 95 % interval,
        ``relative`` to today, ``verdict``; and alike for all baselines ``agreement`` and ``ratio``, the largest effect
        divided by the smallest (only where all point the same way).

    """

    comparisons: tuple[Comparison, ...]
    table: pd.DataFrame

    def __repr__(self) -> str:
        return f"<Baselines {', '.join(c.scenario.name for c in self.comparisons)}>"

    @property
    def interrupted(self) -> bool:
        """True when a comparison was interrupted."""
        return any(c.interrupted for c in self.comparisons)


def load_baselines(
    names: Sequence[str | Path | Scenario], policies: str | Sequence[str | Option] | None, known: Mapping[str, Policy]
) -> list[Scenario]:
    """The scenarios, with everything that is wrong with any of them, or with a policy in it, said at once.

    Raises
    ------
    ScenarioError

    """
    found: list[Scenario] = []
    errors: list[str] = []
    for name in names:
        try:
            s = load_scenario(name)
            check_patterns(s)
            parse_options(policies, known, s)
            found.append(s)
        except ScenarioError as error:
            errors += [line for line in error.errors if line not in errors]
    called = [s.name for s in found]
    errors += [
        f"{n}: two baselines have this name; give one of them another name"
        for n in dict.fromkeys(called)
        if called.count(n) > 1
    ]
    if errors:
        raise ScenarioError(errors)
    return found


def compare_baselines(
    scenarios: Sequence[str | Path | Scenario],
    policies: str | Sequence[str | Option] | None = None,
    *,
    known: Mapping[str, Policy] | None = None,
    begun: Callable[[Scenario], None] | None = None,
    **options: Any,
) -> Baselines:
    """Compare policies with today at several baselines, with the same seeds.

    Parameters
    ----------
    scenarios : sequence of str, Path or Scenario
        Baselines, each compared as :func:`~gridsim.studies.comparison.compare` does.
    policies : str or list of str, optional
    known : mapping, optional
        Policies by name; the built-in ones by default.
    begun : callable, optional
        Called with each baseline before its runs.
    **options
        Passed on to ``compare``: replications, seed, days, jobs, vary, interventions, rule, progress, stopping.

    Returns
    -------
    Baselines
        On Ctrl-C with the baselines finished so far.

    """
    known = builtin_policies() if known is None else known
    done: list[Comparison] = []
    for scenario in load_baselines(scenarios, policies, known):
        if begun:
            begun(scenario)
        try:
            done.append(compare(scenario, policies, known=known, **options))
        except KeyboardInterrupt:
            if not done:
                raise
            break
        if done[-1].interrupted:
            break
    return Baselines(tuple(done), baseline_table(done))


def baseline_table(comparisons: Sequence[Comparison]) -> pd.DataFrame:
    """The primary outcomes of every policy in its settled window, baseline by baseline."""
    rows: list[dict[str, Any]] = []
    for option in comparisons[0].options:
        for m in (m for m in MEASURES if m.primary):
            here = [c.row(option.name, m.key) for c in comparisons]
            shared = {"agreement": agreement(here), "ratio": effect_ratio(here)}
            for c, r in zip(comparisons, here, strict=True):
                relative = r.difference / r.baseline if r.baseline else float("nan")
                values = [option.name, m.key, m.unit, c.scenario.name, r.baseline, r.difference, r.ci_low, r.ci_high]
                rows.append(dict(zip(COLUMNS, [*values, relative, r.verdict], strict=True)) | shared)
    return pd.DataFrame(rows)


def agreement(rows: Sequence[Any]) -> str:
    """Whether the effects point the same way; only intervals that exclude zero point anywhere."""
    clear = [np.sign(r.difference) for r in rows if r.ci_low > 0 or r.ci_high < 0]
    if not clear:
        return NONE
    if len(set(clear)) > 1:
        return OPPOSITE
    return SAME if len(clear) == len(rows) else SOME


def effect_ratio(rows: Sequence[Any]) -> float:
    """Largest effect divided by the smallest, where all point the same way; else NaN."""
    if agreement(rows) != SAME:
        return float("nan")
    sizes = [abs(r.difference) for r in rows]
    return float(max(sizes) / min(sizes))
