"""What an index provider can see of a day."""

from __future__ import annotations

from dataclasses import dataclass

from sim.streams import Streams
from sim.vocabulary import Floats


@dataclass(frozen=True)
class Evidence:
    """Trades and list asks of the reference grade, USD per GPU-hour; `identity` keys the provider's own draws.

    `price_usd`, `volume` (trades,) hour by hour; `asks_usd` (providers,).
    """

    day: int
    price_usd: Floats
    volume: Floats
    asks_usd: Floats
    streams: Streams
    identity: int
