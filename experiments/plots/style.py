"""How every figure looks: column width, 8 pt, colours told apart by the colour-blind, the same bytes every time."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from experiments.plots.fit import fit
from experiments.results import FORK, NO_SHOCK, Design
from experiments.store.files import file_label, write_bytes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONGEST_WORDS = 28  # letters of a name in a figure
LONGEST_BESIDE = 22  # of names that stand two in a row
WIDTH_IN = 3.5  # one column of a journal
PALETTE = ("#000000", "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")  # Okabe and Ito (2008)
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (2, 1)), (0, (6, 1, 1.5, 1)))  # arms that coincide stay visible
GREY = "#8A8A8A"
SHADE = "#E9E3D3"

SETTINGS: dict[str, Any] = {
    "font.family": "sans-serif", "font.sans-serif": ["DejaVu Sans"], "font.size": 8,
    "axes.titlesize": 8, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.labelsize": 8,
    "xtick.labelsize": 7.5, "ytick.labelsize": 7.5, "legend.fontsize": 7.5, "legend.frameon": False,
    "legend.handlelength": 2.4, "legend.borderaxespad": 0.2,
    "axes.spines.top": False, "axes.spines.right": False, "axes.linewidth": 0.6, "axes.axisbelow": True,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 2.5, "ytick.major.size": 2.5,
    "lines.linewidth": 1.2, "axes.grid": True, "grid.linewidth": 0.3, "grid.color": "#D5D5D5",
    "figure.dpi": 100, "savefig.dpi": 200, "figure.constrained_layout.use": True,
    "svg.hashsalt": "rackrate", "svg.fonttype": "path", "pdf.fonttype": 42, "path.simplify": True,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plot:
    """A figure with the file name it is kept under and the caption that says what it shows."""

    name: str
    figure: Figure
    caption: str

    def _repr_html_(self) -> str:
        """What a notebook shows of it."""
        with in_style():
            svg = as_svg(self.figure)
        return f'<div style="max-width: 30rem">{svg}<p>{escape(self.caption)}</p></div>'


@dataclass(frozen=True, slots=True)
class Kept:
    """A figure as it is kept: its name, its caption, and its PNG."""

    name: str
    caption: str
    png: bytes


@contextmanager
def in_style() -> Iterator[None]:
    """Draw in the shared style."""
    import logging

    import matplotlib as mpl

    for chatty in ("fontTools", "matplotlib"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    with mpl.rc_context(SETTINGS):
        yield


@contextmanager
def house_style() -> Iterator[None]:
    """Draw without a screen, also where a user's own figure would open one, in the shared style."""
    import matplotlib as mpl

    mpl.use("Agg")
    with in_style():
        yield


def panels(rows: int = 1, columns: int = 1, height_in: float = 2.2, **keywords: Any) -> tuple[Figure, np.ndarray]:
    """Return a figure of column width and its axes, shape (rows, columns)."""
    from matplotlib.figure import Figure as NewFigure

    figure = NewFigure(figsize=(WIDTH_IN, height_in))
    axes = figure.subplots(rows, columns, squeeze=False, **keywords)
    return figure, axes


def colour(design: Design, arm: str) -> str:
    """Return an arm's colour: by its place among the arms, the same in every figure, forked or not."""
    return PALETTE[place_of(design, arm) % len(PALETTE)]


def dashes(design: Design, arm: str) -> Any:
    """Return an arm's line style, so that no figure speaks by colour alone."""
    return DASHES[place_of(design, arm) % len(DASHES)]


def place_of(design: Design, arm: str) -> int:
    """Return an arm's place among all, those that figures show first; forked or not."""
    whole = [*design.figure_arms, *(arm for arm in design.whole_arms if arm not in design.figure_arms)]
    plain = arm.removesuffix(FORK)
    return whole.index(plain) if plain in whole else len(whole)


def label(name: str) -> str:
    """Return an arm's or shock's name as words, its middle left out where it is long."""
    return shortened(name.removesuffix(FORK).replace("_", " "))


def shortened(words: str, most: int = LONGEST_WORDS) -> str:
    """Return words of at most so many letters, the middle left out where there are more."""
    return words if len(words) <= most else f"{words[: most - 13]}…{words[-12:]}"


def against_words(arm: str, base: str) -> str:
    """Return what a panel of a difference is called: both − no finance."""
    return f"{label(arm)} − {label(base)}"


def shade_event(axes: Axes, design: Design, shock: str) -> None:
    """Shade the days on which the shock lasts, on an axis of days since its start."""
    if shock != NO_SHOCK and design.shock_days(shock) > 0:
        axes.axvspan(0, design.shock_days(shock), color=SHADE, linewidth=0, zorder=0)


def band(axes: Axes, days: np.ndarray, values: np.ndarray, share: float = 0.8, **line: Any) -> None:
    """Draw the median over seeds and the band that holds `share` of them; values have shape (days, seeds)."""
    low, high = over_seeds(values, [0.5 - share / 2, 0.5 + share / 2])
    axes.fill_between(days, low, high, color=line["color"], alpha=0.16, linewidth=0)
    middle(axes, days, values, **line)


def middle_with_interval(axes: Axes, days: np.ndarray, values: np.ndarray, **line: Any) -> None:
    """Draw the median over seeds and its 95 % interval; values have shape (days, seeds)."""
    low, high = median_interval(values)
    axes.fill_between(days, low, high, color=line["color"], alpha=0.16, linewidth=0)
    middle(axes, days, values, **line)


def middle(axes: Axes, days: np.ndarray, values: np.ndarray, **line: Any) -> None:
    """Draw the median over seeds alone; values have shape (days, seeds)."""
    axes.plot(days, over_seeds(values, [0.5])[0], **line)


