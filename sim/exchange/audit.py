"""The laws of the exchange, and the series that it records."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

import numpy as np

from sim.exchange.clearing_house import FUND, Margins
from sim.exchange.terms import MAIN
from sim.exchange.venue import Venue
from sim.exchange.waterfall import DefaultFund
from sim.kernels.record import held, long_positions, positive
from sim.laws import all_same, same
from sim.ledger import Ledger
from sim.record import Column
from sim.register import Roll
from sim.rounding import rounding
from sim.rows.exchange import Close

TRADING = [
    Column("open_interest_contracts", "contracts", "open interest in all months"),
    Column("futures_volume_contracts", "contracts", "contracts traded today"),
    Column("hedge_landlords_contracts", "contracts", "net position of landlords"),
    Column("hedge_users_contracts", "contracts", "net position of users"),
    Column("initial_margin_usd", "USD", "margin deposits at the clearing house"),
    Column("margin_defaults", "traders", "speculators who failed a margin call today"),
    Column("limit_locks", "months", "listed months locked at the daily limit today"),
    Column("multiplicities", "months", "listed months with several clearing prices today"),
]
SIZED = [  # where an open interest is stated
    Column("open_interest_usd", "USD", "value of open contracts at tonight's prices, all venues, before a month "
           "settles"),
    Column("open_interest_share_stated", "share", "open interest over annual spot turnover that is stated"),
    Column("futures_size", "ratio", "what speculators own over what their keys say, so that it is met; hedgers bring "
           "as much of their exposure, at most all"),
]  # fmt: skip
TRADED = tuple(column.name for column in TRADING)
GAP = Column("curve_gap", "log", "mean log gap of the curve over the crowd's expected settlement")
SPREAD = Column("curve_gap_spread", "log", "sd over the listed months of their log gaps over expectations")
WEIGHT = Column("curve_weight", "share", "weight that the curve has been worth to readers who believe as the crowd")
MISSES = [
    Column("curve_miss", "log^2", "squared error of the curve, less its normal premium, in forecasting the month that "
           "settled today: mean over the months ahead of it; empty on other days"),
    Column("curve_miss_of_rents", "log^2", "the same of what was expected from rents alone on those evenings"),
]  # fmt: skip
IMPACT = Column(
    "futures_impact", "log", "log price change per market order of one open interest, measured on the close of the "
    "second month at month ends; empty on other days",
)  # fmt: skip
READINGS = [GAP, SPREAD, WEIGHT, *MISSES, IMPACT]
MONEY = "cash", "margin"
SOMETIMES = tuple(column.name for column in READINGS)  # empty on other days


def price_column(venue: str, m: int) -> str:
    """The series of a venue's listed month, 0 the nearest."""
    return f"future_{m + 1}_usd_per_gpu_hour" if venue == MAIN else f"future_{venue}_{m + 1}_usd_per_gpu_hour"


@cache
def price_names(venue: str, maturities: int) -> tuple[str, ...]:
    """The series of all listed months of a venue, by name."""
    return tuple(price_column(venue, m) for m in range(maturities))


def price_columns(venue: str, maturities: int) -> list[Column]:
    """The series of all listed months of a venue."""
    at = "" if venue == MAIN else f" at {venue}"
    return [
        Column(
            price_column(venue, m),
            "USD per GPU-hour",
            f"closing price of listed month {m + 1}{at} (1 = nearest); empty where none is listed",
            "future_{month}_usd_per_gpu_hour",
        )
        for m in range(maturities)
    ]


def check_positions(day: int, ledger: Ledger, venues: Iterable[Venue]) -> None:
    """A4: crowds' arrays agree with the ledger, contracts by venue, money over all crowds of an owner."""
    money: dict[int, float] = {}
    for venue in venues:
        names = tuple(venue.names)
        for crowd in venue.crowds:
            mine, position = crowd.owner, crowd.arrays.position
            if not ledger.holds_in_parts(names, np.array([mine]), position):
                held, most = ledger.table(names)[:, mine], rounding(ledger.sizes(names)[:, mine])
                all_same(day, "A4", "contracts of", position.sum(axis=1), held, most, names)
            money[mine] = money.get(mine, 0.0) + crowd.total_cash_usd()
    for owner, usd in money.items():
        owns, within = ledger.holding("cash", owner) + ledger.holding("margin", owner), ledger.size(MONEY, owner)
        same(day, "A4", "crowd's money", usd, owns, rounding(within))


def check_deposits(day: int, ledger: Ledger, house: int, fund: DefaultFund | None = None) -> None:
    """A5: margin deposits, and where there are clearing members their fund and own capital, are the house's cash."""
    deposits, size = -ledger.holding("margin", house), ledger.size(MONEY, house)
    if fund is not None:
        owed, of_fund = -ledger.holding(FUND, house), ledger.size([FUND], house)
        same(day, "A5", "members' shares and what the house owes them", fund.total_usd, owed, rounding(of_fund))
        deposits += owed + fund.own_usd
        size += of_fund + fund.own_usd
    same(day, "A5", "margin deposits and the house's cash", deposits, ledger.holding("cash", house), rounding(size))


def trading(
    ledger: Ledger, roll: Roll, venues: Iterable[Venue], closes: Iterable[Close], margins: Margins
) -> list[float]:
    """The values of the series `TRADING`, over all venues."""
    crowds_long, others_long, rows = 0.0, [], []
    for venue in venues:
        rows.append(ledger.rows(tuple(venue.names)))
        crowds = np.array([crowd.owner for crowd in venue.crowds], dtype=np.int64)
        others_long += long_positions(ledger.positions, rows[-1], crowds).tolist()
        for crowd in venue.crowds:
            crowds_long += positive(crowd.arrays.position)
    every = np.concatenate(rows)
    told = [kind for close in closes for kind, _ in close.events]
    return [
        crowds_long + math.fsum(others_long),
        math.fsum(float(close.volume.sum()) for close in closes),
        held(ledger.positions, every, roll.landlords),
        held(ledger.positions, every, roll.users),
        -ledger.holding("margin", roll.clearing_house),
        float(margins.margin_defaults),
        float(told.count("limit lock")),
        float(told.count("multiplicity")),
    ]
