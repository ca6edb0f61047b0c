"""The program as a user meets it: one call, one folder, one clear message when something is wrong."""

import os
import re
import shlex
import signal
import subprocess
import sys
import time

import pandas as pd
import pyarrow.parquet as pq
import pytest

from experiments import run
from experiments.run import main
from experiments.store.parts import part_rows

PLUGIN = '''
"""A shock that ends the process it runs in: once, always, or by an error."""

import os
import time
from pathlib import Path

from sim.vocabulary import Parameters


class Trouble(Parameters):
    """Makes trouble on its day."""

    start: int
    kind: str
    marker: str

    def __call__(self, day, environment):
        if day == self.start:
            if self.kind == "error":
                raise RuntimeError("something unheard of")
            if self.kind == "slow":
                time.sleep(0.3)
            if self.kind == "always" or (self.kind == "once" and not Path(self.marker).exists()):
                Path(self.marker).write_text("dead")
                os._exit(9)
        return environment
'''
PRESET = "trouble:\n  _target_: {module}.Trouble\n  start: 3\n  kind: {kind}\n  marker: {marker}\n"
SMALL = ["seeds=2", "days=6", "executor=in_process"]


@pytest.fixture
def trouble(tmp_path):
    """Arguments that add a shock of the given kind from a folder and a module of one's own."""

    def add(kind):
        module = f"trouble_{tmp_path.name.replace('-', '_')}"
        folder = tmp_path / "presets"
        (folder / "shocks").mkdir(parents=True, exist_ok=True)
        (tmp_path / f"{module}.py").write_text(PLUGIN)
        (folder / "shocks" / "trouble.yaml").write_text(
            PRESET.format(module=module, kind=kind, marker=tmp_path / "marker")
        )
        return ["--config-dir", str(folder), f"plugins=[{module}]", "shocks=[trouble]"]

    before = list(sys.path)
    yield add
    sys.path[:] = before


@pytest.fixture
def without_figures(monkeypatch):
    """Leaves the reading of results out, where only the runs matter."""
    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def table(out):
    return pd.read_parquet(out / "runs.parquet")


def test_a_study_ends_with_its_answer_its_page_and_what_to_try_next(out, capsys):
    study = ['study.arms={one:[],two:["venue=none"]}', "study.endpoints=[rent_volatility]", "population=tiny"]
    assert main([*SMALL, *study, f"out={out}"]) == 0
    said = capsys.readouterr().out.splitlines()
    stages = ["effects ...", "figures ...", "report ..."]
    assert [line for line in said if line in stages] == stages
    answers = [line.removeprefix("answer: ") for line in said if line.startswith("answer: ")]
    page = (out / "report.html").read_text()
    assert 1 <= len(answers) <= 3
    assert all(sentence in page for sentence in answers)
    assert said[-2] == f"report: {out / 'report.html'}"
    following = shlex.split(said[-1].removeprefix("next:"), comments=True)
    assert following[1:] == [*(word for word in [*SMALL, *study] if word != "seeds=2"), f"out={out}", "seeds=16"]


def test_events_of_the_economy_reach_the_folder_the_report_and_the_terminal(out, capsys):
    asked = ["shocks=[demand_slump,demand_surge]", "shocks.demand_slump.start=3", "shocks.demand_surge.start=4"]
    assert main([*SMALL, *asked, "population=tiny", f"out={out}"]) == 0
    told = pd.read_parquet(out / "events.parquet")
    overlaps = told[told["kind"] == "shocks overlap"]
    assert list(overlaps["shock"].unique()) == ["demand_slump+demand_surge"]
    assert list(overlaps["seed"]) == [1, 2]
    assert set(overlaps["key"]) < set(table(out)["key"])
    assert re.search("^events: .*2 shocks overlap", capsys.readouterr().out, re.MULTILINE)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert '<td class="words">shocks overlap</td><td class="words">demand slump+demand surge</td><td>2</td>' in page


def test_a_study_leaves_a_folder(out):
    assert main([*SMALL, f"out={out}", "record=paths"]) == 0
    assert (out / "config.yaml").exists()
    assert (out / "provenance.json").exists()
    assert list(table(out)["seed"]) == [1, 2]
    path = pq.read_table(sorted((out / "paths").glob("*.parquet"))[0])
    assert path.column_names[:5] == ["arm", "shock", "seed", "day", "date"]
    assert path.num_rows == 6
    assert path.schema.field("occupancy").metadata[b"unit"] == b"share"


