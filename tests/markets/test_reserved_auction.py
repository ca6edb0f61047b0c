"""The double auction of contracts: where curves cross, ties pro rata, renewals, rejection by a customer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.reserved.auction import APART, NO_OFFERS, NO_WANTS, auction_week
from sim.rows.reserved import ReservedRow
from tests.worlds import balances, container, moved, ran, series, world

SHARES = np.array([0.25, 0.75])
MENU = np.array([2.0, 1.5])


def week(offers, wants, shape=(2, 2, 3), renewed=None):
    return auction_week(offers, wants, shape, SHARES, MENU, np.zeros(shape[1:]) if renewed is None else renewed)


def offer(who, quantity, begin, width=0.0, tenor=0):
    return who, ReservedRow(tenor, -quantity, begin, width)


def want(who, quantity, begin, width=0.0, tenor=0):
    return who, ReservedRow(tenor, quantity, begin, width)


def test_schedules_cross_where_cumulative_demand_meets_supply():
    """40 (ln p - ln 2) / .2 = 20 (ln 2.4 - ln p) / .1 gives p = sqrt(2 x 2.4)."""
    signing = week([offer(0, 40.0, 2.0, 0.2)], [want(1, 20.0, 2.4, 0.1)])
    assert signing.menu_usd[0] == pytest.approx(math.sqrt(2.0 * 2.4))
    signed = signing.quantity_ve[0] / SHARES[0]
    assert signed.sum() == pytest.approx(200.0 * math.log(math.sqrt(1.2)))
    assert signed[0, 1] == signed.sum()
    assert signing.rent_usd[0].tolist() == [signing.menu_usd[0]] * 2, "one rent for all"


def test_steps_at_the_rent_are_filled_pro_rata_and_better_ones_whole():
    signing = week(
        [offer(0, 30.0, 2.0), offer(1, 10.0, 2.5)], [want(0, 20.0, 2.5), want(1, 40.0, 2.5), want(2, 4.0, 3.0)]
    )
    assert signing.menu_usd[0] == pytest.approx(2.5)
    signed = signing.quantity_ve[0] / SHARES[0]
    assert signed.sum(axis=1) == pytest.approx([30.0, 10.0])
    assert signed.sum(axis=0) == pytest.approx([12.0, 24.0, 4.0])


def test_where_a_range_of_rents_would_do_it_is_the_middle():
    signing = week([offer(0, 10.0, 2.0)], [want(0, 10.0, 3.0)])
    assert signing.menu_usd[0] == pytest.approx(math.sqrt(6.0))
    assert signing.quantity_ve[0].sum() / SHARES[0] == pytest.approx(10.0)


def test_sides_that_are_apart_sign_nothing_and_the_menu_stays():
    signing = week([offer(0, 10.0, 3.0, 0.1)], [want(0, 10.0, 2.0, 0.1)])
    assert not signing.quantity_ve.any()
    assert signing.menu_usd.tolist() == MENU.tolist()
    assert signing.trouble == (APART, NO_OFFERS)
    assert week([offer(0, 1.0, 2.0)], []).trouble[0] == NO_WANTS


def test_a_customer_without_a_limit_pays_what_clears():
    signing = week([offer(0, 10.0, 2.0), offer(1, 10.0, 2.2)], [want(0, 15.0, math.inf)])
    assert signing.menu_usd[0] == pytest.approx(2.2)
    assert signing.quantity_ve[0].sum(axis=1) / SHARES[0] == pytest.approx([10.0, 5.0])


def test_renewals_stay_with_their_landlord_and_change_nobodys_total():
    offers = [offer(0, 40.0, 2.0, 0.2), offer(1, 40.0, 2.0, 0.2)]
    wants = [want(0, 20.0, 2.4, 0.1), want(1, 20.0, 2.4, 0.1)]
    ended = np.array([[6.0, 0.0, 0.0], [0.0, 6.0, 0.0]])
    free, sticky = week(offers, wants), week(offers, wants, renewed=ended)
    assert sticky.menu_usd.tolist() == free.menu_usd.tolist()
    assert sticky.quantity_ve.sum(axis=2) == pytest.approx(free.quantity_ve.sum(axis=2))
    assert sticky.quantity_ve.sum(axis=1) == pytest.approx(free.quantity_ve.sum(axis=1))
    assert sticky.quantity_ve[0, 0, 0] - sticky.quantity_ve[0, 0, 1] == pytest.approx(SHARES[0] * 6.0)


def test_more_renewals_than_are_signed_are_cut_to_what_is():
    ended = np.full((2, 3), 1e6)
    signing = week([offer(0, 40.0, 2.0, 0.2)], [want(1, 20.0, 2.4, 0.1)], renewed=ended)
    plain = week([offer(0, 40.0, 2.0, 0.2)], [want(1, 20.0, 2.4, 0.1)])
    assert signing.quantity_ve == pytest.approx(plain.quantity_ve)


AMOUNT = st.floats(0.001, 1e4)
ROWS = st.lists(st.tuples(AMOUNT, st.floats(0.1, 10.0), st.sampled_from([0.0, 0.0, 0.1, 1.0])), min_size=1, max_size=5)


def swept(rows, sign, price):
    """A side's total at a rent by the definition, with all that stands at its limit."""
    total = 0.0
    for quantity, limit, width in rows:
        better = sign * math.log(price / limit)
        total += quantity * (float(better >= -1e-12) if width == 0.0 else min(1.0, max(0.0, better / width)))
    return total


