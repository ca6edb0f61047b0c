"""Indices in a running economy: what they may read, what is refused, presets, forks, venues."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from sim.indices.evidence import Evidence
from sim.spec import SpecError, read_spec
from tests.worlds import container, moved, put, ran, series, world

QUOTE, TRADED = "index_quote_usd_per_gpu_hour", "index_transaction_usd_per_gpu_hour"


def refused(*overrides, **values):
    with pytest.raises(SpecError) as error:
        read_spec(container(*overrides, **values))
    return {problem.key: problem for problem in error.value.problems}


def test_list_asks_are_sticky_and_stand_above_marketplaces():
    record = ran(240, "venue=none", "agents.neocloud.count=12").record  # of three, one is a third of the index
    assert (np.diff(record[QUOTE]) == 0.0).mean() > 0.6
    assert (np.diff(record[TRADED]) == 0.0).mean() == 0.0
    assert np.std(np.diff(np.log(record[QUOTE]))) < np.std(np.diff(np.log(record[TRADED])))


def test_an_index_sees_nothing_of_futures():
    assert not [f.name for f in fields(Evidence) if "future" in f.name or "curve" in f.name]
    listed, closed = ran(40, "indices=standardisation"), ran(40, "indices=standardisation", "venue=none")
    names = [name for name in listed.record.columns if name.startswith("index_")]
    assert len(names) == 8
    for name in names:
        assert listed.record[name].tobytes() == closed.record[name].tobytes()


def test_more_indices_change_nothing_else():
    one, many = series(ran(40)), series(ran(40, "indices=standardisation"))
    assert moved(one, {name: many[name] for name in one}) == []


@pytest.mark.parametrize("preset", ["default", "silicon_data", "ornn", "by_grade", "standardisation"])
def test_a_fork_goes_on_alike(preset):
    economy = world(f"indices={preset}", days=80)
    economy.run(45)
    twin = economy.fork()
    for each in (economy, twin):
        each.run(35)
    assert moved(series(economy), series(twin)) == []
    assert economy.events == twin.events


def test_a_fork_may_strike_an_index_otherwise():
    economy = world(days=40)
    economy.run(20)
    twin = economy.fork(read_spec(container(indices__transaction__winsor=0.3, indices__quote__weights="fleet")))
    for each in (economy, twin):
        each.run(20)
    assert {QUOTE, TRADED} <= set(moved(series(economy, 20), series(twin, 20)))


@pytest.mark.parametrize(("venue", "index"), [("cme_silicon_data", "quote"), ("ice_ornn", "transaction")])
def test_the_announced_venues_settle_on_their_own_index(venue, index):
    preset = {"quote": "silicon_data", "transaction": "ornn"}[index]
    economy = ran(31, f"venue={venue}", f"indices={preset}")
    record = economy.record
    business = [day for day in range(31) if economy.calendar.is_business_day(day)]
    settled = record[f"index_{index}_usd_per_gpu_hour"][business].mean()
    assert economy.spec.venues["main"].index == index
    assert record["future_1_usd_per_gpu_hour"][29] == pytest.approx(settled, rel=0.05)


def test_restatements_are_events_of_the_economy():
    economy = ran(60, indices__quote__restatements_per_year=30.0)
    told = [text for _, kind, text in economy.events if kind == "restatement"]
    assert told
    assert all(text.startswith("quote: ") and "->" in text for text in told)


def test_by_grade_every_grade_of_the_default_world_has_both_indices():
    economy = ran(3, "indices=by_grade")
    for grade, value in zip(economy.spec.grades, economy.books.grade_value, strict=True):
        ending = "" if grade == "h100" else f"_{grade}"
        for kind in ("quote", "transaction"):
            found = economy.indices.usd[f"{kind}{ending}"]
            assert found == pytest.approx(value * economy.indices.usd[kind], rel=0.4), "an h200 is dear on marketplaces"


# ---- what is refused


@pytest.mark.parametrize("factor", [0.0, float("nan"), float("inf"), -1.0, "2", None])
def test_factors_that_are_none_are_refused_before_the_run(factor):
    keys = refused(indices__transaction__basket__factors={"b200": factor})
    assert any(key.startswith("indices.transaction.basket.factors") for key in keys)


@pytest.mark.parametrize(
    ("key", "value", "near"),
    [
        ("basket.grades", ["h10"], "h100"),
        ("basket.grades", ["a100"], "h100"),
        ("basket.regions", ["asia"], None),
        ("basket.tiers", ["bare_metl"], "bare_metal"),
        ("basket.reference.tier", "marketplce", "marketplace"),
        ("basket.factors", {"b20": 2.0}, "b200"),
        ("basket.estimation", None, None),
        ("basket.grades", [], None),
        ("weights", {"neocloud_9999": 1.0}, None),
        ("weights", {"neocloud_1": 0.0}, None),
        ("band", 1.0, None),
    ],
)
def test_what_the_world_does_not_have_is_refused_with_the_nearest_name(key, value, near):
    world_ = put(container(), f"indices.quote.{key}", value)
    with pytest.raises(SpecError) as error:
        read_spec(world_)
    problems = {p.key: p for p in error.value.problems if p.key.startswith(f"indices.quote.{key}")}
    assert problems
    if near and value != ["a100"]:
        assert {p.nearest for p in problems.values()} == {near}


def test_tiers_that_a_world_does_not_have_are_passed_over():
    values = {"indices__quote__basket__tiers": ["bare_metal", "colocation"]}
    assert moved(series(ran(5, **values)), series(ran(5))) == []


def test_futures_on_another_grade_settle_on_its_index_and_are_hedged_by_its_hours():
    economy, h100 = ran(70, "venue=cme_b200"), ran(70, "venue=cme_silicon_data")
    value = economy.spec.grades["b200"].value
    curve, usual = economy.exchange.curves(70)["main"], h100.exchange.curves(70)["main"]
    assert curve.contract_hours == pytest.approx([value * hours for hours in usual.contract_hours])
    front = economy.record["future_1_usd_per_gpu_hour"] / h100.record["future_1_usd_per_gpu_hour"]
    assert 0.8 * value < front.mean() < 1.25 * value
    hedges = economy.record["hedge_landlords_contracts"].mean() / h100.record["hedge_landlords_contracts"].mean()
    assert hedges == pytest.approx(1.0 / value, rel=0.3)
