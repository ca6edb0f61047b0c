"""Prints what tells two folders or arms apart: `rackrate compare A B [metrics=[NAME, ...]]`."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.analyse.compare import compare, side
from experiments.errors import ABSENT, Problem, UsageError


def show_comparison(words: Sequence[str]) -> int:
    """Compares the two sides that the words name, and prints it."""
    sides, options = [word for word in words if "=" not in word], [word for word in words if "=" in word]
    wrong = [word for word in options if not word.startswith("metrics=")]
    if len(sides) != 2 or wrong:
        allowed = "write: rackrate compare A B [metrics=[NAME,NAME]], A and B each FOLDER or FOLDER:ARM"
        raise UsageError("nothing was compared", [Problem("compare", " ".join(words) or ABSENT, allowed)])
    metrics = [name for word in options for name in word.partition("=")[2].strip("[]").split(",") if name]
    print(compare(side(sides[0]), side(sides[1]), [name.strip() for name in metrics]))
    return 0
