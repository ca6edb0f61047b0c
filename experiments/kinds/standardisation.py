"""Hedge effectiveness: how much of what an owner earns by the hour a future on each index takes the risk out of."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from experiments.analyse import stats
from experiments.configuration.settings import Settings
from experiments.kinds.kind import Kind, write_table
from experiments.results import MissingDataError, Results, calm
from experiments.wording import digits, name_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Floats = NDArray[np.float64]

HORIZONS = (1, 3, 6)  # months between the hedge and the month it is for
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the reference product in a fleet
BUSINESS_DAYS = 5
ROUNDING = 1e-9  # revenue that varies by less, as a share, has no risk to take away
PATH, MONTH_END = "rent_path_usd_per_ve_hour", "month_end"


@dataclass(frozen=True, slots=True)
class Owner:
    """A fleet: shares of its VE by product (J,), and the share of the reference product where that is its name."""

    name: str
    shares: Floats
    reference_share: float | None = None


@dataclass(frozen=True, slots=True)
class Months:
    """One seed by month, at the technology of day 0: USD per VE-hour owned (months, owners) and per GPU-hour.

    `revenue` counts idle hours, `rent` only those let; `settlement` (months, indices) is the mean over business days.
    """

    revenue: Floats
    rent: Floats
    settlement: Floats


def write_standardisation(out: Path) -> Path:
    """Write `standardisation.parquet` from the recorded days of the baseline arm without a shock, and print it."""
    return write_table(out, "standardisation", standardisation, schema(), show)


def schema() -> pa.Schema:
    """Return the types of `standardisation.parquet`."""
    import pyarrow as pa

    return pa.schema([
        ("owner", pa.string()), ("reference_share", pa.float64()), ("index", pa.string()),
        ("horizon_months", pa.int64()), ("seeds", pa.int64()),
        *((name, pa.float64()) for name in ("effectiveness", "low", "high", "h_star", "basis_sd")),
    ])  # fmt: skip


class Standardisation(Kind):
    """Measures how well a future on each index hedges each fleet."""

    needs_paths = True

    def read(self, out: Path, settings: Settings) -> int:
        """Writes and prints the effectiveness of every hedge."""
        write_standardisation(out)
        return 0

    def sentences(self, results: Results) -> Iterator[str]:
        """Which index hedges the market's mix best, and whose revenue it hedges least."""
        yield from hedges(results)


def standardisation(results: Results) -> list[dict[str, object]]:
    """Return a row an owner, index and horizon, from the recorded days of all seeds."""
    config = results.config["world"]  # the first arm's, and arms that are compared have the same products
    indices = [name for name in config["indices"] if f"index_{name}_usd_per_gpu_hour" in results.path_columns]
    products = [name for name in product_names(config) if f"occupancy_{name}" in results.path_columns]
    if not indices or not products:
        raise MissingDataError("the recorded days have no index or no rents by product")
    columns = [f"index_{name}_usd_per_gpu_hour" for name in indices]
    columns += [f"rent_{name}_usd_per_gpu_hour" for name in products] + [f"occupancy_{name}" for name in products]
    days = calm(results, [*columns, PATH, MONTH_END, "date"])
    offered = [name for name in products if days[0][f"occupancy_{name}"].notna().any()]
    owners = fleets(config, offered)
    whole_week = bool(config["world"]["equal_months"])
    seeds = [by_month(frame, owners, offered, indices, values_of(config, offered), whole_week) for frame in days]
    return [
        row(owner, name, horizon, *measured(seeds, o, i, horizon))
        for o, owner in enumerate(owners)
        for i, name in enumerate(indices)
        for horizon in HORIZONS
    ]


def row(owner: Owner, index: str, horizon: int, found: Floats, h_star: float, basis_sd: float) -> dict[str, object]:
    """Return one row of the table; null where a figure does not exist."""
    low, high = stats.interval(found) if found.size > 1 else (math.nan, math.nan)
    numbers = {
        "effectiveness": float(found.mean()) if found.size else math.nan,
        "low": low,
        "high": high,
        "h_star": h_star,
        "basis_sd": basis_sd,
    }
    kept = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
    place = {"owner": owner.name, "reference_share": owner.reference_share, "index": index, "horizon_months": horizon}
    return {**place, "seeds": int(found.size), **kept}


