"""The rental market of a day: rows become groups of demand and capacity by product; one kernel call clears it."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sim.kernels.spot import CONVEX, clear_day
from sim.kernels.spot_rows import capacities, grouped, over_rows, remember, spread, to_owners
from sim.rental.places import Placement
from sim.rental.terms import Season, Spot
from sim.rows.orders import Orders
from sim.rows.rental import DemandRow, SupplyRow, Trades
from sim.rules.spot import season as load_at
from sim.vocabulary import HOURS_PER_DAY, Floats, Ints

ClearDay = Callable[..., tuple[Floats, ...]]

GROUPED_BY = ("form", "service", "season", "work", "reference_usd", "elasticity")
TIGHTNESS_DAYS = 10.0  # over which sellers remember how much was asked of them
MOST_TIGHT = 2.0  # more than twice one's capacity is remembered as twice


@lru_cache(64)
def season_table(season: Season, step_hours: int, weekend: bool, has_weekends: bool) -> Floats:
    """Load by step (2, T): flat, and hour-of-week with a weekly mean of one."""
    middle = (np.arange(HOURS_PER_DAY // step_hours) + 0.5) * step_hours
    mean = (5.0 + 2.0 * season.weekend) / 7.0
    level = (season.weekend if weekend else 1.0) / mean if has_weekends else 1.0
    load = np.array([load_at(float(h), season.amplitude, season.peak_hour) for h in middle])
    return np.stack([np.ones(len(middle)), level * load])


@dataclass(frozen=True)
class Day:
    """What the day's hours depend on beside the rows; shapes as in `Trades`.

    `mix` (O, J) spreads an owner's own capacity over products, `spread` (J) capacity that is nobody's fleet;
    `homes` (O, regions) spreads users over home regions; `log_ask` (O, J) are comparable list prices.
    """

    mix: Floats
    spread: Floats
    homes: Floats
    log_ask: Floats
    product_factor: Floats
    seasons: Floats
    low_usd: float
    cap_usd: float
    efficiency: float = 1.0


class SpotAuction:
    """Clears the day's hours; remembers prices, how work is spread, who waits and what is being readied."""

    def __init__(self, spot: Spot, where: Placement, owners: int, rent_usd: float) -> None:
        self.spot, self.shop, self.products, self.tastes = spot, where.shop, where.products, where.tastes
        products, tastes = where.products, where.tastes
        count = len(products.grade)
        self.log_price: Floats = np.full(count, math.log(rent_usd))
        self.share: Floats = tastes.share.copy()
        self.waiting: dict[tuple[int, int], Floats] = {}  # (owner, row) -> VE by home region
        self.hidden: Floats = np.zeros((owners, count))
        self.last_let: Floats = np.zeros((owners, count))
        self.last_running: Floats = np.zeros(count)
        self.fill: Floats = np.ones(count)
        self.tightness: Floats = np.tile(where.usual, (owners, 1))

    def clear(
        self,
        supply: Sequence[tuple[int, int, SupplyRow]],
        demand: Sequence[tuple[int, int, DemandRow]],
        day: Day,
        engine: ClearDay = clear_day,
    ) -> Trades:
        """Match rows of (owner, number, row).

        Rows are gathered in a fixed order (kind, then owner by stable id): who was asked first never matters. Demand
        rows that answer to prices alike are one group, spread over home regions.
        """
        offers = Orders.gather(supply, SupplyRow, ("kind",))
        wants = Orders.gather(demand, DemandRow, GROUPED_BY)
        groups = _Groups(wants, day, self.waiting, len(self.tastes.share) // day.homes.shape[1])
        kinds, seller = offers.whole("kind"), offers.owner
        capacity = capacities(offers.column("quantity_ve"), offers.column("own_mix"), seller, day.mix, day.spread)
        waiting = groups.waiting
        shop, spot, tastes = self.shop, self.spot, self.tastes
        price, traded, sold, revenue, bought, spent, unserved, interrupted, asked, stock_outs = engine(
            self.log_price, self.share, waiting, self.hidden, self.last_let, self.last_running, self.fill,
            float(spot.step_hours), spot.adjustment, tastes.pull * day.product_factor, tastes.shift,
            spot.substitution, math.log(day.low_usd), math.log(day.cap_usd), spot.retry_per_hour**spot.step_hours,
            shop.sequence, shop.mechanism, shop.partner, shop.rate, self.products.level,
            groups.work, groups.service, groups.season, day.seasons, groups.quantity, groups.form,
            groups.log_reference, groups.elasticity,
            seller, kinds, capacity, offers.column("a"), offers.column("b"), offers.column("c"), day.log_ask[seller],
        )  # fmt: skip
        owners, products = day.mix.shape
        let, swing, offered, _ = np.zeros((4, products, owners)).transpose(0, 2, 1)
        to_owners(sold, seller, kinds, CONVEX, let, swing)
        to_owners(capacity, seller, kinds, CONVEX, offered, _)
        self.waiting = groups.waiting_by_row(waiting)
        sellers = remember(
            self.tightness, seller, kinds, CONVEX, capacity, asked, let, shop.posted, HOURS_PER_DAY, MOST_TIGHT,
            TIGHTNESS_DAYS,
        )  # fmt: skip
        return Trades(
            price_usd=price,
            traded_ve_hours=traded,
            sold_ve_hours=let,
            swing_ve_hours=swing,
            revenue_usd=by_owner(seller, revenue, owners),
            spent_usd=by_owner(wants.owner, groups.over_rows(spent), owners),
            bought=groups.by_row(bought, keep_all=True),
            unserved_ve_hours=float(unserved.sum()),
            offered_ve=offered * shop.on_demand,
            level=self.products.level,
            stock_outs=stock_outs / np.maximum(1.0, sellers * len(price)),
            interrupted=groups.by_row(interrupted),
        )


def by_owner(owner: Ints, amounts: Floats, owners: int) -> Floats:
    """Sums of rows' amounts (rows,) by owner (owners,)."""
    return np.asarray(np.bincount(owner, amounts, owners), dtype=np.float64)


class _Groups:
    """Demand rows that answer to prices alike, as one; arrays (G,), and how results return to rows."""

    def __init__(self, wants: Orders, day: Day, waiting: dict[tuple[int, int], Floats], kinds_of_work: int) -> None:
        homes = day.homes.shape[1]
        self.keys = list(zip(wants.owner.tolist(), wants.number.tolist(), strict=True))
        held = np.zeros((len(self.keys), homes))
        for row, key in enumerate(self.keys if waiting else ()):
            if key in waiting:
                held[row] = waiting[key]
        keys = wants.table[[wants.names.index(name) for name in GROUPED_BY]]
        self.group, of_groups, self.quantity, self.waiting, self._weight, self._total = grouped(
            keys, wants.column("quantity_ve"), day.efficiency, day.homes, wants.owner, held
        )
        form, service, season, work, reference_usd, elasticity = of_groups
        if work.max(initial=-1.0) >= kinds_of_work:
            raise ValueError(f"demand for work number {int(work.max())}: there are {kinds_of_work} kinds")
        self.work: Ints = work.astype(np.int64) * homes + np.arange(len(work)) % homes
        self.service: Ints = service.astype(np.int64)
        self.season: Ints = season.astype(np.int64)
        self.form: Ints = form.astype(np.int64)
        self.log_reference: Floats = np.log(reference_usd * day.efficiency)
        self.elasticity: Floats = elasticity

    def over_rows(self, amounts: Floats) -> Floats:
        """Amounts of groups (G,) on their rows, pro rata to what each wants or waits for (rows,)."""
        return over_rows(amounts, self.group, self._weight, self._total)

    def waiting_by_row(self, amounts: Floats) -> dict[tuple[int, int], Floats]:
        """Who waits, by (owner, row number): VE by home region; nobody, if none do."""
        if not amounts.any():
            return {}
        by_row = spread(amounts, self.group, self._weight, self._total)
        return {self.keys[row]: by_row[row] for row in np.flatnonzero(by_row.any(axis=1)).tolist()}

    def by_row(self, amounts: Floats, *, keep_all: bool = False) -> dict[tuple[int, int], float]:
        """Amounts of groups (G,) by (owner, row number); zeros are left out unless all are kept."""
        if keep_all:
            return dict(zip(self.keys, self.over_rows(amounts).tolist(), strict=True))
        if not amounts.any():
            return {}
        rows = zip(self.keys, self.over_rows(amounts).tolist(), strict=True)
        return {key: amount for key, amount in rows if amount > 0.0}
