"""Securitisation in the running economy: exact nulls, channels that act, accidents that leave the books in order."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.analyse.stats import interval
from sim.laws import BrokenLaw
from sim.rules.screening import loosening
from sim.spec import SpecError, read_spec
from tests.worlds import SLUMP, container, moved, ran, row, series, spot_side, world

NOTES = ("notes_", "note_", "loans_sold", "oc_ratio", "lender_capital")
DAYS = 160
SEEDS = (1, 2, 3, 4, 5)
OVERHANG = {"agents__neocloud__advance_rate": 0.95, "agents__neocloud__reserved_share": 0.2}


def physical(economy):
    """The bits of everything but the notes themselves and their lenders' last bits."""
    return {name: bits for name, bits in spot_side(economy).items() if not name.startswith(NOTES)}


def kinds(economy):
    return {kind for _, kind, _ in economy.events}


@pytest.fixture(scope="module")
def kept():
    return ran(DAYS)


@pytest.mark.parametrize(
    "changed",
    [
        {"retention": 0.6, "capital_relief": 0.0, "screening": 1.0, "margin": 0.2},
        {"senior_share": 0.5, "junior_share": 0.3, "residual_share": 0.2, "fee_per_year": 0.2, "recovery": 0.0},
        {"overcollateralisation": 9.0, "reserve_months": 99.0, "principal": "sequential", "asset_sd": 2.0},
    ],
)
def test_n7_nothing_of_the_notes_matters_while_nothing_is_sold(kept, changed):
    other = ran(DAYS, **{f"agents__vehicle__{key}": value for key, value in changed.items()})
    assert moved(series(kept), series(other)) == []


def test_n7_investors_do_not_matter_while_nothing_is_sold(kept):
    other = ran(DAYS, agents__note_investor__wealth_usd=1.0, agents__note_investor__senior_spread=0.5)
    assert moved(series(kept), series(other)) == []


def test_n8_a_pass_through_moves_ownership_and_nothing_else(kept):
    sold = ran(DAYS, "notes=pass_through")
    assert sold.record["loans_sold_usd"][-1] > 0.1 * sold.record["loans_usd"][-1]
    assert moved(physical(kept), physical(sold)) == []


def test_n8_full_retention_sells_nothing_and_changes_nothing(kept):
    assert moved(series(kept), series(ran(DAYS, "notes=full_retention"))) == []


@pytest.mark.slow
def test_capital_relief_lowers_what_borrowers_pay_and_raises_orders():
    effects = []
    for seed in range(1, 9):
        passed = ran(300, "venue=none", "notes=pass_through", seed=seed)
        relieved = ran(300, "venue=none", "notes=relief_only", seed=seed)
        assert relieved.notes.offering.charge == pytest.approx(-0.10 * 0.5 * 0.95 * 0.11)
        assert (relieved.credit.loans.discount < 0.0).all()
        assert relieved.record["q_mean"][30] > passed.record["q_mean"][30] + 0.005
        effects.append(relieved.record["orders_ve"].sum() / passed.record["orders_ve"].sum() - 1.0)
    assert np.mean(effects) > 0.0


@pytest.mark.slow
def test_screening_raises_advances_and_loans():
    effects = []
    for seed in SEEDS:
        passed = ran(200, "venue=none", "notes=pass_through", seed=seed)
        loose = ran(200, "venue=none", "notes=pass_through", seed=seed, agents__vehicle__screening=0.235)
        assert loose.notes.offering.advance == pytest.approx(1.025, abs=0.001)
        effects.append(loose.record["loans_usd"][-1] / passed.record["loans_usd"][-1] - 1.0)
    assert interval(np.array(effects))[0] > 0.0


