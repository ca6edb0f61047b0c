"""Exposures: who owes whom, by instrument."""

from __future__ import annotations

from typing import NamedTuple


class Exposure(NamedTuple):
    """What one owner owes another under an instrument, USD."""

    debtor: str
    creditor: str
    instrument: str
    usd: float
