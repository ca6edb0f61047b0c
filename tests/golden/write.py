"""Writes the summary of the default run: `python -m tests.golden.write`. To commit a new one is a deliberate act."""

from __future__ import annotations

import math
from pathlib import Path

import yaml

from sim.metrics import measure
from tests.worlds import ran

GOLDEN = Path(__file__).parent / "baseline.yaml"
OVERRIDES = ["population=default", "shocks=[pool_outage]", "shocks.pool_outage.start=60"]
DAYS, SEED = 120, 1
HEADER = (
    "# Metrics of the default world, seed 1, 120 days, an outage of 15 % of the spot pool from day 60 on.\n"
    "# Written by `python -m tests.golden.write`; a change here changes results: say so in the change log.\n"
)


def summary() -> dict[str, float | None]:
    """All metrics of the golden run; None where a metric is empty."""
    metrics = measure(ran(DAYS, *OVERRIDES, seed=SEED).record)
    return {name: None if math.isnan(value) else float(value) for name, value in sorted(metrics.items())}


if __name__ == "__main__":
    GOLDEN.write_text(HEADER + yaml.safe_dump(summary(), sort_keys=True))
