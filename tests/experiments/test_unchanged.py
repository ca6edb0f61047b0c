"""A folder that nothing has touched shows its answer without being read; whatever could change the answer is seen."""

import json
import os
import time

import pytest

from experiments import run
from experiments.results import Results
from experiments.run import main
from experiments.store.unchanged import ANSWER

WORDS = ["seeds=2", "days=4", "population=tiny", "executor=in_process"]


@pytest.fixture
def study(tmp_path, monkeypatch):
    """The words of a study in a folder, and the calls that have read it."""
    read = []

    def answered(out, settings):
        read.append(settings.study.question)
        (out / "report.html").write_text("page", encoding="utf-8")
        return 5, [f"answer {len(read)} of {len(Results(out).runs)} runs"]

    monkeypatch.setattr(run, "read_results", answered)
    words = [*WORDS, f"out={tmp_path / 'out'}"]
    assert main(words) == 5
    return words, read


def test_an_unchanged_folder_shows_its_answer_and_is_not_read(study, tmp_path, monkeypatch, capsys):
    words, read = study
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "out").iterdir()}
    monkeypatch.setattr("experiments.store.rows.read_table", lambda *_: pytest.fail("its tables are read"))
    capsys.readouterr()
    assert main([*words, "workers=1"]) == 5
    said = capsys.readouterr().out
    assert "answer: answer 1 of 2 runs" in said
    assert "2 runs of 4 days (1 arm, no shock), 2 of them stored already" in said
    assert len(read) == 1
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "out").iterdir()} == before


def test_whatever_could_change_the_answer_has_the_folder_read_anew(study, tmp_path):
    words, read = study
    out = tmp_path / "out"

    def reads(*more):
        before = len(read)
        assert main([*words, *more]) == 5
        return len(read) - before

    assert reads() == 0
    assert reads("study.question=Why?") == 1
    assert reads() == 1
    assert reads("seeds=3") == 1
    assert reads("seeds=3") == 0
    os.utime(out / "runs.parquet", ns=(time.time_ns(), time.time_ns()))
    assert reads("seeds=3") == 1
    (out / "figures").mkdir()
    (out / "figures" / "own.png").write_bytes(b"a figure of one's own")
    assert reads("seeds=3") == 1
    (out / "report.html").unlink()
    assert reads("seeds=3") == 1
    (out / ANSWER).write_text(json.dumps({"digest": "half of it"}), encoding="utf-8")
    assert reads("seeds=3") == 1
    assert reads("seeds=3") == 0
