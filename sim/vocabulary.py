"""The words every part of the world shares: number types, the environment, rows, today's public facts."""

from __future__ import annotations

import datetime
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

HOURS_PER_DAY = 24
DAYS_PER_YEAR = 365.0
HOURS_PER_YEAR = 8760.0

Share = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
LARGEST = 1e18  # of any amount: beyond it sums of money and hours lose the small numbers in them
Positive = Annotated[float, Field(gt=0.0, le=LARGEST, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0.0, le=LARGEST, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0.0, le=10.0, allow_inf_nan=False)]  # per year
PositiveRate = Annotated[float, Field(gt=0.0, le=10.0, allow_inf_nan=False)]
Elasticity = Annotated[float, Field(ge=0.0, le=100.0, allow_inf_nan=False)]  # prices to it must stay in range
Days = Annotated[
    float, Field(ge=1.0, le=LARGEST, allow_inf_nan=False)
]  # of a memory: what is quicker than a day swings
YearsOfMemory = Annotated[float, Field(ge=1.0 / DAYS_PER_YEAR, le=LARGEST, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
PositiveCount = Annotated[int, Field(ge=1)]


def iso_date(text: str) -> str:
    """The date in its one form, YEAR-MONTH-DAY; raises ValueError for what is no date."""
    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError("must be a date as 2026-01-31") from None


class Parameters(BaseModel):
    """Frozen, strict settings; the field names are the keys of the YAML files."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
