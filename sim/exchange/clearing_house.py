"""The clearing house: daily variation margin in cash, fixed initial margin, close-out losses, final settlement."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.books import Books
from sim.exchange.crowd import Speculators
from sim.kernels.crowd import crowd_expire, crowd_settle
from sim.rows.exchange import Close
from sim.vocabulary import Bools, Floats, Ints


@dataclass(frozen=True)
class MarginTerms:
    """Initial and maintenance margin as shares of notional, the contract's size in GPU-hours."""

    initial: float
    maintenance: float
    gpu_hours: float


@dataclass(frozen=True)
class Night:
    """What margining did: hedge results borne by operating cash (owners,), traders defaulting, losses of the house."""

    own_result_usd: Floats
    margin_defaults: int
    bankruptcies: int
    house_loss_usd: float


class ClearingHouse:
    """Stands between all positions. `hedger` (owners,) marks those whose parents share hedge results and margin.
    `limited` (rows) are owners such as funds, who cannot deposit more than they have: their sponsors stand behind them.

    Of a hedger's variation margin and deposits its operating cash bears the share `hedge_cash`; the parent bears the
    rest, posted. With `hedge_cash` zero the hedge account is ring-fenced and operating cash never moves.
    """

    def __init__(self, terms: MarginTerms, hedger: Bools, hedge_cash: float, limited: Ints | None = None) -> None:
        self.terms = terms
        self.hedger = hedger
        self.hedge_cash = hedge_cash
        self.limited = np.zeros(0, dtype=np.int64) if limited is None else limited
        self.losses_usd = 0.0

    def settle(self, books: Books, names: Sequence[str], close: Close, crowds: Sequence[Speculators]) -> Night:
        """Pay the day's move on what was held, book tonight's trades, call margin, cover ruined traders."""
        ledger = books.ledger
        held = ledger.table(names)
        move = (close.price_usd - close.last_usd) * self.terms.gpu_hours
        paid = held.T @ move
        own = self._pay(books, "variation margin", paid)
        for m, name in enumerate(names):
            ledger.post_net("futures trades", name, close.trades[m])
        defaults = ruined = 0
        loss = 0.0
        for crowd, fills in zip(crowds, close.crowd_fills, strict=True):
            _, d, r = crowd_settle(
                crowd.arrays, fills, close.price_usd, close.last_usd, self.terms.gpu_hours, self.terms.maintenance, 0.0
            )
            defaults, ruined = defaults + d, ruined + r
            loss += self._cover(books, crowd)
        self.call_margin(books, names, close.price_usd, crowds)
        return Night(own, defaults, ruined, loss)

    def _cover(self, books: Books, crowd: Speculators) -> float:
        """What ruined traders cannot pay is the house's loss, made good by its owners."""
        lost = crowd.clear_debts()
        if lost > 0.0:
            roll, ledger = books.roll, books.ledger
            ledger.transfer("default fund", "cash", roll.rest_of_world, roll.clearing_house, lost)
            ledger.transfer("trader default", "cash", roll.clearing_house, crowd.owner, lost)
            self.losses_usd += lost
        return lost

    def _pay(self, books: Books, reason: str, amounts: Floats) -> Floats:
        """Pay signed amounts (owners,) that sum to zero, parents their share of hedgers'. Returns what own cash bore.

        One posting: with `hedge_cash` zero a hedger's cash gets exactly nothing, not a sum and its reverse.
        """
        own = np.where(self.hedger, self.hedge_cash * amounts, amounts)
        theirs = np.where(self.hedger, (1.0 - self.hedge_cash) * amounts, 0.0)
        net = own.copy()
        net[books.roll.parents] += math.fsum(theirs.tolist())
        books.ledger.post_net(reason, "cash", net)
        return np.where(self.hedger, own, 0.0)

    def call_margin(self, books: Books, names: Sequence[str], price_usd: Floats, crowds: Sequence[Speculators]) -> None:
        """Bring deposits to the initial margin of tonight's positions; a crowd's is the sum over its traders.

        Parents hold their share of hedgers' deposits themselves.
        """
        ledger, roll, t = books.ledger, books.roll, self.terms
        held = ledger.table(names)
        required = t.initial * t.gpu_hours * (np.abs(held).T @ price_usd)
        for crowd in crowds:
            required[crowd.owner] = crowd.margin_usd(price_usd, t.gpu_hours, t.initial)
        if len(self.limited):
            owns = ledger.held("cash")[self.limited] + ledger.held("margin")[self.limited]
            required[self.limited] = np.minimum(required[self.limited], np.maximum(0.0, owns))
        theirs = math.fsum(np.where(self.hedger, (1.0 - self.hedge_cash) * required, 0.0).tolist())
        required = np.where(self.hedger, self.hedge_cash * required, required)
        required[roll.clearing_house :] = 0.0
        required[roll.parents] = theirs
        change = required - ledger.held("margin")
        change[roll.clearing_house] = 0.0
        deposits = -change
        deposits[roll.clearing_house] = math.fsum(change.tolist())  # exact: owners without positions change no bit
        ledger.post_net("initial margin", "cash", deposits)
        ledger.post_net("initial margin", "margin", -deposits)

    def expire(
        self, books: Books, name: str, settlement_usd: float, last_usd: float, crowds: Sequence[Speculators]
    ) -> Floats:
        """Final settlement of the front month in cash. Returns what hedgers' own cash bore (owners,)."""
        ledger = books.ledger
        held = ledger.held(name).copy()
        own = self._pay(books, "final settlement", held * (settlement_usd - last_usd) * self.terms.gpu_hours)
        ledger.post_net("final settlement", name, -held)
        for crowd in crowds:
            crowd_expire(crowd.arrays, settlement_usd, last_usd, self.terms.gpu_hours)
            self._cover(books, crowd)
        return own
