"""The schedules of all hedgers for all listed months at once.

    hedge_table(owners, which, terms, months, held) -> rows (hedgers x months, 5)

Hedger i is `owners[i]`, has the terms `terms[i]` and sees the months as `months[which[i]]` (months, 6); `held` are
positions in contracts (months, owners). Rows are those of `FutureRow`, month by month for each hedger.
"""

import numpy as np

from sim.kernels.call_auction import Floats, Ints
from sim.kernels.jit import jit
from sim.rules import hedging as rules

schedule = jit(rules.hedge_schedule)


@jit
def hedge_table(owners: Ints, which: Ints, terms: Floats, months: Floats, held: Floats) -> Floats:
    """Write a row for each hedger and month; see the module's docstring."""
    count = months.shape[1]
    rows = np.empty((len(owners) * count, 5))
    for i in range(len(owners)):
        daily, ratio, tolerance, reach, pace = terms[i]
        for k in range(count):
            maturity, price, expected, days, layer, size = months[which[i], k]
            m = int(maturity)
            exposure = daily * days / size
            at_last, slope, low, high = schedule(
                ratio * layer * exposure, held[m, owners[i]], expected, price, tolerance * exposure, reach * exposure,
                pace * exposure,
            )  # fmt: skip
            row = rows[i * count + k]
            row[0], row[1], row[2], row[3], row[4] = maturity, at_last, slope, low, high
    return rows
