"""The balanced growth path in closed form: where a world starts, and what its prices are studied relative to.

Each trend enters once: technology g lowers the price of a new VE and every cost per VE-hour, so rents fall at g as an
outcome; autonomous demand grows at n - epsilon_L g, so the quantity on the path grows at n. The reference rent and
occupancy are given; the price of a new chip is solved so that every landlord's q (value over price) equals q*.

A world without loans has a path of its own (`path_without_loans`): chips cost what they cost with loans, the rent is
the one at which they pay the cost of equity, and the market is as large as users' demand at that rent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from sim.rules.investment import cost_of_capital
from sim.rules.rents import annuity
from sim.vocabulary import DAYS_PER_YEAR, HOURS_PER_YEAR, Floats

WEEKS_PER_YEAR = DAYS_PER_YEAR / 7.0

MONTH_DAYS = 30.0  # of the month before that of day 0, which is billed and prepaid at the start


@dataclass(frozen=True)
class Tenor:
    """A tenor of reserved capacity: its share of the stock, and whether part of it is paid ahead."""

    name: str
    weeks: int
    stock_share: float
    prepaid_share: float

    @property
    def years(self) -> float:
        """Length in years of 52.14 weeks."""
        return self.weeks / WEEKS_PER_YEAR


@dataclass(frozen=True)
class Landlord:
    """What the path needs to know of an owner that lets capacity: its mix of contracts and of money."""

    share: float
    reserved_share: float
    advance_rate: float
    debt_rate: float
    equity_rate: float

    @property
    def cost_of_capital(self) -> float:
        """Weighted cost of capital per year at the reference terms."""
        return cost_of_capital(self.advance_rate, self.debt_rate, self.equity_rate)


@dataclass(frozen=True)
class ContractTerms:
    """How one side of the market for contracts values them: log worth over the mean rent expected, by tenor.

    `elasticity` is the relative change of the stock wanted (or offered) per log of rent, `weight` a share of the side.
    """

    weight: float
    elasticity: float
    worth: tuple[float, ...]


class Use(NamedTuple):
    """What a user wants on the path: weights among users of hours and of contracts, long-run elasticity to rents."""

    spot: float
    contracted: float
    elasticity: float


class Repayment(NamedTuple):
    """How a share of all draws is repaid: amortisation a year of the balance, spread over the borrower's own."""

    share: float
    amortisation: float
    spread: float


@dataclass(frozen=True)
class PathSettings:
    """Scalars of the path: trends per year, rents and costs in USD per VE-hour, times in years."""

    technology: float
    quantity: float
    rent_usd: float
    occupancy: float
    reserved_use: float
    reserved_discount: float
    cost_usd: float
    fixed_cost_usd: float
    life_years: float
    lead_years: float
    q_star: float
    repayments: tuple[Repayment, ...]
    convexity: float
    policy_rate: float
    equity_rate: float
    loans: bool = True  # whether landlords borrow
    equal_capacity: bool = False  # where they do not: whether equity asks what their mix with loans would cost
    interest_factor: float = 1.0  # of a year's interest, by how loans count days


