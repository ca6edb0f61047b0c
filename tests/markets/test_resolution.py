"""Insolvency: what a default does on its day, how the estate is run, and who gets what when it is sold."""

from __future__ import annotations

import numpy as np
import pytest

from sim.economy import Economy
from tests.worlds import row, spec_of, world

FIRM = "neocloud_2"
DAY, UNTIL_SALE = 20, 90


def robbed(days: int, **values: object) -> Economy:
    """A world in which one landlord's cash is gone on the morning of day 20; runs to the end of so many days."""
    economy = world(days=200, **values)
    economy.run(DAY)
    ledger = economy.books.ledger
    ledger.transfer("robbery", "cash", row(economy, FIRM), row(economy, "rest_of_world"), ledger.cash(FIRM) + 5e8)
    economy.run(days - DAY)
    return economy


def seat(economy: Economy) -> int:
    return list(economy.books.roll.landlords).index(row(economy, FIRM))


@pytest.fixture(scope="module")
def broken() -> Economy:
    """The evening of the default; tests run forks of it."""
    return robbed(DAY + 1)


def kinds(economy: Economy) -> list[tuple[int, str]]:
    return [(day, kind) for day, kind, text in economy.events if text.startswith(FIRM)]


def test_a_firm_without_cash_is_in_default_that_day(broken):
    assert kinds(broken) == [(DAY, "default")]
    assert broken.record["defaults"][DAY] == 1.0
    assert broken.record["defaults"][:DAY].sum() == 0.0


def test_a_default_rejects_its_share_of_contracts_with_what_was_prepaid():
    solvent, insolvent = world(days=30), robbed(DAY + 1)
    solvent.run(DAY + 1)
    i, share = seat(insolvent), insolvent.spec.resolution.rejected_share
    assert insolvent.reserved.contracts.quantity_ve[i] == pytest.approx(
        (1 - share) * solvent.reserved.contracts.quantity_ve[i]
    )
    lost = insolvent.books.ledger.flow("contracts rejected")
    prepaid = solvent.reserved.contracts.prepaid[:, i].sum()
    assert lost[row(insolvent, FIRM)] == pytest.approx(share * prepaid)
    assert lost[insolvent.books.roll.customers].sum() == pytest.approx(-share * prepaid)
    others = [k for k in range(len(insolvent.books.roll.landlords)) if k != i]
    assert insolvent.reserved.contracts.quantity_ve[others] == pytest.approx(
        solvent.reserved.contracts.quantity_ve[others]
    )


def test_an_estate_runs_its_gpus_signs_nothing_orders_nothing_and_pays_no_lender(broken):
    estate = broken.fork()
    i = seat(estate)
    fleet_row = int(estate.books.roll.landlord_fleet[i])
    ordered, repaid = estate.hardware.fleet.on_order[fleet_row].sum(), estate.credit.loans.repaid[i].copy()
    contracts = estate.reserved.contracts.quantity_ve[i].sum()
    estate.run(60)
    assert estate.hardware.fleet.on_order[fleet_row].sum() < ordered
    assert estate.reserved.contracts.quantity_ve[i].sum() < contracts
    assert (estate.credit.loans.repaid[i] == repaid).all()
    assert estate.reserved.served[i] > 0.0


def test_no_gpu_hour_is_lost_by_a_default_or_a_sale():
    calm, hit = world(days=200), robbed(DAY + UNTIL_SALE + 5)
    calm.run(DAY + UNTIL_SALE + 5)
    i = seat(hit)
    assert (DAY + UNTIL_SALE, "estate sold") in kinds(hit)
    assert hit.record["downtime_gpu_hours"].sum() == 0.0
    last_order = 31  # what the firm ordered before; from then on its orders stop and fleets differ
    assert (hit.record["fleet_ve"][:last_order] == calm.record["fleet_ve"][:last_order]).all()
    before = hit.record["fleet_ve"][DAY + UNTIL_SALE - 1 : DAY + UNTIL_SALE + 2]
    assert np.abs(np.diff(np.log(before))).max() < 0.003, "the sale itself moves nothing but ownership"
    ledger = hit.books.ledger
    held = sum(
        ledger.held(f"gpu:{g}")[row(hit, FIRM)] * v
        for g, v in zip(hit.books.grade_names, hit.books.grade_value, strict=True)
    )
    assert held == pytest.approx(hit.hardware.fleet.working[hit.books.roll.landlord_fleet[i]].sum())


