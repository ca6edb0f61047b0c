"""What physical participants do in futures (Keynes 1930, Hirshleifer 1988, Bessembinder and Lemmon 2002)."""

from __future__ import annotations


def believed_ratio(
    covariance: float, variance: float, changes: int, mandated: float, prior_days: float, most: float
) -> float:
    """Hedge ratio of one who minimises the variance of its own result: h = clip((n h* + k h0) / (n + k), 0, most).

    h* = Cov(dR, dF) / Var(dF) (Johnson 1960, Ederington 1979) of n `changes` of own revenue per VE-hour and of the
    futures price, both USD per VE-hour; the mandated ratio h0 counts as k `prior_days` of them. Without a change of the
    price there is nothing to learn: h0.
    """
    if changes == 0 or variance <= 0.0:
        return min(max(mandated, 0.0), most)
    told = changes * (covariance / variance) + prior_days * mandated
    return min(max(told / (changes + prior_days), 0.0), most)


def basis_risk(ratio: float, covariance: float, variance: float, own_variance: float) -> float:
    """Share of the variance of own revenue that is left at a ratio h: 1 - (2 h Cov - h^2 Var F) / Var R.

    At h* it is 1 - Corr^2; above 1 the hedge adds risk.
    """
    return 1.0 - (2.0 * ratio * covariance - ratio * ratio * variance) / own_variance if own_variance > 0.0 else 1.0


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
