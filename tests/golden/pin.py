"""Pins the bits of whole worlds: `python -m tests.golden.pin`. To commit new ones is a deliberate act.

A hash holds every recorded number, event and ledger entry of a run, or of a fork from one arm into another. Bits depend
on the processor and on the libraries that compute, so these are pinned beside them.
"""

from __future__ import annotations

import hashlib
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import yaml
from llvmlite import binding

from sim.economy import Economy
from sim.spec import SpecError, read_spec
from tests.worlds import composed

PINS = Path(__file__).parent / "bits.yaml"
HEADER = (
    "# Bits of whole worlds, by processor. Written by `python -m tests.golden.pin`: results change where one does.\n"
)
WORLDS = {
    "default": ((), 95),
    "all on": (
        ("notes=default", "funds=leveraged", "links=on", "shocks=[fleet_outage]", "shocks.fleet_outage.start=40"),
        100,
    ),
    "tiny, menu, offset": (
        (
            "population=tiny",
            "links=on",
            "reserved=menu",
            "funds=offset",
            "venue=ice_ornn",
            "venues.main.tick_usd=0.01",
            "venues.main.settlement=business_days",
            "venues.main.hours_of_month=false",
        ),
        100,
    ),
}
ARMS = {
    "plain": ("venue=none", "funds=none"),
    "futures": ("funds=none",),
    "funds": ("funds=leveraged", "links=on"),
    "loans off": ("loan=off", "funds=none"),
    "notes": ("notes=default", "links=on", "funds=one"),
    "no lab money": ("funding=off", "funds=none"),
}


def processor() -> str:
    """What bits depend on: the processor's kind and features, the C library, the libraries that compute."""
    features = ",".join(name for name, has in sorted(binding.get_host_cpu_features().items()) if has)
    libraries = [f"{name} {version(name)}" for name in ("numpy", "numba", "llvmlite", "scipy")]
    text = "; ".join([platform.machine(), features, *platform.libc_ver(), *libraries])
    return f"{binding.get_host_cpu_name()}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def bits(economy: Economy) -> str:
    """Sixteen hex digits of all that a run left."""
    ledger, record = economy.books.ledger, economy.record
    found = hashlib.sha256(np.ascontiguousarray(record.rows[: record.days]).tobytes())
    for part in (repr(economy.events).encode(), ledger.positions.tobytes(), ledger.flows.tobytes()):
        found.update(part)
    return found.hexdigest()[:16]


def begun(overrides: tuple[str, ...], seed: int, days: int) -> Economy:
    """A world on its first day."""
    return Economy(read_spec(composed(*overrides)), seed=seed, days=days)


def run_and_fork(name: str) -> tuple[str, str]:
    """The bits of a world run to its end, and of a copy taken half way."""
    overrides, days = WORLDS[name]
    economy = begun(overrides, 3, days)
    economy.run(days // 2)
    twin = economy.fork()
    for half in (economy, twin):
        half.run(days - days // 2)
    return bits(economy), bits(twin)


def forks_from(first: str) -> dict[str, str]:
    """The bits of forks from one arm into every arm, or the words with which a fork is refused."""
    economy = begun(("population=tiny", *ARMS[first]), 5, 60)
    economy.run(20)
    return {f"{first} -> {second}": _forked(economy, ARMS[second]) for second in ARMS}


def _forked(economy: Economy, arm: tuple[str, ...]) -> str:
    try:
        twin = economy.fork(read_spec(composed("population=tiny", *arm)))
    except SpecError as error:
        return str(error)
    twin.run(25)
    return bits(twin)


def all_bits() -> dict[str, str]:
    """Every pinned line of this build."""
    runs = {name: run_and_fork(name)[0] for name in WORLDS}
    return runs | {line: found for first in ARMS for line, found in forks_from(first).items()}


def pinned() -> dict[str, dict[str, str]]:
    """Pinned lines by processor."""
    found = yaml.safe_load(PINS.read_text("utf-8")) if PINS.exists() else None
    return found if isinstance(found, dict) else {}


def repinned(before: dict[str, dict[str, str]], mine: str, found: dict[str, str]) -> dict[str, dict[str, str]]:
    """New pins: all lines of this processor, and those of others of which this one's has not changed."""
    same = {line for line, value in before.get(mine, {}).items() if found.get(line) == value}
    others = {name: {line: value for line, value in lines.items() if line in same}
              for name, lines in before.items() if name != mine}  # fmt: skip
    return {mine: found, **{name: lines for name, lines in others.items() if lines}}


if __name__ == "__main__":
    pins = repinned(pinned(), processor(), all_bits())
    PINS.write_text(HEADER + yaml.safe_dump(pins, sort_keys=False), "utf-8")
