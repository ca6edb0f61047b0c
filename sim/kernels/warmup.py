"""Compile every kernel once, so that the first run does not wait: `python -m sim.kernels.warmup`."""

import time

import numpy as np

from sim.kernels import (
    call_auction,
    close,
    contract_auction,
    contract_book,
    crowd,
    fund_auction,
    hedges,
    jobs,
    joint_auction,
    laws,
    limit_order_book,
    philox,
    postings,
    spot,
    spot_rows,
    winsor,
)


def warm_up() -> None:
    """Call each kernel on the smallest input, with the types it has in a run."""
    philox.uniform(0, 1, 0, 0, 0)
    philox.normal(0, 1, 0, 0, 0)
    ids, out = np.zeros(1, np.int64), np.zeros(1)
    philox.fill_uniform(0, 1, 0, ids, out)
    philox.fill_normal(0, 1, 0, ids, out)
    contract_auction.meet(np.ones((3, 1, 1)), np.ones((3, 1, 1)))
    winsor.winsorised_mean(np.ones((2, 1)), np.ones((2, 1)), ids, np.ones(1), 0.1)
    _warm_up_spot()
    _warm_up_books()
    _warm_up_rows()
    one, three = np.ones((5, 1)), np.ones((1, 3))
    jobs.pass_nights(one, np.array([0, 1]), jobs.plan(one, 0)[0], three, three, np.ones((1, 5)), 0, 0.1)
    _warm_up_futures()
    _warm_up_book()
    _warm_up_funds()


def _warm_up_spot() -> None:
    one, row, table = np.ones(1), np.zeros(1, np.int64), np.ones((1, 1))
    state = np.zeros(1), table, np.zeros(1), np.zeros((1, 1)), np.zeros((1, 1)), np.zeros(1), one.copy()
    rules = 1.0, 0.1, table, np.zeros((1, 1)), 6.0, -1.0, 2.0, 0.5
    demand = row, row, row, np.ones((2, 24)), one, row, one, one
    supply = row, row, table, one, one, one, np.zeros((1, 1))
    spot.clear_day(*state, *rules, row, row, row, one, one, *demand, *supply)  # type: ignore[no-untyped-call]


def _warm_up_books() -> None:
    one, table, who = np.ones(1), np.zeros((1, 1)), np.zeros(1, np.int64)
    ledger = table.copy(), table.copy(), table.copy()
    postings.transfers(*ledger, 0, 0, who, who, one)
    postings.pairs(*ledger, 0, 0, who, who, table, True)
    laws.agree(one, one, one)
    laws.note_sizes(*ledger, one, 1, 1)
    laws.unbalanced(*ledger[:2], 1, 1.0)
    laws.owing(*ledger[:2], table == 0.0, 1, 1.0)
    laws.recount(np.zeros((1, 1, 1)), 0, one)
    postings.legs(*ledger, 0, 0, np.zeros(1), one, 1.0)
    contract_book.paired(table, table, table, one)
    slots, totals = np.zeros((1, 1, 1)), np.zeros((4, 1, 1))
    contract_book.enter(
        slots, table, who, one, one, one, 0.0, one, slots.copy(), slots.copy(), slots.copy(), slots.copy(), totals,
        table.copy(),
    )  # fmt: skip


def _warm_up_rows() -> None:
    one, table, who = np.ones(1), np.ones((1, 1)), np.zeros(1, np.int64)
    group = spot_rows.alike(table)
    wanted = spot_rows.at_home(one, 1.0, table, who)
    _, quantity = spot_rows.gathered(group, table, wanted)
    spot_rows.over_rows(quantity, group, wanted, quantity)
    spot_rows.spread(quantity, group, wanted, quantity)
    by_column = np.ones((2, 2), order="F")  # as the hours' tables of owners and products lie
    capacity = spot_rows.capacities(one, one, who, by_column, np.ones(2))
    spot_rows.to_owners(capacity, who, who, spot.CONVEX, by_column, np.ones((2, 2), order="F"))
    tightness, posted = np.ones((2, 2)), np.zeros(2, np.bool_)
    spot_rows.grouped(table, one, 1.0, table, who, wanted)
    spot_rows.measured(table, table, who, one, table, table, one)
    spot_rows.first_asks(table, who, who)
    spot_rows.shelves(table, posted[:1])
    spot_rows.standing(table, posted[:1])
    spot_rows.remember(tightness, who, who, spot.CONVEX, capacity, capacity, by_column, posted, 24, 2.0, 10.0)


def _warm_up_futures() -> None:
    one, tick = np.ones(1), 0.01
    tick0, n = call_auction.tick_grid(1.0, 0.1, tick)
    curve, fills = np.zeros((2, n)), np.zeros(1)
    call_auction.linear_schedules_on_ticks(one, one, -one, one, 1.0, tick0, tick, curve)
    cleared = call_auction.call_auction(one, np.ones(1, np.int64), curve, tick0, tick, 1.0, False, fills)
    call_auction.schedule_fills(one, one, -one, one, 1.0, tick0, tick, cleared, fills)
    ids, standing = np.zeros(1, np.int64), np.zeros(1, np.int8)
    schedules, orders = np.zeros((4, 1)), (np.zeros((1, 1)), np.zeros((1, 1), np.int64))
    found = np.zeros((1, 7)), *np.zeros((3, 1, 1))
    close.close_months(0, np.arange(2), ids, schedules, *orders, one, 0.1, tick, False, *found)
    close.gross(np.zeros((1, 1)), np.zeros((1, 1)))
    people = crowd.Crowd(ids, one.copy(), np.zeros((1, 1)), standing, one, one, one, one, one, one)
    quantity, ticks = np.zeros((1, 1)), np.zeros((1, 1), np.int64)
    crowd.awake(0, 0, 0, 0, 0.5)
    crowd.crowd_orders(
        people, 0, 0, 0.5, one, one, one, one, np.zeros(24), one, one, 0.0, one, 0.1, tick, quantity, ticks
    )
    crowd.crowd_settle(people, quantity, one, one, one, 0.1, 0.0)
    crowd.crowd_expire(people, 1.0, 1.0, 730.0)
    hedges.hedge_table(ids, ids, np.ones((1, 5)), np.ones((1, 1, 6)), np.zeros((2, 1)))


def _warm_up_book() -> None:
    one, none = np.ones(1), np.zeros(1, np.int64)
    book, best, trades = limit_order_book.empty_book(1, 1), limit_order_book.no_quotes(1), limit_order_book.no_trades(1)
    limit_order_book.match(book, best, np.zeros(1, np.int8), none, none, none, one, limit_order_book.KEEP, trades)
    limit_order_book.depth(book, best, 0, 0)


def _warm_up_funds() -> None:
    tick0, n = call_auction.tick_grid(1.0, 0.1, 0.01)
    month = np.ones(1), np.ones(1, np.int64), np.zeros((2, n)), tick0, 1.0
    funds = fund_auction.FundCurves(
        np.ones(1), np.ones((1, 2)), np.ones((1, 2)), np.ones((1, 2)), np.ones(2), np.ones(2)
    )
    joint_auction.joint_auction(*month, *month, funds, 0.01, False, np.zeros((2, 1)), np.zeros(1), np.zeros(1))


if __name__ == "__main__":
    start = time.perf_counter()
    warm_up()
    print(f"kernels ready in {time.perf_counter() - start:.1f} s")
