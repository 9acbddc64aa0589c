"""Shapley values (夏普利值): what each component adds to a whole, on average over all orders of adding them.

A *coalition* is a set of components, written as a whole number: component i is in it where bit i is set. Arithmetic
only; nothing here knows what the values are. Shapley 1953; permutation sampling: Castro, Gómez & Tejada 2009.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import comb

import numpy as np

from gridsim.model.draws import uniform_block

MOST_EXACT = 8  # components up to which all coalitions are valued
PAIRS = 16  # orders drawn beyond that, each with its reverse
STREAM = 2**31 + 1  # far from every stream of the model
Values = Mapping[int, np.ndarray]  # coalition → its value in every replication


def everyone(k: int) -> int:
    """The coalition of all ``k`` components."""
    return (1 << k) - 1


def exact(values: Values, k: int) -> np.ndarray:
    """Shapley values from the values of all coalitions.

    Parameters
    ----------
    values : mapping of coalition to array
        All ``2**k`` coalitions; arrays of one shape, in any unit.
    k : int
        Number of components.

    Returns
    -------
    array, shape (k, ...)
        Σ over the coalitions S without i of (v(S ∪ i) − v(S)) ÷ (k · C(k − 1, |S|)). They sum to v(all) − v(none); a
        component that never changes a value gets exactly 0.

    """
    out = np.zeros((k, *np.shape(values[0])))
    for i in range(k):
        for s in range(1 << k):
            if not s >> i & 1:
                out[i] += (values[s | 1 << i] - values[s]) / (k * comb(k - 1, s.bit_count()))
    return out


def orders(k: int, seed: int, replicate: int, pairs: int = PAIRS) -> list[list[int]]:
    """Orders of ``k`` components, each followed by its reverse; a pure function of seed and replicate (Philox)."""
    out: list[list[int]] = []
    for entity in range(pairs):
        luck = uniform_block(seed, replicate, STREAM, entity, -(-k // 4)).ravel()[:k]
        order = [int(i) for i in np.argsort(luck)]
        out += [order, order[::-1]]
    return out


def along(order: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(component, coalition before it, coalition with it) along an order."""
    before = 0
    for i in order:
        yield i, before, before | 1 << i
        before |= 1 << i


def coalitions_along(drawn: Iterable[Sequence[int]]) -> set[int]:
    """All coalitions that some orders pass."""
    return {0} | {after for order in drawn for _, _, after in along(order)}


def sampled(values: Mapping[int, float], drawn: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray]:
    """Shapley values of one replication from drawn orders, and the standard error that drawing them leaves.

    Parameters
    ----------
    values : mapping of coalition to number
        At least ``coalitions_along(drawn)``.
    drawn : list of orders
        In pairs, each order followed by its reverse.

    Returns
    -------
    shares, errors : array, shape (k,)
        Means over the orders of what a component adds; they sum to v(all) − v(none) in every order. Error: standard
        deviation over the pairs' means ÷ √pairs; NaN for one pair.

    """
    k = len(drawn[0])
    added = np.empty((len(drawn), k))
    for row, order in zip(added, drawn, strict=True):
        for i, before, after in along(order):
            row[i] = values[after] - values[before]
    pairs = added.reshape(-1, 2, k).mean(axis=1)
    with np.errstate(invalid="ignore"):
        errors = pairs.std(axis=0, ddof=1) / len(pairs) ** 0.5 if len(pairs) > 1 else np.full(k, np.nan)
    return pairs.mean(axis=0), errors
