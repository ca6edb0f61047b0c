"""What the evening makes of the day's trades: rent statistics, indices, news."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from sim.board import Today
from sim.environment import Environment
from sim.rental.statistics import RentStatistics
from sim.rows.exchange import Curve
from sim.rows.rental import Products, Trades
from sim.vocabulary import Floats, Ints

if TYPE_CHECKING:
    from sim.economy import Economy


def strike(e: Economy, trades: Trades) -> None:
    """Update rent statistics, strike every index."""
    books = e.books
    products, where = books.products, books.where
    hours = (trades.traded_ve_hours * products.level).sum(axis=0)
    paid = (trades.price_usd * trades.traded_ve_hours).sum(axis=0)
    landlords = e.let_by_landlords
    by_grade = _means(products.grade, paid * landlords, hours * landlords, e.rents.last_by_grade)
    rent = trades.mean_rent_usd(landlords)
    auctioned = where.shop.auctioned
    cell = products.grade * len(products.region_names) + products.region
    none = np.full(int(cell.max()) + 1, np.nan)
    e.rents.note(
        rent if math.isfinite(rent) else e.rents.today, by_grade,
        _means(cell, paid * auctioned, hours * auctioned, none)[cell],
    )  # fmt: skip
    e.product_rents = _mean_rents(products, paid, trades, e.product_rents)
    e.indices.fix(e.board.today, trades, e.product_rents, e.asks_usd)


def _mean_rents(products: Products, paid: Floats, trades: Trades, last: Floats) -> Floats:
    """Mean rent of each product over the day (J,), USD per GPU-hour; where nothing traded, the last."""
    hours = trades.traded_ve_hours.sum(axis=0)
    return np.where(hours > 0.0, paid * products.value / np.maximum(hours, 1e-300), last)


def what_runs(mix: Floats, products: Products, environment: Environment) -> tuple[Floats, Floats]:
    """What is left of fleets after outages: how what runs is spread over products (O, J), and its share (O,).

    `mix` (O, J) is how whole fleets are spread. An owner that is not hit keeps its numbers to the last bit.
    """
    hit = 1.0 - products.factors(environment.fleet_hits)
    if not environment.fleet_hits:
        return mix * products.factors(environment.pool_hits), np.full(len(mix), environment.fleet_availability)
    left = 1.0 - (mix * hit).sum(axis=1)
    spread = mix * (1.0 - hit) / np.maximum(left, 1e-300)[:, None]
    return spread * products.factors(environment.pool_hits), environment.fleet_availability * left


def homes_of(homes: Floats, products: Products, environment: Environment) -> Floats:
    """Users by home region (O, R), those hit by a shock to demand there weighed by it."""
    factor = np.ones(homes.shape[1])
    for hit in environment.demand_hits:
        for r, region in enumerate(products.region_names):
            factor[r] *= hit.factor if hit.region in {None, region} else 1.0
    return homes * factor


def comparable_asks(asks_usd: Floats, products: Products, environment: Environment, rent_usd: float) -> Floats:
    """Log list asks over what products' bundles are worth (O, J); where none is posted, the market's rent."""
    asked = asks_usd / products.level * products.factors(environment.list_price_hits)
    return np.asarray(np.log(np.where(asks_usd > 0.0, asked, rent_usd)))


def _means(cell: Ints, paid: Floats, hours: Floats, otherwise: Floats) -> Floats:
    """Money over hours by cell (cells,); where nothing traded, what was given."""
    count = len(otherwise)
    total, money = np.bincount(cell, hours, minlength=count), np.bincount(cell, paid, minlength=count)
    return np.where(total > 0.0, money / np.maximum(total, 1e-300), otherwise)


def evening_facts(
    today: Today, rents: RentStatistics, index_usd: dict[str, float], curves: Mapping[str, Curve]
) -> Today:
    """The morning's facts with today's rents, indices and curve."""
    return replace(
        today,
        rent_usd=rents.today,
        rent_10d_usd=rents.ten_days,
        rent_30d_usd=rents.thirty_days,
        rent_180d_usd=rents.half_year,
        rent_30d_by_grade_usd=tuple(rents.by_grade.tolist()),
        index_usd=index_usd,
        curves=curves,
    )


def news_of_the_hours(e: Economy, trades: Trades) -> Floats:
    """Log change of each hour's rent of the reference product on the same hour yesterday (steps,)."""
    today = trades.price_usd[:, e.news_product]
    last = e.last_hours if e.last_hours is not None else today
    e.last_hours = today
    return np.log(today / last)
