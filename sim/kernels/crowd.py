"""A crowd of N speculators in M maturities as arrays: what they order tonight, and what the night leaves them.

    crowd_orders(crowd, seed, day, activity, price_usd, expected_usd, trend_per_day, persistence, news, lift, signal,
                 price_weight, contract_hours, margin_share, tick_usd, quantity, tick)    writes quantity, tick (M, N)
    crowd_settle(crowd, fills, price_usd, last_usd, contract_hours, maintenance_share, floor_usd)
                 -> (variation_margin_usd, margin_defaults, bankruptcies)         writes cash, position, standing
    crowd_expire(crowd, settlement_usd, last_usd, contract_hours) -> paid_usd     front maturity out, the rest move up
    awake(seed, day, hour, agent, activity) -> bool                               the same draw for any one agent

The day has len(news) hours. In each, a speculator wakes with probability `activity`, and then replaces its one order
for tonight; only the last waking counts. It knows the news (log change of rents) of that hour; `persistence` (M,) is
how much of it lasts to each maturity. Columns of the day (M,): last price, expected settlement, trend (log per day),
the hours of a contract, `lift`: what a unit of each trader's own `signal` (N,) adds to the log settlement it expects.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.kernels.call_auction import MARKET, Floats, Ints
from sim.kernels.jit import inlined, jit
from sim.kernels.philox import WORD, normal_quantile, philox, uniform
from sim.kernels.purpose import Purpose
from sim.rules import speculation as rules

mispricing = jit(rules.mispricing)
informed = jit(rules.informed)
expected_return = jit(rules.expected_return)
target_position = jit(rules.target_position)
limit_tick = jit(rules.limit_tick)
standing_at_close = jit(rules.standing_at_close)

ACTIVE, CLOSING, BANKRUPT = rules.ACTIVE, rules.CLOSING, rules.BANKRUPT
WAKE = int(Purpose.SPECULATOR_WAKE)
MATURITY = int(Purpose.SPECULATOR_MATURITY)
NOISE = int(Purpose.SPECULATOR_NOISE)


class Crowd(NamedTuple):
    """The crowd's state (cash, position, standing) and its parameters, (N,) each but for the positions (M, N)."""

    id: Ints
    cash_usd: Floats  # equity too: margins are deposits, gains are paid daily
    position: Floats  # contracts
    standing: NDArray[np.int8]  # ACTIVE, CLOSING or BANKRUPT
    fundamental_weight: Floats
    chartist_weight: Floats
    noise_weight: Floats
    boldness: Floats
    horizon_days: Floats
    noise_sd: Floats


@jit
def crowd_orders(
    crowd: Crowd,
    seed: int,
    day: int,
    activity: float,
    price_usd: Floats,
    expected_usd: Floats,
    trend_per_day: Floats,
    persistence: Floats,
    news: Floats,
    lift: Floats,
    signal: Floats,
    price_weight: float,
    contract_hours: Floats,
    margin_share: float,
    tick_usd: float,
    quantity: Floats,
    tick: Ints,
) -> None:
    """Write tonight's orders: `quantity` (M, N; 0 where none) and `tick` (M, N; meant only where there is an order)."""
    maturities, n = crowd.position.shape
    hours = len(news)
    mispriced = np.empty((hours, maturities))
    for h in range(hours):
        for m in range(maturities):
            mispriced[h, m] = mispricing(expected_usd[m], price_usd[m], persistence[m], news[h])
    last = np.empty(n, np.int64)
    last_waking(seed, day, hours, activity, crowd.id, last)
    pick, noise = np.empty(n), np.empty(n)
    draw_on_waking(seed, MATURITY, day * hours, last, crowd.id, pick)
    draw_on_waking(seed, NOISE, day * hours, last, crowd.id, noise)
    quantity[:] = 0.0
    for i in range(n):
        if crowd.standing[i] == CLOSING:
            for m in range(maturities):
                quantity[m, i] = -crowd.position[m, i]
                tick[m, i] = MARKET if quantity[m, i] > 0.0 else -MARKET
        elif crowd.standing[i] == ACTIVE and last[i] >= 0:
            h = last[i]
            m = min(int(pick[i] * maturities), maturities - 1)
            free = crowd.cash_usd[i]
            for other in range(maturities):
                used = margin_share * (abs(crowd.position[other, i]) * price_usd[other] * contract_hours[other])
                free -= used if other != m else 0.0
            expected = expected_return(
                informed(mispriced[h, m], lift[m], signal[i], price_weight),
                trend_per_day[m],
                normal_quantile(noise[i]),
                crowd.fundamental_weight[i],
                crowd.chartist_weight[i],
                crowd.noise_weight[i],
                crowd.horizon_days[i],
                crowd.noise_sd[i],
            )
            target = target_position(
                expected, price_usd[m], crowd.cash_usd[i], free, crowd.boldness[i], margin_share, contract_hours[m]
            )
            quantity[m, i] = target - crowd.position[m, i]
            tick[m, i] = limit_tick(expected, price_usd[m], quantity[m, i], tick_usd)


