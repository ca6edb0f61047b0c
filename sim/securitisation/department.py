"""Securitisation: a vehicle buys parts of new loans, issues notes for them, pays the notes and bears the losses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from sim.department import Common
from sim.record import Column
from sim.roles import BuysLoans, BuysNotes
from sim.rows.credit import LoanMargin, ServicerReport
from sim.rows.securitisation import CLASSES, NoteRow, NoteTerms, Offering
from sim.rules.credit_pricing import funding_charge
from sim.securitisation.audit import COLUMNS, check_notes
from sim.securitisation.investors import Investors
from sim.securitisation.offering import Book, lowest_spread, open_book, place
from sim.securitisation.payment import Issuer
from sim.vocabulary import Floats


class Notes:
    """The vehicle's notes and who buys them; a world without a vehicle has none.

    `offering` is what the vehicle would buy at the last month end, to be placed in `book`, `unsold` why it could buy
    nothing (empty if it could), `required` the lowest spread asked then (nan if none). `report` is what lenders told of
    the pool's loans last.
    """

    def __init__(self, common: Common, report: ServicerReport) -> None:
        self.common = common
        self.issuer = Issuer(common)
        self.investors = Investors(common)
        self.report = report
        self.offering = Offering()
        self.book: Book | None = None
        self.required = math.nan
        self.unsold = ""

    @property
    def _founded(self) -> bool:
        """Whether there is a vehicle."""
        return len(self.common.register.roll.vehicles) > 0

    @property
    def _terms(self) -> NoteTerms:
        return self.common.register.the(self.issuer.vehicle, BuysLoans).note_terms

    # the day

    def begin_day(self) -> None:
        """Nothing has been issued or written down today."""
        self.issuer.issued_usd = self.issuer.write_downs_usd = 0.0

    def recognise(self, day: int, report: ServicerReport) -> None:
        """Losses of the pool reach the notes; what investors will remember is the loss rate of all loans."""
        self.report = report
        before = self.issuer.write_downs_usd
        lost = self.issuer.recognise(report) if self._founded else 0.0
        if lost > 0.0:
            cut = self.issuer.write_downs_usd - before
            self.common.log.note(day, "note write-down", f"the pool loses {lost:,.0f} USD, the notes {cut:,.0f} USD")
        board = self.common.board
        if report.loss_rate != board.securitisation.loan_loss_rate:
            board.securitisation = replace(board.securitisation, loan_loss_rate=report.loss_rate)

    # the month

    def pay(self, day: int, report: ServicerReport) -> None:
        """A payment date: notes are paid out of what their loans have paid; investors' wealth returns to the path."""
        self.report = report
        if not self._founded:
            return
        issuer, today, log = self.issuer, self.common.board.today, self.common.log
        issuer.recognise(report)
        if not issuer.idle:
            failed = issuer.pool.test_failed
            paid = issuer.pay(self._terms, today.policy_rate, today.days_of_month, report)
            if paid.test_failed and not failed:
                log.note(day, "collateral test failed", "the vehicle buys no loans; interest repays the senior")
            elif failed and not paid.test_failed:
                log.note(day, "collateral test cured", "the vehicle may buy loans again")
        self.investors.fund(day)

    def offer(self, day: int, margin: LoanMargin) -> Offering:
        """Before chips are ordered: would notes be placed at a spread that the originators' margin pays?"""
        self.book, self.required = None, math.nan
        self.offering, reason = self._offering(margin) if self._founded else (Offering(), "")
        if reason and not self.unsold:
            self.common.log.note(day, "no note issue", reason)
        elif self.unsold and self.offering.share > 0.0:
            self.common.log.note(day, "notes issued again", "investors' spread is below the originators' margin")
        self.unsold = reason
        return self.offering

    def _offering(self, margin: LoanMargin) -> tuple[Offering, str]:
        """This month's offering, and why nothing can be sold (empty if nothing is meant to be, or something can)."""
        common = self.common
        self._show()
        owner, vehicle = common.register.of(BuysLoans)[0]
        none = Offering(relief=vehicle.capital_saved(1.0))
        share = vehicle.loan_purchases(common.register.views[owner])
        if share <= 0.0:
            return none, "the collateral test failed" if self.issuer.pool.test_failed else ""
        if not (common.board.today.loans_open and len(common.register.roll.lenders)):
            return none, "there are no loans to sell"
        bids = self._bids()
        if not bids:
            return none, "investors have no room"
        saved = vehicle.capital_saved(share)
        terms = vehicle.note_terms
        self.required = lowest_spread(bids, terms.shares)
        excess = self.required - margin.usual_note_spread
        charge = funding_charge(margin.capital_cost * saved, margin.relief_passed, excess, share, margin.notes_passed)
        paid = margin.spread + charge - terms.fee_per_year
        book = open_book(bids, terms.shares, paid)
        if not book.investors:
            return none, self._shut(bids, margin, charge, paid)
        self.book = book
        advance = vehicle.advance_factor(share)
        return replace(none, share=share, room_usd=book.room_usd, saved=saved, charge=charge, advance=advance), ""

    def _shut(self, bids: list[tuple[int, NoteRow]], margin: LoanMargin, charge: float, paid: float) -> str:
        """Why nobody buys, in figures: what investors ask and how full they are, what new loans would pay for notes."""
        held = math.fsum(max(0.0, usd) for usd in self.common.board.securitisation.notes_held_usd)  # not who owes
        full = held / (held + math.fsum(row.most_usd for _, row in bids))
        return (
            f"investors' spread exceeds the originators' margin: they ask {self.required:.2%} a year, holding "
            f"{full:.0%} of what they may; new loans would pay {paid:.2%}: {margin.spread:.2%}, "
            f"{charge:+.2%} for borrowers, less fees"
        )

    def _show(self) -> None:
        """Let investors see what they hold, and the vehicle its test."""
        ledger, board = self.common.ledger, self.common.board
        held = sum((ledger.held(name) for name in CLASSES), np.zeros(len(ledger.owners))).tolist()
        failed = self.issuer.pool.test_failed
        board.securitisation = replace(board.securitisation, notes_held_usd=held, collateral_test_failed=failed)

    def _bids(self) -> list[tuple[int, NoteRow]]:
        """What investors would buy, by their place among investors."""
        register = self.common.register
        seat = {int(owner): k for k, owner in enumerate(register.roll.investors)}
        return [(seat[i], row) for i, agent in register.of(BuysNotes) for row in agent.notes(register.views[i])]

    def buy(self, day: int, draws_usd: Floats) -> Floats | None:
        """Issue notes for the vehicle's share of the month's draws (borrowers, lenders), as far as they are placed.

        Returns the loans bought of them, at par in USD; nothing where none are.
        """
        if self.book is None:
            return None
        if not draws_usd.any():
            if self.issuer.idle:
                self.common.log.note(day, "no note issue", "no loans were made, and the pool has none")
            return None
        wanted = self.offering.share * draws_usd
        amount = min(float(wanted.sum()), self.offering.room_usd)
        bought, spreads = place(self.book, amount)
        by_investor = np.zeros(len(self.common.register.roll.investors))
        by_investor[list(self.book.investors)] = bought
        loans: Floats = wanted * (amount / float(wanted.sum()))
        self.issuer.issue(float(loans.sum()), self._terms, spreads, by_investor)
        return loans

    def note(self, report: ServicerReport) -> None:
        """Know what lenders tell of the loans that were bought."""
        self.report = report

    # the close

    def laws(self, day: int) -> None:
        """A10; raises BrokenLaw."""
        check_notes(day, self.common.ledger, self.common.register.roll, self.issuer.pool)

    def columns(self) -> list[Column]:
        """The series of notes."""
        return COLUMNS

    def day(self) -> dict[str, float]:
        """Notes, the pool behind them and the last offering."""
        issuer, report = self.issuer, self.report
        senior, junior, residual = issuer.pool.balance.tolist()
        return {
            "notes_senior_usd": senior,
            "notes_junior_usd": junior,
            "notes_residual_usd": residual,
            "loans_sold_usd": report.sold_total_usd,
            "notes_issued_usd": issuer.issued_usd,
            "note_spread_required": self.required,
            "note_writedowns_usd": issuer.write_downs_usd,
            "oc_ratio": issuer.collateral_usd(report, self._terms) / senior if senior > 0.0 else math.nan,
        }
