"""Keyed random numbers: a draw is a pure function of (seed, replicate, stream, entity, attempt).

The generator is Philox4x32-10 (Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", SC'11):
no state, so neither a policy, nor the order of events, nor a thread can shift anybody's draws. The entity of an
incident is its place and its ordinal there, hence the same incident meets the same luck under every policy.

One call gives four uniforms, words 0 to 3. The table ``KEYS`` lists every draw of the model: which call, which word,
what for. A comparison "u < chance" succeeds with that chance; every uniform is above 0 and below 1.
"""

from __future__ import annotations

import hashlib
import math

import numpy as np
from numpy.typing import ArrayLike

from gridsim.model.compiled import entry, rule
from gridsim.scenario.distributions import DETERMINISTIC, EXPONENTIAL, GAMMA

# Streams. A duration's stream is DURATION + its row in the table of durations; a user's own begin at OWN.
ARRIVAL, CLOCKS, NATURE, INTAKE, TRIAGE, ATTEMPT, WHISTLE, DEADLINE, STOCK, PARTNERS, DROP, STOCK_LIES = range(1, 13)
ESCALATION, FOLLOW_UP, SIGNS, EXPERIENCE, SOCIAL, CAREERS = range(13, 19)
CITY_CELLS, CITY_GRIDS, CITY_SITES, CITY_STAFF, CITY_PEOPLE, CITY_EXPERTS = range(20, 26)
DURATION = 64
OWN = 1000

