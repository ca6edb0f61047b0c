"""The law of notes, and the series that securitisation records."""

from __future__ import annotations

from sim.laws import all_same, same
from sim.ledger import Ledger
from sim.record import Column
from sim.register import Roll
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


def check_notes(day: int, ledger: Ledger, roll: Roll, pool: NotePool, issued_usd: float) -> None:
    """A10: uses = sources; cash = reserve + collections; pool + principal collected = notes, class by class.

    `issued_usd` is what has been issued so far, against which rounding is judged.
    """
    if not len(roll.vehicles):
        return
    vehicle, size = int(roll.vehicles[0]), issued_usd + 1.0
    loans, cash = float(ledger.held("loan")[vehicle]), float(ledger.held("cash")[vehicle])
    same(day, "A10", "uses and sources", pool.uses_usd, pool.sources_usd)
    waiting = pool.waiting_interest + pool.waiting_principal
    same(day, "A10", "vehicle's cash", cash, pool.reserve_usd + waiting, size)
    same(day, "A10", "pool and notes", loans + pool.waiting_principal, float(pool.balance.sum()), size)
    notes = ledger.table(CLASSES)
    all_same(day, "A10", "owed on", -notes[:, vehicle], pool.balance, size, CLASSES)
    all_same(day, "A10", "holders of", notes[:, roll.investors], pool.balance[:, None] * pool.holders, size, CLASSES)
