"""Calibration by simulated moments: the values of what is swept that come nearest to bands, a record, or plants."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from experiments.analyse.fits import calibration as smm
from experiments.analyse.fits.record import read_record
from experiments.configuration.settings import NO_SHOCK, Settings, Study
from experiments.errors import ABSENT, Problem, Typed, UsageError, nearest_name
from experiments.kinds.kind import Kind, Rows
from experiments.kinds.moments import MOMENTS, QUOTE, TRANSACTION
from experiments.results import Results
from experiments.store.design import UNIT
from experiments.store.files import write_rows
from experiments.study.designs import pointed, values_at
from experiments.study.runs import Layout
from experiments.wording import digits, name_of

if TYPE_CHECKING:
    import pyarrow as pa

    from experiments.plots.style import Plot

Floats = NDArray[np.float64]
UNMET = 3  # exit status where no fit could be made
BLOCK_DAYS, SEED = 14, 1
SERIES = {  # moments of experiment=moments that are figures of one daily series
    "occupancy_mean": ("occupancy", "mean"),
    "occupancy_sd": ("occupancy", "sd"),
    "ask_dispersion": ("ask_dispersion", "mean"),
    "stock_out_us": ("stock_out_us", "mean"),
    "stock_out_eu": ("stock_out_eu", "mean"),
    "transaction_sd_daily": (TRANSACTION, "change_sd"),
    "transaction_volatility_fortnightly": (TRANSACTION, "fortnightly_volatility"),
    "transaction_autocorrelation_7d": (TRANSACTION, "autocorrelation_7d"),
    "transaction_excess_kurtosis": (TRANSACTION, "excess_kurtosis"),
    "quote_sd_daily": (QUOTE, "change_sd"),
    "quote_volatility_fortnightly": (QUOTE, "fortnightly_volatility"),
    "q_mean": ("q_mean", "mean"),
    "dscr_median": ("dscr_median", "mean"),
}


class Calibration(Kind):
    """Finds the values of swept keys at which simulated moments are nearest to their targets, seeds being common.

    Targets are the bands of `experiment=moments` by name; of a record (`data`, a CSV of date and value) figures of the
    index named `index`; or, with `planted` values, the moments that half of the seeds have at them: a test of itself.
    The distance is g' W g, W the inverse of what is known of the targets' covariance plus that of the simulation.
    """

    compares_arms = False
    tables = ("calibration", "calibration_moments")
    figures = ()
    moments: list[str] = Field(default_factory=list)  # at least as many as keys
    data: str | None = None  # a CSV with the columns date and value, a row a day
    index: str = "transaction"  # the index of the world that the record is of
    planted: dict[str, float] = Field(default_factory=dict)
    generations: int = Field(default=5, ge=0)  # of the search, each of `study.points` worlds
    refinements: int = Field(default=3, ge=0)  # worlds at the least distance of a quadratic near the best
    resamples: int = Field(default=1000, ge=100)  # of the record

    def checked(self, settings: Settings) -> Settings:
        """A latin hypercube over keys no more than moments, moments that are known, a record that can be read."""
        study, problems = settings.study, list[Problem]()
        known = list(smm.KNOWN) if self.data else list(SERIES)
        for name in dict.fromkeys(self.moments):
            if name not in known:
                allowed = f"is no moment that can be met; allowed: {', '.join(known)}"
                problems.append(Problem("study.kind.moments", Typed(name), allowed, nearest_name(name, known)))
        if len(set(self.moments)) < len(self.moments):
            problems.append(Problem("study.kind.moments", self.moments, "names one twice"))
        if study.design != "latin_hypercube":
            problems.append(Problem("study.design", study.design, "must be latin_hypercube for a calibration"))
        elif len(study.sweep) > len(self.moments):
            told = f"{len(self.moments)} of them cannot tell {len(study.sweep)} parameters apart; name as many or more"
            problems.append(Problem("study.kind.moments", self.moments, told))
        elif study.drawn_points < 5:
            problems.append(Problem("study.points", study.points, "must be at least 5, the search's first generation"))
        if study.fork or set(study.shocks) - {NO_SHOCK} or len(study.arms) > 1:
            problems.append(Problem("study", ABSENT, "a calibration has one arm, no shocks and no fork"))
        problems += [
            Problem(f"study.kind.planted.{key}", value, "is not swept", nearest_name(key, study.sweep))
            for key, value in self.planted.items()
            if key not in study.sweep
        ]
        if self.planted and (set(study.sweep) - set(self.planted) or self.data or len(settings.seed_list) < 4):
            allowed = "needs a value for every swept key, no data, and four seeds or more: half of them are the target"
            problems.append(Problem("study.kind.planted", self.planted, allowed))
        if problems:
            raise UsageError("the study cannot be read; nothing was run", problems)
        if self.data:
            read_record(Path(self.data))
        figures = {
            name: {"_target_": "sim.metrics.series.SeriesFigure", "column": column, "figure": figure}
            for name, (column, figure) in self.series().items()
        }
        return settings.model_copy(update={"metrics": {**settings.metrics, **figures}})

    def series(self) -> dict[str, tuple[str, str]]:
        """The metric of each moment: its column and figure."""
        if self.data:
            column = f"index_{self.index}_usd_per_gpu_hour"
            return {f"moment_{figure}": (column, figure) for figure in self.moments}
        return {f"moment_{name}": SERIES[name] for name in self.moments}

    def further(self, results: Results) -> Layout | None:
        """The points that the search asks for next, of those that have not run."""
        fit = Fit(self, results)
        if self.planted and fit.planted is None:
            plants = [(key, int(value) if fit.whole[key] else value) for key, value in self.planted.items()]
            return fit.layout(np.full((1, len(fit.keys)), np.nan), [pointed(plants)])
        try:
            smm.searched(fit.first, fit.evaluate, self.generations, SEED)
        except smm.Wanted as wanted:
            return fit.layout(wanted.places)
        if fit.refined < self.refinements and (place := fit.better()) is not None:
            return fit.layout(place[None, :], mark="refined")
        return None

    def read(self, out: Path, settings: Settings) -> int:
        """Writes and prints the estimates and the moments at them; UNMET where there is nothing to fit."""
        del settings
        results = Results(Path(out))
        fit = Fit(self, results)
        if not fit.fitted:
            print("No fit: too few points have all moments in all seeds.")
            return UNMET
        write_rows(results.out / "calibration.parquet", fit.estimates, schema())
        write_rows(results.out / "calibration_moments.parquet", fit.met, met_schema())
        show(fit)
        return 0

    def sentences(self, results: Results) -> Iterator[str]:
        """The estimates with their intervals, and whether the moments can be met."""
        fit = Fit(self, results)
        if not fit.fitted:
            yield "No fit: too few points have all moments in all seeds."
            return
        yield f"Nearest to {self.met_what()}: {'; '.join(in_words(row) for row in fit.estimates)}."
        free, p = smm.overidentified(fit.least, len(fit.target.names), len(fit.keys), fit.seeds)
        if p is None:
            why = "there are too few seeds" if free else "there are as many parameters as moments"
            yield f"Whether the moments can be met is not tested: {why}."
        else:
            verdict = "the moments can be met together" if p >= 1.0 - smm.LEVEL else "the moments cannot all be met"
            yield f"J = {digits(fit.least)} with {free} degrees of freedom, p = {digits(p)}: {verdict}."
        lost = int((fit.distances >= smm.FAR).sum())
        if lost:
            yield f"{lost} of {len(fit.distances)} points lack a moment in some seed and were taken for infinitely far."

    def met_what(self) -> str:
        """What the moments are to meet, in words."""
        return f"the record {Path(self.data).name}" if self.data else "planted values" if self.planted else "the bands"

    def draw(self, results: Results) -> Iterator[Plot]:
        """The profile of every parameter."""
        fit = Fit(self, results)
        if fit.fitted:
            yield plot(fit)


class Fit:
    """What the runs of a calibration say so far."""

    def __init__(self, kind: Calibration, results: Results) -> None:
        table = results.table_if_any("design.parquet")
        assert table is not None
        self.kind, self.study = kind, Study.model_validate(results.config["study"])
        self.keys = list(self.study.sweep)
        self.whole = {key: table[key].dtype.kind == "i" for key in self.keys}
        rows = table.drop_duplicates("point")
        found = moments_by_point(results, self.keys, list(kind.series()))
        seeds = len(results.config["seeds"])
        self.model = slice(seeds // 2, None) if kind.planted else slice(None)
        points = [tuple(row) for row in rows[self.keys].itertuples(index=False)]
        of_plants = rows[[UNIT + key for key in self.keys]].isna().all(axis=1).to_numpy()
        every = np.array([found.get(point, np.full((seeds, len(kind.moments)), np.nan)) for point in points])
        self.planted = every[of_plants][0] if of_plants.any() else None
        self.points = [point for point, plant in zip(points, of_plants, strict=True) if not plant]
        self.places = rows[[UNIT + key for key in self.keys]].to_numpy(float)[~of_plants]
        self.found = every[~of_plants]
        self.refined = int((rows["round"] == "refined").sum()) if "round" in rows else 0
        whole_table = table[table["round"].isna()] if "round" in table else table
        self.first = whole_table[[UNIT + key for key in self.keys]].to_numpy(float)
        covariance = smm.residual_covariance(self.found[: self.study.drawn_points])
        self.target = target_of(kind, covariance, self.planted, seeds)
        simulated = self.found[:, self.model]
        self.seeds = self.found.shape[1]  # of which the covariance is
        self.moments = simulated.mean(axis=1)
        known = self.target.covariance + covariance / simulated.shape[1]
        self.weight = np.linalg.pinv(known, hermitian=True)
        self.distances = smm.distance(self.moments, self.target.values, self.weight)
        self.by_point = dict(zip(self.points, self.distances, strict=True))
        self.near = smm.local(self.places, self.moments, self.distances)

    @property
    def fitted(self) -> bool:
        """Whether there is a quadratic to tell intervals by."""
        return self.near is not None and not (self.kind.planted and self.planted is None)

    @property
    def best(self) -> int:
        """Which point is nearest."""
        return int(np.argmin(self.distances))

    @property
    def least(self) -> float:
        """Its distance."""
        return float(self.distances[self.best])

    def values(self, places: Floats) -> list[tuple[Any, ...]]:
        """The values of the keys at places (points, keys)."""
        columns = [
            values_at(self.study.sweep[key], places[:, column], self.whole[key], None)
            for column, key in enumerate(self.keys)
        ]
        return list(zip(*columns, strict=True))

    def evaluate(self, places: Floats) -> Floats:
        """The distance of each place; Wanted with all of them where one has not run."""
        points = self.values(places)
        if any(point not in self.by_point for point in points):
            raise smm.Wanted(places)
        return np.array([self.by_point[point] for point in points])

    def better(self) -> Floats | None:
        """The place where the quadratic near the best is least; None where it has run, or there is none."""
        if self.near is None:
            return None
        place = smm.lowest(self.near, self.target.values, self.weight, self.places[self.best])
        return None if self.values(place[None, :])[0] in self.by_point else place

    def layout(self, places: Floats, rows: list[Any] | None = None, mark: str = "search") -> Layout:
        """Places as a layout of the study."""
        rows = rows or [pointed(zip(self.keys, values, strict=True)) for values in self.values(places)]
        return Layout(rows, tuple(self.keys), places, {"round": [mark] * len(rows)})

    @cached_property
    def estimates(self) -> Rows:
        """A row a key: its value at the best point, its interval by the profile, and whether this ends in the box."""
        rows: Rows = []
        for column, key in enumerate(self.keys):
            low, high, below, above = smm.interval(*self.profiles[column], smm.allowed_rise(self.seeds))
            ends = [self.number(key, place) for place in (low, high)]
            value = self.points[self.best][column]
            row = {
                "key": key,
                "estimate": float(value),
                "low": min(*ends, float(value)),
                "high": max(*ends, float(value)),
            }
            rows.append(row | {"ends_below": below, "ends_above": above, "planted": self.kind.planted.get(key)})
        return rows

    @cached_property
    def profiles(self) -> list[tuple[Floats, Floats]]:
        """Of each key its places and the least distance at each."""
        assert self.near is not None
        start = self.places[self.best]
        return [
            smm.profile(self.near, self.target.values, self.weight, start, column) for column in range(len(self.keys))
        ]

    def number(self, key: str, place: float) -> float:
        """A key's value at a place, as a number."""
        return float(values_at(self.study.sweep[key], np.array([place]), self.whole[key], None)[0])

    @cached_property
    def met(self) -> Rows:
        """A row a moment: its target and what the best point has, with standard errors, and their gap over both."""
        spread, rows = np.sqrt(np.diag(self.target.covariance)), list[dict[str, Any]]()
        own = self.found[self.best][self.model]
        for place, name in enumerate(self.kind.moments):
            obtained = float(own[:, place].mean())
            error = float(own[:, place].std(ddof=1) / np.sqrt(len(own))) if len(own) > 1 else 0.0
            whole = float(np.hypot(spread[place], error))
            gap = (obtained - float(self.target.values[place])) / whole if whole else 0.0
            row = {"moment": name, "target": float(self.target.values[place]), "target_se": float(spread[place])}
            rows.append(row | {"obtained": obtained, "obtained_se": error, "gap": gap})
        return rows


