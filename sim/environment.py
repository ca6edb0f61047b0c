"""What nature and policy impose today, and the shocks that do so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from sim.vocabulary import Floats


class Hit(NamedTuple):
    """A factor on what belongs to a grade, region and tier; None stands for all of them."""

    factor: float
    grade: str | None = None
    region: str | None = None
    tier: str | None = None

    def touches(self, grade: str, region: str | None = None, tier: str | None = None) -> bool:
        """Whether something of this grade, region and tier is hit."""
        mine = ((self.grade, grade), (self.region, region), (self.tier, tier))
        return all(wanted is None or wanted == found for wanted, found in mine)


def by_grade(hits: Sequence[Hit], grades: Sequence[str]) -> Floats:
    """The product of all hits on each grade (grades,)."""
    if not hits:
        return np.ones(len(grades))
    return np.array([math.prod(hit.factor for hit in hits if hit.touches(grade)) for grade in grades], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Environment:
    """What nature and policy impose today; shocks return changed copies of a fresh baseline.

    Capacity: `pool_availability` is the share of the capacity offered to the spot market that runs,
    `fleet_availability` that of whole fleets (contracts are served first, or pro rata with `contracts_first=False`);
    `pool_hits` and `fleet_hits` do the same to a grade, region or tier. Demand: the `*_scale` fields multiply demand in
    the spot market and contracted demand, `demand_hits` spot demand whose home is a region; `efficiency` is work done
    per VE-hour, all grades; `list_price_hits` multiply what sellers of a tier want to ask. Chips: `chip_price_scale`
    multiplies their price for good reasons that move the long-run rent (technology), `chip_price_hits` that of a grade;
    `tariff` is added to the price, as a share of it, `tariff_for_good` is the part of it that nobody expects to end.
    `deliveries_scale` (with `deliveries_hits`, by grade) is the share of what is due today that arrives, the rest is
    held back; `released_hits` are the share of what was held back before that arrives today. `vendor_scale` is the
    share of accepted orders that the vendor meets, `sites_scale` multiplies the growth that power and sites allow.
    Costs: `running_cost_scale` multiplies variable cost, `policy_rate_add` is per year. Credit: `credit_scale` is the
    share of new loans asked for that lenders make. Clients: `client_lost`
    is the share of the largest customer's contracts and demand that is gone.
    """

    pool_availability: float = 1.0
    fleet_availability: float = 1.0
    contracts_first: bool = True
    pool_hits: tuple[Hit, ...] = ()
    fleet_hits: tuple[Hit, ...] = ()
    demand_scale: float = 1.0
    contracted_demand_scale: float = 1.0
    demand_hits: tuple[Hit, ...] = ()
    efficiency: float = 1.0
    list_price_hits: tuple[Hit, ...] = ()
    chip_price_scale: float = 1.0
    chip_price_hits: tuple[Hit, ...] = ()
    tariff: float = 0.0
    tariff_for_good: float = 0.0
    deliveries_scale: float = 1.0
    deliveries_hits: tuple[Hit, ...] = ()
    released_hits: tuple[Hit, ...] = ()
    vendor_scale: float = 1.0
    sites_scale: float = 1.0
    running_cost_scale: float = 1.0
    policy_rate_add: float = 0.0
    credit_scale: float = 1.0
    client_lost: float = 0.0

    @property
    def dark(self) -> bool:
        """Whether any capacity stands still."""
        return bool(self.pool_hits or self.fleet_hits) or min(self.pool_availability, self.fleet_availability) < 1.0

    def arrivals(self, grades: Sequence[str]) -> tuple[Floats, Floats]:
        """Shares of what is due today and of what was held back that arrive, by grade (grades,) each."""
        return self.deliveries_scale * by_grade(self.deliveries_hits, grades), by_grade(self.released_hits, grades)

    def price_factors(self, grades: Sequence[str]) -> tuple[float, ...]:
        """What buyers of chips pay over the vendor's usual price, by grade, the tariff included."""
        return tuple(((1.0 + self.tariff) * by_grade(self.chip_price_hits, grades)).tolist())


class Shock(Protocol):
    """A pure function of the day on a fresh environment: it never compounds."""

    def __call__(self, day: int, environment: Environment) -> Environment:
        """Return the environment of that day under this shock."""
        ...
