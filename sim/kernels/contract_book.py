"""What the day does to contracts for reserved capacity: who signs with whom, what is entered, what is delivered.

Tables are (landlords, customers), one for each tenor where a tenor comes first, or one for each slot.
"""

import numpy as np

from sim.kernels.call_auction import Floats, Ints
from sim.kernels.jit import jit
from sim.kernels.sums import columns, rows


@jit
def paired(sold: Floats, bought: Floats, renewed: Floats, shares: Floats) -> Floats:
    """Return who signs with whom (tenors, landlords, customers): renewals first, the rest in proportion to both sides.

    `sold` (tenors, landlords) and `bought` (tenors, customers) are VE, `renewed` (landlords, customers) is what would
    stay with its landlord, of which each tenor has its part of `shares` (tenors,).
    """
    tenors, landlords, customers = len(sold), sold.shape[1], bought.shape[1]
    found = np.empty((tenors, landlords, customers))
    of_landlord, of_customer = np.zeros(landlords), np.zeros(customers)
    for k in range(tenors):
        kept = found[k]
        for i in range(landlords):
            for c in range(customers):
                kept[i, c] = shares[k] * renewed[i, c]
        rows(kept, of_landlord)
        for i in range(landlords):
            for c in range(customers):
                kept[i, c] *= at_most_one(sold[k, i], of_landlord[i])
        columns(kept, of_customer)
        for i in range(landlords):
            for c in range(customers):
                kept[i, c] *= at_most_one(bought[k, c], of_customer[c])
        rows(kept, of_landlord)
        columns(kept, of_customer)
        rest = np.empty((1, customers))
        for c in range(customers):
            rest[0, c] = max(0.0, bought[k, c] - of_customer[c])
        total = np.zeros(1)
        rows(rest, total)
        left = max(total[0], 1e-300)
        for i in range(landlords):
            free = max(0.0, sold[k, i] - of_landlord[i])
            for c in range(customers):
                kept[i, c] += free * (rest[0, c] / left)
    return found


@jit
def at_most_one(most: float, asked: float) -> float:
    """Return the share of what is asked that there is."""
    return float(min(1.0, most / max(asked, 1e-300)))


@jit
def enter(
    signed: Floats,
    rent_usd: Floats,
    slots: Ints,
    prepaid_rate: Floats,
    later_share: Floats,
    weeks: Floats,
    indexed_share: float,
    expected_usd: Floats,
    quantity: Floats,
    value: Floats,
    weekly_usd: Floats,
    units: Floats,
    totals: Floats,
    earned_usd: Floats,
) -> Floats:
    """Enter contracts (tenors, landlords, customers) VE at rents (tenors, landlords); returns prepayments due, USD.

    Tenor k ends at `slots[k]`: of its rent `prepaid_rate[k]` USD are due at once per USD an hour, which are earned over
    `weeks[k]`, and the share `later_share[k]` is owed hour by hour. Of that an `indexed_share` is owed as units of an
    index instead, `expected_usd[k]` of rent to one. `quantity`, `value`, `weekly_usd` and `units` are cohorts by slot,
    `totals` (4, ...) their sums: capacity, rent, what is prepaid, units; `earned_usd` is of a week.
    """
    landlords, customers = signed.shape[1], signed.shape[2]
    found = np.zeros((landlords, customers))
    for k in range(len(signed)):
        at = slots[k]
        for i in range(landlords):
            for c in range(customers):
                rent = signed[k, i, c] * rent_usd[k, i]
                due = rent * prepaid_rate[k]
                later, weekly = rent * later_share[k], due / weeks[k]
                if indexed_share > 0.0:
                    linked = indexed_share * later / expected_usd[k]
                    units[at, i, c] += linked
                    totals[3, i, c] += linked
                    later = (1.0 - indexed_share) * later
                quantity[at, i, c] += signed[k, i, c]
                value[at, i, c] += later
                weekly_usd[at, i, c] += weekly
                totals[0, i, c] += signed[k, i, c]
                totals[1, i, c] += later
                totals[2, i, c] += due
                earned_usd[i, c] += weekly
                found[i, c] += due
    return found


@jit
def novate(cohorts: Floats, passed_on: Floats) -> None:
    """Pass contracts (slots, landlords, customers) on, in place: of what i has let, j takes `passed_on[j, i]`.

    What j has then is added up in the order of who had it.
    """
    landlords, customers = cohorts.shape[1], cohorts.shape[2]
    before = np.empty((landlords, customers))
    for slot in range(len(cohorts)):
        table, any_let = cohorts[slot], False
        for i in range(landlords):
            for c in range(customers):
                before[i, c] = table[i, c]
                any_let = any_let or table[i, c] != 0.0
                table[i, c] = 0.0
        if not any_let:
            continue
        for j in range(landlords):
            for i in range(landlords):
                share = passed_on[j, i]
                if share != 0.0:
                    for c in range(customers):
                        table[j, c] += share * before[i, c]
