"""The day's hours in the rental market: auctions, list prices and interruptible capacity, by product and hour.

Units: VE (H100 value equivalents), VE-hours, USD per VE-hour. Log prices are comparable ones: the price over the
product's `level` (what its tier's bundle is worth on the growth path). Shapes: R supply rows, O owners, G groups of
demand, J products, W kinds of work by home, S seasons, T steps of the day.
"""

import math

import numpy as np

from sim.kernels.jit import jit
from sim.rules import spot as rules

offer_share = jit(rules.offer_share)
swing_share = jit(rules.swing_share)
demand_share = jit(rules.demand_share)
bid_share = jit(rules.bid_share)
preference = jit(rules.preference)
mean_offer = jit(rules.mean_offer)
mean_swing_offer = jit(rules.mean_swing_offer)
idle_capacity = jit(rules.idle_capacity)

TOLERANCE = 1e-13
CONVEX = 0
UNIFORM, PAY_AS_BID, POSTED, INTERRUPTIBLE = range(4)


@jit
def share_wanted(x, form, log_reference, elasticity):
    """Demand of a group at log price x, over its base."""
    if form == 0:
        return demand_share(x, log_reference, elasticity)
    return bid_share(x, log_reference, elasticity)


@jit
def add_up(base, kind, at_zero, total):
    """Isoelastic demand at log price 0 by elasticity: total[k] = sum of base * at_zero over the groups of kind k."""
    total[:] = 0.0
    for i in range(base.shape[0]):
        if kind[i] >= 0:
            total[kind[i]] += base[i] * at_zero[i]


@jit
def demand_at(x, total, elasticities, base, kind, log_reference, elasticity):
    """Total demand at log price x: isoelastic demand by elasticity, bids one by one (their kind is -1)."""
    found = 0.0
    for k in range(total.shape[0]):
        found += total[k] * demand_share(x, 0.0, elasticities[k])
    for i in range(base.shape[0]):
        if kind[i] < 0:
            found += base[i] * bid_share(x, log_reference[i], elasticity[i])
    return found


@jit
def kinds_of_elasticity(form, elasticity):
    """Number the distinct elasticities of isoelastic groups: (kind (G), -1 for bids; elasticities (K))."""
    groups = form.shape[0]
    kind, found = np.full(groups, -1), np.zeros(groups)
    count = 0
    for i in range(groups):
        if form[i] != 0:
            continue
        for k in range(count):
            if found[k] == elasticity[i]:
                kind[i] = k
        if kind[i] < 0:
            found[count], kind[i] = elasticity[i], count
            count += 1
    return kind, found[:count].copy()


@jit
def share_offered(x, price, kind, a, b, c):
    """Share of a supply row's capacity that is offered at log price x."""
    if kind == CONVEX:
        return offer_share(price, a, b, c)
    return swing_share(x, a, b)


@jit
def runs_of_equals(kind, a, b, c):
    """Where runs of neighbours that offer alike begin, and the number of rows: (runs + 1)."""
    rows = kind.shape[0]
    begin = np.zeros(rows + 1, dtype=np.int64)
    count = 0
    for r in range(rows):
        if r == 0 or kind[r] != kind[r - 1] or a[r] != a[r - 1] or b[r] != b[r - 1] or c[r] != c[r - 1]:
            begin[count] = r
            count += 1
    begin[count] = rows
    return begin[: count + 1].copy()


@jit
def supply_at(x, begin, kind, capacity, a, b, c):
    """Total supply at log price x of the first rows, as many as `capacity` has; a run of equals asks the rule once."""
    price, total = math.exp(x), 0.0
    for run in range(begin.shape[0] - 1):
        first, end = begin[run], min(begin[run + 1], capacity.shape[0])
        if first < end:
            share = share_offered(x, price, kind[first], a[first], b[first], c[first])
            for r in range(first, end):
                total += capacity[r] * share
    return total


@jit
def shares_offered(x, begin, kind, a, b, c, share):
    """Fill `share` (R) with what each row offers of its capacity at log price x, run by run."""
    price = math.exp(x)
    for run in range(begin.shape[0] - 1):
        first = begin[run]
        share[first : begin[run + 1]] = share_offered(x, price, kind[first], a[first], b[first], c[first])


