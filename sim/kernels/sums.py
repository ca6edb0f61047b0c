"""Sums of floats in the order in which numpy adds them up, so that a kernel leaves the bits of the array expression.

`total` adds as numpy's pairwise summation does (Higham 2002, ch. 4): eight lanes side by side up to 128 numbers, halves
beyond. A table's rows are added up so, its columns row after row; `mean_sd` are a mean and standard deviation of such
sums. `exact` is rounded once, as `math.fsum` is.
"""

import math

import numpy as np

from sim.kernels.call_auction import Floats
from sim.kernels.jit import jit

LANES, BLOCK = 8, 128
DEPTH = 64  # halves of halves


@jit
def total(values: Floats) -> float:
    """Return the sum of values (n,)."""
    return part(values, 0, len(values))


@jit
def part(values: Floats, at: int, n: int) -> float:
    """Return the sum of n values from a place on."""
    if n <= BLOCK:
        return block(values, at, n)
    # Halves of halves, without recursion, which numba cannot keep on disk: what waits for its second half.
    starts, sizes, first = np.zeros(DEPTH, np.int64), np.zeros(DEPTH, np.int64), np.zeros(DEPTH)
    depth, found = 0, 0.0
    while True:
        while n > BLOCK:
            half = n // 2
            half -= half % LANES
            starts[depth], sizes[depth] = at + half, n - half
            depth += 1
            n = half
        found = block(values, at, n)
        while depth > 0 and sizes[depth - 1] == 0:
            depth -= 1
            found = first[depth] + found
        if depth == 0:
            return found
        first[depth - 1] = found
        at, n = starts[depth - 1], sizes[depth - 1]
        sizes[depth - 1] = 0


@jit
def block(v: Floats, at: int, n: int) -> float:
    """Return the sum of at most `BLOCK` values from a place on."""
    whole = n - n % LANES
    found = 0.0
    if whole:
        a, b, c, d = v[at], v[at + 1], v[at + 2], v[at + 3]
        e, f, g, h = v[at + 4], v[at + 5], v[at + 6], v[at + 7]
        for i in range(at + LANES, at + whole, LANES):
            a, b, c, d = a + v[i], b + v[i + 1], c + v[i + 2], d + v[i + 3]
            e, f, g, h = e + v[i + 4], f + v[i + 5], g + v[i + 6], h + v[i + 7]
        found = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(at + whole, at + n):
        found += v[i]
    return found


@jit
def rows(table: Floats, into: Floats) -> None:
    """Write the sum of each row of a table (n, m) into (n,)."""
    for i in range(len(table)):
        into[i] = part(table[i], 0, table.shape[1])


@jit
def columns(table: Floats, into: Floats) -> None:
    """Write the sum of each column of a table (n, m) into (m,)."""
    for k in range(table.shape[1]):
        into[k] = 0.0
    for i in range(len(table)):
        for k in range(table.shape[1]):
            into[k] += table[i, k]


@jit
def mean_sd(values: Floats) -> tuple[float, float]:
    """Return the mean of values (n,) and their standard deviation."""
    n = len(values)
    mean = total(values) / n
    squares = np.empty(n)
    for i in range(n):
        squares[i] = (values[i] - mean) * (values[i] - mean)
    return mean, math.sqrt(total(squares) / n)


@jit
def exact(values: Floats) -> float:
    """Return the sum of values (n,) rounded once: `math.fsum` (Shewchuk 1997), whatever their order."""
    parts, count = np.empty(len(values) + 1), 0  # which do not overlap, the smallest first
    for value in values:
        x, kept = value, 0
        for i in range(count):
            y = parts[i]
            if abs(x) < abs(y):
                x, y = y, x
            high = x + y
            low = y - (high - x)
            if low != 0.0:
                parts[kept] = low
                kept += 1
            x = high
        parts[kept] = x
        count = kept + 1
    return _rounded(parts, count)


@jit
def _rounded(parts: Floats, count: int) -> float:
    """The sum of parts that do not overlap, the smallest first; halfway cases are told by what lies below."""
    high, low = 0.0, 0.0
    while count > 0 and low == 0.0:
        count -= 1
        x, y = high, parts[count]
        high = x + y
        low = y - (high - x)
    if count > 0 and ((low < 0.0 and parts[count - 1] < 0.0) or (low > 0.0 and parts[count - 1] > 0.0)):
        twice = 2.0 * low
        x = high + twice
        if twice == x - high:
            high = x
    return high
