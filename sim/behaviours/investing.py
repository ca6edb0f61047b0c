"""How an owner of GPUs turns today's rents into chip orders: q by grade, the order rate, the mix of grades."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sim.rows.hardware import ChipRow
from sim.rules.investment import chip_value, grade_mix, order_rate
from sim.view import View
from sim.vocabulary import DAYS_PER_YEAR


@dataclass(frozen=True)
class Investor:
    """How an owner values chips: mix of contracts, own fixed cost (USD per VE-hour at day 0), rates, beliefs."""

    reserved_share: float
    fixed_cost_usd: float
    cost_of_capital: float
    belief_half_life_years: float
    trading_half_life_years: float
    stiffness: float
    grade_sensitivity: float


def values_by_grade(view: View, investor: Investor, lead_years: float) -> list[float]:
    """Value of a chip of each grade that earns from `lead_years` on, USD per VE, at own cost of capital and beliefs.

    The margin at the anchor rent is taken to fall with technology, today's deviation of rents from it to fade at the
    believed half-life; so is what running costs are above their trend. The curve enters through the link
    `curve_to_capex` only.
    """
    today, path, s = view.today, view.path, view.path.settings
    coefficient = path.revenue_coefficient(investor.reserved_share)
    running = s.cost_usd * path.hours_used(investor.reserved_share)
    cost = (running + investor.fixed_cost_usd) * today.technology
    dearer = running * today.technology * (today.environment.running_cost_scale - 1.0)
    margin = coefficient * today.anchor_usd - cost
    reversion = math.log(2.0) / investor.belief_half_life_years
    trading = math.log(2.0) / investor.trading_half_life_years
    values = []
    for rent in today.rent_30d_by_grade_usd:
        deviation = view.rent_as_read("curve_to_capex", rent, trading) - today.anchor_usd
        value = chip_value(
            margin,
            coefficient * deviation - dearer,
            investor.cost_of_capital,
            s.technology,
            reversion,
            s.life_years,
            lead_years,
        )
        values.append(value)
    return values


def q_by_grade(view: View, investor: Investor) -> list[float]:
    """Value of a new chip of each grade over its price (Tobin's q), at own cost of capital and own beliefs."""
    values = values_by_grade(view, investor, view.path.settings.lead_years)
    return [value / view.today.paid_usd(grade) for grade, value in enumerate(values)]


def wanted_q(view: View, investor: Investor) -> tuple[list[float], float]:
    """Mix of grades an owner would order, and its mean q."""
    return grade_mix(q_by_grade(view, investor), view.order_shares, investor.grade_sensitivity)


def wanted_chips(view: View, investor: Investor) -> list[ChipRow]:
    """A month's orders: (b + (q - q*) / k) of the fleet a year, spread over grades by a logit of their q."""
    mix, q = wanted_q(view, investor)
    path = view.path
    rate = order_rate(q, path.settings.q_star, path.delivery_rate, investor.stiffness, path.ahead)
    wanted = view.fleet_ve * rate * view.today.days_of_month / DAYS_PER_YEAR
    return [ChipRow(grade, wanted * share) for grade, share in enumerate(mix)]
