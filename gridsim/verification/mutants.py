"""Valid scenario and policy files, mutated: some into nonsense for certain, some harmlessly, some by accident."""

from __future__ import annotations

import datetime
import math
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tomli_w

from gridsim.scenario.distributions import LONGEST
from gridsim.scenario.parameters import PARAMETERS, REGISTRY, Parameter
from gridsim.scenario.policies import LEVERS
from gridsim.scenario.scenario import builtin_folder

REFUSE, ACCEPT, EITHER = "must be refused", "must be accepted", "either"
Rng = np.random.Generator

CITY_FILE = """
based_on = "neighbourhood"
title = "My town"

[time]
calendar = "office"
days = 30

[linkage]
rate = 0.8
report_in = { distribution = "exponential", mean = 2.0 }
parallel = true

[staff]
full_time = 40
nominal_share = 0.1

[rules]
experts = true

[costs.team]
yuan = 100000.0

[categories.dispute]
deadline_days = 3.0

[districts.neighbourhood]
population = 9000

[patterns.closure]
measure = "closure_rate"
target = 0.93
tolerance = 0.01
role = "emergent"
"""
JUNK = (
    b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\r\n", b"\n\n", b'"', b"'", b"=", b"[", b"]", b"{", b",", b"nan", b"inf",
    b"-1", b"1e999", b"\xe5\x90", "合计".encode("gbk"), "，".encode(), b"[[", b"]]", b"true", b"#", b"\t", b"\\",
    b"\x1b[0m", b"%s", "\u202e".encode(), b"9" * 400,
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """Files and a command line.

    Attributes
    ----------
    files : dict of str to bytes
    argv : list of str
        Names of files are relative to the folder that holds them.
    expected : str
        ``REFUSE``, ``ACCEPT`` or ``EITHER``.
    what : str
        What was done.

    """

    files: dict[str, bytes]
    argv: list[str]
    expected: str
    what: str


def pick(rng: Rng, values: Sequence[Any]) -> Any:
    """One of some values, each as likely."""
    return values[int(rng.integers(len(values)))]


# --- bytes ----------------------------------------------------------------------------------------------------------


def mutated_bytes(rng: Rng, data: bytes) -> bytes:
    """One to three accidents to a file: pieces lost, doubled, swapped, junk put in, bytes changed."""
    for _ in range(int(rng.integers(1, 4))):
        a, b = sorted(int(x) for x in rng.integers(0, len(data) + 1, 2))
        b = min(b, a + 60)
        data = [
            lambda: data[:a] + data[b:],  # noqa: B023 (called at once)
            lambda: data[:a] + data[a:b] * 2 + data[b:],  # noqa: B023
            lambda: data[:a] + pick(rng, JUNK) + data[a:],  # noqa: B023
            lambda: data[:a] + bytes([int(rng.integers(256))]) + data[a + 1 :],  # noqa: B023
            lambda: data[:a],  # noqa: B023
            lambda: data[b:] + data[a:b],  # noqa: B023
        ][int(rng.integers(6))]()
    return data


def scenario_bytes(rng: Rng) -> Mutant:
    """A scenario file after accidents."""
    return Mutant({"city.toml": mutated_bytes(rng, CITY_FILE.encode())}, ["run", "city.toml"], EITHER, "bytes")


def policy_bytes(rng: Rng) -> Mutant:
    """A policy file after accidents."""
    return Mutant({"more.toml": mutated_bytes(rng, policies_text().encode())}, with_policies(), EITHER, "bytes")


# --- scenarios ------------------------------------------------------------------------------------------------------


def nonsense(p: Parameter, rng: Rng) -> Any:
    """A value that a parameter can never take."""
    wrong: list[Any] = [[1], {}, {"a": 1}, datetime.date(2024, 1, 5), [], ""]
    if p.choices:
        return pick(rng, [*wrong, "none of them", 3, True, p.choices[0].upper() + " "])
    if isinstance(p.default, bool):
        return pick(rng, [*wrong, 1, 0, "true", 0.0, "是"])
    if not isinstance(p.default, int | float):
        good = {"distribution": "exponential", "mean": 1.0}
        bad = [3.0, "exponential", good | {"mean": -1.0}, good | {"mean": math.nan}, good | {"mean": math.inf}]
        bad += [{"distribution": "normal", "mean": 1.0}, good | {"sigma": 1.0}, {"mean": 1.0}, good | {"mean": 1e300}]
        return pick(rng, [*wrong, *bad, {"distribution": "gamma", "mean": 1.0, "shape": 0.0}])
    wrong += [math.nan, math.inf, -math.inf, "12", "12人", True, False, "nan", 1e308 * 10]
    if p.minimum is not None:
        wrong += [p.minimum - 1, -1e300, -(10**30)]
    if p.maximum is not None:
        wrong += [p.maximum + 1, 1e300, 10**30, 10**400]
    if isinstance(p.default, int):
        wrong += [1.5, 2.0]
    return pick(rng, wrong)


def scenario_value(rng: Rng) -> Mutant:
    """A parameter with a value it cannot take."""
    p = pick(rng, PARAMETERS)
    data = tomllib.loads(CITY_FILE)
    value = nonsense(p, rng)
    data.setdefault(p.section, {})[p.name] = value
    return _city(data, REFUSE, f"{p.key} = {value!r}"[:200])


def scenario_extreme(rng: Rng) -> Mutant:
    """A scenario with some parameters at the ends of what is allowed: it is refused in words, or it runs."""
    data = tomllib.loads(CITY_FILE)
    chosen = [pick(rng, PARAMETERS) for _ in range(int(rng.integers(1, 5)))]
    for p in chosen:
        data.setdefault(p.section, {})[p.name] = extreme(p, rng)
    return _city(data, EITHER, ", ".join(f"{p.key} = {data[p.section][p.name]}" for p in chosen))


def extreme(p: Parameter, rng: Rng) -> Any:
    """The least, the most, or an unusual value that a parameter may take."""
    if p.choices:
        return pick(rng, p.choices)
    if isinstance(p.default, bool):
        return not p.default
    if not isinstance(p.default, int | float):
        kind, key = pick(
            rng, (("deterministic", "value"), ("exponential", "mean"), ("lognormal", "median"), ("gamma", "mean"))
        )
        more = {"lognormal": {"sigma": pick(rng, (0.0, 4.0))}, "gamma": {"shape": pick(rng, (1e-6, 1e-3, 1000.0))}}
        return {"distribution": kind, key: pick(rng, (0.0, 1e-300, 1e-9, LONGEST)), **more.get(kind, {})}
    ends = [p.minimum, p.maximum, p.low, p.high, (p.minimum or 0) + 1e-12, 1e15]
    value = pick(rng, [e for e in ends if e is not None])
    return int(value) if isinstance(p.default, int) else float(value)


def scenario_structure(rng: Rng) -> Mutant:
    """A scenario with keys and tables that are not its own, or in the wrong place."""
    data: dict[str, Any] = tomllib.loads(CITY_FILE)
    p = pick(rng, PARAMETERS)
    row, home = {"yuan": 1.0}, data["districts"]["neighbourhood"]
    price = pick(rng, (math.nan, math.inf, "1", True, []))
    teams = {"neighbourhood": {"justice": pick(rng, (0, -1, 1.5, math.nan, "1"))}}
    table = pick(rng, ("no.csv", 3, [], {}, {"name": ["a"]}, {"name": 1}, "city.toml"))
    about, target = pick(rng, ("target", "role", "tolerance", "measure")), pick(rng, ("x", math.nan, True, []))
    wrong: list[tuple[str, Callable[[], Any]]] = [
        ("unknown key", lambda: data.setdefault(p.section, {}).update({p.name + pick(rng, ("s", " ", "_x", "中")): 1})),
        ("unknown table", lambda: data.update({pick(rng, ("link", "Linkage", "rule", "中文", "")): {"rate": 0.5}})),
        ("key at the top", lambda: data.update({p.name + "_": p.name})),
        ("table for a value", lambda: data.setdefault(p.section, {}).update({p.name: {p.name: {"x": 1}}})),
        ("value for a table", lambda: data.update({p.section: pick(rng, (1, "x", [], [{}], True, math.nan))})),
        ("table in a table", lambda: data.update({"city": {"linkage": {"rate": 0.5}}})),
        ("array of tables", lambda: data.update({p.section: [{p.name: 1}]})),
        ("unknown district", lambda: data.update({"teams": {"nowhere": {"justice": 1}}})),
        ("unknown field", lambda: data.update({"teams": {"neighbourhood": {"nothing": 1}}})),
        ("teams", lambda: data.update({"teams": teams})),
        ("unknown unit cost", lambda: data.update({"costs": {"tem": row}})),
        ("price", lambda: data.update({"costs": {"team": {"yuan": price}}})),
        ("people", lambda: home.update({"population": pick(rng, (0, -5, 1.5, "9000人", 10**30))})),
        ("nobody", lambda: data["staff"].update({"full_time": 0})),
        ("shares", lambda: data["categories"]["dispute"].update({"share": pick(rng, (0.9, -0.1, math.nan, "1", 2))})),
        ("base", lambda: data.update({"based_on": pick(rng, ("city.toml", "nowhere", "no.toml", 3, [], "", True))})),
        ("grids", lambda: data.update({"grids": table})),
        ("pattern", lambda: data["patterns"]["closure"].update({about: target})),
        ("title", lambda: data.update({"title": pick(rng, (3, [], {}, math.nan, True))})),
        ("hours", lambda: data.update({"time": {"opens": 18.0, "closes": 9.0, "calendar": "office"}})),
    ]  # fmt: skip
    what, change = pick(rng, wrong)
    change()
    return _city(data, REFUSE, what)


def scenario_text(rng: Rng) -> Mutant:
    """A scenario whose text is broken, or only dressed otherwise."""
    lines = CITY_FILE.strip().split("\n")
    stated = [i for i, line in enumerate(lines) if "=" in line]
    i = pick(rng, stated)
    other = pick(rng, [j for j in range(1, len(lines)) if lines[j].startswith("[")])
    text = CITY_FILE.encode()
    ways = [
        ("duplicate key", REFUSE, "\n".join([*lines[: i + 1], lines[i], *lines[i + 1 :]]).encode()),
        ("duplicate table", REFUSE, text + f"\n{lines[other]}\n".encode()),
        ("no value", REFUSE, text.replace(lines[i].encode(), lines[i].split("=")[0].encode() + b"=", 1)),
        ("two values", REFUSE, text.replace(lines[i].encode(), lines[i].encode() + b" 3", 1)),
        ("Chinese comma", REFUSE, text.replace(b"0.8", "0，8".encode())),
        ("unit", REFUSE, text.replace(b"0.8", b"0.8d")),
        ("percent", REFUSE, text.replace(b"0.8", b"80%")),
        ("thousands", REFUSE, text.replace(b"9000", b"9,000")),
        ("GBK", REFUSE, text.replace(b"My town", "我的城市".encode("gbk"))),
        ("broken UTF-8", REFUSE, text.replace(b"My town", b"\xe6\x88")),
        ("NUL", REFUSE, text + b"\x00"),
        ("UTF-16", REFUSE, CITY_FILE.encode("utf-16")),
        ("deep", REFUSE, b"[linkage]\nrate = " + b"[" * 3000 + b"]" * 3000),
        ("long number", REFUSE, text.replace(b"9000", b"9" * 5000)),
        ("empty", EITHER, b""),
        ("nothing but a comment", EITHER, b"# nothing\n"),
        ("BOM", ACCEPT, b"\xef\xbb\xbf" + text),
        ("CRLF", ACCEPT, text.replace(b"\n", b"\r\n")),
        ("Chinese title", ACCEPT, text.replace(b"My town", "我的城市".encode())),
        ("unchanged", ACCEPT, text),
    ]
    what, expected, data = pick(rng, ways)
    return Mutant({"city.toml": data}, ["run", "city.toml"], expected, what)


def _city(data: dict[str, Any], expected: str, what: str) -> Mutant:
    return Mutant({"city.toml": _toml(data)}, ["run", "city.toml"], expected, what)


def _toml(data: dict[str, Any]) -> bytes:
    return tomli_w.dumps(data).encode()


# --- policies -------------------------------------------------------------------------------------------------------


def policies_text() -> str:
    """The paper's policies under other names."""
    text = (builtin_folder() / "policies" / "paper.toml").read_text(encoding="utf-8")
    return (
        text.replace("raise-linkage", "mine-linkage")
        .replace("consolidate", "mine")
        .replace("add-experts", "mine-experts")
    )


def with_policies() -> list[str]:
    """A command line that names the first of them."""
    return [
        "compare",
        "neighbourhood",
        "--policy-file",
        "more.toml",
        "--policies",
        "mine-linkage",
        "--replications",
        "1",
    ]


def policy_structure(rng: Rng) -> Mutant:
    """A policy with a lever that is none, a value it cannot take, or a cost that makes no sense."""
    data = tomllib.loads(policies_text())
    mine = data["mine-linkage"]
    lever, stranger = pick(rng, LEVERS), pick(rng, [k for k in REGISTRY if k not in LEVERS])
    value = nonsense(REGISTRY[lever], rng)
    per = pick(rng, ("town", "", 3, "City"))
    ways: list[tuple[str, Callable[[], Any]]] = [
        (f"{lever} = {value!r}"[:200], lambda: mine["set"].update({lever: value})),
        ("no lever", lambda: mine["set"].update({stranger: False})),
        ("unknown lever", lambda: mine["set"].update({lever + "s": 1})),
        ("nested lever", lambda: mine["set"].update({"linkage": {"rate": 0.9}})),
        ("unknown key", lambda: mine.update({"stars": 3})),
        ("start", lambda: mine.update({"starts": pick(rng, (-1, 1.5, math.nan, "0", 10**9, True))})),
        ("per", lambda: mine["cost"][0].update({"per": per})),
        ("unit", lambda: mine["cost"][0].update({"unit": pick(rng, ("duty_oficer", "", 3))})),
        ("two prices", lambda: mine["cost"][0].update({"yuan": 3.0})),
        ("no price", lambda: mine["cost"][0].pop("unit")),
        ("amount", lambda: mine["cost"][0].update({"amount": pick(rng, (math.nan, math.inf, "1", [], True))})),
        ("every", lambda: mine["cost"][0].update({"every": pick(rng, ("month", 3, ""))})),
        ("cost", lambda: mine.update({"cost": pick(rng, (3, "x", {}, [3]))})),
        ("set", lambda: mine.update({"set": pick(rng, (3, "x", [], [{}]))})),
        ("components", lambda: mine.update({"components": pick(rng, (3, "x", {"a": 3}, {"a": "mine-experts"}))})),
        ("components alone", lambda: data.update({"mine-linkage": {"components": {"a": pick(rng, ("no", 3, {}))}}})),
        ("origin", lambda: mine.update({"origin": pick(rng, ("papers", 3, ""))})),
        ("policy", lambda: data.update({"mine-linkage": pick(rng, (3, "x", [], True))})),
        ("name", lambda: data.update({pick(rng, ("a+b", "a,b", "a~b", "baseline", "raise-linkage")): {"set": {}}})),
        ("not there", lambda: data.pop("mine-linkage")),
    ]  # fmt: skip
    what, change = pick(rng, ways)
    change()
    return Mutant({"more.toml": _toml(data)}, with_policies(), REFUSE, what)
