"""A kind of study: what it runs (its plan), what it reads from the runs, and what it says, shows and draws of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from experiments.configuration.settings import Settings
from experiments.results import Results
from experiments.store.files import write_rows
from experiments.study.find import plan_for
from experiments.study.plan import Plan

if TYPE_CHECKING:
    import pyarrow as pa

    from experiments.plots.style import Plot
    from experiments.study.runs import Layout

Rows = list[dict[str, Any]]


class Kind(Plan):
    """What every kind of study derives from; a kind overrides what it does differently.

    What it needs to know are fields of its class, given by a configuration that names it by `_target_`. It cannot
    change a run: a run's key holds its world and the code that simulates. It is read anew at every call.
    """

    tables: ClassVar[tuple[str, ...]] = ()  # the tables it writes that the report shows, without `.parquet`
    figures: ClassVar[tuple[str, ...] | None] = None  # those of ours that it shows; all there are data for if None

    def further(self, results: Results) -> Layout | None:
        """Points to be run once all that were asked for are there, as a layout; None if there are enough.

        It is asked again after each round, and again by a later call, and must answer by what the runs say alone.
        """
        del results
        return None

    def read(self, out: Path, settings: Settings) -> int:
        """Writes and prints what is read from the runs in `out`; the program's exit status, 0 if all is well."""
        del out, settings
        return 0

    def sentences(self, results: Results) -> Iterable[str]:
        """What the answer begins with; all of it where arms are not compared."""
        del results
        return ()

    def draw(self, results: Results) -> Iterable[Plot]:
        """Figures of its own."""
        del results
        return ()


def write_table(
    out: Path, name: str, rows_of: Callable[[Results], Rows], schema: pa.Schema, show: Callable[[Rows, int], None]
) -> Path:
    """Writes the rows that are read from a folder's results to `name`.parquet, and prints them with its seeds."""
    results = Results(Path(out))
    rows, path = rows_of(results), results.out / f"{name}.parquet"
    write_rows(path, rows, schema)
    show(rows, results.design.seeds)
    return path


def kind_for(settings: Settings) -> Kind:
    """The kind of a study."""
    return as_kind(plan_for(settings))


def kind_of(results: Results) -> Kind:
    """The kind of the study that a folder holds."""
    return as_kind(results.design.plan)


def as_kind(plan: Plan) -> Kind:
    """A plan with its reading half: the kind itself, or the defaults of one that has none."""
    return plan if isinstance(plan, Kind) else Kind()
