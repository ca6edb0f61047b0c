"""Expectations of rents: a long-run anchor that falls with technology, and deviations that are believed to fade."""

import math


def annuity(rate: float, years: float) -> float:
    """Present value of one a year for `years` at `rate`: A(x, T) = (1 - exp(-x T)) / x, and T at x = 0."""
    if abs(rate) < 1e-12:
        return years
    return (1.0 - math.exp(-rate * years)) / rate


def expected_rent(rent: float, anchor: float, technology: float, reversion: float, years: float) -> float:
    """Rent expected `years` ahead: anchor e^(-g s) + (rent - anchor) e^(-(g + kappa) s), USD per VE-hour.

    g is the rate at which technology lowers rents, kappa the believed speed at which a deviation fades: the perceived
    persistence of shocks (a half-life of ln 2 / kappa), the master parameter of collateral risk.
    """
    return anchor * math.exp(-technology * years) + (rent - anchor) * math.exp(-(technology + reversion) * years)


def mean_expected_rent(rent: float, anchor: float, technology: float, reversion: float, years: float) -> float:
    """Mean of `expected_rent` over the coming `years`: what a contract of that tenor replaces."""
    return (
        anchor * annuity(technology, years) / years + (rent - anchor) * annuity(technology + reversion, years) / years
    )


def contract_worth(idle: float, security: float, security_years: float, obsolescence: float, years: float) -> float:
    """Log worth of capacity under contract over the mean rent of its tenor, to one who uses it.

    Less what stands idle since all hours are paid, plus security of supply, which short tenors do not give, less the
    cost of being tied to ageing chips: ln(1 - idle + security (1 - e^(-T / T_s)) - obsolescence T). In the words of a
    newsvendor, who reserves up to P(D > R) = rent under contract / rent on the day, it is the margin that moves R.
    """
    return math.log(max(0.01, 1.0 - idle + security * (1.0 - math.exp(-years / security_years)) - obsolescence * years))


def slow_mean(level: float, rent: float, days: float) -> float:
    """Next day's slow mean of rents, in logs: level * (rent / level) ** (1 / days)."""
    return level * math.exp(math.log(rent / level) / days)
