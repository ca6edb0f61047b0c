"""The day's row of the record."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.behaviours.investing import values_by_grade, wanted_q
from sim.department import Department
from sim.kernels.spot import POSTED
from sim.roles import BuysLoans, HoldsFutures, ValuesChips
from sim.rows.exchange import Close
from sim.rows.rental import Trades
from sim.vocabulary import DAYS_PER_YEAR, HOURS_PER_DAY, Bools, Floats

if TYPE_CHECKING:
    from sim.economy import Economy


def row_of(e: Economy, trades: Trades, close: Close | None) -> list[float]:
    """The day's row, in the order of the record's columns."""
    books, roll, today, s = e.books, e.books.roll, e.board.today, e.path.settings
    fleet = books.fleet.working
    mine = fleet[roll.landlord_fleet]
    years = today.years
    kinds = [e.register.people[i].kind for i in roll.chip_owners.tolist()]
    of_kind = dict.fromkeys(sorted(set(kinds)), 0.0)
    for kind, gpus in zip(kinds, (fleet / books.grade_value).sum(axis=1).tolist(), strict=True):
        of_kind[kind] += gpus
    values: list[float] = (e.rents.last_by_grade * books.grade_value).tolist()
    values += [e.rents.today, s.rent_usd * e.path.technology_factor(years)]
    values += _values(e.indices)
    values += close.price_usd.tolist() if close is not None else [math.nan] * e.spec.venue.maturities
    values += e.menu_usd.tolist()
    values += list(of_kind.values())
    growth = e.path.quantity_factor(years)
    total = float(mine.sum())
    shop, products = books.where.shop, books.products
    offered = float(trades.offered_ve[roll.landlords].sum()) * HOURS_PER_DAY
    sold = float((trades.sold_ve_hours[roll.landlords] * shop.on_demand).sum())
    ordered = e.ordered_ve[roll.landlord_fleet].sum()
    month_end = e.calendar.is_month_end(e.day)
    path_orders = e.start_fleet_ve * growth * e.path.delivery_rate * e.path.ahead * today.days_of_month / DAYS_PER_YEAR
    gpus_per_ve = float((mine / books.grade_value).sum()) / total if total > 0.0 else 1.0
    running = float(total - e.delivered_ve.sum())
    downtime = max(0.0, running * HOURS_PER_DAY - offered) if today.environment.dark else 0.0
    values += [
        total,
        e.start_fleet_ve * growth,
        float(fleet.sum()),
        float(ordered),
        path_orders if month_end else 0.0,
        float(e.ordered_ve.sum()),
        _chip_price(e),
        _gpu_value(e, mine),
        _mean_q(e, mine) if month_end else math.nan,
        float(books.contracts.quantity_ve.sum()),
        offered / HOURS_PER_DAY,
        sold / offered if offered > 0.0 else math.nan,
        float((trades.traded_ve_hours.sum(axis=0) / products.value).sum()),
        trades.unserved_ve_hours * gpus_per_ve,
        downtime * gpus_per_ve,
        float((trades.price_usd * trades.traded_ve_hours).sum()),
    ]
    values += _market_values(e, trades, gpus_per_ve)
    values += _credit_values(e)
    values += _note_values(e)
    values += _futures_values(e, close, month_end)
    values += _fund_values(e, close)
    values += e.product_rents.tolist()
    values += _occupancy(trades)
    return values


def _values(department: Department) -> list[float]:
    """A department's values of the day, in the order of its columns."""
    day = department.day()
    return [day[column.name] for column in department.columns()]


def _occupancy(trades: Trades) -> list[float]:
    """Hours sold by owners of GPUs over hours they offered, by product."""
    offered = trades.offered_ve.sum(axis=0) * HOURS_PER_DAY
    sold = trades.sold_ve_hours.sum(axis=0)
    shares: list[float] = np.where(offered > 0.0, sold / np.maximum(offered, 1e-300), math.nan).tolist()
    return shares


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


def _market_values(e: Economy, trades: Trades, gpus_per_ve: float) -> list[float]:
    """List prices and interruptions; nan where nobody posts a price."""
    products, posted = e.books.products, e.books.where.shop.mechanism == POSTED
    sellers = (trades.offered_ve > 0.0) & posted
    count, regions = sellers.sum(axis=0), len(products.region_names)
    out = np.bincount(products.region, count * trades.stock_outs, regions).tolist()
    of = np.bincount(products.region, count, regions).tolist()
    shares = [some / all_ if all_ else math.nan for some, all_ in zip(out, of, strict=True)]
    mine = (products.grade == 0) & (e.let_by_landlords > 0.0)
    asks = e.asks_usd[:, mine & posted] if posted.any() else e.asks_usd[:, mine]
    asks = asks[asks > 0.0]
    low, middle, high = quantiles(asks, (0.1, 0.5, 0.9))
    return [*shares, (high - low) / middle, sum(trades.interrupted.values()) * gpus_per_ve]


