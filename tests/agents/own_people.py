"""A user's own lab, lender, landlord and market maker: classes of their own kind and parameters that keep promises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sim.agent import Agent, Endowment, GroupParameters
from sim.behaviours.letting import pool_row
from sim.growth_path import GrowthPath, Landlord
from sim.rows.credit import Borrower
from sim.rows.exchange import FutureRow
from sim.rows.hardware import ChipRow
from sim.rows.labs import Service
from sim.rows.rental import DemandRow, SupplyRow
from sim.view import View
from sim.vocabulary import Positive, Share


class ClinicParameters(GroupParameters):
    part: Share


class Clinic(Agent):
    """A lab of its own: serves patients with what it rents."""

    Parameters = ClinicParameters
    kind = "clinic"

    def endowment(self, path: GrowthPath) -> Endowment:
        return Endowment(reserved_weight=self.weight)

    def spot_demand(self, view: View) -> Iterable[DemandRow]:
        wanted = self.p.part * self.weight * view.path_spot_demand_ve * view.own_factor * view.presence
        yield DemandRow(0, 1, 0, wanted, view.path.settings.rent_usd, 0.3)

    def service(self) -> Service:
        return Service((0,), self.p.part * self.weight, 1.0)


class Club(Agent):
    """A lender of its own: lends ten times its capital, marks at book."""

    kind = "club"
    capital_ratio = 0.1
    top_up_per_year = 0.5

    def endowment(self, path: GrowthPath) -> Endowment:
        return Endowment(lending_weight=self.weight, capital_ratio=0.12)

    def room_usd(self, capital_usd: float, loans_usd: float) -> float:
        return max(0.0, capital_usd / 0.1 - loans_usd)

    def mark(self, view: View) -> float:
        return 1.0


class BarnParameters(GroupParameters):
    gpus_ve: Positive
    loan_to_value: Share


class Barn(Agent):
    """A landlord of its own, without contracts: orders what wears out, with debt."""

    Parameters = BarnParameters
    kind = "barn"

    @classmethod
    def landlord(cls, parameters: Any, policy_rate: float, equity_rate: float) -> Landlord:
        return Landlord(parameters.size, 0.0, parameters.loan_to_value, policy_rate + 0.05, equity_rate)

    def endowment(self, path: GrowthPath) -> Endowment:
        fleet, s = self.p.gpus_ve * self.weight, path.settings
        terms = self.landlord(self.p, s.policy_rate, s.equity_rate)
        cash, debt = fleet * path.normal_cash_usd(terms), fleet * path.debt_usd(self.p.loan_to_value)
        return Endowment(fleet_ve=fleet, pool_ve=fleet, cash_usd=2.0 * cash, debt_usd=debt)

    def borrower(self) -> Borrower:
        return Borrower(spread=0.05, advance_rate=self.p.loan_to_value)

    def spot_offers(self, view: View) -> Iterable[SupplyRow]:
        yield pool_row(view, view.fleet_ve * view.running_share)

    def chips(self, view: View) -> Iterable[ChipRow]:
        if not view.barred_from_orders:
            yield ChipRow(0, 0.02 * view.fleet_ve)


class MakerParameters(GroupParameters):
    depth: Positive


class Maker(Agent):
    """A market maker of its own: buys below the last price and sells above it, up to its depth."""

    Parameters = MakerParameters
    kind = "maker"

    def futures(self, view: View) -> Iterable[FutureRow]:
        curve, depth = view.today.curve, self.p.depth
        for m, price in enumerate(curve.price_usd if curve is not None else ()):
            held = view.position(m)
            yield FutureRow(m, 0.0, 50.0 * depth / price, -depth - held, depth - held)


class Misspelt(Agent):
    """Says nearly what is asked for."""

    def spot_demands(self, view: View) -> Iterable[DemandRow]:
        return ()


class HalfALender(Agent):
    """Keeps a part of a promise."""

    def room_usd(self, capital_usd: float, loans_usd: float) -> float:
        return 0.0


class Idle(Agent):
    """Orders chips without a fleet."""

    def chips(self, view: View) -> Iterable[ChipRow]:
        return ()
