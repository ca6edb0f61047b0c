"""Funds as a department: what they record, and what they do where nothing is listed."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.department import Department
from tests.worlds import ran


@pytest.mark.parametrize(
    ("overrides", "launched"), [(("funds=leveraged",), True), (("venue=none",), False), ((), False)]
)
def test_a_day_has_a_value_for_every_series_and_no_other(overrides, launched):
    funds = ran(3, *overrides).funds
    asked: Department = funds
    day = asked.day()
    assert set(day) == {column.name for column in asked.columns()}
    assert (day["fund_assets_usd"] > 0.0) == launched == bool(funds.launched)
    assert all(math.isnan(value) != launched for name, value in day.items() if name.startswith("fund_nav"))


def test_their_share_of_open_interest_is_that_of_the_two_nearest_months():
    economy = ran(12, "funds=leveraged")
    venue, ledger = economy.exchange.first, economy.books.ledger
    owners = [fund.owner for fund in economy.funds.launched]
    held = np.abs(ledger.table(venue.names[:2])[:, owners]).sum()
    share = economy.record["fund_share_of_open_interest"][-1]
    assert share == pytest.approx(held / economy.exchange.open_interest(venue)[:2].sum())
    assert 0.0 < share < 1.0


def test_where_nothing_is_listed_they_bring_nothing_and_nothing_happens_to_them():
    economy = ran(2, "venue=none")
    before = economy.books.ledger.positions.copy()
    assert economy.funds.orders(economy.exchange) == {}
    economy.funds.settle(economy.day, {}, economy.exchange)
    economy.funds.note_expiry(economy.day, economy.exchange)
    economy.funds.close_all(economy.exchange)
    assert (economy.books.ledger.positions == before).all()
