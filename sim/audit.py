"""The laws of accounting, checked at the close of every simulated day. A broken one stops the run.

A1 cash nets to zero, A2 so does every other instrument, and only issuers owe. A3 every owner's net worth is what its
flows explain. Departments check their own in their `audit.py`: exchange A4 and A5, rental A6 (GPU-hours: fleet =
reserved + sold + unsold + downtime) and A12 (users' spending is owners' revenue), hardware A7 and A8, credit A9,
securitisation A10, funds A11, reserved A12 (contracts' totals agree with the ledger and their cohorts), labs A13,
indices A14.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sim.laws import all_same, fail

if TYPE_CHECKING:
    from sim.economy import Economy

DEBT_TOLERANCE_USD = 1e-3


def check_day(e: Economy) -> None:
    """Check all laws at the close; raises BrokenLaw naming the law, the day and the gap."""
    note_sizes(e)
    check_balance(e)
    check_net_worth(e)
    for department in e.departments:
        department.laws(e.day)


def note_sizes(e: Economy) -> None:
    """Remember how large balances have been: the rounding of what has ended since is of that size."""
    e.books.ledger.note_sizes()
    for crowd in e.exchange.crowds:
        crowd.note_sizes()


def check_balance(e: Economy) -> None:
    """A1, A2: every instrument nets to zero over its owners; nobody owes what it may not."""
    bad = e.books.ledger.out_of_balance()
    if bad is not None:
        fail(e.day, "A1" if bad[0] == "cash" else "A2", f"{bad[0]} nets to {bad[1]!r}")
    debtor = e.books.ledger.owing_without_right(DEBT_TOLERANCE_USD)
    if debtor is not None:
        fail(e.day, "A2", f"{debtor[0]} owes {debtor[1]}: {debtor[2]!r}")


def check_net_worth(e: Economy) -> None:
    """A3: net worth, owner by owner, is the sum of all flows by reason."""
    ledger = e.books.ledger
    size = ledger.turnover() + 1.0
    all_same(e.day, "A3", "net worth of", ledger.net_worth(), ledger.explained(), size, ledger.owners)
