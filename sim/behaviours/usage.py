"""What labs and renters share: the belief about usual rents, and the demand that follows from it."""

from __future__ import annotations

import math

from sim.rules.rents import slow_mean
from sim.rules.usage import spot_level
from sim.view import View
from sim.vocabulary import DAYS_PER_YEAR


def usual_rent(slow_rent_usd: float, technology: float, adaptation_years: float) -> float:
    """The rent a user takes for usual today: its slow mean, corrected for the lag behind the technology trend."""
    return slow_rent_usd * math.exp(-technology * adaptation_years)


def starting_slow_rent(rent_usd: float, technology: float, adaptation_years: float) -> float:
    """The slow mean on the path, which lags the falling rent by the adaptation time."""
    return rent_usd * math.exp(technology * adaptation_years)


def wanted_at_usual_rent(view: View, share: float, usual_rent_usd: float, elasticity: float) -> float:
    """A user's autonomous demand, VE, at its usual rent, before noise: its share of the market's path demand."""
    s = view.path.settings
    growth = s.quantity - elasticity * s.technology
    return spot_level(
        share * view.path_spot_demand_ve, view.today.years, growth, usual_rent_usd, s.rent_usd, elasticity
    )


def learned_slow_rent(view: View, slow_rent_usd: float, adaptation_years: float) -> float:
    """The slow mean after today's rent, which it approaches in logs over the adaptation time.

    Rents of users are per unit of work: where a VE-hour does more of it, work is cheaper, and users come to want more.
    """
    rent = view.today.rent_usd / view.today.environment.efficiency
    return slow_mean(slow_rent_usd, rent, adaptation_years * DAYS_PER_YEAR)
