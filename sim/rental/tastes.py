"""What users think of products: efficiency for their work, the cost of moving, and tastes that fit the growth path.

A kind of work is done for users at home in a region; shapes: W kinds of work by home (homes innermost), J products.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from pydantic import Field

from sim.rows.rental import Products
from sim.vocabulary import Bools, Floats, NonNegative, Parameters, Share

ROUNDS = 500  # of balancing; it converges geometrically
CLOSE = 1e-13


class Work(Parameters):
    """A kind of work; `share` is its share of spot demand on the path, which is what tastes are fitted to.

    `efficiency` is work done per VE-hour on a grade (1 where none is given). Work that runs away from home costs
    `migration_cost` more (log points); a share `data_gravity` cannot leave; `interruptible` is the share that bears
    being cut off.
    """

    share: Share
    efficiency: dict[str, Annotated[float, Field(gt=1e-3, le=1e3, allow_inf_nan=False)]]
    migration_cost: NonNegative
    data_gravity: Share
    interruptible: Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Tastes:
    """`pull` (W, J): what draws users apart from price; `shift` (W, J): log points by which a product is cheaper.

    Users weigh products by pull * exp(-sigma (log price - shift)); `share` (W, J) is how they are spread when all
    comparable prices are equal; `occupancy` is the share of capacity let on the path.
    """

    pull: Floats
    shift: Floats
    share: Floats
    occupancy: float


def tastes_of(
    works: Mapping[str, Work],
    products: Products,
    homes: Floats,
    wanted: Floats,
    interruptible: Bools,
    substitution: float,
    occupancy: float,
) -> Tastes:
    """Tastes with which users spread themselves as `wanted` (J,) when comparable prices are equal.

    `homes` (regions,) is where users are, `interruptible` (J,) marks products that can be taken back. One factor a
    product is found by iterative proportional fitting (Deming and Stephan 1940; the contraction of Berry 1994 with
    several groups), given what each kind of work can reach. Raises ValueError naming users who can reach nothing.
    """
    away = products.region[None, :] != np.arange(len(homes))[:, None]  # (homes, J)
    soft, shift, weight, names = [], [], [], []
    for name, work in works.items():
        on_grade = np.log([work.efficiency.get(grade, 1.0) for grade in products.grade_names])[products.grade]
        bears = np.where(interruptible, work.interruptible, 1.0)
        for home, region in enumerate(products.region_names):
            soft.append(np.where(away[home], 1.0 - work.data_gravity, 1.0) * bears)
            shift.append(on_grade - np.where(away[home], work.migration_cost, 0.0))
            weight.append(work.share * homes[home])
            names.append(f"{name} at home in {region}")
    reach = np.array(soft) * np.exp(substitution * np.array(shift))
    demand, supply = np.array(weight), wanted / wanted.sum()
    for row, kind in enumerate(names):
        if demand[row] > 0.0 and not (reach[row] * supply > 0.0).any():
            raise ValueError(f"{kind} can reach no GPUs")
    served = demand @ (reach > 0.0).astype(np.float64) > 0.0
    factor = np.where(served, supply, 0.0)
    for _ in range(ROUNDS):
        spread = _spread(reach * factor)
        got = demand @ spread
        change = np.where(got > 0.0, supply / np.maximum(got, 1e-300), 1.0)
        factor = np.where(served, factor * change, 0.0)
        factor /= max(factor.sum(), 1e-300)
        if np.abs(change[served & (supply > 0.0)] - 1.0).max(initial=0.0) < CLOSE:
            break
    share = _spread(reach * factor)
    centred = np.array(shift) - (share * np.array(shift)).sum(axis=1, keepdims=True)
    pull = np.array(soft) * factor
    return Tastes(pull, centred, share, occupancy)


def _spread(weights: Floats) -> Floats:
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-300))
