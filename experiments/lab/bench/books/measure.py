"""The limit order book against two heaps with a dictionary in Python, and against the same book in C."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from experiments.lab.bench.books.heap_book import heap_book
from experiments.lab.bench.result import Measured, at_least, at_most, by_turns
from sim.exchange.order_book import Event, replay
from sim.kernels import limit_order_book as book

EVENTS, TICKS = 100_000, 4096
SHARES = {Event.LIMIT: 0.5, Event.MARKET: 0.1, Event.CANCEL: 0.4}
CANCEL_LAG = 2000.0  # events, mean of an exponential: how old the order is that a cancel takes out
C_SOURCE = Path(__file__).with_name("book.c")


def flow(events: int, seed: int) -> tuple[Any, Any, Any, Any]:
    """Kinds, orders, ticks and quantities of a flow of orders around a price that wanders."""
    rng = np.random.default_rng(seed)
    kind = rng.choice(np.array(list(SHARES), np.int8), events, p=list(SHARES.values()))
    kind[0] = Event.LIMIT
    side = np.where(rng.random(events) < 0.5, 1.0, -1.0)
    reference = np.clip(TICKS / 2 + np.cumsum(rng.normal(0.0, 0.3, events)), TICKS / 8, TICKS * 7 / 8)
    tick = np.rint(reference - side * rng.normal(5.0, 10.0, events)).astype(np.int64)
    quantity = side * rng.integers(1, 11, events)
    limits = np.flatnonzero(kind == Event.LIMIT)
    aged = np.arange(events) - 1 - rng.exponential(CANCEL_LAG, events).astype(np.int64)
    named = limits[np.maximum(0, np.searchsorted(limits, aged, "right") - 1)]
    return kind, np.where(kind == Event.CANCEL, named, np.arange(events)), tick, quantity


def measure_order_book(quick: bool) -> list[Measured]:
    """A fresh flow each time, so that no side learns it; trades are asserted equal."""
    c_book = in_c()
    heaps: list[list[float]] = [[], []]
    twins: list[list[float]] = [[], []]
    entry: list[float] = []
    for seed in range(3 if quick else 11):
        kind, order, tick, quantity = flow(EVENTS, seed)
        owner = np.zeros(EVENTS, np.int64)
        columns = [a.tolist() for a in (kind, order, tick, quantity, owner)]
        found: dict[str, Any] = {}

        def ours(o: Any = order, f: Any = found, a: Any = (kind, order, owner, tick, quantity)) -> None:
            state = book.empty_book(TICKS, len(o)), book.no_quotes(TICKS)
            f["ours"] = book.no_trades(len(o))
            f["n"] = book.match(*state, *a, book.KEEP, f["ours"])

        def heap(c: Any = columns, f: Any = found) -> None:
            f["heap"] = heap_book(*c)[0]

        def whole(f: Any = found, a: Any = (kind, order, tick, quantity)) -> None:
            f["replay"] = replay(*a)

        def twin(o: Any = order, f: Any = found, a: Any = (kind, order, owner, tick, quantity)) -> None:
            state = book.empty_book(TICKS, len(o)), book.no_quotes(TICKS)
            f["c"] = book.no_trades(len(o))
            f["c_n"] = c_book(*state, *a, f["c"]) if c_book else 0

        mine, reference = by_turns([ours, heap], 2)
        heaps[0].append(min(mine))
        heaps[1].append(min(reference))
        entry.append(by_turns([whole], 1)[0][0])
        same_trades(np.column_stack([column[: found["n"]] for column in found["ours"]]), np.array(found["heap"]))
        same_trades(np.column_stack(found["replay"].trades), np.array(found["heap"]))
        if c_book:
            mine, reference = by_turns([ours, twin], 4)
            twins[0].append(min(mine))
            twins[1].append(min(reference))
            same_trades(np.column_stack([column[: found["c_n"]] for column in found["c"]]), np.array(found["heap"]))
    what = "order book, 100,000 events"
    measured = [
        at_least(f"{what}: heapq / ours", *heaps, 1.0, "flow", 60.0),
        at_least(f"{what}, checked (replay): heapq / ours", entry, heaps[1], 1.0, "flow", 10.0),
    ]
    return [*measured, at_most(f"{what}: ours / C", *twins, 1.0, "flow", 1.3)] if c_book else measured


def same_trades(ours: Any, theirs: Any) -> None:
    """Raises AssertionError where two sides have traded differently."""
    if not np.array_equal(ours, theirs):
        raise AssertionError("the order books trade differently")


def in_c() -> Any:
    """The book in C, compiled here and now; None where there is no compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        built = Path(folder) / "book.so"
        options = ["-O3", "-march=native", "-shared", "-fPIC"]
        subprocess.run([compiler, *options, "-o", str(built), str(C_SOURCE)], check=True, capture_output=True)
        found = ctypes.CDLL(str(built)).match
    found.restype = ctypes.c_int64

    def match(state: Any, best: Any, kind: Any, *rest: Any) -> int:
        *columns, trades = rest

        def pointers(arrays: Any) -> list[ctypes.c_void_p]:
            return [ctypes.c_void_p(array.ctypes.data) for array in arrays]

        return int(
            found(
                ctypes.c_int64(len(state.first)), *pointers(state), *pointers([best]), ctypes.c_int64(len(kind)),
                *pointers([kind, *columns]), ctypes.c_int64(book.KEEP), *pointers(trades),
            )
        )  # fmt: skip

    return match
