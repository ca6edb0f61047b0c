"""The exchange: hedgers' schedules, the curve, how a crowd is drawn, the close."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

from sim.rules.information import news_variance
from sim.vocabulary import Floats


class FutureRow(NamedTuple):
    """A hedger's or dealer's linear schedule in one maturity of the call auction.

    `maturity` is its place among the listed months of all venues: those of the first venue come first, nearest first.

    Wanted trade at price F: clip(trade_at_last - slope * (F - F_last), low, high), in contracts (+ buys).
    """

    maturity: int
    trade_at_last: float
    slope_per_usd: float
    low: float
    high: float


class HedgeEstimate(NamedTuple):
    """The ratio at which a firm hedges by its own record, and the share of the variance of its own revenue that is left
    at it."""

    ratio: float
    basis_risk: float


class Anchor(NamedTuple):
    """How funding ties a perpetual to its index: see `sim.rules.perpetual`.

    `per_year` payments; traders expect the mark on the index `horizon_years` ahead. The index was `index_usd` last; how
    far that is from its usual ratio to rents fades with `reversion`, per year.
    """

    response: float
    band: float
    cap: float
    per_year: float
    horizon_years: float
    index_usd: float
    reversion: float


class SpotLimit(NamedTuple):
    """Most contracts of the nearest month that one trader may hold on its last days, and the business days before them
    (in the evening those after tonight; 0: it holds from the next on, or holds), of how many that the month has before
    them; and most contracts until then."""

    contracts: float
    business_days: int
    of_days: int
    until_then: float = math.inf


@dataclass(frozen=True, slots=True)
class Curve:
    """The futures curve as last settled: prices, horizons and the normal premium by maturity, nearest first.

    Horizons are years from today to the middle of what is still to be averaged; `known_weight` is the share of the
    settlement mean that is already known and `known_mean_usd` that part's mean; `index_ratio` is the usual ratio of the
    contract's index to the mean rent per VE-hour, `days_left` the days of each contract's month that are still to come,
    `contract_hours` the size of each contract in VE-hours. A perpetual has an `anchor` in place of months: one price,
    whose horizon is that of its anchor, and no days to come. `gpu_ve` are VE of a GPU of the index's grade,
    `margin_share` initial margin over notional, `spot_limit` the position limit of the nearest month's last days.
    """

    price_usd: tuple[float, ...]
    horizon_years: tuple[float, ...]
    known_weight: tuple[float, ...]
    known_mean_usd: tuple[float, ...]
    normal_premium: tuple[float, ...]
    days_left: tuple[float, ...]
    index_ratio: float
    contract_hours: tuple[float, ...]
    anchor: Anchor | None = None
    gpu_ve: float = 1.0
    margin_share: float = 0.0
    spot_limit: SpotLimit | None = None


class Leg(NamedTuple):
    """A listed contract to one who trades it against another: place, last price, log gap over what it is expected to be
    worth, USD of a contract at the last price, initial margin over that, whether it never settles."""

    place: int
    price_usd: float
    gap: float
    contract_usd: float
    margin_share: float
    perpetual: bool


class ListedMonth(NamedTuple):
    """A listed month to one hedger: last price, expected settlement, days of it to come, share of the full hedge held.

    `maturity` is its place among the listed months of all venues, `contract_hours` VE-hours of a contract.
    """

    maturity: int
    price_usd: float
    expected_usd: float
    days_left: float
    layer: float
    contract_hours: float


@dataclass(frozen=True)
class Traded:
    """What trades at other prices than the close's have gained by it: owners (owners,), traders by crowd (N,), USD.

    `made_of_usd` (owners,) is the size of what owners' results are made of. `quality` is by month how the book stood.
    """

    gained_usd: Floats
    crowds_usd: list[Floats]
    made_of_usd: Floats
    quality: list[Any]


class Noon(NamedTuple):
    """A call within the day: prices of the last trades (M,); what trades of the day have gained by them (owners,), and
    the size of what that is made of, USD; how many traders failed, and what traders who had lost were called for."""

    price_usd: Floats
    gained_usd: Floats
    made_of_usd: Floats
    failed: int
    called_usd: float


@dataclass(frozen=True)
class Close:
    """One evening: prices before and after (M,), trades (M, owners) in contracts, volume (M,), events.

    `wanted` (M, owners) is the size of what trades are made of: orders and schedules at the price, traders' positions.
    `impact` is the log price change per order of one open interest, where it was measured.
    """

    last_usd: Floats
    price_usd: Floats
    trades: Floats
    wanted: Floats
    volume: Floats
    crowd_fills: list[Floats]
    events: list[tuple[str, str]]
    funds: Any = None  # a FundClose, where funds traded
    impact: float = math.nan
    traded: Traded | None = None  # before the close
    noon: Noon | None = None  # where positions were marked within the day
    depth: float = (
        math.nan
    )  # of an auction, where the venue reports it: contracts within 1 % of the second month's price


class Foresight(NamedTuple):
    """Demand to come as nature alone knows it: the news of the slow log factor over the horizon, and its law.

    `news` is what of the factor in `horizon_days` is not known today, `innovation_sd` of a day and `decay` (what is
    left of the factor after a day) are the law that everybody knows.
    """

    news: float
    innovation_sd: float
    decay: float
    horizon_days: int

    @property
    def variance(self) -> float:
        """Variance of the news."""
        return news_variance(self.innovation_sd, self.decay, self.horizon_days)


NO_FORESIGHT = Foresight(0.0, 0.0, 1.0, 1)


@dataclass(frozen=True)
class CrowdSettings:
    """How a crowd is drawn: total wealth, log sd of wealth, mean weights of the three motives; and how it acts."""

    name: str
    traders: int
    wealth_usd: float
    wealth_log_sd: float
    fundamental_weight: float
    chartist_weight: float
    noise_weight: float
    boldness: float
    horizon_days: float
    noise_sd: float
    activity_per_hour: float
    trading_half_life_years: float

    @property
    def reversion(self) -> float:
        """Speed at which the crowd believes deviations of rents to fade, per year."""
        return math.log(2.0) / self.trading_half_life_years
