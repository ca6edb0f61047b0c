"""The law of notes, and the series that securitisation records."""

from __future__ import annotations

import numpy as np

from sim.laws import all_same, same
from sim.ledger import Ledger
from sim.record import Column
from sim.register import Roll
from sim.rounding import rounding
from sim.rows.securitisation import CLASSES
from sim.securitisation.notes import NotePool

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


def check_notes(day: int, ledger: Ledger, roll: Roll, pool: NotePool) -> None:
    """A10: uses = sources; cash = reserve + collections; pool + principal collected = notes, class by class."""
    if not len(roll.vehicles):
        return
    vehicle = int(roll.vehicles[0])
    moved, lent, *issued = rounding(ledger.sizes(["cash", "loan", *CLASSES])[:, vehicle]).tolist()
    loans, cash = float(ledger.held("loan")[vehicle]), float(ledger.held("cash")[vehicle])
    same(day, "A10", "uses and sources", pool.uses_usd, pool.sources_usd, moved)
    waiting = pool.waiting_interest + pool.waiting_principal
    same(day, "A10", "vehicle's cash", cash, pool.reserve_usd + waiting, moved)
    same(
        day,
        "A10",
        "pool and notes",
        loans + pool.waiting_principal,
        float(pool.balance.sum()),
        moved + lent + sum(issued),
    )
    notes = ledger.table(CLASSES)
    within, held = np.array(issued), notes[:, roll.investors]
    all_same(day, "A10", "owed on", -notes[:, vehicle], pool.balance, within, CLASSES)
    all_same(day, "A10", "holders of", held, pool.balance[:, None] * pool.holders, within[:, None], CLASSES)
