"""The clearing house: what one side gains the other pays, deposits follow positions, the ruined are covered."""

from __future__ import annotations

import numpy as np
import pytest

from sim.economy import Economy
from sim.roles import Hedges
from tests.worlds import OUTAGE, ran, row, spec_of, world


@pytest.fixture(scope="module")
def running() -> Economy:
    return ran(25, links__hedge_cash=0.3)


def gains(economy: Economy, reason: str) -> np.ndarray:
    return economy.books.ledger.flow(reason)


def test_variation_margin_and_positions_net_to_zero_every_day():
    economy = world(days=40)
    for _ in range(40):
        before = gains(economy, "variation margin")
        economy.step()
        paid = gains(economy, "variation margin") - before
        assert abs(paid.sum()) <= 1e-9 * np.abs(paid).sum() + 1e-3
        for name in economy.exchange.first.names:
            held = economy.books.ledger.held(name)
            assert abs(held.sum()) <= 1e-9 * np.abs(held).sum() + 1e-6
    assert np.abs(gains(economy, "variation margin")).sum() > 1e6


def test_a_days_move_is_paid_on_what_was_held_before_it():
    economy = world(days=40)
    economy.run(10)
    names = list(economy.exchange.first.names)
    held = np.stack([economy.books.ledger.held(name) for name in names]).copy()
    last, before = economy.exchange.first.price_usd.copy(), gains(economy, "variation margin")
    economy.step()
    move = economy.exchange.first.price_usd - last
    owed = held.T @ move * economy.spec.venues["main"].contract_gpu_hours
    crowd = economy.exchange.crowds[0].owner
    paid = gains(economy, "variation margin") - before
    assert paid[crowd] == pytest.approx(owed[crowd])
    parents = economy.books.roll.parents
    hedgers = [i for i, _ in economy.register.of(Hedges)]
    assert paid[parents] == pytest.approx(owed[hedgers].sum())


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_operating_cash_bears_its_share_of_hedges_and_parents_the_rest(share):
    economy = ran(25, links__hedge_cash=share)
    whole = ran(25, links__hedge_cash=1.0)
    for owner, _ in economy.register.of(Hedges):
        assert gains(economy, "variation margin")[owner] == pytest.approx(
            share * gains(whole, "variation margin")[owner], rel=1e-6, abs=1.0
        )
    deposits = economy.books.ledger.held("margin")
    assert (deposits[economy.books.roll.parents] > 0.0) == (share < 1.0)


def test_deposits_are_the_initial_margin_of_tonights_positions(running):
    ledger, venue = running.books.ledger, running.spec.venues["main"]
    held = np.stack([ledger.held(name) for name in running.exchange.first.names])
    notional = np.abs(held).T @ running.exchange.first.price_usd * venue.contract_gpu_hours
    for owner, _ in running.register.of(Hedges):
        assert ledger.held("margin")[owner] == pytest.approx(0.3 * venue.margin.initial * notional[owner])
    assert -ledger.held("margin")[running.books.roll.clearing_house] == pytest.approx(
        ledger.held("cash")[running.books.roll.clearing_house]
    )


def test_a_trader_below_maintenance_is_closed_out_and_stays_out_of_the_rest():
    economy = world(days=60)
    economy.run(10)
    arrays = economy.exchange.crowds[0].arrays
    largest = int(np.argmax(np.abs(arrays.position).sum(axis=0)))
    before = float(np.abs(arrays.position[:, largest]).sum())
    notional = 730.0 * float(economy.exchange.first.price_usd @ np.abs(arrays.position[:, largest]))
    lost = float(arrays.cash_usd[largest]) - 0.1 * economy.spec.venues["main"].margin.maintenance * notional
    assert lost > 0.0
    arrays.cash_usd[largest] -= lost
    economy.books.ledger.transfer(
        "robbery", "cash", economy.exchange.crowds[0].owner, row(economy, "rest_of_world"), lost
    )
    economy.run(8)
    assert economy.record["margin_defaults"][10:12].sum() >= 1.0
    assert np.abs(economy.exchange.crowds[0].arrays.position[:, largest]).sum() < 0.2 * before
    assert any(kind == "margin default" for day, kind, _ in economy.events if day in (10, 11))


