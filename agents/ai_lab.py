"""AI labs: inference that must run, training that can wait, reserved contracts, hedges of what is left."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationInfo, field_validator

from sim.agent import Agent, Endowment, GroupParameters
from sim.behaviours.hedging import hedges
from sim.behaviours.jobs import TRAINING_WORK, JobQueue, JobTerms, Night, pass_night
from sim.behaviours.own_hedge import OwnHedge, OwnHedgeParameters
from sim.behaviours.reserving import Schedule
from sim.behaviours.usage import learn_usual_rents, starting_slow_rent, wanted_at_usual_rent
from sim.board import Today
from sim.growth_path import GrowthPath, Use
from sim.rows.exchange import FutureRow
from sim.rows.labs import Service
from sim.rows.rental import DemandRow, SupplyRow
from sim.rows.reserved import ReservedRow
from sim.rules.hoarding import precaution
from sim.rules.rents import contract_worth
from sim.rules.usage import contracted_level
from sim.view import View
from sim.vocabulary import HOURS_PER_DAY, Days, Elasticity, NonNegative, Positive, Share, YearsOfMemory

INFERENCE, TRAINING, SPILL, NORMAL, PATIENT = range(5)  # rows of spot demand; jobs: TRAINING is the urgent ones
FLAT, INFERENCE_SEASON = 0, 1
INFERENCE_WORK = 0  # the kind of work of inference
MAX_LOG = 20.0  # rents this many logs from the usual stand for any


class AiLabParameters(OwnHedgeParameters, GroupParameters):
    """Elasticities are positive numbers; shares of the market's demand on day 0."""

    demand_share: Share  # of spot demand, the whole group
    elasticity: Elasticity  # of inference within the hour
    long_run_elasticity: Elasticity
    adaptation_years: YearsOfMemory  # over which usual rents are learned
    training_share: Share  # of spot demand that can wait
    training_days: Positive  # over which the backlog is worked off at the usual rent
    training_elasticity: Elasticity
    jobs_per_day: Share  # chance of a new training job; 0: training is one backlog that is worked off
    job_days: Annotated[float, Field(ge=1.0, le=365.0)]  # mean time to a job's deadline
    job_slack: NonNegative  # time to the deadline over the time needed at full pace, minus one
    job_size_sd: Annotated[float, Field(ge=0.0, le=2.0)]  # log sd of sizes
    job_value: Positive  # bid of a job without slack over the usual rent
    job_steepness: NonNegative  # how the bid falls with slack
    job_elasticity: Positive  # of jobs of the same urgency around their bid
    checkpoint_hours: NonNegative  # between checkpoints; half of it is lost in an interruption
    cut_training_months: Positive  # runway below which training is cut
    cut_inference_months: Positive  # and below which inference is
    contracted_elasticity: Elasticity
    belief_half_life_years: Positive  # perceived persistence of rent deviations, for contracts
    reserve_idle: Annotated[float, Field(ge=0.0, le=0.5)]  # share of reserved hours expected to stand idle
    reserve_security: NonNegative  # rent that security of supply is worth, over the mean rent expected
    reserve_security_years: Positive  # tenor that gives most of it
    reserve_obsolescence: NonNegative  # rent a year of tenor that being tied to ageing chips costs
    precaution_stock_outs: Elasticity = 0.0  # log of the stock reserved over what is needed, per share of hours without
    precaution_scarcity: Elasticity = 0.0  # and per log of the scarcity of chips
    stock_out_days: Days = 30.0  # over which hours in which nothing was to be had are remembered
    stock_out_usual_days: Days = 365.0  # over which a lab comes to take them for usual
    reserve_elasticity: NonNegative  # of the stock wanted under contract to its rent over its worth
    spill: Share  # of contract hours wanted but not had that goes to the spot market
    relet_share: Share  # of reserved capacity that is offered when rents are high
    relet_start: Positive  # rent over the usual at which re-letting begins
    relet_full: Positive  # and at which all of it is offered
    trading_half_life_years: Positive
    hedge_ratio: Share  # of expected spot use, bought forward: as mandated, or the prior of its own estimate
    hedge_horizon_years: Positive  # hedges are built up over this time before delivery
    hedge_pace_per_day: Positive  # most that is traded in a day, in shares of the exposure
    hedge_tolerance: NonNegative
    hedge_reach: NonNegative
    regions: dict[str, Share] | None  # where its users are at home; the world's if null

    @field_validator("relet_full")
    @classmethod
    def _above_start(cls, value: float, info: ValidationInfo) -> float:
        if value <= info.data.get("relet_start", 0.0):
            raise ValueError(f"must be above relet_start = {info.data['relet_start']}")
        return value


