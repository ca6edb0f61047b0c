"""How long cash lasts, how large a funding round is, how much of a lab's demand is there after a default."""

from __future__ import annotations

import math

from sim.labs.terms import Funding


def runway_months(cash_usd: float, burn_usd: float) -> float:
    """Months that cash lasts at this burn a month; endless where bills are no more than revenue."""
    return max(0.0, cash_usd) / burn_usd if burn_usd > 0.0 else math.inf


def round_months(terms: Funding, draw: float) -> float:
    """Months of burn that a round brings: `round_months` * exp(sd z - sd^2 / 2), z a standard normal draw."""
    return math.exp(terms.size_sd * draw - 0.5 * terms.size_sd**2) * terms.round_months


def presence(terms: Funding, days_since: int) -> float:
    """Share of a lab's demand that is there so many days after its default, as its successor grows.

    l + (r - l) min(1, days / `return_days`), l and r the shares left and returned to.
    """
    grown = min(1.0, days_since / terms.return_days)
    return terms.left_share + (terms.return_share - terms.left_share) * grown
