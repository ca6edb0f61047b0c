"""The law of labs' money, and the series that labs record."""

from __future__ import annotations

from collections.abc import Iterable

from sim.laws import same
from sim.ledger import Ledger
from sim.record import Column
from sim.roles import TrainsInJobs
from sim.rounding import rounding

ROUND, SUCCESSOR = "funding round", "successor's capital"  # reasons in the ledger

COLUMNS = [
    Column("jobs_finished", "jobs", "training jobs finished today"),
    Column("jobs_missed", "jobs", "training jobs whose deadline passed today with work left"),
    Column("training_lost_ve_hours", "VE-hours", "training work lost today to interruptions, since checkpoints"),
    Column("training_left_ve_hours", "VE-hours", "training work waiting or running"),
    Column("labs_cash_usd", "USD", "cash of funded labs"),
    Column("labs_raised_usd", "USD", "raised by labs today in funding rounds and by successors"),
    Column("rounds_failed", "rounds", "labs' funding rounds that failed today"),
    Column("lab_defaults", "firms", "labs that defaulted today"),
]


def check_money(day: int, ledger: Ledger, raised_usd: float, size_usd: float, rest_of_world: int) -> None:
    """A13: what labs have raised since day 0 is what the ledger says that the rest of the world paid for it.

    `size_usd` is the sum of what had been raised after each of them, as the ledger has added it up too.
    """
    paid = -sum(float(ledger.flow(reason)[rest_of_world]) for reason in (ROUND, SUCCESSOR))
    same(day, "A13", "raised by labs and paid to them", raised_usd, paid, rounding(size_usd))


def jobs_today(trainers: Iterable[tuple[int, TrainsInJobs]]) -> tuple[float, float, float, float]:
    """Jobs finished and missed today, VE-hours of work lost today and left, over all who train in jobs."""
    finished = missed = 0
    lost = left = 0.0
    for _, agent in trainers:
        report = agent.jobs_report()
        finished, missed, lost, left = finished + report[0], missed + report[1], lost + report[2], left + report[3]
    return float(finished), float(missed), lost, left
