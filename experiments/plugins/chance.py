"""The generators of random numbers that a whole process shares: nothing in a run may draw from them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class ChanceError(Exception):
    """A plug-in that draws what no seed of the study governs."""


def state() -> tuple[Any, ...]:
    """Where Python's and numpy's generators of the process stand."""
    import numpy as np

    name, key, *rest = np.random.get_state()  # noqa: NPY002
    return random.getstate(), (name, key.tobytes(), *rest)


def restore(stood: tuple[Any, ...]) -> None:
    """Puts both generators back."""
    import numpy as np

    python, (name, key, *rest) = stood
    random.setstate(python)
    np.random.set_state((name, np.frombuffer(key, np.uint32), *rest))  # noqa: NPY002


@contextmanager
def untouched() -> Iterator[None]:
    """Raises ChanceError at the end where something has drawn from the process' generators, and puts them back."""
    stood = state()
    try:
        yield
    except BaseException:
        restore(stood)
        raise
    if state() != stood:
        restore(stood)
        raise ChanceError(
            "something draws from Python's `random` or from `numpy.random`, which no seed of the study governs; an "
            "agent draws from view.uniform or view.normal, a shock by a law in its preset, as [uniform, 0.05, 0.10]"
        )
