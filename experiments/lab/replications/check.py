"""One number of a published result beside the one obtained here."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """A quantity with the parameters it is for, what is expected and obtained, and how far these may lie apart.

    `standard_error` is that of a simulated quantity, nan for an exact one.
    """

    quantity: str
    parameters: str
    expected: float
    obtained: float
    tolerance: float
    standard_error: float = math.nan

    @property
    def passed(self) -> bool:
        """Whether the two agree; never for what is not a number."""
        return abs(self.obtained - self.expected) <= self.tolerance


def simulated(
    quantity: str, parameters: str, expected: float, obtained: float, standard_error: float, errors: float
) -> Check:
    """A check of a simulated mean that may lie `errors` standard errors from what is expected."""
    return Check(quantity, parameters, expected, obtained, errors * standard_error, standard_error)
