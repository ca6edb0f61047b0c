"""Open interest over annual spot turnover is met where it is stated, and nothing is touched where it is not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.exchange.size import missed
from sim.metrics import METRICS
from sim.metrics.measure import Window
from sim.problems import SpecError
from sim.rules.open_interest import interest_of_disagreement, opinion_sd, size_for
from sim.spec import read_spec
from tests.worlds import container, ran, series, spec_of, world

DAYS, SETTLED = 330, 180


def realised(economy, metric: str = "open_interest_share") -> float:
    return METRICS[metric].of(Window(economy.record, SETTLED, DAYS))


@pytest.mark.parametrize("stated", [0.0007, 0.03, 1.0])
def test_what_is_stated_is_met(stated):
    economy = ran(DAYS, futures__open_interest_share=stated)
    assert realised(economy) == pytest.approx(stated, rel=0.15)
    assert realised(economy, "open_interest_share_stated") == pytest.approx(stated)
    size = economy.record["futures_size"]
    assert len(set(size[SETTLED + 31 :])) == 1  # it stands from then on
    told = [(kind, text) for _, kind, text in economy.events if kind.startswith("open interest")]
    assert [kind for kind, _ in told] == ["open interest"]
    assert f"stated {stated:.3g}" in told[0][1]


def test_a_small_market_is_the_same_one_at_a_smaller_scale():
    economy, usual = ran(40, futures__open_interest_share=0.01, futures__settling_days=30), ran(40)
    scale = economy.record["futures_size"]
    assert 0.0 < scale.max() < 0.5
    same = scale == scale[0]
    prices = [record["future_2_usd_per_gpu_hour"][same] for record in (economy.record, usual.record)]
    assert prices[0] == pytest.approx(prices[1], rel=1e-9)
    held = [record["open_interest_contracts"][same] for record in (economy.record, usual.record)]
    assert held[0] == pytest.approx(scale[0] * held[1], rel=1e-6)


def test_without_it_nothing_is_recorded():
    economy = ran(20)
    assert "futures_size" not in economy.record.columns
    assert economy.exchange.size.scale == economy.exchange.size.hedged_share == 1.0
    window = Window(economy.record, 0, 20)
    assert math.isnan(METRICS["open_interest_share"].of(window))
    assert math.isnan(METRICS["open_interest_share_stated"].of(window))


def test_it_is_inert_where_nothing_is_listed_and_spot_does_not_feel_it():
    plain, stated = (series(ran(20, "venue=none", futures__open_interest_share=share)) for share in (None, 0.5))
    assert {name: stated[name] for name in plain} == plain
    alone, large = ran(20), ran(20, futures__open_interest_share=2.0)
    assert alone.record["rent_usd_per_ve_hour"].tobytes() == large.record["rent_usd_per_ve_hour"].tobytes()


def test_two_venues_together_have_it_and_a_perpetual_beside_them():
    for venues in ("cme_and_ice", "architect"):
        economy = ran(DAYS, f"venue={venues}", futures__open_interest_share=0.3)
        assert realised(economy) == pytest.approx(0.3, rel=0.15)


def test_a_fork_may_state_another_and_money_moves_through_the_ledger():
    began = ran(60, futures__open_interest_share=0.05)
    fork = began.fork(read_spec(container(futures__open_interest_share=0.2)))
    grown = fork.exchange.size.scale / began.exchange.size.scale
    assert grown > 1.5
    crowd = fork.exchange.crowds[0]
    assert crowd.total_cash_usd() == pytest.approx(grown * began.exchange.crowds[0].total_cash_usd())
    fork.run(DAYS - 60)
    assert METRICS["open_interest_share"].of(Window(fork.record, 250, DAYS)) == pytest.approx(0.2, rel=0.2)
    smaller = began.fork(read_spec(container(futures__open_interest_share=0.01)))
    left = smaller.exchange.crowds[0]
    assert (left.arrays.cash_usd >= 0.0).all()
    smaller.run(20)  # the laws hold, and nobody has been sold out for what was taken out
    assert smaller.record["margin_defaults"][60:].sum() <= began.record["margin_defaults"].sum() + 1


@pytest.mark.parametrize("wrong", [0.0, -1.0, 0.0001, 2.5, math.nan, math.inf, "large"])
def test_what_is_no_share_is_refused_by_key(wrong):
    with pytest.raises(SpecError, match=r"futures.open_interest_share = .*must be a number at least 0.0007"):
        spec_of(futures__open_interest_share=wrong)


def test_a_market_that_nobody_would_make_so_large_is_refused():
    with pytest.raises(SpecError, match=r"futures.open_interest_share = 2.0.*no speculators differ"):
        world(futures__open_interest_share=2.0, agents__speculator__noise_sd=0.0, information__precision=0.0)


def test_a_month_without_open_contracts_or_trades_has_missed_what_is_stated():
    assert missed(0.1, 0.0)
    assert missed(0.1, math.nan)
    assert missed(0.1, 0.14)
    assert not missed(0.1, 0.12)


def test_the_rule():
    assert size_for(0.1, 0.15, 0.05) == pytest.approx(0.5)
    assert size_for(0.25, 0.15, 0.05) == pytest.approx(2.0)
    assert size_for(0.2, 0.1, 0.0) == size_for(0.2, 0.0, 0.0) == math.inf
    for share in (0.0007, 0.2, 2.0):
        s = size_for(share, 0.15, 0.05)
        assert min(1.0, s) * 0.15 + s * 0.05 == pytest.approx(share)
    draws = np.abs(np.random.default_rng(1).normal(size=200_000)).mean()
    assert opinion_sd(0.25, 0.04, 0.5, 0.0) == 0.01
    assert opinion_sd(0.25, 0.04, 0.5, 0.02) == pytest.approx(0.01 * math.sqrt(2.0))
    assert interest_of_disagreement(1e6, 10.0, 6 * 0.01, 0.1) == pytest.approx(0.5 * 6 * 1e7 * 0.01 * draws, rel=0.01)
    assert interest_of_disagreement(1e6, 1e4, 6 * 0.01, 0.1) == 5e6
