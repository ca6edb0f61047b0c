"""The words every part of the world shares: number types, the environment, rows, today's public facts."""

from __future__ import annotations

import datetime
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

HOURS_PER_DAY = 24
DAYS_PER_YEAR = 365.0
HOURS_PER_YEAR = 8760.0

Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
LARGEST = 1e18  # of any amount: beyond it sums of money and hours lose the small numbers in them
Positive = Annotated[float, Field(gt=0.0, le=LARGEST, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, le=LARGEST, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0.0, le=10.0, allow_inf_nan=False)]  # per year
PositiveRate = Annotated[float, Field(gt=0.0, le=10.0, allow_inf_nan=False)]
Elasticity = Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False)]  # prices to it must stay in range
Days = Annotated[
    float, Field(ge=1.0, le=LARGEST, allow_inf_nan=False)
]  # of a memory: what is quicker than a day swings
YearsOfMemory = Annotated[float, Field(ge=1.0 / DAYS_PER_YEAR, le=LARGEST, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
PositiveCount = Annotated[int, Field(ge=1)]


class Parameters(BaseModel):
    """Frozen, strict settings; the field names are the keys of the YAML files."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Hit(NamedTuple):
    """A factor on what belongs to a grade, region and tier; None stands for all of them."""

    factor: float
    grade: str | None = None
    region: str | None = None
    tier: str | None = None

    def touches(self, grade: str, region: str | None = None, tier: str | None = None) -> bool:
        """Whether something of this grade, region and tier is hit."""
        mine = ((self.grade, grade), (self.region, region), (self.tier, tier))
        return all(wanted is None or wanted == found for wanted, found in mine)


def by_grade(hits: Sequence[Hit], grades: Sequence[str]) -> Floats:
    """The product of all hits on each grade (grades,)."""
    return np.array([math.prod(hit.factor for hit in hits if hit.touches(grade)) for grade in grades], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Environment:
    """What nature and policy impose today; shocks return changed copies of a fresh baseline.

    Capacity: `pool_availability` is the share of the capacity offered to the spot market that runs,
    `fleet_availability` that of whole fleets (contracts are served first, or pro rata with `contracts_first=False`);
    `pool_hits` and `fleet_hits` do the same to a grade, region or tier. Demand: the `*_scale` fields multiply demand in
    the spot market and contracted demand, `demand_hits` spot demand whose home is a region; `efficiency` is work done
    per VE-hour, all grades; `list_price_hits` multiply what sellers of a tier want to ask. Chips: `chip_price_scale`
    multiplies their price for good reasons that move the long-run rent (technology), `chip_price_hits` that of a grade;
    `tariff` is added to the price, as a share of it, `tariff_for_good` is the part of it that nobody expects to end.
    `deliveries_scale` (with `deliveries_hits`, by grade) is the share of what is due today that arrives, the rest is
    held back; `released_hits` are the share of what was held back before that arrives today. `vendor_scale` is the
    share of accepted orders that the vendor meets, `sites_scale` multiplies the growth that power and sites allow.
    Costs: `running_cost_scale` multiplies variable cost, `policy_rate_add` is per year. Clients: `client_lost`
    is the share of the largest customer's contracts and demand that is gone.
    """

    pool_availability: float = 1.0
    fleet_availability: float = 1.0
    contracts_first: bool = True
    pool_hits: tuple[Hit, ...] = ()
    fleet_hits: tuple[Hit, ...] = ()
    demand_scale: float = 1.0
    contracted_demand_scale: float = 1.0
    demand_hits: tuple[Hit, ...] = ()
    efficiency: float = 1.0
    list_price_hits: tuple[Hit, ...] = ()
    chip_price_scale: float = 1.0
    chip_price_hits: tuple[Hit, ...] = ()
    tariff: float = 0.0
    tariff_for_good: float = 0.0
    deliveries_scale: float = 1.0
    deliveries_hits: tuple[Hit, ...] = ()
    released_hits: tuple[Hit, ...] = ()
    vendor_scale: float = 1.0
    sites_scale: float = 1.0
    running_cost_scale: float = 1.0
    policy_rate_add: float = 0.0
    client_lost: float = 0.0

    @property
    def dark(self) -> bool:
        """Whether any capacity stands still."""
        return bool(self.pool_hits or self.fleet_hits) or min(self.pool_availability, self.fleet_availability) < 1.0

    def arrivals(self, grades: Sequence[str]) -> tuple[Floats, Floats]:
        """Shares of what is due today and of what was held back that arrive, by grade (grades,) each."""
        return self.deliveries_scale * by_grade(self.deliveries_hits, grades), by_grade(self.released_hits, grades)

    def price_factors(self, grades: Sequence[str]) -> tuple[float, ...]:
        """What buyers of chips pay over the vendor's usual price, by grade, the tariff included."""
        return tuple(((1.0 + self.tariff) * by_grade(self.chip_price_hits, grades)).tolist())


@dataclass(frozen=True)
class Products:
    """What is traded by the hour: a product is a grade in a region on a tier of service.

    `grade`, `region`, `tier` (products,) are places in the tuples of names; `value` (products,) is VE per GPU and
    `level` (products,) the rent on the growth path over the mean rent of landlords, both per VE-hour: what a tier's
    bundle is worth.
    """

    grade_names: tuple[str, ...]
    region_names: tuple[str, ...]
    tier_names: tuple[str, ...]
    grade: Ints
    region: Ints
    tier: Ints
    value: Floats
    level: Floats

    @property
    def names(self) -> tuple[str, ...]:
        """`grade_region_tier`, in order."""
        kinds = zip(self.grade.tolist(), self.region.tolist(), self.tier.tolist(), strict=True)
        return tuple(f"{self.grade_names[g]}_{self.region_names[r]}_{self.tier_names[t]}" for g, r, t in kinds)

    def factors(self, hits: Sequence[Hit]) -> Floats:
        """The product of all hits on each product (products,)."""
        found = np.ones(len(self.grade))
        for hit in hits:
            for j, (g, r, t) in enumerate(zip(self.grade, self.region, self.tier, strict=True)):
                if hit.touches(self.grade_names[g], self.region_names[r], self.tier_names[t]):
                    found[j] *= hit.factor
        return found


class Shock(Protocol):
    """A pure function of the day on a fresh environment: it never compounds."""

    def __call__(self, day: int, environment: Environment) -> Environment:
        """Return the environment of that day under this shock."""
        ...


class SupplyRow(NamedTuple):
    """An offer to the spot market for each of the day's hours.

    kind 0: convex marginal cost, price = floor + slope * occupancy ** convexity; a, b, c = floor_usd, slope_usd,
    convexity. kind 1: swing capacity that comes on in log price; a, b, c = start_usd, full_usd, unused.
    `quantity_ve` is capacity in H100 value equivalents; it is spread over products as the owner's own fleet
    (`own_mix`) or as the market's.
    """

    kind: int
    quantity_ve: float
    a: float
    b: float
    c: float
    own_mix: bool


ISOELASTIC, BID = range(2)  # forms of demand


class DemandRow(NamedTuple):
    """A user's demand in each of the day's hours: quantity * season[hour] * f(price).

    `form` ISOELASTIC: f = (price / reference) ** -elasticity. BID: f = clip(1/2 - elasticity * ln(price / reference),
    0, 1), work that runs below its bid `reference_usd` and waits above it. `work` is the kind of work (how it splits
    over products), `season` the row of the season table, `service` the class of service (0 is served first when the
    market is at its cap).
    """

    work: int
    season: int
    service: int
    quantity_ve: float
    reference_usd: float
    elasticity: float
    form: int = ISOELASTIC


class Service(NamedTuple):
    """What a user sells: the numbers of its spot demand rows that serve customers, its share of the market's spot
    demand on the path, and the share of that which serves them."""

    rows: tuple[int, ...]
    spot_share: float
    served_share: float


class FutureRow(NamedTuple):
    """A hedger's or dealer's linear schedule in one maturity of the call auction.

    Wanted trade at price F: clip(trade_at_last - slope * (F - F_last), low, high), in contracts (+ buys).
    """

    maturity: int
    trade_at_last: float
    slope_per_usd: float
    low: float
    high: float


class ReservedRow(NamedTuple):
    """Reserved capacity wanted (+) or offered (-) this week in one tenor, VE, and the limit rent in USD per VE-hour.

    `width` makes it a schedule of the auction: nothing at the limit, all of it where rents are so many logs better.
    """

    tenor: int
    quantity_ve: float
    limit_usd: float
    width: float = 0.0


class NoteRow(NamedTuple):
    """Notes an investor would buy at most this month (a strip of all classes, USD), and the spreads it requires.

    Spreads are per year over the policy rate; the residual's is its required return over that rate.
    """

    most_usd: float
    senior_spread: float
    junior_spread: float
    residual_spread: float


class FundOrder(NamedTuple):
    """Shares of a fund that a holder wants (+) or gives back (-), for the next close."""

    fund: str
    shares: float


@dataclass(frozen=True, slots=True)
class FundFacts:
    """What everyone knows of a fund in the evening; returns in logs, the day's is of its futures before leverage.

    `worst_nav_usd` is the most a share can cost at the next close, given the daily limits of futures.
    """

    name: str
    leverage: float
    nav_usd: float
    worst_nav_usd: float
    return_1d: float
    return_5d: float
    premium: float
    open: bool


class ChipRow(NamedTuple):
    """Chips of one grade wanted this month, in VE, before lenders and the vendor have had their say."""

    grade: int
    quantity_ve: float


@dataclass(frozen=True, slots=True)
class Orders:
    """All rows of one beat of one market as arrays, in an order that depends on no list of agents.

    `owner` (n,) is the ledger row of who proposed, `number` (n,) the place among that owner's own rows, `table`
    (fields, n) holds the rows; `column` gives a field of them (n,), float64.
    """

    owner: Ints
    number: Ints
    table: Floats
    names: tuple[str, ...]

    @classmethod
    def gather(cls, rows: Sequence[tuple[int, int, Any]], kind: Any, first_by: tuple[str, ...] = ()) -> Orders:
        """Sort (owner, number, row) by the fields `first_by`, then by owner in order of stable id, and stack them."""
        fields = kind._fields
        flat = itertools.chain.from_iterable([row for _, _, row in rows])
        table = np.fromiter(flat, np.float64, len(fields) * len(rows)).reshape(-1, len(fields)).T
        owner = np.fromiter([owner for owner, _, _ in rows], np.int64, len(rows))
        number = np.fromiter([number for _, number, _ in rows], np.int64, len(rows))
        order = np.lexsort((number, owner, *(table[fields.index(name)] for name in reversed(first_by))))
        return cls(owner[order], number[order], np.ascontiguousarray(table[:, order]), fields)

    def column(self, name: str) -> Floats:
        """A field of all rows (n,), contiguous."""
        return np.asarray(self.table[self.names.index(name)])

    def whole(self, name: str) -> Ints:
        """A field of whole numbers (n,)."""
        return np.asarray(self.table[self.names.index(name)], dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Curve:
    """The futures curve as last settled: prices, horizons and the normal premium by maturity, nearest first.

    Horizons are years from today to the middle of what is still to be averaged; `known_weight` is the share of the
    settlement mean that is already known and `known_mean_usd` that part's mean; `index_ratio` is the usual ratio of the
    contract's index to the mean rent per VE-hour, `days_left` the days of each contract's month that are still to come,
    `contract_hours` the size of a contract in VE-hours.
    """

    price_usd: tuple[float, ...]
    horizon_years: tuple[float, ...]
    known_weight: tuple[float, ...]
    known_mean_usd: tuple[float, ...]
    normal_premium: tuple[float, ...]
    days_left: tuple[float, ...]
    index_ratio: float
    contract_hours: float


class ListedMonth(NamedTuple):
    """A listed month to one hedger: last price, expected settlement, days of it to come, share of the full hedge held.

    `maturity` is its place on the curve (0 = nearest).
    """

    maturity: int
    price_usd: float
    expected_usd: float
    days_left: float
    layer: float


@dataclass(frozen=True, slots=True)
class Today:
    """Public facts that every agent may read today; rents are USD per VE-hour unless a grade is named."""

    day: int
    date: datetime.date
    years: float
    technology: float
    environment: Environment
    anchor_usd: float
    rent_usd: float
    rent_10d_usd: float
    rent_30d_usd: float
    rent_180d_usd: float
    rent_30d_by_grade_usd: tuple[float, ...]
    index_usd: dict[str, float]
    policy_rate: float
    chip_price_usd: float
    capital_charge: float
    loans_open: bool
    curve: Curve | None
    days_of_month: int
    chip_price_factors: tuple[float, ...] = ()  # by grade, what buyers pay over `chip_price_usd`; all 1 if empty

    def paid_usd(self, grade: int) -> float:
        """What a buyer pays for a new VE of this grade."""
        return self.chip_price_usd * self.chip_price_factors[grade] if self.chip_price_factors else self.chip_price_usd


@dataclass(frozen=True)
class Close:
    """One evening: prices before and after (M,), trades (M, owners) in contracts, volume (M,), events."""

    last_usd: Floats
    price_usd: Floats
    trades: Floats
    volume: Floats
    crowd_fills: list[Floats]
    events: list[tuple[str, str]]
    funds: Any = None  # a FundClose, where funds traded
