"""One run after another in this process: for debuggers and tiny studies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from experiments.configuration.settings import Strict
from experiments.execute.executor import Report
from experiments.execute.worker import Batch, run_batch


class InProcess(Strict):
    """Does every batch itself, one after another."""

    start_method: ClassVar[None] = None

    def run(self, batches: Sequence[Batch], workers: int, report: Report) -> None:
        """Runs the batches in their order."""
        del workers
        for batch in batches:
            report(run_batch(batch))
