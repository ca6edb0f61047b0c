"""What a result depends on besides its configuration: the sources, and the versions of the numerical libraries."""

from __future__ import annotations

import hashlib
import json
import math
import platform
from functools import cache
from importlib.metadata import version
from typing import Any

from experiments.errors import ABSENT, Problem, UsageError

LIBRARIES = ("numpy", "numba", "mesa")


def check_packages() -> None:
    """Refuses to run when one of Rackrate's packages is another of the same name."""
    import rackrate

    problems = [Problem(name, place, rackrate.advice()) for name, place in rackrate.strangers().items()]
    if problems:
        raise UsageError("nothing was run", problems)


def versions() -> dict[str, str]:
    """The versions that can change a number."""
    return {name: version(name) for name in LIBRARIES}


def surroundings() -> dict[str, str]:
    """Facts that help to reproduce a run but are no part of its key."""
    return {
        "rackrate": version("rackrate"),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
    }


@cache
def processor() -> str:
    """The kind of processor as far as it changes bits: `x86_64-AVX512_ICL-1a2b3c4d`.

    The machine, the widest instructions that numpy uses in this process, and a hash of what numpy, BLAS and the C
    library use and of what they make of some numbers: all three choose their code by the processor.
    """
    from numpy._core._multiarray_umath import __cpu_dispatch__, __cpu_features__

    used = [name for name in __cpu_dispatch__ if __cpu_features__.get(name)]
    facts = [used, platform.libc_ver(), probe()]
    return f"{platform.machine()}-{used[-1] if used else 'baseline'}-{digest(facts)[:8]}"


def probe() -> str:
    """A hash of the functions whose last bits depend on the processor, each of the same few thousand numbers."""
    import numpy as np

    x = np.arange(1, 4097) * 0.0048828125 + 0.3
    square = x.reshape(64, 64)
    of_numpy = [np.exp(x), np.log(x), np.log1p(x), np.expm1(x), x**1.37, np.cbrt(x), np.sin(x), np.tan(x)]
    of_numpy += [np.arctan(x), np.tanh(x), np.argsort(x % 7.0), np.array(x @ x), square @ square]
    of_c = [f(value) for f in (math.exp, math.log1p, math.expm1, math.sin, math.atan, math.tanh) for value in x[::8]]
    of_c += [math.pow(value, 1.37) for value in x[::8]]
    found = hashlib.sha256(np.array(of_c).tobytes())
    for values in of_numpy:
        found.update(values.tobytes())
    return found.hexdigest()


def digest(thing: Any) -> str:
    """sha256 of a thing of dicts, lists, texts and numbers."""
    return sha256_of(text_of(thing))


def text_of(thing: Any) -> str:
    """The text that is hashed of a thing."""
    return json.dumps(thing, sort_keys=True, default=str)


def sha256_of(text: str) -> str:
    """sha256 of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


class Texts:
    """The texts of many worlds that share most of their sections: each object is written once, to the letter alike."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Any, str]] = {}  # by number of the object, which is kept so that no other has it

    def of(self, world: dict[str, Any], depth: int = 2) -> str:
        """`text_of` a world; sections, and their sections, are looked up."""
        return (
            "{" + ", ".join(f"{json.dumps(name)}: {self._within(world[name], depth)}" for name in sorted(world)) + "}"
        )

    def _within(self, inner: Any, depth: int) -> str:
        if not isinstance(inner, dict) or not depth:
            return text_of(inner)
        if id(inner) not in self.known:
            self.known[id(inner)] = inner, self.of(inner, depth - 1)
        return self.known[id(inner)][1]


def first_difference(old: dict[str, str], new: dict[str, str]) -> Problem | None:
    """The first name whose hash or version differs, as a problem."""
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            state = "is new" if name not in old else "is gone" if name not in new else "has changed"
            return Problem(name, ABSENT, f"{state} since the runs in this folder")
    return None
