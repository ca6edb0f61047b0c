"""Our own agents keep the promises of these roles: read by mypy, method by method."""

from __future__ import annotations

from agents.ai_lab import AiLab
from agents.authorised_participant import AuthorisedParticipant
from agents.basis_trader import BasisTrader
from agents.chip_vendor import ChipVendor
from agents.etf import Etf
from agents.fund_holder import FundHolder
from agents.hyperscaler import Hyperscaler
from agents.lender import Lender
from agents.neocloud import Neocloud
from agents.note_investor import NoteInvestor
from agents.outside_buyer import OutsideBuyer
from agents.renter import Renter
from agents.speculator import Speculator
from agents.vehicle import Vehicle
from sim import roles

LETS_HOURS: list[type[roles.LetsHours]] = [Neocloud, Hyperscaler, AiLab]
POSTS_ASKS: list[type[roles.PostsAsks]] = [Neocloud, Hyperscaler]
RENTS_HOURS: list[type[roles.RentsHours]] = [AiLab, Renter]
EARNS_REVENUE: list[type[roles.EarnsRevenue]] = [AiLab]
TRAINS_IN_JOBS: list[type[roles.TrainsInJobs]] = [AiLab]
RESERVES: list[type[roles.Reserves]] = [Neocloud, AiLab]
HEDGES: list[type[roles.Hedges]] = [Neocloud, AiLab, OutsideBuyer, BasisTrader]
ESTIMATES_ITS_HEDGE: list[type[roles.EstimatesItsHedge]] = [Neocloud, AiLab]
TRADES_ON_ITS_OWN: list[type[roles.TradesOnItsOwn]] = [BasisTrader]
BUYS_FROM_OUTSIDE: list[type[roles.BuysFromOutside]] = [OutsideBuyer]
SPECULATES: list[type[roles.SpeculatesInCrowds]] = [Speculator]
ORDERS_CHIPS: list[type[roles.OrdersChips]] = [Neocloud, Hyperscaler]
VALUES_CHIPS: list[type[roles.ValuesChips]] = [Neocloud]
SELLS_CHIPS: list[type[roles.SellsChips]] = [ChipVendor]
BORROWS: list[type[roles.Borrows]] = [Neocloud]
LENDS: list[type[roles.Lends]] = [Lender]
BUYS_LOANS: list[type[roles.BuysLoans]] = [Vehicle]
BUYS_NOTES: list[type[roles.BuysNotes]] = [NoteInvestor]
HOLDS_FUTURES: list[type[roles.HoldsFutures]] = [Etf]
ORDERS_SHARES: list[type[roles.OrdersShares]] = [FundHolder]
CREATES_SHARES: list[type[roles.CreatesShares]] = [AuthorisedParticipant]
LEARNS: list[type[roles.Learns]] = [Neocloud, AiLab, Renter, Hyperscaler, NoteInvestor]

KEPT: dict[type, list[type]] = {
    roles.LetsHours: [*LETS_HOURS], roles.PostsAsks: [*POSTS_ASKS], roles.RentsHours: [*RENTS_HOURS],
    roles.EarnsRevenue: [*EARNS_REVENUE], roles.TrainsInJobs: [*TRAINS_IN_JOBS], roles.Reserves: [*RESERVES],
    roles.Hedges: [*HEDGES], roles.EstimatesItsHedge: [*ESTIMATES_ITS_HEDGE],
    roles.TradesOnItsOwn: [*TRADES_ON_ITS_OWN], roles.BuysFromOutside: [*BUYS_FROM_OUTSIDE],
    roles.SpeculatesInCrowds: [*SPECULATES], roles.OrdersChips: [*ORDERS_CHIPS],
    roles.ValuesChips: [*VALUES_CHIPS], roles.SellsChips: [*SELLS_CHIPS], roles.Borrows: [*BORROWS],
    roles.Lends: [*LENDS], roles.BuysLoans: [*BUYS_LOANS], roles.BuysNotes: [*BUYS_NOTES],
    roles.HoldsFutures: [*HOLDS_FUTURES], roles.OrdersShares: [*ORDERS_SHARES],
    roles.CreatesShares: [*CREATES_SHARES], roles.Learns: [*LEARNS],
}  # fmt: skip
