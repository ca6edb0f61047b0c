"""Money in and out of funds: what holders want after a day's returns (Todorov 2024; Ivanov and Lenkey 2018)."""

import math


def wanted_flow(
    chase: float,
    return_5d: float,
    premium_aversion: float,
    premium: float,
    offset: float,
    leverage: float,
    return_1d: float,
    inflow_per_day: float,
    flow_sd: float,
    draw: float,
) -> float:
    """Net purchase over assets held: b1 R_5d - b2 premium - b3 (L - 1) r + trend + sigma_f eps.

    R_5d is the fund's log return over five days, r the day's return of the futures it follows, before leverage.
    """
    return (
        chase * return_5d
        - premium_aversion * premium
        - offset * (leverage - 1.0) * return_1d
        + inflow_per_day
        + flow_sd * draw
    )


def kept_dose(stated: float, measured: float, pace_per_day: float) -> float:
    """Subscriptions over shares that bring a measured loop gain back to what is stated: pace x ln(stated / measured).

    At most `pace_per_day` either way; nothing where no finite gain above zero is measured.
    """
    if stated <= 0.0 or not 0.0 < measured < math.inf:
        return 0.0
    return pace_per_day * min(max(math.log(stated / measured), -1.0), 1.0)


def front_weight(days_left: float, days_of_month: float) -> float:
    """Share of the nearest month in a roll of equal daily steps: all at the month's start, none at its end."""
    return min(1.0, max(0.0, days_left / days_of_month))


def assets_for_gain(target_gain: float, leverage: float, impact: float, front_interest_usd: float) -> float:
    """Assets in one month whose rebalancing has the gain: A = G OI / (Lambda (L^2 - L)) (Cheng and Madhavan 2009).

    `impact` is Lambda: log price change per order of one front-month open interest. With weights w_m in two months a
    fund's own gain in each is A Lambda w_m L (w_m L - 1) / OI and the cross gains A Lambda w_1 w_2 L^2 / OI, so this is
    a first guess: `sim/funds/dose.py` finds the size on the auction.
    """
    return target_gain * front_interest_usd / (impact * (leverage * leverage - leverage))
