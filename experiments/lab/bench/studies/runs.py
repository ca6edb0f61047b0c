"""Studies of 100 to 100,000 runs: seconds and memory of each stage, and what a run takes beside its days.

`python -m experiments.lab.bench --only runs` prints the table, up to 10^4 runs or 10^5 without `--quick`. Runs of the
table are not simulated: their numbers are made up and stored as those of runs are (`StandIn`); all else is the program.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from experiments.lab.bench.result import Measured

SIZES, QUICK_SIZES = (100, 1000, 10_000, 100_000), (100, 1000)
AGAIN_GOAL, INTERVAL_GOAL, A_RUN_MS, MOST_MB, MOST_FILES = 10.0, 10.0, 2.0, 2048.0, 1000
FORMER_PAIRS = 10_000  # of the interval by a table of all pairs: more take too much memory
WORDS = ("population=tiny", "days=2", "record=summary", "shocks=[]", "study.arms={one: [], two: []}")
DESIGN = ("study.design=latin_hypercube", "spot.convexity=interval(3,6)", "spot.occupancy=interval(0.6,0.9)", "seeds=1")
STAGES = {  # name -> module and function that does it
    "spelt out": ("experiments.study.expand", "expand"),
    "stored": ("experiments.execute.executor", "execute"),
    "gathered": ("experiments.store.rows", "compact"),
    "effects": ("experiments.analyse.effects", "write_effects"),
    "figures": ("experiments.report.draw", "draw_figures"),
    "report": ("experiments.report.page", "write_report"),
}
CHILD = "from experiments.lab.bench.studies.runs import {0}; {0}({1})"


def measure_runs(quick: bool) -> list[Measured]:
    """Prints the table of all sizes; what a call in an unchanged folder, an interval and a run take."""
    table = [in_a_process("study", runs) for runs in (QUICK_SIZES if quick else SIZES)]
    for row in table:
        row["composed"] = in_a_process("design", row["runs"])
    show(table)
    largest = table[-1]
    again, anew = largest["again"]["seconds"], largest["read anew"]["seconds"]
    most = max(part["mb"] for row in table for part in row.values() if isinstance(part, dict))
    return [
        Measured(f"{largest['runs']:,} runs, unchanged folder: read anew / shown", anew / again, again, anew, "call",
                 f">= {AGAIN_GOAL:g} x", anew / again >= AGAIN_GOAL),
        interval(1000 if quick else FORMER_PAIRS),
        a_run(100 if quick else 400),
        Measured("most memory of a stage, MB / goal", most / MOST_MB, most, MOST_MB, "MB", "<= 1 x", most <= MOST_MB),
    ]  # fmt: skip


def in_a_process(what: str, *arguments: Any) -> dict[str, Any]:
    """What a function here prints as JSON in a fresh process."""
    code = CHILD.format(what, ", ".join(map(repr, arguments)))
    done = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


# ---- in a process of its own


def study(runs: int) -> None:
    """Two arms that are one world: the stages of a call, a call in the folder as it is, one that reads it anew."""
    from experiments.lab.bench.studies.stand_in import StandIn
    from experiments.store.unchanged import ANSWER

    main = import_module("experiments.run").main
    found: dict[str, Any] = {"runs": runs}
    with tempfile.TemporaryDirectory() as folder:
        words = [*presets(Path(folder)), *WORDS, f"seeds={runs // 2}", f"out={folder}/out"]
        with staged(found):
            timed(found, "whole", lambda: main(words))
        timed(found, "again", lambda: main(words))
        (Path(folder) / "out" / ANSWER).unlink()
        timed(found, "read anew", lambda: main(words))
        found["files"] = StandIn.most_files
        found["folder mb"] = sum(file.stat().st_size for file in Path(folder).rglob("*") if file.is_file()) / 1e6
    print(json.dumps(found))


def design(points: int) -> None:
    """A design of so many points spelt out as runs, all of them composed, checked and named."""
    from experiments.configuration.compose import composer
    from experiments.study.expand import expand

    found: dict[str, Any] = {}
    with composer() as opened:
        words = [*WORDS[:-1], *DESIGN, "out=out"]
        expand(opened, [*words, "study.points=2"])  # presets are parsed, modules imported
        timed(found, "points", lambda: expand(opened, [*words, f"study.points={points}"]))
    print(json.dumps(found["points"]))


def presets(folder: Path) -> list[str]:
    """The words that have the stand-in do the runs."""
    (folder / "presets" / "executor").mkdir(parents=True)
    preset = "_target_: experiments.lab.bench.studies.stand_in.StandIn\n"
    (folder / "presets" / "executor" / "stand_in.yaml").write_text(preset, encoding="utf-8")
    return ["--config-dir", str(folder / "presets"), "executor=stand_in"]


@contextlib.contextmanager
def staged(found: dict[str, Any]) -> Iterator[None]:
    """Notes what each stage of a call takes."""
    with contextlib.ExitStack() as stack:
        for name, (module, function) in STAGES.items():
            do = getattr(import_module(module), function)
            stack.enter_context(mock.patch(f"{module}.{function}", partial(noted, found, name, do)))
        yield


def noted(found: dict[str, Any], name: str, do: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
    """Does a stage, and notes what it takes."""
    kept: list[Any] = []
    timed(found, name, lambda: kept.append(do(*arguments, **named)))
    return kept[0]


def timed(found: dict[str, Any], name: str, do: Callable[[], object]) -> None:
    """CPU seconds of a call, and the most memory that the process held meanwhile where the system tells that."""
    forget_peak()
    began = time.process_time()
    do()
    found[name] = {"seconds": time.process_time() - began, "mb": peak_mb()}


def forget_peak() -> None:
    """Has the system count the most memory from here on."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def peak_mb() -> float:
    """The most memory that this process has held since `forget_peak`; 0 where the system does not tell."""
    try:
        status = Path("/proc/self/status").read_text(encoding="utf-8")
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM"))


