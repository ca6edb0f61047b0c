"""List prices: when a seller changes them, and to what."""

import numpy as np
from numpy.typing import NDArray

MAX_GAP = 0.6  # a larger gap makes nobody reprice sooner
LEAST_TIGHT = 0.05  # an empty shop asks no less than one that lets a twentieth


def repricing_hazard(gap: float, per_day: float, per_gap: float, threshold: float) -> float:
    """Chance that a seller reprices today: h + b min(gap, .6) where its log gap to the wanted ask exceeds a threshold.

    List prices of the five largest neoclouds changed on one day in 56; hyperscalers move in steps (FACTS: CCIR, AWS).
    """
    if gap < threshold:
        return 0.0
    return per_day + per_gap * (gap if gap < MAX_GAP else MAX_GAP)


def wanted_ask(
    comparable_usd: NDArray[np.float64],
    posted: NDArray[np.bool_],
    tightness: NDArray[np.float64],
    occupancy: NDArray[np.float64],
    markup: float,
    response: float,
) -> NDArray[np.float64]:
    """Ask a seller wants (products,), USD per VE-hour: c (tightness / u0) ** response where it is paid, m c where not.

    c is what comparable hours cost in auctions, tightness what was asked of the seller over what it has, u0 the usual
    occupancy (products,). With a response of 1 / sigma, sigma the elasticity of its own customers, it asks what fills
    it to u0.
    """
    asked = np.exp(response * np.log(np.maximum(tightness, LEAST_TIGHT) / occupancy))
    return np.where(posted, comparable_usd * asked, comparable_usd * markup)
