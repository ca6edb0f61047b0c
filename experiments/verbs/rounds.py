"""Studies that go round by round: a kind that has read its runs may ask for more (a screening, then what it leaves)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from experiments.kinds.kind import Kind, kind_for, kind_of
from experiments.results import Results
from experiments.store.design import write_design
from experiments.study.runs import Expansion

GO_ON = "the call that made the folder, or `rackrate restart` with it, goes on with them"


def next_round(expansion: Expansion, out: Path) -> Expansion | None:
    """The study with the further points that its kind asks for, laid out beside those it has; None if it has all."""
    kind = kind_for(expansion.settings)
    layout = kind.further(Results(out)) if asks_further(kind) else None
    if layout is None or expansion.further is None:
        return None
    known = {run.key for run in expansion.runs}
    held, runs = expansion.further(layout.points)
    became = dict(zip(layout.points, held, strict=True))
    layout = replace(layout, rows=[became[point] for point in layout.rows])
    joined = expansion.layout.and_then(layout)
    write_design(out, joined)
    return replace(expansion, runs=[*expansion.runs, *(run for run in runs if run.key not in known)], layout=joined)


def asks_further(kind: Kind) -> bool:
    """Whether a kind is one of those that may ask for more."""
    return type(kind).further is not Kind.further


def still_asked(out: Path) -> str:
    """Which further points the study of a folder asks for, in words, where all that it was asked for are there."""
    results = Results(out)
    kind = kind_of(results)
    layout = kind.further(results) if asks_further(kind) else None
    return "" if layout is None else f"this round is done; the study asks for {len(layout.points)} points more: {GO_ON}"
