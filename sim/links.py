"""The registry of all ways from the futures price to the physical world."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.vocabulary import Finite, Parameters, Share


class Links(Parameters):
    """The registry of all ways from the futures price to the physical world; zero is exact.

    `curve_to_capex`, `curve_to_collateral`, `curve_to_reserved`: weight of the curve, against own expectations (or
    book value), in chip orders, in lenders' marks, in rents of reserved capacity. `hedge_cash`: share of hedge
    profit, loss and margin that meets operating cash; a parent bears the rest. `normal_premium` is the usual log gap
    of the curve over expectations, by maturity, so that a link that is switched on is neutral to the level. The curve
    is that of `venue`.
    """

    curve_to_capex: Share
    curve_to_collateral: Share
    curve_to_reserved: Share
    hedge_cash: Share
    normal_premium: list[Finite]
    shuffled_days: Annotated[int, Field(ge=0, le=3650)] = 0  # placebo: the three links that read the curve read that
    # of an evening drawn from the last so many, against expectations of that evening; 0 is tonight's
    venue: str = "main"

    @property
    def curve_is_read(self) -> bool:
        """Whether any link reads the curve."""
        return self.curve_to_capex > 0.0 or self.curve_to_collateral > 0.0 or self.curve_to_reserved > 0.0
