"""The registry of all ways from the futures price to the physical world."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.vocabulary import Finite, NonNegative, Parameters, Share


class Links(Parameters):
    """The registry of all ways from the futures price to the physical world; zero is exact.

    `curve_to_capex`, `curve_to_collateral`, `curve_to_reserved`: weight of the curve, against own expectations (or
    book value), in chip orders, in lenders' marks, in rents of reserved capacity. `hedge_cash`: share of hedge
    profit, loss and margin that meets operating cash; a parent bears the rest. `normal_premium` is the usual log gap
    of the curve over expectations, by maturity, so that a link that is switched on is neutral to the level. The curve
    is that of `venue`.

    With `learning` the three links that read the curve weigh it by what it has been worth too: their strength times
    the weight of `sim.rules.learning`, on the mean gap of a month; `prior_weight` is worth `prior_months` at first,
    `doubt_months` draw it towards zero for good, half is forgotten in `memory_years`.
    """

    curve_to_capex: Share
    curve_to_collateral: Share
    curve_to_reserved: Share
    hedge_cash: Share
    normal_premium: list[Finite]
    shuffled_days: Annotated[int, Field(ge=0, le=3650)] = 0  # placebo: the three links that read the curve read that
    # of an evening drawn from the last so many, against expectations of that evening; 0 is tonight's
    venue: str = "main"
    learning: bool = False
    prior_weight: Share = 0.5
    prior_months: NonNegative = 3.0
    doubt_months: NonNegative = 1.0
    memory_years: Annotated[float, Field(ge=0.05, le=100.0, allow_inf_nan=False)] = 1.0

    @property
    def curve_is_read(self) -> bool:
        """Whether any link reads the curve."""
        return self.curve_to_capex > 0.0 or self.curve_to_collateral > 0.0 or self.curve_to_reserved > 0.0