@given(ROWS, ROWS, st.randoms(use_true_random=False))
def test_the_auction_clears_and_no_list_order_matters(offers, wants, shuffler):
    shape = (2, len(offers), len(wants))
    supply = [offer(i, q, b, w, k) for i, (q, b, w) in enumerate(offers) for k in (0, 1)]
    demand = [want(i, q, b, w, k) for i, (q, b, w) in enumerate(wants) for k in (0, 1)]
    first = week(supply, demand, shape)
    shuffler.shuffle(supply)
    shuffler.shuffle(demand)
    again = week(supply, demand, shape)
    assert first.quantity_ve.tobytes() == again.quantity_ve.tobytes()
    assert first.menu_usd.tobytes() == again.menu_usd.tobytes()
    volume = first.quantity_ve[0].sum() / SHARES[0]
    if not volume:
        assert max(b for _, b, _ in wants) <= min(b for _, b, _ in offers) * (1 + 1e-9)
        return
    rent = float(first.menu_usd[0])
    most = min(swept(offers, 1.0, rent), swept(wants, -1.0, rent))
    assert volume == pytest.approx(most, rel=1e-6, abs=1e-6), "nobody willing on the short side is left out"
    up, down = rent * 1.0001, rent / 1.0001
    assert min(swept(offers, 1.0, up), swept(wants, -1.0, up)) <= volume + 1e-2 * max(q for q, _, _ in offers + wants)
    assert min(swept(offers, 1.0, down), swept(wants, -1.0, down)) <= volume + 1e-2 * max(
        q for q, _, _ in offers + wants
    )


# ---- in the world


def test_on_the_menu_nothing_of_the_auction_matters():
    plain = ran(40, "reserved=menu")
    other = ran(
        40, "reserved=menu", agents__ai_lab__reserve_elasticity=0.1, agents__ai_lab__reserve_security=0.5,
        agents__neocloud__contract_idle=0.01, agents__neocloud__contract_elasticity=1.0, reserved__renewal=0.9,
    )  # fmt: skip
    assert moved(series(plain), series(other)) == []
    assert balances(plain) == balances(other)


def test_dearer_security_makes_dearer_contracts():
    plain, safe = ran(60), ran(60, agents__ai_lab__reserve_security=0.3)
    for tenor in ("3m", "12m", "36m"):
        column = f"reserved_{tenor}_usd_per_ve_hour"
        assert safe.record[column][-1] > 1.02 * plain.record[column][-1]
    assert safe.record["reserved_ve"][-1] == pytest.approx(plain.record["reserved_ve"][-1], rel=0.02)


def test_without_noise_contracts_stay_at_the_discounts_of_the_path():
    economy = ran(200, "noise=none", "world=stationary")
    for k, tenor in enumerate(economy.path.tenors):
        rent = economy.record[f"reserved_{tenor.name}_usd_per_ve_hour"][1:]
        assert rent == pytest.approx(economy.path.menu[k] * 2.81, rel=0.02)
    assert economy.record["reserved_ve"][-1] == pytest.approx(economy.record["reserved_ve"][0], rel=0.01)