@pytest.mark.slow
def test_runs_parquet_has_the_same_bytes_whoever_runs_it_and_however_often(tmp_path, without_figures):
    study = ['study.arms={plain:[],calm:["spot.convexity=4.0"]}', "study.fork={arm:plain}", "shocks=[pool_outage]"]
    study += ["shocks.pool_outage.start=3", "days=6"]
    assert main([*study, "seeds=2", "executor=in_process", f"out={tmp_path / 'one'}"]) == 0
    assert main([*study, "seeds=1", "workers=1", f"out={tmp_path / 'two'}"]) == 0
    assert main([*study, "seeds=2", "workers=2", f"out={tmp_path / 'two'}"]) == 0
    assert (tmp_path / "one/runs.parquet").read_bytes() == (tmp_path / "two/runs.parquet").read_bytes()
    rows = table(tmp_path / "one")
    assert set(rows["arm"]) == {"plain", "calm", "plain@fork", "calm@fork"}
    metrics = rows.set_index(["arm", "shock", "seed"]).drop(columns=["key", "status", "error"])
    pd.testing.assert_frame_equal(metrics.loc["plain"], metrics.loc["plain@fork"])


def test_a_second_call_runs_nothing(out, without_figures, capsys):
    main([*SMALL, f"out={out}"])
    capsys.readouterr()
    assert main([*SMALL, f"out={out}"]) == 0
    assert "2 of them stored already" in capsys.readouterr().out


def test_worlds_without_a_shock_run_once_for_all_values_of_its_swept_key(tmp_path, without_figures):
    shock = ["shocks=[pool_outage]", "shocks.pool_outage.start=3", "study.fork={arm:base}", "population=tiny"]
    swept = "study.sweep={shocks.pool_outage.size: [0.2, 0.4]}"
    assert main([*SMALL, *shock, swept, f"out={tmp_path / 'swept'}"]) == 0
    assert main([*SMALL, *shock, "shocks.pool_outage.size=0.4", f"out={tmp_path / 'alone'}"]) == 0
    assert main([*SMALL, *shock, swept, f"out={tmp_path / 'swept'}"]) == 0
    rows, size = table(tmp_path / "swept"), "shocks.pool_outage.size"
    assert len(rows) == 2 * 2 * 3  # whole and forked, seeds, none and two sizes
    assert rows.loc[rows["shock"] == "none", size].isna().all()
    assert rows.loc[rows["shock"] != "none", size].notna().all()
    cell = ["arm", "shock", "seed"]
    both = rows[rows[size].isna() | (rows[size] == 0.4)].set_index(cell).drop(columns=["key", size])
    pd.testing.assert_frame_equal(both, table(tmp_path / "alone").set_index(cell).drop(columns="key"))


def test_a_failed_run_is_recorded_told_and_tried_again(out, trouble, without_figures, capsys):
    asked = [*SMALL, f"out={out}", *trouble("error")]
    assert main(asked) == 3
    captured = capsys.readouterr()
    assert "something unheard of" in captured.err
    assert captured.out.splitlines()[-1].endswith("# tries the failed runs again")
    rows = table(out).set_index(["shock", "seed"])
    assert list(rows.loc["none", "status"]) == ["ok", "ok"]
    assert list(rows.loc["trouble", "status"]) == ["failed", "failed"]
    assert main(asked) == 3
    assert "2 of them stored already" in capsys.readouterr().out


def test_a_run_whose_worker_died_is_tried_again(out, trouble, without_figures):
    assert main(["seeds=2", "days=6", "workers=2", f"out={out}", *trouble("once")]) == 0
    assert set(table(out)["status"]) == {"ok"}


@pytest.mark.slow
def test_a_run_that_kills_its_worker_twice_is_a_failed_run_and_the_others_finish(out, trouble, without_figures):
    assert main(["seeds=2", "days=6", "workers=2", f"out={out}", *trouble("always")]) == 3
    rows = table(out).set_index(["shock", "seed"])
    assert list(rows.loc["none", "status"]) == ["ok", "ok"]
    assert all("worker process died" in text for text in rows.loc["trouble", "error"])


