"""The mean of a transaction index: prices of chosen columns on one scale, tails pulled in, weighted by volume."""

import math

import numpy as np
from numpy.typing import NDArray

from sim.kernels.jit import jit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@jit
def quantile(ordered: Floats, share: float) -> float:
    """Return the quantile of sorted values by linear interpolation."""
    place = share * (len(ordered) - 1)
    left = int(math.floor(place))
    right = min(left + 1, len(ordered) - 1)
    return float(ordered[left] + (ordered[right] - ordered[left]) * (place - left))


@jit
def winsorised_mean(price: Floats, volume: Floats, columns: Ints, factors: Floats, winsor: float) -> float:
    """Return the volume-weighted mean of price / factor over steps and chosen columns; nan where nothing traded.

    `price`, `volume` (T, J); `columns` (n,) with their `factors` (n,). A share `winsor` of the cells that traded is
    pulled in to the quantile at each end. Cells without volume or with a price that is no positive number do not count.
    """
    scaled, weight = np.empty(len(price) * len(columns)), np.empty(len(price) * len(columns))
    n = 0
    for t in range(len(price)):
        for k in range(len(columns)):
            p, v = price[t, columns[k]] / factors[k], volume[t, columns[k]]
            if 0.0 < v < math.inf and 0.0 < p < math.inf:
                scaled[n], weight[n] = p, v
                n += 1
    if n == 0:
        return math.nan
    ordered = np.sort(scaled[:n])
    low, high = quantile(ordered, winsor), quantile(ordered, 1.0 - winsor)
    paid, total = 0.0, 0.0
    for i in range(n):
        paid += min(max(scaled[i], low), high) * weight[i]
        total += weight[i]
    return paid / total
