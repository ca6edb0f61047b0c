"""Overrides are composed with the packaged presets and a user's own, or blamed by name."""

import json

import pytest

from experiments.configuration import compose
from experiments.configuration.compose import as_override, composer, hydra_opened, key_of, latest, split
from experiments.errors import UsageError


@pytest.fixture
def presets(tmp_path, monkeypatch):
    """A tiny tree of presets in place of the packaged one."""
    files = {
        "config.yaml": "defaults: [{links: none}, {shocks: []}, _self_, {experiment: null}]\n"
        "study: {sweep: {}}\ndays: 5\n",
        "links/none.yaml": "curve_to_capex: 0.0\n",
        "shocks/outage.yaml": "outage:\n  size: 0.15\n",
        "shocks/slump.yaml": "slump:\n  size: 0.1\n",
        "experiment/demo.yaml": "# @package _global_\ndays: 7\n",
        "experiment/broken.yaml": "# @package _global_\ndays: [7\n",
    }
    for name, text in files.items():
        path = tmp_path / "presets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setattr(compose, "PACKAGED", tmp_path / "presets")
    return tmp_path


def composed(*overrides, config_dir=None):
    with composer(config_dir) as open_composer:
        return open_composer.compose(overrides)


def test_shocks_are_a_list_and_each_stands_under_its_own_name(presets):
    assert "shocks" not in composed()
    both = composed("shocks=[slump,outage]", "shocks.outage.size=0.3")
    assert both["shocks"] == {"slump": {"size": 0.1}, "outage": {"size": 0.3}}


def test_a_later_override_of_the_same_key_wins(presets):
    assert composed("experiment=demo", "days=8", "days=9")["days"] == 9


def test_every_bad_override_is_blamed_with_its_nearest_name(presets):
    with pytest.raises(UsageError) as error:
        composed("dys=3", "experiment=demoo", "links.curve_to_capx=1", "links.curve_to_capex=[1", "shocks=[slmp]")
    found = {problem.key: problem.nearest for problem in error.value.problems}
    assert found == {
        "dys": "days",
        "experiment": "demo",
        "links.curve_to_capx": "links.curve_to_capex",
        "links.curve_to_capex=[1": None,
        "shocks": "slump",
    }


def test_a_broken_yaml_file_is_named_with_its_line(presets):
    with pytest.raises(UsageError, match="broken.yaml, line"):
        composed("experiment=broken")


def test_a_folder_of_ones_own_adds_presets(presets):
    own = presets / "mine" / "shocks"
    own.mkdir(parents=True)
    (own / "strike.yaml").write_text("strike:\n  size: 0.5\n")
    assert composed("shocks=[strike]", config_dir=presets / "mine")["shocks"] == {"strike": {"size": 0.5}}
    with composer(presets / "mine") as open_composer:
        assert open_composer.presets("shocks") == ["outage", "slump", "strike"]
    with pytest.raises(UsageError, match="must be an existing folder"):
        composed(config_dir=presets / "absent")


def test_a_sweep_may_be_named_on_the_command_line(presets):
    assert composed("study.sweep={links.curve_to_capex:[0.0,1.0]}")["study"]["sweep"] == {
        "links.curve_to_capex": [0.0, 1.0]
    }


def test_the_world_is_parted_from_the_study():
    world, own = split({"links": {"a": 0.0}, "days": 3, "wrld": {}})
    assert world == {"links": {"a": 0.0}, "shocks": {}}
    assert own == {"days": 3, "wrld": {}}


@pytest.mark.parametrize("value", [0.1, 3, True, "plain", "two words", "it's", "null", "1", None, -2.5e-7])
def test_a_swept_value_reaches_the_configuration_as_it_is(presets, value):
    assert composed(as_override("days", value))["days"] == value


def test_the_key_of_an_override_is_what_it_sets():
    assert [key_of(text) for text in ("+a.b=1", "++a=x=y", "~a", "shocks@world=[x]")] == ["a.b", "a", "a", "shocks"]
    assert latest(["a=1", "b=2", "a=3"]) == ["b=2", "a=3"]


