"""Position limits hold for those who are no hedgers, change nothing where they do not bind, and are told."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from agents.outside_buyer import may_hold
from sim.calendar import Calendar
from sim.exchange.limits import hold_schedules, most_tonight, spot_limit
from sim.exchange.terms import Limits
from sim.exchange.trade_dates import TradeDates
from sim.rows.exchange import SpotLimit
from sim.spec import SpecError
from tests.worlds import ran, row, series, spec_of, world

DATES = TradeDates(Calendar(datetime.date(2026, 1, 1)))


@pytest.mark.parametrize(("day", "first"), [(26, 100.0), (27, 40.0), (29, 40.0), (30, 40.0)])
def test_the_nearest_months_limit_is_lower_on_its_last_three_business_days(day, first):
    # 28, 29 and 30 January 2026, days 27 to 29, are a Wednesday, a Thursday and a Friday
    found = most_tonight(Limits(month=100.0, spot=40.0), DATES, 0, 3, day)
    assert found.tolist() == [first, 100.0, 100.0]


def test_without_limits_there_are_none():
    assert most_tonight(Limits(accountability=5.0), DATES, 0, 3, 29) is None


def test_schedules_of_the_limited_end_at_their_limit_and_others_stay():
    table = np.array([[0, 5.0, 1.0, -50.0, 50.0], [1, 0.0, 1.0, 0.0, 30.0], [0, 5.0, 1.0, -50.0, 50.0]])
    held = np.array([[10.0, 0.0], [100.0, 0.0]])
    owners, found = hold_schedules(table, np.array([0, 0, 1]), np.array([0]), held, np.array([20.0, 60.0]))
    assert owners.tolist() == [0, 0, 1]
    assert found[:, 3:].tolist() == [[-30.0, 10.0], [-40.0, -40.0], [-50.0, 50.0]]
    owners, found = hold_schedules(table[2:], np.array([1]), np.array([0]), held, np.array([20.0, 60.0]))
    assert owners.tolist() == [1, 0]
    assert found[1].tolist() == [1.0, -40.0, 0.0, -40.0, -40.0]


def test_no_trader_comes_to_hold_more_and_limits_beyond_all_positions_change_no_bit():
    free = ran(25)
    wide = ran(25, venues__main__limits={"month": 1e9, "spot": 1e9})
    assert series(wide) == series(free)
    largest = np.abs(free.exchange.crowds[0].arrays.position).max(axis=0)
    limit = float(np.quantile(largest, 0.7))
    bound = ran(25, venues__main__limits={"month": limit})
    position = np.abs(bound.exchange.crowds[0].arrays.position)
    assert (position > 0.99 * limit).any()
    assert (position > limit * (1.0 + 1e-9)).sum() < 0.05 * position.size  # those whose order did not trade in full
    assert largest.max() > 1.5 * limit


def test_a_buyer_from_outside_is_held_to_the_spot_limit_at_the_end_of_the_month():
    buyer = {"agents__outside_buyer__start_day": 2, "agents__outside_buyer__budget_usd": 5e7}
    held = {}
    for name, limits in {"free": {}, "bound": {"spot": 100.0}}.items():
        economy = world("control=outside_buyer", days=31, venues__main__limits=limits, **buyer)
        economy.run(30)  # to the eve of the last day, a Saturday
        held[name] = float(economy.books.ledger.held(economy.exchange.first.names[0])[row(economy, "outside_buyer_1")])
    assert held["free"] > 1000.0
    assert held["bound"] < 0.5 * held["free"]  # as far as others buy: the rest is offered again each evening


def test_a_buyer_who_gives_way_meets_the_spot_limit_in_steps_and_changes_nothing_without_one():
    def held_by_day(**terms: object) -> np.ndarray:
        economy = world(
            "control=outside_buyer", days=31, agents__outside_buyer__start_day=2,
            agents__outside_buyer__budget_usd=5e7, **terms,
        )  # fmt: skip
        buyer, found = row(economy, "outside_buyer_1"), []
        for _ in range(30):
            economy.step()
            found.append(economy.books.ledger.held(economy.exchange.first.names[0])[buyer])
        return np.array(found)

    limit = {"venues__main__limits": {"spot": 100.0}}
    gives_way = {"agents__outside_buyer__gives_way_days": 10}
    free, dumps, glides = held_by_day(), held_by_day(**limit), held_by_day(**limit, **gives_way)
    assert held_by_day(**gives_way).tobytes() == free.tobytes()
    # The limit holds from day 27 on, a Wednesday; the ten business days before begin with day 13, also a Wednesday.
    assert dumps[:27].tobytes() == free[:27].tobytes()
    assert glides[:13].tobytes() == free[:13].tobytes()
    assert (np.diff(glides[12:30]) <= 0.0).all()
    business = [day for day in range(13, 27) if DATES.is_business_day(day)]
    most = [may_hold(free[12], SpotLimit(100.0, 9 - n, 19), 10) for n in range(len(business))]
    assert glides[business] == pytest.approx(most, rel=0.15)  # the budget buys fewer contracts as prices rise
    assert -np.diff(dumps).min() > 3.0 * -np.diff(glides).min()


def test_a_short_buyer_covers_in_steps_as_a_long_one_sells():
    economy = world(
        "control=outside_buyer", days=31, venues__main__limits={"spot": 100.0, "month": 500.0},
        agents__outside_buyer__start_day=2, agents__outside_buyer__budget_usd=5e7,
        agents__outside_buyer__premium=-0.1, agents__outside_buyer__gives_way_days=10,
    )  # fmt: skip
    buyer, found = row(economy, "outside_buyer_1"), []
    for _ in range(27):
        economy.step()
        found.append(economy.books.ledger.held(economy.exchange.first.names[0])[buyer])
    # What the limit of all months lets it hold comes down in ten steps of 40; all was gone in the last before.
    business = [day for day in range(13, 27) if DATES.is_business_day(day)]
    assert found[12] == pytest.approx(-500.0)
    assert np.array(found)[business] == pytest.approx(-500.0 + 40.0 * np.arange(1, 11), abs=25.0)


def test_the_way_down_to_a_limit_is_as_long_as_its_month_and_begins_at_what_may_be_held():
    assert spot_limit(Limits(month=100.0, spot=40.0), DATES, 0, 0) == SpotLimit(40.0, 19, 19, 100.0)
    assert [may_hold(4500.0, SpotLimit(100.0, n, 19, 500.0), 10) for n in (10, 5, 0)] == [4500.0, 300.0, 100.0]
    assert [may_hold(500.0, SpotLimit(100.0, n, 4), 23) for n in (4, 3, 1, 0)] == [500.0, 400.0, 200.0, 100.0]
    assert may_hold(500.0, SpotLimit(100.0, 0, 0), 5) == 500.0, "a limit of all days leaves no way"


def test_accountability_is_told_at_month_ends_only():
    economy = ran(31, venues__main__limits={"accountability": 1.0})
    assert [day for day, kind, _ in economy.events if kind == "accountability"] == [30]


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_a_limit_of_nothing_is_refused_by_its_key(value):
    with pytest.raises(SpecError, match=r"venues\.main\.limits\.spot"):
        spec_of(venues__main__limits={"spot": value})


@pytest.mark.parametrize("limit", ["spot", "accountability"])
def test_a_limit_that_another_keeps_from_binding_is_refused(limit):
    with pytest.raises(SpecError, match=rf"venues.main.limits.{limit} = 20.0: is above limits.month = 10"):
        spec_of(venues__main__limits={"month": 10.0, limit: 20.0})
    spec_of(venues__main__limits={"month": 20.0, limit: 20.0})
