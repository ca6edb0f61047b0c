"""A result folder holds whole runs of one study, in one order, whoever ran them."""

import dataclasses
import errno
import json
import math
import os
from datetime import date

import pyarrow.parquet as pq
import pytest

from experiments.configuration.settings import read_settings
from experiments.errors import StorageError, UsageError
from experiments.store import parts
from experiments.store.files import mark, partial_name, path_file, write_path
from experiments.store.folder import opened_folder
from experiments.store.parts import part_files, part_rows, write_part
from experiments.store.paths import Stored
from experiments.store.rows import Rows, compact, missing_runs, row_of, stored_rows
from experiments.study.expand import with_keys
from experiments.study.runs import Expansion, RunSpec
from experiments.verbs.measuring import record_of
from sim.record import Column, Record

WORLD = {"links": {"curve_to_capex": 0.0}, "shocks": {}}
SLUMP = {"links": {"curve_to_capex": 0.0}, "shocks": {"slump": {"size": 0.1}}}


def expansion(seeds=2, days=30, code="a", world=WORLD, record="summary", **changes):
    given = {"days": days, "out": "x", "seeds": seeds, "record": record}
    settings = read_settings({"study": {"name": "trial", **changes}, **given})
    worlds = {"base, none": world, "base, slump": SLUMP}
    runs = [
        RunSpec("base", shock, seed, (), days, (0, days), worlds[f"base, {shock}"])
        for shock in ("none", "slump")
        for seed in settings.seed_list
    ]
    return Expansion(settings, with_keys(runs, code), worlds, {"sim/economy.py": code}, {"numpy": "2"})


def finish(out, runs, value=0.1):
    for run in runs:
        write_part(out, row_of(run, "ok", metrics={"rent_mean": value + run.seed, "b": math.nan}))


def test_runs_are_ordered_by_their_labels_whatever_the_order_they_ended_in(tmp_path):
    runs = expansion().runs
    for name, order in (("one", runs), ("two", runs[::-1])):
        with opened_folder(tmp_path / name, expansion()):
            finish(tmp_path / name, order)
            compact(tmp_path / name)
    assert (tmp_path / "one/runs.parquet").read_bytes() == (tmp_path / "two/runs.parquet").read_bytes()


def test_a_resumed_table_has_the_bytes_of_one_made_at_once(tmp_path):
    runs = expansion().runs
    with opened_folder(tmp_path / "one", expansion()):
        finish(tmp_path / "one", runs)
        compact(tmp_path / "one")
    for part in (runs[3:], runs[:2], runs[2:3]):
        with opened_folder(tmp_path / "two", expansion()):
            finish(tmp_path / "two", part)
            compact(tmp_path / "two")
    assert (tmp_path / "one/runs.parquet").read_bytes() == (tmp_path / "two/runs.parquet").read_bytes()


EVENTS = [(3, "limit lock", "H1: locked at 2.10 USD, the rest unfilled"), (0, "no note issue", "no loans were made")]


def test_events_are_gathered_with_their_runs_and_outlive_later_calls(tmp_path):
    runs = expansion().runs
    for part in (runs[2:], runs[:2]):
        with opened_folder(tmp_path, expansion()):
            for run in part:
                write_part(tmp_path, row_of(run, "ok", metrics={"b": 1.0}, events=EVENTS if run.seed == 2 else []))
            compact(tmp_path)
            compact(tmp_path)
    told = pq.read_table(tmp_path / "events.parquet")
    assert told.column_names == ["key", "arm", "shock", "seed", "day", "kind", "text"]
    assert [tuple(row.values()) for row in told.to_pylist()] == [
        (run.key, "base", run.shock, 2, *event) for run in (runs[1], runs[3]) for event in EVENTS
    ]


