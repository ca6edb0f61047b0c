"""What one does with a study and its folder by a verb: status, restart, expand, collect, compare, merge, dry."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from experiments import run
from experiments.execute.slurm import COMMANDS
from experiments.run import main

STUDY = ["population=tiny", "days=5", "shocks=[pool_outage]", "shocks.pool_outage.start=3", "executor=in_process"]
CODE = '''
from pathlib import Path

from sim.vocabulary import Parameters


class Gate(Parameters):
    """Raises on its day till a file is there."""

    start: int
    folder: str

    def __call__(self, day, environment):
        if day == self.start and not Path(self.folder, "open").exists():
            raise RuntimeError("the gate is shut")
        return environment
'''


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Leaves figures and report out."""
    monkeypatch.setattr(run, "read_results", lambda out, settings: (0, []))
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    return


@pytest.fixture
def gated(tmp_path: Path) -> list[str]:
    """Arguments of a study whose runs with a shock fail till the gate is open."""
    module = f"shut_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{module}.py").write_text(CODE)
    (tmp_path / "presets" / "shocks").mkdir(parents=True)
    preset = f"gate: {{_target_: {module}.Gate, start: 3, folder: {tmp_path}}}\n"
    (tmp_path / "presets" / "shocks" / "gate.yaml").write_text(preset)
    base = ["--config-dir", "presets", f"plugins=[{module}]", "shocks=[gate]", "population=tiny", "days=5"]
    return [*base, "executor=in_process", "out=out"]


def seeds(out: str = "out") -> list[int]:
    return sorted(set(pd.read_parquet(Path(out) / "runs.parquet")["seed"]))


def test_failed_runs_are_told_by_status_and_done_by_restart(
    gated: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*gated, "seeds=2"]) == 3
    capsys.readouterr()
    assert main(["status", "out"]) == 3
    said = capsys.readouterr()
    assert "4 runs: 2 done, 2 failed" in said.out
    assert "the gate is shut" in said.err
    (tmp_path / "open").touch()
    assert main(["restart", "out"]) == 0
    assert main(["status", "out"]) == 0
    assert "4 runs: 4 done" in capsys.readouterr().out


def test_fail_fast_stops_at_the_first_failure(gated: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", *gated, "seeds=3", "fail_fast=true"]) == 3
    assert "stopped at the first run that failed" in capsys.readouterr().out
    assert list(pd.read_parquet("out/runs.parquet")["status"]).count("failed") == 1
    assert main(["status", "out"]) == 3
    assert "missing" in capsys.readouterr().out


def test_expand_adds_seeds_to_those_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*STUDY, "seeds=[1,4]", "out=out"]) == 0
    assert main(["expand", "out", "--add-seeds", "2"]) == 0
    assert seeds() == [1, 4, 5, 6]
    assert main(["expand", "out", "--add-seeds", "none"]) == 2
    assert main(["restart", "out", "days=9"]) == 2
    assert "days: is the folder's own" in capsys.readouterr().err


@pytest.mark.slow
def test_shards_merged_are_the_study_done_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*STUDY, "seeds=3", "record=paths", "out=whole"]) == 0
    for part in (1, 2):
        assert main([*STUDY, "seeds=3", "record=paths", f"shard={part}/2", f"out=part{part}"]) == 0
    assert seeds("part1") == [1, 3]
    assert main(["merge", "part1", "part2", "out=merged"]) == 0
    for name in ("runs.parquet", "events.parquet"):
        assert Path("merged", name).read_bytes() == Path("whole", name).read_bytes()
    assert len(list(Path("merged/paths").iterdir())) == 6
    assert main(["restart", "merged"]) == 0
    assert "6 of them stored already" in capsys.readouterr().out
    assert main([*STUDY, "seeds=3", "shard=1/4", "out=other"]) == 2
    assert "more parts than there are seeds" in capsys.readouterr().err
    assert main([*STUDY, "seeds=1", "spot.convexity=4.5", "out=other"]) == 0
    assert main(["merge", "part1", "other", "out=wrong"]) == 2
    assert "spot.convexity: is" in capsys.readouterr().err
    assert not Path("wrong").exists()


