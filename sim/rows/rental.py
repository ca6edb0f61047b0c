"""The rental market: what is traded by the hour, what is offered and wanted, what the day's hours brought."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from sim.environment import Hit
from sim.vocabulary import Floats, Ints


@dataclass(frozen=True)
class Products:
    """What is traded by the hour: a product is a grade in a region on a tier of service.

    `grade`, `region`, `tier` (products,) are places in the tuples of names; `value` (products,) is VE per GPU and
    `level` (products,) the rent on the growth path over the mean rent of landlords, both per VE-hour: what a tier's
    bundle is worth.
    """

    grade_names: tuple[str, ...]
    region_names: tuple[str, ...]
    tier_names: tuple[str, ...]
    grade: Ints
    region: Ints
    tier: Ints
    value: Floats
    level: Floats

    @cached_property
    def names(self) -> tuple[str, ...]:
        """`grade_region_tier`, in order."""
        kinds = zip(self.grade.tolist(), self.region.tolist(), self.tier.tolist(), strict=True)
        return tuple(f"{self.grade_names[g]}_{self.region_names[r]}_{self.tier_names[t]}" for g, r, t in kinds)

    @cached_property
    def cell(self) -> Ints:
        """The grade and region of each product as one number (products,)."""
        return np.asarray(self.grade * len(self.region_names) + self.region)

    def factors(self, hits: Sequence[Hit]) -> Floats:
        """The product of all hits on each product (products,)."""
        found = np.ones(len(self.grade))
        for hit in hits:
            for j, (g, r, t) in enumerate(zip(self.grade, self.region, self.tier, strict=True)):
                if hit.touches(self.grade_names[g], self.region_names[r], self.tier_names[t]):
                    found[j] *= hit.factor
        return found


class SupplyRow(NamedTuple):
    """An offer to the spot market for each of the day's hours.

    kind 0: convex marginal cost, price = floor + slope * occupancy ** convexity; a, b, c = floor_usd, slope_usd,
    convexity. kind 1: swing capacity that comes on in log price; a, b, c = start_usd, full_usd, unused.
    `quantity_ve` is capacity in H100 value equivalents; it is spread over products as the owner's own fleet
    (`own_mix`) or as the market's. `withheld_ve` is what its owner keeps back for customers of contracts.
    """

    kind: int
    quantity_ve: float
    a: float
    b: float
    c: float
    own_mix: bool
    withheld_ve: float = 0.0


ISOELASTIC, BID = range(2)  # forms of demand


class DemandRow(NamedTuple):
    """A user's demand in each of the day's hours: quantity * season[hour] * f(price).

    `form` ISOELASTIC: f = (price / reference) ** -elasticity. BID: f = clip(1/2 - elasticity * ln(price / reference),
    0, 1), work that runs below its bid `reference_usd` and waits above it. `work` is the kind of work (how it splits
    over products), `season` the row of the season table, `service` the class of service (0 is served first when the
    market is at its cap).
    """

    work: int
    season: int
    service: int
    quantity_ve: float
    reference_usd: float
    elasticity: float
    form: int = ISOELASTIC


@dataclass(frozen=True)
class Trades:
    """What the day's hours brought. Shapes: T steps, J products, O owners; VE-hours and USD.

    `price_usd` (T, J) per VE-hour, `traded_ve_hours` (T, J); `sold_ve_hours` (O, J) by those who let their own GPUs and
    `swing_ve_hours` (O, J) of capacity released or re-let; `revenue_usd`, `spent_usd` (O,); `bought` maps (owner, row)
    to VE-hours, `interrupted` to VE that were cut off. `stock_outs` (J,) is the share of seller-hours in which nothing
    was left at the list price.
    """

    price_usd: Floats
    traded_ve_hours: Floats
    sold_ve_hours: Floats
    swing_ve_hours: Floats
    revenue_usd: Floats
    spent_usd: Floats
    bought: dict[tuple[int, int], float]
    unserved_ve_hours: float
    offered_ve: Floats  # (O, J) own GPUs on offer in each hour; idle ones are not counted again as interruptible
    level: Floats  # (J,) what a product's bundle is worth, over the mean
    stock_outs: Floats
    interrupted: dict[tuple[int, int], float] = field(default_factory=dict)

    @property
    def volume(self) -> float:
        """VE-hours traded in all products."""
        return float(self.traded_ve_hours.sum())

    @property
    def turnover_usd(self) -> float:
        """Value of all trades."""
        return float((self.price_usd * self.traded_ve_hours).sum())

    def mean_rent_usd(self, products: Floats | None = None) -> float:
        """Mean rent of comparable hours, USD per VE-hour, of all products or a mask of them; nan where none traded.

        Spending over hours weighed by `level`, so that a shift of customers between tiers alone moves nothing.
        """
        hours, paid = self.traded_ve_hours, self.price_usd * self.traded_ve_hours
        if products is not None:
            hours, paid = hours * products, paid * products
        comparable = float((hours * self.level).sum())
        return float(paid.sum()) / comparable if comparable > 0.0 else math.nan
