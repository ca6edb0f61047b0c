"""Reserved capacity: contracts age and end, new ones are signed, their hours are delivered; some are rejected."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from sim.behaviours.reserving import tabled
from sim.board import ReservedSheet
from sim.department import Common
from sim.record import Column
from sim.reserved.anchor_tenant import AnchorClient
from sim.reserved.auction import Signing, auction_week, sign_week
from sim.reserved.audit import check_contracts, columns_of, rent_column
from sim.reserved.contracts import WEEKDAYS, ReservedBook
from sim.reserved.terms import ReservedTerms
from sim.roles import Reserves
from sim.rows.credit import Contracted
from sim.rows.reserved import Delivered, Held
from sim.vocabulary import HOURS_PER_DAY, Floats, Ints


class Reserved:
    """Take-or-pay contracts between the roll's landlords and customers.

    `menu_usd` (tenors,) is the rent at which each tenor was signed last, `signing_shares` (tenors,) its share in a
    week's signings on the growth path, `ended_ve` (landlords, customers) what ended today; `served` (landlords,) is
    the share of contracts that is delivered today. `index_ve` is VE per GPU of the grade that the index is quoted in.
    `usual_share` (landlords,) of what each runs is usually under contract, once GPUs have changed hands.
    """

    def __init__(self, common: Common, contracts: ReservedBook, terms: ReservedTerms, index_ve: float) -> None:
        roll, path = common.register.roll, common.path
        self.common = common
        self.contracts = contracts
        self.terms = terms
        self.index_ve = index_ve
        self.client = AnchorClient()
        self.menu_usd: Floats = path.menu * path.settings.rent_usd
        _, _, _, rate = path.contracts()
        self.signing_shares: Floats = rate / rate.sum()
        self.ended_ve: Floats = np.zeros_like(contracts.quantity_ve)
        self.fleet_ve, self.running_share, self.served = (np.zeros(len(roll.landlords)) for _ in range(3))
        self.usual_share: Floats | None = None
        self.unsigned: dict[str, int] = {}  # why a tenor was not signed -> month in which it was last recorded

    # the day

    def age(self, day: int, client_lost: float) -> None:
        """A seventh of contracts ages by a week, its last week's end; the largest customer loses a share of its own."""
        common, roll = self.common, self.common.register.roll
        if day > 0:
            before = self.contracts.quantity_ve
            earned = self.contracts.pass_week((day % WEEKDAYS,))
            self.ended_ve = np.maximum(0.0, before - self.contracts.quantity_ve)
            post = common.ledger.post_pairs
            post("reserved rent earned", "prepaid_rent", roll.customers, roll.landlords, earned.T)
            post("expiry", "reserved_capacity", roll.customers, roll.landlords, self.ended_ve.T)
        held = self.contracts.quantity_ve.sum(axis=0)
        events = self.client.meet(client_lost, roll.customers.tolist(), held, common.ledger.owners, self.reject)
        common.log.note_all(day, events)

    def begin_day(self, fleet_ve: Floats, running_share: Floats) -> None:
        """Begin the morning with landlords' fleets (landlords,) and the share of each that runs; show who holds what.

        Contracts are served first in an outage, or pro rata, as the day's environment says.
        """
        self.fleet_ve, self.running_share = fleet_ve, running_share
        self._show()

    def _show(self) -> None:
        """Work out what share of contracts is served, and put who has reserved how much on the board."""
        roll, board, quantity = self.common.register.roll, self.common.board, self.contracts.quantity_ve
        fleet, share, reserved = self.fleet_ve, self.running_share, quantity.sum(axis=1)
        first = np.minimum(1.0, fleet * share / np.maximum(reserved, 1e-300))
        rata = share * np.minimum(1.0, fleet / np.maximum(reserved, 1e-300))
        self.served = first if board.today.environment.contracts_first else rata
        sold, held, short = np.zeros((3, len(self.common.ledger.owners)))
        sold[roll.landlords] = reserved
        if len(roll.customers):
            held[roll.customers] = quantity.sum(axis=0)
            short[roll.customers] = (quantity * (1.0 - self.served)[:, None]).sum(axis=0)
        usual: list[float] = []
        if self.usual_share is not None:
            of_owner = np.zeros(len(sold))
            of_owner[roll.landlords] = self.usual_share
            usual = of_owner.tolist()
        board.reserved = ReservedSheet(sold.tolist(), held.tolist(), short.tolist(), usual)

    def sign(self, day: int, fixings_usd: Mapping[str, float]) -> None:
        """Landlords offer and customers want take-or-pay contracts; menus read last night's curve.

        Contracts run for whole weeks; a seventh of them ends each day and what is free is signed anew, since the spot
        pool is what contracts leave and would jump if all were signed on one day of the week.
        """
        common, roll = self.common, self.common.register.roll
        if day == 0 or not len(roll.customers):
            return
        signing = self._match()
        self.menu_usd = signing.menu_usd
        self._note_unsigned(day, signing.trouble)
        due = self._add(signing, day % WEEKDAYS, self._index_usd(fixings_usd))
        post = common.ledger.post_pairs
        post("signing", "reserved_capacity", roll.landlords, roll.customers, signing.quantity_ve.sum(axis=0))
        post("signing", "prepaid_rent", roll.landlords, roll.customers, due)
        post("signing", "prepayment_due", roll.customers, roll.landlords, due.T)
        self._show()

    def _match(self) -> Signing:
        """Today's offers and wishes, matched by the mechanism of this world."""
        register, path = self.common.register, self.common.path
        roll = register.roll
        who, rows = tabled([(owner, agent.reserved(register.views[owner])) for owner, agent in register.of(Reserves)])
        offered, wanted = rows[:, 1] < 0.0, rows[:, 1] > 0.0
        offers = _seated(roll.landlords, who[offered]), rows[offered]
        wants = _seated(roll.customers, who[wanted]), rows[wanted]
        shape = (len(path.tenors), len(roll.landlords), len(roll.customers))
        if not path.by_auction:
            return sign_week(offers, wants, shape, self.signing_shares, self.menu_usd)
        renewed = self.terms.renewal * self.ended_ve
        return auction_week(offers, wants, shape, self.signing_shares, self.menu_usd, renewed)

    def _add(self, signing: Signing, weekday: int, index_usd: float) -> Floats:
        """Enter what was signed; returns prepayments due (landlords, customers), USD."""
        path = self.common.path
        expected = index_usd * (path.menu / (1.0 - np.array(path.discounts)))
        share = self.terms.indexed_share
        return self.contracts.sign_each(signing.quantity_ve, signing.rent_usd, weekday, share, expected)

    def _note_unsigned(self, day: int, trouble: tuple[str, ...]) -> None:
        """Record, once a month, that a tenor finds no offers, no takers or no rent."""
        month = self.common.calendar.month(day)
        for tenor, share, why in zip(self.common.path.tenors, self.signing_shares, trouble, strict=True):
            text = f"{why} {tenor.name} contracts"
            if why and share > 0.0 and self.unsigned.get(text) != month:
                self.unsigned[text] = month
                self.common.log.note(day, "no contracts signed", text)

    def _index_usd(self, fixings_usd: Mapping[str, float]) -> float:
        """The index that index-linked contracts follow, as last published, USD per VE-hour."""
        return fixings_usd[self.terms.index] / self.index_ve

    def held(self, fixings_usd: Mapping[str, float]) -> Held:
        """What customers have reserved, and what it costs them."""
        due = self.contracts.due_usd_per_hour(self._index_usd(fixings_usd))
        return Held(self.contracts.quantity_ve.sum(axis=0), due.sum(axis=0))

    def contracted(self, fixings_usd: Mapping[str, float]) -> Contracted:
        """What landlords' contracts still bring, and what of them is delivered today."""
        let = self.contracts.quantity_ve.sum(axis=1)
        return Contracted(self.contracts.rents_due_usd(self._index_usd(fixings_usd)), let, let * self.served)

    def deliver(self, fixings_usd: Mapping[str, float]) -> Delivered:
        """Contracts are served for a day; the rent for the hours that are used becomes a receivable."""
        roll, quantity = self.common.register.roll, self.contracts.quantity_ve
        due = (
            self.contracts.due_usd_per_hour(self._index_usd(fixings_usd))
            * self.terms.use
            * HOURS_PER_DAY
            * self.served[:, None]
        )
        if len(roll.customers):
            self.common.ledger.post_pairs("reserved rent", "rent_accrued", roll.customers, roll.landlords, due.T)
        ve = quantity.sum(axis=1) * self.served
        used = (self.served @ quantity) * (self.terms.use * HOURS_PER_DAY)
        return Delivered(ve, ve * self.terms.use * HOURS_PER_DAY, used, due.sum(axis=1))

    # doors

    def reject(self, customer: int, share: float) -> float:
        """A customer (an owner) rejects a share of all its contracts: capacity returns, what it prepaid is forfeit.

        Returns the VE that are gone, 0 for one without contracts.
        """
        roll, ledger = self.common.register.roll, self.common.ledger
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"{ledger.owners[customer]} cannot reject a share of {share} of its contracts")
        seats = np.flatnonzero(roll.customers == customer)
        if not len(seats):
            return 0.0
        gone = share * self.contracts.quantity_ve[:, seats[0]]
        lost = self.contracts.reject_by_customer(int(seats[0]), share)
        payer = np.full(len(roll.landlords), customer)
        ledger.post("contracts rejected", "prepaid_rent", payer, roll.landlords, lost)
        ledger.post("contracts rejected", "reserved_capacity", payer, roll.landlords, gone)
        return float(gone.sum())

    def reject_let(self, landlord: int, share: float) -> None:
        """A landlord (an owner) rejects a share of all its contracts: customers lose them and what they prepaid."""
        roll, ledger = self.common.register.roll, self.common.ledger
        seat = int(np.flatnonzero(roll.landlords == landlord)[0])
        gone = share * self.contracts.quantity_ve[seat]
        lost = self.contracts.reject(seat, share)
        payer = np.full(len(lost), landlord)
        ledger.post("contracts rejected", "prepaid_rent", roll.customers, payer, lost)
        ledger.post("contracts rejected", "reserved_capacity", roll.customers, payer, gone)

    def novate(self, moved: Floats, keeps_letting: bool) -> Floats:
        """GPUs change hands in these shares (from, to), and the contracts that they serve with them.

        With `keeps_letting` so does the share of them that is usually under contract. Sellers hand over what is prepaid
        as far as they have cash, and it is owed by buyers. Returns what each hands over (landlords,), USD.
        """
        roll, ledger, contracts = self.common.register.roll, self.common.ledger, self.contracts
        owed, let = contracts.prepaid_usd.sum(axis=1), contracts.quantity_ve.sum(axis=1)
        cash = np.maximum(0.0, ledger.held("cash")[roll.landlords])
        prepaid = moved * owed[:, None]
        total = prepaid.sum(axis=1)
        handed = prepaid * np.minimum(1.0, cash / np.where(total > 0.0, total, 1.0))[:, None]
        contracts.novate(moved)
        if keeps_letting:
            self._mix_habits(moved)
        ledger.post_pairs("contracts sold on", "prepaid_rent", roll.landlords, roll.landlords, prepaid.T)
        ledger.post_pairs(
            "contracts sold on", "reserved_capacity", roll.landlords, roll.landlords, (moved * let[:, None]).T
        )
        ledger.post_pairs("contracts sold on", "cash", roll.landlords, roll.landlords, handed)
        self._show()
        return np.asarray(handed.sum(axis=1))

    def _mix_habits(self, moved: Floats) -> None:
        """The share usually under contract of what each landlord runs now: a mean by GPUs of what it had and got."""
        roll, path = self.common.register.roll, self.common.path
        if self.usual_share is None:
            landlords = [self.common.register.landlord(int(owner), path) for owner in roll.landlords]
            self.usual_share = np.array([landlord.reserved_share for landlord in landlords])
        arrived = moved * self.fleet_ve[:, None]
        got = arrived.sum(axis=0)
        had = np.maximum(0.0, self.fleet_ve - arrived.sum(axis=1))
        mean = (had * self.usual_share + self.usual_share @ arrived) / np.maximum(had + got, 1e-300)
        self.usual_share = np.where(got > 0.0, mean, self.usual_share)

    # the close

    def laws(self, day: int) -> None:
        """A12 of contracts; raises BrokenLaw."""
        roll = self.common.register.roll
        self.contracts.note_sizes()
        if len(roll.customers):
            check_contracts(day, self.common.ledger, roll.landlords, self.contracts)

    def columns(self) -> list[Column]:
        """Rents of new contracts, and capacity under contract."""
        return columns_of(tenor.name for tenor in self.common.path.tenors)

    def day(self) -> dict[str, float]:
        """Rents of new contracts, and capacity under contract."""
        rents = zip(self.common.path.tenors, self.menu_usd.tolist(), strict=True)
        return {
            **{rent_column(tenor.name): usd for tenor, usd in rents},
            "reserved_ve": float(self.contracts.quantity_ve.sum()),
        }


def _seated(owners: Ints, who: Ints) -> Ints:
    """The places of who hands rows in among `owners`, which are in order; raises KeyError for one who is not there."""
    seats = np.minimum(np.searchsorted(owners, who), len(owners) - 1)
    if not np.array_equal(owners[seats], who):
        raise KeyError(int(who[owners[seats] != who][0]))
    return seats
