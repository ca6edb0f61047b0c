"""Futures ETFs: funds that hold the two nearest months at constant maturity, with any leverage, and cash."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from sim.agent import Agent, GroupParameters
from sim.rows.funds import FundTerms
from sim.rules.fund_flows import assets_for_gain, front_weight
from sim.view import View
from sim.vocabulary import NonNegative, Positive, Share

MAX_LEVERAGE = 5.0


class EtfParameters(GroupParameters):
    """Exactly one of `assets_usd`, `open_interest_share` and `target_gain` sets the size; all are of the group."""

    leverage: Annotated[float, Field(ge=-MAX_LEVERAGE, le=MAX_LEVERAGE, allow_inf_nan=False)]
    roll: Literal["daily", "at_expiry"]  # equal steps through the month, or the next month all at once
    expense_ratio: Share  # per year of net assets, accrued daily
    termination_fall: Annotated[float, Field(gt=0.0, le=1.0)]  # fall of NAV in a day that ends the fund
    nav_usd: Positive  # a share's net asset value at inception
    assets_usd: NonNegative | None
    open_interest_share: NonNegative | None  # assets over open interest of the nearest month at inception
    target_gain: NonNegative | None  # loop gain of its rebalancing, measured on the auction, mean over a roll
    keeps_gain_per_day: Share  # speed at which subscriptions bring a stated gain back; 0: stated at inception alone
    impact: Positive  # Lambda by which its size is first guessed, and that of funds relative to each other

    @model_validator(mode="after")
    def _one_size(self) -> Self:
        sizes = (self.assets_usd, self.open_interest_share, self.target_gain)
        if sum(size is not None for size in sizes) != 1:
            raise ValueError("one of assets_usd, open_interest_share and target_gain must be given, the others null")
        if self.target_gain is not None and 0.0 <= self.leverage <= 1.0:
            raise ValueError("target_gain needs a leverage outside 0 to 1: others do not rebalance with the price")
        return self


class Etf(Agent):
    """A fund: its shares, assets and positions are in the ledger, its orders follow from two weights."""

    Parameters: ClassVar[type[GroupParameters]] = EtfParameters
    kind = "etf"

    @property
    def fund_terms(self) -> FundTerms:
        """The terms of its shares; it is sized by the one size that is given."""
        p = self.p
        sized_by = next(
            key for key in ("assets_usd", "open_interest_share", "target_gain") if getattr(p, key) is not None
        )
        stated = (p.target_gain or 0.0) * self.weight
        return FundTerms(
            p.leverage, p.expense_ratio, p.termination_fall, p.nav_usd, sized_by, stated, p.keeps_gain_per_day
        )

    def start_assets_usd(self, front_interest_usd: float) -> float:
        """Net assets at inception, given the open interest of the nearest month."""
        p = self.p
        if p.assets_usd is not None:
            total = p.assets_usd
        elif p.open_interest_share is not None:
            total = p.open_interest_share * front_interest_usd
        else:
            total = assets_for_gain(p.target_gain, p.leverage, p.impact, front_interest_usd)
        return float(total * self.weight)

    def fund_exposure(self, view: View) -> tuple[float, float]:
        """Exposure over net assets wanted in the nearest and the second month after tonight's close."""
        curve = view.today.curve
        if curve is None:
            return 0.0, 0.0
        leverage: float = self.p.leverage
        if len(curve.price_usd) == 1:
            return leverage, 0.0
        near = 0.0 if self.p.roll == "at_expiry" else front_weight(curve.days_left[0], view.today.days_of_month)
        return leverage * near, leverage * (1.0 - near)
