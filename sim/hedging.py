"""How landlords and users of capacity bring their hedges to the futures auction: a schedule for every listed month."""

from __future__ import annotations

from typing import Protocol

from sim.rules.hedging import hedge_schedule
from sim.view import View
from sim.vocabulary import HOURS_PER_DAY, FutureRow


class Hedger(Protocol):
    """The settings of those who hedge; shares are of the exposure."""

    hedge_horizon_years: float  # hedges are built up over this time before delivery
    hedge_pace_per_day: float  # most that is traded in a day
    hedge_tolerance: float  # speculative part, per unit of mispricing
    hedge_reach: float  # farthest from the hedge
    trading_half_life_years: float  # perceived persistence of rent deviations


def hedges(view: View, p: Hedger, hedge_ratio: float, exposure_ve: float) -> list[FutureRow]:
    """Cover a share of an exposure in each listed month (+ bought by users, - sold by landlords), around own beliefs.

    The exposure to a month is what is used or let by the hour in the days that are left of it, in contracts:
    h Y / contract size, h growing as delivery comes nearer.
    """
    curve = view.today.curve
    if curve is None:
        return []
    daily_ve_hours, size = exposure_ve * HOURS_PER_DAY, curve.contract_hours
    tolerance, reach, pace = p.hedge_tolerance, p.hedge_reach, p.hedge_pace_per_day
    rows = []
    for m, price, expected, days, layer in view.months_ahead(p.trading_half_life_years, p.hedge_horizon_years):
        exposure = daily_ve_hours * days / size
        schedule = hedge_schedule(
            hedge_ratio * layer * exposure, view.position(m), expected, price, tolerance * exposure, reach * exposure,
            pace * exposure,
        )  # fmt: skip
        rows.append(FutureRow(m, *schedule))
    return rows
