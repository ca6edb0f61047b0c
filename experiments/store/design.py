"""The design of a folder: the points that it ran of what it sweeps, and how they were laid out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.store.files import read_table, write_arrow
from experiments.store.rows import swept_column
from experiments.study.runs import Layout

if TYPE_CHECKING:
    import pandas as pd

TABLE = "design.parquet"
UNIT = "unit."  # before a key: where a row lies between 0 and 1


def write_design(out: Path, layout: Layout) -> None:
    """Writes design.parquet: a row a row of the layout with its point's number, its values, and what it is."""
    import pyarrow as pa

    keys = sorted({key for point in layout.rows for key, _ in point})
    if not keys:
        return
    number = {point: place for place, point in enumerate(layout.points)}
    columns: dict[str, Any] = {"point": pa.array([number[point] for point in layout.rows])}
    columns |= {name: pa.array(marks) for name, marks in layout.marks.items()}
    for key in keys:
        columns[key] = swept_column([dict(point).get(key) for point in layout.rows])
    if layout.places is not None:
        columns |= {
            UNIT + key: pa.array(layout.places[:, place], from_pandas=True) for place, key in enumerate(layout.keys)
        }
    write_arrow(out / TABLE, pa.table(columns))


def read_design(out: Path) -> pd.DataFrame | None:
    """The design of a folder; None where it has none."""
    return read_table(out / TABLE).to_pandas() if (out / TABLE).exists() else None
