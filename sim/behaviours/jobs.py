"""Training as jobs: size, deadline, full pace; a lab's few jobs in three steps of urgency, and what a day does to them.

Jobs are the lab's own state, like its beliefs: they change in the evening, when the hours bought are known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from sim.kernels.jobs import LEFT, pass_day, plan
from sim.rows.rental import BID, ISOELASTIC, DemandRow
from sim.rules.jobs import STEP_SLACK, bid, share_below_bid
from sim.streams import Purpose
from sim.view import View
from sim.vocabulary import HOURS_PER_DAY, Floats

TRAINING_WORK = 1  # the kind of work of training
JOB_FORM = BID  # how a job's demand is told to the hourly market
DONE = 0.01  # share of a job's size that is not worth another day


_bid = lru_cache(64)(bid)  # labs of one group bid the same


class JobTerms(NamedTuple):
    """What a lab's jobs are like: chance of one a day, days to the deadline, slack at first, spread of sizes (log sd).

    `value` is the bid of a job without slack over the usual rent, `steepness` how the bid falls with slack,
    `elasticity` of a step's jobs around their bid, `urgent_elasticity` where they cannot wait.
    """

    per_day: float
    days: float
    slack: float
    size_sd: float
    value: float
    steepness: float
    elasticity: float
    urgent_elasticity: float
    checkpoint_hours: float


class Job(NamedTuple):
    """Size and work left in VE-hours, capacity it can use at most in VE, the day by whose morning it must be done.

    `late` is 1 once that has passed.
    """

    size_ve_hours: float
    left_ve_hours: float
    pace_ve: float
    due_day: float
    late: float = 0.0


@dataclass(eq=False)
class JobQueue:
    """A lab's jobs, as the columns of a table; `finished`, `missed`, `lost_ve_hours` are of the last day learned."""

    table: Floats = field(default_factory=lambda: np.zeros((len(Job._fields), 0)))
    finished: int = 0
    missed: int = 0
    lost_ve_hours: float = 0.0
    planned_on: int = -1
    planned: tuple[Floats, Floats] | None = None

    @classmethod
    def of(cls, jobs: Sequence[Job]) -> JobQueue:
        """A queue of these jobs."""
        return cls(np.array(jobs, dtype=np.float64).reshape(-1, len(Job._fields)).T.copy())

    @property
    def jobs(self) -> list[Job]:
        """All jobs, the oldest first."""
        return [Job(*job) for job in self.table.T.tolist()]

    @property
    def left_ve_hours(self) -> float:
        """Work left in all jobs."""
        return math.fsum(self.table[LEFT].tolist())

    def start(self, terms: JobTerms, view: View, training_ve: float) -> None:
        """Fill with the jobs that would be running, had it always been so: each began on one of the last days."""
        for age in range(int(1.5 * terms.days) + 1):
            job = self._arrival(terms, view, training_ve, age + 1)
            if job is not None:
                days = job.due_day - view.today.day - 1
                left = job.left_ve_hours * max(0.0, 1.0 - age / days)
                job = job._replace(due_day=job.due_day - (age + 1), left_ve_hours=left)
                if job.left_ve_hours > DONE * job.size_ve_hours and job.due_day > view.today.day:
                    self._add(job)

    def _add(self, job: Job) -> None:
        before = self.table
        self.table = np.empty((len(before), before.shape[1] + 1))
        self.table[:, :-1], self.table[:, -1] = before, job

    def plan(self, day: int) -> tuple[Floats, Floats]:
        """Capacity that jobs can use today in each step of urgency, VE: of each (3, jobs), of all (3,).

        Worked out once a day.
        """
        if self.planned is None or self.planned_on != day:
            self.planned_on, self.planned = day, plan(self.table, day)
        return self.planned

    def rows(self, terms: JobTerms, day: int, usual_usd: float, share: float) -> list[DemandRow]:
        """Demand of urgent, normal and patient jobs together; `share` of it can be paid."""
        totals = self.plan(day)[1].tolist()
        return [job_row(terms, step, share * pace, usual_usd) for step, pace in enumerate(totals)]

    def pass_day(self, terms: JobTerms, view: View, numbers: tuple[int, int, int], training_ve: float) -> None:
        """Work done and lost by the rows of these numbers, deadlines of tonight, perhaps a new job for tomorrow.

        Half of a checkpoint's interval is lost on average by what is cut off.
        """
        day, efficiency = view.today.day, view.today.environment.efficiency  # work done in an hour
        urgent, normal, patient = numbers
        half = 0.5 * terms.checkpoint_hours
        cut = (
            half * view.interrupted_ve(urgent),
            half * view.interrupted_ve(normal),
            half * view.interrupted_ve(patient),
        )
        self.lost_ve_hours = cut[0] + cut[1] + cut[2]
        lost = cut[0] * efficiency, cut[1] * efficiency, cut[2] * efficiency
        bought = view.bought_ve_hours
        done = bought(urgent) * efficiency, bought(normal) * efficiency, bought(patient) * efficiency
        found = pass_day(self.table, self.plan(day)[0], done, lost, day, DONE)
        (self.table, self.finished, self.missed), self.planned_on = found, -1
        new = self._arrival(terms, view, training_ve, 0)
        if new is not None:
            self._add(new)

    def _arrival(self, terms: JobTerms, view: View, training_ve: float, k: int) -> Job | None:
        """A new job, if one comes: sizes are such that on average as much work arrives as `training_ve` does."""
        if training_ve <= 0.0 or view.uniform(Purpose.JOB_ARRIVAL, k) >= terms.per_day:
            return None
        size = math.exp(terms.size_sd * view.normal(Purpose.JOB_SIZE, k) - 0.5 * terms.size_sd**2)
        work_ve_hours = training_ve * HOURS_PER_DAY / terms.per_day * size
        days = max(1, round(terms.days * (0.5 + view.uniform(Purpose.JOB_DAYS, k))))
        pace_ve = work_ve_hours * (1.0 + terms.slack) / (HOURS_PER_DAY * days)
        return Job(work_ve_hours, work_ve_hours, pace_ve, view.today.day + 1 + days)


def job_row(terms: JobTerms, step: int, pace_ve: float, usual_usd: float) -> DemandRow:
    """The one place that says how jobs of a step ask for hours; both forms want the same at the usual rent."""
    most = _bid(terms.value * usual_usd, STEP_SLACK[step], terms.steepness)
    if JOB_FORM == BID:
        return DemandRow(TRAINING_WORK, 0, 2, pace_ve, most, terms.elasticity, BID)
    usual = pace_ve * share_below_bid(usual_usd, most, terms.elasticity)
    elasticity = terms.urgent_elasticity if step == 0 else terms.elasticity
    return DemandRow(TRAINING_WORK, 0, 2, usual, usual_usd, elasticity, ISOELASTIC)
