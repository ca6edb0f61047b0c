"""What an evening's close leaves, put together month by month: prices, owners' trades, fills of the crowds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim.exchange.crowd import Speculators
from sim.exchange.futures import events_of
from sim.exchange.session import Session
from sim.kernels.call_auction import Cleared
from sim.rows.exchange import Noon, Traded
from sim.vocabulary import Floats, Ints


class Night:
    """Prices (M,), trades and what they are made of (M, owners), volume (M,), fills of crowds (M, N), events.

    `maintenance` is the margin by which calls within the day are judged.
    """

    def __init__(
        self, crowds: Sequence[Speculators], last_usd: Floats, owners: int, hours: Floats, maintenance: float = 0.0
    ) -> None:
        self.crowds, self.hours = crowds, hours  # (M,) of a contract
        self.maintenance = maintenance
        self.noon: Noon | None = None
        self.price_usd = last_usd.copy()
        self.volume: Floats = np.zeros(len(last_usd))
        self.trades: Floats = np.zeros((len(last_usd), owners))
        self.wanted: Floats = np.zeros((len(last_usd), owners))
        self.crowd_fills = [np.empty_like(crowd.quantity) for crowd in crowds]
        self.events: list[tuple[str, str]] = []
        self.traded: Traded | None = None

    def note(self, m: int, name: str, cleared: Cleared) -> None:
        """Put down a month's price, volume and what is worth telling."""
        self.price_usd[m], self.volume[m] = cleared.price_usd, cleared.volume_contracts
        self.events += events_of(name, cleared)

    def give(self, m: int, owners: Ints, trades: Floats, wanted: Floats) -> None:
        """Give owners what their schedules trade; `wanted` is of what that is made."""
        np.add.at(self.trades[m], owners, trades)
        np.add.at(self.wanted[m], owners, wanted)

    def give_crowds(self, m: int, fills: Floats) -> None:
        """Give traders the fills of their resting orders."""
        at = 0
        for crowd, into in zip(self.crowds, self.crowd_fills, strict=True):
            into[m] = fills[at : at + into.shape[1]]
            self.trades[m, crowd.owner] += float(into[m].sum())
            at += into.shape[1]

    def give_rest(self, m: int, maker: int) -> None:
        """Give a market maker the other side of all trades of a month."""
        self.trades[m, maker] -= float(self.trades[m].sum())
        self.wanted[m, maker] += float(np.abs(self.trades[m]).sum())

    def pay(self, sessions: Sequence[Session]) -> None:
        """Count what trades before the close gain by their prices, as variation margin does for positions."""
        owners = self.trades.shape[1]
        gained, made_of = np.zeros((2, owners))
        crowds = [np.zeros(fills.shape[1]) for fills in self.crowd_fills]
        for m, session in enumerate(sessions):
            worth = session.filled * self.price_usd[m] * self.hours[m]
            paid = session.spent_usd * self.hours[m]
            k = len(session.owners)
            np.add.at(gained, session.owners, (worth - paid)[:k])
            np.add.at(made_of, session.owners, (np.abs(worth) + np.abs(paid))[:k])
            for i, crowd in enumerate(self.crowds):
                here = slice(k, k + len(crowds[i]))
                crowds[i] += (worth - paid)[here]
                made_of[crowd.owner] += float((np.abs(worth) + np.abs(paid))[here].sum())
                k = here.stop
        for crowd, mine in zip(self.crowds, crowds, strict=True):
            gained[crowd.owner] += float(mine.sum())
        self.traded = Traded(gained, crowds, made_of, [session.quality for session in sessions])
