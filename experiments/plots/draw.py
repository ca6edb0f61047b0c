"""Finds every figure in this folder (a file with a `draw(results)`) and keeps them under `figures/`."""

from __future__ import annotations

import importlib
import logging
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import experiments.plots
from experiments.kinds.kind import kind_of
from experiments.own_plots import own_plots
from experiments.plots import style
from experiments.results import MissingDataError, Results
from experiments.store import make_folder

log = logging.getLogger(__name__)

ORDER = ("arms", "rent_paths", "impulse_response", "forest", "sweep", "fleet", "futures", "standardisation")


def draw_figures(out: Path, settings: object = None) -> list[style.Plot]:
    """Draw every figure the folder has data for and keep it as PNG and PDF; return them for the report."""
    del settings  # the folder's config.yaml says it all
    results = Results(Path(out))
    folder = results.out / "figures"
    make_folder(folder)
    drawn = []
    with style.house_style():
        for plot in plots(results):
            style.save(plot, folder)
            drawn.append(plot)
    return drawn


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
        module = importlib.import_module(f"experiments.plots.{theme}")
        try:
            yield from module.draw(results)
        except MissingDataError as missing:
            log.info("no figure %s: %s", theme, missing)
    yield from kind.draw(results)


def themes() -> list[str]:
    """Return the modules here that draw: the known in their order, then any a user has added."""
    found = [module.name for module in pkgutil.iter_modules(experiments.plots.__path__)]
    drawing = [name for name in found if name not in ("draw", "style", "series")]
    return sorted(drawing, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
