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
    left = loans.drawn - loans.repaid - loans.written_off
    all_same(day, "A9", "loans", loans.balance, left, rounding(loans.sizes))
    held, within = ledger.held("loan"), rounding(ledger.sizes(["loan"])[0])
    all_same(day, "A9", "borrowers' loans", -held[roll.landlords], loans.debt_usd, within[roll.landlords])
    kept = loans.balance.sum(axis=0) - loans.sold.held.sum(axis=0)
    all_same(day, "A9", "lenders' loans", held[roll.lenders], kept, within[roll.lenders])
    bought, most = float(held[roll.vehicles].sum()), float(within[roll.vehicles].sum())
    same(day, "A9", "the vehicle's loans", bought, loans.sold.total_usd, most)


def median(values: Floats) -> float:
    """The median; nan where there are no values."""
    return statistics.median(values.tolist()) if len(values) else np.nan
