"""Rows of one beat of one market as arrays."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sim.vocabulary import Floats, Ints


@dataclass(frozen=True, slots=True)
class Orders:
    """All rows of one beat of one market as arrays, in an order that depends on no list of agents.

    `owner` (n,) is the ledger row of who proposed, `number` (n,) the place among that owner's own rows, `table`
    (fields, n) holds the rows; `column` gives a field of them (n,), float64.
    """

    owner: Ints
    number: Ints
    table: Floats
    names: tuple[str, ...]

    @classmethod
    def gather(cls, rows: Sequence[tuple[int, int, Any]], kind: Any, first_by: tuple[str, ...] = ()) -> Orders:
        """Sort (owner, number, row) by the fields `first_by`, then by owner in order of stable id, and stack them."""
        fields = kind._fields
        flat = itertools.chain.from_iterable([row for _, _, row in rows])
        table = np.fromiter(flat, np.float64, len(fields) * len(rows)).reshape(-1, len(fields)).T
        owner = np.array([owner for owner, _, _ in rows], dtype=np.int64)
        number = np.array([number for _, number, _ in rows], dtype=np.int64)
        order = np.lexsort((number, owner, *(table[fields.index(name)] for name in reversed(first_by))))
        return cls(owner[order], number[order], np.ascontiguousarray(table[:, order]), fields)

    def column(self, name: str) -> Floats:
        """A field of all rows (n,), contiguous."""
        return np.asarray(self.table[self.names.index(name)])

    def whole(self, name: str) -> Ints:
        """A field of whole numbers (n,)."""
        return np.asarray(self.table[self.names.index(name)], dtype=np.int64)
