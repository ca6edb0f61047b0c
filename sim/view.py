"""What an agent may see when it proposes: public facts of the day, its own sheet, its own random draws.

A view cannot write, and there is no way from it to another agent's sheet. The futures price is reached only through
`curve_gap`, which names the link that reads it: with the link's strength at zero the answer is exactly zero.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from sim.growth_path import GrowthPath
from sim.rules.hedging import layered
from sim.rules.rents import expected_rent, mean_expected_rent
from sim.streams import Purpose, Streams
from sim.vocabulary import Bools, Finite, Floats, FundFacts, ListedMonth, Parameters, Products, Share, Today


class Links(Parameters):
    """The registry of all ways from the futures price to the physical world; zero is exact.

    `curve_to_capex`, `curve_to_collateral`, `curve_to_reserved`: weight of the curve, against own expectations (or
    book value), in chip orders, in lenders' marks, in rents of reserved capacity. `hedge_cash`: share of hedge
    profit, loss and margin that meets operating cash; a parent bears the rest. `normal_premium` is the usual log gap
    of the curve over expectations, by maturity, so that a link that is switched on is neutral to the level.
    """

    curve_to_capex: Share
    curve_to_collateral: Share
    curve_to_reserved: Share
    hedge_cash: Share
    normal_premium: list[Finite]
    shuffled_days: Annotated[int, Field(ge=0, le=3650)] = 0  # placebo: the three links that read the curve read that
    # of an evening drawn from the last so many, against expectations of that evening; 0 is tonight's

    @property
    def curve_is_read(self) -> bool:
        """Whether any link reads the curve."""
        return self.curve_to_capex > 0.0 or self.curve_to_collateral > 0.0 or self.curve_to_reserved > 0.0


@dataclass
class Desk:
    """The frozen tables of one beat that all views share; filled by the economy, indexed by owner."""

    path: GrowthPath
    links: Links
    streams: Streams
    today: Today
    order_shares: list[float]
    spot_demand_ve: float
    contracted_ve: float
    cash_usd: list[float] = field(default_factory=list)
    fleet_ve: list[list[float]] = field(default_factory=list)
    reserved_sold_ve: list[float] = field(default_factory=list)
    reserved_held_ve: list[float] = field(default_factory=list)
    reserved_short_ve: list[float] = field(default_factory=list)
    user_factor: list[float] = field(default_factory=list)
    common_factor: float = 1.0
    contracted_log: float = 0.0
    runway_months: list[float] = field(default_factory=list)
    presence: list[float] = field(default_factory=list)
    client_lost_log: dict[int, float] = field(default_factory=dict)  # of a customer that is lost, log of what is left
    debt_usd: list[float] = field(default_factory=list)
    dscr: list[float] = field(default_factory=list)
    position: list[list[float]] = field(default_factory=list)
    bought_ve_hours: dict[tuple[int, int], float] = field(default_factory=dict)
    interrupted_ve: dict[tuple[int, int], float] = field(default_factory=dict)
    products: Products | None = None
    lets: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))  # (owners, products)
    posted: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))  # (products,)
    tightness: Floats = field(default_factory=lambda: np.zeros((0, 0)))  # (owners, products)
    comparable_usd: Floats = field(default_factory=lambda: np.zeros(0))  # (products,)
    usual_occupancy: Floats = field(default_factory=lambda: np.zeros(0))  # (products,)
    running_share: list[float] = field(default_factory=list)
    pool_demand_ve: float = 0.0
    normal_cash_usd: list[float] = field(default_factory=list)
    no_orders: list[bool] = field(default_factory=list)
    no_contracts: list[bool] = field(default_factory=list)
    notes_held_usd: list[float] = field(default_factory=list)
    collateral_test_failed: bool = False
    loan_loss_rate: float = 0.0

    funds: tuple[FundFacts, ...] = ()
    fund_shares: dict[str, Floats] = field(default_factory=dict)
    fund_shares_waiting: dict[str, dict[int, float]] = field(default_factory=dict)

    evenings: list[Today] = field(default_factory=list)  # the last of them, kept for the placebo alone

    _told: dict[Any, Any] = field(default_factory=dict)  # what follows from public facts alone, worked out this beat
    _told_on: Today | None = None

    def once(self, key: Any, work: Callable[[], Any]) -> Any:
        """What follows from public facts alone is worked out once a beat, for all who ask the same."""
        if self._told_on is not self.today:
            self._told, self._told_on = {}, self.today
        if key not in self._told:
            self._told[key] = work()
        return self._told[key]

    def expected_settlements_usd(self, reversion: float) -> tuple[float, ...]:
        """Expected settlements of the listed months (nearest first) for agents that believe this reversion."""
        today = self.today
        found: tuple[float, ...] = self.once(("settlements", reversion), lambda: self.expect(today, reversion))
        return found

    def months_ahead(self, half_life_years: float, horizon_years: float) -> tuple[ListedMonth, ...]:
        """The listed months as hedgers of this belief and horizon see them, nearest first."""
        found: tuple[ListedMonth, ...] = self.once(
            ("months", half_life_years, horizon_years), lambda: self._months_ahead(half_life_years, horizon_years)
        )
        return found

    def _months_ahead(self, half_life_years: float, horizon_years: float) -> tuple[ListedMonth, ...]:
        curve = self.today.curve
        if curve is None:
            return ()
        expected = self.expected_settlements_usd(math.log(2.0) / half_life_years)
        return tuple(
            ListedMonth(m, price, expected[m], curve.days_left[m], layered(1.0, curve.horizon_years[m], horizon_years))
            for m, price in enumerate(curve.price_usd)
        )

    def contract_rents(self, belief_half_life_years: float) -> tuple[float, ...]:
        """Mean rent expected over each tenor at last month's mean rent."""
        reversion = math.log(2.0) / belief_half_life_years
        found: tuple[float, ...] = self.once(
            ("contracts", reversion), lambda: self.expected_over_tenors(self.today.rent_30d_usd, reversion)
        )
        return found

    def expected_over_tenors(self, rent_usd: float, reversion: float) -> tuple[float, ...]:
        """Mean rent expected over each tenor, given today's and the believed speed at which deviations fade."""
        anchor, technology = self.today.anchor_usd, self.path.settings.technology
        return tuple(
            mean_expected_rent(rent_usd, anchor, technology, reversion, tenor.years) for tenor in self.path.tenors
        )

    def gap(self, reversion: float) -> float:
        """Mean log gap of the curve that links read over what was expected on its evening and the normal premium."""
        evening = self.evening_read()
        curve = evening.curve
        if curve is None:
            return 0.0
        same = evening is self.today
        expected = self.expected_settlements_usd(reversion) if same else self.expect(evening, reversion)
        total = 0.0
        for m, price in enumerate(curve.price_usd):
            total += math.log(price / expected[m]) - curve.normal_premium[m]
        return total / len(curve.price_usd)

    def evening_read(self) -> Today:
        """The evening whose curve the links read: this one, or in the placebo one drawn for the whole market."""
        if not self.evenings:
            return self.today
        draw = self.streams.uniform(Purpose.PLACEBO, self.today.day, 0)
        return self.evenings[int(draw * len(self.evenings))]

    def remember_evening(self) -> None:
        """Keep tonight's public facts if the placebo will draw from them."""
        if self.links.shuffled_days > 0:
            self.evenings = [*self.evenings, self.today][-self.links.shuffled_days :]

    def expect(self, today: Today, reversion: float) -> tuple[float, ...]:
        """Expected settlements as they were worked out from the public facts of a beat."""
        curve, technology = today.curve, self.path.settings.technology
        if curve is None:
            raise ValueError("no futures are listed")
        rents = [
            expected_rent(today.rent_usd, today.anchor_usd, technology, reversion, years)
            for years in curve.horizon_years
        ]
        return tuple(
            known * mean + (1.0 - known) * curve.index_ratio * rent
            for known, mean, rent in zip(curve.known_weight, curve.known_mean_usd, rents, strict=True)
        )


