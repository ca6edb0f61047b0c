"""Words that are wider than their place in a figure, broken into lines."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Text

MOST_LINES = 3
FEWEST_LETTERS = 4  # of a line
ROOM = 0.8  # of a column's width that a title may take before anything is moved


def fit(figure: Figure) -> None:
    """Break titles and labels of axes that are too wide into lines, and grow the figure by what these add."""
    titles = [(axes, title) for axes in figure.axes for title in _titles(axes) if _width(title) > ROOM * _column(axes)]
    said = [title.get_text() for _, title in titles]
    for _, title in titles:
        title.set_text("X")
    for axes in figure.axes:
        _break(axes.xaxis.label, _column(axes))
    if not titles:
        return
    figure.draw_without_rendering()
    rooms = [_room(axes, title) for axes, title in titles]
    added: dict[int, float] = defaultdict(float)  # inches, by row
    for (axes, title), words, room in zip(titles, said, rooms, strict=True):
        title.set_text(words)
        lines = _break(title, room)
        added[_row(axes)] = max(added[_row(axes)], lines * 1.2 * title.get_fontsize() / 72.0)
    figure.set_figheight(figure.get_figheight() + sum(added.values()))


def _break(text: Text, room: float) -> int:
    """Break each line of a text to some of `room` pixels at most; return how many were added."""
    lines, wide = text.get_text().splitlines(), _width(text)
    if wide <= room:
        return 0
    letters = int(max(map(len, lines)) * room / wide)
    while _width(text) > room and letters > FEWEST_LETTERS:
        broken = [
            part for line in lines for part in textwrap.wrap(line, letters, max_lines=MOST_LINES, placeholder="…")
        ]
        text.set_text("\n".join(broken))
        letters -= 1
    return text.get_text().count("\n") + 1 - len(lines)


def _titles(axes: Axes) -> Iterator[Text]:
    for place in (axes.title, axes._left_title, axes._right_title):
        if place.get_text():
            yield place


def _width(text: Text) -> float:
    return float(text.get_window_extent().width)


def _column(axes: Axes) -> float:
    """The width in pixels that one column of axes has in its figure."""
    spec = axes.get_subplotspec()
    columns = spec.get_gridspec().ncols / len(spec.colspan) if spec else 1
    return float(axes.figure.bbox.width) / columns


def _row(axes: Axes) -> int:
    spec = axes.get_subplotspec()
    return spec.rowspan.start if spec else 0


def _room(axes: Axes, title: Text) -> float:
    """The pixels from where a title begins to the next title in its row or the figure's edge."""
    here = axes.get_position()
    if title.get_ha() == "right":
        return float(here.x1 * axes.figure.bbox.width)
    if title.get_ha() == "center":
        return float(here.width * axes.figure.bbox.width)
    beside = [other for other in axes.figure.axes if other is not axes and _row(other) == _row(axes)]
    starts = [other.get_position().x0 for other in beside if any(True for _ in _titles(other))]
    end = min((start for start in starts if start > here.x0), default=1.0)
    return float((end - here.x0) * axes.figure.bbox.width)
