"""The random numbers: known answers, uniformity along every key, and the four distributions."""

from __future__ import annotations

import itertools
import math

import numba
import numpy as np
import pytest
from conftest import LEVEL
from scipy import stats

from gridsim.model import draws
from gridsim.scenario.distributions import Deterministic, Exponential, Gamma, Lognormal

# Random123 1.14, tests/kat_vectors, lines "philox4x32 10": counter, key, answer.
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]
AXES = ("seed", "replicate", "stream", "place", "ordinal", "attempt")
BASE = (20_210, 3, 7, 1_234, 77, 2)  # where the axes meet: any fixed keys would do
N = 20_000
TESTS = len(AXES) * 4 * 3  # axes, words, and KS, pairs, correlation: Bonferroni over all of them
EACH = (1 - LEVEL) / TESTS


def words(text: str) -> list[int]:
    return [int(w, 16) for w in text.split()]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_philox_known_answers(counter: str, key: str, answer: str) -> None:
    out = draws.philox_block(np.array([words(counter)], np.uint64), np.array([words(key)], np.uint64))
    assert out[0].tolist() == words(answer)


def philox_by_hand(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 in whole numbers, written from the paper (Salmon et al. 2011, §3.2) and not from the code."""
    (r0, l0, r1, l1), (k0, k1) = counter, key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * r0, 2**32)
        high1, low1 = divmod(0xCD9E8D57 * r1, 2**32)
        r0, l0, r1, l1 = high1 ^ l0 ^ k0, low1, high0 ^ l1 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return [r0, l0, r1, l1]


def test_philox_against_whole_number_arithmetic() -> None:
    rng = np.random.default_rng(1)
    counters = rng.integers(0, 2**32, (200, 4), dtype=np.uint64)
    keys = rng.integers(0, 2**32, (200, 2), dtype=np.uint64)
    out = draws.philox_block(counters, keys)
    for c, k, o in zip(counters.tolist(), keys.tolist(), out.tolist(), strict=True):
        assert o == philox_by_hand(c, k)


@numba.njit
def _along(axis, base, out):
    key = list(base)
    for i in range(len(out)):
        key[axis] = base[axis] + i
        u = draws.uniforms(key[0], key[1], key[2], key[3], key[4], key[5])
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = u


def along(axis: int, base: tuple[int, ...] = BASE, n: int = N) -> np.ndarray:
    """Uniforms as one key counts up and the others stand still; shape (n, 4)."""
    out = np.empty((n, 4))
    _along(axis, base, out)
    return out


def test_uniforms_use_every_key_as_the_paper_says() -> None:
    """Counter = (ordinal, place, stream, attempt), key = (seed, replicate), midpoints of 2^-32 cells."""
    seed, replicate, stream, place, ordinal, attempt = BASE
    expected = (np.array(philox_by_hand([ordinal, place, stream, attempt], [seed, replicate])) + 0.5) / 2**32
    assert along(0, n=1)[0].tolist() == expected.tolist()
    assert draws.uniform_block(seed, replicate, stream, place, 3)[2].tolist() == [
        (w + 0.5) / 2**32 for w in philox_by_hand([2, place, stream, 0], [seed, replicate])
    ]


@pytest.mark.parametrize("word", range(4))
@pytest.mark.parametrize("axis", range(len(AXES)), ids=AXES)
def test_uniform_and_serially_independent_along_each_key(axis: int, word: int) -> None:
    u = along(axis)[:, word]
    assert u.min() > 0.0 and u.max() < 1.0
    assert stats.kstest(u, "uniform").pvalue > EACH
    # neighbours: pairs that do not overlap fill an 8 × 8 table evenly
    pairs = np.histogram2d(u[0::2], u[1::2], bins=8, range=((0, 1), (0, 1)))[0]
    assert stats.chisquare(pairs.ravel()).pvalue > EACH
    # serial correlation at lags 1 to 8 is normal with sd 1/√n each; their sum of squares is χ²(8)
    z = (u - 0.5) * math.sqrt(12)
    r = np.array([np.sum(z[lag:] * z[:-lag]) / math.sqrt(len(z) - lag) for lag in range(1, 9)])
    assert stats.chi2.sf(np.sum(r**2), 8) > EACH


@pytest.mark.parametrize("axis", range(len(AXES)), ids=AXES)
def test_neighbouring_keys_share_nothing(axis: int) -> None:
    """Two sequences whose key differs by one on ``axis``, along another axis, are uncorrelated in all words."""
    other = 4 if axis != 4 else 3
    beside = tuple(k + (i == axis) for i, k in enumerate(BASE))
    a, b = along(other), along(other, beside)
    z = np.corrcoef(np.hstack([a, b]).T)[:4, 4:] * math.sqrt(N)
    assert not np.any(a == b)
    assert stats.chi2.sf(np.sum(z**2), 16) > (1 - LEVEL) / len(AXES)


def test_four_words_of_a_draw_are_independent() -> None:
    z = np.corrcoef(along(4).T)[np.triu_indices(4, 1)] * math.sqrt(N)
    assert stats.chi2.sf(np.sum(z**2), 6) > 1 - LEVEL


def test_streams_have_distinct_numbers() -> None:
    """Two streams with one number would be the same luck twice; durations take DURATION and what follows."""
    numbers = [
        draws.ARRIVAL,
        draws.CLOCKS,
        draws.NATURE,
        draws.INTAKE,
        draws.TRIAGE,
        draws.ATTEMPT,
        draws.WHISTLE,
        draws.DEADLINE,
        draws.STOCK,
        draws.PARTNERS,
        draws.DROP,
        draws.CITY_CELLS,
        draws.CITY_GRIDS,
        draws.CITY_SITES,
        draws.CITY_STAFF,
        draws.CITY_PEOPLE,
    ]
    assert len(set(numbers)) == len(numbers)
    assert max(numbers) < draws.DURATION


LAWS = [
    pytest.param(Exponential(mean=2.5), stats.expon(scale=2.5), id="exponential"),
    pytest.param(Gamma(mean=3.0, shape=0.4), stats.gamma(0.4, scale=3.0 / 0.4), id="gamma-below-1"),
    pytest.param(Gamma(mean=3.0, shape=1.0), stats.expon(scale=3.0), id="gamma-1"),
    pytest.param(Gamma(mean=3.0, shape=5.5), stats.gamma(5.5, scale=3.0 / 5.5), id="gamma-above-1"),
    pytest.param(Lognormal(median=3.0, sigma=1.2), stats.lognorm(1.2, scale=3.0), id="lognormal"),
]


@pytest.mark.parametrize(("law", "theory"), LAWS)
def test_samples_follow_their_distribution(law: Exponential | Gamma | Lognormal, theory: stats.rv_continuous) -> None:
    n = 200_000
    x = draws.sample_block(law.coded, 11, 64, n)
    assert x.min() >= 0.0
    assert stats.kstest(x, theory.cdf).pvalue > (1 - LEVEL) / len(LAWS)
    half = stats.norm.ppf((1 + LEVEL) / 2) * theory.std() / math.sqrt(n)
    assert half < 0.03 * theory.mean()
    assert abs(x.mean() - theory.mean()) < half
    assert law.average == pytest.approx(theory.mean(), rel=1e-12)
    z = stats.rankdata(x)  # neighbouring ordinals independent, whatever the distribution
    assert abs(np.corrcoef(z[1:], z[:-1])[0, 1]) < stats.norm.ppf((1 + LEVEL) / 2) / math.sqrt(n - 1)


def test_deterministic_and_zero_means() -> None:
    assert draws.sample_block(Deterministic(value=1.5).coded, 1, 64, 5).tolist() == [1.5] * 5
    assert Deterministic(value=1.5).average == 1.5
    for law in (Exponential(mean=0.0), Gamma(mean=0.0, shape=0.5), Lognormal(median=0.0, sigma=1.0)):
        assert np.all(draws.sample_block(law.coded, 1, 64, 100) == 0.0)


def test_gamma_attempts_do_not_run_into_each_other() -> None:
    """A rejected trial takes attempt · 1024 + trial: the draws of attempts 0 to 3 are independent of each other."""
    n = 20_000
    out = np.empty((4, n))
    _gamma_attempts(2.0, out)
    theory = stats.gamma(2.0)
    for row in out:
        assert stats.kstest(row, theory.cdf).pvalue > (1 - LEVEL) / 10
    for a, b in itertools.combinations(out, 2):
        assert not np.any(a == b)
        assert stats.spearmanr(a, b).pvalue > (1 - LEVEL) / 10


@numba.njit
def _gamma_attempts(shape, out):
    for attempt in range(out.shape[0]):
        for i in range(out.shape[1]):
            out[attempt, i] = draws.sample(2.0, 1.0, shape, 5, 0, 66, 9, i, attempt)
