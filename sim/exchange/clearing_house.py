"""The clearing house: daily variation margin in cash, fixed initial margin, close-out losses, final settlement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.exchange.crowd import Speculators
from sim.exchange.margin_models import required_usd
from sim.exchange.venue import Venue
from sim.kernels.crowd import crowd_expire, crowd_settle
from sim.ledger import Ledger
from sim.register import Roll
from sim.rows.exchange import Close
from sim.vocabulary import Bools, Floats, Ints


@dataclass(frozen=True)
class Margins:
    """What margining did: hedge results borne by operating cash (owners,), traders defaulting, losses of the house."""

    own_result_usd: Floats
    margin_defaults: int
    bankruptcies: int
    house_loss_usd: float


class ClearingHouse:
    """Stands between all positions at all venues. `hedger` (owners,) marks those whose parents share hedge results and
    margin. `limited` (rows) are owners such as funds, who cannot deposit more than they have: their sponsors stand
    behind them.

    Of a hedger's variation margin and deposits its operating cash bears the share `hedge_cash`; the parent bears the
    rest, posted. With `hedge_cash` zero the hedge account is ring-fenced and operating cash never moves.
    """

    def __init__(
        self, ledger: Ledger, roll: Roll, hedger: Bools, limited: Ints | None = None, hedge_cash: float = 0.0
    ) -> None:
        self.ledger = ledger
        self.roll = roll
        self.hedger = hedger
        self.limited = np.zeros(0, dtype=np.int64) if limited is None else limited
        self.hedge_cash = hedge_cash
        self.losses_usd = 0.0

    def settle(self, evening: Iterable[tuple[Venue, Close]]) -> Margins:
        """Pay the day's move on what was held, book tonight's trades, call margin, cover ruined traders."""
        ledger = self.ledger
        own = np.zeros(len(ledger.owners))
        defaults = ruined = 0
        loss = 0.0
        venues = []
        for venue, close in evening:
            t = venue.terms
            move = (close.price_usd - close.last_usd) * t.contract_gpu_hours
            moved, size = ledger.table(venue.names).T @ move, ledger.sizes(venue.names).T @ np.abs(move)
            if close.traded is not None:
                moved, size = moved + close.traded.gained_usd, size + close.traded.made_of_usd
                for crowd, gained in zip(venue.crowds, close.traded.crowds_usd, strict=True):
                    crowd.arrays.cash_usd[:] += gained
            own += self._pay("variation margin", moved, size)
            for m, name in enumerate(venue.names):
                ledger.post_net("futures trades", name, close.trades[m], close.wanted[m])
            for crowd, fills in zip(venue.crowds, close.crowd_fills, strict=True):
                _, d, r = crowd_settle(
                    crowd.arrays, fills, close.price_usd, close.last_usd, t.contract_gpu_hours,
                    venue.maintenance_margin, 0.0,
                )  # fmt: skip
                defaults, ruined = defaults + d, ruined + r
                loss += self._cover(crowd)
            venues.append(venue)
        self.call_margin(venues)
        return Margins(own, defaults, ruined, loss)

    def _cover(self, crowd: Speculators) -> float:
        """What ruined traders cannot pay is the house's loss, made good by its owners."""
        lost = crowd.clear_debts()
        if lost > 0.0:
            roll, ledger = self.roll, self.ledger
            ledger.transfer("default fund", "cash", roll.rest_of_world, roll.clearing_house, lost)
            ledger.transfer("trader default", "cash", roll.clearing_house, crowd.owner, lost)
            self.losses_usd += lost
        return lost

    def _pay(self, reason: str, amounts: Floats, size: Floats) -> Floats:
        """Pay signed amounts (owners,) that sum to zero, parents their share of hedgers'. Returns what own cash bore.

        `size` (owners,) is of what amounts are made: what is left of ended positions is paid on too, at any price.
        One posting: with `hedge_cash` zero a hedger's cash gets exactly nothing, not a sum and its reverse.
        """
        own = np.where(self.hedger, self.hedge_cash * amounts, amounts)
        theirs = np.where(self.hedger, (1.0 - self.hedge_cash) * amounts, 0.0)
        net = own.copy()
        net[self.roll.parents] += math.fsum(theirs.tolist())
        made_of = size.copy()
        made_of[self.roll.parents] += float(size[self.hedger].sum())
        self.ledger.post_net(reason, "cash", net, made_of)
        return np.where(self.hedger, own, 0.0)

    def call_margin(self, venues: Sequence[Venue]) -> None:
        """Bring deposits to the initial margin of all positions; a crowd's is the sum over its traders.

        Parents hold their share of hedgers' deposits themselves.
        """
        ledger, roll = self.ledger, self.roll
        required = np.zeros(len(ledger.owners))
        for venue in venues:
            required += self._required(venue)
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

    def _required(self, venue: Venue) -> Floats:
        """Initial margin of the positions at one venue (owners,), USD."""
        initial, hours, terms = venue.initial_margin, venue.terms.contract_gpu_hours, venue.terms.margin
        required = required_usd(terms, initial, hours, self.ledger.table(venue.names), venue.price_usd)
        for crowd in venue.crowds:
            needed = required_usd(terms, initial, hours, crowd.arrays.position, venue.price_usd)
            required[crowd.owner] = crowd.margin_usd(needed)
        return required

    def expire(self, venue: Venue, settlement_usd: float) -> Floats:
        """Final settlement of the front month in cash. Returns what hedgers' own cash bore (owners,)."""
        ledger, name, hours = self.ledger, venue.names[0], venue.terms.contract_gpu_hours
        last = float(venue.price_usd[0])
        held = ledger.held(name).copy()
        move = (settlement_usd - last) * hours
        own = self._pay("final settlement", held * (settlement_usd - last) * hours, ledger.sizes([name])[0] * abs(move))
        ledger.post_net("final settlement", name, -held)
        for crowd in venue.crowds:
            crowd_expire(crowd.arrays, settlement_usd, last, hours)
            self._cover(crowd)
        return own
