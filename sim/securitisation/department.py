"""Securitisation: a vehicle buys parts of new loans, issues notes for them, pays the notes and bears the losses."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from sim.department import Common
from sim.record import Column
from sim.roles import BuysLoans, BuysNotes
from sim.rows.credit import LoanMargin, ServicerReport
from sim.rows.exposures import Exposure
from sim.rows.securitisation import CLASSES, Cover, NoteRow, NoteTerms, Offering
from sim.rules.credit_pricing import funding_charge
from sim.securitisation.audit import COLUMNS, DEAL_COLUMNS, USES, check_notes
from sim.securitisation.course import STAGES, Course
from sim.securitisation.investors import Investors
from sim.securitisation.offering import Book, bids_of, lowest_spread, open_book, place, strip
from sim.securitisation.paper import Run
from sim.securitisation.payment import Issuer
from sim.securitisation.prices import Market, Marks
from sim.securitisation.terms import Deal
from sim.securitisation.waterfall import USUAL
from sim.vocabulary import DAYS_PER_YEAR, Floats


class Notes:
    """The vehicle's notes and who buys them; a world without a vehicle has none.

    `offering` is what the vehicle would buy at the last month end, to be placed in `book`, `unsold` why it could buy
    nothing (empty if it could), `required` the lowest spread asked then (nan if none). `asked` (classes,) is what
    investors asked last before what the rating model adds, whether anything was offered or not.
    `report` is what lenders told of the pool's loans last, `lent_by` (lenders,) the shares in which they lend.
    Where `deal` is enabled notes are as documented, on their `course`, and paper may be in a `run`.
    """

    def __init__(self, common: Common, report: ServicerReport, deal: Deal, lent_by: Floats) -> None:
        self.common = common
        self.issuer = Issuer(common)
        self.investors = Investors(common)
        self.lent_by, self.detailed = lent_by, deal.enabled
        self.course, self.run, self.stage_said = Course(), Run(), 0
        self.bought_usd = self.sales_usd = 0.0
        self.asked: Floats | None = None
        self.marks = Marks()
        self.adopt(deal)
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
        """The terms of all classes that there are; one that is no longer sold has no share and no test."""
        thin = self.common.register.the(self.issuer.vehicle, BuysLoans).note_terms
        terms, classes = self.deal.terms(thin) if self.deal.enabled else thin, self.issuer.pool.classes
        if terms.classes == classes:
            return terms
        shares = dict(zip(terms.classes, terms.shares, strict=True))
        tests = dict(zip(terms.classes, terms.tests, strict=False))
        return replace(
            terms, classes=classes, shares=tuple(shares.get(name, 0.0) for name in classes),
            tests=tuple(tests.get(name, Cover()) for name in classes[:-1]),
        )  # fmt: skip

    @property
    def _horizontal(self) -> bool:
        """Whether lenders take the residual."""
        return self.deal.enabled and self.deal.retention == "horizontal"

    @property
    def pays_paper(self) -> bool:
        """Whether there is commercial paper that falls due."""
        return self._founded and self.deal.enabled and self.deal.funding == "abcp"

    def adopt(self, deal: Deal) -> None:
        """Take the terms of the deal; notes outstanding stay, and what is sold from now on is as they say."""
        self.deal = deal
        if self._founded:
            self.issuer.adopt(
                deal.classes if deal.enabled else CLASSES,
                with_lenders=deal.enabled and (self._horizontal or deal.funding == "abcp"),
            )

    # the day

    def begin_day(self) -> None:
        """Nothing has been issued or written down today."""
        self.issuer.begin_day()
        self.bought_usd = self.sales_usd = 0.0

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
            failed, stage = issuer.pool.test_failed, USUAL
            if self.deal.enabled:
                self.course.pass_month(self.deal, issuer.pool, report, today.days_of_month / DAYS_PER_YEAR)
                stage = self.course.stage(self.deal, self.run.unpaid_usd)
            paid = issuer.pay(self._terms, today.policy_rate, today.days_of_month, report, stage)
            if paid.test_failed and not failed:
                log.note(day, "collateral test failed", "the vehicle buys no loans; interest repays the senior")
            elif failed and not paid.test_failed:
                log.note(day, "collateral test cured", "the vehicle may buy loans again")
            if self.deal.enabled:
                self.course.coverage = issuer.coverage
                self._say_stage(day)
        self.investors.fund(day)

    def _say_stage(self, day: int) -> None:
        """Another stage of the deal is an event."""
        stage = self.course.number(self.deal, self.run.unpaid_usd, failed=self.issuer.pool.test_failed)
        if stage != self.stage_said:
            self.common.log.note(day, "deal stage", f"the vehicle {STAGES[stage]}")
        self.stage_said = stage

    # commercial paper

    def roll(self, day: int) -> float:
        """Paper falls due; returns the face of loans that must be sold for what nobody rolls or lends."""
        issuer, run, deal, late = self.issuer, self.run, self.deal, self.run.unpaid_usd
        least = self._terms.tests[issuer.pool.place("note_senior")].overcollateralisation
        short = run.pass_day(
            deal.paper, issuer, issuer.collateral_usd(self.report, self._terms), least,
            self.common.board.today.rent_30d_usd, self.lent_by,
        )  # fmt: skip
        if short > 0.0 and late <= 0.0:
            self.common.log.note(day, "paper not rolled", f"{short:,.0f} USD beyond the line: loans are for sale")
        return short / (1.0 - deal.paper.sale_discount)

    def settle_sales(self, face_usd: float, report: ServicerReport) -> None:
        """Lenders have taken back so much of the pool, at a discount: late paper is paid out of it."""
        self.report, self.sales_usd = report, face_usd
        self.issuer.recognise(report)
        self.run.pay_late(self.issuer)

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
        common, terms = self.common, self._terms
        self._show()
        rows = self._ask(terms) if self.deal.enabled else None
        owner, vehicle = common.register.of(BuysLoans)[0]
        none = Offering(relief=vehicle.capital_saved(1.0))
        share = vehicle.loan_purchases(common.register.views[owner])
        if share <= 0.0:
            return none, "the collateral test failed" if self.issuer.pool.test_failed else ""
        if not (common.board.today.loans_open and len(common.register.roll.lenders)):
            return none, "there are no loans to sell"
        stopped = self._stopped()
        if stopped:
            return self._stuck(none, share), stopped
        rows = _with_room(self._rows() if rows is None else rows)
        if not rows:
            return self._stuck(none, share), "investors have no room"
        weights, below = self._strip(terms), terms.shares[-1] if self._horizontal else 0.0
        bids = bids_of(
            rows, terms.classes, self.course.asked_more(self.deal.rating, terms) if self.deal.enabled else ()
        )
        saved = vehicle.capital_saved(share) * (1.0 - below)
        self.required = lowest_spread(bids, weights)
        excess = self.required - margin.usual_note_spread
        charge = funding_charge(margin.capital_cost * saved, margin.relief_passed, excess, share, margin.notes_passed)
        paid = margin.spread + charge - terms.fee_per_year
        book = open_book(bids, weights, paid)
        if not book.investors:
            return self._stuck(none, share), self._shut(rows, margin, charge, paid)
        self._refund_line(book)
        self.book = book
        room = (book.room_usd + self._cash_to_buy()) / (1.0 - below)
        kept = self.course.borne_below(self.deal.rating, terms) if self._horizontal else 0.0
        advance = vehicle.advance_factor(share * (1.0 - kept))
        most = self.course.most_usd(self.deal, share, room) if self.deal.enabled else math.inf
        found = replace(none, share=share, room_usd=room, saved=saved, charge=charge, advance=advance, most_usd=most)
        return found, ""

    def _stopped(self) -> str:
        """Why the documents let the vehicle buy nothing; empty where they do."""
        if not self.deal.enabled:
            return ""
        stage = self.course.number(self.deal, self.run.unpaid_usd, failed=self.issuer.pool.test_failed)
        return f"the vehicle {STAGES[stage]}" if stage else ""

    def _stuck(self, none: Offering, share: float) -> Offering:
        """Nothing is bought: what is made to be sold has the warehouse alone."""
        return replace(none, most_usd=self.course.most_usd(self.deal, share, 0.0)) if self.deal.enabled else none

    def _cash_to_buy(self) -> float:
        """Principal that waits for new loans, USD."""
        return self.issuer.pool.kept_usd

    def _refund_line(self, book: Book) -> None:
        """New paper repays the line first, as far as investors have room; the rest of their bids is for new loans."""
        pool = self.issuer.pool
        line = pool.of("note_line")
        if line <= 0.0 or not self.pays_paper:
            return
        amount = min(line, book.room_usd)
        bought, spreads = place(book, amount)
        shares = np.zeros(len(self.common.register.roll.investors))
        shares[list(book.investors)] = bought / float(bought.sum())
        self.issuer.refund_line(amount, float(spreads[pool.place("note_senior")]), shares)
        book.most_usd[:] = np.maximum(0.0, book.most_usd - bought)

    def _shut(self, bids: list[tuple[int, NoteRow]], margin: LoanMargin, charge: float, paid: float) -> str:
        """Why nobody buys, in figures: what investors ask and how full they are, what new loans would pay for notes."""
        notes = self.common.board.securitisation.notes_held_usd
        held = math.fsum(max(0.0, notes[i]) for i in self.common.register.roll.investors.tolist())
        full = held / (held + math.fsum(row.most_usd for _, row in bids))
        return (
            f"investors' spread exceeds the originators' margin: they ask {self.required:.2%} a year, holding "
            f"{full:.0%} of what they may; new loans would pay {paid:.2%}: {margin.spread:.2%}, "
            f"{charge:+.2%} for borrowers, less fees"
        )

    def _show(self) -> None:
        """Let investors see what they hold, and the vehicle its test."""
        ledger, board = self.common.ledger, self.common.board
        classes = self.issuer.pool.classes if self._founded else CLASSES
        held = sum((ledger.held(name) for name in classes), np.zeros(len(ledger.owners))).tolist()
        failed = self.issuer.pool.test_failed
        board.securitisation = replace(board.securitisation, notes_held_usd=held, collateral_test_failed=failed)

    def _rows(self) -> list[tuple[int, NoteRow]]:
        """What investors would buy, by their place among investors; who has no room says what it asks."""
        register = self.common.register
        seat = {int(owner): k for k, owner in enumerate(register.roll.investors)}
        return [(seat[i], row) for i, agent in register.of(BuysNotes) for row in agent.notes(register.views[i])]

    def _ask(self, terms: NoteTerms) -> list[tuple[int, NoteRow]]:
        """Know the lowest spreads that are asked, by who has room if anybody has; returns what investors say."""
        rows, weights = self._rows(), self._strip(terms)
        asked = [row.spreads(terms.classes) for _, row in _with_room(rows) or rows]
        if asked:
            self.asked = np.array(min(asked, key=lambda spreads: float(weights @ np.array(spreads))))
        return rows

    def _strip(self, terms: NoteTerms) -> Floats:
        return strip(terms, without_residual=self._horizontal)

    def buy(self, day: int, draws_usd: Floats, kept_usd: Floats | None = None) -> Floats | None:
        """Issue notes for the vehicle's share of the month's draws (borrowers, lenders), as far as they are placed.

        Returns the loans bought of them, at par in USD; nothing where none are. A deal as documented buys out of the
        warehouse too: loans that lenders keep, `kept_usd` (as the draws), draws among them.
        """
        if self.deal.enabled and self._founded and kept_usd is not None:
            return self._buy_as_documented(draws_usd, kept_usd)
        if self.book is None:
            return None
        if not draws_usd.any():
            if self.issuer.idle:
                self.common.log.note(day, "no note issue", "no loans were made, and the pool has none")
            return None
        wanted = self.offering.share * draws_usd
        amount = min(float(wanted.sum()), self.offering.room_usd)
        bought, spreads = place(self.book, amount)
        loans: Floats = wanted * (amount / float(wanted.sum()))
        self.issuer.issue(float(loans.sum()), self._terms, spreads[:-1], self._by_investor(self.book, bought))
        return loans

    def _buy_as_documented(self, draws_usd: Floats, kept_usd: Floats) -> Floats | None:
        """Draws first, then the warehouse; paid for with principal that waits, then with notes."""
        course, all_kept, view = self.course, float(kept_usd.sum()), self.common.register.of(BuysLoans)[0]
        course.age_warehouse(all_kept, float(draws_usd.sum()))
        share = self.offering.share if self.book else view[1].loan_purchases(self.common.register.views[view[0]])
        meant = share * draws_usd
        waiting = np.maximum(0.0, kept_usd - draws_usd)
        old = waiting * min(1.0, course.warehouse_usd / max(float(waiting.sum()), 1e-300))
        wanted = meant + old
        amount = min(float(wanted.sum()), self.offering.room_usd) if self.book else 0.0
        if amount > 0.0 and self.book is not None:
            now = min(amount, float(meant.sum()))
            loans = meant * (now / max(float(meant.sum()), 1e-300))
            loans = loans + old * ((amount - now) / max(float(old.sum()), 1e-300))
            self._fund(self.book, amount, loans)
        self.bought_usd = amount
        course.stock(float(meant.sum()), amount, all_kept - amount)
        return loans if amount > 0.0 else None

    def _fund(self, book: Book, amount: float, loans: Floats) -> None:
        """Pay for loans (borrowers, lenders) of so many USD: principal that waits, then notes."""
        pool, terms = self.issuer.pool, self._terms
        used = min(amount, self._cash_to_buy())
        pool.waiting_principal, pool.kept_usd = pool.waiting_principal - used, pool.kept_usd - used
        fresh, below = amount - used, terms.shares[-1] if self._horizontal else 0.0
        outside = min(fresh * (1.0 - below), book.room_usd)
        if outside <= 0.0:
            return
        bought, spreads = place(book, outside)
        retained = loans.sum(axis=0) / float(loans.sum()) if self._horizontal else None
        self.issuer.issue(outside / (1.0 - below), terms, spreads[:-1], self._by_investor(book, bought), retained)

    def _by_investor(self, book: Book, bought: Floats) -> Floats:
        """What bids bought as what investors bought (investors,)."""
        by_investor = np.zeros(len(self.common.register.roll.investors))
        by_investor[list(book.investors)] = bought
        return by_investor

    def note(self, report: ServicerReport) -> None:
        """Know what lenders tell of the loans that were bought."""
        self.report = report

    def exposures(self) -> list[Exposure]:
        """What the vehicle owes the holders of each class."""
        if not self._founded:
            return []
        names, pool = self.common.ledger.owners, self.issuer.pool
        return [
            Exposure(names[self.issuer.vehicle], names[int(self.issuer.owners[k])], name, float(usd))
            for name, row in zip(pool.classes, pool.balance[:, None] * pool.holders, strict=True)
            for k, usd in enumerate(row.tolist())
            if usd > 0.0
        ]

    # the close

    def laws(self, day: int) -> None:
        """A10; raises BrokenLaw."""
        check_notes(day, self.common.ledger, self.common.register.roll, self.issuer.pool, self.issuer.owners)

    def columns(self) -> list[Column]:
        """The series of notes."""
        return [*COLUMNS, *(DEAL_COLUMNS if self.detailed else [])]

    def day(self) -> dict[str, float]:
        """Notes, the pool behind them and the last offering."""
        issuer, report = self.issuer, self.report
        senior, junior, residual = (issuer.pool.of(name) for name in CLASSES)
        return {
            "notes_senior_usd": senior,
            "notes_junior_usd": junior,
            "notes_residual_usd": residual,
            "loans_sold_usd": report.sold_total_usd,
            "notes_issued_usd": issuer.issued_usd,
            "note_spread_required": self.required,
            "note_writedowns_usd": issuer.write_downs_usd,
            "oc_ratio": issuer.collateral_usd(report, self._terms) / senior if senior > 0.0 else math.nan,
            **(self._course() if self.detailed else {}),
        }

    def _prices(self, terms: NoteTerms) -> dict[str, float]:
        """Marks of notes over par; nothing before investors have said what they ask of these classes."""
        pool, asked = self.issuer.pool, self.asked
        if asked is None or len(asked) != len(pool.classes):
            return {}
        chance = max(self.course.chance_by(self.deal.rating), self.report.default_chance)
        market = Market(self.common.board.today.policy_rate, asked, chance)
        prices = self.marks.of(pool, self.report, self.deal, terms, market)
        return dict(zip(pool.classes, prices.tolist(), strict=False))

    def _course(self) -> dict[str, float]:
        """What a deal as documented came to today."""
        issuer, course, pool, run = self.issuer, self.course, self.issuer.pool, self.run
        names = ("senior", "mezzanine", "junior")
        price, lost = dict.fromkeys(pool.classes, math.nan), dict.fromkeys(pool.classes, math.nan)
        headroom = math.nan
        if self._founded:
            terms = self._terms
            lost |= dict(zip(pool.classes, course.expected_losses(self.deal.rating, terms).tolist(), strict=True))
            price |= self._prices(terms)
            headroom = issuer.headroom(self.report, terms)
        stage = course.number(self.deal, run.unpaid_usd, failed=pool.test_failed) if self.deal.enabled else 0
        return {
            "notes_mezzanine_usd": pool.of("note_mezzanine"),
            "paper_line_usd": pool.of("note_line"),
            "paper_rolled": run.rolled if self.pays_paper and pool.of("note_senior") > 0.0 else math.nan,
            "paper_unpaid_usd": run.unpaid_usd,
            "pool_bought_usd": self.bought_usd,
            "pool_sales_usd": self.sales_usd,
            "pool_dscr": course.dscr,
            "pool_loss_share": course.loss_share,
            "deal_stage": float(stage),
            "reserve_usd": pool.reserve_usd,
            "warehouse_usd": course.warehouse_usd,
            "oc_headroom": headroom,
            "interest_coverage": course.coverage,
            **{f"note_price_{name}": price.get(f"note_{name}", math.nan) for name in names},
            **{f"loss_expected_{name}": lost.get(f"note_{name}", math.nan) for name in names},
            **{f"note_writedowns_{n}_usd": issuer.cuts_usd.get(f"note_{n}", 0.0) for n in (*names, "residual")},
            **{f"deal_{use}_usd": issuer.uses.get(use, 0.0) for use in USES},
        }


def _with_room(rows: list[tuple[int, NoteRow]]) -> list[tuple[int, NoteRow]]:
    """The rows of those who would buy something."""
    return [(seat, row) for seat, row in rows if row.most_usd > 0.0]
