"""Long-lived worker processes on this machine, and how a study survives the death of one."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Literal

from pydantic import Field

from experiments.configuration.settings import Strict
from experiments.errors import StorageError, WorkersError
from experiments.execute.executor import Report
from experiments.execute.worker import Batch, Outcome, record_failure, run_batch, what_is_left
from experiments.plugins.guard import ignore_interrupts, tell


class Local(Strict):
    """Keeps long-lived workers busy; a run whose worker dies is tried again, then recorded as failed."""

    start_method: Literal["forkserver", "spawn"] = "forkserver"
    retries: int = Field(default=1, ge=0)  # of a run whose worker died

    def run(self, batches: Sequence[Batch], workers: int, report: Report) -> None:
        """Runs the batches on as many workers."""
        from pebble import ProcessExpired, ProcessPool

        context = multiprocessing.get_context(self.start_method)
        waiting: Iterator[tuple[Batch, int]] = iter([(batch, 0) for batch in batches])
        pool = ProcessPool(workers, context=context, initializer=ignore_interrupts)
        running: dict[Future[list[Outcome]], tuple[Batch, int]] = {}

        def start(batch: Batch, tries: int) -> None:
            running[pool.schedule(run_batch, args=(batch,))] = (batch, tries)

        try:
            for batch, tries in islice(waiting, 2 * workers):
                start(batch, tries)
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    batch, tries = running.pop(future)
                    try:
                        report(future.result())
                    except ProcessExpired as death:
                        left, done = what_is_left(batch)
                        report(done)
                        if left and tries < self.retries:
                            start(Batch(left, batch.out, batch.record), tries + 1)
                        elif len(left) > 1:  # of runs that share their first days each may be the one that kills
                            for run in left:
                                start(Batch((run,), batch.out, batch.record), tries)
                        elif left:
                            report(record_failure(Batch(left, batch.out, batch.record), words_of_death(death.exitcode)))
                    except (StorageError, BrokenProcessPool):
                        raise
                    except Exception as error:  # noqa: BLE001
                        report(record_failure(batch, tell(error)))
                    for following in islice(waiting, 1):
                        start(*following)
            pool.close()
        except BrokenProcessPool as error:
            pool.stop()
            raise WorkersError(
                f"the worker processes cannot go on ({error}); executor=in_process does without"
            ) from None
        except BaseException:
            pool.stop()
            raise
        finally:
            pool.join()


def words_of_death(exit_code: int | None) -> str:
    """How a worker process ended, in words."""
    if exit_code is not None and exit_code == -signal.SIGKILL:
        return "its worker process died: killed, as the system does when memory runs out (try fewer workers)"
    return f"its worker process died (exit status {exit_code})"
