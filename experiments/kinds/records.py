"""Events on record beside what the model makes of them: each preset with and without, the same seeds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from experiments.analyse import stats
from experiments.configuration.dates import dates_of, first_day_before
from experiments.configuration.settings import Settings, Study
from experiments.kinds.kind import Kind, write_table
from experiments.results import NO_SHOCK, MissingDataError, Results
from experiments.study.runs import Place

if TYPE_CHECKING:
    import pyarrow as pa

H100, H200, B200 = (f"rent_{grade}_usd_per_gpu_hour" for grade in ("h100", "h200", "b200"))
US_MARKETPLACE = "rent_b200_us_marketplace_usd_per_gpu_hour"
CONTRACT, CHIP = "reserved_12m_usd_per_ve_hour", "chip_price_usd_per_ve"
FOUR_WEEKS, A_YEAR = 28, 365
NONE_ON_RECORD = "no figure on record"
Percent = np.ndarray  # (days,) of one seed


@dataclass(frozen=True, slots=True)
class Record:
    """What is on record of an event: which quantity, over which days since its date, between which bounds (per cent).

    A bound that is None is open; both open: nothing is on record, and what the model does stands alone. `of` says how
    the quantity is read from the gap (with over without the event, per cent) on those days; None: from the change over
    the year around the date *without* the event.
    """

    event: str
    quantity: str
    column: str
    days: tuple[int, int]
    low: float | None
    high: float | None
    source: str
    of: Callable[[Percent], float] | None = lambda gap: float(gap.mean())


def fastest(gap: Percent) -> float:
    """The largest rise over four weeks, per cent."""
    level = 1.0 + gap / 100.0
    return float(100.0 * (level[FOUR_WEEKS:] / level[:-FOUR_WEEKS] - 1.0).max())


RECORDS = (
    Record("cowos_shortage", "H100 rent, a year on", H100, (335, 365), 70.0, None,
           "4.70 to above 8 USD, press; with its demand boom"),
    Record("hualien_earthquake", "H100 rent, two months", H100, (0, 60), -1.0, 1.0, "no reaction, press; null control"),
    Record("reservations_glut", "H100 rent, after two months", H100, (55, 65), -35.0, -25.0, "-30 % in two months"),
    Record("deepseek", "H100 rent, three months", H100, (0, 90), -3.0, None, "no measured drop"),
    Record("aws_price_cut", "H100 rent, change in a year without the cut", H100, (0, A_YEAR), -27.0, -17.0,
           "neoclouds -22 % in the year up to the cut", None),
    Record("aws_price_cut", "H100 rent, half a year", H100, (0, 180), None, None, NONE_ON_RECORD),
    Record("powered_shell_delay", "H100 rent, months 3 to 6", H100, (90, 180), 1.0, None, "tight, without a figure"),
    Record("inference_surge", "one-year contract, after half a year", CONTRACT, (170, 190), 33.0, 43.0,
           "1.70 to 2.35 USD, Oct 2025 to Mar 2026"),
    Record("inference_surge", "one-year contract, best four weeks", CONTRACT, (0, 180), 8.0, 12.0,
           "+10 % in four weeks", fastest),
    Record("aws_capacity_blocks", "H100 rent, three months", H100, (0, 90), None, None, NONE_ON_RECORD),
    Record("chip_tariff", "price paid for a chip", CHIP, (0, 30), 24.0, 26.0, "25 % of the price, by decree"),
    Record("chip_tariff", "H100 rent, a year on", H100, (300, 360), None, None, NONE_ON_RECORD),
    Record("dram_contracts", "price paid for a chip, after two quarters", CHIP, (180, 210), None, None,
           NONE_ON_RECORD),
    Record("dram_contracts", "H100 rent, a year on", H100, (300, 360), None, None, NONE_ON_RECORD),
    Record("hormuz_helium", "B200 rent, end of the month", B200, (20, 31), 20.0, 28.0, "+24 % in March 2026"),
    Record("hormuz_helium", "H100 rent, end of the month", H100, (20, 31), -3.0, 3.0, "flat in March 2026"),
    Record("spot_squeeze", "B200 rent on the region's marketplace, after 100 days", US_MARKETPLACE, (95, 100), 250.0,
           300.0, "1.51 to 5.70 USD, one region"),
    Record("vera_rubin", "H100 rent, four weeks", H100, (0, 28), -3.0, 3.0,
           "none measurable: H100 +3 % in all; null control"),
    Record("vera_rubin", "H200 rent, after three weeks", H200, (18, 24), -3.0, 3.0,
           "none measurable: fell before it, back in three weeks; null control"),
    Record("neocloud_price_rise", "H100 rent, a month", H100, (0, 30), None, None, NONE_ON_RECORD),
)  # fmt: skip


def gaps(results: Results, event: str, column: str) -> pd.DataFrame:
    """The gap of a series with over without an event, per cent: index days since its date, a column a seed."""
    paths = _paths_of(results, event, column)
    with_it, without = (paths[paths["shock"] == shock] for shock in (event, NO_SHOCK))
    if with_it.empty or without.empty:
        raise MissingDataError(f"{event} did not run with and without")
    both = [frame.pivot(index="day", columns="seed", values=column) for frame in (with_it, without)]
    gap = 100.0 * (both[0] / both[1] - 1.0).dropna(axis=1, how="all")
    gap.index = gap.index - event_day(results, event)
    return gap


def calm(results: Results, event: str, column: str) -> pd.DataFrame:
    """A series in the world of an event without it: index days since its date, a column a seed."""
    paths = _paths_of(results, event, column)
    frame = paths[paths["shock"] == NO_SHOCK].pivot(index="day", columns="seed", values=column)
    frame.index = frame.index - event_day(results, event)
    return frame


def _paths_of(results: Results, event: str, column: str) -> pd.DataFrame:
    if column not in results.path_columns:
        raise MissingDataError(f"paths/ has no column {column}")
    paths = results.first_paths([column])
    return paths[paths["arm"] == event]


def event_day(results: Results, event: str) -> int:
    """The day number on which an event falls in its own world."""
    return results.design.start_of(event) or 0


def date_of(results: Results, event: str) -> str:
    """The date on which an event fell, in the world that met it."""
    paths = results.first_paths(["date"])
    found = paths.loc[(paths["arm"] == event) & (paths["day"] == event_day(results, event)), "date"]
    return str(found.iloc[0])[:10] if len(found) else ""


class Records(Kind):
    """Puts events on record beside the same events in a model's world that began before them: each its own time."""

    needs_paths = True
    compares_arms = False  # each is another time
    tables = ("records",)
    figures = ("records",)

    def study(self, given: dict[str, Any]) -> dict[str, Any]:
        """Every event has a world of its own, which is an arm named after it."""
        if not isinstance(given.get("shocks"), dict):
            return given
        arms = given.get("arms") or {}
        return {**given, "arms": {shock: arms.get(shock, []) for shock in given["shocks"] if shock != NO_SHOCK}}

    def shocks(self, presets: Sequence[str]) -> dict[str, list[str]]:
        """Every preset is an event of its own."""
        return {preset: [preset] for preset in presets}

    def meets(self, study: Study, arm: str, shock: str) -> bool:
        """An event strikes in its own world only."""
        return shock == NO_SHOCK or (shock == arm and arm not in study.calm_only)

    def given(self, worlds: Mapping[Place, dict[str, Any]]) -> dict[str, list[str]]:
        """Each event's world begins some months before its date."""
        return {arm: [first_day_before(dates)] for (arm, _, _), world in worlds.items() if (dates := dates_of(world))}

    def read(self, out: Path, settings: Settings) -> int:
        """Writes and prints what is on record beside what was obtained."""
        write_records(out)
        return 0

    def sentences(self, results: Results) -> list[str]:
        """How many records the model meets, and which it misses."""
        return sentences(records(results))


