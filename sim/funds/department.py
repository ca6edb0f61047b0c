"""Funds in the economy's day: launch, what they bring to the close, the evening after it, and their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.board import FundsSheet
from sim.exchange.joint_close import MONTHS, FundOrders
from sim.funds.window import ENDED, ENDING, OPEN, Fund, fund_orders, mark, pay_out, settle_funds
from sim.parts import group_of
from sim.problems import Problem, SpecError
from sim.roles import CreatesShares, HoldsFutures, OrdersShares
from sim.rows.exchange import Close
from sim.rows.funds import FundFacts
from sim.vocabulary import Floats

if TYPE_CHECKING:
    from sim.economy import Economy


def open_books(e: Economy) -> None:
    """List every fund's shares; nothing is launched yet."""
    ledger = e.books.ledger
    e.funds = []
    for owner, _ in e.register.of(HoldsFutures):
        name = ledger.owners[owner]
        ledger.list(f"fund_share:{name}", "share", [name])


def configure(e: Economy) -> None:
    """Launch the funds that this specification has and do not exist yet, close those it has not."""
    market = e.exchange.first
    if market is None:
        return
    _refresh_terms(e)
    running = {fund.owner for fund in e.funds if fund.status != ENDED}
    interest = e.exchange.open_interest(market)
    front_usd = float(interest[0] * market.price_usd[0] * market.terms.contract_gpu_hours)
    sizes = {owner: agent.start_assets_usd(front_usd) for owner, agent in e.register.of(HoldsFutures)}
    for owner, _ in e.register.of(HoldsFutures):
        if sizes[owner] > 0.0 and owner not in running:
            _launch(e, owner, sizes[owner], interest)
    close(e, {owner for owner, size in sizes.items() if size == 0.0})
    tell(e)


def _refresh_terms(e: Economy) -> None:
    for fund in e.funds:
        terms = e.register.the(fund.owner, HoldsFutures).fund_terms
        fund.leverage, fund.expense_ratio = terms.leverage, terms.expense_ratio
        fund.termination_fall = terms.termination_fall


def _launch(e: Economy, owner: int, assets_usd: float, interest: Floats) -> None:
    """A fund starts with its position in place: the crowd has the other side, by wealth, at the last prices."""
    market, ledger, roll = e.exchange.first, e.books.ledger, e.books.roll
    assert market is not None
    agent = e.register.the(owner, HoldsFutures)
    terms = agent.fund_terms
    fund = Fund(owner, ledger.owners[owner], terms.leverage, terms.expense_ratio, terms.termination_fall, terms.nav_usd)
    fund.exposure = agent.fund_exposure(e.register.views[owner])
    months = min(MONTHS, len(market.names))
    wanted = (
        np.array(fund.exposure)[:months] * assets_usd / (market.price_usd[:months] * market.terms.contract_gpu_hours)
    )
    _check_size(e, terms.sized_by, fund, assets_usd, wanted, interest)
    ledger.transfer("endowment", "cash", roll.rest_of_world, owner, assets_usd)
    shares = assets_usd / fund.nav_usd
    holders = e.register.of(OrdersShares)
    if not holders:
        ledger.transfer("endowment", fund.share, owner, roll.rest_of_world, shares)
    for i, holder in holders:
        weight = e.register.people[i].weight
        ledger.transfer("endowment", fund.share, owner, i, shares * weight)
        ledger.transfer("endowment", "cash", roll.rest_of_world, i, holder.cash_at_launch * assets_usd * weight)
        fund.waiting[i] = 0.0
    for m in range(months):
        e.exchange.hand_over(market, m, owner, float(wanted[m]))
    e.funds = sorted([f for f in e.funds if f.owner != owner] + [fund], key=lambda f: f.name)


def _check_size(e: Economy, key: str, fund: Fund, assets_usd: float, wanted: Floats, interest: Floats) -> None:
    most = float(interest.sum())
    contracts = float(np.abs(wanted).sum())
    if contracts > most:
        group = group_of(fund.name)
        text = (
            f"makes the fund larger than its market: {contracts:,.0f} contracts for {assets_usd:,.0f} USD of assets,"
            f" open interest of {most:,.0f} in all months"
        )
        raise SpecError([Problem(f"agents.{group}.{key}", e.spec.agents[group].get(key), text)])


