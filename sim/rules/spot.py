"""Behaviour in the hourly rental market: what is offered and wanted at a price. USD per VE-hour throughout.

Plain scalar functions: agents call them as they are, kernels compile them, and both give the same bits.
"""

import math

IDLE_DUST = 1e-9


def offer_share(price_usd: float, floor_usd: float, slope_usd: float, convexity: float) -> float:
    """Share of capacity offered at convex marginal cost: ((p - c) / m) ** (1 / eta), in [0, 1].

    Inverse of marginal cost p = c + m * u ** eta (the convex supply of Bessembinder and Lemmon 2002, with exponent
    1 + eta in total cost): a landlord adds capacity until the last hour's cost, wear and lost flexibility equal rent.
    """
    if price_usd <= floor_usd:
        return 0.0
    share = math.exp(math.log((price_usd - floor_usd) / slope_usd) / convexity)
    return share if share < 1.0 else 1.0


def swing_share(log_price: float, log_start: float, log_full: float) -> float:
    """Share of swing capacity that comes on: linear in log rent from 0 at `start` to 1 at `full`.

    Hyperscalers release own capacity, and labs re-let idle reservations, only when rents are high.
    """
    share = (log_price - log_start) / (log_full - log_start)
    if share <= 0.0:
        return 0.0
    return share if share < 1.0 else 1.0


def demand_share(log_price: float, log_reference: float, elasticity: float) -> float:
    """Demand relative to its level at the reference rent: (p / p_ref) ** -epsilon."""
    return math.exp(-elasticity * (log_price - log_reference))


def season(hour: float, amplitude: float, peak_hour: float) -> float:
    """Hour-of-day factor of inference load, mean one: 1 + a cos(2 pi (h - peak) / 24)."""
    return 1.0 + amplitude * math.cos(2.0 * math.pi * (hour - peak_hour) / 24.0)


def preference(log_price: float, log_reference: float, substitution: float) -> float:
    """Attraction of a product in the users' logit over log rents: (p_j / p_ref) ** -sigma."""
    return math.exp(-substitution * (log_price - log_reference))


def bid_share(log_price: float, log_bid: float, steepness: float) -> float:
    """Share of waiting work that runs at a price: clip(1/2 - steepness * ln(p / bid), 0, 1).

    A job is many tasks whose bids lie around the job's: half of them run at a price equal to its bid.
    """
    share = 0.5 - steepness * (log_price - log_bid)
    if share <= 0.0:
        return 0.0
    return share if share < 1.0 else 1.0


def idle_capacity(capacity_ve: float, let_ve: float) -> float:
    """What a seller has left of its capacity; a share of it that is but rounding is not let to anybody."""
    left = capacity_ve - let_ve
    return left if left > IDLE_DUST * capacity_ve else 0.0


def mean_offer(price_usd: float, floor_usd: float, slope_usd: float, convexity: float) -> float:
    """Mean marginal cost of what `offer_share` offers at a price p = c + m u ** eta: c + m u ** eta / (1 + eta)."""
    if price_usd <= floor_usd:
        return price_usd
    top = price_usd - floor_usd
    return floor_usd + (top if top < slope_usd else slope_usd) / (1.0 + convexity)


def mean_swing_offer(log_price: float, log_start: float, log_full: float) -> float:
    """Mean price at which the swing capacity that is on at a price came on: the mean of e ** x from start to there."""
    top = log_price if log_price < log_full else log_full
    if top <= log_start:
        return math.exp(log_price)
    return (math.exp(top) - math.exp(log_start)) / (top - log_start)
