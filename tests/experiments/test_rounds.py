"""A study that goes round by round is told so where its runs are with jobs, and goes on with the same call."""

import sys
from pathlib import Path

import pandas as pd
import pytest

from experiments.run import main

pytest.importorskip("SALib")
EXECUTOR = '''
"""Jobs that have done their runs as soon as they are queued: an output for each point, none simulated."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from experiments.store.parts import write_part
from experiments.store.rows import row_of


class Queued(BaseModel):
    model_config = ConfigDict(frozen=True)
    start_method: ClassVar[None] = None

    def submit(self, batches):
        rows = [row_of(run, "ok", metrics={"rent_level": dict(run.sweep)["spot.convexity"] + run.seed})
                for batch in batches for run in batch.runs]
        write_part(batches[0].out, *rows)
        return []

    def run(self, batches, workers, report):
        raise AssertionError

    def watch(self, out, keys, report):
        pass

    def cancel(self, jobs):
        pass

    def ends(self, jobs):
        return {}

    def states(self, jobs):
        return {}
'''


def test_submit_queues_round_after_round_and_status_says_what_is_still_asked_for(tmp_path: Path, capsys) -> None:
    before = list(sys.path)
    module = f"queue_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{module}.py").write_text(EXECUTOR)
    (tmp_path / "presets" / "executor").mkdir(parents=True)
    (tmp_path / "presets" / "executor" / "queued.yaml").write_text(f"_target_: {module}.Queued\n")
    out = tmp_path / "out"
    words = ["submit", "--config-dir", str(tmp_path / "presets"), f"plugins=[{module}]", "experiment=sensitivity"]
    words += ["executor=queued", "population=tiny", "days=3", "study.burn_in=null", "study.points=4", "seeds=2"]
    words += ["study.sweep=null", "spot.convexity=interval(3,8)", "spot.occupancy=interval(0.7,0.8)", f"out={out}"]
    words += ["study.endpoints=[rent_level]", "study.kind.sobol_points=8"]
    try:
        assert main(words) == 0
        assert "the same call queues those that they ask for" in capsys.readouterr().out
        assert main(["status", str(out)]) == 0  # nothing is gathered yet, and status changes nothing
        assert main(words) == 0
        said = capsys.readouterr().out
        assert "1 of 2 keys go on to Sobol' indices: spot.convexity" in said
        assert " stored, 0 queued" not in said
        assert main(["collect", str(out)]) == 0
        assert "asks for" not in capsys.readouterr().out
        assert main(words) == 0
        assert " 0 queued" in capsys.readouterr().out
    finally:
        sys.path[:] = before
    assert set(pd.read_parquet(out / "sensitivity.parquet")["design"]) == {"morris", "sobol"}
