"""A perpetual: funding ties its mark to the index, longs pay shorts through the ledger, and nothing else moves."""

from __future__ import annotations

import datetime
import math

import numpy as np
import pytest

from sim.economy import Economy
from sim.metrics import measure
from sim.rules.perpetual import funding_rate, mark_before, perpetual_value
from sim.spec import SpecError, read_spec
from tests.worlds import composed, container, moved, ran, spec_of, spot_side, world

PERP = "venue=architect"
AT = "perpetual_architect_"
DAYS = 40
A_YEAR = 3 * 365


@pytest.fixture(scope="module")
def beside():
    """A perpetual beside the months, with funding nearly always due."""
    return ran(DAYS, PERP, venues__architect__funding__band=0.0005)


# the rules


def test_funding_is_nought_in_its_band_then_in_proportion_then_the_cap():
    rates = [funding_rate(p, 1.0, 0.02, 0.005) for p in (-0.5, -0.023, -0.01, 0.0, 0.02, 0.023, 0.5)]
    assert rates == pytest.approx([-0.005, -0.003, 0.0, 0.0, 0.0, 0.003, 0.005])


@pytest.mark.parametrize("premium", [-0.4, -0.03, -0.004, 0.0, 0.004, 0.03, 0.4])
@pytest.mark.parametrize(("response", "band", "cap"), [(1.0, 0.0, 0.005), (1.0, 0.02, 0.005), (0.3, 0.01, 0.5)])
def test_before_a_payment_the_mark_is_what_leaves_its_holder_nothing(premium, response, band, cap):
    before = mark_before(2.5 * (1.0 + premium), 2.5, response, band, cap)
    rate = funding_rate(before / 2.5 - 1.0, response, band, cap)
    assert before + 2.5 * rate == pytest.approx(2.5 * (1.0 + premium), rel=1e-12)


def test_without_band_and_cap_the_mark_is_the_index_at_a_random_time_with_the_intensity_of_the_anchor():
    start, end, kappa, reversion = 3.0, 2.0, 20.0, 1.5
    index = [end + (start - end) * math.exp(-reversion * k / A_YEAR) for k in range(2 * A_YEAR)]
    value = perpetual_value(index, kappa / A_YEAR, 0.0, 0.5)
    assert value == pytest.approx(end + (start - end) * kappa / (kappa + reversion), rel=5e-4)


def test_the_published_anchor_of_a_mean_reverting_rent():
    """Logs revert at 1.5 a year to ln 2.5 - sigma^2 / (2 kappa) - lambda, from 3.5: the mark is .963 of it (R12)."""
    kappa, sd, start = 1.5, 0.8, math.log(3.5)
    level = math.log(2.5) - sd**2 / (2.0 * kappa) - 0.2

    def expected(years: float) -> float:
        kept = math.exp(-kappa * years)
        return math.exp(kept * start + (1.0 - kept) * level + sd**2 / (4.0 * kappa) * (1.0 - kept**2))

    value = perpetual_value([expected(k / A_YEAR) for k in range(3 * A_YEAR)], 20.0 / A_YEAR, 0.0, 0.5)
    assert value / 3.5 == pytest.approx(0.963, abs=5e-4)


def test_in_its_band_it_is_worth_the_index_of_the_horizon_and_beyond_it_is_held_at_the_edge():
    falling = [2.0 - 0.001 * k for k in range(31)]  # 1.5 % in ten days
    assert perpetual_value(falling, 1.0, 0.05, 0.005) == falling[-1]
    assert perpetual_value(falling, 0.0, 0.0, 0.005) == falling[-1], "no funding: a future that settles then"
    assert perpetual_value(falling, 1.0, 0.004, 0.005) == pytest.approx(2.0 * (1.0 - 0.004), rel=1e-3)


# the market


