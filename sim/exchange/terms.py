"""The section `venues` of the specification: what is listed where, on what terms."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from sim.vocabulary import DAYS_PER_YEAR, HOURS_PER_DAY, Days, Parameters, Positive, Share, iso_date

MAIN = "main"  # the venue that comes first, and whose contracts go without its name


class Margin(Parameters):
    """Initial and maintenance margin, as shares of notional: `fixed`, or what `fhs` begins with; `scan` nets months.

    `confidence`, `decay` (a day), `window_days`, `horizon_days`, `buffer`, `stress_weight` and `floor` are of `fhs`,
    `spread_charge` of `scan`: see `sim.exchange.margin_models`. Maintenance stays the same part of initial margin.
    """

    initial: Annotated[float, Field(gt=0.0, le=1.0)]
    maintenance: Annotated[float, Field(gt=0.0, le=1.0)]
    model: Literal["fixed", "fhs", "scan"] = "fixed"
    confidence: Annotated[float, Field(gt=0.5, lt=1.0)] = 0.99
    decay: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.97
    window_days: Annotated[int, Field(ge=20, le=5000)] = 500
    horizon_days: Annotated[float, Field(ge=1.0, le=30.0)] = 2.0
    buffer: Annotated[float, Field(ge=0.0, le=10.0)] = 0.25
    stress_weight: Share = 0.25
    floor: Share = 0.0
    spread_charge: Share = 0.25


class Limits(Parameters):
    """Most contracts of one trader who is no hedger, long or short: in any `month`, and in the nearest (`spot`) on its
    last `spot_days` business days; null is none. Beyond `accountability` in a month holders are told of at month ends.
    """

    month: Positive | None = None
    spot: Positive | None = None
    spot_days: Annotated[int, Field(ge=1, le=31)] = 3
    accountability: Positive | None = None


class FundingTerms(Parameters):
    """What longs of a perpetual pay shorts every so many hours, and what traders expect of its index.

    They expect the mark on the index `horizon_years` ahead, and half of what the index is off its usual ratio to rents
    gone after `half_life_days`.

    `response`, `band` and `cap` are those of `sim.rules.perpetual`; with a response or cap of zero nothing is paid.
    """

    every_hours: Literal[1, 2, 3, 4, 6, 8, 12, 24]
    response: Share
    band: Annotated[float, Field(ge=0.0, le=0.5, allow_inf_nan=False)]
    cap: Annotated[float, Field(ge=0.0, le=0.5, allow_inf_nan=False)]
    horizon_years: Annotated[float, Field(ge=1.0 / DAYS_PER_YEAR, le=2.0, allow_inf_nan=False)]
    half_life_days: Days

    @property
    def per_day(self) -> int:
        """Payments a day."""
        return HOURS_PER_DAY // self.every_hours


class VenueTerms(Parameters):
    """A futures exchange: contract, tick, daily limit, the index it settles on, and how it trades.

    `kind`: monthly futures; or one perpetual, which never settles, and whose `funding` ties it to the index.

    `mechanism`: a closing auction of all orders of the day; a limit order book to which they come in `rounds_per_day`
    rounds before the auction; or a log-linear market maker from outside, whose price moves by `maker_response` (log)
    for an order of one open interest. `market_protection` is how far from the last trade a market order may trade in
    the book, as a share of it. With `intraday_calls` positions are marked and margin is called after half of a book's
    rounds too.

    A contract is `contract_gpu_hours`, the same in all months, or with `hours_of_month` the hours of its own month.

    A month settles to the mean of the index over the days that `settlement` counts: business days, by `calendar`, or
    all days.
    A venue that is `listed` opens on `listed_from`, a date, or at once (null; a date before the run too, and it is
    told). With `reports` the record has what it publishes beside prices: see `sim.exchange.reports`.
    """

    listed: bool
    kind: Literal["monthly", "perpetual"] = "monthly"
    index: str
    maturities: Annotated[int, Field(ge=1, le=36)]
    contract_gpu_hours: Annotated[Positive, Field(ge=1e-6)]
    hours_of_month: bool = False
    tick_usd: Positive
    daily_limit: Annotated[float, Field(gt=0.0, lt=1.0)]
    round_to_tick: bool
    margin: Margin
    mechanism: Literal["call_auction", "limit_order_book", "log_linear"] = "call_auction"
    rounds_per_day: Annotated[int, Field(ge=1, le=1440)] = 8
    market_protection: Annotated[float, Field(gt=0.0, le=1.0)] = 0.02
    intraday_calls: bool = False
    settlement: Literal["business_days", "calendar_days"] = "business_days"
    calendar: Literal["weekdays", "cme_trade_dates"] = "weekdays"
    listed_from: Annotated[str, AfterValidator(iso_date)] | None = None
    maker_response: Annotated[float, Field(gt=0.0, le=10.0)] = 0.02
    reports: bool = False
    limits: Limits = Limits()
    funding: FundingTerms | None = None

    @property
    def perpetual(self) -> bool:
        """Whether it lists a perpetual in place of months."""
        return self.kind == "perpetual"

    def first_day(self, start: datetime.date) -> int:
        """The day on which the venue opens in a world that begins on `start`: 0, or that of its date if later."""
        return 0 if self.listed_from is None else max(0, (datetime.date.fromisoformat(self.listed_from) - start).days)

    def on(self, day: int, start: datetime.date) -> VenueTerms:
        """The terms as they are on a day: not listed before its date."""
        early = self.listed and day < self.first_day(start)
        return self.model_copy(update={"listed": False}) if early else self


class Clearing(Parameters):
    """Clearing members and what they answer for; where it is not `enabled` the house's owners bear all, exactly.

    The default fund is `fund_scale` times what the two members with the largest losses would owe beyond margin if all
    prices moved by `stress_move` to either side; it is sized anew each month, by members' margins. The house puts in
    `own_capital_share` of it, before the other members' shares; they may be assessed once more up to
    `assessment_multiple` of their shares a month. With an `auction_discount` (log) the books of failed traders are
    first auctioned among members' clients, at most so far from the close; at zero they go to the market as they are.
    """

    enabled: bool
    members: Annotated[int, Field(ge=2, le=1000)]
    stress_move: Annotated[float, Field(gt=0.0, lt=1.0, allow_inf_nan=False)]
    fund_scale: Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False)]
    own_capital_share: Annotated[float, Field(ge=0.0, le=10.0, allow_inf_nan=False)]
    assessment_multiple: Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False)]
    auction_discount: Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)] = 0.0


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


class Futures(Parameters):
    """How large the futures market is: `open_interest_share`, open interest over a year's spot turnover, all venues
    together; null is what hedgers' ratios and speculators' wealth make of it.

    It is put right at month ends for the first `settling_days` of a listing, and then left alone: see
    `sim.exchange.size`.
    """

    open_interest_share: Annotated[float, Field(ge=0.0007, le=2.0, allow_inf_nan=False)] | None = None
    settling_days: Annotated[int, Field(ge=30, le=3650)] = 180


def in_order(venues: Mapping[str, VenueTerms]) -> dict[str, VenueTerms]:
    """Venues, the main one first, then by name, perpetuals last: in whatever order they are written."""
    return {
        name: venues[name] for name in sorted(venues, key=lambda name: (name != MAIN, venues[name].perpetual, name))
    }


def listed_outside(venues: Mapping[str, VenueTerms], start: datetime.date, days: int) -> list[tuple[int, str, str]]:
    """An event for each venue whose date comes before the first day, or after the last that was asked for."""
    kind, events = "listing outside the run", []
    for name, t in venues.items():
        if not t.listed or t.listed_from is None:
            continue
        if (day := t.first_day(start)) >= days:
            events.append((0, kind, f"{name} is listed on day {day}, the run ends on day {days - 1}"))
        elif datetime.date.fromisoformat(t.listed_from) < start:
            text = f"{name} is listed from {t.listed_from}, before the run starts on {start}: it opens on day 0, as new"
            events.append((0, kind, text))
    return events
