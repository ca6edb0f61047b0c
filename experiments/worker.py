"""What a worker process does: runs of one batch, one after another, each stored when it ends."""

from __future__ import annotations

import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from experiments.errors import StorageError
from experiments.store import row_of, write_part, write_path
from experiments.study import RunSpec


@dataclass(frozen=True, eq=False)
class Batch:
    """Runs that one worker does in one go: a single run, or those that part from one common parent."""

    runs: tuple[RunSpec, ...]
    out: Path
    record: str


class Outcome(NamedTuple):
    """How one run ended."""

    key: str
    status: str
    error: str


def run_batch(batch: Batch) -> list[Outcome]:
    """Runs and stores every run of a batch; one that fails leaves the others alone."""
    outcomes = []
    finished = run_forks(batch.runs) if batch.runs[0].parent else map(run_alone, batch.runs)
    for run, economy, error in finished:
        outcomes.append(store(batch, run, economy, error))
    return outcomes


Finished = tuple[RunSpec, Any, Exception | None]


def run_alone(run: RunSpec) -> Finished:
    """A run from its first day to its last."""
    return attempt(run, lambda: started(run.world, run), run.days)


def run_forks(runs: tuple[RunSpec, ...]) -> Iterator[Finished]:
    """The parent up to the day of the parting, then every run from a copy of it."""
    first, parent = runs[0], runs[0].parent
    assert parent is not None
    _, common, error = attempt(first, lambda: started(parent.world, first), parent.day)
    for run in runs:
        if error is not None:
            yield run, None, error
        else:
            yield attempt(
                run, lambda world=run.world: common.fork(spec=read(world, first.plugins)), run.days - parent.day
            )


def attempt(run: RunSpec, start: Callable[[], Any], days: int) -> Finished:
    """Starts an economy and lets it live; an error of the simulation is a result too."""
    try:
        economy = start()
        economy.run(days)
    except Exception as error:  # noqa: BLE001
        return run, None, error
    return run, economy, None


def store(batch: Batch, run: RunSpec, economy: Any, error: Exception | None) -> Outcome:
    """Stores a run's path and row, or what went wrong."""
    metrics: dict[str, float] = {}
    if error is None:
        from sim.metrics import measure

        try:
            metrics = {name: float(value) for name, value in measure(economy.record, window=run.window).items()}
            if batch.record == "paths":
                write_path(batch.out, run, economy.record)
        except StorageError:
            raise
        except Exception as trouble:  # noqa: BLE001
            error = trouble
    status, said = ("ok", "") if error is None else ("failed", tell(error))
    write_part(batch.out, row_of(run, status, said, metrics))
    return Outcome(run.key, status, said)


def tell(error: Exception) -> str:
    """An error in one line, with the last place in the code."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    message = " ".join(str(error).split())
    return f"{type(error).__name__}: {message}{place}"


def started(world: dict[str, Any], run: RunSpec) -> Any:
    """A new economy on the morning of its first day."""
    from sim.economy import Economy

    return Economy(read(world, run.plugins), seed=run.seed, days=run.days)


def read(world: dict[str, Any], plugins: tuple[str, ...]) -> Any:
    """The validated specification of a world."""
    from sim.spec import read_spec

    return read_spec(world, plugins)


def ignore_interrupts() -> None:
    """Leaves Ctrl-C to the main process, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
