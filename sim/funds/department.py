"""Funds: launch, what they bring to the close, the evening after it, and their end. They live on the exchange."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np

from sim.board import FundsSheet
from sim.department import Common
from sim.exchange.department import Exchange
from sim.exchange.joint_close import MONTHS, FundOrders
from sim.exchange.venue import Venue
from sim.funds.audit import COLUMNS, SUMS, check_shares, nav_column, nav_columns
from sim.funds.dose import factor_for, roll_gain
from sim.funds.launch import Groups, launch
from sim.funds.window import ENDED, ENDING, OPEN, Fund, closing_orders, mark, of_two_months, pay_out, settle_funds
from sim.record import Column
from sim.roles import CreatesShares, HoldsFutures, OrdersShares
from sim.rows.exchange import Close, Foresight
from sim.rows.funds import FundFacts
from sim.rules.fund_flows import kept_dose
from sim.vocabulary import Floats

MOST_GAIN = 2.0  # that a day counts in a mean: where few others respond to the price a gain has no bound
GAIN_DAYS = 30  # over which a joint gain is judged: it falls to half and rises again as funds roll


class Funds:
    """Funds in order of name, those that have ended among them, and the venue whose futures they hold: their `home`.

    They are launched at the first venue and stay there while it is listed.
    `tonight` is the close in which they traded last, `interest` (2,) open interest of the nearest months after it,
    contracts, `nearest` the names of those months.
    """

    def __init__(self, common: Common) -> None:
        self.common = common
        self.launched: list[Fund] = []
        self.home = ""
        self.interest: Floats = np.zeros(MONTHS)
        self.tonight: Close | None = None
        self.nearest: list[str] = []
        self._gains: list[float] = []  # joint gains of the last closes, of a roll at most
        for owner, _ in common.register.of(HoldsFutures):
            name = common.register.name(owner)
            common.ledger.list(f"fund_share:{name}", "share", [name])

    @property
    def _world(self) -> int:
        return self.common.register.roll.rest_of_world

    # the regime

    def adopt(self, exchange: Exchange, groups: Groups, foresight: Foresight) -> None:
        """Launch the funds that this specification has and do not exist yet, close those it has not.

        `groups` is the section `agents`, `foresight` what traders have signals of. Where nothing is listed all have
        been closed.
        """
        if self.home not in exchange.venues and exchange.first is not None:
            self.home = exchange.first.name
        venue, register = exchange.venues.get(self.home), self.common.register
        if venue is None:
            return
        self._refresh_terms()
        running = {fund.owner for fund in self.launched if fund.status != ENDED}
        interest = exchange.open_interest(venue)
        front_usd = float(interest[0] * venue.price_usd[0] * venue.hours[0])
        sizes = {owner: agent.start_assets_usd(front_usd) for owner, agent in register.of(HoldsFutures)}
        sizes = self._dosed(sizes, running, exchange, venue, foresight)
        for owner, size in sizes.items():
            if size > 0.0 and owner not in running:
                fund = launch(self.common, exchange, venue, owner, size, float(interest.sum()), groups)
                kept = [other for other in self.launched if other.owner != owner]
                self.launched = sorted([*kept, fund], key=lambda f: f.name)
        self.close({owner for owner, size in sizes.items() if size == 0.0}, exchange)
        self._tell(venue)

    def _dosed(
        self, sizes: dict[int, float], running: set[int], exchange: Exchange, venue: Venue, foresight: Foresight
    ) -> dict[int, float]:
        """Sizes of the funds to be launched, those that state a gain scaled until all have jointly what they state.

        Where funds run already (a fork), those that come are sized beside them as if alone.
        """
        terms = {i: self.common.register.the(i, HoldsFutures).fund_terms for i in sizes}
        come = [i for i, size in sizes.items() if size > 0.0 and i not in running]
        dosed = np.array([terms[i].target_gain > 0.0 for i in come], dtype=bool)
        stated = math.fsum(terms[i].target_gain for i in come)
        if not dosed.any():
            return sizes
        books = exchange.trial_books(venue, foresight)
        leverage, assets = np.array([terms[i].leverage for i in come]), np.array([sizes[i] for i in come])
        hours, tick = of_two_months(venue.hours), venue.terms.tick_usd

        def gain_at(factor: float) -> float:
            return roll_gain(books, np.where(dosed, assets * factor, assets), leverage, hours, tick)

        factor = factor_for(stated, gain_at)
        return sizes | {i: sizes[i] * factor for i in come if terms[i].target_gain > 0.0}

    @property
    def stated_gain(self) -> float:
        """The joint gain that the open funds are to have."""
        register = self.common.register
        names = [fund.owner for fund in self.launched if fund.status == OPEN]
        return math.fsum(register.the(owner, HoldsFutures).fund_terms.target_gain for owner in names)

    def _keep_dose(self, holder: int) -> None:
        """A holder subscribes with new money of its owners, or redeems, so that the gain stays what is stated.

        Where holders offset funds' rebalancing in the same close, what is measured is the gain of what they leave:
        it is held against that part of what is stated, and where they leave nothing funds keep their sizes.
        """
        if self.tonight is None or self.tonight.funds is None:
            return
        self._gains = [*self._gains, min(MOST_GAIN, self.tonight.funds.spectral_radius)][-GAIN_DAYS:]
        if len(self._gains) < GAIN_DAYS:
            return  # a roll has not been seen through
        stated, measured = self.stated_gain, math.fsum(self._gains) / len(self._gains)
        for fund in self.launched:
            terms = self.common.register.the(fund.owner, HoldsFutures).fund_terms
            if fund.status == OPEN and terms.target_gain > 0.0:
                share = kept_dose(stated * (1.0 - fund.same_day), measured, terms.keeps_gain)
                fund.waiting[holder] = fund.waiting.get(holder, 0.0) + share * fund.outstanding(self.common.ledger)

    def _refresh_terms(self) -> None:
        for fund in self.launched:
            terms = self.common.register.the(fund.owner, HoldsFutures).fund_terms
            fund.leverage, fund.expense_ratio = terms.leverage, terms.expense_ratio
            fund.termination_fall = terms.termination_fall

    def close_all(self, exchange: Exchange) -> None:
        """Close all funds for good, before their venue does."""
        self.close({fund.owner for fund in self.launched}, exchange)

    def close(self, owners: set[int], exchange: Exchange) -> None:
        """Close funds for good: positions go to the crowds at the last price, holders are paid net asset value."""
        venue, ledger = exchange.venues.get(self.home), self.common.ledger
        gone = [fund for fund in self.launched if fund.owner in owners and fund.status != ENDED]
        if not gone or venue is None:
            return
        for fund in gone:
            for m, name in enumerate(venue.names):
                held = float(ledger.held(name)[fund.owner])
                if held:
                    exchange.hand_over(venue, m, fund.owner, -held)
        exchange.call_margin()
        for fund in gone:
            if not pay_out(ledger, fund, venue.names):
                fund.status = ENDING  # nobody to take the position over: it is sold at the next close

    # the day

    def orders(self, exchange: Exchange) -> dict[str, FundOrders]:
        """What the funds bring to tonight's close, by venue."""
        venue, register = exchange.venues.get(self.home), self.common.register
        if not self.launched or venue is None:
            return {}
        for fund in self.launched:
            fund.was = fund.exposure
            if fund.status == OPEN:
                fund.exposure = register.the(fund.owner, HoldsFutures).fund_exposure(register.views[fund.owner])
        wanted = closing_orders(self.common.ledger, self.launched, venue)
        return {} if wanted is None else {self.home: wanted}

    def settle(self, day: int, closes: Mapping[str, Close], exchange: Exchange) -> None:
        """NAV, creations, fees and termination after tonight's close; then holders' orders for the next one."""
        venue, ledger = exchange.venues.get(self.home), self.common.ledger
        cuts, self.tonight = exchange.house.take_cuts(), closes.get(self.home)
        if not self.launched or venue is None or self.tonight is None:
            return
        was_ending = [fund for fund in self.launched if fund.status == ENDING]
        participants = self.common.register.of(CreatesShares)
        cost = participants[0][1].cost_usd if participants else (lambda _: 0.0)
        events = settle_funds(ledger, self._world, self.launched, self.tonight, venue.hours, cost, cuts)
        for fund in was_ending:
            if pay_out(ledger, fund, venue.names):
                events.append(("fund paid out", f"{fund.name}: holders get what is left"))
        cash = ledger.held("cash")
        if any(cash[fund.owner] < 0.0 for fund in self.launched):
            exchange.call_margin()
        self.common.log.note_all(day, events)
        self.interest, self.nearest = exchange.open_interest(venue)[:MONTHS], venue.names[:MONTHS]
        self._tell(venue)
        self._take_orders()

    def note_expiry(self, day: int, exchange: Exchange) -> None:
        """The nearest month is about to settle: book what funds gain, and move their months up by one."""
        venue, ledger = exchange.venues.get(self.home), self.common.ledger
        if not self.launched or venue is None:
            return
        held = ledger.held(venue.names[0]).copy()
        move = (venue.settlement_usd() - float(venue.price_usd[0])) * float(venue.hours[0])
        for fund in self.launched:
            if fund.status != ENDED:
                self.common.log.note_all(day, mark(ledger, self._world, fund, float(held[fund.owner]) * move))
            fund.exposure = (fund.exposure[1], 0.0)
        self.nearest = venue.names[1 : MONTHS + 1]

    def note_cuts(self, day: int, exchange: Exchange) -> None:
        """The nearest month has settled: book what a haircut has taken of funds' gains."""
        cuts, ledger = exchange.house.take_cuts(), self.common.ledger
        for fund in self.launched:
            if fund.status != ENDED and cuts[fund.owner] < 0.0:
                self.common.log.note_all(day, mark(ledger, self._world, fund, float(cuts[fund.owner])))

    def _tell(self, venue: Venue) -> None:
        """Put the evening's facts of all funds on the board; note what holders offset in the same close."""
        limit, ledger = venue.terms.daily_limit, self.common.ledger
        facts = tuple(
            FundFacts(
                fund.name, fund.leverage, fund.nav_usd, fund.nav_usd * (1.0 + abs(fund.leverage) * limit),
                fund.basket_return, sum(fund.returns), fund.premium, fund.status == OPEN,
            )
            for fund in self.launched
        )  # fmt: skip
        held = {fund.name: ledger.held(fund.share) for fund in self.launched}
        self.common.board.funds = FundsSheet(facts, held, {fund.name: fund.waiting for fund in self.launched})
        offsets = [(i, holder.same_day_offset()) for i, holder in self.common.register.of(OrdersShares)]
        for fund in self.launched:
            shares, total = held[fund.name], fund.outstanding(ledger)
            fund.same_day = sum(float(shares[i]) / total * o for i, o in offsets if o) if total > 0.0 else 0.0

    def _take_orders(self) -> None:
        """Holders order shares; the authorised participant decides what is created or redeemed at the next close."""
        register = self.common.register
        participants, holders = register.of(CreatesShares), register.of(OrdersShares)
        if not participants or not holders:
            return
        self._tell_cash(owner for owner, _ in holders)
        by_name = {fund.name: fund for fund in self.launched}
        for owner, holder in holders:
            for order in list(holder.fund_orders(register.views[owner])):
                waiting = by_name[order.fund].waiting
                waiting[owner] = waiting.get(owner, 0.0) + order.shares
        self._keep_dose(holders[0][0])
        owner, participant = participants[0]
        for fund in self.launched:
            if fund.status == OPEN:
                shares, net = fund.outstanding(self.common.ledger), sum(fund.waiting.values())
                fund.premium = participant.premium(net, shares)
                fund.creating = participant.shares_created(register.views[owner], net, shares)

    def _tell_cash(self, owners: Iterable[int]) -> None:
        """Let these owners see their cash as it is after the close."""
        board, cash = self.common.board, self.common.ledger.held("cash")
        seen = list(board.cash_usd)
        for owner in owners:
            seen[owner] = float(cash[owner])
        board.cash_usd = seen

    # the close

    def laws(self, day: int) -> None:
        """A11; raises BrokenLaw."""
        check_shares(day, self.common.ledger, self.launched)

    def columns(self) -> list[Column]:
        """What funds own, traded and loop; then the net asset value of each."""
        register = self.common.register
        return [*COLUMNS, *nav_columns(register.name(owner) for owner, _ in register.of(HoldsFutures))]

    def day(self) -> dict[str, float]:
        """The day's values; zeros and no net asset values where nothing is listed or launched."""
        register = self.common.register
        found = dict.fromkeys(SUMS, 0.0)
        found |= {nav_column(register.name(owner)): math.nan for owner, _ in register.of(HoldsFutures)}
        found |= {nav_column(fund.name): fund.nav_usd for fund in self.launched}
        if self.tonight is None or not self.launched:
            return found
        return found | self._sums(self.tonight)

    def _sums(self, close: Close) -> dict[str, float]:
        """Over all funds."""
        funds, ledger, interest = self.launched, self.common.ledger, float(self.interest.sum())
        owners = [owner for owner, _ in self.common.register.of(HoldsFutures)]
        held = math.fsum(float(np.abs(ledger.held(name)[owners]).sum()) for name in self.nearest)
        assets = [fund.nav_usd * fund.outstanding(ledger) for fund in funds]
        gain = close.funds.gain.tolist() if close.funds is not None else [0.0, 0.0]
        gamma = [a * (fund.leverage**2 - fund.leverage) for a, fund in zip(assets, funds, strict=True)]
        return {
            "fund_assets_usd": math.fsum(assets),
            "fund_gamma_usd": math.fsum(gamma),
            "fund_flow_usd": math.fsum(fund.flow_usd for fund in funds),
            "fund_rebalance_contracts": math.fsum(fund.rebalanced for fund in funds),
            "fund_roll_contracts": math.fsum(fund.rolled for fund in funds),
            "fund_loop_gain_1": gain[0],
            "fund_loop_gain_2": gain[1],
            "fund_gain_stated": self.stated_gain,
            "fund_spectral_radius": close.funds.spectral_radius if close.funds is not None else 0.0,
            "fund_share_of_open_interest": held / interest if interest > 0.0 else 0.0,
            "fund_sponsor_losses_usd": math.fsum(fund.sponsor_loss_usd for fund in funds),
        }
