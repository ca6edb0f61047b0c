"""Funds from day to day: net asset value, creation and redemption, fees, termination; what they want at the close.

A fund's net asset value per share follows from what it held and how prices moved; its cash follows from postings. That
shares times NAV is what the ledger says the fund owns is a law (A11), not a definition.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from sim.exchange.contract_size import per_first
from sim.exchange.joint_close import MONTHS, FundClose, FundOrders
from sim.exchange.venue import Venue
from sim.kernels.fund_auction import FundCurves
from sim.ledger import Ledger
from sim.rows.exchange import Close
from sim.vocabulary import DAYS_PER_YEAR, Floats

CostOfOrder = Callable[[float], float]  # USD of an order of that value

OPEN, ENDING, ENDED = "open", "ending", "ended"
FLAT_CONTRACTS, FLAT_PER_USD = 1e-6, 1e-13  # contracts, in all and per USD a fund began with, that are none
RETURN_DAYS = 5


@dataclass
class Fund:
    """One fund's state; `waiting` holds shares ordered (- given back) by holder, `creating` those of tonight."""

    owner: int
    name: str
    leverage: float
    expense_ratio: float
    termination_fall: float
    nav_usd: float
    status: str = OPEN
    exposure: tuple[float, float] = (0.0, 0.0)  # over assets, by month, after tonight's close
    was: tuple[float, float] = (0.0, 0.0)  # the same at the last close
    held: Floats = field(default_factory=lambda: np.zeros(MONTHS))
    returns: list[float] = field(default_factory=list)
    basket_return: float = 0.0
    same_day: float = 0.0
    waiting: dict[int, float] = field(default_factory=dict)
    creating: float = 0.0
    premium: float = 0.0
    flow_usd: float = 0.0
    rebalanced: float = 0.0
    rolled: float = 0.0
    sponsor_loss_usd: float = 0.0

    @property
    def share(self) -> str:
        """The ledger's name of its shares."""
        return f"fund_share:{self.name}"

    def outstanding(self, ledger: Ledger) -> float:
        """Shares that exist."""
        return -float(ledger.held(self.share)[self.owner])


def of_two_months(hours: Floats) -> Floats:
    """GPU-hours of a contract in the two nearest months (2,); as of the nearest where one is listed."""
    return np.array([hours[0], hours[min(1, len(hours) - 1)]])


def closing_orders(ledger: Ledger, funds: Sequence[Fund], venue: Venue) -> FundOrders | None:
    """What funds want at any prices of a venue's two nearest months; None if none has or wants a position.

    With creations u (a share of the fund) and same-day flows -b3 (L - 1) r A, assets after the close are
    A0 (1 + u) + (1 + u - b3 (L - 1) / L) x (what the position gains).
    """
    names, hours = venue.names, of_two_months(venue.hours)
    nothing = np.zeros(len(ledger.owners))
    months = [ledger.held(name) for name in names[:MONTHS]] + [nothing] * (MONTHS - len(names))
    rows = []
    for fund in funds:
        fund.held = np.array([float(month[fund.owner]) for month in months])
        shares = fund.outstanding(ledger)
        grown = 1.0 + (fund.creating / shares if shares > 0.0 else 0.0)
        assets = fund.nav_usd * shares * grown
        exposure = fund.exposure if fund.status == OPEN else (0.0, 0.0)
        if fund.held.any() or (assets > 0.0 and any(exposure)):
            share = fund.same_day * (fund.leverage - 1.0) / fund.leverage if fund.leverage else 0.0
            rows.append((fund, assets, (grown - share) * fund.held * hours, exposure))
    if not rows:
        return None
    last = np.array([*venue.price_usd[:MONTHS], *([1.0] * (MONTHS - len(names)))])
    curves = FundCurves(
        np.array([assets for _, assets, _, _ in rows]),
        np.array([gain for _, _, gain, _ in rows]),
        np.array([exposure for _, _, _, exposure in rows]),
        np.array([fund.held for fund, _, _, _ in rows]),
        last,
        hours,
    )
    return FundOrders(np.array([fund.owner for fund, _, _, _ in rows], dtype=np.int64), curves)


