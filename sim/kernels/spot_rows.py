"""Between rows and the day's hours: rows of demand become groups, rows of supply capacity by product, and back.

Shapes as in `sim.kernels.spot`, and N rows of demand, H home regions; a group of rows that answer to prices alike is H
groups of the hours', one for each home.
"""

import numpy as np
from numpy.typing import NDArray

from sim.kernels.call_auction import Floats, Ints
from sim.kernels.jit import jit

LEAST = 1e-300


@jit
def alike(keys: Floats) -> Ints:
    """Return the number of the group of each row (N,), given sorted rows' `keys` (keys, N)."""
    found = np.zeros(keys.shape[1], np.int64)
    for i in range(1, keys.shape[1]):
        found[i] = found[i - 1]
        for k in range(len(keys)):
            if keys[k, i] != keys[k, i - 1]:
                found[i] += 1
                break
    return found


@jit
def at_home(quantity: Floats, efficiency: float, homes: Floats, owner: Ints) -> Floats:
    """Return the VE that each row wants in the hours, by home (N, H); `homes` (O, H) are shares of owners' users."""
    found = np.empty((len(quantity), homes.shape[1]))
    for i in range(len(quantity)):
        for h in range(homes.shape[1]):
            found[i, h] = quantity[i] / efficiency * homes[owner[i], h]
    return found


@jit
def gathered(group: Ints, keys: Floats, table: Floats) -> tuple[Floats, Floats]:
    """Return the keys of the hours' groups (keys, G) and sums of rows' amounts, `table` (N, H), over each (G,)."""
    count = group[-1] + 1 if len(group) else 0
    homes = table.shape[1]
    found, total = np.empty((len(keys), count * homes)), np.zeros(count * homes)
    for i in range(len(group)):
        for h in range(homes):
            at = group[i] * homes + h
            total[at] += table[i, h]
            for k in range(len(keys)):
                found[k, at] = keys[k, i]
    return found, total


@jit
def grouped(
    keys: Floats, quantity: Floats, efficiency: float, homes: Floats, owner: Ints, held: Floats
) -> tuple[Ints, Floats, Floats, Floats, Floats, Floats]:
    """Return rows' groups (N,), groups' keys (keys, G), what they want and wait for (G,), weights (N, H), sums (G,).

    `held` (N, H) is what rows wait for; the weight of a row at a home is what it wants and waits for there.
    """
    wanted, group = at_home(quantity, efficiency, homes, owner), alike(keys)
    of_groups, amounts = gathered(group, keys, wanted)
    waiting = gathered(group, keys, held)[1]
    return group, of_groups, amounts, waiting, wanted + held, amounts + waiting


@jit
def spread(amounts: Floats, group: Ints, weight: Floats, whole: Floats) -> Floats:
    """Return amounts of the hours' groups (G,) on their rows (N, H), by `weight` (N, H), which adds up to `whole`."""
    homes = weight.shape[1]
    found = np.empty(weight.shape)
    for i in range(len(group)):
        for h in range(homes):
            at = group[i] * homes + h
            found[i, h] = amounts[at] / max(whole[at], LEAST) * weight[i, h]
    return found


@jit
def over_rows(amounts: Floats, group: Ints, weight: Floats, whole: Floats) -> Floats:
    """Return amounts of the hours' groups (G,) on their rows (N,): see `spread`."""
    on_rows = spread(amounts, group, weight, whole)
    found = np.zeros(len(group))
    for i in range(len(group)):
        for h in range(on_rows.shape[1]):
            found[i] += on_rows[i, h]
    return found


@jit
def capacities(quantity: Floats, own: Floats, owner: Ints, mix: Floats, elsewhere: Floats) -> Floats:
    """Return rows' capacity by product (R, J): spread as the owner's fleet, `mix` (O, J), or as the market's (J,)."""
    found = np.empty((len(quantity), mix.shape[1]))
    for r in range(len(quantity)):
        for j in range(mix.shape[1]):
            found[r, j] = quantity[r] * (mix[owner[r], j] if own[r] > 0.0 else elsewhere[j])
    return found


@jit
def to_owners(amounts: Floats, owner: Ints, kind: Ints, convex: int, own: Floats, swing: Floats) -> None:
    """Add rows' amounts (R, J) to their owners' (O, J): those of the kind `convex` to `own`, others to `swing`."""
    for r in range(len(owner)):
        for j in range(amounts.shape[1]):
            if kind[r] == convex:
                own[owner[r], j] += amounts[r, j]
            else:
                swing[owner[r], j] += amounts[r, j]


@jit
def remember(
    tightness: Floats,
    owner: Ints,
    kind: Ints,
    convex: int,
    capacity: Floats,
    asked: Floats,
    let: Floats,
    posted: NDArray[np.bool_],
    hours: float,
    most: float,
    days: float,
) -> Floats:
    """Let sellers remember, over `days`, how much was asked of them over what they had, at most `most`; (O, J).

    At list prices (`posted`, (J,)) what was asked (R, J) counts, else what was let (O, J). Returns how many rows had
    something to let (J,).
    """
    before, sellers = tightness.copy(), np.zeros(capacity.shape[1])
    for r in range(len(owner)):
        if kind[r] != convex:
            continue
        o = owner[r]
        for j in range(capacity.shape[1]):
            if capacity[r, j] > 0.0:
                sellers[j] += 1.0
            had = hours * capacity[r, j]
            now = before[o, j]
            if had > 0.0:
                now = min(most, (asked[r, j] if posted[j] else let[o, j]) / max(had, LEAST))
            tightness[o, j] = before[o, j] + (now - before[o, j]) / days
    return sellers
