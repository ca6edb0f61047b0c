"""The leverage cycle (Geanakoplos 2010): who is most optimistic buys on credit, and bad news ruins just these.

Agents believe in good news with chances h spread evenly over (0, 1); each begins with one asset and one unit of cash.
The asset pays 1, or R after bad news; loans are as large as is safe, so that a buyer puts down p less what the asset is
worth at worst. In the cycle bad news must come twice for R: after the first the buyers of before are ruined, the asset
falls to those who are left and loans shrink. Agents bring what they want at each price to the model's closing auction;
what they pay, own and owe stands in its ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import numpy as np
from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.lab.replications.check import Check
from experiments.lab.replications.market import price_of_demands
from sim.ledger import Ledger
from sim.spec import Spec
from sim.vocabulary import Bools, Floats, Positive

ROUNDS = 60
STILL = 1e-9


class Parameters(Strict):
    """What the asset pays at worst, how many agents; marginal buyers and prices as published."""

    worst: Annotated[float, Field(gt=0.0, lt=1.0)]
    agents: Annotated[int, Field(ge=50)]
    ticks: Annotated[int, Field(ge=100)]
    unlevered: Annotated[list[float], Field(min_length=2, max_length=2)]  # marginal buyer, price
    levered: Annotated[list[float], Field(min_length=2, max_length=2)]
    buyers: Annotated[list[float], Field(min_length=2, max_length=2)]  # of the cycle, before and after bad news
    prices: Annotated[list[float], Field(min_length=2, max_length=2)]
    loan_to_value: Annotated[list[float], Field(min_length=2, max_length=2)]
    tolerance: Positive


def replicate(p: Parameters, spec: Spec) -> Iterator[Check]:
    """One period without and with loans; then two, with the crash between them."""
    del spec
    believe = (np.arange(p.agents) + 0.5) / p.agents
    for said, loan, on_record in (("no loans", 0.0, p.unlevered), ("loans", p.worst, p.levered)):
        market = Assets(p, believe, np.ones(p.agents), np.ones(p.agents))
        price = market.trade(loan, lambda price: believe + (1.0 - believe) * p.worst >= price)
        yield Check("marginal buyer", said, on_record[0], market.marginal(), p.tolerance)
        yield Check("price", said, on_record[1], price, p.tolerance)
    yield from cycle(p, believe)


def cycle(p: Parameters, believe: Floats) -> Iterator[Check]:
    """Two periods: the price after bad news is what buyers before it expect, found by trying again."""
    after = 0.5 * (1.0 + p.worst)
    for _ in range(ROUNDS):
        first = Assets(p, believe, np.ones(p.agents), np.ones(p.agents))
        guess = after

        def buys(price: float, guess: float = guess) -> Bools:
            """A margin purchase now earns more than cash that waits for the fall."""
            now = believe * (1.0 - guess) / max(price - guess, 1e-12)
            waiting = np.maximum(1.0, believe * (1.0 - p.worst) / max(guess - p.worst, 1e-12))
            return np.asarray(now >= believe + (1.0 - believe) * waiting)

        before = first.trade(guess, buys)
        second = first.after_default()
        after = second.trade(p.worst, lambda price: believe + (1.0 - believe) * p.worst >= price)
        if abs(after - guess) < STILL:
            break
        after = 0.5 * (after + guess)
    for said, market, price, k in (("before", first, before, 0), ("after bad news", second, after, 1)):
        yield Check("marginal buyer of the cycle", said, p.buyers[k], market.marginal(), p.tolerance)
        yield Check("price of the cycle", said, p.prices[k], price, p.tolerance)
        loan = after if k == 0 else p.worst
        yield Check("loan to value", said, p.loan_to_value[k], loan / price, 2.0 * p.tolerance)
    fall, own = p.prices[1] / p.prices[0] - 1.0, after / before - 1.0
    yield Check("the crash", "price after over before", fall, own, 2.0 * p.tolerance)
    books = second.books
    yield Check("owed and owned add up", "all instruments", 0.0, float(books.out_of_balance() is not None), 0.0)


class Assets:
    """Agents, what they hold on a ledger of their own, and the market in which they trade once."""

    def __init__(self, p: Parameters, believe: Floats, cash: Floats, assets: Floats) -> None:
        n = len(believe)
        self.p, self.believe, self.bought = p, believe, np.zeros(n, dtype=bool)
        self.books = Ledger([*(f"agent_{i}" for i in range(n)), "lenders", "outside"])
        for instrument, amounts in (("cash", cash), ("asset", assets), ("loan", np.zeros(n))):
            self.books.list(instrument, "USD" if instrument != "asset" else "asset")
            self.books.post_net("endowment", instrument, np.array([*amounts, 0.0, -float(amounts.sum())]))

    def held(self, instrument: str) -> Floats:
        """What each agent has (agents,)."""
        return self.books.held(instrument)[: len(self.believe)]

    def trade(self, loan: float, buys: Callable[[float], Bools]) -> float:
        """Who `buys` at a price puts all it has down, borrowing `loan` an asset; the others sell. Returns the price.

        Lenders are the sellers, through one account.
        """
        cash, assets = self.held("cash").copy(), self.held("asset").copy()

        def wants(price: float) -> Floats:
            all_down = (cash + price * assets) / max(price - loan, 1e-9)
            return np.where(buys(price), all_down, 0.0) - assets

        def demand(prices: Floats) -> Floats:
            return np.array([float(wants(price).sum()) for price in prices.tolist()])

        low = max(loan, self.p.worst)
        price = price_of_demands((demand,), low + (1.0 - low) / self.p.ticks, 1.0, self.p.ticks, 0.5 * (1.0 + low))
        fills = wants(price)
        self.bought = buys(price)
        fills[self.bought] += self._short(fills)
        lent = np.where(self.bought, loan * (assets + fills), 0.0)
        self.books.post_net("bought", "asset", np.array([*fills, 0.0, 0.0]))
        self.books.post_net("lent", "loan", np.array([*-lent, float(lent.sum()), 0.0]))
        self.books.post_net("lent", "cash", np.array([*lent, -float(lent.sum()), 0.0]))
        self.books.post_net("paid", "cash", np.array([*-price * fills, 0.0, 0.0]))
        return price

    def _short(self, fills: Floats) -> float:
        """What each buyer gets less, or more, since agents are finitely many and the last is rationed."""
        return -float(fills.sum()) / max(1, int(self.bought.sum()))

    def marginal(self) -> float:
        """The least optimistic of those who bought, half an agent below."""
        return float(self.believe[self.bought].min()) - 0.5 / len(self.believe)

    def after_default(self) -> Assets:
        """Bad news: assets are worth what is owed on them, so that buyers hand them over; lenders are all the others.

        These own, each alike, the cash that was lent out and paid to them and the assets that they are left with.
        """
        left = ~self.bought
        share = left / max(1, int(left.sum()))
        cash = float(self.held("cash").sum()) + float(self.books.held("cash")[-2])
        return Assets(self.p, self.believe, cash * share, float(self.held("asset").sum()) * share)
