"""Shapley values of games whose answer is known, and of random games by their defining properties."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student_t

from gridsim.studies.shapley import PAIRS, coalitions_along, everyone, exact, orders, sampled

numbers = st.floats(-1e3, 1e3)
games = st.integers(1, 5).flatmap(lambda k: st.lists(numbers, min_size=1 << k, max_size=1 << k))


def game(values):
    return dict(enumerate(np.asarray(values, float))), (len(values) - 1).bit_length()


def members(coalition: int) -> set[int]:
    return {i for i in range(coalition.bit_length()) if coalition >> i & 1}


def by_orders(values, k: int) -> np.ndarray:
    """The other definition: the mean over all k! orders of what a component adds."""
    out = np.zeros(k)
    every = list(permutations(range(k)))
    for order in every:
        inside = 0
        for i in order:
            out[i] += values[inside | 1 << i] - values[inside]
            inside |= 1 << i
    return out / len(every)


def test_glove_game():
    """One left glove (0), two right ones (1, 2); a pair is worth 1: Shapley values 2/3, 1/6, 1/6."""
    values = {s: float({0} < members(s) or members(s) == {0, 1, 2}) for s in range(8)}
    assert values == {0: 0, 1: 0, 2: 0, 3: 1, 4: 0, 5: 1, 6: 0, 7: 1}
    assert exact(values, 3) == pytest.approx([2 / 3, 1 / 6, 1 / 6], abs=1e-15)


def test_airport_game():
    """A runway costs what the longest needs, 1, 2, 3: each pays its part of every piece that it uses (Littlechild)."""
    values = {s: float(max((i + 1 for i in members(s)), default=0)) for s in range(8)}
    assert exact(values, 3) == pytest.approx([1 / 3, 1 / 3 + 1 / 2, 1 / 3 + 1 / 2 + 1], abs=1e-15)


def test_additive_game_gives_each_its_own():
    own = [3.0, -1.5, 0.0, 7.25]
    values = {s: sum((own[i] for i in members(s)), 2.0) for s in range(16)}
    assert exact(values, 4) == pytest.approx(own, abs=1e-12)


@given(games)
def test_shares_sum_to_the_whole_and_equal_the_mean_over_orders(raw):
    values, k = game(raw)
    shares = exact(values, k)
    assert shares.sum() == pytest.approx(values[everyone(k)] - values[0], abs=1e-9)
    assert shares == pytest.approx(by_orders(values, k), abs=1e-9)


@given(games)
def test_a_component_that_changes_nothing_gets_exactly_zero(raw):
    values, k = game(raw)
    with_idle = {s | idle << k: v for s, v in values.items() for idle in (0, 1)}
    shares = exact(with_idle, k + 1)
    assert shares[k] == 0.0
    assert shares[:k] == pytest.approx(exact(values, k), abs=1e-9)


@given(games)
def test_components_that_do_the_same_get_the_same(raw):
    values, k = game(raw)
    twins = {s: values[min(1, (s & 1) + (s >> k & 1)) | s & (everyone(k) & ~1)] for s in range(1 << k + 1)}
    shares = exact(twins, k + 1)
    assert shares[0] == pytest.approx(shares[k], abs=1e-9)


@given(games)
def test_one_replication_of_several_is_as_if_alone(raw):
    values, k = game(raw)
    wide = {s: np.array([v, 2 * v, -v]) for s, v in values.items()}
    alone = exact(values, k)
    assert exact(wide, k) == pytest.approx(np.array([alone, 2 * alone, -alone]).T, abs=1e-9)


# --- drawn orders -----------------------------------------------------------------------------------------------------

K = 9
LUCK = np.random.default_rng(4)
OWN, PAIRED = LUCK.normal(size=K), LUCK.normal(size=(K, K))


def curved(s: int) -> float:
    inside = np.array([s >> i & 1 for i in range(K)], float)
    return float(OWN @ inside + inside @ PAIRED @ inside + 3 * np.tanh(inside.sum() - 4) * inside[0])


CURVED = {s: curved(s) for s in range(1 << K)}


def test_orders_are_orders_and_hang_on_seed_and_replicate_alone():
    drawn = orders(K, 1, 5)
    assert len(drawn) == 2 * PAIRS and all(sorted(o) == list(range(K)) for o in drawn)
    assert all(a == b[::-1] for a, b in zip(drawn[::2], drawn[1::2], strict=True))
    assert drawn == orders(K, 1, 5) and drawn != orders(K, 1, 6) and drawn != orders(K, 2, 5)
    assert coalitions_along(drawn) < set(range(1 << K)) and {0, everyone(K)} <= coalitions_along(drawn)


def test_first_places_are_evenly_drawn():
    first = np.bincount([o[0] for r in range(200) for o in orders(K, 1, r)[::2]], minlength=K)
    expected = 200 * PAIRS / K
    assert ((first - expected) ** 2 / expected).sum() < 30  # χ² with 8 degrees of freedom: p = 2e-4


def test_drawn_shares_cover_the_exact_ones_in_their_stated_error():
    truth, inside, off = exact(CURVED, K), [], []
    for r in range(300):
        shares, errors = sampled(CURVED, orders(K, 7, r))
        assert shares.sum() == pytest.approx(CURVED[everyone(K)] - CURVED[0], abs=1e-9)
        off.append(shares - truth)
        inside.append(abs(off[-1]) < student_t.ppf(0.975, PAIRS - 1) * errors)
    assert 0.93 < np.mean(inside) < 0.97
    unbiased = np.mean(off, axis=0) / (np.std(off, axis=0, ddof=1) / len(off) ** 0.5)
    assert abs(unbiased).max() < 4  # of nine components


def test_an_idle_component_gets_exactly_zero_from_any_order():
    idle = {s: curved(s & ~1) for s in range(1 << K)}
    shares, errors = sampled(idle, orders(K, 1, 1))
    assert shares[0] == 0.0 and errors[0] == 0.0


def test_one_pair_states_no_error():
    shares, errors = sampled(CURVED, orders(K, 1, 0, pairs=1))
    assert np.isnan(errors).all() and shares.sum() == pytest.approx(CURVED[everyone(K)] - CURVED[0])
