"""What the laws compare, in one pass each; where something is wrong they say only that: `sim.audit` and the departments
then count the same plainly, and say what.

note_sizes(positions, sizes, flows, flow_sizes, instruments, reasons): add what stands tonight
in_order(positions, sizes, flows, flow_sizes, face, may_owe, instruments, reasons, tolerance) -> whether A1 to A3 hold
unbalanced(positions, sizes, instruments, tolerance) -> the first row that does not net to zero, -1 if all do
owing(positions, sizes, may_owe, instruments, tolerance) -> (row, owner) of the first who owes without right, or -1
holds(positions, sizes, rows, owners, told, unit, tolerance) -> whether a ledger says of positions what a table does
holds_in_parts(positions, sizes, rows, owners, parts, sign, tolerance) -> the same of sums
vintages(installed, cost, kept, owner, day) -> an owner's VE at work and on order, and the book value of the first
counted_anew(cohorts, landlord, passed, by_weeks, told, sizes, tolerance) -> whether a landlord's cohorts are its total
recount(cohorts, landlord, passed, by_weeks) -> a landlord's total (customers,)
balances(balance, drawn, repaid, written_off, sizes, tolerance) -> whether balances are what their counters leave
owed_in_shares(positions, sizes, rows, issuer, owners, balance, shares, tolerance) -> whether a ledger says of notes
    what their balances and shares do
hours(kept, sold, swing, traded, landlords, fleet, running, a_day, tolerance) -> whether landlords sold what they had,
    and what was sold and traded
"""

import math

import numpy as np
from numpy.typing import NDArray

from sim.kernels.call_auction import Floats, Ints
from sim.kernels.jit import jit
from sim.kernels.sums import part, total


@jit
def same(a: float, b: float, within: float) -> bool:
    """Return whether a and b are no farther apart than `within`; nan and infinity are near nothing."""
    gap = abs(a - b)
    return gap < math.inf and gap <= within


@jit
def agree(a: Floats, b: Floats, sizes: Floats, tolerance: float) -> bool:
    """Return whether a and b (n,) are nowhere farther apart than rounding of their sizes (n,)."""
    for i in range(len(a)):
        gap = abs(a[i] - b[i])
        if not (gap < math.inf and gap <= tolerance * sizes[i]):
            return False
    return True


@jit
def note_sizes(
    positions: Floats, sizes: Floats, flows: Floats, flow_sizes: Floats, instruments: int, reasons: int
) -> None:
    """Add to sizes (instruments, owners) what stands, and to `flow_sizes` (owners,) all that moved."""
    for k in range(instruments):
        for owner in range(positions.shape[1]):
            size = abs(positions[k, owner])
            if size < math.inf:
                sizes[k, owner] += size
    moved = np.zeros(positions.shape[1])
    for k in range(reasons):
        for owner in range(len(moved)):
            moved[owner] += abs(flows[k, owner])
    for owner in range(len(moved)):
        if moved[owner] < math.inf:
            flow_sizes[owner] += moved[owner]


@jit
def in_order(
    positions: Floats,
    sizes: Floats,
    flows: Floats,
    flow_sizes: Floats,
    face: Floats,
    may_owe: NDArray[np.bool_],
    instruments: int,
    reasons: int,
    tolerance: float,
) -> bool:
    """Return whether all rows net to zero, nobody owes without right, and flows explain what owners are worth."""
    if unbalanced(positions, sizes, instruments, tolerance) >= 0:
        return False
    if owing(positions, sizes, may_owe, instruments, tolerance)[0] >= 0:
        return False
    owners = positions.shape[1]
    worth, size, explained = np.zeros(owners), flow_sizes.copy(), np.zeros(owners)
    for k in range(instruments):
        for owner in range(owners):
            worth[owner] += face[k] * positions[k, owner]
            size[owner] += face[k] * sizes[k, owner]
    for k in range(reasons):
        for owner in range(owners):
            explained[owner] += flows[k, owner]
    return agree(worth, explained, size, tolerance)


@jit
def unbalanced(positions: Floats, sizes: Floats, instruments: int, tolerance: float) -> int:
    """Return the first row whose sum over owners is more than rounding of its size."""
    owners = positions.shape[1]
    for k in range(instruments):
        if not abs(part(positions[k], 0, owners)) <= tolerance * part(sizes[k], 0, owners):
            return k
    return -1


@jit
def owing(
    positions: Floats, sizes: Floats, may_owe: NDArray[np.bool_], instruments: int, tolerance: float
) -> tuple[int, int]:
    """Return the first position below zero, by more than rounding, of an owner that may not owe the instrument."""
    for k in range(instruments):
        for owner in range(positions.shape[1]):
            if positions[k, owner] < -tolerance * sizes[k, owner] and not may_owe[k, owner]:
                return k, owner
    return -1, -1


@jit
def holds(
    positions: Floats, sizes: Floats, rows: Ints, owners: Ints, told: Floats, unit: Floats, tolerance: float
) -> bool:
    """Return whether owners' positions in `rows`, in `unit` (rows,) to one, are what `told` (owners, rows) says."""
    if told.shape != (len(owners), len(rows)) or len(unit) != len(rows):
        return False
    for i in range(len(owners)):
        for k in range(len(rows)):
            held, size = positions[rows[k], owners[i]], sizes[rows[k], owners[i]]
            if not same(held * unit[k], told[i, k], tolerance * size * abs(unit[k])):
                return False
    return True


