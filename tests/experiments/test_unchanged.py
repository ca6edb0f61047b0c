"""A folder that nothing has touched shows its answer without being read; whatever could change the answer is seen."""

import json
import os
import time

import pytest

from experiments import run
from experiments.results import Results
from experiments.run import main
from experiments.store import unchanged
from experiments.store.unchanged import ANSWER
from experiments.study import expand

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


def test_the_same_words_again_compose_nothing_and_say_the_same(study, monkeypatch, capsys):
    words, read = study
    capsys.readouterr()
    assert main([*words, "workers=1"]) == 5
    composed = capsys.readouterr().out
    monkeypatch.setattr("experiments.study.expand.expand", lambda *_: pytest.fail("the study is composed"))
    assert main(words) == 5
    assert capsys.readouterr().out == composed.replace(" workers=1", "")
    assert len(read) == 1


@pytest.mark.slow
def test_whatever_words_may_mean_otherwise_is_composed_anew(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(run, "read_results", lambda out, _: ((out / "report.html").write_text("page") and 0, ["so"]))
    own = tmp_path / "presets" / "spot"
    own.mkdir(parents=True)
    (own / "mine.yaml").write_text("defaults: [default]\noccupancy: 0.7\n")
    (tmp_path / "seeds.txt").write_text("1\n2\n")
    words = ["--config-dir", "presets", "spot=mine", "seeds=seeds.txt", *WORDS[1:]]
    composed = []
    real = expand.expand
    monkeypatch.setattr(expand, "expand", lambda *asked: composed.append(1) or real(*asked))

    def composes():
        before = len(composed)
        status = main(words)
        return len(composed) - before, status

    assert composes() == (1, 0)
    assert composes() == (0, 0)  # its folder is the one that a study has by its name
    (tmp_path / "seeds.txt").write_text("1\n2\n3\n")
    assert composes() == (1, 0)
    assert composes() == (0, 0)
    (own / "mine.yaml").write_text("defaults: [default]\noccupancy: 0.8\n")
    assert composes() == (1, 2)  # another study in a used folder
    (own / "mine.yaml").write_text("defaults: [default]\noccupancy: 0.7\n")
    assert composes() == (1, 0)
    monkeypatch.setattr(unchanged, "code_stamps", lambda: [[1, 2]])
    assert composes() == (1, 0)
    assert composes() == (0, 0)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert main(["--config-dir", "../presets", "spot=mine", "seeds=../seeds.txt", *WORDS[1:]]) == 0
    assert len(composed) == 6
    capsys.readouterr()


def test_words_with_plug_ins_or_the_environment_are_composed_each_time(tmp_path):
    assert unchanged.words_and_surroundings(["days=4"], None)
    assert not unchanged.words_and_surroundings(["plugins=[mine]"], None)
    assert not unchanged.words_and_surroundings(["spot.occupancy=${oc.env:X}"], None)
    (tmp_path / "own.yaml").write_text("plugins: [mine]\n")
    assert not unchanged.words_and_surroundings(["days=4"], str(tmp_path))
