"""How long a month takes a pool of ten thousand loans: its payments by lender, what it counts for, the waterfall."""

from __future__ import annotations

import numpy as np

from experiments.lab.bench.result import Measured, at_most, by_turns
from sim.credit.participations import Participations
from sim.rows.securitisation import Cover, NoteTerms
from sim.securitisation.waterfall import Due, Payment, Pot, waterfall

LOANS, LENDERS = 10_000, 4
NAMES = ("note_senior", "note_mezzanine", "note_junior", "note_residual")
TERMS = NoteTerms((0.7, 0.12, 0.08, 0.1), 0.0025, 6.0, (Cover(1.2, 1.5), Cover(1.08, 1.2), Cover()), 0.5, False, NAMES)
COUPONS = np.array([0.05, 0.06, 0.075]) / 12.0
GOAL = 10.0


def measure_pool(quick: bool) -> Measured:
    """A month of a pool of 10,000 loans against numpy's sums over its rows, one for each lender's column."""
    rng = np.random.default_rng(1)
    balance = rng.uniform(1e5, 1e7, (LOANS, LENDERS))
    pool = Participations(LOANS, LENDERS)
    pool.buy(0.5 * balance)
    in_default = rng.random(LOANS) < 0.01
    tables = [balance * share for share in (0.006, 0.02, 0.0, 0.0)]
    paid: list[Payment] = []
    timed = by_turns([
        lambda: paid.append(month(pool, balance, tables, in_default)), lambda: balance.sum(axis=1),
    ], 20 if quick else 400)  # fmt: skip
    if abs(paid[-1].total - _sources(pool, balance, tables)) > 1e-6 * paid[-1].total:
        raise AssertionError("pool: what is paid is not what came in")
    return at_most("a month of 10,000 loans / sums over their rows", timed[0], timed[1], 1.0, "month", GOAL)


def month(pool: Participations, balance: np.ndarray, tables: list[np.ndarray], in_default: np.ndarray) -> Payment:
    """What each lender passes on of its loans' payments, the collateral left, and what the notes are paid of it."""
    interest, principal, _, _ = (pool.parts(balance, table) for table in tables)
    held = (pool.held - principal).sum(axis=1)
    collateral = float(held @ np.where(in_default, TERMS.recovery, 1.0))
    notes = pool.total_usd * np.array(TERMS.shares)
    due = Due(TERMS.fee_per_year / 12.0 * pool.total_usd, tuple((notes[:-1] * COUPONS).tolist()), 0.0)
    return waterfall(Pot(float(interest.sum()), float(principal.sum()), 0.0), due, notes, collateral, TERMS)


def _sources(pool: Participations, balance: np.ndarray, tables: list[np.ndarray]) -> float:
    return float(sum(pool.parts(balance, table).sum() for table in tables[:2]))