def test_what_a_ruined_trader_owes_is_the_houses_loss_and_made_good():
    economy = world(days=30)
    economy.run(10)
    arrays, ledger = economy.exchange.crowds[0].arrays, economy.books.ledger
    debt = 5e6
    victim = int(np.argmax(arrays.cash_usd))
    robbed = float(arrays.cash_usd[victim]) + debt
    arrays.cash_usd[victim] -= robbed
    ledger.transfer("robbery", "cash", economy.exchange.crowds[0].owner, row(economy, "rest_of_world"), robbed)
    economy.step()
    covered = gains(economy, "trader default")[economy.exchange.crowds[0].owner]
    assert covered == pytest.approx(debt, rel=0.5)
    assert economy.exchange.house.losses_usd == pytest.approx(covered)
    assert (economy.exchange.crowds[0].arrays.cash_usd >= 0.0).all()
    assert gains(economy, "default fund")[economy.books.roll.clearing_house] == pytest.approx(covered)
    economy.run(10)


def test_the_front_month_settles_in_cash_to_the_mean_of_its_business_days():
    economy = world(days=70)
    economy.run(30)
    name = economy.exchange.first.names[0]
    held = economy.books.ledger.held(name).copy()
    before = gains(economy, "final settlement")
    economy.step()  # 31 January
    assert name not in economy.exchange.first.names
    assert not economy.books.ledger.held(name).any()
    index = economy.record["index_transaction_usd_per_gpu_hour"]
    business = [day for day in range(31) if (3 + day) % 7 < 5]  # 1 January 2026 is a Thursday
    settlement = index[business].mean()
    close = economy.record["future_1_usd_per_gpu_hour"][30]
    crowd = economy.exchange.crowds[0].owner
    after_trade = held[crowd]  # tonight's trades are at tonight's price, so only the last gap is paid on them too
    paid = (gains(economy, "final settlement") - before)[crowd]
    assert paid / ((settlement - close) * 730.0) == pytest.approx(after_trade, rel=0.25)
    assert np.sign(paid) == np.sign((settlement - close) * after_trade)


def test_prices_stay_inside_the_daily_limit():
    economy = ran(60, venues__main__daily_limit=0.02, shocks={"o": OUTAGE | {"size": 0.6}})
    for m in range(1, 7):
        price = economy.record[f"future_{m}_usd_per_gpu_hour"]
        jumps = np.abs(np.diff(price) / price[:-1])
        rolls = economy.record["month_end"][:-1] > 0.0
        assert jumps[~rolls].max() <= 0.02 + 0.005
    assert economy.record["limit_locks"].sum() > 0.0
    assert any(kind == "limit lock" for _, kind, _ in economy.events)


def test_a_venue_lists_as_many_months_as_it_says_and_rolls_them():
    economy = world(days=70, venues__main__maturities=3, links__normal_premium=[0.0, 0.0, 0.0])
    assert [name[-7:] for name in economy.exchange.first.names] == ["2026-01", "2026-02", "2026-03"]
    economy.run(31)
    assert [name[-7:] for name in economy.exchange.first.names] == ["2026-02", "2026-03", "2026-04"]
    assert "future_4_usd_per_gpu_hour" not in economy.record.columns


def test_a_market_without_speculators_still_clears_between_hedgers():
    world_without = spec_of().model_copy()
    agents = {name: group for name, group in world_without.agents.items() if name != "speculator"}
    economy = Economy(world_without.model_copy(update={"agents": agents}), days=40)
    economy.run(40)
    assert economy.record["open_interest_contracts"].min() > 1e3
