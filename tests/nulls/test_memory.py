"""N14: without work that waits and with demand that forgets, the spot market remembers only through capacity."""

from __future__ import annotations

import numpy as np

from tests.worlds import ran

BRIEF = {"sd_per_sqrt_year": 0.3, "half_life_days": 0.01}  # tomorrow nothing is left of it
SILENT = {"sd_per_sqrt_year": 0.0, "half_life_days": 1.0}
SLUMP = {"_target_": "sim.shocks.demand_slump.DemandSlump", "start": 6, "length": 6, "size": -0.4,
         "contracted_size": 0.0, "recovery_days": 0}  # fmt: skip
# What else remembers: users who adapt, contracted work that follows rents, swing supply and re-letting that start from
# slow mean rents, contracts priced at last month's rents (on the menu quantities do not follow them).
FORGETFUL = {
    "noise": {"slow": SILENT, "fast": BRIEF, "lab": BRIEF, "product": SILENT, "firm": SILENT},
    "agents__ai_lab__jobs_per_day": 0.0, "agents__ai_lab__training_share": 0.0,
    "agents__ai_lab__adaptation_years": 1e9, "agents__renter__adaptation_years": 1e9,
    "agents__ai_lab__contracted_elasticity": 0.0, "agents__ai_lab__relet_share": 0.0,
    "agents__hyperscaler__swing_share": 0.0,
}  # fmt: skip
# One tier that clears each hour: list prices that stand are a memory too.
MARKET = (
    "world=stationary",
    "venue=none",
    "reserved=menu",
    "tiers=one",
    "works=alike",
    "agents.hyperscaler.tiers=null",
)
BEFORE_DELIVERIES = 30  # orders of the first month end are the first that could differ


def gap(*overrides: str, **values: object) -> np.ndarray:
    """Log rent after a slump of six days over that of the twin without it, by day."""
    hit, calm = (
        ran(BEFORE_DELIVERIES, *MARKET, *overrides, **(FORGETFUL | values | s))
        for s in ({"shocks": {"slump": SLUMP}}, {"shocks": {}})
    )
    assert (hit.record["fleet_ve"] == calm.record["fleet_ve"]).all(), "capacity is the same so far"
    return np.log(hit.record["rent_usd_per_ve_hour"] / calm.record["rent_usd_per_ve_hour"])


def test_n14_without_deferral_and_with_iid_demand_rents_forget_a_slump_at_once():
    gaps = np.abs(gap())
    assert (gaps[:6] == 0.0).all()
    assert gaps[6:12].min() > 0.1
    assert gaps[12:].max() < 1e-9


def test_n14_work_that_waits_is_what_remembers():
    backlog = np.abs(gap(agents__ai_lab__training_share=0.15))
    assert backlog[12] > 0.005
    jobs = np.abs(gap(agents__ai_lab__training_share=0.15, agents__ai_lab__jobs_per_day=0.5))
    assert jobs[12:].max() > 0.005
