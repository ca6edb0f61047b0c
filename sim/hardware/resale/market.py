"""The market for used GPUs: a session on every day on which somebody must sell, and at month ends.

Each grade and age (whole years of life left) has its own price, a ratio to value. What moves is ownership: GPUs that
outsiders buy are run by landlords who do not sell, in proportion to their fleets, as these run their own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.department import Common
from sim.hardware.fleet import Fleet
from sim.hardware.resale.clearing import Buyers, Sellers, clear
from sim.hardware.resale.moves import Parcel, Removals
from sim.hardware.resale.terms import Resale
from sim.hardware.resale.values import Appraisal, Values, ages_of
from sim.kept import Kept
from sim.kernels.used_gpus import worths
from sim.rows.hardware import Grades, UsedOffers, UsedTrades
from sim.vocabulary import Floats


@dataclass
class Sales:
    """What was sold today: at value and for USD, of it forced and to outsiders at value."""

    value_usd: float = 0.0
    paid_usd: float = 0.0
    forced_usd: float = 0.0
    outside_usd: float = 0.0


@dataclass
class Book:
    """Shares of what each has that it sells (landlords, grades, ages), and of what is sold that each buys; prices.

    `outside` (grades, ages) is the share of what is sold that outsiders buy, `price` (grades, ages) over value.
    """

    sold: Floats
    bought: Floats
    outside: Floats
    price: Floats


class UsedMarket:
    """`ratio` (grades, ages) are last prices over value, which fade towards 1; `taken_usd` (landlords,) and
    `outside_usd` what has been bought this month, at value.
    """

    def __init__(self, common: Common, fleet: Fleet, grades: Grades, terms: Resale) -> None:
        self.common = common
        self.fleet = fleet
        self.grades = grades
        self.terms = terms
        self.ages = ages_of(fleet.life)
        self.moves = Removals(common, fleet, grades)
        self.ratio: Floats = np.ones((len(grades.names), len(self.ages.starts)))
        self.taken_usd: Floats = np.zeros(len(common.register.roll.landlords))
        self.outside_usd = 0.0
        self.today = Sales()
        self._by_day = Appraisal(common.register, self.ages.left_years, len(grades.names))
        self._by_age = Appraisal(common.register, self.ages.middle_years, len(grades.names))
        self._worth: Kept[tuple[Floats, Floats]] = Kept()

    @property
    def open(self) -> bool:
        """Whether there is a market."""
        return self.terms.enabled

    def begin_day(self, day: int) -> None:
        """What is due arrives; quotes forget; a new month brings buyers new room."""
        self.today = Sales()
        if self.common.calendar.is_month_end(day - 1):
            self.taken_usd[:], self.outside_usd = 0.0, 0.0
        self.moves.deliver(day)
        self.ratio = 1.0 + (self.ratio - 1.0) * 0.5 ** (1.0 / self.terms.memory_days)

    # values and quotes

    def _scrap_usd(self) -> Floats:
        today = self.common.board.today
        return np.array([self.terms.scrap * today.paid_usd(g) for g in range(len(self.grades.names))])

    def _fleets_ve(self) -> Floats:
        return np.asarray(self.fleet.working[self.common.register.roll.landlord_fleet].sum(axis=1))

    def _values(self) -> Values:
        """Values of a VE by grade and age, in the middle of each age."""
        return self._by_age.values(self._fleets_ve(), self._scrap_usd())

    def _value_by_day(self) -> Floats:
        """Value of a VE by day of life left (grades, days), USD."""
        return self._by_day.mean(self._fleets_ve(), self._scrap_usd())

    def worth_usd(self, day: int) -> tuple[Floats, Floats]:
        """What landlords' GPUs at work are worth (landlords,), USD: at value, and at last prices of used GPUs.

        Worked out once an evening: anew only where GPUs have moved, prices, terms or something that landlords see.
        """
        follows = [day, self.fleet.changes, self.ratio, self.terms, *self.common.board.shown]
        return self._worth.get(follows, lambda: self._worth_usd(day))

    def _worth_usd(self, day: int) -> tuple[Floats, Floats]:
        rows, value = self.common.register.roll.landlord_fleet, self._value_by_day()
        return worths(self.fleet.installed, rows, day + 1, value, self.ratio, self.ages.of_day)

    def quote_usd(self) -> Floats:
        """Last price of a VE by grade and age (grades, ages), in the middle of each age, USD."""
        return self.ratio * self._values().mean

    # a session

    def trade(self, day: int, offers: UsedOffers) -> UsedTrades:
        """Match offers and buyers, post and move what is sold."""
        forced = offers.forced > 0.0
        willing = self.terms.voluntary_share if self.common.calendar.is_month_end(day) else 0.0
        none = UsedTrades(np.zeros(len(forced)), np.zeros((len(forced), len(forced))))
        if not self.open or not (forced.any() or willing > 0.0):
            return none
        value = self._value_by_day()
        worth = self.fleet.vintages(self.common.register.roll.landlord_fleet, day) * value
        cells = np.add.reduceat(worth, self.ages.starts, axis=2)
        book = self._match(offers, cells, willing)
        if not book.sold.any():
            return none
        return self._settle(day, offers, book, worth, value)

    def _match(self, offers: UsedOffers, cells: Floats, willing: float) -> Book:
        """Clear every grade and age: `cells` (landlords, grades, ages) is what landlords have at work, at value."""
        t, own = self.terms, self._values().relative
        aside = offers.aside | (offers.forced > 0.0)
        forced = cells * offers.forced[:, None, None]
        free = np.where(aside[:, None, None], 0.0, cells * willing)
        offered = (forced + free).sum(axis=0)
        split = offered / max(float(offered.sum()), 1e-300)
        total = cells.sum(axis=(1, 2))
        room = np.where(aside, 0.0, np.maximum(0.0, t.buyer_capacity * total - self.taken_usd))
        cash = np.where(aside, 0.0, np.maximum(0.0, offers.budget_usd))
        most = np.inf if t.outside_depth is None else max(0.0, t.outside_depth * float(total.sum()) - self.outside_usd)
        book = Book(np.zeros_like(cells), np.zeros_like(cells), np.zeros_like(offered), self.ratio.copy())
        for g, a in np.argwhere(offered > 0.0).tolist():
            part = split[g, a]
            holds = cells[:, g].sum(axis=1) > 0.0  # only who runs such GPUs has a place for them
            buyers = Buyers(cash * part * holds, room * part * holds, own[:, g, a], t.buyer_margin)
            sellers = Sellers(forced[:, g, a], free[:, g, a], own[:, g, a], t.cost)
            done = clear(sellers, buyers, 1.0 - t.outside_discount, most * part)
            if done.traded_usd > 0.0:
                self._note(book, (g, a), done.bought_usd, done.outside_usd)
                book.sold[:, g, a] = (done.forced_usd + done.willing_usd) / np.maximum(cells[:, g, a], 1e-300)
                book.price[g, a] = done.price
                self.today.forced_usd += float(done.forced_usd.sum())
        np.clip(book.sold, 0.0, 1.0, out=book.sold)
        return book

    def _note(self, book: Book, cell: tuple[int, int], bought_usd: Floats, outside_usd: float) -> None:
        traded = float(bought_usd.sum()) + outside_usd
        book.bought[:, *cell], book.outside[cell] = bought_usd / traded, outside_usd / traded
        self.taken_usd += bought_usd
        self.outside_usd += outside_usd
        self.today.value_usd += traded
        self.today.outside_usd += outside_usd

    def _settle(self, day: int, offers: UsedOffers, book: Book, worth: Floats, value: Floats) -> UsedTrades:
        """Post the cash and move the GPUs of a book."""
        self.ratio, age = book.price, self.ages.of_day
        price_usd = book.price[:, age] * value
        paid = np.add.reduceat(book.sold[:, :, age] * worth * book.price[:, age], self.ages.starts, axis=2)
        proceeds = self._pay(paid, book)
        self.today.paid_usd += float(paid.sum())
        vintages = self.fleet.vintages(self.common.register.roll.landlord_fleet, day)
        operators = self._operators(offers)
        stay = offers.run_on if operators.any() else offers.run_on | (book.sold.sum(axis=(1, 2)) > 0.0)
        outside = book.outside * ~stay[:, None, None]  # (landlords, grades, ages), to be run by others
        moved = self._moved(vintages, book, outside, operators)
        staying = (book.sold * book.outside)[:, :, age] * stay[:, None, None]
        self._reprice(day, staying, price_usd)
        pool = book.sold[:, :, age] * vintages
        abroad = (pool * outside[:, :, age]).sum(axis=0)
        arrives = pool.sum(axis=0) * book.bought[:, :, age] + operators[:, None, None] * abroad
        due = day + self.terms.downtime_days
        leaving = book.sold[:, :, age] - staying
        self.moves.send(leaving, Parcel(day, due, arrives, self.fleet.cost_of(arrives * price_usd)))
        return UsedTrades(proceeds, moved)

    def _moved(self, vintages: Floats, book: Book, outside: Floats, operators: Floats) -> Floats:
        """Shares of what each has at work (from, to) that go to buyers, and to those who run what outsiders buy."""
        had = vintages.sum(axis=(1, 2))
        sold = book.sold * np.add.reduceat(vintages, self.ages.starts, axis=2)
        to = np.einsum("iga,jga->ij", sold, book.bought) + np.outer((sold * outside).sum(axis=(1, 2)), operators)
        return np.asarray(to / np.where(had > 0.0, had, 1.0)[:, None])

    def _pay(self, paid_usd: Floats, book: Book) -> Floats:
        """Buyers and outsiders pay (landlords, grades, ages) to sellers, who bear the cost; returns what is left."""
        ledger, roll = self.common.ledger, self.common.register.roll
        world = np.full(len(roll.landlords), roll.rest_of_world)
        inside = np.einsum("iga,jga->ji", paid_usd, book.bought)
        total = paid_usd.sum(axis=(1, 2))
        ledger.post_pairs("used GPUs", "cash", roll.landlords, roll.landlords, inside)
        ledger.post("used GPUs", "cash", world, roll.landlords, (paid_usd * book.outside).sum(axis=(1, 2)))
        ledger.post("resale costs", "cash", roll.landlords, world, self.terms.cost * total)
        return np.asarray((1.0 - self.terms.cost) * total)

    def _operators(self, offers: UsedOffers) -> Floats:
        """Who runs what outsiders buy: shares (landlords,) by fleets of those who need not sell; none if all must."""
        free: Floats = np.where(offers.aside | (offers.forced > 0.0), 0.0, self._fleets_ve())
        return free / max(float(free.sum()), 1e-300)

    def _reprice(self, day: int, share: Floats, price_usd: Floats) -> None:
        """Put a share of what landlords run (landlords, grades, days) into the books at its price."""
        rows = self.common.register.roll.landlord_fleet
        bought = share * self.fleet.vintages(rows, day)
        change = self.fleet.cost_of(bought * price_usd) - share * self.fleet.costs(rows, day)
        if share.any():
            self.fleet.add(rows, day, np.zeros_like(bought), change)
