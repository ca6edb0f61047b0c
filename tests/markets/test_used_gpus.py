"""The market for used GPUs: one price for all, nobody beyond cash and room, ownership moves and GPU-hours do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.economy import Economy
from sim.hardware.resale.clearing import Buyers, Cleared, Sellers, clear
from sim.hardware.resale.market import UsedMarket
from sim.laws import BrokenLaw
from sim.problems import SpecError
from sim.spec import read_spec
from tests.worlds import container, moved, ran, row, series, spec_of, world

OPEN = "resale=default"
FIRM = "neocloud_2"
DAY, UNTIL_SALE = 20, 30

amounts = st.lists(st.floats(0.0, 100.0, allow_subnormal=False), min_size=3, max_size=3).map(np.array)
worths = st.lists(st.floats(0.2, 2.0), min_size=3, max_size=3).map(np.array)


def sold(done: Cleared) -> float:
    return float(done.forced_usd.sum() + done.willing_usd.sum())


@settings(max_examples=300)
@given(
    forced=amounts, willing=amounts, own=worths, cash=amounts, room=amounts, worth=worths, margin=st.floats(0.0, 0.2),
    cost=st.floats(0.0, 0.2), outside=st.floats(0.05, 1.0), most=st.sampled_from([0.0, 5.0, np.inf]),
)  # fmt: skip
def test_a_price_clears_and_nobody_trades_against_their_interest_or_beyond_their_means(
    forced, willing, own, cash, room, worth, margin, cost, outside, most
):
    sellers, buyers = Sellers(forced, willing, own, cost), Buyers(cash, room, worth, margin)
    done = clear(sellers, buyers, outside, most)
    p = done.price
    assert p >= outside
    assert sold(done) == pytest.approx(done.traded_usd, abs=1e-9)
    assert (done.forced_usd <= forced * (1 + 1e-12)).all()
    assert (done.willing_usd <= willing * (1 + 1e-12)).all()
    assert (p * done.bought_usd <= cash * (1 + 1e-12) + 1e-12).all()
    assert (done.bought_usd <= room * (1 + 1e-12)).all()
    assert 0.0 <= done.outside_usd <= most
    assert (own[done.willing_usd > 0.0] <= p * (1 - cost) * (1 + 1e-9)).all()
    assert (worth[done.bought_usd > 0.0] >= p * (1 + margin) * (1 - 1e-9)).all()
    unsold = forced.sum() - done.forced_usd.sum()
    if unsold > 1e-9:  # only where outsiders have had enough, and all who would buy at their price have
        assert p == outside
        assert done.outside_usd == pytest.approx(most)
        assert done.bought_usd.sum() == pytest.approx(buyers.wanted_at(p).sum())
    above = p * (1 + 1e-9)
    assert buyers.wanted_at(above).sum() <= forced.sum() + sellers.willing_at(above).sum() + 1e-6


@pytest.mark.parametrize(("offered", "price", "outside"), [(50.0, 1.0, 0.0), (80.0, 0.75, 0.0), (200.0, 0.6, 100.0)])
def test_cash_in_the_market_sets_the_price_between_worth_and_outsiders(offered, price, outside):
    none = np.zeros(1)
    buyers = Buyers(np.array([60.0]), np.array([1e9]), np.array([1.0]), 0.0)
    done = clear(Sellers(np.array([offered]), none, np.ones(1), 0.05), buyers, 0.6, np.inf)
    assert (done.price, done.outside_usd) == (pytest.approx(price), pytest.approx(outside))


def robbed(days: int, *overrides: str, **values: object) -> Economy:
    """A landlord's cash is gone on day 20; its estate is sold on day 50."""
    economy = world(OPEN, "venue=none", *overrides, days=max(days, 1), resolution__days=UNTIL_SALE, **values)
    economy.run(DAY)
    ledger = economy.books.ledger
    ledger.transfer("robbery", "cash", row(economy, FIRM), row(economy, "rest_of_world"), ledger.cash(FIRM) + 5e8)
    economy.run(days - DAY)
    return economy


SALE = DAY + UNTIL_SALE


