"""Metrics and numbers in words: labels, units, and digits a reader can use."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

UNIT_WORDS = {
    "usd_per_gpu_hour": "$/GPU-hour", "usd_per_ve_hour": "$/VE-hour", "gpu_hours": "GPU-hours", "usd": "$",
    "per_year": "a year", "share": "share", "days": "days", "contracts": "contracts", "gpus": "GPUs", "ve": "VE",
}  # fmt: skip


@cache
def metrics() -> dict[str, Any]:
    """Return the simulator's metrics by name: unit, meaning, family."""
    try:
        from sim.metrics import METRICS
    except ImportError:
        return {}
    return dict(METRICS)


def unit_of(metric: str) -> str:
    """Return a metric's unit, as the simulator names it or as its own name ends."""
    known = metrics().get(metric)
    if known is not None:
        return str(known.unit)
    return next((words for ending, words in UNIT_WORDS.items() if metric.endswith(ending)), "")


def metric_label(metric: str) -> str:
    """Return a metric's name as words with its unit, for a table or a panel."""
    unit = unit_of(metric)
    words = metric
    for ending in UNIT_WORDS:
        if metric.endswith("_" + ending):
            words = metric.removesuffix("_" + ending)
            break
    words = words.replace("_", " ")
    words = words[:1].upper() + words[1:]
    return f"{words} ({unit})" if unit and unit != "1" else words


def family_of(metric: str) -> str:
    """Return the family a metric is reported under."""
    known = metrics().get(metric)
    return str(known.family) if known is not None else "other"


def digits(value: float | None, signed: bool = False) -> str:
    """Return a number with three significant digits and thousands separated; a dash where there is none."""
    if value is None or math.isnan(value):
        return "–"
    if value == 0.0:
        return "0"
    size = abs(value)
    sign = "+" if signed and value > 0 else "−" if value < 0 else ""
    if size >= 1e6:
        scale, suffix = (1e9, " bn") if size >= 1e9 else (1e6, " m")
        return sign + _plain(size / scale) + suffix
    if size < 1e-3:
        mantissa, exponent = f"{size:.2e}".split("e")
        return f"{sign}{mantissa}×10{str(int(exponent)).translate(_SUPERSCRIPTS)}"
    return sign + _plain(size)


def p_words(p: float | None) -> str:
    """Return a p-value as it is printed."""
    if p is None or math.isnan(p):
        return "–"
    return "< .001" if p < 0.001 else f"{p:.3f}".lstrip("0") if p < 1 else "1"


def _plain(size: float) -> str:
    if size >= 100:
        return f"{size:,.0f}"
    return f"{size:.{2 - math.floor(math.log10(size))}f}" if size < 10 else f"{size:.1f}"


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
