"""Rows of a beat as arrays, against plain sorting and summing of the rows themselves."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from agents.ai_lab import AiLab
from sim.behaviours import reserving
from sim.behaviours.hedging import tabled
from sim.exchange.futures import schedules_by_month
from sim.kernels.spot_rows import to_owners
from sim.rental.auction import GROUPED_BY
from sim.rows.exchange import FutureRow
from sim.rows.orders import Orders
from sim.rows.rental import BID, DemandRow
from sim.rows.reserved import ReservedRow
from sim.rules.hedging import hedge_schedule, layered
from sim.streams import Purpose
from tests.agents.desks import CURVE, RENT, agent, view
from tests.worlds import ran


def test_demand_is_sorted_by_how_it_answers_to_prices_then_by_owner_and_place() -> None:
    rng = np.random.default_rng(5)
    rows = [
        (owner, number, DemandRow(int(rng.integers(3)), number % 2, int(rng.integers(3)), float(rng.uniform(0, 9)),
                                  float(rng.choice([2.0, 2.5])), float(rng.choice([0.1, 0.4])), number % (BID + 1)))
        for owner in range(20) for number in range(3)
    ]  # fmt: skip
    plain = sorted(rows, key=lambda row: (*(getattr(row[2], name) for name in GROUPED_BY), row[0], row[1]))
    for order in (rows, rows[::-1]):
        found = Orders.gather(order, DemandRow, GROUPED_BY)
        assert list(zip(found.owner, found.number, strict=True)) == [row[:2] for row in plain]
        for name in DemandRow._fields:
            assert found.column(name).tolist() == [getattr(row, name) for _, _, row in plain]


def test_no_rows_make_no_arrays() -> None:
    assert Orders.gather([], DemandRow, GROUPED_BY).column("quantity_ve").shape == (0,)
    assert [len(month.owners) for month in schedules_by_month([], 3)] == [0, 0, 0]


def test_schedules_of_a_month_keep_their_order_and_months_that_are_not_listed_are_left_out() -> None:
    rows = [
        (owner, FutureRow(m, float(owner), m + 0.5, -owner - 1.0, owner + 1.0))
        for owner in (4, 2, 4)
        for m in (1, 0, 7)
    ]
    for m, month in enumerate(schedules_by_month(rows, 3)):
        mine = [(owner, row) for owner, row in rows if row.maturity == m]
        assert month.owners.tolist() == [owner for owner, _ in mine]
        assert np.transpose(month.terms).tolist() == [list(row[1:]) for _, row in mine]


def test_hedgers_asked_together_bring_the_rows_of_each_alone_among_those_who_write_their_own() -> None:
    held = np.random.default_rng(2).normal(0.0, 5.0, (3, 4))
    seen = [view(curve=CURVE, position=tuple(held[:, i].tolist()), rent_usd=1.1 * RENT) for i in range(4)]
    own = [FutureRow(2, 1.0, 0.5, -1.0, 1.0), FutureRow(0, -1.0, 0.5, -1.0, 1.0)]
    agents = [agent("ai_lab"), agent("neocloud"), None, agent("neocloud", hedge_horizon_years=0.3)]

    def asked() -> list[tuple[int, Iterable[FutureRow]]]:
        return [(i, one.futures(seen[i]) if one else iter(own)) for i, one in enumerate(agents)]

    owners, rows = tabled(asked(), held)
    alone = [(i, row) for i, some in asked() for row in some]
    assert owners.tolist() == [i for i, _ in alone]
    assert rows.tolist() == [list(row) for _, row in alone]
    assert [row[0] for row in rows.tolist()] == [0, 1, 2, 0, 1, 2, 2, 0, 0, 1, 2]
    months = [schedules_by_month(some, 3) for some in ((owners, rows), alone)]
    assert repr(months[0]) == repr(months[1])
    assert [len(found) for found in tabled([], held)] == [0, 0]


def test_amounts_of_an_owner_with_several_rows_are_added_up() -> None:
    own, swing = np.zeros((2, 4, 2))
    amounts, owner, kind = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]]), [2, 0, 2, 2], [0, 0, 0, 1]
    to_owners(amounts, np.array(owner), np.array(kind), 0, own, swing)
    assert own.tolist() == [[3.0, 4.0], [0.0, 0.0], [6.0, 8.0], [0.0, 0.0]]
    assert swing.tolist() == [[0.0, 0.0], [0.0, 0.0], [7.0, 8.0], [0.0, 0.0]]


@pytest.mark.parametrize("kind", ["ai_lab", "neocloud"])
def test_a_hedger_covers_a_growing_share_of_the_month_by_the_rule(kind: str) -> None:
    someone = agent(kind)
    p, seen = someone.p, view(curve=CURVE, position=(5.0, -3.0, 0.0), rent_usd=1.1 * RENT)
    if isinstance(someone, AiLab):
        side, daily = 1.0, p.demand_share * 1000.0 * 24.0
    else:
        side, daily = -1.0, 100.0 * seen.path.settings.occupancy * 24.0
    rows = list(someone.futures(seen))
    assert [row.maturity for row in rows] == [0, 1, 2]
    for m, row in enumerate(rows):
        exposure = daily * CURVE.days_left[m] / CURVE.contract_hours[m]
        target = side * layered(p.hedge_ratio, CURVE.horizon_years[m], p.hedge_horizon_years) * exposure
        expected = seen.expected_settlement_usd(m, np.log(2.0) / p.trading_half_life_years)
        shares = (p.hedge_tolerance, p.hedge_reach, p.hedge_pace_per_day)
        plain = hedge_schedule(target, seen.position(m), expected, RENT, *(share * exposure for share in shares))
        assert row[1:] == pytest.approx(plain, rel=1e-12)


def test_contracts_of_many_are_the_rows_of_each_alone_among_those_who_write_their_own() -> None:
    """Limits are max(floor, (1 - d) E x), one by one as in a table."""
    own = [ReservedRow(1, 5.0, 2.0, 0.1)]
    seen = view(reserved="default")
    some = [
        (owner, reserving.Schedule(seen, quantity, times, 0.3, beliefs, floor))
        for owner, (quantity, times, beliefs, floor) in enumerate(
            [(-4.0, 1.1, (0.5, 0.7), 0.0), (7.0, 0.9, (0.5, 0.7), 0.0), (-2.0, 1.0, (2.0, 0.7), 2.9)]
        )
    ]
    owners, table = reserving.tabled([some[0], (9, own), *some[1:]])
    alone = [(owner, tuple(row)) for owner, rows in [*some, (9, own)] for row in rows]
    assert list(zip(owners.tolist(), map(tuple, table.tolist()), strict=True)) == alone
    for owner, plan in some:
        limits = [
            max(plan.floor_usd, (1.0 - discount) * expected * plan.times)
            for discount, expected in zip(seen.path.discounts, plan.rents_usd, strict=True)
        ]
        assert [row.limit_usd for row in plan] == limits, owner


def test_draws_that_are_made_for_all_at_once_are_each_owners_own() -> None:
    economy = ran(2)
    for seen in economy.register.views:
        for k in (0, 3):
            own = economy.common.streams.uniform(Purpose.LIST_ASK_TIME, seen.today.day, seen.identity, k)
            assert seen.uniform(Purpose.LIST_ASK_TIME, k) == own
