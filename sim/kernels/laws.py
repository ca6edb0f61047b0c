"""What the laws compare, in one pass each: tables that agree, a ledger's balance, contracts counted anew.

agree(a, b, within) -> whether two arrays (n,) are the same within their rounding
note_sizes(positions, sizes, flows, flow_sizes, instruments, reasons): add what stands tonight
unbalanced(positions, sizes, instruments, tolerance) -> the first row that does not net to zero, -1 if all do
owing(positions, sizes, may_owe, instruments, tolerance) -> (row, owner) of the first who owes without right, or -1
recount(cohorts, landlord, weights) -> a landlord's total (customers,)
"""

import math

import numpy as np
from numpy.typing import NDArray

from sim.kernels.call_auction import Floats
from sim.kernels.jit import jit
from sim.kernels.sums import part


@jit
def agree(a: Floats, b: Floats, within: Floats) -> bool:
    """Return whether a and b (n,) are nowhere farther apart than `within` (n,), and nowhere nan or endless."""
    for i in range(len(a)):
        gap = abs(a[i] - b[i])
        if not (gap < math.inf and gap <= within[i]):
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
    for owner in range(positions.shape[1]):
        size = 0.0
        for k in range(reasons):
            size += abs(flows[k, owner])
        if size < math.inf:
            flow_sizes[owner] += size


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
def recount(cohorts: Floats, landlord: int, weights: Floats) -> Floats:
    """Return a landlord's sums (customers,) over the slots of `cohorts` (slots, landlords, customers), by weight."""
    found = np.zeros(cohorts.shape[2])
    for slot in range(cohorts.shape[0]):
        for customer in range(cohorts.shape[2]):
            found[customer] += weights[slot] * cohorts[slot, landlord, customer]
    return found
