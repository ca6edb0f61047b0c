"""What is announced: shocks that are known ahead, and what they and the orders under way say of days to come.

A shock with `announced_days` is public from so many days before it strikes on, with its whole course. Nobody sees
anything else of the future: a shock without is known by what it does. What is announced for one product alone (a grade,
region or tier) is read of deliveries only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import reduce
from typing import NamedTuple

import numpy as np

from sim.calendar import Calendar
from sim.environment import Environment, Shock
from sim.growth_path import GrowthPath
from sim.rows.outlook import Outlook, Pipeline
from sim.rules.hoarding import scarcity
from sim.rules.outlook import balance_ahead, fleet_ahead, held_back, site_share
from sim.vocabulary import DAYS_PER_YEAR, Floats


def announced_on(shock: Shock) -> int | None:
    """The first day on which a shock is public before it strikes; None for one that nobody announces."""
    ahead = int(getattr(shock, "announced_days", 0))
    return max(0, int(getattr(shock, "start", 0)) - ahead) if ahead > 0 else None


class Plan(NamedTuple):
    """What is announced for a day: log demand less log running capacity, what of orders and deliveries comes through.

    `met` is the share of orders met, `arriving` that of deliveries due, `released` that of what is held back;
    `lasting_log` the log of the rent that lasts over the path's.
    """

    demand_log: float
    met: float
    arriving: float
    released: float
    lasting_log: float


class Announcements:
    """What has been announced by a day, and what follows from it; `shares` (grades,) of orders, by name of grade.

    `spot_share` is that of demand which is not under contract.
    """

    def __init__(self, calendar: Calendar, path: GrowthPath, shares: Mapping[str, float], spot_share: float) -> None:
        s = path.settings
        self.calendar, self.path, self.shares, self.spot_share = calendar, path, dict(shares), spot_share
        longest = max([tenor.years for tenor in path.tenors], default=1.0)
        self.horizon = math.ceil(min(longest, s.life_years) * DAYS_PER_YEAR)
        self.known: dict[str, Shock] = {}
        self._plans: dict[int, Plan] = {}
        per_day = path.delivery_rate * path.ahead / DAYS_PER_YEAR
        self._orders: Floats = per_day * np.exp(s.quantity * np.arange(self.horizon) / DAYS_PER_YEAR)

    def hear(self, day: int, shocks: Mapping[str, Shock]) -> None:
        """Take note of what is public today."""
        public = {name: announced_on(shock) for name, shock in shocks.items()}
        known = {name: shocks[name] for name, first in public.items() if first is not None and first <= day}
        if known != self.known:
            self.known, self._plans = known, {}

    def plans(self, day: int, days: int) -> Floats:
        """What is announced for a day and for the `days` after it (days + 1, fields of a plan)."""
        for at in range(day, day + days + 1):
            if at not in self._plans:
                self._plans[at] = self._plan(at)
        return np.array([self._plans[at] for at in range(day, day + days + 1)])

    def _plan(self, day: int) -> Plan:
        e = reduce(lambda found, shock: shock(day, found), self.known.values(), Environment())
        s, grades = self.path.settings, list(self.shares)
        share, weights = self.spot_share, np.array(list(self.shares.values()))
        demand = share * e.demand_scale + (1.0 - share) * e.contracted_demand_scale
        runs = e.fleet_availability * (share * e.pool_availability + 1.0 - share)
        arriving, released = (float(weights @ by_grade) for by_grade in e.arrivals(grades))
        lasting = 1.0 + self.path.pass_through * (e.chip_price_scale * (1.0 + e.tariff_for_good) - 1.0)
        return Plan(
            demand_log=_log(demand) - _log(runs),
            met=e.vendor_scale * site_share(e.sites_scale, s.quantity, s.life_years, s.lead_years),
            arriving=arriving, released=released, lasting_log=_log(lasting),
        )  # fmt: skip

    def scarcity(self, day: int) -> float:
        """How scarce chips are announced to be at worst within the usual lead time: 1 where nothing is."""
        if not self.known:
            return 1.0
        lead = self.path.settings.lead_years * DAYS_PER_YEAR
        plans = self.plans(day, math.ceil(lead))
        return scarcity(float(plans[:, 1].min()), 0.0, lead)

    def outlook(self, day: int, pipeline: Pipeline, weights: tuple[float, float, float]) -> Outlook:
        """What is public says of demand over supply, and of the rent that lasts, on each coming day.

        Orders of coming month ends are taken to be the path's, as far as they are announced to be met. `weights` of
        list prices and of contracts, and what rents make of it.
        """
        s, count = self.path.settings, self.horizon
        plans = self.plans(day, count) if self.known else _NOTHING
        ahead = plans[1:] if self.known else np.broadcast_to(plans, (count, plans.shape[1]))
        orders = np.zeros(count)
        for at, length in self.calendar.month_ends_after(day, count):
            orders[at] = pipeline.working_ve * length * self._orders[at] * ahead[at, 1]
        new = np.convolve(orders, self.path.lead_weights)[:count]
        due = pipeline.due_ve + new
        if (plans[:, 2:4] < 1.0).any():  # what is held back and not announced to come is not counted on
            due = held_back(due, ahead[:, 2], ahead[:, 3], pipeline.held_ve)
        fleet = fleet_ahead(pipeline.working_ve, due, pipeline.retiring_ve)
        demand = ahead[:, 0] - plans[0, 0]
        balance = balance_ahead(fleet, pipeline.working_ve, s.quantity / DAYS_PER_YEAR, demand)
        return Outlook(balance, ahead[:, 4] - plans[0, 4], *weights)


_NOTHING = np.array([Plan(0.0, 1.0, 1.0, 1.0, 0.0)])


def _log(value: float) -> float:
    return math.log(max(value, 1e-6))
