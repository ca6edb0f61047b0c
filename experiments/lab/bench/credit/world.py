"""What credit costs a simulated year: the market for used GPUs, and loans, notes and that market together."""

from __future__ import annotations

from experiments.lab.bench.result import Measured, at_most, by_turns
from experiments.lab.bench.world import WARM_UP_DAYS, YEAR, bench_spec
from sim.economy import Economy

GOAL = 1.25


def measure_resale(quick: bool) -> Measured:
    """The market for used GPUs against none."""
    on, off = _world("resale=default"), _world()
    found = _days("used GPUs traded / not", on, off, 40 if quick else 330, GOAL)
    if not on.record["used_sold_usd"].sum() > 0.0:
        raise AssertionError("used GPUs: nothing was sold")
    return found


def measure_credit(quick: bool) -> Measured:
    """Loans, notes and used GPUs against a world of equity alone."""
    on, off = _world("notes=default", "resale=default"), _world("loan=off")
    found = _days("loans, notes and used GPUs / none", on, off, 40 if quick else 330, GOAL)
    if not on.record["loans_sold_usd"][-1] > 0.0:
        raise AssertionError("credit: no loans were sold")
    return found


def measure_credit_only(quick: bool) -> Measured:
    """A world of credit without futures against the default one."""
    return _days("without futures / with", _world("venue=none"), _world(), 40 if quick else 330, 0.5)


def _world(*overrides: str) -> Economy:
    """A hundred institutions and a thousand speculators, a few days old."""
    economy = Economy(bench_spec(1000, *overrides), days=YEAR)
    economy.run(WARM_UP_DAYS)
    return economy


def _days(what: str, on: Economy, off: Economy, days: int, goal: float) -> Measured:
    """All days by turns: month ends, when loans are served and GPUs sold, count too."""
    sums = [[sum(side)] for side in by_turns([on.step, off.step], days)]
    return at_most(what, *sums, YEAR / days, "simulated year", goal)
