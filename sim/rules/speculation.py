"""How a speculator in futures thinks: fundamentalist, chartist and noise in one (FCN; Chiarella and Iori 2002)."""

import math

ACTIVE, CLOSING, BANKRUPT = 0, 1, 2  # CLOSING: in margin default, being closed out by market orders

LARGEST_RETURN = 0.3
FLAT_CONTRACTS = 1e-9


def mispricing(expected_usd: float, price_usd: float, persistence: float, news: float) -> float:
    """Log distance of the expected settlement from the price; `news` is the hour's log change of rents that lasts."""
    return math.log(expected_usd / price_usd) + persistence * news


def informed(mispriced: float, lift: float, signal: float, price_weight: float) -> float:
    """Log distance to one who has a private signal and defers to the price by a weight theta, in logs.

    Own expectation E_i = ln E + lift x signal, then E_i <- (1 - theta) E_i + theta ln F: what is left of the distance
    is (1 - theta) (ln E / F + lift x signal). `lift` is that of `sim.rules.information`; zeros change no bit.
    """
    return (1.0 - price_weight) * (mispriced + lift * signal)


def expected_return(
    mispriced: float,
    trend_per_day: float,
    noise: float,
    fundamental_weight: float,
    chartist_weight: float,
    noise_weight: float,
    horizon_days: float,
    noise_sd: float,
) -> float:
    """Log return that an FCN trader expects (Chiarella, Iori and Perello 2009, eq. 3), within +-0.3."""
    weights = fundamental_weight + chartist_weight + noise_weight
    if weights <= 0.0:
        return 0.0
    drift = fundamental_weight * mispriced + chartist_weight * trend_per_day * horizon_days
    drift = (drift + noise_weight * noise_sd * noise) / weights
    return min(max(drift, -LARGEST_RETURN), LARGEST_RETURN)


def target_position(
    expected: float,
    price_usd: float,
    wealth_usd: float,
    free_margin_usd: float,
    boldness: float,
    margin_share: float,
    contract_hours: float,
) -> float:
    """Contracts held at best: boldness x wealth x expected log return of value, as far as free cash is margin."""
    contract_usd = price_usd * contract_hours
    most = max(free_margin_usd, 0.0) / (margin_share * contract_usd)
    wanted = boldness * max(wealth_usd, 0.0) * expected / contract_usd
    return min(max(wanted, -most), most)


def limit_tick(expected: float, price_usd: float, quantity: float, tick_usd: float) -> int:
    """Limit of an order at the trader's own valuation, on the tick that is not worse: buys below it, sells above."""
    ticks = price_usd * math.exp(expected) / tick_usd
    return math.floor(ticks) if quantity > 0.0 else math.ceil(ticks)


def standing_at_close(
    standing: int,
    equity_usd: float,
    notional_usd: float,
    largest_contracts: float,
    maintenance_share: float,
    floor_usd: float,
) -> int:
    """Standing after the day's margin: closed out below maintenance until flat, then back, or out at the floor."""
    if standing == BANKRUPT:
        return BANKRUPT
    if largest_contracts <= FLAT_CONTRACTS:
        return BANKRUPT if equity_usd <= floor_usd else ACTIVE
    if standing == CLOSING or equity_usd < maintenance_share * notional_usd:
        return CLOSING
    return ACTIVE
