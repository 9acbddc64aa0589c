"""Keyed random numbers: a draw is a pure function of (seed, replicate, stream, entity, attempt).

The generator is Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3",
SC'11): no state, so neither a policy, nor the order of events, nor a thread can shift anybody's draws. The entity of
an incident is its place and its ordinal there, hence the same incident meets the same luck under every policy.
"""

from __future__ import annotations

import math

import numpy as np

from gridsim.model.compiled import entry, rule
from gridsim.scenario.distributions import DETERMINISTIC, EXPONENTIAL, GAMMA

# Streams. A duration's stream is DURATION + its row in the table of durations.
ARRIVAL, CLOCKS, NATURE, INTAKE, TRIAGE, ATTEMPT, WHISTLE, DEADLINE, STOCK, PARTNERS, DROP, STOCK_LIES = range(1, 13)
ESCALATION, FOLLOW_UP = range(13, 15)
CITY_CELLS, CITY_GRIDS, CITY_SITES, CITY_STAFF, CITY_PEOPLE, CITY_EXPERTS = range(20, 26)
DURATION = 64

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_UNIT = 2.0**-32


@rule("UniTuple(uint64, 4)(uint64, uint64, uint64, uint64, uint64, uint64)")
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10: four 32-bit words from a 128-bit counter and a 64-bit key (held in 64-bit words)."""
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@rule("UniTuple(float64, 4)(int64, int64, int64, int64, int64, int64)")
def uniforms(seed, replicate, stream, place, ordinal, attempt):
    """Four uniforms in the open interval (0, 1)."""
    a, b, c, d = philox(
        np.uint64(ordinal),
        np.uint64(place),
        np.uint64(stream),
        np.uint64(attempt),
        np.uint64(seed),
        np.uint64(replicate),
    )
    return (a + 0.5) * _UNIT, (b + 0.5) * _UNIT, (c + 0.5) * _UNIT, (d + 0.5) * _UNIT


@rule("float64(float64, float64)")
def normal(u, v):
    """Standard normal from two uniforms (Box & Muller 1958)."""
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)


@rule("float64(float64, int64, int64, int64, int64, int64, int64)")
def _gamma(shape, seed, replicate, stream, place, ordinal, attempt):
    """Gamma(shape, 1) by Marsaglia & Tsang 2000; each rejection takes a fresh keyed call."""
    boosted = shape + 1.0 if shape < 1.0 else shape
    d = boosted - 1.0 / 3.0
    c = 1.0 / math.sqrt(9.0 * d)
    trial = 0
    while True:
        u, v, w, boost = uniforms(seed, replicate, stream, place, ordinal, attempt * 1024 + trial)
        x = normal(u, v)
        cube = (1.0 + c * x) ** 3
        if cube > 0.0 and math.log(w) < 0.5 * x * x + d - d * cube + d * math.log(cube):
            value = d * cube
            return value * boost ** (1.0 / shape) if shape < 1.0 else value
        trial += 1


@rule("float64(float64, float64, float64, int64, int64, int64, int64, int64, int64)")
def sample(kind, scale, shape, seed, replicate, stream, place, ordinal, attempt):
    """One keyed draw from a coded distribution (see ``scenario.distributions``)."""
    if kind == DETERMINISTIC:
        return scale
    if kind == GAMMA:
        return scale * _gamma(shape, seed, replicate, stream, place, ordinal, attempt)
    u, v, _, _ = uniforms(seed, replicate, stream, place, ordinal, attempt)
    if kind == EXPONENTIAL:
        return -scale * math.log(u)
    return scale * math.exp(shape * normal(u, v))


@rule()
def duration(t, which, case, attempt):
    """Keyed duration of a case: row ``which`` of the table of durations, in that row's unit."""
    p = t.settings[0]
    d = t.duration[which]
    return sample(d.kind, d.scale, d.spread, p.seed, p.replicate, DURATION + which, case.place, case.ordinal, attempt)


@rule()
def chances(t, stream, case, attempt):
    """Four keyed uniforms of a case."""
    p = t.settings[0]
    return uniforms(p.seed, p.replicate, stream, case.place, case.ordinal, attempt)


@entry
def _fill_uniforms(seed, replicate, stream, place, out):
    for i in range(len(out)):
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = uniforms(seed, replicate, stream, place, i, 0)


@entry
def _fill_samples(kind, scale, shape, seed, stream, out):
    for i in range(len(out)):
        out[i] = sample(kind, scale, shape, seed, 0, stream, 0, i, 0)


@entry
def _fill_philox(counters, keys, out):
    for i in range(len(out)):
        c, k = counters[i], keys[i]
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = philox(c[0], c[1], c[2], c[3], k[0], k[1])


def uniform_block(seed: int, replicate: int, stream: int, place: int, n: int) -> np.ndarray:
    """Uniforms of ordinals 0 to n − 1; shape (n, 4)."""
    out = np.empty((n, 4))
    _fill_uniforms(seed, replicate, stream, place, out)
    return out


def sample_block(coded: tuple[int, float, float], seed: int, stream: int, n: int) -> np.ndarray:
    """``n`` keyed draws of one coded distribution, for tests against theory."""
    out = np.empty(n)
    _fill_samples(*coded, seed, stream, out)
    return out


def philox_block(counters: np.ndarray, keys: np.ndarray) -> np.ndarray:
    """Raw Philox words, for the known-answer test; counters (n, 4) and keys (n, 2) of uint64."""
    out = np.empty(counters.shape, np.uint64)
    _fill_philox(counters, keys, out)
    return out
