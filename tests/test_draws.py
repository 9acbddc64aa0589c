"""The random numbers: the checks of ``gridsim verify``, and that they would find a generator that is wrong."""

from __future__ import annotations

import numpy as np
import pytest

from gridsim.model import draws
from gridsim.verification.check import CHECKS, Size, findings
from gridsim.verification.draws import AXES, KNOWN, STREAMS, along, combined, philox_by_hand, words


@pytest.mark.parametrize("name", [n for n, c in CHECKS.items() if c.kind == "draws"])
def test_findings_hold(name: str) -> None:
    told = findings(name, Size())
    assert told and [f for f in told if not f.holds] == []


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_the_second_implementation_knows_the_answers_too(counter: str, key: str, answer: str) -> None:
    assert philox_by_hand(words(counter), words(key)) == words(answer)


def test_every_stream_is_looked_at() -> None:
    assert len(STREAMS) == 24 and draws.ARRIVAL in STREAMS and draws.CITY_EXPERTS in STREAMS


def test_each_key_counts() -> None:
    """Along every axis, numbers change with that key alone."""
    blocks = [along(axis, n=50) for axis in range(len(AXES))]
    assert all(np.array_equal(b[0], blocks[0][0]) for b in blocks)
    assert len({float(b[1, 0]) for b in blocks}) == len(AXES)


@pytest.mark.parametrize("wrong", ["few cells", "copies", "serial"])
def test_a_wrong_generator_is_found(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from gridsim.verification import draws as checks

    def spoilt(axis: int, base: tuple[int, ...] = checks.BASE, n: int = checks.N) -> np.ndarray:
        u = along(axis, base, n)
        if wrong == "few cells":  # 6 bits lost
            return np.floor(u * 64) / 64 + 1 / 128
        if wrong == "copies":  # a key without effect
            return along(axis, (0, *base[1:]), n) if axis else u
        u[1:] = 0.9 * u[1:] + 0.1 * u[:-1]
        return u

    monkeypatch.setattr(checks, "along", spoilt)
    told = [f for name in ("uniformity", "independence") for f in findings(name, Size())]
    assert any(not f.holds for f in told)


def test_bonferroni() -> None:
    assert combined("two", [("a", 0.4), ("b", 0.0006)]).holds
    assert not combined("two", [("a", 0.4), ("b", 0.0004)]).holds
