"""Clearing members: known answers of the waterfall, every layer in a world under stress, nothing where none are."""

from __future__ import annotations

import numpy as np
import pytest

from experiments.errors import UsageError
from sim.economy import Economy
from sim.exchange.waterfall import LAYERS, cover_two, waterfall
from sim.metrics import measure
from sim.spec import SpecError
from tests.worlds import OUTAGE, ran, row, series, spec_of, world

FUND, ABLE = np.array([10.0, 20.0, 30.0]), np.array([10.0, 20.0, 30.0])
STRESS = {
    "venues__main__margin": {"initial": 0.015, "maintenance": 0.012},
    "venues__main__daily_limit": 0.5,
    "agents__speculator__boldness": 100.0,
    "shocks": {"o": OUTAGE | {"start": 8, "size": 0.5, "scope": "fleet"}},
    "links__hedge_cash": 0.4,
}


@pytest.mark.parametrize(
    ("loss", "borne"),
    [
        (4.0, (4.0, 0.0, 0.0, 0.0, 0.0, 0.0)),
        (13.0, (10.0, 3.0, 0.0, 0.0, 0.0, 0.0)),
        (40.0, (10.0, 5.0, 25.0, 0.0, 0.0, 0.0)),
        (100.0, (10.0, 5.0, 50.0, 35.0, 0.0, 0.0)),
        (118.0, (10.0, 5.0, 50.0, 50.0, 3.0, 0.0)),
        (130.0, (10.0, 5.0, 50.0, 50.0, 7.0, 8.0)),
    ],
)
def test_a_members_loss_is_borne_layer_by_layer(loss, borne):
    found = waterfall(np.array([loss, 0.0, 0.0]), FUND, 5.0, ABLE, 7.0)
    assert found[:6] == pytest.approx(borne)
    assert found.shares_used.sum() == pytest.approx(found.member + found.mutual)
    assert found.assessed_of[0] == 0.0


def test_a_member_that_covers_its_clients_has_not_failed():
    found = waterfall(np.array([100.0, 4.0, 0.0]), FUND, 0.0, ABLE, 0.0)
    assert found.member == pytest.approx(14.0)
    assert found.mutual == pytest.approx(46.0)
    assert found.assessed == pytest.approx(44.0)
    assert found.assessed_of == pytest.approx([0.0, 17.6, 26.4])


def test_cover_two_is_the_worst_scenarios_two_largest():
    assert cover_two(np.array([[1.0, 5.0, 2.0], [4.0, 0.0, 4.0]])) == 8.0


@pytest.fixture(scope="module")
def stressed() -> Economy:
    return ran(34, "clearing=members", **STRESS)


def test_every_layer_but_the_last_acts_under_stress_and_all_legs_are_posted(stressed):
    record, ledger = stressed.record, stressed.books.ledger
    names = ["margin", "member", "own_used", "mutual", "assessed", "haircut"]
    assert all(record[f"clearing_{name}_usd"].sum() > 0.0 for name in names)
    covered = sum(float(ledger.flow("trader default")[crowd.owner]) for crowd in stressed.exchange.crowds)
    borne = sum(record[f"clearing_{name}_usd"].sum() for name in (*names[1:], "rescue"))
    assert covered == pytest.approx(borne)
    house = row(stressed, "clearing_house")
    assert ledger.flow("assessments")[house] == pytest.approx(record["clearing_assessed_usd"].sum())
    haircut = ledger.flow("gains haircut")
    assert haircut[house] == pytest.approx(record["clearing_haircut_usd"].sum())
    assert haircut[row(stressed, "parents")] < 0.0
    assert (haircut[:house] <= 0.0).all()
    found = measure(record)
    assert (found["clearing_layers"], found["clearing_losses_usd"]) == (6.0, pytest.approx(borne))
    told = [text for _, kind, text in stressed.events if kind == "default waterfall"]
    assert any("haircut" in text for text in told)


def test_without_fund_own_capital_and_assessments_gains_bear_and_then_the_owners():
    bare = {"fund_scale": 0.0, "own_capital_share": 0.0, "assessment_multiple": 0.0}
    economy = ran(12, "clearing=members", **STRESS, **{f"clearing__{key}": value for key, value in bare.items()})
    for name in ("member", "own_used", "mutual", "assessed"):
        assert not economy.record[f"clearing_{name}_usd"].any()
    assert economy.record["clearing_haircut_usd"].sum() > 0.0


def test_members_whom_nobody_costs_anything_change_nothing_else():
    none, members = series(ran(34)), series(ran(34, "clearing=members"))
    assert {name: members[name] for name in none} == none
    assert len(members) == len(none) + 5 + len(LAYERS)


def test_members_come_and_go_in_copies():
    economy = world("clearing=members", days=40)
    economy.run(5)
    assert economy.exchange.house.fund.total_usd > 0.0
    left = economy.fork(spec_of("clearing=none"))
    left.run(5)
    assert left.exchange.house.fund is None
    assert not left.books.ledger.held("default_fund").any()
    back = left.fork(spec_of("clearing=members"))
    back.run(5)
    assert back.exchange.house.fund.total_usd > 0.0


def test_terms_that_cannot_be_are_told_by_their_key():
    with pytest.raises((SpecError, UsageError), match=r"clearing\.members.* at least 2"):
        spec_of(clearing__members=1)
    with pytest.raises((SpecError, UsageError), match=r"clearing\.stress_move"):
        spec_of(clearing__stress_move=float("nan"))
