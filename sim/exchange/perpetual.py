"""A venue with one contract that never settles: funding between longs and shorts ties its mark to the index."""

from __future__ import annotations

import math

from sim.exchange.terms import FundingTerms
from sim.exchange.venue import Listed, Venue
from sim.record import Column
from sim.rows.exchange import Anchor, Close, Curve
from sim.rules.perpetual import funding_rate
from sim.vocabulary import DAYS_PER_YEAR

SERIES = {
    "usd_per_gpu_hour": ("USD per GPU-hour", "closing mark of the perpetual at {at}; empty where it is not listed"),
    "premium": ("share", "of that mark over the index, less one"),
    "funding": ("share", "of the index that longs paid shorts today at {at}, sum of the day; below 0: shorts paid"),
    "funding_usd": ("USD", "paid in funding today at {at}, by whoever pays"),
    "open_contracts": ("contracts", "open interest in the perpetual at {at}"),
    "volume_contracts": ("contracts", "contracts of the perpetual at {at} traded today"),
}  # fmt: skip


def series(venue: str, what: str) -> str:
    """The name of a series of a perpetual."""
    return f"perpetual_{venue}_{what}"


def columns(venue: str) -> list[Column]:
    """The series of a venue with a perpetual."""
    return [
        Column(series(venue, what), unit, meaning.format(at=venue), f"perpetual_{{venue}}_{what}")
        for what, (unit, meaning) in SERIES.items()
    ]


class Perpetual(Venue):
    """The one contract perpetual:NAME in the place of months; it trades every day as months do.

    `index_usd` are the index before tonight's fixing and tonight's.
    """

    index_usd: tuple[float, float] = (0.0, 0.0)
    held_before: float = 0.0  # open interest before tonight's close

    @property
    def funding(self) -> FundingTerms:
        """The terms of its funding."""
        terms = self.terms.funding
        if terms is None:
            raise ValueError(f"the perpetual at {self.name} has no terms of funding")
        return terms

    @property
    def listed(self) -> Listed:
        """One contract without a month."""
        return Listed(range(1), self.dates, [f"perpetual:{self.name}"], [], 0)

    def open_at(self, index_usd: float) -> None:
        """Begin at the index."""
        self.index_usd = index_usd, index_usd
        self.price_usd[:] = index_usd

    def note_index(self, day: int, index_usd: float) -> None:
        """Take over the index of a day."""
        self.index_usd = self.index_usd[1], index_usd

    def curve(self, day: int, index_ratio: float) -> Curve:
        """The mark and what ties it to the index."""
        f = self.funding
        return Curve(
            price_usd=tuple(self.price_usd.tolist()), horizon_years=(f.horizon_years,), known_weight=(0.0,),
            known_mean_usd=(0.0,), normal_premium=self.normal_premium, days_left=(0.0,), index_ratio=index_ratio,
            contract_hours=(self.terms.contract_gpu_hours * self.gpu_ve,), gpu_ve=self.gpu_ve,
            margin_share=self.initial_margin,
            anchor=Anchor(
                f.response, f.band, f.cap, f.per_day * DAYS_PER_YEAR, f.horizon_years, self.index_usd[1],
                math.log(2.0) * DAYS_PER_YEAR / f.half_life_days,
            ),
        )  # fmt: skip

    def premium(self, close: Close) -> float:
        """Tonight's mark over tonight's index, less one."""
        return float(close.price_usd[0]) / self.index_usd[1] - 1.0

    def rates(self, close: Close) -> list[float]:
        """The day's payments as shares of the index, + longs pay: the last at tonight's mark and index, those before it
        at yesterday's."""
        f, before = self.funding, float(close.last_usd[0]) / self.index_usd[0] - 1.0
        earlier, last = (funding_rate(x, f.response, f.band, f.cap) for x in (before, self.premium(close)))
        return [*[earlier] * (f.per_day - 1), last]

    def funding_usd(self, close: Close) -> float:
        """What a contract that was held long pays for the day, USD."""
        *earlier, last = self.rates(close)
        owed = sum(earlier) * self.index_usd[0] + last * self.index_usd[1]
        return owed * self.terms.contract_gpu_hours

    def day(self, close: Close, open_interest: float) -> dict[str, float]:
        """Tonight's series."""
        found = {
            "usd_per_gpu_hour": float(close.price_usd[0]),
            "premium": self.premium(close),
            "funding": sum(self.rates(close)),
            "funding_usd": abs(self.funding_usd(close)) * self.held_before,
            "open_contracts": open_interest,
            "volume_contracts": float(close.volume[0]),
        }
        return {series(self.name, what): value for what, value in found.items()}
