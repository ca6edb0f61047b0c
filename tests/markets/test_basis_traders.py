"""Basis traders: what is dear at one venue against what is cheap at another, with money of their own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.basis_trader import pairs_of, spreads_of
from sim.rows.exchange import Leg
from sim.rules.arbitrage import most_usd, slope_per_usd, wanted_share
from sim.spec import SpecError
from tests.worlds import moved, ran, spec_of, spot_side, world

TRADERS, BOTH = "arbitrage=basis_traders", "venue=cme_and_ice"
DAYS = 16


@pytest.fixture(scope="module")
def apart():
    """Two venues with traders, and the same without any."""
    return [ran(DAYS, BOTH, TRADERS, agents__basis_trader__capital_usd=usd) for usd in (2e8, 0.0)]


def spread(economy):
    """Log of the other venue's months over the main one's, day by day."""
    record = economy.record
    main = np.stack([record[f"future_{m}_usd_per_gpu_hour"] for m in range(2, 7)])
    ice = np.stack([record[f"future_ice_{m}_usd_per_gpu_hour"] for m in range(2, 7)])
    return np.log(ice / main)


def test_what_is_dear_is_sold_beyond_the_threshold_and_as_far_as_money_goes():
    assert wanted_share(0.01, 0.01, 0.05) == 0.0
    assert wanted_share(0.035, 0.01, 0.05) == pytest.approx(0.5)
    assert wanted_share(-0.5, 0.01, 0.05) == -1.0
    assert (0.12 + 0.10) * most_usd(1e6, 0.12, 0.10) == pytest.approx(1e6)
    assert slope_per_usd(100.0, 0.05, 2.0) * 0.025 * 2.0 == pytest.approx(100.0), "half of the gap by each leg"


def test_pairs_are_the_same_months_and_a_perpetual_with_the_second():
    def some(first, count, perpetual=False):
        return tuple(Leg(first + m, 2.0, 0.0, 1.0, 0.1, perpetual) for m in range(count))

    every = {"main": some(0, 3), "ice": some(3, 2), "perp": some(5, 1, True)}
    assert [(a.place, b.place) for a, b in pairs_of(every)] == [(0, 3), (1, 4), (1, 5)]
    assert pairs_of({"perp": some(0, 1, True)}) == []
    assert [(a.place, b.place) for a, b in spreads_of(every)] == [(1, 2)], "not the nearest; ICE lists two"


def gaps(economy):
    """What the months' gaps over expectations differ by, but for the nearest's: their sd, day by day."""
    record, venue = economy.record, economy.exchange.first
    prices = np.stack([record[f"future_{m}_usd_per_gpu_hour"] for m in range(2, 7)])
    assert len(venue.names) == 6
    return np.log(prices[1:] / prices[:-1]).std(axis=0)


def test_calendar_spreads_draw_the_months_of_a_curve_together():
    with_ = ran(DAYS, "arbitrage=curve_traders")
    owners = [i for i, agent in enumerate(with_.register.people) if agent.kind == "basis_trader"]
    held = with_.books.ledger.table(with_.exchange.names)[:, owners]
    assert not held[0].any()
    assert (np.abs(held[1:]).sum(axis=0) > 0.0).all()
    assert (held[1:] > 0.0).any()
    assert (held[1:] < 0.0).any()
    nobody = ran(DAYS)
    assert gaps(with_)[5:].mean() < 0.8 * gaps(nobody)[5:].mean()
    assert with_.record["curve_gap_spread"][5:].mean() < 0.8 * nobody.record["curve_gap_spread"][5:].mean()
    assert (
        moved(spot_side(with_), spot_side(ran(DAYS, "arbitrage=curve_traders", agents__basis_trader__capital_usd=0.0)))
        == []
    )


def test_who_does_not_trade_along_the_curve_has_nothing_to_trade_at_one_venue():
    idle = ran(4, TRADERS)
    owners = [i for i, agent in enumerate(idle.register.people) if agent.kind == "basis_trader"]
    assert not idle.books.ledger.table(idle.exchange.names)[:, owners].any()


def test_margin_is_their_own_and_never_more_than_they_own(apart):
    economy, _ = apart
    ledger = economy.books.ledger
    owners = [i for i, agent in enumerate(economy.register.people) if agent.kind == "basis_trader"]
    positions = ledger.table(economy.exchange.names)[:, owners]
    assert (np.abs(positions).sum(axis=0) > 0.0).all()
    owned = ledger.held("cash")[owners] + ledger.held("margin")[owners]
    assert (ledger.held("margin")[owners] > 0.0).all()
    assert (ledger.held("margin")[owners] <= owned * (1.0 + 1e-9)).all()
    assert not economy.exchange.house.hedger[owners].any()


def test_they_bring_venues_together(apart):
    with_, without = (spread(economy)[:, 5:] for economy in apart)
    assert with_.std(axis=-1).mean() < 0.7 * without.std(axis=-1).mean()


def test_without_money_they_bring_nothing_and_all_is_as_without_them(apart):
    _, penniless = apart
    owners = [i for i, agent in enumerate(penniless.register.people) if agent.kind == "basis_trader"]
    assert not penniless.books.ledger.table(penniless.exchange.names)[:, owners].any()
    nobody = ran(DAYS, BOTH)
    for name in nobody.record.columns:  # but for the rounding of sums over more owners
        assert penniless.record[name] == pytest.approx(nobody.record[name], rel=1e-6, abs=1e-6, nan_ok=True), name


def test_nothing_physical_moves_where_no_link_reads(apart):
    assert moved(*(spot_side(economy) for economy in apart)) == []


def test_who_has_nothing_left_gives_up_what_it_holds():
    economy = world("venue=architect", TRADERS, days=12)
    economy.run(6)
    owner = economy.books.ledger.owner["basis_trader_1"]
    trader, view = economy.register.people[owner], economy.register.views[owner]
    held = {place: view.position(place) for place in (1, 6)}
    assert all(held.values()), "the second month and the perpetual"
    board = economy.board
    board.cash_usd = [0.0] * len(board.cash_usd)
    board.exchange = replace(board.exchange, deposit_usd=np.zeros(len(board.cash_usd)))
    rows = {row.maturity: row for row in trader.futures(view)}
    for place, contracts in held.items():
        assert rows[place].low == rows[place].high == -contracts


@pytest.mark.parametrize(("key", "value"), [("width", 0.0), ("capital_usd", -1.0), ("margin_use", 1.5)])
def test_what_cannot_be_is_told(key, value):
    with pytest.raises(SpecError, match=f"agents.basis_trader.{key}"):
        spec_of(TRADERS, **{f"agents__basis_trader__{key}": value})
