"""How originate-to-distribute loosens lending standards."""

import math
from statistics import NormalDist

MOST_LIKELY_DEFAULT = 0.5


def loosening(kept_share: float, margin: float, asset_sd: float, strength: float) -> float:
    """Factor on advance rates when the originator bears only `kept_share` of a loan's losses; 1 if it bears all.

    An originator who earns the margin m on each extra dollar lent and bears a share of the put it writes lends until
    PD(l) = m / share, so that l = E[V] exp(-s^2/2 + s Phi^-1(m / share)) (Merton put; Keys et al. 2010 for the sign).
    `strength` scales the change; competition, ratings and covenants keep real advances from moving as far.
    """
    if strength == 0.0 or kept_share >= 1.0:
        return 1.0
    normal = NormalDist()
    default = min(MOST_LIKELY_DEFAULT, margin / max(kept_share, 1e-12))
    ratio = math.exp(asset_sd * (normal.inv_cdf(default) - normal.inv_cdf(min(MOST_LIKELY_DEFAULT, margin))))
    return 1.0 + strength * (ratio - 1.0)
