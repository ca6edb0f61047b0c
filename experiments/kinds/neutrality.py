"""The neutrality check: which daily series are the same, to the last bit, in every arm."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from experiments.configuration.settings import Settings
from experiments.kinds.kind import Kind
from experiments.results import Results
from experiments.store.files import MOVE_PATH, read_table, write_arrow
from experiments.store.paths import path_files
from experiments.wording import digits, in_quotes, listed, name_of

NOT_NEUTRAL = 4  # exit status
# Series that belong to the futures market itself; every other series is on the spot side and must not move.
FINANCIAL = (
    *("future", "open_interest", "hedge_", "initial_margin", "margin_", "limit_locks"),
    *("multiplicities", "curve_", "fund_", "clearing_", "perpetual_"),
)
PRICES = "future"  # these must move where an arm trades futures that its reference does not, or trades them otherwise
HEDGES = ("hedge_landlords", "hedge_users")
LABELS = ("arm", "shock", "seed", "day", "date")


class Neutrality(Kind):
    """Checks that the spot side of all arms is the same to the last bit."""

    needs_paths = True
    tables = ("neutrality",)

    def read(self, out: Path, settings: Settings) -> int:
        """Writes the comparison of all series; NOT_NEUTRAL unless the check holds and proves something."""
        return 0 if write_neutrality(out, settings) else NOT_NEUTRAL

    def sentences(self, results: Results) -> Iterator[str]:
        """Whether the spot side is the same in all arms, and by how much futures prices differ."""
        yield from told(results)


def write_neutrality(out: Path, settings: Settings) -> bool:
    """Writes and prints neutrality.parquet (column, max_abs_difference, identical); whether all are identical.

    A market in which nobody hedges, or an arm whose futures prices are its reference's, is neutral without proving
    anything: that too fails. What futures did is kept in futures_moved.parquet, a row an arm and series.
    """
    paths = stored_paths(out, list(settings.study.sweep))
    table = compare_arms(paths, settings)
    write_arrow(out / "neutrality.parquet", plain(table))
    moved = table[~table["identical"]]
    arms = ", ".join(settings.study.arms)
    if len(moved):
        print(f"NOT NEUTRAL: {len(moved)} of {len(table)} spot-side series differ between {arms}:")
        for row in moved.itertuples():
            print(f"  {row.column}: largest difference {row.max_abs_difference:g}")
    else:
        print(f"Neutral: all {len(table)} spot-side series are identical to the last bit between {arms}.")
    futures = futures_moved(paths, settings)
    write_arrow(out / "futures_moved.parquet", plain(futures))
    return hedgers_trade(paths) and prices_differ(futures) and not len(moved)


def plain(frame: pd.DataFrame) -> pa.Table:
    """The table of a frame's columns, without what pandas would note of it."""
    return pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)


def futures_moved(paths: dict[tuple[object, ...], pd.DataFrame], settings: Settings) -> pd.DataFrame:
    """Futures prices of every arm against the reference arm's: arm, column, max_abs_difference, identical."""
    reference = settings.study.reference_arm
    rows = []
    for arm in [name for name in settings.study.arms if name != reference]:
        pairs = [(paths[reference, *rest], frame) for (name, *rest), frame in paths.items() if name == arm]
        for column in [name for name in pairs[0][0].columns if name.startswith(PRICES)] if pairs else []:
            found = [compare(base[column], frame.get(column)) for base, frame in pairs]
            rows.append((arm, column, max(size for size, _ in found), all(same for _, same in found)))
    return pd.DataFrame(rows, columns=["arm", "column", "max_abs_difference", "identical"])


def prices_differ(futures: pd.DataFrame) -> bool:
    """Prints whether each arm's futures prices differ from the reference's; false if those of an arm do not."""
    still = [str(arm) for arm, mine in futures.groupby("arm", sort=False) if mine["identical"].all()]
    if still:
        print(f"NOT A TEST: futures prices with {', '.join(still)} are those of the reference arm.")
    elif len(futures):
        print("Futures prices differ from the reference arm's in every other arm.")
    return not still


