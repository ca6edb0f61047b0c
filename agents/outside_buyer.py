"""An outside buyer of futures, the positive control: money that knows nothing lifts the curve, and stays."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import Field

from sim.agent import Agent, GroupParameters
from sim.rows.exchange import FutureRow
from sim.view import View
from sim.vocabulary import NonNegative, PositiveCount, YearsOfMemory

STEEP = 0.01  # of the price aimed at: so far below it the buyer wants all that its budget allows


class OutsideBuyerParameters(GroupParameters):
    """`premium` is the d of the control; the budget is the group's, for the notional value of all it holds."""

    premium: Annotated[
        float, Field(ge=-0.9, le=9.0, allow_inf_nan=False)
    ]  # of the price aimed at over what is expected
    budget_usd: NonNegative
    start_day: PositiveCount
    trading_half_life_years: YearsOfMemory  # of what it takes to be expected


class OutsideBuyer(Agent):
    """Holds every listed month at a price a given share above what rents let expect, within its budget, for good.

    With a premium below zero it sells. Parents bear its margins and results as they do of a hedger.
    """

    Parameters: ClassVar[type[GroupParameters]] = OutsideBuyerParameters
    kind = "outside_buyer"

    @property
    def budget_usd(self) -> float:
        """Most that its positions may be worth, USD."""
        return float(self.p.budget_usd * self.weight)

    def futures(self, view: View) -> Iterable[FutureRow]:
        """Buy k (F* - F) contracts of each month, F* = (1 + d) E: all that the budget allows where F is 1 % below F*.

        k = most / (STEEP F*); what is held is given back above F*, and never more than that.
        """
        p = self.p
        if self.budget_usd == 0.0 or view.today.day < p.start_day:
            return
        months = view.months_ahead(p.trading_half_life_years, 1.0)
        side = math.copysign(1.0, p.premium)
        for month in months:
            aim = month.expected_usd * (1.0 + p.premium)
            most = self.budget_usd / len(months) / (month.price_usd * month.contract_hours)
            held = side * view.position(month.maturity)
            slope = most / (STEEP * aim)
            low, high = sorted((-side * max(0.0, held), side * max(0.0, most - held)))
            yield FutureRow(month.maturity, slope * (aim - month.price_usd), slope, low, high)
