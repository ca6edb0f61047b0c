"""What used GPUs are worth: to each landlord at its own beliefs, and on average, by grade and life left."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sim.behaviours.investing import Investor, used_values
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


def values_at(register: Register, left_years: Floats, fleets_ve: Floats, scrap_usd: Floats) -> Values:
    """Values at so many years of life left (ages,), given fleets (landlords,) and scrap by grade, USD per VE."""
    own, says = _own(register, left_years, len(scrap_usd))
    mean, floor = _mean(own, says, fleets_ve), scrap_usd[:, None]
    return Values(np.maximum(mean, floor), np.maximum(np.where(says[:, None, None], own, mean), floor))


def mean_at(register: Register, left_years: Floats, fleets_ve: Floats, scrap_usd: Floats) -> Floats:
    """The mean of `values_at` alone (grades, ages)."""
    own, says = _own(register, left_years, len(scrap_usd))
    return np.asarray(np.maximum(_mean(own, says, fleets_ve), scrap_usd[:, None]))


def _own(register: Register, left_years: Floats, grades: int) -> tuple[Floats, Bools]:
    """Own values (landlords, grades, ages) of those who say how they value chips, else 0, and who does (landlords,).

    Who values chips alike values used ones alike: what they are worth follows from that and from what is public.
    """
    known, views = dict(register.of(ValuesChips)), register.views
    landlords = register.roll.landlords.tolist()
    own, says = np.zeros((len(landlords), grades, len(left_years))), np.zeros(len(landlords), dtype=bool)
    found: dict[Investor, Floats] = {}
    for i, owner in enumerate(landlords):
        if owner in known:
            investor = known[owner].investor(views[owner])
            if investor not in found:
                found[investor] = used_values(views[owner], investor, left_years)
            own[i], says[i] = found[investor], True
    return own, says


def _mean(own: Floats, says: Bools, fleets_ve: Floats) -> Floats:
    """Mean of own values by what is owned (grades, ages)."""
    weights = np.where(says, fleets_ve, 0.0)
    total = float(weights.sum())
    return np.tensordot(weights / total, own, 1) if total > 0.0 else np.zeros(own.shape[1:])
