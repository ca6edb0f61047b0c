"""Investors in notes: insurers, funds. They want more spread after losses and when they hold much already."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import ClassVar

from sim.agent import Agent, Endowment, GroupParameters
from sim.growth_path import GrowthPath
from sim.rows.securitisation import NoteRow
from sim.view import View
from sim.vocabulary import DAYS_PER_YEAR, NonNegative, Positive, Share


class NoteInvestorParameters(GroupParameters):
    """Wealth in USD, of the whole group on day 0; it grows with the path. Spreads per year over the policy rate."""

    wealth_usd: NonNegative
    note_share: Share  # most of wealth that is in notes
    senior_spread: NonNegative  # required without losses and holdings
    junior_spread: NonNegative
    residual_spread: NonNegative
    loss_weight: NonNegative  # relative rise of required spreads per unit of remembered loss rate
    loss_half_life_years: Positive  # of the memory of losses
    crowding_weight: NonNegative  # relative rise of required spreads from holding nothing to holding all one may
    wealth_weight: NonNegative = 0.0  # relative rise of required spreads per unit of wealth lost against the path
    top_up_per_year: NonNegative  # share of a shortfall against the path's wealth that comes back


class NoteInvestor(Agent):
    """Buys a vertical strip of what is issued, as long as its spread is paid and its wealth allows."""

    Parameters: ClassVar[type[GroupParameters]] = NoteInvestorParameters
    kind = "note_investor"

    def start(self, path: GrowthPath) -> None:
        """No losses are remembered."""
        self.remembered_losses = 0.0

    def endowment(self, path: GrowthPath) -> Endowment:
        """The share of the group's wealth, in cash."""
        return Endowment(cash_usd=self.p.wealth_usd * self.weight)

    @property
    def top_up_per_year(self) -> float:
        """Share of a shortfall of wealth that comes back in a year."""
        return float(self.p.top_up_per_year)

    def notes(self, view: View) -> Iterable[NoteRow]:
        """What is bought at most, and the spreads required: s_k (1 + l memory) (1 + c full hands) (1 + w lost wealth).

        Who has no room says what it asks all the same, who has no wealth nothing.

        Full hands are holdings over the most that wealth allows, lost wealth max(0, path's wealth / wealth - 1), and
        l, c, w the weights.
        """
        held = view.notes_held_usd
        most = self.p.note_share * (view.cash_usd + held)
        room = min(max(0.0, most - held), max(0.0, view.cash_usd))
        if most <= 0.0:
            return
        fear = (1.0 + self.p.loss_weight * self.remembered_losses) * (1.0 + self.p.crowding_weight * held / most)
        if self.p.wealth_weight > 0.0:
            path = self.p.wealth_usd * self.weight * view.path.money_factor(view.today.years)
            fear *= 1.0 + self.p.wealth_weight * max(0.0, path / (view.cash_usd + held) - 1.0)
        yield NoteRow(room, self.p.senior_spread * fear, self.p.junior_spread * fear, self.p.residual_spread * fear)

    def learn(self, view: View) -> None:
        """Remember the loss rate of loans; the memory fades."""
        fading = math.log(2.0) / (self.p.loss_half_life_years * DAYS_PER_YEAR)
        self.remembered_losses += view.loan_loss_rate - fading * self.remembered_losses
