"""What used GPUs are worth: to each landlord at its own beliefs, and on average, by grade and life left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.behaviours.investing import Annuities, Investor, used_values
from sim.register import Register
from sim.roles import ValuesChips
from sim.vocabulary import DAYS_PER_YEAR, Bools, Floats, Ints


@dataclass(frozen=True)
class Ages:
    """Classes of GPUs by whole years of life left: the first day of each (classes,), and its middle in years."""

    starts: Ints
    middle_years: Floats
    left_years: Floats  # of each day of life left (days,)

    @cached_property
    def of_day(self) -> Ints:
        """The class of each day of life left (days,)."""
        return np.searchsorted(self.starts, np.arange(len(self.left_years)), side="right") - 1


def ages_of(life_days: int) -> Ages:
    """The classes of GPUs that live so many days."""
    starts = np.arange(0, life_days, int(DAYS_PER_YEAR))
    ends = np.append(starts[1:], life_days)
    left = np.arange(1, life_days + 1) / DAYS_PER_YEAR
    return Ages(starts, 0.5 * (starts + ends) / DAYS_PER_YEAR, left)


@dataclass(frozen=True)
class Values:
    """USD per VE: `mean` (grades, ages) of landlords' own values by what they own, `own` (landlords, grades, ages).

    Nothing is worth less than its scrap. A landlord that does not say how it values chips values them at the mean.
    """

    mean: Floats
    own: Floats

    @property
    def relative(self) -> Floats:
        """Each landlord's own value over the mean (landlords, grades, ages)."""
        return np.asarray(self.own / np.where(self.mean > 0.0, self.mean, 1.0))


class Appraisal:
    """What landlords say of used GPUs of certain ages: its tables are written anew each time they are asked."""

    def __init__(self, register: Register, left_years: Floats, grades: int) -> None:
        landlords = len(register.roll.landlords)
        self.register = register
        self.years = Annuities(left_years)
        self.own: Floats = np.zeros((landlords, grades, len(left_years)))
        self.says: Bools = np.zeros(landlords, dtype=bool)

    def values(self, fleets_ve: Floats, scrap_usd: Floats) -> Values:
        """Values given fleets (landlords,) and scrap by grade, USD per VE."""
        self._ask()
        mean, floor = self._mean(fleets_ve), scrap_usd[:, None]
        own = np.where(self.says[:, None, None], self.own, mean)
        return Values(np.maximum(mean, floor), np.maximum(own, floor))

    def mean(self, fleets_ve: Floats, scrap_usd: Floats) -> Floats:
        """The mean of these alone (grades, ages)."""
        self._ask()
        return np.asarray(np.maximum(self._mean(fleets_ve), scrap_usd[:, None]))

    def _ask(self) -> None:
        """Write down own values (landlords, grades, ages) of those who say how they value chips, and who does.

        Who values chips alike values used ones alike: what they are worth follows from that and from what is public.
        """
        known, views = self._known, self.register.views
        found: dict[Investor, Floats] = {}
        for i, owner in enumerate(self.register.roll.landlords.tolist()):
            if owner in known:
                investor = known[owner].investor(views[owner])
                if investor not in found:
                    found[investor] = used_values(views[owner], investor, self.years)
                self.own[i], self.says[i] = found[investor], True

    @cached_property
    def _known(self) -> dict[int, ValuesChips]:
        return dict(self.register.of(ValuesChips))

    def _mean(self, fleets_ve: Floats) -> Floats:
        """Mean of own values by what is owned (grades, ages)."""
        weights = np.where(self.says, fleets_ve, 0.0)
        total = float(weights.sum())
        return np.tensordot(weights / total, self.own, 1) if total > 0.0 else np.zeros(self.own.shape[1:])
