"""The authorised participant: creates and redeems fund shares in whole units, in cash at the next net asset value."""

from __future__ import annotations

from typing import ClassVar

from sim.agent import Agent, GroupParameters
from sim.view import View
from sim.vocabulary import NonNegative, Positive, PositiveCount


class AuthorisedParticipantParameters(GroupParameters):
    """Terms of creation and redemption; prospectuses of futures funds."""

    unit_shares: Positive
    fee_usd: NonNegative  # per order
    cost_share: NonNegative  # of the order's value
    units_per_day: PositiveCount  # most in one fund
    premium_per_waiting: NonNegative  # premium (log) per share of the fund's shares that waits for a unit


class AuthorisedParticipant(Agent):
    """Stands between holders and funds; what is less than a unit waits, and moves the premium."""

    Parameters: ClassVar[type[GroupParameters]] = AuthorisedParticipantParameters
    kind = "authorised_participant"

    def shares_created(self, view: View, waiting: float, outstanding: float) -> float:
        """Shares to be created (+) or redeemed (-) at the next close: whole units, never more than exist."""
        p = self.p
        units = min(int(abs(waiting) / p.unit_shares), p.units_per_day)
        if waiting < 0.0:
            units = min(units, int(outstanding / p.unit_shares))
        return float(units * p.unit_shares) if waiting > 0.0 else float(-units * p.unit_shares)

    def cost_usd(self, value_usd: float) -> float:
        """Cost of one order of this value."""
        return float(self.p.fee_usd + self.p.cost_share * value_usd)

    def premium(self, waiting: float, outstanding: float) -> float:
        """Log premium of the share price over NAV while orders wait."""
        return float(self.p.premium_per_waiting * waiting / outstanding) if outstanding > 0.0 else 0.0
