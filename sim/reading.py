"""What readers of one belief have made of the curve so far: its gaps, what became of them, what it is worth to them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from sim.links import Links
from sim.rules.learning import kept_after_a_month, learned_weight

EVENINGS = 30  # over which the curve is read


class Reading:
    """The record of one belief, on a venue's months; logs throughout.

    A month's gap and expectation are means over the evenings of a calendar month; those of a contract are kept until
    it settles. `misses` are the mean squared errors, over the months in which it was listed before its own, of the
    curve and of the belief in forecasting the contract that settled last; (nan, nan) until one has.
    """

    def __init__(self) -> None:
        self.gaps: deque[float] = deque(maxlen=EVENINGS)
        self.misses = math.nan, math.nan
        self._month: list[tuple[int, Sequence[float], Sequence[float]]] = []
        self._open: dict[int, list[tuple[float, float]]] = {}
        self._passed = 0
        self._sums = [0.0] * 6  # discounted: months, x, y, xx, xy, yy

    def note(self, first: int, gaps: Sequence[float], expected: Sequence[float], hours: Sequence[float]) -> None:
        """Add an evening: log gaps and log expected settlements of the listed months from `first` on.

        `hours` weighs the months by how much of each is still to come: it is nothing that the decision can be for.
        """
        self._month.append((first, gaps, expected))
        total = math.fsum(hours)
        mean = math.fsum(gap * part for gap, part in zip(gaps, hours, strict=True)) / total if total > 0.0 else gaps[-1]
        self.gaps.append(mean)

    @property
    def gap(self) -> float | None:
        """Mean gap of the last evenings; None before the first."""
        return math.fsum(self.gaps) / len(self.gaps) if self.gaps else None

    def pass_month(self, contract: int, settlement: float, memory_years: float) -> None:
        """A month ends and its own contract settles (log): learn what the months before made of it."""
        pairs = [(gap, settlement - expected) for gap, expected in self._open.pop(contract, [])]
        kept = kept_after_a_month(memory_years)
        self._passed += 1
        self._sums = [kept * value for value in self._sums]
        if pairs:
            n = len(pairs)
            terms = ((1.0, x, y, x * x, x * y, y * y) for x, y in pairs)
            means = [math.fsum(values) / n for values in zip(*terms, strict=True)]
            self._sums = [old + new for old, new in zip(self._sums, means, strict=True)]
            self.misses = math.fsum((y - x) ** 2 for x, y in pairs) / n, math.fsum(y * y for _, y in pairs) / n
        self._keep_means(contract)

    def _keep_means(self, settled: int) -> None:
        """Keep the ended month's means by contract, for those that have not settled."""
        found: dict[int, list[tuple[float, float]]] = {}
        for first, gaps, expected in self._month:
            for m, pair in enumerate(zip(gaps, expected, strict=True)):
                found.setdefault(first + m, []).append(pair)
        for contract, evenings in found.items():
            if contract > settled:
                means = tuple(math.fsum(values) / len(evenings) for values in zip(*evenings, strict=True))
                self._open.setdefault(contract, []).append((means[0], means[1]))
        self._month = []

    def weight(self, links: Links) -> float:
        """What the curve has been worth to this belief, 0 to 1, by `sim.rules.learning`."""
        n, x, y, xx, xy, yy = self._sums
        prior_months = links.prior_months * kept_after_a_month(links.memory_years) ** self._passed
        if n <= 0.0:
            return learned_weight(links.prior_weight, prior_months, links.doubt_months, 0.0, 0.0, 0.0, 0.0)
        covariance, gap, surprise = xy / n - x * y / n**2, xx / n - (x / n) ** 2, yy / n - (y / n) ** 2
        return learned_weight(
            links.prior_weight, prior_months, links.doubt_months, n, covariance, max(gap, 0.0), max(surprise, 0.0)
        )
