"""What a worker process does: runs of one batch, one after another, each stored when it ends."""

from __future__ import annotations

import contextlib
import marshal
import pickle
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from experiments.errors import StorageError
from experiments.plugins.guard import tell, tried
from experiments.store.files import has_path, write_path
from experiments.store.parts import write_part
from experiments.store.rows import finished_keys, row_of
from experiments.study.runs import RunSpec

MOST_KNOWN = 500  # worlds that a process keeps read, some 20 kB each
PLAIN = 2  # the form of `marshal` that tells values alone, not which of them are one object
PLACES = 3  # lines of a failed run's traceback that its row keeps


@dataclass(frozen=True, eq=False)
class Batch:
    """Runs that one worker does in one go: one, those that part from a parent, or those that shocks alone part."""

    runs: tuple[RunSpec, ...]
    out: Path
    record: str

    def only(self, runs: tuple[RunSpec, ...]) -> Batch:
        """The batch with these runs alone."""
        return replace(self, runs=runs)

    def without(self, keys: Collection[str]) -> Batch:
        """The batch less some runs."""
        return replace(self, runs=tuple(run for run in self.runs if run.key not in keys))


class Outcome(NamedTuple):
    """How one run ended."""

    key: str
    status: str
    error: str


def run_batch(batch: Batch) -> list[Outcome]:
    """Runs and stores every run of a batch; one that fails leaves the others alone."""
    outcomes = []
    finished = run_forks(batch.runs) if batch.runs[0].parent else run_together(batch.runs)
    for run, economy, error in finished:
        outcomes.append(store(batch, run, economy, error))
    return outcomes


Finished = tuple[RunSpec, Any, BaseException | None]


def run_alone(run: RunSpec) -> Finished:
    """A run from its first day to its last."""
    return attempt(run, lambda: started(run.world, run), run.days)


def run_together(runs: tuple[RunSpec, ...]) -> Iterator[Finished]:
    """Runs that differ in their shocks alone: each is the calm run until its first shock acts, then a copy of it.

    To the bit what `run_alone` makes of each.
    """
    if len(runs) == 1:
        yield run_alone(runs[0])
        return
    quiet = {run.key: calm_days(run) for run in runs}
    calm = {**runs[0].world, "shocks": {}}
    common, error, day = None, None, 0
    for run in sorted(runs, key=lambda run: quiet[run.key]):
        if quiet[run.key] == 0 or error is not None:
            yield run_alone(run)
            continue
        start = (lambda: started(calm, runs[0])) if common is None else (lambda went_on=common: went_on)
        _, common, error = attempt(run, start, quiet[run.key] - day)
        day = quiet[run.key]
        twin = copied(common, run) if error is None and day < run.days else common
        yield run_alone(run) if twin is None else attempt(run, lambda twin=twin: twin, run.days - day)


def calm_days(run: RunSpec) -> int:
    """How many of a run's days are those of the same world without shocks; 0 where that cannot be told."""
    from sim.nature.striking import build_shocks, quiet_days
    from sim.streams import Streams

    if not run.world.get("shocks"):
        return run.days

    def counted() -> int:
        spec = spec_of(run)
        shocks = build_shocks(spec.shocks, spec.world.start_date, Streams(run.seed), run.plugins)
        return quiet_days(shocks, run.days)

    return tried(counted)[0] or 0  # what is wrong is told by the run itself


def copied(common: Any, run: RunSpec) -> Any:
    """A copy of an economy that meets the shocks of a run; None if it cannot be copied."""

    def made() -> Any:
        twin = common.fork()
        twin.meet(spec_of(run))
        return twin

    return tried(made)[0]  # an agent of the user's own may hold what cannot be copied


def run_forks(runs: tuple[RunSpec, ...]) -> Iterator[Finished]:
    """The parent up to the day of the parting, then every run from a copy of it."""
    first, parent = runs[0], runs[0].parent
    assert parent is not None
    _, common, error = attempt(first, lambda: started(parent.world, first), parent.day)
    for run in runs:
        if error is not None:
            yield run, None, error
        else:
            yield attempt(run, lambda run=run: common.fork(spec=spec_of(run)), run.days - parent.day)


