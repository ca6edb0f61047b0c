"""The vehicle: buys part of each month's new loans at par and pays for them with notes (asset-backed securities)."""

from __future__ import annotations

import math
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from sim.agent import Agent, GroupParameters
from sim.rows.securitisation import Cover, NoteTerms
from sim.rules.screening import loosening
from sim.view import View
from sim.vocabulary import NonNegative, Positive, Share


class VehicleParameters(GroupParameters):
    """Shares are of par; fees per year. Nothing of this matters while `share_sold` is 0 or `retention` is 1."""

    share_sold: Share  # of each new draw that is securitised
    retention: Share  # of what is securitised, a vertical slice of it that the originator keeps
    capital_relief: Share  # 1: lenders need no capital for what they sold, and borrowers pay for less; 0: they do
    screening: Share  # 1: advance rates rise all the way to PD = margin / share of losses kept; 0: not at all
    margin: Share  # earned on each extra dollar lent, the m of the screening rule
    asset_sd: Positive  # log sd of the collateral's value over a loan's life, the s of the screening rule
    senior_share: Share
    junior_share: Share
    residual_share: Share
    fee_per_year: NonNegative  # servicer and trustee, of the pool
    reserve_months: NonNegative  # of interest on both notes
    overcollateralisation: Positive  # least collateral over the senior note; a failed test stops purchases
    recovery: Share  # at which loans of firms in default count as collateral
    principal: Literal["pro_rata", "sequential"]  # how principal is passed through while the test holds

    @model_validator(mode="after")
    def classes_fund_par(self) -> Self:
        """Whoever funds the purchases, they are paid in full."""
        total = math.fsum((self.senior_share, self.junior_share, self.residual_share))
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"senior_share, junior_share and residual_share must add up to 1, not {total:g}")
        if not self.margin < 0.5:
            raise ValueError("margin must be below 0.5")
        return self


class Vehicle(Agent):
    """A special-purpose owner of loans: it has no will but its documents."""

    Parameters: ClassVar[type[GroupParameters]] = VehicleParameters
    kind = "vehicle"

    @property
    def note_terms(self) -> NoteTerms:
        """The terms of the notes as their waterfall reads them."""
        p = self.p
        return NoteTerms(
            shares=(p.senior_share, p.junior_share, p.residual_share), fee_per_year=p.fee_per_year,
            reserve_months=p.reserve_months, tests=(Cover(p.overcollateralisation), Cover()), recovery=p.recovery,
            sequential=p.principal == "sequential",
        )  # fmt: skip

    def loan_purchases(self, view: View) -> float:
        """Share of each draw bought this month, net of the originator's slice; none while the collateral test fails."""
        return 0.0 if view.collateral_test_failed else self.p.share_sold * (1.0 - self.p.retention)

    def advance_factor(self, share_bought: float) -> float:
        """Factor on advance rates when lenders know that they will keep the losses of the rest only."""
        return loosening(1.0 - share_bought, self.p.margin, self.p.asset_sd, self.p.screening)

    def capital_saved(self, share_bought: float) -> float:
        """Share of a draw that needs no capital of the lender."""
        saved: float = self.p.capital_relief * share_bought
        return saved
