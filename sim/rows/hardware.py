"""Hardware: grades, chips wanted, what orders cost and what is accepted of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from sim.vocabulary import Bools, Floats


class ChipRow(NamedTuple):
    """Chips of one grade wanted this month, in VE, before lenders and the vendor have had their say.

    `times` as many are ordered: 1, or more by one who expects to be given less, and to cancel the rest.
    """

    grade: int
    quantity_ve: float
    times: float = 1.0


@dataclass(frozen=True)
class Grades:
    """Names of all grades, the reference grade first, and the VE per GPU of each (grades,)."""

    names: tuple[str, ...]
    gpu_ve: Floats

    @cached_property
    def gpus(self) -> tuple[str, ...]:
        """What GPUs of each grade are called in the ledger."""
        return tuple(f"gpu:{name}" for name in self.names)

    @cached_property
    def orders(self) -> tuple[str, ...]:
        """What the vendor owes in chips of each grade is called so."""
        return tuple(f"chip_order:{name}" for name in self.names)


@dataclass(frozen=True)
class Wishes:
    """What all who own GPUs would order this month, as far as sites allow.

    `ve` (chip owners, grades), `wanted_ve` what of it is no duplicate; `cost_usd` (chip owners,) is what all of it
    costs, tariffs included, `pledged_usd` (chip owners,) the book value of what is at work and on order before.
    """

    ve: Floats
    wanted_ve: Floats
    cost_usd: Floats
    pledged_usd: Floats


@dataclass(frozen=True)
class ChipOrders:
    """What is ordered this month: `ve` (chip owners, grades), and the share of what was asked that is accepted.

    `duplicates_ve` (chip owners, grades) is what of it nobody wants.
    """

    ve: Floats
    accepted: float
    duplicates_ve: Floats


@dataclass(frozen=True)
class UsedOffers:
    """Who must sell used GPUs today, and who may buy; all (landlords,).

    `forced` is the share of a landlord's GPUs that must go, `budget_usd` the cash it may spend. Those set `aside`
    neither buy nor offer of their own will; what outsiders buy of those who are `run_on` stays under their name.
    """

    forced: Floats
    budget_usd: Floats
    aside: Bools
    run_on: Bools


@dataclass(frozen=True)
class UsedTrades:
    """What sellers of used GPUs get after costs (landlords,), USD, and the share of each one's GPUs that goes to whom.

    `moved` (from, to) are shares of what each had at work; what stays where it is is not in it.
    """

    proceeds_usd: Floats
    moved: Floats

    @property
    def any(self) -> bool:
        """Whether anything was sold."""
        return bool(self.proceeds_usd.any())
