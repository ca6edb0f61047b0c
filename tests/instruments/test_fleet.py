"""Fleets: what is ordered arrives over the lead time, works for its life, and is written off in a straight line."""

from __future__ import annotations

import numpy as np
import pytest

from sim.growth_path import GrowthPath
from sim.hardware.fleet import BOOK_LIFE_DAYS, Fleet
from tests.worlds import world


@pytest.fixture(scope="module")
def path() -> GrowthPath:
    return world().path


@pytest.fixture
def fleet(path) -> Fleet:
    """Two owners, two grades, nothing yet."""
    return Fleet(2, 2, path, 50)


def test_an_order_arrives_whole_over_the_lead_time_distribution(fleet, path):
    fleet.order(0, 1, 0, 1000.0, 2e7)
    assert fleet.on_order[0].tolist() == [0.0, 1000.0]
    arrived = []
    for day in range(1, len(fleet.weights) + 3):
        fleet.advance(day)
        arrived.append(float(fleet.delivered[0, 1]))
    assert arrived[: len(fleet.weights)] == pytest.approx(1000.0 * fleet.weights)
    assert sum(arrived) == pytest.approx(1000.0)
    assert fleet.working[0].tolist() == pytest.approx([0.0, 1000.0])
    assert fleet.on_order[0].tolist() == pytest.approx([0.0, 0.0], abs=1e-9)
    mean_days = float(fleet.weights @ np.arange(1, len(fleet.weights) + 1))
    assert mean_days == pytest.approx(path.settings.lead_years * 365.0, rel=0.02)
    assert not fleet.working[1].any(), "other owners get nothing"


def test_chips_retire_after_their_life_and_not_before(fleet):
    fleet.order(0, 0, 0, 500.0, 1e7)
    last_day = fleet.life + len(fleet.weights) + 1
    peak = 0.0
    for day in range(1, last_day + 1):
        fleet.advance(day)
        peak = max(peak, float(fleet.working[0, 0]))
        if day == fleet.life:
            assert fleet.working[0, 0] == pytest.approx(500.0), "nothing retires before its life is over"
    assert peak == pytest.approx(500.0)
    assert fleet.working[0, 0] == pytest.approx(0.0, abs=1e-9)
    assert fleet.book_usd[0] == pytest.approx(0.0, abs=1e-3), "what is scrapped leaves the books"


def test_the_book_value_falls_in_a_straight_line_over_six_years(fleet):
    fleet.weights = np.array([1.0])  # all arrives on the next day
    fleet.order(0, 0, 0, 100.0, 3e6)
    fleet.advance(1)
    assert fleet.book_usd[0] == pytest.approx(3e6, rel=1e-3)
    for day in range(2, 400):
        fleet.advance(day)
        assert fleet.book_usd[0] == pytest.approx(fleet.book_from_vintages(0, day + 1), rel=1e-9)
    assert fleet.book_usd[0] == pytest.approx(3e6 * (1.0 - 399 / BOOK_LIFE_DAYS), rel=1e-3)


def test_what_was_paid_is_on_order_until_it_is_delivered(fleet):
    fleet.order(1, 0, 0, 10.0, 2e5)
    assert fleet.on_order_usd[1] == pytest.approx(2e5)
    for day in range(1, len(fleet.weights) + 2):
        fleet.advance(day)
    assert fleet.on_order_usd[1] == pytest.approx(0.0, abs=1e-3)
    assert fleet.cost_working[1] == pytest.approx(2e5)


def test_totals_are_those_of_the_vintages_after_many_orders(fleet):
    for day in range(200):
        fleet.advance(day)
        if day % 30 == 29:
            fleet.order(day % 2, 1, day, 100.0 + day, 1e6)
    kept = [array.copy() for array in (fleet.working, fleet.on_order, fleet.book_usd, fleet.on_order_usd)]
    for owner in (0, 1):
        fleet.recount(owner, 200)
    for before, after in zip(kept, (fleet.working, fleet.on_order, fleet.book_usd, fleet.on_order_usd), strict=True):
        assert after == pytest.approx(before, rel=1e-9, abs=1e-6)


def test_a_sale_writes_the_book_to_its_price_and_leaves_gpus_and_orders(fleet):
    fleet.weights = np.array([1.0])
    fleet.order(0, 0, 0, 100.0, 3e6)
    fleet.advance(1)
    fleet.order(0, 0, 1, 50.0, 1e6)
    before = float(fleet.book_usd[0])
    change = fleet.write_to(0, 1, 1.2e6)
    assert fleet.book_usd[0] == pytest.approx(1.2e6)
    assert change == pytest.approx(1.2e6 - before)
    assert fleet.book_from_vintages(0, 2) == pytest.approx(1.2e6, rel=1e-9)
    assert fleet.working[0, 0] == pytest.approx(100.0)
    assert fleet.on_order_usd[0] == pytest.approx(1e6)


def test_a_run_longer_than_planned_finds_room(path):
    fleet = Fleet(1, 1, path, 2)
    for day in range(40):
        fleet.advance(day)
        fleet.order(0, 0, day, 1.0, 1e4)
    assert fleet.working[0, 0] + fleet.on_order[0, 0] == pytest.approx(40.0)


def test_a_world_starts_with_the_ages_and_the_pipeline_of_its_path():
    economy = world("noise=none")
    fleet, path = economy.hardware.fleet, economy.path
    b, n = path.delivery_rate, path.settings.quantity
    youngest = fleet.installed[0, :, fleet.life - 365 : fleet.life].sum() / fleet.working[0].sum()
    assert youngest == pytest.approx(b * (1.0 - np.exp(-n)) / n, rel=2e-3), "share of chips younger than a year"
    year = [fleet.installed[0, :, fleet.life + d].sum() for d in range(25)]
    assert sum(year) / fleet.working[0].sum() == pytest.approx(b * 25 / 365, rel=0.05), "deliveries of the first days"
