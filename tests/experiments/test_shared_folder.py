"""A result folder among people: groups, locales, long names, and files that were damaged."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from experiments.errors import UsageError
from experiments.plots import style
from experiments.results import Results
from experiments.run import main
from experiments.store.files import file_label, has_path, mark, path_file, set_aside
from experiments.store.folder import opened_folder
from experiments.store.parts import write_part
from experiments.store.rows import compact, missing_runs, row_of, stored_rows
from tests.experiments.test_store import expansion, finish

MEMBERS = 54321, 54322  # users of one group
GROUP = 54000
CALL = """
import os, pwd, sys, tempfile
from pathlib import Path
from experiments.errors import UsageError
from experiments.store.folder import opened_folder
from experiments.store.files import mark
from experiments.store.parts import write_part
from experiments.store.rows import compact, missing_runs, row_of, stored_rows
from tests.experiments.test_store import compact, expansion, finish, missing_runs

def call(out, seeds):
    asked = expansion(seeds=seeds)
    try:
        with opened_folder(out, asked):
            missing = missing_runs(out, asked.runs, "summary")
            finish(out, missing)
            compact(out)
            return len(missing)
    except UsageError as error:
        return error

for _ in (1, 2):  # all that is imported is imported before rights are dropped
    with tempfile.TemporaryDirectory() as place:
        call(Path(place), 1), call(Path(place), 2)
