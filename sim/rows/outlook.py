"""The outlook: what is public of days to come, and how much of it sellers and signers believe."""

from __future__ import annotations

from dataclasses import dataclass

from sim.rules.outlook import over_tenor, while_it_stands
from sim.vocabulary import Floats


@dataclass(frozen=True)
class Pipeline:
    """Landlords' GPUs by coming day (days,), VE: due of orders under way, retiring; at work and held back today."""

    due_ve: Floats
    retiring_ve: Floats
    working_ve: float
    held_ve: float


@dataclass(frozen=True)
class Outlook:
    """Log changes over today by coming day (days,): of demand over supply, of the rent that lasts.

    `spot_weight` and `reserved_weight` say how much of it list prices and contracts read, `response` how rents change
    with demand over supply, in logs.
    """

    balance: Floats
    lasting: Floats
    spot_weight: float
    reserved_weight: float
    response: float

    def of_a_list_price(self, age_days: float) -> float:
        """Log change expected of rents while a list price stands, as sellers read it."""
        return self.spot_weight * self.response * while_it_stands(self.balance, age_days)

    def of_a_tenor(self, years: float) -> tuple[float, float]:
        """Log changes expected over a tenor of rents and of the rent that lasts, as both sides of contracts read it."""
        weight = self.reserved_weight
        return weight * self.response * over_tenor(self.balance, years), weight * over_tenor(self.lasting, years)
