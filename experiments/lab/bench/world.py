"""The world of a hundred institutions: a simulated year, against Mesa agents that act hourly, and what checks cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from experiments.configuration.compose import composer
from experiments.lab.bench.result import Measured, at_least, at_most, by_turns
from sim.economy import Economy
from sim.spec import Spec, read_spec

YEAR = 365
WARM_UP_DAYS = 3
GOAL = 40.0


def bench_world(traders: int, *overrides: str) -> dict[str, Any]:
    """The composed world of a hundred institutions and so many speculators, with all links from futures on."""
    with composer() as opened:
        return opened.world(["population=bench", "links=on", f"agents.speculator.traders={traders}", *overrides])


def bench_spec(traders: int, *overrides: str) -> Spec:
    """The same, validated."""
    return read_spec(bench_world(traders, *overrides))


ROUNDING = 1e-7  # relative; sums over users are added up in another order


def same_life(a: Economy, b: Economy) -> bool:
    """Whether two economies are the same but for rounding: record, books, prices, traders, kinds of events."""
    pairs = [
        (a.record.rows.T, b.record.rows.T), (a.books.ledger.positions, b.books.ledger.positions),
        (a.rental.auction.log_price, b.rental.auction.log_price), (a.rental.auction.share, b.rental.auction.share),
        (a.rental.auction.tightness, b.rental.auction.tightness), (a.rental.asks_usd, b.rental.asks_usd),
    ]  # fmt: skip
    for ours, theirs in zip(a.exchange.crowds, b.exchange.crowds, strict=True):
        pairs += list(zip(ours.arrays, theirs.arrays, strict=True))
    same_events = [event[:2] for event in a.events] == [event[:2] for event in b.events]
    return same_events and all(_close(np.asarray(x), np.asarray(y)) for x, y in pairs)


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two arrays agree, given the size of what is in the same row."""
    if a.dtype.kind != "f":
        return bool((a == b).all())
    size = np.abs(np.nan_to_num(a)).max(axis=-1, keepdims=True, initial=1.0)
    return bool(np.allclose(a / size, b / size, rtol=ROUNDING, atol=ROUNDING, equal_nan=True))


def measure_world(traders: int, quick: bool) -> Measured:
    """Days by turns with the reference: a whole month, since month ends cost more."""
    from experiments.lab.bench.mesa_hourly import act_hourly

    spec = bench_spec(traders)
    ours, theirs = Economy(spec, seed=1, days=YEAR), act_hourly(Economy(spec, seed=1, days=YEAR))
    for economy in (ours, theirs):
        economy.run(WARM_UP_DAYS)
    days = 2 if quick else 31
    mine, reference = by_turns([ours.step, theirs.step], days)
    if not same_life(ours, theirs):
        raise AssertionError("the reference and the economy lead different lives")
    sums = [[sum(side)] for side in (mine, reference)]
    what = f"world, {traders:,} speculators: Mesa hourly / ours"
    return at_least(what, *sums, YEAR / days, "simulated year", GOAL)


def measure_scale(quick: bool) -> Measured:
    """A day of sixteen times the institutions against sixteen days of a hundred."""
    times = 4 if quick else 16
    world = bench_world(1000)["agents"]
    counts = {name: one["count"] for name, one in world.items() if "count" in one}
    more = [f"agents.{name}.count={count * times}" for name, count in counts.items() if count > 1]
    few, many = Economy(bench_spec(1000), days=YEAR), Economy(bench_spec(1000, *more), days=YEAR)
    for economy in (few, many):
        economy.run(WARM_UP_DAYS)
    days = 2 if quick else 28
    timed = by_turns([many.step, lambda: few.run(times)], days)
    sums = [[sum(side)] for side in timed]
    return at_most(
        f"{times} times the institutions / {times} times the days", *sums, YEAR / days, "simulated year", 1.15
    )


def measure_recording(quick: bool) -> Measured:
    """Recording every series against recording none."""
    spec = bench_spec(1000)
    on, off = Economy(spec, days=YEAR), Economy(spec, days=YEAR)
    off.record.enabled = False
    return _with_and_without("recording on / off", on, off, quick)


def measure_laws(quick: bool) -> Measured:
    """Checking the laws of accounting every day against never checking them."""
    spec = bench_spec(1000)
    return _with_and_without("laws on / off", Economy(spec, days=YEAR), Economy(spec, days=YEAR, laws=False), quick)


def measure_notes_and_funds(quick: bool) -> Measured:
    """Securitisation and four funds against neither, futures and loans on both sides."""
    on = Economy(bench_spec(1000, "notes=default", "funds=leveraged", "agents.etf_2x.count=2"), days=YEAR)
    off = Economy(bench_spec(1000), days=YEAR)
    for economy in (on, off):
        economy.run(WARM_UP_DAYS)
    timed = by_turns([on.step, off.step], 60 if quick else 330)
    if (
        len(on.funds.launched) != 4
        or off.funds.launched
        or not on.record["loans_sold_usd"][-1] > off.record["loans_sold_usd"][-1]
    ):
        raise AssertionError("notes and funds: not four funds and notes on one side and none on the other")
    sums = [[sum(side)] for side in timed]  # month ends, when notes are paid and issued, count too
    return at_most("notes and four funds on / off", *sums, YEAR / len(timed[0]), "simulated year", 1.20)


def measure_information(quick: bool) -> Measured:
    """Private signals, a curve weighed by what it has been worth, news and hoarding against none of them."""
    on = Economy(bench_spec(1000, "links=learned", "information=private", "hoarding=shortage"), days=YEAR)
    off = Economy(bench_spec(1000, "information=none", "hoarding=none"), days=YEAR)
    for economy in (on, off):
        economy.run(WARM_UP_DAYS)
    timed = by_turns([on.step, off.step], 60 if quick else 330)
    forecasts = [economy.record["future_3_usd_per_gpu_hour"][-1] for economy in (on, off)]
    if forecasts[0] == forecasts[1]:
        raise AssertionError("information: both sides know the same")
    sums = [[sum(side)] for side in timed]
    return at_most("signals, learning and news on / off", *sums, YEAR / len(timed[0]), "simulated year", 1.10)


def measure_products(quick: bool) -> Measured:
    """The default market of 24 products on four tiers against two products in auctions."""
    many = Economy(bench_spec(1000), days=YEAR)
    two = Economy(bench_spec(1000, "grades=two", "regions=one", "tiers=one"), days=YEAR)
    counts = [len(economy.books.products.grade) for economy in (many, two)]
    if counts != [24, 2]:
        raise AssertionError(f"products: {counts} and not 24 and 2")
    for economy in (many, two):
        economy.run(WARM_UP_DAYS)
    timed = by_turns([many.step, two.step], 60 if quick else 240)
    sums = [[sum(side)] for side in timed]
    return at_most("24 products / 2", *sums, YEAR / len(timed[0]), "simulated year", 1.25)


def _with_and_without(what: str, on: Economy, off: Economy, quick: bool) -> Measured:
    for economy in (on, off):
        economy.run(WARM_UP_DAYS)
    days = 60 if quick else 240
    timed = np.array(by_turns([on.step, off.step], days))
    if on.books.ledger.positions.tobytes() != off.books.ledger.positions.tobytes():
        raise AssertionError(f"{what}: the two lead different lives")
    return at_most(what, timed[0].tolist(), timed[1].tolist(), YEAR, "simulated year", 1.05)
