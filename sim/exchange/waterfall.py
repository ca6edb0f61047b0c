"""Who bears what a ruined trader cannot pay: clearing members' default fund, sized cover-2, and the layers behind it.

Clearing members are firms from outside: the outside world holds their money, the house's books tell them apart. Every
client (institutions, and each trader of a crowd by itself) clears through the member that its stable id gives it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from sim.exchange.default_auction import Outcome
from sim.exchange.terms import Clearing
from sim.record import Column
from sim.vocabulary import Floats, Ints

LAYERS = ("margin", "member", "own", "mutual", "assessed", "haircut", "rescue")
COLUMNS = [
    Column("clearing_fund_usd", "USD", "default fund tonight"),
    Column("clearing_own_usd", "USD", "the house's own capital at risk tonight"),
    Column("clearing_margin_usd", "USD", "margin that ruined traders had, taken first"),
    Column("clearing_member_usd", "USD", "then taken from their members' shares of the fund"),
    Column("clearing_own_used_usd", "USD", "then from the house's own capital"),
    Column("clearing_mutual_usd", "USD", "then from the other members' shares of the fund"),
    Column("clearing_assessed_usd", "USD", "then by assessments on members that have not failed"),
    Column("clearing_haircut_usd", "USD", "then from gains of the day"),
    Column("clearing_rescue_usd", "USD", "then by the house's owners"),
    Column("clearing_auctioned_contracts", "contracts", "of failed traders, taken by members' clients in auctions"),
    Column("clearing_unsold_contracts", "contracts", "of failed traders, left to the market by auctions"),
    Column("clearing_auction_usd", "USD", "what failed traders paid by discounts in auctions"),
]


class Borne(NamedTuple):
    """What each layer bore of a loss, USD; of members (members,) their shares of the fund used, and assessments."""

    member: float
    own: float
    mutual: float
    assessed: float
    haircut: float
    rescue: float
    shares_used: Floats
    assessed_of: Floats


def waterfall(losses: Floats, fund: Floats, own_usd: float, most_assessed: Floats, gains_usd: float) -> Borne:
    """Losses beyond margin by member (members,), USD, borne layer by layer; each bears all it can before the next.

    A member whose share of the fund covers its clients' losses has not failed: what is left of its share is mutual.
    """
    first = np.minimum(losses, fund)
    left = math.fsum((losses - first).tolist())
    own = min(left, own_usd)
    rest = fund - first
    mutual = min(left - own, math.fsum(rest.tolist()))
    open_usd = left - own - mutual
    able = np.where(losses > first, 0.0, most_assessed)
    assessed = min(open_usd, math.fsum(able.tolist()))
    haircut = min(open_usd - assessed, gains_usd)
    return Borne(
        math.fsum(first.tolist()), own, mutual, assessed, haircut, open_usd - assessed - haircut,
        first + _shared(mutual, rest), _shared(assessed, able),
    )  # fmt: skip


def _shared(amount: float, among: Floats) -> Floats:
    """An amount in proportion to what each has, no more than it has."""
    total = math.fsum(among.tolist())
    return np.minimum(among, amount * (among / total)) if total > 0.0 else np.zeros(len(among))


def cover_two(losses: Floats) -> float:
    """Stress losses beyond margin (scenarios, members): the two largest members' in the worst scenario, USD."""
    return float(np.sort(losses, axis=1)[:, -2:].sum(axis=1).max())


class DefaultFund:
    """Members' shares and what they may still be assessed this month (members,), the house's own capital."""

    def __init__(self, terms: Clearing) -> None:
        self.terms = terms
        self.sized = False
        self.shares: Floats = np.zeros(terms.members)
        self.assessable: Floats = np.zeros(terms.members)
        self.own_usd = 0.0
        self.begin_day()

    def begin_day(self) -> None:
        """Nothing has been borne today."""
        self.borne = dict.fromkeys(LAYERS, 0.0)
        self.auctioned, self.unsold, self.auction_usd = 0.0, 0.0, 0.0
        self.told: list[tuple[str, str]] = []

    def note_auction(self, names: Sequence[str], held: Outcome) -> None:
        """Put down what a venue's auctions of failed traders' books did."""
        for name, lot in zip(names, held.lots, strict=True):
            self.auctioned += abs(lot.taken)
            self.unsold += lot.left
            if lot.taken != 0.0 or lot.left > 0.0:
                side = "below" if lot.taken >= 0.0 else "above"
                text = f"{name}: {abs(lot.taken):,.1f} contracts of the failed {lot.discount:.2%} {side} the close"
                self.told.append(("default auction", f"{text}, {lot.left:,.1f} left to the market"))
        self.auction_usd += held.cost_usd

    @property
    def total_usd(self) -> float:
        """All shares."""
        return math.fsum(self.shares.tolist())

    def member_of(self, ids: Ints) -> Ints:
        """Through which member clients clear."""
        found: Ints = ids % self.terms.members
        return found

    def by_member(self, ids: Ints, usd: Floats) -> Floats:
        """Clients' amounts summed by member (members,)."""
        return np.asarray(np.bincount(self.member_of(ids), usd, self.terms.members), dtype=np.float64)

    def bear(self, losses: Floats, gains_usd: float) -> Borne:
        """Send losses by member down the waterfall; shares, own capital and what may be assessed shrink."""
        found = waterfall(losses, self.shares, self.own_usd, self.assessable, gains_usd)
        self.shares = self.shares - found.shares_used
        self.assessable = self.assessable - found.assessed_of
        self.own_usd -= found.own
        for layer in LAYERS[1:]:
            self.borne[layer] += getattr(found, layer)
        return found

    def resize(self, stress: Floats, margins: Floats) -> None:
        """Size the fund to cover two members' `stress` losses (scenarios, members), by their `margins` (members,)."""
        total, every = self.terms.fund_scale * cover_two(stress), math.fsum(margins.tolist())
        among = margins / every if every > 0.0 else np.full(len(margins), 1.0 / len(margins))
        self.shares = total * among
        self.assessable = self.terms.assessment_multiple * self.shares
        self.own_usd = self.terms.own_capital_share * total
        self.sized = True

    def day(self) -> dict[str, float]:
        """The series of `COLUMNS`."""
        auctions = self.auctioned, self.unsold, self.auction_usd
        values = [self.total_usd, self.own_usd, *self.borne.values(), *auctions]
        return dict(zip([c.name for c in COLUMNS], values, strict=True))
