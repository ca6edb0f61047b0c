"""The exchange as a department: it lists, keeps and closes its venues, and says each day what was traded."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.department import Department
from sim.exchange.department import Underlying
from sim.exchange.opening import matched
from tests.worlds import ran, world

LISTED, NONE = "venue=default", "venue=none"


@pytest.mark.parametrize("venue", [LISTED, NONE])
def test_a_day_has_a_value_for_every_series_and_no_other(venue):
    exchange = ran(3, venue).exchange
    asked: Department = exchange
    day = asked.day()
    assert set(day) == {column.name for column in asked.columns()}
    assert math.isnan(day["future_1_usd_per_gpu_hour"]) == (venue == NONE)
    assert (day["open_interest_contracts"] > 0.0) == (venue == LISTED)


def test_a_venue_that_opens_waits_for_its_first_positions():
    economy = ran(20, NONE)
    exchange, ledger = economy.exchange, economy.books.ledger
    terms = {"main": economy.spec.venues["main"].model_copy(update={"listed": True})}
    opened = exchange.adopt(terms, economy.day, economy.rental.rents.today, {"main": Underlying(2.5, 1.0)})
    assert opened == ["main"]
    assert (exchange.first.price_usd > 0.0).all()
    assert not ledger.table(exchange.first.names).any()
    economy.open_the_day(economy.board.today.environment)
    exchange.take_first_positions(opened, economy.day)
    held = ledger.table(exchange.first.names)
    assert np.abs(held).sum() > 0.0
    assert np.abs(held.sum(axis=1)).max() <= 1e-9 * np.abs(held).sum()
    assert exchange.adopt(terms, economy.day, economy.rental.rents.today, {"main": Underlying(2.5, 1.0)}) == []


def test_a_venue_that_closes_leaves_no_position_and_no_deposit_and_its_ratio_goes_on():
    economy = ran(20, LISTED)
    exchange, ledger = economy.exchange, economy.books.ledger
    names, ratio = list(exchange.first.names), exchange.index_ratio["main"]
    closed = {"main": economy.spec.venues["main"].model_copy(update={"listed": False})}
    exchange.adopt(closed, economy.day, economy.rental.rents.today, {"main": Underlying(2.5, 1.0)})
    assert exchange.first is None
    assert exchange.curves(economy.day) == {}
    assert not ledger.table(names).any()
    assert np.abs(ledger.held("margin")).max() <= 1e-3
    exchange.note_fixings(economy.day, 2.0, dict.fromkeys(economy.indices.usd, 2.0))
    assert exchange.index_ratio["main"] == pytest.approx(ratio + (1.0 - ratio) / 30.0)


def test_without_a_crowd_the_larger_side_of_the_first_hedges_is_cut_to_the_smaller():
    hedges = matched(np.array([[3.0, 1.0, -2.0], [1.0, 0.0, -4.0], [2.0, 1.0, 0.0]]))
    assert hedges == pytest.approx(np.array([[1.5, 0.5, -2.0], [1.0, 0.0, -1.0], [0.0, 0.0, 0.0]]))


def test_open_interest_counts_traders_one_by_one():
    exchange = world().exchange
    venue = exchange.first
    crowd = venue.crowds[0]
    crowd.arrays.position[0] = 0.0
    before = exchange.open_interest(venue)
    crowd.arrays.position[0, :2] = (5.0, -5.0)  # between two traders of one crowd: the ledger does not see it
    assert (exchange.open_interest(venue) - before).tolist() == [5.0, *[0.0] * (len(venue.names) - 1)]
