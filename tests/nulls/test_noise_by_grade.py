"""Noise by grade, by region and of what happens to trade; lists that keep grades in proportion; asks by seller."""

from __future__ import annotations

import numpy as np
import pytest

from sim.rules.asks import in_proportion
from tests.worlds import moved, ran, series

DAYS = 40
QUIET = {
    f"noise__{name}": {"sd_per_sqrt_year": 0.0, "half_life_days": 5.0}
    for name in ("slow", "fast", "lab", "product", "grade", "firm")
}
LOUD = {"sd_per_sqrt_year": 2.0, "half_life_days": 5.0}
H100, B200 = "rent_h100_us_marketplace_usd_per_gpu_hour", "rent_b200_us_marketplace_usd_per_gpu_hour"


def changes(economy, column):
    return np.diff(np.log(economy.record[column]))


def test_noise_of_grades_and_regions_is_exactly_absent_at_zero_whatever_its_half_life():
    still = {"sd_per_sqrt_year": 0.0, "half_life_days": 77.0}
    quiet = {"sd_per_sqrt_year": 0.0, "half_life_days": 5.0}
    plain = ran(DAYS, noise__grade=quiet, noise__region=quiet)
    assert moved(series(plain), series(ran(DAYS, noise__grade=still, noise__region=still))) == []


def test_noise_of_grades_moves_grades_apart_and_noise_of_regions_moves_regions_apart():
    calm = QUIET | {"agents__ai_lab__jobs_per_day": 0.0}
    by_grade = ran(DAYS, **(calm | {"noise__grade": LOUD}))
    by_region = ran(DAYS, noise__region=LOUD, **calm)
    assert np.corrcoef(changes(by_grade, H100), changes(by_grade, B200))[0, 1] < 0.3
    assert np.corrcoef(changes(by_region, H100), changes(by_region, B200))[0, 1] > 0.9
    eu = changes(by_region, H100.replace("_us_", "_eu_"))
    assert np.corrcoef(changes(by_region, H100), eu)[0, 1] < 0.3


def test_what_happens_to_trade_moves_its_index_and_no_rent():
    plain = ran(DAYS, "venue=none", indices__transaction__mix_sd_per_sqrt_year=0.0)
    mixed = ran(DAYS, "venue=none", indices__transaction__mix_sd_per_sqrt_year=0.5)
    assert set(moved(series(plain), series(mixed))) == {"index_transaction_usd_per_gpu_hour"}
    gap = np.log(
        mixed.record["index_transaction_usd_per_gpu_hour"] / plain.record["index_transaction_usd_per_gpu_hour"]
    )
    assert np.diff(gap).std() == pytest.approx(0.5 / np.sqrt(365.0), rel=0.35)


def test_a_list_follows_its_own_grade_by_its_weight_and_keeps_its_bundle():
    level = np.array([1.1, 1.1, 1.1, 4.4])
    cell = np.array([0, 0, 0, 1])
    market = level * np.array([2.0, 2.0, 4.0, 3.0])
    assert in_proportion(market, level, cell, 1.0) is market
    held = in_proportion(market, level, cell, 0.25) / level
    mean = (2.0 * 2.0 * 4.0) ** (1.0 / 3.0)
    assert held == pytest.approx([2.0**0.25 * mean**0.75, 2.0**0.25 * mean**0.75, 4.0**0.25 * mean**0.75, 3.0])
    unknown = in_proportion(np.where(cell == 1, np.nan, market), level, cell, 0.25)
    assert np.isnan(unknown[3])
    assert unknown[:3] == pytest.approx(level[:3] * held[:3])


def test_lists_in_proportion_lag_a_grade_that_becomes_scarce():
    scarce = ("shocks=[spot_squeeze]",)
    early = {"shocks__spot_squeeze__start": 2, "shocks__spot_squeeze__rise_days": 0}
    eager = {"agents__neocloud__ask_hazard_per_day": 0.5}
    own = ran(DAYS, "indices=by_grade", *scarce, **early, **eager)
    even = ran(DAYS, "indices=by_grade", *scarce, **early, **eager, agents__neocloud__ask_own_grade=0.0)
    b200 = "index_quote_b200_usd_per_gpu_hour"
    assert even.record[b200][-5:].mean() < own.record[b200][-5:].mean()


def test_asks_by_seller_are_on_record_and_stand_still_between_changes():
    economy = ran(DAYS)
    asks = economy.record["ask_neocloud_1_usd_per_gpu_hour"]
    row = economy.register.people
    owner = next(i for i, agent in enumerate(row) if agent.name == "neocloud_1")
    assert asks[-1] in (economy.rental.asks_usd[owner] * economy.books.grade_value[0])
    assert (np.diff(asks) == 0.0).mean() > 0.5
