"""What the laws ask in one pass and what they compare one by one is the same, to the edge of rounding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.audit import check_ledger
from sim.credit.loans import LoanBook
from sim.economy import Economy
from sim.hardware.fleet import Fleet
from sim.laws import BrokenLaw
from sim.ledger import Ledger
from sim.reserved.contracts import WEEKDAYS, ReservedBook
from sim.rounding import rounding
from tests.worlds import row, world

IN_ONE_PASS = [
    (Ledger, "in_order"), (Ledger, "holds"), (Ledger, "holds_in_parts"), (Ledger, "owes_in_shares"),
    (LoanBook, "add_up"), (ReservedBook, "agrees"),
]  # fmt: skip


@pytest.fixture(scope="module")
def honest() -> Economy:
    """A tiny world in its second month, with contracts, notes and used GPUs."""
    economy = world("notes=default", "resale=default", days=60)
    economy.run(45)
    return economy


@pytest.fixture(autouse=True)
def sizes_that_stand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The edge of rounding stays where it is however often laws are checked."""
    for owner in (Ledger, Fleet, LoanBook, ReservedBook):
        monkeypatch.setattr(owner, "note_sizes", lambda _: None)


def verdict(economy: Economy) -> str:
    """What tonight's laws say: nothing, or which is broken and how."""
    try:
        with np.errstate(invalid="ignore"):
            check_ledger(economy.day - 1, economy.books.ledger)
            for department in economy.departments:
                department.laws(economy.day - 1)
    except BrokenLaw as broken:
        return str(broken)
    return ""


