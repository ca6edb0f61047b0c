"""What labs and renters share: the belief about usual rents, and the demand that follows from it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol

from sim.rules.rents import slow_mean
from sim.rules.usage import spot_growth
from sim.view import View
from sim.vocabulary import DAYS_PER_YEAR

_mean, _growth = lru_cache(64)(slow_mean), lru_cache(64)(spot_growth)  # users of one group believe the same


@lru_cache(64)
def _without_lag(technology: float, adaptation_years: float) -> float:
    return math.exp(-technology * adaptation_years)


def usual_rent(slow_rent_usd: float, technology: float, adaptation_years: float) -> float:
    """The rent a user takes for usual today: its slow mean, corrected for the lag behind the technology trend."""
    return slow_rent_usd * _without_lag(technology, adaptation_years)


def starting_slow_rent(rent_usd: float, technology: float, adaptation_years: float) -> float:
    """The slow mean on the path, which lags the falling rent by the adaptation time."""
    return rent_usd * math.exp(technology * adaptation_years)


def wanted_at_usual_rent(view: View, share: float, usual_rent_usd: float, elasticity: float) -> float:
    """A user's autonomous demand, VE, at its usual rent, before noise: its share of the market's path demand."""
    s = view.path.settings
    growth = s.quantity - elasticity * s.technology
    grown = _growth(view.today.years, growth, usual_rent_usd, s.rent_usd, elasticity)
    return share * view.path_spot_demand_ve * grown


class User(Protocol):
    """Who takes a slow mean of rents for usual."""

    slow_rent_usd: float
    usual_rent_usd: float


def learn_usual_rents(users: Sequence[User], adaptation_years: Sequence[float], view: View) -> None:
    """Let users' slow means and usual rents follow today's; those who believe the same learn the same, worked out once.

    What they read, in the `view` of any of them, is public.
    """
    learned: dict[tuple[float, float], tuple[float, float]] = {}
    for user, years in zip(users, adaptation_years, strict=True):
        before = user.slow_rent_usd, years
        if before not in learned:
            slow = learned_slow_rent(view, *before)
            learned[before] = slow, usual_rent(slow, view.path.settings.technology, years)
        user.slow_rent_usd, user.usual_rent_usd = learned[before]


def learned_slow_rent(view: View, slow_rent_usd: float, adaptation_years: float) -> float:
    """The slow mean after today's rent, which it approaches in logs over the adaptation time.

    Rents of users are per unit of work: where a VE-hour does more of it, work is cheaper, and users come to want more.
    """
    today = view.today
    return _mean(slow_rent_usd, today.rent_usd / today.environment.efficiency, adaptation_years * DAYS_PER_YEAR)
