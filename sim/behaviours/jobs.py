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

from sim.kernels.jobs import LEFT, pass_nights, plan
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
            job = self.arrival(terms, view, training_ve, age + 1)
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
            self.planned_on, self.planned = day, plan(np.ascontiguousarray(self.table), day)
        return self.planned

    def rows(self, terms: JobTerms, day: int, usual_usd: float, share: float) -> list[DemandRow]:
        """Demand of urgent, normal and patient jobs together; `share` of it can be paid."""
        totals = self.plan(day)[1].tolist()
        return [job_row(terms, step, share * pace, usual_usd) for step, pace in enumerate(totals)]

    def pass_day(self, terms: JobTerms, view: View, numbers: tuple[int, int, int], training_ve: float) -> None:
        """Work done and lost by the rows of these numbers, deadlines of tonight, perhaps a new job for tomorrow."""
        pass_night([Night(self, terms, view, numbers, training_ve)])

    def arrival(self, terms: JobTerms, view: View, training_ve: float, k: int) -> Job | None:
        """A new job, if one comes: sizes are such that on average as much work arrives as `training_ve` does."""
        if training_ve <= 0.0 or view.uniform(Purpose.JOB_ARRIVAL, k) >= terms.per_day:
            return None
        size = math.exp(terms.size_sd * view.normal(Purpose.JOB_SIZE, k) - 0.5 * terms.size_sd**2)
        work_ve_hours = training_ve * HOURS_PER_DAY / terms.per_day * size
        days = max(1, round(terms.days * (0.5 + view.uniform(Purpose.JOB_DAYS, k))))
        pace_ve = work_ve_hours * (1.0 + terms.slack) / (HOURS_PER_DAY * days)
        return Job(work_ve_hours, work_ve_hours, pace_ve, view.today.day + 1 + days)


class Night(NamedTuple):
    """What a night does to a queue: hours of its rows of these numbers, urgent first; `training_ve` arrives."""

    queue: JobQueue
    terms: JobTerms
    view: View
    numbers: tuple[int, int, int]
    training_ve: float


def pass_night(nights: Sequence[Night]) -> None:
    """Work done and lost today, deadlines of tonight, perhaps a new job for tomorrow: for many queues in one pass.

    Half of a checkpoint's interval is lost on average by what is cut off.
    """
    if not nights:
        return
    today, none = nights[0].view.today, (0.0,) * len(Job._fields)
    efficiency = today.environment.efficiency  # work done in an hour
    half = [0.5 * night.terms.checkpoint_hours for night in nights]
    lost = np.array([[h * n.view.interrupted_ve(k) for k in n.numbers] for h, n in zip(half, nights, strict=True)])
    done = np.array([[night.view.bought_ve_hours(number) for number in night.numbers] for night in nights])
    new = np.array([n.queue.arrival(n.terms, n.view, n.training_ve, 0) or none for n in nights])
    tables = [night.queue.table for night in nights]
    ends = np.cumsum([0, *(table.shape[1] for table in tables)])
    paces = np.concatenate([night.queue.plan(today.day)[0] for night in nights], axis=1)
    table, ends, plans, sums, told = pass_nights(
        np.concatenate(tables, axis=1), ends, paces, done * efficiency, lost * efficiency, new, today.day, DONE
    )
    begin, counts, hours = ends.tolist(), told.tolist(), lost.tolist()
    for q, night in enumerate(nights):
        queue, mine = night.queue, slice(begin[q], begin[q + 1])
        queue.table, queue.planned_on, queue.planned = table[:, mine], today.day + 1, (plans[:, mine], sums[q])
        queue.finished, queue.missed = counts[q]
        queue.lost_ve_hours = hours[q][0] + hours[q][1] + hours[q][2]


def job_row(terms: JobTerms, step: int, pace_ve: float, usual_usd: float) -> DemandRow:
    """The one place that says how jobs of a step ask for hours; both forms want the same at the usual rent."""
    most = _bid(terms.value * usual_usd, STEP_SLACK[step], terms.steepness)
    if JOB_FORM == BID:
        return DemandRow(TRAINING_WORK, 0, 2, pace_ve, most, terms.elasticity, BID)
    usual = pace_ve * share_below_bid(usual_usd, most, terms.elasticity)
    elasticity = terms.urgent_elasticity if step == 0 else terms.elasticity
    return DemandRow(TRAINING_WORK, 0, 2, usual, usual_usd, elasticity, ISOELASTIC)