def one_by_one(economy: Economy, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same where nothing is found in order in one pass."""
    with monkeypatch.context() as patched:
        for owner, name in IN_ONE_PASS:
            patched.setattr(owner, name, lambda *_, **__: False)
        return verdict(economy)


def put(economy: Economy, instrument: str, owner: int, amount: float) -> None:
    """Change a position behind the ledger's back."""
    ledger = economy.books.ledger
    ledger.positions[ledger.row[instrument], owner] += amount


def edge(economy: Economy, instrument: str, owner: int) -> float:
    """What may be rounding of a position."""
    return rounding(economy.books.ledger.size([instrument], owner))


def cash(economy: Economy, times: float) -> None:
    put(economy, "cash", row(economy, "rest_of_world"), times * rounding(economy.books.ledger.sizes(["cash"]).sum()))


def a_claim(economy: Economy, times: float) -> None:
    put(economy, "loan", row(economy, "lender_1"), times * rounding(economy.books.ledger.sizes(["loan"]).sum()))


def a_debt(economy: Economy, times: float) -> None:
    ledger, owner = economy.books.ledger, row(economy, "hyperscaler_1")
    amount = ledger.cash("hyperscaler_1") + times * edge(economy, "cash", owner)
    put(economy, "cash", owner, -amount)
    put(economy, "cash", row(economy, "rest_of_world"), amount)


def net_worth(economy: Economy, times: float) -> None:
    ledger, owner = economy.books.ledger, row(economy, "renter_1")
    ledger.flows[0, owner] += times * rounding(ledger.sizes_usd()[owner])


def a_traders_position(economy: Economy, times: float) -> None:
    ledger, crowd, venue = economy.books.ledger, economy.exchange.crowds[0], economy.exchange.first
    held, position = ledger.holding(venue.names[1], crowd.owner), crowd.arrays.position
    position[1, 0] += held - position[1].sum() + times * edge(economy, venue.names[1], crowd.owner)


def gpus(economy: Economy, times: float) -> None:
    owner, ve = int(economy.books.roll.chip_owners[1]), economy.hardware.grades.gpu_ve[0]
    held = economy.books.ledger.holding("gpu:h100", owner)
    economy.hardware.fleet.working[1, 0] = ve * (held + times * edge(economy, "gpu:h100", owner))


def orders(economy: Economy, times: float) -> None:
    owner, ve = int(economy.books.roll.chip_owners[1]), economy.hardware.grades.gpu_ve[0]
    held = economy.books.ledger.holding("chip_order:h100", owner)
    economy.hardware.fleet.on_order[1, 0] = ve * (held + times * edge(economy, "chip_order:h100", owner))


def turn(economy: Economy) -> tuple[int, int]:
    """Whose vintages are counted tonight: the row of the fleet and the owner."""
    owners = economy.books.roll.chip_owners
    return (economy.day - 1) % len(owners), int(owners[(economy.day - 1) % len(owners)])


def edge_ve(economy: Economy, kind: str) -> float:
    """What may be rounding of all VE of the owner whose turn it is."""
    names, values = economy.hardware.grades.names, economy.hardware.grades.gpu_ve
    owner = turn(economy)[1]
    return sum(edge(economy, f"{kind}:{name}", owner) * ve for name, ve in zip(names, values, strict=True))


def a_vintage(economy: Economy, times: float) -> None:
    fleet, mine = economy.hardware.fleet, turn(economy)[0]
    economy.hardware.fleet.installed[mine, 0, economy.day + 300] += times * edge_ve(economy, "gpu")
    assert fleet.life > 300


def a_delivery(economy: Economy, times: float) -> None:
    fleet, mine = economy.hardware.fleet, turn(economy)[0]
    fleet.installed[mine, 0, fleet.life + economy.day + 20] += times * edge_ve(economy, "chip_order")


def a_book(economy: Economy, times: float) -> None:
    fleet, mine = economy.hardware.fleet, turn(economy)[0]
    fleet.book_usd[mine] = fleet.book_from_vintages(mine, economy.day) + times * rounding(float(fleet.size_usd[mine]))


def custody(economy: Economy, times: float) -> None:
    roll = economy.books.roll
    amount = times * rounding(economy.books.ledger.sizes(["gpu:h100"]).sum())
    put(economy, "gpu:h100", roll.rest_of_world, amount)
    put(economy, "gpu:h100", roll.vendor, -amount)


def a_balance(economy: Economy, times: float) -> None:
    loans = economy.credit.loans
    left = loans.drawn[0, 0] - loans.repaid[0, 0] - loans.written_off[0, 0]
    loans.balance[0, 0] = left + times * rounding(float(loans.sizes[0, 0]))


def a_loan(economy: Economy, times: float) -> None:
    amount = times * edge(economy, "loan", int(economy.books.roll.landlords[0]))
    economy.credit.loans.balance[0, 0] += amount
    economy.credit.loans.drawn[0, 0] += amount


def a_sold_loan(economy: Economy, times: float) -> None:
    economy.credit.loans.sold.held[0, 0] += times * edge(economy, "loan", int(economy.books.roll.lenders[0]))


def a_class(economy: Economy, times: float) -> None:
    pool, vehicle = economy.notes.issuer.pool, int(economy.books.roll.vehicles[0])
    owed = -economy.books.ledger.holding(pool.classes[0], vehicle)
    pool.balance[0] = owed + times * edge(economy, pool.classes[0], vehicle)


def a_holder(economy: Economy, times: float) -> None:
    pool, vehicle = economy.notes.issuer.pool, int(economy.books.roll.vehicles[0])
    pool.holders[1, 0] += times * edge(economy, pool.classes[1], vehicle) / pool.balance[1]


def prepaid(economy: Economy, times: float) -> None:
    economy.reserved.contracts.prepaid_usd[0, 0] += times * edge(
        economy, "prepaid_rent", int(economy.books.roll.landlords[0])
    )


def capacity(economy: Economy, times: float) -> None:
    economy.reserved.contracts.quantity_ve[0, 0] += times * edge(
        economy, "reserved_capacity", int(economy.books.roll.landlords[0])
    )


def a_cohort(economy: Economy, times: float) -> None:
    contracts, landlords = economy.reserved.contracts, len(economy.books.roll.landlords)
    which, landlord = divmod(economy.day - 1, landlords)
    kind, slot = which % len(contracts.cohorts), contracts.slot(2, 5)
    weight = 5 if contracts.KINDS[kind] == "prepaid rent" else 1
    amount = times * rounding(float(contracts.sizes[kind][landlord, 0]), WEEKDAYS) / weight
    contracts.cohorts[kind][slot, landlord, 0] += amount


FAULTS = {
    cash: "A1", a_claim: "A2", a_debt: "A2", net_worth: "A3", a_traders_position: "A4", gpus: "A7", orders: "A8",
    a_vintage: "A7", a_delivery: "A8", a_book: "A3", custody: "A7", a_balance: "A9", a_loan: "A9", a_sold_loan: "A9",
    a_class: "A10", a_holder: "A10", prepaid: "A12", capacity: "A12", a_cohort: "A12",
}  # fmt: skip


def test_an_honest_world_breaks_no_law_either_way(honest, monkeypatch):
    assert verdict(honest) == ""
    assert one_by_one(honest, monkeypatch) == ""


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_either_way_says_the_same_on_both_sides_of_the_edge(honest, monkeypatch, fault: Callable[..., None]):
    found = {}
    for times in (0.5, 1.5, 4.0, np.nan, np.inf):
        economy = honest.fork()
        fault(economy, times)
        found[times] = verdict(economy)
        assert one_by_one(economy, monkeypatch) == found[times], f"{times} times what may be rounding"
    assert f": {FAULTS[fault]}: " in found[4.0]
    assert found[np.nan], "no number is in order"
