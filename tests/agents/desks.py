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
from sim.growth_path import GrowthPath
from sim.parts import find_class
from sim.streams import Streams, stable_id
from sim.view import Desk, Links, View
from sim.vocabulary import Curve, Environment, Today
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


def agent(kind: str, weight: float = 1.0, **changes: Any) -> Agent:
    """One agent of a kind with the parameters of its YAML (the first of every list or law's numbers), some changed."""
    settings = container()["agents"][kind] | {"count": 1} | changes
    cls = find_class(settings.pop("_target_"))
    lists = {key: value for key, value in settings.items() if isinstance(value, list)}
    first = settings | {key: next(x for x in value if not isinstance(x, str)) for key, value in lists.items()}
    return cls(Nobody(), f"{kind}_1", cls.Parameters.model_validate(first), weight, path())


CURVE = Curve(
    price_usd=(RENT,) * 3, horizon_years=(0.04, 0.12, 0.2), known_weight=(0.0,) * 3, known_mean_usd=(0.0,) * 3,
    normal_premium=(0.0,) * 3, days_left=(30.0,) * 3, index_ratio=1.0, contract_hours=730.0,
)  # fmt: skip

QUIET = Today(
    day=10, date=datetime.date(2026, 1, 11), years=10 / 365, technology=1.0, environment=Environment(),
    anchor_usd=RENT, rent_usd=RENT, rent_10d_usd=RENT, rent_30d_usd=RENT, rent_180d_usd=RENT,
    rent_30d_by_grade_usd=(RENT, RENT), index_usd={"transaction": RENT}, policy_rate=0.04, chip_price_usd=1.0,
    capital_charge=0.0, loans_open=True, curve=None, days_of_month=30,
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
    **today: Any,
) -> View:
    """What one agent (owner 0) sees; `today` changes public facts, all else is its own sheet."""
    off = {"curve_to_capex": 0.0, "curve_to_collateral": 0.0, "curve_to_reserved": 0.0, "hedge_cash": 0.0}
    desk = Desk(
        path=path(reserved), links=Links(**(off | (links or {})), normal_premium=[0.0] * 3), streams=Streams(seed),
        today=replace(QUIET, **({"chip_price_usd": path().chip_price_usd} | today)), order_shares=[0.5, 0.5],
        spot_demand_ve=1000.0, contracted_ve=4000.0,
    )  # fmt: skip
    desk.cash_usd, desk.fleet_ve, desk.reserved_sold_ve = [1e6], [list(fleet)], [sold]
    desk.reserved_held_ve, desk.reserved_short_ve, desk.user_factor = [held], [short], [own]
    desk.runway_months, desk.presence = [runway], [presence]
    desk.common_factor, desk.debt_usd, desk.dscr = common, [0.0], [1.3]
    desk.position = [[p] for p in position]
    desk.bought_ve_hours = {(0, row): hours for row, hours in (bought or {}).items()}
    desk.interrupted_ve = {(0, row): cut for row, cut in (interrupted or {}).items()}
    desk.running_share, desk.pool_demand_ve = [desk.today.environment.fleet_availability], 1000.0
    desk.products = world("world=stationary", "venue=none").books.products
    count = len(desk.products.grade)
    desk.lets, desk.posted = np.ones((1, count), dtype=bool), np.zeros(count, dtype=bool)
    desk.tightness = np.full((1, count), desk.path.settings.occupancy)
    desk.usual_occupancy = np.full(count, desk.path.settings.occupancy)
    desk.comparable_usd = desk.products.level * desk.today.rent_10d_usd
    desk.normal_cash_usd, desk.no_orders, desk.no_contracts = [1e6], [barred], [barred]
    return View(desk, 0, stable_id("neocloud_1"))
