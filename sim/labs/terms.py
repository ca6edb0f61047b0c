"""The section `funding` of the specification."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.vocabulary import NonNegative, Parameters, Positive, Share


class Funding(Parameters):
    """How labs pay: revenue over bills on the path, rounds, default. Without it the rest of the world pays their bills.

    A round brings about `round_months` of the gap between bills and revenue (log sd `size_sd`); it is sought once cash
    lasts less than `round_at_months`, and again `retry_months` after a failure. In default `rejected_share` of
    contracts is rejected, demand falls to `left_share` and in `return_days` grows to `return_share`.
    """

    enabled: bool
    revenue_share: Annotated[float, Field(ge=0.0, le=5.0)]
    round_months: Positive
    round_at_months: NonNegative
    retry_months: Annotated[float, Field(gt=0.0, le=120.0)]
    round_probability: Share
    size_sd: Annotated[float, Field(ge=0.0, le=2.0)]
    rejected_share: Share
    left_share: Share
    return_share: Share
    return_days: Positive