PLAIN = [
    [],
    ["experiment=price_stability", "size=small", "notes=relief_only", "links=shuffled", "funds=leveraged", "loan=off"],
    ["experiment=standardisation", "scenario=economist_2026", "venue=cme_b200", "reserved=menu", "noise=none"],
    ["population=bench", "venue=cme_and_ice", "notes=default", "shocks=[hormuz_helium,deepseek]"],
    ["links.curve_to_capex=1.0", "world.start_date='2026-02-01'", "agents.ai_lab.count=[1,2]", "notes=default"],
    ["shocks=[pool_outage]", "shocks.pool_outage.size=[uniform,0.1,0.2]", "spot={occupancy: 0.5}", "++spot={new: 1}"],
    ["reserved.tenors={}", "++indices.own={_target_: my_lab.Own}", "agents=[renter,neocloud]"],
]
FILLED_IN = [
    ["experiment=replications/paper_runs"],
    ["indices=by_grade", "executor=slurm", "executor.minutes=5"],
    ["study.arms={a: [], b: ['spot.convexity=5.0']}", "study.event={start_day: 3, end_day: 6}", "out='x ${days}'"],
]


def by_hydra(open_composer, overrides):
    with hydra_opened():
        return open_composer.by_hydra(latest(overrides), {})


@pytest.mark.parametrize(
    "overrides", PLAIN + FILLED_IN, ids=lambda overrides: overrides[0] if overrides else "defaults"
)
def test_what_is_composed_of_parsed_presets_is_what_hydra_composes(overrides, monkeypatch):
    """Names stand in the same order too, which moves the last bits of some sections."""
    with composer() as open_composer:
        whole = by_hydra(open_composer, overrides)
        monkeypatch.setattr(open_composer, "by_hydra", None)  # nobody asks Hydra again
        assert json.dumps(open_composer.compose(overrides)) == json.dumps(whole)
        if overrides in PLAIN:
            monkeypatch.setattr(open_composer, "compose", None)
            assert json.dumps(open_composer.world(overrides)) == json.dumps(split(whole)[0])


@pytest.mark.slow
@pytest.mark.parametrize("size", ["full", "small"])
def test_every_experiment_is_composed_of_parsed_presets_as_by_hydra(size, monkeypatch):
    with composer() as open_composer:
        for name in open_composer.presets("experiment"):
            overrides = [f"experiment={name}", f"size={size}"]
            assert json.dumps(open_composer.plain(overrides)) == json.dumps(by_hydra(open_composer, overrides)), name


@pytest.mark.parametrize(("text", "found"), [("${spot}", {"a": 1, "b": 2}), ("[1]", None), ("???", {"b": 2})])
def test_tables_that_are_merged_into_more_than_tables_are_left_to_hydra(presets, text, found):
    """One filled in from elsewhere takes further names, one that is missing is filled, and no list is a table."""
    (presets / "presets" / "links" / "none.yaml").write_text(f"# @package _global_\nspot: {{a: 1}}\nlinks: {text}\n")
    (presets / "presets" / "experiment" / "more.yaml").write_text("# @package _global_\nlinks: {b: 2}\n")
    with composer() as open_composer:
        assert open_composer.plain(["experiment=more"]) is open_composer.plain(["links={b: 2}"]) is None
        if found is None:
            with pytest.raises(UsageError):
                open_composer.compose(["experiment=more"])
        else:
            assert open_composer.compose(["experiment=more"])["links"] == found


def test_what_parsed_presets_cannot_say_is_left_to_hydra(presets):
    (presets / "presets" / "links" / "half.yaml").write_text("curve_to_capex: ${days}\n")
    (presets / "presets" / "links" / "missing.yaml").write_text("curve_to_capex: ???\n")
    with composer() as open_composer:
        assert open_composer.world(["links=half", "days=4"])["links"] == {"curve_to_capex": 4}
        assert open_composer.world(["++links.more.yet=1"])["links"] == {"curve_to_capex": 0.0, "more": {"yet": 1}}
        assert open_composer.plain(["links=missing"]) is None
        assert open_composer.plain(["hydra.run.dir=elsewhere"]) is None
        for wrong in ("links=missing", "links.curve_to_capx=1", "links=hlf", "experiment=broken", "+links={a: 1"):
            with pytest.raises(UsageError):
                open_composer.world([wrong])


def test_presets_of_ones_own_are_parsed_beside_ours(presets):
    own = presets / "mine" / "links"
    own.mkdir(parents=True)
    (own / "strong.yaml").write_text("defaults: [none]\nstrength: 2\n")
    with composer(presets / "mine") as open_composer:
        world = split(by_hydra(open_composer, ["links=strong"]))[0]
        open_composer.by_hydra = None
        assert open_composer.world(["links=strong"]) == world == {"links": {"curve_to_capex": 0.0, "strength": 2},
                                                                  "shocks": {}}  # fmt: skip


def test_a_configuration_may_be_opened_while_another_is_and_both_compose() -> None:
    with composer() as outer:
        with composer() as inner:
            assert inner.compose(["days=3"])["days"] == 3
        assert outer.compose(["days=4"])["days"] == 4
