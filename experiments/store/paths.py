"""The recorded days of a folder's runs: which files they are in, and how they are read, file by file."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from experiments.store.files import MOVE_PATH, read_table, readable

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Paths:
    """The days of some runs, a file a run; nothing is read before it is asked for.

    A loop over them reads one run at a time, `frame()` all of them at once, and either no other columns than these.
    """

    files: tuple[Path, ...]
    labels: tuple[str, ...]  # columns that say which run and day a row is of
    columns: tuple[str, ...]  # the others
    only: Mapping[str, Collection[Any]] = field(default_factory=dict)  # label -> values, for files whose name is silent

    def __len__(self) -> int:
        return len(self.files)

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Yield the days of one run after another."""
        for file in self.files:
            frame = self._read(file)
            if len(frame):
                yield frame

    def __repr__(self) -> str:
        many = f"{len(self)} run{'s' * (len(self) != 1)}, {len(self.columns)} column{'s' * (len(self.columns) != 1)}"
        return f"<Paths: {many}; frame() reads all, a loop one run at a time>"

    def frame(self) -> pd.DataFrame:
        """Return `arm, shock, seed`, swept keys, `day` and the columns: a row a day of every run, in this order.

        A swept key is null where a run does not depend on it and is shared by all its values; so is a column that a
        run's world does not have.
        """
        import pandas as pd

        parts = [frame.dropna(axis=1, how="all") for frame in self]
        days = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
        days = days.reindex(columns=[*self.labels, *self.columns])
        return days.sort_values(list(self.labels), kind="stable", ignore_index=True)

    def _read(self, file: Path) -> pd.DataFrame:
        frame: pd.DataFrame = read_table(file, MOVE_PATH, [*self.labels, *self.columns]).to_pandas()
        for label, values in self.only.items():
            if label in frame:
                frame = frame[frame[label].isin(list(values))]
        return frame


def path_files(out: Path) -> list[Path]:
    """The files with recorded days of a folder, in the order of their names."""
    return sorted((out / "paths").glob("*.parquet"))


class Stored:
    """The files with recorded days of a folder by their runs; the folder is looked through once."""

    def __init__(self, out: Path) -> None:
        self.by_end: dict[str, Path] = {}
        for file in path_files(out):
            self.by_end.setdefault(end_of(file), file)

    def of(self, row: Mapping[str, Any]) -> Path | None:
        """The file of a stored run (its `seed` and `key`), if there is one."""
        return self.by_end.get(name_end(row["seed"], row["key"]))


def files_of(out: Path, runs: pd.DataFrame, chosen: pd.DataFrame) -> tuple[Path, ...]:
    """The files of chosen runs (rows with `seed` and `key`) out of all; those whose name tells no run are among them.

    A file's name ends in its run's seed and the first letters of its key.
    """
    known, wanted = name_ends(runs), name_ends(chosen)
    if len(known) == len(wanted):
        return tuple(path_files(out))
    ends = ((file, end_of(file)) for file in path_files(out))
    return tuple(file for file, end in ends if end in wanted or end not in known)


def name_ends(runs: pd.DataFrame) -> set[str]:
    """What the names of the runs' files end in; nothing where a table of runs holds no keys."""
    if "key" not in runs:
        return set()
    return {name_end(seed, key) for seed, key in zip(runs["seed"], runs["key"], strict=True)}


def name_end(seed: int, key: str) -> str:
    """What the name of a run's file ends in."""
    return f"{seed:04d}-{key[:8]}"


def end_of(file: Path) -> str:
    """What a file's name ends in that says its run."""
    return "-".join(file.stem.split("-")[-2:])


def path_columns(files: Sequence[Path]) -> tuple[str, ...]:
    """The columns of the first of some files, in its order."""
    import pyarrow.parquet as pq

    for file in files:
        with readable(file, MOVE_PATH):
            return tuple(pq.read_schema(file).names)
    return ()


def path_units(files: Sequence[Path]) -> dict[str, str]:
    """The units of the columns of the first of some files, of those that it says one of."""
    import pyarrow.parquet as pq

    for file in files:
        with readable(file, MOVE_PATH):
            schema = pq.read_schema(file)
            return {
                field.name: field.metadata[b"unit"].decode() for field in schema if b"unit" in (field.metadata or {})
            }
    return {}
