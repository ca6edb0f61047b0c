"""Moments of the calm world beside what is known of the real market: where the simulator fits and where it misses."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments.analyse import stats
from experiments.configuration.settings import Settings
from experiments.kinds.kind import Kind, write_table
from experiments.results import Results, calm
from experiments.wording import digits, name_of
from sim.metrics import series
from sim.metrics.series import CENT, WEEK
from sim.vocabulary import DAYS_PER_YEAR

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

RENT, PATH = "rent_h100_usd_per_gpu_hour", "rent_path_usd_per_ve_hour"
SPOT = "rent_usd_per_ve_hour"
TRANSACTION, QUOTE = "index_transaction_usd_per_gpu_hour", "index_quote_usd_per_gpu_hour"
REPRICED, STILL_DAYS = 0.01, 90  # a move of a list price that counts, log; over how long some did not move
NEOCLOUDS = tuple(f"ask_neocloud_{i}_usd_per_gpu_hour" for i in range(1, 13))  # of the default world
HYPERSCALERS = tuple(f"ask_hyperscaler_{i}_usd_per_gpu_hour" for i in range(1, 5))
ASSUMED = "assumption"
LISTS = "CCIR, ccir.io"
B200_ARM = "b200_arrives"  # the arm in which the new generation is a tenth of fleets at the start
TIERS = "list asks, 10 and 90 % quantiles, CCIR, ccir.io"
OCCUPANCY = "marketplaces: quartiles 74.5 and 87.9 %, sd 9.4 %, CCIR, ccir.io"
TRACKER = "marketplace asks, github.com/tugot17/gpu-price-tracker"
PRINTS = "published prints, 92 days of 2026"
ORNN, SILICON = f"Ornn, {PRINTS}", f"Silicon Data, {PRINTS}"
BASIS_H100 = "Silicon Data over Ornn, 26 May to 15 Jul 2026: 4.1 % [-0.5, 8.4], sd 7.6 %, above zero on 76 % of days"
BASIS_B200 = "Silicon Data over Ornn: -21 % (19 Jul), -16 % (7 Sep), -22 % (5 Oct 2026)"
BASIS_H200 = "Silicon Data over Ornn: -30 to -38 %, Sep-Oct 2026"
GRADES = ("h200", "b200")  # beside the h100, whose indices have no grade in their name


@dataclass(frozen=True, slots=True)
class Moment:
    """One figure of a run: the columns it needs, how it is computed, and the band the real market suggests."""

    name: str
    unit: str
    low: float
    high: float
    source: str
    needs: tuple[str, ...]
    of: Callable[[pd.DataFrame], float]
    arm: str | None = None  # the baseline if None


def relative_quantile(share: float) -> Callable[[pd.DataFrame], float]:
    """Return the quantile over days of the H100 rent relative to its growth path."""
    return lambda days: float((days[RENT] / days[PATH]).quantile(share))


def quantile(column: str, share: float) -> Callable[[pd.DataFrame], float]:
    """Return the quantile of a column over days."""
    return lambda days: float(days[column].quantile(share))


def known(values: pd.Series) -> np.ndarray:
    """Return a daily series as an array, without the days that have no value."""
    return values.dropna().to_numpy(dtype=float)


def mean(column: str) -> Callable[[pd.DataFrame], float]:
    """Return the mean of a column over the days that have it."""
    return lambda days: series.mean(known(days[column]))


def sd_of_changes(column: str, over_days: int = 1) -> Callable[[pd.DataFrame], float]:
    """Return the sd of log changes over so many days."""
    return lambda days: series.change_sd(known(days[column]), over_days)


def ratio_of_sds(column: str, other: str) -> Callable[[pd.DataFrame], float]:
    """Return the sd of daily log changes of a column over that of another."""
    return lambda days: sd_of_changes(column)(days) / sd_of_changes(other)(days)


def correlation(column: str, other: str, over_days: int = 1) -> Callable[[pd.DataFrame], float]:
    """Return the correlation of two columns' log changes over so many days."""
    return lambda days: float(np.log(days[column]).diff(over_days).corr(np.log(days[other]).diff(over_days)))


def autocorrelation(level: Callable[[pd.DataFrame], pd.Series], lag_days: int) -> Callable[[pd.DataFrame], float]:
    """Return the sample autocorrelation of a daily level at a lag, in spans as long as the record."""
    return lambda days: series.autocorrelation(known(level(days)), lag_days)


