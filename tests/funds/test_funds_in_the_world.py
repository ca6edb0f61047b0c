"""Funds in a whole economy: nulls to the last bit, the law of net asset value, the day a fund dies, bad sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim.economy import Economy
from sim.funds.window import ENDED, ENDING, OPEN, pay_out
from sim.laws import BrokenLaw
from sim.roles import HoldsFutures, OrdersShares
from sim.spec import SpecError, read_spec
from tests.worlds import container, moved, ran, series, spec_of, spot_side, world

DAYS = 100
STILL = {
    "agents__fund_holder__chase": 0.0, "agents__fund_holder__inflow_per_year": 0.0, "agents__fund_holder__flow_sd": 0.0,
    "agents__fund_holder__offset": 0.0, "agents__fund_holder__premium_aversion": 0.0,
}  # fmt: skip
WIDE = {"venues__main__daily_limit": 0.95}


def sized(group: str, leverage: float, **more: Any) -> dict[str, Any]:
    values = {"leverage": leverage, "assets_usd": 2e7, "open_interest_share": None, "expense_ratio": 0.0} | more
    return {f"agents__{group}__{key}": value for key, value in values.items()}


def futures_side(economy: Economy) -> dict[str, bytes]:
    return {name: bits for name, bits in series(economy).items() if not name.startswith("fund_")}


def contracts(economy: Economy, owner: int) -> np.ndarray:
    return np.array([economy.books.ledger.held(name)[owner] for name in economy.exchange.first.names])


# ---- clearing members


def test_a_haircut_of_gains_is_a_loss_of_the_fund_that_gained() -> None:
    economy = ran(
        40, "clearing=members", "funds=leveraged", "shocks=[fleet_outage]", "shocks.fleet_outage.start=20", "links=on",
        seed=4,
    )  # fmt: skip
    cut = economy.books.ledger.flow("gains haircut")
    funds = economy.register.of(HoldsFutures)
    assert min(cut[owner] for owner, _ in funds) < 0.0, "and A11, shares x NAV = assets, held every evening"


# ---- nulls


@pytest.mark.parametrize("seed", [1, 2])
def test_n25_a_fund_of_cash_changes_no_bit_of_rents_or_futures(seed):
    with_fund = ran(DAYS, "funds=cash_only", "links=on", seed=seed)
    assert moved(futures_side(with_fund), futures_side(ran(DAYS, "links=on", seed=seed))) == []
    assert with_fund.record["fund_assets_usd"].min() > 1e6
    assert with_fund.record["fund_flow_usd"].any()


def test_n3_funds_without_assets_change_no_bit_whatever_their_terms():
    empty = ran(60, agents__etf_2x__leverage=3.0, agents__etf_inverse__termination_fall=0.1, agents__etf_1x__impact=5.0)
    assert moved(series(empty), series(ran(60))) == []


@pytest.mark.parametrize("leverage", [1.0, 2.0, 3.0, -1.0, -2.0])
def test_n5_with_all_links_off_a_fund_moves_futures_and_no_bit_of_the_spot_side(leverage):
    with_fund, without = ran(DAYS, **sized("etf_2x", leverage)), ran(DAYS)
    assert moved(spot_side(with_fund), spot_side(without)) == []
    assert "future_1_usd_per_gpu_hour" in moved(futures_side(with_fund), futures_side(without))
    assert with_fund.record["fund_share_of_open_interest"].max() > 0.005


def test_with_links_on_funds_reach_rents_or_fleets():
    changed = moved(spot_side(ran(DAYS, "funds=leveraged", "links=on")), spot_side(ran(DAYS, "links=on")))
    assert {"orders_ve", "rent_usd_per_ve_hour"} & set(changed)


def test_n2_an_unlevered_fund_without_flows_does_not_trade_between_rolls():
    economy = ran(90, **STILL, **sized("etf_1x", 1.0, roll="at_expiry"))
    trades = np.abs(economy.record["fund_rebalance_contracts"]) * economy.record["future_2_usd_per_gpu_hour"] * 730.0
    inside = economy.record["month_end"] == 0.0
    assert trades[inside].max() <= 1e-4, "USD, of 20 m"
    assert economy.record["fund_assets_usd"][0] != economy.record["fund_assets_usd"][20]


@pytest.mark.parametrize("leverage", [2.0, -1.0, 3.0])
def test_n22_flows_that_offset_leverage_in_the_same_close_hold_contracts_constant(leverage):
    offset = {"agents__fund_holder__offset": 1.0, "agents__fund_holder__offset_same_day": True,
              "agents__fund_holder__reserve": 50.0}  # fmt: skip
    economy = world(days=30, **STILL | offset, **sized("etf_2x", leverage, roll="at_expiry"))
    economy.run(2)
    fund = economy.funds.launched[0]
    first = contracts(economy, fund.owner)[1]
    for _ in range(24):
        economy.step()
        assert contracts(economy, fund.owner)[1] == pytest.approx(first, rel=1e-9)
    assert np.abs(economy.record["fund_flow_usd"]).max() > 1e4
    assert economy.record["fund_loop_gain_2"][2:26] == pytest.approx(0.0, abs=1e-9)


def test_without_such_flows_the_same_fund_does_rebalance():
    economy = world(days=30, **STILL, **sized("etf_2x", 2.0, roll="at_expiry"))
    economy.run(2)
    first = contracts(economy, economy.funds.launched[0].owner)[1]
    economy.run(10)
    assert abs(contracts(economy, economy.funds.launched[0].owner)[1] / first - 1.0) > 1e-3


# ---- the law, and creations


def test_a11_a_net_asset_value_that_is_not_what_the_fund_owns_stops_the_run():
    economy = ran(5, "funds=leveraged")
    economy.funds.launched[0].nav_usd *= 1.0 + 1e-6
    with pytest.raises(BrokenLaw, match="A11"):
        economy.step()


def test_creations_are_whole_units_at_the_next_net_asset_value_and_leave_it_alone():
    economy = world("funds=one", days=200, agents__etf_1x__expense_ratio=0.0)
    fund, moves = None, 0
    for _ in range(60):
        fund = economy.funds.launched[0]
        before, nav, created = fund.outstanding(economy.books.ledger), fund.nav_usd, fund.creating
        prices, held = economy.exchange.first.price_usd.copy(), contracts(economy, fund.owner)
        month_end = economy.calendar.is_month_end(economy.day)
        economy.step()
        assert fund.outstanding(economy.books.ledger) - before == pytest.approx(created, abs=1e-6)
        assert created % 25_000.0 == 0.0
        moves += created != 0.0
        if not month_end:
            gain = float(held @ (economy.exchange.first.price_usd - prices)) * 730.0
            assert fund.nav_usd == pytest.approx(nav + gain / before, rel=1e-12)
    assert moves > 5
    assert economy.books.ledger.flow("creation costs").min() < 0.0


def test_holders_never_give_back_more_than_they_have_nor_spend_more_than_their_cash():
    eager = {"agents__fund_holder__flow_sd": 0.6, "agents__fund_holder__reserve": 0.1}
    economy = world("funds=leveraged", days=60, **eager)
    owner = economy.register.of(OrdersShares)[0][0]
    for _ in range(60):
        economy.step()
        assert economy.books.ledger.held("cash")[owner] >= -1e-3
        assert all(economy.books.ledger.held(fund.share)[owner] >= -1e-6 for fund in economy.funds.launched)
    assert not economy.books.ledger.flow("owners' funding")[owner]


def test_a_fee_comes_out_of_net_assets():
    dear, free = (ran(50, **sized("etf_1x", 0.0, expense_ratio=fee)) for fee in (0.5, 0.0))
    assert free.funds.launched[0].nav_usd == 25.0
    assert dear.funds.launched[0].nav_usd == pytest.approx(25.0 * (1.0 - 0.5 / 365.0) ** 50)


def test_constant_maturity_rolls_from_the_nearest_to_the_second_month_through_the_month():
    economy = world(days=40, **STILL, **sized("etf_1x", 1.0))
    owner = economy.register.of(HoldsFutures)[[a.name for _, a in economy.register.of(HoldsFutures)].index("etf_1x_1")][
        0
    ]
    shares = []
    for _ in range(30):
        economy.step()
        near, second = contracts(economy, owner)[:2]
        shares.append(near / (near + second))
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(30 / 31, abs=0.02)
    economy.step()
    assert contracts(economy, owner)[1] == pytest.approx(0.0, abs=1e-9), "all of it has become the nearest month"
    assert contracts(economy, owner)[0] > 0.0


@pytest.mark.parametrize("ordered", [0.5, 0.9, 1.0])
def test_redemptions_of_a_night_never_exceed_the_shares_there_are(ordered):
    same_day = {"agents__fund_holder__offset": 1.0, "agents__fund_holder__offset_same_day": True,
                "agents__authorised_participant__unit_shares": 1.0}  # fmt: skip
    economy = world(days=40, **WIDE, **STILL | same_day, **sized("etf_2x", 3.0))
    economy.run(3)
    fund = economy.funds.launched[0]
    holder = next(iter(fund.waiting))
    fund.creating = fund.waiting[holder] = -float(int(ordered * fund.outstanding(economy.books.ledger)))
    economy.exchange.first.price_usd[:] *= 0.7  # falsified, so that tonight's close jumps and holders give back more
    economy.run(30)
    assert fund.outstanding(economy.books.ledger) >= 0.0
    assert economy.books.ledger.held(fund.share)[holder] >= 0.0


# ---- the end of funds


def crashed(leverage: float, factor: float) -> Economy:
    """Yesterday's prices are falsified, so that tonight's close jumps by 1 / factor."""
    economy = world(days=40, **WIDE, **STILL, **sized("etf_inverse", leverage))
    economy.run(3)
    economy.exchange.first.price_usd[:] *= factor
    economy.step()
    return economy


def test_a_fall_of_four_fifths_in_a_day_ends_the_fund_at_the_next_close_and_holders_get_the_rest():
    economy = crashed(-2.0, 0.6)
    fund = economy.funds.launched[0]
    assert fund.status == ENDING
    assert 0.0 <= fund.nav_usd < 5.0
    holder = economy.register.of(OrdersShares)[0][0]
    cash = economy.books.ledger.held("cash")[holder]
    economy.run(3)
    assert fund.status == ENDED
    assert economy.books.ledger.held("cash")[holder] >= cash
    assert np.abs(contracts(economy, fund.owner)).max() < 1e-6
    assert fund.outstanding(economy.books.ledger) == 0.0
    kinds = [kind for _, kind, _ in economy.events]
    assert kinds.count("fund terminated") == kinds.count("fund paid out") == 1
    economy.run(35)


def test_a_negative_net_asset_value_is_the_sponsors_loss():
    economy = crashed(-2.5, 0.5)
    fund = economy.funds.launched[0]
    assert fund.nav_usd == 0.0
    assert fund.sponsor_loss_usd > 1e6
    assert economy.books.ledger.flow("sponsor's loss")[fund.owner] == pytest.approx(fund.sponsor_loss_usd)
    assert "negative NAV" in [kind for _, kind, _ in economy.events]
    economy.run(30)
    assert fund.status == ENDED


def test_a_copy_may_launch_funds_and_another_may_close_them():
    calm = ran(40)
    with_funds = calm.fork(spec_of("funds=leveraged"))
    assert [fund.status for fund in with_funds.funds.launched] == [OPEN] * 3
    with_funds.run(20)
    without = with_funds.fork(spec_of("funds=none"))
    assert [fund.status for fund in without.funds.launched] == [ENDED] * 3
    without.run(20)
    unlisted = with_funds.fork(spec_of("venue=none"))
    unlisted.run(20)
    with_funds.run(20)
    same = ran(40).fork(spec_of("funds=leveraged"))
    same.run(40)
    assert moved(series(with_funds), series(same)) == []


# ---- sizes that cannot be


def problems(*overrides: str, **values: Any) -> dict[str, str]:
    with pytest.raises(SpecError) as caught:
        Economy(read_spec(container(*overrides, **values)), seed=1, days=10)
    return {problem.key: problem.allowed for problem in caught.value.problems}


@pytest.mark.parametrize("leverage", [float("nan"), 50.0, -6.0, float("inf")])
def test_a_leverage_that_cannot_be_is_refused_by_its_key(leverage):
    assert "agents.etf_2x.leverage" in problems(agents__etf_2x__leverage=leverage)


@pytest.mark.parametrize("key", ["assets_usd", "open_interest_share", "target_gain"])
def test_a_fund_larger_than_its_market_is_refused_by_the_key_that_sizes_it(key):
    sizes = {f"agents__etf_2x__{k}": None for k in ("assets_usd", "open_interest_share", "target_gain")}
    sizes[f"agents__etf_2x__{key}"] = {"assets_usd": 1e12, "open_interest_share": 10.0, "target_gain": 30.0}[key]
    found = problems("traders=deep", **sizes)
    assert "larger than its market" in found[f"agents.etf_2x.{key}"]


def test_a_fund_where_nothing_is_listed_is_refused():
    found = problems("funds=leveraged", "venue=none")
    assert "none are listed" in found["agents.etf_2x.target_gain"]
    assert len(found) == 3


def test_a_fund_of_two_sizes_or_of_none_is_refused():
    assert any(key.startswith("agents.etf_1x") for key in problems(agents__etf_1x__assets_usd=1e7))
    assert any(key.startswith("agents.etf_1x") for key in problems(agents__etf_1x__open_interest_share=None))


def test_a_gain_cannot_size_a_fund_that_never_rebalances():
    found = problems(agents__etf_1x__open_interest_share=None, agents__etf_1x__target_gain=0.3)
    assert any(key.startswith("agents.etf_1x") for key in found)


# ---- small funds


def test_a_fund_of_next_to_nothing_is_paid_out_only_once_its_position_is_sold():
    economy = world(days=20, **sized("etf_2x", 2.0, assets_usd=2e-7))
    economy.run(2)
    fund, books = economy.funds.launched[0], economy.books
    held = np.abs(contracts(economy, fund.owner)).max()
    assert 0.0 < held < 1e-9
    assert not pay_out(books.ledger, fund, economy.exchange.first.names), "it holds as much as it began with"
    fund.status = ENDING
    economy.run(3)
    assert fund.status == ENDED
    assert np.abs(contracts(economy, fund.owner)).max() < 1e-6 * held
    economy.run(10)  # law A11 holds: nothing is left whose price moves