def test_compare_tells_keys_first_day_and_paired_difference(capsys: pytest.CaptureFixture[str]) -> None:
    for name, convexity in (("one", "4.0"), ("two", "5.0")):
        assert main([*STUDY, "seeds=3", "record=paths", f"spot.convexity={convexity}", f"out={name}"]) == 0
    capsys.readouterr()
    assert main(["compare", "one", "two", "metrics=[occupancy_mean]"]) == 0
    said = capsys.readouterr().out
    assert "spot.convexity: 4.0 -> 5.0" in said
    assert "base, pool_outage" in said
    assert "occupancy_mean (base, none): " in said
    assert "3 seeds" in said
    assert main(["compare", "one", "one"]) == 0
    said = capsys.readouterr().out
    assert "keys that differ: none" in said
    assert "the same to the last bit in 3 seeds" in said
    assert main(["compare", "one:nobody", "two"]) == 2
    assert "has the arms base" in capsys.readouterr().err


@pytest.mark.parametrize("record", ["summary", "paths"])
def test_dry_says_what_a_study_takes_and_writes_nothing(capsys: pytest.CaptureFixture[str], record: str) -> None:
    assert main([*STUDY, "seeds=50", "out=out", "dry=true", f"record={record}"]) == 0
    said = capsys.readouterr().out
    assert "100 runs (2 worlds, 50 seeds), 0 of them stored already, 100 to do" in said
    assert "core-hours" in said
    assert "MB for each run" in said
    assert not Path("out").exists()


def test_dry_tells_a_folder_that_the_study_could_not_have(capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").touch()
    Path("other").mkdir()
    Path("other/letter.txt").touch()
    for out, said in (
        ("file", "cannot be written: Not a dir"),
        ("file/in", "Not a directory"),
        ("other", "else"),
    ):
        assert main([*STUDY, f"out={out}", "dry=true"]) == 2
        assert said in capsys.readouterr().err


def test_seeds_of_two_processors_are_left_out_of_effects_and_done_anew(capsys: pytest.CaptureFixture[str]) -> None:
    from experiments.analyse.effects import write_effects
    from experiments.store.rows import stored_rows, write_table

    assert main([*STUDY, "seeds=3", "out=out"]) == 0
    rows = sorted(stored_rows(Path("out")).values(), key=lambda row: (row["arm"], row["shock"], row["seed"]))
    rows[1]["processor"] = "x86_64-OTHER-0"
    write_table(Path("out/runs.parquet"), rows)
    effects = pd.read_parquet(write_effects(Path("out")))
    assert effects["n"].max() == 2
    assert main(["restart", "out"]) == 0
    assert "seeds 2 were done by several kinds of processor" in capsys.readouterr().out
    assert pd.read_parquet("out/runs.parquet")["processor"].nunique() == 1
    assert pd.read_parquet(write_effects(Path("out")))["n"].max() == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["statsu", "out"], "did you mean status?"),
        (["status"], "write: rackrate status FOLDER"),
        (["status", "nowhere"], "is no result folder"),
        (["merge", "a", "out=b"], "write: rackrate merge A B ... out=C"),
        (["submit", *STUDY, "out=out"], "submit takes one that does"),
        ([*STUDY, "shard=4/3"], "must be PART/PARTS such as 3/20"),
        ([*STUDY, "executor=slurm"], "there is no Slurm here"),
        ([*STUDY, "executor=ray"], "needs Ray; install it with `pip install 'rackrate[ray]'`"),
    ],
)
def test_what_is_wrong_with_a_verb_is_told(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.execute.slurm.COMMANDS", ("sbatch_of_nobody",))
    monkeypatch.setattr("experiments.execute.on_ray.find_spec", lambda name: None)
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_programs_of_slurm_without_a_controller_that_answers_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in COMMANDS:
        (programs / name).write_text("#!/bin/sh\necho 'no controller' >&2\nexit 1\n", encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(programs), prepend=":")
    assert main([*STUDY, "executor=slurm", "out=out"]) == 2
    said = capsys.readouterr().err
    assert "executor = slurm: no controller of Slurm answers here (sinfo says: no controller)" in said
    assert not Path("out").exists()


def test_a_folder_of_an_older_version_says_that_its_call_is_not_kept(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*STUDY, "seeds=1", "out=out"]) == 0
    assert json.loads(Path("out/call.json").read_text(encoding="utf-8"))["arguments"][0] == "population=tiny"
    Path("out/call.json").unlink()
    assert main(["restart", "out"]) == 2
    assert "does not say by which call it was made" in capsys.readouterr().err
