"""Tests of borrowers on dates of their own: coverage by contracts, delivery, liquidity, debt service."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

import numpy as np

from sim.credit.terms import DatedTest
from sim.rows.credit import Contracted
from sim.vocabulary import Bools, Floats

AMPLE = 1e9  # what a borrower that owes nothing, or has nothing to deliver, is taken to reach


def falls_on(test: DatedTest, date: datetime.date, month: int) -> bool:
    """Whether a month end is a date of a test: every so many months from its first, or from the start."""
    if test.first is None:
        return (month + 1) % test.every_months == 0
    first = datetime.date.fromisoformat(test.first)
    months = 12 * (date.year - first.year) + date.month - first.month
    return months >= 0 and months % test.every_months == 0


def measured(of: str, dscr: Floats, debt_usd: Floats, due_usd: Floats, cash_usd: Floats, facts: Contracted) -> Floats:
    """What a test measures (borrowers,): a ratio, or months; ample where there is nothing to measure."""
    if of == "dscr":
        return dscr
    if of == "coverage":
        return _ratio(facts.rents_due_usd, debt_usd)
    if of == "realisation":
        return _ratio(facts.delivered_ve, facts.let_ve)
    return _ratio(cash_usd, due_usd)


def _ratio(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.where(b > 0.0, a / np.where(b > 0.0, b, 1.0), AMPLE))


def failing(tests: Mapping[str, DatedTest], found: Mapping[str, Floats], failed: dict[str, Bools]) -> Bools:
    """Who fails any test (borrowers,): `found` by test made today; what was `failed` before stands until the next date.

    `failed` is kept up to date.
    """
    for name in list(failed):
        if name not in tests:
            del failed[name]
    for name, values in found.items():
        failed[name] = np.asarray(values < tests[name].least)
    return np.asarray(np.any(list(failed.values()), axis=0))
