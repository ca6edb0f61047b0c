"""Who there is: agents in order of stable id, each with its window on the board, found by what they promise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np

from sim.agent import Agent
from sim.board import Board
from sim.growth_path import GrowthPath, Landlord
from sim.roles import at_once, keeps, promises_of
from sim.view import View
from sim.vocabulary import Ints

R = TypeVar("R")


@dataclass(frozen=True)
class Roll:
    """Who is who, as rows of the ledger (ints, in order of stable id).

    `chip_owners` own GPUs, `landlords` let capacity and borrow, `customers` reserve it, `users` rent by the hour.
    `lenders` are of record for loans; `vehicles` (none or one) buy parts of them and owe notes to `investors`.
    """

    names: tuple[str, ...]
    chip_owners: Ints
    landlords: Ints
    customers: Ints
    users: Ints
    lenders: Ints
    vehicles: Ints
    investors: Ints
    vendor: int
    clearing_house: int
    parents: int
    rest_of_world: int
    landlord_fleet: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))  # fleet row of each landlord


@dataclass(frozen=True)
class Team:
    """Agents of one class, with their rows of the ledger and their views, and a promise of theirs.

    `at_once(agents, views)` is what keeps it for all of them, where their class has such a way.
    """

    promise: str
    at_once: Callable[[Sequence[Any], Sequence[View]], Any] | None
    owners: list[int] = field(default_factory=list)
    agents: list[Any] = field(default_factory=list)
    views: list[View] = field(default_factory=list)

    def ask(self) -> Any:
        """Have all of them keep the promise: what they answer, in order."""
        if self.at_once is not None:
            return self.at_once(self.agents, self.views)
        return [getattr(agent, self.promise)(view) for agent, view in zip(self.agents, self.views, strict=True)]


class Register:
    """All agents; the owner of an agent (its row of the ledger) is its place here.

    `people` in order of stable id, `views` their windows on the board, `roll` who is who.
    """

    def __init__(self, people: Sequence[Agent], roll: Roll, board: Board) -> None:
        self.people = list(people)
        self.roll = roll
        board.know([agent.identity for agent in self.people])
        self.views = [View(board, owner, agent.identity) for owner, agent in enumerate(self.people)]
        self._found: dict[type, Any] = {}
        self._teams: dict[tuple[type, str], list[Team]] = {}

    def of(self, role: type[R]) -> list[tuple[int, R]]:
        """Those who have a role, as (owner, agent), in order of stable id."""
        if role not in self._found:
            self._found[role] = [(owner, agent) for owner, agent in enumerate(self.people) if keeps(type(agent), role)]
        found: list[tuple[int, R]] = self._found[role]
        return found

    def teams(self, role: type, together: str) -> list[Team]:
        """Those who have a role, class by class; `together` names what a class may have to keep it for many at once."""
        if (role, together) not in self._teams:
            promise, found = promises_of(role)[0], dict[type, Team]()
            members: list[tuple[int, Any]] = self.of(role)
            for owner, agent in members:
                team = found.setdefault(type(agent), Team(promise, at_once(type(agent), promise, together)))
                team.owners.append(owner)
                team.agents.append(agent)
                team.views.append(self.views[owner])
            self._teams[role, together] = list(found.values())
        return self._teams[role, together]

    def has(self, owner: int, role: type) -> bool:
        """Whether the agent of an owner has a role."""
        return keeps(type(self.people[owner]), role)

    def the(self, owner: int, role: type[R]) -> R:
        """The agent of an owner in one of its roles; raises TypeError if it has not promised it."""
        agent = self.people[owner]
        if not self.has(owner, role):
            raise TypeError(f"{agent.name} does not keep the promise {role.__name__}")
        found: R = agent
        return found

    def these(self, owners: Iterable[int], role: type[R]) -> list[tuple[int, R]]:
        """The agents of these owners in one of their roles, as (owner, agent), in the order given."""
        return [(int(owner), self.the(int(owner), role)) for owner in owners]

    def name(self, owner: int) -> str:
        """An agent's name."""
        return str(self.people[owner].name)

    def label(self, owner: int) -> str:
        """What an agent calls itself: a label of the record, which decides nothing."""
        return str(self.people[owner].kind)

    def landlord(self, owner: int, path: GrowthPath) -> Landlord:
        """A landlord as the growth path knows it."""
        agent, s = self.people[owner], path.settings
        terms = type(agent).landlord(agent.p, s.policy_rate, s.equity_rate)
        if terms is None:
            raise TypeError(f"{agent.name} is no landlord")
        return terms
