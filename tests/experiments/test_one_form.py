"""One study has one form, however it is spelt: a second call with the same values in other words runs nothing."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from experiments import run
from experiments.configuration.canonical import ORDERED, canonical, exact, orders
from experiments.configuration.compose import composer, split
from experiments.errors import UsageError
from experiments.results import Results
from experiments.run import main
from experiments.study.events import alike
from experiments.study.expand import expand
from experiments.study.runs import Expansion
from sim.economy import Economy
from sim.spec import read_spec

PLAIN = ["population=tiny", "days=5", "seeds=2", "executor=in_process", "study.name=form"]
LAB = """
from enum import Enum
from typing import Annotated, Any

from pydantic import Field, model_validator

from sim.agent import Agent, GroupParameters
from sim.metrics.measure import OwnMetric
from sim.vocabulary import Parameters


class Terms(GroupParameters):
    rate: float = 2.0
    many: int = 3
    given: bool = True
    curve: list[float] = [1.0, 2.0]
    anything: Any = None


class Member(Agent):
    Parameters = Terms
    kind = "member"


class Side(str, Enum):
    LONG = "long"


class Either(GroupParameters):
    rate: float | None = None
    price: float = 1.0
    side: Annotated[Side, Field(strict=False)] = Side.LONG

    @model_validator(mode="before")
    @classmethod
    def one_of_two(cls, given):
        if "rate" in given and "price" in given:
            raise ValueError("rate or price, not both")
        return given


class Exclusive(Agent):
    Parameters = Either


class Mean(OwnMetric):
    'The mean of what is asked for.'

    unit = "1"
    over: float = 2.0

    def of(self, window):
        return self.over
