"""What a grade, a region and a tier are worth: log factors estimated from prices of a trailing window."""

from __future__ import annotations

import numpy as np

from sim.vocabulary import Floats

SMALLEST_DIRECTION = 1e-6  # singular values below this share of the largest say nothing: the last factors stay


def estimate(log_price: Floats, weight: Floats, dummies: Floats, last: Floats) -> Floats:
    """Log factors (K,) of attributes over those of the reference product: a time-dummy hedonic regression.

    ln p[d, j] = time[d] + dummies[j] @ factors + error, by least squares weighted with `weight` (D, n), hours let or
    numbers of asks; `log_price` (D, n) in log USD per GPU-hour over D days and n products, of any value where the
    weight is 0. `dummies` (n, K) are 0 or 1 and 0 in the reference's row. Prices are read as a sum of prices of
    attributes (Rosen 1974), pooled over periods with a constant for each (the time-dummy method of Griliches 1961 and
    of the price-index manuals); the day's constant is taken out by weighted means, so common moves of all prices
    and days on which few products trade do not move factors. What the window cannot tell (a product that never traded,
    or never beside another) keeps its share of `last` (K,): the change is the one of least norm.
    """
    seen = weight > 0.0
    total = weight.sum(axis=1, keepdims=True)
    share = weight / np.where(total > 0.0, total, 1.0)
    gap = np.where(seen, log_price, 0.0) - np.where(seen, dummies @ last, 0.0)
    gap -= (share * gap).sum(axis=1, keepdims=True)
    own = dummies[None] - (share @ dummies)[:, None, :]
    root = np.sqrt(weight / max(float(weight.max(initial=0.0)), 1e-300))[seen]
    if root.size == 0 or dummies.shape[1] == 0:
        return last
    change = np.linalg.lstsq(own[seen] * root[:, None], gap[seen] * root, rcond=SMALLEST_DIRECTION)[0]
    return np.asarray(last + change)
