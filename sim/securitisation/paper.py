"""Commercial paper: what of it is rolled each day, and how what is not is paid."""

from __future__ import annotations

import math
from collections import deque

from sim.securitisation.payment import Issuer
from sim.securitisation.terms import Paper
from sim.vocabulary import Floats

FALL_DAYS = 20  # over which holders look at rents
MOST_LOG = 50.0


def rolled_share(paper: Paper, headroom: float, fall: float, rolled_before: float) -> float:
    """Share of the paper due that holders roll: 1 / (1 + exp(-x)), x = calm + a (OC - o) - b fall + c (h - 1).

    Staggered paper whose holders look at the collateral, at rents and at each other (He and Xiong 2012): where others
    did not roll the next ones do so less, so that a run feeds itself.
    """
    pull = paper.calm + paper.headroom * headroom - paper.fall * fall + paper.herding * (rolled_before - 1.0)
    return 1.0 / (1.0 + math.exp(-min(MOST_LOG, max(-MOST_LOG, pull))))


class Run:
    """`rolled` is the share rolled on the last day on which paper was due, `unpaid_usd` what is due and not paid."""

    def __init__(self) -> None:
        self.rolled = 1.0
        self.unpaid_usd = 0.0
        self.rents: deque[float] = deque(maxlen=FALL_DAYS + 1)

    def pass_day(
        self, paper: Paper, issuer: Issuer, collateral_usd: float, least: float, rent_usd: float, lent_by: Floats
    ) -> float:
        """Paper falls due: it is rolled, paid out of principal that waits, or by the line; returns what is not.

        `least` is the test of collateral over paper and line.
        """
        self.rents.append(rent_usd)
        pool = issuer.pool
        owed, line = pool.of("note_senior"), pool.of("note_line")
        if owed <= 0.0:
            self.rolled, self.unpaid_usd = 1.0, 0.0
            return 0.0
        late = min(self.unpaid_usd, owed)
        due = (owed - late) / paper.days
        fall = max(0.0, math.log(self.rents[0] / rent_usd)) if rent_usd > 0.0 else 0.0
        headroom = collateral_usd / (owed + line) - least
        self.rolled = rolled_share(paper, headroom, fall, self.rolled)
        out = late + due * (1.0 - self.rolled)
        paid = min(out, pool.waiting_principal)
        if paid > 0.0:
            issuer.repay_paper(paid)
        drawn = min(out - paid, max(0.0, paper.line_share * (owed + line) - line))
        if drawn > 0.0:
            issuer.draw_line(drawn, paper.line_spread, lent_by)
            issuer.repay_paper(drawn)
        self.unpaid_usd = out - paid - drawn
        return self.unpaid_usd

    def pay_late(self, issuer: Issuer) -> None:
        """Pay what is due and unpaid out of principal that waits."""
        paid = min(self.unpaid_usd, issuer.pool.waiting_principal, issuer.pool.of("note_senior"))
        if paid > 0.0:
            issuer.repay_paper(paid)
            self.unpaid_usd = max(0.0, self.unpaid_usd - paid)