def job_terms(p: Any) -> JobTerms:
    """What the training jobs of labs with these parameters are like."""
    return JobTerms(
        p.jobs_per_day, p.job_days, p.job_slack, p.job_size_sd, p.job_value, p.job_steepness, p.job_elasticity,
        p.elasticity, p.checkpoint_hours,
    )  # fmt: skip


class AiLab(OwnHedge, Agent):
    """A user of compute that has a business to run on it."""

    Parameters: ClassVar[type[GroupParameters]] = AiLabParameters
    kind = "ai_lab"

    def start(self, path: GrowthPath) -> None:
        """Believe the path: slow rents lag it, the training backlog is at its usual length."""
        s = path.settings
        self.slow_rent_usd = starting_slow_rent(s.rent_usd, s.technology, self.p.adaptation_years)
        self.usual_rent_usd = s.rent_usd
        self.backlog_ve_hours: float | None = None
        self.queue: JobQueue | None = None
        self.training_ve = 0.0
        self.stock_outs: tuple[float, float] | None = None  # lately, and what it is used to
        self._wanted: tuple[Today, float, float] | None = None  # under contract, on which facts and at which usual rent

    @property
    def terms(self) -> JobTerms:
        """What this lab's training jobs are like."""
        return self.made(job_terms)

    @classmethod
    def use(cls, parameters: Any) -> Use:
        """Hours, and contracts in proportion to size."""
        return Use(parameters.demand_share, 1.0, parameters.long_run_elasticity)

    @classmethod
    def contract_terms(cls, parameters: Any, years: Sequence[float]) -> tuple[float, tuple[float, ...]]:
        """What reserved hours are worth by tenor: security of supply less idle hours and ageing chips."""
        p = parameters
        worth = (
            contract_worth(p.reserve_idle, p.reserve_security, p.reserve_security_years, p.reserve_obsolescence, t)
            for t in years
        )
        return p.reserve_elasticity, tuple(worth)

    def endowment(self, path: GrowthPath) -> Endowment:
        """A share of all reserved capacity."""
        return Endowment(reserved_weight=self.weight, regions=self.p.regions)

    def spot_demand(self, view: View) -> Iterable[DemandRow]:
        """Inference now, the backlog of training over some days, and what contracts should have covered."""
        p, usual = self.p, self.usual_rent_usd
        level = wanted_at_usual_rent(view, p.demand_share * self.weight, usual, p.long_run_elasticity)
        level *= view.common_factor * view.own_factor
        level *= view.presence
        serving, training = self.affordable(view)
        self.training_ve = level * p.training_share
        missing = p.spill * (view.reserved_short_ve + max(0.0, self.contracted_ve(view) - view.reserved_held_ve))
        missing *= view.today.environment.efficiency  # is in hours already; the market divides rows of work by it
        inference = DemandRow(
            INFERENCE_WORK, INFERENCE_SEASON, 0, (level - self.training_ve) * serving, usual, p.elasticity
        )
        spill = DemandRow(INFERENCE_WORK, FLAT, 0, missing * serving, usual, p.elasticity)
        if p.jobs_per_day > 0.0:
            terms = self.terms
            if self.queue is None:
                self.queue = JobQueue()
                self.queue.start(terms, view, self.training_ve)
            urgent, *waiting = self.queue.rows(terms, view.today.day, usual, training)
            return inference, urgent, spill, *waiting
        if self.backlog_ve_hours is None:
            self.backlog_ve_hours = self.training_ve * HOURS_PER_DAY * p.training_days
        backlog = self.backlog_ve_hours / (HOURS_PER_DAY * p.training_days) * training
        return inference, DemandRow(TRAINING_WORK, FLAT, 2, backlog, usual, p.training_elasticity), spill

    def affordable(self, view: View) -> tuple[float, float]:
        """Shares of inference and of training that a lab with so little cash left still pays for."""
        months = view.runway_months
        serving = min(1.0, months / self.p.cut_inference_months)
        return serving, min(1.0, months / self.p.cut_training_months)

    def service(self) -> Service:
        """Inference on the spot market, and contracts."""
        return Service((INFERENCE, SPILL), self.p.demand_share * self.weight, 1.0 - self.p.training_share)

    def jobs_report(self) -> tuple[int, int, float, float]:
        """Jobs finished and late, work lost and left; without jobs the backlog is what is left."""
        if self.queue is None or self.p.jobs_per_day == 0.0:
            return 0, 0, 0.0, self.backlog_ve_hours or 0.0
        return self.queue.finished, self.queue.missed, self.queue.lost_ve_hours, self.queue.left_ve_hours

    def spot_offers(self, view: View) -> Iterable[SupplyRow]:
        """Re-let a share of reserved capacity when rents are high."""
        capacity = self.p.relet_share * max(0.0, view.reserved_held_ve - view.reserved_short_ve)
        if capacity > 0.0:
            usual = self.usual_rent_usd * view.today.environment.efficiency
            yield SupplyRow(
                1, capacity, math.log(usual * self.p.relet_start), math.log(usual * self.p.relet_full), 0.0, False
            )

    def contracted_ve(self, view: View) -> float:
        """Reserved capacity wanted: a share of the market's, with its demand, weakly against half a year's rents.

        Asked for contracts and for the day's hours, worked out once.
        """
        known = view.today, self.usual_rent_usd
        if self._wanted is None or self._wanted[0] is not known[0] or self._wanted[1] != known[1]:
            self._wanted = *known, self._contracted_ve(view)
        return self._wanted[2]

    def _contracted_ve(self, view: View) -> float:
        p, today, usual = self.p, view.today, self.usual_rent_usd
        level = wanted_at_usual_rent(view, self.weight, usual, p.long_run_elasticity)
        efficiency = today.environment.efficiency  # usual rents are per unit of work, contracts are of hours
        level *= view.path_contracted_ve / view.path_spot_demand_ve / efficiency
        level *= view.presence * self.affordable(view)[1]
        return contracted_level(
            level, view.contracted_log, today.rent_180d_usd / efficiency, usual, p.contracted_elasticity
        )

    def reserved(self, view: View) -> Iterable[ReservedRow]:
        """Want in every tenor what is missing; the market splits it by the path's shares.

        What is reserved as a precaution comes on top. On the menu at any rent. In the auction the stock wanted falls by
        `reserve_elasticity` per log of rent over its worth on the path, until rents e-fold lower bring no more.
        """
        p, path, wanted = self.p, view.path, self.contracted_ve(view) * self._precaution(view)
        missing = wanted - view.reserved_held_ve
        slope = wanted * p.reserve_elasticity if path.by_auction else 0.0
        if slope <= 0.0:
            return [ReservedRow(k, missing, math.inf) for k in range(len(path.tenors))] if missing > 0.0 else ()
        most = missing + slope
        if most <= 0.0:
            return ()
        above, width = math.exp(min(MAX_LOG, missing / slope)), most / slope
        return Schedule(view, most, above, width, (p.belief_half_life_years, p.trading_half_life_years))

    def _precaution(self, view: View) -> float:
        """Factor on the stock wanted under contract: what is reserved in case there is nothing to be had."""
        p, (lately, usual) = self.p, self.stock_outs or (0.0, 0.0)
        return precaution(lately, usual, view.scarcity, p.precaution_stock_outs, p.precaution_scarcity)

    def futures(self, view: View) -> Iterable[FutureRow]:
        """Buy a share of expected spot use of each listed month forward, around own expectations."""
        return hedges(view, self.p, self._ratio() * view.client_left, self._use_ve(view))

    def _use_ve(self, view: View) -> float:
        """What it expects to use by the hour at rents that the index follows."""
        use = wanted_at_usual_rent(
            view, self.p.demand_share * self.weight, self.usual_rent_usd, self.p.long_run_elasticity
        )
        use *= view.path_pool_demand_ve / view.path_spot_demand_ve
        return use / view.today.environment.efficiency

    def learn(self, view: View) -> None:
        """Add new training to the backlog, take off what ran, and let usual rents follow today's."""
        self._learn_together([self], [view])

    @classmethod
    def _learn_together(cls, labs: Sequence[AiLab], views: Sequence[View]) -> None:
        nights = []
        for lab, view in zip(labs, views, strict=True):
            if lab.p.jobs_per_day == 0.0:
                lab._work_off(view)
            elif lab.queue is not None:
                wanted = lab.training_ve * lab.affordable(view)[1]
                nights.append(Night(lab.queue, lab.terms, view, (TRAINING, NORMAL, PATIENT), wanted))
            lab._learn_stock_outs(view.stock_out)
            if lab.p.hedging == "optimal":
                lab._learn_hedge(view, lab._use_ve(view), -1.0)
        pass_night(nights)
        learn_usual_rents(labs, [lab.p.adaptation_years for lab in labs], views[0])

    def _work_off(self, view: View) -> None:
        """Add new training to the one backlog, and take off what ran."""
        done = view.bought_ve_hours(TRAINING) * view.today.environment.efficiency
        backlog = self.backlog_ve_hours if self.backlog_ve_hours is not None else 0.0
        self.backlog_ve_hours = max(0.0, backlog + self.training_ve * HOURS_PER_DAY - done)

    def _learn_stock_outs(self, seen: float) -> None:
        """Remember how often nothing was to be had; the first day is taken for usual."""
        lately, usual = self.stock_outs or (seen, seen)
        self.stock_outs = (
            lately + (seen - lately) / self.p.stock_out_days,
            usual + (seen - usual) / self.p.stock_out_usual_days,
        )
