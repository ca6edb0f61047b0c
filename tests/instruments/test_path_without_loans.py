"""A world without loans starts, and stays, on a growth path of its own; the equal-capacity world on that with loans."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.growth_path import Use, market_size
from sim.problems import SpecError
from tests.worlds import spec_of, world

PLAIN = ("regions=one", "works=alike", "tiers=one", "venue=none", "agents.neocloud.count=12")


@pytest.fixture(scope="module")
def paths():
    return {arm: world(*PLAIN, f"loan={arm}").path for arm in ("default", "off", "equal_capacity")}


def test_without_loans_chips_cost_the_same_and_rents_are_higher(paths):
    loans, own = paths["default"], paths["off"]
    assert own.chip_price_usd == pytest.approx(loans.chip_price_usd, rel=1e-12)
    assert own.bill_usd == pytest.approx(loans.bill_usd, rel=1e-12)
    assert own.settings.rent_usd > loans.settings.rent_usd


def test_the_market_without_loans_is_what_users_want_at_its_rent(paths):
    dearer = paths["off"].settings.rent_usd / paths["default"].settings.rent_usd
    assert paths["off"].size == pytest.approx(dearer**-1.1, rel=1e-12)  # all users' long-run elasticity by default
    fleets = [world(*PLAIN, f"loan={arm}").hardware.start_let_ve for arm in ("default", "off", "equal_capacity")]
    assert fleets[1] / fleets[0] == pytest.approx(paths["off"].size, rel=1e-9)
    assert fleets[2] == fleets[0]


def test_every_landlord_has_q_star_without_loans():
    economy = world(*PLAIN, "loan=off", "noise=none")
    views = economy.register.views
    economy.step()
    qs = [economy.register.people[i].q(views[i]) for i in economy.books.roll.landlords.tolist()]
    assert qs == pytest.approx([economy.spec.investment.q_star] * len(qs), rel=0.01)


def test_equal_capacity_has_the_rents_costs_and_fleets_of_the_world_with_loans(paths):
    loans, equal = paths["default"], paths["equal_capacity"]
    assert (equal.settings.rent_usd, equal.chip_price_usd, equal.size) == (2.81, loans.chip_price_usd, 1.0)
    mine, theirs = (world(*PLAIN, f"loan={arm}") for arm in ("equal_capacity", "default"))
    assert mine.rental.fixed_cost_usd == pytest.approx(theirs.rental.fixed_cost_usd, rel=1e-12)
    owner = int(mine.books.roll.landlords[0])
    firm, twin = (e.register.people[owner] for e in (mine, theirs))
    for economy in (mine, theirs):
        economy.step()
    rate = firm.cost_of_capital(mine.register.views[owner])
    assert rate == pytest.approx(twin.cost_of_capital(theirs.register.views[owner]), rel=1e-12)


@pytest.mark.parametrize(
    "arm", ["default", *(pytest.param(arm, marks=pytest.mark.slow) for arm in ("off", "equal_capacity"))]
)
def test_without_chance_a_world_stays_on_its_own_path_for_three_years(arm):
    economy = world(*PLAIN, "noise=none", f"loan={arm}", days=1095, laws=False)
    economy.run(1095)
    record = economy.record
    over_path = record["fleet_ve"] / record["fleet_path_ve"]
    assert np.abs(over_path - 1.0).max() < 0.01
    rents = np.log(record["rent_usd_per_ve_hour"] / record["rent_path_usd_per_ve_hour"])
    assert abs(rents[-365:].mean()) < 0.02
    assert record["defaults"].sum() == 0.0


def test_owners_put_in_what_growth_needs_and_no_more_than_on_the_path():
    economy = world(*PLAIN, "noise=none", "loan=equal_capacity", days=60)
    borrowers = economy.credit.borrowers
    assert (borrowers.subscription_usd > 0.0).all()
    economy.run(40)
    paid = economy.books.ledger.flow("equity raised")[economy.books.roll.landlords]
    most = borrowers.subscription_usd * economy.credit._fleet_ve() * 31.0 / 365.0
    assert (paid > 0.0).any()
    assert (paid <= most * 1.001).all()


def test_with_loans_that_pay_for_growth_owners_put_in_nothing():
    assert not world(*PLAIN).credit.borrowers.subscription_usd.any()


def test_a_market_is_as_elastic_as_its_users_by_what_they_want():
    users = [Use(0.3, 0.0, 2.0), Use(0.7, 1.0, 1.0)]
    expected = 0.2 * (0.3 * 1.1**-2.0 + 0.7 * 1.1**-1.0) + 0.8 * 1.1**-1.0
    assert market_size(1.1, 0.8, users) == pytest.approx(expected)
    assert market_size(1.1, 0.8, []) == 1.0


@pytest.mark.parametrize("values", [{"world__equity_rate": 5.0}, {"spot__price_cap_usd": 3.0}])
def test_a_path_without_loans_above_the_cap_of_rents_is_refused_by_key(values):
    world(*PLAIN, "loan=equal_capacity", spot__price_cap_usd=3.0)
    with pytest.raises(SpecError) as refused:
        world(*PLAIN, "loan=off", **values)
    (problem,) = refused.value.problems
    assert problem.key == "world.equity_rate"
    assert "spot.price_cap_usd" in str(problem)
    assert "loan.equal_capacity=true" in str(problem)


def test_a_fork_keeps_the_path_that_its_origin_began_with():
    origin = world(*PLAIN, "loan=off", days=5)
    origin.run(2)
    with pytest.raises(SpecError, match="equal_capacity"):
        origin.fork(spec_of(*PLAIN, "loan=equal_capacity"))
    twin = origin.fork(spec_of(*PLAIN))
    twin.run(2)
    assert twin.path.settings.rent_usd == origin.path.settings.rent_usd
    assert math.isfinite(twin.record["rent_usd_per_ve_hour"][-1])
