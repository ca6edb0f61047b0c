"""Figures of the user's own, drawn for a result folder."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from experiments.plots.style import Plot
from experiments.plugins.guard import attempted, tell
from experiments.results import MissingDataError, Results
from experiments.study.own import NAME, own_figures


def checked(plot: Any) -> Plot:
    """A figure as it was drawn; TypeError for what is no Plot, or has a name that no file can bear."""
    if not isinstance(plot, Plot) or not NAME.fullmatch(plot.name):
        raise TypeError("draw must yield Plots, each with a name of letters, digits and _")
    return plot


def own_plots(results: Results, taken: Iterable[str]) -> Iterator[Plot]:
    """Draws the user's own figures for a result folder; one that fails is told and left out."""
    names = set(taken)
    plugins = tuple(results.config.get("plugins") or ())
    for name, settings in (results.config.get("figures") or {}).items():

        def drawn(name: str = name, settings: Any = settings) -> list[Plot]:
            [figure] = own_figures({name: settings}, plugins).values()
            return [checked(plot) for plot in figure.draw(results)]

        plots, error = attempted(drawn)
        if error is not None:  # results are read all the same
            said = str(error) if isinstance(error, MissingDataError) else tell(error)
            print(f"figure {name} is left out: {said}", flush=True)
        for plot in plots or ():
            if plot.name in names:
                print(f"figure {name} is left out: there is one of the name {plot.name} already", flush=True)
                continue
            names.add(plot.name)
            yield plot
