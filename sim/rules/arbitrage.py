"""Basis trades: what is dear at one venue is sold against what is cheap at another, as far as own money is margin."""


def wanted_share(gap: float, threshold: float, width: float) -> float:
    """Share of the money for a pair that is at work at a log gap, + long the first and short the second leg.

    x = clip((|s| - c) / w, 0, 1) with the sign of s = ln(F2 / E2) - ln(F1 / E1): F prices, E what each leg is expected
    to be worth, so that a usual difference of the indices is no gap; c what two legs cost. Positions grow with the gap
    and shrink with what is owned, so that losses force them out when it is widest (Shleifer and Vishny 1997).
    """
    used = min(1.0, max(0.0, abs(gap) - threshold) / width)
    return used if gap > 0.0 else -used


def most_usd(money_usd: float, margin_of_one: float, margin_of_two: float) -> float:
    """Value of each leg, USD, at which the margins of both are all the money for a pair."""
    return money_usd / (margin_of_one + margin_of_two)


def slope_per_usd(most_contracts: float, width: float, price_usd: float) -> float:
    """Contracts less of a leg for each USD by which its own price rises at the close.

    All the money is at work `width` (logs) beyond the threshold, and the other leg closes half of a gap: 2 N / (w F).
    """
    return 2.0 * most_contracts / (width * price_usd)
