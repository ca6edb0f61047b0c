"""One economy from overrides, for notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from experiments.configuration.canonical import one_form
from experiments.configuration.compose import composer, split

if TYPE_CHECKING:
    from sim.economy import Economy


def build(*overrides: str, seed: int = 1, days: int = 365, config_dir: str | Path | None = None) -> Economy:
    """An economy on its first day: `build("shocks=[pool_outage]", days=200)`; then `.run(days)` or `.step()`."""
    from sim.economy import Economy

    with composer(config_dir) as open_composer:
        world, own = split(open_composer.compose(overrides))
    return Economy(one_form(world, tuple(own["plugins"])).read.spec, seed=seed, days=days)