@dataclass(frozen=True)
class GrowthPath:
    """Closed forms of the path at day 0, per VE; see each field's comment for units."""

    settings: PathSettings
    tenors: tuple[Tenor, ...]
    delivery_rate: float  # b, deliveries a year over the fleet
    ahead: float  # orders over deliveries, since they are made ahead of growth
    forward: float  # price at delivery over price at order
    lead_weights: Floats  # (days,) share of an order that arrives so many days later (index 0 = 1 day)
    menu: Floats  # (tenors,) contract price over spot
    contract_value: float  # f, present value of reserved revenue over that of spot revenue
    chip_price_usd: float  # P, of a new VE, all in
    reference_margin_usd: float  # M, mean margin per VE-hour
    pass_through: float  # dln(anchor rent) / dln(chip price)
    bill_usd: float  # chip orders a year per VE of fleet
    discounts: tuple[float, ...]  # (tenors,) of contracts, below the mean rent expected over the tenor
    by_auction: bool = False  # whether contracts are signed in a double auction
    size: float = 1.0  # of the market over that of the same world with loans

    def financed(self, landlord: Landlord) -> Landlord:
        """A landlord's mix of money on this path: as it would borrow, or all equity where no loans are made.

        Equity earns the world's rate, or with `equal_capacity` the weighted cost of the mix that it replaces.
        """
        if self.settings.loans:
            return landlord
        asked = landlord.cost_of_capital if self.settings.equal_capacity else landlord.equity_rate
        return replace(landlord, advance_rate=0.0, equity_rate=asked)

    @property
    def tenor_years(self) -> Floats:
        """Lengths of the tenors in years."""
        return np.array([tenor.years for tenor in self.tenors])

    def technology_factor(self, years: float) -> float:
        """tau(t) = e^(-g t): prices and costs relative to day 0."""
        return math.exp(-self.settings.technology * years)

    def quantity_factor(self, years: float) -> float:
        """e^(n t): fleets and demand relative to day 0."""
        return math.exp(self.settings.quantity * years)

    def money_factor(self, years: float) -> float:
        """e^((n - g) t): rents earned, debts and capital relative to day 0."""
        return math.exp((self.settings.quantity - self.settings.technology) * years)

    def mean_money_factor(self, elapsed: int) -> float:
        """Money flows of so many days before day 0 over those of day 0, on average."""
        return self.money_factor(-0.5 * elapsed / DAYS_PER_YEAR)

    def revenue_coefficient(self, reserved_share: float) -> float:
        """USD of revenue per VE-hour of fleet and per USD of rent."""
        s = self.settings
        return reserved_share * s.reserved_use * self.contract_value + (1.0 - reserved_share) * s.occupancy

    def hours_used(self, reserved_share: float) -> float:
        """Share of hours that run, and cost the variable cost."""
        return reserved_share * self.settings.reserved_use + (1.0 - reserved_share) * self.settings.occupancy

    def fixed_cost_usd(self, landlord: Landlord) -> float:
        """Fixed cost per VE-hour that puts this landlord's q at q*, so that shares do not drift."""
        s = self.settings
        rate = self.financed(landlord).cost_of_capital
        worth = math.exp(-rate * s.lead_years) * annuity(rate + s.technology, s.life_years)
        needed = s.q_star * self.chip_price_usd / HOURS_PER_YEAR / worth
        return (
            self.revenue_coefficient(landlord.reserved_share) * s.rent_usd
            - s.cost_usd * self.hours_used(landlord.reserved_share)
            - needed
        )

    def debt_usd(self, advance_rate: float) -> float:
        """Loan balance per VE: draws at the advance rate of the bill, exponential amortisation."""
        return sum(self.debts_usd(advance_rate))

    def debts_usd(self, advance_rate: float) -> list[float]:
        """The balance by facility, each a share w of draws: w x advance rate x bill / (amortisation + n - g)."""
        s = self.settings
        return [
            part.share * advance_rate * self.bill_usd / (part.amortisation + s.quantity - s.technology)
            for part in s.repayments
        ]

    def normal_cash_usd(self, landlord: Landlord) -> float:
        """A month of running cost and debt service per VE of fleet: the cash a careful firm holds."""
        s = self.settings
        running = s.cost_usd * self.hours_used(landlord.reserved_share) + self.fixed_cost_usd(landlord)
        service = self.debt_service_usd(self.financed(landlord))
        return HOURS_PER_YEAR / 12.0 * running + service / 12.0

    def cash_flow_usd(self, landlord: Landlord) -> float:
        """Cash available for debt service a year per VE: rents (45 days late) and prepayments less running cost."""
        s, rho = self.settings, landlord.reserved_share
        _, value, _, rate = self.contracts()
        ahead = np.array([tenor.prepaid_share for tenor in self.tenors])
        late = math.exp(-(s.quantity - s.technology) * 45.0 / DAYS_PER_YEAR)
        due = rho * float((1.0 - ahead) @ value.sum(axis=1)) * s.reserved_use
        rents = late * (due + (1.0 - rho) * s.occupancy * s.rent_usd)
        prepaid = (
            rho * float((rate * self.menu * ahead) @ self.tenor_years) * WEEKS_PER_YEAR * s.rent_usd * s.reserved_use
        )
        running = s.cost_usd * self.hours_used(rho) + self.fixed_cost_usd(landlord)
        return HOURS_PER_YEAR * (rents + prepaid - running)

    def debt_service_usd(self, landlord: Landlord) -> float:
        """Interest and amortisation a year per VE."""
        debts = self.debts_usd(landlord.advance_rate)
        return sum(
            debt * (part.amortisation + self.settings.interest_factor * (landlord.debt_rate + part.spread))
            for debt, part in zip(debts, self.settings.repayments, strict=True)
        )

    def payout_share(self, landlord: Landlord, slack: float, indebted: bool = True) -> float:
        """Share of free cash paid out, so that what is kept covers the equity share of the bill times `slack`."""
        service = self.debt_service_usd(landlord) if indebted else 0.0
        own = 1.0 - landlord.advance_rate if indebted else 1.0
        free = self.cash_flow_usd(landlord) - service
        return max(0.0, 1.0 - slack * own * self.bill_usd / free) if free > 0.0 else 0.0

    def subscription_usd(self, landlord: Landlord, slack: float) -> float:
        """What owners put in a year per VE: what free cash lacks of their part of the bill."""
        free = self.cash_flow_usd(landlord) - self.debt_service_usd(self.financed(landlord))
        return max(0.0, self.own_bill_usd(landlord, slack) - free)

    def own_bill_usd(self, landlord: Landlord, slack: float) -> float:
        """The equity share of a year's chip orders per VE, times `slack`."""
        return slack * (1.0 - self.financed(landlord).advance_rate) * self.bill_usd

    def age_density(self, ages_years: Floats) -> Floats:
        """Density of vintages by age: b e^(-n age)."""
        return np.asarray(self.delivery_rate * np.exp(-self.settings.quantity * ages_years))

    def contracts(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Reserved stock on the path, per VE reserved, by weeks to expiry and tenor: (tenors, weeks + 1) each.

        Returns quantity, contracted USD per hour, prepaid balance in USD and (tenors,) the weekly signing rate.
        Ages have density e^(-n a) and a contract of age a carries the price of its date, e^(g a) of today's.
        """
        s = self.settings
        longest = max(tenor.weeks for tenor in self.tenors)
        shape = (len(self.tenors), longest + 1)
        quantity, value, prepaid, rate = np.zeros(shape), np.zeros(shape), np.zeros(shape), np.zeros(len(self.tenors))
        for k, tenor in enumerate(self.tenors):
            left = np.arange(1, tenor.weeks + 1)
            age = (tenor.weeks - left) / WEEKS_PER_YEAR
            density = np.exp(-s.quantity * age)
            rate[k] = tenor.stock_share / density.sum()
            quantity[k, left] = rate[k] * density
            value[k, left] = quantity[k, left] * self.menu[k] * s.rent_usd * np.exp(s.technology * age)
            whole = value[k, left] * tenor.prepaid_share * HOURS_PER_YEAR * tenor.years * s.reserved_use
            prepaid[k, left] = whole * left / tenor.weeks
        return quantity, value, prepaid, rate


def lead_time_weights(lead_years: float, shape: int = 4) -> Floats:
    """Gamma lead time in whole days: weights of 1, 2, ... days after the order, summing to one."""
    days = np.arange(1, max(2, int(3 * lead_years * DAYS_PER_YEAR)))
    weights = days ** (shape - 1.0) * np.exp(-shape * days / (lead_years * DAYS_PER_YEAR))
    return np.asarray(weights / weights.sum())


def auction_discounts(sides: list[ContractTerms]) -> Floats:
    """Discounts (tenors,) at which both sides of the auction want the stock of the path.

    Around it the stock offered rises by e_i (ln p - worth_i) and the stock wanted falls by the same, so that the log
    rent over what is expected is the mean of all worths, by weight times elasticity.
    """
    pull = np.array([side.weight * side.elasticity for side in sides])
    worth = np.array([side.worth for side in sides])
    return np.asarray(1.0 - np.exp(pull @ worth / pull.sum()))


class _Earnings(NamedTuple):
    """What the mean landlord earns: of a VE-hour per USD of rent, hours that cost, worth of a margin of 1 USD."""

    menu: Floats
    contract_value: float
    coefficient: float
    hours: float
    worth: float


def _earnings(s: PathSettings, tenors: tuple[Tenor, ...], landlords: list[Landlord], below: Floats) -> _Earnings:
    """Means over landlords by share; `below` (tenors,) are the discounts of contracts."""
    share = np.array([x.share for x in landlords])
    share = share / share.sum()
    rate = float(share @ np.array([x.cost_of_capital for x in landlords]))
    years = [tenor.years for tenor in tenors]
    menu = np.array([(1.0 - d) * annuity(s.technology, t) / t for d, t in zip(below, years, strict=True)])
    mix = np.array([tenor.stock_share for tenor in tenors])
    lasting = np.array([annuity(rate, t) / annuity(rate + s.technology, t) for t in years])
    contract_value = float(mix @ (menu * lasting))
    reserved = float(share @ np.array([x.reserved_share for x in landlords]))
    return _Earnings(
        menu=menu, contract_value=contract_value,
        coefficient=reserved * s.reserved_use * contract_value + (1.0 - reserved) * s.occupancy,
        hours=reserved * s.reserved_use + (1.0 - reserved) * s.occupancy,
        worth=math.exp(-rate * s.lead_years) * annuity(rate + s.technology, s.life_years),
    )  # fmt: skip


def growth_path(
    settings: PathSettings, tenors: tuple[Tenor, ...], landlords: list[Landlord], discounts: Floats | None = None
) -> GrowthPath:
    """Solve the path for these landlords (shares are normalised); `discounts` (tenors,) of contracts if auctioned.

    Raises ValueError where no landlord could earn its cost of capital at the reference rent.
    """
    s = settings
    delivery = 1.0 / annuity(s.quantity, s.life_years)
    weights = lead_time_weights(s.lead_years)
    lags = np.arange(1, len(weights) + 1) / DAYS_PER_YEAR
    ahead = 1.0 / float(weights @ np.exp(-s.quantity * lags))
    forward = float(weights @ np.exp(-s.technology * lags))
    below = np.full(len(tenors), s.reserved_discount) if discounts is None else discounts
    earns = _earnings(s, tenors, landlords, below)
    margin = earns.coefficient * s.rent_usd - s.cost_usd * earns.hours - s.fixed_cost_usd
    if margin <= 0.0:
        raise ValueError(f"the reference rent {s.rent_usd} does not cover costs: margin {margin:.3f} USD per VE-hour")
    price = earns.worth * HOURS_PER_YEAR * margin / s.q_star
    return GrowthPath(
        settings=s,
        tenors=tenors,
        delivery_rate=delivery,
        ahead=ahead,
        forward=forward,
        lead_weights=weights,
        menu=earns.menu,
        contract_value=earns.contract_value,
        chip_price_usd=price,
        reference_margin_usd=margin,
        pass_through=margin / (earns.coefficient * s.rent_usd),
        bill_usd=price * forward * ahead * delivery,
        discounts=tuple(float(d) for d in below),
        by_auction=discounts is not None,
    )


def entry_rent_usd(price_usd: float, settings: PathSettings, earns: _Earnings) -> float:
    """The rent at which a chip of this price has q*: (q* P / (8760 worth) + costs) / coefficient; inf if none does."""
    s = settings
    if not earns.worth > 0.0:
        return math.inf
    margin = s.q_star * price_usd / HOURS_PER_YEAR / earns.worth
    return (margin + s.cost_usd * earns.hours + s.fixed_cost_usd) / earns.coefficient


def path_without_loans(with_loans: GrowthPath, landlords: list[Landlord], users: Sequence[Use]) -> GrowthPath:
    """The path of the same world where no loans are made: the same chips and users, landlords all equity.

    Chips cost what they cost with loans. The rent is the one at which the mean landlord, all equity, has q*, and the
    market is as large as users' long-run demand at it. With `equal_capacity` equity asks what each landlord's mix
    with loans costs, so that rent and size are those with loans, as where nobody would borrow. Raises ValueError where
    no rent pays for chips.
    """
    s = replace(with_loans.settings, loans=False)
    unlevered = replace(with_loans, settings=s)
    if s.equal_capacity or all(landlord.advance_rate == 0.0 for landlord in landlords):
        return unlevered
    mine = [unlevered.financed(landlord) for landlord in landlords]
    below = np.array(with_loans.discounts)
    earns = _earnings(s, with_loans.tenors, mine, below)
    rent = entry_rent_usd(with_loans.chip_price_usd, s, earns)
    if not math.isfinite(rent):
        raise ValueError(f"no rent pays for chips at {s.equity_rate:g} a year")
    path = growth_path(replace(s, rent_usd=rent), with_loans.tenors, mine, below if with_loans.by_auction else None)
    share = np.array([x.share for x in mine])
    contracted = float(share @ np.array([x.reserved_share for x in mine])) / float(share.sum()) * s.reserved_use
    return replace(path, size=market_size(rent / s.rent_usd, contracted / earns.hours, users))


def market_size(dearer: float, contracted: float, users: Sequence[Use]) -> float:
    """Hours wanted in the long run at `dearer` times the rent, over those at the rent: mean of dearer ** -epsilon.

    `contracted` is the share of hours under contract; a market nobody speaks for does not answer.
    """
    spot, reserved = (math.fsum(weights) for weights in ([u.spot for u in users], [u.contracted for u in users]))
    total = wanted = 0.0
    for user in users:
        weight = (1.0 - contracted) * user.spot / spot if spot > 0.0 else 0.0
        weight += contracted * user.contracted / reserved if reserved > 0.0 else 0.0
        total += weight
        wanted += weight * dearer**-user.elasticity
    return wanted / total if total > 0.0 else 1.0
