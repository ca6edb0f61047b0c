"""How the orders of a day meet where it is not in one auction: in a limit order book before it, or with a maker."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.exchange.futures import Schedules
from sim.exchange.intraday import call
from sim.exchange.joint_close import MONTHS, FundClose, FundOrders, MonthOrders, close_with_funds
from sim.exchange.market_maker import quote
from sim.exchange.night import Night
from sim.exchange.session import Arrivals, MonthOfTheDay, trade
from sim.exchange.terms import VenueTerms
from sim.kernels.call_auction import Cleared, call_auction
from sim.rows.exchange import Noon
from sim.vocabulary import Floats


def by_book(
    terms: VenueTerms,
    names: Sequence[str],
    books: Sequence[MonthOrders],
    schedules: Sequence[Schedules],
    arrivals: Arrivals,
    funds: FundOrders | None,
    night: Night,
) -> FundClose | None:
    """Every month trades for a day, then what is left of all orders meets in a closing auction, funds with it.

    With calls within the day all months pass half of their rounds first.
    """
    days = zip(books, schedules, strict=True)
    if terms.intraday_calls:
        months = [MonthOfTheDay(m, orders, mine, terms, arrivals) for m, (orders, mine) in enumerate(days)]
        night.noon = half_way(terms, months, night)
        sessions = [month.close() for month in months]
    else:
        sessions = [trade(m, orders, mine, terms, arrivals) for m, (orders, mine) in enumerate(days)]
    funded = None
    joint: list[tuple[Cleared, Floats]] = []
    if funds is not None:
        nearest = [session.rest for session in sessions[:MONTHS]]
        joint, funded = close_with_funds(nearest, funds, terms.tick_usd, terms.round_to_tick)
    for m, session in enumerate(sessions):
        if m < len(joint):
            cleared, fills = joint[m]
        else:
            rest, fills = session.rest, np.zeros(len(session.filled))
            cleared = call_auction(
                rest.quantity, rest.tick, rest.curve, rest.tick0, terms.tick_usd, rest.last_usd, terms.round_to_tick,
                fills,
            )  # fmt: skip
        rungs = len(session.owners)
        fills = fills + session.filled
        night.give(m, session.owners, fills[:rungs], np.abs(session.filled[:rungs]) + np.abs(fills[:rungs]))
        night.give_crowds(m, fills[rungs:])
        if funds is not None and funded is not None and m < len(joint):
            night.trades[m, funds.owners] += funded.fills[:, m]
        night.note(m, names[m], cleared)
        night.volume[m] += session.quality.volume
    night.pay(sessions)
    return funded


def half_way(terms: VenueTerms, months: Sequence[MonthOfTheDay], night: Night) -> Noon:
    """Let all months trade for a day, with a call after half of their rounds."""
    half = terms.rounds_per_day // 2
    for month in months:
        month.pass_rounds(half)
    found = call(months, night.crowds, night.trades.shape[1], night.price_usd, night.hours, night.maintenance)
    for month in months:
        month.pass_rounds(terms.rounds_per_day - half)
    return found


def by_maker(
    terms: VenueTerms,
    names: Sequence[str],
    books: Sequence[MonthOrders],
    schedules: Sequence[Schedules],
    held: Floats,
    night: Night,
) -> None:
    """A market maker from outside sets every month's price and takes the other side; `held` is open interest (M,)."""
    maker = night.trades.shape[1] - 1  # the outside world, the last row of the ledger
    for m, (orders, mine) in enumerate(zip(books, schedules, strict=True)):
        cleared, scheduled, fills = quote(orders, mine, terms, float(held[m]))
        night.give(m, mine.owners, scheduled, np.abs(scheduled))
        night.give_crowds(m, fills)
        night.give_rest(m, maker)
        night.note(m, names[m], cleared)
