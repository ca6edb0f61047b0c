"""The section of shocks: dates, drawn sizes, targets, overlaps; what cannot be is told by key before the run."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim.economy import Economy
from sim.nature.striking import build_shocks, span_of
from sim.spec import SpecError, read_spec
from sim.streams import Streams
from tests.worlds import OUTAGE, SLUMP, container, moved, ran, series, world

FIRST = "2026-01-01"


def outage(**changes):
    return {"outage": OUTAGE | changes}


def built(seed=1, **changes):
    return build_shocks(outage(**changes), FIRST, Streams(seed))["outage"]


def refused(shocks):
    with pytest.raises(SpecError) as error:
        Economy(read_spec(container(shocks=shocks)), days=3)
    return {problem.key: problem for problem in error.value.problems}


# ---- dates


def test_a_start_may_be_a_date():
    assert built(start="2026-03-01").start == 59
    dated, numbered = ran(12, shocks=outage(start="2026-01-06")), ran(12, shocks=outage(start=5))
    assert moved(series(dated), series(numbered)) == []


@pytest.mark.parametrize("start", ["soon", "2026-02-30", "0.3", ""])
def test_what_is_no_date_is_refused_by_its_key(start):
    assert "date as 2026-03-01" in refused(outage(start=start))["shocks.outage.start"].allowed


def test_a_date_before_the_world_begins_is_an_error_that_says_what_to_do():
    problem = refused(outage(start="2024-04-03"))["shocks.outage.start"]
    assert "638 days before the world's first day 2026-01-01" in problem.allowed
    assert "world.start_date" in problem.allowed
    assert "shocks.outage.start" in refused(outage(start="9999-12-31"))


def test_a_shock_after_the_last_day_is_a_recorded_event_and_changes_nothing():
    late, calm = ran(12, shocks=outage(start="2027-01-01")), ran(12)
    assert moved(series(late), series(calm)) == []
    assert [kind for _, kind, _ in late.events if "shock" in kind] == ["shock outside the run"]


# ---- drawn sizes


def test_a_drawn_size_belongs_to_the_seed_and_the_name_of_the_shock_and_the_key():
    law = ["uniform", 0.1, 0.2]
    sizes = {seed: built(seed, size=law).size for seed in range(20)}
    assert all(0.1 <= size <= 0.2 for size in sizes.values())
    assert len(set(sizes.values())) == 20
    assert built(3, size=law).size == sizes[3]
    other = build_shocks({"other": OUTAGE | {"size": law}}, FIRST, Streams(3))["other"]
    assert other.size != sizes[3]
    both = build_shocks({**outage(size=law), "slump": SLUMP | {"size": ["normal", -0.3, 0.05]}}, FIRST, Streams(3))
    assert both["outage"].size == sizes[3], "another shock's draw moves nothing"


def test_a_drawn_length_is_a_whole_number_of_days():
    lengths = {built(seed, length=["uniform", 20, 40], start=["uniform", 1, 9]).length for seed in range(10)}
    assert all(isinstance(length, int) and 20 <= length <= 40 for length in lengths)
    assert len(lengths) > 5


def test_all_arms_of_a_seed_share_a_drawn_shock_and_no_other_draw_moves():
    law = {"shocks": outage(size=["uniform", 0.1, 0.2])}
    one, two = world(seed=4, **law), world("venue=none", seed=4, **law)
    assert one.shocks["outage"] == two.shocks["outage"]
    fixed = world(seed=4, shocks=outage(size=one.shocks["outage"].size))
    for economy in (one, fixed):
        economy.run(12)
    assert moved(series(one), series(fixed)) == []


@pytest.mark.parametrize(
    "law",
    [["unifrm", 0.1, 0.2], ["uniform", 0.1], ["uniform", 0.5, 1.5], ["uniform", -0.1, 0.5], ["normal", 3.0, 0.1],
     ["uniform", "a", "b"], ["uniform", float("nan"), 0.2]],
    ids=repr,
)  # fmt: skip
def test_a_law_that_is_none_or_may_give_what_cannot_be_is_refused_by_its_key(law):
    assert "shocks.outage.size" in refused(outage(size=law))


# ---- targets


@pytest.mark.parametrize(
    ("field", "typo", "nearest"),
    [("grade", "h10", "h100"), ("region", "uss", "us"), ("tier", "bare_meta", "bare_metal")],
)
def test_an_unknown_target_is_told_with_the_nearest_name_before_the_run(field, typo, nearest):
    problem = refused(outage(**{field: typo}))[f"shocks.outage.{field}"]
    assert problem.nearest == nearest
    assert nearest in problem.allowed


def test_every_problem_of_every_shock_is_told_at_once():
    found = refused({"a": OUTAGE | {"start": "soon", "size": ["unifrm", 0, 1]}, "b": SLUMP | {"size": -2.0}})
    assert {"shocks.a.start", "shocks.a.size", "shocks.b.size"} <= set(found)


# ---- overlaps


def test_two_shocks_that_do_the_same_to_the_same_are_recorded_once_and_multiply():
    shocks = {"a": OUTAGE, "b": OUTAGE | {"start": 8, "size": 0.2}}
    economy = ran(20, shocks=shocks)
    events = [(day, text) for day, kind, text in economy.events if kind == "shocks overlap"]
    assert events == [(8, "a and b both change pool_availability")]
    assert economy.shocks["b"](9, economy.shocks["a"](9, world().board.today.environment)).pool_availability == (
        pytest.approx(0.85 * 0.8)
    )


def test_shocks_of_different_targets_or_days_do_not_overlap():
    shocks = {
        "a": OUTAGE | {"grade": "h100"}, "b": OUTAGE | {"grade": "b200"}, "c": SLUMP, "d": OUTAGE | {"start": 16},
    }  # fmt: skip
    assert [kind for _, kind, _ in ran(20, shocks=shocks).events if kind == "shocks overlap"] == []


# ---- what figures are told


def test_the_span_of_a_shock_is_read_from_its_settings():
    assert span_of(OUTAGE, FIRST) == (5, 10)
    assert span_of(OUTAGE | {"start": "2026-01-11", "length": None}, FIRST) == (10, None)
    assert span_of(OUTAGE | {"length": ["uniform", 20, 40]}, FIRST) == (5, 40)
    assert span_of({"size": 0.1}, FIRST) is None
    assert span_of(OUTAGE | {"start": "2020-01-01"}, FIRST) is None


def test_a_fork_meets_the_shocks_of_its_new_spec_with_the_same_draws():
    law = outage(start=8, size=["uniform", 0.1, 0.3])
    whole = ran(15, seed=6, shocks=law)
    calm = world(seed=6, days=15)
    calm.run(6)
    twin = calm.fork(whole.spec)
    twin.run(9)
    assert moved(series(twin, 6), series(whole, 6)) == []
    assert replace(twin.board.today.environment) == whole.board.today.environment