def test_longs_pay_shorts_through_the_ledger_and_all_payments_net_to_zero(beside):
    ledger, crowd = beside.books.ledger, beside.exchange.venues["architect"].crowds[0]
    paid = ledger.flow("funding")
    assert abs(paid.sum()) <= 1e-9 * beside.record[AT + "funding_usd"].sum()
    assert beside.record[AT + "funding_usd"].sum() > 0.0
    assert abs(crowd.arrays.position.sum()) <= 1e-9 * np.abs(crowd.arrays.position).sum()


def test_each_trader_pays_its_position_times_the_rates_times_the_index():
    economy = world(PERP, days=20, venues__architect__funding__band=0.0)
    economy.run(6)
    venue = economy.exchange.venues["architect"]
    held, cash = venue.crowds[0].arrays.position[0].copy(), venue.crowds[0].arrays.cash_usd.copy()
    mark, index = float(venue.price_usd[0]), venue.index_usd[1]
    economy.step()
    now, index_now = float(venue.price_usd[0]), venue.index_usd[1]
    rate, last = (funding_rate(p, 1.0, 0.0, 0.005) for p in (mark / index - 1.0, now / index_now - 1.0))
    due = held * 730.0 * (2.0 * rate * index + last * index_now)
    gained = held * 730.0 * (now - mark)
    assert venue.crowds[0].arrays.cash_usd - cash == pytest.approx(gained - due, rel=1e-9, abs=1e-3)
    assert economy.record[AT + "funding"][6] == pytest.approx(2.0 * rate + last)
    assert economy.record[AT + "funding_usd"][6] == pytest.approx(np.maximum(0.0, due).sum())


def test_the_mark_stays_by_the_index_where_funding_pulls_and_strays_where_it_does_not(beside):
    free = ran(DAYS, PERP, venues__architect__funding__response=0.0)
    assert not free.record[AT + "funding"].any()
    assert not free.record[AT + "funding_usd"].any()
    assert "funding" not in free.books.ledger.reasons
    pulled, loose = (np.abs(economy.record[AT + "premium"][5:]).mean() for economy in (beside, free))
    assert pulled < 0.7 * loose


def test_a_wide_band_leaves_most_days_without_funding():
    record = ran(DAYS, PERP, venues__architect__funding__band=0.2).record
    assert (record[AT + "funding"] == 0.0).mean() > 0.8


def test_months_and_all_that_is_physical_are_as_without_it_to_the_bit(beside):
    alone = ran(DAYS, "venue=default")
    kept = set(spot_side(alone))
    assert moved({k: v for k, v in spot_side(beside).items() if k in kept}, spot_side(alone)) == []
    for m in range(1, 7):
        name = f"future_{m}_usd_per_gpu_hour"
        assert np.array_equal(beside.record[name], alone.record[name])


def test_without_traders_and_funding_nothing_trades_and_the_mark_stands():
    written = container(PERP, venues__architect__funding__cap=0.0)
    del written["agents"]["speculator"]
    economy = Economy(read_spec(written), days=12)
    economy.run(12)
    assert not economy.record[AT + "open_contracts"].any()
    assert np.ptp(economy.record[AT + "usd_per_gpu_hour"]) == 0.0


def test_hedgers_and_funds_leave_it_alone_and_deposits_are_its_margin(beside):
    ledger, venue = beside.books.ledger, beside.exchange.venues["architect"]
    others = np.delete(ledger.held("perpetual:architect"), venue.crowds[0].owner)
    assert not others.any()
    assert beside.register.views[0].venues == ("main",)
    assert beside.register.views[0].curve("architect").anchor is not None
    needed = beside.exchange.house._required(venue)[venue.crowds[0].owner]
    held = 0.10 * 730.0 * float(np.abs(venue.crowds[0].arrays.position).sum()) * float(venue.price_usd[0])
    assert 0.0 < needed <= held * (1.0 + 1e-12)


