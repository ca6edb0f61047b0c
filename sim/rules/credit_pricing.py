"""What a new GPU loan costs over the policy rate: expected loss, lenders' own losses, what their funding costs.

Spreads on record run from 2.25 % for investment-grade offtake to 13.00 % for none under one and the same facility (SEC
filings of CoreWeave, 2023-2026), so they answer to who pays. A borrower's own spread holds what lenders expect of it on
the growth path; what is here is how a new loan's spread departs from that.
"""

import math
from statistics import NormalDist


def default_chance(dscr: float, cash_flow_sd: float) -> float:
    """Chance that a year's cash flow does not cover debt service: PD = Phi(-ln DSCR / s), s the log sd of cash flow.

    Distance to default in coverage rather than assets (Merton 1974): loans against chips are served out of contracts,
    and lenders mark no chip to market.
    """
    return NormalDist().cdf(-math.log(dscr) / cash_flow_sd) if dscr > 0.0 else 1.0


def loss_given_default(loan_to_value: float, recovery: float) -> float:
    """Share of a loan that is lost: max(0, 1 - R / LTV), with R what collateral brings over its book value."""
    return max(0.0, 1.0 - recovery / loan_to_value) if loan_to_value > 0.0 else 0.0


def expected_loss(dscr: float, loan_to_value: float, cash_flow_sd: float, recovery: float) -> float:
    """Loss expected a year per USD lent: PD(DSCR) * LGD(LTV); it rises with leverage and falls with coverage."""
    return default_chance(dscr, cash_flow_sd) * loss_given_default(loan_to_value, recovery)


def learned_loss_rate(rate: float, seen: float, years: float, half_life_years: float) -> float:
    """A lender's loss rate a year after `years` in which it saw `seen` a year: the old one fades by its half-life."""
    return seen + (rate - seen) * math.exp(-math.log(2.0) * years / half_life_years)


def bounded(spread: float, change: float, lowest: float, highest: float) -> float:
    """The change of a spread that leaves it within bounds; own spreads outside them move inwards alone."""
    return min(max(spread + change, min(spread, lowest)), max(spread, highest)) - spread


def funding_charge(
    capital_saved_usd: float, relief_passed: float, note_excess: float, share: float, notes_passed: float
) -> float:
    """Change a year of what borrowers pay where the share s of a draw is sold: -phi_K K + phi_N s (N - N_0).

    K is what capital would have cost on the part that needs none, N - N_0 what notes cost above the usual, and phi the
    shares that competition passes on: bank loans bought by CLOs were 17 bp cheaper, a part of what that saved their
    lenders (Nadauld and Weisbach 2012).
    """
    return 0.0 - relief_passed * capital_saved_usd + notes_passed * share * note_excess
