"""How an owner of GPUs turns today's rents into chip orders: q by grade, the order rate, the mix of grades."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from sim.rows.hardware import ChipRow
from sim.rules.hoarding import orders_over_wanted
from sim.rules.investment import chip_value, grade_mix, order_rate
from sim.view import View
from sim.vocabulary import DAYS_PER_YEAR, HOURS_PER_YEAR, Floats

KEPT_RATES = 64  # at which annuities are known; rates change with lenders' terms, by the month


@dataclass(frozen=True)
class Investor:
    """How an owner values chips: mix of contracts, own fixed cost (USD per VE-hour at day 0), rates, beliefs.

    `phantom_orders` is the share of scarcity that it makes up for by ordering more than it wants.
    """

    reserved_share: float
    fixed_cost_usd: float
    cost_of_capital: float
    belief_half_life_years: float
    trading_half_life_years: float
    stiffness: float
    grade_sensitivity: float
    phantom_orders: float = 0.0


class Prospects(NamedTuple):
    """What a VE is expected to earn an hour, USD: at the anchor rent, and beyond it by grade, which fades; per year."""

    margin_usd: float
    deviations_usd: tuple[float, ...]
    reversion: float


def prospects(view: View, investor: Investor) -> Prospects:
    """What an owner expects its chips to earn, at own beliefs.

    The margin at the anchor rent is taken to fall with technology, today's deviation of rents from it to fade at the
    believed half-life; so is what running costs are above their trend. The curve enters through the link
    `curve_to_capex` only.
    """
    today, path, s = view.today, view.path, view.path.settings
    coefficient = path.revenue_coefficient(investor.reserved_share)
    running = s.cost_usd * path.hours_used(investor.reserved_share)
    cost = (running + investor.fixed_cost_usd) * today.technology
    dearer = running * today.technology * (today.environment.running_cost_scale - 1.0)
    trading = math.log(2.0) / investor.trading_half_life_years
    deviations = tuple(
        coefficient * (view.rent_as_read("curve_to_capex", rent, trading) - today.anchor_usd) - dearer
        for rent in today.rent_30d_by_grade_usd
    )
    return Prospects(coefficient * today.anchor_usd - cost, deviations, math.log(2.0) / investor.belief_half_life_years)


def values_by_grade(view: View, investor: Investor, lead_years: float) -> list[float]:
    """Value of a chip of each grade that earns from `lead_years` on, USD per VE, at own cost of capital and beliefs."""
    s, expected = view.path.settings, prospects(view, investor)
    return [
        chip_value(
            expected.margin_usd,
            deviation,
            investor.cost_of_capital,
            s.technology,
            expected.reversion,
            s.life_years,
            lead_years,
        )
        for deviation in expected.deviations_usd
    ]


def used_values(view: View, investor: Investor, left: Annuities) -> Floats:
    """Value of a chip at work of each grade with so much of its life left (grades, ages), USD per VE, as above."""
    s, expected = view.path.settings, prospects(view, investor)
    rate = investor.cost_of_capital + s.technology
    lasting, fading = left.at(rate), left.at(rate + expected.reversion)
    return HOURS_PER_YEAR * (expected.margin_usd * lasting + np.outer(expected.deviations_usd, fading))


class Annuities:
    """Present values of one a year for so many years (n,), as `sim.rules.rents.annuity`, kept by rate."""

    def __init__(self, years: Floats) -> None:
        self.years = years
        self._kept: dict[float, Floats] = {}

    def at(self, rate: float) -> Floats:
        """(1 - e^(-rate y)) / rate for all years."""
        if rate not in self._kept:
            if len(self._kept) >= KEPT_RATES:
                self._kept.clear()
            flat = abs(rate) < 1e-12
            self._kept[rate] = self.years if flat else np.asarray((1.0 - np.exp(-rate * self.years)) / rate)
        return self._kept[rate]


def q_by_grade(view: View, investor: Investor) -> list[float]:
    """Value of a new chip of each grade over its price (Tobin's q), at own cost of capital and own beliefs."""
    values = values_by_grade(view, investor, view.path.settings.lead_years)
    return [value / view.today.paid_usd(grade) for grade, value in enumerate(values)]


def wanted_q(view: View, investor: Investor) -> tuple[list[float], float]:
    """Mix of grades an owner would order, and its mean q."""
    return grade_mix(q_by_grade(view, investor), view.order_shares, investor.grade_sensitivity)


def wanted_chips(view: View, investor: Investor) -> list[ChipRow]:
    """A month's orders: (b + (q - q*) / k) of the fleet a year, spread over grades by a logit of their q.

    Where chips are scarce more is ordered than is wanted, as far as the owner games.
    """
    mix, q = wanted_q(view, investor)
    path = view.path
    rate = order_rate(q, path.settings.q_star, path.delivery_rate, investor.stiffness, path.ahead)
    wanted = view.fleet_ve * rate * view.today.days_of_month / DAYS_PER_YEAR
    times = orders_over_wanted(view.scarcity, investor.phantom_orders)
    return [ChipRow(grade, wanted * share, times) for grade, share in enumerate(mix)]
