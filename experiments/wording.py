"""Metrics and numbers in words: labels, units, and digits a reader can use."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any

UNIT_WORDS = {
    "usd_per_gpu_hour": "$/GPU-hour", "usd_per_ve_hour": "$/VE-hour", "gpu_hours": "GPU-hours", "usd": "$",
    "per_year": "per year", "share": "share", "days": "days", "contracts": "contracts", "gpus": "GPUs", "ve": "VE",
}  # fmt: skip

PURE = ("", "1", "ratio", "exponent", "-", "none")  # no unit to print
IN_PER_CENT = {"share": "%", "1/sqrt(year)": "% a year", "log": "log × 100"}  # printed times 100
ACRONYMS = {
    "dscr": "DSCR",
    "h100": "H100",
    "b200": "B200",
    "5pct": "5 %",
    "1pct": "1 %",
    "usd": "USD",
    "95pct": "95 % quantile",
    "20d": "over 20 days",
    "180d 3y": "at 180 days to 3 years",
    "60d 1y": "at 60 days to 1 year",
    "etf": "ETF",
    "etfs": "ETFs",
    "gpu": "GPU",
}


@cache
def metrics() -> dict[str, Any]:
    """Return the simulator's metrics by name: unit, meaning, family."""
    try:
        from sim.metrics import METRICS
    except ImportError:
        return {}
    return dict(METRICS)


def learn(own: Mapping[str, Mapping[str, str]]) -> None:
    """Takes note of unit, meaning and family of a user's own metrics, by name: a result folder holds them."""
    metrics().update({name: SimpleNamespace(**words) for name, words in own.items()})


def unit_of(metric: str) -> str:
    """Return a metric's unit, as the simulator names it or as its own name ends."""
    known = metrics().get(metric)
    if known is not None:
        return str(known.unit)
    return next((words for ending, words in UNIT_WORDS.items() if metric.endswith(ending)), "")


def meaning_of(metric: str) -> str:
    """Return what a metric means, in the simulator's words."""
    known = metrics().get(metric)
    return str(known.meaning) if known is not None else ""


def name_of(name: str, capital: bool = False) -> str:
    """Return a name of the configuration or a table as words, without a unit at its end."""
    words = bare_name(name.removesuffix("@fork")).replace("_gpu_hours", " GPU-hours").replace("_", " ")
    for plain, printed in ACRONYMS.items():
        words = re.sub(rf"\b{plain}\b", printed, words)
    return words[:1].upper() + words[1:] if capital else words


def plural(number: int, what: str) -> str:
    """A number of things: 0 runs, 1 run, 2 runs."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def in_quotes(name: str) -> str:
    """Return a user's name of an arm as a sentence can hold it, whatever word it is: against “without”."""
    return f"“{name_of(name)}”"


def the_shock(name: str) -> str:
    """Return a shock as a sentence can hold it, whatever its name: the shock “out”."""
    return f"the shock {in_quotes(name)}"


def metric_label(metric: str) -> str:
    """Return a metric's name as words with the unit it is printed in."""
    unit = printed_unit(metric)
    return f"{name_of(metric, capital=True)} ({unit})" if unit else name_of(metric, capital=True)


def printed_unit(metric: str) -> str:
    """Return the unit a metric is printed in: shares as per cent."""
    unit = unit_of(metric)
    if metric.endswith("_gpu_hours"):
        return ""  # its name says so
    if unit in IN_PER_CENT:
        return IN_PER_CENT[unit]
    return "" if unit in PURE else unit.replace("USD per ", "$/").replace("USD", "$")


def scale(metric: str) -> float:
    """Return what a metric is multiplied by when it is printed."""
    return 100.0 if unit_of(metric) in IN_PER_CENT else 1.0


def scaled(metric: str, value: float) -> float:
    """Return a metric's value in the unit it is printed in."""
    return scale(metric) * value


def quantity(metric: str, estimate: float, low: float, high: float) -> str:
    """Return a change with its interval and unit: +1.2 [+0.8, +1.6] GPU-hours."""
    numbers = [digits(scaled(metric, value), signed=True) for value in (estimate, low, high)]
    unit = printed_unit(metric)
    unit = "percentage points" + unit[1:] if unit.startswith("%") else unit
    unit = "log points" if unit == IN_PER_CENT["log"] else unit
    interval = f" [{numbers[1]}, {numbers[2]}]" if not math.isnan(low) else ""
    return f"{numbers[0]}{interval} {unit}".rstrip()


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


def value_words(value: Any) -> str:
    """Return a value of a configuration as a user wrote it: 15, not 15.0; true, not True."""
    if type(value).__name__ in {"bool", "bool_"}:
        return str(value).lower()
    whole = isinstance(value, float) and value.is_integer() and abs(value) < 1e15
    return str(int(value)) if whole else str(value)


def listed(parts: Sequence[str]) -> str:
    """Join phrases: a, b and c; nothing where there are none."""
    return "".join(parts) if len(parts) < 2 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def plain_letters(error: UnicodeError) -> tuple[str, int]:
    """Plain letters for those that a terminal's encoding lacks (an error handler of `codecs`): − as -, ⁻⁴ as ^-4."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    plain = "".join(_PLAIN.get(letter) or unicodedata.normalize("NFKD", letter) for letter in lost)
    raised = "^" if ord(lost[0]) in _SUPERSCRIPTS.values() else ""
    return raised + plain.replace("−", "-").encode("ascii", "replace").decode(), error.end


_PLAIN = {"−": "-", "–": "-", "×": "x", "“": '"', "”": '"', "…": "..."}


def _plain(size: float) -> str:
    if size >= 100:
        return f"{round(size, 2 - math.floor(math.log10(size))):,.0f}"
    return f"{size:.{2 - math.floor(math.log10(size))}f}" if size < 10 else f"{size:.1f}"


_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def bare_name(name: str) -> str:
    """Return a column's name without the unit that it ends in."""
    for ending in UNIT_WORDS:
        if ending != "gpu_hours" and name.endswith("_" + ending) and name not in UNIT_WORDS:
            return name.removesuffix("_" + ending)
    return name
