"""A study file: one question, the runs that answer it, and how the answer is read off them.

TOML, such as::

    title = "How many departments must answer the whistle?"
    scenario = "district"
    replications = 20
    measures = ["time_to_resolution", "backlog"]

    [settings]                      # of the scenario, for this study
    "time.days" = 730

    [design]
    kind = "levels"                 # see ``studies.designs``
    [design.levels]
    "linkage.rate" = [0.3, 0.6, 0.9]

    [quick]                         # what --quick takes instead
    scenario = "neighbourhood"
    replications = 2
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gridsim.measures import BY_KEY, check_patterns
from gridsim.model.city import City
from gridsim.model.world import World
from gridsim.scenario.errors import ScenarioError, clear_errors, nearest
from gridsim.scenario.policies import Option, Policy, builtin_policies, read_policies
from gridsim.scenario.scenario import Scenario, load_scenario, read_toml

USUAL = ("time_to_resolution", "backlog", "unresolved_days", "on_time_share", "detection_rate", "running_cost")


class StudyFile(BaseModel):
    """What a study file may say.

    Attributes
    ----------
    scenario : str or list of str
        Built-in names, or paths of TOML files as seen from the study file.
    between : int
        Scenarios put between two, at equal steps of every number in which they differ.
    policy_files : list of str
    settings : dict
        Registry keys set in every scenario.
    measures : list of str
        Told on the page and drawn; the ledger keeps all.
    code : str
        Python file of the user's own (``studies.plan``).
    design : dict
        ``kind`` and what that design needs.
    quick : dict
        Keys of this file that ``--quick`` replaces.

    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
    title: str
    chinese: str = ""
    question: str = ""
    chinese_question: str = ""
    scenario: str | list[str] = Field(min_length=1)
    between: int = Field(default=0, ge=0, le=20)
    policy_files: list[str] = []
    settings: dict[str, Any] = {}
    replications: int = Field(default=20, ge=1, le=100_000)
    seed: int = Field(default=1, ge=0, lt=2**32)
    measures: list[str] = list(USUAL)
    code: str = ""
    design: dict[str, Any]
    quick: dict[str, Any] = {}


@dataclass(frozen=True)
class Study:
    """A study file that was read: ``told`` is what it says, ``folder`` where its paths begin, ``name`` its name."""

    name: str
    told: StudyFile
    folder: Path

    @classmethod
    def read(cls, path: str | Path, quick: bool = False) -> Study:
        """Read a study file.

        Raises
        ------
        ScenarioError
            With all that is wrong with it.

        """
        path = Path(path)
        if path.suffix != ".toml":
            raise ScenarioError([f"{path}: a study is a .toml file, such as experiments/three-policies.toml"])
        data = read_toml(path)
        if quick:
            data = _laid_over(data, data.get("quick", {}))
        return cls.from_dict({"name": path.stem, "folder": str(path.parent), "told": data}, where=path.name)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], where: str = "") -> Study:
        """A study from :meth:`to_dict`."""
        where = where or f"{data['name']}.toml"
        try:
            told = StudyFile.model_validate(data["told"])
        except ValidationError as error:
            raise ScenarioError(clear_errors(error, where, "", list(StudyFile.model_fields))) from None
        errors = [f"{where}: measures: no measure {m!r}{nearest(m, BY_KEY)}" for m in told.measures if m not in BY_KEY]
        if told.between and (isinstance(told.scenario, str) or len(told.scenario) != 2):
            errors.append(f"{where}: between: is said of two scenarios; scenario names {told.scenario!r}")
        if errors:
            raise ScenarioError(errors)
        return cls(data["name"], told, Path(data["folder"]))

    def to_dict(self) -> dict[str, Any]:
        """The study as plain data, to be kept with a plan."""
        return {"name": self.name, "folder": str(self.folder.resolve()), "told": self.told.model_dump(mode="json")}

    @cached_property
    def scenarios(self) -> tuple[Scenario, ...]:
        """The scenarios with the study's settings.

        Raises
        ------
        ScenarioError

        """
        names = [self.told.scenario] if isinstance(self.told.scenario, str) else self.told.scenario
        found = [load_scenario(self._path(n) if n.endswith(".toml") else n) for n in names]
        for s in found:
            check_patterns(s)
        if self.told.between:
            shares = [k / (self.told.between + 1) for k in range(1, self.told.between + 1)]
            found = [found[0], *(between(found[0], found[1], share) for share in shares), found[1]]
        where = f"{self.name}.toml: settings"
        return tuple(s.replace(self.told.settings, where=where) if self.told.settings else s for s in found)

    @cached_property
    def known(self) -> dict[str, Policy]:
        """Policies by name, those of the study's files too."""
        found = builtin_policies()
        for file in self.told.policy_files:
            found |= read_policies(Path(self._path(file)))
        return found

    @property
    def code(self) -> str:
        """Path of the user's own code, from the root: a study goes on from any folder."""
        return str(Path(self._path(self.told.code)).resolve()) if self.told.code else ""

    def _path(self, name: str) -> str:
        return str(Path(name) if Path(name).is_absolute() else self.folder / name)


def between(a: Scenario, b: Scenario, share: float) -> Scenario:
    """The scenario at a share of the way from ``a`` to ``b``: whole numbers rounded, other numbers as they come.

    Raises
    ------
    ScenarioError
        If the two differ in anything but numbers.

    """
    errors: list[str] = []

    def mixed(x: Any, y: Any, key: str) -> Any:
        if isinstance(x, Mapping) and isinstance(y, Mapping) and x.keys() == y.keys():
            return {k: mixed(x[k], y[k], f"{key}.{k}" if key else k) for k in x}
        if x == y:
            return x
        numbers = [isinstance(v, int | float) and not isinstance(v, bool) for v in (x, y)]
        if not all(numbers):
            errors.append(f"between: {key}: {a.name} and {b.name} differ in more than numbers ({x!r}, {y!r})")
            return x
        value = (1 - share) * x + share * y
        return round(value) if isinstance(x, int) and isinstance(y, int) else value

    apart = {"name", "title", "chinese", "description", "source", "patterns", "fit"}
    first, second = ({k: v for k, v in s.to_dict().items() if k not in apart} for s in (a, b))
    data = mixed(first, second, "")
    if errors:
        raise ScenarioError(errors[:10])
    name = f"{a.name}~{b.name}@{share:.3g}"
    patterns = {k: p.model_dump() for k, p in a.patterns.items()}
    about = {"name": name, "title": f"{share:.0%} of the way from {a.name} to {b.name}", "patterns": patterns}
    about["chinese"] = f"{a.name} 至 {b.name} 之间 {share:.0%} 处"
    return Scenario.from_dict(data | about, name)


def refuse_infeasible(scenarios: tuple[Scenario, ...], options: tuple[Option, ...]) -> None:
    """Refuse policies that a city cannot take, before anything runs.

    Raises
    ------
    ScenarioError

    """
    for base in scenarios:
        trial = World(base, City(base))
        for phase in (p for option in options for p in option.phases(base)):
            trial.enforce(phase.scenario)


def _laid_over(data: Mapping[str, Any], quick: Mapping[str, Any]) -> dict[str, Any]:
    """A study file with its quick values; tables are replaced key by key, levels whole."""
    out = dict(data)
    for key, value in quick.items():
        mixes = isinstance(value, Mapping) and isinstance(out.get(key), Mapping) and key != "levels"
        out[key] = _laid_over(out[key], value) if mixes else value
    return out
