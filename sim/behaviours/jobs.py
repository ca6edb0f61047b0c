"""Training as jobs: size, deadline, full pace; a lab's few jobs in three steps of urgency, and what a day does to them.

Jobs are the lab's own state, like its beliefs: they change in the evening, when the hours bought are known.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from sim.rows.rental import BID, ISOELASTIC, DemandRow
from sim.rules.jobs import bid, share_below_bid, slack
from sim.streams import Purpose
from sim.view import View
from sim.vocabulary import HOURS_PER_DAY

TRAINING_WORK = 1  # the kind of work of training
JOB_FORM = BID  # how a job's demand is told to the hourly market
STEP_SLACK = (0.0, 1.0, 3.0)  # at which urgent, normal and patient jobs bid; between two a job has a part in both
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


@dataclass
class Job:
    """Size and work left in VE-hours, capacity it can use at most in VE, the day by whose morning it must be done."""

    size_ve_hours: float
    left_ve_hours: float
    pace_ve: float
    due_day: int
    late: bool = False


@dataclass
class JobQueue:
    """A lab's jobs; `finished`, `missed` and `lost_ve_hours` are of the last day that was learned."""

    jobs: list[Job] = field(default_factory=list)
    finished: int = 0
    missed: int = 0
    lost_ve_hours: float = 0.0
    planned_on: int = -1
    planned: list[tuple[float, float, float]] = field(default_factory=list)

    @property
    def left_ve_hours(self) -> float:
        """Work left in all jobs."""
        return math.fsum([job.left_ve_hours for job in self.jobs])

    def start(self, terms: JobTerms, view: View, training_ve: float) -> None:
        """Fill with the jobs that would be running, had it always been so: each began on one of the last days."""
        for age in range(int(1.5 * terms.days) + 1):
            job = self._arrival(terms, view, training_ve, age + 1)
            if job is not None:
                days = job.due_day - view.today.day - 1
                job.due_day -= age + 1
                job.left_ve_hours *= max(0.0, 1.0 - age / days)
                if job.left_ve_hours > DONE * job.size_ve_hours and job.due_day > view.today.day:
                    self.jobs.append(job)

    def plan(self, day: int) -> list[tuple[float, float, float]]:
        """Capacity that each job can use today in each step of urgency, VE; worked out once a day."""
        if self.planned_on != day:
            self.planned_on, self.planned = day, [steps_of(job, day) for job in self.jobs]
        return self.planned

    def rows(self, terms: JobTerms, day: int, usual_usd: float, share: float) -> list[DemandRow]:
        """Demand of urgent, normal and patient jobs together; `share` of it can be paid."""
        totals = [math.fsum(column) for column in zip(*self.plan(day), strict=True)] or [0.0, 0.0, 0.0]
        return [job_row(terms, step, share * pace, usual_usd) for step, pace in enumerate(totals)]

    def pass_day(self, terms: JobTerms, view: View, numbers: tuple[int, int, int], training_ve: float) -> None:
        """Work done and lost by the rows of these numbers, deadlines of tonight, perhaps a new job for tomorrow."""
        day, efficiency = view.today.day, view.today.environment.efficiency  # work done in an hour
        self.finished = self.missed = 0
        self.lost_ve_hours = 0.0
        for number, paces in zip(numbers, zip(*self.plan(day), strict=True), strict=False):
            lost = 0.5 * terms.checkpoint_hours * view.interrupted_ve(number)  # on average half an interval is lost
            self.lost_ve_hours += lost
            work(self.jobs, paces, view.bought_ve_hours(number) * efficiency, lost * efficiency)
        running = []
        for job in self.jobs:
            if job.left_ve_hours <= DONE * job.size_ve_hours:
                self.finished += 1
                continue
            running.append(job)
            if not job.late and job.due_day <= day + 1:
                job.late = True
                self.missed += 1
        new = self._arrival(terms, view, training_ve, 0)
        if new is not None:
            running.append(new)
        self.jobs, self.planned_on = running, -1

    def _arrival(self, terms: JobTerms, view: View, training_ve: float, k: int) -> Job | None:
        """A new job, if one comes: sizes are such that on average as much work arrives as `training_ve` does."""
        if training_ve <= 0.0 or view.uniform(Purpose.JOB_ARRIVAL, k) >= terms.per_day:
            return None
        size = math.exp(terms.size_sd * view.normal(Purpose.JOB_SIZE, k) - 0.5 * terms.size_sd**2)
        work_ve_hours = training_ve * HOURS_PER_DAY / terms.per_day * size
        days = max(1, round(terms.days * (0.5 + view.uniform(Purpose.JOB_DAYS, k))))
        pace_ve = work_ve_hours * (1.0 + terms.slack) / (HOURS_PER_DAY * days)
        return Job(work_ve_hours, work_ve_hours, pace_ve, view.today.day + 1 + days)


def steps_of(job: Job, day: int) -> tuple[float, float, float]:
    """Capacity a job can use all day, VE, in the three steps of urgency.

    What counts is the slack that it would have tomorrow if it did nothing today.
    """
    left, pace = job.left_ve_hours, job.pace_ve
    usable = min(pace, left / HOURS_PER_DAY)
    spare = slack(job.due_day - day - 1.0, left, pace)
    urgent, normal, patient = STEP_SLACK
    if spare <= urgent:
        return usable, 0.0, 0.0
    if spare <= normal:
        part = usable * (spare - urgent) / (normal - urgent)
        return usable - part, part, 0.0
    if spare >= patient:
        return 0.0, 0.0, usable
    part = usable * (spare - normal) / (patient - normal)
    return 0.0, usable - part, part


def job_row(terms: JobTerms, step: int, pace_ve: float, usual_usd: float) -> DemandRow:
    """The one place that says how jobs of a step ask for hours; both forms want the same at the usual rent."""
    most = _bid(terms.value * usual_usd, STEP_SLACK[step], terms.steepness)
    if JOB_FORM == BID:
        return DemandRow(TRAINING_WORK, 0, 2, pace_ve, most, terms.elasticity, BID)
    usual = pace_ve * share_below_bid(usual_usd, most, terms.elasticity)
    elasticity = terms.urgent_elasticity if step == 0 else terms.elasticity
    return DemandRow(TRAINING_WORK, 0, 2, usual, usual_usd, elasticity, ISOELASTIC)


def work(jobs: list[Job], paces_ve: tuple[float, ...], done_ve_hours: float, lost_ve_hours: float) -> None:
    """Spread a step's hours over its jobs by pace; what one does not need goes to the others, the first due first."""
    total = math.fsum(paces_ve)
    if total <= 0.0:
        return
    done, lost, spare = done_ve_hours / total, lost_ve_hours / total, 0.0
    for job, pace in zip(jobs, paces_ve, strict=True):
        left = job.left_ve_hours + pace * lost - pace * done
        if left < 0.0:
            spare, left = spare - left, 0.0
        job.left_ve_hours = left
    for job in sorted(jobs, key=lambda job: job.due_day) if spare > 0.0 else ():
        used = min(job.left_ve_hours, spare)
        job.left_ve_hours -= used
        spare -= used
