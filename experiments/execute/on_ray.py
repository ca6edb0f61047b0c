"""Ray: a task for each seed, on a cluster that this machine is part of or on a Ray of this call's own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from typing import Any, ClassVar, Literal

from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.errors import Problem, StorageError, Typed, UsageError
from experiments.execute.batches import by_seed
from experiments.execute.executor import Report
from experiments.execute.parcel import OtherCode, Parcel, Surroundings, parcel, python_path, surroundings
from experiments.execute.worker import Batch, Outcome, record_failure, run_batch, what_is_left
from experiments.plugins.guard import tell

ADDRESSES = {None: "a Ray of this call's own", "auto": "the cluster that this machine is part of"}
Task = tuple[list[Batch], int]  # what it does, and how often it has been tried


class Ray(Strict):
    """Has each seed done by one task, and so by one node; what a dead worker or node leaves is tried again by us."""

    start_method: ClassVar[Literal["forkserver"]] = "forkserver"
    address: str | None = None  # null: a Ray of this call's own; auto: the cluster that this machine is part of
    memory_gb: float | None = Field(default=None, gt=0.0)  # that a task asks for
    environment: list[str] = Field(default_factory=list)  # variables that your own code needs, taken from this shell
    retries: int = Field(default=1, ge=0)  # of what a dead worker left

    def run(self, batches: Sequence[Batch], workers: int, report: Report) -> None:
        """Runs the batches, as many seeds at a time as the cluster has cores."""
        around = surroundings(self.environment)
        with connected(self.address, workers, around) as ray:
            memory = {} if self.memory_gb is None else {"memory": int(self.memory_gb * 2**30)}
            task = ray.remote(num_cpus=1, max_retries=0, **memory)(done)  # Ray's default does one that kills four times
            waiting: dict[Any, Task] = {}

            def start(group: list[Batch], tries: int) -> None:
                waiting[task.remote(parcel(group, around))] = (group, tries)

            for group in by_seed(batches, 1):
                start(group, 0)
            while waiting:
                [ended], _ = ray.wait(list(waiting), num_returns=1)
                group, tries = waiting.pop(ended)
                try:
                    report(answered(ray.get(ended)))
                except (StorageError, UsageError):
                    raise
                except Exception as error:  # noqa: BLE001 a worker or node that died, in one of Ray's many words
                    self._again(group, tries, tell(error), start, report)

    def _again(self, group: list[Batch], tries: int, death: str, start: Any, report: Report) -> None:
        """Starts anew what a task left when it died; run by run once it has been tried enough; then it failed."""
        left = []
        for batch in group:
            runs, finished = what_is_left(batch)
            report(finished)
            left += [batch.only(runs)] if runs else []
        if left and tries < self.retries:
            start(left, tries + 1)
        elif sum(len(batch.runs) for batch in left) > 1:  # one of them may be the one that kills
            for batch in left:
                for run in batch.runs:
                    start([batch.only((run,))], tries)
        else:
            for batch in left:
                report(record_failure(batch, f"its worker process died: {death}"))

    def check(self) -> None:
        """Raises UsageError where there is no Ray, or the address is one that Ray refuses."""
        if find_spec("ray") is None:
            allowed = "needs Ray; install it with `pip install 'rackrate[ray]'`"
            raise UsageError("nothing was run", [Problem("executor", Typed("ray"), allowed)])
        if self.address not in ADDRESSES:
            allowed = (
                "must be null (a Ray of this call's own) or auto (the cluster that this machine is part of): Ray takes "
                "another machine's address with that cluster's token only; call this on one of its nodes"
            )
            raise UsageError("nothing was run", [Problem("executor.address", self.address, allowed, "auto")])


@contextlib.contextmanager
def connected(address: str | None, workers: int, around: Surroundings) -> Iterator[Any]:
    """Ray, connected; what was started or joined for it is ended or left afterwards, and nothing else."""
    import ray

    if ray.is_initialized():
        yield ray
        return
    variables = {**around.environment, "PYTHONPATH": python_path()}
    own = {"num_cpus": workers, "include_dashboard": False} if address is None else {}
    try:
        ray.init(
            address=address or "local",
            runtime_env={"env_vars": variables},
            log_to_driver=False,
            logging_level="error",
            **own,
        )
    except (ConnectionError, RuntimeError, ValueError) as error:
        allowed = (
            f"no Ray was found here ({tell(error)}); `ray start --head` begins one, executor.address=null does without"
        )
        raise UsageError("nothing was run", [Problem("executor.address", address, allowed)]) from None
    try:
        yield ray
    finally:
        ray.shutdown()


def done(packed: Parcel) -> list[Outcome] | str:
    """What a task does: whole batches, each run stored as it ends; words where the disk can no longer be written."""
    batches = packed.unpacked()
    try:
        packed.check(batches)
        return [outcome for batch in batches for outcome in run_batch(batch)]
    except OtherCode as error:
        return [outcome for batch in batches for outcome in record_failure(batch, f"its task did not begin: {error}")]
    except StorageError as error:
        return str(error)


def answered(outcomes: list[Outcome] | str) -> list[Outcome]:
    """The outcomes of a task; StorageError where it could not store them."""
    if isinstance(outcomes, str):
        raise StorageError(outcomes)
    return outcomes
