"""Finds every figure in this folder (a file with a `draw(results)`) and keeps them under `figures/`."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import experiments.report.figures
from experiments.kinds.kind import kind_of
from experiments.plots import style
from experiments.report.own_plots import own_plots
from experiments.results import MissingDataError, Results
from experiments.store.files import make_folder

log = logging.getLogger(__name__)

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
    with style.house_style():
        return [style.save(plot, folder) for plot in plots(results)]


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
