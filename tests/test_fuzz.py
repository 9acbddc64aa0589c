"""Bad input is refused in clear lines, never with a traceback, never silently; what is accepted runs."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gridsim import cli
from gridsim.model.world import World
from gridsim.scenario.errors import ScenarioError
from gridsim.verification import fuzz
from gridsim.verification.fuzz import KINDS, complaints, mutant, small_enough
from gridsim.verification.mutants import (
    ACCEPT,
    CITY_FILE,
    EITHER,
    REFUSE,
    Mutant,
    policies_text,
    scenario_extreme,
    with_policies,
)
from gridsim.verification.promises import broken

NUMBERS = st.integers(0, 2**32 - 1)
QUICK = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


class Reached(Exception):
    """A command has checked its input and would simulate now."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder, and nothing is simulated."""

    def reached(*_: object, **__: object) -> None:
        raise Reached

    for name in ("gridsim.commands.run._simulate", "gridsim.commands.compare._simulate", "gridsim.studies.fit.fit"):
        monkeypatch.setattr(name, reached)
    monkeypatch.setattr("gridsim.model.compiled.is_compiled", lambda: True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def main(argv: list[str]) -> int:
    try:
        return cli.main(argv)
    except Reached:
        return 0


def emptied(folder: Path) -> Path:
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    return folder


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=[f.__name__ for f in KINDS])
def test_mutants(kind: int, folder: Path) -> None:
    """A hundred and fifty of each kind, in the order in which hypothesis finds them."""

    @settings(QUICK, max_examples=150)
    @given(NUMBERS)
    def each(n: int) -> None:
        m = mutant(n * len(KINDS) + kind)
        assert complaints(m, main, emptied(folder)) == [], m.what

    each()


@pytest.mark.parametrize("start", ["city", "more", "grids", "departments"])
def test_bytes(start: str, folder: Path) -> None:
    """Hypothesis's own accidents, which shrink: a piece of a valid file replaced by anything."""
    whole = {"city.toml": CITY_FILE.encode(), "more.toml": policies_text().encode(), **fuzz.tables()}
    name = next(n for n in whole if n.startswith(start))
    argv = {"city": ["run", "city.toml"], "more": with_policies()}.get(start, fuzz.NEW)
    size = len(whole[name])

    @settings(QUICK, max_examples=150)
    @given(
        st.integers(0, size),
        st.integers(0, 40),
        st.one_of(st.binary(max_size=12), st.text(max_size=8).map(lambda s: s.encode())),
    )
    def each(at: int, lost: int, put: bytes) -> None:
        data = whole[name][:at] + put + whole[name][at + lost :]
        assert complaints(Mutant(whole | {name: data}, argv, EITHER, start), main, emptied(folder)) == []

    each()


def test_what_is_accepted_runs(folder: Path) -> None:
    """Scenarios at the ends of what is allowed, for a fortnight: refused in words, or every promise kept."""
    seen: Counter[str] = Counter()

    @settings(QUICK, max_examples=250)
    @given(NUMBERS)
    def each(n: int) -> None:
        m = mutant(n * len(KINDS) + KINDS.index(scenario_extreme))
        (folder / "city.toml").write_bytes(m.files["city.toml"])
        scenario = small_enough(folder / "city.toml")
        if scenario is None:
            seen["refused, or large"] += 1
            return
        try:
            world = World(scenario)
        except ScenarioError:
            seen["refused by its city"] += 1
            return
        assert broken(world.advance(world.day + 14)) == [], m.what
        seen["ran"] += 1

    each()
    assert seen["ran"] > 100


def test_every_expectation_is_met_somewhere() -> None:
    """The mutants are of all sorts: most kinds are refused, and some must be accepted."""
    told = Counter(mutant(k).expected for k in range(1000))
    assert min(told[REFUSE], told[ACCEPT], told[EITHER]) > 20
    assert [mutant(k) for k in range(30)] == [mutant(k) for k in range(30)]


def test_complaints_are_made(folder: Path) -> None:
    """What the fuzzing looks for is found where it is."""

    def crash(_: list[str]) -> int:
        raise ZeroDivisionError("division by zero")

    plain = Mutant({}, [], EITHER, "")
    assert "ZeroDivisionError" in complaints(plain, crash, folder)[0]
    assert complaints(plain, lambda _: 3, folder) == ["exit code 3"]
    assert complaints(Mutant({}, [], REFUSE, ""), lambda _: 0, folder) == ["nonsense was accepted"]
    assert complaints(Mutant({}, [], ACCEPT, ""), lambda _: 2, folder)


FOUND = {  # by fuzzing: what ended in a traceback, or was accepted
    "brackets": ("rate = " + "[" * 3000 + "]" * 3000, "brackets stand too deep"),
    "digits": ("rate = " + "9" * 5000, "thousands of digits"),
    "no valid report": ("[intake]\nvalid_patrol = 0.0", "intake.valid_patrol: must be at least 0.01"),
    "endless road": ("[staff]\nperiphery_penalty = 1e15", "staff.periphery_penalty: must be at most 100"),
    "a day of 30 hours": ("[staff]\nevent_hours = 30.0", "staff.event_hours: must be at most 24"),
}


@pytest.mark.parametrize("name", FOUND)
def test_found(name: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text, answer = FOUND[name]
    (folder / "city.toml").write_text('based_on = "neighbourhood"\n' + text, encoding="utf-8")
    assert main(["run", "city.toml"]) == 2
    said = capsys.readouterr().err
    assert answer in said and said.count("\n") == 1


def test_an_empty_argument(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(["costs", "neighbourhood", ""])
    assert end.value.code == 2 and "unknown argument" in capsys.readouterr().err


@pytest.mark.parametrize("key", ["amount = true", 'amount = "2"', "starts = true"])
def test_a_policys_numbers_are_numbers(key: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    top = key if key.startswith("starts") else ""
    cost = "" if top else f'[[p.cost]]\nitem = "x"\nper = "city"\nyuan = 1.0\n{key}\n'
    (folder / "p.toml").write_text(f'[p]\n{top}\n[p.set]\n"linkage.rate" = 0.9\n{cost}', encoding="utf-8")
    assert main(["compare", "neighbourhood", "--policy-file", "p.toml", "--policies", "p"]) == 2
    assert key.split(" =")[0] in capsys.readouterr().err


def test_interrupted_is_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: object) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("gridsim.commands.run._simulate", interrupt)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # one in the background is deaf to it
    try:
        assert cli.main(["run", "neighbourhood"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    assert "Traceback" not in capsys.readouterr().err