KEYS = """
ARRIVAL | (place, 0) | 0 | 0 gap before candidate 1 | R1 | cases.first_arrival
ARRIVAL | (place, n) | 0 | 0 gap after candidate n, 1 accepted, 2 category, 3 resident | R1 | cases.arise
CLOCKS | incident | course | 0 patrol, 1 report, 2 lapse, 3 video | R3 R4 R5 | cases.become_latent
SIGNS | incident | course | 0 self-resolution, 1 early warning | R5 R6 | cases.become_latent
SIGNS | incident | course | 2 self-resolution fails | R6 | cases.settled_by_residents
SELF_RETURN | incident | failures before | duration until it is there again | R6 | cases.settled_by_residents
ESCALATION | incident | 0 | 0 step 1-2, 1 step 2-3, 2 step 3-4, 3 emergency | R2 | cases.escalation
INTAKE | incident | rejections | 0 wrongly rejected, 1 one more false, 2 duplicate | R7 | platform.intake
NATURE | incident | 0 | 0 complexity, 1 departments needed, 2 K, 3 on the spot | R8 | cases.nature
NATURE | incident | 1 | 0 edge, 1 expert's field, 2 which field, 3 instead | R8 R10 | cases.nature
PARTNERS | incident | k = 0 to K - 1 | 0 field (k > 0), 1 level | R8 | cases.partners
TRIAGE | incident | 0 | 1 automatic (word 0: returns of course 0) | R8 | platform.dispatch
TRIAGE | incident | 9999 | 0 agreement without dispute | R8 | platform.dispatch
DISPUTE | incident | 0 | duration | R8 | platform.dispatch
TRIAGE | incident | course: 0, or 1 + stage + 8*reopened | 0 returns | R8 R11 | platform._returns
RETURN | incident | course*64 + k | duration of return k = 0, 1, … | R8 R11 | platform._returns
HOP | incident | course*64 + k; course 0, or 1 if exhausted | duration of hop k = 0, 1, … | R8 | platform.climb
SERVICE | incident | attempts before this one | duration of a worker's attempt | R9 | gridworkers.call_worker
ON_THE_SPOT | incident | 0 | duration | R9 | gridworkers.on_the_spot
ATTEMPT | incident | attempts before this one | 0 success of a worker | R9 | gridworkers.attempt_over
HANDOVER | incident | reopened | duration | R10 | experts.hand_over
SERVICE | incident | attempts before this one | duration of an expert's attempt | R10 | experts.call_expert
ATTEMPT | incident | attempts before this one | 0 success of an expert | R10 | experts.expert_over
WHISTLE | incident | reopened | 0 answered, 1 false whistle, 2 false one answered | R11 | platform.whistle
REPORT_IN | incident | 100 + reopened | duration, false whistle | R11 | platform.whistle
REPORT_IN | incident | 8*reopened + part | duration | R11 | platform._report_in
DROP | incident | (8*reopened + stage)*256 + drops | 0 dropped | R11 | platform.refer
STALLED | incident | drops before this one | duration | R11 | platform.refer
DEPARTMENT | incident | 8*reopened + part | duration | R12 | departments.serve
FALSE_EFFORT | incident | reopened | duration | R12 | departments.serve
FOLLOW_UP | incident | 0 | 0 followed | R13 | cases.is_followed
FOLLOW_UP | incident | 0 | 1 closure on paper prevented | R13 | cases.deadline_due
DEADLINE | incident | 0 | 0 closed on paper, 1 reopened | R13 | cases.deadline_due
REOPEN | incident | 0 | duration until reopened | R13 | cases.deadline_due
EXPERIENCE | incident | 0 | 0 told what became of it | R14 | cases.is_told
EXPERIENCE | incident | 1 | 0 gives up reporting | R15 | residents.experience
SOCIAL | (b, month) | 0 | 0 to 3: residents 4b to 4b + 3 begin, cease or return | R15 R16 | society.meet
CAREERS | (worker, 2048 + look) | 0 | 0 leaves, 1 vacant post filled | R17 | careers.next_weeks
STOCK | (0, i) | 0 | 0 gap before referral i, 1 cell, 2 K, 3 closed for good | R11 | platform.stalled_stock
STOCK | (1 + stage, i + 1) | 1 + drops | 0 dropped | R11 | platform.stalled_stock
STOCK_LIES | (1 + stage, i + 1) | 1 + drops | duration by linkage.stalled | R11 | platform.stalled_stock
CITY_GRIDS | (0, grid) | 0 | 0 and 1 size (normal) | city | city.City._build_grids
CITY_SITES | (0, site) | 0 | 0 host, 1 x, 2 y, 3 size | city | city.City._build_grids
CITY_SITES | (0, site) | 0 | 0 host, 1 x, 2 y, 3 size | city | city_table.build_grids
CITY_CELLS | (0, place) | 0 | 0 and 1 place effect (normal) | city | city.City._build_places
CITY_CELLS | (1, place) | 0 | 0 camera | R5 | city.City._build_places
CITY_CELLS | (2, community) | 0 | 0 social organisation | R16 | city.City._build_places
CITY_PEOPLE | (0, resident) | 0 | 0 and 1 propensity (normal), 2 registered | R4 | residents.populate
CITY_PEOPLE | (1, community) | 0 | 0 and 1 propensity (normal) | R4 | residents.populate
CITY_PEOPLE | (2, resident) | 0 | 0 in a WeChat group, 1 threshold, 2 takes part at first | R16 | residents.populate
CITY_PEOPLE | (3 + k, resident) | 0 | 0 to 3: far ties 4k to 4k + 3 | R16 | residents._tie_far
CITY_STAFF | (1, grid) | 0 | 0 order of full-time, 1 of part-time posts | R17 | staffing._spread
CITY_STAFF | (2, worker) | 0 | 0 nominal, 1 who stays | R17 | staffing._place_people
CITY_STAFF | (3, grid) | 0 | 0, 1 ties of added posts | R17 | staffing.with_added_staff
CITY_STAFF | (4, worker) | 0 | 0 vacant, 1 tenure | R17 | careers.begin_careers
CITY_EXPERTS | (0, expert) | 0 | 0 first session | R10 | experts.roster
"""
"""Every keyed draw of the model: stream | entity | attempt | words | rules | function.

No stream below ``OWN`` is used outside it.

A row is one call of the generator (its words 0 to 3, those not named being unused) or one duration of the table (its
words as ``sample`` tells; the stream is DURATION + the row). The entity is the pair (place, ordinal) of the key, that
of the case for an incident. For a gamma duration the attempt is the one told · 1024 + trial. Streams CITY_… belong to
the city itself: seed ``city.seed``, replicate 0, the first number of the entity standing for the place.
"""

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)
_UNIT = 2.0**-32


@rule("UniTuple(uint64, 4)(uint64, uint64, uint64, uint64, uint64, uint64)")
def philox(c0, c1, c2, c3, k0, k1):
    """Philox4x32-10: four 32-bit words from a 128-bit counter and a 64-bit key (held in 64-bit words).

    Ten rounds. A round multiplies p0 = 0xD2511F53 · c0 and p1 = 0xCD9E8D57 · c2 (64 bits) and sets (c0, c1, c2, c3) to
    (high(p1) xor c1 xor k0, low(p1), high(p0) xor c3 xor k1, low(p0)), high and low being the halves of 32 bits; then
    k0 grows by 0x9E3779B9 and k1 by 0xBB67AE85, modulo 2³². The first round uses the key as given.
    """
    for _ in range(10):
        p0 = _M0 * c0
        p1 = _M1 * c2
        c0, c1, c2, c3 = (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@rule("UniTuple(float64, 4)(int64, int64, int64, int64, int64, int64)")
def uniforms(seed, replicate, stream, place, ordinal, attempt):
    """Four uniforms in the open interval (0, 1).

    Counter (c0, c1, c2, c3) = (ordinal, place, stream, attempt), key (k0, k1) = (seed, replicate); each word w becomes
    (w + 0.5) · 2⁻³².
    """
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
    """Standard normal from two uniforms (Box & Muller 1958): √(−2 ln u) · cos(2π v)."""
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)