def test_a_kill_between_the_two_tables_loses_and_doubles_nothing(tmp_path, monkeypatch):
    runs = expansion().runs
    with opened_folder(tmp_path, expansion()):
        for run in runs:
            write_part(tmp_path, row_of(run, "ok", metrics={"b": 1.0}, events=EVENTS))

        def killed(*_):
            raise KeyboardInterrupt

        monkeypatch.setattr(Rows, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            compact(tmp_path)
        monkeypatch.undo()
        compact(tmp_path)
    assert pq.read_table(tmp_path / "events.parquet").num_rows == 8
    assert pq.read_table(tmp_path / "runs.parquet").num_rows == 4


def test_only_missing_and_failed_runs_are_left_to_do(tmp_path):
    runs = expansion().runs
    with opened_folder(tmp_path, expansion()):
        finish(tmp_path, runs[:2])
        write_part(tmp_path, row_of(runs[2], "failed", "it broke"))
        assert missing_runs(tmp_path, runs, "summary") == runs[2:]
        compact(tmp_path)
        assert missing_runs(tmp_path, runs, "summary") == runs[2:]
        assert missing_runs(tmp_path, runs, "paths") == runs
        finish(tmp_path, runs[2:3])
        write_part(tmp_path, row_of(runs[0], "failed", "a second try of a finished run"))
        assert missing_runs(tmp_path, runs, "summary") == runs[3:]


def test_the_table_has_the_labels_the_swept_parameters_the_error_and_the_metrics(tmp_path):
    run = dataclasses.replace(expansion().runs[0], sweep=(("links.curve_to_capex", 0.5),))
    with opened_folder(tmp_path, expansion()):
        finish(tmp_path, [run])
        compact(tmp_path)
    table = pq.read_table(tmp_path / "runs.parquet")
    assert table.column_names[:9] == [
        "key",
        "arm",
        "shock",
        "seed",
        "status",
        "measured",
        "processor",
        "links.curve_to_capex",
        "error",
    ]
    assert set(table.column_names[9:]) == {"rent_mean", "b"}
    (row,) = stored_rows(tmp_path).values()
    assert row["metrics"]["rent_mean"] == 1.1
    assert math.isnan(row["metrics"]["b"])


def test_more_seeds_may_be_added_and_none_is_forgotten(tmp_path):
    with opened_folder(tmp_path, expansion(seeds=4)):
        finish(tmp_path, expansion(seeds=4).runs)
        compact(tmp_path)
    with opened_folder(tmp_path, expansion(seeds=[2, 9])):
        left = missing_runs(tmp_path, expansion(seeds=[2, 9]).runs, "summary")
        assert {run.seed for run in left} == {9}
    assert "- 9" in (tmp_path / "config.yaml").read_text()
    assert json.loads((tmp_path / "provenance.json").read_text())["seeds"] == [1, 2, 3, 4, 9]


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"days": 31}, "days = 31: the folder was made with 30"),
        ({"world": {"links": {"curve_to_capex": 1.0}, "shocks": {}}}, "links.curve_to_capex = 1.0: .* made with 0.0"),
        ({"arms": {"more": []}}, r"study.arms = \['more'\]: the folder was made with \['base'\]"),
        ({"code": "b"}, "sim/economy.py: has changed"),
    ],
)
def test_another_study_or_other_code_is_refused_by_the_first_difference(tmp_path, other, said):
    with opened_folder(tmp_path, expansion()):
        pass
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    with pytest.raises(UsageError, match=said), opened_folder(tmp_path, expansion(**other)):
        pass
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_how_a_study_is_read_may_change_without_touching_its_runs(tmp_path):
    with opened_folder(tmp_path, expansion()):
        pass
    with opened_folder(tmp_path, expansion(question="Why?", endpoints=["rent_mean"])):
        pass
    assert "Why?" in (tmp_path / "config.yaml").read_text()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("dear")
    with pytest.raises(UsageError, match="folder of something else"), opened_folder(tmp_path, expansion()):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_gathering_removes_what_it_has_read_and_nothing_that_others_write(tmp_path, monkeypatch):
    runs, live, dead = expansion().runs, "paths/.a.parquet.elsewhere_1-77-5.partial", "99999999"
    write = Rows.write

    def meanwhile(self, target, order):
        finish(tmp_path, runs[:1], value=7.0)  # a job does a run again, another one ends
        finish(tmp_path, runs[1:2])
        write(self, target, order)

    with opened_folder(tmp_path, expansion(record="paths")):
        finish(tmp_path, runs[:1])
        mine = partial_name(tmp_path / "parts" / "b.json")
        ended = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{dead}-"))
        for file in (tmp_path / live, mine, ended):
            file.parent.mkdir(exist_ok=True)
            file.write_bytes(b"half")
        monkeypatch.setattr(Rows, "write", meanwhile)
        assert len(compact(tmp_path)) == 1
        monkeypatch.undo()
        assert {row["key"] for row in part_rows(part_files(tmp_path))} == {run.key for run in runs[:2]}
        assert ((tmp_path / live).exists(), mine.exists(), ended.exists()) == (True, True, False)
        assert len(compact(tmp_path)) == 2
    assert stored_rows(tmp_path)[runs[0].key]["metrics"]["rent_mean"] == 7.0 + runs[0].seed


def test_a_part_is_written_though_another_call_removes_the_empty_folder(tmp_path, monkeypatch):
    make_folder, calls = parts.make_folder, []

    def removed_once(folder):
        make_folder(folder)
        calls.append(folder)
        if len(calls) == 1:
            folder.rmdir()

    monkeypatch.setattr(parts, "make_folder", removed_once)
    finish(tmp_path, expansion().runs[:1])
    assert len(stored_rows(tmp_path)) == 1


