"""The closing auctions of all listed months of a venue at once.

    close_months(joint, ends, owners, schedules, quantity, tick, last_usd, limit_share, tick_usd, to_tick,
                 cleared, fills, trades, wanted)

Schedules lie month by month: those of month m are `owners[ends[m]:ends[m + 1]]` and the same columns of `schedules`
(4, n), in the order of `linear_schedules_on_ticks`. Resting orders are `quantity`, `tick` (months, orders); most are of
size zero and passed over. Written are `cleared` (months, 7), fields of `Cleared`, and `fills` (months, orders); added
by owner are the fills of schedules to `trades` and their size, whoever is rationed, to `wanted` (months, owners). The
first `joint` months have been cleared before: their `cleared` and `fills` are given.
"""

import numpy as np

from sim.kernels.call_auction import (
    Cleared,
    Floats,
    Ints,
    call_auction,
    linear_schedules_on_ticks,
    schedule_fills,
    tick_grid,
)
from sim.kernels.jit import jit

LANES = 8  # sums that run side by side, so that none waits for the last addition


@jit
def close_months(
    joint: int,
    ends: Ints,
    owners: Ints,
    schedules: Floats,
    quantity: Floats,
    tick: Ints,
    last_usd: Floats,
    limit_share: float,
    tick_usd: float,
    to_tick: bool,
    cleared: Floats,
    fills: Floats,
    trades: Floats,
    wanted: Floats,
) -> None:
    """Close every month; see the module's docstring."""
    for m in range(len(last_usd)):
        last = last_usd[m]
        tick0, n = tick_grid(last, limit_share, tick_usd)
        begin, end = ends[m], ends[m + 1]
        intercept, slope = schedules[0, begin:end], schedules[1, begin:end]
        low, high = schedules[2, begin:end], schedules[3, begin:end]
        if m >= joint:
            curve = np.zeros((2, n))
            linear_schedules_on_ticks(intercept, slope, low, high, last, tick0, tick_usd, curve)
            who = np.flatnonzero(quantity[m])
            filled = np.zeros(len(who))
            found = call_auction(quantity[m][who], tick[m][who], curve, tick0, tick_usd, last, to_tick, filled)
            fills[m] = 0.0
            for i in range(len(who)):
                fills[m, who[i]] = filled[i]
            write(found, cleared[m])
        outcome = read(cleared[m])
        got = np.zeros(end - begin)
        schedule_fills(intercept, slope, low, high, last, tick0, tick_usd, outcome, got)
        size = np.zeros(end - begin)  # of who would be filled in full, what it sells counted with what it buys
        schedule_fills(intercept, slope, low, high, last, tick0, tick_usd, uncut(outcome), size)
        for i in range(end - begin):
            trades[m, owners[begin + i]] += got[i]
            wanted[m, owners[begin + i]] += size[i]


@jit
def write(found: Cleared, row: Floats) -> None:
    """Write an outcome's fields into a row (7,)."""
    row[0], row[1], row[2], row[3] = found.price_usd, found.position, found.status, found.roots
    row[4], row[5], row[6] = found.volume_contracts, found.curve_buy_filled, found.curve_sell_filled


@jit
def read(row: Floats) -> Cleared:
    """Return the outcome whose fields a row (7,) holds."""
    return Cleared(row[0], row[1], int(row[2]), int(row[3]), row[4], row[5], row[6])


@jit
def uncut(found: Cleared) -> Cleared:
    """Return the same outcome for who would be filled in full, what it sells counted with what it buys."""
    return Cleared(found.price_usd, found.position, found.status, found.roots, found.volume_contracts, 1.0, -1.0)


@jit
def gross(position: Floats, quantity: Floats) -> Floats:
    """Return the size of all positions and orders (months, traders) by month (months,), contracts."""
    found = np.zeros(len(position))
    for m in range(len(position)):
        found[m] = absolute_sum(position[m]) + absolute_sum(quantity[m])
    return found


@jit
def absolute_sum(values: Floats) -> float:
    """Return the sum of absolute values (n,), in lanes."""
    lanes = np.zeros(LANES)
    whole = len(values) - len(values) % LANES
    for i in range(0, whole, LANES):
        for lane in range(LANES):
            lanes[lane] += abs(values[i + lane])
    total = 0.0
    for lane in range(LANES):
        total += lanes[lane]
    for i in range(whole, len(values)):
        total += abs(values[i])
    return total
