"""The random numbers: known answers, uniformity and independence along every key, distributions, and what pairing buys.

A draw is Philox4x32-10 of counter (ordinal, place, stream, attempt) and key (seed, replicate). Since keys are counted
up and never drawn, neighbouring keys must share nothing, on any axis and between any two.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import replace

import numba
import numpy as np
from scipy import stats

from gridsim.model import draws
from gridsim.scenario.distributions import Deterministic, Exponential, Gamma, Lognormal
from gridsim.scenario.policies import BASELINE
from gridsim.studies.comparison import compare
from gridsim.verification.check import LEVEL, Finding, Size, check, exact_finding, mean_finding

# Random123 1.14, tests/kat_vectors, lines "philox4x32 10": counter, key, answer.
KNOWN = (
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
)
AXES = ("seed", "replicate", "stream", "place", "ordinal", "attempt")
BASE = (20_210, 3, 7, 1_234, 77, 2)  # where the axes meet: any fixed keys would do
N = 20_000
LAWS = (
    ("exponential", Exponential(mean=2.5), stats.expon(scale=2.5)),
    ("gamma, shape 0.4", Gamma(mean=3.0, shape=0.4), stats.gamma(0.4, scale=3.0 / 0.4)),
    ("gamma, shape 1", Gamma(mean=3.0, shape=1.0), stats.expon(scale=3.0)),
    ("gamma, shape 5.5", Gamma(mean=3.0, shape=5.5), stats.gamma(5.5, scale=3.0 / 5.5)),
    ("lognormal", Lognormal(median=3.0, sigma=1.2), stats.lognorm(1.2, scale=3.0)),
)
NO_STREAMS = ("KEYS", "DURATION", "OWN", "DETERMINISTIC", "EXPONENTIAL", "GAMMA")
STREAMS = tuple(v for k, v in vars(draws).items() if k.isupper() and not k.startswith("_") and k not in NO_STREAMS)
PAIRED = {"time_to_resolution": "time to resolution", "backlog": "backlog"}


def words(text: str) -> list[int]:
    """Words in hexadecimal as whole numbers."""
    return [int(w, 16) for w in text.split()]


def philox_by_hand(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 in whole numbers, written from the paper (Salmon et al. 2011, §3.2) and not from the code."""
    (r0, l0, r1, l1), (k0, k1) = counter, key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * r0, 2**32)
        high1, low1 = divmod(0xCD9E8D57 * r1, 2**32)
        r0, l0, r1, l1 = high1 ^ l0 ^ k0, low1, high0 ^ l1 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return [r0, l0, r1, l1]


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


def combined(quantity: str, tests: list[tuple[str, float]]) -> Finding:
    """Many tests as one finding: none is rejected, after Bonferroni's correction for their number."""
    rejected = sum(p * len(tests) <= 1 - LEVEL for _, p in tests)
    what, least = min(tests, key=lambda t: t[1])
    finding = exact_finding(f"{quantity}: tests rejected, of {len(tests)}", 0, rejected, "tests")
    return replace(finding, note=f"least p × {len(tests)} = {min(1.0, least * len(tests)):.2g}: {what}")


@check(
    "philox",
    "The generator is Philox4x32-10",
    kind="draws",
    source="Salmon, Moraes, Dror & Shaw 2011; Random123 1.14, kat_vectors",
)
def philox(size: Size) -> Iterator[Finding]:
    """Known answers, whole-number arithmetic, and which key goes where."""
    wrong = 0
    for counter, key, answer in KNOWN:
        out = draws.philox_block(np.array([words(counter)], np.uint64), np.array([words(key)], np.uint64))
        wrong += out[0].tolist() != words(answer)
    yield exact_finding(f"known answers missed, of {len(KNOWN)}", 0, wrong, "answers")
    n = 200 * size.effort
    rng = np.random.default_rng(1)
    counters, keys = (rng.integers(0, 2**32, (n, width), dtype=np.uint64) for width in (4, 2))
    out = draws.philox_block(counters, keys).tolist()
    by_hand = [philox_by_hand(c, k) for c, k in zip(counters.tolist(), keys.tolist(), strict=True)]
    wrong = sum(a != b for a, b in zip(out, by_hand, strict=True))
    yield exact_finding(f"blocks unlike whole-number arithmetic, of {n}", 0, wrong, "blocks")
    seed, replicate, stream, place, ordinal, attempt = BASE
    expected = [(w + 0.5) / 2**32 for w in philox_by_hand([ordinal, place, stream, attempt], [seed, replicate])]
    wrong = along(0, n=1)[0].tolist() != expected
    expected = [(w + 0.5) / 2**32 for w in philox_by_hand([2, place, stream, 0], [seed, replicate])]
    wrong += draws.uniform_block(seed, replicate, stream, place, 3)[2].tolist() != expected
    yield exact_finding("draws whose keys stand elsewhere than documented", 0, wrong, "draws")


