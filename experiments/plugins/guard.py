"""What a run, or any code of a user's own, may not do to the others: whatever it raises, ends or changes is caught."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from experiments.errors import ABSENT, Problem
from experiments.plugins.chance import untouched

LONGEST_ERROR = 1000  # letters of an error that are kept


def tried(do: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """What a call returns, or what it raises: whatever that is but for a Ctrl-C of the user's."""
    try:
        with undisturbed():
            return do(), None
    except BaseException as error:
        if interrupts.heard:
            raise
        return None, error


def attempted(do: Callable[[], Any]) -> tuple[Any, BaseException | None]:
    """The same in the program itself, where a Ctrl-C of the user's is told from a KeyboardInterrupt raised by code."""
    with heard_interrupts():
        return tried(do)


def tell(error: BaseException, places: int = 1) -> str:
    """An error in one line, with the last places in the code, the innermost first."""
    frames = traceback.extract_tb(error.__traceback__)[::-1][:places]
    said_places = [f"{Path(frame.filename).name}, line {frame.lineno}" for frame in frames]
    place = f" ({'; from '.join(said_places)})" if frames else ""
    try:
        message = " ".join(str(error).split())
    except Exception:  # noqa: BLE001
        message = "what it says cannot be shown"
    said = f"{type(error).__name__}: {message}" if message else type(error).__name__
    return said.encode("utf-8", "replace").decode()[:LONGEST_ERROR] + place


def problems_told(section: str, error: BaseException | None) -> list[Problem]:
    """What stopped a section from being read, as problems of its keys where they are known."""
    if error is None:
        return []
    if not hasattr(error, "problems"):
        return [Problem(section, ABSENT, f"cannot be read: {tell(error)}")]
    return [Problem(wrong.key, wrong.value, wrong.allowed, wrong.nearest) for wrong in error.problems]


@contextmanager
def undisturbed() -> Iterator[None]:
    """Ends with a run what a plug-in changes for its process: filters of warnings, numpy's errors, depth, chance."""
    import numpy as np

    depth = sys.getrecursionlimit()
    try:
        with warnings.catch_warnings(), np.errstate(), no_silent_exit(), untouched():
            yield
    finally:
        sys.setrecursionlimit(depth)


@contextmanager
def no_silent_exit() -> Iterator[None]:
    """Makes an error of `os._exit` where the end of the process would go unnoticed: as a success, or in the program.

    The pool of workers waits for ever for a worker that ended with status 0. Children that a plug-in forks may end.
    """
    end, mine, is_program = os._exit, os.getpid(), multiprocessing.parent_process() is None

    def exit_or_raise(status: int = 0) -> None:
        if os.getpid() == mine and (is_program or status == 0):
            raise SystemExit(f"os._exit({status})")
        end(status)

    os._exit = exit_or_raise  # type: ignore[assignment]
    try:
        yield
    finally:
        os._exit = end


class Interrupts:
    """Whether the user has pressed Ctrl-C: a KeyboardInterrupt without it is an error like any other."""

    def __init__(self) -> None:
        self.heard = False

    def mark(self, number: int, frame: object) -> None:
        """Takes note of the signal and stops what is under way."""
        del number, frame
        self.heard = True
        raise KeyboardInterrupt

    def stop_if_heard(self) -> None:
        """Stops where a plug-in has kept the interrupt to itself."""
        if self.heard:
            raise KeyboardInterrupt


interrupts = Interrupts()


@contextmanager
def heard_interrupts() -> Iterator[None]:
    """Tells a Ctrl-C of the user's from a KeyboardInterrupt that a run raises, while runs are done in this process."""
    interrupts.heard = False
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, interrupts.mark)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        interrupts.heard = False


@contextmanager
def ended_as_interrupted() -> Iterator[None]:
    """Takes what a batch system or a closed terminal sends for a Ctrl-C, so that a study ends in words."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    heeded = [number for number, handler in before.items() if handler is signal.SIG_DFL]
    for number in heeded:
        signal.signal(number, interrupts.mark)
    try:
        yield
    finally:
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)


def ignore_interrupts() -> None:
    """Leaves Ctrl-C to the main process, which then ends its workers."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
