"""Rounding breaks no law, a dollar and a GPU-hour do: in small and large worlds, and where little is left of much."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economy import Economy
from sim.exchange import venue
from sim.laws import BrokenLaw
from sim.ledger import Ledger
from sim.rounding import rounding
from tests.worlds import row, world

SHORTAGE = {"_target_": "sim.shocks.outage.Outage", "start": 2, "length": 5, "size": 0.7, "recovery_days": 5,
            "scope": "pool", "contracts_first": False}  # fmt: skip
SHORT_CROWDS = {
    "agents__neocloud__reserved_share": 0.18, "agents__ai_lab__hedge_ratio": 0.9, "agents__neocloud__hedge_ratio": 0.0,
    "agents__speculator__count": 2, "agents__speculator__traders": 50, "agents__speculator__activity_per_hour": 0.4,
    "venues__main__margin": {"initial": 0.05, "maintenance": 0.04}, "venues__main__daily_limit": 0.6,
    "venues__main__tick_usd": 0.5,
}  # fmt: skip
DAYS = 12


def test_ruined_crowds_at_prices_that_rise_without_end_owe_nothing_but_rounding(monkeypatch):
    monkeypatch.setattr(venue, "MOST_TIMES", math.inf)  # else the run ends long before
    economy = world(
        "scenario=elastic",
        "traders=deep",
        "information=none",
        seed=0,
        days=29,
        shocks={"shortage": SHORTAGE},
        **SHORT_CROWDS,
    )
    economy.run(28)
    ledger = economy.books.ledger
    assert economy.exchange.first.price_usd[0] > 1e4, "each day's limit is hit, for a month"
    owners = [crowd.owner for crowd in economy.exchange.crowds]
    assert [crowd.total_cash_usd() for crowd in economy.exchange.crowds] == [0.0, 0.0]
    left = ledger.table(["cash", "margin"])[:, owners].sum(axis=0)
    size = float(np.abs(left).max())  # of either sign: it depends on the processor
    assert size > 1e-3, "what rounding has left of millions of contracts is paid on at that price"
    assert size < 0.1
    ledger.transfer("test", "cash", owners[int(left.argmin())], row(economy, "rest_of_world"), 100.0)
    with pytest.raises(BrokenLaw, match="A2"):
        economy.run(1)


def small(wealth_usd: float, traders: int) -> Economy:
    economy = world(
        seed=2, days=DAYS + 2, agents__speculator__wealth_usd=wealth_usd, agents__speculator__traders=traders
    )
    economy.run(DAYS)
    return economy


def from_nowhere(economy: Economy) -> None:
    ledger = economy.books.ledger
    ledger.positions[ledger.row["cash"], row(economy, "speculator_1")] += 1.0


def behind_the_ledgers_back(economy: Economy) -> None:
    ledger = economy.books.ledger
    ledger.positions[ledger.row["cash"], row(economy, "neocloud_1")] += 1.0
    ledger.positions[ledger.row["cash"], row(economy, "renter_1")] -= 1.0


def of_a_trader(economy: Economy) -> None:
    cash = economy.exchange.crowds[0].arrays.cash_usd
    cash[int(np.argmax(cash))] -= 1.0


def of_the_house(economy: Economy) -> None:
    economy.books.ledger.transfer("test", "cash", row(economy, "clearing_house"), row(economy, "rest_of_world"), 1.0)


def of_a_loan(economy: Economy) -> None:
    economy.credit.loans.balance[0, 0] += 1.0


def of_prepaid_rent(economy: Economy) -> None:
    economy.reserved.contracts.prepaid_usd[0, 0] += 1.0


def of_raised_money(economy: Economy) -> None:
    economy.labs.raised_so_far_usd += 1.0


def a_gpu_for_an_hour(economy: Economy) -> None:
    clear = economy.rental.auction.clear

    def lost(*rows):
        trades = clear(*rows)
        first = next(iter(trades.bought))
        return replace(trades, bought=trades.bought | {first: trades.bought[first] + 1.0})

    economy.rental.auction.clear = lost


FAULTS = [
    (from_nowhere, "A1"), (behind_the_ledgers_back, "A3"), (of_a_trader, "A4"), (of_the_house, "A5"),
    (a_gpu_for_an_hour, "A6"), (of_a_loan, "A9"), (of_prepaid_rent, "A12"), (of_raised_money, "A13"),
]  # fmt: skip


@pytest.mark.parametrize(("wealth_usd", "traders"), [(1e2, 10), (1e2, 20_000), (1e12, 10), (1e12, 100_000)])
def test_laws_hold_whatever_the_crowds_wealth_and_number_and_a_dollar_breaks_them(wealth_usd, traders):
    economy = small(wealth_usd, traders)
    for fault, law in FAULTS:
        broken = economy.fork()
        fault(broken)
        with pytest.raises(BrokenLaw, match=f": {law}: "):
            broken.step()


AMOUNT = st.floats(0.01, 1.0)


@given(
    scale=st.sampled_from([1e2, 1e6, 1e12]),
    amounts=st.lists(AMOUNT, min_size=1, max_size=60),
    days=st.integers(1, 100),
)
def test_what_has_gone_back_leaves_rounding_and_a_dollar_of_it_is_seen(scale, amounts, days):
    ledger = Ledger(["a", "b", "bank"])
    ledger.list("cash", "USD", ["bank"])
    paid = 0.0
    for day in range(days):
        amount = scale / days * amounts[day % len(amounts)]
        paid += amount
        ledger.transfer("in", "cash", 2, day % 2, amount)
        ledger.note_sizes()
    for owner in (0, 1):
        ledger.transfer("out", "cash", owner, 2, float(ledger.held("cash")[owner]))
    ledger.transfer("out", "cash", 0, 2, np.spacing(paid))  # the sum as somebody else has added it up
    ledger.note_sizes()
    assert ledger.out_of_balance() is None
    assert ledger.owing_without_right() is None
    assert (np.abs(ledger.net_worth() - ledger.explained()) <= rounding(ledger.sizes_usd())).all()
    ledger.transfer("fault", "cash", 1, 2, 1.0)
    assert ledger.owing_without_right() == ("b", "cash", -1.0)
    ledger.positions[0, 1] += 2.0
    assert ledger.out_of_balance() == ("cash", pytest.approx(2.0, abs=0.5))


def test_nothing_that_was_never_posted_may_be_wrong_by_anything():
    ledger = Ledger(["a", "b"])
    ledger.list("gpu", "GPU", ["b"])
    ledger.note_sizes()
    ledger.positions[0, 0] = -1e-300
    assert ledger.out_of_balance() is not None
    assert ledger.owing_without_right() is not None


def test_legs_that_take_back_what_rounding_has_left_need_not_cancel_and_others_must():
    ledger = Ledger(["a", "b", "c"])
    ledger.list("future", "contract")
    ledger.post_net("trade", "future", np.array([1e9, -1e9, 1e-8]))
    ledger.post_net("back", "future", np.array([-1e9, 1e9, 0.0]))
    assert ledger.held("future").any()
    ledger.post_net("end", "future", -ledger.held("future"))
    assert not ledger.held("future").any()
    with pytest.raises(ValueError, match="do not cancel"):
        ledger.post_net("trade", "future", np.array([1e-3, 0.0, 0.0]))


@pytest.mark.parametrize("spoil", [np.inf, np.nan])
def test_sizes_stay_finite_so_that_nothing_endless_is_rounding(spoil):
    ledger = Ledger(["a", "b"])
    ledger.list("cash", "USD")
    ledger.transfer("come", "cash", 0, 1, 1e9)
    ledger.positions[0] = spoil, -spoil
    ledger.note_sizes()
    assert np.isfinite(ledger.sizes(["cash"])).all()
    assert ledger.out_of_balance() is not None
    with pytest.raises(ValueError, match="do not cancel"):
        ledger.post_net("trade", "cash", np.array([spoil, 0.0]))
