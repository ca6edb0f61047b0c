"""The exchange: venues with their futures and crowds, one clearing house for all of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np

from sim.agent import group_of
from sim.behaviours.hedging import tabled
from sim.board import ExchangeSheet, Today
from sim.department import Common
from sim.exchange.audit import (
    GAP,
    IMPACT,
    MISSES,
    READINGS,
    SIZED,
    SOMETIMES,
    SPREAD,
    TRADED,
    TRADING,
    WEIGHT,
    check_deposits,
    check_positions,
    price_columns,
    price_names,
    trading,
)
from sim.exchange.clearing_house import ClearingHouse, Margins
from sim.exchange.crowd import Speculators
from sim.exchange.futures import orders_of, schedules_by_month
from sim.exchange.joint_close import MONTHS, FundOrders, MonthOrders
from sim.exchange.limits import beyond, hold_schedules, hold_traders, most_tonight
from sim.exchange.opening import USUAL_REVERSION, first_positions, first_prices, index_so_far
from sim.exchange.perpetual import Perpetual
from sim.exchange.perpetual import columns as perpetual_columns
from sim.exchange.reports import Reports, classes_of
from sim.exchange.session import Arrivals
from sim.exchange.size import MarketSize, missed, parts, resize
from sim.exchange.terms import MAIN, Clearing, Futures, Information, VenueTerms
from sim.exchange.venue import Venue
from sim.exchange.waterfall import COLUMNS as MEMBERS
from sim.exchange.waterfall import LAYERS
from sim.kernels.sums import mean_sd
from sim.problems import Problem, SpecError
from sim.record import Column
from sim.roles import BuysFromOutside, EstimatesItsHedge, Hedges, HoldsFutures, SpeculatesInCrowds, TradesOnItsOwn
from sim.rows.exchange import NO_FORESIGHT, Close, CrowdSettings, Curve, Foresight, HedgeEstimate
from sim.rules.information import lift, signal_error_sd, told_of_day
from sim.streams import stable_id
from sim.vocabulary import DAYS_PER_YEAR, HOURS_PER_DAY, Floats, Ints

RATIO_DAYS = 30.0  # over which the ratio of an index to the mean rent is taken


class Underlying(NamedTuple):
    """What a venue settles on: its index today in USD per GPU-hour, and VE per GPU of the index's grade."""

    usd: float
    gpu_ve: float