@pytest.mark.slow
def test_where_the_vendors_capacity_binds_relief_raises_the_chip_price_if_it_may_clear():
    effects = []
    for seed in SEEDS:
        full = {"agents__chip_vendor__capacity": 0.95, "agents__chip_vendor__price_clears": True}
        kept, relieved = (ran(200, "venue=none", *notes, **full, seed=seed) for notes in ((), ("notes=relief_only",)))
        effects.append(relieved.record["chip_premium"].mean() - kept.record["chip_premium"].mean())
    assert interval(np.array(effects))[0] > 0.0


def test_relief_leaves_lenders_room_where_their_own_capital_binds():
    tight = {"agents__lender__capital_slack": 0.9}
    kept, passed = ran(100, **tight), ran(100, "notes=pass_through", **tight)
    relieved = ran(100, "notes=relief_only", **tight)
    assert kept.record["room_share"].min() < 1.0
    assert passed.record["room_share"].min() < 1.0
    assert relieved.record["room_share"].mean() > kept.record["room_share"].mean()


def test_the_screening_rule_is_exact_at_its_zeros_and_gives_the_published_loan_to_values():
    assert loosening(1.0, 0.01, 0.4, 1.0) == 1.0
    assert loosening(0.05, 0.01, 0.4, 0.0) == 1.0
    for kept_share, expected in ((0.5, 0.406), (0.2, 0.478), (0.1, 0.553), (0.05, 0.659)):
        assert 0.364 * loosening(kept_share, 0.01, 0.4, 1.0) == pytest.approx(expected, abs=2e-3)


@pytest.fixture(scope="module")
def slumped():
    return ran(400, "notes=default", shocks={"slump": SLUMP}, **OVERHANG)


def test_a_slump_writes_notes_down_from_the_bottom_and_stops_issues(slumped):
    record = slumped.record
    assert record["note_writedowns_usd"].sum() > 0.0
    assert {"note write-down", "no note issue", "collateral test failed"} <= kinds(slumped)
    stopped = next(day for day, kind, _ in slumped.events if kind == "no note issue")
    assert record["notes_issued_usd"][stopped] == 0.0
    cut = np.flatnonzero(record["note_writedowns_usd"] > 1e6)
    senior_hit = [d for d in cut if record["notes_senior_usd"][d] < record["notes_senior_usd"][d - 1] * (1 - 1e-3)]
    for day in senior_hit:
        assert record["notes_residual_usd"][day] <= 1.0 or record["month_end"][day] == 1.0


def test_all_borrowers_failing_on_one_day_leaves_the_books_in_order():
    economy = world("notes=default", days=260)
    economy.run(95)
    ledger, roll = economy.books.ledger, economy.books.roll
    for owner in roll.landlords:
        ledger.transfer("test", "cash", int(owner), roll.rest_of_world, ledger.cash(ledger.owners[owner]) + 1e9)
    economy.step()
    assert economy.record["defaults"][-1] == len(roll.landlords)
    economy.run(130)
    assert economy.record["loan_losses_usd"].sum() > 0.0
    assert economy.record["note_writedowns_usd"].sum() > 0.0
    assert "collateral test failed" in kinds(economy)


def test_investors_without_wealth_buy_nothing_and_it_is_recorded():
    economy = ran(70, "notes=default", agents__note_investor__wealth_usd=0.0)
    assert (economy.record["loans_sold_usd"] == 0.0).all()
    assert [text for _, kind, text in economy.events if kind == "no note issue"] == ["investors have no room"]
    assert economy.notes.offering.charge == 0.0


def test_investors_with_little_wealth_bound_what_is_sold():
    economy = ran(130, "notes=default", agents__note_investor__wealth_usd=2e9)
    assert 0.0 < economy.record["loans_sold_usd"].max() < 0.6 * 2e9


def test_spreads_beyond_the_margin_stop_issues():
    economy = ran(70, "notes=default", agents__note_investor__senior_spread=0.2)
    assert (economy.record["loans_sold_usd"] == 0.0).all()
    assert np.nanmax(economy.record["note_spread_required"]) > 0.1
    assert "no note issue" in kinds(economy)


