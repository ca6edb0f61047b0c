"""Investors' wealth: it grows with the path and returns to it slowly after losses."""

from __future__ import annotations

import math

import numpy as np

from sim.department import Common
from sim.roles import BuysNotes
from sim.vocabulary import DAYS_PER_YEAR, Floats


class Investors:
    """Wealth (investors,) in USD as it should stand; at the start, on the path; note write-downs borne so far."""

    def __init__(self, common: Common) -> None:
        self.common = common
        self.wealth_usd: Floats = common.ledger.net_worth()[common.register.roll.investors].copy()
        on_path = common.path.money_factor(common.calendar.elapsed / DAYS_PER_YEAR)  # it was set at a month's end
        self.start_usd: Floats = self.wealth_usd * on_path
        self.losses_usd: Floats = np.zeros(len(self.wealth_usd))

    def fund(self, day: int) -> None:
        """Month end: what is beyond the wealth that should stand is paid out, what is missing put in.

        W' = W (1 + g y) + min(1, u y) (P - W), at least 0: W wealth less the month's losses, P the path's, y the month
        in years, g growth of money on the path, u the top-up per year.
        """
        ledger, roll = self.common.ledger, self.common.register.roll
        if not len(roll.investors):
            return
        s = self.common.path.settings
        year = self.common.board.today.days_of_month / DAYS_PER_YEAR
        growth = s.quantity - s.technology
        path = self.start_usd * math.exp(growth * day / DAYS_PER_YEAR)
        agents = self.common.register.these(roll.investors, BuysNotes)
        top_up = np.array([agent.top_up_per_year for _, agent in agents])
        lost = -np.minimum(0.0, ledger.flow("note write-downs")[roll.investors])
        wealth = self.wealth_usd - (lost - self.losses_usd)
        wanted = np.maximum(0.0, wealth * (1.0 + growth * year) + np.minimum(1.0, top_up * year) * (path - wealth))
        gap = ledger.net_worth()[roll.investors] - wanted
        world = np.full(len(gap), roll.rest_of_world)
        spare = np.maximum(0.0, ledger.held("cash")[roll.investors])
        ledger.post("investors' payouts", "cash", roll.investors, world, np.minimum(spare, np.maximum(0.0, gap)))
        ledger.post("investors' subscriptions", "cash", world, roll.investors, np.maximum(0.0, -gap))
        self.losses_usd, self.wealth_usd = lost, wanted
