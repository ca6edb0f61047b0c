"""The sections `loan` and `resolution` of the specification."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sim.credit.day_count import DayCount
from sim.problems import WrongValue
from sim.vocabulary import NonNegative, Parameters, Positive, PositiveCount, Rate, Share, iso_date

MONTHS = 12.0


IsoDate = Annotated[str, AfterValidator(iso_date)]
Groups = Annotated[list[str], Field(min_length=1), AfterValidator(lambda names: sorted(set(names)))]


class Schedule(Parameters):
    """How each draw is repaid: in so many equal monthly parts, but for a balloon (share of the draw) with the last."""

    months: Annotated[int, Field(ge=1, le=360)]
    balloon: Share = 0.0

    def left(self, months: int) -> float:
        """Share of a draw that is owed after so many payments."""
        return 1.0 - (1.0 - self.balloon) * months / self.months if months < self.months else 0.0

    def profile(self, growth: float) -> list[float]:
        """Shares of the balance that fall due in 1, 2, ... months where draws grow at `growth` a year (log)."""
        part, found = (1.0 - self.balloon) / self.months, [0.0] * self.months
        for age in range(self.months):
            weight = math.exp(-growth * age / MONTHS)
            for month in range(self.months - age):
                found[month] += weight * part
            found[self.months - age - 1] += weight * self.balloon
        total = math.fsum(found)
        return [share / total for share in found]

    def balloons(self, growth: float) -> list[float]:
        """Shares of the balance that fall due as balloons in 1, 2, ... months; a part of the profile."""
        owed = math.fsum(self.left(age) * math.exp(-growth * age / MONTHS) for age in range(self.months))
        return [self.balloon * math.exp(-growth * (self.months - 1 - k) / MONTHS) / owed for k in range(self.months)]

    def yearly(self, growth: float, *, refinanced: bool = False) -> float:
        """Amortisation a year of the balance that leaves as much owed, draws growing at `growth` a year: 12/S - growth.

        S is what is owed over a month's draws: the sum over ages k in months of left(k) e^(-growth k / 12). Where
        balloons are drawn anew, new money is the share 1 - b e^(-growth M / 12) of all draws, b the balloon and M its
        month, and the rate at which it is repaid 12 (1 - b e^(-growth M / 12)) / S - growth.
        """
        owed = math.fsum(self.left(age) * math.exp(-growth * age / MONTHS) for age in range(self.months))
        if refinanced:
            return MONTHS * (1.0 - self.balloon * math.exp(-growth * self.months / MONTHS)) / owed - growth
        return MONTHS / owed - growth


class Facility(Parameters):
    """A facility: its share of every draw, amortisation a year of the balance, spread over the borrower's own.

    With a `schedule` each draw is repaid by it, and there is no `amortisation`. `lenders` are the groups of agents that
    lend under it; null is all. `commitment` is what may be owed over what is owed on the growth path (null: no limit);
    the `commitment_fee` a year is on what of it is not drawn. With `refinance` a balloon that falls due is repaid out
    of a new draw on that day's terms, as far as lenders have room and the borrower passes its tests.
    """

    share: Share
    amortisation: Positive | None = None
    spread: Annotated[float, Field(ge=-1.0, le=10.0)] = 0.0
    lenders: Groups | None = None
    schedule: Schedule | None = None
    commitment: Positive | None = None
    commitment_fee: Rate = 0.0
    refinance: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        """It is repaid one way, and a fee is on a commitment."""
        if (self.amortisation is None) == (self.schedule is None):
            allowed = "needs either an amortisation or a schedule, and the other null"
            raise WrongValue("amortisation", self.amortisation, allowed)
        if self.commitment_fee > 0.0 and self.commitment is None:
            raise ValueError("commitment_fee is on what is not drawn of a commitment, and commitment is null")
        if self.refinance and (self.schedule is None or self.schedule.balloon == 0.0):
            raise WrongValue("refinance", self.refinance, "is of balloons, and needs a schedule with a balloon above 0")
        return self

    def yearly(self, growth: float) -> float:
        """Amortisation a year of the balance on a growth path on which draws grow at `growth` a year."""
        if self.schedule is None:
            return float(self.amortisation or 0.0)
        return self.schedule.yearly(growth, refinanced=self.refinance)


class Answers(Parameters):
    """What the spread of new loans answers to where `pricing` is `answering`; rates per year.

    `cash_flow_sd` is the log sd of a year's cash flow and `recovery` what collateral brings over its book value:
    together with coverage and leverage they say what is expected to be lost.
    """

    cash_flow_sd: Positive
    recovery: Share
    risk_weight: NonNegative  # of a change of the loss expected, in the spread
    loss_weight: NonNegative  # of a lender's own losses over its prior
    loss_prior: Share  # loss rate that borrowers' own spreads suppose
    loss_half_life_years: Positive
    relief_passed: Share  # of what capital relief saves, to borrowers
    notes_passed: Share  # of what notes cost above the usual, to borrowers
    note_spread: NonNegative  # of all classes by their shares, that borrowers' own spreads suppose
    lowest: NonNegative  # spread of a new loan
    highest: NonNegative

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """Bounds are in order."""
        if self.highest < self.lowest:
            raise ValueError(f"highest = {self.highest} must not be below lowest = {self.lowest}")
        return self


class DatedTest(Parameters):
    """A test of its own dates; failed, it is a breach until the next date, as a broken covenant is.

    `of` is the debt service coverage (dscr), rents still due under contracts over loans (coverage), the share of
    capacity under contract that is delivered (realisation), or cash in months of debt service (liquidity). It is made
    at the month end of every so many months, from the `first` date on (null: from the start).
    """

    of: Literal["dscr", "coverage", "realisation", "liquidity"]
    least: Positive
    every_months: Annotated[int, Field(ge=1, le=120)] = 3
    first: IsoDate | None = None


class Call(Parameters):
    """A margin call: when what is owed exceeds `maintenance` of the collateral, tested at month ends or every day.

    It is cured when no more than `restored` of the collateral is owed. Collateral is `pledged_share` of the GPUs at
    work, on the basis of the loan, and chips on order at cost. A call is cured in cash and by pledging more chips;
    after `cure_days` GPUs are sold, at most `sold_per_day` of them a day, and where `sale_days` of that do not meet it
    the borrower is in default.
    """

    maintenance: Annotated[float, Field(gt=0.0, le=1.0)]
    restored: Annotated[float, Field(gt=0.0, le=1.0)]
    tested: Literal["monthly", "daily"]
    cure_days: Annotated[int, Field(ge=0)]
    pledged_share: Share
    sold_per_day: Annotated[float, Field(gt=0.0, le=1.0)]
    sale_days: PositiveCount

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        """A cure ends no call above the line at which it is made."""
        if self.restored > self.maintenance:
            raise WrongValue("restored", self.restored, f"must not be above maintenance = {self.maintenance}")
        return self


class Stress(Parameters):
    """What recorded measures of the network suppose: GPUs lose `fall` of what they count for.

    The price falls by `impact` times the share of all landlords' GPUs that is sold (log).
    """

    fall: Share
    impact: NonNegative


class Loan(Parameters):
    """Loans by facility, and the terms that a borrower's loans have in common; coverage ratios are DSCRs.

    Tests are of a borrower over all that it owes; payments and proceeds go to its loans by what falls due or is owed.
    Where no loans are made, `equal_capacity` has equity ask what each landlord's mix with loans would cost.
    `pricing` says whether the spread of new loans is the borrower's own or answers, and whether the borrower knows what
    is advanced to it. `collateral_basis` says what the GPUs behind a loan count for in its base and in calls: book
    value, at most book value by the last prices of used GPUs, or at most book value by lenders' own value of GPUs,
    which reads the curve as far as the link `curve_to_collateral` says. At book value that link moves advances instead.
    `day_count` is how interest counts days. Beside what lock-up sweeps, `sweep` of cash above a month's needs always
    repays principal. `tests` are of other dates than the covenant's, which is tested each month; until `cures_until`
    owners cure whatever outlasts the grace period, as often as it takes. For a balloon that is neither refinanced nor
    paid a solvent owner sells up to `sold_for_balloons` of its GPUs a day, where used ones are traded. With `reports`
    what each facility, all borrowers and the network of exposures do is recorded, and changes nothing; `stress` is what
    its measures suppose.
    """

    enabled: bool
    equal_capacity: bool = False
    pricing: Literal["fixed", "answering"] = "fixed"
    answers: Answers
    facilities: Annotated[dict[str, Facility], Field(min_length=1)]
    lock_up: Positive
    covenant: NonNegative
    grace_months: Annotated[int, Field(ge=0)]
    cure_probability: Share
    cure_share: Share
    cash_sweep: Share
    lock_up_payout: Share
    payout_slack: Positive
    capital_hurdle: NonNegative
    collateral_basis: Literal["book", "appraisal", "curve"] = "book"
    call: Call | None = None
    day_count: DayCount = "actual/360"
    sweep: Share = 0.0
    tests: dict[str, DatedTest] = {}
    cures_until: IsoDate | None = None
    sold_for_balloons: Share = 0.1
    reports: bool = False
    stress: Stress = Stress(fall=0.1, impact=1.8)

    @property
    def refinances(self) -> bool:
        """Whether balloons of any facility are drawn anew."""
        return any(facility.refinance for facility in self.facilities.values())


class Resolution(Parameters):
    """What happens to a firm in default: sale after some days at a haircut, contracts rejected; used over new price."""

    haircut: Share
    days: PositiveCount
    rejected_share: Share
    used_value: Share
