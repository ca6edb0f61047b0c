"""Lenders of record: their capital, the deposits that fund them, what they can still lend, their marks."""

from __future__ import annotations

import math

import numpy as np

from sim.credit.loans import LoanBook
from sim.department import Common
from sim.roles import Lends
from sim.rows.securitisation import Offering
from sim.rules.credit_pricing import learned_loss_rate
from sim.vocabulary import DAYS_PER_YEAR, Floats


class Lenders:
    """Capital (lenders,) in USD as it should stand; at the start, on the path; losses that it has borne so far.

    `loss_rate` (lenders,) is what each has learned of losses on what it keeps, a year, from its prior on.
    """

    def __init__(self, common: Common, loans: LoanBook, loss_prior: float) -> None:
        self.common = common
        self.loans = loans
        self.capital_usd: Floats = common.ledger.net_worth()[common.register.roll.lenders].copy()
        on_path = common.path.money_factor(common.calendar.elapsed / DAYS_PER_YEAR)  # it was set at a month's end
        self.start_usd: Floats = self.capital_usd * on_path
        self.losses_usd: Floats = np.zeros(len(self.capital_usd))
        self.loss_rate: Floats = np.full(len(self.capital_usd), loss_prior)

    @property
    def of_record(self) -> list[tuple[int, Lends]]:
        """Lenders as (owner, agent)."""
        return self.common.register.these(self.common.register.roll.lenders, Lends)

    @property
    def lost_usd(self) -> Floats:
        """Loans written off so far that lenders had kept, and notes of theirs that were written down (lenders,)."""
        notes = np.minimum(0.0, self.common.ledger.flow("note write-downs")[self.common.register.roll.lenders])
        return np.asarray(self.loans.written_off.sum(axis=0) - self.loans.sold.lost_by_lender - notes)

    def learn(self, half_life_years: float) -> None:
        """Month end: each lender's loss rate moves towards what it has lost this month of what it keeps."""
        year = self.common.board.today.days_of_month / DAYS_PER_YEAR
        lost = self.lost_usd - self.losses_usd
        kept = self.loans.balance.sum(axis=0) - self.loans.sold.held.sum(axis=0) + lost
        for i in np.flatnonzero(kept > 0.0):
            seen = float(lost[i] / kept[i]) / year
            self.loss_rate[i] = learned_loss_rate(float(self.loss_rate[i]), seen, year, half_life_years)

    def fund(self, day: int) -> None:
        """Month end: capital grows with the path and returns to it slowly after losses; the rest is paid or raised.

        W' = W (1 + g y) + min(1, u y) (P - W), W capital less the month's losses, P the path's, y the month in years,
        g growth of money on the path, u the top-up per year.
        """
        if not len(self.capital_usd):
            return
        today, s = self.common.board.today, self.common.path.settings
        year = today.days_of_month / DAYS_PER_YEAR
        growth = s.quantity - s.technology
        path = self.start_usd * math.exp(growth * day / DAYS_PER_YEAR)
        top_up = np.array([agent.top_up_per_year for _, agent in self.of_record])
        lost = self.lost_usd
        capital = self.capital_usd - (lost - self.losses_usd)
        wanted = capital * (1.0 + growth * year) + np.minimum(1.0, top_up * year) * (path - capital)
        self._settle(today.policy_rate, today.days_of_month, wanted)
        self.losses_usd = lost.copy()
        self.capital_usd = wanted

    def _settle(self, rate: float, days: int, wanted_usd: Floats) -> None:
        """Pay depositors their interest, set capital to what is wanted (lenders,), repay deposits with cash."""
        ledger, roll = self.common.ledger, self.common.register.roll
        world = np.full(len(roll.lenders), roll.rest_of_world)
        funding = -ledger.held("funding")[roll.lenders]
        ledger.post(
            "deposit interest", "cash", roll.lenders, world, np.maximum(0.0, funding) * rate * days / DAYS_PER_YEAR
        )
        gap = ledger.net_worth()[roll.lenders] - wanted_usd
        ledger.post("lender dividends", "cash", roll.lenders, world, np.maximum(0.0, gap))
        ledger.post("lender capital raised", "cash", world, roll.lenders, np.maximum(0.0, -gap))
        self.balance_deposits()

    def balance_deposits(self) -> None:
        """Cash repays deposits as long as there are any; what is lacking is deposited."""
        ledger, roll = self.common.ledger, self.common.register.roll
        world = np.full(len(roll.lenders), roll.rest_of_world)
        cash = ledger.held("cash")[roll.lenders].copy()
        owed = np.maximum(0.0, -ledger.held("funding")[roll.lenders])
        for sign, most in ((1.0, owed), (-1.0, np.inf)):
            amount = np.minimum(most, np.maximum(0.0, sign * cash))
            payers, payees = (roll.lenders, world) if sign > 0.0 else (world, roll.lenders)
            ledger.post("deposits", "cash", payers, payees, amount)
            ledger.post("deposits", "funding", payees, payers, amount)

    def marks(self, lent_by: Floats) -> Floats:
        """Mark of each borrower's collateral over book (borrowers,): the mean by what is lent (lenders,)."""
        common = self.common
        marks = np.array([agent.mark(common.register.views[owner]) for owner, agent in self.of_record])
        read = len(marks) and common.board.links.curve_to_collateral > 0.0
        mark = float(lent_by @ marks) if read else 1.0
        return np.full(len(common.register.roll.landlords), mark)

    def capital_cost(self, hurdle: float, lent_by: Floats) -> float:
        """What a loan's capital costs over deposits, per year and USD lent: kappa * (hurdle - base rate)."""
        kappa = float(lent_by @ np.array([agent.capital_ratio for _, agent in self.of_record]))
        return kappa * max(0.0, hurdle - self.common.board.today.policy_rate)

    def room_usd(self, offering: Offering, lent_by: Floats) -> Floats:
        """Draws (lenders,) that capital still allows, given what the vehicle has bought and will buy of them.

        `lent_by` (lenders,) are the shares in which draws are lent.
        """
        return room_for_draws(self.free_usd(offering.relief), offering, lent_by)

    def free_usd(self, relief: float, repaid: Floats | None = None) -> Floats:
        """What capital still allows each lender to hold (lenders,); `relief` of loans sold need none, its notes do.

        `repaid` (loans,) counts as no longer owed.
        """
        loans, held = self.loans.balance, self.loans.sold.held
        if repaid is not None:
            owed = loans.sum(axis=1)
            left = (1.0 - np.minimum(1.0, repaid / np.where(owed > 0.0, owed, 1.0)))[:, None]
            loans, held = loans * left, held * left
        capital = self.common.ledger.net_worth()[self.common.register.roll.lenders]
        freed = relief * held.sum(axis=0)
        notes = self.common.board.securitisation.notes_held_usd
        own = [notes[i] if notes else 0.0 for i in self.common.register.roll.lenders.tolist()]
        room = [
            agent.room_usd(float(capital[i]), float(loans[:, i].sum() - freed[i]) + own[i])
            for i, (_, agent) in enumerate(self.of_record)
        ]
        return np.array(room)


def room_for_draws(room_usd: Floats, offering: Offering, lent_by: Floats) -> Floats:
    """Draws (lenders,) that lenders' room allows when part of them is sold: room / (1 - saved), as far as it sells."""
    if offering.saved <= 0.0:
        return room_usd
    most = room_usd + offering.saved / offering.share * offering.room_usd * lent_by
    if offering.saved >= 1.0:
        return most
    return np.asarray(np.minimum(room_usd / (1.0 - offering.saved), most))
