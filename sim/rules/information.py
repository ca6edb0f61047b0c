"""What a trader who has a private signal of demand to come makes of it (Hellwig 1980; Sockin and Xiong 2015).

The slow log factor of demand x has innovations u a day and keeps a share d of itself from day to day. What of x in H
days is not known today is the news N = sum over k = 1..H of d^(H - k) u_(t+k). Trader i sees s_i = N + sigma e_i, of
precision rho = Var N / (Var N + sigma^2), so that it expects rho s_i of N.
"""

import math


def news_variance(innovation_sd: float, decay: float, days: float) -> float:
    """Var N over so many days: sd^2 (1 - d^2H) / (1 - d^2), squared logs; sd is of a day's innovation."""
    if decay >= 1.0:
        return innovation_sd**2 * days
    log_decay = math.log(decay) if decay > 0.0 else -math.inf
    return innovation_sd**2 * math.expm1(2.0 * days * log_decay) / math.expm1(2.0 * log_decay)


def signal_error_sd(variance: float, precision: float) -> float:
    """Sd of a signal's own error: sigma^2 = Var N (1 - rho) / rho; rho above zero."""
    return math.sqrt(variance * (1.0 - precision) / precision)


def told_of_day(decay: float, horizon_days: float, days: float) -> float:
    """What one of news over the horizon H says of demand `days` (h) ahead: Cov(N_h, N_H) / Var N_H.

    Within the horizon d^(H - h) Var N_h / Var N_H, which rises from nothing to one; beyond it d^(h - H), which fades.
    """
    if days >= horizon_days:
        return math.pow(decay, days - horizon_days)
    part = news_variance(1.0, decay, days) / news_variance(1.0, decay, horizon_days)
    return part * math.pow(decay, horizon_days - days)


def lift(response: float, precision: float, told: float, unknown_share: float) -> float:
    """Rise of the log settlement expected per unit of signal: response x rho x told x share of the month unknown.

    `response` is the log change of rents per log of demand, 1 / (elasticity of supply + that of demand).
    """
    return response * precision * told * unknown_share
