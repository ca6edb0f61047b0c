"""What physical participants do in futures (Keynes 1930, Hirshleifer 1988; schedules as in Bessembinder-Lemmon 2002)."""


def hedge_target(hedge_ratio: float, exposure_hours: float, contract_hours: float) -> float:
    """Contracts that cover a share of an exposure: h Y / contract size; sold by landlords, bought by users."""
    return hedge_ratio * exposure_hours / contract_hours


def hedge_schedule(
    target: float, held: float, expected_usd: float, price_usd: float, tolerance: float, reach: float
) -> tuple[float, float, float, float]:
    """Linear schedule in the price F: position target + T (E - F) / F0, within +- reach of the target.

    The hedge plus a speculative part (E - F) / (A V) with the variance taken as proportional to price squared, so
    that T = F0 / (A V) is in contracts per unit of relative mispricing. Returns (trade at F0, slope per USD, lowest
    and highest trade) in contracts.
    """
    slope = tolerance / price_usd
    at_last = target + slope * (expected_usd - price_usd) - held
    return at_last, slope, target - reach - held, target + reach - held
