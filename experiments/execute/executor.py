"""Who runs the batches of a study: what an executor promises, and how the one that a configuration names is found."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from experiments.errors import Problem, StorageError, UsageError, WorkersError
from experiments.execute.worker import Batch, Outcome
from experiments.plugins.guard import attempted, heard_interrupts, interrupts, problems_told, tell

Report = Callable[[list[Outcome]], None]
OURS = ("experiments",)  # where our own executors lie


@runtime_checkable
class Executor(Protocol):
    """Runs batches, wherever it likes: a run's bits and key are the same whoever runs it.

    What it needs to know are fields of its class, which stand under `executor` in the configuration.
    """

    @property
    def start_method(self) -> str | None:
        """How processes are started that code of a user's own may end; None where all is done in this one."""

    def run(self, batches: Sequence[Batch], workers: int, report: Report) -> None:
        """Has `run_batch` of the worker do every batch, at most `workers` at a time, and reports as each ends."""


def executor_of(section: dict[str, Any], plugins: tuple[str, ...]) -> Executor:
    """The executor that a section of the configuration names by `_target_`; UsageError with all that is wrong."""
    from sim.parts import build

    built, error = attempted(lambda: build("executor", section, (*plugins, *OURS), "an executor", "run"))
    if error is not None:
        raise UsageError("nothing was run", problems_told("executor", error))
    known = [None, *multiprocessing.get_all_start_methods()]
    if not isinstance(built, Executor) or built.start_method not in known:
        allowed = "is not an executor: its start_method must be one of None, 'forkserver' and 'spawn'"
        raise UsageError("nothing was run", [Problem("executor._target_", section["_target_"], allowed)])
    return built


def check_here(executor: Executor) -> None:
    """Raises UsageError where an executor says, by a `check` of its own, that it cannot work here."""
    check = getattr(executor, "check", None)
    if callable(check):
        check()


class FailedFast(BaseException):
    """A run has failed, and the others are not wanted then."""


def execute(
    batches: Sequence[Batch], executor: Executor, workers: int, report: Report, fail_fast: bool = False
) -> None:
    """Has an executor run all batches; a WorkersError where it fails itself, a Ctrl-C of the user's stops it.

    With `fail_fast` a FailedFast ends it when the first failed run is reported.
    """

    def reported(outcomes: list[Outcome]) -> None:
        report(outcomes)
        interrupts.stop_if_heard()
        if fail_fast and any(outcome.status != "ok" for outcome in outcomes):
            raise FailedFast

    if not batches:
        return
    with heard_interrupts():
        try:
            executor.run(batches, min(workers, len(batches)), reported)
        except (UsageError, WorkersError, StorageError, FailedFast):
            raise
        except BaseException as error:
            if interrupts.heard:
                raise
            raise WorkersError(f"the executor {type(executor).__name__} failed: {tell(error)}") from error
