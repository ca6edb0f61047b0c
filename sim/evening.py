"""What the evening makes of the day's trades: rent statistics, indices, news, the crowd's resting orders."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sim.crowd import Speculators
from sim.indices.evidence import Evidence
from sim.markets.futures_auction import FuturesMarket
from sim.markets.spot_auction import Trades
from sim.rent_statistics import RentStatistics
from sim.rules.rents import expected_rent
from sim.streams import stable_id
from sim.vocabulary import Curve, Floats, Today

if TYPE_CHECKING:
    from sim.economy import Economy


def strike(e: Economy, trades: Trades) -> None:
    """Update rent statistics, strike every index for the reference grade (the first listed)."""
    books = e.books
    value = books.grade_value
    by_grade = e.rents.last_by_grade.copy()
    for g in range(len(value)):
        mine = books.products.grade == g
        volume = float(trades.traded_ve_hours[:, mine].sum())
        if volume > 0.0:
            by_grade[g] = float((trades.price_usd[:, mine] * trades.traded_ve_hours[:, mine]).sum()) / volume
    rent = trades.mean_rent_usd
    e.rents.note(rent if math.isfinite(rent) else e.rents.today, by_grade)
    reference = books.products.grade == 0
    asks = np.array([ask for ask in (e.asks_usd[o] for o, _ in e.who["list_ask"]) if ask > 0.0])
    for name, index in e.indices.items():
        evidence = Evidence(
            e.day,
            trades.price_usd[:, reference].ravel() * value[0],
            trades.traded_ve_hours[:, reference].ravel(),
            asks * value[0],
            e.streams,
            stable_id(f"index/{name}"),
        )
        e.index_usd[name] = index.strike(evidence, e.index_usd[name], e.index_memory[name])
    e.rents.note_index(e.index_usd[e.spec.venue.index])


def evening_facts(today: Today, rents: RentStatistics, index_usd: dict[str, float], curve: Curve | None) -> Today:
    """The morning's facts with today's rents, indices and curve."""
    return replace(
        today,
        rent_usd=rents.today,
        rent_10d_usd=rents.ten_days,
        rent_30d_usd=rents.thirty_days,
        rent_180d_usd=rents.half_year,
        rent_30d_by_grade_usd=tuple(rents.by_grade.tolist()),
        index_usd=index_usd,
        curve=curve,
    )


def news_of_the_hours(e: Economy, trades: Trades) -> Floats:
    """Log change of each hour's rent of the reference product on the same hour yesterday (steps,)."""
    today = trades.price_usd[:, 0]
    last = e.last_hours if e.last_hours is not None else today
    e.last_hours = today
    return np.log(today / last)


def crowd_orders(e: Economy, market: FuturesMarket, crowd: Speculators, news: Floats) -> None:
    """Let a crowd set its resting orders, from the morning's expectations and the news of the hours it wakes in."""
    curve = e.morning.curve
    if curve is None or e.house is None:
        return
    reversion = crowd.settings.reversion
    technology = e.path.settings.technology
    expected, persistence = [], []
    for m, horizon in enumerate(curve.horizon_years):
        rent = expected_rent(e.morning.rent_usd, e.morning.anchor_usd, technology, reversion, horizon)
        known = curve.known_weight[m]
        expected.append(known * curve.known_mean_usd[m] + (1.0 - known) * curve.index_ratio * rent)
        persistence.append((1.0 - known) * math.exp(-reversion * horizon))
    e.expected_usd = np.array(expected)
    contract = market.contract
    crowd.orders(
        e.streams.seed,
        e.day,
        market.price_usd,
        e.expected_usd,
        market.trend,
        np.array(persistence),
        news,
        contract.gpu_hours,
        e.house.terms.initial,
        contract.tick_usd,
    )
