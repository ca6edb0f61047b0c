"""What may be seen on a day: public facts, and one frozen sheet for each market with a line for every owner."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from sim.environment import Environment
from sim.growth_path import GrowthPath
from sim.links import Links
from sim.reading import Reading
from sim.rows.exchange import Anchor, Curve, Leg, ListedMonth, SpotLimit
from sim.rows.funds import FundFacts
from sim.rows.outlook import Outlook
from sim.rows.rental import Products
from sim.rules.hedging import layered
from sim.rules.perpetual import perpetual_value
from sim.rules.rents import expected_rent, mean_expected_rent
from sim.streams import Purpose, Streams
from sim.vocabulary import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class Today:
    """Public facts that every agent may read today; rents are USD per VE-hour unless a grade is named."""

    day: int
    date: datetime.date
    years: float
    technology: float
    environment: Environment
    anchor_usd: float
    rent_usd: float
    rent_10d_usd: float
    rent_30d_usd: float
    rent_180d_usd: float
    rent_30d_by_grade_usd: tuple[float, ...]
    index_usd: dict[str, float]
    policy_rate: float
    chip_price_usd: float
    capital_charge: float
    loans_open: bool
    curves: Mapping[str, Curve]  # of the venues that list futures, the main one first
    days_of_month: int
    chip_price_factors: tuple[float, ...] = ()  # by grade, what buyers pay over `chip_price_usd`; all 1 if empty

    @property
    def curve(self) -> Curve | None:
        """The curve of the first venue that lists months; none where nothing is listed."""
        return next((curve for curve in self.curves.values() if curve.anchor is None), None)

    def paid_usd(self, grade: int) -> float:
        """What a buyer pays for a new VE of this grade."""
        return self.chip_price_usd * self.chip_price_factors[grade] if self.chip_price_factors else self.chip_price_usd


@dataclass(frozen=True, slots=True)
class AtStart:
    """What stands from the start: shares of grades in orders, demand and contracts on the path, who lets what.

    `spot_demand_ve`, `contracted_ve`, `pool_demand_ve` are of the whole market on day 0 at the path's rent, VE; `lets`
    (owners, products), `posted` (products,) whether a product is sold at list prices, `usual_occupancy` (products,).
    """

    order_shares: list[float]
    spot_demand_ve: float
    contracted_ve: float
    pool_demand_ve: float = 0.0
    products: Products | None = None
    lets: Bools = field(default_factory=lambda: np.zeros((0, 0), dtype=bool))
    posted: Bools = field(default_factory=lambda: np.zeros(0, dtype=bool))
    usual_occupancy: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True)
class HardwareSheet:
    """Fleets that work, by owner and grade, VE; how scarce chips are by what is public (1: as usual).

    `total_ve` is of all grades, by owner.
    """

    fleet_ve: list[list[float]] = field(default_factory=list)
    scarcity: float = 1.0
    total_ve: list[float] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "total_ve", [math.fsum(fleet) for fleet in self.fleet_ve])


@dataclass(frozen=True, slots=True)
class DemandSheet:
    """Noise of demand by owner and in common, the log factor of contracted demand, and what is left of a lost client.

    `client_lost_log` is the log of what is left of a customer that is lost, by owner.
    """

    user_factor: list[float] = field(default_factory=list)
    common_factor: float = 1.0
    contracted_log: float = 0.0
    client_lost_log: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RentalSheet:
    """Shares of fleets that run, by owner; how tight each owner's market was; in the evening the hours users got.

    `tightness` (owners, products), `comparable_usd` (products,); hours by (owner, number of the row). `stock_out` is
    the share of hours in which nothing was to be had yesterday: at list prices, or at any. `hours_usd` (owners,) are
    what hours let on that day brought, less what hours used cost.
    """

    running_share: list[float] = field(default_factory=list)
    tightness: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    comparable_usd: Floats = field(default_factory=lambda: np.zeros(0))
    bought_ve_hours: dict[tuple[int, int], float] = field(default_factory=dict)
    interrupted_ve: dict[tuple[int, int], float] = field(default_factory=dict)
    stock_out: float = 0.0
    hours_usd: Floats = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True, slots=True)
class ReservedSheet:
    """Capacity under contract by owner, VE: let, reserved, and reserved but not delivered today.

    `usual_share` of what an owner runs is usually under contract; empty as long as no GPUs have changed hands.
    """

    sold_ve: list[float] = field(default_factory=list)
    held_ve: list[float] = field(default_factory=list)
    short_ve: list[float] = field(default_factory=list)
    usual_share: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LabsSheet:
    """How long each owner's cash lasts, months, and the share of its demand that is there."""

    runway_months: list[float] = field(default_factory=list)
    presence: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ExchangeSheet:
    """Positions in contracts (places, owners), + long, by place among all that is listed; margin deposits by owner.

    `hedged_share` is the share of their exposure that hedgers bring to the exchange.
    """

    position: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    deposit_usd: Floats = field(default_factory=lambda: np.zeros(0))
    hedged_share: float = 1.0


