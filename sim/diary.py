"""The day's value of every series that no department records yet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.behaviours.investing import values_by_grade, wanted_q
from sim.kernels.spot import POSTED
from sim.roles import ValuesChips
from sim.rows.rental import Trades
from sim.vocabulary import DAYS_PER_YEAR, HOURS_PER_DAY, Floats

if TYPE_CHECKING:
    from sim.economy import Economy


def day_of(e: Economy, trades: Trades) -> dict[str, float]:
    """The day's value of every series of the record, by name."""
    return {
        **_rents(e),
        **_fleets(e),
        **_reserved_and_spot(e, trades),
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


def _fleets(e: Economy) -> dict[str, float]:
    """GPUs at work, chips ordered and what both are worth."""
    books, roll, today = e.books, e.books.roll, e.board.today
    fleet, month_end = books.fleet.working, e.calendar.is_month_end(e.day)
    mine = fleet[roll.landlord_fleet]
    kinds = [e.register.people[i].kind for i in roll.chip_owners.tolist()]
    of_kind = dict.fromkeys(sorted(set(kinds)), 0.0)
    for kind, gpus in zip(kinds, (fleet / books.grade_value).sum(axis=1).tolist(), strict=True):
        of_kind[kind] += gpus
    growth = e.path.quantity_factor(today.years)
    path_orders = e.start_fleet_ve * growth * e.path.delivery_rate * e.path.ahead * today.days_of_month / DAYS_PER_YEAR
    return {
        **{f"fleet_{kind}_gpus": gpus for kind, gpus in of_kind.items()},
        "fleet_ve": float(mine.sum()),
        "fleet_path_ve": e.start_fleet_ve * growth,
        "fleet_all_ve": float(fleet.sum()),
        "orders_ve": float(e.ordered_ve[roll.landlord_fleet].sum()),
        "orders_path_ve": path_orders if month_end else 0.0,
        "orders_all_ve": float(e.ordered_ve.sum()),
        "chip_price_usd_per_ve": _chip_price(e),
        "gpu_value_usd_per_ve": _gpu_value(e, mine),
        "q_mean": _mean_q(e, mine) if month_end else math.nan,
        "chip_premium": e.chip_premium,
    }


def _reserved_and_spot(e: Economy, trades: Trades) -> dict[str, float]:
    """Contracts, hours let and left; of contracts and menus, hours and list prices."""
    books, roll, products = e.books, e.books.roll, e.books.products
    mine = books.fleet.working[roll.landlord_fleet]
    total = float(mine.sum())
    offered = float(trades.offered_ve[roll.landlords].sum()) * HOURS_PER_DAY
    sold = float((trades.sold_ve_hours[roll.landlords] * books.where.shop.on_demand).sum())
    gpus_per_ve = float((mine / books.grade_value).sum()) / total if total > 0.0 else 1.0
    running = float(total - e.delivered_ve.sum())
    downtime = max(0.0, running * HOURS_PER_DAY - offered) if e.board.today.environment.dark else 0.0
    menu = zip(e.path.tenors, e.menu_usd.tolist(), strict=True)
    return {
        **{f"reserved_{tenor.name}_usd_per_ve_hour": rent for tenor, rent in menu},
        "reserved_ve": float(books.contracts.quantity_ve.sum()),
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


def _mean_q(e: Economy, fleets: Floats) -> float:
    """Mean q of landlords that say how they value chips, weighed by their fleets (landlords, grades)."""
    known, landlords = dict(e.register.of(ValuesChips)), e.books.roll.landlords.tolist()
    mine = [k for k, owner in enumerate(landlords) if owner in known]
    weights = fleets.sum(axis=1)[mine]
    views = e.register.views
    qs = [wanted_q(views[owner], known[owner].investor(views[owner]))[1] for owner in landlords if owner in known]
    return float(weights @ np.array(qs) / weights.sum()) if mine else math.nan


def _chip_price(e: Economy) -> float:
    """What buyers pay for a VE of new chips, mean over the grades' shares in orders."""
    today = e.board.today
    if all(factor == 1.0 for factor in today.chip_price_factors):
        return today.chip_price_usd
    shares = zip(today.chip_price_factors, e.board.start.order_shares, strict=True)
    return today.chip_price_usd * math.fsum(factor * share for factor, share in shares)


def _gpu_value(e: Economy, fleets: Floats) -> float:
    """Value of a VE at work, all its life ahead, in the largest landlord's fleet; nan if all are gone."""
    most = int(np.argmax(fleets.sum(axis=1)))
    total = float(fleets[most].sum())
    if total == 0.0:
        return math.nan
    owner = int(e.books.roll.landlords[most])
    view, known = e.register.views[owner], dict(e.register.of(ValuesChips))
    if owner not in known:
        return math.nan
    return float(fleets[most] @ np.array(values_by_grade(view, known[owner].investor(view), 0.0))) / total


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
