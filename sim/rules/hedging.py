"""What physical participants do in futures (Keynes 1930, Hirshleifer 1988, Bessembinder and Lemmon 2002)."""


def layered(hedge_ratio: float, years_ahead: float, horizon_years: float) -> float:
    """Hedge ratio of a month so far ahead: none at the horizon, all of it at delivery (layered hedging)."""
    return hedge_ratio * max(0.0, 1.0 - years_ahead / horizon_years)


def hedge_schedule(
    target: float, held: float, expected_usd: float, price_usd: float, tolerance: float, reach: float, pace: float
) -> tuple[float, float, float, float]:
    """Linear schedule in the price F: position target + T (E - F) / F0, within +- reach of it and +- pace a day.

    The hedge plus a speculative part (E - F) / (A V) with the variance taken as proportional to price squared, so
    that T = F0 / (A V) is in contracts per unit of relative mispricing. Returns (trade at F0, slope per USD, lowest
    and highest trade) in contracts.
    """
    slope = tolerance / price_usd
    at_last = target + slope * (expected_usd - price_usd) - held
    lowest, highest = target - reach - held, target + reach - held
    return at_last, slope, min(max(lowest, -pace), pace), max(min(highest, pace), -pace)
