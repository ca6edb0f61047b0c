"""The sections `loan` and `resolution` of the specification."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.vocabulary import NonNegative, Parameters, Positive, PositiveCount, Share


class Loan(Parameters):
    """Terms of all loans; amortisation is a share of the balance per year, coverage ratios are DSCRs."""

    enabled: bool
    amortisation: Positive
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
