"""A world that begins inside a month: what the month's elapsed days have left, as the growth path would have left it.

Debts, capital and cash are as they were set at the last month's end (`GrowthPath.money_factor`); what has run since is
posted here: rents that will be billed, prepayments that will be due; the running costs paid are posted by
`Rental.pay_elapsed`. So the first month's close has
a month's receipts and costs, whatever the day on which the world begins. On the first of a month there is nothing.
"""

from __future__ import annotations

import numpy as np

from sim.agent import Agent
from sim.books import Books
from sim.growth_path import GrowthPath
from sim.roles import EarnsRevenue
from sim.rows.labs import Service
from sim.vocabulary import HOURS_PER_DAY, Floats


def accrue_rents(
    path: GrowthPath, books: Books, reserved_usd_per_hour: Floats, people: list[Agent], elapsed: int
) -> None:
    """Rents of the elapsed days, not yet billed.

    An owner's rent of a day is 24 rent sum_j VE_j usual_j level_j over products j; users with a service owe their share
    of demand, the others alike what is left.
    """
    roll, s, where = books.roll, path.settings, books.where
    hours = elapsed * HOURS_PER_DAY * path.mean_money_factor(elapsed)
    spot = where.path_ve @ (where.usual * where.products.level) * s.rent_usd * hours
    spot[roll.users] -= spot.sum() * shares_of_demand(people, roll.users.tolist())
    books.ledger.post_net("endowment", "rent_accrued", spot)
    if len(roll.customers):
        due = reserved_usd_per_hour * s.reserved_use * hours
        books.ledger.post_pairs("endowment", "rent_accrued", roll.customers, roll.landlords, due.T)


def shares_of_demand(people: list[Agent], users: list[int]) -> Floats:
    """Shares of users (users,) in what is rented by the hour on the path."""
    known = [service.spot_share if (service := service_of(people[i])) is not None else np.nan for i in users]
    shares = np.array(known)
    rest = np.isnan(shares)
    if rest.any():
        shares[rest] = max(0.0, 1.0 - float(shares[~rest].sum())) / int(rest.sum())
    return np.asarray(shares / shares.sum())


def service_of(agent: Agent) -> Service | None:
    """What of a user's compute earns revenue, if it is one that promises revenue."""
    return agent.service() if isinstance(agent, EarnsRevenue) else None
