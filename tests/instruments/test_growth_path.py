"""The growth path's closed forms against numbers worked out apart, and the world against its path."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.growth_path import lead_time_weights
from sim.rules.investment import chip_value
from sim.rules.rents import annuity, expected_rent, mean_expected_rent
from tests.worlds import world

G, N, LIFE = 0.32, 0.56, 5.0


@pytest.fixture(scope="module")
def default():
    """The default population: the path depends on the landlords' mix."""
    return world("population=default", "reserved=menu", "agents.speculator.traders=10")


def test_closed_forms_of_the_default_world(default):
    path = default.path
    assert path.delivery_rate == pytest.approx(0.5963, abs=2e-4)
    assert path.ahead == pytest.approx(1.309, abs=2e-3)
    assert path.forward == pytest.approx(0.8554, abs=5e-4)
    assert path.chip_price_usd == pytest.approx(26_593.0, rel=1e-3)
    menu = dict(zip([tenor.name for tenor in path.tenors], path.menu, strict=True))
    assert menu["3m"] == pytest.approx(0.9275, abs=5e-4)
    assert menu["12m"] == pytest.approx(0.8262, abs=1e-3)
    assert menu["36m"] == pytest.approx(0.6210, abs=1e-3)


def test_deliveries_keep_a_fleet_growing_at_the_trend(default):
    """b = n / (1 - e^(-n L)): what is delivered replaces what retires and adds n."""
    b = default.path.delivery_rate
    assert b == pytest.approx(N / (1.0 - math.exp(-N * LIFE)))
    assert b - b * math.exp(-N * LIFE) == pytest.approx(N)


def test_stationary_formulas_are_the_limits():
    path = world("world=stationary", "reserved=menu").path
    assert path.delivery_rate == pytest.approx(1.0 / LIFE)
    assert path.ahead == pytest.approx(1.0)
    assert path.forward == pytest.approx(1.0)
    assert path.menu == pytest.approx(1.0 - path.settings.reserved_discount)


def test_every_landlords_q_is_q_star_on_the_path(default):
    default_q = []
    economy = world("noise=none", "agents.neocloud.count=12")
    economy.step()
    for owner in economy.books.roll.landlords:
        agent = economy.register.people[owner]
        default_q.append(agent.q(economy.register.views[owner]))
    assert default_q == pytest.approx([economy.spec.investment.q_star] * len(default_q), rel=0.01)


def test_the_chip_price_is_the_discounted_margin_of_its_life(default):
    path, s = default.path, default.path.settings
    terms = [default.register.people[i].path_terms(path) for i in default.books.roll.landlords]
    for landlord in terms:
        rate = landlord.cost_of_capital
        margin = path.revenue_coefficient(landlord.reserved_share) * s.rent_usd
        margin -= s.cost_usd * path.hours_used(landlord.reserved_share) + path.fixed_cost_usd(landlord)
        days = np.arange(int(s.life_years * 365)) + 0.5
        worth = 24.0 * margin * np.exp(-(rate + s.technology) * days / 365.0).sum() * math.exp(-rate * s.lead_years)
        assert worth / path.chip_price_usd == pytest.approx(s.q_star, rel=1e-3)


def test_fixed_costs_of_the_four_kinds_of_landlord(default):
    path = default.path
    costs = {}
    for i in default.books.roll.landlords:
        agent = default.register.people[i]
        costs[agent.p.reserved_share] = path.fixed_cost_usd(agent.path_terms(path))
    expected = {0.96: 0.58, 0.85: 0.46, 0.75: 0.40, 0.50: 0.22}
    assert {share: round(cost, 2) for share, cost in costs.items()} == pytest.approx(expected, abs=0.015)


def test_coverage_at_the_start_rises_from_the_largest_to_the_tail(default):
    by_advance = {
        default.register.people[i].p.advance_rate: dscr
        for i, dscr in zip(default.books.roll.landlords, default.credit.servicer.dscr, strict=True)
    }
    ordered = [by_advance[a] for a in (0.90, 0.85, 0.82, 0.80)]
    assert ordered == sorted(ordered)
    assert ordered[0] == pytest.approx(1.20, abs=0.03)
    assert ordered[-1] == pytest.approx(1.35, abs=0.05)


def test_lead_times_are_gamma_with_the_mean_asked_for():
    weights = lead_time_weights(0.5)
    days = np.arange(1, len(weights) + 1)
    assert weights.sum() == pytest.approx(1.0)
    assert weights @ days == pytest.approx(182.5, rel=0.01)
    spread = math.sqrt(weights @ (days - weights @ days) ** 2)
    assert spread == pytest.approx(182.5 / 2.0, rel=0.03), "Gamma of shape four"


# ---- the scalar rules behind the path


def test_an_annuity_is_the_sum_of_its_payments():
    days = (np.arange(3 * 365) + 0.5) / 365.0
    assert annuity(0.1, 3.0) == pytest.approx(np.exp(-0.1 * days).sum() / 365.0, rel=1e-6)
    assert annuity(0.0, 3.0) == 3.0
    assert annuity(1e-13, 3.0) == pytest.approx(3.0)
    assert annuity(-0.2, 3.0) > 3.0


def test_expected_rents_start_at_the_rent_and_end_on_the_anchor():
    reversion = math.log(2.0)  # half-life of a year
    assert expected_rent(4.0, 2.0, G, reversion, 0.0) == 4.0
    assert expected_rent(4.0, 2.0, 0.0, reversion, 1.0) == pytest.approx(3.0), "half the deviation is left"
    assert expected_rent(4.0, 2.0, G, reversion, 30.0) == pytest.approx(2.0 * math.exp(-G * 30.0), rel=1e-6)
    assert expected_rent(2.0, 2.0, G, reversion, 3.0) == pytest.approx(2.0 * math.exp(-G * 3.0))


def test_the_mean_expected_rent_is_the_mean_of_expected_rents():
    years = (np.arange(1000) + 0.5) / 1000.0 * 3.0
    path = [expected_rent(4.0, 2.5, G, 0.7, t) for t in years]
    assert mean_expected_rent(4.0, 2.5, G, 0.7, 3.0) == pytest.approx(np.mean(path), rel=1e-6)


@pytest.mark.parametrize(
    ("half_life", "elasticity"), [(0.125, 0.12), (0.25, 0.23), (0.5, 0.41), (1.0, 0.67), (2.0, 0.98), (5.0, 1.30)]
)
def test_perceived_persistence_decides_how_far_a_rent_moves_the_value_of_a_chip(half_life, elasticity):
    """dlnV / dlnp for p = 3.00, utilisation .8, opex .60, 5 years, r = 12 %, trend -25 % a year, scrap 2,000 USD."""
    trend, rate = 0.25, 0.12
    reversion = math.log(2.0) / half_life

    def value(rent: float) -> float:
        opex = 0.60 * 8760.0 * annuity(rate, 5.0)  # of all hours, constant
        scrap = 2000.0 * math.exp(-rate * 5.0)
        gross = chip_value(0.8 * 3.0, 0.8 * (rent - 3.0), rate, trend, reversion, 5.0, 0.0)
        return gross - opex + scrap

    step = 1e-4
    slope = (math.log(value(3.0 * (1 + step))) - math.log(value(3.0 * (1 - step)))) / (2 * step)
    assert slope == pytest.approx(elasticity, abs=0.01)