def test_renewal_moves_who_has_whom_and_not_the_market():
    sticky, loose = ran(120, reserved__renewal=1.0), ran(120, reserved__renewal=0.0)
    a, b = sticky.reserved.contracts.quantity_ve, loose.reserved.contracts.quantity_ve
    assert a.sum() == pytest.approx(b.sum(), rel=1e-6)
    assert np.abs(a - b).max() > 0.0 or a.shape[1] == 1
    assert sticky.record["rent_usd_per_ve_hour"] == pytest.approx(loose.record["rent_usd_per_ve_hour"], rel=1e-6)


def test_a_customer_in_default_gives_back_capacity_and_forfeits_what_it_prepaid():
    economy = ran(20)
    contracts, ledger, roll = economy.reserved.contracts, economy.books.ledger, economy.books.roll
    held, prepaid = contracts.quantity_ve[:, 0].copy(), contracts.prepaid[:, :, 0].sum(axis=0)
    others, worth = contracts.quantity_ve[:, 1:].copy(), ledger.net_worth()
    gone = economy.reserved.reject(int(roll.customers[0]), 0.4)
    assert gone == pytest.approx(0.4 * held.sum())
    assert contracts.quantity_ve[:, 0] == pytest.approx(0.6 * held)
    assert contracts.quantity_ve[:, 1:] == pytest.approx(others)
    gained = ledger.net_worth() - worth
    assert gained[roll.landlords] == pytest.approx(0.4 * prepaid)
    assert gained[roll.customers[0]] == pytest.approx(-0.4 * prepaid.sum())
    economy.run(40)
    with pytest.raises(ValueError, match="cannot reject"):
        economy.reserved.reject(int(roll.customers[0]), 1.5)
    assert economy.reserved.reject(roll.rest_of_world, 0.4) == 0.0, "it has no contracts"


def test_index_linked_rents_follow_the_index_and_reach_the_books():
    fixed, linked = ran(400, "noise=none"), ran(400, "noise=none", reserved__indexed_share=1.0)
    assert linked.reserved.contracts.units is not None
    ratio = linked.books.ledger.flow("reserved rent").max() / fixed.books.ledger.flow("reserved rent").max()
    assert ratio == pytest.approx(1.0, abs=0.08), "early in its tenor an index stands above its mean"
    due = linked.reserved.contracts
    once, double = due.due_usd_per_hour(2.0), due.due_usd_per_hour(4.0)
    assert (double - once) == pytest.approx(2.0 * due.units_per_hour)
    assert due.units_per_hour == pytest.approx(due.units.sum(axis=0))


def test_no_index_linked_contracts_is_exactly_none():
    assert ran(30).reserved.contracts.units is None
    plain, named = ran(30), ran(30, reserved__index="quote")
    assert moved(series(plain), series(named)) == []


def test_a_tenor_nobody_may_sign_and_an_index_nobody_strikes():
    economy = ran(40, agents__neocloud__reserved_share=0.0)
    assert any(kind == "no contracts signed" for _, kind, _ in economy.events)
    assert np.isfinite(economy.record["reserved_3m_usd_per_ve_hour"]).all()
    from sim.spec import SpecError, read_spec

    with pytest.raises(SpecError, match=r"reserved\.index"):
        read_spec(container(reserved__index="quotes"))
    with pytest.raises(SpecError, match=r"reserved\.mechanism"):
        world(agents__neocloud__contract_elasticity=0.0, agents__ai_lab__reserve_elasticity=0.0)


def test_sides_that_stand_apart_sign_nothing_however_far_their_schedules_reach():
    """A landlord who keeps next to nothing under contract: its schedule spans more logs than a rent can have."""
    apart = week([offer(0, 6e5, 112.0, 2e16)], [want(1, 7e-12, 1.03, 0.08)])
    assert not apart.quantity_ve.any()
    assert apart.menu_usd.tolist() == MENU.tolist()
    assert apart.trouble[0] == APART
    met = week([offer(0, 6e5, 0.5, 2e16)], [want(1, 7e-12, 1.03, 0.08)])
    assert 0.5 < met.menu_usd[0] < 1.03