def records(results: Results) -> list[dict[str, object]]:
    """Return a row a record of the events that ran: what is on record, and the mean over seeds obtained."""
    rows = []
    for record in RECORDS:
        if record.event not in results.design.arms:
            continue
        try:
            values = measured(results, record)
        except MissingDataError:
            values = np.zeros(0)
        obtained = float(values.mean()) if values.size else None
        low, high = stats.interval(values) if values.size > 1 else (None, None)
        row: dict[str, object] = {"event": record.event, "date": date_of(results, record.event)}
        row |= {"quantity": record.quantity, "recorded_low": record.low, "recorded_high": record.high}
        row |= {"obtained": obtained, "low_ci": low, "high_ci": high, "inside": inside(record, obtained)}
        rows.append(row | {"source": record.source})
    return rows


def measured(results: Results, record: Record) -> np.ndarray:
    """One figure a seed, per cent; seeds whose runs are too short are left out."""
    first, end = record.days
    if record.of is None:
        frame = calm(results, record.event, record.column)
        begin = max(first - 60, int(frame.index.min()))
        if begin + A_YEAR not in frame.index:
            raise MissingDataError(f"{record.event}: the runs hold no year")
        mean = frame.rolling(7, min_periods=1).mean()
        values = 100.0 * (mean.loc[begin + A_YEAR] / mean.loc[begin] - 1.0)
        return np.asarray(values[np.isfinite(values)], dtype=float)
    gap = gaps(results, record.event, record.column)
    window = gap[(gap.index >= first) & (gap.index < end)]
    if len(window) < end - first:
        raise MissingDataError(f"{record.event}: the runs end before day {end} after it")
    found = [record.of(window[seed].to_numpy()) for seed in window.columns if window[seed].notna().all()]
    return np.array(found, dtype=float)


