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


def in_proportion(
    comparable_usd: NDArray[np.float64], level: NDArray[np.float64], cell: NDArray[np.int64], own_weight: float
) -> NDArray[np.float64]:
    """What a seller takes for the market of each product (products,): w own grade's + (1 - w) all grades', in logs.

    `cell` (products,) numbers regions and tiers, within which grades are averaged after what their bundle is worth
    (`level`) is taken off. Lists keep grades in proportion where trades do not: the B200 stood at 2.01 H100 (sd .08)
    on quotes and at 2.45 (sd .28) on trades, so that lists show .08/.28 of what trades do (Silicon Data, Ornn; 2026).
    At 1 it is the own grade's alone, exactly.
    """
    if own_weight == 1.0:
        return comparable_usd
    known = np.isfinite(comparable_usd) & (comparable_usd > 0.0)
    log = np.log(np.where(known, comparable_usd, 1.0) / level)
    total = np.bincount(cell, np.where(known, log, 0.0))
    mean = (total / np.maximum(np.bincount(cell, known), 1.0))[cell]
    return np.where(known, level * np.exp(own_weight * log + (1.0 - own_weight) * mean), comparable_usd)


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