# ---- one interval, and one run


def interval(pairs: int) -> Measured:
    """One interval of so many pairs, beside the bootstrap with a table of all pairs that came before: in memory too."""
    ours, former = (in_a_process("one_interval", pairs, before) for before in (False, True))
    ratio, memory = former["seconds"] / ours["seconds"], former["mb"] / max(ours["mb"], 1.0)
    return Measured(
        f"interval of {pairs:,} pairs: BCa of old / ours (memory {former['mb']:.0f} / {ours['mb']:.0f} MB)", ratio,
        ours["seconds"], former["seconds"], "interval", f">= {INTERVAL_GOAL:g} x",
        ratio >= INTERVAL_GOAL and memory >= INTERVAL_GOAL,
    )  # fmt: skip


def one_interval(pairs: int, former: bool) -> None:
    """An interval as it is, or as it was; memory is what it takes beside what the process holds."""
    import scipy.stats

    from experiments.analyse import stats

    values = np.random.default_rng(1).gamma(2.0, size=pairs)

    def of_old() -> None:
        scipy.stats.bootstrap((values,), np.mean, n_resamples=9_999, method="BCa", vectorized=True,
                              rng=np.random.default_rng(2))  # fmt: skip

    do = of_old if former else lambda: stats.interval(values)
    stats.interval(values[:10])  # modules are imported
    forget_peak()
    before, found = peak_mb(), dict[str, Any]()
    timed(found, "interval", do)
    print(json.dumps({**found["interval"], "mb": found["interval"]["mb"] - before}))


def a_run(runs: int) -> Measured:
    """What a run of two days takes in its worker beside its economy, as processes hand it over, read and store it."""
    found = in_a_process("one_run", runs)
    passed, lived = (found[name] / found["runs"] for name in ("all", "economy"))
    beyond = passed - lived
    return Measured("a run beyond its economy, ms / goal", 1e3 * beyond / A_RUN_MS, beyond, A_RUN_MS / 1e3, "run",
                    f"<= {A_RUN_MS:g} ms", 1e3 * beyond <= A_RUN_MS)  # fmt: skip


def one_run(runs: int) -> None:
    """CPU seconds of runs of two days, done and stored in a process as a worker does them, and of their economies."""
    import pickle

    from experiments.configuration.compose import composer
    from experiments.execute.batches import batches_of
    from experiments.execute.worker import run_batch
    from experiments.study.expand import expand
    from sim.economy import Economy

    spent = {"economy": 0.0, "runs": 0.0}

    def counted(do: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        began = time.process_time()
        try:
            return do(*arguments, **named)
        finally:
            spent["economy"] += time.process_time() - began

    with tempfile.TemporaryDirectory() as folder:
        with composer() as opened:
            words = [*WORDS[:-1], f"seeds={runs + 20}", f"out={folder}"]
            batches = batches_of(expand(opened, words).runs, Path(folder), "summary")
        for batch in batches[:20]:
            run_batch(batch)
        began = time.process_time()
        with contextlib.ExitStack() as stack:
            for name in ("__init__", "run", "fork", "meet"):
                do = getattr(Economy, name)
                stack.enter_context(mock.patch.object(Economy, name, lambda *a, do=do, **k: counted(do, *a, **k)))
            for batch in batches[20:]:
                pickle.dumps(run_batch(pickle.loads(pickle.dumps(batch))))
                spent["runs"] += len(batch.runs)
        spent["all"] = time.process_time() - began
    print(json.dumps(spent))


# ---- the table


def show(table: list[dict[str, Any]]) -> None:
    """Prints a row a number of runs: CPU seconds, and in brackets the most MB that the process held meanwhile."""
    from rich.console import Console
    from rich.table import Table

    columns = ("composed", *STAGES, "whole", "again", "read anew")
    shown = Table(title="CPU seconds of each stage (most MB meanwhile); runs are made up, not simulated")
    for title in ("runs", *columns, "most files in a folder", "folder MB"):
        shown.add_column(title, justify="right")
    for row in table:
        cells = [f"{row[name]['seconds']:.3g} ({row[name]['mb']:.0f})" for name in columns]
        shown.add_row(f"{row['runs']:,}", *cells, str(row["files"]), f"{row['folder mb']:.1f}")
    console = Console()
    Console(width=max(console.width, 170)).print(shown)
