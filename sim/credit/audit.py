"""The law of loans, and the series that credit records."""

from __future__ import annotations

import statistics

import numpy as np

from sim.credit.loans import LoanBook
from sim.laws import all_same, same
from sim.ledger import Ledger
from sim.record import Column
from sim.register import Roll
from sim.rounding import rounding
from sim.vocabulary import Floats

LOAN = ("loan",)
COLUMNS = [
    Column("loans_usd", "USD", "loans outstanding"),
    Column("lender_capital_usd", "USD", "capital of all lenders"),
    Column("dscr_median", "ratio", "median debt service coverage of borrowers"),
    Column("room_share", "share", "share of wanted draws that lenders' capital allowed, last month end"),
    Column("collateral_mark", "ratio", "lenders' mark of collateral over book"),
    Column("defaults", "firms", "landlords that defaulted today"),
    Column("loan_losses_usd", "USD", "loans written off today"),
    Column("lender_losses_usd", "USD", "the part of them that lenders had not sold"),
    Column("loan_draws_usd", "USD", "new loans today"),
    Column("loan_spread_mean", "1/year", "spread of a new loan over the policy rate, mean over borrowers; empty if "
           "there are none"),
    Column("loan_spread_max", "1/year", "the highest of these spreads"),
    Column("base_bound", "firms", "borrowers whose borrowing base cut their draws at the last month end"),
]  # fmt: skip

BALLOON_COLUMNS = [
    Column("balloons_due_usd", "USD", "balloons that may be drawn anew due today, those overdue among them"),
    Column("balloons_refinanced_usd", "USD", "of these, repaid out of new loans"),
    Column("balloons_cash_usd", "USD", "of these, paid in cash"),
    Column("balloons_sales_usd", "USD", "balloons overdue that were repaid today out of GPUs that their owners sold"),
    Column("balloons_overdue_usd", "USD", "balloons due and neither drawn anew nor paid"),
]

CALL_COLUMNS = [
    Column("calls_open", "firms", "borrowers with an open margin call"),
    Column("called_usd", "USD", "beyond maintenance in today's new calls"),
    Column("calls_cash_usd", "USD", "cash that met calls today"),
    Column("calls_chips_usd", "USD", "GPUs that were pledged to cure calls today"),
    Column("calls_sales_usd", "USD", "loans repaid out of forced sales of solvent borrowers today"),
    Column("loan_to_value", "ratio", "loans over what GPUs and chips on order count for, on the basis of the loans"),
]


def check_loans(day: int, ledger: Ledger, roll: Roll, loans: LoanBook) -> None:
    """A9: balances = draws - principal - write-offs, and are the ledger's, by borrower, by lender, for the vehicle."""
    if not loans.add_up():
        left = loans.drawn - loans.repaid - loans.written_off
        all_same(day, "A9", "loans", loans.balance, left, rounding(loans.sizes))
    landlords, lenders = roll.landlords, roll.lenders
    if not ledger.holds_in_parts(LOAN, landlords, loans.parts_of_borrowers, owed=True):
        owed, within = -ledger.held("loan")[landlords], rounding(ledger.sizes(LOAN)[0, landlords])
        all_same(day, "A9", "borrowers' loans", owed, loans.debt_usd, within)
    kept = loans.balance.sum(axis=0) - loans.sold.held.sum(axis=0)
    if not ledger.holds(LOAN, lenders, kept[:, None], np.ones(1)):
        held, within = ledger.held("loan")[lenders], rounding(ledger.sizes(LOAN)[0, lenders])
        all_same(day, "A9", "lenders' loans", held, kept, within)
    vehicles = roll.vehicles.tolist()
    bought: float = sum(ledger.holding("loan", vehicle) for vehicle in vehicles)
    size: float = sum(ledger.size(LOAN, vehicle) for vehicle in vehicles)
    same(day, "A9", "the vehicle's loans", bought, loans.sold.total_usd, rounding(size))


def median(values: Floats) -> float:
    """The median; nan where there are no values."""
    return statistics.median(values.tolist()) if len(values) else np.nan
