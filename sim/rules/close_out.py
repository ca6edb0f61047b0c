"""How the books of those who failed a margin call are auctioned among clearing members, at one price for all."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def discount(wanted_per_log: Floats, most: Floats, contracts: float, highest: float) -> float:
    """The log discount d at which bidders take a book: sum of min(k d, most) = contracts, at most `highest`.

    Each bidder (n,) wants k d contracts of a book that is d below what it takes it to be worth (tonight's close), as
    of any future: k = boldness x wealth / contract value; and no more than its free money is margin for (`most`). One
    price for all bidders is an assumption: houses publish that they auction, and differ in how.
    """
    if contracts <= 0.0 or highest <= 0.0:
        return 0.0
    bound = np.minimum(most, wanted_per_log * highest)
    able = bound > 0.0
    k, m = wanted_per_log[able], bound[able]
    full = m / k  # the discount at which a bidder's money is used up, or the highest
    order = np.argsort(full, kind="stable")
    k, m, full = k[order], m[order], full[order]
    slope = np.append(np.cumsum(k[::-1])[::-1], 0.0)  # of the bidders that still want more
    used = np.concatenate([[0.0], np.cumsum(m)])
    taken = used[:-1] + slope[:-1] * full  # by all at each of these discounts
    i = int(np.searchsorted(taken, contracts))
    if i == len(full):
        return highest
    return float(min(highest, (contracts - used[i]) / slope[i]))


def bids(wanted_per_log: Floats, most: Floats, at: float) -> Floats:
    """What each bidder takes at a log discount (n,), contracts."""
    return np.asarray(np.minimum(wanted_per_log * at, np.maximum(0.0, most)))
