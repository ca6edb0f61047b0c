"""Loss and margin spirals (Brunnermeier and Pedersen 2009): what a dollar of speculators' funds does to the price.

Customers bring the schedule S (v - p) - Z to the closing auction, with S = 2 / (gamma sigma^2): they sell Z. A class of
speculators wants far more at p < v than it has margin for, so that its position is W(p) / m(p), by the rule of the
crowds: wealth W = eta + x_0 (p - p_0) marked at the price, margin m = share p, the share fixed or that of the clearing
house's model by filtered history, which has seen the day's move. A funding shock moves the price by

    dp / d eta = 1 / (S m + m' x_1 - x_0):

without a margin that rises as prices fall (m' < 0) and without a position at stake (x_0 = 0) markets absorb, with them
losses breed sales. Where the bracket reaches zero prices have no continuous answer.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.market import price_of_demands
from sim.exchange.margin_models import FilteredHistory
from sim.exchange.terms import Margin
from sim.rules.speculation import target_position
from sim.spec import Spec
from sim.vocabulary import Floats, NonNegative, Positive, Share

BOLD = 1e6  # of speculators: margin always binds
HISTORY_DAYS = 250


class Parameters(Strict):
    """Customers and speculators, and by how much funds are changed to read the slope."""

    value: Positive  # v
    last_price: Positive  # p_0
    customers_slope: Positive  # S, contracts a unit of price
    sold: Positive  # Z, contracts
    funds: Positive  # eta
    position: NonNegative  # x_0 of speculators, where they have one
    margin_share: Share  # fixed, and what the history begins with
    decay: Annotated[float, Field(gt=0.0, lt=1.0)]  # of the margin model
    funding_shock: Positive
    reach: Annotated[float, Field(gt=0.0, lt=1.0)]  # of the grid of prices, around the last
    ticks: Annotated[int, Field(ge=100)]
    tolerance: Positive  # as a share


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """The slope with and without each spiral beside the formula, and their order."""
    del spec
    slopes = {}
    for at_stake, breathing in itertools.product((False, True), (False, True)):
        held = p.position if at_stake else 0.0
        said = f"x_0 = {held:g}, margins {'follow volatility' if breathing else 'fixed'}"
        market = Market(p, held, breathing)
        price, d = market.price(p.funds), p.funding_shock
        slope = (market.price(p.funds + d) - market.price(p.funds - d)) / (2.0 * d)
        exact = 1.0 / market.bracket(price)
        slopes[at_stake, breathing] = slope
        yield Check("change of the price per unit of funds", said, exact, slope, p.tolerance * exact)
    none, loss, margin, both = (slopes[key] for key in ((False, False), (True, False), (False, True), (True, True)))
    yield Check("losses amplify", "", 1.0, float(loss > none), 0.0)
    yield Check("margins amplify", "", 1.0, float(margin > none), 0.0)
    yield Check("together more than either", "", 1.0, float(both > max(loss, margin)), 0.0)


class Market:
    """Customers and speculators of one case."""

    def __init__(self, p: Parameters, held: float, breathing: bool) -> None:
        self.p, self.held = p, held
        self.history: FilteredHistory | None = None
        if breathing:
            self.history = FilteredHistory(Margin(
                initial=p.margin_share, maintenance=p.margin_share, model="fhs", decay=p.decay, horizon_days=1.0,
                window_days=HISTORY_DAYS, buffer=0.0, stress_weight=0.0,
            ))  # fmt: skip

    def margin_share(self, price: float) -> float:
        """Margin over price, once the day has ended there."""
        if self.history is None:
            return self.p.margin_share
        tonight = copy.deepcopy(self.history)
        tonight.note(math.log(price / self.p.last_price))
        return tonight.share

    def position(self, price: float, funds: float) -> float:
        """What speculators hold at a price: all that their funds are margin for."""
        p = self.p
        wealth = funds + self.held * (price - p.last_price)
        return target_position(p.value - price, price, wealth, wealth, BOLD, self.margin_share(price), 1.0)

    def price(self, funds: float) -> float:
        """Where the auction closes."""
        p = self.p

        def speculators(prices: Floats) -> Floats:
            return np.array([self.position(price, funds) for price in prices.tolist()])

        def customers(prices: Floats) -> Floats:
            return p.customers_slope * (p.value - prices) - p.sold

        low, high = ((1.0 + side * p.reach) * p.last_price for side in (-1, 1))
        return price_of_demands((speculators, customers), low, high, p.ticks, p.last_price)

    def bracket(self, price: float) -> float:
        """S m + m' x_1 - x_0 at a price, m' by a difference."""
        d = 1e-5 * price
        before, after = (self.margin_share(at) * at for at in (price - d, price + d))
        margin, slope = self.margin_share(price) * price, (after - before) / (2.0 * d)
        return self.p.customers_slope * margin + slope * self.position(price, self.p.funds) - self.held
