"""Neoclouds: levered landlords of GPUs. Reserved capacity first, the rest to the spot market, debt for chips."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field

from sim.agent import Agent, Endowment, GroupParameters
from sim.behaviours.hedging import hedges
from sim.behaviours.investing import Investor, wanted_chips, wanted_q
from sim.behaviours.letting import AskTerms, list_asks, pool_row, withdrawn_ve
from sim.behaviours.own_hedge import OwnHedge, OwnHedgeParameters
from sim.behaviours.reserving import Schedule
from sim.growth_path import GrowthPath, Landlord
from sim.rows.credit import Borrower
from sim.rows.exchange import FutureRow
from sim.rows.hardware import ChipRow
from sim.rows.rental import SupplyRow
from sim.rows.reserved import ReservedRow
from sim.rules.investment import cost_of_capital
from sim.view import View
from sim.vocabulary import Floats, NonNegative, Positive, Rate, Share

MAX_LOG = 20.0  # rents this many logs from the usual stand for none


class NeocloudParameters(OwnHedgeParameters, GroupParameters):
    """Rates per year, money in USD, capacity in VE."""

    fleet_ve: Positive  # of the whole group
    reserved_share: Share  # of the fleet, kept under contract when customers want it
    advance_rate: Share
    spread: Rate
    equity_access: Share  # share of the wanted orders' equity that outside owners will put in
    stiffness: Positive  # k: q above q* that raises orders by 100 % of the fleet a year
    belief_half_life_years: Positive  # perceived persistence of rent deviations, for investment and contracts
    trading_half_life_years: Positive  # the same over the months of the futures curve
    phantom_orders: Annotated[float, Field(ge=0.0, le=0.9)] = 0.0  # share of scarcity made up for by ordering more
    grade_sensitivity: NonNegative  # logit of the grade mix of orders over q
    hedge_ratio: Share  # of expected spot output, sold forward: as mandated, or the prior of its own estimate
    hedge_horizon_years: Positive  # hedges are built up over this time before delivery
    hedge_pace_per_day: Positive  # most that is traded in a day, in shares of the exposure
    hedge_tolerance: NonNegative  # speculative part, in shares of the exposure per unit of mispricing
    hedge_reach: NonNegative  # farthest from the hedge, in shares of the exposure
    contract_idle: Share  # rent that certainty is worth: hours of a contract are paid whether they are used or not
    contract_elasticity: NonNegative  # of the stock offered under contract to its rent over what is expected
    withdrawal: NonNegative = 0.0  # share of what is let by the hour, kept for contracts per log that they pay better
    ask_markup: Positive  # list ask over the mean rent of the last days, where an auction sets the rent
    ask_response: Annotated[NonNegative, Field(le=10.0)]  # log list price per unit of log tightness, where it is paid
    ask_hazard_per_day: Share
    ask_hazard_per_gap: NonNegative  # added hazard per unit of log gap to the wanted ask
    ask_threshold: NonNegative  # log gap below which a list price is left alone
    ask_noise: Annotated[NonNegative, Field(le=5.0)]
    ask_age_days: NonNegative  # of list prices on average; sellers ask what is right at that age
    ask_level: Positive  # of its asks over others', for good
    ask_own_grade: Share  # of a list price that follows the grade itself; the rest follows all grades in proportion
    grades: dict[str, Share] | None  # of its fleet at the start; the world's if null
    regions: dict[str, Share] | None  # where its GPUs stand
    tiers: dict[str, Share] | None  # how they are let by the hour


def ask_terms(p: Any) -> AskTerms:
    """How neoclouds with these parameters post list prices."""
    return AskTerms(
        p.ask_markup, p.ask_response, p.ask_hazard_per_day, p.ask_hazard_per_gap, p.ask_threshold, p.ask_noise,
        p.ask_age_days, p.ask_level, p.ask_own_grade,
    )  # fmt: skip


class Neocloud(OwnHedge, Agent):
    """A levered landlord. Its q is the value of a new chip, at its own cost of capital, over the chip's price."""

    Parameters: ClassVar[type[GroupParameters]] = NeocloudParameters
    kind = "neocloud"

    @classmethod
    def landlord(cls, parameters: Any, policy_rate: float, equity_rate: float) -> Landlord:
        """Share of the group's fleet, mix of contracts and of money."""
        return Landlord(
            share=parameters.size,
            reserved_share=parameters.reserved_share,
            advance_rate=parameters.advance_rate,
            debt_rate=policy_rate + parameters.spread,
            equity_rate=equity_rate,
        )

    @classmethod
    def contract_terms(cls, parameters: Any, years: Sequence[float]) -> tuple[float, tuple[float, ...]]:
        """A contract is worth less rent than the spot market by what idle hours cost there, whatever its tenor."""
        return parameters.contract_elasticity, (math.log(1.0 - parameters.contract_idle),) * len(years)

    def start(self, path: GrowthPath) -> None:
        """Know one's own costs: the fixed cost that puts q at q* on the path."""
        self.fixed_cost_usd = path.fixed_cost_usd(self.path_terms(path))
        self.equity_rate = self.path_terms(path).equity_rate

    def path_terms(self, path: GrowthPath) -> Landlord:
        """This firm as the growth path knows it."""
        return path.financed(Neocloud.landlord(self.p, path.settings.policy_rate, path.settings.equity_rate))

    def endowment(self, path: GrowthPath) -> Endowment:
        """The share of the group's fleet, its contracts, its debt, and a month's running cost in cash."""
        fleet = self.p.fleet_ve * self.weight
        return Endowment(
            fleet_ve=fleet,
            cash_usd=fleet * path.normal_cash_usd(self.path_terms(path)),
            debt_usd=fleet * path.debt_usd(self.p.advance_rate),
            reserved_sold_ve=fleet * self.p.reserved_share,
            pool_ve=fleet * (1.0 - self.p.reserved_share),
            grades=self.p.grades,
            regions=self.p.regions,
            tiers=self.p.tiers,
        )

    def borrower(self) -> Borrower:
        """Its spread, what lenders advance on its chips, what outside owners put in."""
        return Borrower(self.p.spread, self.p.advance_rate, self.p.equity_access)

    def spot_offers(self, view: View) -> Iterable[SupplyRow]:
        """Offer what is neither let nor kept for contracts at convex marginal cost (Bessembinder-Lemmon supply)."""
        environment, fleet, sold = view.today.environment, view.fleet_ve, view.reserved_sold_ve
        running = view.running_share
        if environment.contracts_first:
            pool = max(0.0, fleet * running - sold)
        else:
            pool = max(0.0, fleet - sold) * running
        withdrawn = self._withdrawn_ve(view)
        kept = min(pool, running * min(withdrawn, max(0.0, self._usual_share(view) * fleet + withdrawn - sold)))
        pool, kept = (pool - kept) * environment.pool_availability, kept * environment.pool_availability
        if pool > 0.0 or kept > 0.0:
            yield pool_row(view, pool, kept)

    def _usual_share(self, view: View) -> float:
        """Share usually under contract of what it runs."""
        return view.usual_reserved_share(self.p.reserved_share)

    def _withdrawn_ve(self, view: View) -> float:
        """Capacity beyond the usual share that it would rather let under contract."""
        p, free = self.p, (1.0 - self._usual_share(view)) * view.fleet_ve
        return withdrawn_ve(view, free, p.withdrawal, (p.belief_half_life_years, p.trading_half_life_years))

    def list_asks(self, view: View, posted_usd: Floats) -> Floats:
        """Sticky list prices of all products it lets."""
        return list_asks(view, posted_usd, self.made(ask_terms))

    def reserved(self, view: View) -> Iterable[ReservedRow]:
        """Offer what is not under contract up to the target share, at the discounted mean rent expected.

        What is withdrawn from the spot market is added to the target. Rent of tenor T = (1 - discount) * mean over T of
        expected rent, never below variable cost. In the auction the target rises with the log of the rent over that (a
        Littlewood protection level that falls).
        """
        p, today, path, fleet, sold = self.p, view.today, view.path, view.fleet_ve, view.reserved_sold_ve
        target = self._usual_share(view) * fleet + self._withdrawn_ve(view)
        free = target - sold
        slope = target * p.contract_elasticity if path.by_auction else 0.0
        most = fleet - sold if slope > 0.0 else free
        if most <= 0.0 or view.barred_from_contracts:
            return ()
        floor = path.settings.cost_usd * today.technology * today.environment.running_cost_scale
        begin, width = (math.exp(min(MAX_LOG, -free / slope)), most / slope) if slope > 0.0 else (1.0, 0.0)
        beliefs = p.belief_half_life_years, p.trading_half_life_years
        return Schedule(view, -most, begin, width, beliefs, floor)

    def futures(self, view: View) -> Iterable[FutureRow]:
        """Sell a share of expected spot output of each listed month forward, around own expectations."""
        sold = 0.0 if view.barred_from_contracts else self._ratio()  # an estate unwinds its hedges
        return hedges(view, self.p, -sold, self._output_ve(view))

    def _output_ve(self, view: View) -> float:
        """What it expects to let by the hour."""
        pool = max(0.0, view.fleet_ve - view.reserved_sold_ve)
        return pool * view.path.settings.occupancy

    def learn(self, view: View) -> None:
        """Note what own hours brought beside the futures price, where the hedge ratio follows from that."""
        if self.p.hedging == "optimal":
            self._learn_hedge(view, self._output_ve(view), 1.0)

    def cost_of_capital(self, view: View) -> float:
        """Weighted cost of capital today, at the advance rate and the spread that lenders offer."""
        today = view.today
        advance = self.p.advance_rate * view.advance_factor if today.loans_open else 0.0
        spread: float = self.p.spread + view.spread_change
        return cost_of_capital(advance, today.policy_rate + spread + today.capital_charge, self.equity_rate)

    def investor(self, view: View) -> Investor:
        """How this firm values chips today."""
        return Investor(
            reserved_share=self.p.reserved_share,
            fixed_cost_usd=self.fixed_cost_usd,
            cost_of_capital=self.cost_of_capital(view),
            belief_half_life_years=self.p.belief_half_life_years,
            trading_half_life_years=self.p.trading_half_life_years,
            stiffness=self.p.stiffness,
            grade_sensitivity=self.p.grade_sensitivity,
            phantom_orders=self.p.phantom_orders,
        )

    def q(self, view: View) -> float:
        """Value of a new chip over its price, over the grades it would order."""
        return wanted_q(view, self.investor(view))[1]

    def chips(self, view: View) -> Iterable[ChipRow]:
        """Order by q at own cost of capital; the equity that cash does not cover is up to the loan desk."""
        return () if view.barred_from_orders else wanted_chips(view, self.investor(view))
