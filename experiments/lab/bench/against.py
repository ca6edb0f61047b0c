"""This build beside an earlier one: the named commit in a folder of its own, both run by turns in fresh processes."""

from __future__ import annotations

import io
import os
import re
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from unittest import mock

import pyarrow.parquet

from experiments.errors import UsageError
from experiments.lab.bench.result import Measured, Skipped
from experiments.lab.bench.startup import bytecode_kept, wall

HERE = Path(__file__).parents[3]
FIRST = "fa75d6c"  # what a build is compared with as long as no version is tagged
YEAR_GOAL, STUDY_GOAL, REPORT_GOAL = 0.5, 0.6, 0.5
FORMER = ("scenario=elastic", "traders=deep", "information=none")  # the default world until late November 2026
YEAR = """
import time
from experiments.build import build
world = "population=bench", "links=on", "agents.speculator.traders={traders}", *{world}
economy = build(*world, seed={seed}, days={days} + 5)
economy.run(5)
began = time.process_time()
economy.run({days})
print((time.process_time() - began) / {days} * 365)
"""
FIRST_DAY = """
from experiments.build import build
build("population=bench", "links=on", seed=1, days=1).step()
"""
STUDY = ("-m", "experiments.run", "experiment=price_stability", "size=small", "executor=local")


def named(revision: str | None) -> str:
    """The commit that a name stands for: as given, else the last tag, else the first build compared with."""
    name = revision or _git("describe", "--tags", "--abbrev=0") or FIRST
    commit = _git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if not commit:
        raise UsageError(
            f"against={name}: git knows no such commit here; a shallow clone has only the last ones"
            " (git fetch --unshallow --tags), or name another with against=REV"
        )
    return commit


def _git(*arguments: str) -> str:
    """What git answers about this project, empty where it has no answer."""
    try:
        return subprocess.run(
            ["git", "-C", HERE, *arguments], check=False, capture_output=True, text=True
        ).stdout.strip()
    except FileNotFoundError:
        return ""


@contextmanager
def checked_out(commit: str) -> Iterator[Path]:
    """The files of a commit in a temporary folder."""
    packed = subprocess.run(["git", "-C", HERE, "archive", "--format=tar", commit], check=True, capture_output=True)
    with tempfile.TemporaryDirectory() as folder, tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
        files.extractall(folder, filter="data")
        yield Path(folder)


def measure_years(commit: str, traders: int, quick: bool) -> Measured:
    """CPU seconds of a simulated year of a hundred institutions, ours over theirs."""

    def year(folder: Path, turn: int) -> float:
        days = 40 if quick else 180
        with _inside(folder):
            return float(_said(YEAR.format(traders=traders, world=_former(folder), seed=turn + 1, days=days)))

    return _beside(commit, f"a year, {traders:,} speculators", year, 3 if quick else 5, "simulated year", YEAR_GOAL)


def measure_first_day(commit: str, quick: bool) -> Measured:
    """Seconds on the clock for a fresh process that composes a world and lives its first day, ours over theirs."""

    def day(folder: Path, turn: int) -> float:
        with _inside(folder):
            return wall([sys.executable, "-c", FIRST_DAY])

    with bytecode_kept():
        return _beside(commit, "first day in a fresh process", day, 2 if quick else 7, "process", 1.0)


def measure_study(commit: str, quick: bool) -> list[Measured]:
    """Seconds on the clock for a run of `price_stability size=small` on all cores, and for what follows the last run.

    Each build does its own arms, which is why the first figure is that of a run; both live in the former world.
    Skipped where the other build's libraries are not installed.
    """
    with checked_out(commit) as folder:
        if missing := not_installed(folder / "pyproject.toml"):
            raise Skipped(f"{commit[:7]} needs what is not installed here: pip install {' '.join(missing)}")
    after: dict[Path, float] = {}

    def study(folder: Path, turn: int) -> float:
        with tempfile.TemporaryDirectory() as out, _inside(folder):
            words = [f"out={out}/study", *_former(folder), *(["days=200", "seeds=1"] if quick else [])]
            seconds, after[folder], runs = _study_watched([sys.executable, *STUDY, *words], Path(out) / "study")
            print(f"{'ours' if folder == HERE else commit[:7]}: {runs} runs in {seconds:.0f} s", file=sys.stderr)
            return seconds / runs

    a_run = _beside(commit, "a run of price_stability size=small", study, 1, "run", STUDY_GOAL)
    ours, other = after.pop(HERE), *after.values()
    return [
        a_run,
        Measured(f"price_stability size=small, after its last run: ours / {commit[:7]}", ours / other, ours, other,
                 "study", f"<= {REPORT_GOAL:g} x", ours / other <= REPORT_GOAL),
    ]  # fmt: skip


def not_installed(project: Path) -> list[str]:
    """The names of the libraries that a pyproject.toml asks for and this environment has not."""
    asked = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]
    return [name for name in (re.split(r"[^\w.-]", one)[0] for one in asked) if not _installed(name)]


def _installed(name: str) -> bool:
    """Whether this environment has a library of this name."""
    with suppress(PackageNotFoundError):
        return bool(version(name))
    return False


def _study_watched(command: Sequence[str], out: Path) -> tuple[float, float, int]:
    """Seconds of a study on the clock, those of them after its last run was stored, and how many runs it has."""
    began = stored = time.time()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            stored = max([stored, *_written(out / "parts")])
            time.sleep(0.1)
    ended = time.time()
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return ended - began, ended - stored, pyarrow.parquet.read_metadata(out / "runs.parquet").num_rows


def _written(folder: Path) -> Iterator[float]:
    """When the files of a folder were written last, of those that are still there."""
    for path in folder.glob("*"):
        with suppress(FileNotFoundError):
            yield path.stat().st_mtime


def _beside(
    commit: str, what: str, cost: Callable[[Path, int], float], rounds: int, unit: str, goal: float
) -> Measured:
    """The median ratio of both builds' costs, each first as often as the other, after a call that fills caches."""
    with checked_out(commit) as theirs:
        sides = (HERE, theirs)
        for folder in sides:
            with _inside(folder):
                _said(FIRST_DAY)
        timed: list[list[float]] = [[], []]
        for turn in range(rounds):
            for side in (0, 1) if turn % 2 == 0 else (1, 0):
                timed[side].append(cost(sides[side], turn))
    ratio = statistics.median(ours / other for ours, other in zip(*timed, strict=True))
    medians = [statistics.median(seconds) for seconds in timed]
    return Measured(f"{what}: ours / {commit[:7]}", ratio, *medians, unit, f"<= {goal:g} x", ratio <= goal)


def _said(code: str) -> str:
    """What a fresh process prints that runs this code."""
    return subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True).stdout


def _former(folder: Path) -> tuple[str, ...]:
    """What makes a build's world the former default one: the same world on both sides."""
    there = (folder / "configs" / value.replace("=", "/") for value in FORMER)
    return tuple(value for value, file in zip(FORMER, there, strict=True) if file.with_suffix(".yaml").exists())


@contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Processes started meanwhile work in this folder, whose modules come before those that are installed."""
    with chdir(folder), mock.patch.dict(os.environ, {"PYTHONPATH": str(folder)}):
        yield
