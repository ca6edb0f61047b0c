"""The laws of the day's hours, and the series that rental records."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.kernels.laws import hours
from sim.kernels.record import hours as hours_of_day
from sim.kernels.record import listed, shelves
from sim.kernels.spot import POSTED
from sim.laws import fail, same
from sim.quantiles import quantiles
from sim.record import Column
from sim.rental.places import Shop
from sim.rounding import rounding
from sim.rows.rental import Products, Trades
from sim.rows.reserved import Delivered
from sim.vocabulary import HOURS_PER_DAY, Bools, Floats, Ints


def check_hours(
    day: int, trades: Trades, delivered: Delivered, landlords: Ints, fleet_ve: Floats, running_share: Floats
) -> None:
    """A6: hours of landlords' fleets = delivered to contracts + sold + unsold + downtime, none negative.

    `fleet_ve` (landlords, grades) is at work, of which `running_share` (owners,) runs.
    """
    sold, swing, terms = trades.sold_ve_hours, trades.swing_ve_hours, terms_of(trades)
    fits, total, volume = hours(
        delivered.ve, sold.T, swing.T, trades.traded_ve_hours, landlords, fleet_ve, running_share,
        float(HOURS_PER_DAY), rounding(1.0, terms),
    )  # fmt: skip
    if not fits:
        kept, let = delivered.ve * HOURS_PER_DAY, sold[landlords].sum(axis=1)
        most = fleet_ve.sum(axis=1) * HOURS_PER_DAY * running_share[landlords]
        fail(day, "A6", f"delivered {kept} and sold {let} exceed running hours {most}")
    within = rounding(total, terms)
    same(day, "A6", "hours sold and hours traded", total, volume, within)
    same(day, "A6", "hours traded and hours bought", volume, sum(trades.bought.values()), within)


def check_spending(day: int, trades: Trades) -> None:
    """A12: what users spend by the hour is what owners earn."""
    spent = float(trades.spent_usd.sum())
    same(day, "A12", "spending and revenue", spent, float(trades.revenue_usd.sum()), rounding(spent, terms_of(trades)))


def terms_of(trades: Trades) -> int:
    """How many terms a day's sums have, one after another: users, hours, then products."""
    return len(trades.bought) + int(HOURS_PER_DAY) + int(trades.sold_ve_hours.shape[1])


def columns_of(products: Products, sellers: Sequence[str]) -> list[Column]:
    """The series of hours, rents and list prices; `sellers` are those who post prices."""
    return [
        *_rents_of(products.grade_names, "{grade}", "mean spot rent of {} from landlords, bundles taken off"),
        *_rents_of(products.names, "{product}", "mean rent of {}"),
        *(
            Column(
                f"stock_out_{r}", "share", f"seller-hours in {r} with nothing left at list prices", "stock_out_{region}"
            )
            for r in products.region_names
        ),
        *(
            Column(
                f"occupancy_{product}",
                "share",
                f"hours sold over hours offered of {product}; empty where none is offered",
                "occupancy_{product}",
            )  # fmt: skip
            for product in products.names
        ),
        Column(
            "rent_usd_per_ve_hour",
            "USD per VE-hour",
            "mean spot rent from landlords, bundles taken off; VE is the work of one H100",
        ),  # fmt: skip
        Column("rent_path_usd_per_ve_hour", "USD per VE-hour", "rent on the balanced growth path"),
        Column("pool_ve", "VE", "capacity that landlords offer to the spot market"),
        Column("withheld_ve", "VE", "capacity that landlords keep from the spot market for customers of contracts"),
        Column("occupancy", "share", "hours sold over hours offered by landlords in the spot market"),
        Column("traded_gpu_hours", "GPU-hours", "spot hours traded"),
        Column("unserved_gpu_hours", "GPU-hours", "hours wanted at the price cap and not served, contracts' included"),
        Column("downtime_gpu_hours", "GPU-hours", "hours of landlords' fleets lost to outages"),
        Column("spot_turnover_usd", "USD", "value of spot trades"),
        Column("ask_dispersion", "ratio", "list asks of the reference grade, (90 % - 10 % quantile) over the median"),
        Column("interrupted_gpu_hours", "GPU-hours", "interruptible work cut off while it ran"),
        *(
            Column(
                ask_column(seller),
                "USD per GPU-hour",
                f"list price of {seller} for the reference grade, in its first region; empty where it posts none",
                ask_column("{seller}"),
            )
            for seller in sellers
        ),
    ]


def _rents_of(names: Sequence[str], family: str, meaning: str) -> list[Column]:
    return [Column(rent_column(name), "USD per GPU-hour", meaning.format(name), rent_column(family)) for name in names]


