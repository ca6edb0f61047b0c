"""Spreads of new loans that answer: to leverage, coverage, lenders' own losses and notes; on the path to nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.metrics import METRICS
from sim.metrics.measure import Window
from sim.problems import SpecError
from sim.rules.credit_pricing import (
    bounded,
    default_chance,
    expected_loss,
    funding_charge,
    learned_loss_rate,
    loss_given_default,
)
from tests.worlds import SLUMP, moved, ran, series, spec_of, world

ANSWERING = "loan.pricing=answering"
OVERHANG = {"agents__neocloud__advance_rate": 0.95, "agents__neocloud__reserved_share": 0.2}


# ---- the rule


def test_the_loss_expected_rises_with_leverage_and_falls_with_coverage():
    assert default_chance(1.0, 0.1) == pytest.approx(0.5)
    assert default_chance(math.exp(0.1), 0.1) == pytest.approx(0.158655, abs=1e-6)  # one standard deviation
    assert default_chance(0.0, 0.1) == 1.0
    assert (loss_given_default(0.4, 0.5), loss_given_default(0.0, 0.5)) == (0.0, 0.0)
    assert loss_given_default(0.8, 0.5) == pytest.approx(0.375)
    coverage = [expected_loss(d, 0.8, 0.1, 0.5) for d in (1.3, 1.2, 1.1, 1.0)]
    leverage = [expected_loss(1.1, v, 0.1, 0.5) for v in (0.5, 0.6, 0.8, 0.95)]
    assert coverage == sorted(coverage)
    assert leverage == sorted(leverage)


def test_experience_halves_in_its_half_life_and_a_change_stays_in_bounds():
    assert learned_loss_rate(0.04, 0.0, 2.0, 2.0) == pytest.approx(0.02)
    assert learned_loss_rate(0.04, 0.04, 1.0, 2.0) == pytest.approx(0.04)
    assert bounded(0.05, 0.2, 0.02, 0.13) == pytest.approx(0.08)
    assert bounded(0.05, -0.2, 0.02, 0.13) == pytest.approx(-0.03)
    assert bounded(0.15, 0.01, 0.02, 0.13) == 0.0, "an own spread above the bounds is kept"


def test_a_part_of_what_sold_loans_save_and_notes_cost_reaches_borrowers():
    assert funding_charge(0.01, 1.0, 0.5, 0.9, 0.0) == -0.01, "as where spreads are fixed: in full, and no notes' cost"
    assert funding_charge(0.01, 0.5, 0.004, 0.5, 0.5) == pytest.approx(-0.005 + 0.001)


# ---- the world


def spreads(economy) -> np.ndarray:
    return economy.record["loan_spread_mean"]


def test_fixed_spreads_are_the_borrowers_own_whatever_happens():
    economy = ran(100, "venue=none", shocks={"slump": SLUMP})
    assert spreads(economy) == pytest.approx(np.mean([0.0225, 0.045, 0.045]))
    assert not economy.credit.pricing.spread_change.any()
    assert not economy.credit.loans.discount.any()


def test_answering_without_chance_a_world_stays_where_fixed_spreads_keep_it():
    plain = ("regions=one", "works=alike", "tiers=one", "venue=none", "agents.neocloud.count=12", "noise=none")
    economy = ran(400, *plain, ANSWERING)
    assert np.abs(economy.record["fleet_ve"] / economy.record["fleet_path_ve"] - 1.0).max() < 0.01
    assert np.abs(spreads(economy) - spreads(economy)[0]).max() < 0.0015


@pytest.fixture(scope="module")
def squeezed():
    return ran(300, "venue=none", ANSWERING, shocks={"slump": SLUMP}, **OVERHANG)


def test_a_slump_of_levered_firms_raises_spreads_up_to_the_highest_on_record(squeezed):
    highest = squeezed.record["loan_spread_max"]
    assert highest.max() == pytest.approx(squeezed.spec.loan.answers.highest)
    assert spreads(squeezed)[0] < spreads(squeezed).max()
    assert METRICS["loan_spread_high"].of(Window(squeezed.record, 0, 300)) == highest.max()


def test_lenders_learn_from_what_they_lose_and_no_more_from_what_they_sold(squeezed):
    assert squeezed.record["loan_losses_usd"].sum() > 0.0
    assert (squeezed.credit.lenders.loss_rate > 0.0).all()
    assert squeezed.record["lender_losses_usd"].sum() == pytest.approx(squeezed.record["loan_losses_usd"].sum())
    sold = ran(300, "venue=none", "notes=pass_through", shocks={"slump": SLUMP}, **OVERHANG)
    theirs, all_lost = sold.record["lender_losses_usd"].sum(), sold.record["loan_losses_usd"].sum()
    assert 0.0 < theirs < all_lost
    assert theirs == pytest.approx(all_lost - sold.credit.loans.sold.lost_usd)


def test_new_draws_carry_the_spread_of_their_month_and_old_ones_keep_theirs():
    economy = ran(31, "venue=none", ANSWERING, agents__neocloud__advance_rate=0.9)
    credit = economy.credit
    credit.loans.discount[:] = 0.0
    before, draws = credit.loans.balance.sum(axis=1), np.full(len(credit.loans.balance), 1e6)
    credit.loans.price_draws(draws, np.full(len(draws), 0.02))
    assert credit.loans.discount == pytest.approx(0.02 * draws / (before + draws))


def test_looser_advances_make_capital_cheaper_where_terms_answer():
    rates = {}
    for pricing in ("fixed", "answering"):
        economy = ran(31, "venue=none", "notes=default", f"loan.pricing={pricing}")
        owner = int(economy.books.roll.landlords[0])
        firm, view = economy.register.people[owner], economy.register.views[owner]
        own = firm.p.advance_rate
        told = own * view.advance_factor
        rates[pricing] = told
        debt = view.today.policy_rate + firm.p.spread + view.spread_change + view.today.capital_charge
        assert firm.cost_of_capital(view) == pytest.approx(told * debt + (1.0 - told) * 0.18)
    assert rates["fixed"] == own
    assert rates["answering"] == pytest.approx(min(0.95, own * economy.notes.offering.advance))


def test_borrowers_get_half_of_the_relief_where_terms_answer():
    charges = [ran(31, "venue=none", "notes=default", f"loan.pricing={p}").notes.offering.charge for p in
               ("fixed", "answering")]  # fmt: skip
    assert charges[0] < charges[1] < 0.5 * charges[0] + 0.001


def test_the_link_to_collateral_reaches_the_cost_of_capital_through_its_own_switch_alone():
    fixed, answering = (ran(40, f"loan.pricing={p}") for p in ("fixed", "answering"))
    for economy in (fixed, answering):
        view = economy.register.views[int(economy.books.roll.landlords[0])]
        assert view.advance_factor == view.without_links().advance_factor
    linked = ran(40, ANSWERING, links__curve_to_collateral=1.0)
    view = linked.register.views[int(linked.books.roll.landlords[0])]
    assert view.advance_factor != view.without_links().advance_factor


def test_a_fork_may_let_spreads_answer_from_here_on():
    origin = ran(40, "venue=none", shocks={"slump": SLUMP})
    twin = origin.fork(spec_of("venue=none", ANSWERING, shocks={"slump": SLUMP}))
    for economy in (origin, twin):
        economy.run(60)
    assert "loan_spread_mean" in moved(series(origin), series(twin))


# ---- what is sold, and what is lent


def test_what_is_sold_is_told_beside_what_was_meant():
    economy = ran(100, "venue=none", "notes=default")
    window = Window(economy.record, 0, 100)
    assert METRICS["share_sold_realised"].of(window) == pytest.approx(0.5 * 0.95)
    shut = ran(100, "venue=none", "notes=default", agents__note_investor__senior_spread=0.2)
    assert METRICS["share_sold_realised"].of(Window(shut.record, 0, 100)) == 0.0
    (text, *_) = [text for _, kind, text in shut.events if kind == "no note issue"]
    assert "they ask" in text
    assert "0% of what they may" in text
    assert "new loans would pay" in text


def test_why_nothing_is_sold_says_how_full_investors_are():
    economy = ran(100, "venue=none", "notes=default", agents__note_investor__wealth_usd=2e10)
    notes = economy.notes
    notes._show()
    bids = notes._rows()
    text = notes._shut(bids, economy.credit.margin(), 0.0, 0.0)
    held, most = float(notes.issuer.pool.balance.sum()), sum(row.most_usd for _, row in bids)
    assert held > 0.05 * most
    assert f"{held / (held + most):.0%} of what they may" in text


@pytest.mark.parametrize(("amortisation", "binds"), [(0.45, False), (0.1, True)])
def test_the_borrowing_base_binds_where_loans_amortise_slower_than_chips_age(amortisation, binds):
    economy = ran(65, "venue=none", loan__facilities__delayed_draw__amortisation=amortisation)
    credit = economy.credit
    over_base = credit.pricing.path_ltv / credit.borrowers.advance_rate
    assert (over_base > 1.0).all() == binds
    assert (METRICS["base_bound_firms"].of(Window(economy.record, 0, 65)) > 0.0) == binds


def test_bounds_of_spreads_in_the_wrong_order_and_a_wrong_word_are_refused():
    with pytest.raises(SpecError, match="lowest"):
        world("venue=none", loan__answers__highest=0.01)
    with pytest.raises(SpecError, match="answering"):
        world("venue=none", loan__pricing="answer")
