"""Insolvency: cures by owners, default, the estate, and the sale of its GPUs to outsiders after some months."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.books import Books
from sim.credit.service import NO_DEBT_DSCR, LoanDesk, pass_on
from sim.streams import Purpose, Streams
from sim.vocabulary import Bools, Floats, Ints


@dataclass(frozen=True)
class ResolutionTerms:
    """Haircut on the value of GPUs sold from an estate, days until the sale, share of contracts rejected."""

    haircut: float
    days: int
    rejected_share: float


class Resolution:
    """Firms in default. State by landlord: day of default (-1: none). Counters are of the current day."""

    def __init__(self, terms: ResolutionTerms, landlords: int) -> None:
        self.terms = terms
        self.since: Ints = np.full(landlords, -1, dtype=np.int64)
        self.bridge_usd: Floats = np.zeros(landlords)
        self.defaults = 0
        self.losses_usd = 0.0

    @property
    def in_estate(self) -> Bools:
        """Which landlords are run for their creditors."""
        return np.asarray(self.since >= 0)

    def pass_day(
        self,
        books: Books,
        desk: LoanDesk,
        streams: Streams,
        identities: list[int],
        day: int,
        month_end: bool,
        value_per_ve_usd: float,
        normal_cash_usd: Floats,
    ) -> list[tuple[str, str]]:
        """Cure or fail those who cannot pay; sell estates whose time has come. Returns events (kind, text).

        A breach that outlasts the grace period is cured once, with the given probability, by equity that repays part
        of the loan, if there is cash; a firm whose cash is gone is in default at once.
        """
        self.defaults, self.losses_usd = 0, 0.0
        events: list[tuple[str, str]] = []
        ledger, roll = books.ledger, books.roll
        cash = ledger.held("cash")[roll.landlords].copy()
        for i, owner in enumerate(roll.landlords):
            name = ledger.owners[owner]
            if self.since[i] >= 0:
                self._bridge(books, i)
                if day - self.since[i] >= self.terms.days:
                    loss = self._sell(books, desk, i, day, value_per_ve_usd, float(normal_cash_usd[i]))
                    self.losses_usd += loss
                    events.append(("estate sold", f"{name}: lenders lose {loss:,.0f} USD"))
                continue
            late = month_end and desk.breaches[i] > desk.terms.grace_months
            if cash[i] < 0.0 or late:
                draw = streams.uniform(Purpose.CURE, day, identities[i])
                if not desk.cured[i] and cash[i] >= 0.0 and draw < desk.terms.cure_probability:
                    self._cure(books, desk, i)
                    events.append(("covenant cured", f"{name}: owners repay part of the loans"))
                elif late or books.loans.balance[i].sum() > 0.0:
                    self._fail(books, i, day)
                    self._bridge(books, i)
                    events.append(("default", f"{name}: in default, run for its creditors"))
                else:
                    ledger.transfer("equity raised", "cash", roll.rest_of_world, int(owner), -float(cash[i]))
        return events

    def _cure(self, books: Books, desk: LoanDesk, i: int) -> None:
        ledger, roll, loans = books.ledger, books.roll, books.loans
        owner = roll.landlords[i]
        amounts = np.zeros_like(loans.balance)
        amounts[i] = desk.terms.cure_share * loans.balance[i]
        ledger.transfer("equity cures", "cash", roll.rest_of_world, int(owner), float(amounts.sum()))
        ledger.post_pairs("principal", "cash", roll.landlords, roll.lenders, amounts)
        ledger.post_pairs("principal", "loan", roll.lenders, roll.landlords, amounts.T)
        nothing = np.zeros_like(amounts)
        pass_on(books, nothing, amounts, nothing, nothing)
        loans.repay(amounts)
        desk.breaches[i] = 0
        desk.cured[i] = True

    def _fail(self, books: Books, i: int, day: int) -> None:
        """Default: contracts are rejected in part, with what was prepaid on them; the estate keeps the GPUs running."""
        ledger, roll = books.ledger, books.roll
        self.since[i] = day
        self.defaults += 1
        owner = int(roll.landlords[i])
        gone = self.terms.rejected_share * books.contracts.quantity_ve[i]
        lost = books.contracts.reject(i, self.terms.rejected_share)
        payer = np.full(len(lost), owner)
        ledger.post("contracts rejected", "prepaid_rent", roll.customers, payer, lost)
        ledger.post("contracts rejected", "reserved_capacity", roll.customers, payer, gone)

    def _bridge(self, books: Books, i: int) -> None:
        """Outsiders bridge a shortage of an estate's cash; they are repaid first out of its sale."""
        owner = int(books.roll.landlords[i])
        short = -float(books.ledger.held("cash")[owner])
        if short > 0.0:
            books.ledger.transfer("estate bridge", "cash", books.roll.rest_of_world, owner, short)
            self.bridge_usd[i] += short

    def _sell(self, books: Books, desk: LoanDesk, i: int, day: int, value_usd: float, working_cash_usd: float) -> float:
        """Sell the estate: lenders seize the GPUs, outsiders buy them at a discount; proceeds by seniority.

        The buyers continue the firm under its name, without its debt and with a month's running cash, so that
        ownership moves and GPU-hours do not. Returns the lenders' loss.
        """
        ledger, roll, loans, fleet = books.ledger, books.roll, books.loans, books.fleet
        owner, row = int(roll.landlords[i]), int(roll.landlord_fleet[i])
        name_of = ledger.owners[owner]
        price = (1.0 - self.terms.haircut) * value_usd * float(fleet.working[row].sum())
        debt = float(loans.balance[i].sum())
        share = loans.balance[i] / debt if debt > 0.0 else loans.syndicate
        for grade, name in enumerate(books.grade_names):
            gpus = share * float(fleet.working[row, grade]) / float(books.grade_value[grade])
            one = np.full(len(gpus), owner)
            world = np.full(len(gpus), roll.rest_of_world)
            ledger.post("seizure", f"gpu:{name}", one, roll.lenders, gpus)
            ledger.post("estate sale", f"gpu:{name}", roll.lenders, world, gpus)
            ledger.transfer("estate sale", f"gpu:{name}", roll.rest_of_world, owner, float(gpus.sum()))
        fleet.write_to(row, day, price)
        ledger.transfer("estate sale", "cash", roll.rest_of_world, owner, price)
        bridge = min(float(self.bridge_usd[i]), max(0.0, ledger.cash(name_of)))
        ledger.transfer("bridge repaid", "cash", owner, roll.rest_of_world, bridge)
        self.bridge_usd[i] = 0.0
        amounts = np.zeros_like(loans.balance)
        cash = max(0.0, ledger.cash(name_of))
        amounts[i] = loans.balance[i] if cash >= debt else share * cash
        ledger.post_pairs("estate to lenders", "cash", roll.landlords, roll.lenders, amounts)
        ledger.post_pairs("estate to lenders", "loan", roll.lenders, roll.landlords, amounts.T)
        nothing = np.zeros_like(amounts)
        pass_on(books, nothing, amounts, nothing, nothing)
        loans.repay(amounts)
        ledger.transfer("estate surplus", "cash", owner, roll.rest_of_world, max(0.0, ledger.cash(name_of)))
        pass_on(books, nothing, nothing, nothing, np.where(np.arange(len(amounts))[:, None] == i, loans.balance, 0.0))
        lost = loans.write_off(i)
        ledger.post("write-offs", "loan", roll.lenders, np.full(len(lost), owner), lost)
        ledger.transfer("new owners' cash", "cash", roll.rest_of_world, owner, working_cash_usd)
        desk.balance_funding(books)
        desk.dscr[i], desk.breaches[i], desk.cured[i] = NO_DEBT_DSCR, 0, False
        self.since[i] = -1
        return float(lost.sum())