@jit
def clear_hour(
    start, low, high, total, elasticities, base, sort, log_reference, elasticity, begin, kind, capacity, a, b, c
):  # fmt: skip
    """Log price at which supply meets demand: low where nothing is wanted, high (the cap) where supply falls short.

    Brackets the root outwards from the last price, then closes in by the Illinois variant of false position;
    excess demand falls in the price, so the root is unique. Returns (log price, demand, supply).
    """
    x = min(max(start, low), high)
    demand = demand_at(x, total, elasticities, base, sort, log_reference, elasticity)
    supply = supply_at(x, begin, kind, capacity, a, b, c)
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
        demand = demand_at(other, total, elasticities, base, sort, log_reference, elasticity)
        supply = supply_at(other, begin, kind, capacity, a, b, c)
        z_other = demand - supply
        if abs(z_other) <= TOLERANCE * demand:
            return other, demand, supply
    weight = z
    for _ in range(200):
        middle = (x * z_other - other * weight) / (z_other - weight)
        if not (min(x, other) < middle < max(x, other)):
            middle = 0.5 * (x + other)
        demand = demand_at(middle, total, elasticities, base, sort, log_reference, elasticity)
        supply = supply_at(middle, begin, kind, capacity, a, b, c)
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
def split_by_ask(capacity, log_ask, substitution, split):
    """How customers of a product with list prices are spread over its sellers (R), by capacity and asks.

    Fills `split`: capacity * ask ** -substitution, normalised. Returns the mean log ask.
    """
    rows = capacity.shape[0]
    total, weight, mean = 0.0, 0.0, 0.0
    for r in range(rows):
        weight += capacity[r]
        mean += capacity[r] * log_ask[r]
    if weight == 0.0:
        return math.nan
    mean /= weight
    for r in range(rows):
        split[r] = capacity[r] * preference(log_ask[r], mean, substitution)
        total += split[r]
    for r in range(rows):
        split[r] /= total
    return mean


@jit
def sell_from_shelves(demand, split, shelf, now, turned):
    """Sell at list prices: customers ask their seller first, those turned away the others, pro rata to what is left.

    `shelf` (R) is what each can let, `now` what each lets in this hour (filled), `turned` adds up what was asked of
    each. Returns VE let.
    """
    rows = shelf.shape[0]
    left, room, sold = 0.0, 0.0, 0.0
    for r in range(rows):
        asked = demand * split[r]
        turned[r] += asked
        now[r] = min(asked, shelf[r])
        left += asked - now[r]
        room += shelf[r] - now[r]
    more = min(1.0, left / room) if room > 0.0 else 0.0
    for r in range(rows):
        now[r] += (shelf[r] - now[r]) * more
        sold += now[r]
    return sold