def test_a_part_that_is_gathered_while_it_is_opened_is_not_written_to(tmp_path, monkeypatch):
    alone, calls = parts.alone, []

    def gathered_first(held):
        if not calls:
            calls.append(held)
            compact(tmp_path)
        alone(held)

    finish(tmp_path, expansion().runs[:1])
    monkeypatch.setattr(parts, "alone", gathered_first)
    finish(tmp_path, expansion().runs[1:2])
    assert calls
    assert set(stored_rows(tmp_path)) == {run.key for run in expansion().runs[:2]}


def test_runs_are_kept_in_a_file_a_process_and_synced_once_a_second(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync
    monkeypatch.setattr(os, "fsync", lambda held: synced.append(held) or fsync(held))
    monkeypatch.setattr(parts.sync, "last", -1.0)
    clock = iter([100.0, 100.0, 100.5, 101.2, 101.2])
    monkeypatch.setattr(parts.time, "monotonic", lambda: next(clock))
    runs = expansion().runs
    finish(tmp_path, runs[:3])
    assert len(synced) == 2
    assert [file.name for file in (tmp_path / "parts").iterdir()] == [f"{mark()}.jsonl"]
    assert [row["key"] for row in part_rows(part_files(tmp_path))] == [run.key for run in runs[:3]]
    assert [row["seed"] for row in part_rows(part_files(tmp_path), [runs[1].key])] == [2]


@pytest.mark.parametrize("cut", [1, 9, 60, 200])
def test_a_row_that_a_kill_cut_is_no_row_and_the_next_one_is_whole(tmp_path, cut, capsys):
    runs = expansion().runs
    finish(tmp_path, runs[:2])
    (file,) = (tmp_path / "parts").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[: whole.index(b"\n") + 1 + cut])
    assert list(stored_rows(tmp_path)) == [runs[0].key]
    assert capsys.readouterr().out == ""
    finish(tmp_path, runs[2:3])
    assert {row["key"] for row in compact(tmp_path)} == {runs[0].key, runs[2].key}


def held_elsewhere(out, seconds_ago):
    """A folder as a call of another machine holds it."""
    held = out / ".holder"
    held.write_text(
        json.dumps({"place": "node7_1", "host": "node7", "process": 5, "job": "12", "user": "ann", "since": "since 9"})
    )
    now = held.stat().st_mtime
    os.utime(held, (now - seconds_ago, now - seconds_ago))


def test_a_folder_in_use_on_another_machine_is_refused_with_who_holds_it(tmp_path):
    held_elsewhere(tmp_path, seconds_ago=100)
    with (
        pytest.raises(UsageError, match="in use by another call .ann on node7, process 5, job 12, since 9"),
        opened_folder(tmp_path, expansion()),
    ):
        pass
    assert [path.name for path in tmp_path.iterdir() if path.name != ".lock"] == [".holder"]


def test_a_hold_that_nobody_renews_is_told_and_taken_over(tmp_path, capsys):
    held_elsewhere(tmp_path, seconds_ago=1000)
    with opened_folder(tmp_path, expansion()):
        assert json.loads((tmp_path / ".holder").read_text())["process"] == os.getpid()
    assert "ann on node7, process 5, job 12, since 9 has ended without giving" in capsys.readouterr().out
    assert not (tmp_path / ".holder").exists()


def test_rows_of_folders_of_old_name_no_processor(tmp_path):
    run = expansion().runs[0]
    row = row_of(run, "ok", metrics={"rent_mean": 1.0})
    assert row.pop("processor").startswith(("x86_64-", "aarch64-", "arm64-"))
    write_part(tmp_path, row)
    assert stored_rows(tmp_path)[run.key]["processor"] == ""


@pytest.mark.parametrize("out", ["/dev/null/x", "/proc/x"])
def test_a_folder_that_cannot_be_written_is_refused(out):
    from pathlib import Path

    with pytest.raises(UsageError, match="cannot be written"), opened_folder(Path(out), expansion()):
        pass


def test_two_calls_cannot_use_one_folder_at_a_time(tmp_path):
    with (
        opened_folder(tmp_path, expansion()),
        pytest.raises(UsageError, match="in use by another call"),
        opened_folder(tmp_path, expansion()),
    ):
        pass