@dataclass(frozen=True, slots=True)
class FundsSheet:
    """Facts of all funds in order of name; shares held (owners,) and orders that wait by owner, by fund."""

    facts: tuple[FundFacts, ...] = ()
    shares: dict[str, Floats] = field(default_factory=dict)
    waiting: dict[str, dict[int, float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CreditSheet:
    """Debt, coverage and normal cash by owner; who may not order chips or sign contracts.

    `dscr` is infinite for owners that are not landlords, `normal_cash_usd` zero. On what terms each would borrow:
    `spread_change` per year over its own spread, `advance_factor` on its own advance rate, `marked_factor` the same by
    the curve; where nothing is said, its own.
    """

    debt_usd: list[float] = field(default_factory=list)
    dscr: list[float] = field(default_factory=list)
    normal_cash_usd: list[float] = field(default_factory=list)
    no_orders: list[bool] = field(default_factory=list)
    no_contracts: list[bool] = field(default_factory=list)
    spread_change: list[float] = field(default_factory=list)
    advance_factor: list[float] = field(default_factory=list)
    marked_factor: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SecuritisationSheet:
    """Notes held by owner, USD; whether the collateral test failed; loans written off over loans, yesterday."""

    notes_held_usd: list[float] = field(default_factory=list)
    collateral_test_failed: bool = False
    loan_loss_rate: float = 0.0


@dataclass
class Board:
    """What all views share: the public facts of the beat and one sheet a market, by owner.

    A sheet is frozen and replaced whole, by `replace` where a beat knows part of it anew.
    """

    path: GrowthPath
    links: Links
    streams: Streams
    today: Today
    start: AtStart
    cash_usd: list[float] = field(default_factory=list)  # by owner
    hardware: HardwareSheet = HardwareSheet()
    demand: DemandSheet = DemandSheet()
    rental: RentalSheet = RentalSheet()
    reserved: ReservedSheet = ReservedSheet()
    labs: LabsSheet = LabsSheet()
    exchange: ExchangeSheet = ExchangeSheet()
    funds: FundsSheet = FundsSheet()
    credit: CreditSheet = CreditSheet()
    securitisation: SecuritisationSheet = SecuritisationSheet()
    outlook: Outlook | None = None  # what is public of days to come, where anybody reads it
    evenings: list[Today] = field(default_factory=list)  # the last of them, kept for the placebo alone
    readings: dict[float, Reading] = field(default_factory=dict)  # of the curve that links read, by believed reversion
    _identities: Ints | None = None  # stable ids by owner, once all are known
    _told: tuple[Today | None, dict[Any, Any]] = (None, {})  # of which beat, what follows from public facts alone

    @property
    def shown(self) -> list[Any]:
        """All that views read, sheet by sheet: as long as each is the same object nobody can come to see anything new.

        Sheets are replaced whole, and readings of the curve with them.
        """
        return [value for name, value in vars(self).items() if not name.startswith("_")]

    def once(self, key: Any, work: Callable[[], Any]) -> Any:
        """What follows from public facts alone is worked out once a beat, for all who ask the same."""
        beat, told = self._told
        if beat is not self.today:
            told = {}
            self._told = self.today, told
        if key not in told:
            told[key] = work()
        return told[key]

    def know(self, identities: Sequence[int]) -> None:
        """Learn who there is: stable ids by owner."""
        self._identities = np.array(identities, dtype=np.int64)

    def uniform(self, purpose: Purpose, owner: int, identity: int, k: int) -> float:
        """An owner's uniform draw for today, the first of a purpose drawn for all at once."""
        streams, day, known = self.streams, self.today.day, self._identities
        if k or known is None:
            return streams.uniform(purpose, day, identity, k)
        drawn: list[float] = self.once(purpose, lambda: streams.uniforms(purpose, day, known).tolist())
        return drawn[owner]

    def expected_settlements_usd(self, reversion: float) -> tuple[float, ...]:
        """Expected settlements of all listed months for agents that believe this reversion, by place.

        Raises ValueError where nothing is listed.
        """
        if not self.today.curves:
            raise ValueError("no futures are listed")
        return tuple(usd for venue in self.today.curves for usd in self._expected_at(venue, reversion))

    def _expected_at(self, venue: str, reversion: float) -> tuple[float, ...]:
        today = self.today
        found: tuple[float, ...] = self.once(
            ("settlements", venue, reversion), lambda: self.expect(today, today.curves[venue], reversion)
        )
        return found

    def months_ahead(self, half_life_years: float, horizon_years: float) -> tuple[ListedMonth, ...]:
        """The listed months of all venues as hedgers of this belief and horizon see them, by place."""
        found: tuple[ListedMonth, ...] = self.once(
            ("months", half_life_years, horizon_years), lambda: self._months_ahead(half_life_years, horizon_years)
        )
        return found

    def _months_ahead(self, half_life_years: float, horizon_years: float) -> tuple[ListedMonth, ...]:
        found: list[ListedMonth] = []
        for venue, curve in self.today.curves.items():
            if curve.anchor is not None:
                continue  # perpetuals come after all months
            expected, first = self._expected_at(venue, math.log(2.0) / half_life_years), len(found)
            found += [
                ListedMonth(
                    first + m, price, expected[m], curve.days_left[m],
                    layered(1.0, curve.horizon_years[m], horizon_years), curve.contract_hours[m],
                )
                for m, price in enumerate(curve.price_usd)
            ]  # fmt: skip
        return tuple(found)

    def spot_limits(self) -> dict[int, SpotLimit]:
        """Position limits of the last days, which those who are no hedgers are held to, by place of the month."""
        found, place = {}, 0
        for curve in self.today.curves.values():
            if curve.spot_limit is not None:
                found[place] = curve.spot_limit
            place += len(curve.price_usd)
        return found

    def legs(self, reversion: float) -> dict[str, tuple[Leg, ...]]:
        """All that is listed, by venue, to one of this belief who trades contracts against each other."""
        found: dict[str, tuple[Leg, ...]] = {}
        place = 0
        for venue, curve in self.today.curves.items():
            expected = self._expected_at(venue, reversion)
            found[venue] = tuple(
                Leg(
                    place + m, price, math.log(price / expected[m]), price * curve.contract_hours[m] / curve.gpu_ve,
                    curve.margin_share, curve.anchor is not None,
                )
                for m, price in enumerate(curve.price_usd)
            )  # fmt: skip
            place += len(curve.price_usd)
        return found

    def contract_rents(self, belief_half_life_years: float) -> tuple[float, ...]:
        """Mean rent expected over each tenor at last month's mean rent."""
        reversion = math.log(2.0) / belief_half_life_years
        found: tuple[float, ...] = self.once(
            ("contracts", reversion), lambda: self.expected_over_tenors(self.today.rent_30d_usd, reversion)
        )
        return found

    def expected_over_tenors(self, rent_usd: float, reversion: float) -> tuple[float, ...]:
        """Mean rent expected over each tenor, given today's and the believed speed at which deviations fade.

        What is public of days to come is added in logs: to the rent that lasts, and to rents over the tenor.
        """
        anchor, technology, found = self.today.anchor_usd, self.path.settings.technology, []
        for tenor in self.path.tenors:
            change, lasting = self.outlook.of_a_tenor(tenor.years) if self.outlook is not None else (0.0, 0.0)
            mean = mean_expected_rent(rent_usd, anchor * math.exp(lasting), technology, reversion, tenor.years)
            found.append(mean * math.exp(change))
        return tuple(found)

    def ask_outlook(self, age_days: float) -> float:
        """Log change that sellers expect of rents while a list price of this age on average stands."""
        outlook = self.outlook
        if outlook is None:
            return 0.0
        found: float = self.once(("ask outlook", age_days), lambda: outlook.of_a_list_price(age_days))
        return found

    def gap(self, reversion: float) -> float:
        """Mean log gap of the curve that links read over what was expected on its evening and the normal premium.

        Where readers learn, its mean over the evenings of a month, months weighed by the days of them still to come.
        """
        read = self.reading(reversion).gap if self.links.learning else None
        if read is not None:
            return read
        evening, venue = self.evening_read(), self.links.venue
        curve = evening.curves.get(venue)
        if curve is None:
            return 0.0
        same = evening is self.today
        expected = self._expected_at(venue, reversion) if same else self.expect(evening, curve, reversion)
        total = 0.0
        for gap in gaps_of(curve, expected):
            total += gap
        return total / len(curve.price_usd)

    def reading(self, reversion: float) -> Reading:
        """What this belief has made of the curve since somebody who holds it first asked."""
        return self.readings.setdefault(reversion, Reading())

    def worth(self, reversion: float) -> float:
        """The weight that readers of this belief give the curve beside a link's strength: one unless they learn."""
        return self.reading(reversion).weight(self.links) if self.links.learning else 1.0

    def note_close(self, price_usd: Sequence[float], first_month: int) -> None:
        """The close of the venue that links read is known: what every belief makes of it, in the placebo of another's.

        `first_month` is the number of the nearest month.
        """
        venue, evening = self.links.venue, self.evening_read()
        tonight = replace(self.today.curves[venue], price_usd=tuple(price_usd))
        seen = tonight if evening is self.today else evening.curves.get(venue, tonight)
        self.readings = dict(self.readings)
        for reversion, reading in self.readings.items():
            expected = self._expected_at(venue, reversion)
            then = expected if seen is tonight else self.expect(evening, seen, reversion)
            reading.note(first_month, gaps_of(seen, then), [math.log(usd) for usd in expected], tonight.days_left)

    def note_settlement(self, month: int, settlement_usd: float) -> None:
        """The nearest month of the venue that links read has settled."""
        self.readings = dict(self.readings)
        for reading in self.readings.values():
            reading.pass_month(month, math.log(settlement_usd), self.links.memory_years)

    def evening_read(self) -> Today:
        """The evening whose curve the links read: this one, or in the placebo one drawn for the whole market."""
        if not self.evenings:
            return self.today
        draw = self.streams.uniform(Purpose.PLACEBO, self.today.day, 0)
        return self.evenings[int(draw * len(self.evenings))]

    def remember_evening(self) -> None:
        """Keep tonight's public facts if the placebo will draw from them."""
        if self.links.shuffled_days > 0:
            self.evenings = [*self.evenings, self.today][-self.links.shuffled_days :]

    def expect(self, today: Today, curve: Curve, reversion: float) -> tuple[float, ...]:
        """Expected settlements of a curve's months as they were worked out from the public facts of a beat.

        Of a perpetual: what it is worth to those who expect its index to come back to its usual ratio to these rents.
        """
        technology = self.path.settings.technology
        if curve.anchor is not None:
            return (self._worth_of_perpetual(today, curve, curve.anchor, reversion),)
        rents = [
            expected_rent(today.rent_usd, today.anchor_usd, technology, reversion, years)
            for years in curve.horizon_years
        ]
        return tuple(
            known * mean + (1.0 - known) * curve.index_ratio * rent
            for known, mean, rent in zip(curve.known_weight, curve.known_mean_usd, rents, strict=True)
        )

    def _worth_of_perpetual(self, today: Today, curve: Curve, anchor: Anchor, reversion: float) -> float:
        steps = [k / anchor.per_year for k in range(max(1, round(anchor.horizon_years * anchor.per_year)) + 1)]
        technology = self.path.settings.technology
        usual = [
            curve.index_ratio * expected_rent(today.rent_usd, today.anchor_usd, technology, reversion, years)
            for years in steps
        ]
        off = math.log(anchor.index_usd / usual[0])
        index = [
            usd * math.exp(off * math.exp(-anchor.reversion * years)) for usd, years in zip(usual, steps, strict=True)
        ]
        return perpetual_value(index, anchor.response, anchor.band, anchor.cap)


def gaps_of(curve: Curve, expected_usd: Sequence[float]) -> list[float]:
    """Log gaps of a curve's months over what is expected and the normal premium."""
    return [
        math.log(price / expected) - premium
        for price, expected, premium in zip(curve.price_usd, expected_usd, curve.normal_premium, strict=True)
    ]
