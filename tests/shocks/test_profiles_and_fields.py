"""Each shock as a function of the day: its shape, what it changes, what it is at size 0."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim.environment import Environment, Hit
from sim.rules.profile import intensity, released_share
from sim.shocks.chip_price import ChipPrice
from sim.shocks.client_loss import ClientLoss
from sim.shocks.delivery_delay import DeliveryDelay
from sim.shocks.demand_slump import DemandSlump
from sim.shocks.demand_surge import DemandSurge
from sim.shocks.efficiency_jump import EfficiencyJump
from sim.shocks.list_price import ListPrice
from sim.shocks.new_generation import NewGeneration
from sim.shocks.outage import Outage
from sim.shocks.policy_rate import PolicyRate
from sim.shocks.power_price import PowerPrice
from sim.shocks.shipment_halt import ShipmentHalt
from sim.shocks.site_delay import SiteDelay
from sim.shocks.tariff import Tariff
from sim.shocks.vendor_shortage import VendorShortage

BASE = Environment()
WHEN = {"start": 10, "length": 20, "recovery_days": 5}
PASSING = [
    Outage(**WHEN, size=0.15, scope="pool", contracts_first=True),
    Outage(**WHEN, size=0.15, scope="fleet", contracts_first=False, grade="h100", region="us"),
    DemandSlump(**WHEN, size=-0.3, contracted_size=-0.1),
    DemandSlump(**WHEN, size=-0.3, contracted_size=0.0, region="us"),
    DemandSurge(**WHEN, size=0.3, contracted_size=0.1),
    Tariff(**WHEN, size=0.25),
    ChipPrice(**WHEN, size=0.2, grade="b200"),
    PowerPrice(**WHEN, size=1.0, power_share=0.25),
    PolicyRate(**WHEN, size=0.03),
    ClientLoss(**WHEN, size=1.0),
    VendorShortage(**WHEN, size=0.2),
    ListPrice(**WHEN, size=-0.44, tier="managed"),
    SiteDelay(**WHEN, size=0.4),
]
STAYING = [NewGeneration(start=10, size=-0.2, phase_in_days=3), EfficiencyJump(start=10, size=0.3, phase_in_days=3)]
HELD = [
    ShipmentHalt(start=10, length=20, size=0.5, make_up_days=5, grade="h100"),
    DeliveryDelay(start=10, length=20, size=0.5, delay_days=8, make_up_days=5),
]
ALL = [*PASSING, *STAYING, *HELD]


def name(shock):
    return type(shock).__name__


@pytest.mark.parametrize("shock", ALL, ids=name)
def test_a_shock_is_a_function_of_the_day_that_never_compounds(shock):
    forwards = [shock(day, BASE) for day in range(60)]
    backwards = [shock(day, BASE) for day in reversed(range(60))][::-1]
    assert forwards == backwards
    assert forwards[:10] == [BASE] * 10
    assert all(environment != BASE for environment in forwards[10:30])
    assert Environment() == BASE, "the baseline is left alone"


@pytest.mark.parametrize("shock", [*PASSING, *HELD], ids=name)
def test_a_passing_shock_leaves_nothing_behind_in_the_environment(shock):
    assert [shock(day, BASE) for day in range(35, 60)] == [BASE] * 25


@pytest.mark.parametrize("shock", PASSING, ids=name)
def test_a_shock_without_length_is_there_for_good(shock):
    assert shock.model_copy(update={"length": None})(5000, BASE) != BASE


@pytest.mark.parametrize("shock", ALL, ids=name)
def test_a_shock_of_size_zero_is_exactly_absent(shock):
    nothing = {key: 0.0 for key in ("size", "contracted_size") if key in type(shock).model_fields}
    nought = shock.model_copy(update=nothing)
    assert all(nought(day, BASE) is BASE for day in range(60))


def test_recovery_has_a_shape():
    steps = [intensity(day, 0, 10, 4, "step") for day in range(9, 16)]
    lines = [intensity(day, 0, 10, 4, "linear") for day in range(9, 16)]
    halves = [intensity(day, 0, 10, 4, "exponential") for day in range(9, 18)]
    assert steps == [1.0] + [0.0] * 6
    assert lines == pytest.approx([1.0, 0.8, 0.6, 0.4, 0.2, 0.0, 0.0])
    assert halves[4] == pytest.approx(0.5)
    assert halves[8] == pytest.approx(0.25)
    assert intensity(10 + 39, 0, 10, 4, "exponential") == 0.0, "after ten half-lives it is over"


def test_an_onset_may_be_gradual():
    assert [intensity(day, 2, 10, 0, rise_days=3) for day in range(7)] == [0.0, 0.0, 0.25, 0.5, 0.75, 1.0, 1.0]


@given(
    st.integers(0, 400), st.integers(0, 100), st.integers(1, 100) | st.none(), st.integers(0, 100),
    st.sampled_from(["step", "linear", "exponential"]), st.integers(0, 30),
)  # fmt: skip
def test_a_strength_is_a_share(day, start, length, recovery_days, recovery, rise_days):
    assert 0.0 <= intensity(day, start, length, recovery_days, recovery, rise_days) <= 1.0


@given(st.integers(1, 200))
def test_what_is_held_back_is_made_up_in_equal_parts(days):
    left, parts = 1.0, []
    for day in range(days):
        parts.append(left * released_share(100 + day, 100, days))
        left -= parts[-1]
    assert parts == pytest.approx([1.0 / days] * days)
    assert released_share(99, 100, days) == 0.0


def test_targets_are_hits_on_what_they_name():
    assert PASSING[1](12, BASE).fleet_hits == (Hit(0.85, "h100", "us", None),)
    assert PASSING[1](12, BASE).fleet_availability == 1.0
    assert PASSING[3](12, BASE).demand_hits == (Hit(0.7, region="us"),)
    assert PASSING[11](12, BASE).list_price_hits == (Hit(1.0 - 0.44, tier="managed"),)
    assert PASSING[6](12, BASE).price_factors(("h100", "b200")) == pytest.approx((1.0, 1.2))
    due, held = HELD[0](12, BASE).arrivals(("h100", "b200"))
    assert due.tolist() == [0.5, 1.0]
    assert held.tolist() == [0.0, 1.0]


def test_a_tariff_is_lasting_only_if_it_is_for_good():
    assert PASSING[5](12, BASE).tariff == 0.25
    assert PASSING[5](12, BASE).tariff_for_good == 0.0
    assert Tariff(start=0, length=None, recovery_days=0, size=0.25)(12, BASE).tariff_for_good == 0.25


def test_shocks_of_one_kind_multiply_or_add():
    twice = {type(shock).__name__: shock(12, shock(12, BASE)) for shock in PASSING}
    assert twice["VendorShortage"].vendor_scale == pytest.approx(0.64)
    assert twice["PowerPrice"].running_cost_scale == pytest.approx(1.25**2)
    assert twice["PolicyRate"].policy_rate_add == pytest.approx(0.06)
    assert twice["Tariff"].tariff == pytest.approx(0.5)
    assert twice["ClientLoss"].client_lost == 1.0


@pytest.mark.parametrize(
    ("cls", "wrong"),
    [
        (Outage, {**WHEN, "size": 0.1, "scope": "pool", "contracts_first": True, "rise_days": 20}),
        (Outage, {**WHEN, "size": 0.1, "scope": "pool", "contracts_first": True, "recovery": "slow"}),
        (DemandSlump, {**WHEN, "size": -0.1, "contracted_size": -0.1, "region": "us"}),
        (DemandSurge, {**WHEN, "size": 0.1, "contracted_size": 0.1, "region": "us"}),
        (DemandSurge, {**WHEN, "size": -0.1, "contracted_size": 0.0}),
        (DeliveryDelay, {"start": 1, "length": 5, "size": 0.1, "delay_days": 6, "make_up_days": 0}),
        (Tariff, {**WHEN, "size": -0.1}),
        (PowerPrice, {**WHEN, "size": -1.0, "power_share": 1.0}),
        (ClientLoss, {**WHEN, "size": 1.1}),
    ],
)
def test_what_cannot_be_is_refused(cls, wrong):
    with pytest.raises(ValidationError):
        cls(**wrong)