def half_life(level: Callable[[pd.DataFrame], pd.Series]) -> Callable[[pd.DataFrame], float]:
    """Return the days in which a deviation halves, by the autocorrelation at one day in spans as long as the record."""
    return lambda days: series.half_life(known(level(days)))


def sd_in_records(level: Callable[[pd.DataFrame], pd.Series]) -> Callable[[pd.DataFrame], float]:
    """Return the standard deviation of a daily level, in spans as long as the record."""
    return lambda days: series.level_sd(known(level(days)))


def log_of(column: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Return the log of a column, by day."""
    return lambda days: np.log(days[column])


def over_h100(column: str, grade: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Return the same index of another grade over that of the h100, by day."""
    return lambda days: days[of_grade(column, grade)] / days[column]


def of_grade(column: str, grade: str) -> str:
    """Return the column of the same index of another grade (`indices=by_grade`)."""
    return column.replace("_usd_", f"_{grade}_usd_")


def basis(days: pd.DataFrame, grade: str = "") -> pd.Series:
    """Return the quote index over the transaction index, minus one, by day; of the h100 or another grade."""
    quote, traded = (of_grade(name, grade) if grade else name for name in (QUOTE, TRANSACTION))
    return days[quote] / days[traded] - 1.0


def mean_basis(grade: str) -> Callable[[pd.DataFrame], float]:
    """Return the mean basis of another grade than the h100."""
    return lambda days: float(basis(days, grade).mean())


def signs_differ(days: pd.DataFrame) -> float:
    """Return the share of days on which the basis does not have one sign in all grades."""
    signs = np.stack([np.sign(basis(days, grade)) for grade in ("", *GRADES)])
    return float((signs.min(axis=0) != signs.max(axis=0)).mean())


def unchanged(column: str, tick: float = 0.0) -> Callable[[pd.DataFrame], float]:
    """Return the share of days on which a column is what it was the day before: to the tick, or to the last bit."""
    return lambda days: series.unchanged(known(days[column]), tick)


def kurtosis(column: str) -> Callable[[pd.DataFrame], float]:
    """Return the excess kurtosis of daily log changes."""
    return lambda days: series.excess_kurtosis(known(days[column]))


def repriced(columns: Sequence[str]) -> Callable[[pd.DataFrame], float]:
    """Return the share of sellers' days on which a list price moved by more than a per cent."""
    return lambda days: float(_moves(days[list(columns)].to_numpy())[1:].mean())


def stood_still(columns: Sequence[str]) -> Callable[[pd.DataFrame], float]:
    """Return the share of sellers whose list price did not move by more than a per cent in ninety days."""

    def of_span(prices: np.ndarray) -> float:
        return float((~_moves(prices)[:STILL_DAYS].any(axis=0)).mean())

    return lambda days: series.in_spans(days[list(columns)].to_numpy(), of_span)


def _moves(prices: np.ndarray) -> np.ndarray:
    """Whether each seller's list price (days, sellers) moved by more than a per cent on each day; on the first none."""
    changes = np.log(prices[1:] / prices[:-1])
    return np.concatenate([np.zeros((1, prices.shape[1]), dtype=bool), np.abs(changes) > REPRICED])


def discount(tenor: str) -> Callable[[pd.DataFrame], float]:
    """Return a contract's mean rent over the spot rent, minus one, once the first month's contracts are signed."""
    return lambda days: float((days[f"reserved_{tenor}_usd_per_ve_hour"] / days[SPOT]).iloc[30:].mean() - 1.0)


def growth(days: pd.DataFrame) -> float:
    """Return the log growth of the fleet a year."""
    fleet = days["fleet_ve"].to_numpy()
    return math.log(fleet[-1] / fleet[0]) / ((len(fleet) - 1) / DAYS_PER_YEAR)


def at_start(tier: str) -> Callable[[pd.DataFrame], float]:
    """Return the mean H100 rent of a tier in the first region, USD per hour, at the level of the path on day 0."""
    return lambda days: float((days[of_tier(tier)] / days[PATH]).mean() * days[PATH].iloc[0])


def of_tier(tier: str, what: str = "rent") -> str:
    """Return the column of an H100 in the first region of the default world on a tier."""
    return f"rent_h100_us_{tier}_usd_per_gpu_hour" if what == "rent" else f"{what}_h100_us_{tier}"


def first_year(days: pd.DataFrame) -> float:
    """Return the mean H100 rent over its growth path in the first year."""
    return float((days[RENT] / days[PATH]).iloc[:365].mean())


MOMENTS = (
    Moment("rent_over_path_p05", "ratio", 0.6, 1.6, ASSUMED, (RENT, PATH), relative_quantile(0.05)),
    Moment("rent_over_path_p95", "ratio", 0.6, 1.6, ASSUMED, (RENT, PATH), relative_quantile(0.95)),
    Moment("occupancy_mean", "share", 0.75, 0.90, LISTS, ("occupancy",), mean("occupancy")),
    Moment("occupancy_p25", "share", 0.70, 0.79, OCCUPANCY, ("occupancy",), quantile("occupancy", 0.25)),
    Moment("occupancy_p75", "share", 0.83, 0.92, OCCUPANCY, ("occupancy",), quantile("occupancy", 0.75)),
    Moment("occupancy_sd", "share", 0.05, 0.14, OCCUPANCY, ("occupancy",),
           lambda days: series.sd(known(days["occupancy"]))),
    Moment("rent_managed", "USD per hour", 8.94, 15.98, TIERS, (of_tier("managed"), PATH), at_start("managed")),
    Moment("rent_bare_metal", "USD per hour", 2.10, 5.49, TIERS, (of_tier("bare_metal"), PATH),
           at_start("bare_metal")),
    Moment("rent_marketplace", "USD per hour", 1.73, 4.00, TIERS, (of_tier("marketplace"), PATH),
           at_start("marketplace")),
    Moment("rent_interruptible", "USD per hour", 1.7, 2.7, "neoclouds' interruptible median 2.15, CCIR, ccir.io",
           (of_tier("interruptible"), PATH), at_start("interruptible")),
    Moment("ask_dispersion", "ratio", 0.22, 0.60, TRACKER, ("ask_dispersion",), mean("ask_dispersion")),
    Moment("stock_out_us", "share", 0.47, 0.67, "stock-outs of listings 57 % +- 10, CCIR, ccir.io", ("stock_out_us",),
           mean("stock_out_us")),
    Moment("stock_out_eu", "share", 0.21, 0.43, "stock-outs of listings 32 % +- 11, CCIR, ccir.io", ("stock_out_eu",),
           mean("stock_out_eu")),
    Moment("transaction_sd_daily", "log", 0.031, 0.044, f"{ORNN}: 3.8 % [3.1, 4.4]", (TRANSACTION,),
           sd_of_changes(TRANSACTION)),
    Moment("transaction_volatility_fortnightly", "1/sqrt(year)", 0.35, 0.65,
           f"{ORNN}: .48 from fortnightly changes (.73 from daily ones); the band is an assumption", (TRANSACTION,),
           lambda days: series.fortnightly_volatility(known(days[TRANSACTION]))),
    Moment("transaction_half_life", "days", 4.0, 14.0, f"{ORNN}: 4.9 days", (TRANSACTION,),
           half_life(log_of(TRANSACTION))),
    Moment("transaction_autocorrelation_7d", "of levels", 0.30, 0.68,
           f"{ORNN}: .49; the band is two standard errors of 92 days", (TRANSACTION,),
           autocorrelation(log_of(TRANSACTION), WEEK)),
    Moment("transaction_unchanged", "share of days", 0.0, 0.05, "not smoothed, as Ornn describes its own",
           (TRANSACTION,), unchanged(TRANSACTION)),
    Moment("transaction_excess_kurtosis", "of log changes", -0.2, 1.5, f"{ORNN}: .6 [-.2, 1.5]", (TRANSACTION,),
           kurtosis(TRANSACTION)),
    Moment("quote_sd_daily", "log", 0.0068, 0.0092, f"{SILICON}: .81 % [.68, .92]", (QUOTE,), sd_of_changes(QUOTE)),
    Moment("quote_volatility_fortnightly", "1/sqrt(year)", 0.14, 0.35, "Silicon Data, 26 % a year; 15 to 30 by grade",
           (QUOTE,), lambda days: series.fortnightly_volatility(known(days[QUOTE]))),
    Moment("quote_unchanged", "share of days", 0.19, 0.39,
           f"{SILICON}: to a cent, on 29 % of days (10 % b200, 70 % a100)", (QUOTE,), unchanged(QUOTE, CENT)),
    Moment("quote_correlation_daily", "of log changes", -0.15, 0.27, "Silicon Data with Ornn, 92 days: .06",
           (QUOTE, TRANSACTION), correlation(QUOTE, TRANSACTION)),
    Moment("quote_correlation_weekly", "of log changes", 0.10, 0.60, "Silicon Data with Ornn, 92 days: .37",
           (QUOTE, TRANSACTION), correlation(QUOTE, TRANSACTION, WEEK)),
    Moment("transaction_over_quote_sd", "ratio", 2.5, 5.0, "Ornn over Silicon Data, daily changes: 3.4 times",
           (QUOTE, TRANSACTION), ratio_of_sds(TRANSACTION, QUOTE)),
    Moment("basis_mean", "share", -0.005, 0.084, BASIS_H100, (QUOTE, TRANSACTION),
           lambda days: float(basis(days).mean())),
    Moment("basis_sd", "share", 0.05, 0.11, BASIS_H100, (QUOTE, TRANSACTION),
           sd_in_records(basis)),
    Moment("basis_positive", "share of days", 0.60, 0.90, BASIS_H100, (QUOTE, TRANSACTION),
           lambda days: float((basis(days) > 0).mean())),
    Moment("basis_half_life", "days", 5.0, 30.0, "Silicon Data over Ornn: 8 days", (QUOTE, TRANSACTION),
           half_life(basis)),
    Moment("basis_h200_mean", "share", -0.40, -0.28, BASIS_H200,
           (of_grade(QUOTE, "h200"), of_grade(TRANSACTION, "h200")), mean_basis("h200")),
    Moment("basis_b200_mean", "share", -0.26, -0.13, BASIS_B200,
           (of_grade(QUOTE, "b200"), of_grade(TRANSACTION, "b200")), mean_basis("b200")),
    Moment("basis_signs_differ", "share of days", 0.5, 1.0, "the sign differs by grade; Silicon Data over Ornn",
           (QUOTE, TRANSACTION, *(of_grade(name, grade) for grade in GRADES for name in (QUOTE, TRANSACTION))),
           signs_differ),
    *(Moment(f"{grade}_correlation_{name}", "of log changes", low, high, f"{ORNN}: with the h100 {said}",
             (TRANSACTION, of_grade(TRANSACTION, grade)),
             correlation(TRANSACTION, of_grade(TRANSACTION, grade), over_days))
      for grade in GRADES
      for name, low, high, said, over_days in (("daily", -0.10, 0.35, ".05 to .35", 1),
                                               ("weekly", 0.0, 0.45, ".2 to .3", WEEK))),
    Moment("neocloud_repricing", "per seller and day", 0.025, 0.041, "CCIR listings: .032 [.025, .041]", NEOCLOUDS,
           repriced(NEOCLOUDS)),
    Moment("hyperscaler_repricing", "per seller and day", 0.007, 0.036, "CCIR listings: .018 [.007, .036]",
           HYPERSCALERS, repriced(HYPERSCALERS)),
    Moment("neoclouds_that_stand_still", "share in 90 days", 0.59, 0.78, "CCIR listings: 59 to 78 %", NEOCLOUDS,
           stood_still(NEOCLOUDS)),
    Moment("discount_3m", "share", -0.08, -0.02, LISTS, ("reserved_3m_usd_per_ve_hour", SPOT), discount("3m")),
    Moment("discount_12m", "share", -0.15, -0.09, LISTS, ("reserved_12m_usd_per_ve_hour", SPOT), discount("12m")),
    Moment("discount_36m", "share", -0.43, -0.37, LISTS, ("reserved_36m_usd_per_ve_hour", SPOT), discount("36m")),
    Moment("b200_over_h100_quote", "ratio", 1.84, 2.26, f"{SILICON}: 2.01 (1.84 to 2.26)",
           (QUOTE, of_grade(QUOTE, "b200")), lambda days: float(over_h100(QUOTE, "b200")(days).mean())),
    Moment("b200_over_h100_quote_sd", "ratio", 0.04, 0.12, f"{SILICON}: .08; the band is an assumption",
           (QUOTE, of_grade(QUOTE, "b200")), sd_in_records(over_h100(QUOTE, "b200"))),
    Moment("b200_over_h100_traded", "ratio", 2.0, 3.2, f"{ORNN}: 2.45 (2.0 to 3.2)",
           (TRANSACTION, of_grade(TRANSACTION, "b200")),
           lambda days: float(over_h100(TRANSACTION, "b200")(days).mean())),
    Moment("b200_over_h100_traded_sd", "ratio", 0.14, 0.42, f"{ORNN}: .28; the band is an assumption",
           (TRANSACTION, of_grade(TRANSACTION, "b200")),
           sd_in_records(over_h100(TRANSACTION, "b200"))),
    Moment("fleet_growth", "log per year", 0.38, 0.73, ASSUMED, ("fleet_ve",), growth),
    Moment("q_mean", "ratio", 1.08, 1.3, ASSUMED, ("q_mean",), mean("q_mean")),
    Moment("dscr_median", "ratio", 1.2, 1.4, "facilities as filed with the SEC", ("dscr_median",), mean("dscr_median")),
    Moment("defaults_in_5_years", "defaults", 0.0, 2.0, "no large default on record, 2023-26", ("defaults",),
           lambda days: float(days["defaults"].sum() * 5.0 * DAYS_PER_YEAR / len(days))),
    Moment("h100_over_path_year_of_b200", "ratio", 0.85, 1.15,
           "Hopper kept its rental value after Blackwell, The Economist, 25 June 2026; the band is an assumption",
           (RENT, PATH), first_year, arm=B200_ARM),
)  # fmt: skip


class Moments(Kind):
    """Puts moments of the calm world beside the bands that the real market suggests."""

    needs_paths = True
    tables = ("moments",)

    def read(self, out: Path, settings: Settings) -> int:
        """Writes and prints the moments."""
        write_moments(out)
        return 0

    def sentences(self, results: Results) -> Iterator[str]:
        """How many moments lie in their bands, and which do not."""
        yield from fit(results)


def moments(results: Results) -> list[dict[str, object]]:
    """Return a row a moment: its band, the mean over seeds obtained in the calm baseline arm, and its interval."""
    arms = {arm: calm_seeds(results, arm) for arm in {moment.arm for moment in MOMENTS}}
    rows = []
    for moment in MOMENTS:
        seeds = arms[moment.arm]
        values = np.array([moment.of(days) for days in seeds if set(moment.needs) <= set(days.columns)], dtype=float)
        values = values[np.isfinite(values)]
        obtained = float(values.mean()) if values.size else None
        low, high = stats.interval(values) if values.size > 1 else (None, None)
        inside = None if obtained is None else moment.low <= obtained <= moment.high
        row = {"moment": moment.name, "unit": moment.unit, "low": moment.low, "high": moment.high}
        row |= {"obtained": obtained, "low_ci": low, "high_ci": high, "inside": inside, "source": moment.source}
        rows.append(row)
    return rows


def write_moments(out: Path) -> Path:
    """Write `moments.parquet` from the recorded days of the baseline arm without a shock, and print it."""
    return write_table(out, "moments", moments, schema(), show)


def schema() -> pa.Schema:
    """Return the types of `moments.parquet`."""
    import pyarrow as pa

    numbers = ("low", "high", "obtained", "low_ci", "high_ci")
    return pa.schema([
        ("moment", pa.string()), ("unit", pa.string()), *((name, pa.float64()) for name in numbers),
        ("inside", pa.bool_()), ("source", pa.string()),
    ])  # fmt: skip


def show(rows: list[dict[str, object]], seeds: int) -> None:
    """Print the moments as a table."""
    from rich.console import Console
    from rich.table import Table

    numbers = ("band", "obtained", "95 % interval")
    table = Table(title=f"Moments of the calm world, mean over {seeds} seeds")
    for name in ("moment", "unit", *numbers, "inside", "source"):
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=name != "source")
    for row in rows:
        inside = {True: "yes", False: "[bold red]no[/]", None: "[dim]no data[/]"}[row["inside"]]
        table.add_row(
            str(row["moment"]), str(row["unit"]), f"{row['low']:g} to {row['high']:g}", _figure(row["obtained"]),
            f"{_figure(row['low_ci'])}, {_figure(row['high_ci'])}", inside, str(row["source"]),
        )  # fmt: skip
    Console(width=None if sys.stdout.isatty() else 150).print(table)


def calm_seeds(results: Results, arm: str | None = None) -> list[pd.DataFrame]:
    """Return the recorded days of an arm without a shock, a frame a seed, with the columns moments need."""
    needed = dict.fromkeys(name for moment in MOMENTS for name in moment.needs)
    return calm(results, [name for name in needed if name in results.path_columns], arm)


def _figure(value: object) -> str:
    return f"{value:.3f}" if isinstance(value, float) else "–"


def fit(results: Results) -> Iterator[str]:
    """Say how many moments lie in their bands, if moments were taken."""
    rows = results.table_if_any("moments.parquet")
    if rows is None:
        return
    judged = rows[rows["inside"].notna()]
    outside = judged[~judged["inside"].astype(bool)]
    yield f"{len(judged) - len(outside)} of {len(judged)} moments lie in the band the real market suggests."
    for row in outside.itertuples():
        yield f"{name_of(row.moment, capital=True)} misses: {digits(row.obtained)} against {row.low:g} to {row.high:g}."