@jit
def holds_in_parts(
    positions: Floats, sizes: Floats, rows: Ints, owners: Ints, parts: Floats, sign: float, tolerance: float
) -> bool:
    """Return whether positions, times `sign`, are the sums over `parts` (n, parts).

    They are of one owner in `rows` (n,), or of `owners` (n,) in one row.
    """
    one_owner = len(owners) == 1
    if len(parts) != (len(rows) if one_owner else len(owners)):
        return False
    for i in range(len(parts)):
        row, owner = (rows[i], owners[0]) if one_owner else (rows[0], owners[i])
        found = part(parts[i], 0, parts.shape[1])
        if not same(sign * positions[row, owner], found, tolerance * sizes[row, owner]):
            return False
    return True


@jit
def vintages(installed: Floats, cost: Floats, kept: Floats, owner: int, day: int) -> tuple[float, float, float]:
    """Return an owner's VE at work and on order, and its book value, added up pairwise: see `sim.kernels.sums`.

    In `installed`, `cost` (owners, grades, days) what works after `day` stands in as many days from the next on as
    `kept` (life,) has, the share of the cost that is left of each; what is on order stands behind.
    """
    grades, length, life = installed.shape[1], installed.shape[2], len(kept)
    first = day + 1
    working, due, book = np.empty(grades), np.empty(grades), np.empty(grades * life)
    for g in range(grades):
        working[g] = part(installed[owner, g], first, life)
        due[g] = part(installed[owner, g], first + life, length - first - life)
        for t in range(life):
            book[g * life + t] = cost[owner, g, first + t] * kept[t]
    return total(working), total(due), total(book)


@jit
def counted_anew(
    cohorts: Floats, landlord: int, passed: Ints, by_weeks: bool, told: Floats, sizes: Floats, tolerance: float
) -> bool:
    """Return whether a landlord's cohorts add up to what is told of it (customers,)."""
    return agree(told, recount(cohorts, landlord, passed, by_weeks), sizes, tolerance)


@jit
def recount(cohorts: Floats, landlord: int, passed: Ints, by_weeks: bool) -> Floats:
    """Return a landlord's sums (customers,) over the slots of `cohorts` (slots, landlords, customers).

    A weekday's slots are a ring, turned on by the weeks that have `passed` (weekdays,); `by_weeks` counts what is in a
    slot once for each week that is left to it.
    """
    weeks = cohorts.shape[0] // len(passed)
    found = np.zeros(cohorts.shape[2])
    for slot in range(cohorts.shape[0]):
        weekday, week = slot // weeks, slot % weeks
        weight = float((week - passed[weekday]) % weeks) if by_weeks else 1.0
        for customer in range(cohorts.shape[2]):
            found[customer] += weight * cohorts[slot, landlord, customer]
    return found


@jit
def balances(
    balance: Floats, drawn: Floats, repaid: Floats, written_off: Floats, sizes: Floats, tolerance: float
) -> bool:
    """Return whether balances (loans, lenders) are what was drawn less what was repaid and written off."""
    for i in range(balance.shape[0]):
        for k in range(balance.shape[1]):
            left = drawn[i, k] - repaid[i, k] - written_off[i, k]
            if not same(balance[i, k], left, tolerance * sizes[i, k]):
                return False
    return True


@jit
def owed_in_shares(
    positions: Floats, sizes: Floats, rows: Ints, issuer: int, owners: Ints, balance: Floats, shares: Floats,
    tolerance: float,
) -> bool:  # fmt: skip
    """Return whether an issuer owes the balance of each class (rows,), and owners hold their shares (rows, owners)."""
    if len(balance) != len(rows) or shares.shape != (len(rows), len(owners)):
        return False
    for k in range(len(rows)):
        within = tolerance * sizes[rows[k], issuer]
        if not same(-positions[rows[k], issuer], balance[k], within):
            return False
        for i in range(len(owners)):
            if not same(positions[rows[k], owners[i]], balance[k] * shares[k, i], within):
                return False
    return True


@jit
def hours(
    kept: Floats, sold: Floats, swing: Floats, traded: Floats, landlords: Ints, fleet: Floats, running: Floats,
    a_day: float, tolerance: float,
) -> tuple[bool, float, float]:  # fmt: skip
    """Return whether no landlord sold more than it had, all VE-hours that were sold, and all that were traded.

    What runs of its `fleet` (landlords, grades), `running` (owners,), less what is `kept` for contracts (landlords,)
    was there for so many hours `a_day`. `sold`, `swing` (products, owners), `traded` (hours, products) are VE-hours.
    """
    fits = True
    for i in range(len(landlords)):
        owner, let = landlords[i], 0.0
        for j in range(len(sold)):
            let += sold[j, owner]
        most = part(fleet[i], 0, fleet.shape[1]) * a_day * running[owner]
        if not kept[i] * a_day + let <= most + tolerance * most:
            fits = False
    return fits, total(sold.ravel()) + total(swing.ravel()), total(traded.ravel())