@pytest.fixture(scope="module")
def eve() -> Economy:
    return robbed(SALE)


def fleets(economy: Economy) -> np.ndarray:
    return economy.hardware.fleet.working[economy.books.roll.landlord_fleet].sum(axis=1)


def test_an_open_market_in_which_nothing_is_offered_moves_nothing():
    free = ran(40, "venue=none", OPEN, resale__voluntary_share=0.0)
    shut = ran(40, "venue=none")
    found, usual = series(free), series(shut)
    assert moved({name: found[name] for name in usual}, usual) == []


def test_an_estate_is_sold_at_the_market_and_what_is_sold_is_on_its_way_and_arrives(eve):
    after = eve.fork()
    before, i = fleets(after), list(after.books.roll.landlords).index(row(after, FIRM))
    after.step()
    left, way = fleets(after), after.record["used_on_the_way_ve"][-1]
    assert way > 0.0
    assert left[i] < before[i]
    after.run(after.spec.resale.downtime_days - 1)
    assert after.record["used_on_the_way_ve"][-1] == pytest.approx(way)
    after.step()
    assert after.record["used_on_the_way_ve"][-1] == 0.0
    assert (SALE, "estate sold") in [(day, kind) for day, kind, _ in after.events]
    sales = after.record["used_sold_usd"][SALE]
    assert after.record["used_forced_usd"][SALE] == pytest.approx(sales)
    assert 0.0 < after.record["used_outside_usd"][SALE] < sales


def test_without_downtime_nothing_is_lost_on_the_day_of_the_sale():
    last = robbed(SALE, resale__downtime_days=0)
    total, gpus = fleets(last).sum(), last.record["fleet_hyperscaler_gpus"][-1]
    last.step()
    arrived, retired = (
        table[last.books.roll.landlord_fleet].sum()
        for table in (last.hardware.fleet.delivered, last.hardware.fleet.retired)
    )
    assert fleets(last).sum() == pytest.approx(total + arrived - retired, rel=1e-12)
    assert last.record["used_sold_usd"][-1] > 0.0
    assert gpus > 0.0


def test_the_money_of_a_sale_adds_up_to_the_cent(eve):
    after = eve.fork()
    after.step()
    ledger, roll = after.books.ledger, after.books.roll
    gained = {why: ledger.flow(why) - eve.books.ledger.flow(why) for why in ("used GPUs", "resale costs")}
    paid = after.record["used_paid_usd"][-1]
    assert gained["used GPUs"][row(after, FIRM)] == pytest.approx(paid, rel=1e-12)
    assert gained["used GPUs"].sum() == pytest.approx(0.0, abs=1e-3)
    assert gained["resale costs"][row(after, FIRM)] == pytest.approx(-after.spec.resale.cost * paid, rel=1e-12)
    assert gained["used GPUs"][roll.rest_of_world] < 0.0
    bought = -gained["used GPUs"][roll.landlords]
    assert bought.max() > 0.0
    assert after.record["used_price_ratio"][-1] < 1.0


def test_less_cash_of_buyers_is_a_lower_price(eve):
    poor, rich = eve.fork(), eve.fork()
    ledger, world_ = rich.books.ledger, row(rich, "rest_of_world")
    others = [int(owner) for owner in rich.books.roll.landlords if owner != row(rich, FIRM)]
    for owner in others:
        ledger.transfer("gift", "cash", world_, owner, 1e12)
    rich.hardware.used.terms = spec_of(OPEN, resale__buyer_capacity=100.0).resale
    for economy in (poor, rich):
        economy.step()
    assert rich.record["used_price_ratio"][-1] > poor.record["used_price_ratio"][-1] + 0.02
    assert rich.record["used_outside_usd"][-1] == 0.0


def test_where_nobody_buys_the_estate_is_still_resolved():
    economy = robbed(SALE + 2, resale__outside_depth=0.0, resale__buyer_capacity=0.0)
    assert economy.record["used_sold_usd"].sum() == 0.0
    assert "estate sold" in {kind for _, kind, _ in economy.events}
    i = list(economy.books.roll.landlords).index(row(economy, FIRM))
    assert fleets(economy)[i] > 0.0, "whoever continues the firm runs what nobody bought"
    assert economy.record["loan_losses_usd"][SALE] > 0.0


