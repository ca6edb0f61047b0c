"""A crowd of speculators: one owner in the ledger, arrays underneath, and the laws hold for both."""

from __future__ import annotations

import math

import numpy as np

from sim.kernels.close import gross
from sim.kernels.crowd import BANKRUPT, Crowd, crowd_orders
from sim.rows.exchange import CrowdSettings, Foresight
from sim.rules.information import signal_error_sd
from sim.streams import Purpose, Streams, stable_id
from sim.vocabulary import Floats, Ints


class Speculators:
    """The arrays of one crowd and its owner row. `start_usd` (N,) is each trader's wealth on day 0."""

    def __init__(self, settings: CrowdSettings, owner: int, maturities: int, streams: Streams) -> None:
        n = settings.traders
        ids: Ints = np.array([stable_id(f"{settings.name}/{i}") for i in range(n)], dtype=np.int64)

        def exponential(k: int, mean: float) -> Floats:
            u = np.array([streams.uniform(Purpose.SPECULATOR_TYPE, 0, int(i), k) for i in ids])
            return np.asarray(-mean * np.log(u))

        size = np.exp(settings.wealth_log_sd * streams.normals(Purpose.SPECULATOR_TYPE, 1, ids))
        mean_size = math.exp(0.5 * settings.wealth_log_sd**2)
        self.settings = settings
        self.owner = owner
        self.start_usd: Floats = settings.wealth_usd / n * size / mean_size
        self.arrays = Crowd(
            id=ids,
            cash_usd=self.start_usd.copy(),
            position=np.zeros((maturities, n)),
            standing=np.zeros(n, dtype=np.int8),
            fundamental_weight=exponential(0, settings.fundamental_weight),
            chartist_weight=exponential(1, settings.chartist_weight),
            noise_weight=exponential(2, settings.noise_weight),
            boldness=np.full(n, settings.boldness),
            horizon_days=np.full(n, settings.horizon_days),
            noise_sd=np.full(n, settings.noise_sd),
        )
        self.signal: Floats = np.zeros(n)  # of demand to come, logs
        self._phase: Floats = streams.uniforms(Purpose.SPECULATOR_CADENCE, 0, ids)
        self._error: Floats = np.zeros(n)  # of a signal over its sd, as drawn in `_epoch`
        self._epoch: Ints = np.full(n, -1, dtype=np.int64)
        self.quantity: Floats = np.zeros((maturities, n))
        self.tick: Ints = np.zeros((maturities, n), dtype=np.int64)

    def gross(self) -> Floats:
        """Size of all traders' positions and orders tonight (maturities,), contracts, of which its trades are made."""
        return gross(self.arrays.position, self.quantity)

    def hear(self, day: int, foresight: Foresight, precision: float, cadence_days: int, streams: Streams) -> None:
        """Set each trader's signal: the news, and an error that it keeps for `cadence_days` from a day of its own on.

        Nothing is heard, and nothing drawn, at precision zero.
        """
        if precision == 0.0:
            self.signal[:] = 0.0
            return
        ids, epoch = self.arrays.id, (day + (self._phase * cadence_days).astype(np.int64)) // cadence_days
        anew = epoch != self._epoch
        for time in np.unique(epoch[anew]).tolist():
            mine = anew & (epoch == time)
            self._error[mine] = streams.normals(Purpose.SPECULATOR_SIGNAL, time, ids[mine])
        self._epoch = epoch
        self.signal[:] = foresight.news + signal_error_sd(foresight.variance, precision) * self._error

    def orders(
        self,
        seed: int,
        day: int,
        price_usd: Floats,
        expected_usd: Floats,
        trend: Floats,
        persistence: Floats,
        news: Floats,
        lift: Floats,
        price_weight: float,
        contract_hours: Floats,
        margin_share: float,
        tick_usd: float,
    ) -> tuple[Floats, Ints]:
        """Tonight's resting orders: quantity and limit tick, (maturities, N) each."""
        crowd_orders(
            self.arrays, seed, day, self.settings.activity_per_hour, price_usd, expected_usd, trend, persistence, news,
            lift, self.signal, price_weight, contract_hours, margin_share, tick_usd, self.quantity, self.tick,
        )  # fmt: skip
        return self.quantity, self.tick

    def margin_usd(self, needed_usd: Floats) -> float:
        """Deposits of all traders: of each what it needs (N,), or all it has if that is less."""
        return float(np.minimum(needed_usd, np.maximum(0.0, self.arrays.cash_usd)).sum())

    def total_cash_usd(self) -> float:
        """Equity of all traders: cash and margin deposits."""
        return float(self.arrays.cash_usd.sum())

    def clear_debts(self) -> float:
        """Write off what traders owe beyond all they had; returns what the clearing house loses, USD."""
        owing = self.arrays.cash_usd < 0.0
        lost = -float(self.arrays.cash_usd[owing].sum())
        self.arrays.cash_usd[owing] = 0.0
        return lost

    def new_money(self, growth: float, level: float) -> float:
        """A month's new money, USD: traders' wealth grows by `growth` of the start; those ruined are replaced.

        A trader that was bankrupt is followed by a new one of the same type with `level` times the starting wealth.
        """
        cash, standing = self.arrays.cash_usd, self.arrays.standing
        ruined = standing == BANKRUPT
        amount = np.where(ruined, np.maximum(0.0, level * self.start_usd - cash), max(0.0, growth) * self.start_usd)
        cash += amount
        standing[ruined] = 0
        return float(amount.sum())
