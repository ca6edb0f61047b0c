"""Roles are promises: who keeps one gets what goes with it, whatever its kind; who nearly does is told."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import sim
from agents.renter import Renter
from sim.economy import Economy
from sim.roles import PROMISES, ROLES, Learns, at_once, keeps, promises_of
from sim.spec import SpecError, read_spec
from tests.promises import KEPT
from tests.worlds import container, row

HERE = "tests.agents.own_people"


def with_own(**groups: dict) -> dict:
    world = container("shocks=[]", "links=on")
    del world["agents"]["ai_lab"], world["agents"]["lender"]
    world["agents"] |= {name: {"_target_": f"{HERE}.{group.pop('cls')}"} | group for name, group in groups.items()}
    return world


@pytest.fixture(scope="module")
def economy():
    world = with_own(
        clinic={"cls": "Clinic", "count": 2, "size": 1.0, "part": 0.4},
        club={"cls": "Club", "count": 2, "size": [2.0, 1.0]},
        barn={"cls": "Barn", "count": 1, "size": 5.0, "gpus_ve": 2e5, "loan_to_value": 0.7},
        maker={"cls": "Maker", "count": 1, "size": 1.0, "depth": 500.0},
    )
    economy = Economy(read_spec(world, ("tests",)), seed=1, days=70)
    economy.run(65)  # two month ends, under the laws
    return economy


def test_a_lab_of_ones_own_has_noise_revenue_and_cash(economy):
    owners = [row(economy, f"clinic_{i}") for i in (1, 2)]
    factors = [economy.register.views[owner].own_factor for owner in owners]
    assert all(factor != 1.0 for factor in factors)
    assert factors[0] != factors[1]
    renter = row(economy, "renter_1")
    assert economy.register.views[renter].own_factor == 1.0
    assert sorted(economy.labs.owners) == sorted(owners)
    assert (economy.books.ledger.flow("sales of services")[owners] > 0.0).all()


def test_a_lender_of_ones_own_holds_loans_and_capital(economy):
    owners = [row(economy, f"club_{i}") for i in (1, 2)]
    assert (economy.books.ledger.held("loan")[owners] > 0.0).all()
    capital = economy.books.ledger.net_worth()[owners]
    assert (capital > 0.0).all()
    assert economy.credit.room_share > 0.0


def test_a_landlord_of_ones_own_lets_borrows_and_orders(economy):
    owner = row(economy, "barn_1")
    place = economy.books.roll.landlords.tolist().index(owner)
    loans, ledger = economy.credit.loans, economy.books.ledger
    assert loans.balance[place].sum() > 0.0
    assert loans.repaid[place].sum() > 0.0
    begun = 2e5 * economy.path.debt_usd(0.7)
    assert loans.drawn[place].sum() > 1.001 * begun, "new chips are bought with new loans"
    assert ledger.flow("chip orders")[owner] < 0.0
    assert economy.hardware.fleet.on_order[economy.books.roll.landlord_fleet[place]].sum() > 0.0
    assert economy.credit.servicer.dscr[place] > 0.0


def test_a_market_maker_of_ones_own_trades_on_margin(economy):
    owner = row(economy, "maker_1")
    held = economy.books.ledger.table(economy.exchange.first.names)[:, owner]
    assert np.abs(held).sum() > 0.0
    assert economy.books.ledger.held("margin")[owner] > 0.0
    assert (np.abs(held) <= 500.0 + 1e-9).all()


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        ("Misspelt", "did you mean 'spot_demand'?"),
        ("HalfALender", "is one who lends by its room_usd, and lacks mark, capital_ratio, top_up_per_year"),
        ("Idle", "orders chips, so it must begin with some"),
    ],
)
def test_a_promise_that_is_misspelt_or_kept_in_part_is_told(cls, said):
    world = container()
    world["agents"]["odd"] = {"_target_": f"{HERE}.{cls}", "count": 1, "size": 1.0}
    with pytest.raises(SpecError, match="agents.odd") as caught:
        Economy(read_spec(world, ("tests",)), days=5)
    assert said in str(caught.value)


def test_our_agents_keep_the_promises_that_they_are_said_to_and_no_others():
    everybody = {cls for kept in KEPT.values() for cls in kept}
    assert set(KEPT) == set(ROLES)
    for role in ROLES:
        assert {cls for cls in everybody if keeps(cls, role)} == set(KEPT[role]), role


def test_every_role_is_given_by_one_name():
    assert len(PROMISES) == len(ROLES)
    assert all(promises_of(role) for role in ROLES)


def reads_of_agents(tree: ast.AST) -> list[str]:
    """Reads of another's parameters, and of its kind: `agent.p.x`, `people[i].kind`."""
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"p", "kind"}
        and ast.unparse(node.value) not in {"self", "events"}
    ]


def test_the_world_reads_no_agents_parameters_and_no_kind_but_to_label_the_record():
    found = {}
    for path in Path(sim.__file__).parent.rglob("*.py"):
        reads = reads_of_agents(ast.parse(path.read_text("utf-8")))
        if reads:
            found[path.name] = reads
    allowed = {
        "economy.py": 1,
        "register.py": 2,
        "founding.py": 1,
    }  # labels, a fork's parameters, the path
    assert {name: len(reads) for name, reads in found.items()} == allowed, found


def test_an_heir_that_keeps_a_promise_its_own_way_is_asked_alone():
    class Parent:
        def learn(self, view):
            self._learn_together([self], [view])

        @classmethod
        def _learn_together(cls, people, views):
            return "together"

    class Plain(Parent):
        """As its parent."""

    class Own(Parent):
        def learn(self, view):
            return "alone"

    class Both(Own):
        @classmethod
        def _learn_together(cls, people, views):
            return "anew"

    class Neither:
        def learn(self, view):
            return "alone"

    found = [at_once(cls, "learn", "_learn_together") for cls in (Parent, Plain, Own, Both, Neither)]
    assert [way and way([], []) for way in found] == ["together", "together", None, "anew", None]


def test_all_who_learn_are_in_one_team(economy):
    teams = economy.register.teams(Learns, "_learn_together")
    assert sorted(owner for team in teams for owner in team.owners) == [
        owner for owner, _ in economy.register.of(Learns)
    ]
    assert {type(agent) for team in teams for agent in team.agents if team.at_once is not None} == {Renter}