def test_a_pool_without_loans_is_an_event():
    economy = ran(70, "notes=default", loan__enabled=False)
    assert [text for _, kind, text in economy.events if kind == "no note issue"] == ["there are no loans to sell"]


def test_a_pool_that_nobody_borrows_from_is_an_event():
    economy = ran(70, "notes=default", agents__neocloud__advance_rate=0.0)
    told = {text for _, kind, text in economy.events if kind == "no note issue"}
    assert told == {"no loans were made, and the pool has none"}


@pytest.mark.parametrize("shares", [(1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.5, 0.5, 0.0), (0.0, 1.0, 0.0)])
def test_notes_of_one_or_two_classes_keep_the_laws_through_losses(shares):
    classes = dict(zip(("senior_share", "junior_share", "residual_share"), shares, strict=True))
    cheap = {"agents__note_investor__junior_spread": 0.01, "agents__note_investor__residual_spread": 0.01}
    terms = {f"agents__vehicle__{name}": share for name, share in classes.items()} | cheap
    economy = ran(260, "notes=default", shocks={"slump": SLUMP}, **OVERHANG, **terms)
    assert economy.record["loans_sold_usd"].max() > 1e8
    assert economy.record["note_writedowns_usd"].sum() > 0.0


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("retention", 1.2, "agents.vehicle.retention"),
        ("senior_share", 0.9, "must add up to 1, not 1.1"),
        ("count", 2, "one vehicle buys for all"),
        ("overcollateralisation", float("nan"), "agents.vehicle.overcollateralisation"),
    ],
)
def test_impossible_notes_are_refused_before_the_run(key, value, said):
    settings = container("notes=default")
    settings["agents"]["vehicle"][key] = value
    with pytest.raises(SpecError) as refused:
        world_of(settings)
    assert said in str(refused.value)


def world_of(settings):
    from sim.economy import Economy

    return Economy(read_spec(settings), days=2)


def test_notes_begin_and_end_in_a_fork():
    economy = world(days=200)
    economy.run(60)
    begun = economy.fork(read_spec(container("notes=default")))
    begun.run(70)
    assert begun.record["loans_sold_usd"][-1] > 0.0
    ended = begun.fork(read_spec(container()))
    before = ended.record["loans_sold_usd"][-1]
    ended.run(70)
    assert 0.0 < ended.record["loans_sold_usd"][-1] < before
    assert ended.notes.offering.charge == 0.0


def test_chips_cost_more_when_orders_exceed_capacity_and_only_if_they_may():
    wanted = {"agents__chip_vendor__capacity": 0.5}
    rationed, cleared = ran(100, **wanted), ran(100, **wanted, agents__chip_vendor__price_clears=True)
    assert (rationed.record["chip_premium"] == 1.0).all()
    assert cleared.record["chip_premium"][-1] > 1.05
    slack = ran(100, agents__chip_vendor__price_clears=True)
    assert moved(series(ran(100)), series(slack)) == []


@pytest.mark.parametrize(
    ("theft", "law"), [("cash", "A10"), ("note", "A10"), ("loan", "A9"), ("reserve", "A10"), ("uses", "A10")]
)
def test_a10_notes_that_do_not_add_up_stop_the_day(theft, law):
    economy = world("notes=default", days=90)
    economy.run(62)
    ledger, vehicle = economy.books.ledger, row(economy, "vehicle_1")
    if theft == "cash":
        ledger.transfer("test", "cash", row(economy, "rest_of_world"), vehicle, 1e5)
    elif theft == "note":
        ledger.transfer("test", "note_senior", vehicle, row(economy, "note_investor_1"), 1e5)
    elif theft == "loan":
        ledger.transfer("test", "loan", vehicle, row(economy, "neocloud_1"), 1e5)
    elif theft == "reserve":
        economy.notes.issuer.pool.reserve_usd += 1e5
    else:
        economy.notes.issuer.pool.uses_usd += 1.0
    with pytest.raises(BrokenLaw, match=rf"day 62: {law}: "):
        economy.step()
