"""Speculators as Mesa agents that act hourly: the crowd of `exchange.crowd` with a Python object for every trader."""

from __future__ import annotations

import mesa

from sim.exchange.crowd import Speculators
from sim.kernels.call_auction import MARKET
from sim.kernels.crowd import awake
from sim.rules.speculation import ACTIVE, CLOSING, expected_return, informed, limit_tick, mispricing, target_position
from sim.streams import Purpose, Streams
from sim.vocabulary import Floats, Ints


class Trader(mesa.Agent):  # type: ignore[misc]
    """A speculator: sleeps or wakes each hour, and on waking replaces its one order for tonight."""

    model: TradingFloor

    def __init__(self, model: TradingFloor, identity: int, tastes: tuple[float, float, float, float]) -> None:
        super().__init__(model)
        self.identity = identity
        self.fundamental_weight, self.chartist_weight, self.noise_weight, self.boldness = tastes[:4]
        self.horizon_days, self.noise_sd = tastes[4:]

    def start_day(self, cash_usd: float, standing: int, signal: float, position: tuple[float, ...]) -> None:
        """Read the clearing house's statement and the own signal; a trader in margin default is closed out."""
        self.cash_usd, self.standing, self.signal, self.position = cash_usd, standing, signal, position
        self.orders: dict[int, tuple[float, int]] = {}  # maturity -> contracts, limit tick
        if standing == CLOSING:
            sizes = [-held for held in position]
            self.orders = {m: (size, MARKET if size > 0.0 else -MARKET) for m, size in enumerate(sizes)}

    def act(self) -> None:
        """Wake or sleep on; awake, choose a maturity and order what is missing to the position that is best there."""
        floor = self.model
        if self.standing != ACTIVE:
            return
        if not awake(floor.streams.seed, floor.day, floor.hour, self.identity, floor.activity):
            return
        now, months = floor.now, len(self.position)
        m = min(int(floor.streams.uniform(Purpose.SPECULATOR_MATURITY, now, self.identity) * months), months - 1)
        price = floor.price_usd[m]
        free = self.cash_usd
        for other, held in enumerate(self.position):
            if other != m:
                free -= floor.margin_share * (abs(held) * floor.price_usd[other] * floor.contract_hours[other])
        expected = expected_return(
            informed(floor.mispriced[m], floor.lift[m], self.signal, floor.price_weight), floor.trend_per_day[m],
            floor.streams.normal(Purpose.SPECULATOR_NOISE, now, self.identity),
            self.fundamental_weight, self.chartist_weight, self.noise_weight, self.horizon_days, self.noise_sd,
        )  # fmt: skip
        target = target_position(
            expected, price, self.cash_usd, free, self.boldness, floor.margin_share, floor.contract_hours[m]
        )
        quantity = target - self.position[m]
        self.orders = {m: (quantity, limit_tick(expected, price, quantity, floor.tick_usd))}


class TradingFloor(mesa.Model):  # type: ignore[misc]
    """What traders see (lists by maturity, the news by hour); a step is an hour, in which all act."""

    streams: Streams
    day: int
    hour: int
    price_usd: list[float]
    expected_usd: list[float]
    trend_per_day: list[float]
    persistence: list[float]
    news: list[float]
    lift: list[float]
    price_weight: float
    contract_hours: list[float]
    margin_share: float
    tick_usd: float

    def __init__(self, activity: float) -> None:
        super().__init__(seed=0)
        self.activity = activity

    def step(self) -> None:
        """An hour: its news, then everybody acts."""
        self.now = self.day * len(self.news) + self.hour
        news = self.news[self.hour]
        curve = zip(self.expected_usd, self.price_usd, self.persistence, strict=True)
        self.mispriced = [mispricing(expected, price, lasting, news) for expected, price, lasting in curve]
        self.agents.do("act")
        self.hour += 1


class HourlyCrowd(Speculators):
    """A crowd whose orders are made by Mesa agents; accounts stay the clearing house's arrays, settled once a day."""

    def __init__(self, crowd: Speculators) -> None:
        self.__dict__.update(crowd.__dict__)
        self.floor = TradingFloor(self.settings.activity_per_hour)
        known = self.arrays
        tastes = (
            known.fundamental_weight, known.chartist_weight, known.noise_weight,
            known.boldness, known.horizon_days, known.noise_sd,
        )  # fmt: skip
        for identity, *own in zip(known.id.tolist(), *(column.tolist() for column in tastes), strict=True):
            Trader(self.floor, identity, tuple(own))

    def orders(
        self, seed: int, day: int, price_usd: Floats, expected_usd: Floats, trend: Floats, persistence: Floats,
        news: Floats, lift: Floats, price_weight: float, contract_hours: Floats, margin_share: float, tick_usd: float,
    ) -> tuple[Floats, Ints]:  # fmt: skip
        """Tonight's resting orders: quantity and limit tick, (maturities, N) each."""
        self.open_day(
            seed, day, price_usd, expected_usd, trend, persistence, news, lift, price_weight, contract_hours,
            margin_share, tick_usd,
        )  # fmt: skip
        for _ in range(len(news)):
            self.floor.step()
        return self.collect()

    def open_day(
        self, seed: int, day: int, price_usd: Floats, expected_usd: Floats, trend: Floats, persistence: Floats,
        news: Floats, lift: Floats, price_weight: float, contract_hours: Floats, margin_share: float, tick_usd: float,
    ) -> None:  # fmt: skip
        """Post the day's facts and every trader's account."""
        floor, known = self.floor, self.arrays
        floor.streams, floor.day, floor.hour, floor.news = Streams(seed), day, 0, news.tolist()
        floor.price_usd, floor.expected_usd = price_usd.tolist(), expected_usd.tolist()
        floor.trend_per_day, floor.persistence = trend.tolist(), persistence.tolist()
        floor.lift, floor.price_weight = lift.tolist(), price_weight
        floor.contract_hours, floor.margin_share, floor.tick_usd = contract_hours.tolist(), margin_share, tick_usd
        accounts = zip(
            known.cash_usd.tolist(), known.standing.tolist(), self.signal.tolist(), known.position.T.tolist(),
            strict=True,
        )  # fmt: skip
        for trader, account in zip(floor.agents, accounts, strict=True):
            trader.start_day(*account)

    def collect(self) -> tuple[Floats, Ints]:
        """The orders that rest when the day ends."""
        self.quantity[:] = 0.0
        for i, orders in enumerate(self.floor.agents.get("orders")):
            for m, (quantity, tick) in orders.items():
                self.quantity[m, i], self.tick[m, i] = quantity, tick
        return self.quantity, self.tick
