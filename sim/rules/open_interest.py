"""How large a futures market is beside its spot market: open interest over a year's spot turnover."""

import math


def opinion_sd(noise_share: float, noise_sd: float, fundamental_share: float, error_sd: float) -> float:
    """Sd over a trader's draws of the log return it expects: ((w_n noise)^2 + (w_f error)^2)^(1/2).

    Shares w are weights over their sum, as in `sim.rules.speculation.expected_return`; `error_sd` is what the error of
    its own signal does to the log settlement that it expects of a month.
    """
    return math.hypot(noise_share * noise_sd, fundamental_share * error_sd)


def interest_of_disagreement(wealth_usd: float, boldness: float, opinion_sds: float, margin_share: float) -> float:
    """Open interest, USD, that a trader's own opinions are worth: half of E|position| over the months it may hold.

    Position = boldness x wealth x e with e normal, `opinion_sds` the sum of its sd over months, so that half of
    E|position| is boldness wealth sds (2/pi)^(1/2) / 2, and never more than wealth / (2 margin).
    """
    return wealth_usd * min(0.5 * boldness * opinion_sds * math.sqrt(2.0 / math.pi), 0.5 / margin_share)


def size_for(share: float, hedged: float, crowd: float) -> float:
    """Size s at which open interest is a `share` of annual spot turnover; infinite where none is.

    With hedgers' part H and the crowd's own part C at s = 1, shares of annual turnover, open interest is
    min(1, s) H + s C. Below H + C hedgers and the crowd shrink alike, s = share / (H + C), and since prices are of
    degree nought in sizes they stay; above it hedgers hedge what their ratio says and the crowd alone is larger,
    s = (share - H) / C.
    """
    both = hedged + crowd
    if both > 0.0 and share <= both:
        return share / both
    return (share - hedged) / crowd if crowd > 0.0 else math.inf
