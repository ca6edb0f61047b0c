"""What happens beside the daily series: events in the order in which they happen."""

from __future__ import annotations

from collections.abc import Iterable


class Log:
    """Events as (day, kind, text)."""

    def __init__(self) -> None:
        self.events: list[tuple[int, str, str]] = []

    def note(self, day: int, kind: str, text: str) -> None:
        """Add an event."""
        self.events.append((day, kind, text))

    def note_all(self, day: int, events: Iterable[tuple[str, str]]) -> None:
        """Add a day's events, given as (kind, text)."""
        self.events += [(day, kind, text) for kind, text in events]
