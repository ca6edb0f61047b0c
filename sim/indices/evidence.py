"""What an index provider can see of a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sim.rows.rental import Products
from sim.streams import Streams
from sim.vocabulary import Floats


@dataclass(frozen=True)
class Evidence:
    """Executed trades and list asks of a day by product, and nothing of futures. T steps, J products, S sellers.

    `price_usd` (T, J) USD per GPU-hour at which `volume` (T, J) GPU-hours were let; `rent_usd` (J,) their mean over the
    day and `hours` (J,) their sum; `asks_usd` (S, J) list asks in USD per GPU-hour, 0 or nan where none is posted, of
    `sellers` (S names, in order of stable id); `fleet_ve()` gives their fleets (S,). `identity` keys the provider's own
    draws from `streams`; what is told in `events` (kind, text) becomes public.
    """

    day: int
    products: Products
    price_usd: Floats
    volume: Floats
    rent_usd: Floats
    hours: Floats
    asks_usd: Floats
    sellers: tuple[str, ...]
    fleet_ve: Callable[[], Floats]
    streams: Streams
    identity: int
    events: list[tuple[str, str]] = field(default_factory=list)