def moments_by_point(results: Results, keys: list[str], metrics: list[str]) -> dict[tuple[Any, ...], Floats]:
    """Point -> its moments (seeds, k), nan where one is missing."""
    seeds, runs = sorted(results.config["seeds"]), results.paired
    held = [metric for metric in metrics if metric in runs]
    found: dict[tuple[Any, ...], Floats] = {}
    for point, rows in runs.groupby(keys, sort=False):
        table = rows.set_index("seed")[held].reindex(index=seeds, columns=metrics)
        found[tuple(point)] = table.to_numpy(float)
    return found


def target_of(kind: Calibration, covariance: Floats, planted: Floats | None, seeds: int) -> smm.Target:
    """What is to be met: a record's figures, the middles of bands, or what plants have in half of the seeds."""
    if kind.data:
        record = read_record(Path(kind.data))
        values = np.array([smm.figure_of(name, record) for name in kind.moments])
        drawn = smm.bootstrapped(record, kind.moments, BLOCK_DAYS, kind.resamples, SEED)
        return smm.Target(kind.moments, values, np.cov(drawn, rowvar=False).reshape(len(values), -1))
    if kind.planted:
        half = seeds // 2
        values = np.full(len(kind.moments), np.nan) if planted is None else planted[:half].mean(axis=0)
        return smm.Target(kind.moments, values, covariance / half)
    bands = {moment.name: (moment.low, moment.high) for moment in MOMENTS}
    low, high = np.array([bands[name] for name in kind.moments]).T
    return smm.Target(kind.moments, (low + high) / 2.0, smm.band_covariance(low, high, smm.correlations(covariance)))