def settle_funds(
    ledger: Ledger,
    world: int,
    funds: Sequence[Fund],
    close: Close,
    hours: Floats,
    cost_usd: CostOfOrder,
    cuts_usd: Floats | None = None,
) -> list[tuple[str, str]]:
    """After variation margin: NAV, creations and redemptions, fees, termination. Returns events (kind, text).

    `hours` (months,) are those of a contract, `cuts_usd` (owners,) what a haircut has taken of gains. `world` is the
    row of the rest of the world, which pays in and is paid where no holder is.
    """
    events: list[tuple[str, str]] = []
    funded: FundClose | None = close.funds
    move, size = np.zeros(MONTHS), of_two_months(hours)
    months = min(MONTHS, len(close.price_usd))
    move[:months] = (close.price_usd - close.last_usd)[:months]
    price = np.ones(MONTHS)
    price[:months] = close.price_usd[:months]
    for fund in funds:
        if fund.status == ENDED:
            continue
        gain = float(fund.held @ per_first(move, size)) * float(size[0])
        shares = fund.outstanding(ledger)
        start = fund.nav_usd
        position_usd = fund.leverage * start * shares
        fund.basket_return = gain / position_usd if position_usd else 0.0
        _decompose(fund, start * shares + gain, price, size, funded is not None)
        events += mark(ledger, world, fund, gain if cuts_usd is None else gain + float(cuts_usd[fund.owner]))
        flow = -fund.same_day * (fund.leverage - 1.0) / fund.leverage * gain if fund.leverage else 0.0
        _transact(ledger, world, fund, flow if fund.status == OPEN else 0.0, cost_usd)
        _charge(ledger, world, fund)
        if start > 0.0 and fund.status == OPEN:
            fund.returns = [*fund.returns, math.log(max(fund.nav_usd, 1e-12) / start)][-RETURN_DAYS:]
            if fund.nav_usd <= (1.0 - fund.termination_fall) * start:
                fund.status = ENDING
                fall = 1.0 - fund.nav_usd / start
                events.append(
                    ("fund terminated", f"{fund.name}: NAV fell by {fall:.0%} today, sells at the next close")
                )
    return events


def mark(ledger: Ledger, world: int, fund: Fund, gain_usd: float) -> list[tuple[str, str]]:
    """Book a gain per share; the sponsor pays for a negative NAV, and owns a fund without shares."""
    shares = fund.outstanding(ledger)
    if shares <= 0.0:
        payer, payee = (fund.owner, world)[:: 1 if gain_usd > 0.0 else -1]
        ledger.transfer("sponsor's loss", "cash", payer, payee, abs(gain_usd))
        return []
    fund.nav_usd += gain_usd / shares
    if fund.nav_usd >= 0.0:
        return []
    loss = -fund.nav_usd * shares
    fund.nav_usd = 0.0
    fund.sponsor_loss_usd += loss
    ledger.transfer("sponsor's loss", "cash", world, fund.owner, loss)
    return [("negative NAV", f"{fund.name}: its sponsor pays {loss:,.0f} USD")]


def _decompose(fund: Fund, assets: float, price: Floats, hours: Floats, traded: bool) -> None:
    """Split the trades that were planned into the roll and leverage rebalancing (Todorov 2024), contracts."""
    fund.rebalanced = fund.rolled = 0.0
    if not traded:
        return
    unit = [max(0.0, assets) / usd for usd in (price * hours).tolist()]
    now = fund.exposure if fund.status == OPEN else (0.0, 0.0)
    was = fund.was if any(fund.was) else now
    before = math.fsum(was)
    kept = math.fsum(now) / before if before else 0.0
    held = fund.held.tolist()
    fund.rebalanced = math.fsum(w * kept * u - h for w, u, h in zip(was, unit, held, strict=True))
    fund.rolled = 0.5 * math.fsum(abs(n - w * kept) * u for n, w, u in zip(now, was, unit, strict=True))


