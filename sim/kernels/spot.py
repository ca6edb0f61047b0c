"""The day's hours in the rental market: uniform-price auctions by product and hour, and what each row got.

Units: VE (H100 value equivalents), VE-hours, USD per VE-hour. Shapes: R supply rows, U demand rows, J products,
W kinds of work, S seasons, T steps of the day.
"""

import math

import numpy as np

from sim.kernels.jit import jit
from sim.rules import spot as rules

offer_share = jit(rules.offer_share)
swing_share = jit(rules.swing_share)
demand_share = jit(rules.demand_share)
preference = jit(rules.preference)

TOLERANCE = 1e-13
CONVEX = 0


@jit
def demand_at(x, base, log_reference, elasticity):
    """Total demand at log price x; equal neighbours share one evaluation of the rule."""
    total, factor, last_reference, last_elasticity = 0.0, 0.0, math.inf, math.inf
    for i in range(base.shape[0]):
        if log_reference[i] != last_reference or elasticity[i] != last_elasticity:
            last_reference, last_elasticity = log_reference[i], elasticity[i]
            factor = demand_share(x, last_reference, last_elasticity)
        total += base[i] * factor
    return total


@jit
def share_offered(x, price, kind, a, b, c):
    """Share of a supply row's capacity that is offered at log price x."""
    if kind == CONVEX:
        return offer_share(price, a, b, c)
    return swing_share(x, a, b)


@jit
def supply_at(x, product, kind, capacity, a, b, c):
    """Total supply of a product at log price x; equal neighbours share one evaluation of the rule."""
    price = math.exp(x)
    total, factor = 0.0, 0.0
    last_kind, last_a, last_b, last_c = -1, math.inf, math.inf, math.inf
    for r in range(kind.shape[0]):
        if kind[r] != last_kind or a[r] != last_a or b[r] != last_b or c[r] != last_c:
            last_kind, last_a, last_b, last_c = kind[r], a[r], b[r], c[r]
            factor = share_offered(x, price, last_kind, last_a, last_b, last_c)
        total += capacity[r, product] * factor
    return total


@jit
def clear_hour(start, low, high, product, base, log_reference, elasticity, kind, capacity, a, b, c):
    """Log price at which supply meets demand: low where nothing is wanted, high (the cap) where supply falls short.

    Brackets the root outwards from the last price, then closes in by the Illinois variant of false position;
    excess demand falls in the price, so the root is unique. Returns (log price, demand, supply).
    """
    x = min(max(start, low), high)
    demand = demand_at(x, base, log_reference, elasticity)
    supply = supply_at(x, product, kind, capacity, a, b, c)
    z = demand - supply
    if abs(z) <= TOLERANCE * demand:
        return x, demand, supply
    step = 0.01 if z > 0.0 else -0.01
    other, z_other = x, z
    while z * z_other > 0.0:
        x, z = other, z_other
        if (step > 0.0 and x >= high) or (step < 0.0 and x <= low):
            return x, demand, supply
        other = min(max(x + step, low), high)
        step *= 3.0
        demand = demand_at(other, base, log_reference, elasticity)
        supply = supply_at(other, product, kind, capacity, a, b, c)
        z_other = demand - supply
        if abs(z_other) <= TOLERANCE * demand:
            return other, demand, supply
    weight = z
    for _ in range(200):
        middle = (x * z_other - other * weight) / (z_other - weight)
        if not (min(x, other) < middle < max(x, other)):
            middle = 0.5 * (x + other)
        demand = demand_at(middle, base, log_reference, elasticity)
        supply = supply_at(middle, product, kind, capacity, a, b, c)
        z_middle = demand - supply
        if z_middle * z_other < 0.0:
            x, weight = other, z_other
        else:
            weight *= 0.5
        other, z_other = middle, z_middle
        if abs(z_other) <= TOLERANCE * demand or abs(other - x) <= 1e-15:
            break
    return other, demand, supply


@jit
def serve(demand, supply, at_cap, service, classes, wanted, got):
    """Fill `got` from `wanted`: all of it, or at the cap by class of service and pro rata within a class."""
    if demand <= supply:
        for i in range(wanted.shape[0]):
            got[i] = wanted[i]
        return
    if not at_cap:
        for i in range(wanted.shape[0]):
            got[i] = wanted[i] * (supply / demand)
        return
    left = supply
    for level in range(classes):
        total = 0.0
        for i in range(wanted.shape[0]):
            if service[i] == level:
                total += wanted[i]
        share = 1.0 if total <= left else left / total
        for i in range(wanted.shape[0]):
            if service[i] == level:
                got[i] = wanted[i] * share
        left = max(0.0, left - total)


@jit
def clear_day(
    last_log_price,
    share,
    hours_per_step,
    adjustment,
    taste,
    substitution,
    low,
    high,
    work,
    service,
    season_row,
    season,
    quantity,
    log_reference,
    elasticity,
    kind,
    capacity,
    a,
    b,
    c,
):
    """Clear every product in every step of the day.

    `last_log_price` (J) and `share` (W, J: how each kind of work is spread over products now) are updated in place:
    a share `adjustment` of users reconsiders each step, by a logit of `substitution` over last step's log prices and
    `taste` (W, J). `season` is (S, T), `capacity` (R, J). Auctions of a step are independent of each other.
    Returns price (T, J) USD, traded (T, J) VE-hours, sold (R, J) VE-hours, revenue (R) USD, wanted, bought (U)
    VE-hours and spent (U) USD.
    """
    steps, products, rows, users = season.shape[1], capacity.shape[1], capacity.shape[0], quantity.shape[0]
    price = np.zeros((steps, products))
    traded = np.zeros((steps, products))
    sold = np.zeros((rows, products))
    revenue = np.zeros(rows)
    wanted_hours = np.zeros(users)
    bought_hours = np.zeros(users)
    spent = np.zeros(users)
    base = np.zeros(users)
    wanted = np.zeros(users)
    got = np.zeros(users)
    classes = 0
    for i in range(users):
        classes = max(classes, service[i] + 1)
    for t in range(steps):
        for j in range(products):
            for i in range(users):
                base[i] = quantity[i] * season[season_row[i], t] * share[work[i], j]
            x, demand, supply = clear_hour(
                last_log_price[j], low, high, j, base, log_reference, elasticity, kind, capacity, a, b, c
            )
            p = math.exp(x)
            price[t, j] = p
            for i in range(users):
                wanted[i] = base[i] * demand_share(x, log_reference[i], elasticity[i])
            serve(demand, supply, x >= high, service, classes, wanted, got)
            volume = 0.0
            for i in range(users):
                wanted_hours[i] += wanted[i] * hours_per_step
                bought_hours[i] += got[i] * hours_per_step
                spent[i] += got[i] * hours_per_step * p
                volume += got[i]
            used = volume / supply if supply > 0.0 else 0.0
            for r in range(rows):
                hours = capacity[r, j] * share_offered(x, p, kind[r], a[r], b[r], c[r]) * used * hours_per_step
                sold[r, j] += hours
                revenue[r] += hours * p
            traded[t, j] = volume * hours_per_step
            last_log_price[j] = x
        for w in range(share.shape[0]):
            total = 0.0
            for j in range(products):
                total += taste[w, j] * preference(last_log_price[j], last_log_price[0], substitution)
            for j in range(products):
                target = taste[w, j] * preference(last_log_price[j], last_log_price[0], substitution) / total
                share[w, j] += adjustment * (target - share[w, j])
    return price, traded, sold, revenue, wanted_hours, bought_hours, spent
