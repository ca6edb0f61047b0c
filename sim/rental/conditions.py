"""What the day's shocks leave of the market: which fleets run, where users are, what list prices compare to."""

from __future__ import annotations

import numpy as np

from sim.environment import Environment
from sim.rows.rental import Products
from sim.vocabulary import Floats


def what_runs(mix: Floats, products: Products, environment: Environment) -> tuple[Floats, Floats]:
    """What is left of fleets after outages: how what runs is spread over products (O, J), and its share (O,).

    `mix` (O, J) is how whole fleets are spread. An owner that is not hit keeps its numbers to the last bit.
    """
    hit = 1.0 - products.factors(environment.fleet_hits)
    if not environment.fleet_hits:
        return mix * products.factors(environment.pool_hits), np.full(len(mix), environment.fleet_availability)
    left = 1.0 - (mix * hit).sum(axis=1)
    spread = mix * (1.0 - hit) / np.maximum(left, 1e-300)[:, None]
    return spread * products.factors(environment.pool_hits), environment.fleet_availability * left


def homes_of(homes: Floats, products: Products, environment: Environment) -> Floats:
    """Users by home region (O, R), those hit by a shock to demand there weighed by it."""
    factor = np.ones(homes.shape[1])
    for hit in environment.demand_hits:
        for r, region in enumerate(products.region_names):
            factor[r] *= hit.factor if hit.region in {None, region} else 1.0
    return homes * factor


def comparable_asks(asks_usd: Floats, products: Products, environment: Environment, rent_usd: float) -> Floats:
    """Log list asks over what products' bundles are worth (O, J); where none is posted, the market's rent."""
    asked = asks_usd / products.level * products.factors(environment.list_price_hits)
    return np.asarray(np.log(np.where(asks_usd > 0.0, asked, rent_usd)))
