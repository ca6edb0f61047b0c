"""The section `reserved` of the specification."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from sim.vocabulary import Parameters, Share


class TenorTerms(Parameters):
    """Length in weeks, share of the reserved stock, share of the rent that is paid ahead."""

    weeks: Annotated[int, Field(ge=1, le=520)]
    stock_share: Share
    prepaid_share: Share


class ReservedTerms(Parameters):
    """Take-or-pay contracts: how rents are found, share of hours billed, indexed and renewed shares, tenors.

    `mechanism` menu: landlords' asks stand at `discount` below what they expect; auction: both sides bid. Both read the
    share `expected_weight` of what is public of rents over the tenor.
    """

    mechanism: Annotated[str, Field(pattern="^(menu|auction)$")]
    use: Share
    discount: Annotated[float, Field(ge=0.0, lt=1.0)]
    renewal: Share
    indexed_share: Share
    index: str
    tenors: dict[str, TenorTerms]
    expected_weight: Share = 0.0
