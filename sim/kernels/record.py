"""What departments record of a day, in one pass each, with the bits that array expressions leave.

fleets(working, ordered, landlords, gpu_ve) -> GPUs of each owner, VE at work of landlords and of all, ordered likewise
hours(offered, sold, landlords, on_demand, price, traded, value, fleet, gpu_ve, delivered) -> what was let, and of what
shelves(offered, posted) -> how many owners offer something at list prices
listed(offered, posted, stock_outs, region, regions, asks, compared, sellers, order) -> stock-outs and list prices
standing(asks, among), first_asks(asks, sellers, order) -> list prices in order of size; of each seller
long_positions(positions, rows, crowds) -> what others than crowds hold long
positive(table) -> the sum of what is above zero
held(positions, rows, owners) -> the sum of positions
spreads(own, facility, change, charge, advance) -> mean and largest spread of new loans
"""

import numpy as np
from numpy.typing import NDArray

from sim.kernels.call_auction import Floats, Ints
from sim.kernels.jit import jit
from sim.kernels.sums import part, total

LEAST = 1e-300
Bools = NDArray[np.bool_]


@jit
def fleets(
    working: Floats, ordered: Floats, landlords: Ints, gpu_ve: Floats
) -> tuple[Floats, float, float, float, float]:
    """Return GPUs of each owner (owners,), VE at work of the rows `landlords` and of all, VE they ordered today.

    `working`, `ordered` (owners, grades) are in VE, `gpu_ve` (grades,) to a GPU.
    """
    owners, grades = working.shape
    gpus, row = np.empty(owners), np.empty(grades)
    for i in range(owners):
        for g in range(grades):
            row[g] = working[i, g] / gpu_ve[g]
        gpus[i] = total(row)
    let, new = np.empty((len(landlords), grades)), np.empty((len(landlords), grades))
    for i in range(len(landlords)):
        let[i], new[i] = working[landlords[i]], ordered[landlords[i]]
    return gpus, total(let.ravel()), total(working.ravel()), total(new.ravel()), total(ordered.ravel())


@jit
def hours(
    offered: Floats, sold: Floats, landlords: Ints, on_demand: Floats, price: Floats, traded: Floats, value: Floats,
    fleet: Floats, gpu_ve: Floats, delivered: Floats,
) -> tuple[float, float, float, float, Floats, float, float]:  # fmt: skip
    """Return a day's VE offered by landlords, VE-hours they sold on demand, GPU-hours traded, USD paid, occupancy (J,);
    then their VE less what was delivered to contracts, and GPUs to a VE of theirs.

    `offered`, `sold` (J, O) are in VE and VE-hours, `price`, `traded` (T, J), `value` (J,) is VE to a GPU; occupancy is
    of all owners, nan where nothing was offered. `fleet` (landlords, grades) and `delivered` (landlords,) are in VE.
    """
    products, owners = offered.shape
    had, let = np.empty((len(landlords), products)), np.empty((len(landlords), products))
    for i in range(len(landlords)):
        for j in range(products):
            had[i, j] = offered[j, landlords[i]]
            let[i, j] = sold[j, landlords[i]] * on_demand[j]
    gpu_hours, occupancy = np.zeros(products), np.empty(products)
    for t in range(len(traded)):
        for j in range(products):
            gpu_hours[j] += traded[t, j]
    for j in range(products):
        gpu_hours[j] /= value[j]
        most = part(offered[j], 0, owners) * 24
        occupancy[j] = part(sold[j], 0, owners) / max(most, LEAST) if most > 0.0 else np.nan
    paid = (price * traded).ravel()
    ve, gpus = total(fleet.ravel()), total((fleet / gpu_ve).ravel())
    left, gpus_per_ve = ve - total(delivered), gpus / ve if ve > 0.0 else 1.0
    return total(had.ravel()), total(let.ravel()), total(gpu_hours), total(paid), occupancy, left, gpus_per_ve


