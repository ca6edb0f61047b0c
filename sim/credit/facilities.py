"""Facilities: on what terms and from which lenders each borrower's loans are drawn, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.agent import group_of
from sim.credit.terms import Facility, Loan
from sim.problems import Problem, SpecError
from sim.vocabulary import Floats


@dataclass(frozen=True)
class Facilities:
    """Share of every draw, amortisation and spread over the borrower's own, both per year; (facilities,) each.

    `commitment` is what may be owed over the path's (infinite: no limit), `fee` a year on what of it is not drawn; of
    a facility with a schedule, `amortisation` is 0.

    `syndicate` (facilities, lenders) says how each facility's draws are shared among lenders.
    """

    share: Floats
    amortisation: Floats
    spread: Floats
    syndicate: Floats
    commitment: Floats
    fee: Floats

    @property
    def lent_by(self) -> Floats:
        """Each lender's share of a draw from all facilities (lenders,)."""
        return np.asarray((self.share[:, None] * self.syndicate).sum(axis=0))


def facilities_of(terms: Loan, weights: Floats, lenders: Sequence[str]) -> Facilities:
    """The facilities of these terms; `weights` (lenders,) of the lenders of these names, which add up to 1 or are none.

    Raises SpecError for one in which nobody lends.
    """
    facilities = terms.facilities
    rows = [_lenders_of(name, facility, weights, lenders) for name, facility in facilities.items()]
    return Facilities(
        share=np.array([facility.share for facility in facilities.values()]),
        amortisation=np.array([facility.amortisation or 0.0 for facility in facilities.values()]),
        spread=np.array([facility.spread for facility in facilities.values()]),
        syndicate=np.array(rows),
        commitment=np.array([facility.commitment or np.inf for facility in facilities.values()]),
        fee=np.array([facility.commitment_fee for facility in facilities.values()]),
    )


def _lenders_of(name: str, facility: Facility, weights: Floats, lenders: Sequence[str]) -> Floats:
    """How a facility's draws are shared among lenders (lenders,)."""
    if facility.lenders is None:
        return weights
    groups = [group_of(lender) for lender in lenders]
    mine = weights * np.array([group in facility.lenders for group in groups], dtype=np.float64)
    if facility.share > 0.0 and len(weights) and not mine.any():
        text = f"none of these lends (has a lending_weight); allowed are {', '.join(sorted(set(groups)))}"
        raise SpecError([Problem(f"loan.facilities.{name}.lenders", facility.lenders, text)])
    return np.asarray(mine / max(float(mine.sum()), 1e-300))
