"""How much margin a contract needs: a fixed share of notional, or one that follows the volatility of its price."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from statistics import NormalDist

import numpy as np

from sim.exchange.contract_size import per_first
from sim.exchange.terms import Margin
from sim.quantiles import between
from sim.vocabulary import Floats


class FilteredHistory:
    """Initial margin by filtered historical simulation (Barone-Adesi, Giannopoulos and Vosper 1999), share of notional.

    share = (1 - w)(1 + buffer) q(|z|) sigma sqrt(horizon) + w initial, at least `floor` and at most 1: sigma^2 is an
    exponentially weighted mean of squared daily log returns (`decay`), z the last `window_days` returns over the sigma
    of their day, q their quantile at `confidence`. Buffer, the weight w of a stressed share and floor are the three
    tools against procyclicality of the EU's rules (Regulation 153/2013, Art. 28). It begins with normal z and the sigma
    at which the share is `initial`.
    """

    def __init__(self, terms: Margin) -> None:
        self.terms = terms
        normal = NormalDist()
        places = (np.arange(terms.window_days) + 0.5) / terms.window_days
        self.surprises: Floats = np.array([normal.inv_cdf(p) for p in places.tolist()])
        self.in_order: list[float] = sorted(np.abs(self.surprises).tolist())
        self.at = 0
        self.sigma = terms.initial / ((1.0 + terms.buffer) * self._quantile() * math.sqrt(terms.horizon_days))

    def _quantile(self) -> float:
        """The quantile of sizes, linear between two of them: to the bit what numpy makes of all of them anew."""
        return between(self.in_order, self.terms.confidence * (len(self.in_order) - 1))

    def note(self, log_return: float) -> None:
        """Learn a day's return."""
        t = self.terms
        del self.in_order[bisect_left(self.in_order, abs(float(self.surprises[self.at])))]
        self.surprises[self.at] = log_return / self.sigma
        insort(self.in_order, abs(float(self.surprises[self.at])))
        self.at = (self.at + 1) % t.window_days
        self.sigma = math.sqrt(t.decay * self.sigma * self.sigma + (1.0 - t.decay) * log_return * log_return)

    @property
    def share(self) -> float:
        """Initial margin as a share of notional."""
        t = self.terms
        value_at_risk = (1.0 + t.buffer) * self._quantile() * self.sigma * math.sqrt(t.horizon_days)
        return min(1.0, max(t.floor, (1.0 - t.stress_weight) * value_at_risk + t.stress_weight * t.initial))


def required_usd(terms: Margin, share: float, hours: Floats, position: Floats, price_usd: Floats) -> Floats:
    """Initial margin (owners,) of positions (months, owners) in contracts of so many `hours` (months,), USD.

    `scan`, as SPAN does over the curve: the months' net position bears the range of prices, what is long against short
    only `spread_charge` of it. At a charge of one, and in the other models, every position bears it all.
    """
    size, usd = float(hours[0]), per_first(price_usd, hours)
    gross = np.abs(position).T @ usd
    if terms.model != "scan":
        return np.asarray(share * size * gross)
    net = np.abs(position.T @ usd)
    return np.asarray(share * size * (net + terms.spread_charge * np.maximum(0.0, gross - net)))