class View:
    """One agent's window on the desk."""

    __slots__ = ("_desk", "identity", "owner")

    def __init__(self, desk: Desk, owner: int, identity: int) -> None:
        self._desk = desk
        self.owner = owner
        self.identity = identity

    @property
    def today(self) -> Today:
        """Public facts of the day."""
        return self._desk.today

    @property
    def path(self) -> GrowthPath:
        """The balanced growth path of the world as it was at the start."""
        return self._desk.path

    @property
    def order_shares(self) -> list[float]:
        """Share of each grade in orders when all grades are worth the same."""
        return self._desk.order_shares

    @property
    def path_spot_demand_ve(self) -> float:
        """Spot demand of the whole market on day 0 at the path's rent, VE."""
        return self._desk.spot_demand_ve

    @property
    def path_pool_demand_ve(self) -> float:
        """The part of it that landlords serve from their own capacity, VE."""
        return self._desk.pool_demand_ve

    @property
    def path_contracted_ve(self) -> float:
        """Reserved capacity of the whole market on day 0, VE."""
        return self._desk.contracted_ve

    @property
    def cash_usd(self) -> float:
        """Own cash."""
        return self._desk.cash_usd[self.owner]

    @property
    def normal_cash_usd(self) -> float:
        """A month of own running cost and debt service on the path: the cash a careful firm holds."""
        return self._desk.normal_cash_usd[self.owner]

    @property
    def fleet_by_grade_ve(self) -> list[float]:
        """Own GPUs that work, by grade, in VE."""
        return self._desk.fleet_ve[self.owner]

    @property
    def fleet_ve(self) -> float:
        """Own GPUs that work, in VE."""
        return math.fsum(self._desk.fleet_ve[self.owner])

    @property
    def reserved_sold_ve(self) -> float:
        """Capacity this landlord has let under contracts, VE."""
        return self._desk.reserved_sold_ve[self.owner]

    @property
    def reserved_held_ve(self) -> float:
        """Capacity this customer has reserved, VE."""
        return self._desk.reserved_held_ve[self.owner]

    @property
    def reserved_short_ve(self) -> float:
        """Reserved capacity that is not being delivered today (outage), VE."""
        return self._desk.reserved_short_ve[self.owner]

    @property
    def running_share(self) -> float:
        """Share of own GPUs that run today."""
        return self._desk.running_share[self.owner]

    @property
    def products(self) -> Products:
        """The table of products."""
        products = self._desk.products
        if products is None:
            raise ValueError("this desk knows no products")
        return products

    @property
    def lets(self) -> Bools:
        """Products in which this owner lets its own GPUs (products,)."""
        return np.asarray(self._desk.lets[self.owner])

    @property
    def posted(self) -> Bools:
        """Products that are sold at list prices (products,)."""
        return self._desk.posted

    @property
    def tightness(self) -> Floats:
        """What was asked of this owner over what it had to let, by product, mean of about ten days (products,)."""
        return np.asarray(self._desk.tightness[self.owner])

    @property
    def comparable_usd(self) -> Floats:
        """What each product would cost at the mean rent of the auctions of its grade and region over ten days.

        USD per VE-hour (products,); nan where there is no such auction.
        """
        return self._desk.comparable_usd

    @property
    def usual_occupancy(self) -> Floats:
        """Share of capacity that is let on the growth path (products,)."""
        return self._desk.usual_occupancy

    @property
    def own_factor(self) -> float:
        """Own demand noise, mean one."""
        return self._desk.user_factor[self.owner]

    @property
    def common_factor(self) -> float:
        """Common demand noise times what shocks do to spot demand."""
        return self._desk.common_factor

    @property
    def contracted_log(self) -> float:
        """Log factor of contracted demand; minus infinity for a customer that is gone."""
        return self._desk.contracted_log + self._desk.client_lost_log.get(self.owner, 0.0)

    @property
    def client_left(self) -> float:
        """Share of a customer that is not lost; one, unless a shock has taken it away."""
        return math.exp(self._desk.client_lost_log.get(self.owner, 0.0))

    @property
    def debt_usd(self) -> float:
        """Own loans outstanding."""
        return self._desk.debt_usd[self.owner]

    @property
    def debt_service_coverage(self) -> float:
        """Own DSCR: smoothed cash flow available for debt service over debt service."""
        return self._desk.dscr[self.owner]

    @property
    def barred_from_orders(self) -> bool:
        """Whether a covenant or an administrator keeps this firm from ordering chips."""
        return self._desk.no_orders[self.owner]

    @property
    def barred_from_contracts(self) -> bool:
        """Whether an administrator keeps this firm from new contracts."""
        return self._desk.no_contracts[self.owner]

    @property
    def notes_held_usd(self) -> float:
        """Own notes of all classes, at balance."""
        return self._desk.notes_held_usd[self.owner]

    @property
    def collateral_test_failed(self) -> bool:
        """Whether the notes' overcollateralisation test failed on the last payment date and is not cured."""
        return self._desk.collateral_test_failed

    @property
    def loan_loss_rate(self) -> float:
        """Loans written off yesterday, by all holders, over loans outstanding."""
        return self._desk.loan_loss_rate

    @property
    def funds(self) -> tuple[FundFacts, ...]:
        """All funds of the world, in order of name."""
        return self._desk.funds

    def fund_shares(self, fund: str) -> float:
        """Own shares of a fund."""
        return float(self._desk.fund_shares[fund][self.owner])

    def fund_shares_waiting(self, fund: str) -> float:
        """Own orders of a fund's shares that are not filled yet (+ wanted, - given back)."""
        return self._desk.fund_shares_waiting[fund].get(self.owner, 0.0)

    def position(self, maturity: int) -> float:
        """Own futures position in contracts (+ long), by place on the curve (0 = nearest)."""
        return self._desk.position[maturity][self.owner]

    @property
    def runway_months(self) -> float:
        """How long own cash pays for the gap between bills and revenue; endless for users whose bills are paid."""
        return self._desk.runway_months[self.owner]

    @property
    def presence(self) -> float:
        """Share of own demand that is there: one, unless this user failed and its successor is still growing."""
        return self._desk.presence[self.owner]

    def bought_ve_hours(self, row: int) -> float:
        """VE-hours that this agent's spot demand row number `row` got today."""
        return self._desk.bought_ve_hours.get((self.owner, row), 0.0)

    def interrupted_ve(self, row: int) -> float:
        """VE of this agent's spot demand row number `row` that were cut off while they ran, summed over the day."""
        return self._desk.interrupted_ve.get((self.owner, row), 0.0)

    def uniform(self, purpose: Purpose, k: int = 0) -> float:
        """A uniform draw of this agent's own for today."""
        return self._desk.streams.uniform(purpose, self.today.day, self.identity, k)

    def normal(self, purpose: Purpose, k: int = 0) -> float:
        """A standard normal draw of this agent's own for today."""
        return self._desk.streams.normal(purpose, self.today.day, self.identity, k)

    def contract_rents_usd(self, belief_half_life_years: float, trading_half_life_years: float) -> tuple[float, ...]:
        """Mean rent expected over each tenor by whoever holds these beliefs, read through `curve_to_reserved`."""
        desk = self._desk
        if desk.links.curve_to_reserved == 0.0:
            return desk.contract_rents(belief_half_life_years)
        reversion = math.log(2.0) / trading_half_life_years
        found: tuple[float, ...] = desk.once(
            ("contracts read", belief_half_life_years, trading_half_life_years),
            lambda: desk.expected_over_tenors(
                self.rent_as_read("curve_to_reserved", self.today.rent_30d_usd, reversion),
                math.log(2.0) / belief_half_life_years,
            ),
        )
        return found

    def expected_settlement_usd(self, maturity: int, reversion: float) -> float:
        """Own expectation of a contract's settlement: what is known of its month, and expected rents for the rest.

        `reversion` is the believed speed (per year) at which deviations fade. The index is taken to keep its usual
        ratio to rents. USD per GPU-hour of the reference grade.
        """
        return self._desk.expected_settlements_usd(reversion)[maturity]

    def months_ahead(self, half_life_years: float, horizon_years: float) -> tuple[ListedMonth, ...]:
        """Listed months, nearest first, to one who believes in this half-life of deviations and hedges so far ahead."""
        return self._desk.months_ahead(half_life_years, horizon_years)

    def strength(self, link: str) -> float:
        """Strength of a link from futures to the physical world (0 to 1)."""
        value: float = getattr(self._desk.links, link)
        return value

    def curve_gap(self, link: str, reversion: float) -> float:
        """Mean log gap of the curve over own expectations and the normal premium, as a link reads it.

        Exactly zero when the link is off or nothing is listed. This is the only reader of the futures price outside
        the futures market itself.
        """
        desk = self._desk
        if desk.today.curve is None or self.strength(link) == 0.0:
            return 0.0
        gap: float = desk.once(("gap", reversion), lambda: desk.gap(reversion))
        return gap

    def rent_as_read(self, link: str, rent_usd: float, reversion: float) -> float:
        """Own rent estimate blended with the curve's: (1 - w) own + w own e^gap; exactly own when w is zero."""
        weight, gap = self.strength(link), self.curve_gap(link, reversion)
        if weight == 0.0:
            return rent_usd
        return (1.0 - weight) * rent_usd + weight * rent_usd * math.exp(gap)
