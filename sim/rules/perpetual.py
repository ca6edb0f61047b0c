"""Perpetuals: what longs pay shorts every few hours, and what a contract that never settles is worth until then."""

import math
from collections.abc import Sequence


def funding_rate(premium: float, response: float, band: float, cap: float) -> float:
    """Share of the index that a long pays a short at one payment; below 0 the short pays.

    f = clip(r sign(P) max(0, |P| - b), -c, c): P the mark over the index less one, b a band in which nothing is paid, c
    the cap, r the response. With r = 1 it is the formula that exchanges publish, P + clip(-P, -b, b) (confidence M);
    with b = 0 and no cap, n payments a year anchor the mark at the intensity kappa = n r (Ackerer, Hugonnier and
    Jermann, "Perpetual Futures Pricing").
    """
    beyond = math.copysign(max(0.0, abs(premium) - band), premium)
    return min(max(response * beyond, -cap), cap)


def mark_before(mark_after: float, index: float, response: float, band: float, cap: float) -> float:
    """Mark V before a payment, of which a holder gains nothing: V + f(V / S - 1) S = `mark_after`, S the index, USD.

    The left side rises with V, so there is one; of its three forms (nothing paid, a payment in proportion, the cap) the
    one that holds is taken.
    """
    if abs(mark_after / index - 1.0) <= band:
        return mark_after
    side = 1.0 if mark_after > index else -1.0
    edge = index * (1.0 + side * band)
    paid = side * (mark_after - edge) * response / (1.0 + response)
    return mark_after - side * min(paid, cap * index)


def perpetual_value(index: Sequence[float], response: float, band: float, cap: float) -> float:
    """What a perpetual is worth to those who expect this index at each payment to come, and the mark on it at the last.

    Worked back from the last payment by `mark_before`, USD per GPU-hour. Inside the band it is the index of the last
    payment, as of a future that settles then; with no band and no cap it is the mean of the index at a random time
    with the intensity of the anchor, as published.
    """
    value = index[-1]
    for usd in reversed(index[:-1]):
        value = mark_before(value, usd, response, band, cap)
    return value
