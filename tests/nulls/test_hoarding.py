"""What scarcity makes people do, each exactly absent at zero, and of the sign it should have where not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim.economy import Economy
from sim.rules import hoarding
from tests.worlds import digest, ran

STILL = ("noise=none", "world=stationary", "demand.season.amplitude=0", "agents.neocloud.ask_noise=0", "venue=none")
SLUMP = {"_target_": "sim.shocks.demand_slump.DemandSlump", "start": 5, "length": 400, "size": -0.3,
         "contracted_size": 0.0, "recovery_days": 0}  # fmt: skip
GLUT = SLUMP | {"contracted_size": -0.3}
SURGE = SLUMP | {"_target_": "sim.shocks.demand_surge.DemandSurge", "size": 0.4}
SHORTAGE = {"_target_": "sim.shocks.vendor_shortage.VendorShortage", "start": 5, "length": 400, "size": 0.5,
            "recovery_days": 0}  # fmt: skip


def still(days: int, shocks: dict[str, object], **values: object) -> Economy:
    return ran(days, *STILL, shocks=shocks, **values)


def late(economy: Economy, name: str) -> float:
    """Mean of a series over the last ten days."""
    return float(economy.record[name][-10:].mean())


@pytest.mark.parametrize("shocks", [{}, {"surge": SURGE, "shortage": SHORTAGE}])
def test_what_nobody_does_has_no_memory(shocks):
    calm = ran(45, shocks=shocks)
    other = ran(45, shocks=shocks, agents__ai_lab__stock_out_days=3.0, agents__ai_lab__stock_out_usual_days=9.0)
    assert digest(other) == digest(calm)
    assert late(calm, "withheld_ve") == 0.0


def test_labs_that_find_nothing_reserve_more():
    needed, safe = (
        still(60, {"surge": SURGE}, agents__ai_lab__precaution_stock_outs=strength) for strength in (0.0, 1.0)
    )
    assert late(safe, "reserved_ve") > 1.002 * late(needed, "reserved_ve")
    assert late(safe, "rent_usd_per_ve_hour") > late(needed, "rent_usd_per_ve_hour")


def test_labs_reserve_more_where_chips_are_scarce():
    needed, safe = (
        still(60, {"shortage": SHORTAGE}, agents__ai_lab__precaution_scarcity=strength) for strength in (0.0, 0.3)
    )
    assert needed.record["chip_scarcity"][20] == 1.0
    assert late(needed, "chip_scarcity") > 1.3
    assert late(safe, "reserved_ve") > 1.002 * late(needed, "reserved_ve")


def test_nothing_is_scarce_in_a_calm_world():
    assert set(ran(65).record["chip_scarcity"]) == {1.0}


def test_landlords_take_capacity_to_contracts_while_the_hour_is_cheap():
    letting, moving = (still(40, {"slump": SLUMP}, agents__neocloud__withdrawal=strength) for strength in (0.0, 2.0))
    assert late(moving, "reserved_ve") > 1.001 * late(letting, "reserved_ve")
    assert late(moving, "pool_ve") < 0.99 * late(letting, "pool_ve")
    assert late(moving, "rent_usd_per_ve_hour") > late(letting, "rent_usd_per_ve_hour")
    assert late(letting, "withheld_ve") == 0.0


def test_what_customers_do_not_sign_stands_withheld():
    letting, keeping = (
        still(40, {"glut": GLUT}, agents__neocloud__withdrawal=strength, agents__ai_lab__reserve_elasticity=0.0)
        for strength in (0.0, 2.0)
    )
    withheld = late(keeping, "withheld_ve")
    assert withheld > 0.02 * late(letting, "pool_ve")
    assert late(keeping, "pool_ve") + withheld == pytest.approx(late(letting, "pool_ve"), rel=0.01)
    assert late(keeping, "rent_usd_per_ve_hour") > late(letting, "rent_usd_per_ve_hour")


def test_what_is_withheld_is_no_downtime():
    outage = {"_target_": "sim.shocks.outage.Outage", "start": 30, "length": 5, "size": 0.1, "recovery_days": 0,
              "scope": "fleet", "contracts_first": True}  # fmt: skip
    letting, keeping = (
        still(
            32, {"glut": GLUT, "outage": outage}, agents__neocloud__withdrawal=strength,
            agents__ai_lab__reserve_elasticity=0.0,
        )
        for strength in (0.0, 2.0)
    )  # fmt: skip
    assert keeping.record["withheld_ve"][31] > 0.0
    assert keeping.record["downtime_gpu_hours"][31] == pytest.approx(letting.record["downtime_gpu_hours"][31], rel=1e-6)


def test_scarcity_is_orders_over_what_is_met_times_lead_times():
    assert hoarding.scarcity(1.0, 0.0, 180.0) == 1.0
    assert hoarding.scarcity(0.8, 0.0, 180.0) == pytest.approx(1.25)
    assert hoarding.scarcity(0.8, 90.0, 180.0) == pytest.approx(1.875)
    assert hoarding.scarcity(0.0, 0.0, 180.0) == hoarding.MOST_SCARCE == hoarding.scarcity(0.01, 900.0, 180.0)


def test_quotes_follow_what_is_seen_and_stay_where_they_are():
    assert hoarding.quoted_scarcity(1.0, 1.0, 3.0) == 1.0
    assert hoarding.quoted_scarcity(1.0, 4.0, 2.0) == pytest.approx(2.0)
    assert hoarding.quoted_scarcity(1.0, 4.0, 1.0) == pytest.approx(4.0)


def test_precaution_is_of_excess_alone():
    assert hoarding.precaution(0.9, 0.1, 4.0, 0.0, 0.0) == 1.0
    assert hoarding.precaution(0.1, 0.3, 1.0, 5.0, 5.0) == 1.0
    assert hoarding.precaution(0.3, 0.1, 2.0, 0.5, 1.0) == pytest.approx(2.0 * math.exp(0.1))


def test_what_is_withdrawn_is_a_share():
    found = [hoarding.withdrawn_share(x, 2.0) for x in (-0.2, 0.0, 0.1, 0.9)]
    assert found == pytest.approx([0.0, 0.0, 0.2, 1.0])
    assert np.all(np.diff(found) >= 0.0)


# ---- duplicate orders


def gaming(days: int, shocks: dict[str, object], share: float, **values: object) -> Economy:
    return still(
        days, shocks, agents__neocloud__phantom_orders=share, agents__hyperscaler__phantom_orders=share,
        investment__quote_months=1.0, **values,
    )  # fmt: skip


BRIEF = SHORTAGE | {"length": 85}  # over three month ends


def test_in_a_calm_world_nobody_orders_twice():
    assert digest(ran(65, agents__neocloud__phantom_orders=0.5)) == digest(ran(65))


def test_who_games_makes_chips_seem_scarcer_than_they_are():
    honest, games = (gaming(125, {"shortage": SHORTAGE}, share) for share in (0.0, 0.5))
    assert honest.record["chip_scarcity"][124] == pytest.approx(2.0)
    rising = [float(games.record["chip_scarcity"][day]) for day in (40, 70, 100)]
    assert rising == sorted(rising)
    assert 2.5 < rising[-1] <= 4.0  # s^(-1 / (1 - theta))
    ordered = [float(economy.record["orders_all_ve"].sum()) for economy in (honest, games)]
    assert ordered[1] == pytest.approx(ordered[0], rel=0.02)  # a vendor that is short makes no more


def test_duplicates_are_ordered_when_chips_return_and_then_cancelled():
    honest, games = (gaming(155, {"shortage": BRIEF}, share) for share in (0.0, 0.5))
    months = np.flatnonzero(games.record["month_end"])
    after = months[months > BRIEF["start"] + BRIEF["length"]][0]
    ordered, wanted = (float(economy.record["orders_all_ve"][after]) for economy in (games, honest))
    assert ordered > 1.1 * wanted
    assert "orders cancelled" in {kind for _, kind, _ in games.events}
    assert "orders cancelled" not in {kind for _, kind, _ in honest.events}
    assert games.hardware.duplicates.ve.sum() < 1e-6 * (ordered - wanted)


def test_what_is_cancelled_goes_back_and_is_paid_back_in_part():
    games, lost = (gaming(155, {"shortage": BRIEF}, 0.5, investment__refund=refund) for refund in (0.5, 0.0))
    ledger, roll = games.books.ledger, games.books.roll
    assert late(games, "loans_usd") < late(lost, "loans_usd")  # lenders are paid back what they advanced
    back = ledger.flow("orders cancelled")
    assert back[roll.vendor] < 0.0
    assert back.sum() == pytest.approx(0.0, abs=1e-3)
    assert all(back[roll.landlords] > 0.0)
    others = set(roll.chip_owners.tolist()) - set(roll.landlords.tolist())
    assert all(back[owner] > 0.0 for owner in others)  # who give it to their parents
