"""The sections `tiers`, `spot` and `demand.season` of the specification."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from sim.vocabulary import Elasticity, NonNegative, Parameters, Positive, Share


class Tier(Parameters):
    """A tier of service and how it is sold; `share` of landlords' capacity, where an owner does not say otherwise.

    `premium` is the price on the growth path over that of other tiers: what the bundle is worth. `uniform`: an auction
    an hour, one price. `pay_as_bid`: sellers get their offers, raised by `shading` of the way to the clearing price.
    `posted`: sticky list prices; `restock_per_hour` of what customers leave is ready for the next. `interruptible`: an
    auction of `idle_share` of the idle capacity of the tier `of`, which takes it back when it needs it.
    """

    share: Share
    mechanism: Literal["uniform", "pay_as_bid", "posted", "interruptible"]
    premium: Positive
    shading: Share = 1.0
    restock_per_hour: Share = 1.0
    of: str | None = None
    idle_share: Share = 0.0


class Season(Parameters):
    """Hour-of-day and weekend pattern of inference and renters' load."""

    amplitude: Annotated[float, Field(ge=0.0, lt=1.0)]
    peak_hour: Annotated[float, Field(ge=0.0, le=24.0)]
    weekend: Positive


class Spot(Parameters):
    """The hourly market: occupancy on the path, convexity of marginal cost, costs and cap in USD per VE-hour.

    `retry_per_hour` of what is wanted at the cap and not served is wanted again an hour later. List prices read the
    share `expected_weight` of what is public of coming rents, which change by `rent_response` per log of demand over
    supply.
    """

    occupancy: Annotated[float, Field(ge=1e-6, lt=1.0)]
    convexity: Annotated[float, Field(gt=0.0, le=50.0)]
    variable_cost_usd: Positive
    fixed_cost_usd: NonNegative
    price_cap_usd: Positive
    step_hours: Annotated[int, Field(ge=1, le=24)]
    reconsider_per_hour: Share
    substitution: Elasticity
    retry_per_hour: Share
    expected_weight: Share = 0.0
    rent_response: Elasticity = 0.75

    @property
    def adjustment(self) -> float:
        """Share of users who reconsider their product per step: 1 - (1 - a) ** hours."""
        return 1.0 - (1.0 - self.reconsider_per_hour) ** self.step_hours
