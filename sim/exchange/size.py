"""How large the futures market is: a size that is set when it opens, put right in the first months, and then stands."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from sim.exchange.margin_models import required_usd
from sim.exchange.venue import Venue
from sim.rules.open_interest import interest_of_disagreement, opinion_sd, size_for
from sim.vocabulary import DAYS_PER_YEAR, Floats

LEAST_DAYS = 15  # that positions take to build up, before a month counts
WITHIN = 0.25  # log gap of a month's share from what is stated: beyond it, which is told, it was not met


@dataclass
class Month:
    """What a month has shown so far: values of open contracts and of spot trades, sums over its days, USD."""

    open_usd: float = 0.0
    turnover_usd: float = 0.0

    @property
    def share(self) -> float:
        """Open interest over annual spot turnover; nan where nothing was let."""
        return self.open_usd / (self.turnover_usd * DAYS_PER_YEAR) if self.turnover_usd > 0.0 else math.nan


@dataclass
class MarketSize:
    """The size s of the futures market over what hedgers' and speculators' own keys make it; 1 where none is asked for.

    The crowds own s times their wealth, hedgers bring min(1, s) of their exposure. s follows from `stated`, open
    interest over annual spot turnover, by `sim.rules.open_interest`, with the parts H and C (`hedged`, `crowd`) known
    when a venue opens: usual hedges at first prices, and what traders' noise is worth. At each month's end until the
    day `until` both are multiplied by the geometric mean, over the months so far, of open interest over what it was
    taken to be (at the mean of this month's s and the last's: positions follow within a month or two), and s follows
    anew; months count that begin `LEAST_DAYS` after the opening. From then on s stands, so
    that what shocks do to open interest is left alone.
    """

    stated: float | None = None
    scale: float = 1.0
    hedged: float = 0.0
    crowd: float = 0.0
    before: float = 1.0  # s in the month before
    opened: int = 0
    until: int = -1
    misses: list[float] = field(default_factory=list)  # log of open interest over what it was taken to be, by month
    month: Month | None = None

    @property
    def hedged_share(self) -> float:
        """Share of their exposure that hedgers bring to the exchange."""
        return min(1.0, self.scale)

    def begin(self, day: int, days: int, hedged: float, crowd: float) -> bool:
        """Set s by these parts at s = 1, to be put right for so many days; false where no s gives what is stated."""
        self.hedged, self.crowd = hedged, crowd
        self.opened, self.until, self.month = day, day + days, None
        found = self._follow()
        self.before = self.scale
        return found

    def _follow(self) -> bool:
        """Set s by what is known; false, and s as it was, where there is none."""
        if self.stated is None:
            return True
        mean = math.exp(math.fsum(self.misses) / len(self.misses)) if self.misses else 1.0
        found = size_for(self.stated, mean * self.hedged, mean * self.crowd)
        if not math.isfinite(found):
            return False
        self.scale = found
        return True

    def note(self, open_usd: float, turnover_usd: float) -> None:
        """Add a day to the month."""
        if self.month is not None:
            self.month.open_usd += open_usd
            self.month.turnover_usd += turnover_usd

    def pass_month(self, day: int) -> float | None:
        """A month ends today, and s may follow anew; returns the share it had, if this is the last that counts."""
        month, self.month = self.month, None
        if self.stated is None or self.until < 0:
            return None
        share = month.share if month is not None else math.nan
        if share > 0.0:
            felt = 0.5 * (self.before + self.scale)
            self.misses.append(math.log(share / (min(1.0, felt) * self.hedged + felt * self.crowd)))
            self.before = self.scale
            self._follow()
        if day >= self.until:
            self.until = -1
            return share
        if day + 1 >= self.opened + LEAST_DAYS:
            self.month = Month()
        return None


def missed(stated: float, share: float) -> bool:
    """Whether a month's open interest is far from what is stated."""
    return not (share > 0.0 and abs(math.log(share / stated)) <= WITHIN)


def parts(
    venues: Iterable[Venue], targets: Iterable[Floats], lifts: Iterable[Floats], turnover_usd: float, size: MarketSize
) -> tuple[float, float]:
    """The parts H and C of open interest over a year's spot turnover, USD, at s = 1.

    `targets` are hedgers' positions (months, hedgers) at each venue, contracts, at today's size: the larger side of a
    month is open interest, since crowds take the other side of what is left. `lifts` (months,) are what an error of a
    signal by one sd adds to the log settlement that a trader expects.
    """
    hedged = crowd = 0.0
    for venue, wanted, lift in zip(venues, targets, lifts, strict=True):
        sides = np.maximum(np.maximum(0.0, wanted).sum(axis=1), np.maximum(0.0, -wanted).sum(axis=1))
        hedged += float(sides @ (venue.price_usd * venue.hours))
        for traders in venue.crowds:
            a, months, margin = traders.arrays, lift.tolist(), venue.initial_margin
            every = np.maximum(a.fundamental_weight + a.chartist_weight + a.noise_weight, 1e-300)
            rows = np.array([a.cash_usd, a.boldness, a.noise_weight / every, a.noise_sd, a.fundamental_weight / every])
            for wealth, bold, noise, sd, fundamental in rows.T.tolist():
                sds = math.fsum(opinion_sd(noise, sd, fundamental, month) for month in months)
                crowd += interest_of_disagreement(wealth, bold, sds, margin)
    return hedged / size.hedged_share / turnover_usd, crowd / size.scale / turnover_usd


def resize(venue: Venue, times: float) -> list[tuple[int, float]]:
    """Multiply the wealth of a venue's traders; returns (owner, USD paid in or, below 0, out) by crowd.

    Nobody takes out what is margin.
    """
    found = []
    terms = venue.terms.margin
    for crowd in venue.crowds:
        cash = crowd.arrays.cash_usd
        needed = required_usd(terms, venue.initial_margin, venue.hours, crowd.arrays.position, venue.price_usd)
        moved = np.maximum((times - 1.0) * cash, np.minimum(0.0, needed - cash))
        crowd.start_usd = crowd.start_usd * times
        cash += moved
        found.append((crowd.owner, float(moved.sum())))
    return found
