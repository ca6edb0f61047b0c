"""Small worlds for the tests: composed once, built in milliseconds, compared to the last bit.

Run as a program it prints the digest of a run: `python -m tests.worlds SEED DAYS [override ...]`.
"""

from __future__ import annotations

import copy
import functools
import hashlib
import sys
from typing import Any

import numpy as np

from experiments.configuration.compose import composer
from experiments.kinds.neutrality import FINANCIAL
from sim.economy import Economy
from sim.spec import Spec, read_spec

TINY = "population=tiny"
OUTAGE = {"_target_": "sim.shocks.outage.Outage", "start": 5, "length": 10, "size": 0.15, "recovery_days": 0,
          "scope": "pool", "contracts_first": True}  # fmt: skip
SLUMP = {"_target_": "sim.shocks.demand_slump.DemandSlump", "start": 5, "length": 400, "size": -0.6,
         "contracted_size": -0.4, "recovery_days": 0}  # fmt: skip


@functools.cache
def _composed(overrides: tuple[str, ...]) -> dict[str, Any]:
    with composer() as open_composer:
        return open_composer.world(overrides)


def composed(*overrides: str) -> dict[str, Any]:
    """A fresh copy of a composed world."""
    return copy.deepcopy(_composed(overrides))


def container(*overrides: str, **values: Any) -> dict[str, Any]:
    """A fresh copy of a composed tiny world; `values` set dotted keys written with `__` for the dot."""
    world = composed(TINY, *overrides)
    for key, value in values.items():
        put(world, key.replace("__", "."), value)
    return world


def put(world: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Set one dotted key of a container; the key must exist, or its parent be a mapping of named parts."""
    *path, last = key.split(".")
    inner = world
    for part in path:
        inner = inner[part]
    inner[last] = value
    return world


def spec_of(*overrides: str, **values: Any) -> Spec:
    """The validated specification of such a world."""
    return read_spec(container(*overrides, **values))


def world(*overrides: str, seed: int = 1, days: int = 365, laws: bool = True, **values: Any) -> Economy:
    """A tiny economy on its first day: `world("venue=none", spot__step_hours=2)`."""
    return Economy(spec_of(*overrides, **values), seed=seed, days=days, laws=laws)


def ran(days: int, *overrides: str, seed: int = 1, **values: Any) -> Economy:
    """A tiny economy after so many days."""
    economy = world(*overrides, seed=seed, days=days, **values)
    economy.run(days)
    return economy


def series(economy: Economy, first: int = 0, end: int | None = None) -> dict[str, bytes]:
    """The bits of every series of the record from day `first` to before day `end`, by column."""
    return {name: economy.record[name][first:end].tobytes() for name in economy.record.columns}


def spot_side(economy: Economy, first: int = 0, end: int | None = None) -> dict[str, bytes]:
    """The bits of every series that does not belong to the futures market itself."""
    return {name: bits for name, bits in series(economy, first, end).items() if not name.startswith(FINANCIAL)}


def moved(a: dict[str, bytes], b: dict[str, bytes]) -> list[str]:
    """The columns in which two runs differ; columns must be the same."""
    assert list(a) == list(b)
    return [name for name in a if a[name] != b[name]]


def balances(economy: Economy) -> dict[str, bytes]:
    """The bits of every position of the ledger, by instrument."""
    ledger = economy.books.ledger
    return {instrument.name: ledger.held(instrument.name).tobytes() for instrument in ledger.instruments}


def digest(economy: Economy) -> str:
    """One hash of the whole record and of the ledger at the end."""
    state = hashlib.sha256()
    for bits in (*series(economy).values(), *balances(economy).values()):
        state.update(bits)
    return state.hexdigest()


def row(economy: Economy, name: str) -> int:
    """The ledger's number of an agent."""
    return int(economy.books.ledger.owner[name])


def total_contracts(economy: Economy) -> float:
    """Gross futures positions of the hedgers, in contracts."""
    ledger = economy.books.ledger
    crowds = {crowd.owner for crowd in economy.exchange.crowds}
    hedgers = [i for i in range(len(ledger.owners)) if i not in crowds]
    return float(sum(np.abs(ledger.held(name)[hedgers]).sum() for name in economy.exchange.first.names))


if __name__ == "__main__":
    seed_text, days_text, *asked = sys.argv[1:]
    print(digest(ran(int(days_text), *asked, seed=int(seed_text))))
