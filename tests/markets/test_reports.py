"""What a venue publishes agrees with the ledger, changes nothing, and is there only where asked."""

from __future__ import annotations

import numpy as np
import pytest

from sim.economy import Economy
from sim.exchange.futures import depth_near
from sim.exchange.joint_close import MonthOrders
from sim.exchange.reports import CLASSES
from sim.kernels.call_auction import MARKET
from tests.worlds import ran, row, series


@pytest.fixture(scope="module")
def reported() -> Economy:
    return ran(34, venues__main__reports=True)


def test_reports_change_no_other_series_and_are_not_recorded_by_default(reported):
    plain, full = series(ran(34)), series(reported)
    assert {name: full[name] for name in plain} == plain
    assert len(full) == len(plain) + 6 * 12 + 10


def test_classes_add_up_to_open_interest_and_longs_to_shorts(reported):
    record = reported.record
    total = np.zeros(record.days)
    for m in range(1, 7):
        sides = {s: sum(record[f"future_{m}_{who}_{s}_contracts"] for who in CLASSES) for s in ("long", "short")}
        assert sides["long"] == pytest.approx(sides["short"])
        assert sides["long"] == pytest.approx(record[f"future_{m}_open_contracts"])
        total += record[f"future_{m}_open_contracts"]
    calm = record["month_end"] == 0.0  # on month ends the record's total is after the settlement
    assert total[calm] == pytest.approx(record["open_interest_contracts"][calm])
    net = sum(record[f"future_{m}_landlords_long_contracts"] - record[f"future_{m}_landlords_short_contracts"]
              for m in range(1, 7))  # fmt: skip
    assert net[calm] == pytest.approx(record["hedge_landlords_contracts"][calm])
    volume = sum(record[f"future_{m}_volume_contracts"] for m in range(1, 7))
    assert volume == pytest.approx(record["futures_volume_contracts"])


def test_landlords_results_are_what_the_ledger_paid_them_and_settlement_comes_on_month_ends():
    economy = ran(34, venues__main__reports=True, links__hedge_cash=1.0)
    ledger, landlords = economy.books.ledger, economy.books.roll.landlords
    paid = ledger.flow("variation margin")[landlords] + ledger.flow("final settlement")[landlords]
    assert economy.record["future_landlords_usd"].sum() == pytest.approx(paid.sum())
    settled = economy.record["future_settled_usd_per_gpu_hour"]
    assert np.flatnonzero(np.isfinite(settled)).tolist() == [30]
    index = economy.record["index_transaction_usd_per_gpu_hour"]
    assert settled[30] == pytest.approx(index[[day for day in range(31) if (3 + day) % 7 < 5]].mean())
    assert row(economy, "clearing_house") >= 0


def test_depth_is_what_orders_want_within_a_percent():
    orders = MonthOrders(
        tick0=90, last_usd=1.0, curve=np.array([np.linspace(21.0, 0.0, 22), np.zeros(22)]),
        quantity=np.array([5.0, -7.0, 11.0, -13.0, 17.0]), tick=np.array([99, 101, 98, -MARKET, 102]),
    )  # fmt: skip
    assert depth_near(orders, 1.0, 0.01) == pytest.approx(5.0 + 7.0 + 2.0)


def test_a_book_reports_spread_and_depth_a_closed_venue_nothing():
    book = ran(12, venues__main__reports=True, venues__main__mechanism="limit_order_book")
    for name in ("future_spread", "future_effective_spread", "future_depth_contracts"):
        assert np.nanmean(book.record[name]) > 0.0
    none = ran(3, venues__main__reports=True, venues__main__listed=False)
    assert np.isnan(none.record["future_1_open_contracts"]).all()


def test_a_perpetual_publishes_what_one_contract_has_and_changes_no_other_series():
    perpetual = "venue=architect", "arbitrage=basis_traders"
    reported = ran(34, *perpetual, venues__architect__reports=True, venues__architect__funding__band=0.0005)
    plain, full = (series(ran(34, *perpetual, venues__architect__funding__band=0.0005)), series(reported))
    assert {name: full[name] for name in plain} == plain
    assert len(full) == len(plain) + 17
    record, at = reported.record, "perpetual_architect_"
    for side in ("long", "short"):
        total = sum(record[f"{at}{who}_{side}_contracts"] for who in CLASSES)
        assert total == pytest.approx(record[f"{at}open_contracts"])
    assert record[f"{at}others_long_contracts"].max() + record[f"{at}others_short_contracts"].max() > 0.0
    assert record[f"{at}margin_share"] == pytest.approx(0.1)
    assert (record[f"{at}depth_contracts"] > 0.0).all()
    assert np.isnan(record[f"{at}spread"]).all()  # of a limit order book alone
    mark, hours = record[f"{at}usd_per_gpu_hour"], 730.0
    held = record[f"{at}others_long_contracts"] - record[f"{at}others_short_contracts"]
    moved = np.diff(mark) * hours * held[:-1]
    owed = np.sign(record[f"{at}funding"]) * record[f"{at}funding_usd"]
    funding = -owed[1:] / record[f"{at}open_contracts"][:-1] * held[:-1]
    assert record[f"{at}others_usd"][1:] == pytest.approx(moved + funding)
    assert np.abs(funding).max() > 0.0