def _transact(ledger: Ledger, world: int, fund: Fund, same_day_usd: float, cost_usd: CostOfOrder) -> None:
    """Creations and redemptions at tonight's NAV: what was ordered yesterday, and what is ordered in the same close."""
    fund.flow_usd = 0.0
    if fund.nav_usd > 0.0 and fund.status == OPEN:
        if fund.creating or (max(fund.waiting.values(), default=0.0) > 0.0 > min(fund.waiting.values())):
            _exchange(ledger, world, fund, _filled(fund), fund.creating, cost_usd)
        if same_day_usd:
            shares = ledger.held(fund.share)
            held = {i: float(shares[i]) for i in fund.waiting}
            total = math.fsum(held.values())
            change = max(same_day_usd / fund.nav_usd, -total)  # nobody gives back more than is left after redemptions
            wanted = {i: change * x / total for i, x in held.items()} if total > 0.0 else {}
            _exchange(ledger, world, fund, wanted, change, None)
            fund.waiting = {i: max(x, -max(0.0, float(shares[i]))) for i, x in fund.waiting.items()}
    fund.creating = 0.0


def _filled(fund: Fund) -> dict[int, float]:
    """Whose waiting orders are filled: opposite ones against each other, the rest as far as units are created."""
    buys = math.fsum(x for x in fund.waiting.values() if x > 0.0)
    sells = -math.fsum(x for x in fund.waiting.values() if x < 0.0)
    traded = {1: min(buys, sells + max(0.0, fund.creating)), -1: min(sells, buys + max(0.0, -fund.creating))}
    size = {1: buys, -1: sells}
    return {
        i: x * (traded[1 if x > 0.0 else -1] / size[1 if x > 0.0 else -1]) for i, x in fund.waiting.items() if x != 0.0
    }


def _exchange(
    ledger: Ledger, world: int, fund: Fund, wanted: dict[int, float], created: float, cost_usd: CostOfOrder | None
) -> None:
    """Post shares against cash at NAV between holders and the fund; its costs are passed on to those who traded."""
    n = len(ledger.owners)
    shares = np.zeros(n)
    for owner, quantity in wanted.items():
        shares[owner] += quantity
    shares[fund.owner] -= math.fsum(wanted.values())
    ledger.post_net("fund creation", fund.share, shares)
    ledger.post_net("fund creation", "cash", -shares * fund.nav_usd)
    fund.flow_usd += created * fund.nav_usd
    volume = math.fsum(abs(x) for x in wanted.values())
    cost = cost_usd(abs(created) * fund.nav_usd) if cost_usd is not None and created else 0.0
    for owner, quantity in wanted.items():
        if cost_usd is not None:
            fund.waiting[owner] -= quantity
        if cost > 0.0:
            ledger.transfer("creation costs", "cash", owner, world, cost * abs(quantity) / volume)
        short = -float(ledger.held("cash")[owner])
        if short > 0.0:
            ledger.transfer("owners' funding", "cash", world, owner, short)


def _charge(ledger: Ledger, world: int, fund: Fund) -> None:
    """The day's part of the expense ratio, out of net assets."""
    if fund.status != OPEN or fund.expense_ratio == 0.0:
        return
    share = fund.expense_ratio / DAYS_PER_YEAR
    fee = max(0.0, fund.nav_usd * fund.outstanding(ledger) * share)
    ledger.transfer("fund fees", "cash", fund.owner, world, fee)
    fund.nav_usd *= 1.0 - share


def pay_out(ledger: Ledger, fund: Fund, names: Sequence[str]) -> bool:
    """Pay a fund without positions out to its holders and cancel its shares; whether it was ready for that."""
    flat = min(FLAT_CONTRACTS, FLAT_PER_USD * float(ledger.flow("endowment")[fund.owner]))
    if any(abs(float(ledger.held(name)[fund.owner])) > flat for name in names):
        return False  # a small fund's whole position may be less than what floats leave of a large one's
    shares = ledger.held(fund.share).copy()
    cash = float(ledger.held("cash")[fund.owner])
    total = fund.outstanding(ledger)
    if total > 0.0 and cash > 0.0:
        paid = np.maximum(0.0, shares) * (cash / total)
        paid[fund.owner] = -paid.sum()
        ledger.post_net("fund paid out", "cash", paid)
    ledger.post_net("fund paid out", fund.share, -shares)
    fund.status, fund.waiting, fund.creating, fund.exposure = ENDED, {}, 0.0, (0.0, 0.0)
    return True
