"""Hardware: GPUs age, arrive and retire; at month end chips are wished for, accepted by the vendor, ordered."""

from __future__ import annotations

import numpy as np

from sim.board import HardwareSheet
from sim.department import Common
from sim.environment import Environment
from sim.hardware.audit import (
    USED_COLUMNS,
    check_chips,
    check_custody,
    columns_of,
    gpu_value_usd,
    gpus_by_kind,
    gpus_column,
    mean_paid_usd,
    mean_q,
)
from sim.hardware.duplicates import Duplicates, cancel_orders
from sim.hardware.fleet import Fleet
from sim.hardware.procurement import pass_on_fleet, place_orders, post_deliveries
from sim.hardware.resale.market import UsedMarket
from sim.hardware.resale.terms import Resale
from sim.hardware.sites import Sites
from sim.hardware.terms import Investment
from sim.kernels.record import fleets
from sim.record import Column
from sim.roles import OrdersChips, SellsChips
from sim.rows.credit import Collateral
from sim.rows.hardware import ChipOrders, Grades, Wishes
from sim.rows.outlook import Pipeline
from sim.rules.hoarding import quoted_scarcity, scarcity
from sim.vocabulary import DAYS_PER_YEAR, Floats


class Hardware:
    """The stock of GPUs and the orders under way, by owner of GPUs (`roll.chip_owners`) and grade.

    `premium` is the price of a new chip over its trend, set by the vendor at the last month's end; `ordered_ve` (chip
    owners, grades) what was ordered today; `scarcity` how scarce chips are as quoted in public, which follows what is
    met over `quote_months`.
    """

    def __init__(
        self, common: Common, fleet: Fleet, grades: Grades, sites: Sites, resale: Resale, terms: Investment
    ) -> None:
        self.common = common
        self.fleet = fleet
        self.grades = grades
        self.sites = sites
        self.used = UsedMarket(common, fleet, grades, resale)
        self.terms, self.duplicates = terms, Duplicates(fleet.working.shape)
        self.premium = self.scarcity = 1.0
        self.ordered_ve: Floats = np.zeros_like(fleet.working)
        self.start_ve = float(fleet.working.sum())
        self.start_let_ve = float(self._landlords_ve().sum())
        self.kinds = [common.register.label(owner) for owner in common.register.roll.chip_owners.tolist()]
        self.gpus_of = [gpus_column(kind) for kind in self.kinds]
        fleet.note_sizes()

    # the day

    def age(self, day: int, environment: Environment) -> None:
        """Deliveries arrive, the oldest vintage retires."""
        self.ordered_ve = np.zeros_like(self.ordered_ve)
        before = self.fleet.on_order
        self.fleet.advance(day, *environment.arrivals(self.grades.names))
        self.duplicates.age(before, self.fleet.delivered)
        post_deliveries(self.common.ledger, self.common.register.roll, self.fleet, self.grades)
        self.used.begin_day(day)

    def show(self, announced_scarcity: float) -> None:
        """Put the fleets at work on the board, and how scarce chips are: as quoted, or announced for days to come."""
        self.common.board.hardware = HardwareSheet(self.working_ve().tolist(), max(self.scarcity, announced_scarcity))

    def working_ve(self) -> Floats:
        """Fleets at work of all owners (owners, grades), VE."""
        working = np.zeros((len(self.common.ledger.owners), len(self.grades.names)))
        working[self.common.register.roll.chip_owners] = self.fleet.working
        return working

    def let_ve(self) -> Floats:
        """Fleets at work of landlords (landlords,), VE."""
        return np.asarray(self._landlords_ve().sum(axis=1))

    def _landlords_ve(self) -> Floats:
        """Fleets at work of landlords (landlords, grades), VE."""
        return np.asarray(self.fleet.working[self.common.register.roll.landlord_fleet])

    def pledged_usd(self) -> Floats:
        """Book value of GPUs at work and on order (chip owners,), USD."""
        return np.asarray(self.fleet.book_usd + self.fleet.on_order_usd)

    def collateral(self, day: int) -> Collateral:
        """What landlords' GPUs count for after `day`'s session, by books, values and prices (landlords,)."""
        mine, used = self.common.register.roll.landlord_fleet, self.used
        value, price = used.worth_usd(day)
        sale = (1.0 - used.terms.outside_discount) * (1.0 - used.terms.cost) * value
        return Collateral(self.fleet.book_usd[mine].copy(), self.fleet.on_order_usd[mine].copy(), value, price, sale)

    def pipeline(self, day: int, days: int) -> Pipeline:
        """Landlords' GPUs due and retiring on each of the `days` after today, as orders under way and vintages say."""
        fleet, mine = self.fleet, self.common.register.roll.landlord_fleet
        due, retiring = np.zeros(days), np.zeros(days)
        for found, first in ((due, fleet.life + day + 1), (retiring, day + 1)):
            known = fleet.installed[mine, :, first : first + days].sum(axis=(0, 1))
            found[: len(known)] = known
        held = float(fleet.held_back[0][mine].sum())
        due[0] -= held  # is kept in the pipeline as if it came tomorrow
        return Pipeline(due, retiring, float(self.let_ve().sum()), held)

    # investment

    def wanted(self, day: int) -> Wishes:
        """Month end: the chips that owners want at today's prices, as far as there are sites for them."""
        common, today, fleet = self.common, self.common.board.today, self.fleet
        seat = {int(owner): i for i, owner in enumerate(common.register.roll.chip_owners)}
        wanted, times = np.zeros_like(fleet.working), np.ones_like(fleet.working)
        for owner, agent in common.register.of(OrdersChips):
            for row in agent.chips(common.register.views[owner]):
                wanted[seat[owner], row.grade] += row.quantity_ve
                times[seat[owner], row.grade] = row.times
        share, events = self.sites.room(
            common.path.settings, today.environment.sites_scale, today.days_of_month, fleet.working.sum(axis=1),
            wanted.sum(axis=1),
        )  # fmt: skip
        common.log.note_all(day, events)
        wanted *= share[:, None]
        self.duplicates.times = times
        return Wishes(wanted * times, wanted, self._cost_usd(wanted * times), self.pledged_usd())

    def _cost_usd(self, ve: Floats) -> Floats:
        """What chips (chip owners, grades) cost at the price expected for their delivery (chip owners,), USD."""
        today = self.common.board.today
        price = today.chip_price_usd * self.common.path.forward
        return np.asarray((ve * np.array(today.chip_price_factors)).sum(axis=1) * price)

    def accept(self, wishes: Wishes, paid_share: Floats) -> ChipOrders:
        """The vendor accepts a share of what landlords can pay a share of (landlords,) and others want in full.

        The premium on next month's chips follows from the same orders.
        """
        common, today = self.common, self.common.board.today
        roll, path = common.register.roll, common.path
        paid = np.ones(len(wishes.ve))
        paid[roll.landlord_fleet] = paid_share
        asked, wanted = wishes.ve * paid[:, None], wishes.wanted_ve * paid[:, None]
        rate = path.delivery_rate * path.ahead * today.days_of_month / DAYS_PER_YEAR
        total, usual = float(asked.sum()), self.start_ve * path.quantity_factor(today.years) * rate
        vendor, met = common.register.the(roll.vendor, SellsChips), today.environment.vendor_scale
        accepted = self._accepted(total, float(wanted.sum()), usual)
        if met > 0.0:
            self.premium = vendor.next_premium(self.premium, total, usual * met)
        self._quote(accepted)
        return ChipOrders(asked * accepted, accepted, np.maximum(0.0, asked * accepted - wanted))

    def _accepted(self, asked_ve: float, wanted_ve: float, usual_ve: float) -> float:
        """Share of all orders that the vendor accepts; one who is short makes a share of what is wanted, not asked."""
        roll, register, met = (
            self.common.register.roll,
            self.common.register,
            self.common.board.today.environment.vendor_scale,
        )
        vendor, view = register.the(roll.vendor, SellsChips), register.views[roll.vendor]
        if met == 1.0 or wanted_ve >= asked_ve:
            return met * vendor.accepted_share(view, asked_ve, usual_ve)
        return met * vendor.accepted_share(view, wanted_ve, usual_ve) * wanted_ve / asked_ve

    def _quote(self, accepted: float) -> None:
        """What share of orders was met and how late deliveries are becomes public; with nothing ordered, as it was."""
        settings, working = self.common.path.settings, float(self.fleet.working.sum())
        due = self.common.path.delivery_rate * working / DAYS_PER_YEAR
        late = float(self.fleet.held_back[0].sum()) / due if due > 0.0 else 0.0
        seen = scarcity(accepted, late, settings.lead_years * DAYS_PER_YEAR)
        self.scarcity = quoted_scarcity(self.scarcity, seen, self.terms.quote_months)

    def order(self, day: int, orders: ChipOrders) -> None:
        """Place and pay the orders; who does not borrow is given the money by its parents."""
        common, today, roll = self.common, self.common.board.today, self.common.register.roll
        cost, levered = self._cost_usd(orders.ve), set(roll.landlord_fleet.tolist())
        for row, owner in enumerate(roll.chip_owners.tolist()):
            if row not in levered:
                common.ledger.transfer("capex from parents", "cash", roll.parents, owner, float(cost[row]))
        paid_usd = today.chip_price_usd * np.array(today.chip_price_factors)
        place_orders(
            common.ledger, roll, self.fleet, self.grades, day, orders.ve, paid_usd, today.environment.tariff,
            common.path.forward,
        )  # fmt: skip
        self.ordered_ve = orders.ve
        self.duplicates.ve += orders.duplicates_ve

    def cancel(self, day: int) -> Floats:
        """Owners cancel duplicates beyond what they would order today; returns what they are paid back (landlords,).

        Who does not borrow gives the money back to its parents.
        """
        ledger, roll, tariff = self.common.ledger, self.common.register.roll, self.common.board.today.environment.tariff
        unwanted = self.duplicates.unwanted(self.fleet.on_order)
        if not unwanted.any():
            return np.zeros(len(roll.landlords))
        share = float(unwanted.sum() / self.fleet.on_order.sum())
        back = cancel_orders(ledger, roll, self.fleet, self.grades, day, unwanted, self.terms.refund, tariff)
        self.duplicates.ve -= unwanted
        for row in set(range(len(back))) - set(roll.landlord_fleet.tolist()):
            ledger.transfer("capex from parents", "cash", int(roll.chip_owners[row]), roll.parents, float(back[row]))
        self.common.log.note(day, "orders cancelled", f"{share:.1%} of all chips on order, as duplicates")
        return np.asarray(back[roll.landlord_fleet])

    def sell(self, day: int, owner: int, price_usd: float, creditors: Floats) -> None:
        """Creditors seize an owner's GPUs, in these shares (lenders,), and sell them to outsiders who run them on.

        They are written to the price after `day`'s close; what is on order stays.
        """
        roll = self.common.register.roll
        row = int(np.flatnonzero(roll.chip_owners == owner)[0])
        pass_on_fleet(self.common.ledger, roll, self.fleet, self.grades, row, creditors)
        self.fleet.write_to(row, day, price_usd)

    # the close

    def laws(self, day: int) -> None:
        """A7, A8, and A3 of book values; raises BrokenLaw. Remembers sizes, against which rounding is judged."""
        self.fleet.note_sizes()
        check_chips(day, self.common.ledger, self.common.register.roll.chip_owners, self.fleet, self.grades)
        check_custody(day, self.common.ledger, self.common.register.roll, self.used.moves.on_the_way_ve, self.grades)

    def columns(self) -> list[Column]:
        """The series of GPUs and chips."""
        return [*columns_of(self.kinds), *(USED_COLUMNS if self.used.open else [])]

    def day(self) -> dict[str, float]:
        """GPUs at work, chips ordered today and what both are worth."""
        common, grades = self.common, self.grades
        today, landlords, path = common.board.today, common.register.roll.landlord_fleet, common.path
        month_end, mine = common.calendar.is_month_end(today.day), self._landlords_ve()
        gpus, let, all_, orders, all_orders = fleets(self.fleet.working, self.ordered_ve, landlords, grades.gpu_ve)
        on_path = self.start_let_ve * path.quantity_factor(today.years)
        path_orders = on_path * path.delivery_rate * path.ahead * today.days_of_month / DAYS_PER_YEAR
        return {
            **gpus_by_kind(self.gpus_of, gpus),
            "fleet_ve": let,
            "fleet_path_ve": on_path,
            "fleet_all_ve": all_,
            "orders_ve": orders,
            "orders_path_ve": path_orders if month_end else 0.0,
            "orders_all_ve": all_orders,
            "chip_price_usd_per_ve": mean_paid_usd(today, common.board.start.order_shares),
            "gpu_value_usd_per_ve": gpu_value_usd(common.register, mine),
            "q_mean": mean_q(common.register, mine) if month_end else np.nan,
            "chip_premium": self.premium,
            "chip_scarcity": self.scarcity,
            **(self._used(today.day) if self.used.open else {}),
        }

    def _used(self, day: int) -> dict[str, float]:
        """What used GPUs cost at last prices, and what was sold of them today."""
        value, worth = (float(usd.sum()) for usd in self.used.worth_usd(day))
        fleet, sales = float(self._landlords_ve().sum()), self.used.today
        return {
            "used_gpu_usd_per_ve": worth / fleet if fleet > 0.0 else np.nan,
            "used_price_ratio": worth / value if value > 0.0 else np.nan,
            "used_paid_usd": sales.paid_usd,
            "used_sold_usd": sales.value_usd,
            "used_forced_usd": sales.forced_usd,
            "used_outside_usd": sales.outside_usd,
            "used_on_the_way_ve": float(self.used.moves.on_the_way_ve.sum()),
        }
