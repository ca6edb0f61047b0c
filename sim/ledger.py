"""The only writer of balances: every posting has both legs, and what each owner gained is kept by reason.

`positions[instrument, owner]`: a liability is a negative position, cash is an instrument, the outside world is an
owner. An instrument with `unit` "USD" counts in net worth at face; others (GPUs, contracts) are quantities.
What floats leave of a position is judged by all that has been posted to it and has stood in it (`sizes`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from sim.kernels.laws import holds, holds_in_parts, in_order, note_sizes, owed_in_shares, owing, unbalanced
from sim.kernels.postings import legs, pairs, transfers
from sim.rounding import rounding
from sim.vocabulary import Bools, Floats, Ints

CASH = "cash"


@dataclass(frozen=True)
class Instrument:
    """One row of the ledger: its unit, and who may owe it (hold a negative position); None: anyone may."""

    name: str
    unit: str
    issuers: tuple[str, ...] | None = None


class Ledger:
    """A matrix of positions and the flows that explain its change.

    Raises ValueError for a posting that is negative, not finite, or whose net legs do not cancel.
    """

    def __init__(self, owners: Sequence[str]) -> None:
        self.owners = tuple(owners)
        self.owner = {name: i for i, name in enumerate(self.owners)}
        self.instruments: list[Instrument] = []
        self.row: dict[str, int] = {}
        self.reasons: dict[str, int] = {}
        self.positions: Floats = np.zeros((32, len(self.owners)))
        self.flows: Floats = np.zeros((48, len(self.owners)))
        self._sizes: Floats = np.zeros((32, len(self.owners)))
        self._flow_sizes: Floats = np.zeros(len(self.owners))
        self._face: Floats = np.zeros(32)
        self._worth: list[bool] = []  # instruments that are worth their face
        self._nothing: Floats = np.zeros(len(self.owners))
        self._may_owe: Bools = np.zeros((32, len(self.owners)), dtype=bool)
        self._rows: dict[tuple[str, ...], Ints] = {}  # looked up before

    def list(self, name: str, unit: str, issuers: Iterable[str] | None = None) -> int:
        """Add an instrument and return its row; listing a known name again returns its row."""
        if name in self.row:
            return self.row[name]
        row = len(self.instruments)
        if row == len(self.positions):
            self.positions = np.concatenate([self.positions, np.zeros_like(self.positions)])
            self._sizes = np.concatenate([self._sizes, np.zeros_like(self._sizes)])
            self._face = np.concatenate([self._face, np.zeros_like(self._face)])
            self._may_owe = np.concatenate([self._may_owe, np.zeros_like(self._may_owe)])
        instrument = Instrument(name, unit, None if issuers is None else tuple(issuers))
        self.instruments.append(instrument)
        self.row[name] = row
        self._worth.append(unit == "USD")
        self._face[row] = float(self._worth[row])
        owing = self.owners if instrument.issuers is None else instrument.issuers
        self._may_owe[row, [self.owner[name] for name in owing]] = True
        return row

    def held(self, instrument: str) -> Floats:
        """Positions of all owners in an instrument (owners,), read-only."""
        view: Floats = self.positions[self.row[instrument]].view()
        view.flags.writeable = False
        return view

    def table(self, instruments: Sequence[str]) -> Floats:
        """Positions of all owners in several instruments (instruments, owners), a copy."""
        return self.positions[[self.row[name] for name in instruments]]

    def rows(self, instruments: tuple[str, ...]) -> Ints:
        """Rows of several instruments (instruments,), which are looked up once."""
        found = self._rows.get(instruments)
        if found is None:
            found = self._rows[instruments] = np.array([self.row[name] for name in instruments], dtype=np.int64)
        return found

    def holding(self, instrument: str, owner: int) -> float:
        """The position of an owner in an instrument."""
        return float(self.positions[self.row[instrument], owner])

    def cash(self, owner: str) -> float:
        """Cash of an owner, USD."""
        return float(self.positions[self.row[CASH], self.owner[owner]])

    def transfer(self, reason: str, instrument: str, payer: int, payee: int, amount: float) -> None:
        """Move a non-negative amount of an instrument from one owner to another."""
        if not 0.0 <= amount < np.inf:
            raise ValueError(f"{reason}: {self.owners[payer]} cannot pay {amount!r} of {instrument}")
        row = self.row[instrument]
        self.positions[row, payer] -= amount
        self.positions[row, payee] += amount
        self._sizes[row, payer] += amount
        self._sizes[row, payee] += amount
        if self._worth[row]:
            index = self._reason(reason)  # may put a longer array in place of flows
            kept = self.flows[index]
            kept[payer] -= amount
            kept[payee] += amount

    def post(self, reason: str, instrument: str, payers: Ints, payees: Ints, amounts: Floats) -> None:
        """Many transfers of one instrument at once; arrays of equal length, amounts not negative."""
        at = self._at(reason, instrument)
        if not transfers(self.positions, self._sizes, self.flows, *at, payers, payees, amounts):
            raise ValueError(f"{reason}: amounts of {instrument} must be finite and not negative: {amounts}")

    def post_net(self, reason: str, instrument: str, net: Floats, made_of: Floats | None = None) -> None:
        """Net legs (owners,) as a market or kernel returns them; they must cancel but for rounding.

        `made_of` (owners,) is the size of what was added up to each leg, where that is more than the leg. Legs that
        take back what rounding has left of an instrument need not cancel.
        """
        at = self._at(reason, instrument)
        size = self._nothing if made_of is None else made_of
        good, gap, most = legs(self.positions, self._sizes, self.flows, *at, net, size, rounding(1.0))
        if not good:
            raise ValueError(f"{reason}: legs in {instrument} do not cancel: {gap!r} of {most!r}")

    def post_pairs(self, reason: str, instrument: str, payers: Ints, payees: Ints, amounts: Floats) -> None:
        """A table of transfers (payers, payees) of one instrument; amounts not negative."""
        by_payer = amounts.strides[0] >= amounts.strides[1]
        table = np.ascontiguousarray(amounts if by_payer else amounts.T)
        at = self._at(reason, instrument)
        if not pairs(self.positions, self._sizes, self.flows, *at, payers, payees, table, by_payer):
            raise ValueError(f"{reason}: amounts of {instrument} must be finite and not negative")

    def _at(self, reason: str, instrument: str) -> tuple[int, int]:
        """Rows of an instrument and of a reason; -1 where the instrument is not worth its face."""
        row = self.row[instrument]
        return row, self._reason(reason) if self._worth[row] else -1

    def _reason(self, reason: str) -> int:
        index = self.reasons.get(reason)
        if index is None:
            index = self.reasons[reason] = len(self.reasons)
            if index == len(self.flows):
                self.flows = np.concatenate([self.flows, np.zeros_like(self.flows)])
        return index

    def flow(self, reason: str) -> Floats:
        """What each owner has gained so far by a reason (owners,), USD, cumulative."""
        index = self.reasons.get(reason)
        return np.zeros(len(self.owners)) if index is None else self.flows[index].copy()

    def net_worth(self) -> Floats:
        """Face value of all USD instruments by owner (owners,)."""
        n = len(self.instruments)
        return np.array(self._face[:n] @ self.positions[:n])

    def explained(self) -> Floats:
        """Sum of all flows by owner (owners,): what the net worth must have become."""
        return np.asarray(self.flows[: len(self.reasons)].sum(axis=0))

    def note_sizes(self) -> None:
        """Add to the sizes what stands at the close of a day, of which each of its postings may be rounded."""
        counts = len(self.instruments), len(self.reasons)
        note_sizes(self.positions, self._sizes, self.flows, self._flow_sizes, *counts)

    def sizes(self, instruments: Sequence[str]) -> Floats:
        """All that was posted to each position and stood in it, day by day (instruments, owners): see `rounding`."""
        return self._sizes[[self.row[name] for name in instruments]]

    def size(self, instruments: Iterable[str], owner: int) -> float:
        """The same of one owner, over all of these instruments."""
        return sum(float(self._sizes[self.row[name], owner]) for name in instruments)

    def sizes_usd(self) -> Floats:
        """The same of all USD instruments and of the flows that explain them, by owner (owners,)."""
        n = len(self.instruments)
        return np.asarray(self._face[:n] @ self._sizes[:n] + self._flow_sizes)

    # what the laws ask, in one pass each

    def in_order(self) -> bool:
        """Whether every instrument nets to zero, nobody owes without right, and flows explain what owners are worth."""
        counts = len(self.instruments), len(self.reasons)
        return in_order(
            self.positions, self._sizes, self.flows, self._flow_sizes, self._face, self._may_owe, *counts, rounding(1.0)
        )

    def holds(self, instruments: tuple[str, ...], owners: Ints, told: Floats, unit: Floats) -> bool:
        """Whether owners hold of instruments, in units (instruments,) to one, what is told (owners, instruments)."""
        return holds(self.positions, self._sizes, self.rows(instruments), owners, told, unit, rounding(1.0))

    def holds_in_parts(self, instruments: tuple[str, ...], owners: Ints, parts: Floats, *, owed: bool = False) -> bool:
        """Whether owners hold (or have `owed`) the sums over `parts` (n, parts): of one instrument, or one owner."""
        sign = -1.0 if owed else 1.0
        return holds_in_parts(self.positions, self._sizes, self.rows(instruments), owners, parts, sign, rounding(1.0))

    def owes_in_shares(
        self, instruments: tuple[str, ...], issuer: int, owners: Ints, balance: Floats, shares: Floats
    ) -> bool:
        """Whether an issuer owes balances (instruments,) and owners hold their shares (instruments, owners) of them."""
        table = self.positions, self._sizes, self.rows(instruments)
        return owed_in_shares(*table, issuer, owners, balance, shares, rounding(1.0))

    def out_of_balance(self) -> tuple[str, float] | None:
        """The instrument whose positions do not net to zero, if any, and by how much."""
        row = unbalanced(self.positions, self._sizes, len(self.instruments), rounding(1.0))
        return None if row < 0 else (self.instruments[row].name, float(self.positions[row].sum()))

    def owing_without_right(self) -> tuple[str, str, float] | None:
        """An owner with a negative position in something it may not owe: (owner, instrument, position)."""
        row, owner = owing(self.positions, self._sizes, self._may_owe, len(self.instruments), rounding(1.0))
        return None if row < 0 else (self.owners[owner], self.instruments[row].name, float(self.positions[row, owner]))
