"""Month end: users are funded, orders are limited by sites, the vendor and parents' equity."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from sim.roles import Hedges, SellsChips
from sim.rules.rents import annuity
from sim.vocabulary import DAYS_PER_YEAR, Floats

if TYPE_CHECKING:
    from sim.economy import Economy


def fund_users(e: Economy) -> None:
    """Users, and hedgers that are not landlords, are given cash by their owners where hedges cost more."""
    roll, ledger = e.books.roll, e.books.ledger
    hedgers = {owner for owner, _ in e.register.of(Hedges)} - set(roll.landlords.tolist())
    funded = np.array(sorted({*roll.users.tolist(), *hedgers}), dtype=np.int64)
    short = np.maximum(0.0, -ledger.held("cash")[funded])
    if short.any():
        ledger.post("owners' funding", "cash", np.full(len(short), roll.rest_of_world), funded, short)


def accepted_by_vendor(e: Economy, wanted: Floats) -> float:
    """Share of all orders that the vendor accepts; the premium on next month's chips follows from the same orders."""
    path = e.path
    years = e.day / DAYS_PER_YEAR
    rate = path.delivery_rate * path.ahead * e.board.today.days_of_month / DAYS_PER_YEAR
    orders = e.start_all_ve * path.quantity_factor(years) * rate
    vendor = e.register.the(e.books.roll.vendor, SellsChips)
    total = float(wanted.sum())
    met = e.board.today.environment.vendor_scale
    share: float = met * vendor.accepted_share(e.register.views[e.books.roll.vendor], total, orders)
    e.chip_premium = vendor.next_premium(e.chip_premium, total, orders * met) if met > 0.0 else e.chip_premium
    return share


def allowed_by_sites(e: Economy, wanted: Floats) -> Floats:
    """Share of each owner's orders (chip owners,) for which there is power and room where its GPUs stand.

    A region's fleet may grow at its `growth_limit` g: orders a year of fleet / A(g, life) * e^(g lead), as on a growth
    path with that rate. A site shock multiplies the limit, or the path's growth where a region has none.
    """
    scale, regions = e.board.today.environment.sites_scale, e.spec.regions
    limits = [region.growth_limit for region in regions.values()]
    if scale == 1.0 and all(limit is None for limit in limits):
        return np.ones(len(wanted))
    s, fleet = e.path.settings, e.books.fleet.working.sum(axis=1)
    stands = e.books.where.regions[e.books.roll.chip_owners]
    asked, here = wanted.sum(axis=1) @ stands, fleet @ stands
    open_share = np.ones(len(limits))
    for r, (name, limit) in enumerate(zip(regions, limits, strict=True)):
        if limit is None and scale == 1.0:
            continue
        rate = scale * (limit if limit is not None else s.quantity)
        year = here[r] / annuity(rate, s.life_years) * math.exp(rate * s.lead_years)
        most = year * e.board.today.days_of_month / DAYS_PER_YEAR
        if asked[r] > most:
            open_share[r] = most / asked[r]
            e.log.note(e.day, "site limit", f"{name}: room for {open_share[r]:.0%} of what is ordered")
    return np.asarray(stands @ open_share)


def equity_for_unlevered(e: Economy, cost_usd: Floats) -> None:
    """Owners that do not borrow are given the money for their orders by their parents."""
    roll = e.books.roll
    levered = set(roll.landlord_fleet.tolist())
    for row, owner in enumerate(roll.chip_owners):
        if row not in levered:
            e.books.ledger.transfer("capex from parents", "cash", roll.parents, int(owner), float(cost_usd[row]))
