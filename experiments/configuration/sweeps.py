"""What a sweep says of a key: the values that it lists, or whence to where they are drawn; in YAML or in Hydra's words.

A list of values, `low:high:number` (`low:high:number:log`), Hydra's `range(...)`, `choice(...)`, `1,2,3` and
`interval(low, high)`, a table `{low, high, scale}`, or a law as worlds spell it: `[normal, mean, sd]`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from experiments.configuration.presets import parsed
from sim.problems import WrongValue

if TYPE_CHECKING:
    from hydra.core.override_parser.types import Override

Presets = Mapping[str, Mapping[str, Path]]  # group -> preset -> its file
MOST_VALUES = 100_000  # that one key can list
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
SPACED = re.compile(rf"({NUMBER}):({NUMBER}):(\d+)(:log)?")  # low:high:number
STUDY = {"study", "seeds", "days", "workers", "record", "out", "plugins", "executor", "experiment", "size", "hydra"}
LAWS = ("uniform", "normal", "lognormal")
SHAPES = "a list of values, low:high:number, range(...), choice(...), interval(low, high) or {low, high, scale}"


class Drawn(BaseModel):
    """A key whose values a design draws: between `low` and `high`, evenly or evenly in logs, or by a law's quantiles.

    `law` is normal (mean `low`, sd `high`) or lognormal (median `low`, log sd `high`), as worlds spell laws.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)

    low: int | float
    high: int | float
    scale: Literal["linear", "log"] = "linear"
    law: Literal["uniform", "normal", "lognormal"] = "uniform"

    @model_validator(mode="after")
    def _spans_something(self) -> Drawn:
        if self.law != "uniform":
            if self.high <= 0.0:
                raise WrongValue("high", self.high, f"the spread of a {self.law} law must be greater than 0")
            if self.law == "lognormal" and self.low <= 0.0:
                raise WrongValue("low", self.low, "the median of a lognormal law must be greater than 0")
        elif self.high <= self.low:
            raise WrongValue("high", self.high, f"must be greater than low = {self.low:g}")
        elif self.scale == "log" and self.low <= 0.0:
            raise WrongValue("low", self.low, "must be greater than 0 on a log scale")
        return self


def read_sweep(key: str, said: Any) -> list[Any] | Drawn:
    """What a configuration says of a swept key; raises WrongValue with what is wrong."""
    if isinstance(said, Drawn):
        return said
    if isinstance(said, str):
        said = read_words(key, said)
    if isinstance(said, dict):
        return read_table(key, said)
    if is_law(said):
        return read_table(key, {"law": said[0], "low": said[1], "high": said[2]})
    if isinstance(said, Drawn):
        return said
    values = list(said) if isinstance(said, list | tuple) else [said]
    if not values or not all(isinstance(value, bool | int | float | str) and is_finite(value) for value in values):
        raise WrongValue(key, said, f"must be {SHAPES}; values are numbers, texts, true or false")
    return values


def read_table(key: str, table: Mapping[str, Any]) -> Drawn:
    """A table that says whence to where a key is drawn."""
    from pydantic import ValidationError

    try:
        return Drawn.model_validate(table)
    except WrongValue:
        raise
    except ValidationError as error:
        first = error.errors()[0]
        raised = (first.get("ctx") or {}).get("error")
        if isinstance(raised, WrongValue):
            raise WrongValue(f"{key}.{raised.key}", raised.value, raised.allowed) from None
        allowed = f"must be {SHAPES}"
        raise WrongValue(key, dict(table), allowed) from None


def read_words(key: str, text: str) -> list[Any] | Drawn:
    """The values or the range that a text says; a text that says neither is one value."""
    from hydra.errors import HydraException

    if spaced := SPACED.fullmatch(text.strip()):
        return spaced_values(key, *spaced.groups())
    try:
        override = parsed(f"{key}={text}")
        if override.is_sweep_override():
            return swept_by(key, override)
    except HydraException as error:
        if "(" in text:
            said = str(error).splitlines()[0]
            raise WrongValue(key, text, f"cannot be read ({said}); must be {SHAPES}") from None
    return [text]


