"""Credit: loans to landlords, their service and tests, lenders' room for new ones, insolvency."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from sim.board import CreditSheet
from sim.credit.audit import BALLOON_COLUMNS, CALL_COLUMNS, COLUMNS, check_loans, median
from sim.credit.borrowers import borrowers_of, first_dscr, landlords_of
from sim.credit.calls import Calls
from sim.credit.covenants import measured
from sim.credit.facilities import facilities_of
from sim.credit.financing import Financing, Funding, fund_orders
from sim.credit.lenders import Lenders
from sim.credit.loans import LoanBook
from sim.credit.payments import buy_back, draw, sell, serve
from sim.credit.pricing import MAX_ADVANCE, Pricing
from sim.credit.refinancing import DUST_USD, Lending, Refinancing
from sim.credit.reports import Reports
from sim.credit.resolution import Estates, Evening, RejectsContracts, SellsGpus
from sim.credit.schedules import Principal, Schedules
from sim.credit.service import CASH_FLOOR, Servicer
from sim.credit.terms import MONTHS, Loan, Resolution
from sim.department import Common
from sim.kernels.record import spreads
from sim.problems import Problem, SpecError
from sim.record import Column
from sim.rows.credit import Collateral, Contracted, LoanMargin, ServicerReport
from sim.rows.exposures import Exposure
from sim.rows.hardware import UsedOffers
from sim.rows.securitisation import Offering
from sim.vocabulary import DAYS_PER_YEAR, Bools, Floats


class Credit:
    """Loans by facility, borrower (the roll's landlords) and lender, under the terms `loan` and `resolution`.

    `normal_usd` (borrowers,) is the cash that a careful firm holds, USD per VE at day 0; `marks`
    (borrowers,) of collateral over book, `room_share` of draws that lenders' capital allowed and `base_bound`, how many
    borrowers' base cut theirs, are of the last month end.
    """

    def __init__(
        self, common: Common, loans: LoanBook, loan: Loan, resolution: Resolution, pledged_usd_per_ve: Floats, *,
        marked: bool = False,
    ) -> None:  # fmt: skip
        landlords = landlords_of(common.register, common.path)
        self.common = common
        self.loans = loans
        on_path = np.array([common.path.debt_usd(t.advance_rate) for t in landlords])
        self.pricing = Pricing(loans, on_path / pledged_usd_per_ve)
        self.calls, self.marked = Calls(common, loans), marked
        self.terms = loan.model_copy(update={"call": None})
        schedules = Schedules(loans, common.path.settings.quantity - common.path.settings.technology)
        self.servicer = Servicer(common, loans, first_dscr(landlords, common.path, loan), schedules)
        self.refinancing = Refinancing(common, loans, schedules, recorded=loan.refinances)
        self.adopt(loan, resolution)
        self.lenders = Lenders(common, loans, loan.answers.loss_prior)
        self.estates = Estates(common, self.servicer, self.lenders)
        self.normal_usd: Floats = np.array([common.path.normal_cash_usd(t) for t in landlords])
        self.marks: Floats = np.ones(len(landlords))
        self.room_share = 1.0
        self.base_bound = 0
        self.drawn_usd = self.lender_losses_usd = 0.0
        self.reports = Reports(common, loans, loan) if loan.reports else None

    def adopt(self, loan: Loan, resolution: Resolution) -> None:
        """Take the terms, and what landlords say now of their own."""
        self.calls.adopt(loan.call, self.terms.call)
        self.terms, self.rules = loan, resolution
        terms = loan.facilities.values()
        self.servicer.schedules.adopt(tuple(one.schedule for one in terms), tuple(one.refinance for one in terms))
        register = self.common.register
        self.borrowers = borrowers_of(register, self.common.path, loan)
        self.pricing.path_dscr = first_dscr(landlords_of(register, self.common.path), self.common.path, loan)
        self.facilities = facilities_of(loan, self.loans.weights, [register.name(i) for i in register.roll.lenders])

    def check_closing(self, contracted: Contracted) -> None:
        """A test from the start that no borrower passes then, all delivered, is refused: raises SpecError by key."""
        contracted = replace(contracted, delivered_ve=contracted.let_ve)
        debt = self.loans.debt_usd
        owes = debt > 0.0
        yearly = self.facilities.amortisation[self.loans.facility] * self.loans.balance.sum(axis=1)
        due = self.loans.by_borrower(yearly) / MONTHS + self.servicer.schedules.first_parts()
        cash = self.common.ledger.held("cash")[self.common.register.roll.landlords]
        problems = []
        for name, test in self.terms.tests.items():
            best = float(measured(test.of, self.servicer.dscr, debt, due, cash, contracted)[owes].max(initial=0.0))
            if test.first is None and owes.any() and best < test.least:
                text = f"no borrower passes at closing: the best has {best:.3g}"
                problems.append(Problem(f"loan.tests.{name}.least", test.least, text))
        if problems:
            raise SpecError(problems)

    def check_commitments(self) -> None:
        """A facility that commits to one borrower more than its lender could ever lend: raises SpecError by key."""
        free, loans = self.lenders.free_usd(0.0), self.loans
        most = free + loans.balance.sum(axis=0)
        first = loans.balance.sum(axis=1).reshape(loans.facilities, -1)
        problems = []
        for f, (name, facility) in enumerate(self.terms.facilities.items()):
            largest = (facility.commitment or 0.0) * float(first[f].max(initial=0.0))
            lent = self.facilities.syndicate[f] > 0.0
            times = float((most[lent] / self.facilities.syndicate[f][lent]).min(initial=np.inf))
            if facility.commitment and largest > times:
                text = (
                    f"commits {largest:.3g} USD to one borrower, of which a lender's part is more than its capital "
                    f"allows it to lend in all: at most {facility.commitment * times / largest:.3g}"
                )
                problems.append(Problem(f"loan.facilities.{name}.commitment", facility.commitment, text))
        if problems:
            raise SpecError(problems)

    @property
    def in_estate(self) -> Bools:
        """Which borrowers are run for their creditors."""
        return self.estates.running

    def _fleet_ve(self) -> Floats:
        """VE at work of borrowers (borrowers,), as the morning showed them."""
        fleets = self.common.board.hardware.fleet_ve
        mine = [fleets[owner] for owner in self.common.register.roll.landlords.tolist()]
        return np.asarray(np.array(mine).sum(axis=1))

    def _normal_cash_usd(self) -> Floats:
        """A month of running cost and debt service on the path (borrowers,), USD."""
        return np.asarray(self.normal_usd * self._fleet_ve() * self.common.board.today.technology)

    # the day

    def show(self) -> None:
        """Put what owners may know of their own credit on the board: those who are no landlords owe nothing."""
        roll = self.common.register.roll
        nobody = np.repeat([[0.0], [np.inf], [0.0], [0.0], [1.0], [1.0]], len(self.common.ledger.owners), axis=1)
        nobody[:, roll.landlords] = [
            self.loans.debt_usd, self.servicer.dscr, self._normal_cash_usd(), self.pricing.spread_change,
            self.pricing.advanced, self.pricing.marked,
        ]  # fmt: skip
        debt, dscr, normal, change, advanced, marked = nobody.tolist()
        estate, barred = np.zeros((2, len(debt)), dtype=bool)
        estate[roll.landlords] = self.in_estate
        barred[roll.landlords] = (self.servicer.dscr < self.terms.covenant) | self.in_estate
        self.drawn_usd = 0.0
        self.refinancing.begin_day(self.common.board.today.day)
        self.common.board.credit = CreditSheet(
            debt, dscr, normal, barred.tolist(), estate.tolist(), change, advanced, marked
        )

    def note_costs(self, costs_usd: Floats) -> None:
        """What landlords paid to run (borrowers,), which comes before debt service."""
        self.servicer.opex_usd += costs_usd

    def note_hedges(self, results_usd: Floats) -> None:
        """What hedges brought landlords (borrowers,), which operating cash bears."""
        self.servicer.hedge_usd += results_usd

    # the month

    def service(
        self, day: int, received_usd: Floats, contracted: Contracted | None = None, pledged_usd: Floats | None = None
    ) -> None:
        """Month end: debt service out of what was received (borrowers,), tests, payouts; then the lenders' accounts.

        Tests of their own dates read what is `contracted`, new loans for balloons the book value that is pledged.
        """
        interest, principal = self.servicer.falls_due(self.terms, self.facilities, self.borrowers)
        if pledged_usd is not None:
            principal = self._refinance(principal, pledged_usd)
        paid = self.servicer.collect(
            self.terms, self.facilities, self.borrowers, received_usd, self.in_estate, self._normal_cash_usd(),
            (interest, principal), contracted,
        )  # fmt: skip
        if pledged_usd is not None:
            self.refinancing.note(day, principal, paid, self.in_estate)
        self._subscribe()
        self.lenders.learn(self.terms.answers.loss_half_life_years)
        self.lenders.fund(day)

    def _refinance(self, principal: Principal, pledged_usd: Floats) -> Principal:
        """Draw balloons anew on tonight's terms; returns principal that is left to be paid in cash."""
        terms, today, servicer = self.terms, self.common.board.today, self.servicer
        offering = self.refinancing.offering
        alive = ~self.in_estate[self.loans.borrower]
        principal = replace(principal, balloons=np.where(alive, principal.balloons, 0.0))
        self.price(pledged_usd)
        failed = np.any(list(servicer.failed.values()), axis=0) if servicer.failed else np.zeros_like(self.in_estate)
        advance = self._advances(offering)
        lending = Lending(
            base_usd=advance * self.calls.base_usd(terms, pledged_usd),
            committed_usd=servicer.committed_usd(self.facilities),
            passes=(servicer.dscr >= terms.covenant) & ~failed & ~self.in_estate & ~self.calls.open,
            room_usd=self.lenders.free_usd(offering.relief, principal.balloons),
            open_share=today.environment.credit_scale,
            change=(self.pricing.charge + self.pricing.spread_change)[self.loans.borrower],
        )  # fmt: skip
        left = self.refinancing.pass_month(self.facilities, principal, lending)
        self.lenders.balance_deposits()
        return left

    def _subscribe(self) -> None:
        """Owners put in what a month's orders on the path lack, never more than they put in on the path.

        min(subscription, max(0, own bill - spare cash)) where loans and cash flow do not pay for the path's growth.
        """
        if not self.borrowers.subscription_usd.any():
            return
        today, roll, ledger = self.common.board.today, self.common.register.roll, self.common.ledger
        scale = self._fleet_ve() * today.technology * today.days_of_month / DAYS_PER_YEAR
        spare = np.maximum(0.0, ledger.held("cash")[roll.landlords] - self._cash_floor_usd())
        lacking = np.maximum(0.0, self.borrowers.own_bill_usd * scale - spare)
        paid = np.where(self.in_estate, 0.0, np.minimum(self.borrowers.subscription_usd * scale, lacking))
        ledger.post("equity raised", "cash", np.full(len(paid), roll.rest_of_world), roll.landlords, paid)

    def _cash_floor_usd(self) -> Floats:
        """Cash that is never spent on chips (borrowers,)."""
        return np.asarray(CASH_FLOOR * self.normal_usd * self._fleet_ve() * self.common.board.today.technology)

    def mark(self, collateral: Collateral) -> None:
        """What collateral counts for from now on, on the basis of the terms."""
        self.calls.mark(self.terms, collateral, lambda: self.lenders.marks(self.facilities.lent_by))

    def call(self, day: int) -> UsedOffers:
        """Test and call borrowers. Returns who must sell used GPUs today, and what others may spend on some.

        Called borrowers who have not cured it sell a part, estates that are sold offer all they have. Firms in default,
        called, or barred from orders do not buy.
        """
        cash = self.common.ledger.held("cash")[self.common.register.roll.landlords]
        spare = np.maximum(0.0, cash - self._cash_floor_usd())
        self.calls.pass_day(self.terms, day, spare, self.in_estate)
        due = self.estates.due(self.rules, day)
        barred = (self.servicer.dscr < self.terms.covenant) | self.in_estate | self.calls.open
        forced = self.calls.forced
        if self.terms.refinances:
            self.refinancing.pass_day(self.terms, self.calls, cash, self.in_estate)
            barred, forced = barred | (self.refinancing.overdue_usd > DUST_USD), forced + self.refinancing.forced
        return UsedOffers(np.where(due, 1.0, forced), spare, barred, due)

    def take_proceeds(self, proceeds_usd: Floats) -> None:
        """Sellers of used GPUs have been paid so much after costs (borrowers,): those who had to sell repay loans."""
        self.calls.take_proceeds(proceeds_usd)
        if self.terms.refinances:
            self.servicer.forgive(self.refinancing.take_proceeds(proceeds_usd))

    def resolve(self, day: int, reject: RejectsContracts, sell_gpus: SellsGpus | None) -> None:
        """Every day: firms that cannot pay are cured or fail; estates whose time has come are sold.

        Without a door to hardware their GPUs have been sold on the market for used ones.
        """
        used = self.rules.used_value * self.common.board.today.chip_price_usd
        before = self.loans.sold.lost_usd
        evening = Evening(day, used, self._fleet_ve(), self._normal_cash_usd(), self.calls.failed)
        self.estates.pass_day(self.terms, self.rules, evening, reject, sell_gpus)
        self.lender_losses_usd = self.estates.losses_usd - (self.loans.sold.lost_usd - before)

    def report(self) -> ServicerReport:
        """What lenders tell of loans as they stand."""
        sold, losses = self.loans.sold, self.estates.losses_usd
        held = self.loans.by_borrower(sold.held.sum(axis=1))
        sound = np.where(self.in_estate, 0.0, held)
        return ServicerReport(
            sold_usd=held, sold_total_usd=sold.total_usd,
            in_estate=self.in_estate,
            interest_usd=sold.interest_usd, principal_usd=sold.principal_usd, added_usd=sold.added_usd,
            lost_usd=sold.lost_usd,
            loss_rate=losses / (losses + float(self.loans.balance.sum())) if losses > 0.0 else 0.0,
            dscr=float(held @ self.servicer.dscr) / float(held.sum()) if held.any() else np.nan,
            default_chance=float(sound @ self.servicer.chances) / float(sound.sum()) if sound.any() else 0.0,
        )  # fmt: skip

    # investment

    def price(self, pledged_usd: Floats) -> None:
        """Month end: what new loans cost before their funding; `pledged_usd` (borrowers,) is book value."""
        excess = float(self.facilities.lent_by @ (self.lenders.loss_rate - self.terms.answers.loss_prior))
        self.pricing.price(self.terms, self.borrowers, self.servicer.dscr, pledged_usd, excess)

    def advance(self, offering: Offering) -> None:
        """Month end: what borrowers are told of advances."""
        self.pricing.advance(self.terms, self.borrowers, self.lenders.marks(self.facilities.lent_by), offering)

    def margin(self) -> LoanMargin:
        """What new loans earn: the mean spread by what borrowers owe (by their number if nobody owes); their cost."""
        facilities, owed = self.facilities, self.loans.debt_usd
        spread = self.borrowers.spread + float(facilities.share @ facilities.spread) + self.pricing.spread_change
        mean = float(owed @ spread) / float(owed.sum()) if owed.any() else float(spread.mean())
        capital = self.lenders.capital_cost(self.terms.capital_hurdle, facilities.lent_by)
        if self.terms.pricing == "fixed":
            return LoanMargin(mean, capital)
        a = self.terms.answers
        return LoanMargin(mean, capital, a.relief_passed, a.notes_passed, a.note_spread)

    def finance(self, cost_usd: Floats, pledged_usd: Floats, offering: Offering) -> Funding:
        """What cash, outside owners and lenders allow of orders that cost so much (borrowers,).

        `pledged_usd` (borrowers,) is the book value of GPUs at work and on order before the new ones.
        """
        today, ledger, roll = self.common.board.today, self.common.ledger, self.common.register.roll
        facilities, lent_by = self.facilities, self.facilities.lent_by
        self.refinancing.offering, advance = offering, self._advances(offering)
        counts = self.calls.base_usd(self.terms, pledged_usd)
        if self.reports:
            self.reports.note_month(self.terms, self.servicer.dscr, advance, counts)
        money = Financing(
            advance=advance, budget_usd=np.maximum(0.0, ledger.held("cash")[roll.landlords] - self._cash_floor_usd()),
            equity_access=self.borrowers.equity_access,
            headroom_usd=advance * counts - self.loans.debt_usd,
            committed_usd=self._committed_usd(),
            lender_room_usd=self._lender_room_usd(offering, lent_by), share=facilities.share,
            syndicate=facilities.syndicate, open_share=today.environment.credit_scale,
        )  # fmt: skip
        funding = fund_orders(cost_usd, money)
        self.room_share, self.base_bound = funding.room_share, funding.base_bound
        return funding

    def _advances(self, offering: Offering) -> Floats:
        """What is lent on collateral now (borrowers,): own rate, looser standards, marks."""
        marks = self._marks(self.facilities.lent_by)
        advance = np.minimum(MAX_ADVANCE, self.borrowers.advance_rate * offering.advance * marks)
        return np.asarray(advance * (1.0 if self.common.board.today.loans_open else 0.0))

    def _lender_room_usd(self, offering: Offering, lent_by: Floats) -> Floats:
        """What lenders may draw (lenders,): their capital's room, and what finds buyers or room in the warehouse."""
        room = self.lenders.room_usd(offering, lent_by)
        return np.minimum(room, offering.most_usd * lent_by) if np.isfinite(offering.most_usd) else room

    def _committed_usd(self) -> Floats:
        """What commitments leave to be drawn (borrowers,), USD; no end where a facility has none."""
        left = self.servicer.committed_usd(self.facilities) - self.loans.balance.sum(axis=1)
        return self.loans.by_borrower(np.maximum(0.0, left))

    def _marks(self, lent_by: Floats) -> Floats:
        """Marks on advance rates (borrowers,), by the curve where books are the basis; keeps marks over book."""
        self.marks = self.lenders.marks(lent_by)
        if self.terms.collateral_basis == "book" or self.calls.collateral is None:
            return self.marks
        book = self.calls.collateral.book_usd
        self.marks = np.where(book > 0.0, self.calls.marked_usd / np.where(book > 0.0, book, 1.0), 1.0)
        return np.ones(len(book))

    def draw(self, funding: Funding, accepted: float, offering: Offering) -> Floats:
        """New loans for the share of orders that the vendor accepts; returns draws (loans, lenders), USD.

        What balloons were drawn anew tonight is among them, as far as lenders still have it.
        """
        draws: Floats = funding.draws_usd * accepted
        self.loans.price_draws(draws.sum(axis=1), offering.charge + self.pricing.spread_change[self.loans.borrower])
        draw(self.common, self.loans, draws)
        self.servicer.schedules.draw(draws.sum(axis=1))
        if self.refinancing.drawn_of is not None:
            again = np.where(self.in_estate[self.loans.borrower][:, None], 0.0, self.refinancing.drawn_of)
            draws = np.minimum(draws + again, self.loans.kept_usd)
        self.drawn_usd = float(draws.sum())
        return draws

    def sell(self, amounts_usd: Floats) -> ServicerReport:
        """The vehicle has bought parts of draws (loans, lenders) at par; lenders repay deposits with the money."""
        sell(self.common, self.loans, amounts_usd)
        self.lenders.balance_deposits()
        return self.report()

    def take_back(self, face_usd: float, price: float, relief: float) -> tuple[float, ServicerReport]:
        """The vehicle sells loans of so much face to lenders, over face at a price, as far as their capital has room.

        Returns the face that was taken. `relief` is the share of loans sold that needs no capital.
        """
        held = self.loans.sold.held
        parts = held * min(1.0, face_usd / max(float(held.sum()), 1e-300))
        room = np.maximum(0.0, self.lenders.free_usd(relief))
        by_lender = parts.sum(axis=0)
        parts = parts * np.minimum(1.0, room / np.where(by_lender > 0.0, by_lender, 1.0))
        if parts.any():
            buy_back(self.common, self.loans, parts, price)
        self.lenders.balance_deposits()
        return float(parts.sum()), self.report()

    def prepay(self, refunds_usd: Floats) -> None:
        """Of what borrowers are paid back for orders (borrowers,) lenders get the share that they advance."""
        if refunds_usd.any():
            due = np.where(self.in_estate, 0.0, refunds_usd * self.borrowers.advance_rate)
            by_loan = self.loans.split(np.minimum(self.loans.debt_usd, due), self.loans.balance.sum(axis=1))
            serve(self.common, self.loans, np.zeros_like(by_loan), by_loan, np.zeros_like(by_loan))

    def raise_equity(self, funding: Funding, accepted: float) -> None:
        """Outside owners put in what they promised for the orders that are accepted."""
        roll = self.common.register.roll
        world = np.full(len(roll.landlords), roll.rest_of_world)
        self.common.ledger.post("equity raised", "cash", world, roll.landlords, funding.equity_usd * accepted)

    def exposures(self) -> list[Exposure]:
        """What landlords owe lenders on loans kept, and the vehicle on those it bought; what lenders owe depositors."""
        register, roll, loans = self.common.register, self.common.register.roll, self.loans
        name = [register.name(int(i)) for i in roll.landlords]
        kept, sold = loans.by_borrower(loans.kept_usd), loans.by_borrower(loans.sold.held).sum(axis=1)
        found = [
            Exposure(name[i], register.name(int(roll.lenders[k])), "loan", float(kept[i, k]))
            for i, k in np.argwhere(kept > 0.0).tolist()
        ]
        for i in np.flatnonzero(sold > 0.0).tolist():
            found.append(Exposure(name[i], register.name(int(roll.vehicles[0])), "loan", float(sold[i])))
        owed = -self.common.ledger.held("funding")
        outside = self.common.ledger.owners[roll.rest_of_world]
        return found + [
            Exposure(register.name(i), outside, "funding", float(owed[i]))
            for i in roll.lenders.tolist()
            if owed[i] > 0.0
        ]

    # the close

    def laws(self, day: int) -> None:
        """A9; raises BrokenLaw."""
        self.loans.note_sizes()
        check_loans(day, self.common.ledger, self.common.register.roll, self.loans)

    def columns(self) -> list[Column]:
        """The series of credit."""
        return [
            *COLUMNS,
            *(CALL_COLUMNS if self.marked else []),
            *(BALLOON_COLUMNS if self.refinancing.recorded else []),
            *(self.reports.columns() if self.reports else []),
        ]

    def day(self) -> dict[str, float]:
        """Loans, lenders, coverage and defaults today."""
        debt, (mean, most) = self.loans.debt_usd, self._new_spreads()
        capital = self.common.ledger.net_worth()[self.common.register.roll.lenders]
        return {
            "loans_usd": float(self.loans.balance.sum()),
            "lender_capital_usd": float(capital.sum()),
            "dscr_median": median(self.servicer.dscr[debt > 0.0]),
            "room_share": self.room_share,
            "collateral_mark": float(self.marks.mean()),
            "defaults": float(self.estates.defaults),
            "loan_losses_usd": self.estates.losses_usd,
            "lender_losses_usd": self.lender_losses_usd,
            "loan_draws_usd": self.drawn_usd,
            "loan_spread_mean": mean,
            "loan_spread_max": most,
            "base_bound": float(self.base_bound),
            **(self._calls() if self.marked else {}),
            **(self._balloons() if self.refinancing.recorded else {}),
            **(self._reported(self.reports) if self.reports else {}),
        }

    def _balloons(self) -> dict[str, float]:
        """Balloons of today, and what of them is overdue."""
        today = self.refinancing
        return {
            "balloons_due_usd": today.due_usd,
            "balloons_refinanced_usd": today.drawn_usd,
            "balloons_cash_usd": today.cash_usd,
            "balloons_sales_usd": today.sales_usd,
            "balloons_overdue_usd": float(today.overdue_usd.sum()),
        }

    def _reported(self, reports: Reports) -> dict[str, float]:
        """What credit reports of today beside."""
        return reports.day(self.terms, self.servicer, self.servicer.committed_usd(self.facilities), self.in_estate)

    def _calls(self) -> dict[str, float]:
        """Margin calls of today, and what all collateral counts for."""
        calls, collateral = self.calls, self.calls.collateral
        counts = float(calls.marked_usd.sum()) + (float(collateral.on_order_usd.sum()) if collateral else 0.0)
        return {
            "calls_open": float(calls.open.sum()),
            "called_usd": calls.called_usd,
            "calls_cash_usd": calls.cash_usd,
            "calls_chips_usd": calls.chips_usd,
            "calls_sales_usd": calls.sales_usd,
            "loan_to_value": float(self.loans.debt_usd.sum()) / counts if counts > 0.0 else np.nan,
        }

    def _new_spreads(self) -> tuple[float, float]:
        """Mean and largest spread of new loans of those who may borrow, as priced at the last month end; or nan."""
        if not (self.common.board.today.loans_open and len(self.loans.weights)):
            return np.nan, np.nan
        borrowers, facilities, pricing = self.borrowers, self.facilities, self.pricing
        of_facilities = float(facilities.share @ facilities.spread)
        return spreads(borrowers.spread, of_facilities, pricing.spread_change, pricing.charge, borrowers.advance_rate)
