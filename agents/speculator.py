"""Speculators: a crowd of small traders in futures, held as arrays; no Python object per trader."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from sim.agent import Agent, GroupParameters
from sim.rows.exchange import CrowdSettings
from sim.vocabulary import NonNegative, Positive, Share


class SpeculatorParameters(GroupParameters):
    """Weights are means of exponential laws over traders (Chiarella, Iori and Perello 2009); money in USD."""

    traders: Annotated[int, Field(ge=1, le=5_000_000)]
    wealth_usd: Positive  # of the whole crowd on day 0; it grows with the market
    wealth_log_sd: Annotated[float, Field(ge=0.0, le=5.0)]
    fundamental_weight: NonNegative
    chartist_weight: NonNegative
    noise_weight: NonNegative
    boldness: Positive  # position over wealth per unit of expected log return
    horizon_days: Positive
    noise_sd: NonNegative
    activity_per_hour: Share
    trading_half_life_years: Positive


class Speculator(Agent):
    """The crowd as one owner of the ledger; its traders are kept by a sub-ledger of arrays."""

    Parameters: ClassVar[type[GroupParameters]] = SpeculatorParameters
    kind = "speculator"

    def crowd(self) -> CrowdSettings:
        """How the crowd is drawn and how it acts."""
        p = self.p
        return CrowdSettings(
            name=self.name, traders=p.traders, wealth_usd=p.wealth_usd * self.weight, wealth_log_sd=p.wealth_log_sd,
            fundamental_weight=p.fundamental_weight, chartist_weight=p.chartist_weight, noise_weight=p.noise_weight,
            boldness=p.boldness, horizon_days=p.horizon_days, noise_sd=p.noise_sd,
            activity_per_hour=p.activity_per_hour, trading_half_life_years=p.trading_half_life_years,
        )  # fmt: skip
