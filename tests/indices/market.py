"""Made-up markets for indices: a few products, a day's evidence, indices with plain settings."""

from __future__ import annotations

import itertools

import numpy as np

from sim.indices.evidence import Evidence
from sim.indices.quote import QuoteIndex
from sim.indices.transaction import TransactionIndex
from sim.rows.rental import Products
from sim.streams import Streams, stable_id

GRADES, REGIONS, TIERS = ("h100", "b200"), ("us", "eu"), ("bare_metal", "marketplace")
WORLD = {"grade": list(GRADES), "region": list(REGIONS), "tier": list(TIERS)}
CELLS = np.array(list(itertools.product(range(2), range(2), range(2))))
PRODUCTS = Products(
    GRADES, REGIONS, TIERS, CELLS[:, 0], CELLS[:, 1], CELLS[:, 2],
    np.array([1.0, 2.0])[CELLS[:, 0]], np.array([1.1, 1.0])[CELLS[:, 2]],
)  # fmt: skip
ESTIMATION = {"every_days": 5, "window_days": 20, "event_threshold": 0.01}
WORTH = np.exp(CELLS @ np.array([0.7, -0.1, -0.2]))  # of grade, region and tier, over h100 us bare metal
ALL = {"reference": {"grade": "h100", "region": "us", "tier": "bare_metal"}, "estimation": ESTIMATION}
TRADED = {"winsor": 0.0, "window_hours": 24, "struck_hour": 24, "carry_days": 3}
LISTED = {
    "weights": "equal", "band": 3.0, "look_back_days": 5, "recalibrate_days": 7, "restatements_per_year": 0.0,
    "restatement_sd": 0.04, "carry_days": 3,
}  # fmt: skip


def traded(basket=None, **settings) -> TransactionIndex:
    """A transaction index over all products, or another basket."""
    return TransactionIndex.model_validate({"basket": ALL if basket is None else basket, **TRADED, **settings})


def listed(basket=None, **settings) -> QuoteIndex:
    """A quote index over all products, or another basket."""
    return QuoteIndex.model_validate({"basket": ALL if basket is None else basket, **LISTED, **settings})


def seen(price=3.0, volume=10.0, asks=3.0, day=3, steps=24, sellers=4, seed=1, names=None, fleet=None) -> Evidence:
    """A day's evidence: prices (T, J), volumes (T, J) and asks (S, J), each of what numpy spreads to that shape."""
    count = len(PRODUCTS.value)
    prices = np.array(np.broadcast_to(price, (steps, count)), dtype=float)
    volumes = np.array(np.broadcast_to(volume, (steps, count)), dtype=float)
    names = names or tuple(f"neocloud_{k + 1}" for k in range(sellers))
    asked = np.array(np.broadcast_to(asks, (len(names), count)), dtype=float)
    hours = volumes.sum(axis=0)
    traded_value = np.where(volumes > 0.0, prices * volumes, 0.0).sum(axis=0)
    rent = np.where(hours > 0.0, traded_value / np.maximum(hours, 1e-300), 2.0)
    fleets = np.ones(len(names)) if fleet is None else np.asarray(fleet, dtype=float)
    return Evidence(
        day, PRODUCTS, prices, volumes, rent, hours, asked, tuple(names), lambda: fleets, Streams(seed),
        stable_id("index/x"),
    )  # fmt: skip


def run(index, days, last=2.5, memory=None) -> list[float]:
    """The index over the evidence of many days."""
    memory, values = {} if memory is None else memory, []
    for evidence in days:
        last = index.strike(evidence, last, memory)
        values.append(last)
    return values