class Exchange:
    """Venues where futures are listed, by name, and the house that clears them all.

    `index_ratio` is the slow ratio of each venue's index to the mean rent, listed or not; `closes` are of tonight, by
    venue, and empty where nothing is listed; `margins` what the house made of them. `turnover_usd` is the slow mean of
    a day's spot trades, on day 0 that of the path.
    """

    def __init__(
        self,
        common: Common,
        terms: Mapping[str, VenueTerms],
        information: Information,
        clearing: Clearing,
        futures: Futures,
    ) -> None:
        self.common = common
        self.information = information
        self.futures = futures
        self.size = MarketSize()
        self.sized = futures.open_interest_share is not None  # the record's series are those of the beginning
        self.turnover_usd = common.board.start.spot_demand_ve * common.path.settings.rent_usd * HOURS_PER_DAY
        self.turnover_today_usd = self.turnover_usd
        self.open_usd = 0.0
        register, owners = common.register, len(common.ledger.owners)
        hedger = np.zeros(owners, dtype=bool)
        hedger[[owner for owner, _ in register.of(Hedges)]] = True
        alone = [owner for owner, _ in register.of(TradesOnItsOwn)]
        hedger[alone] = False
        limited = np.array([*(owner for owner, _ in register.of(HoldsFutures)), *alone], dtype=np.int64)
        self.house = ClearingHouse(common.ledger, register.roll, hedger, limited)
        self.house.adopt(clearing)
        self.members_recorded = clearing.enabled  # the record's series are those of the beginning
        self.terms = dict(terms)
        self.reports = Reports(terms, classes_of(register))
        self.venues: dict[str, Venue] = {}
        self.index_ratio: dict[str, float] = {}
        self.closes: dict[str, Close] = {}
        self.margins = self._no_margins()

    @property
    def first(self) -> Venue | None:
        """The first of the listed venues with months; none where nothing is listed."""
        return next(iter(self.monthly), None)

    @property
    def monthly(self) -> list[Venue]:
        """The venues that list months, not a perpetual."""
        return [venue for venue in self.venues.values() if not venue.terms.perpetual]

    @property
    def perpetuals(self) -> list[Perpetual]:
        """The venues that list a perpetual."""
        return [venue for venue in self.venues.values() if isinstance(venue, Perpetual)]

    @property
    def crowds(self) -> list[Speculators]:
        """All crowds, venue by venue."""
        return [crowd for venue in self.venues.values() for crowd in venue.crowds]

    @property
    def names(self) -> list[str]:
        """Ledger names of all listed contracts: the places at which agents know them."""
        return [name for venue in self.venues.values() for name in venue.names]

    def curves(self, day: int) -> dict[str, Curve]:
        """The curves of all listed venues; `day` is the first not yet in the indices."""
        return {name: venue.curve(day, self.index_ratio[name]) for name, venue in self.venues.items()}

    # the regime

    def adopt(
        self, terms: Mapping[str, VenueTerms], day: int, rent_usd: float, underlying: Mapping[str, Underlying]
    ) -> list[str]:
        """Close venues, keep them on new terms, or list them at first prices; returns the names of those that open.

        `underlying` is what each venue settles on, `rent_usd` the mean rent per VE-hour. Those that open wait for
        `take_first_positions`, which needs a morning at these prices.
        """
        self.terms, links = dict(terms), self.common.board.links
        self.house.hedge_cash = links.hedge_cash
        opened = []
        for name, t in terms.items():
            self.index_ratio.setdefault(name, underlying[name].usd / rent_usd)
            venue = self.venues.get(name)
            if venue is not None and not t.listed:
                self._close(name, day)
            elif venue is not None:
                venue.terms, venue.gpu_ve = t, underlying[name].gpu_ve
                venue.normal_premium = self._normal_premium(name)
            elif t.listed:
                self._list(name, day, rent_usd, underlying[name])
                opened.append(name)
        self.venues = {name: self.venues[name] for name in terms if name in self.venues}
        return opened

    def opens_on(self, day: int, venues: Mapping[str, VenueTerms]) -> bool:
        """Whether the date of a venue that waits for it is today."""
        start = self.common.calendar.start
        return any(t.listed and 0 < t.first_day(start) == day for t in venues.values())

    def _normal_premium(self, name: str) -> tuple[float, ...]:
        """Usual gap of a venue's curve by maturity: known of the one that links read, nothing elsewhere."""
        links = self.common.board.links
        return tuple(links.normal_premium) if name == links.venue else (0.0,) * self.terms[name].maturities

    def _list(self, name: str, day: int, rent_usd: float, underlying: Underlying) -> None:
        """List a venue's months and let its crowds in, at first prices."""
        common = self.common
        t, calendar = self.terms[name], common.calendar
        kind = Perpetual if t.perpetual else Venue
        venue = self.venues[name] = kind(name, t, calendar, self._normal_premium(name), underlying.gpu_ve)
        venue.first_month = calendar.month(day)
        venue.since = day if day > 0 else None
        venue.crowds = [
            Speculators(crowd_at(name, agent.crowd(), self.size.scale), owner, t.maturities, common.streams)
            for owner, agent in common.register.of(SpeculatesInCrowds)
        ]
        self._list_months(venue)
        if day == 0:
            self._since_the_last_month(venue, underlying.usd)
        for crowd in venue.crowds:
            self._pay_in("endowment", crowd, crowd.total_cash_usd())
        if isinstance(venue, Perpetual):
            venue.open_at(underlying.usd)
            return
        s = common.path.settings
        venue.price_usd = first_prices(
            venue.curve(day, self.index_ratio[name]),
            rent_usd,
            s.rent_usd * common.path.technology_factor(day / DAYS_PER_YEAR),
            s.technology,
            usual_belief(venue),
        )

    def _list_months(self, venue: Venue) -> None:
        for name in venue.names:
            self.common.ledger.list(name, "contract")

    def _since_the_last_month(self, venue: Venue, index_usd: float) -> None:
        """A world that begins inside a month has seen the index of its elapsed days; crowds have last month's money."""
        calendar, path = self.common.calendar, self.common.path
        days = venue.dates.settlement_days(venue.first_month)
        venue.known = index_so_far(path.settings.technology, index_usd, days)
        for crowd in venue.crowds:
            crowd.arrays.cash_usd[:] *= path.money_factor(-calendar.elapsed / DAYS_PER_YEAR)

    def _pay_in(self, reason: str, crowd: Speculators, amount: float) -> None:
        self.common.ledger.transfer(reason, "cash", self.common.register.roll.rest_of_world, crowd.owner, amount)

    def take_first_positions(self, names: Iterable[str], day: int, foresight: Foresight = NO_FORESIGHT) -> None:
        """Venues open with usual hedges in place; hedgers are asked on a morning at first prices.

        `foresight` is of what traders will have signals.
        """
        register, ledger = self.common.register, self.common.ledger
        hedgers, opened, first = [owner for owner, _ in register.of(Hedges)], set(names), 0
        self._take_size(bool(opened), day, foresight)
        wanted = self._usual_hedges() if opened else np.zeros((0, 0))
        for name, venue in self.venues.items():
            mine, first = wanted[first : first + len(venue.names)], first + len(venue.names)
            if name in opened:
                positions = first_positions(venue, mine, hedgers)
                for m, contract in enumerate(venue.names):
                    ledger.post_net("endowment", contract, positions[m])
        self.show()

    def _take_size(self, opened: bool, day: int, foresight: Foresight) -> None:
        """Set the size of the market where a share is stated anew, or a venue opens; raises SpecError where none is.

        What traders pay in or take out for it is posted.
        """
        size, stated = self.size, self.futures.open_interest_share
        anew, size.stated = stated != size.stated, stated
        if stated is None or not self.venues or not (anew or opened):
            return
        self.show()
        hedgers = [owner for owner, _ in self.common.register.of(Hedges)]
        targets = (self._usual_hedges() + self.common.ledger.table(self.names))[:, hedgers]
        ends = np.cumsum([len(venue.names) for venue in self.venues.values()])[:-1]
        yearly = self.turnover_usd * DAYS_PER_YEAR
        known, curves = self.information, self.curves(day)
        error = signal_error_sd(foresight.variance, known.precision) if known.precision > 0.0 else 0.0
        error *= 1.0 - known.price_weight
        signals = [error * lifts(curves[name], foresight, known) for name in self.venues]
        hedged, crowd = parts(self.venues.values(), np.split(targets, ends), signals, yearly, size)
        before = size.scale
        if not size.begin(day, self.futures.settling_days, hedged, crowd):
            text = f"hedgers alone bring at most {hedged:.3g}, and no speculators differ (agents.speculator, noise_sd)"
            raise SpecError([Problem("futures.open_interest_share", stated, text)])
        self._resize(size.scale / before)

    def _resize(self, times: float) -> None:
        """Multiply what crowds own; what is paid in or out is posted, and hedgers are shown their share."""
        ledger, world = self.common.ledger, self.common.register.roll.rest_of_world
        for venue in self.venues.values() if times != 1.0 else ():
            for owner, usd in resize(venue, times):
                ledger.transfer("subscriptions", "cash", world, owner, max(0.0, usd))
                ledger.transfer("redemptions", "cash", owner, world, max(0.0, -usd))
        self.show()

    def _pass_month(self, day: int) -> None:
        """The size of the market follows what the month has shown; the last month that counts is told of."""
        before, stated = self.size.scale, self.size.stated
        share = self.size.pass_month(day)
        if self.size.scale != before:
            self._resize(self.size.scale / before)
        if share is not None and stated is not None:
            kind = "open interest missed" if missed(stated, share) else "open interest"
            text = f"{share:.3g} of annual spot turnover this month, stated {stated:.3g}; speculators own "
            text += f"{self.size.scale:.3g} times their wealth, hedgers bring {self.size.hedged_share:.3g} of theirs"
            self.common.log.note(day, kind, text)

    def check_budgets(self) -> None:
        """Nobody from outside wants more than crowds could sell, all their wealth being margin; raises SpecError."""
        most_usd = math.fsum(venue.wealth_usd / venue.initial_margin for venue in self.monthly)
        problems = {
            group_of(self.common.register.name(owner)): agent.budget_usd
            for owner, agent in self.common.register.of(BuysFromOutside)
            if self.monthly and agent.budget_usd > most_usd
        }
        if problems:
            text = f"is larger than its market: with all they own as margin, speculators can sell {most_usd:,.0f} USD"
            raise SpecError([Problem(f"agents.{group}.budget_usd", usd, text) for group, usd in problems.items()])

    def _usual_hedges(self) -> Floats:
        """What hedgers would trade at last prices (places, owners), contracts, in however many days.

        Buyers from outside are none: they come to the closes, where their budget holds them.
        """
        register = self.common.register
        wanted = np.zeros((len(self.names), len(self.common.ledger.owners)))
        outside = {owner for owner, _ in register.of(BuysFromOutside)}
        for owner, agent in register.of(Hedges):
            if owner in outside:
                continue
            for row in agent.futures(register.views[owner]):
                wanted[row.maturity, owner] += row.trade_at_last
        return wanted

    def _close(self, name: str, day: int) -> None:
        """All positions settle at the last price (no gain, no loss), deposits return, crowds take their money home.

        What was open is told of, with its value and the days of the nearest month that were fixed.
        """
        venue, ledger, roll = self.venues[name], self.common.ledger, self.common.register.roll
        self.common.log.note(day, "venue closed", self._told_of_close(venue))
        for contract in venue.names:
            ledger.post_net("venue closed", contract, -ledger.held(contract).copy())
        for crowd in venue.crowds:
            crowd.arrays.position[:] = 0.0
        self.call_margin()
        del self.venues[name]
        elsewhere = {crowd.owner for crowd in self.crowds}
        for crowd in venue.crowds:
            cash = crowd.total_cash_usd() if crowd.owner in elsewhere else float(ledger.held("cash")[crowd.owner])
            ledger.transfer("venue closed", "cash", crowd.owner, roll.rest_of_world, max(0.0, cash))
        self.show()

    def _told_of_close(self, venue: Venue) -> str:
        """What is open at a venue as it closes, and what becomes of it."""
        held = self.open_interest(venue)
        usd = float(held @ (venue.price_usd * venue.hours))
        text = f"{venue.name}: {held.sum():,.0f} contracts worth {usd:,.0f} USD settle at their last prices"
        if venue.terms.perpetual:
            return text
        fixed = f"{len(venue.known)} of {venue.listed.settlement_days} days"
        return f"{text}, {venue.names[0]} with {fixed} of its month fixed"

    # the day

    def show(self) -> None:
        """Put positions on the board, by place."""
        ledger = self.common.ledger
        self.common.board.exchange = ExchangeSheet(
            ledger.table(self.names), ledger.held("margin").copy(), self.size.hedged_share
        )

    def note_fixings(self, day: int, rent_usd: float, fixings_usd: Mapping[str, float]) -> None:
        """Add a day's fixings to the front months, and their ratio to the mean rent to its slow mean."""
        for name, t in self.terms.items():
            index_usd = fixings_usd[t.index]
            self.index_ratio[name] += (index_usd / rent_usd - self.index_ratio[name]) / RATIO_DAYS
            if name in self.venues:
                self.venues[name].note_index(day, index_usd)

    def note_turnover(self, usd: float) -> None:
        """Add a day's spot trades to their slow mean."""
        self.turnover_today_usd = usd
        self.turnover_usd += (usd - self.turnover_usd) / RATIO_DAYS

    def close(
        self,
        morning: Today,
        news: Floats,
        funds: Mapping[str, FundOrders],
        foresight: Foresight = NO_FORESIGHT,
    ) -> dict[str, Close]:
        """Hedgers' schedules and the crowds' resting orders meet in the closing auction of every month.

        Crowds expect what the morning's facts say, and hear the `news` (steps,) of the hours in which they wake;
        `funds` is what funds bring, by venue. Of `foresight` their traders have signals.
        """
        self.closes = {}
        self.reports.begin_day()
        if self.house.fund is not None:
            self.house.fund.begin_day()
        if not self.venues:
            return self.closes
        register, ledger = self.common.register, self.common.ledger
        asked = [(owner, agent.futures(register.views[owner])) for owner, agent in register.of(Hedges)]
        rows = self._by_venue(*tabled(asked, ledger.table(self.names)))
        for (name, venue), brought in zip(self.venues.items(), rows, strict=True):
            mine = self._within_limits(venue, *brought, morning.day)
            probed = self.open_interest(venue) if self.common.calendar.is_month_end(morning.day) else None
            for crowd in venue.crowds:
                self._let_order(venue, crowd, morning, news, foresight)
            arrivals, held = self._arrivals(venue, morning.day), self._held(venue)
            self.closes[name] = close = venue.clear(mine, len(ledger.owners), funds.get(name), probed, arrivals, held)
            self.common.log.note_all(morning.day, close.events)
            if close.noon is not None and close.noon.failed:
                text = f"{name}: {close.noon.failed} speculators fail a call within the day"
                self.common.log.note(morning.day, "intraday call", text)
            if name == self.common.board.links.venue:
                self.common.board.reading(usual_belief(venue))  # is recorded, whether or not anybody else reads
                self.common.board.note_close(close.price_usd.tolist(), venue.first_month)
        return self.closes

    def _arrivals(self, venue: Venue, day: int) -> Arrivals | None:
        """Who may come to a limit order book today; none where there is no book."""
        if venue.terms.mechanism != "limit_order_book":
            return None
        owners = np.array([stable_id(name) for name in self.common.ledger.owners], dtype=np.int64)
        traders = np.concatenate([np.zeros(0, dtype=np.int64), *(crowd.arrays.id for crowd in venue.crowds)])
        return Arrivals(self.common.streams, day, owners, traders)

    def _held(self, venue: Venue) -> Floats | None:
        """Open interest by which a market maker judges orders; none where there is no maker."""
        return self.open_interest(venue) if venue.terms.mechanism == "log_linear" else None

    def trial_books(self, venue: Venue, foresight: Foresight) -> list[MonthOrders]:
        """What hedgers and crowds would bring to a close of a venue's nearest months now, had the day no news."""
        register, ledger, today = self.common.register, self.common.ledger, self.common.board.today
        asked = [(owner, agent.futures(register.views[owner])) for owner, agent in register.of(Hedges)]
        rows = self._by_venue(*tabled(asked, ledger.table(self.names)))
        mine = self._within_limits(venue, *rows[list(self.venues).index(venue.name)], today.day)
        for crowd in venue.crowds:
            self._let_order(venue, crowd, today, np.zeros(HOURS_PER_DAY), foresight)
        schedules = schedules_by_month(mine, venue.terms.maturities)[:MONTHS]
        return [
            orders_of(m, rows_of, venue.crowds, venue.terms, venue.price_usd[m]) for m, rows_of in enumerate(schedules)
        ]

    def _within_limits(self, venue: Venue, owners: Ints, table: Floats, day: int) -> tuple[Ints, Floats]:
        """Schedules at a venue, those of buyers from outside within its position limits."""
        t = venue.terms
        most = most_tonight(t.limits, venue.dates, venue.first_month, t.maturities, day)
        if most is None:
            return owners, table
        outside = np.array([owner for owner, _ in self.common.register.of(BuysFromOutside)], dtype=np.int64)
        held = self.common.ledger.table(venue.names)
        return hold_schedules(table, owners, outside, held, most)

    def _note_large(self, day: int, venue: Venue) -> None:
        """Tell at a month end how many traders, and buyers from outside, hold more than the level of accountability."""
        level = venue.terms.limits.accountability
        if level is None or not self.common.calendar.is_month_end(day):
            return
        outside = [owner for owner, _ in self.common.register.of(BuysFromOutside)]
        large = beyond(self.common.ledger.table(venue.names)[:, outside], level)
        large += sum(beyond(crowd.arrays.position, level) for crowd in venue.crowds)
        if large:
            self.common.log.note(
                day, "accountability", f"{venue.name}: {large} hold above {level:,.0f} contracts in a month"
            )

    def _by_venue(self, owners: Ints, table: Floats) -> list[tuple[Ints, Floats]]:
        """Rows by venue, their places counted from the venue's own nearest month."""
        if len(self.venues) == 1:
            return [(owners, table)]
        found, first = [], 0
        for venue in self.venues.values():
            here = (table[:, 0] >= first) & (table[:, 0] < first + len(venue.names))
            mine = table[here]
            mine[:, 0] -= first
            found.append((owners[here], mine))
            first += len(venue.names)
        return found

    def _let_order(self, venue: Venue, crowd: Speculators, morning: Today, news: Floats, foresight: Foresight) -> None:
        """Let a crowd set its resting orders.

        What it expects of a contract's settlement is moved by the news as far as deviations of rents last until then,
        and by each trader's signal as far as demand in that month is told by it.
        """
        curve, reversion = morning.curves[venue.name], crowd.settings.reversion
        venue.expected_usd = np.array(self.common.board.expect(morning, curve, reversion))
        persistence = [
            (1.0 - known) * math.exp(-reversion * horizon)
            for known, horizon in zip(curve.known_weight, curve.horizon_years, strict=True)
        ]
        t, known = venue.terms, self.information
        crowd.hear(morning.day, foresight, known.precision, known.cadence_days, self.common.streams)
        crowd.orders(
            self.common.streams.seed, morning.day, venue.price_usd, venue.expected_usd, venue.trend,
            np.array(persistence), news, lifts(curve, foresight, known), known.price_weight, venue.hours,
            venue.initial_margin, t.tick_usd,
        )  # fmt: skip
        most = most_tonight(t.limits, venue.dates, venue.first_month, t.maturities, morning.day)
        if most is not None:
            hold_traders(crowd, most)

    def clear(self, day: int) -> Margins:
        """Variation margin in cash, initial margin, close-outs, after tonight's close."""
        if not self.closes:
            self.margins = self._no_margins()
            return self.margins
        evening = [(self.venues[name], close) for name, close in self.closes.items()]
        for perpetual in self.perpetuals:
            perpetual.held_before = float(self.open_interest(perpetual)[0])
        publish = [self._before(venue) for venue, _ in evening if venue.name in self.reports.months]
        self.margins = found = self.house.settle(evening)
        if self.size.stated is not None:
            values = (self.open_interest(venue) @ (venue.price_usd * venue.hours) for venue, _ in evening)
            self.open_usd = math.fsum(values)
            self.size.note(self.open_usd, self.turnover_today_usd)
        for venue, _ in evening:
            self._note_large(day, venue)
        for venue, held, traders, share in publish:
            self.reports.note_close(venue, self.closes[venue.name], held, traders, share)
        if publish:
            self.reports.note_ratios(self._estimates())
        log = self.common.log
        if found.margin_defaults:
            log.note(day, "margin default", f"{found.margin_defaults} speculators are being closed out")
        if self.house.fund is not None:
            log.note_all(day, self.house.fund.told)
        self._tell_waterfall(day)
        if found.house_loss_usd > 0.0:
            log.note(day, "clearing loss", f"the house loses {found.house_loss_usd:,.0f} USD")
        return found

    def _estimates(self) -> list[HedgeEstimate]:
        """Hedge ratios and basis risks of the landlords that estimate them."""
        register, landlords = self.common.register, set(self.common.register.roll.landlords.tolist())
        mine = [agent.hedge_estimate for owner, agent in register.of(EstimatesItsHedge) if owner in landlords]
        return [found for found in mine if found is not None]

    def _tell_waterfall(self, day: int) -> None:
        """Put down which layers have borne losses today so far."""
        fund = self.house.fund
        if fund is not None and any(fund.borne.values()):
            told = ", ".join(f"{layer} {fund.borne[layer]:,.0f}" for layer in LAYERS if fund.borne[layer] > 0.0)
            self.common.log.note(day, "default waterfall", f"USD borne by: {told}")

    def _before(self, venue: Venue) -> tuple[Venue, Floats, list[Floats], float]:
        """A venue before tonight's trades and gains are booked: positions, those of traders, initial margin."""
        held = self.common.ledger.table(venue.names)
        return venue, held, [crowd.arrays.position.copy() for crowd in venue.crowds], venue.margin_before

    def _no_margins(self) -> Margins:
        return Margins(np.zeros(len(self.common.ledger.owners)), 0, 0, 0.0)

    def call_margin(self) -> None:
        """Bring deposits to the initial margin of all positions."""
        self.house.call_margin(list(self.venues.values()))

    def open_interest(self, venue: Venue) -> Floats:
        """Open interest of a venue's months (months,), contracts."""
        long = np.zeros(len(venue.names))
        for m, held in enumerate(self.common.ledger.table(venue.names)):
            long[m] = 0.5 * float(np.abs(held).sum())
            for crowd in venue.crowds:
                net = float(held[crowd.owner])
                long[m] += 0.5 * (float(np.abs(crowd.arrays.position[m]).sum()) - abs(net))
        return long

    def hand_over(self, venue: Venue, m: int, owner: int, contracts: float) -> None:
        """Move a position to an owner from the crowds (+) or back, in proportion to their traders' cash.

        Where there is no crowd, nothing moves.
        """
        net, wealth = np.zeros(len(self.common.ledger.owners)), venue.wealth_usd
        for crowd in venue.crowds:
            moved = -contracts * (crowd.arrays.cash_usd / wealth)
            crowd.arrays.position[m] += moved
            net[crowd.owner] += float(moved.sum())
        net[owner] -= net.sum()
        if venue.crowds:
            self.common.ledger.post_net("endowment", venue.names[m], net)

    # the month

    def expire(self, day: int) -> Floats:
        """Month end: front months settle in cash to the mean of their business days, new ones are listed.

        Crowds get new money. Returns what hedgers' own cash bore (owners,).
        """
        own = np.zeros(len(self.common.ledger.owners))
        if not self.venues:
            return own
        technology = self.common.path.settings.technology
        before = self.house.losses_usd
        for venue in self.monthly:
            if not venue.known:
                text = f"{venue.names[0]} has no day of its month to settle on and settles at its last price"
                self.common.log.note(day, "no fixings", text)
            if venue.name in self.reports.months:
                self.reports.note_settlement(
                    venue, venue.settlement_usd(), self.common.ledger.table(venue.names[:1])[0]
                )
            own += self.house.expire(venue, venue.settlement_usd())
            if venue.name == self.common.board.links.venue:
                self.common.board.note_settlement(venue.first_month, venue.settlement_usd())
            venue.roll(technology)
            self._list_months(venue)
        self._let_crowds_grow(day)
        self._pass_month(day)
        self.call_margin()
        self.house.size_fund(list(self.venues.values()))
        if self.house.losses_usd > before:
            self._tell_waterfall(day)
        return own

    def _let_crowds_grow(self, day: int) -> None:
        """Crowds' money grows with the market."""
        s = self.common.path.settings
        rate = s.quantity - s.technology
        level = math.exp(rate * (day / DAYS_PER_YEAR))
        for crowd in self.crowds:
            self._pay_in("subscriptions", crowd, crowd.new_money(level * (math.exp(rate / 12.0) - 1.0), level))

    # the close

    def make_good(self) -> None:
        """Users, and hedgers that are not landlords, are given cash by their owners where hedges cost more."""
        register, ledger, roll = self.common.register, self.common.ledger, self.common.register.roll
        hedgers = {owner for owner, _ in register.of(Hedges)} - set(roll.landlords.tolist())
        funded = np.array(sorted({*roll.users.tolist(), *hedgers}), dtype=np.int64)
        short = np.maximum(0.0, -ledger.held("cash")[funded])
        if short.any():
            ledger.post("owners' funding", "cash", np.full(len(short), roll.rest_of_world), funded, short)

    def laws(self, day: int) -> None:
        """A4, A5; raises BrokenLaw."""
        if self.venues:
            check_positions(day, self.common.ledger, self.venues.values())
            check_deposits(day, self.common.ledger, self.common.register.roll.clearing_house, self.house.fund)

    def columns(self) -> list[Column]:
        """Prices of the listed months, what is traded and held, the gap of the curve."""
        members = MEMBERS if self.members_recorded else []
        sized = SIZED if self.sized else []
        return [*self._prices(), *TRADING, *sized, *READINGS, *self.reports.columns(), *members]

    def _nothing(self) -> dict[str, float]:
        """The series of a day on which nothing is listed."""
        prices = [column.name for column in self._prices()]
        found = dict.fromkeys([*prices, *SOMETIMES], math.nan) | dict.fromkeys(TRADED, 0.0)
        if self.sized:
            found |= zip((column.name for column in SIZED), (0.0, self._stated(), self.size.scale), strict=True)
        return found

    def _stated(self) -> float:
        """The open interest that is stated, over annual spot turnover; nan where none is, or nothing is listed."""
        return self.size.stated if self.size.stated is not None and self.venues else math.nan

    def _prices(self) -> list[Column]:
        """The series of each venue alone: of its months, or of its perpetual."""
        return [column for name, t in self.terms.items() for column in prices_of(name, t.perpetual, t.maturities)]

    def day(self) -> dict[str, float]:
        """The day's prices, trading and gap; nothing where nothing is listed."""
        found = self._nothing() | self.reports.today | self._members()
        if not self.closes:
            return found
        roll, venues = self.common.register.roll, self.venues
        for perpetual in self.perpetuals:
            found |= perpetual.day(self.closes[perpetual.name], float(self.open_interest(perpetual)[0]))
        for venue in self.monthly:
            prices = self.closes[venue.name].price_usd.tolist()
            found |= zip(price_names(venue.name, len(prices)), prices, strict=True)
        values = trading(self.common.ledger, roll, venues.values(), self.closes.values(), self.margins)
        found |= zip(TRADED, values, strict=True)
        if self.sized:
            found[SIZED[0].name] = self.open_usd
        if (first := self.first) is None:
            return found
        close = self.closes[first.name]
        if first.crowds:
            found[GAP.name], found[SPREAD.name] = mean_sd(np.log(close.price_usd / first.expected_usd))
        found |= self._read()
        found[IMPACT.name] = close.impact
        return found

    def _members(self) -> dict[str, float]:
        """What the clearing members have at stake, and what layers bore today, where a run began with them."""
        if not self.members_recorded:
            return {}
        fund = self.house.fund
        return fund.day() if fund is not None else dict.fromkeys((column.name for column in MEMBERS), 0.0)

    def _read(self) -> dict[str, float]:
        """What the curve that links read is worth to those who believe as its crowd, and today's misses."""
        board, venue = self.common.board, self.venues.get(self.common.board.links.venue)
        if venue is None:
            return {}
        reading = board.reading(usual_belief(venue))
        misses = reading.misses if self.common.calendar.is_month_end(board.today.day) else (math.nan, math.nan)
        found = {column.name: miss for column, miss in zip(MISSES, misses, strict=True)}
        return found | {WEIGHT.name: reading.weight(board.links)}


