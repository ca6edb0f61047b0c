"""Events on record: the gap each makes in the rent over time, beside the reaction that was recorded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from experiments.kinds.records import RECORDS, Record, Records, date_of, gaps
from experiments.plots import style
from experiments.results import MissingDataError, Results

BEFORE, AFTER = 30, 360
COLUMNS = 3
OBTAINED, RECORDED = style.PALETTE[1], style.PALETTE[2]


def draw(results: Results) -> Iterator[style.Plot]:
    """Yield one page with a small panel an event; of a study that is one of records."""
    if not isinstance(results.design.plan, Records):
        raise MissingDataError("the study is not one of records")
    events = [event for event in results.design.arms if any(record.event == event for record in RECORDS)]
    if not events:
        raise MissingDataError("no event on record ran")
    columns = min(COLUMNS, len(events))
    rows = -(-len(events) // columns)
    figure, axes = style.panels(rows, columns, 0.6 + 1.25 * rows)
    figure.set_size_inches(2.0 * style.WIDTH_IN, 0.6 + 1.3 * rows)
    for panel, event in zip(axes.flat, events, strict=False):
        _panel(panel, results, event)
    for panel in axes.flat[len(events) :]:
        panel.set_visible(False)
    figure.supxlabel("Days since the event", fontsize=8)
    figure.supylabel("With over without the event, %", fontsize=8)
    yield style.Plot("records", figure, _caption(results.design.seeds))


def _panel(panel: object, results: Results, event: str) -> None:
    """The gap of the first of the event's rents that is on record, and what is on record of it."""
    mine = [record for record in RECORDS if record.event == event and record.of is not None]
    shown = next((record for record in mine if record.low is not None or record.high is not None), mine[0])
    gap = gaps(results, event, shown.column)
    window = gap[(gap.index >= -BEFORE) & (gap.index < AFTER)]
    panel.axhline(0.0, color=style.GREY, linewidth=0.6)  # type: ignore[attr-defined]
    panel.axvline(0.0, color=style.GREY, linewidth=0.6, linestyle=":")  # type: ignore[attr-defined]
    style.band(panel, window.index.to_numpy(), window.to_numpy(dtype=float), color=OBTAINED)  # type: ignore[arg-type]
    _mark(panel, shown)
    what = shown.column.removeprefix("rent_").split("_usd")[0].replace("_", " ")
    what = {"reserved 12m": "one-year contract", "chip price": "chip price"}.get(what, what.upper())
    panel.set_title(f"{style.label(event)}\n{date_of(results, event)}: {what}", fontsize=7)  # type: ignore[attr-defined]
    panel.margins(x=0)  # type: ignore[attr-defined]


def _mark(panel: object, record: Record) -> None:
    """What is on record: a box over its days, with an arrow where a bound is open."""
    low, high = record.low, record.high
    if low is None and high is None:
        return
    first, end = record.days
    middle = 0.5 * (first + end)
    if low is not None and high is not None:
        panel.fill_between([first, max(end, first + 8)], low, high, color=RECORDED, alpha=0.45, linewidth=0)  # type: ignore[attr-defined]
        return
    at, marker = (low, "^") if low is not None else (high, "v")
    panel.plot([first, end], np.full(2, at), color=RECORDED)  # type: ignore[attr-defined]
    panel.plot([middle], [at], marker=marker, color=RECORDED, markersize=4)  # type: ignore[attr-defined]


def _caption(seeds: int) -> str:
    return (
        f"Each event on record in a world that began four months before it, run with and without it. Line: median gap "
        f"over {seeds} seeds; band: {style.band_words(seeds)}. Orange: the reaction on record, over its days "
        "(an arrow: at least so much); panels without it have no figure on record. Sizes of events come from the "
        "record or are assumptions, none is fitted."
    )
