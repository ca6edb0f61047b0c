"""The day's value of every series that no department records yet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.kernels.spot import POSTED
from sim.rows.rental import Trades
from sim.vocabulary import HOURS_PER_DAY, Floats

if TYPE_CHECKING:
    from sim.economy import Economy


def day_of(e: Economy, trades: Trades) -> dict[str, float]:
    """The day's value of every series of the record, by name."""
    return {
        **_rents(e),
        **_spot(e, trades),
        "month_end": float(e.calendar.is_month_end(e.day)),
        **{name: value for department in e.departments for name, value in department.day().items()},
    }


def _rents(e: Economy) -> dict[str, float]:
    books, product_rents = e.books, zip(e.books.products.names, e.product_rents.tolist(), strict=True)
    by_grade = zip(books.grade_names, (e.rents.last_by_grade * books.grade_value).tolist(), strict=True)
    return {
        **{f"rent_{grade}_usd_per_gpu_hour": value for grade, value in by_grade},
        **{f"rent_{product}_usd_per_gpu_hour": value for product, value in product_rents},
        "rent_usd_per_ve_hour": e.rents.today,
        "rent_path_usd_per_ve_hour": e.path.settings.rent_usd * e.path.technology_factor(e.board.today.years),
    }


def _spot(e: Economy, trades: Trades) -> dict[str, float]:
    """Hours let and left, list prices."""
    books, roll, products = e.books, e.books.roll, e.books.products
    mine = e.hardware.fleet.working[roll.landlord_fleet]
    total = float(mine.sum())
    offered = float(trades.offered_ve[roll.landlords].sum()) * HOURS_PER_DAY
    sold = float((trades.sold_ve_hours[roll.landlords] * books.where.shop.on_demand).sum())
    gpus_per_ve = float((mine / books.grade_value).sum()) / total if total > 0.0 else 1.0
    running = float(total - e.delivered.ve.sum())
    downtime = max(0.0, running * HOURS_PER_DAY - offered) if e.board.today.environment.dark else 0.0
    return {
        "pool_ve": offered / HOURS_PER_DAY,
        "occupancy": sold / offered if offered > 0.0 else math.nan,
        "traded_gpu_hours": float((trades.traded_ve_hours.sum(axis=0) / products.value).sum()),
        "unserved_gpu_hours": trades.unserved_ve_hours * gpus_per_ve,
        "downtime_gpu_hours": downtime * gpus_per_ve,
        "interrupted_gpu_hours": sum(trades.interrupted.values()) * gpus_per_ve,
        "spot_turnover_usd": float((trades.price_usd * trades.traded_ve_hours).sum()),
        **_list_prices(e, trades),
        **_occupancy(e, trades),
    }


def _occupancy(e: Economy, trades: Trades) -> dict[str, float]:
    """Hours sold by owners of GPUs over hours they offered, by product."""
    offered = trades.offered_ve.sum(axis=0) * HOURS_PER_DAY
    sold = trades.sold_ve_hours.sum(axis=0)
    shares = np.where(offered > 0.0, sold / np.maximum(offered, 1e-300), math.nan).tolist()
    return {f"occupancy_{product}": share for product, share in zip(e.books.products.names, shares, strict=True)}


def _list_prices(e: Economy, trades: Trades) -> dict[str, float]:
    """Stock-outs at list prices and how asks differ; nan where nobody posts a price."""
    products, posted = e.books.products, e.books.where.shop.mechanism == POSTED
    sellers = (trades.offered_ve > 0.0) & posted
    count, regions = sellers.sum(axis=0), products.region_names
    out = np.bincount(products.region, count * trades.stock_outs, len(regions)).tolist()
    of = np.bincount(products.region, count, len(regions)).tolist()
    mine = (products.grade == 0) & (e.let_by_landlords > 0.0)
    asks = e.asks_usd[:, mine & posted] if posted.any() else e.asks_usd[:, mine]
    asks = asks[asks > 0.0]
    low, middle, high = quantiles(asks, (0.1, 0.5, 0.9))
    return {
        **{
            f"stock_out_{region}": some / all_ if all_ else math.nan
            for region, some, all_ in zip(regions, out, of, strict=True)
        },
        "ask_dispersion": (high - low) / middle,
    }


def quantiles(values: Floats, shares: Sequence[float]) -> list[float]:
    """The quantiles at these shares; nan where there are no values."""
    found: list[float] = np.quantile(values, shares).tolist() if len(values) else [math.nan] * len(shares)
    return found
