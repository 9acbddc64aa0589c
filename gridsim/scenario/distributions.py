"""The four distributions a scenario can state for a duration."""

from __future__ import annotations

from typing import Annotated, Literal, Union

from pydantic import BaseModel, ConfigDict, Field
from scipy.stats import norm

LONGEST = 100_000.0  # of any mean, median or fixed length, in the unit at hand
DETERMINISTIC, EXPONENTIAL, GAMMA, LOGNORMAL = range(4)


class _Base(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Deterministic(_Base):
    """Always ``value``."""

    distribution: Literal["deterministic"] = "deterministic"
    value: float = Field(ge=0, le=LONGEST)

    @property
    def coded(self) -> tuple[int, float, float]:
        """(code, scale, shape) as the compiled rules read it."""
        return DETERMINISTIC, self.value, 0.0

    @property
    def average(self) -> float:
        """Mean."""
        return self.value


class Exponential(_Base):
    """Exponential with the given mean."""

    distribution: Literal["exponential"] = "exponential"
    mean: float = Field(ge=0, le=LONGEST)

    @property
    def coded(self) -> tuple[int, float, float]:
        """(code, scale, shape) as the compiled rules read it."""
        return EXPONENTIAL, self.mean, 0.0

    @property
    def average(self) -> float:
        """Mean."""
        return self.mean


class Gamma(_Base):
    """Gamma with the given mean and shape (squared coefficient of variation = 1 / shape)."""

    distribution: Literal["gamma"] = "gamma"
    mean: float = Field(ge=0, le=LONGEST)
    shape: float = Field(gt=0, le=1000)

    @property
    def coded(self) -> tuple[int, float, float]:
        """(code, scale, shape) as the compiled rules read it."""
        return GAMMA, self.mean / self.shape, self.shape

    @property
    def average(self) -> float:
        """Mean."""
        return self.mean


class Lognormal(_Base):
    """Lognormal with the given median and log standard deviation."""

    distribution: Literal["lognormal"] = "lognormal"
    median: float = Field(ge=0, le=LONGEST)
    sigma: float = Field(ge=0, le=4)

    @property
    def coded(self) -> tuple[int, float, float]:
        """(code, scale, shape) as the compiled rules read it."""
        return LOGNORMAL, self.median, self.sigma

    @property
    def average(self) -> float:
        """Mean, median · exp(σ² / 2)."""
        return float(self.median * 2.718281828459045 ** (self.sigma**2 / 2))


Distribution = Annotated[Union[Deterministic, Exponential, Gamma, Lognormal], Field(discriminator="distribution")]  # noqa: UP007


def lognormal_sigma(p90_over_p10: float) -> float:
    """Log standard deviation of a lognormal with the given ratio of its 90 % to its 10 % quantile."""
    from math import log

    return log(p90_over_p10) / (2 * float(norm.ppf(0.9)))