@inlined
def awake(seed: int, day: int, hour: int, agent: int, activity: float) -> bool:
    """Whether the agent wakes in this hour of this day: the four words of one Philox block serve four hours."""
    who = int(agent)
    words = philox(day, who & WORD, who >> 32, (WAKE << 20) | (hour // 4), seed & WORD, seed >> 32)
    return words[hour % 4] < int(activity * 4294967296.0)


@jit
def last_waking(seed: int, day: int, hours: int, activity: float, ids: Ints, last: Ints) -> None:
    """Write the last hour of the day in which each agent wakes, or -1."""
    some = int(activity * 4294967296.0)
    last[:] = -1
    for first in range(0, hours, 4):
        kind = (WAKE << 20) | (first // 4)
        t1 = some if first + 1 < hours else 0
        t2 = some if first + 2 < hours else 0
        t3 = some if first + 3 < hours else 0
        for i in range(len(ids)):  # without branches: vector code
            agent = int(ids[i])
            w0, w1, w2, w3 = philox(day, agent & WORD, agent >> 32, kind, seed & WORD, seed >> 32)
            hour = last[i]
            hour = first if w0 < some else hour
            hour = first + 1 if w1 < t1 else hour
            hour = first + 2 if w2 < t2 else hour
            last[i] = first + 3 if w3 < t3 else hour


@jit
def draw_on_waking(seed: int, purpose: int, first_hour: int, last: Ints, ids: Ints, out: Floats) -> None:
    """Write each agent's uniform draw in the hour of its last waking (in the first hour, if it never wakes)."""
    for i in range(len(ids)):  # without branches: vector code
        out[i] = uniform(seed, purpose, first_hour + max(last[i], 0), ids[i], 0)


@jit
def crowd_settle(
    crowd: Crowd,
    fills: Floats,
    price_usd: Floats,
    last_usd: Floats,
    contract_hours: Floats,
    maintenance_share: float,
    floor_usd: float,
) -> tuple[float, int, int]:
    """Pay the move of prices on what was held, add tonight's fills (M, N) at tonight's price, call margins.

    Returns the sum of variation margin, and how many fell into margin default and how many left for good tonight.
    """
    maturities, n = crowd.position.shape
    paid, notional, largest = np.zeros(n), np.zeros(n), np.zeros(n)
    for m in range(maturities):
        move = (price_usd[m] - last_usd[m]) * contract_hours[m]
        contract_usd = price_usd[m] * contract_hours[m]
        for i in range(n):
            paid[i] += crowd.position[m, i] * move
            held = crowd.position[m, i] + fills[m, i]
            crowd.position[m, i] = held
            notional[i] += abs(held) * contract_usd
            largest[i] = max(largest[i], abs(held))
    variation_margin, defaults, bankruptcies = 0.0, 0, 0
    for i in range(n):
        crowd.cash_usd[i] += paid[i]
        variation_margin += paid[i]
        before = crowd.standing[i]
        after = standing_at_close(before, crowd.cash_usd[i], notional[i], largest[i], maintenance_share, floor_usd)
        crowd.standing[i] = after
        defaults += int(before == ACTIVE and after == CLOSING)
        bankruptcies += int(before != BANKRUPT and after == BANKRUPT)
    return variation_margin, defaults, bankruptcies


@jit
def crowd_expire(crowd: Crowd, settlement_usd: float, last_usd: float, contract_hours: float) -> float:
    """Settle maturity 0 in cash against its settlement price, move the others up by one; returns the sum paid."""
    maturities, n = crowd.position.shape
    move = (settlement_usd - last_usd) * contract_hours
    total = 0.0
    for i in range(n):
        paid = crowd.position[0, i] * move
        crowd.cash_usd[i] += paid
        total += paid
        for m in range(1, maturities):
            crowd.position[m - 1, i] = crowd.position[m, i]
        crowd.position[maturities - 1, i] = 0.0
    return total
