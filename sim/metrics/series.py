"""Figures of one daily series: of a column of a run, of its moments and of a record from outside, by one function."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np

from sim.metrics.measure import OwnMetric, Window, sd
from sim.vocabulary import DAYS_PER_YEAR, Floats

SPAN_DAYS = 92  # over which levels are looked at: as long as the published records of indices
FORTNIGHT, WEEK = 14, 7
CENT = 0.01
FEWEST = 4  # days of a change or pair that a figure takes


def mean(values: Floats) -> float:
    """The mean level."""
    return float(np.mean(values)) if len(values) else math.nan


def level_sd(values: Floats) -> float:
    """Standard deviation of levels, mean over spans."""
    return in_spans(values, sd)


def change_sd(values: Floats, days: int = 1) -> float:
    """Standard deviation of log changes over so many days."""
    return sd(changes(values, days))


def fortnightly_volatility(values: Floats) -> float:
    """Volatility a year (1/sqrt(year)) from changes over fortnights."""
    return change_sd(values, FORTNIGHT) * math.sqrt(DAYS_PER_YEAR / FORTNIGHT)


def autocorrelation(levels: Floats, days: int) -> float:
    """Sample autocorrelation of levels at a lag, mean over spans."""

    def of_span(span: Floats) -> float:
        away = span - span.mean()
        square = float(away @ away)
        return float(away[days:] @ away[:-days]) / square if square > 0.0 else math.nan

    return in_spans(levels, of_span)


def half_life(levels: Floats) -> float:
    """Days in which a deviation halves, by the autocorrelation at one day."""
    left = autocorrelation(levels, 1)
    return -math.log(2.0) / math.log(left) if 0.0 < left < 1.0 else math.nan


def excess_kurtosis(values: Floats) -> float:
    """Excess kurtosis of daily log changes, without the bias of small samples."""
    away = changes(values, 1)
    n, away = len(away), away - away.mean() if away.size else away
    second = float((away**2).sum()) / (n - 1) if n >= FEWEST else 0.0
    if second <= 0.0:
        return math.nan
    whole = n * (n + 1.0) / ((n - 1.0) * (n - 2.0) * (n - 3.0)) * float((away**4).sum()) / second**2
    return whole - 3.0 * (n - 1.0) ** 2 / ((n - 2.0) * (n - 3.0))


def tail_exponent(sizes: Floats, k: int) -> float:
    """Hill's estimate from the k largest of more sizes (Hill 1975): 1 over the mean of ln(x / the next); nan at 0."""
    ordered = np.sort(sizes)[::-1]
    if ordered[k] <= 0.0:
        return math.nan
    return float(1.0 / np.mean(np.log(ordered[:k] / ordered[k])))


def unchanged(values: Floats, tick: float = CENT) -> float:
    """Share of days on which the series is what it was the day before: to the tick, or with none to the last bit."""
    shown = np.round(values / tick) if tick else values
    return mean(np.diff(shown) == 0.0)


def changes(values: Floats, days: int) -> Floats:
    """Log changes over so many days."""
    logs = np.log(values)
    return logs[days:] - logs[:-days]


def in_spans(values: Floats, figure: Callable[[Floats], float]) -> float:
    """The mean of a figure over the spans of SPAN_DAYS that have it; of the whole where it is shorter.

    Sample autocorrelations and standard deviations of levels depend on how long one looks: slow demand is a trend in
    three months and a wave in five years. So the model is looked at for as long as the market was. A figure may take a
    table (days, series) as well.
    """
    spans = max(1, len(values) // SPAN_DAYS)
    cut = [values] if spans == 1 else [values[k * SPAN_DAYS : (k + 1) * SPAN_DAYS] for k in range(spans)]
    found = np.array([figure(span) for span in cut if len(span)])
    return mean(found[np.isfinite(found)])


FIGURES: dict[str, Callable[[Floats], float]] = {
    "mean": mean,
    "sd": sd,
    "level_sd": level_sd,
    "change_sd": change_sd,
    "fortnightly_volatility": fortnightly_volatility,
    "autocorrelation_1d": lambda values: autocorrelation(np.log(values), 1),
    "autocorrelation_7d": lambda values: autocorrelation(np.log(values), WEEK),
    "excess_kurtosis": excess_kurtosis,
    "unchanged": unchanged,
}


def figure_of(name: str, values: Floats) -> float:
    """A figure of a series by its name; nan where days lack a value or there are too few."""
    if len(values) < FORTNIGHT + FEWEST or not np.isfinite(values).all():
        return math.nan
    with np.errstate(all="ignore"):
        return FIGURES[name](values)


class SeriesFigure(OwnMetric):
    """A figure of one recorded series, as it is taken of a record from outside."""

    family = "moments"
    column: str
    figure: Literal[
        "mean", "sd", "level_sd", "change_sd", "fortnightly_volatility", "autocorrelation_1d", "autocorrelation_7d",
        "excess_kurtosis", "unchanged",
    ]  # fmt: skip

    def of(self, window: Window) -> float:
        """The figure over the window's days."""
        return figure_of(self.figure, window.series(self.column))
