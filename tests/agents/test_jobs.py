"""Training jobs: bids that rise as slack shrinks, waiting when it is dear, lost work, deadlines."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest

from sim.behaviours.jobs import DONE, Job, JobQueue, JobTerms, Night, job_row, pass_night
from sim.kernels.jobs import LEFT, plan, work
from sim.rows.rental import BID, ISOELASTIC
from sim.rules.jobs import bid, share_below_bid, slack, steps_of
from tests.agents.desks import RENT, agent, view
from tests.worlds import balances, moved, ran, series

TERMS = JobTerms(
    per_day=0.4, days=14.0, slack=1.0, size_sd=0.5, value=2.0, steepness=0.7, elasticity=1.5, urgent_elasticity=0.5,
    checkpoint_hours=4.0,
)  # fmt: skip
URGENT, SPILL, NORMAL, PATIENT = 1, 2, 3, 4
ROWS = (URGENT, NORMAL, PATIENT)


def job(left=1000.0, pace=10.0, due=20, late=False):
    return Job(1000.0, left, pace, due, late)


def test_a_bid_rises_to_the_jobs_value_as_slack_shrinks():
    """THEORY 4.4: b = v (1 + z) ** -eta."""
    assert slack(10.0, 1200.0, 10.0) == pytest.approx(1.0), "five days of work in ten days"
    assert bid(6.0, 1.0, 0.7) == pytest.approx(6.0 * 2.0**-0.7)
    assert bid(6.0, 0.0, 0.7) == bid(6.0, -0.5, 0.7) == 6.0
    bids = [bid(6.0, z, 0.7) for z in (3.0, 2.0, 1.0, 0.0)]
    assert bids == sorted(bids)


@pytest.mark.parametrize(("rent", "share"), [(0.1, 1.0), (2.0, 0.5), (2.0 * math.exp(0.1), 0.35), (20.0, 0.0)])
def test_jobs_run_below_their_bid_and_wait_above_it(rent, share):
    assert share_below_bid(rent, 2.0, 1.5) == pytest.approx(share)


def test_a_job_moves_from_patient_to_urgent_as_its_deadline_nears():
    def steps(**terms):
        return JobQueue.of([job(**terms)]).plan(0)[0][:, 0].tolist()

    far, near, last = (steps(due=due) for due in (60, 9, 2))
    assert far == [0.0, 0.0, 10.0]
    assert near[1] > 0.0
    assert sum(near) == pytest.approx(10.0)
    assert last == [10.0, 0.0, 0.0]
    assert steps(due=-3) == [10.0, 0.0, 0.0], "late jobs do not wait"
    assert sum(steps(left=24.0, due=60)) == pytest.approx(1.0), "no more than it can use all day"


def test_urgent_jobs_want_more_at_the_usual_rent_and_give_way_less_above_it(monkeypatch):
    monkeypatch.setattr("sim.behaviours.jobs.JOB_FORM", ISOELASTIC)
    urgent, normal, patient = (job_row(TERMS, step, 100.0, RENT) for step in range(3))
    assert urgent.quantity_ve == 100.0 > normal.quantity_ve > patient.quantity_ve > 0.0
    assert {row.reference_usd for row in (urgent, normal, patient)} == {RENT}, (
        "so that the market groups all labs' jobs"
    )
    assert urgent.elasticity < normal.elasticity


def test_both_forms_of_a_jobs_demand_want_the_same_at_the_usual_rent(monkeypatch):
    monkeypatch.setattr("sim.behaviours.jobs.JOB_FORM", ISOELASTIC)
    plain = [job_row(TERMS, step, 100.0, RENT) for step in range(3)]
    monkeypatch.setattr("sim.behaviours.jobs.JOB_FORM", BID)
    bids = [job_row(TERMS, step, 100.0, RENT) for step in range(3)]
    for a, b in zip(plain, bids, strict=True):
        assert b.form == 1
        assert a.quantity_ve == pytest.approx(b.quantity_ve * share_below_bid(RENT, b.reference_usd, b.elasticity))


def test_hours_are_spread_by_pace_and_what_one_does_not_need_goes_to_the_first_due():
    jobs = [job(left=100.0, pace=10.0, due=9), job(left=50.0, pace=30.0, due=3), job(left=500.0, pace=10.0, due=5)]
    table = JobQueue.of(jobs).table
    work(table, np.array([10.0, 30.0, 10.0]), 100.0, 0.0)
    assert table[LEFT] == pytest.approx([80.0, 0.0, 470.0]), "10 that were left over: the one due at 5"
    work(table, np.array([10.0, 0.0, 10.0]), 20.0, 8.0)
    assert table[LEFT] == pytest.approx([74.0, 0.0, 464.0]), "lost work is done again"


def test_work_since_the_checkpoint_is_lost_when_a_job_is_cut_off():
    queue = JobQueue.of([job(left=500.0, due=11)])
    seen = view(bought={URGENT: 0.0, NORMAL: 0.0, PATIENT: 0.0}, interrupted={NORMAL: 6.0, PATIENT: 1.0})
    paces, _ = queue.plan(10)
    queue.planned = paces[[1, 0, 2]], np.array([0.0, 10.0, 0.0])
    queue.pass_day(TERMS, seen, ROWS, 0.0)
    assert paces[:, 0].tolist() == [10.0, 0.0, 0.0]
    assert queue.lost_ve_hours == pytest.approx(2.0 * 6.0 + 2.0 * 1.0)
    assert queue.jobs[0].left_ve_hours == pytest.approx(512.0)


def test_a_missed_deadline_is_counted_once_and_the_job_finished_late():
    queue = JobQueue.of([job(left=480.0, pace=10.0, due=11)])
    queue.pass_day(TERMS, view(bought={URGENT: 240.0}), ROWS, 0.0)
    assert (queue.missed, queue.finished) == (1, 0)
    assert queue.jobs[0].late
    queue.pass_day(TERMS, view(bought={URGENT: 240.0}), ROWS, 0.0)
    assert (queue.missed, queue.finished, queue.jobs) == (0, 1, [])


@dataclass
class Plain:
    """A job as one would write it down."""

    size: float
    left: float
    pace: float
    due: int
    late: bool = False


def plain_day(jobs, day, done, lost):
    """A day of jobs, each by itself; returns those that go on, how many are done and how many late."""
    steps = []
    for one in jobs:
        steps.append(steps_of(min(one.pace, one.left / 24.0), slack(one.due - day - 1.0, one.left, one.pace)))
    for step, (hours, again) in enumerate(zip(done, lost, strict=True)):
        total, spare = math.fsum(mine[step] for mine in steps), 0.0
        for one, mine in zip(jobs, steps, strict=True):
            if total > 0.0:
                one.left = one.left + mine[step] * (again / total) - mine[step] * (hours / total)
            if one.left < 0.0:
                spare, one.left = spare - one.left, 0.0
        for one in sorted(jobs, key=lambda one: one.due):
            used = min(one.left, spare)
            one.left, spare = one.left - used, spare - used
    running = [one for one in jobs if one.left > DONE * one.size]
    late = [one for one in running if not one.late and one.due <= day + 1]
    for one in late:
        one.late = True
    return running, len(jobs) - len(running), len(late)


def test_a_table_of_jobs_lives_as_jobs_that_are_asked_one_by_one():
    """Forty days of jobs of all ages, worked off fast and slowly, to the last bit."""
    rng = np.random.default_rng(7)
    for jobs in (1, 5, 30):
        size, pace, due = rng.uniform(100.0, 900.0, jobs), rng.uniform(2.0, 9.0, jobs), rng.integers(-2, 30, jobs)
        queue = JobQueue.of([Job(s, s, p, d) for s, p, d in zip(size, pace, due, strict=True)])
        plain = [Plain(s, s, p, d) for s, p, d in zip(size.tolist(), pace.tolist(), due.tolist(), strict=True)]
        for day in range(40):
            paces, sums = queue.plan(day)
            assert sums.tolist() == [math.fsum(step) for step in paces.tolist()]
            done = (sums * rng.uniform(0.0, 30.0)).tolist()
            interrupted = (0.1 * sums * rng.random()).tolist()
            seen = view(
                day=day, bought=dict(zip(ROWS, done, strict=True)),
                interrupted=dict(zip(ROWS, interrupted, strict=True)),
            )  # fmt: skip
            queue.pass_day(TERMS, seen, ROWS, 0.0)
            plain, finished, missed = plain_day(plain, day, done, [2.0 * ve for ve in interrupted])
            assert [job[1:] for job in queue.jobs] == [(p.left, p.pace, p.due, p.late) for p in plain]
            assert (queue.finished, queue.missed) == (finished, missed)
        assert not plain


def test_labs_whose_night_passes_together_have_the_jobs_of_each_alone():
    """Queues of several lengths, one of them empty, with arrivals; to the last bit, and the plan of tomorrow."""
    rng = np.random.default_rng(8)

    def queues():
        return [
            JobQueue.of([Job(900.0, 90.0 * k, 5.0, 3.0 + k) for k in range(1, count + 1)]) for count in (3, 0, 1, 7)
        ]

    together, alone = queues(), queues()
    for day in range(30):
        hours = rng.uniform(0.0, 200.0, 3).tolist()
        seen = view(
            day=day, bought=dict(zip(ROWS, hours, strict=True)), interrupted={NORMAL: 2.0}, seed=3,
        )  # fmt: skip
        pass_night([Night(queue, TERMS, seen, ROWS, 40.0) for queue in together])
        for queue in alone:
            queue.pass_day(TERMS, seen, ROWS, 40.0)
        for one, other in zip(together, alone, strict=True):
            assert one.jobs == other.jobs
            assert (one.finished, one.missed, one.lost_ve_hours) == (other.finished, other.missed, other.lost_ve_hours)
            assert one.planned_on == day + 1
            anew = plan(np.ascontiguousarray(one.table), day + 1)
            assert [part.tolist() for part in one.planned] == [part.tolist() for part in anew]
    assert any(queue.jobs for queue in together)


def test_jobs_bring_as_much_work_as_the_training_share_on_average():
    arrived = 0.0
    for seed in range(300):
        queue = JobQueue()
        queue.pass_day(TERMS, view(seed=seed), ROWS, 50.0)
        arrived += queue.left_ve_hours
        for new in queue.jobs:
            assert new.pace_ve * 24.0 * (new.due_day - 11) == pytest.approx(2.0 * new.left_ve_hours)
    assert arrived / 300 == pytest.approx(50.0 * 24.0, rel=0.25)


def test_a_lab_shows_its_jobs_in_three_rows_beside_inference_and_spill():
    lab = agent("ai_lab", jobs_per_day=0.9)
    rows = list(lab.spot_demand(view()))
    assert len(rows) == 5
    assert all(rows[number].service == 2 for number in ROWS)
    assert lab.queue.jobs
    assert rows == list(lab.spot_demand(view())), "asking twice changes nothing"


def test_without_jobs_nothing_about_them_matters_and_training_is_one_backlog():
    plain = ran(40, "agents.ai_lab.jobs_per_day=0.0")
    other = ran(
        40, "agents.ai_lab.jobs_per_day=0.0", agents__ai_lab__job_days=99.0, agents__ai_lab__job_value=9.0,
        agents__ai_lab__job_size_sd=1.5, agents__ai_lab__checkpoint_hours=24.0,
    )  # fmt: skip
    assert moved(series(plain), series(other)) == []
    assert balances(plain) == balances(other)
    assert not plain.record["jobs_finished"].any()
    assert "rent_usd_per_ve_hour" in moved(series(plain), series(ran(40)))


def test_jobs_move_no_other_draw():
    """The noise of demand and of lists is the same with jobs and without."""
    a, b = ran(40), ran(40, "agents.ai_lab.jobs_per_day=0.0")
    assert a.nature.slow == b.nature.slow
    assert a.nature.users.tobytes() == b.nature.users.tobytes()
    assert a.nature.firms.tobytes() == b.nature.firms.tobytes()


def test_most_jobs_end_in_time_and_tight_ones_do_not():
    calm = ran(300, "population=default", "venue=none")
    assert calm.record["jobs_finished"].sum() > 500
    assert calm.record["jobs_missed"].sum() < 0.05 * calm.record["jobs_finished"].sum()
    tight = ran(300, "population=default", "venue=none", agents__ai_lab__job_slack=0.0)
    assert tight.record["jobs_missed"].sum() > 0.2 * tight.record["jobs_finished"].sum()


def test_jobs_wait_when_it_is_dear():
    """In an outage the work left rises above what it is in the calm twin, and falls back after it."""
    outage = ["shocks=[pool_outage]", "shocks.pool_outage.start=60", "shocks.pool_outage.size=0.3"]
    hit, calm = (ran(200, "population=default", "venue=none", *o) for o in (outage, []))
    ratio = hit.record["training_left_ve_hours"] / calm.record["training_left_ve_hours"]
    assert (ratio[:60] == 1.0).all()
    assert ratio[60:90].max() > 1.1
    assert ratio[-1] < 1.05
