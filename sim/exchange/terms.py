"""The section `venues` of the specification: what is listed where, on what terms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from sim.vocabulary import Parameters, Positive

MAIN = "main"  # the venue that comes first, and whose contracts go without its name


class Margin(Parameters):
    """Fixed initial and maintenance margin, as shares of notional."""

    initial: Annotated[float, Field(gt=0.0, le=1.0)]
    maintenance: Annotated[float, Field(gt=0.0, le=1.0)]


class VenueTerms(Parameters):
    """A futures exchange: contract, tick, daily limit, the index it settles on, and how it trades.

    `mechanism`: a closing auction of all orders of the day; a limit order book to which they come in `rounds_per_day`
    rounds before the auction; or a log-linear market maker from outside, whose price moves by `maker_response` (log)
    for an order of one open interest. `market_protection` is how far from the last trade a market order may trade in
    the book, as a share of it.
    """

    listed: bool
    index: str
    maturities: Annotated[int, Field(ge=1, le=36)]
    contract_gpu_hours: Annotated[Positive, Field(ge=1e-6)]
    tick_usd: Positive
    daily_limit: Annotated[float, Field(gt=0.0, lt=1.0)]
    round_to_tick: bool
    margin: Margin
    mechanism: Literal["call_auction", "limit_order_book", "log_linear"] = "call_auction"
    rounds_per_day: Annotated[int, Field(ge=1, le=1440)] = 8
    market_protection: Annotated[float, Field(gt=0.0, le=1.0)] = 0.02
    maker_response: Annotated[float, Field(gt=0.0, le=10.0)] = 0.02


class Information(Parameters):
    """What traders of the crowds know of demand to come beyond rents; precision zero is exactly nothing.

    `precision` of a trader's own signal, Var N / (Var N + variance of its error), N the news of `horizon_days`; a
    trader keeps its error for `cadence_days`. `response` is what rents are taken to rise by, log per log of demand.
    `price_weight` is how far traders defer to the last price instead of their own expectation.
    """

    precision: Annotated[float, Field(ge=0.0, lt=1.0, allow_inf_nan=False)]
    horizon_days: Annotated[int, Field(ge=1, le=3650)]
    price_weight: Annotated[float, Field(ge=0.0, lt=1.0, allow_inf_nan=False)]
    cadence_days: Annotated[int, Field(ge=1, le=3650)]
    response: Annotated[float, Field(ge=0.0, le=20.0, allow_inf_nan=False)]


def in_order(venues: Mapping[str, VenueTerms]) -> dict[str, VenueTerms]:
    """Venues, the main one first, then by name: the order in which they are written changes nothing."""
    return {name: venues[name] for name in sorted(venues, key=lambda name: (name != MAIN, name))}
