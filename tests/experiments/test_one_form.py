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
from experiments.canonical import canonical, exact, orders
from experiments.compose import composer, split
from experiments.errors import UsageError
from experiments.results import Results
from experiments.run import main
from experiments.study import Expansion, expand
from sim.spec import read_spec

PLAIN = ["population=tiny", "days=5", "seeds=2", "executor=in_process", "study.name=form"]
LAB = """
from typing import Any

from sim.agent import Agent, GroupParameters
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


class Choosy(GroupParameters):
    def model_post_init(self, context):
        raise {error}


class Rejected(Agent):
    Parameters = Choosy


class Stillborn(Agent):
    Parameters = GroupParameters

    def start(self, path):
        raise {error}


class Strike(Parameters):
    def model_post_init(self, context):
        raise {error}

    def __call__(self, day, environment):
        return environment
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
        ("venue.margin.initial=1", "venue.margin.initial=1.0"),
        ("study.arms={base: [], steep: ['spot.convexity=4']}", "study.arms={base: [], steep: ['spot.convexity=4.0']}"),
        ("study.arms={base: [], x: ['spot.convexity=4']}", "study.arms={x: ['spot.convexity=4'], base: []}"),
        ("study.sweep={spot.convexity: [4, 2.5]}", "study.sweep={spot.convexity: [4.0, 2.5]}"),
        (
            "study.sweep={spot.convexity: [2, 3], loan.covenant: [1, 0]}",
            "study.sweep={loan.covenant: [1, 0], spot.convexity: [2, 3]}",
        ),
    ],
)
def test_two_spellings_are_one_study(one: str, other: str) -> None:
    shocks = ["shocks=[hormuz_helium]", "world.start_date=2026-02-27"] if "hormuz" in one else []
    assert keys(*shocks, one) == keys(*shocks, other)


@pytest.mark.parametrize("section", ["grades", "regions", "tiers", "works", "reserved.tenors"])
def test_an_order_that_moves_bits_is_part_of_the_world(section: str) -> None:
    world = world_of()
    *above, name = section.split(".")
    turned = json.loads(json.dumps(world))
    inside = turned[above[0]] if above else turned
    inside[name] = dict(reversed(inside[name].items()))
    assert orders(canonical(turned)) != orders(canonical(world))


def test_any_other_order_is_not() -> None:
    def turned(thing: Any) -> Any:
        return {key: turned(value) for key, value in reversed(thing.items())} if isinstance(thing, dict) else thing

    world = world_of("shocks=[hormuz_helium]")
    other = {**world, **{name: turned(world[name]) for name in ("agents", "indices", "shocks", "spot", "venue")}}
    one, two = canonical(world), canonical(other)
    assert (exact(one), orders(one)) == (exact(two), orders(two))


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
    with composer() as opened:
        left_out, given = (split(opened.compose(["population=tiny", *member()]))[0] for _ in range(2))
    given["agents"]["member"] |= same
    forms = [exact(canonical(world, ("form_lab",))) for world in (left_out, given)]
    assert forms[0] == forms[1], "defaults are filled in, and a list is dealt as the one value that it is"
    different = [keys(*member(anything=value)) for value in (1, 1.0, True)]
    assert not different[0] & different[1]
    assert not different[0] & different[2]
    assert not plain & different[0]


def test_a_text_is_no_number_and_a_truth_value_is_none() -> None:
    for override in ("spot.convexity='4'", "spot.convexity=true", "venue.listed=1"):
        with pytest.raises(UsageError, match=override.split("=")[0]):
            expanded(override)


def test_swept_values_are_those_that_worlds_hold() -> None:
    runs = expanded("study.sweep={spot.convexity: [3, 2.5], loan.grace_months: [1, 2]}").runs
    assert {tuple((key, type(value)) for key, value in one.sweep) for one in runs} == {
        (("loan.grace_months", int), ("spot.convexity", float))
    }
    with pytest.raises(UsageError, match=r"spot\.convexity.*each given once"):
        expanded("study.sweep={spot.convexity: [1, 1.0]}")


def test_the_second_spelling_runs_nothing_and_changes_no_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "read_results", lambda out, settings: (True, []))
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
    monkeypatch.setattr(run, "read_results", lambda out, settings: (True, []))
    out = tmp_path / "out"
    assert main([*PLAIN, "study.sweep={spot.convexity: [3, 2.5]}", f"out={out}"]) == 0
    assert len(Results(out).runs) == 4
    from experiments.store import rows_of_table, write_table

    rows = list(rows_of_table(out / "runs.parquet"))
    assert {type(row["sweep"]["spot.convexity"]) for row in rows} == {float}
    write_table(out / "runs.parquet", [*rows, {**rows[0], "key": "other"}])
    with pytest.raises(UsageError, match=r"two rows for arm base, shock none, spot\.convexity 2\.5, seed 1.*move it"):
        _ = Results(out).runs


@pytest.mark.parametrize("error", ["TypeError('no')", "SystemExit(0)", "RecursionError('no')"])
@pytest.mark.parametrize("cls", ["Rejected", "Stillborn"])
def test_what_an_own_agent_raises_while_it_is_built_is_told_by_key(lab: Any, error: str, cls: str) -> None:
    lab(error)
    with pytest.raises(UsageError, match=rf"agents\.member.*cannot be built: {error.split('(', maxsplit=1)[0]}"):
        expanded("plugins=[form_lab]", f"+agents.member={{_target_: form_lab.{cls}, count: 1, size: 1.0}}")


@pytest.mark.parametrize("error", ["TypeError('no')", "SystemExit(0)"])
def test_what_an_own_shock_raises_while_it_is_built_is_told_by_key(lab: Any, error: str) -> None:
    lab(error)
    container = {**world_of(), "shocks": {"strike": {"_target_": "form_lab.Strike"}}}
    from sim.problems import SpecError

    with pytest.raises(SpecError, match=rf"shocks\.strike.*cannot be built: {error.split('(', maxsplit=1)[0]}"):
        read_spec(container, ("form_lab",))
