"""Marks of notes: what those of the present series are worth over what was paid for them and not repaid."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from sim.rows.credit import ServicerReport
from sim.rows.securitisation import NoteTerms
from sim.rules.note_prices import note_price
from sim.rules.tranches import expected_loss_of, pool_losses, within
from sim.securitisation.notes import NotePool
from sim.securitisation.terms import Deal, Rating
from sim.vocabulary import DAYS_PER_YEAR, Floats

LIFE_YEARS = 2.5  # mean life of principal of notes on loans that amortise by about two fifths a year
LEAST_CHANCE, MOST_CHANCE = 1e-4, 0.99


@dataclass(frozen=True)
class Market:
    """What marks read beside the notes: the policy rate, spreads asked (classes,), the chance of default a year."""

    rate: float
    asked: Floats
    chance: float


def lives_of(classes: tuple[str, ...], deal: Deal) -> list[float]:
    """Mean lives of notes (notes,), years; paper's is its maturity."""
    paper = deal.paper.days / DAYS_PER_YEAR if deal.funding == "abcp" else LIFE_YEARS
    return [paper if name == "note_senior" else LIFE_YEARS for name in classes[:-1]]


def losses_ahead(pool: NotePool, report: ServicerReport, deal: Deal, chance: float, lives: list[float]) -> list[float]:
    """Share of what is owed on each note (notes,) that is expected to be lost over its life.

    e_k = E[clip(L - A_k, 0, B_k)] / B_k with B_k what is owed on it and A_k all that is owed below. What the pool
    loses, L, is (1 - recovery) of loans of firms in default, and of the others what Vasicek's large pool loses in the
    life T at the chance 1 - (1 - PD)^T.
    """
    failed = float(report.sold_usd @ report.in_estate)
    sound, certain = max(0.0, float(report.sold_usd.sum()) - failed), (1.0 - deal.recovery) * failed
    found = []
    for k, years in enumerate(lives):
        owed, below = float(pool.balance[k]), float(pool.balance[k + 1 :].sum())
        lost = certain + sound * _pool(chance, years, deal.rating)
        found.append(float(np.clip(lost - below, 0.0, owed).mean()) / owed if owed > 0.0 else 0.0)
    return found


def _pool(chance: float, years: float, rating: Rating) -> Floats:
    """Losses of a pool of par in so many years, in equally likely states."""
    bounded = min(MOST_CHANCE, max(LEAST_CHANCE, within(chance, years)))
    return pool_losses(round(bounded, 6), rating.correlation, rating.loss_given_default)


@lru_cache(maxsize=32)
def usual_losses(
    shares: tuple[float, ...], lives: tuple[float, ...], chance: float, correlation: float, loss_given_default: float
) -> tuple[float, ...]:
    """Share of each note (notes,) that is expected to be lost over its life on the day of sale, by the rating model."""
    tops = np.cumsum(np.array(shares)[::-1])[::-1].tolist()
    return tuple(
        expected_loss_of(tops[k + 1], tops[k], pool_losses(round(within(chance, years), 6), correlation,
                                                            loss_given_default))
        for k, years in enumerate(lives)
    )  # fmt: skip


class Marks:
    """Prices over par (notes,) as they were found last: they are looked for again when something they read changed."""

    def __init__(self) -> None:
        self.read: tuple[object, ...] = ()
        self.prices: Floats = np.zeros(0)

    def of(self, pool: NotePool, report: ServicerReport, deal: Deal, terms: NoteTerms, market: Market) -> Floats:
        """Prices (notes,): what is left of par after write-downs, at the price of what is owed; nan without notes."""
        read = (
            pool.balance.tobytes(), pool.par.tobytes(), pool.spread.tobytes(), report.sold_usd.tobytes(),
            report.in_estate.tobytes(), market.rate, market.asked.tobytes(), market.chance, deal,
        )  # fmt: skip
        if read != self.read:
            self.read, self.prices = read, marks_of(pool, report, deal, terms, market)
        return self.prices


def marks_of(pool: NotePool, report: ServicerReport, deal: Deal, terms: NoteTerms, market: Market) -> Floats:
    """Prices of notes over par (notes,): B / F x p, nan where nothing was sold.

    F is what holders paid for and were not repaid, B what is owed of it after write-downs, p the price of what is owed
    (`sim.rules.note_prices`).
    """
    lives = lives_of(pool.classes, deal)
    ahead = losses_ahead(pool, report, deal, market.chance, lives)
    rating = deal.rating
    usual = usual_losses(
        terms.shares, tuple(lives), rating.default_probability, rating.correlation, rating.loss_given_default
    )
    found = []
    for k, years in enumerate(lives):
        left = float(pool.balance[k]) / float(pool.par[k]) if pool.par[k] > 0.0 else np.nan
        price = note_price(
            float(pool.spread[k]), float(market.asked[k]), market.rate, ahead[k], usual[k], years
        )  # fmt: skip
        found.append(left * price)
    return np.array(found)
