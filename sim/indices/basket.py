"""A basket of products: which belong to an index, and the factors that bring their prices to a reference product."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from sim.indices.hedonic import estimate
from sim.problems import Problem, nearest
from sim.rows.rental import Products
from sim.vocabulary import Floats, Ints, NonNegative, Parameters, Positive, PositiveCount

ATTRIBUTES = ("grade", "region", "tier")
Names = Annotated[list[str], Field(min_length=1)] | None


class Reference(Parameters):
    """The product that an index speaks of; where null, or not in this world, the first of the basket."""

    grade: str | None = None
    region: str | None = None
    tier: str | None = None


class Estimation(Parameters):
    """Factors are estimated every so many days from the days before, and stay fixed in between.

    An estimate that moves the index by more than `event_threshold` (log) is put on record.
    """

    every_days: PositiveCount
    window_days: PositiveCount
    event_threshold: NonNegative


class Selection(NamedTuple):
    """A basket in one world: n products, K attributes other than the reference's.

    `columns` (n,) are places among all products, `dummies` (n, K) say which product has which of `attributes` (K
    names), `start` (K,) log factors on day 0, `start_usd` the rent of the reference per VE-hour of a landlord's rent,
    `value` its VE per GPU.
    """

    columns: Ints
    attributes: tuple[str, ...]
    dummies: Floats
    start: Floats
    start_usd: float
    value: float


class Basket(Parameters):
    """Products by grade, region and tier: names, or null for all; `grades: reference` is the first grade of the world.

    `factors` are fixed worths of grades, regions and tiers by name (1 where none is given); null estimates them.
    """

    grades: Literal["reference"] | Names = None
    regions: Names = None
    tiers: Names = None
    reference: Reference = Reference()
    factors: dict[str, Positive] | None = None
    estimation: Estimation | None = None

    def problems(self, prefix: str, world: Mapping[str, Sequence[str]]) -> list[Problem]:
        """What is wrong with it in a world of these grades, regions and tiers (each a list of names).

        Regions and tiers that the world does not have are passed over, unless they look misspelt or none is left, so
        that one preset serves many worlds; a world of one tier does not tell tiers apart.
        """
        found = []
        for attribute in ATTRIBUTES:
            known, key = list(world[attribute]), f"{prefix}.{attribute}s"
            if attribute == "tier" and len(known) == 1:
                continue
            wanted = getattr(self, f"{attribute}s")
            if isinstance(wanted, list):
                strict = attribute == "grade" or not set(wanted) & set(known)
                found += _unknown(key, wanted, known, strict)
            one = getattr(self.reference, attribute)
            found += _unknown(f"{prefix}.reference.{attribute}", [one] if one else [], known, attribute == "grade")
        known = [name for attribute in ATTRIBUTES for name in world[attribute]]
        found += _unknown(f"{prefix}.factors", list(self.factors or ()), known, False)
        if self.factors is None and self.estimation is None:
            text = "is needed where no factors are given; write factors: {} for prices as they are"
            found.append(Problem(f"{prefix}.estimation", None, text))
        return found

    def select(self, products: Products) -> Selection:
        """The basket among these products, which its problems have been checked against."""
        names = {a: getattr(products, f"{a}_names") for a in ATTRIBUTES}
        places = {a: getattr(products, a) for a in ATTRIBUTES}
        inside = np.ones(len(products.value), dtype=bool)
        for a in ATTRIBUTES:
            wanted = getattr(self, f"{a}s")
            wanted = names[a][:1] if wanted == "reference" else wanted
            wanted = None if a == "tier" and len(names[a]) == 1 else wanted
            if wanted is not None:
                inside &= np.isin(places[a], [k for k, name in enumerate(names[a]) if name in wanted])
        columns = np.flatnonzero(inside)
        of = {a: places[a][columns] for a in ATTRIBUTES}
        fits = np.ones(len(columns), dtype=bool)
        for a in ATTRIBUTES:
            mine = np.array([names[a][k] == getattr(self.reference, a) for k in of[a]], dtype=bool)
            fits = fits & mine if (fits & mine).any() else fits
        at = int(np.argmax(fits))
        worth = np.log(products.value * products.level)[columns]
        attributes: list[str] = []
        dummies, fixed = [], []
        for a in ATTRIBUTES:
            base = int(of[a][at])
            for k in sorted(set(of[a].tolist()) - {base}):
                attributes.append(f"{names[a][k]} over {names[a][base]}")
                dummies.append((of[a] == k).astype(np.float64))
                fixed.append(self._log(names[a][k]) - self._log(names[a][base]))
        table = np.stack(dummies, axis=1) if dummies else np.zeros((len(columns), 0))
        start = np.array(fixed)
        if self.factors is None:
            none = np.zeros(table.shape[1])
            start = estimate(worth[None], np.ones((1, len(columns))), table, none)
        value = float(products.value[columns[at]])
        return Selection(columns, tuple(attributes), table, start, float(np.exp(worth[at])), value)

    def _log(self, name: str) -> float:
        return math.log((self.factors or {}).get(name, 1.0))


class Standing:
    """A basket in one world, with the factors in force: all derived from settings and an index's memory."""

    def __init__(self, basket: Basket, products: Products, memory: dict[str, Any]) -> None:
        self.selection = basket.select(products)
        estimation = basket.estimation if basket.factors is None and self.selection.attributes else None
        self.every_days = estimation.every_days if estimation else 0
        self.window_days = estimation.window_days if estimation else 0
        self.threshold = estimation.event_threshold if estimation else 0.0
        self.columns = self.selection.columns
        self.factors = np.exp(self.selection.dummies @ self._logs(memory))

    def is_due(self, day: int, memory: dict[str, Any]) -> bool:
        """Whether factors are estimated anew today."""
        return self.every_days > 0 and day > 0 and day % self.every_days == 0 and bool(memory.get("days"))

    def remember(self, memory: dict[str, Any], row: tuple[Floats, Floats]) -> None:
        """Keep today's mean prices and weights by product (J,), for as long as estimates reach back."""
        if self.window_days:
            days = memory.setdefault("days", [])
            days.append(row)
            if len(days) > self.window_days:
                del days[: -self.window_days]

    def re_estimate(self, memory: dict[str, Any]) -> None:
        """Estimate factors from the remembered days, and remember them."""
        selection = self.selection
        price, weight = (np.stack([row[k] for row in memory["days"]])[:, selection.columns] for k in (0, 1))
        usable = (weight > 0.0) & (price > 0.0) & np.isfinite(price) & np.isfinite(weight)
        log_price = np.log(np.where(usable, price, 1.0))
        logs = estimate(log_price, np.where(usable, weight, 0.0), selection.dummies, self._logs(memory))
        if np.isfinite(logs).all():
            own = dict(zip(selection.attributes, logs.tolist(), strict=True))
            memory["factors"] = {**memory.get("factors", {}), **own}
            self.factors = np.exp(selection.dummies @ logs)

    def _logs(self, memory: dict[str, Any]) -> Floats:
        known, selection = memory.get("factors", {}), self.selection
        logs = [known.get(name, first) for name, first in zip(selection.attributes, selection.start, strict=True)]
        return np.array(logs, dtype=np.float64).reshape(len(logs))


def _unknown(key: str, wanted: Sequence[str], known: Sequence[str], strict: bool) -> list[Problem]:
    found = []
    for name in wanted:
        if name in known:
            continue
        near = nearest(name, list(known))
        if strict or near:
            found.append(Problem(key, name, f"the world has no such name; it has {', '.join(known)}", near))
    return found
