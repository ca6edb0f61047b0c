"""An outside buyer of futures, the positive control: money that knows nothing lifts the curve, and stays."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Annotated, ClassVar

from pydantic import Field

from sim.agent import Agent, GroupParameters
from sim.rows.exchange import FutureRow, SpotLimit
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
    gives_way_days: Annotated[int, Field(ge=0, le=23)]  # before a limit of the last days; 0: sells when it holds
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

        k = most / (STEEP F*); what is held is given back above F*, and never more than that. Where a position limit of
        the nearest month is `gives_way_days` away or less it is met on the way (`may_hold`).
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
            wanted = may_hold(most, view.spot_limit(month.maturity), p.gives_way_days)
            if held > wanted and wanted < most:  # what is to go tonight goes at any price
                sold = -side * (held - wanted)
                yield FutureRow(month.maturity, sold, 0.0, sold, sold)
                continue
            low, high = sorted((-side * max(0.0, held), side * max(0.0, wanted - held)))
            yield FutureRow(month.maturity, slope * (aim - month.price_usd), slope, low, high)


def may_hold(most: float, limit: SpotLimit | None, gives_way_days: int) -> float:
    """Most contracts of a month that a buyer of `most` wants tonight: L + (M - L) n / N, where the position limit L of
    the last days is n < N business days away after tonight.

    M is `most`, or the limit until then if lower; N is `gives_way_days`, or as many as the month has before L holds. It
    is met on the eve in N even steps, by design, and no excess is sold at once. Otherwise, or with N = 0, `most`.
    """
    if limit is None or most <= limit.contracts:
        return most
    days = min(gives_way_days, limit.of_days)
    if limit.business_days >= days:
        return most
    return limit.contracts + (min(most, limit.until_then) - limit.contracts) * limit.business_days / days
