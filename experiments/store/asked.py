"""What a folder has been asked for: the call that it was made by, and every run of it, whether it is there or not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from experiments.errors import ABSENT, Problem, UsageError
from experiments.store.files import read_table, readable, write_rows, write_whole
from experiments.study.runs import Point, RunSpec

CALL, RUNS = "call.json", "asked.parquet"
AGAIN = "repeat the call that made the folder"


@dataclass(frozen=True)
class Call:
    """The last call that ran a study in a folder."""

    arguments: list[str]  # its words, as they were typed
    config_dir: str | None  # the user's folder of presets, absolute
    folder: str  # in which it was typed


class Asked(NamedTuple):
    """A run that a folder has been asked for."""

    key: str
    arm: str
    shock: str
    seed: int
    sweep: Point


def write_asked(out: Path, call: Call, runs: Sequence[RunSpec | Asked]) -> None:
    """Keeps the call, and its runs beside those of earlier calls that it does not ask for."""
    write_whole(out / CALL, json.dumps(asdict(call), indent=1))
    mine = [Asked(run.key, run.arm, run.shock, run.seed, run.sweep) for run in runs]
    cells = {run[1:] for run in mine}
    every = [*(run for run in read_asked(out) if run[1:] not in cells), *mine]
    write_rows(out / RUNS, [{**run._asdict(), "sweep": json.dumps(run.sweep)} for run in every], schema())


def read_asked(out: Path) -> list[Asked]:
    """The runs that a folder has been asked for; none where it does not say."""
    if not (out / RUNS).exists():
        return []
    with readable(out / RUNS, AGAIN):
        held = read_table(out / RUNS, AGAIN).to_pylist()
        return [Asked(**{**row, "sweep": tuple(map(tuple, json.loads(row["sweep"])))}) for row in held]


def read_call(out: Path) -> Call:
    """The call that a folder was made by; UsageError where it does not say."""
    if not (out / CALL).exists():
        allowed = f"does not say by which call it was made ({CALL}); {AGAIN}"
        raise UsageError("nothing was run", [Problem(str(out), ABSENT, allowed)])
    with readable(out / CALL, AGAIN):
        held: dict[str, Any] = json.loads((out / CALL).read_text(encoding="utf-8"))
        return Call(**held)


def schema() -> Any:
    """The columns of the table of runs."""
    import pyarrow as pa

    texts = {name: pa.string() for name in ("key", "arm", "shock", "sweep")}
    return pa.schema([(name, texts.get(name, pa.int64())) for name in Asked._fields])