@pytest.mark.parametrize(
    ("terms", "lenders_lose"),
    [
        ({"resolution__haircut": 0.9}, True),
        ({"resolution__haircut": 0.3}, None),
        ({"resolution__haircut": 0.0, "agents__neocloud__advance_rate": 0.3}, False),
    ],
    ids=["deep haircut", "default", "little debt"],
)
def test_the_sale_pays_bridge_then_lenders_then_owners_to_the_cent(terms, lenders_lose):
    eve = robbed(DAY + UNTIL_SALE, **terms)
    late = terms | {"resolution__days": UNTIL_SALE + 1}
    sold, unsold = eve.fork(), eve.fork(spec_of(**late))
    sold.step()
    unsold.step()
    assert kinds(sold)[-1] == (DAY + UNTIL_SALE, "estate sold")
    assert kinds(unsold)[-1][1] == "default"
    i, owner = seat(eve), row(eve, FIRM)
    fleet = sold.hardware.fleet.working[sold.books.roll.landlord_fleet[i]].sum()
    r = sold.spec.resolution
    price = (1.0 - r.haircut) * r.used_value * sold.board.today.chip_price_usd * fleet
    debt = float(eve.credit.loans.balance[i].sum())
    gain = {reason: sold.books.ledger.flow(reason)[owner] - eve.books.ledger.flow(reason)[owner]
            for reason in sold.books.ledger.reasons}  # fmt: skip
    assert gain["estate sale"] == pytest.approx(price, rel=1e-12)
    bridge, surplus = -gain["bridge repaid"], -gain["estate surplus"]
    paid = float((sold.credit.loans.repaid - eve.credit.loans.repaid)[i].sum())
    lost = float((sold.credit.loans.written_off - eve.credit.loans.written_off)[i].sum())
    cash_before = unsold.books.ledger.cash(FIRM)
    bridge_before = float(unsold.books.ledger.flow("estate bridge")[owner])
    assert paid + lost == pytest.approx(debt, abs=0.01)
    assert bridge + paid + surplus == pytest.approx(price + cash_before, abs=0.01), "uses = sources"
    assert bridge == pytest.approx(min(bridge_before, price + cash_before), abs=0.01), "the bridge is senior"
    assert paid == pytest.approx(min(debt, price + cash_before - bridge), abs=0.01)
    assert surplus == pytest.approx(max(0.0, price + cash_before - bridge - debt), abs=0.01)
    assert lost == pytest.approx(sold.record["loan_losses_usd"][-1], abs=0.01)
    assert not sold.credit.loans.balance[i].any()
    if lenders_lose is not None:
        assert (lost > 1.0) is lenders_lose
        assert (surplus > 1.0) is not lenders_lose


def test_lenders_losses_reduce_their_capital():
    calm, hit = world(days=200), robbed(DAY + UNTIL_SALE + 1, resolution__haircut=0.9)
    calm.run(DAY + UNTIL_SALE + 1)
    lost = float(hit.credit.loans.written_off.sum())
    assert lost > 1e8
    capital = [float(e.books.ledger.net_worth()[e.books.roll.lenders].sum()) for e in (calm, hit)]
    assert capital[1] < capital[0] - 0.5 * lost


def test_a_firm_without_loans_is_given_cash_by_its_owners_instead():
    economy = robbed(DAY + 1, agents__neocloud__advance_rate=0.0)
    assert kinds(economy) == []
    assert economy.books.ledger.cash(FIRM) >= 0.0
    assert economy.books.ledger.flow("equity raised")[row(economy, FIRM)] > 0.0


@pytest.mark.parametrize(("chance", "told"), [(1.0, "covenant cured"), (0.0, "default")])
def test_a_covenant_broken_for_longer_than_grace_is_cured_once_or_ends_in_default(chance, told):
    economy = world(days=200, loan__covenant=5.0, loan__grace_months=1, loan__cure_probability=chance)
    economy.run(95)
    first = [kind for _, kind in kinds(economy)]
    assert first[0] == told
    assert first.count("covenant cured") <= 1