def rent_column(name: str) -> str:
    """The series of a grade's or a product's rent."""
    return f"rent_{name}_usd_per_gpu_hour"


def ask_column(seller: str) -> str:
    """The series of a seller's list price."""
    return f"ask_{seller}_usd_per_gpu_hour"


@dataclass(frozen=True)
class Series:
    """What the record calls the day's hours and prices, laid out once, and what it looks at.

    Names of rents (grades, then products), of stock-outs by region, occupancy by product and list prices by seller.
    `sellers` (S,) are those who post prices, `first` (n,) products of the reference grade in the order in which a
    seller's price is looked for: a seller that reprices does so everywhere, so that one price says when, the first that
    is paid or else the first posted. `compared` (J,) are products whose list prices are compared.
    """

    rents: tuple[str, ...]
    stock_outs: tuple[str, ...]
    occupancy: tuple[str, ...]
    asks: tuple[str, ...]
    sellers: Ints
    first: Ints
    compared: Bools


def series_of(products: Products, shop: Shop, let: Floats, sellers: Sequence[tuple[int, str]]) -> Series:
    """The series of these products, of which landlords `let` some (products,), and of those who post prices."""
    reference = np.flatnonzero(products.grade == 0)
    mine = (products.grade == 0) & (let > 0.0)
    return Series(
        rents=tuple(rent_column(name) for name in (*products.grade_names, *products.names)),
        stock_outs=tuple(f"stock_out_{region}" for region in products.region_names),
        occupancy=tuple(f"occupancy_{product}" for product in products.names),
        asks=tuple(ask_column(seller) for _, seller in sellers),
        sellers=np.array([owner for owner, _ in sellers], dtype=np.int64),
        first=reference[np.argsort(shop.mechanism[reference] != POSTED, kind="stable")],
        compared=mine & shop.posted if shop.posted.any() else mine,
    )


def hours_let(
    series: Series, trades: Trades, delivered: Delivered, products: Products, shop: Shop, landlords: Ints,
    gpu_ve: Floats, fleet: Floats, dark: bool, withheld_ve: float,
) -> dict[str, float]:  # fmt: skip
    """Hours let, left and withheld; `fleet` (landlords, grades) VE, whose grades have `gpu_ve` (grades,) to a GPU."""
    pool, sold, gpu_hours, paid_usd, occupancy, running, gpus_per_ve = hours_of_day(
        trades.offered_ve.T, trades.sold_ve_hours.T, landlords, shop.on_demand, trades.price_usd,
        trades.traded_ve_hours, products.value, fleet, gpu_ve, delivered.ve,
    )  # fmt: skip
    offered = pool * HOURS_PER_DAY
    downtime = max(0.0, (running - withheld_ve) * HOURS_PER_DAY - offered) if dark else 0.0
    return {
        "pool_ve": offered / HOURS_PER_DAY,
        "withheld_ve": withheld_ve,
        "occupancy": sold / offered if offered > 0.0 else math.nan,
        "traded_gpu_hours": gpu_hours,
        "unserved_gpu_hours": trades.unserved_ve_hours * gpus_per_ve,
        "downtime_gpu_hours": downtime * gpus_per_ve,
        "interrupted_gpu_hours": sum(trades.interrupted.values()) * gpus_per_ve,
        "spot_turnover_usd": paid_usd,
        **dict(zip(series.occupancy, occupancy.tolist(), strict=True)),
    }


def stock_out(trades: Trades, shop: Shop) -> float:
    """Share of hours in which nothing was to be had: of sellers' at list prices, and of what was wanted at any."""
    count = shelves(trades.offered_ve.T, shop.posted)
    listed = float(count @ trades.stock_outs) / float(count.sum()) if count.any() else 0.0
    wanted = trades.unserved_ve_hours + trades.volume
    return 1.0 - (1.0 - listed) * (1.0 - (trades.unserved_ve_hours / wanted if wanted > 0.0 else 0.0))


def list_prices(
    series: Series, trades: Trades, products: Products, shop: Shop, asks_usd: Floats, gpu_ve: float
) -> dict[str, float]:
    """Stock-outs at list prices, how asks differ, each seller's price of the reference grade; nan where there is none.

    `gpu_ve` is VE to a GPU of that grade.
    """
    out, asks, first = listed(
        trades.offered_ve.T, shop.posted, trades.stock_outs, products.region, len(products.region_names), asks_usd,
        series.compared, series.sellers, series.first,
    )  # fmt: skip
    low, middle, high = quantiles(asks, (0.1, 0.5, 0.9))
    return {
        **dict(zip(series.stock_outs, out.tolist(), strict=True)),
        "ask_dispersion": (high - low) / middle,
        **dict(zip(series.asks, (first * gpu_ve).tolist(), strict=True)),
    }
