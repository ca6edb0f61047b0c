"""Indices as a department: alone, from handed-in trades."""

from __future__ import annotations

import math

import pytest

from sim.department import Department
from sim.indices.department import Indices
from sim.laws import BrokenLaw
from tests.worlds import world


class Counting:
    """Says how often it was asked, and tells it."""

    def strike(self, evidence, last_usd, memory):
        memory["asked"] = memory.get("asked", 0) + 1
        evidence.events.append(("index asked", f"{memory['asked']} times"))
        return last_usd + float(evidence.hours.sum() > 0.0)


@pytest.fixture
def day():
    economy = world()
    economy.step()
    return economy, economy.rent_hours()


@pytest.fixture
def indices(day):
    economy, _ = day
    return Indices(economy.common, economy.books.products, {"mine": Counting()}, 2.0, 1.0)


def test_a_fixing_is_the_providers_and_its_memory_and_events_are_kept(day, indices):
    economy, trades = day
    for n in (1, 2):
        fixed = indices.fix(economy.board.today, trades, economy.rental.product_rents, economy.rental.asks_usd)
        assert fixed == indices.usd == {"mine": 2.0 + n}
    assert indices.memory == {"mine": {"asked": 2}}
    assert economy.events[-1][1:] == ("index asked", "mine: 2 times")
    asked: Department = indices
    assert set(asked.day()) == {column.name for column in asked.columns()}


def test_other_providers_go_on_from_the_last_fixings(day, indices):
    economy, trades = day
    indices.fix(economy.board.today, trades, economy.rental.product_rents, economy.rental.asks_usd)
    indices.adopt({"mine": Counting()})
    indices.fix(economy.board.today, trades, economy.rental.product_rents, economy.rental.asks_usd)
    assert indices.usd["mine"] == 4.0
    assert indices.gpu_ve("mine") == 1.0, "an index without a basket speaks of the first grade"


@pytest.mark.parametrize("value", [math.nan, math.inf, -0.1, 0.0, None, True, "2.5"])
def test_a14_a_fixing_that_is_no_rent(indices, value):
    indices.laws(0)
    indices.usd["mine"] = value
    with pytest.raises(BrokenLaw, match="day 3: A14: index mine"):
        indices.laws(3)


@pytest.mark.parametrize("value", [math.nan, -1.0, 0.0, None])
def test_a_fixing_that_is_no_rent_is_told_by_its_index_before_anybody_trades_on_it(day, value):
    class Odd:
        def strike(self, evidence, last_usd, memory):
            return value

    economy, trades = day
    odd = Indices(economy.common, economy.books.products, {"odd": Odd()}, 2.0, 1.0)
    with pytest.raises(BrokenLaw, match="A14: index odd stands at"):
        odd.fix(economy.board.today, trades, economy.rental.product_rents, economy.rental.asks_usd)
