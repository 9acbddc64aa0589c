"""A plan: which runs a study is made of, in which order they are done, and by which hashes each is known.

A **run** is one (scenario, point, option, replicate): the scenario with the point's values, under the option, with the
keys (seed, replicate). A **batch** is one (scenario, point, replicate): one warm-up, copied to every option. Replicate
r has the same keys at every point and under every option, so that whatever is compared has common random numbers.

A design maps to a plan so: its columns are ``factors``, its rows are ``points``, row k of the design is point k, and
row k of ``Ledger.wide()`` holds the answer at it, whatever the order in which the runs were done. What a planner sets
and is compared pairwise belongs into ``options``; what nobody can set belongs into ``factors``.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from gridsim.measures import MEASURES, window_name, windows
from gridsim.scenario.parameters import REGISTRY
from gridsim.scenario.policies import BASELINE, Option, Policy
from gridsim.scenario.scenario import TABLES, Scenario, ScenarioError, nearest
from gridsim.studies.point import DUMMY, SEED, plain, seed_at, set_by
from gridsim.studies.versions import source_hash

FORMAT = 1
TODAY = Option(BASELINE, ())


class Batch(NamedTuple):
    """One warm-up and the options that continue from it; numbers are positions in the plan."""

    scenario: int
    point: int
    replicate: int
    options: tuple[int, ...]
    values: tuple[Any, ...]


class Key(NamedTuple):
    """What a run is known by: contents, never names or positions."""

    scenario: str
    point: str
    option: str
    code: str
    seed: int
    replicate: int


@dataclass(frozen=True, repr=False)
class Plan:
    """Every scenario at every point under every option, ``replications`` times.

    Attributes
    ----------
    scenarios : tuple of Scenario
        All with the same reporting windows.
    options : tuple of Option
        The baseline too, where it is wanted.
    replications, seed : int
        Replicates 0, 1, …; the key of all draws.
    factors : tuple of str
        Registry parameters (or keys of tables, ``teams.sartu.justice``) that the points set. A number set for a
        duration moves its mean or median, a whole-number parameter is rounded (``scenario.ranges.at_level``). A name
        that begins with ``dummy`` is set nowhere; ``seed`` is the point's own key of all draws.
    points : tuple of tuple
        A row a point, a value a factor; one empty row for a study without factors. Points of equal values are run once.
    code : str
        Python file of the user's own code, empty for none. It may define ``prepare(world)``, called before the warm-up,
        which returns the world to be run; and ``measure(world)``, called at the horizon, which returns a number for
        each name in the list ``MEASURES``.
    question : mapping
        What the study asks, as plain data (the study file); carried along, no part of what is run.

    """

    scenarios: tuple[Scenario, ...]
    options: tuple[Option, ...] = (TODAY,)
    replications: int = 1
    seed: int = 1
    factors: tuple[str, ...] = ()
    points: tuple[tuple[Any, ...], ...] = ((),)
    code: str = ""
    question: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        errors = []
        if not self.scenarios or not self.options or not self.points:
            errors.append("plan: needs at least one scenario, one option and one point")
        for name, value, least in (("replications", self.replications, 1), ("seed", self.seed, 0)):
            if not isinstance(value, int) or not least <= value < 2**32:
                errors.append(f"plan: {name}: must be a whole number from {least} to 2**32 − 1 (got {value!r})")
        for names, what in (([o.name for o in self.options], "options"), (list(self.factors), "factors")):
            errors += [f"plan: {what}: {n!r} stands twice" for n in dict.fromkeys(names) if names.count(n) > 1]
        errors += [f"plan: factors: {why}" for f in self.factors if (why := _no_factor(f))]
        errors += [
            f"plan: points: row {k} has {len(p)} values for {len(self.factors)} factors"
            for k, p in enumerate(self.points)
            if len(p) != len(self.factors)
        ][:3]
        if len({tuple(windows(s)) for s in self.scenarios}) > 1:
            named = ", ".join(f"{s.name} {s.time.days} days" for s in self.scenarios)
            errors.append(f"plan: scenarios have different reporting windows ({named}); give the study its own days")
        if errors:
            raise ScenarioError(errors)

    def __repr__(self) -> str:
        names = ", ".join(s.name for s in self.scenarios)
        return (
            f"<Plan {names}: {len(self.points)} points × {len(self.options)} options × {self.replications}"
            f" replications = {len(self):,} runs>"
        )

    def __len__(self) -> int:
        return len(self.scenarios) * len(self.points) * len(self.options) * self.replications

    @cached_property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """(window, measure) of every number that is kept of a run; the user's own stand in the last window."""
        names = [window_name(w) for w in windows(self.scenarios[0])]
        own = [(names[-1], m) for m in self.own.names] if self.own else []
        return tuple((w, m.key) for w in names for m in MEASURES) + tuple(own)

    @cached_property
    def own(self) -> OwnCode | None:
        """The user's own code."""
        return OwnCode.read(self.code) if self.code else None

    def runs(self) -> Iterator[tuple[int, int, int, int]]:
        """(scenario, point, option, replicate) of every run, in plan order: the last runs fastest."""
        for s in range(len(self.scenarios)):
            for p in range(len(self.points)):
                for o in range(len(self.options)):
                    for r in range(self.replications):
                        yield s, p, o, r

    def batches(self) -> Iterator[Batch]:
        """All batches in the order in which they are done, so that what is finished is balanced at any moment.

        Replication by replication; within one, the scenarios take turns, and points come in an order keyed by seed and
        content, which is no order of the design. Of points of equal content and seed the first stands for all.
        """
        first: dict[tuple[str, int], int] = {}
        for k, key in enumerate(self._seeded):
            first.setdefault(key, k)
        order = sorted(first.values(), key=lambda k: (_digest(self.seed, self._point_keys[k]), self._seeded[k]))
        every = tuple(range(len(self.options)))
        for r in range(self.replications):
            for p in order:
                for s in range(len(self.scenarios)):
                    yield Batch(s, p, r, every, self.points[p])

    def key(self, scenario: int, point: int, option: int, replicate: int) -> Key:
        """The key of a run, from its positions."""
        return Key(
            self._scenario_keys[scenario],
            self._point_keys[point],
            self._option_keys[option],
            self.own.hash if self.own else "",
            self.seed_of(self.points[point]),
            replicate,
        )

    def seed_of(self, values: Sequence[Any]) -> int:
        """The key of all draws at a point."""
        return seed_at(self.factors, values, self.seed)

    @cached_property
    def _scenario_keys(self) -> list[str]:
        return [s.hash[:16] for s in self.scenarios]

    @cached_property
    def _point_keys(self) -> list[str]:
        return [_digest(set_by(self.factors, p)) for p in self.points]

    @cached_property
    def _seeded(self) -> list[tuple[str, int]]:
        """Content and seed of each point: what tells two points apart."""
        return [(key, self.seed_of(p)) for key, p in zip(self._point_keys, self.points, strict=True)]

    @cached_property
    def _option_keys(self) -> list[str]:
        return [_digest([[p.starts, plain(p.set)] for p in o.policies]) for o in self.options]

    @cached_property
    def hash(self) -> str:
        """Hash of all that is run, the same on every machine."""
        told = self.to_dict()
        return _digest({k: v for k, v in told.items() if k not in ("question", "code")}, self.own and self.own.hash)

    def extends(self, other: Plan) -> bool:
        """True if every run of ``other`` is one of this plan, at the same place of the design."""
        return (
            self.seed == other.seed
            and self.factors == other.factors
            and (self.own and self.own.hash) == (other.own and other.own.hash)
            and self.replications >= other.replications
            and self._scenario_keys[: len(other.scenarios)] == other._scenario_keys
            and self._seeded[: len(other.points)] == other._seeded
            and {o.name: k for o, k in zip(self.options, self._option_keys, strict=True)}.items()
            >= {o.name: k for o, k in zip(other.options, other._option_keys, strict=True)}.items()
        )

    def to_dict(self) -> dict[str, Any]:
        """The plan as plain data that JSON can hold."""
        return {
            "format": FORMAT,
            "scenarios": [s.to_dict() for s in self.scenarios],
            "options": [
                {"name": o.name, "policies": [p.model_dump(mode="json") for p in o.policies]} for o in self.options
            ],
            "replications": self.replications,
            "seed": self.seed,
            "factors": list(self.factors),
            "points": [[plain(v) for v in p] for p in self.points],
            "code": {"file": self.code, "hash": self.own.hash, "names": list(self.own.names)} if self.own else None,
            "question": dict(self.question),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], look_at_code: bool = True) -> Plan:
        """A plan from :meth:`to_dict`.

        Parameters
        ----------
        look_at_code : bool
            False reads results only: the user's file is then not needed, and never run.

        Raises
        ------
        ScenarioError
            If the user's file has changed since.

        """
        plan = cls(
            scenarios=tuple(Scenario.from_dict(s) for s in data["scenarios"]),
            options=tuple(
                Option(o["name"], tuple(Policy.model_validate(p) for p in o["policies"])) for o in data["options"]
            ),
            replications=data["replications"],
            seed=data["seed"],
            factors=tuple(data["factors"]),
            points=tuple(tuple(p) for p in data["points"]),
            code=data["code"]["file"] if data["code"] else "",
            question=data["question"],
        )
        if data["code"] and not look_at_code:
            plan.__dict__["own"] = OwnCode(plan.code, "", tuple(data["code"]["names"]), data["code"]["hash"])
        elif plan.own and plan.own.hash != data["code"]["hash"]:
            raise ScenarioError([f"{plan.code}: has changed since the study began; its runs cannot be mixed"])
        return plan