# ---- fleets


def product_names(config: Mapping[str, Any]) -> list[str]:
    """Return `grade_region_tier` of all products of a world, in its order."""
    return [f"{g}_{r}_{t}" for g in config["grades"] for r in config["regions"] for t in config["tiers"]]


def values_of(config: Mapping[str, Any], products: list[str]) -> Floats:
    """Return VE per GPU of each product (J,)."""
    grade = {name: g for name, (g, _, _) in _parts(config).items()}
    return np.array([float(config["grades"][grade[name]]["value"]) for name in products])


def fleets(config: Mapping[str, Any], products: list[str]) -> list[Owner]:
    """Return owners of one product each, of one grade, region or tier, of the market's mix, and from it to one product.

    Within them products have the shares that the world's capacity begins with; tiers that no landlord has are left out
    of all but their own.
    """
    parts = _parts(config)
    grade = np.array([float(config["grades"][parts[name][0]]["fleet_share"]) for name in products])
    region = np.array([float(config["regions"][parts[name][1]]["share"]) for name in products])
    tier = np.array([float(config["tiers"][parts[name][2]]["share"]) for name in products])
    market = grade * region * tier if (grade * region * tier).any() else np.ones(len(products))
    owners = [Owner(name, np.eye(len(products))[k]) for k, name in enumerate(products)]
    for place, section in enumerate(("grades", "regions", "tiers")):
        for attribute in config[section]:
            mine = np.array([parts[name][place] == attribute for name in products], dtype=float)
            weight = mine * market if (mine * market).any() else mine * grade * region
            if weight.any():
                owners.append(Owner(f"all_{attribute}", weight / weight.sum()))
    market = market / market.sum()
    owners.append(Owner("market_mix", market))
    one = np.eye(len(products))[products.index(reference_product(config, products))]
    rest = market * (1.0 - one)
    if rest.any():
        rest /= rest.sum()
        owners += [Owner(f"reference_{share:.0%}", share * one + (1.0 - share) * rest, share) for share in SHARES]
    return owners


def reference_product(config: Mapping[str, Any], products: list[str]) -> str:
    """Return the product that the transaction index speaks of, or the first."""
    given = next((index for name, index in config["indices"].items() if name == "transaction"), {})
    wanted = ((given or {}).get("basket") or {}).get("reference") or {}
    parts = _parts(config)
    fits = products
    for place, attribute in enumerate(("grade", "region", "tier")):
        fits = [name for name in fits if parts[name][place] == wanted.get(attribute)] or fits
    return fits[0]


def _parts(config: Mapping[str, Any]) -> dict[str, tuple[str, str, str]]:
    return {f"{g}_{r}_{t}": (g, r, t) for g in config["grades"] for r in config["regions"] for t in config["tiers"]}


# ---- months


def by_month(
    days: pd.DataFrame, owners: list[Owner], products: list[str], indices: list[str], value: Floats, whole_week: bool
) -> Months:
    """Return a seed's whole months; all money is brought to the technology of day 0 by the rent of the growth path."""
    ends = days[MONTH_END].to_numpy(dtype=float)
    month = np.cumsum(ends) - ends
    deflator = (days[PATH] / days[PATH].iloc[0]).to_numpy()[:, None]
    rent = days[[f"rent_{name}_usd_per_gpu_hour" for name in products]].to_numpy(dtype=float) / value / deflator
    let = np.nan_to_num(days[[f"occupancy_{name}" for name in products]].to_numpy(dtype=float))
    shares = np.stack([owner.shares for owner in owners], axis=1)
    index = days[[f"index_{name}_usd_per_gpu_hour" for name in indices]].to_numpy(dtype=float) / deflator
    business = np.ones(len(days), bool) if whole_week else (days["date"].dt.day_of_week < BUSINESS_DAYS).to_numpy()
    begun_inside = not whole_week and days["date"].iloc[0].day > 1
    whole = range(int(begun_inside), int(ends.sum()))
    return Months(
        revenue=_means((rent * let) @ shares, month, whole),
        rent=_means(rent @ shares, month, whole),
        settlement=_means(index[business], month[business], whole),
    )