def in_words(row: dict[str, Any]) -> str:
    """A parameter's estimate with its interval."""
    low = "" if row["ends_below"] else "at most "
    high = "" if row["ends_above"] else "at least "
    planted = "" if row["planted"] is None else f", planted {digits(row['planted'])}"
    return f"{row['key']} {digits(row['estimate'])} [{low}{digits(row['low'])}, {high}{digits(row['high'])}]{planted}"


def schema() -> pa.Schema:
    """The types of `calibration.parquet`."""
    import pyarrow as pa

    return pa.schema([
        ("key", pa.string()), *((name, pa.float64()) for name in ("estimate", "low", "high")),
        ("ends_below", pa.bool_()), ("ends_above", pa.bool_()), ("planted", pa.float64()),
    ])  # fmt: skip


def met_schema() -> pa.Schema:
    """The types of `calibration_moments.parquet`."""
    import pyarrow as pa

    names = ("target", "target_se", "obtained", "obtained_se", "gap")
    return pa.schema([("moment", pa.string()), *((name, pa.float64()) for name in names)])


def show(fit: Fit) -> None:
    """Prints estimates and moments."""
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table(title=f"Estimates by simulated moments, {len(fit.points)} points")
    for name in ("key", "estimate", "95 % interval", "planted"):
        table.add_column(name, justify="left" if name == "key" else "right")
    for row in fit.estimates:
        ends = in_words(row).partition("[")[2].partition("]")[0]
        table.add_row(
            row["key"], digits(row["estimate"]), ends, "–" if row["planted"] is None else digits(row["planted"])
        )
    console.print(table)
    table = Table(title="Moments at the estimates")
    for name in ("moment", "target", "± se", "obtained", "± se", "gap over both"):
        table.add_column(name, justify="left" if name == "moment" else "right")
    for row in fit.met:
        numbers = (row["target"], row["target_se"], row["obtained"], row["obtained_se"], row["gap"])
        table.add_row(name_of(row["moment"]), *map(digits, numbers))
    console.print(table)


