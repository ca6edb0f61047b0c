"""What a user sees while runs are under way: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol

from experiments.execute.worker import Outcome
from experiments.study.runs import RunSpec, label
from experiments.wording import plural

SECONDS_BETWEEN_LINES = 10.0


class Progress(Protocol):
    """Counts the runs that end."""

    failures: list[Outcome]

    def report(self, outcomes: list[Outcome]) -> None:
        """Takes note of runs that have just ended."""


@contextmanager
def progress(total: int) -> Iterator[Progress]:
    """A bar on a terminal, plain lines otherwise."""
    from rich.console import Console

    console = Console(stderr=True)
    with Bar(total, console) if console.is_terminal else Lines(total) as shown:
        yield shown


class Lines:
    """Prints a line every ten seconds or so, and one at the end."""

    def __init__(self, total: int) -> None:
        self.total, self.done = total, 0
        self.failures: list[Outcome] = []
        self.began = self.last = time.monotonic()

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            print(self.line(), flush=True)

    def report(self, outcomes: list[Outcome]) -> None:
        """Takes note of runs that have just ended."""
        self.done += len(outcomes)
        for outcome in outcomes:
            if outcome.status != "ok":
                if outcome.error not in {failure.error for failure in self.failures}:
                    print(f"a run failed: {outcome.error}", flush=True)
                self.failures.append(outcome)
        if time.monotonic() - self.last > SECONDS_BETWEEN_LINES:
            self.last = time.monotonic()
            print(self.line(), flush=True)

    def line(self) -> str:
        """Runs done, rate, time left and failures."""
        seconds = max(time.monotonic() - self.began, 1e-9)
        left = (self.total - self.done) * seconds / self.done if self.done else float("nan")
        ahead = f", about {clock(left)} left" if 0 < self.done < self.total else ""
        failed = f", {len(self.failures)} failed" if self.failures else ""
        return f"{self.done} of {plural(self.total, 'run')}, {60 * self.done / seconds:.3g} a minute{ahead}{failed}"


class Bar:
    """A bar with runs done, rate, time left and failures."""

    def __init__(self, total: int, console: object) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self.failures: list[Outcome] = []
        self.began = time.monotonic()
        self.rich = RichProgress(
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("runs  {task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("elapsed"),
            TimeRemainingColumn(),
            TextColumn("left"),
            TextColumn("{task.fields[failed]}"),
            console=console,  # type: ignore[arg-type]
        )
        self.task = self.rich.add_task("runs", total=total, rate="", failed="")

    def __enter__(self) -> Bar:
        self.rich.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.rich.stop()

    def report(self, outcomes: list[Outcome]) -> None:
        """Takes note of runs that have just ended."""
        for outcome in outcomes:
            if outcome.status != "ok":
                if outcome.error not in {failure.error for failure in self.failures}:
                    self.rich.console.print(f"a run failed: {outcome.error}", markup=False)
                self.failures.append(outcome)
        done = self.rich.tasks[0].completed + len(outcomes)
        rate = f"{60 * done / max(time.monotonic() - self.began, 1e-9):.0f} a minute"
        failed = f"[red]{len(self.failures)} failed[/red]" if self.failures else ""
        self.rich.update(self.task, advance=len(outcomes), rate=rate, failed=failed)


def stage(name: str) -> None:
    """Says what is done with the runs now that they have ended, before it begins."""
    print(f"{name} ...", flush=True)


def print_failures(failures: list[Outcome], runs: list[RunSpec]) -> None:
    """A table of the runs that failed: a row for each arm, shock and error, with its seeds."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    by_key = {run.key: run for run in runs}
    seeds: dict[tuple[str, str], list[int]] = {}
    for failure in failures:
        run = by_key[failure.key]
        seeds.setdefault((label(run.arm, run.shock, run.sweep), failure.error), []).append(run.seed)
    table = Table(title=f"{plural(len(failures), 'run')} failed", title_justify="left")
    for heading in ("arm, shock", "seeds", "what happened"):
        table.add_column(heading, overflow="fold")
    for (place, error), of_seeds in sorted(seeds.items()):
        table.add_row(place, ", ".join(map(str, sorted(of_seeds))), escape(error))
    Console(stderr=True).print(table)


def clock(seconds: float) -> str:
    """A duration as hours, minutes and seconds, without leading zeros."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (seconds, "s")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
