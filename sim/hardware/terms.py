"""The sections `grades` and `investment` of the specification."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.vocabulary import Parameters, Positive, Share


class Grade(Parameters):
    """A grade of GPU: value in H100 equivalents for rents and costs, share of fleets and of orders by value.

    `tiers` says how landlords let this grade (shares by tier) where it is not as the world's tiers say; users want all
    grades on tiers alike, so that a grade is dear where little of it is let.
    """

    value: Annotated[float, Field(ge=1e-3, le=1e3, allow_inf_nan=False)]
    fleet_share: Share
    order_share: Share
    tiers: dict[str, Share] | None = None


class Investment(Parameters):
    """Chips: life, lead time, the ratio of value to price on the path, how fast quoted lead times follow, refunds."""

    life_years: Annotated[float, Field(ge=0.5, le=30.0)]
    lead_time_days: Annotated[float, Field(ge=1.0, le=3650.0)]
    q_star: Annotated[Positive, Field(ge=1e-6)]
    quote_months: Annotated[float, Field(ge=1.0, le=1e3)] = 2.0  # over which the public view of scarcity follows
    refund: Share = 0.9  # of what was paid for chips whose order is cancelled
