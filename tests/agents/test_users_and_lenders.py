"""Labs, renters, lenders, the vendor and the crowd's record: what they ask for, given what they see."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.agents.desks import CURVE, RENT, agent, path, view

INFERENCE, TRAINING, SPILL = 0, 1, 2


# ---- renters and labs


def test_a_renter_wants_its_share_of_the_path_at_the_usual_rent():
    renter = agent("renter", weight=0.1)
    (row,) = renter.spot_demand(view(common=1.2))
    assert row.quantity_ve == pytest.approx(1.2 * 0.1 * renter.p.demand_share * 1000.0)
    assert row.reference_usd == RENT
    assert row.elasticity == renter.p.elasticity


def test_a_lab_splits_demand_into_inference_training_and_what_contracts_miss():
    lab = agent("ai_lab", weight=0.5, jobs_per_day=0.0)
    rows = list(lab.spot_demand(view(own=1.1, held=2000.0)))
    level = 1.1 * 0.5 * lab.p.demand_share * 1000.0
    assert rows[INFERENCE].quantity_ve == pytest.approx((1 - lab.p.training_share) * level)
    assert rows[TRAINING].quantity_ve == pytest.approx(lab.p.training_share * level)
    assert rows[SPILL].quantity_ve == pytest.approx(0.0), "it holds its share of all contracts"
    assert rows[TRAINING].service > rows[INFERENCE].service, "training is served last at the cap"
    assert rows[TRAINING].elasticity > rows[INFERENCE].elasticity


def test_a_lab_takes_a_share_of_missing_contract_hours_to_the_spot_market():
    lab = agent("ai_lab", weight=0.5)
    rows = list(lab.spot_demand(view(held=2000.0, short=300.0)))
    assert rows[SPILL].quantity_ve == pytest.approx(lab.p.spill * 300.0)
    rows = list(lab.spot_demand(view(held=1500.0)))
    assert rows[SPILL].quantity_ve == pytest.approx(lab.p.spill * 500.0)


def test_training_that_could_not_run_is_asked_for_again():
    lab = agent("ai_lab", jobs_per_day=0.0)
    before = list(lab.spot_demand(view()))[TRAINING].quantity_ve
    lab.learn(view(bought={TRAINING: 0.0}))
    after = list(lab.spot_demand(view()))[TRAINING].quantity_ve
    assert after == pytest.approx(before * (1 + 1 / lab.p.training_days))
    lab.learn(view(bought={TRAINING: 24.0 * (before + after)}))
    caught_up = list(lab.spot_demand(view()))[TRAINING].quantity_ve
    assert caught_up < after


def test_the_backlog_is_worked_off_in_its_days_and_never_negative():
    lab = agent("ai_lab", jobs_per_day=0.0)
    for _ in range(60):
        wanted = list(lab.spot_demand(view()))[TRAINING].quantity_ve
        lab.learn(view(bought={TRAINING: 24.0 * wanted}))
    assert lab.backlog_ve_hours == pytest.approx(24.0 * lab.training_ve * lab.p.training_days)
    lab.learn(view(bought={TRAINING: 1e12}))
    assert lab.backlog_ve_hours == 0.0


def test_users_adapt_to_dear_rents_over_years():
    renter = agent("renter")
    calm = next(iter(renter.spot_demand(view()))).quantity_ve
    for _ in range(365):
        renter.learn(view(rent_usd=2 * RENT))
    adapted = next(iter(renter.spot_demand(view())))
    share = 1 - math.exp(-1.0 / renter.p.adaptation_years)
    assert math.log(adapted.reference_usd / RENT) == pytest.approx(share * math.log(2.0), rel=0.01)
    log_fall = math.log(adapted.quantity_ve / calm)
    assert log_fall == pytest.approx(-renter.p.long_run_elasticity * share * math.log(2.0), rel=0.01)


def test_a_lab_relets_idle_reservations_only_when_rents_are_high():
    lab = agent("ai_lab", relet_share=0.05)
    (row,) = lab.spot_offers(view(held=200.0, short=50.0))
    assert row.quantity_ve == pytest.approx(lab.p.relet_share * 150.0)
    assert math.exp(row.a) == pytest.approx(lab.p.relet_start * RENT)
    assert list(lab.spot_offers(view())) == []
    assert list(agent("ai_lab").spot_offers(view(held=200.0, short=50.0))) == [], "by default none is let again"


def test_a_lab_wants_contracts_for_what_is_missing_and_nothing_when_it_has_enough():
    lab = agent("ai_lab", weight=0.5)
    rows = list(lab.reserved(view(held=1500.0)))
    assert [row.quantity_ve for row in rows] == pytest.approx([500.0] * len(path().tenors))
    assert list(lab.reserved(view(held=2500.0))) == []


def test_contracted_work_follows_half_a_years_rents_weakly():
    lab = agent("ai_lab")
    calm, dear = lab.contracted_ve(view()), lab.contracted_ve(view(rent_180d_usd=2 * RENT))
    assert dear / calm == pytest.approx(2.0**-lab.p.contracted_elasticity)


def test_a_lab_buys_forward_what_a_landlord_sells():
    (first, *_) = agent("ai_lab", hedge_pace_per_day=10.0).futures(view(curve=CURVE))
    lab = agent("ai_lab")
    use = lab.p.demand_share * 1000.0 * 24.0 * 30.0 / 730.0
    layer = 1 - CURVE.horizon_years[0] / lab.p.hedge_horizon_years
    assert first.trade_at_last == pytest.approx(lab.p.hedge_ratio * layer * use)
    assert first.slope_per_usd > 0.0


def test_expectations_of_a_month_that_is_half_over_are_half_known():
    known = replace(CURVE, known_weight=(0.5, 0.0, 0.0), known_mean_usd=(4.0, 0.0, 0.0))
    seen = view(curve=known)
    assert seen.expected_settlement_usd(0, 2.0) == pytest.approx(0.5 * 4.0 + 0.5 * RENT)
    assert seen.expected_settlement_usd(1, 2.0) == pytest.approx(RENT)


def test_expectations_keep_the_usual_ratio_of_the_index_to_rents():
    seen = view(curve=replace(CURVE, index_ratio=1.1))
    assert seen.expected_settlement_usd(2, 2.0) == pytest.approx(1.1 * RENT)


# ---- lenders


def test_a_lender_lends_until_its_capital_is_used():
    lender = agent("lender", capital_ratio=0.1)
    assert lender.room_usd(100.0, 600.0) == pytest.approx(400.0)
    assert lender.room_usd(100.0, 1500.0) == 0.0


def test_lenders_mark_to_book_exactly_unless_the_link_is_on():
    lender = agent("lender")
    cheap = replace(CURVE, price_usd=(0.8 * RENT,) * 3)
    assert lender.mark(view(curve=cheap)) == 1.0
    linked = lender.mark(view(curve=cheap, links={"curve_to_collateral": 1.0}))
    half = lender.mark(view(curve=cheap, links={"curve_to_collateral": 0.5}))
    assert linked < half < 1.0
    assert half == pytest.approx((1.0 + linked) / 2.0)
    assert lender.mark(view(curve=CURVE, links={"curve_to_collateral": 1.0})) == pytest.approx(1.0)
    assert lender.mark(view(links={"curve_to_collateral": 1.0})) == 1.0, "no venue, nothing to read"


def test_a_lender_values_a_chip_on_the_path_at_q_star():
    lender = agent("lender")
    value = lender.chip_value(view(), 1.0)
    assert value == pytest.approx(path().settings.q_star * path().chip_price_usd)


# ---- the vendor and the crowd


@pytest.mark.parametrize(("wanted", "accepted"), [(50.0, 1.0), (100.0, 1.0), (400.0, 0.25), (0.0, 1.0)])
def test_the_vendor_accepts_all_orders_pro_rata_up_to_its_capacity(wanted, accepted):
    assert agent("chip_vendor", capacity=2.0).accepted_share(view(), wanted, 50.0) == pytest.approx(accepted)


def test_crowds_share_the_wealth_of_their_group():
    one, part = agent("speculator").crowd(), agent("speculator", weight=0.25).crowd()
    assert part.wealth_usd == pytest.approx(0.25 * one.wealth_usd)
    assert one.traders == part.traders


# ---- views


def test_a_view_cannot_be_written_and_shows_no_one_elses_sheet():
    seen = view()
    with pytest.raises(AttributeError):
        seen.cash_usd = 5.0
    with pytest.raises(AttributeError):
        seen.friend = agent("renter")
    with pytest.raises(AttributeError):
        seen.today.rent_usd = 1.0


def test_agents_propose_without_changing_what_they_see_or_themselves():
    """Asked twice in a beat, they give the same rows, and their beliefs have not moved."""
    for kind in ("neocloud", "ai_lab", "renter", "hyperscaler"):
        asked = agent(kind)
        seen = view(curve=CURVE, held=50.0, sold=20.0)
        methods = ("spot_offers", "spot_demand", "reserved", "futures", "chips")
        for method in (name for name in methods if hasattr(asked, name)):
            first = list(getattr(asked, method)(seen))
            assert list(getattr(asked, method)(seen)) == first, (kind, method)


# ---- the auction of contracts


def amount(row, rent):
    """What a schedule asks for or offers at a rent."""
    better = math.log(row.limit_usd / rent) if row.quantity_ve > 0.0 else math.log(rent / row.limit_usd)
    return abs(row.quantity_ve) * min(1.0, max(0.0, better / row.width))


def test_a_lab_bids_for_what_is_missing_at_the_usual_rent_and_for_less_above_it():
    lab = agent("ai_lab", weight=0.5)
    usual = path("default").menu * RENT
    rows = list(lab.reserved(view(held=1990.0, reserved="default")))
    assert [amount(row, rent) for row, rent in zip(rows, usual, strict=True)] == pytest.approx([10.0] * 4)
    dear = amount(rows[0], usual[0] * 1.002)
    assert dear == pytest.approx(10.0 - 2000.0 * lab.p.reserve_elasticity * math.log(1.002))
    assert amount(rows[0], usual[0] * 1.1) == 0.0
    full = list(lab.reserved(view(held=2050.0, reserved="default")))
    assert amount(full[0], usual[0]) == 0.0
    assert amount(full[0], 0.9 * usual[0]) > 0.0, "cheap contracts are bought ahead of need"


def test_a_landlord_offers_more_of_its_fleet_under_contract_when_rents_are_good():
    firm = agent("neocloud", reserved_share=0.9)
    usual = path("default").menu * RENT
    rows = list(firm.reserved(view(sold=89.0, reserved="default")))
    assert [amount(row, rent) for row, rent in zip(rows, usual, strict=True)] == pytest.approx([1.0] * 4)
    good = amount(rows[2], usual[2] * 1.05)
    assert good == pytest.approx(1.0 + 90.0 * firm.p.contract_elasticity * math.log(1.05))
    assert amount(rows[2], usual[2] * 1e6) == pytest.approx(11.0), "never more than it has"


def test_security_counts_most_in_the_middle_of_the_menu():
    lab, firm = agent("ai_lab"), agent("neocloud")
    years = [tenor.years for tenor in path().tenors]
    _, worth = type(lab).contract_terms(lab.p, years)
    assert worth[0] < worth[1] < worth[2] > worth[3]
    _, asked = type(firm).contract_terms(firm.p, years)
    assert asked == pytest.approx([math.log(1 - firm.p.contract_idle)] * 4)