def median(values: Floats) -> float:
    """The median; nan where there are no values."""
    return statistics.median(values.tolist()) if len(values) else math.nan


def quantiles(values: Floats, shares: Sequence[float]) -> list[float]:
    """The quantiles at these shares; nan where there are no values."""
    found: list[float] = np.quantile(values, shares).tolist() if len(values) else [math.nan] * len(shares)
    return found


def _credit_values(e: Economy) -> list[float]:
    loans = e.books.loans
    indebted: Bools = loans.balance.sum(axis=1) > 0.0
    return [
        float(loans.balance.sum()),
        float(e.books.ledger.net_worth()[e.books.roll.lenders].sum()),
        median(e.loan_desk.dscr[indebted]),
        e.room_share,
        float(e.mark.mean()) if len(e.mark) else 1.0,
        float(e.resolution.defaults),
        e.resolution.losses_usd,
    ]


def _note_values(e: Economy) -> list[float]:
    books, desk = e.books, e.note_desk
    senior = float(desk.pool.balance[0])
    ratio = math.nan
    if senior > 0.0:
        vehicle = e.register.the(desk.vehicle(books), BuysLoans)
        ratio = desk.collateral_usd(books, vehicle.note_terms, e.resolution.in_estate) / senior
    return [
        *desk.pool.balance.tolist(),
        books.loans.sold.total_usd,
        desk.issued_usd,
        e.window.required,
        desk.write_downs_usd,
        ratio,
        e.chip_premium,
    ]


def _futures_values(e: Economy, close: Close | None, month_end: bool) -> list[float]:
    if close is None or e.market is None or e.night is None:
        return [0.0] * 8 + _values(e.labs) + [float(month_end), math.nan]
    ledger, roll = e.books.ledger, e.books.roll
    positions = ledger.table(e.market.names)
    crowd_long = sum(float(np.maximum(0.0, c.arrays.position).sum()) for c in e.crowds)
    institutions = positions.copy()
    for crowd in e.crowds:
        institutions[:, crowd.owner] = 0.0
    interest = crowd_long + math.fsum(institutions[institutions > 0.0].tolist())
    locks = sum(kind == "limit lock" for kind, _ in close.events)
    several = sum(kind == "multiplicity" for kind, _ in close.events)
    gap = float(np.log(close.price_usd / e.expected_usd).mean()) if e.crowds else math.nan
    return [
        interest,
        float(close.volume.sum()),
        float(positions[:, roll.landlords].sum()),
        float(positions[:, roll.users].sum()),
        -float(ledger.held("margin")[roll.clearing_house]),
        float(e.night.margin_defaults),
        float(locks),
        float(several),
        *_values(e.labs),
        float(month_end),
        gap,
    ]


def _fund_values(e: Economy, close: Close | None) -> list[float]:
    """What funds own, traded and loop; then the net asset value of each."""
    owners = [owner for owner, _ in e.register.of(HoldsFutures)]
    by_owner = {fund.owner: fund for fund in e.funds}
    nav = [by_owner[owner].nav_usd if owner in by_owner else math.nan for owner in owners]
    if close is None or not e.funds or e.market is None:
        return [0.0] * 10 + nav
    ledger, funds = e.books.ledger, e.funds
    assets = [fund.nav_usd * fund.outstanding(e.books) for fund in funds]
    months = e.market.names[:2]
    held = [float(np.abs(ledger.held(name)[owners]).sum()) for name in months]
    interest = float(e.fund_interest[: len(months)].sum())
    gain = close.funds.gain.tolist() if close.funds is not None else [0.0, 0.0]
    gamma = [a * (fund.leverage**2 - fund.leverage) for a, fund in zip(assets, funds, strict=True)]
    return [
        math.fsum(assets),
        math.fsum(gamma),
        math.fsum(fund.flow_usd for fund in funds),
        math.fsum(fund.rebalanced for fund in funds),
        math.fsum(fund.rolled for fund in funds),
        *gain,
        close.funds.spectral_radius if close.funds is not None else 0.0,
        math.fsum(held) / interest if interest > 0.0 else 0.0,
        math.fsum(fund.sponsor_loss_usd for fund in funds),
        *nav,
    ]