@rule("float64(float64, int64, int64, int64, int64, int64, int64)")
def _gamma(shape, seed, replicate, stream, place, ordinal, attempt):
    """Gamma(shape, 1) by Marsaglia & Tsang 2000; each rejection takes a fresh keyed call.

    With s = shape, or shape + 1 if shape < 1: d = s − 1/3, c = 1 ÷ √(9 d). Trial n = 0, 1, … is the call with attempt ·
    1024 + n; its words are u, v, w, b. x = normal(u, v), cube = (1 + c x)³; accepted if cube > 0 and ln w < x² ÷ 2 + d
    − d · cube + d · ln(cube). The value is d · cube, times b^(1 ÷ shape) if shape < 1, where b is word 3 of the trial
    accepted.
    """
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
    """One keyed draw from a coded distribution (see ``scenario.distributions``): kind, scale and spread.

    - 0 deterministic: scale (= value); nothing is drawn.
    - 1 exponential: −scale · ln(word 0), scale = mean.
    - 2 gamma: scale · ``_gamma``(spread), scale = mean ÷ shape, spread = shape.
    - 3 lognormal: scale · exp(spread · normal(word 0, word 1)), scale = median, spread = σ of the logarithm.
    """
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
    """Keyed duration of a case: row ``which`` of the table of durations, in that row's unit.

    Stream DURATION + ``which``, entity (place, ordinal) of the case.
    """
    p = t.settings[0]
    d = t.duration[which]
    key = int(attempt)  # a count of a case may be a small integer, which plain Python would not multiply
    return sample(d.kind, d.scale, d.spread, p.seed, p.replicate, DURATION + which, case.place, case.ordinal, key)


@rule()
def chances(t, stream, case, attempt):
    """Four keyed uniforms of a case: entity (place, ordinal), in the run's seed and replicate."""
    p = t.settings[0]
    return uniforms(p.seed, p.replicate, stream, case.place, case.ordinal, attempt)


@entry
def _fill_uniforms(seed, replicate, stream, place, out):
    """Uniforms of ordinals 0, 1, … at one place, attempt 0."""
    for i in range(len(out)):
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = uniforms(seed, replicate, stream, place, i, 0)


@entry
def _fill_keyed(seed, replicate, stream, place, ordinal, attempt, out):
    """Uniforms of many keys of one stream."""
    for i in range(len(out)):
        a, b, c, d = uniforms(seed, replicate, stream, place[i], ordinal[i], attempt[i])
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = a, b, c, d


@entry
def _fill_samples(kind, scale, shape, seed, stream, out):
    """Draws of one distribution for ordinals 0, 1, …, place 0, attempt 0; for tests."""
    for i in range(len(out)):
        out[i] = sample(kind, scale, shape, seed, 0, stream, 0, i, 0)


@entry
def _fill_philox(counters, keys, out):
    """Philox words of many counters and keys; for tests."""
    for i in range(len(out)):
        c, k = counters[i], keys[i]
        out[i, 0], out[i, 1], out[i, 2], out[i, 3] = philox(c[0], c[1], c[2], c[3], k[0], k[1])


def uniform_block(seed: int, replicate: int, stream: int, place: int, n: int) -> np.ndarray:
    """Uniforms of ordinals 0 to n − 1; shape (n, 4)."""
    out = np.empty((n, 4))
    _fill_uniforms(seed, replicate, stream, place, out)
    return out


def own_stream(name: str) -> int:
    """Number of a stream of a user's own: the same for a name for ever, above ``OWN`` and below 2³¹."""
    return OWN + int.from_bytes(hashlib.sha256(name.encode("utf-8")).digest()[:8], "big") % (2**31 - OWN)


def keyed_uniforms(
    seed: int, replicate: int, stream: int, place: ArrayLike, ordinal: ArrayLike, attempt: ArrayLike
) -> np.ndarray:
    """Four uniforms for each of many keys, which are broadcast; shape (…, 4)."""
    keys = np.broadcast_arrays(*(np.asarray(k, np.int64) for k in (place, ordinal, attempt)))
    out = np.empty((keys[0].size, 4))
    _fill_keyed(seed, replicate, stream, *(np.ascontiguousarray(k).ravel() for k in keys), out)
    return out.reshape(*keys[0].shape, 4)


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
