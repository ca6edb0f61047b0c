"""The clearing vector of a network of debts: what every firm pays when all of them settle at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from sim.vocabulary import Bools, Floats

ROUNDING = 1e-12  # share of a firm's debts by which it may fall short from rounding alone


def clearing_vector(debts_usd: Floats, assets_usd: Floats) -> tuple[Floats, Bools]:
    """Payments (firms,) in USD and who defaults (firms,): the greatest clearing vector (Eisenberg and Noe 2001).

    `debts_usd[i, j]` is what firm i owes firm j, `assets_usd[i]` what i has from outside the network, both >= 0.
    Payments solve p = min(p_bar, e + Pi' p): limited liability, debts before equity, creditors served pro rata.
    Fictitious default: all pay in full, those who cannot are in default, the payments of all in default are solved
    at once, and so on until nobody else falls: at most as many rounds as firms.
    """
    _check(debts_usd, assets_usd)
    owed = debts_usd.sum(axis=1)
    shares = debts_usd / np.where(owed > 0.0, owed, 1.0)[:, None]
    payments = owed.astype(np.float64)
    failed: Bools = np.zeros(len(owed), dtype=bool)
    while True:
        short = assets_usd + payments @ shares < owed * (1.0 - ROUNDING)
        if not (short & ~failed).any():
            return payments, failed
        failed |= short
        # Never singular: firms that owe only each other have among them all that they owe, so one of them can pay.
        inside = shares[np.ix_(failed, failed)]
        received = assets_usd[failed] + owed[~failed] @ shares[np.ix_(~failed, failed)]
        solved = np.linalg.solve(np.eye(len(inside)) - inside.T, received)
        payments[failed] = np.clip(solved, 0.0, owed[failed])


def fire_sale_vector(
    debts_usd: Floats, cash_usd: Floats, gpus: Floats, price_of: Callable[[float], float]
) -> tuple[Floats, Bools, float]:
    """Payments (firms,), who defaults (firms,) and the price of hardware, all at once: the greatest fixed point.

    Assets are cash and GPUs at their price; who defaults sells all its GPUs, and `price_of` what is sold falls in it
    (Cifuentes, Ferrucci and Shin 2005 on Eisenberg and Noe). From the price at which nobody sells downwards: a lower
    price lets nobody pay more, so those in default only grow, at most as many rounds as firms. Raises ValueError for a
    price that rises with what is sold.
    """
    failed: Bools = np.zeros(len(cash_usd), dtype=bool)
    price = price_of(0.0)
    while True:
        payments, now = clearing_vector(debts_usd, cash_usd + price * gpus)
        if not (now & ~failed).any():
            return payments, failed, price
        failed |= now
        lower = price_of(float(gpus[failed].sum()))
        if lower > price:
            raise ValueError(f"the price rises from {price:g} to {lower:g} with what is sold")
        price = lower


def equity_after(debts_usd: Floats, assets_usd: Floats, payments_usd: Floats) -> Floats:
    """What is left to owners (firms,) once all have paid: assets plus receipts less payments, USD."""
    owed = debts_usd.sum(axis=1)
    shares = debts_usd / np.where(owed > 0.0, owed, 1.0)[:, None]
    return np.asarray(assets_usd + payments_usd @ shares - payments_usd)


def _check(debts_usd: Floats, assets_usd: Floats) -> None:
    firms = len(assets_usd)
    if debts_usd.shape != (firms, firms):
        raise ValueError(f"debts of shape {debts_usd.shape} do not fit {firms} firms")
    for name, amounts in (("debts", debts_usd), ("outside assets", assets_usd)):
        if not np.all((amounts >= 0.0) & (amounts < np.inf)):
            raise ValueError(f"{name} must be finite and not negative")
    if np.diagonal(debts_usd).any():
        raise ValueError("a firm cannot owe itself")
