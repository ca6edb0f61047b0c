"""Books of failed traders are auctioned among members' clients before the market: known answers, laws, off is off."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.exchange.default_auction import auction_month
from sim.rules.close_out import bids, discount
from sim.spec import SpecError
from tests.markets.test_waterfall import STRESS
from tests.worlds import moved, ran, series, spec_of, spot_side

AUCTION = "clearing=members_auction"
DAYS = 16


def test_the_discount_is_that_at_which_bidders_take_the_book():
    per_log, most = np.array([100.0, 50.0, 0.0]), np.array([2.0, 100.0, 9.0])
    assert discount(per_log, most, 1.5, 1.0) == pytest.approx(0.01)
    assert discount(per_log, most, 4.0, 1.0) == pytest.approx(0.04), "the first bidder has run out of money"
    assert discount(per_log, most, 4.0, 0.03) == 0.03
    assert discount(per_log, most, 1e6, 0.5) == 0.5, "nobody has so much"
    assert discount(per_log, most, 4.0, 0.0) == 0.0
    assert bids(per_log, most, 0.04) == pytest.approx([2.0, 2.0, 0.0])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_what_is_bid_is_the_book_or_the_highest_discount_binds(data):
    n = data.draw(st.integers(1, 8))
    per_log = np.array(data.draw(st.lists(st.floats(0.0, 1e4), min_size=n, max_size=n)))
    most = np.array(data.draw(st.lists(st.floats(0.0, 100.0), min_size=n, max_size=n)))
    contracts = data.draw(st.floats(0.01, 500.0))
    at = discount(per_log, most, contracts, 0.2)
    taken = float(bids(per_log, most, at).sum())
    assert 0.0 <= at <= 0.2
    assert taken == pytest.approx(contracts, rel=1e-9) if at < 0.2 else taken <= contracts * (1.0 + 1e-9)


def test_a_month_nets_the_failed_against_each_other_and_sells_the_rest():
    position = np.array([8.0, -3.0, 4.0, 1.0, -10.0])
    failed = np.array([1.0, 1.0, 1.0, 0.0, 0.0])
    per_log, most = np.array([0.0, 0.0, 0.0, 300.0, 150.0]), np.array([0.0, 0.0, 0.0, 100.0, 100.0])
    lot = auction_month(position, failed, per_log, most, 1000.0, 0.5)
    assert (lot.netted, lot.taken, lot.left) == pytest.approx((3.0, 9.0, 0.0))
    assert lot.discount == pytest.approx(0.02)
    assert (position + lot.moved)[:3] == pytest.approx(np.zeros(3))
    assert lot.moved[3:] == pytest.approx([6.0, 3.0])
    off = 1000.0 * (1.0 - math.exp(-0.02))
    assert lot.paid_usd == pytest.approx([-6.0 * off, 0.0, -3.0 * off, 6.0 * off, 3.0 * off])


def test_a_short_book_is_bought_back_above_the_close_and_what_finds_no_bidder_is_left():
    position, failed = np.array([-8.0, -2.0, 0.0]), np.array([1.0, 1.0, 0.0])
    lot = auction_month(position, failed, np.array([0.0, 0.0, 100.0]), np.array([0.0, 0.0, 5.0]), 1000.0, 0.1)
    assert (lot.taken, lot.left, lot.discount) == pytest.approx((-5.0, 5.0, 0.1))
    assert lot.moved == pytest.approx([4.0, 1.0, -5.0])
    assert lot.paid_usd.sum() == pytest.approx(0.0)
    assert lot.paid_usd[2] == pytest.approx(5.0 * 1000.0 * (math.exp(0.1) - 1.0))


@pytest.fixture(scope="module")
def stressed():
    """The same world under stress: books go to the market, or are auctioned first."""
    return ran(DAYS, "clearing=members", **STRESS), ran(DAYS, AUCTION, **STRESS)


def test_auctions_take_books_off_the_market_and_the_discount_is_paid(stressed):
    market, auctioned = stressed
    record = auctioned.record
    assert record["clearing_auctioned_contracts"].sum() > 0.0
    assert record["clearing_auction_usd"].sum() > 0.0
    assert not market.record["clearing_auctioned_contracts"].any()
    first = int(np.flatnonzero(record["clearing_auctioned_contracts"])[0])
    assert first == int(np.flatnonzero(market.record["margin_defaults"])[0])
    for name in market.record.columns:
        if not name.startswith("clearing_auction"):
            assert (record[name][:first] == market.record[name][:first])[~np.isnan(record[name][:first])].all(), name
    assert "future_2_usd_per_gpu_hour" in moved(series(market), series(auctioned))
    assert any(kind == "default auction" for _, kind, _ in auctioned.events)
    assert not any(kind == "default auction" for _, kind, _ in market.events)


def test_between_owners_of_crowds_every_leg_is_posted():
    two = ran(DAYS, AUCTION, agents__speculator__count=2, **STRESS)
    flow = two.books.ledger.flow("default auction")
    owners = [crowd.owner for crowd in two.exchange.crowds]
    assert len(set(owners)) == 2
    assert flow[owners[0]] == pytest.approx(-flow[owners[1]])
    assert flow[owners[0]] != 0.0


def test_at_a_discount_of_nought_all_is_as_without_auctions_and_without_failures_too(stressed):
    market, _ = stressed
    off = ran(DAYS, AUCTION, **STRESS, clearing__auction_discount=0.0)
    assert moved(series(off), series(market)) == []
    assert moved(series(ran(8, AUCTION)), series(ran(8, "clearing=members"))) == []


def test_nothing_physical_moves_where_no_link_reads():
    stress = STRESS | {"links__hedge_cash": 0.0}
    assert moved(spot_side(ran(DAYS, "clearing=members", **stress)), spot_side(ran(DAYS, AUCTION, **stress))) == []


def test_a_discount_that_cannot_be_is_told_by_its_key():
    with pytest.raises(SpecError, match=r"clearing\.auction_discount"):
        spec_of(clearing__auction_discount=-0.1)
