"""What a GPU is worth in the record is worked out at its owner's own beliefs: the measure reads no link."""

from __future__ import annotations

import pytest

from sim.hardware.audit import gpu_value_usd, mean_q
from tests.worlds import ran

ALL = {"curve_to_capex": 1.0, "curve_to_collateral": 1.0, "curve_to_reserved": 1.0, "hedge_cash": 1.0}


@pytest.fixture(scope="module")
def unlinked():
    return ran(40)


def test_switching_links_on_in_the_measure_alone_moves_nothing(unlinked):
    economy = unlinked.fork()
    fleets = economy.hardware._landlords_ve()
    before, q = gpu_value_usd(economy.register, fleets), mean_q(economy.register, fleets)
    economy.board.links = economy.board.links.model_copy(update=ALL)
    economy.board.remember_evening()
    assert gpu_value_usd(economy.register, fleets) == before
    assert mean_q(economy.register, fleets) != q, "q is what owners act on, and reads the curve"
