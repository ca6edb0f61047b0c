"""A small closed market of a crowd and one schedule of hedgers, for the tests; run as a program it prints its bits."""

import hashlib

import numpy as np

from sim.kernels.call_auction import Floats, call_auction, linear_schedules_on_ticks, schedule_fills, tick_grid
from sim.kernels.crowd import Crowd, crowd_expire, crowd_orders, crowd_settle
from sim.streams import Purpose, Streams, stable_id

HOURS, CONTRACT, TICK, MARGIN, MAINTENANCE, FLOOR = 24, 730.0, 0.001, 0.15, 0.145, 12e3


def make_crowd(n: int, maturities: int = 3, seed: int = 5) -> Crowd:
    ids = np.array([stable_id(f"speculator_{i}") for i in range(n)], dtype=np.int64)
    draw = [np.array([Streams(seed).uniform(Purpose.POPULATION, 0, int(i), k) for i in ids]) for k in range(7)]
    position = np.zeros((maturities, n))
    standing = np.zeros(n, np.int8)
    return Crowd(
        ids,
        1e4 + 9e4 * draw[0],
        position,
        standing,
        2 * draw[1],
        draw[2],
        3 * draw[3],
        100 * draw[4],
        40 * draw[5],
        0.1 * draw[6],
    )


def copy_of(crowd: Crowd) -> Crowd:
    return Crowd(*(field.copy() for field in crowd))


def trade(crowd: Crowd, days: int, seed: int = 9, activity: float = 0.05) -> tuple[Floats, Floats, float, int]:
    """Return prices (days, M), hedgers' positions (M,), the greatest gap of any auction's fills, margin defaults."""
    m, n = crowd.position.shape
    price, expected = np.linspace(2.3, 2.1, m), np.linspace(2.4, 2.2, m)
    path, gap, defaults, hedgers = [], 0.0, 0, np.zeros(m)
    quantity, tick = np.zeros((m, n)), np.zeros((m, n), np.int64)
    signal = Streams(seed).normals(Purpose.SPECULATOR_SIGNAL, 0, crowd.id)
    for day in range(days):
        last = price.copy()
        expected *= 0.75 if day == 10 else 1.0
        news = 0.02 * np.cos(np.arange(HOURS) + day)
        trend = np.full(m, 0.001 * (day % 3 - 1))
        crowd_orders(
            crowd,
            seed,
            day,
            activity,
            last,
            expected,
            trend,
            np.linspace(1, 0.2, m),
            news,
            np.linspace(0.0, 0.3, m),
            signal,
            0.1,
            np.full(m, CONTRACT),
            MARGIN,
            TICK,
            quantity,
            tick,
        )
        fills = np.zeros((m, n))
        for k in range(m):
            tick0, ticks = tick_grid(last[k], 0.15, TICK)
            curve, own = np.zeros((2, ticks)), np.zeros(1)
            hedge = (
                np.array([-8.0 - hedgers[k]]),
                np.array([300.0]),
                np.array([-60.0]),
                np.array([60.0]),
                last[k],
                tick0,
                TICK,
            )
            linear_schedules_on_ticks(*hedge, curve)
            cleared = call_auction(quantity[k], tick[k], curve, tick0, TICK, last[k], False, fills[k])
            schedule_fills(*hedge, cleared, own)
            gap = max(gap, abs(fills[k].sum() + own[0]) / max(np.abs(fills[k]).sum(), 1e-300))
            hedgers[k] += own[0]
            price[k] = cleared.price_usd
        defaults += crowd_settle(crowd, fills, price, last, np.full(m, CONTRACT), MAINTENANCE, FLOOR)[1]
        if day % 20 == 19:
            crowd_expire(crowd, 2.35, price[0], CONTRACT)
            hedgers = np.append(hedgers[1:], 0.0)
            price = np.append(price[1:], price[-1])
            gap = max(gap, abs(crowd.position.sum() + hedgers.sum()) / np.abs(crowd.position).sum())
        path.append(price.copy())
    return np.array(path), hedgers, gap, defaults


if __name__ == "__main__":
    people = make_crowd(40)
    prices, held, _, fell = trade(people, 25)
    state = b"".join(field.tobytes() for field in (prices, held, *people))
    print(hashlib.sha256(state).hexdigest(), fell, np.abs(people.position).sum() > 1)
