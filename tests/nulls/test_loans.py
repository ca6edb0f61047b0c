"""Loans: nothing of them without advances, and they act when there are some."""

from __future__ import annotations

import pytest

from tests.worlds import SLUMP, moved, ran, series, spot_side

OVERHANG = {"agents__neocloud__advance_rate": 0.95, "agents__neocloud__reserved_share": 0.2}


@pytest.fixture(scope="module")
def unlevered():
    return ran(200, shocks={"slump": SLUMP}, agents__neocloud__advance_rate=0.0)


def test_n1_without_advances_there_are_no_loans_defaults_or_forced_sales(unlevered):
    assert (unlevered.record["loans_usd"] == 0.0).all()
    assert (unlevered.record["defaults"] == 0.0).all()
    assert (unlevered.record["loan_losses_usd"] == 0.0).all()
    assert not {"default", "estate sold", "covenant cured"} & {kind for _, kind, _ in unlevered.events}
    for reason in ("interest", "principal", "loan draws", "seizure", "write-offs"):
        assert not unlevered.books.ledger.flow(reason).any(), reason


def test_n1_open_lenders_nobody_borrows_from_change_no_bit(unlevered):
    closed = ran(200, "loan=off", shocks={"slump": SLUMP}, agents__neocloud__advance_rate=0.0)
    assert moved(spot_side(unlevered), spot_side(closed)) == []


def test_the_same_slump_breaks_levered_landlords():
    levered = ran(200, shocks={"slump": SLUMP}, **OVERHANG)
    kinds = {kind for _, kind, _ in levered.events}
    assert {"default", "estate sold"} <= kinds
    assert levered.record["defaults"].sum() >= 1.0


def test_loans_move_fleets_and_rents():
    levered, unlevered = ran(120), ran(120, "loan=off")
    changed = moved(series(levered), series(unlevered))
    assert {"fleet_neocloud_gpus", "rent_h100_usd_per_gpu_hour", "loans_usd"} <= set(changed)


@pytest.mark.parametrize("basis", [0.0, 1.0])
def test_lenders_mark_collateral_to_book_unless_the_link_is_on(basis):
    economy = ran(70, links__curve_to_collateral=basis)
    marks = economy.record["collateral_mark"]
    assert (marks == 1.0).all() == (basis == 0.0)
