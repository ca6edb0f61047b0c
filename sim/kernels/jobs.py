"""A day of a lab's jobs: how urgent each is, what the hours bought did to them, which are done, which late.

A job is a column of `jobs` (5, n): its size and what is left of it in VE-hours, the capacity it can use at most in VE,
the day by whose morning it must be done, and 1 if that has passed. `paces` (3, n) is what each can use today in each
step of urgency, VE.
"""

import numpy as np

from sim.kernels.call_auction import Floats, Ints
from sim.kernels.jit import jit
from sim.kernels.sums import exact
from sim.rules import jobs as rules

SIZE, LEFT, PACE, DUE, LATE = range(5)
STEPS = len(rules.STEP_SLACK)

slack, steps_of = jit(rules.slack), jit(rules.steps_of)


@jit
def plan(jobs: Floats, day: int) -> tuple[Floats, Floats]:
    """Return the `paces` of a morning, and their sums over all jobs (3,)."""
    n = jobs.shape[1]
    paces, sums = np.empty((STEPS, n)), np.empty(STEPS)
    for i in range(n):
        left, pace = jobs[LEFT, i], jobs[PACE, i]
        spare = slack(jobs[DUE, i] - day - 1.0, left, pace)
        paces[0, i], paces[1, i], paces[2, i] = steps_of(min(pace, left / rules.HOURS), spare)
    for step in range(STEPS):
        sums[step] = exact(paces[step])
    return paces, sums


@jit
def work(jobs: Floats, paces: Floats, done_ve_hours: float, lost_ve_hours: float) -> None:
    """Spread a step's hours over its jobs by `paces` (n,); what one does not need goes to the others, the first due
    first, and of those due together the first in the table."""
    total = exact(paces)
    if total <= 0.0:
        return
    done, lost, spare = done_ve_hours / total, lost_ve_hours / total, 0.0
    for i in range(len(paces)):
        left = jobs[LEFT, i] + paces[i] * lost - paces[i] * done
        if left < 0.0:
            spare, left = spare - left, 0.0
        jobs[LEFT, i] = left
    if spare > 0.0:
        for i in np.argsort(jobs[DUE], kind="mergesort"):
            used = min(jobs[LEFT, i], spare)
            jobs[LEFT, i] -= used
            spare -= used


@jit
def close(jobs: Floats, day: int, done_share: float) -> tuple[Floats, int, int]:
    """Return the jobs of which more than `done_share` is left, how many are done, and how many of the rest missed
    their deadline tonight."""
    kept, missed = 0, 0
    left = np.empty(jobs.shape)
    for i in range(jobs.shape[1]):
        if jobs[LEFT, i] > done_share * jobs[SIZE, i]:
            left[:, kept] = jobs[:, i]
            if left[LATE, kept] == 0.0 and left[DUE, kept] <= day + 1:
                left[LATE, kept] = 1.0
                missed += 1
            kept += 1
    return left[:, :kept].copy(), jobs.shape[1] - kept, missed


@jit
def pass_nights(
    jobs: Floats,
    ends: Ints,
    paces: Floats,
    done_ve_hours: Floats,
    lost_ve_hours: Floats,
    new: Floats,
    day: int,
    done_share: float,
) -> tuple[Floats, Ints, Floats, Floats, Ints]:
    """A day's hours of many labs are worked off and lost in each step, the one after the other; then as `close`.

    Lab q has the columns of `jobs` and `paces` from `ends[q]` to `ends[q + 1]`, the hours `done_ve_hours[q]` and
    `lost_ve_hours[q]` (steps,), and one more job `new[q]` (5,) for tomorrow if that has a size. Returns tomorrow's
    jobs, where each lab's end, their paces tomorrow, the sums of these (labs, steps), and jobs finished and missed
    (labs, 2).
    """
    labs = len(ends) - 1
    after, at = np.empty((jobs.shape[0], jobs.shape[1] + labs)), 0
    until, plans, sums = np.zeros_like(ends), np.empty((STEPS, after.shape[1])), np.empty((labs, STEPS))
    told = np.zeros((labs, 2), np.int64)
    for q in range(labs):
        mine = jobs[:, ends[q] : ends[q + 1]].copy()
        for step in range(STEPS):
            work(mine, paces[step, ends[q] : ends[q + 1]].copy(), done_ve_hours[q, step], lost_ve_hours[q, step])
        left, told[q, 0], told[q, 1] = close(mine, day, done_share)
        counts = left.shape[1]
        after[:, at : at + counts] = left
        if new[q, SIZE] > 0.0:
            after[:, at + counts] = new[q]
            counts += 1
        plans[:, at : at + counts], sums[q] = plan(after[:, at : at + counts].copy(), day + 1)
        at += counts
        until[q + 1] = at
    return after[:, :at].copy(), until, plans[:, :at].copy(), sums, told
