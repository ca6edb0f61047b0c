"""What a tranche of a large pool of loans is expected to lose (Vasicek 2002)."""

import math
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

STATES = 4000  # of the common factor, at the middles of equal chances: exact to 1e-5 of a tranche


@lru_cache(maxsize=1)
def common_factor() -> tuple[float, ...]:
    """The common factor in equally likely states (states,)."""
    normal = NormalDist()
    return tuple(normal.inv_cdf((k + 0.5) / STATES) for k in range(STATES))


@lru_cache(maxsize=64)
def pool_losses(default_probability: float, correlation: float, loss_given_default: float) -> NDArray[np.float64]:
    """Loss of the pool in equally likely states (states,): L = LGD Phi((Phi^-1(PD) - sqrt(rho) z) / sqrt(1 - rho))."""
    normal = NormalDist()
    threshold, root, own = normal.inv_cdf(default_probability), math.sqrt(correlation), math.sqrt(1.0 - correlation)
    return np.array([loss_given_default * normal.cdf((threshold - root * z) / own) for z in common_factor()])


def within(chance: float, years: float) -> float:
    """Chance of default within some years at a chance a year: 1 - (1 - PD)^T."""
    return 1.0 - math.pow(1.0 - chance, years)


def expected_loss_of(low: float, high: float, losses: NDArray[np.float64]) -> float:
    """Share of the tranche from `low` to `high` of par that is lost on average: E[clip(L - a, 0, d - a)] / (d - a)."""
    if high <= low:
        return 0.0
    return float(np.clip(losses - low, 0.0, high - low).mean()) / (high - low)


@lru_cache(maxsize=64)
def class_losses(
    shares: tuple[float, ...], default_probability: float, correlation: float, loss_given_default: float
) -> tuple[float, ...]:
    """Share of each class (classes,) that is lost on average, by its attachment and detachment in par."""
    losses = pool_losses(default_probability, correlation, loss_given_default)
    tops = np.cumsum(np.array(shares)[::-1])[::-1]
    lows = tops - np.array(shares)
    return tuple(expected_loss_of(low, top, losses) for low, top in zip(lows.tolist(), tops.tolist(), strict=True))
