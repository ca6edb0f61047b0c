"""What a note is worth that may not be repaid in full: its expected cash flows, discounted at what investors ask."""


def loss_intensity(lost: float, life_years: float) -> float:
    """Rate a year at which a note loses principal: lambda = e / ((1 - e) T), at which the share e of it is lost in all.

    Principal comes back at the rate 1/T a year, T the mean life, and is lost at lambda, so that e = lambda / (1/T +
    lambda). Infinite where all is lost.
    """
    return lost / ((1.0 - lost) * life_years) if lost < 1.0 else float("inf")


def note_price(coupon: float, asked: float, rate: float, lost: float, lost_usually: float, life_years: float) -> float:
    """Price over what is owed: p = (r + s + 1/T) / (r + a + 1/T + lambda - lambda*).

    The integral over t of (r + s + 1/T) e^(-(1/T + lambda) t) e^(-(r + a - lambda*) t): interest at the policy rate r
    and the coupon s, principal over the mean life T, both on what is left after losses at the rate lambda, as in
    reduced-form pricing with nothing recovered of what is lost (Lando 1998; Duffie and Singleton 1999; from memory,
    confidence M). Spreads asked, a, are promised ones: they pay for the losses lambda* that such a note usually has,
    so that what is discounted at is r + a - lambda*, and a note that pays what is asked and loses what is usual is at
    par.
    """
    intensity = loss_intensity(lost, life_years)
    discount = rate + asked + 1.0 / life_years - loss_intensity(lost_usually, life_years)
    return (rate + coupon + 1.0 / life_years) / (max(0.0, discount) + intensity) if intensity < float("inf") else 0.0