@jit
def shelves(offered: Floats, posted: Bools) -> Ints:
    """Return how many owners offer something at list prices (J,); `offered` (J, O)."""
    found = np.zeros(len(offered), np.int64)
    for j in range(len(offered)):
        if posted[j]:
            for o in range(offered.shape[1]):
                if offered[j, o] > 0.0:
                    found[j] += 1
    return found


@jit
def listed(
    offered: Floats, posted: Bools, stock_outs: Floats, region: Ints, regions: int, asks: Floats, compared: Bools,
    sellers: Ints, order: Ints,
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Return the share of seller-hours with nothing left at list prices by region (R,), nan where nobody posts any;
    list prices of the products `compared` in order of size; of `sellers` (S,) the first among products in `order`.

    `stock_outs` (J,) are shares of the hours of those who offer a product.
    """
    count, out, of = shelves(offered, posted), np.zeros(regions), np.zeros(regions)
    for j in range(len(count)):
        out[region[j]] += count[j] * stock_outs[j]
        of[region[j]] += count[j]
    for r in range(regions):
        out[r] = out[r] / of[r] if of[r] > 0.0 else np.nan
    return out, standing(asks, compared), first_asks(asks, sellers, order)


@jit
def standing(asks: Floats, among: Bools) -> Floats:
    """Return the list prices above zero of the products `among` (J,), in order of size; `asks` (O, J)."""
    found, count = np.empty(asks.size), 0
    for o in range(len(asks)):
        for j in range(asks.shape[1]):
            if among[j] and asks[o, j] > 0.0:
                found[count] = asks[o, j]
                count += 1
    return np.sort(found[:count])


@jit
def first_asks(asks: Floats, sellers: Ints, order: Ints) -> Floats:
    """Return sellers' first list price above zero (S,) among the products `order` (n,) of `asks` (O, J); else nan."""
    found = np.full(len(sellers), np.nan)
    for s in range(len(sellers)):
        for j in order:
            if asks[sellers[s], j] > 0.0:
                found[s] = asks[sellers[s], j]
                break
    return found


@jit
def long_positions(positions: Floats, rows: Ints, crowds: Ints) -> Floats:
    """Return the positions above zero of all but the owners `crowds` in these rows (n,)."""
    theirs = np.zeros(positions.shape[1], np.bool_)
    for owner in crowds:
        theirs[owner] = True
    found, count = np.empty(len(rows) * positions.shape[1]), 0
    for row in rows:
        for owner in range(positions.shape[1]):
            if positions[row, owner] > 0.0 and not theirs[owner]:
                found[count] = positions[row, owner]
                count += 1
    return found[:count]


@jit
def positive(table: Floats) -> float:
    """Return the sum of what is above zero in a table (n, m)."""
    found = np.empty(table.size)
    for i in range(table.shape[0]):
        for k in range(table.shape[1]):
            found[i * table.shape[1] + k] = np.maximum(0.0, table[i, k])
    return total(found)


@jit
def held(positions: Floats, rows: Ints, owners: Ints) -> float:
    """Return the sum of owners' positions in these rows, added up owner by owner."""
    found = np.empty(len(owners) * len(rows))
    for i in range(len(owners)):
        for k in range(len(rows)):
            found[i * len(rows) + k] = positions[rows[k], owners[i]]
    return total(found)


@jit
def spreads(own: Floats, facility: float, change: Floats, charge: float, advance: Floats) -> tuple[float, float]:
    """Return the mean and the largest spread of new loans of those who get an `advance`, nan where nobody does; from
    their own (borrowers,), facilities', and what is added for each and for all.
    """
    found, count = np.empty(len(own)), 0
    for i in range(len(own)):
        if advance[i] > 0.0:
            found[count] = own[i] + facility + change[i] + charge
            count += 1
    if count == 0:
        return np.nan, np.nan
    return total(found[:count]) / count, found[:count].max()