def test_a_full_disk_leaves_finished_runs_and_no_half_written_file(tmp_path, monkeypatch):
    runs = expansion().runs
    with opened_folder(tmp_path, expansion()):
        finish(tmp_path, runs[:1])

        write, taken = os.write, [20]

        def full(held, data):
            if not taken:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return write(held, data[: taken.pop()])

        monkeypatch.setattr(os, "write", full)
        with pytest.raises(StorageError, match="No space left"):
            finish(tmp_path, runs[1:2])
        monkeypatch.undo()
        (file,) = (tmp_path / "parts").iterdir()
        assert file.read_bytes().count(b"\n") == 1
        assert file.read_bytes().endswith(b"\n")
        assert list(stored_rows(tmp_path)) == [runs[0].key]


def test_every_thing_that_can_change_a_number_changes_the_key_and_nothing_else_does(tmp_path):
    first = expansion().runs
    assert len({run.key for run in first}) == len(first)
    assert [run.key for run in expansion().runs] == [run.key for run in first]
    for other in (expansion(days=31), expansion(code="b"), expansion(world=SLUMP)):
        assert other.runs[0].key != first[0].key
    assert path_file(tmp_path, first[0]).name == f"base-none-0001-{first[0].key[:8]}.parquet"


def test_what_is_not_there_on_a_day_is_null_and_read_again_as_it_was(tmp_path):
    run, record = expansion(record="paths").runs[0], Record([Column("price", "USD", "of a month")], date(2026, 1, 1), 3)
    for price in (math.nan, 2.5, -math.inf):
        record.write({"price": price})
    write_path(tmp_path, run, record)
    assert pq.read_table(path_file(tmp_path, run))["price"].to_pylist() == [None, 2.5, -math.inf]
    assert record_of(path_file(tmp_path, run)).rows.tobytes() == record.rows.tobytes()


def rows_of(folder, *rows):
    """A folder with some rows: key's letter, status, metrics, events; the last one as a part that is not gathered."""
    folder.mkdir()
    run = expansion().runs[0]
    for place, (name, status, metrics, events) in enumerate(rows):
        if place == len(rows) - 1:
            compact(folder)
        named = dataclasses.replace(run, key=name * 32, seed=ord(name))
        write_part(folder, row_of(named, status, "" if status == "ok" else "why", metrics, events))
    return folder


def test_rows_of_folders_that_overlap_are_each_there_once_with_the_events_of_theirs(tmp_path):
    one = rows_of(
        tmp_path / "one",
        ("a", "ok", {"x": 1.0, "y": math.nan}, [(1, "default", "a of one")]),
        ("b", "failed", {}, [(2, "default", "b of one")]),
        ("c", "ok", {"x": 3.0}, ()),
        ("d", "failed", {}, [(3, "default", "d of one")]),
    )
    two = rows_of(
        tmp_path / "two",
        ("b", "ok", {"x": 2.0, "z": 5.0}, [(4, "lock", "b of two")]),
        ("a", "ok", {"x": 1.0, "y": math.nan}, [(5, "lock", "a of two")]),
        ("d", "failed", {}, [(6, "lock", "d of two")]),
        ("c", "failed", {}, [(7, "lock", "c of two")]),
    )
    rows = Rows()
    assert rows.apart(rows.add_folder(one)) == []
    twice = rows.add_folder(two)
    assert [(rows.labels[a]["key"][0], rows.labels[b]["key"][0]) for a, b in twice] == [("a", "a")]
    assert rows.apart(twice) == []
    assert [row["status"] for row in rows.write_both(tmp_path)] == ["ok", "ok", "ok", "failed"]
    assert pq.read_table(tmp_path / "runs.parquet", columns=["x"])["x"].to_pylist() == [1.0, 2.0, 3.0, None]
    told = pq.read_table(tmp_path / "events.parquet")
    assert told["text"].to_pylist() == ["a of one", "b of two", "d of two"]


@pytest.mark.parametrize(
    "other", [{"x": 1.0 + 2**-52}, {"x": 1.0, "y": 2.0}, {"y": math.nan}, {"x": -0.0}, {}], ids=str
)
def test_a_run_with_other_numbers_in_another_folder_is_told(tmp_path, other):
    rows = Rows()
    for name, metrics in (("one", {"x": 1.0}), ("same", {"x": 1.0}), ("two", other)):
        found = rows.apart(rows.add_folder(rows_of(tmp_path / name, ("a", "ok", metrics, ()))))
        assert len(found) == (name == "two")


def test_the_files_of_all_runs_are_found_by_looking_through_a_folder_once(tmp_path, monkeypatch):
    runs = expansion().runs
    (tmp_path / "paths").mkdir()
    for run in runs[1:]:
        path_file(tmp_path, run).touch()
    stored = Stored(tmp_path)
    monkeypatch.setattr(os, "scandir", None)
    found = [stored.of({"seed": run.seed, "key": run.key}) for run in runs]
    assert found == [None, *(path_file(tmp_path, run) for run in runs[1:])]
