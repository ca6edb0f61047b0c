"""The close of the two nearest months joined by funds: prices at which both auctions and all net asset values agree.

    FundCurves(assets_usd, gain, exposure, held, last_usd, contract_hours)       what the funds want at any two prices
    joint_close(first, second, funds, tick_usd) -> (position 1, position 2)      in ticks from each grid's start
    fund_trades(funds, m, price_usd, other_usd, wanted) -> (bought, sold)         at given prices
    month_roots(month, funds, m, other_usd, tick_usd) -> how many prices of month m clear it at the other month's price
    joint_roots(first, second, funds, tick_usd) -> how many prices of month 2 clear both
    unmet(month, funds, m, position, other_usd, tick_usd) -> excess demand left   0 at a root
    joint_gain(first, second, funds, tick_usd, position 1, position 2)            (2, 2): own gains and cross gains

A fund with assets A wants exposure_m A(F1, F2) / (F_m x hours) contracts of month m, and A moves with both prices: its
demand rises with the price for leverage above one or below zero. Given the other month's price a month is an ordinary
auction, so month 1 answers month 2's price exactly, and month 2 is scanned along that answer.

Prices move from the last close in the direction of excess demand until it is met, tick by tick: that is where a
tatonnement from the last price stops, so a root it cannot reach (excess demand rising through zero, where the loop
gain is above one) is never taken. Where nothing meets it the price is at the grid's end, for the caller to lock.
"""

import math
from typing import NamedTuple

import numpy as np

from sim.kernels.call_auction import Floats, nearest_root
from sim.kernels.jit import jit

REFINEMENTS = 200
SLOPE_SPAN = 0.02  # of the price, either way, over which the slope of others' demand is taken: a usual day


class FundCurves(NamedTuple):
    """K funds in two months; `gain` is USD of assets per USD move of each price, `exposure` the share of assets."""

    assets_usd: Floats  # (K,) at the last prices
    gain: Floats  # (K, 2)
    exposure: Floats  # (K, 2)
    held: Floats  # (K, 2) contracts
    last_usd: Floats  # (2,)
    contract_hours: Floats  # (2,)


class MonthBook(NamedTuple):
    """One month without the funds: path of excess demand (2 n), first tick, last price in ticks from it, dust."""

    path: Floats
    tick0: int
    last: float
    dust: float


@jit
def assets_at(funds: FundCurves, k: int, m: int, price_usd: float, other_usd: float) -> float:
    """Return fund k's assets at a price of month m and of the other month; never below zero."""
    o = 1 - m
    move = funds.gain[k, m] * (price_usd - funds.last_usd[m]) + funds.gain[k, o] * (other_usd - funds.last_usd[o])
    return float(max(0.0, funds.assets_usd[k] + move))


@jit
def fund_demand(funds: FundCurves, m: int, price_usd: float, other_usd: float) -> float:
    """Return the contracts that all funds buy in month m (- sell)."""
    wanted_usd, held = 0.0, 0.0
    for k in range(len(funds.assets_usd)):
        wanted_usd += funds.exposure[k, m] * assets_at(funds, k, m, price_usd, other_usd)
        held += funds.held[k, m]
    return float(wanted_usd / (price_usd * funds.contract_hours[m]) - held)


@jit
def fund_trades(funds: FundCurves, m: int, price_usd: float, other_usd: float, wanted: Floats) -> tuple[float, float]:
    """Write what each fund buys in month m (K,; - sells); return the sums of what is bought and of what is sold."""
    buy, sell = 0.0, 0.0
    for k in range(len(wanted)):
        assets = assets_at(funds, k, m, price_usd, other_usd)
        wanted[k] = funds.exposure[k, m] * assets / (price_usd * funds.contract_hours[m]) - funds.held[k, m]
        buy += max(wanted[k], 0.0)
        sell += max(-wanted[k], 0.0)
    return buy, sell


@jit
def on_tick(
    month: MonthBook, funds: FundCurves, m: int, tick: int, side: int, other_usd: float, tick_usd: float
) -> float:
    """Return excess demand just below (side 0) or just above (side 1) a tick of month m."""
    price = (month.tick0 + tick) * tick_usd
    return float(month.path[2 * tick + side] + fund_demand(funds, m, price, other_usd))


@jit
def between(month: MonthBook, funds: FundCurves, m: int, position: float, other_usd: float, tick_usd: float) -> float:
    """Return excess demand at a position inside a tick: others linear between the two ticks around it, funds exact."""
    at = int(position)
    part = position - at
    others = (1.0 - part) * month.path[2 * at + 1] + part * month.path[2 * at + 2]
    return float(others + fund_demand(funds, m, (month.tick0 + position) * tick_usd, other_usd))


