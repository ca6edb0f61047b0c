"""Notes as documented: conservation and order on random payment dates, tests, triggers, paper, retention, warehouse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.economy import Economy
from sim.roles import BuysNotes
from sim.rows.securitisation import Cover, NoteTerms
from sim.rules.note_prices import loss_intensity, note_price
from sim.rules.tranches import expected_loss_of, pool_losses
from sim.securitisation.notes import NotePool
from sim.securitisation.paper import rolled_share
from sim.securitisation.prices import Market, marks_of
from sim.securitisation.waterfall import Due, Pot, Stage, waterfall, write_downs
from sim.spec import SpecError, read_spec
from tests.worlds import container, moved, ran, series, world

money = st.floats(0.0, 1e9)
covers = st.builds(Cover, st.sampled_from([0.0, 1.0, 1.1, 1.4]), st.sampled_from([0.0, 1.2, 3.0]))
NAMES = ("note_senior", "note_mezzanine", "note_junior", "note_residual")
stages = st.builds(Stage, st.booleans(), st.booleans(), st.booleans())


@st.composite
def dates(draw):
    tests = draw(st.tuples(covers, covers, covers))
    terms = NoteTerms((0.7, 0.12, 0.08, 0.1), 0.0, 6.0, tests, 0.5, draw(st.booleans()), NAMES)
    due = Due(draw(money), draw(st.tuples(money, money, money)), draw(money))
    balance = np.array(draw(st.tuples(money, money, money, money)))
    return draw(st.builds(Pot, money, money, money)), due, balance, draw(money), terms, draw(stages)


@given(dates())
def test_every_use_has_a_source_and_no_note_is_paid_more_than_it_is_owed(date):
    pot, due, balance, collateral, terms, stage = date
    paid = waterfall(pot, due, balance, collateral, terms, stage)
    small = 1e-9 * (pot.total + due.fees + sum(due.interest) + due.reserve + 1.0)
    assert abs(paid.total - pot.total) <= small
    parts = (paid.fees, *paid.interest, *paid.cures, paid.reserve, *paid.through, paid.kept, paid.residual)
    assert min(parts) >= -small
    assert all(got <= owed for got, owed in zip(paid.interest, due.interest, strict=True))
    principal = np.array(paid.through) + np.array([*paid.cures, 0.0])
    assert (principal <= balance * (1 + 1e-12) + small).all()


@given(dates())
def test_interest_is_paid_in_order_and_what_fails_keeps_cash_from_those_below(date):
    pot, due, balance, collateral, terms, stage = date
    paid = waterfall(pot, due, balance, collateral, terms, stage)
    small = 1e-6 + 1e-9 * (pot.total + sum(due.interest))
    for k in (1, 2):
        if paid.interest[0] < due.interest[0] - small:
            assert paid.interest[k] <= small
    if paid.interest[1] < due.interest[1] - small:
        assert paid.interest[2] <= small
    if paid.test_failed or stage.rapid:
        assert paid.kept == 0.0
        for j in (0, 1, 2):
            if sum(paid.through[j + 1 :]) > small:
                assert paid.through[j] == pytest.approx(balance[j], abs=small)
    owed = np.cumsum(balance[:-1] - np.array(paid.through[:-1]) - np.array(paid.cures))
    for k, test in enumerate(terms.tests):
        uncured = test.overcollateralisation and owed[k] > collateral / test.overcollateralisation + small
        if uncured and paid.failed[k]:
            assert sum(paid.interest[k + 1 :]) <= pot.reserve + small, "but for the reserve nothing passes it"
            assert paid.residual <= small + max(0.0, pot.principal - balance.sum())
    if stage.trapped:
        assert paid.residual <= max(0.0, pot.principal - balance.sum()) + small


@given(st.floats(0.0, 5e9), st.tuples(money, money, money, money).map(np.array))
def test_losses_reach_the_classes_from_below(loss, balance):
    cuts = write_downs(loss, balance)
    assert cuts.sum() == pytest.approx(min(loss, balance.sum()), rel=1e-12, abs=1e-6)
    for k in range(3):
        if cuts[k] > 1e-5:
            assert cuts[k + 1 :] == pytest.approx(balance[k + 1 :])


TERMS = NoteTerms((0.7, 0.2, 0.0, 0.1), 0.0, 0.0, (Cover(), Cover(1.0, 2.0), Cover()), 0.5, False, NAMES)
BALANCE = np.array([70.0, 20.0, 0.0, 10.0])


def test_an_interest_test_that_fails_repays_the_senior_until_what_is_due_is_covered():
    pot, due = Pot(6.0, 0.0, 0.0), Due(0.0, (3.5, 1.0, 0.0), 0.0)
    paid = waterfall(pot, due, BALANCE, 100.0, TERMS)
    assert paid.failed == (False, True, False)
    assert paid.cures[0] == pytest.approx(1.5), "all that interest leaves: 30 would be needed"
    rich = waterfall(replace(pot, interest=8.9), due, BALANCE, 100.0, TERMS)
    assert rich.cures[0] == pytest.approx((4.5 - 8.9 / 2.0) / 3.5 * 70.0)
    assert rich.residual == pytest.approx(8.9 - 4.5 - rich.cures[0])


def test_stages_keep_trap_and_turn_cash():
    pot, due = Pot(10.0, 20.0, 0.0), Due(0.0, (3.5, 1.0, 0.0), 0.0)
    plain = waterfall(pot, due, BALANCE, 80.0, TERMS)
    assert plain.through == pytest.approx((14.0, 4.0, 0.0, 2.0))
    assert plain.residual == pytest.approx(5.5)
    keeps = waterfall(pot, due, BALANCE, 80.0, TERMS, Stage(revolving=True))
    assert (keeps.kept, sum(keeps.through), keeps.residual) == pytest.approx((20.0, 0.0, 5.5))
    traps = waterfall(pot, due, BALANCE, 80.0, TERMS, Stage(trapped=True))
    assert (traps.reserve, traps.residual) == pytest.approx((5.5, 0.0))
    rapid = waterfall(pot, due, BALANCE, 80.0, TERMS, Stage(rapid=True))
    assert (rapid.through[0], rapid.cures[0], rapid.residual) == pytest.approx((20.0, 5.5, 0.0))


def test_the_rating_model_expects_what_vasicek_published():
    losses = pool_losses(0.05, 0.2, 0.6)
    edges = [(0.0, 0.03, 0.62770), (0.03, 0.07, 0.19468), (0.07, 0.15, 0.037910), (0.15, 1.0, 4.103e-4)]
    for low, high, published in edges:
        assert expected_loss_of(low, high, losses) == pytest.approx(published, abs=1e-5)


def test_paper_is_rolled_less_with_less_collateral_falling_rents_and_a_run():
    paper = read_spec(container()).deal.paper
    usual = rolled_share(paper, 0.1, 0.0, 1.0)
    assert usual > 0.99
    for worse in (rolled_share(paper, -0.1, 0.0, 1.0), rolled_share(paper, 0.1, 0.2, 1.0)):
        assert worse < usual
    assert rolled_share(paper, 0.1, 0.0, 0.2) < usual


# worlds


def test_a_deal_that_is_off_matters_in_nothing_whatever_it_says():
    settings = {"deal__funding": "abcp", "deal__retention": "horizontal", "deal__warehouse_months": 0.0}
    plain = series(ran(70, "venue=none", "notes=default"))
    assert moved(series(ran(70, "venue=none", "notes=default", **settings)), plain) == []


def all_fail(economy: Economy) -> None:
    ledger, roll = economy.books.ledger, economy.books.roll
    for owner in roll.landlords:
        ledger.transfer("test", "cash", int(owner), roll.rest_of_world, ledger.cash(ledger.owners[owner]) + 1e9)


@pytest.mark.parametrize("preset", ["commercial_paper", "horizontal"])
def test_all_borrowers_failing_on_one_day_is_carried_to_the_end_with_every_law(preset):
    economy = world("venue=none", f"notes={preset}", days=200)
    economy.run(95)
    record = economy.record
    assert record["notes_mezzanine_usd"][-1] > 0.0
    assert record["deal_stage"][94] == 0.0
    held = economy.books.ledger.held("note_residual")[economy.books.roll.lenders].sum()
    assert (held > 0.0) == (preset == "horizontal")
    all_fail(economy)
    economy.run(90)
    assert record["note_writedowns_usd"].sum() > 0.0
    assert record["deal_stage"][-1] == 4.0
    kinds = {kind for _, kind, _ in economy.events}
    assert "deal stage" in kinds
    if preset == "commercial_paper":
        assert np.nanmin(record["paper_rolled"]) < 0.5
        assert record["paper_line_usd"].max() > 0.0
        assert record["pool_sales_usd"].sum() > 0.0
        assert "paper not rolled" in kinds


def test_a_fork_from_thin_notes_into_a_deal_keeps_what_is_outstanding():
    economy = world("venue=none", "notes=default", days=130)
    economy.run(65)
    twin = economy.fork(world("venue=none", "notes=term", days=2).spec)
    thin = economy.notes.issuer.pool.balance.sum()
    twin.run(60)
    assert twin.notes.issuer.pool.of("note_mezzanine") > 0.0
    assert twin.notes.issuer.pool.balance.sum() > thin


def test_where_investors_ask_too_much_the_warehouse_fills_and_draws_stop():
    plain = {"deal__warehouse_months": 1.0}
    economy = world("venue=none", "notes=term", days=200, **plain)
    economy.run(65)
    for _, investor in economy.register.of(BuysNotes):
        investor.remembered_losses = 10.0
    economy.run(125)
    record = economy.record
    assert record["warehouse_usd"][64] == 0.0
    assert record["warehouse_usd"][-1] > 0.0
    drawn = record["loan_draws_usd"][record["month_end"] == 1.0]
    assert drawn[-1] < 0.25 * drawn[0]
    assert record["room_share"][-1] < 0.25


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("notes.junior.share", 0.3, "notes are 1.12 of par: at most 1"),
        ("notes.senior.overcollateralisation", 2.0, "fails on the day of sale"),
        ("notes.senior.share", -0.1, "deal.notes.senior.share"),
        ("dscr_rapid", 1.3, "must not be above dscr_trap"),
        ("funding", "cp", "deal.funding"),
        ("paper.line_spread", -0.01, "deal.paper.line_spread"),
        ("rating.correlation", 1.0, "deal.rating.correlation"),
    ],
)
def test_impossible_deals_are_refused_by_key(key, value, said):
    settings = container()
    at = settings["deal"]
    *way, last = key.split(".")
    for name in way:
        at = at[name]
    at[last] = value
    with pytest.raises(SpecError) as refused:
        read_spec(settings)
    assert said in str(refused.value)


# marks


def test_a_note_that_pays_what_is_asked_and_loses_what_is_usual_is_at_par():
    assert note_price(0.02, 0.02, 0.04, 0.03, 0.03, 2.5) == pytest.approx(1.0, abs=1e-15)
    assert note_price(0.02, 0.02, 0.04, 1.0, 0.03, 2.5) == 0.0
    worse = [note_price(0.02, asked, 0.04, lost, 0.0, 2.5) for asked, lost in ((0.02, 0.1), (0.05, 0.1), (0.05, 0.6))]
    assert worse == sorted(worse, reverse=True)


@given(st.floats(0.0, 0.3), st.floats(0.0, 0.3), st.floats(0.0, 0.1), st.floats(0.0, 0.95), st.floats(0.2, 10.0))
def test_a_price_is_the_integral_of_expected_cash_flows_at_what_is_asked(coupon, asked, rate, lost, life):
    intensity = loss_intensity(lost, life)
    assert lost == pytest.approx(intensity / (1.0 / life + intensity)), "of all principal, that share is lost"
    decay = 1.0 / life + intensity + rate + asked
    edges = np.linspace(0.0, 40.0 / decay, 40_001)
    t = 0.5 * (edges[1:] + edges[:-1])
    flows = (rate + coupon + 1.0 / life) * np.exp(-decay * t)
    assert note_price(coupon, asked, rate, lost, 0.0, life) == pytest.approx(flows.sum() * edges[1], rel=1e-5)


def test_par_falls_by_what_is_repaid_and_not_by_what_is_written_down():
    pool = NotePool(1, NAMES)
    pool.issue(BALANCE, np.zeros(3), np.ones(1))
    pool.move(np.array([-35.0, 0.0, 0.0, 0.0]), lost=False)
    pool.move(np.array([0.0, -5.0, 0.0, -10.0]), lost=True)
    pool.move(np.array([0.0, -7.5, 0.0, 0.0]), lost=False)
    assert pool.balance == pytest.approx([35.0, 7.5, 0.0, 0.0])
    assert pool.par == pytest.approx([35.0, 10.0, 0.0, 10.0])
    pool.issue(BALANCE, np.zeros(3), np.ones(1))
    assert pool.par == pytest.approx([105.0, 30.0, 0.0, 10.0]), "a class that was gone begins anew"


def test_calm_notes_are_near_par_and_a_class_that_is_wiped_out_is_near_nought():
    economy = world("venue=none", "notes=term", days=260)
    economy.run(120)
    record = economy.record
    names = ("senior", "mezzanine", "junior")
    for name in names:
        calm = record[f"note_price_{name}"][40:120]
        assert 0.95 < calm.min() <= calm.max() < 1.02
    all_fail(economy)
    economy.run(20)
    for name, best in zip(names, (0.9, 0.05, 0.01), strict=True):
        price = record[f"note_price_{name}"][130]
        assert price < best, "loans in default count for half before anything is written off"
    economy.run(120)
    assert record["note_writedowns_junior_usd"].sum() > 0.0
    assert record["note_price_junior"][259] == 0.0
    assert record["note_price_senior"][259] < 0.5


def test_marks_follow_what_investors_ask_and_coverage_while_nothing_is_offered():
    calm = ran(150, "venue=none", "notes=term")
    notes = calm.notes
    pool, terms = notes.issuer.pool, notes._terms
    market = Market(0.04, notes.asked, 0.01)
    usual = marks_of(pool, notes.report, notes.deal, terms, market)
    dear = marks_of(pool, notes.report, notes.deal, terms, replace(market, asked=2.0 * notes.asked))
    risky = marks_of(pool, notes.report, notes.deal, terms, replace(market, chance=0.4))
    owed = pool.balance[:-1] > 0.0
    assert (dear[owed] < usual[owed]).all()
    assert (risky[owed] < usual[owed]).all()
    assert (np.diff(risky[owed]) < 0.0).all(), "the lower a class, the more it loses"
    full = replace(notes.report, sold_usd=np.zeros_like(notes.report.sold_usd))
    assert marks_of(pool, full, notes.deal, terms, market)[owed] == pytest.approx(usual[owed], abs=0.05)


def test_investors_without_room_say_what_they_ask_and_buy_nothing():
    economy = ran(70, "venue=none", "notes=term", agents__note_investor__note_share=1e-6)
    notes = economy.notes
    assert notes.asked is not None
    assert notes.issuer.issued_usd == 0.0