def swept_by(key: str, override: Override) -> list[Any] | Drawn:
    """What Hydra's spelling of a sweep says."""
    from hydra.core.override_parser.types import ChoiceSweep, IntervalSweep, RangeSweep

    sweep = override.value()
    if isinstance(sweep, IntervalSweep):
        low, high = sweep.start, sweep.end
        return read_table(key, {"low": low, "high": high, "scale": "log" if "log" in (sweep.tags or ()) else "linear"})
    if isinstance(sweep, RangeSweep):
        steps = math.ceil((sweep.stop - sweep.start) / sweep.step) if sweep.step else math.inf
        if not 0 < steps <= MOST_VALUES:
            raise WrongValue(key, text_of(override), f"must list from 1 to {MOST_VALUES:,} values")
    if not isinstance(sweep, ChoiceSweep | RangeSweep):
        raise WrongValue(key, text_of(override), f"lists nothing for a key; must be {SHAPES}")
    if isinstance(sweep, RangeSweep):
        return [float(f"{value:.12g}") if isinstance(value, float) else value for value in sweep.range()]
    return [value.text if hasattr(value, "text") else value for value in sweep.list]


def text_of(override: Override) -> str:
    """The value of an override as typed."""
    return str(override.input_line).partition("=")[2]


def spaced_values(key: str, first: str, last: str, number: str, log: str | None) -> list[Any]:
    """So many values from low to high, both included, evenly or evenly in logs; whole where all of them are."""
    low, high, count = float(first), float(last), int(number)
    text = f"{first}:{last}:{number}{log or ''}"
    if not 2 <= count <= MOST_VALUES:
        raise WrongValue(key, text, f"must hold from 2 to {MOST_VALUES:,} values")
    if low == high:
        raise WrongValue(key, text, "must begin and end at two different values")
    if log and (low <= 0.0 or high <= 0.0):
        raise WrongValue(key, text, "must begin and end above 0 on a log scale")
    shares = [k / (count - 1) for k in range(count)]
    values = [low * (high / low) ** share if log else low + share * (high - low) for share in shares]
    values = [low, *(float(f"{value:.12g}") for value in values[1:-1]), high]
    whole = re.fullmatch(r"[-+]?\d+", first) and re.fullmatch(r"[-+]?\d+", last) and all(v == int(v) for v in values)
    return [int(value) for value in values] if whole else values


def is_law(said: Any) -> bool:
    """Whether a list is a law of worlds: its name and two numbers."""
    numbers = isinstance(said, list | tuple) and len(said) == 3 and said[0] in LAWS
    return bool(numbers) and all(isinstance(n, int | float) and not isinstance(n, bool) for n in said[1:])


def is_finite(value: Any) -> bool:
    """Whether a value is no infinite or missing number."""
    return not isinstance(value, float) or math.isfinite(value)


# ---- on the command line


def set_aside_sweeps(overrides: Sequence[str], presets: Presets) -> tuple[list[str], dict[str, str]]:
    """Parts overrides that sweep a key of the world from the rest: key -> what was typed."""
    rest, swept = list[str](), dict[str, str]()
    for word in overrides:
        key = swept_key(word, presets)
        if key is None:
            rest.append(word)
        else:
            swept.pop(key, None)
            swept[key] = word.partition("=")[2]
    return rest, swept


def swept_key(word: str, presets: Presets) -> str | None:
    """The key of the world that a word of the command line sweeps; None if it does something else."""
    from hydra.errors import HydraException

    key, _, value = word.partition("=")
    if key in presets or key.split(".")[0] in STUDY or "." not in key or not re.match(r"[A-Za-z]", key):
        return None
    if SPACED.fullmatch(value.strip()):
        return key
    try:
        found = parsed(word)
    except HydraException:
        return None
    return key if found.is_sweep_override() and not is_glob(found) else None


def is_glob(override: Override) -> bool:
    """Whether an override asks for all presets of a pattern, which keys do not have."""
    from hydra.core.override_parser.types import Glob

    return isinstance(override.value(), Glob)


def as_tables(swept: Mapping[str, str]) -> list[str]:
    """The overrides that put what was typed into the section `study.sweep`, for Hydra to show."""
    shown = []
    for key, text in swept.items():
        quoted = text.replace("\\", "\\\\").replace("'", "\\'")
        shown.append(f"++study.sweep={{{key}: '{quoted}'}}")
    return shown
