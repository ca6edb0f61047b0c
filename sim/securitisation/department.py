"""The month of the notes: payment date, losses, what the vehicle will buy, the sale of new loans."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.roles import BuysLoans, BuysNotes
from sim.securitisation.notes import CLASSES
from sim.securitisation.offering import Book, open_book, place
from sim.vocabulary import DAYS_PER_YEAR, Floats

if TYPE_CHECKING:
    from sim.economy import Economy


@dataclass(frozen=True)
class Window:
    """What securitisation allows this month, known before chips are ordered.

    `share` of each draw is bought, up to `room_usd`; `saved` is the share of a draw that needs no capital, `charge`
    the change per year of what borrowers pay for lenders' capital, `advance` a factor on advance rates.
    """

    share: float = 0.0
    room_usd: float = 0.0
    saved: float = 0.0
    charge: float = 0.0
    advance: float = 1.0
    book: Book | None = None
    required: float = math.nan


CLOSED = Window()


def pay_notes(e: Economy) -> None:
    """A payment date of the notes; then investors' wealth returns to the path."""
    desk, books = e.note_desk, e.books
    if not len(books.roll.vehicles):
        return
    desk.recognise(books)
    if not desk.idle:
        failed, today = desk.pool.test_failed, e.board.today
        terms = e.register.the(desk.vehicle(books), BuysLoans).note_terms
        paid = desk.pay(books, terms, today.policy_rate, today.days_of_month, e.resolution.in_estate)
        if paid.test_failed and not failed:
            e.log.note(e.day, "collateral test failed", "the vehicle buys no loans; interest repays the senior")
        elif failed and not paid.test_failed:
            e.log.note(e.day, "collateral test cured", "the vehicle may buy loans again")
    fund_investors(e)


def recognise_losses(e: Economy) -> None:
    """Every day: losses of the pool reach the notes; what investors will remember is the loss rate of all loans."""
    before = e.note_desk.write_downs_usd
    lost = e.note_desk.recognise(e.books) if len(e.books.roll.vehicles) else 0.0
    if lost > 0.0:
        cut = e.note_desk.write_downs_usd - before
        e.log.note(e.day, "note write-down", f"the pool loses {lost:,.0f} USD, the notes {cut:,.0f} USD")
    losses = e.resolution.losses_usd
    rate = losses / (losses + float(e.books.loans.balance.sum())) if losses > 0.0 else 0.0
    e.board.securitisation = replace(e.board.securitisation, loan_loss_rate=rate)


def fund_investors(e: Economy) -> None:
    """Investors' wealth grows with the path and returns to it slowly after losses; the rest is paid out or put in."""
    ledger, roll = e.books.ledger, e.books.roll
    if not len(roll.investors):
        return
    s = e.path.settings
    year = e.board.today.days_of_month / DAYS_PER_YEAR
    growth = s.quantity - s.technology
    path = e.investor_start * math.exp(growth * e.day / DAYS_PER_YEAR)
    top_up = np.array([agent.top_up_per_year for _, agent in e.register.these(roll.investors, BuysNotes)])
    lost = -np.minimum(0.0, ledger.flow("note write-downs")[roll.investors])
    wealth = e.investor_wealth - (lost - e.investor_losses)
    wanted = np.maximum(0.0, wealth * (1.0 + growth * year) + np.minimum(1.0, top_up * year) * (path - wealth))
    gap = ledger.net_worth()[roll.investors] - wanted
    world = np.full(len(gap), roll.rest_of_world)
    spare = np.maximum(0.0, ledger.held("cash")[roll.investors])
    ledger.post("investors' payouts", "cash", roll.investors, world, np.minimum(spare, np.maximum(0.0, gap)))
    ledger.post("investors' subscriptions", "cash", world, roll.investors, np.maximum(0.0, -gap))
    e.investor_losses, e.investor_wealth = lost, wanted


def open_window(e: Economy) -> None:
    """Before chips are ordered: would the notes be placed at a spread that the originators' margin pays?"""
    window, reason = _window(e)
    if reason and not e.no_issue:
        e.log.note(e.day, "no note issue", reason)
    elif e.no_issue and window.share > 0.0:
        e.log.note(e.day, "notes issued again", "investors' spread is below the originators' margin")
    e.no_issue = reason
    e.window = window
    e.board.today = replace(e.board.today, capital_charge=window.charge)


