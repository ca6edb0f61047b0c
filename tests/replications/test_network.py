"""The exposure network of loans: concentration of small books that can be worked out by hand."""

import math

import numpy as np
import pytest

from sim.metrics import METRICS
from sim.metrics.network import concentration, debt_rank, exposure_graph, exposures_graph, overlap, reach
from tests.worlds import world

EVEN = np.full((2, 4), 5.0)


def test_an_even_book_is_as_spread_as_can_be():
    found = concentration(EVEN)
    assert found["lender_hhi"] == pytest.approx(1 / 2)
    assert found["borrower_hhi"] == pytest.approx(1 / 4)
    assert found["largest_loan_share"] == pytest.approx(1 / 8)
    assert found["density"] == 1.0
    assert found["overlap"] == pytest.approx(1.0)


def test_a_book_of_one_loan_is_as_concentrated_as_can_be():
    claims = np.zeros((3, 2))
    claims[1, 0] = 7.0
    found = concentration(claims)
    assert found["lender_hhi"] == found["borrower_hhi"] == found["largest_loan_share"] == 1.0
    assert found["density"] == pytest.approx(1 / 6)
    assert math.isnan(found["overlap"])


def test_lenders_to_different_names_have_nothing_in_common():
    assert overlap(np.diag([3.0, 2.0, 1.0])) == pytest.approx(0.0)
    assert overlap(np.array([[1.0, 1.0], [1.0, 0.0]])) == pytest.approx(1 / math.sqrt(2))


def test_an_empty_book_has_no_concentration():
    assert all(math.isnan(value) for value in concentration(np.zeros((2, 2))).values())


def test_claims_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="not negative"):
        concentration(np.array([[1.0, -1.0]]))


def test_the_graph_holds_every_claim_once():
    claims = np.array([[4.0, 0.0], [1.0, 2.0]])
    graph = exposure_graph(claims, ["bank", "fund"], ["a", "b"])
    assert sorted(graph.edges(data="usd")) == [("a", "bank", 4.0), ("a", "fund", 1.0), ("b", "fund", 2.0)]
    assert reach(claims, ["bank", "fund"], ["a", "b"]) == {"a": 1.0, "b": 0.5}


def test_the_loans_of_a_world_are_a_network_and_its_metrics_are_unharmed():
    economy = world()
    found = concentration(economy.credit.loans.balance.T)
    assert 1 / len(economy.books.roll.lenders) <= found["lender_hhi"] <= 1.0
    assert found["density"] > 0.5
    assert not set(found) & set(METRICS)


def test_losses_that_reach_nobody_stay_where_they_are_and_equity_is_lost_once():
    claims, equity = np.array([[0.0, 50.0], [0.0, 0.0]]), np.array([10.0, 5.0])
    assert debt_rank(claims, equity, np.array([0.3, 0.0])).tolist() == [0.3, 0.0]
    assert debt_rank(claims, equity, np.array([0.0, 0.5])).tolist() == [1.0, 0.5], "capped at all of it"


def test_without_caps_losses_are_those_of_the_linear_system():
    draw = np.random.Generator(np.random.Philox(7)).uniform
    claims, equity = draw(0.0, 1.0, (5, 5)), np.full(5, 100.0)
    first = draw(0.0, 0.2, 5)
    assert debt_rank(claims, equity, first) == pytest.approx(np.linalg.solve(np.eye(5) - claims / 100.0, first))


def test_a_firm_without_equity_has_no_rank():
    with pytest.raises(ValueError, match="equity above 0"):
        debt_rank(np.zeros((1, 1)), np.zeros(1), np.zeros(1))


def test_the_exposures_of_a_day_are_the_ledgers_positions():
    economy = world("venue=none", "notes=term", days=70)
    economy.run(65)
    graph, ledger = exposures_graph(economy.exposures()), economy.books.ledger
    for instrument in ("loan", "funding", "note_mezzanine"):
        held = dict.fromkeys(ledger.owners, 0.0)
        for debtor, creditor, key, usd in graph.edges(keys=True, data="usd"):
            if key == instrument:
                held[debtor], held[creditor] = held[debtor] - usd, held[creditor] + usd
        assert list(held.values()) == pytest.approx(ledger.held(instrument), rel=1e-9, abs=1.0)
