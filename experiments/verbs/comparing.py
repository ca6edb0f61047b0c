"""Prints what tells two folders or arms apart: `rackrate compare A B [metrics=[NAME, ...]]`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from experiments.analyse.compare import Compared, Parting, compare, side
from experiments.errors import ABSENT, Problem, UsageError
from experiments.results import is_set

MOST_KEYS, MOST_COLUMNS = 40, 3


def show_comparison(words: Sequence[str]) -> int:
    """Compares the two sides that the words name, and prints it."""
    sides, options = [word for word in words if "=" not in word], [word for word in words if "=" in word]
    wrong = [word for word in options if not word.startswith("metrics=")]
    if len(sides) != 2 or wrong:
        allowed = "write: rackrate compare A B [metrics=[NAME,NAME]], A and B each FOLDER or FOLDER:ARM"
        raise UsageError("nothing was compared", [Problem("compare", " ".join(words) or ABSENT, allowed)])
    metrics = [name for word in options for name in word.partition("=")[2].strip("[]").split(",") if name]
    print("\n".join(lines(compare(side(sides[0]), side(sides[1]), [name.strip() for name in metrics]), *sides)))
    return 0


def lines(found: Compared, first: str, second: str) -> Iterator[str]:
    """What was found, in lines."""
    yield f"first: {first}; second: {second}"
    yield f"keys that differ: {len(found.keys) or 'none'}"
    yield from (f"  {key}: {before!r} -> {now!r}" for key, before, now in found.keys[:MOST_KEYS])
    if len(found.keys) > MOST_KEYS:
        yield f"  and {len(found.keys) - MOST_KEYS} more"
    yield from parting_lines(found.partings)
    yield "second minus first, mean over pairs of one seed [95 %]:"
    place = [name for name in found.effects.columns[: list(found.effects.columns).index("metric")]]
    for row in found.effects.to_dict("records"):
        where = ", ".join(str(row[name]) for name in place if is_set(row[name]) and row[name] != "")
        p = f", p {row['p']:.2g}" if is_set(row["p"]) else ""
        yield f"  {row['metric']} ({where}): {band(row)}, {row['n']} seeds{p}"


def band(row: dict[str, object]) -> str:
    """An estimate with its interval, if it has one."""
    estimate, low, high = (row[name] for name in ("estimate", "low", "high"))
    if not is_set(estimate):
        return "not measured"
    if not is_set(low):
        return f"{estimate:+.6g}"
    return f"{estimate:+.6g} [{low:+.6g}, {high:+.6g}]"


def parting_lines(partings: Sequence[Parting]) -> Iterator[str]:
    """Where paths part, a line for each arm, shock and swept point."""
    if not partings:
        yield "paths: not both recorded (record=paths)"
        return
    cells: dict[tuple[object, ...], list[Parting]] = {}
    for one in partings:
        cells.setdefault((one.arm, one.shock, *one.point), []).append(one)
    yield "paths:"
    for cell, ones in cells.items():
        where = ", ".join(str(part) for part in cell if part != "")
        apart = [one for one in ones if one.day is not None]
        if not apart:
            yield f"  {where}: the same to the last bit in {len(ones)} seeds"
            continue
        first = min(apart, key=lambda one: (one.day, one.seed))
        named = ", ".join(first.columns[:MOST_COLUMNS]) + (" ..." if len(first.columns) > MOST_COLUMNS else "")
        many = f"{len(apart)} of {len(ones)} seeds do"
        yield f"  {where}: part on day {first.day} at first (seed {first.seed}: {named}), {many}"
