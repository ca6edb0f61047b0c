"""How much compute users want: autonomous growth, slow adaptation to rents, contracted work."""

import math


def spot_level(
    quantity: float, years: float, growth: float, slow_rent: float, path_rent: float, elasticity: float
) -> float:
    """Demand at the usual rent: D0 e^(a t) (slow rent / path rent) ** -epsilon_L; see `spot_growth`."""
    return quantity * spot_growth(years, growth, slow_rent, path_rent, elasticity)


def spot_growth(years: float, growth: float, slow_rent: float, path_rent: float, elasticity: float) -> float:
    """Demand at the usual rent over that of day 0: e^(a t) (slow rent / path rent) ** -epsilon_L.

    Users adapt to the slow mean of rents with the long-run elasticity; a = n - epsilon_L g, so that on the path, where
    rents fall at g, the quantity grows at n.
    """
    return math.exp(growth * years - elasticity * math.log(slow_rent / path_rent))


def contracted_level(
    quantity: float, log_factor: float, contract_rent: float, slow_rent: float, elasticity: float
) -> float:
    """Contracted demand: follows the slow level of demand and, weakly, the rents of half a year."""
    return quantity * math.exp(log_factor - elasticity * math.log(contract_rent / slow_rent))
