"""How a venue opens: what its front month has seen, its first prices, the first positions."""

from __future__ import annotations

import numpy as np

from sim.exchange.contract_size import per_first
from sim.exchange.venue import Venue
from sim.rows.exchange import Curve
from sim.rules.rents import expected_rent
from sim.vocabulary import DAYS_PER_YEAR, Floats

MARGIN_AT_OPENING = 0.5  # most of a crowd's wealth that is margin when a venue opens
USUAL_REVERSION = 2.0  # per year, of traders with a half-life of four months


def index_so_far(technology: float, index_usd: float, days: list[int]) -> list[float]:
    """An index on days before day 0, on the path: it falls with technology."""
    return [index_usd * float(np.exp(-technology * day / DAYS_PER_YEAR)) for day in days if day < 0]


def first_prices(
    curve: Curve, rent_usd: float, anchor_usd: float, technology: float, reversion: float = USUAL_REVERSION
) -> Floats:
    """Settlements (maturities,) as traders expect them who see rents revert to the anchor at this speed, per year."""
    rents = [expected_rent(rent_usd, anchor_usd, technology, reversion, h) for h in curve.horizon_years]
    known = np.array(curve.known_weight)
    return np.asarray(known * np.array(curve.known_mean_usd) + (1.0 - known) * (curve.index_ratio * np.array(rents)))


def first_positions(venue: Venue, hedges: Floats, hedgers: list[int]) -> Floats:
    """The hedges (maturities, owners) with which a venue opens, and the other side of them; moves crowds' positions.

    Crowds have the other side, by wealth. Without a crowd the larger side of the hedges is scaled to the smaller.
    """
    hedges = hedges if venue.crowds else matched(hedges)
    wealth = venue.wealth_usd
    net = np.take(hedges, hedgers, axis=1).sum(axis=1)  # over hedgers alone: it does not depend on who else there is
    hours = venue.hours
    usd = per_first(venue.price_usd, hours)
    margin = venue.initial_margin * float(hours[0]) * float(np.abs(net) @ usd)
    hedges = hedges * (min(1.0, MARGIN_AT_OPENING * wealth / margin) if venue.crowds and margin > 0.0 else 1.0)
    other_side = -np.take(hedges, hedgers, axis=1).sum(axis=1)[:, None]
    for crowd in venue.crowds:
        crowd.arrays.position[:] = other_side * (crowd.arrays.cash_usd / wealth)
        hedges[:, crowd.owner] = crowd.arrays.position.sum(axis=1)
    return hedges


def matched(hedges: Floats) -> Floats:
    """Hedges (maturities, owners), the larger side of each month scaled to the smaller."""
    long, short = np.maximum(0.0, hedges), np.maximum(0.0, -hedges)
    both = np.minimum(long.sum(axis=1), short.sum(axis=1))[:, None]
    found = long * both / np.maximum(long.sum(axis=1), 1e-300)[:, None]
    found -= short * both / np.maximum(short.sum(axis=1), 1e-300)[:, None]
    return np.asarray(found)