def plot(fit: Fit) -> Plot:
    """A panel a key: the distance of every point, the profile, and how far it may rise within an interval."""
    from experiments.plots import style

    figure, axes = style.panels(len(fit.keys), 1, 0.6 + 1.3 * len(fit.keys))
    allowed = smm.allowed_rise(fit.seeds)
    kept = fit.distances < smm.FAR
    for column, (panel, key) in enumerate(zip(axes[:, 0], fit.keys, strict=True)):
        at, found = fit.profiles[column]
        values = [fit.number(key, float(place)) for place in at]
        panel.plot(values, found - found.min(), color=style.PALETTE[1], label="profile")
        shown = np.flatnonzero(kept)
        panel.plot(
            [float(fit.points[point][column]) for point in shown], fit.distances[shown] - fit.least, "o", markersize=2,
            color=style.GREY, label="points that ran",
        )  # fmt: skip
        panel.axhline(allowed, color=style.PALETTE[2], linewidth=0.8)
        panel.set_ylim(-0.05 * 6 * allowed, 6 * allowed)
        panel.set_xlabel(key, fontsize=7)
        if key in fit.kind.planted:
            panel.axvline(fit.kind.planted[key], color=style.PALETTE[3], linewidth=0.8)
    style.legend_above(figure, axes[0, 0])
    caption = (
        "Distance of simulated moments from their targets above the least: points that ran, and the profile of each "
        "parameter, all others free, of a quadratic fitted near the best point. Below the line is a 95 % interval."
    )
    return style.Plot("calibration", figure, caption)
