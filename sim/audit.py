"""The laws of accounting, checked at the close of every simulated day. A broken one stops the run.

Each is asked in one pass over its tables, mostly in a kernel; only where that finds something the same is compared one
by one, to say what (tests hold both to the same answer).

A1 cash nets to zero, A2 so does every other instrument, and only issuers owe. A3 every owner's net worth is what its
flows explain. Departments check their own in their `audit.py`: exchange A4 and A5, rental A6 (GPU-hours: fleet =
reserved + sold + unsold + downtime) and A12 (users' spending is owners' revenue), hardware A7 and A8, credit A9,
securitisation A10, funds A11, reserved A12 (contracts' totals agree with the ledger and their cohorts), labs A13,
indices A14.
"""

from __future__ import annotations

from sim.laws import all_same, fail
from sim.ledger import Ledger
from sim.rounding import rounding


def check_ledger(day: int, ledger: Ledger) -> None:
    """A1, A2, A3; raises BrokenLaw naming the law, the day and the gap.

    Adds first what stands tonight to the sizes of balances: rounding is judged by them.
    """
    ledger.note_sizes()
    if ledger.in_order():
        return
    check_balance(day, ledger)
    check_net_worth(day, ledger)


def check_balance(day: int, ledger: Ledger) -> None:
    """A1, A2: every instrument nets to zero over its owners; nobody owes what it may not."""
    bad = ledger.out_of_balance()
    if bad is not None:
        fail(day, "A1" if bad[0] == "cash" else "A2", f"{bad[0]} nets to {bad[1]!r}")
    debtor = ledger.owing_without_right()
    if debtor is not None:
        fail(day, "A2", f"{debtor[0]} owes {debtor[1]}: {debtor[2]!r}")


def check_net_worth(day: int, ledger: Ledger) -> None:
    """A3: net worth, owner by owner, is the sum of all flows by reason."""
    within = rounding(ledger.sizes_usd())
    all_same(day, "A3", "net worth of", ledger.net_worth(), ledger.explained(), within, ledger.owners)
