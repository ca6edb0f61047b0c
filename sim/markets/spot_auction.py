"""The hourly rental market: one uniform-price auction per product and hour, all hours of a day in one kernel call."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.kernels.spot import clear_day
from sim.rules.spot import season
from sim.vocabulary import HOURS_PER_DAY, DemandRow, Floats, Ints, Orders, SupplyRow

ClearDay = Callable[..., tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats]]

ROUNDING = 1e-9  # shortfalls below this share of what was wanted are what floats leave of a cleared market


@dataclass(frozen=True)
class Trades:
    """What the day's hours brought. Shapes: T steps, J products, O owners; VE-hours and USD.

    `price_usd` (T, J) per VE-hour, `traded_ve_hours` (T, J); `sold_ve_hours` (O, J) by landlords and `swing_ve_hours`
    (O, J) of capacity released or re-let; `revenue_usd`, `spent_usd` (O,); `bought` maps (owner, row) to VE-hours.
    """

    price_usd: Floats
    traded_ve_hours: Floats
    sold_ve_hours: Floats
    swing_ve_hours: Floats
    revenue_usd: Floats
    spent_usd: Floats
    bought: dict[tuple[int, int], float]
    unserved_ve_hours: float
    offered_ve: Floats  # (J,) capacity of landlords on offer in each hour
    interrupted: dict[tuple[int, int], float] = field(default_factory=dict)  # (owner, row) -> VE cut off, over the day

    @property
    def volume(self) -> float:
        """VE-hours traded in all products."""
        return float(self.traded_ve_hours.sum())

    @property
    def mean_rent_usd(self) -> float:
        """Volume-weighted mean rent, USD per VE-hour; nan where nothing traded."""
        volume = self.volume
        return float((self.price_usd * self.traded_ve_hours).sum() / volume) if volume > 0.0 else math.nan


@dataclass(frozen=True)
class SpotRules:
    """Settings of the auction; `adjustment` is the share of users who reconsider their product per step."""

    step_hours: int
    reconsider_per_hour: float
    substitution: float
    season_amplitude: float
    season_peak_hour: float
    weekend: float

    @property
    def adjustment(self) -> float:
        """1 - (1 - a) ** hours."""
        return 1.0 - (1.0 - self.reconsider_per_hour) ** self.step_hours

    def seasons(self, weekend: bool, has_weekends: bool) -> Floats:
        """Season table (2, T): flat, and hour-of-week with a weekly mean of one."""
        steps = HOURS_PER_DAY // self.step_hours
        middle = (np.arange(steps) + 0.5) * self.step_hours
        mean = (5.0 + 2.0 * self.weekend) / 7.0
        level = (self.weekend if weekend else 1.0) / mean if has_weekends else 1.0
        load = np.array([season(float(h), self.season_amplitude, self.season_peak_hour) for h in middle])
        return np.stack([np.ones(steps), level * load])


class SpotAuction:
    """Clears the day's hours; remembers the last log prices and how each kind of work is spread over products."""

    def __init__(self, rules: SpotRules, market_mix: Floats, rent_usd: float, kinds_of_work: int = 1) -> None:
        self.rules = rules
        self.market_mix = market_mix
        self.log_price: Floats = np.full(len(market_mix), math.log(rent_usd))
        self.share: Floats = np.tile(market_mix, (kinds_of_work, 1))

    def clear(
        self,
        supply: Sequence[tuple[int, int, SupplyRow]],
        demand: Sequence[tuple[int, int, DemandRow]],
        mix: Floats,
        product_factor: Floats,
        seasons: Floats,
        low_usd: float,
        cap_usd: float,
        engine: ClearDay = clear_day,
    ) -> Trades:
        """Match rows of (owner, number, row); `mix` (owners, products) says how an owner's fleet is spread.

        Rows are gathered in a fixed order (kind or class, then owner by stable id): who was asked first never matters.
        """
        offers = Orders.gather(supply, SupplyRow, ("kind",))
        wants = Orders.gather(demand, DemandRow, ("service", "season"))
        own = offers.column("own_mix") > 0.0
        capacity = offers.column("quantity_ve")[:, None] * np.where(own[:, None], mix[offers.owner], self.market_mix)
        taste = np.tile(self.market_mix * product_factor, (len(self.share), 1))
        kinds = offers.whole("kind")
        price, traded, sold, revenue, wanted, bought, spent = engine(
            self.log_price, self.share, float(self.rules.step_hours), self.rules.adjustment, taste,
            self.rules.substitution, math.log(low_usd), math.log(cap_usd),
            wants.whole("work"), wants.whole("service"), wants.whole("season"), seasons,
            wants.column("quantity_ve"), np.log(wants.column("reference_usd")), wants.column("elasticity"),
            kinds, capacity, offers.column("a"), offers.column("b"), offers.column("c"),
        )  # fmt: skip
        n = len(mix)
        let, swing = np.zeros_like(mix), np.zeros_like(mix)
        np.add.at(let, offers.owner[kinds == 0], sold[kinds == 0])
        np.add.at(swing, offers.owner[kinds != 0], sold[kinds != 0])
        rows = zip(wants.owner.tolist(), wants.number.tolist(), bought.tolist(), strict=True)
        short = np.maximum(0.0, wanted - bought)
        return Trades(
            price_usd=price,
            traded_ve_hours=traded,
            sold_ve_hours=let,
            swing_ve_hours=swing,
            revenue_usd=_by_owner(offers.owner, revenue, n),
            spent_usd=_by_owner(wants.owner, spent, n),
            bought={(owner, number): hours for owner, number, hours in rows},
            unserved_ve_hours=float(short.sum()) if (short > ROUNDING * wanted).any() else 0.0,
            offered_ve=capacity[kinds == 0].sum(axis=0),
        )


def _by_owner(owners: Ints, amounts: Floats, n: int) -> Floats:
    total = np.zeros(n)
    np.add.at(total, owners, amounts)
    return total