def test_landlords_who_differ_in_beliefs_trade_at_month_ends():
    unlike = {"agents__neocloud__belief_half_life_years": [0.2, 5.0, 5.0], "resale__buyer_margin": 0.0}
    economy = ran(62, OPEN, "venue=none", resale__cost=0.0, **unlike)
    sold_on = np.flatnonzero(economy.record["used_sold_usd"])
    assert len(sold_on)
    assert (economy.record["month_end"][sold_on] == 1.0).all()
    assert economy.record["used_forced_usd"].sum() == 0.0


def test_all_landlords_in_default_on_one_day_are_resolved():
    economy = world(OPEN, "venue=none", days=60, resolution__days=10)
    economy.run(5)
    ledger = economy.books.ledger
    for owner in economy.books.roll.landlords.tolist():
        ledger.transfer(
            "robbery", "cash", owner, row(economy, "rest_of_world"), float(ledger.held("cash")[owner]) + 1e8
        )
    economy.run(30)
    kinds = [kind for _, kind, _ in economy.events]
    assert kinds.count("estate sold") == len(economy.books.roll.landlords)
    assert economy.record["used_outside_usd"].sum() == pytest.approx(economy.record["used_sold_usd"].sum())


def test_a7_gpus_that_are_lost_on_their_way(eve):
    after = eve.fork()
    after.step()
    after.hardware.used.moves.parcels.clear()
    with pytest.raises(BrokenLaw, match="A7: GPUs on their way"):
        after.hardware.laws(after.day - 1)


def test_a_fork_keeps_whether_there_is_a_market():
    economy = world("venue=none", days=2)
    with pytest.raises(SpecError, match="resale.enabled = True: a fork keeps its origin's"):
        economy.fork(spec_of(OPEN, "venue=none"))


@pytest.mark.parametrize(
    ("key", "value"), [("cost", 1.0), ("outside_discount", -0.1), ("memory_days", 0.0), ("voluntary_share", 2.0)]
)
def test_impossible_terms_are_refused_by_key(key, value):
    settings_ = container(OPEN)
    settings_["resale"][key] = value
    with pytest.raises(SpecError, match=f"resale.{key} = {value}"):
        read_spec(settings_)


def test_contracts_go_with_the_gpus_that_serve_them(eve):
    after = eve.fork()
    before = after.reserved.contracts.quantity_ve.copy()
    after.step()
    let = after.reserved.contracts.quantity_ve
    i = list(after.books.roll.landlords).index(row(after, FIRM))
    others = [k for k in range(len(let)) if k != i]
    assert let[i].sum() < before[i].sum()
    assert let[others].sum() > before[others].sum()
    assert let.sum() == pytest.approx(before.sum(), rel=0.02)
    ledger = after.books.ledger
    assert ledger.flow("contracts sold on").sum() == pytest.approx(0.0, abs=1e-3)


def test_what_fleets_are_worth_is_worked_out_once_an_evening_and_is_what_it_would_be_anew(monkeypatch):
    """A landlord without cash: calls, sales and moves on most evenings after day 20, a month end among them."""
    worked_out: list[int] = []
    plain = UsedMarket._worth_usd
    monkeypatch.setattr(UsedMarket, "_worth_usd", lambda self, day: worked_out.append(day) or plain(self, day))
    economy = robbed(28)
    asked = UsedMarket.worth_usd

    def checked(self, day):
        found = asked(self, day)
        for kept, anew in zip(found, plain(self, day), strict=True):
            assert kept.tobytes() == anew.tobytes()
        return found

    monkeypatch.setattr(UsedMarket, "worth_usd", checked)
    economy.run(SALE + 12 - 28)
    quiet = [day for day in range(28) if not economy.calendar.is_month_end(day)]
    assert [worked_out.count(day) for day in quiet] == [1] * len(quiet)
    assert economy.record["used_sold_usd"].sum() > 0.0