@cache
def prices_of(venue: str, perpetual: bool, maturities: int) -> tuple[Column, ...]:
    """The series of a venue: of its perpetual, or of its listed months."""
    return tuple(perpetual_columns(venue) if perpetual else price_columns(venue, maturities))


def usual_belief(venue: Venue) -> float:
    """Speed at which a venue's crowd believes deviations of rents to fade, per year."""
    return venue.crowds[0].settings.reversion if venue.crowds else USUAL_REVERSION


def lifts(curve: Curve, foresight: Foresight, known: Information) -> Floats:
    """What a unit of a trader's signal adds to the log settlement it expects, by month (months,)."""
    return np.array([
        lift(
            known.response, known.precision,
            told_of_day(foresight.decay, foresight.horizon_days, years * DAYS_PER_YEAR), 1.0 - share,
        )
        for share, years in zip(curve.known_weight, curve.horizon_years, strict=True)
    ])  # fmt: skip


def crowd_at(venue: str, settings: CrowdSettings, size: float = 1.0) -> CrowdSettings:
    """A crowd as it trades at a venue: each has traders of its own, as many and as rich, times the market's size."""
    name = settings.name if venue == MAIN else f"{settings.name}@{venue}"
    return replace(settings, name=name, wealth_usd=settings.wealth_usd * size)