user, group, out, seeds = sys.argv[1:]
os.umask(0o022)
os.setgroups([int(group)])
os.setgid(int(group))
os.setuid(int(user))
print(call(Path(out), int(seeds)))
"""


def as_member(user, out, seeds=1):
    """What a member of the group sees of a study in a folder, under the usual umask.

    He has a number only, no name and no home, as users in containers and on nodes of clusters often have.
    """
    root = str(Path(__file__).parents[2])
    command = [sys.executable, "-B", "-c", CALL, *map(str, (user, GROUP, out, seeds))]
    named = {key: value for key, value in os.environ.items() if key not in {"HOME", "USER", "LOGNAME", "USERNAME"}}
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=root, env=named)
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


@pytest.fixture
def shared():
    """A folder that a group may write in, where others can reach it."""
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        out = Path(place) / "study"
        out.mkdir()
        os.chown(out, MEMBERS[0], GROUP)
        out.chmod(0o2775)
        yield out


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")
def test_members_of_a_group_go_on_with_each_others_studies(shared):
    assert as_member(MEMBERS[0], shared) == "2\n"
    assert as_member(MEMBERS[1], shared, seeds=2) == "2\n"
    assert as_member(MEMBERS[0], shared, seeds=3) == "2\n"
    (shared / ".lock").chmod(0o644)  # as another version of the program left it
    assert as_member(MEMBERS[1], shared, seeds=4) == "2\n"
    assert len(pd.read_parquet(shared / "runs.parquet")) == 8
    assert {path.name: path.stat().st_mode & 0o060 for path in shared.iterdir() if path.name != ".lock"} == {
        name: 0o060 for name in ("config.yaml", "provenance.json", "runs.parquet", "events.parquet")
    }


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")
@pytest.mark.parametrize("closed", [".", "parts", "figures"])
def test_a_folder_that_is_not_shared_is_told_before_anything_runs(shared, closed):
    assert as_member(MEMBERS[0], shared) == "2\n"
    (shared / closed).mkdir(exist_ok=True)
    os.chown(shared / closed, MEMBERS[0], GROUP)
    (shared / closed).chmod(0o755)
    before = sorted(path.name for path in shared.iterdir())
    said = as_member(MEMBERS[1], shared, seeds=2)
    assert said.startswith("nothing was run")
    assert "cannot be written: Permission denied" in said
    assert "chmod -R g+rwX" in said
    assert sorted(path.name for path in shared.iterdir()) == before


LONG = "a" * 240


def test_files_have_short_names_however_long_the_names_of_arms_and_shocks_are(tmp_path):
    one, other = file_label(LONG + "1"), file_label(LONG + "2")
    assert one != other
    assert max(len(one), len(other)) <= 60
    assert file_label("no_finance") == "no_finance"
    assert "/" not in file_label("sweep_cut_indices@group/part")
    run = expansion().runs[0]
    from dataclasses import replace

    long = replace(run, arm=LONG, shock="+".join(["hormuz_helium"] * 13))
    assert len(path_file(tmp_path, long).name) < 180


@pytest.mark.slow
def test_a_study_with_long_names_runs_to_its_end(tmp_path):
    out = tmp_path / "out"
    shocks = ["chip_price", "demand_slump", "demand_surge", "efficiency_jump", "fleet_outage", "list_price_cut"]
    shocks += ["policy_rate", "pool_outage", "power_price", "shipment_halt", "site_delay", "tariff", "vendor_shortage"]
    asked = [f"study.arms={{{LONG}1: [], {LONG}2: ['spot.convexity=5.0']}}", f"shocks=[{','.join(shocks)}]"]
    asked += [f"shocks.{name}.start=3" for name in shocks]
    assert main([*asked, "seeds=1", "days=6", "population=tiny", "record=paths", "workers=1", f"out={out}"]) == 0
    paths = Results(out).paths(["occupancy"]).frame()
    assert set(paths["arm"]) == {LONG + "1", LONG + "2"}
    assert "+".join(shocks) in set(paths["shock"])
    assert max(len(path.name) for path in out.rglob("*")) < 190
    assert list((out / "figures").glob("*.png"))


def test_a_figure_keeps_its_full_name_inside(tmp_path):
    with style.house_style():
        figure, _ = style.panels()
        style.save(style.Plot(f"arms_{LONG}", figure, "caption"), tmp_path)
    (file,) = tmp_path.glob("*.png")
    assert len(file.name) < 80
    assert LONG.encode() in file.read_bytes()


QUESTION = "Was heißt das für Mieten − und für wen?"


@pytest.mark.slow
def test_a_locale_without_utf8_makes_no_difference(tmp_path):
    locale = {"PYTHONIOENCODING": "latin-1", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    out = tmp_path / "out"
    asked = [f"study.question='{QUESTION}'", 'study.arms={one: [], two: ["spot.convexity=5.0"]}']
    asked += ["seeds=2", "days=6", "population=tiny", "executor=in_process", f"out={out}"]
    command = [sys.executable, "-m", "experiments.run", *asked]
    for _ in range(2):  # the second reads what the first wrote
        root, env = Path(__file__).parents[2], {**os.environ, **locale}
        done = subprocess.run(command, check=False, capture_output=True, env=env, cwd=root)
        assert done.returncode == 0, done.stderr.decode()
        assert b"Traceback" not in done.stderr
    assert QUESTION in (out / "config.yaml").read_text(encoding="utf-8")
    assert QUESTION in (out / "report.html").read_text(encoding="utf-8")
    assert Results(out).design.question == QUESTION


# ---- damage


@pytest.fixture
def held(tmp_path):
    """A folder of a study whose runs are all there, one in a part."""
    runs = expansion().runs
    with opened_folder(tmp_path, expansion()):
        finish(tmp_path, runs[:3])
        compact(tmp_path)
    with opened_folder(tmp_path, expansion()):
        finish(tmp_path, runs[3:])
    return tmp_path


@pytest.mark.parametrize("content", [b"\n", b'{"key": "\n', b"[]\n", b"{}\n", b"\xff\xfe\n", b"null\n"])
def test_a_damaged_part_is_set_aside_and_its_run_is_missing(held, content, capsys):
    runs = expansion().runs
    part = held / "parts" / f"{mark()}.jsonl"
    part.write_bytes(content)
    write_part(held, row_of(runs[0], "failed", "what can be read of it is kept"))
    content = part.read_bytes()
    with opened_folder(held, expansion()):
        assert missing_runs(held, runs, "summary") == runs[3:]
        assert f"{part} is damaged" in capsys.readouterr().out
        finish(held, runs[3:])
        compact(held)
    assert (held / "damaged" / part.name).read_bytes() == content
    assert len(stored_rows(held)) == 4


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_damaged_table_of_runs_is_told_with_what_to_do(held, share):
    table = held / "runs.parquet"
    whole = table.read_bytes()
    table.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(UsageError, match=r"runs.parquet: cannot be read \(.*\); move it away to have all its runs"):
        missing_runs(held, expansion().runs, "summary")
    with pytest.raises(UsageError, match="runs.parquet: cannot be read"):
        _ = Results(held).runs
    table.rename(held / "elsewhere")
    assert [run.seed for run in missing_runs(held, expansion().runs, "summary")] == [1, 2, 1]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_damaged_path_is_set_aside_and_its_run_is_missing(tmp_path, share, capsys):
    run = expansion().runs[0]
    file = path_file(tmp_path, run)
    assert not has_path(tmp_path, run)
    file.parent.mkdir()
    pd.DataFrame({"arm": "base", "shock": "none", "seed": 1, "day": range(9)}).to_parquet(file)
    assert has_path(tmp_path, run)
    file.write_bytes(file.read_bytes()[: int(share * file.stat().st_size)])
    with pytest.raises(UsageError, match=f"{file.name}: cannot be read"):
        _ = Results(tmp_path).path_columns
    assert not has_path(tmp_path, run)
    assert f"{file} is damaged" in capsys.readouterr().out
    assert (tmp_path / "damaged" / file.name).exists()


@pytest.mark.parametrize("content", ["", "study: [", "3", "null"])
@pytest.mark.parametrize("name", ["config.yaml", "provenance.json"])
def test_a_damaged_description_is_made_anew_where_all_runs_are_of_this_call(held, name, content, capsys):
    whole = (held / name).read_bytes()
    (held / name).write_text(content, encoding="utf-8")
    with pytest.raises(UsageError, match=f"{name}: cannot be read"):
        _ = Results(held).config, Results(held).provenance
    with (
        pytest.raises(UsageError, match="holds runs that this call does not ask for"),
        opened_folder(held, expansion(days=31)),
    ):
        pass
    assert (held / name).read_text(encoding="utf-8") == content
    with opened_folder(held, expansion()):
        assert missing_runs(held, expansion().runs, "summary") == []
    assert f"{name} cannot be read and is made anew" in capsys.readouterr().out
    assert (held / name).read_bytes() == whole


def test_a_folder_without_its_description_is_known_by_its_runs(held):
    (held / "config.yaml").unlink()
    with pytest.raises(UsageError, match="does not ask for"), opened_folder(held, expansion(days=31)):
        pass
    with opened_folder(held, expansion()):
        assert len(stored_rows(held)) == 4
    assert json.loads((held / "provenance.json").read_text(encoding="utf-8"))["seeds"] == [1, 2]


def test_what_is_set_aside_is_kept(tmp_path):
    (tmp_path / "parts").mkdir()
    part = tmp_path / "parts" / "x.json"
    part.write_text("first", encoding="utf-8")
    set_aside(part)
    assert (tmp_path / "damaged" / "x.json").read_text(encoding="utf-8") == "first"