@jit
def secant(a: float, z_a: float, b: float, z_b: float) -> float:
    """Return where the line through two points of opposite sign is zero, or the middle where rounding hides it."""
    x = b - z_b * (b - a) / (z_b - z_a)
    return x if min(a, b) < x < max(a, b) else 0.5 * (a + b)


@jit
def root_inside(
    month: MonthBook,
    funds: FundCurves,
    m: int,
    a: float,
    z_a: float,
    b: float,
    z_b: float,
    other_usd: float,
    tick_usd: float,
) -> float:
    """Return month m's root inside a tick, between a and b (opposite signs), by Illinois' method."""
    for _ in range(REFINEMENTS):
        x = secant(a, z_a, b, z_b)
        if x in (a, b):
            break
        z = between(month, funds, m, x, other_usd, tick_usd)
        if abs(z) <= month.dust:
            return x
        if z * z_b < 0.0:
            a, z_a = b, z_b
        else:
            z_a *= 0.5
        b, z_b = x, z
    return b


@jit
def answer(month: MonthBook, funds: FundCurves, m: int, other_usd: float, tick_usd: float) -> float:
    """Return where month m clears when the other month's price is given: the first place that meets excess demand."""
    n = len(month.path) // 2
    last, dust = month.last, month.dust
    at = int(last)
    inside = last > at
    if inside:
        z = between(month, funds, m, last, other_usd, tick_usd)
        if abs(z) <= dust:
            return last
        sign = 1 if z > 0.0 else -1
    else:
        below = on_tick(month, funds, m, at, 0, other_usd, tick_usd)
        z = on_tick(month, funds, m, at, 1, other_usd, tick_usd)
        if below >= -dust and z <= dust:
            return last
        sign = 1 if z > dust else -1
        z = z if sign > 0 else below
    here, z = last, abs(z)
    tick = at + 1 if sign > 0 else (at if inside else at - 1)
    enter, leave = (0, 1) if sign > 0 else (1, 0)
    while 0 <= tick < n:
        z_in = sign * on_tick(month, funds, m, tick, enter, other_usd, tick_usd)
        if z_in <= dust:
            if z_in >= -dust:
                return float(tick)
            return root_inside(month, funds, m, here, sign * z, float(tick), sign * z_in, other_usd, tick_usd)
        z = sign * on_tick(month, funds, m, tick, leave, other_usd, tick_usd)
        if z <= dust:
            return float(tick)
        here = float(tick)
        tick += sign
    return n - 1.0 if sign > 0 else 0.0


@jit
def answer_usd(month: MonthBook, funds: FundCurves, m: int, other_usd: float, tick_usd: float) -> float:
    """Return the price at which month m clears when the other month's price is given."""
    return (month.tick0 + answer(month, funds, m, other_usd, tick_usd)) * tick_usd


@jit
def along(
    first: MonthBook, second: MonthBook, funds: FundCurves, position: float, tick_usd: float
) -> tuple[float, float]:
    """Return month 2's excess demand just below and just above a position, when month 1 answers it."""
    price = (second.tick0 + position) * tick_usd
    other = answer_usd(first, funds, 0, price, tick_usd)
    at = int(position)
    if position > at:
        z = between(second, funds, 1, position, other, tick_usd)
        return z, z
    demand = fund_demand(funds, 1, price, other)
    return float(second.path[2 * at] + demand), float(second.path[2 * at + 1] + demand)


@jit
def refine(
    first: MonthBook, second: MonthBook, funds: FundCurves, a: float, z_a: float, b: float, z_b: float, tick_usd: float
) -> float:
    """Return the root of month 2's excess demand inside a tick (between a and b, opposite signs), Illinois' method."""
    for _ in range(REFINEMENTS):
        x = secant(a, z_a, b, z_b)
        if x in (a, b):
            break
        z = along(first, second, funds, x, tick_usd)[0]
        if abs(z) <= second.dust:
            return x
        if z * z_b < 0.0:
            a, z_a = b, z_b
        else:
            z_a *= 0.5
        b, z_b = x, z
    return b


@jit
def joint_close(first: MonthBook, second: MonthBook, funds: FundCurves, tick_usd: float) -> tuple[float, float]:
    """Return where both months clear together, from the last prices in the direction of excess demand."""
    n = len(second.path) // 2
    dust, here = second.dust, second.last
    at = int(here)
    inside = here > at
    below, z = along(first, second, funds, here, tick_usd)
    found = below >= -dust and z <= dust
    position = here
    sign = 1 if z > dust else -1
    z = z if sign > 0 else -below
    tick = at + 1 if sign > 0 else (at if inside else at - 1)
    while not found and 0 <= tick < n:
        below, above = along(first, second, funds, float(tick), tick_usd)
        z_in, z_out = (below, above) if sign > 0 else (-above, -below)
        if z_in < -dust and z > 0.0:
            position = refine(first, second, funds, here, sign * z, float(tick), sign * z_in, tick_usd)
            size = abs(z) + abs(z_in)
            found = abs(along(first, second, funds, position, tick_usd)[0]) <= dust + 1e-6 * size
        else:
            position = float(tick)
            found = abs(z_in) <= dust
        z = z_out
        if not found and z_in > dust and z <= dust:
            found = True
            position = float(tick)
        here = float(tick)
        tick += sign
    if not found:
        position = n - 1.0 if sign > 0 else 0.0
    price = (second.tick0 + position) * tick_usd
    return answer(first, funds, 0, price, tick_usd), position