def attempt(run: RunSpec, start: Callable[[], Any], days: int) -> Finished:
    """Starts an economy and lets it live."""

    def lived() -> Any:
        economy = start()
        economy.run(days)
        return economy

    return run, *tried(lived)


def store(batch: Batch, run: RunSpec, economy: Any, error: BaseException | None) -> Outcome:
    """Stores a run's path and row, or what went wrong."""
    metrics: dict[str, float] | None = None

    def measured() -> dict[str, float]:
        if batch.record == "paths":  # first: where a metric fails, the run need not be simulated again
            write_path(batch.out, run, economy.record)
        return run.measuring.measure(economy.record, run.window)

    if error is None:
        metrics, error = tried(measured)
        if isinstance(error, StorageError):
            raise error
    status, said = ("ok", "") if error is None else ("failed", tell(error, PLACES))
    events = economy.events if economy is not None else ()
    write_part(batch.out, row_of(run, status, said, metrics or {}, events))
    return Outcome(run.key, status, said)


def what_is_left(batch: Batch, finished: Collection[str] | None = None) -> tuple[tuple[RunSpec, ...], list[Outcome]]:
    """The runs of a batch that are not stored, and how the others ended; finished keys are read if not given."""
    if finished is None:
        finished = finished_keys(batch.out, [run.key for run in batch.runs])
    left = tuple(run for run in batch.runs if run.key not in finished or lacks_its_path(batch, run))
    return left, [Outcome(run.key, "ok", "") for run in batch.runs if run not in left]


def lacks_its_path(batch: Batch, run: RunSpec) -> bool:
    """Whether a run's days are to be kept and are not."""
    return batch.record == "paths" and not has_path(batch.out, run)


def record_failure(batch: Batch, error: str) -> list[Outcome]:
    """Stores as failed what a batch left unfinished."""
    left, outcomes = what_is_left(batch)
    write_part(batch.out, *(row_of(run, "failed", error) for run in left))
    return [*outcomes, *(Outcome(run.key, "failed", error) for run in left)]


def started(world: dict[str, Any], run: RunSpec) -> Any:
    """A new economy on the morning of its first day."""
    from sim.economy import Economy

    spec = spec_of(run) if world is run.world else read(world, run.plugins)
    return Economy(spec, seed=run.seed, days=run.days)


known: dict[tuple[str, tuple[str, ...]], bytes] = {}  # what runs are made of -> their world's specification, packed


def spec_of(run: RunSpec) -> Any:
    """The specification of a run's world, read once in a process for all its seeds; each run has a copy of its own."""
    if not run.made_of:
        return read(run.world, run.plugins)
    made_of = run.made_of, run.plugins
    if made_of not in known:
        if len(known) >= MOST_KNOWN:
            known.clear()
        known[made_of] = pickle.dumps(read(run.world, run.plugins))
    return pickle.loads(known[made_of])


last: dict[tuple[str, ...], Any] = {}  # plug-ins -> the world that was read last with them


def read(world: dict[str, Any], plugins: tuple[str, ...]) -> Any:
    """The validated specification of a world; what it has in common with the one read before is not read again."""
    from sim.spec import Read, read_spec

    before = last.get(plugins)
    world = world if before is None else with_objects_of(before.container, world)
    spec = read_spec(world, plugins, before)
    last[plugins] = Read(world, spec)
    return spec


def with_objects_of(before: Any, now: Any, depth: int = 2) -> Any:
    """A world, or a section of one, in which what another holds alike, to the bit, is the other's very object."""
    with contextlib.suppress(ValueError):  # of things that are no plain values
        if marshal.dumps(before, PLAIN) == marshal.dumps(now, PLAIN):
            return before
    if depth and isinstance(before, dict) and isinstance(now, dict):
        return {
            name: with_objects_of(before[name], own, depth - 1) if name in before else own for name, own in now.items()
        }
    return now