@dataclass(frozen=True)
class OwnCode:
    """A user's file: its text (which workers get), the names of its measures, its hash.

    Comments do not count for the hash; modules beside the file that it imports do (workers elsewhere must have them).
    """

    file: str
    text: str
    names: tuple[str, ...]
    hash: str

    @classmethod
    def read(cls, file: str) -> OwnCode:
        """Read and check the file.

        Raises
        ------
        ScenarioError

        """
        try:
            text = Path(file).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ScenarioError([f"{file}: cannot be read: {error}"]) from None
        try:
            told = source_hash(text + "\n" + _beside(Path(file), text))
            found = cls(file, text, (), told).functions()
        except Exception as error:
            raise ScenarioError([f"{file}: cannot be run: {error!r}"]) from None
        names = found.get("MEASURES", ())
        if not {"prepare", "measure"} & found.keys() or ("measure" in found) != bool(names):
            raise ScenarioError(
                [f'{file}: needs prepare(world), or measure(world) with MEASURES = ["name of what it returns", …]']
            )
        taken = {m.key for m in MEASURES}
        if wrong := [n for n in names if n in taken or not isinstance(n, str)]:
            raise ScenarioError([f"{file}: MEASURES: {n!r} is the name of a measure already" for n in wrong])
        return cls(file, text, tuple(names), told)

    def functions(self) -> dict[str, Any]:
        """What the file defines."""
        found: dict[str, Any] = {"__name__": "gridsim_own_code", "__file__": self.file}
        exec(compile(self.text, self.file, "exec"), found)
        return found


def _beside(file: Path, text: str) -> str:
    """Texts of the modules in the file's folder that it imports, and that those import."""
    found: dict[str, str] = {file.stem: text}
    for of in (todo := [text]):
        nodes = list(ast.walk(ast.parse(of)))
        names = [a.name for n in nodes if isinstance(n, ast.Import) for a in n.names]
        names += [n.module for n in nodes if isinstance(n, ast.ImportFrom) and n.module and not n.level]
        for name in sorted({n.split(".")[0] for n in names} - found.keys()):
            if (path := file.with_name(f"{name}.py")).is_file():
                found[name] = path.read_text(encoding="utf-8")
                todo.append(found[name])
    return "\n".join(part for name, part in found.items() if name != file.stem)


def _no_factor(name: str) -> str:
    section = name.split(".")[0]
    if name in REGISTRY or section in TABLES or name == SEED or name.startswith(DUMMY):
        return f"{name}: sets how long a run is, not what the city is" if section == "time" else ""
    return f"no parameter {name!r}{nearest(name, REGISTRY)}"


def _digest(*parts: Any) -> str:
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
