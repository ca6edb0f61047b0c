"""What a department is given, and what it promises.

A department owns the tables of its market and their terms; nobody else writes them. It is given `Common` when it is
founded, its own sections of the specification by `adopt`, and frozen facts of the day as arguments of its beats; it
never holds, receives or imports another department. What it must have another do is a door: a protocol that it owns,
bound in `economy.py`. Its sheet on the board is replaced whole. Its rooms are `department.py` (state and beats),
`terms.py` (its sections of the specification), `audit.py` (its laws and columns), and its mechanisms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sim.board import Board
from sim.calendar import Calendar
from sim.growth_path import GrowthPath
from sim.ledger import Ledger
from sim.log import Log
from sim.record import Column
from sim.register import Register
from sim.streams import Streams


@dataclass(frozen=True)
class Common:
    """What every department may use: the one ledger, who there is, random draws, the path, the board, the log."""

    calendar: Calendar
    streams: Streams
    path: GrowthPath
    register: Register
    ledger: Ledger
    board: Board
    log: Log


class Department(Protocol):
    """What the conductor asks of every department beside its beats."""

    def laws(self, day: int) -> None:
        """Check what must hold at the close of a day; raises BrokenLaw."""
        ...

    def columns(self) -> list[Column]:
        """The series it records, in their order."""
        ...

    def day(self) -> dict[str, float]:
        """The day's value of every one of its series, by name."""
        ...