def _window(e: Economy) -> tuple[Window, str]:
    """This month's window, and why nothing can be sold (empty if nothing is meant to be, or something can)."""
    roll, board = e.books.roll, e.board
    if not len(roll.vehicles):
        return CLOSED, ""
    _show(e)
    owner, vehicle = e.register.of(BuysLoans)[0]
    share = vehicle.loan_purchases(e.register.views[owner])
    if share <= 0.0:
        return CLOSED, "the collateral test failed" if board.securitisation.collateral_test_failed else ""
    if not (board.today.loans_open and len(roll.lenders)):
        return CLOSED, "there are no loans to sell"
    seat = {int(i): k for k, i in enumerate(roll.investors)}
    bids = [(seat[i], row) for i, agent in e.register.of(BuysNotes) for row in agent.notes(e.register.views[i])]
    if not bids:
        return CLOSED, "investors have no room"
    saved = vehicle.capital_saved(share)
    charge = 0.0 - capital_cost(e) * saved
    book = open_book(bids, vehicle.note_terms.shares, loan_margin(e) + charge - vehicle.note_terms.fee_per_year)
    if not book.investors:
        return replace(CLOSED, required=book.required), "investors' spread exceeds the originators' margin"
    return Window(share, book.room_usd, saved, charge, vehicle.advance_factor(share), book, book.required), ""


def _show(e: Economy) -> None:
    """Let investors see what they hold, and the vehicle its test."""
    ledger = e.books.ledger
    held = sum((ledger.held(name) for name in CLASSES), np.zeros(len(ledger.owners))).tolist()
    failed = e.note_desk.pool.test_failed
    e.board.securitisation = replace(e.board.securitisation, notes_held_usd=held, collateral_test_failed=failed)


def capital_cost(e: Economy) -> float:
    """What a loan's capital costs over deposits, per year and USD lent: kappa * (hurdle - base rate)."""
    ratios = np.array([agent.capital_ratio for _, agent in e.lenders])
    kappa = float(e.books.loans.syndicate @ ratios)
    return kappa * max(0.0, e.spec.loan.capital_hurdle - e.board.today.policy_rate)


def loan_margin(e: Economy) -> float:
    """Mean spread of new loans, by what borrowers owe (by their number if nobody owes); per year."""
    spread, owed = e.loan_desk.terms.spread, e.books.loans.balance.sum(axis=1)
    return float(owed @ spread) / float(owed.sum()) if owed.any() else float(spread.mean())


def relieved(e: Economy) -> Floats:
    """Loans of record that need no capital of their lender (lenders,), USD: what was sold, by strength of relief."""
    sold, vehicles = e.books.loans.sold.held.sum(axis=0), e.register.of(BuysLoans)
    strength = vehicles[0][1].capital_saved(1.0) if vehicles else 0.0
    return np.asarray(strength * sold)


def room_for_draws(room_usd: Floats, window: Window, syndicate: Floats) -> Floats:
    """Draws (lenders,) that lenders' room allows when part of them is sold: room / (1 - saved), as far as it sells."""
    if window.saved <= 0.0:
        return room_usd
    most = room_usd + window.saved / window.share * window.room_usd * syndicate
    if window.saved >= 1.0:
        return most
    return np.asarray(np.minimum(room_usd / (1.0 - window.saved), most))


def sell_loans(e: Economy, draws_usd: Floats) -> None:
    """The vehicle buys its share of the month's draws (borrowers, lenders), as far as investors have room."""
    window, books = e.window, e.books
    if window.book is None:
        return
    if not draws_usd.any():
        if e.note_desk.idle:
            e.log.note(e.day, "no note issue", "no loans were made, and the pool has none")
        return
    wanted = window.share * draws_usd
    amount = min(float(wanted.sum()), window.room_usd)
    bought, spreads = place(window.book, amount)
    by_investor = np.zeros(len(books.roll.investors))
    by_investor[list(window.book.investors)] = bought
    terms = e.register.the(e.note_desk.vehicle(books), BuysLoans).note_terms
    e.note_desk.buy(books, wanted * (amount / float(wanted.sum())), terms, spreads, by_investor)
    e.loan_desk.balance_funding(books)
