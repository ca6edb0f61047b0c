"""Kernels against what one would write without them: a crowd of Mesa agents, an auction with numpy's stable sort."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.lab.bench.result import Measured, at_least, by_turns
from sim.exchange.crowd import Speculators
from sim.kernels.call_auction import call_auction
from sim.rows.exchange import CrowdSettings
from sim.streams import Streams

MATURITIES, TICKS = 6, 4096
CROWD = CrowdSettings(
    name="crowd", traders=10_000, wealth_usd=1.5e9, wealth_log_sd=0.8, fundamental_weight=1.0, chartist_weight=0.3,
    noise_weight=0.5, boldness=10.0, horizon_days=10.0, noise_sd=0.06, activity_per_hour=0.3,
    trading_half_life_years=0.35,
)  # fmt: skip


def measure_population(quick: bool) -> Measured:
    """One hour of 10,000 speculators of whom 30 % wake: kernel against `agents.do`, no market."""
    from experiments.lab.bench.mesa_crowd import HourlyCrowd

    ours = Speculators(CROWD, 0, MATURITIES, Streams(1))
    theirs = HourlyCrowd(ours)
    theirs.quantity, theirs.tick = np.zeros_like(ours.quantity), np.zeros_like(ours.tick)
    price = np.linspace(2.8, 2.5, MATURITIES)
    facts = (price, price * 1.02, np.full(MATURITIES, 1e-3), np.full(MATURITIES, 0.5), np.array([0.01]))
    facts = (*facts, np.full(MATURITIES, 0.3))  # what traders' own signals, here none, would add
    terms = (0.0, np.full(MATURITIES, 730.0), 0.15, 0.01)
    day = 0

    def hour() -> None:
        ours.orders(1, day, *facts, *terms)

    timed: list[list[float]] = [[], []]
    for day in range(5 if quick else 25):  # a fresh hour each time, so that nothing is learnt by the branch predictor
        theirs.open_day(1, day, *facts, *terms)
        hour()
        theirs.floor.hour = 0
        mine, reference = by_turns([hour, theirs.floor.step], 1)
        timed[0] += mine
        timed[1] += reference
        theirs.collect()
        if ours.quantity.tobytes() != theirs.quantity.tobytes():
            raise AssertionError("the crowd and the Mesa agents order differently")
    return at_least("population of 10,000: Mesa agents.do / ours", *timed, 1.0, "hour of the crowd", 40.0)


def measure_auction(quick: bool) -> Measured:
    """A closing auction of 100,000 orders against numpy: stable argsort, cumulated interest, pro rata at the margin."""
    orders = 100_000
    rng = np.random.default_rng(7)
    timed: list[list[float]] = [[], []]
    curve = np.zeros((2, TICKS))
    for _ in range(7 if quick else 31):
        side = np.where(rng.random(orders) < 0.5, 1.0, -1.0)
        tick = np.clip(np.rint(rng.normal(2048.0 + 20.0 * side, 150.0)), 1, TICKS).astype(np.int64)
        quantity = side * rng.integers(1, 11, orders)
        fills = np.zeros(orders)
        found: dict[str, Any] = {}

        def ours(quantity: Any = quantity, tick: Any = tick, fills: Any = fills, found: Any = found) -> None:
            found["ours"] = call_auction(quantity, tick, curve, 1, 1.0, 2048.0, False, fills)

        def numpys(quantity: Any = quantity, tick: Any = tick, found: Any = found) -> None:
            found["numpy"] = numpy_auction(quantity, tick, 2048)

        mine, reference = by_turns([ours, numpys], 2)
        timed[0].append(min(mine))
        timed[1].append(min(reference))
        price, filled = found["numpy"]
        if found["ours"].price_usd != price or not np.array_equal(fills, filled):
            raise AssertionError("the auctions differ")
    return at_least("auction of 100,000 orders: numpy / ours", *timed, 1.0, "auction", 50.0)


def numpy_auction(quantity: Any, tick: Any, last: int) -> tuple[float, Any]:
    """The price nearest the last at which interest crosses, and fills, by sorting the orders of each side."""
    buys, sells = np.flatnonzero(quantity > 0.0), np.flatnonzero(quantity < 0.0)
    buys = buys[np.argsort(-tick[buys], kind="stable")]
    sells = sells[np.argsort(tick[sells], kind="stable")]
    bought, sold = np.cumsum(quantity[buys]), np.cumsum(-quantity[sells])
    ticks = np.arange(1, TICKS + 1)

    def cumulated(interest: Any, prices: Any, at: Any, how: str) -> Any:
        return np.concatenate([[0.0], interest])[np.searchsorted(prices, at, how)]

    demand, demand_above = (cumulated(bought, -tick[buys], -ticks, how) for how in ("right", "left"))
    supply, supply_below = (cumulated(sold, tick[sells], ticks, how) for how in ("right", "left"))
    roots = ticks[(demand >= supply_below) & (demand_above <= supply)]
    price = int(roots[np.argmin(np.abs(roots - last))])
    at = price - 1
    volume = min(demand[at], supply[at])
    fills = np.zeros(len(quantity))
    for side, prices, better in ((buys, -tick[buys], demand_above[at]), (sells, tick[sells], supply_below[at])):
        limit = -price if side is buys else price
        first, end = np.searchsorted(prices, limit, "left"), np.searchsorted(prices, limit, "right")
        fills[side[:first]] = quantity[side[:first]]
        at_limit = side[first:end]
        marginal = np.abs(quantity[at_limit]).sum()
        cut = better + marginal - volume
        fills[at_limit] = quantity[at_limit] * ((marginal - cut) / marginal if cut > 0.0 else 1.0)
    return float(price), fills
