"""The law of notes, and the series that securitisation records."""

from __future__ import annotations

import numpy as np

from sim.laws import all_same, same
from sim.ledger import Ledger
from sim.record import Column
from sim.register import Roll
from sim.rounding import rounding
from sim.securitisation.notes import NotePool
from sim.vocabulary import Ints

USES = {
    "collected": "interest and principal that the vehicle pays out of today, what it had kept among it",
    "fees": "of these, fees",
    "interest_senior": "interest on senior notes and the line behind paper",
    "interest_mezzanine": "interest on mezzanine notes",
    "interest_junior": "interest on junior notes",
    "repaid": "principal of notes",
    "kept": "kept for new loans",
    "reserve": "put into the reserve; below zero where it is drawn upon",
    "residual": "paid to the residual",
}

COLUMNS = [
    Column("notes_senior_usd", "USD", "senior notes outstanding"),
    Column("notes_junior_usd", "USD", "junior notes outstanding"),
    Column("notes_residual_usd", "USD", "balance of the residual class"),
    Column("loans_sold_usd", "USD", "loans held by the vehicle"),
    Column("notes_issued_usd", "USD", "notes of all classes issued today"),
    Column("note_spread_required", "1/year", "lowest spread that investors asked at the last offering, all classes"),
    Column("note_writedowns_usd", "USD", "notes written down today"),
    Column("oc_ratio", "ratio", "collateral over senior notes; empty where there are none"),
]

DEAL_COLUMNS = [
    Column("notes_mezzanine_usd", "USD", "mezzanine notes outstanding"),
    Column("paper_line_usd", "USD", "drawn under the line that stands behind commercial paper"),
    Column("paper_rolled", "share", "of commercial paper due today that its holders rolled; empty where there is none"),
    Column("paper_unpaid_usd", "USD", "commercial paper due and not paid"),
    Column("pool_bought_usd", "USD", "loans that the vehicle bought today, with notes or with principal"),
    Column("pool_sales_usd", "USD", "face of loans that the vehicle had to sell today"),
    Column("pool_dscr", "ratio", "coverage of the vehicle's borrowers, by what it holds of their loans"),
    Column("pool_loss_share", "share", "lost so far of all loans that the vehicle has bought"),
    Column("deal_stage", "0 to 4", "0 revolving, 1 amortising, 2 a test fails, 3 cash is trapped, 4 notes come first"),
    Column("reserve_usd", "USD", "the vehicle's reserve, with what is trapped"),
    Column("warehouse_usd", "USD", "loans made to be sold that nobody has bought"),
    Column("oc_headroom", "ratio", "least collateral over a note and all above less its test; empty without tests"),
    Column("interest_coverage", "ratio", "interest collected less fees over what was due on all notes, last payment"),
    Column(
        "note_price_senior",
        "ratio",
        "mark of senior notes over what was paid for them and not repaid, after "
        "write-downs and at losses expected and spreads asked now; empty where none were sold",
    ),
    Column("note_price_mezzanine", "ratio", "the same of mezzanine notes"),
    Column("note_price_junior", "ratio", "the same of junior notes"),
    Column("loss_expected_senior", "share", "of senior notes, a year, by the rating model"),
    Column("loss_expected_mezzanine", "share", "the same of mezzanine notes"),
    Column("loss_expected_junior", "share", "the same of junior notes"),
    Column("note_writedowns_senior_usd", "USD", "senior notes written down today"),
    Column("note_writedowns_mezzanine_usd", "USD", "mezzanine notes written down today"),
    Column("note_writedowns_junior_usd", "USD", "junior notes written down today"),
    Column("note_writedowns_residual_usd", "USD", "residual written down today"),
    *(Column(f"deal_{use}_usd", "USD", meaning) for use, meaning in USES.items()),
]


def check_notes(day: int, ledger: Ledger, roll: Roll, pool: NotePool, owners: Ints) -> None:
    """A10: uses = sources; cash = reserve + collections; pool + principal collected = notes, class by class."""
    if not len(roll.vehicles):
        return
    vehicle = int(roll.vehicles[0])
    classes = pool.classes
    moved, lent, *issued = (rounding(ledger.size([name], vehicle)) for name in ("cash", "loan", *classes))
    loans, cash = ledger.holding("loan", vehicle), ledger.holding("cash", vehicle)
    same(day, "A10", "uses and sources", pool.uses_usd, pool.sources_usd, moved)
    waiting = pool.waiting_interest + pool.waiting_principal
    same(day, "A10", "vehicle's cash", cash, pool.reserve_usd + waiting, moved)
    owed, most = sum(pool.balance.tolist()), moved + lent + sum(issued)
    same(day, "A10", "pool and notes", loans + pool.waiting_principal, owed, most)
    if not ledger.owes_in_shares(classes, vehicle, owners, pool.balance, pool.holders):
        notes, within = ledger.table(classes), np.array(issued)
        held, shares = notes[:, owners], pool.balance[:, None] * pool.holders
        all_same(day, "A10", "owed on", -notes[:, vehicle], pool.balance, within, classes)
        all_same(day, "A10", "holders of", held, shares, within[:, None], classes)