@jit
def clear_day(
    # state, updated in place
    last_log_price, share, waiting, hidden, last_let, last_running, fill,
    # rules
    hours_per_step, adjustment, pull, shift, substitution, low, high, retry,
    # products, in the order in which they clear
    sequence, mechanism, partner, rate, level,
    # demand
    work, service, season_row, season, quantity, form, log_reference, elasticity,
    # supply
    owner, kind, capacity, a, b, c, log_ask,
):  # fmt: skip
    """Clear every product in every step of the day.

    State: `last_log_price` (J), `share` (W, J: how each kind of work is spread over products now), `waiting` (G: VE
    that was wanted and not served, comes back), `hidden` (O, J: capacity being made ready for the next customer),
    `last_let` (O, J: VE let in the last step), `last_running` (J: VE on interruptible products), `fill` (J: share of
    demand served). After each step a share `adjustment` of users reconsiders, by a logit of `substitution` over
    comparable log prices less `shift` (W, J: efficiency for the work, cost of moving), weighed by `pull` (W, J) and by
    what was to be had.

    A product's `mechanism` is UNIFORM (all pay the clearing price), PAY_AS_BID (sellers get their offers, raised by
    `rate` of the way to the clearing price), POSTED (list prices `log_ask` (R, J); what cannot be served asks at
    `partner` in the same hour; `rate` of what customers leave is ready again in the next step) or INTERRUPTIBLE
    (an auction of `rate` of the idle capacity of `partner`, taken back when that fills; nobody pays more there than on
    demand, and who finds nothing is back in the next step). At the cap a share `retry` of what is not served comes back
    in the next step.

    Returns price (T, J) USD, traded (T, J) VE-hours, let (R, J) VE-hours, revenue (R) USD, bought (G) VE-hours,
    spent (G) USD, unserved (G) VE-hours, interrupted (G) VE, asked (R, J) VE-hours, stock-outs (J) seller-steps.
    """
    steps, products, rows, groups = season.shape[1], capacity.shape[1], capacity.shape[0], quantity.shape[0]
    price, traded = np.zeros((steps, products)), np.zeros((steps, products))
    let, asked, revenue = np.zeros((products, rows)), np.zeros((products, rows)), np.zeros(rows)
    bought, spent = np.zeros(groups), np.zeros(groups)
    unserved, interrupted = np.zeros(groups), np.zeros(groups)
    stock_outs = np.zeros(products)
    base, wanted, got, again = np.zeros(groups), np.zeros(groups), np.zeros(groups), np.zeros(groups)
    anchor, spilled = np.zeros((products, groups)), np.zeros((products, groups))
    now, split, room = np.zeros((products, rows)), np.zeros((products, rows)), np.zeros(rows)
    list_price, offered = np.zeros((products, rows)), np.zeros(rows)
    to_let, ask = capacity.T.copy(), log_ask.T.copy()  # (J, R): a product's rows side by side
    posted_share, liked = np.zeros((products, groups)), np.zeros(products)
    at_zero = np.zeros((products, groups))
    sort, elasticities = kinds_of_elasticity(form, elasticity)
    begin, end = runs_of_equals(kind, a, b, c), np.zeros(products, dtype=np.int64)  # rows from end[j] on let nothing
    total_at_zero, falls = np.zeros(len(elasticities)), np.zeros(len(elasticities))
    classes = 0
    for i in range(groups):
        classes = max(classes, service[i] + 1)
    for j in range(products):
        for i in range(groups):
            anchor[j, i] = log_reference[i] + shift[work[i], j]
            if sort[i] >= 0:
                at_zero[j, i] = demand_share(0.0, anchor[j, i], elasticity[i])
        source = partner[j] if mechanism[j] == INTERRUPTIBLE else j
        for r in range(rows):
            if kind[r] == CONVEX or to_let[source, r] > 0.0:
                end[j] = r + 1
        if mechanism[j] == POSTED:
            mean = split_by_ask(to_let[j], ask[j], substitution, split[j])
            if not math.isnan(mean):
                last_log_price[j] = mean
            for r in range(rows):
                list_price[j, r] = math.exp(ask[j, r])
            for i in range(groups):
                posted_share[j, i] = share_wanted(last_log_price[j], form[i], anchor[j, i], elasticity[i])
    for t in range(steps):
        for i in range(groups):
            again[i] = 0.0
        for j in sequence:
            for i in range(groups):
                base[i] = (quantity[i] * season[season_row[i], t] + waiting[i]) * share[work[i], j] + spilled[j, i]
                spilled[j, i] = 0.0
            volume, paid = 0.0, 0.0
            if mechanism[j] == POSTED:
                demand = 0.0
                for i in range(groups):
                    wanted[i] = base[i] * posted_share[j, i]
                    demand += wanted[i]
                for r in range(end[j]):
                    room[r] = 0.0
                    if kind[r] == CONVEX:
                        room[r] = max(0.0, to_let[j, r] - hidden[owner[r], j])
                sold = sell_from_shelves(demand, split[j], room[: end[j]], now[j], asked[j])
                served = min(1.0, sold / demand) if demand > 0.0 else 1.0
                for r in range(end[j]):
                    paid += now[j, r] * list_price[j, r] * level[j]
                    if to_let[j, r] > 0.0 and kind[r] == CONVEX and now[j, r] >= room[r] * (1.0 - TOLERANCE):
                        stock_outs[j] += 1.0
                for i in range(groups):
                    got[i] = wanted[i] * served
                    volume += got[i]
                scale = volume / sold if sold > 0.0 else 0.0
                paid *= scale
                for r in range(end[j]):
                    now[j, r] *= scale
                    gone = max(0.0, last_let[owner[r], j] - now[j, r]) if kind[r] == CONVEX else 0.0
                    if kind[r] == CONVEX:
                        hidden[owner[r], j] = (hidden[owner[r], j] + gone) * (1.0 - rate[j])
                        last_let[owner[r], j] = now[j, r]
                    revenue[r] += now[j, r] * list_price[j, r] * level[j] * hours_per_step
                fill[j] = served
                if served < 1.0 - TOLERANCE:
                    for i in range(groups):
                        missed = base[i] * (1.0 - served)
                        if partner[j] >= 0:
                            spilled[partner[j], i] += missed
                        else:
                            again[i] += retry * missed
                            unserved[i] += (1.0 - retry) * (wanted[i] - got[i]) * hours_per_step
            else:
                source = partner[j]
                for r in range(end[j]):
                    room[r] = to_let[j, r]
                    if mechanism[j] == INTERRUPTIBLE:
                        spare = idle_capacity(to_let[source, r], now[source, r])
                        room[r] = rate[j] * spare if kind[r] == CONVEX else 0.0
                add_up(base, sort, at_zero[j], total_at_zero)
                most = min(high, last_log_price[source]) if mechanism[j] == INTERRUPTIBLE else high
                x, demand, supply = clear_hour(
                    last_log_price[j], min(low, most), most, total_at_zero, elasticities, base, sort, anchor[j],
                    elasticity, begin, kind, room[: end[j]], a, b, c
                )  # fmt: skip
                at_cap = x >= most
                for k in range(len(elasticities)):
                    falls[k] = demand_share(x, 0.0, elasticities[k])
                for i in range(groups):
                    if sort[i] >= 0:
                        wanted[i] = base[i] * at_zero[j, i] * falls[sort[i]]
                    else:
                        wanted[i] = base[i] * bid_share(x, anchor[j, i], elasticity[i])
                serve(demand, supply, at_cap, service, classes, wanted, got)
                for i in range(groups):
                    volume += got[i]
                used = volume / supply if supply > 0.0 else 0.0
                p = math.exp(x)
                shares_offered(x, begin, kind, a, b, c, offered)
                for r in range(end[j]):
                    now[j, r] = room[r] * offered[r] * used
                    own = p
                    if mechanism[j] == PAY_AS_BID:
                        offer = (
                            mean_offer(p, a[r], b[r], c[r]) if kind[r] == CONVEX else mean_swing_offer(x, a[r], b[r])
                        )
                        own = rate[j] * p + (1.0 - rate[j]) * offer
                    earned = now[j, r] * own * level[j]
                    paid += earned
                    revenue[r] += earned * hours_per_step
                if mechanism[j] == INTERRUPTIBLE:
                    idle = 0.0
                    for r in range(end[j]):
                        idle += room[r]
                    cut = max(0.0, last_running[j] - idle)
                    total = 0.0
                    for i in range(groups):
                        total += wanted[i]
                    if cut > 0.0 and total > 0.0:
                        for i in range(groups):
                            interrupted[i] += cut * wanted[i] / total
                    last_running[j] = volume
                if at_cap and demand > supply:
                    keen = 1.0 if mechanism[j] == INTERRUPTIBLE else retry
                    for i in range(groups):
                        if wanted[i] > 0.0:
                            again[i] += keen * base[i] * (1.0 - got[i] / wanted[i])
                            unserved[i] += (1.0 - keen) * (wanted[i] - got[i]) * hours_per_step
                fill[j] = volume / demand if at_cap and demand > supply else 1.0
                last_log_price[j] = x
            mean_price = paid / volume if volume > 0.0 else math.exp(last_log_price[j]) * level[j]
            price[t, j] = mean_price
            traded[t, j] = volume * hours_per_step
            for i in range(groups):
                bought[i] += got[i] * hours_per_step
                spent[i] += got[i] * hours_per_step * mean_price
            for r in range(end[j]):
                let[j, r] += now[j, r] * hours_per_step
        for i in range(groups):
            waiting[i] = again[i]
        for w in range(share.shape[0]):
            total = 0.0
            for j in range(products):
                liked[j] = 0.0
                if pull[w, j] > 0.0:
                    liked[j] = preference(last_log_price[j] - shift[w, j], last_log_price[0], substitution)
                    liked[j] *= pull[w, j] * fill[j]
                total += liked[j]
            if total > 0.0:
                for j in range(products):
                    share[w, j] += adjustment * (liked[j] / total - share[w, j])
    return price, traded, let.T.copy(), revenue, bought, spent, unserved, interrupted, asked.T.copy(), stock_outs
