"""The section `deal` of the specification: notes as documented, where they are more than the vehicle's thin ones."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sim.problems import WrongValue
from sim.rows.securitisation import LINE, MEZZANINE, Cover, NoteTerms
from sim.vocabulary import NonNegative, Parameters, Positive, PositiveCount, Share

RESIDUAL = "note_residual"
ADDS_UP = 1e-9


class Note(Parameters):
    """A note: its share of par; least collateral, and least interest, over what is owed on it and above; null: none."""

    share: Share
    overcollateralisation: Positive | None = None
    interest_coverage: Positive | None = None

    @property
    def cover(self) -> Cover:
        """Its tests as the waterfall reads them."""
        return Cover(self.overcollateralisation or 0.0, self.interest_coverage or 0.0)


class DealNotes(Parameters):
    """The notes, most senior first; what they leave of par is the residual."""

    senior: Note
    mezzanine: Note
    junior: Note

    @property
    def by_class(self) -> dict[str, Note]:
        """Notes by their names in the ledger, most senior first."""
        return {"note_senior": self.senior, MEZZANINE: self.mezzanine, "note_junior": self.junior}


class Paper(Parameters):
    """Commercial paper in place of the senior note: due after `days`, a part each day, and rolled by its holders.

    The share of what is due that is rolled is the logistic of calm + headroom (OC - o) - fall d + herding (h - 1): OC
    is collateral over paper and line, o its test, d how far rents fell over 20 days (log), h the share rolled before.
    What is not rolled a line pays, up to `line_share` of paper and line; then loans are sold to lenders that have room,
    at `sale_discount`; then it stays unpaid.
    """

    days: Annotated[int, Field(ge=1, le=365)]
    calm: Annotated[float, Field(ge=-50.0, le=50.0)]
    headroom: NonNegative
    fall: NonNegative
    herding: NonNegative
    line_share: Share
    line_spread: NonNegative
    sale_discount: Annotated[float, Field(ge=0.0, le=0.99)]


class Rating(Parameters):
    """What notes are expected to lose: the large pool of Vasicek with these chances, through the cycle or in time.

    In point of time the chance of default follows losses seen, by `half_life_years`; what a class is then expected to
    lose more, a year, is added to its required spread times `weight`.
    """

    default_probability: Annotated[float, Field(gt=0.0, lt=1.0)]
    correlation: Annotated[float, Field(gt=0.0, lt=1.0)]
    loss_given_default: Annotated[float, Field(gt=0.0, le=1.0)]
    window: Literal["cycle", "point"]
    half_life_years: Positive
    weight: NonNegative


class Deal(Parameters):
    """Notes as documented. What is not here (shares sold, relief, screening, fees, slices kept) is the vehicle's.

    `enabled: false` leaves the vehicle's own thin notes. The residual funds what notes leave of par. While the vehicle
    revolves (`revolving_months`; null: always) principal buys new loans; then, until notes are down to `renewed_at` of
    their peak, it buys none. Losses beyond `loss_trigger` of all loans bought, or borrowers' coverage below
    `dscr_rapid`, end that at once and send all cash to notes in sequence; below `dscr_trap` the residual's is trapped.
    Retention is vertical (a slice of every loan) or horizontal (lenders take the residual, and loans are sold whole).
    Unsold loans that were made to be sold fill the warehouse, up to so many months of such loans (null: no end).
    """

    enabled: bool
    notes: DealNotes
    reserve_months: NonNegative
    recovery: Share
    principal: Literal["pro_rata", "sequential"]
    revolving_months: PositiveCount | None
    renewed_at: Share
    loss_trigger: Positive | None
    dscr_trap: NonNegative
    dscr_rapid: NonNegative
    retention: Literal["vertical", "horizontal"]
    warehouse_months: NonNegative | None
    funding: Literal["term", "abcp"]
    paper: Paper
    rating: Rating

    @model_validator(mode="after")
    def _sound_at_closing(self) -> Self:
        """Notes fit into par, and their tests hold on the day they are sold."""
        funded = 0.0
        for name, note in self.notes:
            funded += note.share
            if funded > 1.0 + ADDS_UP:
                raise WrongValue(f"notes.{name}.share", note.share, f"notes are {funded:g} of par: at most 1")
            least = note.overcollateralisation
            if least is not None and funded > 0.0 and least * funded > 1.0 + ADDS_UP:
                text = f"fails on the day of sale, when collateral is {1.0 / funded:.4g} of it and what is above: less"
                raise WrongValue(f"notes.{name}.overcollateralisation", least, text)
        if self.dscr_rapid > self.dscr_trap:
            raise WrongValue("dscr_rapid", self.dscr_rapid, f"must not be above dscr_trap = {self.dscr_trap:g}")
        if self.funding == "abcp" and self.notes.senior.share == 0.0:
            raise WrongValue("notes.senior.share", 0.0, "abcp puts paper in place of the senior note: above 0")
        return self

    @property
    def classes(self) -> tuple[str, ...]:
        """Classes of notes, most senior first; no mezzanine where it has no share, a line where there is paper."""
        line = (LINE,) if self.funding == "abcp" else ()
        middle = (MEZZANINE,) if self.notes.mezzanine.share > 0.0 else ()
        return (*line, "note_senior", *middle, "note_junior", RESIDUAL)

    def terms(self, thin: NoteTerms) -> NoteTerms:
        """As the waterfall reads them; fees are the vehicle's."""
        by_name = self.notes.by_class
        rest = max(0.0, 1.0 - sum(note.share for note in by_name.values()))
        shares = [by_name[name].share if name in by_name else 0.0 for name in self.classes[:-1]]
        tests = tuple(by_name[name].cover if name in by_name else Cover() for name in self.classes[:-1])
        return NoteTerms(
            shares=(*shares, rest), fee_per_year=thin.fee_per_year, reserve_months=self.reserve_months, tests=tests,
            recovery=self.recovery, sequential=self.principal == "sequential", classes=self.classes,
        )  # fmt: skip
