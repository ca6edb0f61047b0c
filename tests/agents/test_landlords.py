"""Neoclouds and hyperscalers: what they offer, sell forward, sign and order, given what they see."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from sim.environment import Environment
from sim.rules.spot import offer_share
from tests.agents.desks import CURVE, RENT, agent, path, view

# ---- neoclouds


def test_a_neocloud_offers_what_contracts_leave_at_convex_marginal_cost():
    (row,) = agent("neocloud").spot_offers(view(fleet=(60.0, 40.0), sold=70.0))
    s = path().settings
    assert row.quantity_ve == pytest.approx(30.0)
    assert row.a == s.cost_usd
    sold_at_path_rent = offer_share(s.rent_usd, row.a, row.b, row.c)
    assert sold_at_path_rent == pytest.approx(s.occupancy), "at the path's rent it sells the path's occupancy"
    assert row.own_mix


def test_a_neocloud_without_idle_capacity_offers_nothing():
    assert list(agent("neocloud").spot_offers(view(sold=100.0))) == []


@pytest.mark.parametrize(
    ("environment", "pool"),
    [
        (Environment(), 40.0),
        (Environment(pool_availability=0.85), 34.0),
        (Environment(fleet_availability=0.85), 25.0),
        (Environment(fleet_availability=0.85, contracts_first=False), 34.0),
        (Environment(fleet_availability=0.5), 0.0),
    ],
)
def test_outages_take_from_the_pool_what_their_scope_says(environment, pool):
    rows = list(agent("neocloud").spot_offers(view(sold=60.0, environment=environment)))
    assert sum(row.quantity_ve for row in rows) == pytest.approx(pool)


def test_a_neocloud_offers_contracts_up_to_its_target_share_at_discounted_expected_rents():
    firm = agent("neocloud", reserved_share=0.9)
    rows = list(firm.reserved(view(sold=70.0)))
    assert [row.quantity_ve for row in rows] == pytest.approx([-20.0] * len(path().tenors))
    for row in rows:
        assert row.limit_usd == pytest.approx((1 - path().settings.reserved_discount) * RENT)
    assert list(firm.reserved(view(sold=95.0))) == []
    assert list(firm.reserved(view(sold=70.0, barred=True))) == []


def test_contract_rents_believe_that_high_rents_fade_sooner_for_short_tenors():
    rows = list(agent("neocloud").reserved(view(rent_30d_usd=2 * RENT)))
    asks = [row.limit_usd for row in rows]
    assert asks == sorted(asks, reverse=True)
    assert asks[-1] > RENT


def test_contracts_are_never_offered_below_running_cost():
    rows = agent("neocloud").reserved(view(rent_30d_usd=0.01, anchor_usd=0.01))
    assert {row.limit_usd for row in rows} == {path().settings.cost_usd}


def test_list_prices_move_seldom_and_then_all_at_once_to_what_is_wanted():
    firm = agent("neocloud", ask_noise=0.0, ask_age_days=0.0)
    wanted = firm.p.ask_markup * view().comparable_usd
    assert firm.list_asks(view(), 0.0 * wanted) == pytest.approx(wanted)
    told = [firm.list_asks(view(day=day), 2.0 * wanted) for day in range(400)]
    moves = [asks for asks in told if (asks != 2.0 * wanted).any()]
    assert all(asks == pytest.approx(wanted) for asks in moves)
    hazard = firm.p.ask_hazard_per_day + firm.p.ask_hazard_per_gap * 0.6  # the gap of log 2 counts as .6
    assert len(moves) / 400 == pytest.approx(hazard, abs=0.05)


def test_where_list_prices_are_paid_a_seller_asks_more_when_much_is_asked_of_it():
    firm, sees = agent("neocloud", ask_noise=0.0, ask_age_days=0.0), view()
    sees._board.start.posted[:] = True
    usual = firm.list_asks(sees, 0.0 * sees.comparable_usd)
    assert usual == pytest.approx(sees.comparable_usd), "at the usual occupancy it asks what auctions cost"
    sees._board.rental.tightness[:] *= 1.2
    assert firm.list_asks(sees, 0.0 * usual) == pytest.approx(usual * 1.2**firm.p.ask_response)


def test_a_hyperscaler_leaves_small_gaps_alone_and_then_moves_in_a_step():
    firm, sees = agent("hyperscaler", ask_age_days=0.0), view()
    sees._board.start.posted[:] = True
    wanted = sees.comparable_usd
    near, far = wanted * 1.05, wanted * 1.5
    for day in range(200):
        sees._board.today = replace(sees._board.today, day=day)
        assert (firm.list_asks(sees, near) == near).all()
    moved = []
    for day in range(200):
        sees._board.today = replace(sees._board.today, day=day)
        moved.append(not (firm.list_asks(sees, far) == far).all())
    assert 0 < sum(moved) < 30


def rows_of(firm, **sees):
    return list(firm.futures(view(curve=CURVE, **sees)))


def trade_at(row, price, last=RENT):
    return min(max(row.trade_at_last - row.slope_per_usd * (price - last), row.low), row.high)


def test_a_neocloud_sells_its_expected_output_forward_more_of_the_nearer_months():
    firm = agent("neocloud", hedge_pace_per_day=10.0)
    trades = [trade_at(row, RENT) for row in rows_of(firm)]
    assert all(trade < 0.0 for trade in trades)
    assert trades == sorted(trades), "the nearest month is hedged most"
    hours = 100.0 * path().settings.occupancy * 24.0 * 30.0
    expected = firm.p.hedge_ratio * (1 - CURVE.horizon_years[0] / firm.p.hedge_horizon_years) * hours / 730.0
    assert trades[0] == pytest.approx(-expected)


def test_a_hedger_sells_more_at_a_higher_price_and_within_its_reach():
    firm = agent("neocloud", hedge_pace_per_day=10.0)
    row = rows_of(firm)[0]
    exposure = 100.0 * path().settings.occupancy * 24.0 * 30.0 / 730.0
    assert trade_at(row, 1.1 * RENT) < trade_at(row, RENT) < trade_at(row, 0.9 * RENT)
    assert trade_at(row, 100.0) == pytest.approx(row.trade_at_last - firm.p.hedge_reach * exposure)
    assert trade_at(row, 0.01) == pytest.approx(row.trade_at_last + firm.p.hedge_reach * exposure)


def test_a_hedger_that_is_hedged_does_not_trade_and_none_trades_more_than_its_pace():
    firm = agent("neocloud")
    fresh = rows_of(firm)[0]
    pace = firm.p.hedge_pace_per_day * 100.0 * path().settings.occupancy * 24.0 * 30.0 / 730.0
    assert trade_at(fresh, RENT) == pytest.approx(-pace)
    target = rows_of(agent("neocloud", hedge_pace_per_day=10.0))[0].trade_at_last
    hedged = rows_of(firm, position=(target, 0.0, 0.0))[0]
    assert trade_at(hedged, RENT) == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("kind", ["neocloud", "ai_lab"])
def test_nobody_trades_futures_that_are_not_listed(kind):
    assert list(agent(kind).futures(view())) == []


def test_a_landlord_with_all_capacity_under_contract_has_nothing_to_hedge():
    assert all(trade_at(row, RENT) == 0.0 for row in rows_of(agent("neocloud"), sold=100.0))


def test_on_the_path_q_is_q_star_and_orders_replace_what_retires():
    firm, calm = agent("neocloud"), view()
    s = path().settings
    assert firm.q(calm) == pytest.approx(s.q_star)
    ordered = sum(row.quantity_ve for row in firm.chips(calm))
    assert ordered == pytest.approx(100.0 * path().delivery_rate * path().ahead * 30 / 365)


def test_orders_rise_with_rents_and_stop_when_rents_are_low_enough():
    firm = agent("neocloud")

    def ordered(rent):
        return sum(row.quantity_ve for row in firm.chips(view(rent_30d_by_grade_usd=(rent, rent))))

    assert ordered(1.3 * RENT) > ordered(RENT) > ordered(0.8 * RENT) >= ordered(0.1 * RENT) == 0.0


def test_orders_lean_to_the_grade_whose_rent_is_higher():
    h100, b200 = agent("neocloud").chips(view(rent_30d_by_grade_usd=(RENT, 1.1 * RENT)))
    assert b200.quantity_ve > h100.quantity_ve > 0.0


def test_a_firm_that_believes_in_lasting_rents_orders_more_when_they_are_high():
    high = view(rent_30d_by_grade_usd=(1.5 * RENT, 1.5 * RENT))
    lasting = agent("neocloud", belief_half_life_years=5.0).q(high)
    fading = agent("neocloud", belief_half_life_years=0.5).q(high)
    assert lasting > fading > path().settings.q_star


def test_dear_credit_and_closed_lenders_lower_q():
    firm = agent("neocloud")
    assert firm.q(view(policy_rate=0.07)) < firm.q(view())
    assert firm.q(view(loans_open=False)) < firm.q(view(policy_rate=0.07))
    assert firm.q(view(capital_charge=0.005)) < firm.q(view())


def test_a_firm_under_an_administrator_orders_nothing():
    assert list(agent("neocloud").chips(view(barred=True))) == []


# ---- links


DEAR = replace(CURVE, price_usd=(1.2 * RENT,) * 3)


def test_a_link_at_zero_ignores_the_curve_to_the_bit_and_at_one_believes_it():
    firm = agent("neocloud")
    without, ignored = view(), view(curve=DEAR)
    believed = view(curve=DEAR, links={"curve_to_capex": 1.0})
    assert firm.q(ignored) == firm.q(without)
    assert firm.q(believed) > firm.q(without)
    assert believed.curve_gap("curve_to_capex", 1.0) == pytest.approx(math.log(1.2))
    assert ignored.curve_gap("curve_to_capex", 1.0) == 0.0
    assert view(curve=DEAR, links={"curve_to_capex": 0.5}).rent_as_read("curve_to_capex", 2.0, 1.0) == pytest.approx(
        2.2
    )


def test_a_curve_at_its_normal_premium_moves_nothing():
    usual = replace(DEAR, normal_premium=(math.log(1.2),) * 3)
    seen = view(curve=usual, links={"curve_to_capex": 1.0, "curve_to_reserved": 1.0})
    firm = agent("neocloud")
    assert firm.q(seen) == pytest.approx(firm.q(view()))
    plain = [row.limit_usd for row in firm.reserved(view())]
    assert [row.limit_usd for row in firm.reserved(seen)] == pytest.approx(plain)


def test_contract_rents_follow_the_curve_through_their_own_link_only():
    firm = agent("neocloud")
    plain = [row.limit_usd for row in firm.reserved(view(curve=DEAR, links={"curve_to_capex": 1.0}))]
    linked = [row.limit_usd for row in firm.reserved(view(curve=DEAR, links={"curve_to_reserved": 1.0}))]
    assert plain == [row.limit_usd for row in firm.reserved(view())]
    assert all(a > b for a, b in zip(linked, plain, strict=True))


# ---- hyperscalers


def test_a_hyperscaler_releases_a_share_of_its_fleet_between_two_rents():
    giant = agent("hyperscaler", swing_share=0.01)
    managed, row = giant.spot_offers(view())
    assert managed.quantity_ve == pytest.approx(giant.p.managed_share * 100.0)
    assert row.quantity_ve == pytest.approx(giant.p.swing_share * 100.0)
    assert math.exp(row.a) == pytest.approx(giant.p.swing_start * RENT)
    assert math.exp(row.b) == pytest.approx(giant.p.swing_full * RENT)
    busy, _ = giant.spot_offers(view(common=1.4))
    assert busy.quantity_ve == pytest.approx((1.0 - 0.4 * giant.p.own_priority) * managed.quantity_ve)
    assert list(agent("hyperscaler", swing_share=0.0, managed_share=0.0).spot_offers(view())) == []


def test_a_hyperscaler_orders_its_replacement_on_the_path_and_answers_rents_less_than_a_neocloud():
    giant, firm = agent("hyperscaler"), agent("neocloud")
    high = (1.3 * RENT, 1.3 * RENT)

    def rise(owner):
        calm = sum(row.quantity_ve for row in owner.chips(view()))
        return sum(row.quantity_ve for row in owner.chips(view(rent_30d_by_grade_usd=high))) / calm

    assert sum(row.quantity_ve for row in giant.chips(view())) == pytest.approx(100.0 * path().delivery_rate * 30 / 365)
    assert 1.0 < rise(giant) < rise(firm)


def test_a_hyperscaler_learns_usual_rents_slowly():
    giant = agent("hyperscaler")
    for _ in range(365):
        giant.learn(view(rent_usd=2 * RENT))
    assert math.log(giant.slow_rent_usd / RENT) == pytest.approx((1 - math.exp(-1)) * math.log(2.0), rel=0.01)
