"""What a posting does to the arrays of the ledger: positions, their sizes, and the flows that explain net worth.

    transfers(positions, sizes, flows, row, reason, payers, payees, amounts) -> whether the amounts may be posted
    pairs(positions, sizes, flows, row, reason, payers, payees, amounts, payers_first) -> the same
    legs(positions, sizes, flows, row, reason, net, made_of, tolerance) -> (whether they cancel, gap, size)

`positions`, `sizes` (instruments, owners) are written at `row`, `flows` (reasons, owners) at `reason` unless that is
negative (an instrument that is not worth its face). What may not be posted changes nothing.
"""

import math

import numpy as np

from sim.kernels.call_auction import Floats, Ints
from sim.kernels.jit import jit
from sim.kernels.sums import columns, rows, total


@jit
def transfers(
    positions: Floats,
    sizes: Floats,
    flows: Floats,
    row: int,
    reason: int,
    payers: Ints,
    payees: Ints,
    amounts: Floats,
) -> bool:
    """Post amounts (n,) of one instrument from payers (n,) to payees (n,); none may be negative or endless."""
    if len(payers) != len(amounts) or len(payees) != len(amounts):
        return False
    for i in range(len(amounts)):
        if not 0.0 <= amounts[i] < math.inf:
            return False
    owners = positions.shape[1]
    got, paid = np.zeros(owners), np.zeros(owners)
    for i in range(len(amounts)):
        got[payees[i]] += amounts[i]
        paid[payers[i]] += amounts[i]
    _book(positions, sizes, flows, row, reason, got, paid)
    return True


@jit
def pairs(
    positions: Floats,
    sizes: Floats,
    flows: Floats,
    row: int,
    reason: int,
    payers: Ints,
    payees: Ints,
    amounts: Floats,
    payers_first: bool,
) -> bool:
    """Post a table of amounts, (payers, payees) or (payees, payers)."""
    first, second = (payers, payees) if payers_first else (payees, payers)
    if amounts.shape != (len(first), len(second)):
        return False
    for i in range(amounts.shape[0]):
        for k in range(amounts.shape[1]):
            if not 0.0 <= amounts[i, k] < math.inf:
                return False
    owners = positions.shape[1]
    down, across = np.zeros(amounts.shape[0]), np.zeros(amounts.shape[1])
    rows(amounts, down)
    columns(amounts, across)
    got, paid = np.zeros(owners), np.zeros(owners)
    for i in range(len(first)):
        if payers_first:
            paid[first[i]] = down[i]
        else:
            got[first[i]] = down[i]
    for i in range(len(second)):
        if payers_first:
            got[second[i]] = across[i]
        else:
            paid[second[i]] = across[i]
    _book(positions, sizes, flows, row, reason, got, paid)
    return True


@jit
def _book(positions: Floats, sizes: Floats, flows: Floats, row: int, reason: int, got: Floats, paid: Floats) -> None:
    for owner in range(positions.shape[1]):
        net = got[owner] - paid[owner]
        positions[row, owner] += net
        sizes[row, owner] += got[owner] + paid[owner]
        if reason >= 0:
            flows[reason, owner] += net


@jit
def legs(
    positions: Floats,
    sizes: Floats,
    flows: Floats,
    row: int,
    reason: int,
    net: Floats,
    made_of: Floats,
    tolerance: float,
) -> tuple[bool, float, float]:
    """Post net legs (owners,) that cancel within `tolerance` of their size, or take back what rounding has left.

    A leg's size is its own and `made_of` (owners,) it.
    """
    if len(net) != positions.shape[1] or len(made_of) != len(net):
        return False, math.nan, math.nan
    size = np.abs(net) + made_of
    gap, most = total(net), total(size)
    left, stood = total(positions[row]) + gap, total(sizes[row])
    good = most < math.inf and (abs(gap) <= tolerance * most or abs(left) <= tolerance * (stood + most))
    if good:
        for owner in range(len(net)):
            positions[row, owner] += net[owner]
            sizes[row, owner] += size[owner]
            if reason >= 0:
                flows[reason, owner] += net[owner]
    return good, gap, most