def over_seeds(values: np.ndarray, shares: list[float]) -> np.ndarray:
    """Return quantiles (shares, days) over the seeds that have a value, of `values` (days, seeds).

    A day on which none has any, as before a venue lists, is a gap.
    """
    found = np.full((len(shares), len(values)), np.nan)
    known = np.isfinite(values).any(axis=1)
    if known.any():
        found[:, known] = np.nanquantile(values[known], shares, axis=1)
    return found


def line(design: Design, arm: str) -> dict[str, Any]:
    """Return how an arm's line is drawn in a figure that shows several arms: colour, dashes, label."""
    return {"color": colour(design, arm), "linestyle": dashes(design, arm), "label": label(arm)}


def compact(axis: Any) -> None:
    """Print an axis' ticks without powers of ten beside it: 20 k, 1.5 m."""
    from matplotlib.ticker import FuncFormatter

    axis.set_major_formatter(FuncFormatter(compact_words))


def compact_words(value: float, place: object) -> str:
    """Return a tick's value as it is printed, wherever it stands."""
    del place
    for size, suffix in ((1e9, " bn"), (1e6, " m"), (1e4, " k")):
        if abs(value) >= size:
            return f"{value / (1e3 if suffix == ' k' else size):g}{suffix}".replace("-", "−")
    return f"{value:g}".replace("-", "−")


def median_interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the interval of the median over seeds, day by day: order statistics that hold it in 95 % of samples.

    `values` has shape (days, seeds). Below six seeds no pair of order statistics reaches 95 %: the range is given.
    """
    from scipy.special import bdtr

    ordered = np.sort(values, axis=1)
    n = values.shape[1]
    rank = 0  # so many of the smallest and of the largest are left out
    while rank + 1 < n - rank - 1 and 1.0 - 2.0 * bdtr(rank, n, 0.5) >= 0.95:
        rank += 1
    return ordered[:, rank], ordered[:, n - 1 - rank]


def median_words(seeds: int) -> str:
    """Say what the band around a median is: see `median_interval`."""
    return "its 95 % interval from order statistics" if seeds >= 6 else "the range over seeds"


def band_words(seeds: int, share: float = 0.8) -> str:
    """Say what the band of `band` is: with few seeds its edges are interpolated between the outermost ones."""
    if seeds >= 10:
        return f"the middle {share:.0%} of seeds".replace("%", " %")
    edges = [round(100 * (0.5 + sign * share / 2)) for sign in (-1, 1)]
    return f"from the {edges[0]} % to the {edges[1]} % quantile of {seeds} seeds, interpolated (nearly their range)"


def legend_above(figure: Figure, axes: Axes, columns: int = 2) -> None:
    """Put the legend of one axis above all panels."""
    handles, names = axes.get_legend_handles_labels()
    if len(handles) > 1:
        columns = columns if max(map(len, names)) <= LONGEST_BESIDE else 1
        figure.legend(handles, names, loc="outside upper center", ncols=columns, columnspacing=1.2)


def forest_key(figure: Figure) -> None:
    """Say which marks of a forest are whole arms and which are forked."""
    from matplotlib.lines import Line2D

    marks = {"own history": GREY, "forked from one state": "white"}
    handles = [
        Line2D([], [], marker="o", linestyle="", markersize=3.6, color=GREY, markerfacecolor=face)
        for face in marks.values()
    ]
    figure.legend(handles, list(marks), loc="outside upper center", ncols=2, columnspacing=1.2)


def save(plot: Plot, folder: Path) -> Kept:
    """Write a figure as PNG (200 dpi) and PDF, each with its full name as title; no file has a date or a version."""
    return keep(plot.name, plot.caption, files_of(plot), folder)


def files_of(plot: Plot) -> tuple[bytes, bytes]:
    """Return a figure as the bytes of its PNG and of its PDF, in the shared style wherever that is asked."""
    with house_style():
        return rendered(plot, "png"), rendered(plot, "pdf")


def keep(name: str, caption: str, files: tuple[bytes, bytes], folder: Path) -> Kept:
    """Write the PNG and PDF of a figure."""
    for kind, data in zip(("png", "pdf"), files, strict=True):
        write_bytes(folder / f"{file_label(name)}.{kind}", data)
    return Kept(name, caption, files[0])


def as_kept(plot: Plot) -> Kept:
    """Return a figure as it is kept, the same bytes every time."""
    return Kept(plot.name, plot.caption, rendered(plot, "png"))


def rendered(plot: Plot, kind: str) -> bytes:
    """Return a figure as the bytes of a `png` or `pdf`, laid out once for both."""
    settle(plot.figure)
    bare = {"pdf": {"CreationDate": None, "Producer": None, "Creator": None}, "png": {"Software": None}}[kind]
    buffer = io.BytesIO()
    plot.figure.savefig(buffer, format=kind, metadata={"Title": plot.name, **bare})
    return buffer.getvalue()


def settle(figure: Figure) -> None:
    """Lay a figure out once, so that each file of it has the same layout."""
    if figure.get_layout_engine() is not None:
        import matplotlib as mpl

        fit(figure)
        figure.draw_without_rendering()
        with mpl.rc_context({"figure.constrained_layout.use": False}):
            figure.set_layout_engine(None)  # "none" would leave one that has each file drawn twice


def as_svg(figure: Figure) -> str:
    """Return a figure as an SVG element to set into a page, the same bytes every time."""
    buffer = io.StringIO()
    settle(figure)
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return re.sub(r'<g id="[^"]*"', "<g", text[text.index("<svg") :])  # several figures share one page
