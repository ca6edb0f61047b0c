"""What a user types from habit is told with the words that cure it, and those words work when pasted into a shell."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.configuration.compose import composer
from experiments.configuration.cures import named_twice
from experiments.run import main
from experiments.study.expand import expand

README = Path(__file__).parents[2] / "README.md"
HABITS = [
    (["--multirun"], "spot.occupancy=0.7,0.8"),
    (["-m", "spot.convexity=3,4"], "spot.convexity=3,4"),
    (["study.sweep.spot.occupancy=[0.7,0.8]"], "'study.sweep={spot.occupancy: [0.7,0.8]}'"),
    (["seeds=1,2"], "'seeds=[1,2]'"),
    (["seeds=range(1,4)"], "'seeds=[1,2,3]'"),
    (["workers=1,2"], "workers=1"),
    (["links=0.5"], "links=on links.curve_to_capex=0.5"),
    (["links=on links.curve_to_capex=0.5"], "links=on links.curve_to_capex=0.5 without quotes around them all"),
    (["links=on,zero"], """'study.arms={on: ["links=on"], zero: ["links=zero"]}'"""),
    (["shocks=fleet_outage,demand_slump"], "'shocks=[fleet_outage,demand_slump]'"),
    (["shocks=choice(fleet_outage,demand_slump)"], "'shocks=[fleet_outage,demand_slump]'"),
    (["shocks=glob(fleet*)"], "'shocks=[fleet_outage,fleet_outage_pro_rata]'"),
    (["shocks={a: b}"], "'study.shocks={outage: [fleet_outage]}'"),
    (["study.arms=3"], """'study.arms={without: [], with_links: ["links=on"]}'"""),
    (["study.sweep=spot.occupancy"], "'study.sweep={spot.occupancy: [0.7, 0.8]}'"),
    (["study.shocks=a,b"], "'study.shocks={outage: [fleet_outage]}'"),
    (["study.sweep.spot.convexity=3,4"], "'study.sweep={spot.convexity: [3, 4]}'"),
    (["study.sweep.seeds=1,2"], "'seeds=[1,2]'"),
    (["executor=local,in_process"], "executor=local"),
    (["links=glob(h*_only)"], """'study.arms={hedge_cash_only: ["links=hedge_cash_only"]}'"""),
    (["demo"], "rackrate experiment=demo"),
    (["study.arms={a: [], b: [links=on]}"], """'study.arms={a: [], b: ["links=on"]}'"""),
    (["study.arms={a:"], """'study.arms={without: [], with_links: ["links=on"]}'"""),
]  # fmt: skip


@pytest.mark.parametrize(("typed", "cure"), HABITS)
def test_the_message_holds_the_words_to_write_and_they_work(typed, cure, capsys):
    assert main(typed) == 2
    said = capsys.readouterr().err
    assert "nothing was run" in said
    assert said.rstrip().endswith(f"write {cure}")
    words = shlex.split(cure.removesuffix(" without quotes around them all").removeprefix("rackrate "))
    with composer() as opened:
        assert expand(opened, words).runs


@pytest.mark.parametrize(("value", "said"), [
    ("interval(0.1,0.9)", "= an interval: says no values, which a grid takes: 0.1:0.9:5 lists five of them"),
    ("range(0,1000000000)", "must list from 1 to 100,000 values"), ("glob(*)", "[FIRST, SECOND, ...]"),
    ("0.7:0.7:3", "must begin and end at two different values"), ("0:1:3:log", "must begin and end above 0 on a log"),
    ("0.7:0.9:1", "must hold from 2 to 100,000 values"), ("0.7,0.7", "each given once"),
])  # fmt: skip
def test_a_sweep_that_says_no_values_is_told(value, said, capsys):
    assert main([f"spot.occupancy={value}"]) == 2
    told = capsys.readouterr().err
    assert "spot.occupancy" in told
    assert said in told


def test_a_cure_does_not_hide_what_else_is_wrong(capsys):
    assert main(["seeds=1,2", "no_such_key=3"]) == 2
    said = capsys.readouterr().err
    assert "'seeds=[1,2]'" in said
    assert "no_such_key = 3: there is no such key" in said


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_readme_quotes_arms_and_sweeps_so_that_a_shell_leaves_them_whole(shell):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    block = re.search(r"### Arms and sweeps.*?```\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert block
    tell = (
        f"rackrate() {{ {shlex.quote(sys.executable)} -c 'import json,sys;print(json.dumps(sys.argv[1:]))' \"$@\"; }}"
    )
    told = subprocess.run([shell, "-c", f"{tell}\n{block[1]}"], capture_output=True, text=True, check=True)
    calls = [json.loads(line) for line in told.stdout.splitlines()]
    assert len(calls) == 3
    with composer() as opened:
        studies = [expand(opened, words).settings.study for words in calls]
    assert any(len(study.arms) > 1 for study in studies)
    assert any(study.sweep for study in studies)


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_page_of_designs_quotes_its_calls_so_that_a_shell_leaves_them_whole(shell):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    text = (README.parent / "docs" / "designs.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("rackrate ")]
    tell = 'rackrate() { printf "%s\\0" "$@"; printf "\\n"; }'
    told = subprocess.run([shell, "-c", "\n".join([tell, *lines])], capture_output=True, text=True, check=True)
    words = [line.split("\0")[:-1] for line in told.stdout.splitlines()]
    assert words == [shlex.split(line, comments=True)[1:] for line in lines]
    assert len(words) >= 8


@pytest.mark.parametrize(("typed", "nearest"), [
    ("shocks=range(1,3)", None), ("shocks=interval(1,3)", None), ("agents=range(1,3)", None),
    ("shocks=fleet_outagee,demand_slump", "fleet_outage"), ("venue=default,cme_b20", "cme_b200"),
])  # fmt: skip
def test_several_values_that_are_no_presets_are_told_with_those_there_are(typed, nearest, capsys):
    assert main([typed]) == 2
    said = capsys.readouterr().err
    group, value = typed.split("=")
    assert f"{group} = {value}: must name presets" in said
    assert f"did you mean {nearest}?" in said or not nearest
    assert "FIRST" not in said


@pytest.mark.parametrize(("typed", "said"), [
    ("study.arms={a: [], b: [], a: [\"links=on\"]}", "names a twice"),
    ("study.fork.arm=base", "study.fork is not set yet: write 'study.fork={arm: base}'"),
    ("study.contrasts={c: {arms: {base: 1, base: -1}}}", "names base twice"),
    ("study.event.start_day=40", "study.event is not set yet: write 'study.event={start_day: 40, end_day: ...}'"),
    ("study.window.end_day=40", "study.window is not set yet: write 'study.window={end_day: 40, start_day: ...}'"),
    ("study.event=5", "study.event = 5: must hold start_day and end_day"),
    ("study.fork=base", "study.fork = 'base': must hold arm and arms"),
    ("study.baseline=bse", "study.baseline = 'bse': must be one of the arms base; did you mean base?"),
    ("study.equivalence={rent_mean: -1}", "study.equivalence.rent_mean = -1: must be greater than 0"),
    ("study.shocks={a: [fleet_outage, \"links=on\"]}",
     "study.shocks.a = links=on: must set a key of the shock's own presets: shocks.fleet_outage.KEY=VALUE"),
    ("metrics=[lowest_week]", "metrics = [lowest_week]: there are no such presets; yours are files DIR/metrics/NAME"),
    ("study.endpoints=[rent_volatility, rent_volatility]", "study.endpoints = rent_volatility: is named twice"),
    ("--seeds", "--seeds: there is no such flag; settings are written key=value"),
    ("world.start_date=2026-13-01", "world.start_date = '2026-13-01': must be a date as 2026-01-31"),
])  # fmt: skip
def test_tables_and_sections_are_told_in_words(typed, said, capsys):
    assert main([typed]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("typed", "said"), [
    ("agents.outside_buyer.premium=0.2", "there is none without a preset that has it: control=outside_buyer"),
    ("venues.main.limits={spot: 100, spott: 3}", "did you mean spot?"),
])  # fmt: skip
def test_a_key_of_a_preset_that_is_not_chosen_and_a_misspelt_one_in_a_table_are_told(typed, said, capsys):
    assert main([typed]) == 2
    assert capsys.readouterr().err.rstrip().endswith(said)


def test_a_name_in_two_tables_is_not_twice_in_one():
    text = """study.contrasts={c: {arms: {a: 1, b: -1}}, d: {arms: {a: 1, b: -1}, higher: "a: b, a: c"}}"""
    assert named_twice(text.partition("=")[2]) is None


@pytest.mark.parametrize(("held", "said"), [
    ("venue: none", "venue = none: is a group; a preset of yours chooses of it under defaults: write - override"),
    ("links: on", "write - override /links: on"), ("loan: off", "write - override /loan: off"),
    ("shocks: [fleet_outage]", "write - override /shocks: [fleet_outage]"),
    ("executor: slurm", "write - override /executor: slurm"), ("agents: [renter]", "ListConfig"),
])  # fmt: skip
def test_a_group_that_a_preset_sets_as_a_key_is_told_with_where_it_stands(held, said, tmp_path, capsys):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment/mine.yaml").write_text(f"# @package _global_\n{held}\n")
    assert main(["--config-dir", str(tmp_path), "experiment=mine", "out=never"]) == 2
    assert said in capsys.readouterr().err


def test_a_field_that_a_preset_leaves_out_is_told_with_what_adds_it(capsys):
    words = ["shocks=[fleet_outage]", "days=300", "seeds=1"]
    assert main([*words, "shocks.fleet_outage.region=us"]) == 2
    said = capsys.readouterr().err
    assert "is not in its preset; to add it write +shocks.fleet_outage.region=us" in said
    with composer() as opened:
        assert expand(opened, [*words, "+shocks.fleet_outage.region=us"]).runs
    assert main([*words, "shocks.fleet_outage.regoin=us"]) == 2
    assert "there is no such key" in capsys.readouterr().err


def test_shocks_may_be_asked_away(capsys):
    for none in ("~shocks", "shocks=[]", "shocks=none", "shocks=null"):
        with composer() as opened:
            assert set(expand(opened, ["shocks=[fleet_outage]", none]).settings.study.shocks) == {"none"}