@check(
    "uniformity",
    "Uniform and serially independent along every key, in every word",
    kind="draws",
    source="Kolmogorov–Smirnov; χ² of pairs; Ljung & Box 1978",
)
def uniformity(size: Size) -> Iterator[Finding]:
    """Counts up one key at a time, as the model does."""
    n = N * size.effort
    for axis, name in enumerate(AXES):
        block = along(axis, n=n)
        inside = bool(block.min() > 0.0 and block.max() < 1.0)
        tests = []
        for k, u in enumerate(block.T, start=1):
            tests.append((f"word {k}, Kolmogorov–Smirnov", float(stats.kstest(u, "uniform").pvalue)))
            cells = np.histogram(u, bins=256, range=(0, 1))[0]
            tests.append((f"word {k}, χ² of 256 cells", float(stats.chisquare(cells).pvalue)))
            # neighbours: pairs that do not overlap fill an 8 × 8 table evenly
            pairs = np.histogram2d(u[0::2], u[1::2], bins=8, range=((0, 1), (0, 1)))[0]
            tests.append((f"word {k}, χ² of pairs", float(stats.chisquare(pairs.ravel()).pvalue)))
            # serial correlation at lags 1 to 8 is normal with sd 1/√n each; their sum of squares is χ²(8)
            z = (u - 0.5) * math.sqrt(12)
            r = np.array([np.sum(z[lag:] * z[:-lag]) / math.sqrt(len(z) - lag) for lag in range(1, 9)])
            tests.append((f"word {k}, lags 1 to 8", float(stats.chi2.sf(np.sum(r**2), 8))))
        finding = combined(f"along {name}, {n:,} draws of 4 words", tests)
        yield replace(finding, holds=finding.holds and inside)


@check(
    "independence",
    "Neighbouring keys, words, attempts and streams share nothing",
    kind="draws",
    source="correlations as χ²",
)
def independence(size: Size) -> Iterator[Finding]:
    """Sequences along one key whose other keys differ by one; the four words of a draw; attempts of a gamma."""
    n = N * size.effort
    tests, equal = [], 0
    for axis, other in itertools.permutations(range(len(AXES)), 2):
        beside = tuple(k + (i == axis) for i, k in enumerate(BASE))
        a, b = along(other, n=n), along(other, beside, n)
        equal += int(np.sum(a == b))
        z = np.corrcoef(np.hstack([a, b]).T)[:4, 4:] * math.sqrt(n)
        tests.append((f"{AXES[axis]} + 1 along {AXES[other]}", float(stats.chi2.sf(np.sum(z**2), 16))))
    yield combined(f"neighbouring keys, all {len(tests)} pairs of axes", tests)
    expected = len(tests) * 4 * n / 2**32
    yield replace(
        exact_finding("equal numbers at neighbouring keys", expected, equal, "numbers", 3),
        note="at most 3 more than by chance",
    )
    within = []
    for axis, name in enumerate(AXES):
        z = np.corrcoef(along(axis, n=n).T)[np.triu_indices(4, 1)] * math.sqrt(n)
        within.append((name, float(stats.chi2.sf(np.sum(z**2), 6))))
    yield combined("the four words of a draw", within)
    twice = len(STREAMS) - len({x for x in STREAMS if x < draws.DURATION})  # durations take DURATION and what follows
    yield exact_finding("streams that share a number", 0, twice, "streams")


