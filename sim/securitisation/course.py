"""The course of a deal: its series, triggers and stage, what it was sold to hold, what the rating model expects."""

from __future__ import annotations

import math

import numpy as np

from sim.rows.credit import ServicerReport
from sim.rows.securitisation import NoteTerms
from sim.rules.credit_pricing import learned_loss_rate
from sim.rules.tranches import class_losses
from sim.securitisation.notes import NotePool
from sim.securitisation.prices import LEAST_CHANCE, MOST_CHANCE
from sim.securitisation.terms import Deal, Rating
from sim.securitisation.waterfall import Stage
from sim.vocabulary import Floats

STAGES = ("buys loans again", "amortises", "fails a test", "traps the residual's cash", "pays notes first")
USUAL_MONTHS = 12.0  # over which the usual amount of loans made to be sold is a mean


class Course:
    """`months` since the series began, `peak_usd` of its notes; sums so far; `dscr` of the pool's borrowers.

    `chance` is the chance of default a year that the rating model uses. `warehouse_usd` are loans made to be sold that
    nobody has bought, `usual_usd` what is made to be sold in a usual month.
    """

    def __init__(self) -> None:
        self.months, self.peak_usd = 0, 0.0
        self.bought_usd = self.lost_usd = self.lost_before_usd = 0.0
        self.dscr = math.nan
        self.stopped_for_losses = False
        self.chance = math.nan
        self.warehouse_usd = self.usual_usd = self.kept_usd = 0.0
        self.coverage = math.nan

    # series, triggers

    def pass_month(self, deal: Deal, pool: NotePool, report: ServicerReport, days_in_years: float) -> None:
        """A payment date: what happened to the pool; an amortised series gives way to the next."""
        lost = report.lost_usd - self.lost_usd
        self.lost_usd, self.dscr = report.lost_usd, report.dscr
        self._rate(deal.rating, lost, report.sold_total_usd, days_in_years)
        if deal.loss_trigger is not None and self.bought_usd > 0.0:
            self.stopped_for_losses |= self.loss_share > deal.loss_trigger
        self.months += 1
        owed = float(pool.balance[:-1].sum())
        if not self._in_time(deal) and owed <= deal.renewed_at * self.peak_usd:
            self.months, self.peak_usd, self.stopped_for_losses = 0, owed, False
            self.bought_usd, self.lost_before_usd = report.sold_total_usd, self.lost_usd
        self.peak_usd = max(self.peak_usd, owed)

    @property
    def loss_share(self) -> float:
        """Lost in this series of all loans bought for it; nan where there are none."""
        return (self.lost_usd - self.lost_before_usd) / self.bought_usd if self.bought_usd > 0.0 else math.nan

    def _in_time(self, deal: Deal) -> bool:
        months = deal.revolving_months
        return not self.stopped_for_losses and (months is None or self.months < months)

    def stage(self, deal: Deal, unpaid_usd: float) -> Stage:
        """How the payment date stands."""
        rapid = self.stopped_for_losses or self.dscr < deal.dscr_rapid or unpaid_usd > 0.0
        trapped = self.dscr < deal.dscr_trap
        return Stage(revolving=self._in_time(deal) and not rapid and not trapped, trapped=trapped, rapid=rapid)

    def number(self, deal: Deal, unpaid_usd: float, *, failed: bool) -> int:
        """The stage as it is recorded: its place among `STAGES`."""
        stage = self.stage(deal, unpaid_usd)
        if stage.rapid:
            return 4
        return 3 if stage.trapped else 2 if failed else 0 if stage.revolving else 1

    # the rating model

    def _rate(self, rating: Rating, lost_usd: float, held_usd: float, years: float) -> None:
        """In point of time the chance of default follows what was lost; through the cycle it stays."""
        if rating.window == "cycle" or math.isnan(self.chance):
            self.chance = rating.default_probability
        if rating.window == "point" and held_usd + lost_usd > 0.0:
            seen = lost_usd / (held_usd + lost_usd) / years / rating.loss_given_default
            self.chance = learned_loss_rate(self.chance, seen, years, rating.half_life_years)

    def chance_by(self, rating: Rating) -> float:
        """Chance of default a year by the rating model now."""
        chance = self.chance
        return rating.default_probability if math.isnan(chance) else min(MOST_CHANCE, max(LEAST_CHANCE, chance))

    def expected_losses(self, rating: Rating, terms: NoteTerms, chance: float | None = None) -> Floats:
        """What each class is expected to lose a year (classes,), by its attachment and detachment in par."""
        chance = self.chance_by(rating) if chance is None else min(MOST_CHANCE, max(LEAST_CHANCE, chance))
        return np.array(class_losses(terms.shares, round(chance, 6), rating.correlation, rating.loss_given_default))

    def asked_more(self, rating: Rating, terms: NoteTerms) -> list[float]:
        """What notes must pay more for what they are expected to lose beyond the usual (notes,), a year."""
        if rating.window == "cycle" or rating.weight == 0.0:
            return []
        usual = self.expected_losses(rating, terms, rating.default_probability)
        more = rating.weight * (self.expected_losses(rating, terms) - usual)
        return [float(x) for x in more[:-1]]

    def borne_below(self, rating: Rating, terms: NoteTerms) -> float:
        """Share of all losses expected that whoever holds the residual bears."""
        losses = self.expected_losses(rating, terms, rating.default_probability)
        total = rating.default_probability * rating.loss_given_default
        return min(1.0, float(losses[-1]) * terms.shares[-1] / total)

    # the warehouse

    def age_warehouse(self, kept_usd: float, drawn_usd: float) -> None:
        """Loans that wait to be sold are repaid as all loans that lenders keep are."""
        if self.kept_usd > 0.0:
            self.warehouse_usd *= min(1.0, max(0.0, kept_usd - drawn_usd) / self.kept_usd)

    def stock(self, meant_usd: float, sold_usd: float, kept_usd: float) -> None:
        """So much of a month's loans was meant to be sold, so much of these and of the warehouse was."""
        self.warehouse_usd = min(kept_usd, max(0.0, self.warehouse_usd + meant_usd - sold_usd))
        self.bought_usd += sold_usd
        self.kept_usd = kept_usd
        if sold_usd > 0.0:
            self.usual_usd += (meant_usd - self.usual_usd) / (USUAL_MONTHS if self.usual_usd > 0.0 else 1.0)

    def most_usd(self, deal: Deal, share: float, room_usd: float) -> float:
        """What may be drawn in all: what is to be sold of it needs a buyer or room in the warehouse."""
        if deal.warehouse_months is None or share <= 0.0 or self.usual_usd <= 0.0:
            return math.inf
        free = max(0.0, deal.warehouse_months * self.usual_usd - self.warehouse_usd)
        return (free + room_usd) / share
