"""In which parameters a study's baseline differs from the default world."""

from __future__ import annotations

from typing import Any

from experiments.configuration.canonical import canonical, exact
from experiments.configuration.compose import composer
from experiments.results import NO_SHOCK, Results
from experiments.store.folder import changed, differences, ordered

ABSENT = "absent"


def departures(results: Results) -> list[tuple[str, str, str]] | None:
    """Return key, default and value of what differs in the baseline without a shock; None if no world is held."""
    config = results.config
    if "world" not in config:
        return None
    base, place = ordered(config["world"]), f"{results.design.baseline}, {NO_SHOCK}"
    here = base if place == config.get("first") else changed(base, (config.get("differences") or {}).get(place, {}))
    with composer() as open_composer:
        default = ordered(canonical(open_composer.world([])))
    found = differences(default, here)
    return [(key, words(default.get(key, ABSENT)), words(value)) for key, value in sorted(found.items())]


def words(value: Any) -> str:
    """A value as YAML has it, long ones cut."""
    if isinstance(value, str):
        return value
    text = exact(value) if not isinstance(value, dict | list) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