@check(
    "distributions",
    "Samples follow the distribution that a scenario states",
    kind="draws",
    source="scipy.stats; Marsaglia & Tsang 2000 (gamma); Box & Muller 1958",
)
def distributions(size: Size) -> Iterator[Finding]:
    """Each law against scipy: the whole distribution, its mean, its stated mean, and neighbours."""
    n = 100_000 * size.effort
    for name, law, theory in LAWS:
        x = draws.sample_block(law.coded, 11, 64, n)
        test = stats.kstest(x, theory.cdf)
        z = stats.rankdata(x)  # neighbouring ordinals independent, whatever the distribution
        r = float(np.corrcoef(z[1:], z[:-1])[0, 1])
        serial = 2 * float(stats.norm.sf(abs(r) * math.sqrt(n - 1)))
        yield combined(f"{name}, {n:,} draws", [("Kolmogorov–Smirnov", float(test.pvalue)), ("neighbours", serial)])
        yield mean_finding(f"{name}, mean", x, float(theory.mean()), "", 0.03)
        yield exact_finding(f"{name}, mean as stated", float(theory.mean()), law.average, "", 1e-12 * theory.mean())
    fixed = draws.sample_block(Deterministic(value=1.5).coded, 1, 64, 5)
    yield exact_finding("deterministic: values that are not as stated", 0, int(np.sum(fixed != 1.5)), "values")
    nothing = [draws.sample_block(law.coded, 1, 64, 100) for law in _NOTHING]
    yield exact_finding("mean 0: values that are not 0", 0, sum(int(np.sum(x != 0)) for x in nothing), "values")
    out = np.empty((4, N))
    _gamma_attempts(2.0, out)
    tests = [(f"attempt {k}", float(stats.kstest(row, stats.gamma(2.0).cdf).pvalue)) for k, row in enumerate(out)]
    pairs = itertools.combinations(range(4), 2)
    tests += [(f"attempts {a} and {b}", float(stats.spearmanr(out[a], out[b]).pvalue)) for a, b in pairs]
    yield combined("gamma: attempts do not run into each other", tests)
    shared = sum(len(np.intersect1d(out[a], out[b])) for a, b in itertools.combinations(range(4), 2))
    yield exact_finding("gamma: values that two attempts share", 0, shared, "values")


_NOTHING = (Exponential(mean=0.0), Gamma(mean=0.0, shape=0.5), Lognormal(median=0.0, sigma=1.0))


@numba.njit
def _gamma_attempts(shape, out):
    """A rejected trial takes attempt · 1024 + trial."""
    for attempt in range(out.shape[0]):
        for i in range(out.shape[1]):
            out[attempt, i] = draws.sample(2.0, 1.0, shape, 5, 0, 66, 9, i, attempt)


@check(
    "pairing",
    "What common luck buys: variance of a difference, independent runs ÷ paired runs",
    kind="draws",
    source="common random numbers: Glasserman & Yao 1992; interval of a correlation: Fisher 1921",
)
def pairing(size: Size) -> Iterator[Finding]:
    """raise-linkage in the neighbourhood: the factor by which pairing saves replications; it must be above 1.

    The factor is (s₁² + s₂²) ÷ s², the variances of the two options and of their paired difference. It is above 1 just
    where the two are positively correlated; its interval is that of the correlation.
    """
    n = 24 * size.effort
    runs = compare("neighbourhood", "raise-linkage", replications=n, seed=3).runs
    last = runs[runs.window == runs.window.iloc[-1]].set_index("replicate")
    for measure, name in PAIRED.items():
        a, b = (last[last.policy == p][measure].sort_index().to_numpy() for p in (BASELINE, "raise-linkage"))
        va, vb, r = a.var(ddof=1), b.var(ddof=1), float(np.corrcoef(a, b)[0, 1])
        half = stats.norm.ppf((1 + LEVEL) / 2) / math.sqrt(n - 3)
        low, factor, high = (
            float((va + vb) / (va + vb - 2 * math.tanh(math.atanh(r) + d) * math.sqrt(va * vb)))
            for d in (-half, 0, half)
        )
        note = f"at least 1; correlation {r:.2f}, {n} pairs"
        yield Finding(f"{name}, raise-linkage in the neighbourhood", 1.0, factor, low, high, "factor", low > 1.0, note)
