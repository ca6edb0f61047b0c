"""Worlds of one study are read beside each other: what they share is read once, and each is what it is alone."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

from experiments.configuration.canonical import one_form, orders
from experiments.execute import worker
from experiments.plugins.provenance import Texts, digest, text_of
from experiments.study.runs import RunSpec, with_keys
from experiments.study.worlds import Alike
from sim.problems import SpecError
from sim.spec import ACROSS, Read, Spec, read_spec
from tests.worlds import composed, container

SHOCKED = ("shocks=[pool_outage]", "loan.reports=true", "funds=leveraged")
CHANGES: list[list[tuple[str, Any]]] = [
    [("spot.occupancy", 0.7)],
    [("spot.occupancy", 0.7), ("agents.neocloud.count", 4)],
    [("agents.neocloud.stiffness", ["uniform", 0.1, 0.3])],
    [("world.start_date", "2026-03-01")],
    [("shocks.pool_outage.start", 4)],
    [("venues.main.maturities", 4), ("links.normal_premium", [0.0, 0.0, 0.0, 0.0])],
    [("indices.quote.basket.regions", ["us"])],
    [("loan.answers.recovery", 0.4)],
    [("regions", {"us": {"share": 1.0, "growth_limit": None}})],
]
WRONG: list[list[tuple[str, Any]]] = [
    [("spot.step_hours", 5)],
    [("spot.occupancy", 1.7), ("agents.neocloud.count", 0)],
    [("agents.neocloud.count", 0)],
    [("agents.neocloud._target_", "agents.neocloud.Neoclod")],
    [("agents.leveraged_2x.assets_usd", -1.0)],
    [("venues.main.index", "quotes")],
    [("venues.main.listed", False)],
    [("venues.main.maturities", 4)],
    [("indices.quote._target_", "sim.indices.quote.Quote")],
    [("indices.quote.basket", {"grades": ["h1000"]})],
    [("shocks.pool_outage.start", -1)],
    [("loan.collateral_basis", "market")],
    [("regions", {"us": {"share": 0.9, "growth_limit": None}})],
    [("grades", {})],
    [("nonsense", {})],
]


def known(world: dict[str, Any], changes: list[tuple[str, Any]]) -> dict[str, Any]:
    """The world with other values, all else being the same objects."""
    found = dict(world)
    for key, value in changes:
        *path, last = key.split(".")
        inner = found
        for name in path:
            inner[name] = inner = dict(inner.get(name, {}))
        inner[last] = value
    return found


def read(world: dict[str, Any], beside: Read | None = None) -> tuple[Spec | None, list[str]]:
    try:
        return read_spec(world, (), beside), []
    except SpecError as error:
        return None, [str(problem) for problem in error.problems]


@pytest.mark.parametrize("changes", [*CHANGES, *WRONG], ids=lambda changes: changes[0][0])
def test_a_world_read_beside_another_is_what_it_is_alone_and_so_is_what_is_wrong_with_it(
    changes: list[tuple[str, Any]],
) -> None:
    world = container(*SHOCKED)
    beside = Read(world, read_spec(world))
    other = known(world, changes)
    alone = read(other)
    assert read(other, beside) == alone
    assert (alone[0] is None) == bool(alone[1]) == (changes in WRONG)


@pytest.mark.parametrize("changes", CHANGES, ids=lambda changes: changes[0][0])
def test_the_one_form_beside_another_world_is_that_alone(changes: list[tuple[str, Any]]) -> None:
    world = container(*SHOCKED)
    other = known(world, changes)
    alone, beside = one_form(other), one_form(other, (), one_form(world))
    assert text_of(beside.form) == text_of(alone.form)
    assert list(beside.form) == list(alone.form)
    assert orders(beside.form) == orders(alone.form)
    assert beside.read.spec == alone.read.spec


def test_sections_of_one_content_are_one_object_and_no_other() -> None:
    alike = Alike()
    one, same, other = {"a": 1}, {"a": 1}, {"a": 1.0}
    assert alike.first(one) is one
    assert alike.first(same) is one
    assert alike.first(other) is other


def test_texts_of_worlds_are_to_the_letter_those_that_were_hashed_before() -> None:
    texts = Texts()
    for world in ({}, {"b": {"z": {"é": 1.5}, "a": [1, {"y": 2, "x": None}]}, "a": True}, composed("population=tiny")):
        assert texts.of(world) == text_of(world)
        assert texts.of({**world, "new": {"deep": {"er": {"still": -0.0}}}}) == text_of(
            {**world, "new": {"deep": {"er": {"still": -0.0}}}}
        )


def test_a_run_is_named_by_the_digest_of_its_whole_world() -> None:
    world = composed("population=tiny")
    run = RunSpec("base", "none", 3, (), 5, (0, 5), world)
    (keyed,) = with_keys([run], "code")
    hashed = digest([world, orders(world), {}])
    assert keyed.made_of == digest([["base", "none", []], hashed, 5, [0, 5], None, "code"])


def test_a_worker_reads_each_world_as_if_it_were_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "last", {})
    world = container(*SHOCKED)
    for changes in CHANGES:
        other = pickle.loads(pickle.dumps(known(world, changes)))  # as it comes from another process
        assert worker.read(other, ()) == read_spec(other)
    for changes in WRONG:
        with pytest.raises(SpecError):
            worker.read(known(world, changes), ())
    assert worker.read(world, ()) == read_spec(world)


def test_a_worker_takes_nothing_from_another_world_that_is_not_the_same_to_the_bit() -> None:
    before = {"a": {"x": 1.0, "y": [1, 2]}, "b": {"z": 0.0}, "c": {"k": {"l": 1}}}
    now = {"a": {"x": 1.0, "y": [1, 2]}, "b": {"z": -0.0}, "c": {"k": {"l": True}, "m": {}}}
    found = worker.with_objects_of(before, now)
    assert found["a"] is before["a"]
    assert str(found) == str(now)
    assert found["b"] is not before["b"]
    assert found["c"]["k"] is not before["c"]["k"]


@pytest.mark.parametrize("check", ACROSS, ids=lambda check: check.__name__)
def test_a_check_across_sections_reads_those_that_it_is_said_to_read(check) -> None:
    """It is not made again where these alone are another world's: one that read more would pass over a fault."""
    spec, read = read_spec(container("funds=leveraged")), set[str]()

    class Watched:
        def __getattr__(self, name: str) -> Any:
            read.add(name)
            return getattr(spec, name)

    check(Watched())
    assert read - {"plugins"}
    assert read - {"plugins"} <= ACROSS[check]
