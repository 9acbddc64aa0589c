"""Closed forms of queueing theory that the model is held against; rates and times in any one unit."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.linalg import spsolve


def erlang_b(servers: int, load: float) -> float:
    """Share lost in M/M/c/c; ``load`` is λ/μ (Erlang 1917)."""
    lost = 1.0
    for k in range(1, servers + 1):
        lost = load * lost / (k + load * lost)
    return lost


def erlang_c(servers: int, load: float) -> float:
    """Chance to wait in M/M/c; ``load`` is λ/μ, below ``servers`` (Erlang 1917)."""
    lost = erlang_b(servers, load)
    return lost / (1 - load / servers * (1 - lost))


def queue_length(servers: int, load: float, most: int) -> np.ndarray:
    """Law of the number in M/M/c, waiting and in service, from 0 to ``most`` − 1, and of ``most`` or more."""
    p = np.ones(most)
    for k in range(1, most):
        p[k] = p[k - 1] * load / min(k, servers)
    head = sum(load**k / math.factorial(k) for k in range(servers))
    p /= head + load**servers / math.factorial(servers) * servers / (servers - load)
    return np.append(p, 1 - p.sum())


def pollaczek_khinchine(arrivals: float, mean: float, scv: float) -> float:
    """Mean wait in M/G/1: λ E[S²] / 2(1 − ρ); ``scv`` is the squared coefficient of variation of S."""
    return arrivals * mean**2 * (1 + scv) / (2 * (1 - arrivals * mean))


def cobham(servers: int, load: float, urgent: float) -> tuple[float, float]:
    """Mean waits of the urgent and of the others in M/M/c without preemption, in mean services (Cobham 1954).

    ``urgent``: share of arrivals; both classes have the same service.
    """
    rho = load / servers
    left = erlang_c(servers, load) / servers
    return left / (1 - urgent * rho), left / ((1 - urgent * rho) * (1 - rho))


class Impatient:
    """M/M/c in which who still waits at his patience leaves; it takes few values (Baccelli & Hebuterne 1981).

    The wait V that a patient customer would have is 0 with chance P(N < c) and else has density
    v(x) = λ P(N = c − 1) exp(λ ∫₀ˣ P(patience > u) du − cμx).

    Parameters
    ----------
    arrivals, service_rate : float
        λ and μ.
    servers : int
    patience, shares : array of float
        Values in rising order and their chances; one value is M/M/c+D (Barrer 1957).

    """

    def __init__(
        self, arrivals: float, service_rate: float, servers: int, patience: ArrayLike, shares: ArrayLike = (1.0,)
    ) -> None:
        self.knots = np.concatenate([[0.0], np.asarray(patience, float)])
        still = np.append(1.0, 1 - np.cumsum(np.asarray(shares, float)))  # patient beyond each knot
        still[-1] = 0.0
        self.slopes = arrivals * still - servers * service_rate
        heights = np.concatenate([[0.0], np.cumsum(self.slopes[:-1] * np.diff(self.knots))])
        load = arrivals / service_rate
        below = np.array([load**k / math.factorial(k) for k in range(servers)])  # of p₀
        self.density = arrivals * below[-1] * np.exp(heights)  # at the knots, of p₀
        pieces = np.append(self._integral(self.slopes[:-1], np.diff(self.knots)), -1 / self.slopes[-1]) * self.density
        total = below.sum() + pieces.sum()
        self.density, self.pieces = self.density / total, pieces / total
        self.waiting = float(pieces.sum() / total)
        self.lost = float(self.pieces @ (1 - still))

    @staticmethod
    def _integral(slope: np.ndarray, length: np.ndarray) -> np.ndarray:
        """∫₀ˡ exp(slope · x) dx."""
        safe = np.where(slope == 0, 1.0, slope)
        return np.where(slope == 0, length, np.expm1(slope * length) / safe)

    def beyond(self, x: float) -> float:
        """P(V > x)."""
        k = int(np.searchsorted(self.knots, x, side="right")) - 1
        into = x - self.knots[k]
        if k == len(self.knots) - 1:
            return float(self.pieces[k] * math.exp(self.slopes[k] * into))
        done = float(self._integral(self.slopes[k : k + 1], np.array([into]))[0])
        return float(self.pieces[k:].sum() - self.density[k] * done)


def shorter_queue(arrivals: float, most: int = 60) -> float:
    """Mean number in two queues with one server of rate 1 each, every customer joining the shorter (Haight 1958).

    The stationary law of the chain, cut at ``most`` in a queue, is solved numerically.
    """
    n = np.arange(most * most)
    a, b = n // most, n % most
    moves = [  # from, to, rate
        (n[(a < b) & (a < most - 1)], most, arrivals),
        (n[(b < a) & (b < most - 1)], 1, arrivals),
        (n[(a == b) & (a < most - 1)], most, arrivals / 2),
        (n[(a == b) & (b < most - 1)], 1, arrivals / 2),
        (n[a > 0], -most, 1.0),
        (n[b > 0], -1, 1.0),
    ]
    rows = np.concatenate([start for start, _, _ in moves])
    columns = np.concatenate([start + step for start, step, _ in moves])
    rates = np.concatenate([np.full(len(start), rate) for start, _, rate in moves])
    q = sparse.coo_matrix((rates, (rows, columns)), (len(n), len(n))).tocsr()
    balance = (q - sparse.diags(np.asarray(q.sum(axis=1)).ravel())).T.tolil()
    balance[0] = 1.0  # probabilities add up to one
    law = spsolve(balance.tocsc(), np.eye(len(n), 1).ravel())
    return float(law @ (a + b))
