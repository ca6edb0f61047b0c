"""Compile every kernel once, so that the first run does not wait: `python -m sim.kernels.warmup`.

As many processes compile as there are cores, each a piece of the kernels at a time, into the one cache on disk. Kernels
call kernels, and compiling one compiles all that it calls: a piece waits while another process compiles what it needs.
"""

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from types import CodeType, ModuleType
from typing import Any

import llvmlite.binding
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
    record,
    spot,
    spot_rows,
    sums,
    used_gpus,
    winsor,
)
from sim.kernels.cache import use_hashed_cache

Piece = Callable[[], None]


def warm_up() -> None:
    """Call each kernel on the smallest input, with the types it has in a run."""
    for piece in PIECES:
        piece()


def warm_up_in_processes(processes: int) -> None:
    """Compile in so many processes unless that has been done, then see to it that nothing is missing."""
    done = use_hashed_cache() / f"warm-{llvmlite.binding.get_host_cpu_name()}"
    if processes > 1 and not done.exists():
        with ProcessPoolExecutor(min(processes, len(PIECES)), multiprocessing.get_context("spawn")) as pool:
            _compile(pool, processes)
    warm_up()
    done.touch()


def _compile(pool: ProcessPoolExecutor, processes: int) -> None:
    waiting, compiled = list(PIECES), set[Any]()
    running: dict[Future[None], set[Any]] = {}
    while waiting or running:
        for piece in startable(waiting, list(running.values()), compiled)[: processes - len(running)]:
            waiting.remove(piece)
            running[pool.submit(piece)] = kernels_called(piece)
        for done in wait(running, return_when=FIRST_COMPLETED).done:
            done.result()
            compiled |= running.pop(done)


def startable(waiting: list[Piece], running: list[set[Any]], compiled: set[Any]) -> list[Piece]:
    """Pieces that may run beside those that run and beside each other: none needs what another one compiles."""
    found, busy = [], set[Any]().union(*running)
    for piece in waiting:
        needed = kernels_called(piece)
        if not (needed - compiled) & busy:
            found.append(piece)
            busy |= needed
    return found


def kernels_called(function: Callable[..., Any]) -> set[Any]:
    """The compiled functions that a function calls, or that those call."""
    found, ahead = set[Any](), [function]
    while ahead:
        for called in _named_in(ahead.pop()):
            if called not in found:
                found.add(called)
                ahead.append(called)
    return {one for one in found if hasattr(one, "py_func")}


