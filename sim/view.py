"""What an agent may see when it proposes: public facts of the day, its own sheet, its own random draws.

A view cannot write, and there is no way from it to another agent's sheet. The futures price is reached only through
`curve_gap`, which names the link that reads it: with the link's strength at zero the answer is exactly zero.
"""

from __future__ import annotations

import math

import numpy as np

from sim.board import Board, Today
from sim.growth_path import GrowthPath
from sim.rows.exchange import Curve, Leg, ListedMonth, SpotLimit
from sim.rows.funds import FundFacts
from sim.rows.rental import Products
from sim.streams import Purpose
from sim.vocabulary import Bools, Floats


class View:
    """One agent's window on the board."""

    __slots__ = ("_board", "identity", "owner")

    def __init__(self, board: Board, owner: int, identity: int) -> None:
        self._board = board
        self.owner = owner
        self.identity = identity

    @property
    def today(self) -> Today:
        """Public facts of the day."""
        return self._board.today

    @property
    def path(self) -> GrowthPath:
        """The balanced growth path of the world as it was at the start."""
        return self._board.path

    @property
    def order_shares(self) -> list[float]:
        """Share of each grade in orders when all grades are worth the same."""
        return self._board.start.order_shares

    @property
    def path_spot_demand_ve(self) -> float:
        """Spot demand of the whole market on day 0 at the path's rent, VE."""
        return self._board.start.spot_demand_ve

    @property
    def path_pool_demand_ve(self) -> float:
        """The part of it that landlords serve from their own capacity, VE."""
        return self._board.start.pool_demand_ve

    @property
    def path_contracted_ve(self) -> float:
        """Reserved capacity of the whole market on day 0, VE."""
        return self._board.start.contracted_ve

    @property
    def cash_usd(self) -> float:
        """Own cash."""
        return self._board.cash_usd[self.owner]

    @property
    def normal_cash_usd(self) -> float:
        """A month of own running cost and debt service on the path: the cash a careful firm holds."""
        return self._board.credit.normal_cash_usd[self.owner]

    @property
    def fleet_by_grade_ve(self) -> list[float]:
        """Own GPUs that work, by grade, in VE."""
        return self._board.hardware.fleet_ve[self.owner]

    @property
    def fleet_ve(self) -> float:
        """Own GPUs that work, in VE."""
        return self._board.hardware.total_ve[self.owner]

    @property
    def reserved_sold_ve(self) -> float:
        """Capacity this landlord has let under contracts, VE."""
        return self._board.reserved.sold_ve[self.owner]

    def usual_reserved_share(self, own: float) -> float:
        """Share usually under contract of what this landlord runs: its `own`, mixed with that of GPUs it took on."""
        usual = self._board.reserved.usual_share
        return usual[self.owner] if usual else own

    @property
    def reserved_held_ve(self) -> float:
        """Capacity this customer has reserved, VE."""
        return self._board.reserved.held_ve[self.owner]

    @property
    def reserved_short_ve(self) -> float:
        """Reserved capacity that is not being delivered today (outage), VE."""
        return self._board.reserved.short_ve[self.owner]

    @property
    def scarcity(self) -> float:
        """How many times the usual order, or lead time, it takes to have chips, as quoted or announced; 1: as usual."""
        return self._board.hardware.scarcity

    @property
    def stock_out(self) -> float:
        """Share of hours, on the last day known, in which nothing was to be had at list prices, or at any price."""
        return self._board.rental.stock_out

    @property
    def hours_usd(self) -> float:
        """What own hours let brought on the last day known, less what own hours used cost, USD."""
        return float(self._board.rental.hours_usd[self.owner])

    @property
    def running_share(self) -> float:
        """Share of own GPUs that run today."""
        return self._board.rental.running_share[self.owner]

    @property
    def products(self) -> Products:
        """The table of products."""
        products = self._board.start.products
        if products is None:
            raise ValueError("this board knows no products")
        return products

    @property
    def lets(self) -> Bools:
        """Products in which this owner lets its own GPUs (products,)."""
        return np.asarray(self._board.start.lets[self.owner])

    @property
    def posted(self) -> Bools:
        """Products that are sold at list prices (products,)."""
        return self._board.start.posted

    @property
    def tightness(self) -> Floats:
        """What was asked of this owner over what it had to let, by product, mean of about ten days (products,)."""
        return np.asarray(self._board.rental.tightness[self.owner])

    @property
    def comparable_usd(self) -> Floats:
        """What each product would cost at the mean rent of the auctions of its grade and region over ten days.

        USD per VE-hour (products,); nan where there is no such auction.
        """
        return self._board.rental.comparable_usd

    @property
    def usual_occupancy(self) -> Floats:
        """Share of capacity that is let on the growth path (products,)."""
        return self._board.start.usual_occupancy

    @property
    def own_factor(self) -> float:
        """Own demand noise, mean one."""
        return self._board.demand.user_factor[self.owner]

    @property
    def common_factor(self) -> float:
        """Common demand noise times what shocks do to spot demand."""
        return self._board.demand.common_factor

    @property
    def contracted_log(self) -> float:
        """Log factor of contracted demand; minus infinity for a customer that is gone."""
        return self._board.demand.contracted_log + self._board.demand.client_lost_log.get(self.owner, 0.0)

    @property
    def client_left(self) -> float:
        """Share of a customer that is not lost; one, unless a shock has taken it away."""
        return math.exp(self._board.demand.client_lost_log.get(self.owner, 0.0))

    @property
    def debt_usd(self) -> float:
        """Own loans outstanding."""
        return self._board.credit.debt_usd[self.owner]

    @property
    def debt_service_coverage(self) -> float:
        """Own DSCR: smoothed cash flow available for debt service over debt service."""
        return self._board.credit.dscr[self.owner]

    @property
    def spread_change(self) -> float:
        """What a new loan costs this borrower over its own spread, per year; what sold loans change is public."""
        changes = self._board.credit.spread_change
        return changes[self.owner] if changes else 0.0

    @property
    def advance_factor(self) -> float:
        """What lenders advance on new chips over the borrower's own rate, by the curve where lenders read it."""
        sheet = self._board.credit
        factors = sheet.marked_factor if self.strength("curve_to_collateral") > 0.0 else sheet.advance_factor
        return factors[self.owner] if factors else 1.0

    @property
    def barred_from_orders(self) -> bool:
        """Whether a covenant or an administrator keeps this firm from ordering chips."""
        return self._board.credit.no_orders[self.owner]

    @property
    def barred_from_contracts(self) -> bool:
        """Whether an administrator keeps this firm from new contracts."""
        return self._board.credit.no_contracts[self.owner]

    @property
    def notes_held_usd(self) -> float:
        """Own notes of all classes, at balance."""
        return self._board.securitisation.notes_held_usd[self.owner]

    @property
    def collateral_test_failed(self) -> bool:
        """Whether the notes' overcollateralisation test failed on the last payment date and is not cured."""
        return self._board.securitisation.collateral_test_failed

    @property
    def loan_loss_rate(self) -> float:
        """Loans written off yesterday, by all holders, over loans outstanding."""
        return self._board.securitisation.loan_loss_rate

    @property
    def funds(self) -> tuple[FundFacts, ...]:
        """All funds of the world, in order of name."""
        return self._board.funds.facts

    def fund_shares(self, fund: str) -> float:
        """Own shares of a fund."""
        return float(self._board.funds.shares[fund][self.owner])

    def fund_shares_waiting(self, fund: str) -> float:
        """Own orders of a fund's shares that are not filled yet (+ wanted, - given back)."""
        return self._board.funds.waiting[fund].get(self.owner, 0.0)

    @property
    def venues(self) -> tuple[str, ...]:
        """The venues that list months of futures, the main one first."""
        return tuple(name for name, curve in self._board.today.curves.items() if curve.anchor is None)

    def curve(self, venue: str | None = None) -> Curve | None:
        """The curve of a venue (of the first with months, if none is named); none where it lists nothing."""
        today = self._board.today
        return today.curve if venue is None else today.curves.get(venue)

    def position(self, maturity: int) -> float:
        """Own futures position in contracts (+ long), by place among all listed months (0 = nearest of the first)."""
        return float(self._board.exchange.position[maturity, self.owner])

    @property
    def hedged_share(self) -> float:
        """Share of an exposure that is hedged at all: one, unless the futures market is stated to be small."""
        return self._board.exchange.hedged_share

    @property
    def runway_months(self) -> float:
        """How long own cash pays for the gap between bills and revenue; endless for users whose bills are paid."""
        return self._board.labs.runway_months[self.owner]

    @property
    def presence(self) -> float:
        """Share of own demand that is there: one, unless this user failed and its successor is still growing."""
        return self._board.labs.presence[self.owner]

    def bought_ve_hours(self, row: int) -> float:
        """VE-hours that this agent's spot demand row number `row` got today."""
        return self._board.rental.bought_ve_hours.get((self.owner, row), 0.0)

    def interrupted_ve(self, row: int) -> float:
        """VE of this agent's spot demand row number `row` that were cut off while they ran, summed over the day."""
        return self._board.rental.interrupted_ve.get((self.owner, row), 0.0)

    def uniform(self, purpose: Purpose, k: int = 0) -> float:
        """A uniform draw of this agent's own for today."""
        return self._board.uniform(purpose, self.owner, self.identity, k)

    def normal(self, purpose: Purpose, k: int = 0) -> float:
        """A standard normal draw of this agent's own for today."""
        return self._board.streams.normal(purpose, self.today.day, self.identity, k)

    def contract_rents_usd(self, belief_half_life_years: float, trading_half_life_years: float) -> tuple[float, ...]:
        """Mean rent expected over each tenor by whoever holds these beliefs, read through `curve_to_reserved`."""
        board = self._board
        if self.strength("curve_to_reserved") == 0.0:
            return board.contract_rents(belief_half_life_years)
        reversion = math.log(2.0) / trading_half_life_years
        found: tuple[float, ...] = board.once(
            ("contracts read", belief_half_life_years, trading_half_life_years),
            lambda: board.expected_over_tenors(
                self.rent_as_read("curve_to_reserved", self.today.rent_30d_usd, reversion),
                math.log(2.0) / belief_half_life_years,
            ),
        )
        return found

    def ask_outlook(self, age_days: float) -> float:
        """Log change expected of rents while a list price stands, as far as sellers read what is public; else zero."""
        return self._board.ask_outlook(age_days)

    def expected_settlement_usd(self, maturity: int, reversion: float) -> float:
        """Own expectation of a contract's settlement: what is known of its month, and expected rents for the rest.

        `reversion` is the believed speed (per year) at which deviations fade. The index is taken to keep its usual
        ratio to rents. USD per GPU-hour of the reference grade.
        """
        return self._board.expected_settlements_usd(reversion)[maturity]

    @property
    def deposit_usd(self) -> float:
        """Own margin at the clearing house."""
        return float(self._board.exchange.deposit_usd[self.owner])

    def legs(self, reversion: float) -> dict[str, tuple[Leg, ...]]:
        """All listed contracts by venue, the first venue's first, to one who trades them against each other.

        `reversion` is the believed speed (per year) at which deviations of rents fade.
        """
        return self._board.legs(reversion)

    def months_ahead(self, half_life_years: float, horizon_years: float) -> tuple[ListedMonth, ...]:
        """Listed months of all venues, by place, to one of such beliefs who hedges so far ahead."""
        return self._board.months_ahead(half_life_years, horizon_years)

    def spot_limit(self, place: int) -> SpotLimit | None:
        """The position limit of a listed month's last days, by its place; None where there is none."""
        return self._board.spot_limits().get(place)

    def strength(self, link: str) -> float:
        """Strength of a link from futures to the physical world (0 to 1)."""
        value: float = getattr(self._board.links, link)
        return value

    def weight(self, link: str, reversion: float) -> float:
        """Weight of the curve in a link: its strength, times what the curve has been worth where readers learn."""
        strength = self.strength(link)
        return strength * self._board.worth(reversion) if strength > 0.0 else 0.0

    def curve_gap(self, link: str, reversion: float) -> float:
        """Mean log gap of the curve over own expectations and the normal premium, as a link reads it.

        Exactly zero when the link is off or nothing is listed. This is the only reader of the futures price outside
        the futures market itself.
        """
        board = self._board
        if self.strength(link) == 0.0 or board.links.venue not in board.today.curves:
            return 0.0
        gap: float = board.once(("gap", reversion), lambda: board.gap(reversion))
        return gap

    def rent_as_read(self, link: str, rent_usd: float, reversion: float) -> float:
        """Own rent estimate blended with the curve's: (1 - w) own + w own e^gap; exactly own when w is zero."""
        weight, gap = self.weight(link, reversion), self.curve_gap(link, reversion)
        if weight == 0.0:
            return rent_usd
        return (1.0 - weight) * rent_usd + weight * rent_usd * math.exp(gap)

    def without_links(self) -> View:
        """The same window, in which no link reads the curve: own beliefs alone."""
        return _Unlinked(self._board, self.owner, self.identity)


class _Unlinked(View):
    """A view in which all links have the strength zero."""

    __slots__ = ()

    def strength(self, link: str) -> float:
        """Zero."""
        return 0.0