def _means(values: Floats, month: Floats, months: range) -> Floats:
    """Return means by month (months, columns)."""
    return np.stack([values[month == m].mean(axis=0) for m in months]) if months else values[:0]


# ---- hedges


def measured(seeds: list[Months], owner: int, index: int, horizon: int) -> tuple[Floats, float, float]:
    """Return the effectiveness in each seed, the pooled hedge ratio, and the sd of the owner's log basis.

    What is hedged is the change of an owner's monthly revenue per VE-hour, and of the settlement price, from the month
    of the hedge to the month it is for: the future is taken to have been sold at the index of then, carried along the
    growth path, so that indices are compared and not forecasts. The hedge ratio (GPU-hours sold per VE-hour owned)
    that leaves the least variance is Cov/Var (Ederington 1979); a seed is hedged with that of the other seeds.
    """
    changes = [
        (
            m.revenue[horizon:, owner] - m.revenue[:-horizon, owner],
            m.settlement[horizon:, index] - m.settlement[:-horizon, index],
        )
        for m in seeds
        if len(m.revenue) > horizon + 1
    ]
    moments = np.array([(np.mean((r - r.mean()) * (s - s.mean())), np.var(s)) for r, s in changes]).reshape(-1, 2)
    total = moments.sum(axis=0)
    scale = max((float(np.abs(m.revenue[:, owner]).max()) for m in seeds if len(m.revenue)), default=0.0)
    found = []
    for (r, s), own in zip(changes, moments, strict=True):
        covariance, variance = total - own if len(changes) > 1 else total
        if variance > 0.0 and np.ptp(r) > ROUNDING * scale:
            found.append(1.0 - np.var(r - covariance / variance * s) / np.var(r))
    h_star = float(total[0] / total[1]) if total[1] > 0.0 else math.nan
    basis = [np.std(np.log(m.rent[:, owner] / m.settlement[:, index])) for m in seeds if len(m.rent)]
    return np.array(found, dtype=np.float64), h_star, float(np.mean(basis)) if basis else math.nan


def show(rows: list[dict[str, object]], seeds: int) -> None:
    """Print the effectiveness at the shortest horizon: a row an owner, a column an index."""
    from rich.console import Console
    from rich.table import Table

    shown = [row for row in rows if row["horizon_months"] == HORIZONS[0]]
    indices = list(dict.fromkeys(str(row["index"]) for row in shown))
    table = Table(
        title=f"Share of the variance of revenue that a hedge takes away, {HORIZONS[0]} month ahead, {seeds} seeds"
    )
    for name in ("owner", *indices):
        table.add_column(name.replace("_", " "), justify="left" if name == "owner" else "right")
    for owner in dict.fromkeys(str(row["owner"]) for row in shown):
        found = {str(row["index"]): row["effectiveness"] for row in shown if row["owner"] == owner}
        cells = [found.get(name) for name in indices]
        table.add_row(owner, *(f"{cell:.2f}" if isinstance(cell, float) else "–" for cell in cells))
    Console(width=None if sys.stdout.isatty() else 150).print(table)


def hedges(results: Results) -> Iterator[str]:
    """Say which index hedges the market's mix best, and whose revenue it hedges least, if hedges were measured."""
    rows = results.table_if_any("standardisation.parquet")
    if rows is None or rows["effectiveness"].isna().all():
        return
    near = rows[rows["horizon_months"] == rows["horizon_months"].min()]
    mix = near[near["owner"] == "market_mix"].dropna(subset="effectiveness").sort_values("effectiveness")
    if mix.empty:
        return
    best = mix.iloc[-1]
    fleets = near[(near["index"] == best["index"]) & near["reference_share"].isna()].dropna(subset="effectiveness")
    fleets = fleets.sort_values("effectiveness")
    low, high = fleets.iloc[0], fleets.iloc[-1]
    index, taken = name_of(str(best["index"]), capital=True), digits(float(best["effectiveness"]))
    yield (
        f"{index} hedges the market's mix best: a future on it takes away {taken} of the "
        f"variance of monthly revenue, from {digits(float(low['effectiveness']))} ({name_of(str(low['owner']))}) to "
        f"{digits(float(high['effectiveness']))} ({name_of(str(high['owner']))}) by fleet."
    )
