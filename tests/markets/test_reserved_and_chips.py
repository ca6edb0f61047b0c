"""Weekly contracts and monthly chip orders: rationing is pro rata, and the order of a list never matters."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.credit.financing import Financing, fund_orders
from sim.reserved.auction import sign_week
from sim.rows.reserved import ReservedRow

SHARES = np.array([0.25, 0.75])
MENU = np.array([2.0, 1.5])


def week(offers, wants, shape=(2, 2, 3)):
    return sign_week(offers, wants, shape, SHARES, MENU)


def offer(who, quantity, ask, tenor=0):
    return who, ReservedRow(tenor, -quantity, ask)


def want(who, quantity, limit=math.inf, tenor=0):
    return who, ReservedRow(tenor, quantity, limit)


def test_the_shorter_side_is_filled_and_the_longer_rationed_pro_rata():
    signing = week([offer(0, 30.0, 2.0), offer(1, 10.0, 2.0)], [want(0, 6.0), want(2, 14.0)])
    signed = signing.quantity_ve[0] / SHARES[0]
    assert signed.sum() == pytest.approx(20.0), "all demand of that tenor's share"
    assert signed.sum(axis=1) == pytest.approx([15.0, 5.0]), "landlords in proportion to their offers"
    assert signed.sum(axis=0) == pytest.approx([6.0, 0.0, 14.0])
    assert not signing.quantity_ve[1].any()


def test_short_supply_is_rationed_over_customers():
    signing = week([offer(0, 5.0, 2.0)], [want(0, 6.0), want(1, 14.0)])
    assert signing.quantity_ve[0].sum(axis=0) / SHARES[0] == pytest.approx([1.5, 3.5, 0.0])


def test_a_customer_signs_only_at_or_below_its_limit():
    signing = week([offer(0, 50.0, 2.2)], [want(0, 6.0, limit=2.1), want(1, 4.0, limit=2.2), want(2, 3.0)])
    assert signing.quantity_ve[0].sum(axis=0) / SHARES[0] == pytest.approx([0.0, 4.0, 3.0])


def test_the_menu_is_the_offered_weighted_ask_and_stays_where_nothing_is_offered():
    signing = week([offer(0, 30.0, 2.0), offer(1, 10.0, 3.0)], [])
    assert signing.menu_usd.tolist() == [2.25, 1.5]
    assert not signing.quantity_ve.any()
    assert signing.rent_usd[0].tolist() == [2.0, 3.0]


def test_a_week_without_offers_or_wants_signs_nothing():
    assert not week([], []).quantity_ve.any()
    assert not week([], [want(0, 3.0)]).quantity_ve.any()


AMOUNT = st.floats(0.001, 1e6)


@given(
    st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=4),
    st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=4),
    st.randoms(use_true_random=False),
)
def test_no_list_order_matters_and_nobody_signs_more_than_asked(offers, wants, shuffler):
    shape = (2, len(offers), len(wants))
    supply = [offer(i, q, a, k) for i, (q, a) in enumerate(offers) for k in (0, 1)]
    demand = [want(i, q, limit, k) for i, (q, limit) in enumerate(wants) for k in (0, 1)]
    first = week(supply, demand, shape)
    shuffler.shuffle(supply)
    shuffler.shuffle(demand)
    again = week(supply, demand, shape)
    assert first.quantity_ve.tobytes() == again.quantity_ve.tobytes()
    assert first.menu_usd.tobytes() == again.menu_usd.tobytes()
    total = first.quantity_ve.sum(axis=0)
    assert (total.sum(axis=1) <= np.array([q for q, _ in offers]) * (1 + 1e-9)).all()
    assert (total.sum(axis=0) <= np.array([q for q, _ in wants]) * (1 + 1e-9)).all()
    assert (first.quantity_ve >= 0.0).all()


# ---- chips

MONEY = Financing(
    advance=np.array([0.8, 0.5]),
    budget_usd=np.array([20.0, 50.0]),
    equity_access=np.array([0.0, 0.0]),
    headroom_usd=np.array([1e9, 1e9]),
    committed_usd=np.array([np.inf, np.inf]),
    lender_room_usd=np.array([1e9, 1e9]),
    share=np.array([1.0]),
    syndicate=np.array([[0.75, 0.25]]),
)
COST = np.array([50.0, 100.0])


def test_orders_that_cash_and_lenders_allow_are_placed_whole():
    funding = fund_orders(COST, MONEY)
    assert funding.share.tolist() == [1.0, 1.0]
    assert funding.draws_usd == pytest.approx(np.array([[30.0, 10.0], [37.5, 12.5]]))
    assert funding.equity_usd.tolist() == [0.0, 0.0]
    assert funding.room_share == 1.0


def test_cash_limits_an_order_to_what_it_is_the_equity_of():
    funding = fund_orders(np.array([200.0, 100.0]), MONEY)
    assert funding.share[0] == pytest.approx(100.0 / 200.0), "20 of cash is a fifth of 100"
    assert funding.draws_usd[0].sum() == pytest.approx(80.0)
    assert funding.share[1] == 1.0


def test_outside_owners_pay_their_part_of_the_equity_that_is_missing():
    funding = fund_orders(np.array([200.0, 100.0]), replace(MONEY, equity_access=np.array([0.5, 0.0])))
    assert funding.share[0] == pytest.approx(150.0 / 200.0)
    assert funding.equity_usd[0] == pytest.approx(0.2 * 50.0)


def test_a_lender_short_of_capital_cuts_all_its_draws_pro_rata():
    funding = fund_orders(COST, replace(MONEY, lender_room_usd=np.array([33.75, 1e9])))
    assert funding.room_share == pytest.approx(0.75 * 0.5 + 0.25)
    assert funding.draws_usd.sum(axis=0)[0] <= 33.75 + 1e-9
    assert funding.draws_usd[0] / funding.draws_usd[0].sum() == pytest.approx([0.6, 0.4])


def test_a_borrower_over_its_borrowing_base_draws_less_than_the_chips_would_carry():
    funding = fund_orders(COST, replace(MONEY, headroom_usd=np.array([-30.0, -1e9]), budget_usd=COST))
    assert funding.draws_usd.sum(axis=1) == pytest.approx([10.0, 0.0])


def test_nothing_wanted_or_no_lender_is_no_trouble():
    assert fund_orders(np.zeros(2), MONEY).share.tolist() == [0.0, 0.0]
    alone = replace(MONEY, advance=np.zeros(2))
    funding = fund_orders(COST, alone)
    assert funding.share == pytest.approx([0.4, 0.5])
    assert not funding.draws_usd.any()


TWO_SYNDICATES = np.array([[0.75, 0.25], [0.0, 1.0]])
MONEY_DRAWN = st.builds(
    lambda a, b, e, h, r, s: Financing(
        np.array(a),
        np.array(b),
        np.array(e),
        np.array(h),
        np.full(3, np.inf),
        np.array(r),
        np.array([s, 1.0 - s]),
        TWO_SYNDICATES,
    ),
    st.lists(st.floats(0.0, 0.95), min_size=3, max_size=3),
    st.lists(st.floats(0.0, 1e9), min_size=3, max_size=3),
    st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3),
    st.lists(st.floats(-1e9, 1e9), min_size=3, max_size=3),
    st.lists(st.floats(0.0, 1e9), min_size=2, max_size=2),
    st.floats(0.0, 1.0),
)


@given(st.lists(st.floats(0.0, 1e9), min_size=3, max_size=3), MONEY_DRAWN)
def test_an_order_is_always_paid_and_no_lender_lends_more_than_it_can(cost, money):
    cost = np.array(cost)
    funding = fund_orders(cost, money)
    spent = funding.share * cost
    own = spent - funding.draws_usd.sum(axis=1).reshape(2, 3).sum(axis=0) - funding.equity_usd
    assert (own <= money.budget_usd * (1 + 1e-9) + 1e-3).all(), "what is left is paid from the budget"
    assert (own >= -1e-3).all()
    assert (funding.draws_usd.sum(axis=0) <= money.lender_room_usd * (1 + 1e-9) + 1e-3).all()
    assert (funding.share <= 1.0 + 1e-12).all()
    assert (funding.draws_usd >= 0.0).all()
