"""The hedge ratio of least variance is found in the own record; where it is off, nothing of it is left, to the bit."""

from __future__ import annotations

import datetime
from dataclasses import replace

import numpy as np
import pytest

from sim.behaviours.own_hedge import HedgeRecord
from sim.rules.hedging import basis_risk, believed_ratio
from tests.agents.desks import CURVE, RENT, agent, view
from tests.worlds import moved, ran, series, spot_side

OUTPUT_VE = 100.0
OPTIMAL = "agents.neocloud.hedging=optimal"


def hours_worth(usd_per_ve_hour: float) -> float:
    return usd_per_ve_hour * OUTPUT_VE * 24


def record_of(own, closes, dates=None, gpu_ve=1.0) -> HedgeRecord:
    """A record of evenings: own result per VE-hour, and the curve of the close before each."""
    record = HedgeRecord()
    for i, (usd, prices) in enumerate(zip(own, closes, strict=True)):
        date = dates[i] if dates else datetime.date(2026, 1, 11)
        seen = view(curve=replace(CURVE, price_usd=tuple(prices), gpu_ve=gpu_ve), date=date)
        record.note(seen, OUTPUT_VE, hours_worth(usd), 1000)
    return record


@pytest.mark.parametrize("beta", [0.3, 0.8, 1.2])
def test_it_recovers_a_planted_beta(beta):
    draws = np.random.default_rng(7)
    price = RENT + np.cumsum(draws.normal(0.0, 0.05, 800))
    own = beta * price + draws.normal(0.0, 0.02, 800)
    record = record_of(own[:-1], [(p, q, q) for p, q in zip(price[:-1], np.r_[RENT, price[:-2]], strict=True)])
    covariance, variance, own_variance, n = record.moments(5)
    assert n == 793
    found = believed_ratio(covariance, variance, n, 0.6, 0.0, 10.0)
    assert found == pytest.approx(beta, abs=0.03)
    left = basis_risk(found, covariance, variance, own_variance)
    assert left == pytest.approx(1.0 - covariance**2 / variance / own_variance)
    assert left == pytest.approx(2 * 0.02**2 / (beta**2 * 5 * 0.05**2 + 2 * 0.02**2), rel=0.2)


def test_the_prior_counts_as_its_days_and_ratios_stay_in_bounds():
    assert believed_ratio(2.0, 2.0, 30, 0.6, 90.0, 1.5) == pytest.approx((30 * 1.0 + 90 * 0.6) / 120)
    assert believed_ratio(-5.0, 1.0, 100, 0.6, 10.0, 1.5) == 0.0
    assert believed_ratio(9.0, 1.0, 100, 0.6, 10.0, 1.5) == 1.5
    assert believed_ratio(0.0, 0.0, 100, 0.6, 0.0, 1.5) == 0.6
    assert basis_risk(0.0, 1.0, 1.0, 2.0) == 1.0
    assert basis_risk(3.0, 1.0, 1.0, 2.0) > 1.0


def test_a_roll_is_no_change_of_price_and_a_grade_worth_two_ve_moves_a_ve_by_half():
    months = [datetime.date(2026, 1, 30), datetime.date(2026, 1, 31), datetime.date(2026, 2, 1)]
    closes = [(2.0, 2.5, 3.0), (2.0, 2.5, 3.0), (2.6, 3.2, 3.5)]
    record = record_of([1.0, 1.1, 1.2], closes, months, gpu_ve=2.0)
    assert record.own_usd == pytest.approx([1.0, 1.1]), "today's close is not known yet"
    assert record.price_usd == pytest.approx([0.0, 0.1]), "the second month of February was the third of January"


def test_the_last_days_of_the_window_count_and_a_venue_that_closes_ends_the_record():
    record = HedgeRecord()
    for usd in (1.0, 2.0, 3.0, 4.0):
        record.note(view(curve=CURVE), OUTPUT_VE, hours_worth(usd), 2)
    assert record.own_usd == pytest.approx([2.0, 3.0])
    record.note(view(), OUTPUT_VE, 0.0, 2)
    assert record.own_usd == []


def test_a_landlord_learns_to_sell_what_its_hours_are_worth_in_futures():
    draws = np.random.default_rng(3)
    firm = agent("neocloud", hedging="optimal", hedge_prior_days=0.0)
    price = RENT + np.cumsum(draws.normal(0.0, 0.05, 150))
    output = firm._output_ve(view())
    for today, last in zip(price[1:], price[:-1], strict=True):
        seen = view(curve=replace(CURVE, price_usd=(last,) * 3), hours_usd=0.4 * today * output * 24)
        firm.learn(seen)
    assert firm.hedge_estimate.ratio == pytest.approx(0.4)
    assert firm.hedge_estimate.basis_risk == pytest.approx(0.0, abs=1e-9)
    mandated = agent("neocloud", hedge_ratio=0.4)
    seen = view(curve=CURVE)
    assert [row.trade_at_last for row in firm.futures(seen)] == pytest.approx(
        [row.trade_at_last for row in mandated.futures(seen)]
    )


def test_a_lab_buys_by_what_its_hours_cost():
    lab = agent("ai_lab", hedging="optimal", hedge_prior_days=0.0)
    draws = np.random.default_rng(4)
    price = RENT + np.cumsum(draws.normal(0.0, 0.05, 150))
    use = lab._use_ve(view())
    for today, last in zip(price[1:], price[:-1], strict=True):
        seen = view(curve=replace(CURVE, price_usd=(last,) * 3), hours_usd=-0.7 * today * use * 24)
        lab.learn(seen)
    assert lab.hedge_estimate.ratio == pytest.approx(0.7)


def test_where_the_ratio_is_mandated_nothing_of_the_estimate_is_read():
    changed = ran(20, agents__neocloud__hedge_window_days=30, agents__neocloud__hedge_most=0.1,
                  agents__ai_lab__hedge_prior_days=0.0)  # fmt: skip
    assert series(changed) == series(ran(20))
    assert all(getattr(one, "hedge_estimate", None) is None for one in changed.register.people)


def test_estimated_ratios_move_hedges_and_without_links_nothing_physical():
    plain, learning = ran(60), ran(60, OPTIMAL, "agents.ai_lab.hedging=optimal")
    assert spot_side(plain) == spot_side(learning)
    assert "hedge_landlords_contracts" in moved(series(plain), series(learning))
    ratios = [one.hedge_estimate.ratio for one in learning.register.people if getattr(one, "hedge_estimate", None)]
    assert len(ratios) == 5
    assert len(set(ratios)) == 5, "each has its own fleet's revenue, and its own basis risk"


def test_reports_say_ratios_and_basis_risk():
    record = ran(40, OPTIMAL, venues__main__reports=True).record
    ratio, risk = record["future_landlords_hedge_ratio"], record["future_landlords_basis_risk"]
    assert ratio[0] == 0.6
    assert ratio[-1] != 0.6
    assert np.all((ratio >= 0.0) & (ratio <= 1.5))
    assert 0.0 < risk[-1] < 1.0
    assert np.isnan(ran(3, venues__main__reports=True).record["future_landlords_hedge_ratio"]).all()
