"""Basis traders: arbitrage between venues, against perpetuals and along the curve, with own money and its limits."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, ClassVar

from pydantic import Field

from sim.agent import Agent, Endowment, GroupParameters
from sim.growth_path import GrowthPath
from sim.rows.exchange import FutureRow, Leg
from sim.rules.arbitrage import most_usd, slope_per_usd, wanted_share
from sim.view import View
from sim.vocabulary import NonNegative, Share, YearsOfMemory


class BasisTraderParameters(GroupParameters):
    """`capital_usd` is the group's, on day 0; gaps are logs; `along_curve` is whether calendar spreads are traded."""

    capital_usd: NonNegative
    margin_use: Share
    threshold: Annotated[float, Field(ge=0.0, le=10.0, allow_inf_nan=False)]
    width: Annotated[float, Field(gt=0.0, le=10.0, allow_inf_nan=False)]
    pace_per_day: Annotated[float, Field(gt=0.0, le=1.0, allow_inf_nan=False)]
    trading_half_life_years: YearsOfMemory
    along_curve: bool = False


class BasisTrader(Agent):
    """Holds the same month at two venues, or a perpetual and the second month, against each other; both legs at once.
    With `along_curve` also two months of one venue that follow on each other.

    Margin and results are its own: what it owns is cash and deposits, and once that is gone it trades no more.
    """

    Parameters: ClassVar[type[GroupParameters]] = BasisTraderParameters
    kind = "basis_trader"

    def endowment(self, path: GrowthPath) -> Endowment:
        """Its share of the group's capital, in cash."""
        return Endowment(cash_usd=self.own_capital_usd)

    @property
    def own_capital_usd(self) -> float:
        """What its owners pay in on day 0, USD."""
        return float(self.p.capital_usd * self.weight)

    def futures(self, view: View) -> Iterable[FutureRow]:
        """A step towards what it wants to hold of each leg at last prices, less where its own price runs away.

        Each pair has an equal part of `margin_use` of what is owned. A leg that trades in several pairs has the sum.
        All prices are expected to follow the day's news, which is what their gaps over expectations have in common:
        that is no reason to trade a leg.
        """
        if self.own_capital_usd == 0.0:
            return
        every = view.legs(math.log(2.0) / self.p.trading_half_life_years)
        plans = {leg.place: Plan(leg) for some in every.values() for leg in some}
        pairs = pairs_of(every) + (spreads_of(every) if self.p.along_curve else [])
        money = self.p.margin_use * max(0.0, view.cash_usd + view.deposit_usd) / max(1, len(pairs))
        for one, two in pairs:
            most = most_usd(money, one.margin_share, two.margin_share)
            share = wanted_share(two.gap - one.gap, self.p.threshold, self.p.width)
            plans[one.place].add(share, most)
            plans[two.place].add(-share, most)
        news = -sum(one.gap + two.gap for one, two in pairs) / (2.0 * max(1, len(pairs)))
        for plan in plans.values():
            held = view.position(plan.leg.place)
            if held != 0.0 or plan.most > 0.0:
                yield plan.row(held, plan.leg.price_usd, self.p.pace_per_day, self.p.width, news)


@dataclass
class Plan:
    """What is wanted of one leg over all its pairs, contracts, and the most that money allows."""

    leg: Leg
    target: float = 0.0
    most: float = 0.0

    def add(self, share: float, most_usd: float) -> None:
        """Add a pair's leg: a share of a value in USD."""
        self.target += share * most_usd / self.leg.contract_usd
        self.most += most_usd / self.leg.contract_usd

    def row(self, held: float, last_usd: float, pace: float, width: float, news: float) -> FutureRow:
        """The schedule of the night; `news` is the log change that all prices are expected to make."""
        slope = slope_per_usd(self.most, width, last_usd)
        at_last = pace * (self.target - held) + slope * last_usd * math.expm1(news)
        return FutureRow(self.leg.place, at_last, slope, -self.most - held, self.most - held)


def pairs_of(every: dict[str, tuple[Leg, ...]]) -> list[tuple[Leg, Leg]]:
    """What is traded against each other: each month of the first venue and the same elsewhere; a perpetual and the
    first venue's second month, which does not settle soon."""
    monthly = [some for some in every.values() if not some[0].perpetual]
    if not monthly:
        return []
    first, *others = monthly
    perpetuals = [some[0] for some in every.values() if some[0].perpetual]
    pairs = [pair for other in others for pair in zip(first, other, strict=False)]
    return [*pairs, *((first[min(1, len(first) - 1)], leg) for leg in perpetuals)]


def spreads_of(every: dict[str, tuple[Leg, ...]]) -> list[tuple[Leg, Leg]]:
    """Calendar spreads: each month of a venue and the next, but for the nearest, of which much is known already."""
    monthly = [some for some in every.values() if not some[0].perpetual]
    return [pair for some in monthly for pair in pairwise(some[1:])]
