"""What is public of days to come and follows by arithmetic: fleets from orders under way, what scarcity does to rents.

A seller who changes a list price now and then asks what is right while it stands, the mean of what will be right,
weighed by how likely the price is to stand so long (Calvo 1983, from memory, confidence M). A contract replaces the
hours of its tenor, so both its sides read the mean over it.
"""

import math

import numpy as np
from numpy.typing import NDArray

MOST_LOG = 2.0  # nobody believes that demand will be more than seven times supply, or a seventh of it


def fleet_ahead(working: float, due: NDArray[np.float64], retiring: NDArray[np.float64]) -> NDArray[np.float64]:
    """Fleet on each coming day (days,): what works and what is due of orders, less what retires."""
    return np.asarray(working + np.cumsum(due - retiring))


def held_back(due: NDArray[np.float64], arriving: NDArray[np.float64], released: NDArray[np.float64], held: float
              ) -> NDArray[np.float64]:  # fmt: skip
    """What arrives (days,) of what is due where shares of it, and of what was held back, come through on each day."""
    arrives = np.empty_like(due)
    for day, (fresh, share, back) in enumerate(zip(due.tolist(), arriving.tolist(), released.tolist(), strict=True)):
        arrives[day] = fresh * share + held * back
        held += fresh - arrives[day]
    return arrives


def balance_ahead(
    fleet: NDArray[np.float64], working: float, growth_per_day: float, demand_log: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Log of demand over supply on each coming day (days,) over today's, beyond the growth of demand on the path.

    y(h) = demand(h) - ln(fleet(h) / fleet(0)) + n h, with `demand_log` what is announced of demand less what is of
    capacity that runs. Nothing is said where there is no fleet.
    """
    if working <= 0.0 or not (fleet > 0.0).all():
        return np.zeros_like(fleet)
    days = np.arange(1, len(fleet) + 1)
    balance = demand_log + growth_per_day * days - np.log(fleet / working)
    return np.asarray(np.clip(balance, -MOST_LOG, MOST_LOG))


def while_it_stands(change_log: NDArray[np.float64], age_days: float) -> float:
    """Mean of a change over coming days, day h with the weight e^(-h / age): a price is so old on average (Calvo)."""
    if age_days <= 0.0 or not len(change_log):
        return 0.0
    weights = np.exp(-np.arange(1, len(change_log) + 1) / age_days)
    total = float(weights.sum())
    return float(change_log @ weights) / total if total > 0.0 else 0.0


def over_tenor(change_log: NDArray[np.float64], years: float) -> float:
    """Mean of a change over the days of a tenor; what lies beyond is taken to be as the last day is."""
    days = max(1, math.ceil(years * 365.0))
    if not len(change_log):
        return 0.0
    known = change_log[:days]
    return float(known.sum() + known[-1] * (days - len(known))) / days


def site_share(scale: float, growth: float, life_years: float, lead_years: float) -> float:
    """Orders that sites allow where growth is `scale` times the path's, over the path's: at most 1.

    Orders a year of g / (1 - e^(-g L)) e^(g lead) keep a fleet growing at g.
    """

    def orders(rate: float) -> float:
        renewal = rate / -math.expm1(-rate * life_years) if rate > 0.0 else 1.0 / life_years
        return renewal * math.exp(rate * lead_years)

    return min(1.0, orders(scale * growth) / orders(growth))
