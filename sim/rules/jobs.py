"""What a training job with a deadline would pay. Plain scalar functions."""

import math

HOURS = 24.0
STEP_SLACK = (0.0, 1.0, 3.0)  # at which urgent, normal and patient jobs bid; between two a job has a part in both


def slack(days_left: float, work_ve_hours: float, pace_ve: float) -> float:
    """Spare time over the time needed at full pace: z = days left / (work / pace) - 1; below zero it must be late."""
    return days_left * HOURS * pace_ve / work_ve_hours - 1.0


def bid(value_usd: float, spare: float, steepness: float) -> float:
    """Most that a job pays for an hour: v (1 + z) ** -eta, which rises to v as its slack z shrinks to none."""
    return value_usd * math.exp(-steepness * math.log(1.0 + max(0.0, spare)))


def share_below_bid(rent_usd: float, bid_usd: float, elasticity: float) -> float:
    """Share of jobs bidding about `bid_usd` that run at a rent: clip(1/2 - epsilon ln(rent / bid), 0, 1)."""
    return min(1.0, max(0.0, 0.5 - elasticity * math.log(rent_usd / bid_usd)))


def steps_of(usable_ve: float, spare: float) -> tuple[float, float, float]:
    """What a job of this slack can use all day, VE, in the three steps of urgency: between two it has a part in both.

    The slack is that which it would have tomorrow if it did nothing today.
    """
    urgent, normal, patient = STEP_SLACK
    if spare <= urgent:
        return usable_ve, 0.0, 0.0
    if spare <= normal:
        part = usable_ve * (spare - urgent) / (normal - urgent)
        return usable_ve - part, part, 0.0
    if spare >= patient:
        return 0.0, 0.0, usable_ve
    part = usable_ve * (spare - normal) / (patient - normal)
    return 0.0, usable_ve - part, part
