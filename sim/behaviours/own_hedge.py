"""The hedge ratio that a firm works out from its own record: what hours brought or cost, beside the futures price."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from sim.rows.exchange import HedgeEstimate
from sim.rules.hedging import basis_risk, believed_ratio
from sim.view import View
from sim.vocabulary import HOURS_PER_DAY, NonNegative, Parameters

WindowDays = Annotated[int, Field(ge=10, le=3650)]
ChangeDays = Annotated[int, Field(ge=1, le=90)]
MostRatio = Annotated[float, Field(ge=0.0, le=10.0, allow_inf_nan=False)]


class OwnHedgeParameters(Parameters):
    """Whether the ratio is `mandated`, or `optimal`: that of least variance on the own record, begun from the mandate.

    It is estimated from changes over `hedge_change_days` within the last `hedge_window_days`; the mandated ratio counts
    as `hedge_prior_days` of changes; never below zero nor above `hedge_most`.
    """

    hedging: Literal["mandated", "optimal"] = "mandated"
    hedge_window_days: WindowDays = 180
    hedge_change_days: ChangeDays = 5
    hedge_prior_days: NonNegative = 60.0
    hedge_most: MostRatio = 1.5


class HedgeRecord:
    """Own result per VE-hour of the exposure and the price of the month after the nearest, USD per VE-hour, by day.

    The price is chained: a day's change is that of one contract. The first venue's is read, since that is where most
    hedge; a day counts once its close is known.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Know nothing: on the first day, and where nothing is listed any more."""
        self.own_usd: list[float] = []
        self.price_usd: list[float] = []
        self._waits: float | None = None  # last evening's result, whose close is not known yet
        self._last: tuple[int, tuple[float, ...]] | None = None  # month and prices of the last close noted
        self._level = 0.0

    def note(self, view: View, exposure_ve: float, result_usd: float, window_days: int) -> None:
        """An evening: what the hours brought (or cost) today; the close is yesterday's."""
        curve, month = view.curve(), view.today.date.month
        if curve is None:
            self.begin()
            return
        if self._waits is not None and self._pass_close(curve.price_usd, month, curve.gpu_ve):
            self.own_usd = [*self.own_usd, self._waits][-window_days:]
            self.price_usd = [*self.price_usd, self._level][-window_days:]
        hours = exposure_ve * HOURS_PER_DAY
        self._waits = result_usd / hours if hours > 0.0 else None

    def _pass_close(self, prices: tuple[float, ...], month: int, gpu_ve: float) -> bool:
        """Chain a close; false where no listed contract is known on both evenings."""
        last, self._last = self._last, (month, prices)
        place = min(1, len(prices) - 1)
        if last is None:
            return True
        before = place + (last[0] != month)  # a month has settled, the others have moved up
        if before >= len(last[1]):
            return False
        self._level += (prices[place] - last[1][before]) / gpu_ve
        return True

    def moments(self, change_days: int) -> tuple[float, float, float, int]:
        """Cov(dR, dF), Var(dF), Var(dR) of changes over so many days, and how many there are."""
        n = len(self.own_usd) - change_days
        if n < 2:
            return 0.0, 0.0, 0.0, 0
        own, price = np.array(self.own_usd), np.array(self.price_usd)
        table = np.cov(own[change_days:] - own[:-change_days], price[change_days:] - price[:-change_days])
        return float(table[0, 1]), float(table[1, 1]), float(table[0, 0]), n

    def estimate(self, p: Any) -> HedgeEstimate:
        """The ratio to hedge at, and the basis risk that it leaves."""
        covariance, variance, own, n = self.moments(p.hedge_change_days)
        ratio = believed_ratio(covariance, variance, n, p.hedge_ratio, p.hedge_prior_days, p.hedge_most)
        return HedgeEstimate(ratio, basis_risk(ratio, covariance, variance, own))


class OwnHedge:
    """What those who may hedge at the ratio of least variance have in common; nothing where it is mandated."""

    p: Any
    _record: HedgeRecord | None = None
    _estimate: HedgeEstimate | None = None

    @property
    def hedge_estimate(self) -> HedgeEstimate | None:
        """Own ratio and basis risk; none where the ratio is mandated."""
        return self._estimate if self.p.hedging == "optimal" else None

    def _ratio(self) -> float:
        """The ratio to hedge at."""
        found = self.hedge_estimate
        return float(self.p.hedge_ratio) if found is None else found.ratio

    def _learn_hedge(self, view: View, exposure_ve: float, side: float) -> None:
        """Note the evening; `side` is 1 where own hours bring money, -1 where they cost it."""
        if self._record is None:
            self._record = HedgeRecord()
        self._record.note(view, exposure_ve, side * view.hours_usd, self.p.hedge_window_days)
        self._estimate = self._record.estimate(self.p)
