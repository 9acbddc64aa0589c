"""Residents 居民: one to one or several persons an agent; they notice and report (R4).

Residents of a place stand in consecutive rows, so a place knows its people by two numbers. The reporting propensity,
read at random by incidents, is an array of its own.
"""

from __future__ import annotations

import numpy as np

from gridsim.model.agents import RowAgent, columns
from gridsim.model.compiled import entry
from gridsim.model.draws import CITY_PEOPLE, normal, uniforms

RESIDENT_DTYPE = np.dtype([("place", "i4"), ("registered", "i1")], align=True)
"""A resident: ``place`` of the home; ``registered`` on the platform, 0 or 1. His reporting propensity is the float32
array ``propensity`` (mean 1).
"""


@entry
def populate(seed, sigma, registered_share, place_of, propensity, resident):
    """R4. Give every resident a reporting propensity (lognormal, mean 1) and say who is registered.

    Propensity = exp(σ · normal(words 0, 1) − σ² ÷ 2), rounded to float32, σ such that the 90 % quantile is
    ``residents.disparity`` times the 10 % quantile; registered if word 2 < ``city.registered_share``.

    Parameters
    ----------
    place_of : array of int, shape (residents,)
        Home place; the key of a resident is its own row number.
    propensity : float32 array, shape (residents,)
        Filled in place; multiplies the report rate (R4; disparity after Liu, Bhandaram & Garg 2023).

    """
    for i in range(len(place_of)):
        u, v, w, _ = uniforms(seed, 0, CITY_PEOPLE, 0, i, 0)
        propensity[i] = np.exp(sigma * normal(u, v) - sigma * sigma / 2)
        resident[i].place = place_of[i]
        resident[i].registered = 1 if w < registered_share else 0


@columns(RESIDENT_DTYPE, "resident")
class Resident(RowAgent):
    """居民: a household member at a home place, registered on the platform or not."""

    @property
    def propensity(self) -> float:
        """Reporting propensity relative to the mean person."""
        return float(self.model.world.tables.propensity[self.row])