@jit
def unmet(month: MonthBook, funds: FundCurves, m: int, position: float, other_usd: float, tick_usd: float) -> float:
    """Return what excess demand of month m is left at a position; at a tick its marginal orders may meet it."""
    if position > int(position):
        return between(month, funds, m, position, other_usd, tick_usd)
    below = on_tick(month, funds, m, int(position), 0, other_usd, tick_usd)
    above = on_tick(month, funds, m, int(position), 1, other_usd, tick_usd)
    return above if above > 0.0 else min(below, 0.0)


@jit
def month_roots(month: MonthBook, funds: FundCurves, m: int, other_usd: float, tick_usd: float) -> int:
    """Return how many prices of month m clear it when the other month's price is given."""
    n = len(month.path) // 2
    path = np.empty(2 * n)
    for tick in range(n):
        demand = fund_demand(funds, m, (month.tick0 + tick) * tick_usd, other_usd)
        path[2 * tick], path[2 * tick + 1] = month.path[2 * tick] + demand, month.path[2 * tick + 1] + demand
    return int(nearest_root(path, 0.0, month.last, month.dust)[0])


@jit
def joint_roots(first: MonthBook, second: MonthBook, funds: FundCurves, tick_usd: float) -> int:
    """Return how many prices of month 2 clear it along month 1's answers."""
    n = len(second.path) // 2
    path = np.empty(2 * n)
    for tick in range(n):
        path[2 * tick], path[2 * tick + 1] = along(first, second, funds, float(tick), tick_usd)
    return int(nearest_root(path, 0.0, second.last, second.dust)[0])


@jit
def others_slope(month: MonthBook, position: float, tick_usd: float) -> float:
    """Return the fall of others' excess demand per USD, over a stretch around the price, contracts."""
    n = len(month.path) // 2
    span = max(2.0, SLOPE_SPAN * (month.tick0 + position))
    low, high = max(0.0, position - span), min(n - 1.0, position + span)
    ends = np.empty(2)
    for i in range(2):
        x = low if i == 0 else high
        at = int(x)
        part = x - at
        value = 0.5 * (month.path[2 * at] + month.path[2 * at + 1])
        if part > 0.0:
            value = (1.0 - part) * month.path[2 * at + 1] + part * month.path[2 * at + 2]
        ends[i] = value
    return float((ends[0] - ends[1]) / ((high - low) * tick_usd)) if high > low else 0.0


@jit
def joint_gain(
    first: MonthBook, second: MonthBook, funds: FundCurves, tick_usd: float, position1: float, position2: float
) -> Floats:
    """Return the gains (2, 2): rise of funds' demand in month m per USD of price j over the fall of others' in month m.

    The diagonal is each month's own loop gain; inf where nobody else responds to the price.
    """
    prices = np.array([(first.tick0 + position1) * tick_usd, (second.tick0 + position2) * tick_usd])
    gains = np.zeros((2, 2))
    for m in range(2):
        slope = others_slope(first if m == 0 else second, position1 if m == 0 else position2, tick_usd)
        for k in range(len(funds.assets_usd)):
            assets = assets_at(funds, k, m, prices[m], prices[1 - m])
            share = funds.exposure[k, m] / (prices[m] * funds.contract_hours[m])
            gains[m, m] -= share * assets / prices[m]
            if assets > 0.0:
                for j in range(2):
                    gains[m, j] += share * funds.gain[k, j]
        for j in range(2):
            if gains[m, j] != 0.0:
                gains[m, j] = gains[m, j] / slope if slope > 0.0 else math.inf * gains[m, j]
    return gains


def largest_eigenvalue(gains: Floats) -> float:
    """Return the largest eigenvalue (real part) of a (2, 2) matrix of gains: a joint shock grows by 1 / (1 - it)."""
    if not np.isfinite(gains).all():
        return math.inf
    half = 0.5 * (gains[0, 0] + gains[1, 1])
    root = half * half - (gains[0, 0] * gains[1, 1] - gains[0, 1] * gains[1, 0])
    return float(half + math.sqrt(max(0.0, root)))
