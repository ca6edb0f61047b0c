"""How a folder stands: `rackrate status OUT`, and what of it is done: `rackrate collect OUT`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiments.configuration.compose import Composer
from experiments.configuration.settings import Settings
from experiments.errors import ABSENT, Problem, UsageError
from experiments.execute.jobs import Queue, ends_of, queue_of
from experiments.execute.progress import print_failures
from experiments.execute.worker import Outcome
from experiments.store.asked import Asked, read_asked
from experiments.store.folder import check_writable, read_yaml
from experiments.store.lock import holder_words, locked, read_holder
from experiments.store.parts import part_files
from experiments.store.rows import TABLE, compact, stored_labels
from experiments.verbs.measuring import settings_of
from experiments.verbs.rounds import still_asked
from experiments.wording import plural

DONE, RUNS_MISSING, WITH_JOBS = 0, 3, 75  # the last asks to be called again later
Read = Callable[[Path, Settings], tuple[int, list[str]]]


@dataclass(frozen=True)
class Standing:
    """The runs that a folder has been asked for, by what has become of them."""

    done: list[Asked]
    failed: list[tuple[Asked, str]]
    with_jobs: list[Asked]
    missing: list[Asked]
    queue: Queue

    @property
    def status(self) -> int:
        """The exit status: done, missing or failed with nobody at it, or with jobs."""
        return WITH_JOBS if self.with_jobs else RUNS_MISSING if self.failed or self.missing else DONE

    def line(self) -> str:
        """How many runs stand how."""
        told = [(self.done, "done"), (self.failed, "failed"), (self.with_jobs, "with jobs"), (self.missing, "missing")]
        total = sum(len(runs) for runs, _ in told)
        return f"{plural(total, 'run')}: " + ", ".join(
            f"{len(runs)} {what}" for runs, what in told if runs or what == "done"
        )


def standing(out: Path) -> Standing:
    """How the runs of a folder stand."""
    rows, queue = stored_labels(out), queue_of(out)
    asked = read_asked(out) or [
        Asked(row["key"], row["arm"], row["shock"], row["seed"], tuple(row["sweep"].items())) for row in rows.values()
    ]
    found = Standing([], [], [], [], queue)
    for run in asked:
        row = rows.get(run.key)
        if row and row["status"] == "ok":
            found.done.append(run)
        elif run.key in queue.runs:
            found.with_jobs.append(run)
        elif row:
            found.failed.append((run, row["error"]))
        else:
            found.missing.append(run)
    return found


def show_status(words: Sequence[str]) -> int:
    """Prints how a folder stands, reads nothing but its tables, and changes nothing in it."""
    out = folder_named("status", words)
    found = standing(out)
    print(f"{out}: {found.line()}")
    if found.queue.jobs:
        print(f"jobs: {found.queue.told()}")
    for reason in found.queue.unknown:
        print(f"not known: {reason}")
    holder = read_holder(out)
    if holder:
        print(f"a call runs in it: {holder_words(holder)}")
    lost = {run.key for run in found.missing}
    for job, end, keys in ends_of(out):
        if left := lost & set(keys):
            print(f"job {job} ended without {len(left)} of its runs: {end or 'nobody knows how'}")
    tell_failed(found)
    return found.status or tell_further(out, found)


def tell_further(out: Path, found: Standing) -> int:
    """Says which runs a study that goes round by round still asks for, once those of this one have been gathered."""
    if found.done and (out / TABLE).exists() and not part_files(out) and (said := still_asked(out)):
        print(said)
        return RUNS_MISSING
    return DONE


def tell_failed(found: Standing) -> None:
    """Prints the failed runs, a row for each arm, shock and error."""
    if found.failed:
        print_failures([Outcome(run.key, "failed", error) for run, error in found.failed], [r for r, _ in found.failed])


def collect(composer: Composer, words: Sequence[str], read_results: Read) -> tuple[int, Path, list[str]]:
    """Gathers what is done of a folder and writes its tables, figures and report: status, folder, answer."""
    out = folder_named("collect", words)
    check_writable(out)
    with locked(out):
        rows = compact(out)
        if not any(row["status"] == "ok" for row in rows):
            found = standing(out)
            print(f"{out}: {found.line()}; there is nothing to collect yet", flush=True)
            tell_failed(found)
            return found.status or RUNS_MISSING, out, []
        settings = settings_of(out, read_yaml(out / "config.yaml"), composer, [])
        status, answer = read_results(out, settings)
    found = standing(out)
    print(f"{out}: {found.line()}", flush=True)
    tell_failed(found)
    return found.status or tell_further(out, found) or status, out, answer


def folder_named(verb: str, words: Sequence[str]) -> Path:
    """The one result folder that the words after a verb name."""
    if len(words) != 1 or "=" in words[0]:
        allowed = f"write: rackrate {verb} FOLDER"
        raise UsageError("nothing was done", [Problem(verb, " ".join(words) or ABSENT, allowed)])
    out = Path(words[0]).resolve()
    if not (out / "config.yaml").exists():
        raise UsageError("nothing was done", [Problem(verb, words[0], "is no result folder: it holds no config.yaml")])
    return out
