"""What a chip is worth to its owner and how many are ordered (q theory with time to build)."""

import math

from sim.rules.rents import annuity

HOURS_PER_YEAR = 8760.0


def chip_value(
    margin_usd: float,
    deviation_usd: float,
    cost_of_capital: float,
    technology: float,
    reversion: float,
    life_years: float,
    lead_years: float,
) -> float:
    """Present value of the margins of one VE ordered today, USD.

    V = e^(-r lead) * 8760 * (M A(r + g, L) + D A(r + g + kappa, L)): the margin at the anchor rent falls with
    technology g, the deviation D of revenue from it also fades at the believed speed kappa.
    """
    rate = cost_of_capital + technology
    lasting = margin_usd * annuity(rate, life_years)
    fading = deviation_usd * annuity(rate + reversion, life_years)
    return math.exp(-cost_of_capital * lead_years) * HOURS_PER_YEAR * (lasting + fading)


def order_rate(q: float, q_star: float, replacement_rate: float, stiffness: float, ahead: float) -> float:
    """Chips ordered per year as a share of the fleet: max(0, b + (q - q*) / k) * ahead.

    b is the delivery rate that keeps the fleet on its growth path and `ahead` the factor by which orders are made
    ahead of growth; without the intercept b the fleet would not be sustained at q = q*.
    """
    return max(0.0, replacement_rate + (q - q_star) / stiffness) * ahead


def grade_mix(qs: list[float], shares: list[float], sensitivity: float) -> tuple[list[float], float]:
    """Logit of the grades of an order over their q, around given shares. Returns (mix, mean q)."""
    best = max(qs)
    pulls = [share * math.exp(sensitivity * (q - best)) for q, share in zip(qs, shares, strict=True)]
    total = math.fsum(pulls)
    mix = [pull / total for pull in pulls]
    return mix, math.fsum(m * q for m, q in zip(mix, qs, strict=True))


def cost_of_capital(advance_rate: float, debt_rate: float, equity_rate: float) -> float:
    """Weighted cost of capital: a * (base + spread) + (1 - a) * r_E, per year."""
    return advance_rate * debt_rate + (1.0 - advance_rate) * equity_rate
