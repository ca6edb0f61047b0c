"""The positive control: an outside buyer lifts the curve, and through the links alone it reaches orders and rents."""

from __future__ import annotations

import numpy as np
import pytest

from sim.economy import Economy
from sim.spec import SpecError
from tests.worlds import moved, row, series, spot_side, world

DAYS, START = 80, 10


def bought(days: int, *overrides: str, seed: int = 1, **values: object) -> Economy:
    terms = {"start_day": START, "budget_usd": 5e9} | values
    economy = world(
        "control=outside_buyer", *overrides, seed=seed, days=days,
        **{f"agents__outside_buyer__{key}": value for key, value in terms.items()},
    )  # fmt: skip
    economy.run(days)
    return economy


def held(economy: Economy) -> np.ndarray:
    """Contracts that the buyer holds by listed month."""
    buyer = row(economy, "outside_buyer_1")
    return np.array([economy.books.ledger.held(name)[buyer] for name in economy.exchange.first.names])


@pytest.mark.parametrize("seed", [1, 2])
def test_with_all_links_at_zero_it_lifts_the_curve_for_good_and_moves_no_bit_of_the_spot_side(seed):
    with_buyer, without = bought(DAYS, seed=seed), bought(DAYS, seed=seed, budget_usd=0.0)
    assert moved(spot_side(with_buyer), spot_side(without)) == []
    rise = with_buyer.record["curve_gap"] - without.record["curve_gap"]
    assert not rise[:START].any()
    assert rise[START + 5 :].mean() > 0.02
    assert held(with_buyer).min() > 0.0


def test_it_begins_on_its_day_and_without_a_budget_never():
    assert moved(series(bought(30, start_day=29), 0, 29), series(bought(30, budget_usd=0.0), 0, 29)) == []
    assert not held(bought(30, budget_usd=0.0)).any()
    late = bought(30, start_day=29)
    assert held(late).sum() > 0.0


def test_what_it_holds_stays_within_its_budget_and_a_small_one_aims_at_its_price():
    economy = bought(40, budget_usd=2e9)
    venue = economy.exchange.first
    assert float(held(economy) @ venue.price_usd) * 730.0 < 2e9 * 1.3  # prices move after it has bought
    near = bought(40, premium=0.01)
    assert near.record["curve_gap"][20:].mean() < economy.record["curve_gap"][20:].mean()


def test_a_premium_below_zero_sells():
    assert held(bought(30, premium=-0.1)).max() < 0.0


def test_through_the_links_it_moves_orders():
    with_buyer = bought(DAYS, "links=on").record["orders_ve"].sum()
    assert with_buyer > 1.002 * bought(DAYS, "links=on", budget_usd=0.0).record["orders_ve"].sum()


def test_a_control_larger_than_the_market_is_refused_by_its_key():
    with pytest.raises(SpecError, match="outside_buyer.budget_usd = 1000000000000.0: is larger than its market"):
        bought(1, budget_usd=1e12)
    assert not held(bought(1, budget_usd=5e9)).any()
    world("control=outside_buyer", "venue=none", days=1).step()