def close(e: Economy, owners: set[int]) -> None:
    """Close funds for good: positions go to the crowds at the last price, holders are paid net asset value."""
    market = e.exchange.first
    gone = [fund for fund in e.funds if fund.owner in owners and fund.status != ENDED]
    if not gone or market is None:
        return
    for fund in gone:
        for m, name in enumerate(market.names):
            held = float(e.books.ledger.held(name)[fund.owner])
            if held:
                e.exchange.hand_over(market, m, fund.owner, -held)
    e.exchange.call_margin()
    for fund in gone:
        if not pay_out(e.books, fund, market.names):
            fund.status = ENDING  # nobody to take the position over: it is sold at the next close


def propose(e: Economy) -> FundOrders | None:
    """What the funds bring to tonight's close."""
    market = e.exchange.first
    if not e.funds or market is None:
        return None
    for fund in e.funds:
        fund.was = fund.exposure
        if fund.status == OPEN:
            fund.exposure = e.register.the(fund.owner, HoldsFutures).fund_exposure(e.register.views[fund.owner])
    return fund_orders(e.books, e.funds, market.names, market.price_usd, market.terms.contract_gpu_hours)


def settle(e: Economy, closes: dict[str, Close]) -> None:
    """NAV, creations, fees and termination after tonight's close; then holders' orders for the next one."""
    market = e.exchange.first
    if not e.funds or market is None:
        return
    books, close_ = e.books, next(iter(closes.values()))
    was_ending = [fund for fund in e.funds if fund.status == ENDING]
    participants = e.register.of(CreatesShares)
    cost = participants[0][1].cost_usd if participants else (lambda _: 0.0)
    events = settle_funds(books, e.funds, close_, market.terms.contract_gpu_hours, cost)
    for fund in was_ending:
        if pay_out(books, fund, market.names):
            events.append(("fund paid out", f"{fund.name}: holders get what is left"))
    cash = books.ledger.held("cash")
    if any(cash[fund.owner] < 0.0 for fund in e.funds):
        e.exchange.call_margin()
    e.log.note_all(e.day, events)
    e.fund_interest = e.exchange.open_interest(market)[:MONTHS]
    tell(e)
    take_orders(e)


def note_expiry(e: Economy) -> None:
    """The nearest month is about to settle: book what funds gain, and move their months up by one."""
    market = e.exchange.first
    if not e.funds or market is None:
        return
    held = e.books.ledger.held(market.names[0]).copy()
    move = (market.settlement_usd() - float(market.price_usd[0])) * market.terms.contract_gpu_hours
    for fund in e.funds:
        if fund.status != ENDED:
            e.log.note_all(e.day, mark(e.books, fund, float(held[fund.owner]) * move))
        fund.exposure = (fund.exposure[1], 0.0)


def tell(e: Economy) -> None:
    """Write the evening's facts of all funds on the board."""
    market = e.exchange.first
    if market is None:
        return
    limit = market.terms.daily_limit
    facts = tuple(
        FundFacts(
            fund.name, fund.leverage, fund.nav_usd, fund.nav_usd * (1.0 + abs(fund.leverage) * limit),
            fund.basket_return, sum(fund.returns), fund.premium, fund.status == OPEN,
        )
        for fund in e.funds
    )  # fmt: skip
    held = {fund.name: e.books.ledger.held(fund.share) for fund in e.funds}
    e.board.funds = FundsSheet(facts, held, {fund.name: fund.waiting for fund in e.funds})
    offsets = [
        (i, offset) for i, offset in ((i, a.same_day_offset()) for i, a in e.register.of(OrdersShares)) if offset
    ]
    for fund in e.funds:
        shares = held[fund.name]
        total = fund.outstanding(e.books)
        fund.same_day = sum(float(shares[i]) / total * offset for i, offset in offsets) if total > 0.0 else 0.0


def take_orders(e: Economy) -> None:
    """Holders order shares; the authorised participant decides what is created or redeemed at the next close."""
    participants = e.register.of(CreatesShares)
    if not participants or not e.register.of(OrdersShares):
        return
    cash = e.books.ledger.held("cash")
    for i, _ in e.register.of(OrdersShares):
        e.board.cash_usd[i] = float(cash[i])
    by_name = {fund.name: fund for fund in e.funds}
    for owner, agent in e.register.of(OrdersShares):
        for order in list(agent.fund_orders(e.register.views[owner])):
            waiting = by_name[order.fund].waiting
            waiting[owner] = waiting.get(owner, 0.0) + order.shares
    owner, participant = participants[0]
    for fund in e.funds:
        if fund.status == OPEN:
            shares = fund.outstanding(e.books)
            waiting_net = sum(fund.waiting.values())
            fund.premium = participant.premium(waiting_net, shares)
            fund.creating = participant.shares_created(e.register.views[owner], waiting_net, shares)