@pytest.mark.parametrize(("number", "status"), [
    (signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL),
    pytest.param(signal.SIGTERM, 130, marks=pytest.mark.slow),
    pytest.param(signal.SIGHUP, 130, marks=pytest.mark.slow),
])  # fmt: skip
def test_an_interrupted_study_keeps_its_finished_runs(tmp_path, out, trouble, number, status):
    asked = ["seeds=30", "days=6", "population=tiny", "workers=1", f"out={out}", *trouble("slow")]
    command = [sys.executable, "-m", "experiments.run", *asked]
    hung_up = signal.signal(signal.SIGHUP, signal.SIG_DFL)  # under nohup it is ignored, and by what is started so too
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    signal.signal(signal.SIGHUP, hung_up)
    wait_for(lambda: len(list(part_rows(out.glob("parts/*.jsonl")))) >= 2 or process.poll() is not None)
    process.send_signal(number)
    _, said = process.communicate(timeout=120)
    assert process.returncode == status
    assert "Traceback" not in said
    if number != signal.SIGKILL:
        assert "leaked" not in said
        assert "finished runs are kept" in said
        assert len(table(out)) >= 2
    else:
        assert len(list(part_rows(out.glob("parts/*.jsonl")))) >= 2


def test_an_interruption_at_the_report_keeps_all_runs_and_says_how_to_go_on(out, monkeypatch, capsys):
    def interrupted(out, settings):
        raise KeyboardInterrupt

    monkeypatch.setattr(run, "read_results", interrupted)
    assert main([*SMALL, "population=tiny", f"out={out}"]) == 130
    said = capsys.readouterr().err
    assert "2 finished runs are kept" in said
    assert "the same call writes its tables, figures and report" in said
    assert main(["measure", str(out)]) == 130
    assert "nothing was run" not in capsys.readouterr().err


def wait_for(happened, seconds=300):
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["sede=3"], "sede = 3: there is no such key; did you mean seeds?"),
        (["experiment=demoo"], "did you mean demo?"),
        (["seeds=many"], "seeds = 'many': must be how many seeds, a list of them, or a file"),
        (["days=0"], "days = 0: must be greater than or equal to 1"),
        (["links.curve_to_capex=nan"], "links.curve_to_capex = nan"),
        (["links.curve_to_capex=2.0"], "links.curve_to_capex = 2.0"),
        (["links.curve_to_capx=1.0"], "did you mean links.curve_to_capex?"),
        (["+links.curve_to_capx=1.0"], "curve_to_capex"),
        (["links.curve_to_capex='0.3'"], "links.curve_to_capex = '0.3'"),
        (["shocks=[pool_outag]"], "did you mean pool_outage?"),
        (["shocks.pool_outage.size=0.3"], "it has: none; write 'shocks=[pool_outage]' beside it"),
        (["study.arms={a:[days=3]}"], "cannot be read"),
        (['study.arms={a:["days=3"]}'], "must change the world"),
        (["study.endpoints=[rent_volatilty]"], "there is no such metric"),
        (
            ["agents.hyperscaler.tiers={bare_metal: 1.0}"],
            "agents.hyperscaler.tiers has no bare_metal yet; names are added",
        ),
        (["study.secondary=[front_volatilty]"], "did you mean front_volatility?"),
        (["out=/dev/null/x"], "out = '/dev/null/x': cannot be written"),
        (["--multirun"], "leave --multirun out and write spot.occupancy=0.7,0.8"),
        (["--confg-dir"], "did you mean --config-dir?"),
        (["~agents.neocloud"], "a world needs someone who lets GPUs"),
    ],
)
def test_bad_input_is_told_in_one_message_before_anything_runs(tmp_path, monkeypatch, capsys, asked, said):
    monkeypatch.chdir(tmp_path)
    assert main(["executor=in_process", *asked]) == 2
    captured = capsys.readouterr()
    assert said in captured.err
    assert "Traceback" not in captured.err
    assert not list(tmp_path.iterdir())


def test_the_program_runs_from_any_folder_and_writes_only_where_it_is_told(tmp_path):
    command = [sys.executable, "-m", "experiments.run", "--cfg", "job", "--resolve", "experiment=demo"]
    shown = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True, env=os.environ)
    assert "name: demo" in shown.stdout
    assert not list(tmp_path.iterdir())


def test_the_version_is_told_at_once(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("rackrate ")
