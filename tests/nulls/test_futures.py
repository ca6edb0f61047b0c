"""Futures reach the spot market through the links alone: nulls to the last bit, and each link shown to act."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from experiments.analyse.stats import interval
from sim.economy import Economy
from tests.worlds import OUTAGE, moved, ran, series, spot_side, total_contracts, world

LINKS = ("curve_to_capex", "curve_to_collateral", "curve_to_reserved", "hedge_cash")
DAYS = 130
TIGHT = {"agents__neocloud__stiffness": 0.2, "loan__payout_slack": 0.01}  # eager owners, little cash: finance binds
FLEET_OUTAGE = OUTAGE | {"length": 60, "scope": "fleet"}


@functools.cache
def unlinked() -> Economy:
    """Tight finance, futures listed, all links off; only read, never run on."""
    return ran(DAYS, **TIGHT)


def tainted(days: int, *overrides: str, **values: object) -> Economy:
    """A world whose closing prices are replaced every evening by noise from outside."""
    economy = world(*overrides, days=days, **values)
    noise = np.random.default_rng(5)
    for _ in range(days):
        economy.step()
        economy.exchange.first.price_usd = np.round(
            np.exp(noise.normal(0.9, 0.5, economy.spec.venues["main"].maturities)), 2
        )
    return economy


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("changes", [{}, TIGHT, TIGHT | {"shocks": {"o": FLEET_OUTAGE}}], ids=["calm", "tight", "hit"])
def test_n4_listing_futures_changes_no_bit_of_the_spot_side_while_hedgers_trade(seed, changes):
    with_futures = ran(DAYS, seed=seed, **changes)
    without = ran(DAYS, "venue=none", seed=seed, **changes)
    assert moved(spot_side(with_futures), spot_side(without)) == []
    assert total_contracts(with_futures) > 1e4
    assert np.median(with_futures.record["futures_volume_contracts"]) > 1e3
    landlords = with_futures.record["hedge_landlords_contracts"]
    assert landlords.max() < 0.0, "landlords sell their output forward"
    assert len(np.unique(landlords)) > DAYS // 2, "landlords trade on most days"


def test_n4_which_index_futures_settle_on_changes_no_bit_of_the_spot_side():
    transaction, quote = ran(60, "venue=ice_ornn"), ran(60, "venue=cme_silicon_data")
    assert moved(spot_side(transaction), spot_side(quote)) == []
    assert "future_1_usd_per_gpu_hour" in moved(series(transaction), series(quote))


def test_n23_noise_in_place_of_futures_prices_reaches_no_spot_series_with_all_links_at_zero():
    dirty, clean = tainted(DAYS, **TIGHT), unlinked()
    assert moved(spot_side(dirty), spot_side(clean)) == []
    assert "future_1_usd_per_gpu_hour" in moved(series(dirty), series(clean))
    assert total_contracts(dirty) > 1e4


@pytest.mark.parametrize("notes", ["none", "default"])
def test_n23_noise_reaches_no_spot_series_through_funds_their_holders_or_notes(notes):
    dirty = tainted(DAYS, f"notes={notes}", "funds=leveraged", **TIGHT)
    clean = ran(DAYS, f"notes={notes}", **TIGHT)
    assert moved(spot_side(dirty), spot_side(clean)) == []
    assert dirty.record["fund_flow_usd"].any()
    assert np.ptp(dirty.record["fund_assets_usd"]) > 1e6


@pytest.mark.parametrize("link", LINKS)
def test_n23_the_same_noise_is_found_through_each_link(link):
    dirty, clean = tainted(DAYS, **TIGHT | {f"links__{link}": 1.0}), unlinked()
    changed = moved(spot_side(dirty), spot_side(clean))
    assert "fleet_ve" in changed or "rent_h100_usd_per_gpu_hour" in changed, changed


@pytest.mark.parametrize("link", LINKS)
def test_each_link_at_full_strength_moves_fleets_or_rents_by_more_than_rounding(link):
    off, on = unlinked(), ran(DAYS, **TIGHT | {f"links__{link}": 1.0})
    fleet = np.abs(on.record["fleet_ve"] / off.record["fleet_ve"] - 1.0).max()
    rent = np.abs(on.record["rent_usd_per_ve_hour"] / off.record["rent_usd_per_ve_hour"] - 1.0).max()
    assert max(fleet, rent) > 1e-9, (fleet, rent)


RAISED = {"links__normal_premium": [-0.2] * 6}  # all curve links then read a curve a fifth above expectations


@pytest.mark.parametrize(
    ("link", "column", "sign"),
    [
        ("curve_to_capex", "fleet_ve", 1.0),
        pytest.param("curve_to_capex", "rent_usd_per_ve_hour", -1.0, marks=pytest.mark.slow),
        pytest.param("curve_to_collateral", "orders_ve", 1.0, marks=pytest.mark.slow),
        pytest.param("curve_to_reserved", "orders_ve", 1.0, marks=pytest.mark.slow),
        pytest.param("hedge_cash", "orders_ve", -1.0, marks=pytest.mark.slow),  # margin ties up cash
    ],
)
def test_a_high_curve_acts_through_each_link_in_its_direction_beyond_the_interval_over_seeds(link, column, sign):
    tight = link != "curve_to_capex"  # which wants more chips, and gets them where money does not bind
    effects = [totals(seed, tight, link)[column] / totals(seed, tight)[column] - 1.0 for seed in range(1, 9)]
    assert interval(sign * np.array(effects))[0] > 0.0, effects


@functools.cache
def totals(seed: int, tight: bool, link: str = "") -> dict[str, float]:
    """Sums of series in worlds with one link on or none, where finance binds or not."""
    on = {f"links__{link}": 1.0} if link else {}
    record = ran(DAYS, seed=seed, **(TIGHT if tight else {}) | RAISED | on).record
    return {column: float(record[column].sum()) for column in ("fleet_ve", "rent_usd_per_ve_hour", "orders_ve")}


def test_links_at_full_strength_without_a_venue_read_nothing():
    full = {f"links__{link}": 1.0 for link in LINKS}
    assert moved(series(ran(70, "venue=none", **full)), series(ran(70, "venue=none"))) == []


def test_ring_fenced_hedges_leave_operating_cash_alone_and_parents_pay():
    with_futures, without = ran(70, **TIGHT), ran(70, "venue=none", **TIGHT)
    a, b = with_futures.books, without.books
    assert (a.ledger.held("cash")[a.roll.landlords] == b.ledger.held("cash")[b.roll.landlords]).all()
    assert a.ledger.flow("variation margin")[a.roll.parents] != 0.0
    assert (a.ledger.flow("variation margin")[a.roll.landlords] == 0.0).all()


def test_a_tamer_or_a_larger_crowd_changes_futures_prices_and_no_bit_of_the_spot_side():
    few, many = ran(40), ran(40, agents__speculator__traders=150)
    assert "future_2_usd_per_gpu_hour" in moved(series(few), series(many))
    assert moved(spot_side(few), spot_side(many)) == []
