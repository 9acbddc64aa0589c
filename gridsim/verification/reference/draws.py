"""Keyed random numbers in whole-number arithmetic: Philox4x32-10 (Salmon et al. 2011) and four samplers."""

from __future__ import annotations

import math

WORD = 0xFFFFFFFF
ARRIVAL, CLOCKS, NATURE, INTAKE, TRIAGE, ATTEMPT, WHISTLE, DEADLINE, STOCK, PARTNERS, DROP, STOCK_LIES = range(1, 13)
ESCALATION, FOLLOW_UP, SIGNS, EXPERIENCE, SOCIAL, CAREERS = range(13, 19)
CITY_CELLS, CITY_STAFF, CITY_PEOPLE = 20, 23, 24
DISPUTE, RETURN, SERVICE, ON_THE_SPOT, REPORT_IN, HOP, STALLED, DEPARTMENT, REOPEN, HANDOVER = range(64, 74)
FALSE_EFFORT, SELF_RETURN = 74, 75

Uniforms = tuple[float, float, float, float]
Law = tuple[int, float, float]


def philox(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Four words from a counter of four and a key of two."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 & WORD, (p0 >> 32) ^ c3 ^ k1, p0 & WORD
        k0, k1 = (k0 + 0x9E3779B9) & WORD, (k1 + 0xBB67AE85) & WORD
    return c0, c1, c2, c3


def normal(u: float, v: float) -> float:
    """Standard normal (Box & Muller 1958)."""
    return math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * v)


class Luck:
    """All draws of one run."""

    def __init__(self, seed: int, replicate: int) -> None:
        self.key = (seed & WORD, replicate & WORD)

    def uniforms(self, stream: int, place: int, ordinal: int, attempt: int) -> Uniforms:
        """Four uniforms in (0, 1)."""
        a, b, c, d = philox((ordinal & WORD, place & WORD, stream & WORD, attempt & WORD), self.key)
        unit = 2.0**-32
        return (a + 0.5) * unit, (b + 0.5) * unit, (c + 0.5) * unit, (d + 0.5) * unit

    def gamma(self, shape: float, stream: int, place: int, ordinal: int, attempt: int) -> float:
        """Gamma(shape, 1) (Marsaglia & Tsang 2000)."""
        d = (shape + 1.0 if shape < 1.0 else shape) - 1.0 / 3.0
        c = 1.0 / math.sqrt(9.0 * d)
        trial = 0
        while True:
            u, v, w, b = self.uniforms(stream, place, ordinal, attempt * 1024 + trial)
            x = normal(u, v)
            cube = (1.0 + c * x) ** 3
            if cube > 0.0 and math.log(w) < x * x / 2.0 + d - d * cube + d * math.log(cube):
                return d * cube * (b ** (1.0 / shape) if shape < 1.0 else 1.0)
            trial += 1

    def sample(self, law: Law, stream: int, place: int, ordinal: int, attempt: int) -> float:
        """One draw from a coded distribution: kind, scale, spread."""
        kind, scale, spread = law
        if kind == 0:
            return scale
        if kind == 2:
            return scale * self.gamma(spread, stream, place, ordinal, attempt)
        u = self.uniforms(stream, place, ordinal, attempt)
        if kind == 1:
            return -scale * math.log(u[0])
        return scale * math.exp(spread * normal(u[0], u[1]))