def hedgers_trade(paths: dict[tuple[object, ...], pd.DataFrame]) -> bool:
    """Prints what owners and users of GPUs hold in futures, in contracts a day; whether they hold any."""
    held: dict[str, list[float]] = {}
    for frame in paths.values():
        for name in [name for name in frame.columns if name.startswith(HEDGES)]:
            held.setdefault(name, []).append(float(frame[name].abs().mean()))
    largest = {name: max(values) for name, values in held.items()}
    if not any(value > 0.0 for value in largest.values()):
        print("NOT A TEST: no owner or user of GPUs holds futures in any arm.")
        return False
    print("Held in futures, mean contracts: " + ", ".join(f"{name} {value:,.0f}" for name, value in largest.items()))
    return True


def stored_paths(out: Path, sweep: list[str]) -> dict[tuple[object, ...], pd.DataFrame]:
    """The stored daily paths under (arm, shock, seed, swept values)."""
    paths = {}
    for file in path_files(out):
        frame = read_table(file, MOVE_PATH).to_pandas()
        first = frame.iloc[0]
        paths[first["arm"], first["shock"], first["seed"], *(first[key] for key in sweep)] = frame
    return paths


def compare_arms(paths: dict[tuple[object, ...], pd.DataFrame], settings: Settings) -> pd.DataFrame:
    """Every spot-side series of the reference arm against every other arm, under each shock and seed."""
    study = settings.study
    sweep = list(study.sweep)
    reference = study.reference_arm
    largest: dict[str, float] = {}
    same: dict[str, bool] = {}
    for (arm, *rest), frame in paths.items():
        if arm == reference or (reference, *rest) not in paths:
            continue
        base = paths[(reference, *rest)]
        for column in [name for name in base.columns if is_spot_side(name, sweep)]:
            difference, identical = compare(base[column], frame.get(column))
            largest[column] = max(largest.get(column, 0.0), difference)
            same[column] = same.get(column, True) and identical
    rows = [(name, largest[name], same[name]) for name in largest]
    return pd.DataFrame(rows, columns=["column", "max_abs_difference", "identical"])


def is_spot_side(name: str, sweep: list[str]) -> bool:
    """Whether a series belongs to the world without futures."""
    return name not in LABELS and name not in sweep and not name.startswith(FINANCIAL)


def compare(base: pd.Series, other: pd.Series | None) -> tuple[float, bool]:
    """The largest absolute difference of two series, and whether their bits are the same."""
    if other is None or len(other) != len(base):
        return float("inf"), False
    a, b = base.to_numpy(), other.to_numpy()
    if a.tobytes() == b.tobytes() and a.dtype == b.dtype and a.dtype != object:
        return 0.0, True
    if a.dtype.kind not in "fiu" or b.dtype.kind not in "fiu":
        return (0.0, True) if (a == b).all() else (float("inf"), False)
    with np.errstate(invalid="ignore"):
        difference = np.abs(a.astype(float) - b.astype(float))
    one_is_missing = np.isnan(a.astype(float)) != np.isnan(b.astype(float))
    return (float("inf") if one_is_missing.any() else float(np.nanmax(difference, initial=0.0))), False


def told(results: Results) -> Iterator[str]:
    """Say whether the spot side is the same to the last bit in all arms, if that was checked."""
    checks = results.table_if_any("neutrality.parquet")
    if checks is None or checks.empty:
        return
    moved = checks.loc[~checks["identical"].astype(bool), "column"].tolist()
    if moved:
        shown = listed([str(name) for name in moved[:6]]) + (" and others" if len(moved) > 6 else "")
        yield f"Not neutral: {len(moved)} of {len(checks)} series of the spot side differ between arms: {shown}."
    else:
        yield f"Neutral: all {len(checks)} series of the spot side are identical in every arm, to the last bit."
    yield from futures_told(results)


def futures_told(results: Results) -> Iterator[str]:
    """Say by how much futures prices differ from the reference arm's, if that was checked and they can be compared."""
    rows = results.table_if_any("futures_moved.parquet")
    if rows is None or rows.empty or not np.isfinite(rows["max_abs_difference"]).all():
        return
    still = [name_of(str(arm)) for arm, mine in rows.groupby("arm", sort=False) if mine["identical"].all()]
    largest = rows.groupby("arm", sort=False)["max_abs_difference"].max()
    if still:
        yield f"This proves nothing for {listed(still)}: futures prices there are those of the reference arm."
    parts = [f"{name_of(str(arm))} by up to {digits(float(size))} $/GPU-hour" for arm, size in largest.items()]
    yield f"Futures prices differ from those of {in_quotes(results.design.baseline)}: {listed(parts)}."
