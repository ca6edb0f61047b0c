"""Finds every figure in this folder (a file with a `draw(results)`) and keeps them under `figures/`."""

from __future__ import annotations

import importlib
import logging
import multiprocessing
import os
import pickle
import pkgutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from types import TracebackType

import experiments.report.figures
from experiments.kinds.kind import kind_of
from experiments.plots import style
from experiments.plugins.guard import ignore_interrupts
from experiments.report.own_plots import own_plots
from experiments.results import MissingDataError, Results
from experiments.store.files import make_folder

log = logging.getLogger(__name__)

PATIENCE_SECONDS, MOST_BESIDE = 2.0, 3  # of drawing here, before so many processes at most make files beside
AHEAD = 2  # figures that wait for each of them
ORDER = (
    "arms", "rent_paths", "impulse_response", "forest", "sweep", "fleet", "futures", "exchange", "coverage",
    "waterfall", "tranches", "network", "standardisation",
)  # fmt: skip


def draw_figures(out: Path | Results, settings: object = None) -> list[style.Kept]:
    """Draw every figure the folder has data for and keep it as PNG and PDF; return them for the report."""
    del settings  # the folder's config.yaml says it all
    results = out if isinstance(out, Results) else Results(out)
    folder = results.out / "figures"
    make_folder(folder)
    with style.house_style(), Renderers() as renderers:
        drawn = [(plot.name, plot.caption, renderers.files_of(plot)) for plot in plots(results)]
        return [style.keep(name, caption, files(), folder) for name, caption, files in drawn]


class Renderers:
    """Makes files of figures: in this process, and once that has taken a while in others beside it too.

    The bytes are the same wherever they are made. A figure that cannot be sent to another process, as one of the
    user's own may be, is rendered here.
    """

    def __init__(self) -> None:
        self.began, self.beside = time.monotonic(), min(len(os.sched_getaffinity(0)) - 1, MOST_BESIDE)
        self.pool: ProcessPoolExecutor | None = None
        self.waiting: set[Future[tuple[bytes, bytes]]] = set()

    def __enter__(self) -> Renderers:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=error is None, cancel_futures=True)

    def files_of(self, plot: style.Plot) -> Callable[[], tuple[bytes, bytes]]:
        """What gives the bytes of a figure's PNG and PDF: at once, or when another process has made them."""
        self.waiting = {made for made in self.waiting if not made.done()}
        late = time.monotonic() - self.began > PATIENCE_SECONDS
        packed = packed_up(plot) if late and len(self.waiting) < AHEAD * self.beside else None
        if packed is None:
            files = style.files_of(plot)
            return lambda: files
        if self.pool is None:
            spawn = multiprocessing.get_context("spawn")
            self.pool = ProcessPoolExecutor(self.beside, mp_context=spawn, initializer=ignore_interrupts)
        made = self.pool.submit(files_of_packed, packed)
        self.waiting.add(made)

        def when_made() -> tuple[bytes, bytes]:
            try:
                return made.result()
            except Exception:  # noqa: BLE001 a process that died, or a class that it cannot find
                return files_of_packed(packed)

        return when_made


def packed_up(plot: style.Plot) -> bytes | None:
    """A figure as it is sent to another process; None where it cannot be."""
    try:
        return pickle.dumps(plot)
    except Exception:  # noqa: BLE001 whatever a figure of the user's own holds
        return None


def files_of_packed(packed: bytes) -> tuple[bytes, bytes]:
    """The files of a figure that another process has drawn."""
    return style.files_of(pickle.loads(packed))


def kept(results: Results) -> list[style.Kept]:
    """Draw the same figures as they are kept, without keeping them."""
    with style.house_style():
        return [style.as_kept(plot) for plot in plots(results)]


def settled(results: Results) -> list[style.Plot]:
    """Draw the same figures without keeping them, laid out as they are kept."""
    with style.in_style():
        drawn = list(plots(results))
        for plot in drawn:
            style.settle(plot.figure)
    return drawn


def one(results: Results, theme: str, *asked: str) -> style.Plot:
    """Draw one figure of a theme: what its `one` makes of the shock, and what else is asked for."""
    with style.in_style():
        plot: style.Plot = importlib.import_module(modules()[theme]).one(results, *asked)
        style.settle(plot.figure)
    return plot


def plots(results: Results) -> Iterator[style.Plot]:
    """Yield the figures in their order; a theme whose data are missing is left out with a line in the log."""
    drawn = []
    for plot in our_plots(results):
        drawn.append(plot.name)
        yield plot
    yield from own_plots(results, drawn)


def our_plots(results: Results) -> Iterator[style.Plot]:
    """Yield the figures of this folder."""
    kind = kind_of(results)
    for theme in themes() if kind.figures is None else kind.figures:
        module = importlib.import_module(modules()[theme])
        try:
            yield from module.draw(results)
        except MissingDataError as missing:
            log.info("no figure %s: %s", theme, missing)
    yield from kind.draw(results)


def themes() -> list[str]:
    """Return the figures there are: the known in their order, then any a user has added."""
    return sorted(modules(), key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


def modules() -> dict[str, str]:
    """Theme -> the module in a folder of figures that draws it."""
    figures = experiments.report.figures
    found = pkgutil.walk_packages(figures.__path__, f"{figures.__name__}.")
    return {module.name.rpartition(".")[2]: module.name for module in found if not module.ispkg}
