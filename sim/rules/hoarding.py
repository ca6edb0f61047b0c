"""What scarcity makes people do: order twice, reserve as a precaution, keep capacity back (Sterman and Dogan 2015).

"When suppliers are unable to fill orders, delivery times rise and customers receive less than they desire. Customers
often respond by seeking larger safety stocks and by placing additional orders", which intensifies scarcity; it can be
rational where many compete for little (shortage gaming: Lee, Padmanabhan and Whang 1997, from memory, confidence M) and
a fifth of subjects do it where it never is (Sterman and Dogan 2015, Journal of Operations Management 39-40, abstract
read). In a chain of 73 shops scarcity upstream sets off runs that raise the variance of shipments by 6 to 19 % (Bray,
Yao, Duan and Huo 2019, Operations Research 67(2), abstract read). No source gives these elasticities for GPUs.
"""

import math

MOST_SCARCE = 5.0  # orders over what is met, or lead times over the usual; 52 weeks over 12 is the most on record


def scarcity(accepted_share: float, late_days: float, lead_days: float) -> float:
    """How many times the usual it takes to have chips in time: Z = (1 + late / lead) / accepted, at least 1.

    `accepted_share` of an order is met, and what is met arrives `late_days` after the usual `lead_days`: the supply
    line that keeps deliveries up is longer by the ratio of lead times (Little), and orders by the share that is met.
    """
    if accepted_share <= 0.0:
        return MOST_SCARCE
    return min(MOST_SCARCE, max(1.0, (1.0 + late_days / lead_days) / accepted_share))


def quoted_scarcity(quoted: float, seen: float, months: float) -> float:
    """Next month's public view of scarcity: it follows what was seen in logs, over so many months (1: at once)."""
    return quoted * math.exp(math.log(seen / quoted) / months) if seen != quoted else quoted


def orders_over_wanted(scarce: float, gamed: float) -> float:
    """Orders placed over what is wanted: Z^theta, with theta the share of scarcity that an owner makes up for.

    At theta = 1 it orders w / a to be given w, which turns into scarcity without end where no more is made. Below, with
    a share s made of what is wanted and all ordering Z^theta times that, all see Z = s^(-1 / (1 - theta)).
    """
    return math.exp(gamed * math.log(scarce))


def precaution(stock_outs: float, usual: float, scarce: float, per_stock_out: float, per_scarcity: float) -> float:
    """Stock that is reserved over what is needed: e^(a max(0, s - s_usual)) Z^b, exactly 1 where a and b are zero.

    s is the share of hours in which nothing was to be had, smoothed, s_usual what its reader has been used to, Z how
    scarce chips are: safety stocks rise when supply falters and when lead times lengthen.
    """
    return math.exp(per_stock_out * max(0.0, stock_outs - usual) + per_scarcity * math.log(scarce))


def withdrawn_share(advantage: float, elasticity: float) -> float:
    """Share of what is let by the hour that is kept for contracts: clip(e x, 0, 1).

    x is the log of the rent that contracts let expect over the rent by the hour, beyond its usual; e the share per log.
    """
    return min(1.0, max(0.0, elasticity * advantage))
