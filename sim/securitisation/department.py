"""The month of the notes: payment date, losses, what the vehicle will buy, the sale of new loans."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sim.roles import BuysLoans, BuysNotes
from sim.rows.securitisation import CLASSES, Offering
from sim.securitisation.offering import open_book, place
from sim.vocabulary import DAYS_PER_YEAR, Floats

if TYPE_CHECKING:
    from sim.economy import Economy


def pay_notes(e: Economy) -> None:
    """A payment date of the notes; then investors' wealth returns to the path."""
    desk, books = e.note_desk, e.books
    if not len(books.roll.vehicles):
        return
    report = e.credit.report()
    desk.recognise(books, report)
    if not desk.idle:
        failed, today = desk.pool.test_failed, e.board.today
        terms = e.register.the(desk.vehicle(books), BuysLoans).note_terms
        paid = desk.pay(books, terms, today.policy_rate, today.days_of_month, report)
        if paid.test_failed and not failed:
            e.log.note(e.day, "collateral test failed", "the vehicle buys no loans; interest repays the senior")
        elif failed and not paid.test_failed:
            e.log.note(e.day, "collateral test cured", "the vehicle may buy loans again")
    fund_investors(e)


def recognise_losses(e: Economy) -> None:
    """Every day: losses of the pool reach the notes; what investors will remember is the loss rate of all loans."""
    before = e.note_desk.write_downs_usd
    report = e.credit.report()
    lost = e.note_desk.recognise(e.books, report) if len(e.books.roll.vehicles) else 0.0
    if lost > 0.0:
        cut = e.note_desk.write_downs_usd - before
        e.log.note(e.day, "note write-down", f"the pool loses {lost:,.0f} USD, the notes {cut:,.0f} USD")
    e.board.securitisation = replace(e.board.securitisation, loan_loss_rate=report.loss_rate)


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
    offering, reason = _offering(e)
    if reason and not e.no_issue:
        e.log.note(e.day, "no note issue", reason)
    elif e.no_issue and offering.share > 0.0:
        e.log.note(e.day, "notes issued again", "investors' spread is below the originators' margin")
    e.no_issue = reason
    e.offering = offering
    e.board.today = replace(e.board.today, capital_charge=offering.charge)


def _offering(e: Economy) -> tuple[Offering, str]:
    """This month's offering, and why nothing can be sold (empty if nothing is meant to be, or something can)."""
    roll, board = e.books.roll, e.board
    e.note_book, e.note_spread_required = None, math.nan
    if not len(roll.vehicles):
        return Offering(), ""
    _show(e)
    owner, vehicle = e.register.of(BuysLoans)[0]
    closed = Offering(relief=vehicle.capital_saved(1.0))
    share = vehicle.loan_purchases(e.register.views[owner])
    if share <= 0.0:
        return closed, "the collateral test failed" if board.securitisation.collateral_test_failed else ""
    if not (board.today.loans_open and len(roll.lenders)):
        return closed, "there are no loans to sell"
    seat = {int(i): k for k, i in enumerate(roll.investors)}
    bids = [(seat[i], row) for i, agent in e.register.of(BuysNotes) for row in agent.notes(e.register.views[i])]
    if not bids:
        return closed, "investors have no room"
    saved = vehicle.capital_saved(share)
    margin = e.credit.margin()
    charge = 0.0 - margin.capital_cost * saved
    book = open_book(bids, vehicle.note_terms.shares, margin.spread + charge - vehicle.note_terms.fee_per_year)
    e.note_spread_required = book.required
    if not book.investors:
        return closed, "investors' spread exceeds the originators' margin"
    e.note_book = book
    return replace(
        closed, share=share, room_usd=book.room_usd, saved=saved, charge=charge, advance=vehicle.advance_factor(share)
    ), ""


def _show(e: Economy) -> None:
    """Let investors see what they hold, and the vehicle its test."""
    ledger = e.books.ledger
    held = sum((ledger.held(name) for name in CLASSES), np.zeros(len(ledger.owners))).tolist()
    failed = e.note_desk.pool.test_failed
    e.board.securitisation = replace(e.board.securitisation, notes_held_usd=held, collateral_test_failed=failed)


def sell_loans(e: Economy, draws_usd: Floats) -> None:
    """The vehicle buys its share of the month's draws (borrowers, lenders), as far as investors have room."""
    offering, book, books = e.offering, e.note_book, e.books
    if book is None:
        return
    if not draws_usd.any():
        if e.note_desk.idle:
            e.log.note(e.day, "no note issue", "no loans were made, and the pool has none")
        return
    wanted = offering.share * draws_usd
    amount = min(float(wanted.sum()), offering.room_usd)
    bought, spreads = place(book, amount)
    by_investor = np.zeros(len(books.roll.investors))
    by_investor[list(book.investors)] = bought
    terms = e.register.the(e.note_desk.vehicle(books), BuysLoans).note_terms
    loans = wanted * (amount / float(wanted.sum()))
    e.note_desk.issue(books, float(loans.sum()), terms, spreads, by_investor)
    e.credit.sell(loans)
