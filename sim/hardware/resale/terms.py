"""The section `resale` of the specification."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.vocabulary import Days, NonNegative, Parameters, Share

MOST = 0.99  # of a discount or cost: a price stays above zero
Part = Annotated[float, Field(ge=0.0, le=MOST, allow_inf_nan=False)]


class Resale(Parameters):
    """The market for used GPUs. Prices are in ratios to value, the mean of landlords' own by what they own.

    `outside_discount` is what outsiders pay below value, up to `outside_depth` a month (share of landlords' GPUs by
    value; null is no bound); `buyer_capacity` the share of its own GPUs that a landlord takes on in a month,
    `buyer_margin` what it wants below its own value. `cost` is the seller's, of the price. A landlord offers
    `voluntary_share` of its GPUs of an age in a month where the price after costs exceeds its own value. With
    `keeps_letting` the share of GPUs that is usually under contract goes with them; without, who runs them lets them as
    it lets its own.
    """

    enabled: bool
    outside_discount: Part
    outside_depth: Share | None
    buyer_capacity: NonNegative
    buyer_margin: NonNegative
    cost: Part
    voluntary_share: Share
    downtime_days: Annotated[int, Field(ge=0, le=365)]
    memory_days: Days
    scrap: Share
    keeps_letting: bool = True
