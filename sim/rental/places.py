"""What is sold where, and how: the mechanism of every product, each owner's place among them, users' homes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.kernels.spot import INTERRUPTIBLE, POSTED
from sim.rental.tastes import Tastes
from sim.rows.rental import Products
from sim.vocabulary import Bools, Floats, Ints


@dataclass(frozen=True)
class Shop:
    """How each product is sold: mechanism, partner and rate as `clear_day` reads them, and the order of clearing."""

    mechanism: Ints
    partner: Ints
    rate: Floats
    sequence: Ints

    @cached_property
    def on_demand(self) -> Floats:
        """Products let from their owners' own capacity (J,), 1 or 0: all but the interruptible."""
        return np.asarray(self.mechanism != INTERRUPTIBLE, dtype=np.float64)

    @cached_property
    def posted(self) -> Bools:
        """Products that are sold at list prices (J,)."""
        return np.asarray(self.mechanism == POSTED)

    @cached_property
    def auctioned(self) -> Floats:
        """Products whose price clears the hour for on-demand capacity (J,), 1 or 0."""
        return np.asarray((self.mechanism != INTERRUPTIBLE) & (self.mechanism != POSTED), dtype=np.float64)

    def auctions_nearby(self, products: Products) -> Floats:
        """Whether a product's grade is auctioned in its region (products,), 1 or 0."""
        cell = products.cell
        return np.asarray(np.bincount(cell, self.auctioned)[cell] > 0.0, dtype=np.float64)


@dataclass(frozen=True)
class Placement:
    """Shapes: O owners (those outside the market too), J products, R regions, G grades.

    `place` (O, J) is the share of an owner's GPUs of that product's grade that stand there and are let so, `regions`
    (O, R) where GPUs stand and users are at home, `grades` (O, G) the mix of fleets at the start; `path_ve` (O, J) is
    offered by the hour on the growth path, `offered_ve` (J) by all owners, `idle_ve` (J) in interruptible products;
    `usual` (J) is the share of it that is let on the path.
    """

    products: Products
    shop: Shop
    place: Floats
    regions: Floats
    grades: Floats
    path_ve: Floats
    offered_ve: Floats
    idle_ve: Floats
    usual: Floats
    spread: Floats  # (J,) of capacity that is nobody's fleet, over auctions
    tastes: Tastes

    @property
    def demand_ve(self) -> float:
        """Hours wanted at the path's rent, as VE, in all products."""
        occupancy = self.tastes.occupancy
        return float((self.offered_ve * (self.usual / occupancy)).sum() + self.idle_ve.sum()) * occupancy
