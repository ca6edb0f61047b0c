"""Queues the jobs of a study and returns: `rackrate submit experiment=NAME executor=slurm`."""

from __future__ import annotations

from pathlib import Path

from experiments.errors import Problem, Typed, UsageError
from experiments.execute.batches import batches_of, worker_count
from experiments.execute.executor import Executor
from experiments.execute.jobs import Queues, few, queue_of
from experiments.kinds.kind import kind_for
from experiments.store.asked import Call, write_asked
from experiments.store.folder import opened_folder
from experiments.store.rows import compact, missing_runs
from experiments.study.runs import Expansion
from experiments.verbs.rounds import asks_further, next_round
from experiments.wording import plural


def submit_study(expansion: Expansion, executor: Executor, call: Call) -> int:
    """Has jobs queued for what the folder lacks and no job is at; the exit status."""
    if not isinstance(executor, Queues):
        allowed = "has no jobs that outlive the call; submit takes one that does, such as executor=slurm"
        raise UsageError("nothing was run", [Problem("executor", Typed(type(executor).__name__.lower()), allowed)])
    settings, out = expansion.settings, Path(expansion.settings.out).resolve()
    with opened_folder(out, expansion):
        write_asked(out, call, expansion.runs)
        missing, queue = missing_runs(out, expansion.runs, settings.record), queue_of(out)
        while not missing and compact(out) and (further := next_round(expansion, out)):
            expansion = further
            write_asked(out, call, expansion.runs)
            missing = missing_runs(out, expansion.runs, settings.record)
        left = [run for run in missing if run.key not in queue.runs]
        if len(left) < len(missing):
            print(
                f"{len(missing) - len(left)} runs are with jobs of an earlier call already: {queue.told()}", flush=True
            )
        batches = batches_of(left, out, settings.record, worker_count(settings, executor))
        jobs = [job for submission in (executor.submit(batches) if batches else []) for job in submission.jobs]
    total = len(expansion.runs)
    queued = f"{len(left)} queued in {plural(len(jobs), 'job')}"
    print(f"{settings.study.name}: {plural(total, 'run')}, {total - len(missing)} stored, {queued}"
          + (f": {few(jobs)}" if jobs else ""))  # fmt: skip
    if left and asks_further(kind_for(settings)):
        print("this study goes round by round: once these runs are there, the same call queues those that they ask for")
    print(f"next:   rackrate status {settings.out}    # then: rackrate collect {settings.out}")
    return 0
