"""Labs' money: revenue, rounds that may fail, cuts, default and the successor."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.economy import Economy
from sim.spec import SpecError, read_spec
from tests.agents.desks import agent, view
from tests.worlds import balances, container, moved, ran, series, spec_of, world

POOR = {"funding__round_probability": 0.0}
KINDS = ("round failed", "lab default")
MONEY = ("labs_cash_usd", "labs_raised_usd")


def kinds(economy: Economy) -> list[str]:
    return [kind for _, kind, _ in economy.events if kind in KINDS]


def test_without_funding_nothing_about_it_matters():
    plain = ran(70, "funding=off")
    other = ran(70, "funding=off", funding__round_probability=0.0, funding__revenue_share=0.0, funding__left_share=0.0)
    assert moved(series(plain), series(other)) == []
    assert balances(plain) == balances(other)
    assert not plain.record["labs_cash_usd"].any()


def test_rounds_that_always_come_leave_the_market_alone_to_the_last_bit():
    """Money that suffices moves no hour: only labs' cash and the rest of the world's differ."""
    paid, funded = ran(200, "funding=off"), ran(200, funding__round_probability=1.0)
    assert set(moved(series(paid), series(funded))) <= set(MONEY)
    ledger, roll = funded.books.ledger, funded.books.roll
    others = [i for i in range(len(ledger.owners)) if i not in (*funded.labs.owners, roll.rest_of_world)]
    assert (ledger.held("cash")[others] == paid.books.ledger.held("cash")[others]).all()
    assert kinds(funded) == []


def test_revenue_and_rounds_pay_the_bills_and_the_ledger_explains_all():
    economy = ran(400, "population=default", "venue=none")
    ledger, owners = economy.books.ledger, economy.labs.owners
    assert len(owners) == 10
    sales, rounds = ledger.flow("sales of services")[owners], ledger.flow("funding round")[owners]
    bills = ledger.flow("endowment")[owners] + rounds + sales - ledger.held("cash")[owners]
    assert rounds.sum() > 0.0
    assert 0.55 < sales.sum() / bills.sum() < 0.85, "revenue is about 70 % of the bills"
    assert economy.record["labs_cash_usd"][-1] == pytest.approx(ledger.held("cash")[owners].sum())
    assert economy.record["labs_raised_usd"].sum() == pytest.approx(rounds.sum())


def test_in_the_calm_world_few_rounds_fail_and_no_lab_does():
    economy = ran(730, "population=default", "venue=none")
    assert kinds(economy).count("lab default") == 0
    assert kinds(economy).count("round failed") < 10


def test_labs_without_money_cut_training_then_inference_then_default():
    economy = ran(900, **POOR)
    assert "round failed" in kinds(economy)
    assert "lab default" in kinds(economy)
    text = next(text for _, kind, text in economy.events if kind == "lab default")
    assert "VE of contracts are rejected" in text
    assert economy.record["lab_defaults"].sum() == kinds(economy).count("lab default")
    assert economy.record["rounds_failed"].sum() == kinds(economy).count("round failed")
    for column in economy.record.columns:
        if column == "occupancy" or column.startswith(("rent", "reserved", "labs")):
            assert np.isfinite(economy.record[column]).all(), column


def test_a_default_frees_contracts_and_the_demand_comes_back():
    economy = world(days=700, **POOR, funding__return_days=120.0)
    while not economy.record.days or not economy.record["lab_defaults"][-1]:
        economy.run(1)
    n = next(i for i, since in enumerate(economy.labs.since) if since >= 0)
    owner, day = economy.labs.owners[n], economy.day - 1
    rejected = economy.books.ledger.flow("contracts rejected")
    assert rejected[owner] < 0.0
    assert rejected[economy.books.roll.landlords].sum() == pytest.approx(-rejected[economy.labs.owners].sum())
    before, after = economy.record["reserved_ve"][-2:]
    assert after <= before
    economy.run(1)
    assert economy.board.labs.presence[owner] == pytest.approx(0.4, abs=0.02)
    economy.run(day + 130 - economy.day)
    assert economy.board.labs.presence[owner] == 1.0


def test_cuts_come_in_their_order():
    lab = agent("ai_lab", jobs_per_day=0.0)
    whole = list(lab.spot_demand(view()))
    train, short, broke = (list(lab.spot_demand(view(runway=months))) for months in (1.5, 0.5, 0.0))
    assert train[0] == whole[0]
    assert train[1].quantity_ve == pytest.approx(0.5 * whole[1].quantity_ve)
    assert short[0].quantity_ve == pytest.approx(0.5 * whole[0].quantity_ve)
    assert broke[0].quantity_ve == broke[1].quantity_ve == 0.0
    assert list(lab.spot_demand(view(runway=math.inf, presence=1.0))) == whole
    gone = list(lab.spot_demand(view(presence=0.25)))
    assert gone[0].quantity_ve == pytest.approx(0.25 * whole[0].quantity_ve)
    assert lab.contracted_ve(view(presence=0.25)) == pytest.approx(0.25 * lab.contracted_ve(view()))


def test_labs_without_revenue_live_on_rounds_alone():
    economy = ran(200, funding__revenue_share=0.0)
    assert not economy.books.ledger.flow("sales of services")[economy.labs.owners].any()
    assert economy.record["labs_raised_usd"].sum() >= 0.0
    assert np.isfinite(economy.record["labs_cash_usd"]).all()


def test_labs_that_earn_more_than_they_pay_need_no_rounds():
    economy = ran(200, funding__revenue_share=2.0, **POOR)
    assert kinds(economy) == []
    assert economy.record["labs_cash_usd"][-1] > 0.0


def test_a_fork_begins_the_regime_on_its_first_day():
    economy = ran(60, "funding=off")
    fork = economy.fork(spec_of())
    assert fork.labs.owners
    fork.run(60)
    assert fork.record["labs_cash_usd"][-1] > 0.0
    back = fork.fork(spec_of("funding=off"))
    back.run(40)
    assert back.labs.owners == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("round_probability", 1.5),
        ("retry_months", 0.0),
        ("return_days", 0.0),
        ("revenue_share", -0.1),
        ("size_sd", 9.0),
    ],
)
def test_impossible_terms_are_refused(key, value):
    with pytest.raises(SpecError, match=rf"funding\.{key}"):
        read_spec(container(**{f"funding__{key}": value}))