"""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])

    def write(error: str = "TypeError('no')") -> None:
        (tmp_path / "form_lab.py").write_text(LAB.replace("{error}", error))
        sys.modules.pop("form_lab", None)

    yield write
    sys.modules.pop("form_lab", None)


def expanded(*overrides: str) -> Expansion:
    with composer() as opened:
        return expand(opened, [*PLAIN, *overrides])


def keys(*overrides: str) -> set[str]:
    return {one.key for one in expanded(*overrides).runs}


def world_of(*overrides: str) -> dict[str, Any]:
    with composer() as opened:
        return split(opened.compose(["population=tiny", *overrides]))[0]


def member(**terms: Any) -> list[str]:
    own = {"_target_": "form_lab.Member", "count": 2, "size": 1.0, **terms}
    return ["plugins=[form_lab]", f"+agents.member={json.dumps(own).replace(chr(34), '')}"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("spot.convexity=4", "spot.convexity=4.0"),
        ("world.rent_usd=3e0", "world.rent_usd=3"),
        ("loan.covenant=0.0", "loan.covenant=-0.0"),
        ("agents.neocloud.size=[2,1]", "agents.neocloud.size=[2.0,1]"),
        ("agents.neocloud.size=[uniform,1,2]", "agents.neocloud.size=[uniform,1.0,2.0]"),
        ("shocks.hormuz_helium.size=[uniform,0,1]", "shocks.hormuz_helium.size=[uniform,0.0,1.0]"),
        ("venues.main.margin.initial=1", "venues.main.margin.initial=1.0"),
        ("study.arms={base: [], steep: ['spot.convexity=4']}", "study.arms={base: [], steep: ['spot.convexity=4.0']}"),
        ("study.arms={base: [], x: ['spot.convexity=4']}", "study.arms={x: ['spot.convexity=4'], base: []}"),
        ("study.sweep={spot.convexity: [4, 2.5]}", "study.sweep={spot.convexity: [4.0, 2.5]}"),
        ("shocks.hormuz_helium.start=2026-03-01", "shocks.hormuz_helium.start=2"),
        ("world.start_date='2026-01-01'", "world.start_date='20260101'"),
        ("shocks=[demand_surge,demand_slump]", "shocks=[demand_slump,demand_surge,demand_slump]"),
        (
            "study.sweep={spot.convexity: [2, 3], loan.covenant: [1, 0]}",
            "study.sweep={loan.covenant: [1, 0], spot.convexity: [2, 3]}",
        ),
    ],
)
def test_two_spellings_are_one_study(one: str, other: str) -> None:
    before = ["shocks=[hormuz_helium]", "world.start_date=2026-02-27"] if "hormuz" in one else []
    before = ["days=200"] if "demand_surge" in one else before  # both strike on day 180
    assert keys(*before, one) == keys(*before, other)


@pytest.mark.parametrize("section", ["grades", "regions", "tiers", "works", "reserved.tenors"])
def test_an_order_that_moves_bits_is_part_of_the_world(section: str) -> None:
    world = world_of()
    *above, name = section.split(".")
    turned = json.loads(json.dumps(world))
    inside = turned[above[0]] if above else turned
    inside[name] = dict(reversed(inside[name].items()))
    assert orders(canonical(turned)) != orders(canonical(world))


def days_of(world: dict[str, Any]) -> pd.DataFrame:
    economy = Economy(read_spec(world), seed=1, days=4)
    economy.run(4)
    frame = economy.record.frame()
    return frame[sorted(frame.columns)]


@pytest.mark.parametrize(
    "asked",
    [
        ["shocks=[hormuz_helium]", "notes=default", "funds=leveraged", "links=on"],
        ["venue=cme_and_ice", "reserved=menu", "+loan.facilities.second={share: 0.3, amortisation: 0.2}"],
    ],
)
def test_any_other_order_moves_no_bit_and_is_no_other_world(asked: list[str]) -> None:
    def turned(thing: Any) -> Any:
        return {key: turned(value) for key, value in reversed(thing.items())} if isinstance(thing, dict) else thing

    world = world_of(*asked, *(["loan.facilities.delayed_draw.share=0.7"] if "venue" in asked[0] else []))
    free = {name: turned(world[name]) for name in world if name not in {*ORDERED, "reserved"}}
    inside = {name: {own: turned(part) for own, part in world[name].items()} for name in set(ORDERED) & set(world)}
    other = {**world, **free, **inside}
    one, two = canonical(world), canonical(other)
    assert (exact(one), orders(one)) == (exact(two), orders(two))
    pd.testing.assert_frame_equal(days_of(two), days_of(one), check_exact=True)
    if len(world["loan"]["facilities"]) == 1:
        pd.testing.assert_frame_equal(days_of(world), days_of(one), check_exact=True)
        pd.testing.assert_frame_equal(days_of(other), days_of(one), check_exact=True)


def test_the_one_form_reads_as_the_same_world_and_is_its_own_form() -> None:
    world = world_of("shocks=[hormuz_helium]")
    form = canonical(world)
    assert canonical(form) == form
    assert exact(read_spec(form).model_dump(exclude={"agents", "shocks", "indices"})) == exact(
        read_spec(world).model_dump(exclude={"agents", "shocks", "indices"})
    )


def test_own_classes_say_what_their_values_are(lab: Any) -> None:
    lab()
    plain, same = keys(*member()), {"rate": 2, "many": 3, "given": True, "curve": [[1, 2]], "anything": None}
    assert keys(*member(rate=2)) == keys(*member(rate=2.0)) == plain
    left_out, given = (world_of(*member()) for _ in range(2))
    given["agents"]["member"] |= same
    forms = [exact(canonical(world, ("form_lab",))) for world in (left_out, given)]
    assert forms[0] == forms[1], "defaults are filled in, and a list is dealt as the one value that it is"
    different = [keys(*member(anything=value)) for value in (1, 1.0, True)]
    assert not different[0] & different[1]
    assert not different[0] & different[2]
    assert not plain & different[0]


def test_a_class_may_refuse_to_be_given_what_it_would_fill_in(lab: Any) -> None:
    lab()
    group = ["plugins=[form_lab]", "+agents.member={_target_: form_lab.Exclusive, count: 1, size: 1.0, rate: 2}"]
    [run] = expanded(*group, "seeds=1").runs
    assert set(run.world["agents"]["member"]) == {"_target_", "count", "size", "rate"}
    assert keys(*group[:1], group[1].replace("rate: 2", "side: long")) != keys(*group)


@pytest.mark.slow
def test_own_metrics_have_one_form_too(lab: Any) -> None:
    lab()
    own = ["plugins=[form_lab]", "seeds=1", "+metrics.mean={_target_: form_lab.Mean%s}"]
    [codes] = {
        frozenset(one.measuring.code for one in expanded(*own[:2], own[2] % over).runs)
        for over in ("", ", over: 2", ", over: 2.0")
    }
    assert codes != {one.measuring.code for one in expanded(*own[:2], own[2] % ", over: 3").runs}


def test_replications_have_one_form_too() -> None:
    with composer() as opened:
        tolerance = "replications.clearing_vector.tolerance"
        one, other = (
            expand(opened, ["experiment=replications/clearing_vector", f"{tolerance}={text}"]) for text in ("1", "1.0")
        )
    assert exact(one.settings.replications) == exact(other.settings.replications)


def test_arms_that_differ_in_an_order_are_not_told_to_be_one_world() -> None:
    world = canonical(world_of())
    turned = {**world, "regions": dict(reversed(world["regions"].items()))}
    assert alike({"one": world, "two": json.loads(json.dumps(world)), "three": turned}) == [["one", "two"]]


def test_a_text_is_no_number_and_a_truth_value_is_none() -> None:
    for override in ("spot.convexity='4'", "spot.convexity=true", "venues.main.listed=1"):
        with pytest.raises(UsageError, match=override.split("=")[0]):
            expanded(override)


def test_swept_values_are_those_that_worlds_hold() -> None:
    runs = expanded("study.sweep={spot.convexity: [3, 2.5], loan.grace_months: [1, 2]}").runs
    assert {tuple((key, type(value)) for key, value in one.sweep) for one in runs} == {
        (("loan.grace_months", int), ("spot.convexity", float))
    }
    with pytest.raises(UsageError, match=r"spot\.convexity.*each given once"):
        expanded("study.sweep={spot.convexity: [1, 1.0]}")
    dated = ["shocks=[demand_slump]", "days=20", "world.start_date=2026-01-01"]
    with pytest.raises(UsageError, match=r"study\.sweep\.shocks\.demand_slump\.start.*two of them are one value"):
        expanded(*dated, "study.sweep={shocks.demand_slump.start: [10, 2026-01-11]}")


def test_the_second_spelling_runs_nothing_and_changes_no_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))
    call = [*PLAIN, "study.shocks={}", f"out={tmp_path / 'out'}"]
    arms = "study.arms={{base: [], steep: ['spot.convexity={}']}}"
    assert main([*call, arms.format("4"), "world.rent_usd=3"]) == 0
    first = pd.read_parquet(tmp_path / "out/runs.parquet")
    capsys.readouterr()
    assert main([*call, arms.format("4.0"), "world.rent_usd=3.0"]) == 0
    assert "4 of them stored already" in capsys.readouterr().out
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out/runs.parquet"), first)
    assert main([*call, arms.format("5"), "world.rent_usd=3"]) == 2
    said = capsys.readouterr()
    assert "spot.convexity = 5.0: the folder was made with 4.0" in said.out + said.err
    assert main([*call, arms.format("4"), "world.rent_usd=3", "study.name=other"]) == 2


def test_statistics_refuse_two_rows_for_one_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))
    out = tmp_path / "out"
    assert main([*PLAIN, "study.sweep={spot.convexity: [3, 2.5]}", f"out={out}"]) == 0
    assert len(Results(out).runs) == 4
    from experiments.store.rows import rows_of_table, write_table

    rows = list(rows_of_table(out / "runs.parquet"))
    assert {type(row["sweep"]["spot.convexity"]) for row in rows} == {float}
    write_table(out / "runs.parquet", [*rows, {**rows[0], "key": "other"}])
    with pytest.raises(UsageError, match=r"two rows for arm base, shock none, spot\.convexity 2\.5, seed 1.*move it"):
        _ = Results(out).runs
