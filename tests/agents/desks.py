"""Agents and views built without a model: an agent is told what it sees, and answers with rows."""

from __future__ import annotations

import datetime
import functools
import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np

from sim.agent import Agent
from sim.board import (
    AtStart,
    Board,
    CreditSheet,
    DemandSheet,
    ExchangeSheet,
    HardwareSheet,
    LabsSheet,
    RentalSheet,
    ReservedSheet,
    Today,
)
from sim.environment import Environment
from sim.growth_path import GrowthPath
from sim.links import Links
from sim.parts import find_class
from sim.rows.exchange import Curve
from sim.rows.rental import Products
from sim.streams import Streams, stable_id
from sim.view import View
from tests.worlds import container, world

RENT = 2.81


class Nobody:
    """Stands where a model would: it can count those who register, and nothing else."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def register_agent(self, agent: Agent) -> None:
        agent.unique_id = next(self._numbers)


@functools.cache
def path(reserved: str = "menu") -> GrowthPath:
    """The stationary path: rents of 2.81 for ever, no trends; contracts on the menu or auctioned."""
    return world("world=stationary", "venue=none", f"reserved={reserved}").path


@functools.cache
def products() -> Products:
    """The products of the stationary world, which nobody changes."""
    return world("world=stationary", "venue=none").books.products


def agent(kind: str, weight: float = 1.0, **changes: Any) -> Agent:
    """One agent of a kind with the parameters of its YAML (the first of every list or law's numbers), some changed."""
    settings = container()["agents"][kind] | {"count": 1} | changes
    cls = find_class(settings.pop("_target_"))
    lists = {key: value for key, value in settings.items() if isinstance(value, list)}
    first = settings | {key: next(x for x in value if not isinstance(x, str)) for key, value in lists.items()}
    return cls(Nobody(), f"{kind}_1", cls.Parameters.model_validate(first), weight, path())


CURVE = Curve(
    price_usd=(RENT,) * 3, horizon_years=(0.04, 0.12, 0.2), known_weight=(0.0,) * 3, known_mean_usd=(0.0,) * 3,
    normal_premium=(0.0,) * 3, days_left=(30.0,) * 3, index_ratio=1.0, contract_hours=(730.0,) * 3,
)  # fmt: skip

QUIET = Today(
    day=10, date=datetime.date(2026, 1, 11), years=10 / 365, technology=1.0, environment=Environment(),
    anchor_usd=RENT, rent_usd=RENT, rent_10d_usd=RENT, rent_30d_usd=RENT, rent_180d_usd=RENT,
    rent_30d_by_grade_usd=(RENT, RENT), index_usd={"transaction": RENT}, policy_rate=0.04, chip_price_usd=1.0,
    capital_charge=0.0, loans_open=True, curves={}, days_of_month=30,
)  # fmt: skip


def view(
    *,
    fleet: tuple[float, ...] = (50.0, 50.0),
    sold: float = 0.0,
    held: float = 0.0,
    short: float = 0.0,
    position: tuple[float, ...] = (0.0, 0.0, 0.0),
    bought: dict[int, float] | None = None,
    common: float = 1.0,
    own: float = 1.0,
    barred: bool = False,
    runway: float = math.inf,
    presence: float = 1.0,
    interrupted: dict[int, float] | None = None,
    links: dict[str, float] | None = None,
    seed: int = 1,
    reserved: str = "menu",
    curve: Curve | None = None,
    hours_usd: float = 0.0,
    **today: Any,
) -> View:
    """What one agent (owner 0) sees; `today` changes public facts, all else is its own sheet."""
    facts = {"chip_price_usd": path().chip_price_usd, "curves": {} if curve is None else {"main": curve}} | today
    off = {"curve_to_capex": 0.0, "curve_to_collateral": 0.0, "curve_to_reserved": 0.0, "hedge_cash": 0.0}
    table = products()
    count, usual = len(table.grade), path(reserved).settings.occupancy
    start = AtStart(
        order_shares=[0.5, 0.5], spot_demand_ve=1000.0, contracted_ve=4000.0, pool_demand_ve=1000.0, products=table,
        lets=np.ones((1, count), dtype=bool), posted=np.zeros(count, dtype=bool), usual_occupancy=np.full(count, usual),
    )  # fmt: skip
    board = Board(
        path=path(reserved), links=Links(**(off | (links or {})), normal_premium=[0.0] * 3), streams=Streams(seed),
        today=replace(QUIET, **facts), start=start, cash_usd=[1e6],
        hardware=HardwareSheet([list(fleet)]), demand=DemandSheet([own], common),
        reserved=ReservedSheet([sold], [held], [short]), labs=LabsSheet([runway], [presence]),
        exchange=ExchangeSheet(np.array([[p] for p in position])),
        credit=CreditSheet([0.0], [1.3], [1e6], [barred], [barred]),
    )  # fmt: skip
    board.rental = RentalSheet(
        [board.today.environment.fleet_availability],
        np.full((1, count), usual), table.level * board.today.rent_10d_usd,
        {(0, row): hours for row, hours in (bought or {}).items()},
        {(0, row): cut for row, cut in (interrupted or {}).items()}, hours_usd=np.array([hours_usd]),
    )  # fmt: skip
    return View(board, 0, stable_id("neocloud_1"))
