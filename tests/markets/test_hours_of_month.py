"""A contract that is the hours of its month: 672 to 744, in positions, margin, settlement, hedges and open interest."""

from __future__ import annotations

import numpy as np
import pytest

from sim.spec import SpecError
from tests.worlds import ran, spec_of, world

ICE = "venue=ice_ornn"


@pytest.fixture(scope="module")
def both():
    """The same world with contracts of the month's hours, and with contracts of 730 GPU-hours, past two month ends."""
    return [ran(62, ICE, "funds=leveraged", venues__main__hours_of_month=flag) for flag in (True, False)]


def test_sizes_are_the_hours_of_the_months_and_move_up_with_them():
    economy = world(ICE, days=2)
    assert economy.exchange.first.hours.tolist() == [744.0, 672.0, 744.0, 720.0, 744.0, 720.0]
    assert world("venue=default", days=2).exchange.first.hours.tolist() == [730.0] * 6
    assert economy.board.today.curve.contract_hours == tuple(economy.exchange.first.hours.tolist())


def test_it_is_the_unit_in_which_positions_are_counted_and_changes_no_price(both):
    by_month, fixed = both
    hours = by_month.exchange.first.hours
    assert hours[0] == 744.0, "March, after a month of 672"
    for m in range(1, 7):
        name = f"future_{m}_usd_per_gpu_hour"
        assert by_month.record[name] == pytest.approx(fixed.record[name], rel=1e-7)
    held, usual = (economy.exchange.open_interest(economy.exchange.first) for economy in both)
    assert held * hours == pytest.approx(usual * 730.0, rel=1e-5)
    for name in ("initial_margin_usd", "fund_assets_usd", "fund_gamma_usd"):
        assert by_month.record[name] == pytest.approx(fixed.record[name], rel=1e-5)


def test_deposits_are_the_initial_margin_of_the_hours_held(both):
    economy, _ = both
    venue, ledger = economy.exchange.first, economy.books.ledger
    held = np.abs(ledger.table(venue.names)[:, economy.exchange.house.hedger]).sum(axis=1)
    assert ledger.held("margin")[economy.books.roll.parents] == pytest.approx(
        0.12 * float(held @ (venue.hours * venue.price_usd))
    )


@pytest.mark.parametrize(("days", "hours"), [(31, 744.0), (59, 672.0)])
def test_a_month_pays_its_own_hours_at_settlement(days, hours):
    economy, paid = world(ICE, days=days), {}
    expire = economy.exchange.house.expire

    def watched(venue, settlement_usd):
        crowd, last = venue.crowds[0].arrays, float(venue.price_usd[0])
        held, cash = crowd.position[0].copy(), crowd.cash_usd.copy()
        own = expire(venue, settlement_usd)
        paid[venue.names[0]] = crowd.cash_usd - cash, held * (settlement_usd - last)
        return own

    economy.exchange.house.expire = watched
    economy.run(days)
    got, per_hour = list(paid.values())[-1]
    assert np.abs(per_hour).sum() > 0.0
    assert got == pytest.approx(hours * per_hour, rel=1e-6, abs=1e-2)


def test_a_landlord_hedges_a_gpu_with_a_contract():
    """Of a fleet let by the hour a whole month's hours are as many contracts as GPUs, times ratio and layer."""
    economy = world(ICE, days=2)
    months = economy.register.views[0].months_ahead(0.35, 1.0)
    whole = [month.days_left * 24.0 / month.contract_hours for month in months]
    assert whole == pytest.approx([1.0] * 6), "the first day of a month"


def test_the_book_pays_trades_before_the_close_by_the_hours_of_their_month():
    economy = ran(3, ICE, "mechanism=limit_order_book")
    assert economy.record["futures_volume_contracts"].sum() > 0.0


def test_a_copy_keeps_the_size():
    with pytest.raises(SpecError, match=r"venues\.main\.hours_of_month.*a fork keeps True"):
        world(ICE, days=2).fork(spec_of(ICE, venues__main__hours_of_month=False))