def test_it_trades_alone_where_no_months_are_listed():
    record = ran(15, PERP, venues__main__listed=False).record
    assert np.isfinite(record[AT + "usd_per_gpu_hour"]).all()
    assert np.isnan(record["future_1_usd_per_gpu_hour"]).all()
    assert record["open_interest_contracts"][-1] == pytest.approx(record[AT + "open_contracts"][-1])


@pytest.mark.parametrize("mechanism", ["limit_order_book", "log_linear"])
def test_it_trades_in_every_mechanism_with_clearing_members(mechanism):
    economy = ran(15, PERP, "clearing=members", venues__architect__mechanism=mechanism)
    assert economy.record[AT + "volume_contracts"].sum() > 0.0


def test_it_may_be_listed_late_and_a_copy_may_close_it():
    written = composed("population=tiny", PERP)
    written["venues"]["architect"]["listed_from"] = "2026-01-09"
    economy = Economy(read_spec(written), days=20)
    economy.run(12)
    seen = np.isfinite(economy.record[AT + "usd_per_gpu_hour"])
    opens = (datetime.date.fromisoformat("2026-01-09") - economy.calendar.start).days
    assert seen.tolist() == [day >= opens for day in range(12)]
    shut = composed("population=tiny", PERP)
    shut["venues"]["architect"]["listed"] = False
    closed = economy.fork(read_spec(shut))
    closed.run(3)
    assert np.isnan(closed.record[AT + "usd_per_gpu_hour"][-1])


# what cannot be


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("venues.main.kind", "perpetual"),
        ("venues.architect.kind", "perpetal"),
        ("venues.architect.maturities", 2),
        ("venues.architect.funding", None),
        ("venues.architect.funding.every_hours", 7),
        ("venues.architect.funding.band", -0.1),
        ("venues.architect.funding.cap", math.nan),
        ("venues.architect.funding.horizon_years", 0.0),
        ("venues.architect.limits.spot", 100.0),
        ("venues.architect.settlement", "calendar_days"),
        ("links.venue", "architect"),
    ],
)
def test_what_cannot_be_is_told_by_its_key(key, value):
    written = container(PERP)
    *path, last = key.split(".")
    inner = written
    for part in path:
        inner = inner[part]
    inner[last] = value
    with pytest.raises(SpecError) as refused:
        read_spec(written)
    assert key in [problem.key for problem in refused.value.problems]


def test_months_have_no_funding_and_funds_need_months():
    written = container(PERP)
    written["venues"]["main"]["funding"] = written["venues"]["architect"]["funding"]
    with pytest.raises(SpecError, match=r"venues\.main\.funding"):
        read_spec(written)
    with pytest.raises(SpecError, match="a fund needs futures to hold"):
        spec_of(PERP, "funds=leveraged", venues__main__listed=False)


def test_a_copy_keeps_its_kind():
    written = composed("population=tiny", "venue=cme_and_ice")
    turned = composed("population=tiny", PERP)["venues"]["architect"] | {"index": "transaction"}
    began = container("venue=cme_and_ice")
    began["venues"]["ice"]["maturities"] = 1
    economy = world("venue=cme_and_ice", days=2, venues__ice__maturities=1)
    written["venues"]["ice"] = turned
    with pytest.raises(SpecError, match=r"venues\.ice\.kind.*a fork keeps monthly"):
        economy.fork(read_spec(written))


def test_metrics_say_what_the_record_says_and_nothing_without_a_perpetual(beside):
    found = measure(beside.record)
    assert found["perpetual_premium_mean"] == pytest.approx(beside.record[AT + "premium"].mean())
    assert found["perpetual_funding_per_year"] == pytest.approx(365.0 * beside.record[AT + "funding"].mean())
    assert 0.0 < found["perpetual_funded_days"] <= 1.0
    assert found["perpetual_volatility"] > 0.0
    without = measure(ran(3).record)
    assert all(math.isnan(value) for name, value in without.items() if name.startswith("perpetual_"))