def inside(record: Record, obtained: float | None) -> bool | None:
    """Whether what was obtained lies within what is on record; None where nothing is."""
    if obtained is None or (record.low is None and record.high is None):
        return None
    above = record.low is None or obtained >= record.low
    return above and (record.high is None or obtained <= record.high)


def write_records(out: Path) -> Path:
    """Write `records.parquet` from the recorded days, and print it."""
    return write_table(out, "records", records, schema(), show)


def schema() -> pa.Schema:
    """Return the types of `records.parquet`."""
    import pyarrow as pa

    numbers = ("recorded_low", "recorded_high", "obtained", "low_ci", "high_ci")
    return pa.schema([
        *((name, pa.string()) for name in ("event", "date", "quantity")), *((name, pa.float64()) for name in numbers),
        ("inside", pa.bool_()), ("source", pa.string()),
    ])  # fmt: skip


def on_record(row: dict[str, object]) -> str:
    """What is on record, in words."""
    low, high = row["recorded_low"], row["recorded_high"]
    if low is None and high is None:
        return "–"
    if high is None:
        return f"above {low:g}"
    return f"below {high:g}" if low is None else f"{low:g} to {high:g}"


def show(rows: list[dict[str, object]], seeds: int) -> None:
    """Print the records as a table."""
    from rich.console import Console
    from rich.table import Table

    numbers = ("on record, %", "obtained, %", "95 % interval")
    table = Table(title=f"Events on record, with over without, mean over {seeds} seeds")
    for name in ("event", "date", "quantity", *numbers, "inside", "source"):
        table.add_column(
            name, justify="right" if name in numbers else "left", no_wrap=name not in ("source", "quantity")
        )
    for row in rows:
        said = {True: "yes", False: "[bold red]no[/]", None: "[dim]–[/]"}[row["inside"]]  # type: ignore[index]
        table.add_row(
            str(row["event"]), str(row["date"]), str(row["quantity"]), on_record(row), _figure(row["obtained"]),
            f"{_figure(row['low_ci'])}, {_figure(row['high_ci'])}", said, str(row["source"]),
        )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else 170).print(table)


def sentences(rows: list[dict[str, object]]) -> list[str]:
    """Say how many records the model meets, and which it misses and by how much."""
    judged = [row for row in rows if row["inside"] is not None]
    if not judged:
        return []
    met = sum(bool(row["inside"]) for row in judged)
    found = [f"The model is inside what is on record in {met} of {len(judged)} figures."]
    for row in judged:
        if not row["inside"]:
            event, quantity = str(row["event"]).replace("_", " "), str(row["quantity"])
            found.append(f"{event}: {quantity}: {_figure(row['obtained'])} %, on record {on_record(row)} %.")
    return found


def _figure(value: object) -> str:
    return f"{value:+.1f}" if isinstance(value, float) else "–"
