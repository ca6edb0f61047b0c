"""The sections `loan` and `resolution` of the specification."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from sim.vocabulary import NonNegative, Parameters, Positive, PositiveCount, Share

Groups = Annotated[list[str], Field(min_length=1), AfterValidator(lambda names: sorted(set(names)))]


class Facility(Parameters):
    """A facility: its share of every draw, amortisation a year of the balance, spread over the borrower's own.

    `lenders` are the groups of agents that lend under it; null is all.
    """

    share: Share
    amortisation: Positive
    spread: Annotated[float, Field(ge=-1.0, le=10.0)] = 0.0
    lenders: Groups | None = None


class Loan(Parameters):
    """Loans by facility, and the terms that a borrower's loans have in common; coverage ratios are DSCRs.

    Tests are of a borrower over all that it owes; payments and proceeds go to its loans by what falls due or is owed.
    Where no loans are made, `equal_capacity` has equity ask what each landlord's mix with loans would cost.
    """

    enabled: bool
    equal_capacity: bool = False
    facilities: Annotated[dict[str, Facility], Field(min_length=1)]
    lock_up: Positive
    covenant: NonNegative
    grace_months: Annotated[int, Field(ge=0)]
    cure_probability: Share
    cure_share: Share
    cash_sweep: Share
    lock_up_payout: Share
    payout_slack: Positive
    capital_hurdle: NonNegative


class Resolution(Parameters):
    """What happens to a firm in default: sale after some days at a haircut, contracts rejected; used over new price."""

    haircut: Share
    days: PositiveCount
    rejected_share: Share
    used_value: Share
