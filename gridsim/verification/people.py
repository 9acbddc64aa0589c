"""The people of the first day, counted again from their keyed draws: residents (R4, R16) and tenure of posts (R17).

The second mind takes the city as the engine built it; here its own generator builds the people, row by row.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from scipy.stats import beta, norm

from gridsim.model.world import World
from gridsim.scenario.scenario import Scenario
from gridsim.verification.check import Finding, Size, check, exact_finding
from gridsim.verification.cities import random_city
from gridsim.verification.reference.draws import CITY_CELLS, CITY_PEOPLE, CITY_STAFF, Luck, normal
from gridsim.verification.reference.town import single

CITIES, CITIES_IN_FULL = 16, 100
ROUNDING = 1e-6  # propensity and trust are single precision
LONG_AGO = -1e9


def levels(s: Scenario) -> list[int]:
    """Thresholds by 256 quantiles of their Beta law."""
    m, k = s.participation.threshold, s.participation.threshold_concentration
    if m <= 0 or m >= 1:
        return [0 if m <= 0 else 250 if m == 1 else 255] * 256
    return [math.ceil(250 * q) for q in beta.ppf([(j + 0.5) / 256 for j in range(256)], k * m, k * (1 - m))]


def wrong_residents(world: World) -> Counter[str]:
    """Residents whose propensity, registration, standing, threshold or ties are not those of their draws."""
    s, t, luck = world.scenario, world.tables, Luck(world.scenario.city.seed, 0)
    sigma, w = math.log(s.residents.disparity) / (2 * norm.ppf(0.9)), s.residents.place_share
    by_quantile, wrong = levels(s), Counter[str]()
    district = [int(t.place.district[int(r.place)]) for r in t.resident]
    long = s.ties.near if s.ties.structure == "long" else 0
    for i, r in enumerate(t.resident):
        a, b, registered, _ = luck.uniforms(CITY_PEOPLE, 0, i, 0)
        c, d, _, _ = luck.uniforms(CITY_PEOPLE, 1, int(t.place.community[r.place]), 0)
        z = math.sqrt(1 - w) * normal(a, b) + math.sqrt(w) * normal(c, d)
        propensity = math.exp(sigma * z - sigma**2 / 2)
        group, level, part, _ = luck.uniforms(CITY_PEOPLE, 2, i, 0)
        member = group < s.residents.wechat_reach
        first, many = district.index(district[i]), district.count(district[i]) if long or member else 0
        ties = []
        for k in range(s.ties.far + long):
            u = luck.uniforms(CITY_PEOPLE, 3 + k // 4, i, 0)[k % 4]
            row = first + math.floor(u * many) if member or k >= s.ties.far else i
            ties.append(-1 if row == i else row)
        wrong["propensities"] += abs(float(t.propensity[i]) / propensity - 1) > ROUNDING
        wrong["registrations"] += bool(r.registered) != (registered < s.city.registered_share)
        wrong["standings"] += int(t.standing[i]) != (part < s.participation.initial) + 8 * member
        wrong["thresholds"] += int(t.threshold[i]) != by_quantile[math.floor(256 * level)]
        wrong["ties"] += t.tie[i].tolist()[: len(ties)] != ties or bool((t.tie[i][len(ties) :] >= 0).any())
        wrong["trusts"] += t.trust[i].tolist() != [single(s.trust.grid), single(s.trust.department)]
    wrong["districts that are not one stretch of rows"] += sum(b < a for a, b in pairwise(district))
    return wrong


def wrong_posts(world: World) -> Counter[str]:
    """Posts whose vacancy or tenure at the start is not that of their draws."""
    s, luck, wrong = world.scenario, Luck(world.scenario.city.seed, 0), Counter[str]()
    c = s.careers
    h = c.turnover * (1 - c.incentive_effect * c.incentive) if s.rules.careers else 0.0
    p = 1 - math.exp(-h * 28 / 365)
    for k, row in enumerate(world.tables.worker):
        vacant, tenure, _, _ = luck.uniforms(CITY_STAFF, 4, k, 0)
        post = row.role <= 1  # nominal ones too, to no effect
        wrong["vacancies"] += bool(row.vacant) != (post and vacant < p / (p + 28 / c.vacancy_days))
        since = -s.time.warmup_days + 365 / h * math.log(tenure) if h > 0 else LONG_AGO
        if s.rules.careers and not row.vacant:
            wrong["tenures"] += abs(row.since - since) > 1e-9 * abs(since)
            wrong["burnouts"] += abs(row.burnout - c.burnout_base) > ROUNDING
    return wrong


def wrong_communities(world: World) -> Counter[str]:
    """Places whose organisation, or share of those who take part, is not that of their people."""
    s, t, wrong = world.scenario, world.tables, Counter[str]()
    luck = Luck(s.city.seed, 0)
    for p in t.place:
        u = luck.uniforms(CITY_CELLS, 2, int(p.community), 0)[0]
        wrong["organisations"] += bool(p.organised) != (u < s.organisations.coverage)
        wrong["expectations"] += not p.success == p.expectation == s.trust.expectation
    return wrong


@check(
    "people",
    "Residents and posts of the first day, counted again from their keyed draws",
    kind="reference",
    rules="R4 R16 R17",
    source="texts of the rules and the key table (gridsim rules R4 R16 R17)",
)
def people(size: Size) -> Iterator[Finding]:
    """Random small cities: propensity, groups, thresholds, ties, participation, trust, vacancies and tenure."""
    cities = CITIES_IN_FULL if size.full else CITIES
    wrong, residents, ties, vacant = Counter[str](), 0, 0, 0
    for k in range(cities):
        world = World(random_city(k))
        wrong += wrong_residents(world) + wrong_posts(world) + wrong_communities(world)
        residents += len(world.tables.resident)
        ties += int((world.tables.tie >= 0).sum())
        vacant += int(world.tables.worker.vacant.sum())
    told = ", ".join(f"{name} {n:,}" for name, n in wrong.items() if n) or "none"
    yield replace(
        exact_finding(f"values unlike their draws, of {cities} cities", 0, wrong.total(), "values"), note=told
    )
    least = min(residents, ties, vacant)
    note = f"{residents:,} residents, {ties:,} far ties, {vacant:,} vacant posts"
    yield replace(
        exact_finding("residents, ties or vacant posts: the fewest", 1, least, ""), holds=least > 0, note=note
    )
