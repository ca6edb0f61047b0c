"""The clearing house: daily variation margin in cash, fixed initial margin, close-out losses, final settlement."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.exchange.contract_size import per_first
from sim.exchange.crowd import Speculators
from sim.exchange.default_auction import auction, by_owner, split
from sim.exchange.margin_models import required_usd
from sim.exchange.terms import Clearing
from sim.exchange.venue import Venue
from sim.exchange.waterfall import DefaultFund
from sim.kernels.crowd import crowd_expire, crowd_settle
from sim.ledger import Ledger
from sim.register import Roll
from sim.rows.exchange import Close
from sim.streams import stable_id
from sim.vocabulary import Bools, Floats, Ints

FUND = "default_fund"  # what the house owes its clearing members


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

    What ruined traders cannot pay goes down the waterfall of `fund`; without one the house's owners bear it.
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
        self.cut_usd: Floats = np.zeros(len(ledger.owners))
        self.fund: DefaultFund | None = None

    # clearing members

    def adopt(self, terms: Clearing) -> None:
        """Have clearing members on these terms, or none: then their shares and own capital are paid back."""
        if self.fund is not None and terms != self.fund.terms:
            self._fund_moves(self.fund.total_usd, 0.0, self.fund.own_usd, 0.0)
            self.fund = None
        if terms.enabled and self.fund is None:
            self.ledger.list(FUND, "USD", [self.ledger.owners[self.roll.clearing_house]])
            self.fund = DefaultFund(terms)

    def size_fund(self, venues: Sequence[Venue]) -> None:
        """Size the default fund anew to tonight's positions; members and the house's owners pay the difference."""
        fund = self.fund
        if fund is None:
            return
        before, own = fund.total_usd, fund.own_usd
        fund.resize(*self._stress(fund, venues))
        self._fund_moves(before, fund.total_usd, own, fund.own_usd)

    def _stress(self, fund: DefaultFund, venues: Sequence[Venue]) -> tuple[Floats, Floats]:
        """Losses beyond margin by scenario and member (2, members), and margins (members,), USD."""
        n, move = self.roll.clearing_house, fund.terms.stress_move
        ids = np.array([stable_id(name) for name in self.ledger.owners[:n]], dtype=np.int64)
        exposed, required = np.zeros((2, n))
        margins = np.zeros(fund.terms.members)
        losses = np.zeros((2, fund.terms.members))

        def add(clients: Ints, usd: Floats, margin: Floats) -> None:
            margins[:] += fund.by_member(clients, margin)
            for row, side in enumerate((-1.0, 1.0)):
                losses[row] += fund.by_member(clients, np.maximum(0.0, -side * move * usd - margin))

        for venue in venues:
            hours, mine = venue.hours, [crowd.owner for crowd in venue.crowds]
            size, usd = float(hours[0]), per_first(venue.price_usd, hours)
            value = size * (self.ledger.table(venue.names)[:, :n].T @ usd)
            margin = self._required(venue)[:n]
            value[mine], margin[mine] = 0.0, 0.0
            exposed, required = exposed + value, required + margin
            for crowd in venue.crowds:
                position = crowd.arrays.position
                needed = required_usd(venue.terms.margin, venue.initial_margin, hours, position, venue.price_usd)
                held = np.minimum(needed, np.maximum(0.0, crowd.arrays.cash_usd))
                add(crowd.arrays.id, size * (position.T @ usd), held)
        add(ids, exposed, required)
        return losses, margins

    def _fund_moves(self, before: float, after: float, own_before: float, own_after: float) -> None:
        """Pay into the fund and the house's own capital, or out of them; the outside world holds members' shares."""
        world, house = self.roll.rest_of_world, self.roll.clearing_house
        payer, payee = (world, house) if after >= before else (house, world)
        self.ledger.transfer("default fund shares", "cash", payer, payee, abs(after - before))
        self.ledger.transfer("default fund shares", FUND, payee, payer, abs(after - before))
        payer, payee = (world, house) if own_after >= own_before else (house, world)
        self.ledger.transfer("own capital", "cash", payer, payee, abs(own_after - own_before))

    def _bear(self, crowds: Sequence[Speculators], gained: Floats, results: Sequence[Floats]) -> tuple[float, Floats]:
        """Send debts of ruined traders down the waterfall, every leg posted; (debts, what hedgers' own cash lost).

        `gained` (owners,) is what institutions gained tonight, `results` what each trader of each crowd did: gains are
        what a haircut may take.
        """
        fund, ledger, roll = self.fund, self.ledger, self.roll
        nothing = np.zeros(len(ledger.owners))
        owed = [np.maximum(0.0, -crowd.arrays.cash_usd) for crowd in crowds]
        total = math.fsum(float(debts.sum()) for debts in owed)
        if fund is None or total == 0.0:
            return 0.0, nothing
        losses = np.zeros(fund.terms.members)
        wins = [np.maximum(0.0, gained)]
        wins[0][[*(crowd.owner for crowd in crowds), *range(roll.clearing_house, len(nothing))]] = 0.0
        for crowd, debts, result in zip(crowds, owed, results, strict=True):
            losses += fund.by_member(crowd.arrays.id, debts)
            fund.borne["margin"] += float(np.maximum(0.0, -result - debts)[debts > 0.0].sum())
            wins.append(np.clip(result, 0.0, np.maximum(0.0, crowd.arrays.cash_usd)))
        every = math.fsum(float(win.sum()) for win in wins)
        found = fund.bear(losses, every)
        world, house = roll.rest_of_world, roll.clearing_house
        ledger.transfer("default fund used", FUND, world, house, found.member + found.mutual)
        ledger.transfer("assessments", "cash", world, house, found.assessed)
        ledger.transfer("rescue of the house", "cash", world, house, found.rescue)
        own = self._cut(found.haircut / every, crowds, wins) if found.haircut > 0.0 else nothing
        for crowd, debts in zip(crowds, owed, strict=True):
            crowd.arrays.cash_usd[debts > 0.0] = 0.0
            ledger.transfer("trader default", "cash", house, crowd.owner, float(debts.sum()))
        self.losses_usd += total
        return total, own

    def _cut(self, share: float, crowds: Sequence[Speculators], wins: Sequence[Floats]) -> Floats:
        """Take a share of the day's gains, of institutions and of each trader; returns what hedgers' own cash lost."""
        net = -share * wins[0]
        for crowd, win in zip(crowds, wins[1:], strict=True):
            crowd.arrays.cash_usd[:] -= share * win
            net[crowd.owner] -= share * float(win.sum())
        self.cut_usd += net
        net[self.roll.clearing_house] = -math.fsum(net.tolist())
        return self._pay("gains haircut", net, np.abs(net))

    def take_cuts(self) -> Floats:
        """What haircuts of gains have cost each owner since this was last asked (owners,), USD, negative."""
        found, self.cut_usd = self.cut_usd, np.zeros_like(self.cut_usd)
        return found

    # the evening

    def settle(self, evening: Iterable[tuple[Venue, Close]]) -> Margins:
        """Pay the day's move on what was held, book tonight's trades, call margin, cover ruined traders."""
        ledger = self.ledger
        own = np.zeros(len(ledger.owners))
        defaults = ruined = 0
        loss = 0.0
        venues = []
        gained, crowds, results = np.zeros(len(ledger.owners)), [], []
        for venue, close in evening:
            move = (close.price_usd - close.last_usd) * venue.hours
            moved, size = ledger.table(venue.names).T @ move, ledger.sizes(venue.names).T @ np.abs(move)
            if close.traded is not None:
                moved, size = moved + close.traded.gained_usd, size + close.traded.made_of_usd
                for crowd, before in zip(venue.crowds, close.traded.crowds_usd, strict=True):
                    crowd.arrays.cash_usd[:] += before
            own += self._pay_day(venue, close, moved, size)
            own += self._pay_funding(venue, close)
            if self.fund is not None:
                gained += moved - venue.funding_usd(close) * ledger.held(venue.names[0])
                crowds += venue.crowds
                results += results_of(venue, close, move)
            for m, name in enumerate(venue.names):
                ledger.post_net("futures trades", name, close.trades[m], close.wanted[m])
            for crowd, fills in zip(venue.crowds, close.crowd_fills, strict=True):
                _, d, r = crowd_settle(
                    crowd.arrays, fills, close.price_usd, close.last_usd, venue.hours,
                    venue.maintenance_margin, 0.0,
                )  # fmt: skip
                defaults, ruined = defaults + d, ruined + r
                loss += self._cover(crowd)
            defaults += close.noon.failed if close.noon is not None else 0
            venues.append(venue)
        if self.fund is not None:
            if self.fund.terms.auction_discount > 0.0:
                results = self._auction(venues, results)
            loss, cut = self._bear(crowds, gained, results)
            own += cut
        self.call_margin(venues)
        if self.fund is not None and not self.fund.sized:
            self.size_fund(venues)
        return Margins(own, defaults, ruined, loss)

    def _pay_day(self, venue: Venue, close: Close, moved: Floats, size: Floats) -> Floats:
        """Pay the day's variation margin (owners,), USD, in two legs where it was called within the day too.

        Returns what own cash bore.
        """
        noon = close.noon
        if noon is None:
            return self._pay("variation margin", moved, size)
        move = (noon.price_usd - close.last_usd) * venue.hours
        first = self.ledger.table(venue.names).T @ move + noon.gained_usd
        of_first = self.ledger.sizes(venue.names).T @ np.abs(move) + noon.made_of_usd
        own = self._pay("intraday variation margin", first, of_first)
        return own + self._pay("variation margin", moved - first, size + of_first)

    def _auction(self, venues: Sequence[Venue], results: Sequence[Floats]) -> list[Floats]:
        """Auction failed traders' books among members, venue by venue; returns the traders' results with what it paid.

        Within one owner's crowds contracts and money change hands in their arrays, as in all their trades; between
        owners every leg is posted.
        """
        found, fund, owners = list(results), self.fund, len(self.ledger.owners)
        if fund is None:
            return found
        place = 0
        for venue in venues:
            held = auction(venue, fund.terms.auction_discount)
            if held is not None:
                for m, lot in enumerate(held.lots):
                    parts = split(venue.crowds, lot.moved)
                    self.ledger.post_net("default auction", venue.names[m], by_owner(venue.crowds, parts, owners))
                paid = by_owner(venue.crowds, held.gained_usd, owners)
                self.ledger.post_net("default auction", "cash", paid, np.abs(paid))
                for i, gained in enumerate(held.gained_usd):
                    found[place + i] = found[place + i] + gained
                fund.note_auction(venue.names, held)
            place += len(venue.crowds)
        return found

    def _pay_funding(self, venue: Venue, close: Close) -> Floats:
        """Longs of a perpetual pay shorts, on what was held before tonight's trades. Returns what own cash bore."""
        owed = venue.funding_usd(close)
        if owed == 0.0:
            return np.zeros(len(self.ledger.owners))
        for crowd in venue.crowds:
            crowd.arrays.cash_usd[:] -= owed * crowd.arrays.position[0]
        size = abs(owed) * self.ledger.sizes(venue.names)[0]
        return self._pay("funding", -owed * self.ledger.held(venue.names[0]), size)

    def _cover(self, crowd: Speculators) -> float:
        """What ruined traders cannot pay is the house's loss, made good by its owners where it has no members."""
        if self.fund is not None:
            return 0.0
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
        initial, hours, terms = venue.initial_margin, venue.hours, venue.terms.margin
        required = required_usd(terms, initial, hours, self.ledger.table(venue.names), venue.price_usd)
        for crowd in venue.crowds:
            needed = required_usd(terms, initial, hours, crowd.arrays.position, venue.price_usd)
            required[crowd.owner] = crowd.margin_usd(needed)
        return required

    def expire(self, venue: Venue, settlement_usd: float) -> Floats:
        """Final settlement of the front month in cash. Returns what hedgers' own cash bore (owners,)."""
        ledger, name, hours = self.ledger, venue.names[0], float(venue.hours[0])
        last = float(venue.price_usd[0])
        held = ledger.held(name).copy()
        move = (settlement_usd - last) * hours
        own = self._pay("final settlement", held * (settlement_usd - last) * hours, ledger.sizes([name])[0] * abs(move))
        ledger.post_net("final settlement", name, -held)
        results = [move * crowd.arrays.position[0] for crowd in venue.crowds]
        for crowd in venue.crowds:
            crowd_expire(crowd.arrays, settlement_usd, last, hours)
            self._cover(crowd)
        return own if self.fund is None else own + self._bear(venue.crowds, move * held, results)[1]


def results_of(venue: Venue, close: Close, move: Floats) -> list[Floats]:
    """What each trader of each crowd gains tonight before trades at the close, USD; `move` (months,) USD a contract."""
    found = [(move - venue.funding_usd(close)) @ crowd.arrays.position for crowd in venue.crowds]
    if close.traded is None:
        return found
    return [held + before for held, before in zip(found, close.traded.crowds_usd, strict=True)]