def _named_in(function: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Functions of this program that a function's code names, as `name` or as `module.name`."""
    plain = getattr(function, "py_func", function)
    names = set(_names_of(plain.__code__))
    for name in names:
        one = plain.__globals__.get(name)
        for each in [vars(one).get(other) for other in names] if isinstance(one, ModuleType) else [one]:
            if callable(each) and hasattr(getattr(each, "py_func", each), "__code__"):
                yield each


def _names_of(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names_of(inner)


def _warm_up_draws() -> None:
    philox.uniform(0, 1, 0, 0, 0)
    philox.normal(0, 1, 0, 0, 0)
    ids, out = np.zeros(1, np.int64), np.zeros(1)
    philox.fill_uniform(0, 1, 0, ids, out)
    philox.fill_normal(0, 1, 0, ids, out)


def _warm_up_means() -> None:
    contract_auction.meet(np.ones((3, 1, 1)), np.ones((3, 1, 1)))
    winsor.winsorised_mean(np.ones((2, 1)), np.ones((2, 1)), np.zeros(1, np.int64), np.ones(1), 0.1)


def _warm_up_sums() -> None:
    one, table = np.ones(1), np.ones((1, 1))
    sums.exact(one)
    sums.total(one)
    sums.rows(table, one)
    sums.columns(table, one)
    sums.mean_sd(one)


def _warm_up_jobs() -> None:
    one, three = np.ones((5, 1)), np.ones((1, 3))
    jobs.pass_nights(one, np.array([0, 1]), jobs.plan(one, 0)[0], three, three, np.ones((1, 5)), 0, 0.1)


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
    laws.note_sizes(*ledger, one, 1, 1)
    laws.in_order(*ledger, one, one, table == 0.0, 1, 1, 1.0)
    laws.unbalanced(*ledger[:2], 1, 1.0)
    laws.owing(*ledger[:2], table == 0.0, 1, 1.0)
    laws.holds(*ledger[:2], who, who, table, one, 1.0)
    laws.holds_in_parts(*ledger[:2], who, who, table, 1.0, 1.0)
    laws.vintages(np.zeros((1, 1, 3)), np.zeros((1, 1, 3)), one, 0, 0)
    laws.counted_anew(np.zeros((1, 1, 1)), 0, who, True, one, one, 1.0)
    laws.recount(np.zeros((1, 1, 1)), 0, who, True)
    laws.balances(table, table, table, table, table, 1.0)
    laws.owed_in_shares(*ledger[:2], who, 0, who, one, table, 1.0)
    laws.hours(one, table, table, table, who, table, one, 24.0, 1.0)
    postings.legs(*ledger, 0, 0, np.zeros(1), one, 1.0)
    contract_book.paired(table, table, table, one)
    slots, totals = np.zeros((1, 1, 1)), np.zeros((4, 1, 1))
    contract_book.enter(
        slots, table, who, one, one, one, 0.0, one, slots.copy(), slots.copy(), slots.copy(), slots.copy(), totals,
        table.copy(),
    )  # fmt: skip
    contract_book.novate(slots, table)


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
    spot_rows.remember(tightness, who, who, spot.CONVEX, capacity, capacity, by_column, posted, 24, 2.0, 10.0)


def _warm_up_record() -> None:
    one, table, who, yes = np.ones(1), np.ones((1, 1)), np.zeros(1, np.int64), np.ones(1, np.bool_)
    record.fleets(table, table, who, one)
    record.hours(table, table, who, one, table, table, one, table, one, one)
    record.shelves(table, yes)
    record.listed(table, yes, one, who, 1, table, yes, who, who)
    record.long_positions(table, who, who)
    record.positive(table)
    record.held(table, who, who)
    record.spreads(one, 0.0, one, 0.0, one)


def _warm_up_used_gpus() -> None:
    one, who, ages = np.ones(1), np.zeros(1, np.int64), np.ones((1, 1))
    used_gpus.bracket(one, one, one, 0.0, one, one, one, 0.0, 0.5)
    used_gpus.worths(np.ones((1, 1, 3)), who, 1, ages, ages, who)


def _warm_up_auction() -> None:
    one, tick = np.ones(1), 0.01
    tick0, n = call_auction.tick_grid(1.0, 0.1, tick)
    curve, fills = np.zeros((2, n)), np.zeros(1)
    call_auction.linear_schedules_on_ticks(one, one, -one, one, 1.0, tick0, tick, curve)
    cleared = call_auction.call_auction(one, np.ones(1, np.int64), curve, tick0, tick, 1.0, False, fills)
    call_auction.schedule_fills(one, one, -one, one, 1.0, tick0, tick, cleared, fills)


def _warm_up_close() -> None:
    one, ids = np.ones(1), np.zeros(1, np.int64)
    schedules, orders = np.zeros((4, 1)), (np.zeros((1, 1)), np.zeros((1, 1), np.int64))
    found = np.zeros((1, 7)), *np.zeros((3, 1, 1))
    close.close_months(0, np.arange(2), ids, schedules, *orders, one, 0.1, 0.01, False, *found)
    close.gross(np.zeros((1, 1)), np.zeros((1, 1)))
    hedges.hedge_table(ids, ids, np.ones((1, 5)), np.ones((1, 1, 6)), np.zeros((2, 1)))


def _warm_up_crowd() -> None:
    one, ids, standing = np.ones(1), np.zeros(1, np.int64), np.zeros(1, np.int8)
    people = crowd.Crowd(ids, one.copy(), np.zeros((1, 1)), standing, one, one, one, one, one, one)
    quantity, ticks = np.zeros((1, 1)), np.zeros((1, 1), np.int64)
    crowd.awake(0, 0, 0, 0, 0.5)
    crowd.crowd_orders(
        people, 0, 0, 0.5, one, one, one, one, np.zeros(24), one, one, 0.0, one, 0.1, 0.01, quantity, ticks
    )
    crowd.crowd_settle(people, quantity, one, one, one, 0.1, 0.0)
    crowd.crowd_expire(people, 1.0, 1.0, 730.0)


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


# what others call first, then what takes longest
PIECES: tuple[Piece, ...] = (
    _warm_up_sums, _warm_up_auction, _warm_up_draws, _warm_up_funds, _warm_up_spot, _warm_up_jobs, _warm_up_rows,
    _warm_up_books, _warm_up_record, _warm_up_used_gpus, _warm_up_crowd, _warm_up_close, _warm_up_book, _warm_up_means,
)  # fmt: skip


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


if __name__ == "__main__":
    start = time.perf_counter()
    warm_up_in_processes(cores())
    print(f"kernels ready in {time.perf_counter() - start:.1f} s")
