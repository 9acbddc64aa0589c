"""Patterns: what a baseline should look like, what each figure is worth, and the record of the fit to them.

Neither changes the simulation, so neither is part of a scenario's content. A pattern is an *input* (a parameter says
so), *fitted* (an open parameter was moved until it held) or *emergent* (nothing was moved for it: the only kind that
tests the model).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gridsim.scenario.parameters import REGISTRY, Grade
from gridsim.scenario.ranges import why_not_open

if TYPE_CHECKING:
    from gridsim.scenario.scenario import Scenario

APART = ("patterns", "fit")  # parts of a scenario that are carried along and are not content
UNMOVED = ("time.days", "time.follow_up_days", "matters.", "cost.", "costs.")
"""Content that no pattern of the first window sees."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Pattern(_Part):
    """A figure of the real city that the first window of the baseline should show.

    Attributes
    ----------
    measure : str
        Key of a measure (``gridsim measures``).
    target, tolerance : float
        The band is target ± tolerance; ``tolerance_kind`` "relative" takes the tolerance as a share of the target.
    role : "input", "fitted" or "emergent"
    by : str
        The parameter that sets an input or was moved for a fitted pattern.
    chinese, source, grade : str

    """

    measure: str
    target: float
    tolerance: float = Field(ge=0)
    tolerance_kind: Literal["absolute", "relative"] = "absolute"
    role: Literal["input", "fitted", "emergent"]
    by: str = ""
    chinese: str = ""
    source: str = ""
    grade: Grade = "X"

    @property
    def half_width(self) -> float:
        """Tolerance in the measure's unit."""
        return self.tolerance * (abs(self.target) if self.tolerance_kind == "relative" else 1.0)

    @property
    def band(self) -> tuple[float, float]:
        """Lowest and highest value that meets the pattern."""
        return self.target - self.half_width, self.target + self.half_width


class Fit(_Part):
    """Record of a fit: values of the fitted parameters, targets, what was achieved, and the hash that they held for.

    ``engine`` is the hash of the rules that were fitted.
    """

    hash: str
    gridsim: str = ""
    engine: str = ""
    seed: int = 0
    replications: int = 1
    rounds: int = 0
    parameters: dict[str, Any] = Field(default_factory=dict)
    targets: dict[str, float] = Field(default_factory=dict)
    achieved: dict[str, float] = Field(default_factory=dict)


def pattern_errors(patterns: Mapping[str, Pattern], fit: Fit | None) -> list[str]:
    """What is wrong between patterns and parameters; measures are checked where they are known."""
    from gridsim.scenario.scenario import nearest

    out: list[str] = []
    movers: dict[str, str] = {}
    for name, p in patterns.items():
        key = f"patterns.{name}.by"
        if p.role == "emergent":
            if p.by:
                out.append(
                    f"{key}: an emergent pattern is set by nothing; leave it out, or call the role fitted or input"
                )
        elif p.by not in REGISTRY:
            got = (
                f"no parameter {p.by!r}{nearest(p.by, REGISTRY)}"
                if p.by
                else f"is missing; a {p.role} pattern needs it"
            )
            out.append(f"{key}: {got}")
        elif p.role == "fitted" and (why := why_not_open(REGISTRY[p.by])):
            out.append(f"{key}: {p.by} cannot be fitted: {why}")
        elif p.role == "fitted" and p.by in movers:
            out.append(f"{key}: {p.by} is fitted to patterns.{movers[p.by]} already; one parameter, one pattern")
        elif p.role == "fitted":
            movers[p.by] = name
            if p.half_width == 0:
                out.append(f"patterns.{name}.tolerance: must be greater than 0 for a fitted pattern")
    keys = fit.parameters if fit else ()
    return out + [f"fit.parameters.{k}: unknown key{nearest(k, REGISTRY)}" for k in keys if k not in REGISTRY]


def collect_apart(data: Mapping[str, Any], where: str, parts: dict[str, Any], errors: list[str]) -> None:
    """Check the patterns and the fit of a scenario's plain data into ``parts``; append what is wrong."""
    from gridsim.scenario.scenario import collect

    found: dict[str, Any] = {}
    before = len(errors)
    rows = data.get("patterns", {})
    if not isinstance(rows, Mapping):
        errors.append(f"{where}: patterns: must be tables such as [patterns.some_name] (got {rows!r})")
        rows = {}
    for name, row in rows.items():
        allowed = [f"patterns.{name}.{c}" for c in Pattern.model_fields]
        collect(Pattern, row, where, f"patterns.{name}", allowed, found, errors)
    parts["fit"] = None
    if "fit" in data:
        collect(Fit, data["fit"], where, "fit", [f"fit.{c}" for c in Fit.model_fields], parts, errors)
    if len(errors) == before:
        parts["patterns"] = {n: found[f"patterns.{n}"] for n in rows}
        errors += [f"{where}: {line}" for line in pattern_errors(parts["patterns"], parts["fit"])]


def fit_hash(scenario: Scenario) -> str:
    """SHA-256 of all content that the patterns of the first window can depend on, and of the patterns themselves."""
    content = {k: v for k, v in scenario.items() if not k.startswith(UNMOVED)}
    patterns = {k: p.model_dump() for k, p in scenario.patterns.items()}
    text = json.dumps([content, patterns], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def fit_status(scenario: Scenario, engine: str = "") -> dict[str, Any] | None:
    """The fit a scenario carries, whether it still holds for it, and the fitted parameters that were changed since.

    None when there is no fit. It does not hold, with no parameter changed, when something else was. ``same_engine``
    says whether it was made with these rules (``engine``); with others it may no longer be met.
    """
    fit: Fit | None = scenario.fit
    if fit is None:
        return None
    now = {k: _plain(scenario.get(k)) for k in fit.parameters}
    changed = {k: {"fitted": v, "used": now[k]} for k, v in fit.parameters.items() if v != now[k]}
    return {
        "hash": fit.hash,
        "holds": fit.hash == fit_hash(scenario),
        "same_engine": fit.engine == engine,
        "changed": changed,
        **fit.model_dump(exclude={"hash"}),
    }


def _plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else value
